//! All SQL of calls.

mod calls;
mod catalogue;
mod legs;
mod people;

pub(crate) use calls::{
    CallRow, NewCall, NewOutcome, close, extend_wrap_up, find, find_open, insert, insert_outcome, is_unrecorded, list_abandoned, list_left,
    list_open, list_overdue, list_silent, list_unrecorded, lock, outcome_of, replace_outcome, save_notes, set_answered, set_dialled,
    set_ended, set_state,
};
pub(crate) use catalogue::{DispositionRow, list_dispositions};
pub(crate) use legs::{NewEvent, end_leg, find_call_of_leg, insert_event, insert_leg, list_legs, list_live_legs_of_ended};
pub(crate) use people::{Past, PastCall, PastRow, list_history, list_promise_notes};

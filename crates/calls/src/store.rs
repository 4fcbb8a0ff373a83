//! All SQL of calls.

mod attempts;
mod calls;
mod catalogue;
mod incoming;
mod legs;
mod monitoring;
mod notice;
mod people;
mod recordings;
mod retention;
mod transfer;

pub(crate) use attempts::{
    AttemptRow, EventRow, SupersededRow, WantedAttempts, Way, WholeLegRow, find_attempt, find_standing_outcome, list_agents, list_attempts,
    list_events, list_whole_legs,
};
pub(crate) use calls::{
    CallRow, NewCall, NewOutcome, close, correct_end, extend_wrap_up, find, find_open, insert, insert_outcome, is_unrecorded,
    list_abandoned, list_away, list_left, list_open, list_overdue, list_silent, list_unrecorded, lock, lock_by_leg, lock_in_conference,
    outcome_of, replace_outcome, save_notes, set_agent_away, set_answered, set_conference, set_dialled, set_ended, set_held, set_intent,
    set_state, take_turn,
};
pub(crate) use catalogue::{
    DispositionRow, insert_change, list_changes, list_dispositions, lock_dispositions, move_disposition, update_disposition,
};
pub(crate) use incoming::{
    IncomingEnd, IncomingRow, IncomingState, MissedRow, NewIncomingCall, OfferAnswer, answer_offer, find_incoming, find_incoming_by_leg,
    find_last_talk, find_live_offer, find_offer_to, insert_callers_leg, insert_incoming, insert_incoming_call, insert_offer, lapse_offers,
    list_forgotten, list_missed, list_not_looked_up, list_rung_by_number, list_unanswered, list_unrecorded_callers, lock_incoming,
    make_way, set_incoming, set_looked_up, set_not_rung_back, set_person, set_return_call, set_seen_to,
};
pub(crate) use legs::{
    LegRow, NewEvent, end_leg, hear_event, insert_event, insert_leg, list_legs, list_live_legs_of_ended, list_unknown_legs, set_leg_left,
};
pub(crate) use monitoring::{
    GoingRow, MonitoringRow, end_abandoned_monitorings, end_monitoring, end_monitoring_by_leg, end_monitorings_of, find_monitoring,
    find_monitoring_of, insert_monitoring, list_going, list_heard, list_listening, list_whispering, lock_monitoring, queue_for_mode,
    set_monitoring_joined, set_monitoring_leg, set_monitoring_mode,
};
pub(crate) use notice::{find_notice, set_notice};
pub(crate) use people::{Past, PastCall, PastRow, list_history, list_promise_notes};
pub(crate) use recordings::{
    DueRecording, MissingRow, RecordingRow, Stored, claim_recordings, find_recording, find_stored_recording, insert_recording_access,
    list_missing_recordings, list_unheard_recordings, note_recording, set_recording_failed, set_recording_stored,
};
pub(crate) use retention::{KeptRow, decide_deletion, end_hold, has_calls, insert_hold, list_kept, list_kept_of, set_deleted};
pub(crate) use transfer::{
    NewTransfer, TransferRow, accept_transfer, decline_transfer, end_transfer, end_transfers_of, find_passed_by, find_transfer,
    find_transfer_for, find_transfer_of_call, insert_transfer, lapse_transfers, list_free, list_transfers, lock_transfer, pass_call,
    pass_legs,
};

//! All SQL of the queue. `now` is always an argument: the business clock's.

mod attempts;
mod blocks;
mod callbacks;
mod contact;
mod decisions;
mod holidays;
mod incoming;
mod leases;
mod numbers;
mod own_facts;
mod pauses;
mod people;
mod ranges;
mod reports;
mod rule_sets;
mod runs;
mod settings;
mod suppressions;

pub(crate) use attempts::{
    AttemptOutcome, BeforeRow, HeldRow, NewCallback, NewEntry, NewSuppression, close_attempt, close_promise, delay_entry, delete_attempt,
    delete_entry, find_before_attempt, find_last_callback_reason, give_back, hand_back_of, hold_for_call, insert_attempt, insert_callback,
    insert_callback_unless_promised, insert_suppression, is_promise_used, list_calls_holding, pass_lease, put_entry,
};
pub(crate) use blocks::{
    SealedRow, Searched, count_unsealed, delete_personal, delete_personal_before, find_block_before, find_block_hash, find_last_block,
    find_named_block_that_is_gone, find_page, find_place, find_searched, insert_block, list_blocks, list_contents, list_sealable,
    list_sealable_after_a_move, list_sealed, try_lock_sealing,
};
pub(crate) use callbacks::{
    CallbackRow, CallbackState, PromisePicture, PromiseRow, cancel_callback, close_needless, close_retry, count_kept, find_promise,
    find_standing, has_promises_between, insert_retry, is_promised_by, list_callbacks, list_promised, lock_callback, lock_promise_for,
    move_callback, name_promises, set_preferred,
};
pub(crate) use contact::{ConsentRow, ScreeningRow, give_consent, store_screening, withdraw_consent};
pub(crate) use decisions::{Disposal, Waiting, find_decision, list_decisions_ending, record_callable, record_passed_over};
pub(crate) use holidays::{
    HolidayChangeKind, HolidayChangeRow, NewHolidayChange, count_promises_between, find_holidays, find_last_load, insert_holiday_change,
    insert_holidays, list_holiday_changes, lock_holidays, remove_holidays,
};
pub(crate) use incoming::{
    close_promise_met, has_return_call, hold_caller, insert_incoming, insert_return_call, is_objected, list_rung_back, lock_return_call,
};
pub(crate) use leases::{
    Source, Take, TakeTimes, Taken, Versions, Wish, find_call_held, find_held, find_versions, hand_back, list_leased, release, renew,
    rescue_orphans, return_expired, take_next,
};
pub(crate) use numbers::{list_consent_on, list_objections_to, list_rung, list_screened};
pub(crate) use own_facts::{OwnRow, find_own_facts, find_own_facts_after, list_own_facts};
pub(crate) use pauses::{
    PauseRow, begin_pause, end_pause, end_timed_pauses, find_pauses, list_pausable, list_pauses, mark_paused, mark_paused_promises,
};
pub(crate) use people::{find_due_callback, find_place_of, list_waiting, note_following, note_viewing};
pub(crate) use ranges::{Merged, RangePicture, SEPARATOR, analyse_entries, merge_range, try_lock_discovery, unlock_discovery};
pub(crate) use reports::{
    Figures, QueueCountRow, Totals, count_leases, find_figures, find_last_discovery, list_entries, list_holdings, list_saved,
};
pub(crate) use rule_sets::{find_rule_set, insert_rule_set, list_rule_sets, lock_newest_version};
pub use runs::DiscoveryReport;
pub(crate) use runs::{
    RunRow, end_run, find_last_whole_run, has_begun_since, is_hour_done, list_drift, list_runs, note_progress, start_run,
};
pub(crate) use settings::{find_settings, insert_settings, list_settings};
pub(crate) use suppressions::{
    SuppressionRow, end_suppression, find_suppression, is_suppressed_already, list_suppressions, remove_entries,
};

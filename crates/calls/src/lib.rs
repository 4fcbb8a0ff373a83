#![doc = include_str!("../README.md")]

mod api;
mod error;
pub mod rules;
mod types;

#[cfg(feature = "ssr")]
mod playback;
#[cfg(feature = "ssr")]
mod service;
#[cfg(feature = "ssr")]
mod store;
#[cfg(feature = "ssr")]
mod webhooks;

pub use api::{
    accept_transfer, answer, ask_transfer, attempt, attempt_choices, attempts, catalogue, change_disposition, correct, correctable,
    current, decline, decline_transfer, extend_wrap_up, find, give_notice, going, hand_over, hang_up, history, hold, identify,
    missed_callers, missing_recordings, monitor, monitored, note, promise_notes, record_outcome, rejoin, ringing, save_notes,
    see_to_caller, set_monitor_mode, start, stop_monitoring, transfer, transfer_choices, unrecorded, user, voice_token, withdraw_transfer,
};
pub use error::CallsError;
pub use types::{
    Attempt, AttemptChoices, AttemptDetail, AttemptFilter, AttemptMark, AttemptPage, AttemptRecording, AttemptTransfer, CallEnd, CallState,
    CallView, Candidate, Catalogue, CatalogueChange, CatalogueEntry, CatalogueProblem, Choice, Correctable, Correction, Disposition,
    DispositionEdit, Ended, GoingCall, HistoryEntry, HistoryKind, InvalidMark, LONGEST_ALSO, LONGEST_DELAY, LONGEST_LABEL, LONGEST_NOTE,
    LONGEST_REASON, LONGEST_TRANSFER_REASON, Leg, LoggedEvent, MissedCaller, MissingRecording, MonitorMode, MonitorView, Notice, Outcome,
    Place, PromiseNote, Recorded, RecordedOutcome, RingingCall, SupersededOutcome, Told, ToldNotice, TransferChoice, TransferState,
    TransferView, Unrecorded, UserContext, VoiceToken, WrapUp,
};

#[cfg(feature = "ssr")]
pub use playback::playback;
#[cfg(feature = "ssr")]
pub use service::{
    Calls, CallsFailure, CallsParts, DeletionError, Judged, LONGEST_CALL_SECONDS, Pruning, RecordingStore, RetentionFailure, ShownCarrier,
    Telephone, Verdict, show_carrier,
};
#[cfg(feature = "ssr")]
pub use webhooks::webhooks;

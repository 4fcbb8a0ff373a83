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
    current, extend_wrap_up, find, hang_up, history, hold, missing_recordings, note, promise_notes, record_outcome, rejoin, save_notes,
    start, unrecorded, user, voice_token,
};
pub use error::CallsError;
pub use types::{
    CallEnd, CallState, CallView, Choice, Disposition, Ended, HistoryEntry, HistoryKind, LONGEST_NOTE, MissingRecording, Outcome,
    PromiseNote, Recorded, Unrecorded, UserContext, VoiceToken, WrapUp,
};

#[cfg(feature = "ssr")]
pub use playback::playback;
#[cfg(feature = "ssr")]
pub use service::{Calls, CallsFailure, CallsParts, RecordingStore, Telephone};
#[cfg(feature = "ssr")]
pub use webhooks::webhooks;

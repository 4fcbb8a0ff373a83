#![doc = include_str!("../README.md")]

mod api;
mod error;
pub mod hours;
pub mod rules;
mod settings;
mod types;

#[cfg(feature = "ssr")]
mod block;
#[cfg(feature = "ssr")]
mod decision;
#[cfg(feature = "ssr")]
mod direct;
#[cfg(feature = "ssr")]
mod discovery;
#[cfg(feature = "ssr")]
mod merkle;
#[cfg(feature = "ssr")]
mod past;
#[cfg(feature = "ssr")]
mod service;
#[cfg(feature = "ssr")]
mod store;
#[cfg(feature = "ssr")]
mod words;

pub use api::{
    call_next, callbacks, change_settings, current, discover, explain, held, holdings, lift, move_callback, object, objections, overview,
    pause, reassign, release, resume, saved_today, saved_today_by_all, search, settings, summary, take, withdraw,
};
pub use error::{PromiseError, QueueError};
pub use settings::{
    CallingHours, Cap, ContactBases, ContactBasis, DAYS, FIELDS, Field, NOTICE_LENGTH, RECORDING_MONTHS, Settings, Span,
    UncountedRequirement, basis_words, clock, differences, problems,
};
pub use types::{
    AgainstCall, Blocked, Callback, CallbackList, CallbackStanding, Check, Drift, Explanation, FoundPeople, FoundPerson, HandOut, Holding,
    Hours, NewObjection, NextCallback, Objection, ObjectionPage, Overview, PassedOver, Pausable, Pause, PauseKind, QueueCount,
    ReleaseReason, Released, Run, SavedCall, SettingsChange, SettingsView, Summary, Why,
};

#[cfg(feature = "ssr")]
pub use block::{Block, ChainFault, Seal};
#[cfg(feature = "ssr")]
pub use decision::{Outcome, VerifiedDecision};
#[cfg(feature = "ssr")]
pub use discovery::{Cause, Order};
#[cfg(feature = "ssr")]
pub use past::PastEvent;
#[cfg(feature = "ssr")]
pub use service::{
    After, Authorisation, AuthorisationVoid, Authorised, Before, Caller, Closing, ExportFailure, HandBack, Head, HeldForCall, Import,
    ImportFailure, Promise, Prospects, Queue, QueueFailure, QueueMode, QueueParts, Settled, Suppress, Verified, VerifyFailure,
};
#[cfg(feature = "ssr")]
pub use store::DiscoveryReport;

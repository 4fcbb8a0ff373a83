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
mod discovery;
#[cfg(feature = "ssr")]
mod merkle;
#[cfg(feature = "ssr")]
mod service;
#[cfg(feature = "ssr")]
mod store;
#[cfg(feature = "ssr")]
mod words;

pub use api::{call_next, current, held, history, holdings, pause, pauses, release, resume, saved_today, saved_today_by_all, summary};
pub use error::QueueError;
pub use settings::{CallingHours, Cap, Settings, Span, UncountedRequirement};
pub use types::{
    Check, HandOut, HistoryEntry, HistoryKind, Holding, Hours, PassedOver, Pausable, Pause, PauseKind, PauseView, QueueCount,
    ReleaseReason, Released, SavedCall, Summary, Why,
};

#[cfg(feature = "ssr")]
pub use block::{Block, ChainFault, Seal};
#[cfg(feature = "ssr")]
pub use decision::VerifiedDecision;
#[cfg(feature = "ssr")]
pub use service::{
    After, Authorisation, AuthorisationVoid, Authorised, Closing, ExportFailure, HandBack, Head, HeldForCall, Promise, PromiseError,
    Prospects, Queue, QueueFailure, QueueParts, Suppress, Verified, VerifyFailure,
};
#[cfg(feature = "ssr")]
pub use store::DiscoveryReport;

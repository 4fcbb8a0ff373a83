#![doc = include_str!("../README.md")]

mod api;
mod british;
mod error;
mod holidays;
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
mod official_holidays;
#[cfg(feature = "ssr")]
mod past;
#[cfg(feature = "ssr")]
mod service;
#[cfg(feature = "ssr")]
mod store;
#[cfg(feature = "ssr")]
mod words;

pub use api::{
    add_holiday, call_next, callbacks, change_settings, current, discover, explain, held, holdings, holidays as holiday_list, lift,
    load_holidays, move_callback, object, objections, overview, pause, promise_times, reassign, release, remove_holiday, resume,
    saved_today, saved_today_by_all, search, settings, summary, take, talk, withdraw,
};
pub use british::{read_coming_day, read_time};
pub use error::{PromiseError, QueueError};
pub use holidays::{
    ClosedDay, Holiday, HolidaySource, Holidays, LONGEST_HOLIDAY_FILE, LONGEST_HOLIDAY_NAME, british_day, british_weekday, in_words,
    read_day,
};
pub use settings::{
    CallingHours, Cap, ContactBases, ContactBasis, DAYS, FIELDS, Field, NOTICE_LENGTH, RECORDING_MONTHS, Settings, Span,
    UncountedRequirement, basis_words, clock, differences, problems,
};
pub use types::{
    AgainstCall, AskedTime, Blocked, Callback, CallbackList, CallbackStanding, Check, Drift, Explanation, FoundPeople, FoundPerson,
    HandOut, Holding, HolidayChange, HolidayView, Hours, ListedDay, NewObjection, NextCallback, Objection, ObjectionPage, Overview,
    PassedOver, Pausable, Pause, PauseKind, PromiseFor, PromiseTime, PromiseTimes, QueueCount, ReleaseReason, Released, Run, SavedCall,
    SettingsChange, SettingsView, Summary, UnknownStatus, Why,
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
    ImportFailure, NumberRecord, Promise, Prospects, Queue, QueueFailure, QueueMode, QueueParts, ReturnCall, Settled, Suppress, Verified,
    VerifyFailure, holidays_in,
};
#[cfg(feature = "ssr")]
pub use store::DiscoveryReport;

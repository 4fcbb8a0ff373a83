#![doc = include_str!("../README.md")]

#[cfg(all(target_arch = "wasm32", feature = "ssr"))]
compile_error!("the feature `ssr` must never be on in the browser's half");

mod blank;
mod error;
mod health;
mod hint;
mod ids;
mod moment;
mod phone;
mod queue_kind;

#[cfg(feature = "ssr")]
mod clock;
#[cfg(feature = "ssr")]
mod transaction;

pub use blank::{is_same_word, trim_blank};
pub use error::{ErrorCode, WireError};
pub use health::{BrowserError, BrowserErrorReceipt, Health, HealthCheck};
pub use hint::Hint;
pub use ids::{AgentId, CallId, ClaimId, DecisionId, InvalidId, InvalidUuid, LeaseId, SessionNumber, StaffEventId, UserId};
pub use moment::Moment;
pub use phone::{InvalidPhoneNumber, PhoneNumber, ReadNumber, with_extension};
pub use queue_kind::{InvalidQueueKind, QueueKind};

#[cfg(feature = "ssr")]
pub use clock::{Clock, display_time, from_london, london, machine_now};
#[cfg(feature = "ssr")]
pub use error::new_reference;
#[cfg(feature = "ssr")]
pub use hint::Hints;
#[cfg(feature = "ssr")]
pub use phone::{NumberPolicy, digits_like, typed_digits};
#[cfg(feature = "ssr")]
pub use transaction::begin;

#![doc = include_str!("../README.md")]

#[cfg(all(target_arch = "wasm32", feature = "ssr"))]
compile_error!("the feature `ssr` must never be on in the browser's half");

mod status;
mod types;

#[cfg(feature = "ssr")]
mod account;
#[cfg(feature = "ssr")]
mod cache;
#[cfg(feature = "ssr")]
mod card;
#[cfg(feature = "ssr")]
mod context;
#[cfg(feature = "ssr")]
mod error;
#[cfg(feature = "ssr")]
mod lag;
#[cfg(feature = "ssr")]
mod replica;
#[cfg(feature = "ssr")]
mod search;
#[cfg(feature = "ssr")]
mod servers;
#[cfg(feature = "ssr")]
mod store;

pub use status::{StatusOf, UnknownStatuses};
pub use types::{Claim, ClaimCard, ClaimEnd, Extras, Facts, LogEntry, OutstandingCard, ReplicaLag, Requirement, UserCard};

#[cfg(feature = "ssr")]
pub use cache::{CacheError, CacheOptions, Contexts, KEPT};
#[cfg(feature = "ssr")]
pub use context::Context;
#[cfg(feature = "ssr")]
pub use error::{NEEDS_TLS, ReplicaError, Unproved};
#[cfg(feature = "ssr")]
pub use lag::{Heartbeat, InvalidName, LagSource};
#[cfg(feature = "ssr")]
pub use replica::{PATIENCE, Proved, Range, Replica, ReplicaOptions};
#[cfg(feature = "ssr")]
pub use search::{FoundUser, Search};

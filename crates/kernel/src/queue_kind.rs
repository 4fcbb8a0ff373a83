use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the three queues. A user is in the first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum QueueKind {
    /// A promise to ring at a time that has come.
    Callbacks,
    /// The user has not signed.
    UnsignedUsers,
    /// Signed, and something that only the user can do is pending on an open claim.
    OutstandingRequests,
}

impl QueueKind {
    /// All of them, in their order of precedence.
    pub const ALL: [Self; 3] = [Self::Callbacks, Self::UnsignedUsers, Self::OutstandingRequests];

    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Callbacks => "callbacks",
            Self::UnsignedUsers => "unsigned_users",
            Self::OutstandingRequests => "outstanding_requests",
        }
    }

    /// The short name on a screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Callbacks => "Callbacks",
            Self::UnsignedUsers => "Unsigned",
            Self::OutstandingRequests => "Outstanding",
        }
    }
}

impl fmt::Display for QueueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was given is not the name of a queue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such queue; the queues are callbacks, unsigned_users and outstanding_requests")]
pub struct InvalidQueueKind;

impl FromStr for QueueKind {
    type Err = InvalidQueueKind;

    fn from_str(text: &str) -> Result<Self, InvalidQueueKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(InvalidQueueKind)
    }
}

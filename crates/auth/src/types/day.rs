//! What an agent was on a day.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::AgentId;
use serde::{Deserialize, Serialize};

use super::{Presence, Role};

/// A day in London of an agent. All times are the machine's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentDay {
    /// Whose.
    pub agent_id: AgentId,
    /// The whole name.
    pub name: String,
    /// What they may do now.
    pub role: Role,
    /// Which day.
    pub day: NaiveDate,
    /// Which day it is now.
    pub today: NaiveDate,
    /// When it began in London.
    pub begins_at: DateTime<Utc>,
    /// When it ended, or the time of the answer while it has not.
    pub until: DateTime<Utc>,
    /// What they were, oldest first: each begins where the one before ends, and the last one ends at `until`. Nothing is known of before the
    /// first.
    pub stretches: Vec<Stretch>,
    /// The time in each state there was, the longest first.
    pub sums: Vec<StateTime>,
    /// The sessions of which there was something that day, oldest first.
    pub sessions: Vec<SessionView>,
}

/// A time in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stretch {
    /// Which.
    pub presence: Presence,
    /// From then on, not before the day.
    pub since: DateTime<Utc>,
    /// Until then, not after the day.
    pub until: DateTime<Utc>,
}

/// All the time in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateTime {
    /// Which.
    pub presence: Presence,
    /// How long, in whole seconds.
    pub seconds: i64,
}

/// A browser that was signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// When somebody signed in.
    pub signed_in_at: DateTime<Utc>,
    /// When it was last heard, to the minute.
    pub last_heard_at: DateTime<Utc>,
    /// When it ended, and how; none: it has not.
    pub ended: Option<(DateTime<Utc>, SessionEnd)>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum SessionEnd {
    /// By their own wish.
    SignedOut,
    /// Somebody signed in anew in the same browser.
    Replaced,
    /// Nothing was heard for 2 h.
    LostConnection,
    /// After 16 h, in any case.
    Expired,
    /// Their access was ended.
    Deactivated,
    /// They were given a new password.
    PasswordReset,
}

impl SessionEnd {
    /// The words on a screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::SignedOut => "signed out",
            Self::Replaced => "signed in anew in the same browser",
            Self::LostConnection => "nothing was heard for 2 hours",
            Self::Expired => "ended after 16 hours",
            Self::Deactivated => "access was ended",
            Self::PasswordReset => "a new password was set",
        }
    }
}

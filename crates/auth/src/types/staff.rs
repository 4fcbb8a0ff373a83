//! Accounts and sessions, as administrators and their owners see them.

use chrono::{DateTime, Utc};
use kernel::{AgentId, QueueKind, SessionNumber};
use serde::{Deserialize, Serialize};

use super::Role;

/// The account of somebody who is or was on the staff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffAccount {
    /// The agent's id.
    pub id: AgentId,
    /// The work email, which is the sign-in.
    pub email: String,
    /// The whole name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The queues they may take people from; none: all of them.
    pub queues: Option<Vec<QueueKind>>,
    /// Grows with each change; a change names the one that it was made of.
    pub version: i64,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// Since when they may not sign in.
    pub deactivated_at: Option<DateTime<Utc>>,
    /// When they last signed in, if ever.
    pub last_sign_in_at: Option<DateTime<Utc>>,
    /// In how many browsers they are signed in now.
    pub sessions: i64,
}

/// A browser in which somebody is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionLine {
    /// By which it is ended.
    pub session: SessionNumber,
    /// Such as "Firefox on Windows".
    pub device: String,
    /// From which address they signed in.
    pub address: Option<String>,
    /// When they signed in.
    pub since: DateTime<Utc>,
    /// When it was last heard, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// It is the browser that asks.
    pub is_this: bool,
}

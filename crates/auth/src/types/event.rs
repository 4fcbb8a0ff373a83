//! What happened to the accounts of staff.

use chrono::{DateTime, Utc};
use kernel::{AgentId, StaffEventId};
use serde::{Deserialize, Serialize};

/// What happened to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum StaffEventKind {
    /// Somebody signed in.
    SignedIn,
    /// The email or the password was wrong.
    SignInFailed,
    /// Too many tries; noted once a minute for an account.
    LimitReached,
    /// By their own wish, in this browser.
    SignedOut,
    /// A session was ended from elsewhere.
    SessionEnded,
    /// By its owner.
    PasswordChanged,
    /// By somebody else.
    PasswordReset,
    /// What they may do.
    RoleChanged,
    /// The queues that they may take people from.
    QueuesChanged,
    /// The name.
    NameChanged,
    /// The account was made.
    Created,
    /// They may not sign in any more.
    Deactivated,
    /// They may sign in again.
    Reactivated,
}

impl StaffEventKind {
    /// The words on a screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::SignedIn => "Signed in",
            Self::SignInFailed => "Sign-in failed",
            Self::LimitReached => "Too many tries to sign in",
            Self::SignedOut => "Signed out",
            Self::SessionEnded => "Session ended",
            Self::PasswordChanged => "Password changed",
            Self::PasswordReset => "Password reset",
            Self::RoleChanged => "Role changed",
            Self::QueuesChanged => "Queues changed",
            Self::NameChanged => "Name changed",
            Self::Created => "Account created",
            Self::Deactivated => "Account deactivated",
            Self::Reactivated => "Account reactivated",
        }
    }
}

/// One line of the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffEvent {
    /// Its place in the record.
    pub id: StaffEventId,
    /// When, by the machine's clock.
    pub at: DateTime<Utc>,
    /// What.
    pub kind: StaffEventKind,
    /// Whose account, by id and name; none: an email that nobody here has.
    pub agent: Option<(AgentId, String)>,
    /// Who did it: a name, "command line", or nothing where nobody was signed in.
    pub by: Option<String>,
    /// From which address.
    pub address: Option<String>,
    /// In which browser, such as "Firefox on Windows".
    pub device: Option<String>,
    /// More, such as "agent → supervisor".
    pub detail: Option<String>,
}

/// A page of the record, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffEventPage {
    /// The lines.
    pub events: Vec<StaffEvent>,
    /// Where the next page begins: to be asked for as `before`; none: there is no more.
    pub next: Option<StaffEventId>,
}

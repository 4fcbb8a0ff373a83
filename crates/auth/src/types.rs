//! What the browser and the server say to each other about staff.

mod day;
mod event;
mod staff;

use std::fmt;
use std::str::FromStr;

use kernel::{AgentId, QueueKind};
use serde::{Deserialize, Serialize};

pub use day::{AgentDay, SessionEnd, SessionView, StateTime, Stretch};
pub use event::{StaffEvent, StaffEventKind, StaffEventPage};
pub use staff::{SessionLine, StaffAccount};

/// What a member of staff may do; each role can do what the one before can.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works own queues, own calls, own callbacks.
    Agent,
    /// Sees the floor, pauses queues, corrects.
    Supervisor,
    /// Creates staff, edits rules and settings.
    Admin,
}

impl Role {
    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was given is not a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no such role; the roles are agent, supervisor and admin")]
pub struct InvalidRole;

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        [Self::Agent, Self::Supervisor, Self::Admin].into_iter().find(|role| role.as_str() == text).ok_or(InvalidRole)
    }
}

/// What an agent wants to be. Only the agent (or the end of the session) changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum Intention {
    /// Ready to be given someone.
    Available,
    /// Away for a while.
    Break,
    /// Not working.
    Offline,
}

/// What an agent is doing beside what they want. Only the course of a call changes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum Engagement {
    /// On a call, from the moment it is begun.
    OnCall,
    /// The call is over; what came of it is being recorded.
    WrapUp,
}

/// What an agent is, derived by the server from the intention and from what it sees of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// Ready to be given someone.
    Available,
    /// Away for a while.
    Break,
    /// Not working, or not signed in.
    Offline,
    /// On a call.
    OnCall,
    /// Recording what came of a call.
    WrapUp,
    /// Wants to work, but nothing has been heard from the browser for 30 s.
    Unreachable,
}

impl Presence {
    /// The word on a screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Available => "Available",
            Self::Break => "Break",
            Self::Offline => "Offline",
            Self::OnCall => "On call",
            Self::WrapUp => "Wrap-up",
            Self::Unreachable => "Unreachable",
        }
    }
}

/// Whoever is signed in, as they see themselves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Me {
    /// The agent's id.
    pub id: AgentId,
    /// The whole name.
    pub name: String,
    /// The work e-mail, which is the sign-in.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// What they want to be.
    pub intention: Intention,
    /// For how long they have wanted it, in seconds at the time of the answer.
    pub intention_seconds: i64,
    /// What they are doing beside it.
    pub engagement: Option<Engagement>,
    /// For how long, in seconds at the time of the answer.
    pub engagement_seconds: Option<i64>,
    /// For how long they have been what they are, in seconds at the time of the answer.
    pub state_seconds: i64,
    /// The queues they may take people from; none: all of them.
    pub queues: Option<Vec<QueueKind>>,
}

/// One row of the supervisor's list of agents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentPresence {
    /// The agent's id.
    pub id: AgentId,
    /// The whole name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// What they are now.
    pub presence: Presence,
    /// For how long, in seconds at the time of the answer.
    pub presence_seconds: i64,
}

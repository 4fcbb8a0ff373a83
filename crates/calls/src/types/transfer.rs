//! Handing a talk over to a supervisor.

use kernel::{AgentId, CallId};
use serde::{Deserialize, Serialize};

use super::Told;

/// The longest reason for handing a call over, in characters.
pub const LONGEST_TRANSFER_REASON: usize = 200;

/// Where it stands that a call is to be handed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum TransferState {
    /// Nobody has answered yet.
    Asked,
    /// A supervisor is on the line, or on the way to it.
    Accepted,
    /// The call is theirs.
    Passed,
    /// Nobody who was asked can take it.
    Declined,
    /// The agent does not ask any more.
    Withdrawn,
    /// Nobody has answered in time.
    Lapsed,
    /// The supervisor was off the line before the call was theirs.
    Left,
    /// The call ended first.
    Over,
}

impl TransferState {
    /// Something can still come of it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Accepted)
    }

    /// What came of it, in words.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Asked => "not answered yet",
            Self::Accepted => "on the line",
            Self::Passed => "handed over",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Lapsed => "not answered in time",
            Self::Left => "left before it was handed over",
            Self::Over => "the call ended first",
        }
    }
}

/// A supervisor who can be asked now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferChoice {
    /// Who.
    pub id: AgentId,
    /// The whole name.
    pub name: String,
}

/// A handing-over as the agent who asked and the supervisor who was asked see it. Seconds are at the time of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferView {
    /// Which: to accept or to decline.
    pub id: String,
    /// Of which call.
    pub call_id: CallId,
    /// With whom.
    pub user_name: String,
    /// Whoever sees this has the call; otherwise they were asked to take it.
    pub is_mine: bool,
    /// Where it stands.
    pub state: TransferState,
    /// Whose call it is, by name.
    pub from: String,
    /// Who was asked, or has accepted, by name: “Gareth Penhaligon”, “any supervisor”.
    pub to: String,
    /// Why, as the agent wrote it.
    pub reason: Option<String>,
    /// How long it can still be answered.
    pub seconds_left: i64,
    /// The supervisor's browser connects with it; for nobody else.
    pub monitoring_id: Option<String>,
    /// The supervisor is on the line: everybody hears them.
    pub is_joined: bool,
    /// The agent's telephone is gone, and the person talks to the supervisor alone.
    pub is_agent_away: bool,
}

/// A handing-over in the history of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptTransfer {
    /// Who asked.
    pub from: String,
    /// Who was asked, or has accepted: “Gareth Penhaligon”, “any supervisor”.
    pub to: String,
    /// What came of it.
    pub state: TransferState,
    /// Why, as the agent wrote it.
    pub reason: Option<String>,
    /// When it was asked.
    pub at: Told,
    /// When it came to its end: for one that was handed over, since when the call is theirs.
    pub ended: Option<Told>,
}

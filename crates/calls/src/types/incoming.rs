//! Calls that come in.

use kernel::{CallId, UserId};
use serde::{Deserialize, Serialize};

/// Somebody who may be ringing: the call comes from their number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    pub name: String,
}

/// A call that comes in and is offered to an agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RingingCall {
    /// Which; the agent answers or declines with it.
    pub id: CallId,
    /// A name, or how many it may be.
    pub caller: String,
    /// The number that it comes from, as people write it; none: withheld.
    pub number: Option<String>,
    /// Who of the staff talked with them last, and when, in words: `you, today 10:42`; none: nobody.
    pub last_talk: Option<String>,
    /// For so long it is offered to this agent, at the time of the answer.
    pub seconds_left: i64,
}

/// Somebody who rang us, reached nobody, and is not rung back: their number is nobody's whom we know, or may not be rung.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissedCaller {
    /// Which call.
    pub id: CallId,
    /// Their name and number, as far as they are known.
    pub who: String,
    /// When it was, in words: `today 10:42`.
    pub at: String,
    /// How often it was since then, this one included.
    pub times: i64,
    /// What they heard, in a sentence.
    pub words: String,
}

//! What the browser and the server say to each other about who is next.

use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId, DecisionId, LeaseId, QueueKind, UserId};
use serde::{Deserialize, Serialize};
use users::UserCard;

use crate::rules::Reason;

/// The answer to Call next, and to a reload while a person is held.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct HandOut {
    /// The record of the decision that handed the person out.
    pub decision_id: Option<DecisionId>,
    /// The right to deal with the person.
    pub lease_id: Option<LeaseId>,
    /// The call that the person is held for, from its beginning until its outcome is recorded. Then the lease has no limit.
    pub call_id: Option<CallId>,
    /// When it returns by itself unless it is renewed, on the business clock.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// How long that is from now, in seconds.
    pub lease_seconds_left: Option<i64>,
    /// The queue the person came from.
    pub queue: Option<QueueKind>,
    /// The person; none when nobody waits.
    pub user: Option<UserCard>,
    /// Why this call is needed.
    pub why: Option<Why>,
    /// The score, recomputed now, with its factors.
    pub score: Option<scoring::Score>,
    /// The score that the queue was ordered by.
    pub stored_score: Option<f64>,
    /// How many calls this request found not to be needed any more.
    pub saved_calls: u32,
    /// Who was tried before and why each was passed over, in the order tried.
    pub passed_over: Vec<PassedOver>,
    /// When people are waiting but none can be handed out now: why, in words. With a person on a call: what has changed about
    /// them that the call was for.
    pub note: Option<String>,
}

/// Why a call is needed, in words, with the checks that prove it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Why {
    /// One or two sentences: “Priya has not signed yet. …”.
    pub sentence: String,
    /// Every check that passed.
    pub checks: Vec<Check>,
    /// How long before this answer was made the replica was read, in milliseconds.
    pub read_age_millis: i64,
}

/// One check that passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A stable name: signature, open_claims, account, number, suppression, attempts, cooling_off, hours, lag, …
    pub name: String,
    /// In words: “No signature on file”.
    pub words: String,
    /// A second thought beside it: “until 20:00”, “limit 5 s”.
    pub note: Option<String>,
    /// How old the fact was when this answer was made, in milliseconds; none where age means nothing.
    pub age_millis: Option<i64>,
}

/// Someone who was tried and not handed out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// The person.
    pub user_id: UserId,
    /// Name for the screen.
    pub name: String,
    /// The record of the decision.
    pub decision_id: DecisionId,
    /// Every reason that holds.
    pub reasons: Vec<Reason>,
    /// In words: “Signed in the meantime”.
    pub words: String,
    /// The call was about to be made and is not needed any more.
    pub is_saved_call: bool,
}

/// Why an agent lets a person go without dialling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum ReleaseReason {
    /// Not a good time.
    NotAGoodTime,
    /// What the screen shows is wrong.
    WrongDetails,
    /// A supervisor should deal with this.
    NeedsSupervisor,
    /// We do not share a language.
    Language,
    /// The agent knows this person.
    KnowsThisPerson,
    /// Anything else; the note says what.
    Other,
}

impl ReleaseReason {
    /// The catalogue, in its order on the screen.
    pub const ALL: [Self; 6] =
        [Self::NotAGoodTime, Self::WrongDetails, Self::NeedsSupervisor, Self::Language, Self::KnowsThisPerson, Self::Other];

    /// The words on the screen.
    pub const fn label(self) -> &'static str {
        match self {
            Self::NotAGoodTime => "Not a good time",
            Self::WrongDetails => "Wrong details on screen",
            Self::NeedsSupervisor => "Needs a supervisor",
            Self::Language => "Language",
            Self::KnowsThisPerson => "I know this person",
            Self::Other => "Other",
        }
    }
}

/// What came of letting a person go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// When the person can be offered again: `today 11:05`.
    pub available_again: String,
}

/// How many wait in each queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// One for each queue that people can wait in.
    pub queues: Vec<QueueCount>,
    /// Calls found not to be needed, today in London: by everybody, and by whoever asks.
    pub saved_today: i64,
    /// The part of it that whoever asks found.
    pub saved_today_by_me: i64,
    /// Dial decisions in the last hour.
    pub decisions_last_hour: i64,
    /// How far the replica is behind; none when it does not answer.
    pub replica_lag_millis: Option<i64>,
    /// How far it may be behind before nobody is handed out.
    pub max_lag_millis: i64,
    /// When discovery last ended well: `today 10:02`.
    pub last_discovery: Option<String>,
    /// Whether calls may be made now, and until when, in words: “until 20:00”.
    pub hours: Hours,
    /// The business clock: `Tuesday 24 November, 10:31`.
    pub business_time: String,
    /// The business clock is not the machine's: practice data.
    pub is_practice: bool,
}

/// Whether calls may be made now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    /// Calls may be made now.
    pub is_open: bool,
    /// “until 20:00”, “from tomorrow 09:00”.
    pub words: String,
}

/// How many wait in one queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueCount {
    /// The queue.
    pub queue: QueueKind,
    /// Can be handed out now.
    pub callable: i64,
    /// Wait for a time: cooling off, capped or put back with a delay.
    pub waiting: i64,
    /// Are with an agent.
    pub leased: i64,
    /// Days since the one who has waited longest came in.
    pub oldest_days: Option<i64>,
}

/// Who holds whom now, for supervisors.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The agent.
    pub agent_id: AgentId,
    /// The person held.
    pub user_id: UserId,
    /// The queue the person came from.
    pub queue: QueueKind,
    /// For how long, in seconds.
    pub seconds: i64,
}

/// What the dialler itself did about one person, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// “Offered to Hannah Whitfield”, “Skipped by …: not a good time”, “Call saved”.
    pub title: String,
    /// More about it: the note, the reasons.
    pub detail: Option<String>,
    /// `today 14:05`.
    pub at: String,
    /// What kind of line it is.
    pub kind: HistoryKind,
    /// The decision, when it was one.
    pub decision_id: Option<DecisionId>,
}

/// What kind of line of a person's history it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryKind {
    /// Handed to an agent.
    Offered,
    /// Let go without dialling.
    Skipped,
    /// Found not to be needed.
    Saved,
    /// Refused for another reason, or could not be checked.
    PassedOver,
}

/// A call that turned out not to be needed, for “Not needed today”.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedCall {
    /// The record of the decision.
    pub decision_id: DecisionId,
    /// The person.
    pub user_id: UserId,
    /// Their name; none when their personal facts were erased.
    pub name: Option<String>,
    /// Why no call: “Signed in the meantime”.
    pub words: String,
    /// `today 14:25`.
    pub at: String,
    /// The agent who would have called.
    pub agent_id: AgentId,
}

/// What can be paused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum PauseKind {
    /// A queue.
    Queue,
    /// Everybody whose call would be about claims with this lender alone.
    Lender,
    /// The same of a solicitor.
    Solicitor,
}

/// A pause that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// To end it by. Small enough for every reader of JSON.
    pub id: i64,
    /// What of.
    pub kind: PauseKind,
    /// A queue's or a lender's code, a solicitor's name in small letters.
    pub name: String,
    /// The same for a screen.
    pub label: String,
    /// Why.
    pub reason: String,
    /// By whom.
    pub by: String,
    /// Since when, in words.
    pub since: String,
}

/// Something that could be paused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pausable {
    /// What it is.
    pub kind: PauseKind,
    /// As in [`Pause`].
    pub name: String,
    /// The same for a screen.
    pub label: String,
    /// How many people wait who have a claim with it; none for a queue.
    pub people: Option<i64>,
}

/// What is paused, and what could be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseView {
    /// The newest first.
    pub pauses: Vec<Pause>,
    /// Queues, then lenders and solicitors with the most people first.
    pub pausable: Vec<Pausable>,
}

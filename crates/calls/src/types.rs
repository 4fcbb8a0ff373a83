//! What the browser and the server say to each other about calls.

mod attempts;
mod catalogue;
mod incoming;
mod transfer;

use kernel::{AgentId, CallId, DecisionId, QueueKind, UserId};
use serde::{Deserialize, Serialize};
use users::UserCard;

pub use attempts::{
    Attempt, AttemptChoices, AttemptDetail, AttemptFilter, AttemptMark, AttemptPage, AttemptRecording, Correctable, Correction,
    InvalidMark, Leg, LoggedEvent, Place, RecordedOutcome, SupersededOutcome, Told, ToldNotice,
};
pub use incoming::{Candidate, MissedCaller, RingingCall};

pub use catalogue::{
    Catalogue, CatalogueChange, CatalogueEntry, CatalogueProblem, DispositionEdit, LONGEST_ALSO, LONGEST_DELAY, LONGEST_LABEL,
};
pub use transfer::{AttemptTransfer, LONGEST_TRANSFER_REASON, TransferChoice, TransferState, TransferView};

/// Where a call stands. States only move forward, in this order; from each the end can follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// The agent's browser is to connect, within ten seconds.
    Created,
    /// The carrier has asked what to do with the agent's leg.
    Joining,
    /// The agent is on the line; the person is checked once more.
    Checking,
    /// The carrier was told to ring the person.
    Dialling,
    /// The person's telephone rings.
    Ringing,
    /// The person has answered.
    Connected,
    /// Over.
    Ended,
}

impl CallState {
    /// Every state, in order.
    pub const ALL: [Self; 7] = [Self::Created, Self::Joining, Self::Checking, Self::Dialling, Self::Ringing, Self::Connected, Self::Ended];
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum CallEnd {
    /// The last check found that no call is needed, or may be made. Nobody was rung.
    Refused,
    /// The last check could not be made. Nobody was rung.
    CouldNotCheck,
    /// The agent's telephone did not connect, or left before the person was rung. Nobody was rung.
    NotConnected,
    /// The carrier did not take the call. Nobody was rung.
    NotPlaced,
    /// The person's line was engaged.
    Busy,
    /// Nobody answered.
    NoAnswer,
    /// The carrier could not put the call through.
    Failed,
    /// The agent hung up while it rang.
    Cancelled,
    /// The agent hung up.
    ByAgent,
    /// The person hung up.
    ByPerson,
    /// The agent's telephone was gone in a talk, and did not come back.
    AgentLost,
    /// Whoever rang us hung up before the agent was on the line.
    CallerGone,
}

impl CallEnd {
    /// Every end.
    pub const ALL: [Self; 12] = [
        Self::ByPerson,
        Self::ByAgent,
        Self::AgentLost,
        Self::NoAnswer,
        Self::Busy,
        Self::Cancelled,
        Self::Failed,
        Self::Refused,
        Self::CouldNotCheck,
        Self::NotConnected,
        Self::NotPlaced,
        Self::CallerGone,
    ];

    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::CouldNotCheck => "could_not_check",
            Self::NotConnected => "not_connected",
            Self::NotPlaced => "not_placed",
            Self::Busy => "busy",
            Self::NoAnswer => "no_answer",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::ByAgent => "by_agent",
            Self::ByPerson => "by_person",
            Self::AgentLost => "agent_lost",
            Self::CallerGone => "caller_gone",
        }
    }

    /// The same for whoever was not part of the call.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Refused => "Refused at the last check",
            Self::CouldNotCheck => "Could not be checked",
            Self::NotConnected => "The agent’s telephone did not connect",
            Self::NotPlaced => "The carrier did not take the call",
            Self::Busy => "Engaged",
            Self::NoAnswer => "Nobody answered",
            Self::Failed => "Could not be put through",
            Self::Cancelled => "The agent hung up while it rang",
            Self::ByAgent => "The agent hung up",
            Self::ByPerson => "The person hung up",
            Self::AgentLost => "The agent’s telephone was gone",
            Self::CallerGone => "They hung up before the agent was on the line",
        }
    }

    /// Nobody was rung, or talked with: no attempt, nothing to record, and the agent still holds the person unless the check said otherwise.
    pub const fn is_before_ringing(self) -> bool {
        matches!(self, Self::Refused | Self::CouldNotCheck | Self::NotConnected | Self::NotPlaced | Self::CallerGone)
    }
}

/// A call as its agent sees it. Times are seconds at the time of the answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallView {
    /// The call.
    pub id: CallId,
    /// The person; none: they rang us, and nobody has said yet who they are.
    pub user_id: Option<UserId>,
    /// Their name, or how many it may be.
    pub user_name: String,
    /// Their number as people write it, from the check at the dial; none before. Of a call that came in, the one that it comes from.
    pub number: Option<String>,
    /// What the switchboard behind that number is asked for: digits that the keypad can send. It stands in `number` too, in words.
    #[serde(default)]
    pub extension: Option<String>,
    /// The queue the person came from; none: they rang us.
    pub queue: Option<QueueKind>,
    /// They rang us.
    pub is_incoming: bool,
    /// Whose number it is, where nobody has said yet who of them rings.
    pub candidates: Vec<Candidate>,
    /// Where it stands.
    pub state: CallState,
    /// For how long.
    pub state_seconds: i64,
    /// How long they have talked, or talked; none when nobody answered.
    pub talk_seconds: Option<i64>,
    /// For how long the person has been on hold, as the carrier confirmed it; none: they hear the agent.
    pub held_seconds: Option<i64>,
    /// For how long nobody of ours has been on the line of this talk; none: the agent is, in some window.
    pub away_seconds: Option<i64>,
    /// How it ended, and the same in a sentence for the agent; none until then.
    pub end: Option<Ended>,
    /// What the agent has to record; none before the end, and when nobody was rung.
    pub wrap_up: Option<WrapUp>,
    /// That the call is recorded, to be said first; none before somebody answers.
    #[serde(default)]
    pub notice: Option<Notice>,
    /// The agent's note, as last kept.
    pub notes: String,
    /// Who of the staff is on the line as well and can be heard, and by whom, in a sentence. Whoever only listens is not said.
    #[serde(default)]
    pub joined_by: Option<String>,
    /// To whom the agent has handed it over, and when, in a sentence: it is over for them, and goes on for somebody else.
    #[serde(default)]
    pub handed_over: Option<String>,
}

/// That the person is told of the recording (compliance, C10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// What to say.
    pub words: String,
    /// The agent has ticked it.
    pub is_given: bool,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How.
    pub how: CallEnd,
    /// “Priya hung up.”, “No call needed: signed in the meantime.”
    pub words: String,
    /// It was found at the last moment that the call is not needed.
    pub is_saved_call: bool,
}

/// The longest note, in characters.
pub const LONGEST_NOTE: usize = 4_000;
/// The longest reason for putting an outcome right.
pub const LONGEST_REASON: usize = 300;

/// A call of which the agent has not said what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unrecorded {
    /// Which.
    pub call_id: CallId,
    /// With whom.
    pub user_name: String,
    /// When it was, in words: `today 10:42`.
    pub at: String,
}

/// How a supervisor takes part in somebody's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum MonitorMode {
    /// Nobody hears them: the carrier lets nothing of theirs through.
    Listen,
    /// The agent alone hears them.
    Whisper,
    /// Everybody hears them.
    Barge,
}

impl MonitorMode {
    /// Every way, in the order of the screen.
    pub const ALL: [Self; 3] = [Self::Listen, Self::Whisper, Self::Barge];

    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Whisper => "whisper",
            Self::Barge => "barge",
        }
    }
}

/// What a supervisor listens to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonitorView {
    /// The browser connects with it.
    pub id: String,
    /// Which call.
    pub call_id: CallId,
    /// Whose.
    pub agent_id: AgentId,
    /// With whom.
    pub user_name: String,
    /// How, as the carrier confirmed it.
    pub mode: MonitorMode,
    /// The supervisor is on the line.
    pub is_joined: bool,
    /// How long the two have talked.
    pub talk_seconds: i64,
}

/// A call that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoingCall {
    /// Which.
    pub call_id: CallId,
    /// Whose.
    pub agent_id: AgentId,
    /// They talk, so that one can listen.
    pub is_talking: bool,
    /// Who listens, by name.
    pub listeners: Vec<String>,
    /// They rang us: who, or how many it may be.
    pub caller: Option<String>,
}

/// A talk of at least a minute that we have no recording of (every call is recorded).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingRecording {
    /// Which.
    pub call_id: CallId,
    /// Whose.
    pub agent: String,
    /// With whom.
    pub user_name: String,
    /// When they answered, in words: `today 10:42`.
    pub at: String,
    /// How long they talked.
    pub talked_seconds: i64,
    /// What is known of it, in a sentence.
    pub why: String,
}

/// What the agent has to record after a call, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrapUp {
    /// Then the system records `not_recorded` and the agent goes on a break. None when that has happened: it can still be put right.
    pub seconds_left: Option<i64>,
    /// What the end of the call suggests, already chosen on the screen; none: the agent has to choose before anything is saved.
    pub suggested: Option<Disposition>,
    /// What can be chosen, in the order of the screen.
    pub choices: Vec<Choice>,
}

/// One disposition with what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Which.
    pub disposition: Disposition,
    /// The words on the screen.
    pub label: String,
    /// A human answered.
    pub is_reached: bool,
    /// The key 1 to 9; none for the less common.
    pub key: Option<u8>,
    /// “next 14:20”, “next 12 Dec”, “needs a time”, “never again”: short, for the button.
    pub hint: String,
    /// “Monday 24 November, from 14:20”, or that the person leaves the queue, and why.
    pub next_attempt: String,
    /// “1 of 3 today · 1 of 10 in seven days”.
    pub attempts: String,
    /// “score 54, was 24”; none when the claims platform does not answer just now, or a later call has settled it.
    pub order: Option<String>,
    /// A note must be written.
    pub needs_note: bool,
    /// A time must be promised.
    pub needs_time: bool,
    /// What else happens at once: “Never rung again by anybody”, “The number is not rung again until it changes”.
    pub also: Option<String>,
    /// What the carrier knows of the call that speaks against it.
    pub doubt: Option<String>,
}

/// What an agent says came of a call (rules, Dispositions).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// Signed or sent it on the call.
    Completed,
    /// Will do it.
    GoingToComplete,
    /// Might do it.
    MightComplete,
    /// Asked to be called back.
    CallbackRequested,
    /// Spoke, nothing agreed.
    Contacted,
    /// Not interested.
    NotInterested,
    /// No answer.
    NoAnswer,
    /// Left a voicemail.
    LeftVoicemail,
    /// Engaged.
    Busy,
    /// Somebody else's number.
    WrongNumber,
    /// Hung up.
    HungUp,
    /// Says there is no claim.
    NoClaim,
    /// No common language.
    LanguageBarrier,
    /// Vulnerable, to be handled with care.
    Vulnerable,
    /// Not to be contacted.
    DoNotContact,
    /// The call failed.
    Failed,
    /// Nothing was recorded in time; set by the system alone.
    NotRecorded,
}

impl Disposition {
    /// Every disposition.
    pub const ALL: [Self; 17] = [
        Self::Completed,
        Self::GoingToComplete,
        Self::MightComplete,
        Self::CallbackRequested,
        Self::Contacted,
        Self::NotInterested,
        Self::NoAnswer,
        Self::LeftVoicemail,
        Self::Busy,
        Self::WrongNumber,
        Self::HungUp,
        Self::NoClaim,
        Self::LanguageBarrier,
        Self::Vulnerable,
        Self::DoNotContact,
        Self::Failed,
        Self::NotRecorded,
    ];

    /// The name in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::GoingToComplete => "going_to_complete",
            Self::MightComplete => "might_complete",
            Self::CallbackRequested => "callback_requested",
            Self::Contacted => "contacted",
            Self::NotInterested => "not_interested",
            Self::NoAnswer => "no_answer",
            Self::LeftVoicemail => "left_voicemail",
            Self::Busy => "busy",
            Self::WrongNumber => "wrong_number",
            Self::HungUp => "hung_up",
            Self::NoClaim => "no_claim",
            Self::LanguageBarrier => "language_barrier",
            Self::Vulnerable => "vulnerable",
            Self::DoNotContact => "do_not_contact",
            Self::Failed => "failed",
            Self::NotRecorded => "not_recorded",
        }
    }
}

/// What the agent chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Which.
    pub disposition: Disposition,
    /// Verbatim; none: the note as it was last kept.
    pub notes: Option<String>,
    /// A promise, London's wall time as an input of type `datetime-local` has it: `2026-11-24T14:30`.
    pub callback_at: Option<String>,
    /// They asked to be rung then whether or not anything is still pending.
    pub asked_regardless: bool,
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    /// The call.
    pub call_id: CallId,
    /// What was recorded: what an earlier request recorded, when this one was a repetition.
    pub disposition: Disposition,
    /// “Next attempt Tuesday 24 November, from 14:20.”
    pub words: String,
}

/// What the browser's telephone needs to connect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceToken {
    /// For the Voice SDK.
    pub token: String,
    /// For so long.
    pub seconds: i64,
    /// Where the local carrier listens, such as `localhost:3000/twilio`; none with the real one.
    pub local_carrier: Option<String>,
}

/// One person as a screen shows them. Nothing in it says what a claim is worth.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserContext {
    /// What the claims platform has of them.
    pub user: UserCard,
    /// How long before this answer that was read, in milliseconds.
    pub read_age_millis: i64,
    /// What the dialler did about them, newest first, at most 50.
    pub history: Vec<HistoryEntry>,
}

/// What was written down when somebody was promised a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromiseNote {
    /// Who.
    pub user_id: UserId,
    /// Verbatim.
    pub note: String,
}

/// One line of what the dialler did about a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// “Offered to Hannah Whitfield”, “Call saved”, “Will do it · 3 min 12 s”.
    pub title: String,
    /// More about it: the note, the reasons, by whom.
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
    /// Refused for another reason, or could not be checked, or not rung after all.
    PassedOver,
    /// A call is going on.
    Calling,
    /// Rung, and somebody answered.
    Reached,
    /// Rung, and nobody answered, or a machine.
    NotReached,
    /// A call was promised.
    Promised,
}

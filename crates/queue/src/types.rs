//! What the browser and the server say to each other about who is next.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use kernel::{AgentId, CallId, DecisionId, LeaseId, QueueKind, UserId};
use serde::{Deserialize, Serialize};
use users::{StatusOf, UserCard};

use crate::holidays::HolidaySource;
use crate::rules::{Reason, SuppressionKind};
use crate::settings::Settings;

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

impl HandOut {
    /// The same answer, given again after this time.
    #[must_use]
    pub fn older(mut self, by: Duration) -> Self {
        self.why = self.why.map(|why| why.older(by));
        self
    }
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

impl Why {
    /// The same, after this time.
    #[must_use]
    pub fn older(mut self, by: Duration) -> Self {
        let millis = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.read_age_millis += millis;
        for old in self.checks.iter_mut().filter_map(|check| check.age_millis.as_mut()) {
            *old += millis;
        }
        self
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// A stable name: signature, open_claims, account, number, suppression, attempts, cooling_off, hours, lag, …
    pub name: String,
    /// In words: “No signature on file”.
    pub words: String,
    /// It passed. False only where the gate is off: otherwise nobody is handed out.
    pub has_passed: bool,
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
    /// To supervisors: that the list of bank holidays ends soon, or has ended; none while it does not.
    #[serde(default)]
    pub holidays_notice: Option<String>,
    /// The business clock: `Tuesday 24 November, 10:31`.
    pub business_time: String,
    /// The business clock is not the machine's: practice data.
    pub is_practice: bool,
    /// Nobody is refused, whatever the gate finds: ENABLE_PRE_CALL_VALIDATION=false, in development.
    pub is_gate_off: bool,
    /// Direct mode, before the first reading is through: nobody is counted yet.
    pub is_being_read: bool,
    /// Promises that have passed to anyone and that nobody has kept.
    pub late_callbacks: i64,
    /// The next promise of whoever asks, if there is one within a day.
    pub next_callback: Option<NextCallback>,
}

/// A promise of an agent's own that is to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextCallback {
    /// Who waits for the call.
    pub user_id: UserId,
    /// When it was promised: `10:40`.
    pub at: String,
    /// Seconds until then, below 0 when it is past.
    pub seconds_left: i64,
    /// The agent is told so long before it.
    pub notice_seconds: i64,
    /// So long after it the promise is late: it passes to anyone.
    pub handover_seconds: i64,
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
    /// Are held by a pause of their lender or solicitor.
    pub paused: i64,
    /// The queue itself is paused: nobody is handed out.
    pub is_paused: bool,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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
    /// When it ends by itself, in words; none: when somebody resumes it.
    pub until: Option<String>,
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
    /// How many people a pause of it alone would hold back: all that they would be called about is with it. None for a queue.
    pub people: Option<i64>,
}

/// What a supervisor sees and does about the queues as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Overview {
    /// Pauses that hold, the newest first.
    pub pauses: Vec<Pause>,
    /// What could be paused: queues, then lenders and solicitors with the most people first.
    pub pausable: Vec<Pausable>,
    /// Who has a need and may not be rung, by queue and rule, the most first; as of the last discovery.
    pub blocked: Vec<Blocked>,
    /// Statuses on the claims platform that the rules do not know, by what they are of, the most first; as of the last discovery.
    pub unknown_statuses: Vec<UnknownStatus>,
    /// Runs of discovery, the newest first; at most the first is under way.
    pub runs: Vec<Run>,
    /// How many users the last whole discovery read: about as many as the next one will.
    pub expected_users: Option<i64>,
    /// When the next one comes by itself: `15:00`; none when it does not.
    pub next_run: Option<String>,
    /// QUEUE_MODE=direct: no queues are kept and nothing is discovered; who may be called was last read then (`today 10:02`), and is read
    /// every minute.
    pub direct: Option<String>,
    /// Entries found wrong in the last 24 hours, the newest first; not all of them.
    pub drift: Vec<Drift>,
    /// How many there were.
    pub drift_count: i64,
    /// The week's hours: day and hours in words.
    pub week: Vec<(String, String)>,
}

/// How many are held back by one rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocked {
    /// The queue they would be in.
    pub queue: QueueKind,
    /// The rule in words: “Do not contact”.
    pub rule: String,
    /// People; whoever is held back by two rules counts for each.
    pub people: i64,
}

/// A status on the claims platform that the rules do not know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnknownStatus {
    /// What it is of.
    pub of: StatusOf,
    /// In lower case, without the blanks around it: `on hold`.
    pub status: String,
    /// How many have it.
    pub count: i64,
}

impl UnknownStatus {
    /// What it is of, in words.
    pub const fn of_words(&self) -> &'static str {
        match self.of {
            StatusOf::Account => "Customer",
            StatusOf::Claim => "Claim",
            StatusOf::Requirement => "Request",
        }
    }

    /// What the dialler makes of it.
    pub const fn treated_words(&self) -> &'static str {
        match self.of {
            StatusOf::Account => "Treated as active: may be called",
            StatusOf::Claim => "Treated as open: calls are made about it",
            StatusOf::Requirement => "Treated as not pending: no call is made about it",
        }
    }
}

/// A run of discovery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Its number in the ledger.
    pub id: i64,
    /// `today 10:02`.
    pub started: String,
    /// By whom or what: “Gareth Penhaligon”, “the schedule”.
    pub by: String,
    /// About this queue alone; none: about all.
    pub only: Option<QueueKind>,
    /// It is not over.
    pub is_running: bool,
    /// How long it took, or has taken so far, in milliseconds.
    pub millis: i64,
    /// Why it came to nothing.
    pub failure: Option<String>,
    /// Users read so far.
    pub users_read: i64,
    /// Users of whom something could not be read.
    pub unreadable: i64,
    /// Came into a queue.
    pub added: i64,
    /// Went from one queue to the other.
    pub moved: i64,
    /// Stayed, with another score, time or number.
    pub changed: i64,
    /// Left.
    pub removed: i64,
    /// Stayed as they were.
    pub kept: i64,
}

/// An entry that a discovery found wrong and put right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Whose.
    pub user_id: UserId,
    /// The queue they waited in.
    pub was: QueueKind,
    /// The queue they belong in; none: in none.
    pub belongs: Option<QueueKind>,
    /// `today 10:02`.
    pub at: String,
}

/// The settings, for administrators.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingsView {
    /// The version that holds; a change names the one it was made from.
    pub version: i32,
    /// What holds.
    pub settings: Settings,
    /// The rule sets there are.
    pub rule_sets: Vec<String>,
    /// How it came to hold, the newest first.
    pub history: Vec<SettingsChange>,
}

/// A version of the settings and what it changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsChange {
    /// Its number.
    pub version: i32,
    /// `today 14:05`.
    pub at: String,
    /// Who; none: they came with the program.
    pub by: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// A line each: “Unsigned: calls 3 → 2 a day”.
    pub changes: Vec<String>,
}

/// The list of days without calls, for administrators.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayView {
    /// Today in London, by the business clock.
    pub today: NaiveDate,
    /// From 1 January of this year on, in order.
    pub days: Vec<ListedDay>,
    /// The last day that the list knows; none when it does not know today's year nor one before.
    pub end: Option<NaiveDate>,
    /// That the list ends within twelve months, or has ended, in words.
    pub notice: Option<String>,
    /// The file that the official list was loaded from last.
    pub source: Option<String>,
    /// When that was, in London.
    pub read_on: Option<NaiveDate>,
    /// The changes, the newest first.
    pub history: Vec<HolidayChange>,
}

/// A day without calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedDay {
    /// Which.
    pub day: NaiveDate,
    /// “Easter Monday”.
    pub name: String,
    /// Where it comes from; none: it is always closed, and not on the list.
    pub source: Option<HolidaySource>,
}

/// A change of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HolidayChange {
    /// `today 14:05`.
    pub at: String,
    /// Who: a name, “Set up” or “A command”.
    pub by: String,
    /// “Added Friday 28 May 2027, A jubilee.”
    pub words: String,
    /// Why; none for what came with the program.
    pub reason: Option<String>,
}

/// An objection to calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// To lift it by.
    pub id: i64,
    /// What kind.
    pub kind: SuppressionKind,
    /// Whose; none: of whoever has the number.
    pub user_id: Option<UserId>,
    /// Their name; “User 48213” when it is not known.
    pub name: Option<String>,
    /// The number, as people write it.
    pub number: Option<String>,
    /// Why.
    pub reason: String,
    /// How it came: “said to Hannah Whitfield on a call”, “entered by …”.
    pub from: String,
    /// `today 14:05`.
    pub since: String,
    /// When it ends by itself.
    pub until: Option<String>,
    /// How it ended; none while it holds.
    pub ended: Option<String>,
}

/// A page of objections.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectionPage {
    /// The newest first.
    pub objections: Vec<Objection>,
    /// Where the next page begins; none when this is the last.
    pub next: Option<i64>,
}

/// An objection to be put on record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewObjection {
    /// What kind.
    pub kind: SuppressionKind,
    /// A user's id, or a number as people write it.
    pub whom: String,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, `2026-12-31`; none: for good.
    pub until: Option<String>,
}

/// Users who were found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPeople {
    /// The newest first.
    pub people: Vec<FoundPerson>,
    /// There are more than are shown.
    pub has_more: bool,
}

/// A user who was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundPerson {
    /// Who.
    pub user_id: UserId,
    /// The name; “User 48213” when it is not known.
    pub name: String,
    /// The number as people write it; none when there is none that could be rung.
    pub number: Option<String>,
    /// The queue they wait in.
    pub queue: Option<QueueKind>,
}

/// Why a person may or may not be rung now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The queue whose need stands, whether or not a call may be made now; none: nothing to call about.
    pub need: Option<QueueKind>,
    /// Every reason against a call now; none of them: they may be rung.
    pub against: Vec<AgainstCall>,
    /// Their score now, with its factors.
    pub score: Option<scoring::Score>,
    /// The queue they wait in.
    pub waits_in: Option<QueueKind>,
    /// How many in it come before them now.
    pub before: Option<i64>,
    /// Who is with them.
    pub held_by: Option<String>,
    /// That is whoever asks.
    pub is_held_by_me: bool,
    /// When they were promised a call.
    pub promise: Option<String>,
    /// How long before this answer the replica was read, in milliseconds.
    pub read_age_millis: i64,
}

/// A reason against a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgainstCall {
    /// “Too soon after the last call”.
    pub words: String,
    /// Until when it holds, where that is known.
    pub until: Option<String>,
}

/// Where a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallbackStanding {
    /// Its time has not come.
    Upcoming,
    /// Its time has come, and it is not late yet.
    Due,
    /// It has passed to anyone, and nobody was rung.
    Late,
    /// A call was placed inside the window.
    Kept,
    /// A call was placed after it.
    Missed,
    /// Another time was promised instead.
    Moved,
    /// Its reason has gone; nobody was rung.
    NoLongerNeeded,
    /// Somebody withdrew it.
    Cancelled,
}

impl CallbackStanding {
    /// Still to be kept.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Upcoming | Self::Due | Self::Late)
    }
}

/// A promise to ring.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// To change it by.
    pub id: i64,
    /// Whom.
    pub user_id: UserId,
    /// Their name; “User 48213” when it cannot be read.
    pub name: String,
    /// `today 14:30`.
    pub at: String,
    /// `14:30`.
    pub clock: String,
    /// London's days from today to that day; negative when it has passed.
    pub days_until: i64,
    /// From the answer to the time promised; negative when it has passed.
    pub seconds_until: i64,
    /// Where it stands.
    pub standing: CallbackStanding,
    /// What it is about.
    pub reason: String,
    /// The person's number, as people write it; none when none is known that could be rung.
    pub number: Option<String>,
    /// It is offered first to whoever asks.
    pub is_mine: bool,
    /// To whom it is offered first; none: to anyone.
    pub with: Option<String>,
    /// Until when it is kept for them: `14:35`; none: it is offered to anyone.
    pub kept_until: Option<String>,
    /// The second try of a promise that nobody answered.
    pub is_retry: bool,
    /// Who is with the person now.
    pub held_by: Option<String>,
    /// Put back until then, or held by a limit.
    pub waits_until: Option<String>,
    /// When they were rung for it.
    pub rang: Option<String>,
    /// What was promised instead, of one that was moved.
    pub moved_to: Option<String>,
    /// Who withdrew it and why.
    pub withdrawn: Option<String>,
}

/// Promises, and how many were kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallbackList {
    /// Those to be kept, by time; then the settled ones of the last seven days, the newest first.
    pub callbacks: Vec<Callback>,
    /// Kept in the last seven days.
    pub kept: i64,
    /// Of so many.
    pub of: i64,
    /// A call within so many minutes keeps a promise.
    pub window_minutes: u32,
    /// After so many minutes a promise is late and passes to anyone.
    pub handover_minutes: u32,
    /// The agent is told so many minutes before.
    pub notice_minutes: u32,
    /// When calls may be made today, in minutes from midnight; none: never.
    pub today: Option<(u16, u16)>,
}

/// Whom a callback is promised to, while its time is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromiseFor {
    /// Somebody of whom nothing is known here: hours and days alone count.
    Anybody,
    /// Somebody whom a call was about.
    Call {
        /// Who.
        user: UserId,
        /// The queue that they came from.
        queue: QueueKind,
        /// They asked to be rung then whether or not anything is still needed.
        asked_regardless: bool,
    },
    /// Whoever has this promise, which gets another time.
    Callback {
        /// Its id.
        id: i64,
    },
}

/// A time that can be promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromiseTime {
    /// London's wall time: `2026-11-24T14:30`.
    pub at: String,
    /// Its name: “Tomorrow”.
    pub label: String,
    /// What stands below the name: “Wed 10:00”.
    pub hint: String,
    /// In words: “Wednesday 25 November, 10:00”.
    pub said: String,
}

/// A time that was asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedTime {
    /// As it was asked.
    pub at: String,
    /// In words.
    pub said: String,
    /// Why it cannot be promised; none: it can.
    pub refused: Option<String>,
    /// The next time that can be, if it cannot.
    pub instead: Option<PromiseTime>,
}

/// When a callback can be promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromiseTimes {
    /// Quick choices, soonest first.
    pub choices: Vec<PromiseTime>,
    /// Today in London.
    pub today: NaiveDate,
    /// When a promise can be kept, in words.
    pub hours: String,
    /// What becomes of the time that was asked about.
    pub asked: Option<AskedTime>,
}

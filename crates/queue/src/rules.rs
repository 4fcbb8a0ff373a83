//! Eligibility: the one pure function that says whether a person may be rung, for which reason, and if not why.
//! Discovery, Call next and the dial all use it; nothing else decides. It needs no database and no clock.

mod judge;
mod limits;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use kernel::{InvalidPhoneNumber, Moment, PhoneNumber, QueueKind, ReadNumber};
use serde::{Deserialize, Serialize};
use users::Facts;

pub use self::judge::{NO_NAME, claim_names, counted_requirements, is_spacing_outweighed, judge};
pub use self::limits::{attempt_limits, calls_today};
use crate::holidays::Holidays;
use crate::settings::Settings;

/// Everything that a judgement rests on.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    /// What the claims platform says; none when there is no such user.
    pub facts: Option<&'a Facts>,
    /// The person's number, parsed.
    pub number: &'a NumberFact,
    /// What the dialler itself knows.
    pub own: &'a OwnFacts,
    /// What is paused now.
    pub pauses: &'a Pauses,
    /// The rules' numbers.
    pub settings: &'a Settings,
    /// The days without calls.
    pub holidays: &'a Holidays,
    /// Now.
    pub moment: Moment,
}

/// What parsing the number said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NumberFact {
    /// May be rung.
    Usable(ReadNumber),
    /// May not.
    Unusable(InvalidPhoneNumber),
    /// The platform holds none.
    Missing,
    /// Not part of this judgement; raises no objection. Parsing is dear, so discovery first sees who would be eligible,
    /// then leaves out whoever has no number that may be rung.
    NotParsed,
}

impl NumberFact {
    /// The number, when it may be rung.
    pub fn usable(&self) -> Option<&PhoneNumber> {
        self.read().map(|read| &read.number)
    }

    /// The number with what a switchboard is asked for behind it, when it may be rung.
    pub fn read(&self) -> Option<&ReadNumber> {
        match self {
            Self::Usable(read) => Some(read),
            Self::Unusable(_) | Self::Missing | Self::NotParsed => None,
        }
    }
}

/// What the dialler itself knows of a person and their number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnFacts {
    /// A promise whose time has come.
    pub due_callback: Option<DueCallback>,
    /// Objections that hold now, of the person or of the number.
    pub suppressions: Vec<Suppression>,
    /// Attempts of the last 7 days, in any order.
    pub attempts: Vec<Attempt>,
    /// What came of the last attempt, if anything was recorded.
    pub last_outcome: Option<LastOutcome>,
    /// An agent put the person back until then.
    pub put_back_until: Option<DateTime<Utc>>,
    /// Consent to marketing calls on this number is on record.
    pub has_consent: bool,
    /// The Telephone Preference Service listed this number in the last 28 days.
    pub is_tps_listed: bool,
}

/// A promise to ring that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueCallback {
    /// Why it was promised.
    pub reason: CallbackReason,
    /// A promise was already rung today: the exemption from caps holds once a day.
    pub promise_used_today: bool,
    /// The one more try of a promise that nobody answered: the last call does not stand in its way, the caps do.
    pub is_retry: bool,
}

/// Why a callback was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum CallbackReason {
    /// To sign.
    Signature,
    /// To send something.
    Requirements,
    /// The user asked for it regardless; stands also when nothing is pending.
    UserAsked,
}

impl CallbackReason {
    /// The queue of those who have the same need; none when the user asked regardless.
    #[cfg(feature = "ssr")]
    pub(crate) const fn queue(self) -> Option<QueueKind> {
        match self {
            Self::Signature => Some(QueueKind::UnsignedUsers),
            Self::Requirements => Some(QueueKind::OutstandingRequests),
            Self::UserAsked => None,
        }
    }
}

/// An objection on record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// What kind.
    pub kind: SuppressionKind,
}

/// What kind of objection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum SuppressionKind {
    /// Do not contact, for good.
    DoNotContact,
    /// The number was reported bad and has not changed since.
    BadNumber,
    /// Opted out of calls.
    OptedOut,
}

/// One try to ring, answered or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: DateTime<Utc>,
    /// The queue the person was handed out from, for the cap of that queue. None, such as for manual dialling: it
    /// counts towards the caps across queues alone.
    pub queue: Option<QueueKind>,
    /// It counts for this person. An attempt on the same number for somebody else counts for the number alone.
    pub of_person: bool,
    /// It counts for this number.
    pub on_number: bool,
}

/// What came of the last attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastOutcome {
    /// No call before then because of the disposition.
    pub delay_until: Option<DateTime<Utc>>,
    /// `busy` and `failed`: the delay alone holds, cooling-off does not.
    pub replaces_cooling_off: bool,
}

/// What supervisors paused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pauses {
    /// Queues.
    pub queues: BTreeSet<QueueKind>,
    /// Codes of lenders.
    pub lenders: BTreeSet<String>,
    /// Names of solicitors.
    pub solicitors: BTreeSet<String>,
}

/// Why a person may not be rung now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Reason {
    /// The platform has no such user.
    NotFound,
    /// The platform says that nobody may call this user.
    NotEnabled,
    /// The status is inactive or cancelled.
    Inactive,
    /// No claim is open.
    NoOpenClaim,
    /// There is no number.
    NoNumber,
    /// There is a number that may not be rung.
    UnusableNumber {
        /// Why.
        why: InvalidPhoneNumber,
    },
    /// The person objected for good.
    DoNotContact,
    /// The number was reported bad and is still the same.
    BadNumber,
    /// The person opted out of calls.
    OptedOut,
    /// The call would be marketing, and there is no consent on record (PECR, regulation 21A).
    NoConsent,
    /// The call would be marketing without consent, and the number is listed with the Telephone Preference Service (regulation 21).
    OnTps,
    /// Signed, and nothing that only the user can do is pending.
    NothingToCallAbout,
    /// A cap on attempts is reached.
    AttemptCap {
        /// When the next call may be made.
        until: DateTime<Utc>,
    },
    /// Too soon after the last call.
    CoolingOff {
        /// When the next call may be made.
        until: DateTime<Utc>,
    },
    /// An agent put the person back.
    PutBack {
        /// When the next call may be made.
        until: DateTime<Utc>,
    },
    /// Outside calling hours.
    OutsideCallingHours,
    /// A day without calls: a bank holiday, one that is always closed, one of our own, or one that the list of holidays does not know.
    BankHoliday {
        /// Which, in words: “Easter Monday, a bank holiday”; none in a record of before that was kept.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        day: Option<String>,
    },
    /// Nobody has decided what kind of contact a call from this queue is.
    NoContactBasis,
    /// The queue is paused.
    QueuePaused,
    /// Every claim the call would be about is with a paused lender; or some are, and the others with a paused solicitor.
    LenderPaused,
    /// Every claim the call would be about is with a paused solicitor; or some are, and the others with a paused lender.
    SolicitorPaused,
}

impl Reason {
    /// The rule that it breaks, by its name in [`RULES`].
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::NotFound => "exists",
            Self::NotEnabled => "enabled",
            Self::Inactive => "status",
            Self::NoOpenClaim => "open_claim",
            Self::NoNumber | Self::UnusableNumber { .. } => "number",
            Self::DoNotContact => "do_not_contact",
            Self::BadNumber => "bad_number",
            Self::OptedOut => "opt_out",
            Self::NothingToCallAbout => "need",
            Self::AttemptCap { .. } => "attempt_caps",
            Self::CoolingOff { .. } => "cooling_off",
            Self::PutBack { .. } => "put_back",
            Self::OutsideCallingHours => "calling_hours",
            Self::BankHoliday { .. } => "bank_holiday",
            Self::NoContactBasis | Self::NoConsent | Self::OnTps => "contact_basis",
            Self::QueuePaused => "queue_pause",
            Self::LenderPaused => "lender_pause",
            Self::SolicitorPaused => "solicitor_pause",
        }
    }

    /// What it does to the queue entry.
    pub const fn effect(&self) -> Effect {
        match self {
            Self::NotFound
            | Self::NotEnabled
            | Self::Inactive
            | Self::NoOpenClaim
            | Self::NoNumber
            | Self::UnusableNumber { .. }
            | Self::DoNotContact
            | Self::BadNumber
            | Self::OptedOut
            | Self::NoConsent
            | Self::OnTps
            | Self::NothingToCallAbout => Effect::Remove,
            Self::AttemptCap { until } | Self::CoolingOff { until } | Self::PutBack { until } => Effect::Wait(*until),
            Self::OutsideCallingHours
            | Self::BankHoliday { .. }
            | Self::NoContactBasis
            | Self::QueuePaused
            | Self::LenderPaused
            | Self::SolicitorPaused => Effect::Keep,
        }
    }

    /// A call that this stopped was not needed: it counts as saved. Where the number is at fault or consent is missing the call may well
    /// be needed, it just cannot be made.
    pub const fn is_saved_call(&self) -> bool {
        matches!(self.effect(), Effect::Remove)
            && !matches!(self, Self::NoNumber | Self::UnusableNumber { .. } | Self::BadNumber | Self::NoConsent | Self::OnTps)
    }

    /// Its name on the wire and in the ledger.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::NotEnabled => "not_enabled",
            Self::Inactive => "inactive",
            Self::NoOpenClaim => "no_open_claim",
            Self::NoNumber => "no_number",
            Self::UnusableNumber { .. } => "unusable_number",
            Self::DoNotContact => "do_not_contact",
            Self::BadNumber => "bad_number",
            Self::OptedOut => "opted_out",
            Self::NoConsent => "no_consent",
            Self::OnTps => "on_tps",
            Self::NoContactBasis => "no_contact_basis",
            Self::NothingToCallAbout => "nothing_to_call_about",
            Self::AttemptCap { .. } => "attempt_cap",
            Self::CoolingOff { .. } => "cooling_off",
            Self::PutBack { .. } => "put_back",
            Self::OutsideCallingHours => "outside_calling_hours",
            Self::BankHoliday { .. } => "bank_holiday",
            Self::QueuePaused => "queue_paused",
            Self::LenderPaused => "lender_paused",
            Self::SolicitorPaused => "solicitor_paused",
        }
    }

    /// In words, for the screen.
    pub fn words(&self) -> String {
        let words = match self {
            Self::NotFound => "Not on the claims platform any more",
            Self::NotEnabled => "Calls are switched off on the claims platform",
            Self::Inactive => "The account is inactive or cancelled",
            Self::NoOpenClaim => "No claim is open any more",
            Self::NoNumber => "There is no number on record",
            Self::UnusableNumber { why } => return format!("The number cannot be rung: {why}"),
            Self::DoNotContact => "Asked not to be contacted",
            Self::BadNumber => "The number was reported as wrong",
            Self::OptedOut => "Opted out of calls",
            Self::NoConsent => "No consent to marketing calls is on record",
            Self::OnTps => "The number is listed with the Telephone Preference Service",
            Self::NoContactBasis => "Nobody has decided what kind of contact a call from this queue is",
            Self::NothingToCallAbout => "Nothing is outstanding any more",
            Self::AttemptCap { .. } => "Called often enough for now",
            Self::CoolingOff { .. } => "Too soon after the last call",
            Self::PutBack { .. } => "Put back by an agent for a while",
            Self::OutsideCallingHours => "Outside calling hours",
            Self::BankHoliday { day: Some(day) } => return format!("No calls today: {day}"),
            Self::BankHoliday { day: None } => "Today is a bank holiday",
            Self::QueuePaused => "The queue is paused",
            Self::LenderPaused => "The lender is paused",
            Self::SolicitorPaused => "The solicitor is paused",
        };
        words.to_owned()
    }
}

/// What is wrong with a number, as discovery counts it beside the codes of [`Reason`]: two numbers in one field can be repaired on the claims
/// platform, a number in Jersey cannot.
pub const fn number_code(why: InvalidPhoneNumber) -> &'static str {
    use InvalidPhoneNumber as Why;
    match why {
        Why::NotANumber | Why::EmailAddress | Why::Date | Why::ShortenedBySpreadsheet => "number_is_none",
        Why::LettersInIt => "number_with_letters",
        Why::DigitsMissing => "number_too_short",
        Why::TooManyDigits => "number_too_long",
        Why::TwoNumbers => "number_is_two",
        Why::NotAssigned => "number_not_assigned",
        Why::ForeignCountry => "number_abroad",
        Why::CrownDependency => "number_of_islands",
        Why::ForbiddenKind => "number_forbidden",
    }
}

/// The rule behind a reason's code, as the head of a column of figures.
pub fn rule_words(code: &str) -> &'static str {
    match code {
        "not_enabled" => "Calls switched off on the platform",
        "inactive" => "Account inactive or cancelled",
        "no_open_claim" => "No open claim",
        "no_number" => "No number",
        // Of a discovery by a release that counted them together.
        "unusable_number" => "Number cannot be rung",
        "number_is_none" => "Number: not a phone number",
        "number_with_letters" => "Number: letters or other signs in it",
        "number_too_short" => "Number: digits are missing",
        "number_too_long" => "Number: too many digits",
        "number_is_two" => "Number: two in one field",
        "number_not_assigned" => "Number: no phone company has it",
        "number_abroad" => "Number: another country",
        "number_of_islands" => "Number: Jersey, Guernsey or Isle of Man",
        "number_forbidden" => "Number: a kind that we never ring",
        "do_not_contact" => "Do not contact",
        "bad_number" => "Wrong number",
        "opted_out" => "Opted out of calls",
        "no_consent" => "No consent on record",
        "on_tps" => "Telephone Preference Service",
        "attempt_cap" => "Called often enough",
        "cooling_off" => "Too soon after the last call",
        "put_back" => "Put back by an agent",
        "lender_paused" => "Lender paused",
        "solicitor_paused" => "Solicitor paused",
        _ => "Another rule",
    }
}

/// What a reason does to the queue entry of whom it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The entry goes.
    Remove,
    /// The entry stays and becomes available at a time.
    Wait(DateTime<Utc>),
    /// The entry stays as it is; judged again at the next call.
    Keep,
}

/// Every rule of the gate with its version, in the order in which they are applied. A change of what a rule means is a new version of it:
/// a record says under which one it was made.
pub const RULES: [(&str, u32); 18] = [
    ("exists", 1),
    // 2: only a plain yes is one.
    ("enabled", 2),
    // 2, here and below: whatever blanks stand around words.
    ("status", 2),
    ("open_claim", 2),
    ("number", 2),
    ("do_not_contact", 1),
    ("bad_number", 1),
    ("opt_out", 1),
    ("need", 2),
    ("attempt_caps", 1),
    ("cooling_off", 1),
    ("put_back", 1),
    ("calling_hours", 1),
    // 2: also the days that are always closed, our own days, and days beyond the end of the list.
    ("bank_holiday", 2),
    ("contact_basis", 1),
    ("queue_pause", 1),
    ("lender_pause", 2),
    ("solicitor_pause", 2),
];

/// Rules that space calls out; a wish of the user's own to be rung now outweighs them.
pub const SPACING: [&str; 3] = ["attempt_caps", "cooling_off", "put_back"];

/// What the one function says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The queue whose need stands, whether or not a call may be made now.
    pub need: Option<QueueKind>,
    /// Every reason against a call now; empty when callable.
    pub reasons: Vec<Reason>,
}

impl Judgement {
    /// The queue from which the person may be rung now: the need stands and nothing is against it.
    pub fn callable(&self) -> Option<QueueKind> {
        self.need.filter(|_| self.reasons.is_empty())
    }

    /// Until when the reasons that only make a person wait hold; none when there are none, and when any other removes.
    pub fn latest_wait(&self) -> Option<DateTime<Utc>> {
        let mut latest = None;
        for reason in &self.reasons {
            match reason.effect() {
                Effect::Remove => return None,
                Effect::Wait(until) => latest = latest.max(Some(until)),
                Effect::Keep => {}
            }
        }
        latest
    }

    /// The queue entry that should exist, and from when it can be handed out. None when there should be no entry:
    /// nothing to call about, a reason that removes, or a due callback, which lives among the callbacks instead.
    pub fn entry(&self, now: DateTime<Utc>) -> Option<(QueueKind, DateTime<Utc>)> {
        let queue = self.need.filter(|need| *need != QueueKind::Callbacks)?;
        let mut available_at = now;
        for reason in &self.reasons {
            match reason.effect() {
                Effect::Remove => return None,
                Effect::Wait(until) => available_at = available_at.max(until),
                Effect::Keep => {}
            }
        }
        Some((queue, available_at))
    }
}

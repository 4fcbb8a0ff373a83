//! The numbers of the rules, as data: stored in `queue.settings`, versioned, never constants in code.
//! The defaults are those of the rules of the business.

use kernel::QueueKind;
use serde::{Deserialize, Serialize};

/// Everything in the rules of the queue that has a number or a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Calls a day and hours between calls, for each queue.
    pub unsigned_users: Cap,
    /// As above.
    pub outstanding_requests: Cap,
    /// As above.
    pub callbacks: Cap,
    /// Attempts a day over all queues, for each person and for each number.
    pub attempts_a_day: u32,
    /// Attempts in 7 days over all queues, for each person and for each number.
    pub attempts_in_7_days: u32,
    /// When calls may be made.
    pub calling_hours: CallingHours,
    /// Minutes that a lease lasts unless it is renewed.
    pub lease_minutes: u32,
    /// Minutes that a person who was let go is not offered.
    pub put_back_minutes: u32,
    /// How many entries one request tries at most.
    pub tries: u32,
    /// The replica may be this far behind, in milliseconds.
    pub max_lag_millis: i64,
    /// Types of requirements that the user cannot act on.
    pub uncounted_requirements: Vec<UncountedRequirement>,
    /// The rule set that orders the queues.
    pub rule_set: String,
}

/// A limit on attempts in one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// Attempts a day.
    pub calls_a_day: u32,
    /// Hours from one attempt to the next.
    pub hours_between: Option<u32>,
}

/// When calls may be made, London time, minutes from midnight. None: not on such a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallingHours {
    /// Monday to Friday.
    pub weekdays: Option<Span>,
    /// Saturday.
    pub saturday: Option<Span>,
    /// Sunday.
    pub sunday: Option<Span>,
    /// Whether calls are made on bank holidays, in that weekday's hours.
    pub on_bank_holidays: bool,
}

/// From one minute of the day until before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// First minute, from midnight.
    pub from_minute: u16,
    /// First minute that is outside again.
    pub until_minute: u16,
}

/// A requirement that does not count, because the user cannot act on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UncountedRequirement {
    /// Its type, compared without case.
    pub kind: String,
    /// Only with this reason, compared without case and outer spaces; none: with any.
    pub reason: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let any = |kind: &str| UncountedRequirement { kind: kind.into(), reason: None };
        Self {
            unsigned_users: Cap { calls_a_day: 3, hours_between: Some(4) },
            outstanding_requests: Cap { calls_a_day: 2, hours_between: Some(6) },
            callbacks: Cap { calls_a_day: 2, hours_between: None },
            attempts_a_day: 3,
            attempts_in_7_days: 10,
            calling_hours: CallingHours {
                weekdays: Some(Span { from_minute: 9 * 60, until_minute: 20 * 60 }),
                saturday: Some(Span { from_minute: 10 * 60, until_minute: 17 * 60 }),
                sunday: None,
                on_bank_holidays: false,
            },
            lease_minutes: 10,
            put_back_minutes: 30,
            tries: 25,
            max_lag_millis: 5_000,
            uncounted_requirements: vec![
                any("signature"),
                any("vehicle_registration"),
                any("cfa"),
                any("solicitor_letter_of_authority"),
                any("letter_of_authority"),
                UncountedRequirement { kind: "id_document".into(), reason: Some("base requirement for claim.".into()) },
            ],
            rule_set: "standard".into(),
        }
    }
}

impl Settings {
    /// The cap of one queue.
    pub const fn cap(&self, queue: QueueKind) -> Cap {
        match queue {
            QueueKind::Callbacks => self.callbacks,
            QueueKind::UnsignedUsers => self.unsigned_users,
            QueueKind::OutstandingRequests => self.outstanding_requests,
        }
    }
}

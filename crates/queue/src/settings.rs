//! The numbers of the rules, as data: stored in `queue.settings`, versioned, never constants in code.
//! The defaults are those of the rules of the business.

use kernel::QueueKind;
use serde::{Deserialize, Serialize};

/// Everything in the rules of the queue that has a number or a list. What an older document lacks is as by default, and what a newer one
/// has beside it is passed over: the previous program reads the settings of the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    /// The rule set that orders the queues: the name of a shipped one, or name and version of one that was added.
    pub rule_set: String,
    /// Whether age counts in the order: it is a protected characteristic, so this factor can be switched off by itself.
    pub age_counts: bool,
    /// What kind of contact a call from each queue is.
    pub contact_basis: ContactBases,
    /// Minutes before and after the time promised in which a call keeps the promise.
    pub promise_window_minutes: u32,
    /// Minutes after which a promise that prefers an agent passes to anyone.
    pub callback_handover_minutes: u32,
    /// Minutes until a promise is tried once more when nobody answered.
    pub callback_retry_minutes: u32,
    /// Minutes before the time promised at which the agent is told.
    pub callback_notice_minutes: u32,
    /// Seconds that an agent has to say what came of a call, unless they ask for more.
    pub wrap_up_seconds: u32,
    /// The first line of every talk: that it is recorded (compliance, C10).
    pub recording_notice: String,
    /// Months that recordings are kept after the last end (compliance, C11); at least [`RECORDING_MONTHS`].
    pub recording_months: u32,
    /// Months that names, numbers and dates of birth are kept beside the records of decisions. The records stay, and their proof.
    pub personal_facts_months: u32,
}

/// Recordings are never kept for fewer months (CMCOB 2.3.6R).
pub const RECORDING_MONTHS: u32 = 12;

/// What kind of contact a call is, in the sense of the law on electronic marketing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactBasis {
    /// Part of a service that the person has taken up: about their own claim.
    Service,
    /// Marketing: nobody is rung without consent on record.
    Marketing,
}

/// The kind of contact of each queue; none: not decided, and nobody is called from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactBases {
    /// Promises.
    pub callbacks: Option<ContactBasis>,
    /// Missing signatures.
    pub unsigned_users: Option<ContactBasis>,
    /// Something outstanding.
    pub outstanding_requests: Option<ContactBasis>,
}

impl ContactBases {
    /// Of one queue.
    pub const fn of(&self, queue: QueueKind) -> Option<ContactBasis> {
        match queue {
            QueueKind::Callbacks => self.callbacks,
            QueueKind::UnsignedUsers => self.unsigned_users,
            QueueKind::OutstandingRequests => self.outstanding_requests,
        }
    }

    /// The queues of which nobody has decided what kind of contact a call is, by name.
    #[cfg(feature = "ssr")]
    pub(crate) fn undecided(self) -> Vec<String> {
        QueueKind::ALL.into_iter().filter(|queue| self.of(*queue).is_none()).map(|queue| queue.as_str().to_owned()).collect()
    }
}

/// A limit on attempts in one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cap {
    /// Attempts a day.
    pub calls_a_day: u32,
    /// Hours from one attempt to the next.
    pub hours_between: Option<u32>,
}

/// When calls may be made, London time, minutes from midnight. None: not on such a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallingHours {
    /// Monday to Friday.
    pub weekdays: Option<Span>,
    /// Saturday.
    pub saturday: Option<Span>,
    /// Sunday.
    pub sunday: Option<Span>,
    /// Whether calls are made on bank holidays, in that weekday's hours. The days that are always closed stay closed, and so do our own and
    /// those of a year that the list of holidays does not know.
    pub on_bank_holidays: bool,
}

/// From one minute of the day until before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First minute, from midnight.
    pub from_minute: u16,
    /// First minute that is outside again.
    pub until_minute: u16,
}

/// A requirement that does not count, because the user cannot act on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
            age_counts: true,
            contact_basis: ContactBases {
                callbacks: Some(ContactBasis::Service),
                unsigned_users: Some(ContactBasis::Service),
                outstanding_requests: Some(ContactBasis::Service),
            },
            promise_window_minutes: 15,
            callback_handover_minutes: 5,
            callback_retry_minutes: 15,
            callback_notice_minutes: 10,
            wrap_up_seconds: 120,
            recording_notice: "Before we go on, I should let you know that this call is recorded.".into(),
            recording_months: RECORDING_MONTHS,
            personal_facts_months: 36,
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

/// A whole number among the settings: what it is called, and between which bounds it lies. The form, the check and the history go by it.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Under which head it stands.
    pub group: &'static str,
    /// What it is.
    pub label: &'static str,
    /// “a day”, “minutes”.
    pub unit: &'static str,
    /// The least and the most it may be.
    pub bounds: (u32, u32),
    /// It may be left empty: no limit.
    pub may_be_empty: bool,
    get: fn(&Settings) -> Option<u32>,
    set: fn(&mut Settings, u32),
    clear: fn(&mut Settings),
}

impl Field {
    /// What it is now; none when it is left empty.
    pub fn get(&self, settings: &Settings) -> Option<u32> {
        (self.get)(settings)
    }

    /// Sets what was typed; what is wrong with it, in words.
    pub fn set(&self, settings: &mut Settings, text: &str) -> Result<(), String> {
        let text = text.trim();
        if text.is_empty() && self.may_be_empty {
            (self.clear)(settings);
            return Ok(());
        }
        match text.parse::<u32>() {
            Ok(value) if self.allows(value) => {
                (self.set)(settings, value);
                Ok(())
            }
            _ => Err(self.problem()),
        }
    }

    const fn allows(&self, value: u32) -> bool {
        value >= self.bounds.0 && value <= self.bounds.1
    }

    fn problem(&self) -> String {
        format!("{}: a whole number from {} to {}.", self.label, self.bounds.0, self.bounds.1)
    }
}

macro_rules! field {
    ($group:literal, $label:literal, $unit:literal, $bounds:expr, $($path:ident).+) => {
        Field {
            group: $group,
            label: $label,
            unit: $unit,
            bounds: $bounds,
            may_be_empty: false,
            get: |settings| Some(settings.$($path).+),
            set: |settings, value| settings.$($path).+ = value,
            clear: |_| {},
        }
    };
    ($group:literal, $label:literal, $unit:literal, $bounds:expr, optional $($path:ident).+) => {
        Field {
            group: $group,
            label: $label,
            unit: $unit,
            bounds: $bounds,
            may_be_empty: true,
            get: |settings| settings.$($path).+,
            set: |settings, value| settings.$($path).+ = Some(value),
            clear: |settings| settings.$($path).+ = None,
        }
    };
}

/// Every whole number among the settings, in the order of the form.
pub const FIELDS: [Field; 19] = [
    field!("Limits", "Unsigned: calls", "a day", (0, 10), unsigned_users.calls_a_day),
    field!("Limits", "Unsigned: hours between calls", "hours", (0, 168), optional unsigned_users.hours_between),
    field!("Limits", "Outstanding: calls", "a day", (0, 10), outstanding_requests.calls_a_day),
    field!("Limits", "Outstanding: hours between calls", "hours", (0, 168), optional outstanding_requests.hours_between),
    field!("Limits", "Callbacks: calls", "a day", (0, 10), callbacks.calls_a_day),
    field!("Limits", "Callbacks: hours between calls", "hours", (0, 168), optional callbacks.hours_between),
    field!("Limits", "All queues: calls to a person or a number", "a day", (0, 10), attempts_a_day),
    field!("Limits", "All queues: calls to a person or a number", "in 7 days", (0, 70), attempts_in_7_days),
    field!("Callbacks", "A call keeps a promise when it is made within", "minutes of it", (1, 120), promise_window_minutes),
    field!("Callbacks", "The agent is told before it is due", "minutes", (1, 60), callback_notice_minutes),
    field!("Callbacks", "It passes to anyone after", "minutes", (0, 60), callback_handover_minutes),
    field!("Callbacks", "When nobody answers, it is tried once more after", "minutes", (5, 120), callback_retry_minutes),
    field!("Work", "A person is held for", "minutes", (1, 60), lease_minutes),
    field!("Work", "What came of a call is asked for", "seconds", (15, 900), wrap_up_seconds),
    field!("Work", "Whoever is skipped is not offered for", "minutes", (1, 1_440), put_back_minutes),
    field!("Work", "People tried for one Call next", "at most", (1, 100), tries),
    field!(
        "Work",
        "Recordings are kept after the last claim, complaint or call has ended for",
        "months",
        (RECORDING_MONTHS, 240),
        recording_months
    ),
    field!("Work", "Names and numbers in decisions are kept for", "months", (12, 120), personal_facts_months),
    Field {
        group: "Work",
        label: "The replica may be behind by",
        unit: "seconds",
        bounds: (1, 60),
        may_be_empty: false,
        get: |settings| u32::try_from(settings.max_lag_millis / 1_000).ok(),
        set: |settings, value| settings.max_lag_millis = i64::from(value) * 1_000,
        clear: |_| {},
    },
];

/// The kinds of days that have hours of their own, with the hours that no setting can widen.
pub const DAYS: [(&str, Span); 3] = [
    ("Monday to Friday", Span { from_minute: 8 * 60, until_minute: 21 * 60 }),
    ("Saturday", Span { from_minute: 9 * 60, until_minute: 21 * 60 }),
    ("Sunday", Span { from_minute: 9 * 60, until_minute: 21 * 60 }),
];

impl CallingHours {
    /// In the order of [`DAYS`].
    pub const fn days(&self) -> [Option<Span>; 3] {
        [self.weekdays, self.saturday, self.sunday]
    }
}

/// Entries of the list of requirements that do not count.
const LONGEST_LIST: usize = 100;
const LONGEST_ENTRY: usize = 200;

/// Characters of the recording notice: as many as can be said in one breath.
pub const NOTICE_LENGTH: std::ops::RangeInclusive<usize> = 10..=300;

/// What is wrong with settings that somebody wants, a sentence each; nothing when they can be stored.
pub fn problems(settings: &Settings) -> Vec<String> {
    let mut problems: Vec<String> = FIELDS
        .iter()
        .filter(|field| field.get(settings).map_or(!field.may_be_empty, |value| !field.allows(value)))
        .map(Field::problem)
        .collect();
    if settings.max_lag_millis % 1_000 != 0 {
        problems.push("The replica may be behind by whole seconds.".to_owned());
    }
    for ((day, outer), span) in DAYS.into_iter().zip(settings.calling_hours.days()) {
        let Some(span) = span else { continue };
        if span.from_minute >= span.until_minute {
            problems.push(format!("{day}: calls end after they begin."));
        } else if span.from_minute < outer.from_minute || span.until_minute > outer.until_minute {
            problems.push(format!(
                "{day}: calls are made from {} to {} at the widest; no setting widens that.",
                clock(outer.from_minute),
                clock(outer.until_minute)
            ));
        }
    }
    if !NOTICE_LENGTH.contains(&settings.recording_notice.trim().chars().count()) {
        problems.push(format!("The recording notice has {} to {} characters.", NOTICE_LENGTH.start(), NOTICE_LENGTH.end()));
    }
    let entries = &settings.uncounted_requirements;
    if entries.len() > LONGEST_LIST {
        problems.push(format!("At most {LONGEST_LIST} requirements can be left out."));
    }
    let is_long = |text: &String| text.trim().is_empty() || text.chars().count() > LONGEST_ENTRY;
    if entries.iter().any(|entry| is_long(&entry.kind) || entry.reason.as_ref().is_some_and(is_long)) {
        problems.push(format!("A requirement that is left out has a name of 1 to {LONGEST_ENTRY} characters."));
    }
    problems
}

/// What differs, a line each: “Unsigned: calls 3 → 2 a day”.
pub fn differences(before: &Settings, after: &Settings) -> Vec<String> {
    let value = |value: Option<u32>| value.map_or_else(|| "none".to_owned(), |value| value.to_string());
    let mut lines: Vec<String> = FIELDS
        .iter()
        .filter(|field| field.get(before) != field.get(after))
        .map(|field| format!("{} {} → {} {}", field.label, value(field.get(before)), value(field.get(after)), field.unit))
        .collect();
    let hours = |span: Option<Span>| {
        span.map_or_else(|| "never".to_owned(), |span| format!("{}–{}", clock(span.from_minute), clock(span.until_minute)))
    };
    for (((day, _), old), new) in DAYS.into_iter().zip(before.calling_hours.days()).zip(after.calling_hours.days()) {
        if old != new {
            lines.push(format!("{day} {} → {}", hours(old), hours(new)));
        }
    }
    if before.calling_hours.on_bank_holidays != after.calling_hours.on_bank_holidays {
        lines.push(format!("Calls on bank holidays: {}", if after.calling_hours.on_bank_holidays { "yes" } else { "no" }));
    }
    for queue in QueueKind::ALL {
        let (old, new) = (before.contact_basis.of(queue), after.contact_basis.of(queue));
        if old != new {
            lines.push(format!("{}: kind of contact {} → {}", queue.label(), basis_words(old), basis_words(new)));
        }
    }
    let entry = |entry: &UncountedRequirement| match &entry.reason {
        Some(reason) => format!("{} ({reason})", entry.kind),
        None => entry.kind.clone(),
    };
    let (old, new) = (&before.uncounted_requirements, &after.uncounted_requirements);
    lines.extend(new.iter().filter(|added| !old.contains(added)).map(|added| format!("Left out from now on: {}", entry(added))));
    lines.extend(old.iter().filter(|gone| !new.contains(gone)).map(|gone| format!("Counted from now on: {}", entry(gone))));
    if before.rule_set != after.rule_set {
        lines.push(format!("Rule set {} → {}", before.rule_set, after.rule_set));
    }
    if before.recording_notice != after.recording_notice {
        lines.push(format!("Recording notice: “{}” → “{}”", before.recording_notice, after.recording_notice));
    }
    if before.age_counts != after.age_counts {
        lines.push(format!("Age counts: {}", if after.age_counts { "yes" } else { "no" }));
    }
    lines
}

/// As a choice on a screen.
pub const fn basis_words(basis: Option<ContactBasis>) -> &'static str {
    match basis {
        Some(ContactBasis::Service) => "service",
        Some(ContactBasis::Marketing) => "marketing",
        None => "not decided",
    }
}

/// `09:00`.
pub fn clock(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_be_stored_and_differ_from_themselves_in_nothing() {
        assert_eq!(problems(&Settings::default()), Vec::<String>::new());
        assert_eq!(differences(&Settings::default(), &Settings::default()), Vec::<String>::new());
    }

    #[test]
    fn every_number_can_be_set_within_its_bounds_and_no_further() {
        for field in FIELDS {
            let mut settings = Settings::default();
            for bound in [field.bounds.0, field.bounds.1] {
                assert_eq!(field.set(&mut settings, &format!(" {bound} ")), Ok(()), "{}", field.label);
                assert_eq!(field.get(&settings), Some(bound), "{}", field.label);
                assert_eq!(problems(&settings), Vec::<String>::new(), "{}", field.label);
            }
            for wrong in ["x", "-1", "1.5", &(field.bounds.1 + 1).to_string()] {
                assert!(field.set(&mut settings, wrong).is_err(), "{}: {wrong}", field.label);
            }
            assert_eq!(field.set(&mut settings, "").is_ok(), field.may_be_empty, "{}", field.label);
            if field.get(&Settings::default()) != field.get(&settings) {
                assert_eq!(differences(&Settings::default(), &settings).len(), 1, "{}", field.label);
            }
        }
    }

    #[test]
    fn hours_cannot_be_widened_beyond_the_outer_limits() {
        let with = |from_minute, until_minute| {
            let mut settings = Settings::default();
            settings.calling_hours.sunday = Some(Span { from_minute, until_minute });
            problems(&settings)
        };
        assert_eq!(with(9 * 60, 21 * 60), Vec::<String>::new());
        assert_eq!(with(8 * 60 + 59, 12 * 60).len(), 1);
        assert_eq!(with(12 * 60, 21 * 60 + 1).len(), 1);
        assert_eq!(with(12 * 60, 12 * 60).len(), 1);
    }

    /// compliance, C10: nobody can set the notice to nothing.
    #[test]
    fn a_recording_notice_says_something() {
        let with = |notice: &str| problems(&Settings { recording_notice: notice.to_owned(), ..Settings::default() });
        for wrong in ["", "          ", "Recorded.", &"x".repeat(301)] {
            assert_eq!(with(wrong).len(), 1, "{wrong:?}");
        }
        assert_eq!(with("This call is recorded."), Vec::<String>::new());
        let other = Settings { recording_notice: "This call is recorded.".to_owned(), ..Settings::default() };
        assert_eq!(differences(&Settings::default(), &other).len(), 1);
    }

    /// The previous program reads the settings of the next, and the next those of the previous.
    #[test]
    fn settings_of_another_release_can_be_read() {
        let mut document = serde_json::to_value(Settings::default()).unwrap();
        document["something_new"] = serde_json::json!(true);
        document.as_object_mut().unwrap().remove("contact_basis");
        assert_eq!(serde_json::from_value::<Settings>(document).unwrap(), Settings::default());
    }
}

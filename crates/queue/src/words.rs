//! What is said to agents about a decision, in plain words.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Moment, QueueKind, display_time};
use users::{Facts, LagSource, ReplicaLag, UserCard};

use crate::holidays::{ClosedDay, Holidays};
use crate::hours;
use crate::rules::{CallbackReason, Judgement, Reason, calls_today};
use crate::settings::{CallingHours, Settings};
use crate::store::{OwnRow, PromiseRow};
use crate::types::{Check, Why};

/// What the words are about.
pub(crate) struct Grounds<'a> {
    pub(crate) card: &'a UserCard,
    pub(crate) facts: &'a Facts,
    pub(crate) need: QueueKind,
    pub(crate) counted_requirements: usize,
    pub(crate) own: &'a OwnRow,
    pub(crate) settings: &'a Settings,
    pub(crate) holidays: &'a Holidays,
    pub(crate) moment: &'a Moment,
    pub(crate) lag: ReplicaLag,
    pub(crate) lag_source: LagSource,
    pub(crate) answered_at: DateTime<Utc>,
    /// What a switchboard is to be asked for.
    pub(crate) extension: Option<&'a str>,
    /// What speaks against the call, where the gate is off and that stops nobody.
    pub(crate) against: &'a [Reason],
    /// What they were promised, when that is the reason for the call.
    pub(crate) promise: Option<&'a PromiseRow>,
}

/// Why the call is needed, with every check that passed; where the gate is off and something speaks against it, that alone.
pub(crate) fn why(grounds: &Grounds<'_>) -> Why {
    let read_age_millis = (grounds.answered_at - grounds.facts.read_at).num_milliseconds().max(0);
    let mut sentence = sentence(grounds);
    if let Some(extension) = grounds.extension {
        sentence = format!("{sentence} The number is a switchboard’s: ask for extension {extension}.");
    }
    Why { sentence, checks: checks(grounds, read_age_millis), read_age_millis }
}

fn sentence(grounds: &Grounds<'_>) -> String {
    let name = &grounds.card.first_name;
    if !grounds.against.is_empty() {
        return format!("{name} would not have been offered. The gate is off, so that no rule stops anybody.");
    }
    match grounds.need {
        QueueKind::Callbacks => {
            let promised = grounds.promise.map_or_else(
                // Nobody rings a person as promised without a promise.
                || format!("{name} rang us."),
                |promise| {
                    let at = display_time(promise.promised_at, grounds.moment.at);
                    if promise.is_retry {
                        format!("{name} did not answer when rung as promised; this is the second try, set for {at}.")
                    } else {
                        format!("{name} was promised a call for {at}.")
                    }
                },
            );
            let what = if !grounds.facts.has_signed {
                needed(grounds, QueueKind::UnsignedUsers)
            } else if grounds.counted_requirements > 0 {
                needed(grounds, QueueKind::OutstandingRequests)
            } else if grounds.promise.is_some_and(|promise| promise.reason == CallbackReason::UserAsked) {
                "Nothing is outstanding; they asked to be rung in any case.".to_owned()
            } else {
                "Nothing is outstanding any more.".to_owned()
            };
            format!("{promised} {what}")
        }
        need => needed(grounds, need),
    }
}

/// What is still needed of them, for this queue.
fn needed(grounds: &Grounds<'_>, need: QueueKind) -> String {
    let name = &grounds.card.first_name;
    let open = grounds.facts.claims.iter().filter(|claim| claim.is_open()).count();
    match need {
        QueueKind::UnsignedUsers if open == 1 => {
            format!("{name} has not signed yet. The open claim cannot be sent to the lender until that is done.")
        }
        QueueKind::UnsignedUsers | QueueKind::Callbacks => {
            format!(
                "{name} has not signed yet. {} open claims cannot be sent to the lenders until that is done.",
                upper_first(&count(open))
            )
        }
        QueueKind::OutstandingRequests => {
            let titles: BTreeSet<String> = grounds
                .card
                .outstanding
                .iter()
                .filter(|card| !card.is_signature && card.uncounted.is_none())
                .map(|card| lower_first(&card.title))
                .collect();
            let things = list(&titles.into_iter().collect::<Vec<_>>());
            let claims = if open == 1 { "the open claim waits" } else { "open claims wait" };
            format!("{name} has signed, but {claims} for something that only {name} can send: {things}.")
        }
    }
}

fn checks(grounds: &Grounds<'_>, read_age: i64) -> Vec<Check> {
    let facts = grounds.facts;
    let open = facts.claims.iter().filter(|claim| claim.is_open()).count();
    let cap = grounds.settings.cap(grounds.need);
    let (today, limit) = calls_today(&grounds.own.facts, grounds.settings, grounds.need, *grounds.moment);
    let platform = |name: &str, words: String| Check { name: name.into(), words, has_passed: true, note: None, age_millis: Some(read_age) };
    let own =
        |name: &str, words: String, note: Option<String>| Check { name: name.into(), words, has_passed: true, note, age_millis: None };

    if !grounds.against.is_empty() {
        let failed = |reason: &Reason| Check { has_passed: false, ..own(reason.code(), reason.words(), None) };
        return grounds.against.iter().map(failed).collect();
    }
    let mut checks = Vec::with_capacity(10);
    if facts.has_signed {
        checks.push(platform("signature", "Signature on file".into()));
        let requests = grounds.counted_requirements;
        checks.push(platform("requirements", format!("{} pending", upper_first(&counted(requests, "request")))));
    } else {
        checks.push(platform("signature", "No signature on file".into()));
    }
    checks.push(platform("open_claims", upper_first(&counted(open, "open claim"))));
    checks.push(platform("account", "Account enabled and active".into()));
    checks.push(platform("number", "Number can be rung".into()));
    checks.push(own("suppression", "No objection, no opt-out".into(), None));
    let used = if today == 0 { "None".to_owned() } else { upper_first(&count(today)) };
    checks.push(own("attempts", format!("{used} of {limit} calls used today"), None));
    let (last, needs) = match grounds.own.last_attempt_at {
        None => ("Never rung before".to_owned(), None),
        Some(at) => {
            // Who asked for the call, or rings us, does not wait for that.
            let met = cap.hours_between.filter(|hours| grounds.moment.at - at >= TimeDelta::hours(i64::from(*hours)));
            (format!("Last call {}", since(at, grounds.moment.at)), met.map(|hours| format!("needs {hours} h")))
        }
    };
    checks.push(own("cooling_off", last, needs));
    let until = hours::describe(*grounds.moment, &grounds.settings.calling_hours, grounds.holidays);
    checks.push(own("hours", "Inside calling hours".into(), Some(until)));
    checks.push(own(
        "lag",
        if grounds.lag_source == LagSource::None {
            "The replica’s lag is not measured".into()
        } else {
            format!("Replica is {} behind", ReplicaLag::words(grounds.lag.millis))
        },
        Some(format!("limit {} s", grounds.settings.max_lag_millis / 1_000)),
    ));
    checks
}

/// Why somebody was passed over.
pub(crate) fn passed_over(queue: QueueKind, judgement: &Judgement) -> String {
    passed_over_for(queue, judgement.need, &judgement.reasons)
}

/// As [`passed_over`], from the parts that a record keeps.
pub(crate) fn passed_over_for(queue: QueueKind, need: Option<QueueKind>, reasons: &[Reason]) -> String {
    let moved = match (queue, need) {
        (QueueKind::UnsignedUsers, Some(QueueKind::OutstandingRequests) | None) if reasons.iter().all(is_about_need) => {
            Some("Signed in the meantime".to_owned())
        }
        (QueueKind::OutstandingRequests, Some(QueueKind::UnsignedUsers)) => Some("The signature is missing again".to_owned()),
        (QueueKind::OutstandingRequests, None) if reasons.iter().all(is_about_need) => Some("Sent everything in the meantime".to_owned()),
        _ => None,
    };
    moved.unwrap_or_else(|| {
        let words: Vec<String> = reasons.iter().map(Reason::words).collect();
        if words.is_empty() { "Belongs in another queue now".into() } else { words.join("; ") }
    })
}

/// What has changed about somebody on a call, in a sentence that the agent can act on: `left` is what is still outstanding.
pub(crate) fn changed_in_call(name: &str, from: QueueKind, need: Option<QueueKind>, reasons: &[Reason], left: &[String]) -> String {
    let done = reasons.iter().all(is_about_need);
    match (from, need) {
        (QueueKind::UnsignedUsers, Some(QueueKind::OutstandingRequests) | None) if done && left.is_empty() => {
            format!("{name} has signed. Nothing else is outstanding.")
        }
        (QueueKind::UnsignedUsers, Some(QueueKind::OutstandingRequests) | None) if done => {
            format!("{name} has signed. Still outstanding: {}.", list(left))
        }
        (QueueKind::OutstandingRequests, None) if done => format!("{name} has sent everything. Nothing else is outstanding."),
        _ => format!("New about {name}: {}.", lower_first(&passed_over_for(from, need, reasons))),
    }
}

fn is_about_need(reason: &Reason) -> bool {
    matches!(reason, Reason::NothingToCallAbout)
}

/// What is said while calls may not be made: until when, and on a day that is closed as a whole, why.
pub(crate) fn closed_now(moment: Moment, hours: &CallingHours, holidays: &Holidays) -> String {
    let opening = hours::describe(moment, hours, holidays);
    match hours::closed_on(moment.london.date(), hours, holidays) {
        // Then the opening says it.
        None | Some(ClosedDay::Weekday { .. } | ClosedDay::NotListed { .. }) => format!("Calls may be made {opening}."),
        Some(day) => format!("No calls today: {}. Calls may be made {opening}.", day.words()),
    }
}

/// What is said when nobody was handed out because the lease was lost on the way.
pub(crate) const LOST_WHILE_CHECKED: &str =
    "The person was let go while they were checked: in another window of yours, or because you went offline. Press Call next to try again.";

/// What is said when everybody who was tried was passed over: with nobody else waiting, with more who wait, or when only
/// the person already held was looked at.
pub(crate) fn nobody_handed_out(tried: usize, is_call_next: bool, has_more: bool) -> String {
    if !is_call_next {
        return "The call to the person you had is not needed any more, or cannot be made now.".into();
    }
    let people = if tried == 1 { "person was" } else { "people were" };
    let rest = if has_more {
        "press Call next to go on with those behind them"
    } else {
        "nobody else is waiting to be called from this queue now"
    };
    format!("{} {people} tried and passed over; {rest}.", upper_first(&count(tried)))
}

/// Why nobody was even tried, when that has to do with the queue and not with who waits in it.
pub(crate) fn nobody_taken(queue: QueueKind, is_paused: bool, has_basis: bool, has_more: bool) -> Option<String> {
    let label = queue.label();
    if is_paused {
        Some(format!("{label} is paused: nobody is called from it until a supervisor ends the pause."))
    } else if !has_basis {
        Some(format!(
            "It is not decided what kind of contact a call from {label} is, so nobody is called from it. An administrator can, in the settings."
        ))
    } else if has_more {
        Some("Others were quicker each time. Press Call next again.".into())
    } else {
        None
    }
}

/// `two`, `eleven` as a figure from ten on.
fn count(number: usize) -> String {
    const WORDS: [&str; 10] = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    WORDS.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// “one open claim”, “two open claims”.
pub(crate) fn counted(number: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

fn list(things: &[String]) -> String {
    match things {
        [] => "a document".into(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn since(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let ago = now - then;
    match (ago.num_days(), ago.num_hours()) {
        (days, _) if days >= 2 => format!("{days} days ago"),
        (_, hours) if hours >= 2 => format!("{hours} h ago"),
        _ => format!("{} min ago", ago.num_minutes().max(0)),
    }
}

/// The same with a small first letter, unless the second is a capital too (“ID document”).
pub(crate) fn lower_first(text: &str) -> String {
    let mut characters = text.chars();
    match (characters.next(), characters.next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => first.to_lowercase().chain(text.chars().skip(1)).collect(),
        _ => text.to_owned(),
    }
}

pub(crate) fn upper_first(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_signed_is_said_to_have_signed_wherever_they_belong_now() {
        let nothing = [Reason::NothingToCallAbout];
        for (queue, need, reasons, words) in [
            (QueueKind::UnsignedUsers, None, &nothing[..], "Signed in the meantime"),
            (QueueKind::UnsignedUsers, Some(QueueKind::OutstandingRequests), &[][..], "Signed in the meantime"),
            (QueueKind::OutstandingRequests, None, &nothing[..], "Sent everything in the meantime"),
            (QueueKind::OutstandingRequests, Some(QueueKind::UnsignedUsers), &[][..], "The signature is missing again"),
        ] {
            assert_eq!(passed_over_for(queue, need, reasons), words);
        }
    }

    /// lessons, line 68.
    #[test]
    fn what_is_done_while_talking_is_said_with_what_is_left() {
        let nothing = [Reason::NothingToCallAbout];
        let left = ["proof of address".to_owned(), "payslip".to_owned()];
        for (from, need, reasons, left, words) in [
            (QueueKind::UnsignedUsers, None, &nothing[..], &[][..], "Priya has signed. Nothing else is outstanding."),
            (
                QueueKind::UnsignedUsers,
                Some(QueueKind::OutstandingRequests),
                &[][..],
                &left[..],
                "Priya has signed. Still outstanding: proof of address and payslip.",
            ),
            (QueueKind::OutstandingRequests, None, &nothing[..], &[][..], "Priya has sent everything. Nothing else is outstanding."),
            (
                QueueKind::OutstandingRequests,
                Some(QueueKind::UnsignedUsers),
                &[][..],
                &[][..],
                "New about Priya: the signature is missing again.",
            ),
        ] {
            assert_eq!(changed_in_call("Priya", from, need, reasons, left), words);
        }
    }

    #[test]
    fn figures_are_said_as_people_say_them() {
        assert_eq!([0, 2, 9, 12].map(count), ["no", "two", "nine", "12"]);
        assert_eq!(list(&["proof of address".into(), "payslip".into(), "ID document".into()]), "proof of address, payslip and ID document");
        assert_eq!(lower_first("ID document"), "ID document");
        assert_eq!(lower_first("Proof of address"), "proof of address");
    }
}

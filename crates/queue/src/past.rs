//! What the queue did about a person, as the view `queue.published_event` has it, in words.

use chrono::{DateTime, Utc};
use kernel::{DecisionId, display_time};
use serde::Deserialize;
use users::ReplicaLag;

use crate::decision::{Outcome, Purpose};
use crate::rules::Reason;
use crate::service::{QueueFailure, words_of_record};
use crate::types::ReleaseReason;
use crate::words;

/// One event of the queue about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PastEvent {
    /// Somebody was to be handed out, or rung.
    Decision {
        /// Its id.
        id: DecisionId,
        /// How it was decided.
        outcome: Outcome,
        /// The call was not needed any more.
        is_saved_call: bool,
        /// The canonical bytes.
        record: Vec<u8>,
    },
    /// An agent let the person go without dialling.
    Release {
        /// Why.
        reason: ReleaseReason,
        /// What they wrote.
        note: Option<String>,
    },
    /// A call was promised.
    Callback {
        /// For when.
        promised_at: DateTime<Utc>,
        /// Where it stands, by its code.
        state: String,
        /// When a call was placed for it.
        attempted_at: Option<DateTime<Utc>>,
        /// The one more try of a promise that nobody answered: nobody promised it.
        is_retry: bool,
        /// Nobody promised it by word: they rang us and reached nobody.
        is_return_call: bool,
    },
}

impl PastEvent {
    /// A headline and more about it; `by` is the agent's name.
    pub fn words(&self, by: &str, now: DateTime<Utc>) -> Result<(String, Option<String>), QueueFailure> {
        Ok(match self {
            Self::Release { reason, note } => (format!("Skipped by {by}: {}", words::lower_first(reason.label())), note.clone()),
            Self::Decision { outcome: Outcome::Callable, record, .. } => {
                // Records of older shapes told less.
                let told = serde_json::from_slice::<Told>(record).ok();
                let title = match told.as_ref().map(|told| told.purpose) {
                    Some(Purpose::Dial) => format!("Checked again before {by} rang"),
                    _ => format!("Offered to {by}"),
                };
                (title, Some(told.map_or_else(|| "All checks passed.".to_owned(), |told| told.words())))
            }
            Self::Decision { outcome: Outcome::Unknown, .. } => {
                (format!("Not offered to {by}"), Some("The claims platform could not be read.".to_owned()))
            }
            Self::Decision { is_saved_call, record, .. } => {
                let title = if *is_saved_call { "Call saved".to_owned() } else { format!("Not offered to {by}") };
                (title, Some(words_of_record(record)?))
            }
            Self::Callback { promised_at, state, attempted_at, is_retry, is_return_call } => {
                let became = became(state, *promised_at, *attempted_at, now);
                let title = match (is_retry, is_return_call) {
                    (true, _) => "One more try set, since nobody answered".to_owned(),
                    (false, true) => "Rang us and reached nobody, so we ring back".to_owned(),
                    (false, false) => format!("Callback promised by {by}"),
                };
                (title, Some(format!("For {}. {became}", display_time(*promised_at, now))))
            }
        })
    }
}

/// What a record tells of somebody who could be rung.
#[derive(Deserialize)]
struct Told {
    purpose: Purpose,
    reasons: Vec<Reason>,
    platform: Option<Platform>,
    replica: Replica,
}

#[derive(Deserialize)]
struct Platform {
    has_signed: bool,
    claims: Vec<Claim>,
    pending: Vec<Pending>,
}

#[derive(Deserialize)]
struct Claim {
    is_open: bool,
}

#[derive(Deserialize)]
struct Pending {
    is_counted: bool,
}

#[derive(Deserialize)]
struct Replica {
    lag_millis: Option<i64>,
}

impl Told {
    /// The facts that it rests on.
    fn words(&self) -> String {
        let mut facts = Vec::new();
        if let Some(platform) = &self.platform {
            facts.push(if platform.has_signed { "signed".to_owned() } else { "not signed".to_owned() });
            facts.push(words::counted(platform.claims.iter().filter(|claim| claim.is_open).count(), "open claim"));
            if platform.has_signed {
                facts.push(words::counted(platform.pending.iter().filter(|pending| pending.is_counted).count(), "request"));
            }
        }
        facts.extend(self.replica.lag_millis.map(|millis| format!("replica {} behind", ReplicaLag::words(millis))));
        let facts = facts.join(", ");
        if self.reasons.is_empty() {
            return format!("All checks passed: {facts}.");
        }
        // Only where the gate is off.
        let against: Vec<String> = self.reasons.iter().map(Reason::words).collect();
        format!("Checks are off. Against it: {}. On record: {facts}.", against.join("; "))
    }
}

/// What became of a promise.
fn became(state: &str, promised_at: DateTime<Utc>, attempted_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let rung = attempted_at.map(|at| display_time(at, now));
    match (state, rung) {
        ("scheduled", _) if promised_at <= now => "Due now.".to_owned(),
        ("scheduled", _) => "Still to come.".to_owned(),
        ("kept", Some(rung)) => format!("Kept: rung {rung}."),
        ("missed", Some(rung)) => format!("Missed: rung {rung}."),
        ("rescheduled", _) => "Another time took its place.".to_owned(),
        ("cancelled", _) => "Withdrawn.".to_owned(),
        ("no_longer_needed", _) => "Not needed any more, or not wanted.".to_owned(),
        (other, _) => format!("{}.", words::upper_first(&other.replace('_', " "))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn what_became_of_a_promise_is_said() {
        let now = utc("2026-11-24T10:30:00Z");
        let words = |promised: &str, state: &str, attempted: Option<&str>| {
            let callback = PastEvent::Callback {
                promised_at: utc(promised),
                state: state.to_owned(),
                attempted_at: attempted.map(utc),
                is_retry: false,
                is_return_call: false,
            };
            callback.words("Hannah Whitfield", now).unwrap()
        };
        for (promised, state, attempted, said) in [
            ("2026-11-25T15:30:00Z", "scheduled", None, "For tomorrow 15:30. Still to come."),
            ("2026-11-24T10:30:00Z", "scheduled", None, "For today 10:30. Due now."),
            ("2026-11-23T15:30:00Z", "kept", Some("2026-11-23T15:31:00Z"), "For yesterday 15:30. Kept: rung yesterday 15:31."),
            ("2026-11-24T09:00:00Z", "missed", Some("2026-11-24T10:00:00Z"), "For today 09:00. Missed: rung today 10:00."),
            ("2026-11-24T09:00:00Z", "rescheduled", None, "For today 09:00. Another time took its place."),
            ("2026-11-24T09:00:00Z", "no_longer_needed", None, "For today 09:00. Not needed any more, or not wanted."),
            ("2026-11-24T09:00:00Z", "handed_over", None, "For today 09:00. Handed over."),
        ] {
            assert_eq!(
                words(promised, state, attempted),
                ("Callback promised by Hannah Whitfield".to_owned(), Some(said.to_owned())),
                "{state}"
            );
        }
    }
}

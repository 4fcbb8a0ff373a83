//! The words in which the claims platform says how something stands, as the rules know them. Read without regard to case and to what cannot be
//! seen around them (rules, Eligibility 3), here and nowhere else, since databases compare text in ways of their own.

use std::collections::BTreeMap;

use kernel::{is_same_word, trim_blank};
use serde::{Deserialize, Serialize};

const CLOSED: [&str; 3] = ["complete", "completed", "cancelled"];
const OPEN: [&str; 7] = ["new", "pending", "submitted", "in_review", "awaiting_lender", "needs_signature", "documents_requested"];
const ACCOUNTS: [&str; 5] = ["active", "lead", "customer", "inactive", "cancelled"];
const PENDING: &str = "pending";
/// Requirements that are dealt with. The statement that reads a range leaves them out by the same words.
pub(crate) const DEALT_WITH: [&str; 4] = ["complete", "completed", "accepted", "cancelled"];

/// Different words that are told apart; what comes after them is counted together.
const MOST: usize = 100;
/// Letters of a word that are kept.
const LONGEST: usize = 64;
/// Stands for all that came after the hundredth.
const OTHERS: &str = "(others)";

/// A claim is open unless it is said to be closed; without a status it is open (rules, Eligibility 1).
pub(crate) fn is_open(status: Option<&str>) -> bool {
    !status.is_some_and(|status| CLOSED.iter().any(|closed| is_same_word(closed, status)))
}

/// A requirement is pending only where that is what it says.
#[cfg(feature = "ssr")]
pub(crate) fn is_pending(status: Option<&str>) -> bool {
    status.is_some_and(|status| is_same_word(PENDING, status))
}

/// What a status is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusOf {
    /// `users.status`.
    Account,
    /// `claims.status`.
    Claim,
    /// `claim_requirements.status`.
    Requirement,
}

impl StatusOf {
    /// Whether the rules know this word. To have no status, or a blank one, is known.
    pub fn knows(self, status: &str) -> bool {
        let among = |words: &[&str]| words.iter().any(|word| is_same_word(word, status));
        trim_blank(status).is_empty()
            || match self {
                Self::Account => among(&ACCOUNTS),
                Self::Claim => among(&CLOSED) || among(&OPEN),
                Self::Requirement => is_same_word(PENDING, status) || among(&DEALT_WITH),
            }
    }
}

/// Statuses that the rules do not know, with how many there are: of each the words in lower case, without what stands around them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Counted>", into = "Vec<Counted>")]
pub struct UnknownStatuses(BTreeMap<(StatusOf, String), i64>);

#[derive(Serialize, Deserialize)]
struct Counted {
    of: StatusOf,
    status: String,
    count: i64,
}

impl From<Vec<Counted>> for UnknownStatuses {
    fn from(counted: Vec<Counted>) -> Self {
        Self(counted.into_iter().map(|counted| ((counted.of, counted.status), counted.count)).collect())
    }
}

impl From<UnknownStatuses> for Vec<Counted> {
    fn from(unknown: UnknownStatuses) -> Self {
        unknown.0.into_iter().map(|((of, status), count)| Counted { of, status, count }).collect()
    }
}

impl UnknownStatuses {
    /// Counts a status, unless it is known.
    pub fn note(&mut self, of: StatusOf, status: Option<&str>) {
        let Some(status) = status.filter(|status| !of.knows(status)) else { return };
        let plain: String = trim_blank(status).to_lowercase().replace(char::is_control, " ").chars().take(LONGEST).collect();
        self.add(of, plain, 1);
    }

    /// Adds what was counted elsewhere.
    pub fn extend(&mut self, counted: &Self) {
        for ((of, status), count) in &counted.0 {
            self.add(*of, status.clone(), *count);
        }
    }

    /// Each with what it is of and how often it was found.
    pub fn list(&self) -> impl Iterator<Item = (StatusOf, &str, i64)> {
        self.0.iter().map(|((of, status), count)| (*of, status.as_str(), *count))
    }

    fn add(&mut self, of: StatusOf, status: String, count: i64) {
        let key = (of, status);
        let key = if self.0.len() < MOST || self.0.contains_key(&key) { key } else { (of, OTHERS.to_owned()) };
        *self.0.entry(key).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Around every word, in databases that others write.
    const AROUND: [(&str, &str); 7] =
        [("", ""), (" ", " "), ("\t", "\n"), ("", "\u{a0}"), ("\u{feff}", ""), ("\u{200b}", "\u{200d}"), ("\u{2060}", "\u{200c} ")];

    #[test]
    fn a_closed_claim_is_closed_and_a_pending_requirement_pending_however_it_is_written() {
        for (before, after) in AROUND {
            for word in ["complete", "Completed", "CANCELLED"] {
                assert!(!is_open(Some(&format!("{before}{word}{after}"))), "{before:?}{word}{after:?}");
            }
            for word in ["pending", "PENDING", "Pending"] {
                assert!(is_pending(Some(&format!("{before}{word}{after}"))), "{before:?}{word}{after:?}");
            }
        }
        for open in [None, Some(""), Some(" \u{200b}"), Some("new"), Some("canceled"), Some("not complete"), Some("pending")] {
            assert!(is_open(open), "{open:?}");
        }
        for other in [None, Some(""), Some("pending_review"), Some("not pending"), Some("COMPLETE")] {
            assert!(!is_pending(other), "{other:?}");
        }
    }

    #[test]
    fn what_the_rules_do_not_know_is_counted_and_the_rest_is_not() {
        let mut unknown = UnknownStatuses::default();
        for (of, status) in [
            (StatusOf::Account, Some("Lead\u{a0}")),
            (StatusOf::Account, Some("suspended")),
            (StatusOf::Account, Some(" Suspended\u{200b}")),
            (StatusOf::Account, None),
            (StatusOf::Claim, Some("")),
            (StatusOf::Claim, Some("canceled")),
            (StatusOf::Claim, Some("AWAITING_LENDER")),
            (StatusOf::Requirement, Some("Pending ")),
            (StatusOf::Requirement, Some("pending_review")),
        ] {
            unknown.note(of, status);
        }
        let found: Vec<_> = unknown.list().collect();
        let expected =
            [(StatusOf::Account, "suspended", 2), (StatusOf::Claim, "canceled", 1), (StatusOf::Requirement, "pending_review", 1)];
        assert_eq!(found, expected);
    }

    #[test]
    fn words_without_number_take_no_memory_without_limit() {
        let mut unknown = UnknownStatuses::default();
        for number in 0..1_000 {
            unknown.note(StatusOf::Claim, Some(&format!("{number} {}", "x".repeat(1_000))));
        }
        let mut all = UnknownStatuses::default();
        all.extend(&unknown);
        all.extend(&unknown);
        assert!((MOST..=MOST + 1).contains(&all.list().count()));
        assert_eq!(all.list().map(|(_, _, count)| count).sum::<i64>(), 2_000, "none is left out");
        assert!(all.list().all(|(_, status, _)| status.chars().count() <= LONGEST));
    }
}

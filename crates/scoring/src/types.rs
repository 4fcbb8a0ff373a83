//! What goes into a score and what comes out.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::extra::{CLAIM_VALUE, EXTRA, VALUE_PAIR};

/// What is known of one person for the order of calling. Days are London days, so that a score changes at most once
/// a day.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ScoreInput {
    /// Codes of the lenders of the open claims, as the platform spells them.
    pub lenders: Vec<String>,
    /// Date of birth.
    pub date_of_birth: Option<NaiveDate>,
    /// When the newest open claim was made.
    pub newest_open_claim: Option<NaiveDate>,
    /// The day of the last attempt, whether answered or not.
    pub last_attempt: Option<NaiveDate>,
    /// Code of the last disposition (`no_answer`, `contacted`, …).
    pub last_disposition: Option<String>,
    /// How often `no_answer`, `busy` or `failed` since the person was last reached.
    pub failed_attempts: u32,
    /// Post code, in any shape, of where the person lives; read only when a rule set asks for it.
    pub post_code: Option<String>,
    /// Kinds of the open claims, as the platform spells them.
    pub claim_types: Vec<String>,
    /// What the dearest agreement of the open claims costs a month; read only when a rule set asks for it, and never shown.
    pub monthly_payment_pence: Option<u64>,
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Its name: `lender`, `age`, `claim_age`, `recency`, `last_disposition`, `failed_attempts`, `location`, `claim_type`, `claim_value`, `pair`,
    /// `value_pair`, `season`, `other`, `floor`.
    pub name: String,
    /// What it adds. Steps of one half, so that sums are exact.
    pub points: f64,
    /// Why, in words: “Santander”, “47 years old”, “claim opened 12 days ago”.
    pub detail: String,
}

/// A score with its explanation: the points of the factors sum to `total` exactly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// The order in a queue; lower is called sooner; never below 0.
    pub total: f64,
    /// The sum before the floor, which breaks ties.
    pub raw_sum: f64,
    /// Name and version of the rule set, `standard/1`.
    pub rule_set: String,
    /// Every factor, those of 0 points included, in the order of the rule set; the floor last when it lifts.
    pub factors: Vec<Factor>,
}

/// Below this a score counts as soon, in points; from it on the person waits.
const SOON: f64 = 30.0;
/// From this on somebody is left to the end: one hundred is what a refusal adds.
const LAST: f64 = 80.0;

impl Score {
    /// As agents may see it: where the value of a claim has a part, everything that rule sets count beside the usual is one line, so that its band
    /// cannot be told. The sum stays the same.
    #[must_use]
    pub fn without_values(mut self) -> Self {
        if !self.factors.iter().any(|factor| [CLAIM_VALUE, VALUE_PAIR].contains(&factor.name.as_str())) {
            return self;
        }
        let (extra, mut shown): (Vec<Factor>, Vec<Factor>) =
            self.factors.into_iter().partition(|factor| EXTRA.contains(&factor.name.as_str()));
        let points = extra.iter().fold(0.0, |sum, factor| sum + factor.points);
        let other = Factor { name: "other".to_owned(), points, detail: "what else the rule set counts".to_owned() };
        // The floor stays last.
        let at = shown.iter().position(|factor| factor.name == "floor").unwrap_or(shown.len());
        shown.insert(at, other);
        self.factors = shown;
        self
    }

    /// What the score says, in a sentence or two: “Among the first to call. Sooner for: Santander; later for: last called 2 days ago.”
    pub fn recommendation(&self) -> String {
        let place = match self.total {
            total if total <= 0.0 => "Among the first to call.",
            total if total < SOON => "To be called soon.",
            total if total < LAST => "Can wait while others are called.",
            _ => "To be left to the end.",
        };
        let strongest = |sign: f64| {
            let counted =
                self.factors.iter().filter(|factor| !["floor", "other"].contains(&factor.name.as_str()) && factor.points * sign > 0.0);
            // The first of equals, in the order of the list.
            counted.reduce(|most, next| if next.points * sign > most.points * sign { next } else { most })
        };
        match (strongest(-1.0), strongest(1.0)) {
            (None, None) => place.to_owned(),
            (Some(sooner), None) => format!("{place} Sooner most of all for: {}.", sooner.detail),
            (None, Some(later)) => format!("{place} Later most of all for: {}.", later.detail),
            (Some(sooner), Some(later)) => {
                format!("{place} Sooner most of all for: {}; later most of all for: {}.", sooner.detail, later.detail)
            }
        }
    }
}

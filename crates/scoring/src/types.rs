//! What goes into a score and what comes out.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

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
}

/// One line of an explanation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factor {
    /// Its name: `lender`, `age`, `claim_age`, `recency`, `last_disposition`, `failed_attempts`, `floor`.
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

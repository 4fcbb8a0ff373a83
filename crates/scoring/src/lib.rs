#![doc = include_str!("../README.md")]

mod extra;
mod lender;
mod rule_set;
mod score;
mod types;

pub use extra::{Pair, Season, Trait, ValueBand, Window};
pub use lender::lender_name;
pub use rule_set::{AgeBand, AgeRule, ClaimAgeRule, LenderRule, Recency, RuleSet, RuleSetName, UnknownRuleSet};
pub use score::score;
pub use types::{Factor, Score, ScoreInput};

//! Factors that no shipped rule set uses: where somebody lives, the kind and the value of the claim, pairs and seasons. Each counts, and is
//! listed, only where a rule set has numbers for it.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::lender::{capitalised, lender_name, normalised};
use crate::rule_set::{LenderRule, RuleSet};
use crate::score::factor;
use crate::types::{Factor, ScoreInput};

/// The factor of bands of value.
pub(crate) const CLAIM_VALUE: &str = "claim_value";
/// A pair in which the value has a part.
pub(crate) const VALUE_PAIR: &str = "value_pair";
/// The factors of this module.
pub(crate) const EXTRA: [&str; 6] = ["location", "claim_type", CLAIM_VALUE, "pair", VALUE_PAIR, "season"];

/// What a claim is worth to its owner, by what the agreements cost a month; below the lowest band, or when it is not known, 0.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueBand {
    /// From so many pounds a month.
    pub from_pounds: u32,
    /// What it adds.
    pub points: f64,
}

/// Points for somebody of whom both hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// One.
    pub first: Trait,
    /// The other.
    pub second: Trait,
    /// What both together add, beside what each adds by itself.
    pub points: f64,
}

/// Something that holds of a person or does not. What is not known does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trait {
    /// An open claim is against this lender, aliases included.
    Lender(String),
    /// So many whole years old, or older. Never holds while the factor `age` is off.
    AgeFrom(u32),
    /// Never called.
    NeverCalled,
    /// The last outcome had this code.
    LastDisposition(String),
    /// Lives in this area of post codes: `LS`.
    Location(String),
    /// An open claim is of this kind.
    ClaimType(String),
    /// An open claim is worth so many pounds a month, or more.
    ClaimValueFrom(u32),
}

/// Days on which everybody's score has some points more or less. The order within a day stays as it is; the floor is met by more people, or by
/// fewer, and whoever was scored before the season began stands against those who were scored in it until discovery runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Season {
    /// As the explanation says it: “Month end”.
    pub name: String,
    /// When.
    pub window: Window,
    /// What it adds.
    pub points: f64,
}

/// A window of whole London days, both ends in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Window {
    /// Once.
    Dated {
        /// The first day.
        from: NaiveDate,
        /// The last day.
        to: NaiveDate,
    },
    /// Every month; a day that a month does not have is its last, and a window whose end is before its beginning goes over the month's end.
    Monthly {
        /// Day of the month, 1–31.
        from_day: u32,
        /// Day of the month, 1–31.
        to_day: u32,
    },
}

impl Window {
    pub(crate) fn has(self, day: NaiveDate) -> bool {
        match self {
            Self::Dated { from, to } => (from..=to).contains(&day),
            Self::Monthly { from_day, to_day } => {
                let last = u32::from(day.num_days_in_month());
                let (from, to) = (from_day.min(last), to_day.min(last));
                if from_day <= to_day { (from..=to).contains(&day.day()) } else { day.day() >= from || day.day() <= to }
            }
        }
    }
}

/// The factors of a rule set's own tables, none for the tables it does not have.
pub(crate) fn factors(input: &ScoreInput, rules: &RuleSet, today: NaiveDate) -> impl Iterator<Item = Factor> {
    let location = (!rules.location.is_empty()).then(|| location(input.post_code.as_deref(), rules));
    let claim_type = (!rules.claim_type.is_empty()).then(|| claim_type(&input.claim_types, rules));
    let claim_value = (!rules.claim_value.is_empty()).then(|| claim_value(input.monthly_payment_pence, &rules.claim_value));
    let pairs = rules.pairs.iter().filter(move |pair| pair.first.holds(input, rules, today) && pair.second.holds(input, rules, today));
    let seasons = rules.seasons.iter().filter(move |season| season.window.has(today));
    [location, claim_type, claim_value]
        .into_iter()
        .flatten()
        .chain(pairs.map(|pair| {
            factor(
                if pair.has_value() { VALUE_PAIR } else { "pair" },
                pair.points,
                capitalised(&format!("{} and {}", pair.first.words(), pair.second.words())),
            )
        }))
        .chain(seasons.map(|season| factor("season", season.points, season.name.clone())))
}

fn location(post_code: Option<&str>, rules: &RuleSet) -> Factor {
    match post_code.and_then(post_code_area) {
        Some(area) => factor("location", rules.location.get(&area).copied().unwrap_or(0.0), format!("post code area {area}")),
        None => factor("location", 0.0, "post code not known"),
    }
}

fn claim_type(kinds: &[String], rules: &RuleSet) -> Factor {
    let best = kinds
        .iter()
        .map(|kind| normalised(kind))
        .filter(|kind| !kind.is_empty())
        .map(|kind| (rules.claim_type.get(&kind).copied().unwrap_or(0.0), kind))
        .min_by(|(a, a_kind), (b, b_kind)| a.total_cmp(b).then_with(|| a_kind.cmp(b_kind)));
    match best {
        Some((points, kind)) => factor("claim_type", points, capitalised(&kind.replace('_', " "))),
        None => factor("claim_type", 0.0, "kind of claim not known"),
    }
}

/// The value itself is in no explanation; and [`crate::Score::without_values`] hides the band.
fn claim_value(pence: Option<u64>, bands: &[ValueBand]) -> Factor {
    let Some(pence) = pence else { return factor(CLAIM_VALUE, 0.0, "value not known") };
    let band = bands.iter().filter(|band| is_worth(pence, band.from_pounds)).max_by_key(|band| band.from_pounds);
    factor(CLAIM_VALUE, band.map_or(0.0, |band| band.points), "the value itself is not shown")
}

fn is_worth(pence: u64, pounds: u32) -> bool {
    pence >= u64::from(pounds) * 100
}

impl Pair {
    fn has_value(&self) -> bool {
        [&self.first, &self.second].into_iter().any(|one| matches!(one, Trait::ClaimValueFrom(_)))
    }
}

impl Trait {
    fn holds(&self, input: &ScoreInput, rules: &RuleSet, today: NaiveDate) -> bool {
        match self {
            Self::Lender(code) => {
                let code = resolved(code, &rules.lender);
                input.lenders.iter().any(|lender| resolved(lender, &rules.lender) == code)
            }
            Self::AgeFrom(years) => {
                let age = input.date_of_birth.and_then(|born| today.years_since(born));
                rules.age.is_on && age.is_some_and(|age| age >= *years)
            }
            Self::NeverCalled => input.last_attempt.is_none(),
            Self::LastDisposition(code) => input.last_disposition.as_deref().is_some_and(|last| normalised(last) == normalised(code)),
            Self::Location(area) => {
                input.post_code.as_deref().and_then(post_code_area).is_some_and(|lives| lives.eq_ignore_ascii_case(area))
            }
            Self::ClaimType(kind) => input.claim_types.iter().any(|claim| normalised(claim) == normalised(kind)),
            Self::ClaimValueFrom(pounds) => input.monthly_payment_pence.is_some_and(|pence| is_worth(pence, *pounds)),
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Lender(code) => lender_name(code),
            Self::AgeFrom(years) => format!("{years} or older"),
            Self::NeverCalled => "never called".to_owned(),
            Self::LastDisposition(code) => format!("last outcome {}", normalised(code).replace('_', " ")),
            Self::Location(area) => format!("post code area {}", area.to_uppercase()),
            Self::ClaimType(kind) => format!("a claim about {}", normalised(kind).replace('_', " ")),
            Self::ClaimValueFrom(_) => "the claim's value".to_owned(),
        }
    }
}

/// A lender's code in the form in which rule sets hold it, another name of the same lender replaced by its usual one.
pub(crate) fn resolved(code: &str, rule: &LenderRule) -> String {
    let code = normalised(code);
    rule.aliases.get(&code).cloned().unwrap_or(code)
}

/// The letters that a British post code begins with: `LS` of `ls11 5ab`. None for anything else, since where a post code is missing the platform
/// may have an address.
fn post_code_area(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_uppercase();
    let area: String = text.chars().take_while(char::is_ascii_uppercase).collect();
    let is_whole = text.is_ascii() && (5..=7).contains(&text.len()) && (1..=2).contains(&area.len());
    let (outward, inward) = text.split_at_checked(text.len().checked_sub(3)?)?;
    let inward: Vec<char> = inward.chars().collect();
    let is_inward = matches!(inward[..], [digit, a, b] if digit.is_ascii_digit() && a.is_ascii_uppercase() && b.is_ascii_uppercase());
    let begins_with_digit = outward[area.len().min(outward.len())..].starts_with(|c: char| c.is_ascii_digit());
    (is_whole && is_inward && begins_with_digit).then_some(area)
}

#[cfg(test)]
mod tests;

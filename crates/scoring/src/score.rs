//! From facts to an explained score.

use chrono::NaiveDate;

use crate::extra::{self, resolved};
use crate::lender::{capitalised, lender_name, normalised};
use crate::rule_set::{AgeRule, ClaimAgeRule, LenderRule, Recency, RuleSet};
use crate::types::{Factor, Score, ScoreInput};

/// The score of one person on the London day `today`. Pure: the same arguments give the same score.
pub fn score(input: &ScoreInput, rules: &RuleSet, today: NaiveDate) -> Score {
    let mut factors = Vec::with_capacity(7);
    factors.push(lender(&input.lenders, &rules.lender));
    if rules.age.is_on {
        factors.push(age(input.date_of_birth, &rules.age, today));
    }
    factors.push(claim_age(input.newest_open_claim, rules.claim_age, today));
    factors.push(recency(input.last_attempt, rules.recency, today));
    factors.push(last_disposition(input.last_disposition.as_deref(), rules));
    factors.push(failed_attempts(input.failed_attempts, rules.failed_attempt));
    factors.extend(extra::factors(input, rules, today));

    let raw_sum = factors.iter().fold(0.0, |sum, factor| sum + factor.points);
    if raw_sum < 0.0 {
        factors.push(factor("floor", -raw_sum, "a score is never below 0"));
    }
    Score { total: raw_sum.max(0.0), raw_sum, rule_set: rules.label(), factors }
}

pub(crate) fn factor(name: &str, points: f64, detail: impl Into<String>) -> Factor {
    // Halves, so that any sum of them is exact; adding 0 turns -0 into 0, which would be shown with its sign.
    Factor { name: name.to_owned(), points: (points * 2.0).round() / 2.0 + 0.0, detail: detail.into() }
}

fn lender(codes: &[String], rule: &LenderRule) -> Factor {
    let best = codes
        .iter()
        .map(|code| resolved(code, rule))
        .filter(|code| !code.is_empty())
        .map(|code| (rule.points.get(&code).copied().unwrap_or(0.0), code))
        // By name among equals, so that the explanation does not depend on the order in which claims were read.
        .min_by(|(a, a_code), (b, b_code)| a.total_cmp(b).then_with(|| a_code.cmp(b_code)));
    match best {
        Some((points, code)) => factor("lender", points, lender_name(&code)),
        None => factor("lender", 0.0, "no lender known"),
    }
}

fn age(date_of_birth: Option<NaiveDate>, rule: &AgeRule, today: NaiveDate) -> Factor {
    // Nobody born tomorrow has a claim: such a date is a mistake, which `years_since` refuses. Who was born on 29
    // February turns a year older on 1 March of a common year.
    let Some(years) = date_of_birth.and_then(|born| today.years_since(born)) else {
        return factor("age", 0.0, "age not known");
    };
    let band = rule.bands.iter().filter(|band| band.from_years <= years).max_by_key(|band| band.from_years);
    factor("age", band.map_or(0.0, |band| band.points), format!("{} old", count(years.into(), "year")))
}

fn claim_age(newest: Option<NaiveDate>, rule: ClaimAgeRule, today: NaiveDate) -> Factor {
    let Some(days) = newest.map(|day| days_since(day, today)) else {
        return factor("claim_age", 0.0, "age of the claim not known");
    };
    let detail = match days {
        0 => "claim opened today".to_owned(),
        days => format!("claim opened {} ago", count(days.into(), "day")),
    };
    factor("claim_age", (rule.per_day * f64::from(days)).min(rule.at_most), detail)
}

fn recency(last_attempt: Option<NaiveDate>, rule: Recency, today: NaiveDate) -> Factor {
    let days = last_attempt.map(|day| days_since(day, today));
    let points = match rule {
        Recency::Fading { from, per_day } => days.map_or(0.0, |days| (from - per_day * f64::from(days)).max(0.0)),
        Recency::Growing { per_day, at_most, never_counts_as_days } => {
            (per_day * f64::from(days.unwrap_or(never_counts_as_days))).min(at_most)
        }
    };
    let detail = match days {
        None => "never called".to_owned(),
        Some(0) => "last called today".to_owned(),
        Some(days) => format!("last called {} ago", count(days.into(), "day")),
    };
    factor("recency", points, detail)
}

fn last_disposition(code: Option<&str>, rules: &RuleSet) -> Factor {
    match code.map(normalised).filter(|code| !code.is_empty()) {
        None => factor("last_disposition", 0.0, "no outcome yet"),
        Some(code) => {
            let points = rules.dispositions.get(&code).copied().unwrap_or(0.0);
            factor("last_disposition", points, capitalised(&code.replace('_', " ")))
        }
    }
}

fn failed_attempts(attempts: u32, points_each: f64) -> Factor {
    let detail = match attempts {
        0 => "no failed attempts".to_owned(),
        attempts => count(attempts.into(), "failed attempt"),
    };
    factor("failed_attempts", points_each * f64::from(attempts), detail)
}

/// Whole days from `day` to `today`; a day in the future counts as today.
fn days_since(day: NaiveDate, today: NaiveDate) -> u32 {
    u32::try_from((today - day).num_days()).unwrap_or(0)
}

fn count(number: u64, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

#[cfg(test)]
mod tests;

//! The numbers of the order of calling, as data.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::extra::{Pair, Season, Trait, ValueBand, Window};
use crate::lender::normalised;

/// Characters of a name of a rule set or a season.
const LONGEST_NAME: usize = 60;
/// Points that one line of a rule set may have, up or down: so that sums stay exact, and a slip of the keyboard is seen.
const MOST_POINTS: f64 = 1_000.0;

/// A version of the rules that order the queues. Points are multiples of one half; below 0 is sooner.
/// A field that is not known is refused rather than ignored: it would be a factor that silently does not count.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    /// Its name; text, not [`RuleSetName`], because admins make their own.
    pub name: String,
    /// Counts up with every change.
    pub version: u32,
    /// Lenders.
    pub lender: LenderRule,
    /// Age.
    pub age: AgeRule,
    /// Age of the newest open claim.
    pub claim_age: ClaimAgeRule,
    /// Days since the last attempt.
    pub recency: Recency,
    /// Points of the last disposition, by its code; others add 0. Objections such as `do_not_contact` are not here:
    /// they keep a person from being rung at all, which a score never does.
    pub dispositions: BTreeMap<String, f64>,
    /// Points of each failed attempt since the person was last reached.
    pub failed_attempt: f64,
    /// Points by post code area, in capitals (`LS`); others add 0.
    #[serde(default)]
    pub location: BTreeMap<String, f64>,
    /// Points by kind of claim, in `snake_case`: the best of the open claims'; others add 0.
    #[serde(default)]
    pub claim_type: BTreeMap<String, f64>,
    /// Bands of what the dearest agreement of an open claim costs a month, in any order.
    #[serde(default)]
    pub claim_value: Vec<ValueBand>,
    /// Pairs, each counted by itself.
    #[serde(default)]
    pub pairs: Vec<Pair>,
    /// Seasons, each counted by itself.
    #[serde(default)]
    pub seasons: Vec<Season>,
}

/// What lenders add: the best, that is the lowest, of the open claims' lenders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LenderRule {
    /// Other codes of the same lender, in `snake_case`.
    pub aliases: BTreeMap<String, String>,
    /// Points by code, in `snake_case`; others add 0.
    pub points: BTreeMap<String, f64>,
}

/// What age adds. Age is a protected characteristic, so this factor can be switched off by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeRule {
    /// Switched on. Otherwise the factor is not even listed.
    pub is_on: bool,
    /// Bands in any order; below the lowest, or when the age is unknown, 0.
    pub bands: Vec<AgeBand>,
}

/// One band of ages, up to the next.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgeBand {
    /// From this age, in whole years.
    pub from_years: u32,
    /// What it adds.
    pub points: f64,
}

/// What the age of the newest open claim adds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimAgeRule {
    /// For each day.
    pub per_day: f64,
    /// Never more.
    pub at_most: f64,
}

/// What the days since the last attempt add.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "form", rename_all = "snake_case", deny_unknown_fields)]
pub enum Recency {
    /// Starts high on the day of the attempt and fades to 0; never called adds 0.
    Fading {
        /// On the day of the attempt.
        from: f64,
        /// Taken off for each day.
        per_day: f64,
    },
    /// Grows with the days up to a limit.
    Growing {
        /// For each day.
        per_day: f64,
        /// Never more.
        at_most: f64,
        /// Never called counts as so many days.
        never_counts_as_days: u32,
    },
}

impl RuleSet {
    /// The default: whoever was called lately waits.
    pub fn standard() -> Self {
        Self {
            name: RuleSetName::Standard.as_str().to_owned(),
            version: 1,
            lender: LenderRule {
                aliases: [("santander_consumer".to_owned(), "santander".to_owned())].into(),
                points: table(&[("santander", -20.0), ("lloyds", -15.0), ("barclays", -15.0), ("hsbc", -10.0), ("nationwide", -10.0)]),
            },
            age: AgeRule {
                is_on: true,
                bands: vec![
                    AgeBand { from_years: 65, points: -15.0 },
                    AgeBand { from_years: 45, points: -10.0 },
                    AgeBand { from_years: 25, points: -5.0 },
                ],
            },
            claim_age: ClaimAgeRule { per_day: 1.5, at_most: 30.0 },
            recency: Recency::Fading { from: 60.0, per_day: 2.0 },
            dispositions: table(&[
                ("contacted", -5.0),
                ("completed", 0.0),
                ("going_to_complete", 0.0),
                ("might_complete", 2.0),
                ("callback_requested", -25.0),
                ("no_answer", 10.0),
                ("busy", 5.0),
                ("left_voicemail", 15.0),
                ("hung_up", 2.0),
                ("wrong_number", 80.0),
                ("not_interested", 100.0),
                ("no_claim", 100.0),
                ("language_barrier", 5.0),
                ("vulnerable", 0.0),
                ("failed", 0.0),
                ("not_recorded", 0.0),
            ]),
            failed_attempt: 8.0,
            location: BTreeMap::new(),
            claim_type: BTreeMap::new(),
            claim_value: Vec::new(),
            pairs: Vec::new(),
            seasons: Vec::new(),
        }
    }

    /// The written guide to the letter, for comparison: its recency goes up with the days, and only the dispositions
    /// that it names have points.
    pub fn guide_literal() -> Self {
        Self {
            name: RuleSetName::GuideLiteral.as_str().to_owned(),
            recency: Recency::Growing { per_day: 2.0, at_most: 60.0, never_counts_as_days: 30 },
            dispositions: table(&[
                ("not_interested", 100.0),
                ("wrong_number", 80.0),
                ("no_answer", 10.0),
                ("busy", 5.0),
                ("callback_requested", -25.0),
                ("contacted", -5.0),
                ("left_voicemail", 15.0),
            ]),
            ..Self::standard()
        }
    }

    /// The shipped rule set of that name.
    pub fn named(name: &str) -> Result<Self, UnknownRuleSet> {
        name.parse::<RuleSetName>().map(RuleSetName::rule_set)
    }

    /// Where people live has a part in it.
    pub fn asks_for_post_codes(&self) -> bool {
        !self.location.is_empty() || self.traits().any(|one| matches!(one, Trait::Location(_)))
    }

    /// What claims are worth has a part in it.
    pub fn asks_for_values(&self) -> bool {
        !self.claim_value.is_empty() || self.traits().any(|one| matches!(one, Trait::ClaimValueFrom(_)))
    }

    /// What is wrong with the numbers, a sentence each; empty when nothing is.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if self.name.is_empty() || self.name.len() > LONGEST_NAME || !self.name.chars().all(is_name) {
            problems.push(format!("A rule set's name has 1 to {LONGEST_NAME} small letters, digits and hyphens."));
        }
        let tables = [("lender.points", &self.lender.points), ("dispositions", &self.dispositions), ("location", &self.location)];
        let tables = tables.into_iter().chain([("claim_type", &self.claim_type)]);
        let points = tables
            .flat_map(|(table, points)| points.iter().map(move |(code, points)| (format!("{table}.{code}"), *points)))
            .chain(self.age.bands.iter().map(|band| (format!("age from {}", band.from_years), band.points)))
            .chain(self.claim_value.iter().map(|band| (format!("claim_value from {}", band.from_pounds), band.points)))
            .chain(self.pairs.iter().enumerate().map(|(at, pair)| (format!("pair {}", at + 1), pair.points)))
            .chain(self.seasons.iter().map(|season| (format!("season {:?}", season.name), season.points)))
            .chain([
                ("claim_age.per_day".to_owned(), self.claim_age.per_day),
                ("claim_age.at_most".to_owned(), self.claim_age.at_most),
                ("failed_attempt".to_owned(), self.failed_attempt),
            ])
            .chain(match self.recency {
                Recency::Fading { from, per_day } => [("recency.from".to_owned(), from), ("recency.per_day".to_owned(), per_day)],
                Recency::Growing { per_day, at_most, .. } => {
                    [("recency.per_day".to_owned(), per_day), ("recency.at_most".to_owned(), at_most)]
                }
            });
        for (what, points) in points {
            if points.abs() > MOST_POINTS || (points * 2.0).fract() != 0.0 {
                problems.push(format!("{what}: points are halves from −{MOST_POINTS} to {MOST_POINTS}, not {points}."));
            }
        }
        // A code that is spelt otherwise would never be found, and so silently not count.
        let codes = self.lender.points.keys().chain(self.lender.aliases.keys()).chain(self.lender.aliases.values());
        for code in codes.chain(self.dispositions.keys()).chain(self.claim_type.keys()) {
            if normalised(code) != *code || code.is_empty() {
                problems.push(format!("{code:?}: codes are written in snake_case, {:?}.", normalised(code)));
            }
        }
        for area in self.location.keys() {
            if !is_area(area) {
                problems.push(format!("location.{area}: an area of post codes is one or two capital letters, such as LS."));
            }
        }
        for one in self.traits() {
            let is_findable = match one {
                Trait::Lender(code) | Trait::LastDisposition(code) | Trait::ClaimType(code) => !normalised(code).is_empty(),
                Trait::Location(area) => is_area(area),
                Trait::AgeFrom(_) | Trait::NeverCalled | Trait::ClaimValueFrom(_) => true,
            };
            if !is_findable {
                problems.push(format!("a pair with {one:?}: nobody has that."));
            }
        }
        let ages: Vec<u32> = self.age.bands.iter().map(|band| band.from_years).collect();
        let values: Vec<u32> = self.claim_value.iter().map(|band| band.from_pounds).collect();
        for (what, bands) in [("age", ages), ("claim_value", values)] {
            if bands.iter().enumerate().any(|(at, band)| bands[..at].contains(band)) {
                problems.push(format!("{what}: two bands begin at the same place."));
            }
        }
        for season in &self.seasons {
            let is_possible = match season.window {
                Window::Dated { from, to } => from <= to,
                Window::Monthly { from_day, to_day } => (1..=31).contains(&from_day) && (1..=31).contains(&to_day),
            };
            if season.name.trim().is_empty() || season.name.chars().count() > LONGEST_NAME {
                problems.push(format!("A season's name has 1 to {LONGEST_NAME} characters."));
            }
            if !is_possible {
                problems.push(format!("season {:?}: it ends before it begins, or has a day that no month has.", season.name));
            }
        }
        problems
    }

    fn traits(&self) -> impl Iterator<Item = &Trait> {
        self.pairs.iter().flat_map(|pair| [&pair.first, &pair.second])
    }

    /// Name and version, `standard/1`.
    pub fn label(&self) -> String {
        format!("{}/{}", self.name, self.version)
    }
}

/// A rule set that is shipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RuleSetName {
    /// [`RuleSet::standard`].
    #[default]
    Standard,
    /// [`RuleSet::guide_literal`].
    GuideLiteral,
}

impl RuleSetName {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Standard, Self::GuideLiteral];

    /// The name in settings and explanations.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::GuideLiteral => "guide-literal",
        }
    }

    /// The rule set itself.
    pub fn rule_set(self) -> RuleSet {
        match self {
            Self::Standard => RuleSet::standard(),
            Self::GuideLiteral => RuleSet::guide_literal(),
        }
    }
}

impl fmt::Display for RuleSetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No rule set of that name is shipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownRuleSet;

impl fmt::Display for UnknownRuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no such rule set; the rule sets are standard and guide-literal")
    }
}

impl std::error::Error for UnknownRuleSet {}

impl FromStr for RuleSetName {
    type Err = UnknownRuleSet;

    fn from_str(text: &str) -> Result<Self, UnknownRuleSet> {
        Self::ALL.into_iter().find(|name| name.as_str() == text).ok_or(UnknownRuleSet)
    }
}

/// The letters that a British post code begins with.
fn is_area(area: &str) -> bool {
    (1..=2).contains(&area.len()) && area.chars().all(|c| c.is_ascii_uppercase())
}

fn table(rows: &[(&str, f64)]) -> BTreeMap<String, f64> {
    rows.iter().map(|&(code, points)| (code.to_owned(), points)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_set_is_found_by_its_name() {
        assert_eq!(RuleSet::named("standard"), Ok(RuleSet::standard()));
        assert_eq!(RuleSet::named("guide-literal"), Ok(RuleSet::guide_literal()));
        for wrong in ["", "Standard", "guide_literal", "standard/1"] {
            assert_eq!(RuleSet::named(wrong), Err(UnknownRuleSet), "{wrong:?}");
        }
        for name in RuleSetName::ALL {
            assert_eq!(name.rule_set().name, name.to_string());
        }
        assert_eq!(RuleSet::standard().label(), "standard/1");
    }

    #[test]
    fn a_rule_set_survives_being_stored() {
        for rules in RuleSetName::ALL.map(RuleSetName::rule_set) {
            let stored = serde_json::to_string(&rules).unwrap();
            assert_eq!(serde_json::from_str::<RuleSet>(&stored).unwrap(), rules);
        }
    }

    #[test]
    fn a_field_that_is_not_known_is_refused() {
        let mut stored = serde_json::to_value(RuleSet::standard()).unwrap();
        stored["weather"] = serde_json::json!({ "rain": -5 });
        assert!(serde_json::from_value::<RuleSet>(stored).is_err());
    }

    #[test]
    fn the_guide_differs_in_recency_and_in_the_dispositions_it_does_not_name_alone() {
        let (standard, guide) = (RuleSet::standard(), RuleSet::guide_literal());
        for (code, points) in &guide.dispositions {
            assert_eq!(standard.dispositions.get(code), Some(points), "{code}");
        }
        let same = RuleSet { name: standard.name.clone(), recency: standard.recency, dispositions: standard.dispositions.clone(), ..guide };
        assert_eq!(same, standard);
    }
}

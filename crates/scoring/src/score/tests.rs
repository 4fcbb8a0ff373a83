//! Points are halves, so these tests compare `f64` exactly, through their bits where a sign could hide.

use chrono::Days;
use proptest::prelude::*;

use super::*;
use crate::extra::{Pair, Season, Trait, ValueBand, Window};
use crate::rule_set::RuleSetName;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn today() -> NaiveDate {
    day("2026-11-24")
}

fn days_ago(days: u64) -> NaiveDate {
    today() - Days::new(days)
}

fn standard(input: &ScoreInput) -> Score {
    score(input, &RuleSet::standard(), today())
}

fn points(score: &Score, name: &str) -> f64 {
    score.factors.iter().find(|factor| factor.name == name).unwrap().points
}

fn detail<'a>(score: &'a Score, name: &str) -> &'a str {
    &score.factors.iter().find(|factor| factor.name == name).unwrap().detail
}

#[track_caller]
fn assert_points(score: &Score, name: &str, expected: f64) {
    assert_eq!(points(score, name).to_bits(), expected.to_bits(), "{name} of {score:?}");
}

/// lessons, line 3: every nullable boundary.
#[test]
fn someone_of_whom_nothing_is_known_scores_0_with_every_factor_listed() {
    let score = standard(&ScoreInput::default());

    assert_eq!(score.total.to_bits(), 0.0_f64.to_bits());
    assert_eq!(score.raw_sum.to_bits(), 0.0_f64.to_bits());
    assert_eq!(score.rule_set, "standard/1");
    let names: Vec<_> = score.factors.iter().map(|factor| factor.name.as_str()).collect();
    assert_eq!(names, ["lender", "age", "claim_age", "recency", "last_disposition", "failed_attempts"]);
    for factor in &score.factors {
        assert_eq!(factor.points.to_bits(), 0.0_f64.to_bits(), "{factor:?}");
        assert!(!factor.detail.is_empty(), "{factor:?}");
    }
}

#[test]
fn the_best_lender_of_the_open_claims_counts() {
    for (lenders, expected, words) in [
        (&["santander"][..], -20.0, "Santander"),
        (&["santander_consumer"], -20.0, "Santander"),
        (&[" Santander-Consumer "], -20.0, "Santander"),
        (&["lloyds"], -15.0, "Lloyds"),
        (&["barclays"], -15.0, "Barclays"),
        (&["hsbc"], -10.0, "HSBC"),
        (&["nationwide"], -10.0, "Nationwide"),
        (&["black_horse"], 0.0, "Black Horse"),
        (&["black_horse", "hsbc", "lloyds"], -15.0, "Lloyds"),
        (&["lloyds", "barclays"], -15.0, "Barclays"),
        (&["barclays", "lloyds"], -15.0, "Barclays"),
        (&["", " "], 0.0, "no lender known"),
        (&[], 0.0, "no lender known"),
    ] {
        let input = ScoreInput { lenders: lenders.iter().map(|&code| code.to_owned()).collect(), ..ScoreInput::default() };
        let score = standard(&input);
        assert_points(&score, "lender", expected);
        assert_eq!(detail(&score, "lender"), words, "{lenders:?}");
    }
}

#[test]
fn age_counts_by_whole_years_and_changes_on_the_birthday() {
    for (born, expected, words) in [
        ("1961-11-24", -15.0, "65 years old"), // today
        ("1961-11-25", -10.0, "64 years old"), // tomorrow
        ("1981-11-24", -10.0, "45 years old"),
        ("1981-11-25", -5.0, "44 years old"),
        ("2001-11-24", -5.0, "25 years old"),
        ("2001-11-25", 0.0, "24 years old"),
        ("2025-11-24", 0.0, "1 year old"),
        ("2026-11-24", 0.0, "0 years old"),
        ("1900-01-01", -15.0, "126 years old"),
        ("2026-11-25", 0.0, "age not known"), // in the future
        ("2999-01-01", 0.0, "age not known"),
    ] {
        let score = standard(&ScoreInput { date_of_birth: Some(day(born)), ..ScoreInput::default() });
        assert_points(&score, "age", expected);
        assert_eq!(detail(&score, "age"), words, "{born}");
    }
}

#[test]
fn someone_born_on_29_february_grows_older_on_1_march_of_a_common_year() {
    let input = ScoreInput { date_of_birth: Some(day("1960-02-29")), ..ScoreInput::default() };
    for (today, expected) in [("2025-02-28", -10.0), ("2025-03-01", -15.0), ("2024-02-28", -10.0), ("2024-02-29", -10.0)] {
        assert_points(&score(&input, &RuleSet::standard(), day(today)), "age", expected);
    }
    let leap = ScoreInput { date_of_birth: Some(day("1964-02-29")), ..ScoreInput::default() };
    for (today, expected) in [("2028-02-29", -10.0), ("2029-02-28", -10.0), ("2029-03-01", -15.0)] {
        assert_points(&score(&leap, &RuleSet::standard(), day(today)), "age", expected);
    }
}

#[test]
fn age_can_be_switched_off_by_itself_and_then_leaves_the_explanation() {
    let mut rules = RuleSet::standard();
    rules.age.is_on = false;
    let input = ScoreInput { date_of_birth: Some(day("1950-01-01")), last_attempt: Some(days_ago(1)), ..ScoreInput::default() };

    let without = score(&input, &rules, today());

    assert!(without.factors.iter().all(|factor| factor.name != "age"));
    assert_eq!(without, score(&ScoreInput { date_of_birth: None, ..input }, &rules, today()));
}

#[test]
fn the_newest_claim_adds_one_and_a_half_a_day_up_to_30() {
    for (days, expected, words) in [
        (0, 0.0, "claim opened today"),
        (1, 1.5, "claim opened 1 day ago"),
        (12, 18.0, "claim opened 12 days ago"),
        (19, 28.5, "claim opened 19 days ago"),
        (20, 30.0, "claim opened 20 days ago"),
        (21, 30.0, "claim opened 21 days ago"),
        (5_000, 30.0, "claim opened 5000 days ago"),
    ] {
        let score = standard(&ScoreInput { newest_open_claim: Some(days_ago(days)), ..ScoreInput::default() });
        assert_points(&score, "claim_age", expected);
        assert_eq!(detail(&score, "claim_age"), words);
    }
    let tomorrow = standard(&ScoreInput { newest_open_claim: Some(day("2026-11-25")), ..ScoreInput::default() });
    assert_points(&tomorrow, "claim_age", 0.0);
}

#[test]
fn whoever_was_called_lately_waits_and_whoever_never_was_does_not() {
    for (days, expected, words) in [
        (0, 60.0, "last called today"),
        (1, 58.0, "last called 1 day ago"),
        (29, 2.0, "last called 29 days ago"),
        (30, 0.0, "last called 30 days ago"),
        (31, 0.0, "last called 31 days ago"),
        (400, 0.0, "last called 400 days ago"),
    ] {
        let score = standard(&ScoreInput { last_attempt: Some(days_ago(days)), ..ScoreInput::default() });
        assert_points(&score, "recency", expected);
        assert_eq!(detail(&score, "recency"), words);
    }
    let never = standard(&ScoreInput::default());
    assert_points(&never, "recency", 0.0);
    assert_eq!(detail(&never, "recency"), "never called");
    // A day that has not come counts as today.
    assert_points(&standard(&ScoreInput { last_attempt: Some(day("2026-11-25")), ..ScoreInput::default() }), "recency", 60.0);
}

#[test]
fn read_to_the_letter_recency_grows_and_never_called_is_30_days() {
    let guide = |last_attempt| score(&ScoreInput { last_attempt, ..ScoreInput::default() }, &RuleSet::guide_literal(), today());
    for (last_attempt, expected) in [
        (Some(days_ago(0)), 0.0),
        (Some(days_ago(1)), 2.0),
        (Some(days_ago(29)), 58.0),
        (Some(days_ago(30)), 60.0),
        (Some(days_ago(31)), 60.0),
        (Some(day("2026-11-25")), 0.0),
        (None, 60.0),
    ] {
        assert_points(&guide(last_attempt), "recency", expected);
    }
}

#[test]
fn the_last_disposition_adds_what_the_catalogue_says() {
    for (code, expected, to_the_letter) in [
        ("contacted", -5.0, -5.0),
        ("completed", 0.0, 0.0),
        ("going_to_complete", 0.0, 0.0),
        ("might_complete", 2.0, 0.0),
        ("callback_requested", -25.0, -25.0),
        ("no_answer", 10.0, 10.0),
        ("busy", 5.0, 5.0),
        ("left_voicemail", 15.0, 15.0),
        ("hung_up", 2.0, 0.0),
        ("wrong_number", 80.0, 80.0),
        ("not_interested", 100.0, 100.0),
        ("no_claim", 100.0, 0.0),
        ("do_not_contact", 0.0, 0.0),
        ("language_barrier", 5.0, 0.0),
        ("vulnerable", 0.0, 0.0),
        ("failed", 0.0, 0.0),
        ("not_recorded", 0.0, 0.0),
        ("something_new", 0.0, 0.0),
        ("", 0.0, 0.0),
    ] {
        let input = ScoreInput { last_disposition: Some(code.into()), ..ScoreInput::default() };
        assert_points(&standard(&input), "last_disposition", expected);
        assert_points(&score(&input, &RuleSet::guide_literal(), today()), "last_disposition", to_the_letter);
    }
    let input = ScoreInput { last_disposition: Some("left_voicemail".into()), ..ScoreInput::default() };
    assert_eq!(detail(&standard(&input), "last_disposition"), "Left voicemail");
}

#[test]
fn each_failed_attempt_adds_8() {
    for (attempts, expected, words) in [
        (0, 0.0, "no failed attempts"),
        (1, 8.0, "1 failed attempt"),
        (3, 24.0, "3 failed attempts"),
        (u32::MAX, 34_359_738_360.0, "4294967295 failed attempts"),
    ] {
        let score = standard(&ScoreInput { failed_attempts: attempts, ..ScoreInput::default() });
        assert_points(&score, "failed_attempts", expected);
        assert_eq!(detail(&score, "failed_attempts"), words);
    }
}

#[test]
fn the_floor_lifts_to_0_and_keeps_the_sum_for_ties() {
    let input = ScoreInput {
        lenders: vec!["santander".into()],
        date_of_birth: Some(day("1950-01-01")),
        newest_open_claim: Some(days_ago(3)),
        ..ScoreInput::default()
    };

    let score = standard(&input);

    assert_eq!(score.raw_sum.to_bits(), (-30.5_f64).to_bits());
    assert_eq!(score.total.to_bits(), 0.0_f64.to_bits());
    assert_eq!(score.factors.last().unwrap().name, "floor");
    assert_points(&score, "floor", 30.5);
}

#[test]
fn there_is_no_floor_when_nothing_is_lifted() {
    // −10 and +10 make exactly 0.
    let input = ScoreInput { lenders: vec!["hsbc".into()], last_disposition: Some("no_answer".into()), ..ScoreInput::default() };

    let score = standard(&input);

    assert_eq!(score.total.to_bits(), 0.0_f64.to_bits());
    assert!(score.factors.iter().all(|factor| factor.name != "floor"));
}

#[test]
fn a_whole_example_adds_up() {
    let input = ScoreInput {
        lenders: vec!["black_horse".into(), "lloyds".into()],
        date_of_birth: Some(day("1979-06-01")),
        newest_open_claim: Some(days_ago(12)),
        last_attempt: Some(days_ago(5)),
        last_disposition: Some("no_answer".into()),
        failed_attempts: 2,
        ..ScoreInput::default()
    };

    let score = standard(&input);

    // −15 − 10 + 18 + 50 + 10 + 16
    assert_eq!(score.total.to_bits(), 69.0_f64.to_bits());
    assert_eq!(score.raw_sum.to_bits(), score.total.to_bits());
}

#[test]
fn points_that_are_no_halves_are_rounded_so_that_sums_stay_exact() {
    let mut rules = RuleSet::standard();
    rules.claim_age.per_day = 0.1;
    rules.failed_attempt = 0.3;
    let input = ScoreInput { newest_open_claim: Some(days_ago(3)), failed_attempts: 1, ..ScoreInput::default() };

    let score = score(&input, &rules, today());

    assert_points(&score, "claim_age", 0.5);
    assert_points(&score, "failed_attempts", 0.5);
    assert_eq!(score.total.to_bits(), 1.0_f64.to_bits());
}

#[test]
fn a_recommendation_says_the_place_and_what_weighs_most() {
    let of = |input: ScoreInput| standard(&input).recommendation();
    assert_eq!(of(ScoreInput::default()), "Among the first to call.");
    assert_eq!(
        of(ScoreInput { lenders: vec!["santander".into()], date_of_birth: Some(day("1979-06-01")), ..ScoreInput::default() }),
        "Among the first to call. Sooner most of all for: Santander."
    );
    assert_eq!(
        of(ScoreInput { newest_open_claim: Some(days_ago(18)), ..ScoreInput::default() }),
        "To be called soon. Later most of all for: claim opened 18 days ago."
    );
    assert_eq!(
        of(ScoreInput { lenders: vec!["hsbc".into()], last_attempt: Some(days_ago(1)), ..ScoreInput::default() }),
        "Can wait while others are called. Sooner most of all for: HSBC; later most of all for: last called 1 day ago."
    );
    assert_eq!(
        of(ScoreInput { last_disposition: Some("not_interested".into()), ..ScoreInput::default() }),
        "To be left to the end. Later most of all for: Not interested."
    );
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (-40_000_i32..80_000).prop_map(|days| {
        let epoch = NaiveDate::default();
        if days < 0 { epoch - Days::new(days.unsigned_abs().into()) } else { epoch + Days::new(days.unsigned_abs().into()) }
    })
}

fn any_input() -> impl Strategy<Value = ScoreInput> {
    let lenders = prop::sample::select(vec![
        "santander",
        "santander_consumer",
        "Lloyds",
        "barclays",
        "hsbc",
        "nationwide",
        "black_horse",
        "",
        "motonovo",
    ]);
    let dispositions: Vec<String> =
        RuleSet::standard().dispositions.into_keys().chain(["do_not_contact".into(), "unheard_of".into()]).collect();
    (
        prop::collection::vec(lenders.prop_map(str::to_owned), 0..4),
        prop::option::of(any_day()),
        prop::option::of(any_day()),
        prop::option::of(any_day()),
        prop::option::of(prop::sample::select(dispositions)),
        0_u32..200,
        prop::option::of(prop::sample::select(vec!["LS11 5AB", "M1 1AE", "12 High Street"])),
        prop::option::of(0_u64..100_000),
    )
        .prop_map(|(lenders, date_of_birth, newest_open_claim, last_attempt, last_disposition, failed_attempts, post_code, pence)| {
            ScoreInput {
                lenders,
                date_of_birth,
                newest_open_claim,
                last_attempt,
                last_disposition,
                failed_attempts,
                post_code: post_code.map(str::to_owned),
                claim_types: vec!["VEHICLE".to_owned(), "loan".to_owned()],
                monthly_payment_pence: pence,
            }
        })
}

/// Any rule set an editor could make, halves or not.
fn any_rules() -> impl Strategy<Value = RuleSet> {
    let edited = (any::<bool>(), -100.0..100.0_f64, 0.0..5.0_f64, 0.0..200.0_f64, -3.0..20.0_f64).prop_map(
        |(is_on, santander, per_day, at_most, failed_attempt)| {
            let mut rules = RuleSet::standard();
            rules.age.is_on = is_on;
            rules.lender.points.insert("santander".into(), santander);
            rules.claim_age = ClaimAgeRule { per_day, at_most };
            rules.failed_attempt = failed_attempt;
            rules.location.insert("LS".into(), santander / 3.0);
            rules.claim_type.insert("loan".into(), failed_attempt);
            rules.claim_value = vec![ValueBand { from_pounds: 250, points: -at_most }];
            rules.pairs = vec![Pair { first: Trait::AgeFrom(50), second: Trait::Lender("lloyds".into()), points: per_day }];
            rules.seasons =
                vec![Season { name: "Month end".into(), window: Window::Monthly { from_day: 25, to_day: 31 }, points: failed_attempt }];
            rules
        },
    );
    prop_oneof![Just(RuleSet::standard()), Just(RuleSet::guide_literal()), edited]
}

proptest! {
    #[test]
    fn the_listed_points_sum_to_the_total_exactly(input in any_input(), rules in any_rules(), today in any_day()) {
        let score = score(&input, &rules, today);
        let forwards = score.factors.iter().fold(0.0, |sum, factor| sum + factor.points);
        let backwards = score.factors.iter().rev().fold(0.0, |sum, factor| sum + factor.points);
        prop_assert_eq!(forwards.to_bits(), score.total.to_bits());
        prop_assert_eq!(backwards.to_bits(), score.total.to_bits());
    }

    #[test]
    fn a_score_is_the_sum_before_the_floor_but_never_below_0(input in any_input(), rules in any_rules(), today in any_day()) {
        let score = score(&input, &rules, today);
        prop_assert!(score.total >= 0.0);
        prop_assert_eq!(score.total.to_bits(), score.raw_sum.max(0.0).to_bits());
        let without_floor = score.factors.iter().filter(|factor| factor.name != "floor").fold(0.0, |sum, factor| sum + factor.points);
        prop_assert_eq!(without_floor.to_bits(), score.raw_sum.to_bits());
        prop_assert_eq!(score.factors.iter().any(|factor| factor.name == "floor"), score.raw_sum < 0.0);
    }

    #[test]
    fn the_order_in_which_claims_were_read_changes_nothing(input in any_input(), today in any_day()) {
        let mut reversed = input.clone();
        reversed.lenders.reverse();
        prop_assert_eq!(score(&input, &RuleSet::standard(), today), score(&reversed, &RuleSet::standard(), today));
    }

    #[test]
    fn the_guide_differs_only_in_recency_and_in_the_dispositions_it_does_not_name(input in any_input(), today in any_day()) {
        let (standard, guide) = (score(&input, &RuleSet::standard(), today), score(&input, &RuleSet::guide_literal(), today));
        let named = RuleSet::guide_literal().dispositions;
        for (ours, theirs) in standard.factors.iter().zip(&guide.factors).take(6) {
            prop_assert_eq!(&ours.name, &theirs.name);
            prop_assert_eq!(&ours.detail, &theirs.detail);
            let may_differ = match ours.name.as_str() {
                "recency" => true,
                "last_disposition" => input.last_disposition.as_ref().is_some_and(|code| !named.contains_key(code)),
                _ => false,
            };
            prop_assert!(may_differ || ours.points.to_bits() == theirs.points.to_bits(), "{ours:?} {theirs:?}");
        }
        prop_assert_eq!(guide.rule_set, format!("{}/1", RuleSetName::GuideLiteral));
    }

    #[test]
    fn under_the_standard_rules_nobody_called_is_sooner_for_it(input in any_input(), today in any_day()) {
        let never = ScoreInput { last_attempt: None, ..input.clone() };
        prop_assert!(standard_on(&never, today).raw_sum <= standard_on(&input, today).raw_sum);
    }
}

fn standard_on(input: &ScoreInput, today: NaiveDate) -> Score {
    score(input, &RuleSet::standard(), today)
}

use super::*;
use crate::score::score;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// What a rule set's own tables make of somebody on 24 November 2026, each line as `name points detail`.
fn lines(input: &ScoreInput, rules: &RuleSet) -> Vec<String> {
    lines_on(input, rules, day("2026-11-24"))
}

fn lines_on(input: &ScoreInput, rules: &RuleSet, today: NaiveDate) -> Vec<String> {
    factors(input, rules, today).map(|factor| format!("{} {} {}", factor.name, factor.points, factor.detail)).collect()
}

fn nobody() -> ScoreInput {
    ScoreInput::default()
}

#[test]
fn the_shipped_rule_sets_have_none_of_these_factors() {
    let known = ScoreInput {
        post_code: Some("LS11 5AB".into()),
        claim_types: vec!["VEHICLE".into()],
        monthly_payment_pence: Some(45_000),
        ..nobody()
    };
    for rules in [RuleSet::standard(), RuleSet::guide_literal()] {
        assert!(lines(&known, &rules).is_empty());
        assert!(!rules.asks_for_post_codes() && !rules.asks_for_values());
        assert!(rules.problems().is_empty());
    }
}

#[test]
fn a_place_is_the_area_of_its_post_code() {
    let rules = RuleSet { location: [("LS".to_owned(), -5.0), ("M".to_owned(), 3.0)].into(), ..RuleSet::standard() };
    assert!(rules.asks_for_post_codes());
    for (post_code, line) in [
        (Some("LS11 5AB"), "location -5 post code area LS"),
        (Some(" ls115ab "), "location -5 post code area LS"),
        (Some("M1 1AE"), "location 3 post code area M"),
        (Some("EC1A 1BB"), "location 0 post code area EC"),
        (Some("12 Acacia Avenue, Leeds"), "location 0 post code not known"),
        (Some("Leeds"), "location 0 post code not known"),
        (Some("LS11"), "location 0 post code not known"),
        (Some("ÄS11 5AB"), "location 0 post code not known"),
        (Some(""), "location 0 post code not known"),
        (None, "location 0 post code not known"),
    ] {
        assert_eq!(lines(&ScoreInput { post_code: post_code.map(Into::into), ..nobody() }, &rules), [line], "{post_code:?}");
    }
}

#[test]
fn the_best_kind_of_the_open_claims_counts() {
    let rules = RuleSet { claim_type: [("vehicle".to_owned(), -4.0), ("credit_card".to_owned(), 2.0)].into(), ..RuleSet::standard() };
    for (kinds, line) in [
        (&["VEHICLE"][..], "claim_type -4 Vehicle"),
        (&["Credit-Card", "VEHICLE"], "claim_type -4 Vehicle"),
        (&["Credit Card"], "claim_type 2 Credit card"),
        (&["LOAN"], "claim_type 0 Loan"),
        (&[" "], "claim_type 0 kind of claim not known"),
        (&[], "claim_type 0 kind of claim not known"),
    ] {
        let input = ScoreInput { claim_types: kinds.iter().map(|&kind| kind.to_owned()).collect(), ..nobody() };
        assert_eq!(lines(&input, &rules), [line], "{kinds:?}");
    }
}

/// rules, Roles: the value of a claim is never shown to agents, and the explanation of a score is.
#[test]
fn the_value_of_a_claim_counts_by_bands_and_is_never_in_the_explanation() {
    let bands = vec![
        ValueBand { from_pounds: 300, points: -6.0 },
        ValueBand { from_pounds: 0, points: 1.0 },
        ValueBand { from_pounds: 150, points: -2.5 },
    ];
    let pair = Pair { first: Trait::ClaimValueFrom(300), second: Trait::NeverCalled, points: -1.0 };
    let rules = RuleSet { claim_value: bands, pairs: vec![pair], ..RuleSet::standard() };
    assert!(rules.asks_for_values());
    for (pence, points) in [(0, "1"), (14_999, "1"), (15_000, "-2.5"), (29_999, "-2.5"), (30_000, "-6"), (u64::MAX, "-6")] {
        let input = ScoreInput { monthly_payment_pence: Some(pence), ..nobody() };
        let lines = lines(&input, &rules);
        assert_eq!(lines[0], format!("claim_value {points} the value itself is not shown"));
        assert_eq!(lines.get(1).map(String::as_str), (pence >= 30_000).then_some("value_pair -1 The claim's value and never called"));
    }
    assert_eq!(lines(&nobody(), &rules), ["claim_value 0 value not known"]);
}

/// rules, Roles: agents are not to tell the band from the points either.
#[test]
fn what_agents_see_of_a_score_has_one_line_for_all_that_the_value_has_a_part_in() {
    let month = Window::Monthly { from_day: 1, to_day: 31 };
    let rules = RuleSet {
        claim_value: vec![ValueBand { from_pounds: 300, points: -6.0 }],
        pairs: vec![Pair { first: Trait::ClaimValueFrom(300), second: Trait::NeverCalled, points: -1.0 }],
        seasons: vec![Season { name: "Always".into(), window: month, points: 2.5 }],
        ..RuleSet::standard()
    };
    let input = ScoreInput { monthly_payment_pence: Some(47_319), ..nobody() };
    let whole = score(&input, &rules, day("2026-11-24"));
    let shown = whole.clone().without_values();
    let names: Vec<_> = shown.factors.iter().map(|factor| (factor.name.as_str(), factor.points)).skip(6).collect();
    assert_eq!(names, [("other", -4.5), ("floor", 4.5)]);
    assert_eq!((shown.total.to_bits(), shown.raw_sum.to_bits()), (whole.total.to_bits(), whole.raw_sum.to_bits()));
    assert_eq!(shown.recommendation(), "Among the first to call.");
    // Without a part of the value everything is shown.
    let rules = RuleSet { claim_value: Vec::new(), pairs: Vec::new(), ..rules };
    let whole = score(&input, &rules, day("2026-11-24"));
    assert_eq!(whole.clone().without_values(), whole);
}

#[test]
fn a_pair_counts_when_both_hold_and_each_pair_by_itself() {
    let pair = |first, second, points| Pair { first, second, points };
    let rules = RuleSet {
        pairs: vec![
            pair(Trait::Lender("santander".into()), Trait::NeverCalled, -4.0),
            pair(Trait::AgeFrom(65), Trait::LastDisposition("no_answer".into()), 3.0),
            pair(Trait::Location("LS".into()), Trait::ClaimType("VEHICLE".into()), -1.5),
        ],
        ..RuleSet::standard()
    };
    assert!(rules.asks_for_post_codes() && !rules.asks_for_values());
    let all = ScoreInput {
        lenders: vec!["Santander Consumer".into()],
        date_of_birth: Some(day("1950-01-01")),
        last_disposition: Some("No_Answer".into()),
        post_code: Some("LS11 5AB".into()),
        claim_types: vec!["vehicle".into()],
        ..nobody()
    };
    let lines_of_all = [
        "pair -4 Santander and never called",
        "pair 3 65 or older and last outcome no answer",
        "pair -1.5 Post code area LS and a claim about vehicle",
    ];
    assert_eq!(lines(&all, &rules), lines_of_all);
    assert!(lines(&nobody(), &rules).is_empty());
    let called = ScoreInput { last_attempt: Some(day("2026-11-20")), ..all.clone() };
    assert_eq!(lines(&called, &rules), lines_of_all[1..]);
    let younger = ScoreInput { date_of_birth: Some(day("1961-11-25")), post_code: None, ..all };
    assert_eq!(lines(&younger, &rules), lines_of_all[..1]);
}

/// Age is a protected characteristic: switched off, it counts in no disguise.
#[test]
fn a_pair_with_age_never_counts_while_age_is_switched_off() {
    let mut rules =
        RuleSet { pairs: vec![Pair { first: Trait::AgeFrom(18), second: Trait::NeverCalled, points: -4.0 }], ..RuleSet::standard() };
    let input = ScoreInput { date_of_birth: Some(day("1950-01-01")), ..nobody() };
    assert_eq!(lines(&input, &rules).len(), 1);
    rules.age.is_on = false;
    assert!(lines(&input, &rules).is_empty());
}

#[test]
fn a_season_adds_its_points_on_its_days_alone() {
    let season = |name: &str, window, points| Season { name: name.into(), window, points };
    let rules = RuleSet {
        seasons: vec![
            season("Christmas", Window::Dated { from: day("2026-12-24"), to: day("2027-01-01") }, 20.0),
            season("Month end", Window::Monthly { from_day: 30, to_day: 31 }, -5.0),
            season("Payday", Window::Monthly { from_day: 28, to_day: 2 }, 1.0),
        ],
        ..RuleSet::standard()
    };
    for (today, names) in [
        ("2026-11-24", &[][..]),
        ("2026-12-23", &[]),
        ("2026-12-24", &["Christmas"]),
        ("2026-12-31", &["Christmas", "Month end", "Payday"]),
        ("2027-01-01", &["Christmas", "Payday"]),
        ("2027-01-03", &[]),
        // A month without a 30th ends with its last day.
        ("2027-02-27", &[]),
        ("2027-02-28", &["Month end", "Payday"]),
        ("2028-02-28", &["Payday"]),
        ("2028-02-29", &["Month end", "Payday"]),
        ("2026-11-30", &["Month end", "Payday"]),
        ("2026-11-29", &["Payday"]),
        ("2026-11-02", &["Payday"]),
    ] {
        let found: Vec<String> = factors(&nobody(), &rules, day(today)).map(|factor| factor.detail).collect();
        assert_eq!(found, names, "{today}");
    }
}

#[test]
fn these_factors_are_part_of_the_sum() {
    let rules = RuleSet {
        location: [("LS".to_owned(), 4.5)].into(),
        seasons: vec![Season { name: "Always".into(), window: Window::Monthly { from_day: 1, to_day: 31 }, points: 7.0 }],
        ..RuleSet::standard()
    };
    let score = score(&ScoreInput { post_code: Some("LS1 1AA".into()), ..nobody() }, &rules, day("2026-11-24"));
    assert_eq!(score.total.to_bits(), 11.5_f64.to_bits());
}

#[test]
fn numbers_that_cannot_be_meant_are_refused_in_words() {
    let standard = RuleSet::standard;
    let month = |from_day, to_day| Season { name: "Month".into(), window: Window::Monthly { from_day, to_day }, points: 1.0 };
    for (rules, words) in [
        (RuleSet { name: "My Rules".into(), ..standard() }, "small letters"),
        (RuleSet { name: String::new(), ..standard() }, "small letters"),
        (RuleSet { failed_attempt: f64::NAN, ..standard() }, "failed_attempt: points are halves"),
        (RuleSet { failed_attempt: 0.3, ..standard() }, "not 0.3"),
        (RuleSet { location: [("LS".to_owned(), 5_000.0)].into(), ..standard() }, "location.LS: points"),
        (RuleSet { location: [("Leeds".to_owned(), 5.0)].into(), ..standard() }, "such as LS"),
        (RuleSet { claim_type: [("VEHICLE".to_owned(), 5.0)].into(), ..standard() }, "\"vehicle\""),
        (RuleSet { dispositions: [(String::new(), 5.0)].into(), ..standard() }, "snake_case"),
        (
            RuleSet { pairs: vec![Pair { first: Trait::Location("Leeds".into()), second: Trait::NeverCalled, points: 1.0 }], ..standard() },
            "nobody has that",
        ),
        (
            RuleSet { pairs: vec![Pair { first: Trait::NeverCalled, second: Trait::Lender(" ".into()), points: 1.0 }], ..standard() },
            "nobody has that",
        ),
        (RuleSet { claim_value: vec![ValueBand { from_pounds: 1, points: 1.0 }; 2], ..standard() }, "at the same place"),
        (RuleSet { seasons: vec![month(0, 3)], ..standard() }, "no month has"),
        (RuleSet { seasons: vec![month(1, 32)], ..standard() }, "no month has"),
        (RuleSet { seasons: vec![Season { name: " ".into(), ..month(1, 3) }], ..standard() }, "season's name"),
        (
            RuleSet {
                seasons: vec![Season { window: Window::Dated { from: day("2027-01-02"), to: day("2027-01-01") }, ..month(1, 1) }],
                ..standard()
            },
            "ends before it begins",
        ),
    ] {
        let problems = rules.problems();
        assert!(problems.len() == 1 && problems[0].contains(words), "{words}: {problems:?}");
    }
}

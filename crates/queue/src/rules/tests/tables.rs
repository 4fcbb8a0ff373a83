use QueueKind::{Callbacks, OutstandingRequests, UnsignedUsers};

use super::*;

fn due(reason: CallbackReason) -> DueCallback {
    DueCallback { reason, promise_used_today: false, is_retry: false }
}

fn hours_before(world: &World, hours: i64) -> DateTime<Utc> {
    world.now() - TimeDelta::hours(hours)
}

#[test]
fn whoever_the_platform_does_not_know_is_not_found_and_nothing_else() {
    let mut world = World::of(unsigned()).at(utc("2026-11-29T03:00:00Z"));
    world.facts = None;
    world.number = NumberFact::Missing;
    world.own.suppressions = vec![suppression(SuppressionKind::DoNotContact)];

    assert_eq!(world.judge(), Judgement { need: None, reasons: vec![Reason::NotFound] });
}

#[test]
fn a_person_is_in_the_first_queue_that_applies() {
    let both = Facts { has_signed: false, ..outstanding() };
    for (facts, callback, need) in [
        (facts(), None, None),
        (unsigned(), None, Some(UnsignedUsers)),
        (outstanding(), None, Some(OutstandingRequests)),
        (both.clone(), None, Some(UnsignedUsers)),
        (both, Some(due(CallbackReason::Requirements)), Some(Callbacks)),
        (unsigned(), Some(due(CallbackReason::Signature)), Some(Callbacks)),
        (outstanding(), Some(due(CallbackReason::Requirements)), Some(Callbacks)),
        // A promise about one thing stands while the other is pending.
        (unsigned(), Some(due(CallbackReason::Requirements)), Some(Callbacks)),
        (outstanding(), Some(due(CallbackReason::Signature)), Some(Callbacks)),
        // Nothing is pending any more: only the user's own wish stands.
        (facts(), Some(due(CallbackReason::Signature)), None),
        (facts(), Some(due(CallbackReason::Requirements)), None),
        (facts(), Some(due(CallbackReason::UserAsked)), Some(Callbacks)),
    ] {
        let mut world = World::of(facts);
        world.own.due_callback = callback;

        let judgement = world.judge();

        assert_eq!(judgement.need, need, "{world:?}");
        assert_eq!(judgement.callable(), need);
        assert_eq!(judgement.reasons, if need.is_none() { vec![Reason::NothingToCallAbout] } else { vec![] });
        let entry = need.filter(|queue| *queue != Callbacks).map(|queue| (queue, world.now()));
        assert_eq!(judgement.entry(world.now()), entry);
    }
}

/// lessons, line 3: hot leads were never called for weeks, because of NULL.
#[test]
fn someone_with_null_in_every_column_that_allows_it_is_called() {
    let facts = Facts {
        status: None,
        raw_number: None,
        date_of_birth: None,
        claims: vec![Claim { kind: None, status: None, lender: None, solicitor: None, ..claim(1) }],
        pending: vec![Requirement { claim_id: ClaimId::new(1), kind: None, reason: None, rejection_reason: None, created_at: None }],
        ..facts()
    };
    let mut world = World::of(facts);
    world.own = OwnFacts {
        attempts: vec![],
        last_outcome: Some(LastOutcome { delay_until: None, replaces_cooling_off: false }),
        put_back_until: None,
        ..OwnFacts::default()
    };
    // Something is paused, but nobody whom a NULL could be.
    world.pauses.lenders = ["santander".into(), String::new()].into();
    world.pauses.solicitors = ["Hill & Co".into(), String::new()].into();

    assert_eq!(world.judge().callable(), Some(OutstandingRequests));
    assert_eq!(world.judge().entry(world.now()), Some((OutstandingRequests, world.now())));
}

#[test]
fn the_account_must_be_enabled_active_and_have_an_open_claim() {
    let with_status = |status: &str| Facts { status: Some(status.into()), ..unsigned() };
    let with_claim = |status: &str| Facts { claims: vec![Claim { status: Some(status.into()), ..claim(1) }], ..unsigned() };
    for (facts, reasons) in [
        (Facts { is_enabled: false, ..unsigned() }, vec![Reason::NotEnabled]),
        (with_status("inactive"), vec![Reason::Inactive]),
        (with_status(" Cancelled "), vec![Reason::Inactive]),
        (with_status("INACTIVE"), vec![Reason::Inactive]),
        (with_status("lead"), vec![]),
        (with_status("customer"), vec![]),
        (with_status(""), vec![]),
        (with_status("never seen before"), vec![]),
        (Facts { claims: vec![], ..unsigned() }, vec![Reason::NoOpenClaim]),
        (with_claim("complete"), vec![Reason::NoOpenClaim]),
        (with_claim(" Completed"), vec![Reason::NoOpenClaim]),
        (with_claim("CANCELLED"), vec![Reason::NoOpenClaim]),
        (with_claim("anything else"), vec![]),
        (
            Facts { is_enabled: false, status: Some("inactive".into()), claims: vec![], ..unsigned() },
            vec![Reason::NotEnabled, Reason::Inactive, Reason::NoOpenClaim],
        ),
    ] {
        let world = World::of(facts);
        assert_eq!(world.reasons(), reasons, "{:?}", world.facts);
        assert_eq!(world.judge().need, Some(UnsignedUsers), "the need is told even when nobody may call");
    }
}

#[test]
fn the_number_must_be_one_that_may_be_rung() {
    let why = InvalidPhoneNumber::ForbiddenKind;
    for (number, reasons) in [
        (usable(), vec![]),
        (NumberFact::NotParsed, vec![]),
        (NumberFact::Missing, vec![Reason::NoNumber]),
        (NumberFact::Unusable(why), vec![Reason::UnusableNumber { why }]),
    ] {
        let world = World { number, ..World::of(unsigned()) };
        assert_eq!(world.reasons(), reasons);
    }
}

/// lessons, line 9: do-not-contact only raised the score; people were rung again.
#[test]
fn an_objection_stops_the_call_in_every_queue_and_even_a_promise() {
    for (kind, reason) in [
        (SuppressionKind::DoNotContact, Reason::DoNotContact),
        (SuppressionKind::BadNumber, Reason::BadNumber),
        (SuppressionKind::OptedOut, Reason::OptedOut),
    ] {
        for (facts, callback) in [(unsigned(), None), (outstanding(), None), (facts(), Some(due(CallbackReason::UserAsked)))] {
            let mut world = World::of(facts);
            world.own.due_callback = callback;
            // Of the person and of the number: one reason.
            world.own.suppressions = vec![suppression(kind), suppression(kind)];
            assert_eq!(world.reasons(), vec![reason.clone()]);
            assert_eq!(world.judge().callable(), None);
            assert_eq!(world.judge().entry(world.now()), None);
        }
    }
}

#[test]
fn only_what_the_user_can_act_on_counts() {
    let id_document = |reason: Option<&str>| Requirement { reason: reason.map(str::to_owned), ..requirement(1, "id_document") };
    for (requirement, counts) in [
        (requirement(1, "proof_of_address"), true),
        (requirement(1, "signature"), false),
        (requirement(1, " Signature "), false),
        (requirement(1, "VEHICLE_REGISTRATION"), false),
        (requirement(1, "cfa"), false),
        (requirement(1, "solicitor_letter_of_authority"), false),
        (requirement(1, "letter_of_authority"), false),
        (id_document(Some("base requirement for claim.")), false),
        (id_document(Some("  Base Requirement for Claim. ")), false),
        (id_document(Some("the photograph is blurred")), true),
        (id_document(None), true),
        (Requirement { reason: Some("base requirement for claim.".into()), ..requirement(1, "bank_statement") }, true),
        (Requirement { kind: None, ..requirement(1, "") }, true),
        (requirement(2, "proof_of_address"), false), // claim 2 is closed
        (requirement(3, "proof_of_address"), false), // claim 3 is not the user's
    ] {
        let closed = Claim { status: Some("Complete".into()), ..claim(2) };
        let facts = Facts { claims: vec![claim(1), closed], pending: vec![requirement], ..facts() };
        let world = World::of(facts.clone());
        assert_eq!(counted_requirements(&facts, &world.settings).count(), usize::from(counts), "{:?}", facts.pending);
        assert_eq!(world.judge().need, counts.then_some(OutstandingRequests), "{:?}", facts.pending);
    }
}

#[test]
fn each_queue_has_its_cap_for_the_day() {
    for (facts, queue, cap) in [(unsigned(), UnsignedUsers, 3), (outstanding(), OutstandingRequests, 2)] {
        let mut world = World::of(facts).at(utc("2026-11-24T19:30:00Z"));
        world.settings.attempts_a_day = 100;
        // Long ago enough for cooling-off, this morning.
        world.own.attempts = vec![attempt(utc("2026-11-24T09:00:00Z"), queue); cap - 1];
        assert_eq!(world.reasons(), vec![], "{queue}");
        world.own.attempts.push(attempt(utc("2026-11-24T09:05:00Z"), queue));
        assert_eq!(world.reasons(), vec![Reason::AttemptCap { until: utc("2026-11-25T00:00:00Z") }], "{queue}");
        // Attempts from elsewhere count across queues alone.
        for attempt in &mut world.own.attempts {
            attempt.queue = None;
        }
        assert_eq!(world.reasons(), vec![], "{queue}");
    }
}

#[test]
fn a_promise_of_ours_is_capped_but_does_not_cool_off() {
    let mut world = World::of(unsigned());
    world.own.due_callback = Some(due(CallbackReason::Signature));
    world.own.attempts = vec![attempt(world.now() - TimeDelta::minutes(5), Callbacks)];
    assert_eq!(world.judge().callable(), Some(Callbacks));
    world.own.attempts.push(attempt(world.now() - TimeDelta::minutes(4), Callbacks));
    assert_eq!(world.reasons(), vec![Reason::AttemptCap { until: utc("2026-11-25T00:00:00Z") }]);
}

#[test]
fn three_attempts_a_day_are_the_limit_across_queues_for_the_person_and_for_the_number() {
    for (of_person, on_number) in [(true, false), (false, true), (true, true)] {
        let mut world = World::of(unsigned()).at(utc("2026-11-24T19:30:00Z"));
        let morning = |minute| Attempt { at: utc("2026-11-24T09:00:00Z") + TimeDelta::minutes(minute), queue: None, of_person, on_number };
        world.own.attempts = vec![morning(0), morning(1)];
        assert_eq!(world.reasons(), vec![]);
        world.own.attempts.push(morning(2));
        assert_eq!(world.reasons(), vec![Reason::AttemptCap { until: utc("2026-11-25T00:00:00Z") }]);
    }
    // Two of the person and two of somebody else on the number are two for each, not four.
    let mut world = World::of(unsigned()).at(utc("2026-11-24T19:30:00Z"));
    let at = utc("2026-11-24T09:00:00Z");
    let of_person = Attempt { at, queue: None, of_person: true, on_number: false };
    let on_number = Attempt { at, queue: None, of_person: false, on_number: true };
    world.own.attempts = vec![of_person, of_person, on_number, on_number];
    assert_eq!(world.reasons(), vec![]);
}

#[test]
fn ten_attempts_in_7_days_are_the_limit_until_the_oldest_that_matters_leaves() {
    let mut world = World::of(unsigned());
    world.own.attempts = (1..=10).map(|n| attempt(hours_before(&world, 15 * n), UnsignedUsers)).collect();
    // The tenth is 150 hours old; 7 days are 168.
    assert_eq!(world.reasons(), vec![Reason::AttemptCap { until: world.now() + TimeDelta::hours(18) }]);

    // One more, older: it leaves first, but nine must be left.
    world.own.attempts.push(attempt(hours_before(&world, 160), UnsignedUsers));
    assert_eq!(world.reasons(), vec![Reason::AttemptCap { until: world.now() + TimeDelta::hours(18) }]);

    // Exactly 7 days old is out, a second less is in.
    world.own.attempts = (1..=9).map(|n| attempt(hours_before(&world, 15 * n), UnsignedUsers)).collect();
    world.own.attempts.push(attempt(hours_before(&world, 168), UnsignedUsers));
    assert_eq!(world.reasons(), vec![]);
    world.own.attempts.push(attempt(hours_before(&world, 168) + TimeDelta::seconds(1), UnsignedUsers));
    assert_eq!(world.reasons(), vec![Reason::AttemptCap { until: world.now() + TimeDelta::seconds(1) }]);
}

#[test]
fn the_last_cap_to_let_go_is_the_one_that_is_told() {
    let mut world = World::of(unsigned()).at(utc("2026-11-24T19:30:00Z"));
    world.own.attempts = (0..3).map(|n| attempt(utc("2026-11-24T09:00:00Z") + TimeDelta::minutes(n), UnsignedUsers)).collect();
    world
        .own
        .attempts
        .extend((1..=7).map(|n| attempt(utc("2026-11-24T12:00:00Z") - TimeDelta::days(2) - TimeDelta::hours(n), UnsignedUsers)));
    assert_eq!(world.reasons(), vec![Reason::AttemptCap { until: utc("2026-11-29T05:00:00Z") }]);
}

/// lessons, line 32: both switch days of the year are fixtures.
#[test]
fn a_day_is_a_london_day_also_when_the_clocks_change() {
    let sunday = |at: &str| {
        let mut world = World::of(unsigned()).at(utc(at));
        world.settings.calling_hours.sunday = world.settings.calling_hours.weekdays;
        world.settings.unsigned_users.hours_between = None;
        world
    };
    for (now, attempted, until) in [
        // 29 March 2026 has 23 hours: it begins at 00:00 UTC and ends at 23:00 UTC.
        ("2026-03-29T18:00:00Z", "2026-03-29T00:00:00Z", Some("2026-03-29T23:00:00Z")),
        ("2026-03-29T18:00:00Z", "2026-03-28T23:59:59Z", None),
        ("2026-03-30T18:00:00Z", "2026-03-29T23:00:00Z", Some("2026-03-30T23:00:00Z")),
        ("2026-03-30T18:00:00Z", "2026-03-29T22:59:59Z", None),
        // 25 October 2026 has 25: it begins at 23:00 UTC the day before and ends at 00:00 UTC.
        ("2026-10-25T18:00:00Z", "2026-10-24T23:00:00Z", Some("2026-10-26T00:00:00Z")),
        ("2026-10-25T18:00:00Z", "2026-10-24T22:59:59Z", None),
        ("2026-10-26T18:00:00Z", "2026-10-26T00:00:00Z", Some("2026-10-27T00:00:00Z")),
        ("2026-10-26T18:00:00Z", "2026-10-25T23:59:59Z", None),
        // In summer the London day begins an hour before the UTC day.
        ("2026-07-01T18:00:00Z", "2026-06-30T23:00:00Z", Some("2026-07-01T23:00:00Z")),
        ("2026-07-01T18:00:00Z", "2026-06-30T22:59:59Z", None),
    ] {
        let mut world = sunday(now);
        world.own.attempts = vec![attempt(utc(attempted), UnsignedUsers); 3];
        let expected: Vec<_> = until.map(|until| Reason::AttemptCap { until: utc(until) }).into_iter().collect();
        assert_eq!(world.reasons(), expected, "{now} after {attempted}");
    }
}

/// lessons, line 32: cooling-off is hours that pass, not hours on the wall.
#[test]
fn cooling_off_counts_hours_that_pass_when_the_clocks_change() {
    let mut world = World::of(unsigned()).at(utc("2026-03-29T08:59:59Z"));
    world.settings.calling_hours.sunday = world.settings.calling_hours.weekdays;
    world.settings.unsigned_users.hours_between = Some(12);
    world.own.attempts = vec![attempt(utc("2026-03-28T21:00:00Z"), UnsignedUsers)];
    assert_eq!(world.reasons(), vec![Reason::CoolingOff { until: utc("2026-03-29T09:00:00Z") }]);
    assert_eq!(world.at(utc("2026-03-29T09:00:00Z")).reasons(), vec![]);
}

#[test]
fn after_an_attempt_the_queue_cools_off() {
    for (facts, queue, hours) in [(unsigned(), UnsignedUsers, 4), (outstanding(), OutstandingRequests, 6)] {
        let mut world = World::of(facts).at(utc("2026-11-24T16:00:00Z"));
        // From whichever queue the last attempt was made.
        world.own.attempts = vec![attempt(hours_before(&world, hours), Callbacks)];
        assert_eq!(world.reasons(), vec![], "{queue}");
        world.own.attempts.push(attempt(hours_before(&world, hours) + TimeDelta::seconds(1), Callbacks));
        let until = world.now() + TimeDelta::seconds(1);
        assert_eq!(world.reasons(), vec![Reason::CoolingOff { until }], "{queue}");
        assert_eq!(world.judge().entry(world.now()), Some((queue, until)));
        // Somebody else on the same number does not cool this person off.
        world.own.attempts[1].of_person = false;
        assert_eq!(world.reasons(), vec![], "{queue}");
    }
}

#[test]
fn cooling_off_and_the_dispositions_delay_combine() {
    let now = utc("2026-11-24T16:00:00Z");
    let hour = |hours| Some(now + TimeDelta::hours(hours));
    let expected =
        |hours: Option<i64>| hours.map(|hours| Reason::CoolingOff { until: now + TimeDelta::hours(hours) }).into_iter().collect::<Vec<_>>();
    // Attempted an hour ago in a queue that cools off for 4: 3 hours are left.
    for (delay_until, replaces_cooling_off, hours_left) in [
        (None, false, Some(3)),
        (hour(2), false, Some(3)), // the longer holds: cooling-off
        (hour(7), false, Some(7)), // the longer holds: the delay
        (hour(-1), false, Some(3)),
        (hour(1), true, Some(1)), // busy: the delay alone, although shorter
        (hour(0), true, None),
        (None, true, None),
    ] {
        let mut world = World::of(unsigned()).at(now);
        world.own.attempts = vec![attempt(hours_before(&world, 1), UnsignedUsers)];
        world.own.last_outcome = Some(LastOutcome { delay_until, replaces_cooling_off });
        assert_eq!(world.reasons(), expected(hours_left), "{delay_until:?} {replaces_cooling_off}");
    }
    // A delay also holds when the attempt itself is past the 7 days.
    let mut world = World::of(unsigned()).at(now);
    world.own.last_outcome = Some(LastOutcome { delay_until: hour(24 * 20), replaces_cooling_off: false });
    assert_eq!(world.reasons(), expected(Some(24 * 20)));
}

#[test]
fn whoever_was_put_back_waits() {
    let mut world = World::of(unsigned());
    world.own.put_back_until = Some(world.now() + TimeDelta::minutes(30));
    assert_eq!(world.reasons(), vec![Reason::PutBack { until: world.now() + TimeDelta::minutes(30) }]);
    assert_eq!(world.judge().entry(world.now()), Some((UnsignedUsers, world.now() + TimeDelta::minutes(30))));
    world.own.put_back_until = Some(world.now());
    assert_eq!(world.reasons(), vec![]);
}

#[test]
fn the_entry_waits_for_the_last_of_all_reasons_to_wait() {
    let mut world = World::of(unsigned()).at(utc("2026-11-24T19:30:00Z"));
    world.own.attempts = vec![attempt(utc("2026-11-24T19:00:00Z"), UnsignedUsers); 3];
    world.own.put_back_until = Some(utc("2026-11-24T20:00:00Z"));
    let until = utc("2026-11-25T00:00:00Z");
    assert_eq!(
        world.reasons(),
        vec![
            Reason::AttemptCap { until },
            Reason::CoolingOff { until: utc("2026-11-24T23:00:00Z") },
            Reason::PutBack { until: utc("2026-11-24T20:00:00Z") }
        ]
    );
    assert_eq!(world.judge().entry(world.now()), Some((UnsignedUsers, until)));
}

#[test]
fn a_promise_that_the_user_asked_for_is_exempt_from_spacing_once_a_day() {
    let spaced = |facts, callback| {
        let mut world = World::of(facts);
        world.own.due_callback = callback;
        world.own.attempts = (0..10).map(|n| attempt(world.now() - TimeDelta::minutes(n), Callbacks)).collect();
        world.own.last_outcome = Some(LastOutcome { delay_until: Some(world.now() + TimeDelta::days(3)), replaces_cooling_off: false });
        world.own.put_back_until = Some(world.now() + TimeDelta::minutes(30));
        world
    };
    for facts in [facts(), unsigned(), outstanding()] {
        assert_eq!(spaced(facts.clone(), Some(due(CallbackReason::UserAsked))).judge().callable(), Some(Callbacks));
        let used = Some(DueCallback { reason: CallbackReason::UserAsked, promise_used_today: true, is_retry: false });
        assert_eq!(spaced(facts, used).reasons().len(), 3);
    }
    // Ours are not exempt.
    for reason in [CallbackReason::Signature, CallbackReason::Requirements] {
        assert_eq!(spaced(unsigned(), Some(due(reason))).reasons().len(), 3, "{reason:?}");
    }
}

#[test]
fn a_promise_is_never_exempt_from_hours_holidays_pauses_or_the_account() {
    let promised = |facts| {
        let mut world = World::of(facts);
        world.own.due_callback = Some(due(CallbackReason::UserAsked));
        world
    };
    assert_eq!(promised(facts()).at(utc("2026-11-24T08:59:59Z")).reasons(), vec![Reason::OutsideCallingHours]);
    assert_eq!(promised(facts()).at(utc("2026-12-25T12:00:00Z")).reasons(), vec![closed("Christmas Day")]);
    assert_eq!(promised(Facts { is_enabled: false, ..facts() }).reasons(), vec![Reason::NotEnabled]);
    let mut paused = promised(facts());
    paused.pauses.queues = [Callbacks].into();
    paused.pauses.lenders = ["black_horse".into()].into();
    assert_eq!(paused.reasons(), vec![Reason::QueuePaused, Reason::LenderPaused]);
}

#[test]
fn hours_and_holidays_are_two_reasons() {
    for (at, reasons) in [
        ("2026-11-24T10:30:00Z", vec![]),
        ("2026-11-24T20:00:00Z", vec![Reason::OutsideCallingHours]),
        ("2026-11-29T12:00:00Z", vec![Reason::OutsideCallingHours]),
        ("2026-12-25T12:00:00Z", vec![closed("Christmas Day")]),
        ("2026-12-25T20:00:00Z", vec![Reason::OutsideCallingHours, closed("Christmas Day")]),
        ("2026-12-26T12:00:00Z", vec![closed("Boxing Day")]),
        ("2026-12-27T12:00:00Z", vec![Reason::OutsideCallingHours]),
        ("2026-12-28T12:00:00Z", vec![closed("Boxing Day, a bank holiday")]),
        ("2029-06-05T12:00:00Z", vec![closed("the list of bank holidays ends on 31 December 2028")]),
    ] {
        let world = World::of(unsigned()).at(utc(at));
        assert_eq!(world.reasons(), reasons, "{at}");
        assert_eq!(world.judge().entry(world.now()), Some((UnsignedUsers, world.now())), "hours write nothing");
    }
    for (at, reasons) in [("2026-12-28T12:00:00Z", vec![]), ("2026-12-25T12:00:00Z", vec![closed("Christmas Day")])] {
        let mut world = World::of(unsigned()).at(utc(at));
        world.settings.calling_hours.on_bank_holidays = true;
        assert_eq!(world.reasons(), reasons, "{at}: calls on bank holidays too");
    }
}

fn closed(day: &str) -> Reason {
    Reason::BankHoliday { day: Some(day.to_owned()) }
}

/// The previous program has read and written the reason without its day.
#[test]
fn a_reason_of_before_its_day_was_kept_is_read() {
    let old: Reason = serde_json::from_str(r#"{"code":"bank_holiday"}"#).unwrap();
    assert_eq!((old.words(), old), ("Today is a bank holiday".to_owned(), Reason::BankHoliday { day: None }));
    let new = serde_json::to_value(closed("Easter Monday, a bank holiday")).unwrap();
    assert_eq!(new, serde_json::json!({"code": "bank_holiday", "day": "Easter Monday, a bank holiday"}));
    assert_eq!(serde_json::from_value::<Reason>(new).unwrap().words(), "No calls today: Easter Monday, a bank holiday");
}

#[test]
fn a_paused_queue_stops_its_own_calls_alone() {
    let mut world = World::of(unsigned());
    world.pauses.queues = [OutstandingRequests, Callbacks].into();
    assert_eq!(world.reasons(), vec![]);
    world.pauses.queues.insert(UnsignedUsers);
    assert_eq!(world.reasons(), vec![Reason::QueuePaused]);
}

#[test]
fn a_paused_lender_or_solicitor_stops_calls_that_would_be_about_nothing_else() {
    let with = |id, lender: &str, solicitor: &str| Claim { lender: Some(lender.into()), solicitor: Some(solicitor.into()), ..claim(id) };
    let closed = Claim { status: Some("completed".into()), ..with(9, "open_bank", "Open LLP") };
    let unsigned_with = |claims| Facts { claims, ..unsigned() };
    let owing = |claims, on: i64| Facts { claims, pending: vec![requirement(on, "proof_of_address")], ..facts() };
    let (lender, solicitor) = (Reason::LenderPaused, Reason::SolicitorPaused);
    for (facts, reasons) in [
        (unsigned_with(vec![with(1, "paused_bank", "Open LLP")]), vec![lender.clone()]),
        (unsigned_with(vec![with(1, " Paused_Bank", "Open LLP"), closed.clone()]), vec![lender.clone()]),
        (unsigned_with(vec![with(1, "open_bank", "PAUSED LLP ")]), vec![solicitor.clone()]),
        (unsigned_with(vec![with(1, "paused_bank", "Paused LLP")]), vec![lender.clone(), solicitor.clone()]),
        (unsigned_with(vec![with(1, "paused_bank", "Open LLP"), with(2, "open_bank", "Open LLP")]), vec![]),
        // Between them the two pauses leave nothing to talk about.
        (unsigned_with(vec![with(1, "paused_bank", "Open LLP"), with(2, "open_bank", "Paused LLP")]), vec![lender.clone(), solicitor]),
        // Once signed, only claims with something counted matter.
        (owing(vec![with(1, "paused_bank", "Open LLP"), with(2, "open_bank", "Open LLP")], 1), vec![lender]),
        (owing(vec![with(1, "paused_bank", "Open LLP"), with(2, "open_bank", "Open LLP")], 2), vec![]),
        (unsigned_with(vec![]), vec![Reason::NoOpenClaim]),
    ] {
        let mut world = World::of(facts);
        world.pauses.lenders = ["paused_bank".into()].into();
        world.pauses.solicitors = ["Paused LLP".into()].into();
        assert_eq!(world.reasons(), reasons, "{:?}", world.facts);
    }
}

/// The rules of eligibility, 3.
#[test]
fn words_are_the_same_whatever_blanks_stand_around_them_and_in_any_case() {
    for (before, after) in [("", "\u{a0}"), ("\u{200b}", ""), ("\t", "\r\n"), ("\u{feff} ", " \u{2060}")] {
        let odd = |word: &str| Some(format!("{before}{}{after}", word.to_uppercase()));
        let world = World::of(Facts { status: odd("inactive"), ..unsigned() });
        assert_eq!(world.reasons(), vec![Reason::Inactive]);

        let one_claim = vec![Claim { status: odd("complete"), ..claim(1) }];
        assert_eq!(World::of(Facts { claims: one_claim, ..unsigned() }).reasons(), vec![Reason::NoOpenClaim]);

        let uncounted = Requirement { kind: odd("id_document"), reason: odd("base requirement for claim."), ..requirement(1, "") };
        assert_eq!(World::of(Facts { pending: vec![uncounted], ..facts() }).judge().need, None);
        let counted = Requirement { kind: odd("id_document"), reason: odd("something else"), ..requirement(1, "") };
        assert_eq!(World::of(Facts { pending: vec![counted], ..facts() }).judge().need, Some(OutstandingRequests));

        let claims = vec![Claim { lender: odd("black_horse"), solicitor: odd("hill & co"), ..claim(1) }];
        let mut world = World::of(Facts { claims, ..unsigned() });
        let names = (vec!["black_horse".to_owned()], vec!["hill & co".to_owned()]);
        assert_eq!(claim_names(world.facts.as_ref().unwrap(), &world.settings), names);
        world.pauses.lenders = ["black_horse".into()].into();
        assert_eq!(world.reasons(), vec![Reason::LenderPaused]);
    }
    let nothing = vec![Claim { lender: Some("\u{200b}\u{a0}".into()), solicitor: None, ..claim(1) }];
    let world = World::of(Facts { claims: nothing, ..unsigned() });
    assert_eq!(claim_names(world.facts.as_ref().unwrap(), &world.settings), (vec![NO_NAME.to_owned()], vec![NO_NAME.to_owned()]));
}

fn every_reason() -> Vec<Reason> {
    let until = utc("2026-11-24T10:30:00Z");
    vec![
        Reason::NotFound,
        Reason::NotEnabled,
        Reason::Inactive,
        Reason::NoOpenClaim,
        Reason::NoNumber,
        Reason::UnusableNumber { why: InvalidPhoneNumber::ForeignCountry },
        Reason::DoNotContact,
        Reason::BadNumber,
        Reason::OptedOut,
        Reason::NothingToCallAbout,
        Reason::AttemptCap { until },
        Reason::CoolingOff { until },
        Reason::PutBack { until },
        Reason::OutsideCallingHours,
        closed(&crate::holidays::ClosedDay::Own { name: "n".repeat(crate::holidays::LONGEST_HOLIDAY_NAME) }.words()),
        Reason::QueuePaused,
        Reason::LenderPaused,
        Reason::SolicitorPaused,
    ]
}

#[test]
fn every_reason_removes_waits_or_keeps() {
    let until = utc("2026-11-24T10:30:00Z");
    let effects: Vec<_> = every_reason().iter().map(Reason::effect).collect();
    let expected: Vec<_> = [[Effect::Remove].repeat(10), [Effect::Wait(until)].repeat(3), [Effect::Keep].repeat(5)].concat();
    assert_eq!(effects, expected);
}

#[test]
fn a_call_is_saved_unless_the_number_is_at_fault_or_it_only_waits() {
    let saved: Vec<_> = every_reason().into_iter().filter(Reason::is_saved_call).collect();
    assert_eq!(
        saved,
        vec![
            Reason::NotFound,
            Reason::NotEnabled,
            Reason::Inactive,
            Reason::NoOpenClaim,
            Reason::DoNotContact,
            Reason::OptedOut,
            Reason::NothingToCallAbout
        ]
    );
}

#[test]
fn every_reason_has_its_own_short_words() {
    let numbers = InvalidPhoneNumber::ALL.iter().map(|why| Reason::UnusableNumber { why: *why });
    let reasons: Vec<Reason> = every_reason().into_iter().filter(|reason| reason.code() != "unusable_number").chain(numbers).collect();
    let words: BTreeSet<_> = reasons.iter().map(Reason::words).collect();
    assert_eq!(words.len(), reasons.len());
    for words in words {
        assert!(words.len() <= 80 && !words.ends_with('.') && words.starts_with(char::is_uppercase), "{words}");
    }
    assert_eq!(Reason::NothingToCallAbout.words(), "Nothing is outstanding any more");
    let why = InvalidPhoneNumber::ForeignCountry;
    assert_eq!(Reason::UnusableNumber { why }.words(), "The number cannot be rung: it belongs to a country that we do not ring");
}

/// Whoever looks at the queues sees what is wrong with the numbers: some can be repaired, some cannot.
#[test]
fn what_is_wrong_with_a_number_is_counted_under_words_of_its_own() {
    let heads: BTreeSet<_> = InvalidPhoneNumber::ALL.iter().map(|why| rule_words(number_code(*why))).collect();
    assert_eq!(heads.len(), 9);
    assert!(heads.iter().all(|head| head.starts_with("Number: ")), "{heads:?}");
}

/// A record of before is read as it was written.
#[test]
fn a_reason_that_is_on_record_is_still_understood() {
    for (record, words) in [
        (r#"{"code":"unusable_number","why":"not_a_number"}"#, "The number cannot be rung: it is not a phone number"),
        (r#"{"code":"unusable_number","why":"forbidden_kind"}"#, "The number cannot be rung: it is of a kind that we never ring"),
        (r#"{"code":"unusable_number","why":"foreign_country"}"#, "The number cannot be rung: it belongs to a country that we do not ring"),
    ] {
        assert_eq!(serde_json::from_str::<Reason>(record).unwrap().words(), words);
    }
}

/// Every reason breaks a rule that a record names.
#[test]
fn every_reason_belongs_to_a_rule_of_the_list() {
    let until = chrono::DateTime::UNIX_EPOCH;
    for reason in [
        Reason::NotFound,
        Reason::NotEnabled,
        Reason::Inactive,
        Reason::NoOpenClaim,
        Reason::NoNumber,
        Reason::DoNotContact,
        Reason::BadNumber,
        Reason::OptedOut,
        Reason::NoConsent,
        Reason::OnTps,
        Reason::NothingToCallAbout,
        Reason::AttemptCap { until },
        Reason::CoolingOff { until },
        Reason::PutBack { until },
        Reason::OutsideCallingHours,
        closed("Christmas Day"),
        Reason::NoContactBasis,
        Reason::QueuePaused,
        Reason::LenderPaused,
        Reason::SolicitorPaused,
    ] {
        assert!(RULES.iter().any(|(name, _)| *name == reason.rule()), "{reason:?}");
        assert_eq!(serde_json::to_value(&reason).unwrap()["code"], reason.code());
    }
    assert!(SPACING.iter().all(|spacing| RULES.iter().any(|(name, _)| name == spacing)));
}

#[test]
fn the_calls_of_today_are_counted_against_the_limit_that_is_the_nearer() {
    let settings = Settings::default();
    let noon = Moment::new(utc("2026-11-24T12:00:00Z"));
    let today = |queue| attempt(utc("2026-11-24T10:00:00Z"), queue);
    let yesterday = attempt(utc("2026-11-23T10:00:00Z"), QueueKind::Callbacks);
    let of = |attempts: &[Attempt]| {
        let own = OwnFacts { attempts: attempts.to_vec(), ..OwnFacts::default() };
        calls_today(&own, &settings, QueueKind::Callbacks, noon)
    };
    let (unsigned, promised) = (today(QueueKind::UnsignedUsers), today(QueueKind::Callbacks));
    // Two of callbacks, three of all queues.
    assert_eq!(of(&[]), (0, 2));
    assert_eq!(of(&[yesterday]), (0, 2));
    assert_eq!(of(&[unsigned]), (1, 3));
    assert_eq!(of(&[promised]), (1, 2));
    assert_eq!(of(&[unsigned, promised]), (2, 3));
    assert_eq!(of(&[unsigned, unsigned]), (2, 3));
    assert_eq!(of(&[promised, promised]), (2, 2));
    let on_number = Attempt { of_person: false, ..promised };
    assert_eq!(of(&[on_number]), (1, 3));
    assert_eq!(of(&[on_number, on_number]), (2, 3));
}

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::hours::tests::{any_hours, any_moment};
use crate::settings::{CallingHours, Cap, ContactBases, ContactBasis, Span};

fn any_claim(id: i64) -> impl Strategy<Value = Claim> {
    let status = prop::option::of(select(vec!["in_progress", "complete", " Completed", "CANCELLED", ""]));
    let lender = prop::option::of(select(vec!["santander", "Black_Horse", "hsbc"]));
    let solicitor = prop::option::of(select(vec!["Hill & Co", "Marsh LLP"]));
    (status, lender, solicitor).prop_map(move |(status, lender, solicitor)| Claim {
        status: status.map(str::to_owned),
        lender: lender.map(str::to_owned),
        solicitor: solicitor.map(str::to_owned),
        ..claim(id)
    })
}

fn any_requirement() -> impl Strategy<Value = Requirement> {
    let kind = prop::option::of(select(vec!["proof_of_address", "signature", "CFA", "id_document"]));
    let reason = prop::option::of(select(vec!["base requirement for claim.", " Base requirement for claim.", "blurred"]));
    (0_i64..4, kind, reason).prop_map(|(claim, kind, reason)| Requirement {
        kind: kind.map(str::to_owned),
        reason: reason.map(str::to_owned),
        ..requirement(claim, "")
    })
}

fn any_facts() -> impl Strategy<Value = Facts> {
    let status = prop::option::of(select(vec!["active", "lead", "Inactive ", "cancelled"]));
    let claims = (any_claim(0), any_claim(1), any_claim(2)).prop_map(|(a, b, c)| vec![a, b, c]);
    (prop::bool::weighted(0.9), status, any::<bool>(), claims, 0_usize..4, prop::collection::vec(any_requirement(), 0..4)).prop_map(
        |(is_enabled, status, has_signed, mut claims, kept, pending)| {
            claims.truncate(kept);
            Facts { is_enabled, status: status.map(str::to_owned), has_signed, claims, pending, ..facts() }
        },
    )
}

fn any_number() -> impl Strategy<Value = NumberFact> {
    prop_oneof![
        4 => Just(usable()),
        1 => Just(NumberFact::Missing),
        1 => Just(NumberFact::NotParsed),
        1 => Just(NumberFact::Unusable(InvalidPhoneNumber::NotANumber)),
    ]
}

fn any_queue() -> impl Strategy<Value = QueueKind> {
    select(QueueKind::ALL.to_vec())
}

fn any_kind() -> impl Strategy<Value = SuppressionKind> {
    select(vec![SuppressionKind::DoNotContact, SuppressionKind::BadNumber, SuppressionKind::OptedOut])
}

fn any_callback() -> impl Strategy<Value = DueCallback> {
    let reason = select(vec![CallbackReason::Signature, CallbackReason::Requirements, CallbackReason::UserAsked]);
    (reason, any::<bool>(), any::<bool>()).prop_map(|(reason, promise_used_today, is_retry)| DueCallback {
        reason,
        promise_used_today,
        is_retry,
    })
}

fn seconds(range: std::ops::Range<i64>) -> impl Strategy<Value = TimeDelta> {
    range.prop_map(TimeDelta::seconds)
}

/// Attempts lie in the past, also a little more than the 7 days that are asked for; waits lie on either side of now.
fn any_own(now: DateTime<Utc>) -> impl Strategy<Value = OwnFacts> {
    let attempt = (seconds(0..8 * 86_400), prop::option::of(any_queue()), any::<bool>(), any::<bool>())
        .prop_map(move |(ago, queue, of_person, on_number)| Attempt { at: now - ago, queue, of_person, on_number });
    let wait = || prop::option::of(seconds(-86_400..40 * 86_400).prop_map(move |from_now| now + from_now));
    let outcome = (wait(), any::<bool>()).prop_map(|(delay_until, replaces_cooling_off)| LastOutcome { delay_until, replaces_cooling_off });
    (
        prop::option::of(any_callback()),
        prop_oneof![3 => Just(vec![]), 1 => prop::collection::vec(any_kind().prop_map(suppression), 1..3)],
        prop::collection::vec(attempt, 0..16),
        prop::option::of(outcome),
        wait(),
        any::<(bool, bool)>(),
    )
        .prop_map(|(due_callback, suppressions, attempts, last_outcome, put_back_until, (has_consent, is_tps_listed))| OwnFacts {
            due_callback,
            suppressions,
            attempts,
            last_outcome,
            put_back_until,
            has_consent,
            is_tps_listed,
        })
}

fn any_pauses() -> impl Strategy<Value = Pauses> {
    (
        prop::collection::btree_set(any_queue(), 0..3),
        prop::collection::btree_set(select(vec!["santander".to_owned(), "black_horse".to_owned()]), 0..3),
        prop::collection::btree_set(select(vec!["Hill & Co".to_owned(), "Marsh LLP".to_owned()]), 0..2),
    )
        .prop_map(|(queues, lenders, solicitors)| Pauses { queues, lenders, solicitors })
}

fn any_settings() -> impl Strategy<Value = Settings> {
    let cap = || (0_u32..5, prop::option::of(0_u32..100)).prop_map(|(calls_a_day, hours_between)| Cap { calls_a_day, hours_between });
    let hours = prop_oneof![Just(Settings::default().calling_hours), any_hours()];
    (cap(), cap(), cap(), 0_u32..6, 0_u32..14, hours).prop_map(
        |(unsigned_users, outstanding_requests, callbacks, a_day, in_7_days, calling_hours)| Settings {
            unsigned_users,
            outstanding_requests,
            callbacks,
            attempts_a_day: a_day,
            attempts_in_7_days: in_7_days,
            calling_hours,
            ..Settings::default()
        },
    )
}

fn any_bases() -> impl Strategy<Value = ContactBases> {
    let basis = || select(vec![Some(ContactBasis::Service), Some(ContactBasis::Marketing), None]);
    (basis(), basis(), basis()).prop_map(|(callbacks, unsigned_users, outstanding_requests)| ContactBases {
        callbacks,
        unsigned_users,
        outstanding_requests,
    })
}

fn any_world() -> impl Strategy<Value = World> {
    any_moment().prop_flat_map(|moment| {
        (any_facts(), any_number(), any_own(moment.at), any_pauses(), any_settings(), any_bases()).prop_map(
            move |(facts, number, own, pauses, settings, contact_basis)| {
                let settings = Settings { contact_basis, ..settings };
                World { number, own, pauses, settings, moment, ..World::of(facts) }
            },
        )
    })
}

/// A world in which nothing but time keeps the person from being rung: a need, no objection, no pause, and settings
/// that leave some time to call.
fn any_eligible_world() -> impl Strategy<Value = World> {
    (any_world(), any::<bool>(), any::<bool>()).prop_map(|(mut world, has_signed, is_promised)| {
        world.facts = Some(Facts { has_signed, ..outstanding() });
        world.number = usable();
        world.own.suppressions.clear();
        world.pauses = Pauses::default();
        if !is_promised {
            world.own.due_callback = None;
        }
        let settings = &mut world.settings;
        settings.contact_basis = Settings::default().contact_basis;
        for cap in [&mut settings.unsigned_users, &mut settings.outstanding_requests, &mut settings.callbacks] {
            cap.calls_a_day = cap.calls_a_day.max(1);
        }
        settings.attempts_a_day = settings.attempts_a_day.max(1);
        settings.attempts_in_7_days = settings.attempts_in_7_days.max(1);
        settings.calling_hours.weekdays = Some(Span { from_minute: 9 * 60, until_minute: 9 * 60 + 1 });
        world
    })
}

fn latest_wait(reasons: &[Reason]) -> Option<DateTime<Utc>> {
    reasons.iter().filter_map(|reason| if let Effect::Wait(until) = reason.effect() { Some(until) } else { None }).max()
}

fn removes(reasons: &[Reason]) -> bool {
    reasons.iter().any(|reason| reason.effect() == Effect::Remove)
}

/// The reasons with and without a change, which differ by exactly `added`.
fn assert_adds_exactly(before: &World, after: &World, added: &Reason) -> Result<(), TestCaseError> {
    let (before, after) = (before.judge(), after.judge());
    let without: Vec<_> = after.reasons.iter().filter(|reason| *reason != added).cloned().collect();
    prop_assert_eq!(&after.need, &before.need);
    prop_assert_eq!(after.reasons.len(), without.len() + 1, "{:?} once in {:?}", added, &after.reasons);
    prop_assert_eq!(without, before.reasons);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_person_is_callable_from_exactly_one_queue_or_there_are_reasons(world in any_world()) {
        let judgement = world.judge();
        prop_assert_eq!(judgement.callable().is_some(), judgement.reasons.is_empty());
        prop_assert!(judgement.callable().is_none() || judgement.callable() == judgement.need);
        prop_assert_eq!(judgement.need.is_none(), judgement.reasons.contains(&Reason::NothingToCallAbout));
        prop_assert!(!judgement.reasons.contains(&Reason::NotFound));
    }

    #[test]
    fn the_first_queue_that_applies_is_the_one(world in any_world()) {
        let facts = world.facts.as_ref().unwrap();
        let pending = !facts.has_signed || counted_requirements(facts, &world.settings).count() > 0;
        let promised = world.own.due_callback.is_some_and(|callback| pending || callback.reason == CallbackReason::UserAsked);
        let expected = [
            promised.then_some(QueueKind::Callbacks),
            (!facts.has_signed).then_some(QueueKind::UnsignedUsers),
            pending.then_some(QueueKind::OutstandingRequests),
        ];
        prop_assert_eq!(world.judge().need, expected.into_iter().flatten().next());
    }

    #[test]
    fn no_reason_is_told_twice_and_all_are_in_the_order_of_the_rules(world in any_world()) {
        let rank = |reason: &Reason| match reason {
            Reason::NotFound => 0,
            Reason::NotEnabled => 1,
            Reason::Inactive => 2,
            Reason::NoOpenClaim => 3,
            Reason::NoNumber => 4,
            Reason::UnusableNumber { .. } => 5,
            Reason::DoNotContact => 6,
            Reason::BadNumber => 7,
            Reason::OptedOut => 8,
            Reason::NothingToCallAbout => 9,
            Reason::AttemptCap { .. } => 10,
            Reason::CoolingOff { .. } => 11,
            Reason::PutBack { .. } => 12,
            Reason::OutsideCallingHours => 13,
            Reason::BankHoliday { .. } => 14,
            Reason::NoContactBasis | Reason::NoConsent => 15,
            Reason::OnTps => 16,
            Reason::QueuePaused => 17,
            Reason::LenderPaused => 18,
            Reason::SolicitorPaused => 19,
        };
        prop_assert!(world.reasons().is_sorted_by(|a, b| rank(a) < rank(b)));
    }

    /// Compliance C6 and C7.
    #[test]
    fn a_marketing_call_needs_consent_and_any_call_a_basis(world in any_world()) {
        let judgement = world.judge();
        let basis = judgement.need.map(|need| world.settings.contact_basis.of(need));
        let has = |reason: &Reason| judgement.reasons.contains(reason);
        let is_unconsented = basis == Some(Some(ContactBasis::Marketing)) && !world.own.has_consent;
        prop_assert_eq!(has(&Reason::NoConsent), is_unconsented);
        prop_assert_eq!(has(&Reason::OnTps), is_unconsented && world.own.is_tps_listed);
        prop_assert_eq!(has(&Reason::NoContactBasis), basis == Some(None));
    }

    #[test]
    fn an_objection_adds_exactly_its_own_reason(world in any_world(), kind in any_kind()) {
        let (mut before, mut after) = (world.clone(), world);
        before.own.suppressions.retain(|suppression| suppression.kind != kind);
        after.own.suppressions = before.own.suppressions.clone();
        after.own.suppressions.push(suppression(kind));
        let added = match kind {
            SuppressionKind::DoNotContact => Reason::DoNotContact,
            SuppressionKind::BadNumber => Reason::BadNumber,
            SuppressionKind::OptedOut => Reason::OptedOut,
        };
        assert_adds_exactly(&before, &after, &added)?;
    }

    #[test]
    fn what_is_wrong_with_the_account_or_number_adds_exactly_its_own_reason(world in any_world(), which in 0..4) {
        let (mut before, mut after) = (world.clone(), world);
        let (fine, wrong) = (before.facts.as_mut().unwrap(), after.facts.as_mut().unwrap());
        let added = match which {
            0 => {
                (fine.is_enabled, wrong.is_enabled) = (true, false);
                Reason::NotEnabled
            }
            1 => {
                (fine.status, wrong.status) = (None, Some(" inactive".into()));
                Reason::Inactive
            }
            2 => {
                (before.number, after.number) = (usable(), NumberFact::Missing);
                Reason::NoNumber
            }
            _ => {
                let why = InvalidPhoneNumber::NotANumber;
                (before.number, after.number) = (NumberFact::NotParsed, NumberFact::Unusable(why));
                Reason::UnusableNumber { why }
            }
        };
        assert_adds_exactly(&before, &after, &added)?;
    }

    #[test]
    fn a_pause_or_a_holiday_adds_exactly_its_own_reason(world in any_world(), is_pause in any::<bool>()) {
        let (mut before, mut after) = (world.clone(), world);
        let added = if is_pause {
            let Some(need) = before.judge().need else { return Ok(()) };
            before.pauses.queues.remove(&need);
            after.pauses.queues.insert(need);
            Reason::QueuePaused
        } else {
            let today = before.moment.london.date();
            if crate::holidays::always_closed(today).is_some() {
                return Ok(());
            }
            before.settings.calling_hours.on_bank_holidays = false;
            after.settings.calling_hours.on_bank_holidays = false;
            let others: Vec<_> = before.holidays.days().filter(|(day, _)| *day != today).map(|(day, holiday)| (day, holiday.clone())).collect();
            before.holidays = Holidays::new(others.clone());
            after.holidays = Holidays::new(others.into_iter().chain([(today, crate::holidays::tests::own("A jubilee"))]));
            Reason::BankHoliday { day: Some("A jubilee, our own day".to_owned()) }
        };
        assert_adds_exactly(&before, &after, &added)?;
    }

    #[test]
    fn putting_back_adds_exactly_its_own_reason_unless_the_user_asked_for_the_call(world in any_world(), wait in 1_i64..100_000) {
        let (mut before, mut after) = (world.clone(), world);
        let until = before.now() + TimeDelta::seconds(wait);
        before.own.put_back_until = None;
        after.own.put_back_until = Some(until);
        let is_exempt = before.own.due_callback.is_some_and(|callback| callback.reason == CallbackReason::UserAsked && !callback.promise_used_today);
        if is_exempt {
            prop_assert_eq!(after.judge(), before.judge());
        } else {
            assert_adds_exactly(&before, &after, &Reason::PutBack { until })?;
        }
    }

    #[test]
    fn an_entry_exists_exactly_for_a_need_that_no_reason_removes(world in any_world()) {
        let judgement = world.judge();
        let expected = judgement
            .need
            .filter(|need| *need != QueueKind::Callbacks && !removes(&judgement.reasons))
            .map(|need| (need, latest_wait(&judgement.reasons).unwrap_or(world.now())));
        prop_assert_eq!(judgement.entry(world.now()), expected);
        prop_assert!(expected.is_none_or(|(_, available_at)| available_at >= world.now()));
    }

    /// lessons, lines 5 and 8: what depends on the hour, on the calls made or on a supervisor never takes anybody out.
    #[test]
    fn caps_cooling_off_hours_holidays_and_pauses_never_remove(world in any_world()) {
        let mut undisturbed = world.clone();
        undisturbed.own.attempts.clear();
        undisturbed.own.last_outcome = None;
        undisturbed.own.put_back_until = None;
        undisturbed.pauses = Pauses::default();
        let always = Some(Span { from_minute: 0, until_minute: 1_440 });
        undisturbed.settings.calling_hours = CallingHours { weekdays: always, saturday: always, sunday: always, on_bank_holidays: true };
        let queue = |world: &World| world.judge().entry(world.now()).map(|(queue, _)| queue);
        prop_assert_eq!(queue(&world), queue(&undisturbed));
    }

    /// lessons, line 8: leads died after the first call.
    #[test]
    fn every_eligible_person_is_reachable_in_finite_time(world in any_eligible_world()) {
        let mut world = world;
        // Waits are over at once when their time comes; the hours are then at most a few days off, and no wait can
        // come back without another attempt.
        for step in 0..4 {
            let judgement = world.judge();
            prop_assert!(!removes(&judgement.reasons), "{judgement:?}");
            if judgement.callable().is_some() {
                return Ok(());
            }
            if let Some(until) = latest_wait(&judgement.reasons) {
                prop_assert!(step == 0, "a wait that came back: {judgement:?}");
                prop_assert!(until > world.now());
                world = world.at(until);
                prop_assert_eq!(latest_wait(&world.reasons()), None);
            } else {
                let opening = crate::hours::next_opening(world.moment, &world.settings.calling_hours, &world.holidays).unwrap();
                world.moment = london_moment(opening);
            }
        }
        prop_assert!(false, "never callable: {:?}", world.judge());
    }

    #[test]
    fn another_attempt_never_makes_a_call_sooner(world in any_world(), ago in seconds(0..7 * 86_400), queue in prop::option::of(any_queue())) {
        let mut busier = world.clone();
        busier.own.attempts.push(Attempt { at: world.now() - ago, queue, of_person: true, on_number: true });
        prop_assert!(latest_wait(&world.reasons()) <= latest_wait(&busier.reasons()));
    }

    #[test]
    fn the_order_in_which_things_were_read_changes_nothing(world in any_world()) {
        let mut reversed = world.clone();
        reversed.own.attempts.reverse();
        reversed.own.suppressions.reverse();
        let facts = reversed.facts.as_mut().unwrap();
        facts.claims.reverse();
        facts.pending.reverse();
        prop_assert_eq!(reversed.judge(), world.judge());
    }
}

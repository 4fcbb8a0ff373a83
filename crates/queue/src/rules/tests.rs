mod properties;
mod tables;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use kernel::{ClaimId, ReadNumber, UserId};
use users::{Claim, Requirement};

use super::*;

/// `at` as London shows it. Written out here, apart from the clock's own tables, so that these tests need no feature;
/// a test below holds the two together where the clock is built.
pub(crate) fn moment(at: DateTime<Utc>) -> Moment {
    let london = at.naive_utc() + offset(at);
    let day = london.date();
    Moment {
        at,
        london,
        midnight: instant(day.and_time(NaiveTime::MIN)),
        next_midnight: instant((day + Days::new(1)).and_time(NaiveTime::MIN)),
    }
}

/// The moment at which clocks in London show `london`; the first of two.
pub(crate) fn london_moment(london: NaiveDateTime) -> Moment {
    moment(instant(london))
}

fn instant(london: NaiveDateTime) -> DateTime<Utc> {
    let in_summer = (london - TimeDelta::hours(1)).and_utc();
    if offset(in_summer) > TimeDelta::zero() { in_summer } else { london.and_utc() }
}

/// An hour from 01:00 UTC on the last Sunday of March until the same in October.
fn offset(at: DateTime<Utc>) -> TimeDelta {
    let switch = |month| {
        let last = NaiveDate::from_ymd_opt(at.year(), month, 31).unwrap();
        let sunday = last - Days::new(last.weekday().num_days_from_sunday().into());
        sunday.and_hms_opt(1, 0, 0).unwrap().and_utc()
    };
    TimeDelta::hours(i64::from((switch(3)..switch(10)).contains(&at)))
}

fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Somebody who has signed, owes nothing, and may be rung: enabled, active, one open claim, a number.
fn facts() -> Facts {
    Facts {
        id: UserId::new(7),
        is_enabled: true,
        status: Some("active".into()),
        has_signed: true,
        raw_number: Some("07700 900142".into()),
        date_of_birth: None,
        post_code: None,
        claims: vec![claim(1)],
        pending: vec![],
        read_at: utc("2026-11-24T10:30:00Z"),
    }
}

fn unsigned() -> Facts {
    Facts { has_signed: false, ..facts() }
}

fn outstanding() -> Facts {
    Facts { pending: vec![requirement(1, "proof_of_address")], ..facts() }
}

fn claim(id: i64) -> Claim {
    Claim {
        id: ClaimId::new(id),
        kind: None,
        status: Some("in_progress".into()),
        lender: Some("black_horse".into()),
        solicitor: Some("Hill & Co".into()),
        created_at: None,
        monthly_payment_pence: None,
    }
}

fn requirement(claim: i64, kind: &str) -> Requirement {
    Requirement { claim_id: ClaimId::new(claim), kind: Some(kind.into()), reason: None, rejection_reason: None, created_at: None }
}

fn usable() -> NumberFact {
    let number = PhoneNumber::try_from("+447700900142".to_owned()).unwrap();
    NumberFact::Usable(ReadNumber { number, extension: None })
}

fn suppression(kind: SuppressionKind) -> Suppression {
    Suppression { kind }
}

/// An attempt on the person and their number.
fn attempt(at: DateTime<Utc>, queue: QueueKind) -> Attempt {
    Attempt { at, queue: Some(queue), of_person: true, on_number: true }
}

/// A state of the world that a test changes and judges. By default a Tuesday at 10:30, and nothing is known.
#[derive(Clone, Debug)]
struct World {
    facts: Option<Facts>,
    number: NumberFact,
    own: OwnFacts,
    pauses: Pauses,
    settings: Settings,
    holidays: Holidays,
    moment: Moment,
}

impl World {
    fn of(facts: Facts) -> Self {
        Self {
            facts: Some(facts),
            number: usable(),
            own: OwnFacts::default(),
            pauses: Pauses::default(),
            settings: Settings::default(),
            holidays: crate::holidays::tests::list(),
            moment: moment(utc("2026-11-24T10:30:00Z")),
        }
    }

    fn at(mut self, at: DateTime<Utc>) -> Self {
        self.moment = moment(at);
        self
    }

    fn judge(&self) -> Judgement {
        judge(&Input {
            facts: self.facts.as_ref(),
            number: &self.number,
            own: &self.own,
            pauses: &self.pauses,
            settings: &self.settings,
            holidays: &self.holidays,
            moment: self.moment,
        })
    }

    fn reasons(&self) -> Vec<Reason> {
        self.judge().reasons
    }

    fn now(&self) -> DateTime<Utc> {
        self.moment.at
    }
}

#[cfg(feature = "ssr")]
#[test]
fn these_tests_and_the_clock_agree_on_what_london_shows() {
    // Every quarter of an hour of three years.
    let mut at = utc("2025-12-31T00:00:00Z");
    while at < utc("2029-01-02T00:00:00Z") {
        assert_eq!(moment(at), Moment::new(at));
        at += TimeDelta::minutes(15);
    }
}

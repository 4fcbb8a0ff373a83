//! The business clock, and London's days.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Europe::London;

use crate::Moment;

/// The time that business rules run on: the machine's, moved by a fixed distance in development. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_micros: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's time.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `start` now and moves on from there.
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self::ahead_by(start - machine_now())
    }

    /// A clock that shows the machine's time moved by `distance`.
    pub fn ahead_by(distance: TimeDelta) -> Self {
        let clock = Self::default();
        clock.advance(distance);
        clock
    }

    /// The present moment of the business.
    pub fn now(&self) -> DateTime<Utc> {
        machine_now() + TimeDelta::microseconds(self.ahead_micros.load(Ordering::Relaxed))
    }

    /// Moves the clock on, for everybody who shares it.
    pub fn advance(&self, distance: TimeDelta) {
        self.ahead_micros.fetch_add(distance.num_microseconds().unwrap_or(0), Ordering::Relaxed);
    }
}

/// The machine's time, for sessions, cookies, presence and time-outs: things that are about connections, not calls.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's time")]
pub fn machine_now() -> DateTime<Utc> {
    Utc::now()
}

impl Moment {
    /// The moment `at`.
    pub fn new(at: DateTime<Utc>) -> Self {
        let local = at.with_timezone(&London);
        // London changes its clocks at 01:00, so midnight always exists exactly once.
        let begins = |day: NaiveDate| {
            London.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest().map_or(at, |midnight| midnight.with_timezone(&Utc))
        };
        let today = local.date_naive();
        Self { at, london: local.naive_local(), midnight: begins(today), next_midnight: begins(today + Days::new(1)) }
    }
}

/// What a clock on the wall in London shows at `at`.
pub fn london(at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&London).naive_local()
}

/// The instant at which wall clocks in London show `wall`; the earlier one when they show it twice, and none when they
/// skip it.
pub fn from_london(wall: NaiveDateTime) -> Option<DateTime<Utc>> {
    London.from_local_datetime(&wall).earliest().map(|at| at.with_timezone(&Utc))
}

/// `today 14:05`, `yesterday 09:30`, `3 Nov 14:05`, `3 Nov 2024`, as seen at `now`.
pub fn display_time(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (then, today) = (london(at), london(now));
    let days = (today.date() - then.date()).num_days();
    match days {
        0 => then.format("today %H:%M").to_string(),
        1 => then.format("yesterday %H:%M").to_string(),
        -1 => then.format("tomorrow %H:%M").to_string(),
        -180..=180 => then.format("%-d %b %H:%M").to_string(),
        _ => then.format("%-d %b %Y").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// lessons, line 32: times were built in UTC in a local field, an hour off all summer.
    #[test]
    fn both_switch_days_of_the_year_have_the_right_hours() {
        // 29 March 2026 has 23 hours, 25 October 2026 has 25.
        for (at, shown, midnight, next) in [
            ("2026-03-29T00:00:00Z", "2026-03-29T00:00:00", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"),
            ("2026-03-29T00:59:00Z", "2026-03-29T00:59:00", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"),
            ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"),
            ("2026-03-29T23:00:00Z", "2026-03-30T00:00:00", "2026-03-29T23:00:00Z", "2026-03-30T23:00:00Z"),
            ("2026-10-24T23:00:00Z", "2026-10-25T00:00:00", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"),
            ("2026-10-25T00:59:00Z", "2026-10-25T01:59:00", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"),
            ("2026-10-25T01:00:00Z", "2026-10-25T01:00:00", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"),
            ("2026-10-25T23:59:00Z", "2026-10-25T23:59:00", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"),
            ("2026-07-01T08:30:00Z", "2026-07-01T09:30:00", "2026-06-30T23:00:00Z", "2026-07-01T23:00:00Z"),
        ] {
            let moment = Moment::new(utc(at));
            assert_eq!(moment.london.format("%Y-%m-%dT%H:%M:%S").to_string(), shown, "{at}");
            assert_eq!(moment.midnight, utc(midnight), "{at}");
            assert_eq!(moment.next_midnight, utc(next), "{at}");
        }
    }

    #[test]
    fn a_moving_clock_starts_where_it_is_told() {
        let start = utc("2026-11-24T10:30:00Z");
        let clock = Clock::starting_at(start);
        let late = clock.now() - start;
        assert!(late >= TimeDelta::zero() && late < TimeDelta::seconds(60));

        clock.clone().advance(TimeDelta::hours(3));
        assert!(clock.now() - start >= TimeDelta::hours(3));
    }

    #[test]
    fn times_are_shown_as_people_say_them() {
        let now = utc("2026-07-10T12:00:00Z");
        for (at, shown) in [
            ("2026-07-10T08:05:00Z", "today 09:05"),
            ("2026-07-09T22:30:00Z", "yesterday 23:30"),
            ("2026-07-09T23:30:00Z", "today 00:30"),
            ("2026-06-03T09:00:00Z", "3 Jun 10:00"),
            ("2024-06-03T09:00:00Z", "3 Jun 2024"),
        ] {
            assert_eq!(display_time(utc(at), now), shown, "{at}");
        }
    }
}

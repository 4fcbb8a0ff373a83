//! When calls may be made. All of it is about what clocks on the wall in London show, so the days on which they
//! change need nothing special.

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};
use kernel::Moment;

use crate::holidays::{ClosedDay, HolidaySource, Holidays, always_closed};
use crate::settings::{CallingHours, DAYS, Span, clock};

/// The outer limits, which no setting can widen: they protect the people we ring from a slip in the settings.
const OUTER_ON_WEEKDAYS: Span = DAYS[0].1;
const OUTER_AT_WEEKENDS: Span = DAYS[1].1;

/// How far ahead an opening is looked for. Longer than any run of holidays.
const DAYS_AHEAD: usize = 400;

/// Why no calls are made on a day at all; none: they are made on it at some time. Gate, promises, what callers hear and every screen go by
/// this.
pub fn closed_on(day: NaiveDate, hours: &CallingHours, holidays: &Holidays) -> Option<ClosedDay> {
    holiday_on(day, hours, holidays).or_else(|| {
        let is_open = span_of_weekday(day, hours).is_some_and(|span| span.from_minute < span.until_minute);
        (!is_open).then(|| ClosedDay::Weekday { days: weekday_words(day.weekday()).to_owned() })
    })
}

/// The same, whatever day of the week it is. “Calls on bank holidays too” opens the official days alone: the days that are always closed stay
/// closed, and so do our own, and a year of which nobody knows the holidays.
pub(crate) fn holiday_on(day: NaiveDate, hours: &CallingHours, holidays: &Holidays) -> Option<ClosedDay> {
    if let Some(name) = always_closed(day) {
        return Some(ClosedDay::Always { name: name.to_owned() });
    }
    match holidays.get(day) {
        Some(holiday) if holiday.source == HolidaySource::Own => Some(ClosedDay::Own { name: holiday.name.clone() }),
        Some(holiday) if !hours.on_bank_holidays => Some(ClosedDay::BankHoliday { name: holiday.name.clone() }),
        _ if !holidays.knows(day) => Some(ClosedDay::NotListed { end: holidays.end(day) }),
        _ => None,
    }
}

const fn weekday_words(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Sat => "Saturdays",
        Weekday::Sun => "Sundays",
        _ => "Mondays to Fridays",
    }
}

/// Whether calls may be made at `moment`.
pub fn is_open(moment: Moment, hours: &CallingHours, holidays: &Holidays) -> bool {
    span_on(moment.london.date(), hours, holidays).is_some_and(|span| contains(span, moment.london))
}

/// When calls may be made next, as clocks in London show it: `moment` itself when they may be made now, nothing when
/// the settings leave no time at all, or the list of holidays ends before.
pub fn next_opening(moment: Moment, hours: &CallingHours, holidays: &Holidays) -> Option<NaiveDateTime> {
    moment.london.date().iter_days().take(DAYS_AHEAD).find_map(|day| {
        let span = span_on(day, hours, holidays)?;
        let opening = day.and_time(time_of(span.from_minute)?).max(moment.london);
        contains(span, opening).then_some(opening)
    })
}

/// Until when calls may be made, or from when, for “Calls may be made …”: “until 20:00”, “from 09:00”,
/// “from tomorrow 09:00”, “from Monday 09:00”, “from Tuesday 5 January 09:00”.
pub fn describe(moment: Moment, hours: &CallingHours, holidays: &Holidays) -> String {
    let today = moment.london.date();
    if let Some(span) = span_on(today, hours, holidays).filter(|span| contains(*span, moment.london)) {
        return format!("until {:02}:{:02}", span.until_minute / 60, span.until_minute % 60);
    }
    let Some(opening) = next_opening(moment, hours, holidays) else {
        return format!("at no time: {}", why_never(today, hours, holidays));
    };
    let words = match (opening.date() - today).num_days() {
        0 => opening.format("from %H:%M"),
        1 => opening.format("from tomorrow %H:%M"),
        2..=6 => opening.format("from %A %H:%M"),
        _ => opening.format("from %A %-d %B %H:%M"),
    };
    words.to_string()
}

/// When we open, to be said to somebody: “today at 09:00”, “tomorrow at 10:00”, “on Monday at 09:00”, “on Tuesday 29 December at 09:00”; none when
/// that is now.
pub fn opening_words(now: NaiveDateTime, opening: NaiveDateTime) -> Option<String> {
    let words = match (opening.date() - now.date()).num_days() {
        _ if opening <= now => return None,
        0 => opening.format("today at %H:%M"),
        1 => opening.format("tomorrow at %H:%M"),
        2..=4 => opening.format("on %A at %H:%M"),
        _ => opening.format("on %A %-d %B at %H:%M"),
    };
    Some(words.to_string())
}

/// Why there is no opening in sight.
fn why_never(today: NaiveDate, hours: &CallingHours, holidays: &Holidays) -> String {
    if days(hours).iter().all(|(_, _, span)| span.is_none()) {
        return "no calling hours are set".to_owned();
    }
    // In a year that the list does not know, every day is closed for that reason.
    let unlisted = today.iter_days().take(DAYS_AHEAD).filter(|day| always_closed(*day).is_none()).find(|day| !holidays.knows(*day));
    match unlisted.and_then(|day| holiday_on(day, hours, holidays)) {
        Some(closed @ ClosedDay::NotListed { .. }) => closed.words(),
        _ => "every day is closed".to_owned(),
    }
}

/// The week's hours: “Monday to Friday 09:00–20:00, Saturday 10:00–17:00, not on Sundays, not on bank holidays”.
pub fn describe_week(hours: &CallingHours) -> String {
    let mut parts: Vec<String> = days(hours)
        .into_iter()
        .map(|(day, all, span)| match span {
            Some(span) => format!("{day} {}", words(span)),
            None => format!("not on {all}"),
        })
        .collect();
    parts.push(if hours.on_bank_holidays { format!("not on {ALWAYS_CLOSED}") } else { "not on bank holidays".to_owned() });
    parts.join(", ")
}

/// The days that no setting opens.
const ALWAYS_CLOSED: &str = "25 and 26 December and 1 January";

/// The same line by line: “Monday to Friday” and “09:00–20:00”, “Sunday” and “never”.
pub fn week(hours: &CallingHours) -> Vec<(String, String)> {
    let holidays = ("Bank holidays", if hours.on_bank_holidays { "as the weekday" } else { "never" }.to_owned());
    days(hours)
        .into_iter()
        .map(|(day, _, span)| (day, span.map_or_else(|| "never".to_owned(), words)))
        .chain([holidays, ("25, 26 Dec, 1 Jan", "never".to_owned())])
        .map(|(day, hours)| (day.to_owned(), hours))
        .collect()
}

/// Kinds of days, one and many, with the hours that hold; none: never.
fn days(hours: &CallingHours) -> [(&'static str, &'static str, Option<Span>); 3] {
    let held = |set: Option<Span>, outer| set.map(|set| within(set, outer)).filter(|span| span.from_minute < span.until_minute);
    [
        ("Monday to Friday", "Monday to Friday", held(hours.weekdays, OUTER_ON_WEEKDAYS)),
        ("Saturday", "Saturdays", held(hours.saturday, OUTER_AT_WEEKENDS)),
        ("Sunday", "Sundays", held(hours.sunday, OUTER_AT_WEEKENDS)),
    ]
}

fn words(Span { from_minute: from, until_minute: until }: Span) -> String {
    format!("{}–{}", clock(from), clock(until))
}

/// Whether the time of day is inside the hours of that weekday, holidays apart.
pub(crate) fn is_within_hours(london: NaiveDateTime, hours: &CallingHours) -> bool {
    span_of_weekday(london.date(), hours).is_some_and(|span| contains(span, london))
}

/// When calls may be made on a day, inside the outer limits; none: never.
pub fn of_day(day: NaiveDate, hours: &CallingHours, holidays: &Holidays) -> Option<Span> {
    span_on(day, hours, holidays).filter(|span| span.from_minute < span.until_minute)
}

fn span_on(day: NaiveDate, hours: &CallingHours, holidays: &Holidays) -> Option<Span> {
    if holiday_on(day, hours, holidays).is_some() { None } else { span_of_weekday(day, hours) }
}

/// What the settings say of that weekday, cut to the outer limits.
fn span_of_weekday(day: NaiveDate, hours: &CallingHours) -> Option<Span> {
    let (set, outer) = match day.weekday() {
        Weekday::Sat => (hours.saturday, OUTER_AT_WEEKENDS),
        Weekday::Sun => (hours.sunday, OUTER_AT_WEEKENDS),
        _ => (hours.weekdays, OUTER_ON_WEEKDAYS),
    };
    set.map(|set| within(set, outer))
}

fn within(set: Span, outer: Span) -> Span {
    Span { from_minute: set.from_minute.max(outer.from_minute), until_minute: set.until_minute.min(outer.until_minute) }
}

fn contains(span: Span, london: NaiveDateTime) -> bool {
    let minute = london.time().num_seconds_from_midnight() / 60;
    (u32::from(span.from_minute)..u32::from(span.until_minute)).contains(&minute)
}

fn time_of(minute: u16) -> Option<NaiveTime> {
    let (time, days) = NaiveTime::MIN.overflowing_add_signed(TimeDelta::minutes(minute.into()));
    (days == 0).then_some(time)
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::holidays::Holiday;
    use crate::holidays::tests::{list, official, own};
    use crate::rules::tests::london_moment;
    use crate::settings::Settings;

    fn hours() -> CallingHours {
        Settings::default().calling_hours
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The list with one more day.
    fn list_with(text: &str, holiday: Holiday) -> Holidays {
        Holidays::new(list().days().map(|(day, holiday)| (day, holiday.clone())).chain([(day(text), holiday)]))
    }

    fn span(from: u16, until: u16) -> Span {
        Span { from_minute: from * 60, until_minute: until * 60 }
    }

    fn london(text: &str) -> Moment {
        london_moment(text.parse().unwrap())
    }

    #[test]
    fn the_week_is_said_with_what_is_closed() {
        assert_eq!(describe_week(&hours()), "Monday to Friday 09:00–20:00, Saturday 10:00–17:00, not on Sundays, not on bank holidays");
        let wide = CallingHours { sunday: hours().saturday, on_bank_holidays: true, weekdays: None, ..hours() };
        assert_eq!(
            describe_week(&wide),
            "not on Monday to Friday, Saturday 10:00–17:00, Sunday 10:00–17:00, not on 25 and 26 December and 1 January"
        );
    }

    #[test]
    fn calls_are_made_in_the_hours_of_the_day_of_the_week() {
        for (at, open) in [
            ("2026-11-24T08:59:59", false), // Tuesday
            ("2026-11-24T09:00:00", true),
            ("2026-11-24T19:59:59", true),
            ("2026-11-24T20:00:00", false),
            ("2026-11-28T09:59:59", false), // Saturday
            ("2026-11-28T10:00:00", true),
            ("2026-11-28T16:59:59", true),
            ("2026-11-28T17:00:00", false),
            ("2026-11-29T12:00:00", false), // Sunday
            ("2026-12-25T12:00:00", false), // Christmas Day, a Friday
            ("2026-12-28T12:00:00", false), // in place of Boxing Day
            ("2026-12-29T12:00:00", true),
        ] {
            assert_eq!(is_open(london(at), &hours(), &list()), open, "{at}");
        }
    }

    #[test]
    fn no_setting_can_widen_the_outer_limits() {
        let always = Some(span(0, 24));
        let wide = CallingHours { weekdays: always, saturday: always, sunday: always, on_bank_holidays: true };
        for (at, open) in [
            ("2026-11-24T07:59:59", false),
            ("2026-11-24T08:00:00", true),
            ("2026-11-24T20:59:59", true),
            ("2026-11-24T21:00:00", false),
            ("2026-11-28T08:59:59", false),
            ("2026-11-28T09:00:00", true),
            ("2026-11-28T21:00:00", false),
            ("2026-11-29T08:59:59", false),
            ("2026-11-29T09:00:00", true),
            ("2026-11-29T21:00:00", false),
            ("2026-12-28T08:00:00", true),  // a bank holiday has the hours of its weekday
            ("2026-12-25T12:00:00", false), // but for those that are always closed
            ("2026-12-26T12:00:00", false),
            ("2027-01-01T12:00:00", false),
            ("2029-06-05T12:00:00", false), // of that year nobody knows which days are holidays
        ] {
            assert_eq!(is_open(london(at), &wide, &list()), open, "{at}");
        }
        let with_own = list_with("2026-11-24", own("Office party"));
        assert!(!is_open(london("2026-11-24T12:00:00"), &wide, &with_own), "what an administrator has closed is no bank holiday");
    }

    /// lessons, line 59: a holiday on a Saturday was open, because the official list names the substitute only. → The days themselves are
    /// closed, and so is every day beyond the list.
    #[test]
    fn instants_around_clock_changes_and_holidays_are_open_or_closed() {
        for (utc, open) in [
            // The clocks go forward on Sunday 29 March 2026.
            ("2026-03-28T16:59:59Z", true), // Saturday 16:59:59, still winter time
            ("2026-03-28T17:00:00Z", false),
            ("2026-03-29T00:59:59Z", false),
            ("2026-03-29T01:00:00Z", false), // 02:00: there was no 01:30
            ("2026-03-29T11:00:00Z", false), // Sunday
            ("2026-03-30T07:59:59Z", false),
            ("2026-03-30T08:00:00Z", true), // Monday 09:00, summer time
            ("2026-03-30T18:59:59Z", true),
            ("2026-03-30T19:00:00Z", false),
            // Easter.
            ("2026-04-02T10:00:00Z", true),
            ("2026-04-03T10:00:00Z", false), // Good Friday
            ("2026-04-04T10:00:00Z", true),  // Saturday
            ("2026-04-06T10:00:00Z", false), // Easter Monday
            ("2026-04-07T08:00:00Z", true),
            // The clocks go back on Sunday 25 October 2026.
            ("2026-10-24T08:59:59Z", false),
            ("2026-10-24T09:00:00Z", true), // Saturday 10:00, summer time
            ("2026-10-24T15:59:59Z", true),
            ("2026-10-24T16:00:00Z", false),
            ("2026-10-25T00:30:00Z", false), // 01:30 for the first time
            ("2026-10-25T01:30:00Z", false), // 01:30 for the second time
            ("2026-10-26T08:59:59Z", false),
            ("2026-10-26T09:00:00Z", true),
            ("2026-10-26T19:59:59Z", true), // Monday 19:59:59, winter time
            ("2026-10-26T20:00:00Z", false),
            // Boxing Day 2026 is a Saturday.
            ("2026-12-24T19:59:59Z", true),
            ("2026-12-25T12:00:00Z", false),
            ("2026-12-26T12:00:00Z", false),
            ("2026-12-28T12:00:00Z", false), // in its place
            ("2026-12-29T09:00:00Z", true),
            // Christmas Day 2027 is a Saturday, Boxing Day a Sunday, and New Year's Day 2028 a Saturday.
            ("2027-12-24T12:00:00Z", true),
            ("2027-12-25T12:00:00Z", false),
            ("2027-12-26T12:00:00Z", false),
            ("2027-12-27T12:00:00Z", false),
            ("2027-12-28T12:00:00Z", false),
            ("2027-12-29T12:00:00Z", true),
            ("2027-12-31T19:59:59Z", true),
            ("2028-01-01T12:00:00Z", false),
            ("2028-01-03T12:00:00Z", false), // in its place
            ("2028-01-04T12:00:00Z", true),
            ("2028-02-29T12:00:00Z", true), // a leap day, a Tuesday
            // The end of the list.
            ("2028-12-29T19:59:59Z", true),
            ("2028-12-30T16:59:59Z", true), // its last Saturday
            ("2029-01-02T12:00:00Z", false),
            ("2029-06-05T11:00:00Z", false),
            ("2029-12-25T12:00:00Z", false),
            ("2031-06-03T11:00:00Z", false),
        ] {
            let moment = crate::rules::tests::moment(utc.parse().unwrap());
            assert_eq!(is_open(moment, &hours(), &list()), open, "{utc}");
        }
    }

    #[test]
    fn a_closed_day_says_why_it_is_closed() {
        let with_own = list_with("2027-05-28", own("A jubilee"));
        let too = CallingHours { on_bank_holidays: true, ..hours() };
        for (hours, text, words) in [
            (hours(), "2026-11-24", None),
            (hours(), "2026-11-28", None),
            (hours(), "2026-11-29", Some("never on Sundays")),
            (hours(), "2026-12-25", Some("Christmas Day")),
            (hours(), "2026-12-26", Some("Boxing Day")),
            (hours(), "2026-12-28", Some("Boxing Day, a bank holiday")),
            (hours(), "2028-01-01", Some("New Year’s Day")),
            (hours(), "2027-03-29", Some("Easter Monday, a bank holiday")),
            (hours(), "2027-05-28", Some("A jubilee, our own day")),
            (hours(), "2027-05-31", Some("Spring bank holiday")),
            (hours(), "2029-01-02", Some("the list of bank holidays ends on 31 December 2028")),
            // Calls on bank holidays too.
            (too, "2027-03-29", None),
            (too, "2026-12-28", None),
            (too, "2027-05-28", Some("A jubilee, our own day")),
            (too, "2027-12-25", Some("Christmas Day")),
            (too, "2029-01-02", Some("the list of bank holidays ends on 31 December 2028")),
            (CallingHours { weekdays: None, ..too }, "2026-11-24", Some("never on Mondays to Fridays")),
            (CallingHours { saturday: Some(span(17, 9)), ..too }, "2026-11-28", Some("never on Saturdays")),
        ] {
            assert_eq!(closed_on(day(text), &hours, &with_own).map(|closed| closed.words()).as_deref(), words, "{text}");
        }
    }

    #[test]
    fn hours_that_end_before_they_begin_are_never() {
        let inverted = CallingHours { weekdays: Some(span(17, 9)), saturday: None, sunday: None, on_bank_holidays: true };
        let moment = london("2026-11-24T12:00:00");
        assert!(!is_open(moment, &inverted, &list()));
        assert_eq!(next_opening(moment, &inverted, &list()), None);
    }

    #[test]
    fn the_hours_are_told_in_words() {
        for (at, words) in [
            ("2026-11-24T10:30:00", "until 20:00"),
            ("2026-11-28T10:30:00", "until 17:00"),
            ("2026-11-24T07:30:00", "from 09:00"),
            ("2026-11-24T20:00:00", "from tomorrow 09:00"),
            ("2026-11-27T20:00:00", "from tomorrow 10:00"),
            ("2026-11-28T17:00:00", "from Monday 09:00"),
            ("2026-11-29T12:00:00", "from tomorrow 09:00"),
            ("2026-12-24T20:30:00", "from Tuesday 09:00"), // over Christmas, Boxing Day on a Saturday and the Monday in its place
            ("2026-12-26T12:00:00", "from Tuesday 09:00"),
            ("2027-12-24T20:30:00", "from Wednesday 09:00"),
            ("2027-12-31T20:30:00", "from Tuesday 09:00"),
            ("2028-12-29T20:00:00", "from tomorrow 10:00"),
            ("2028-12-30T17:00:00", "at no time: the list of bank holidays ends on 31 December 2028"),
            ("2029-06-05T12:00:00", "at no time: the list of bank holidays ends on 31 December 2028"),
        ] {
            assert_eq!(describe(london(at), &hours(), &list()), words, "{at}");
        }
        let saturdays = CallingHours { weekdays: None, sunday: None, ..hours() };
        assert_eq!(describe(london("2026-11-28T17:00:00"), &saturdays, &list()), "from Saturday 5 December 10:00");
        let never = CallingHours { saturday: None, ..saturdays };
        assert_eq!(describe(london("2026-11-28T17:00:00"), &never, &list()), "at no time: no calling hours are set");
    }

    #[test]
    fn whoever_rings_while_we_are_closed_hears_when_we_open() {
        for (now, words) in [
            ("2026-11-24T08:59:59", Some("today at 09:00")),
            ("2026-11-24T09:00:00", None),
            ("2026-11-24T20:00:00", Some("tomorrow at 09:00")),
            ("2026-11-28T17:00:00", Some("on Monday at 09:00")),
            ("2026-12-24T20:30:00", Some("on Tuesday 29 December at 09:00")),
            ("2026-12-26T12:00:00", Some("on Tuesday at 09:00")),
            ("2027-12-25T12:00:00", Some("on Wednesday at 09:00")),
        ] {
            let moment = london(now);
            let opening = next_opening(moment, &hours(), &list()).unwrap();
            assert_eq!(opening_words(moment.london, opening).as_deref(), words, "{now}");
        }
    }

    /// lessons, line 32: an hour off all summer; both switch days are fixtures.
    #[test]
    fn the_clocks_on_the_wall_count_on_and_around_both_switch_days() {
        let sundays_too = CallingHours { sunday: Some(span(9, 17)), ..hours() };
        for (utc, open) in [
            ("2026-03-28T10:00:00Z", true),  // Saturday, 10:00 in London
            ("2026-03-29T07:59:59Z", false), // Sunday, 08:59:59
            ("2026-03-29T08:00:00Z", true),  // 09:00
            ("2026-03-29T16:00:00Z", false), // 17:00
            ("2026-03-30T08:00:00Z", true),  // Monday, 09:00
            ("2026-03-30T19:00:00Z", false), // 20:00
            ("2026-10-24T09:00:00Z", true),  // Saturday, 10:00
            ("2026-10-25T08:59:59Z", false), // Sunday, 08:59:59
            ("2026-10-25T09:00:00Z", true),  // 09:00
            ("2026-10-26T08:59:59Z", false), // Monday, 08:59:59
            ("2026-10-26T19:59:59Z", true),  // 19:59:59
        ] {
            let moment = crate::rules::tests::moment(utc.parse().unwrap());
            assert_eq!(is_open(moment, &sundays_too, &list()), open, "{utc}");
        }
    }

    fn any_span() -> impl Strategy<Value = Option<Span>> {
        prop::option::of((0_u16..1_500, 0_u16..1_500).prop_map(|(from_minute, until_minute)| Span { from_minute, until_minute }))
    }

    pub(crate) fn any_hours() -> impl Strategy<Value = CallingHours> {
        (any_span(), any_span(), any_span(), any::<bool>()).prop_map(|(weekdays, saturday, sunday, on_bank_holidays)| CallingHours {
            weekdays,
            saturday,
            sunday,
            on_bank_holidays,
        })
    }

    pub(crate) fn any_moment() -> impl Strategy<Value = Moment> {
        // Years that the list of the tests knows, up to July 2028, so that it does not end before whoever waits may be rung.
        (1_735_689_600_i64..1_846_022_400)
            .prop_map(|seconds| crate::rules::tests::moment(chrono::DateTime::from_timestamp(seconds, 0).unwrap()))
    }

    proptest! {
        #[test]
        fn the_next_opening_is_open_and_everything_before_it_is_closed(moment in any_moment(), hours in any_hours(), part in 0.0..1.0_f64) {
            let holidays = list();
            match next_opening(moment, &hours, &holidays) {
                Some(opening) => {
                    prop_assert!(opening >= moment.london);
                    prop_assert!(is_open(london_moment(opening), &hours, &holidays));
                    prop_assert_eq!(opening == moment.london, is_open(moment, &hours, &holidays));
                    let minutes = (opening - moment.london).num_minutes();
                    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "a few hundred thousand minutes")]
                    let before = moment.london + TimeDelta::minutes((minutes as f64 * part) as i64);
                    let was_open = is_open(Moment { london: before, ..moment }, &hours, &holidays);
                    prop_assert!(before >= opening || !was_open);
                }
                None => prop_assert!(!is_open(moment, &hours, &holidays)),
            }
        }

        #[test]
        fn nothing_is_open_outside_the_outer_limits(moment in any_moment(), hours in any_hours()) {
            let minute = moment.london.hour() * 60 + moment.london.minute();
            let is_weekend = moment.london.weekday().number_from_monday() > 5;
            let first = if is_weekend { 9 * 60 } else { 8 * 60 };
            prop_assert!(!is_open(moment, &hours, &list()) || (first..21 * 60).contains(&minute));
        }

        /// lessons, line 59: no setting opens a day that is always closed, nor one that the list does not know.
        #[test]
        fn nothing_is_open_on_the_days_that_are_always_closed_nor_beyond_the_list(
            at in 1_735_689_600_i64..2_208_988_800,
            hours in any_hours(),
            ends in 2025..2032,
        ) {
            let moment = crate::rules::tests::moment(chrono::DateTime::from_timestamp(at, 0).unwrap());
            let listed = Holidays::new((2025..=ends).map(|year| (NaiveDate::from_ymd_opt(year, 8, 25).unwrap(), official("Summer bank holiday"))));
            let today = moment.london.date();
            if is_open(moment, &hours, &listed) {
                prop_assert!(today.year() <= ends && always_closed(today).is_none());
                prop_assert_eq!(closed_on(today, &hours, &listed), None);
            }
            if let Some(opening) = next_opening(moment, &hours, &listed) {
                prop_assert!(opening.year() <= ends);
            }
        }

        #[test]
        fn words_begin_with_until_exactly_while_open(moment in any_moment(), hours in any_hours()) {
            let holidays = list();
            prop_assert_eq!(describe(moment, &hours, &holidays).starts_with("until "), is_open(moment, &hours, &holidays));
        }
    }
}

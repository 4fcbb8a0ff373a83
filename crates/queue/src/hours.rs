//! When calls may be made. All of it is about what clocks on the wall in London show, so the days on which they
//! change need nothing special.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};
use kernel::Moment;
use serde::Deserialize;

use crate::settings::{CallingHours, DAYS, Span, clock};

/// The outer limits, which no setting can widen: they protect the people we ring from a slip in the settings.
const OUTER_ON_WEEKDAYS: Span = DAYS[0].1;
const OUTER_AT_WEEKENDS: Span = DAYS[1].1;

/// How far ahead an opening is looked for. Longer than any run of holidays.
const DAYS_AHEAD: usize = 400;

/// Whether calls may be made at `moment`.
pub fn is_open(moment: Moment, hours: &CallingHours, bank_holidays: &BTreeSet<NaiveDate>) -> bool {
    span_on(moment.london.date(), hours, bank_holidays).is_some_and(|span| contains(span, moment.london))
}

/// When calls may be made next, as clocks in London show it: `moment` itself when they may be made now, nothing when
/// the settings leave no time at all.
pub fn next_opening(moment: Moment, hours: &CallingHours, bank_holidays: &BTreeSet<NaiveDate>) -> Option<NaiveDateTime> {
    moment.london.date().iter_days().take(DAYS_AHEAD).find_map(|day| {
        let span = span_on(day, hours, bank_holidays)?;
        let opening = day.and_time(time_of(span.from_minute)?).max(moment.london);
        contains(span, opening).then_some(opening)
    })
}

/// Until when calls may be made, or from when, for “Calls may be made …”: “until 20:00”, “from 09:00”,
/// “from tomorrow 09:00”, “from Monday 09:00”, “from Tuesday 5 January 09:00”.
pub fn describe(moment: Moment, hours: &CallingHours, bank_holidays: &BTreeSet<NaiveDate>) -> String {
    let today = moment.london.date();
    if let Some(span) = span_on(today, hours, bank_holidays).filter(|span| contains(*span, moment.london)) {
        return format!("until {:02}:{:02}", span.until_minute / 60, span.until_minute % 60);
    }
    let Some(opening) = next_opening(moment, hours, bank_holidays) else {
        return "at no time: no calling hours are set".to_owned();
    };
    let words = match (opening.date() - today).num_days() {
        0 => opening.format("from %H:%M"),
        1 => opening.format("from tomorrow %H:%M"),
        2..=6 => opening.format("from %A %H:%M"),
        _ => opening.format("from %A %-d %B %H:%M"),
    };
    words.to_string()
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
    if !hours.on_bank_holidays {
        parts.push("not on bank holidays".to_owned());
    }
    parts.join(", ")
}

/// The same line by line: “Monday to Friday” and “09:00–20:00”, “Sunday” and “never”.
pub fn week(hours: &CallingHours) -> Vec<(String, String)> {
    let holidays = ("Bank holidays", if hours.on_bank_holidays { "as the weekday" } else { "never" }.to_owned());
    days(hours)
        .into_iter()
        .map(|(day, _, span)| (day, span.map_or_else(|| "never".to_owned(), words)))
        .chain([holidays])
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

/// The bank holidays of England and Wales, from a file in the government's own form (gov.uk/bank-holidays.json), so
/// that refreshing it is copying it. An error means that the file is damaged; a test keeps that from being shipped.
pub fn bank_holidays() -> Result<BTreeSet<NaiveDate>, serde_json::Error> {
    #[derive(Deserialize)]
    struct File {
        #[serde(rename = "england-and-wales")]
        england_and_wales: Division,
    }
    #[derive(Deserialize)]
    struct Division {
        events: Vec<Event>,
    }
    #[derive(Deserialize)]
    struct Event {
        date: NaiveDate,
    }

    let file: File = serde_json::from_str(include_str!("../data/bank-holidays.json"))?;
    Ok(file.england_and_wales.events.into_iter().map(|event| event.date).collect())
}

/// Whether the time of day is inside the hours of that weekday, holidays apart.
pub(crate) fn is_within_hours(london: NaiveDateTime, hours: &CallingHours) -> bool {
    span_of_weekday(london.date(), hours).is_some_and(|span| contains(span, london))
}

/// Whether the day is a bank holiday on which no calls are made.
pub(crate) fn is_closed_for_holiday(day: NaiveDate, hours: &CallingHours, bank_holidays: &BTreeSet<NaiveDate>) -> bool {
    !hours.on_bank_holidays && bank_holidays.contains(&day)
}

/// When calls may be made on a day, inside the outer limits; none: never.
pub fn of_day(day: NaiveDate, hours: &CallingHours, bank_holidays: &BTreeSet<NaiveDate>) -> Option<Span> {
    span_on(day, hours, bank_holidays).filter(|span| span.from_minute < span.until_minute)
}

fn span_on(day: NaiveDate, hours: &CallingHours, bank_holidays: &BTreeSet<NaiveDate>) -> Option<Span> {
    if is_closed_for_holiday(day, hours, bank_holidays) { None } else { span_of_weekday(day, hours) }
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
    use chrono::Days;
    use proptest::prelude::*;

    use super::*;
    use crate::rules::tests::london_moment;
    use crate::settings::Settings;

    fn hours() -> CallingHours {
        Settings::default().calling_hours
    }

    fn holidays() -> BTreeSet<NaiveDate> {
        bank_holidays().unwrap()
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
        assert_eq!(describe_week(&wide), "not on Monday to Friday, Saturday 10:00–17:00, Sunday 10:00–17:00");
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
            assert_eq!(is_open(london(at), &hours(), &holidays()), open, "{at}");
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
            ("2026-12-25T08:00:00", true), // a bank holiday has the hours of its weekday
        ] {
            assert_eq!(is_open(london(at), &wide, &holidays()), open, "{at}");
        }
    }

    #[test]
    fn hours_that_end_before_they_begin_are_never() {
        let inverted = CallingHours { weekdays: Some(span(17, 9)), saturday: None, sunday: None, on_bank_holidays: true };
        let moment = london("2026-11-24T12:00:00");
        assert!(!is_open(moment, &inverted, &BTreeSet::new()));
        assert_eq!(next_opening(moment, &inverted, &BTreeSet::new()), None);
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
            ("2026-12-24T20:30:00", "from Saturday 10:00"), // over Christmas Day
            ("2026-12-26T17:00:00", "from Tuesday 09:00"),  // over the Monday in place of Boxing Day
        ] {
            assert_eq!(describe(london(at), &hours(), &holidays()), words, "{at}");
        }
        let saturdays = CallingHours { weekdays: None, sunday: None, ..hours() };
        assert_eq!(describe(london("2026-11-28T17:00:00"), &saturdays, &holidays()), "from Saturday 5 December 10:00");
        let never = CallingHours { saturday: None, ..saturdays };
        assert_eq!(describe(london("2026-11-28T17:00:00"), &never, &holidays()), "at no time: no calling hours are set");
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
            assert_eq!(is_open(moment, &sundays_too, &holidays()), open, "{utc}");
        }
    }

    #[test]
    fn the_file_holds_the_bank_holidays_of_england_and_wales() {
        let mut expected = BTreeSet::new();
        for (year, easter) in [(2025, "2025-04-20"), (2026, "2026-04-05"), (2027, "2027-03-28"), (2028, "2028-04-16")] {
            let easter: NaiveDate = easter.parse().unwrap();
            let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
            let monday_from = |from: NaiveDate| from.iter_days().find(|day| day.weekday() == Weekday::Mon).unwrap();
            // A holiday on a weekend moves to the next weekday that is not one already.
            let mut substituted = |day: NaiveDate| {
                let free = day.iter_days().find(|day| day.weekday().number_from_monday() < 6 && !expected.contains(day)).unwrap();
                expected.insert(free);
            };
            substituted(day(1, 1));
            substituted(easter - Days::new(2));
            substituted(easter + Days::new(1));
            substituted(monday_from(day(5, 1)));
            substituted(monday_from(day(5, 25)));
            substituted(monday_from(day(8, 25)));
            substituted(day(12, 25));
            substituted(day(12, 26));
        }
        assert_eq!(holidays(), expected);
        assert_eq!(expected.len(), 4 * 8);
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
        // 2025 to 2028, the years of the holiday file.
        (1_735_689_600_i64..1_861_920_000)
            .prop_map(|seconds| crate::rules::tests::moment(chrono::DateTime::from_timestamp(seconds, 0).unwrap()))
    }

    proptest! {
        #[test]
        fn the_next_opening_is_open_and_everything_before_it_is_closed(moment in any_moment(), hours in any_hours(), part in 0.0..1.0_f64) {
            let holidays = holidays();
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
            prop_assert!(!is_open(moment, &hours, &BTreeSet::new()) || (first..21 * 60).contains(&minute));
        }

        #[test]
        fn words_begin_with_until_exactly_while_open(moment in any_moment(), hours in any_hours()) {
            let holidays = holidays();
            prop_assert_eq!(describe(moment, &hours, &holidays).starts_with("until "), is_open(moment, &hours, &holidays));
        }
    }
}

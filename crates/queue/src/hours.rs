//! When calls may be made. All of it is about what clocks on the wall in London show, so the days on which they
//! change need nothing special.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};
use kernel::Moment;
use serde::Deserialize;

use crate::settings::{CallingHours, Span};

/// The outer limits, which no setting can widen: they protect the people we ring from a slip in the settings.
const OUTER_ON_WEEKDAYS: Span = Span { from_minute: 8 * 60, until_minute: 21 * 60 };
const OUTER_AT_WEEKENDS: Span = Span { from_minute: 9 * 60, until_minute: 21 * 60 };

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
    set.map(|set| Span { from_minute: set.from_minute.max(outer.from_minute), until_minute: set.until_minute.min(outer.until_minute) })
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
mod tests;

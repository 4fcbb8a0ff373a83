//! How figures, times and names read on a screen. Pure, and the same on every machine.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, Timelike, Utc, Weekday};

/// A user by their id, where it is known who they are.
pub(crate) fn user_words(user: Option<kernel::UserId>) -> String {
    user.map_or_else(|| "Nobody has said who it is".to_owned(), |user| format!("User {user}"))
}

/// A count with thousands separators: `1,284`.
pub(crate) fn count(value: i64) -> String {
    let digits = value.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if value < 0 {
        text.push('−');
    }
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 check`, `3 checks`.
pub(crate) fn counted(value: i64, one: &str, many: &str) -> String {
    format!("{} {}", count(value), if value == 1 { one } else { many })
}

/// A span in words: `42 s`, `9 min 42 s`, `1 h 20 min`.
pub(crate) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

/// A running clock: `01:12`, `1:02:05`.
pub(crate) fn stopwatch(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, m, s) => format!("{m:02}:{s:02}"),
        (h, m, s) => format!("{h}:{m:02}:{s:02}"),
    }
}

/// Time in a state, for a narrow column: `5:12`, `1 h 20`, `3 days`.
pub(crate) fn time_in_state(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match seconds {
        0..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        3600..86_400 => format!("{} h {:02}", seconds / 3600, seconds / 60 % 60),
        _ => counted(seconds / 86_400, "day", "days"),
    }
}

/// A time ahead, coarse: `under 1 min`, `58 min`, `3 h 13 min`, `2 days`.
pub(crate) fn time_until(seconds: i64) -> String {
    match seconds {
        ..60 => "under 1 min".to_owned(),
        60..3600 => format!("{} min", seconds / 60),
        3600..86_400 => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
        _ => counted(seconds / 86_400, "day", "days"),
    }
}

/// How old a fact is: `just now`, `0.4 s ago`, `12 s ago`, `4 min ago`, `2 h ago`.
pub(crate) fn age(millis: i64) -> String {
    match millis {
        ..100 => "just now".into(),
        100..10_000 => format!("{}.{} s ago", millis / 1000, millis % 1000 / 100),
        10_000..60_000 => format!("{} s ago", millis / 1000),
        60_000..3_600_000 => format!("{} min ago", millis / 60_000),
        _ => format!("{} h ago", millis / 3_600_000),
    }
}

/// How far something is behind: `under 1 s`, `4 s`, `1 min 05 s`. The replica's own report knows whole seconds only.
pub(crate) fn lag(millis: i64) -> String {
    if millis < 1_000 { "under 1 s".to_owned() } else { duration(millis / 1_000) }
}

/// A score; only halves are shown: `24`, `24.5`.
pub(crate) fn score(points: f64) -> String {
    if points < 0.0 { format!("−{}", -points) } else { format!("{points}") }
}

/// What a factor adds: `+24`, `−20`, `0`.
pub(crate) fn points(points: f64) -> String {
    if points > 0.0 { format!("+{points}") } else { score(points) }
}

/// The name of a factor of the score.
pub(crate) fn factor(name: &str) -> String {
    match name {
        "lender" => "Lender".into(),
        "age" => "Age".into(),
        "claim_age" => "Age of the claim".into(),
        "recency" => "Since the last call".into(),
        "last_disposition" => "Last outcome".into(),
        "failed_attempts" => "Calls without an answer".into(),
        "floor" => "Lifted to 0, the lowest".into(),
        other => capitalised(&other.replace('_', " ")),
    }
}

/// The factors that count, in one line: `lender −20, age −10`.
pub(crate) fn factors_in_a_line(factors: &[scoring::Factor]) -> String {
    let mut line = String::new();
    for factor_of_score in factors.iter().filter(|factor| factor.points != 0.0) {
        let separator = if line.is_empty() { ": " } else { ", " };
        let _ = write!(line, "{separator}{} {}", factor(&factor_of_score.name).to_lowercase(), points(factor_of_score.points));
    }
    line
}

/// The first letter large.
pub(crate) fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Up to two letters that stand for a name: `PR`.
pub(crate) fn initials(name: &str) -> String {
    let mut letters = name.split_whitespace().filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let first = letters.next();
    let last = letters.next_back();
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// The first sentence, which says what matters, and the rest.
pub(crate) fn first_sentence(text: &str) -> (&str, &str) {
    text.find(". ").map_or((text, ""), |end| text.split_at(end + 1))
}

/// What a clock on the wall in London shows: `14:16`.
pub(crate) fn london_time(at: DateTime<Utc>) -> String {
    let london = london(at);
    format!("{:02}:{:02}", london.hour(), london.minute())
}

/// The wall clock in London.
fn london(at: DateTime<Utc>) -> NaiveDateTime {
    at.naive_utc() + if is_summer_time(at) { TimeDelta::hours(1) } else { TimeDelta::zero() }
}

/// A moment that has passed, as people say it: `today 08:49`, `yesterday 20:02`, `31 October 20:02`, `31 October 2025`.
pub(crate) fn when(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let (then, today) = (london(at), london(now).date());
    let form = match (today - then.date()).num_days() {
        0 => "today %H:%M",
        1 => "yesterday %H:%M",
        _ if then.year() == today.year() => "%-d %B %H:%M",
        _ => "%-d %B %Y",
    };
    then.format(form).to_string()
}

/// The same moment in full: `Tuesday 24 November 2026, 14:05`.
pub(crate) fn in_full(at: DateTime<Utc>) -> String {
    london(at).format("%A %-d %B %Y, %H:%M").to_string()
}

/// British Summer Time runs from 01:00 UTC on the last Sunday of March to 01:00 UTC on the last Sunday of October.
fn is_summer_time(at: DateTime<Utc>) -> bool {
    let change = |month| last_sunday(at.year(), month).and_then(|day| day.and_hms_opt(1, 0, 0));
    match (change(3), change(10)) {
        (Some(start), Some(end)) => (start..end).contains(&at.naive_utc()),
        _ => false,
    }
}

/// The last Sunday of a month that has 31 days.
fn last_sunday(year: i32, month: u32) -> Option<NaiveDate> {
    let last = NaiveDate::from_ymd_opt(year, month, 31)?;
    Some(last - TimeDelta::days(i64::from(last.weekday().days_since(Weekday::Sun))))
}

/// As in the middle of a sentence; names of people and lenders do not begin these words.
pub(crate) fn lower_first(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_thousands_separators() {
        assert_eq!([0, 7, 999, 1_000, 1_284, 1_234_567].map(count), ["0", "7", "999", "1,000", "1,284", "1,234,567"]);
        assert_eq!(count(-1_000), "−1,000");
    }

    #[test]
    fn durations_have_at_most_two_units() {
        assert_eq!([0, 42, 60, 582, 3_600, 4_800].map(duration), ["0 s", "42 s", "1 min 00 s", "9 min 42 s", "1 h 00 min", "1 h 20 min"]);
        assert_eq!(duration(-5), "0 s");
    }

    #[test]
    fn stopwatches_count_in_minutes_then_in_hours() {
        assert_eq!([0, 72, 3_599, 3_725].map(stopwatch), ["00:00", "01:12", "59:59", "1:02:05"]);
    }

    #[test]
    fn time_in_a_state_fits_a_narrow_column() {
        assert_eq!([9, 312, 4_800, 86_400, 300_000].map(time_in_state), ["0:09", "5:12", "1 h 20", "1 day", "3 days"]);
    }

    #[test]
    fn ages_lose_precision_as_they_grow() {
        assert_eq!(
            [-3, 0, 99, 100, 400, 9_990, 10_000, 59_999, 60_000, 7_200_000].map(age),
            ["just now", "just now", "just now", "0.1 s ago", "0.4 s ago", "9.9 s ago", "10 s ago", "59 s ago", "1 min ago", "2 h ago"]
        );
    }

    #[test]
    fn lag_is_in_whole_seconds() {
        assert_eq!([0, 120, 4_500, 65_000].map(lag), ["under 1 s", "under 1 s", "4 s", "1 min 05 s"]);
    }

    #[test]
    fn points_have_a_sign_and_nought_has_none() {
        assert_eq!([24.0, -20.0, 0.0, 0.5].map(points), ["+24", "−20", "0", "+0.5"]);
        assert_eq!([24.0, 24.5, -3.0].map(score), ["24", "24.5", "−3"]);
    }

    #[test]
    fn a_line_of_factors_leaves_out_those_that_add_nothing() {
        let factor = |name: &str, points| scoring::Factor { name: name.into(), points, detail: String::new() };

        let line = factors_in_a_line(&[factor("lender", -20.0), factor("age", 0.0), factor("claim_age", 30.0)]);

        assert_eq!(line, ": lender −20, age of the claim +30");
        assert_eq!(factors_in_a_line(&[]), "");
    }

    #[test]
    fn initials_are_of_the_first_and_the_last_name() {
        assert_eq!(["Priya Raman", "Siân", "Anna Maria van der Berg", "User 48213", ""].map(initials), ["PR", "S", "AB", "U4", ""]);
    }

    #[test]
    fn the_first_sentence_stands_apart() {
        assert_eq!(first_sentence("Priya has not signed. Her claims wait."), ("Priya has not signed.", " Her claims wait."));
        assert_eq!(first_sentence("One only."), ("One only.", ""));
    }

    #[test]
    fn moments_are_told_by_the_days_of_london() {
        let now = "2026-07-02T09:00:00Z".parse().unwrap();
        for (at, words) in [
            ("2026-07-02T07:49:00Z", "today 08:49"),
            ("2026-07-01T23:10:00Z", "today 00:10"),
            ("2026-07-01T19:02:00Z", "yesterday 20:02"),
            ("2026-01-05T19:02:00Z", "5 January 19:02"),
            ("2025-12-31T19:02:00Z", "31 December 2025"),
        ] {
            assert_eq!(when(at.parse().unwrap(), now), words);
        }
        assert_eq!(in_full("2026-07-01T23:10:00Z".parse().unwrap()), "Thursday 2 July 2026, 00:10");
    }

    #[test]
    fn london_is_an_hour_ahead_in_summer() {
        let shown = |text: &str| london_time(text.parse().unwrap());

        assert_eq!(shown("2026-11-24T14:16:00Z"), "14:16");
        assert_eq!(shown("2026-07-01T23:30:00Z"), "00:30");
        assert_eq!(shown("2026-03-29T00:59:00Z"), "00:59");
        assert_eq!(shown("2026-03-29T01:00:00Z"), "02:00");
        assert_eq!(shown("2026-10-25T00:59:00Z"), "01:59");
        assert_eq!(shown("2026-10-25T01:00:00Z"), "01:00");
    }
}

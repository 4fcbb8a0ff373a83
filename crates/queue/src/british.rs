//! Days and times as people here write and read them. What is typed for them is read here and nowhere else: no page has a date picker of
//! the browser's, whose form is that of the browser's country.

use chrono::{Datelike, Days, NaiveDate, NaiveTime, Weekday};

use crate::holidays::{NO_YEAR, read_day};

/// How a time can be typed.
const TIME_FORMS: &str = "Write the time as 14:05.";

/// A time of day as it is written here: `14:05`, `14.05`, `1405`, `9`, `2pm`, `2:30 pm`, `noon`. What is wrong with it, in words.
pub fn read_time(text: &str) -> Result<NaiveTime, &'static str> {
    let lower = text.trim().to_lowercase().replace('.', ":");
    if lower == "noon" {
        return Ok(NaiveTime::MIN + chrono::TimeDelta::hours(12));
    }
    let (digits, half) = match (lower.strip_suffix("am"), lower.strip_suffix("pm")) {
        (Some(digits), _) => (digits.trim(), Some(0)),
        (None, Some(digits)) => (digits.trim(), Some(12)),
        (None, None) => (lower.as_str(), None),
    };
    let is_number = |part: &str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    let (hour, minute) = match digits.split_once(':') {
        Some((hour, minute)) if minute.len() == 2 => (hour, minute),
        None if matches!(digits.len(), 3 | 4) && digits.is_ascii() => digits.split_at(digits.len() - 2),
        None => (digits, "00"),
        Some(_) => return Err(TIME_FORMS),
    };
    if !is_number(hour) || !is_number(minute) {
        return Err(TIME_FORMS);
    }
    let (hour, minute): (u32, u32) = (hour.parse().map_err(|_| TIME_FORMS)?, minute.parse().map_err(|_| TIME_FORMS)?);
    let hour = match half {
        Some(_) if !(1..=12).contains(&hour) => return Err(TIME_FORMS),
        Some(half) => hour % 12 + half,
        None => hour,
    };
    NaiveTime::from_hms_opt(hour, minute, 0).ok_or("There is no such time. Write it as 14:05.")
}

/// A day that is still to come, as somebody says it on `today`: besides what [`read_day`] reads, `today`, `tomorrow`, `Thursday`, and a day
/// without its year.
pub fn read_coming_day(text: &str, today: NaiveDate) -> Result<NaiveDate, String> {
    let lower = text.trim().to_lowercase();
    match lower.as_str() {
        "today" => return Ok(today),
        "tomorrow" => return Ok(today + Days::new(1)),
        word if word.len() >= 3 => {
            if let Ok(weekday) = word.parse::<Weekday>() {
                let ahead = weekday.days_since(today.weekday());
                return Ok(today + Days::new(if ahead == 0 { 7 } else { ahead.into() }));
            }
        }
        _ => {}
    }
    match read_day(text) {
        Err(words) if words == NO_YEAR => {
            let of = |year: i32| read_day(&format!("{} {year}", text.trim()));
            match of(today.year()) {
                Ok(day) if day >= today => Ok(day),
                Ok(_) => of(today.year() + 1),
                Err(words) => of(today.year() + 1).map_err(|_| words),
            }
        }
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_read_as_people_here_write_them() {
        for (text, read) in [
            ("14:05", "14:05:00"),
            (" 14.05 ", "14:05:00"),
            ("1405", "14:05:00"),
            ("905", "09:05:00"),
            ("9", "09:00:00"),
            ("09", "09:00:00"),
            ("0:00", "00:00:00"),
            ("2pm", "14:00:00"),
            ("2:30 PM", "14:30:00"),
            ("2.30pm", "14:30:00"),
            ("12am", "00:00:00"),
            ("12 pm", "12:00:00"),
            ("noon", "12:00:00"),
        ] {
            assert_eq!(read_time(text), Ok(read.parse().unwrap()), "{text}");
        }
        for text in ["", "25:00", "14:60", "14:5", "2460", "13pm", "0am", "half past two", "14:05:06", "-1", "1 4", "٩", "99999"] {
            assert!(read_time(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_coming_day_needs_no_year() {
        // A Tuesday.
        let today = day("2026-11-24");
        for (text, read) in [
            ("today", "2026-11-24"),
            ("Tomorrow", "2026-11-25"),
            ("thursday", "2026-11-26"),
            ("thu", "2026-11-26"),
            ("Tuesday", "2026-12-01"),
            ("26 November", "2026-11-26"),
            ("26/11", "2026-11-26"),
            ("Thursday 26 November", "2026-11-26"),
            ("5 January", "2027-01-05"),
            ("26 November 2026", "2026-11-26"),
            ("2026-11-26", "2026-11-26"),
        ] {
            assert_eq!(read_coming_day(text, today), Ok(day(read)), "{text}");
        }
        for text in ["", "th", "someday", "31 November", "26", "Friday 26 November 2026"] {
            assert!(read_coming_day(text, today).is_err(), "{text}");
        }
        assert_eq!(read_coming_day("31 November", today).unwrap_err(), "There is no such day: 31 November 2026.");
    }
}

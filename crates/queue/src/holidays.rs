//! Days without calls: the list of bank holidays of England and Wales with the firm's own days beside it, where that list ends, and the
//! three days that are always closed. Nothing here needs a database or a clock.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};

/// The list ends soon when it ends within so many months: then it is said on screens, in health and by `dialler config check`.
const MONTHS_OF_NOTICE: Months = Months::new(12);

/// England and Wales have at least this many bank holidays in every year.
pub(crate) const HOLIDAYS_IN_A_YEAR: usize = 8;

/// Bytes of a file with the official list. gov.uk's has about 25,000.
pub const LONGEST_HOLIDAY_FILE: usize = 256 * 1024;

/// Characters of the name of a day that somebody adds.
pub const LONGEST_HOLIDAY_NAME: usize = 50;

/// Where a day of the list comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(type_name = "text", rename_all = "snake_case"))]
#[serde(rename_all = "snake_case")]
pub enum HolidaySource {
    /// The government's list.
    Official,
    /// An administrator.
    Own,
}

/// A day of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holiday {
    /// “Easter Monday”.
    pub name: String,
    /// Where it comes from.
    pub source: HolidaySource,
}

/// The list: which days there are, and of which years it knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays {
    days: BTreeMap<NaiveDate, Holiday>,
    years: BTreeSet<i32>,
}

impl Holidays {
    /// The list with these days. It knows a year that has official days, since those come year by year; and one that has been entered by
    /// hand, as soon as it has as many days as every year has bank holidays.
    pub fn new(days: impl IntoIterator<Item = (NaiveDate, Holiday)>) -> Self {
        let days: BTreeMap<NaiveDate, Holiday> = days.into_iter().collect();
        let mut counts: BTreeMap<i32, usize> = BTreeMap::new();
        for day in days.keys() {
            *counts.entry(day.year()).or_default() += 1;
        }
        let official = days.iter().filter(|(_, holiday)| holiday.source == HolidaySource::Official).map(|(day, _)| day.year());
        let entered = counts.into_iter().filter(|(_, days)| *days >= HOLIDAYS_IN_A_YEAR).map(|(year, _)| year);
        let years = official.chain(entered).collect();
        Self { days, years }
    }

    /// The day, when it is on the list.
    pub fn get(&self, day: NaiveDate) -> Option<&Holiday> {
        self.days.get(&day)
    }

    /// Every day of the list, in order.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = (NaiveDate, &Holiday)> {
        self.days.iter().map(|(day, holiday)| (*day, holiday))
    }

    /// Whether the list says of this day's year which days are holidays.
    pub fn knows(&self, day: NaiveDate) -> bool {
        self.years.contains(&day.year())
    }

    /// The last day that the list knows, as seen on `today`: 31 December of the last year without a gap before it. In the past when `today` is
    /// beyond the list; none when the list knows no year up to today's.
    pub fn end(&self, today: NaiveDate) -> Option<NaiveDate> {
        let first = self.years.range(..=today.year()).next_back()?;
        let is_over = *first < today.year();
        let last = if is_over { *first } else { (*first..=i32::MAX).take_while(|year| self.years.contains(year)).last()? };
        NaiveDate::from_ymd_opt(last, 12, 31)
    }

    /// What is to be said of the end of the list, in words; none while it is more than twelve months ahead.
    pub fn notice(&self, today: NaiveDate) -> Option<String> {
        let Some(end) = self.end(today) else {
            return Some("There is no list of bank holidays. No calls are made until an administrator loads one.".to_owned());
        };
        if end < today {
            let ended = british_day(end);
            return Some(format!(
                "The list of bank holidays ended on {ended}. No calls are made until an administrator loads a newer one."
            ));
        }
        let is_soon = end.checked_sub_months(MONTHS_OF_NOTICE).is_some_and(|from| today >= from);
        is_soon.then(|| {
            format!(
                "The list of bank holidays ends on {}, {}. No calls are made after that day unless an administrator loads a newer one.",
                british_day(end),
                in_words(today, end)
            )
        })
    }
}

/// The name of a day on which no calls are made whatever the settings say and on whatever weekday it falls: when such a day falls on a
/// weekend, the official list has only the day in its place.
pub fn always_closed(day: NaiveDate) -> Option<&'static str> {
    match (day.month(), day.day()) {
        (12, 25) => Some("Christmas Day"),
        (12, 26) => Some("Boxing Day"),
        (1, 1) => Some("New Year’s Day"),
        _ => None,
    }
}

/// Why no calls are made on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClosedDay {
    /// One of the three days that are always closed.
    Always {
        /// “Boxing Day”.
        name: String,
    },
    /// A bank holiday of England and Wales.
    BankHoliday {
        /// “Easter Monday”.
        name: String,
    },
    /// A day that an administrator has added.
    Own {
        /// “Office party”.
        name: String,
    },
    /// The list of bank holidays does not know this day's year.
    NotListed {
        /// The last day before it that the list knows.
        end: Option<NaiveDate>,
    },
    /// Calls are never made on this day of the week.
    Weekday {
        /// “Sundays”.
        days: String,
    },
}

impl ClosedDay {
    /// Why, after “No calls today: ”.
    pub fn words(&self) -> String {
        match self {
            Self::Always { name } => name.clone(),
            Self::BankHoliday { name } if name.to_lowercase().contains("bank holiday") => name.clone(),
            Self::BankHoliday { name } => format!("{name}, a bank holiday"),
            Self::Own { name } => format!("{name}, our own day"),
            Self::NotListed { end: Some(end) } => format!("the list of bank holidays ends on {}", british_day(*end)),
            Self::NotListed { end: None } => "there is no list of bank holidays".to_owned(),
            Self::Weekday { days } => format!("never on {days}"),
        }
    }
}

/// `31 December 2028`.
pub fn british_day(day: NaiveDate) -> String {
    day.format("%-d %B %Y").to_string()
}

/// `Sunday 31 December 2028`.
pub fn british_weekday(day: NaiveDate) -> String {
    day.format("%A %-d %B %Y").to_string()
}

/// How long it is from `today` to a later day: “in 34 days”, “in 9 months”.
pub fn in_words(today: NaiveDate, day: NaiveDate) -> String {
    let days = (day - today).num_days();
    let months = (day.year() - today.year()) * 12 + i32::try_from(day.month0()).unwrap_or(0) - i32::try_from(today.month0()).unwrap_or(0);
    let months = if day.day() < today.day() { months - 1 } else { months };
    match (days, months) {
        (..=0, _) => "today".to_owned(),
        (1, _) => "tomorrow".to_owned(),
        (_, ..=1) => format!("in {days} days"),
        _ => format!("in {months} months"),
    }
}

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What can be typed for a day.
const DAY_FORMS: &str = "Write the day as 25 December 2027 or 25/12/2027.";
/// What is said of a day and a month alone.
pub(crate) const NO_YEAR: &str = "Write the year too, for example 25 December 2027.";

/// A day as people here write it: `25 December 2027`, `25/12/2027`, `Sat 25th Dec 2027`; also `2027-12-25`. What is wrong with it, in words.
pub fn read_day(text: &str) -> Result<NaiveDate, String> {
    let lower = text.to_lowercase().replace(['/', '.', '-', ','], " ");
    let mut words: Vec<&str> = lower.split_whitespace().collect();
    let named = |names: &[&str], word: &str| {
        let is_it = |name: &&str| word.len() >= 3 && name.starts_with(word) || (word == "sept" && *name == "september");
        names.iter().position(is_it)
    };
    let weekday = words.first().and_then(|word| named(&WEEKDAYS, word));
    if weekday.is_some() {
        words.remove(0);
    }
    let (day, month, year) = match words[..] {
        [year, month, day] if year.len() == 4 && year.bytes().all(|byte| byte.is_ascii_digit()) => (day, month, year),
        [day, month, year] => (day, month, year),
        [day, month] if day.starts_with(|c: char| c.is_ascii_digit()) && number_or_name(month).is_some() => {
            return Err(NO_YEAR.to_owned());
        }
        _ => return Err(DAY_FORMS.to_owned()),
    };
    let plain = day.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let ordinal = &day[plain.len()..];
    let number = plain.parse::<u32>().ok().filter(|_| ["", "st", "nd", "rd", "th"].contains(&ordinal));
    let (Some(number), Some(month_number)) = (number, number_or_name(month)) else { return Err(DAY_FORMS.to_owned()) };
    if year.len() != 4 || !year.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("Write the year with four digits, for example 25 December 2027.".to_owned());
    }
    let year = year.parse::<i32>().map_err(|_| DAY_FORMS.to_owned())?;
    let found = NaiveDate::from_ymd_opt(year, month_number, number)
        .ok_or_else(|| format!("There is no such day: {}.", text.split_whitespace().collect::<Vec<_>>().join(" ")))?;
    match weekday {
        Some(weekday) if usize::try_from(found.weekday().num_days_from_monday()) != Ok(weekday) => {
            Err(format!("{} is a {}.", british_day(found), found.format("%A")))
        }
        _ => Ok(found),
    }
}

/// A month, by its number or by its name or the first three letters or more of it.
fn number_or_name(month: &str) -> Option<u32> {
    if month.bytes().all(|byte| byte.is_ascii_digit()) {
        return month.parse().ok().filter(|number| (1..=12).contains(number));
    }
    let is_it = |name: &&str| month.len() >= 3 && name.starts_with(month) || (month == "sept" && *name == "september");
    MONTHS.iter().position(is_it).and_then(|at| u32::try_from(at + 1).ok())
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::{Days, Weekday};

    use super::*;
    use crate::official_holidays::{day_problem, read_official};

    /// The list that the tests go by, whatever list is shipped: computed from Easter, from 2025 to 2028. A holiday on a weekend is not in it,
    /// but the next weekday that is none already: so is the government's.
    pub(crate) fn list() -> Holidays {
        let mut days: BTreeMap<NaiveDate, Holiday> = BTreeMap::new();
        for (year, easter) in [(2025, "2025-04-20"), (2026, "2026-04-05"), (2027, "2027-03-28"), (2028, "2028-04-16")] {
            let easter: NaiveDate = easter.parse().unwrap();
            let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
            let monday_from = |from: NaiveDate| from.iter_days().find(|day| day.weekday() == Weekday::Mon).unwrap();
            for (name, day) in [
                ("New Year’s Day", day(1, 1)),
                ("Good Friday", easter - Days::new(2)),
                ("Easter Monday", easter + Days::new(1)),
                ("Early May bank holiday", monday_from(day(5, 1))),
                ("Spring bank holiday", monday_from(day(5, 25))),
                ("Summer bank holiday", monday_from(day(8, 25))),
                ("Christmas Day", day(12, 25)),
                ("Boxing Day", day(12, 26)),
            ] {
                let free = day.iter_days().find(|day| day.weekday().number_from_monday() < 6 && !days.contains_key(day)).unwrap();
                days.insert(free, official(name));
            }
        }
        Holidays::new(days)
    }

    pub(crate) fn official(name: &str) -> Holiday {
        Holiday { name: name.to_owned(), source: HolidaySource::Official }
    }

    pub(crate) fn own(name: &str) -> Holiday {
        Holiday { name: name.to_owned(), source: HolidaySource::Own }
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// A file of gov.uk's form with these days of England and Wales.
    fn file(days: &[(NaiveDate, &str)]) -> String {
        let events: Vec<_> = days
            .iter()
            .map(|(day, title)| serde_json::json!({"title": title, "date": day.to_string(), "notes": "", "bunting": true}))
            .collect();
        serde_json::json!({
            "england-and-wales": {"division": "england-and-wales", "events": events},
            "scotland": {"division": "scotland", "events": [{"title": "St Andrew’s Day", "date": "2026-11-30", "notes": "", "bunting": true}]},
        })
        .to_string()
    }

    fn days_of(list: &Holidays, years: std::ops::RangeInclusive<i32>) -> Vec<(NaiveDate, &str)> {
        list.days().filter(|(day, _)| years.contains(&day.year())).map(|(day, holiday)| (day, holiday.name.as_str())).collect()
    }

    #[test]
    fn the_shipped_file_is_what_follows_from_easter() {
        let shipped = read_official(include_str!("../data/bank-holidays.json"), day("2025-01-01")).unwrap();
        let computed: BTreeMap<NaiveDate, String> = list().days().map(|(day, holiday)| (day, holiday.name.clone())).collect();
        assert_eq!(shipped, computed);
    }

    /// lessons, line 59: the list ended unseen. → It ends on the last day of its last year, without a gap.
    #[test]
    fn the_list_ends_with_its_last_year() {
        let of = |texts: &[&str], kind: fn(&str) -> Holiday| Holidays::new(texts.iter().map(|text| (day(text), kind("A day"))));
        for (list, today, end) in [
            (list(), "2026-11-24", Some("2028-12-31")),
            (list(), "2028-12-31", Some("2028-12-31")),
            (list(), "2029-01-01", Some("2028-12-31")),
            (list(), "2024-12-31", None),
            (Holidays::default(), "2026-11-24", None),
            // A year that is missing: what comes after it is not reached.
            (of(&["2026-08-31", "2028-08-28"], official), "2026-11-24", Some("2026-12-31")),
            (of(&["2026-08-31", "2028-08-28"], official), "2027-06-01", Some("2026-12-31")),
            (of(&["2026-08-31", "2028-08-28"], official), "2028-06-01", Some("2028-12-31")),
            // One day of our own says nothing of the bank holidays of its year.
            (of(&["2026-08-31"], own), "2026-11-24", None),
        ] {
            assert_eq!(list.end(day(today)), end.map(day), "{today}: {list:?}");
        }
        // A whole year that was entered by hand.
        let by_hand =
            list().days().filter(|(day, _)| day.year() == 2028).map(|(day, _)| (day + Months::new(12), own("By hand"))).collect::<Vec<_>>();
        let mut days: Vec<_> = list().days().map(|(day, holiday)| (day, holiday.clone())).collect();
        days.extend(by_hand[..7].iter().cloned());
        assert_eq!(Holidays::new(days.clone()).end(day("2026-11-24")), Some(day("2028-12-31")), "seven days are no year");
        days.extend(by_hand[7..].iter().cloned());
        assert_eq!(Holidays::new(days).end(day("2026-11-24")), Some(day("2029-12-31")));
    }

    #[test]
    fn the_end_is_told_from_twelve_months_before() {
        let list = list();
        assert_eq!(list.notice(day("2027-12-30")), None);
        for (today, words) in [
            ("2027-12-31", "The list of bank holidays ends on 31 December 2028, in 12 months. No calls are made after that day unless"),
            ("2028-03-31", "ends on 31 December 2028, in 9 months."),
            ("2028-11-27", "ends on 31 December 2028, in 34 days."),
            ("2028-12-30", "ends on 31 December 2028, tomorrow."),
            ("2028-12-31", "ends on 31 December 2028, today."),
            ("2029-01-01", "The list of bank holidays ended on 31 December 2028. No calls are made until"),
            ("2024-06-01", "There is no list of bank holidays."),
        ] {
            let notice = list.notice(day(today)).unwrap();
            assert!(notice.contains(words), "{today}: {notice}");
        }
    }

    #[test]
    fn a_day_is_read_as_people_write_it() {
        for text in [
            "25 December 2027",
            " 25  december 2027 ",
            "25/12/2027",
            "25.12.2027",
            "25-12-2027",
            "2027-12-25",
            "25 Dec 2027",
            "25th December 2027",
            "Saturday 25 December 2027",
            "Sat, 25 Dec 2027",
        ] {
            assert_eq!(read_day(text), Ok(day("2027-12-25")), "{text}");
        }
        for (text, read) in
            [("1/9/2027", "2027-09-01"), ("1 Sept 2027", "2027-09-01"), ("29 February 2028", "2028-02-29"), ("2nd May 2027", "2027-05-02")]
        {
            assert_eq!(read_day(text), Ok(day(read)), "{text}");
        }
        for (text, words) in [
            ("", "Write the day as"),
            ("Christmas", "Write the day as"),
            ("25 December", "Write the year too"),
            ("25/12", "Write the year too"),
            ("25/12/27", "with four digits"),
            ("12/25/2027", "Write the day as"),
            ("31 April 2027", "There is no such day: 31 April 2027."),
            ("29/02/2027", "There is no such day"),
            ("Friday 25 December 2027", "25 December 2027 is a Saturday."),
            ("25 Dezember 2027", "Write the day as"),
            ("25x December 2027", "Write the day as"),
            ("٢٥ December 2027", "Write the day as"),
            ("25 December 2027 15:00", "Write the day as"),
            ("0 December 2027", "There is no such day"),
        ] {
            let said = read_day(text).unwrap_err();
            assert!(said.contains(words), "{text}: {said}");
        }
    }

    #[test]
    fn only_days_that_change_something_can_be_added() {
        let (list, today) = (list(), day("2026-11-24"));
        for (text, words) in [
            ("2026-11-24", None),
            ("2027-05-28", None),
            ("2029-05-28", None),
            ("2026-11-23", Some("past")),
            ("2027-12-25", Some("25 December 2027 is Christmas Day, which is always closed.")),
            ("2027-12-27", Some("27 December 2027 is on the list already: Christmas Day.")),
            ("2037-06-01", Some("more than 10 years ahead")),
        ] {
            let problem = day_problem(&list, day(text), today);
            assert_eq!(problem.is_some(), words.is_some(), "{text}: {problem:?}");
            assert!(words.is_none_or(|words| problem.unwrap().contains(words)), "{text}");
        }
    }

    #[test]
    fn of_the_official_file_the_days_of_england_and_wales_are_taken_from_this_year_on() {
        let list = list();
        let taken = read_official(&file(&days_of(&list, 2025..=2028)), day("2026-11-24")).unwrap();
        assert_eq!(taken.len(), 24);
        assert_eq!(taken.first_key_value(), Some((&day("2026-01-01"), &"New Year’s Day".to_owned())));
        assert_eq!(taken.last_key_value(), Some((&day("2028-12-26"), &"Boxing Day".to_owned())));
        let with_mark = format!("\u{feff}\n{}\n", file(&days_of(&list, 2026..=2027)));
        assert_eq!(read_official(&with_mark, day("2026-11-24")).unwrap().len(), 16);
    }

    #[test]
    fn a_bad_file_is_refused_in_words() {
        let (list, today) = (list(), day("2026-11-24"));
        let whole = days_of(&list, 2026..=2028);
        let without = |text: &str| file(&whole.iter().copied().filter(|(of, _)| *of != day(text)).collect::<Vec<_>>());
        let with = |days: &[(NaiveDate, &'static str)]| file(&[&whole[..], days].concat());
        for (file, words) in [
            (String::new(), "The file is empty."),
            ("  \n ".to_owned(), "The file is empty."),
            ("<!DOCTYPE html><html>".to_owned(), "The file is a web page."),
            ("{".to_owned(), "not in the form"),
            ("[]".to_owned(), "not in the form"),
            ("null".to_owned(), "not in the form"),
            ("25 December".to_owned(), "not in the form"),
            ("{}".to_owned(), "no list for England and Wales"),
            (r#"{"scotland": {"division": "scotland", "events": []}}"#.to_owned(), "no list for England and Wales"),
            (r#"{"england-and-wales": {"division": "england-and-wales"}}"#.to_owned(), "not in the form"),
            (r#"{"england-and-wales": {"division": "england-and-wales", "events": []}}"#.to_owned(), "lists no days"),
            (r#"{"england-and-wales": {"events": [{"title": "Christmas Day"}]}}"#.to_owned(), "not in the form"),
            (
                r#"{"england-and-wales": {"events": [{"title": "Christmas Day", "date": "25/12/2027"}]}}"#.to_owned(),
                "“25/12/2027” is not a date",
            ),
            (
                r#"{"england-and-wales": {"events": [{"title": "Christmas Day", "date": "2027-02-30"}]}}"#.to_owned(),
                "“2027-02-30” is not a date",
            ),
            (
                r#"{"england-and-wales": {"events": [{"title": "Christmas Day", "date": "2027-1-1"}]}}"#.to_owned(),
                "“2027-1-1” is not a date",
            ),
            (r#"{"england-and-wales": {"events": [{"title": "Christmas Day", "date": 20271227}]}}"#.to_owned(), "not in the form"),
            (with(&[(day("2027-06-01"), " ")]), "1 June 2027 has no name"),
            (with(&[(day("2026-12-28"), "Boxing Day")]), "28 December 2026 is in the file twice."),
            (with(&[(day("2127-06-01"), "A day")]), "1 June 2127 is more than 10 years ahead."),
            (with(&[(day("2029-03-30"), "Good Friday")]), "only 1 day in 2029"),
            (without("2027-03-29"), "only 7 days in 2027"),
            (file(&[&days_of(&list, 2026..=2026)[..], &days_of(&list, 2028..=2028)[..]].concat()), "only 0 days in 2027"),
            (file(&days_of(&list, 2025..=2025)), "The last day in this file is 26 December 2025."),
            (with(&[]) + &" ".repeat(LONGEST_HOLIDAY_FILE), "larger than 256 KB"),
        ] {
            let said = read_official(&file, today).unwrap_err();
            assert!(said.contains(words), "{words}: {said}");
        }
    }

    #[test]
    fn why_a_day_is_closed_is_said_shortly() {
        let name = "n".repeat(LONGEST_HOLIDAY_NAME);
        for (closed, words) in [
            (ClosedDay::Always { name: "Boxing Day".into() }, "Boxing Day"),
            (ClosedDay::BankHoliday { name: "Easter Monday".into() }, "Easter Monday, a bank holiday"),
            (ClosedDay::BankHoliday { name: "Spring bank holiday".into() }, "Spring bank holiday"),
            (ClosedDay::Own { name: name.clone() }, &*format!("{name}, our own day")),
            (ClosedDay::NotListed { end: Some(day("2028-12-31")) }, "the list of bank holidays ends on 31 December 2028"),
            (ClosedDay::NotListed { end: None }, "there is no list of bank holidays"),
            (ClosedDay::Weekday { days: "Sundays".into() }, "never on Sundays"),
        ] {
            assert_eq!(closed.words(), words);
        }
    }
}

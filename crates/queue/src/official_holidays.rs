//! What the server takes into the list of bank holidays: gov.uk's file, and days that somebody adds.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate};
use serde::Deserialize;

use crate::holidays::{HOLIDAYS_IN_A_YEAR, Holidays, LONGEST_HOLIDAY_FILE, always_closed, british_day};

/// Characters of the name of a day in the official list.
const LONGEST_OFFICIAL_NAME: usize = 100;

/// No day of the list lies further ahead, in years.
const YEARS_AHEAD: i32 = 10;

/// What is wrong with a day that somebody wants to add on `today`, in words; none when it can be added.
pub(crate) fn day_problem(list: &Holidays, day: NaiveDate, today: NaiveDate) -> Option<String> {
    let said = british_day(day);
    if day < today {
        Some("That day is past.".to_owned())
    } else if day.year() > today.year() + YEARS_AHEAD {
        Some(format!("That is more than {YEARS_AHEAD} years ahead."))
    } else if let Some(name) = always_closed(day) {
        Some(format!("{said} is {name}, which is always closed."))
    } else {
        list.get(day).map(|holiday| format!("{said} is on the list already: {}.", holiday.name))
    }
}

/// The days of England and Wales in a file in the form of gov.uk's `bank-holidays.json`, from the year of `today` on; earlier ones are left out.
/// What is wrong with the file, in words: the whole of it is taken, or nothing.
pub(crate) fn read_official(file: &str, today: NaiveDate) -> Result<BTreeMap<NaiveDate, String>, String> {
    #[derive(Deserialize)]
    struct File {
        #[serde(rename = "england-and-wales")]
        england_and_wales: Option<Division>,
    }
    #[derive(Deserialize)]
    struct Division {
        events: Vec<Event>,
    }
    #[derive(Deserialize)]
    struct Event {
        title: String,
        date: String,
    }

    if file.len() > LONGEST_HOLIDAY_FILE {
        return Err(format!("The file is larger than {} KB. The list of gov.uk has about 25 KB.", LONGEST_HOLIDAY_FILE / 1024));
    }
    let text = file.trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err("The file is empty.".to_owned());
    }
    if text.starts_with('<') {
        return Err("The file is a web page. Save https://www.gov.uk/bank-holidays.json and choose that file.".to_owned());
    }
    let file: File =
        serde_json::from_str(text).map_err(|_| "The file is not in the form of https://www.gov.uk/bank-holidays.json.".to_owned())?;
    let Some(division) = file.england_and_wales else {
        return Err("The file has no list for England and Wales (england-and-wales).".to_owned());
    };
    let mut days = BTreeMap::new();
    for Event { title, date } in division.events {
        // In no other form: a day and a month that were read the wrong way round would be another day.
        let is_iso = date.len() == 10;
        let Some(day) = NaiveDate::parse_from_str(&date, "%Y-%m-%d").ok().filter(|_| is_iso) else {
            return Err(format!("“{}” is not a date such as 2027-12-27.", shortened(&date, 40)));
        };
        let title = title.trim();
        if title.is_empty() || title.chars().count() > LONGEST_OFFICIAL_NAME || title.chars().any(char::is_control) {
            return Err(format!("{} has no name, or one that is too long.", british_day(day)));
        }
        if day.year() > today.year() + YEARS_AHEAD {
            return Err(format!("{} is more than {YEARS_AHEAD} years ahead.", british_day(day)));
        }
        if days.insert(day, title.to_owned()).is_some() {
            return Err(format!("{} is in the file twice.", british_day(day)));
        }
    }
    let Some((newest, _)) = days.last_key_value() else {
        return Err("The file lists no days for England and Wales.".to_owned());
    };
    let newest = *newest;
    if newest.year() < today.year() {
        return Err(format!("The last day in this file is {}. Load a newer list.", british_day(newest)));
    }
    days.retain(|day, _| day.year() >= today.year());
    for year in today.year()..=newest.year() {
        let count = days.keys().filter(|day| day.year() == year).count();
        if count < HOLIDAYS_IN_A_YEAR {
            return Err(format!(
                "The file has only {} in {year}. England and Wales have at least {HOLIDAYS_IN_A_YEAR} bank holidays a year, so it is not complete.",
                count_of_days(count)
            ));
        }
    }
    Ok(days)
}

/// “1 day”, “8 days”.
pub(crate) fn count_of_days(count: usize) -> String {
    if count == 1 { "1 day".to_owned() } else { format!("{count} days") }
}

fn shortened(text: &str, characters: usize) -> String {
    let plain: String = text.chars().filter(|c| !c.is_control()).take(characters).collect();
    if plain.len() < text.len() { format!("{plain}…") } else { plain }
}

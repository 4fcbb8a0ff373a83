//! The list of days without calls: looking at it, adding a day, removing one, loading the official list. A change is a new version, on record
//! with who made it, when and why, and counts on every server from the next request on.

use std::sync::{Arc, PoisonError};

use auth::CurrentAgent;
use chrono::{Datelike, NaiveDate, NaiveTime};
use kernel::{AgentId, Hint, display_time, from_london, london};
use sqlx::PgPool;

use super::{Queue, QueueFailure, VersionedHolidays};
use crate::error::QueueError;
use crate::holidays::{Holiday, HolidaySource, Holidays, LONGEST_HOLIDAY_NAME, always_closed, british_day, british_weekday, read_day};
use crate::official_holidays::{count_of_days, day_problem, read_official};
use crate::store::{self, HolidayChangeKind, HolidayChangeRow, NewHolidayChange};
use crate::types::{HolidayChange, HolidayView, ListedDay};

/// Changes shown.
const HISTORY: i64 = 50;
/// Characters a reason may have.
const LONGEST_REASON: usize = 300;
/// Characters of a file's name that are kept.
const LONGEST_FILE_NAME: usize = 200;

/// The list in this database, without a queue over it.
pub async fn holidays_in(pool: &PgPool) -> sqlx::Result<Holidays> {
    Ok(store::find_holidays(pool).await?.1)
}

impl Queue {
    /// What this server knows of the list. Whoever takes or checks somebody learns first whether that is still so.
    pub(crate) fn holidays(&self) -> Arc<VersionedHolidays> {
        // A poisoned lock still holds a whole list: it is only ever replaced.
        Arc::clone(&self.shared.holidays.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the list anew when another version is at hand.
    pub(super) async fn learn_holidays(&self, version: i64) -> Result<(), QueueFailure> {
        if self.holidays().version != version {
            self.fresh_holidays().await?;
        }
        Ok(())
    }

    async fn fresh_holidays(&self) -> Result<Arc<VersionedHolidays>, QueueFailure> {
        let (version, holidays) = store::find_holidays(&self.shared.pool).await?;
        let fresh = Arc::new(VersionedHolidays { version, holidays });
        *self.shared.holidays.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }

    /// The last day that the list knows; none when it does not know today's year nor one before.
    pub fn holidays_end(&self) -> Option<NaiveDate> {
        self.holidays().holidays.end(self.today())
    }

    /// What is to be said of the list's end, from twelve months before.
    pub fn holidays_notice(&self) -> Option<String> {
        self.holidays().holidays.notice(self.today())
    }

    /// Days from today until the list's end; below 0 when that is over, or there is no list.
    pub fn holidays_days_left(&self) -> i64 {
        self.holidays_end().map_or(-1, |end| (end - self.today()).num_days())
    }

    fn today(&self) -> NaiveDate {
        self.moment().london.date()
    }

    /// The list from this year on, with the days that are always closed, and how it came to be.
    pub async fn holiday_view(&self) -> Result<HolidayView, QueueFailure> {
        let now = self.shared.clock.now();
        let today = self.today();
        let fresh = self.fresh_holidays().await?;
        let list = &fresh.holidays;
        let names = self.shared.auth.names().await?;
        let (read_on, source) = store::find_last_load(&self.shared.pool).await?.unzip();
        let rows = store::list_holiday_changes(&self.shared.pool, HISTORY).await?;
        let history = rows
            .into_iter()
            .map(|row| HolidayChange {
                at: display_time(row.changed_at, now),
                by: match row.changed_by {
                    Some(by) => names.get(&by).cloned().unwrap_or_else(|| "Somebody".to_owned()),
                    None if row.is_shipped => "Set up".to_owned(),
                    None => "A command".to_owned(),
                },
                words: change_words(&row),
                reason: row.reason,
            })
            .collect();
        Ok(HolidayView {
            today,
            days: listed_days(list, today),
            end: list.end(today),
            notice: list.notice(today),
            source,
            read_on: read_on.map(|at| london(at).date()),
            history,
        })
    }

    /// Adds a day of our own, as it was typed; what came of it, in words. It counts at once.
    pub async fn add_holiday(&self, agent: &CurrentAgent, day: &str, name: &str, reason: &str) -> Result<String, QueueFailure> {
        let (name, reason) = (one_line(name), checked_reason(reason)?);
        let day = read_day(day).map_err(QueueError::HolidayRefused)?;
        if name.is_empty() {
            return Err(QueueError::HolidayRefused("Give the day a name, such as “Office closed”.".to_owned()).into());
        }
        if name.chars().count() > LONGEST_HOLIDAY_NAME {
            return Err(QueueError::HolidayRefused(format!("The name may have at most {LONGEST_HOLIDAY_NAME} characters.")).into());
        }
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        store::lock_holidays(&mut transaction).await?;
        let (_, list) = store::find_holidays(&mut *transaction).await?;
        if let Some(problem) = day_problem(&list, day, self.today()) {
            return Err(QueueError::HolidayRefused(problem).into());
        }
        let change = NewHolidayChange { kind: HolidayChangeKind::Added, by: Some(agent.id), source: None, reason };
        let version = store::insert_holiday_change(&mut transaction, change, self.shared.clock.now()).await?;
        store::insert_holidays(&mut transaction, version, HolidaySource::Own, &[day], &[name]).await?;
        transaction.commit().await?;
        self.holidays_changed().await?;
        tracing::info!(agent.id = %agent.id, holiday.day = %day, holiday.version = version, "a day without calls was added");
        let promised = self.promises_on(day).await?;
        let about_promises = match promised {
            0 => String::new(),
            1 => " One callback is promised for that day: please move it.".to_owned(),
            _ => format!(" {promised} callbacks are promised for that day: please move them."),
        };
        Ok(format!("No calls on {}.{about_promises}", british_weekday(day)))
    }

    /// Takes a day of our own off the list; what came of it, in words. Official days go with a newer list.
    pub async fn remove_holiday(&self, agent: &CurrentAgent, day: NaiveDate, reason: &str) -> Result<String, QueueFailure> {
        let reason = checked_reason(reason)?;
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        store::lock_holidays(&mut transaction).await?;
        let (_, list) = store::find_holidays(&mut *transaction).await?;
        match list.get(day) {
            None => return Err(QueueError::NoSuchHoliday.into()),
            Some(holiday) if holiday.source == HolidaySource::Official => return Err(QueueError::OfficialHoliday.into()),
            Some(_) if day < self.today() => return Err(QueueError::HolidayRefused("That day is past.".to_owned()).into()),
            Some(_) => {}
        }
        let change = NewHolidayChange { kind: HolidayChangeKind::Removed, by: Some(agent.id), source: None, reason };
        let version = store::insert_holiday_change(&mut transaction, change, self.shared.clock.now()).await?;
        store::remove_holidays(&mut transaction, version, &[day]).await?;
        transaction.commit().await?;
        self.holidays_changed().await?;
        tracing::info!(agent.id = %agent.id, holiday.day = %day, holiday.version = version, "a day without calls was removed");
        Ok(format!("{} is off the list.", british_weekday(day)))
    }

    /// Loads the official list from a file in the form of gov.uk's `bank-holidays.json`; what came of it, in words. The file's days take the place
    /// of the official ones of the same years, from this year on; other years stay, and so do our own days. Refused as a whole when anything
    /// is wrong with it.
    pub async fn load_holidays(&self, by: Option<AgentId>, file: &str, file_name: &str, reason: &str) -> Result<String, QueueFailure> {
        let reason = checked_reason(reason)?;
        let today = self.today();
        let read = read_official(file, today).map_err(QueueError::HolidayRefused)?;
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        store::lock_holidays(&mut transaction).await?;
        let (_, list) = store::find_holidays(&mut *transaction).await?;
        let last_year = read.last_key_value().map_or(today.year(), |(day, _)| day.year());
        let is_same = |day: &NaiveDate, name: &String| {
            list.get(*day).is_some_and(|known| known.source == HolidaySource::Official && known.name == *name)
        };
        let (added, names): (Vec<NaiveDate>, Vec<String>) =
            read.iter().filter(|(day, name)| !is_same(day, name)).map(|(day, name)| (*day, name.clone())).unzip();
        let is_gone = |(day, known): &(NaiveDate, &Holiday)| {
            let is_replaced = added.contains(day);
            let is_in_span = (today.year()..=last_year).contains(&day.year());
            is_replaced || (is_in_span && known.source == HolidaySource::Official && !read.contains_key(day))
        };
        let removed: Vec<NaiveDate> = list.days().filter(is_gone).map(|(day, _)| day).collect();
        if added.is_empty() && removed.is_empty() {
            return Err(QueueError::SameHolidays.into());
        }
        let source = one_line(file_name).chars().take(LONGEST_FILE_NAME).collect::<String>();
        let source = if source.is_empty() { "a file" } else { &source };
        let change = NewHolidayChange { kind: HolidayChangeKind::Loaded, by, source: Some(source), reason };
        let version = store::insert_holiday_change(&mut transaction, change, self.shared.clock.now()).await?;
        store::remove_holidays(&mut transaction, version, &removed).await?;
        store::insert_holidays(&mut transaction, version, HolidaySource::Official, &added, &names).await?;
        transaction.commit().await?;
        self.holidays_changed().await?;
        tracing::info!(
            agent.id = by.map(AgentId::get),
            holiday.version = version,
            holiday.added = added.len(),
            "the official list of holidays was loaded"
        );
        let new = added.iter().filter(|day| list.get(**day).is_none()).count();
        let gone = removed.iter().filter(|day| !read.contains_key(*day)).count();
        let end = self.holidays_end().map(british_day).unwrap_or_default();
        Ok(format!("{} The list ends on {end}.", loaded_words(new, gone, added.len() - new)))
    }

    /// Learnt here before it is said to anybody: every screen asks again, and the other servers learn it when they hear of it.
    async fn holidays_changed(&self) -> Result<(), QueueFailure> {
        self.fresh_holidays().await?;
        self.shared.hints.send(Hint::Everything);
        Ok(())
    }

    async fn promises_on(&self, day: NaiveDate) -> Result<i64, QueueFailure> {
        let midnight = |day: NaiveDate| from_london(day.and_time(NaiveTime::MIN));
        let (Some(from), Some(until)) = (midnight(day), day.succ_opt().and_then(midnight)) else { return Ok(0) };
        Ok(store::count_promises_between(&self.shared.pool, from, until).await?)
    }
}

fn checked_reason(reason: &str) -> Result<&str, QueueError> {
    let reason = reason.trim();
    if reason.is_empty() {
        Err(QueueError::ReasonNeeded)
    } else if reason.chars().count() > LONGEST_REASON {
        Err(QueueError::NoteTooLong(LONGEST_REASON))
    } else {
        Ok(reason)
    }
}

/// Without outer and double spaces, line ends and other marks that are not seen.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Every day without calls from this year to the end of the list, with the days that are always closed.
fn listed_days(list: &Holidays, today: NaiveDate) -> Vec<ListedDay> {
    let last_year = list.days().next_back().map_or(today.year(), |(day, _)| day.year());
    let always = (today.year()..=last_year)
        .flat_map(|year| [(1, 1), (12, 25), (12, 26)].map(|(month, day)| NaiveDate::from_ymd_opt(year, month, day)))
        .flatten()
        .filter(|day| list.get(*day).is_none() && list.knows(*day))
        .filter_map(|day| Some(ListedDay { day, name: always_closed(day)?.to_owned(), source: None }));
    let listed = list.days().filter(|(day, _)| day.year() >= today.year()).map(|(day, holiday)| ListedDay {
        day,
        name: holiday.name.clone(),
        source: Some(holiday.source),
    });
    let mut days: Vec<ListedDay> = listed.chain(always).collect();
    days.sort_by_key(|listed| listed.day);
    days
}

fn change_words(row: &HolidayChangeRow) -> String {
    let day = || match (row.day, &row.name) {
        (Some(day), Some(name)) => format!("{}, {name}", british_weekday(day)),
        _ => "a day".to_owned(),
    };
    match row.kind {
        HolidayChangeKind::Added => format!("Added {}.", day()),
        HolidayChangeKind::Removed => format!("Removed {}.", day()),
        HolidayChangeKind::Loaded => {
            let count = |count: i64| usize::try_from(count).unwrap_or_default();
            let source = row.source.as_deref().map_or_else(String::new, |source| format!(" From {source}."));
            loaded_words(count(row.added), count(row.removed), count(row.changed)) + &source
        }
    }
}

/// “Loaded the official list: 8 days added, 1 removed.”
fn loaded_words(added: usize, removed: usize, changed: usize) -> String {
    let mut parts = vec![format!("{} added", count_of_days(added))];
    parts.extend((removed > 0).then(|| format!("{removed} removed")));
    parts.extend((changed > 0).then(|| format!("{changed} changed")));
    format!("Loaded the official list: {}.", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holidays::tests::{list, official, own};

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_list_is_shown_from_this_year_on_with_the_days_that_are_always_closed() {
        let days = listed_days(&list(), day("2026-11-24"));
        let of = |year| {
            days.iter()
                .filter(|listed| listed.day.year() == year)
                .map(|listed| (listed.day.to_string(), listed.source.is_some()))
                .collect::<Vec<_>>()
        };
        assert!(of(2025).is_empty());
        assert_eq!(of(2026).len(), 9, "eight, and Boxing Day itself");
        assert!(of(2026).contains(&("2026-12-26".to_owned(), false)) && of(2026).contains(&("2026-12-28".to_owned(), true)));
        assert!(of(2027).contains(&("2027-12-25".to_owned(), false)) && of(2027).contains(&("2027-12-26".to_owned(), false)));
        assert!(of(2028).contains(&("2028-01-01".to_owned(), false)));
        assert!(days.is_sorted_by_key(|listed| listed.day));
        let few = Holidays::new([(day("2026-08-31"), official("Summer bank holiday")), (day("2030-06-03"), own("Far ahead"))]);
        let days: Vec<String> = listed_days(&few, day("2026-11-24")).into_iter().map(|listed| listed.day.to_string()).collect();
        assert_eq!(days, ["2026-01-01", "2026-08-31", "2026-12-25", "2026-12-26", "2030-06-03"]);
    }

    #[test]
    fn what_loading_did_is_counted() {
        assert_eq!(loaded_words(8, 0, 0), "Loaded the official list: 8 days added.");
        assert_eq!(loaded_words(1, 1, 2), "Loaded the official list: 1 day added, 1 removed, 2 changed.");
    }
}

//! When a promise can be made: quick choices, and what is said of a time while it is being chosen. By the same rules as when it is saved.

use chrono::{DateTime, Days, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};
use kernel::{Moment, UserId, display_time, from_london};
use sqlx::PgConnection;

use super::outcome::FIELD;
use super::{Queue, QueueFailure};
use crate::error::QueueError;
use crate::hours;
use crate::rules::{CallbackReason, OwnFacts};
use crate::store;
use crate::types::{AskedTime, PromiseFor, PromiseTime, PromiseTimes};

/// The evening begins then.
const EVENING: NaiveTime = match NaiveTime::from_hms_opt(18, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};
/// A call on another day is promised for then, unless something else is asked for.
const MORNING: NaiveTime = match NaiveTime::from_hms_opt(10, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};
/// How many other days are offered, and how far ahead they are looked for.
const OTHER_DAYS: usize = 2;
const DAYS_AHEAD: u64 = 10;
/// A call can be made no sooner than this after it is promised.
const SOONEST: TimeDelta = TimeDelta::minutes(5);

/// Whom a promise is to.
struct Promisee {
    /// Of whom the dialler knows this.
    known: Option<(UserId, OwnFacts)>,
    reason: CallbackReason,
    /// It stands for then already.
    standing: Option<DateTime<Utc>>,
}

impl Queue {
    /// Quick choices for a promise, and what becomes of `asked`, a time as a form's field has it.
    pub async fn promise_times(&self, to: PromiseFor, asked: Option<&str>) -> Result<PromiseTimes, QueueFailure> {
        self.learn_now().await?;
        let now = self.moment();
        let mut conn = self.shared.pool.acquire().await?;
        let promisee = self.promisee(&mut conn, to, now.at).await?;
        let today = now.london.date();
        let in_an_hour = rounded_up(now.london + TimeDelta::hours(1));
        let evening = today.and_time(EVENING);
        let mut choices = Vec::new();
        for (label, at) in [("In 1 hour", in_an_hour), ("This evening", evening)] {
            let is_new = label == "In 1 hour" || in_an_hour < evening;
            if is_new && self.refusal(&mut conn, &promisee, at).await?.is_none() {
                choices.push(choice(label.to_owned(), "%H:%M", at));
            }
        }
        let mut others = 0;
        for ahead in 1..=DAYS_AHEAD {
            let day = today + Days::new(ahead);
            let at = day.and_time(MORNING);
            if others < OTHER_DAYS && self.refusal(&mut conn, &promisee, at).await?.is_none() {
                let label = if ahead == 1 { "Tomorrow".to_owned() } else { day.format("%A").to_string() };
                choices.push(choice(label, if ahead == 1 { "%a %H:%M" } else { "%H:%M" }, at));
                others += 1;
            }
        }
        let asked = match asked.map(str::trim).filter(|asked| !asked.is_empty()) {
            Some(asked) => Some(self.asked_time(&mut conn, &promisee, asked).await?),
            None => None,
        };
        Ok(PromiseTimes { choices, today, hours: self.promise_hours(), asked })
    }

    async fn promisee(&self, conn: &mut PgConnection, to: PromiseFor, now: DateTime<Utc>) -> Result<Promisee, QueueFailure> {
        let own = async |user: UserId, number: &str| store::find_own_facts(&self.shared.pool, user, number, now).await;
        match to {
            PromiseFor::Anybody => Ok(Promisee { known: None, reason: CallbackReason::UserAsked, standing: None }),
            PromiseFor::Call { user, queue, asked_regardless } => {
                let reason = super::outcome::reason_of(conn, user, queue, asked_regardless).await?;
                Ok(Promisee { known: Some((user, own(user, "").await?.facts)), reason, standing: None })
            }
            PromiseFor::Callback { id } => {
                store::lock_callback(conn, id).await?.ok_or(QueueError::NoSuchCallback)?;
                let standing = store::find_standing(conn, id, now).await?;
                let facts = own(standing.user, standing.number.as_deref().unwrap_or_default()).await?.facts;
                Ok(Promisee { known: Some((standing.user, facts)), reason: standing.reason, standing: Some(standing.promised_at) })
            }
        }
    }

    /// Why this time cannot be promised, if so; and from when on it could be, where the caps forbid it.
    async fn refusal(
        &self,
        conn: &mut PgConnection,
        to: &Promisee,
        at: NaiveDateTime,
    ) -> Result<Option<(String, Option<DateTime<Utc>>)>, QueueFailure> {
        let promised = match self.promise_at(&at.format(FIELD).to_string()) {
            Ok((promised, _)) => promised,
            Err(error) => return Ok(Some((error.to_string(), None))),
        };
        if to.standing == Some(promised) {
            return Ok(Some((QueueError::SameTime.to_string(), Some(promised + TimeDelta::hours(1)))));
        }
        let Some((user, own)) = &to.known else { return Ok(None) };
        let settings = self.settings();
        let until = self.promise_forbidden_from(conn, (*user, own), to.reason, promised, &settings.settings).await?;
        Ok(until.map(|until| (QueueError::RungEnough(display_time(until, self.shared.clock.now())).to_string(), Some(until))))
    }

    async fn asked_time(&self, conn: &mut PgConnection, to: &Promisee, asked: &str) -> Result<AskedTime, QueueFailure> {
        let Some(at) = super::outcome::read_wall_time(asked) else {
            let refused = Some(crate::error::PromiseError::Unreadable.to_string());
            return Ok(AskedTime { at: asked.to_owned(), said: String::new(), refused, instead: None });
        };
        let refusal = self.refusal(conn, to, at).await?;
        let mut instead = None;
        if let Some((_, from)) = &refusal {
            let now = self.moment().at;
            let mut from = from.or_else(|| from_london(at)).unwrap_or(now).max(now + SOONEST);
            // A cap ends with the day or the week at the latest: some steps are enough.
            for _ in 0..8 {
                let opens = hours::next_opening(Moment::new(from), &self.settings().settings.calling_hours, &self.holidays().holidays);
                let Some(opens) = opens.map(rounded_up) else { break };
                match self.refusal(conn, to, opens).await? {
                    None => {
                        instead = Some(choice(said(opens), "%H:%M", opens));
                        break;
                    }
                    Some((_, Some(until))) if until > from => from = until,
                    Some(_) => break,
                }
            }
        }
        let refused = refusal.map(|(words, _)| words.trim_end_matches(" Nothing was changed.").to_owned());
        Ok(AskedTime { at: asked.to_owned(), said: said(at), refused, instead })
    }
}

/// A quick choice; `hint` is the form of its second line.
fn choice(label: String, hint: &str, at: NaiveDateTime) -> PromiseTime {
    PromiseTime { at: at.format(FIELD).to_string(), label, hint: at.format(hint).to_string(), said: said(at) }
}

/// `Thursday 26 November, 10:00`.
fn said(at: NaiveDateTime) -> String {
    at.format("%A %-d %B, %H:%M").to_string()
}

/// The next whole five minutes.
fn rounded_up(at: NaiveDateTime) -> NaiveDateTime {
    let over = TimeDelta::seconds((at.minute() % 5 * 60 + at.second()).into()) + TimeDelta::nanoseconds(at.nanosecond().into());
    if over.is_zero() { at } else { at - over + TimeDelta::minutes(5) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_are_offered_are_whole_five_minutes() {
        let at = |text: &str| text.parse::<NaiveDateTime>().unwrap();
        for (from, to) in [
            ("2026-11-24T10:30:00", "2026-11-24T10:30:00"),
            ("2026-11-24T10:30:00.5", "2026-11-24T10:35:00"),
            ("2026-11-24T10:31:20", "2026-11-24T10:35:00"),
            ("2026-11-24T23:56:00", "2026-11-25T00:00:00"),
        ] {
            assert_eq!(rounded_up(at(from)), at(to), "{from}");
        }
        assert_eq!(said(at("2026-11-26T10:00:00")), "Thursday 26 November, 10:00");
    }
}

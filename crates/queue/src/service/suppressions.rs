//! Who must not be rung, and why: looking at it, adding to it, lifting it.

use std::collections::HashMap;

use auth::{CurrentAgent, Role};
use chrono::{DateTime, NaiveDate, Utc};
use kernel::{AgentId, InvalidPhoneNumber, PhoneNumber, UserId, display_time, from_london};

use super::{Queue, QueueFailure, announce, parse_number};
use crate::error::QueueError;
use crate::rules::SuppressionKind;
use crate::store::{self, NewSuppression, SuppressionRow};
use crate::types::{NewObjection, Objection, ObjectionPage};

/// Objections on a page.
const PAGE: i64 = 50;
/// Characters a reason may have.
const LONGEST_REASON: usize = 300;

impl Queue {
    /// A page of objections, the newest first. `search` is a user's id, whose number counts too, or a number; nothing: everybody's.
    pub async fn list_objections(&self, search: &str, is_only_holding: bool, before: Option<i64>) -> Result<ObjectionPage, QueueFailure> {
        let now = self.shared.clock.now();
        let (user, mut number) = match search.trim() {
            "" => (None, None),
            text => self.person_or_number(text)?,
        };
        // The list is there without the claims platform, too.
        if let Some(user) = user
            && let Ok(facts) = self.shared.replica.facts(user, users::Extras::default(), now).await
        {
            number = parse_number(facts.as_ref(), &self.shared.numbers).usable().map(|number| number.as_e164().to_owned());
        }
        let holding_at = is_only_holding.then_some(now);
        let mut rows = store::list_suppressions(&self.shared.pool, user, number.as_deref(), holding_at, before, PAGE + 1).await?;
        let has_more = rows.len() > usize::try_from(PAGE).unwrap_or(usize::MAX);
        rows.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
        let next = has_more.then(|| rows.last().map(|row| row.id)).flatten();
        let staff = self.shared.auth.names().await?;
        let ids: Vec<UserId> = rows.iter().filter_map(|row| row.user).collect();
        let people = self.names_of(&ids).await;
        Ok(ObjectionPage { objections: rows.into_iter().map(|row| self.objection(row, &staff, &people, now)).collect(), next })
    }

    /// Puts an objection on record; it holds at once, on every server.
    pub async fn add_objection(&self, agent: &CurrentAgent, new: &NewObjection) -> Result<(), QueueFailure> {
        let (reason, now) = (checked_reason(&new.reason)?, self.shared.clock.now());
        let (user, number) = self.person_or_number(new.whom.trim())?;
        if new.kind == SuppressionKind::BadNumber && number.is_none() {
            return Err(QueueError::NumberNeeded.into());
        }
        // Whoever objects is put on record also while the claims platform does not answer.
        if let Some(user) = user
            && matches!(self.shared.replica.facts(user, users::Extras::default(), now).await, Ok(None))
        {
            return Err(QueueError::NoSuchUser.into());
        }
        let ends_at = new.until.as_deref().map(str::trim).filter(|day| !day.is_empty()).map(|day| day_end(day, now)).transpose()?;
        let suppression =
            NewSuppression { kind: new.kind, user, number: number.as_deref(), reason, source: "page", by: Some(agent.id), ends_at };
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        if store::is_suppressed_already(&mut transaction, &suppression, now).await? {
            return Err(QueueError::AlreadyOnRecord.into());
        }
        store::insert_suppression(&mut transaction, &suppression, now).await?;
        let removed = store::remove_entries(&mut transaction, user, number.as_deref()).await?;
        if let (Some(user), SuppressionKind::DoNotContact | SuppressionKind::OptedOut) = (user, new.kind) {
            store::close_promise(&mut transaction, user).await?;
        }
        transaction.commit().await?;
        tracing::info!(agent.id = %agent.id, suppression.kind = ?new.kind, queue.removed = removed, "an objection was put on record");
        announce(&self.shared.hints, &[]);
        Ok(())
    }

    /// Lifts an objection. A wish not to be contacted is only lifted by an administrator: it was meant for good. How many others to the
    /// same person or number still hold.
    pub async fn lift_objection(&self, agent: &CurrentAgent, id: i64, reason: &str) -> Result<i64, QueueFailure> {
        let (reason, now) = (checked_reason(reason)?, self.shared.clock.now());
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let (kind, others) = store::find_suppression(&mut transaction, id, now).await?.ok_or(QueueError::NoSuchObjection)?;
        if kind == SuppressionKind::DoNotContact && agent.role < Role::Admin {
            return Err(QueueError::MeantForGood.into());
        }
        store::end_suppression(&mut transaction, id, agent.id, reason, now).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %agent.id, suppression.id = id, suppression.kind = ?kind, "an objection was lifted");
        announce(&self.shared.hints, &[]);
        Ok(others)
    }

    /// A number as people write it, or else a user's id. Somebody may object on a number that we would not ring.
    fn person_or_number(&self, text: &str) -> Result<(Option<UserId>, Option<String>), QueueFailure> {
        let why = match (PhoneNumber::parse(text, &self.shared.numbers), text.parse::<UserId>()) {
            (Ok(number), _) => return Ok((None, Some(number.as_e164().to_owned()))),
            // An id has no zero and no plus in front.
            (Err(_), Ok(user)) if text.starts_with(|first: char| ('1'..='9').contains(&first)) => return Ok((Some(user), None)),
            (Err(why), _) => why,
        };
        match PhoneNumber::of_anybody(text) {
            Some(number) => Ok((None, Some(number.as_e164().to_owned()))),
            None if why == InvalidPhoneNumber::NotANumber => Err(QueueError::NeitherPersonNorNumber.into()),
            None => Err(QueueError::NotThatNumber(why).into()),
        }
    }

    fn objection(
        &self,
        row: SuppressionRow,
        staff: &HashMap<AgentId, String>,
        people: &HashMap<UserId, String>,
        now: DateTime<Utc>,
    ) -> Objection {
        let name = |agent: AgentId| staff.get(&agent).cloned().unwrap_or_else(|| "somebody".to_owned());
        let is_over = row.ends_at.is_some_and(|end| end <= now);
        let ended = match (row.ended_by, row.ends_at) {
            (Some(by), Some(at)) => {
                Some(format!("lifted by {}, {}: {}", name(by), display_time(at, now), row.ended_reason.unwrap_or_default()))
            }
            (None, Some(at)) if is_over => Some(format!("ended {}", display_time(at, now))),
            _ => None,
        };
        Objection {
            id: row.id,
            kind: row.kind,
            user_id: row.user,
            name: row.user.map(|user| people.get(&user).cloned().unwrap_or_else(|| format!("User {user}"))),
            number: row.number.map(|number| self.shown_number(&number).unwrap_or(number)),
            // A disposition's code, or somebody's own words.
            reason: if row.reason.contains(' ') { row.reason } else { row.reason.replace('_', " ") },
            from: match (row.source.starts_with("call "), row.created_by) {
                (true, Some(by)) => format!("said to {} on a call", name(by)),
                (true, None) => "said on a call".to_owned(),
                (false, Some(by)) => format!("entered by {}", name(by)),
                (false, None) => row.source,
            },
            since: display_time(row.created_at, now),
            until: row.ends_at.filter(|_| !is_over).map(|end| display_time(end, now)),
            ended,
        }
    }
}

fn checked_reason(reason: &str) -> Result<&str, QueueError> {
    let reason = reason.trim();
    match reason.chars().count() {
        0 => Err(QueueError::ReasonNeeded),
        1..=LONGEST_REASON => Ok(reason),
        _ => Err(QueueError::NoteTooLong(LONGEST_REASON)),
    }
}

/// The end of a day in London, `2026-12-31`; in the future.
fn day_end(day: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, QueueError> {
    let day: NaiveDate = day.parse().map_err(|_| QueueError::NoSuchDay)?;
    let end = day.succ_opt().and_then(|next| next.and_hms_opt(0, 0, 0)).and_then(from_london).ok_or(QueueError::NoSuchDay)?;
    if end <= now { Err(QueueError::DayIsPast) } else { Ok(end) }
}

//! Promises to ring: whose they are, whether they were kept, giving one to somebody else, withdrawing one.

use auth::{CurrentAgent, Role};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, Hint, UserId, display_time, london};

use super::{Queue, QueueFailure};
use crate::error::QueueError;
use crate::rules::CallbackReason;
use crate::store::{self, CallbackRow, CallbackState};
use crate::types::{Callback, CallbackList, CallbackStanding};

/// Promises shown: those to be kept, and as many settled ones.
const SHOWN: i64 = 200;
/// Settled ones are shown for so long, and kept ones counted.
const SETTLED: TimeDelta = TimeDelta::days(7);
/// Characters a reason may have.
const LONGEST_REASON: usize = 300;

impl Queue {
    /// The agent's promises, or with `is_all` everybody's, for supervisors.
    pub async fn list_callbacks(&self, agent: &CurrentAgent, is_all: bool) -> Result<CallbackList, QueueFailure> {
        let now = self.shared.clock.now();
        let settings = self.settings();
        let times = &settings.settings;
        let window = TimeDelta::minutes(times.promise_window_minutes.into());
        let preferred = (!is_all).then_some(agent.id);
        let rows = store::list_callbacks(&self.shared.pool, preferred, now - SETTLED, now, SHOWN).await?;
        let (kept, of) = store::count_kept(&self.shared.pool, preferred, now - SETTLED, (now, window)).await?;
        let staff = self.shared.auth.names().await?;
        let ids: Vec<UserId> = rows.iter().map(|row| row.user).collect();
        let people = self.names_of(&ids).await;
        let handover = TimeDelta::minutes(times.callback_handover_minutes.into());
        let handed_over = now - handover;
        let shown = |row: CallbackRow| {
            let standing = match row.state {
                CallbackState::Kept => CallbackStanding::Kept,
                CallbackState::Missed => CallbackStanding::Missed,
                CallbackState::Rescheduled => CallbackStanding::Moved,
                CallbackState::NoLongerNeeded => CallbackStanding::NoLongerNeeded,
                CallbackState::Cancelled => CallbackStanding::Cancelled,
                CallbackState::Scheduled if row.promised_at <= handed_over => CallbackStanding::Late,
                CallbackState::Scheduled if row.promised_at <= now => CallbackStanding::Due,
                CallbackState::Scheduled => CallbackStanding::Upcoming,
            };
            let name = |agent: AgentId| staff.get(&agent).cloned().unwrap_or_else(|| "somebody".to_owned());
            Callback {
                id: row.id,
                user_id: row.user,
                name: people.get(&row.user).cloned().unwrap_or_else(|| format!("User {}", row.user)),
                at: display_time(row.promised_at, now),
                clock: london(row.promised_at).format("%H:%M").to_string(),
                days_until: (london(row.promised_at).date() - london(now).date()).num_days(),
                seconds_until: (row.promised_at - now).num_seconds(),
                standing,
                reason: if row.is_return_call { "They rang us" } else { reason_words(row.reason) }.to_owned(),
                number: row.number.and_then(|number| self.shown_number(&number)),
                is_mine: row.preferred == Some(agent.id),
                with: row.preferred.map(name),
                kept_until: (row.preferred.is_some() && row.promised_at > handed_over)
                    .then(|| london(row.promised_at + handover).format("%H:%M").to_string()),
                is_retry: row.is_retry,
                held_by: row.held_by.map(name),
                waits_until: (row.state == CallbackState::Scheduled && row.available_at > row.promised_at.max(now))
                    .then(|| display_time(row.available_at, now)),
                rang: row.attempted_at.map(|at| display_time(at, now)),
                moved_to: row.next_at.map(|at| display_time(at, now)),
                withdrawn: row.closed_by.zip(row.closed_reason).map(|(by, reason)| format!("{}: {reason}", name(by))),
            }
        };
        let callbacks = rows.into_iter().map(shown).collect();
        let today = crate::hours::of_day(london(now).date(), &times.calling_hours, &self.holidays().holidays);
        Ok(CallbackList {
            callbacks,
            kept,
            of,
            window_minutes: times.promise_window_minutes,
            handover_minutes: times.callback_handover_minutes,
            notice_minutes: times.callback_notice_minutes,
            today: today.map(|span| (span.from_minute, span.until_minute)),
        })
    }

    /// Offers a promise to another agent first; none: to anyone. For supervisors.
    pub async fn reassign_callback(&self, by: &CurrentAgent, id: i64, to: Option<AgentId>) -> Result<(), QueueFailure> {
        if let Some(to) = to
            && !self.shared.auth.names().await?.contains_key(&to)
        {
            return Err(QueueError::NoSuchColleague.into());
        }
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let before = store::lock_callback(&mut transaction, id).await?.ok_or(QueueError::NoSuchCallback)?;
        store::set_preferred(&mut transaction, id, to).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %by.id, callback.id = id, callback.to = to.map(AgentId::get), "a promise was given to somebody else");
        self.callbacks_changed([before, to]);
        Ok(())
    }

    /// Withdraws a promise, with a reason: one's own, or for supervisors anybody's.
    pub async fn cancel_callback(&self, by: &CurrentAgent, id: i64, reason: &str) -> Result<(), QueueFailure> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(QueueError::ReasonNeeded.into());
        }
        if reason.chars().count() > LONGEST_REASON {
            return Err(QueueError::NoteTooLong(LONGEST_REASON).into());
        }
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let preferred = store::lock_callback(&mut transaction, id).await?.ok_or(QueueError::NoSuchCallback)?;
        if preferred != Some(by.id) && by.role < Role::Supervisor {
            return Err(QueueError::NotYourCallback.into());
        }
        store::cancel_callback(&mut transaction, id, by.id, reason, self.shared.clock.now()).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %by.id, callback.id = id, "a promise was withdrawn");
        self.callbacks_changed([preferred, None]);
        Ok(())
    }

    /// Promises another time instead, as a form's field has it: one's own promise, or for supervisors anybody's. It stays with whom it was with.
    /// One whose window has passed was not kept all the same.
    pub async fn move_callback(&self, by: &CurrentAgent, id: i64, field: &str) -> Result<(), QueueFailure> {
        self.learn_now().await?;
        let (at, wall_time) = self.promise_at(field).map_err(QueueError::from)?;
        let now = self.shared.clock.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let preferred = store::lock_callback(&mut transaction, id).await?.ok_or(QueueError::NoSuchCallback)?;
        if preferred != Some(by.id) && by.role < Role::Supervisor {
            return Err(QueueError::NotYourCallback.into());
        }
        let standing = store::find_standing(&mut transaction, id, now).await?;
        if standing.promised_at == at {
            return Err(QueueError::SameTime.into());
        }
        let settings = self.settings();
        let number = standing.number.unwrap_or_default();
        let own = store::find_own_facts(&self.shared.pool, standing.user, &number, now).await?.facts;
        let forbidden =
            self.promise_forbidden_until(&mut transaction, (standing.user, &own), standing.reason, at, &settings.settings).await?;
        if let Some(until) = forbidden {
            return Err(QueueError::RungEnough(until).into());
        }
        if let Some(holder) = standing.held_by {
            let name = self.shared.auth.names().await?.get(&holder).cloned();
            return Err(QueueError::HeldBySomebody(name.unwrap_or_else(|| "Somebody".to_owned())).into());
        }
        store::move_callback(&mut transaction, id, (at, wall_time), by.id, now).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %by.id, callback.id = id, "a promise was moved");
        self.callbacks_changed([preferred, None]);
        Ok(())
    }

    fn callbacks_changed(&self, agents: [Option<AgentId>; 2]) {
        self.shared.hints.send(Hint::Queues);
        for agent in agents.into_iter().flatten() {
            self.shared.hints.send(Hint::Agent(agent));
        }
    }

    /// When a promise that nobody answered is tried once more; none when calls may not be made then.
    pub(super) fn retry_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let settings = self.settings();
        let at = now + TimeDelta::minutes(settings.settings.callback_retry_minutes.into());
        crate::hours::is_open(kernel::Moment::new(at), &settings.settings.calling_hours, &self.holidays().holidays).then_some(at)
    }
}

const fn reason_words(reason: CallbackReason) -> &'static str {
    match reason {
        CallbackReason::Signature => "Not signed yet",
        CallbackReason::Requirements => "Something outstanding",
        CallbackReason::UserAsked => "They asked to be rung",
    }
}

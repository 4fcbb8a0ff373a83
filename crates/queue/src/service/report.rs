//! What screens and commands show of the queue.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use auth::{CurrentAgent, Role};
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, DecisionId, QueueKind, UserId, display_time, london};
use serde::Deserialize;
use users::ReplicaLag;

use super::{Queue, QueueFailure, announce};
use crate::decision::VerifiedDecision;
use crate::direct::Count;
use crate::error::QueueError;
use crate::hours;
use crate::rules::Reason;
use crate::store::{self, Figures, QueueCountRow, Totals};
use crate::types::{Holding, Hours, NextCallback, QueueCount, SavedCall, Summary};
use crate::words;

const SAVED_SHOWN: i64 = 100;
const EXPORT_PAGE: i64 = 5_000;

impl Queue {
    /// How many wait in each queue, and the figures beside it. Of due promises agents see as callable those that they would be offered;
    /// supervisors all.
    pub async fn summary(&self, agent: &CurrentAgent) -> Result<Summary, QueueFailure> {
        let moment = self.moment();
        let figures = self.figures(moment.midnight, moment.at).await?;
        let totals = &figures.totals;
        let is_paused = totals.paused_queues.contains(&QueueKind::Callbacks);
        let due = totals.count_due(|_, _, _| true);
        let mine = totals.count_due(|preferred, is_anyones, about| {
            preferred == Some(agent.id) || is_anyones && (agent.may_take(about) || agent.may_take(QueueKind::Callbacks))
        });
        let offered = if agent.role >= Role::Supervisor { due } else { mine };
        let callbacks = QueueCount {
            queue: QueueKind::Callbacks,
            callable: if is_paused { 0 } else { offered },
            waiting: totals.callbacks_later + due - offered,
            leased: totals.callbacks_held,
            paused: totals.callbacks_paused + if is_paused { offered } else { 0 },
            is_paused,
            oldest_days: None,
        };
        let queues = [QueueKind::UnsignedUsers, QueueKind::OutstandingRequests]
            .into_iter()
            .map(|queue| {
                let row = figures.counts.iter().find(|row| row.queue == queue);
                let is_paused = totals.paused_queues.contains(&queue);
                QueueCount {
                    queue,
                    callable: row.map_or(0, |row| if is_paused { 0 } else { row.callable }),
                    waiting: row.map_or(0, |row| row.waiting),
                    leased: row.map_or(0, |row| row.leased),
                    paused: row.map_or(0, |row| if is_paused { row.callable + row.paused } else { row.paused }),
                    is_paused,
                    oldest_days: row.and_then(|row| row.oldest).map(|oldest| (moment.at - oldest).num_days()),
                }
            })
            .chain([callbacks])
            .collect();
        Ok(Summary {
            queues,
            saved_today: figures.saved.values().sum(),
            saved_today_by_me: figures.saved.get(&agent.id).copied().unwrap_or(0),
            decisions_last_hour: totals.decisions_last_hour,
            replica_lag_millis: self.replica_lag().map(|lag| lag.millis),
            max_lag_millis: self.settings().settings.max_lag_millis,
            last_discovery: totals.last_discovery.map(|at| display_time(at, moment.at)),
            hours: self.hours(),
            holidays_notice: if agent.role >= Role::Supervisor { self.holidays_notice() } else { None },
            business_time: moment.london.format("%A %-d %B, %H:%M").to_string(),
            is_practice: self.shared.is_practice,
            is_gate_off: self.shared.is_gate_off,
            is_being_read: self.shared.direct.as_ref().is_some_and(|candidates| candidates.read_at().is_none()),
            late_callbacks: totals.callbacks_late,
            next_callback: totals.next_agents.iter().position(|of| *of == agent.id).map(|at| self.next_callback(totals, at, moment.at)),
        })
    }

    fn next_callback(&self, totals: &Totals, at: usize, now: DateTime<Utc>) -> NextCallback {
        let promised_at = totals.next_at[at];
        NextCallback {
            user_id: totals.next_users[at],
            at: london(promised_at).format("%H:%M").to_string(),
            seconds_left: (promised_at - now).num_seconds(),
            notice_seconds: i64::from(self.settings().settings.callback_notice_minutes) * 60,
            handover_seconds: i64::from(self.settings().settings.callback_handover_minutes) * 60,
        }
    }

    /// Says so when a promise has come near, fallen due or passed to anyone after `since` and until `now`: nothing else happens then. To be
    /// called every few seconds. Whether there was anything to say.
    pub async fn announce_promises(&self, since: DateTime<Utc>, now: DateTime<Utc>) -> Result<bool, QueueFailure> {
        let settings = self.settings();
        let minutes = [-i64::from(settings.settings.callback_notice_minutes), 0, settings.settings.callback_handover_minutes.into()];
        let turned = minutes.map(|minutes| (since - TimeDelta::minutes(minutes), now - TimeDelta::minutes(minutes)));
        let has_any = store::has_promises_between(&self.shared.pool, &turned).await?;
        if has_any {
            announce(&self.shared.hints, &[]);
        }
        Ok(has_any)
    }

    /// How far behind a server of the replica may be, in milliseconds.
    pub fn max_lag_millis(&self) -> i64 {
        self.settings().settings.max_lag_millis
    }

    /// How far behind the replica is, as last sampled; none when that is not known, and nobody is rung.
    pub fn replica_lag(&self) -> Option<ReplicaLag> {
        self.shared.replica.lag(self.max_lag_millis())
    }

    /// Whether the gate lets everybody through, which it does in development only.
    pub fn is_gate_off(&self) -> bool {
        self.shared.is_gate_off
    }

    /// Whether calls may be made now.
    pub fn hours(&self) -> Hours {
        let (moment, settings) = (self.moment(), self.settings());
        let hours = &settings.settings.calling_hours;
        Hours {
            is_open: hours::is_open(moment, hours, &self.holidays().holidays),
            words: hours::describe(moment, hours, &self.holidays().holidays),
        }
    }

    /// When calls may next be made; none when they may be made now.
    pub fn next_opening(&self) -> Option<DateTime<Utc>> {
        let (moment, settings) = (self.moment(), self.settings());
        let hours = &settings.settings.calling_hours;
        if hours::is_open(moment, hours, &self.holidays().holidays) {
            return None;
        }
        kernel::from_london(hours::next_opening(moment, hours, &self.holidays().holidays)?)
    }

    /// When discovery last ended well: `today 10:02`, and whether that is as it should be: within two hours when it runs once an hour, a
    /// day when somebody has to ask for it, five minutes in direct mode (lessons, line 13).
    pub async fn last_discovery(&self) -> Result<Option<(String, bool)>, QueueFailure> {
        let now = self.shared.clock.now();
        let ended = match &self.shared.direct {
            Some(candidates) => candidates.read_at(),
            None => store::find_last_discovery(&self.shared.pool).await?,
        };
        let limit = match (&self.shared.direct, self.shared.is_refreshed_hourly) {
            (Some(_), _) => TimeDelta::minutes(5),
            (None, true) => TimeDelta::hours(2),
            (None, false) => TimeDelta::hours(24),
        };
        Ok(ended.map(|at| (display_time(at, now), now - at < limit)))
    }

    /// Saved calls of today, newest first, of one agent or of all.
    pub async fn saved_today(&self, agent: Option<AgentId>) -> Result<Vec<SavedCall>, QueueFailure> {
        let moment = self.moment();
        let rows = store::list_saved(&self.shared.pool, agent, moment.midnight, SAVED_SHOWN).await?;
        rows.into_iter()
            .map(|row| {
                Ok(SavedCall {
                    decision_id: row.id,
                    user_id: row.user,
                    name: row.personal.as_deref().map(serde_json::from_slice::<Named>).transpose()?.and_then(|named| named.name),
                    words: words_of_record(&row.record)?,
                    at: display_time(row.made_at, moment.at),
                    agent_id: row.agent,
                })
            })
            .collect()
    }

    /// Who holds whom now.
    pub async fn holdings(&self) -> Result<Vec<Holding>, QueueFailure> {
        let now = self.shared.clock.now();
        let rows = store::list_holdings(&self.shared.pool, now).await?;
        Ok(rows
            .into_iter()
            .map(|row| Holding {
                agent_id: row.agent,
                user_id: row.user,
                queue: row.queue,
                seconds: (now - row.taken_at).num_seconds().max(0),
            })
            .collect())
    }

    /// Decisions whose id ends with these eight digits, which is what screens show; the newest first, at most ten.
    pub async fn decisions_ending(&self, digits: &str) -> Result<Vec<DecisionId>, QueueFailure> {
        Ok(store::list_decisions_ending(&self.shared.pool, digits).await?)
    }

    /// A stored decision with its hash, commitment and proof checked.
    pub async fn decision(&self, id: DecisionId) -> Result<VerifiedDecision, QueueFailure> {
        let row = store::find_decision(&self.shared.pool, id).await?.ok_or(QueueError::NoSuchDecision)?;
        let personal = row.salt.as_deref().zip(row.facts.as_deref());
        let seal = self.seal_of(id, &row.content_hash).await?;
        Ok(VerifiedDecision::check(id, row.had_effect, &row.record, &row.content_hash, personal, seal)?)
    }

    /// Calls `line` with everybody who waits, by user id.
    pub async fn export(&self, mut line: impl FnMut(UserId, QueueKind) -> std::io::Result<()>) -> Result<(), ExportFailure> {
        let mut after = 0;
        loop {
            let page = store::list_entries(&self.shared.pool, after, EXPORT_PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = last.get();
            for (user, queue) in page {
                line(user, queue)?;
            }
        }
    }

    async fn figures(&self, midnight: DateTime<Utc>, now: DateTime<Utc>) -> Result<Arc<Figures>, QueueFailure> {
        // Read first: what changes while it is counted is counted again for whoever asks after that.
        let changes = self.shared.changes.load(Ordering::Relaxed);
        let counted = self.shared.figures.try_get_with(changes, async { Ok(Arc::new(self.count(midnight, now).await?)) }).await;
        // Everybody who waited for the same failed count shares its error.
        counted.map_err(|error: Arc<sqlx::Error>| QueueFailure::SharedDatabase(error))
    }

    async fn count(&self, midnight: DateTime<Utc>, now: DateTime<Utc>) -> sqlx::Result<Figures> {
        let handed_over = now - TimeDelta::minutes(self.settings().settings.callback_handover_minutes.into());
        let mut figures = store::find_figures(&self.shared.pool, midnight, handed_over, now).await?;
        if let Some(candidates) = &self.shared.direct {
            let held = store::count_leases(&self.shared.pool).await?;
            let held = |queue| held.iter().filter(|(of, _)| *of == queue).map(|(_, count)| count).sum();
            figures.totals.last_discovery = candidates.read_at();
            figures.counts = [QueueKind::UnsignedUsers, QueueKind::OutstandingRequests]
                .into_iter()
                .map(|queue| {
                    let Count { callable, waiting, paused, oldest } = candidates.count(queue, now);
                    QueueCountRow { queue, callable, waiting, leased: held(queue), paused, oldest }
                })
                .collect();
        }
        Ok(figures)
    }
}

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportFailure {
    /// Our own database.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Whoever reads went away.
    #[error("the output could not be written")]
    Output(#[from] std::io::Error),
}

/// The part of a decision's record that says why.
#[derive(Deserialize)]
struct Because {
    queue: QueueKind,
    need: Option<QueueKind>,
    reasons: Vec<Reason>,
}

/// The part of a decision's personal facts that says who.
#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) name: Option<String>,
}

pub(crate) fn words_of_record(record: &[u8]) -> Result<String, QueueFailure> {
    let because: Because = serde_json::from_slice(record)?;
    Ok(words::passed_over_for(because.queue, because.need, &because.reasons))
}

//! What supervisors see of the queues as a whole: pauses, discovery, who is held back by which rule.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use kernel::{AgentId, display_time, london};

use super::{Queue, QueueFailure};
use crate::direct::Candidates;
use crate::discovery::{BlockedBy, Cause};
use crate::hours;
use crate::rules::rule_words;
use crate::store::{self, RunRow};
use crate::types::{Blocked, Drift, Overview, Run};

/// Runs shown.
const RUNS: i64 = 6;
/// Entries found wrong that are shown.
const DRIFT: i64 = 50;

impl Queue {
    /// What is paused, what discovery does and found, and when calls are made.
    pub async fn overview(&self) -> Result<Overview, QueueFailure> {
        let now = self.shared.clock.now();
        let pool = &self.shared.pool;
        let held = store::list_pauses(pool).await?;
        let direct = self.shared.direct.as_ref();
        let known = if let Some(candidates) = direct {
            candidates.pausable()
        } else {
            let counted = self.shared.pausable.try_get_with((), async { Ok(Arc::new(store::list_pausable(pool).await?)) }).await;
            counted.map_err(|error: Arc<sqlx::Error>| QueueFailure::SharedDatabase(error))?.to_vec()
        };
        let runs = store::list_runs(pool, RUNS).await?;
        let whole = store::find_last_whole_run(pool).await?;
        let (drift, drift_count) = store::list_drift(pool, now - TimeDelta::days(1), DRIFT).await?;
        let names = self.shared.auth.names().await?;
        let (expected_users, blocked) = match whole {
            Some((users, _, blocked)) => (Some(users), blocked),
            None => (None, BlockedBy::default()),
        };
        let blocked = direct.map_or(blocked, Candidates::blocked);
        let mut blocked: Vec<Blocked> = blocked
            .into_iter()
            .flat_map(|(queue, rules)| {
                rules.into_iter().map(move |(rule, people)| Blocked { queue, rule: rule_words(&rule).to_owned(), people })
            })
            .collect();
        blocked.sort_by_key(|blocked| (blocked.queue, Reverse(blocked.people)));
        Ok(Overview {
            pauses: Self::describe_pauses(held, &names, now),
            pausable: Self::describe_pausable(known),
            blocked,
            runs: runs.into_iter().map(|row| run(row, &names, now)).collect(),
            expected_users,
            next_run: self.shared.is_refreshed_hourly.then(|| next_hour(now)),
            direct: direct.map(|candidates| candidates.read_at().map_or_else(|| "not yet".to_owned(), |at| display_time(at, now))),
            drift: drift
                .into_iter()
                .map(|row| Drift { user_id: row.user, was: row.was, belongs: row.belongs, at: display_time(row.at, now) })
                .collect(),
            drift_count,
            week: hours::week(&self.settings().settings.calling_hours),
        })
    }
}

fn run(row: RunRow, names: &HashMap<AgentId, String>, now: DateTime<Utc>) -> Run {
    let by = match row.cause {
        Cause::Button => row.by.and_then(|by| names.get(&by)).map_or("somebody", String::as_str),
        Cause::Command => "a command",
        Cause::Schedule => "the schedule",
        Cause::Outside => "an outside scheduler",
    };
    Run {
        id: row.id,
        started: display_time(row.started_at, now),
        by: by.to_owned(),
        only: row.only,
        is_running: row.ended_at.is_none(),
        millis: (row.ended_at.unwrap_or(now) - row.started_at).num_milliseconds().max(0),
        failure: row.failure,
        users_read: row.users_read,
        unreadable: row.unreadable,
        added: row.added,
        moved: row.moved,
        changed: row.changed,
        removed: row.removed,
        kept: row.kept,
    }
}

fn next_hour(now: DateTime<Utc>) -> String {
    let next = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now) + TimeDelta::hours(1);
    london(next).format("%H:%M").to_string()
}

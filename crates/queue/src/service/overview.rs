//! What supervisors see of the queues as a whole: pauses, discovery, who is held back by which rule.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use kernel::{AgentId, display_time, london};

use super::{Queue, QueueFailure};
use crate::discovery::{BlockedBy, Cause};
use crate::hours;
use crate::rules::rule_words;
use crate::store::{self, RunRow};
use crate::types::{Blocked, Drift, Overview, Run, UnknownStatus};

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
        let expected_users = whole.as_ref().map(|whole| whole.users_read);
        let (blocked, unknown_statuses) = match (direct, whole) {
            (Some(candidates), _) => (candidates.blocked(), candidates.unknown_statuses()),
            (None, Some(whole)) => (whole.blocked, whole.unknown_statuses),
            (None, None) => Default::default(),
        };
        let mut unknown_statuses: Vec<UnknownStatus> =
            unknown_statuses.list().map(|(of, status, count)| UnknownStatus { of, status: status.to_owned(), count }).collect();
        unknown_statuses.sort_by_key(|unknown| (unknown.of, Reverse(unknown.count)));
        Ok(Overview {
            pauses: Self::describe_pauses(held, &names, now),
            pausable: Self::describe_pausable(known),
            blocked: by_rule(blocked),
            unknown_statuses,
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

    /// Who is held back by which rule, as the last discovery of everybody found them.
    pub async fn held_back(&self) -> Result<Vec<Blocked>, QueueFailure> {
        Ok(store::find_last_whole_run(&self.shared.pool).await?.map(|whole| by_rule(whole.blocked)).unwrap_or_default())
    }
}

/// In words; of each queue the rule that holds back most first.
fn by_rule(blocked: BlockedBy) -> Vec<Blocked> {
    let words = |queue, rule: &str, people| Blocked { queue, rule: rule_words(rule).to_owned(), people };
    let rules = blocked.into_iter().flat_map(|(queue, rules)| rules.into_iter().map(move |(rule, people)| words(queue, &rule, people)));
    let mut blocked: Vec<Blocked> = rules.collect();
    blocked.sort_by_key(|blocked| (blocked.queue, Reverse(blocked.people)));
    blocked
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

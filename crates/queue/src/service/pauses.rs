//! Pausing a queue, a lender or a solicitor.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use auth::CurrentAgent;
use chrono::{DateTime, Utc};
use kernel::{AgentId, Hint, QueueKind, display_time, trim_blank};

use super::outcome::read_wall_time;
use super::{Queue, QueueFailure, announce};
use crate::error::QueueError;
use crate::rules::{NO_NAME, Pauses};
use crate::store::{self, PauseRow};
use crate::types::{Pausable, Pause, PauseKind};

/// Characters a reason may have.
const LONGEST_REASON: usize = 300;

/// What is paused, and since which change.
#[derive(Debug, Default)]
pub(crate) struct VersionedPauses {
    pub(crate) version: i64,
    pub(crate) pauses: Pauses,
}

impl Queue {
    /// What this server knows to be paused. Whoever takes or checks somebody learns first whether that is still so.
    pub(crate) fn pauses(&self) -> Arc<VersionedPauses> {
        // A poisoned lock still holds whole pauses: they are only ever replaced.
        Arc::clone(&self.shared.pauses.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the pauses anew when another version is at hand: they hold on every server from the next request on.
    pub(crate) async fn learn_pauses(&self, version: i64) -> Result<(), QueueFailure> {
        if self.pauses().version != version {
            self.fresh_pauses().await?;
        }
        Ok(())
    }

    /// The pauses as they are now, kept for the next requests.
    pub(crate) async fn fresh_pauses(&self) -> Result<Arc<VersionedPauses>, QueueFailure> {
        let (version, pauses) = store::find_pauses(&self.shared.pool).await?;
        let fresh = Arc::new(VersionedPauses { version, pauses });
        *self.shared.pauses.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }

    /// What is paused, in the words of a screen; `names` are everybody's.
    pub(super) fn describe_pauses(held: Vec<PauseRow>, names: &HashMap<AgentId, String>, now: DateTime<Utc>) -> Vec<Pause> {
        held.into_iter()
            .map(|row| Pause {
                id: row.id,
                label: label(row.kind, &row.name),
                kind: row.kind,
                name: row.name,
                reason: row.reason,
                by: names.get(&row.began_by).cloned().unwrap_or_else(|| "Somebody".to_owned()),
                since: display_time(row.began_at, now),
                until: row.ends_at.map(|at| display_time(at, now)),
            })
            .collect()
    }

    /// What could be paused, of those who wait.
    pub(super) fn describe_pausable(known: Vec<(PauseKind, String, i64)>) -> Vec<Pausable> {
        let queues = QueueKind::ALL.map(|queue| Pausable {
            kind: PauseKind::Queue,
            name: queue.as_str().to_owned(),
            label: label(PauseKind::Queue, queue.as_str()),
            people: None,
        });
        let others = known.into_iter().map(|(kind, name, people)| Pausable { label: label(kind, &name), kind, name, people: Some(people) });
        queues.into_iter().chain(others).collect()
    }

    /// Pauses it, until a wall time as a form's field has it, or without one until somebody resumes it: nobody is offered, and nobody rung, for
    /// whom that is the reason to call. How many people wait for its end.
    pub async fn pause(
        &self,
        agent: &CurrentAgent,
        kind: PauseKind,
        name: &str,
        reason: &str,
        until: Option<&str>,
    ) -> Result<u64, QueueFailure> {
        let (name, reason) = (trim_blank(name).to_lowercase(), reason.trim());
        if name.is_empty() || name == NO_NAME || (kind == PauseKind::Queue && name.parse::<QueueKind>().is_err()) {
            return Err(QueueError::NothingToPause.into());
        }
        if reason.is_empty() {
            return Err(QueueError::ReasonNeeded.into());
        }
        if reason.chars().count() > LONGEST_REASON {
            return Err(QueueError::NoteTooLong(LONGEST_REASON).into());
        }
        let now = self.shared.clock.now();
        let ends_at = match until.map(str::trim).filter(|until| !until.is_empty()) {
            None => None,
            Some(until) => {
                let at = read_wall_time(until).and_then(kernel::from_london).filter(|at| *at > now);
                Some(at.ok_or(QueueError::PauseEndsInThePast)?)
            }
        };
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        if !store::begin_pause(&mut transaction, kind, &name, reason, agent.id, (now, ends_at)).await? {
            return Err(QueueError::PausedAlready.into());
        }
        transaction.commit().await?;
        // From now on the gate refuses; the marks are for taking, which may be a moment behind.
        self.fresh_pauses().await?;
        let people = self.mark_those_of(kind, &name).await?;
        tracing::info!(agent.id = %agent.id, pause.kind = ?kind, pause.name = name, queue.people = people, "paused");
        self.shared.hints.send(Hint::Queues);
        Ok(people)
    }

    /// Ends a pause. How many people are offered again.
    pub async fn resume(&self, agent: &CurrentAgent, pause: i64) -> Result<u64, QueueFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some((kind, name)) = store::end_pause(&mut transaction, pause, agent.id, self.shared.clock.now()).await? else {
            return Err(QueueError::NoSuchPause.into());
        };
        transaction.commit().await?;
        self.fresh_pauses().await?;
        let people = self.mark_those_of(kind, &name).await?;
        tracing::info!(agent.id = %agent.id, pause.kind = ?kind, pause.name = name, queue.people = people, "resumed");
        self.shared.hints.send(Hint::Queues);
        Ok(people)
    }

    /// Ends the pauses whose time has come.
    pub async fn end_timed_pauses(&self) -> Result<(), QueueFailure> {
        let ended = store::end_timed_pauses(&self.shared.pool, self.shared.clock.now()).await?;
        if ended.is_empty() {
            return Ok(());
        }
        self.fresh_pauses().await?;
        for (kind, name) in ended {
            let people = self.mark_those_of(kind, &name).await?;
            tracing::info!(pause.kind = ?kind, pause.name = name, queue.people = people, "a pause has come to its end");
        }
        self.shared.hints.send(Hint::Queues);
        Ok(())
    }

    /// Puts right marks that a discovery under way wrote by what was paused before.
    pub async fn mark_paused(&self) -> Result<(), QueueFailure> {
        let entries = store::mark_paused(&self.shared.pool, None).await?;
        if entries + store::mark_paused_promises(&self.shared.pool, None).await? > 0 {
            announce(&self.shared.hints, &[]);
        }
        Ok(())
    }

    /// Marks entries and promises by what is paused, where whoever paused or resumed did not come to it: their server was stopped, or they left.
    /// Promises each time, since one that is made while a pause ends has the mark of before; entries, of which there are many, once after each
    /// change. How many have changed.
    pub(super) async fn mark_missed(&self) -> Result<u64, QueueFailure> {
        let promises = store::mark_paused_promises(&self.shared.pool, None).await?;
        let version = self.fresh_pauses().await?.version;
        if self.shared.marked_pauses.load(Ordering::Relaxed) == version {
            return Ok(promises);
        }
        let entries = store::mark_paused(&self.shared.pool, None).await?;
        self.shared.marked_pauses.store(version, Ordering::Relaxed);
        Ok(promises + entries)
    }

    /// Marks the entries that have to do with a pause; a queue's need no marks. How many have changed.
    async fn mark_those_of(&self, kind: PauseKind, name: &str) -> Result<u64, QueueFailure> {
        if kind == PauseKind::Queue {
            return Ok(0);
        }
        store::mark_paused_promises(&self.shared.pool, Some(name)).await?;
        Ok(store::mark_paused(&self.shared.pool, Some(name)).await?)
    }
}

/// As a screen says it.
fn label(kind: PauseKind, name: &str) -> String {
    match (kind, name.parse::<QueueKind>()) {
        (PauseKind::Queue, Ok(queue)) => queue.label().to_owned(),
        (PauseKind::Lender, _) => scoring::lender_name(name),
        _ => name.split(' ').map(capitalised).collect::<Vec<_>>().join(" "),
    }
}

fn capitalised(word: &str) -> String {
    if matches!(word, "llp" | "plc" | "uk") {
        return word.to_uppercase();
    }
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

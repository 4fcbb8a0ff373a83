//! What came of a call.

use std::collections::HashMap;

use auth::CurrentAgent;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, CallId, Hint, QueueKind, UserId, machine_now};
use queue::{Closing, Promise, Prospects, Settled, Suppress};
use sqlx::PgConnection;

use super::course::log_failure;
use super::view::{next_attempt_words, records};
use super::{Calls, CallsFailure};
use crate::error::CallsError;
use crate::rules::Event;
use crate::store::{self, CallRow, DispositionRow, NewOutcome};
use crate::types::{CallEnd, CallState, Disposition, LONGEST_NOTE, Outcome, Recorded};

/// A call whose agent's leg does not come, or whose check does not end, is given up after so long.
const STUCK: TimeDelta = TimeDelta::seconds(15);

/// What is to be written.
struct Record<'a> {
    disposition: Disposition,
    /// None: as last kept.
    notes: Option<&'a str>,
    promise: Option<Promise>,
    recorded_by: Option<AgentId>,
}

/// Characters of a note that are kept as the reason of an objection.
pub(super) const LONGEST_OBJECTION: usize = 300;

impl Calls {
    /// Records what came of the agent's call, in one transaction. Once: a repetition answers with what was recorded first. In place of
    /// what the system recorded when the wrap-up ran out, the agent's word is taken.
    pub(crate) async fn record_outcome(&self, agent: &CurrentAgent, call: CallId, outcome: Outcome) -> Result<Recorded, CallsFailure> {
        let row = self.own(agent, call).await?;
        let before = store::outcome_of(&self.shared.pool, call).await?;
        if let Some(before) = before.as_ref().filter(|before| !before.is_by_system) {
            return Ok(recorded_before(call, before.disposition));
        }
        if row.state != CallState::Ended {
            return Err(CallsError::NotOver.into());
        }
        // Where nobody was rung there is no attempt, and the system has said that it failed.
        if row.end_reason.is_none_or(CallEnd::is_before_ringing) || (row.closed_at.is_some() && before.is_none()) {
            return Err(CallsError::NothingToRecord.into());
        }
        let catalogue = self.catalogue().await?;
        let chosen = catalogue.get(&outcome.disposition).ok_or(CallsFailure::NoDisposition(outcome.disposition.as_str()))?;
        let promise = self.check_outcome(&row, chosen, &outcome).await?;
        if promise.is_some() && row.user.is_none() {
            return Err(CallsError::NobodyToRing.into());
        }
        let record = Record { disposition: outcome.disposition, notes: outcome.notes.as_deref(), promise, recorded_by: Some(agent.id) };
        self.record(&row, &catalogue, &record).await
    }

    pub(super) async fn check_outcome(
        &self,
        row: &CallRow,
        chosen: &DispositionRow,
        outcome: &Outcome,
    ) -> Result<Option<Promise>, CallsFailure> {
        if chosen.is_system {
            return Err(CallsError::NotForAgents.into());
        }
        let notes = outcome.notes.as_deref().unwrap_or(&row.notes);
        if notes.chars().count() > LONGEST_NOTE {
            return Err(CallsError::NoteTooLong(LONGEST_NOTE).into());
        }
        if chosen.needs_note && notes.trim().is_empty() {
            return Err(CallsError::NoteNeeded.into());
        }
        let asked = outcome.callback_at.as_deref().map(str::trim).filter(|text| !text.is_empty());
        match (chosen.needs_time, asked) {
            (false, None) => Ok(None),
            (false, Some(_)) => Err(CallsError::TimeNotWanted.into()),
            (true, None) => Err(CallsError::TimeNeeded.into()),
            (true, Some(text)) => {
                // By the hours and the holidays of now, on every server.
                self.shared.queue.learn_changes().await?;
                let (at, wall_time) = self.shared.queue.promise_at(text).map_err(CallsError::from)?;
                // Whoever rang us and asks to be rung has asked for themselves.
                Ok(Some(Promise { at, wall_time, asked_regardless: outcome.asked_regardless || row.incoming.is_some() }))
            }
        }
    }

    async fn record(
        &self,
        row: &CallRow,
        catalogue: &HashMap<Disposition, DispositionRow>,
        record: &Record<'_>,
    ) -> Result<Recorded, CallsFailure> {
        let chosen = catalogue.get(&record.disposition).ok_or(CallsFailure::NoDisposition(record.disposition.as_str()))?;
        let prospects = self.prospects(row).await?;
        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        // One after the other: a double click, or the agent and the end of the wrap-up.
        let Some(row) = store::lock(&mut transaction, row.id).await? else { return Err(CallsError::NoSuchCall.into()) };
        if record.recorded_by.is_none() && row.wrap_up_until.is_none_or(|until| until > machine_now()) {
            // The agent has asked for more time, or was quicker.
            return Ok(recorded_before(row.id, record.disposition));
        }
        let before = store::outcome_of(&mut *transaction, row.id).await?;
        if before.as_ref().is_none_or(|before| before.is_by_system)
            && let (Some(promise), Some(prospects)) = (&record.promise, &prospects)
            && let Some(until) = self.shared.queue.forbidden_until(&mut transaction, prospects, promise).await?
        {
            return Err(CallsError::RungEnough(until).into());
        }
        let callback_at = record.promise.map(|promise| promise.at);
        let notes = record.notes.unwrap_or(&row.notes);
        let new = NewOutcome { disposition: record.disposition, notes, callback_at, recorded_by: record.recorded_by };
        match before {
            None => store::insert_outcome(&mut transaction, row.id, &new, now).await?,
            // What the system said stands until the agent says what is true (rules, Presence).
            Some(before) if before.is_by_system && record.recorded_by.is_some() => {
                store::replace_outcome(&mut transaction, row.id, &new, None, now).await?;
            }
            Some(before) => return Ok(recorded_before(row.id, before.disposition)),
        }
        let note = notes.trim().chars().take(LONGEST_OBJECTION).collect();
        let closing = Closing { note, ..closing(chosen, row.answered_at.is_some(), record.promise, now) };
        let settled = self.settle(&mut transaction, &row, prospects.as_ref(), &closing).await?;
        // First, so that nobody was available in between.
        if record.recorded_by.is_none() {
            self.shared.auth.send_on_break(&mut transaction, row.agent).await?;
        }
        if row.closed_at.is_none() {
            store::close(&mut transaction, row.id, notes, now).await?;
            self.shared.auth.engage(&mut transaction, row.agent, None).await?;
        }
        transaction.commit().await?;
        tracing::info!(
            agent.id = %row.agent, user.id = row.user.map(UserId::get), call.id = %row.id, call.disposition = record.disposition.as_str(),
            call.is_by_system = record.recorded_by.is_none(), "the outcome of a call was recorded"
        );
        self.shared.hints.send(Hint::Queues);
        self.tell(row.agent);
        let words = recorded_words(record.promise, settled.as_ref(), now);
        Ok(Recorded { call_id: row.id, disposition: record.disposition, words })
    }

    /// Records for those whose wrap-up has run out; they go on a break. The carrier's own word that it failed stays.
    pub async fn close_overdue(&self) -> Result<(), CallsFailure> {
        let overdue = store::list_overdue(&self.shared.pool, machine_now()).await?;
        if overdue.is_empty() {
            return Ok(());
        }
        let catalogue = self.catalogue().await?;
        for row in overdue {
            let disposition = if row.end_reason == Some(CallEnd::Failed) { Disposition::Failed } else { Disposition::NotRecorded };
            let record = Record { disposition, notes: None, promise: None, recorded_by: None };
            // One that cannot be closed must not keep the others open.
            if let Err(error) = self.record(&row, &catalogue, &record).await {
                log_failure(row.id, &error);
            }
        }
        Ok(())
    }

    /// Gives up calls that do not come further before anybody was rung, so that no agent is locked into one (lessons, line 14).
    pub async fn end_abandoned(&self) -> Result<(), CallsFailure> {
        for row in store::list_abandoned(&self.shared.pool, machine_now(), self.shared.queue.now() - STUCK).await? {
            tracing::warn!(call.id = %row.id, call.state = ?row.state, "a call did not come further and is given up");
            let has_stayed = |now: &CallRow| now.state == row.state && now.state_since == row.state_since;
            if let Err(error) = self.apply_if(row.id, Event::Stopped(CallEnd::NotConnected), has_stayed).await {
                log_failure(row.id, &error);
            }
        }
        Ok(())
    }

    /// Gives people back who are held for a call that is over, or that there is not: no agent is locked in with them, and nobody is lost
    /// (lessons, lines 11 and 31).
    pub async fn free_held(&self) -> Result<(), CallsFailure> {
        // In this order: a call that is made meanwhile is not among them, and one that ends has let its person go already.
        let holding = self.shared.queue.calls_holding().await?;
        if holding.is_empty() {
            return Ok(());
        }
        let open = store::list_open(&self.shared.pool, &holding).await?;
        for call in holding.into_iter().filter(|call| !open.contains(call)) {
            tracing::warn!(call.id = %call, "somebody was held for a call that is over, and is given back");
            let mut conn = self.shared.pool.acquire().await?;
            self.shared.queue.give_back(&mut conn, call).await?;
            self.shared.hints.send(Hint::Queues);
        }
        Ok(())
    }

    pub(super) async fn catalogue(&self) -> Result<HashMap<Disposition, DispositionRow>, CallsFailure> {
        let rows = store::list_dispositions(&self.shared.pool).await?;
        Ok(rows.into_iter().map(|row| (row.code, row)).collect())
    }

    /// What the outcome of a call does to the queue. Of somebody who rang us and whom nobody knows there is only the number.
    pub(super) async fn settle(
        &self,
        conn: &mut PgConnection,
        row: &CallRow,
        prospects: Option<&Prospects>,
        closing: &Closing,
    ) -> Result<Option<Settled>, CallsFailure> {
        let Some((user, prospects)) = row.user.zip(prospects) else {
            if let (Some(Suppress::DoNotContact), Some(number), Some(incoming)) = (closing.suppress, &row.number, row.incoming) {
                let people = store::find_incoming(&mut *conn, incoming).await?.map(|incoming| incoming.people()).unwrap_or_default();
                self.shared.queue.object_by_number(conn, number, &people, &closing.note, row.id, Some(row.agent)).await?;
            }
            return Ok(None);
        };
        if let (Some(_), Some(at)) = (row.incoming, row.answered_at) {
            self.shared.queue.count_incoming(conn, row.id, user, row.number.as_deref(), at).await?;
        }
        Ok(Some(self.shared.queue.close_attempt(conn, row.id, row.agent, prospects, closing).await?))
    }

    /// None: nobody has said who it was.
    pub(super) async fn prospects(&self, row: &CallRow) -> Result<Option<Prospects>, CallsFailure> {
        let Some(user) = row.user else { return Ok(None) };
        Ok(Some(self.shared.queue.prospects(row.id, user, queue_of(row), dialled(row)).await?))
    }
}

/// The queue that a call counts for. Whoever rang us is as somebody whom we were to ring.
pub(super) fn queue_of(row: &CallRow) -> QueueKind {
    row.queue.unwrap_or(QueueKind::Callbacks)
}

/// The number of a call; empty when it is not known.
pub(super) fn dialled(row: &CallRow) -> &str {
    row.number.as_deref().unwrap_or_default()
}

/// What a disposition means for the queue.
pub(super) fn closing(chosen: &DispositionRow, was_answered: bool, promise: Option<Promise>, now: DateTime<Utc>) -> Closing {
    let delay = chosen.delay_hours.map(|hours| now + TimeDelta::hours(hours.into()));
    Closing {
        disposition: chosen.code.as_str(),
        is_reached: chosen.is_reached.unwrap_or(was_answered),
        is_failed: chosen.is_failed,
        delay_until: promise.map(|promise| promise.at).or(delay),
        replaces_cooling_off: chosen.replaces_cooling_off,
        suppress: match chosen.suppresses.as_deref() {
            Some("do_not_contact") => Some(Suppress::DoNotContact),
            Some("bad_number") => Some(Suppress::BadNumber),
            _ => None,
        },
        promise,
        note: String::new(),
    }
}

fn recorded_before(call_id: CallId, disposition: Disposition) -> Recorded {
    Recorded { call_id, disposition, words: "The outcome of this call was recorded before; nothing was changed.".to_owned() }
}

/// None: nobody has said who it was, so nothing follows.
pub(super) fn recorded_words(promise: Option<Promise>, settled: Option<&Settled>, now: DateTime<Utc>) -> String {
    let Some(settled) = settled else { return "It is on record.".to_owned() };
    let promised = |promise: Promise| format!("Callback promised for {}.", promise.wall_time.format("%A %-d %B, %H:%M"));
    match (settled, promise) {
        (Settled::Now(_) | Settled::ByLaterCall { is_promised: true }, Some(promise)) => promised(promise),
        (Settled::Now(after), None) if after.next.is_some() => format!("Next attempt: {}.", next_attempt_words(after, now)),
        (Settled::Now(after), None) => format!("{}.", records(after)),
        (Settled::ByLaterCall { .. }, Some(_)) => "Recorded. Another callback is promised since a later call, and that stands.".to_owned(),
        (Settled::ByLaterCall { .. }, None) => "Recorded. A later call has settled the next attempt, and that stands.".to_owned(),
    }
}

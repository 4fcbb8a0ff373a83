use chrono::{DateTime, Utc};
use kernel::{AgentId, DecisionId, UserId};
use queue::{Outcome, PastEvent, ReleaseReason};
use sqlx::PgPool;

use super::incoming::IncomingEnd;
use crate::types::{CallEnd, CallState};

/// Something that the dialler did about a person.
#[derive(Debug)]
pub(crate) struct PastRow {
    pub(crate) at: DateTime<Utc>,
    /// The agent's name.
    pub(crate) by: Option<String>,
    pub(crate) event: Past,
}

#[derive(Debug)]
pub(crate) enum Past {
    OfQueue(PastEvent),
    Call(PastCall),
    /// They rang us, and nobody talked with them.
    Missed(IncomingEnd),
}

/// A call as a line of a person's history.
#[derive(Clone, Debug)]
pub(crate) struct PastCall {
    pub(crate) state: CallState,
    pub(crate) end: Option<CallEnd>,
    /// What was recorded, in words; none: nothing yet.
    pub(crate) label: Option<String>,
    /// A human answered, by that.
    pub(crate) is_reached: Option<bool>,
    pub(crate) notes: String,
    /// They rang us.
    pub(crate) is_incoming: bool,
    /// When the carrier took the call to the person.
    pub(crate) rung_at: Option<DateTime<Utc>>,
    pub(crate) answered_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// What was written down with the promise to each of these people that is still to be kept, where anything was; by one agent, or by all.
pub(crate) async fn list_promise_notes(pool: &PgPool, users: &[i64], agent: Option<AgentId>) -> sqlx::Result<Vec<(UserId, String)>> {
    let rows = sqlx::query!(
        r#"
        select distinct on (c.user_id) c.user_id as "user!: UserId", o.notes
        from calls.call c
        join calls.outcome o on o.call_id = c.id
        where c.user_id = any($1)
            and ($2::bigint is null or c.agent_id = $2)
            and o.callback_at is not null
            -- The promise that stands now, and not one that another has taken the place of.
            and exists (
                select from queue.published_event e
                where e.user_id = c.user_id and e.callback_state = 'scheduled' and e.promised_at = o.callback_at
            )
        order by c.user_id, c.created_at desc
        "#,
        users,
        agent.map(AgentId::get),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user, row.notes)).filter(|(_, notes)| !notes.trim().is_empty()).collect())
}

/// The newest events about a person, of the queue and of calls: one statement. A call that was refused at the dial is told by its decision.
pub(crate) async fn list_history(pool: &PgPool, user: UserId, limit: i64) -> sqlx::Result<Vec<PastRow>> {
    let rows = sqlx::query!(
        r#"
        select e.at as "at!", a.name as "by?",
            e.decision_id as "decision_id: DecisionId", e.outcome as "outcome: Outcome", e.is_saved_call as "is_saved_call!", e.record,
            e.release_reason as "release_reason: ReleaseReason", e.note, e.callback_state, e.promised_at, e.attempted_at,
            e.is_retry, e.is_return_call, e.call_state as "call_state: CallState", e.call_end as "call_end: CallEnd", e.label, e.is_reached, e.rung_at,
            e.answered_at, e.ended_at, e.is_incoming, e.missed as "missed: IncomingEnd"
        from (
            select at, agent_id, decision_id, outcome, is_saved_call, record, release_reason, note, callback_state, promised_at, attempted_at,
                is_retry, is_return_call, null as call_state, null as call_end, null as label, null::boolean as is_reached, null::timestamptz as rung_at,
                null::timestamptz as answered_at, null::timestamptz as ended_at,
                false as is_incoming, null as missed
            from queue.published_event
            where user_id = $1
            union all
            select c.created_at, c.agent_id, null, null, false, null, null, coalesce(o.notes, c.notes), null, null, null,
                false, false, c.state, c.end_reason, d.label, d.is_reached, l.created_at, c.answered_at, c.ended_at,
                c.incoming_id is not null, null
            from calls.call c
            left join calls.leg l on l.call_id = c.id and l.party = 'person'
            left join calls.outcome o on o.call_id = c.id
            left join calls.disposition d on d.code = o.disposition
            where c.user_id = $1
                and c.end_reason is distinct from 'refused'
            union all
            select arrived_at, null, null, null, false, null, null, null, null, null, null, false, false, null, null, null, null, null, null, null,
                true, ended_as
            from calls.incoming
            where users @> array[$1] and ended_as <> 'talked'
            order by 1 desc
            limit $2
        ) e
        left join auth.published_agent a on a.id = e.agent_id
        order by e.at desc
        "#,
        user.get(),
        limit,
    )
    .fetch_all(pool)
    .await?;
    let past = rows.into_iter().filter_map(|row| {
        let event = if let Some(end) = row.missed {
            Past::Missed(end)
        } else if let Some(state) = row.call_state {
            Past::Call(PastCall {
                state,
                end: row.call_end,
                label: row.label,
                is_reached: row.is_reached,
                notes: row.note.unwrap_or_default(),
                is_incoming: row.is_incoming.unwrap_or(false),
                rung_at: row.rung_at,
                answered_at: row.answered_at,
                ended_at: row.ended_at,
            })
        } else if let (Some(id), Some(outcome)) = (row.decision_id, row.outcome) {
            let record = row.record.unwrap_or_default();
            Past::OfQueue(PastEvent::Decision { id, outcome, is_saved_call: row.is_saved_call, record })
        } else if let Some(reason) = row.release_reason {
            Past::OfQueue(PastEvent::Release { reason, note: row.note })
        } else {
            let (promised_at, state) = row.promised_at.zip(row.callback_state)?;
            Past::OfQueue(PastEvent::Callback {
                promised_at,
                state,
                attempted_at: row.attempted_at,
                is_retry: row.is_retry.unwrap_or(false),
                is_return_call: row.is_return_call.unwrap_or(false),
            })
        };
        Some(PastRow { at: row.at, by: row.by, event })
    });
    Ok(past.collect())
}

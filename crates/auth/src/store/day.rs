//! What agents were, and their sessions.

use chrono::{DateTime, Utc};
use kernel::AgentId;
use sqlx::PgPool;

use crate::session::OUTER_LIMIT;
use crate::types::{Engagement, Intention, Presence, Role, SessionEnd, SessionView};

/// Whose day it is, and what they are now.
pub(crate) struct Whose {
    pub(crate) id: AgentId,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) intention: Intention,
    pub(crate) engagement: Option<Engagement>,
    pub(crate) state_since: DateTime<Utc>,
    pub(crate) seen_at: Option<DateTime<Utc>>,
}

/// An agent, also one who may not sign in any more.
pub(crate) async fn find_agent(pool: &PgPool, agent: AgentId) -> sqlx::Result<Option<Whose>> {
    sqlx::query_as!(
        Whose,
        r#"
        select id as "id: AgentId", name, role as "role: Role", intention as "intention: Intention",
            engagement as "engagement: Engagement", state_since, seen_at
        from auth.agent
        where id = $1
        "#,
        agent.get(),
    )
    .fetch_optional(pool)
    .await
}

/// A stretch as it was written down; without an end it goes on.
pub(crate) struct Written {
    pub(crate) presence: Presence,
    pub(crate) since: DateTime<Utc>,
    pub(crate) until: Option<DateTime<Utc>>,
}

/// The stretches of which something lies between `from` and `until`, oldest first.
pub(crate) async fn list_stretches(pool: &PgPool, agent: AgentId, from: DateTime<Utc>, until: DateTime<Utc>) -> sqlx::Result<Vec<Written>> {
    sqlx::query_as!(
        Written,
        r#"
        select p.state as "presence: Presence", p.since,
            (select min(n.since) from auth.presence n where n.agent_id = p.agent_id and n.since > p.since) as until
        from auth.presence p
        where p.agent_id = $1
            and p.since >= coalesce((select max(b.since) from auth.presence b where b.agent_id = $1 and b.since <= $2), $2)
            and p.since < $3
        order by p.since
        "#,
        agent.get(),
        from,
        until,
    )
    .fetch_all(pool)
    .await
}

/// The sessions of which something lies between `from` and `until`, oldest first. One that has run out has ended, whether or not the sweep
/// has come by.
pub(crate) async fn list_sessions(
    pool: &PgPool,
    agent: AgentId,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<SessionView>> {
    let rows = sqlx::query!(
        r#"
        select s.created_at, s.last_seen_at, ended.at as "ended_at?", ended.how as "how?: SessionEnd"
        from auth.session s
        cross join lateral (
            select case when s.ended_at is not null or s.expires_at > $4 then s.ended_at else s.expires_at end as at,
                case
                    when s.ended_at is not null or s.expires_at > $4 then s.ended_reason
                    when s.expires_at < s.created_at + make_interval(secs => $5) then 'lost_connection'
                    else 'expired'
                end as how
        ) ended
        where s.agent_id = $1
            and s.created_at < $3
            and (ended.at is null or ended.at > $2)
            -- None lasts longer.
            and s.created_at > $2::timestamptz - make_interval(secs => $5)
        order by s.created_at, s.id_hash
        "#,
        agent.get(),
        from,
        until,
        now,
        OUTER_LIMIT.as_seconds_f64(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| SessionView { signed_in_at: row.created_at, last_heard_at: row.last_seen_at, ended: row.ended_at.zip(row.how) })
        .collect())
}

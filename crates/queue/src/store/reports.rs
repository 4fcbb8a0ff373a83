//! What screens and commands show.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use kernel::{AgentId, DecisionId, QueueKind, UserId};
use sqlx::PgPool;

#[derive(Debug)]
pub(crate) struct QueueCountRow {
    pub(crate) queue: QueueKind,
    pub(crate) callable: i64,
    pub(crate) waiting: i64,
    pub(crate) leased: i64,
    pub(crate) paused: i64,
    pub(crate) oldest: Option<DateTime<Utc>>,
}

/// What screens show of the queues as a whole, the same for everybody.
#[derive(Debug)]
pub(crate) struct Figures {
    /// Queues that have anybody.
    pub(crate) counts: Vec<QueueCountRow>,
    /// Saved calls of the day, by agent.
    pub(crate) saved: HashMap<AgentId, i64>,
    pub(crate) totals: Totals,
}

#[derive(Debug)]
pub(crate) struct Totals {
    pub(crate) decisions_last_hour: i64,
    pub(crate) last_discovery: Option<DateTime<Utc>>,
    pub(crate) paused_queues: Vec<QueueKind>,
    /// Promises whose time has come and that can be offered, by the agent they prefer, whether they are anyone's too, and the queue they are
    /// about: arrays of equal length.
    pub(crate) due_preferred: Vec<Option<AgentId>>,
    pub(crate) due_are_anyones: Vec<bool>,
    pub(crate) due_queues: Vec<QueueKind>,
    pub(crate) due_counts: Vec<i64>,
    /// Promises for later, and those put back.
    pub(crate) callbacks_later: i64,
    pub(crate) callbacks_held: i64,
    /// Due promises that wait behind the pause of a lender or a solicitor.
    pub(crate) callbacks_paused: i64,
    /// Promises that nobody has kept when they passed to anyone.
    pub(crate) callbacks_late: i64,
    /// The next promise of each agent who has one within a day: agents, people and times, of equal length.
    pub(crate) next_agents: Vec<AgentId>,
    pub(crate) next_users: Vec<UserId>,
    pub(crate) next_at: Vec<DateTime<Utc>>,
}

impl Totals {
    /// The due promises that are offered to whoever satisfies this, by the agent they prefer, whether they are anyone's too, and the queue they
    /// are about.
    pub(crate) fn count_due(&self, is_offered: impl Fn(Option<AgentId>, bool, QueueKind) -> bool) -> i64 {
        let due = self.due_preferred.iter().zip(&self.due_are_anyones).zip(&self.due_queues).zip(&self.due_counts);
        due.filter(|(((preferred, is_anyones), queue), _)| is_offered(**preferred, **is_anyones, **queue)).map(|(_, count)| count).sum()
    }
}

/// Figures of now, and of the day that began at `midnight`; promises of before `handed_over` have passed to anyone. Three statements on one
/// connection.
pub(crate) async fn find_figures(
    pool: &PgPool,
    midnight: DateTime<Utc>,
    handed_over: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Figures> {
    let mut conn = pool.acquire().await?;
    let counts = sqlx::query_as!(
        QueueCountRow,
        r#"
        select kind as "queue!: QueueKind",
            coalesce(e.callable, 0) as "callable!",
            coalesce(e.waiting, 0) as "waiting!",
            -- By what they are held for: somebody who is held for a promise is counted there, and their entry nowhere.
            coalesce(l.leased, 0) as "leased!",
            coalesce(e.paused, 0) as "paused!",
            e.oldest
        from (
            select kind,
                count(*) filter (where leased_by is null and not is_paused and available_at <= $1) as callable,
                count(*) filter (where leased_by is null and not is_paused and available_at > $1) as waiting,
                count(*) filter (where leased_by is null and is_paused) as paused,
                min(queued_at) as oldest
            from queue.entry
            group by kind
        ) e
        full join (select kind, count(*) as leased from queue.lease group by kind) l using (kind)
        "#,
        now,
    )
    .fetch_all(&mut *conn)
    .await?;
    let saved = sqlx::query!(
        r#"
        select agent_id as "agent: AgentId", count(*) as "count!"
        from queue.decision
        where is_saved_call and made_at >= $1
        group by agent_id
        "#,
        midnight,
    )
    .fetch_all(&mut *conn)
    .await?;
    let totals = sqlx::query_as!(
        Totals,
        r#"
        select
            (select count(*) from queue.decision where made_at > $1::timestamptz - interval '1 hour') as "decisions_last_hour!",
            (select max(ended_at) from queue.discovery_run where failure is null) as last_discovery,
            array(select name from queue.pause where kind = 'queue' and ended_at is null) as "paused_queues!: Vec<QueueKind>",
            coalesce(due.preferred, '{}') as "due_preferred!: Vec<Option<AgentId>>",
            coalesce(due.are_anyones, '{}') as "due_are_anyones!: Vec<bool>",
            coalesce(due.queues, '{}') as "due_queues!: Vec<QueueKind>",
            coalesce(due.counts, '{}') as "due_counts!",
            (
                select count(*) from queue.callback where state = 'scheduled' and greatest(promised_at, available_at) > $1
            ) as "callbacks_later!",
            (select count(*) from queue.lease where kind = 'callbacks') as "callbacks_held!",
            (
                select count(*) from queue.callback c
                where c.state = 'scheduled' and greatest(c.promised_at, c.available_at) <= $1 and c.is_paused
                    and not exists (select from queue.lease l where l.user_id = c.user_id)
            ) as "callbacks_paused!",
            (
                select count(*) from queue.callback c
                where c.state = 'scheduled' and c.promised_at <= $2
                    and not exists (select from queue.lease l where l.user_id = c.user_id)
            ) as "callbacks_late!",
            coalesce(next.agents, '{}') as "next_agents!: Vec<AgentId>",
            coalesce(next.users, '{}') as "next_users!: Vec<UserId>",
            coalesce(next.ats, '{}') as "next_at!"
        from (
            select array_agg(n.preferred_agent_id) as agents, array_agg(n.user_id) as users, array_agg(n.promised_at) as ats
            from (
                select distinct on (c.preferred_agent_id) c.preferred_agent_id, c.user_id, c.promised_at
                from queue.callback c
                where c.state = 'scheduled' and c.preferred_agent_id is not null and c.promised_at < $1::timestamptz + interval '1 day'
                    -- Whoever is with somebody is dealt with.
                    and not exists (select from queue.lease l where l.user_id = c.user_id)
                order by c.preferred_agent_id, c.promised_at
            ) n
        ) next
        cross join (
            select array_agg(d.preferred) as preferred, array_agg(d.is_anyones) as are_anyones, array_agg(d.queue) as queues, array_agg(d.count) as counts
            from (
                select c.preferred_agent_id as preferred,
                    c.preferred_agent_id is null or c.promised_at <= $2 as is_anyones,
                    case c.reason when 'signature' then 'unsigned_users' when 'requirements' then 'outstanding_requests' else 'callbacks' end as queue,
                    count(*) as count
                from queue.callback c
                where c.state = 'scheduled' and greatest(c.promised_at, c.available_at) <= $1 and not c.is_paused
                    and not exists (select from queue.lease l where l.user_id = c.user_id)
                group by 1, 2, 3
            ) d
        ) due
        "#,
        now,
        handed_over,
    )
    .fetch_one(&mut *conn)
    .await?;
    Ok(Figures { counts, saved: saved.into_iter().map(|row| (row.agent, row.count)).collect(), totals })
}

/// How many are held, by the queue they were taken for.
pub(crate) async fn count_leases(pool: &PgPool) -> sqlx::Result<Vec<(QueueKind, i64)>> {
    let rows =
        sqlx::query!(r#"select kind as "queue: QueueKind", count(*) as "count!" from queue.lease group by kind"#).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.queue, row.count)).collect())
}

pub(crate) async fn find_last_discovery(pool: &PgPool) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select max(ended_at) from queue.discovery_run where failure is null").fetch_one(pool).await
}

pub(crate) struct SavedRow {
    pub(crate) id: DecisionId,
    pub(crate) user: UserId,
    pub(crate) agent: AgentId,
    pub(crate) made_at: DateTime<Utc>,
    pub(crate) record: Vec<u8>,
    /// None when they were erased.
    pub(crate) personal: Option<Vec<u8>>,
}

/// Saved calls since `since`, newest first, of one agent or of all.
pub(crate) async fn list_saved(pool: &PgPool, agent: Option<AgentId>, since: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<SavedRow>> {
    sqlx::query_as!(
        SavedRow,
        r#"
        select d.id as "id: DecisionId", d.user_id as "user: UserId", d.agent_id as "agent: AgentId", d.made_at, d.record,
            p.facts as "personal?"
        from queue.decision d
        left join queue.decision_personal p on p.decision_id = d.id
        where d.is_saved_call
            and d.made_at >= $2
            and ($1::bigint is null or d.agent_id = $1)
        order by d.made_at desc
        limit $3
        "#,
        agent.map(AgentId::get),
        since,
        limit,
    )
    .fetch_all(pool)
    .await
}

pub(crate) struct HoldingRow {
    pub(crate) agent: AgentId,
    pub(crate) user: UserId,
    pub(crate) queue: QueueKind,
    pub(crate) taken_at: DateTime<Utc>,
}

/// Leases that hold now.
pub(crate) async fn list_holdings(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<HoldingRow>> {
    sqlx::query_as!(
        HoldingRow,
        r#"
        select agent_id as "agent: AgentId", user_id as "user: UserId", kind as "queue: QueueKind", taken_at
        from queue.lease
        where expires_at > $1
        order by taken_at
        "#,
        now,
    )
    .fetch_all(pool)
    .await
}

/// Everybody who waits, by user id.
pub(crate) async fn list_entries(pool: &PgPool, after: i64, limit: i64) -> sqlx::Result<Vec<(UserId, QueueKind)>> {
    let rows = sqlx::query!(
        r#"
        select user_id as "user: UserId", kind as "queue: QueueKind"
        from queue.entry
        where user_id > $1
        order by user_id
        limit $2
        "#,
        after,
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user, row.queue)).collect())
}

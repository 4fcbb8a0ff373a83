//! One person, for whoever looks at them.

use chrono::{DateTime, Utc};
use kernel::{AgentId, QueueKind, UserId};
use sqlx::PgPool;

use crate::rules::{CallbackReason, DueCallback};

/// In which queue each of these users waits.
pub(crate) async fn list_waiting(pool: &PgPool, users: &[i64]) -> sqlx::Result<Vec<(UserId, QueueKind)>> {
    let rows =
        sqlx::query!(r#"select user_id as "user: UserId", kind as "queue: QueueKind" from queue.entry where user_id = any($1)"#, users,)
            .fetch_all(pool)
            .await?;
    Ok(rows.into_iter().map(|row| (row.user, row.queue)).collect())
}

/// Where a person is now.
#[derive(Debug)]
pub(crate) struct PlaceRow {
    /// The queue they wait in.
    pub(crate) queue: Option<QueueKind>,
    /// How many in it are before them and can be handed out now.
    pub(crate) before: Option<i64>,
    pub(crate) held_by: Option<AgentId>,
    /// When they were promised a call.
    pub(crate) promised_at: Option<DateTime<Utc>>,
}

/// None when they neither wait nor are held nor were promised anything.
pub(crate) async fn find_place_of(pool: &PgPool, user: UserId, now: DateTime<Utc>) -> sqlx::Result<Option<PlaceRow>> {
    sqlx::query_as!(
        PlaceRow,
        r#"
        select e.kind as "queue?: QueueKind",
            case when e.user_id is not null then (
                select count(*)
                from queue.entry b
                where b.kind = e.kind
                    and b.leased_by is null
                    and not b.is_paused
                    and b.available_at <= $2
                    and (b.score, b.raw_sum, b.queued_at, b.user_id) < (e.score, e.raw_sum, e.queued_at, e.user_id)
            ) end as before,
            l.agent_id as "held_by?: AgentId",
            c.promised_at as "promised_at?"
        from (select $1::bigint as user_id) u
        left join queue.entry e on e.user_id = u.user_id
        left join queue.lease l on l.user_id = u.user_id and l.expires_at > $2
        left join queue.callback c on c.user_id = u.user_id and c.state = 'scheduled'
        "#,
        user.get(),
        now,
    )
    .fetch_optional(pool)
    .await
}

/// A promise to them that is due.
pub(crate) async fn find_due_callback(
    pool: &PgPool,
    user: UserId,
    now: DateTime<Utc>,
    midnight: DateTime<Utc>,
) -> sqlx::Result<Option<DueCallback>> {
    let row = sqlx::query!(
        r#"
        select c.reason as "reason: CallbackReason",
            exists (
                select from queue.callback u where u.user_id = c.user_id and u.reason = 'user_asked' and u.attempted_at >= $3
            ) as "promise_used_today!",
            c.retry_of is not null as "is_retry!"
        from queue.callback c
        where c.user_id = $1 and c.state = 'scheduled' and c.promised_at <= $2
        "#,
        user.get(),
        now,
        midnight,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| DueCallback { reason: row.reason, promise_used_today: row.promise_used_today, is_retry: row.is_retry }))
}

/// Notes that somebody looked at a person (compliance, C19).
pub(crate) async fn note_viewing(pool: &PgPool, agent: AgentId, user: UserId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("insert into queue.viewing (agent_id, user_id, viewed_at) values ($1, $2, $3)", agent.get(), user.get(), now)
        .execute(pool)
        .await?;
    Ok(())
}

/// The same of a screen that follows a person, and so looks again at each change: noted unless the agent holds them, which a decision tells, or
/// was noted after `since`.
pub(crate) async fn note_following(
    pool: &PgPool,
    agent: AgentId,
    users: &[i64],
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into queue.viewing (agent_id, user_id, viewed_at)
        select $1, w.user_id, $3
        from unnest($2::bigint[]) w (user_id)
        where not exists (
                select from queue.lease l
                where l.user_id = w.user_id and l.agent_id = $1 and l.expires_at > $3 and l.decision_id is not null
            )
            and not exists (select from queue.viewing v where v.user_id = w.user_id and v.agent_id = $1 and v.viewed_at > $4)
        ",
        agent.get(),
        users,
        now,
        since,
    )
    .execute(pool)
    .await?;
    Ok(())
}

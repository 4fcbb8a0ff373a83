//! Promises, as those who keep them look at them.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use kernel::{AgentId, CallId, UserId};
use sqlx::postgres::types::PgInterval;
use sqlx::{PgConnection, PgPool};

use super::ranges::SEPARATOR;
use crate::rules::CallbackReason;

/// What became of a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum CallbackState {
    Scheduled,
    Kept,
    Missed,
    Rescheduled,
    NoLongerNeeded,
    Cancelled,
}

/// A promise.
#[derive(Debug)]
pub(crate) struct CallbackRow {
    pub(crate) id: i64,
    pub(crate) user: UserId,
    pub(crate) reason: CallbackReason,
    /// As discovery saw it, or as it was rung last.
    pub(crate) number: Option<String>,
    pub(crate) promised_at: DateTime<Utc>,
    pub(crate) available_at: DateTime<Utc>,
    pub(crate) preferred: Option<AgentId>,
    pub(crate) state: CallbackState,
    pub(crate) is_retry: bool,
    /// They rang us and reached nobody.
    pub(crate) is_return_call: bool,
    pub(crate) attempted_at: Option<DateTime<Utc>>,
    pub(crate) closed_by: Option<AgentId>,
    pub(crate) closed_reason: Option<String>,
    /// Of one that was moved: what was promised instead.
    pub(crate) next_at: Option<DateTime<Utc>>,
    /// Who is with the person now.
    pub(crate) held_by: Option<AgentId>,
}

/// Whether somebody was promised a call at a time within one of these spans, whose end belongs to them.
pub(crate) async fn has_promises_between(pool: &PgPool, spans: &[(DateTime<Utc>, DateTime<Utc>)]) -> sqlx::Result<bool> {
    let (after, through): (Vec<_>, Vec<_>) = spans.iter().copied().unzip();
    sqlx::query_scalar!(
        r#"
        select exists (
            select from queue.callback c
            join unnest($1::timestamptz[], $2::timestamptz[]) s (after, through) on c.promised_at > s.after and c.promised_at <= s.through
            where c.state = 'scheduled'
        ) as "has!"
        "#,
        &after,
        &through,
    )
    .fetch_one(pool)
    .await
}

/// Promises still to be kept, by time; and those settled since `since`, the newest first. Of one agent, or of all.
pub(crate) async fn list_callbacks(
    pool: &PgPool,
    preferred: Option<AgentId>,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
    limit: i64,
) -> sqlx::Result<Vec<CallbackRow>> {
    sqlx::query_as!(
        CallbackRow,
        r#"
        (
            select c.id as "id!", c.user_id as "user!: UserId", c.reason as "reason!: CallbackReason", c.promised_at as "promised_at!",
                c.available_at as "available_at!", c.preferred_agent_id as "preferred: AgentId", c.state as "state!: CallbackState",
                c.retry_of is not null as "is_retry!", c.is_return_call as "is_return_call!", c.attempted_at, c.closed_by as "closed_by: AgentId", c.closed_reason,
                null::timestamptz as next_at, l.agent_id as "held_by?: AgentId",
                coalesce(
                    (select e.number from queue.entry e where e.user_id = c.user_id),
                    (select a.number from queue.attempt a where a.user_id = c.user_id order by a.attempted_at desc limit 1)
                ) as number
            from queue.callback c
            left join queue.lease l on l.user_id = c.user_id and l.expires_at > $3
            where c.state = 'scheduled' and ($1::bigint is null or c.preferred_agent_id = $1)
            order by c.promised_at, c.id
            limit $4
        )
        union all
        (
            select c.id, c.user_id, c.reason, c.promised_at, c.available_at, c.preferred_agent_id, c.state, c.retry_of is not null, c.is_return_call,
                c.attempted_at, c.closed_by, c.closed_reason,
                (
                    select n.promised_at
                    from queue.callback n
                    where n.user_id = c.user_id and n.id > c.id and c.state = 'rescheduled'
                    order by n.id
                    limit 1
                ),
                null, null
            from queue.callback c
            where c.state <> 'scheduled' and c.promised_at >= $2 and ($1::bigint is null or c.preferred_agent_id = $1)
            order by c.promised_at desc, c.id desc
            limit $4
        )
        "#,
        preferred.map(AgentId::get),
        since,
        now,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// A promise as the reason for a call.
#[derive(Clone, Debug)]
pub(crate) struct PromiseRow {
    pub(crate) reason: CallbackReason,
    pub(crate) promised_at: DateTime<Utc>,
    /// The one more try of a promise that nobody answered.
    pub(crate) is_retry: bool,
}

/// The promise that somebody is held for: the last one to them, also when a call has kept it by now.
pub(crate) async fn find_promise(pool: &PgPool, user: UserId) -> sqlx::Result<Option<PromiseRow>> {
    sqlx::query_as!(
        PromiseRow,
        r#"
        select reason as "reason: CallbackReason", promised_at, retry_of is not null as "is_retry!"
        from queue.callback
        where user_id = $1
        order by id desc
        limit 1
        "#,
        user.get(),
    )
    .fetch_optional(pool)
    .await
}

/// Whether this agent is to keep what was promised to the person.
pub(crate) async fn is_promised_by(pool: &PgPool, user: UserId, agent: AgentId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from queue.callback where user_id = $1 and state = 'scheduled' and preferred_agent_id = $2
        ) as "is!"
        "#,
        user.get(),
        agent.get(),
    )
    .fetch_one(pool)
    .await
}

/// How many promises were kept since then, and of how many: those that were rung for, in time or not, and those whose window passed
/// without a call, also when they were moved after it. A second try is no promise of its own.
pub(crate) async fn count_kept(
    pool: &PgPool,
    preferred: Option<AgentId>,
    since: DateTime<Utc>,
    (now, window): (DateTime<Utc>, TimeDelta),
) -> sqlx::Result<(i64, i64)> {
    let row = sqlx::query!(
        r#"
        select count(*) filter (where state = 'kept') as "kept!",
            count(*) filter (where state in ('kept', 'missed') or (state = 'scheduled' and promised_at < $3)
                or (state = 'rescheduled' and closed_at - promised_at > $4)) as "of!"
        from queue.callback
        where promised_at >= $2 and retry_of is null and ($1::bigint is null or preferred_agent_id = $1)
        "#,
        preferred.map(AgentId::get),
        since,
        now - window,
        PgInterval { months: 0, days: 0, microseconds: window.num_microseconds().unwrap_or(i64::MAX) },
    )
    .fetch_one(pool)
    .await?;
    Ok((row.kept, row.of))
}

/// A promise that was rung for with this attempt, and was no second try itself: one more is made for that time, to the same agent first.
/// False when there is none such.
pub(crate) async fn insert_retry(conn: &mut PgConnection, user: UserId, at: DateTime<Utc>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into queue.callback (
            user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by, retry_of, lenders,
            solicitors, is_paused, is_return_call
        )
        select c.user_id, c.reason, $2, $2::timestamptz at time zone 'Europe/London', c.preferred_agent_id, $2, $3, c.created_by, c.id, c.lenders,
            c.solicitors, queue.is_paused(c.lenders, c.solicitors), c.is_return_call
        from queue.callback c
        where c.id = (select max(id) from queue.callback where user_id = $1)
            and c.state in ('kept', 'missed')
            and c.retry_of is null
        on conflict do nothing
        "#,
        user.get(),
        at,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Closes the one more try that followed from this call: somebody was reached after all.
pub(crate) async fn close_retry(conn: &mut PgConnection, call: CallId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update queue.callback r
        set state = 'no_longer_needed', closed_at = $2
        from queue.attempt a
        join queue.callback c on c.user_id = a.user_id and c.attempted_at = a.attempted_at
        where a.call_id = $1 and r.retry_of = c.id and r.state = 'scheduled'
        ",
        call.get(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A scheduled promise, locked: whom it prefers.
pub(crate) async fn lock_callback(conn: &mut PgConnection, id: i64) -> sqlx::Result<Option<Option<AgentId>>> {
    let row = sqlx::query!(
        r#"select preferred_agent_id as "preferred: AgentId" from queue.callback where id = $1 and state = 'scheduled' for update"#,
        id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| row.preferred))
}

/// The promise to a person for that time that is still to be kept, locked.
pub(crate) async fn lock_promise_for(conn: &mut PgConnection, user: UserId, promised_at: DateTime<Utc>) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        "select id from queue.callback where user_id = $1 and promised_at = $2 and state = 'scheduled' for update",
        user.get(),
        promised_at,
    )
    .fetch_optional(conn)
    .await
}

/// Offers it to somebody else first; none: to anyone.
pub(crate) async fn set_preferred(conn: &mut PgConnection, id: i64, agent: Option<AgentId>) -> sqlx::Result<()> {
    sqlx::query!("update queue.callback set preferred_agent_id = $2 where id = $1", id, agent.map(AgentId::get)).execute(conn).await?;
    Ok(())
}

/// How a promise stands that is to be moved.
#[derive(Debug)]
pub(crate) struct StandingRow {
    pub(crate) user: UserId,
    pub(crate) reason: CallbackReason,
    pub(crate) promised_at: DateTime<Utc>,
    /// As discovery saw it, or as it was rung last.
    pub(crate) number: Option<String>,
    /// Who is with the person now.
    pub(crate) held_by: Option<AgentId>,
}

/// How it stands.
pub(crate) async fn find_standing(conn: &mut PgConnection, id: i64, now: DateTime<Utc>) -> sqlx::Result<StandingRow> {
    sqlx::query_as!(
        StandingRow,
        r#"
        select c.user_id as "user: UserId", c.reason as "reason: CallbackReason", c.promised_at, l.agent_id as "held_by?: AgentId",
            coalesce(
                (select e.number from queue.entry e where e.user_id = c.user_id),
                (select a.number from queue.attempt a where a.user_id = c.user_id order by a.attempted_at desc limit 1)
            ) as number
        from queue.callback c
        left join queue.lease l on l.user_id = c.user_id and l.expires_at > $2
        where c.id = $1
        "#,
        id,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Promises another time in its place, an instant and what clocks in London show then. The person waits for that time instead. What was a
/// second try is a promise of its own then.
pub(crate) async fn move_callback(
    conn: &mut PgConnection,
    id: i64,
    (at, wall_time): (DateTime<Utc>, NaiveDateTime),
    by: AgentId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        with moved as (
            update queue.callback
            set state = 'rescheduled', closed_at = $2
            where id = $1
            returning user_id, promised_at, retry_of is not null as was_retry
        ),
        -- A second try left the delay of its outcome as it was: that holds too, and now the promise with it.
        waits as (
            update queue.entry e
            set available_at = case when e.available_at = m.promised_at then $3 else greatest(e.available_at, $3) end
            from moved m
            where e.user_id = m.user_id and (e.available_at = m.promised_at or m.was_retry) and e.leased_by is null
        )
        update queue.attempt a
        set delay_until = case when a.delay_until = m.promised_at then $3 else greatest(a.delay_until, $3) end
        from moved m
        where a.user_id = m.user_id
            and (a.delay_until = m.promised_at
                or m.was_retry and a.attempted_at = (select max(l.attempted_at) from queue.attempt l where l.user_id = m.user_id))
        ",
        id,
        now,
        at,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "
        insert into queue.callback (
            user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by, lenders, solicitors,
            is_paused
        )
        select user_id, reason, $2, $3, preferred_agent_id, $2, $4, $5, lenders, solicitors, queue.is_paused(lenders, solicitors)
        from queue.callback
        where id = $1
        ",
        id,
        at,
        wall_time,
        now,
        by.get(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Withdraws it. The person does not wait for that time any more.
pub(crate) async fn cancel_callback(conn: &mut PgConnection, id: i64, by: AgentId, reason: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "
        with withdrawn as (
            update queue.callback
            set state = 'cancelled', closed_at = $2, closed_by = $3, closed_reason = $4
            where id = $1
            returning user_id, promised_at
        ),
        waits as (
            update queue.entry e
            set available_at = $2
            from withdrawn w
            where e.user_id = w.user_id and e.available_at = w.promised_at and e.leased_by is null
        )
        update queue.attempt a
        set delay_until = null
        from withdrawn w
        where a.user_id = w.user_id and a.delay_until = w.promised_at
        ",
        id,
        now,
        by.get(),
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who was promised a call.
pub(crate) async fn list_promised(pool: &PgPool) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(r#"select user_id as "user: UserId" from queue.callback where state = 'scheduled'"#).fetch_all(pool).await
}

/// Promises with the lenders and the solicitors that a call would be about now: arrays of equal length.
#[derive(Debug, Default)]
pub(crate) struct PromisePicture {
    pub(crate) users: Vec<i64>,
    /// Of each person's claims, joined by [`SEPARATOR`].
    pub(crate) lenders: Vec<String>,
    /// As above.
    pub(crate) solicitors: Vec<String>,
}

/// Keeps with the promises to these people what a pause is held against.
pub(crate) async fn name_promises(pool: &PgPool, picture: &PromisePicture) -> sqlx::Result<()> {
    sqlx::query!(
        "
        with want as materialized (
            select w.user_id, string_to_array(w.lenders, $4) as lenders, string_to_array(w.solicitors, $4) as solicitors
            from unnest($1::bigint[], $2::text[], $3::text[]) w (user_id, lenders, solicitors)
        ),
        -- In the order of their people, as pauses are marked, so that neither waits for the other in a ring.
        differing as (
            select c.id, w.lenders, w.solicitors
            from queue.callback c
            join want w on w.user_id = c.user_id
            where c.state = 'scheduled'
                and (c.lenders <> w.lenders or c.solicitors <> w.solicitors or c.is_paused <> queue.is_paused(w.lenders, w.solicitors))
            order by c.user_id
            for update of c
        )
        update queue.callback c
        set lenders = d.lenders, solicitors = d.solicitors, is_paused = queue.is_paused(d.lenders, d.solicitors)
        from differing d
        where c.id = d.id
        ",
        &picture.users,
        &picture.lenders,
        &picture.solicitors,
        SEPARATOR,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Closes promises to these people, whose reason had gone at `read_at`, unless the person asked to be rung regardless or is with an agent.
pub(crate) async fn close_needless(pool: &PgPool, users: &[i64], read_at: DateTime<Utc>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        with needless as (
            select c.id
            from queue.callback c
            where c.user_id = any($1)
                and c.state = 'scheduled'
                and c.reason <> 'user_asked'
                and c.created_at <= $2
                and not exists (select from queue.lease l where l.user_id = c.user_id)
            order by c.user_id
            for update
        )
        update queue.callback c
        set state = 'no_longer_needed', closed_at = $2
        from needless n
        where c.id = n.id
        "#,
        users,
        read_at,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

//! What somebody who rings us does to the queue. All of it runs inside the transaction of the call.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use kernel::{AgentId, CallId, UserId};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::attempts::BEYOND;

/// Leases a person for a call without a turn and without a check, unless somebody has them. Whether they are the agent's now.
pub(crate) async fn hold_caller(
    conn: &mut PgConnection,
    agent: AgentId,
    user: UserId,
    call: CallId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    // Whoever lets them go at this moment takes the lease first, and then the entry.
    sqlx::query!("select id from queue.lease where user_id = $1 for update", user.get()).fetch_optional(&mut *conn).await?;
    let kind =
        sqlx::query_scalar!("select kind from queue.entry where user_id = $1 for update", user.get()).fetch_optional(&mut *conn).await?;
    sqlx::query!("delete from queue.lease where user_id = $1 and call_id is null and expires_at <= $2", user.get(), now)
        .execute(&mut *conn)
        .await?;
    let done = sqlx::query!(
        r#"
        with taken as (
            insert into queue.lease (user_id, agent_id, kind, taken_at, expires_at, call_id)
            values ($1, $2, $3, $4, $5::text::timestamptz, $6)
            on conflict do nothing
            returning user_id
        ),
        marked as (
            update queue.entry e set leased_by = $2 from taken where e.user_id = taken.user_id
        )
        select count(*) as "count!" from taken
        "#,
        user.get(),
        agent.get(),
        kind.as_deref().unwrap_or("callbacks"),
        now,
        BEYOND,
        call.get(),
    )
    .fetch_one(conn)
    .await?;
    Ok(done.count == 1)
}

/// Puts a talk with somebody who rang us where attempts stand. It counts towards no cap.
pub(crate) async fn insert_incoming(
    conn: &mut PgConnection,
    call: CallId,
    user: UserId,
    number: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into queue.attempt (user_id, number, attempted_at, call_id, is_incoming)
        values ($1, $2, $3, $4, true)
        on conflict (call_id) do nothing
        "#,
        user.get(),
        number,
        now,
        call.get(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Closes a promise to somebody who was talked with then: one whose window, `window` either side of its time, has begun by now, and one for
/// an earlier call of theirs. What was promised after the talk stays.
pub(crate) async fn close_promise_met(
    conn: &mut PgConnection,
    user: UserId,
    talked_at: DateTime<Utc>,
    (now, window): (DateTime<Utc>, TimeDelta),
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update queue.callback
        set state = 'no_longer_needed', closed_at = $2
        where user_id = $1 and state = 'scheduled' and created_at <= $3 and (promised_at <= $4 or is_return_call)
        "#,
        user.get(),
        now,
        talked_at,
        now + window,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whoever asks at the same time for the same number waits for the end of this transaction.
pub(crate) async fn lock_return_call(conn: &mut PgConnection, number: &str) -> sqlx::Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock(hashtextextended('queue.return_call ' || $1, 0)) as "locked: ()""#, number)
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Whether one of these people is promised a call that is due, or for a call of theirs that reached nobody.
pub(crate) async fn has_return_call(executor: impl PgExecutor<'_>, users: &[UserId], now: DateTime<Utc>) -> sqlx::Result<bool> {
    let users: Vec<i64> = users.iter().map(|user| user.get()).collect();
    sqlx::query_scalar!(
        r#"
        select exists (
            select
            from queue.callback
            where user_id = any($1) and state = 'scheduled' and (promised_at <= $2 or is_return_call)
        ) as "has!"
        "#,
        &users,
        now,
    )
    .fetch_one(executor)
    .await
}

/// Those of these people who are promised a call that is due, or for a call of theirs that reached nobody.
pub(crate) async fn list_rung_back(pool: &PgPool, users: &[UserId], now: DateTime<Utc>) -> sqlx::Result<Vec<UserId>> {
    let users: Vec<i64> = users.iter().map(|user| user.get()).collect();
    sqlx::query_scalar!(
        r#"
        select user_id as "user: UserId"
        from queue.callback
        where user_id = any($1) and state = 'scheduled' and (promised_at <= $2 or is_return_call)
        "#,
        &users,
        now,
    )
    .fetch_all(pool)
    .await
}

/// Promises to ring somebody back who rang us, unless there is a promise to them already. Whether it was made.
pub(crate) async fn insert_return_call(
    conn: &mut PgConnection,
    user: UserId,
    preferred: Option<AgentId>,
    (promised_at, wall_time): (DateTime<Utc>, NaiveDateTime),
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into queue.callback (
            user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, is_return_call, lenders, solicitors,
            is_paused
        )
        select $1, 'user_asked', $2, $3, $4, $2, $5, true, coalesce(e.lenders, '{}'), coalesce(e.solicitors, '{}'), coalesce(e.is_paused, false)
        from (select) one
        left join queue.entry e on e.user_id = $1
        on conflict (user_id) where state = 'scheduled' do nothing
        "#,
        user.get(),
        promised_at,
        wall_time,
        preferred.map(AgentId::get),
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whether nobody may ring this number, or any of these people, any more.
pub(crate) async fn is_objected(executor: impl PgExecutor<'_>, number: &str, users: &[UserId], now: DateTime<Utc>) -> sqlx::Result<bool> {
    let users: Vec<i64> = users.iter().map(|user| user.get()).collect();
    sqlx::query_scalar!(
        r#"
        select exists (
            select
            from queue.suppression
            where (number = $1 or user_id = any($2)) and kind <> 'bad_number' and (ends_at is null or ends_at > $3)
        ) as "is!"
        "#,
        number,
        &users,
        now,
    )
    .fetch_one(executor)
    .await
}

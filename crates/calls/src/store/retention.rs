//! Recordings whose time may have come, and on what ground they were deleted.

use chrono::{DateTime, Utc};
use kernel::{CallId, UserId};
use sqlx::PgPool;
use sqlx::types::Json;
use users::ClaimEnd;

use crate::rules::retention::Passed;

/// A recording that is not deleted, with what we know of what it is about.
#[derive(Clone, Debug)]
pub(crate) struct KeptRow {
    pub(crate) sid: String,
    pub(crate) call: CallId,
    /// None: they rang us, and nobody said who they were.
    pub(crate) user: Option<UserId>,
    /// Where it is in our store; none: it has not been fetched.
    pub(crate) object_path: Option<String>,
    /// When the call ended; none: it is not closed.
    pub(crate) call_ended_at: Option<DateTime<Utc>>,
    pub(crate) is_held: bool,
    pub(crate) hold_ended_at: Option<DateTime<Utc>>,
}

/// The columns of [`KeptRow`], after which the condition follows.
macro_rules! select_kept {
    ($pool:expr, $condition:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            KeptRow,
            r#"
            select r.sid, r.call_id as "call: CallId", c.user_id as "user: UserId", r.object_path,
                case when c.closed_at is not null then coalesce(c.ended_at, c.closed_at) end as call_ended_at,
                exists (select from calls.recording_hold h where h.user_id = c.user_id and h.ended_at is null) as "is_held!",
                (select max(h.ended_at) from calls.recording_hold h where h.user_id = c.user_id) as hold_ended_at
            from calls.recording r
            join calls.call c on c.id = r.call_id
            where r.deleted_at is null
                and r.status in ('in-progress', 'completed')
                and "# + $condition,
            $($argument),*
        )
        .fetch_all($pool)
        .await
    };
}

/// The next of them after the recording `after`, by their ids.
pub(crate) async fn list_kept(pool: &PgPool, after: &str, limit: i64) -> sqlx::Result<Vec<KeptRow>> {
    select_kept!(pool, "r.sid > $1 order by r.sid limit $2", after, limit)
}

/// Those of one call.
pub(crate) async fn list_kept_of(pool: &PgPool, call: CallId) -> sqlx::Result<Vec<KeptRow>> {
    select_kept!(pool, "r.call_id = $1 order by r.sid", call.get())
}

/// Writes down on what ground a recording is deleted, before it is. False when a hold was placed meanwhile.
pub(crate) async fn decide_deletion(
    pool: &PgPool,
    row: &KeptRow,
    passed: &Passed,
    claims: &[ClaimEnd],
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "
        insert into calls.recording_deletion (sid, decided_at, last_end_at, months, kept_until, claims)
        select $1, $2, $3, $4, $5, $6
        where not exists (select from calls.recording_hold h where h.user_id = $7 and h.ended_at is null)
        on conflict (sid) do update
        set decided_at = excluded.decided_at, last_end_at = excluded.last_end_at, months = excluded.months, kept_until = excluded.kept_until,
            claims = excluded.claims
        ",
        row.sid,
        now,
        passed.last_end_at,
        i32::try_from(passed.months).unwrap_or(i32::MAX),
        passed.kept_until,
        Json(claims) as _,
        row.user.map(UserId::get),
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn set_deleted(pool: &PgPool, sid: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update calls.recording set deleted_at = $2 where sid = $1 and deleted_at is null", sid, now).execute(pool).await?;
    Ok(())
}

/// Whether anybody ever called this person, or they us.
pub(crate) async fn has_calls(pool: &PgPool, user: UserId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from calls.call where user_id = $1) as "known!""#, user.get()).fetch_one(pool).await
}

/// False when one is on record already.
pub(crate) async fn insert_hold(pool: &PgPool, user: UserId, reason: &str, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "
        insert into calls.recording_hold (user_id, reason, placed_at)
        values ($1, $2, $3)
        on conflict (user_id) where ended_at is null do nothing
        ",
        user.get(),
        reason,
        now,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// False when none goes on.
pub(crate) async fn end_hold(pool: &PgPool, user: UserId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update calls.recording_hold set ended_at = greatest($2, placed_at) where user_id = $1 and ended_at is null",
        user.get(),
        now,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

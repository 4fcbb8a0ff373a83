//! The ledger of discovery, and what its runs found wrong.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, QueueKind, UserId};
use sqlx::{PgConnection, PgExecutor, PgPool};
use users::UnknownStatuses;

use crate::discovery::{BlockedBy, Cause, Found, Order};

/// What was found wrong is kept for so long.
const DRIFT_KEPT: TimeDelta = TimeDelta::days(7);

/// What a whole discovery did, or has done so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscoveryReport {
    /// Users read from the replica.
    pub users_read: i64,
    /// Users of whom something could not be read; they are left as they are.
    pub unreadable: i64,
    /// Came into a queue.
    pub added: i64,
    /// Went from one queue to the other.
    pub moved: i64,
    /// Stayed, with another score, time or number.
    pub changed: i64,
    /// Left.
    pub removed: i64,
    /// Stayed as they were.
    pub kept: i64,
}

/// Enters a run; none when the hour it is for has its run already. Runs that never ended were interrupted: whoever starts one holds the lock.
pub(crate) async fn start_run(connection: &mut PgConnection, order: &Order, now: DateTime<Utc>) -> sqlx::Result<Option<i64>> {
    sqlx::query!("update queue.discovery_run set ended_at = $1, failure = 'it was interrupted' where ended_at is null", now)
        .execute(&mut *connection)
        .await?;
    sqlx::query!("delete from queue.drift d using queue.discovery_run r where r.id = d.run_id and r.started_at < $1", now - DRIFT_KEPT,)
        .execute(&mut *connection)
        .await?;
    sqlx::query_scalar!(
        r#"
        insert into queue.discovery_run (started_at, cause, started_by, scheduled_for, only_queue)
        values ($1, $2, $3, $4, $5)
        on conflict do nothing
        returning id
        "#,
        now,
        order.cause as Cause,
        order.by.map(AgentId::get),
        order.scheduled_for,
        order.only as Option<QueueKind>,
    )
    .fetch_optional(connection)
    .await
}

/// Whether the run of this hour has ended well.
pub(crate) async fn is_hour_done(pool: &PgPool, hour: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from queue.discovery_run where scheduled_for = $1 and failure is null and ended_at is not null
        ) as "is_done!"
        "#,
        hour,
    )
    .fetch_one(pool)
    .await
}

/// Whether a run has begun since then, or ended.
pub(crate) async fn has_begun_since(pool: &PgPool, since: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select exists (select from queue.discovery_run where started_at > $1 or ended_at > $1) as "has!""#, since,)
        .fetch_one(pool)
        .await
}

/// How far a run is.
pub(crate) async fn note_progress(executor: impl PgExecutor<'_>, run: i64, report: &DiscoveryReport) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update queue.discovery_run
        set users_read = $2, added = $3, moved = $4, changed = $5, removed = $6, kept = $7, unreadable = $8
        where id = $1
        "#,
        run,
        report.users_read,
        report.added,
        report.moved,
        report.changed,
        report.removed,
        report.kept,
        report.unreadable,
    )
    .execute(executor)
    .await?;
    Ok(())
}

pub(crate) async fn end_run(
    connection: &mut PgConnection,
    run: i64,
    found: &Found,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update queue.discovery_run set ended_at = $2, failure = $3, blocked = $4, unknown_statuses = $5 where id = $1",
        run,
        now,
        failure,
        sqlx::types::Json(found.blocked.by_queue()) as _,
        sqlx::types::Json(&found.unknown_statuses) as _,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A run of the ledger.
#[derive(Debug)]
pub(crate) struct RunRow {
    pub(crate) id: i64,
    pub(crate) cause: Cause,
    pub(crate) by: Option<AgentId>,
    pub(crate) only: Option<QueueKind>,
    pub(crate) started_at: DateTime<Utc>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) failure: Option<String>,
    pub(crate) users_read: i64,
    pub(crate) unreadable: i64,
    pub(crate) added: i64,
    pub(crate) moved: i64,
    pub(crate) changed: i64,
    pub(crate) removed: i64,
    pub(crate) kept: i64,
}

/// The newest runs.
pub(crate) async fn list_runs(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<RunRow>> {
    sqlx::query_as!(
        RunRow,
        r#"
        select id, cause as "cause: Cause", started_by as "by: AgentId", only_queue as "only: QueueKind", started_at, ended_at, failure,
            users_read, unreadable, added, moved, changed, removed, kept
        from queue.discovery_run
        order by id desc
        limit $1
        "#,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// What the last run over all queues that ended well found.
#[derive(Debug)]
pub(crate) struct WholeRun {
    /// How many users there are.
    pub(crate) users_read: i64,
    /// Who is blocked by which rule.
    pub(crate) blocked: BlockedBy,
    /// Statuses that the rules do not know.
    pub(crate) unknown_statuses: UnknownStatuses,
}

/// The last run over all queues that ended well.
pub(crate) async fn find_last_whole_run(pool: &PgPool) -> sqlx::Result<Option<WholeRun>> {
    let row = sqlx::query!(
        r#"
        select users_read, blocked as "blocked: sqlx::types::Json<BlockedBy>",
            unknown_statuses as "unknown_statuses: sqlx::types::Json<UnknownStatuses>"
        from queue.discovery_run
        where ended_at is not null and failure is null and only_queue is null
        order by id desc
        limit 1
        "#,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| WholeRun { users_read: row.users_read, blocked: row.blocked.0, unknown_statuses: row.unknown_statuses.0 }))
}

/// Somebody who was found in a wrong queue.
#[derive(Debug)]
pub(crate) struct DriftRow {
    pub(crate) user: UserId,
    pub(crate) was: QueueKind,
    /// None: in no queue.
    pub(crate) belongs: Option<QueueKind>,
    pub(crate) at: DateTime<Utc>,
}

/// The newest of those found since then, and how many there are.
pub(crate) async fn list_drift(pool: &PgPool, since: DateTime<Utc>, limit: i64) -> sqlx::Result<(Vec<DriftRow>, i64)> {
    let rows = sqlx::query!(
        r#"
        select d.user_id as "user: UserId", d.was as "was: QueueKind", d.belongs as "belongs: QueueKind", r.started_at,
            count(*) over () as "all!"
        from queue.drift d
        join queue.discovery_run r on r.id = d.run_id
        where r.started_at >= $1
        order by d.run_id desc, d.user_id
        limit $2
        "#,
        since,
        limit,
    )
    .fetch_all(pool)
    .await?;
    let all = rows.first().map_or(0, |row| row.all);
    Ok((rows.into_iter().map(|row| DriftRow { user: row.user, was: row.was, belongs: row.belongs, at: row.started_at }).collect(), all))
}

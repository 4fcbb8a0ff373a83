//! What supervisors paused.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use kernel::{AgentId, QueueKind};
use sqlx::{PgConnection, PgPool};

use crate::rules::{NO_NAME, Pauses};
use crate::types::PauseKind;

/// A pause that holds.
#[derive(Debug)]
pub(crate) struct PauseRow {
    pub(crate) id: i64,
    pub(crate) kind: PauseKind,
    pub(crate) name: String,
    pub(crate) reason: String,
    pub(crate) began_at: DateTime<Utc>,
    pub(crate) began_by: AgentId,
    /// When it ends by itself.
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

/// Those that hold, the newest first.
pub(crate) async fn list_pauses(pool: &PgPool) -> sqlx::Result<Vec<PauseRow>> {
    sqlx::query_as!(
        PauseRow,
        r#"
        select id, kind as "kind: PauseKind", name, reason, began_at, began_by as "began_by: AgentId", ends_at
        from queue.pause
        where ended_at is null
        order by id desc
        "#,
    )
    .fetch_all(pool)
    .await
}

/// What is paused, with the version that [`super::take_next`] answers: it grows with each beginning and each end.
pub(crate) async fn find_pauses(pool: &PgPool) -> sqlx::Result<(i64, Pauses)> {
    let row = sqlx::query!(
        r#"
        select
            count(*) + count(ended_at) as "version!",
            array_agg(name) filter (where kind = 'queue' and ended_at is null) as "queues: Vec<QueueKind>",
            array_agg(name) filter (where kind = 'lender' and ended_at is null) as lenders,
            array_agg(name) filter (where kind = 'solicitor' and ended_at is null) as solicitors
        from queue.pause
        "#,
    )
    .fetch_one(pool)
    .await?;
    let names = |names: Option<Vec<String>>| names.unwrap_or_default().into_iter().collect::<BTreeSet<_>>();
    let pauses = Pauses {
        queues: row.queues.unwrap_or_default().into_iter().collect(),
        lenders: names(row.lenders),
        solicitors: names(row.solicitors),
    };
    Ok((row.version, pauses))
}

/// False when it is paused already.
pub(crate) async fn begin_pause(
    conn: &mut PgConnection,
    kind: PauseKind,
    name: &str,
    reason: &str,
    agent: AgentId,
    (now, ends_at): (DateTime<Utc>, Option<DateTime<Utc>>),
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into queue.pause (kind, name, reason, began_at, began_by, ends_at) values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        kind as PauseKind,
        name,
        reason,
        now,
        agent.get(),
        ends_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends those whose time has come; what they were.
pub(crate) async fn end_timed_pauses(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<(PauseKind, String)>> {
    let ended = sqlx::query!(
        r#"
        update queue.pause
        set ended_at = $1
        where ended_at is null and ends_at <= $1
        returning kind as "kind: PauseKind", name
        "#,
        now,
    )
    .fetch_all(pool)
    .await?;
    Ok(ended.into_iter().map(|ended| (ended.kind, ended.name)).collect())
}

/// What it was; none when it had ended, or never was.
pub(crate) async fn end_pause(
    conn: &mut PgConnection,
    id: i64,
    agent: AgentId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<(PauseKind, String)>> {
    let ended = sqlx::query!(
        r#"
        update queue.pause
        set ended_at = $2, ended_by = $3
        where id = $1 and ended_at is null
        returning kind as "kind: PauseKind", name
        "#,
        id,
        now,
        agent.get(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(ended.map(|ended| (ended.kind, ended.name)))
}

/// Marks the entries that wait behind a pause, and those that do so no longer; how many have changed. In the order of their people, as
/// discovery writes, so that neither waits for the other in a ring.
///
/// With the name of a lender or a solicitor, only those who have to do with it are looked at; without, everybody, if anything is paused at all.
pub(crate) async fn mark_paused(pool: &PgPool, name: Option<&str>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "
        with wrong as (
            select e.user_id
            from queue.entry e
            where ($1 = any(e.lenders) or $1 = any(e.solicitors)
                    or ($1::text is null and (e.is_paused or (select exists (select from queue.pause p where p.ended_at is null)))))
                and e.is_paused <> queue.is_paused(e.lenders, e.solicitors)
            order by e.user_id
            for update
        )
        update queue.entry e
        set is_paused = not e.is_paused
        from wrong w
        where e.user_id = w.user_id
        ",
        name,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// The same of promises.
pub(crate) async fn mark_paused_promises(pool: &PgPool, name: Option<&str>) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "
        with wrong as (
            select c.id
            from queue.callback c
            where c.state = 'scheduled'
                and ($1::text is null or $1 = any(c.lenders) or $1 = any(c.solicitors))
                and c.is_paused <> queue.is_paused(c.lenders, c.solicitors)
            order by c.user_id
            for update
        )
        update queue.callback c
        set is_paused = not c.is_paused
        from wrong w
        where c.id = w.id
        ",
        name,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// The lenders and the solicitors of everybody who waits, with how many would wait behind a pause of each alone, the most first.
pub(crate) async fn list_pausable(pool: &PgPool) -> sqlx::Result<Vec<(PauseKind, String, i64)>> {
    let rows = sqlx::query!(
        r#"
        select n.kind as "kind!: PauseKind", n.name as "name!", count(distinct n.user_id) filter (where n.is_alone) as "people!"
        from (
            select 'lender' as kind, l.name, e.user_id, l.name = all(e.lenders) as is_alone from queue.entry e, unnest(e.lenders) l (name)
            union all
            select 'solicitor', s.name, e.user_id, s.name = all(e.solicitors) from queue.entry e, unnest(e.solicitors) s (name)
        ) n
        where n.name <> $1
        group by n.kind, n.name
        order by 3 desc, n.name
        "#,
        NO_NAME,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.name, row.people)).collect())
}

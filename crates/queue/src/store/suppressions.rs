//! Objections, as supervisors look at them and change them.

use chrono::{DateTime, Utc};
use kernel::{AgentId, UserId};
use sqlx::{PgConnection, PgPool};

use super::attempts::NewSuppression;
use crate::rules::SuppressionKind;

/// An objection on record.
#[derive(Debug)]
pub(crate) struct SuppressionRow {
    pub(crate) id: i64,
    pub(crate) kind: SuppressionKind,
    pub(crate) user: Option<UserId>,
    pub(crate) number: Option<String>,
    pub(crate) reason: String,
    pub(crate) source: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) created_by: Option<AgentId>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
    pub(crate) ended_by: Option<AgentId>,
    pub(crate) ended_reason: Option<String>,
}

/// Objections older than the id `before`, the newest first: of one person or number, or of everybody; those that hold, or all.
pub(crate) async fn list_suppressions(
    pool: &PgPool,
    user: Option<UserId>,
    number: Option<&str>,
    only_holding_at: Option<DateTime<Utc>>,
    before: Option<i64>,
    limit: i64,
) -> sqlx::Result<Vec<SuppressionRow>> {
    sqlx::query_as!(
        SuppressionRow,
        r#"
        select id, kind as "kind: SuppressionKind", user_id as "user: UserId", number, reason, source, created_at,
            created_by as "created_by: AgentId", ends_at, ended_by as "ended_by: AgentId", ended_reason
        from queue.suppression
        where (($1::bigint is null and $2::text is null) or user_id = $1 or number = $2)
            and ($3::timestamptz is null or ends_at is null or ends_at > $3)
            and ($4::bigint is null or id < $4)
        order by id desc
        limit $5
        "#,
        user.map(UserId::get),
        number,
        only_holding_at,
        before,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// The kind of an objection that holds, and how many others do to the same person or number; none when it is not there, or has ended.
pub(crate) async fn find_suppression(conn: &mut PgConnection, id: i64, now: DateTime<Utc>) -> sqlx::Result<Option<(SuppressionKind, i64)>> {
    let row = sqlx::query!(
        r#"
        select s.kind as "kind: SuppressionKind",
            (
                select count(*)
                from queue.suppression o
                where (o.user_id = s.user_id or o.number = s.number)
                    and o.id <> s.id
                    and (o.ends_at is null or o.ends_at > $2)
            ) as "others!"
        from queue.suppression s
        where s.id = $1 and (s.ends_at is null or s.ends_at > $2)
        for update of s
        "#,
        id,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.kind, row.others)))
}

/// Whether an objection of this kind, to this person or number, holds at least until `ends_at` (none: for good). Nobody else puts one on record
/// before the transaction ends, so that the answer holds until then.
pub(crate) async fn is_suppressed_already(conn: &mut PgConnection, new: &NewSuppression<'_>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query!("lock table queue.suppression in share row exclusive mode").execute(&mut *conn).await?;
    sqlx::query_scalar!(
        r#"
        select exists (
            select from queue.suppression
            where kind = $1
                and user_id is not distinct from $2
                and number is not distinct from $3
                and coalesce(ends_at, 'infinity') >= coalesce($4::timestamptz, 'infinity')
                and coalesce(ends_at, 'infinity') > $5
        ) as "is!"
        "#,
        new.kind as SuppressionKind,
        new.user.map(UserId::get),
        new.number,
        new.ends_at,
        now,
    )
    .fetch_one(conn)
    .await
}

/// Ends it now.
pub(crate) async fn end_suppression(
    conn: &mut PgConnection,
    id: i64,
    agent: AgentId,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update queue.suppression set ends_at = $2, ended_by = $3, ended_reason = $4 where id = $1",
        id,
        now,
        agent.get(),
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes whoever waits and is this person, or has this number, out of the queues. Whoever is held stays: the gate refuses them at the dial.
pub(crate) async fn remove_entries(conn: &mut PgConnection, user: Option<UserId>, number: Option<&str>) -> sqlx::Result<u64> {
    let done =
        sqlx::query!("delete from queue.entry where (user_id = $1 or number = $2) and leased_by is null", user.map(UserId::get), number,)
            .execute(conn)
            .await?;
    Ok(done.rows_affected())
}

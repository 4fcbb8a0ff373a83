use chrono::{DateTime, Utc};
use kernel::AgentId;
use sqlx::types::Json;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::types::{Disposition, DispositionEdit};

/// One disposition as data.
#[expect(clippy::struct_excessive_bools, reason = "one a column")]
#[derive(Clone, Debug)]
pub(crate) struct DispositionRow {
    pub(crate) code: Disposition,
    pub(crate) label: String,
    pub(crate) position: i16,
    pub(crate) key: Option<i16>,
    pub(crate) is_reached: Option<bool>,
    pub(crate) delay_hours: Option<i32>,
    pub(crate) is_failed: bool,
    pub(crate) replaces_cooling_off: bool,
    pub(crate) needs_note: bool,
    pub(crate) needs_time: bool,
    pub(crate) suppresses: Option<String>,
    pub(crate) also: Option<String>,
    pub(crate) wants_review: bool,
    pub(crate) is_system: bool,
    pub(crate) is_offered: bool,
    pub(crate) version: i32,
}

/// The columns of [`DispositionRow`], in the order of the screen.
macro_rules! select_dispositions {
    ($executor:expr, $lock:literal) => {
        sqlx::query_as!(
            DispositionRow,
            r#"
            select code as "code: Disposition", label, position, key, is_reached, delay_hours, is_failed, replaces_cooling_off, needs_note,
                needs_time, suppresses, also, wants_review, is_system, is_offered, version
            from calls.disposition
            order by position
            "# + $lock,
        )
        .fetch_all($executor)
        .await
    };
}

/// The catalogue, in the order of the screen.
pub(crate) async fn list_dispositions(executor: impl PgExecutor<'_>) -> sqlx::Result<Vec<DispositionRow>> {
    select_dispositions!(executor, "")
}

/// The same, as it stays until the transaction ends: who has which key and which place.
pub(crate) async fn lock_dispositions(conn: &mut PgConnection) -> sqlx::Result<Vec<DispositionRow>> {
    // Outcomes that name a row go on being recorded.
    select_dispositions!(conn, "for no key update")
}

/// Moves one to another place. Those between make room, each by one.
pub(crate) async fn move_disposition(conn: &mut PgConnection, code: Disposition, from: i16, to: i16) -> sqlx::Result<()> {
    // Places are looked at when the statement ends (`disposition_position_key` is deferrable). Whoever was moved has another version too:
    // an edit that was begun before would move them back.
    sqlx::query!(
        "
        update calls.disposition
        set version = version + (code <> $1)::integer,
            position = case
                when code = $1 then $3::smallint
                when $3::smallint > $2::smallint then position - 1
                else position + 1
            end
        where position between least($2::smallint, $3::smallint) and greatest($2::smallint, $3::smallint)
        ",
        code as Disposition,
        from,
        to,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores what was edited, but for the place.
pub(crate) async fn update_disposition(conn: &mut PgConnection, code: Disposition, edit: &DispositionEdit) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update calls.disposition
        set version = version + 1, label = $2, key = $3, delay_hours = $4, needs_note = $5, needs_time = $6, replaces_cooling_off = $7,
            wants_review = $8, also = $9, is_offered = $10
        where code = $1
        ",
        code as Disposition,
        edit.label,
        edit.key.map(i16::from),
        edit.delay_hours,
        edit.needs_note,
        edit.needs_time,
        edit.replaces_cooling_off,
        edit.wants_review,
        edit.also,
        edit.is_offered,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One change of one disposition.
#[derive(Debug)]
pub(crate) struct ChangeRow {
    pub(crate) changed_at: DateTime<Utc>,
    /// A name.
    pub(crate) changed_by: Option<String>,
    pub(crate) before: Json<DispositionEdit>,
    pub(crate) after: Json<DispositionEdit>,
}

/// Puts a change on record.
pub(crate) async fn insert_change(
    conn: &mut PgConnection,
    code: Disposition,
    (before, after): (&DispositionEdit, &DispositionEdit),
    by: AgentId,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into calls.disposition_change (disposition, changed_at, changed_by, before, after) values ($1, $2, $3, $4, $5)",
        code as Disposition,
        now,
        by.get(),
        Json(before) as _,
        Json(after) as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest changes.
pub(crate) async fn list_changes(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<ChangeRow>> {
    sqlx::query_as!(
        ChangeRow,
        r#"
        select c.changed_at as "changed_at!", a.name as "changed_by?", c.before as "before!: Json<DispositionEdit>",
            c.after as "after!: Json<DispositionEdit>"
        from calls.disposition_change c
        left join auth.published_agent a on a.id = c.changed_by
        order by c.id desc
        limit $1
        "#,
        limit,
    )
    .fetch_all(pool)
    .await
}

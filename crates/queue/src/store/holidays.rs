//! The list of days without calls, and its versions.

use chrono::{DateTime, NaiveDate, Utc};
use kernel::AgentId;
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::holidays::{Holiday, HolidaySource, Holidays};

/// What a change of the list did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum HolidayChangeKind {
    /// The official list was loaded.
    Loaded,
    /// A day was added.
    Added,
    /// A day was removed.
    Removed,
}

/// A change of the list.
#[derive(Debug)]
pub(crate) struct HolidayChangeRow {
    pub(crate) kind: HolidayChangeKind,
    pub(crate) changed_at: DateTime<Utc>,
    /// None: it came with the program, or by a command.
    pub(crate) changed_by: Option<AgentId>,
    /// Of a list that was loaded: the file.
    pub(crate) source: Option<String>,
    pub(crate) reason: Option<String>,
    /// It came with the program.
    pub(crate) is_shipped: bool,
    /// Days that it added, took away, and kept with another name or source.
    pub(crate) added: i64,
    pub(crate) removed: i64,
    pub(crate) changed: i64,
    /// The day that was added or removed alone.
    pub(crate) day: Option<NaiveDate>,
    pub(crate) name: Option<String>,
}

/// A change to be stored.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewHolidayChange<'a> {
    pub(crate) kind: HolidayChangeKind,
    pub(crate) by: Option<AgentId>,
    pub(crate) source: Option<&'a str>,
    pub(crate) reason: &'a str,
}

/// The list, with its version: the number of its last change.
pub(crate) async fn find_holidays(executor: impl PgExecutor<'_>) -> sqlx::Result<(i64, Holidays)> {
    let rows = sqlx::query!(
        r#"
        select v.version as "version!", h.day as "day?", h.name as "name?", h.source as "source?: HolidaySource"
        from (select coalesce(max(version), 0) as version from queue.holiday_change) v
        left join queue.holiday h on h.removed_in is null
        order by h.day
        "#,
    )
    .fetch_all(executor)
    .await?;
    let version = rows.first().map_or(0, |row| row.version);
    let day = |(day, (name, source))| (day, Holiday { name, source });
    Ok((version, Holidays::new(rows.into_iter().filter_map(|row| row.day.zip(row.name.zip(row.source)).map(day)))))
}

/// One change after the other: whoever changes the list waits for the end of this transaction.
pub(crate) async fn lock_holidays(conn: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(r#"select pg_advisory_xact_lock(hashtextextended('queue.holiday', 0)) as "locked: ()""#).fetch_one(conn).await?;
    Ok(())
}

/// Stores that the list is changed; the version that it has from now on.
pub(crate) async fn insert_holiday_change(conn: &mut PgConnection, new: NewHolidayChange<'_>, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        insert into queue.holiday_change (version, kind, changed_at, changed_by, source, reason)
        select coalesce(max(version), 0) + 1, $1, $2, $3, $4, $5 from queue.holiday_change
        returning version
        "#,
        new.kind as HolidayChangeKind,
        now,
        new.by.map(AgentId::get),
        new.source,
        new.reason,
    )
    .fetch_one(conn)
    .await
}

/// Adds days, with this change.
pub(crate) async fn insert_holidays(
    conn: &mut PgConnection,
    version: i64,
    source: HolidaySource,
    days: &[NaiveDate],
    names: &[String],
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into queue.holiday (day, name, source, added_in)
        select n.day, n.name, $2, $1 from unnest($3::date[], $4::text[]) n (day, name)
        "#,
        version,
        source as HolidaySource,
        days,
        names,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes days from the list, with this change.
pub(crate) async fn remove_holidays(conn: &mut PgConnection, version: i64, days: &[NaiveDate]) -> sqlx::Result<()> {
    sqlx::query!("update queue.holiday set removed_in = $1 where removed_in is null and day = any($2)", version, days)
        .execute(conn)
        .await?;
    Ok(())
}

/// The changes, the newest first.
pub(crate) async fn list_holiday_changes(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<HolidayChangeRow>> {
    sqlx::query_as!(
        HolidayChangeRow,
        r#"
        select c.kind as "kind: HolidayChangeKind", c.changed_at, c.changed_by as "changed_by: AgentId", c.source, c.reason,
            c.version = 1 as "is_shipped!",
            coalesce(d.added, 0) as "added!", coalesce(d.removed, 0) as "removed!", coalesce(d.changed, 0) as "changed!",
            case when c.kind <> 'loaded' then d.day end as day,
            case when c.kind <> 'loaded' then d.name end as name
        from queue.holiday_change c
        left join lateral (
            select count(*) filter (where e.is_added and not e.is_removed) as added,
                count(*) filter (where e.is_removed and not e.is_added) as removed,
                count(*) filter (where e.is_added and e.is_removed) as changed,
                min(e.day) as day, min(e.name) as name
            from (
                select h.day, min(h.name) as name, bool_or(h.added_in = c.version) as is_added,
                    coalesce(bool_or(h.removed_in = c.version), false) as is_removed
                from queue.holiday h
                where h.added_in = c.version or h.removed_in = c.version
                group by h.day
            ) e
        ) d on true
        order by c.version desc
        limit $1
        "#,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// The last time the official list was loaded: when, and from what.
pub(crate) async fn find_last_load(pool: &PgPool) -> sqlx::Result<Option<(DateTime<Utc>, String)>> {
    let row = sqlx::query!(
        r#"select changed_at, source as "source!" from queue.holiday_change where kind = 'loaded' order by version desc limit 1"#,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| (row.changed_at, row.source)))
}

/// How many promises are for a time from `from` until before `until`.
pub(crate) async fn count_promises_between(pool: &PgPool, from: DateTime<Utc>, until: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from queue.callback where state = 'scheduled' and promised_at >= $1 and promised_at < $2"#,
        from,
        until,
    )
    .fetch_one(pool)
    .await
}

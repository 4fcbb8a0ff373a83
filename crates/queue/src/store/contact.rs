//! Consent to marketing calls, and what the Telephone Preference Service says of numbers.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

#[derive(Debug)]
pub(crate) struct ConsentRow {
    /// E.164.
    pub(crate) number: String,
    pub(crate) given_at: DateTime<Utc>,
    pub(crate) source: String,
    pub(crate) withdrawn_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub(crate) struct ScreeningRow {
    /// E.164.
    pub(crate) number: String,
    pub(crate) screened_at: DateTime<Utc>,
    pub(crate) is_listed: bool,
}

/// Puts consent on record. False when it is there already, or the number's consent of before still holds.
pub(crate) async fn give_consent(conn: &mut PgConnection, row: &ConsentRow) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into queue.consent (number, given_at, source, withdrawn_at)
        select $1, $2, $3, $4
        where not exists (select from queue.consent c where c.number = $1 and c.given_at = $2)
        on conflict do nothing
        "#,
        row.number,
        row.given_at,
        row.source,
        row.withdrawn_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Withdraws what a number's consent of until then was worth. False when there was none.
pub(crate) async fn withdraw_consent(conn: &mut PgConnection, number: &str, at: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update queue.consent set withdrawn_at = $2 where number = $1 and withdrawn_at is null and given_at <= $2",
        number,
        at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Keeps a result, unless a newer one is there. False then, and when it is the same.
pub(crate) async fn store_screening(conn: &mut PgConnection, row: &ScreeningRow) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into queue.tps_screening as t (number, screened_at, is_listed)
        values ($1, $2, $3)
        on conflict (number) do update
        set screened_at = excluded.screened_at, is_listed = excluded.is_listed
        where t.screened_at < excluded.screened_at
        "#,
        row.number,
        row.screened_at,
        row.is_listed,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

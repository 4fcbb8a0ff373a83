//! What we have on record about numbers.

use chrono::{DateTime, Utc};
use sqlx::PgPool;

use crate::rules::SuppressionKind;

#[derive(Debug)]
pub(crate) struct RungRow {
    pub(crate) number: String,
    pub(crate) last_rung_at: DateTime<Utc>,
}

#[derive(Debug)]
pub(crate) struct ObjectionRow {
    pub(crate) number: String,
    pub(crate) kind: SuppressionKind,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub(crate) struct GivenRow {
    pub(crate) number: String,
    pub(crate) given_at: DateTime<Utc>,
    pub(crate) withdrawn_at: Option<DateTime<Utc>>,
}

#[derive(Debug)]
pub(crate) struct ScreenedRow {
    pub(crate) number: String,
    pub(crate) screened_at: DateTime<Utc>,
    pub(crate) is_listed: bool,
}

/// When we last rang each of these numbers, whomever we meant.
pub(crate) async fn list_rung(pool: &PgPool, numbers: &[String]) -> sqlx::Result<Vec<RungRow>> {
    sqlx::query_as!(
        RungRow,
        r#"
        select number as "number!", max(attempted_at) as "last_rung_at!"
        from queue.attempt
        where number = any($1) and not is_incoming
        group by number
        "#,
        numbers,
    )
    .fetch_all(pool)
    .await
}

/// Every objection to these numbers, also those that have ended.
pub(crate) async fn list_objections_to(pool: &PgPool, numbers: &[String]) -> sqlx::Result<Vec<ObjectionRow>> {
    sqlx::query_as!(
        ObjectionRow,
        r#"
        select number as "number!", kind as "kind: SuppressionKind", created_at, ends_at
        from queue.suppression
        where number = any($1)
        order by id
        "#,
        numbers,
    )
    .fetch_all(pool)
    .await
}

/// All consent that was given on these numbers.
pub(crate) async fn list_consent_on(pool: &PgPool, numbers: &[String]) -> sqlx::Result<Vec<GivenRow>> {
    sqlx::query_as!(GivenRow, "select number, given_at, withdrawn_at from queue.consent where number = any($1) order by id", numbers)
        .fetch_all(pool)
        .await
}

/// What the Telephone Preference Service said of these numbers.
pub(crate) async fn list_screened(pool: &PgPool, numbers: &[String]) -> sqlx::Result<Vec<ScreenedRow>> {
    sqlx::query_as!(ScreenedRow, "select number, screened_at, is_listed from queue.tps_screening where number = any($1)", numbers)
        .fetch_all(pool)
        .await
}

//! The versions of the settings.

use chrono::{DateTime, Utc};
use kernel::AgentId;
use sqlx::PgPool;
use sqlx::types::Json;

use crate::settings::Settings;

/// A version of the settings.
#[derive(Debug)]
pub(crate) struct SettingsRow {
    pub(crate) version: i32,
    pub(crate) settings: Json<Settings>,
    pub(crate) created_at: DateTime<Utc>,
    /// None: they came with the program.
    pub(crate) created_by: Option<AgentId>,
    pub(crate) reason: Option<String>,
}

/// The settings that hold, with their version.
pub(crate) async fn find_settings(pool: &PgPool) -> sqlx::Result<(i32, Settings)> {
    let row = sqlx::query!(r#"select version, body as "body: Json<Settings>" from queue.settings order by version desc limit 1"#)
        .fetch_one(pool)
        .await?;
    Ok((row.version, row.body.0))
}

/// The newest versions.
pub(crate) async fn list_settings(pool: &PgPool, limit: i64) -> sqlx::Result<Vec<SettingsRow>> {
    sqlx::query_as!(
        SettingsRow,
        r#"
        select version, body as "settings: Json<Settings>", created_at, created_by as "created_by: AgentId", reason
        from queue.settings
        order by version desc
        limit $1
        "#,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// False when there is such a version already: somebody was quicker.
pub(crate) async fn insert_settings(
    pool: &PgPool,
    version: i32,
    settings: &Settings,
    agent: AgentId,
    reason: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into queue.settings (version, body, created_at, created_by, reason) values ($1, $2, $3, $4, $5) on conflict do nothing",
        version,
        Json(settings) as _,
        now,
        agent.get(),
        reason,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

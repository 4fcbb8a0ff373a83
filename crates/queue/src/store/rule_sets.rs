//! Rule sets that were added to those that are shipped.

use chrono::{DateTime, Utc};
use scoring::RuleSet;
use sqlx::types::Json;
use sqlx::{PgConnection, PgPool};

/// The newest version of a name; 0 when there is none. Nobody else adds one of that name before the transaction ends.
pub(crate) async fn lock_newest_version(conn: &mut PgConnection, name: &str) -> sqlx::Result<i32> {
    sqlx::query!("select pg_advisory_xact_lock(hashtext('queue.rule_set'), hashtext($1))", name).execute(&mut *conn).await?;
    sqlx::query_scalar!(r#"select coalesce(max(version), 0) as "newest!" from queue.rule_set where name = $1"#, name).fetch_one(conn).await
}

pub(crate) async fn insert_rule_set(
    conn: &mut PgConnection,
    name: &str,
    version: i32,
    rule_set: &RuleSet,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "insert into queue.rule_set (name, version, body, created_at) values ($1, $2, $3, $4)",
        name,
        version,
        Json(rule_set) as _,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The one with this label, `name/version`.
pub(crate) async fn find_rule_set(pool: &PgPool, label: &str) -> sqlx::Result<Option<RuleSet>> {
    let found = sqlx::query_scalar!(r#"select body as "body: Json<RuleSet>" from queue.rule_set where name || '/' || version = $1"#, label)
        .fetch_optional(pool)
        .await?;
    Ok(found.map(|body| body.0))
}

/// The labels of all, the newest version of a name first.
pub(crate) async fn list_rule_sets(pool: &PgPool) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(r#"select name || '/' || version as "label!" from queue.rule_set order by name, version desc"#)
        .fetch_all(pool)
        .await
}

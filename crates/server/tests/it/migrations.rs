//! Migrations, forward only, from any state that was ever reached (lessons, line 52).

use serde_json::json;
use server::MIGRATOR;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};
use testkit::TestPlatform;

use crate::decisions::seal_all;
use crate::support::{Client, TestApp};

/// What was in a database by then, written by hand in the words of that schema, by the last migration before it.
const FILLED: [(i64, &str); 12] = [
    (8, include_str!("migrations/0008.sql")),
    (15, include_str!("migrations/0015.sql")),
    (32, include_str!("migrations/0032.sql")),
    (37, include_str!("migrations/0037.sql")),
    (38, include_str!("migrations/0038.sql")),
    (39, include_str!("migrations/0039.sql")),
    (40, include_str!("migrations/0040.sql")),
    (50, include_str!("migrations/0050.sql")),
    (52, include_str!("migrations/0052.sql")),
    (60, include_str!("migrations/0060.sql")),
    (95, include_str!("migrations/0095.sql")),
    (96, include_str!("migrations/0096.sql")),
];

/// Brings the schema to what it was after this migration.
async fn migrate_through(pool: &PgPool, version: i64) {
    let so_far = MIGRATOR.iter().filter(|migration| migration.version <= version).cloned().collect();
    Migrator::with_migrations(so_far).run(pool).await.unwrap();
}

async fn tables(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar(
        "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('auth', 'calls', 'queue', 'server') order by 1",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

/// Every row there is, with its table.
async fn rows(pool: &PgPool) -> Vec<(String, String)> {
    let mut rows = Vec::new();
    for table in tables(pool).await {
        let statement = AssertSqlSafe(format!("select to_jsonb(t)::text from {table} t"));
        rows.extend(sqlx::query_scalar::<_, String>(statement).fetch_all(pool).await.unwrap().into_iter().map(|row| (table.clone(), row)));
    }
    rows
}

/// Rows that are not there any more as they were. Columns may have been added to them.
async fn lost(pool: &PgPool, rows: &[(String, String)]) -> Vec<(String, String)> {
    let mut lost = Vec::new();
    for (table, row) in rows {
        let statement = AssertSqlSafe(format!("select exists (select from {table} t where to_jsonb(t) @> $1::jsonb)"));
        if !sqlx::query_scalar::<_, bool>(statement).bind(row).fetch_one(pool).await.unwrap() {
            lost.push((table.clone(), row.clone()));
        }
    }
    lost
}

/// A database as it was left, migrated to this day.
#[sqlx::test(migrations = false)]
async fn a_filled_database_keeps_its_rows_through_every_migration_and_the_product_goes_on_with_them(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let pool = server::app::pool_options().connect_with(server::app::with_timeouts(connect)).await.unwrap();
    let newest = MIGRATOR.iter().map(|migration| migration.version).max().unwrap();
    let mut filled = FILLED.into_iter().peekable();
    let mut kept = Vec::new();
    for migration in MIGRATOR.iter() {
        if migration.version == newest {
            for table in tables(&pool).await {
                assert!(kept.iter().any(|(of, _)| *of == table), "nothing is in {table} before the newest migration: fill it in FILLED");
            }
        }
        migrate_through(&pool, migration.version).await;
        assert_eq!(lost(&pool, &kept).await, [], "lost by {} {}", migration.version, migration.description);
        if let Some((_, rows_of_then)) = filled.next_if(|(version, _)| *version == migration.version) {
            sqlx::raw_sql(rows_of_then).execute(&pool).await.unwrap();
            kept = rows(&pool).await;
        }
    }
    assert_eq!(filled.next(), None, "filled after a migration that there is not");
    let body: serde_json::Value = sqlx::query_scalar("select body from queue.rule_set").fetch_one(&pool).await.unwrap();
    let stored: scoring::RuleSet = serde_json::from_value(body).unwrap();
    assert_eq!((stored.label(), stored.problems()), ("mine/1".to_owned(), Vec::new()), "a rule set that was stored is still one");
    let named = "select count(*) from queue.callback where state = 'scheduled' and lenders = '{santander}' and solicitors = '{hill & co}'";
    assert_eq!(sqlx::query_scalar::<_, i64>(named).fetch_one(&pool).await.unwrap(), 1, "a promise has what its entry had");
    let unproved = "select conname::text from pg_constraint where not convalidated";
    assert_eq!(sqlx::query_scalar::<_, String>(unproved).fetch_all(&pool).await.unwrap(), Vec::<String>::new());
    // By the program itself, too: it agrees with every migration as it was applied, and has none to add.
    MIGRATOR.run(&pool).await.unwrap();

    let platform = TestPlatform::new().await.unwrap();
    for id in [1, 2, 4, 5] {
        platform.user(id).unsigned().phone(&format!("+4477009001{id:02}")).claim("santander").insert().await.unwrap();
    }
    platform.user(3).phone("+447700900103").claim("santander").requirement("proof_of_address").insert().await.unwrap();
    platform.caught_up().await.unwrap();
    let app = TestApp::over(pool, platform).await;
    let [robin, sam, alex] = [1, 2, 3].map(|agent| Client { agent, ..app.anonymous() });
    let (robin, sam, alex) = (app.signed_in_again(&robin).await, app.signed_in_again(&sam).await, app.signed_in_again(&alex).await);

    let held = sam.ask("/api/queue/current", json!({})).await;
    assert_eq!((&held["user"]["id"], &held["lease_id"]), (&json!("2"), &json!("1")), "Sam holds whom Sam held: {held}");
    let promised = robin.call_next().await;
    assert_eq!((&promised["user"]["id"], &promised["queue"]), (&json!("3"), &json!("callbacks")), "{promised}");
    app.discover().await;
    let waiting: Vec<i64> = sqlx::query_scalar("select user_id from queue.entry order by 1").fetch_all(&app.pool).await.unwrap();
    assert_eq!(waiting, [1, 2, 3, 4], "whoever objected is in no queue");
    assert_eq!(alex.call_next().await["user"]["id"], "1");
    let history = alex.ask("/api/calls/history", json!({"user_id": "4"})).await;
    let told: Vec<_> = history.as_array().unwrap().iter().map(|entry| entry["title"].as_str().unwrap()).collect();
    assert_eq!(told, ["Will do it · 3 min 50 s", "Skipped by Robin Tester: other", "Callback promised by Robin Tester"], "{history}");
    let overview = alex.ask("/api/queue/overview", json!({})).await;
    assert_eq!((&overview["pauses"][0]["name"], &overview["pauses"][1]), (&json!("hill & co"), &json!(null)), "{overview}");

    // Sealed then, and sealed now, are one chain.
    seal_all(&app).await;
    let verified = app.app.queue.verify(&[]).await.unwrap();
    assert!(verified.blocks >= 2, "{verified:?}");
    assert_eq!((verified.decisions, verified.waiting), (5, 0), "{verified:?}");
    app.stop().await;
}

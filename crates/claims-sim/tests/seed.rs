//! Loading against a real server, and what is refused.

use chrono::{DateTime, TimeDelta};
use claims_sim::{Population, Report, events, seed};
use sqlx::{Connection, MySqlConnection};
use testkit::{TestPlatform, claim_id};

fn population(users: u64) -> Population {
    Population { users, seed: 7, as_of: DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_516_200) }
}

async fn count(conn: &mut MySqlConnection, sql: &'static str) -> u64 {
    sqlx::query_scalar::<_, i64>(sql).fetch_one(conn).await.map_or(u64::MAX, i64::unsigned_abs)
}

#[tokio::test]
async fn a_database_is_made_filled_and_not_filled_twice() {
    let platform = TestPlatform::bare().await.unwrap();
    let mut told = Vec::new();

    let report = seed(platform.primary_url(), &population(2_500), |line| told.push(line.to_owned())).await.unwrap();

    let mut conn = MySqlConnection::connect(platform.primary_url()).await.unwrap();
    let held = Report {
        users: count(&mut conn, "select count(*) from users").await,
        claims: count(&mut conn, "select count(*) from claims").await,
        requirements: count(&mut conn, "select count(*) from claim_requirements").await,
        packages: count(&mut conn, "select count(*) from claim_vehicle_packages").await,
        addresses: count(&mut conn, "select count(*) from user_addresses").await,
        logs: count(&mut conn, "select count(*) from user_logs").await,
        took: report.took,
    };
    assert_eq!(report, held);
    assert_eq!(held.users, 2_500);
    assert!(told.iter().any(|line| line == "2500 of 2500 users"), "{told:?}");

    // What is beyond the contract, and what text has to survive.
    assert!(count(&mut conn, "select count(*) from users where marketing_source is not null").await > 0);
    assert!(count(&mut conn, "select count(*) from users where last_name like 'O''%'").await > 0);
    assert_eq!(count(&mut conn, "select count(*) from users where id > 9007199254740992").await, 5);
    assert_eq!(count(&mut conn, "select count(*) from claims c left join users u on u.id = c.user_id where u.id is null").await, 0);

    let again = seed(platform.primary_url(), &population(10), |_| {}).await.unwrap_err().to_string();
    assert!(again.contains("already seeded with 2500 users of seed 7 as of 2026-11-24 10:30:00; drop it to seed again"), "{again}");

    sqlx::query("update claims_sim_origin set is_complete = 0").execute(&mut conn).await.unwrap();
    let unfinished = seed(platform.primary_url(), &population(10), |_| {}).await.unwrap_err().to_string();
    assert!(unfinished.contains("unfinished"), "{unfinished}");

    conn.close().await.unwrap();
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn a_missing_database_is_created() {
    let platform = TestPlatform::bare().await.unwrap();
    let url = platform.primary_url().to_owned();
    platform.drop().await.unwrap();

    let report = seed(&url, &population(20), |_| {}).await.unwrap();

    assert_eq!(report.users, 20);
    let mut conn = MySqlConnection::connect(&url).await.unwrap();
    let name: String = sqlx::query_scalar("select database()").fetch_one(&mut conn).await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("drop database {name}"))).execute(&mut conn).await.unwrap();
}

#[tokio::test]
async fn tables_of_somebody_else_are_left_alone() {
    let platform = TestPlatform::new().await.unwrap();
    platform.user(1).insert().await.unwrap();

    let refusal = seed(platform.primary_url(), &population(10), |_| {}).await.unwrap_err().to_string();

    assert!(refusal.contains("did not create"), "{refusal}");
    let users: i64 = sqlx::query_scalar("select count(*) from users").fetch_one(platform.primary()).await.unwrap();
    assert_eq!(users, 1);
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn another_machine_is_refused_before_anything_is_sent() {
    for host in ["db.example.com", "10.0.0.5", "localhost.example.com", "127.0.0.1.example.com"] {
        let refusal = seed(&format!("mysql://u:p@{host}/claims_platform"), &population(10), |_| {}).await.unwrap_err().to_string();
        assert!(refusal.contains("is not this machine"), "{refusal}");
    }
}

#[tokio::test]
async fn events_change_what_they_say() {
    let platform = TestPlatform::new().await.unwrap();
    platform
        .user(48_213)
        .unsigned()
        .claim("santander")
        .requirement("signature")
        .requirement_as("proof_of_address", "pending", "")
        .claim("hsbc")
        .claim_status("cancelled")
        .insert()
        .await
        .unwrap();
    let at = "2026-11-24T11:00:00Z".parse().unwrap();
    let mut conn = platform.primary().acquire().await.unwrap();

    events::sign(&mut conn, 48_213, at).await.unwrap();
    let pending = count(&mut conn, "select count(*) from claim_requirements where lower(status) = 'pending'").await;
    assert_eq!(pending, 1, "the signature's own requirement is complete");
    let signature: Option<String> = sqlx::query_scalar("select current_signature_file_id from users").fetch_one(&mut *conn).await.unwrap();
    assert_eq!(signature.unwrap().len(), 36);

    assert_eq!(events::complete_requirements(&mut conn, 48_213, at).await.unwrap(), 1);
    assert_eq!(events::close_claims(&mut conn, 48_213, at).await.unwrap(), 1);
    let statuses: Vec<String> = sqlx::query_scalar("select status from claims order by id").fetch_all(&mut *conn).await.unwrap();
    assert_eq!(statuses, ["complete", "cancelled"], "claim {} was closed before", claim_id(48_213, 2));

    events::disable(&mut conn, 48_213, at).await.unwrap();
    assert_eq!(count(&mut conn, "select count(*) from users where is_enabled = 0").await, 1);
    assert_eq!(count(&mut conn, "select count(*) from user_logs").await, 4);
    assert!(events::sign(&mut conn, 1, at).await.is_err(), "there is no user 1");

    drop(conn);
    platform.drop().await.unwrap();
}

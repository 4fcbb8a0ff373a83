//! What happens when something we need is away.

use std::time::{Duration, Instant};

use auth::Role;
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{TcpProxy, TestPlatform};
use users::{LagSource, ReplicaOptions};

use crate::support::TestApp;

/// lessons, line 6: “queue empty” with a full queue. → Unknown is not refused.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn without_the_replica_call_next_says_in_words_that_it_cannot_check_and_nothing_is_lost(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().claim("vw_finance").insert().await.unwrap();
    app.discover().await;
    let (holder, agent) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    let held = holder.call_next().await;

    for outage in ["stopped", "stalled"] {
        if outage == "stopped" {
            app.replica_proxy.stop().await;
        } else {
            app.replica_proxy.stall().await;
        }

        let asked = Instant::now();
        let (status, answer) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
        assert!(asked.elapsed() < Duration::from_secs(2), "{outage}: {:?}", asked.elapsed());
        assert_eq!((status, answer["code"].as_str()), (503, Some("unavailable")), "{outage}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains("cannot be read"), "{answer}");
        assert_eq!(holder.post("/api/queue/current", json!({})).await.0, 503);
        app.replica_proxy.resume().await;
        app.until("the lag is known again", || app.app.replica.lag().is_some()).await;
    }

    assert_eq!(app.count("select count(*) from queue.lease").await, 1, "whoever was held is held, nobody else");
    assert_eq!(app.count("select count(*) from queue.entry").await, 2);
    assert!(app.count("select count(*) from queue.decision where outcome = 'unknown'").await >= 4);
    assert_eq!(holder.ask("/api/queue/current", json!({})).await["lease_id"], held["lease_id"]);
    assert_eq!(agent.call_next().await["user"]["id"], "2");
    app.stop().await;
}

/// The time that a request has for the replica is that of all its reads together.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_slow_replica_has_a_second_and_a_half_for_a_whole_request(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=5 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    sqlx::query("update users set is_enabled = 0").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    let agent = app.signed_in(Role::Agent).await;
    app.warm_replica().await;
    app.replica_proxy.slow(Duration::from_millis(650)).await;

    let asked = Instant::now();
    let (status, answer) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;

    assert_eq!(status, 503, "the third read is given up: {answer}");
    assert!(asked.elapsed() < Duration::from_millis(1_800), "{:?}", asked.elapsed());
    assert_eq!(app.count("select count(*) from queue.decision where outcome = 'refused'").await, 2);
    let unknown: serde_json::Value =
        sqlx::query_scalar("select convert_from(record, 'UTF8')::jsonb->'replica' from queue.decision where outcome = 'unknown'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!((&unknown["has_answered"], unknown["lag_millis"].is_i64()), (&json!(false), true), "the lag was known: {unknown}");
    app.stop().await;
}

/// A lag over the limit proves nothing, and neither does an unknown one.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_replica_too_far_behind_is_not_believed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    sqlx::query(
        "insert into queue.settings select version + 1, jsonb_set(body, '{max_lag_millis}', '-1'), created_at, null from queue.settings",
    )
    .execute(&app.pool)
    .await
    .unwrap();

    let (status, answer) = app.signed_in(Role::Agent).await.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;

    assert_eq!(status, 503, "the new settings hold from the next request on: {answer}");
    assert_eq!(app.count("select count(*) from queue.entry where leased_by is null").await, 1);
    app.stop().await;
}

/// A heartbeat that stops is a replica that falls behind.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn when_the_heartbeat_stops_nobody_is_handed_out(_: PgPoolOptions, connect: PgConnectOptions) {
    let platform = TestPlatform::new().await.unwrap();
    for statement in [
        "create table heartbeat (ts varchar(26) not null, server_id int unsigned not null primary key)",
        "insert into heartbeat values (date_format(utc_timestamp(6), '%Y-%m-%dT%H:%i:%s.%f'), 1)",
    ] {
        sqlx::query(statement).execute(platform.primary()).await.unwrap();
    }
    platform.caught_up().await.unwrap();
    let beating = tokio::spawn({
        let primary = platform.primary().clone();
        async move {
            loop {
                let beat = "update heartbeat set ts = date_format(utc_timestamp(6), '%Y-%m-%dT%H:%i:%s.%f')";
                sqlx::query(beat).execute(&primary).await.unwrap();
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    });
    let options = ReplicaOptions { lag_source: LagSource::Heartbeat, ..ReplicaOptions::default() };
    let app = TestApp::reading(connect, platform, options).await;
    for id in [1, 2] {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let lag = agent.ask("/api/queue/summary", json!({})).await["replica_lag_millis"].as_i64().unwrap();
    let offered = agent.call_next().await;
    assert!(offered["user"]["id"].is_string(), "{lag} ms behind: {offered}");
    agent.ask("/api/queue/release", json!({"lease_id": offered["lease_id"], "reason": "language"})).await;

    beating.abort();
    app.until("the lag is over the limit", || app.app.replica.lag().is_some_and(|lag| lag.millis > 5_000)).await;
    let (status, answer) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
    assert_eq!((status, answer["code"].as_str()), (503, Some("unavailable")), "{answer}");
    // And without any at all.
    sqlx::query("delete from heartbeat").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    app.until("the lag is unknown", || app.app.replica.lag().is_none()).await;
    let (status, _) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
    assert_eq!(status, 503);

    assert_eq!(app.count("select count(*) from queue.entry where leased_by is null").await, 2, "nobody is lost");
    let records: Vec<serde_json::Value> =
        sqlx::query_scalar("select convert_from(record, 'UTF8')::jsonb from queue.decision order by made_at")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    let told: Vec<_> =
        records.iter().map(|record| (record["outcome"].as_str().unwrap(), record["replica"]["lag_source"].as_str().unwrap())).collect();
    assert_eq!(told, [("callable", "heartbeat"), ("unknown", "heartbeat"), ("unknown", "heartbeat")]);
    assert!(records[1]["replica"]["lag_millis"].as_i64().unwrap() > 5_000 && records[2]["replica"]["lag_millis"].is_null());
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn when_postgresql_comes_back_the_server_recovers_by_itself(_: PgPoolOptions, connect: PgConnectOptions) {
    let address = format!("postgres://x@{}:{}/x", connect.get_host(), connect.get_port());
    let proxy = TcpProxy::in_front_of(&address).await.unwrap();
    let port = proxy.url().rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
    let through = connect.clone().host("127.0.0.1").port(port);
    let pool = server::app::pool_options().connect_lazy_with(server::app::with_timeouts(through));
    let app = TestApp::over(pool, TestPlatform::new().await.unwrap()).await;
    let agent = app.signed_in(Role::Agent).await;
    assert_eq!(agent.post("/api/auth/me", json!({})).await.0, 200);

    proxy.stop().await;
    for path in ["/api/auth/me", "/api/queue/summary", "/api/auth/sign_in"] {
        let asked = Instant::now();
        let (status, answer) = agent.post(path, json!({"email": "a@example.co.uk", "password": "x"})).await;
        assert_eq!(status, 503, "{path}: {answer}");
        assert!(asked.elapsed() < Duration::from_secs(4), "{path}");
    }
    let ready = agent.http.get(format!("{}/health/ready", app.base)).send().await.unwrap();
    assert_eq!(ready.status(), 503);
    assert_eq!(ready.json::<serde_json::Value>().await.unwrap()["checks"][0]["is_ok"], false);
    assert_eq!(agent.http.get(format!("{}/health/live", app.base)).send().await.unwrap().status(), 200);

    proxy.resume().await;
    let mut last = 0;
    for _ in 0..40 {
        last = agent.post("/api/auth/me", json!({})).await.0;
        if last == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(last, 200);
    app.stop().await;
}

/// lessons, line 47: statements without an end. → The server ends one by itself, whoever still waits for it.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn postgresql_ends_a_slow_statement(_: PgPoolOptions, connect: PgConnectOptions) {
    let pool = server::app::pool_options().connect_lazy_with(server::app::with_timeouts(connect));

    let asked = Instant::now();
    let error = sqlx::query("select pg_sleep(30)").execute(&pool).await.unwrap_err();

    assert_eq!(error.as_database_error().and_then(sqlx::error::DatabaseError::code).as_deref(), Some("57014"), "{error}");
    assert!(asked.elapsed() < Duration::from_secs(12), "{:?}", asked.elapsed());
}

/// A browser that leaves, a time-out: whoever waits for a transaction to begin may be gone before it has begun.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_is_written_after_a_request_was_dropped_while_its_transaction_began_is_kept(
    options: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let proxy = TcpProxy::in_front_of(&format!("postgres://x@{}:{}/x", connect.get_host(), connect.get_port())).await.unwrap();
    let port = proxy.url().rsplit_once(':').unwrap().1.split('/').next().unwrap().parse().unwrap();
    let through = server::app::pool_options().max_connections(1).connect_with(connect.clone().host("127.0.0.1").port(port)).await.unwrap();
    let directly = options.connect_with(connect).await.unwrap();
    sqlx::query("create table written (what text)").execute(&directly).await.unwrap();

    proxy.slow(Duration::from_millis(300)).await;
    let begun = tokio::time::timeout(Duration::from_millis(100), kernel::begin(&through)).await;
    assert!(begun.is_err(), "it was dropped too late");
    proxy.resume().await;

    sqlx::query("insert into written values ('by the next request')").execute(&through).await.unwrap();
    let kept: i64 = sqlx::query_scalar("select count(*) from written").fetch_one(&directly).await.unwrap();
    assert_eq!(kept, 1, "it was written in the transaction of the one before");
}

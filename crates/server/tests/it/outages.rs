//! What happens when something we need is away.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::{Duration, Instant};

use auth::Role;
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt as _;
use futures::future::join_all;
use kernel::Hint;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use testkit::{TcpProxy, TestPlatform};
use users::{LagSource, ReplicaOptions};

use crate::begun::{ANSWERS, LEG, handed_out, people_rung, start};
use crate::support::{Client, TestApp, patient_pool};

/// Three times what is promised, for a busy machine: a request that the replica does not answer ends in less than 2 s.
const DEADLINE: Duration = Duration::from_secs(6);

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
        assert!(asked.elapsed() < DEADLINE, "{outage}: {:?}", asked.elapsed());
        assert_eq!((status, answer["code"].as_str()), (503, Some("unavailable")), "{outage}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains("cannot be read"), "{answer}");
        assert_eq!(holder.post("/api/queue/current", json!({})).await.0, 503);
        app.replica_proxy.resume().await;
        app.until("the lag is known again", || app.app.queue.replica_lag().is_some()).await;
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
    app.replica_proxy.slow(Duration::from_millis(800)).await;
    let reads = app.app.replica.reads();

    let (status, answer) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;

    // Each read by itself has the time to be answered, as the first one has, so all five people would be tried: it is the sum that ends the
    // request.
    assert_eq!(status, 503, "the second read is given up: {answer}");
    assert_eq!(app.count("select count(*) from queue.decision where outcome = 'refused'").await, 1);
    assert_eq!(app.app.replica.reads() - reads, 2);
    let unknown: serde_json::Value =
        sqlx::query_scalar("select convert_from(record, 'UTF8')::jsonb->'replica' from queue.decision where outcome = 'unknown'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!((&unknown["has_answered"], unknown["lag_millis"].is_i64()), (&json!(false), true), "the lag was known: {unknown}");
    app.stop().await;
}

/// What nobody can be rung on: an agent who is on the line is told so and keeps their person, one who asks is given nobody, and nothing in the
/// queue moves. Whoever was held before is held after it.
async fn nobody_is_rung_and_nobody_lost(app: &TestApp, agent: &Client, hand_out: &Value, leg: &'static str) {
    let entries = "select coalesce(sum(hashtext(e::text)::bigint), 0)::bigint from queue.entry e";
    let (other, before) = (app.signed_in(Role::Agent).await, app.count(entries).await);
    let (attempts, rung) = (app.count("select count(*) from queue.attempt").await, people_rung(app).await);

    let begun = start(agent.clone(), hand_out, leg).await;
    begun.join(app).await;
    let call = begun.until("ended").await;
    assert_eq!(call["end"]["how"], "could_not_check", "{call}");
    assert!(call["end"]["words"].as_str().unwrap().contains("cannot be read"), "{call}");
    for (asking, path) in [(&other, "/api/queue/call_next"), (agent, "/api/queue/current")] {
        let asked = Instant::now();
        let (status, answer) = asking.post(path, json!({"queue": "unsigned_users"})).await;
        assert_eq!(status, 503, "{path}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains("cannot be read"), "{path}: {answer}");
        assert!(asked.elapsed() < DEADLINE, "{path}: {:?}", asked.elapsed());
    }

    assert_eq!((app.count("select count(*) from queue.attempt").await, people_rung(app).await), (attempts, rung));
    assert_eq!(app.count(entries).await, before, "nobody waits longer than before, and whoever is held is held");
    assert!(app.count("select count(*) from queue.decision where purpose = 'dial' and outcome = 'unknown'").await > 0);
}

/// And when it is over: the agent goes on with their person.
async fn all_goes_on(app: &TestApp, agent: &Client, hand_out: &Value) {
    app.until("the lag is known again", || app.app.queue.replica_lag().is_some()).await;
    let (status, held) = agent.post_again("/api/queue/current", &json!({})).await;
    assert_eq!((status, &held["lease_id"]), (200, &hand_out["lease_id"]), "{held}");
    let other = app.signed_in(Role::Agent).await;
    let next = other.call_next_again("unsigned_users").await;
    assert_eq!(next["user"]["id"], "2", "{next}");
    other.ask("/api/auth/set_presence", json!({"intention": "offline"})).await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_replica_that_takes_five_seconds_or_lacks_a_column_rings_nobody_and_loses_nobody(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier_over(patient_pool(connect), TestPlatform::new().await.unwrap()).await;
    let (agent, hand_out) = handed_out(&app, ANSWERS).await;

    app.warm_replica().await;
    app.replica_proxy.slow(Duration::from_secs(5)).await;
    nobody_is_rung_and_nobody_lost(&app, &agent, &hand_out, LEG).await;
    app.replica_proxy.resume().await;
    all_goes_on(&app, &agent, &hand_out).await;

    // It reaches the replica as everything does.
    sqlx::query("alter table users rename column is_enabled to is_switched_on").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    nobody_is_rung_and_nobody_lost(&app, &agent, &hand_out, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb").await;
    let failed = app.app.queue.discover(queue::Order::default()).await;
    assert!(matches!(failed, Err(queue::QueueFailure::Replica(_))), "{failed:?}");
    assert_eq!(app.count("select count(*) from queue.entry").await, 2, "discovery takes a missing column for no reason to remove anybody");
    sqlx::query("alter table users rename column is_switched_on to is_enabled").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    all_goes_on(&app, &agent, &hand_out).await;
    app.stop().await;
}

/// Here the replica is really behind: the person has signed, and the replica does not know it yet.
#[sqlx::test(migrator = "server::MIGRATOR")]
#[ignore = "holds the replica back for every test: scripts/test runs it by itself"]
async fn a_replica_that_lags_behind_is_not_believed_and_catching_up_it_saves_the_call(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().claim("vw_finance").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let mut replica = app.platform.replica_admin().await.unwrap();
    let mut hold_back = async |seconds: u32| {
        let words = format!("stop slave; change master to master_delay = {seconds}; start slave");
        sqlx::raw_sql(AssertSqlSafe(words)).execute(&mut replica).await.unwrap();
    };

    hold_back(30).await;
    let lagging = AssertUnwindSafe(async {
        sqlx::query("update users set current_signature_file_id = uuid() where id = 1").execute(app.platform.primary()).await.unwrap();
        // The limit is 5 s.
        app.until("it lags", || app.app.queue.replica_lag().is_some_and(|lag| lag.millis > 5_000)).await;
        let (status, answer) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
        assert_eq!(status, 503, "{answer}");
        assert!(answer["message"].as_str().unwrap().contains("cannot be read"), "{answer}");
        let refused = app.app.queue.discover(queue::Order::default()).await;
        assert!(matches!(refused, Err(queue::QueueFailure::Refused(queue::QueueError::CannotCheck))), "{refused:?}");
        assert_eq!(app.count("select count(*) from queue.lease").await, 0);
        let recorded: i64 = sqlx::query_scalar(
            "select (convert_from(record, 'UTF8')::jsonb->'replica'->>'lag_millis')::bigint from queue.decision where outcome = 'unknown'",
        )
        .fetch_one(&app.pool)
        .await
        .unwrap();
        assert!(recorded > 5_000, "{recorded}");
    });
    let ended = lagging.catch_unwind().await;
    hold_back(0).await;
    ended.unwrap_or_else(|panic| resume_unwind(panic));

    app.platform.caught_up().await.unwrap();
    app.until("it has caught up", || app.app.queue.replica_lag().is_some_and(|lag| lag.millis == 0)).await;
    let answer = agent.call_next().await;
    assert_eq!((&answer["user"]["id"], &answer["saved_calls"]), (&json!("2"), &json!(1)), "{answer}");
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
    app.until("the lag is over the limit", || app.app.queue.replica_lag().is_some_and(|lag| lag.millis > 5_000)).await;
    let (status, answer) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
    assert_eq!((status, answer["code"].as_str()), (503, Some("unavailable")), "{answer}");
    // And without any at all.
    sqlx::query("delete from heartbeat").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    app.until("the lag is unknown", || app.app.queue.replica_lag().is_none()).await;
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

/// As a restart does it: every connection is cut, and for a while there are no new ones.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn when_postgresql_restarts_agents_are_told_to_try_again_and_find_everything_as_it_was(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    for id in 1..=3 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let (agent, other) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    let held = agent.call_next().await;
    let before = app.everything_but_hearing().await;
    let name = connect.get_database().unwrap();
    let mut server = connect.clone().database("postgres").connect().await.unwrap();
    let mut tell = async |words: String| {
        sqlx::raw_sql(AssertSqlSafe(words)).execute(&mut server).await.unwrap();
    };

    tell(format!(r#"alter database "{name}" with allow_connections false"#)).await;
    tell(format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")).await;
    for path in ["/api/auth/me", "/api/queue/call_next", "/api/queue/current"] {
        let asked = Instant::now();
        // So many at once that every connection of the pool is found dead by somebody.
        for (status, answer) in join_all((0..15).map(|_| agent.post(path, json!({"queue": "unsigned_users"})))).await {
            assert_eq!(status, 503, "{path}: {answer}");
            assert!(answer["message"].as_str().unwrap().contains("try again"), "{path}: {answer}");
        }
        assert!(asked.elapsed() < Duration::from_secs(5), "{path}: {:?}", asked.elapsed());
    }
    tell(format!(r#"alter database "{name}" with allow_connections true"#)).await;

    assert_eq!(agent.post_again("/api/auth/me", &json!({})).await.0, 200, "nobody has to sign in again");
    assert_eq!(app.everything_but_hearing().await, before);
    let again = agent.ask("/api/queue/current", json!({})).await;
    assert_eq!((&again["lease_id"], &again["user"]), (&held["lease_id"], &held["user"]), "{again}");
    assert_ne!(other.call_next_again("unsigned_users").await["user"]["id"], held["user"]["id"]);

    // Open screens hear of changes again.
    let mut hints = app.app.hints().subscribe();
    let heard = async {
        loop {
            let (_, hint) = tokio::join!(other.post("/api/auth/set_presence", json!({"intention": "break"})), async {
                tokio::time::timeout(Duration::from_secs(1), hints.recv()).await
            });
            other.post("/api/auth/set_presence", json!({"intention": "available"})).await;
            if let Ok(Ok(Hint::Agent(_))) = hint {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), heard).await.unwrap();
    app.stop().await;
}

/// A night on which London's clocks are changed, and what is asked about it.
struct Switch {
    /// When a promise is asked for.
    friday: &'static str,
    /// A time of that night that does not exist, or exists twice, and why it is refused.
    night: (&'static str, &'static str),
    /// The promise that is then given, on the clock and as an instant.
    monday: (&'static str, &'static str),
    /// Instants before and after that night, and whether calls may be made.
    hours: [(&'static str, bool); 7],
}

/// lessons, line 32: an hour off all summer.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn hours_and_promises_follow_the_clocks_when_they_go_forward(_: PgPoolOptions, connect: PgConnectOptions) {
    let switch = Switch {
        friday: "2026-03-27T10:00:00Z",
        night: ("2026-03-29T01:30", "There is no such time"),
        monday: ("2026-03-30T09:30", "2026-03-30T08:30:00Z"),
        hours: [
            ("2026-03-27T19:59:00Z", true),
            ("2026-03-27T20:00:30Z", false),
            ("2026-03-28T16:59:00Z", true),
            ("2026-03-28T17:00:30Z", false),
            ("2026-03-29T11:00:00Z", false),
            ("2026-03-30T07:59:00Z", false),
            ("2026-03-30T08:00:30Z", true),
        ],
    };
    follows(&switch, connect).await;
}

/// The same with an hour that comes twice.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn hours_and_promises_follow_the_clocks_when_they_go_back(_: PgPoolOptions, connect: PgConnectOptions) {
    let switch = Switch {
        friday: "2026-10-23T10:00:00Z",
        night: ("2026-10-25T01:30", "may not be made at that time"),
        monday: ("2026-10-26T09:30", "2026-10-26T09:30:00Z"),
        hours: [
            ("2026-10-23T18:59:00Z", true),
            ("2026-10-23T19:00:30Z", false),
            ("2026-10-24T15:59:00Z", true),
            ("2026-10-24T16:00:30Z", false),
            ("2026-10-25T11:00:00Z", false),
            ("2026-10-26T08:30:00Z", false),
            ("2026-10-26T09:00:30Z", true),
        ],
    };
    follows(&switch, connect).await;
}

async fn follows(switch: &Switch, connect: PgConnectOptions) {
    let app = TestApp::with_carrier_over(patient_pool(connect), TestPlatform::new().await.unwrap()).await;
    let set_clock = |at: &str| app.clock.advance(at.parse::<DateTime<Utc>>().unwrap() - app.now());
    set_clock(switch.friday);
    let (agent, hand_out) = handed_out(&app, ANSWERS).await;
    let begun = start(agent, &hand_out, LEG).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.hang_up(&app).await;
    begun.until("ended").await;
    let record = |at: &str| json!({"call_id": begun.call, "disposition": "callback_requested", "callback_at": at});
    let before = app.everything_but_hearing().await;
    let (status, answer) = begun.agent.post("/api/calls/record_outcome", record(switch.night.0)).await;
    assert_eq!(status, 422, "{answer}");
    assert!(answer["message"].as_str().unwrap().contains(switch.night.1), "{answer}");
    assert_eq!(app.everything_but_hearing().await, before, "nothing was changed");
    begun.agent.ask("/api/calls/record_outcome", record(switch.monday.0)).await;
    let promised: DateTime<Utc> = sqlx::query_scalar("select promised_at from queue.callback").fetch_one(&app.pool).await.unwrap();
    assert_eq!(promised, switch.monday.1.parse::<DateTime<Utc>>().unwrap());

    // The other person is asked for, at the edges of the hours.
    let other = app.signed_in(Role::Agent).await;
    for (at, is_open) in switch.hours {
        set_clock(at);
        let answer = other.call_next().await;
        assert_eq!(answer["user"]["id"] == "2", is_open, "{at}: {answer}");
        let is_said = answer["note"].as_str().is_some_and(|note| note.starts_with("Calls may be made from "));
        assert_eq!(is_said, !is_open, "{at}: {answer}");
        if is_open {
            other.ask("/api/queue/release", json!({"lease_id": answer["lease_id"], "reason": "not_a_good_time"})).await;
        }
    }
    // The promise is due at its minute on the clock, not an hour beside it.
    for (minutes, offered) in [(-1, json!(null)), (1, json!("1"))] {
        app.clock.advance(promised + TimeDelta::minutes(minutes) - app.now());
        let answer = begun.agent.call_next().await;
        assert_eq!(answer["user"]["id"], offered, "{minutes}: {answer}");
    }
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

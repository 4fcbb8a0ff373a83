//! Without queues: the same people in the same order, through the same gate, leases and records.

use std::collections::BTreeSet;

use auth::Role;
use chrono::{NaiveDate, TimeDelta};
use futures::future::join_all;
use kernel::{QueueKind, UserId};
use queue::QueueMode;
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::TestPlatform;

use crate::begun::{ANSWERS, LEG, people_rung, start};
use crate::support::{Client, Made, TestApp};

async fn direct(connect: PgConnectOptions) -> TestApp {
    TestApp::made(connect, Made { mode: QueueMode::Direct, ..Made::with_carrier() }).await
}

async fn entries(pool: &PgPool) -> i64 {
    sqlx::query_scalar("select count(*) from queue.entry").fetch_one(pool).await.unwrap()
}

/// People of every kind: of different age, lenders and claims, with and without a signature, some of whom may not be rung.
async fn crowd(platform: &TestPlatform) {
    let lenders = ["santander", "black_horse", "vw_finance", "lloyds", "close_brothers"];
    for id in 1..=48_usize {
        let user = platform.user(i64::try_from(id).unwrap()).phone(&format!("+4477009{id:05}")).claim(lenders[id % 5]);
        let user = user.born(NaiveDate::from_ymd_opt(1940 + i32::try_from(id % 60).unwrap(), 5, 17).unwrap());
        let user = if id % 4 == 0 { user.claim(lenders[id % 3]) } else { user };
        let user = match id % 6 {
            0 => user.signed().requirement("proof_of_address"),
            1 => user.signed(),
            _ => user.unsigned(),
        };
        let user = if id % 11 == 0 { user.disabled() } else { user };
        if id % 13 == 0 { user.no_phone() } else { user }.insert().await.unwrap();
    }
}

/// Everybody whom as many agents as it takes are given from a queue, in order.
async fn handed_out_in_order(app: &TestApp, queue: &str) -> Vec<Value> {
    let mut people = Vec::new();
    loop {
        let agent = app.signed_in(Role::Agent).await;
        let hand_out = agent.ask("/api/queue/call_next", json!({"queue": queue})).await;
        if hand_out["user"].is_null() {
            return people;
        }
        assert_eq!(hand_out["passed_over"], json!([]), "{hand_out}");
        people.push(hand_out["user"]["id"].clone());
    }
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn direct_mode_hands_out_the_same_people_in_the_same_order_as_the_queues(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    crowd(&app.platform).await;
    app.discover().await;
    let mut in_queues = Vec::new();
    for queue in ["unsigned_users", "outstanding_requests"] {
        in_queues.push(handed_out_in_order(&app, queue).await);
    }
    assert!(in_queues[0].len() > 20 && in_queues[1].len() > 4, "{in_queues:?}");
    sqlx::raw_sql("delete from queue.lease; delete from queue.entry").execute(&app.pool).await.unwrap();

    let app = app.again(Made { mode: QueueMode::Direct, ..Made::default() }).await;
    app.app.queue.read_candidates().await.unwrap();
    for (queue, expected) in ["unsigned_users", "outstanding_requests"].into_iter().zip(in_queues) {
        assert_eq!(handed_out_in_order(&app, queue).await, expected, "{queue}");
    }
    assert_eq!(entries(&app.pool).await, 0);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn in_direct_mode_many_agents_at_once_are_given_different_people(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = direct(connect).await;
    for id in 1..=20 {
        app.platform.user(id).unsigned().phone(&format!("+4477009{id:05}")).claim("santander").insert().await.unwrap();
    }
    let agents: Vec<Client> = join_all((0..24).map(|_| app.signed_in(Role::Agent))).await;
    let (status, answer) = agents[0].post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
    assert_eq!(status, 503, "nothing was read yet: {answer}");
    app.app.queue.read_candidates().await.unwrap();

    let given = join_all(agents.iter().map(Client::call_next)).await;
    let people: BTreeSet<String> = given.iter().filter_map(|hand_out| hand_out["user"]["id"].as_str().map(str::to_owned)).collect();
    let nobody = given.iter().filter(|hand_out| hand_out["user"].is_null()).count();
    assert_eq!((people.len(), nobody), (20, 4), "everybody once");
    assert_eq!(entries(&app.pool).await, 0);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn in_direct_mode_the_gate_the_limits_and_what_was_put_back_hold(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = direct(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(ANSWERS).claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().phone("+447700900142").claim("vw_finance").insert().await.unwrap();
    app.platform.user(3).unsigned().phone("+447700900143").claim("lloyds").insert().await.unwrap();
    let queue = &app.app.queue;
    queue.read_candidates().await.unwrap();
    let (agent, admin) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Admin).await);
    let waiting = || async { admin.ask("/api/queue/summary", json!({})).await["queues"][0].clone() };
    assert_eq!(waiting().await["callable"], 3);

    // Rung: they are not offered before their next time, and no entry says so.
    let first = agent.call_next().await;
    assert_eq!(first["user"]["id"], "1", "{first}");
    let begun = start(agent.clone(), &first, LEG).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.hang_up(&app).await;
    begun.until("ended").await;
    begun.record("going_to_complete").await;
    assert_eq!((people_rung(&app).await, entries(&app.pool).await), (1, 0));

    // Let go: not for half an hour, also after the next reading.
    let second = agent.call_next().await;
    let let_go = second["user"]["id"].clone();
    agent.ask("/api/queue/release", json!({"lease_id": second["lease_id"], "reason": "not_a_good_time", "note": null})).await;
    queue.read_candidates().await.unwrap();
    let third = agent.call_next().await;
    assert!(third["user"]["id"] != let_go && third["user"]["id"] != "1", "{third}");
    agent.ask("/api/auth/set_presence", json!({"intention": "offline"})).await;
    agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;

    // Signed since the reading: passed over as a saved call.
    queue.read_candidates().await.unwrap();
    let third: i64 = third["user"]["id"].as_str().unwrap().parse().unwrap();
    sqlx::query("update users set current_signature_file_id = uuid() where id = ?")
        .bind(third)
        .execute(app.platform.primary())
        .await
        .unwrap();
    app.platform.caught_up().await.unwrap();
    let nobody = agent.call_next().await;
    assert_eq!((&nobody["user"], &nobody["saved_calls"]), (&json!(null), &json!(1)), "{nobody}");

    app.clock.advance(TimeDelta::minutes(31));
    queue.read_candidates().await.unwrap();
    assert_eq!(agent.call_next().await["user"]["id"], let_go);
    assert_eq!(entries(&app.pool).await, 0);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn in_direct_mode_nothing_is_discovered_and_the_screens_say_so(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = direct(connect).await;
    app.platform.user(1).unsigned().phone("+447700900142").claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().phone("+447700900143").claim("santander").insert().await.unwrap();
    let supervisor = app.signed_in(Role::Supervisor).await;
    let (status, refused) = supervisor.post("/api/queue/discover", json!({"only": null})).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused["message"].as_str().unwrap().starts_with("No queues are kept here"), "{refused}");
    assert_eq!(supervisor.ask("/api/queue/overview", json!({})).await["direct"], "not yet");

    app.app.queue.read_candidates().await.unwrap();
    let overview = supervisor.ask("/api/queue/overview", json!({})).await;
    assert_eq!((&overview["direct"], &overview["next_run"]), (&json!("today 10:30"), &json!(null)));
    let pausable = overview["pausable"].as_array().unwrap();
    assert!(pausable.iter().any(|what| what["name"] == "santander" && what["people"] == 2), "{pausable:?}");
    let explained = supervisor.ask("/api/queue/explain", json!({"user_id": UserId::new(2)})).await;
    assert_eq!((&explained["waits_in"], &explained["before"]), (&json!(QueueKind::UnsignedUsers), &json!(1)), "{explained}");

    // A paused queue gives nobody and costs nobody their place.
    let agent = app.signed_in(Role::Agent).await;
    supervisor.ask("/api/queue/pause", json!({"kind": "queue", "name": "unsigned_users", "reason": "A test"})).await;
    let nobody = agent.call_next().await;
    assert_eq!((&nobody["user"], &nobody["passed_over"]), (&json!(null), &json!([])), "{nobody}");
    let pauses = supervisor.ask("/api/queue/overview", json!({})).await["pauses"].clone();
    supervisor.ask("/api/queue/resume", json!({"pause_id": pauses[0]["id"]})).await;
    let first = agent.call_next().await;
    assert_eq!(first["user"]["id"], "1", "{first}");
    // So does a lease of the agent's own that has run out.
    app.clock.advance(TimeDelta::minutes(11));
    app.app.queue.read_candidates().await.unwrap();
    let again = agent.call_next().await;
    assert_eq!(again["user"]["id"], "1", "{again}");
    agent.ask("/api/auth/set_presence", json!({"intention": "offline"})).await;
    app.app.queue.read_candidates().await.unwrap();

    // A pause holds at once at the gate, and in the list from the next reading on.
    supervisor.ask("/api/queue/pause", json!({"kind": "lender", "name": "santander", "reason": "A test"})).await;
    agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
    let nobody = agent.call_next().await;
    assert_eq!((&nobody["user"], nobody["passed_over"].as_array().unwrap().len()), (&json!(null), 2), "{nobody}");
    app.app.queue.read_candidates().await.unwrap();
    let nobody = agent.call_next().await;
    assert_eq!((&nobody["user"], &nobody["passed_over"]), (&json!(null), &json!([])), "{nobody}");
    app.stop().await;
}

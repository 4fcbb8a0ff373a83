//! Pauses: of a queue, of a lender, of a solicitor.

use auth::Role;
use chrono::TimeDelta;
use queue::QueueMode;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, LEG, people_rung, start};
use crate::support::{Client, Made, TestApp};

async fn pause(supervisor: &Client, kind: &str, name: &str) -> Value {
    supervisor.ask("/api/queue/pause", json!({"kind": kind, "name": name, "reason": "Asked by the lender"})).await
}

async fn resume(supervisor: &Client, name: &str) -> Value {
    let view = supervisor.ask("/api/queue/overview", json!({})).await;
    let held = view["pauses"].as_array().unwrap().iter().find(|pause| pause["name"] == name).unwrap();
    supervisor.ask("/api/queue/resume", json!({"pause_id": held["id"]})).await
}

async fn release(agent: &Client, hand_out: &Value) {
    agent.ask("/api/queue/release", json!({"lease_id": hand_out["lease_id"], "reason": "language", "note": null})).await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_pause_ends_by_itself_when_its_time_has_come(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    let until = |at: &str| json!({"kind": "lender", "name": "santander", "reason": "Their portal is down", "until": at});
    for wrong in ["2026-11-24T10:30", "2026-11-24", "2027-03-28T01:30"] {
        let (status, answer) = supervisor.post("/api/queue/pause", until(wrong)).await;
        assert!(status == 422 && answer["message"].as_str().unwrap().contains("Nothing was paused"), "{wrong}: {answer}");
    }
    supervisor.ask("/api/queue/pause", until("2026-11-24T11:00")).await;
    let overview = supervisor.ask("/api/queue/overview", json!({})).await;
    assert_eq!(overview["pauses"][0]["until"], "today 11:00", "{overview}");

    app.clock.advance(TimeDelta::seconds(29 * 60 + 50));
    app.app.queue.end_timed_pauses().await.unwrap();
    assert_eq!(agent.call_next().await["user"], json!(null));
    app.clock.advance(TimeDelta::seconds(15));
    app.app.queue.end_timed_pauses().await.unwrap();
    assert_eq!(agent.call_next().await["user"]["id"], "1");
    assert_eq!(app.count("select count(*) from queue.pause where ended_at is not null and ended_by is null").await, 1);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_waits_behind_a_paused_lender_is_left_out_without_using_up_tries(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=30 {
        app.platform.user(id).unsigned().claim("Santander ").insert().await.unwrap();
    }
    app.platform.user(31).unsigned().claim("santander").claim("other_bank").insert().await.unwrap();
    app.platform.user(32).unsigned().claim("other_bank").insert().await.unwrap();
    app.discover().await;
    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);

    assert_eq!(pause(&supervisor, "lender", " SANTANDER").await, json!(30));
    // One claim that nobody paused is reason enough to call.
    for expected in ["31", "32"] {
        let hand_out = agent.call_next().await;
        assert_eq!((&hand_out["user"]["id"], &hand_out["passed_over"]), (&json!(expected), &json!([])), "{hand_out}");
        release(&agent, &hand_out).await;
    }
    assert_eq!(agent.call_next().await["user"], json!(null));
    assert_eq!(app.count("select count(*) from queue.decision where outcome = 'refused'").await, 0, "none of them was tried");

    let view = supervisor.ask("/api/queue/overview", json!({})).await;
    assert_eq!((&view["pauses"][0]["label"], &view["pauses"][0]["reason"]), (&json!("Santander"), &json!("Asked by the lender")), "{view}");
    assert_eq!(resume(&supervisor, "santander").await, json!(30));
    assert_eq!(agent.call_next().await["user"]["id"], "1");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_lender_and_a_solicitor_paused_together_leave_nothing_to_call_about(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("lloyds").claim("barclays").solicitor("Hill & Co").insert().await.unwrap();
    app.platform.user(2).unsigned().claim("lloyds").insert().await.unwrap();
    app.discover().await;
    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    let entry: (Vec<String>, Vec<String>) =
        sqlx::query_as("select lenders, solicitors from queue.entry where user_id = 1").fetch_one(&app.pool).await.unwrap();
    assert_eq!(entry, (vec!["barclays".to_owned(), "lloyds".to_owned()], vec!["hill & co".to_owned(), "-".to_owned()]));

    pause(&supervisor, "solicitor", "Hill & Co").await;
    let hand_out = agent.call_next().await;
    assert!(hand_out["user"]["id"].is_string(), "{hand_out}");
    release(&agent, &hand_out).await;
    pause(&supervisor, "lender", "lloyds").await;
    assert_eq!(agent.call_next().await["user"], json!(null));
    let paused: Vec<i64> =
        sqlx::query_scalar("select user_id from queue.entry where is_paused order by 1").fetch_all(&app.pool).await.unwrap();
    assert_eq!(paused, [1, 2]);

    // Discovery comes to the same, and puts wrong marks right.
    assert_eq!(app.discover().await.kept, 2);
    sqlx::query("update queue.entry set is_paused = false where user_id = 1").execute(&app.pool).await.unwrap();
    app.discover().await;
    assert_eq!(app.count("select count(*) from queue.entry where is_paused").await, 2);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_paused_queue_gives_nobody_and_the_others_go_on(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("lloyds").insert().await.unwrap();
    app.platform.user(2).claim("lloyds").requirement("proof_of_address").insert().await.unwrap();
    app.platform.user(3).claim("lloyds").requirement("proof_of_address").insert().await.unwrap();
    app.discover().await;
    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    sqlx::query(
        "insert into queue.callback (user_id, reason, promised_at, promised_wall_time, available_at, created_at, created_by)
         values (3, 'requirements', $1, $1 at time zone 'Europe/London', $1, $1, 1)",
    )
    .bind(app.now() - chrono::TimeDelta::minutes(10))
    .execute(&app.pool)
    .await
    .unwrap();

    pause(&supervisor, "queue", "callbacks").await;
    pause(&supervisor, "queue", "unsigned_users").await;
    assert_eq!(agent.call_next().await["user"], json!(null));
    let other = agent.ask("/api/queue/call_next", json!({"queue": "outstanding_requests"})).await;
    assert_eq!(other["user"]["id"], "2", "{other}");
    release(&agent, &other).await;

    resume(&supervisor, "callbacks").await;
    let promised = agent.call_next().await;
    assert_eq!((&promised["user"]["id"], &promised["queue"]), (&json!("3"), &json!("callbacks")), "{promised}");
    app.stop().await;
}

/// In no queue: one has nothing to do and asked to be rung, and in direct mode nobody is in one.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_to_somebody_in_no_queue_waits_behind_a_paused_lender_without_being_tried(_: PgPoolOptions, connect: PgConnectOptions) {
    let mut app = TestApp::start(connect).await;
    app.platform.user(1).claim("lloyds").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    sqlx::query(
        "insert into queue.callback (user_id, reason, promised_at, promised_wall_time, available_at, created_at, created_by)
         values (1, 'user_asked', $1, $1 at time zone 'Europe/London', $1, $1, 1)",
    )
    .bind(app.now() - chrono::TimeDelta::minutes(10))
    .execute(&app.pool)
    .await
    .unwrap();
    for mode in [QueueMode::Hourly, QueueMode::Direct] {
        if mode == QueueMode::Direct {
            app = app.again(Made { mode, ..Made::default() }).await;
            // As if it had been made by a server that knew nothing of the claims.
            sqlx::query("update queue.callback set lenders = '{}', solicitors = '{}'").execute(&app.pool).await.unwrap();
            app.app.queue.read_candidates().await.unwrap();
        } else {
            app.discover().await;
        }
        let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
        let refused = "select count(*) from queue.decision where outcome = 'refused'";

        pause(&supervisor, "lender", "lloyds").await;
        let nobody = agent.call_next().await;
        assert_eq!((&nobody["user"], &nobody["passed_over"]), (&json!(null), &json!([])), "{mode:?}: {nobody}");
        app.app.queue.forget_figures();
        let summary = agent.ask("/api/queue/summary", json!({})).await;
        let row = summary["queues"].as_array().unwrap().iter().find(|row| row["queue"] == "callbacks").unwrap();
        assert_eq!((&row["callable"], &row["paused"]), (&json!(0), &json!(1)), "{mode:?}: {row}");
        assert_eq!(app.count(refused).await, 0, "{mode:?}: nobody was tried");

        resume(&supervisor, "lloyds").await;
        let promised = agent.call_next().await;
        assert_eq!((&promised["user"]["id"], &promised["queue"]), (&json!("1"), &json!("callbacks")), "{mode:?}: {promised}");
        agent.ask("/api/auth/set_presence", json!({"intention": "offline"})).await;
    }
    app.stop().await;
}

/// What another server has paused holds here from the next request on: at the hand-out, and at the dial.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_pause_elsewhere_holds_at_once_also_for_whoever_is_about_to_be_rung(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().phone(ANSWERS).claim("lloyds").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let hand_out = agent.call_next().await;
    let begun = start(agent, &hand_out, LEG).await;
    sqlx::query("insert into queue.pause (kind, name, reason, began_at, began_by) values ('lender', 'lloyds', 'audit', $1, 1)")
        .bind(app.now())
        .execute(&app.pool)
        .await
        .unwrap();

    begun.join(&app).await;
    let call = begun.until("ended").await;
    assert_eq!(call["end"]["how"], "refused");
    assert!(call["end"]["words"].as_str().unwrap().contains("the lender is paused"), "{call}");
    assert_eq!(call["end"]["is_saved_call"], false);
    assert_eq!(people_rung(&app).await, 0);
    assert_eq!(app.count("select count(*) from queue.entry where user_id = 1").await, 1, "a pause keeps the entry");

    // The refusal has marked the entry: whoever asks next does not even try them.
    let next = begun.agent.call_next().await;
    assert_eq!((&next["user"], &next["passed_over"]), (&json!(null), &json!([])), "{next}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_cannot_be_paused_is_refused_in_words(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    for (kind, name, reason, status) in [
        ("queue", "nowhere", "why", 422),
        ("lender", "  ", "why", 422),
        ("lender", "-", "why", 422),
        ("lender", "lloyds", " ", 422),
        ("lender", "lloyds", &"x".repeat(301), 422),
        ("weather", "rain", "why", 400),
    ] {
        let answer = supervisor.post("/api/queue/pause", json!({"kind": kind, "name": name, "reason": reason})).await;
        assert_eq!(answer.0, status, "{kind} {name}: {}", answer.1);
    }
    assert_eq!(app.count("select count(*) from queue.pause").await, 0);
    pause(&supervisor, "lender", "lloyds").await;
    let twice = supervisor.post("/api/queue/pause", json!({"kind": "lender", "name": "Lloyds", "reason": "again"})).await;
    assert_eq!(twice.0, 409, "{}", twice.1);
    resume(&supervisor, "lloyds").await;
    let gone = supervisor.post("/api/queue/resume", json!({"pause_id": 1})).await;
    assert_eq!(gone.0, 409, "{}", gone.1);
    let kept: (String, i64, i64) = sqlx::query_as("select reason, began_by, ended_by from queue.pause").fetch_one(&app.pool).await.unwrap();
    assert_eq!(kept, ("Asked by the lender".to_owned(), supervisor.agent, supervisor.agent), "who did what, and why, is kept");
    app.stop().await;
}

/// lessons, line 11: stuck rows. Whoever pauses or resumes may be gone before everybody is marked; the minute's job does it for them.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_resumes_and_is_stopped_at_once_leaves_nobody_behind(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    pause(&supervisor, "lender", "santander").await;
    app.app.queue.rescue_orphans().await.unwrap();
    // All that is left of a resume of which nothing more was done.
    sqlx::query("update queue.pause set ended_at = $1, ended_by = began_by").bind(app.now()).execute(&app.pool).await.unwrap();
    assert_eq!(agent.call_next().await["user"], json!(null));
    app.app.queue.rescue_orphans().await.unwrap();
    assert_eq!(agent.call_next().await["user"]["id"], "1");
    app.stop().await;
}

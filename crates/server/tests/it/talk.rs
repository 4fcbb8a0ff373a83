//! What is read again while a talk goes on.

use futures::future::join_all;
use kernel::{AgentId, Hint};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, begin};
use crate::support::{TestApp, until};

/// lessons, line 68: the person signed while talking, and the screen went on asking for it. → It is read again while the talk goes on, once
/// for all windows; the other windows are told.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_is_done_while_talking_is_read_once_for_all_windows_and_said(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    begun.join(&app).await;
    begun.until("connected").await;
    let talk = async || begun.agent.ask("/api/queue/talk", json!({})).await;
    let first = talk().await;
    assert_eq!((&first["user"]["id"], &first["note"], &first["call_id"]), (&json!("1"), &json!(null), &json!(begun.call)));

    let reads = app.app.replica.reads();
    let windows = join_all((0..6).map(|_| talk())).await;
    assert!(app.app.replica.reads() - reads <= 1, "however many windows there are");
    assert!(windows.iter().all(|answer| answer["user"] == first["user"]));

    let mut hearing = app.hear().await;
    let decisions = app.count("select count(*) from queue.decision").await;
    sqlx::query("update users set current_signature_file_id = uuid() where id = 1").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    until("it is said", async || talk().await["note"] == "Priya has signed. Nothing else is outstanding.").await;
    assert!(hearing.so_far().await.contains(&Hint::Agent(AgentId::new(begun.agent.agent))), "another window would go on asking for it");

    // What cannot be read decides nothing, however often it is tried.
    app.replica_proxy.stop().await;
    until("it cannot be read", async || begun.agent.post("/api/queue/talk", json!({})).await.0 == 503).await;
    assert_eq!(app.count("select count(*) from queue.decision").await, decisions);
    app.replica_proxy.resume().await;

    begun.hang_up(&app).await;
    begun.until("ended").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn without_a_call_there_is_no_talk_to_read_about(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(auth::Role::Agent).await;
    agent.call_next().await;
    let decisions = app.count("select count(*) from queue.decision").await;

    assert_eq!(agent.ask("/api/queue/talk", json!({})).await, Value::Null);
    assert_eq!(app.count("select count(*) from queue.decision").await, decisions, "nobody is checked again");
    app.stop().await;
}

//! The person is told at the start that the call is recorded (compliance, C10).

use auth::Role;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, Begun, begin, start};
use crate::support::{Client, TestApp};

const DEFAULT: &str = "Before we go on, I should let you know that this call is recorded.";

async fn tick(client: &Client, begun: &Begun, is_given: bool) -> (u16, Value) {
    client.post("/api/calls/give_notice", json!({"call_id": begun.call, "is_given": is_given})).await
}

async fn told(client: &Client, begun: &Begun) -> Value {
    client.ask("/api/calls/attempt", json!({"call_id": begun.call})).await["notice"].clone()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_notice_is_the_first_thing_to_say_and_who_ticked_it_when_stays_with_the_call(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    let (other, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    assert_eq!(begun.find().await["notice"], json!(null), "nobody is there to be told");
    let (status, refusal) = tick(&begun.agent, &begun, true).await;
    assert_eq!((status, &refusal["code"]), (409, &json!("conflict")), "{refusal}");
    begun.join(&app).await;
    let talking = begun.until("connected").await;
    assert_eq!(talking["notice"], json!({"words": DEFAULT, "is_given": false}));

    for somebody_else in [&other, &supervisor] {
        assert_eq!(tick(somebody_else, &begun, true).await.0, 404);
    }
    assert_eq!(tick(&begun.agent, &begun, true).await.1["notice"]["is_given"], true);
    let at = async || {
        let at = sqlx::query_scalar::<_, chrono::DateTime<chrono::Utc>>("select notice_given_at from calls.call");
        at.fetch_one(&app.pool).await.unwrap()
    };
    let first = at().await;
    tick(&begun.agent, &begun, true).await;
    let again = at().await;
    assert_eq!(first, again, "ticked twice is ticked once");
    assert_eq!(tick(&begun.agent, &begun, false).await.1["notice"]["is_given"], false, "a mistake");
    tick(&begun.agent, &begun, true).await;
    begun.hang_up(&app).await;
    assert_eq!(begun.until("ended").await["notice"], json!({"words": DEFAULT, "is_given": true}));
    assert_eq!(tick(&begun.agent, &begun, false).await.0, 409, "what was ticked in the talk stays");
    begun.record("contacted").await;
    let notice = told(&supervisor, &begun).await;
    assert_eq!(notice["words"], DEFAULT);
    assert!(notice["given_at"]["short"].as_str().is_some_and(|at| at.starts_with("today ")), "{notice}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_notice_that_was_not_ticked_blocks_nothing_and_is_plain_to_see(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.hang_up(&app).await;
    assert_eq!(begun.until("ended").await["notice"]["is_given"], false);
    assert_eq!(tick(&begun.agent, &begun, true).await.0, 409, "too late to be said");
    begun.record("contacted").await;
    assert_eq!(told(&begun.agent, &begun).await, json!({"words": DEFAULT, "given_at": null}));

    // A call of a time when nobody was asked for it says nothing, rather than something untrue.
    sqlx::query("update calls.call set notice_words = null").execute(&app.pool).await.unwrap();
    assert_eq!(told(&begun.agent, &begun).await, json!(null));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_administrator_words_the_notice_and_a_call_keeps_the_words_that_it_began_with(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    let begun = begin(&app, ANSWERS).await;
    let change = async |words: &str| {
        let view = admin.ask("/api/queue/settings", json!({})).await;
        let mut settings = view["settings"].clone();
        settings["recording_notice"] = json!(words);
        admin.post("/api/queue/change_settings", json!({"settings": settings, "version": view["version"], "reason": "A test of it"})).await
    };
    for nothing in ["", "   ", "Hello"] {
        assert_eq!(change(nothing).await.0, 422, "{nothing:?}");
    }
    assert_eq!(change(" Just so you know: we record our calls. ").await.0, 200);
    begun.join(&app).await;
    assert_eq!(begun.until("connected").await["notice"]["words"], DEFAULT);
    begun.hang_up(&app).await;
    begun.until("ended").await;
    begun.record("contacted").await;

    let agent = begun.agent;
    let next = agent.call_next().await;
    let second = start(agent, &next, crate::begun::LEG).await;
    let words: String = sqlx::query_scalar("select notice_words from calls.call where id = $1::uuid")
        .bind(&second.call)
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(words, "Just so you know: we record our calls.");
    app.stop().await;
}

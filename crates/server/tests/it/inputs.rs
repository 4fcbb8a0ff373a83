//! Bad input gets a clear error in words, and changes nothing.

use auth::Role;
use reqwest::header;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::guarded::FUNCTIONS;
use crate::support::TestApp;

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn bad_input_to_every_server_function_is_refused_in_words(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Supervisor).await;
    let held = agent.call_next().await;
    let lease = held["lease_id"].clone();
    let idle = app.signed_in(Role::Agent).await;
    let before = app.everything_but_hearing().await;
    let nobodys = "019abcde-0123-7abc-8def-0123456789ab";

    let bad: Vec<(&str, Value, u16)> = vec![
        ("/api/auth/sign_in", json!({}), 400),
        ("/api/auth/sign_in", json!({"email": "a@example.co.uk"}), 400),
        ("/api/auth/sign_in", json!({"email": 7, "password": []}), 400),
        ("/api/auth/sign_in", json!("text"), 400),
        ("/api/auth/change_password", json!({"old": "short"}), 400),
        ("/api/auth/end_session", json!({"session": 1}), 400),
        ("/api/auth/end_session", json!({"session": "999999"}), 404),
        ("/api/auth/my_events", json!({"before": "newest"}), 400),
        ("/api/auth/set_presence", json!({}), 400),
        ("/api/auth/set_presence", json!({"intention": "on_call"}), 400),
        ("/api/auth/set_presence", json!({"intention": null}), 400),
        ("/api/queue/call_next", json!({}), 400),
        ("/api/queue/call_next", json!({"queue": "everybody"}), 400),
        ("/api/queue/call_next", json!({"queue": ["unsigned_users"]}), 400),
        ("/api/queue/release", json!({}), 400),
        ("/api/queue/release", json!({"lease_id": 7, "reason": "other"}), 400),
        ("/api/queue/release", json!({"lease_id": "0", "reason": "language"}), 400),
        ("/api/queue/release", json!({"lease_id": "9223372036854775808", "reason": "language"}), 400),
        ("/api/queue/release", json!({"lease_id": lease, "reason": "bored"}), 400),
        ("/api/queue/release", json!({"lease_id": lease, "reason": "other"}), 422),
        ("/api/queue/release", json!({"lease_id": lease, "reason": "other", "note": " \n "}), 422),
        ("/api/queue/release", json!({"lease_id": lease, "reason": "other", "note": "x".repeat(501)}), 422),
        ("/api/queue/release", json!({"lease_id": "999999", "reason": "language"}), 409),
        ("/api/queue/callbacks", json!({}), 400),
        ("/api/queue/discover", json!({"only": "callbacks"}), 422),
        ("/api/queue/discover", json!({"only": "everybody"}), 400),
        ("/api/queue/explain", json!({"user_id": "999999"}), 404),
        ("/api/queue/lift", json!({"objection_id": 999, "reason": "why"}), 409),
        ("/api/queue/object", json!({"objection": {"kind": "opted_out", "whom": "", "reason": "why", "until": null}}), 422),
        ("/api/queue/objections", json!({"search": "nobody", "is_only_holding": true, "before": null}), 422),
        ("/api/queue/pause", json!({"kind": "queue", "name": "everybody", "reason": "why"}), 422),
        ("/api/queue/reassign", json!({"callback_id": 999, "agent_id": null}), 409),
        ("/api/queue/reassign", json!({"callback_id": 999, "agent_id": "999"}), 404),
        ("/api/queue/resume", json!({"pause_id": 999}), 409),
        ("/api/queue/search", json!({"text": "x"}), 422),
        ("/api/queue/take", json!({"user_id": "999999"}), 409),
        ("/api/queue/withdraw", json!({"callback_id": 999, "reason": "why"}), 409),
        ("/api/queue/withdraw", json!({"callback_id": 999, "reason": " "}), 422),
        ("/api/calls/attempt", json!({"call_id": "7"}), 400),
        ("/api/calls/attempt", json!({"call_id": nobodys}), 404),
        ("/api/calls/attempts", json!({"filter": {}}), 400),
        ("/api/calls/attempts", json!({"filter": {"end": "well"}, "place": "newest"}), 400),
        ("/api/calls/attempts", json!({"filter": {}, "place": {"older_than": "7"}}), 400),
        ("/api/calls/attempts", json!({"filter": {"from": "yesterday"}, "place": "newest"}), 422),
        ("/api/calls/correct", json!({"call_id": nobodys, "correction": {"disposition": "busy"}}), 400),
        ("/api/calls/correctable", json!({"call_id": nobodys}), 404),
        ("/api/calls/history", json!({}), 400),
        ("/api/calls/history", json!({"user_id": 1}), 400),
        ("/api/calls/history", json!({"user_id": "one"}), 400),
        ("/api/calls/user", json!({"user_id": 1}), 400),
        ("/api/calls/user", json!({"user_id": "4"}), 404),
    ];
    let (status, answer) = idle.post("/api/queue/take", json!({"user_id": "999999"})).await;
    assert_eq!((status, &answer["message"]), (404, &json!("The claims platform has no such user.")), "asked by somebody who holds nobody");
    for (path, body, expected) in bad {
        let (status, answer) = agent.post(path, body.clone()).await;
        assert_eq!(status, expected, "{path} {body}: {answer}");
        assert!(answer["code"].is_string() && answer["message"].as_str().is_some_and(|words| words.len() > 10), "{path} {body}: {answer}");
    }
    let functions = FUNCTIONS.iter().map(|(path, _)| (*path, 400));
    // JSON of another shape is refused by axum itself there.
    for (path, other_shape) in functions.chain([("/api/browser_error", 422)]) {
        let huge = format!("{{\"note\": \"{}\"}}", "x".repeat(100_000));
        for (body, expected) in
            [("not json", 400), ("\0\u{feff}{]", 400), ("", 400), ("7", other_shape), ("[[7]]", other_shape), (&*huge, 413)]
        {
            // It takes a file.
            let expected = if path == "/api/queue/load_holidays" && expected == 413 { 400 } else { expected };
            let request = agent.http.post(format!("{}{path}", app.base)).header(header::CONTENT_TYPE, "application/json");
            let response = request.body(body.to_owned()).send().await.unwrap();
            let status = response.status().as_u16();
            let answer: Value = response.json().await.unwrap_or_default();
            assert_eq!(status, expected, "{path} with {} bytes: {answer}", body.len());
            assert!(answer["code"].is_string() && answer["message"].is_string(), "{path}: {answer}");
        }
    }
    let wrong_method = agent.http.get(format!("{}/api/queue/call_next", app.base)).send().await.unwrap();
    assert_eq!(wrong_method.status(), 405);

    assert_eq!(app.everything_but_hearing().await, before);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn nobody_acts_on_somebody_elses_lease(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (holder, other) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Admin).await);
    let held = holder.call_next().await;

    let (status, answer) = other.post("/api/queue/release", json!({"lease_id": held["lease_id"], "reason": "language"})).await;

    assert_eq!((status, answer["code"].as_str()), (409, Some("conflict")), "{answer}");
    assert_eq!(app.count("select count(*) from queue.lease").await, 1);
    assert_eq!(holder.ask("/api/queue/current", json!({})).await["user"]["id"], "1");
    app.stop().await;
}

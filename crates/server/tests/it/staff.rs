//! Signing in and out, and what ends a session.

use std::path::Path;
use std::sync::Arc;

use auth::{NewAgent, Role};
use axum::body::Body;
use axum::http::Request;
use reqwest::header;
use serde_json::json;
use server::router::router;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::support::TestApp;

const EMAIL: &str = "hannah.whitfield@example.co.uk";
const PASSWORD: &str = "a long enough password";

async fn with_hannah(connect: PgConnectOptions) -> TestApp {
    let app = TestApp::start(connect).await;
    let hannah = NewAgent { email: EMAIL.into(), name: "Hannah Whitfield".into(), role: Role::Agent, password: PASSWORD.into() };
    app.app.auth.create(hannah).await.unwrap();
    app
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_agent_signs_in_is_known_and_signs_out(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(connect).await;
    let browser = app.anonymous();

    let response = browser
        .http
        .post(format!("{}/api/auth/sign_in", app.base))
        .json(&json!({"email": " Hannah.Whitfield@example.co.uk ", "password": PASSWORD}))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    let cookie = cookies(response.headers()).pop().unwrap();
    assert!(cookie.starts_with("dialler_session="), "{cookie}");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");

    let me = browser.ask("/api/auth/me", json!({})).await;
    assert_eq!(
        (me["name"].as_str(), me["role"].as_str(), me["intention"].as_str()),
        (Some("Hannah Whitfield"), Some("agent"), Some("offline"))
    );
    assert_eq!(browser.ask("/api/auth/set_presence", json!({"intention": "available"})).await["intention"], "available");

    browser.ask("/api/auth/sign_out", json!({})).await;
    assert_eq!(browser.post("/api/auth/me", json!({})).await.0, 401);
    // The old cookie opens nothing either.
    let old = cookie.split(';').next().unwrap();
    let replayed = app.anonymous().http.post(format!("{}/api/auth/me", app.base)).header(header::COOKIE, old).json(&json!({})).send().await;
    assert_eq!(replayed.unwrap().status(), 401);
    assert_eq!(app.count("select count(*) from auth.agent where intention = 'offline'").await, 1);
    assert_eq!(app.count("select count(*) from auth.session where ended_reason = 'signed_out'").await, 1);
    app.stop().await;
}

/// What browsers reach over TLS at this address.
const OVER_TLS: &str = "https://dialler.example.co.uk";

/// Posts to a server that browsers reach over TLS; the answer.
async fn post_over_tls(app: &TestApp, path: &str, cookie: Option<&str>, body: serde_json::Value) -> axum::response::Response {
    let router = router(&app.app, OVER_TLS, Path::new("no-front-end-in-these-tests"), Arc::new(watch::Sender::new(false)));
    let mut request = Request::post(path).header(header::ORIGIN, OVER_TLS).header(header::CONTENT_TYPE, "application/json");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    router.oneshot(request.body(Body::from(body.to_string())).unwrap()).await.unwrap()
}

/// The cookies that an answer sets, in the order of their names.
fn cookies(headers: &header::HeaderMap) -> Vec<String> {
    let mut cookies: Vec<String> = headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    cookies.sort_unstable();
    cookies
}

/// lessons, line 42. A browser takes and sends such cookies over TLS alone, and from this very host.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn behind_https_the_cookies_are_secure_and_of_this_host_alone(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(connect).await;

    let response = post_over_tls(&app, "/api/auth/sign_in", None, json!({"email": EMAIL, "password": PASSWORD})).await;
    assert_eq!(response.status(), 200);
    let set = cookies(response.headers());
    assert!(set.last().unwrap().starts_with("__Host-dialler_session="), "{set:?}");
    for cookie in &set {
        let parts: Vec<&str> = cookie.split("; ").collect();
        assert!(parts[0].starts_with("__Host-"), "{cookie}");
        for flag in ["Secure", "HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(parts.contains(&flag), "{flag}: {cookie}");
        }
        assert!(!cookie.contains("Domain"), "{cookie}");
    }

    // A browser takes it away only when it is told so in the same way.
    let session = set.last().unwrap().split(';').next().unwrap();
    let response = post_over_tls(&app, "/api/auth/sign_out", Some(session), json!({})).await;
    let set = cookies(response.headers());
    assert_eq!((response.status().as_u16(), set.len()), (200, 1));
    assert!(set[0].starts_with("__Host-dialler_session=;") && set[0].contains("Max-Age=0") && set[0].ends_with("; Secure"), "{set:?}");
    app.stop().await;
}

/// Nobody is signed out by a new release: the cookie of the one before has another name.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_session_cookie_of_the_previous_release_goes_on_working(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await.agent;
    let (old, other) = (app.session_cookie(agent).await, app.session_cookie(agent).await);
    assert!(old.starts_with("dialler_session="), "{old}");

    assert_eq!(post_over_tls(&app, "/api/auth/me", Some(&format!("theme=dark; {old}")), json!({})).await.status(), 200);
    let both = format!("{old}; __Host-{}", other.replace('=', "=x"));
    assert_eq!(post_over_tls(&app, "/api/auth/me", Some(&both), json!({})).await.status(), 401, "the name of this host goes first");
    let response = post_over_tls(&app, "/api/auth/sign_out", Some(&old), json!({})).await;
    let set = cookies(response.headers());
    assert!(set.iter().any(|cookie| cookie.starts_with("dialler_session=;") && cookie.contains("Max-Age=0")), "{set:?}");
    assert_eq!(post_over_tls(&app, "/api/auth/me", Some(&old), json!({})).await.status(), 401);
    assert_eq!(post_over_tls(&app, "/api/auth/me", Some(&format!("__Host-{other}")), json!({})).await.status(), 200);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_signs_in_is_offline_until_they_say_otherwise_unless_signed_in_elsewhere(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(connect).await;
    let sign_in = json!({"email": EMAIL, "password": PASSWORD});
    let (first, second) = (app.anonymous(), app.anonymous());
    sqlx::query("update auth.agent set intention = 'available'").execute(&app.pool).await.unwrap();

    assert_eq!(first.ask("/api/auth/sign_in", sign_in.clone()).await["intention"], "offline", "left available by a browser that is gone");
    first.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
    assert_eq!(second.ask("/api/auth/sign_in", sign_in).await["intention"], "available", "working in another window");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn signing_out_hands_back_whoever_is_held_unless_signed_in_elsewhere(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let sign_in = json!({"email": EMAIL, "password": PASSWORD});
    let (first, second, closed) = (app.anonymous(), app.anonymous(), app.anonymous());
    closed.ask("/api/auth/sign_in", sign_in.clone()).await;
    // A third browser was closed without signing out.
    sqlx::query("update auth.session set last_seen_at = last_seen_at - interval '4 minutes'").execute(&app.pool).await.unwrap();
    for browser in [&first, &second] {
        browser.ask("/api/auth/sign_in", sign_in.clone()).await;
    }
    first.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
    assert_eq!(first.call_next().await["user"]["id"], "1");

    first.ask("/api/auth/sign_out", json!({})).await;
    assert_eq!(second.ask("/api/queue/current", json!({})).await["user"]["id"], "1", "still working in another window");
    second.ask("/api/auth/sign_out", json!({})).await;

    assert_eq!(app.count("select count(*) from queue.lease").await, 0);
    assert_eq!(app.count("select count(*) from queue.entry where leased_by is null and put_back_until is null").await, 1);

    // An account that is ended takes nobody with it either.
    first.ask("/api/auth/sign_in", sign_in).await;
    first.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
    first.call_next().await;
    app.app.auth.deactivate(EMAIL).await.unwrap();
    assert_eq!(app.count("select count(*) from queue.lease").await, 0);
    app.stop().await;
}

/// lessons, line 42: roles trusted from the token for 8 h. → Revocation at once. Line 45: deleting an agent deleted the
/// calls. → Deactivating keeps every record.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn deactivation_a_new_role_and_a_new_password_hold_from_the_next_request_on(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(connect).await;
    let browser = app.anonymous();
    let sign_in = json!({"email": EMAIL, "password": PASSWORD});
    browser.ask("/api/auth/sign_in", sign_in.clone()).await;

    assert_eq!(browser.post("/api/auth/agents", json!({})).await.0, 403);
    app.app.auth.set_role(EMAIL, Role::Supervisor).await.unwrap();
    assert_eq!(browser.post("/api/auth/agents", json!({})).await.0, 200);
    app.app.auth.set_role(EMAIL, Role::Agent).await.unwrap();
    assert_eq!(browser.post("/api/auth/agents", json!({})).await.0, 403);

    app.app.auth.reset_password(EMAIL, "another long password".into()).await.unwrap();
    assert_eq!(browser.post("/api/auth/me", json!({})).await.0, 401);
    assert_eq!(browser.post("/api/auth/sign_in", sign_in).await.0, 401);
    browser.ask("/api/auth/sign_in", json!({"email": EMAIL, "password": "another long password"})).await;

    app.app.auth.deactivate(EMAIL).await.unwrap();
    assert_eq!(browser.post("/api/auth/me", json!({})).await.0, 401);
    assert_eq!(browser.post("/api/auth/sign_in", json!({"email": EMAIL, "password": "another long password"})).await.0, 401);
    assert_eq!(app.count("select count(*) from auth.agent where deactivated_at is not null").await, 1);
    assert_eq!(app.count("select count(*) from auth.session where ended_reason is not null").await, 2);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_session_that_is_not_heard_for_two_hours_ends_and_takes_its_agent_offline(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let pass = |time: &'static str| {
        let pool = app.pool.clone();
        async move {
            let statement = "update auth.session set last_seen_at = last_seen_at - $1::interval, expires_at = expires_at - $1::interval";
            sqlx::query(statement)
                .bind(sqlx::postgres::types::PgInterval { months: 0, days: 0, microseconds: minutes(time) })
                .execute(&pool)
                .await
                .unwrap();
        }
    };

    pass("119").await;
    assert_eq!(agent.post("/api/auth/me", json!({})).await.0, 200, "heard in time, which starts the two hours anew");
    pass("119").await;
    assert_eq!(agent.post("/api/auth/me", json!({})).await.0, 200);
    pass("121").await;
    assert_eq!(agent.post("/api/auth/me", json!({})).await.0, 401);
    app.app.auth.sweep().await.unwrap();
    assert_eq!(app.count("select count(*) from auth.session where ended_reason = 'lost_connection'").await, 1);
    assert_eq!(app.count("select count(*) from auth.agent where intention = 'offline'").await, 1);
    app.stop().await;
}

fn minutes(text: &str) -> i64 {
    text.parse::<i64>().unwrap() * 60_000_000
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_silent_agent_is_unreachable_and_keeps_the_intention(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    agent.ask("/api/auth/me", json!({})).await;
    let presence = || async {
        let all = supervisor.ask("/api/auth/agents", json!({})).await;
        let id = serde_json::Value::String(agent.agent.to_string());
        all.as_array().unwrap().iter().find(|row| row["id"] == id).unwrap()["presence"].clone()
    };

    assert_eq!(presence().await, "available");
    sqlx::query("update auth.agent set seen_at = seen_at - interval '31 seconds' where id = $1")
        .bind(agent.agent)
        .execute(&app.pool)
        .await
        .unwrap();
    assert_eq!(presence().await, "unreachable");
    assert_eq!(agent.ask("/api/auth/me", json!({})).await["intention"], "available");
    assert_eq!(presence().await, "available");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn staff_that_cannot_be_is_refused(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(connect).await;
    let create = |email: &str, name: &str, password: &str| {
        let auth = app.app.auth.clone();
        let new = NewAgent { email: email.into(), name: name.into(), role: Role::Agent, password: password.into() };
        async move { auth.create(new).await.map_err(|failure| failure.to_string()) }
    };

    assert!(create("HANNAH.whitfield@example.co.uk", "Twice", PASSWORD).await.is_err());
    for email in ["", "hannah", "@example.co.uk", "a b@example.co.uk", "a@b", "a@@example.co.uk"] {
        assert!(create(email, "Somebody", PASSWORD).await.is_err(), "{email:?}");
    }
    assert!(create("new@example.co.uk", "  ", PASSWORD).await.is_err());
    assert!(create("new@example.co.uk", "Somebody", "short").await.is_err());
    assert_eq!(app.count("select count(*) from auth.agent").await, 1);
    app.stop().await;
}

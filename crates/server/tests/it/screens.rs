//! What open screens hear and are shown.

use std::time::{Duration, Instant};

use auth::Role;
use chrono::TimeDelta;
use futures::future::join_all;
use kernel::Hint;
use serde_json::json;
use server::app::{pool_options, with_timeouts};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{RoundTrips, TestPlatform};

use crate::support::{Client, LONGEST_WAIT, TestApp};

/// lessons, line 48: count statements per operation. Line 49: one change, a hundred screens that ask.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn many_screens_that_ask_at_once_have_the_figures_counted_once(_: PgPoolOptions, connect: PgConnectOptions) {
    let counted = RoundTrips::in_front_of(connect.get_host(), connect.get_port()).await.unwrap();
    let through = connect.clone().host("127.0.0.1").port(counted.port());
    // One connection beside the one that listens for hints: what it has to prepare is prepared after the first time.
    let pool = pool_options().max_connections(2).connect_with(with_timeouts(through)).await.unwrap();
    let app = TestApp::over(pool, TestPlatform::new().await.unwrap()).await;
    let agent = app.signed_in(Role::Agent).await;
    for _ in 0..2 {
        agent.ask("/api/queue/summary", json!({})).await;
        app.app.queue.forget_figures();
    }
    app.hints_have_passed().await;

    let before = counted.count();
    agent.ask("/api/auth/me", json!({})).await;
    assert_eq!(counted.count() - before, 1, "its session");
    // Figures are counted again after a second: on a machine that needs longer for twenty requests it is tried again.
    for _ in 0..60 {
        app.app.queue.forget_figures();
        let (before, asked) = (counted.count(), Instant::now());
        join_all((0..20).map(|_| agent.ask("/api/queue/summary", json!({})))).await;
        let of_all = counted.count() - before;
        app.app.queue.forget_figures();
        agent.ask("/api/queue/summary", json!({})).await;
        if asked.elapsed() < Duration::from_secs(1) {
            assert_eq!(of_all, 20 + 3, "each request has its session, all together have the figures");
            assert_eq!(counted.count() - before, 20 + 3 + 1 + 3, "a change has them counted again");
            app.stop().await;
            return;
        }
    }
    panic!("twenty requests never took less than a second");
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_change_on_another_server_makes_the_next_figures_fresh(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let other = TestApp::over(pool_options().connect_lazy_with(with_timeouts(connect)), TestPlatform::new().await.unwrap()).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (agent, watcher) = (app.signed_in(Role::Agent).await, other.signed_in(Role::Agent).await);
    let leased = async || watcher.ask("/api/queue/summary", json!({})).await["queues"][0]["leased"].clone();

    // After a second the figures are counted again without a change, which proves nothing: on a machine that needs longer it is tried again.
    for _ in 0..60 {
        let mut hearing = other.hear().await;
        let asked = Instant::now();
        assert_eq!(leased().await, 0);
        let held = agent.call_next().await;
        while hearing.next().await != Hint::Queues {}
        assert_eq!(leased().await, 1);
        if asked.elapsed() < Duration::from_secs(1) {
            other.stop().await;
            app.stop().await;
            return;
        }
        agent.ask("/api/queue/release", json!({"lease_id": held["lease_id"], "reason": "not_a_good_time"})).await;
        app.clock.advance(TimeDelta::minutes(31));
    }
    panic!("a change was never heard within a second");
}

/// Everything that a stream says until it ends, or until `word` is heard.
async fn listen(stream: &mut reqwest::Response, word: Option<&str>) -> String {
    let mut heard = String::new();
    while !word.is_some_and(|word| heard.contains(word)) {
        match tokio::time::timeout(LONGEST_WAIT, stream.chunk()).await.unwrap() {
            Ok(Some(chunk)) => heard.push_str(&String::from_utf8_lossy(&chunk)),
            _ => break,
        }
    }
    heard
}

async fn open_stream(client: &Client) -> reqwest::Response {
    let mut stream = client.http.get(format!("{}/api/events", client.base)).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    listen(&mut stream, Some("\"everything\"")).await;
    stream
}

/// rules, Presence. A page cannot see comments, and is given no event without data.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_event_stream_beats(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let mut stream = agent.http.get(format!("{}/api/events", agent.base)).send().await.unwrap();
    let beats = "event: beat\ndata: beat\n\n";
    let mut heard = String::new();
    while heard.matches(beats).count() < 2 {
        heard.push_str(&listen(&mut stream, Some("beat\n\n")).await);
    }
    app.stop().await;
}

/// lessons, line 42: revocation at once, also of what stays open.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_event_stream_ends_with_its_session_and_with_no_other(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let leaver = app.signed_in(Role::Agent).await;
    let (stays, other) = (app.signed_in_again(&leaver).await, app.signed_in(Role::Agent).await);
    app.hints_have_passed().await;
    let mut streams = [open_stream(&leaver).await, open_stream(&stays).await, open_stream(&other).await];
    let [of_leaver, of_stays, of_other] = &mut streams;
    let named = format!("{{\"agent\":\"{}\"}}", leaver.agent);

    leaver.ask("/api/auth/sign_out", json!({})).await;
    let heard = listen(of_leaver, None).await;
    assert!(heard.contains(&named), "the page hears that something has changed, and then nothing more: {heard}");
    listen(of_stays, Some(&named)).await;
    listen(of_other, Some(&named)).await;

    // Still open: it hears the next one too.
    stays.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    assert!(listen(of_stays, Some(&named)).await.contains(&named));
    let email: String =
        sqlx::query_scalar("select email from auth.agent where id = $1").bind(stays.agent).fetch_one(&app.pool).await.unwrap();
    app.app.auth.deactivate(&email).await.unwrap();
    listen(of_stays, None).await;
    assert!(listen(of_other, Some(&named)).await.contains(&named));
    app.stop().await;
}

//! What a monitoring system is told.

use auth::Role;
use reqwest::header;
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::{METRICS_TOKEN, TestApp};

async fn metrics(app: &TestApp, authorization: Option<&str>) -> (u16, String) {
    let mut request = reqwest::Client::new().get(format!("{}/metrics", app.base));
    if let Some(authorization) = authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.text().await.unwrap())
}

/// lessons, line 43: admin, token, heartbeat and cron endpoints without authentication.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn figures_are_told_only_to_whoever_has_the_token(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(7).insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    let agent = app.signed_in(Role::Admin).await;
    for _ in 0..3 {
        agent.ask("/api/calls/user", json!({"user_id": "7"})).await;
    }

    let right = format!("Bearer {METRICS_TOKEN}");
    let longer = format!("{right}x");
    for wrong in [None, Some(""), Some("Bearer "), Some(METRICS_TOKEN), Some(&*right.replace('m', "n")), Some(&*longer), Some("Basic bTp0")]
    {
        let (status, answer) = metrics(&app, wrong).await;
        assert!(status == 401 && !answer.contains("dialler_"), "{wrong:?}: {status} {answer}");
    }
    let cookie = agent.http.get(format!("{}/metrics", app.base)).send().await.unwrap();
    assert_eq!(cookie.status(), 401, "a session opens nothing here");

    let (status, told) = metrics(&app, Some(&right)).await;
    assert_eq!(status, 200);
    for line in [
        "dialler_context_reads_total{from=\"replica\"} 1",
        "dialler_context_reads_total{from=\"memory\"} 2",
        "dialler_redis_is_used 0",
        "dialler_http_request_seconds_count{method=\"POST\",route=\"/api/calls/user\",status=\"200\"} 3",
        "dialler_database_connections{state=\"idle\"} ",
        "dialler_replica_lag_seconds 0",
    ] {
        assert!(told.lines().any(|told| told.starts_with(line)), "{line} is not in\n{told}");
    }
    assert!(!told.contains("Tester") && !told.contains("4477009"), "nothing about anybody");
    app.stop().await;
}

/// Whoever asks for what is not there makes no figures of their own.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn made_up_paths_are_counted_together(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    for path in ["/api/made/up", "/made-up", "/made-up-too", "/api/calls/made_up"] {
        agent.http.get(format!("{}{path}", app.base)).send().await.unwrap();
    }

    let (_, told) = metrics(&app, Some(&format!("Bearer {METRICS_TOKEN}"))).await;

    assert!(!["made/up", "made-up", "made_up"].iter().any(|path| told.contains(path)), "{told}");
    assert!(told.contains("route=\"none\"") && told.contains("route=\"/api/{*rest}\""), "{told}");
    app.stop().await;
}

//! Everything is refused unless it is allowed.

use auth::Role;
use reqwest::header;
use serde_json::json;
use server::router::{PUBLIC, server_function_paths};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::TestApp;

/// Every server function with the smallest role that may call it. A function that is lost, renamed or new shows here.
pub(crate) const FUNCTIONS: [(&str, Option<Role>); 93] = [
    ("/api/auth/accounts", Some(Role::Admin)),
    ("/api/auth/agents", Some(Role::Supervisor)),
    ("/api/auth/change_password", Some(Role::Agent)),
    ("/api/auth/change_staff", Some(Role::Admin)),
    ("/api/auth/create_staff", Some(Role::Admin)),
    ("/api/auth/day", Some(Role::Agent)),
    ("/api/auth/deactivate_staff", Some(Role::Admin)),
    ("/api/auth/end_other_sessions", Some(Role::Agent)),
    ("/api/auth/end_session", Some(Role::Agent)),
    ("/api/auth/end_sessions_of", Some(Role::Admin)),
    ("/api/auth/events", Some(Role::Admin)),
    ("/api/auth/here", Some(Role::Agent)),
    ("/api/auth/me", Some(Role::Agent)),
    ("/api/auth/my_events", Some(Role::Agent)),
    ("/api/auth/reactivate_staff", Some(Role::Admin)),
    ("/api/auth/reset_password", Some(Role::Admin)),
    ("/api/auth/sessions", Some(Role::Agent)),
    ("/api/auth/sessions_of", Some(Role::Admin)),
    ("/api/auth/set_presence", Some(Role::Agent)),
    ("/api/auth/sign_in", None),
    ("/api/auth/sign_out", Some(Role::Agent)),
    ("/api/calls/accept_transfer", Some(Role::Supervisor)),
    ("/api/calls/answer", Some(Role::Agent)),
    ("/api/calls/ask_transfer", Some(Role::Agent)),
    ("/api/calls/attempt", Some(Role::Agent)),
    ("/api/calls/attempt_choices", Some(Role::Agent)),
    ("/api/calls/attempts", Some(Role::Agent)),
    ("/api/calls/catalogue", Some(Role::Admin)),
    ("/api/calls/change_disposition", Some(Role::Admin)),
    ("/api/calls/correct", Some(Role::Agent)),
    ("/api/calls/correctable", Some(Role::Agent)),
    ("/api/calls/current", Some(Role::Agent)),
    ("/api/calls/decline", Some(Role::Agent)),
    ("/api/calls/decline_transfer", Some(Role::Supervisor)),
    ("/api/calls/extend_wrap_up", Some(Role::Agent)),
    ("/api/calls/find", Some(Role::Agent)),
    ("/api/calls/give_notice", Some(Role::Agent)),
    ("/api/calls/going", Some(Role::Supervisor)),
    ("/api/calls/hand_over", Some(Role::Agent)),
    ("/api/calls/hang_up", Some(Role::Agent)),
    ("/api/calls/history", Some(Role::Agent)),
    ("/api/calls/hold", Some(Role::Agent)),
    ("/api/calls/identify", Some(Role::Agent)),
    ("/api/calls/missed_callers", Some(Role::Supervisor)),
    ("/api/calls/missing_recordings", Some(Role::Supervisor)),
    ("/api/calls/monitor", Some(Role::Supervisor)),
    ("/api/calls/monitored", Some(Role::Supervisor)),
    ("/api/calls/note", Some(Role::Agent)),
    ("/api/calls/promise_notes", Some(Role::Agent)),
    ("/api/calls/record_outcome", Some(Role::Agent)),
    ("/api/calls/rejoin", Some(Role::Agent)),
    ("/api/calls/ringing", Some(Role::Agent)),
    ("/api/calls/save_notes", Some(Role::Agent)),
    ("/api/calls/see_to_caller", Some(Role::Supervisor)),
    ("/api/calls/set_monitor_mode", Some(Role::Supervisor)),
    ("/api/calls/start", Some(Role::Agent)),
    ("/api/calls/stop_monitoring", Some(Role::Supervisor)),
    ("/api/calls/transfer", Some(Role::Agent)),
    ("/api/calls/transfer_choices", Some(Role::Agent)),
    ("/api/calls/unrecorded", Some(Role::Agent)),
    ("/api/calls/user", Some(Role::Agent)),
    ("/api/calls/voice_token", Some(Role::Agent)),
    ("/api/calls/withdraw_transfer", Some(Role::Agent)),
    ("/api/queue/add_holiday", Some(Role::Admin)),
    ("/api/queue/call_next", Some(Role::Agent)),
    ("/api/queue/callbacks", Some(Role::Agent)),
    ("/api/queue/change_settings", Some(Role::Admin)),
    ("/api/queue/current", Some(Role::Agent)),
    ("/api/queue/discover", Some(Role::Supervisor)),
    ("/api/queue/explain", Some(Role::Agent)),
    ("/api/queue/held", Some(Role::Agent)),
    ("/api/queue/holdings", Some(Role::Supervisor)),
    ("/api/queue/holidays", Some(Role::Admin)),
    ("/api/queue/lift", Some(Role::Supervisor)),
    ("/api/queue/load_holidays", Some(Role::Admin)),
    ("/api/queue/move_callback", Some(Role::Agent)),
    ("/api/queue/object", Some(Role::Supervisor)),
    ("/api/queue/objections", Some(Role::Supervisor)),
    ("/api/queue/overview", Some(Role::Supervisor)),
    ("/api/queue/pause", Some(Role::Supervisor)),
    ("/api/queue/promise_times", Some(Role::Agent)),
    ("/api/queue/reassign", Some(Role::Supervisor)),
    ("/api/queue/release", Some(Role::Agent)),
    ("/api/queue/remove_holiday", Some(Role::Admin)),
    ("/api/queue/resume", Some(Role::Supervisor)),
    ("/api/queue/saved_today", Some(Role::Agent)),
    ("/api/queue/saved_today_by_all", Some(Role::Supervisor)),
    ("/api/queue/search", Some(Role::Agent)),
    ("/api/queue/settings", Some(Role::Admin)),
    ("/api/queue/summary", Some(Role::Agent)),
    ("/api/queue/take", Some(Role::Agent)),
    ("/api/queue/talk", Some(Role::Agent)),
    ("/api/queue/withdraw", Some(Role::Agent)),
];

#[test]
fn the_registered_server_functions_are_those_listed() {
    assert_eq!(server_function_paths(), FUNCTIONS.map(|(path, _)| path));
}

#[test]
fn the_public_list_is_short_and_every_public_function_is_on_it() {
    assert_eq!(PUBLIC, ["/api/auth/sign_in", "/api/health", "/api/browser_error"]);
    for (path, role) in FUNCTIONS {
        assert_eq!(role.is_none(), PUBLIC.contains(&path), "{path}");
    }
}

/// lessons, line 43: admin, token, heartbeat and cron endpoints without authentication.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn every_path_is_refused_to_whoever_is_signed_out(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let nobody = app.anonymous();

    for (path, role) in FUNCTIONS {
        let (status, answer) = nobody.post(path, json!({})).await;
        if role.is_some() {
            assert_eq!((status, answer["code"].as_str()), (401, Some("unauthenticated")), "{path}: {answer}");
        }
    }
    for path in ["/api/events", "/api/queue", "/api/no/such/function", "/api/"] {
        let response = nobody.http.get(format!("{}{path}", app.base)).send().await.unwrap();
        assert_eq!(response.status(), 401, "{path}");
    }
    for path in ["/health/live", "/health/ready", "/api/health"] {
        let response = nobody.http.get(format!("{}{path}", app.base)).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
    }
    for made_up in ["", "x", "AAAAAAAAAAAAAAAAAAAAAA", "%00", "🙂"] {
        let response = nobody
            .http
            .post(format!("{}/api/auth/me", app.base))
            .header(header::COOKIE, format!("dialler_session={made_up}").as_bytes())
            .json(&json!({}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 401, "{made_up:?}");
    }

    app.stop().await;
}

/// lessons, line 53: jobs were GET URLs that a build crawled. → No GET changes anything.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn no_server_function_answers_to_get(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    let before = app.everything_but_hearing().await;

    for (path, _) in FUNCTIONS {
        for query in ["", "?queue=unsigned_users", "?intention=break"] {
            let response = supervisor.http.get(format!("{}{path}{query}", app.base)).send().await.unwrap();
            assert_eq!(response.status(), 405, "{path}{query}");
        }
    }

    assert_eq!(app.everything_but_hearing().await, before);
    app.stop().await;
}

/// Anybody at all can report an error; a flood of them fills no log.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_flood_of_browsers_reports_is_refused(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let nobody = app.anonymous();
    let mut last = (0, json!(null));
    for n in 0..60 {
        last = nobody.post("/api/browser_error", json!({"page": "/", "message": "flood"})).await;
        assert!(n >= 30 || last.0 == 200, "{n}: {last:?}");
    }
    assert_eq!((last.0, last.1["code"].as_str()), (429, Some("too_many_requests")));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn too_small_a_role_is_refused(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let supervisor = app.signed_in(Role::Supervisor).await;

    let admin = app.signed_in(Role::Admin).await;
    for (path, role) in FUNCTIONS {
        let (below, allowed) = match role {
            Some(Role::Supervisor) => (vec![&agent], &supervisor),
            Some(Role::Admin) => (vec![&agent, &supervisor], &admin),
            Some(Role::Agent) | None => continue,
        };
        // Well formed; whether it can be done now is another question.
        let body = match path {
            "/api/auth/change_staff" => {
                json!({"agent": "999", "version": 1, "name": "Nobody", "role": "agent", "queues": null})
            }
            "/api/auth/create_staff" => {
                json!({"email": "new@example.co.uk", "name": "New", "role": "agent", "password": "a long enough password"})
            }
            "/api/auth/deactivate_staff" | "/api/auth/reactivate_staff" => json!({"agent": "999", "version": 1}),
            "/api/auth/end_sessions_of" => json!({"agent": "999", "session": null}),
            "/api/auth/events" => json!({"agent": null, "before": null}),
            "/api/auth/reset_password" => json!({"agent": "999", "version": 1, "password": "a long enough password"}),
            "/api/auth/sessions_of" => json!({"agent": "999"}),
            "/api/calls/change_disposition" => {
                let edit = json!({
                    "label": "Spoke", "position": 5, "key": 5, "delay_hours": 24, "needs_note": false, "needs_time": false,
                    "replaces_cooling_off": false, "wants_review": false, "also": null, "is_offered": true
                });
                json!({"disposition": "contacted", "edit": edit, "version": 1})
            }
            "/api/calls/accept_transfer" | "/api/calls/decline_transfer" => {
                json!({"transfer_id": "01936b6e-0000-7000-8000-000000000001"})
            }
            "/api/calls/monitor" => json!({"call_id": "01936b6e-0000-7000-8000-000000000001", "mode": "listen"}),
            "/api/calls/see_to_caller" => json!({"id": "01936b6e-0000-7000-8000-000000000001"}),
            "/api/calls/set_monitor_mode" => json!({"mode": "listen"}),
            "/api/queue/add_holiday" => json!({"day": "28 May 2027", "name": "A jubilee", "reason": "why"}),
            "/api/queue/remove_holiday" => json!({"day": "2027-03-29", "reason": "why"}),
            "/api/queue/load_holidays" => {
                json!({"file": include_str!("../../../queue/data/bank-holidays.json"), "file_name": "bank-holidays.json", "reason": "why"})
            }
            "/api/queue/change_settings" => json!({"settings": {}, "version": 1, "reason": "why"}),
            "/api/queue/lift" => json!({"objection_id": 1, "reason": "why"}),
            "/api/queue/object" => json!({"objection": {"kind": "opted_out", "whom": "1", "reason": "why", "until": null}}),
            "/api/queue/objections" => json!({"search": "", "is_only_holding": true, "before": null}),
            "/api/queue/pause" => json!({"kind": "lender", "name": "lloyds", "reason": "why"}),
            "/api/queue/reassign" => json!({"callback_id": 1, "agent_id": null}),
            "/api/queue/resume" => json!({"pause_id": 1}),
            _ => json!({}),
        };
        for client in below {
            let (status, answer) = client.post(path, body.clone()).await;
            assert_eq!((status, answer["code"].as_str()), (403, Some("forbidden")), "{path}: {answer}");
        }
        let (status, answer) = allowed.post(path, body).await;
        assert!([200, 404, 409].contains(&status), "{path}: {answer}");
    }
    let (status, answer) = agent.post("/api/no/such/function", json!({})).await;
    assert_eq!((status, answer["code"].as_str()), (404, Some("not_found")));

    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_change_from_a_foreign_or_missing_origin_is_refused_and_nobody_is_let_in_by_cors(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let cookie = app.session_cookie(agent.agent).await;

    for origin in [None, Some("https://evil.example"), Some("null"), Some("http://localhost")] {
        let mut request = reqwest::Client::new()
            .post(format!("{}/api/auth/set_presence", app.base))
            .header(header::COOKIE, &cookie)
            .json(&json!({"intention": "break"}));
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 403, "{origin:?}");
        assert!(!response.headers().keys().any(|name| name.as_str().starts_with("access-control")), "{origin:?}");
    }
    assert_eq!(agent.ask("/api/auth/me", json!({})).await["intention"], "available");

    let preflight = reqwest::Client::new()
        .request(reqwest::Method::OPTIONS, format!("{}/api/auth/me", app.base))
        .header(header::ORIGIN, "https://evil.example")
        .header("access-control-request-method", "POST")
        .send()
        .await
        .unwrap();
    assert!(!preflight.status().is_success());
    assert!(!preflight.headers().keys().any(|name| name.as_str().starts_with("access-control")));

    app.stop().await;
}

//! Every path that the server has, walked with every method: who is let in where.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use auth::Role;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Method, Request, header};
use serde_json::Value;
use server::carrier::EMULATED_AT;
use server::cron;
use server::router::{Door, PUBLIC, router, routes};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::watch;
use tower::ServiceExt as _;
use twilio_emulator::Emulator;

use crate::architecture::{root, sources, without_tests};
use crate::support::{CRON_SECRET, METRICS_TOKEN, TestApp};

/// Paths that anybody at all may use. None of them says anything about anybody.
const OPEN: [&str; 5] = ["/api/auth/sign_in", "/api/browser_error", "/api/health", "/health/live", "/health/ready"];

const METHODS: [Method; 7] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];

const THIS_MACHINE: [u8; 4] = [127, 0, 0, 1];
const ANOTHER_MACHINE: [u8; 4] = [203, 0, 113, 7];

/// The whole server as `serve` puts it together, and how one asks it.
struct Whole {
    router: Router,
    origin: String,
}

impl Whole {
    fn of(app: &TestApp) -> Self {
        let router = router(&app.app, &app.base, Path::new("no-front-end-in-these-tests"), Arc::new(watch::Sender::new(false)));
        let router = cron::mount(router, &app.app.queue, &CRON_SECRET.into());
        Self { router: app.carrier.as_ref().unwrap().mount(router), origin: app.base.clone() }
    }

    /// Asks without a session, from a page of ours; the status and the code of the answer.
    async fn ask(&self, method: &Method, path: &str, from: [u8; 4], more: &[(&str, &str)]) -> (u16, String) {
        let mut request = Request::builder().method(method).uri(filled(path)).header(header::ORIGIN, &self.origin);
        for (name, value) in more {
            request
                .headers_mut()
                .unwrap()
                .insert(header::HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let mut request = request.header(header::CONTENT_TYPE, "application/json").body(Body::from("{}")).unwrap();
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from((from, 50_000))));
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let status = answer.status().as_u16();
        // An open stream of events has no end; nothing that is refused has one.
        let body = if status < 400 { Vec::new() } else { to_bytes(answer.into_body(), 64 * 1024).await.unwrap().to_vec() };
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }
}

/// A path with something in each of its places.
fn filled(path: &str) -> String {
    let fill = |part: &str| if part.starts_with('{') { "01936b6e-0000-7000-8000-000000000001".to_owned() } else { part.to_owned() };
    path.split('/').map(fill).collect::<Vec<_>>().join("/")
}

/// lessons, line 43: admin, token, heartbeat and cron endpoints without authentication. → The walk goes over the list that the router is made of.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn every_path_refuses_whoever_does_not_show_what_its_door_asks_for(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let whole = Whole::of(&app);
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let before = app.everything_but_hearing().await;
    let mut open = BTreeSet::new();

    for route in routes(&app.app) {
        for method in &METHODS {
            let (status, code) = whole.ask(method, route.path, THIS_MACHINE, &[]).await;
            let what = format!("{method} {}: {status} {code}", route.path);
            match route.door {
                Door::Open => {
                    open.insert(route.path);
                    assert!(![401, 403].contains(&status), "{what}");
                    assert_eq!(route.path.starts_with("/api/"), PUBLIC.contains(&route.path), "{what}");
                }
                // The answer to HEAD has no body.
                Door::Session => assert!(status == 401 && (code == "unauthenticated" || *method == Method::HEAD), "{what}"),
                Door::Signature => assert_eq!(status, 403, "{what}"),
                Door::Secret if [Method::GET, Method::HEAD].contains(method) => assert_eq!(status, 401, "{what}"),
                Door::Secret => assert_eq!(status, 405, "{what}"),
            }
        }
    }

    assert_eq!(open.into_iter().collect::<Vec<_>>(), OPEN);
    assert_eq!(app.everything_but_hearing().await, before, "nothing was changed");
    app.stop().await;
}

/// A door that is shut for everybody would pass the walk as well.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_shows_what_a_door_asks_for_is_let_in(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let whole = Whole::of(&app);
    let admin = app.signed_in(Role::Admin).await;
    let token = format!("Bearer {METRICS_TOKEN}");

    for route in routes(&app.app) {
        let is_read = ["/metrics", "/api/events"].contains(&route.path) || route.path.starts_with("/api/calls/recording/");
        let method = if is_read { Method::GET } else { Method::POST };
        let (status, _) = match route.door {
            Door::Open => continue,
            Door::Session => {
                // Its own for each: one of the paths ends it.
                let cookie = app.session_cookie(admin.agent).await;
                whole.ask(&method, route.path, THIS_MACHINE, &[("cookie", &cookie)]).await
            }
            Door::Secret => whole.ask(&method, route.path, THIS_MACHINE, &[("authorization", &token)]).await,
            // What is wrong with an empty form is for whoever reads it.
            Door::Signature => (app.webhook(route.path, &[]).await.0, String::new()),
        };
        assert!(![401, 403, 405].contains(&status), "{method} {}: {status}", route.path);
    }
    app.stop().await;
}

/// lessons, line 53: jobs were GET URLs that a build crawled; and line 43.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_address_of_a_scheduler_outside_takes_post_and_its_secret(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let whole = Whole::of(&app);
    let admin = app.signed_in(Role::Admin).await;
    let cookie = app.session_cookie(admin.agent).await;
    let (wrong, right) = (format!("Bearer {CRON_SECRET}x"), format!("Bearer {CRON_SECRET}"));

    for method in METHODS {
        for shown in [&[][..], &[("authorization", &*wrong)], &[("cookie", &cookie)]] {
            let (status, _) = whole.ask(&method, cron::PATH, THIS_MACHINE, shown).await;
            assert_eq!(status, if method == Method::POST { 401 } else { 405 }, "{method} {shown:?}");
        }
        if method != Method::POST {
            assert_eq!(whole.ask(&method, cron::PATH, THIS_MACHINE, &[("authorization", &right)]).await.0, 405, "{method}");
        }
    }
    assert_eq!(app.count("select count(*) from queue.discovery_run").await, 0);
    assert_eq!(whole.ask(&Method::POST, cron::PATH, THIS_MACHINE, &[("authorization", &right)]).await.0, 202);
    app.stop().await;
}

/// What no list has is a file of the front end: nothing but reading is possible there.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whatever_is_no_path_can_only_be_read(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let whole = Whole::of(&app);
    for path in
        ["/", "/floor", "/webhooks", "/webhooks/twilio", "/webhooks/twilio/no-such", "/health", "/cron", "/twilio-admin", "/api-docs"]
    {
        for method in METHODS {
            let (status, _) = whole.ask(&method, path, THIS_MACHINE, &[]).await;
            let expected = if [Method::GET, Method::HEAD].contains(&method) { 404 } else { 405 };
            assert_eq!(status, expected, "{method} {path}: there is no front end in this test");
        }
    }
    app.stop().await;
}

/// The emulated carrier rings nobody real, and is in development alone; even so nobody on another machine can tell it anything.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_emulated_carrier_serves_this_machine_and_whoever_has_its_account(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let whole = Whole::of(&app);
    let paths = Emulator::paths();
    assert!(paths.len() > 30, "{paths:?}");

    for path in paths {
        let at = format!("{EMULATED_AT}{path}");
        for method in METHODS {
            let (status, _) = whole.ask(&method, &at, ANOTHER_MACHINE, &[]).await;
            let what = format!("{method} {at}: {status}");
            if path == "/signal" {
                // Browsers come from everywhere. A socket is asked for; what it may do is in the token that it shows first.
                assert!([400, 405, 426].contains(&status), "{what}");
                continue;
            }
            assert_eq!(status, 403, "{what}");
            let (status, _) = whole.ask(&method, &at, THIS_MACHINE, &[]).await;
            let what = format!("{method} {at}: {status}");
            if path.starts_with("/2010-04-01/") {
                assert_eq!(status, 401, "{what}");
            } else if path.starts_with("/admin/") && !method.is_safe() {
                let (status, _) = whole.ask(&method, &at, THIS_MACHINE, &[("host", "another.example")]).await;
                assert_eq!(status, 403, "another page: {what}");
            } else if !method.is_safe() {
                assert_eq!(status, 405, "the page can only be read: {what}");
            }
        }
    }
    app.stop().await;
}

/// lessons, line 43. A path beside the lists would be walked by nobody: every place that gives a path to a router is known.
#[test]
fn routers_are_made_from_their_lists_alone() {
    let words = [".route(", ".route_service(", ".nest(", ".nest_service(", ".merge(", ".fallback(", ".fallback_service("];
    // None of these is about paths of HTTP.
    let others = ["return self.route(id).await;", "document(calls.route(call).await)", "report.merge(&part);"];
    let mut found = BTreeSet::new();
    for (_, file) in sources() {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().to_str().unwrap();
        for line in without_tests(&text).lines().map(str::trim) {
            if words.iter().any(|word| line.contains(word)) && !others.contains(&line) {
                found.insert(format!("{name}: {line}"));
            }
        }
    }
    let listed = "routes().into_iter().fold(Router::new(), |router, (path, handlers)| router.route(path, handlers))";
    let expected = [
        // All of them from the list.
        "crates/server/src/router.rs: api = api.route(path, handlers);".to_owned(),
        "crates/server/src/router.rs: outside = outside.route(path, handlers);".to_owned(),
        "crates/server/src/router.rs: outside.merge(api).fallback_service(pages(site)).layer(".to_owned(),
        // The front end's files.
        "crates/server/src/router.rs: .fallback(ServeFile::new(site.join(\"index.html\")).precompressed_br().precompressed_gzip());".to_owned(),
        "crates/server/src/router.rs: .fallback_service(files)".to_owned(),
        "crates/server/src/cron.rs: router.merge(Router::new().route(PATH, post(discover)).with_state(cron))".to_owned(),
        // The emulated carrier, and its lists.
        "crates/server/src/carrier.rs: return router.nest(EMULATED_AT, emulator.router());".to_owned(),
        "crates/twilio-emulator/src/emulator.rs: .nest(rest::BELOW, rest::router(&self.0))".to_owned(),
        "crates/twilio-emulator/src/emulator.rs: .nest(admin::BELOW, admin::router())".to_owned(),
        "crates/twilio-emulator/src/emulator.rs: .merge(page::router())".to_owned(),
        "crates/twilio-emulator/src/emulator.rs: Router::new().route(SIGNAL, get(signal::accept)).merge(for_this_machine).with_state(Arc::clone(&self.0))".to_owned(),
        format!("crates/twilio-emulator/src/rest.rs: let router = {listed};"),
        format!("crates/twilio-emulator/src/admin.rs: let router = {listed};"),
        format!("crates/twilio-emulator/src/page.rs: {listed}"),
        "crates/twilio-emulator/src/main.rs: let app = Router::new().nest(\"/twilio\", emulator.router()).into_make_service_with_connect_info::<SocketAddr>();".to_owned(),
    ];
    assert_eq!(found, BTreeSet::from(expected));
}

//! Signing in while somebody guesses at passwords, and what is on record of it.

use std::time::{Duration, Instant};

use auth::{NewAgent, Role};
use futures::future::join_all;
use reqwest::header;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::{Client, Log, Made, TestApp};

const EMAIL: &str = "hannah.whitfield@example.co.uk";
const PASSWORD: &str = "a long enough password";
const WRONG: &str = "a wrong but long password";
/// How long a known browser may take in a flood, and an unknown one: three times what is promised, for a machine that does much else.
const KNOWN_PATIENCE: Duration = Duration::from_secs(3 * 2);
const UNKNOWN_PATIENCE: Duration = Duration::from_secs(3 * 10);

/// A server behind a proxy on this machine, with Hannah on the staff.
async fn behind_a_proxy(connect: PgConnectOptions) -> TestApp {
    let made = Made { trusted_proxies: "127.0.0.1".parse().unwrap(), ..Made::default() };
    with_hannah(TestApp::made_for_a_crowd(connect, made).await).await
}

async fn with_hannah(app: TestApp) -> TestApp {
    let hannah = NewAgent { email: EMAIL.into(), name: "Hannah Whitfield".into(), role: Role::Agent, password: PASSWORD.into() };
    app.app.auth.create(hannah).await.unwrap();
    app
}

/// Tries to sign in, through a proxy that was asked by `from`; the status and the answer.
async fn try_from(browser: &Client, from: &str, email: &str, password: &str) -> (u16, Value) {
    let request = browser.http.post(format!("{}/api/auth/sign_in", browser.base)).header("x-forwarded-for", from);
    let response = request.json(&json!({"email": email, "password": password})).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn minute_passes(app: &TestApp) {
    sqlx::query("update auth.sign_in_failure set failed_at = failed_at - interval '1 minute'").execute(&app.pool).await.unwrap();
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn only_failures_count_and_the_answer_never_says_which_half_was_wrong(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(TestApp::start(connect).await).await;
    let sign_in = |email: &'static str, password: &'static str| {
        let browser = app.anonymous();
        async move { browser.post("/api/auth/sign_in", json!({"email": email, "password": password})).await }
    };

    for _ in 0..12 {
        assert_eq!(sign_in(EMAIL, PASSWORD).await.0, 200);
    }
    let unknown = sign_in("nobody@example.co.uk", PASSWORD).await;
    assert_eq!(unknown.0, 401);
    for _ in 0..10 {
        assert_eq!(sign_in(EMAIL, WRONG).await, unknown);
    }
    let (status, answer) = sign_in(EMAIL, PASSWORD).await;
    assert_eq!((status, answer["code"].as_str()), (429, Some("too_many_requests")));
    minute_passes(&app).await;
    assert_eq!(sign_in(EMAIL, PASSWORD).await.0, 200);
    app.stop().await;
}

/// lessons, line 62: whoever knew an address could lock its owner out. → Guessing is slowed where it comes from; a known browser is never
/// kept waiting. Fifty tries a second from fifty addresses, half of them at Hannah's account.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_known_browser_signs_in_while_others_guess_from_everywhere(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = behind_a_proxy(connect).await;
    let (known, elsewhere) = (app.anonymous(), app.anonymous());
    assert_eq!(try_from(&known, "198.51.100.1", EMAIL, PASSWORD).await.0, 200);
    let sam = NewAgent { email: "sam@example.co.uk".into(), name: "Sam Tester".into(), role: Role::Agent, password: PASSWORD.into() };
    app.app.auth.create(sam).await.unwrap();

    let attacker = app.anonymous();
    let second = |second: u64| {
        let attacker = &attacker;
        join_all((0..50).map(move |n| async move {
            tokio::time::sleep(Duration::from_millis(second * 1_000 + n * 20)).await;
            let email = if n % 2 == 0 { EMAIL.to_owned() } else { format!("nobody.{second}.{n}@example.co.uk") };
            try_from(attacker, &format!("203.0.113.{n}"), &email, WRONG).await
        }))
    };
    let owner = async {
        let mut took = Vec::new();
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let began = Instant::now();
            assert_eq!(try_from(&known, "198.51.100.1", EMAIL, PASSWORD).await.0, 200);
            took.push(began.elapsed());
        }
        took
    };
    let other = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        let began = Instant::now();
        (try_from(&elsewhere, "198.51.100.2", "sam@example.co.uk", PASSWORD).await, began.elapsed())
    };
    let (guesses, took, (other, other_took)) = tokio::join!(join_all((0..4).map(second)), owner, other);

    assert!(took.iter().all(|took| *took < KNOWN_PATIENCE), "{took:?}");
    assert!(other_took < UNKNOWN_PATIENCE, "{other_took:?}");
    assert!([200, 503].contains(&other.0), "signed in, or told that the server is busy: {other:?}");
    let statuses: Vec<u16> = guesses.into_iter().flatten().map(|(status, _)| status).collect();
    assert!(statuses.iter().all(|status| [401, 429, 503].contains(status)), "{statuses:?}");
    let guessed = "select count(*) from auth.sign_in_failure where account_hash = sha256('hannah.whitfield@example.co.uk')";
    assert!((1..=10).contains(&app.count(guessed).await), "no more than ten guesses a minute at one account");
    let (status, _) = try_from(&app.anonymous(), "198.51.100.3", EMAIL, PASSWORD).await;
    assert!([200, 429].contains(&status), "an unknown browser of an account that is guessed at: {status}");
    minute_passes(&app).await;
    for email in [EMAIL, "sam@example.co.uk"] {
        assert_eq!(try_from(&app.anonymous(), "198.51.100.3", email, PASSWORD).await.0, 200, "nobody is locked out");
    }
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_known_browser_has_failures_of_its_own_and_a_reset_makes_it_unknown(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(TestApp::start(connect).await).await;
    let (known, unknown) = (app.anonymous(), app.anonymous());
    let sign_in = |browser: &Client, password: &'static str| {
        let browser = browser.clone();
        async move { browser.post("/api/auth/sign_in", json!({"email": EMAIL, "password": password})).await.0 }
    };
    assert_eq!(sign_in(&known, PASSWORD).await, 200);

    for _ in 0..10 {
        assert_eq!(sign_in(&unknown, WRONG).await, 401);
    }
    assert_eq!(sign_in(&unknown, PASSWORD).await, 429);
    for _ in 0..10 {
        assert_eq!(sign_in(&known, WRONG).await, 401, "the others' failures are not counted here");
    }
    assert_eq!(sign_in(&known, PASSWORD).await, 429);
    minute_passes(&app).await;
    for _ in 0..10 {
        assert_eq!(sign_in(&known, WRONG).await, 401);
    }
    assert_eq!(sign_in(&unknown, PASSWORD).await, 200, "a known browser's failures are not counted elsewhere");

    app.app.auth.reset_password(EMAIL, "another long password".into()).await.unwrap();
    assert_eq!(app.count("select count(*) from auth.known_browser").await, 0);
    assert_eq!(sign_in(&known, WRONG).await, 401, "as any other browser");
    assert_eq!(app.count("select count(*) from auth.sign_in_failure where browser_hash is null").await, 11);
    app.stop().await;
}

/// lessons, line 62: behind a proxy one sender kept everybody out. From one address beyond its share passwords are checked one a second, and
/// known browsers do not wait for that.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_address_that_floods_is_slowed_and_not_refused(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(TestApp::for_a_crowd(connect).await).await;
    let known = app.anonymous();
    known.ask("/api/auth/sign_in", json!({"email": EMAIL, "password": PASSWORD})).await;
    sqlx::query(
        "insert into auth.sign_in_failure (account_hash, address, failed_at)
         select sha256(n::text::bytea), '127.0.0.1', now() + interval '1 minute' from generate_series(1, 300) n",
    )
    .execute(&app.pool)
    .await
    .unwrap();

    let began = Instant::now();
    assert_eq!(app.anonymous().post("/api/auth/sign_in", json!({"email": EMAIL, "password": PASSWORD})).await.0, 200);
    assert!(began.elapsed() >= Duration::from_secs(1), "{:?}", began.elapsed());
    // A forged header changes nothing: nobody is believed here.
    let forged = join_all((0..30).map(|n| {
        let browser = app.anonymous();
        async move { try_from(&browser, &format!("198.51.100.{n}"), &format!("nobody.{n}@example.co.uk"), WRONG).await }
    }));
    let owner = async { known.post("/api/auth/sign_in", json!({"email": EMAIL, "password": PASSWORD})).await.0 };
    let (forged, owner) = tokio::join!(forged, owner);
    assert_eq!(owner, 200);
    let told = |status| forged.iter().filter(|(told, _)| *told == status).count();
    // Nine places, and those that are given back while the last ones come.
    assert!((1..15).contains(&told(401)) && told(401) + told(503) == 30, "{forged:?}");
    let busy = forged.iter().find(|(status, _)| *status == 503).unwrap();
    assert_eq!(busy.1["message"], "The dialler is busy with other sign-ins. Please try again in a moment.");
    assert!(app.count("select count(*) from auth.event where kind = 'limit_reached' and detail = 'address'").await > 0);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_happened_to_accounts_is_on_record_and_stays_there(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = behind_a_proxy(connect).await;
    let (log, _guard) = Log::start();
    let browser = app.anonymous();
    try_from(&browser, "6.6.6.6, 198.51.100.1", "nobody@example.co.uk", WRONG).await;
    for _ in 0..12 {
        try_from(&browser, "198.51.100.1", EMAIL, WRONG).await;
    }
    minute_passes(&app).await;
    try_from(&browser, "198.51.100.1", EMAIL, PASSWORD).await;
    browser.ask("/api/auth/sign_out", json!({})).await;
    app.app.auth.set_role(EMAIL, Role::Supervisor).await.unwrap();
    app.app.auth.reset_password(EMAIL, PASSWORD.into()).await.unwrap();
    app.app.auth.deactivate(EMAIL).await.unwrap();

    let admin = app.signed_in(Role::Admin).await;
    let page = admin.ask("/api/auth/events", json!({"agent": null, "before": null})).await;
    let told: Vec<(&str, &str)> = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .map(|event| (event["kind"].as_str().unwrap(), event["by"].as_str().unwrap_or("nobody")))
        .collect();
    let failures = [("sign_in_failed", "nobody"); 11];
    let rest = [
        ("limit_reached", "nobody"),
        ("signed_in", "Hannah Whitfield"),
        ("signed_out", "Hannah Whitfield"),
        ("role_changed", "command line"),
        ("password_reset", "command line"),
        ("deactivated", "command line"),
    ];
    assert_eq!(told, [&[("created", "command line")][..], &failures, &rest].concat());
    let of_nobody = &page["events"].as_array().unwrap().iter().rev().nth(1).unwrap();
    assert_eq!((&of_nobody["agent"], &of_nobody["address"]), (&json!(null), &json!("198.51.100.1")));
    assert_eq!(page["events"][2]["detail"], "agent → supervisor");
    assert!(!page.to_string().contains("nobody@example.co.uk"), "what was typed is not kept");
    let warned = log.lines("a limit on sign-in was reached");
    assert!(warned.len() == 1 && warned[0].contains("WARN") && !warned[0].contains(EMAIL), "{warned:?}");

    for change in ["update auth.event set detail = 'nothing'", "delete from auth.event", "truncate auth.event"] {
        assert!(sqlx::query(change).execute(&app.pool).await.is_err(), "{change}");
    }
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_record_is_read_in_pages_and_everybody_sees_their_own(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(TestApp::start(connect).await).await;
    let (agent, admin) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Admin).await);
    sqlx::query("insert into auth.event (at, kind, agent_id, is_command, detail) select now(), 'signed_in', $1, false, n from generate_series(1, 120) n")
        .bind(agent.agent)
        .execute(&app.pool)
        .await
        .unwrap();

    let (mut before, mut read) = (json!(null), Vec::new());
    loop {
        let page = agent.ask("/api/auth/my_events", json!({"before": before})).await;
        read.extend(page["events"].as_array().unwrap().iter().map(|event| event["detail"].as_str().unwrap().to_owned()));
        before = page["next"].clone();
        if before.is_null() {
            break;
        }
    }
    assert_eq!(read, (1..=120).rev().map(|n| n.to_string()).collect::<Vec<_>>());
    let all = admin.ask("/api/auth/events", json!({"agent": agent.agent.to_string(), "before": null})).await;
    assert_eq!(all["events"].as_array().unwrap().len(), 50);
    assert_eq!(agent.post("/api/auth/events", json!({"agent": null, "before": null})).await.0, 403);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = behind_a_proxy(connect).await;
    let (desk, home, shop) = (app.anonymous(), app.anonymous(), app.anonymous());
    for (browser, from, agent) in [
        (&desk, "198.51.100.1", "Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0"),
        (&home, "198.51.100.2", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.6 Safari/605.1.15"),
        (&shop, "198.51.100.3", "curl/8.0"),
    ] {
        let request = browser.http.post(format!("{}/api/auth/sign_in", app.base)).header("x-forwarded-for", from);
        let request = request.header(header::USER_AGENT, agent).json(&json!({"email": EMAIL, "password": PASSWORD}));
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let sessions = desk.ask("/api/auth/sessions", json!({})).await;
    let of = |device: &str| sessions.as_array().unwrap().iter().find(|line| line["device"] == device).unwrap().clone();
    assert_eq!(sessions.as_array().unwrap().len(), 3);
    assert_eq!((&of("Firefox on Windows")["is_this"], &of("Safari on macOS")["is_this"]), (&json!(true), &json!(false)));
    assert_eq!(of("Safari on macOS")["address"], "198.51.100.2");

    let stranger = app.signed_in(Role::Supervisor).await;
    let home_number = of("Safari on macOS")["session"].clone();
    assert_eq!(stranger.post("/api/auth/end_session", json!({"session": home_number})).await.0, 404, "another's is not theirs to end");
    desk.ask("/api/auth/end_session", json!({"session": home_number})).await;
    assert_eq!(home.post("/api/auth/me", json!({})).await.0, 401);
    assert_eq!(desk.post("/api/auth/end_session", json!({"session": home_number})).await.0, 404);
    desk.ask("/api/auth/end_other_sessions", json!({})).await;
    assert_eq!((desk.post("/api/auth/me", json!({})).await.0, shop.post("/api/auth/me", json!({})).await.0), (200, 401));

    let admin = app.signed_in(Role::Admin).await;
    let hannah = desk.ask("/api/auth/me", json!({})).await["id"].clone();
    let line = admin.ask("/api/auth/sessions_of", json!({"agent": hannah})).await;
    assert_eq!((line.as_array().unwrap().len(), &line[0]["is_this"]), (1, &json!(false)));
    admin.ask("/api/auth/end_sessions_of", json!({"agent": hannah, "session": null})).await;
    assert_eq!(desk.post("/api/auth/me", json!({})).await.0, 401);
    assert_eq!(app.count("select count(*) from auth.event where kind = 'session_ended'").await, 3);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn ones_own_password_is_changed_with_the_old_one_and_other_sessions_end(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = with_hannah(TestApp::start(connect).await).await;
    let (here, there) = (app.anonymous(), app.anonymous());
    for browser in [&here, &there] {
        browser.ask("/api/auth/sign_in", json!({"email": EMAIL, "password": PASSWORD})).await;
    }
    let change = |old: &'static str, new: &'static str| {
        let here = here.clone();
        async move { here.post("/api/auth/change_password", json!({"old": old, "new": new})).await }
    };
    let (status, answer) = change(WRONG, "another long password").await;
    assert_eq!((status, answer["message"].as_str()), (422, Some("The current password is wrong. Please try again.")));
    assert_eq!(change(PASSWORD, "short").await.0, 422);
    assert_eq!(there.post("/api/auth/me", json!({})).await.0, 200);

    assert_eq!(change(PASSWORD, "another long password").await.0, 200);
    assert_eq!((here.post("/api/auth/me", json!({})).await.0, there.post("/api/auth/me", json!({})).await.0), (200, 401));
    assert_eq!(app.count("select count(*) from auth.known_browser").await, 2, "they stay known");
    assert_eq!(there.post("/api/auth/sign_in", json!({"email": EMAIL, "password": PASSWORD})).await.0, 401);
    there.ask("/api/auth/sign_in", json!({"email": EMAIL, "password": "another long password"})).await;

    for _ in 0..10 {
        change(WRONG, PASSWORD).await;
    }
    assert_eq!(change("another long password", PASSWORD).await.0, 429, "whoever finds an open console does not guess for long");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn administrators_create_change_deactivate_reactivate_and_reset(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    let new = json!({"email": EMAIL, "name": " Hannah Whitfield ", "role": "agent", "password": PASSWORD});
    let hannah = admin.ask("/api/auth/create_staff", new.clone()).await;
    assert_eq!(admin.post("/api/auth/create_staff", new).await.0, 409);
    let browser = app.anonymous();
    browser.ask("/api/auth/sign_in", json!({"email": EMAIL, "password": PASSWORD})).await;
    let account = || async {
        let all = admin.ask("/api/auth/accounts", json!({})).await;
        all.as_array().unwrap().iter().find(|account| account["id"] == hannah).unwrap().clone()
    };
    let seen = account().await;
    assert_eq!((&seen["name"], &seen["sessions"]), (&json!("Hannah Whitfield"), &json!(1)));

    let change = |version: &Value, role: &str, queues: Value| json!({"agent": hannah, "version": version, "name": "Hannah Whitfield", "role": role, "queues": queues});
    admin.ask("/api/auth/change_staff", change(&seen["version"], "supervisor", json!(["callbacks"]))).await;
    let me = browser.ask("/api/auth/me", json!({})).await;
    assert_eq!((&me["role"], &me["queues"]), (&json!("supervisor"), &json!(["callbacks"])));
    let (status, answer) = admin.post("/api/auth/change_staff", change(&seen["version"], "admin", json!(null))).await;
    assert_eq!(status, 409, "made of what is not so any more: {answer}");
    assert_eq!(account().await["role"], "supervisor");

    let version = account().await["version"].clone();
    admin.ask("/api/auth/reset_password", json!({"agent": hannah, "version": version, "password": "another long password"})).await;
    assert_eq!(browser.post("/api/auth/me", json!({})).await.0, 401);
    browser.ask("/api/auth/sign_in", json!({"email": EMAIL, "password": "another long password"})).await;
    let version = account().await["version"].clone();
    admin.ask("/api/auth/deactivate_staff", json!({"agent": hannah, "version": version})).await;
    assert_eq!(browser.post("/api/auth/sign_in", json!({"email": EMAIL, "password": "another long password"})).await.0, 401);
    let gone = account().await;
    assert!(gone["deactivated_at"].is_string(), "{gone}");
    assert_eq!(admin.post("/api/auth/change_staff", change(&gone["version"], "agent", json!(null))).await.0, 409);
    admin.ask("/api/auth/reactivate_staff", json!({"agent": hannah, "version": gone["version"]})).await;
    browser.ask("/api/auth/sign_in", json!({"email": EMAIL, "password": "another long password"})).await;

    let record = admin.ask("/api/auth/events", json!({"agent": hannah, "before": null})).await;
    let mut kinds: Vec<&str> = record["events"].as_array().unwrap().iter().map(|event| event["kind"].as_str().unwrap()).collect();
    kinds.retain(|kind| !kind.starts_with("sign"));
    assert_eq!(kinds, ["reactivated", "deactivated", "password_reset", "queues_changed", "role_changed", "created"]);
    assert!(record["events"].as_array().unwrap().iter().all(|event| event["address"] == "127.0.0.1"), "{record}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn there_is_always_an_administrator_and_nobody_deactivates_themselves(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let (first, second) = (app.signed_in(Role::Admin).await, app.signed_in(Role::Admin).await);
    let role = |agent: &Client, version: i64| json!({"agent": agent.agent.to_string(), "version": version, "name": "Robin Tester", "role": "agent", "queues": null});
    let own = json!({"agent": first.agent.to_string(), "version": 1});
    assert_eq!(first.post("/api/auth/deactivate_staff", own).await.0, 409, "also with another administrator");

    // Each takes the other's role away at the same moment: one of them is too late.
    let (one, other) =
        tokio::join!(first.post("/api/auth/change_staff", role(&second, 1)), second.post("/api/auth/change_staff", role(&first, 1)));
    assert!([one.0, other.0].contains(&200) && one.0 != other.0, "{one:?} {other:?}");
    let active = "select count(*) from auth.agent where role = 'admin' and deactivated_at is null";
    assert_eq!(app.count(active).await, 1);
    let last = if one.0 == 200 { &first } else { &second };
    let (status, answer) = last.post("/api/auth/change_staff", role(last, 1)).await;
    assert_eq!(
        (status, answer["message"].as_str()),
        (409, Some("There must be at least one administrator. Make somebody else an administrator first."))
    );
    assert_eq!(app.count(active).await, 1);
    app.stop().await;
}

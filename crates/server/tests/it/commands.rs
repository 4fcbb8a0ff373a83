//! What is typed at the binary.

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use auth::Role;
use kernel::{AgentId, Hint};
use serde_json::json;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::{OPEN, TestApp};

/// Runs `dialler` over the databases of a test; `replica` is the address of the claims platform.
pub async fn dialler(connect: &PgConnectOptions, replica: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dialler"));
    command
        .args(arguments)
        .env_clear()
        .env("ENVIRONMENT", "development")
        .env("CLOCK", OPEN)
        .env("DATABASE_URL", connect.to_url_lossy().to_string())
        .env("REPLICA_DATABASE_URL", replica)
        .stdin(Stdio::null());
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn discovery_refuses_an_account_of_the_replica_that_can_write(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();

    let refused = dialler(&connect, app.platform.primary_url(), &["discover"]).await;
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("the account of REPLICA_DATABASE_URL is refused"), "{}", text(&refused.stderr));
    assert_eq!(app.count("select count(*) from queue.discovery_run").await, 0);

    let done = dialler(&connect, app.platform.replica_url(), &["discover"]).await;
    assert!(done.status.success(), "{}", text(&done.stderr));
    assert_eq!(app.count("select count(*) from queue.entry").await, 1);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_change_of_staff_reaches_open_screens(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let agent = app.signed_in(Role::Agent).await;
    sqlx::query("update auth.agent set email = 'robin@example.co.uk'").execute(&app.pool).await.unwrap();
    tokio::time::sleep(Duration::from_millis(400)).await;
    let mut hints = app.app.hints().subscribe();

    for change in
        [&["set-role", "--email", "robin@example.co.uk", "--role", "supervisor"][..], &["deactivate", "--email", "robin@example.co.uk"]]
    {
        let done = dialler(&connect, app.platform.replica_url(), &[&["agents"], change].concat()).await;
        assert!(done.status.success(), "{change:?}: {}", text(&done.stderr));
        let hint = tokio::time::timeout(Duration::from_secs(5), hints.recv()).await.unwrap().unwrap();
        assert_eq!(hint, Hint::Agent(AgentId::new(agent.agent)), "{change:?}");
    }
    let refused = dialler(&connect, app.platform.replica_url(), &["agents", "deactivate", "--email", "nobody@example.co.uk"]).await;
    assert!(text(&refused.stderr).contains("There is nobody with this e-mail address."), "{}", text(&refused.stderr));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_printed_decision_says_whether_anything_came_of_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let decision = agent.call_next().await["decision_id"].as_str().unwrap().to_owned();
    // As one is left by a window that was too late, and as the program before this one writes them.
    let copy = "insert into queue.decision
        select (jsonb_populate_record(d, $1)).* from queue.decision d where d.id::text = $2";
    let late = "00000000-0000-4000-8000-000000000001";
    sqlx::query(copy).bind(json!({"id": late, "had_effect": false})).bind(&decision).execute(&app.pool).await.unwrap();
    let columns = "made_at, agent_id, user_id, lease_id, purpose, queue, outcome, is_saved_call, record, content_hash";
    let older = "00000000-0000-4000-8000-000000000002";
    let insert = format!("insert into queue.decision (id, {columns}) select $1::uuid, {columns} from queue.decision where id::text = $2");
    sqlx::query(sqlx::AssertSqlSafe(insert)).bind(older).bind(&decision).execute(&app.pool).await.unwrap();

    for (id, effect) in [(&*decision, "yes"), (late, "none, the lease was lost meanwhile"), (older, "yes")] {
        let printed = dialler(&connect, app.platform.replica_url(), &["decision", id]).await;
        let lines = text(&printed.stdout);
        assert!(printed.status.success(), "{lines}{}", text(&printed.stderr));
        assert!(lines.contains(&format!("\neffect        {effect}\n")), "{lines}");
    }
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_decision_is_found_by_the_digits_that_a_screen_shows(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let hand_out = app.signed_in(Role::Agent).await.call_next().await;
    let id = hand_out["decision_id"].as_str().unwrap();
    let shown = format!("{} {}", &id[28..32], &id[32..]);

    for given in [id, &shown, &shown.to_uppercase()] {
        let printed = dialler(&connect, app.platform.replica_url(), &["decision", given]).await;
        assert!(text(&printed.stdout).starts_with(&format!("decision      {id}\n")), "{given}: {}", text(&printed.stderr));
    }
    for wrong in ["0000 0000", "c5fb", "not one"] {
        let refused = dialler(&connect, app.platform.replica_url(), &["decision", wrong]).await;
        assert!(!refused.status.success() && text(&refused.stderr).contains("decision"), "{wrong}");
    }
    app.stop().await;
}

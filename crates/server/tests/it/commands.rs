//! What is typed at the binary.

use std::process::{Command, Output, Stdio};

use auth::Role;
use kernel::{AgentId, Hint};
use serde_json::json;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::{OPEN, TestApp};

/// Runs `dialler` over the databases of a test; `replica` is the address of the claims platform.
pub async fn dialler(connect: &PgConnectOptions, replica: &str, arguments: &[&str]) -> Output {
    dialler_at(connect, replica, OPEN, arguments).await
}

/// The same with another CLOCK.
pub async fn dialler_at(connect: &PgConnectOptions, replica: &str, clock: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dialler"));
    command
        .args(arguments)
        .env_clear()
        .env("ENVIRONMENT", "development")
        .env("CLOCK", clock)
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
async fn the_check_of_the_configuration_says_what_might_be_better(_: PgPoolOptions, connect: PgConnectOptions) {
    let checked = dialler(&connect, "mysql://reader:secret-word@replica/claims?ssl-mode=DISABLED", &["config", "check"]).await;
    let said = text(&checked.stdout);
    assert!(checked.status.success(), "{}", text(&checked.stderr));
    assert!(said.contains("Worth a look: REPLICA_LAG_SOURCE is status") && said.contains("caching_sha2_password"), "{said}");
    assert!(!said.contains("secret-word"), "{said}");
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_change_of_staff_reaches_open_screens(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let agent = app.signed_in(Role::Agent).await;
    sqlx::query("update auth.agent set email = 'robin@example.co.uk'").execute(&app.pool).await.unwrap();
    let mut hearing = app.hear().await;

    for change in
        [&["set-role", "--email", "robin@example.co.uk", "--role", "supervisor"][..], &["deactivate", "--email", "robin@example.co.uk"]]
    {
        let done = dialler(&connect, app.platform.replica_url(), &[&["agents"], change].concat()).await;
        assert!(done.status.success(), "{change:?}: {}", text(&done.stderr));
        assert_eq!(hearing.next().await, Hint::Agent(AgentId::new(agent.agent)), "{change:?}");
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

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn consent_and_screening_come_from_files_whole_or_not_at_all(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let folder = std::env::temp_dir().join(format!("dialler-contact-{}", kernel::DecisionId::generate()));
    std::fs::create_dir(&folder).unwrap();
    let take = async |what: &str, lines: &str| {
        let file = folder.join("file.csv");
        std::fs::write(&file, lines).unwrap();
        let done = dialler(&connect, app.platform.replica_url(), &["contact", what, file.to_str().unwrap()]).await;
        (done.status.success(), text(if done.status.success() { &done.stdout } else { &done.stderr }))
    };
    let rows = async || app.count("select (select count(*) from queue.consent) * 100 + (select count(*) from queue.tps_screening)").await;

    let wrong =
        "number,given_at,source\n07700 900142,2026-11-01T10:00:00Z,form\n12,2026-11-01T10:00:00Z,form\n07700 900143,tomorrow,form\n";
    let (is_taken, said) = take("consent", wrong).await;
    assert!(!is_taken && said.contains("no column withdrawn_at"), "{said}");
    let head = "number,given_at,source,withdrawn_at\n";
    let (is_taken, said) = take(
        "consent",
        &format!("{head}07700 900142,2026-11-01T10:00:00Z,form,\n12,2026-11-01T10:00:00Z,form,\n07700 900143,2026-11-26T10:00:00Z,form,\n07700 900144,2026-11-01T10:00:00Z,,\n"),
    )
    .await;
    for words in ["Line 3: the number cannot be rung", "Line 4: 2026-11-26T10:00:00Z is in the future", "Line 5: source is missing"] {
        assert!(!is_taken && said.contains(words), "{words}: {said}");
    }
    assert_eq!(rows().await, 0, "nothing of it was stored");

    let given = format!("{head}07700 900142,2026-11-01T10:00:00Z,form,\n07700 900143,2026-11-01T10:00:00Z,\"form, page 2\",\n");
    assert_eq!(take("consent", &given).await, (true, "2 lines, 2 of them new.\n".to_owned()));
    assert_eq!(take("consent", &given).await, (true, "2 lines, 0 of them new.\n".to_owned()));
    let withdrawn = format!("{head}07700 900142,2026-11-01T10:00:00Z,form,2026-11-20T10:00:00Z\n");
    assert_eq!(take("consent", &withdrawn).await, (true, "1 lines, 1 of them new.\n".to_owned()));
    assert_eq!(app.count("select count(*) from queue.consent where withdrawn_at is null").await, 1);

    let screened = "number,screened_at,is_listed\n07700 900142,2026-11-20T10:00:00Z,true\n";
    assert_eq!(take("screening", screened).await, (true, "1 lines, 1 of them new.\n".to_owned()));
    let older = "number,screened_at,is_listed\n07700 900142,2026-11-10T10:00:00Z,false\n";
    assert_eq!(take("screening", older).await, (true, "1 lines, 0 of them new.\n".to_owned()));
    let (is_taken, said) = take("screening", "number,screened_at,is_listed\n07700 900142,2026-11-20T10:00:00Z,perhaps\n").await;
    assert!(!is_taken && said.contains("it is true or false"), "{said}");
    assert_eq!(rows().await, 201);
    std::fs::remove_dir_all(&folder).unwrap();
    app.stop().await;
}

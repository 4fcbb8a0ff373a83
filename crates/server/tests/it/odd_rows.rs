//! What stands in the claims platform's rows and was not expected there: whoever reads it, comes to the same.

use auth::Role;
use queue::QueueMode;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::TestPlatform;

use crate::begun::{ANSWERS, LEG, people_rung, start};
use crate::support::{Client, Made, TestApp};

const SIGNATURE: &str = "11111111-2222-3333-4444-555555555555";
const BASE_REASON: &str = "base requirement for claim.";

/// Somebody as the platform holds them, and the queue that they belong in.
struct Row {
    account: Option<&'static str>,
    is_enabled: Option<i8>,
    signature: Option<&'static str>,
    claims: &'static [Option<&'static str>],
    /// The claim's place, type, status and reason.
    requirements: &'static [(i64, &'static str, &'static str, &'static str)],
    belongs: Option<&'static str>,
}

const UNSIGNED: Option<&str> = Some("unsigned_users");
const OUTSTANDING: Option<&str> = Some("outstanding_requests");

const fn row(
    account: &'static str,
    signature: Option<&'static str>,
    claims: &'static [Option<&'static str>],
    belongs: Option<&'static str>,
) -> Row {
    Row { account: Some(account), is_enabled: Some(1), signature, claims, requirements: &[], belongs }
}

const fn asked(claims: &'static [Option<&'static str>], requirements: &'static [(i64, &'static str, &'static str, &'static str)]) -> Row {
    Row { requirements, ..row("active", Some(SIGNATURE), claims, OUTSTANDING) }
}

const ROWS: &[Row] = &[
    // Open and closed, in every way in which it is written.
    row("active", None, &[None], UNSIGNED),
    row("active", None, &[Some("")], UNSIGNED),
    row("active", None, &[Some("\u{200b}\t")], UNSIGNED),
    row("active", None, &[Some("COMPLETED")], None),
    row("active", None, &[Some("Complete ")], None),
    row("active", None, &[Some("cancelled\u{a0}")], None),
    row("active", None, &[Some("cancelled\u{200b}")], None),
    row("active", None, &[Some("\u{feff}completed\r\n")], None),
    row("active", None, &[Some("\tCancelled\u{2060}\u{200d}")], None),
    row("active", None, &[Some("complete"), Some("new")], UNSIGNED),
    row("active", None, &[Some("complete\u{200c}"), Some(" CANCELLED")], None),
    // The American spelling is none of the rules' words.
    row("active", None, &[Some("canceled")], UNSIGNED),
    // A signature of which nothing can be seen is none.
    row("active", Some(""), &[Some("new")], UNSIGNED),
    row("active", Some("   "), &[Some("new")], UNSIGNED),
    row("active", Some("\t\n"), &[Some("new")], UNSIGNED),
    row("active", Some("\u{a0}\u{a0}"), &[Some("new")], UNSIGNED),
    row("active", Some("\u{200b}\u{feff}\u{2060}"), &[Some("new")], UNSIGNED),
    row("active", Some(SIGNATURE), &[Some("new")], None),
    row("active", Some(" 1\u{200b}"), &[Some("new")], None),
    // The account.
    row("CANCELLED", None, &[Some("new")], None),
    row("inactive\u{a0}", None, &[Some("new")], None),
    row("\u{200b}Inactive\n", None, &[Some("new")], None),
    row(" Lead\t", None, &[Some("new")], UNSIGNED),
    row("suspended", None, &[Some("new")], UNSIGNED),
    Row { account: None, ..row("", None, &[Some("new")], UNSIGNED) },
    Row { is_enabled: Some(0), ..row("active", None, &[Some("new")], None) },
    Row { is_enabled: None, ..row("active", None, &[Some("new")], None) },
    Row { is_enabled: Some(2), ..row("active", None, &[Some("new")], None) },
    Row { is_enabled: Some(-1), ..row("active", None, &[Some("new")], None) },
    // Requirements.
    asked(&[Some("new")], &[(1, "id_document", "PENDING", "")]),
    asked(&[Some("new")], &[(1, "id_document", "pending ", "")]),
    asked(&[Some("new")], &[(1, "id_document", "\u{feff}Pending\u{200b}", "")]),
    asked(&[Some("new")], &[(1, "id_document", "\n pending\u{a0}", "")]),
    Row { belongs: None, ..asked(&[Some("new")], &[(1, "id_document", "pending_review", ""), (1, "selfie", "not pending", "")]) },
    Row { belongs: None, ..asked(&[Some("new")], &[(1, "id_document", "", "")]) },
    Row { belongs: None, ..asked(&[Some("new")], &[(1, "\u{200b}Signature\u{a0}", "pending", "")]) },
    Row { belongs: None, ..asked(&[Some("new")], &[(1, " ID_DOCUMENT", "pending", "\u{feff}Base requirement for claim.\n")]) },
    Row { belongs: None, ..asked(&[Some("complete"), Some("new")], &[(1, "id_document", "pending", ""), (2, "signature", "pending", "")]) },
    Row { belongs: None, ..asked(&[Some("completed\u{200b}")], &[(1, "id_document", "pending", "")]) },
];

/// The person of a row has its place as id, from 1.
async fn insert(platform: &TestPlatform) {
    let primary = platform.primary();
    sqlx::query("alter table users modify is_enabled tinyint null").execute(primary).await.unwrap();
    for (id, row) in (1..).zip(ROWS) {
        let mut user = platform.user(id);
        for status in row.claims {
            user = user.claim("santander").claim_status(status.unwrap_or_default());
        }
        user.insert().await.unwrap();
        // As they are, empty ones too.
        sqlx::query("update users set status = ?, is_enabled = ?, current_signature_file_id = ? where id = ?")
            .bind(row.account)
            .bind(row.is_enabled)
            .bind(row.signature)
            .bind(id)
            .execute(primary)
            .await
            .unwrap();
        for (place, status) in (1..).zip(row.claims) {
            sqlx::query("update claims set status = ? where id = ?")
                .bind(status)
                .bind(testkit::claim_id(id, place))
                .execute(primary)
                .await
                .unwrap();
        }
        for (claim, kind, status, reason) in row.requirements {
            sqlx::query(
                "insert into claim_requirements (id, claim_id, type, status, claim_requirement_reason) values (uuid(), ?, ?, ?, ?)",
            )
            .bind(testkit::claim_id(id, *claim))
            .bind(kind)
            .bind(status)
            .bind(reason)
            .execute(primary)
            .await
            .unwrap();
        }
    }
    platform.caught_up().await.unwrap();
}

fn expected() -> Vec<(i64, &'static str)> {
    (1..).zip(ROWS).filter_map(|(id, row)| Some((id, row.belongs?))).collect()
}

/// Whom the gate lets through, each with the queue, when somebody asks for every one of them by name.
async fn let_through(app: &TestApp) -> Vec<(i64, String)> {
    let agent = app.signed_in(Role::Supervisor).await;
    let mut through = Vec::new();
    for (id, _) in (1_i64..).zip(ROWS) {
        let (status, answer) = agent.post("/api/queue/take", json!({"user_id": id.to_string()})).await;
        assert!(matches!(status, 200 | 409), "{id}: {answer}");
        if answer["user"].is_object() {
            assert_eq!(answer["user"]["id"], id.to_string());
            through.push((id, answer["queue"].as_str().unwrap().to_owned()));
            agent.ask("/api/queue/release", json!({"lease_id": answer["lease_id"], "reason": "language"})).await;
        }
    }
    through
}

/// The rules of eligibility, 3: statuses are read without regard to case and outer blanks of any kind, everywhere.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn discovery_the_gate_and_direct_mode_read_odd_words_alike(_: PgPoolOptions, connect: PgConnectOptions) {
    assert!(ROWS.iter().any(|row| row.requirements.iter().any(|(_, _, _, reason)| reason.to_lowercase().contains(BASE_REASON))));
    let app = TestApp::start(connect).await;
    insert(&app.platform).await;
    let report = app.discover().await;
    assert_eq!(report.unreadable, 0);
    let entries: Vec<(i64, String)> =
        sqlx::query_as("select user_id, kind from queue.entry order by user_id").fetch_all(&app.pool).await.unwrap();
    let entries: Vec<(i64, &str)> = entries.iter().map(|(id, queue)| (*id, queue.as_str())).collect();
    assert_eq!(entries, expected(), "discovery");

    let through = let_through(&app).await;
    let through: Vec<(i64, &str)> = through.iter().map(|(id, queue)| (*id, queue.as_str())).collect();
    assert_eq!(through, expected(), "the gate");
    sqlx::raw_sql("delete from queue.lease; delete from queue.entry; delete from queue.release").execute(&app.pool).await.unwrap();

    let app = app.again(Made { mode: QueueMode::Direct, ..Made::default() }).await;
    app.app.queue.read_candidates().await.unwrap();
    let mut direct = Vec::new();
    for queue in ["unsigned_users", "outstanding_requests"] {
        loop {
            let answer = app.signed_in(Role::Agent).await.ask("/api/queue/call_next", json!({"queue": queue})).await;
            assert_eq!(answer["passed_over"], json!([]), "{answer}");
            let Some(id) = answer["user"]["id"].as_str() else { break };
            direct.push((id.parse::<i64>().unwrap(), queue));
        }
    }
    direct.sort_unstable();
    assert_eq!(direct, expected(), "direct mode");
    app.stop().await;
}

async fn unknown_statuses(client: &Client) -> Vec<(String, String, i64)> {
    let overview = client.ask("/api/queue/overview", json!({})).await;
    let line = |line: &Value| {
        (line["of"].as_str().unwrap().to_owned(), line["status"].as_str().unwrap().to_owned(), line["count"].as_i64().unwrap())
    };
    overview["unknown_statuses"].as_array().unwrap().iter().map(line).collect()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn statuses_that_no_rule_knows_are_listed_for_supervisors_alone(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for (id, account, claim, requirement) in [
        (1, "Suspended", "canceled", "pending_review"),
        (2, "suspended\u{a0}", "ON HOLD", "Waived"),
        (3, "active", "on hold", "pending"),
        (4, "LEAD ", "submitted", "COMPLETE"),
    ] {
        app.platform
            .user(id)
            .status(account)
            .claim("hsbc")
            .claim_status(claim)
            .requirement_as("selfie", requirement, "")
            .insert()
            .await
            .unwrap();
    }
    let supervisor = app.signed_in(Role::Supervisor).await;
    assert_eq!(unknown_statuses(&supervisor).await, [], "nothing was looked at yet");
    app.discover().await;

    let expected = [
        ("account", "suspended", 2),
        ("claim", "on hold", 2),
        ("claim", "canceled", 1),
        ("requirement", "pending_review", 1),
        ("requirement", "waived", 1),
    ]
    .map(|(of, status, count)| (of.to_owned(), status.to_owned(), count));
    assert_eq!(unknown_statuses(&supervisor).await, expected);
    let (status, refused) = app.signed_in(Role::Agent).await.post("/api/queue/overview", json!({})).await;
    assert_eq!(status, 403, "{refused}");

    // What is put right is not listed any more; a run over one queue says nothing of the whole.
    for sql in
        ["update users set status = 'active'", "update claims set status = 'submitted'", "update claim_requirements set status = 'pending'"]
    {
        sqlx::query(sql).execute(app.platform.primary()).await.unwrap();
    }
    app.platform.caught_up().await.unwrap();
    let only = queue::Order { only: Some(kernel::QueueKind::UnsignedUsers), ..queue::Order::default() };
    app.app.queue.discover(only).await.unwrap();
    assert_eq!(unknown_statuses(&supervisor).await, expected);
    app.discover().await;
    assert_eq!(unknown_statuses(&supervisor).await, []);

    sqlx::query("update claims set status = 'on hold'").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    let app = app.again(Made { mode: QueueMode::Direct, ..Made::default() }).await;
    app.app.queue.read_candidates().await.unwrap();
    let listed = unknown_statuses(&app.signed_in(Role::Supervisor).await).await;
    assert_eq!(listed, [("claim".to_owned(), "on hold".to_owned(), 4)], "direct mode");
    app.stop().await;
}

/// A date that is none makes nobody unreadable: it is not known, and the person is rung.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn dates_with_zeros_in_them_keep_nobody_from_being_rung(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::made(connect, Made::with_carrier()).await;
    let user = app.platform.user(1).unsigned().name("Priya", "Raman").phone(ANSWERS).claim("santander").requirement("selfie");
    user.insert().await.unwrap();
    let primary = app.platform.primary();
    for sql in [
        "insert into claim_vehicle_packages (id, claim_id, vehicle_make) values ('v', 17, 'Ford')",
        "insert into user_addresses (id, user_id, post_town) values ('a', 1, 'Leeds'), ('b', 1, 'York')",
        "insert into user_logs (id, user_id, type, detail) values ('l', 1, 'login', 'A line.')",
    ] {
        sqlx::query(sql).execute(primary).await.unwrap();
    }
    let mut conn = primary.acquire().await.unwrap();
    sqlx::query("set session sql_mode = ''").execute(&mut *conn).await.unwrap();
    for (table, column) in [
        ("users", "date_of_birth"),
        ("users", "created_at"),
        ("users", "last_login"),
        ("claims", "created_at"),
        ("claims", "updated_at"),
        ("claims", "client_last_updated_at"),
        ("claim_requirements", "created_at"),
        ("claim_vehicle_packages", "created_at"),
        ("user_addresses", "created_at"),
        ("user_logs", "created_at"),
    ] {
        let value = if column == "date_of_birth" { "1985-00-00" } else { "2025-00-15 00:00:00" };
        let sql = format!("update {table} set {column} = '{value}'");
        sqlx::query(AssertSqlSafe(sql)).execute(&mut *conn).await.unwrap();
    }
    drop(conn);
    let report = app.discover().await;
    assert_eq!((report.unreadable, report.added), (0, 1));

    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    let explained = supervisor.ask("/api/queue/explain", json!({"user_id": "1"})).await;
    assert_eq!((&explained["need"], &explained["against"]), (&json!("unsigned_users"), &json!([])), "{explained}");
    let hand_out = agent.call_next().await;
    let card = &hand_out["user"];
    assert_eq!((&card["id"], &card["date_of_birth"], &card["age"]), (&json!("1"), &json!(null), &json!(null)), "{hand_out}");
    assert_eq!((&card["claims"][0]["opened"], &card["outstanding"][1]["since"]), (&json!(null), &json!(null)), "{hand_out}");
    assert_eq!(card["log"][0]["at"], "", "{hand_out}");
    let begun = start(agent, &hand_out, LEG).await;
    begun.join(&app).await;
    begun.until("connected").await;
    assert_eq!(people_rung(&app).await, 1);
    begun.hang_up(&app).await;
    begun.until("ended").await;
    begun.record("going_to_complete").await;
    app.stop().await;
}

//! One door for telephone numbers: whom we ring, who rings us, whom somebody looks for, and who must not be rung.

use auth::Role;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{LEG, people_rung, start};
use crate::commands::{dialler, text};
use crate::support::TestApp;

/// How the number 07700 900123 may stand on the claims platform. All are rung, so all are found.
const SHAPES: [&str; 14] = [
    "07700 900123",
    "07700.900123",
    "07700/900123",
    "07700\u{a0}900\u{2009}123",
    "\u{202a}+44 7700 900123\u{202c}",
    "07700 900123\u{202c}",
    "+44 (0) 7700\u{2013}900\u{2011}123",
    "٠٧٧٠٠ ٩٠٠١٢٣",
    "०७७०० ९००१२३",
    "０７７００９００１２３",
    "𝟎𝟕𝟕𝟎𝟎𝟗𝟎𝟎𝟏𝟐𝟑",
    "07700 900123 ext 5",
    "+447700900123;ext=5",
    "=\"07700900123\"",
];

async fn everybody_with(app: &TestApp, numbers: &[&str]) {
    for (id, number) in (1..).zip(numbers) {
        app.platform.user(id).unsigned().name("Priya", "Raman").phone(number).claim("santander").insert().await.unwrap();
    }
}

/// What the dialler knows of somebody who rings from `from`: the number it keeps, and whose it is.
async fn rings_in(app: &TestApp, from: &str, sid: &str) -> (Option<String>, Vec<i64>, String) {
    let form = [("CallSid", sid), ("From", from), ("To", "+442079460000")];
    let (status, document) = app.webhook("/webhooks/twilio/incoming", &form).await;
    assert_eq!(status, 200, "{document}");
    sqlx::query_as("select number, users, id::text from calls.incoming where sid = $1").bind(sid).fetch_one(&app.pool).await.unwrap()
}

/// lessons, line 39: the same number in two formats made two people of one.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_can_be_rung_is_found_when_they_ring_us_and_when_they_are_looked_for(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    everybody_with(&app, &SHAPES).await;
    // Nearly that number, and two in one field: not theirs.
    for (id, number) in
        [(91, "07700 900124"), (92, "07700 900123 / 07700 900124"), (93, "07700 90012З"), (94, "077009 00123 4"), (95, "7 900123")]
    {
        app.platform.user(id).unsigned().phone(number).claim("santander").insert().await.unwrap();
    }
    assert_eq!(app.discover().await.added, i64::try_from(SHAPES.len()).unwrap() + 1, "each of them can be rung");
    let everybody: Vec<i64> = (1..=i64::try_from(SHAPES.len()).unwrap()).rev().collect();

    let (number, users, id) = rings_in(&app, "+447700900123", "CA00000000000000000000000000000001").await;
    assert_eq!((number.as_deref(), &users), (Some("+447700900123"), &everybody));

    let agent = app.signed_in(Role::Agent).await;
    for typed in [
        "07700 900123",
        "\u{202a}+44 7700 900123\u{202c}",
        "07700\u{a0}900123",
        "07700.900.123",
        "07700–900123",
        "٠٧٧٠٠ ٩٠٠١٢٣",
        "00900123",
    ] {
        let found = agent.ask("/api/queue/search", json!({"text": typed})).await;
        let ids: Vec<i64> =
            found["people"].as_array().unwrap().iter().map(|person| person["user_id"].as_str().unwrap().parse().unwrap()).collect();
        assert!(everybody.iter().all(|id| ids.contains(id)) && !ids.contains(&91) && !ids.contains(&93), "{typed:?}: {ids:?}");
    }
    let one = agent.ask("/api/queue/search", json!({"text": "07700 900124"})).await;
    assert_eq!(one["people"][0]["user_id"], "92", "two in one field are found by the last, and repaired there: {one}");
    assert_eq!(one["people"][0]["number"], json!(null));

    // The key of whoever wants no calls protects all who have the number, in whatever shape.
    let (_, document) = app
        .webhook(&format!("/webhooks/twilio/incoming-key?call={id}"), &[("CallSid", "CA00000000000000000000000000000001"), ("Digits", "9")])
        .await;
    assert!(document.contains("We will not call this number again"), "{document}");
    app.discover().await;
    assert_eq!(app.count("select count(*) from queue.entry where user_id < 90").await, 0);
    app.stop().await;
}

/// The carrier passes a malformed number on as it came.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_callers_number_in_another_shape_is_the_same_number(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    everybody_with(&app, &["07700 900123"]).await;
    app.platform.caught_up().await.unwrap();
    let mut n = 0;
    let mut sid = || {
        n += 1;
        format!("CA{n:032}")
    };

    for from in [
        "+447700900123",
        "+07700900123",
        "07700900123",
        "447700900123",
        "+4407700900123",
        "00447700900123",
        "+00447700900123",
        " 447700900123",
    ] {
        let (number, users, _) = rings_in(&app, from, &sid()).await;
        assert_eq!((number.as_deref(), &*users), (Some("+447700900123"), &[1][..]), "{from}");
    }
    for from in ["+4477009001", "+44770090012345", "07700 9OO123", "14155550123", "+0", "+266696687", "266696687", "anonymous", ""] {
        let (number, users, _) = rings_in(&app, from, &sid()).await;
        assert_eq!((number, &*users), (None, &[][..]), "{from}: as if it were withheld");
    }
    app.stop().await;
}

/// lessons, line 57: letters in a number became digits of a keypad, and a stranger's number was rung. The same would have put an objection on a
/// stranger's number, and left the person without it.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn nothing_stands_on_a_number_that_is_not_in_the_text(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    everybody_with(&app, &["07700 9OO142"]).await;
    app.platform.user(2).unsigned().phone("+447700966142").claim("santander").insert().await.unwrap();
    app.discover().await;
    assert_eq!(app.count("select count(*) from queue.entry where user_id = 1").await, 0);
    let supervisor = app.signed_in(Role::Supervisor).await;

    let object = |whom: &str| json!({"objection": {"kind": "do_not_contact", "whom": whom, "reason": "Asked", "until": null}});
    for (whom, words) in [
        ("07700 9OO142", "letters or other signs"),
        ("07700 900 Ann", "letters or other signs"),
        ("07700900142;07700900143", "two numbers in one field"),
        ("07700 900142/3", "two numbers in one field"),
        ("07700 9001**", "digits are missing"),
        ("0770090014", "digits are missing"),
    ] {
        let (status, answer) = supervisor.post("/api/queue/object", object(whom)).await;
        assert!(status == 422 && answer["message"].as_str().unwrap().contains(words), "{whom}: {status} {answer}");
    }
    assert_eq!(app.count("select count(*) from queue.suppression").await, 0);
    supervisor.ask("/api/queue/object", object("\u{202a}+44 7700\u{a0}900142\u{202c}")).await;
    // Also a number that we would not ring.
    supervisor.ask("/api/queue/object", object("+353 20 913 0123")).await;
    let stored: Vec<String> = sqlx::query_scalar("select number from queue.suppression order by id").fetch_all(&app.pool).await.unwrap();
    assert_eq!(stored, ["+447700900142", "+353209130123"]);
    let list = json!({"search": "٠٧٧٠٠ ٩٠٠١٤٢", "is_only_holding": true, "before": null});
    let listed = supervisor.ask("/api/queue/objections", list).await;
    assert_eq!(listed["objections"][0]["number"], "07700 900142", "{listed}");

    // Files: the whole of one is taken, or nothing.
    let folder = std::env::temp_dir().join(format!("dialler-numbers-{}", kernel::DecisionId::generate()));
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("file.csv");
    for (what, head, rest) in [
        ("consent", "number,given_at,source,withdrawn_at", "2026-11-01T10:00:00Z,form,"),
        ("screening", "number,screened_at,is_listed", "2026-11-01T10:00:00Z,true"),
    ] {
        let take = async |number: &str| {
            std::fs::write(&file, format!("{head}\n\"{number}\",{rest}\n")).unwrap();
            dialler(&connect, app.platform.replica_url(), &["contact", what, file.to_str().unwrap()]).await
        };
        for (number, words) in [
            ("07700 9OO142", "Line 2: the number cannot be rung: there are letters or other signs in it"),
            ("07700900142;07700900143", "Line 2: the number cannot be rung: there are two numbers in one field"),
        ] {
            let refused = take(number).await;
            assert!(!refused.status.success() && text(&refused.stderr).contains(words), "{what}: {}", text(&refused.stderr));
        }
        let taken = take("\u{feff}07700\u{a0}900142").await;
        assert!(taken.status.success(), "{what}: {}", text(&taken.stderr));
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let on_record = "select (select count(*) from queue.consent where number = '+447700900142') * 10
        + (select count(*) from queue.tps_screening where number = '+447700900142')";
    assert_eq!(app.count(on_record).await, 11);
    app.stop().await;
}

/// An extension is not dialled: a switchboard answers, and the agent asks for it.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_extension_is_shown_to_the_agent_and_the_main_number_is_rung(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    // A number of the emulated carrier at which somebody answers.
    everybody_with(&app, &["07700 900001 ext 45"]).await;
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;

    let hand_out = agent.call_next().await;
    assert_eq!(hand_out["user"]["number"], "07700 900001 ext 45", "{hand_out}");
    let why = hand_out["why"]["sentence"].as_str().unwrap();
    assert!(why.ends_with("The number is a switchboard’s: ask for extension 45."), "{why}");
    let begun = start(agent, &hand_out, LEG).await;
    assert_eq!(begun.find().await["extension"], json!(null), "nobody is rung yet");
    begun.join(&app).await;
    let call = begun.until("connected").await;
    assert_eq!((&call["number"], &call["extension"]), (&json!("07700 900001 ext 45"), &json!("45")), "{call}");
    assert_eq!(people_rung(&app).await, 1);
    let legs: Value = reqwest::get(format!("{}/twilio/admin/calls", app.base)).await.unwrap().json().await.unwrap();
    let rung: Vec<&str> = legs.as_array().unwrap().iter().filter_map(|leg| leg["to"].as_str()).filter(|to| to.starts_with('+')).collect();
    assert_eq!(rung, ["+447700900001"]);
    assert_eq!(app.count("select count(*) from queue.attempt where number = '+447700900001'").await, 1);
    begun.hang_up(&app).await;
    assert_eq!(begun.until("ended").await["number"], "07700 900001 ext 45");
    app.stop().await;
}

/// lessons, line 57: whoever was rung or entered under a number that is not theirs is found, with what stands on it.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_check_of_numbers_lists_whose_number_is_read_in_another_way(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    everybody_with(
        &app,
        &["07700 900142", "07700 9OO142", "07700\u{a0}900143", "07700900144;07700900145", "n/a", "441632960123 ext 45", "07700 900 Ann"],
    )
    .await;
    app.platform.user(8).no_phone().insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    // What came of the old reading: a stranger was rung, and objected; and what was entered for them.
    for statement in [
        "insert into queue.attempt (user_id, number, queue, attempted_at) values
            (2, '+447700966142', 'unsigned_users', '2026-11-20T10:00:00Z'), (2, '+447700966142', 'unsigned_users', '2026-11-21T11:30:00Z'),
            (1, '+447700900142', 'unsigned_users', '2026-11-22T10:00:00Z')",
        "insert into queue.suppression (kind, user_id, number, reason, source, created_at, ends_at) values
            ('do_not_contact', 2, '+447700966142', 'do_not_contact', 'call 1', '2026-11-21T11:35:00Z', null),
            ('opted_out', null, '+447700966142', 'Asked', 'page', '2026-06-01T08:00:00Z', '2026-07-01T08:00:00Z'),
            ('do_not_contact', 1, '+447700900142', 'Asked', 'page', '2026-11-22T10:00:00Z', null)",
        "insert into queue.consent (number, given_at, source) values ('+447700900144', '2026-10-01T12:00:00Z', 'form')",
        "insert into queue.tps_screening (number, screened_at, is_listed) values ('+447700900266', '2026-11-01T12:00:00Z', true)",
    ] {
        sqlx::query(statement).execute(&app.pool).await.unwrap();
    }
    let all = "select md5(string_agg(t::text, ',' order by t::text)) from (
        select a::text as t from queue.attempt a union all select s::text from queue.suppression s union all select c::text from queue.consent c
        union all select p::text from queue.tps_screening p union all select e::text from queue.entry e) x";
    let before: String = sqlx::query_scalar(all).fetch_one(&app.pool).await.unwrap();

    let printed = dialler(&connect, app.platform.replica_url(), &["numbers", "check"]).await;
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    let said = text(&printed.stdout);
    let lines: Vec<Vec<&str>> = said.lines().map(|line| line.split('\t').collect()).collect();

    assert_eq!(lines[0][..3], ["user", "old number", "new number"]);
    assert!(lines[..lines.len() - 1].iter().all(|line| line.len() == 9), "{said}");
    let letters = "there are letters or other signs in it";
    let dated = "do not contact since 2026-11-21 11:35; opted out from 2026-06-01 09:00 until 2026-07-01 09:00";
    assert_eq!(
        lines[1..],
        [
            vec!["2", "+447700966142", "none", letters, "2026-11-21 11:30", dated, "none", "none", "\"07700 9OO142\""],
            vec![
                "4",
                "+447700900144",
                "none",
                "there are two numbers in one field",
                "never",
                "none",
                "since 2026-10-01 13:00",
                "none",
                "\"07700900144;07700900145\""
            ],
            vec!["6", "none", "+441632960123", "", "never", "none", "none", "none", "\"441632960123 ext 45\""],
            vec!["7", "+447700900266", "none", letters, "never", "none", "none", "listed 2026-11-01 12:00", "\"07700 900 Ann\""],
            vec!["Read 8 users: the number of 4 is read in another way, and 1 of their old numbers have been rung."],
        ],
        "{said}"
    );
    let after: String = sqlx::query_scalar(all).fetch_one(&app.pool).await.unwrap();
    assert_eq!(before, after, "nothing is changed");

    let away = dialler(&connect, "mysql://nobody:nothing@127.0.0.1:9/claims", &["numbers", "check"]).await;
    assert!(!away.status.success() && text(&away.stderr).contains("REPLICA_DATABASE_URL"), "{}", text(&away.stderr));
    app.stop().await;
}

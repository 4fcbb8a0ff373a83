//! Days without calls: the list is data, a change of it counts at once on every server, and its end is told before it comes.

use auth::Role;
use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, LEG, people_rung, start};
use crate::commands::{dialler, dialler_at, text};
use crate::support::{Client, METRICS_TOKEN, TestApp};

const SHIPPED: &str = include_str!("../../../queue/data/bank-holidays.json");
const PRIYA: &str = "+447700900123";

fn set_clock(app: &TestApp, at: &str) {
    app.clock.advance(at.parse::<DateTime<Utc>>().unwrap() - app.now());
}

fn add(day: &str) -> Value {
    json!({"day": day, "name": "A jubilee", "reason": "Proclaimed today"})
}

fn load(file: &str) -> Value {
    json!({"file": file, "file_name": "bank-holidays.json", "reason": "The yearly list"})
}

/// The shipped file with the days of further years: those of 2028, moved on.
fn file_until(last: i32) -> String {
    let mut file: Value = serde_json::from_str(SHIPPED).unwrap();
    let events = file["england-and-wales"]["events"].as_array_mut().unwrap();
    let of_2028: Vec<Value> = events.iter().filter(|event| event["date"].as_str().unwrap().starts_with("2028")).cloned().collect();
    for year in 2029..=last {
        events.extend(of_2028.iter().cloned().map(|mut event| {
            event["date"] = json!(event["date"].as_str().unwrap().replace("2028", &year.to_string()));
            event
        }));
    }
    file.to_string()
}

/// The list from which the years after this one were taken, as if it had been loaded long ago: in the version that it has, and in the next.
async fn ends_with(app: &TestApp, year: i32) {
    sqlx::query("delete from queue.holiday where day > make_date($1, 12, 31)").bind(year).execute(&app.pool).await.unwrap();
    sqlx::query(
        "insert into queue.holiday_change (version, kind, changed_at, source) select max(version) + 1, 'loaded', min(changed_at), 'a list of the tests'
         from queue.holiday_change",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    app.app.queue.learn_changes().await.unwrap();
}

async fn view(admin: &Client) -> Value {
    admin.ask("/api/queue/holidays", json!({})).await
}

async fn health(app: &TestApp, path: &str) -> (u16, Value) {
    let response = app.anonymous().http.get(format!("{}{path}", app.base)).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

fn holidays_of(health: &Value) -> Option<Value> {
    health["checks"].as_array().unwrap().iter().find(|check| check["name"] == "holidays").cloned()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_first_list_is_that_of_the_shipped_file(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let file: Value = serde_json::from_str(SHIPPED).unwrap();
    let events = file["england-and-wales"]["events"].as_array().unwrap();
    let shipped: Vec<(NaiveDate, String)> = events
        .iter()
        .map(|event| (event["date"].as_str().unwrap().parse().unwrap(), event["title"].as_str().unwrap().to_owned()))
        .collect();
    let stored: Vec<(NaiveDate, String)> =
        sqlx::query_as("select day, name from queue.holiday where source = 'official' order by day").fetch_all(&app.pool).await.unwrap();
    assert_eq!(stored, shipped);
    let listed = view(&app.signed_in(Role::Admin).await).await;
    assert_eq!((&listed["end"], &listed["notice"]), (&json!("2028-12-31"), &json!(null)), "{listed}");
    assert_eq!((&listed["history"][0]["by"], &listed["read_on"]), (&json!("Set up"), &json!("2026-11-21")));
    assert_eq!(
        listed["history"][0]["words"],
        "Loaded the official list: 32 days added. From bank-holidays.json of gov.uk, shipped with the dialler."
    );
    app.stop().await;
}

/// A holiday that is proclaimed at short notice: an administrator adds it, and nobody is rung from then on, also on another server and also when
/// the agent is on the line already.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_day_that_is_added_counts_at_once_on_every_server_and_one_that_is_removed_too(_: PgPoolOptions, connect: PgConnectOptions) {
    let other = TestApp::start(connect.clone()).await;
    let app = TestApp::with_carrier(connect).await;
    for id in 1..=3 {
        app.platform.user(id).unsigned().name("Priya", "Raman").phone(ANSWERS).claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let (admin, agent) = (other.signed_in(Role::Admin).await, app.signed_in(Role::Agent).await);
    let hand_out = agent.call_next().await;
    assert!(hand_out["user"]["id"].is_string(), "{hand_out}");
    let begun = start(agent.clone(), &hand_out, LEG).await;

    let said = admin.ask("/api/queue/add_holiday", add("24/11/2026")).await;
    assert_eq!(said, "No calls on Tuesday 24 November 2026.");
    begun.join(&app).await;
    let call = begun.until("ended").await;
    assert_eq!((&call["end"]["how"], &call["end"]["is_saved_call"]), (&json!("refused"), &json!(false)), "{call}");
    assert!(call["end"]["words"].as_str().unwrap().contains("no calls today: A jubilee, our own day"), "{call}");
    assert_eq!(people_rung(&app).await, 0);
    let rules: Value =
        sqlx::query_scalar("select convert_from(record, 'UTF8')::jsonb from queue.decision where purpose = 'dial' and outcome = 'refused'")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(rules["holidays_version"], 2, "the record names the list that it went by: {rules}");
    assert_eq!(rules["reasons"], json!([{"code": "bank_holiday", "day": "A jubilee, our own day"}]));
    let note = "No calls today: A jubilee, our own day. Calls may be made from tomorrow 09:00.";
    assert_eq!(app.signed_in(Role::Agent).await.call_next().await["note"], note);
    let summary = agent.ask("/api/queue/summary", json!({})).await;
    assert_eq!(summary["hours"], json!({"is_open": false, "words": "from tomorrow 09:00"}));
    assert_eq!(app.count("select count(*) from queue.entry").await, 3, "everybody waits as before");

    let said = admin.ask("/api/queue/remove_holiday", json!({"day": "2026-11-24", "reason": "It was next year"})).await;
    assert_eq!(said, "Tuesday 24 November 2026 is off the list.");
    assert!(app.signed_in(Role::Agent).await.call_next().await["user"]["id"].is_string());
    let history = view(&admin).await["history"].clone();
    let of =
        |at: usize| (history[at]["words"].as_str().unwrap(), history[at]["reason"].as_str().unwrap(), history[at]["by"].as_str().unwrap());
    assert_eq!(of(0), ("Removed Tuesday 24 November 2026, A jubilee.", "It was next year", "Robin Tester"));
    assert_eq!(of(1), ("Added Tuesday 24 November 2026, A jubilee.", "Proclaimed today", "Robin Tester"));
    let (status, refused) = admin.post("/api/queue/remove_holiday", json!({"day": "2026-11-24", "reason": "Twice"})).await;
    assert!(status == 409 && refused["message"].as_str().unwrap().contains("not on the list any more"), "{refused}");
    other.stop().await;
    app.stop().await;
}

/// What changed elsewhere is learnt when it is heard of, not only with the next person: here nobody is handed out.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn another_server_hears_of_a_change_without_handing_anybody_out(_: PgPoolOptions, connect: PgConnectOptions) {
    let other = TestApp::start(connect.clone()).await;
    let app = TestApp::start(connect).await;
    let admin = other.signed_in(Role::Admin).await;
    assert!(app.app.queue.hours().is_open);
    admin.ask("/api/queue/add_holiday", add("24 November 2026")).await;
    app.until("the day is closed there too", || !app.app.queue.hours().is_open).await;
    // The settings are learnt in the same way.
    admin.ask("/api/queue/remove_holiday", json!({"day": "2026-11-24", "reason": "A mistake"})).await;
    app.until("the day is open again", || app.app.queue.hours().is_open).await;
    let (status, _) = crate::settings::change(&admin, |settings| settings["calling_hours"]["weekdays"] = json!(null)).await;
    assert_eq!(status, 200);
    app.until("the hours are closed there too", || !app.app.queue.hours().is_open).await;
    other.stop().await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_cannot_be_added_or_removed_is_refused_in_words_and_only_administrators_change_the_list(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::start(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    let rows = "select (select count(*) from queue.holiday) * 100 + (select count(*) from queue.holiday_change)";
    let before = app.count(rows).await;
    for (day, name, reason, words) in [
        ("", "A jubilee", "why", "Write the day as 25 December 2027"),
        ("12/25/2027", "A jubilee", "why", "Write the day as"),
        ("31 April 2027", "A jubilee", "why", "There is no such day"),
        ("Friday 25 December 2027", "A jubilee", "why", "is a Saturday"),
        ("23 November 2026", "A jubilee", "why", "That day is past."),
        ("25 December 2027", "A jubilee", "why", "Christmas Day, which is always closed"),
        ("27 December 2027", "A jubilee", "why", "on the list already: Christmas Day"),
        ("28 May 2027", "  ", "why", "Give the day a name"),
        ("28 May 2027", &"n".repeat(51), "why", "at most 50 characters"),
        ("28 May 2027", "A jubilee", " ", "say why"),
        ("28 May 2027", "A jubilee", &"n".repeat(301), "at most 300 characters"),
    ] {
        let (status, answer) = admin.post("/api/queue/add_holiday", json!({"day": day, "name": name, "reason": reason})).await;
        assert!(status == 422 && answer["message"].as_str().unwrap().contains(words), "{day} {name}: {status} {answer}");
    }
    let (status, answer) = admin.post("/api/queue/remove_holiday", json!({"day": "2027-03-29", "reason": "why"})).await;
    assert!(status == 409 && answer["message"].as_str().unwrap().contains("in the official list"), "{answer}");
    assert_eq!(admin.post("/api/queue/remove_holiday", json!({"day": "29 March", "reason": "why"})).await.0, 400);
    for role in [Role::Agent, Role::Supervisor] {
        let client = app.signed_in(role).await;
        for (path, body) in [
            ("/api/queue/holidays", json!({})),
            ("/api/queue/add_holiday", add("28 May 2027")),
            ("/api/queue/remove_holiday", json!({"day": "2027-03-29", "reason": "why"})),
            ("/api/queue/load_holidays", load(&file_until(2029))),
        ] {
            assert_eq!(client.post(path, body).await.0, 403, "{role:?} {path}");
        }
    }
    assert_eq!(app.count(rows).await, before, "nothing was changed");

    // Two at once: one of them is told that it is there.
    let body = add("28 May 2027");
    let (first, second) =
        futures::future::join(admin.post("/api/queue/add_holiday", body.clone()), admin.post("/api/queue/add_holiday", body)).await;
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422]);
    assert_eq!(app.count(rows).await, before + 101);
    let listed = view(&admin).await;
    let added = listed["days"].as_array().unwrap().iter().find(|listed| listed["day"] == "2027-05-28").unwrap();
    assert_eq!((&added["name"], &added["source"]), (&json!("A jubilee"), &json!("own")));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_newer_list_is_loaded_whole_or_not_at_all(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    admin.ask("/api/queue/add_holiday", add("28 May 2027")).await;
    admin.ask("/api/queue/add_holiday", add("28 August 2029")).await;
    let rows = "select (select count(*) from queue.holiday) * 100 + (select count(*) from queue.holiday_change)";
    let before = app.count(rows).await;
    let broken = file_until(2029).replace("2029-04-17", "2029-04-31");
    let large = file_until(2029) + &" ".repeat(queue::LONGEST_HOLIDAY_FILE);
    for (file, words) in [
        ("", "The file is empty."),
        ("<html></html>", "The file is a web page."),
        ("not a list", "not in the form of https://www.gov.uk/bank-holidays.json"),
        (r#"{"scotland": {"events": []}}"#, "no list for England and Wales"),
        (&broken, "“2029-04-31” is not a date"),
        (&file_until(2029).replace("2029-04-17", "2028-04-17"), "17 April 2028 is in the file twice."),
        (&large, "larger than 256 KB"),
    ] {
        let (status, answer) = admin.post("/api/queue/load_holidays", load(file)).await;
        let said = answer["message"].as_str().unwrap();
        assert!(status == 422 && said.contains(words) && said.ends_with("Nothing was changed."), "{words}: {status} {answer}");
    }
    let (status, answer) = admin.post("/api/queue/load_holidays", load(&"x".repeat(3 * queue::LONGEST_HOLIDAY_FILE))).await;
    assert_eq!((status, answer["code"].as_str()), (413, Some("too_large")), "{answer}");
    let (status, answer) = admin.post("/api/queue/load_holidays", load(SHIPPED)).await;
    assert!(status == 409 && answer["message"].as_str().unwrap().contains("in use already"), "{answer}");
    let (status, _) = admin.post("/api/queue/load_holidays", json!({"file": file_until(2029), "file_name": "", "reason": " "})).await;
    assert_eq!(status, 422, "a reason is needed");
    assert_eq!(app.count(rows).await, before, "nothing was changed");

    // A larger file than any other request of ours; a day of our own that is official by now; a day that is no holiday any more.
    let file = file_until(2030).replace("2027-05-31", "2027-05-28") + &" ".repeat(100_000);
    let said = admin.ask("/api/queue/load_holidays", load(&file)).await;
    assert_eq!(said, "Loaded the official list: 15 days added, 1 removed, 2 changed. The list ends on 31 December 2030.");
    let listed = view(&admin).await;
    let of = |day: &str| {
        listed["days"]
            .as_array()
            .unwrap()
            .iter()
            .find(|listed| listed["day"] == day)
            .map(|listed| (listed["name"].clone(), listed["source"].clone()))
    };
    assert_eq!(of("2027-05-28"), Some((json!("Spring bank holiday"), json!("official"))), "official by now");
    assert_eq!(of("2027-05-31"), None);
    assert_eq!(of("2029-08-28"), Some((json!("Summer bank holiday"), json!("official"))));
    assert_eq!((&listed["end"], &listed["source"]), (&json!("2030-12-31"), &json!("bank-holidays.json")));
    assert_eq!(listed["history"][0]["words"], "Loaded the official list: 15 days added, 1 removed, 2 changed. From bank-holidays.json.");
    assert_eq!(
        app.count("select count(*) from queue.holiday where day < '2026-01-01' and removed_in is null").await,
        8,
        "what is over stays"
    );

    // An older file takes nothing away of the years that it does not know.
    let (status, answer) = admin.post("/api/queue/load_holidays", load(SHIPPED)).await;
    assert_eq!((status, answer), (200, json!("Loaded the official list: 1 day added, 1 removed. The list ends on 31 December 2030.")));
    app.stop().await;
}

/// lessons, line 59: the list ended unseen. → Days beyond it are closed, and it is told twelve months before.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_list_that_ends_soon_says_so_and_beyond_it_nobody_is_rung(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (admin, supervisor, agent) =
        (app.signed_in(Role::Admin).await, app.signed_in(Role::Supervisor).await, app.signed_in(Role::Agent).await);
    let notice = async |client: &Client| client.ask("/api/queue/summary", json!({})).await["holidays_notice"].clone();
    let days_left = async || {
        let request = reqwest::Client::new().get(format!("{}/metrics", app.base)).bearer_auth(METRICS_TOKEN);
        let told = request.send().await.unwrap().text().await.unwrap();
        let line = told.lines().find(|line| line.starts_with("dialler_holiday_list_days_left ")).unwrap().to_owned();
        line.rsplit_once(' ').unwrap().1.parse::<i64>().unwrap()
    };
    for client in [&admin, &supervisor, &agent] {
        assert_eq!(notice(client).await, json!(null));
    }
    let (status, told) = health(&app, "/health/ready").await;
    let check = holidays_of(&told).unwrap();
    assert_eq!((status, &check["is_ok"], &check["words"]), (200, &json!(true), &json!("Known until 31 December 2028")));
    assert_eq!(days_left().await, 768);
    let checked = dialler(&connect, app.platform.replica_url(), &["config", "check"]).await;
    assert!(text(&checked.stdout).contains("Bank holidays: known until 31 December 2028."), "{}", text(&checked.stdout));

    ends_with(&app, 2026).await;
    let words = "The list of bank holidays ends on 31 December 2026, in 37 days.";
    for client in [&admin, &supervisor] {
        assert!(notice(client).await.as_str().unwrap().starts_with(words));
    }
    assert_eq!(notice(&agent).await, json!(null), "not an agent's to mend");
    assert!(view(&admin).await["notice"].as_str().unwrap().starts_with(words));
    let (status, told) = health(&app, "/health/ready").await;
    let check = holidays_of(&told).unwrap();
    assert_eq!((status, &told["is_ready"], &check["is_ok"]), (200, &json!(true), &json!(false)), "calls go on: {told}");
    assert!(check["words"].as_str().unwrap().starts_with(words), "{check}");
    assert_eq!(holidays_of(&health(&app, "/api/health").await.1), None, "not for whoever signs in");
    assert_eq!(days_left().await, 37);
    let checked = dialler(&connect, app.platform.replica_url(), &["config", "check"]).await;
    assert!(checked.status.success() && text(&checked.stdout).contains(words), "{}", text(&checked.stdout));
    assert!(agent.call_next().await["user"]["id"].is_string(), "calls go on until then");

    set_clock(&app, "2027-01-05T11:00:00Z");
    let ended = "the list of bank holidays ends on 31 December 2026";
    let late = app.signed_in(Role::Agent).await;
    assert_eq!(late.call_next().await["note"], format!("Calls may be made at no time: {ended}."));
    assert_eq!(app.app.queue.next_opening(), None);
    assert_eq!(days_left().await, -5);
    let check = holidays_of(&health(&app, "/api/health").await.1).unwrap();
    assert!(check["words"].as_str().unwrap().contains("ended on 31 December 2026"), "then everybody is told: {check}");
    let checked = dialler_at(&connect, app.platform.replica_url(), "2027-01-05T11:00:00Z", &["config", "check"]).await;
    assert!(checked.status.success() && text(&checked.stdout).contains("ended on 31 December 2026"), "{}", text(&checked.stdout));

    // A newer list, and calls are made again.
    admin.ask("/api/queue/load_holidays", load(SHIPPED)).await;
    assert!(late.call_next().await["note"].is_null());
    app.stop().await;
}

/// Promises around clock changes and holidays, each asked for on a working day before.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn nobody_is_promised_a_call_on_a_day_without_calls_or_at_a_time_that_does_not_exist(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for (now, asked, expected) in [
        ("2026-03-20T10:00:00Z", "2026-03-29T01:30", Err("There is no such time")),
        ("2026-03-20T10:00:00Z", "2026-03-30T09:00", Ok("2026-03-30T08:00:00Z")), // promised in winter time for summer time
        ("2026-03-20T10:00:00Z", "2026-03-30T08:59", Err("may not be made at that time")),
        ("2026-03-20T10:00:00Z", "2026-03-28T16:59", Ok("2026-03-28T16:59:00Z")),
        ("2026-03-20T10:00:00Z", "2026-03-28T17:00", Err("may not be made at that time")),
        ("2026-03-20T10:00:00Z", "2026-04-03T10:00", Err("Friday 3 April 2026: Good Friday, a bank holiday")),
        ("2026-03-20T10:00:00Z", "2026-04-06T11:00", Err("Monday 6 April 2026: Easter Monday, a bank holiday")),
        ("2026-10-19T09:00:00Z", "2026-10-25T01:30", Err("may not be made at that time")), // a time that exists twice, on a Sunday
        ("2026-10-19T09:00:00Z", "2026-10-24T10:00", Ok("2026-10-24T09:00:00Z")),
        ("2026-10-19T09:00:00Z", "2026-10-26T19:59", Ok("2026-10-26T19:59:00Z")), // promised in summer time for winter time
        ("2026-10-19T09:00:00Z", "2026-10-26T20:00", Err("may not be made at that time")),
        ("2026-12-21T10:00:00Z", "2026-12-25T10:00", Err("Friday 25 December 2026: Christmas Day")),
        ("2026-12-21T10:00:00Z", "2026-12-26T12:00", Err("Saturday 26 December 2026: Boxing Day")),
        ("2026-12-21T10:00:00Z", "2026-12-28T12:00", Err("Monday 28 December 2026: Boxing Day, a bank holiday")),
        ("2026-12-21T10:00:00Z", "2026-12-29T09:00", Ok("2026-12-29T09:00:00Z")),
        ("2026-12-21T10:00:00Z", "2027-01-01T10:00", Err("Friday 1 January 2027: New Year’s Day")),
        ("2027-03-24T10:00:00Z", "2027-03-28T01:30", Err("There is no such time")),
        ("2027-03-24T10:00:00Z", "2027-03-29T10:00", Err("Easter Monday")),
        ("2027-10-29T09:00:00Z", "2027-10-31T01:30", Err("may not be made at that time")),
        ("2027-10-29T09:00:00Z", "2027-11-01T09:30", Ok("2027-11-01T09:30:00Z")),
        ("2027-12-20T10:00:00Z", "2027-12-25T12:00", Err("Saturday 25 December 2027: Christmas Day")),
        ("2027-12-20T10:00:00Z", "2027-12-27T12:00", Err("Monday 27 December 2027: Christmas Day, a bank holiday")),
        ("2027-12-20T10:00:00Z", "2028-01-01T12:00", Err("Saturday 1 January 2028: New Year’s Day")),
        ("2027-12-20T10:00:00Z", "2028-01-03T12:00", Err("New Year’s Day, a bank holiday")),
        ("2028-02-25T10:00:00Z", "2028-02-29T12:00", Ok("2028-02-29T12:00:00Z")),
        ("2028-02-25T10:00:00Z", "2028-02-30T12:00", Err("cannot be read")),
        ("2028-12-29T10:00:00Z", "2028-12-30T16:59", Ok("2028-12-30T16:59:00Z")),
        ("2028-12-29T10:00:00Z", "2029-01-02T10:00", Err("Tuesday 2 January 2029: the list of bank holidays ends on 31 December 2028")),
    ] {
        set_clock(&app, now);
        match (app.app.queue.promise_at(asked), expected) {
            (Ok((at, wall_time)), Ok(instant)) => {
                assert_eq!(at, instant.parse::<DateTime<Utc>>().unwrap(), "{asked}");
                assert_eq!(wall_time.format("%Y-%m-%dT%H:%M").to_string(), asked, "what is shown is what was said");
            }
            (Err(refused), Err(words)) => assert!(refused.to_string().contains(words), "{asked}: {refused}"),
            (found, expected) => panic!("{asked}: {found:?} instead of {expected:?}"),
        }
    }
    app.stop().await;
}

/// A day that is added while promises stand for it: whoever adds it is told, the promise stays, and is not rung for on that day.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn promises_on_a_day_that_is_closed_afterwards_are_told_and_wait(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (admin, agent) = (app.signed_in(Role::Admin).await, app.signed_in(Role::Agent).await);
    sqlx::query(
        "insert into queue.callback
             (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by)
         values (1, 'user_asked', '2026-11-26T10:00:00Z', '2026-11-26T10:00:00', $1, '2026-11-26T10:00:00Z', $2, $1)",
    )
    .bind(agent.agent)
    .bind(app.now())
    .execute(&app.pool)
    .await
    .unwrap();
    let said = admin.ask("/api/queue/add_holiday", add("26 Nov 2026")).await;
    assert_eq!(said, "No calls on Thursday 26 November 2026. One callback is promised for that day: please move it.");

    let id = app.count("select id from queue.callback").await;
    let moved = async |at: &str| agent.post("/api/queue/move_callback", json!({"callback_id": id, "at": at})).await;
    let (status, refused) = moved("2026-11-26T11:00").await;
    assert!(
        status == 422 && refused["message"].as_str().unwrap().contains("Thursday 26 November 2026: A jubilee, our own day"),
        "{refused}"
    );
    set_clock(&app, "2026-11-26T10:00:10Z");
    let note = agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await;
    assert_eq!((&note["user"], note["note"].as_str().unwrap().starts_with("No calls today: A jubilee")), (&json!(null), true), "{note}");
    set_clock(&app, "2026-11-27T09:00:10Z");
    let offered = agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await;
    assert_eq!((&offered["user"]["id"], &offered["queue"]), (&json!("1"), &json!("callbacks")), "{offered}");
    app.stop().await;
}

/// What callers hear, and when they are rung back: over Christmas, Boxing Day on a Saturday, and the Monday in its place.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_rings_on_a_day_without_calls_hears_when_we_open_again(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone("07700 900123").claim("santander").insert().await.unwrap();
    app.discover().await;
    for (n, (now, opens)) in [
        ("2026-12-24T20:30:00Z", "We open again on Tuesday 29 December at 09:00."),
        ("2026-12-26T12:00:00Z", "We open again on Tuesday at 09:00."),
        ("2027-12-25T12:00:00Z", "We open again on Wednesday at 09:00."),
    ]
    .into_iter()
    .enumerate()
    {
        set_clock(&app, now);
        app.until("the lag is known", || app.app.queue.replica_lag().is_some()).await;
        let sid = format!("CA{n:032}");
        let form = [("CallSid", &*sid), ("From", PRIYA), ("To", "+442079460000")];
        let (status, heard) = app.webhook("/webhooks/twilio/incoming", &form).await;
        assert_eq!(status, 200, "{heard}");
        assert!(heard.contains("We are closed just now. You can reach us Monday to Friday") && heard.contains(opens), "{now}: {heard}");
        assert!(heard.contains("We will ring you back when we are open."), "{now}: {heard}");
    }
    let promised: Vec<DateTime<Utc>> =
        sqlx::query_scalar("select promised_at from queue.callback where is_return_call order by id").fetch_all(&app.pool).await.unwrap();
    assert_eq!(promised, ["2026-12-29T09:00:00Z".parse::<DateTime<Utc>>().unwrap()], "one for the number");

    // Beyond the list nobody knows when that is: nothing is promised, and the caller is on the list of those whom nobody rings back.
    sqlx::query("update queue.callback set state = 'no_longer_needed', closed_at = $1").bind(app.now()).execute(&app.pool).await.unwrap();
    set_clock(&app, "2029-01-02T12:00:00Z");
    app.until("the lag is known", || app.app.queue.replica_lag().is_some()).await;
    let form = [("CallSid", "CA00000000000000000000000000000009"), ("From", PRIYA), ("To", "+442079460000")];
    let (_, heard) = app.webhook("/webhooks/twilio/incoming", &form).await;
    assert!(
        heard.contains("We are closed just now.") && !heard.contains("We open again") && heard.contains("Please ring us again then."),
        "{heard}"
    );
    let missed = app.signed_in(Role::Supervisor).await.ask("/api/calls/missed_callers", json!({})).await;
    assert_eq!((&missed[0]["who"], missed.as_array().unwrap().len()), (&json!("Priya Raman, 07700 900123"), 1), "{missed}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_list_is_loaded_by_a_command_and_open_servers_learn_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let folder = std::env::temp_dir().join(format!("dialler-holidays-{}", kernel::DecisionId::generate()));
    std::fs::create_dir(&folder).unwrap();
    let import = async |content: &[u8], reason: &str| {
        let file = folder.join("bank-holidays.json");
        std::fs::write(&file, content).unwrap();
        let done = dialler(&connect, app.platform.replica_url(), &["holidays", "import", file.to_str().unwrap(), "--reason", reason]).await;
        (done.status.success(), text(if done.status.success() { &done.stdout } else { &done.stderr }))
    };
    for (content, words) in
        [(&b"<html>"[..], "The file is a web page."), (b"\xff\xfe\x00", "not in the form"), (SHIPPED.as_bytes(), "in use already")]
    {
        let (is_done, said) = import(content, "The yearly list").await;
        assert!(!is_done && said.contains(words) && said.contains("Nothing was changed."), "{words}: {said}");
    }
    let (is_done, said) = import(file_until(2029).as_bytes(), " ").await;
    assert!(!is_done && said.contains("say why"), "{said}");
    assert_eq!(app.count("select count(*) from queue.holiday_change").await, 1);

    let loaded = "Loaded the official list: 8 days added. The list ends on 31 December 2029.\n";
    assert_eq!(import(file_until(2029).as_bytes(), "The yearly list").await, (true, loaded.to_owned()));
    let end = NaiveDate::from_ymd_opt(2029, 12, 31);
    app.until("the server has learnt it", || app.app.queue.holidays_end() == end).await;
    let listed = dialler(&connect, app.platform.replica_url(), &["holidays", "list"]).await;
    let lines = text(&listed.stdout);
    assert!(lines.starts_with("The list of bank holidays ends on 31 December 2029.\n2026-01-01\tNew Year’s Day\tofficial\n"), "{lines}");
    assert!(lines.contains("2026-12-26\tBoxing Day\talways\n2026-12-28\tBoxing Day\tofficial\n"), "{lines}");
    let history = view(&app.signed_in(Role::Admin).await).await["history"][0].clone();
    assert_eq!((&history["by"], &history["reason"]), (&json!("A command"), &json!("The yearly list")), "{history}");
    let missing = dialler(&connect, app.platform.replica_url(), &["holidays", "import", "/nowhere.json", "--reason", "why"]).await;
    assert!(text(&missing.stderr).contains("/nowhere.json cannot be opened"), "{}", text(&missing.stderr));
    std::fs::remove_dir_all(&folder).unwrap();
    app.stop().await;
}

/// The practice clock of the demo moves on to the next opening, and never out of the list.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_clock_of_the_demo_stays_inside_the_list(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let evening = "2026-12-24T20:30:00Z";
    let moved = dialler_at(&connect, app.platform.replica_url(), evening, &["demo-clock"]).await;
    assert!(
        text(&moved.stdout).starts_with("The practice clock shows Tuesday 29 December 2026, 09:0"),
        "{}{}",
        text(&moved.stdout),
        text(&moved.stderr)
    );
    sqlx::query("update server.clock set business_at = business_at + interval '3 years'").execute(&app.pool).await.unwrap();
    let refused = dialler_at(&connect, app.platform.replica_url(), evening, &["demo-clock"]).await;
    let said = text(&refused.stderr);
    assert!(!refused.status.success() && said.contains("the list of bank holidays ends on 31 December 2028"), "{said}");
    app.stop().await;
}

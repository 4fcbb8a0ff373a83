//! Administrators edit what agents can say came of a call.

use auth::Role;
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{Begun, DOES_NOT_ANSWER, ENGAGED, LEG, handed_out, start};
use crate::support::{Client, TestApp};

/// One entry as it is now.
async fn entry(admin: &Client, disposition: &str) -> Value {
    let catalogue = admin.ask("/api/calls/catalogue", json!({})).await;
    let entries = catalogue["entries"].as_array().unwrap();
    entries.iter().find(|entry| entry["disposition"] == disposition).unwrap().clone()
}

/// Changes some of it, as it was seen.
async fn change_seen(admin: &Client, seen: &Value, changes: Value) -> (u16, Value) {
    let mut edit = seen["edit"].clone();
    for (key, value) in changes.as_object().unwrap() {
        edit[key] = value.clone();
    }
    let body = json!({"disposition": seen["disposition"], "edit": edit, "version": seen["version"]});
    admin.post("/api/calls/change_disposition", body).await
}

async fn change(admin: &Client, disposition: &str, changes: Value) -> (u16, Value) {
    let seen = entry(admin, disposition).await;
    change_seen(admin, &seen, changes).await
}

/// The next person is rung, and does not answer.
async fn rung(app: &TestApp, agent: &Client, leg: &'static str) -> Begun {
    let hand_out = agent.call_next().await;
    let begun = start(agent.clone(), &hand_out, leg).await;
    begun.join(app).await;
    begun.until("ended").await;
    begun
}

fn choice<'call>(call: &'call Value, disposition: &str) -> Option<&'call Value> {
    call["wrap_up"]["choices"].as_array().unwrap().iter().find(|choice| choice["disposition"] == disposition)
}

/// Every row of the catalogue and of its history.
async fn rows(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar(
        "select to_jsonb(d)::text from calls.disposition d union all select to_jsonb(c)::text from calls.disposition_change c order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_change_holds_from_the_next_wrap_up_on_and_is_kept_with_who_made_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    let changes = json!({"label": " No reply ", "key": null, "delay_hours": 30, "needs_note": true, "also": "Left for tomorrow."});
    let (status, catalogue) = change(&admin, "no_answer", changes).await;
    assert_eq!(status, 200, "{catalogue}");
    let now = catalogue["entries"].as_array().unwrap().iter().find(|entry| entry["disposition"] == "no_answer").unwrap();
    assert_eq!((&now["version"], &now["edit"]["label"]), (&json!(2), &json!("No reply")));
    assert_eq!((&now["is_reached"], &now["is_failed"], &now["suppresses"]), (&json!(false), &json!(true), &json!(null)));
    let told = &catalogue["changes"][0];
    assert_eq!((&told["by"], &told["label"]), (&json!("Robin Tester"), &json!("No reply")));
    let lines = [
        "Label “No answer” → “No reply”",
        "Key 7 → none",
        "Delay 4 h → 30 h",
        "Needs a note: no → yes",
        "Also nothing → “Left for tomorrow.”",
    ];
    assert_eq!(told["changes"], json!(lines));
    let (by, before, after): (i64, Value, Value) =
        sqlx::query_as("select changed_by, before, after from calls.disposition_change").fetch_one(&app.pool).await.unwrap();
    assert_eq!((by, &before["label"], &after["label"]), (admin.agent, &json!("No answer"), &json!("No reply")));

    let (agent, hand_out) = handed_out(&app, DOES_NOT_ANSWER).await;
    let begun = start(agent, &hand_out, LEG).await;
    begun.join(&app).await;
    let call = begun.until("ended").await;
    let shown = choice(&call, "no_answer").unwrap();
    assert_eq!((&shown["label"], &shown["key"], &shown["also"]), (&json!("No reply"), &json!(null), &json!("Left for tomorrow.")));
    let unwritten = json!({"call_id": begun.call, "disposition": "no_answer", "notes": ""});
    assert_eq!(begun.agent.post("/api/calls/record_outcome", unwritten).await.0, 422, "a note is needed now");
    begun.record("no_answer").await;
    let hours: f64 = sqlx::query_scalar("select extract(epoch from delay_until - $1)::float8 / 3600 from queue.attempt")
        .bind(app.now())
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert!((29.9..30.0).contains(&hours), "{hours}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn of_two_who_edit_the_same_the_second_is_told_what_holds_now(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let (one, other) = (app.signed_in(Role::Admin).await, app.signed_in(Role::Admin).await);
    let seen = entry(&one, "vulnerable").await;
    assert_eq!(change_seen(&one, &seen, json!({"label": "Handle with care", "delay_hours": 96})).await.0, 200);
    let before = rows(&app).await;

    let (status, answer) = change_seen(&other, &seen, json!({"label": "Vulnerable person"})).await;

    assert_eq!(status, 409, "{answer}");
    let words = "Somebody else has changed this outcome meanwhile. It is now: “Handle with care”, place 14, key none, delay 96 h, a supervisor looks \
                 at it. Nothing of yours was stored.";
    assert_eq!(answer["message"], json!(words));
    assert_eq!(rows(&app).await, before);
    // At the same moment, too.
    let seen = entry(&one, "hung_up").await;
    let answers = join_all((0..6).map(|n| change_seen(&one, &seen, json!({"delay_hours": 10 + n})))).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|(status, _)| [200, 409].contains(status)), "{answers:?}");
    assert_eq!(app.count("select count(*) from calls.disposition_change where disposition = 'hung_up'").await, 1);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_outcome_takes_another_place_and_those_between_make_room(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    let order = async || -> Vec<(String, i16, i32)> {
        sqlx::query_as("select code, position, version from calls.disposition order by position").fetch_all(&app.pool).await.unwrap()
    };
    let codes = |rows: &[(String, i16, i32)]| rows.iter().map(|(code, ..)| code.clone()).collect::<Vec<_>>();
    let before = codes(&order().await);
    let between = entry(&admin, "contacted").await;

    assert_eq!(change(&admin, "hung_up", json!({"position": 2})).await.0, 200);

    let after = order().await;
    let mut expected = before.clone();
    let moved = expected.remove(10);
    assert_eq!(moved, "hung_up");
    expected.insert(1, moved);
    assert_eq!(codes(&after), expected);
    assert_eq!(after.iter().map(|(_, position, _)| *position).collect::<Vec<_>>(), (1..=17).collect::<Vec<_>>());
    let changed: Vec<bool> = after.iter().map(|(_, _, version)| *version == 2).collect();
    assert_eq!(changed, (1..=17).map(|place| (2..=11).contains(&place)).collect::<Vec<_>>());
    let (status, _) = change_seen(&admin, &between, json!({"label": "Nothing came of it"})).await;
    assert_eq!(status, 409, "an edit that was begun before would move it back");

    assert_eq!(change(&admin, "hung_up", json!({"position": 11})).await.0, 200);
    assert_eq!(codes(&order().await), before, "and back");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_cannot_be_is_refused_at_its_field_and_nothing_is_changed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    let before = rows(&app).await;
    for (disposition, changes, field, words) in [
        ("contacted", json!({"label": " "}), "label", "Please write a label"),
        ("contacted", json!({"label": "x".repeat(41)}), "label", "at most 40 characters"),
        ("contacted", json!({"key": 1}), "key", "Key 1 is that of “Signed or sent it”"),
        ("contacted", json!({"key": 0}), "key", "a digit from 1 to 9"),
        ("contacted", json!({"delay_hours": 0}), "delay_hours", "from 1 to 8760"),
        ("contacted", json!({"delay_hours": 8_761}), "delay_hours", "from 1 to 8760"),
        ("contacted", json!({"delay_hours": null}), "delay_hours", "nobody would ever ring again"),
        ("contacted", json!({"position": 18}), "position", "from 1 to 17"),
        ("contacted", json!({"also": "x".repeat(201)}), "also", "at most 200 characters"),
        ("callback_requested", json!({"needs_time": false, "delay_hours": 4}), "needs_time", "needs its time"),
        ("no_answer", json!({"needs_time": true}), "needs_time", "somebody who was reached"),
        ("do_not_contact", json!({"is_offered": false}), "is_offered", "always offered"),
        ("not_recorded", json!({"is_offered": false}), "is_offered", "by itself"),
    ] {
        let (status, answer) = change(&admin, disposition, changes.clone()).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{disposition} {changes}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains(words), "{answer}");
    }
    assert_eq!(change(&admin, "contacted", json!({})).await.0, 409, "nothing changes");
    assert_eq!(rows(&app).await, before);
    // The database holds it too, whoever writes.
    for statement in [
        "update calls.disposition set label = '' where code = 'contacted'",
        "update calls.disposition set delay_hours = null where code = 'contacted'",
        "update calls.disposition set delay_hours = 8761 where code = 'contacted'",
        "update calls.disposition set needs_time = false, delay_hours = 1 where code = 'callback_requested'",
        "update calls.disposition set is_offered = false where code = 'do_not_contact'",
        "update calls.disposition set key = 9 where code = 'not_recorded'",
    ] {
        sqlx::query(statement).execute(&app.pool).await.unwrap_err();
    }
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_is_not_offered_is_on_no_screen_and_stays_in_the_history(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    app.platform.user(1).unsigned().phone(DOES_NOT_ANSWER).claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().phone(ENGAGED).claim("vw_finance").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let first = rung(&app, &agent, LEG).await;
    assert_eq!(first.find().await["wrap_up"]["suggested"], "no_answer");
    first.record("no_answer").await;

    for disposition in ["no_answer", "busy"] {
        assert_eq!(change(&admin, disposition, json!({"is_offered": false})).await.0, 200);
    }

    let attempt = agent.ask("/api/calls/attempt", json!({"call_id": first.call})).await["attempt"].clone();
    assert_eq!(attempt["outcome"]["label"], "No answer");
    let second = rung(&app, &agent, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb").await;
    let call = second.find().await;
    assert_eq!(
        (&call["end"]["how"], &call["wrap_up"]["suggested"]),
        (&json!("busy"), &json!(null)),
        "what is on no screen is not suggested"
    );
    assert!(choice(&call, "no_answer").is_none() && choice(&call, "busy").is_none() && choice(&call, "failed").is_some(), "{call}");
    let form = agent.ask("/api/calls/correctable", json!({"call_id": first.call})).await;
    assert!(form["choices"].as_array().unwrap().iter().all(|choice| choice["disposition"] != "busy"), "{form}");
    // Whoever had it on the screen already is not turned away.
    assert_eq!(second.record("busy").await["disposition"], "busy");
    app.stop().await;
}

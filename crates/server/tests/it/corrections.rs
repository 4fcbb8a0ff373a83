//! Putting right what was recorded of a call: what stood is kept, and what follows for the person follows.

use auth::Role;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, Begun, DOES_NOT_ANSWER, ENGAGED, LEG, begin, start};
use crate::support::{Client, TestApp};

/// A talk that is over, with nothing recorded yet.
async fn talked(app: &TestApp) -> Begun {
    let begun = begin(app, ANSWERS).await;
    begun.join(app).await;
    begun.until("connected").await;
    begun.hang_up(app).await;
    begun.until("ended").await;
    begun
}

fn correction(call: &str, was: &str, is: &str) -> Value {
    json!({"call_id": call, "correction": {
        "instead_of": was, "disposition": is, "notes": null, "callback_at": null, "asked_regardless": false, "reason": " Pressed the wrong key. "
    }})
}

async fn correct(who: &Client, call: &str, was: &str, is: &str) -> (u16, Value) {
    who.post("/api/calls/correct", correction(call, was, is)).await
}

/// What stands, and all that it has led to.
async fn everything(app: &TestApp) -> Vec<String> {
    sqlx::query_scalar(
        "select to_jsonb(o)::text from calls.outcome o
         union all select to_jsonb(s)::text from calls.superseded_outcome s
         union all select to_jsonb(e)::text from queue.entry e
         union all select to_jsonb(c)::text from queue.callback c
         union all select to_jsonb(a)::text from queue.attempt a
         union all select to_jsonb(s)::text from queue.suppression s
         order by 1",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap()
}

/// In how many hours the first person may be rung.
async fn hours_to_wait(app: &TestApp) -> f64 {
    sqlx::query_scalar("select extract(epoch from available_at - $1)::float8 / 3600 from queue.entry where user_id = 1")
        .bind(app.now())
        .fetch_one(&app.pool)
        .await
        .unwrap()
}

/// What stood, who recorded it, who put it right, and why.
type Superseded = (String, Option<i64>, Option<i64>, Option<String>);

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_supervisor_puts_an_outcome_right_what_stood_is_kept_and_the_queue_follows(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talked(&app).await;
    begun.record("going_to_complete").await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    assert!((71.9..72.0).contains(&hours_to_wait(&app).await));

    let form = supervisor.ask("/api/calls/correctable", json!({"call_id": begun.call})).await;
    assert_eq!((&form["standing"], &form["notes"]), (&json!("going_to_complete"), &json!("as typed <b>")));
    let choices: Vec<&str> = form["choices"].as_array().unwrap().iter().map(|choice| choice["disposition"].as_str().unwrap()).collect();
    assert_eq!(choices.len(), 15, "neither what stands nor what is the system's: {choices:?}");
    assert!(!choices.contains(&"going_to_complete") && !choices.contains(&"not_recorded"), "{choices:?}");

    let (status, answer) = correct(&supervisor, &begun.call, "going_to_complete", "no_answer").await;
    assert_eq!((status, &answer["disposition"]), (200, &json!("no_answer")), "{answer}");
    assert!(answer["words"].as_str().unwrap().starts_with("Next attempt: Today, from 14:3"), "{answer}");

    let (disposition, notes, by): (String, String, Option<i64>) =
        sqlx::query_as("select disposition, notes, recorded_by from calls.outcome").fetch_one(&app.pool).await.unwrap();
    assert_eq!((&*disposition, &*notes, by), ("no_answer", "as typed <b>", Some(supervisor.agent)));
    let kept: Vec<Superseded> =
        sqlx::query_as("select disposition, recorded_by, superseded_by, superseded_because from calls.superseded_outcome")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    let because = Some("Pressed the wrong key.".to_owned());
    assert_eq!(kept, [("going_to_complete".to_owned(), Some(begun.agent.agent), Some(supervisor.agent), because)]);
    let (said, is_reached, is_failed): (String, bool, bool) =
        sqlx::query_as("select disposition, is_reached, is_failed from queue.attempt").fetch_one(&app.pool).await.unwrap();
    assert_eq!((&*said, is_reached, is_failed), ("no_answer", false, true));
    let hours = hours_to_wait(&app).await;
    assert!((3.9..4.0).contains(&hours), "{hours}");
    let score = "select count(*) from queue.entry where user_id = 1 and score = $1::text::float8";
    let stored: String = sqlx::query_scalar("select score::text from queue.entry where user_id = 1").fetch_one(&app.pool).await.unwrap();
    app.discover().await;
    let same: i64 = sqlx::query_scalar(score).bind(&stored).fetch_one(&app.pool).await.unwrap();
    assert_eq!(same, 1, "discovery finds the score as the correction left it: the one failed attempt is counted once");
    let me = begun.agent.ask("/api/auth/me", json!({})).await;
    assert_eq!((&me["engagement"], &me["intention"]), (&json!(null), &json!("available")), "the agent goes on as before");

    // And back, and on: every one is kept, and told.
    assert_eq!(correct(&supervisor, &begun.call, "no_answer", "might_complete").await.0, 200);
    let whole = begun.agent.ask("/api/calls/attempt", json!({"call_id": begun.call})).await;
    let told: Vec<(&str, &str)> = whole["attempt"]["superseded"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| (of["label"].as_str().unwrap(), of["because"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("Will do it", "Pressed the wrong key."), ("No answer", "Pressed the wrong key.")]);
    assert_eq!(whole["attempt"]["outcome"]["label"], "Might do it");
    let is_failed: bool = sqlx::query_scalar("select is_failed from queue.attempt").fetch_one(&app.pool).await.unwrap();
    assert!(!is_failed);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_goes_with_the_outcome_that_made_it_and_comes_with_the_one_that_makes_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talked(&app).await;
    let outcome =
        json!({"call_id": begun.call, "disposition": "callback_requested", "notes": "After work", "callback_at": "2026-11-25T15:30"});
    begun.agent.ask("/api/calls/record_outcome", outcome).await;
    let supervisor = app.signed_in(Role::Supervisor).await;

    let (status, answer) = correct(&supervisor, &begun.call, "callback_requested", "not_interested").await;
    assert_eq!(status, 200, "{answer}");
    let (state, by, why): (String, Option<i64>, Option<String>) =
        sqlx::query_as("select state, closed_by, closed_reason from queue.callback").fetch_one(&app.pool).await.unwrap();
    assert_eq!((&*state, by), ("cancelled", Some(supervisor.agent)));
    assert_eq!(why.as_deref(), Some("the outcome of the call was corrected: Pressed the wrong key."));
    assert!((671.9..672.0).contains(&hours_to_wait(&app).await));

    // A time is needed, and is promised to whoever talked to the person.
    let mut promise = correction(&begun.call, "not_interested", "callback_requested");
    let (status, answer) = supervisor.post("/api/calls/correct", promise.clone()).await;
    assert_eq!((status, &answer["field"]), (422, &json!("callback_at")), "{answer}");
    promise["correction"]["callback_at"] = json!("2026-11-26T16:00");
    let answer = supervisor.ask("/api/calls/correct", promise).await;
    assert_eq!(answer["words"], "Callback promised for Thursday 26 November, 16:00.");
    let stands: Vec<(Option<i64>, DateTime<Utc>)> =
        sqlx::query_as("select preferred_agent_id, promised_at from queue.callback where state = 'scheduled'")
            .fetch_all(&app.pool)
            .await
            .unwrap();
    assert_eq!(stands, [(Some(begun.agent.agent), "2026-11-26T16:00:00Z".parse().unwrap())]);

    // One that was moved since is somebody's decision of its own, and stays.
    let moved = json!({"callback_id": app.count("select max(id) from queue.callback").await, "at": "2026-11-26T17:00"});
    supervisor.ask("/api/queue/move_callback", moved).await;
    assert_eq!(correct(&supervisor, &begun.call, "callback_requested", "contacted").await.0, 200);
    assert_eq!(
        app.count("select count(*) from queue.callback where state = 'scheduled' and promised_at = '2026-11-26T17:00:00Z'").await,
        1
    );
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_objection_comes_with_a_correction_and_does_not_go_with_one(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talked(&app).await;
    begun.record("contacted").await;
    let mut objection = correction(&begun.call, "contacted", "do_not_contact");
    objection["correction"]["notes"] = json!("  ");
    let (status, answer) = begun.agent.post("/api/calls/correct", objection.clone()).await;
    assert_eq!((status, &answer["field"]), (422, &json!("notes")), "{answer}");
    objection["correction"]["notes"] = json!("Never ring me again");
    let answer = begun.agent.ask("/api/calls/correct", objection).await;
    assert!(answer["words"].as_str().unwrap().starts_with("No further call"), "{answer}");
    let on_record = "select count(*) from queue.suppression where kind = 'do_not_contact' and user_id = 1 and reason = 'Never ring me again' and ends_at is null";
    assert_eq!(app.count(on_record).await, 1);
    assert_eq!(app.count("select count(*) from queue.entry where user_id = 1").await, 0);

    let (status, answer) = correct(&begun.agent, &begun.call, "do_not_contact", "contacted").await;
    assert_eq!(status, 200);
    let words = answer["words"].as_str().unwrap();
    assert!(words.ends_with("What “Do not contact” put on record against calls stays as it is; see “Do not call”."), "{words}");
    assert_eq!(app.count(on_record).await, 1);
    app.discover().await;
    assert_eq!(app.count("select count(*) from queue.entry where user_id = 1").await, 0, "nobody rings them");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_cannot_be_corrected_is_refused_in_words_and_nothing_is_changed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    let (colleague, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    let refused = async |who: &Client, body: Value, status: u16, words: &str| {
        let (told, answer) = who.post("/api/calls/correct", body).await;
        assert_eq!((told, answer["message"].as_str()), (status, Some(words)), "{answer}");
    };
    let not_yet = "What came of this call is not recorded yet. It can be corrected once it is.";
    begun.join(&app).await;
    begun.until("connected").await;
    refused(&supervisor, correction(&begun.call, "contacted", "busy"), 409, not_yet).await;
    begun.hang_up(&app).await;
    begun.until("ended").await;
    refused(&supervisor, correction(&begun.call, "contacted", "busy"), 409, not_yet).await;
    begun.record("contacted").await;
    let before = everything(&app).await;

    let with = |key: &str, value: Value| {
        let mut body = correction(&begun.call, "contacted", "might_complete");
        body["correction"][key] = value;
        body
    };
    let nobodys = correction("019abcde-0123-7abc-8def-0123456789ab", "contacted", "busy");
    refused(&supervisor, nobodys, 404, "There is no such call.").await;
    refused(&colleague, with("reason", json!("Mine")), 403, "What a colleague recorded is corrected by a supervisor.").await;
    refused(&supervisor, with("reason", json!(" \n ")), 422, "Please say why it is corrected, for whoever asks later.").await;
    refused(&supervisor, with("reason", json!("x".repeat(301))), 422, "The reason may have at most 300 characters.").await;
    let same = "That is what is recorded already. Nothing was changed.";
    refused(&supervisor, with("disposition", json!("contacted")), 409, same).await;
    let meanwhile = "It was put right meanwhile: “Nothing agreed” is recorded now. Nothing was changed.";
    refused(&supervisor, with("instead_of", json!("busy")), 409, meanwhile).await;
    let system = "“Not recorded” is set by the system alone. Choose what came of the call.";
    refused(&supervisor, with("disposition", json!("not_recorded")), 422, system).await;
    let timeless = "Only “Call me back” takes a time.";
    refused(&supervisor, with("callback_at", json!("2026-11-25T15:30")), 422, timeless).await;
    app.clock.advance(TimeDelta::hours(14));
    let late = "You can correct what you recorded on the same day. Please ask a supervisor now.";
    refused(&begun.agent, with("reason", json!("Too late")), 403, late).await;
    for who in [&colleague, &begun.agent] {
        let (status, answer) = who.post("/api/calls/correctable", json!({"call_id": begun.call})).await;
        assert_eq!(status, 403, "{answer}");
    }
    assert_eq!(everything(&app).await, before);
    assert_eq!(correct(&supervisor, &begun.call, "contacted", "might_complete").await.0, 200, "a supervisor still can");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_that_rang_nobody_has_no_outcome_to_correct(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    begun.agent.ask("/api/calls/hang_up", json!({"call_id": begun.call})).await;
    begun.until("ended").await;
    let admin = app.signed_in(Role::Admin).await;
    let (status, answer) = correct(&admin, &begun.call, "failed", "contacted").await;
    assert_eq!((status, &answer["message"]), (409, &json!("Nobody was rung on this call, so there is no outcome to correct.")));
    assert_eq!(app.count("select count(*) from calls.superseded_outcome").await, 0);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_correction_leaves_what_a_later_call_settled(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(ENGAGED).claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let mut calls = Vec::new();
    for leg in [LEG, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"] {
        let hand_out = agent.call_next().await;
        let begun = start(agent.clone(), &hand_out, leg).await;
        begun.join(&app).await;
        begun.until("ended").await;
        begun.record("busy").await;
        app.clock.advance(TimeDelta::minutes(2 * 60 + 1));
        calls.push(begun.call);
    }
    let entry =
        async || -> String { sqlx::query_scalar("select to_jsonb(e)::text from queue.entry e").fetch_one(&app.pool).await.unwrap() };
    let before = entry().await;

    let form = agent.ask("/api/calls/correctable", json!({"call_id": calls[0]})).await;
    let choices = form["choices"].as_array().unwrap();
    let choice = choices.iter().find(|choice| choice["disposition"] == "not_interested").unwrap();
    assert_eq!(choice["next_attempt"], "As a later call has settled it");
    let (status, answer) = correct(&agent, &calls[0], "busy", "not_interested").await;
    assert_eq!((status, &answer["words"]), (200, &json!("Recorded. A later call has settled the next attempt, and that stands.")));
    assert_eq!(entry().await, before);
    let said: Vec<String> = sqlx::query_scalar("select disposition from queue.attempt order by id").fetch_all(&app.pool).await.unwrap();
    assert_eq!(said, ["not_interested", "busy"]);
    app.stop().await;
}

/// Somebody else's correction is never written over unseen.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn of_corrections_at_once_one_is_taken(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talked(&app).await;
    begun.record("contacted").await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    let wanted = ["might_complete", "going_to_complete", "hung_up", "vulnerable", "no_claim"];
    let answers = join_all(wanted.map(|is| correct(&supervisor, &begun.call, "contacted", is))).await;
    let taken: Vec<&str> = answers.iter().zip(wanted).filter(|((status, _), _)| *status == 200).map(|(_, is)| is).collect();
    assert_eq!(taken.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|(status, _)| [200, 409].contains(status)), "{answers:?}");
    assert_eq!(app.count("select count(*) from calls.superseded_outcome").await, 1);
    let stands: String = sqlx::query_scalar("select disposition from calls.outcome").fetch_one(&app.pool).await.unwrap();
    assert_eq!(stands, taken[0]);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_only_the_system_said_is_put_right_too_and_is_asked_for_no_more(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talked(&app).await;
    sqlx::query("update calls.call set wrap_up_until = wrap_up_until - interval '3 minutes'").execute(&app.pool).await.unwrap();
    app.app.calls.close_overdue().await.unwrap();
    assert_eq!(begun.agent.ask("/api/calls/unrecorded", json!({})).await.as_array().unwrap().len(), 1);
    let supervisor = app.signed_in(Role::Supervisor).await;

    assert_eq!(correct(&supervisor, &begun.call, "not_recorded", "contacted").await.0, 200);

    assert_eq!(begun.agent.ask("/api/calls/unrecorded", json!({})).await, json!([]));
    assert_eq!(begun.record("busy").await["disposition"], "contacted", "what the supervisor said stands");
    app.stop().await;
}

/// Rules, Callbacks: one retry when there was no answer. It goes when it turns out that somebody was reached.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_one_more_try_of_a_promise_follows_the_outcome_that_is_true(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(DOES_NOT_ANSWER).claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    sqlx::query(
        "insert into queue.callback (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by)
         values (1, 'signature', $1, $1 at time zone 'Europe/London', $2, $1, $1, $2)",
    )
    .bind(app.now())
    .bind(agent.agent)
    .execute(&app.pool)
    .await
    .unwrap();
    let hand_out = agent.call_next().await;
    assert_eq!(hand_out["queue"], "callbacks", "{hand_out}");
    let begun = start(agent.clone(), &hand_out, LEG).await;
    begun.join(&app).await;
    begun.until("ended").await;
    begun.record("no_answer").await;
    let retries = async |state: &str| -> i64 {
        sqlx::query_scalar("select count(*) from queue.callback where retry_of is not null and state = $1")
            .bind(state)
            .fetch_one(&app.pool)
            .await
            .unwrap()
    };
    assert_eq!(retries("scheduled").await, 1);

    // Still nobody: the try stands, and no second one comes.
    assert_eq!(correct(&agent, &begun.call, "no_answer", "left_voicemail").await.0, 200);
    assert_eq!((retries("scheduled").await, app.count("select count(*) from queue.callback").await), (1, 2));
    assert_eq!(correct(&agent, &begun.call, "left_voicemail", "contacted").await.0, 200);
    assert_eq!((retries("scheduled").await, retries("no_longer_needed").await), (0, 1));
    app.stop().await;
}

//! Promises to ring: never lost, never for ever, and what became of each is on record (lessons, line 31).

use std::collections::BTreeSet;

use auth::Role;
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, Begun, DOES_NOT_ANSWER, LEG, handed_out, start};
use crate::support::{Client, TestApp};

/// Promised to `agent`, `minutes` from now.
pub(crate) async fn promise(app: &TestApp, user: i64, reason: &str, agent: i64, minutes: i64) {
    sqlx::query(
        "insert into queue.callback
             (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by)
         values ($1, $2, $3, $3 at time zone 'Europe/London', $4, $3, $5, $4)",
    )
    .bind(user)
    .bind(reason)
    .bind(app.now() + TimeDelta::minutes(minutes))
    .bind(agent)
    .bind(app.now())
    .execute(&app.pool)
    .await
    .unwrap();
}

/// A call in which user 1 asks to be rung in three weeks, and its agent.
async fn promised_on_a_call(app: &TestApp) -> Begun {
    let (agent, hand_out) = handed_out(app, ANSWERS).await;
    let begun = start(agent, &hand_out, LEG).await;
    begun.join(app).await;
    begun.until("connected").await;
    begun.hang_up(app).await;
    begun.until("ended").await;
    let record = json!({"call_id": begun.call, "disposition": "callback_requested", "callback_at": "2026-12-15T10:00"});
    begun.agent.ask("/api/calls/record_outcome", record).await;
    begun
}

async fn states(app: &TestApp) -> Vec<(i64, String, bool)> {
    sqlx::query_as("select user_id, state, retry_of is not null from queue.callback order by id").fetch_all(&app.pool).await.unwrap()
}

async fn list(client: &Client, is_all: bool) -> Value {
    client.ask("/api/queue/callbacks", json!({"is_all": is_all})).await
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_that_nobody_answers_is_tried_once_more_and_then_the_usual_queue_holds(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(DOES_NOT_ANSWER).claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    promise(&app, 1, "signature", agent.agent, 0).await;

    let second_leg = "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    for (attempt, leg, expected) in [
        (1, LEG, vec![(1, "kept".to_owned(), false), (1, "scheduled".to_owned(), true)]),
        (2, second_leg, vec![(1, "kept".to_owned(), false), (1, "kept".to_owned(), true)]),
    ] {
        agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
        let offered = agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await;
        assert_eq!(offered["user"]["id"], "1", "try {attempt}: {offered}");
        let sentence = offered["why"]["sentence"].as_str().unwrap();
        // Nobody promised the second try.
        let words = match attempt {
            1 => "Priya was promised a call for today 10:30.",
            _ => "Priya did not answer when rung as promised; this is the second try, set for today 10:45.",
        };
        assert!(sentence.starts_with(&format!("{words} Priya has not signed yet.")), "{sentence}");
        let call = start(app.signed_in_again(&agent).await, &offered, leg).await;
        call.join(&app).await;
        call.until("ended").await;
        let recorded =
            call.agent.ask("/api/calls/record_outcome", json!({"call_id": call.call, "disposition": "no_answer", "notes": ""})).await;
        assert_eq!(states(&app).await, expected, "try {attempt}: {recorded}");
        if attempt == 1 {
            assert_eq!(recorded["words"], "Next attempt: Today at 10:45, once more.");
            assert_eq!(agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await["user"], json!(null), "not before its time");
            app.clock.advance(TimeDelta::minutes(15));
        }
    }
    // Two of a day and four hours of cooling off: nobody is rung a third time.
    app.clock.advance(TimeDelta::minutes(15));
    assert_eq!(agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await["user"], json!(null));
    assert_eq!(agent.call_next().await["user"], json!(null));
    assert_eq!(app.count("select count(*) from queue.entry where user_id = 1").await, 1, "in the usual queue");
    let kept = list(&agent, false).await;
    assert_eq!((&kept["kept"], &kept["of"]), (&json!(1), &json!(1)), "a second try is no promise of its own: {kept}");
    app.stop().await;
}

/// A call within a quarter of an hour keeps the promise, before its time as well as after it, and from whatever queue: nobody is rung twice.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_a_little_before_its_time_keeps_a_promise_too_and_nobody_is_rung_again_for_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(DOES_NOT_ANSWER).claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().name("Owen", "Pritchard").phone(ANSWERS).claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    promise(&app, 1, "signature", agent.agent, 14).await;
    promise(&app, 2, "signature", agent.agent, 20).await;
    let second_leg = "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    for (user, leg, disposition) in [("1", LEG, "no_answer"), ("2", second_leg, "contacted")] {
        agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
        let offered = agent.ask("/api/queue/take", json!({"user_id": user})).await;
        assert_eq!((&offered["user"]["id"], &offered["queue"]), (&json!(user), &json!("unsigned_users")), "{offered}");
        let call = start(app.signed_in_again(&agent).await, &offered, leg).await;
        call.join(&app).await;
        if user == "2" {
            call.until("connected").await;
            call.hang_up(&app).await;
        }
        call.until("ended").await;
        let recorded = json!({"call_id": call.call, "disposition": disposition, "notes": ""});
        let recorded = call.agent.ask("/api/calls/record_outcome", recorded).await;
        if user == "1" {
            assert_eq!(recorded["words"], "Next attempt: Today at 10:45, once more.", "nobody answered the promised call");
        }
    }
    let of = |user, state: &str, is_retry| (user, state.to_owned(), is_retry);
    assert_eq!(
        states(&app).await,
        [of(1, "kept", false), of(2, "scheduled", false), of(1, "scheduled", true)],
        "twenty minutes are too early"
    );
    let mine = list(&agent, false).await;
    assert_eq!((&mine["kept"], &mine["of"]), (&json!(1), &json!(1)), "{mine}");
    app.stop().await;
}

/// Somebody who rings us shortly before a promised call, and is talked with, is not rung for it again; a promise for later stands.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_talk_with_a_caller_a_little_before_its_time_settles_a_promise(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    promise(&app, 1, "user_asked", agent.agent, 14).await;
    promise(&app, 2, "user_asked", agent.agent, 20).await;
    for user in 1..=2 {
        let mut transaction = kernel::begin(&app.pool).await.unwrap();
        let (call, talked_at) = (kernel::CallId::generate(), app.now());
        app.app.queue.count_incoming(&mut transaction, call, kernel::UserId::new(user), Some(ANSWERS), talked_at).await.unwrap();
        transaction.commit().await.unwrap();
    }
    assert_eq!(states(&app).await, [(1, "no_longer_needed".to_owned(), false), (2, "scheduled".to_owned(), false)]);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_whose_reason_has_gone_is_closed_by_discovery_unless_they_asked_to_be_rung(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=3 {
        app.platform.user(id).signed().claim("santander").insert().await.unwrap();
    }
    app.platform.user(4).unsigned().claim("santander").insert().await.unwrap();
    for (user, reason) in [(1, "signature"), (2, "user_asked"), (3, "requirements"), (4, "signature")] {
        promise(&app, user, reason, 1, 60).await;
    }
    app.clock.advance(TimeDelta::minutes(1));

    app.discover().await;

    let closed = |user, state: &str| (user, state.to_owned(), false);
    assert_eq!(
        states(&app).await,
        [closed(1, "no_longer_needed"), closed(2, "scheduled"), closed(3, "no_longer_needed"), closed(4, "scheduled")]
    );
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn everybody_sees_their_promises_a_supervisor_all_of_them_and_gives_one_away(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=3 {
        app.platform.user(id).unsigned().name("Priya", "Raman").claim("santander").insert().await.unwrap();
    }
    app.platform.caught_up().await.unwrap();
    let (agent, other, supervisor) =
        (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    promise(&app, 1, "signature", agent.agent, 60).await;
    promise(&app, 2, "user_asked", agent.agent, -2).await;
    promise(&app, 3, "signature", other.agent, -30).await;

    let mine = list(&agent, false).await;
    let shown: Vec<_> = mine["callbacks"].as_array().unwrap().iter().map(|c| (&c["user_id"], &c["standing"], &c["name"])).collect();
    let name = json!("Priya Raman");
    assert_eq!(shown, [(&json!("2"), &json!("due"), &name), (&json!("1"), &json!("upcoming"), &name)], "{mine}");
    assert_eq!((&mine["kept"], &mine["of"]), (&json!(0), &json!(0)));
    assert_eq!(agent.post("/api/queue/callbacks", json!({"is_all": true})).await.0, 403);
    let all = list(&supervisor, true).await;
    let late = &all["callbacks"][0];
    // Kept for its agent for five minutes from its time, and then anyone's.
    let kept = |list: &Value, at: usize| list["callbacks"][at]["kept_until"].clone();
    assert_eq!((kept(&mine, 0), kept(&mine, 1), kept(&all, 0)), (json!("10:33"), json!("11:35"), json!(null)));
    assert_eq!((&mine["callbacks"][0]["days_until"], &mine["callbacks"][0]["reason"]), (&json!(0), &json!("They asked to be rung")));
    assert_eq!((&late["user_id"], &late["standing"], &all["of"]), (&json!("3"), &json!("late"), &json!(1)), "{all}");

    // Somebody else's is not an agent's to withdraw; a supervisor gives it to another.
    let (status, answer) = agent.post("/api/queue/withdraw", json!({"callback_id": late["id"], "reason": "why"})).await;
    assert!(status == 403 && answer["message"].as_str().unwrap().contains("somebody else's"), "{answer}");
    supervisor.ask("/api/queue/reassign", json!({"callback_id": late["id"], "agent_id": agent.agent.to_string()})).await;
    assert_eq!(list(&agent, false).await["callbacks"].as_array().unwrap().len(), 3);
    agent.ask("/api/queue/withdraw", json!({"callback_id": late["id"], "reason": "They rang us"})).await;
    let settled = list(&agent, false).await["callbacks"][2].clone();
    assert_eq!(settled["standing"], "cancelled", "{settled}");
    assert!(settled["withdrawn"].as_str().unwrap().ends_with("They rang us"), "{settled}");
    assert_eq!(supervisor.post("/api/queue/reassign", json!({"callback_id": late["id"], "agent_id": null})).await.0, 409);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_agent_is_told_before_a_promise_and_supervisors_when_it_turns_late(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=2 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    let (agent, other) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    promise(&app, 1, "signature", agent.agent, 12).await;
    promise(&app, 2, "signature", agent.agent, 40).await;
    let summary = async |client: &Client| {
        app.app.queue.forget_figures();
        client.ask("/api/queue/summary", json!({})).await
    };
    let next = summary(&agent).await["next_callback"].clone();
    assert_eq!((&next["user_id"], &next["at"], &next["notice_seconds"]), (&json!("1"), &json!("10:42"), &json!(600)), "{next}");
    assert_eq!(summary(&other).await["next_callback"], json!(null), "it is not theirs");

    // It comes near, falls due and passes to anyone; each is said once.
    for (minutes, is_said, late) in [(1, false, 0), (2, true, 0), (1, false, 0), (8, true, 0), (4, false, 0), (2, true, 1), (1, false, 1)] {
        let since = app.now();
        app.clock.advance(TimeDelta::minutes(minutes));
        let was_said = app.app.queue.announce_promises(since, app.now()).await.unwrap();
        assert_eq!((was_said, summary(&other).await["late_callbacks"].as_i64()), (is_said, Some(late)), "at {}", app.now());
    }
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_agents_figures_count_the_due_promises_that_they_would_be_offered_and_a_supervisors_all(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::start(connect).await;
    let (agent, other, limited) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    let supervisor = app.signed_in(Role::Supervisor).await;
    sqlx::query("update auth.agent set queues = '{outstanding_requests}' where id = $1")
        .bind(limited.agent)
        .execute(&app.pool)
        .await
        .unwrap();
    promise(&app, 1, "signature", agent.agent, -1).await;
    promise(&app, 2, "user_asked", agent.agent, -2).await;
    promise(&app, 3, "signature", other.agent, -10).await;
    promise(&app, 4, "requirements", other.agent, -3).await;
    promise(&app, 5, "signature", agent.agent, 30).await;
    let figures = async |client: &Client| {
        let summary = client.ask("/api/queue/summary", json!({})).await;
        let row = summary["queues"].as_array().unwrap().iter().find(|row| row["queue"] == "callbacks").unwrap().clone();
        (row["callable"].as_i64().unwrap(), row["waiting"].as_i64().unwrap())
    };

    // Those to them, and what has passed to anyone; but for the limited one only what is about their queue.
    for (client, expected) in [(&agent, (3, 2)), (&other, (2, 3)), (&limited, (0, 5)), (&supervisor, (4, 1))] {
        assert_eq!(figures(client).await, expected, "agent {}", client.agent);
    }
    app.clock.advance(TimeDelta::minutes(5));
    app.app.queue.forget_figures();
    for (client, expected) in [(&agent, (4, 1)), (&other, (4, 1)), (&limited, (1, 4)), (&supervisor, (4, 1))] {
        assert_eq!(figures(client).await, expected, "agent {}, when all have passed to anyone", client.agent);
    }
    app.stop().await;
}

/// lessons, line 6: “queue empty” with a full queue. Taking a promise changes nothing in its row, so everybody who asks at once sees the same.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn agents_who_ask_at_once_share_the_promises_that_are_due_and_nobody_is_told_that_there_is_none(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::start(connect).await;
    for id in 1..=30 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let agents = join_all((0..20).map(|_| app.signed_in(Role::Agent))).await;
    // Eight have one of their own, which is nobody else's yet; six older ones are anyone's.
    for (user, agent) in (1..=8).zip(&agents) {
        promise(&app, user, "signature", agent.agent, -1).await;
    }
    for user in 9..=14 {
        promise(&app, user, "signature", agents[0].agent, -10).await;
    }
    let given = join_all(agents.iter().map(Client::call_next)).await;
    let people: Vec<i64> = given.iter().map(|hand_out| hand_out["user"]["id"].as_str().unwrap().parse().unwrap()).collect();
    // The first has an older one that preferred them, or, where others were quicker with all of those, the one of a minute ago.
    assert!(people[0] == 1 || (9..=14).contains(&people[0]), "{people:?}");
    let anyones = if people[0] == 1 { 6 } else { 5 };
    assert_eq!(people[1..8], (2..=8).collect::<Vec<i64>>(), "each their own, at whatever moment they asked");
    let others: BTreeSet<i64> = people[8..].iter().copied().collect();
    assert_eq!(others.len(), 12, "nobody twice: {people:?}");
    assert_eq!(others.iter().filter(|user| **user <= 14).count(), anyones, "then what is anyone's: {people:?}");
    assert_eq!(others.iter().filter(|user| **user > 14).count(), 12 - anyones, "and the queue for the rest: {people:?}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_that_cannot_be_kept_for_want_of_a_number_waits_and_is_kept_when_there_is_one(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    promise(&app, 1, "signature", agent.agent, -1).await;
    let set_number = async |number: Option<&str>| {
        sqlx::query("update users set phone_number = ? where id = 1").bind(number).execute(app.platform.primary()).await.unwrap();
        app.platform.caught_up().await.unwrap();
    };
    set_number(None).await;
    let nobody = agent.call_next().await;
    assert_eq!((&nobody["user"], &nobody["saved_calls"]), (&json!(null), &json!(0)), "{nobody}");
    assert_eq!(states(&app).await, [(1, "scheduled".to_owned(), false)], "the call is still needed");
    set_number(Some("+447700900142")).await;
    app.clock.advance(TimeDelta::minutes(61));
    assert_eq!(agent.call_next().await["user"]["id"], "1");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_that_nobody_answered_is_tried_once_more_also_when_the_agent_says_nothing(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().phone(DOES_NOT_ANSWER).claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    promise(&app, 1, "signature", agent.agent, 0).await;
    let offered = agent.call_next().await;
    let call = start(agent, &offered, LEG).await;
    call.join(&app).await;
    call.until("ended").await;
    sqlx::query("update calls.call set wrap_up_until = now() - interval '1 second'").execute(&app.pool).await.unwrap();
    app.app.calls.close_overdue().await.unwrap();
    assert_eq!(states(&app).await, [(1, "kept".to_owned(), false), (1, "scheduled".to_owned(), true)]);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_was_promised_a_call_that_is_withdrawn_waits_for_it_no_longer(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = promised_on_a_call(&app).await;
    let id: i64 = sqlx::query_scalar("select id from queue.callback").fetch_one(&app.pool).await.unwrap();
    begun.agent.ask("/api/queue/withdraw", json!({"callback_id": id, "reason": "A mistake"})).await;
    // Cooling off is over by then; three weeks are not.
    app.clock.advance(TimeDelta::hours(5));
    let offered = app.signed_in(Role::Agent).await.call_next().await;
    assert_eq!(offered["user"]["id"], "2", "{offered}");
    let offered = app.signed_in(Role::Agent).await.call_next().await;
    assert_eq!(offered["user"]["id"], "1", "{offered}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_is_moved_to_another_time_by_whoever_made_it_or_a_supervisor(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = promised_on_a_call(&app).await;
    let made = list(&begun.agent, false).await;
    let id = made["callbacks"][0]["id"].as_i64().unwrap();
    assert_eq!(made["today"], json!([540, 1200]), "{made}");
    let to = |at: &str| json!({"callback_id": id, "at": at});

    let other = app.signed_in(Role::Agent).await;
    assert_eq!(other.post("/api/queue/move_callback", to("2026-12-16T10:00")).await.0, 403);
    for (at, words) in [
        ("2026-11-24T10:00", "already past"),
        ("2026-12-15T22:00", "may not be made at that time"),
        ("2026-12-13T10:00", "may not be made at that time"),
        ("2027-03-28T01:30", "no such time"),
        ("2027-12-01T10:00", "days ahead"),
        ("soon", "cannot be read"),
        ("2026-12-15T10:00", "for that time already"),
    ] {
        let (status, answer) = begun.agent.post("/api/queue/move_callback", to(at)).await;
        let said = answer["message"].as_str().unwrap();
        assert!(status == 422 && said.contains(words) && said.contains("Nothing was changed"), "{at}: {status} {answer}");
    }
    assert_eq!(states(&app).await.len(), 1);

    begun.agent.ask("/api/queue/move_callback", to("2026-11-24T15:45")).await;
    let moved = list(&begun.agent, false).await;
    let shown = |at: usize| (&moved["callbacks"][at]["at"], &moved["callbacks"][at]["standing"], &moved["callbacks"][at]["moved_to"]);
    assert_eq!(shown(0), (&json!("today 15:45"), &json!("upcoming"), &json!(null)), "{moved}");
    assert_eq!(shown(1), (&json!("15 Dec 10:00"), &json!("moved"), &json!("today 15:45")), "{moved}");
    assert_eq!(begun.agent.post("/api/queue/move_callback", to("2026-11-24T16:00")).await.0, 409, "settled");

    // Nobody is offered them before that time; then their agent is.
    app.clock.advance(TimeDelta::hours(5));
    begun.agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
    assert_eq!(begun.agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await["user"], json!(null));
    app.clock.advance(TimeDelta::minutes(15));
    let offered = begun.agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await;
    assert_eq!(offered["user"]["id"], "1", "{offered}");
    // Whoever is with somebody is to keep the promise or not; nobody moves it under them.
    let supervisor = app.signed_in(Role::Supervisor).await;
    let open = list(&supervisor, true).await["callbacks"][0]["id"].clone();
    let (status, answer) = supervisor.post("/api/queue/move_callback", json!({"callback_id": open, "at": "2026-11-25T10:00"})).await;
    assert!(status == 409 && answer["message"].as_str().unwrap().contains("is with this person now"), "{answer}");
    app.stop().await;
}

/// As when it is made: the gate would refuse the call.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_is_not_moved_to_a_time_at_which_the_caps_forbid_a_call(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    let agent = app.signed_in(Role::Agent).await;
    promise(&app, 1, "signature", agent.agent, 60 * 24).await;
    for minutes in [5, 6] {
        sqlx::query("insert into queue.attempt (user_id, number, queue, attempted_at) values (1, '+447700900001', 'callbacks', $1)")
            .bind(app.now() - TimeDelta::minutes(minutes))
            .execute(&app.pool)
            .await
            .unwrap();
    }
    let id = list(&agent, false).await["callbacks"][0]["id"].clone();
    let (status, answer) = agent.post("/api/queue/move_callback", json!({"callback_id": id, "at": "2026-11-24T16:00"})).await;
    assert!(status == 422 && answer["message"].as_str().unwrap().contains("rung as often as is allowed"), "{answer}");
    assert_eq!(states(&app).await, [(1, "scheduled".to_owned(), false)]);
    agent.ask("/api/queue/move_callback", json!({"callback_id": id, "at": "2026-11-26T16:00"})).await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_is_to_be_tried_again_at_another_time_is_not_rung_from_the_queue_before(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(DOES_NOT_ANSWER).claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    promise(&app, 1, "signature", agent.agent, 0).await;
    let offered = agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await;
    let call = start(agent, &offered, LEG).await;
    call.join(&app).await;
    call.until("ended").await;
    call.agent.ask("/api/calls/record_outcome", json!({"call_id": call.call, "disposition": "no_answer", "notes": ""})).await;
    let second = list(&call.agent, false).await["callbacks"][0].clone();
    assert_eq!(second["is_retry"], true, "{second}");
    call.agent.ask("/api/queue/move_callback", json!({"callback_id": second["id"], "at": "2026-11-25T15:00"})).await;
    assert_eq!(states(&app).await[1..], [(1, "rescheduled".to_owned(), true), (1, "scheduled".to_owned(), false)]);

    // No answer's four hours are over, and the next morning has come.
    app.clock.advance(TimeDelta::hours(26));
    app.discover().await;
    let other = app.signed_in(Role::Agent).await;
    assert_eq!(other.call_next().await["user"], json!(null), "promised for 15:00");
    app.clock.advance(TimeDelta::hours(2) + TimeDelta::minutes(35));
    other.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
    let offered = other.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await;
    assert_eq!(offered["user"]["id"], "1", "{offered}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_that_is_moved_after_its_window_was_not_kept(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=2 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.platform.caught_up().await.unwrap();
    let supervisor = app.signed_in(Role::Supervisor).await;
    promise(&app, 1, "signature", supervisor.agent, -14).await;
    promise(&app, 2, "signature", supervisor.agent, -16).await;
    for late in list(&supervisor, true).await["callbacks"].as_array().unwrap() {
        supervisor.ask("/api/queue/move_callback", json!({"callback_id": late["id"], "at": "2026-11-24T12:00"})).await;
    }
    let of = |user, state: &str| (user, state.to_owned(), false);
    assert_eq!(states(&app).await, [of(1, "rescheduled"), of(2, "rescheduled"), of(2, "scheduled"), of(1, "scheduled")]);
    let all = list(&supervisor, true).await;
    assert_eq!((&all["kept"], &all["of"]), (&json!(0), &json!(1)), "{all}");
    app.stop().await;
}

/// A call is no reason against itself: with it, “too soon after the last call” was said of the very call that was going on.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn why_a_call_was_made_stays_as_it_was_while_it_goes_on(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let (agent, offered) = handed_out(&app, ANSWERS).await;
    let words = |hand_out: &Value| {
        let checks = hand_out["why"]["checks"].as_array().unwrap();
        let words: Vec<String> = checks.iter().map(|check| check["words"].as_str().unwrap().to_owned()).collect();
        (hand_out["why"]["sentence"].clone(), words, hand_out["score"]["total"].clone())
    };
    let begun = start(agent, &offered, LEG).await;
    begun.join(&app).await;
    begun.until("connected").await;
    let held = begun.agent.ask("/api/queue/current", json!({})).await;
    assert_eq!((words(&held), &held["note"]), (words(&offered), &json!(null)));
    assert!(words(&held).1.contains(&"Never rung before".to_owned()), "{held}");

    sqlx::query("update users set current_signature_file_id = uuid() where id = 1").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    assert_eq!(begun.agent.ask("/api/queue/current", json!({})).await["note"], "Priya has signed. Nothing else is outstanding.");
    begun.hang_up(&app).await;
    begun.until("ended").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_was_written_down_with_a_promise_is_there_until_it_is_kept_for_whoever_made_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let (agent, hand_out) = handed_out(&app, ANSWERS).await;
    let begun = start(agent, &hand_out, LEG).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.hang_up(&app).await;
    begun.until("ended").await;
    sqlx::query("update auth.agent set intention_since = now() - interval '1 hour'").execute(&app.pool).await.unwrap();
    let record =
        json!({"call_id": begun.call, "disposition": "callback_requested", "notes": "After work", "callback_at": "2026-11-24T14:00"});
    begun.agent.ask("/api/calls/record_outcome", record).await;

    let (other, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    let notes = async |client: &Client| client.ask("/api/calls/promise_notes", json!({"users": ["1", "2"]})).await;
    let note = json!([{"user_id": "1", "note": "After work"}]);
    assert_eq!((notes(&begun.agent).await, notes(&supervisor).await, notes(&other).await), (note.clone(), note, json!([])));
    let promised = list(&begun.agent, false).await["callbacks"][0].clone();
    assert!(promised["number"].as_str().is_some_and(|number| number.starts_with("07700")), "{promised}");
    begun.agent.ask("/api/queue/withdraw", json!({"callback_id": promised["id"], "reason": "A mistake"})).await;
    assert_eq!(notes(&begun.agent).await, json!([]), "it is not to be kept any more");

    // Whoever has finished is available from then on, not since before the call; how long they have wanted it is another matter.
    let me = begun.agent.ask("/api/auth/me", json!({})).await;
    assert!(me["state_seconds"].as_i64().unwrap() < 60 && me["intention_seconds"].as_i64().unwrap() >= 3600, "{me}");
    app.stop().await;
}

/// As Call next offers promises: one's own always, others' by the queue that they are about.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_agent_limited_to_a_queue_takes_by_name_the_promises_that_they_would_be_offered(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=3 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let (agent, other) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    let limit = async |queue: &'static str| {
        sqlx::query("update auth.agent set queues = array[$2] where id = $1")
            .bind(agent.agent)
            .bind(queue)
            .execute(&app.pool)
            .await
            .unwrap();
    };
    promise(&app, 1, "signature", agent.agent, -1).await;
    promise(&app, 2, "signature", other.agent, -1).await;
    limit("outstanding_requests").await;
    let (status, refused) = agent.post("/api/queue/take", json!({"user_id": "2"})).await;
    assert_eq!(status, 403, "another's, about a queue that is not theirs: {refused}");
    let taken = agent.ask("/api/queue/take", json!({"user_id": "1"})).await;
    assert_eq!(taken["user"]["id"], "1", "their own: {taken}");
    agent.ask("/api/queue/release", json!({"lease_id": taken["lease_id"], "reason": "language"})).await;
    limit("unsigned_users").await;
    let taken = agent.ask("/api/queue/take", json!({"user_id": "2"})).await;
    assert_eq!(taken["user"]["id"], "2", "about a queue that is theirs: {taken}");
    app.stop().await;
}

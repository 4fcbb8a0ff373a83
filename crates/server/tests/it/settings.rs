//! Settings, objections, consent and who may take which queue: what administrators and supervisors decide holds at once.

use auth::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, LEG, handed_out, people_rung, start};
use crate::support::{Client, Made, TestApp};

type Edit = fn(&mut Value);

pub async fn change(admin: &Client, edit: impl FnOnce(&mut Value)) -> (u16, Value) {
    let view = admin.ask("/api/queue/settings", json!({})).await;
    let mut settings = view["settings"].clone();
    edit(&mut settings);
    admin.post("/api/queue/change_settings", json!({"settings": settings, "version": view["version"], "reason": "A test of it"})).await
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_change_of_the_settings_holds_from_the_next_request_on_and_is_kept_with_its_reason(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (admin, agent) = (app.signed_in(Role::Admin).await, app.signed_in(Role::Agent).await);

    let (status, version) = change(&admin, |settings| {
        settings["calling_hours"]["weekdays"] = json!({"from_minute": 720, "until_minute": 1080});
        settings["unsigned_users"]["calls_a_day"] = json!(2);
    })
    .await;
    assert_eq!((status, &version), (200, &json!(2)));

    // It is half past ten.
    let refused = agent.call_next().await;
    assert_eq!(refused["note"], "Calls may be made from 12:00.", "{refused}");
    let view = admin.ask("/api/queue/settings", json!({})).await;
    assert_eq!(view["history"][0]["changes"], json!(["Unsigned: calls 3 → 2 a day", "Monday to Friday 09:00–20:00 → 12:00–18:00"]));
    assert_eq!(view["history"][0]["reason"], "A test of it");
    assert_eq!(view["history"][0]["by"], admin.ask("/api/auth/me", json!({})).await["name"]);
    assert_eq!((&view["history"][1]["version"], &view["history"][1]["by"]), (&json!(1), &json!(null)));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_wrap_up_lasts_as_long_as_the_settings_say(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    let (status, version) = change(&admin, |settings| settings["wrap_up_seconds"] = json!(300)).await;
    assert_eq!(status, 200, "{version}");
    let (agent, hand_out) = handed_out(&app, ANSWERS).await;
    let begun = start(agent, &hand_out, LEG).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.hang_up(&app).await;
    let call = begun.until("ended").await;
    let left = call["wrap_up"]["seconds_left"].as_i64().unwrap();
    assert!((240..=300).contains(&left), "{left}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn settings_out_of_bounds_outdated_or_without_a_reason_are_refused_and_nothing_is_changed(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::start(connect).await;
    let admin = app.signed_in(Role::Admin).await;
    let edits: [(&str, Edit); 6] = [
        ("from 8:00", |settings| settings["calling_hours"]["weekdays"] = json!({"from_minute": 420, "until_minute": 1080})),
        ("calls end after they begin", |settings| settings["calling_hours"]["saturday"] = json!({"from_minute": 700, "until_minute": 700})),
        ("a whole number from 0 to 10", |settings| settings["attempts_a_day"] = json!(99)),
        ("no such rule set", |settings| settings["rule_set"] = json!("mine")),
        ("has a name", |settings| settings["uncounted_requirements"] = json!([{"kind": " ", "reason": null}])),
        ("hold already", |_| {}),
    ];
    for (words, edit) in edits {
        let (status, answer) = change(&admin, edit).await;
        let said = answer["message"].as_str().unwrap();
        let wanted = words.replace("from 8:00", "from 08:00 to 21:00");
        assert!(
            (status == 422 || status == 409) && said.contains(&wanted) && said.contains("Nothing was changed"),
            "{words}: {status} {answer}"
        );
    }
    let settings = admin.ask("/api/queue/settings", json!({})).await["settings"].clone();
    let store = |settings: &Value, version: i32, reason: &str| {
        admin.post("/api/queue/change_settings", json!({"settings": settings, "version": version, "reason": reason}))
    };
    let mut changed = settings.clone();
    changed["tries"] = json!(5);
    assert_eq!(store(&changed, 1, "  ").await.0, 422);
    assert_eq!(store(&changed, 0, "From an older page").await.0, 409);
    let unreadable = json!({"settings": {"tries": "many"}, "version": 1, "reason": "x"});
    assert_eq!(admin.post("/api/queue/change_settings", unreadable).await.0, 400);
    assert_eq!(app.count("select count(*) from queue.settings").await, 1);

    // Two at once from the same page: one of them is told.
    let mut other = settings.clone();
    other["tries"] = json!(6);
    let (first, second) = futures::future::join(store(&changed, 1, "One"), store(&other, 1, "Two")).await;
    let mut statuses = [first.0, second.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    assert_eq!(app.count("select count(*) from queue.settings").await, 2);
    app.stop().await;
}

/// lessons, line 9: do-not-contact only raised the score. → It is in the gate, from the moment it is on record.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_objection_put_on_record_between_call_next_and_call_stops_the_call(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().phone(ANSWERS).claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    let hand_out = agent.call_next().await;
    assert_eq!(hand_out["user"]["id"], "1");
    let call = start(agent, &hand_out, LEG).await;

    let object = |whom: &str| json!({"objection": {"kind": "do_not_contact", "whom": whom, "reason": "Wrote to us", "until": null}});
    supervisor.ask("/api/queue/object", object(ANSWERS)).await;
    supervisor.ask("/api/queue/object", object("2")).await;
    call.join(&app).await;
    let ended = call.until("ended").await;

    assert_eq!((&ended["end"]["how"], &ended["end"]["is_saved_call"]), (&json!("refused"), &json!(true)), "{ended}");
    assert_eq!(people_rung(&app).await, 0);
    assert_eq!(app.count("select count(*) from queue.entry where user_id = 2").await, 0, "out of the queue at once");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn objections_are_found_lifted_with_a_reason_and_end_by_themselves(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (supervisor, admin) = (app.signed_in(Role::Supervisor).await, app.signed_in(Role::Admin).await);
    let object =
        |kind: &str, whom: &str, until: Option<&str>| json!({"objection": {"kind": kind, "whom": whom, "reason": "Asked", "until": until}});
    for (body, words) in [
        (object("bad_number", "1", None), "which number"),
        (object("do_not_contact", "somebody", None), "neither"),
        (object("opted_out", "1", Some("2026-11-23")), "past"),
        (object("opted_out", "1", Some("soon")), "not a day"),
        (json!({"objection": {"kind": "opted_out", "whom": "1", "reason": " ", "until": null}}), "say why"),
    ] {
        let (status, answer) = supervisor.post("/api/queue/object", body).await;
        assert!(status == 422 && answer["message"].as_str().unwrap().contains(words), "{words}: {status} {answer}");
    }
    assert_eq!(supervisor.post("/api/queue/object", object("do_not_contact", "999", None)).await.0, 404, "nobody has that id");
    assert_eq!(app.count("select count(*) from queue.suppression").await, 0);

    supervisor.ask("/api/queue/object", object("do_not_contact", "1", None)).await;
    supervisor.ask("/api/queue/object", object("opted_out", "2", Some("2026-11-24"))).await;
    let (status, answer) = supervisor.post("/api/queue/object", object("do_not_contact", "1", Some("2026-12-24"))).await;
    assert!(status == 409 && answer["message"].as_str().unwrap().contains("on record already"), "for good is longer: {answer}");
    assert_eq!(app.discover().await.added, 0);
    let list = |search: &str, only: bool| json!({"search": search, "is_only_holding": only, "before": null});
    let of_one = supervisor.ask("/api/queue/objections", list("1", true)).await;
    let found = &of_one["objections"][0];
    assert!(found["name"].is_string(), "{found}");
    assert_eq!((&found["user_id"], &found["reason"], &found["ended"]), (&json!("1"), &json!("Asked"), &json!(null)), "{of_one}");
    assert_eq!(supervisor.post("/api/queue/objections", list("somebody", true)).await.0, 422);

    // Meant for good: a supervisor cannot lift it, an administrator can.
    let lift = json!({"objection_id": found["id"], "reason": "It was another Pat"});
    let (status, answer) = supervisor.post("/api/queue/lift", lift.clone()).await;
    assert!(status == 403 && answer["message"].as_str().unwrap().contains("for good"), "{answer}");
    assert_eq!(admin.ask("/api/queue/lift", lift.clone()).await, json!(0), "nothing else holds");
    assert_eq!(admin.post("/api/queue/lift", lift).await.0, 409, "once is enough");
    assert_eq!(app.discover().await.added, 1);
    let ended = supervisor.ask("/api/queue/objections", list("1", false)).await["objections"][0]["ended"].clone();
    assert!(ended.as_str().unwrap().contains("It was another Pat"), "{ended}");
    assert_eq!(supervisor.ask("/api/queue/objections", list("1", true)).await["objections"], json!([]));

    app.clock.advance(chrono::TimeDelta::hours(14));
    app.discover().await;
    assert_eq!(app.count("select count(*) from queue.entry where user_id = 2").await, 1, "its last day is over");
    app.stop().await;
}

/// Compliance C6 and C7: a marketing call needs consent on the number; a screening older than 28 days counts as none.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_queue_on_a_marketing_basis_rings_only_those_who_consented_and_one_without_basis_nobody(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::start(connect).await;
    for id in 1..=3 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let (admin, agent) = (app.signed_in(Role::Admin).await, app.signed_in(Role::Agent).await);
    sqlx::query("insert into queue.consent (number, given_at, source) select number, $1, 'form' from queue.entry where user_id = 2")
        .bind(app.now())
        .execute(&app.pool)
        .await
        .unwrap();
    sqlx::query(
        "insert into queue.tps_screening (number, screened_at, is_listed) select number, $1, true from queue.entry where user_id in (1, 2)",
    )
    .bind(app.now())
    .execute(&app.pool)
    .await
    .unwrap();

    assert_eq!(change(&admin, |settings| settings["contact_basis"]["unsigned_users"] = json!(null)).await.0, 200);
    let none = agent.call_next().await;
    assert_eq!((&none["user"], &none["passed_over"]), (&json!(null), &json!([])), "left out while taking: {none}");

    assert_eq!(change(&admin, |settings| settings["contact_basis"]["unsigned_users"] = json!("marketing")).await.0, 200);
    let offered = agent.call_next().await;
    assert_eq!((&offered["user"]["id"], offered["saved_calls"].as_i64()), (&json!("2"), Some(0)), "{offered}");
    let reasons: Vec<Value> = offered["passed_over"].as_array().unwrap().iter().map(|passed| passed["reasons"].clone()).collect();
    assert_eq!(reasons, [json!([{"code": "no_consent"}, {"code": "on_tps"}])], "{offered}");
    assert_eq!(app.discover().await.removed, 1, "user 3, who has not consented either");

    app.clock.advance(chrono::TimeDelta::days(28));
    let judged = "select count(*) from queue.own_facts(1, (select number from queue.tps_screening limit 1), (select max(screened_at) + interval '29 days' from queue.tps_screening)) f where f.is_tps_listed";
    assert_eq!(app.count(judged).await, 0, "an old screening counts as none");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_agent_limited_to_a_queue_is_given_nobody_from_another(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).claim("lloyds").requirement("proof_of_address").insert().await.unwrap();
    app.platform.user(3).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (admin, agent) = (app.signed_in(Role::Admin).await, app.signed_in(Role::Agent).await);
    let me = agent.ask("/api/auth/me", json!({})).await;
    let limit =
        |version: i64, queues: Value| json!({"agent": me["id"], "version": version, "name": me["name"], "role": "agent", "queues": queues});
    // A promise that somebody made about a signature, due ten minutes ago.
    sqlx::query(
        "insert into queue.callback (user_id, reason, promised_at, promised_wall_time, available_at, created_at, created_by)
         values (3, 'signature', $1::timestamptz - interval '10 minutes', '2026-11-24 10:20', $1, $1, 1)",
    )
    .bind(app.now())
    .execute(&app.pool)
    .await
    .unwrap();

    admin.ask("/api/auth/change_staff", limit(1, json!(["outstanding_requests"]))).await;
    assert_eq!(agent.ask("/api/auth/me", json!({})).await["queues"], json!(["outstanding_requests"]));
    let (status, answer) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
    assert!(status == 403 && answer["message"].as_str().unwrap().contains("not one of yours"), "{answer}");
    let offered = agent.ask("/api/queue/call_next", json!({"queue": "outstanding_requests"})).await;
    assert_eq!(offered["user"]["id"], "2", "not what somebody else promised about a signature: {offered}");

    admin.ask("/api/auth/change_staff", limit(2, json!(null))).await;
    agent.ask("/api/queue/release", json!({"lease_id": offered["lease_id"], "reason": "language", "note": null})).await;
    assert_eq!(agent.call_next().await["user"]["id"], "3");
    for (queues, wanted) in [(json!([]), 422), (json!(["everything"]), 400)] {
        assert_eq!(admin.post("/api/auth/change_staff", limit(3, queues.clone())).await.0, wanted, "{queues}");
    }
    app.stop().await;
}

/// Nobody waits for their turn, and nobody gets around the gate.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn somebody_looked_up_is_taken_through_the_same_lease_and_gate(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().name("Owen", "Pritchard").phone("+447700900142").claim("nobody").insert().await.unwrap();
    app.platform.user(3).name("Una", "Done").claim("lloyds").insert().await.unwrap();
    app.discover().await;
    let (agent, other) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);

    for typed in ["owen p", "pritchard owen", "07700 900142", "900142", "2"] {
        let found = agent.ask("/api/queue/search", json!({"text": typed})).await;
        let people = found["people"].as_array().unwrap();
        assert_eq!(
            (people.len(), &people[0]["user_id"], &people[0]["queue"]),
            (1, &json!("2"), &json!("unsigned_users")),
            "{typed}: {found}"
        );
    }
    assert_eq!(agent.ask("/api/queue/search", json!({"text": "100%_"})).await["people"], json!([]), "what is typed is no pattern");

    let explained = agent.ask("/api/queue/explain", json!({"user_id": "2"})).await;
    assert_eq!(
        (&explained["against"], &explained["waits_in"], &explained["before"]),
        (&json!([]), &json!("unsigned_users"), &json!(1)),
        "{explained}"
    );
    let taken = agent.ask("/api/queue/take", json!({"user_id": "2"})).await;
    assert_eq!((&taken["user"]["id"], &taken["queue"]), (&json!("2"), &json!("unsigned_users")), "{taken}");
    assert!(taken["decision_id"].is_string() && taken["lease_id"].is_string());
    for (client, user, words) in
        [(&other, "2", "is with this person now"), (&agent, "1", "hold somebody already"), (&other, "3", "nothing to call")]
    {
        let (status, answer) = client.post("/api/queue/take", json!({"user_id": user})).await;
        assert!(status == 409 && answer["message"].as_str().unwrap().contains(words), "{user}: {status} {answer}");
    }
    assert_eq!(app.count("select count(*) from queue.lease").await, 1);
    assert_eq!(app.count("select count(*) from queue.viewing where user_id = 2").await, 1, "who looks at whom is on record");

    agent.ask("/api/queue/release", json!({"lease_id": taken["lease_id"], "reason": "language", "note": null})).await;
    let again = agent.ask("/api/queue/take", json!({"user_id": "2"})).await;
    assert_eq!(again["passed_over"][0]["words"], "Put back by an agent for a while", "{again}");
    let why = agent.ask("/api/queue/explain", json!({"user_id": "2"})).await["against"][0]["until"].clone();
    assert_eq!(why, "today 11:00");
    app.stop().await;
}

/// ENABLE_PRE_CALL_VALIDATION=false, in development: whoever waits is handed out and rung, and every record says why they should not be.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn with_the_gate_off_nobody_is_refused_and_the_records_and_the_screens_say_so(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::made(connect, Made { is_gate_off: true, ..Made::with_carrier() }).await;
    app.platform.user(1).unsigned().phone(ANSWERS).claim("santander").insert().await.unwrap();
    app.discover().await;
    sqlx::query("update users set current_signature_file_id = uuid() where id = 1").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    app.clock.advance(TimeDelta::hours(12));
    let agent = app.signed_in(Role::Agent).await;
    assert_eq!(agent.ask("/api/queue/summary", json!({})).await["is_gate_off"], true);

    let hand_out = agent.call_next().await;
    assert_eq!(hand_out["user"]["id"], "1", "signed, and in the middle of the night: {hand_out}");
    let checks = hand_out["why"]["checks"].as_array().unwrap();
    assert!(checks.len() >= 2 && checks.iter().all(|check| check["has_passed"] == false), "nothing is said to have passed: {checks:?}");
    let begun = start(agent.clone(), &hand_out, LEG).await;
    begun.join(&app).await;
    begun.until("connected").await;
    assert_eq!(people_rung(&app).await, 1);
    let records: Vec<Value> = sqlx::query_scalar("select convert_from(record, 'UTF8')::jsonb from queue.decision order by made_at")
        .fetch_all(&app.pool)
        .await
        .unwrap();
    for record in &records {
        assert_eq!((&record["is_gate_off"], &record["outcome"]), (&json!(true), &json!("callable")), "{record}");
        assert!(record["reasons"].as_array().unwrap().len() >= 2, "{record}");
    }
    assert_eq!(records.len(), 2, "at Call next and at the dial");
    app.stop().await;
}

/// Age is a protected characteristic: the factor can be switched off by itself.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn age_that_does_not_count_is_no_factor_of_anybodys_score(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let born = chrono::NaiveDate::from_ymd_opt(1950, 1, 1).unwrap();
    app.platform.user(1).unsigned().born(born).claim("santander").insert().await.unwrap();
    app.discover().await;
    let (admin, agent) = (app.signed_in(Role::Admin).await, app.signed_in(Role::Agent).await);
    let before = agent.call_next().await;
    assert!(before["score"].to_string().contains("years old"), "{}", before["score"]);
    assert_eq!(change(&admin, |settings| settings["age_counts"] = json!(false)).await.0, 200);
    let after = agent.call_next().await;
    assert!(!after["score"].to_string().contains("years old"), "{}", after["score"]);
    assert_eq!(after["user"]["id"], "1");
    let view = admin.ask("/api/queue/settings", json!({})).await;
    assert!(view["history"][0].to_string().contains("Age counts: no"), "{}", view["history"][0]);
    app.stop().await;
}

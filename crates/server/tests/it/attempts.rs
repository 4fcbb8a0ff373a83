//! The history: every attempt of everybody, newest first.

use auth::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{RoundTrips, TestPlatform};

use crate::begun::{ANSWERS, DOES_NOT_ANSWER, begin};
use crate::support::{Client, TestApp};

/// Two hundred calls of two agents with four people, three of each moment; every fifth rang nobody.
async fn plant(app: &TestApp, agents: [i64; 2]) {
    sqlx::query(
        "insert into calls.call (
             id, agent_id, user_id, lease_id, queue, user_name, state, state_since, created_at, intent_expires_at, number, decision_id, answered_at,
             ended_at, end_reason, closed_at
         )
         select gen_random_uuid(), ($1::bigint[])[1 + n % 2], 1 + n % 4, 1 + n, (array['unsigned_users', 'outstanding_requests', 'callbacks'])[1 + n % 3],
             'Person ' || n % 4, 'ended', t, t, t,
             case when n % 5 > 0 then '+447700900001' end, case when n % 5 > 0 then gen_random_uuid() end,
             case when n % 5 > 0 and n % 2 = 0 then t + interval '10 seconds' end, t + interval '70 seconds',
             case when n % 5 = 0 then 'refused' when n % 2 = 0 then 'by_person' else 'no_answer' end, t
         from (select n, $2::timestamptz - (n / 3) * interval '20 minutes' as t from generate_series(0, 199) n) x",
    )
    .bind(agents.to_vec())
    .bind(app.now())
    .execute(&app.pool)
    .await
    .unwrap();
    sqlx::query(
        "insert into calls.outcome (call_id, disposition, notes, recorded_at, recorded_by)
         select id, case end_reason when 'refused' then 'failed' when 'by_person' then 'contacted' else 'no_answer' end, 'said', ended_at,
             case when end_reason <> 'refused' then agent_id end
         from calls.call",
    )
    .execute(&app.pool)
    .await
    .unwrap();
}

async fn page(client: &Client, filter: &Value, place: Value) -> Value {
    client.ask("/api/calls/attempts", json!({"filter": filter, "place": place})).await
}

fn ids(page: &Value) -> Vec<String> {
    page["attempts"].as_array().unwrap().iter().map(|attempt| attempt["id"].as_str().unwrap().to_owned()).collect()
}

/// Every attempt that a filter lets through, page after page.
async fn walk(client: &Client, filter: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut place = json!("newest");
    loop {
        let page = page(client, filter, place).await;
        found.extend(ids(&page));
        match &page["older"] {
            Value::Null => return found,
            older => place = json!({"older_than": older}),
        }
    }
}

/// What is so in the table, newest first.
async fn stored(app: &TestApp, condition: &str) -> Vec<String> {
    let statement = format!(
        "select c.id::text from calls.call c join calls.outcome o on o.call_id = c.id where {condition} order by c.created_at desc, c.id desc"
    );
    sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(&app.pool).await.unwrap()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_page_begins_where_the_one_before_ended_and_leads_back_to_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    assert_eq!(page(&agent, &json!({}), json!("newest")).await, json!({"attempts": [], "newer": null, "older": null}));
    plant(&app, [agent.agent, agent.agent + 1]).await;
    let rang = stored(&app, "c.number is not null").await;
    assert_eq!(rang.len(), 160);

    assert_eq!(walk(&agent, &json!({})).await, rang, "each once, though three are of the same moment");

    let first = page(&agent, &json!({}), json!("newest")).await;
    assert_eq!((ids(&first), &first["newer"]), (rang[..50].to_vec(), &json!(null)));
    let second = page(&agent, &json!({}), json!({"older_than": first["older"]})).await;
    let third = page(&agent, &json!({}), json!({"older_than": second["older"]})).await;
    assert_eq!(ids(&third), rang[100..150]);
    let back = page(&agent, &json!({}), json!({"newer_than": third["newer"]})).await;
    assert_eq!(back, second, "the same page, from the other side");
    let top = page(&agent, &json!({}), json!({"newer_than": back["newer"]})).await;
    assert_eq!((ids(&top), &top["newer"], &top["older"]), (rang[..50].to_vec(), &json!(null), &first["older"]));

    // What is added meanwhile moves nothing from one page to another.
    sqlx::query(
        "insert into calls.call (id, agent_id, user_id, lease_id, queue, user_name, state, state_since, created_at, intent_expires_at, number,
             decision_id, ended_at, end_reason, closed_at)
         select gen_random_uuid(), 1, 1, 999, 'callbacks', 'Person', 'ended', $1, $1, $1, '+447700900001', gen_random_uuid(), $1, 'busy', $1",
    )
    .bind(app.now() + TimeDelta::minutes(1))
    .execute(&app.pool)
    .await
    .unwrap();
    assert_eq!(page(&agent, &json!({}), json!({"older_than": first["older"]})).await, second);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_history_is_narrowed_to_exactly_what_was_asked_for(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let other = app.signed_in(Role::Agent).await;
    plant(&app, [agent.agent, other.agent]).await;
    let mine = agent.agent;
    let cases = [
        (json!({"with_unrung": true}), "true".to_owned()),
        (json!({"agent_id": mine.to_string()}), format!("c.number is not null and c.agent_id = {mine}")),
        (json!({"queue": "callbacks"}), "c.number is not null and c.queue = 'callbacks'".to_owned()),
        (json!({"disposition": "no_answer"}), "o.disposition = 'no_answer'".to_owned()),
        (json!({"end": "by_person"}), "c.end_reason = 'by_person'".to_owned()),
        (json!({"end": "refused"}), "c.end_reason = 'refused'".to_owned()),
        (json!({"user_id": "3"}), "c.number is not null and c.user_id = 3".to_owned()),
        (
            json!({"user_id": "3", "agent_id": mine.to_string(), "queue": "callbacks"}),
            format!("c.number is not null and c.user_id = 3 and c.agent_id = {mine} and c.queue = 'callbacks'"),
        ),
        // In November London's days are those of UTC.
        (json!({"from": "2026-11-24"}), "c.number is not null and c.created_at >= '2026-11-24T00:00:00Z'".to_owned()),
        (json!({"until": "2026-11-23"}), "c.number is not null and c.created_at < '2026-11-24T00:00:00Z'".to_owned()),
        (json!({"from": "2026-11-25"}), "false".to_owned()),
    ];
    for (filter, condition) in cases {
        assert_eq!(walk(&agent, &filter).await, stored(&app, &condition).await, "{filter}");
    }
    for filter in
        [json!({"queue": "callbacks"}), json!({"disposition": "no_answer"}), json!({"end": "refused"}), json!({"until": "2026-11-23"})]
    {
        assert!(walk(&agent, &filter).await.len() > 10, "the cases above are about something: {filter}");
    }

    for (filter, field) in [
        (json!({"from": "yesterday"}), "from"),
        (json!({"until": "2026-02-30"}), "until"),
        (json!({"from": "2026-11-24", "until": "2026-11-23"}), "until"),
    ] {
        let (status, answer) = agent.post("/api/calls/attempts", json!({"filter": filter, "place": "newest"})).await;
        assert_eq!((status, &answer["field"]), (422, &json!(field)), "{answer}");
    }
    let choices = agent.ask("/api/calls/attempt_choices", json!({})).await;
    assert_eq!(choices["agents"].as_array().unwrap().len(), 2, "{choices}");
    assert_eq!((choices["outcomes"].as_array().unwrap().len(), &choices["outcomes"][1]), (17, &json!(["going_to_complete", "Will do it"])));
    app.stop().await;
}

/// lessons, line 27: agents' notes were replaced by stock text. Line 15: every leg is stored, by its own id.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_attempt_is_told_in_full_to_everybody_and_who_looked_is_noted(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    let colleague = app.signed_in(Role::Agent).await;
    assert_eq!(ids(&page(&colleague, &json!({}), json!("newest")).await), Vec::<String>::new(), "nobody is rung yet");
    begun.join(&app).await;
    begun.until("connected").await;
    let going = page(&colleague, &json!({}), json!("newest")).await;
    assert_eq!((&going["attempts"][0]["state"], &going["attempts"][0]["outcome"]), (&json!("connected"), &json!(null)), "{going}");
    begun.hang_up(&app).await;
    begun.until("ended").await;
    app.until_count("the person's leg has ended", "select count(*) from calls.leg where party = 'person' and ended_at is not null", 1)
        .await;
    begun.record("going_to_complete").await;

    let attempt = page(&colleague, &json!({"user_id": "1"}), json!("newest")).await["attempts"][0].clone();
    assert_eq!(attempt["id"], json!(begun.call));
    for (key, value) in [
        ("user_id", json!("1")),
        ("user_name", json!("Priya Raman")),
        ("number", json!("07700 900001")),
        ("agent", json!("Robin Tester")),
        ("agent_id", json!(begun.agent.agent.to_string())),
        ("queue", json!("unsigned_users")),
        ("end", json!("by_agent")),
        ("notes", json!("as typed <b>")),
        ("superseded", json!([])),
    ] {
        assert_eq!(attempt[key], value, "{key} of {attempt}");
    }
    assert!(attempt["at"]["short"].as_str().unwrap().starts_with("today 10:3"), "{attempt}");
    assert!(attempt["at"]["full"].as_str().unwrap().starts_with("Tuesday 24 November 2026, 10:3"), "{attempt}");
    let outcome = &attempt["outcome"];
    assert_eq!((&outcome["label"], &outcome["by"], &outcome["is_reached"]), (&json!("Will do it"), &json!("Robin Tester"), &json!(true)));
    let (rang, talked): (i64, i64) = sqlx::query_as(
        "select extract(epoch from c.answered_at - l.created_at)::bigint, extract(epoch from c.ended_at - c.answered_at)::bigint
         from calls.call c join calls.leg l on l.call_id = c.id and l.party = 'person'",
    )
    .fetch_one(&app.pool)
    .await
    .unwrap();
    let near = |value: &Value, seconds: i64| (value.as_i64().unwrap() - seconds).abs() <= 1;
    assert!(near(&attempt["ring_seconds"], rang) && near(&attempt["talk_seconds"], talked), "{attempt}");
    let decision: String =
        sqlx::query_scalar("select id::text from queue.decision where purpose = 'dial'").fetch_one(&app.pool).await.unwrap();
    assert_eq!(attempt["decision_id"], json!(decision));

    let whole = colleague.ask("/api/calls/attempt", json!({"call_id": begun.call})).await;
    assert_eq!((&whole["attempt"], &whole["may_correct"]), (&attempt, &json!(false)));
    let parties: Vec<&str> = whole["legs"].as_array().unwrap().iter().map(|leg| leg["party"].as_str().unwrap()).collect();
    assert_eq!(parties, ["agent", "person"]);
    assert_eq!(whole["legs"][0]["sid"], json!(begun.leg));
    assert_eq!(whole["legs"][1]["status"], "completed");
    let events = whole["events"].as_array().unwrap();
    assert_eq!((&events[0]["source"], &events[0]["name"], &events[0]["party"]), (&json!("voice"), &json!("asked"), &json!("agent")));
    assert!(events.iter().any(|event| event["party"] == "person" && event["name"] == "in-progress"), "{whole}");
    assert_eq!(i64::try_from(events.len()).unwrap(), app.count("select count(*) from calls.event").await);
    assert_eq!(begun.agent.ask("/api/calls/attempt", json!({"call_id": begun.call})).await["may_correct"], json!(true));

    let looked: i64 = sqlx::query_scalar("select count(*) from queue.viewing where user_id = 1 and agent_id = $1")
        .bind(colleague.agent)
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert_eq!(looked, 1, "noted once in a while, not for each page");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn calls_that_rang_nobody_are_there_when_they_are_asked_for_and_have_no_outcome(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, DOES_NOT_ANSWER).await;
    begun.agent.ask("/api/calls/hang_up", json!({"call_id": begun.call})).await;
    begun.until("ended").await;

    assert_eq!(page(&begun.agent, &json!({}), json!("newest")).await["attempts"], json!([]));
    let with = page(&begun.agent, &json!({"with_unrung": true}), json!("newest")).await;
    let attempt = &with["attempts"][0];
    assert_eq!((&attempt["end"], &attempt["number"], &attempt["outcome"]), (&json!("not_connected"), &json!(null), &json!(null)), "{with}");
    assert_eq!((&attempt["ring_seconds"], &attempt["talk_seconds"]), (&json!(null), &json!(null)));
    let whole = begun.agent.ask("/api/calls/attempt", json!({"call_id": begun.call})).await;
    assert_eq!(whole["may_correct"], json!(false));
    app.stop().await;
}

/// lessons, line 48: 150 queries to list conversations. A page is one statement or two; beside them stand the session's and the one that notes who looks.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_page_of_the_history_is_one_statement_and_one_more_where_it_is_of_one_agent(_: PgPoolOptions, connect: PgConnectOptions) {
    let counted = RoundTrips::in_front_of(connect.get_host(), connect.get_port()).await.unwrap();
    let through = connect.clone().host("127.0.0.1").port(counted.port());
    // One connection beside the one that listens for hints: what it has to prepare is prepared after the first time.
    let pool = server::app::pool_options().max_connections(2).connect_with(server::app::with_timeouts(through)).await.unwrap();
    let app = TestApp::over(pool, TestPlatform::new().await.unwrap()).await;
    let agent = app.signed_in(Role::Agent).await;
    plant(&app, [agent.agent, agent.agent + 1]).await;
    let newest = page(&agent, &json!({}), json!("newest")).await;
    let mine = json!({"agent_id": agent.agent.to_string()});
    let cases = [
        (json!({}), json!("newest")),
        (json!({}), json!({"older_than": newest["older"]})),
        (json!({}), json!({"newer_than": newest["older"]})),
        (mine.clone(), json!("newest")),
        (mine, json!({"newer_than": newest["older"]})),
        (json!({"user_id": "2"}), json!("newest")),
        (json!({"user_id": "2"}), json!({"newer_than": newest["older"]})),
        (json!({"from": "2026-11-23", "disposition": "contacted", "with_unrung": true}), json!("newest")),
    ];
    for (filter, place) in cases {
        page(&agent, &filter, place.clone()).await;
        app.hints_have_passed().await;
        let before = counted.count();
        let shown = page(&agent, &filter, place.clone()).await;
        // What an agent has handed over is looked for by itself.
        let statements = if filter.get("agent_id").is_some() { 4 } else { 3 };
        assert_eq!(counted.count() - before, statements, "{filter} {place}");
        assert!(!ids(&shown).is_empty(), "{filter} {place}");
    }
    app.stop().await;
}

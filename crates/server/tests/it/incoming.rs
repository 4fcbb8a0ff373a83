//! People who ring us back: who takes the call, what they hear when nobody does, and what follows.

use std::time::Duration;

use auth::Role;
use chrono::TimeDelta;
use futures::future::join_all;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{CONFERENCE, set_faults};
use crate::support::{self, Client, Log, TestApp};

const OURS: &str = "+442079460000";
pub(crate) const PRIYA: &str = "+447700900123";
const LEG: &str = "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
pub(crate) const CALLER: &str = "CA00000000000000000000000000000001";

/// Somebody at this number rings us, and does so; their leg.
pub(crate) async fn ring_in(app: &TestApp, from: &str, steps: Value) -> String {
    let url = format!("{}/twilio/admin/calls/incoming", app.base);
    let posted = json!({"from": from, "to": OURS, "steps": steps});
    let answer = reqwest::Client::new().post(url).json(&posted).send().await.unwrap().error_for_status().unwrap();
    answer.json::<Value>().await.unwrap()["sid"].as_str().unwrap().to_owned()
}

pub(crate) fn stays() -> Value {
    json!([{"play": "hello"}, {"repeat": "chat"}])
}

pub(crate) async fn priya(app: &TestApp) {
    app.platform.user(1).unsigned().name("Priya", "Raman").phone("07700 900123").claim("santander").insert().await.unwrap();
    app.discover().await;
}

/// What rings at this agent's, waited for.
pub(crate) async fn ringing(agent: &Client) -> Value {
    for _ in 0..600 {
        let ringing = agent.ask("/api/calls/ringing", json!({})).await;
        if !ringing.is_null() {
            return ringing;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing rings");
}

async fn rings(agent: &Client) -> bool {
    !agent.ask("/api/calls/ringing", json!({})).await.is_null()
}

pub(crate) async fn answer(agent: &Client, ringing: &Value) -> (u16, Value) {
    agent.post("/api/calls/answer", json!({"id": ringing["id"]})).await
}

/// The agent's telephone connects; the test says so in the carrier's place.
pub(crate) async fn join(app: &TestApp, agent: &Client, call: &Value, incoming: &Value) {
    join_as(app, agent, call, incoming, LEG).await;
}

/// The same under this name: a leg's name stands for one call.
async fn join_as(app: &TestApp, agent: &Client, call: &Value, incoming: &Value, leg: &str) {
    let (call, incoming) = (call["id"].as_str().unwrap(), incoming["id"].as_str().unwrap());
    let from = format!("client:agent_{}", agent.agent);
    let asked = app.webhook("/webhooks/twilio/voice", &[("CallSid", leg), ("From", &from), ("To", ""), ("call_id", call)]).await;
    assert!(asked.1.contains(&format!(">call-{incoming}</Conference>")), "{}", asked.1);
    let form = [
        ("ConferenceSid", CONFERENCE),
        ("FriendlyName", &*format!("call-{incoming}")),
        ("StatusCallbackEvent", "participant-join"),
        ("CallSid", leg),
        ("ParticipantLabel", "agent"),
        ("SequenceNumber", "7"),
    ];
    assert_eq!(app.webhook(&format!("/webhooks/twilio/conference-status?call={incoming}"), &form).await.0, 204);
}

async fn until(agent: &Client, call: &Value, state: &str) -> Value {
    for _ in 0..600 {
        let view = agent.ask("/api/calls/find", json!({"call_id": call["id"]})).await;
        if view["state"] == state {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain for {state}");
}

async fn until_ended_as(app: &TestApp, how: &str, wanted: i64) {
    for _ in 0..600 {
        let found: i64 =
            sqlx::query_scalar("select count(*) from calls.incoming where ended_as = $1").bind(how).fetch_one(&app.pool).await.unwrap();
        if found == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain until {wanted} have ended as {how}");
}

/// The time for the offer that waits is up.
async fn let_it_ring(app: &TestApp) {
    sqlx::query("update calls.offer set expires_at = expires_at - interval '30 seconds' where answer is null")
        .execute(&app.pool)
        .await
        .unwrap();
    app.app.calls.pass_on_offers().await.unwrap();
}

async fn are_away(agents: &[&Client]) {
    for agent in agents {
        agent.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    }
}

async fn supervisor_sees(app: &TestApp) -> Value {
    app.signed_in(Role::Supervisor).await.ask("/api/calls/missed_callers", json!({})).await
}

async fn return_calls(app: &TestApp) -> i64 {
    app.count("select count(*) from queue.callback where is_return_call and reason = 'user_asked' and state = 'scheduled'").await
}

/// What somebody who rings with this number hears first; the id that it was given.
pub(crate) async fn arrives(app: &TestApp, from: &str, sid: &str) -> (String, String) {
    let (status, document) = app.webhook("/webhooks/twilio/incoming", &[("CallSid", sid), ("From", from), ("To", OURS)]).await;
    assert_eq!(status, 200, "{document}");
    let id: String = sqlx::query_scalar("select id::text from calls.incoming where sid = $1").bind(sid).fetch_one(&app.pool).await.unwrap();
    (document, id)
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_rings_back_is_greeted_and_talks_to_a_free_agent_whose_outcome_settles_what_follows(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let agent = app.signed_in(Role::Agent).await;
    ring_in(&app, PRIYA, stays()).await;

    let incoming = ringing(&agent).await;
    assert_eq!((&incoming["caller"], &incoming["number"]), (&json!("Priya Raman"), &json!("07700 900123")));
    assert_eq!(incoming["last_talk"], json!(null));
    let (status, call) = answer(&agent, &incoming).await;
    assert_eq!((status, &call["state"], &call["is_incoming"]), (200, &json!("created"), &json!(true)), "{call}");
    assert_eq!((&call["user_id"], &call["queue"]), (&json!("1"), &json!(null)));
    assert_eq!(agent.ask("/api/auth/me", json!({})).await["engagement"], "on_call");
    assert!(!rings(&agent).await);
    join(&app, &agent, &call, &incoming).await;
    let talking = until(&agent, &call, "connected").await;
    assert_eq!(talking["number"], "07700 900123");
    let held = agent.ask("/api/queue/held", json!({})).await;
    assert!(!held.is_null() && held == agent.ask("/api/queue/current", json!({})).await["lease_id"], "their card is this one's: {held}");
    // The person is on the screen, and nobody else gets them.
    let held = agent.ask("/api/queue/current", json!({})).await;
    assert_eq!((&held["call_id"], &held["user"]["id"]), (&call["id"], &json!("1")));
    assert_eq!(app.signed_in(Role::Agent).await.call_next().await["user"], json!(null));

    app.until_count("it is being recorded", "select count(*) from calls.recording where status = 'in-progress'", 1).await;
    agent.ask("/api/calls/hang_up", json!({"call_id": call["id"]})).await;
    let ended = until(&agent, &call, "ended").await;
    assert_eq!(ended["end"]["how"], "by_agent");
    app.until_count("their leg is over", "select count(*) from calls.leg where party = 'person' and ended_at is not null", 1).await;
    // Recorded, both sides apart, from when the agent was there.
    app.until_count("the recording is done", "select count(*) from calls.recording where status = 'completed'", 1).await;

    let chosen =
        ended["wrap_up"]["choices"].as_array().unwrap().iter().find(|choice| choice["disposition"] == "going_to_complete").unwrap();
    assert!(!ended["wrap_up"]["choices"].to_string().contains("no_answer"), "somebody has talked with them");
    assert_eq!(chosen["attempts"], "0 of 2 today · 0 of 10 in seven days", "no attempt of ours");
    let recorded = json!({"call_id": call["id"], "disposition": "going_to_complete", "notes": "rang back"});
    agent.ask("/api/calls/record_outcome", recorded.clone()).await;
    agent.ask("/api/calls/record_outcome", recorded).await;
    assert_eq!(
        app.count("select count(*) from queue.attempt where is_incoming and is_reached and disposition = 'going_to_complete'").await,
        1
    );
    assert_eq!(app.count("select count(*) from queue.lease").await, 0);
    let waits: Vec<bool> = sqlx::query_scalar("select available_at > $1 from queue.entry where leased_by is null")
        .bind(app.now())
        .fetch_all(&app.pool)
        .await
        .unwrap();
    assert_eq!(waits, [true], "the agreement delays the next call");
    assert_eq!(agent.ask("/api/auth/me", json!({})).await["engagement"], json!(null));
    assert_eq!(app.count("select count(*) from calls.incoming where state = 'ended' and ended_as = 'talked'").await, 1);

    let history = agent.ask("/api/calls/history", json!({"user_id": "1"})).await;
    assert!(history[0]["title"].as_str().unwrap().starts_with("Rang us: will do it"), "{history}");
    let attempts = agent.ask("/api/calls/attempts", json!({"filter": {}, "place": "newest"})).await;
    let only = agent.ask("/api/calls/attempts", json!({"filter": {"is_incoming": true}, "place": "newest"})).await;
    assert_eq!(only["attempts"], attempts["attempts"]);
    assert_eq!((&attempts["attempts"][0]["is_incoming"], &attempts["attempts"][0]["user_id"]), (&json!(true), &json!("1")));

    // Next time it is whoever talked with them last.
    let other = app.signed_in(Role::Agent).await;
    ring_in(&app, PRIYA, stays()).await;
    let incoming = ringing(&agent).await;
    assert!(incoming["last_talk"].as_str().unwrap().starts_with("you, today"), "{incoming}");
    assert!(!rings(&other).await);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_goes_from_agent_to_agent_until_one_takes_it_and_then_to_nobody_else(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let (second, first, third) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    let away = app.signed_in(Role::Agent).await;
    away.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    // The first has waited longest; the third is looking at somebody's card.
    sqlx::query("update auth.agent set state_since = state_since - make_interval(secs => 10 * id)").execute(&app.pool).await.unwrap();
    assert_eq!(third.call_next().await["user"]["id"], "1");
    ring_in(&app, "+447700900456", stays()).await;

    let offered = ringing(&first).await;
    assert_eq!((&offered["caller"], rings(&second).await), (&json!("Somebody we do not know"), false));
    assert_eq!(answer(&second, &offered).await.0, 409, "not offered to them");
    first.ask("/api/calls/decline", json!({"id": offered["id"]})).await;
    let offered = ringing(&second).await;
    assert_eq!(answer(&first, &offered).await.0, 409, "declined");
    let_it_ring(&app).await;
    assert_eq!(answer(&second, &offered).await.0, 409, "too late");
    let offered = ringing(&third).await;
    // Two windows, or a double click.
    let answers = join_all((0..4).map(|_| answer(&third, &offered))).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|(status, _)| *status == 200);
    assert_eq!((taken.len(), refused.iter().all(|(status, _)| *status == 409)), (1, true), "{refused:?}");
    assert_eq!(app.count("select count(*) from calls.call").await, 1);
    assert_eq!(app.count("select count(*) from queue.lease").await, 0, "nobody else's card is on the screen: they wait again");
    assert_eq!(app.count("select count(*) from queue.entry where leased_by is not null").await, 0);

    // Their telephone does not connect: nobody is left to ask, so the caller hears the message.
    sqlx::query("update calls.call set intent_expires_at = intent_expires_at - interval '1 minute'").execute(&app.pool).await.unwrap();
    app.app.calls.end_abandoned().await.unwrap();
    until_ended_as(&app, "nobody_free", 1).await;
    assert_eq!(third.ask("/api/auth/me", json!({})).await["engagement"], json!(null), "nobody is locked in");
    assert!(!rings(&away).await);
    let answers: Vec<String> = sqlx::query_scalar("select answer from calls.offer order by id").fetch_all(&app.pool).await.unwrap();
    assert_eq!(answers, ["declined", "missed", "accepted"]);

    // Nobody rings a number that is nobody's: supervisors see it.
    assert_eq!(return_calls(&app).await, 0);
    let supervisor = app.signed_in(Role::Supervisor).await;
    let missed = supervisor.ask("/api/calls/missed_callers", json!({})).await;
    assert_eq!((&missed[0]["who"], &missed[0]["times"]), (&json!("07700 900456"), &json!(1)), "{missed}");
    // They ring again, and somebody sees to both; what comes later is there again.
    are_away(&[&first, &second, &third, &supervisor]).await;
    let again = async |sid: &str| {
        let (_, id) = arrives(&app, "+447700900456", sid).await;
        app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &[("CallSid", sid)]).await;
        supervisor.ask("/api/calls/missed_callers", json!({})).await
    };
    let missed = again("CA00000000000000000000000000000002").await;
    assert_eq!((&missed[0]["times"], missed.as_array().unwrap().len()), (&json!(2), 1), "{missed}");
    assert_eq!(first.post("/api/calls/see_to_caller", json!({"id": missed[0]["id"]})).await.0, 403);
    supervisor.ask("/api/calls/see_to_caller", json!({"id": missed[0]["id"]})).await;
    supervisor.ask("/api/calls/see_to_caller", json!({"id": missed[0]["id"]})).await;
    assert_eq!(supervisor.ask("/api/calls/missed_callers", json!({})).await, json!([]));
    assert_eq!(app.count("select count(*) from calls.incoming where seen_to_by is not null").await, 2);
    let missed = again("CA00000000000000000000000000000003").await;
    assert_eq!(missed[0]["times"], 1, "{missed}");
    app.stop().await;
}

/// What is said is what will be: nobody is promised a call that the gate would never let through, and whoever is not rung back is on a list.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn nobody_is_promised_a_call_that_may_not_be_made(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let agent = app.signed_in(Role::Agent).await;
    are_away(&[&agent]).await;
    let told = async |sid: &str| {
        let (_, id) = arrives(&app, PRIYA, sid).await;
        app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &[("CallSid", sid)]).await.1
    };
    let platform = async |sql: &'static str| {
        sqlx::query(sql).execute(app.platform.primary()).await.unwrap();
        app.platform.caught_up().await.unwrap();
    };
    for (n, (may_not, may_again)) in [
        ("update claims set status = 'Complete'", "update claims set status = null"),
        ("update users set is_enabled = 0", "update users set is_enabled = 1"),
    ]
    .into_iter()
    .enumerate()
    {
        platform(may_not).await;
        let document = told(&format!("CA{n:032}")).await;
        assert!(document.contains("Please ring us again") && !document.contains("ring you back"), "{may_not}: {document}");
        platform(may_again).await;
    }
    assert_eq!(return_calls(&app).await, 0);
    let supervisor = app.signed_in(Role::Supervisor).await;
    are_away(&[&supervisor]).await;
    let missed = supervisor.ask("/api/calls/missed_callers", json!({})).await;
    assert_eq!((&missed[0]["who"], &missed[0]["times"]), (&json!("Priya Raman, 07700 900123"), &json!(2)), "{missed}");

    // Another person at this number may be rung, and is.
    app.platform.user(2).unsigned().name("Dev", "Raman").phone("+447700900123").claim("barclays").insert().await.unwrap();
    platform("update users set is_enabled = 0 where id = 1").await;
    let document = told("CA00000000000000000000000000000009").await;
    assert!(document.contains("We will ring you back"), "{document}");
    assert_eq!(app.count("select count(*) from queue.callback where user_id = 2 and is_return_call").await, 1);

    // Nothing is pending for somebody who asked themselves: that is no reason not to ring back (rules, eligibility 2).
    platform("update users set is_enabled = 1, current_signature_file_id = uuid() where id = 1").await;
    platform("update users set is_enabled = 0 where id = 2").await;
    sqlx::query("update queue.callback set state = 'no_longer_needed'").execute(&app.pool).await.unwrap();
    assert!(told("CA00000000000000000000000000000010").await.contains("We will ring you back"));
    assert_eq!(app.count("select count(*) from queue.callback where user_id = 1 and is_return_call and state = 'scheduled'").await, 1);
    app.stop().await;
}

/// While nobody can say whether a call may be made, nobody is promised one, and nobody is lost: they are on the list of those whom nobody rings
/// back, and once the claims platform answers again it says who they are.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn while_the_claims_platform_is_silent_nobody_is_promised_a_call_and_nobody_is_lost(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    app.platform.user(2).unsigned().name("Dev", "Raman").phone("+447700900456").claim("barclays").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    are_away(&[&supervisor]).await;
    // We have rung Priya before, so that our own calls know her number.
    let offered = agent.call_next().await;
    agent.ask("/api/calls/start", json!({"lease_id": offered["lease_id"]})).await;
    sqlx::query(
        "update calls.call set state = 'ended', end_reason = 'cancelled', number = $1, state_since = $2, ended_at = $2, closed_at = $2",
    )
    .bind(PRIYA)
    .bind(app.now())
    .execute(&app.pool)
    .await
    .unwrap();
    sqlx::query("delete from queue.lease").execute(&app.pool).await.unwrap();
    sqlx::query("update queue.entry set leased_by = null").execute(&app.pool).await.unwrap();
    sqlx::query("update auth.agent set engagement = null, engaged_since = null").execute(&app.pool).await.unwrap();
    are_away(&[&agent]).await;
    let told = async |from: &str, sid: &str| {
        let (_, id) = arrives(&app, from, sid).await;
        app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &[("CallSid", sid)]).await.1
    };
    let promises_nothing = |document: &str| {
        assert!(document.contains("Please ring us again") && !document.contains("ring you back"), "{document}");
    };

    app.replica_proxy.stop().await;
    app.until("the lag is unknown", || app.app.queue.replica_lag().is_none()).await;
    promises_nothing(&told(PRIYA, "CA00000000000000000000000000000011").await);
    promises_nothing(&told("+447700900456", "CA00000000000000000000000000000012").await);
    app.clock.advance(TimeDelta::hours(11));
    let (closed, _) = arrives(&app, PRIYA, "CA00000000000000000000000000000013").await;
    promises_nothing(&closed);
    assert_eq!(return_calls(&app).await, 0);
    let listed = async || {
        let missed = supervisor.ask("/api/calls/missed_callers", json!({})).await;
        let of = |caller: &Value| (caller["who"].as_str().unwrap().to_owned(), caller["times"].as_i64().unwrap());
        missed.as_array().unwrap().iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [("Priya Raman, 07700 900123".to_owned(), 2), ("07700 900456".to_owned(), 1)]);
    app.app.calls.look_up_callers().await.unwrap();
    assert_eq!(app.count("select count(*) from calls.incoming where not is_looked_up").await, 3, "it is still silent");

    app.replica_proxy.resume().await;
    app.until("the lag is known again", || app.app.queue.replica_lag().is_some()).await;
    app.app.calls.look_up_callers().await.unwrap();
    assert_eq!(listed().await, [("Priya Raman, 07700 900123".to_owned(), 2), ("Dev Raman, 07700 900456".to_owned(), 1)]);
    assert_eq!(app.count("select count(*) from calls.incoming where not is_looked_up").await, 0);
    assert_eq!(app.count("select count(*) from calls.incoming where users = '{2}' and may_be_rung_back = '{}'").await, 1);
    assert_eq!(return_calls(&app).await, 0, "nothing is promised afterwards either");

    // They ring once more, are promised a call, and are off the list.
    let (closed, _) = arrives(&app, PRIYA, "CA00000000000000000000000000000014").await;
    assert!(closed.contains("We will ring you back when we are open."), "{closed}");
    assert_eq!(listed().await, [("Dev Raman, 07700 900456".to_owned(), 1)], "one thing to do for a number");
    assert_eq!(return_calls(&app).await, 1);
    app.stop().await;
}

/// The same when the claims platform falls silent, or too far behind, while they wait.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_is_promised_is_what_can_be_proved_when_it_is_promised(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    are_away(&[&supervisor]).await;
    let route = async |id: &str| app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &[("CallSid", CALLER)]).await.1;

    let (_, id) = arrives(&app, PRIYA, CALLER).await;
    assert_eq!(app.count("select count(*) from calls.incoming where may_be_rung_back = '{1}'").await, 1);
    app.replica_proxy.stop().await;
    app.until("the lag is unknown", || app.app.queue.replica_lag().is_none()).await;
    let document = route(&id).await;
    assert!(document.contains("Please ring us again") && !document.contains("ring you back"), "{document}");
    app.replica_proxy.resume().await;
    app.until("the lag is known again", || app.app.queue.replica_lag().is_some()).await;

    let limit = |millis: i64| {
        sqlx::query("insert into queue.settings select version + 1, jsonb_set(body, '{max_lag_millis}', to_jsonb($1::bigint)), created_at, null from queue.settings order by version desc limit 1")
            .bind(millis)
            .execute(&app.pool)
    };
    limit(-1).await.unwrap();
    let (_, id) = arrives(&app, PRIYA, "CA00000000000000000000000000000021").await;
    let document = route(&id).await;
    assert!(document.contains("Please ring us again") && !document.contains("ring you back"), "{document}");
    assert_eq!(return_calls(&app).await, 0);
    let missed = supervisor.ask("/api/calls/missed_callers", json!({})).await;
    assert_eq!((&missed[0]["who"], &missed[0]["times"]), (&json!("Priya Raman, 07700 900123"), &json!(2)), "{missed}");

    limit(5_000).await.unwrap();
    let (_, id) = arrives(&app, PRIYA, "CA00000000000000000000000000000022").await;
    let document = route(&id).await;
    assert!(document.contains("We will ring you back as soon as we can."), "{document}");
    assert_eq!(return_calls(&app).await, 1);
    app.stop().await;
}

/// lessons, line 30: missed calls created two work items.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_number_that_rings_often_and_reaches_nobody_is_rung_back_once(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    // Two people with one number, of whom we have talked with the second.
    app.platform.user(1).unsigned().name("Priya", "Raman").phone("07700 900123").claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().name("Dev", "Raman").phone("+447700900123").claim("barclays").insert().await.unwrap();
    app.discover().await;
    let sids: Vec<String> = (0..12).map(|n| format!("CA{n:032}")).collect();
    let ids = join_all(sids.iter().map(|sid| arrives(&app, PRIYA, sid))).await;
    let routed = join_all(ids.iter().map(async |(_, id)| {
        let path = format!("/webhooks/twilio/incoming-route?call={id}");
        app.webhook(&path, &[("CallSid", CALLER)]).await
    }))
    .await;
    for (status, document) in &routed {
        assert_eq!(*status, 200);
        assert!(document.contains("nobody at Example Claims is free just now. We will ring you back"), "{document}");
        assert!(document.contains("press 9") && !document.to_lowercase().contains("sign"), "who we are, how to opt out, and nothing else");
    }
    assert_eq!(return_calls(&app).await, 1, "one for the number, whoever of the two it was");

    let agent = app.signed_in(Role::Agent).await;
    let own = agent.ask("/api/queue/callbacks", json!({"is_all": false})).await;
    assert_eq!(own["callbacks"], json!([]), "nobody is preferred");
    let supervisor = app.signed_in(Role::Supervisor).await;
    let listed = supervisor.ask("/api/queue/callbacks", json!({"is_all": true})).await;
    assert_eq!((&listed["callbacks"][0]["reason"], &listed["callbacks"][0]["with"]), (&json!("They rang us"), &json!(null)), "{listed}");
    let offered = agent.call_next().await;
    assert_eq!(
        (&offered["queue"], offered["user"]["name"].as_str().map(|name| name.ends_with("Raman"))),
        (&json!("callbacks"), Some(true))
    );
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_return_call_is_settled_by_talking_with_them_and_is_not_made_to_those_who_object(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let (_, id) = arrives(&app, PRIYA, CALLER).await;
    app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &[("CallSid", CALLER)]).await;
    assert_eq!(return_calls(&app).await, 1);
    // They ring again, and this time somebody is there.
    let agent = app.signed_in(Role::Agent).await;
    ring_in(&app, PRIYA, json!([{"play": "hello"}, {"hangup_after_ms": 60_000}])).await;
    let incoming = ringing(&agent).await;
    let (_, call) = answer(&agent, &incoming).await;
    join(&app, &agent, &call, &incoming).await;
    until(&agent, &call, "connected").await;
    let ended = until(&agent, &call, "ended").await;
    assert_eq!((&ended["end"]["how"], &ended["end"]["words"]), (&json!("by_person"), &json!("Priya hung up.")));
    agent.ask("/api/calls/record_outcome", json!({"call_id": call["id"], "disposition": "contacted"})).await;
    assert_eq!(return_calls(&app).await, 0);
    assert_eq!(app.count("select count(*) from queue.callback where state = 'no_longer_needed'").await, 1);

    // They want no more calls, by the key.
    agent.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    let (_, id) = arrives(&app, PRIYA, "CA00000000000000000000000000000002").await;
    let (status, document) =
        app.webhook(&format!("/webhooks/twilio/incoming-key?call={id}"), &[("CallSid", CALLER), ("Digits", "9")]).await;
    assert!(status == 200 && document.contains("We will not call this number again") && document.contains("<Hangup/>"), "{document}");
    app.webhook(&format!("/webhooks/twilio/incoming-key?call={id}"), &[("CallSid", CALLER), ("Digits", "9")]).await;
    assert_eq!(
        app.count("select count(*) from queue.suppression where kind = 'do_not_contact' and user_id = 1 and number = '+447700900123'")
            .await,
        1
    );
    let explained = agent.ask("/api/queue/explain", json!({"user_id": "1"})).await;
    assert_eq!(explained["against"][0]["words"], "Asked not to be contacted");
    // Whoever objects and rings all the same is heard, but nobody rings them.
    let (_, id) = arrives(&app, PRIYA, "CA00000000000000000000000000000003").await;
    app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &[("CallSid", CALLER)]).await;
    assert_eq!(return_calls(&app).await, 0);
    app.stop().await;
}

/// lessons, line 30: out-of-hours callers heard the wrong message.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn outside_our_hours_people_hear_that_we_are_closed_and_are_rung_when_we_open(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let agent = app.signed_in(Role::Agent).await;
    let (open, _) = arrives(&app, PRIYA, CALLER).await;
    assert!(open.contains("Thank you for calling Example Claims. Calls are recorded.") && open.contains("press 9"), "{open}");
    assert!(!open.contains("closed"));
    app.clock.advance(TimeDelta::hours(11));
    let (closed, _) = arrives(&app, PRIYA, "CA00000000000000000000000000000002").await;
    assert!(closed.contains("We are closed just now. You can reach us Monday to Friday 09:00–20:00"), "{closed}");
    assert!(closed.contains("We will ring you back when we are open.") && closed.contains("press 9") && closed.contains("<Hangup/>"));
    // The carrier asks again: the same, and not another promise.
    assert_eq!(arrives(&app, PRIYA, "CA00000000000000000000000000000002").await.0, closed);
    assert!(!rings(&agent).await);
    let promised: chrono::NaiveDateTime =
        sqlx::query_scalar("select promised_wall_time from queue.callback where is_return_call").fetch_one(&app.pool).await.unwrap();
    assert_eq!(promised.to_string(), "2026-11-25 09:00:00");

    // A number that we would not ring is a number all the same.
    for (from, shown, sid) in [
        ("+353209130123", "+353209130123", "CA00000000000000000000000000000005"),
        ("+448450000123", "0845 000 0123", "CA00000000000000000000000000000006"),
    ] {
        let (_, id) = arrives(&app, from, sid).await;
        let missed = supervisor_sees(&app).await;
        assert_eq!(missed[0]["who"], shown, "{missed}");
        let (_, document) = app.webhook(&format!("/webhooks/twilio/incoming-key?call={id}"), &[("CallSid", sid), ("Digits", "9")]).await;
        assert!(document.contains("We will not call this number again"), "{document}");
        assert_eq!(
            app.count("select count(*) from queue.suppression where number like '+353%' or number like '+44845%'").await,
            if shown.starts_with('+') { 1 } else { 2 }
        );
    }
    let (_, id) = arrives(&app, "+266696687", "CA00000000000000000000000000000007").await;
    let (_, document) = app.webhook(&format!("/webhooks/twilio/incoming-key?call={id}"), &[("CallSid", CALLER), ("Digits", "9")]).await;
    assert!(document.contains("Your number is withheld"), "what the carrier writes for it: {document}");

    // Nothing is promised that nobody can keep.
    for (from, sid) in [("+447700900456", "CA00000000000000000000000000000003"), ("anonymous", "CA00000000000000000000000000000004")] {
        let (closed, _) = arrives(&app, from, sid).await;
        assert!(closed.contains("Please ring us again then.") && !closed.contains("ring you back"), "{closed}");
    }
    assert_eq!(return_calls(&app).await, 1);
    app.stop().await;
}

/// lessons, line 14: what the carrier says of them may be lost.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_gives_up_rings_no_agent_any_more_also_when_the_word_of_it_is_lost(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let agent = app.signed_in(Role::Agent).await;
    let sid = ring_in(&app, PRIYA, stays()).await;
    let incoming = ringing(&agent).await;
    let hang_up = format!("{}/twilio/admin/calls/{sid}/hangup", app.base);
    reqwest::Client::new().post(hang_up).json(&json!({})).send().await.unwrap().error_for_status().unwrap();
    until_ended_as(&app, "gave_up", 1).await;
    assert!(!rings(&agent).await);
    let (status, refused) = answer(&agent, &incoming).await;
    assert_eq!((status, refused["message"].as_str().unwrap().contains("does not ring here any more")), (409, true));
    assert_eq!(return_calls(&app).await, 1);

    // One whose leg the carrier does not know any more, and nothing was heard of it.
    let (_, id) = arrives(&app, PRIYA, CALLER).await;
    app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &[("CallSid", CALLER)]).await;
    let incoming = ringing(&agent).await;
    let (_, call) = answer(&agent, &incoming).await;
    app.app.calls.ask_about_callers().await.unwrap();
    assert_eq!(app.count("select count(*) from calls.incoming where state = 'answered'").await, 1, "their agent asks");
    // Their leg goes while the agent's telephone connects.
    let form = [
        ("ConferenceSid", CONFERENCE),
        ("FriendlyName", &*format!("call-{id}")),
        ("StatusCallbackEvent", "participant-leave"),
        ("CallSid", CALLER),
        ("ParticipantLabel", "person"),
        ("SequenceNumber", "3"),
    ];
    assert_eq!(app.webhook(&format!("/webhooks/twilio/conference-status?call={id}"), &form).await.0, 204);
    let ended = until(&agent, &call, "ended").await;
    assert_eq!((&ended["end"]["how"], &ended["wrap_up"]), (&json!("caller_gone"), &json!(null)));
    assert_eq!(app.count("select count(*) from queue.lease").await, 0);
    assert_eq!(agent.ask("/api/auth/me", json!({})).await["engagement"], json!(null));

    arrives(&app, PRIYA, "CA00000000000000000000000000000002").await;
    sqlx::query("update calls.incoming set state_since = state_since - interval '1 minute'").execute(&app.pool).await.unwrap();
    app.app.calls.ask_about_callers().await.unwrap();
    until_ended_as(&app, "gave_up", 3).await;
    assert_eq!(return_calls(&app).await, 1);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn of_several_people_at_one_number_the_agent_says_who_it_is(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone("07700 900123").claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().name("Dev", "Raman").phone("+447700900123").claim("barclays").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    ring_in(&app, PRIYA, stays()).await;
    let incoming = ringing(&agent).await;
    assert_eq!(incoming["caller"], "Dev Raman or Priya Raman");
    let (_, call) = answer(&agent, &incoming).await;
    assert_eq!((&call["user_id"], call["candidates"].as_array().unwrap().len()), (&json!(null), 2));
    join(&app, &agent, &call, &incoming).await;
    until(&agent, &call, "connected").await;

    let identify = |user: &'static str| agent.post("/api/calls/identify", json!({"call_id": call["id"], "user_id": user}));
    assert_eq!(identify("99").await.0, 404);
    let (status, known) = identify("1").await;
    assert_eq!((status, &known["user_name"], &known["candidates"]), (200, &json!("Priya Raman"), &json!([])), "{known}");
    assert_eq!(identify("2").await.0, 409, "once");
    assert_eq!(agent.ask("/api/queue/current", json!({})).await["user"]["id"], "1");
    let stranger = app.signed_in(Role::Agent).await;
    assert_eq!(stranger.post("/api/calls/identify", json!({"call_id": call["id"], "user_id": "2"})).await.0, 404);
    are_away(&[&stranger]).await;
    agent.ask("/api/calls/hang_up", json!({"call_id": call["id"]})).await;
    until(&agent, &call, "ended").await;
    agent.ask("/api/calls/record_outcome", json!({"call_id": call["id"], "disposition": "contacted"})).await;
    assert_eq!(app.count("select count(*) from queue.attempt where is_incoming and user_id = 1").await, 1);

    // The name is said just before they hang up: it can be told in the wrap-up.
    ring_in(&app, "+447700900457", stays()).await;
    let incoming = ringing(&agent).await;
    let (_, call) = answer(&agent, &incoming).await;
    join_as(&app, &agent, &call, &incoming, "CAdddddddddddddddddddddddddddddddd").await;
    until(&agent, &call, "connected").await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    are_away(&[&supervisor]).await;
    let going = supervisor.ask("/api/calls/going", json!({})).await;
    assert_eq!(going[0]["caller"], "Somebody we do not know", "{going}");
    agent.ask("/api/calls/hang_up", json!({"call_id": call["id"]})).await;
    until(&agent, &call, "ended").await;
    let known = agent.ask("/api/calls/identify", json!({"call_id": call["id"], "user_id": "2"})).await;
    assert_eq!((&known["state"], &known["user_name"]), (&json!("ended"), &json!("Dev Raman")));
    assert!(known["wrap_up"]["choices"].to_string().contains("callback_requested"), "what can be promised to somebody who is known");
    agent.ask("/api/calls/record_outcome", json!({"call_id": call["id"], "disposition": "contacted"})).await;
    assert_eq!(app.count("select count(*) from queue.attempt where is_incoming and user_id = 2").await, 1);
    assert_eq!(app.count("select count(*) from queue.lease").await, 0);

    // Nobody says who it is: it is on record, and an objection holds for the number.
    ring_in(&app, "+447700900456", stays()).await;
    let incoming = ringing(&agent).await;
    let (_, call) = answer(&agent, &incoming).await;
    join_as(&app, &agent, &call, &incoming, "CAcccccccccccccccccccccccccccccccc").await;
    until(&agent, &call, "connected").await;
    agent.ask("/api/calls/hang_up", json!({"call_id": call["id"]})).await;
    until(&agent, &call, "ended").await;
    let promised = json!({"call_id": call["id"], "disposition": "callback_requested", "callback_at": "2026-11-25T10:00"});
    let (status, refused) = agent.post("/api/calls/record_outcome", promised).await;
    assert_eq!((status, refused["message"].as_str().unwrap().contains("say first who this is")), (422, true), "{refused}");
    agent
        .ask("/api/calls/record_outcome", json!({"call_id": call["id"], "disposition": "do_not_contact", "notes": "wants no calls"}))
        .await;
    assert_eq!(app.count("select count(*) from queue.suppression where number = '+447700900456' and user_id is null").await, 1);
    assert_eq!(app.count("select count(*) from calls.call where closed_at is null").await, 0);
    app.stop().await;
}

/// lessons, line 40: nothing is taken from anybody but the carrier; and our own browsers do not ring us.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn nobody_but_the_carrier_says_that_somebody_rings(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let (log, _guard) = Log::start();
    for path in ["incoming", "incoming-key?call=019abcde-0123-7abc-8def-0123456789ab", "incoming-route", "incoming-message"] {
        let forged = reqwest::Client::new()
            .post(format!("{}/webhooks/twilio/{path}", app.base))
            .header("x-twilio-signature", "forged")
            .form(&[("CallSid", CALLER), ("From", PRIYA), ("Digits", "9")])
            .send()
            .await
            .unwrap();
        assert_eq!(forged.status(), 403, "{path}");
    }
    let agent = app.signed_in(Role::Agent).await;
    let from = format!("client:agent_{}", agent.agent);
    let (status, document) = app.webhook("/webhooks/twilio/incoming", &[("CallSid", CALLER), ("From", &from), ("To", OURS)]).await;
    assert!(status == 200 && document.contains("<Reject"), "{document}");
    for path in ["incoming-key?call=019abcde-0123-7abc-8def-0123456789ab", "incoming-route?call=019abcde-0123-7abc-8def-0123456789ab"] {
        let (_, document) = app.webhook(&format!("/webhooks/twilio/{path}"), &[("CallSid", CALLER), ("Digits", "9")]).await;
        assert!(document.contains("<Reject"), "{document}");
    }
    assert_eq!(app.webhook("/webhooks/twilio/incoming-route?call=nonsense", &[("CallSid", CALLER)]).await.0, 400);
    assert_eq!(app.count("select count(*) from calls.incoming").await, 0);
    assert_eq!(app.count("select count(*) from queue.suppression").await, 0);
    assert_eq!(log.lines("a webhook without a right signature was refused").len(), 4);
    assert_eq!(log.lines("a browser rang our own number").len(), 1);
    assert_eq!(log.lines("7700900123"), [] as [String; 0], "no numbers in logs");
    app.stop().await;
}

/// It is refused, with these words in why.
async fn is_refused(client: &Client, path: &str, body: Value, words: &str) {
    let (status, refused) = client.post(path, body).await;
    assert!(status == 409 && refused["message"].as_str().unwrap().contains(words), "{status} {refused}");
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_is_promised_after_a_talk_stays_when_its_outcome_comes_late_and_another_time_that_was_promised_stands(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let agent = app.signed_in(Role::Agent).await;
    ring_in(&app, PRIYA, stays()).await;
    let incoming = ringing(&agent).await;
    let (_, call) = answer(&agent, &incoming).await;
    join(&app, &agent, &call, &incoming).await;
    until(&agent, &call, "connected").await;
    agent.ask("/api/calls/hang_up", json!({"call_id": call["id"]})).await;
    until(&agent, &call, "ended").await;
    // They ring again while their agent still writes, and nobody else is there.
    let (_, id) = arrives(&app, PRIYA, CALLER).await;
    let (_, document) = app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &[("CallSid", CALLER)]).await;
    assert!(document.contains("We will ring you back as soon as we can."), "{document}");
    agent.ask("/api/calls/record_outcome", json!({"call_id": call["id"], "disposition": "contacted"})).await;
    assert_eq!(return_calls(&app).await, 1, "it was promised after the talk");
    // Nobody rings them while they hear that.
    let offered = agent.call_next().await;
    assert_eq!(offered["queue"], "callbacks");
    let begun = agent.ask("/api/calls/start", json!({"lease_id": offered["lease_id"]})).await;
    join_as(&app, &agent, &begun, &begun, "CAdddddddddddddddddddddddddddddddd").await;
    let refused = until(&agent, &begun, "ended").await;
    assert_eq!(refused["end"]["how"], "not_placed");
    assert!(refused["end"]["words"].as_str().unwrap().contains("on the telephone with this number"), "{refused}");

    // Whoever was promised another time is rung then, and is not told otherwise.
    sqlx::query("update queue.callback set is_return_call = false, created_by = $1, promised_at = $2 where state = 'scheduled'")
        .bind(agent.agent)
        .bind(app.now() + TimeDelta::days(1))
        .execute(&app.pool)
        .await
        .unwrap();
    agent.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    let (_, id) = arrives(&app, PRIYA, "CA00000000000000000000000000000002").await;
    let (_, document) = app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &[("CallSid", CALLER)]).await;
    assert!(document.contains("Please ring us again a little later.") && !document.contains("ring you back"), "{document}");
    assert_eq!(app.count("select count(*) from queue.callback where state = 'scheduled'").await, 1);
    app.stop().await;
}

/// Twelve at once, and hardly a connection: nobody holds one while waiting for another.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn many_who_ring_at_once_are_served_with_two_connections(_: PgPoolOptions, connect: PgConnectOptions) {
    let pool = server::app::pool_options().max_connections(2).connect_with(server::app::with_timeouts(connect)).await.unwrap();
    let app = TestApp::with_carrier_over(pool, testkit::TestPlatform::new().await.unwrap()).await;
    priya(&app).await;
    app.clock.advance(TimeDelta::hours(11));
    let sids: Vec<String> = (0..12).map(|n| format!("CA{n:032}")).collect();
    let heard = join_all(sids.iter().map(|sid| arrives(&app, PRIYA, sid))).await;
    assert!(heard.iter().all(|(document, _)| document.contains("We will ring you back when we are open.")));
    assert_eq!(return_calls(&app).await, 1);
    app.stop().await;
}

/// lessons, line 14: a server may go between two steps, and the next one goes on.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_waits_without_an_agent_being_rung_is_looked_after_and_whoever_talks_unrecorded_is_recorded(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let agent = app.signed_in(Role::Agent).await;
    agent.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    let (_, id) = arrives(&app, PRIYA, CALLER).await;
    sqlx::query("update calls.incoming set state = 'waiting', state_since = state_since - interval '10 seconds'")
        .execute(&app.pool)
        .await
        .unwrap();
    agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
    app.app.calls.pass_on_offers().await.unwrap();
    let incoming = ringing(&agent).await;
    assert_eq!(incoming["id"], json!(id));
    // They begin something else: it rings somebody else, or nobody.
    let offered = agent.call_next().await;
    agent.ask("/api/calls/start", json!({"lease_id": offered["lease_id"]})).await;
    assert!(!rings(&agent).await);
    until_ended_as(&app, "nobody_free", 1).await;
    app.app.calls.end_abandoned().await.unwrap();
    sqlx::query("update calls.call set intent_expires_at = intent_expires_at - interval '1 minute'").execute(&app.pool).await.unwrap();
    app.app.calls.end_abandoned().await.unwrap();

    ring_in(&app, PRIYA, stays()).await;
    let incoming = ringing(&agent).await;
    let (log, _guard) = Log::start();
    set_faults(&app, json!({"rest_503": 1_000})).await;
    let (_, call) = answer(&agent, &incoming).await;
    join(&app, &agent, &call, &incoming).await;
    until(&agent, &call, "connected").await;
    let is_given_up = || log.lines("the carrier does not record a call").iter().any(|line| line.contains("ERROR"));
    support::until("the carrier is asked no more", async || is_given_up()).await;
    assert_eq!(app.count("select count(*) from calls.recording").await, 0, "the carrier did not answer");
    set_faults(&app, json!({"rest_503": 0})).await;
    sqlx::query("update calls.call set answered_at = answered_at - interval '1 minute'").execute(&app.pool).await.unwrap();
    app.app.calls.record_callers().await.unwrap();
    app.until_count("it is recorded", "select count(*) from calls.recording where status = 'in-progress'", 1).await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_that_came_in_is_handed_over_like_any_other_and_the_supervisor_says_who_it_is(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let agent = app.signed_in(Role::Agent).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    supervisor.ask("/api/auth/set_presence", json!({"intention": "offline"})).await;
    // Nobody knows who rings; the supervisor finds out.
    ring_in(&app, "+447700900456", stays()).await;
    let incoming = ringing(&agent).await;
    let (_, call) = answer(&agent, &incoming).await;
    join(&app, &agent, &call, &incoming).await;
    until(&agent, &call, "connected").await;
    agent.ask("/api/calls/ask_transfer", json!({"call_id": call["id"], "supervisor_id": null, "reason": null})).await;
    let asked = supervisor.ask("/api/calls/transfer", json!({})).await;
    let accepted = supervisor.ask("/api/calls/accept_transfer", json!({"transfer_id": asked["id"]})).await;
    is_refused(&supervisor, "/api/calls/answer", json!({"id": incoming["id"]}), "You listen to another call.").await;
    let (leg, id) = ("CAeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee", incoming["id"].as_str().unwrap());
    let from = format!("client:agent_{}", supervisor.agent);
    let monitoring = accepted["monitoring_id"].as_str().unwrap();
    let asked =
        app.webhook("/webhooks/twilio/voice", &[("CallSid", leg), ("From", &from), ("To", ""), ("monitoring_id", monitoring)]).await;
    assert!(asked.1.contains(&format!(">call-{id}</Conference>")), "the conference in which they wait: {}", asked.1);
    let form = [
        ("ConferenceSid", CONFERENCE),
        ("FriendlyName", &*format!("call-{id}")),
        ("StatusCallbackEvent", "participant-join"),
        ("CallSid", leg),
        ("SequenceNumber", "9"),
    ];
    assert_eq!(app.webhook(&format!("/webhooks/twilio/conference-status?call={id}"), &form).await.0, 204);
    agent.ask("/api/calls/hand_over", json!({"call_id": call["id"]})).await;
    assert_eq!(agent.ask("/api/auth/me", json!({})).await["engagement"], json!(null));
    let (status, _) = agent.post("/api/calls/identify", json!({"call_id": call["id"], "user_id": "1"})).await;
    assert_eq!(status, 404, "it is not theirs any more");
    let known = supervisor.ask("/api/calls/identify", json!({"call_id": call["id"], "user_id": "1"})).await;
    assert_eq!(known["user_name"], "Priya Raman");
    assert_eq!(supervisor.ask("/api/queue/current", json!({})).await["user"]["id"], "1");
    supervisor.ask("/api/calls/hang_up", json!({"call_id": call["id"]})).await;
    until(&supervisor, &call, "ended").await;
    supervisor.ask("/api/calls/record_outcome", json!({"call_id": call["id"], "disposition": "contacted"})).await;
    assert_eq!(app.count("select count(*) from queue.attempt where is_incoming and user_id = 1").await, 1);
    assert_eq!(app.count("select count(*) from queue.lease").await, 0);
    app.stop().await;
}

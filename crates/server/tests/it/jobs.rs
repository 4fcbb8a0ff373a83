//! Everything that `serve` does without being asked: each job is taken from the server's own table, run as the server runs it, and its effect
//! is waited for. A job that is taken out of the table fails here, and so does one that has no test.

use std::collections::BTreeSet;

use auth::Role;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, Hint, machine_now};
use queue::QueueMode;
use serde_json::json;
use server::app::App;
use server::jobs;
use sqlx::AssertSqlSafe;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::task::JoinSet;
use twilio::{CallSid, RecordingStatus};
use users::{Replica, ReplicaOptions};

use crate::begun::{ANSWERS, Begun, ENGAGED, LEG, begin, handed_out, pass, set_faults, start, until_person_is};
use crate::call_failures::unheard_talk;
use crate::callbacks::promise;
use crate::decisions::{INSERT, seal_all};
use crate::incoming::{CALLER, PRIYA, answer, arrives, join, priya, ring_in, ringing, stays};
use crate::support::{Client, Made, TestApp, until};

/// The job of this name, as `serve` runs it, until it is dropped.
fn job(app: &App, name: &str) -> JoinSet<()> {
    let found = jobs::shared(app).into_iter().chain(jobs::own(app)).find(|job| job.name() == name);
    let mut running = JoinSet::new();
    found.unwrap_or_else(|| panic!("serve has no job {name:?}")).spawn(&mut running);
    running
}

/// How far behind a server may be in these tests, in milliseconds.
const LIMIT: i64 = 5_000;

async fn execute(app: &TestApp, statement: &'static str) {
    sqlx::raw_sql(statement).execute(&app.pool).await.unwrap();
}

/// Waits until so many are counted.
async fn counted(app: &TestApp, wanted: i64, sql: &'static str) {
    until(sql, async || app.count(sql).await == wanted).await;
}

async fn talk(app: &TestApp) -> Begun {
    let begun = begin(app, ANSWERS).await;
    begun.join(app).await;
    begun.until("connected").await;
    begun
}

/// One who waits in a queue.
async fn one_waits(app: &TestApp) {
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
}

/// lessons, line 13: every job stopped silently.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn every_job_has_its_test_and_a_name_of_its_own(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let names: Vec<&str> = jobs::shared(&app.app).iter().chain(&jobs::own(&app.app)).map(jobs::Job::name).collect();
    // In two pieces, or it would find itself.
    let started = ["= job", "(&"].concat();
    let tested: BTreeSet<&str> = include_str!("jobs.rs").split(&*started).skip(1).filter_map(|call| call.split('"').nth(1)).collect();
    assert_eq!(names.iter().copied().collect::<BTreeSet<_>>(), tested);
    assert_eq!(names.len(), tested.len(), "each name once");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn leases_that_have_run_out_are_returned(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    one_waits(&app).await;
    app.signed_in(Role::Agent).await.call_next().await;
    app.clock.advance(TimeDelta::minutes(11));
    assert_eq!(app.count("select count(*) from queue.lease").await, 1);

    let _running = job(&app.app, "return expired leases");
    counted(&app, 0, "select count(*) from queue.lease").await;
    assert_eq!(app.count("select count(*) from queue.entry where leased_by is null").await, 1);
    app.stop().await;
}

/// lessons, line 11: a reconciler filtered out exactly the stuck rows it was for.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn orphans_are_rescued(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    one_waits(&app).await;
    execute(&app, "update queue.entry set leased_by = 77").await;

    let _running = job(&app.app, "rescue orphans");
    counted(&app, 1, "select count(*) from queue.entry where leased_by is null").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn pauses_end_when_their_time_has_come(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let pause = json!({"kind": "lender", "name": "santander", "reason": "Their portal is down", "until": "2026-11-24T11:00"});
    app.signed_in(Role::Supervisor).await.ask("/api/queue/pause", pause).await;
    app.clock.advance(TimeDelta::minutes(31));

    let _running = job(&app.app, "end pauses whose time has come");
    counted(&app, 1, "select count(*) from queue.pause where ended_at is not null and ended_by is null").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_another_server_has_set_is_learnt(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let limit = async || agent.ask("/api/queue/summary", json!({})).await["max_lag_millis"].clone();
    execute(
        &app,
        "insert into queue.settings select version + 1, jsonb_set(body, '{max_lag_millis}', '4321'), created_at, null from queue.settings",
    )
    .await;
    assert_ne!(limit().await, 4321);

    let _running = job(&app.app, "learn settings and pauses");
    until("it is learnt", async || limit().await == 4321).await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_hour_is_discovered(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();

    let _running = job(&app.app, "discover once an hour");
    counted(&app, 1, "select count(*) from queue.discovery_run where cause = 'schedule' and ended_at is not null and failure is null")
        .await;
    assert_eq!(app.count("select count(*) from queue.entry").await, 1);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn decisions_are_sealed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    one_waits(&app).await;
    app.signed_in(Role::Agent).await.call_next().await;

    let _running = job(&app.app, "seal decisions");
    counted(&app, 1, "select count(*) from queue.sealed").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn personal_facts_of_old_decisions_are_forgotten(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    // An id of 2022.
    let insert = INSERT.replace("gen_random_uuid() as id", "'01800000-0000-7000-8000-000000000001'::uuid as id");
    sqlx::query(AssertSqlSafe(insert)).bind(1_i64).execute(&app.pool).await.unwrap();
    seal_all(&app).await;
    assert_eq!(app.count("select count(*) from queue.decision_personal").await, 1);

    let _running = job(&app.app, "forget the personal facts of old decisions");
    counted(&app, 0, "select count(*) from queue.decision_personal").await;
    app.stop().await;
}

/// lessons, line 26: wrap-up timers lived in the browser and died with it.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_nobody_recorded_in_time_is_closed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ENGAGED).await;
    begun.join(&app).await;
    begun.until("ended").await;
    execute(&app, "update calls.call set wrap_up_until = wrap_up_until - interval '3 minutes'").await;

    let _running = job(&app.app, "close what was not recorded");
    counted(&app, 1, "select count(*) from calls.outcome where disposition = 'not_recorded'").await;
    app.stop().await;
}

/// lessons, line 14: phantom active calls, agents locked out.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn calls_that_come_no_further_are_ended(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    execute(&app, "update calls.call set intent_expires_at = intent_expires_at - interval '1 minute'").await;

    let _running = job(&app.app, "end abandoned calls");
    until("it has ended", async || begun.find().await["end"]["how"] == "not_connected").await;
    app.stop().await;
}

/// lessons, line 22: the page went and the call stayed up.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn talks_whose_agents_do_not_come_back_are_ended(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    begun.leave(&app).await;
    pass(&app, 20).await;

    let _running = job(&app.app, "end calls that their agents have left");
    until("it has ended", async || begun.find().await["end"]["how"] == "agent_lost").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn listening_to_which_nobody_comes_is_ended(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    supervisor.ask("/api/calls/monitor", json!({"call_id": begun.call, "mode": "listen"})).await;
    execute(&app, "update calls.monitoring set intent_expires_at = intent_expires_at - interval '1 minute'").await;

    let _running = job(&app.app, "end abandoned listening");
    counted(&app, 1, "select count(*) from calls.monitoring where ended_at is not null").await;
    app.stop().await;
}

/// lessons, line 42: access that was taken away went on.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_may_not_listen_any_more_is_off_the_line(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    supervisor.ask("/api/calls/monitor", json!({"call_id": begun.call, "mode": "listen"})).await;
    execute(&app, "update auth.agent set role = 'agent' where role = 'supervisor'").await;

    let _running = job(&app.app, "take off the line whoever may not listen any more");
    counted(&app, 1, "select count(*) from calls.monitoring where ended_at is not null").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn transfers_that_nobody_answers_lapse(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    app.signed_in(Role::Supervisor).await.ask("/api/auth/me", json!({})).await;
    begun.agent.ask("/api/calls/ask_transfer", json!({"call_id": begun.call, "supervisor_id": null, "reason": null})).await;
    execute(&app, "update calls.transfer set lapses_at = lapses_at - interval '1 minute'").await;

    let _running = job(&app.app, "let transfers lapse");
    counted(&app, 1, "select count(*) from calls.transfer where state = 'lapsed'").await;
    app.stop().await;
}

/// lessons, line 14: what the carrier says may be lost; here that a leg was hung up.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn legs_that_outlive_their_calls_are_hung_up(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    set_faults(&app, json!({"webhook_lost": 50})).await;
    begun.agent.ask("/api/calls/hang_up", json!({"call_id": begun.call})).await;
    until_person_is(&app, "completed").await;
    execute(&app, "update calls.call set ended_at = ended_at - interval '1 minute'").await;
    assert_eq!(app.count("select count(*) from calls.leg where party = 'person' and ended_at is null").await, 1);

    let _running = job(&app.app, "hang up legs that outlive their calls");
    counted(&app, 1, "select count(*) from calls.leg where party = 'person' and ended_at is not null").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn calls_that_come_in_are_passed_on_when_an_agent_does_not_take_them(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let first = app.signed_in(Role::Agent).await;
    ring_in(&app, PRIYA, stays()).await;
    ringing(&first).await;
    let second = app.signed_in(Role::Agent).await;
    execute(&app, "update calls.offer set expires_at = expires_at - interval '1 minute'").await;

    let _running = job(&app.app, "pass on calls that come in");
    ringing(&second).await;
    app.stop().await;
}

/// lessons, line 14.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_rang_us_and_has_hung_up_unheard_is_found(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    // The carrier knows of no such leg.
    arrives(&app, PRIYA, CALLER).await;
    execute(&app, "update calls.incoming set state_since = state_since - interval '1 minute'").await;

    let _running = job(&app.app, "ask the carrier about people who ring us");
    counted(&app, 1, "select count(*) from calls.incoming where ended_as = 'gave_up'").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn talks_with_people_who_rang_us_are_recorded_late_rather_than_never(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    let agent = app.signed_in(Role::Agent).await;
    ring_in(&app, PRIYA, stays()).await;
    let incoming = ringing(&agent).await;
    let (_, call) = answer(&agent, &incoming).await;
    join(&app, &agent, &call, &incoming).await;
    // As if the server had gone before it heard that it is being recorded.
    counted(&app, 1, "select count(*) from calls.recording where status = 'in-progress'").await;
    execute(&app, "delete from calls.recording; update calls.call set answered_at = answered_at - interval '1 minute'").await;

    let _running = job(&app.app, "record people who ring us");
    counted(&app, 1, "select count(*) from calls.recording where status = 'in-progress'").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn callers_whom_the_claims_platform_could_not_name_are_looked_up(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    priya(&app).await;
    app.replica_proxy.stop().await;
    app.until("the lag is unknown", || app.app.queue.replica_lag().is_none()).await;
    let form = [("CallSid", "CA00000000000000000000000000000031"), ("From", PRIYA), ("To", "+442079460000")];
    assert_eq!(app.webhook("/webhooks/twilio/incoming", &form).await.0, 200);
    let id: String = sqlx::query_scalar("select id::text from calls.incoming").fetch_one(&app.pool).await.unwrap();
    assert_eq!(app.webhook(&format!("/webhooks/twilio/incoming-route?call={id}"), &form[..1]).await.0, 200);
    assert_eq!(app.count("select count(*) from calls.incoming where not is_looked_up").await, 1);
    app.replica_proxy.resume().await;
    app.until("the lag is known again", || app.app.queue.replica_lag().is_some()).await;

    let _running = job(&app.app, "look up callers whom the claims platform could not name");
    counted(&app, 1, "select count(*) from calls.incoming where is_looked_up and users = '{1}'").await;
    app.stop().await;
}

/// A talk that is over, and has been recorded as far as the carrier knows.
async fn recorded(app: &TestApp) -> Begun {
    let begun = talk(app).await;
    let leg: String = sqlx::query_scalar("select sid from calls.leg where party = 'person'").fetch_one(&app.pool).await.unwrap();
    let (leg, client) = (leg.parse::<CallSid>().unwrap(), &app.carrier.as_ref().unwrap().telephone.client);
    let is_said = async |wanted: &RecordingStatus| {
        client.recordings(&leg).await.unwrap().items.iter().any(|recording| recording.status.as_ref() == Some(wanted))
    };
    until("it is being recorded", async || is_said(&RecordingStatus::InProgress).await).await;
    begun.hang_up(app).await;
    begun.until("ended").await;
    until("the recording is ready", async || is_said(&RecordingStatus::Completed).await).await;
    begun
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn recordings_are_fetched(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    recorded(&app).await;
    counted(&app, 1, "select count(*) from calls.recording where status = 'completed'").await;

    let _running = job(&app.app, "fetch recordings");
    counted(&app, 1, "select count(*) from calls.recording where stored_at is not null").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn recordings_of_which_nothing_was_heard_are_asked_for(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    set_faults(&app, json!({"recording_untold": 1})).await;
    recorded(&app).await;
    execute(&app, "update calls.call set answered_at = answered_at - interval '10 minutes', ended_at = ended_at - interval '3 minutes'")
        .await;

    let _running = job(&app.app, "ask the carrier about recordings");
    counted(&app, 1, "select count(*) from calls.recording where status = 'completed'").await;
    app.stop().await;
}

/// lessons, lines 11 and 31.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_no_call_holds_is_freed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let (agent, hand_out) = handed_out(&app, ANSWERS).await;
    start(agent, &hand_out, LEG).await;
    execute(&app, "delete from calls.call").await;

    let _running = job(&app.app, "free whom no call holds");
    counted(&app, 1, "select count(*) from queue.lease where call_id is null").await;
    app.stop().await;
}

/// lessons, line 14. Of what happened a moment ago: nobody waits until a call has been silent for a while.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn every_live_call_is_asked_about_when_a_server_starts(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = unheard_talk(&app).await;
    assert_eq!(begun.find().await["state"], "dialling");

    let _running = job(&app.app, "ask the carrier about all live calls");
    begun.until("connected").await;
    app.stop().await;
}

/// lessons, line 14.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_talk_that_the_carrier_does_not_speak_of_is_asked_about(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    let leg: String = sqlx::query_scalar("select sid from calls.leg where party = 'person'").fetch_one(&app.pool).await.unwrap();
    set_faults(&app, json!({"webhook_lost": 50})).await;
    let hang_up = format!("{}/twilio/admin/calls/{leg}/hangup", app.base);
    reqwest::Client::new().post(hang_up).send().await.unwrap().error_for_status().unwrap();
    until_person_is(&app, "completed").await;
    execute(&app, "update calls.event set received_at = received_at - interval '1 minute'").await;

    let _running = job(&app.app, "ask the carrier about silent calls");
    begun.until("ended").await;
    app.stop().await;
}

/// lessons, lines 14 and 16.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_that_nobody_is_known_to_have_answered_is_asked_about(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = unheard_talk(&app).await;
    pass(&app, 20).await;

    let _running = job(&app.app, "ask the carrier about calls that nobody is known to have answered");
    begun.until("connected").await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn sessions_that_were_lost_are_ended(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.signed_in(Role::Agent).await;
    let lost = "update auth.session set created_at = created_at - interval '3 hours', last_seen_at = last_seen_at - interval '3 hours',
        expires_at = expires_at - interval '3 hours'";
    execute(&app, lost).await;

    let _running = job(&app.app, "end lost sessions");
    counted(&app, 1, "select count(*) from auth.agent where intention = 'offline'").await;
    app.stop().await;
}

/// rules, Presence: unreachable after 30 s. A page that is frozen has an open stream all the same; only an answer is a sign of life.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_agent_whose_page_answers_keeps_their_person_and_one_whose_page_is_frozen_does_not(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=2 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let (there, frozen) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    let mut streams = Vec::new();
    for agent in [&there, &frozen] {
        agent.call_next().await;
        streams.push(agent.http.get(format!("{}/api/events", app.base)).send().await.unwrap());
    }
    let silent = machine_now() - TimeDelta::minutes(1);
    sqlx::query("update auth.agent set seen_at = $1").bind(silent).execute(&app.pool).await.unwrap();
    app.clock.advance(TimeDelta::minutes(9));
    let left = async |agent: &Client| {
        let of = "select expires_at from queue.lease where agent_id = $1";
        let expires: DateTime<Utc> = sqlx::query_scalar(of).bind(agent.agent).fetch_one(&app.pool).await.unwrap();
        expires - app.now()
    };
    assert!(left(&there).await < TimeDelta::minutes(2));

    there.ask("/api/auth/here", json!({})).await;
    let _running = job(&app.app, "renew leases of agents who are there");
    until("they keep their person", async || left(&there).await > TimeDelta::minutes(9)).await;
    assert!(left(&frozen).await < TimeDelta::minutes(2));
    assert_eq!(app.app.auth.list_unreachable().await.unwrap(), [AgentId::new(frozen.agent)]);
    app.stop().await;
}

/// rules, Presence: unreachable by silence, which nothing else announces.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_falls_silent_is_announced(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let mut hearing = app.hear().await;
    let silent = machine_now() - TimeDelta::minutes(1);
    sqlx::query("update auth.agent set seen_at = $1 where id = $2").bind(silent).bind(agent.agent).execute(&app.pool).await.unwrap();

    let _running = job(&app.app, "watch presence");
    while hearing.next().await != Hint::Agent(AgentId::new(agent.agent)) {}
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_that_comes_near_is_announced(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    promise(&app, 1, "signature", agent.agent, 12).await;
    let mut hearing = app.hear().await;

    let _running = job(&app.app, "say which promises come near or turn late");
    app.clock.advance(TimeDelta::minutes(3));
    while hearing.next().await != Hint::Queues {}
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn in_direct_mode_it_is_read_who_may_be_called(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::made(connect, Made { mode: QueueMode::Direct, ..Made::default() }).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    let agent = app.signed_in(Role::Agent).await;
    let ask = async || agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
    assert_eq!(ask().await.0, 503, "nothing was read yet");

    let _running = job(&app.app, "read who may be called, in direct mode");
    until("somebody is handed out", async || ask().await.1["user"]["id"] == "1").await;
    app.stop().await;
}

/// What it does is seen in the memory of a server that nobody asks for its figures; here, that it succeeds.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_was_measured_is_folded(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let metrics = async || {
        let request = reqwest::Client::new().get(format!("{}/metrics", app.base)).bearer_auth(crate::support::METRICS_TOKEN);
        request.send().await.unwrap().text().await.unwrap()
    };
    let succeeded = "dialler_job_last_success_timestamp_seconds{job=\"fold what was measured\"}";
    assert!(!metrics().await.contains(succeeded));

    let _running = job(&app.app, "fold what was measured");
    until("it has succeeded", async || metrics().await.contains(succeeded)).await;
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_replicas_lag_is_sampled(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    // One that nobody has asked yet.
    let mut another = app.app.clone();
    another.replica = Replica::connect(app.platform.replica_url(), ReplicaOptions::default()).unwrap();
    assert_eq!(another.replica.lag(LIMIT), None);

    let _running = job(&another, "sample the replica's lag");
    until("the lag is known", async || another.replica.lag(LIMIT).is_some()).await;
    app.stop().await;
}

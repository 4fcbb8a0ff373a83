//! What goes wrong on the way to a call: nobody is rung who should not be, nobody twice, and no agent is locked in.

use std::time::Duration;

use auth::Role;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{
    ANSWERS, Begun, ENGAGED, IS_REFUSED, LEG, begin, handed_out, next_person, pass, people_rung, set_faults, start, until_person_is,
};
use crate::support::{Client, Log, TestApp, until};

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn with_the_replica_away_nobody_is_rung_and_the_person_stays_with_the_agent(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    app.replica_proxy.stop().await;

    begun.join(&app).await;
    let call = begun.until("ended").await;

    assert_eq!(call["end"]["how"], "could_not_check");
    assert!(call["end"]["words"].as_str().unwrap().contains("cannot be read"), "{call}");
    assert_eq!(people_rung(&app).await, 0);
    assert_eq!(app.count("select count(*) from queue.decision where purpose = 'dial' and outcome = 'unknown'").await, 1);
    app.replica_proxy.resume().await;
    // Its connections are made anew.
    for _ in 0..600 {
        if begun.agent.post("/api/queue/current", json!({})).await.0 == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let held = begun.agent.ask("/api/queue/current", json!({})).await;
    assert_eq!((&held["user"]["id"], &held["call_id"]), (&json!("1"), &json!(null)));
    let again = begun.agent.post("/api/calls/start", json!({"lease_id": held["lease_id"]})).await;
    assert_eq!(again.0, 200, "{}", again.1);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_that_the_browser_does_not_take_up_within_ten_seconds_is_void(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    sqlx::query("update calls.call set intent_expires_at = intent_expires_at - interval '10.5 seconds'").execute(&app.pool).await.unwrap();

    let (log, _guard) = Log::start();
    let (_, document) = begun.ask_voice(&app, LEG).await;
    assert!(document.contains("<Reject"), "{document}");
    assert_eq!(log.lines("a browser's call was rejected: it is too old").len(), 1);
    app.app.calls.end_abandoned().await.unwrap();

    let call = begun.find().await;
    assert_eq!((&call["state"], &call["end"]["how"]), (&json!("ended"), &json!("not_connected")));
    assert_eq!(people_rung(&app).await, 0);
    assert_eq!(begun.agent.ask("/api/queue/current", json!({})).await["user"]["id"], "1", "the agent keeps the person and can try again");
    app.stop().await;
}

/// lessons, line 25: a failed dial changed what the agent wanted; and line 14: locked out by a call that never was.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_that_the_carrier_refuses_is_no_attempt_and_leaves_the_agent_as_before(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, IS_REFUSED).await;
    begun.join(&app).await;
    let call = begun.until("ended").await;
    assert_eq!(call["end"]["how"], "not_placed");
    assert_eq!(app.count("select count(*) from queue.attempt").await, 0);
    assert_eq!(app.count("select count(*) from calls.outcome where disposition = 'failed' and recorded_by is null").await, 1);
    let late = begun.agent.post("/api/calls/record_outcome", json!({"call_id": begun.call, "disposition": "contacted"})).await;
    assert_eq!(late.0, 409, "nobody was rung: {}", late.1);
    let me = begun.agent.ask("/api/auth/me", json!({})).await;
    assert_eq!((&me["engagement"], &me["intention"]), (&json!(null), &json!("available")));
    assert_eq!(begun.agent.ask("/api/queue/current", json!({})).await["user"]["id"], "1");
    app.stop().await;
}

/// lessons, line 14: phantom active calls when a webhook never came.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_whose_last_events_were_lost_is_found_over_by_asking_the_carrier(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    begun.join(&app).await;
    begun.until("connected").await;
    let leg: String = sqlx::query_scalar("select sid from calls.leg where party = 'person'").fetch_one(&app.pool).await.unwrap();
    set_faults(&app, json!({"webhook_lost": 50})).await;
    let hang_up = format!("{}/twilio/admin/calls/{leg}/hangup", app.base);
    reqwest::Client::new().post(hang_up).send().await.unwrap().error_for_status().unwrap();
    until_person_is(&app, "completed").await;

    app.app.calls.reconcile().await.unwrap();
    assert_eq!(begun.find().await["state"], "connected", "it was heard of a moment ago");
    sqlx::query("update calls.event set received_at = received_at - interval '1 minute'").execute(&app.pool).await.unwrap();
    app.app.calls.reconcile().await.unwrap();

    let call = begun.until("ended").await;
    assert_eq!(call["end"]["how"], "by_person");
    app.stop().await;
}

/// lessons, line 14, from the other side: a talk was cut off and recorded as a failure because nothing had been heard of it.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_talk_of_which_no_event_arrived_is_found_by_asking_the_carrier_and_goes_on(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = unheard_talk(&app).await;
    app.app.calls.reconcile_unanswered().await.unwrap();
    assert_eq!(begun.find().await["state"], "dialling", "it was dialled a moment ago");

    pass(&app, 120).await;
    app.app.calls.end_abandoned().await.unwrap();
    app.app.calls.reconcile_unanswered().await.unwrap();

    assert_eq!(begun.find().await["state"], "connected");
    pass(&app, 120).await;
    app.app.calls.end_abandoned().await.unwrap();
    app.app.calls.reconcile_unanswered().await.unwrap();
    app.app.calls.reconcile().await.unwrap();
    app.app.calls.end_lingering_legs().await.unwrap();
    assert_eq!(begun.find().await["state"], "connected");
    until_person_is(&app, "in-progress").await;
    assert_eq!(people_rung(&app).await, 1);
    app.stop().await;
}

/// What the request was answered and every event are lost: what is left is the label that we gave.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_person_whose_leg_nobody_has_named_is_found_in_the_conference(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    set_faults(&app, json!({"webhook_lost": 50})).await;
    begun.join(&app).await;
    forget_person(&app).await;
    keep_agent(&app).await;
    until_person_is(&app, "in-progress").await;

    pass(&app, 120).await;
    app.app.calls.reconcile_unanswered().await.unwrap();

    assert_eq!(begun.find().await["state"], "connected");
    assert_eq!(people_rung(&app).await, 1);
    begun.agent.ask("/api/calls/hang_up", json!({"call_id": begun.call})).await;
    until_person_is(&app, "completed").await;
    app.stop().await;
}

/// lessons, line 16: what is heard while it rings must not be taken for an answer.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_person_in_the_conference_has_answered_when_their_leg_has(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier_as_in_life(connect).await;
    let begun = begin(&app, ANSWERS).await;
    next_person(&app, json!([{"ring_ms": 6_000}, {"answer": true}])).await;
    set_faults(&app, json!({"webhook_lost": 50})).await;
    begun.join(&app).await;
    let leg = forget_person(&app).await;
    keep_agent(&app).await;
    let enters = async |sequence| {
        let (path, name) = (format!("/webhooks/twilio/conference-status?call={}", begun.call), format!("call-{}", begun.call));
        let form = [
            ("FriendlyName", name.as_str()),
            ("StatusCallbackEvent", "participant-join"),
            ("CallSid", leg.as_str()),
            ("ParticipantLabel", "person"),
            ("SequenceNumber", sequence),
        ];
        assert_eq!(app.webhook(&path, &form).await.0, 204);
    };

    // The network speaks while it rings.
    enters("2").await;
    assert_eq!(begun.until("ringing").await["talk_seconds"], json!(null));
    until_person_is(&app, "in-progress").await;
    assert_eq!(begun.find().await["state"], "ringing", "nobody has said so yet");
    enters("3").await;
    assert!(begun.until("connected").await["talk_seconds"].is_number());
    assert_eq!(people_rung(&app).await, 1);
    app.stop().await;
}

const CHECKED: &str = "select count(*) from queue.decision where purpose = 'dial'";
const CALLABLE: &str = "select count(*) from queue.decision where purpose = 'dial' and outcome = 'callable'";

/// lessons, line 22: the page went and the call stayed up. Here the server goes as well, while it waits for the conference's word.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_agent_who_leaves_while_the_last_check_runs_rings_nobody(_: PgPoolOptions, connect: PgConnectOptions) {
    let (log, _guard) = Log::start();
    let app = TestApp::with_carrier(connect).await;
    let (agent, hand_out) = handed_out(&app, ANSWERS).await;
    // The replica is held back until the agent has left; then the check finds the person callable. A machine that needs longer for this than a
    // check may take proves nothing, and it is tried again.
    for leg in 1..=30 {
        let leg: &str = Box::leak(format!("CA{leg:032}").into_boxed_str());
        let begun = start(agent.clone(), &hand_out, leg).await;
        app.warm_replica().await;
        let (checked, callable) = (app.count(CHECKED).await, app.count(CALLABLE).await);
        let said = log.lines("nobody was rung:").len();
        app.replica_proxy.stall().await;
        begun.join(&app).await;
        until("the check has begun", async || {
            app.count("select count(*) from calls.call where state in ('created', 'joining')").await == 0
        })
        .await;
        begun.leave(&app).await;
        let how = begun.until("ended").await["end"]["how"].clone();
        app.replica_proxy.resume().await;
        app.until("the lag is known again", || app.app.queue.replica_lag().is_some()).await;

        app.until_count("the check is through", CHECKED, checked + 1).await;
        if app.count(CALLABLE).await > callable {
            // The last thing that happens to a call whose check ends so.
            until("nobody is to be rung", async || log.lines("nobody was rung:").len() > said).await;
        }
        assert_eq!(people_rung(&app).await, 0);
        assert_eq!(app.count("select count(*) from queue.attempt").await, 0);
        assert_eq!(agent.ask("/api/auth/me", json!({})).await["engagement"], json!(null));
        if log.lines("nobody was rung: the agent had left").len() == 1 {
            assert_eq!(how, "not_connected");
            app.stop().await;
            return;
        }
        assert!(["not_connected", "could_not_check"].contains(&how.as_str().unwrap()), "{how}");
    }
    panic!("no check has ended well after the agent had left");
}

/// lessons, line 20: what was retried silently rang people later.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_request_to_ring_that_is_never_answered_is_looked_up_and_not_repeated(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    // Carried out, and then silence: the events are lost too, so that only looking it up can tell.
    set_faults(&app, json!({"rest_timeout": 1, "webhook_delay_ms": 8000})).await;
    begun.join(&app).await;
    app.until_count("the leg is found", "select count(*) from calls.leg where party = 'person'", 1).await;
    set_faults(&app, json!({"webhook_delay_ms": 0})).await;
    begun.until("connected").await;
    assert_eq!(people_rung(&app).await, 1);
    assert_eq!(app.count("select count(*) from queue.attempt").await, 1);
    app.stop().await;
}

/// The same of somebody who has hung up by the time that they are looked for: a leg that is over is in no conference.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_person_whose_call_was_over_before_it_was_looked_up_is_found_by_number_and_time(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, "+447700900123").await;
    next_person(&app, json!([{"answer": true}, {"hangup_after_ms": 30_000}])).await;
    set_faults(&app, json!({"rest_timeout": 1, "webhook_lost": 50})).await;
    begun.join(&app).await;
    until_person_is(&app, "completed").await;
    app.until_count("the leg is found", "select count(*) from calls.leg where party = 'person'", 1).await;
    keep_agent(&app).await;
    pass(&app, 20).await;
    app.app.calls.reconcile_unanswered().await.unwrap();
    let call = begun.until("ended").await;
    assert_eq!((&call["end"]["how"], &call["talk_seconds"]), (&json!("by_person"), &json!(1)), "{call}");
    assert_eq!(people_rung(&app).await, 1);
    assert_eq!(app.count("select count(*) from queue.attempt").await, 1);
    app.stop().await;
}

/// lessons, line 1: the person was rung twice. Here an attempt would be taken back although the telephone rings.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_failure_after_the_carrier_was_asked_never_says_that_nobody_was_rung(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    // The first time that the person's leg is stored, and not afterwards: a sequence counts also what is rolled back.
    for statement in [
        "create sequence public.stored",
        "create function public.refuse_once() returns trigger language plpgsql as $$
         begin
             if new.party = 'person' and nextval('public.stored') = 1 then raise exception 'the disk is full'; end if;
             return new;
         end $$",
        "create trigger refuse_once before insert on calls.leg for each row execute function public.refuse_once()",
    ] {
        sqlx::query(statement).execute(&app.pool).await.unwrap();
    }
    // The answer to the request is what is stored first; of the events, which bring the leg as well, one comes when that has failed.
    set_faults(&app, json!({"webhook_lost": 50})).await;
    let (log, _guard) = Log::start();

    begun.join(&app).await;
    until("the leg could not be stored", async || log.lines("the disk is full").len() == 1).await;
    assert_eq!(begun.find().await["state"], "dialling", "the telephone rings");
    assert_eq!(app.count("select count(*) from queue.attempt").await, 1);
    until_person_is(&app, "in-progress").await;
    let legs: Value = reqwest::get(format!("{}/twilio/admin/calls", app.base)).await.unwrap().json().await.unwrap();
    let person = legs.as_array().unwrap().iter().find(|leg| leg["to"] == ANSWERS).unwrap()["sid"].as_str().unwrap();
    let answered = [("CallSid", person), ("CallStatus", "in-progress"), ("SequenceNumber", "2")];
    assert_eq!(app.webhook(&format!("/webhooks/twilio/call-status?call={}", begun.call), &answered).await.0, 204);
    begun.until("connected").await;
    assert_eq!(people_rung(&app).await, 1);
    assert_eq!(app.count("select count(*) from queue.attempt").await, 1);
    app.stop().await;
}

/// lessons, line 14: phantom active calls, agents locked out.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_that_the_carrier_may_not_have_taken_is_given_up_and_not_asked_for_again(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    set_faults(&app, json!({"rest_503": 1})).await;
    begun.join(&app).await;
    begun.until("dialling").await;
    keep_agent(&app).await;
    // The last place in which they are looked for.
    until("they were looked for", async || asked_of_carrier(&app, "/Calls.json").await == 1).await;
    pass(&app, 30).await;
    app.app.calls.reconcile_unanswered().await.unwrap();
    assert_eq!(begun.find().await["state"], "dialling", "it may still ring");

    // Looked at every fifteen seconds, it is over within the minute.
    pass(&app, 15).await;
    app.app.calls.reconcile_unanswered().await.unwrap();
    let call = begun.find().await;
    assert_eq!((&call["state"], &call["end"]["how"]), (&json!("ended"), &json!("failed")));
    assert_eq!(asked_of_carrier(&app, "/Participants.json").await, 1);
    assert_eq!(begun.record("failed").await["disposition"], "failed");
    assert_eq!(begun.agent.call_next().await["user"]["id"], "2");
    app.stop().await;
}

/// lessons, line 1: two agents rang the same person, here two people of one telephone.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_number_that_is_on_a_call_is_not_rung_for_another_person(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    for user in [1, 2] {
        app.platform.user(user).unsigned().phone(ANSWERS).claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let mut calls: Vec<Begun> = Vec::new();
    for leg in [LEG, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"] {
        let agent = app.signed_in(Role::Agent).await;
        let hand_out = agent.call_next().await;
        calls.push(start(agent, &hand_out, leg).await);
    }
    let [first, second] = &calls[..] else { panic!() };
    first.join(&app).await;
    first.until("connected").await;
    second.join(&app).await;

    let call = second.until("ended").await;
    assert_eq!(call["end"]["how"], "not_placed");
    assert!(call["end"]["words"].as_str().unwrap().contains("this number"), "{call}");
    assert_eq!(people_rung(&app).await, 1);
    assert_eq!(app.count("select count(*) from queue.attempt").await, 1);
    assert_eq!(first.find().await["state"], "connected");
    app.stop().await;
}

/// The button and the timer at the same moment: one of them holds, and the outcome is one.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_wrap_up_that_has_run_out_is_either_extended_or_recorded_and_never_both(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ENGAGED).await;
    begun.join(&app).await;
    begun.until("ended").await;
    sqlx::query("update calls.call set wrap_up_until = wrap_up_until - interval '3 minutes'").execute(&app.pool).await.unwrap();
    let (closed, extended) =
        futures::future::join(app.app.calls.close_overdue(), begun.agent.post("/api/calls/extend_wrap_up", json!({"call_id": begun.call})))
            .await;
    closed.unwrap();
    let outcomes = app.count("select count(*) from calls.outcome").await;
    match extended.0 {
        200 => assert_eq!(outcomes, 0, "extended, and recorded all the same"),
        status => assert_eq!((status, outcomes), (409, 1), "{}", extended.1),
    }
    app.stop().await;
}

/// What is added is added to now, not to a moment long gone: else it would be granted and closed all the same.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_wrap_up_extended_after_it_ran_out_stays_open(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ENGAGED).await;
    begun.join(&app).await;
    begun.until("ended").await;
    sqlx::query("update calls.call set wrap_up_until = wrap_up_until - interval '3 minutes'").execute(&app.pool).await.unwrap();

    let (status, call) = begun.agent.post("/api/calls/extend_wrap_up", json!({"call_id": begun.call})).await;
    app.app.calls.close_overdue().await.unwrap();

    assert_eq!(status, 200, "{call}");
    let left = call["wrap_up"]["seconds_left"].as_i64().unwrap();
    assert!((20..=30).contains(&left), "{call}");
    assert_eq!(app.count("select count(*) from calls.outcome").await, 0);
    app.stop().await;
}

/// A talk, of which nothing was heard but that the person was asked to be rung.
pub(crate) async fn unheard_talk(app: &TestApp) -> Begun {
    let begun = begin(app, ANSWERS).await;
    set_faults(app, json!({"webhook_lost": 50})).await;
    begun.join(app).await;
    app.until_count("the leg is known", "select count(*) from calls.leg where party = 'person'", 1).await;
    keep_agent(app).await;
    until_person_is(app, "in-progress").await;
    begun
}

/// The agent's leg has no carrier here, and the emulated one, when asked, would say that it is gone: nobody asks about a leg without an id.
async fn keep_agent(app: &TestApp) {
    sqlx::query("update calls.leg set sid = 'the agent is there' where party = 'agent'").execute(&app.pool).await.unwrap();
}

/// How often the carrier was asked for this, whatever it answered.
async fn asked_of_carrier(app: &TestApp, path: &str) -> usize {
    let asked: Value = reqwest::get(format!("{}/twilio/admin/journal?kind=rest", app.base)).await.unwrap().json().await.unwrap();
    asked.as_array().unwrap().iter().filter(|entry| entry["detail"]["path"].as_str().unwrap().ends_with(path)).count()
}

/// Forgets the person's leg once it is known, as if neither the carrier's answer nor an event had named it.
async fn forget_person(app: &TestApp) -> String {
    app.until_count("the leg is known", "select count(*) from calls.leg where party = 'person'", 1).await;
    sqlx::query_scalar("delete from calls.leg where party = 'person' returning sid").fetch_one(&app.pool).await.unwrap()
}

/// A late agent, or another one, cannot ring on a lease.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn only_who_holds_a_lease_now_begins_a_call_on_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let (agent, hand_out) = handed_out(&app, ANSWERS).await;
    let other = app.signed_in(Role::Agent).await;
    let lease = json!({"lease_id": hand_out["lease_id"]});
    let is_refused = async |client: &Client, body: &Value| {
        let before = app.everything_but_hearing().await;
        let (status, answer) = client.post("/api/calls/start", body.clone()).await;
        assert_eq!(status, 409, "{answer}");
        assert!(answer["message"].as_str().is_some_and(|words| words.len() > 10), "{answer}");
        assert_eq!(app.everything_but_hearing().await, before, "{body}");
    };
    is_refused(&other, &lease).await;
    is_refused(&agent, &json!({"lease_id": "999999"})).await;
    let expire = async |end: &'static str| {
        sqlx::query("update queue.lease set expires_at = $1 + $2::interval").bind(app.now()).bind(end).execute(&app.pool).await.unwrap();
    };
    expire("-1 second").await;
    is_refused(&agent, &lease).await;
    expire("10 minutes").await;
    agent.ask("/api/calls/start", lease.clone()).await;
    is_refused(&agent, &lease).await;
    app.stop().await;
}

/// lessons, lines 11 and 31: what is stuck is found, also when nothing of it runs out by itself.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_is_held_for_a_call_that_is_over_is_given_back(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let (agent, hand_out) = handed_out(&app, ANSWERS).await;
    let begun = start(agent, &hand_out, LEG).await;
    app.app.calls.free_held().await.unwrap();
    assert_eq!(app.count("select count(*) from queue.lease where call_id is not null").await, 1, "a call that goes on keeps its person");
    sqlx::query("delete from calls.call").execute(&app.pool).await.unwrap();
    sqlx::query("update auth.agent set engagement = null, engaged_since = null").execute(&app.pool).await.unwrap();
    let released = json!({"lease_id": hand_out["lease_id"], "reason": "language"});
    assert_eq!(begun.agent.post("/api/queue/release", released.clone()).await.0, 409, "out of reach of everything else");
    app.app.calls.free_held().await.unwrap();
    begun.agent.ask("/api/queue/release", released).await;
    app.stop().await;
}

/// The word that they had answered is lost, and the agent hangs up: that it was a talk is learnt from the end of the leg.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_talk_that_was_hung_up_before_it_was_known_to_be_one_is_put_right(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = unheard_talk(&app).await;
    // Of a talk that lasts no second the carrier says that it lasted none.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    pass(&app, 4).await;
    begun.agent.ask("/api/calls/hang_up", json!({"call_id": begun.call})).await;
    assert_eq!(begun.until("ended").await["wrap_up"]["suggested"], "no_answer", "as far as is known");
    until_person_is(&app, "completed").await;

    app.app.calls.end_lingering_legs().await.unwrap();
    pass(&app, 5).await;
    sqlx::query("update calls.call set ended_at = ended_at - interval '5 seconds'").execute(&app.pool).await.unwrap();
    app.app.calls.end_lingering_legs().await.unwrap();

    let call = begun.find().await;
    assert_eq!((&call["end"]["how"], &call["wrap_up"]["suggested"]), (&json!("by_agent"), &json!(null)), "{call}");
    assert!(call["talk_seconds"].as_i64().is_some(), "{call}");
    app.stop().await;
}

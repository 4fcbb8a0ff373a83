//! What is done on a talk: hold, recording, a supervisor who listens; and the pace at which the carrier is asked for calls.

use std::time::Duration;

use auth::Role;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::times;

use crate::begun::{ANSWERS, Begun, begin, people_rung, set_faults};
use crate::support::{Client, Log, TestApp};

const SUPERVISORS_LEG: &str = "CAdddddddddddddddddddddddddddddddd";

async fn talk(app: &TestApp) -> Begun {
    let begun = begin(app, ANSWERS).await;
    begun.join(app).await;
    begun.until("connected").await;
    begun
}

async fn hold(begun: &Begun, is_held: bool) -> (u16, Value) {
    begun.agent.post("/api/calls/hold", json!({"call_id": begun.call, "is_held": is_held})).await
}

/// lessons, line 24: what was asked for was shown as if it were so.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn hold_is_shown_when_the_carrier_has_confirmed_it_and_not_when_it_refuses(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    assert_eq!(hold(&begun, true).await.0, 409, "nobody talks yet");
    begun.join(&app).await;
    begun.until("connected").await;

    set_faults(&app, json!({"rest_503": 2})).await;
    let (status, refused) = hold(&begun, true).await;
    assert_eq!(status, 503, "{refused}");
    assert_eq!(begun.find().await["held_seconds"], json!(null));

    let (status, held) = hold(&begun, true).await;
    assert_eq!((status, &held["held_seconds"], &held["state"]), (200, &json!(0), &json!("connected")), "{held}");
    // It was carried out, and the answer is lost: the carrier is asked how it is.
    set_faults(&app, json!({"rest_timeout": 1})).await;
    let (status, back) = hold(&begun, false).await;
    assert_eq!((status, &back["held_seconds"]), (200, &json!(null)), "{back}");

    let other = app.signed_in(Role::Agent).await;
    assert_eq!(other.post("/api/calls/hold", json!({"call_id": begun.call, "is_held": true})).await.0, 404);
    hold(&begun, true).await;
    begun.hang_up(&app).await;
    assert_eq!(begun.until("ended").await["held_seconds"], json!(null));
    assert_eq!(hold(&begun, true).await.0, 409);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn somebody_on_hold_hears_our_music(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let (status, document) = app.webhook("/webhooks/twilio/hold", &[("CallSid", SUPERVISORS_LEG)]).await;
    assert_eq!(status, 200);
    assert!(document.contains(&format!("<Play loop=\"0\">{}/sounds/hold.wav</Play>", app.base)), "{document}");
    app.stop().await;
}

async fn recordings(app: &TestApp) -> i64 {
    app.count("select count(*) from calls.recording where stored_at is not null").await
}

async fn play(client: &Client, call: &str, range: Option<&str>) -> reqwest::Response {
    let mut request = client.http.get(format!("{}/api/calls/recording/{call}", client.base));
    if let Some(range) = range {
        request = request.header("range", range);
    }
    request.send().await.unwrap()
}

/// A talk whose recording is kept.
async fn recorded(app: &TestApp) -> Begun {
    let begun = talk(app).await;
    tokio::time::sleep(Duration::from_millis(600) + Duration::from_secs(times("TALK_SECONDS", 0).into())).await;
    begun.hang_up(app).await;
    begun.until("ended").await;
    app.until_count("the carrier has told of it", "select count(*) from calls.recording where status = 'completed'", 1).await;
    begun
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_talk_is_recorded_kept_and_played_in_parts_to_those_who_may_hear_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = recorded(&app).await;
    assert_eq!(play(&begun.agent, &begun.call, None).await.status(), 404, "not kept yet");
    app.app.calls.fetch_recordings().await.unwrap();
    assert_eq!(recordings(&app).await, 1);

    let whole = play(&begun.agent, &begun.call, None).await;
    assert_eq!((whole.status().as_u16(), &whole.headers()["content-type"]), (200, &"audio/wav".parse().unwrap()));
    let hash = whole.headers()["etag"].to_str().unwrap().to_owned();
    let sound = whole.bytes().await.unwrap();
    let digest = Sha256::digest(&sound).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    assert_eq!(hash, format!("\"{digest}\""));
    assert_eq!((&sound[..4], u16::from_le_bytes([sound[22], sound[23]])), (&b"RIFF"[..], 2), "both sides apart");
    let part = play(&begun.agent, &begun.call, Some("bytes=100-199")).await;
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 100-199/{}", sound.len()));
    assert_eq!(part.bytes().await.unwrap(), sound[100..200]);
    assert_eq!(play(&begun.agent, &begun.call, Some("bytes=99999999-")).await.status(), 416);

    // Who listens is on record; moving to and fro is the same listening.
    assert_eq!(app.count("select count(*) from calls.recording_access").await, 1);
    let supervisor = app.signed_in(Role::Supervisor).await;
    // Also of whoever leaves the beginning out.
    assert_eq!(play(&supervisor, &begun.call, Some("bytes=44-")).await.status(), 206);
    assert_eq!(app.count("select count(*) from calls.recording_access").await, 2);
    let other = app.signed_in(Role::Agent).await;
    assert_eq!(play(&other, &begun.call, None).await.status(), 404, "another agent's");
    let stranger = reqwest::get(format!("{}/api/calls/recording/{}", app.base, begun.call)).await.unwrap();
    assert_eq!(stranger.status(), 401);
    assert_eq!(app.count("select count(*) from calls.recording_access").await, 2);
    app.stop().await;
}

/// lessons, line 41: the webhook fetched any posted address with the account's credentials; and line 15: another call's recording.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_recording_that_is_said_to_be_elsewhere_or_of_a_leg_that_is_not_the_calls_is_not_fetched(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = format!("http://{}/steal", trap.local_addr().unwrap());
    let person: String = sqlx::query_scalar("select sid from calls.leg where party = 'person'").fetch_one(&app.pool).await.unwrap();
    let path = format!("/webhooks/twilio/recording-status?call={}", begun.call);
    let made_up = "RE00000000000000000000000000000009";
    let post = async |leg: &str, url: Option<&str>| {
        let mut form = vec![("RecordingSid", made_up), ("CallSid", leg), ("RecordingStatus", "completed"), ("RecordingDuration", "9")];
        form.extend(url.map(|url| ("RecordingUrl", url)));
        app.webhook(&path, &form).await.0
    };

    let (log, _guard) = Log::start();
    assert_eq!(post(SUPERVISORS_LEG, None).await, 204);
    assert_eq!(app.count("select count(*) from calls.recording where sid like '%0009'").await, 0);
    assert_eq!(log.lines("a recording of a leg that is not this call's was ignored").len(), 1);

    // Refused, and on the log. Where nothing is wrong with the address, it is still the carrier that is asked, by the id.
    let other = format!("{}/twilio/2010-04-01/Accounts/AC/Recordings/RE00000000000000000000000000000008", app.base);
    for url in [elsewhere.clone(), format!("{elsewhere}/Recordings/{made_up}"), other, "no address".to_owned()] {
        assert_eq!(post(&person, Some(&url)).await, 400, "{url}");
    }
    assert_eq!(log.lines("the sound is said to be elsewhere").len(), 4);
    assert_eq!(app.count("select count(*) from calls.recording where sid like '%0009'").await, 0);
    let theirs = format!("{}/twilio/2010-04-01/Accounts/AC/Recordings/{made_up}", app.base);
    assert_eq!(post(&person, Some(&theirs)).await, 204);
    app.app.calls.fetch_recordings().await.unwrap();
    // Whoever had come before us would be the first in the line.
    let us = tokio::net::TcpStream::connect(trap.local_addr().unwrap()).await.unwrap();
    assert_eq!(trap.accept().await.unwrap().1, us.local_addr().unwrap(), "somebody came for it");
    assert_eq!(recordings(&app).await, 0, "the carrier has no such recording");
    assert_eq!(app.count("select count(*) from calls.recording where failures = 1").await, 1);

    // Unsigned.
    let answer = reqwest::Client::new().post(format!("{}{path}", app.base)).form(&[("RecordingSid", made_up)]).send().await.unwrap();
    assert_eq!(answer.status(), 403);
    app.stop().await;
}

/// The carrier's word of it is lost: it is asked.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_recording_that_nobody_told_of_is_found_and_a_talk_without_one_is_listed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    set_faults(&app, json!({"recording_untold": 1})).await;
    let begun = talk(&app).await;
    app.until_count("it is being recorded", "select count(*) from calls.recording where status = 'in-progress'", 1).await;
    begun.hang_up(&app).await;
    begun.until("ended").await;
    sqlx::query("update calls.call set answered_at = answered_at - interval '10 minutes', ended_at = ended_at - interval '3 minutes'")
        .execute(&app.pool)
        .await
        .unwrap();
    let supervisor = app.signed_in(Role::Supervisor).await;
    let missing = supervisor.ask("/api/calls/missing_recordings", json!({})).await;
    assert_eq!((missing.as_array().unwrap().len(), &missing[0]["call_id"]), (1, &json!(begun.call)), "{missing}");
    assert!(missing[0]["why"].as_str().unwrap().contains("has not finished"), "its end was not told: {missing}");

    for _ in 0..100 {
        app.app.calls.ask_about_recordings().await.unwrap();
        if app.count("select count(*) from calls.recording where status = 'completed'").await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    app.app.calls.fetch_recordings().await.unwrap();
    assert_eq!(recordings(&app).await, 1);
    assert_eq!(supervisor.ask("/api/calls/missing_recordings", json!({})).await, json!([]));
    app.stop().await;
}

async fn listen(supervisor: &Client, call: &str, mode: &str) -> (u16, Value) {
    supervisor.post("/api/calls/monitor", json!({"call_id": call, "mode": mode})).await
}

async fn ask_to_listen(app: &TestApp, who: &Client, id: &str, leg: &str) -> String {
    let from = format!("client:agent_{}", who.agent);
    app.webhook("/webhooks/twilio/voice", &[("CallSid", leg), ("From", &from), ("To", ""), ("monitoring_id", id)]).await.1
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_supervisor_who_listens_is_muted_by_the_carrier_and_on_record(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    assert_eq!(begun.agent.post("/api/calls/monitor", json!({"call_id": begun.call, "mode": "listen"})).await.0, 403, "no agent listens");

    let (status, view) = listen(&supervisor, &begun.call, "listen").await;
    assert_eq!((status, &view["mode"], &view["is_joined"]), (200, &json!("listen"), &json!(false)), "{view}");
    assert_eq!(listen(&supervisor, &begun.call, "listen").await.0, 409, "one at a time");
    let id = view["id"].as_str().unwrap();
    // Somebody else's right, and none at all.
    assert!(ask_to_listen(&app, &begun.agent, id, SUPERVISORS_LEG).await.contains("<Reject"));
    assert!(ask_to_listen(&app, &supervisor, "01936b6e-0000-7000-8000-000000000001", SUPERVISORS_LEG).await.contains("<Reject"));

    let document = ask_to_listen(&app, &supervisor, id, SUPERVISORS_LEG).await;
    assert!(document.contains("muted=\"true\"") && document.contains("startConferenceOnEnter=\"false\""), "{document}");
    assert!(document.contains("endConferenceOnExit=\"false\"") && document.contains("beep=\"false\""), "{document}");
    assert!(ask_to_listen(&app, &supervisor, id, "CAeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee").await.contains("<Reject"), "once");
    let leg = Begun { agent: supervisor.clone(), call: begun.call.clone(), leg: SUPERVISORS_LEG };
    leg.conference(&app, "participant-join", "7", &[("ParticipantLabel", "")]).await;
    assert_eq!(supervisor.ask("/api/calls/monitored", json!({})).await["is_joined"], true);
    let going = supervisor.ask("/api/calls/going", json!({})).await;
    assert_eq!(going[0]["listeners"].as_array().unwrap().len(), 1, "{going}");

    // Whoever listens can go, and the call goes on.
    leg.conference(&app, "participant-leave", "8", &[("ReasonParticipantLeft", "participant_hung_up")]).await;
    assert_eq!(supervisor.ask("/api/calls/monitored", json!({})).await, json!(null));
    let call = begun.find().await;
    assert_eq!((&call["state"], &call["away_seconds"]), (&json!("connected"), &json!(null)));
    assert_eq!(app.count("select count(*) from calls.monitoring where joined_at is not null and ended_at is not null").await, 1);
    assert_eq!(app.count("select count(*) from calls.monitoring_mode where mode = 'listen'").await, 1);
    app.stop().await;
}

/// lessons, line 42: access that was taken away went on; here also to whatever is heard already.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_may_not_listen_any_more_is_taken_off_the_line(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    for (taken_away, leg) in [
        ("update auth.agent set role = 'agent' where id = $1", "CA11111111111111111111111111111111"),
        ("update auth.agent set deactivated_at = now() where id = $1", "CA22222222222222222222222222222222"),
        ("update auth.session set ended_at = now(), ended_reason = 'signed_out' where agent_id = $1", "CA33333333333333333333333333333333"),
    ] {
        let supervisor = app.signed_in(Role::Supervisor).await;
        let (_, view) = listen(&supervisor, &begun.call, "barge").await;
        ask_to_listen(&app, &supervisor, view["id"].as_str().unwrap(), leg).await;
        app.app.calls.end_unentitled_monitorings().await.unwrap();
        assert_eq!(app.count("select count(*) from calls.monitoring where ended_at is null").await, 1, "nothing was taken away yet");

        sqlx::query(taken_away).bind(supervisor.agent).execute(&app.pool).await.unwrap();
        app.app.calls.end_unentitled_monitorings().await.unwrap();
        assert_eq!(app.count("select count(*) from calls.monitoring where ended_at is null").await, 0, "{taken_away}");
        assert!(ask_to_listen(&app, &supervisor, view["id"].as_str().unwrap(), leg).await.contains("<Reject"));
    }
    assert_eq!(begun.find().await["state"], "connected", "the talk goes on");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_whisper_is_for_the_agents_leg_and_listening_ends_with_the_call(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    let (_, view) = listen(&supervisor, &begun.call, "whisper").await;
    let document = ask_to_listen(&app, &supervisor, view["id"].as_str().unwrap(), SUPERVISORS_LEG).await;
    assert!(document.contains(&format!("coach=\"{}\"", begun.leg)) && document.contains("muted=\"false\""), "{document}");
    begun.hang_up(&app).await;
    begun.until("ended").await;
    assert_eq!(supervisor.ask("/api/calls/monitored", json!({})).await, json!(null));
    assert_eq!(listen(&supervisor, &begun.call, "listen").await.0, 409, "nobody talks");

    app.stop().await;
}

/// Whoever is on record as listening no more does not listen.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_listening_whose_browser_or_leg_does_not_come_is_over(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    let age = async |seconds: i32| {
        let statement =
            "update calls.monitoring set intent_expires_at = intent_expires_at - make_interval(secs => $1) where ended_at is null";
        sqlx::query(statement).bind(f64::from(seconds)).execute(&app.pool).await.unwrap();
        app.app.calls.end_abandoned_monitorings().await.unwrap();
        supervisor.ask("/api/calls/monitored", json!({})).await
    };
    listen(&supervisor, &begun.call, "listen").await;
    assert!(age(9).await.is_object(), "there is time left");
    assert_eq!(age(2).await, json!(null));

    // The carrier has asked, and the leg does not come into the conference.
    let (_, view) = listen(&supervisor, &begun.call, "listen").await;
    assert!(ask_to_listen(&app, &supervisor, view["id"].as_str().unwrap(), SUPERVISORS_LEG).await.contains("</Conference>"));
    assert!(age(11).await.is_object(), "it is on its way");
    assert_eq!(age(20).await, json!(null));
    // Late, it is not let in again.
    let leg = Begun { agent: supervisor.clone(), call: begun.call.clone(), leg: SUPERVISORS_LEG };
    leg.conference(&app, "participant-join", "7", &[("ParticipantLabel", "")]).await;
    assert_eq!(supervisor.ask("/api/calls/monitored", json!({})).await, json!(null));
    assert_eq!(app.count("select count(*) from calls.monitoring where joined_at is not null").await, 0);
    app.stop().await;
}

/// A limit of the carrier's that all servers share.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn calls_wait_for_their_turn_and_are_not_made_when_that_is_too_long(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    sqlx::query("update calls.carrier_pace set next_at = now() + interval '9 seconds'").execute(&app.pool).await.unwrap();
    begun.join(&app).await;
    let call = begun.until("ended").await;
    assert_eq!(call["end"]["how"], "not_placed");
    assert!(call["end"]["words"].as_str().unwrap().contains("Too many calls"), "{call}");
    assert_eq!((people_rung(&app).await, app.count("select count(*) from queue.attempt").await), (0, 0));
    assert_eq!(
        app.count("select count(*) from calls.carrier_pace where next_at < now() + interval '10 seconds'").await,
        1,
        "no turn was taken"
    );

    sqlx::query("update calls.carrier_pace set next_at = now() + interval '1 second'").execute(&app.pool).await.unwrap();
    let held = begun.agent.ask("/api/queue/current", json!({})).await;
    let again = crate::begun::start(begun.agent.clone(), &held, "CAffffffffffffffffffffffffffffffff").await;
    again.join(&app).await;
    assert_eq!(again.find().await["state"], "checking", "it is not its turn yet");
    again.until("connected").await;
    assert_eq!(people_rung(&app).await, 1);
    app.stop().await;
}

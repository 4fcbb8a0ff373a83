//! From Call to the outcome, over HTTP, with the emulated carrier.

use auth::Role;
use chrono::TimeDelta;
use futures::future::join_all;
use kernel::{AgentId, Hint, machine_now};
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use testkit::{RoundTrips, TestPlatform};

use crate::begun::{ANSWERS, DOES_NOT_ANSWER, ENGAGED, FAILS, HANGS_UP, LEG, begin, next_person, pass, people_rung, set_faults, start};
use crate::support::{Log, TestApp};

/// lessons, line 28: two dispositions on a double click.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_rings_the_person_only_with_the_agent_on_the_line_and_ends_in_one_outcome(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    assert_eq!(people_rung(&app).await, 0);
    let me = begun.agent.ask("/api/auth/me", json!({})).await;
    assert_eq!((&me["engagement"], &me["intention"]), (&json!("on_call"), &json!("available")));
    let refused = begun.agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
    assert_eq!(refused.0, 409, "{}", refused.1);

    begun.join(&app).await;
    let call = begun.until("connected").await;
    assert_eq!(call["number"], "07700 900001");
    assert_eq!(people_rung(&app).await, 1);
    let held = begun.agent.ask("/api/queue/current", json!({})).await;
    assert_eq!((&held["call_id"], &held["user"]["id"]), (&json!(begun.call), &json!("1")), "the person stays on the screen");
    assert_eq!(app.count("select count(*) from queue.decision where purpose = 'dial' and outcome = 'callable'").await, 1);

    // Neither skipping nor going offline takes somebody from a call.
    let skipped = begun.agent.post("/api/queue/release", json!({"lease_id": held["lease_id"], "reason": "language", "note": null})).await;
    assert_eq!(skipped.0, 409);
    begun.agent.ask("/api/auth/set_presence", json!({"intention": "offline"})).await;
    assert_eq!(begun.agent.ask("/api/queue/current", json!({})).await["call_id"], json!(begun.call));
    begun.agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;

    begun.hang_up(&app).await;
    let call = begun.until("ended").await;
    assert_eq!(call["end"]["how"], "by_agent");
    assert_eq!(begun.agent.ask("/api/auth/me", json!({})).await["engagement"], "wrap_up");
    app.until_count("the person's leg has ended", "select count(*) from calls.leg where party = 'person' and ended_at is not null", 1)
        .await;

    let choices = call["wrap_up"]["choices"].as_array().unwrap();
    let keys: Vec<(u64, &str)> =
        choices.iter().filter_map(|choice| Some((choice["key"].as_u64()?, choice["disposition"].as_str()?))).collect();
    assert_eq!(keys[..3], [(1, "completed"), (2, "going_to_complete"), (3, "might_complete")]);
    assert_eq!(keys.len(), 9);
    let chosen = choices.iter().find(|choice| choice["disposition"] == "going_to_complete").unwrap();
    assert_eq!((&chosen["hint"], &chosen["attempts"]), (&json!("next 27 Nov"), &json!("1 of 3 today · 1 of 10 in seven days")));
    let against = |code: &str| choices.iter().find(|choice| choice["disposition"] == code).unwrap()["doubt"].clone();
    assert_eq!((against("going_to_complete"), against("left_voicemail")), (json!(null), json!(null)));
    assert_eq!(against("no_answer"), "the carrier heard somebody answer, or a machine");
    assert_eq!(chosen["next_attempt"], "Friday 27 November, from 10:31");

    // A double click, and the page that was loaded anew: one outcome.
    let answers = join_all((0..5).map(|_| begun.record("going_to_complete"))).await;
    assert!(answers.iter().all(|answer| answer["disposition"] == "going_to_complete"));
    assert_eq!(begun.record("contacted").await["disposition"], "going_to_complete", "the first one stands");
    assert_eq!(app.count("select count(*) from calls.outcome").await, 1);
    let notes: String = sqlx::query_scalar("select notes from calls.outcome").fetch_one(&app.pool).await.unwrap();
    assert_eq!(notes, "as typed <b>", "verbatim");
    let (disposition, is_reached): (String, bool) =
        sqlx::query_as("select disposition, is_reached from queue.attempt").fetch_one(&app.pool).await.unwrap();
    assert_eq!((&*disposition, is_reached), ("going_to_complete", true));
    let hours: f64 = sqlx::query_scalar("select extract(epoch from available_at - $1)::float8 / 3600 from queue.entry where user_id = 1")
        .bind(app.now())
        .fetch_one(&app.pool)
        .await
        .unwrap();
    assert!((71.9..72.0).contains(&hours), "{hours}");
    assert_eq!(app.count("select count(*) from queue.lease").await, 0);

    let me = begun.agent.ask("/api/auth/me", json!({})).await;
    assert_eq!(me["engagement"], json!(null));
    assert_eq!(begun.agent.call_next().await["user"]["id"], "2", "another person");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_signs_between_call_next_and_call_is_not_rung_and_counts_as_saved(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    sqlx::query("update users set current_signature_file_id = '00000000-0000-4000-8000-000000000009' where id = 1")
        .execute(app.platform.primary())
        .await
        .unwrap();
    app.platform.caught_up().await.unwrap();

    begun.join(&app).await;
    let call = begun.until("ended").await;

    assert_eq!(call["end"]["how"], "refused");
    assert_eq!(call["end"]["words"], "No call needed: signed in the meantime. Priya was not rung.");
    assert_eq!((&call["end"]["is_saved_call"], &call["wrap_up"]), (&json!(true), &json!(null)));
    assert_eq!(people_rung(&app).await, 0);
    assert_eq!(app.count("select count(*) from queue.attempt").await, 0);
    assert_eq!(begun.agent.ask("/api/queue/summary", json!({})).await["saved_today_by_me"], 1);
    assert_eq!(begun.agent.ask("/api/auth/me", json!({})).await["engagement"], json!(null));
    assert_eq!(begun.agent.ask("/api/calls/current", json!({})).await, json!(null));
    assert_eq!(begun.agent.call_next().await["user"]["id"], "2");
    app.stop().await;
}

/// lessons, line 18: the browser said which number to ring; and line 20: calls placed minutes later.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_browser_chooses_nothing_but_its_own_fresh_call_once(_: PgPoolOptions, connect: PgConnectOptions) {
    let (log, _guard) = Log::start();
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    let from = format!("client:agent_{}", begun.agent.agent);
    let other = app.signed_in(Role::Agent).await;
    let stranger = format!("client:agent_{}", other.agent);

    let rejected = |form: Vec<(&'static str, String)>| {
        let app = &app;
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let (status, document) = app.webhook("/webhooks/twilio/voice", &form).await;
            assert_eq!(status, 200);
            assert!(document.contains("<Reject"), "{form:?}: {document}");
        }
    };
    let sid = || ("CallSid", LEG.to_owned());
    rejected(vec![sid(), ("From", from.clone()), ("To", "+447700900142".into())]).await;
    rejected(vec![sid(), ("From", stranger), ("call_id", begun.call.clone())]).await;
    rejected(vec![sid(), ("From", "+447700900142".into()), ("call_id", begun.call.clone())]).await;
    rejected(vec![sid(), ("From", from.clone()), ("call_id", "not-a-call".into())]).await;
    rejected(vec![sid(), ("From", from.clone()), ("call_id", uuid_of_nothing())]).await;
    assert_eq!(begun.find().await["state"], "created");
    for (path, more) in [
        ("find", json!({})),
        ("hang_up", json!({})),
        ("extend_wrap_up", json!({})),
        ("note", json!({})),
        ("save_notes", json!({"notes": "a stranger's"})),
        ("record_outcome", json!({"disposition": "contacted", "notes": "a stranger's"})),
    ] {
        let mut body = more;
        body["call_id"] = json!(begun.call);
        let (status, answer) = other.post(&format!("/api/calls/{path}"), body).await;
        assert_eq!(status, 404, "{path}: {answer}");
    }
    assert_eq!(begun.find().await["notes"], "");

    // A number in the request changes nothing: the replica's is rung.
    let (status, document) = app
        .webhook(
            "/webhooks/twilio/voice",
            &[("CallSid", LEG), ("From", &from), ("To", "+447700900142"), ("Number", "+447700900142"), ("call_id", &begun.call)],
        )
        .await;
    assert!(status == 200 && document.contains("<Conference") && !document.contains("900142"), "{document}");
    assert_eq!(begun.ask_voice(&app, LEG).await.1, document, "the carrier asks again after a lost answer");
    rejected(vec![("CallSid", LEG.replace('a', "b")), ("From", from.clone()), ("call_id", begun.call.clone())]).await;
    begun.conference(&app, "participant-join", "1", &[]).await;
    assert_eq!(begun.until("connected").await["number"], "07700 900001");
    let rejections = log.lines("was rejected");
    for (count, why) in [(3, "without a call of ours"), (1, "with an unknown id"), (1, "it is another agent's"), (1, "it was used before")]
    {
        assert_eq!(rejections.iter().filter(|line| line.contains(why)).count(), count, "{why}: {rejections:#?}");
    }
    assert_eq!(rejections.len(), 6);
    assert!(rejections.iter().all(|line| line.contains(" WARN ") && !line.contains("900142")), "{rejections:#?}");
    app.stop().await;
}

/// lessons, line 40: no webhook signature was checked anywhere.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn forged_and_unsigned_webhooks_are_refused(_: PgPoolOptions, connect: PgConnectOptions) {
    let (log, _guard) = Log::start();
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    let from = format!("client:agent_{}", begun.agent.agent);
    let form = [("CallSid", LEG), ("From", from.as_str()), ("call_id", begun.call.as_str())];
    let http = reqwest::Client::new();
    for path in ["voice", "conference-status", "call-status"] {
        let url = format!("{}/webhooks/twilio/{path}", app.base);
        for signature in [None, Some(""), Some("bm90IGEgc2lnbmF0dXJl")] {
            let mut request = http.post(&url).form(&form);
            if let Some(signature) = signature {
                request = request.header("x-twilio-signature", signature);
            }
            assert_eq!(request.send().await.unwrap().status(), 403, "{path} {signature:?}");
        }
    }
    assert_eq!(log.lines("without a right signature was refused").len(), 9);
    // Signed for one call, used for another: of two that wait for their agents, each is joined by its own leg alone.
    let other = app.signed_in(Role::Agent).await;
    let hand_out = other.call_next().await;
    let other = start(other, &hand_out, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb").await;
    for call in [&begun, &other] {
        assert!(call.ask_voice(&app, call.leg).await.1.contains("<Conference"));
    }
    let path = format!("/webhooks/twilio/conference-status?call={}", other.call);
    for (name, leg) in [(&begun.call, begun.leg), (&other.call, begun.leg), (&begun.call, other.leg)] {
        let name = format!("call-{name}");
        let join =
            [("FriendlyName", name.as_str()), ("StatusCallbackEvent", "participant-join"), ("CallSid", leg), ("ParticipantLabel", "agent")];
        assert_eq!(app.webhook(&path, &join).await.0, 204);
        let person = [
            ("FriendlyName", name.as_str()),
            ("StatusCallbackEvent", "participant-join"),
            ("CallSid", leg),
            ("ParticipantLabel", "person"),
        ];
        assert_eq!(app.webhook(&path, &person).await.0, 204);
    }
    for call in [&begun, &other] {
        assert_eq!(call.find().await["state"], "joining");
    }
    assert_eq!(app.count("select count(*) from calls.event where source <> 'voice'").await, 0);
    assert_eq!(app.count("select count(*) from calls.leg").await, 2);
    // Nor does it matter under which address a leg is spoken of: it is its own call's.
    let gone = [("CallSid", begun.leg), ("CallStatus", "completed"), ("SequenceNumber", "3")];
    assert_eq!(app.webhook(&format!("/webhooks/twilio/call-status?call={}", other.call), &gone).await.0, 204);
    begun.until("ended").await;
    assert_eq!(other.find().await["state"], "joining");
    app.stop().await;
}

/// lessons, line 17: late `ringing` overwrote `completed`.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn repeated_late_and_reordered_events_have_no_effect(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, HANGS_UP).await;
    // The agent is said to have joined before asking: nothing happens.
    assert_eq!(begun.conference(&app, "participant-join", "1", &[]).await, 204);
    assert_eq!(begun.find().await["state"], "created");
    let (_, document) = begun.ask_voice(&app, LEG).await;
    assert!(document.contains("<Conference"));
    for _ in 0..3 {
        assert_eq!(begun.conference(&app, "participant-join", "2", &[]).await, 204);
    }
    let call = begun.until("ended").await;
    assert_eq!(call["end"]["how"], "by_person");
    assert_eq!(call["end"]["words"], "Priya hung up.");
    // Who is cut off by the carrier after the longest time has not hung up.
    let two_hours = "update calls.call set answered_at = answered_at + $1 * interval '2 hours'";
    sqlx::query(two_hours).bind(-1.0).execute(&app.pool).await.unwrap();
    assert_eq!(begun.find().await["end"]["words"], "The call was ended after two hours: none may last longer.");
    sqlx::query(two_hours).bind(1.0).execute(&app.pool).await.unwrap();
    assert_eq!(people_rung(&app).await, 1, "joined three times, rung once");

    let leg: String = sqlx::query_scalar("select sid from calls.leg where party = 'person'").fetch_one(&app.pool).await.unwrap();
    let path = format!("/webhooks/twilio/call-status?call={}", begun.call);
    for (sequence, status) in [("9", "ringing"), ("8", "in-progress"), ("7", "ringing"), ("7", "ringing"), ("10", "no-answer")] {
        let form = [("CallSid", leg.as_str()), ("CallStatus", status), ("SequenceNumber", sequence)];
        assert_eq!(app.webhook(&path, &form).await.0, 204);
    }
    let after = begun.find().await;
    assert_eq!((&after["state"], &after["end"]), (&call["state"], &call["end"]));
    let stray = [("CallSid", "CAffffffffffffffffffffffffffffffff"), ("CallStatus", "completed"), ("SequenceNumber", "3")];
    assert_eq!(app.webhook("/webhooks/twilio/call-status", &stray).await.0, 204, "a leg of nobody's");
    app.stop().await;
}

/// What was rightly signed, and says nothing or says it again, changes nothing.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn replayed_webhooks_change_nothing_and_malformed_ones_are_refused(_: PgPoolOptions, connect: PgConnectOptions) {
    let (log, _guard) = Log::start();
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, HANGS_UP).await;
    begun.join(&app).await;
    begun.until("ended").await;
    begun.record("contacted").await;
    app.until_count("all has been heard", "select count(*) from calls.leg where party = 'person' and ended_at is not null", 1).await;

    let about = format!("call={}", begun.call);
    let malformed = [
        ("conference-status", "", vec![("CallSid", LEG), ("StatusCallbackEvent", "participant-join")]),
        ("conference-status", about.as_str(), vec![("CallSid", LEG)]),
        ("call-status", about.as_str(), vec![("CallStatus", "completed")]),
        ("call-status", about.as_str(), vec![("CallSid", "not an id"), ("CallStatus", "completed")]),
        ("call-status", about.as_str(), vec![("CallSid", LEG)]),
        ("recording-status", "", vec![("RecordingSid", "RE00000000000000000000000000000001"), ("RecordingStatus", "completed")]),
        ("recording-status", about.as_str(), vec![("RecordingStatus", "completed")]),
        ("call-status", "call=nonsense", vec![("CallSid", LEG), ("CallStatus", "completed")]),
    ];
    for (path, about, form) in malformed {
        let (status, _) = app.webhook(&format!("/webhooks/twilio/{path}?{about}"), &form).await;
        assert_eq!(status, 400, "{path} {about} {form:?}");
    }
    assert_eq!(log.lines("a webhook that cannot be was refused").len(), 7);

    // Everything that the carrier has said of this call, as it signed it, once more.
    let records = async || -> String {
        sqlx::query_scalar(
            "select jsonb_build_object('calls', (select jsonb_agg(c) from calls.call c), 'legs', (select jsonb_agg(l order by l.sid) from calls.leg l),
                'attempts', (select jsonb_agg(a) from queue.attempt a), 'outcomes', (select jsonb_agg(o) from calls.outcome o))::text",
        )
        .fetch_one(&app.pool)
        .await
        .unwrap()
    };
    let before = records().await;
    let url = format!("{}/twilio/admin/journal?kind=webhook", app.base);
    let told: Vec<serde_json::Value> = reqwest::get(url).await.unwrap().json().await.unwrap();
    let mut replayed = 0;
    for told in &told {
        let (url, params) = (told["detail"]["url"].as_str().unwrap(), told["detail"]["params"].as_object().unwrap());
        let form: Vec<(&str, &str)> = params.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        let (status, _) = app.webhook(url.strip_prefix(&*app.base).unwrap(), &form).await;
        assert!((200..300).contains(&status), "{url}: {status}");
        replayed += 1;
    }
    assert!(replayed > 3, "{told:?}");
    assert_eq!(records().await, before);
    app.stop().await;
}

/// lessons, line 16: the parent's leg was taken for the person's. What becomes of the agent's leg says nothing of an answer.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_agents_leg_that_is_answered_and_over_is_no_answer_of_the_person(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier_as_in_life(connect).await;
    let begun = begin(&app, ANSWERS).await;
    next_person(&app, json!([{"ring_ms": 20_000}, {"answer": true}])).await;
    begun.join(&app).await;
    begun.until("ringing").await;
    let says = async |status: &str, sequence: &str, seconds: &str| {
        let form = [("CallSid", begun.leg), ("CallStatus", status), ("SequenceNumber", sequence), ("CallDuration", seconds)];
        assert_eq!(app.webhook("/webhooks/twilio/call-status", &form).await.0, 204);
    };

    says("in-progress", "2", "").await;
    let call = begun.find().await;
    assert_eq!((&call["state"], &call["talk_seconds"]), (&json!("ringing"), &json!(null)));
    pass(&app, 7).await;
    says("completed", "3", "7").await;
    let call = begun.until("ended").await;
    assert_eq!((&call["end"]["how"], &call["talk_seconds"]), (&json!("cancelled"), &json!(null)));
    assert_eq!(call["wrap_up"]["suggested"], "no_answer");
    sqlx::query("update calls.call set wrap_up_until = wrap_up_until - interval '3 minutes'").execute(&app.pool).await.unwrap();
    app.app.calls.close_overdue().await.unwrap();
    let is_reached: bool = sqlx::query_scalar("select is_reached from queue.attempt").fetch_one(&app.pool).await.unwrap();
    assert!(!is_reached, "nobody answered");
    app.stop().await;
}

/// lessons, line 16: times come from the events, which may be late.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_talk_lasts_as_long_as_the_events_say_and_not_as_long_as_they_took_to_arrive(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    set_faults(&app, json!({"webhook_lost": 50})).await;
    begun.join(&app).await;
    app.until_count("the leg is known", "select count(*) from calls.leg where party = 'person'", 1).await;
    let leg: String = sqlx::query_scalar("select sid from calls.leg where party = 'person'").fetch_one(&app.pool).await.unwrap();
    sqlx::query("update calls.call set state_since = state_since - interval '1 minute'").execute(&app.pool).await.unwrap();
    let path = format!("/webhooks/twilio/call-status?call={}", begun.call);
    let says = async |status: &str, sequence: &str, seconds_ago: i64| {
        let at = (machine_now() - TimeDelta::seconds(seconds_ago)).to_rfc2822();
        let form = [("CallSid", leg.as_str()), ("CallStatus", status), ("SequenceNumber", sequence), ("Timestamp", at.as_str())];
        assert_eq!(app.webhook(&path, &form).await.0, 204);
        begun.find().await
    };

    // A clock that is far behind or ahead is believed as far as it can be.
    let rings = says("ringing", "1", 3600).await;
    assert!((60..=63).contains(&rings["state_seconds"].as_i64().unwrap()), "since it was dialled: {rings}");
    let talks = says("in-progress", "2", 40).await;
    assert!((39..=43).contains(&talks["talk_seconds"].as_i64().unwrap()), "{talks}");
    let over = says("completed", "3", 10).await;
    assert_eq!(over["end"]["how"], "by_person");
    assert!((29..=31).contains(&over["talk_seconds"].as_i64().unwrap()), "{over}");
    let again = says("in-progress", "4", -3600).await;
    assert_eq!(again["talk_seconds"], over["talk_seconds"]);
    app.stop().await;
}

/// The catalogue is data, its codes are the program's own: another would make every screen fail.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_catalogue_takes_no_code_that_the_program_does_not_know_and_says_who_looks(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let add = "insert into calls.disposition (position, code, label) values (99, 'abducted', 'Abducted')";
    let refused = sqlx::query(add).execute(&app.pool).await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().constraint(), Some("disposition_code_is_known"));

    sqlx::query("update calls.disposition set also = 'Read the script.' where code = 'vulnerable'").execute(&app.pool).await.unwrap();
    let begun = begin(&app, ENGAGED).await;
    begun.join(&app).await;
    let call = begun.until("ended").await;
    let choices = call["wrap_up"]["choices"].as_array().unwrap();
    let also = |code: &str| choices.iter().find(|choice| choice["disposition"] == code).unwrap()["also"].clone();
    assert_eq!(choices.len(), 16, "all but what the system alone records");
    assert_eq!(also("no_claim"), "A supervisor will look at it.");
    assert_eq!(also("vulnerable"), "Read the script. A supervisor will look at it.");
    assert_eq!(also("contacted"), json!(null));
    // What the agent says against the carrier is doubted in words, and taken.
    let against = |code: &str| choices.iter().find(|choice| choice["disposition"] == code).unwrap()["doubt"].clone();
    assert_eq!((against("contacted"), against("busy")), (json!("the carrier heard nobody answer"), json!(null)));
    assert_eq!(begun.record("contacted").await["disposition"], "contacted");
    app.stop().await;
}

/// lessons, line 21: the token died after an hour. The browser is told how long it lives, and it lives so long.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_voice_token_lives_as_long_as_the_browser_is_told(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let telephone = &app.carrier.as_ref().unwrap().telephone;
    let token = agent.ask("/api/calls/voice_token", json!({})).await;
    let claims = twilio::Claims::verify(token["token"].as_str().unwrap(), &telephone.api_secret, machine_now()).unwrap();
    assert_eq!((&token["seconds"], claims.exp - claims.iat), (&json!(14_400), 14_400));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn engaged_unanswered_and_failed_calls_suggest_what_to_record(_: PgPoolOptions, connect: PgConnectOptions) {
    for (number, how, suggested) in [(ENGAGED, "busy", "busy"), (DOES_NOT_ANSWER, "no_answer", "no_answer"), (FAILS, "failed", "failed")] {
        let app = TestApp::with_carrier(connect.clone()).await;
        sqlx::query("truncate queue.entry, queue.lease, queue.attempt, calls.call cascade").execute(&app.pool).await.unwrap();
        let begun = begin(&app, number).await;
        begun.join(&app).await;
        let call = begun.until("ended").await;
        assert_eq!((&call["end"]["how"], &call["wrap_up"]["suggested"]), (&json!(how), &json!(suggested)), "{call}");
        begun.record(suggested).await;
        let (is_failed, is_reached): (bool, bool) =
            sqlx::query_as("select is_failed, is_reached from queue.attempt").fetch_one(&app.pool).await.unwrap();
        assert!(is_failed && !is_reached);
        app.stop().await;
    }
}

/// lessons, line 58: the second click of a double click hung up, and Enter saved an outcome that was chosen already.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_that_the_agent_ended_within_three_seconds_has_no_outcome_chosen(_: PgPoolOptions, connect: PgConnectOptions) {
    for (rang_for, suggested) in [(0, json!(null)), (4, json!("no_answer"))] {
        let app = TestApp::with_carrier_as_in_life(connect.clone()).await;
        sqlx::query("truncate queue.entry, queue.lease, queue.attempt, calls.call cascade").execute(&app.pool).await.unwrap();
        let begun = begin(&app, ANSWERS).await;
        next_person(&app, json!([{"ring_ms": 20_000}, {"answer": true}])).await;
        begun.join(&app).await;
        begun.until("ringing").await;
        pass(&app, rang_for).await;
        begun.hang_up(&app).await;
        let call = begun.until("ended").await;
        assert_eq!((&call["end"]["how"], &call["wrap_up"]["suggested"]), (&json!("cancelled"), &suggested), "{call}");
        // Also when the page is loaded anew.
        assert_eq!(begun.agent.ask("/api/calls/current", json!({})).await["wrap_up"]["suggested"], suggested);
        app.stop().await;
    }
}

/// lessons, line 26: wrap-up timers lived in the browser and died with it.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_wrap_up_that_runs_out_is_recorded_by_the_system_and_the_agent_goes_on_a_break(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.agent.ask("/api/calls/save_notes", json!({"call_id": begun.call, "notes": "half a sen"})).await;
    begun.hang_up(&app).await;
    let call = begun.until("ended").await;
    assert_eq!(call["notes"], "half a sen");
    let left = call["wrap_up"]["seconds_left"].as_i64().unwrap();
    let more = begun.agent.ask("/api/calls/extend_wrap_up", json!({"call_id": begun.call})).await;
    assert!((28..=30).contains(&(more["wrap_up"]["seconds_left"].as_i64().unwrap() - left)), "{left} then {more}");

    app.app.calls.close_overdue().await.unwrap();
    assert_eq!(app.count("select count(*) from calls.outcome").await, 0, "not yet");
    sqlx::query("update calls.call set wrap_up_until = wrap_up_until - interval '3 minutes'").execute(&app.pool).await.unwrap();
    app.app.calls.close_overdue().await.unwrap();

    let (disposition, notes, by): (String, String, Option<i64>) =
        sqlx::query_as("select disposition, notes, recorded_by from calls.outcome").fetch_one(&app.pool).await.unwrap();
    assert_eq!((&*disposition, &*notes, by), ("not_recorded", "half a sen", None));
    let me = begun.agent.ask("/api/auth/me", json!({})).await;
    assert_eq!((&me["engagement"], &me["intention"]), (&json!(null), &json!("break")));
    let states = "select state from auth.presence where agent_id = $1 order by since";
    let states: Vec<String> = sqlx::query_scalar(states).bind(begun.agent.agent).fetch_all(&app.pool).await.unwrap();
    assert_eq!(states, ["available", "on_call", "wrap_up", "break"], "nobody was available in between");

    // It is asked for, without a limit, and a note can be written still; nobody else's is shown.
    let unrecorded = begun.agent.ask("/api/calls/unrecorded", json!({})).await;
    assert_eq!((unrecorded.as_array().unwrap().len(), &unrecorded[0]["call_id"]), (1, &json!(begun.call)), "{unrecorded}");
    assert_eq!(app.signed_in(Role::Agent).await.ask("/api/calls/unrecorded", json!({})).await, json!([]));
    let open = begun.find().await;
    assert_eq!(open["wrap_up"]["seconds_left"], json!(null));
    assert!(open["wrap_up"]["choices"].as_array().unwrap().len() > 9, "{open}");
    begun.agent.ask("/api/calls/save_notes", json!({"call_id": begun.call, "notes": "half a sentence"})).await;
    assert_eq!(begun.find().await["notes"], "half a sentence");

    // The agent's word takes the place of the system's, for the number too, and leaves presence alone; what stood is kept.
    let true_one = json!({"call_id": begun.call, "disposition": "do_not_contact", "notes": "half a sentence, and the rest"});
    assert_eq!(begun.agent.ask("/api/calls/record_outcome", true_one).await["disposition"], "do_not_contact");
    assert_eq!(begun.record("contacted").await["disposition"], "do_not_contact", "the agent's own word stands");
    assert_eq!(begun.agent.ask("/api/calls/unrecorded", json!({})).await, json!([]));
    assert_eq!(begun.find().await["wrap_up"], json!(null));
    let closed = begun.agent.post("/api/calls/save_notes", json!({"call_id": begun.call, "notes": "later"})).await;
    assert_eq!(closed.0, 404, "{}", closed.1);
    let kept: Vec<String> = sqlx::query_scalar("select disposition from calls.superseded_outcome").fetch_all(&app.pool).await.unwrap();
    assert_eq!(kept, ["not_recorded"]);
    assert_eq!(app.count("select count(*) from queue.suppression where kind = 'do_not_contact' and user_id = 1").await, 1);
    assert_eq!(app.count("select count(*) from queue.entry where user_id = 1").await, 0);
    assert_eq!(begun.agent.ask("/api/auth/me", json!({})).await["intention"], "break");
    app.stop().await;
}

/// A note is kept many times in a call. Each time the agent's other windows are to ask for the note, and nobody for anything else.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_kept_note_has_nobody_ask_for_more_than_the_note(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ENGAGED).await;
    begun.join(&app).await;
    begun.until("ended").await;
    let mut hearing = app.hear().await;
    let reads = app.app.replica.reads();

    begun.agent.ask("/api/calls/save_notes", json!({"call_id": begun.call, "notes": "half a sen"})).await;

    assert_eq!(hearing.so_far().await, [Hint::Note(AgentId::new(begun.agent.agent))]);
    assert_eq!(begun.agent.ask("/api/calls/note", json!({"call_id": begun.call})).await, "half a sen");
    assert_eq!(app.app.replica.reads(), reads);
    app.stop().await;
}

/// What was true of an earlier call says nothing of what a later one has settled; an objection holds whenever it is said.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_is_said_late_of_a_call_leaves_what_a_later_call_settled(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(ENGAGED).claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let mut begun = Vec::new();
    for leg in [LEG, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CAcccccccccccccccccccccccccccccccc"] {
        let hand_out = agent.call_next().await;
        let call = start(agent.clone(), &hand_out, leg).await;
        call.join(&app).await;
        assert_eq!(call.until("ended").await["end"]["how"], "busy");
        if begun.len() < 2 {
            // Nothing is said of it in time.
            sqlx::query("update calls.call set wrap_up_until = wrap_up_until - interval '3 minutes'").execute(&app.pool).await.unwrap();
            app.app.calls.close_overdue().await.unwrap();
            agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
            app.clock.advance(TimeDelta::minutes(4 * 60 + 1));
        }
        begun.push(call);
    }
    let promise = json!({"call_id": begun[2].call, "disposition": "callback_requested", "callback_at": "2026-11-25T15:00"});
    begun[2].agent.ask("/api/calls/record_outcome", promise).await;
    let settled = async || -> Vec<String> {
        sqlx::query_scalar(
            "select to_jsonb(e)::text from queue.entry e
             union all select to_jsonb(c)::text from queue.callback c
             union all select (to_jsonb(a) - 'disposition')::text from queue.attempt a where a.call_id = $1::text::uuid",
        )
        .bind(&begun[2].call)
        .fetch_all(&app.pool)
        .await
        .unwrap()
    };
    let before = settled().await;
    assert_eq!(before.len(), 3, "{before:?}");

    let open = begun[0].find().await;
    let choices = open["wrap_up"]["choices"].as_array().unwrap();
    let choice = |disposition: &str| choices.iter().find(|choice| choice["disposition"] == disposition).unwrap();
    let late = choice("not_interested");
    assert_eq!((&late["next_attempt"], &late["order"]), (&json!("As a later call has settled it"), &json!(null)));
    assert!(choice("do_not_contact")["next_attempt"].as_str().unwrap().starts_with("No further call"));

    let recorded = begun[0].record("not_interested").await;
    assert_eq!(recorded["words"], "Recorded. A later call has settled the next attempt, and that stands.");
    assert_eq!(settled().await, before);
    let said: Vec<String> = sqlx::query_scalar("select disposition from queue.attempt order by id").fetch_all(&app.pool).await.unwrap();
    assert_eq!(said, ["not_interested", "not_recorded", "callback_requested"]);

    // The number is another's: nobody rings it, and so nobody keeps the promise, until it changes.
    let recorded = begun[1].record("do_not_contact").await;
    assert!(recorded["words"].as_str().unwrap().starts_with("No further call"), "{recorded}");
    assert_eq!(app.count("select count(*) from queue.entry").await, 0);
    assert_eq!(app.count("select count(*) from queue.callback where state = 'no_longer_needed'").await, 1);
    app.stop().await;
}

/// A promise is never lost (lessons, line 31): one that is told of late is made unless there is another.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_that_is_told_of_late_is_made_unless_there_is_another(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(ENGAGED).claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let mut begun = Vec::new();
    for leg in [LEG, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", "CAcccccccccccccccccccccccccccccccc"] {
        let hand_out = agent.call_next().await;
        let call = start(agent.clone(), &hand_out, leg).await;
        call.join(&app).await;
        assert_eq!(call.until("ended").await["end"]["how"], "busy");
        sqlx::query("update calls.call set wrap_up_until = wrap_up_until - interval '3 minutes'").execute(&app.pool).await.unwrap();
        app.app.calls.close_overdue().await.unwrap();
        agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
        app.clock.advance(TimeDelta::minutes(4 * 60 + 1));
        begun.push(call);
    }
    let entry = "select count(*) from queue.entry where kind = 'unsigned_users' and available_at > '2026-11-24T22:00:00Z'";
    assert_eq!(app.count(entry).await, 1);
    let promise = |call: &str, at: &str| json!({"call_id": call, "disposition": "callback_requested", "callback_at": at});

    let first = agent.ask("/api/calls/record_outcome", promise(&begun[0].call, "2026-11-25T15:00")).await;
    let second = agent.ask("/api/calls/record_outcome", promise(&begun[1].call, "2026-11-25T16:00")).await;

    assert_eq!(first["words"], "Callback promised for Wednesday 25 November, 15:00.");
    assert_eq!(second["words"], "Recorded. Another callback is promised since a later call, and that stands.");
    let promises: Vec<(String, String)> =
        sqlx::query_as("select state, promised_wall_time::text from queue.callback").fetch_all(&app.pool).await.unwrap();
    assert_eq!(promises, [("scheduled".into(), "2026-11-25 15:00:00".into())]);
    assert_eq!(app.count(entry).await, 1, "as the last call left it");
    app.stop().await;
}

/// What was before the call is what Call next showed: the attempt itself is no part of it.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_score_that_a_disposition_is_compared_with_is_the_one_that_was_handed_out(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(ENGAGED).claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    for leg in [LEG, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"] {
        let hand_out = agent.call_next().await;
        let begun = start(agent.clone(), &hand_out, leg).await;
        begun.join(&app).await;
        let call = begun.until("ended").await;

        let choices = call["wrap_up"]["choices"].as_array().unwrap();
        let order = choices.iter().find(|choice| choice["disposition"] == "busy").unwrap()["order"].as_str().unwrap();
        let (after, before) = order.strip_prefix("score ").unwrap().split_once(", was ").unwrap();
        assert_eq!(before, hand_out["score"]["total"].as_f64().unwrap().to_string(), "{order}");
        begun.record("busy").await;
        let stored: f64 = sqlx::query_scalar("select score from queue.entry where user_id = 1").fetch_one(&app.pool).await.unwrap();
        assert_eq!(after, stored.to_string(), "{order}");
        app.clock.advance(TimeDelta::minutes(2 * 60 + 1));
    }
    app.stop().await;
}

/// lessons, line 27: agents' notes were replaced.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_outcome_without_a_note_keeps_the_one_that_was_typed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ENGAGED).await;
    begun.agent.ask("/api/calls/save_notes", json!({"call_id": begun.call, "notes": "typed while it rang"})).await;
    begun.join(&app).await;
    begun.until("ended").await;
    begun.agent.ask("/api/calls/record_outcome", json!({"call_id": begun.call, "disposition": "busy"})).await;
    let notes: String = sqlx::query_scalar("select notes from calls.outcome").fetch_one(&app.pool).await.unwrap();
    assert_eq!(notes, "typed while it rang");
    app.stop().await;
}

/// lessons, line 31: callbacks vanished. Signed, with nothing pending: only the promise stands, and it does.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_that_was_asked_for_stands_when_nothing_else_does(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(1).claim("santander").phone(ANSWERS).insert().await.unwrap();
    app.platform.user(2).claim("santander").phone("+447700900142").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    for (user, reason) in [(1, "user_asked"), (2, "requirements")] {
        sqlx::query(
            "insert into queue.callback (user_id, reason, promised_at, promised_wall_time, available_at, created_at, created_by)
             values ($1, $2, $3, $3::timestamp, $3, $3, $4)",
        )
        .bind(user)
        .bind(reason)
        .bind(app.now())
        .bind(agent.agent)
        .execute(&app.pool)
        .await
        .unwrap();
    }

    let offered = agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await;
    assert_eq!((&offered["user"]["id"], &offered["queue"]), (&json!("1"), &json!("callbacks")), "{offered}");
    let begun = start(agent, &offered, LEG).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.hang_up(&app).await;
    begun.until("ended").await;
    begun.record("contacted").await;

    assert_eq!(begun.agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await["user"], json!(null));
    let states: Vec<(i64, String)> =
        sqlx::query_as("select user_id, state from queue.callback order by user_id").fetch_all(&app.pool).await.unwrap();
    assert_eq!(states, [(1, "kept".into()), (2, "no_longer_needed".into())]);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_promise_is_kept_by_its_agent_first_and_comes_before_any_queue(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.hang_up(&app).await;
    let call = begun.until("ended").await;
    // What would be refused is refused while it is being chosen, in the same words, and the next time that can be kept is named.
    let to = json!({"call": {"user": call["user_id"], "queue": "unsigned_users", "asked_regardless": false}});
    let choose = async |at: &str| begun.agent.ask("/api/queue/promise_times", json!({"to": to, "at": at})).await;
    let labels: Vec<Value> = choose("").await["choices"].as_array().unwrap().iter().map(|choice| choice["label"].clone()).collect();
    assert_eq!(labels, ["In 1 hour", "This evening", "Tomorrow", "Thursday"]);
    for (at, words, instead) in [
        ("tomorrow", "cannot be read", json!(null)),
        ("2026-11-24T21:30", "may not be made", json!("2026-11-25T09:00")),
        ("2026-11-29T11:00", "may not be made", json!("2026-11-30T09:00")),
        ("2027-11-24T11:00", "at most 30 days", json!(null)),
    ] {
        let asked = &choose(at).await["asked"];
        assert!(asked["refused"].as_str().unwrap().contains(words), "{asked}");
        assert_eq!(asked["instead"]["at"], instead, "{asked}");
    }
    let asked = &choose("2026-11-24T14:30").await["asked"];
    assert_eq!((&asked["refused"], &asked["said"]), (&json!(null), &json!("Tuesday 24 November, 14:30")));
    let record = |at: Value| json!({"call_id": begun.call, "disposition": "callback_requested", "notes": "", "callback_at": at});
    for (at, words) in [
        (json!(null), "choose when"),
        (json!("tomorrow"), "cannot be read"),
        (json!("2026-11-24T09:30"), "already past"),
        (json!("2026-11-24T21:30"), "may not be made"),
        (json!("2026-11-29T11:00"), "may not be made"),
        (json!("2027-11-24T11:00"), "at most 30 days"),
    ] {
        let (status, answer) = begun.agent.post("/api/calls/record_outcome", record(at.clone())).await;
        assert!(status == 422 && answer["message"].as_str().unwrap().contains(words), "{at}: {answer}");
    }
    let recorded = begun.agent.ask("/api/calls/record_outcome", record(json!("2026-11-24T15:00"))).await;
    assert_eq!(recorded["words"], "Callback promised for Tuesday 24 November, 15:00.");
    let other = app.signed_in(Role::Agent).await;
    assert_eq!(other.call_next().await["user"]["id"], "2", "not due yet");

    app.clock.advance(TimeDelta::minutes(4 * 60 + 31));
    let third = app.signed_in(Role::Agent).await;
    assert_eq!(third.call_next().await["user"]["id"], "2", "the promise is due, but its own agent comes first");
    let kept = begun.agent.call_next().await;
    assert_eq!((&kept["user"]["id"], &kept["queue"]), (&json!("1"), &json!("callbacks")), "{kept}");
    begun.agent.ask("/api/queue/release", json!({"lease_id": kept["lease_id"], "reason": "not_a_good_time", "note": null})).await;
    assert_eq!(begun.agent.call_next().await["user"], json!(null), "put back for half an hour");

    app.clock.advance(TimeDelta::minutes(31));
    let fourth = app.signed_in(Role::Agent).await;
    let anyone = fourth.call_next().await;
    assert_eq!((&anyone["user"]["id"], &anyone["queue"]), (&json!("1"), &json!("callbacks")), "not taken within five minutes: anyone's");
    let again = start(fourth, &anyone, "CAcccccccccccccccccccccccccccccccc").await;
    again.join(&app).await;
    again.until("connected").await;
    let state: String = sqlx::query_scalar("select state from queue.callback").fetch_one(&app.pool).await.unwrap();
    assert_eq!(state, "missed", "rung half an hour late");
    app.stop().await;
}

/// What is promised can be kept: the gate would refuse the call.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_time_that_the_caps_forbid_is_promised_only_to_whoever_asks_regardless(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.hang_up(&app).await;
    begun.until("ended").await;
    sqlx::query(
        "insert into queue.attempt (user_id, number, queue, attempted_at)
         select user_id, number, queue, attempted_at - earlier from queue.attempt, unnest(array[interval '30 minutes', '1 hour']) earlier",
    )
    .execute(&app.pool)
    .await
    .unwrap();
    let record = |at: &str, regardless: bool| json!({"call_id": begun.call, "disposition": "callback_requested", "callback_at": at, "asked_regardless": regardless});

    let (status, refused) = begun.agent.post("/api/calls/record_outcome", record("2026-11-24T15:00", false)).await;
    let words = refused["message"].as_str().unwrap();
    assert!(status == 422 && words.contains("as often as is allowed") && words.contains("tomorrow 09:00"), "{refused}");
    assert_eq!(app.count("select count(*) from queue.callback").await, 0);
    begun.agent.ask("/api/calls/record_outcome", record("2026-11-24T15:00", true)).await;
    assert_eq!(app.count("select count(*) from queue.callback where reason = 'user_asked'").await, 1);
    app.stop().await;
}

/// lessons, line 9: do-not-contact only raised the score.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn do_not_contact_needs_a_note_and_holds_at_once_for_person_and_number(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    app.platform.user(3).unsigned().name("Sam", "Raman").phone(ANSWERS).claim("lloyds").insert().await.unwrap();
    let begun = begin(&app, ANSWERS).await;
    begun.join(&app).await;
    begun.until("connected").await;
    begun.hang_up(&app).await;
    begun.until("ended").await;
    let (status, answer) =
        begun.agent.post("/api/calls/record_outcome", json!({"call_id": begun.call, "disposition": "do_not_contact", "notes": "  "})).await;
    assert_eq!(status, 422, "{answer}");
    let (status, _) =
        begun.agent.post("/api/calls/record_outcome", json!({"call_id": begun.call, "disposition": "not_recorded", "notes": ""})).await;
    assert_eq!(status, 422);

    begun.record("do_not_contact").await;

    // What the agent wrote down is the reason that supervisors read.
    let said = "select count(*) from queue.suppression where kind = 'do_not_contact' and reason = 'as typed <b>'";
    assert_eq!(app.count(said).await, 1);
    assert_eq!(app.count("select count(*) from queue.entry where user_id = 1").await, 0);
    let next = begun.agent.call_next().await;
    assert_eq!(next["user"]["id"], "2", "Sam has the same number: {next}");
    assert_eq!(next["passed_over"][0]["user_id"], "3");
    app.discover().await;
    assert_eq!(app.count("select count(*) from queue.entry where user_id in (1, 3)").await, 0);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_gate_at_the_dial_is_one_statement_to_the_replica(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    let before = app.app.replica.reads();
    begun.join(&app).await;
    begun.until("connected").await;
    assert_eq!(app.app.replica.reads() - before, 1);
    app.stop().await;
}

/// lessons, line 48: count statements per operation. The session's included, and those that begin and commit.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn beginning_and_recording_a_call_cost_few_round_trips(_: PgPoolOptions, connect: PgConnectOptions) {
    let counted = RoundTrips::in_front_of(connect.get_host(), connect.get_port()).await.unwrap();
    let through = connect.clone().host("127.0.0.1").port(counted.port());
    let pool = server::app::pool_options().max_connections(3).connect_with(server::app::with_timeouts(through)).await.unwrap();
    let app = TestApp::with_carrier_over(pool, TestPlatform::new().await.unwrap()).await;
    for id in 1..=4 {
        app.platform.user(id).unsigned().phone(&format!("+4477009100{id:02}")).claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let (mut begin, mut record) = (u64::MAX, u64::MAX);
    for _ in 0..4 {
        let hand_out = agent.call_next().await;
        // Hints of a change follow off the request's path: let them pass before counting.
        app.hints_have_passed().await;
        let before = counted.count();
        let begun = start(agent.clone(), &hand_out, LEG).await;
        begin = begin.min(counted.count() - before);

        sqlx::query("update calls.call set state = 'ended', state_since = $1, ended_at = $1, end_reason = 'no_answer', wrap_up_until = $1 where id = $2::text::uuid")
            .bind(app.now() + TimeDelta::days(1))
            .bind(&begun.call)
            .execute(&app.pool)
            .await
            .unwrap();
        app.hints_have_passed().await;
        let before = counted.count();
        begun.record("no_answer").await;
        record = record.min(counted.count() - before);
    }
    assert_eq!((begin, record), (8, 14));
    app.stop().await;
}

fn uuid_of_nothing() -> String {
    "019abcde-0123-7abc-8def-0123456789ab".to_owned()
}

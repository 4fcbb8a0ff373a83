//! A talk is handed over to a supervisor, who is on the line before the agent leaves it (a warm transfer). What the carrier says of the
//! browsers' legs is said by the test, as in `begun`.

use auth::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, Begun, begin, handed_out, pass, people_rung, start, until_person_is};
use crate::support::{Client, TestApp};

const SUPERVISORS_LEG: &str = "CAdddddddddddddddddddddddddddddddd";
const THEIR_SECOND: &str = "CAeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee";
const HUNG_UP: &[(&str, &str)] = &[("ReasonParticipantLeft", "participant_hung_up"), ("ParticipantLabel", "")];

/// An agent who talks, and a supervisor.
struct Talk {
    begun: Begun,
    supervisor: Client,
}

/// Somebody who is signed in, and was heard.
async fn heard(app: &TestApp, role: Role) -> Client {
    let client = app.signed_in(role).await;
    client.ask("/api/auth/me", json!({})).await;
    client
}

async fn talk(app: &TestApp) -> Talk {
    let begun = begin(app, ANSWERS).await;
    begun.join(app).await;
    begun.until("connected").await;
    Talk { begun, supervisor: heard(app, Role::Supervisor).await }
}

impl Talk {
    async fn ask(&self, supervisor: Option<i64>) -> (u16, Value) {
        let supervisor = supervisor.map(|id| id.to_string());
        let body = json!({"call_id": self.begun.call, "supervisor_id": supervisor, "reason": " They want a manager "});
        self.begun.agent.post("/api/calls/ask_transfer", body).await
    }

    async fn accept(&self, who: &Client) -> (u16, Value) {
        let asked = who.ask("/api/calls/transfer", json!({})).await;
        who.post("/api/calls/accept_transfer", json!({"transfer_id": asked["id"]})).await
    }

    /// What the carrier says of a leg of the supervisor's.
    async fn says(&self, app: &TestApp, leg: &'static str, kind: &str, sequence: &str) {
        let leg = Begun { agent: self.supervisor.clone(), call: self.begun.call.clone(), leg };
        let more = if kind == "participant-leave" { HUNG_UP } else { &[("ParticipantLabel", "")] };
        assert_eq!(leg.conference(app, kind, sequence, more).await, 204);
    }

    /// The supervisor's browser asks the carrier to connect it.
    async fn come(&self, app: &TestApp, who: &Client, monitoring: &Value) -> String {
        let from = format!("client:agent_{}", who.agent);
        let form = [("CallSid", SUPERVISORS_LEG), ("From", &*from), ("To", ""), ("monitoring_id", monitoring.as_str().unwrap())];
        app.webhook("/webhooks/twilio/voice", &form).await.1
    }

    /// All three are on the line.
    async fn three(app: &TestApp) -> Self {
        let talk = talk(app).await;
        assert_eq!(talk.ask(None).await.0, 200);
        let (status, accepted) = talk.accept(&talk.supervisor).await;
        assert_eq!(status, 200, "{accepted}");
        let document = talk.come(app, &talk.supervisor, &accepted["monitoring_id"]).await;
        assert!(document.contains("muted=\"false\"") && document.contains("endConferenceOnExit=\"false\""), "{document}");
        talk.says(app, SUPERVISORS_LEG, "participant-join", "7").await;
        talk
    }

    async fn hand_over(&self, who: &Client) -> (u16, Value) {
        who.post("/api/calls/hand_over", json!({"call_id": self.begun.call})).await
    }

    async fn stands(&self, who: &Client) -> Value {
        who.ask("/api/calls/transfer", json!({})).await["state"].clone()
    }

    /// The call as the supervisor has it.
    async fn theirs(&self) -> Value {
        self.supervisor.ask("/api/calls/find", json!({"call_id": self.begun.call})).await
    }
}

async fn presence(app: &TestApp, agent: i64) -> Option<String> {
    sqlx::query_scalar("select engagement from auth.agent where id = $1").bind(agent).fetch_one(&app.pool).await.unwrap()
}

/// Whose the call, its lease and its entry's mark are.
async fn owners(app: &TestApp) -> (i64, i64, i64) {
    let statement = "select c.agent_id, l.agent_id, e.leased_by
        from calls.call c join queue.lease l on l.call_id = c.id join queue.entry e on e.user_id = l.user_id";
    sqlx::query_as(statement).fetch_one(&app.pool).await.unwrap()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_talk_passes_whole_to_the_supervisor_who_is_on_the_line_and_the_agent_is_free(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let talk = Talk::three(&app).await;
    let (agent, supervisor) = (&talk.begun.agent, &talk.supervisor);
    agent.ask("/api/calls/save_notes", json!({"call_id": talk.begun.call, "notes": "wants it in writing"})).await;
    let mine = agent.ask("/api/calls/transfer", json!({})).await;
    assert_eq!(
        (&mine["is_mine"], &mine["is_joined"], &mine["reason"]),
        (&json!(true), &json!(true), &json!("They want a manager")),
        "{mine}"
    );
    assert_eq!(mine["monitoring_id"], json!(null), "for the supervisor's browser alone");

    assert_eq!(talk.hand_over(agent).await.0, 200);
    assert_eq!(talk.hand_over(agent).await.0, 200, "pressed twice");
    assert_eq!(talk.hand_over(supervisor).await.0, 200);

    assert_eq!(owners(&app).await, (supervisor.agent, supervisor.agent, supervisor.agent));
    assert_eq!((presence(&app, agent.agent).await, presence(&app, supervisor.agent).await.as_deref()), (None, Some("on_call")));
    let handed = talk.begun.find().await;
    let words = handed["handed_over"].as_str().unwrap();
    assert!(
        words.starts_with("Handed over to Robin Tester at ") && handed["state"] == "ended" && handed["wrap_up"] == json!(null),
        "{handed}"
    );
    assert_eq!(agent.ask("/api/calls/current", json!({})).await, json!(null));
    let call = talk.theirs().await;
    assert_eq!((&call["state"], &call["notes"], &call["away_seconds"]), (&json!("connected"), &json!("wants it in writing"), &json!(null)));
    let held = supervisor.ask("/api/queue/current", json!({})).await;
    assert_eq!(held["user"]["id"], "1", "{held}");
    assert_eq!(app.count("select count(*) from calls.leg where party = 'former_agent'").await, 1);
    assert_eq!(app.count("select count(*) from calls.monitoring where ended_at is null").await, 0);

    // What was the agent's is theirs no more.
    for (path, body) in [
        ("/api/calls/hang_up", json!({"call_id": talk.begun.call})),
        ("/api/calls/hold", json!({"call_id": talk.begun.call, "is_held": true})),
        ("/api/calls/rejoin", json!({"call_id": talk.begun.call})),
        ("/api/calls/save_notes", json!({"call_id": talk.begun.call, "notes": ""})),
    ] {
        assert_eq!(agent.post(path, body).await.0, 404, "{path}");
    }
    assert!(talk.begun.ask_voice(&app, THEIR_SECOND).await.1.contains("<Reject"));
    // Late word of the former agent's leg (lessons, lines 15 and 17).
    talk.begun.leave(&app).await;
    talk.begun.conference(&app, "participant-join", "9", &[]).await;
    assert_eq!(talk.theirs().await["away_seconds"], json!(null));
    assert_eq!(agent.call_next().await["user"]["id"], "2", "they go on with somebody else");

    supervisor.ask("/api/calls/hang_up", json!({"call_id": talk.begun.call})).await;
    until_person_is(&app, "completed").await;
    assert_eq!(presence(&app, supervisor.agent).await.as_deref(), Some("wrap_up"));
    let body = json!({"call_id": talk.begun.call, "disposition": "contacted"});
    assert_eq!(agent.post("/api/calls/record_outcome", body.clone()).await.0, 404);
    supervisor.ask("/api/calls/record_outcome", body).await;
    assert_eq!(people_rung(&app).await, 1);
    let whole = agent.ask("/api/calls/attempt", json!({"call_id": talk.begun.call})).await;
    let told = &whole["transfers"][0];
    assert_eq!((&told["state"], &told["reason"]), (&json!("passed"), &json!("They want a manager")), "{whole}");
    assert_eq!(whole["attempt"]["agent_id"], supervisor.agent.to_string(), "what comes of it is the last one's");
    assert_eq!((&told["from"], &told["to"]), (&json!("Robin Tester"), &json!("Robin Tester")), "{told}");
    // Both find it among theirs, and nobody else.
    let somebody = heard(&app, Role::Agent).await.agent;
    for (whose, is_found) in [(agent.agent, true), (supervisor.agent, true), (somebody, false)] {
        for user in [None, Some("1")] {
            let filter = json!({"agent_id": whose.to_string(), "user_id": user, "with_unrung": false, "is_incoming": false});
            let page = agent.ask("/api/calls/attempts", json!({"filter": filter, "place": "newest"})).await;
            let found = page["attempts"].as_array().unwrap().iter().filter(|attempt| attempt["id"] == json!(talk.begun.call)).count();
            assert_eq!(found, usize::from(is_found), "{whose} {user:?}: {page}");
        }
    }
    app.stop().await;
}

/// lessons, line 22: a page that was loaded anew comes back to the talk, whoever has it by now.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_supervisors_page_comes_back_to_a_talk_that_is_theirs(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let talk = Talk::three(&app).await;
    talk.hand_over(&talk.supervisor).await;
    let again = Begun { agent: talk.supervisor.clone(), call: talk.begun.call.clone(), leg: THEIR_SECOND };
    assert!(again.ask_voice(&app, THEIR_SECOND).await.1.contains("<Reject"), "not before they ask for it");
    talk.says(&app, SUPERVISORS_LEG, "participant-leave", "8").await;
    assert!(!talk.theirs().await["away_seconds"].is_null(), "the former agent's leg, which is still there, is nobody's");
    assert_eq!(talk.supervisor.post("/api/calls/rejoin", json!({"call_id": talk.begun.call})).await.0, 200);
    assert!(again.ask_voice(&app, THEIR_SECOND).await.1.contains("</Conference>"));
    talk.says(&app, THEIR_SECOND, "participant-join", "9").await;
    assert_eq!(talk.theirs().await["away_seconds"], json!(null));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn only_supervisors_who_were_asked_take_a_call_and_the_first_of_them_has_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let talk = talk(&app).await;
    let (agent, first) = (&talk.begun.agent, &talk.supervisor);
    let second = heard(&app, Role::Admin).await;
    let choices = agent.ask("/api/calls/transfer_choices", json!({})).await;
    assert_eq!(choices.as_array().unwrap().len(), 2, "{choices}");
    assert_eq!(talk.ask(Some(agent.agent)).await.0, 409, "no agent takes calls over");

    assert_eq!(talk.ask(Some(first.agent)).await.0, 200);
    assert_eq!(talk.ask(None).await.0, 409, "one at a time");
    let id = first.ask("/api/calls/transfer", json!({})).await["id"].clone();
    assert_eq!(second.ask("/api/calls/transfer", json!({})).await, json!(null));
    for (who, status) in [(agent, 403), (&second, 404)] {
        for path in ["/api/calls/accept_transfer", "/api/calls/decline_transfer"] {
            assert_eq!(who.post(path, json!({"transfer_id": id})).await.0, status, "{path}");
        }
    }
    for nobody in [agent, first, &second] {
        let (status, answer) = talk.hand_over(nobody).await;
        assert_eq!(status, if nobody.agent == agent.agent { 409 } else { 404 }, "nobody is on the line yet: {answer}");
    }
    assert_eq!(first.post("/api/calls/decline_transfer", json!({"transfer_id": id})).await.0, 200);
    assert_eq!(talk.stands(agent).await, "declined");
    assert_eq!(first.post("/api/calls/accept_transfer", json!({"transfer_id": id})).await.0, 404, "having declined");

    // All who could: one declines, the others are still asked.
    assert_eq!(talk.ask(None).await.1["to"], "any supervisor");
    let id = first.ask("/api/calls/transfer", json!({})).await["id"].clone();
    first.ask("/api/calls/decline_transfer", json!({"transfer_id": id})).await;
    assert_eq!((talk.stands(agent).await, talk.stands(first).await), (json!("asked"), json!(null)));
    agent.ask("/api/calls/withdraw_transfer", json!({"call_id": talk.begun.call})).await;
    assert_eq!((talk.stands(agent).await, talk.stands(&second).await), (json!("withdrawn"), json!(null)));

    // Two accept at the same moment.
    let asked = json!({"transfer_id": talk.ask(None).await.1["id"]});
    let path = "/api/calls/accept_transfer";
    let (one, other) = tokio::join!(first.post(path, asked.clone()), second.post(path, asked.clone()));
    let mut statuses = [one.0, other.0];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
    assert_eq!(app.count("select count(*) from calls.monitoring where ended_at is null").await, 1);
    assert_eq!(agent.post("/api/calls/withdraw_transfer", json!({"call_id": talk.begun.call})).await.0, 409);
    assert_eq!(app.count("select count(*) from calls.call c join queue.lease l on l.call_id = c.id and l.agent_id = c.agent_id").await, 1);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_nobody_answers_lapses_and_a_supervisor_who_leaves_first_leaves_the_call_where_it_is(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::with_carrier(connect).await;
    let talk = talk(&app).await;
    talk.ask(None).await;
    app.app.calls.lapse_transfers().await.unwrap();
    assert_eq!(talk.stands(&talk.begun.agent).await, "asked", "there is time left");
    let id = talk.supervisor.ask("/api/calls/transfer", json!({})).await["id"].clone();
    sqlx::query("update calls.transfer set lapses_at = lapses_at - interval '31 seconds'").execute(&app.pool).await.unwrap();
    assert_eq!(talk.supervisor.post("/api/calls/accept_transfer", json!({"transfer_id": id})).await.0, 409, "too late");
    app.app.calls.lapse_transfers().await.unwrap();
    assert_eq!(talk.stands(&talk.begun.agent).await, "lapsed");

    // Their browser does not come within ten seconds; then it comes and goes.
    talk.ask(None).await;
    assert_eq!(talk.accept(&talk.supervisor).await.0, 200);
    let statement = "update calls.monitoring set intent_expires_at = intent_expires_at - interval '11 seconds'";
    sqlx::query(statement).execute(&app.pool).await.unwrap();
    app.app.calls.end_abandoned_monitorings().await.unwrap();
    assert_eq!((talk.stands(&talk.begun.agent).await, talk.stands(&talk.supervisor).await), (json!("left"), json!(null)));

    talk.ask(None).await;
    let accepted = talk.accept(&talk.supervisor).await.1;
    talk.come(&app, &talk.supervisor, &accepted["monitoring_id"]).await;
    assert_eq!(talk.hand_over(&talk.begun.agent).await.0, 409, "asked for by the browser is not on the line yet");
    talk.says(&app, SUPERVISORS_LEG, "participant-join", "7").await;
    talk.says(&app, SUPERVISORS_LEG, "participant-leave", "8").await;
    assert_eq!(talk.hand_over(&talk.begun.agent).await.0, 409);
    assert_eq!(talk.stands(&talk.begun.agent).await, "left");
    let call = talk.begun.find().await;
    assert_eq!((&call["state"], &call["away_seconds"]), (&json!("connected"), &json!(null)), "the agent still has it");
    assert_eq!(owners(&app).await.0, talk.begun.agent.agent);

    talk.ask(None).await;
    talk.begun.hang_up(&app).await;
    assert_eq!(talk.stands(&talk.supervisor).await, json!(null));
    assert_eq!(app.count("select count(*) from calls.transfer where state = 'over'").await, 1);
    app.stop().await;
}

/// The agent's telephone is gone while the person talks to the supervisor.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_supervisor_takes_the_call_of_an_agent_whose_telephone_is_gone(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let talk = Talk::three(&app).await;
    talk.begun.leave(&app).await;
    assert_eq!(talk.supervisor.ask("/api/calls/transfer", json!({})).await["is_agent_away"], true);
    pass(&app, 60).await;
    app.app.calls.end_left().await.unwrap();
    assert_eq!(talk.begun.find().await["state"], "connected", "nobody is hung up on");
    assert_eq!(talk.hand_over(&talk.supervisor).await.0, 200);
    let call = talk.theirs().await;
    assert_eq!((&call["state"], &call["away_seconds"]), (&json!("connected"), &json!(null)), "{call}");
    pass(&app, 60).await;
    app.app.calls.end_left().await.unwrap();
    assert_eq!(talk.theirs().await["state"], "connected");
    app.stop().await;
}

/// What wins when several things happen at the same moment is settled by locks and constraints: whatever the order, the call is one
/// agent's, with its lease, or it has ended and is to be recorded by one.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn handing_over_happens_once_whatever_happens_at_the_same_moment(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let talk = Talk::three(&app).await;
    let (agent, supervisor) = (&talk.begun.agent, &talk.supervisor);
    let hang_up = agent.post("/api/calls/hang_up", json!({"call_id": talk.begun.call}));
    let leaves = talk.says(&app, SUPERVISORS_LEG, "participant-leave", "8");
    let (one, two, hung_up, ()) = tokio::join!(talk.hand_over(agent), talk.hand_over(supervisor), hang_up, leaves);
    let passed = app.count("select count(*) from calls.transfer where state = 'passed'").await;
    assert!([200, 404].contains(&hung_up.0) && passed <= 1, "{hung_up:?}");
    for answer in [one, two] {
        assert_eq!(answer.0 == 200, passed == 1, "{answer:?}");
    }
    let owner = if passed == 1 { supervisor.agent } else { agent.agent };
    let is_ended = app.count("select count(*) from calls.call where state = 'ended'").await == 1;
    assert_eq!(is_ended, passed == 0, "an agent who has handed it over hangs nobody up");
    assert_eq!(owners(&app).await, (owner, owner, owner));
    let engaged: Vec<i64> =
        sqlx::query_scalar("select id from auth.agent where engagement is not null").fetch_all(&app.pool).await.unwrap();
    assert_eq!(engaged, [owner]);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_supervisor_who_is_handed_somebody_meanwhile_lets_them_go_and_one_who_calls_does_not_get_the_call(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::with_carrier(connect).await;
    let talk = Talk::three(&app).await;
    let (agent, supervisor) = (&talk.begun.agent, &talk.supervisor);
    let theirs = supervisor.call_next().await;
    assert_eq!(theirs["user"]["id"], "2", "{theirs}");
    let (status, refused) = supervisor.post("/api/calls/start", json!({"lease_id": theirs["lease_id"]})).await;
    assert_eq!(status, 409, "nobody is rung by somebody who is on the line of another call: {refused}");

    // A call that came about all the same: the constraint holds, and nothing has moved.
    let statement =
        "insert into calls.call (id, agent_id, user_id, lease_id, queue, user_name, state, state_since, created_at, intent_expires_at)
        values (gen_random_uuid(), $1, 2, 99, 'unsigned_users', 'Owen Pritchard', 'created', $2, $2, $3)";
    sqlx::query(statement)
        .bind(supervisor.agent)
        .bind(app.now())
        .bind(kernel::machine_now() + TimeDelta::hours(1))
        .execute(&app.pool)
        .await
        .unwrap();
    let (status, refused) = talk.hand_over(agent).await;
    assert!(status == 409 && refused["message"].as_str().unwrap().contains("a call of their own"), "{refused}");
    assert_eq!(app.count("select count(*) from calls.transfer where state = 'accepted'").await, 1);
    assert_eq!(talk.begun.find().await["state"], "connected");
    sqlx::query("delete from calls.call where lease_id = 99").execute(&app.pool).await.unwrap();

    assert_eq!(talk.hand_over(agent).await.0, 200);
    assert_eq!(owners(&app).await.1, supervisor.agent);
    assert_eq!(app.count("select count(*) from queue.lease").await, 1, "whom they held waits again");
    assert_eq!(app.count("select count(*) from queue.entry where leased_by is null and put_back_until is null").await, 1);
    app.stop().await;
}

/// At the same moment, many times over: Call next of the supervisor's and the passing.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_next_at_the_moment_of_the_passing_leaves_nobody_with_two_people(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let talk = Talk::three(&app).await;
    let (agent, supervisor) = (&talk.begun.agent, &talk.supervisor);
    let body = json!({"queue": "unsigned_users"});
    let next = async || supervisor.post("/api/queue/call_next", body.clone()).await.0;
    let (_, _, passed, _, _) = tokio::join!(next(), next(), talk.hand_over(agent), next(), next());
    assert_eq!(passed.0, 200, "{passed:?}");
    assert_eq!(owners(&app).await, (supervisor.agent, supervisor.agent, supervisor.agent));
    assert_eq!(app.count("select count(*) from queue.lease").await, 1);
    app.stop().await;
}

/// Nobody is asked who cannot: on a call, listening to one, not signed in, not heard of.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_talks_listens_or_is_gone_is_not_asked(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let talk = talk(&app).await;
    let choices = async || talk.begun.agent.ask("/api/calls/transfer_choices", json!({})).await.as_array().unwrap().len();
    assert_eq!(choices().await, 1);
    talk.supervisor.ask("/api/calls/monitor", json!({"call_id": talk.begun.call, "mode": "listen"})).await;
    assert_eq!(choices().await, 0);
    let (status, refused) = talk.ask(None).await;
    assert!(status == 409 && refused["message"].as_str().unwrap().contains("stays with you"), "{refused}");
    talk.supervisor.ask("/api/calls/stop_monitoring", json!({})).await;
    assert_eq!(choices().await, 1);
    let gone = "update auth.agent set seen_at = seen_at - interval '1 minute' where role = 'supervisor'";
    sqlx::query(gone).execute(&app.pool).await.unwrap();
    assert_eq!(choices().await, 0);
    app.stop().await;
}

/// A page of the floor does not take the seat for a listening that it could stop.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_is_about_to_take_a_call_does_not_listen_to_it_as_the_floor_has_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let talk = Talk::three(&app).await;
    assert_eq!(talk.supervisor.ask("/api/calls/monitored", json!({})).await, json!(null));
    // Leaving the line is by the same way.
    talk.supervisor.ask("/api/calls/stop_monitoring", json!({})).await;
    assert_eq!(talk.stands(&talk.begun.agent).await, "left");
    app.stop().await;
}

/// A call that rings nobody yet is nobody's to hand over.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn only_a_talk_is_handed_over(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let (agent, hand_out) = handed_out(&app, ANSWERS).await;
    let supervisor = heard(&app, Role::Supervisor).await;
    let talk = Talk { begun: start(agent, &hand_out, crate::begun::LEG).await, supervisor };
    assert_eq!(talk.ask(None).await.0, 409);
    assert_eq!(talk.hand_over(&talk.begun.agent).await.0, 404);
    let long = "x".repeat(201);
    let body = json!({"call_id": talk.begun.call, "supervisor_id": null, "reason": long});
    assert_eq!(talk.begun.agent.post("/api/calls/ask_transfer", body).await.0, 422);
    app.stop().await;
}

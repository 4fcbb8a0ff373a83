//! A call that was begun. The browser's telephone is not here: what the carrier says of the agent's leg is said by the test, signed as the
//! carrier signs; the person's leg is the emulator's own.

use std::time::Duration;

use auth::Role;
use serde_json::{Value, json};

use crate::support::{Client, TestApp};

/// Numbers with a behaviour of their own at the emulated carrier.
pub const ANSWERS: &str = "+447700900001";
pub const ENGAGED: &str = "+447700900002";
pub const DOES_NOT_ANSWER: &str = "+447700900003";
pub const FAILS: &str = "+447700900004";
pub const IS_REFUSED: &str = "+447700900005";
pub const HANGS_UP: &str = "+447700900007";

pub const LEG: &str = "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub const CONFERENCE: &str = "CFaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

/// Somebody who was handed out to an agent, and a call that was begun.
pub struct Begun {
    pub agent: Client,
    pub call: String,
    /// The agent's leg, as the carrier would name it.
    pub leg: &'static str,
}

pub async fn handed_out(app: &TestApp, number: &str) -> (Client, Value) {
    app.platform.user(1).unsigned().name("Priya", "Raman").phone(number).claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().name("Owen", "Pritchard").phone("+447700900142").claim("vw_finance").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let hand_out = agent.call_next().await;
    assert_eq!(hand_out["user"]["id"], "1", "{hand_out}");
    (agent, hand_out)
}

pub async fn begin(app: &TestApp, number: &str) -> Begun {
    let (agent, hand_out) = handed_out(app, number).await;
    start(agent, &hand_out, LEG).await
}

/// Has the emulated carrier go wrong.
pub async fn set_faults(app: &TestApp, faults: Value) {
    let url = format!("{}/twilio/admin/faults", app.base);
    reqwest::Client::new().post(url).json(&faults).send().await.unwrap().error_for_status().unwrap();
}

/// What the next person to be rung does.
pub async fn next_person(app: &TestApp, steps: Value) {
    let url = format!("{}/twilio/admin/scenarios", app.base);
    let scenario = json!({"match": {}, "times": 1, "steps": steps});
    reqwest::Client::new().post(url).json(&scenario).send().await.unwrap().error_for_status().unwrap();
}

/// A call for whoever the agent has been handed.
pub async fn start(agent: Client, hand_out: &Value, leg: &'static str) -> Begun {
    let call = agent.ask("/api/calls/start", json!({"lease_id": hand_out["lease_id"]})).await;
    assert_eq!((&call["state"], &call["user_name"]), (&json!("created"), &hand_out["user"]["name"]));
    Begun { agent, call: call["id"].as_str().unwrap().to_owned(), leg }
}

impl Begun {
    pub async fn ask_voice(&self, app: &TestApp, leg: &str) -> (u16, String) {
        let from = format!("client:agent_{}", self.agent.agent);
        app.webhook("/webhooks/twilio/voice", &[("CallSid", leg), ("From", &from), ("To", ""), ("call_id", &self.call)]).await
    }

    pub async fn conference(&self, app: &TestApp, kind: &str, sequence: &str, more: &[(&str, &str)]) -> u16 {
        let name = format!("call-{}", self.call);
        let form = [
            &[
                ("ConferenceSid", CONFERENCE),
                ("FriendlyName", &*name),
                ("StatusCallbackEvent", kind),
                ("CallSid", self.leg),
                ("ParticipantLabel", "agent"),
                ("SequenceNumber", sequence),
            ],
            more,
        ]
        .concat();
        app.webhook(&format!("/webhooks/twilio/conference-status?call={}", self.call), &form).await.0
    }

    /// The agent's telephone connects.
    pub async fn join(&self, app: &TestApp) {
        let (status, document) = self.ask_voice(app, self.leg).await;
        assert_eq!(status, 200);
        assert!(document.contains(&format!(">call-{}</Conference>", self.call)), "{document}");
        assert_eq!(self.conference(app, "participant-join", "1", &[]).await, 204);
    }

    /// The agent presses the key, and their leg goes.
    pub async fn hang_up(&self, app: &TestApp) {
        self.agent.ask("/api/calls/hang_up", json!({"call_id": self.call})).await;
        self.leave(app).await;
    }

    /// The agent's leg goes, without a word.
    pub async fn leave(&self, app: &TestApp) {
        assert_eq!(self.conference(app, "participant-leave", "2", &[("ReasonParticipantLeft", "participant_hung_up")]).await, 204);
    }

    pub async fn find(&self) -> Value {
        self.agent.ask("/api/calls/find", json!({"call_id": self.call})).await
    }

    /// Waits, at most 30 s, until the call is in this state.
    pub async fn until(&self, state: &str) -> Value {
        for _ in 0..600 {
            let call = self.find().await;
            if call["state"] == state {
                return call;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited in vain for {state}: {}", self.find().await);
    }

    pub async fn record(&self, disposition: &str) -> Value {
        self.agent
            .ask("/api/calls/record_outcome", json!({"call_id": self.call, "disposition": disposition, "notes": "as typed <b>"}))
            .await
    }
}

/// How many people the carrier was asked to ring, by its own account and by ours.
pub async fn people_rung(app: &TestApp) -> i64 {
    let legs: Value = reqwest::get(format!("{}/twilio/admin/calls", app.base)).await.unwrap().json().await.unwrap();
    let asked: Value = reqwest::get(format!("{}/twilio/admin/journal?kind=rest", app.base)).await.unwrap().json().await.unwrap();
    let ours = app.count("select count(*) from calls.leg where party = 'person'").await;
    let theirs = legs.as_array().unwrap().iter().filter(|leg| leg["to"].as_str().unwrap().starts_with("+44")).count();
    assert_eq!(i64::try_from(theirs).unwrap(), ours, "{legs}");
    let adds = asked.as_array().unwrap().iter().filter(|entry| entry.to_string().contains("Participants.json")).count();
    assert_eq!(i64::try_from(adds).unwrap(), ours, "{asked}");
    ours
}

/// Lets so many seconds pass over every call and all that was heard of them.
pub async fn pass(app: &TestApp, seconds: i32) {
    for statement in [
        "update calls.call set state_since = state_since - make_interval(secs => $1), created_at = created_at - make_interval(secs => $1)",
        "update calls.event set received_at = received_at - make_interval(secs => $1)",
        "update calls.call set agent_away_since = agent_away_since - make_interval(secs => $1)",
        "update calls.leg set ended_at = ended_at - make_interval(secs => $1)",
    ] {
        sqlx::query(statement).bind(f64::from(seconds)).execute(&app.pool).await.unwrap();
    }
}

/// Waits, at most 30 s, until the carrier says this of the person's leg.
pub async fn until_person_is(app: &TestApp, status: &str) {
    for _ in 0..600 {
        let legs: Value = reqwest::get(format!("{}/twilio/admin/calls", app.base)).await.unwrap().json().await.unwrap();
        if legs.as_array().unwrap().iter().any(|leg| leg["status"] == status) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("waited in vain until the person's leg is {status}");
}

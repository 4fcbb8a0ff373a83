//! `dialler twilio check` says what is sent to the carrier, without sending it. Here all of it is sent, and what the carrier has seen is held
//! against what was printed; and what is to be set up there is where the carrier's own signed words arrive.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use auth::Role;
use calls::Pruning;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use server::carrier::EMULATED_AT;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::Handset;
use twilio::{CallSid, RecordingStatus};

use crate::begun::{Begun, next_person, pass, set_faults, start, until_person_is};
use crate::commands::text;
use crate::incoming::{answer, ring_in, ringing, stays};
use crate::support::{Client, TestApp, until};

/// A request without what differs from one call to the next: method, path, and the last value of each name.
type Shape = (String, String, BTreeMap<String, String>);

/// `text` with ids, telephone numbers and addresses of calls by their kinds.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word: usize = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len());
        let token = &rest[..word];
        let is_hex = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_hexdigit());
        let uuid = token.len().checked_sub(36).map(|at| token.split_at(at)).filter(|(_, id)| {
            let parts: Vec<&str> = id.split('-').collect();
            parts.iter().map(|part| part.len()).collect::<Vec<_>>() == [8, 4, 4, 4, 12] && parts.into_iter().all(is_hex)
        });
        if token.len() == 34 && token.is_ascii() && token[..2].bytes().all(|b| b.is_ascii_uppercase()) && is_hex(&token[2..]) {
            plain.extend([&token[..2], "…"]);
        } else if let Some((before, _)) = uuid {
            plain.extend([before, "<id>"]);
        } else if first == '+' {
            let digits = rest[1..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |at| at + 1);
            // Our own is the same everywhere.
            plain += if &rest[..digits] == OURS { OURS } else { "<number>" };
            rest = &rest[digits..];
            continue;
        } else if word > 0 {
            plain += token;
        } else {
            plain.push(first);
        }
        rest = &rest[if word == 0 { first.len_utf8() } else { word }..];
    }
    plain
}

const OURS: &str = "+442079460000";

fn shape<'a>(method: &str, path: &str, params: impl IntoIterator<Item = (&'a str, &'a str)>) -> Shape {
    let params = params.into_iter().map(|(name, value)| {
        // A moment, in a name such as StartTime>.
        let value = if name.contains("Time") && value.contains('T') { "<moment>".to_owned() } else { plain(value) };
        (name.to_owned(), value)
    });
    (method.to_owned(), plain(path), params.collect())
}

/// What the command prints: the addresses to be set up, whose a browser's calls are, and each request with what it is for.
struct Printed {
    addresses: BTreeSet<String>,
    identity: String,
    requests: Vec<(String, Shape)>,
}

fn check(app: &TestApp) -> Printed {
    let telephone = &app.carrier.as_ref().unwrap().telephone;
    let output = Command::new(env!("CARGO_BIN_EXE_dialler"))
        .args(["twilio", "check", "--number", "+447700900123"])
        .env_clear()
        .envs([
            ("ENVIRONMENT", "development"),
            ("DATABASE_URL", "postgres://nobody@nowhere/none"),
            ("REPLICA_DATABASE_URL", "mysql://nobody@nowhere/none"),
            ("PUBLIC_BASE_URL", &app.base),
            ("TWILIO_MODE", "live"),
            ("TWILIO_ACCOUNT_SID", &telephone.account_sid.to_string()),
            ("TWILIO_AUTH_TOKEN", "a-token-that-is-not-printed"),
            ("TWILIO_API_KEY", &telephone.api_key.to_string()),
            ("TWILIO_API_SECRET", "a-secret-that-is-not-printed"),
            ("TWILIO_TWIML_APP_SID", &telephone.application_sid.to_string()),
            ("TWILIO_PHONE_NUMBER", OURS),
            ("FIRM_NAME", "Example Claims"),
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(!printed.contains("not-printed"), "{printed}");
    let (to_set_up, requests) = printed.split_once("Requests, none of which was sent:\n").unwrap();
    let addresses = to_set_up.lines().map(str::trim).filter(|line| line.starts_with("http")).map(str::to_owned).collect();
    let identity = to_set_up.split_whitespace().find(|word| word.starts_with("client:")).unwrap().to_owned();
    let requests = requests.split("\n\n").filter(|block| !block.trim().is_empty()).map(|block| {
        let mut lines = block.trim_start_matches('\n').lines().map(str::trim);
        let what = lines.next().unwrap().to_owned();
        let (method, url) = lines.next().unwrap().split_once(' ').unwrap();
        let url = reqwest::Url::parse(url).unwrap();
        let query: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let form = lines.map(|line| line.split_once(' ').map_or((line, ""), |(name, value)| (name, value.trim())));
        let params = query.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(form);
        (what, shape(method, url.path(), params))
    });
    Printed { addresses, identity, requests: requests.collect() }
}

async fn journal(app: &TestApp, kind: &str) -> Vec<Value> {
    let entries: Value = reqwest::get(format!("{}/twilio/admin/journal?kind={kind}", app.base)).await.unwrap().json().await.unwrap();
    entries.as_array().unwrap().iter().map(|entry| entry["detail"].clone()).collect()
}

/// Everything that the carrier was really asked for.
async fn sent(app: &TestApp) -> BTreeSet<Shape> {
    let of = |detail: Value| {
        let params: Vec<(String, String)> =
            detail["params"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
        let params = params.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        shape(detail["method"].as_str().unwrap(), detail["path"].as_str().unwrap(), params)
    };
    journal(app, "rest").await.into_iter().map(of).collect()
}

/// The client's telephone, at the carrier, with a leg for this.
async fn telephone(app: &TestApp, client: &Client, about: String) -> Handset {
    let token = client.ask("/api/calls/voice_token", json!({})).await;
    let signal = format!("{}{EMULATED_AT}/signal", app.base.replace("http://", "ws://"));
    let mut handset = Handset::connect(&signal, token["token"].as_str().unwrap()).await.unwrap();
    handset.call(&about).await.unwrap();
    handset
}

/// An agent of their own talks with the next person; the agent's telephone.
async fn talk(app: &TestApp) -> (Begun, Handset) {
    let agent = app.signed_in(Role::Agent).await;
    let hand_out = agent.call_next().await;
    next_person(app, json!([{"answer": true}, {"repeat": "chat"}])).await;
    let begun = start(agent, &hand_out, "").await;
    let handset = telephone(app, &begun.agent, format!("call_id={}", begun.call)).await;
    begun.until("connected").await;
    (begun, handset)
}

async fn is_away(app: &TestApp, agent: &Client) {
    agent.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    app.hints_have_passed().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_twilio_check_prints_is_what_is_sent_and_where_the_carriers_words_arrive(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    for id in 1..=4 {
        app.platform.user(id).unsigned().phone(&format!("+4477009001{id:02}")).claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let printed = check(&app);

    // Somebody who rings us and whom nobody knows, and an agent who is gone for good.
    let agent = app.signed_in(Role::Agent).await;
    ring_in(&app, "+447700900456", stays()).await;
    let incoming = ringing(&agent).await;
    let (_, call) = answer(&agent, &incoming).await;
    let handset = telephone(&app, &agent, format!("call_id={}", call["id"].as_str().unwrap())).await;
    app.until_count("they are recorded", "select count(*) from calls.recording where status = 'in-progress'", 1).await;
    gone_for_good(&app, &handset).await;
    is_away(&app, &agent).await;

    // Somebody who rings us while nobody is free.
    let agent = app.signed_in(Role::Agent).await;
    // (Of nobody known: else their number is on the telephone, and they are promised a call, when the next person is to be rung.)
    ring_in(&app, "+447700900457", stays()).await;
    let incoming = ringing(&agent).await;
    agent.ask("/api/calls/decline", json!({"id": incoming["id"]})).await;
    app.until_count("they hear the message", "select count(*) from calls.incoming where ended_as = 'nobody_free'", 1).await;
    is_away(&app, &agent).await;

    // The same with somebody whom we rang.
    let (_begun, handset) = talk(&app).await;
    gone_for_good(&app, &handset).await;

    // A request to ring that is never answered; they have hung up by the time that they are looked for.
    let agent = app.signed_in(Role::Agent).await;
    let hand_out = agent.call_next().await;
    next_person(&app, json!([{"answer": true}, {"hangup_after_ms": 20_000}])).await;
    let begun = start(agent, &hand_out, "CAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa").await;
    let ended = async || legs(&app, "completed").await;
    let before = ended().await;
    set_faults(&app, json!({"rest_timeout": 1, "webhook_lost": 1_000})).await;
    begun.join(&app).await;
    until("they have hung up", async || ended().await > before).await;
    until("they were looked for", async || {
        sent(&app).await.iter().any(|(method, path, _)| method == "GET" && path.ends_with("/Calls.json"))
    })
    .await;
    set_faults(&app, json!({"webhook_lost": 0})).await;

    // A talk with all that is done on one.
    set_faults(&app, json!({"recording_untold": 1})).await;
    let (begun, _handset) = talk(&app).await;
    let hold = async |is_held: bool| begun.agent.ask("/api/calls/hold", json!({"call_id": begun.call, "is_held": is_held})).await;
    hold(true).await;
    set_faults(&app, json!({"rest_timeout": 1})).await;
    hold(false).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    let view = supervisor.ask("/api/calls/monitor", json!({"call_id": begun.call, "mode": "listen"})).await;
    let _listens = telephone(&app, &supervisor, format!("monitoring_id={}", view["id"].as_str().unwrap())).await;
    until("they listen", async || supervisor.ask("/api/calls/monitored", json!({})).await["is_joined"] == true).await;
    for mode in ["whisper", "barge", "listen"] {
        supervisor.ask("/api/calls/set_monitor_mode", json!({"mode": mode})).await;
    }
    app.app.calls.catch_up().await.unwrap();
    begun.agent.ask("/api/calls/hang_up", json!({"call_id": begun.call})).await;
    begun.until("ended").await;
    begun.record("contacted").await;
    recorded_fetched_and_deleted(&app, &begun).await;

    let sent = sent(&app).await;
    let shown: BTreeSet<Shape> = printed.requests.iter().map(|(_, shape)| shape.clone()).collect();
    for (what, shape) in &printed.requests {
        assert!(sent.contains(shape), "never sent so: {what}\n{shape:#?}\n{:#?}", alike(&sent, shape));
    }
    for shape in &sent {
        assert!(shown.contains(shape), "sent and not shown: {shape:#?}\n{:#?}", alike(&shown, shape));
    }

    // What the carrier itself has signed and posted arrived at the addresses that are to be set up there.
    let posted: BTreeSet<String> = journal(&app, "webhook")
        .await
        .into_iter()
        .filter(|detail| detail["status"].as_u64().is_some_and(|status| (200..300).contains(&status)))
        .map(|detail| detail["url"].as_str().unwrap().split('?').next().unwrap().to_owned())
        .collect();
    assert!(printed.addresses.is_subset(&posted), "{:?} and {posted:?}", printed.addresses);
    let callers: BTreeSet<String> = journal(&app, "webhook")
        .await
        .into_iter()
        .filter(|detail| detail["url"].as_str().unwrap().ends_with("/webhooks/twilio/voice"))
        .map(|detail| detail["params"]["From"].as_str().unwrap().trim_end_matches(|c: char| c.is_ascii_digit()).to_owned())
        .collect();
    assert_eq!(callers, BTreeSet::from([printed.identity.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned()]));
    app.stop().await;
}

/// Requests for the same thing.
fn alike<'a>(all: &'a BTreeSet<Shape>, shape: &Shape) -> Vec<&'a Shape> {
    all.iter().filter(|(method, path, _)| (method, path) == (&shape.0, &shape.1)).collect()
}

/// How many legs of people the carrier has that stand so.
async fn legs(app: &TestApp, status: &str) -> usize {
    let legs: Value = reqwest::get(format!("{}/twilio/admin/calls", app.base)).await.unwrap().json().await.unwrap();
    legs.as_array().unwrap().iter().filter(|leg| leg["to"].as_str().unwrap().starts_with("+4477") && leg["status"] == status).count()
}

/// The agent's telephone goes and does not come back: the person is told, and hung up.
async fn gone_for_good(app: &TestApp, handset: &Handset) {
    handset.hang_up().unwrap();
    app.until_count("the agent is away", "select count(*) from calls.call where agent_away_since is not null and state = 'connected'", 1)
        .await;
    pass(app, 20).await;
    app.app.calls.end_left().await.unwrap();
    until_person_is(app, "completed").await;
    app.until_count("nobody talks", "select count(*) from calls.call where state = 'connected'", 0).await;
}

/// The carrier's recording of a call is asked for, fetched, and deleted a year later.
async fn recorded_fetched_and_deleted(app: &TestApp, begun: &Begun) {
    let client = &app.carrier.as_ref().unwrap().telephone.client;
    let leg: String = sqlx::query_scalar("select sid from calls.leg where party = 'person' and call_id::text = $1")
        .bind(&begun.call)
        .fetch_one(&app.pool)
        .await
        .unwrap();
    let leg: CallSid = leg.parse().unwrap();
    until("the recording is ready", async || {
        client.recordings(&leg).await.unwrap().items.iter().any(|recording| recording.status == Some(RecordingStatus::Completed))
    })
    .await;
    sqlx::query("update calls.call set answered_at = answered_at - interval '10 minutes', ended_at = ended_at - interval '3 minutes' where id::text = $1")
        .bind(&begun.call)
        .execute(&app.pool)
        .await
        .unwrap();
    until("it is kept", async || {
        // As the jobs do, now and then.
        app.app.calls.ask_about_recordings().await.unwrap();
        app.app.calls.fetch_recordings().await.unwrap();
        app.count("select count(*) from calls.recording where stored_at is not null and sid is not null").await > 0
    })
    .await;
    let closed = "update claims set status = 'Complete', updated_at = '2026-12-01 09:00:00'";
    sqlx::query(closed).execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    app.clock.advance("2028-01-04T10:00:00Z".parse::<DateTime<Utc>>().unwrap() - app.now());
    app.app.calls.prune_recordings(&app.app.replica, Pruning::Delete, |_| Ok(())).await.unwrap();
    app.until_count("it is deleted", "select count(*) from calls.recording where deleted_at is not null", 1).await;
}

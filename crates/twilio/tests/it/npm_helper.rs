//! An independent check: what we make and read, against the carrier's own helper for JavaScript. It is on the list of
//! npm packages at the root for this alone.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Uri, header};
use chrono::DateTime;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use twilio::twiml::{Conference, ConferenceRecord, Dial, Play, RejectReason, Response, Say, Verb};
use twilio::{
    Beep, CallFilter, CallStatus, CallUpdate, Claims, Client, ClientOptions, Coach, ConferenceStatus, ConferenceTopic, Identity, Incoming,
    NewParticipant, Outgoing, Params, ParticipantKey, ParticipantUpdate, RecordingSid, TokenError, VoiceGrant, VoiceToken, signature,
};

use super::support::{ACCOUNT, CALL, CONFERENCE, RECORDING, call_sid, conference_sid, new_participant, options};

const VERSION: &str = "6.2.0";
const KEY: &str = "SK00000000000000000000000000000002";
const APPLICATION: &str = "AP00000000000000000000000000000003";

/// What the helper answers to `question`.
fn ask(question: Value) -> Value {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let installed = std::fs::read_to_string(root.join("node_modules/twilio/package.json"))
        .ok()
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .map(|package| package["version"].clone());
    assert_eq!(installed, Some(json!(VERSION)), "the npm package twilio {VERSION} is not installed: run `npm ci` at the root");

    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/npm_helper.mjs");
    let mut node = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Node.js runs the helper: install it, then run `npm ci` at the root");
    node.stdin.take().unwrap().write_all(question.to_string().as_bytes()).unwrap();
    let output = node.wait_with_output().unwrap();
    assert!(output.status.success(), "the helper failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// So many different things of a kind, the same every time.
fn some<T: std::fmt::Debug>(count: usize, strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

#[test]
fn tokens_are_what_the_helper_makes_and_each_reads_the_others() {
    let secret = SecretString::from("a secret with ☎");
    let params = proptest::option::of(proptest::collection::btree_map("[a-z]{1,5}", any::<String>(), 0..3));
    let made = ("[A-Za-z0-9_]{1,121}", 1_u64..=86_400, 1_500_000_000_i64..3_000_000_000, any::<bool>(), any::<bool>(), params);
    let cases: Vec<(VoiceToken, i64, SecretString)> = some(50, made)
        .into_iter()
        .map(|(identity, ttl, issued_at, incoming, outgoing, params)| {
            let token = VoiceToken {
                account_sid: ACCOUNT.parse().unwrap(),
                api_key: KEY.parse().unwrap(),
                api_secret: secret.clone(),
                identity: Identity::try_from(identity).unwrap(),
                ttl: Duration::from_secs(ttl).try_into().unwrap(),
                voice: VoiceGrant {
                    incoming: incoming.then_some(Incoming { allow: true }),
                    outgoing: outgoing.then(|| Outgoing { application_sid: APPLICATION.parse().unwrap(), params }),
                },
            };
            let signed = token.sign(DateTime::from_timestamp(issued_at, 0).unwrap()).unwrap();
            (token, issued_at, signed)
        })
        .collect();

    let question = cases.iter().map(|(token, issued_at, ours)| {
        let outgoing = token.voice.outgoing.as_ref();
        let issued = DateTime::from_timestamp(*issued_at, 0).unwrap();
        let ttl = Claims::verify(ours.expose_secret(), &secret, issued).unwrap().exp - issued_at;
        json!({
            "account": ACCOUNT,
            "key": KEY,
            "identity": token.identity,
            "ttl": ttl,
            "issuedAt": issued_at,
            "incoming": token.voice.incoming.is_some(),
            "application": outgoing.map(|outgoing| &outgoing.application_sid),
            "params": outgoing.and_then(|outgoing| outgoing.params.as_ref()),
            "ours": ours.expose_secret(),
        })
    });
    let answer = ask(json!({"what": "tokens", "secret": secret.expose_secret(), "cases": question.collect::<Vec<_>>()}));

    let answers = answer.as_array().unwrap();
    assert_eq!(answers.len(), cases.len());
    for ((token, issued_at, _), answer) in cases.iter().zip(answers) {
        assert_eq!(answer["oursParts"], answer["parts"]);
        assert_eq!(answer["verified"], answer["parts"][1]);

        let theirs = answer["theirs"].as_str().unwrap();
        let verify = |secret: &SecretString, second: i64| Claims::verify(theirs, secret, DateTime::from_timestamp(second, 0).unwrap());
        let claims = verify(&secret, *issued_at).unwrap();
        assert_eq!((claims.grants.identity, claims.grants.voice.unwrap()), (token.identity.clone(), token.voice.clone()));
        assert_eq!(verify(&secret, claims.exp), Err(TokenError::Expired));
        assert_eq!(verify(&"another".into(), *issued_at), Err(TokenError::WrongSignature));
    }
}

#[test]
fn signatures_are_what_the_helper_makes_and_each_believes_the_others() {
    let name = prop_oneof![Just("CallSid".to_owned()), Just("To".to_owned()), "[A-Za-z0-9_]{1,4}", any::<String>()];
    let value = prop_oneof![Just(String::new()), Just("1".to_owned()), Just("+447700900142".to_owned()), any::<String>()];
    let url = "https?://(user:pass@)?[a-z]{1,8}\\.example(:[1-9][0-9]{1,3})?(/[A-Za-z0-9._~%25'()-]{0,5}){0,3}(\\?[a-z]{1,3}=[A-Za-z0-9%20+:@'é☎/]{0,8})?";
    let mut cases = some(300, ("[ -~]{1,40}", url, vec((name, value), 0..12)));
    for (_, _, pairs) in &mut cases {
        // So that names and whole pairs are there more than once.
        let again: Vec<_> = pairs.iter().take(3).cloned().collect();
        pairs.extend(again);
        if let Some((name, _)) = pairs.first().cloned() {
            pairs.extend([(name.clone(), "\u{1F4DE}".to_owned()), (name, "\u{FFFD}".to_owned())]);
        }
    }

    let mut question = Vec::new();
    for (token, url, pairs) in &cases {
        let ours = signature::sign(&token.as_str().into(), url, &pairs.iter().cloned().collect());
        question.push(json!({"token": token, "url": url, "pairs": pairs, "ours": ours}));
    }
    let answer = ask(json!({"what": "signatures", "cases": question}));

    let answers = answer.as_array().unwrap();
    assert_eq!(answers.len(), cases.len());
    for (((token, url, pairs), asked), answer) in cases.iter().zip(&question).zip(answers) {
        assert_eq!(answer["theirs"], asked["ours"], "{url} {pairs:?}");
        assert_eq!(answer["believesAnother"], false);
        assert_eq!(answer["believesOurs"], true, "{url}");
        let (params, theirs) = (pairs.iter().cloned().collect(), answer["theirs"].as_str().unwrap());
        assert!(signature::verify(&token.as_str().into(), url, &params, theirs), "{url}");
    }
    assert!(cases.iter().any(|(_, url, _)| url.matches(':').count() > 1), "some have a port");
}

/// A document without what makes no difference: the order of attributes, and how characters are escaped.
#[derive(Debug, Default, PartialEq, Eq)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    children: Vec<Element>,
}

fn parsed(xml: &str) -> Element {
    fn open(tag: &BytesStart<'_>) -> Element {
        let attributes = tag.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned();
            (String::from_utf8(attribute.key.as_ref().to_vec()).unwrap(), value)
        });
        Element { name: String::from_utf8(tag.name().as_ref().to_vec()).unwrap(), attributes: attributes.collect(), ..Element::default() }
    }
    let mut reader = Reader::from_str(xml);
    let mut stack = vec![Element::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => stack.push(open(&tag)),
            Event::Empty(tag) => stack.last_mut().unwrap().children.push(open(&tag)),
            Event::End(_) => {
                let done = stack.pop().unwrap();
                stack.last_mut().unwrap().children.push(done);
            }
            Event::Text(text) => stack.last_mut().unwrap().text.push_str(&text.decode().unwrap()),
            Event::GeneralRef(reference) => {
                let text = &mut stack.last_mut().unwrap().text;
                match reference.resolve_char_ref().unwrap() {
                    Some(c) => text.push(c),
                    None => text.push_str(quick_xml::escape::resolve_predefined_entity(&reference.decode().unwrap()).unwrap()),
                }
            }
            Event::Eof => return stack.pop().unwrap(),
            _ => {}
        }
    }
}

#[test]
fn twiml_is_what_the_helper_writes() {
    let tricky = "Müller & Söhne <\"'> ☎ 📞";
    let url = "https://a.example/hook?a=1&b=%20'\"<>";
    let whole = Conference {
        name: tricky.into(),
        beep: Some(Beep::Never),
        start_conference_on_enter: Some(true),
        end_conference_on_exit: Some(false),
        muted: Some(true),
        coach: Some(call_sid()),
        wait_url: Some(String::new()),
        status_callback: Some(url.into()),
        status_callback_event: vec![ConferenceTopic::Start, ConferenceTopic::End, ConferenceTopic::Join, ConferenceTopic::Leave],
        participant_label: Some(tricky.into()),
        max_participants: Some(5),
        record: Some(ConferenceRecord::FromStart),
    };
    let dial = |conference: Conference| Dial {
        answer_on_bridge: Some(true),
        action: Some(url.into()),
        timeout_seconds: Some(20),
        time_limit_seconds: Some(7200),
        conference,
    };
    let cases = [
        (Response::default(), json!([])),
        (Response::new([Verb::Hangup]), json!([["hangup"]])),
        (Response::new([Verb::Reject(RejectReason::Busy)]), json!([["reject", {"reason": "busy"}]])),
        (Response::new([Verb::Reject(RejectReason::Rejected)]), json!([["reject", {"reason": "rejected"}]])),
        (
            Response::new([
                Verb::Say(Say { text: tricky.into(), voice: Some("Polly.Amy".into()), language: Some("en-GB".into()) }),
                Verb::Pause { seconds: 2 },
                Verb::Play(Play { url: url.into(), times: Some(3) }),
                Verb::Play(Play { url: url.into(), times: None }),
                Verb::Hangup,
            ]),
            json!([
                ["say", {"voice": "Polly.Amy", "language": "en-GB"}, tricky],
                ["pause", {"length": 2}],
                ["play", {"loop": 3}, url],
                ["play", {}, url],
                ["hangup"],
            ]),
        ),
        (
            Response::new([Verb::Dial(dial(whole))]),
            json!([[
                "dial",
                {"answerOnBridge": true, "action": url, "timeout": 20, "timeLimit": 7200},
                tricky,
                {
                    "beep": "false",
                    "startConferenceOnEnter": true,
                    "endConferenceOnExit": false,
                    "muted": true,
                    "coach": CALL,
                    "waitUrl": "",
                    "statusCallback": url,
                    "statusCallbackEvent": ["start", "end", "join", "leave"],
                    "participantLabel": tricky,
                    "maxParticipants": 5,
                    "record": "record-from-start",
                },
            ]]),
        ),
        (
            Response::new([Verb::Dial(Dial { conference: Conference { name: "a".into(), ..Conference::default() }, ..Dial::default() })]),
            json!([["dial", {}, "a", {}]]),
        ),
    ];
    let answer = ask(json!({"what": "twiml", "cases": cases.iter().map(|(_, theirs)| theirs).collect::<Vec<_>>()}));
    let answers = answer.as_array().unwrap();
    assert_eq!(answers.len(), cases.len());
    for ((ours, _), theirs) in cases.iter().zip(answers) {
        assert_eq!(parsed(&ours.to_xml()), parsed(theirs.as_str().unwrap()));
    }
}

/// Method, path, and what stands in the query or the form, with the values of a name together.
type Request = (String, String, BTreeMap<String, Vec<String>>);

#[tokio::test]
async fn requests_are_what_the_helper_sends() {
    let seen: Arc<Mutex<Vec<Request>>> = Arc::default();
    let (recorded, token) = (seen.clone(), "the auth token");
    let record = move |method: Method, uri: Uri, headers: HeaderMap, body: Bytes| async move {
        assert!(headers[header::AUTHORIZATION].to_str().unwrap().starts_with("Basic "));
        let form = if method == Method::GET { uri.query().unwrap_or_default().as_bytes() } else { &body[..] };
        let mut values = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in Params::from_form(form).iter() {
            values.entry(name.to_owned()).or_default().push(value.to_owned());
        }
        recorded.lock().unwrap().push((method.as_str().to_lowercase(), uri.path().to_owned(), values));
        let resource = uri.path().rsplit('/').next().unwrap().trim_end_matches(".json").to_lowercase();
        json!({resource: []}).to_string()
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(record)).await.unwrap() });
    let client = Client::new(&ClientOptions { auth_token: token.into(), timeout: Duration::from_secs(4), ..options(&base_url) }).unwrap();

    let (call, conference) = (call_sid(), conference_sid());
    let recording: RecordingSid = RECORDING.parse().unwrap();
    let new = NewParticipant {
        status_callback: "https://a.example/leg?x=1&y=é".into(),
        beep: Beep::OnEnter,
        early_media: false,
        ..new_participant()
    };
    let filter = CallFilter {
        to: Some(new.to.clone()),
        status: Some(CallStatus::InProgress),
        start_time_after: Some("2026-11-24T10:30:00Z".parse().unwrap()),
    };
    let hangup = Response::new([Verb::Hangup]);

    client.add_participant("call-7", &new).await.unwrap();
    client.participants(&conference).await.unwrap();
    client.participant(&conference, ParticipantKey::Label("agent")).await.unwrap();
    client.remove_participant(&conference, ParticipantKey::Call(&call)).await.unwrap();
    client.update_call(&call, &CallUpdate::Completed).await.unwrap();
    client.update_call(&call, &CallUpdate::Canceled).await.unwrap();
    client.update_call(&call, &CallUpdate::Twiml(hangup.clone())).await.unwrap();
    client.update_call(&call, &CallUpdate::Url("https://a.example/next".into())).await.unwrap();
    client.call(&call).await.unwrap();
    client.calls(&filter).await.unwrap();
    client.conferences("call-7", Some(&ConferenceStatus::InProgress)).await.unwrap();
    client.end_conference(&conference).await.unwrap();
    let held = ParticipantUpdate { hold: Some(true), hold_url: Some("https://a.example/music".into()), ..ParticipantUpdate::default() };
    client.update_participant(&conference, ParticipantKey::Call(&call), &held).await.unwrap();
    let whispering = ParticipantUpdate { muted: Some(false), coach: Some(Coach::Leg(call.clone())), ..ParticipantUpdate::default() };
    client.update_participant(&conference, ParticipantKey::Label("supervisor"), &whispering).await.unwrap();
    let barging = ParticipantUpdate {
        coach: Some(Coach::Nobody),
        announce_url: Some("https://a.example/say".into()),
        end_conference_on_exit: Some(false),
        ..ParticipantUpdate::default()
    };
    client.update_participant(&conference, ParticipantKey::Label("supervisor"), &barging).await.unwrap();
    client.recordings(&call).await.unwrap();
    client.recording(&recording).await.unwrap();
    client.delete_recording(&recording).await.unwrap();

    let of = |resource: &str, sid: &str| json!([[resource, sid]]);
    let in_conference = |sid: &str, then: Value| {
        let mut path = of("conferences", sid).as_array().unwrap().clone();
        path.extend(then.as_array().unwrap().clone());
        path
    };
    let operations = json!([
        {"path": in_conference("call-7", json!([["participants"], ["create"]])), "arguments": {
            "from": "+442079460000",
            "to": "+447700900142",
            "label": "call 7",
            "timeout": 25,
            "statusCallback": "https://a.example/leg?x=1&y=é",
            "statusCallbackEvent": ["initiated", "ringing", "answered", "completed"],
            "conferenceStatusCallback": "https://a.example/conference",
            "conferenceStatusCallbackEvent": ["join", "leave"],
            "startConferenceOnEnter": true,
            "endConferenceOnExit": true,
            "beep": "onEnter",
            "record": true,
            "recordingChannels": "dual",
            "recordingStatusCallback": "https://a.example/recording",
            "recordingStatusCallbackEvent": ["in-progress", "completed", "absent"],
            "earlyMedia": false,
            "timeLimit": 7200,
        }},
        {"path": in_conference(CONFERENCE, json!([["participants"], ["list"]])), "arguments": {"pageSize": 100}},
        {"path": in_conference(CONFERENCE, json!([["participants", "agent"], ["fetch"]])), "arguments": {}},
        {"path": in_conference(CONFERENCE, json!([["participants", CALL], ["remove"]])), "arguments": {}},
        {"path": [["calls", CALL], ["update"]], "arguments": {"status": "completed"}},
        {"path": [["calls", CALL], ["update"]], "arguments": {"status": "canceled"}},
        {"path": [["calls", CALL], ["update"]], "arguments": {"twiml": hangup.to_xml()}},
        {"path": [["calls", CALL], ["update"]], "arguments": {"url": "https://a.example/next"}},
        {"path": [["calls", CALL], ["fetch"]], "arguments": {}},
        {"path": [["calls"], ["list"]], "arguments":
            {"to": "+447700900142", "status": "in-progress", "startTimeAfter": "2026-11-24T10:30:00Z", "pageSize": 100}},
        {"path": [["conferences"], ["list"]], "arguments": {"friendlyName": "call-7", "status": "in-progress", "pageSize": 100}},
        {"path": [["conferences", CONFERENCE], ["update"]], "arguments": {"status": "completed"}},
        {"path": in_conference(CONFERENCE, json!([["participants", CALL], ["update"]])), "arguments":
            {"hold": true, "holdUrl": "https://a.example/music", "holdMethod": "POST"}},
        {"path": in_conference(CONFERENCE, json!([["participants", "supervisor"], ["update"]])), "arguments":
            {"muted": false, "coaching": true, "callSidToCoach": CALL}},
        {"path": in_conference(CONFERENCE, json!([["participants", "supervisor"], ["update"]])), "arguments":
            {"coaching": false, "announceUrl": "https://a.example/say", "endConferenceOnExit": false}},
        {"path": [["calls", CALL], ["recordings"], ["list"]], "arguments": {"pageSize": 100}},
        {"path": [["recordings", RECORDING], ["fetch"]], "arguments": {}},
        {"path": [["recordings", RECORDING], ["remove"]], "arguments": {}},
    ]);
    let answer = ask(json!({"what": "requests", "account": ACCOUNT, "token": token, "operations": operations}));

    let theirs: Vec<Request> = answer.as_array().unwrap().iter().map(theirs).collect();
    let ours = seen.lock().unwrap();
    assert_eq!(theirs.len(), 18);
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
}

/// A request of the helper, as it is on the wire.
fn theirs(request: &Value) -> Request {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let url = request["uri"].as_str().unwrap();
    let path = url.strip_prefix("https://api.twilio.com").unwrap();
    assert_eq!(request["username"], ACCOUNT);
    let mut values = BTreeMap::new();
    for form in [&request["params"], &request["data"]] {
        for (name, value) in form.as_object().into_iter().flatten() {
            let all = value.as_array().map_or_else(|| vec![text(value)], |values| values.iter().map(text).collect());
            values.insert(name.clone(), all);
        }
    }
    (request["method"].as_str().unwrap().to_owned(), path.to_owned(), values)
}

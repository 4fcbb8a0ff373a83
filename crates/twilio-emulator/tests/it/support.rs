//! An emulator at fifty times the pace of life, and an application that receives its webhooks.

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::IntoResponse;
use axum::routing::post;
use serde_json::{Value, json};
use twilio_emulator::{Application, Config, Emulator, Inbound, sign};

pub const ACCOUNT: &str = "AC00000000000000000000000000000009";
pub const AUTH_TOKEN: &str = "test-auth-token";
pub const KEY: &str = "SK00000000000000000000000000000009";
pub const SECRET: &str = "test-api-secret";
pub const APPLICATION: &str = "AP00000000000000000000000000000009";
pub const OURS: &str = "+442079460000";
pub const CALLER: &str = "+447700900199";
pub const ANSWERS: &str = "+447700900001";
pub const BUSY: &str = "+447700900002";
pub const NO_ANSWER: &str = "+447700900003";
pub const FAILS: &str = "+447700900004";
pub const REFUSED: &str = "+447700900005";

pub type Form = HashMap<String, String>;

/// A webhook that arrived, well signed.
#[derive(Clone, Debug)]
pub struct Hook {
    pub path: String,
    pub form: Form,
    pub token: String,
}

#[derive(Default)]
pub struct Receiver {
    pub hooks: Vec<Hook>,
    /// What the next requests are answered, before 200 again.
    pub statuses: Vec<u16>,
    pub twiml: String,
    pub slowness: Vec<Duration>,
    /// What is answered at a path instead of `twiml`: the content type and the body.
    pub files: HashMap<String, (&'static str, Vec<u8>)>,
}

pub struct Lab {
    pub emulator: Emulator,
    pub address: SocketAddr,
    pub client: reqwest::Client,
    pub application: Arc<Mutex<Receiver>>,
}

impl Lab {
    pub async fn new() -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let url = |path: &str| format!("http://{address}{path}");
        let application = Application { voice_url: url("/voice?from=test"), status_callback: Some(url("/ended")) };
        let emulator = Emulator::start(Config {
            applications: BTreeMap::from([(APPLICATION.to_owned(), application)]),
            numbers: vec![OURS.to_owned()],
            inbound: Inbound { voice_url: Some(url("/ring-in")), status_callback: Some(url("/rung")), sms_url: Some(url("/written")) },
            pace: 0.02,
            ..Config::new(ACCOUNT, AUTH_TOKEN, KEY, SECRET)
        })
        .await
        .unwrap();
        let application = Arc::new(Mutex::new(Receiver { twiml: conference(address, "call-7"), ..Receiver::default() }));
        let app = Router::new()
            .route("/{*path}", post(receive).get(receive))
            .with_state((address, Arc::clone(&application)))
            .nest("/twilio", emulator.router());
        let serve = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>());
        tokio::spawn(async move { serve.await.unwrap() });
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap();
        Self { emulator, address, client, application }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn account(&self, path: &str) -> String {
        self.url(&format!("/twilio/2010-04-01/Accounts/{ACCOUNT}/{path}"))
    }

    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> (u16, Value) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(self.account(path)).basic_auth(KEY, Some(SECRET));
        read(request.header("Content-Type", "application/x-www-form-urlencoded").body(body)).await
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        read(self.client.get(self.account(path)).basic_auth(ACCOUNT, Some(AUTH_TOKEN))).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        read(self.client.delete(self.account(path)).basic_auth(KEY, Some(SECRET))).await
    }

    pub async fn admin(&self, path: &str) -> Value {
        read(self.client.get(self.url(&format!("/twilio/admin/{path}")))).await.1
    }

    pub async fn tell(&self, path: &str, body: Value) -> (u16, Value) {
        read(self.client.post(self.url(&format!("/twilio/admin/{path}"))).json(&body)).await
    }

    /// Calls `to` into the conference `call-7`, and is told of every step. Answers the call's sid.
    pub async fn add(&self, to: &str, more: &[(&str, &str)]) -> String {
        let (status, body) = self.post("Conferences/call-7/Participants.json", &self.participant(to, more)).await;
        assert_eq!(status, 201, "{body}");
        body["call_sid"].as_str().unwrap().to_owned()
    }

    pub fn participant<'a>(&'a self, to: &'a str, more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
        let status = format!("http://{}/status", self.address).leak();
        let conference = format!("http://{}/conference", self.address).leak();
        let mut fields = vec![
            ("From", OURS),
            ("To", to),
            ("StatusCallback", &*status),
            ("StatusCallbackEvent", "initiated ringing answered completed"),
            ("ConferenceStatusCallback", &*conference),
            ("ConferenceStatusCallbackEvent", "start end join leave mute hold modify announcement"),
        ];
        fields.extend(more);
        fields
    }

    /// What is answered at `path`.
    pub fn answers(&self, path: &str, kind: &'static str, body: impl Into<Vec<u8>>) {
        self.application.lock().unwrap().files.insert(path.to_owned(), (kind, body.into()));
    }

    /// What is answered at `path`, as TwiML in a response.
    pub fn twiml(&self, path: &str, verbs: impl std::fmt::Display) {
        self.answers(path, "text/xml", format!("<Response>{verbs}</Response>"));
    }

    /// Somebody rings in and does that. Answers the call's sid.
    pub async fn ring_in(&self, steps: Value) -> String {
        let (status, body) = self.tell("calls/incoming", json!({"from": CALLER, "to": OURS, "steps": steps})).await;
        assert_eq!(status, 201, "{body}");
        body["sid"].as_str().unwrap().to_owned()
    }

    /// The calls that a call has dialled, oldest first.
    pub async fn children(&self, call: &str) -> Vec<Value> {
        let mut children = self.get(&format!("Calls.json?ParentCallSid={call}")).await.1["calls"].as_array().unwrap().clone();
        children.reverse();
        children
    }

    /// The sound of a call: `received` is what the party says, `sent` what it hears.
    pub async fn media(&self, call: &str) -> Value {
        self.admin(&format!("calls/{call}")).await["media"].clone()
    }

    /// How loud it was in the last second, what the party hears.
    pub async fn loudness(&self, call: &str) -> f64 {
        self.media(call).await["sent"]["recent_rms"].as_f64().unwrap()
    }

    pub async fn status(&self, call: &str) -> String {
        self.get(&format!("Calls/{call}.json")).await.1["status"].as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the call stands so.
    pub async fn reaches(&self, call: &str, status: &str) {
        until(async || self.status(call).await == status, &format!("{call} is {status}")).await;
    }

    pub fn hooks(&self, path: &str) -> Vec<Form> {
        let application = self.application.lock().unwrap();
        application.hooks.iter().filter(|hook| hook.path == path).map(|hook| hook.form.clone()).collect()
    }

    /// One field of every webhook to `path`.
    pub fn told(&self, path: &str, field: &str) -> Vec<String> {
        self.hooks(path).iter().map(|form| form.get(field).cloned().unwrap_or_default()).collect()
    }

    /// Waits until so many webhooks have come to `path`.
    pub async fn hears(&self, path: &str, count: usize) -> Vec<Form> {
        until(async || self.hooks(path).len() >= count, &format!("{count} webhooks at {path}")).await;
        self.hooks(path)
    }
}

/// A WAV file of so many seconds of one tone: 16-bit PCM at 8 kHz, 440 Hz at a peak of 8,000, whose loudness is 5,657.
pub fn tone(seconds: u32) -> Vec<u8> {
    let samples = (0..seconds * 8_000).map(|at| f64::from(at) / 8_000.0 * 440.0 * std::f64::consts::TAU);
    #[expect(clippy::cast_possible_truncation, reason = "of at most 8,000")]
    let data: Vec<u8> = samples.flat_map(|at| ((at.sin() * 8_000.0) as i16).to_le_bytes()).collect();
    let size = u32::try_from(data.len()).unwrap();
    let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data".to_vec();
    wav[4..8].copy_from_slice(&(size + 36).to_le_bytes());
    wav.extend(size.to_le_bytes());
    wav.extend(data);
    wav
}

/// TwiML into a conference.
pub fn conference(address: SocketAddr, name: &str) -> String {
    format!(
        r#"<Response><Dial><Conference beep="false" participantLabel="agent" statusCallback="http://{address}/conference"
            statusCallbackEvent="start end join leave">{name}</Conference></Dial></Response>"#
    )
}

pub async fn until(is_so: impl AsyncFn() -> bool, what: &str) {
    for _ in 0..500 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("never came: {what}");
}

async fn read(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

async fn receive(
    State((address, application)): State<(SocketAddr, Arc<Mutex<Receiver>>)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> impl IntoResponse {
    let query = uri.query().unwrap_or_default().as_bytes();
    let signed: Vec<(String, String)> = form_urlencoded::parse(&body).into_owned().collect();
    let header = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    // A sound is asked for without a signature.
    if method == Method::POST || headers.contains_key("X-Twilio-Signature") {
        assert_eq!(header("X-Twilio-Signature"), sign(AUTH_TOKEN, &format!("http://{address}{uri}"), &signed));
    }
    let pairs = if method == Method::GET { form_urlencoded::parse(query).into_owned().collect() } else { signed };
    let hook = Hook { path: uri.path().to_owned(), form: pairs.into_iter().collect(), token: header("I-Twilio-Idempotency-Token") };
    let (status, slowness, (kind, answer)) = {
        let mut application = application.lock().unwrap();
        let file = application.files.get(uri.path()).cloned();
        application.hooks.push(hook);
        let status = if application.statuses.is_empty() { 200 } else { application.statuses.remove(0) };
        let answer = file.unwrap_or_else(|| ("text/xml", application.twiml.clone().into_bytes()));
        (status, application.slowness.pop(), answer)
    };
    tokio::time::sleep(slowness.unwrap_or_default()).await;
    (StatusCode::from_u16(status).unwrap(), [(CONTENT_TYPE, kind)], answer)
}

//! The smallest product that the emulator can serve: a page with a telephone, and the webhooks behind it.
//!
//! The agent's browser calls; the call enters a conference of its own; when the agent is in, the number is added by REST.
//! `cargo run -p twilio-emulator --example host -- --port 7780`, then open <http://localhost:7780>.

#![expect(clippy::expect_used, reason = "an example that panics is an example that is seen to fail")]

use std::collections::{BTreeMap, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Parser;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use twilio_emulator::{Application, Config, Emulator, Inbound, sign};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const AUTH_TOKEN: &str = "host-auth-token";
const KEY: &str = "SK00000000000000000000000000000001";
const SECRET: &str = "host-api-secret";
const APPLICATION: &str = "AP00000000000000000000000000000001";
const GREETING: &str = r#"<Response><Say loop="20">Hello</Say></Response>"#;
const NUMBER: &str = "+442079460000";

#[derive(Debug, Parser)]
struct Settings {
    #[arg(long, default_value_t = 7780)]
    port: u16,
    #[arg(long, default_value_t = 1.0)]
    pace: f64,
}

struct Host {
    base: String,
    client: reqwest::Client,
    /// Conference's name, which number it is for, and how long that may ring.
    wanted: Mutex<HashMap<String, (String, String)>>,
    hooks: Mutex<Vec<Value>>,
    /// What is done with somebody who rings in.
    script: Mutex<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_env_filter(tracing_subscriber::EnvFilter::from_default_env()).init();
    let settings = Settings::parse();
    let base = format!("http://localhost:{}", settings.port);
    let application = Application { voice_url: format!("{base}/voice"), status_callback: Some(format!("{base}/status")) };
    let emulator = Emulator::start(Config {
        applications: BTreeMap::from([(APPLICATION.to_owned(), application)]),
        numbers: vec![NUMBER.to_owned()],
        inbound: Inbound { voice_url: Some(format!("{base}/ring-in")), sms_url: Some(format!("{base}/written")), ..Inbound::default() },
        pace: settings.pace,
        base_url: Some(format!("{base}/twilio")),
        ..Config::new(ACCOUNT, AUTH_TOKEN, KEY, SECRET)
    })
    .await?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let host = Arc::new(Host { base, client, wanted: Mutex::default(), hooks: Mutex::default(), script: Mutex::new(GREETING.to_owned()) });
    let app = Router::new()
        .route("/", get(|| async { Html(include_str!("host.html")) }))
        .route("/sdk.js", get(sdk))
        .route("/silence.wav", get(silence))
        .route("/token", get(token))
        .route("/voice", post(voice))
        .route("/conference", post(conference))
        .route("/ring-in", post(ring_in).put(set_script))
        .route("/after", post(after))
        .route("/written", post(written))
        .route("/status", post(status))
        .route("/hooks", get(hooks).delete(forget))
        .with_state(host)
        .nest("/twilio", emulator.router());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
    axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// The unmodified SDK, as npm installed it.
async fn sdk() -> impl IntoResponse {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../node_modules/@twilio/voice-sdk/dist/twilio.min.js");
    match std::fs::read(path) {
        Ok(script) => Ok(([(header::CONTENT_TYPE, "text/javascript")], script)),
        Err(error) => Err((StatusCode::NOT_FOUND, format!("run npm ci: {error}"))),
    }
}

/// A hundredth of a second of nothing, for all the SDK's sounds.
async fn silence() -> impl IntoResponse {
    let data = [0_u8; 160];
    let mut wav =
        b"RIFF\xc4\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\xa0\x00\x00\x00"
            .to_vec();
    wav.extend(data);
    ([(header::CONTENT_TYPE, "audio/wav")], wav)
}

/// `?ttl=60` lasts so many seconds; `?secret=…` signs with another secret; `?identity=…` is for somebody else than the agent.
async fn token(Query(wanted): Query<HashMap<String, String>>) -> String {
    let number = |name: &str| wanted.get(name).and_then(|value| value.parse::<i64>().ok());
    let issued = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |age| age.as_secs());
    let expires = i64::try_from(issued).unwrap_or_default() + number("ttl").unwrap_or(3_600);
    let header = json!({"alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1"});
    let identity = wanted.get("identity").map_or("agent", String::as_str);
    let claims = json!({
        "jti": format!("{KEY}-{issued}"), "iss": KEY, "sub": ACCOUNT, "iat": issued, "exp": expires,
        "grants": {"identity": identity, "voice": {"incoming": {"allow": true}, "outgoing": {"application_sid": APPLICATION}}},
    });
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let secret = wanted.get("secret").map_or(SECRET, String::as_str);
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).expect("a key has any length");
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

type Form = HashMap<String, String>;

impl Host {
    /// The form, when it is signed as Twilio would.
    fn read(&self, path: &str, headers: &HeaderMap, body: &[u8]) -> Result<Form, StatusCode> {
        let pairs: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let expected = sign(AUTH_TOKEN, &format!("{}{path}", self.base), &pairs);
        let given = headers.get("X-Twilio-Signature").and_then(|value| value.to_str().ok());
        if given != Some(expected.as_str()) {
            return Err(StatusCode::FORBIDDEN);
        }
        let form: Form = pairs.into_iter().collect();
        self.hooks.lock().expect("nobody panics").push(json!({"path": path, "form": form}));
        Ok(form)
    }
}

/// What to do with a browser's call. The page says whom it wants, which is good enough for an example and for nothing else.
async fn voice(State(host): State<Arc<Host>>, headers: HeaderMap, body: Bytes) -> Result<impl IntoResponse, StatusCode> {
    let form = host.read("/voice", &headers, &body)?;
    let value = |name: &str| form.get(name).cloned().unwrap_or_default();
    let name = format!("call-{}", value("CallSid"));
    host.wanted.lock().expect("nobody panics").insert(name.clone(), (value("Number"), value("Timeout")));
    let twiml = match value("Say").as_str() {
        "bridge" => format!(
            r#"<Response><Dial answerOnBridge="true"><Conference beep="false" waitUrl="" participantLabel="agent" statusCallback="{}/conference" statusCallbackEvent="start end join leave mute hold">{name}</Conference></Dial></Response>"#,
            host.base
        ),
        "reject" => r#"<Response><Reject reason="busy"/></Response>"#.to_owned(),
        "broken" => "<Response><Dance/></Response>".to_owned(),
        _ => format!(
            r#"<Response><Dial><Conference beep="false" waitUrl="" endConferenceOnExit="{}" participantLabel="agent" statusCallback="{}/conference" statusCallbackEvent="start end join leave mute hold">{name}</Conference></Dial></Response>"#,
            value("Ends") == "true",
            host.base
        ),
    };
    Ok(([(header::CONTENT_TYPE, "text/xml")], twiml))
}

/// Somebody rings the number.
async fn ring_in(State(host): State<Arc<Host>>, headers: HeaderMap, body: Bytes) -> Result<impl IntoResponse, StatusCode> {
    host.read("/ring-in", &headers, &body)?;
    let script = host.script.lock().expect("nobody panics").clone();
    Ok(([(header::CONTENT_TYPE, "text/xml")], script))
}

/// From now on that is done with somebody who rings in; nothing is the greeting again.
async fn set_script(State(host): State<Arc<Host>>, body: String) -> StatusCode {
    *host.script.lock().expect("nobody panics") = if body.is_empty() { GREETING.to_owned() } else { body };
    StatusCode::NO_CONTENT
}

/// After a conversation, or a message.
async fn after(State(host): State<Arc<Host>>, headers: HeaderMap, body: Bytes) -> Result<impl IntoResponse, StatusCode> {
    host.read("/after", &headers, &body)?;
    Ok(([(header::CONTENT_TYPE, "text/xml")], "<Response><Hangup/></Response>"))
}

/// Somebody writes to the number.
async fn written(State(host): State<Arc<Host>>, headers: HeaderMap, body: Bytes) -> Result<impl IntoResponse, StatusCode> {
    host.read("/written", &headers, &body)?;
    Ok(([(header::CONTENT_TYPE, "text/xml")], "<Response><Message>Thank you.</Message></Response>"))
}

/// When the agent is in the conference, the number is called into it.
async fn conference(State(host): State<Arc<Host>>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, StatusCode> {
    let form = host.read("/conference", &headers, &body)?;
    let is = |name: &str, value: &str| form.get(name).is_some_and(|known| known == value);
    if is("StatusCallbackEvent", "participant-join") && is("ParticipantLabel", "agent") {
        let name = form.get("FriendlyName").cloned().unwrap_or_default();
        let wanted = host.wanted.lock().expect("nobody panics").remove(&name);
        if let Some((number, timeout)) = wanted.filter(|(number, _)| !number.is_empty()) {
            tokio::spawn(async move { add(&host, &name, &number, &timeout).await });
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn add(host: &Host, conference: &str, number: &str, timeout: &str) {
    let status = format!("{}/status", host.base);
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([
            ("From", NUMBER),
            ("To", number),
            ("Label", "customer"),
            ("Timeout", timeout),
            ("EndConferenceOnExit", "true"),
            ("EarlyMedia", "false"),
            ("Beep", "false"),
            ("StatusCallback", &status),
            ("StatusCallbackEvent", "initiated ringing answered completed"),
        ])
        .finish();
    let url = format!("{}/twilio/2010-04-01/Accounts/{ACCOUNT}/Conferences/{conference}/Participants.json", host.base);
    let request = host.client.post(url).basic_auth(KEY, Some(SECRET)).header("Content-Type", "application/x-www-form-urlencoded");
    let answer = match request.body(form).send().await {
        Ok(response) => json!({"status": response.status().as_u16(), "body": response.json::<Value>().await.unwrap_or_default()}),
        Err(error) => json!({"error": error.to_string()}),
    };
    host.hooks.lock().expect("nobody panics").push(json!({"rest": answer}));
}

async fn status(State(host): State<Arc<Host>>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, StatusCode> {
    host.read("/status", &headers, &body)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn forget(State(host): State<Arc<Host>>) -> StatusCode {
    host.hooks.lock().expect("nobody panics").clear();
    StatusCode::NO_CONTENT
}

/// What the host has received, in order.
async fn hooks(State(host): State<Arc<Host>>) -> Json<Vec<Value>> {
    Json(host.hooks.lock().expect("nobody panics").clone())
}

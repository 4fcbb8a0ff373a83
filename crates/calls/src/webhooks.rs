//! What the carrier posts to us. Every request is signed over the address that we gave; anything else is refused. What is said is stored
//! first and answered then, so that a failure here can make the carrier try again; what is lost all the same is asked for later.

use axum::body::Bytes;
use axum::extract::{OriginalUri, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use kernel::CallId;
use serde::Deserialize;
use twilio::{CallStatusEvent, ConferenceEvent, Params, RecordingStatusEvent, VoiceRequest, signature, twiml};

use crate::service::{Calls, CallsFailure};

/// No webhook is larger.
const BODY_LIMIT: usize = 64 * 1024;

/// The paths to which the carrier posts, each refused without its signature.
pub fn webhooks(calls: &Calls) -> Vec<(&'static str, MethodRouter)> {
    let signed = |handlers: MethodRouter<Calls>| {
        handlers.layer(middleware::from_fn_with_state(calls.clone(), refuse_unsigned)).with_state(calls.clone())
    };
    vec![
        ("/webhooks/twilio/voice", signed(post(voice))),
        ("/webhooks/twilio/conference-status", signed(post(conference_status))),
        ("/webhooks/twilio/call-status", signed(post(call_status))),
        ("/webhooks/twilio/hold", signed(post(hold))),
        ("/webhooks/twilio/incoming", signed(post(incoming))),
        ("/webhooks/twilio/incoming-key", signed(post(incoming_key))),
        ("/webhooks/twilio/incoming-route", signed(post(incoming_route))),
        ("/webhooks/twilio/incoming-message", signed(post(incoming_message))),
        ("/webhooks/twilio/recording-status", signed(post(recording_status))),
    ]
}

/// The call that an address speaks of. The carrier signs the whole address, so nobody else can have written it.
#[derive(Debug, Deserialize)]
struct About {
    call: Option<CallId>,
}

async fn voice(State(calls): State<Calls>, body: Bytes) -> Response {
    document(calls.voice(&VoiceRequest::from(Params::from_form(&body))).await)
}

async fn hold(State(calls): State<Calls>) -> Response {
    document(calls.hold_music())
}

/// Somebody rings one of our numbers.
async fn incoming(State(calls): State<Calls>, body: Bytes) -> Response {
    document(calls.arrive(&VoiceRequest::from(Params::from_form(&body))).await)
}

async fn incoming_key(State(calls): State<Calls>, Query(about): Query<About>, body: Bytes) -> Response {
    let Some(call) = about.call else { return malformed("no call") };
    document(calls.key(call, Params::from_form(&body).get("Digits").unwrap_or_default()).await)
}

async fn incoming_route(State(calls): State<Calls>, Query(about): Query<About>) -> Response {
    let Some(call) = about.call else { return malformed("no call") };
    document(calls.route(call).await)
}

async fn incoming_message(State(calls): State<Calls>, Query(about): Query<About>) -> Response {
    let Some(call) = about.call else { return malformed("no call") };
    document(calls.message(call).await)
}

/// What the carrier does next.
fn document(result: Result<twiml::Response, CallsFailure>) -> Response {
    match result {
        Ok(document) => ([(header::CONTENT_TYPE, "text/xml; charset=utf-8")], document.to_xml()).into_response(),
        Err(failure) => failed(&failure),
    }
}

async fn conference_status(State(calls): State<Calls>, Query(about): Query<About>, body: Bytes) -> Response {
    let Some(call) = about.call else { return malformed("no call") };
    let event = ConferenceEvent::from(Params::from_form(&body));
    if event.kind.is_none() {
        return malformed("nothing has happened");
    }
    done(calls.conference_event(call, &event).await)
}

async fn call_status(State(calls): State<Calls>, Query(about): Query<About>, body: Bytes) -> Response {
    let event = CallStatusEvent::from(Params::from_form(&body));
    if event.call_sid.is_none() || event.call_status.is_none() {
        return malformed("no leg or no status");
    }
    done(calls.leg_event(about.call, &event).await)
}

async fn recording_status(State(calls): State<Calls>, Query(about): Query<About>, body: Bytes) -> Response {
    let Some(call) = about.call else { return malformed("no call") };
    let event = RecordingStatusEvent::from(Params::from_form(&body));
    if event.recording_sid.is_none() || event.recording_status.is_none() {
        return malformed("no recording or no status");
    }
    if !calls.is_from_the_carrier(&event) {
        return malformed("the sound is said to be elsewhere");
    }
    done(calls.recording_event(call, &event).await)
}

/// Rightly signed, and not what the carrier would say.
fn malformed(lack: &'static str) -> Response {
    tracing::warn!(webhook.lack = lack, "a webhook that cannot be was refused");
    StatusCode::BAD_REQUEST.into_response()
}

fn done(result: Result<(), CallsFailure>) -> Response {
    match result {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(failure) => failed(&failure),
    }
}

fn failed(failure: &CallsFailure) -> Response {
    let cause = std::error::Error::source(failure).map(ToString::to_string);
    tracing::error!(error.message = %failure, error.cause = cause, "what the carrier said could not be stored");
    StatusCode::SERVICE_UNAVAILABLE.into_response()
}

/// lessons, line 40: no webhook signature was checked anywhere. Also behind a proxy: the address is the public one, whatever Host says.
async fn refuse_unsigned(
    State(calls): State<Calls>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    request: Request,
    next: Next,
) -> Response {
    let Ok(telephone) = calls.telephone() else { return StatusCode::NOT_FOUND.into_response() };
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else { return StatusCode::PAYLOAD_TOO_LARGE.into_response() };
    let given = headers.get("x-twilio-signature").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let url = signature::public_url(&telephone.public_base_url, path);
    if !signature::verify(&telephone.auth_token, &url, &Params::from_form(&body), given) {
        tracing::warn!(http.path = uri.path(), "a webhook without a right signature was refused");
        return StatusCode::FORBIDDEN.into_response();
    }
    next.run(Request::from_parts(parts, body.into())).await
}

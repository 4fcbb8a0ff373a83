//! `Recordings`: what is known of them, and their sound.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use serde_json::{Value, json};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;

use super::RestFault;
use super::form::Form;
use super::paging::{page, uri};
use crate::clock::rfc2822;
use crate::core::Core;
use crate::model::CallStatus;
use crate::recordings::{Recording, RecordingStatus};

/// `GET Recordings.json`, by `CallSid`, `ConferenceSid` and `DateCreated`; newest first.
pub async fn list(State(core): State<Arc<Core>>, Extension(query): Extension<Form>) -> Result<Json<Value>, RestFault> {
    listed(&core, &query, "Recordings", |recording| {
        let is = |name: &str, value: &str| query.get(name).is_none_or(|wanted| wanted == value);
        is("CallSid", &recording.call_sid) && is("ConferenceSid", recording.conference_sid.as_deref().unwrap_or_default())
    })
}

/// `GET Calls/{sid}/Recordings.json`.
pub async fn list_of_call(
    State(core): State<Arc<Core>>,
    Path((_, call)): Path<(String, String)>,
    Extension(query): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    known_call(&core, &call)?;
    listed(&core, &query, &format!("Calls/{call}/Recordings"), |recording| recording.call_sid == call)
}

/// `GET Conferences/{sid}/Recordings.json`.
pub async fn list_of_conference(
    State(core): State<Arc<Core>>,
    Path((_, conference)): Path<(String, String)>,
    Extension(query): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let path = format!("Conferences/{conference}/Recordings");
    core.model().conference(&conference).ok_or_else(|| RestFault::not_found(&uri(&core.config.account_sid, &path)))?;
    listed(&core, &query, &path, |recording| recording.conference_sid.as_deref() == Some(conference.as_str()))
}

fn listed(core: &Core, query: &Form, path: &str, is_wanted: impl Fn(&Recording) -> bool) -> Result<Json<Value>, RestFault> {
    let all = core.recordings.all();
    let wanted = all.iter().rev().filter(|recording| is_wanted(recording) && is_of_date(recording, query));
    let shown: Vec<Value> = wanted.map(|recording| shape(core, recording)).collect();
    page("recordings", &shown, &uri(&core.config.account_sid, path), query)
}

/// `DateCreated`, `DateCreated<` and `DateCreated>`, each of which includes the day that it names.
fn is_of_date(recording: &Recording, query: &Form) -> bool {
    let day = recording.created.format("%Y-%m-%d").to_string();
    let wanted = |name: &str| query.get(name).map(|date| date.get(..10).unwrap_or(date));
    wanted("DateCreated").is_none_or(|date| day == date)
        && wanted("DateCreated<").is_none_or(|date| day.as_str() <= date)
        && wanted("DateCreated>").is_none_or(|date| day.as_str() >= date)
}

/// `GET Recordings/{sid}.json`, or its sound: `{sid}.wav`, or `{sid}` alone. Parts of it by `Range`.
pub async fn fetch(
    State(core): State<Arc<Core>>,
    Path((_, file)): Path<(String, String)>,
    request: Request,
) -> Result<Response, RestFault> {
    if let Some(sid) = file.strip_suffix(".json") {
        return Ok(Json(shape(&core, &find(&core, sid)?)).into_response());
    }
    let recording = find(&core, file.strip_suffix(".wav").unwrap_or(&file))?;
    let path = core.recordings.file(&recording.sid).filter(|_| recording.status == RecordingStatus::Completed);
    let path = path.ok_or_else(|| RestFault::not_found(request.uri().path()))?;
    let Ok(mut response) = ServeFile::new(path).oneshot(request).await;
    if response.status().is_success() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("audio/x-wav"));
    }
    Ok(response.into_response())
}

/// `GET Calls/{sid}/Recordings/{sid}.json`.
pub async fn fetch_of(
    State(core): State<Arc<Core>>,
    Path((_, call, file)): Path<(String, String, String)>,
) -> Result<Json<Value>, RestFault> {
    Ok(Json(shape(&core, &find_of(&core, &call, &file)?)))
}

/// `DELETE Recordings/{sid}.json`.
pub async fn remove(State(core): State<Arc<Core>>, Path((_, file)): Path<(String, String)>) -> Result<StatusCode, RestFault> {
    let recording = find(&core, super::name(&file)?)?;
    delete(&core, &recording)
}

/// `DELETE Calls/{sid}/Recordings/{sid}.json`.
pub async fn remove_of(
    State(core): State<Arc<Core>>,
    Path((_, call, file)): Path<(String, String, String)>,
) -> Result<StatusCode, RestFault> {
    let recording = find_of(&core, &call, &file)?;
    delete(&core, &recording)
}

fn delete(core: &Core, recording: &Recording) -> Result<StatusCode, RestFault> {
    if recording.status.is_live() {
        return Err(RestFault::bad(20_409, "The recording is still being made"));
    }
    core.recordings.remove(&recording.sid);
    Ok(StatusCode::NO_CONTENT)
}

/// `POST Calls/{sid}/Recordings.json`: records a call that is going on.
pub async fn start(
    State(core): State<Arc<Core>>,
    Path((_, call)): Path<(String, String)>,
    Extension(form): Extension<Form>,
) -> Result<(StatusCode, Json<Value>), RestFault> {
    if known_call(&core, &call)? != CallStatus::InProgress {
        return Err(RestFault::bad(21_220, "Requested resource is not eligible for recording"));
    }
    let sid = core.record(&call, form.asked(false, "StartCallRecordingAPI", "RecordingStatusCallback"));
    Ok((StatusCode::CREATED, Json(shape(&core, &find(&core, &sid)?))))
}

/// `POST Calls/{sid}/Recordings/{sid}.json` with `Status`: `paused`, `in-progress` or `stopped`.
pub async fn update(
    State(core): State<Arc<Core>>,
    Path((_, call, file)): Path<(String, String, String)>,
    Extension(form): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let sid = find_of(&core, &call, &file)?.sid;
    let changed = match form.get("Status") {
        Some("paused") => core.pause_recording(&sid, true),
        Some("in-progress") => core.pause_recording(&sid, false),
        Some("stopped") => core.stop_recording(&sid),
        other => return Err(RestFault::bad(20_001, format!("Invalid Status {}", other.unwrap_or_default()))),
    };
    let changed = changed.ok_or_else(|| RestFault::bad(21_220, "The recording is not being made"))?;
    Ok(Json(shape(&core, &changed)))
}

fn known_call(core: &Core, call: &str) -> Result<CallStatus, RestFault> {
    let status = core.model().call(call).map(|call| call.status);
    status.ok_or_else(|| RestFault::not_found(&uri(&core.config.account_sid, &format!("Calls/{call}"))))
}

fn find(core: &Core, sid: &str) -> Result<Recording, RestFault> {
    let known = core.recordings.get(sid);
    known.ok_or_else(|| RestFault::not_found(&uri(&core.config.account_sid, &format!("Recordings/{sid}"))))
}

fn find_of(core: &Core, call: &str, file: &str) -> Result<Recording, RestFault> {
    let sid = super::name(file)?;
    let known = core.recordings.get(sid).filter(|recording| recording.call_sid == call);
    known.ok_or_else(|| RestFault::not_found(&uri(&core.config.account_sid, &format!("Calls/{call}/Recordings/{sid}"))))
}

/// A recording as Twilio shapes it.
fn shape(core: &Core, recording: &Recording) -> Value {
    let account = &core.config.account_sid;
    let resource = format!("Recordings/{}", recording.sid);
    json!({
        "sid": recording.sid,
        "account_sid": account,
        "api_version": "2010-04-01",
        "call_sid": Some(&recording.call_sid).filter(|call| !call.is_empty()),
        "conference_sid": recording.conference_sid,
        "channels": recording.asked.layout.channels(),
        "track": recording.asked.layout.track.word(),
        "source": recording.asked.source,
        "status": recording.status.word(),
        // Twilio's own word for what is not known yet.
        "duration": recording.seconds.map_or("-1".to_owned(), |seconds| seconds.to_string()),
        "start_time": rfc2822(recording.created),
        "date_created": rfc2822(recording.created),
        "date_updated": rfc2822(recording.updated),
        "price": null,
        "price_unit": "USD",
        "error_code": null,
        "encryption_details": null,
        "media_url": core.recording_url(&recording.sid),
        "uri": uri(account, &resource),
        "subresource_uris": {
            "add_on_results": uri(account, &format!("{resource}/AddOnResults")),
            "transcriptions": uri(account, &format!("{resource}/Transcriptions")),
        },
    })
}

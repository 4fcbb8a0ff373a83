//! `Participants` of a conference.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde_json::{Value, json};

use super::calls::dialled;
use super::form::Form;
use super::paging::{page, uri};
use super::{RestFault, name};
use crate::clock::rfc2822;
use crate::core::Core;
use crate::life::{self, Hearers, Order, Then, beeps};
use crate::model::{Call, CallStatus, Change, Coaching, Conference, ConferenceStatus, Effect, Left, Participant, Terms};
use crate::sid;

type Named = Path<(String, String, String)>;

/// `POST Participants.json`: calls somebody into a conference, by its sid or its name. A name that no conference has makes one.
pub async fn create(
    State(core): State<Arc<Core>>,
    Path((_, conference)): Path<(String, String)>,
    Extension(form): Extension<Form>,
) -> Result<(StatusCode, Json<Value>), RestFault> {
    if sid::is("CF", &conference) {
        open(&core, &conference)?;
    }
    let terms = Terms {
        label: form.get("Label").map(str::to_owned),
        is_muted: form.flag("Muted").unwrap_or(false),
        is_held: form.flag("Hold").unwrap_or(false),
        starts: form.flag("StartConferenceOnEnter").unwrap_or(true),
        ends: form.flag("EndConferenceOnExit").unwrap_or(false),
        beeps: beeps(form.get("Beep")),
        early_media: form.flag("EarlyMedia").unwrap_or(true),
        coaches: form.coaching()?.and_then(Coaching::coached),
        conference_recording: form.conference_recording(),
        wait_music: form.endpoint_by("WaitUrl", "WaitMethod", "POST"),
        ..Terms::default()
    };
    if let Some(coached) = &terms.coaches {
        coachable(&core, &conference, coached)?;
    }
    let dialled = dialled(&core, &form, Then::Join { conference, terms: Box::new(terms), audience: form.audience() })?;
    let message = "Participant label is already in use in the conference";
    let call_sid = life::dial(&core, dialled).map_err(|_| RestFault::bad(16_025, message))?;
    let model = core.model();
    let known =
        model.conference_of(&call_sid).and_then(|conference| Some((conference, &conference.participants[conference.find(&call_sid)?])));
    let (conference, participant) = known.ok_or_else(|| RestFault::not_found(&call_sid))?;
    Ok((StatusCode::CREATED, Json(shape(&core.config.account_sid, conference, participant, model.call(&call_sid)))))
}

/// `GET Participants.json`, by `Muted`, `Hold` and `Coaching`.
pub async fn list(
    State(core): State<Arc<Core>>,
    Path((_, conference)): Path<(String, String)>,
    Extension(query): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let account = &core.config.account_sid;
    let model = core.model();
    let known = model.conference(&conference).ok_or_else(|| RestFault::not_found(&uri(account, &format!("Conferences/{conference}"))))?;
    let is = |name: &str, value: bool| query.flag(name).is_none_or(|wanted| wanted == value);
    let wanted = known.participants.iter().filter(|there| is("Muted", there.terms.is_muted) && is("Hold", there.terms.is_held));
    let wanted = wanted.filter(|there| is("Coaching", there.terms.coaches.is_some()));
    let all: Vec<Value> = wanted.map(|there| shape(account, known, there, model.call(&there.call_sid))).collect();
    page("participants", &all, &uri(account, &format!("Conferences/{}/Participants", known.sid)), &query)
}

/// `GET Participants/{call sid or label}.json`.
pub async fn fetch(State(core): State<Arc<Core>>, Path((_, conference, file)): Named) -> Result<Json<Value>, RestFault> {
    show(&core, &conference, name(&file)?)
}

/// `POST Participants/{call sid or label}.json`: `Muted`, `Hold` with `HoldUrl`, `Coaching` with `CallSidToCoach`, `EndConferenceOnExit`,
/// `BeepOnExit`; and `AnnounceUrl`, which this participant alone hears.
pub async fn update(
    State(core): State<Arc<Core>>,
    Path((_, conference, file)): Named,
    Extension(form): Extension<Form>,
) -> Result<Json<Value>, RestFault> {
    let (conference_sid, call_sid) = find(&core, &conference, name(&file)?)?;
    let change = Change {
        is_muted: form.flag("Muted"),
        is_held: form.flag("Hold"),
        hold_music: form.endpoint_by("HoldUrl", "HoldMethod", "GET"),
        ends: form.flag("EndConferenceOnExit"),
        beeps_on_exit: form.flag("BeepOnExit"),
        coaching: form.coaching()?,
    };
    if let Some(Coaching::Of(coached)) = &change.coaching {
        coachable(&core, &conference_sid, coached)?;
    }
    core.change(|model, now| model.modify(&conference_sid, &call_sid, change, now));
    if let Some(endpoint) = form.endpoint_by("AnnounceUrl", "AnnounceMethod", "POST") {
        let hearers = Hearers::One(call_sid.clone());
        core.spawn(life::announce(Arc::clone(&core), conference_sid.clone(), hearers, endpoint));
    }
    show(&core, &conference_sid, &call_sid)
}

/// `DELETE Participants/{call sid or label}.json`: they are out of the conference.
pub async fn remove(State(core): State<Arc<Core>>, Path((_, conference, file)): Named) -> Result<StatusCode, RestFault> {
    let (_, call_sid) = find(&core, &conference, name(&file)?)?;
    core.change(|model, now| {
        let mut effects = model.leave(&call_sid, Left::ByApi, now);
        effects.push(Effect::Order { call_sid: call_sid.clone(), order: Order::Dropped });
        effects
    });
    Ok(StatusCode::NO_CONTENT)
}

fn open(core: &Core, conference: &str) -> Result<(), RestFault> {
    let model = core.model();
    let known = model.conference(conference).filter(|known| known.status != ConferenceStatus::Completed);
    known.map(|_| ()).ok_or_else(|| RestFault::not_found(&uri(&core.config.account_sid, &format!("Conferences/{conference}"))))
}

/// Only somebody in the same conference can be coached.
fn coachable(core: &Core, conference: &str, coached: &str) -> Result<(), RestFault> {
    let model = core.model();
    let is_there = model.conference(conference).is_some_and(|known| known.participants.iter().any(|there| there.call_sid == coached));
    if is_there { Ok(()) } else { Err(RestFault::bad(20_001, format!("CallSidToCoach {coached} is not in this conference"))) }
}

/// The sids of a conference and of a call in it.
fn find(core: &Core, conference: &str, call_or_label: &str) -> Result<(String, String), RestFault> {
    let path = || uri(&core.config.account_sid, &format!("Conferences/{conference}/Participants/{call_or_label}"));
    let model = core.model();
    let known = model.conference(conference).ok_or_else(|| RestFault::not_found(&path()))?;
    let there = known.find(call_or_label).and_then(|at| known.participants.get(at)).ok_or_else(|| RestFault::not_found(&path()))?;
    Ok((known.sid.clone(), there.call_sid.clone()))
}

fn show(core: &Core, conference: &str, call_or_label: &str) -> Result<Json<Value>, RestFault> {
    let (conference_sid, call_sid) = find(core, conference, call_or_label)?;
    let model = core.model();
    let known = model.conference(&conference_sid).and_then(|known| Some((known, known.participants.get(known.find(&call_sid)?)?)));
    let (known, there) = known.ok_or_else(|| RestFault::not_found(call_or_label))?;
    Ok(Json(shape(&core.config.account_sid, known, there, model.call(&call_sid))))
}

/// A participant as Twilio shapes it.
fn shape(account_sid: &str, conference: &Conference, there: &Participant, call: Option<&Call>) -> Value {
    let status = match call.map(|call| call.status) {
        _ if there.joined.is_some() => "connected",
        Some(CallStatus::Queued) => "queued",
        Some(CallStatus::Ringing) => "ringing",
        Some(CallStatus::InProgress) => "connecting",
        Some(CallStatus::Completed) => "complete",
        _ => "failed",
    };
    json!({
        "account_sid": account_sid,
        "call_sid": there.call_sid,
        "call_sid_to_coach": there.terms.coaches,
        "coaching": there.terms.coaches.is_some(),
        "conference_sid": conference.sid,
        "label": there.terms.label,
        "muted": there.terms.is_muted,
        "hold": there.terms.is_held,
        "start_conference_on_enter": there.terms.starts,
        "end_conference_on_exit": there.terms.ends,
        "status": status,
        "queue_time": "0",
        "date_created": rfc2822(there.created),
        "date_updated": rfc2822(there.joined.unwrap_or(there.created)),
        "uri": uri(account_sid, &format!("Conferences/{}/Participants/{}", conference.sid, there.call_sid)),
    })
}

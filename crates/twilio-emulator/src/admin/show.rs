//! Calls and conferences with everything that is known of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde_json::{Value, json};

use super::AdminFault;
use crate::core::Core;
use crate::journal::{Kind, Wanted};
use crate::model::{Call, Conference};

/// `GET /calls`, oldest first.
pub async fn calls(State(core): State<Arc<Core>>) -> Json<Value> {
    let model = core.model();
    Json(model.calls().iter().map(|call| leg(&core, call)).collect())
}

/// `GET /calls/{sid}`: the leg, the others in its conference, and the webhooks about it.
pub async fn call(State(core): State<Arc<Core>>, Path(sid): Path<String>) -> Result<Json<Value>, AdminFault> {
    let model = core.model();
    let call = model.call(&sid).ok_or_else(|| AdminFault::unknown("such call"))?;
    let conference = call.conference_sid.as_deref();
    let others =
        model.calls().iter().filter(|other| other.sid != sid && conference.is_some() && other.conference_sid.as_deref() == conference);
    let mut shown = leg(&core, call);
    shown["legs"] = others.map(|other| leg(&core, other)).collect();
    shown["conference"] = conference.and_then(|sid| model.conference(sid)).map_or(Value::Null, room);
    let wanted = Wanted { call_sid: Some(sid.clone()), kind: Some(Kind::Webhook), ..Wanted::default() };
    shown["webhooks"] = json!(core.journal.read(&wanted));
    Ok(Json(shown))
}

/// `GET /conferences`, oldest first.
pub async fn conferences(State(core): State<Arc<Core>>) -> Json<Value> {
    let model = core.model();
    Json(model.conferences().iter().map(room).collect())
}

fn leg(core: &Core, call: &Call) -> Value {
    json!({
        "sid": call.sid,
        "from": call.from,
        "to": call.to,
        "parent_call_sid": call.parent,
        "direction": call.direction,
        "status": call.status,
        "answered_by": call.answered_by,
        "plan": call.plan,
        "conference_sid": call.conference_sid,
        "created_at": call.created,
        "answered_at": call.answered,
        "ended_at": call.ended,
        "media": core.media.meter(&call.sid).read(),
    })
}

fn room(conference: &Conference) -> Value {
    let people = conference.participants.iter().map(|there| {
        json!({
            "call_sid": there.call_sid,
            "label": there.terms.label,
            "joined_at": there.joined,
            "muted": there.terms.is_muted,
            "hold": there.terms.is_held,
            "end_conference_on_exit": there.terms.ends,
        })
    });
    json!({
        "sid": conference.sid,
        "friendly_name": conference.name,
        "status": conference.status,
        "reason_conference_ended": conference.reason_ended,
        "participants": people.collect::<Value>(),
    })
}

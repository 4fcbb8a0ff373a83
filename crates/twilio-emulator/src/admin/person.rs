//! A person at a telephone: answers one that rings, with a browser's microphone and loudspeaker.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AdminFault;
use crate::core::Core;
use crate::life::Order;
use crate::model::{Call, CallStatus, Direction};

/// A browser's offer.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    sdp: String,
}

/// A telephone that rings, of somebody who is made up.
fn rings(call: &Call) -> bool {
    call.status < CallStatus::InProgress && call.direction != Direction::Inbound && call.plan.is_some()
}

fn ringing(core: &Core, sid: &str) -> Result<(), AdminFault> {
    let is_ringing = core.model().call(sid).map(rings).ok_or_else(|| AdminFault::unknown("such call"))?;
    let message = "only a telephone that rings can be answered or declined";
    if is_ringing { Ok(()) } else { Err(AdminFault(StatusCode::UNPROCESSABLE_ENTITY, message.to_owned())) }
}

/// `POST /calls/{sid}/answer`: the person takes the call instead of whoever was made up.
pub async fn answer(State(core): State<Arc<Core>>, Path(sid): Path<String>, Json(posted): Json<Posted>) -> Result<Json<Value>, AdminFault> {
    ringing(&core, &sid)?;
    let sdp = join(&core, &sid, &posted.sdp).await?;
    core.order(&sid, Order::PickedUp);
    Ok(Json(json!({"sdp": sdp})))
}

/// `POST /calls/{sid}/decline`: the line is busy.
pub async fn decline(State(core): State<Arc<Core>>, Path(sid): Path<String>) -> Result<StatusCode, AdminFault> {
    ringing(&core, &sid)?;
    core.order(&sid, Order::Declined);
    Ok(StatusCode::NO_CONTENT)
}

/// The sound of a leg goes to a person's browser and comes from it; answers the SDP to send back.
pub async fn join(core: &Core, sid: &str, sdp: &str) -> Result<Option<String>, AdminFault> {
    let refuse = |problem| AdminFault(StatusCode::UNPROCESSABLE_ENTITY, format!("the offer cannot be accepted: {problem}"));
    core.media.offer(sid, sdp).await.map_err(refuse)
}

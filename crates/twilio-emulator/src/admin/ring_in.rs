//! Somebody rings one of the account's numbers.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminFault, person};
use crate::cast::is_e164;
use crate::core::Core;
use crate::life::{self, Incoming};
use crate::scenario::{PostedStep, read_steps};

/// Who rings whom, and what they do once somebody answers: speak and listen, when nothing is said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    from: String,
    to: String,
    steps: Option<Vec<PostedStep>>,
    /// A browser's offer: a person rings in instead, and does what they like.
    sdp: Option<String>,
}

/// `POST /calls/incoming`.
pub async fn ring_in(State(core): State<Arc<Core>>, Json(posted): Json<Posted>) -> Result<(StatusCode, Json<Value>), AdminFault> {
    let refuse = |problem: &str| AdminFault(StatusCode::UNPROCESSABLE_ENTITY, problem.to_owned());
    let Posted { from, to, steps, sdp } = posted;
    if !is_e164(&to) {
        return Err(refuse("to is a number like +447700900001"));
    }
    // As in life: what a network tells of a caller is passed on as it came, also when it is no E.164.
    if from.is_empty() || from.starts_with("client:") {
        return Err(refuse("from is a number, or whatever a network tells of a caller"));
    }
    if !core.config.numbers.is_empty() && !core.config.numbers.contains(&to) {
        return Err(refuse("to is none of the account's numbers"));
    }
    let inbound = core.config.inbound.clone();
    let voice_url = inbound.voice_url.ok_or_else(|| refuse("nobody is asked about calls to numbers: voice_url is not set"))?;
    let talk = || serde_json::from_value(json!([{"play": "hello"}, {"repeat": "chat"}])).unwrap_or_default();
    let steps = if sdp.is_some() { Vec::new() } else { read_steps(steps.unwrap_or_else(talk)).map_err(|problem| refuse(&problem))? };
    let sid = life::come_in(&core, Incoming { from, to, voice_url, status_callback: inbound.status_callback, steps });
    let answer = match sdp {
        Some(sdp) => json!({"sid": sid, "sdp": person::join(&core, &sid, &sdp).await?}),
        None => json!({"sid": sid}),
    };
    Ok((StatusCode::CREATED, Json(answer)))
}

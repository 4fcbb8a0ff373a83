//! Messages, and somebody who writes one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::AdminFault;
use crate::cast::is_e164;
use crate::core::Core;
use crate::messages::Message;

/// Who writes what to which of the account's numbers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    from: String,
    to: String,
    body: String,
}

/// `POST /messages/incoming`.
pub async fn write(State(core): State<Arc<Core>>, Json(posted): Json<Posted>) -> Result<(StatusCode, Json<Value>), AdminFault> {
    let refuse = |problem: &str| AdminFault(StatusCode::UNPROCESSABLE_ENTITY, problem.to_owned());
    if !is_e164(&posted.from) || !is_e164(&posted.to) {
        return Err(refuse("from and to are numbers like +447700900001"));
    }
    if !core.config.numbers.is_empty() && !core.config.numbers.contains(&posted.to) {
        return Err(refuse("to is none of the account's numbers"));
    }
    let message = Message::new(&posted.from, &posted.to, &posted.body, "inbound");
    let sid = message.sid.clone();
    core.receive_message(message);
    Ok((StatusCode::CREATED, Json(json!({"sid": sid}))))
}

/// `GET /messages`, oldest first.
pub async fn list(State(core): State<Arc<Core>>) -> Json<Value> {
    let messages = core.messages();
    let shown = messages.all().map(|message| {
        json!({
            "sid": message.sid,
            "from": message.from,
            "to": message.to,
            "body": message.body,
            "direction": message.direction,
            "status": message.status,
            "error": message.error,
            "created_at": message.created,
        })
    });
    Json(shown.collect())
}

//! The history, and putting right what stands in it.

use kernel::{CallId, WireError};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use crate::service::Calls;
use crate::types::{AttemptChoices, AttemptDetail, AttemptFilter, AttemptPage, Correctable, Correction, Place, Recorded};

/// A page of the history, newest first: every attempt of everybody that the filter lets through.
#[server(name = AskAttempts, prefix = "/api", endpoint = "calls/attempts", input = Json, output = Json)]
pub async fn attempts(filter: AttemptFilter, place: Place) -> Result<AttemptPage, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().attempts(&agent, &filter, place).await?)
}

/// One attempt with its legs and what the carrier said of it.
#[server(name = AskAttempt, prefix = "/api", endpoint = "calls/attempt", input = Json, output = Json)]
pub async fn attempt(call_id: CallId) -> Result<AttemptDetail, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().attempt(&agent, call_id).await?)
}

/// What the history can be narrowed to.
#[server(name = AskAttemptChoices, prefix = "/api", endpoint = "calls/attempt_choices", input = Json, output = Json)]
pub async fn attempt_choices() -> Result<AttemptChoices, WireError> {
    auth::current_agent().await?;
    Ok(expect_context::<Calls>().attempt_choices().await?)
}

/// What can be recorded of a call instead of what stands.
#[server(name = AskCorrectable, prefix = "/api", endpoint = "calls/correctable", input = Json, output = Json)]
pub async fn correctable(call_id: CallId) -> Result<Correctable, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().correctable(&agent, call_id).await?)
}

/// Puts right what was recorded of a call, with a reason; what stood is kept.
#[server(prefix = "/api", endpoint = "calls/correct", input = Json, output = Json)]
pub async fn correct(call_id: CallId, correction: Correction) -> Result<Recorded, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().correct(&agent, call_id, correction).await?)
}

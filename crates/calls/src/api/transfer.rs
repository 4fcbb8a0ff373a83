//! Handing a talk over to a supervisor.

use kernel::{AgentId, CallId, WireError};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use crate::error::CallsError;
#[cfg(feature = "ssr")]
use crate::service::Calls;
use crate::types::{TransferChoice, TransferView};

/// The supervisors who could take a talk over now.
#[server(name = AskTransferChoices, prefix = "/api", endpoint = "calls/transfer_choices", input = Json, output = Json)]
pub async fn transfer_choices() -> Result<Vec<TransferChoice>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().transfer_choices(&agent).await?)
}

/// Asks a supervisor to take the agent's talk over; none: whichever of them is the first to accept.
#[server(prefix = "/api", endpoint = "calls/ask_transfer", input = Json, output = Json)]
pub async fn ask_transfer(
    call_id: CallId,
    #[server(default)] supervisor_id: Option<AgentId>,
    #[server(default)] reason: Option<String>,
) -> Result<TransferView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().ask_transfer(&agent, call_id, supervisor_id, reason.as_deref()).await?)
}

/// What is being handed over by whoever asks, or to them.
#[server(name = AskTransferred, prefix = "/api", endpoint = "calls/transfer", input = Json, output = Json)]
pub async fn transfer() -> Result<Option<TransferView>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().transfer(&agent).await?)
}

/// The agent does not ask any more.
#[server(prefix = "/api", endpoint = "calls/withdraw_transfer", input = Json, output = Json)]
pub async fn withdraw_transfer(call_id: CallId) -> Result<(), WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().withdraw_transfer(&agent, call_id).await?)
}

/// A supervisor who was asked cannot take the call.
#[server(prefix = "/api", endpoint = "calls/decline_transfer", input = Json, output = Json)]
pub async fn decline_transfer(transfer_id: String) -> Result<(), WireError> {
    let supervisor = auth::require(auth::Role::Supervisor).await?;
    let transfer = transfer_id.parse().map_err(|_| CallsError::NoSuchTransfer)?;
    Ok(expect_context::<Calls>().decline_transfer(&supervisor, transfer).await?)
}

/// A supervisor who was asked comes to the line: this browser connects with the answer's `monitoring_id` within ten seconds, once.
#[server(prefix = "/api", endpoint = "calls/accept_transfer", input = Json, output = Json)]
pub async fn accept_transfer(transfer_id: String) -> Result<TransferView, WireError> {
    let supervisor = auth::require(auth::Role::Supervisor).await?;
    let transfer = transfer_id.parse().map_err(|_| CallsError::NoSuchTransfer)?;
    Ok(expect_context::<Calls>().accept_transfer(&supervisor, transfer).await?)
}

/// Passes the talk to the supervisor who has accepted and is on the line; asked for by either of the two.
#[server(prefix = "/api", endpoint = "calls/hand_over", input = Json, output = Json)]
pub async fn hand_over(call_id: CallId) -> Result<(), WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().hand_over(&agent, call_id).await?)
}

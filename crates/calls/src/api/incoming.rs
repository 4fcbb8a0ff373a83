//! Calls that come in.

use kernel::{CallId, UserId, WireError};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use crate::service::Calls;
use crate::types::{CallView, MissedCaller, RingingCall};

/// The call that comes in and is offered to the agent now.
#[server(name = AskRinging, prefix = "/api", endpoint = "calls/ringing", input = Json, output = Json)]
pub async fn ringing() -> Result<Option<RingingCall>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().ringing(&agent).await?)
}

/// Takes it. The browser's telephone then connects with the answer's id, within ten seconds, once.
#[server(prefix = "/api", endpoint = "calls/answer", input = Json, output = Json)]
pub async fn answer(id: CallId) -> Result<CallView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().answer(&agent, id).await?)
}

/// Leaves it to somebody else.
#[server(prefix = "/api", endpoint = "calls/decline", input = Json, output = Json)]
pub async fn decline(id: CallId) -> Result<(), WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().decline(&agent, id).await?)
}

/// Says who it is that the agent talks with.
#[server(prefix = "/api", endpoint = "calls/identify", input = Json, output = Json)]
pub async fn identify(call_id: CallId, user_id: UserId) -> Result<CallView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().identify(&agent, call_id, user_id).await?)
}

/// People who rang us in the last week, reached nobody, and whom nobody knows; the newest first.
#[server(name = AskMissedCallers, prefix = "/api", endpoint = "calls/missed_callers", input = Json, output = Json)]
pub async fn missed_callers() -> Result<Vec<MissedCaller>, WireError> {
    auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Calls>().missed_callers().await?)
}

/// Takes one of them, with what came from the same number before, off that list: somebody has seen to it, and it is on record who.
#[server(prefix = "/api", endpoint = "calls/see_to_caller", input = Json, output = Json)]
pub async fn see_to_caller(id: CallId) -> Result<(), WireError> {
    let supervisor = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Calls>().see_to_caller(&supervisor, id).await?)
}

//! The server functions of staff: who asks, parse, one call to the service.

use chrono::NaiveDate;
use kernel::{AgentId, QueueKind, WireError};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::{AgentDay, AgentPresence, Intention, Me, StaffView};
#[cfg(feature = "ssr")]
use crate::{service::Auth, session};

/// Signs in with an e-mail and a password and sets the session's cookie.
#[server(prefix = "/api", endpoint = "auth/sign_in", input = Json, output = Json)]
pub async fn sign_in(email: String, password: String) -> Result<Me, WireError> {
    let address = session::client_address();
    let auth = expect_context::<Auth>();
    let agent = auth.sign_in(&email, password, address).await?;
    auth.replace_session(session::shown_id()?).await?;
    session::begin(agent.clone()).await?;
    Ok(agent.me())
}

/// Ends the session of this browser; the agent goes offline unless they are signed in elsewhere too.
#[server(prefix = "/api", endpoint = "auth/sign_out", input = Json, output = Json)]
pub async fn sign_out() -> Result<(), WireError> {
    let agent = session::current_agent().await?;
    session::end().await?;
    Ok(expect_context::<Auth>().signed_out(agent.id).await?)
}

/// Whoever is signed in.
#[server(name = AskMe, prefix = "/api", endpoint = "auth/me", input = Json, output = Json)]
pub async fn me() -> Result<Me, WireError> {
    Ok(session::current_agent().await?.me())
}

/// Sets what the agent wants to be.
#[server(prefix = "/api", endpoint = "auth/set_presence", input = Json, output = Json)]
pub async fn set_presence(intention: Intention) -> Result<Me, WireError> {
    let agent = session::current_agent().await?;
    Ok(expect_context::<Auth>().set_intention(&agent, intention).await?)
}

/// Every active agent with their presence, for supervisors.
#[server(prefix = "/api", endpoint = "auth/agents", input = Json, output = Json)]
pub async fn agents() -> Result<Vec<AgentPresence>, WireError> {
    session::require(crate::types::Role::Supervisor).await?;
    Ok(expect_context::<Auth>().list_presence().await?)
}

/// A day in London of an agent, none: of whoever asks, today: what they were, from when to when, and their sessions. Others' are for
/// supervisors.
#[server(prefix = "/api", endpoint = "auth/day", input = Json, output = Json)]
pub async fn day(agent: Option<AgentId>, day: Option<NaiveDate>) -> Result<AgentDay, WireError> {
    let me = session::current_agent().await?;
    Ok(expect_context::<Auth>().day(&me, agent.unwrap_or(me.id), day).await?)
}

/// Active staff with the queues they may take people from, for administrators.
#[server(prefix = "/api", endpoint = "auth/staff", input = Json, output = Json)]
pub async fn staff() -> Result<Vec<StaffView>, WireError> {
    session::require(crate::types::Role::Admin).await?;
    Ok(expect_context::<Auth>().list_staff().await?)
}

/// Limits somebody to these queues; none: all of them.
#[server(prefix = "/api", endpoint = "auth/limit", input = Json, output = Json)]
pub async fn limit(email: String, queues: Option<Vec<QueueKind>>) -> Result<(), WireError> {
    let admin = session::require(crate::types::Role::Admin).await?;
    Ok(expect_context::<Auth>().limit(&email, queues, Some(admin.id)).await?)
}

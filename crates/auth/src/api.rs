//! The server functions of staff: who asks, parse, one call to the service.

use chrono::NaiveDate;
use kernel::{AgentId, QueueKind, SessionNumber, StaffEventId, WireError};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

use crate::types::{AgentDay, AgentPresence, Intention, Me, Role, SessionLine, StaffAccount, StaffEventPage};
#[cfg(feature = "ssr")]
use crate::{
    error::AuthError,
    service::{Attempt, Auth, NewAgent},
    session,
    store::staff::Access,
};

/// Signs in with an e-mail and a password and sets the session's cookie, and the one that the browser is known by.
#[server(prefix = "/api", endpoint = "auth/sign_in", input = Json, output = Json)]
pub async fn sign_in(email: String, password: String) -> Result<Me, WireError> {
    let auth = expect_context::<Auth>();
    let attempt = Attempt { email: &email, password, client: session::client(), browser: session::shown_browser() };
    let (agent, browser) = auth.sign_in(attempt).await?;
    session::keep_browser(&browser);
    auth.replace_session(session::shown_id()?).await?;
    session::begin(agent.clone()).await?;
    Ok(agent.me())
}

/// Ends the session of this browser; the agent goes offline unless they are signed in elsewhere too.
#[server(prefix = "/api", endpoint = "auth/sign_out", input = Json, output = Json)]
pub async fn sign_out() -> Result<(), WireError> {
    let agent = session::current_agent().await?;
    session::end().await?;
    Ok(expect_context::<Auth>().signed_out(agent.id, session::client()).await?)
}

/// Whoever is signed in.
#[server(name = AskMe, prefix = "/api", endpoint = "auth/me", input = Json, output = Json)]
pub async fn me() -> Result<Me, WireError> {
    Ok(session::current_agent().await?.me())
}

/// The page's answer to a beat of its event stream. The guard has noted that the agent was heard, as with every request.
#[server(prefix = "/api", endpoint = "auth/here", input = Json, output = Json)]
pub async fn here() -> Result<(), WireError> {
    session::current_agent().await.map(drop)
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
    session::require(Role::Supervisor).await?;
    Ok(expect_context::<Auth>().list_presence().await?)
}

/// A day in London of an agent, none: of whoever asks, today: what they were, from when to when, and their sessions. Others' are for
/// supervisors.
#[server(prefix = "/api", endpoint = "auth/day", input = Json, output = Json)]
pub async fn day(agent: Option<AgentId>, day: Option<NaiveDate>) -> Result<AgentDay, WireError> {
    let me = session::current_agent().await?;
    Ok(expect_context::<Auth>().day(&me, agent.unwrap_or(me.id), day).await?)
}

/// A page of what happened to the accounts of staff, newest first, for administrators: of one member of staff, or of everybody. `before` is
/// where the page before ended.
#[server(name = AskStaffEvents, prefix = "/api", endpoint = "auth/events", input = Json, output = Json)]
pub async fn events(agent: Option<AgentId>, before: Option<StaffEventId>) -> Result<StaffEventPage, WireError> {
    session::require(Role::Admin).await?;
    Ok(expect_context::<Auth>().events(agent, before).await?)
}

/// The same of whoever asks.
#[server(name = AskMyEvents, prefix = "/api", endpoint = "auth/my_events", input = Json, output = Json)]
pub async fn my_events(before: Option<StaffEventId>) -> Result<StaffEventPage, WireError> {
    let me = session::current_agent().await?;
    Ok(expect_context::<Auth>().events(Some(me.id), before).await?)
}

/// Everybody who is or was on the staff, for administrators.
#[server(prefix = "/api", endpoint = "auth/accounts", input = Json, output = Json)]
pub async fn accounts() -> Result<Vec<StaffAccount>, WireError> {
    session::require(Role::Admin).await?;
    Ok(expect_context::<Auth>().list_accounts().await?)
}

/// Adds somebody to the staff, for administrators.
#[server(prefix = "/api", endpoint = "auth/create_staff", input = Json, output = Json)]
pub async fn create_staff(email: String, name: String, role: Role, password: String) -> Result<AgentId, WireError> {
    let by = session::admin().await?;
    Ok(expect_context::<Auth>().create_account(NewAgent { email, name, role, password }, &by).await?)
}

/// Sets the name, the role and the queues (none: all of them) of somebody, for administrators. `version` is that of the account as it was
/// seen. Holds from their next request on.
#[server(prefix = "/api", endpoint = "auth/change_staff", input = Json, output = Json)]
pub async fn change_staff(agent: AgentId, version: i64, name: String, role: Role, queues: Option<Vec<QueueKind>>) -> Result<(), WireError> {
    let by = session::admin().await?;
    Ok(expect_context::<Auth>().change_by_admin(agent, version, Access { name, role, queues }, &by).await?)
}

/// Ends somebody's access at once, in every browser, for administrators. Their records stay.
#[server(prefix = "/api", endpoint = "auth/deactivate_staff", input = Json, output = Json)]
pub async fn deactivate_staff(agent: AgentId, version: i64) -> Result<(), WireError> {
    let by = session::admin().await?;
    Ok(expect_context::<Auth>().deactivate_account(agent, Some(version), &by).await?)
}

/// Lets somebody sign in again, with the password that they had, for administrators.
#[server(prefix = "/api", endpoint = "auth/reactivate_staff", input = Json, output = Json)]
pub async fn reactivate_staff(agent: AgentId, version: i64) -> Result<(), WireError> {
    let by = session::admin().await?;
    Ok(expect_context::<Auth>().reactivate_account(agent, version, &by).await?)
}

/// Sets a new password of somebody and signs them out everywhere, for administrators.
#[server(prefix = "/api", endpoint = "auth/reset_password", input = Json, output = Json)]
pub async fn reset_password(agent: AgentId, version: i64, password: String) -> Result<(), WireError> {
    let by = session::admin().await?;
    Ok(expect_context::<Auth>().reset_account(agent, Some(version), password, &by).await?)
}

/// The browsers in which somebody is signed in, for administrators.
#[server(prefix = "/api", endpoint = "auth/sessions_of", input = Json, output = Json)]
pub async fn sessions_of(agent: AgentId) -> Result<Vec<SessionLine>, WireError> {
    session::require(Role::Admin).await?;
    Ok(expect_context::<Auth>().list_sessions(agent, session::shown_id()?).await?)
}

/// Ends a session of somebody, none: all of them, for administrators.
#[server(prefix = "/api", endpoint = "auth/end_sessions_of", input = Json, output = Json)]
pub async fn end_sessions_of(agent: AgentId, session: Option<SessionNumber>) -> Result<(), WireError> {
    let by = session::admin().await?;
    Ok(expect_context::<Auth>().end_sessions(agent, session, None, &by).await?)
}

/// The browsers in which whoever asks is signed in.
#[server(prefix = "/api", endpoint = "auth/sessions", input = Json, output = Json)]
pub async fn sessions() -> Result<Vec<SessionLine>, WireError> {
    let me = session::current_agent().await?;
    Ok(expect_context::<Auth>().list_sessions(me.id, session::shown_id()?).await?)
}

/// Ends a session of one's own.
#[server(prefix = "/api", endpoint = "auth/end_session", input = Json, output = Json)]
pub async fn end_session(session: SessionNumber) -> Result<(), WireError> {
    let me = session::current_agent().await?;
    Ok(expect_context::<Auth>().end_sessions(me.id, Some(session), None, &session::by(&me)).await?)
}

/// Ends one's sessions in all other browsers.
#[server(prefix = "/api", endpoint = "auth/end_other_sessions", input = Json, output = Json)]
pub async fn end_other_sessions() -> Result<(), WireError> {
    let me = session::current_agent().await?;
    Ok(expect_context::<Auth>().end_sessions(me.id, None, session::shown_id()?, &session::by(&me)).await?)
}

/// Sets one's own password; one's sessions in all other browsers end.
#[server(prefix = "/api", endpoint = "auth/change_password", input = Json, output = Json)]
pub async fn change_password(old: String, new: String) -> Result<(), WireError> {
    let me = session::current_agent().await?;
    let this = session::shown_id()?.ok_or(AuthError::SignedOut)?;
    Ok(expect_context::<Auth>().change_password(&me, this, old, new, session::client()).await?)
}

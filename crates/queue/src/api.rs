//! The server functions of the queue: who asks, parse, one call to the service.

use kernel::{LeaseId, QueueKind, UserId, WireError};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use crate::service::Queue;
use crate::types::{HandOut, HistoryEntry, Holding, PauseKind, PauseView, ReleaseReason, Released, SavedCall, Summary};

/// Hands the agent the next person, or the one already held.
#[server(prefix = "/api", endpoint = "queue/call_next", input = Json, output = Json)]
pub async fn call_next(queue: QueueKind) -> Result<HandOut, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().call_next(&agent, queue).await?)
}

/// The person the agent already holds, checked again; nobody when none is held.
#[server(prefix = "/api", endpoint = "queue/current", input = Json, output = Json)]
pub async fn current() -> Result<HandOut, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().current(&agent).await?)
}

/// The lease of the person the agent holds, without checking anything again.
#[server(prefix = "/api", endpoint = "queue/held", input = Json, output = Json)]
pub async fn held() -> Result<Option<LeaseId>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().held(&agent).await?)
}

/// Lets the held person go without dialling.
#[server(prefix = "/api", endpoint = "queue/release", input = Json, output = Json)]
pub async fn release(lease_id: LeaseId, reason: ReleaseReason, #[server(default)] note: Option<String>) -> Result<Released, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().release(&agent, lease_id, reason, note).await?)
}

/// How many wait in each queue.
#[server(name = AskSummary, prefix = "/api", endpoint = "queue/summary", input = Json, output = Json)]
pub async fn summary() -> Result<Summary, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().summary(&agent).await?)
}

/// What the dialler did about one person.
#[server(prefix = "/api", endpoint = "queue/history", input = Json, output = Json)]
pub async fn history(user_id: UserId) -> Result<Vec<HistoryEntry>, WireError> {
    auth::current_agent().await?;
    Ok(expect_context::<Queue>().history(user_id).await?)
}

/// The agent's own saved calls of today, newest first.
#[server(prefix = "/api", endpoint = "queue/saved_today", input = Json, output = Json)]
pub async fn saved_today() -> Result<Vec<SavedCall>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().saved_today(Some(agent.id)).await?)
}

/// Everybody's saved calls of today, newest first, for supervisors.
#[server(prefix = "/api", endpoint = "queue/saved_today_by_all", input = Json, output = Json)]
pub async fn saved_today_by_all() -> Result<Vec<SavedCall>, WireError> {
    auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().saved_today(None).await?)
}

/// Who holds whom now, for supervisors.
#[server(prefix = "/api", endpoint = "queue/holdings", input = Json, output = Json)]
pub async fn holdings() -> Result<Vec<Holding>, WireError> {
    auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().holdings().await?)
}

/// What is paused, and what could be, for supervisors.
#[server(name = AskPauses, prefix = "/api", endpoint = "queue/pauses", input = Json, output = Json)]
pub async fn pauses() -> Result<PauseView, WireError> {
    auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().list_pauses().await?)
}

/// Pauses a queue, a lender or a solicitor; how many people wait for its end.
#[server(prefix = "/api", endpoint = "queue/pause", input = Json, output = Json)]
pub async fn pause(kind: PauseKind, name: String, reason: String) -> Result<u64, WireError> {
    let agent = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().pause(&agent, kind, &name, &reason).await?)
}

/// Ends a pause; how many people are offered again.
#[server(prefix = "/api", endpoint = "queue/resume", input = Json, output = Json)]
pub async fn resume(pause_id: i64) -> Result<u64, WireError> {
    let agent = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().resume(&agent, pause_id).await?)
}

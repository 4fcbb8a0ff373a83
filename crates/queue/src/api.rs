//! The server functions of the queue: who asks, parse, one call to the service.

use chrono::NaiveDate;
use kernel::{AgentId, LeaseId, QueueKind, UserId, WireError};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use crate::discovery::{Cause, Order};
#[cfg(feature = "ssr")]
use crate::service::Queue;
use crate::settings::Settings;
use crate::types::{
    CallbackList, Explanation, FoundPeople, HandOut, Holding, HolidayView, NewObjection, ObjectionPage, Overview, PauseKind, PromiseFor,
    PromiseTimes, ReleaseReason, Released, SavedCall, SettingsView, Summary,
};

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

/// The person with whom the agent is on a call, read again at most every 5 s; none without a call.
#[server(prefix = "/api", endpoint = "queue/talk", input = Json, output = Json)]
pub async fn talk() -> Result<Option<HandOut>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().talk(&agent).await?)
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

/// What is paused, what discovery does and found, and when calls are made, for supervisors.
#[server(name = AskOverview, prefix = "/api", endpoint = "queue/overview", input = Json, output = Json)]
pub async fn overview() -> Result<Overview, WireError> {
    auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().overview().await?)
}

/// Begins a discovery, of all queues or of one; the overview says how far it is.
#[server(prefix = "/api", endpoint = "queue/discover", input = Json, output = Json)]
pub async fn discover(#[server(default)] only: Option<QueueKind>) -> Result<(), WireError> {
    let agent = auth::require(auth::Role::Supervisor).await?;
    let order = Order { cause: Cause::Button, by: Some(agent.id), only, ..Order::default() };
    Ok(expect_context::<Queue>().start_discovery(order).await?)
}

/// Pauses a queue, a lender or a solicitor, until a wall time (`2026-11-24T16:00`) or until somebody resumes it; how many people wait for its end.
#[server(prefix = "/api", endpoint = "queue/pause", input = Json, output = Json)]
pub async fn pause(kind: PauseKind, name: String, reason: String, until: Option<String>) -> Result<u64, WireError> {
    let agent = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().pause(&agent, kind, &name, &reason, until.as_deref()).await?)
}

/// Ends a pause; how many people are offered again.
#[server(prefix = "/api", endpoint = "queue/resume", input = Json, output = Json)]
pub async fn resume(pause_id: i64) -> Result<u64, WireError> {
    let agent = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().resume(&agent, pause_id).await?)
}

/// The settings that hold and how they came to, for administrators.
#[server(name = AskSettings, prefix = "/api", endpoint = "queue/settings", input = Json, output = Json)]
pub async fn settings() -> Result<SettingsView, WireError> {
    auth::require(auth::Role::Admin).await?;
    Ok(expect_context::<Queue>().settings_view().await?)
}

/// Changes the settings, made from `version`; they hold from the next request on. The new version.
#[server(prefix = "/api", endpoint = "queue/change_settings", input = Json, output = Json)]
pub async fn change_settings(settings: Settings, version: i32, reason: String) -> Result<i32, WireError> {
    let agent = auth::require(auth::Role::Admin).await?;
    Ok(expect_context::<Queue>().change_settings(&agent, settings, version, &reason).await?)
}

/// The list of days without calls, for administrators.
#[server(name = AskHolidays, prefix = "/api", endpoint = "queue/holidays", input = Json, output = Json)]
pub async fn holidays() -> Result<HolidayView, WireError> {
    auth::require(auth::Role::Admin).await?;
    Ok(expect_context::<Queue>().holiday_view().await?)
}

/// Adds a day without calls, as it was typed (`25 December 2027`, `25/12/2027`); it counts at once. What came of it, in words.
#[server(prefix = "/api", endpoint = "queue/add_holiday", input = Json, output = Json)]
pub async fn add_holiday(day: String, name: String, reason: String) -> Result<String, WireError> {
    let agent = auth::require(auth::Role::Admin).await?;
    Ok(expect_context::<Queue>().add_holiday(&agent, &day, &name, &reason).await?)
}

/// Takes a day of our own off the list; it counts at once. What came of it, in words.
#[server(prefix = "/api", endpoint = "queue/remove_holiday", input = Json, output = Json)]
pub async fn remove_holiday(day: NaiveDate, reason: String) -> Result<String, WireError> {
    let agent = auth::require(auth::Role::Admin).await?;
    Ok(expect_context::<Queue>().remove_holiday(&agent, day, &reason).await?)
}

/// Loads the official list from the text of gov.uk's `bank-holidays.json`; what came of it, in words.
#[server(prefix = "/api", endpoint = "queue/load_holidays", input = Json, output = Json)]
pub async fn load_holidays(file: String, file_name: String, reason: String) -> Result<String, WireError> {
    let agent = auth::require(auth::Role::Admin).await?;
    Ok(expect_context::<Queue>().load_holidays(Some(agent.id), &file, &file_name, &reason).await?)
}

/// A page of objections to calls, for supervisors. `search` is a user's id or a number.
#[server(name = AskObjections, prefix = "/api", endpoint = "queue/objections", input = Json, output = Json)]
pub async fn objections(search: String, is_only_holding: bool, before: Option<i64>) -> Result<ObjectionPage, WireError> {
    auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().list_objections(&search, is_only_holding, before).await?)
}

/// Puts an objection on record; it holds at once.
#[server(prefix = "/api", endpoint = "queue/object", input = Json, output = Json)]
pub async fn object(objection: NewObjection) -> Result<(), WireError> {
    let agent = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().add_objection(&agent, &objection).await?)
}

/// Lifts an objection. How many others to the same person or number still hold.
#[server(prefix = "/api", endpoint = "queue/lift", input = Json, output = Json)]
pub async fn lift(objection_id: i64, reason: String) -> Result<i64, WireError> {
    let agent = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().lift_objection(&agent, objection_id, &reason).await?)
}

/// Users by id, a part of the name, or number.
#[server(prefix = "/api", endpoint = "queue/search", input = Json, output = Json)]
pub async fn search(text: String) -> Result<FoundPeople, WireError> {
    auth::current_agent().await?;
    Ok(expect_context::<Queue>().search(&text).await?)
}

/// Why a person may or may not be rung now.
#[server(prefix = "/api", endpoint = "queue/explain", input = Json, output = Json)]
pub async fn explain(user_id: UserId) -> Result<Explanation, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().explain(&agent, user_id).await?)
}

/// Hands the agent this person, if the call is needed and may be made: the same lease and the same checks as Call next.
#[server(prefix = "/api", endpoint = "queue/take", input = Json, output = Json)]
pub async fn take(user_id: UserId) -> Result<HandOut, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().take(&agent, user_id).await?)
}

/// The agent's promises to ring; with `is_all` everybody's, for supervisors.
#[server(prefix = "/api", endpoint = "queue/callbacks", input = Json, output = Json)]
pub async fn callbacks(is_all: bool) -> Result<CallbackList, WireError> {
    let agent = if is_all { auth::require(auth::Role::Supervisor).await? } else { auth::current_agent().await? };
    Ok(expect_context::<Queue>().list_callbacks(&agent, is_all).await?)
}

/// Offers a promise to another agent first; none: to anyone.
#[server(prefix = "/api", endpoint = "queue/reassign", input = Json, output = Json)]
pub async fn reassign(callback_id: i64, agent_id: Option<AgentId>) -> Result<(), WireError> {
    let agent = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Queue>().reassign_callback(&agent, callback_id, agent_id).await?)
}

/// When a callback can be promised: quick choices, and what becomes of the time `at`, by the rules that hold when it is saved.
#[server(name = AskPromiseTimes, prefix = "/api", endpoint = "queue/promise_times", input = Json, output = Json)]
pub async fn promise_times(to: PromiseFor, at: Option<String>) -> Result<PromiseTimes, WireError> {
    auth::current_agent().await?;
    Ok(expect_context::<Queue>().promise_times(to, at.as_deref()).await?)
}

/// Promises another time instead.
#[server(prefix = "/api", endpoint = "queue/move_callback", input = Json, output = Json)]
pub async fn move_callback(callback_id: i64, at: String) -> Result<(), WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().move_callback(&agent, callback_id, &at).await?)
}

/// Withdraws a promise.
#[server(prefix = "/api", endpoint = "queue/withdraw", input = Json, output = Json)]
pub async fn withdraw(callback_id: i64, reason: String) -> Result<(), WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Queue>().cancel_callback(&agent, callback_id, &reason).await?)
}

//! The server functions of calls: who asks, parse, one call to the service.

mod attempts;
mod catalogue;
mod incoming;
mod transfer;

use kernel::{CallId, LeaseId, UserId, WireError};
use leptos::prelude::*;
use leptos::server_fn::codec::Json;

#[cfg(feature = "ssr")]
use crate::service::Calls;
#[cfg(feature = "ssr")]
use crate::types::Outcome;
use crate::types::{
    CallView, Disposition, GoingCall, HistoryEntry, MissingRecording, MonitorMode, MonitorView, PromiseNote, Recorded, Unrecorded,
    UserContext, VoiceToken,
};

pub use attempts::{attempt, attempt_choices, attempts, correct, correctable};
pub use catalogue::{catalogue, change_disposition};
pub use incoming::{answer, decline, identify, missed_callers, ringing, see_to_caller};
pub use transfer::{accept_transfer, ask_transfer, decline_transfer, hand_over, transfer, transfer_choices, withdraw_transfer};

/// Begins a call to the person held. The browser's telephone then connects with the answer's id, within ten seconds, once.
#[server(prefix = "/api", endpoint = "calls/start", input = Json, output = Json)]
pub async fn start(lease_id: LeaseId) -> Result<CallView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().start(&agent, lease_id).await?)
}

/// The agent's call that is not over yet, or waits for its disposition.
#[server(name = AskCurrentCall, prefix = "/api", endpoint = "calls/current", input = Json, output = Json)]
pub async fn current() -> Result<Option<CallView>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().current(&agent).await?)
}

/// One call of the agent's own, also when it is over.
#[server(prefix = "/api", endpoint = "calls/find", input = Json, output = Json)]
pub async fn find(call_id: CallId) -> Result<CallView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().find(&agent, call_id).await?)
}

/// The agent's calls of which they have not said what came of them.
#[server(name = AskUnrecorded, prefix = "/api", endpoint = "calls/unrecorded", input = Json, output = Json)]
pub async fn unrecorded() -> Result<Vec<Unrecorded>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().unrecorded(&agent).await?)
}

/// The calls that go on: whose, and who listens.
#[server(name = AskGoing, prefix = "/api", endpoint = "calls/going", input = Json, output = Json)]
pub async fn going() -> Result<Vec<GoingCall>, WireError> {
    auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Calls>().going().await?)
}

/// Begins to listen to somebody's talk: this browser connects with the answer's id within ten seconds, once. On record.
#[server(prefix = "/api", endpoint = "calls/monitor", input = Json, output = Json)]
pub async fn monitor(call_id: CallId, mode: MonitorMode) -> Result<MonitorView, WireError> {
    let supervisor = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Calls>().monitor(&supervisor, call_id, mode).await?)
}

/// What the supervisor listens to now.
#[server(name = AskMonitored, prefix = "/api", endpoint = "calls/monitored", input = Json, output = Json)]
pub async fn monitored() -> Result<Option<MonitorView>, WireError> {
    let supervisor = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Calls>().monitored(&supervisor).await?)
}

/// Listens, whispers to the agent, or joins in; the answer says what the carrier has confirmed. On record.
#[server(prefix = "/api", endpoint = "calls/set_monitor_mode", input = Json, output = Json)]
pub async fn set_monitor_mode(mode: MonitorMode) -> Result<MonitorView, WireError> {
    let supervisor = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Calls>().set_monitor_mode(supervisor.id, mode).await?)
}

/// Ends the listening; the call goes on.
#[server(prefix = "/api", endpoint = "calls/stop_monitoring", input = Json, output = Json)]
pub async fn stop_monitoring() -> Result<(), WireError> {
    let supervisor = auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Calls>().stop_monitoring(supervisor.id).await?)
}

/// Talks of the last week without a recording, newest first.
#[server(name = AskMissingRecordings, prefix = "/api", endpoint = "calls/missing_recordings", input = Json, output = Json)]
pub async fn missing_recordings() -> Result<Vec<MissingRecording>, WireError> {
    auth::require(auth::Role::Supervisor).await?;
    Ok(expect_context::<Calls>().missing_recordings().await?)
}

/// What the dialler did about one person, newest first.
#[server(name = AskHistory, prefix = "/api", endpoint = "calls/history", input = Json, output = Json)]
pub async fn history(user_id: UserId) -> Result<Vec<HistoryEntry>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().history(&agent, user_id).await?)
}

/// What was written down with those promises to these people that are still to be kept: by the agent, for supervisors by anybody.
#[server(name = AskPromiseNotes, prefix = "/api", endpoint = "calls/promise_notes", input = Json, output = Json)]
pub async fn promise_notes(users: Vec<UserId>) -> Result<Vec<PromiseNote>, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().promise_notes(&agent, &users).await?)
}

/// Everything that is known of one person, for display.
#[server(name = AskUser, prefix = "/api", endpoint = "calls/user", input = Json, output = Json)]
pub async fn user(user_id: UserId) -> Result<UserContext, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().user(&agent, user_id).await?)
}

/// What the browser's telephone needs to connect.
#[server(name = AskVoiceToken, prefix = "/api", endpoint = "calls/voice_token", input = Json, output = Json)]
pub async fn voice_token() -> Result<VoiceToken, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().voice_token(&agent)?)
}

/// Lets this browser connect to the agent's talk within ten seconds, once: after a reload, or in place of another window.
#[server(prefix = "/api", endpoint = "calls/rejoin", input = Json, output = Json)]
pub async fn rejoin(call_id: CallId) -> Result<CallView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().rejoin(&agent, call_id).await?)
}

/// Puts the person on hold, or takes them off; the answer says what the carrier has confirmed.
#[server(prefix = "/api", endpoint = "calls/hold", input = Json, output = Json)]
pub async fn hold(call_id: CallId, is_held: bool) -> Result<CallView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().hold(&agent, call_id, is_held).await?)
}

/// Notes that the agent has told the person that the call is recorded, or that they have not.
#[server(prefix = "/api", endpoint = "calls/give_notice", input = Json, output = Json)]
pub async fn give_notice(call_id: CallId, is_given: bool) -> Result<CallView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().give_notice(&agent, call_id, is_given).await?)
}

/// Ends the agent's own call, whatever the browser's telephone does.
#[server(prefix = "/api", endpoint = "calls/hang_up", input = Json, output = Json)]
pub async fn hang_up(call_id: CallId) -> Result<CallView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().hang_up(&agent, call_id).await?)
}

/// The note of the agent's own call, as last kept.
#[server(name = AskNote, prefix = "/api", endpoint = "calls/note", input = Json, output = Json)]
pub async fn note(call_id: CallId) -> Result<String, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().note(&agent, call_id).await?)
}

/// Keeps the agent's note as it is typed.
#[server(prefix = "/api", endpoint = "calls/save_notes", input = Json, output = Json)]
pub async fn save_notes(call_id: CallId, notes: String) -> Result<(), WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().save_notes(&agent, call_id, &notes).await?)
}

/// Gives the agent thirty seconds more to record what came of the call.
#[server(prefix = "/api", endpoint = "calls/extend_wrap_up", input = Json, output = Json)]
pub async fn extend_wrap_up(call_id: CallId) -> Result<CallView, WireError> {
    let agent = auth::current_agent().await?;
    Ok(expect_context::<Calls>().extend_wrap_up(&agent, call_id).await?)
}

/// Records what came of the call; the person is let go. Once: a repetition answers with what was recorded.
#[server(prefix = "/api", endpoint = "calls/record_outcome", input = Json, output = Json)]
pub async fn record_outcome(
    call_id: CallId,
    disposition: Disposition,
    #[server(default)] notes: Option<String>,
    #[server(default)] callback_at: Option<String>,
    #[server(default)] asked_regardless: bool,
) -> Result<Recorded, WireError> {
    let agent = auth::current_agent().await?;
    let outcome = Outcome { disposition, notes, callback_at, asked_regardless };
    Ok(expect_context::<Calls>().record_outcome(&agent, call_id, outcome).await?)
}

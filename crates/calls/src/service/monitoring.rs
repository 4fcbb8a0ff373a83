//! A supervisor on somebody's call: listening, heard by nobody; whispering, heard by the agent alone; or joining in. Each is on record.

use auth::CurrentAgent;
use chrono::TimeDelta;
use kernel::{AgentId, CallId, Hint, machine_now};
use sqlx::PgExecutor;
use twilio::{Beep, CallSid, Coach, ParticipantKey, ParticipantUpdate, twiml};
use uuid::Uuid;

use super::course::{agent_legs, conference_name, log_failure, rejection};
use super::{Calls, CallsFailure, INTENT};
use crate::error::CallsError;
use crate::store::{self, MonitoringRow};
use crate::types::{CallState, GoingCall, MonitorMode, MonitorView};

/// A leg that the carrier has asked about is in the conference within so long after its time to connect, or never.
const JOINING: TimeDelta = TimeDelta::seconds(20);

/// A supervisor's party in a call.
pub(super) const SUPERVISOR: &str = "supervisor";

impl Calls {
    /// The calls that go on: whose, and who listens.
    pub(crate) async fn going(&self) -> Result<Vec<GoingCall>, CallsFailure> {
        let rows = store::list_going(&self.shared.pool).await?;
        let shown = |row: store::GoingRow| GoingCall {
            call_id: row.call,
            agent_id: row.agent,
            is_talking: row.is_talking,
            listeners: row.listeners,
            caller: row.caller,
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// Who else can be heard on the agent's talk, in a sentence for the agent.
    pub(super) async fn joined_by(&self, call: CallId) -> Result<Option<String>, CallsFailure> {
        let heard = store::list_heard(&self.shared.pool, call).await?;
        let words: Vec<String> = heard
            .into_iter()
            .map(|(name, mode)| match mode {
                MonitorMode::Whisper => format!("{name} whispers to you: you alone hear them."),
                MonitorMode::Barge | MonitorMode::Listen => format!("{name} has joined in: both of you hear them."),
            })
            .collect();
        Ok((!words.is_empty()).then(|| words.join(" ")))
    }

    /// Begins to listen to somebody's talk. The supervisor's browser connects with the answer's id, within ten seconds, once.
    pub(crate) async fn monitor(&self, supervisor: &CurrentAgent, call: CallId, mode: MonitorMode) -> Result<MonitorView, CallsFailure> {
        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let row = store::lock(&mut transaction, call).await?.ok_or(CallsError::NoSuchAttempt)?;
        if row.state != CallState::Connected {
            return Err(CallsError::NotTalking.into());
        }
        let standing = store::make_way(&mut transaction, supervisor.id, now).await?;
        if row.agent == supervisor.id || standing.has_call {
            return Err(CallsError::OnACall.into());
        }
        let id = CallId::generate().get();
        if !store::insert_monitoring(&mut transaction, id, call, supervisor.id, mode, machine_now() + INTENT, now).await? {
            return Err(CallsError::ListensAlready.into());
        }
        transaction.commit().await?;
        tracing::info!(agent.id = %supervisor.id, call.id = %call, monitoring.id = %id, monitoring.mode = mode.as_str(), "a supervisor listens to a call");
        self.pass_on_withdrawn(standing.withdrawn);
        self.shared.hints.send(Hint::Agent(supervisor.id));
        self.monitor_view(supervisor.id).await?.ok_or_else(|| CallsError::NotListening.into())
    }

    /// What the supervisor listens to now.
    pub(crate) async fn monitored(&self, supervisor: &CurrentAgent) -> Result<Option<MonitorView>, CallsFailure> {
        self.monitor_view(supervisor.id).await
    }

    async fn monitor_view(&self, supervisor: AgentId) -> Result<Option<MonitorView>, CallsFailure> {
        let Some(row) = store::find_monitoring_of(&self.shared.pool, supervisor).await? else { return Ok(None) };
        let Some(call) = store::find(&self.shared.pool, row.call).await? else { return Ok(None) };
        // Whoever is about to take a call over does not listen to it.
        if store::find_transfer_of_call(&self.shared.pool, call.id).await?.is_some_and(|transfer| transfer.monitoring == Some(row.id)) {
            return Ok(None);
        }
        Ok(Some(MonitorView {
            id: row.id.to_string(),
            call_id: call.id,
            agent_id: call.agent,
            user_name: call.user_name,
            mode: row.mode,
            is_joined: row.joined_at.is_some(),
            talk_seconds: call.answered_at.map_or(0, |at| (self.shared.queue.now() - at).num_seconds().max(0)),
        }))
    }

    /// Takes part in another way; what is shown and on record is what the carrier has confirmed.
    pub(crate) async fn set_monitor_mode(&self, supervisor: AgentId, mode: MonitorMode) -> Result<MonitorView, CallsFailure> {
        let row = store::find_monitoring_of(&self.shared.pool, supervisor).await?.ok_or(CallsError::NotListening)?;
        self.change_mode(row.id, |_| Some(mode)).await?;
        self.monitor_view(supervisor).await?.ok_or_else(|| CallsError::NotListening.into())
    }

    /// The agent talks by another leg, or it is another agent: whoever whispers is heard by that one from now on; without waiting.
    pub(super) fn whisper_anew_soon(&self, call: CallId) {
        let calls = self.clone();
        tokio::spawn(async move {
            if let Err(error) = calls.whisper_anew(call).await {
                log_failure(call, &error);
            }
        });
    }

    async fn whisper_anew(&self, call: CallId) -> Result<(), CallsFailure> {
        for (id, supervisor) in store::list_whispering(&self.shared.pool, call).await? {
            let still_whispers = |row: &MonitoringRow| (row.mode == MonitorMode::Whisper).then_some(MonitorMode::Whisper);
            if let Err(error) = self.change_mode(id, still_whispers).await {
                log_failure(call, &error);
                // No panel says that the agent hears somebody whom they do not hear.
                self.stop_monitoring(supervisor).await?;
            }
        }
        Ok(())
    }

    /// Has the carrier let a supervisor take part in the way that `choose` says of how it stands, if any. One change at a time, or the
    /// carrier would hold the one and the screen the other.
    async fn change_mode(&self, id: Uuid, choose: impl FnOnce(&MonitoringRow) -> Option<MonitorMode>) -> Result<(), CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        store::queue_for_mode(&mut transaction, id).await?;
        let row = store::find_monitoring(&mut *transaction, id).await?.filter(|row| row.ended_at.is_none());
        let row = row.ok_or(CallsError::NotListening)?;
        let Some(mode) = choose(&row) else { return Ok(()) };
        let call = store::find(&mut *transaction, row.call).await?.ok_or(CallsError::NotListening)?;
        let leg = row.sid.as_deref().and_then(|sid| sid.parse::<CallSid>().ok()).ok_or(CallsError::NotListening)?;
        let conference = call.conference().ok_or(CallsError::NotListening)?;
        let update = monitor_update(mode, self.agent_leg(&mut *transaction, call.id).await?);
        let key = ParticipantKey::Call(&leg);
        let client = &self.telephone()?.client;
        let answered = match client.update_participant(&conference, key, &update).await {
            Ok(participant) => Some(participant),
            Err(error) if error.may_have_been_carried_out() => client.participant(&conference, key).await.unwrap_or_default(),
            Err(error) => return Err(CallsFailure::Carrier(error)),
        };
        let wanted = (Some(mode == MonitorMode::Listen), Some(mode == MonitorMode::Whisper));
        if answered.is_none_or(|there| (there.muted, there.coaching) != wanted) {
            drop(transaction);
            // Nobody is heard of whom the screen does not say it.
            self.stop_monitoring(row.supervisor).await?;
            return Err(CallsError::NotConfirmed.into());
        }
        if row.mode != mode {
            store::set_monitoring_mode(&mut transaction, id, mode, self.shared.queue.now()).await?;
        }
        transaction.commit().await?;
        tracing::info!(agent.id = %row.supervisor, call.id = %call.id, monitoring.mode = mode.as_str(), "how a supervisor takes part");
        self.shared.hints.send(Hint::Agent(row.supervisor));
        self.tell(call.agent);
        Ok(())
    }

    /// Ends it; the call goes on.
    pub(crate) async fn stop_monitoring(&self, supervisor: AgentId) -> Result<(), CallsFailure> {
        let Some(row) = store::find_monitoring_of(&self.shared.pool, supervisor).await? else { return Ok(()) };
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        // Their browser may be connecting just now.
        let Some(row) = store::lock_monitoring(&mut transaction, row.id).await? else { return Ok(()) };
        store::end_monitoring(&mut transaction, row.id, self.shared.queue.now()).await?;
        transaction.commit().await?;
        self.hang_up_soon(row.call, row.sid.into_iter().collect());
        self.shared.hints.send(Hint::Agent(supervisor));
        if let Some(call) = store::find(&self.shared.pool, row.call).await? {
            self.tell(call.agent);
        }
        Ok(())
    }

    /// Takes everybody off the line who may not listen any more: who has been signed out, by whomever, has another role or may not sign in
    /// (lessons, line 42).
    pub async fn end_unentitled_monitorings(&self) -> Result<(), CallsFailure> {
        let listening = store::list_listening(&self.shared.pool).await?;
        if listening.is_empty() {
            return Ok(());
        }
        let entitled = self.shared.auth.list_supervisors().await?;
        for supervisor in listening.into_iter().filter(|supervisor| !entitled.contains(supervisor)) {
            tracing::warn!(agent.id = %supervisor, "somebody who may not listen any more was taken off the line");
            self.stop_monitoring(supervisor).await?;
        }
        Ok(())
    }

    /// Ends listenings whose browsers did not connect in time, or whose legs did not come into the conference.
    pub async fn end_abandoned_monitorings(&self) -> Result<(), CallsFailure> {
        for row in
            store::end_abandoned_monitorings(&self.shared.pool, machine_now(), machine_now() - JOINING, self.shared.queue.now()).await?
        {
            self.hang_up_soon(row.call, row.sid.into_iter().collect());
            self.shared.hints.send(Hint::Agent(row.supervisor));
            self.tell(row.agent);
        }
        Ok(())
    }

    /// The carrier asks what to do with the leg of a supervisor's browser: into the conference, muted unless they are to be heard there.
    pub(super) async fn monitor_voice(&self, id: Uuid, agent: AgentId, sid: &CallSid) -> Result<twiml::Response, CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        // The call first, as whoever ends it or hands it over does.
        let call = match store::find_monitoring(&mut *transaction, id).await? {
            Some(found) => store::lock(&mut transaction, found.call).await?,
            None => None,
        };
        let found = store::lock_monitoring(&mut transaction, id).await?;
        let is_good = |row: &MonitoringRow| {
            row.supervisor == agent
                && row.ended_at.is_none()
                && (row.sid.as_deref() == Some(sid.as_str()) || (row.sid.is_none() && row.intent_expires_at >= machine_now()))
        };
        let Some(row) = found.filter(is_good) else {
            tracing::warn!(agent.id = %agent, monitoring.id = %id, "a browser's listening without a right to it was rejected");
            return Ok(rejection());
        };
        let Some(call) = call.filter(|call| call.state == CallState::Connected) else { return Ok(rejection()) };
        let coach = match row.mode {
            MonitorMode::Whisper => Some(self.agent_leg(&mut *transaction, row.call).await?),
            MonitorMode::Listen | MonitorMode::Barge => None,
        };
        store::set_monitoring_leg(&mut transaction, id, sid.as_str()).await?;
        store::insert_leg(&mut *transaction, row.call, sid.as_str(), SUPERVISOR, self.shared.queue.now()).await?;
        transaction.commit().await?;
        let conference = twiml::Conference {
            name: conference_name(call.conference_id()),
            beep: Some(Beep::Never),
            start_conference_on_enter: Some(false),
            end_conference_on_exit: Some(false),
            muted: Some(row.mode == MonitorMode::Listen),
            coach,
            wait_url: Some(String::new()),
            ..twiml::Conference::default()
        };
        Ok(twiml::Response::new([twiml::Verb::Dial(twiml::Dial { conference, ..twiml::Dial::default() })]))
    }

    /// The leg by which the agent talks now.
    async fn agent_leg(&self, executor: impl PgExecutor<'_>, call: CallId) -> Result<CallSid, CallsFailure> {
        let legs = store::list_legs(executor, call).await?;
        let live = agent_legs(&legs).filter(|leg| !leg.is_over).last().and_then(|leg| leg.sid.parse().ok());
        Ok(live.ok_or(CallsError::NotTalking)?)
    }
}

/// Who hears a supervisor who takes part in this way.
pub(super) fn monitor_update(mode: MonitorMode, agent: CallSid) -> ParticipantUpdate {
    let coach = if mode == MonitorMode::Whisper { Coach::Leg(agent) } else { Coach::Nobody };
    ParticipantUpdate { muted: Some(mode == MonitorMode::Listen), coach: Some(coach), ..ParticipantUpdate::default() }
}

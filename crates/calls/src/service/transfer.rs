//! Handing a talk over to a supervisor, who is on the line before the agent leaves it (a warm transfer).

use std::collections::HashMap;

use auth::{CurrentAgent, Engagement};
use chrono::TimeDelta;
use kernel::{AgentId, CallId, Hint, london, machine_now};
use uuid::Uuid;

use super::attempts::told;
use super::{Calls, CallsFailure, INTENT};
use crate::error::CallsError;
use crate::rules::Event;
use crate::store::{self, CallRow, NewTransfer, TransferRow};
use crate::types::{
    AttemptTransfer, CallState, CallView, LONGEST_TRANSFER_REASON, MonitorMode, TransferChoice, TransferState, TransferView,
};

/// Without an answer the agent asks somebody else.
const UNANSWERED: TimeDelta = TimeDelta::seconds(30);
/// So often a pass that another hand-out has got in the way of is tried.
const TRIES: usize = 3;
/// Who is asked when it is nobody in particular.
const ANY: &str = "any supervisor";

impl Calls {
    /// The supervisors who could take a talk over now: signed in, heard of lately, without a call of their own or another's.
    pub(crate) async fn transfer_choices(&self, agent: &CurrentAgent) -> Result<Vec<TransferChoice>, CallsFailure> {
        let there = self.shared.auth.list_supervisors_there().await?;
        let ids: Vec<AgentId> = there.iter().map(|(id, _)| *id).collect();
        let free = store::list_free(&self.shared.pool, &ids).await?;
        let choices = there.into_iter().filter(|(id, _)| *id != agent.id && free.contains(id));
        Ok(choices.map(|(id, name)| TransferChoice { id, name }).collect())
    }

    /// Asks a supervisor, or all who could, to take the agent's talk over. The person stays with the agent until then.
    pub(crate) async fn ask_transfer(
        &self,
        agent: &CurrentAgent,
        call: CallId,
        supervisor: Option<AgentId>,
        reason: Option<&str>,
    ) -> Result<TransferView, CallsFailure> {
        let reason = reason.map(str::trim).filter(|reason| !reason.is_empty());
        if reason.is_some_and(|reason| reason.chars().count() > LONGEST_TRANSFER_REASON) {
            return Err(CallsError::TransferReasonTooLong(LONGEST_TRANSFER_REASON).into());
        }
        let choices = self.transfer_choices(agent).await?;
        let offered_to: Vec<AgentId> =
            choices.into_iter().map(|choice| choice.id).filter(|id| supervisor.is_none_or(|wanted| wanted == *id)).collect();
        if offered_to.is_empty() {
            return Err(CallsError::NobodyToHandOverTo.into());
        }
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let row = store::lock(&mut transaction, call).await?.filter(|row| row.agent == agent.id).ok_or(CallsError::NoSuchCall)?;
        if row.state != CallState::Connected {
            return Err(CallsError::NotTalking.into());
        }
        let id = CallId::generate().get();
        let new = NewTransfer { call, from: agent.id, offered_to: &offered_to, reason, lapses_at: machine_now() + UNANSWERED };
        if !store::insert_transfer(&mut transaction, id, &new, self.shared.queue.now()).await? {
            return Err(CallsError::AskedAlready.into());
        }
        transaction.commit().await?;
        tracing::info!(agent.id = %agent.id, call.id = %call, transfer.id = %id, "an agent asks for a call to be taken over");
        self.tell_all(agent.id, &offered_to);
        self.transfer(agent).await?.ok_or_else(|| CallsError::NoSuchTransfer.into())
    }

    /// What is being handed over by whoever asks, or to them: of their own call the newest, also when it is over.
    pub(crate) async fn transfer(&self, agent: &CurrentAgent) -> Result<Option<TransferView>, CallsFailure> {
        let own = match store::find_open(&self.shared.pool, agent.id).await? {
            Some(call) if call.state == CallState::Connected => {
                store::find_transfer_of_call(&self.shared.pool, call.id).await?.filter(|transfer| transfer.from == agent.id)
            }
            _ => None,
        };
        let found = match own {
            Some(own) => Some(own),
            None => store::find_transfer_for(&self.shared.pool, agent.id, machine_now()).await?,
        };
        match found {
            Some(found) => self.transfer_view(agent, found).await,
            None => Ok(None),
        }
    }

    async fn transfer_view(&self, agent: &CurrentAgent, row: TransferRow) -> Result<Option<TransferView>, CallsFailure> {
        let Some(call) = store::find(&self.shared.pool, row.call).await? else { return Ok(None) };
        let names = self.names().await?;
        let monitoring = match row.monitoring.filter(|_| row.state == TransferState::Accepted) {
            Some(id) => store::find_monitoring(&self.shared.pool, id).await?,
            None => None,
        };
        Ok(Some(TransferView {
            id: row.id.to_string(),
            call_id: row.call,
            is_mine: row.from == agent.id,
            state: row.state,
            from: name_of(&names, row.from),
            to: to_whom(&names, &row),
            seconds_left: (row.lapses_at - machine_now()).num_seconds().max(0),
            monitoring_id: monitoring.as_ref().filter(|of| of.supervisor == agent.id).map(|of| of.id.to_string()),
            is_joined: monitoring.is_some_and(|of| of.joined_at.is_some() && of.ended_at.is_none()),
            is_agent_away: call.agent_away_since.is_some(),
            user_name: call.user_name,
            reason: row.reason,
        }))
    }

    /// The agent does not ask any more. Whoever has accepted by now is on the line, and leaves it themself.
    pub(crate) async fn withdraw_transfer(&self, agent: &CurrentAgent, call: CallId) -> Result<(), CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        store::lock(&mut transaction, call).await?.filter(|row| row.agent == agent.id).ok_or(CallsError::NoSuchCall)?;
        let found = store::find_transfer_of_call(&mut *transaction, call).await?.ok_or(CallsError::NoSuchTransfer)?;
        let row = store::lock_transfer(&mut transaction, found.id).await?.ok_or(CallsError::NoSuchTransfer)?;
        match row.state {
            TransferState::Asked => {
                store::end_transfer(&mut transaction, row.id, TransferState::Withdrawn, self.shared.queue.now()).await?;
            }
            TransferState::Accepted => return Err(CallsError::AcceptedAlready.into()),
            _ => return Ok(()),
        }
        transaction.commit().await?;
        self.tell_all(agent.id, &row.offered_to);
        Ok(())
    }

    /// A supervisor who was asked cannot take it.
    pub(crate) async fn decline_transfer(&self, supervisor: &CurrentAgent, transfer: Uuid) -> Result<(), CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let row = store::lock_transfer(&mut transaction, transfer).await?.filter(|row| row.offered_to.contains(&supervisor.id));
        let row = row.ok_or(CallsError::NoSuchTransfer)?;
        if row.state == TransferState::Asked {
            store::decline_transfer(&mut transaction, transfer, supervisor.id, self.shared.queue.now()).await?;
            transaction.commit().await?;
            self.tell_all(row.from, &[supervisor.id]);
        }
        Ok(())
    }

    /// A supervisor who was asked comes to the line: the answer's `monitoring_id` is good for ten seconds, once, as a listener's is. Of
    /// several who were asked the first has it.
    pub(crate) async fn accept_transfer(&self, supervisor: &CurrentAgent, transfer: Uuid) -> Result<TransferView, CallsFailure> {
        let is_offered = |row: &TransferRow| row.offered_to.contains(&supervisor.id) && !row.declined_by.contains(&supervisor.id);
        let found = store::find_transfer(&self.shared.pool, transfer).await?.filter(is_offered).ok_or(CallsError::NoSuchTransfer)?;
        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let call = store::lock(&mut transaction, found.call).await?.ok_or(CallsError::NoSuchTransfer)?;
        let standing = store::make_way(&mut transaction, supervisor.id, now).await?;
        if standing.has_call {
            return Err(CallsError::OnACall.into());
        }
        let monitoring = CallId::generate().get();
        let until = machine_now() + INTENT;
        if !store::insert_monitoring(&mut transaction, monitoring, call.id, supervisor.id, MonitorMode::Barge, until, now).await? {
            return Err(CallsError::ListensAlready.into());
        }
        let row = store::lock_transfer(&mut transaction, transfer).await?.filter(is_offered).ok_or(CallsError::NoSuchTransfer)?;
        if row.state != TransferState::Asked || row.lapses_at <= machine_now() || call.state != CallState::Connected {
            return Err(CallsError::NotAskedAnyMore.into());
        }
        store::accept_transfer(&mut transaction, transfer, supervisor.id, monitoring, now).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %supervisor.id, call.id = %call.id, transfer.id = %transfer, "a supervisor joins a call to take it over");
        self.pass_on_withdrawn(standing.withdrawn);
        self.tell_all(row.from, &row.offered_to);
        self.transfer(supervisor).await?.ok_or_else(|| CallsError::NoSuchTransfer.into())
    }

    /// Passes the talk: the agent hands it over, or the supervisor who is on the line takes it. Once: a repetition changes nothing.
    pub(crate) async fn hand_over(&self, who: &CurrentAgent, call: CallId) -> Result<(), CallsFailure> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.try_hand_over(who, call).await {
                // The supervisor was handed somebody at the same moment: whom they do not talk to yet goes back.
                Err(failure) if tries < TRIES && violates(&failure, "lease_of_one_agent") => {}
                Err(failure) if violates(&failure, "call_one_of_an_agent") => return Err(CallsError::SupervisorEngaged.into()),
                result => return result,
            }
        }
    }

    async fn try_hand_over(&self, who: &CurrentAgent, call: CallId) -> Result<(), CallsFailure> {
        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let row = store::lock(&mut transaction, call).await?.ok_or(CallsError::NoSuchCall)?;
        let found = store::find_transfer_of_call(&mut *transaction, call).await?.ok_or(CallsError::NoSuchCall)?;
        if ![Some(found.from), found.accepted_by].contains(&Some(who.id)) {
            return Err(CallsError::NoSuchCall.into());
        }
        if found.state == TransferState::Passed {
            return Ok(());
        }
        if row.state != CallState::Connected {
            return Err(CallsError::NotTalking.into());
        }
        let (Some(to), Some(monitoring)) = (found.accepted_by, found.monitoring) else { return Err(CallsError::NotJoined.into()) };
        // In this order, as whoever ends a listening does. Of the carrier's events none comes in between: they wait for the call.
        let seat = store::lock_monitoring(&mut transaction, monitoring).await?;
        let transfer = store::lock_transfer(&mut transaction, found.id).await?;
        let legs = store::list_legs(&mut *transaction, call).await?;
        let leg = seat.filter(|seat| seat.joined_at.is_some() && seat.ended_at.is_none()).and_then(|seat| seat.sid);
        let leg = leg.filter(|sid| legs.iter().any(|leg| leg.sid == *sid && leg.ended_at.is_none()));
        let (Some(leg), Some(TransferState::Accepted)) = (leg, transfer.map(|transfer| transfer.state)) else {
            return Err(CallsError::NotJoined.into());
        };

        store::end_transfer(&mut transaction, found.id, TransferState::Passed, now).await?;
        store::end_monitoring(&mut transaction, monitoring, now).await?;
        store::pass_call(&mut transaction, call, to, machine_now()).await?;
        let former = store::pass_legs(&mut transaction, call, &leg).await?;
        self.shared.queue.pass(&mut transaction, call, to).await?;
        self.shared.auth.engage(&mut transaction, row.agent, None).await?;
        self.shared.auth.engage(&mut transaction, to, Some(Engagement::OnCall)).await?;
        // Whose telephone was gone is away no more: the call has an agent who is on the line.
        let step = self.apply_locked(&mut transaction, &row, Event::AgentJoined, now, now).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %row.agent, call.id = %call, transfer.id = %found.id, transfer.to = %to, "a call was handed over");
        self.follow(&CallRow { agent: to, ..row.clone() }, step);
        self.hang_up_soon(call, former);
        self.whisper_anew_soon(call);
        self.shared.hints.send(Hint::Queues);
        self.tell_all(row.agent, &[to]);
        Ok(())
    }

    /// Ends what nobody has answered in time.
    pub async fn lapse_transfers(&self) -> Result<(), CallsFailure> {
        for row in store::lapse_transfers(&self.shared.pool, machine_now(), self.shared.queue.now()).await? {
            self.tell_all(row.from, &row.offered_to);
        }
        Ok(())
    }

    /// A call that the agent has handed over, as far as it is still theirs: over.
    pub(super) async fn handed_over(&self, agent: &CurrentAgent, call: CallId) -> Result<Option<CallView>, CallsFailure> {
        let Some((to, at)) = store::find_passed_by(&self.shared.pool, call, agent.id).await? else { return Ok(None) };
        let Some(row) = store::find(&self.shared.pool, call).await? else { return Ok(None) };
        let words = format!("Handed over to {} at {}.", name_of(&self.names().await?, to), london(at).format("%H:%M"));
        let row = CallRow { state: CallState::Ended, state_since: at, end_reason: None, wrap_up_until: None, closed_at: None, ..row };
        let row = CallRow { agent_away_since: None, held_since: None, ended_at: Some(at), ..row };
        Ok(Some(CallView { handed_over: Some(words), ..self.view(row).await? }))
    }

    /// Whom a call was to be handed over to, for its history.
    pub(super) async fn transfers_of(&self, call: CallId) -> Result<Vec<AttemptTransfer>, CallsFailure> {
        let rows = store::list_transfers(&self.shared.pool, call).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let (names, now) = (self.names().await?, self.shared.queue.now());
        let shown = |row: TransferRow| AttemptTransfer {
            from: name_of(&names, row.from),
            to: to_whom(&names, &row),
            state: row.state,
            at: told(row.asked_at, now),
            ended: row.ended_at.map(|at| told(at, now)),
            reason: row.reason,
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    async fn names(&self) -> Result<HashMap<AgentId, String>, CallsFailure> {
        Ok(self.shared.auth.names().await?)
    }

    fn tell_all(&self, agent: AgentId, others: &[AgentId]) {
        self.tell(agent);
        for other in others {
            self.tell(*other);
        }
    }
}

fn name_of(names: &HashMap<AgentId, String>, agent: AgentId) -> String {
    names.get(&agent).cloned().unwrap_or_else(|| "somebody".to_owned())
}

/// Who has accepted, else who was asked.
fn to_whom(names: &HashMap<AgentId, String>, row: &TransferRow) -> String {
    let only = row.offered_to.first().copied().filter(|_| row.offered_to.len() == 1);
    row.accepted_by.or(only).map_or_else(|| ANY.to_owned(), |one| name_of(names, one))
}

/// Whether this is what kept it from being done.
fn violates(failure: &CallsFailure, constraint: &str) -> bool {
    matches!(failure, CallsFailure::Database(sqlx::Error::Database(error)) if error.constraint() == Some(constraint))
}

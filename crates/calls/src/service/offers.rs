//! Which agent takes a call that comes in: the one who talked with them last, else any who is free, one after the other.

use std::time::Duration;

use auth::{CurrentAgent, Engagement, Presence};
use chrono::TimeDelta;
use kernel::{AgentId, CallId, UserId, display_time, machine_now};
use sqlx::PgConnection;
use twilio::{CallSid, CallUpdate, RecordingChannels, RecordingOptions, RestError};

use super::course::{PERSON, log_failure};
use super::{Calls, CallsFailure, INTENT, Telephone};
use crate::error::CallsError;
use crate::store::{self, IncomingEnd, IncomingState, NewIncomingCall, OfferAnswer};
use crate::types::{CallEnd, CallView, Candidate, MissedCaller, RingingCall};

/// An agent's console rings for so long.
const OFFER: TimeDelta = TimeDelta::seconds(20);
/// An answer on its way when the time is up still counts.
const GRACE: TimeDelta = TimeDelta::seconds(1);
/// Nobody hears music for longer than this before the message: whoever is free by then has not taken the call.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(2);
/// Somebody who waits without an agent being rung is looked after again after so long.
const FORGOTTEN: TimeDelta = TimeDelta::seconds(3);
/// Somebody who is with us and with no agent is asked about after so long.
pub(super) const SILENCE: TimeDelta = TimeDelta::seconds(15);
/// A talk with a caller that is not known to be recorded after so long is looked after again: longer than the tries of the first time.
const UNRECORDED: TimeDelta = TimeDelta::seconds(30);
/// Callers whom nobody knows are listed for so long.
pub(super) const LISTED: TimeDelta = TimeDelta::days(7);
/// The carrier is asked so often to do something for a caller, with a pause between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_secs(2);

/// What has become of somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passed {
    /// An agent is rung.
    Offered,
    /// Nobody is free: they hear the message next.
    Nobody,
    /// They wait no longer.
    Over,
}

impl Calls {
    /// Offers a call to the next agent, unless it is being offered. Each agent is asked once.
    pub(super) async fn offer_next(&self, id: CallId) -> Result<Passed, CallsFailure> {
        let free = self.free_agents().await?;
        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock_incoming(&mut transaction, id).await? else { return Ok(Passed::Over) };
        match row.state {
            IncomingState::Waiting => {}
            IncomingState::Answered => return Ok(Passed::Offered),
            IncomingState::Greeted | IncomingState::Told | IncomingState::Ended => return Ok(Passed::Over),
        }
        if store::find_live_offer(&mut *transaction, id).await?.is_some() {
            return Ok(Passed::Offered);
        }
        let last = store::find_last_talk(&mut *transaction, &row.users, row.number.as_deref()).await?.map(|(agent, _, _)| agent);
        let has_time = now - row.arrived_at <= LONGEST_WAIT;
        let in_turn = in_turn(free, last).into_iter().filter(|_| has_time);
        for agent in in_turn {
            if store::insert_offer(&mut transaction, id, agent, now, machine_now() + OFFER).await? {
                transaction.commit().await?;
                tracing::info!(agent.id = %agent, call.id = %id, "a call that came in is offered to an agent");
                self.tell(agent);
                return Ok(Passed::Offered);
            }
        }
        store::set_incoming(&mut transaction, id, IncomingState::Told, Some(IncomingEnd::NobodyFree), now).await?;
        self.promise_return_call(&mut transaction, &row).await?;
        transaction.commit().await?;
        tracing::info!(call.id = %id, "nobody is free for somebody who rings us");
        Ok(Passed::Nobody)
    }

    /// Who may take a call now: the longest available first, those who are looking at somebody's card last.
    async fn free_agents(&self) -> Result<Vec<AgentId>, CallsFailure> {
        let mut free = self.shared.auth.list_presence().await?;
        free.retain(|agent| agent.presence == Presence::Available);
        let holding = self.shared.queue.holdings().await?;
        free.sort_by_key(|agent| {
            let holds = holding.iter().any(|held| held.agent_id == agent.id);
            (holds, std::cmp::Reverse(agent.presence_seconds))
        });
        Ok(free.into_iter().map(|agent| agent.id).collect())
    }

    /// Offers it to the next agent; when there is none, they are taken out of the music and hear the message.
    pub(super) async fn pass_on(&self, id: CallId) -> Result<(), CallsFailure> {
        if self.offer_next(id).await? != Passed::Nobody {
            return Ok(());
        }
        let Some(row) = store::find_incoming(&self.shared.pool, id).await? else { return Ok(()) };
        let (telephone, Ok(sid)) = (self.telephone()?, row.sid.parse::<CallSid>()) else { return Ok(()) };
        let update = CallUpdate::Url(telephone.callback_url("incoming-message", id));
        for tried in 1..=TRIES {
            let Err(error) = telephone.client.update_call(&sid, &update).await else { break };
            tracing::warn!(call.id = %id, error.message = %error, "somebody who waits could not be given the message");
            // They have hung up, most likely. If not, the music ends when the carrier is asked about them.
            if matches!(error, RestError::Refused { status: 400 | 404, .. }) || tried == TRIES {
                break;
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// The agent to whom it was offered has begun something else.
    pub(super) fn pass_on_withdrawn(&self, withdrawn: Option<CallId>) {
        if let Some(id) = withdrawn {
            self.pass_on_soon(id);
        }
    }

    pub(super) fn pass_on_soon(&self, id: CallId) {
        let calls = self.clone();
        tokio::spawn(async move {
            if let Err(error) = calls.pass_on(id).await {
                log_failure(id, &error);
            }
        });
    }

    /// Passes on what nobody has taken in time, and looks after those who wait without an agent being rung.
    pub async fn pass_on_offers(&self) -> Result<(), CallsFailure> {
        let now = self.shared.queue.now();
        let mut waiting: Vec<CallId> = Vec::new();
        for offer in store::lapse_offers(&self.shared.pool, machine_now() - GRACE, now).await? {
            tracing::info!(agent.id = %offer.agent, call.id = %offer.incoming, "an agent did not take a call that came in");
            self.tell(offer.agent);
            waiting.push(offer.incoming);
        }
        waiting.extend(store::list_forgotten(&self.shared.pool, now - FORGOTTEN).await?);
        // Each by itself: the carrier may be slow about one of them.
        for id in waiting {
            self.pass_on_soon(id);
        }
        Ok(())
    }

    /// The call that is offered to this agent now.
    pub(crate) async fn ringing(&self, agent: &CurrentAgent) -> Result<Option<RingingCall>, CallsFailure> {
        let Some(offer) = store::find_offer_to(&self.shared.pool, agent.id).await? else { return Ok(None) };
        let left = (offer.expires_at - machine_now()).num_seconds();
        let Some(row) = store::find_incoming(&self.shared.pool, offer.incoming).await?.filter(|_| left >= 0) else { return Ok(None) };
        let last_talk = match store::find_last_talk(&self.shared.pool, &row.users, row.number.as_deref()).await? {
            Some((with, _, at)) => {
                let at = display_time(at, self.shared.queue.now());
                let name = if with == agent.id { Some("you".to_owned()) } else { self.staff_name(with).await? };
                Some(format!("{}, {at}", name.unwrap_or_else(|| "somebody".to_owned())))
            }
            None => None,
        };
        Ok(Some(RingingCall {
            id: row.id,
            caller: row.caller,
            number: row.number.as_deref().and_then(|number| self.shared.queue.shown_number(number)),
            last_talk,
            seconds_left: left,
        }))
    }

    async fn staff_name(&self, agent: AgentId) -> Result<Option<String>, CallsFailure> {
        Ok(self.shared.auth.names().await?.remove(&agent))
    }

    /// Takes the call that is offered to the agent. Their browser connects with the answer's id within ten seconds, once, as with a call of
    /// their own.
    pub(crate) async fn answer(&self, agent: &CurrentAgent, id: CallId) -> Result<CallView, CallsFailure> {
        self.telephone()?;
        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        if store::find_monitoring_of(&mut *transaction, agent.id).await?.is_some() {
            return Err(CallsError::ListensAlready.into());
        }
        let row = store::lock_incoming(&mut transaction, id).await?.ok_or(CallsError::NotRinging)?;
        let offer = store::find_live_offer(&mut *transaction, id).await?;
        let is_theirs = offer.is_some_and(|offer| offer.agent == agent.id && offer.expires_at + GRACE >= machine_now());
        if row.state != IncomingState::Waiting || !is_theirs {
            return Err(CallsError::NotRinging.into());
        }
        if store::answer_offer(&mut transaction, id, OfferAnswer::Accepted, now).await? != Some(agent.id) {
            // Its time was up at this very moment.
            return Err(CallsError::NotRinging.into());
        }
        let call = CallId::generate();
        let user = if let [one] = row.people().as_slice() { Some(*one) } else { None };
        let new = NewIncomingCall {
            id: call,
            incoming: id,
            agent: agent.id,
            user,
            user_name: &row.caller,
            intent_expires_at: machine_now() + INTENT,
        };
        if !store::insert_incoming_call(&mut transaction, &new, now).await? {
            return Err(CallsError::Engaged.into());
        }
        // Nobody else's card is on the screen while they talk.
        self.shared.queue.let_go(&mut transaction, agent.id).await?;
        if let Some(user) = user {
            self.hold_caller(&mut transaction, agent.id, user, call).await?;
        }
        store::set_incoming(&mut transaction, id, IncomingState::Answered, None, now).await?;
        self.shared.auth.engage(&mut transaction, agent.id, Some(Engagement::OnCall)).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %agent.id, call.id = %call, incoming.id = %id, "an agent takes a call that came in");
        self.shared.hints.send(kernel::Hint::Queues);
        self.tell(agent.id);
        self.find(agent, call).await
    }

    /// Nobody else is given the person meanwhile.
    async fn hold_caller(&self, conn: &mut PgConnection, agent: AgentId, user: UserId, call: CallId) -> Result<(), CallsFailure> {
        if !self.shared.queue.hold_caller(conn, agent, user, call).await? {
            tracing::warn!(agent.id = %agent, user.id = %user, call.id = %call, "somebody who rings us is with another agent already");
        }
        Ok(())
    }

    /// Leaves the call that is offered to the agent to somebody else.
    pub(crate) async fn decline(&self, agent: &CurrentAgent, id: CallId) -> Result<(), CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        store::lock_incoming(&mut transaction, id).await?.ok_or(CallsError::NotRinging)?;
        if store::find_live_offer(&mut *transaction, id).await?.is_none_or(|offer| offer.agent != agent.id) {
            // It has gone to somebody else by itself.
            return Ok(());
        }
        store::answer_offer(&mut transaction, id, OfferAnswer::Declined, self.shared.queue.now()).await?;
        transaction.commit().await?;
        self.tell(agent.id);
        self.pass_on_soon(id);
        Ok(())
    }

    /// Says who it is that the agent talks with.
    pub(crate) async fn identify(&self, agent: &CurrentAgent, call: CallId, user: UserId) -> Result<CallView, CallsFailure> {
        let name = self.shared.queue.names_of(&[user]).await.remove(&user).ok_or(CallsError::NoSuchUser)?;
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let row = store::lock(&mut transaction, call).await?.filter(|row| row.agent == agent.id).ok_or(CallsError::NoSuchCall)?;
        if row.incoming.is_none() || row.user.is_some() {
            return Err(CallsError::KnownAlready.into());
        }
        if !store::set_person(&mut transaction, call, user, &name).await? {
            return Err(CallsError::KnownAlready.into());
        }
        self.hold_caller(&mut transaction, agent.id, user, call).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %agent.id, user.id = %user, call.id = %call, "an agent said who rings");
        self.shared.hints.send(kernel::Hint::Queues);
        self.tell(agent.id);
        self.find(agent, call).await
    }

    /// Whose number a call comes from, while nobody has said who of them it is.
    pub(super) async fn candidates(&self, incoming: CallId) -> Result<Vec<Candidate>, CallsFailure> {
        let row = store::find_incoming(&self.shared.pool, incoming).await?;
        let people = row.map(|row| row.people()).unwrap_or_default();
        let mut names = self.shared.queue.names_of(&people).await;
        let candidate = |user| Candidate { user_id: user, name: names.remove(&user).unwrap_or_else(|| format!("User {user}")) };
        Ok(people.into_iter().map(candidate).collect())
    }

    /// The call that an agent made of it is over, in its transaction: they have talked, or they wait again, or they are gone.
    pub(super) async fn incoming_call_ended(&self, conn: &mut PgConnection, id: CallId, how: CallEnd) -> Result<(), CallsFailure> {
        let Some(row) = store::lock_incoming(conn, id).await? else { return Ok(()) };
        let now = self.shared.queue.now();
        match how {
            // The agent's telephone did not come: on to the next.
            CallEnd::NotConnected => store::set_incoming(conn, id, IncomingState::Waiting, None, now).await?,
            CallEnd::CallerGone => {
                store::set_incoming(conn, id, IncomingState::Ended, Some(IncomingEnd::GaveUp), now).await?;
                self.promise_return_call(conn, &row).await?;
            }
            _ => {
                store::set_incoming(conn, id, IncomingState::Ended, Some(IncomingEnd::Talked), now).await?;
                if how == CallEnd::AgentLost {
                    // Cut off by us: they are rung again.
                    self.promise_return_call(conn, &row).await?;
                }
            }
        }
        Ok(())
    }

    /// Has the carrier record whoever rang us, from now on; without waiting. (A person whom we ring is recorded from the answer on.)
    pub(super) fn record_soon(&self, call: CallId) {
        let calls = self.clone();
        tokio::spawn(async move {
            for _ in 0..TRIES {
                match calls.record_caller(call).await {
                    Ok(()) => return,
                    Err(error) => tracing::warn!(call.id = %call, error.message = %error, "the carrier does not record a call yet"),
                }
                tokio::time::sleep(PAUSE).await;
            }
            tracing::error!(call.id = %call, "the carrier does not record a call");
        });
    }

    /// Has those talks recorded that nobody has been heard to record: a server may have gone before it asked.
    pub async fn record_callers(&self) -> Result<(), CallsFailure> {
        if self.shared.telephone.is_some() {
            for call in store::list_unrecorded_callers(&self.shared.pool, self.shared.queue.now() - UNRECORDED).await? {
                self.record_soon(call);
            }
        }
        Ok(())
    }

    async fn record_caller(&self, call: CallId) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let telephone = self.telephone()?;
        let legs = store::list_legs(&self.shared.pool, call).await?;
        let Some(person) = legs.iter().find(|leg| leg.party == PERSON && leg.ended_at.is_none()) else { return Ok(()) };
        let sid: CallSid = person.sid.parse()?;
        // The answer to an earlier request may have been lost.
        let mut made = telephone.client.recordings(&sid).await?.items;
        if made.is_empty() {
            made.push(telephone.client.record_call(&sid, &recording_of_caller(telephone, call)).await?);
        }
        for recording in made {
            if let (Some(sid), Some(status)) = (&recording.sid, &recording.status) {
                self.note_recording(call, sid, status, recording.duration_seconds).await?;
            }
        }
        Ok(())
    }

    /// People who rang us, reached nobody, and whom nobody knows: somebody may want to look at it.
    pub(crate) async fn missed_callers(&self) -> Result<Vec<MissedCaller>, CallsFailure> {
        let now = self.shared.queue.now();
        let mut rows = store::list_missed(&self.shared.pool, now - LISTED).await?;
        // Who rang before and was promised a call then is rung back: one thing to do for a number (lessons, line 30).
        let people: Vec<UserId> = rows.iter().flat_map(|row| &row.users).copied().map(UserId::new).collect();
        let rung_back = self.shared.queue.rung_back_among(&people).await?;
        rows.retain(|row| !row.users.iter().any(|user| rung_back.contains(&UserId::new(*user))));
        let shown = |row: store::MissedRow| MissedCaller {
            id: row.id,
            who: {
                let number = row.number.as_deref().and_then(|number| self.shared.queue.shown_number(number));
                let who: Vec<String> = row.name.into_iter().chain(number).collect();
                if who.is_empty() { "Number withheld".to_owned() } else { who.join(", ") }
            },
            at: display_time(row.arrived_at, now),
            times: row.times,
            words: match row.ended_as {
                IncomingEnd::Closed => "They heard that we were closed.",
                IncomingEnd::GaveUp => "They hung up before anybody answered.",
                _ => "They heard that nobody was free.",
            }
            .to_owned(),
        };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// Somebody has looked at it, and it is on record who.
    pub(crate) async fn see_to_caller(&self, supervisor: &CurrentAgent, id: CallId) -> Result<(), CallsFailure> {
        if store::set_seen_to(&self.shared.pool, id, supervisor.id, self.shared.queue.now()).await? {
            tracing::info!(agent.id = %supervisor.id, call.id = %id, "a supervisor has seen to a missed caller");
            self.shared.hints.send(kernel::Hint::Queues);
        }
        Ok(())
    }
}

/// How whoever rang us is recorded: both sides apart.
pub(super) fn recording_of_caller(telephone: &Telephone, call: CallId) -> RecordingOptions {
    RecordingOptions { channels: RecordingChannels::Dual, status_callback: Some(telephone.callback_url("recording-status", call)) }
}

/// The agents in the order in which they are asked: first whoever talked with the caller last.
fn in_turn(mut free: Vec<AgentId>, last: Option<AgentId>) -> Vec<AgentId> {
    free.sort_by_key(|agent| Some(*agent) != last);
    free
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_talked_with_them_last_is_asked_first_if_free() {
        let [hannah, marcus, ruth] = [7, 8, 9].map(AgentId::new);
        assert_eq!(in_turn(vec![hannah, marcus, ruth], Some(ruth)), [ruth, hannah, marcus]);
        assert_eq!(in_turn(vec![hannah, marcus], Some(ruth)), [hannah, marcus]);
        assert_eq!(in_turn(vec![hannah, marcus], None), [hannah, marcus]);
    }
}

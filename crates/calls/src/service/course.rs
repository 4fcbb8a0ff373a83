//! The course of a call: what the carrier says, one event after the other.

use std::time::Duration;

use auth::Engagement;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, CallId, machine_now};
use sqlx::PgConnection;
use twilio::{
    Beep, CallSid, CallStatus, CallStatusEvent, ConferenceEvent, ConferenceEventKind, ConferenceTopic, LeaveReason, VoiceRequest, twiml,
};

use super::monitoring::SUPERVISOR;
use super::{Calls, CallsFailure, agent_of_identity};
use crate::rules::{AgentLeg, Event, LegEnd, Step, agent_left, corrected, former_legs, step};
use crate::store::{self, CallRow, LegRow, NewEvent, NewOutcome};
use crate::types::{CallEnd, CallState, Disposition};

/// What the conference says and what the leg says come apart, in either order: the one waits so long for the other.
const SECOND_WORD: Duration = Duration::from_secs(1);

/// What a person hears whose agent is gone for good, where they are rung again and where nobody can promise it.
const GOODBYE: &str = "We are sorry: our line was interrupted. We will ring you again. Goodbye.";
const RING_AGAIN: &str = "We are sorry: our line was interrupted. Please ring us again. Goodbye.";

/// The parties of a call, as the carrier knows them by label.
pub(super) const AGENT: &str = "agent";
pub(super) const PERSON: &str = "person";

impl Calls {
    /// The carrier asks what to do with a browser's call. The browser gives nothing but a call's id, and that is good for its own agent,
    /// once, for ten seconds. Anything else is rejected, and logged.
    pub(crate) async fn voice(&self, request: &VoiceRequest) -> Result<twiml::Response, CallsFailure> {
        let asked = request.other.get("call_id").and_then(|id| id.parse::<CallId>().ok());
        let agent = request.from.as_ref().and_then(|from| from.client_identity()).and_then(agent_of_identity);
        let listens = request.other.get("monitoring_id").and_then(|id| id.parse().ok());
        if let (Some(id), Some(agent), Some(sid)) = (listens, agent, &request.call_sid) {
            return self.monitor_voice(id, agent, sid).await;
        }
        let (Some(call), Some(agent), Some(sid)) = (asked, agent, &request.call_sid) else {
            tracing::warn!(agent.id = agent.map(AgentId::get), "a browser's call without a call of ours was rejected");
            return Ok(rejection());
        };
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock(&mut transaction, call).await? else {
            tracing::warn!(agent.id = %agent, call.id = %call, "a browser's call with an unknown id was rejected");
            return Ok(rejection());
        };
        let legs = store::list_legs(&mut *transaction, call).await?;
        let is_repeated =
            row.state != CallState::Ended && legs.iter().any(|leg| leg.party == AGENT && leg.sid == sid.as_str() && leg.ended_at.is_none());
        // A page that was loaded anew in a talk, or another window that takes it over, has been given ten seconds of its own.
        let is_return = row.state == CallState::Connected;
        let refusal = match () {
            () if row.agent != agent => Some("it is another agent's"),
            () if is_repeated => None,
            () if row.state != CallState::Created && !is_return => Some("it was used before"),
            () if row.intent_expires_at < machine_now() => Some("it is too old"),
            () => None,
        };
        if let Some(why) = refusal {
            tracing::warn!(agent.id = %agent, call.id = %call, call.state = ?row.state, "a browser's call was rejected: {why}");
            return Ok(rejection());
        }
        if !is_repeated {
            let now = self.shared.queue.now();
            store::insert_leg(&mut *transaction, call, sid.as_str(), AGENT, now).await?;
            let event = NewEvent { source: "voice", sid: sid.as_str(), name: "asked", sequence: 0 };
            store::insert_event(&mut *transaction, call, event, now).await?;
            // Once.
            store::set_intent(&mut transaction, call, machine_now()).await?;
            self.apply_locked(&mut transaction, &row, Event::AgentAsked, now, now).await?;
            transaction.commit().await?;
            self.tell(row.agent);
        }
        let conference = twiml::Conference {
            name: conference_name(row.conference_id()),
            beep: Some(Beep::Never),
            start_conference_on_enter: Some(true),
            end_conference_on_exit: Some(false),
            // Silence until the person is there: what rings is told by the screen.
            wait_url: Some(String::new()),
            status_callback: Some(self.telephone()?.callback_url("conference-status", row.conference_id())),
            status_callback_event: vec![ConferenceTopic::Start, ConferenceTopic::End, ConferenceTopic::Join, ConferenceTopic::Leave],
            // A second leg of theirs is known by its id; the label may still be the first one's.
            participant_label: (!is_return).then(|| AGENT.to_owned()),
            ..twiml::Conference::default()
        };
        Ok(twiml::Response::new([twiml::Verb::Dial(twiml::Dial { conference, ..twiml::Dial::default() })]))
    }

    /// Something has happened in the conference of this call, or of one that came in.
    pub(crate) async fn conference_event(&self, conference: CallId, event: &ConferenceEvent) -> Result<(), CallsFailure> {
        let is_of_call = event.friendly_name.as_deref() == Some(conference_name(conference).as_str());
        let (Some(kind), Some(sid), true) = (&event.kind, &event.call_sid, is_of_call) else { return Ok(()) };
        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock_in_conference(&mut transaction, conference).await? else {
            drop(transaction);
            return self.left_waiting(kind, sid).await;
        };
        let call = row.id;
        if let Some(conference) = event.conference_sid.as_ref().filter(|_| row.conference_sid.is_none()) {
            store::set_conference(&mut transaction, call, conference.as_str()).await?;
        }
        let name = kind.to_string();
        let sequence = event.sequence_number.and_then(|number| i32::try_from(number).ok()).unwrap_or(0);
        let new = NewEvent { source: "conference", sid: sid.as_str(), name: &name, sequence };
        let (is_new, mut legs) = store::hear_event(&mut transaction, call, new, now).await?;
        // (Whoever rang us is a party once the agent is there.)
        if row.incoming.is_none() && event.participant_label.as_deref() == Some(PERSON) && !legs.iter().any(|leg| leg.sid == sid.as_str()) {
            // Neither the answer that names the leg nor an event of its own has come; the label is ours.
            store::insert_leg(&mut *transaction, call, sid.as_str(), PERSON, now).await?;
            legs = store::list_legs(&mut *transaction, call).await?;
        }
        // Of a leg that is not known nothing is understood yet, so nothing is noted as seen: what was written is taken back.
        let Some(party) = legs.iter().find(|leg| leg.sid == sid.as_str()).map(|leg| leg.party.as_str()) else {
            drop(transaction);
            return self.left_waiting(kind, sid).await;
        };
        if kind == &ConferenceEventKind::Leave && party != PERSON {
            store::set_leg_left(&mut *transaction, sid.as_str(), now).await?;
        }
        let listener = match (kind, party) {
            (ConferenceEventKind::Join, SUPERVISOR) => store::set_monitoring_joined(&mut transaction, sid.as_str(), now).await?,
            (ConferenceEventKind::Leave, SUPERVISOR) => store::end_monitoring_by_leg(&mut transaction, sid.as_str(), now).await?,
            _ => None,
        };
        let happened = match (kind, party) {
            (ConferenceEventKind::Join, AGENT) if !is_over(&legs, sid.as_str()) => Some(Event::AgentJoined),
            (ConferenceEventKind::Leave, AGENT) => {
                let after_person = matches!(event.reason_participant_left, Some(LeaveReason::ModeratorEnded | LeaveReason::AddFailed));
                agent_left(agent_legs(&legs), sid.as_str(), after_person)
            }
            (ConferenceEventKind::Leave, PERSON) if event.reason_participant_left == Some(LeaveReason::HungUp) => {
                Some(Event::PersonEnded(LegEnd::Completed { has_lasted: true }))
            }
            _ => None,
        };
        let step = match happened.filter(|_| is_new) {
            Some(happened) => self.apply_locked(&mut transaction, &row, happened, happened_at(event.timestamp, now), now).await?,
            None => Step::Stay,
        };
        let is_heard_with_us = is_new && (kind, party) == (&ConferenceEventKind::Join, PERSON);
        let has_joined = is_new && (kind, party) == (&ConferenceEventKind::Join, AGENT);
        let former: Vec<String> = former_legs(agent_legs(&legs), sid.as_str()).into_iter().map(str::to_owned).collect();
        transaction.commit().await?;
        self.follow(&row, step);
        if let Some(listener) = listener {
            self.tell(listener);
            self.tell(row.agent);
        } else if (kind, party) == (&ConferenceEventKind::Join, SUPERVISOR) {
            // It was given up, and is on record as over.
            self.hang_up_soon(call, vec![sid.to_string()]);
        }
        if has_joined {
            self.hang_up_soon(call, former);
        }
        // The agent's leg may be another one than when the carrier was told whom the whisper is for.
        if row.state == CallState::Connected && (has_joined || (listener.is_some() && kind == &ConferenceEventKind::Join)) {
            self.whisper_anew_soon(call);
        }
        // Somebody who can be heard in the conference has answered, or it is what the network says while it rings. Their leg's own
        // event tells which; when it does not, the carrier is asked (lessons, line 16).
        if is_heard_with_us && matches!(row.state, CallState::Dialling | CallState::Ringing) {
            let calls = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(SECOND_WORD).await;
                if let Err(error) = calls.ask_unless_answered(call).await {
                    log_failure(call, &error);
                }
            });
        }
        Ok(())
    }

    /// Of a leg that is no call's party: somebody who rang us has left the music.
    async fn left_waiting(&self, kind: &ConferenceEventKind, sid: &CallSid) -> Result<(), CallsFailure> {
        if kind == &ConferenceEventKind::Leave { self.callers_leg_left(sid.as_str()).await } else { Ok(()) }
    }

    /// A leg has come further. `call` is from the address that we gave; without it the leg is looked for by its id.
    pub(crate) async fn leg_event(&self, call: Option<CallId>, event: &CallStatusEvent) -> Result<(), CallsFailure> {
        let (Some(sid), Some(status)) = (&event.call_sid, &event.call_status) else { return Ok(()) };
        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock_by_leg(&mut transaction, sid.as_str(), call).await? else {
            drop(transaction);
            if status.is_final() && store::find_incoming_by_leg(&self.shared.pool, sid.as_str()).await?.is_some() {
                return self.callers_leg_over(sid.as_str()).await;
            }
            tracing::warn!(leg.sid = %sid, "an event of a leg that is not ours was ignored");
            return Ok(());
        };
        let call = row.id;
        let name = status.to_string();
        let sequence = event.sequence_number.and_then(|number| i32::try_from(number).ok()).unwrap_or(0);
        let new = NewEvent { source: "leg", sid: sid.as_str(), name: &name, sequence };
        let (is_new, mut legs) = store::hear_event(&mut transaction, call, new, now).await?;
        if !is_new {
            return Ok(());
        }
        if !legs.iter().any(|leg| leg.sid == sid.as_str()) {
            // The event came before the answer that names the leg. Only the person's leg is told of under this address.
            store::insert_leg(&mut *transaction, call, sid.as_str(), PERSON, now).await?;
            legs = store::list_legs(&mut *transaction, call).await?;
        }
        let Some(party) = legs.iter().find(|leg| leg.sid == sid.as_str()).map(|leg| leg.party.as_str()) else {
            // A second leg of a party that has one: not of this call.
            return Ok(());
        };
        let (lasted, at) = (event.call_duration_seconds, happened_at(event.timestamp, now));
        if status.is_final() {
            store::end_leg(&mut *transaction, sid.as_str(), &name, lasted.and_then(|seconds| i32::try_from(seconds).ok()), now).await?;
        }
        let listener = match party {
            SUPERVISOR if status.is_final() => store::end_monitoring_by_leg(&mut transaction, sid.as_str(), now).await?,
            _ => None,
        };
        let step = match person_event(status, lasted).filter(|_| party == PERSON) {
            Some(happened) => {
                if let (Event::PersonEnded(LegEnd::Completed { has_lasted: true }), Some(seconds), None) =
                    (happened, lasted, row.answered_at)
                {
                    // The event of the answer is late or lost; the carrier's duration tells when it was.
                    store::set_answered(&mut transaction, call, at - TimeDelta::seconds(seconds.into())).await?;
                }
                self.apply_locked(&mut transaction, &row, happened, at, now).await?
            }
            None => Step::Stay,
        };
        transaction.commit().await?;
        if let Some(listener) = listener {
            self.tell(listener);
            self.tell(row.agent);
        }
        self.follow(&row, step);
        if party == AGENT && status.is_final() && row.state != CallState::Ended {
            let calls = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(SECOND_WORD).await;
                if let Err(error) = calls.agent_left(call).await {
                    log_failure(call, &error);
                }
            });
        }
        Ok(())
    }

    /// A leg of the agent's is over. Have they another? Looked at and applied under one lock, so that no new leg comes in between.
    pub(super) async fn agent_left(&self, call: CallId) -> Result<(), CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock(&mut transaction, call).await? else { return Ok(()) };
        let legs = store::list_legs(&mut *transaction, call).await?;
        let Some(event) = agent_left(agent_legs(&legs), "", false) else { return Ok(()) };
        let now = self.shared.queue.now();
        let step = self.apply_locked(&mut transaction, &row, event, now, now).await?;
        transaction.commit().await?;
        self.follow(&row, step);
        Ok(())
    }

    /// Applies one event in a transaction of its own.
    pub(super) async fn apply(&self, call: CallId, event: Event) -> Result<Step, CallsFailure> {
        self.apply_if(call, event, |_| true).await
    }

    /// The same, unless the call has come further than whoever asks has seen.
    pub(super) async fn apply_if(&self, call: CallId, event: Event, holds: impl FnOnce(&CallRow) -> bool) -> Result<Step, CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock(&mut transaction, call).await?.filter(holds) else { return Ok(Step::Stay) };
        let now = self.shared.queue.now();
        let step = self.apply_locked(&mut transaction, &row, event, now, now).await?;
        transaction.commit().await?;
        self.follow(&row, step);
        Ok(step)
    }

    /// Applies one event to a call that is locked. It happened at `at` as far as the carrier says, and is heard of `now`.
    pub(super) async fn apply_locked(
        &self,
        conn: &mut PgConnection,
        row: &CallRow,
        event: Event,
        at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Step, CallsFailure> {
        let step = step(row.course(), event);
        // Two clocks may disagree: nothing happened before what led to it, or in the future.
        let since = at.max(row.state_since).min(now);
        match step {
            // Late, but still true: that they had answered, and when.
            Step::Stay if row.state == CallState::Ended => {
                let end = row.end_reason.map(|end| corrected(end, event).unwrap_or(end));
                if let Some(end) = end.filter(|_| end != row.end_reason) {
                    tracing::warn!(call.id = %row.id, call.end = ?end, "a call had ended otherwise than was known");
                    store::correct_end(conn, row.id, end).await?;
                }
                let was_talk = matches!(end, Some(CallEnd::ByPerson | CallEnd::ByAgent | CallEnd::AgentLost));
                if let Some(ended_at) = row.ended_at.filter(|_| was_talk && event == Event::PersonAnswered) {
                    store::set_answered(conn, row.id, at.min(ended_at)).await?;
                }
            }
            Step::Stay | Step::Ask => {}
            Step::To(state) => {
                store::set_state(conn, row.id, state, since).await?;
                if let (CallState::Connected, Some(incoming)) = (state, row.incoming) {
                    store::insert_callers_leg(conn, row.id, incoming, now).await?;
                }
            }
            Step::Away => store::set_agent_away(conn, row.id, Some(since)).await?,
            Step::Back => store::set_agent_away(conn, row.id, None).await?,
            Step::End(how) => self.end(conn, row, how, None, false, since).await?,
        }
        Ok(step)
    }

    /// The end of a call: who was rung is to be recorded, who was not stays with the agent.
    pub(super) async fn end(
        &self,
        conn: &mut PgConnection,
        row: &CallRow,
        how: CallEnd,
        words: Option<&str>,
        is_saved_call: bool,
        now: DateTime<Utc>,
    ) -> Result<(), CallsFailure> {
        let (engagement, wrap_up_until) = if how.is_before_ringing() {
            self.shared.queue.cancel_attempt(conn, row.id).await?;
            self.shared.queue.give_back(conn, row.id).await?;
            // No call is left without a disposition (rules); there is no attempt that it could count for.
            let failed = NewOutcome { disposition: Disposition::Failed, notes: &row.notes, callback_at: None, recorded_by: None };
            store::insert_outcome(conn, row.id, &failed, now).await?;
            (None, None)
        } else {
            (Some(Engagement::WrapUp), Some(machine_now() + self.shared.queue.wrap_up()))
        };
        store::set_ended(conn, row.id, how, words, is_saved_call, wrap_up_until, now).await?;
        if let Some(incoming) = row.incoming {
            self.incoming_call_ended(conn, incoming, how).await?;
        }
        for listener in store::end_monitorings_of(conn, row.id, now).await? {
            self.tell(listener);
        }
        for asked in store::end_transfers_of(conn, row.id, now).await? {
            self.tell(asked);
        }
        self.shared.auth.engage(conn, row.agent, engagement).await?;
        Ok(())
    }

    /// What follows a change after its commit.
    pub(super) fn follow(&self, row: &CallRow, step: Step) {
        match step {
            Step::Stay => return,
            Step::To(CallState::Checking) => {
                let (calls, call, agent) = (self.clone(), row.id, row.agent);
                tokio::spawn(async move {
                    if let Err(error) = calls.ring(agent, call).await {
                        log_failure(call, &error);
                        // Nobody is left on a line that leads nowhere.
                        if let Err(error) = calls.apply(call, Event::Stopped(CallEnd::NotPlaced)).await {
                            log_failure(call, &error);
                        }
                    }
                });
            }
            Step::To(CallState::Connected) if row.incoming.is_some() => self.record_soon(row.id),
            Step::To(_) => {}
            Step::Ask => {
                let (calls, call) = (self.clone(), row.id);
                tokio::spawn(async move {
                    if let Err(error) = calls.ask_and_abandon(call).await {
                        log_failure(call, &error);
                    }
                });
                return;
            }
            Step::Away => tracing::warn!(agent.id = %row.agent, call.id = %row.id, "an agent is off the line of a talk"),
            Step::Back => tracing::info!(agent.id = %row.agent, call.id = %row.id, "an agent is back on the line of a talk"),
            Step::End(how) => {
                tracing::info!(agent.id = %row.agent, call.id = %row.id, call.end = ?how, "a call ended");
                match how {
                    // When the person leaves, the carrier ends the conference by itself.
                    CallEnd::ByPerson => {}
                    CallEnd::AgentLost => self.say_goodbye_soon(row.id),
                    _ => self.hang_up_legs_soon(row.id),
                }
                if let (CallEnd::NotConnected, Some(incoming)) = (how, row.incoming) {
                    self.pass_on_soon(incoming);
                }
            }
        }
        self.tell(row.agent);
    }
}

/// What a person hears last whom nobody will talk to any more.
pub(super) fn goodbye(is_rung_again: bool) -> twiml::Response {
    let text = if is_rung_again { GOODBYE } else { RING_AGAIN };
    let say = twiml::Say { text: text.to_owned(), language: Some("en-GB".to_owned()), ..twiml::Say::default() };
    twiml::Response::new([twiml::Verb::Say(say), twiml::Verb::Hangup])
}

/// The agent's legs.
pub(super) fn agent_legs(legs: &[LegRow]) -> impl Iterator<Item = AgentLeg<'_>> {
    legs.iter().filter(|leg| leg.party == AGENT).map(|leg| AgentLeg { sid: &leg.sid, is_over: leg.ended_at.is_some() })
}

fn is_over(legs: &[LegRow], sid: &str) -> bool {
    legs.iter().any(|leg| leg.sid == sid && leg.ended_at.is_some())
}

/// The conference of a call.
pub(super) fn conference_name(call: CallId) -> String {
    format!("call-{call}")
}

/// When it was, by the business clock, that the carrier says by the machines'. It says whole seconds: the last moment that it can mean,
/// so that what arrives at once happened just now.
fn happened_at(said: Option<DateTime<Utc>>, now: DateTime<Utc>) -> DateTime<Utc> {
    let age = said.map(|said| machine_now() - said - TimeDelta::milliseconds(999));
    now - age.unwrap_or_default().max(TimeDelta::zero())
}

pub(super) fn rejection() -> twiml::Response {
    twiml::Response::new([twiml::Verb::Reject(twiml::RejectReason::Rejected)])
}

/// What a status of the person's leg means.
pub(super) fn person_event(status: &CallStatus, lasted: Option<u32>) -> Option<Event> {
    Some(match status {
        CallStatus::Ringing => Event::PersonRings,
        CallStatus::InProgress => Event::PersonAnswered,
        CallStatus::Completed => Event::PersonEnded(LegEnd::Completed { has_lasted: lasted.is_some_and(|seconds| seconds > 0) }),
        CallStatus::Busy => Event::PersonEnded(LegEnd::Busy),
        CallStatus::NoAnswer => Event::PersonEnded(LegEnd::NoAnswer),
        CallStatus::Failed => Event::PersonEnded(LegEnd::Failed),
        CallStatus::Canceled => Event::PersonEnded(LegEnd::Cancelled),
        CallStatus::Queued | CallStatus::Initiated | CallStatus::Other(_) => return None,
    })
}

pub(super) fn log_failure(call: CallId, error: &CallsFailure) {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    tracing::error!(call.id = %call, error.message = %error, error.cause = cause, "a call could not be taken further");
}

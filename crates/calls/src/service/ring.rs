//! The agent is on the line: check once more, then ring the person.

use std::time::Duration;

use auth::CurrentAgent;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, CallId, machine_now};
use queue::{Authorisation, Authorised};
use twilio::{
    Address, Beep, CallEvent, CallFilter, CallSid, ConferenceSid, NewParticipant, ParticipantKey, RecordingChannels, RecordingOptions,
};

use super::course::{PERSON, conference_name, log_failure};
use super::{Calls, CallsFailure, Telephone};
use crate::rules::{Event, Step};
use crate::store;
use crate::types::{CallEnd, CallState, CallView};

/// How long the person's telephone rings. An unanswered call rings at least 15 s (compliance, C2).
const RING_SECONDS: u16 = 30;
const _: () = assert!(RING_SECONDS >= 15);
/// The carrier's clock and ours may differ by so much.
const SLACK: TimeDelta = TimeDelta::seconds(10);
/// The facts were more than two seconds old when the carrier was to be asked.
const TOO_LATE: &str = "The last check took too long.";
/// So many are rung already that the carrier's limit would keep the agent waiting.
const TOO_MANY: &str = "Too many calls are being made just now.";
/// Longer nobody waits for the carrier's limit.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(8);
/// No call of ours is longer.
pub const LONGEST_CALL_SECONDS: u32 = 2 * 60 * 60;

impl Calls {
    /// The gate, and then the carrier. Called once for a call, when its agent has joined. An error means that the carrier was not asked, or
    /// surely did not take the call.
    pub(super) async fn ring(&self, agent: AgentId, call: CallId) -> Result<(), CallsFailure> {
        // The limit of the carrier first: facts that had to wait would be too old.
        if !self.wait_for_turn().await? {
            return self.stop(call, CallEnd::NotPlaced, Some(TOO_MANY), false).await;
        }
        match self.shared.queue.authorise(agent, call).await? {
            Authorisation::Granted(authorised) => self.dial(call, authorised).await,
            Authorisation::Refused { words, is_saved_call } => self.stop(call, CallEnd::Refused, Some(&words), is_saved_call).await,
            Authorisation::CannotCheck => self.stop(call, CallEnd::CouldNotCheck, None, false).await,
            Authorisation::Lost => self.stop(call, CallEnd::NotPlaced, None, false).await,
        }
    }

    /// Waits until the carrier may be asked for one more call; all servers take their turns from one row. False when that would be too long.
    async fn wait_for_turn(&self) -> Result<bool, CallsFailure> {
        let between = TimeDelta::seconds(1) / i32::try_from(self.telephone()?.calls_per_second.get()).unwrap_or(i32::MAX);
        let now = machine_now();
        let Some(turn) = store::take_turn(&self.shared.pool, between, now, now + LONGEST_WAIT).await? else { return Ok(false) };
        tokio::time::sleep((turn - now).to_std().unwrap_or(Duration::ZERO)).await;
        Ok(true)
    }

    async fn dial(&self, call: CallId, authorised: Authorised) -> Result<(), CallsFailure> {
        let telephone = self.telephone()?;
        let now = self.shared.queue.now();
        let Ok(number) = authorised.number().cloned() else {
            tracing::warn!(call.id = %call, "nobody was rung: the last check took too long");
            return self.stop(call, CallEnd::NotPlaced, Some(TOO_LATE), false).await;
        };

        // The attempt is counted before the carrier knows of it.
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock(&mut transaction, call).await? else { return Ok(()) };
        if row.state != CallState::Checking {
            tracing::info!(call.id = %call, "nobody was rung: the agent had left when the last check was through");
            return Ok(());
        }
        let dialled = (number.as_e164(), authorised.extension());
        let is_free = match store::set_dialled(&mut transaction, call, dialled, authorised.decision(), now).await {
            // Two at the same moment: the index lets one through.
            Err(sqlx::Error::Database(error)) if error.constraint() == Some("call_one_of_a_number") => false,
            result => result?,
        };
        if !is_free {
            transaction.rollback().await?;
            return self.stop(call, CallEnd::NotPlaced, Some("Somebody else is on the telephone with this number just now."), false).await;
        }
        self.shared.queue.begin_attempt(&mut transaction, call, &authorised).await?;
        transaction.commit().await?;
        self.tell(row.agent);

        // The last moment: facts that are too old by now ring nobody.
        if authorised.number().is_err() {
            return self.stop(call, CallEnd::NotPlaced, Some(TOO_LATE), false).await;
        }
        let new = new_person(telephone, call, number.as_e164());
        tracing::info!(call.id = %call, decision.id = %authorised.decision(), "the carrier is asked to ring the person");
        let (sid, conference) = match telephone.client.add_participant(&conference_name(call), &new).await {
            Ok(participant) => (participant.call_sid, participant.conference_sid),
            Err(error) if error.may_have_been_carried_out() => {
                tracing::warn!(call.id = %call, error.message = %error, "the carrier did not say whether it rings; it is looked up");
                // Not found now: events tell, if it does ring; if none come, it is looked up again.
                (self.look_up(call).await.unwrap_or_default(), None)
            }
            Err(error) => {
                tracing::error!(call.id = %call, error.message = %error, "the carrier did not take the call");
                return self.stop(call, CallEnd::NotPlaced, None, false).await;
            }
        };
        // From here on the person may be ringing: whatever fails now, nothing may say that nobody was rung.
        if let Err(error) = self.note_rung(call, sid, conference, now).await {
            log_failure(call, &error);
        }
        Ok(())
    }

    /// Stores the leg of somebody who is being rung. If it cannot be stored, the leg's first event brings it.
    async fn note_rung(
        &self,
        call: CallId,
        sid: Option<CallSid>,
        conference: Option<ConferenceSid>,
        now: DateTime<Utc>,
    ) -> Result<(), CallsFailure> {
        if let Some(conference) = conference {
            let mut conn = self.shared.pool.acquire().await?;
            store::set_conference(&mut conn, call, conference.as_str()).await?;
        }
        if let Some(sid) = sid {
            store::insert_leg(&self.shared.pool, call, sid.as_str(), PERSON, now).await?;
        }
        // The agent may have left while the carrier was asked: then nobody is to be rung any more. (A leg whose id is not known yet is
        // hung up once an event has brought it.)
        if store::find(&self.shared.pool, call).await?.is_some_and(|row| row.state == CallState::Ended) {
            self.hang_up_legs_soon(call);
        }
        Ok(())
    }

    /// After silence: was the person rung? They are looked for in the call's conference by label, and, since a leg that is over has left it,
    /// among the carrier's calls to that number since then. Nothing is ever asked for twice (lessons, line 20).
    pub(super) async fn look_up(&self, call: CallId) -> Result<Option<CallSid>, CallsFailure> {
        let Ok(telephone) = self.telephone() else { return Ok(None) };
        for conference in telephone.client.conferences(&conference_name(call), None).await.map_err(CallsFailure::Carrier)?.items {
            let Some(sid) = conference.sid else { continue };
            if let Some(found) = telephone.client.participant(&sid, ParticipantKey::Label(PERSON)).await.map_err(CallsFailure::Carrier)? {
                return Ok(found.call_sid);
            }
        }
        let Some(row) = store::find(&self.shared.pool, call).await? else { return Ok(None) };
        let Some(number) = row.number else { return Ok(None) };
        let since = machine_now() - (self.shared.queue.now() - row.state_since) - SLACK;
        let filter = dialled_since(&number, since);
        let is_ours = |leg: &twilio::Call| leg.from.as_ref() == Some(&telephone.number) && leg.date_created.is_some_and(|at| at >= since);
        let legs = telephone.client.calls(&filter).await.map_err(CallsFailure::Carrier)?.items.into_iter().filter(is_ours);
        let sids: Vec<String> = legs.filter_map(|leg| leg.sid).map(|sid| sid.to_string()).collect();
        match store::list_unknown_legs(&self.shared.pool, &sids).await?.as_slice() {
            [only] => Ok(only.parse().ok()),
            // Of several it cannot be told which it is.
            _ => Ok(None),
        }
    }

    /// Ends a call that rang nobody, and the agent's leg with it.
    pub(super) async fn stop(&self, call: CallId, how: CallEnd, words: Option<&str>, is_saved_call: bool) -> Result<(), CallsFailure> {
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let Some(row) = store::lock(&mut transaction, call).await? else { return Ok(()) };
        let step = crate::rules::step(row.course(), Event::Stopped(how));
        if step != Step::End(how) {
            return Ok(());
        }
        self.end(&mut transaction, &row, how, words, is_saved_call, self.shared.queue.now()).await?;
        transaction.commit().await?;
        self.follow(&row, step);
        Ok(())
    }

    /// Ends the agent's own call, whatever the browser's telephone does.
    pub(crate) async fn hang_up(&self, agent: &CurrentAgent, call: CallId) -> Result<CallView, CallsFailure> {
        let row = self.own(agent, call).await?;
        // The person may have been quicker: then it is over all the same.
        if row.state != CallState::Ended {
            // Handed over at the same moment, it is not theirs to end.
            self.apply_if(call, Event::AgentHungUp, |now| now.agent == agent.id).await?;
        }
        self.find(agent, call).await
    }
}

/// The legs to this number since then, as the carrier is asked for them.
pub(super) fn dialled_since(number: &str, since: DateTime<Utc>) -> CallFilter {
    CallFilter { to: Some(Address::new(number)), status: None, start_time_after: Some(since) }
}

/// The person, as the carrier is asked to ring them.
pub(super) fn new_person(telephone: &Telephone, call: CallId, number: &str) -> NewParticipant {
    NewParticipant {
        from: telephone.number.clone(),
        to: Address::new(number),
        label: PERSON.to_owned(),
        timeout_seconds: RING_SECONDS,
        status_callback: telephone.callback_url("call-status", call),
        status_callback_events: vec![CallEvent::Initiated, CallEvent::Ringing, CallEvent::Answered, CallEvent::Completed],
        conference_status_callback: None,
        start_conference_on_enter: true,
        end_conference_on_exit: true,
        beep: Beep::Never,
        recording: Some(RecordingOptions {
            channels: RecordingChannels::Dual,
            status_callback: Some(telephone.callback_url("recording-status", call)),
        }),
        early_media: true,
        time_limit_seconds: Some(LONGEST_CALL_SECONDS),
    }
}

//! Legs that are to end: at once, and again until the carrier says that they have.

use chrono::TimeDelta;
use futures::{StreamExt as _, stream};
use kernel::CallId;
use twilio::{CallSid, CallStatus, CallStatusEvent, CallUpdate};

use super::course::{AGENT, PERSON, goodbye, log_failure, person_event};
use super::{Calls, CallsFailure};
use crate::rules::{Event, LegEnd, is_news};
use crate::store::{self, CallRow};
use crate::types::CallState;

/// A talk that the carrier has not spoken of for so long is asked about.
const SILENCE: TimeDelta = TimeDelta::seconds(45);
/// The same as long as nobody is known to have answered.
const SILENCE_UNANSWERED: TimeDelta = TimeDelta::seconds(15);
/// The carrier is asked about so many calls in one run, and about so many at the same moment.
const AT_ONCE: i64 = 50;
const ASKED_AT_ONCE: usize = 4;
/// A call whose agent's leg has been over for so long is left: longer than the conference's word on it is waited for.
const LEFT: TimeDelta = TimeDelta::seconds(2);
/// A leg that the carrier neither names nor knows after so long is not there: longer than it rings. Such a call is looked at every fifteen
/// seconds, so it is over within a minute.
const LOST: TimeDelta = TimeDelta::seconds(40);
/// A leg that outlives its call for so long is hung up again.
const LINGERING: TimeDelta = TimeDelta::seconds(3);
/// The same, of somebody who hears a sentence first.
const SPOKEN: TimeDelta = TimeDelta::seconds(20);
/// A talk without its agent for so long is over (rules: a page that is loaded anew has fifteen seconds).
const AWAY: TimeDelta = TimeDelta::seconds(15);

impl Calls {
    /// Hangs up whoever is still on the line, without waiting.
    pub(super) fn hang_up_legs_soon(&self, call: CallId) {
        let calls = self.clone();
        tokio::spawn(async move {
            match store::list_legs(&calls.shared.pool, call).await {
                Ok(legs) => {
                    for leg in legs.iter().filter(|leg| leg.ended_at.is_none()) {
                        calls.hang_up_leg(call, &leg.sid).await;
                    }
                }
                Err(error) => log_failure(call, &error.into()),
            }
        });
    }

    /// Hangs up these legs of a call that goes on, without waiting.
    pub(super) fn hang_up_soon(&self, call: CallId, legs: Vec<String>) {
        if legs.is_empty() {
            return;
        }
        let calls = self.clone();
        tokio::spawn(async move {
            for sid in legs {
                calls.hang_up_leg(call, &sid).await;
            }
        });
    }

    /// Tells whoever was talked with that the line is gone, and hangs up then, without waiting.
    pub(super) fn say_goodbye_soon(&self, call: CallId) {
        let calls = self.clone();
        tokio::spawn(async move {
            let Ok(legs) = store::list_legs(&calls.shared.pool, call).await else { return };
            let is_rung_again = calls.is_rung_again(call).await;
            for leg in legs.into_iter().filter(|leg| leg.ended_at.is_none()) {
                if leg.party != PERSON || calls.try_say_goodbye(&leg.sid, is_rung_again).await.is_err() {
                    calls.hang_up_leg(call, &leg.sid).await;
                }
            }
        });
    }

    /// Whoever was rung waits for an outcome, and is rung again; whoever rang us, if that is promised.
    async fn is_rung_again(&self, call: CallId) -> bool {
        let incoming = match store::find(&self.shared.pool, call).await {
            Ok(row) => row.and_then(|row| row.incoming),
            Err(_) => return false,
        };
        let Some(incoming) = incoming else { return true };
        match store::find_incoming(&self.shared.pool, incoming).await {
            Ok(Some(row)) => self.is_rung_back(&row).await.unwrap_or(false),
            _ => false,
        }
    }

    async fn try_say_goodbye(&self, sid: &str, is_rung_again: bool) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let telephone = self.telephone()?;
        telephone.client.update_call(&sid.parse()?, &CallUpdate::Twiml(goodbye(is_rung_again))).await?;
        Ok(())
    }

    /// The agent has left before anybody is known to have answered: the carrier is asked whether the person has, and only then are they given
    /// up.
    pub(super) async fn ask_and_abandon(&self, call: CallId) -> Result<(), CallsFailure> {
        let Some(row) = store::find(&self.shared.pool, call).await? else { return Ok(()) };
        // Without an answer they are asked about again, but nobody is locked in for ever.
        if self.ask_about(&row).await? || row.state_since <= self.shared.queue.now() - SILENCE {
            self.apply(call, Event::AgentAbandoned).await?;
        }
        Ok(())
    }

    /// Ends calls that their agents have left, where whoever waited for the conference's word on it is gone, and talks whose agents do not
    /// come back (lessons, line 22).
    pub async fn end_left(&self) -> Result<(), CallsFailure> {
        for row in store::list_left(&self.shared.pool, self.shared.queue.now() - LEFT).await? {
            tracing::warn!(call.id = %row.id, call.state = ?row.state, "an agent has left a call that goes on");
            if let Err(error) = self.agent_left(row.id).await {
                log_failure(row.id, &error);
            }
        }
        for row in store::list_away(&self.shared.pool, self.shared.queue.now() - AWAY).await? {
            if let Err(error) = self.give_up(&row).await {
                log_failure(row.id, &error);
            }
        }
        Ok(())
    }

    /// Ends a talk whose agent does not come back, unless the person has hung up already, or the agent is there, and only the word of it is lost.
    async fn give_up(&self, row: &CallRow) -> Result<(), CallsFailure> {
        self.ask_about(row).await?;
        self.apply_if(row.id, Event::AgentLost, |now| now.agent_away_since == row.agent_away_since).await?;
        Ok(())
    }

    /// Hangs up legs that outlive their calls, because an event or a request was lost.
    pub async fn end_lingering_legs(&self) -> Result<(), CallsFailure> {
        if self.shared.telephone.is_none() {
            return Ok(());
        }
        for (call, sid) in
            store::list_live_legs_of_ended(&self.shared.pool, self.shared.queue.now() - LINGERING, self.shared.queue.now() - SPOKEN).await?
        {
            self.hang_up_leg(call, &sid).await;
        }
        Ok(())
    }

    /// Asks the carrier about talks that it has not spoken of for a while: an event may be lost (lessons, line 14).
    pub async fn reconcile(&self) -> Result<(), CallsFailure> {
        self.ask_about_silent(true, SILENCE, AT_ONCE).await
    }

    /// Asks the carrier about every talk and everybody who is being rung, however lately something was heard of them: at the start of a
    /// server, while there was none, nobody was told anything (lessons, line 14).
    pub async fn catch_up(&self) -> Result<(), CallsFailure> {
        self.ask_about_silent(true, TimeDelta::zero(), i64::MAX).await?;
        self.ask_about_silent(false, TimeDelta::zero(), i64::MAX).await
    }

    /// The same for people who are still being rung, as far as we have heard, sooner: they may be talking already.
    pub async fn reconcile_unanswered(&self) -> Result<(), CallsFailure> {
        self.ask_about_silent(false, SILENCE_UNANSWERED, AT_ONCE).await
    }

    async fn ask_about_silent(&self, is_answered: bool, silence: TimeDelta, most: i64) -> Result<(), CallsFailure> {
        if self.shared.telephone.is_none() {
            return Ok(());
        }
        let silent = store::list_silent(&self.shared.pool, is_answered, self.shared.queue.now() - silence, most).await?;
        let asked = stream::iter(silent).for_each_concurrent(ASKED_AT_ONCE, async |row| {
            // One that cannot be settled must not keep the others from being asked about.
            if let Err(error) = self.ask_about(&row).await {
                log_failure(row.id, &error);
            }
        });
        asked.await;
        Ok(())
    }

    /// Asks the carrier about a call whose person is in the conference, unless it is known by now that they answered.
    pub(super) async fn ask_unless_answered(&self, call: CallId) -> Result<(), CallsFailure> {
        let row = store::find(&self.shared.pool, call).await?;
        match row.filter(|row| matches!(row.state, CallState::Dialling | CallState::Ringing)) {
            Some(row) => self.ask_about(&row).await.map(drop),
            None => Ok(()),
        }
    }

    /// Has the carrier say how each leg of a call stands, and goes on from there. False when it did not answer about each.
    async fn ask_about(&self, row: &CallRow) -> Result<bool, CallsFailure> {
        let telephone = self.telephone()?;
        let mut has_answered = true;
        let mut legs = store::list_legs(&self.shared.pool, row.id).await?;
        if row.state == CallState::Dialling && !legs.iter().any(|leg| leg.party == PERSON) {
            self.find_person(row).await?;
            legs = store::list_legs(&self.shared.pool, row.id).await?;
        }
        for leg in legs.into_iter().filter(|leg| leg.ended_at.is_none()) {
            let Ok(sid) = leg.sid.parse::<CallSid>() else { continue };
            let kept = match telephone.client.call(&sid).await {
                Ok(kept) => kept,
                Err(error) => {
                    tracing::warn!(call.id = %row.id, error.message = %error, "the carrier could not be asked about a call; it is asked again");
                    has_answered = false;
                    continue;
                }
            };
            // A leg that the carrier does not know any more is over.
            let status = kept.as_ref().map_or(Some(CallStatus::Failed), |kept| kept.status.clone());
            if leg.party == AGENT && status == Some(CallStatus::InProgress) && row.agent_away_since.is_some() {
                tracing::warn!(call.id = %row.id, leg.sid = %sid, "an agent is back on the line, which had not been heard");
                self.apply(row.id, Event::AgentJoined).await?;
                continue;
            }
            let is_news = |status: &CallStatus| {
                let happened = person_event(status, None).filter(|_| leg.party == PERSON);
                status.is_final() || happened.is_some_and(|happened| is_news(row.course(), happened))
            };
            let Some(status) = status.filter(is_news) else { continue };
            tracing::warn!(call.id = %row.id, leg.sid = %sid, leg.status = %status, "what the carrier says of a leg had not been heard");
            let event = CallStatusEvent {
                call_sid: Some(sid),
                call_status: Some(status),
                call_duration_seconds: kept.and_then(|kept| kept.duration_seconds),
                ..CallStatusEvent::default()
            };
            self.leg_event(Some(row.id), &event).await?;
        }
        Ok(has_answered)
    }

    /// The carrier was asked to ring somebody, and since then nothing was heard, not even which leg it is. Are they being rung?
    async fn find_person(&self, row: &CallRow) -> Result<(), CallsFailure> {
        let now = self.shared.queue.now();
        match self.look_up(row.id).await {
            Ok(Some(sid)) => {
                store::insert_leg(&self.shared.pool, row.id, sid.as_str(), PERSON, now).await?;
                Ok(())
            }
            Ok(None) if row.state_since <= now - LOST => {
                tracing::warn!(call.id = %row.id, "the carrier rings nobody for a call, and it is given up");
                let has_stayed = |now: &CallRow| now.state == row.state && now.state_since == row.state_since;
                self.apply_if(row.id, Event::PersonEnded(LegEnd::Failed), has_stayed).await.map(drop)
            }
            // Its events may be on their way.
            Ok(None) => Ok(()),
            Err(error) => {
                tracing::warn!(call.id = %row.id, error.message = %error, "the carrier could not be asked whether it rings; it is asked again");
                Ok(())
            }
        }
    }

    async fn hang_up_leg(&self, call: CallId, sid: &str) {
        if let Err(error) = self.try_hang_up(call, sid).await {
            tracing::warn!(call.id = %call, leg.sid = sid, error.message = %error, "a leg could not be hung up; it is tried again");
        }
    }

    async fn try_hang_up(&self, call: CallId, sid: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let telephone = self.telephone()?;
        let parsed: CallSid = sid.parse()?;
        match telephone.client.update_call(&parsed, &CallUpdate::Completed).await {
            // The carrier's event says that it has ended.
            Ok(_) => Ok(()),
            // Over already, most likely: then its end is what was missed.
            Err(error @ twilio::RestError::Refused { .. }) => {
                match telephone.client.call(&parsed).await? {
                    None => store::end_leg(&self.shared.pool, sid, "unknown", None, self.shared.queue.now()).await?,
                    Some(leg) if leg.status.as_ref().is_some_and(CallStatus::is_final) => {
                        let event = CallStatusEvent {
                            call_sid: Some(parsed),
                            call_status: leg.status,
                            call_duration_seconds: leg.duration_seconds,
                            ..CallStatusEvent::default()
                        };
                        self.leg_event(Some(call), &event).await?;
                    }
                    Some(_) => return Err(error.into()),
                }
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }
}

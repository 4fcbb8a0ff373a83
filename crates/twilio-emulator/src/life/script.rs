//! Following TwiML on behalf of one leg.

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

use super::sound::{perform, resolve};
use super::{Cause, End, Order, Source};
use crate::core::Core;
use crate::media::Stage;
use crate::model::{Audience, CallStatus, Endpoint, Left, Terms};
use crate::twiml::{self, Dial, Sound, Verb};

/// How a leg is answered: a browser has to be told, a dialled party has answered already.
pub trait Door {
    /// The leg is answered, if it was not.
    async fn answer(&mut self);
    /// The leg hears ringing, if it is not answered.
    async fn ring(&mut self);
}

/// A leg that follows TwiML.
pub struct Script<'a, D> {
    pub core: &'a Arc<Core>,
    pub call_sid: &'a str,
    pub orders: &'a mut UnboundedReceiver<Order>,
    pub door: D,
    /// Parameters that go with the first request alone: what the page passed.
    pub extra: Vec<(String, String)>,
    /// Where the document came from; addresses in it are meant from there.
    pub base: String,
}

/// A conference to go into.
pub enum Room {
    /// By name; made when there is none.
    Named(String),
    /// The one that REST chose.
    Sid(String),
}

impl<D: Door> Script<'_, D> {
    /// Follows documents until there is nothing left to do.
    pub async fn run(&mut self, mut source: Source) -> End {
        loop {
            match self.follow(source).await {
                Ok(end) => return end,
                Err(Order::Hangup(cause)) => return End::By(cause),
                Err(Order::Redirect(next)) => {
                    self.core.change(|model, now| model.leave(self.call_sid, Left::ByApi, now));
                    source = next;
                }
                // Waiting passes over these.
                Err(Order::Dropped | Order::Started) => return End::Finished,
            }
        }
    }

    /// Waits for `future`, or for an order that changes everything.
    pub async fn wait<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Order> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => match order {
                    // About a conference that was left since.
                    Some(Order::Dropped | Order::Started) => {}
                    order => {
                        // What is being said is cut off.
                        self.core.media.hush(Stage::Ears(self.call_sid.to_owned()));
                        return Err(order.unwrap_or(Order::Hangup(Cause::Reset)));
                    }
                },
                value = &mut future => return Ok(value),
            }
        }
    }

    async fn follow(&mut self, source: Source) -> Result<End, Order> {
        let mut next = Some(source);
        while let Some(source) = next.take() {
            let Some(verbs) = self.read(source).await? else { return Ok(End::Finished) };
            for verb in verbs {
                match verb {
                    Verb::Sound(sound) => {
                        // As Twilio: a pause before anything else is one before the answer.
                        if !matches!(sound, Sound::Pause(_)) {
                            self.door.answer().await;
                        }
                        self.hear(&sound).await?;
                    }
                    Verb::Redirect(to) => {
                        next = Some(Source::Url(Endpoint { url: resolve(&self.base, &to.url), ..to }));
                        break;
                    }
                    Verb::Hangup => return Ok(End::Finished),
                    Verb::Reject(is_busy) => return Ok(End::Rejected(is_busy)),
                    Verb::Conference(dial) => {
                        let action = dial.action.clone();
                        self.named_conference(*dial).await?;
                        if let Some(url) = action {
                            next = Some(Source::Url(Endpoint::post(resolve(&self.base, &url))));
                            break;
                        }
                    }
                }
            }
        }
        Ok(End::Finished)
    }

    /// The verbs of a document; none when there is none to follow, which the caller has been told then.
    async fn read(&mut self, source: Source) -> Result<Option<Vec<Verb>>, Order> {
        let (core, call_sid) = (self.core, self.call_sid);
        let answer = match source {
            Source::Inline(xml) => Ok(xml),
            Source::Url(endpoint) => {
                self.base.clone_from(&endpoint.url);
                let account = &core.config.account_sid;
                let known = core.model().call(call_sid).map(|call| call.parameters(account, call.status.word())).unwrap_or_default();
                // A page cannot pass for another caller: what Twilio says stands.
                let mut params = std::mem::take(&mut self.extra);
                params.retain(|(name, _)| known.iter().all(|(taken, _)| taken != name));
                params.splice(..0, known);
                self.wait(core.ask(call_sid, endpoint, params)).await?.map(|reply| reply.text())
            }
        };
        let (number, message) = match answer.as_deref().map(twiml::parse) {
            Ok(Ok(verbs)) => return Ok(Some(verbs)),
            Ok(Err(fault)) => (fault.code, fault.message),
            Err(problem) => (11200, format!("HTTP retrieval failure: {problem}")),
        };
        core.problem(call_sid, number, &message);
        self.door.answer().await;
        self.tell("error").await?;
        Ok(None)
    }

    async fn tell(&mut self, prompt: &str) -> Result<(), Order> {
        let (core, call_sid) = (self.core, self.call_sid);
        let stage = Stage::Ears(call_sid.to_owned());
        self.wait(core.media.tell(&stage, prompt)).await
    }

    async fn hear(&mut self, sound: &Sound) -> Result<(), Order> {
        let (core, call_sid, base) = (self.core, self.call_sid, self.base.clone());
        let stage = Stage::Ears(call_sid.to_owned());
        self.wait(perform(core, call_sid, &stage, sound, &base)).await
    }

    async fn named_conference(&mut self, dial: Dial) -> Result<(), Order> {
        if dial.answer_on_bridge {
            self.door.ring().await;
        } else {
            self.door.answer().await;
        }
        let present = self.core.model().conference(&dial.name).map_or(0, crate::model::Conference::present);
        if dial.max_participants.is_some_and(|most| present >= most) {
            self.core.problem(self.call_sid, 13_200, "The conference is full");
            return Ok(());
        }
        let events = dial.events.split_whitespace().map(str::to_owned).collect();
        let audience = dial.status_callback.map(|url| Audience { endpoint: Endpoint { url, is_get: dial.is_get }, events });
        let terms = Terms {
            label: dial.label,
            is_muted: dial.is_muted,
            coaches: dial.coaches,
            conference_recording: dial.recording,
            starts: dial.starts.unwrap_or(true),
            ends: dial.ends.unwrap_or(false),
            beeps: beeps(dial.beep.as_deref()),
            ..Terms::default()
        };
        self.conference(Room::Named(dial.name), terms, audience).await
    }

    /// Goes into a conference; returns when the leg is in it no more.
    pub async fn conference(&mut self, room: Room, terms: Terms, audience: Option<Audience>) -> Result<(), Order> {
        let (core, call_sid) = (self.core, self.call_sid);
        let joined = core.try_change(|model, now| {
            let conference_sid = match room {
                Room::Named(name) => model.open_conference(&name, now),
                Room::Sid(sid) => sid,
            };
            model.join(&conference_sid, call_sid, terms, audience, now)
        });
        if joined.is_err() {
            core.problem(call_sid, 16_025, "Participant label is already in use in the conference");
            return Ok(());
        }
        loop {
            match self.orders.recv().await {
                Some(Order::Started) => self.door.answer().await,
                Some(Order::Dropped) => return Ok(()),
                Some(order) => return Err(order),
                None => return Err(Order::Hangup(Cause::Reset)),
            }
        }
    }
}

/// Whether there is a tone when somebody comes, and when they go.
pub fn beeps(word: Option<&str>) -> (bool, bool) {
    match word {
        Some("false") => (false, false),
        Some("onEnter") => (true, false),
        Some("onExit") => (false, true),
        _ => (true, true),
    }
}

/// The call is answered, in the model.
pub fn answered(core: &Core, call_sid: &str) {
    core.change(|model, now| model.advance(call_sid, CallStatus::InProgress, now));
}

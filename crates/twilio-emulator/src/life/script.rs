//! Following TwiML on behalf of one leg.

mod conference;
mod dial;
mod gather;
mod queue;
mod record;

use std::sync::Arc;

use tokio::sync::mpsc::UnboundedReceiver;

pub use self::conference::{Room, beeps};
use super::sound::{perform, resolve};
use super::{Break, Cause, End, Order, Source};
use crate::core::Core;
use crate::media::Stage;
use crate::model::{CallStatus, Endpoint, Left};
use crate::twiml::{self, Sound, Verb, Whom};

/// How a leg is answered: a browser has to be told, a dialled party has answered already.
pub trait Door {
    /// The leg is answered, if it was not.
    async fn answer(&mut self);
    /// The leg hears ringing, if it is not answered.
    async fn ring(&mut self);
}

/// A leg that follows TwiML.
pub struct Script<'a, D> {
    core: &'a Arc<Core>,
    call_sid: &'a str,
    orders: &'a mut UnboundedReceiver<Order>,
    door: D,
    /// Parameters that go with the next request alone: what the page passed, or how a verb ended.
    pub extra: Vec<(String, String)>,
    /// Where the document came from; addresses in it are meant from there.
    base: String,
}

/// What comes after an instruction.
enum Next {
    /// The one below it.
    Below,
    /// Another document.
    Go(Source),
    /// Nothing.
    End(End),
}

impl<'a, D: Door> Script<'a, D> {
    /// Nothing is followed yet.
    pub fn new(core: &'a Arc<Core>, call_sid: &'a str, orders: &'a mut UnboundedReceiver<Order>, door: D) -> Self {
        Self { core, call_sid, orders, door, extra: Vec::new(), base: String::new() }
    }

    /// Follows documents until there is nothing left to do.
    pub async fn run(&mut self, mut source: Source) -> End {
        loop {
            match self.follow(source).await {
                Ok(end) => return end,
                Err(Break::Over(cause)) => return End::By(cause),
                Err(Break::Elsewhere(next)) => {
                    self.leave();
                    source = next;
                }
            }
        }
    }

    /// The leg leaves its conference, because the application wants it elsewhere.
    pub fn leave(&self) {
        self.core.change(|model, now| model.leave(self.call_sid, Left::ByApi, now));
    }

    /// The next order that does not end everything.
    async fn order(&mut self) -> Result<Order, Break> {
        match self.orders.recv().await {
            Some(Order::Hangup(cause)) => Err(Break::Over(cause)),
            Some(Order::Redirect(source)) => Err(Break::Elsewhere(source)),
            Some(order) => Ok(order),
            None => Err(Break::Over(Cause::Reset)),
        }
    }

    /// Waits for `future`, or for an order that changes everything.
    async fn wait<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Break> {
        let mut future = std::pin::pin!(future);
        loop {
            tokio::select! {
                biased;
                order = self.order() => if let Err(end) = order {
                    // What is being said is cut off.
                    self.core.media.hush(self.ears());
                    return Err(end);
                },
                value = &mut future => return Ok(value),
            }
        }
    }

    /// Until whoever put the leg where it is takes it out again.
    pub async fn until_dropped(&mut self) -> Result<(), Break> {
        while self.order().await? != Order::Dropped {}
        Ok(())
    }

    /// Keys are pressed for the party to hear.
    pub async fn press(&mut self, keys: String) -> Result<(), Break> {
        self.hear(&Sound::Keys(keys)).await
    }

    fn ears(&self) -> Stage {
        Stage::Ears(self.call_sid.to_owned())
    }

    async fn follow(&mut self, source: Source) -> Result<End, Break> {
        let mut next = Some(source);
        while let Some(source) = next.take() {
            let Some(verbs) = self.read(source).await? else { return Ok(End::Finished) };
            for verb in verbs {
                match self.obey(verb).await? {
                    Next::Below => {}
                    Next::Go(source) => {
                        next = Some(source);
                        break;
                    }
                    Next::End(end) => return Ok(end),
                }
            }
        }
        Ok(End::Finished)
    }

    async fn obey(&mut self, verb: Verb) -> Result<Next, Break> {
        match verb {
            Verb::Sound(sound) => {
                // As Twilio: a pause before anything else is one before the answer.
                if !matches!(sound, Sound::Pause(_)) {
                    self.door.answer().await;
                }
                self.hear(&sound).await?;
                Ok(Next::Below)
            }
            Verb::Redirect(to) => Ok(Next::Go(self.source(to))),
            Verb::Hangup => Ok(Next::End(End::Finished)),
            Verb::Reject(is_busy) => Ok(Next::End(End::Rejected(is_busy))),
            Verb::Dial(dial) => {
                let action = dial.action.clone();
                let outcome = match dial.whom.clone() {
                    Whom::Conference(conference) => self.dial_conference(&dial, *conference).await?,
                    Whom::Parties(parties) => self.dial_parties(&dial, parties).await?,
                    Whom::Queue(queue) => self.dial_queue(&dial, queue).await?,
                };
                Ok(self.after(action, outcome))
            }
            Verb::Gather(gather) => self.gather(*gather).await,
            Verb::Record(record) => self.record(*record).await,
            Verb::Enqueue(enqueue) => self.enqueue(*enqueue).await,
            // It means something only to who waits in a queue.
            Verb::Leave => Ok(Next::Below),
        }
    }

    /// A document of this one's neighbourhood.
    fn source(&self, to: Endpoint) -> Source {
        Source::Url(Endpoint { url: resolve(&self.base, &to.url), ..to })
    }

    /// After a verb: the application is asked, and told how it went; or the next instruction is followed.
    fn after(&mut self, action: Option<Endpoint>, outcome: Vec<(String, String)>) -> Next {
        let Some(action) = action else { return Next::Below };
        self.extra = outcome;
        Next::Go(self.source(action))
    }

    /// The verbs of a document; none when there is none to follow, which the caller has been told then.
    async fn read(&mut self, source: Source) -> Result<Option<Vec<Verb>>, Break> {
        let (core, call_sid) = (self.core, self.call_sid);
        let answer = match source {
            Source::Inline(xml) => Ok(xml),
            Source::Url(endpoint) => {
                self.base.clone_from(&endpoint.url);
                // A page cannot pass for another caller: what Twilio says stands.
                let known = parameters(core, call_sid);
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
        let ears = self.ears();
        self.wait(core.media.tell(&ears, "error")).await?;
        Ok(None)
    }

    async fn hear(&mut self, sound: &Sound) -> Result<(), Break> {
        let (core, call_sid, base, ears) = (self.core, self.call_sid, self.base.clone(), self.ears());
        self.wait(perform(core, call_sid, &ears, sound, &base)).await
    }
}

/// What every request about a call says of it.
fn parameters(core: &Core, call_sid: &str) -> Vec<(String, String)> {
    let model = core.model();
    let Some(call) = model.call(call_sid) else { return Vec::new() };
    let mut known = call.parameters(&core.config.account_sid, call.status.word());
    known.extend(call.answered_by.map(|who| ("AnsweredBy".to_owned(), who.to_owned())));
    known
}

/// The call is answered, in the model.
pub fn answered(core: &Core, call_sid: &str) {
    core.change(|model, now| model.advance(call_sid, CallStatus::InProgress, now));
}

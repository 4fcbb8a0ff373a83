//! `<Enqueue>`: waiting for somebody; and `<Dial><Queue>`: taking whoever waits longest.

use std::sync::Arc;

use super::{Break, Door, Next, Order, Script, resolve};
use crate::clock::now;
use crate::life::sound;
use crate::media::Stage;
use crate::model::{CallStatus, Endpoint};
use crate::queues::{Full, Place};
use crate::twiml::{Dial, Enqueue, QueueNoun};

impl<D: Door> Script<'_, D> {
    pub(super) async fn enqueue(&mut self, enqueue: Enqueue) -> Result<Next, Break> {
        let (core, call_sid) = (self.core, self.call_sid);
        self.door.answer().await;
        let place = match core.queues().enter(&enqueue.name, call_sid, now()) {
            Ok(place) => place,
            Err(Full) => return Ok(self.after(enqueue.action, vec![("QueueResult".to_owned(), "queue-full".to_owned())])),
        };
        core.queue_changed.notify_waiters();
        let music = enqueue.wait.map(|to| Endpoint { url: resolve(&self.base, &to.url), ..to });
        let task = core.spawn(sound::hold(Arc::clone(core), call_sid.to_owned(), music));
        let result = self.queued(&place).await;
        task.abort();
        core.media.hush(Stage::Music(call_sid.to_owned()));
        core.queues().leave(&place.queue_sid, call_sid);
        let result = match result {
            Ok(Some(other)) => self.taken(&other).await.map(|()| "bridged"),
            Ok(None) => Ok("leave"),
            Err(end) => Err(end),
        };
        // Whoever took the call is told by its end, unless it goes on elsewhere.
        let is_over = matches!(result, Err(Break::Over(_)));
        let taker = if is_over { None } else { core.queues().forget(call_sid) };
        if let Some(taker) = taker {
            core.order(&taker, Order::Ended(call_sid.to_owned(), CallStatus::Completed));
        }
        let result = result?;
        let waited = (now() - place.since).num_seconds();
        let outcome = [("QueueResult", result.to_owned()), ("QueueSid", place.queue_sid), ("QueueTime", waited.to_string())];
        Ok(self.after(enqueue.action, outcome.map(|(name, value)| (name.to_owned(), value)).to_vec()))
    }

    /// Until somebody takes the call out of the queue: theirs; or until the sounds let the caller go on.
    async fn queued(&mut self, place: &Place) -> Result<Option<String>, Break> {
        loop {
            match self.order().await? {
                Order::Connect(other) => return Ok(Some(other)),
                Order::Leave if self.core.queues().leave(&place.queue_sid, self.call_sid) => return Ok(None),
                _ => {}
            }
        }
    }

    /// Talks with whoever took the call, until one of them goes.
    async fn taken(&mut self, other: &str) -> Result<(), Break> {
        self.core.media.enter(self.call_sid, other);
        let talked = self.until_dropped().await;
        self.core.media.exit(self.call_sid);
        talked
    }

    pub(super) async fn dial_queue(&mut self, dial: &Dial, noun: QueueNoun) -> Result<Vec<(String, String)>, Break> {
        let (core, call_sid) = (self.core, self.call_sid);
        if dial.answers_on_bridge {
            self.door.ring().await;
        } else {
            self.door.answer().await;
        }
        let began = core.clock.mark();
        let member = loop {
            let changed = core.queue_changed.notified();
            if let Some(member) = core.queues().take(&noun.name, call_sid) {
                break member;
            }
            let left = dial.timeout.saturating_sub(core.clock.since(began));
            if self.wait(core.clock.timeout(left, changed)).await?.is_none() {
                return Ok(vec![("DialCallStatus".to_owned(), "no-answer".to_owned())]);
            }
        };
        self.door.answer().await;
        let began = now();
        if let Some(to) = noun.url {
            // What the caller hears before they are put through.
            let endpoint = Endpoint { url: resolve(&self.base, &to.url), ..to };
            self.wait(sound::whisper(core, &member, endpoint)).await?;
        }
        core.media.enter(call_sid, call_sid);
        core.order(&member, Order::Connect(call_sid.to_owned()));
        let talked = self.until_ended(&member).await;
        core.media.exit(call_sid);
        core.queues().forget(&member);
        core.order(&member, Order::Dropped);
        talked?;
        let seconds = (now() - began).num_seconds();
        let outcome = [("DialCallStatus", "completed".to_owned()), ("DialCallSid", member), ("DialCallDuration", seconds.to_string())];
        Ok(outcome.map(|(name, value)| (name.to_owned(), value)).to_vec())
    }

    async fn until_ended(&mut self, other: &str) -> Result<(), Break> {
        loop {
            if matches!(self.order().await?, Order::Ended(ref call_sid, _) if call_sid == other) {
                return Ok(());
            }
        }
    }
}

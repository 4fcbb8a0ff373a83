//! `<Gather>`: keys, while something is said or after it.

use std::time::Duration;

use super::{Break, Door, Next, Order, Script, perform};
use crate::twiml::{Gather, Sound};

/// The keys that were pressed so far.
struct Keys<'a> {
    gather: &'a Gather,
    pressed: String,
}

impl Keys<'_> {
    /// Takes one; says whether that was the last.
    fn press(&mut self, key: char) -> bool {
        if self.gather.finishes_on.contains(key) {
            return true;
        }
        self.pressed.push(key);
        self.gather.most.is_some_and(|most| self.pressed.len() >= most)
    }
}

impl<D: Door> Script<'_, D> {
    pub(super) async fn gather(&mut self, gather: Gather) -> Result<Next, Break> {
        self.door.answer().await;
        let mut keys = Keys { gather: &gather, pressed: String::new() };
        let mut is_done = false;
        for sound in &gather.sounds {
            // Whoever presses a key has heard enough.
            if let Some(key) = self.hear_until_key(sound).await? {
                is_done = keys.press(key);
                break;
            }
        }
        while !is_done {
            match self.key(gather.timeout).await? {
                Some(key) => is_done = keys.press(key),
                None => break,
            }
        }
        if keys.pressed.is_empty() && !gather.asks_anyway {
            return Ok(Next::Below);
        }
        let outcome = vec![("Digits".to_owned(), keys.pressed)];
        Ok(self.after_or_again(gather.action, outcome))
    }

    /// Lets something be heard until a key is pressed.
    async fn hear_until_key(&mut self, sound: &Sound) -> Result<Option<char>, Break> {
        let (core, call_sid, base, ears) = (self.core, self.call_sid, self.base.clone(), self.ears());
        let mut heard = std::pin::pin!(perform(core, call_sid, &ears, sound, &base));
        loop {
            let order = tokio::select! {
                biased;
                order = self.order() => order,
                () = &mut heard => return Ok(None),
            };
            if !matches!(order, Ok(ref order) if !matches!(order, Order::Key(_))) {
                core.media.hush(self.ears());
            }
            if let Order::Key(key) = order? {
                return Ok(Some(key));
            }
        }
    }

    /// The next key, if it comes in time.
    pub(super) async fn key(&mut self, patience: Duration) -> Result<Option<char>, Break> {
        let core = self.core;
        let began = core.clock.mark();
        loop {
            let left = patience.saturating_sub(core.clock.since(began));
            match core.clock.timeout(left, self.order()).await {
                None => return Ok(None),
                Some(order) => {
                    if let Order::Key(key) = order? {
                        return Ok(Some(key));
                    }
                }
            }
        }
    }
}

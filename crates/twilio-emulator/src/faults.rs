//! What goes wrong on purpose.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// Faults that are set. Counts go down as they are used; everything else stays until it is set again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Faults {
    /// Every webhook is sent so much later, in milliseconds.
    pub webhook_delay_ms: u64,
    /// So many webhooks are never sent.
    pub webhook_lost: u32,
    /// So many webhooks are sent twice.
    pub webhook_twice: u32,
    /// So many REST requests are answered with 503, and not carried out.
    pub rest_503: u32,
    /// Every REST request is answered so much later, in milliseconds.
    pub rest_delay_ms: u64,
    /// So many REST requests are carried out and never answered.
    pub rest_timeout: u32,
    /// Every recording is ready, and told of, so much later, in milliseconds.
    pub recording_delay_ms: u64,
    /// So many recordings are ready, and nobody is told.
    pub recording_untold: u32,
    /// So many recordings fail: their sound is lost.
    pub recording_failed: u32,
    /// So many messages never leave.
    pub message_failed: u32,
    /// So many messages are sent and do not arrive.
    pub message_undelivered: u32,
    /// So many webhooks arrive after the one behind them.
    pub webhook_swapped: u32,
    /// This share of the packets of sound is lost, both ways; 1 is all of them. Connections stand all the same.
    pub packet_loss: f64,
}

/// What is to be set: what is absent stays as it is.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    webhook_delay_ms: Option<u64>,
    webhook_lost: Option<u32>,
    webhook_twice: Option<u32>,
    rest_503: Option<u32>,
    rest_delay_ms: Option<u64>,
    rest_timeout: Option<u32>,
    recording_delay_ms: Option<u64>,
    recording_untold: Option<u32>,
    recording_failed: Option<u32>,
    message_failed: Option<u32>,
    message_undelivered: Option<u32>,
    webhook_swapped: Option<u32>,
    /// From 0 to 1.
    pub packet_loss: Option<f64>,
    /// Every signalling socket is closed now, without a word.
    #[serde(default)]
    pub drop_ws: bool,
    /// No signalling socket is accepted for so long, in milliseconds.
    pub refuse_ws_ms: Option<u64>,
}

/// The faults in force.
#[derive(Debug, Default)]
pub struct Set {
    faults: Mutex<Faults>,
    refuse_until: Mutex<Option<Instant>>,
}

impl Set {
    fn lock(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// As they stand.
    pub fn get(&self) -> Faults {
        *self.lock()
    }

    /// Sets what `change` names; answers how they stand then.
    pub fn change(&self, change: Change) -> Faults {
        let mut faults = self.lock();
        faults.webhook_delay_ms = change.webhook_delay_ms.unwrap_or(faults.webhook_delay_ms);
        faults.webhook_lost = change.webhook_lost.unwrap_or(faults.webhook_lost);
        faults.webhook_twice = change.webhook_twice.unwrap_or(faults.webhook_twice);
        faults.rest_503 = change.rest_503.unwrap_or(faults.rest_503);
        faults.rest_delay_ms = change.rest_delay_ms.unwrap_or(faults.rest_delay_ms);
        faults.rest_timeout = change.rest_timeout.unwrap_or(faults.rest_timeout);
        faults.recording_delay_ms = change.recording_delay_ms.unwrap_or(faults.recording_delay_ms);
        faults.recording_untold = change.recording_untold.unwrap_or(faults.recording_untold);
        faults.recording_failed = change.recording_failed.unwrap_or(faults.recording_failed);
        faults.message_failed = change.message_failed.unwrap_or(faults.message_failed);
        faults.message_undelivered = change.message_undelivered.unwrap_or(faults.message_undelivered);
        faults.webhook_swapped = change.webhook_swapped.unwrap_or(faults.webhook_swapped);
        faults.packet_loss = change.packet_loss.unwrap_or(faults.packet_loss).clamp(0.0, 1.0);
        if let Some(ms) = change.refuse_ws_ms {
            let until = Instant::now() + Duration::from_millis(ms);
            *self.refuse_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
        *faults
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        *self.lock() = Faults::default();
        *self.refuse_until.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Signalling sockets are refused now.
    pub fn refuses_sockets(&self) -> bool {
        self.refuse_until.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|until| Instant::now() < until)
    }

    /// Uses one of the counted faults that `of` names, when any is left.
    pub fn take(&self, of: impl FnOnce(&mut Faults) -> &mut u32) -> bool {
        let mut faults = self.lock();
        let count = of(&mut faults);
        let is_left = *count > 0;
        *count = count.saturating_sub(1);
        is_left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counted_fault_is_used_up() {
        let set = Set::default();
        set.change(Change { rest_503: Some(2), ..Change::default() });
        set.change(Change { webhook_lost: Some(1), ..Change::default() });

        let taken: Vec<bool> = (0..3).map(|_| set.take(|faults| &mut faults.rest_503)).collect();
        assert_eq!(taken, [true, true, false]);
        assert_eq!(set.get(), Faults { webhook_lost: 1, ..Faults::default() });
    }
}

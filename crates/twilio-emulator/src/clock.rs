//! The machine's time, which a carrier runs on, and how Twilio writes it; and waits that need not be waited for.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

/// The machine's time.
#[expect(
    clippy::disallowed_methods,
    reason = "the emulator stands outside the product: its clock is the carrier's, not the business clock"
)]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// `at` as Twilio writes it, RFC 2822 in UTC: `Tue, 24 Nov 2026 10:30:00 +0000`.
pub fn rfc2822(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// What waits are measured by: the machine's time, and what was skipped of it.
#[derive(Debug, Default)]
pub struct Clock(watch::Sender<Duration>);

/// A moment.
#[derive(Clone, Copy, Debug)]
pub struct Mark {
    at: Instant,
    skipped: Duration,
}

impl Clock {
    /// All waits are so much shorter, also those that have begun. Answers how much was skipped so far.
    pub fn advance(&self, by: Duration) -> Duration {
        self.0.send_modify(|skipped| *skipped = skipped.saturating_add(by));
        *self.0.borrow()
    }

    /// Now.
    pub fn mark(&self) -> Mark {
        Mark { at: Instant::now(), skipped: *self.0.borrow() }
    }

    /// How long ago that was.
    pub fn since(&self, mark: Mark) -> Duration {
        mark.at.elapsed() + self.0.borrow().saturating_sub(mark.skipped)
    }

    /// Waits.
    pub async fn sleep(&self, length: Duration) {
        let mut skips = self.0.subscribe();
        let began = self.mark();
        while let Some(left) = length.checked_sub(self.since(began)).filter(|left| !left.is_zero()) {
            tokio::select! {
                () = tokio::time::sleep(left) => return,
                _ = skips.changed() => {}
            }
        }
    }

    /// Waits for `future`, but no longer than that.
    pub async fn timeout<T>(&self, length: Duration, future: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            value = future => Some(value),
            () = self.sleep(length) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_twilio_writes_it() {
        assert_eq!(rfc2822("2026-11-24T10:30:05.250Z".parse().unwrap()), "Tue, 24 Nov 2026 10:30:05 +0000");
    }

    #[tokio::test]
    async fn a_wait_is_shorter_by_what_is_skipped() {
        let clock = std::sync::Arc::new(Clock::default());
        let mark = clock.mark();
        let waits = |length| {
            let clock = std::sync::Arc::clone(&clock);
            tokio::spawn(async move { clock.sleep(length).await })
        };
        let (short, long) = (waits(Duration::from_mins(1)), waits(Duration::from_hours(2)));
        tokio::task::yield_now().await;
        assert_eq!(clock.advance(Duration::from_secs(90)), Duration::from_secs(90));
        short.await.unwrap();
        assert!(clock.since(mark) >= Duration::from_secs(90) && !long.is_finished());
        assert_eq!(clock.timeout(Duration::from_mins(1), std::future::ready(7)).await, Some(7));
        let late = clock.timeout(Duration::from_mins(1), std::future::pending::<()>());
        let (late, _) = tokio::join!(late, async { clock.advance(Duration::from_hours(3)) });
        assert_eq!(late, None);
        long.await.unwrap();
    }
}

//! One clock for everything that counts. It only measures how long ago something was received, so the time of day that
//! this machine believes in never matters.

use std::time::Duration;

use chrono::{DateTime, Utc};
use leptos::prelude::*;

/// Milliseconds since the page was opened, from the browser's monotonic clock.
pub(crate) fn now_millis() -> f64 {
    window().performance().map_or(0.0, |performance| performance.now())
}

/// The time of day that this machine believes in: only for words such as “today”, never for anything that counts.
#[expect(clippy::cast_possible_truncation, reason = "milliseconds of this age")]
pub(crate) fn today() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(js_sys::Date::now() as i64).unwrap_or_default()
}

/// Ticks once a second.
#[derive(Clone, Copy)]
pub(crate) struct Clock(RwSignal<f64>);

impl Clock {
    /// Starts to tick, for as long as the page is open.
    pub(crate) fn start() -> Self {
        let now = RwSignal::new(now_millis());
        set_interval(move || now.set(now_millis()), Duration::from_secs(1));
        Self(now)
    }

    /// Now, to the second; whoever reads it is called again at each tick.
    pub(crate) fn now(self) -> f64 {
        self.0.get()
    }
}

/// An answer with the moment when it came.
#[derive(Clone, Debug)]
pub(crate) struct Received<T> {
    /// The answer.
    pub(crate) value: T,
    at: f64,
}

impl<T> Received<T> {
    /// Received now.
    pub(crate) fn now(value: T) -> Self {
        Self { value, at: now_millis() }
    }

    /// The moment, by [`now_millis`].
    pub(crate) const fn at(&self) -> f64 {
        self.at
    }

    /// The moment alone.
    pub(crate) fn clone_moment(&self) -> Received<()> {
        Received { value: (), at: self.at }
    }

    /// How long ago that was. Never negative, although the clock may have ticked last before the answer came.
    #[expect(clippy::cast_possible_truncation, reason = "a page is not open for 2^63 milliseconds")]
    pub(crate) fn millis_ago(&self, now: f64) -> i64 {
        (now - self.at).max(0.0) as i64
    }

    /// As above, in whole seconds.
    pub(crate) fn seconds_ago(&self, now: f64) -> i64 {
        self.millis_ago(now) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_after_the_last_tick_is_not_in_the_future() {
        let answer = Received { value: (), at: 5_400.0 };

        assert_eq!(answer.millis_ago(5_000.0), 0);
        assert_eq!(answer.millis_ago(7_000.0), 1_600);
        assert_eq!(answer.seconds_ago(7_000.0), 1);
    }
}

//! What went through a leg, in both directions, for tests and for the curious.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::sync::Notify;

use super::mixer::{FRAME, Frame};

/// Louder than this (root mean square of 20 ms, of at most 32,767) somebody speaks: above the hiss of a line, below a whisper.
pub const VOICE: f64 = 150.0;

/// Frames that `recent_rms` looks back: one second.
const RECENT: usize = 50;

/// The sound of one leg, as seen from the carrier.
#[derive(Debug, Default)]
pub struct Meter {
    gauges: Mutex<Gauges>,
    /// Told at every digit.
    pub digit: Notify,
}

#[derive(Debug, Default)]
struct Gauges {
    received: Gauge,
    sent: Gauge,
    digits: String,
    is_connected: bool,
}

/// One direction.
#[derive(Debug, Default)]
struct Gauge {
    packets: u64,
    voiced: u64,
    /// Sum of the squares of all samples.
    energy: f64,
    samples: u64,
    recent: VecDeque<f64>,
    /// When somebody spoke last.
    voiced_at: Option<Instant>,
}

/// One direction, to be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Flow {
    /// Packets of 20 ms.
    pub packets: u64,
    /// Packets in which somebody speaks.
    pub voiced: u64,
    /// Root mean square of all samples, 0 to 32,767.
    pub rms: f64,
    /// The same of the last second.
    pub recent_rms: f64,
}

/// A leg's sound, to be shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reading {
    /// The media connection stands. Always so for a simulated callee who has answered.
    pub connected: bool,
    /// From the party to us: what they say.
    pub received: Flow,
    /// From us to the party: what they hear.
    pub sent: Flow,
    /// Keys that the party pressed (a browser leg), or was sent (a simulated callee).
    pub digits: String,
}

impl Gauge {
    fn take(&mut self, samples: &[i16], is_packet: bool) {
        let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        #[expect(clippy::cast_precision_loss, reason = "a packet has hundreds of samples")]
        let mean = energy / samples.len().max(1) as f64;
        self.packets += u64::from(is_packet);
        let is_voice = is_packet && mean.sqrt() > VOICE;
        self.voiced += u64::from(is_voice);
        if is_voice {
            self.voiced_at = Some(Instant::now());
        }
        self.energy += energy;
        self.samples += samples.len() as u64;
        self.recent.push_back(mean);
        if self.recent.len() > RECENT {
            self.recent.pop_front();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "hours of sound are far below 2^53 samples")]
    fn flow(&self) -> Flow {
        let recent = self.recent.iter().sum::<f64>() / self.recent.len().max(1) as f64;
        Flow {
            packets: self.packets,
            voiced: self.voiced,
            rms: round((self.energy / self.samples.max(1) as f64).sqrt()),
            recent_rms: round(recent.sqrt()),
        }
    }
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

impl Meter {
    fn gauges(&self) -> MutexGuard<'_, Gauges> {
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The party said this.
    pub fn received(&self, samples: &[i16]) {
        self.gauges().received.take(samples, true);
    }

    /// The party hears this. `is_packet` is false while nothing can be sent yet.
    pub fn sent(&self, frame: &Frame, is_packet: bool) {
        if is_packet {
            self.gauges().sent.take(frame, true);
        }
    }

    /// A key was pressed.
    pub fn press(&self, digit: char) {
        self.gauges().digits.push(digit);
        self.digit.notify_waiters();
    }

    /// The media connection stands, or is lost.
    pub fn connect(&self, is_connected: bool) {
        self.gauges().is_connected = is_connected;
    }

    /// Keys so far.
    pub fn digits(&self) -> String {
        self.gauges().digits.clone()
    }

    /// The party has spoken no longer ago than that.
    pub fn voiced_within(&self, length: Duration) -> bool {
        self.gauges().received.voiced_at.is_some_and(|at| at.elapsed() <= length)
    }

    /// Everything, to be shown.
    pub fn read(&self) -> Reading {
        let gauges = self.gauges();
        Reading {
            connected: gauges.is_connected,
            received: gauges.received.flow(),
            sent: gauges.sent.flow(),
            digits: gauges.digits.clone(),
        }
    }
}

const _: () = assert!(FRAME == 160, "a second is 50 frames");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_meter_tells_voice_from_silence() {
        let meter = Meter::default();
        for _ in 0..10 {
            meter.received(&[1_000; FRAME]);
            meter.sent(&[8; FRAME], true);
        }
        let reading = meter.read();
        assert_eq!(reading.received, Flow { packets: 10, voiced: 10, rms: 1_000.0, recent_rms: 1_000.0 });
        assert_eq!(reading.sent, Flow { packets: 10, voiced: 0, rms: 8.0, recent_rms: 8.0 });

        assert!(meter.voiced_within(Duration::from_mins(1)) && !Meter::default().voiced_within(Duration::from_mins(1)));
        for _ in 0..RECENT {
            meter.received(&[0; FRAME]);
        }
        let reading = meter.read();
        assert_eq!((reading.received.packets, reading.received.voiced), (60, 10));
        assert!(reading.received.recent_rms < 0.1 && reading.received.rms > 300.0, "{reading:?}");
    }
}

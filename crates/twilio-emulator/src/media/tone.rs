//! Sounds that are made, not recorded: ringing, beeps, keys, the hiss of a quiet line.

use std::f32::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

/// Samples a second.
pub const RATE: u32 = 8_000;

/// A recorded or made sound: samples at 8 kHz.
pub type Samples = Arc<[i16]>;

/// How many samples last as long.
pub fn samples_in(duration: Duration) -> usize {
    usize::try_from(duration.as_micros() * u128::from(RATE) / 1_000_000).unwrap_or(usize::MAX)
}

/// Frequencies (Hz) together, for so long, each at `peak`.
fn tone(frequencies: &[f32], duration: Duration, peak: f32) -> impl Iterator<Item = i16> + use<> {
    let frequencies = frequencies.to_vec();
    (0..samples_in(duration)).map(move |at| {
        #[expect(clippy::cast_precision_loss, reason = "a tone lasts seconds")]
        let at = at as f32 / 8_000.0;
        let sum: f32 = frequencies.iter().map(|frequency| peak * (TAU * frequency * at).sin()).sum();
        #[expect(clippy::cast_possible_truncation, reason = "a cast from float saturates, as sound should")]
        let sample = sum as i16;
        sample
    })
}

fn quiet(duration: Duration) -> impl Iterator<Item = i16> {
    std::iter::repeat_n(0, samples_in(duration))
}

/// One period of British ringing: 400 and 450 Hz, 0.4 s on, 0.2 s off, 0.4 s on, 2 s off.
pub fn ringing() -> Samples {
    let (on, pause, rest) = (Duration::from_millis(400), Duration::from_millis(200), Duration::from_secs(2));
    let ring = || tone(&[400.0, 450.0], on, 3_000.0);
    ring().chain(quiet(pause)).chain(ring()).chain(quiet(rest)).collect()
}

/// The tone after a voicemail's greeting, and of somebody joining or leaving a conference.
pub fn beep(duration: Duration) -> Samples {
    tone(&[1_000.0], duration, 6_000.0).collect()
}

/// Eight seconds that may be heard again and again: broken chords, each note dying away.
pub fn music() -> Samples {
    const CHORDS: [[f32; 4]; 4] =
        [[261.6, 329.6, 392.0, 523.3], [220.0, 261.6, 329.6, 440.0], [174.6, 220.0, 261.6, 349.2], [196.0, 246.9, 293.7, 392.0]];
    let note = |frequency: f32| {
        let length = Duration::from_millis(500);
        let whole = samples_in(length);
        tone(&[frequency, frequency * 2.0], length, 2_500.0).enumerate().map(move |(at, sample)| {
            let left = i32::try_from((whole - at) * 1_000 / whole).unwrap_or_default();
            i16::try_from(i32::from(sample) * left / 1_000).unwrap_or_default()
        })
    };
    CHORDS.iter().flatten().copied().flat_map(note).collect()
}

/// Keys as they sound, 100 ms each with 100 ms between them. Anything that is no key is 500 ms of silence.
pub fn keys(digits: &str) -> Samples {
    const ROWS: [f32; 4] = [697.0, 770.0, 852.0, 941.0];
    const COLUMNS: [f32; 4] = [1_209.0, 1_336.0, 1_477.0, 1_633.0];
    let (on, off) = (Duration::from_millis(100), Duration::from_millis(100));
    let mut samples = Vec::new();
    for digit in digits.chars() {
        match "123A456B789C*0#D".find(digit.to_ascii_uppercase()) {
            Some(key) => samples.extend(tone(&[ROWS[key / 4], COLUMNS[key % 4]], on, 4_000.0).chain(quiet(off))),
            None => samples.extend(quiet(Duration::from_millis(500))),
        }
    }
    samples.into()
}

/// The hiss of a line on which nobody speaks: far below what counts as voice, and never digital silence.
#[derive(Clone, Copy, Debug)]
pub struct Hiss(u32);

impl Default for Hiss {
    fn default() -> Self {
        Self(0x2545_f491)
    }
}

impl Hiss {
    /// The next sample, between -12 and 12.
    pub fn next(&mut self) -> i16 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        i16::try_from(self.0 % 25).unwrap_or_default() - 12
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sounds_last_as_long_as_they_should() {
        assert_eq!(ringing().len(), 24_000);
        assert_eq!(beep(Duration::from_millis(250)).len(), 2_000);
        assert_eq!(keys("1w2").len(), 1_600 + 4_000 + 1_600);
        assert_eq!(music().len(), 64_000);
    }

    #[test]
    fn a_quiet_line_hisses_below_any_voice() {
        let mut hiss = Hiss::default();
        let heard: Vec<i16> = (0..8_000).map(|_| hiss.next()).collect();

        assert!(heard.iter().all(|sample| sample.abs() <= 12));
        assert!(heard.iter().any(|sample| *sample != 0));
    }
}

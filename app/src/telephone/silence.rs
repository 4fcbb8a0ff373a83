//! Whether sound goes through, by what the browser counts.

/// So many samples in a row, one a second, without anything heard or said are told in words.
const SILENT_SAMPLES: u32 = 5;
/// Less sound energy than this between two samples is no sound at all: a switched-off microphone, not a quiet room.
const FLAT: f64 = 1e-10;

/// What went through since the call was accepted, as the browser counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Counters {
    pub(crate) packets_in: f64,
    pub(crate) packets_out: f64,
    pub(crate) energy_in: f64,
    pub(crate) energy_out: f64,
}

/// Connected, but no sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Nothing comes from the other side.
    NothingHeard,
    /// The microphone gives nothing.
    FlatMicrophone,
}

impl Trouble {
    /// What happened, and what to do.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::NothingHeard => {
                "No sound reaches you: nothing has come through for 5 seconds. The person may hear you all the same. Say that you will ring again, hang up, and look at the network."
            }
            Self::FlatMicrophone => "They cannot hear you: your microphone has been silent for 5 seconds. Look at its switch and its plug.",
        }
    }
}

/// How long each side has been silent, in samples.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Silence {
    last: Counters,
    nothing_heard: u32,
    flat: u32,
}

impl Silence {
    /// Nothing is silent yet.
    pub(super) fn since(last: Counters) -> Self {
        Self { last, ..Self::default() }
    }

    /// Takes the next sample. lessons, line 23: `accept` fired and no media flowed.
    pub(super) fn hear(self, now: Counters, is_muted: bool) -> Self {
        let is_new = now.packets_in > self.last.packets_in;
        let is_flat = now.energy_out - self.last.energy_out < FLAT && !is_muted;
        Self { last: now, nothing_heard: if is_new { 0 } else { self.nothing_heard + 1 }, flat: if is_flat { self.flat + 1 } else { 0 } }
    }

    pub(super) const fn trouble(self) -> Option<Trouble> {
        if self.nothing_heard >= SILENT_SAMPLES {
            Some(Trouble::NothingHeard)
        } else if self.flat >= SILENT_SAMPLES {
            Some(Trouble::FlatMicrophone)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(packets_in: f64, energy_out: f64) -> Counters {
        Counters { packets_in, energy_out, ..Counters::default() }
    }

    /// lessons, line 23
    #[test]
    fn connected_but_no_sound_is_told_after_five_seconds() {
        let mut silence = Silence::default();
        for second in 1..=5 {
            assert_eq!(silence.trouble(), None);
            silence = silence.hear(sample(0.0, f64::from(second)), false);
        }
        assert_eq!(silence.trouble(), Some(Trouble::NothingHeard));
        assert_eq!(silence.hear(sample(50.0, 6.0), false).trouble(), None);
    }

    #[test]
    fn a_flat_microphone_is_told_unless_it_is_muted() {
        let run = |is_muted| (1..=5).fold(Silence::default(), |silence, second| silence.hear(sample(f64::from(second), 0.0), is_muted));

        assert_eq!(run(false).trouble(), Some(Trouble::FlatMicrophone));
        assert_eq!(run(true).trouble(), None);
        // A quiet room is not silence.
        let quiet =
            (1..=9).fold(Silence::default(), |silence, second| silence.hear(sample(f64::from(second), f64::from(second) * 1e-8), false));
        assert_eq!(quiet.trouble(), None);
    }
}

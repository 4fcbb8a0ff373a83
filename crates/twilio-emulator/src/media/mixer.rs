//! Who hears what: the sum of everybody else.

/// Samples in one frame: 20 ms at 8 kHz.
pub const FRAME: usize = 160;

/// 20 ms of sound.
pub type Frame = [i16; FRAME];

/// Nothing to hear.
pub const SILENCE: Frame = [0; FRAME];

/// The sum of frames, not yet clipped, so that one's own part can be taken out again.
#[derive(Clone, Debug)]
pub struct Mix([i32; FRAME]);

impl Default for Mix {
    fn default() -> Self {
        Self([0; FRAME])
    }
}

impl Mix {
    /// Adds what somebody says.
    pub fn add(&mut self, frame: &Frame) {
        for (sum, sample) in self.0.iter_mut().zip(frame) {
            *sum += i32::from(*sample);
        }
    }

    /// What one hears who said `own`: the others, clipped.
    pub fn without(&self, own: &Frame) -> Frame {
        std::array::from_fn(|at| clip(self.0[at] - i32::from(own[at])))
    }
}

/// Two sounds at once, clipped.
pub fn both(one: &Frame, other: &Frame) -> Frame {
    std::array::from_fn(|at| clip(i32::from(one[at]) + i32::from(other[at])))
}

fn clip(sample: i32) -> i16 {
    i16::try_from(sample).unwrap_or(if sample < 0 { i16::MIN } else { i16::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_hears_the_others_and_not_themselves() {
        let said = [[100; FRAME], [20; FRAME], [3; FRAME]];
        let mut mix = Mix::default();
        for frame in &said {
            mix.add(frame);
        }

        assert_eq!(mix.without(&said[0]), [23; FRAME]);
        assert_eq!(mix.without(&said[1]), [103; FRAME]);
        assert_eq!(mix.without(&said[2]), [120; FRAME]);
        assert_eq!(mix.without(&SILENCE), [123; FRAME]);
    }

    /// Clipping comes after one's own part is taken out: two who shout do not distort what they hear of each other.
    #[test]
    fn what_is_too_loud_is_clipped_for_the_listener_alone() {
        let mut mix = Mix::default();
        mix.add(&[30_000; FRAME]);
        mix.add(&[30_000; FRAME]);

        assert_eq!(mix.without(&[30_000; FRAME]), [30_000; FRAME]);
        assert_eq!(mix.without(&SILENCE), [i16::MAX; FRAME]);
        assert_eq!(both(&[-30_000; FRAME], &[-30_000; FRAME]), [i16::MIN; FRAME]);
    }
}

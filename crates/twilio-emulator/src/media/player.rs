//! A queue of sounds that is taken 20 ms at a time.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::oneshot;

use super::mixer::{FRAME, Frame, SILENCE};
use super::tone::{Samples, samples_in};

/// What is to be heard next.
#[derive(Debug)]
pub struct Clip {
    samples: Samples,
    /// Silence after the samples.
    gap: Duration,
    /// From the beginning again and again, until something else is played.
    repeats: bool,
    /// Told when the last sample was heard; dropped when the clip was cut off.
    done: Option<oneshot::Sender<()>>,
}

impl Clip {
    /// Once.
    pub fn once(samples: Samples) -> Self {
        Self { samples, gap: Duration::ZERO, repeats: false, done: None }
    }

    /// Again and again with a gap between, until something else is played or it is stopped.
    pub fn repeated(samples: Samples, gap: Duration) -> Self {
        Self { samples, gap, repeats: true, done: None }
    }

    /// Tells when it was heard to its end.
    pub fn tell(mut self, done: oneshot::Sender<()>) -> Self {
        self.done = Some(done);
        self
    }

    fn len(&self) -> usize {
        self.samples.len() + samples_in(self.gap)
    }
}

/// Plays clips one after the other.
#[derive(Debug, Default)]
pub struct Player {
    queue: VecDeque<Clip>,
    /// Samples of the first clip that were heard.
    at: usize,
}

impl Player {
    /// After what is being played. What repeats gives way to it.
    pub fn play(&mut self, clip: Clip) {
        if self.queue.front().is_some_and(|front| front.repeats) {
            self.stop();
        }
        self.queue.push_back(clip);
    }

    /// Silence from now on.
    pub fn stop(&mut self) {
        self.queue.clear();
        self.at = 0;
    }

    /// Something is being played.
    pub fn is_playing(&self) -> bool {
        !self.queue.is_empty()
    }

    /// The next 20 ms.
    pub fn next(&mut self) -> Frame {
        let mut frame = SILENCE;
        let mut filled = 0;
        while filled < FRAME {
            let Some(clip) = self.queue.front() else { break };
            let (length, repeats) = (clip.len(), clip.repeats);
            let take = (FRAME - filled).min(length - self.at);
            for (to, at) in frame[filled..filled + take].iter_mut().zip(self.at..) {
                // Beyond the samples is the gap.
                *to = clip.samples.get(at).copied().unwrap_or_default();
            }
            filled += take;
            self.at += take;
            if self.at == length {
                self.at = 0;
                if !repeats || length == 0 {
                    let done = self.queue.pop_front().and_then(|clip| clip.done);
                    done.map(|done| done.send(()));
                }
            }
        }
        frame
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(value: i16, length: usize) -> Samples {
        vec![value; length].into()
    }

    #[test]
    fn clips_follow_each_other_without_a_gap() {
        let mut player = Player::default();
        let (done, mut is_done) = oneshot::channel();
        player.play(Clip::once(clip(1, 200)).tell(done));
        player.play(Clip::once(clip(2, 160)));

        assert_eq!(player.next(), [1; FRAME]);
        assert!(is_done.try_recv().is_err());
        let second = player.next();
        assert_eq!((&second[..40], &second[40..]), (&[1; 40][..], &[2; 120][..]));
        assert!(is_done.try_recv().is_ok());
        let third = player.next();
        assert_eq!((&third[..40], &third[40..]), (&[2; 40][..], &[0; 120][..]));
        assert!(!player.is_playing());
        assert_eq!(player.next(), SILENCE);
    }

    #[test]
    fn what_repeats_goes_on_until_something_else_is_played() {
        let mut player = Player::default();
        player.play(Clip::repeated(clip(3, 80), Duration::from_millis(10)));
        for _ in 0..5 {
            let frame = player.next();
            assert_eq!((&frame[..80], &frame[80..]), (&[3; 80][..], &[0; 80][..]));
        }
        player.play(Clip::once(clip(4, 160)));
        assert_eq!(player.next(), [4; FRAME]);
        assert!(!player.is_playing());
    }

    #[test]
    fn a_clip_of_no_length_ends_at_once() {
        let mut player = Player::default();
        player.play(Clip::repeated(clip(1, 0), Duration::ZERO));
        assert_eq!(player.next(), SILENCE);
        assert!(!player.is_playing());
    }
}

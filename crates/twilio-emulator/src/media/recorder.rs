//! What is recorded of a leg or a room: samples on the way to a file, a second at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::mpsc;

use super::mixer::{FRAME, Frame, both};
use super::tone::RATE;

/// Which sound is recorded, as the carrier sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Track {
    /// What the party says.
    Inbound,
    /// What the party hears.
    Outbound,
    /// Both.
    Both,
}

impl Track {
    /// As Twilio writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
            Self::Both => "both",
        }
    }
}

/// What is recorded, and as how many channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Left is what the party says, right what it hears. Else one channel of both.
    pub is_dual: bool,
    pub track: Track,
}

impl Layout {
    pub fn channels(self) -> u16 {
        if self.is_dual { 2 } else { 1 }
    }
}

/// Takes what is to be recorded. When it is dropped, the recording is over.
#[derive(Debug)]
pub struct Recorder {
    /// Of the recording.
    pub sid: String,
    layout: Layout,
    chunk: Vec<u8>,
    out: mpsc::UnboundedSender<Vec<u8>>,
    is_paused: Arc<AtomicBool>,
}

impl Recorder {
    /// One that sends 16-bit samples to whoever has the receiver, while it is not paused.
    pub fn new(sid: &str, layout: Layout, is_paused: Arc<AtomicBool>) -> (Self, mpsc::UnboundedReceiver<Vec<u8>>) {
        let (out, chunks) = mpsc::unbounded_channel();
        (Self { sid: sid.to_owned(), layout, chunk: Vec::new(), out, is_paused }, chunks)
    }

    /// 20 ms of what the party says and hears.
    pub fn take(&mut self, said: &Frame, heard: &Frame) {
        if self.is_paused.load(Ordering::Relaxed) {
            return;
        }
        let silence = [0; FRAME];
        let said = if self.layout.track == Track::Outbound { &silence } else { said };
        let heard = if self.layout.track == Track::Inbound { &silence } else { heard };
        if self.layout.is_dual {
            let pairs = said.iter().zip(heard);
            self.chunk.extend(pairs.flat_map(|(left, right)| [left.to_le_bytes(), right.to_le_bytes()]).flatten());
        } else {
            self.chunk.extend(both(said, heard).iter().flat_map(|sample| sample.to_le_bytes()));
        }
        let second = RATE as usize * 2 * usize::from(self.layout.channels());
        if self.chunk.len() >= second {
            self.flush();
        }
    }

    fn flush(&mut self) {
        // A recording that was deleted has no receiver any more.
        let _deleted = self.out.send(std::mem::take(&mut self.chunk));
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(layout: Layout, frames: usize) -> Vec<Vec<u8>> {
        let (mut recorder, mut chunks) = Recorder::new("RE1", layout, Arc::default());
        (0..frames).for_each(|_| recorder.take(&[1; FRAME], &[0x0200; FRAME]));
        drop(recorder);
        std::iter::from_fn(|| chunks.try_recv().ok()).collect()
    }

    #[test]
    fn two_channels_are_what_is_said_and_what_is_heard() {
        let chunks = recorded(Layout { is_dual: true, track: Track::Both }, 60);
        assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [32_000, 6_400], "a second, and the rest");
        assert_eq!(chunks[1][..8], [1, 0, 0, 2, 1, 0, 0, 2]);
        let chunks = recorded(Layout { is_dual: true, track: Track::Outbound }, 1);
        assert_eq!(chunks[0][..4], [0, 0, 0, 2]);
    }

    #[test]
    fn one_channel_is_both_together_or_one_of_them() {
        for (track, sample) in [(Track::Both, [1, 2]), (Track::Inbound, [1, 0]), (Track::Outbound, [0, 2])] {
            let chunks = recorded(Layout { is_dual: false, track }, 1);
            assert_eq!((chunks[0].len(), &chunks[0][..2]), (320, &sample[..]), "{track:?}");
        }
    }

    #[test]
    fn nothing_is_recorded_in_a_pause() {
        let is_paused = Arc::new(AtomicBool::new(false));
        let (mut recorder, mut chunks) = Recorder::new("RE1", Layout { is_dual: false, track: Track::Both }, Arc::clone(&is_paused));
        for paused in [false, true, true, false] {
            is_paused.store(paused, Ordering::Relaxed);
            recorder.take(&[1; FRAME], &[0; FRAME]);
        }
        drop(recorder);
        assert_eq!(chunks.try_recv().unwrap().len(), 640);
    }
}

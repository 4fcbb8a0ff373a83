//! What people and machines say: prepared recordings, mu-law at 8 kHz. README.md tells how they were made.

use super::tone::Samples;
use super::wav;

const RECORDINGS: [(&str, &[u8]); 6] = [
    ("hello", include_bytes!("../../prompts/hello.wav")),
    ("chat", include_bytes!("../../prompts/chat.wav")),
    ("voicemail", include_bytes!("../../prompts/voicemail.wav")),
    ("goodbye", include_bytes!("../../prompts/goodbye.wav")),
    ("message", include_bytes!("../../prompts/message.wav")),
    ("error", include_bytes!("../../prompts/error.wav")),
];

/// The names of all recordings.
pub fn names() -> impl Iterator<Item = &'static str> {
    RECORDINGS.iter().map(|(name, _)| *name)
}

/// A recording by name; nothing to hear when there is none of that name.
pub fn get(name: &str) -> Samples {
    let wav = RECORDINGS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, wav)| *wav);
    wav::read(wav).map(Samples::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recording_is_seconds_of_audible_speech() {
        for name in names() {
            let samples = get(name);
            let seconds = samples.len() / 8_000;
            let energy: f64 = samples.iter().map(|sample| f64::from(*sample).powi(2)).sum();
            #[expect(clippy::cast_precision_loss, reason = "seconds of sound")]
            let rms = (energy / samples.len() as f64).sqrt();
            assert!((2..8).contains(&seconds), "{name} lasts {seconds} s");
            assert!(rms > 1_500.0, "{name} is too quiet: {rms}");
        }
        assert!(get("nothing of the kind").is_empty());
    }
}

//! What people and machines say: prepared recordings, mu-law at 8 kHz. README.md tells how they were made.

use super::mulaw;
use super::tone::Samples;

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
    data(wav).iter().map(|byte| mulaw::decode(*byte)).collect()
}

/// The `data` chunk of a WAV file.
fn data(wav: &[u8]) -> &[u8] {
    let mut rest = wav.get(12..).unwrap_or_default();
    while let Some((header, body)) = rest.split_first_chunk::<8>() {
        let size = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        if &header[..4] == b"data" {
            return body.get(..size).unwrap_or(body);
        }
        // Chunks begin at even places.
        rest = body.get(size + size % 2..).unwrap_or_default();
    }
    &[]
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

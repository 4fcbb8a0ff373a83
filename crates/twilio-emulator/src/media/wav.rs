//! WAV files: read from anywhere, written at 8 kHz. Crates for it leave out mu-law, which is what telephones have.

use super::mulaw;
use super::tone::RATE;

/// Bytes before the samples of what we write.
pub const HEADER: usize = 44;

/// How a file's bytes are samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Pcm8,
    Pcm16,
    Mulaw,
}

impl Coding {
    fn bytes(self) -> usize {
        if self == Self::Pcm16 { 2 } else { 1 }
    }

    fn sample(self, bytes: &[u8]) -> i32 {
        match (self, bytes) {
            (Self::Pcm16, [low, high]) => i32::from(i16::from_le_bytes([*low, *high])),
            // Eight bits are without a sign, by tradition.
            (Self::Pcm8, [byte]) => (i32::from(*byte) - 128) << 8,
            (Self::Mulaw, [byte]) => i32::from(mulaw::decode(*byte)),
            _ => 0,
        }
    }
}

/// The samples of a WAV file as one channel at 8 kHz: PCM of 8 or 16 bits, or mu-law, of any rate and any number of channels. The error
/// says in words what it is instead.
pub fn read(file: &[u8]) -> Result<Vec<i16>, String> {
    if file.get(..4) != Some(b"RIFF") || file.get(8..12) != Some(b"WAVE") {
        return Err("no WAV file".to_owned());
    }
    let format = chunk(file, *b"fmt ").ok_or("it has no format")?;
    let word = |at: usize| format.get(at..at + 2).map_or(0, |bytes| u16::from_le_bytes([bytes[0], bytes[1]]));
    let rate = u32::from(word(4)) | u32::from(word(6)) << 16;
    // An extensible format has its real number at the beginning of a longer one.
    let number = if word(0) == 0xfffe { word(24) } else { word(0) };
    let coding = match (number, word(14)) {
        (1, 8) => Coding::Pcm8,
        (1, 16) => Coding::Pcm16,
        (7, 8) => Coding::Mulaw,
        (number, bits) => return Err(format!("coding {number} with {bits} bits; PCM of 8 or 16 bits and mu-law are known")),
    };
    let channels = usize::from(word(2));
    if channels == 0 || rate == 0 {
        return Err("it has no channels or no rate".to_owned());
    }
    let data = chunk(file, *b"data").ok_or("it has no samples")?;
    let one = |frame: &[u8]| {
        let sum: i32 = frame.chunks_exact(coding.bytes()).map(|bytes| coding.sample(bytes)).sum();
        sum / i32::try_from(channels).unwrap_or(1)
    };
    let samples: Vec<i32> = data.chunks_exact(coding.bytes() * channels).map(one).collect();
    Ok(resample(&samples, rate))
}

/// By straight lines between samples; of a higher rate the mean of what falls together.
fn resample(samples: &[i32], rate: u32) -> Vec<i16> {
    let narrow = |sample: i64| i16::try_from(sample).unwrap_or(if sample < 0 { i16::MIN } else { i16::MAX });
    let (from, to) = (u64::from(rate), u64::from(RATE));
    let length = samples.len() as u64 * to / from;
    let at = |index: u64| usize::try_from(index).ok().and_then(|index| samples.get(index)).copied().map_or(0, i64::from);
    let one = |index: u64| {
        let position = index * from;
        let (before, part) = (position / to, position % to);
        if from <= to {
            let (this, next) = (at(before), at((before + 1).min(samples.len() as u64 - 1)));
            let part = i64::try_from(part).unwrap_or_default();
            return narrow(this + (next - this) * part / i64::from(RATE));
        }
        let until = ((index + 1) * from / to).max(before + 1);
        let sum: i64 = (before..until).map(at).sum();
        narrow(sum / i64::try_from(until - before).unwrap_or(1))
    };
    (0..length).map(one).collect()
}

/// The beginning of a file of 16-bit samples at 8 kHz that has so many bytes of them.
pub fn header(channels: u16, bytes: u32) -> [u8; HEADER] {
    let block = channels * 2;
    let fields: [&[u8]; 13] = [
        b"RIFF",
        &(bytes + 36).to_le_bytes(),
        b"WAVE",
        b"fmt ",
        &16_u32.to_le_bytes(),
        &1_u16.to_le_bytes(),
        &channels.to_le_bytes(),
        &RATE.to_le_bytes(),
        &(RATE * u32::from(block)).to_le_bytes(),
        &block.to_le_bytes(),
        &16_u16.to_le_bytes(),
        b"data",
        &bytes.to_le_bytes(),
    ];
    let mut header = [0; HEADER];
    for (to, from) in header.iter_mut().zip(fields.concat()) {
        *to = from;
    }
    header
}

/// What a chunk holds.
fn chunk(file: &[u8], name: [u8; 4]) -> Option<&[u8]> {
    let mut rest = file.get(12..)?;
    while let Some((header, body)) = rest.split_first_chunk::<8>() {
        let size = u32::from_le_bytes([header[4], header[5], header[6], header[7]]) as usize;
        if header[..4] == name {
            // Whoever writes while they speak does not know the size.
            return Some(body.get(..size).unwrap_or(body));
        }
        // Chunks begin at even places.
        rest = body.get(size.checked_add(size % 2)?..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(coding: u16, channels: u16, rate: u32, bits: u16, data: &[u8]) -> Vec<u8> {
        let mut file = header(channels, u32::try_from(data.len()).unwrap()).to_vec();
        file[20..22].copy_from_slice(&coding.to_le_bytes());
        file[24..28].copy_from_slice(&rate.to_le_bytes());
        file[34..36].copy_from_slice(&bits.to_le_bytes());
        file.extend(data);
        file
    }

    fn pcm(samples: &[i16]) -> Vec<u8> {
        samples.iter().flat_map(|sample| sample.to_le_bytes()).collect()
    }

    #[test]
    fn what_is_written_is_read_again() {
        let samples = [0, 1, -1, 12_345, i16::MAX, i16::MIN];
        assert_eq!(read(&file(1, 1, 8_000, 16, &pcm(&samples))).unwrap(), samples);
    }

    #[test]
    fn other_codings_rates_and_channels_become_one_channel_at_8_khz() {
        assert_eq!(read(&file(7, 1, 8_000, 8, &[0xff, 0x80, 0x00])).unwrap(), [0, 32_124, -32_124]);
        assert_eq!(read(&file(1, 1, 8_000, 8, &[128, 0, 255])).unwrap(), [0, i16::MIN, 32_512]);
        assert_eq!(read(&file(1, 2, 8_000, 16, &pcm(&[100, 300, -50, -150]))).unwrap(), [200, -100]);
        assert_eq!(read(&file(1, 1, 16_000, 16, &pcm(&[0, 10, 20, 30]))).unwrap(), [5, 25]);
        assert_eq!(read(&file(1, 1, 4_000, 16, &pcm(&[0, 100]))).unwrap(), [0, 50, 100, 100]);
        let second = read(&file(1, 1, 44_100, 16, &pcm(&vec![700; 44_100]))).unwrap();
        assert_eq!((second.len(), second.iter().all(|sample| *sample == 700)), (8_000, true));
    }

    #[test]
    fn what_is_no_sound_is_refused_in_words() {
        assert_eq!(read(b"ID3 an MP3"), Err("no WAV file".to_owned()));
        assert_eq!(read(b""), Err("no WAV file".to_owned()));
        assert!(read(&file(3, 1, 8_000, 32, &[0; 8])).unwrap_err().contains("coding 3 with 32 bits"));
        assert!(read(&file(1, 0, 8_000, 16, &[0; 8])).is_err());
        assert_eq!(read(&file(1, 1, 8_000, 16, &[])).unwrap(), Vec::<i16>::new());
        assert!(read(&file(1, 1, 8_000, 16, &[])[..30]).is_err());
    }
}

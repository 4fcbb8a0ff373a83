//! G.711 mu-law: 16-bit samples in eight bits, as telephones do.

const BIAS: i32 = 0x84;
const CLIP: i32 = 32_635;

/// One sample as a byte.
pub fn encode(sample: i16) -> u8 {
    let sign: u8 = if sample < 0 { 0x80 } else { 0 };
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    // The bias sets bit 7 at least, so there are 0 to 7 bits above it.
    let exponent = (magnitude.ilog2() - 7).min(7);
    let mantissa = (magnitude >> (exponent + 3)) & 0x0f;
    let [low, ..] = ((exponent << 4) | mantissa.unsigned_abs()).to_le_bytes();
    !(sign | low)
}

/// The sample that a byte stands for.
pub fn decode(byte: u8) -> i16 {
    let byte = !byte;
    let magnitude = (((i32::from(byte & 0x0f)) << 3) + BIAS) << ((byte >> 4) & 0x07);
    let sample = magnitude - BIAS;
    i16::try_from(if byte & 0x80 == 0 { sample } else { -sample }).unwrap_or(i16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ITU-T G.711, table 2: the loudest, the quietest and silence.
    #[test]
    fn the_ends_of_the_scale_are_those_of_the_standard() {
        assert_eq!((encode(0), decode(0xff)), (0xff, 0));
        assert_eq!((encode(i16::MAX), decode(0x80)), (0x80, 32_124));
        assert_eq!((encode(i16::MIN), decode(0x00)), (0x00, -32_124));
        assert_eq!(decode(0x7f), 0);
    }

    #[test]
    fn every_byte_comes_back() {
        for byte in 0..=u8::MAX {
            let again = encode(decode(byte));
            // There are two zeros.
            assert!(again == byte || (byte == 0x7f && again == 0xff), "{byte:#x} became {again:#x}");
        }
    }

    #[test]
    fn a_sample_comes_back_within_a_sixteenth() {
        for sample in (i16::MIN..=i16::MAX).step_by(7) {
            let (was, is) = (f64::from(sample), f64::from(decode(encode(sample))));
            assert!((was - is).abs() <= (was.abs() / 16.0).max(8.0), "{was} became {is}");
        }
    }
}

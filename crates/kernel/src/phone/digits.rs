//! Decimal digits of all scripts.

/// The zero of every script with decimal digits (Unicode 16, general category Nd). The digits 1 to 9 follow it, which Unicode promises for
/// all scripts to come.
const ZEROS: [char; 76] = [
    '0',
    '\u{660}',
    '\u{6f0}',
    '\u{7c0}',
    '\u{966}',
    '\u{9e6}',
    '\u{a66}',
    '\u{ae6}',
    '\u{b66}',
    '\u{be6}',
    '\u{c66}',
    '\u{ce6}',
    '\u{d66}',
    '\u{de6}',
    '\u{e50}',
    '\u{ed0}',
    '\u{f20}',
    '\u{1040}',
    '\u{1090}',
    '\u{17e0}',
    '\u{1810}',
    '\u{1946}',
    '\u{19d0}',
    '\u{1a80}',
    '\u{1a90}',
    '\u{1b50}',
    '\u{1bb0}',
    '\u{1c40}',
    '\u{1c50}',
    '\u{a620}',
    '\u{a8d0}',
    '\u{a900}',
    '\u{a9d0}',
    '\u{a9f0}',
    '\u{aa50}',
    '\u{abf0}',
    '\u{ff10}',
    '\u{104a0}',
    '\u{10d30}',
    '\u{10d40}',
    '\u{11066}',
    '\u{110f0}',
    '\u{11136}',
    '\u{111d0}',
    '\u{112f0}',
    '\u{11450}',
    '\u{114d0}',
    '\u{11650}',
    '\u{116c0}',
    '\u{116d0}',
    '\u{116da}',
    '\u{11730}',
    '\u{118e0}',
    '\u{11950}',
    '\u{11bf0}',
    '\u{11c50}',
    '\u{11d50}',
    '\u{11da0}',
    '\u{11f50}',
    '\u{16130}',
    '\u{16a60}',
    '\u{16ac0}',
    '\u{16b50}',
    '\u{16d70}',
    '\u{1ccf0}',
    '\u{1d7ce}',
    '\u{1d7d8}',
    '\u{1d7e2}',
    '\u{1d7ec}',
    '\u{1d7f6}',
    '\u{1e140}',
    '\u{1e2f0}',
    '\u{1e4f0}',
    '\u{1e5f1}',
    '\u{1e950}',
    '\u{1fbf0}',
];

/// The value of a decimal digit of any script. None for everything else that counts, too: `²`, `½`, `Ⅶ`, `①`.
pub(super) fn value_of(c: char) -> Option<u8> {
    if c.is_ascii() {
        return c.is_ascii_digit().then(|| c as u8 - b'0');
    }
    let zero = ZEROS.partition_point(|zero| *zero <= c).checked_sub(1).map(|at| ZEROS[at])?;
    u8::try_from(u32::from(c) - u32::from(zero)).ok().filter(|value| *value < 10)
}

/// Every character that means this digit.
pub(super) fn all_of(value: u8) -> impl Iterator<Item = char> {
    ZEROS.iter().filter_map(move |zero| char::from_u32(u32::from(*zero) + u32::from(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decimal_digit_has_its_value_and_nothing_else_has_one() {
        let decimal = regex::Regex::new(r"^\p{Nd}$").unwrap();
        let mut text = [0; 4];
        for c in '\0'..=char::MAX {
            assert_eq!(value_of(c).is_some(), decimal.is_match(c.encode_utf8(&mut text)), "U+{:04X}", u32::from(c));
        }
        assert!(ZEROS.is_sorted());
        for value in 0..10 {
            assert_eq!(all_of(value).filter(|c| value_of(*c) == Some(value)).count(), ZEROS.len());
        }
        for (c, value) in [('٣', 3), ('۷', 7), ('९', 9), ('৪', 4), ('５', 5), ('𝟎', 0), ('𝟗', 9), ('𝟬', 0), ('𝟿', 9)] {
            assert_eq!(value_of(c), Some(value), "{c}");
        }
    }
}

//! Whom somebody looks for, and what a stored number looks like.

use kernel::{PhoneNumber, UserId, digits_like, typed_digits};

/// Of a number of another country so many digits at the end are looked for: a 0 may stand behind its country code, or not.
const END_ABROAD: usize = 8;

/// Whom somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Search {
    /// By the id of the claims platform.
    Id(UserId),
    /// By a part of the name, without case.
    Name(String),
    /// By the last digits of the number, in ASCII, however it is written there.
    Number(String),
    /// Digits that are an id, or else the last of a number.
    IdOrNumber(UserId, String),
}

impl Search {
    /// What somebody typed: digits of any script, with what belongs in a number, are an id or a number; anything else is a name. None when it is
    /// too short to look for.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let Some(typed) = typed_digits(text) else {
            return (text.chars().count() >= 2).then(|| Self::Name(text.to_owned()));
        };
        let digits = typed.trim_start_matches('+');
        // As numbers are dialled at home, without what stands before the area.
        let at_home = digits.strip_prefix("0044").or_else(|| digits.strip_prefix("44")).unwrap_or(digits).trim_start_matches('0');
        // Ids are shorter than numbers, or far longer; six to eight digits may be either.
        let number = (at_home.len() >= 6).then(|| at_home.to_owned());
        if (9..=12).contains(&at_home.len()) || typed.starts_with(['+', '0']) {
            return number.map(Self::Number);
        }
        let id = digits.parse().ok()?;
        Some(match number.filter(|digits| digits.len() <= 8) {
            Some(number) => Self::IdOrNumber(id, number),
            None => Self::Id(id),
        })
    }

    /// Everybody who may have this number; whether they do is for [`PhoneNumber::of_anybody`] to say of what stands there.
    pub fn holders_of(number: &PhoneNumber) -> Self {
        let e164 = number.as_e164();
        Self::Number(e164.strip_prefix("+44").unwrap_or(&e164[e164.len().saturating_sub(END_ABROAD)..]).to_owned())
    }
}

/// A user who was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUser {
    /// Who.
    pub id: UserId,
    /// First and last name; empty when neither is known.
    pub name: String,
    /// The number as it stands there.
    pub raw_number: Option<String>,
}

/// A regular expression for every text with these digits, in any script, at the end of its number: behind it there is nothing but an extension. One
/// that MariaDB and MySQL understand alike.
pub(crate) fn ending_with(digits: &str) -> String {
    let mut pattern = String::new();
    for digit in digits.bytes().filter(u8::is_ascii_digit) {
        pattern.push('[');
        pattern.extend(digits_like(digit - b'0'));
        pattern.push_str("][^0-9]*");
    }
    // Every mark of an extension has one of these signs in it.
    pattern + "([#xX＃ｘＸ].*)?$"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_an_id_a_number_or_a_name() {
        let number = |digits: &str| Some(Search::Number(digits.to_owned()));
        for (typed, found) in [
            ("48213", Some(Search::Id(UserId::new(48213)))),
            ("٤٨٢١٣", Some(Search::Id(UserId::new(48213)))),
            ("900123", Some(Search::IdOrNumber(UserId::new(900_123), "900123".to_owned()))),
            ("9007199254799993", Some(Search::Id(UserId::new(9_007_199_254_799_993)))),
            (" 07700 900123 ", number("7700900123")),
            ("+44 7700 900123", number("7700900123")),
            ("0044 7700 900123", number("7700900123")),
            ("447700900123", number("7700900123")),
            ("+07700900123", number("7700900123")),
            ("020 7946 0123", number("2079460123")),
            // As it comes from elsewhere by copying.
            ("\u{202a}+44 7700 900123\u{202c}", number("7700900123")),
            ("\u{feff}07700\u{a0}900\u{2009}123", number("7700900123")),
            ("07700.900.123", number("7700900123")),
            ("07700–900123", number("7700900123")),
            ("07700\u{2011}900123", number("7700900123")),
            ("(07700) 900/123", number("7700900123")),
            ("٠٧٧٠٠ ٩٠٠١٢٣", number("7700900123")),
            ("tel:+447700900123", number("7700900123")),
            ("01632 960123 ext 45", number("1632960123")),
            ("0770", None),
            ("Priya", Some(Search::Name("Priya".to_owned()))),
            ("07700 900 Ann", Some(Search::Name("07700 900 Ann".to_owned()))),
            ("P", None),
            ("", None),
            ("%", None),
            ("\u{202a}\u{202c}", Some(Search::Name("\u{202a}\u{202c}".to_owned()))),
        ] {
            assert_eq!(Search::parse(typed), found, "{typed:?}");
        }
    }

    #[test]
    fn a_caller_is_looked_for_by_what_all_ways_of_writing_end_with() {
        let of = |e164: &str| Search::holders_of(&PhoneNumber::try_from(e164.to_owned()).unwrap());
        assert_eq!(of("+447700900123"), Search::Number("7700900123".to_owned()));
        assert_eq!(of("+353209130123"), Search::Number("09130123".to_owned()));
    }
}

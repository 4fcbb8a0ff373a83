//! Telephone numbers: E.164 inside, never whole in a log.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A number in E.164, such as `+447700900142`. Made only by [`PhoneNumber::parse`] (on the server) or read back from
/// where we stored one. Its `Debug` is masked; there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(transparent))]
#[serde(try_from = "String")]
pub struct PhoneNumber(String);

/// Why a number cannot be rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum InvalidPhoneNumber {
    /// Nothing that a telephone network would accept.
    #[error("it is not a telephone number")]
    NotANumber,
    /// A real number of a country that is not on the list.
    #[error("it belongs to a country that we do not ring")]
    ForeignCountry,
    /// 070, 084, 087, 09, a short code or another kind that costs more than a call.
    #[error("it is of a kind that we never ring")]
    ForbiddenKind,
}

impl PhoneNumber {
    /// The number in E.164, for the carrier and the database.
    pub fn as_e164(&self) -> &str {
        &self.0
    }

    /// As a person in the UK writes it: `07700 900142`. Other countries stay in E.164.
    pub fn national(&self) -> String {
        match self.0.strip_prefix("+44") {
            Some(rest) if rest.len() == 10 => format!("0{} {}", &rest[..4], &rest[4..]),
            Some(rest) => format!("0{rest}"),
            None => self.0.clone(),
        }
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.0.len().saturating_sub(3);
        write!(f, "PhoneNumber(…{})", &self.0[last..])
    }
}

impl TryFrom<String> for PhoneNumber {
    type Error = InvalidPhoneNumber;

    fn try_from(text: String) -> Result<Self, InvalidPhoneNumber> {
        let digits = text.strip_prefix('+').ok_or(InvalidPhoneNumber::NotANumber)?;
        if (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(InvalidPhoneNumber::NotANumber)
        }
    }
}

#[cfg(feature = "ssr")]
pub use parse::NumberPolicy;

#[cfg(feature = "ssr")]
mod parse {
    use phonenumber::{Mode, Type, country};

    use super::{InvalidPhoneNumber, PhoneNumber};

    /// Which numbers may be rung at all.
    #[derive(Clone, Debug, Default)]
    pub struct NumberPolicy {
        /// Prefixes in E.164 that are accepted although no network has assigned them. Empty in production; elsewhere
        /// Ofcom's drama ranges and the bulk test range, which libphonenumber calls possible but not valid.
        pub test_prefixes: Vec<String>,
        /// Calling codes other than 44 that are allowed.
        pub other_countries: Vec<u16>,
    }

    impl PhoneNumber {
        /// Parses a number as the claims platform holds it (`+447…`, `447…`, `07…`, `7…`, with spaces) and says whether
        /// it may be rung under `policy`.
        pub fn parse(raw: &str, policy: &NumberPolicy) -> Result<Self, InvalidPhoneNumber> {
            if let Some(e164) = uk_mobile_shape(raw)
                && (is_assigned_mobile(&e164) || policy.is_test(&e164))
            {
                return Ok(Self(e164));
            }
            Self::parse_any(raw, policy)
        }

        /// The slow and complete way, about 20 µs; [`PhoneNumber::parse`] takes it only when the quick one cannot tell.
        fn parse_any(raw: &str, policy: &NumberPolicy) -> Result<Self, InvalidPhoneNumber> {
            // `447…` without a plus is national to libphonenumber, and so is a bare `7…`.
            let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
            let text =
                if digits.starts_with("44") && digits.len() >= 11 && !raw.contains('+') { format!("+{digits}") } else { raw.to_owned() };
            let number = phonenumber::parse(Some(country::GB), &text).map_err(|_| InvalidPhoneNumber::NotANumber)?;
            let e164 = number.format().mode(Mode::E164).to_string();
            if policy.is_test(&e164) && number.country().code() == 44 && e164.len() == 13 {
                return Ok(Self(e164));
            }
            if !phonenumber::is_valid(&number) {
                return Err(InvalidPhoneNumber::NotANumber);
            }
            let code = number.country().code();
            if code == 44 && number.country().id() != Some(country::GB) {
                return Err(InvalidPhoneNumber::ForeignCountry); // Jersey, Guernsey, the Isle of Man
            }
            if code != 44 && !policy.other_countries.contains(&code) {
                return Err(InvalidPhoneNumber::ForeignCountry);
            }
            let never = ["+4470", "+4484", "+4487", "+449"].iter().any(|prefix| e164.starts_with(prefix));
            let kind = number.number_type(&phonenumber::metadata::DATABASE);
            let ordinary = matches!(kind, Type::Mobile | Type::FixedLine | Type::FixedLineOrMobile | Type::Voip | Type::Uan);
            if never || !ordinary {
                return Err(InvalidPhoneNumber::ForbiddenKind);
            }
            Ok(Self(e164))
        }
    }

    impl NumberPolicy {
        fn is_test(&self, e164: &str) -> bool {
            self.test_prefixes.iter().any(|prefix| e164.starts_with(prefix.as_str()))
        }
    }

    /// `+447…`, `447…`, `07…` or `7…` with ten digits from the 7 on, else nothing.
    fn uk_mobile_shape(raw: &str) -> Option<String> {
        let mut digits = String::with_capacity(13);
        for (at, c) in raw.trim().chars().enumerate() {
            match c {
                '0'..='9' => digits.push(c),
                '+' if at == 0 => {}
                ' ' => {}
                _ => return None,
            }
        }
        let national = digits
            .strip_prefix("44")
            .filter(|rest| rest.len() == 10)
            .or_else(|| if raw.contains('+') { None } else { Some(digits.strip_prefix('0').unwrap_or(&digits)) })?;
        (national.len() == 10 && national.starts_with('7')).then(|| format!("+44{national}"))
    }

    /// The blocks of UK mobile numbers that are assigned as a whole; a subset of what libphonenumber knows.
    fn is_assigned_mobile(e164: &str) -> bool {
        let d = e164.as_bytes();
        matches!(
            (d[4], d[5]),
            (b'2' | b'3', b'0'..=b'9') | (b'4', b'0'..=b'4' | b'6'..=b'9') | (b'7', b'1'..=b'7') | (b'9', b'4' | b'5' | b'6')
        )
    }

    #[cfg(test)]
    mod tests {
        use proptest::prelude::*;

        use super::*;

        fn development() -> NumberPolicy {
            NumberPolicy { test_prefixes: vec!["+4477009".into(), "+44207946".into(), "+441632960".into()], other_countries: vec![] }
        }

        /// lessons, line 19: numbers like 07… failed with a spoken error.
        #[test]
        fn every_way_of_writing_a_number_gives_the_same_e164() {
            for raw in ["+447700900142", "447700900142", "07700900142", "7700900142", "07700 900 142", " +44 7700 900142 "] {
                assert_eq!(PhoneNumber::parse(raw, &development()).unwrap().as_e164(), "+447700900142", "{raw}");
            }
            assert_eq!(PhoneNumber::parse("020 7946 0000", &development()).unwrap().as_e164(), "+442079460000");
            assert_eq!(PhoneNumber::parse("01632 960123", &development()).unwrap().as_e164(), "+441632960123");
            assert_eq!(PhoneNumber::parse("(020) 7946-0000", &development()).unwrap().as_e164(), "+442079460000");
        }

        #[test]
        fn what_is_no_number_is_refused() {
            for raw in ["", " ", "none", "0", "12345", "999", "077009001", "0770090014212345", "n/a", "+"] {
                assert!(PhoneNumber::parse(raw, &development()).is_err(), "{raw}");
            }
        }

        #[test]
        fn dear_and_foreign_numbers_are_refused() {
            use InvalidPhoneNumber::ForbiddenKind;
            for (raw, why) in [
                ("0844 412 4321", ForbiddenKind),
                ("0871 234 4321", ForbiddenKind),
                ("09066 123 456", ForbiddenKind),
                ("070-1234-5678", ForbiddenKind),
            ] {
                assert_eq!(PhoneNumber::parse(raw, &development()), Err(why), "{raw}");
            }
            // Of the French range for fiction; libphonenumber may call it foreign or no number.
            assert!(PhoneNumber::parse("+33 1 99 00 12 34", &development()).is_err());
        }

        #[test]
        fn test_numbers_are_refused_in_production() {
            let production = NumberPolicy::default();
            for raw in ["07700 900142", "+447700912345", "01632 960123"] {
                assert!(PhoneNumber::parse(raw, &production).is_err(), "{raw}");
            }
        }

        #[test]
        fn a_number_is_masked_when_debugged() {
            let number = PhoneNumber::parse("07700900142", &development()).unwrap();
            assert_eq!(format!("{number:?}"), "PhoneNumber(…142)");
        }

        proptest! {
            #![proptest_config(ProptestConfig::with_cases(2_000))]
            /// The quick way never says anything else than the complete one.
            #[test]
            fn the_quick_way_agrees_with_libphonenumber(rest in "7[0-9]{9}", form in 0..4_usize) {
                let raw = match form {
                    0 => format!("+44{rest}"),
                    1 => format!("44{rest}"),
                    2 => format!("0{rest}"),
                    _ => rest,
                };
                for policy in [NumberPolicy::default(), development()] {
                    prop_assert_eq!(PhoneNumber::parse(&raw, &policy), PhoneNumber::parse_any(&raw, &policy));
                }
            }
        }
    }
}

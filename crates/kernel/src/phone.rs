//! Telephone numbers: E.164 inside, never whole in a log. Every text that is to be a number comes in through here: the claims platform's, a
//! carrier's, a file's, and what somebody types.

#[cfg(feature = "ssr")]
mod digits;
#[cfg(feature = "ssr")]
mod policy;
#[cfg(all(test, feature = "ssr"))]
mod tests;
#[cfg(feature = "ssr")]
mod text;

use std::fmt;

use serde::{Deserialize, Serialize};

#[cfg(feature = "ssr")]
pub use self::policy::NumberPolicy;

/// A number in E.164, such as `+447700900142`. Made only by [`PhoneNumber::parse`] and [`PhoneNumber::of_anybody`] (on the server) or read back
/// from where we stored one. Its `Debug` is masked; there is no `Display`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(transparent))]
#[serde(try_from = "String")]
pub struct PhoneNumber(String);

/// What a text says that holds a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadNumber {
    /// What is rung.
    pub number: PhoneNumber,
    /// What a switchboard is asked for behind it, one to six digits. It is not dialled.
    pub extension: Option<String>,
}

/// Why a number cannot be rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum InvalidPhoneNumber {
    /// No text of a number.
    #[error("it is not a phone number")]
    NotANumber,
    /// Letters, or signs that stand in no number, also beside a whole one.
    #[error("there are letters or other signs in it")]
    LettersInIt,
    /// Too few, or signs in their place.
    #[error("digits are missing")]
    DigitsMissing,
    /// More than any number has.
    #[error("it has too many digits")]
    TooManyDigits,
    /// Two in one field, or one and the end of another.
    #[error("there are two numbers in one field")]
    TwoNumbers,
    /// An e-mail address.
    #[error("it is an email address")]
    EmailAddress,
    /// A day.
    #[error("it is a date")]
    Date,
    /// `7.7009E+09`.
    #[error("a spreadsheet has shortened it, and digits are lost")]
    ShortenedBySpreadsheet,
    /// As many digits as a number of the UK, of a kind that nobody has.
    #[error("no phone company has such a number")]
    NotAssigned,
    /// A real number of a country that is not on the list.
    #[error("it belongs to a country that we do not ring")]
    ForeignCountry,
    /// Jersey, Guernsey and the Isle of Man: +44, and not the UK.
    #[error("Jersey, Guernsey and the Isle of Man are not the UK")]
    CrownDependency,
    /// 070, 084, 087, 09, a short code or another kind that costs more than a call.
    #[error("it is of a kind that we never ring")]
    ForbiddenKind,
}

impl InvalidPhoneNumber {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::NotANumber,
        Self::LettersInIt,
        Self::DigitsMissing,
        Self::TooManyDigits,
        Self::TwoNumbers,
        Self::EmailAddress,
        Self::Date,
        Self::ShortenedBySpreadsheet,
        Self::NotAssigned,
        Self::ForeignCountry,
        Self::CrownDependency,
        Self::ForbiddenKind,
    ];
}

impl PhoneNumber {
    /// The number in E.164, for the carrier and the database.
    pub fn as_e164(&self) -> &str {
        &self.0
    }

    /// As a person in the UK writes it, parted behind the area code: `020 7946 0123`, `07700 900142`. Other countries stay in E.164.
    pub fn national(&self) -> String {
        let Some(rest) = self.0.strip_prefix("+44") else { return self.0.clone() };
        let (area, local) = rest.split_at(area_code_length(rest).min(rest.len()));
        // Eight digits and those behind a three-digit code are read in two parts.
        match local.len() {
            7 => format!("0{area} {} {}", &local[..3], &local[3..]),
            8 => format!("0{area} {} {}", &local[..4], &local[4..]),
            _ => format!("0{area} {local}"),
        }
    }
}

/// Area codes of five digits, without the 0. Other numbers begin like their first four.
const FIVE_DIGIT_AREAS: [&str; 12] =
    ["13873", "15242", "15394", "15395", "15396", "16973", "16974", "16977", "17683", "17684", "17687", "19467"];

/// How long the area code is, or what is written as one, without the 0 (Ofcom, National Telephone Numbering Plan).
fn area_code_length(national: &str) -> usize {
    let begins = |prefix: &str| national.starts_with(prefix);
    match national.as_bytes() {
        [b'2', ..] | [b'5', b'5' | b'6', ..] => 2,
        [b'1', b'1', ..] | [b'1', _, b'1', ..] | [b'3' | b'5' | b'8' | b'9', ..] => 3,
        _ if FIVE_DIGIT_AREAS.iter().any(|area| begins(area)) => 5,
        _ => 4,
    }
}

impl ReadNumber {
    /// As a person in the UK writes it: `01632 960123 ext 45`.
    pub fn national(&self) -> String {
        with_extension(&self.number.national(), self.extension.as_deref())
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

    /// Only E.164: no country code begins with 0, and no national number behind +44 does.
    fn try_from(text: String) -> Result<Self, InvalidPhoneNumber> {
        let digits = text.strip_prefix('+').ok_or(InvalidPhoneNumber::NotANumber)?;
        let is_shape = (8..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        if is_shape && !digits.starts_with('0') && !digits.starts_with("440") {
            Ok(Self(text))
        } else {
            Err(InvalidPhoneNumber::NotANumber)
        }
    }
}

/// A number as people write it with the extension behind it: `01632 960123 ext 45`.
pub fn with_extension(number: &str, extension: Option<&str>) -> String {
    extension.map_or_else(|| number.to_owned(), |extension| format!("{number} ext {extension}"))
}

/// The digits of a number, or of a part of one, that somebody looks for, by their value, with a plus in front where there is one; none when
/// there is anything in the text that belongs in no number.
#[cfg(feature = "ssr")]
pub fn typed_digits(text: &str) -> Option<String> {
    text::read_part(text)
}

/// Every character of a database's text that means this digit, in ASCII first.
#[cfg(feature = "ssr")]
pub fn digits_like(value: u8) -> impl Iterator<Item = char> {
    digits::all_of(value)
}

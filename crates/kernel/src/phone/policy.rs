//! Which numbers may be rung.

use phonenumber::{Mode, Type, country};

use super::InvalidPhoneNumber::{self, CrownDependency, DigitsMissing, ForbiddenKind, ForeignCountry, NotAssigned};
use super::text::{self, Written};
use super::{PhoneNumber, ReadNumber};

/// Which numbers may be rung at all.
#[derive(Clone, Debug, Default)]
pub struct NumberPolicy {
    /// Prefixes in E.164 that are accepted although no network has assigned them. Empty in production; elsewhere
    /// Ofcom's drama ranges and the bulk test range, which libphonenumber calls possible but not valid.
    pub test_prefixes: Vec<String>,
    /// Calling codes other than 44 that are allowed.
    pub other_countries: Vec<u16>,
}

/// 070, 084, 087 and 09: they cost more than a call.
const DEAR: [&str; 4] = ["+4470", "+4484", "+4487", "+449"];
/// Emergencies, directory enquiries and other services, as they are dialled.
const SERVICES: [&str; 10] = ["999", "112", "100", "101", "105", "111", "119", "123", "155", "159"];
/// Jersey, Guernsey and the Isle of Man share the UK's calling code. libphonenumber knows which of their numbers are assigned; these are told
/// apart also when they are not.
const ISLANDS: [&str; 11] =
    ["+441481", "+441534", "+441624", "+447509", "+447524", "+447624", "+447781", "+447797", "+447829", "+447839", "+447937"];

impl PhoneNumber {
    /// [`ReadNumber::parse`] without the extension.
    pub fn parse(raw: &str, policy: &NumberPolicy) -> Result<Self, InvalidPhoneNumber> {
        ReadNumber::parse(raw, policy).map(|read| read.number)
    }

    /// A number as a carrier or a person writes it, also one that we would not ring; none when it is none, or not certainly one.
    pub fn of_anybody(raw: &str) -> Option<Self> {
        let written = text::read(raw).ok()?;
        e164(&written, raw).ok().map(Self)
    }
}

impl ReadNumber {
    /// Reads a number as the claims platform holds it (`+447…`, `447…`, `07…`, `7…`, with spaces, marks and the digits of any script) and says
    /// whether it may be rung under `policy`. What is dialled consists of all digits of the text, in their order, but for a leading +44, 0044
    /// or 0, a 0 behind the country code, and a marked extension; any other text is refused.
    pub fn parse(raw: &str, policy: &NumberPolicy) -> Result<Self, InvalidPhoneNumber> {
        if let Some(e164) = uk_mobile_shape(raw)
            && (is_assigned_mobile(&e164) || policy.is_test(&e164))
        {
            return Ok(Self { number: PhoneNumber(e164), extension: None });
        }
        Self::parse_any(raw, policy)
    }

    /// The slow and complete way, about 20 µs; [`ReadNumber::parse`] takes it only when the quick one cannot tell.
    pub(super) fn parse_any(raw: &str, policy: &NumberPolicy) -> Result<Self, InvalidPhoneNumber> {
        let written = text::read(raw)?;
        let e164 = e164(&written, raw)?;
        let e164 = policy.allow(e164)?;
        Ok(Self { number: PhoneNumber(e164), extension: written.extension })
    }
}

/// The digits as E.164, whoever has such a number.
fn e164(written: &Written, raw: &str) -> Result<String, InvalidPhoneNumber> {
    let digits = written.digits.as_str();
    if SERVICES.contains(&digits) || (digits.len() == 6 && digits.starts_with("11")) {
        return Err(ForbiddenKind);
    }
    let too_long = || text::why_too_long(raw);
    let (has_code, national) = match digits {
        _ if digits.starts_with("0044") => (true, &digits[4..]),
        _ if written.has_plus && digits.starts_with("44") => (true, &digits[2..]),
        _ if digits.starts_with("00") || (written.has_plus && !digits.starts_with('0')) => {
            let abroad = digits.strip_prefix("00").unwrap_or(digits);
            return match abroad.len() {
                ..8 => Err(DigitsMissing),
                8..=15 if !abroad.starts_with('0') => Ok(format!("+{abroad}")),
                _ => Err(too_long()),
            };
        }
        // A plus before a 0 is of somebody who writes one before every number: no country code begins with 0.
        _ if digits.starts_with('0') => (false, &digits[1..]),
        _ if digits.starts_with("44") && digits.len() >= 11 => (true, &digits[2..]),
        // Without a 0 in front nine digits are as likely ten with one missing.
        _ if digits.len() < 10 => return Err(DigitsMissing),
        _ => (false, digits),
    };
    let national = national.strip_prefix('0').filter(|_| has_code).unwrap_or(national);
    match national.len() {
        ..9 => Err(DigitsMissing),
        // Some numbers behind 01, 0500 and 0800 have a digit less than all others.
        9 if !national.starts_with(['1', '5', '8']) => Err(DigitsMissing),
        9 | 10 if !national.starts_with('0') => Ok(format!("+44{national}")),
        _ => Err(too_long()),
    }
}

impl NumberPolicy {
    fn is_test(&self, e164: &str) -> bool {
        self.test_prefixes.iter().any(|prefix| e164.starts_with(prefix.as_str()))
    }

    /// The number as it is dialled, if it may be.
    fn allow(&self, e164: String) -> Result<String, InvalidPhoneNumber> {
        let is_uk = e164.starts_with("+44");
        if is_uk {
            if self.is_test(&e164) && e164.len() == 13 {
                return Ok(e164);
            }
            if DEAR.iter().any(|prefix| e164.starts_with(prefix)) {
                return Err(ForbiddenKind);
            }
            if ISLANDS.iter().any(|prefix| e164.starts_with(prefix)) {
                return Err(CrownDependency);
            }
        }
        let unknown = if is_uk { NotAssigned } else { ForeignCountry };
        let number = phonenumber::parse(Some(country::GB), &e164).map_err(|_| unknown)?;
        let (code, formatted) = (number.country().code(), number.format().mode(Mode::E164).to_string());
        if !is_uk && !self.other_countries.contains(&code) {
            return Err(ForeignCountry);
        }
        // Abroad a 0 may stand behind the country code as here, but not where it is a part of the number, as in Italy. Nothing else may
        // have been changed.
        let is_same = formatted == e164
            || (has_trunk_zero(code) && e164.strip_prefix(&format!("+{code}0")) == formatted.strip_prefix(&format!("+{code}")));
        if !is_same || !phonenumber::is_valid(&number) {
            return Err(NotAssigned);
        }
        if is_uk && number.country().id() != Some(country::GB) {
            return Err(CrownDependency);
        }
        match number.number_type(&phonenumber::metadata::DATABASE) {
            Type::Mobile | Type::FixedLine | Type::FixedLineOrMobile | Type::Voip | Type::Uan => Ok(formatted),
            _ => Err(ForbiddenKind),
        }
    }
}

/// Whether a 0 is dialled before every number inside this country, and never from abroad.
fn has_trunk_zero(code: u16) -> bool {
    phonenumber::metadata::DATABASE.by_code(&code).is_some_and(|regions| regions.iter().all(|region| region.national_prefix() == Some("0")))
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

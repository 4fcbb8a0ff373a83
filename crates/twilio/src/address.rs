//! Who is at the end of a leg.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What stands in `From`, `To` and `Caller`: a number in E.164, `client:<identity>` for a browser, or a word such as
/// `anonymous`. Kept as it came, because a caller may withhold anything. `Debug` shows a browser's identity and no more
/// than the last three characters of everything else.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// A telephone number in E.164, or anything else that the carrier can ring.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address as the carrier writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether whoever calls has kept their number to themselves. The carrier then writes a word, or the digits that a keypad has for
    /// RESTRICTED, BLOCKED, UNKNOWN, ANONYMOUS or UNAVAILABLE (its article "Why am I getting calls from these strange numbers?"). A number in
    /// another shape than E.164 is passed on as it came, so a plus may be missing or one too many.
    pub fn is_withheld(&self) -> bool {
        let digits = self.0.trim().trim_start_matches('+');
        !digits.starts_with(|c: char| c.is_ascii_digit())
            || ["7378742833", "2562533", "8656696", "266696687", "86282452253"].contains(&digits)
    }

    /// The identity of the browser, if it is one.
    pub fn client_identity(&self) -> Option<&str> {
        self.0.strip_prefix("client:")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.client_identity().is_some() {
            return write!(f, "Address({})", self.0);
        }
        let hidden = self.0.chars().count().saturating_sub(3);
        write!(f, "Address(…{})", self.0.chars().skip(hidden).collect::<String>())
    }
}

impl FromStr for Address {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

/// `text` with all but the last three digits of every telephone number in it replaced. The carrier repeats the number in
/// its refusals, and those are logged.
pub(crate) fn mask_numbers(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from_digit) = rest.split_at(start);
        let length = from_digit.find(|c: char| !c.is_ascii_digit()).unwrap_or(from_digit.len());
        let (digits, after) = from_digit.split_at(length);
        masked.push_str(before);
        // Codes and counts have five digits at most.
        let hidden = if length > 5 { length - 3 } else { 0 };
        if hidden > 0 {
            masked.push('…');
        }
        masked.push_str(&digits[hidden..]);
        rest = after;
    }
    masked + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_masked_when_debugged_and_a_browser_is_not() {
        assert_eq!(format!("{:?}", Address::new("+447700900142")), "Address(…142)");
        assert_eq!(format!("{:?}", Address::new("é1")), "Address(…é1)");
        let browser = Address::new("client:agent_7");
        assert_eq!(format!("{browser:?}"), "Address(client:agent_7)");
        assert_eq!(browser.client_identity(), Some("agent_7"));
    }

    #[test]
    fn a_caller_who_keeps_their_number_to_themselves_has_none() {
        for withheld in ["anonymous", "", "+", "+266696687", "266696687", "+7378742833", "Restricted", "sip:07700900142@example.com"] {
            assert!(Address::new(withheld).is_withheld(), "{withheld}");
        }
        for shown in ["+447700900142", "+353209130123", "+14155550123", "+07700900142", "07700900142", "447700900142", " 447700900142"] {
            assert!(!Address::new(shown).is_withheld(), "{shown}");
        }
    }

    #[test]
    fn numbers_are_masked_in_the_carriers_words() {
        assert_eq!(mask_numbers("The number +447700900142 is not valid (21211)."), "The number +…142 is not valid (21211).");
        assert_eq!(mask_numbers("No digits: ☎"), "No digits: ☎");
        assert_eq!(mask_numbers("123456"), "…456");
    }
}

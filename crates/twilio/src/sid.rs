//! The carrier's ids: two letters that say what it is, then 32 hexadecimal digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What was given is not such an id. Does not repeat what was given, which may be a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it should be {prefix} and 32 hexadecimal digits")]
pub struct InvalidSid {
    /// The two letters that it should begin with.
    pub prefix: &'static str,
}

macro_rules! sid {
    ($(#[$doc:meta])* $name:ident $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The id as the carrier writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidSid;

            fn try_from(text: String) -> Result<Self, InvalidSid> {
                let digits = text.strip_prefix($prefix).unwrap_or_default();
                let is_sid = digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                if is_sid { Ok(Self(text)) } else { Err(InvalidSid { prefix: $prefix }) }
            }
        }

        impl FromStr for $name {
            type Err = InvalidSid;

            fn from_str(text: &str) -> Result<Self, InvalidSid> {
                text.to_owned().try_into()
            }
        }
    };
}

sid! {
    /// The account that pays.
    AccountSid "AC"
}
sid! {
    /// The key that signs voice tokens. Its secret is shown once, when it is made.
    ApiKeySid "SK"
}
sid! {
    /// The TwiML application whose address is asked when a browser calls.
    ApplicationSid "AP"
}
sid! {
    /// One leg: the way between the carrier and one telephone or browser.
    CallSid "CA"
}
sid! {
    /// A conference. One name may have many, one after another, each with an id of its own.
    ConferenceSid "CF"
}
sid! {
    /// A text message.
    MessageSid "SM"
}
sid! {
    /// A recording of a leg or of a conference.
    RecordingSid "RE"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_letters_and_32_hexadecimal_digits_are_an_id() {
        let call = "CA0123456789abcdef0123456789ABCDEF";
        assert_eq!(call.parse::<CallSid>().unwrap().to_string(), call);
        for wrong in [
            "",
            "CA",
            "CF0123456789abcdef0123456789abcdef",
            "CA0123456789abcdef0123456789abcde",
            "CA0123456789abcdef0123456789abcdeff",
            "CA0123456789abcdef0123456789abcdeg",
            "ca0123456789abcdef0123456789abcdef",
            "CA/123456789abcdef0123456789abcdef",
        ] {
            assert_eq!(wrong.parse::<CallSid>(), Err(InvalidSid { prefix: "CA" }), "{wrong}");
        }
    }
}

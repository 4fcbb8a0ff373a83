//! Typed ids. On the wire every id is a string, because a JSON number above 2^53 loses digits in a browser.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What was given is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an id is a whole number above 0, written as a string")]
pub struct InvalidId;

/// What was given is not the whole of a UUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this id is a whole UUID, such as 019abcde-0123-7abc-8def-0123456789ab")]
pub struct InvalidUuid;

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(transparent))]
        pub struct $name(i64);

        impl $name {
            /// Wraps a number that is already known to be such an id (a column of ours, a fixture).
            pub const fn new(value: i64) -> Self {
                Self(value)
            }

            /// The bare number, for a query's parameter.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                match text.parse::<i64>() {
                    Ok(value) if value > 0 => Ok(Self(value)),
                    _ => Err(InvalidId),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

number_id! {
    /// A person whose claim we handle, the one we ring. An id of the claims platform.
    UserId
}
number_id! {
    /// A claim of the claims platform.
    ClaimId
}
number_id! {
    /// One of our own staff.
    AgentId
}
number_id! {
    /// A line of the record of what happened to the accounts of staff.
    StaffEventId
}
number_id! {
    /// A browser in which somebody is signed in.
    SessionNumber
}
number_id! {
    /// The right of one agent to deal with one person until a time.
    LeaseId
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "ssr", derive(sqlx::Type), sqlx(transparent))]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// A new id, time-ordered (UUID version 7).
            #[cfg(feature = "ssr")]
            pub fn generate() -> Self {
                Self(uuid::Uuid::now_v7())
            }

            /// The bare UUID, for a query's parameter.
            pub const fn get(self) -> uuid::Uuid {
                self.0
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(value: uuid::Uuid) -> Self {
                Self(value)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidUuid;

            fn from_str(text: &str) -> Result<Self, InvalidUuid> {
                text.parse().map(Self).map_err(|_| InvalidUuid)
            }
        }
    };
}

uuid_id! {
    /// The record of one dial decision. Made before the record is written, so that the record's hash covers it.
    DecisionId
}
uuid_id! {
    /// One call. Made before the carrier knows of it, and carried in the carrier's callbacks.
    CallId
}

impl DecisionId {
    /// The last eight digits in two groups: enough to read out over a telephone.
    pub fn short(&self) -> String {
        let digits = self.0.simple().to_string();
        format!("{} {}", &digits[24..28], &digits[28..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lessons, line 51: 64-bit ids broke in JSON.
    #[test]
    fn ids_above_2_to_the_53_survive_json_as_strings() {
        let id = UserId::new(9_007_199_254_740_993);

        let json = serde_json::to_string(&id).unwrap();

        assert_eq!(json, "\"9007199254740993\"");
        assert_eq!(serde_json::from_str::<UserId>(&json).unwrap(), id);
    }

    #[test]
    fn numbers_zero_and_words_are_not_ids() {
        for wrong in ["7", "\"0\"", "\"-1\"", "\"x\"", "\"\"", "null", "\"99999999999999999999\""] {
            assert!(serde_json::from_str::<LeaseId>(wrong).is_err(), "{wrong}");
        }
    }

    /// lessons, line 10: an id of one kind was sent to a column of another. → Each kind is a type; none is another name for one.
    #[test]
    fn an_id_of_one_kind_is_of_no_other() {
        use std::any::TypeId;
        use std::collections::HashSet;

        let kinds = [
            TypeId::of::<UserId>(),
            TypeId::of::<AgentId>(),
            TypeId::of::<ClaimId>(),
            TypeId::of::<LeaseId>(),
            TypeId::of::<CallId>(),
            TypeId::of::<DecisionId>(),
            TypeId::of::<i64>(),
        ];
        assert_eq!(HashSet::from(kinds).len(), kinds.len());
    }
}

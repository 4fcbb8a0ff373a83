//! Reading what the carrier answers: a field that is absent, null or not of the kind that it should be is `None`, because
//! an answer to a create that fails to decode looks like a call that was not placed.

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Listed;

/// The field, if it is one of `T`.
pub fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(T::deserialize(value).ok())
}

/// A whole number, which the carrier writes as a string in some places.
pub fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text.parse().ok(),
        value => value.as_u64().and_then(|number| number.try_into().ok()),
    })
}

/// A time in RFC 2822, such as `Tue, 24 Nov 2026 10:30:00 +0000`.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let text = lenient::<D, String>(deserializer)?;
    Ok(text.and_then(|text| DateTime::parse_from_rfc2822(&text).ok()).map(|time| time.to_utc()))
}

/// A page of a list. Here the list itself has to be there: an answer without it must not read as "there is none", after
/// which somebody would be rung a second time.
#[derive(Deserialize)]
pub struct Page<T> {
    #[serde(alias = "calls", alias = "conferences", alias = "participants", alias = "recordings", alias = "messages")]
    items: Vec<T>,
    #[serde(default = "Option::default", deserialize_with = "lenient")]
    next_page_uri: Option<String>,
}

impl<T> From<Page<T>> for Listed<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, has_more: page.next_page_uri.is_some() }
    }
}

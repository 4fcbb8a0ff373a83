//! What stands in a form.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};

/// The names and values of a form, in the order in which they came; a name may stand there more than once. Values hold
/// telephone numbers and names, so `Debug` shows names alone.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads `application/x-www-form-urlencoded`. Never fails: bytes that are no UTF-8 become U+FFFD.
    pub fn from_form(body: &[u8]) -> Self {
        form_urlencoded::parse(body).collect()
    }

    /// The first value of `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// All names with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Takes the first value of `name` out if it is one of `T`. What is empty or cannot be read stays.
    pub(crate) fn take<T: FromStr>(&mut self, name: &str) -> Option<T> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        let value = Some(&self.0[at].1).filter(|text| !text.is_empty())?.parse().ok()?;
        self.0.remove(at);
        Some(value)
    }

    /// As `take`, for a time in RFC 2822, such as `Tue, 24 Nov 2026 10:30:00 +0000`.
    pub(crate) fn take_time(&mut self, name: &str) -> Option<DateTime<Utc>> {
        self.take::<Rfc2822>(name).map(|time| time.0)
    }
}

struct Rfc2822(DateTime<Utc>);

impl FromStr for Rfc2822 {
    type Err = chrono::ParseError;

    fn from_str(text: &str) -> Result<Self, chrono::ParseError> {
        DateTime::parse_from_rfc2822(text).map(|time| Self(time.to_utc()))
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Params {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

//! Conferences.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::answer::{Page, lenient, time};
use super::{Client, Listed, RestError, encode};
use crate::{CallSid, ConferenceSid, ConferenceStatus, EndReason};

/// A conference, as the carrier keeps it. Anything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Conference {
    /// Its id.
    #[serde(deserialize_with = "lenient")]
    pub sid: Option<ConferenceSid>,
    /// Its name.
    #[serde(deserialize_with = "lenient")]
    pub friendly_name: Option<String>,
    /// How far it has come.
    #[serde(deserialize_with = "lenient")]
    pub status: Option<ConferenceStatus>,
    /// Why it ended.
    #[serde(deserialize_with = "lenient")]
    pub reason_conference_ended: Option<EndReason>,
    /// The leg whose going ended it.
    #[serde(deserialize_with = "lenient")]
    pub call_sid_ending_conference: Option<CallSid>,
    /// When it was made.
    #[serde(deserialize_with = "time")]
    pub date_created: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(deserialize_with = "time")]
    pub date_updated: Option<DateTime<Utc>>,
}

impl Client {
    /// Conferences of that name and status, the newest first. A name may have been used before; one that is open is
    /// `init` or `in-progress`.
    pub async fn conferences(&self, friendly_name: &str, status: Option<&ConferenceStatus>) -> Result<Listed<Conference>, RestError> {
        let pairs = [
            ("FriendlyName", Some(friendly_name.to_owned())),
            ("Status", status.map(ToString::to_string)),
            ("PageSize", Some("100".to_owned())),
        ];
        let query = encode(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        Ok(self.read::<Page<Conference>>(&format!("Conferences.json?{query}")).await?.into())
    }

    /// Ends a conference for everybody in it, and says how it is then.
    pub async fn end_conference(&self, sid: &ConferenceSid) -> Result<Conference, RestError> {
        self.change(&format!("Conferences/{sid}.json"), encode([("Status", "completed".to_owned())])).await
    }
}

//! Legs.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Deserialize;

use super::answer::{Page, lenient, number, time};
use super::{Client, Listed, RestError, encode};
use crate::{Address, AnsweredBy, CallSid, CallStatus, Direction, twiml};

/// A leg, as the carrier keeps it. Anything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Call {
    /// Its id.
    #[serde(deserialize_with = "lenient")]
    pub sid: Option<CallSid>,
    /// The leg that it was dialled for.
    #[serde(deserialize_with = "lenient")]
    pub parent_call_sid: Option<CallSid>,
    /// Which number is shown to the other side, or who called.
    #[serde(deserialize_with = "lenient")]
    pub from: Option<Address>,
    /// Who is called.
    #[serde(deserialize_with = "lenient")]
    pub to: Option<Address>,
    /// How far it has come.
    #[serde(deserialize_with = "lenient")]
    pub status: Option<CallStatus>,
    /// Which way it goes.
    #[serde(deserialize_with = "lenient")]
    pub direction: Option<Direction>,
    /// Who answered, if that was asked for.
    #[serde(deserialize_with = "lenient")]
    pub answered_by: Option<AnsweredBy>,
    /// When it was asked for.
    #[serde(deserialize_with = "time")]
    pub date_created: Option<DateTime<Utc>>,
    /// When it began; absent while it is queued.
    #[serde(deserialize_with = "time")]
    pub start_time: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(deserialize_with = "time")]
    pub end_time: Option<DateTime<Utc>>,
    /// How long it lasted, in seconds; 0 when it was not answered.
    #[serde(rename = "duration", deserialize_with = "number")]
    pub duration_seconds: Option<u32>,
}

/// Which legs are meant; all, without any choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Who was called.
    pub to: Option<Address>,
    /// How far it has come.
    pub status: Option<CallStatus>,
    /// It began then or later, in whole seconds. The carrier leaves out legs that are still queued, which have not begun.
    pub start_time_after: Option<DateTime<Utc>>,
}

/// What becomes of a leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallUpdate {
    /// Hang up, whether it was answered or not.
    Completed,
    /// Give up if it was not answered; the carrier refuses otherwise.
    Canceled,
    /// Go on with these verbs. In a conference, the leg leaves it.
    Twiml(twiml::Response),
    /// Ask this address what to do. In a conference, the leg leaves it.
    Url(String),
}

impl Client {
    /// The leg, if there is one.
    pub async fn call(&self, sid: &CallSid) -> Result<Option<Call>, RestError> {
        self.find(&format!("Calls/{sid}.json")).await
    }

    /// Legs, the newest first.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Listed<Call>, RestError> {
        let CallFilter { to, status, start_time_after } = filter;
        let pairs = [
            ("To", to.as_ref().map(|to| to.as_str().to_owned())),
            ("Status", status.as_ref().map(ToString::to_string)),
            ("StartTime>", start_time_after.map(|after| after.to_rfc3339_opts(SecondsFormat::Secs, true))),
            ("PageSize", Some("100".to_owned())),
        ];
        let query = encode(pairs.into_iter().filter_map(|(name, value)| Some((name, value?))));
        Ok(self.read::<Page<Call>>(&format!("Calls.json?{query}")).await?.into())
    }

    /// Changes a leg that is not over, and says how it is then.
    pub async fn update_call(&self, sid: &CallSid, update: &CallUpdate) -> Result<Call, RestError> {
        let pair = match update {
            CallUpdate::Completed => ("Status", "completed".to_owned()),
            CallUpdate::Canceled => ("Status", "canceled".to_owned()),
            CallUpdate::Twiml(response) => ("Twiml", response.to_xml()),
            CallUpdate::Url(url) => ("Url", url.clone()),
        };
        self.change(&format!("Calls/{sid}.json"), encode([pair])).await
    }
}

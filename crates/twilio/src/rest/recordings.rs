//! Recordings.

use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http02::Method;
use serde::Deserialize;

use super::answer::{Page, lenient, number, time};
use super::{Client, Listed, RecordingOptions, RestError, encode};
use crate::{CallSid, ConferenceSid, RecordingSid, RecordingStatus};

/// A recording, as the carrier keeps it. Anything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Recording {
    /// Its id.
    #[serde(deserialize_with = "lenient")]
    pub sid: Option<RecordingSid>,
    /// The leg that was recorded.
    #[serde(deserialize_with = "lenient")]
    pub call_sid: Option<CallSid>,
    /// The conference in which it was recorded.
    #[serde(deserialize_with = "lenient")]
    pub conference_sid: Option<ConferenceSid>,
    /// How far it has come.
    #[serde(deserialize_with = "lenient")]
    pub status: Option<RecordingStatus>,
    /// 1 for a mix, 2 for the two sides apart.
    #[serde(deserialize_with = "number")]
    pub channels: Option<u32>,
    /// How long it is, in seconds; absent until it is over.
    #[serde(rename = "duration", deserialize_with = "number")]
    pub duration_seconds: Option<u32>,
    /// When it began.
    #[serde(deserialize_with = "time")]
    pub start_time: Option<DateTime<Utc>>,
}

/// Two hours of two channels are 230 MB.
const LONGEST_FETCH: Duration = Duration::from_mins(5);

/// The sound of a recording on its way to us.
#[derive(Debug)]
pub struct Sound {
    answer: reqwest::Response,
}

impl Sound {
    /// How many bytes are still to come, where the carrier says so.
    pub fn length(&self) -> Option<u64> {
        self.answer.content_length()
    }

    /// The next bytes; none at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, RestError> {
        self.answer.chunk().await.map_err(|error| RestError::Unanswered(error.without_url()))
    }
}

impl Client {
    /// The recordings of a leg, the newest first.
    pub async fn recordings(&self, call: &CallSid) -> Result<Listed<Recording>, RestError> {
        let query = encode([("PageSize", "100".to_owned())]);
        Ok(self.read::<Page<Recording>>(&format!("Calls/{call}/Recordings.json?{query}")).await?.into())
    }

    /// Records a leg that is being talked on, from now on. Asked twice, it is recorded twice: look first.
    pub async fn record_call(&self, call: &CallSid, options: &RecordingOptions) -> Result<Recording, RestError> {
        let form = [
            ("RecordingChannels", Some(options.channels.as_str().to_owned())),
            ("RecordingStatusCallback", options.status_callback.clone()),
        ];
        let form = encode(form.into_iter().filter_map(|(name, value)| Some((name, value?))));
        self.change(&format!("Calls/{call}/Recordings.json"), form).await
    }

    /// The recording, if there is one.
    pub async fn recording(&self, sid: &RecordingSid) -> Result<Option<Recording>, RestError> {
        self.find(&format!("Recordings/{sid}.json")).await
    }

    /// Its sound, as WAV with a channel for each side if it was recorded so. Fetched from the carrier's own host by its id, whatever
    /// address somebody has posted; none if the carrier does not have it, or not yet.
    pub async fn recording_sound(&self, sid: &RecordingSid) -> Result<Option<Sound>, RestError> {
        let query = encode([("RequestedChannels", "2".to_owned())]);
        match self.open(Method::GET, &format!("Recordings/{sid}.wav?{query}"), None, Some(LONGEST_FETCH)).await {
            Ok(answer) => Ok(Some(Sound { answer })),
            Err(RestError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Has the carrier forget it. One that it does not know any more is none.
    pub async fn delete_recording(&self, sid: &RecordingSid) -> Result<(), RestError> {
        match self.delete(&format!("Recordings/{sid}.json")).await {
            Err(error) if error.is_not_found() => Ok(()),
            answer => answer,
        }
    }
}

//! Who is in a conference, or on the way there.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::answer::{Page, lenient, time};
use super::{Client, Listed, RestError, encode, segment};
use crate::{Address, Beep, CallEvent, CallSid, ConferenceSid, ConferenceTopic, ParticipantStatus, RecordingChannels};

/// A participant, as the carrier keeps it. Anything may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Participant {
    /// The leg. Absent after a create means that the leg was made and the carrier's answer got lost.
    #[serde(deserialize_with = "lenient")]
    pub call_sid: Option<CallSid>,
    /// The conference.
    #[serde(deserialize_with = "lenient")]
    pub conference_sid: Option<ConferenceSid>,
    /// Our name for it.
    #[serde(deserialize_with = "lenient")]
    pub label: Option<String>,
    /// How far it has come.
    #[serde(deserialize_with = "lenient")]
    pub status: Option<ParticipantStatus>,
    /// Nobody hears it.
    #[serde(deserialize_with = "lenient")]
    pub muted: Option<bool>,
    /// It hears nobody and nobody hears it.
    #[serde(deserialize_with = "lenient")]
    pub hold: Option<bool>,
    /// It is heard by one other leg alone.
    #[serde(deserialize_with = "lenient")]
    pub coaching: Option<bool>,
    /// By which.
    #[serde(deserialize_with = "lenient")]
    pub call_sid_to_coach: Option<CallSid>,
    /// The conference starts when it comes.
    #[serde(deserialize_with = "lenient")]
    pub start_conference_on_enter: Option<bool>,
    /// The conference ends when it goes.
    #[serde(deserialize_with = "lenient")]
    pub end_conference_on_exit: Option<bool>,
    /// When it was made.
    #[serde(deserialize_with = "time")]
    pub date_created: Option<DateTime<Utc>>,
    /// When it last changed.
    #[serde(deserialize_with = "time")]
    pub date_updated: Option<DateTime<Utc>>,
}

/// Somebody who is to be rung into a conference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewParticipant {
    /// The number to show; the account must own it.
    pub from: Address,
    /// Who is rung.
    pub to: Address,
    /// Our name for it, no two alike in one conference: how it is found again after a time-out.
    pub label: String,
    /// How many seconds it may ring, 5 to 600. The carrier adds 5.
    pub timeout_seconds: u16,
    /// Who is told how far the leg has come.
    pub status_callback: String,
    /// What is told; without any, only `completed` is.
    pub status_callback_events: Vec<CallEvent>,
    /// Who is told what happens in the conference. The carrier takes the first participant's and passes over all others.
    pub conference_status_callback: Option<ConferenceCallback>,
    /// Whether the conference starts when it comes.
    pub start_conference_on_enter: bool,
    /// Whether the conference ends, for everybody, when it goes.
    pub end_conference_on_exit: bool,
    /// Whether the others hear a beep.
    pub beep: Beep,
    /// Whether its leg is recorded, from the answer on.
    pub recording: Option<RecordingOptions>,
    /// Whether the others hear it ring, and the network's announcements.
    pub early_media: bool,
    /// After how many seconds the carrier ends it.
    pub time_limit_seconds: Option<u32>,
}

/// Who is told what happens in a conference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConferenceCallback {
    /// Who.
    pub url: String,
    /// What; without any, that it starts and ends.
    pub topics: Vec<ConferenceTopic>,
}

/// How a leg is recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingOptions {
    /// The two sides mixed or apart.
    pub channels: RecordingChannels,
    /// Who is told when it is ready.
    pub status_callback: Option<String>,
}

/// What is to be changed about a participant. What is not said stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParticipantUpdate {
    /// Whether it is apart from the others: it hears what `hold_url` says, and nobody hears it.
    pub hold: Option<bool>,
    /// Who is asked, by POST, for the TwiML that a participant on hold hears; nothing said is the carrier's music.
    pub hold_url: Option<String>,
    /// Whether nobody hears it.
    pub muted: Option<bool>,
    /// Who hears it.
    pub coach: Option<Coach>,
    /// Who is asked for the TwiML that is read to this participant alone.
    pub announce_url: Option<String>,
    /// Whether the conference ends, for everybody, when it goes.
    pub end_conference_on_exit: Option<bool>,
}

/// Who hears a participant that is not muted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coach {
    /// Everybody.
    Nobody,
    /// That leg alone.
    Leg(CallSid),
}

/// How a participant is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParticipantKey<'a> {
    /// By its leg.
    Call(&'a CallSid),
    /// By our name for it.
    Label(&'a str),
}

impl Client {
    /// Rings somebody into the conference of that name; if none of that name is open, one is made.
    ///
    /// After an error that may have been carried out, look before asking again; see [`Client`].
    pub async fn add_participant(&self, conference_friendly_name: &str, new: &NewParticipant) -> Result<Participant, RestError> {
        self.change(&format!("Conferences/{}/Participants.json", segment(conference_friendly_name)), encode(new.pairs())).await
    }

    /// Those who are in the conference or on the way there. Who has left, or never answered, is not among them; nobody is
    /// once it is over.
    pub async fn participants(&self, conference: &ConferenceSid) -> Result<Listed<Participant>, RestError> {
        let path = format!("Conferences/{conference}/Participants.json?PageSize=100");
        Ok(self.read::<Page<Participant>>(&path).await?.into())
    }

    /// One of those. None does not mean that nobody was rung: the leg may be over.
    pub async fn participant(&self, conference: &ConferenceSid, key: ParticipantKey<'_>) -> Result<Option<Participant>, RestError> {
        self.find(&path(conference, key)).await
    }

    /// Changes a participant, and says how it is then: what the answer says is so, what was asked for may not be.
    pub async fn update_participant(
        &self,
        conference: &ConferenceSid,
        key: ParticipantKey<'_>,
        update: &ParticipantUpdate,
    ) -> Result<Participant, RestError> {
        self.change(&path(conference, key), encode(update.pairs())).await
    }

    /// Hangs up on a participant.
    pub async fn remove_participant(&self, conference: &ConferenceSid, key: ParticipantKey<'_>) -> Result<(), RestError> {
        self.delete(&path(conference, key)).await
    }
}

fn path(conference: &ConferenceSid, key: ParticipantKey<'_>) -> String {
    let key = match key {
        ParticipantKey::Call(sid) => sid.as_str(),
        ParticipantKey::Label(label) => label,
    };
    format!("Conferences/{conference}/Participants/{}.json", segment(key))
}

impl ParticipantUpdate {
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let Self { hold, hold_url, muted, coach, announce_url, end_conference_on_exit } = self;
        let mut pairs = Vec::new();
        pairs.extend(hold.map(|hold| ("Hold", hold.to_string())));
        if let Some(url) = hold_url {
            // The carrier would ask by GET.
            pairs.extend([("HoldUrl", url.clone()), ("HoldMethod", "POST".to_owned())]);
        }
        pairs.extend(muted.map(|muted| ("Muted", muted.to_string())));
        match coach {
            None => {}
            Some(Coach::Nobody) => pairs.push(("Coaching", "false".to_owned())),
            Some(Coach::Leg(sid)) => pairs.extend([("Coaching", "true".to_owned()), ("CallSidToCoach", sid.to_string())]),
        }
        pairs.extend(announce_url.iter().map(|url| ("AnnounceUrl", url.clone())));
        pairs.extend(end_conference_on_exit.map(|ends| ("EndConferenceOnExit", ends.to_string())));
        pairs
    }
}

impl NewParticipant {
    /// The form. Lists are the name, repeated.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = vec![
            ("From", self.from.as_str().to_owned()),
            ("To", self.to.as_str().to_owned()),
            ("Label", self.label.clone()),
            ("Timeout", self.timeout_seconds.to_string()),
            ("StatusCallback", self.status_callback.clone()),
            ("StartConferenceOnEnter", self.start_conference_on_enter.to_string()),
            ("EndConferenceOnExit", self.end_conference_on_exit.to_string()),
            ("Beep", self.beep.as_str().to_owned()),
            ("EarlyMedia", self.early_media.to_string()),
        ];
        pairs.extend(self.status_callback_events.iter().map(|event| ("StatusCallbackEvent", event.as_str().to_owned())));
        if let Some(callback) = &self.conference_status_callback {
            pairs.push(("ConferenceStatusCallback", callback.url.clone()));
            pairs.extend(callback.topics.iter().map(|topic| ("ConferenceStatusCallbackEvent", topic.as_str().to_owned())));
        }
        if let Some(recording) = &self.recording {
            pairs.push(("Record", "true".to_owned()));
            pairs.push(("RecordingChannels", recording.channels.as_str().to_owned()));
            if let Some(url) = &recording.status_callback {
                pairs.push(("RecordingStatusCallback", url.clone()));
                // Also that it has begun: without a choice only its end is told.
                pairs.extend(["in-progress", "completed", "absent"].map(|event| ("RecordingStatusCallbackEvent", event.to_owned())));
            }
        }
        pairs.extend(self.time_limit_seconds.map(|seconds| ("TimeLimit", seconds.to_string())));
        pairs
    }
}

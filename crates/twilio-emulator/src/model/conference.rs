//! One conference: who is in it, who is told, and how it ends.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Effect, Endpoint};
use crate::clock::rfc2822;
use crate::recordings::Asked;

/// Where a conference stands, in Twilio's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConferenceStatus {
    /// It has not started: it starts with two participants, one of whom may start it.
    Init,
    /// People hear each other.
    InProgress,
    /// Over.
    Completed,
}

impl ConferenceStatus {
    /// As Twilio writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
        }
    }
}

/// How a participant takes part.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "they are Twilio's own switches")]
pub struct Terms {
    /// The participant's own name within the conference.
    pub label: Option<String>,
    /// They are not heard.
    pub is_muted: bool,
    /// They neither hear nor are heard.
    pub is_held: bool,
    /// The conference may start with them.
    pub starts: bool,
    /// The conference ends with them.
    pub ends: bool,
    /// A tone when they come, and when they go.
    pub beeps: (bool, bool),
    /// Ringing is heard before they answer.
    pub early_media: bool,
    /// They hear everybody and are heard by this call alone.
    pub coaches: Option<String>,
    /// Asked for what they hear on hold; music of our own when there is none.
    pub hold_music: Option<Endpoint>,
    /// Asked for what they hear while they are alone before the start; nothing when there is none.
    pub wait_music: Option<Endpoint>,
    /// The conference is recorded, if nobody said before whether it is.
    pub conference_recording: Option<Asked>,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            label: None,
            is_muted: false,
            is_held: false,
            starts: true,
            ends: false,
            beeps: (true, true),
            early_media: true,
            coaches: None,
            hold_music: None,
            wait_music: None,
            conference_recording: None,
        }
    }
}

/// Who is told of what happens in a conference. The first participant that names somebody decides for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Where to.
    pub endpoint: Endpoint,
    /// Of what: `start`, `end`, `join`, `leave`, `mute`, `hold`, `modify`, `announcement`.
    pub events: Vec<String>,
}

/// Somebody in a conference, or on the way to it.
#[derive(Clone, Debug)]
pub struct Participant {
    /// Their call.
    pub call_sid: String,
    /// How they take part.
    pub terms: Terms,
    /// When they were added.
    pub created: DateTime<Utc>,
    /// When they came; none while they are still rung.
    pub joined: Option<DateTime<Utc>>,
}

/// Why somebody left, in Twilio's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The party put down the telephone.
    HungUp,
    /// The application ended the call, removed the participant, or gave the call other TwiML.
    ByApi,
    /// They never came.
    AddFailed,
    /// The application ended the conference.
    ConferenceEnded,
    /// Somebody with whom the conference ends has left.
    ModeratorEnded,
}

impl Left {
    fn word(self) -> &'static str {
        match self {
            Self::HungUp => "participant_hung_up",
            Self::ByApi => "participant_updated_via_api",
            Self::AddFailed => "participant_add_failed",
            Self::ConferenceEnded => "conference_ended_via_api",
            Self::ModeratorEnded => "moderator_ended_conference",
        }
    }
}

/// A conference, also after its end.
#[derive(Debug)]
pub struct Conference {
    /// `CF…`.
    pub sid: String,
    /// The name that the application gave it.
    pub name: String,
    /// Where it stands.
    pub status: ConferenceStatus,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// When anything changed.
    pub updated: DateTime<Utc>,
    /// Who is in it, or on the way.
    pub participants: Vec<Participant>,
    /// Who is told.
    pub audience: Option<Audience>,
    /// How it is recorded from its start on.
    pub recording: Option<Asked>,
    /// The number of the next message.
    pub sequence: u32,
    /// Why it ended, in Twilio's words.
    pub reason_ended: Option<&'static str>,
    /// The call with which it ended.
    pub call_ending: Option<String>,
}

impl Conference {
    /// A new one, that nobody is in.
    pub fn new(sid: String, name: &str, now: DateTime<Utc>) -> Self {
        Self {
            sid,
            name: name.to_owned(),
            status: ConferenceStatus::Init,
            created: now,
            updated: now,
            participants: Vec::new(),
            audience: None,
            recording: None,
            sequence: 1,
            reason_ended: None,
            call_ending: None,
        }
    }

    /// By call or by label.
    pub fn find(&self, call_or_label: &str) -> Option<usize> {
        let is = |participant: &Participant| {
            participant.call_sid == call_or_label || participant.terms.label.as_deref().is_some_and(|label| label == call_or_label)
        };
        self.participants.iter().position(is)
    }

    /// How many are there, not counting who is still rung.
    pub fn present(&self) -> usize {
        self.participants.iter().filter(|participant| participant.joined.is_some()).count()
    }

    /// Two are there, and one of them may start it.
    pub fn can_start(&self) -> bool {
        let mut present = self.participants.iter().filter(|participant| participant.joined.is_some());
        self.status == ConferenceStatus::Init && self.present() >= 2 && present.any(|participant| participant.terms.starts)
    }

    /// The message that `event` happened to `participant`, when somebody asked for it.
    pub fn tell_of(&mut self, account_sid: &str, event: &str, participant: &Participant, now: DateTime<Utc>) -> Option<Effect> {
        let flag = |value: bool| value.to_string();
        let terms = &participant.terms;
        let mut more = vec![
            ("CallSid", participant.call_sid.clone()),
            ("Muted", flag(terms.is_muted)),
            ("Hold", flag(terms.is_held)),
            ("Coaching", flag(terms.coaches.is_some())),
            ("EndConferenceOnExit", flag(terms.ends)),
            ("StartConferenceOnEnter", flag(terms.starts)),
        ];
        more.extend(terms.coaches.clone().map(|coached| ("CallSidToCoach", coached)));
        more.extend(terms.label.clone().map(|label| ("ParticipantLabel", label)));
        self.tell(account_sid, event, more, now)
    }

    /// The message that somebody left, and how their call stands.
    pub fn tell_of_leave(
        &mut self,
        account_sid: &str,
        participant: &Participant,
        why: Left,
        call_status: &str,
        now: DateTime<Utc>,
    ) -> Option<Effect> {
        let mut effect = self.tell_of(account_sid, "participant-leave", participant, now)?;
        if let Effect::Webhook { params, .. } = &mut effect {
            params.push(("ReasonParticipantLeft".to_owned(), why.word().to_owned()));
            params.push(("ParticipantCallStatus".to_owned(), call_status.to_owned()));
        }
        Some(effect)
    }

    /// The message that `event` happened, when somebody asked for it.
    pub fn tell(&mut self, account_sid: &str, event: &str, more: Vec<(&str, String)>, now: DateTime<Utc>) -> Option<Effect> {
        // `participant-unmute` is asked for by `mute`, `conference-end` by `end`, but both `announcement-…` by `announcement`.
        let asked = match event.split_once('-')? {
            (whole @ "announcement", _) => whole,
            (_, word) => word.trim_start_matches("un"),
        };
        let audience = self.audience.as_ref().filter(|audience| audience.events.iter().any(|known| known == asked))?;
        let endpoint = audience.endpoint.clone();
        let mut params = vec![
            ("AccountSid".to_owned(), account_sid.to_owned()),
            ("ConferenceSid".to_owned(), self.sid.clone()),
            ("FriendlyName".to_owned(), self.name.clone()),
            ("SequenceNumber".to_owned(), self.sequence.to_string()),
            ("StatusCallbackEvent".to_owned(), event.to_owned()),
            ("Timestamp".to_owned(), rfc2822(now)),
        ];
        params.extend(more.into_iter().map(|(name, value)| (name.to_owned(), value)));
        self.sequence += 1;
        Some(Effect::Webhook { queue: self.sid.clone(), endpoint, params })
    }
}

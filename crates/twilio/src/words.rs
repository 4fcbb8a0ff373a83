//! The carrier's words for states and choices.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Words that the carrier says to us. It may add to them on any day, so what is not known is kept and never an error.
macro_rules! heard {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)+
            /// A word that this crate does not know.
            Other(String),
        }

        impl $name {
            /// The carrier's word for it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl FromStr for $name {
            type Err = Infallible;

            fn from_str(word: &str) -> Result<Self, Infallible> {
                Ok(match word {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word.to_owned()),
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                let Ok(known) = word.parse();
                Ok(known)
            }
        }
    };
}

/// Words that we say to the carrier.
macro_rules! said {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$word_doc])* $variant,)+
        }

        impl $name {
            /// The carrier's word for it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}
pub(crate) use said;

heard! {
    /// How far a leg has come. Only forwards, but events of it arrive twice, late and out of order.
    CallStatus {
        /// Accepted, not yet sent on.
        Queued = "queued",
        /// Sent on to the network. Said in events alone.
        Initiated = "initiated",
        /// The other side is ringing.
        Ringing = "ringing",
        /// Answered and not over.
        InProgress = "in-progress",
        /// Was answered and is over.
        Completed = "completed",
        /// The other side was engaged, or refused.
        Busy = "busy",
        /// Nobody answered in time.
        NoAnswer = "no-answer",
        /// Ended by us before it was answered.
        Canceled = "canceled",
        /// Could not be rung.
        Failed = "failed",
    }
}

impl CallStatus {
    /// No other status follows.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Busy | Self::NoAnswer | Self::Canceled | Self::Failed)
    }
}

heard! {
    /// Which way a leg goes, and who made it.
    Direction {
        /// Somebody called us; also a browser's call, in events.
        Inbound = "inbound",
        /// Made by a request of ours.
        OutboundApi = "outbound-api",
        /// Made by a `<Dial>`.
        OutboundDial = "outbound-dial",
    }
}

heard! {
    /// Who answered, where that is looked for.
    AnsweredBy {
        /// A person.
        Human = "human",
        /// A machine, at its beginning.
        MachineStart = "machine_start",
        /// A machine, after its beep.
        MachineEndBeep = "machine_end_beep",
        /// A machine, after its greeting.
        MachineEndSilence = "machine_end_silence",
        /// A machine, for another reason.
        MachineEndOther = "machine_end_other",
        /// A fax.
        Fax = "fax",
        /// It could not be told.
        Unknown = "unknown",
    }
}

heard! {
    /// How far a participant has come.
    ParticipantStatus {
        /// Accepted, not yet sent on.
        Queued = "queued",
        /// Being connected.
        Connecting = "connecting",
        /// Being rung.
        Ringing = "ringing",
        /// In the conference.
        Connected = "connected",
        /// Has left.
        Complete = "complete",
        /// Could not be reached.
        Failed = "failed",
    }
}

heard! {
    /// How far a conference has come.
    ConferenceStatus {
        /// Somebody waits in it; nobody who starts it has come.
        Init = "init",
        /// Under way.
        InProgress = "in-progress",
        /// Over. The same name may be used again, and is another conference then.
        Completed = "completed",
    }
}

heard! {
    /// What has happened in a conference.
    ConferenceEventKind {
        /// It has started: two are in it, one of whom starts it.
        Start = "conference-start",
        /// It is over.
        End = "conference-end",
        /// Somebody has come in.
        Join = "participant-join",
        /// Somebody has left.
        Leave = "participant-leave",
        /// Somebody was muted.
        Mute = "participant-mute",
        /// Somebody can be heard again.
        Unmute = "participant-unmute",
        /// Somebody was put on hold.
        Hold = "participant-hold",
        /// Somebody was taken off hold.
        Unhold = "participant-unhold",
        /// Something else about a participant was changed.
        Modify = "participant-modify",
    }
}

heard! {
    /// Why a participant left.
    LeaveReason {
        /// It hung up.
        HungUp = "participant_hung_up",
        /// It was removed, or its leg changed, by a request of ours.
        UpdatedViaApi = "participant_updated_via_api",
        /// It never came in: nobody answered, or it could not be rung.
        AddFailed = "participant_add_failed",
        /// Somebody left whose going ends the conference.
        ModeratorEnded = "moderator_ended_conference",
        /// The conference was ended by a request of ours.
        EndedViaApi = "conference_ended_via_api",
    }
}

heard! {
    /// Why a conference ended.
    EndReason {
        /// By a request of ours.
        EndedViaApi = "conference-ended-via-api",
        /// The last one hung up.
        LastLeft = "last-participant-left",
        /// The last one was removed.
        LastKicked = "last-participant-kicked",
        /// Somebody hung up whose going ends it.
        ModeratorLeft = "participant-with-end-conference-on-exit-left",
        /// Somebody was removed whose going ends it.
        ModeratorKicked = "participant-with-end-conference-on-exit-kicked",
    }
}

heard! {
    /// How far a message has come. Only forwards, but events of it arrive twice, late and out of order.
    MessageStatus {
        /// Accepted, and not yet given to a sender.
        Accepted = "accepted",
        /// Waits for its turn.
        Queued = "queued",
        /// On its way to the network.
        Sending = "sending",
        /// With the network.
        Sent = "sent",
        /// With whoever was to get it.
        Delivered = "delivered",
        /// The network did not deliver it.
        Undelivered = "undelivered",
        /// The carrier did not send it.
        Failed = "failed",
        /// One to us, on its way.
        Receiving = "receiving",
        /// One to us.
        Received = "received",
    }
}

heard! {
    /// How far a recording has come.
    RecordingStatus {
        /// Being made.
        InProgress = "in-progress",
        /// Ready to be fetched.
        Completed = "completed",
        /// Nothing was recorded.
        Absent = "absent",
        /// Could not be made.
        Failed = "failed",
    }
}

said! {
    /// The moments of a leg that we may be told of; see [`CallStatus`] for what is said then.
    CallEvent {
        /// Sent on to the network.
        Initiated = "initiated",
        /// Ringing.
        Ringing = "ringing",
        /// Answered; the status is `in-progress` then.
        Answered = "answered",
        /// Over, in whichever way.
        Completed = "completed",
    }
}

said! {
    /// What we may be told of a conference; see [`ConferenceEventKind`] for what is said then.
    ConferenceTopic {
        /// It has started.
        Start = "start",
        /// It is over.
        End = "end",
        /// Somebody has come in.
        Join = "join",
        /// Somebody has left.
        Leave = "leave",
        /// Somebody was muted, or no longer.
        Mute = "mute",
        /// Somebody was put on hold, or no longer.
        Hold = "hold",
        /// Something else about a participant was changed.
        Modify = "modify",
    }
}

said! {
    /// Whether the others hear a beep. Without a choice they do: say [`Beep::Never`].
    Beep {
        /// When somebody comes and when somebody goes.
        Always = "true",
        /// Never.
        Never = "false",
        /// When somebody comes.
        OnEnter = "onEnter",
        /// When somebody goes.
        OnExit = "onExit",
    }
}

said! {
    /// How a recording keeps the two sides.
    RecordingChannels {
        /// Mixed.
        Mono = "mono",
        /// Each on a channel of its own.
        Dual = "dual",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_that_is_not_known_is_kept() {
        let status: CallStatus = serde_json::from_str(r#""parked""#).unwrap();
        assert_eq!(status, CallStatus::Other("parked".into()));
        assert_eq!(serde_json::to_string(&status).unwrap(), r#""parked""#);
        assert!(!status.is_final());
    }

    #[test]
    fn known_words_are_written_as_they_are_read() {
        for word in ["queued", "initiated", "ringing", "in-progress", "completed", "busy", "no-answer", "canceled", "failed"] {
            let Ok(status) = word.parse::<CallStatus>();
            assert!(!matches!(status, CallStatus::Other(_)), "{word}");
            assert_eq!(status.to_string(), word);
        }
    }
}

//! The history: every attempt to ring somebody, and what was said to have come of it.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, Utc};
use kernel::{AgentId, CallId, DecisionId, QueueKind, UserId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AttemptTransfer, CallEnd, CallState, Choice, Disposition};

/// Which attempts are wanted; nothing: all who rang somebody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AttemptFilter {
    /// The first day, London's: `2026-11-24`.
    pub from: Option<String>,
    /// The last day.
    pub until: Option<String>,
    /// Whose.
    pub agent_id: Option<AgentId>,
    /// From which queue.
    pub queue: Option<QueueKind>,
    /// With this outcome.
    pub disposition: Option<Disposition>,
    /// That ended so. Where that rang nobody, they are among them without being asked for.
    pub end: Option<CallEnd>,
    /// With whom.
    pub user_id: Option<UserId>,
    /// Calls that rang nobody, too.
    pub with_unrung: bool,
    /// Only of people who rang us.
    pub is_incoming: bool,
}

/// Where a page of the history begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// At the newest attempt.
    #[default]
    Newest,
    /// Right after this attempt.
    OlderThan(AttemptMark),
    /// So that it ends right before this attempt.
    NewerThan(AttemptMark),
}

/// One attempt as a place in the history. As text it stands in addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttemptMark {
    /// When its call was begun.
    pub at: DateTime<Utc>,
    /// The call, for those of the same moment.
    pub call: CallId,
}

/// What was given is no place in the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place in the history is a time in microseconds and a call's id, with a point between them")]
pub struct InvalidMark;

impl fmt::Display for AttemptMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.timestamp_micros(), self.call)
    }
}

impl FromStr for AttemptMark {
    type Err = InvalidMark;

    fn from_str(text: &str) -> Result<Self, InvalidMark> {
        let (micros, call) = text.split_once('.').ok_or(InvalidMark)?;
        let micros = micros.parse::<i64>().map_err(|_| InvalidMark)?;
        // No call was ever begun outside of these, and not every database knows them.
        let at = DateTime::from_timestamp_micros(micros).filter(|at| (1970..=9999).contains(&at.year())).ok_or(InvalidMark)?;
        Ok(Self { at, call: call.parse().map_err(|_| InvalidMark)? })
    }
}

impl Serialize for AttemptMark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for AttemptMark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One page of the history, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptPage {
    /// The attempts.
    pub attempts: Vec<Attempt>,
    /// Before this one there are newer ones; none: it begins with the newest.
    pub newer: Option<AttemptMark>,
    /// After this one there are older ones; none: it ends with the oldest.
    pub older: Option<AttemptMark>,
}

/// What the history can be narrowed to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptChoices {
    /// Everybody who ever had an account, by name.
    pub agents: Vec<(AgentId, String)>,
    /// The outcomes with their labels, in the order of the catalogue.
    pub outcomes: Vec<(Disposition, String)>,
}

/// A moment as it is told, and in full.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// `today 14:05`.
    pub short: String,
    /// `Tuesday 24 November 2026, 14:05:12`, London's.
    pub full: String,
}

/// One attempt: a call with whatever came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The call.
    pub id: CallId,
    /// When it was begun.
    pub at: Told,
    /// With whom; none: they rang us, and nobody said who they were.
    pub user_id: Option<UserId>,
    /// Their name, as it was then.
    pub user_name: String,
    /// The number that was rung, as people write it; none: nobody was. Of a call that came in, the one that it came from.
    pub number: Option<String>,
    /// Whose call it was.
    pub agent_id: AgentId,
    /// The agent's name; those before them first, where the call was handed over.
    pub agent: String,
    /// The queue that the person came from; none: they rang us.
    pub queue: Option<QueueKind>,
    /// They rang us.
    pub is_incoming: bool,
    /// Where it stands.
    pub state: CallState,
    /// How it ended.
    pub end: Option<CallEnd>,
    /// Why nobody was rung, in words, where there is more to say than how it ended.
    pub end_words: Option<String>,
    /// It was found at the last moment that the call is not needed.
    pub is_saved_call: bool,
    /// For how long it rang; none when it did not, or does still.
    pub ring_seconds: Option<i64>,
    /// For how long they talked; none when nobody answered, or they do still.
    pub talk_seconds: Option<i64>,
    /// What was recorded; none: nothing yet.
    pub outcome: Option<RecordedOutcome>,
    /// The note, verbatim.
    pub notes: String,
    /// The decision on which the person was rung.
    pub decision_id: Option<DecisionId>,
    /// What was recorded before, the oldest first.
    pub superseded: Vec<SupersededOutcome>,
}

/// What was recorded of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedOutcome {
    /// What.
    pub disposition: Disposition,
    /// As the catalogue calls it.
    pub label: String,
    /// A human answered.
    pub is_reached: bool,
    /// By whom; none: by the system.
    pub by: Option<String>,
    /// When.
    pub at: Told,
    /// When a call was promised for.
    pub callback_at: Option<Told>,
}

/// What was recorded of a call until somebody put it right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupersededOutcome {
    /// As the catalogue calls it.
    pub label: String,
    /// The note then, verbatim.
    pub notes: String,
    /// By whom; none: by the system.
    pub by: Option<String>,
    /// When.
    pub at: Told,
    /// Who put it right; none: it was not kept.
    pub superseded_by: Option<String>,
    /// When.
    pub superseded_at: Told,
    /// Why; none where only the system had spoken.
    pub because: Option<String>,
}

/// One attempt with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptDetail {
    /// The attempt.
    pub attempt: Attempt,
    /// Its legs, the first first.
    pub legs: Vec<Leg>,
    /// What the carrier said, in the order in which it came.
    pub events: Vec<LoggedEvent>,
    /// What there is of its sound; none: nobody talked, or nothing was heard of a recording yet.
    pub recording: Option<AttemptRecording>,
    /// That the person was told of the recording; none: nobody talked, or nobody was asked for it then.
    pub notice: Option<ToldNotice>,
    /// Whoever asked may put right what was recorded.
    pub may_correct: bool,
    /// To whom it was handed over, or was to be, the first first.
    pub transfers: Vec<AttemptTransfer>,
}

/// Whether the person was told that the call is recorded (compliance, C10).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldNotice {
    /// The words there were to say.
    pub words: String,
    /// When the call's agent ticked that they were said; none: they did not.
    pub given_at: Option<Told>,
}

/// The recording of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptRecording {
    /// How long it is, by the carrier.
    pub seconds: Option<i32>,
    /// It is kept by us, and whoever asked may listen to it at `/api/calls/recording/` and the call's id.
    pub may_listen: bool,
    /// Why there is nothing to listen to, in a sentence; empty when there is.
    pub words: String,
}

/// One party's connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leg {
    /// Whose: `agent`, `person`, `supervisor`, `former_agent`.
    pub party: String,
    /// The carrier's own id.
    pub sid: String,
    /// `14:05:12`.
    pub created: String,
    /// The same of its end.
    pub ended: Option<String>,
    /// The carrier's last word of it.
    pub status: Option<String>,
    /// How long it was, by the carrier.
    pub seconds: Option<i32>,
}

/// Something that the carrier said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedEvent {
    /// When it was heard: `14:05:12`.
    pub at: String,
    /// Of what it told: `voice`, `conference`, `leg`.
    pub source: String,
    /// Whose leg it was about; none when that is not one of the call's.
    pub party: Option<String>,
    /// What.
    pub name: String,
    /// Its number among those of its source.
    pub sequence: i32,
}

/// What somebody who puts an outcome right chooses from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correctable {
    /// What is recorded now.
    pub standing: Disposition,
    /// The note that stands, verbatim.
    pub notes: String,
    /// What can be chosen, with what would follow, in the order of the screen.
    pub choices: Vec<Choice>,
}

/// What puts an outcome right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correction {
    /// What stood on the screen: refused when it is another by now.
    pub instead_of: Disposition,
    /// What is true.
    pub disposition: Disposition,
    /// Verbatim; none: the note that stands.
    pub notes: Option<String>,
    /// A promise, London's wall time: `2026-11-24T14:30`.
    pub callback_at: Option<String>,
    /// They asked to be rung then whether or not anything is still pending.
    pub asked_regardless: bool,
    /// Why it is put right.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_history_reads_as_it_was_written_to_the_microsecond() {
        let mark = AttemptMark {
            at: "2026-11-24T10:30:00.123456Z".parse().unwrap(),
            call: "019abcde-0123-7abc-8def-0123456789ab".parse().unwrap(),
        };
        assert_eq!(mark.to_string(), "1795516200123456.019abcde-0123-7abc-8def-0123456789ab");
        assert_eq!(mark.to_string().parse(), Ok(mark));
        let json = serde_json::to_string(&Place::OlderThan(mark)).unwrap();
        assert_eq!(json, r#"{"older_than":"1795516200123456.019abcde-0123-7abc-8def-0123456789ab"}"#);
        assert_eq!(serde_json::from_str::<Place>(&json).unwrap(), Place::OlderThan(mark));
        for micros in ["", "x", "-1", "9223372036854775807", "300000000000000000"] {
            assert_eq!(format!("{micros}.{}", mark.call).parse::<AttemptMark>(), Err(InvalidMark), "{micros}");
        }
        for wrong in ["", "7", "7.", "7.x"] {
            assert_eq!(wrong.parse::<AttemptMark>(), Err(InvalidMark), "{wrong}");
        }
    }
}

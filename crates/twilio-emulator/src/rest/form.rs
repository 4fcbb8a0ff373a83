//! Form fields of a request. What is not asked for is ignored, as Twilio does.

use std::sync::Arc;
use std::time::Duration;

use super::RestFault;
use crate::life::Detection;
use crate::media::{Layout, Track};
use crate::model::{Audience, CallEvent, Coaching, Endpoint, Progress};
use crate::recordings::{self, Asked};

/// The fields of a form or a query, in their order.
#[derive(Clone, Debug, Default)]
pub struct Form(pub Arc<[(String, String)]>);

impl Form {
    /// From `a=1&b=2`.
    pub fn parse(bytes: &[u8]) -> Self {
        Self(form_urlencoded::parse(bytes).into_owned().collect())
    }

    /// The first field of that name that is not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A field that has to be there.
    pub fn required(&self, name: &str, code: u32, message: &str) -> Result<&str, RestFault> {
        self.get(name).ok_or_else(|| RestFault::bad(code, message))
    }

    /// True or false; anything else than `true` is false, as Twilio has it.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value.eq_ignore_ascii_case("true"))
    }

    /// A number.
    pub fn number(&self, name: &str) -> Result<Option<u64>, RestFault> {
        let parse = |value: &str| value.parse().map_err(|_| RestFault::bad(20_001, format!("Parameter {name} is not a number")));
        self.get(name).map(parse).transpose()
    }

    /// Every word of every field of that name: events come apart by spaces, or as repeated fields.
    pub fn words(&self, name: &str) -> Vec<String> {
        let fields = self.0.iter().filter(|(known, _)| known == name);
        fields.flat_map(|(_, value)| value.split_whitespace()).map(str::to_owned).collect()
    }

    /// An address and its method, `POST` when nothing is said.
    pub fn endpoint(&self, name: &str) -> Option<Endpoint> {
        self.endpoint_by(name, &format!("{name}Method"), "POST")
    }

    /// An address and its method, which has a name of its own.
    pub fn endpoint_by(&self, name: &str, method: &str, usual: &str) -> Option<Endpoint> {
        let is_get = self.get(method).unwrap_or(usual).eq_ignore_ascii_case("get");
        self.get(name).map(|url| Endpoint { url: url.to_owned(), is_get })
    }

    /// Whom a coach is heard by; none when nothing is said of it.
    pub fn coaching(&self) -> Result<Option<Coaching>, RestFault> {
        match (self.flag("Coaching"), self.get("CallSidToCoach")) {
            (Some(false), _) => Ok(Some(Coaching::Nobody)),
            (Some(true), None) => Err(RestFault::bad(20_001, "CallSidToCoach is required when Coaching is true")),
            (None, None) => Ok(None),
            (_, Some(call)) => Ok(Some(Coaching::Of(call.to_owned()))),
        }
    }

    /// Who is told of a call's steps; of its end alone when no steps are named.
    pub fn progress(&self) -> Option<Progress> {
        let mut events: Vec<_> = self.words("StatusCallbackEvent").iter().filter_map(|word| CallEvent::parse(word)).collect();
        if events.is_empty() {
            events.push(CallEvent::Completed);
        }
        self.endpoint("StatusCallback").map(|endpoint| Progress { endpoint, events, sequence: 0 })
    }

    /// Who is told of a conference.
    pub fn audience(&self) -> Option<Audience> {
        let events = self.words("ConferenceStatusCallbackEvent");
        self.endpoint("ConferenceStatusCallback").map(|endpoint| Audience { endpoint, events })
    }

    /// How the call is to be recorded.
    pub fn recording(&self) -> Option<Asked> {
        let is_dual = recordings::is_dual(self.get("Record")?)?;
        Some(self.asked(is_dual, "OutboundAPI", "RecordingStatusCallback"))
    }

    /// How the conference is to be recorded, which is always as one channel.
    pub fn conference_recording(&self) -> Option<Asked> {
        recordings::is_dual(self.get("ConferenceRecord")?)?;
        let mut asked = self.asked(false, "Conference", "ConferenceRecordingStatusCallback");
        asked.layout = Layout { is_dual: false, track: Track::Both };
        Some(asked)
    }

    /// How something is to be recorded, by the rest of a form.
    pub fn asked(&self, is_dual: bool, source: &'static str, callback: &str) -> Asked {
        let is_dual = is_dual || self.get("RecordingChannels").is_some_and(|channels| channels.eq_ignore_ascii_case("dual"));
        let mut events = self.words(&format!("{callback}Event"));
        if events.is_empty() {
            events.push("completed".to_owned());
        }
        let layout = Layout { is_dual, track: recordings::track(self.get("RecordingTrack")) };
        Asked { layout, source, callback: self.endpoint(callback), events }
    }

    /// How long a call may ring: 5 to 600 s, 60 when nothing is said.
    pub fn ring_limit(&self) -> Result<Duration, RestFault> {
        Ok(Duration::from_secs(self.number("Timeout")?.unwrap_or(60).clamp(5, 600)))
    }

    /// How long a call may last, 4 h when nothing is said.
    pub fn time_limit(&self) -> Result<Duration, RestFault> {
        Ok(Duration::from_secs(self.number("TimeLimit")?.unwrap_or(14_400).clamp(1, 86_400)))
    }

    /// Whether it is asked who answers; and who is told.
    pub fn detection(&self) -> Option<Detection> {
        let endpoint = || self.endpoint("AmdStatusCallback").or_else(|| self.endpoint("AsyncAmdStatusCallback"));
        self.get("MachineDetection").map(|_| Detection { endpoint: endpoint() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_apart_by_spaces_or_as_repeated_fields() {
        let spaced = Form::parse(b"StatusCallback=http%3A%2F%2Fx%2F&StatusCallbackEvent=initiated+ringing+answered");
        let repeated = Form::parse(b"StatusCallback=http%3A%2F%2Fx%2F&StatusCallbackEvent=initiated&StatusCallbackEvent=ringing+answered");
        let expected = [CallEvent::Initiated, CallEvent::Ringing, CallEvent::Answered];

        assert_eq!(spaced.progress().unwrap().events, expected);
        assert_eq!(repeated.progress().unwrap().events, expected);
        let silent = Form::parse(b"StatusCallback=http%3A%2F%2Fx%2F").progress().unwrap();
        assert_eq!((silent.events, silent.endpoint), (vec![CallEvent::Completed], Endpoint::post("http://x/")));
        assert!(Form::parse(b"StatusCallbackEvent=ringing").progress().is_none());
    }

    #[test]
    fn fields_are_read_with_twilios_limits() {
        let form = Form::parse(b"Timeout=2&Muted=TRUE&Hold=yes&Label=&TimeLimit=x");
        assert_eq!(form.ring_limit(), Ok(Duration::from_secs(5)));
        assert_eq!((form.flag("Muted"), form.flag("Hold"), form.flag("Beep")), (Some(true), Some(false), None));
        assert_eq!(form.get("Label"), None);
        assert_eq!(form.time_limit().unwrap_err().code, 20_001);
        let get = |text: &str| Form::parse(text.as_bytes()).endpoint_by("HoldUrl", "HoldMethod", "GET").unwrap().is_get;
        assert!(get("HoldUrl=http://x/") && !get("HoldUrl=http://x/&HoldMethod=POST"));
    }

    #[test]
    fn a_recording_is_asked_for_in_twilios_words() {
        let layout = |text: &str| Form::parse(text.as_bytes()).recording().map(|asked| asked.layout);
        let of = |is_dual, track| Some(Layout { is_dual, track });
        assert_eq!(layout("Record=true"), of(false, Track::Both));
        assert_eq!(layout("Record=true&RecordingChannels=dual&RecordingTrack=inbound"), of(true, Track::Inbound));
        assert_eq!(layout("Record=record-from-answer-dual"), of(true, Track::Both));
        assert_eq!((layout("Record=false&RecordingChannels=dual"), layout("RecordingChannels=dual")), (None, None));
        let text =
            "Record=true&RecordingStatusCallback=http://x/&RecordingStatusCallbackMethod=GET&RecordingStatusCallbackEvent=absent+failed";
        let asked = Form::parse(text.as_bytes()).recording().unwrap();
        assert_eq!((asked.callback.unwrap().is_get, asked.events), (true, vec!["absent".to_owned(), "failed".to_owned()]));
        let asked = Form::parse(b"ConferenceRecord=record-from-start&RecordingChannels=dual").conference_recording().unwrap();
        assert_eq!((asked.layout.is_dual, asked.source, asked.events), (false, "Conference", vec!["completed".to_owned()]));
    }

    #[test]
    fn a_coach_names_the_call_or_is_none() {
        let coaching = |text: &str| Form::parse(text.as_bytes()).coaching();
        let of = Ok(Some(Coaching::Of("CA1".to_owned())));
        assert_eq!(coaching("CallSidToCoach=CA1"), of);
        assert_eq!(coaching("Coaching=true&CallSidToCoach=CA1"), of);
        assert_eq!(coaching("Coaching=false&CallSidToCoach=CA1"), Ok(Some(Coaching::Nobody)));
        assert_eq!(coaching("Muted=true"), Ok(None));
        assert!(coaching("Coaching=true").is_err());
    }
}

//! TwiML: what an application answers when it is asked what to do with a call.

mod xml;

use std::time::Duration;

use self::xml::Element;
use crate::media::Layout;
use crate::model::Endpoint;
use crate::recordings::{self, Asked};

/// Something that is heard, or a wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sound {
    /// Words, so many times. A prepared prompt is played instead of them.
    Say { words: String, times: u32 },
    /// What is at an address, so many times.
    Play { url: String, times: u32 },
    /// Keys.
    Keys(String),
    /// Silence.
    Pause(Duration),
}

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Let something be heard.
    Sound(Sound),
    /// Follow another document instead.
    Redirect(Endpoint),
    /// End the call.
    Hangup,
    /// Do not answer the call. True: as if the line were busy.
    Reject(bool),
    /// Go into a conference until it is over.
    Conference(Box<Dial>),
}

/// `<Dial><Conference>`, with what was asked for in both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dial {
    /// The conference's name.
    pub name: String,
    /// Where to ask for more TwiML afterwards.
    pub action: Option<String>,
    /// The caller hears ringing until the conference starts.
    pub answer_on_bridge: bool,
    /// `beep`: true, false, onEnter, onExit.
    pub beep: Option<String>,
    pub starts: Option<bool>,
    pub ends: Option<bool>,
    pub is_muted: bool,
    /// The call that alone hears this one.
    pub coaches: Option<String>,
    pub label: Option<String>,
    pub max_participants: Option<usize>,
    pub status_callback: Option<String>,
    pub is_get: bool,
    /// Words apart by spaces.
    pub events: String,
    /// How the conference is recorded.
    pub recording: Option<Asked>,
}

/// Why a document cannot be followed; the text is for the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFault {
    /// Twilio's number: 12100 for what is not XML, 12200 for what is not TwiML.
    pub code: u32,
    pub message: String,
}

fn not_twiml(message: impl Into<String>) -> DocumentFault {
    DocumentFault { code: 12200, message: message.into() }
}

/// Reads a document into its instructions. A document that has a verb we do not know is refused as a whole.
pub fn parse(xml: &str) -> Result<Vec<Verb>, DocumentFault> {
    let root = xml::read(xml)?;
    if root.name != "Response" {
        return Err(not_twiml(format!("the root is <{}>, not <Response>", root.name)));
    }
    root.children.iter().map(verb).collect()
}

fn verb(element: &Element) -> Result<Verb, DocumentFault> {
    Ok(match element.name.as_str() {
        "Say" | "Play" | "Pause" => Verb::Sound(sound(element)?),
        "Redirect" => Verb::Redirect(Endpoint { url: element.text.trim().to_owned(), is_get: element.is_get("method") }),
        "Hangup" => Verb::Hangup,
        "Reject" => Verb::Reject(element.get("reason").is_some_and(|reason| reason == "busy")),
        "Dial" => dial(element)?,
        other => return Err(not_twiml(format!("<{other}> is not emulated"))),
    })
}

fn sound(element: &Element) -> Result<Sound, DocumentFault> {
    let number = |name: &str, usual: u32| {
        let value = element.get(name).filter(|value| !value.is_empty()).map_or(Ok(usual), |value| value.parse());
        value.map_err(|_| not_twiml(format!("<{}> has a {name} that is no number", element.name)))
    };
    let text = element.text.trim().to_owned();
    Ok(match element.name.as_str() {
        "Pause" => Sound::Pause(Duration::from_secs(number("length", 1)?.into())),
        name => {
            // Again and again is a thousand times, as Twilio has it.
            let times = Some(number("loop", 1)?).filter(|times| *times > 0).unwrap_or(1_000);
            match element.get("digits") {
                _ if name == "Say" => Sound::Say { words: text, times },
                Some(digits) => Sound::Keys(digits),
                None => Sound::Play { url: text, times },
            }
        }
    })
}

fn dial(element: &Element) -> Result<Verb, DocumentFault> {
    let [conference] = element.children.as_slice() else {
        return Err(not_twiml("of <Dial> only one <Conference> is emulated"));
    };
    if conference.name != "Conference" {
        return Err(not_twiml(format!("<Dial><{}> is not emulated", conference.name)));
    }
    let name = conference.text.trim().to_owned();
    if name.is_empty() {
        return Err(not_twiml("<Conference> has no name"));
    }
    Ok(Verb::Conference(Box::new(Dial {
        name,
        action: element.get("action"),
        answer_on_bridge: element.flag("answerOnBridge").unwrap_or_default(),
        beep: conference.get("beep"),
        starts: conference.flag("startConferenceOnEnter"),
        ends: conference.flag("endConferenceOnExit"),
        is_muted: conference.flag("muted").unwrap_or_default(),
        coaches: conference.get("coach").filter(|call| !call.is_empty()),
        label: conference.get("participantLabel"),
        max_participants: conference.get("maxParticipants").and_then(|most| most.parse().ok()),
        status_callback: conference.get("statusCallback").filter(|url| !url.is_empty()),
        is_get: conference.is_get("statusCallbackMethod"),
        events: conference.get("statusCallbackEvent").unwrap_or_default(),
        recording: conference.get("record").and_then(|word| recordings::is_dual(&word)).map(|_| asked(conference, false, "Conference")),
    })))
}

/// How something is to be recorded, by the attributes of what asks for it.
fn asked(element: &Element, is_dual: bool, source: &'static str) -> Asked {
    let url = element.get("recordingStatusCallback").filter(|url| !url.is_empty());
    let callback = url.map(|url| Endpoint { url, is_get: element.is_get("recordingStatusCallbackMethod") });
    let events = element.get("recordingStatusCallbackEvent").unwrap_or_else(|| "completed".to_owned());
    let layout = Layout { is_dual, track: recordings::track(element.get("recordingTrack").as_deref()) };
    Asked { layout, source, callback, events: events.split_whitespace().map(str::to_owned).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conference_is_read_with_all_that_was_asked_for() {
        let xml = r#"<?xml version="1.0" encoding="UTF-8"?>
            <Response>
              <Dial action="http://localhost/after?a=1&amp;b=2">
                <Conference beep="false" startConferenceOnEnter="true" endConferenceOnExit="false" waitUrl=""
                  statusCallback="http://localhost/c?x=1&amp;y=2" statusCallbackEvent="start end join leave"
                  participantLabel="agent" maxParticipants="3">call-&amp;-7</Conference>
              </Dial>
            </Response>"#;
        let expected = Dial {
            name: "call-&-7".to_owned(),
            action: Some("http://localhost/after?a=1&b=2".to_owned()),
            beep: Some("false".to_owned()),
            starts: Some(true),
            ends: Some(false),
            label: Some("agent".to_owned()),
            max_participants: Some(3),
            status_callback: Some("http://localhost/c?x=1&y=2".to_owned()),
            events: "start end join leave".to_owned(),
            ..Dial::default()
        };
        assert_eq!(parse(xml), Ok(vec![Verb::Conference(Box::new(expected))]));
    }

    #[test]
    fn verbs_come_in_their_order() {
        let xml = "<Response><Pause length='2'/><Say voice='x'>Hello &lt;you&gt;</Say><Play>http://x/y.mp3</Play><Hangup/></Response>";
        let expected = vec![
            Verb::Sound(Sound::Pause(Duration::from_secs(2))),
            Verb::Sound(Sound::Say { words: "Hello <you>".to_owned(), times: 1 }),
            Verb::Sound(Sound::Play { url: "http://x/y.mp3".to_owned(), times: 1 }),
            Verb::Hangup,
        ];
        assert_eq!(parse(xml), Ok(expected));
        assert_eq!(parse("<Response/>"), Ok(vec![]));
        assert_eq!(parse("<Response><Reject reason=\"busy\"/></Response>"), Ok(vec![Verb::Reject(true)]));
    }

    #[test]
    fn sounds_are_heard_as_often_as_they_say() {
        let sounds = "<Response><Play loop='3'>a.wav</Play><Say loop='0'>b</Say><Play digits='ww12'/><Redirect method='GET'>/next</Redirect></Response>";
        let expected = vec![
            Verb::Sound(Sound::Play { url: "a.wav".to_owned(), times: 3 }),
            Verb::Sound(Sound::Say { words: "b".to_owned(), times: 1_000 }),
            Verb::Sound(Sound::Keys("ww12".to_owned())),
            Verb::Redirect(Endpoint { url: "/next".to_owned(), is_get: true }),
        ];
        assert_eq!(parse(sounds), Ok(expected));
        assert_eq!(parse("<Response><Play loop='often'>a.wav</Play></Response>").unwrap_err().code, 12_200);
    }

    #[test]
    fn what_cannot_be_followed_is_refused_as_a_whole() {
        for (xml, code) in [
            ("", 12100),
            ("not XML", 12100),
            ("<Response><Say>Hello</Response>", 12100),
            ("<Response>", 12100),
            ("<Response/><Response/>", 12100),
            ("<Answer/>", 12200),
            ("<Response><Say>Hello</Say><Dance/></Response>", 12200),
            ("<Response><Dial><Number>1</Number></Dial></Response>", 12200),
            ("<Response><Dial><Conference/></Dial></Response>", 12200),
        ] {
            assert_eq!(parse(xml).map_err(|fault| fault.code), Err(code), "{xml}");
        }
    }
}

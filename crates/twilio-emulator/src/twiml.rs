//! TwiML: what an application answers when it is asked what to do with a call.

mod dial;
mod message;
mod xml;

use std::time::Duration;

pub use self::dial::{Callee, Conference, Dial, QueueNoun, Whom};
pub use self::message::messages;
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
    /// Talk with others until that is over.
    Dial(Box<Dial>),
    /// Wait for keys.
    Gather(Box<Gather>),
    /// Let the party leave a message.
    Record(Box<Record>),
    /// Wait in a queue.
    Enqueue(Box<Enqueue>),
    /// Wait in a queue no longer.
    Leave,
}

/// `<Gather>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gather {
    /// Where to ask for more TwiML afterwards.
    pub action: Option<Endpoint>,
    /// After so many keys it is over.
    pub most: Option<usize>,
    /// After one of these keys it is over.
    pub finishes_on: String,
    /// How long the next key is waited for.
    pub timeout: Duration,
    /// What is heard meanwhile.
    pub sounds: Vec<Sound>,
    /// Asks afterwards also when no key was pressed.
    pub asks_anyway: bool,
}

/// `<Record>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where to ask for more TwiML afterwards.
    pub action: Option<Endpoint>,
    /// How long it may be.
    pub longest: Duration,
    /// After so much silence it is over.
    pub timeout: Duration,
    /// After one of these keys it is over.
    pub finishes_on: String,
    /// A tone to speak after.
    pub beeps: bool,
    /// Who is told when it is ready.
    pub asked: Asked,
}

/// `<Enqueue>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enqueue {
    /// The queue's name.
    pub name: String,
    /// Where to ask for more TwiML afterwards.
    pub action: Option<Endpoint>,
    /// Asked for what is heard meanwhile; music of our own when there is none.
    pub wait: Option<Endpoint>,
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
        "Dial" => dial::read(element)?,
        "Gather" => gather(element)?,
        "Record" => record(element)?,
        "Enqueue" => enqueue(element)?,
        "Leave" => Verb::Leave,
        other => return Err(not_twiml(format!("<{other}> is not emulated"))),
    })
}

fn sound(element: &Element) -> Result<Sound, DocumentFault> {
    let number = |name: &str, usual: u32| {
        let value = element.get(name).filter(|value| !value.is_empty()).map_or(Ok(usual), |value| value.parse());
        value.map_err(|_| not_twiml(format!("<{}> has a {name} that is no number", element.name)))
    };
    let text = element.text.trim().to_owned();
    if !["Say", "Play", "Pause"].contains(&element.name.as_str()) {
        return Err(not_twiml(format!("<{}> is no sound", element.name)));
    }
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

/// The address in an attribute, and the method in another; `POST` when nothing is said.
fn endpoint(element: &Element, name: &str, method: &str) -> Option<Endpoint> {
    element.get(name).map(|url| Endpoint { url, is_get: element.is_get(method) })
}

/// A length in seconds.
fn seconds(element: &Element, name: &str, usual: u64) -> Result<Duration, DocumentFault> {
    let value = element.get(name).filter(|value| !value.is_empty()).map_or(Ok(usual), |value| value.parse());
    let value = value.map_err(|_| not_twiml(format!("<{}> has a {name} that is no number", element.name)))?;
    Ok(Duration::from_secs(value))
}

fn gather(element: &Element) -> Result<Verb, DocumentFault> {
    if element.get("input").is_some_and(|input| !input.split_whitespace().any(|word| word == "dtmf")) {
        return Err(not_twiml("<Gather> without dtmf is not emulated"));
    }
    Ok(Verb::Gather(Box::new(Gather {
        action: endpoint(element, "action", "method"),
        most: element.get("numDigits").and_then(|most| most.parse().ok()),
        finishes_on: element.get("finishOnKey").unwrap_or_else(|| "#".to_owned()),
        timeout: seconds(element, "timeout", 5)?,
        sounds: element.children.iter().map(sound).collect::<Result<_, _>>()?,
        asks_anyway: element.flag("actionOnEmptyResult").unwrap_or(false),
    })))
}

fn record(element: &Element) -> Result<Verb, DocumentFault> {
    Ok(Verb::Record(Box::new(Record {
        action: endpoint(element, "action", "method"),
        longest: seconds(element, "maxLength", 3_600)?,
        timeout: seconds(element, "timeout", 5)?,
        finishes_on: element.get("finishOnKey").unwrap_or_else(|| "1234567890*#".to_owned()),
        beeps: element.flag("playBeep").unwrap_or(true),
        asked: asked(element, false, "RecordVerb"),
    })))
}

fn enqueue(element: &Element) -> Result<Verb, DocumentFault> {
    let name = element.text.trim().to_owned();
    if name.is_empty() {
        return Err(not_twiml("<Enqueue> without a name is not emulated"));
    }
    let wait = endpoint(element, "waitUrl", "waitUrlMethod").filter(|wait| !wait.url.is_empty());
    Ok(Verb::Enqueue(Box::new(Enqueue { name, action: endpoint(element, "action", "method"), wait })))
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
        let conference = Conference {
            name: "call-&-7".to_owned(),
            beep: Some("false".to_owned()),
            starts: Some(true),
            ends: Some(false),
            label: Some("agent".to_owned()),
            max_participants: Some(3),
            status_callback: Some(Endpoint::post("http://localhost/c?x=1&y=2")),
            events: "start end join leave".to_owned(),
            ..Conference::default()
        };
        let expected = Dial {
            action: Some(Endpoint::post("http://localhost/after?a=1&b=2")),
            answers_on_bridge: false,
            timeout: Duration::from_secs(30),
            time_limit: Duration::from_hours(4),
            caller_id: None,
            recording: None,
            whom: Whom::Conference(Box::new(conference)),
        };
        assert_eq!(parse(xml), Ok(vec![Verb::Dial(Box::new(expected))]));
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
    fn keys_messages_and_queues_are_read_with_twilios_usual_values() {
        let xml = "<Response><Gather numDigits='1' action='/keys'><Say>Press</Say><Pause/></Gather>
            <Record/><Enqueue waitUrl='/w'>q</Enqueue><Leave/></Response>";
        let [Verb::Gather(gather), Verb::Record(record), Verb::Enqueue(enqueue), Verb::Leave] = &parse(xml).unwrap()[..] else { panic!() };
        assert_eq!((gather.most, gather.finishes_on.as_str(), gather.timeout), (Some(1), "#", Duration::from_secs(5)));
        assert_eq!((gather.sounds.len(), &gather.action), (2, &Some(Endpoint::post("/keys"))));
        assert_eq!((record.longest, record.timeout, record.beeps), (Duration::from_hours(1), Duration::from_secs(5), true));
        assert_eq!((record.finishes_on.as_str(), record.asked.source), ("1234567890*#", "RecordVerb"));
        assert_eq!((enqueue.name.as_str(), &enqueue.wait), ("q", &Some(Endpoint::post("/w"))));
    }

    #[test]
    fn numbers_and_clients_are_rung_at_once() {
        let xml = "<Response><Dial timeout='9' callerId='+1' record='record-from-answer-dual' answerOnBridge='true'>
            <Number statusCallback='/s' statusCallbackEvent='ringing answered'>+447700900001</Number>
            <Client>agent</Client><Client><Identity>other</Identity><Parameter name='a' value='1'/></Client></Dial></Response>";
        let [Verb::Dial(dial)] = &parse(xml).unwrap()[..] else { panic!() };
        assert_eq!((dial.timeout, dial.caller_id.as_deref(), dial.answers_on_bridge), (Duration::from_secs(9), Some("+1"), true));
        assert!(dial.recording.as_ref().is_some_and(|asked| asked.layout.is_dual && asked.source == "DialVerb"));
        let Whom::Parties(parties) = &dial.whom else { panic!() };
        let Callee::Number { number, progress: Some(progress), .. } = &parties[0] else { panic!() };
        assert_eq!((number.as_str(), progress.events.len()), ("+447700900001", 2));
        let Callee::Client { identity, params, .. } = &parties[2] else { panic!() };
        assert_eq!((identity.as_str(), &params[..]), ("other", &[("a".to_owned(), "1".to_owned())][..]));
        let plain = parse("<Response><Dial>+447700900001</Dial></Response>").unwrap();
        let [Verb::Dial(dial)] = &plain[..] else { panic!() };
        assert!(matches!(&dial.whom, Whom::Parties(parties) if parties.len() == 1));
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
            ("<Response><Dial><Sip>sip:a@b</Sip></Dial></Response>", 12200),
            ("<Response><Dial><Number>+1</Number><Conference>a</Conference></Dial></Response>", 12200),
            ("<Response><Dial/></Response>", 12200),
            ("<Response><Gather><Dial>+1</Dial></Gather></Response>", 12200),
            ("<Response><Gather input='speech'/></Response>", 12200),
            ("<Response><Enqueue/></Response>", 12200),
            ("<Response><Record maxLength='long'/></Response>", 12200),
            ("<Response><Dial><Conference/></Dial></Response>", 12200),
        ] {
            assert_eq!(parse(xml).map_err(|fault| fault.code), Err(code), "{xml}");
        }
    }
}

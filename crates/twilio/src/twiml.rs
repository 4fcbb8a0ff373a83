//! TwiML: what we answer when the carrier asks what to do with a call. Verbs are carried out in order; when the last is
//! done the carrier hangs up.

use std::borrow::Cow;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::words::said;
use crate::{Beep, CallSid, ConferenceTopic};

/// A document of verbs. Without any the carrier hangs up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Response {
    /// What is to be done, in order.
    pub verbs: Vec<Verb>,
}

/// One thing to be done with a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Read a text aloud.
    Say(Say),
    /// Play a sound.
    Play(Play),
    /// Wait.
    Pause {
        /// For how many seconds.
        seconds: u16,
    },
    /// End the call, which was answered.
    Hangup,
    /// Do not answer at all, so that it costs nothing; only as the first verb.
    Reject(RejectReason),
    /// Connect the call.
    Dial(Dial),
    /// Wait for keys.
    Gather(Gather),
    /// Ask another address what comes next.
    Redirect {
        /// Which.
        url: String,
    },
}

/// Read a text aloud.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Say {
    /// What is read.
    pub text: String,
    /// Whose voice, such as `Polly.Amy`.
    pub voice: Option<String>,
    /// Which language, such as `en-GB`.
    pub language: Option<String>,
}

/// Wait for keys while something is read aloud, and for a while after it. Without a key the next verb follows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gather {
    /// Who is told which keys were pressed, and says what comes next.
    pub action: String,
    /// After so many keys it is told at once.
    pub num_digits: Option<u8>,
    /// For how many seconds nothing is pressed after what is read.
    pub timeout_seconds: Option<u16>,
    /// What is read meanwhile.
    pub say: Option<Say>,
}

/// Play a sound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Play {
    /// Where the carrier fetches it.
    pub url: String,
    /// How often; 0 goes on until the call ends, and nothing said is once.
    pub times: Option<u16>,
}

said! {
    /// What the caller hears when a call is rejected.
    RejectReason {
        /// That the number is out of service.
        Rejected = "rejected",
        /// That it is engaged.
        Busy = "busy",
    }
}

/// Connect the call with a conference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dial {
    /// Answer the caller only when the other side does.
    pub answer_on_bridge: Option<bool>,
    /// Who is asked what to do once this leg has left. Nothing said goes on with the next verb.
    pub action: Option<String>,
    /// How many seconds the other side may ring. Without effect on a conference, which does not ring.
    pub timeout_seconds: Option<u16>,
    /// After how many seconds the carrier ends it.
    pub time_limit_seconds: Option<u32>,
    /// The conference that it enters.
    pub conference: Conference,
}

/// How a leg enters a conference. Nothing said leaves the carrier's own choice, which is a beep and music.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conference {
    /// Its name. If none of that name is open, one is made.
    pub name: String,
    /// Whether the others hear a beep.
    pub beep: Option<Beep>,
    /// Whether it starts when this leg comes.
    pub start_conference_on_enter: Option<bool>,
    /// Whether it ends, for everybody, when this leg goes.
    pub end_conference_on_exit: Option<bool>,
    /// Whether nobody hears this leg.
    pub muted: Option<bool>,
    /// The leg that alone hears this one.
    pub coach: Option<CallSid>,
    /// What is played until it starts; an empty address is silence, and nothing said is music.
    pub wait_url: Option<String>,
    /// Who is told what happens in it. The carrier takes the first participant's address and passes over all others.
    pub status_callback: Option<String>,
    /// What is told. Without any, nothing is.
    pub status_callback_event: Vec<ConferenceTopic>,
    /// Our name for this leg, no two alike in one conference.
    pub participant_label: Option<String>,
    /// How many may be in it, 2 to 250.
    pub max_participants: Option<u16>,
    /// Whether all of it is recorded.
    pub record: Option<ConferenceRecord>,
}

said! {
    /// Whether a conference is recorded, all voices mixed.
    ConferenceRecord {
        /// No.
        Never = "do-not-record",
        /// From its start.
        FromStart = "record-from-start",
    }
}

impl Response {
    /// A document with these verbs.
    pub fn new(verbs: impl IntoIterator<Item = Verb>) -> Self {
        Self { verbs: verbs.into_iter().collect() }
    }

    /// The document as XML, in UTF-8, to be sent as `text/xml`. Characters that XML cannot hold are left out.
    pub fn to_xml(&self) -> String {
        let mut writer = Writer::new(Vec::new());
        match self.write(&mut writer) {
            Ok(()) => String::from_utf8_lossy(&writer.into_inner()).into_owned(),
            Err(error) => unreachable!("writing into memory failed: {error}"),
        }
    }

    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
        if self.verbs.is_empty() {
            return writer.create_element("Response").write_empty().map(drop);
        }
        writer.create_element("Response").write_inner_content(|writer| self.verbs.iter().try_for_each(|verb| verb.write(writer)))?;
        Ok(())
    }
}

impl Verb {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        match self {
            Self::Say(say) => say.write(writer),
            Self::Play(play) => element(writer, "Play", [number("loop", play.times)], &play.url),
            Self::Pause { seconds } => element(writer, "Pause", [number("length", Some(*seconds))], ""),
            Self::Hangup => element(writer, "Hangup", [], ""),
            Self::Reject(reason) => element(writer, "Reject", [text("reason", Some(reason.as_str()))], ""),
            Self::Gather(gather) => {
                let attributes = [
                    text("input", Some("dtmf")),
                    text("action", Some(gather.action.as_str())),
                    number("numDigits", gather.num_digits),
                    number("timeout", gather.timeout_seconds),
                ];
                writer
                    .create_element("Gather")
                    .with_attributes(said_attributes(&attributes))
                    .write_inner_content(|writer| gather.say.iter().try_for_each(|say| say.write(writer)))?;
                Ok(())
            }
            Self::Redirect { url } => element(writer, "Redirect", [], url),
            Self::Dial(dial) => {
                let attributes = [
                    yes_or_no("answerOnBridge", dial.answer_on_bridge),
                    text("action", dial.action.as_deref()),
                    number("timeout", dial.timeout_seconds),
                    number("timeLimit", dial.time_limit_seconds),
                ];
                writer
                    .create_element("Dial")
                    .with_attributes(said_attributes(&attributes))
                    .write_inner_content(|writer| dial.conference.write(writer))?;
                Ok(())
            }
        }
    }
}

impl Say {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let attributes = [text("voice", self.voice.as_deref()), text("language", self.language.as_deref())];
        element(writer, "Say", attributes, &self.text)
    }
}

impl Conference {
    fn write(&self, writer: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let topics = self.status_callback_event.iter().map(|topic| topic.as_str()).collect::<Vec<_>>().join(" ");
        let attributes = [
            text("beep", self.beep.map(Beep::as_str)),
            yes_or_no("startConferenceOnEnter", self.start_conference_on_enter),
            yes_or_no("endConferenceOnExit", self.end_conference_on_exit),
            yes_or_no("muted", self.muted),
            text("coach", self.coach.as_ref().map(CallSid::as_str)),
            text("waitUrl", self.wait_url.as_deref()),
            text("statusCallback", self.status_callback.as_deref()),
            text("statusCallbackEvent", Some(topics.as_str()).filter(|topics| !topics.is_empty())),
            text("participantLabel", self.participant_label.as_deref()),
            number("maxParticipants", self.max_participants),
            text("record", self.record.map(ConferenceRecord::as_str)),
        ];
        element(writer, "Conference", attributes, &self.name)
    }
}

/// An attribute that is only written if something is said.
type Attribute<'a> = (&'static str, Option<Cow<'a, str>>);

fn text<'a>(name: &'static str, value: Option<&'a str>) -> Attribute<'a> {
    (name, value.map(what_xml_holds))
}

fn number(name: &'static str, value: Option<impl Into<u32>>) -> Attribute<'static> {
    (name, value.map(|value| Cow::Owned(value.into().to_string())))
}

fn yes_or_no(name: &'static str, value: Option<bool>) -> Attribute<'static> {
    (name, value.map(|value| Cow::Borrowed(if value { "true" } else { "false" })))
}

fn said_attributes<'a>(attributes: &'a [Attribute<'a>]) -> impl Iterator<Item = (&'a str, &'a str)> {
    attributes.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)))
}

fn element<const N: usize>(writer: &mut Writer<Vec<u8>>, name: &str, attributes: [Attribute<'_>; N], text: &str) -> io::Result<()> {
    let element = writer.create_element(name).with_attributes(said_attributes(&attributes));
    if text.is_empty() { element.write_empty() } else { element.write_text_content(BytesText::new(&what_xml_holds(text))) }.map(drop)
}

/// XML 1.0 has no way to write most control characters, not even escaped.
fn what_xml_holds(text: &str) -> Cow<'_, str> {
    let is_held = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{FFFD}' | '\u{10000}'..);
    if text.chars().all(is_held) { text.into() } else { text.chars().filter(|c| is_held(*c)).collect() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::XmlVersion;
    use quick_xml::events::Event;
    use quick_xml::reader::Reader;

    use super::*;

    fn written(verbs: Vec<Verb>) -> String {
        let xml = Response { verbs }.to_xml();
        xml.strip_prefix(r#"<?xml version="1.0" encoding="UTF-8"?>"#).unwrap().to_owned()
    }

    #[test]
    fn an_agents_leg_enters_a_silent_conference() {
        let dial = Dial {
            answer_on_bridge: Some(true),
            time_limit_seconds: Some(7200),
            conference: Conference {
                name: "call-7".into(),
                beep: Some(Beep::Never),
                start_conference_on_enter: Some(true),
                end_conference_on_exit: Some(false),
                wait_url: Some(String::new()),
                status_callback: Some("https://a.example/hook?a=1&b=2".into()),
                status_callback_event: vec![ConferenceTopic::Join, ConferenceTopic::Leave],
                participant_label: Some("agent".into()),
                ..Conference::default()
            },
            ..Dial::default()
        };
        assert_eq!(
            written(vec![Verb::Dial(dial)]),
            "<Response><Dial answerOnBridge=\"true\" timeLimit=\"7200\"><Conference beep=\"false\" startConferenceOnEnter=\"true\" \
             endConferenceOnExit=\"false\" waitUrl=\"\" statusCallback=\"https://a.example/hook?a=1&amp;b=2\" \
             statusCallbackEvent=\"join leave\" participantLabel=\"agent\">call-7</Conference></Dial></Response>"
        );
    }

    #[test]
    fn verbs_stand_in_order_and_say_no_more_than_was_said() {
        assert_eq!(written(vec![]), "<Response/>");
        let say = Say { text: "Thanks & goodbye".into(), voice: Some("Polly.Amy".into()), language: None };
        let verbs = vec![
            Verb::Say(say),
            Verb::Pause { seconds: 2 },
            Verb::Play(Play { url: "https://a.example/x.wav".into(), times: Some(0) }),
            Verb::Hangup,
        ];
        assert_eq!(
            written(verbs),
            "<Response><Say voice=\"Polly.Amy\">Thanks &amp; goodbye</Say><Pause length=\"2\"/><Play loop=\"0\">\
             https://a.example/x.wav</Play><Hangup/></Response>"
        );
        let gather = Gather {
            action: "https://a.example/key?a=1&b=2".into(),
            num_digits: Some(1),
            timeout_seconds: Some(5),
            say: Some(Say { text: "Press 9".into(), ..Say::default() }),
        };
        assert_eq!(
            written(vec![Verb::Gather(gather), Verb::Redirect { url: "https://a.example/next".into() }]),
            "<Response><Gather input=\"dtmf\" action=\"https://a.example/key?a=1&amp;b=2\" numDigits=\"1\" timeout=\"5\"><Say>Press 9</Say>\
             </Gather><Redirect>https://a.example/next</Redirect></Response>"
        );
        assert_eq!(written(vec![Verb::Reject(RejectReason::Busy)]), "<Response><Reject reason=\"busy\"/></Response>");
        let dial = Verb::Dial(Dial { conference: Conference { name: "a".into(), ..Conference::default() }, ..Dial::default() });
        assert_eq!(written(vec![dial]), "<Response><Dial><Conference>a</Conference></Dial></Response>");
    }

    proptest! {
        /// lessons, line 44: names that broke out of XML.
        #[test]
        fn no_text_breaks_out(words in any::<String>(), voice in any::<String>()) {
            let xml = written(vec![Verb::Say(Say { text: words.clone(), voice: Some(voice.clone()), language: None }), Verb::Hangup]);
            let mut reader = Reader::from_str(&xml);
            let (mut names, mut read, mut attribute) = (Vec::new(), String::new(), None);
            loop {
                match reader.read_event().unwrap() {
                    Event::Start(tag) | Event::Empty(tag) => {
                        names.push(String::from_utf8(tag.name().as_ref().to_vec()).unwrap());
                        if let Some(found) = tag.try_get_attribute("voice").unwrap() {
                            attribute = Some(found.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned());
                        }
                    }
                    Event::Text(text) => read.push_str(&text.decode().unwrap()),
                    Event::GeneralRef(reference) => match reference.resolve_char_ref().unwrap() {
                        Some(c) => read.push(c),
                        None => read.push_str(quick_xml::escape::resolve_predefined_entity(&reference.decode().unwrap()).unwrap()),
                    },
                    Event::Eof => break,
                    _ => {}
                }
            }
            prop_assert_eq!(names, ["Response", "Say", "Hangup"]);
            prop_assert_eq!(read, what_xml_holds(&words));
            prop_assert_eq!(attribute.unwrap().replace(['\t', '\n', '\r'], " "), what_xml_holds(&voice).replace(['\t', '\n', '\r'], " "));
        }
    }
}

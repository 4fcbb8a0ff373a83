//! TwiML: what an application answers when it is asked what to do with a call.

use std::time::Duration;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// One instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Speak. A prepared prompt is played instead of the words.
    Say(String),
    /// Play what is at an address. A pause of a second instead.
    Play,
    /// Wait.
    Pause(Duration),
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
    pub label: Option<String>,
    pub max_participants: Option<usize>,
    pub status_callback: Option<String>,
    pub is_get: bool,
    /// Words apart by spaces.
    pub events: String,
}

/// Why a document cannot be followed; the text is for the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentFault {
    /// Twilio's number: 12100 for what is not XML, 12200 for what is not TwiML.
    pub code: u32,
    pub message: String,
}

fn not_xml(error: impl std::fmt::Display) -> DocumentFault {
    DocumentFault { code: 12100, message: format!("Document parse failure: {error}") }
}

fn not_twiml(message: impl Into<String>) -> DocumentFault {
    DocumentFault { code: 12200, message: message.into() }
}

/// An element with everything in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    fn get(&self, name: &str) -> Option<String> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value.eq_ignore_ascii_case("true"))
    }

    fn is_get(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("get"))
    }
}

/// Reads a document into its instructions. A document that has a verb we do not know is refused as a whole.
pub fn parse(xml: &str) -> Result<Vec<Verb>, DocumentFault> {
    let root = read(xml)?;
    if root.name != "Response" {
        return Err(not_twiml(format!("the root is <{}>, not <Response>", root.name)));
    }
    root.children.iter().map(verb).collect()
}

fn verb(element: &Element) -> Result<Verb, DocumentFault> {
    Ok(match element.name.as_str() {
        "Say" => Verb::Say(element.text.trim().to_owned()),
        "Play" => Verb::Play,
        "Pause" => {
            let seconds = element.get("length").map_or(Ok(1), |length| length.parse());
            Verb::Pause(Duration::from_secs(seconds.map_err(|_| not_twiml("<Pause> has a length that is no number"))?))
        }
        "Hangup" => Verb::Hangup,
        "Reject" => Verb::Reject(element.get("reason").is_some_and(|reason| reason == "busy")),
        "Dial" => dial(element)?,
        other => return Err(not_twiml(format!("<{other}> is not emulated"))),
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
        label: conference.get("participantLabel"),
        max_participants: conference.get("maxParticipants").and_then(|most| most.parse().ok()),
        status_callback: conference.get("statusCallback").filter(|url| !url.is_empty()),
        is_get: conference.is_get("statusCallbackMethod"),
        events: conference.get("statusCallbackEvent").unwrap_or_default(),
    })))
}

fn read(xml: &str) -> Result<Element, DocumentFault> {
    let mut reader = Reader::from_str(xml);
    // The outermost is no element of the document; it holds the root.
    let mut open = vec![Element::default()];
    loop {
        match reader.read_event().map_err(not_xml)? {
            Event::Start(start) => open.push(element(&start)?),
            Event::Empty(start) => {
                let element = element(&start)?;
                innermost(&mut open)?.children.push(element);
            }
            Event::End(_) => {
                let closed = open.pop().ok_or_else(|| not_xml("too many ends"))?;
                innermost(&mut open)?.children.push(closed);
            }
            Event::Text(text) => innermost(&mut open)?.text.push_str(&text.decode().map_err(not_xml)?),
            Event::CData(text) => innermost(&mut open)?.text.push_str(&text.decode().map_err(not_xml)?),
            Event::GeneralRef(name) => {
                let name = name.decode().map_err(not_xml)?;
                let text = quick_xml::escape::unescape(&format!("&{name};")).map_err(not_xml)?.into_owned();
                innermost(&mut open)?.text.push_str(&text);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    let [mut document] = <[Element; 1]>::try_from(open).map_err(|_| not_xml("an element is not closed"))?;
    match document.children.len() {
        1 => Ok(document.children.remove(0)),
        _ => Err(not_xml("there is not one root")),
    }
}

fn innermost(open: &mut [Element]) -> Result<&mut Element, DocumentFault> {
    open.last_mut().ok_or_else(|| not_xml("too many ends"))
}

fn element(start: &BytesStart<'_>) -> Result<Element, DocumentFault> {
    let text = |bytes: &[u8]| std::str::from_utf8(bytes).map(str::to_owned).map_err(not_xml);
    let mut element = Element { name: text(start.name().as_ref())?, ..Element::default() };
    for attribute in start.attributes() {
        let attribute = attribute.map_err(not_xml)?;
        let raw = text(&attribute.value)?;
        let value = quick_xml::escape::unescape(&raw).map_err(not_xml)?.into_owned();
        element.attributes.push((text(attribute.key.as_ref())?, value));
    }
    Ok(element)
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
        let expected = vec![Verb::Pause(Duration::from_secs(2)), Verb::Say("Hello <you>".to_owned()), Verb::Play, Verb::Hangup];
        assert_eq!(parse(xml), Ok(expected));
        assert_eq!(parse("<Response/>"), Ok(vec![]));
        assert_eq!(parse("<Response><Reject reason=\"busy\"/></Response>"), Ok(vec![Verb::Reject(true)]));
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

//! `<Dial>`, and whom it may dial.

use std::time::Duration;

use super::xml::Element;
use super::{DocumentFault, Verb, asked, endpoint, not_twiml, seconds};
use crate::model::{CallEvent, Endpoint, Progress};
use crate::recordings::{self, Asked};

/// Whom to talk with, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dial {
    /// Where to ask for more TwiML afterwards.
    pub action: Option<Endpoint>,
    /// The caller is not answered before somebody else is, and hears ringing.
    pub answers_on_bridge: bool,
    /// How long it may ring.
    pub timeout: Duration,
    /// How long it may last.
    pub time_limit: Duration,
    /// Who is shown as the caller.
    pub caller_id: Option<String>,
    /// How the conversation is recorded.
    pub recording: Option<Asked>,
    pub whom: Whom,
}

/// Whom to talk with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    Conference(Box<Conference>),
    /// All are rung at once; the first to answer is talked with.
    Parties(Vec<Callee>),
    /// Whoever waits longest.
    Queue(QueueNoun),
}

/// `<Conference>`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conference {
    pub name: String,
    /// `beep`: true, false, onEnter, onExit.
    pub beep: Option<String>,
    pub starts: Option<bool>,
    pub ends: Option<bool>,
    pub is_muted: bool,
    /// The call that alone hears this one.
    pub coaches: Option<String>,
    pub label: Option<String>,
    pub max_participants: Option<usize>,
    pub status_callback: Option<Endpoint>,
    /// Words apart by spaces.
    pub events: String,
    /// How the conference is recorded.
    pub recording: Option<Asked>,
    /// Asked for what is heard before it starts.
    pub wait: Option<Endpoint>,
}

/// `<Number>` or `<Client>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callee {
    /// `url` is asked for what the party hears alone before they talk; `digits` are pressed before that.
    Number {
        number: String,
        progress: Option<Progress>,
        url: Option<Endpoint>,
        digits: Option<String>,
    },
    Client {
        identity: String,
        params: Vec<(String, String)>,
        progress: Option<Progress>,
        url: Option<Endpoint>,
    },
}

/// `<Queue>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueNoun {
    pub name: String,
    /// Asked for what the caller hears before they are put through.
    pub url: Option<Endpoint>,
}

pub fn read(element: &Element) -> Result<Verb, DocumentFault> {
    let text = element.text.trim();
    let whom = match element.children.as_slice() {
        [] if !text.is_empty() => Whom::Parties(vec![number(element)]),
        [noun] if noun.name == "Conference" => Whom::Conference(Box::new(conference(noun)?)),
        [noun] if noun.name == "Queue" => {
            Whom::Queue(QueueNoun { name: noun.text.trim().to_owned(), url: endpoint(noun, "url", "method") })
        }
        [] => return Err(not_twiml("<Dial> names nobody")),
        nouns => Whom::Parties(nouns.iter().map(callee).collect::<Result<_, _>>()?),
    };
    let record = element.get("record").and_then(|word| recordings::is_dual(&word));
    Ok(Verb::Dial(Box::new(Dial {
        action: endpoint(element, "action", "method"),
        answers_on_bridge: element.flag("answerOnBridge").unwrap_or_default(),
        timeout: seconds(element, "timeout", 30)?,
        time_limit: seconds(element, "timeLimit", 14_400)?,
        caller_id: element.get("callerId").filter(|caller| !caller.is_empty()),
        recording: record.map(|is_dual| asked(element, is_dual, "DialVerb")),
        whom,
    })))
}

fn conference(noun: &Element) -> Result<Conference, DocumentFault> {
    let name = noun.text.trim().to_owned();
    if name.is_empty() {
        return Err(not_twiml("<Conference> has no name"));
    }
    Ok(Conference {
        name,
        beep: noun.get("beep"),
        starts: noun.flag("startConferenceOnEnter"),
        ends: noun.flag("endConferenceOnExit"),
        is_muted: noun.flag("muted").unwrap_or_default(),
        coaches: noun.get("coach").filter(|call| !call.is_empty()),
        label: noun.get("participantLabel"),
        max_participants: noun.get("maxParticipants").and_then(|most| most.parse().ok()),
        status_callback: endpoint(noun, "statusCallback", "statusCallbackMethod").filter(|endpoint| !endpoint.url.is_empty()),
        events: noun.get("statusCallbackEvent").unwrap_or_default(),
        wait: endpoint(noun, "waitUrl", "waitMethod").filter(|wait| !wait.url.is_empty()),
        recording: noun.get("record").and_then(|word| recordings::is_dual(&word)).map(|_| asked(noun, false, "Conference")),
    })
}

fn number(noun: &Element) -> Callee {
    let (number, progress, url) = (noun.text.trim().to_owned(), progress(noun), endpoint(noun, "url", "method"));
    Callee::Number { number, progress, url, digits: noun.get("sendDigits").filter(|digits| !digits.is_empty()) }
}

fn callee(noun: &Element) -> Result<Callee, DocumentFault> {
    let text = noun.text.trim().to_owned();
    match noun.name.as_str() {
        "Number" => Ok(number(noun)),
        "Client" => {
            let part = |name: &'static str| noun.children.iter().filter(move |part| part.name == name);
            let identity = part("Identity").next().map_or(text, |identity| identity.text.trim().to_owned());
            let params = part("Parameter").filter_map(|part| Some((part.get("name")?, part.get("value")?))).collect();
            Ok(Callee::Client { identity, params, progress: progress(noun), url: endpoint(noun, "url", "method") })
        }
        other => Err(not_twiml(format!("<Dial><{other}> is not emulated here"))),
    }
}

/// Who is told of the steps of the call; of its end alone when no steps are named.
fn progress(noun: &Element) -> Option<Progress> {
    let endpoint = endpoint(noun, "statusCallback", "statusCallbackMethod").filter(|endpoint| !endpoint.url.is_empty())?;
    let words = noun.get("statusCallbackEvent").unwrap_or_else(|| "completed".to_owned());
    Some(Progress { endpoint, events: words.split_whitespace().filter_map(CallEvent::parse).collect(), sequence: 0 })
}

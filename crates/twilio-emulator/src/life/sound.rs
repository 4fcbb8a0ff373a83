//! What an application lets somebody hear: words, sounds, pauses, music.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::{Cause, Order};
use crate::clock::now;
use crate::core::Core;
use crate::journal::Kind;
use crate::media::{Samples, Stage, read_wav};
use crate::model::{Endpoint, Model};
use crate::twiml::{self, Sound, Verb};

/// Documents that may follow each other without an end in sight.
const REDIRECTS: usize = 10;
/// A document that is heard again and again lasts as long at least, however little it says.
const ROUND: Duration = Duration::from_secs(1);

/// A fault as Twilio's debugger would show it.
type Fault = (u32, String);

/// `url` as it is meant in a document that came from `base`.
pub fn resolve(base: &str, url: &str) -> String {
    let joined = reqwest::Url::parse(base).and_then(|base| base.join(url));
    joined.map_or_else(|_| url.to_owned(), String::from)
}

/// Lets something be heard; returns when it was. A sound that cannot be had is a problem in the journal, and nothing to hear.
pub async fn perform(core: &Core, call_sid: &str, stage: &Stage, sound: &Sound, base: &str) {
    match sound {
        Sound::Say { words, times } => {
            core.note(Kind::Media, call_sid, json!({"said": words}));
            for _ in 0..*times {
                core.media.tell(stage, "message").await;
            }
        }
        Sound::Play { url, times } => match fetch(core, &resolve(base, url)).await {
            Ok(samples) => {
                core.note(Kind::Media, call_sid, json!({"played": url}));
                for _ in 0..*times {
                    core.media.perform(stage, Samples::clone(&samples)).await;
                }
            }
            Err((number, message)) => core.problem(call_sid, number, &message),
        },
        Sound::Keys(digits) => {
            core.media.tell_keys(stage, digits).await;
            // A simulated party understands what it has heard.
            if let Stage::Ears(leg) = stage {
                let meter = core.media.meter(leg);
                digits.chars().for_each(|digit| meter.press(digit));
            }
        }
        Sound::Pause(length) => core.clock.sleep(*length).await,
    }
}

async fn fetch(core: &Core, url: &str) -> Result<Samples, Fault> {
    let reply = core.webhooks.fetch(url).await.map_err(|problem| (11_200, format!("HTTP retrieval failure: {url}: {problem}")))?;
    read(url, &reply.bytes)
}

fn read(url: &str, bytes: &[u8]) -> Result<Samples, Fault> {
    let samples = read_wav(bytes).map_err(|problem| (12_300, format!("{url} cannot be played: {problem}")))?;
    Ok(samples.into())
}

/// What a call that waits hears, until this is dropped: what the application says, again and again; else music.
pub async fn hold(core: Arc<Core>, call_sid: String, music: Option<Endpoint>) {
    let stage = Stage::Music(call_sid.clone());
    while let Some(endpoint) = music.clone() {
        let began = Instant::now();
        if let Err((number, message)) = follow(&core, &call_sid, &stage, endpoint).await {
            core.problem(&call_sid, number, &message);
            break;
        }
        tokio::time::sleep(ROUND.saturating_sub(began.elapsed())).await;
    }
    core.media.play_music(&call_sid);
}

/// What a call hears before it is put through.
pub async fn whisper(core: &Core, call_sid: &str, endpoint: Endpoint) {
    if let Err((number, message)) = follow(core, call_sid, &Stage::Ears(call_sid.to_owned()), endpoint).await {
        core.problem(call_sid, number, &message);
    }
}

/// Who hears an announcement.
#[derive(Clone, Debug)]
pub enum Hearers {
    /// One participant, by call.
    One(String),
    /// Everybody in the conference.
    All,
}

/// Lets one participant or everybody in a conference hear what the application says, and tells that it was heard.
pub async fn announce(core: Arc<Core>, conference_sid: String, hearers: Hearers, endpoint: Endpoint) {
    let url = endpoint.url.clone();
    let (call_sid, stage) = match hearers {
        Hearers::One(call_sid) => (Some(call_sid.clone()), Stage::Ears(call_sid)),
        Hearers::All => (None, Stage::Room(conference_sid.clone())),
    };
    let first = |model: &Model| model.conference(&conference_sid)?.participants.first().map(|there| there.call_sid.clone());
    let about = call_sid.clone().or_else(|| first(&core.model())).unwrap_or_default();
    let heard = follow(&core, &about, &stage, endpoint).await;
    if let Err((number, message)) = &heard {
        core.problem(&about, *number, message);
    }
    let failure = heard.err().map(|(_, message)| message);
    core.change(|model, now| model.tell_of_announcement(&conference_sid, call_sid.as_deref(), &url, failure.as_deref(), now));
}

/// Asks for a document of sounds, or for a sound, and lets it be heard.
async fn follow(core: &Core, call_sid: &str, stage: &Stage, mut endpoint: Endpoint) -> Result<(), Fault> {
    // Not in the call's own queue: nobody waits for music.
    let queue = format!("{call_sid} hears");
    for _ in 0..REDIRECTS {
        let params = params(core, call_sid);
        let base = endpoint.url.clone();
        let reply = core.ask(&queue, endpoint, params).await;
        let reply = reply.map_err(|problem| (11_200, format!("HTTP retrieval failure: {base}: {problem}")))?;
        if reply.is_sound() {
            core.media.perform(stage, read(&base, &reply.bytes)?).await;
            return Ok(());
        }
        let mut next = None;
        for verb in twiml::parse(&reply.text()).map_err(|fault| (fault.code, fault.message))? {
            match verb {
                Verb::Sound(sound) => perform(core, call_sid, stage, &sound, &base).await,
                Verb::Redirect(to) => {
                    next = Some(Endpoint { url: resolve(&base, &to.url), ..to });
                    break;
                }
                // Out of the queue, if it is one that the call waits in.
                Verb::Leave => {
                    core.order(call_sid, Order::Leave);
                    return Ok(());
                }
                Verb::Hangup => {
                    core.order(call_sid, Order::Hangup(Cause::Api));
                    return Ok(());
                }
                _ => return Err((12_200, "only <Say>, <Play>, <Pause>, <Redirect>, <Leave> and <Hangup> are followed here".to_owned())),
            }
        }
        match next {
            Some(to) => endpoint = to,
            None => return Ok(()),
        }
    }
    Err((12_200, "the documents never end".to_owned()))
}

fn params(core: &Core, call_sid: &str) -> Vec<(String, String)> {
    let place = core.queues().all().iter().find_map(|queue| {
        let at = queue.members.iter().position(|member| member.call_sid == call_sid)?;
        Some((queue.sid.clone(), at + 1, queue.members.len(), queue.members[at].since))
    });
    let model = core.model();
    let call = model.call(call_sid);
    let mut params = call.map(|call| call.parameters(&core.config.account_sid, call.status.word())).unwrap_or_default();
    if let Some(conference) = model.conference_of(call_sid) {
        params.push(("ConferenceSid".to_owned(), conference.sid.clone()));
        params.push(("FriendlyName".to_owned(), conference.name.clone()));
    }
    if let Some((sid, position, size, since)) = place {
        let time = (now() - since).num_seconds().to_string();
        let known =
            [("QueueSid", sid), ("QueuePosition", position.to_string()), ("CurrentQueueSize", size.to_string()), ("QueueTime", time)];
        params.extend(known.map(|(name, value)| (name.to_owned(), value)));
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_meant_as_in_a_page() {
        assert_eq!(resolve("http://localhost:1/a/b?c=1", "d.wav"), "http://localhost:1/a/d.wav");
        assert_eq!(resolve("http://localhost:1/a/b", "/d"), "http://localhost:1/d");
        assert_eq!(resolve("http://localhost:1/a", "http://localhost:2/e"), "http://localhost:2/e");
        assert_eq!(resolve("http://localhost:1/a?b=1", ""), "http://localhost:1/a?b=1");
        assert_eq!(resolve("", "d.wav"), "d.wav", "a document that was given has no address");
    }
}

//! Webhooks: signed, in order within a queue, tried again once, and every attempt written down.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::auth;
use crate::faults;
use crate::journal::{Journal, Kind};
use crate::model::Endpoint;

/// Twilio waits so long for an answer.
const PATIENCE: Duration = Duration::from_secs(15);
/// Before the second attempt.
const BREATH: Duration = Duration::from_millis(200);

/// How often it is looked whether something came.
const LOOK: Duration = Duration::from_millis(20);
/// A document is small, and a sound is minutes.
const MOST_BYTES: u64 = 32 * 1_024 * 1_024;

/// Why there is no usable answer, in words.
pub type Unanswered = String;

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The content type, in small letters; empty when none was named.
    pub kind: String,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    /// It says that it is sound.
    pub fn is_sound(&self) -> bool {
        self.kind.starts_with("audio/")
    }
}

/// One message to be delivered.
#[derive(Debug)]
pub struct Delivery {
    /// Where to.
    pub endpoint: Endpoint,
    /// The form, in the order in which it is sent.
    pub params: Vec<(String, String)>,
    /// The call that it is about.
    pub call_sid: Option<String>,
    /// The number that it is about.
    pub to: Option<String>,
    /// Who waits for the answer's body.
    pub reply: Option<oneshot::Sender<Result<Reply, Unanswered>>>,
}

/// The queues. Clones share them.
#[derive(Clone, Debug)]
pub struct Webhooks(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    client: reqwest::Client,
    auth_token: String,
    journal: Journal,
    faults: Arc<faults::Set>,
    /// A queue is here while somebody works on it.
    queues: Mutex<HashMap<String, VecDeque<Delivery>>>,
}

/// How an attempt ended.
struct Attempt {
    answer: Result<Reply, Unanswered>,
    status: Option<u16>,
    /// The other side did not take it, so it may be sent again without being taken twice.
    may_repeat: bool,
}

impl Webhooks {
    /// Webhooks that are signed with `auth_token`.
    pub fn new(auth_token: &str, journal: Journal, faults: Arc<faults::Set>) -> reqwest::Result<Self> {
        // The receiver is on this machine: a proxy of the surroundings is not meant for it.
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy().user_agent("TwilioProxy/1.1").build()?;
        let queues = Mutex::default();
        Ok(Self(Arc::new(Shared { client, auth_token: auth_token.to_owned(), journal, faults, queues })))
    }

    /// Sends in turn: after everything that is in `queue` already.
    pub fn send(&self, queue: &str, delivery: Delivery) {
        let mut queues = self.0.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = queues.get_mut(queue) {
            waiting.push_back(delivery);
        } else {
            queues.insert(queue.to_owned(), VecDeque::from([delivery]));
            tokio::spawn(work(Arc::clone(&self.0), queue.to_owned()));
        }
    }

    /// Sends in turn and waits for what is answered.
    pub async fn ask(&self, queue: &str, mut delivery: Delivery) -> Result<Reply, Unanswered> {
        let (reply, answer) = oneshot::channel();
        delivery.reply = Some(reply);
        self.send(queue, delivery);
        answer.await.unwrap_or_else(|_| Err("the emulator is stopping".to_owned()))
    }

    /// Gets what is at an address, unsigned and at once: a sound.
    pub async fn fetch(&self, url: &str) -> Result<Reply, Unanswered> {
        let response = self.0.client.get(url).send().await.map_err(|error| words(&error))?;
        let status = response.status();
        let reply = read(response).await?;
        if status.is_success() { Ok(reply) } else { Err(format!("answered {}", status.as_u16())) }
    }

    /// Forgets what has not been sent.
    pub fn clear(&self) {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner).values_mut().for_each(VecDeque::clear);
    }
}

/// Delivers what is in a queue until it is empty.
async fn work(shared: Arc<Shared>, queue: String) {
    loop {
        let next = {
            let mut queues = shared.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let next = queues.get_mut(&queue).and_then(VecDeque::pop_front);
            if next.is_none() {
                queues.remove(&queue);
            }
            next
        };
        let Some(delivery) = next else { return };
        // Nobody waits for an answer to what is only told.
        let is_told = delivery.reply.is_none();
        if is_told
            && shared.faults.take(|faults| &mut faults.webhook_swapped)
            && let Some(other) = shared.wait_for_next(&queue).await
        {
            shared.deliver(other).await;
        }
        shared.deliver(delivery).await;
    }
}

impl Shared {
    /// What comes next in a queue, if it comes soon.
    async fn wait_for_next(&self, queue: &str) -> Option<Delivery> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            let next = {
                let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
                queues.get_mut(queue).and_then(VecDeque::pop_front)
            };
            if next.is_some() {
                return next;
            }
            tokio::time::sleep(LOOK).await;
        }
        None
    }

    async fn deliver(&self, delivery: Delivery) {
        let delay = self.faults.get().webhook_delay_ms;
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        if self.faults.take(|faults| &mut faults.webhook_lost) {
            self.note(&delivery, 1, json!({"lost": true}));
            if let Some(reply) = delivery.reply {
                let _gone = reply.send(Err("lost on purpose".to_owned()));
            }
            return;
        }
        // The receiver can tell a repetition by this.
        let token = crate::sid::new("");
        let mut attempt = self.attempt(&delivery, &token, 1).await;
        if attempt.may_repeat {
            tokio::time::sleep(BREATH).await;
            attempt = self.attempt(&delivery, &token, 2).await;
        }
        if self.faults.take(|faults| &mut faults.webhook_twice) {
            self.attempt(&delivery, &token, 3).await;
        }
        if let Some(reply) = delivery.reply {
            let _gone = reply.send(attempt.answer);
        }
    }

    async fn attempt(&self, delivery: &Delivery, token: &str, number: u32) -> Attempt {
        let began = Instant::now();
        let attempt = self.request(delivery, token).await;
        let outcome = match &attempt.answer {
            Ok(_) => json!({"status": attempt.status}),
            Err(problem) => json!({"status": attempt.status, "problem": problem}),
        };
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut detail = outcome;
        detail["ms"] = json!(ms);
        self.note(delivery, number, detail);
        attempt
    }

    async fn request(&self, delivery: &Delivery, token: &str) -> Attempt {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&delivery.params).finish();
        let request = if delivery.endpoint.is_get {
            let mark = if delivery.endpoint.url.contains('?') { '&' } else { '?' };
            let url = format!("{}{mark}{form}", delivery.endpoint.url);
            let signature = auth::sign(&self.auth_token, &url, &[]);
            self.client.get(url).header("X-Twilio-Signature", signature)
        } else {
            let signature = auth::sign(&self.auth_token, &delivery.endpoint.url, &delivery.params);
            let kind = "application/x-www-form-urlencoded; charset=UTF-8";
            self.client.post(&delivery.endpoint.url).header("X-Twilio-Signature", signature).header("Content-Type", kind).body(form)
        };
        match request.header("I-Twilio-Idempotency-Token", token).send().await {
            Ok(response) => {
                let status = response.status();
                let reply = read(response).await;
                let answer = if status.is_success() { reply } else { Err(format!("answered {}", status.as_u16())) };
                Attempt { answer, status: Some(status.as_u16()), may_repeat: status.is_server_error() }
            }
            // After a time-out the other side may have taken it.
            Err(error) => Attempt { may_repeat: error.is_connect(), answer: Err(words(&error)), status: None },
        }
    }

    fn note(&self, delivery: &Delivery, attempt: u32, mut detail: Value) {
        let params: serde_json::Map<_, _> = delivery.params.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        detail["url"] = json!(delivery.endpoint.url);
        detail["params"] = Value::Object(params);
        detail["attempt"] = json!(attempt);
        self.journal.write(Kind::Webhook, delivery.call_sid.as_deref(), delivery.to.as_deref(), detail);
    }
}

async fn read(response: reqwest::Response) -> Result<Reply, Unanswered> {
    if response.content_length().is_some_and(|length| length > MOST_BYTES) {
        return Err(format!("answered more than {MOST_BYTES} bytes"));
    }
    let kind = response.headers().get("Content-Type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let bytes = response.bytes().await.map_err(|error| words(&error))?.to_vec();
    Ok(Reply { kind, bytes })
}

fn words(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

//! Messages: what is sent to people and what they send, how each fares, and who wants none any more.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use crate::clock::now;
use crate::core::Core;
use crate::journal::Kind;
use crate::model::Endpoint;
use crate::sid;
use crate::twiml;
use crate::webhook::Delivery;

/// Messages that can be asked about.
const KEPT: usize = 5_000;
/// Between one state and the next, as in life.
const STEP: Duration = Duration::from_millis(800);
/// What Twilio itself answers to who wants none any more, and to who wants some again.
const STOPPED: &str =
    "You have successfully been unsubscribed. You will not receive any more messages from this number. Reply START to resubscribe.";
const STARTED: &str =
    "You have successfully been re-subscribed to messages from this number. Reply HELP for help. Reply STOP to unsubscribe.";

/// Where a message stands, in Twilio's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageStatus {
    Queued,
    Sent,
    Delivered,
    /// The network took it and could not deliver it.
    Undelivered,
    /// It was never sent.
    Failed,
    /// It came in.
    Received,
}

impl MessageStatus {
    /// As Twilio writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Undelivered => "undelivered",
            Self::Failed => "failed",
            Self::Received => "received",
        }
    }

    /// Nothing comes after it.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Sent)
    }
}

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// `SM…`.
    pub sid: String,
    pub from: String,
    pub to: String,
    pub body: String,
    /// `outbound-api`, `outbound-reply` or `inbound`.
    pub direction: &'static str,
    pub status: MessageStatus,
    /// Why it was not delivered: Twilio's number.
    pub error: Option<u32>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub sent: Option<DateTime<Utc>>,
    /// Who is told how it fares.
    pub callback: Option<Endpoint>,
}

impl Message {
    /// One that has not gone anywhere yet.
    pub fn new(from: &str, to: &str, body: &str, direction: &'static str) -> Self {
        let is_inbound = direction == "inbound";
        Self {
            sid: sid::new("SM"),
            from: from.to_owned(),
            to: to.to_owned(),
            body: body.to_owned(),
            direction,
            status: if is_inbound { MessageStatus::Received } else { MessageStatus::Queued },
            error: None,
            created: now(),
            updated: now(),
            sent: is_inbound.then(now),
            callback: None,
        }
    }

    /// Parts that it is sent in: 160 characters of the telephones' own alphabet, or 70 of any; a little less when there are several.
    pub fn segments(&self) -> usize {
        const OTHERS: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\n\r";
        const DOUBLE: &str = "^{}\\[~]|€";
        let is_known =
            |character: char| (character.is_ascii() && character != '`') || OTHERS.contains(character) || DOUBLE.contains(character);
        let (length, whole, part) = if self.body.chars().all(is_known) {
            (self.body.chars().map(|character| if DOUBLE.contains(character) { 2 } else { 1 }).sum::<usize>(), 160, 153)
        } else {
            (self.body.encode_utf16().count(), 70, 67)
        };
        if length <= whole { 1 } else { length.div_ceil(part) }
    }
}

/// All messages, oldest first, and who wants none.
#[derive(Debug, Default)]
pub struct Messages {
    list: VecDeque<Message>,
    /// Our number, and theirs.
    opted_out: HashSet<(String, String)>,
}

impl Messages {
    /// Every message, oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.list.iter()
    }

    /// One by sid.
    pub fn get(&self, sid: &str) -> Option<&Message> {
        self.list.iter().find(|message| message.sid == sid)
    }

    /// Changes one; answers how it stands. None when there is none.
    pub fn change(&mut self, sid: &str, change: impl FnOnce(&mut Message)) -> Option<Message> {
        let message = self.list.iter_mut().find(|message| message.sid == sid)?;
        change(message);
        message.updated = now();
        Some(message.clone())
    }

    /// It is gone. False when there was none.
    pub fn remove(&mut self, sid: &str) -> bool {
        let before = self.list.len();
        self.list.retain(|message| message.sid != sid);
        self.list.len() < before
    }

    /// They want no messages from this number of ours.
    pub fn has_opted_out(&self, ours: &str, theirs: &str) -> bool {
        self.opted_out.contains(&(ours.to_owned(), theirs.to_owned()))
    }

    fn add(&mut self, message: Message) {
        self.list.push_back(message);
        if self.list.len() > KEPT {
            self.list.pop_front();
        }
    }
}

/// What a word says about wanting messages, as Twilio takes it: alone, in any letters.
fn wants(body: &str) -> Option<bool> {
    match body.trim().to_ascii_uppercase().as_str() {
        "STOP" | "STOPALL" | "UNSUBSCRIBE" | "CANCEL" | "END" | "QUIT" | "OPTOUT" | "REVOKE" => Some(false),
        "START" | "YES" | "UNSTOP" => Some(true),
        _ => None,
    }
}

/// How a message to that number fares: by number as calls do.
fn fate(to: &str) -> (MessageStatus, Option<u32>) {
    match to {
        "+447700900003" => (MessageStatus::Undelivered, Some(30_003)),
        "+447700900004" => (MessageStatus::Failed, Some(30_008)),
        _ => (MessageStatus::Delivered, None),
    }
}

impl Core {
    /// Sends a message; it goes through its states by itself.
    pub fn send_message(self: &Arc<Self>, message: Message) {
        self.messages().add(message.clone());
        self.note_message(&message);
        self.spawn(fare(Arc::clone(self), message));
    }

    /// Somebody sends a message to a number of ours. The application is asked, and may answer with messages.
    pub fn receive_message(self: &Arc<Self>, message: Message) {
        self.messages().add(message.clone());
        self.note_message(&message);
        if let Some(wants) = wants(&message.body) {
            let pair = (message.to.clone(), message.from.clone());
            let is_change = {
                let mut messages = self.messages();
                if wants { messages.opted_out.remove(&pair) } else { messages.opted_out.insert(pair) }
            };
            if is_change {
                let text = if wants { STARTED } else { STOPPED };
                self.send_message(Message::new(&message.to, &message.from, text, "outbound-reply"));
            }
        }
        if let Some(url) = self.config.inbound.sms_url.clone() {
            self.spawn(answer(Arc::clone(self), message, url));
        }
    }

    fn note_message(&self, message: &Message) {
        let detail = json!({
            "sid": message.sid, "direction": message.direction, "status": message.status, "from": message.from, "body": message.body,
            "error": message.error,
        });
        self.journal.write(Kind::Message, None, Some(&message.to), detail);
    }

    fn tell_of_message(&self, message: &Message) {
        let Some(endpoint) = message.callback.clone() else { return };
        let mut params = vec![
            ("AccountSid", self.config.account_sid.clone()),
            ("ApiVersion", "2010-04-01".to_owned()),
            ("From", message.from.clone()),
            ("MessageSid", message.sid.clone()),
            ("MessageStatus", message.status.word().to_owned()),
            ("SmsSid", message.sid.clone()),
            ("SmsStatus", message.status.word().to_owned()),
            ("To", message.to.clone()),
        ];
        params.extend(message.error.map(|error| ("ErrorCode", error.to_string())));
        let params = params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        self.webhooks.send(&message.sid, Delivery { endpoint, params, call_sid: None, to: Some(message.to.clone()), reply: None });
    }
}

/// One message's way to the telephone.
async fn fare(core: Arc<Core>, message: Message) {
    core.tell_of_message(&message);
    let (mut end, mut error) = fate(&message.to);
    if core.faults.take(|faults| &mut faults.message_failed) {
        (end, error) = (MessageStatus::Failed, Some(30_008));
    } else if core.faults.take(|faults| &mut faults.message_undelivered) {
        (end, error) = (MessageStatus::Undelivered, Some(30_003));
    }
    let steps = if end == MessageStatus::Failed { vec![(end, error)] } else { vec![(MessageStatus::Sent, None), (end, error)] };
    for (status, error) in steps {
        core.clock.sleep(core.paced(STEP)).await;
        let changed = core.messages().change(&message.sid, |message| {
            message.status = status;
            message.error = error;
            message.sent = message.sent.or_else(|| (status == MessageStatus::Sent).then(now));
        });
        // It may have been deleted.
        let Some(changed) = changed else { return };
        core.note_message(&changed);
        core.tell_of_message(&changed);
    }
}

/// Asks the application about a message that came in, and sends what it answers.
async fn answer(core: Arc<Core>, message: Message, url: String) {
    let params = [
        ("AccountSid", core.config.account_sid.clone()),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("Body", message.body.clone()),
        ("From", message.from.clone()),
        ("MessageSid", message.sid.clone()),
        ("NumMedia", "0".to_owned()),
        ("NumSegments", message.segments().to_string()),
        ("SmsMessageSid", message.sid.clone()),
        ("SmsSid", message.sid.clone()),
        ("SmsStatus", "received".to_owned()),
        ("To", message.to.clone()),
    ];
    let params = params.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let endpoint = Endpoint::post(url);
    let delivery = Delivery { endpoint, params, call_sid: None, to: Some(message.to.clone()), reply: None };
    // One person's messages are told of in their order.
    let texts = match core.webhooks.ask(&format!("{} writes", message.from), delivery).await {
        Ok(reply) if reply.bytes.is_empty() => Ok(Vec::new()),
        Ok(reply) if reply.kind.starts_with("text/plain") => Ok(vec![reply.text()]),
        Ok(reply) => twiml::messages(&reply.text()).map_err(|fault| (fault.code, fault.message)),
        Err(problem) => Err((11_200, format!("HTTP retrieval failure: {problem}"))),
    };
    match texts {
        Ok(texts) => {
            let is_refused = core.messages().has_opted_out(&message.to, &message.from);
            for text in texts.into_iter().filter(|text| !text.is_empty() && !is_refused) {
                core.send_message(Message::new(&message.to, &message.from, &text, "outbound-reply"));
            }
        }
        Err((number, text)) => core.journal.write(Kind::Problem, None, Some(&message.to), json!({"code": number, "message": text})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(body: &str) -> usize {
        Message::new("+1", "+2", body, "outbound-api").segments()
    }

    #[test]
    fn a_long_message_has_parts_and_other_alphabets_shorter_ones() {
        assert_eq!((segments(&"a".repeat(160)), segments(&"a".repeat(161)), segments(&"a".repeat(307))), (1, 2, 3));
        assert_eq!((segments(&"€".repeat(80)), segments(&"€".repeat(81))), (1, 2), "the euro counts twice");
        assert_eq!((segments(&"ж".repeat(70)), segments(&"ж".repeat(71))), (1, 2));
        assert_eq!(segments("£5"), 1);
    }

    #[test]
    fn only_a_word_alone_stops_or_starts() {
        for word in ["STOP", " stop ", "Unsubscribe", "quit"] {
            assert_eq!(wants(word), Some(false), "{word}");
        }
        assert_eq!((wants("start"), wants("Yes")), (Some(true), Some(true)));
        assert_eq!((wants("please stop"), wants("")), (None, None));
    }
}

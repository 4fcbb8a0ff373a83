//! One call: a leg between a party and the carrier.

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::mpsc;

use super::{Effect, Endpoint};
use crate::clock::rfc2822;
use crate::life::Order;

/// Where a call stands. The words are Twilio's; states only move forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallStatus {
    /// Not dialled yet.
    Queued,
    /// The party is rung, or an inbound call is not answered yet.
    Ringing,
    /// Answered.
    InProgress,
    /// Ended after it was answered.
    Completed,
    /// The party was engaged.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// The network could not reach the party.
    Failed,
    /// Given up before it was answered.
    Canceled,
}

impl CallStatus {
    /// As Twilio writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Completed => "completed",
            Self::Busy => "busy",
            Self::NoAnswer => "no-answer",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Nothing comes after it.
    pub fn is_final(self) -> bool {
        self >= Self::Completed
    }

    /// The last SIP response of a call that ended so.
    fn sip_response(self) -> &'static str {
        match self {
            Self::Busy => "486",
            Self::NoAnswer | Self::Canceled => "487",
            Self::Failed => "404",
            _ => "200",
        }
    }
}

/// Steps of a call that a caller can ask to be told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEvent {
    /// It is being dialled.
    Initiated,
    /// The party is rung.
    Ringing,
    /// The party answered.
    Answered,
    /// It is over, however it went.
    Completed,
}

impl CallEvent {
    /// From Twilio's word.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "initiated" => Some(Self::Initiated),
            "ringing" => Some(Self::Ringing),
            "answered" => Some(Self::Answered),
            "completed" => Some(Self::Completed),
            _ => None,
        }
    }
}

/// Who is told of a call's steps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Where to.
    pub endpoint: Endpoint,
    /// Of what.
    pub events: Vec<CallEvent>,
    /// The number of the next message.
    pub sequence: u32,
}

/// Who began a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// A client or telephone called the application.
    Inbound,
    /// The application called by REST.
    OutboundApi,
    /// Another call dialled it.
    OutboundDial,
}

impl Direction {
    /// As Twilio writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::OutboundApi => "outbound-api",
            Self::OutboundDial => "outbound-dial",
        }
    }
}

/// A call, also after its end.
#[derive(Debug)]
pub struct Call {
    /// `CA…`.
    pub sid: String,
    /// Who calls: a number, or `client:<identity>`.
    pub from: String,
    /// Who is called; empty when a client says nobody.
    pub to: String,
    /// Who began it.
    pub direction: Direction,
    /// The call that dialled it.
    pub parent: Option<String>,
    /// Where it stands.
    pub status: CallStatus,
    /// The application that a client called.
    pub application_sid: Option<String>,
    /// The caller asked whether a person or a machine answers, and this is the answer.
    pub answered_by: Option<&'static str>,
    /// What the simulated party does, in words; none for a browser.
    pub plan: Option<String>,
    /// The conference that it is or was in.
    pub conference_sid: Option<String>,
    /// When it was made, answered and ended.
    pub created: DateTime<Utc>,
    /// When it was answered.
    pub answered: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended: Option<DateTime<Utc>>,
    /// Who is told.
    pub progress: Option<Progress>,
    /// Where its task is told what to do.
    pub orders: mpsc::UnboundedSender<Order>,
}

impl Call {
    /// A call of REST's that nothing is known of yet.
    pub fn new(sid: String, orders: mpsc::UnboundedSender<Order>, now: DateTime<Utc>) -> Self {
        Self {
            sid,
            from: String::new(),
            to: String::new(),
            direction: Direction::OutboundApi,
            parent: None,
            status: CallStatus::Queued,
            application_sid: None,
            answered_by: None,
            plan: None,
            conference_sid: None,
            created: now,
            answered: None,
            ended: None,
            progress: None,
            orders,
        }
    }

    /// Seconds between answer and end, or until `now`; nothing when it was not answered.
    pub fn seconds(&self, now: DateTime<Utc>) -> i64 {
        self.answered.map_or(0, |answered| (self.ended.unwrap_or(now) - answered).num_milliseconds().div_euclid(1_000).max(0))
    }

    /// The parameters that every webhook about a call has.
    pub fn parameters(&self, account_sid: &str, status: &str) -> Vec<(String, String)> {
        let pairs = [
            ("AccountSid", account_sid),
            ("ApiVersion", "2010-04-01"),
            ("CallSid", &self.sid),
            ("CallStatus", status),
            ("Called", &self.to),
            ("Caller", &self.from),
            ("Direction", self.direction.word()),
            ("From", &self.from),
            ("To", &self.to),
        ];
        let mut params: Vec<_> = pairs.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if let Some(application) = &self.application_sid {
            params.push(("ApplicationSid".to_owned(), application.clone()));
        }
        if let Some(parent) = &self.parent {
            params.push(("ParentCallSid".to_owned(), parent.clone()));
        }
        params
    }

    /// The message about `event`, when somebody asked for it. `status` is how the call stands, as Twilio words it there.
    pub fn tell(&mut self, account_sid: &str, event: CallEvent, status: &str, now: DateTime<Utc>) -> Option<Effect> {
        let progress = self.progress.as_mut().filter(|progress| progress.events.contains(&event))?;
        let (endpoint, sequence) = (progress.endpoint.clone(), progress.sequence);
        progress.sequence += 1;
        let mut params = self.parameters(account_sid, status);
        let mut add = |name: &str, value: String| params.push((name.to_owned(), value));
        add("CallbackSource", "call-progress-events".to_owned());
        add("SequenceNumber", sequence.to_string());
        add("Timestamp", rfc2822(now));
        if event == CallEvent::Completed {
            let seconds = self.seconds(now);
            add("CallDuration", seconds.to_string());
            // Minutes that are charged.
            add("Duration", seconds.unsigned_abs().div_ceil(60).to_string());
            add("SipResponseCode", self.status.sip_response().to_owned());
        }
        if let Some(who) = self.answered_by.filter(|_| matches!(event, CallEvent::Answered | CallEvent::Completed)) {
            add("AnsweredBy", who.to_owned());
        }
        Some(Effect::Webhook { queue: self.sid.clone(), endpoint, params })
    }
}

//! What the carrier knows: calls and conferences, and what follows from every change. Does nothing itself: each change answers its
//! effects, in order, so that it can be tested without a network.

mod call;
mod change;
mod conference;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use self::call::{Call, CallEvent, CallStatus, Direction, Progress};
pub use self::change::{Change, Coaching};
pub use self::conference::{Audience, Conference, ConferenceStatus, Left, Participant, Terms};
use crate::life::Order;
use crate::recordings::Asked;
use crate::sid;

/// Where a webhook goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Endpoint {
    /// Absolute.
    pub url: String,
    /// `GET` with the parameters in the query; else `POST` with a form.
    pub is_get: bool,
}

impl Endpoint {
    /// A form post to `url`.
    pub fn post(url: impl Into<String>) -> Self {
        Self { url: url.into(), is_get: false }
    }
}

/// What is to be done after a change.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Tell somebody. Messages of one `queue` (a call's or a conference's sid) arrive in order.
    Webhook { queue: String, endpoint: Endpoint, params: Vec<(String, String)> },
    /// Tell a call's task.
    Order { call_sid: String, order: Order },
    /// The call hears and is heard in the conference.
    Enter { call_sid: String, conference_sid: String },
    /// The call is in no conference any more.
    Exit { call_sid: String },
    /// The call is heard, or hears, otherwise than before.
    Restrain { call_sid: String, is_muted: bool, is_held: bool, coaches: Option<String> },
    /// The call is on hold from now on, and hears what an application says, or music.
    Hold { call_sid: String, music: Option<Endpoint> },
    /// The call is no longer on hold.
    Unhold { call_sid: String },
    /// What is said in the conference is recorded.
    Record { conference_sid: String, asked: Asked },
    /// No more of it is recorded.
    StopRecordings { conference_sid: String },
    /// A tone for all in the conference.
    Beep { conference_sid: String },
    /// Nobody can ask about the call any more.
    Forget { call_sid: String },
}

/// Calls and conferences that can be asked about; a demo may run for weeks.
const KEPT: usize = 5_000;

/// Why somebody cannot join.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JoinFault {
    /// Somebody of that label is there already (Twilio's 16025).
    LabelTaken,
}

/// All calls and conferences, oldest first.
#[derive(Debug, Default)]
pub struct Model {
    account_sid: String,
    calls: Vec<Call>,
    conferences: Vec<Conference>,
}

impl Model {
    /// Of one account.
    pub fn new(account_sid: &str) -> Self {
        Self { account_sid: account_sid.to_owned(), ..Self::default() }
    }

    /// Every call, oldest first.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Every conference, oldest first.
    pub fn conferences(&self) -> &[Conference] {
        &self.conferences
    }

    /// Adds a call. Beyond [`KEPT`], the oldest that is over is forgotten.
    pub fn add_call(&mut self, call: Call) -> Vec<Effect> {
        self.calls.push(call);
        let oldest = (self.calls.len() > KEPT).then(|| self.calls.iter().position(|call| call.status.is_final())).flatten();
        oldest.map(|at| Effect::Forget { call_sid: self.calls.remove(at).sid }).into_iter().collect()
    }

    /// A call by sid.
    pub fn call(&self, sid: &str) -> Option<&Call> {
        self.calls.iter().rev().find(|call| call.sid == sid)
    }

    /// A call by sid, to be changed.
    pub fn call_mut(&mut self, sid: &str) -> Option<&mut Call> {
        self.calls.iter_mut().rev().find(|call| call.sid == sid)
    }

    /// A conference by sid, also one that has ended; or by name, one that has not.
    pub fn conference(&self, sid_or_name: &str) -> Option<&Conference> {
        self.position(sid_or_name).and_then(|at| self.conferences.get(at))
    }

    /// The conference that a call takes part in now.
    pub fn conference_of(&self, call_sid: &str) -> Option<&Conference> {
        self.conferences.iter().rev().find(|conference| conference.participants.iter().any(|there| there.call_sid == call_sid))
    }

    fn position(&self, sid_or_name: &str) -> Option<usize> {
        self.conferences.iter().rposition(|conference| {
            conference.sid == sid_or_name || (conference.name == sid_or_name && conference.status != ConferenceStatus::Completed)
        })
    }

    fn find_mut(&mut self, sid: &str) -> Option<&mut Conference> {
        self.conferences.iter_mut().rev().find(|conference| conference.sid == sid)
    }

    /// The sid of the conference of this name that has not ended; made when there is none.
    pub fn open_conference(&mut self, name: &str, now: DateTime<Utc>) -> String {
        if let Some(known) = self.conference(name).filter(|known| known.status != ConferenceStatus::Completed) {
            return known.sid.clone();
        }
        if self.conferences.len() > KEPT
            && let Some(at) = self.conferences.iter().position(|known| known.status == ConferenceStatus::Completed)
        {
            self.conferences.remove(at);
        }
        let conference = Conference::new(sid::new("CF"), name, now);
        let sid = conference.sid.clone();
        self.conferences.push(conference);
        sid
    }

    /// The call moves on: its status, the times, and who is told. A call never moves back.
    pub fn advance(&mut self, call_sid: &str, status: CallStatus, now: DateTime<Utc>) -> Vec<Effect> {
        let account = self.account_sid.clone();
        let Some(call) = self.call_mut(call_sid).filter(|call| call.status < status && !call.status.is_final()) else { return Vec::new() };
        call.status = status;
        let (event, word) = match status {
            CallStatus::Queued => return Vec::new(),
            CallStatus::Ringing => (CallEvent::Ringing, status.word()),
            CallStatus::InProgress => {
                call.answered = Some(now);
                (CallEvent::Answered, status.word())
            }
            _ => {
                call.ended = Some(now);
                (CallEvent::Completed, status.word())
            }
        };
        call.tell(&account, event, word, now).into_iter().collect()
    }

    /// A call that REST made is being dialled.
    pub fn initiate(&mut self, call_sid: &str, now: DateTime<Utc>) -> Vec<Effect> {
        let account = self.account_sid.clone();
        let call = self.call_mut(call_sid);
        call.and_then(|call| call.tell(&account, CallEvent::Initiated, "initiated", now)).into_iter().collect()
    }

    /// Somebody is on the way to a conference: rung, not there yet.
    pub fn expect(&mut self, conference_sid: &str, call_sid: &str, terms: Terms, now: DateTime<Utc>) -> Result<(), JoinFault> {
        let Some(conference) = self.find_mut(conference_sid) else { return Ok(()) };
        if terms.label.as_deref().is_some_and(|label| conference.find(label).is_some()) {
            return Err(JoinFault::LabelTaken);
        }
        conference.participants.push(Participant { call_sid: call_sid.to_owned(), terms, created: now, joined: None });
        conference.updated = now;
        if let Some(call) = self.call_mut(call_sid) {
            call.conference_sid = Some(conference_sid.to_owned());
        }
        Ok(())
    }

    /// Somebody comes into a conference, expected or not. The first that names an audience decides who is told.
    pub fn join(
        &mut self,
        conference_sid: &str,
        call_sid: &str,
        terms: Terms,
        audience: Option<Audience>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Effect>, JoinFault> {
        if self.conference(conference_sid).is_some_and(|conference| conference.find(call_sid).is_none()) {
            self.expect(conference_sid, call_sid, terms, now)?;
        }
        let account = self.account_sid.clone();
        let Some(conference) = self.find_mut(conference_sid) else { return Ok(Vec::new()) };
        if conference.audience.is_none() {
            conference.audience = audience;
        }
        conference.updated = now;
        let Some(at) = conference.find(call_sid) else { return Ok(Vec::new()) };
        let there = &mut conference.participants[at];
        there.joined = Some(now);
        if conference.recording.is_none() {
            conference.recording.clone_from(&there.terms.conference_recording);
        }
        let there = there.clone();
        let mut effects = vec![Effect::Enter { call_sid: call_sid.to_owned(), conference_sid: conference_sid.to_owned() }];
        if there.terms.is_muted || there.terms.is_held || there.terms.coaches.is_some() {
            effects.push(change::restrain(&there));
        }
        if there.terms.is_held {
            effects.push(change::hold(&there));
        }
        effects.extend(conference.tell_of(&account, "participant-join", &there, now));
        if conference.can_start() {
            conference.status = ConferenceStatus::InProgress;
            effects.extend(conference.tell(&account, "conference-start", Vec::new(), now));
            let asked = conference.recording.clone();
            effects.extend(asked.map(|asked| Effect::Record { conference_sid: conference_sid.to_owned(), asked }));
            let present = || conference.participants.iter().filter(|there| there.joined.is_some());
            let waited = present().filter(|there| there.terms.wait_music.is_some() && !there.terms.is_held);
            effects.extend(waited.map(|there| Effect::Unhold { call_sid: there.call_sid.clone() }));
            effects.extend(present().map(|there| Effect::Order { call_sid: there.call_sid.clone(), order: Order::Started }));
        } else if conference.status == ConferenceStatus::Init && there.terms.wait_music.is_some() && !there.terms.is_held {
            effects.push(Effect::Hold { call_sid: call_sid.to_owned(), music: there.terms.wait_music.clone() });
        } else if conference.status == ConferenceStatus::InProgress {
            effects.push(Effect::Order { call_sid: call_sid.to_owned(), order: Order::Started });
        }
        if there.terms.beeps.0 && conference.present() > 1 {
            effects.push(Effect::Beep { conference_sid: conference_sid.to_owned() });
        }
        Ok(effects)
    }

    /// Somebody goes, or will not come after all. The conference may end with them.
    pub fn leave(&mut self, call_sid: &str, why: Left, now: DateTime<Utc>) -> Vec<Effect> {
        let account = self.account_sid.clone();
        let status = self.call(call_sid).map_or("completed", |call| call.status.word());
        let conference = self.conferences.iter_mut().rev().find(|known| known.participants.iter().any(|there| there.call_sid == call_sid));
        let Some(conference) = conference else { return Vec::new() };
        let Some(at) = conference.find(call_sid) else { return Vec::new() };
        let gone = conference.participants.remove(at);
        conference.updated = now;
        let (why, status) = match (gone.joined, status) {
            (Some(_), status) => (why, status),
            // They are still rung, and will not be any more.
            (None, "queued" | "ringing") => (Left::AddFailed, "canceled"),
            (None, status) => (Left::AddFailed, status),
        };
        let mut effects = vec![Effect::Exit { call_sid: call_sid.to_owned() }];
        effects.extend(conference.tell_of_leave(&account, &gone, why, status, now));
        if gone.joined.is_some() && gone.terms.beeps.1 && conference.present() > 0 {
            effects.push(Effect::Beep { conference_sid: conference.sid.clone() });
        }
        let conference_sid = conference.sid.clone();
        let by_api = why == Left::ByApi;
        if gone.joined.is_some() && gone.terms.ends {
            let reason =
                if by_api { "participant-with-end-conference-on-exit-kicked" } else { "participant-with-end-conference-on-exit-left" };
            effects.extend(self.end(&conference_sid, reason, Some(&gone), Left::ModeratorEnded, now));
        } else if conference.participants.is_empty() {
            let reason = if by_api { "last-participant-kicked" } else { "last-participant-left" };
            effects.extend(self.end(&conference_sid, reason, Some(&gone), Left::ModeratorEnded, now));
        }
        effects
    }

    /// The application ends a conference.
    pub fn end_by_api(&mut self, conference_sid: &str, now: DateTime<Utc>) -> Vec<Effect> {
        self.end(conference_sid, "conference-ended-via-api", None, Left::ConferenceEnded, now)
    }

    fn end(&mut self, sid: &str, reason: &'static str, by: Option<&Participant>, why: Left, now: DateTime<Utc>) -> Vec<Effect> {
        let account = self.account_sid.clone();
        let Some(conference) = self.find_mut(sid).filter(|known| known.status != ConferenceStatus::Completed) else { return Vec::new() };
        conference.status = ConferenceStatus::Completed;
        conference.updated = now;
        conference.reason_ended = Some(reason);
        conference.call_ending = by.map(|by| by.call_sid.clone());
        let mut effects = Vec::new();
        for gone in std::mem::take(&mut conference.participants) {
            let (why, status) = if gone.joined.is_some() { (why, "in-progress") } else { (Left::AddFailed, "canceled") };
            effects.push(Effect::Exit { call_sid: gone.call_sid.clone() });
            effects.extend(conference.tell_of_leave(&account, &gone, why, status, now));
            effects.push(Effect::Order { call_sid: gone.call_sid.clone(), order: Order::Dropped });
        }
        let mut more = vec![("ReasonConferenceEnded", reason.to_owned())];
        if let Some(by) = by {
            more.push(("CallSidEndingConference", by.call_sid.clone()));
            more.extend(by.terms.label.clone().map(|label| ("ParticipantLabelEndingConference", label)));
        }
        effects.extend(conference.tell(&account, "conference-end", more, now));
        effects.extend(conference.recording.as_ref().map(|_| Effect::StopRecordings { conference_sid: sid.to_owned() }));
        effects
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.calls.clear();
        self.conferences.clear();
    }
}

#[cfg(test)]
mod tests;

//! One person as a screen shows them: what the claims platform has, and what the dialler did.

use auth::{CurrentAgent, Role};
use chrono::{DateTime, Utc};
use kernel::{UserId, display_time};
use queue::PastEvent;

use super::view::lower_first;
use super::{Calls, CallsFailure};
use crate::error::CallsError;
use crate::store::{self, IncomingEnd, Past, PastCall, PastRow};
use crate::types::{CallEnd, CallState, HistoryEntry, HistoryKind, PromiseNote, UserContext};

/// People on a list of promises.
const MOST_NOTES: usize = 400;
/// Lines of history on a screen.
const HISTORY_SHOWN: i64 = 50;

impl Calls {
    /// What the dialler did about one person, newest first. Before it is shown it is noted who looks.
    pub(crate) async fn history(&self, agent: &CurrentAgent, user: UserId) -> Result<Vec<HistoryEntry>, CallsFailure> {
        self.shared.queue.note_following(agent, &[user]).await?;
        self.past(user).await
    }

    /// One statement.
    async fn past(&self, user: UserId) -> Result<Vec<HistoryEntry>, CallsFailure> {
        let now = self.shared.queue.now();
        let rows = store::list_history(&self.shared.pool, user, HISTORY_SHOWN).await?;
        rows.into_iter().map(|row| history_entry(row, now)).collect()
    }

    /// What was written down with those promises to these people that are still to be kept: by the agent, for supervisors by anybody.
    /// Before it is shown it is noted who looks.
    pub(crate) async fn promise_notes(&self, agent: &CurrentAgent, users: &[UserId]) -> Result<Vec<PromiseNote>, CallsFailure> {
        let users: Vec<i64> = users.iter().take(MOST_NOTES).map(|user| user.get()).collect();
        let by = (agent.role < Role::Supervisor).then_some(agent.id);
        let notes = store::list_promise_notes(&self.shared.pool, &users, by).await?;
        let shown: Vec<UserId> = notes.iter().map(|(user, _)| *user).collect();
        self.shared.queue.note_following(agent, &shown).await?;
        Ok(notes.into_iter().map(|(user_id, note)| PromiseNote { user_id, note }).collect())
    }

    /// Everything that is known of one person, read in one round trip to each database, both at once; and none to the replica when the person
    /// was looked at just before. Before anything is shown it is noted who looks, which is one more.
    pub(crate) async fn user(&self, agent: &CurrentAgent, user: UserId) -> Result<UserContext, CallsFailure> {
        let (found, history) = tokio::join!(self.shared.contexts.find(user, self.shared.queue.now()), self.past(user));
        let (context, age) = found.map_err(CallsFailure::Replica)?.ok_or(CallsError::NoSuchUser)?;
        self.shared.queue.note_viewing(agent, user).await?;
        let read_age_millis = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        Ok(UserContext { user: self.shared.queue.card(&context), read_age_millis, history: history? })
    }
}

fn history_entry(row: PastRow, now: DateTime<Utc>) -> Result<HistoryEntry, CallsFailure> {
    let by = row.by.unwrap_or_else(|| "somebody".to_owned());
    let at = display_time(row.at, now);
    Ok(match row.event {
        Past::Call(call) => {
            let (title, kind) = call_line(&call);
            let notes = call.notes.trim();
            let detail = if notes.is_empty() { by } else { format!("{by}: “{notes}”") };
            HistoryEntry { title, detail: Some(detail), at, kind, decision_id: None }
        }
        Past::Missed(end) => {
            let title = match end {
                IncomingEnd::GaveUp => "Rang us, and hung up before anybody answered",
                IncomingEnd::Closed => "Rang us outside our hours",
                IncomingEnd::Objected => "Rang us, and pressed the key for no more calls",
                IncomingEnd::NobodyFree | IncomingEnd::Talked => "Rang us when nobody was free",
            };
            HistoryEntry { title: title.to_owned(), detail: None, at, kind: HistoryKind::NotReached, decision_id: None }
        }
        Past::OfQueue(event) => {
            let (title, detail) = event.words(&by, now)?;
            let (kind, decision_id) = match event {
                PastEvent::Release { .. } => (HistoryKind::Skipped, None),
                PastEvent::Callback { .. } => (HistoryKind::Promised, None),
                PastEvent::Decision { id, is_saved_call: true, .. } => (HistoryKind::Saved, Some(id)),
                PastEvent::Decision { id, outcome: queue::Outcome::Callable, .. } => (HistoryKind::Offered, Some(id)),
                PastEvent::Decision { id, .. } => (HistoryKind::PassedOver, Some(id)),
            };
            HistoryEntry { title, detail, at, kind, decision_id }
        }
    })
}

/// What came of a call, with how long it was: “Will do it · 3 min 12 s”, “No answer · rang 24 s”.
fn call_line(call: &PastCall) -> (String, HistoryKind) {
    match call.end {
        _ if call.state != CallState::Ended => return ("On the telephone now".to_owned(), HistoryKind::Calling),
        Some(CallEnd::CouldNotCheck) => return ("Not rung: could not be checked".to_owned(), HistoryKind::PassedOver),
        Some(CallEnd::CallerGone) => return ("Rang us, and hung up before the agent was on the line".to_owned(), HistoryKind::NotReached),
        Some(CallEnd::NotConnected) if call.is_incoming => {
            return ("Rang us: an agent’s telephone did not connect".to_owned(), HistoryKind::NotReached);
        }
        Some(CallEnd::NotConnected) => return ("Not rung: the agent’s telephone did not connect".to_owned(), HistoryKind::PassedOver),
        Some(CallEnd::NotPlaced) => return ("Not rung: the carrier did not take the call".to_owned(), HistoryKind::PassedOver),
        _ => {}
    }
    let length = |from: Option<DateTime<Utc>>| Some(duration((call.ended_at? - from?).num_seconds()));
    let lasted = length(call.answered_at).or_else(|| length(call.rung_at).map(|rang| format!("rang {rang}")));
    let label = call.label.clone().unwrap_or_else(|| "Outcome still to be recorded".to_owned());
    let label = if call.is_incoming { format!("Rang us: {}", lower_first(&label)) } else { label };
    let is_reached = call.is_reached.unwrap_or(call.answered_at.is_some());
    let kind = if is_reached { HistoryKind::Reached } else { HistoryKind::NotReached };
    (lasted.map_or_else(|| label.clone(), |lasted| format!("{label} · {lasted}")), kind)
}

fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn ended(end: CallEnd) -> PastCall {
        PastCall {
            state: CallState::Ended,
            end: Some(end),
            label: None,
            is_reached: None,
            notes: String::new(),
            is_incoming: false,
            rung_at: Some(utc("2026-11-24T10:00:00Z")),
            answered_at: None,
            ended_at: Some(utc("2026-11-24T10:03:26Z")),
        }
    }

    #[test]
    fn a_call_is_told_by_what_came_of_it_and_how_long_it_was() {
        let rang = PastCall { is_incoming: true, rung_at: None, ..ended(CallEnd::ByPerson) };
        let rang = PastCall {
            label: Some("Will do it".to_owned()),
            answered_at: Some(utc("2026-11-24T10:00:14Z")),
            is_reached: Some(true),
            ..rang
        };
        let talked = PastCall { answered_at: Some(utc("2026-11-24T10:00:14Z")), ..ended(CallEnd::ByPerson) };
        let will = PastCall { label: Some("Will do it".to_owned()), is_reached: Some(true), ..talked.clone() };
        let voicemail = PastCall { label: Some("Left voicemail".to_owned()), is_reached: Some(false), ..talked.clone() };
        let none = PastCall {
            label: Some("No answer".to_owned()),
            is_reached: Some(false),
            ended_at: Some(utc("2026-11-24T10:00:24Z")),
            ..ended(CallEnd::NoAnswer)
        };
        for (call, words, kind) in [
            (will, "Will do it · 3 min 12 s", HistoryKind::Reached),
            (rang, "Rang us: will do it · 3 min 12 s", HistoryKind::Reached),
            (voicemail, "Left voicemail · 3 min 12 s", HistoryKind::NotReached),
            (none, "No answer · rang 24 s", HistoryKind::NotReached),
            (talked, "Outcome still to be recorded · 3 min 12 s", HistoryKind::Reached),
            (
                PastCall { rung_at: None, ..ended(CallEnd::NotConnected) },
                "Not rung: the agent’s telephone did not connect",
                HistoryKind::PassedOver,
            ),
            (PastCall { state: CallState::Ringing, end: None, ..ended(CallEnd::ByAgent) }, "On the telephone now", HistoryKind::Calling),
        ] {
            assert_eq!(call_line(&call), (words.to_owned(), kind));
        }
    }

    #[test]
    fn the_note_is_told_verbatim_beside_whose_it_is() {
        let call =
            PastCall { label: Some("Will do it".to_owned()), notes: " Wants to <read> it first. ".to_owned(), ..ended(CallEnd::ByAgent) };
        let row = |by: Option<&str>, call: PastCall| PastRow {
            at: utc("2026-11-24T10:00:00Z"),
            by: by.map(str::to_owned),
            event: Past::Call(call),
        };
        let now = utc("2026-11-24T12:00:00Z");

        let entry = history_entry(row(Some("Marcus Bell"), call.clone()), now).unwrap();
        assert_eq!(entry.detail.as_deref(), Some("Marcus Bell: “Wants to <read> it first.”"));
        assert_eq!(entry.at, "today 10:00");
        let entry = history_entry(row(None, PastCall { notes: "  ".to_owned(), ..call }), now).unwrap();
        assert_eq!(entry.detail.as_deref(), Some("somebody"));
    }
}

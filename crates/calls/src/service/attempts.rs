//! The history: every attempt to ring somebody, newest first, and one of them with its legs and events.

use auth::CurrentAgent;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};
use kernel::{CallId, UserId, display_time, from_london, london};

use super::recordings::may_listen;
use super::{Calls, CallsFailure, correct};
use crate::error::CallsError;
use crate::store::{self, AttemptRow, EventRow, SupersededRow, WantedAttempts, Way, WholeLegRow};
use crate::types::{
    Attempt, AttemptChoices, AttemptDetail, AttemptFilter, AttemptMark, AttemptPage, AttemptRecording, CallEnd, CallState, Leg,
    LoggedEvent, Place, RecordedOutcome, SupersededOutcome, Told,
};

/// Attempts on a page.
const PAGE: usize = 50;

impl Calls {
    /// A page of the history: one statement, and another one where it is of one agent. Before it is shown it is noted who looks.
    pub(crate) async fn attempts(&self, agent: &CurrentAgent, filter: &AttemptFilter, place: Place) -> Result<AttemptPage, CallsFailure> {
        let wanted = wanted(filter)?;
        let (way, mark) = match place {
            // Whatever is wanted was begun before then, so that it does not matter which call is named.
            Place::Newest => (Way::Older, AttemptMark { at: wanted.until, call: CallId::generate() }),
            Place::OlderThan(mark) => (Way::Older, mark),
            Place::NewerThan(mark) => (Way::Newer, mark),
        };
        let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
        let mut rows = store::list_attempts(&self.shared.pool, &wanted, way, mark, limit).await?;
        let goes_on = rows.len() > PAGE;
        rows.truncate(PAGE);
        if way == Way::Newer {
            rows.reverse();
        }
        let (first, last) = (rows.first().map(mark_of), rows.last().map(mark_of));
        let (newer, older) = match place {
            Place::Newest => (None, last.filter(|_| goes_on)),
            // The mark itself is on the page that this one was reached from.
            Place::OlderThan(_) => (first, last.filter(|_| goes_on)),
            Place::NewerThan(_) => (first.filter(|_| goes_on), last),
        };
        let mut people: Vec<UserId> = rows.iter().filter_map(|row| row.user).collect();
        people.sort_unstable();
        people.dedup();
        self.shared.queue.note_following(agent, &people).await?;
        let now = self.shared.queue.now();
        Ok(AttemptPage { attempts: rows.into_iter().map(|row| self.attempt_view(row, now)).collect(), newer, older })
    }

    /// One attempt with its legs and what the carrier said. Before it is shown it is noted who looks.
    pub(crate) async fn attempt(&self, agent: &CurrentAgent, call: CallId) -> Result<AttemptDetail, CallsFailure> {
        let row = store::find_attempt(&self.shared.pool, call).await?.ok_or(CallsError::NoSuchAttempt)?;
        let legs = store::list_whole_legs(&self.shared.pool, call).await?;
        let events = store::list_events(&self.shared.pool, call).await?;
        self.shared.queue.note_following(agent, row.user.as_slice()).await?;
        let now = self.shared.queue.now();
        let standing = correct::Standing {
            agent: row.agent,
            state: row.state,
            end: row.end,
            ended_at: row.ended_at,
            is_recorded: row.disposition.is_some(),
        };
        let recording = store::find_recording(&self.shared.pool, call).await?.map(|found| {
            let is_allowed = may_listen(agent, row.agent);
            let words = match (found.status.as_str(), found.is_stored, found.deleted_at) {
                (_, true, _) if is_allowed => String::new(),
                (_, true, _) => "Whoever made the call and supervisors can listen to it.".to_owned(),
                (_, _, Some(at)) => format!("It was deleted on {}, after its retention.", london(at).format("%-d %B %Y")),
                ("in-progress", ..) => "The carrier has not finished it.".to_owned(),
                ("completed", ..) => "It is being fetched from the carrier.".to_owned(),
                _ => "The carrier says that nothing was recorded.".to_owned(),
            };
            AttemptRecording { seconds: found.seconds, may_listen: found.is_stored && is_allowed, words }
        });
        Ok(AttemptDetail {
            recording,
            transfers: self.transfers_of(call).await?,
            notice: self.notice_of(call, now).await?,
            may_correct: correct::may_correct((agent.id, agent.role), &standing, now).is_ok(),
            attempt: self.attempt_view(row, now),
            legs: legs.into_iter().map(leg).collect(),
            events: events.into_iter().map(event).collect(),
        })
    }

    /// What the history can be narrowed to.
    pub(crate) async fn attempt_choices(&self) -> Result<AttemptChoices, CallsFailure> {
        let agents = store::list_agents(&self.shared.pool).await?;
        let outcomes = store::list_dispositions(&self.shared.pool).await?;
        Ok(AttemptChoices { agents, outcomes: outcomes.into_iter().map(|row| (row.code, row.label)).collect() })
    }

    fn attempt_view(&self, row: AttemptRow, now: DateTime<Utc>) -> Attempt {
        let length = |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| Some((to? - from?).num_seconds().max(0));
        let outcome = row.disposition.zip(row.label).zip(row.recorded_at).map(|((disposition, label), at)| RecordedOutcome {
            disposition,
            label,
            is_reached: row.is_reached.unwrap_or(row.answered_at.is_some()),
            by: row.recorded_by,
            at: told(at, now),
            callback_at: row.callback_at.map(|at| told(at, now)),
        });
        let has_rung = !row.end.is_some_and(CallEnd::is_before_ringing);
        Attempt {
            id: row.id,
            at: told(row.created_at, now),
            user_id: row.user,
            user_name: row.user_name,
            number: row.number.and_then(|number| self.shared.queue.shown_number(&number)),
            agent_id: row.agent,
            agent: row.agent_name,
            queue: row.queue,
            is_incoming: row.is_incoming,
            state: row.state,
            end: row.end,
            end_words: row.end_words,
            is_saved_call: row.is_saved_call,
            ring_seconds: length(row.rung_at, row.answered_at.or(row.ended_at)).filter(|_| has_rung),
            talk_seconds: length(row.answered_at, row.ended_at),
            // Where nobody was rung the system has said that it failed: that is no outcome of anything.
            outcome: outcome.filter(|_| has_rung || row.state != CallState::Ended),
            notes: row.notes,
            decision_id: row.decision_id,
            superseded: row.superseded.0.into_iter().map(|row| superseded(row, now)).collect(),
        }
    }
}

/// What is wanted, as the store has it; refused when a day is none.
fn wanted(filter: &AttemptFilter) -> Result<WantedAttempts, CallsError> {
    let day = |text: &Option<String>, field| {
        let text = text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let day = |text: &str| text.parse::<NaiveDate>().ok().filter(|day| (1970..=9998).contains(&day.year()));
        text.map(|text| day(text).ok_or(CallsError::NoSuchDay(field))).transpose()
    };
    let (from, until) = (day(&filter.from, "from")?, day(&filter.until, "until")?);
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        return Err(CallsError::DaysBackwards);
    }
    let begins = |day: NaiveDate, field| from_london(day.and_time(NaiveTime::MIN)).ok_or(CallsError::NoSuchDay(field));
    Ok(WantedAttempts {
        user: filter.user_id,
        agent: filter.agent_id,
        queue: filter.queue,
        disposition: filter.disposition,
        end: filter.end,
        is_incoming: filter.is_incoming,
        with_unrung: filter.with_unrung || filter.end.is_some_and(CallEnd::is_before_ringing),
        from: from.map(|day| begins(day, "from")).transpose()?.unwrap_or(DateTime::UNIX_EPOCH),
        until: match until {
            Some(day) => begins(day.checked_add_days(Days::new(1)).ok_or(CallsError::NoSuchDay("until"))?, "until")?,
            None => far(),
        },
    })
}

/// Later than any call.
fn far() -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(9999, 1, 1).and_then(|day| day.and_hms_opt(0, 0, 0)).map_or(DateTime::<Utc>::MAX_UTC, |at| at.and_utc())
}

const fn mark_of(row: &AttemptRow) -> AttemptMark {
    AttemptMark { at: row.created_at, call: row.id }
}

/// A moment in full: “Tuesday 24 November 2026, 14:05:12”.
pub(super) fn told(at: DateTime<Utc>, now: DateTime<Utc>) -> Told {
    Told { short: display_time(at, now), full: london(at).format("%A %-d %B %Y, %H:%M:%S").to_string() }
}

fn clock(at: DateTime<Utc>) -> String {
    london(at).format("%H:%M:%S").to_string()
}

fn superseded(row: SupersededRow, now: DateTime<Utc>) -> SupersededOutcome {
    SupersededOutcome {
        label: row.label,
        notes: row.notes,
        by: row.recorded_by,
        at: told(row.recorded_at, now),
        superseded_by: row.superseded_by,
        superseded_at: told(row.superseded_at, now),
        because: row.because,
    }
}

fn leg(row: WholeLegRow) -> Leg {
    Leg {
        party: row.party,
        sid: row.sid,
        created: clock(row.created_at),
        ended: row.ended_at.map(clock),
        status: row.status,
        seconds: row.duration_seconds,
    }
}

fn event(row: EventRow) -> LoggedEvent {
    LoggedEvent { at: clock(row.received_at), source: row.source, party: row.party, name: row.name, sequence: row.sequence }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(from: &str, until: &str) -> Result<(DateTime<Utc>, DateTime<Utc>), CallsError> {
        let filter = AttemptFilter { from: Some(from.to_owned()), until: Some(until.to_owned()), ..AttemptFilter::default() };
        wanted(&filter).map(|wanted| (wanted.from, wanted.until))
    }

    /// lessons, line 32: times were built in UTC in a local field. The days are London's, both included, also where clocks change.
    #[test]
    fn days_are_londons_from_the_first_to_the_end_of_the_last() {
        let utc = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (from, until, begins, ends) in [
            ("2026-11-24", "2026-11-24", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"),
            ("2026-07-01", "2026-07-02", "2026-06-30T23:00:00Z", "2026-07-02T23:00:00Z"),
            ("2026-03-29", "2026-03-29", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"),
            ("2026-10-25", "2026-10-25", "2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z"),
        ] {
            assert_eq!(days(from, until), Ok((utc(begins), utc(ends))), "{from} to {until}");
        }
        assert_eq!(days("", " "), Ok((DateTime::UNIX_EPOCH, far())));
        assert_eq!(days("2026-11-25", "2026-11-24"), Err(CallsError::DaysBackwards));
        assert_eq!(days("2026-02-30", ""), Err(CallsError::NoSuchDay("from")));
        assert_eq!(days("", "tomorrow"), Err(CallsError::NoSuchDay("until")));
        for absurd in ["+262142-12-31", "-4713-01-01", "1969-12-31", "9999-01-01"] {
            assert_eq!(days(absurd, ""), Err(CallsError::NoSuchDay("from")), "{absurd}");
        }
    }

    #[test]
    fn an_end_that_rings_nobody_brings_those_along_that_rang_nobody() {
        let with = |end| wanted(&AttemptFilter { end: Some(end), ..AttemptFilter::default() }).unwrap().with_unrung;
        for end in CallEnd::ALL {
            assert_eq!(with(end), end.is_before_ringing(), "{end:?}");
        }
    }
}

//! Putting right what was recorded of a call. What stood is kept, with who put it right and why; what follows for the person is settled as
//! when an outcome is recorded.

use auth::{CurrentAgent, Role};
use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId, Hint, UserId, london};
use queue::{Closing, Prospects};

use super::outcome::{LONGEST_OBJECTION, closing, dialled, queue_of, recorded_words};
use super::{Calls, CallsFailure};
use crate::error::CallsError;
use crate::store::{self, CallRow, NewOutcome};
use crate::types::{CallEnd, CallState, Correctable, Correction, LONGEST_REASON, Outcome, Recorded};

/// How it stands with a call, as far as it matters to whoever would put its outcome right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Standing {
    pub(super) agent: AgentId,
    pub(super) state: CallState,
    pub(super) end: Option<CallEnd>,
    pub(super) ended_at: Option<DateTime<Utc>>,
    /// Something is recorded.
    pub(super) is_recorded: bool,
}

impl Standing {
    const fn of(row: &CallRow, is_recorded: bool) -> Self {
        Self { agent: row.agent, state: row.state, end: row.end_reason, ended_at: row.ended_at, is_recorded }
    }
}

/// Whether somebody may put right what was recorded: a supervisor, or whoever made the call, on its own London day.
pub(super) fn may_correct((who, role): (AgentId, Role), call: &Standing, now: DateTime<Utc>) -> Result<(), CallsError> {
    if call.end.is_some_and(CallEnd::is_before_ringing) {
        return Err(CallsError::NobodyRung);
    }
    if role < Role::Supervisor && call.agent != who {
        return Err(CallsError::NotYourOutcome);
    }
    let Some(ended_at) = call.ended_at.filter(|_| call.state == CallState::Ended && call.is_recorded) else {
        return Err(CallsError::NotRecordedYet);
    };
    if role < Role::Supervisor && london(ended_at).date() != london(now).date() {
        return Err(CallsError::DayIsOver);
    }
    Ok(())
}

impl Calls {
    /// What can be recorded instead of what stands, with what would follow.
    pub(crate) async fn correctable(&self, agent: &CurrentAgent, call: CallId) -> Result<Correctable, CallsFailure> {
        let row = store::find(&self.shared.pool, call).await?.ok_or(CallsError::NoSuchAttempt)?;
        let standing = store::find_standing_outcome(&self.shared.pool, call).await?;
        may_correct((agent.id, agent.role), &Standing::of(&row, standing.is_some()), self.shared.queue.now())?;
        let standing = standing.ok_or(CallsError::NotRecordedYet)?;
        self.shared.queue.note_following(agent, row.user.as_slice()).await?;
        let mut choices = match self.prospects_anew(&row).await? {
            Some(prospects) => self.choices(&row, &prospects).await?,
            None => self.choices_of_nobody(&row).await?,
        };
        choices.retain(|choice| choice.disposition != standing.disposition);
        Ok(Correctable { standing: standing.disposition, notes: standing.notes, choices })
    }

    /// Puts another outcome in the place of the one that stands, in one transaction. An objection that the former one put on record stays:
    /// lifting one is a decision of its own.
    pub(crate) async fn correct(&self, agent: &CurrentAgent, call: CallId, correction: Correction) -> Result<Recorded, CallsFailure> {
        let row = store::find(&self.shared.pool, call).await?.ok_or(CallsError::NoSuchAttempt)?;
        let standing = store::find_standing_outcome(&self.shared.pool, call).await?;
        may_correct((agent.id, agent.role), &Standing::of(&row, standing.is_some()), self.shared.queue.now())?;
        let notes = correction.notes.or_else(|| standing.map(|standing| standing.notes)).unwrap_or_default();
        let reason = correction.reason.trim();
        match reason.chars().count() {
            0 => return Err(CallsError::ReasonNeeded.into()),
            1..=LONGEST_REASON => {}
            _ => return Err(CallsError::ReasonTooLong(LONGEST_REASON).into()),
        }
        let catalogue = self.catalogue().await?;
        let find = |disposition| catalogue.get(&disposition).ok_or(CallsFailure::NoDisposition(disposition.as_str()));
        let chosen = find(correction.disposition)?;
        let outcome = Outcome {
            disposition: correction.disposition,
            notes: Some(notes.clone()),
            callback_at: correction.callback_at,
            asked_regardless: correction.asked_regardless,
        };
        let promise = self.check_outcome(&row, chosen, &outcome).await?;
        if promise.is_some() && row.user.is_none() {
            return Err(CallsError::NobodyToRing.into());
        }
        let prospects = self.prospects_anew(&row).await?;

        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        // One after the other, also with the agent who says late what is true.
        let Some(row) = store::lock(&mut transaction, row.id).await? else { return Err(CallsError::NoSuchAttempt.into()) };
        let standing = store::find_standing_outcome(&mut *transaction, row.id).await?.ok_or(CallsError::NotRecordedYet)?;
        let former = find(standing.disposition)?;
        if standing.disposition != correction.instead_of {
            return Err(CallsError::CorrectedMeanwhile(former.label.clone()).into());
        }
        if standing.disposition == correction.disposition {
            return Err(CallsError::SameOutcome.into());
        }
        if let Some((user, at)) = row.user.zip(standing.callback_at) {
            let why = format!("the outcome of the call was corrected: {reason}");
            self.shared.queue.retract_promise(&mut transaction, agent.id, user, at, &why).await?;
        }
        if let (Some(promise), Some(prospects)) = (&promise, &prospects)
            && let Some(until) = self.shared.queue.forbidden_until(&mut transaction, prospects, promise).await?
        {
            return Err(CallsError::RungEnough(until).into());
        }
        let callback_at = promise.map(|promise| promise.at);
        let new = NewOutcome { disposition: correction.disposition, notes: &notes, callback_at, recorded_by: Some(agent.id) };
        store::replace_outcome(&mut transaction, row.id, &new, Some(reason), now).await?;
        let note = notes.trim().chars().take(LONGEST_OBJECTION).collect();
        let closing = Closing { note, ..closing(chosen, row.answered_at.is_some(), promise, now) };
        // Whoever talked to the person made the promise, and heard the objection.
        let settled = self.settle(&mut transaction, &row, prospects.as_ref(), &closing).await?;
        transaction.commit().await?;
        tracing::info!(
            agent.id = %agent.id, user.id = row.user.map(UserId::get), call.id = %row.id, call.disposition = correction.disposition.as_str(),
            call.was = standing.disposition.as_str(), "the outcome of a call was corrected"
        );
        self.shared.hints.send(Hint::Queues);
        self.tell(row.agent);
        if agent.id != row.agent {
            self.tell(agent.id);
        }
        let mut words = recorded_words(promise, settled.as_ref(), now);
        if former.suppresses.is_some() {
            words = format!("{words} What “{}” put on record against calls stays as it is; see “Do not call”.", former.label);
        }
        Ok(Recorded { call_id: row.id, disposition: correction.disposition, words })
    }

    async fn prospects_anew(&self, row: &CallRow) -> Result<Option<Prospects>, CallsFailure> {
        let Some(user) = row.user else { return Ok(None) };
        Ok(Some(self.shared.queue.prospects_anew(row.id, user, queue_of(row), dialled(row)).await?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_put_right_by_a_supervisor_or_on_the_same_day_by_whoever_made_the_call() {
        let (hannah, marcus) = (AgentId::new(7), AgentId::new(8));
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let call = Standing {
            agent: hannah,
            state: CallState::Ended,
            end: Some(CallEnd::ByPerson),
            // In summer: a quarter past midnight in London.
            ended_at: Some(at("2026-06-30T23:15:00Z")),
            is_recorded: true,
        };
        let (same_day, next_day) = (at("2026-07-01T22:59:00Z"), at("2026-07-01T23:01:00Z"));
        for (who, role, now, answer) in [
            (hannah, Role::Agent, same_day, Ok(())),
            (hannah, Role::Agent, next_day, Err(CallsError::DayIsOver)),
            (hannah, Role::Agent, at("2026-06-30T22:59:00Z"), Err(CallsError::DayIsOver)),
            (marcus, Role::Agent, same_day, Err(CallsError::NotYourOutcome)),
            (marcus, Role::Supervisor, next_day, Ok(())),
            (hannah, Role::Supervisor, next_day, Ok(())),
            (marcus, Role::Admin, next_day, Ok(())),
        ] {
            assert_eq!(may_correct((who, role), &call, now), answer, "{who} {role:?} {now}");
        }

        let open = Standing { is_recorded: false, ..call };
        assert_eq!(may_correct((hannah, Role::Admin), &open, same_day), Err(CallsError::NotRecordedYet));
        let talking = Standing { state: CallState::Connected, end: None, ended_at: None, ..open };
        assert_eq!(may_correct((hannah, Role::Admin), &talking, same_day), Err(CallsError::NotRecordedYet));
        for end in CallEnd::ALL {
            let ended = may_correct((hannah, Role::Admin), &Standing { end: Some(end), ..call }, same_day);
            assert_eq!(ended.is_ok(), !end.is_before_ringing(), "{end:?}");
        }
    }
}

//! What follows from a call: when the person may be rung next, and from which queue. The same function answers for the preview on the
//! agent's screen and for what is recorded.

use std::sync::Arc;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use kernel::{AgentId, CallId, Moment, PhoneNumber, QueueKind, UserId, display_time, from_london};
use sqlx::PgConnection;
use users::Facts;

use super::{Queue, QueueFailure, VersionedSettings, parse_number, score_input};
use crate::error::PromiseError;
use crate::holidays::{ClosedDay, british_weekday};
use crate::hours;
use crate::rules::{
    CallbackReason, Effect, LastOutcome, NumberFact, OwnFacts, Reason, Suppression, SuppressionKind, attempt_limits, calls_today,
    claim_names,
};
use crate::store::{self, AttemptOutcome, BeforeRow, NewCallback, NewEntry, NewSuppression, OwnRow};

/// A wall time as a form's field has it.
pub(super) const FIELD: &str = "%Y-%m-%dT%H:%M";
/// A callback can be promised for so many days ahead.
const PROMISED_AHEAD: i64 = 30;

/// What is known of a person whose call is over.
#[derive(Debug)]
pub struct Prospects {
    user: UserId,
    queue: QueueKind,
    /// None when the claims platform does not answer just now.
    facts: Option<Facts>,
    /// As dialled.
    dialled: String,
    number: NumberFact,
    own: OwnRow,
    /// When nobody has answered, it is tried once more: the call was for a promise, and no second try itself.
    may_be_tried_again: bool,
    settings: Arc<VersionedSettings>,
}

/// What came of a call, as far as the queue minds.
#[derive(Clone, Debug)]
pub struct Closing {
    /// The disposition's code.
    pub disposition: &'static str,
    /// A human answered.
    pub is_reached: bool,
    /// Counts as a failed attempt.
    pub is_failed: bool,
    /// No call before then because of the disposition.
    pub delay_until: Option<DateTime<Utc>>,
    /// That delay holds alone, without cooling-off.
    pub replaces_cooling_off: bool,
    /// Who is never rung again.
    pub suppress: Option<Suppress>,
    /// A new promise.
    pub promise: Option<Promise>,
    /// What the person said, by the agent's note: why they are not to be contacted.
    pub note: String,
}

/// An objection that a call brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suppress {
    /// The person and the number, for good.
    DoNotContact,
    /// The number, until the person has another.
    BadNumber,
}

/// A promise to ring at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// The instant.
    pub at: DateTime<Utc>,
    /// As clocks in London show it.
    pub wall_time: NaiveDateTime,
    /// They asked to be rung then whether or not anything is still pending.
    pub asked_regardless: bool,
}

/// What follows from an outcome.
#[derive(Clone, Debug)]
pub struct After {
    /// The queue and from when; none when the person leaves the queues, and when that cannot be told because the claims platform does
    /// not answer: then they stay where they were until then.
    pub next: Option<(QueueKind, DateTime<Utc>)>,
    /// When a promise that nobody answered is tried once more.
    pub retry_at: Option<DateTime<Utc>>,
    /// Why they leave.
    pub leaves_because: Vec<Reason>,
    /// The first time after that at which calls may be made, as clocks in London show it.
    pub opens: Option<NaiveDateTime>,
    /// Their score then.
    pub score: Option<scoring::Score>,
    /// Attempts made today and the cap, then in seven days and the cap; of the person, this call included.
    pub attempts: [(usize, u32); 2],
}

impl After {
    /// The person leaves the queues because of what they object to: that holds whatever another call has settled.
    pub fn is_by_objection(&self, closing: &Closing) -> bool {
        closing.suppress.is_some() && self.next.is_none()
    }
}

/// How it stood with a person before a call rang them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Before {
    /// Their score; none when the claims platform does not answer just now.
    pub score: Option<f64>,
    /// They were rung again since, so that this call settles nothing any more but what is known of itself.
    pub has_later_attempt: bool,
}

/// What the outcome of a call has settled.
#[derive(Clone, Debug)]
pub enum Settled {
    /// This follows.
    Now(After),
    /// When the person is rung next was settled by a later call, and stays so.
    ByLaterCall {
        /// A promise was made all the same, since there was none.
        is_promised: bool,
    },
}

impl Queue {
    /// What is known of the person now, for what follows from their call. The claims platform may be away: then less is known.
    pub async fn prospects(&self, call: CallId, user: UserId, queue: QueueKind, dialled: &str) -> Result<Prospects, QueueFailure> {
        let now = self.shared.clock.now();
        let settings = self.settings();
        let facts = match self.shared.replica.within(settings.settings.max_lag_millis).facts(user, settings.extras(), now).await {
            Ok((facts, _)) => facts,
            Err(unproved) => {
                let problem = unproved.error.as_ref().map_or_else(|| unproved.to_string(), ToString::to_string);
                tracing::warn!(replica.problem = %problem, "the claims platform could not be read after a call; discovery will put the person right");
                None
            }
        };
        let number = parse_number(facts.as_ref(), &self.shared.numbers);
        let current = number.usable().map_or(dialled, PhoneNumber::as_e164);
        let (own, may_be_tried_again) = store::find_own_facts_after(&self.shared.pool, call, user, current, now).await?;
        Ok(Prospects { user, queue, facts, dialled: dialled.to_owned(), number, own, may_be_tried_again, settings })
    }

    /// The same of a call whose outcome is put right: as if nothing had been recorded of it yet.
    pub async fn prospects_anew(&self, call: CallId, user: UserId, queue: QueueKind, dialled: &str) -> Result<Prospects, QueueFailure> {
        // What came of it first may have brought the one more try, or another promise: no further try follows then.
        let mut prospects = self.prospects(call, user, queue, dialled).await?;
        let before = store::find_before_attempt(&self.shared.pool, call).await?;
        if !before.has_later {
            prospects.own.failed_attempts = u32::try_from(before.failed_attempts).unwrap_or(u32::MAX);
        }
        Ok(prospects)
    }

    /// Withdraws what an outcome promised that is put right, unless it was rung for or moved since. Whether there was anything to withdraw.
    pub async fn retract_promise(
        &self,
        conn: &mut PgConnection,
        by: AgentId,
        user: UserId,
        promised_at: DateTime<Utc>,
        reason: &str,
    ) -> sqlx::Result<bool> {
        let Some(id) = store::lock_promise_for(conn, user, promised_at).await? else { return Ok(false) };
        store::cancel_callback(conn, id, by, reason, self.shared.clock.now()).await?;
        Ok(true)
    }

    /// What follows when the call is closed so.
    pub fn after(&self, prospects: &Prospects, closing: &Closing) -> After {
        let moment = self.moment();
        let settings = &prospects.settings.settings;
        let own = own_after(prospects, closing);
        let assessment = prospects.facts.as_ref().map(|facts| self.assess(&prospects.settings, Some(facts), &prospects.number, &own));
        let (judgement, score) = assessment.map(|assessment| (assessment.judgement, assessment.score)).unzip();
        let next = match &judgement {
            Some(judgement) => judgement.entry(moment.at),
            // What is known without the claims platform: limits, delay, and whether anybody may ring them at all.
            None if closing.suppress == Some(Suppress::DoNotContact) => None,
            None => Some((prospects.queue, attempt_limits(&own.facts, settings, prospects.queue, moment).unwrap_or(moment.at))),
        };
        let leaves_because = judgement.map(|judgement| judgement.reasons).unwrap_or_default();
        let leaves_because = leaves_because.into_iter().filter(|reason| reason.effect() == Effect::Remove).collect();
        let opens = next.and_then(|(_, at)| hours::next_opening(Moment::new(at), &settings.calling_hours, &self.holidays().holidays));
        let of_person = || own.facts.attempts.iter().filter(|attempt| attempt.of_person);
        let week = of_person().filter(|attempt| attempt.at > moment.at - TimeDelta::days(7)).count();
        let attempts = [calls_today(&own.facts, settings, prospects.queue, moment), (week, settings.attempts_in_7_days)];
        // One try more, when nobody answered (rules, Callbacks); also of a promise that was kept a little early, from another queue.
        let is_unanswered = prospects.may_be_tried_again && !closing.is_reached && closing.suppress.is_none();
        let retry_at = if is_unanswered && next.is_some() { self.retry_at(moment.at) } else { None };
        After { next, retry_at, leaves_because, opens, score: score.flatten(), attempts }
    }

    /// How it stood with the person before this call rang them, for comparison.
    pub async fn before(&self, call: CallId, prospects: &Prospects) -> Result<Before, QueueFailure> {
        let BeforeRow { last_attempt_at, last_disposition, failed_attempts, has_later, .. } =
            store::find_before_attempt(&self.shared.pool, call).await?;
        let own = OwnRow {
            last_attempt_at,
            last_disposition,
            failed_attempts: u32::try_from(failed_attempts).unwrap_or(u32::MAX),
            ..prospects.own.clone()
        };
        let today = self.moment().london.date();
        let score = |facts| scoring::score(&score_input(facts, &own), &prospects.settings.rule_set, today).total;
        Ok(Before { score: prospects.facts.as_ref().map(score), has_later_attempt: has_later })
    }

    /// Writes down what follows, in the call's transaction: the attempt's outcome, the entry, a suppression, a promise; the lease ends.
    pub async fn close_attempt(
        &self,
        conn: &mut PgConnection,
        call: CallId,
        agent: AgentId,
        prospects: &Prospects,
        closing: &Closing,
    ) -> sqlx::Result<Settled> {
        let now = self.shared.clock.now();
        let after = self.after(prospects, closing);
        let user = prospects.user;
        let outcome = AttemptOutcome {
            disposition: closing.disposition,
            is_reached: closing.is_reached,
            is_failed: closing.is_failed,
            delay_until: closing.delay_until,
            replaces_cooling_off: closing.replaces_cooling_off,
        };
        let has_later = store::close_attempt(conn, call, &outcome).await?;

        let source = format!("call {call}");
        let said = |kind, user| NewSuppression {
            kind,
            user,
            number: Some(prospects.dialled.as_str()).filter(|number| !number.is_empty()),
            reason: if kind == SuppressionKind::DoNotContact && !closing.note.is_empty() { &closing.note } else { closing.disposition },
            source: &source,
            by: Some(agent),
            ends_at: None,
        };
        match closing.suppress {
            Some(Suppress::DoNotContact) => {
                store::insert_suppression(conn, &said(SuppressionKind::DoNotContact, Some(user)), now).await?;
                store::close_promise(conn, user).await?;
            }
            Some(Suppress::BadNumber) if !prospects.dialled.is_empty() => {
                store::insert_suppression(conn, &said(SuppressionKind::BadNumber, None), now).await?;
            }
            Some(Suppress::BadNumber) | None => {}
        }
        if closing.is_reached {
            // The system may have said before that nobody answered.
            store::close_retry(conn, call, now).await?;
        }
        let promise = match closing.promise {
            Some(promise) => Some(self.new_callback(conn, agent, prospects, promise).await?),
            None => None,
        };
        // What a later call has settled stands: it knows more of the person than this one. An objection holds all the same.
        if has_later && !after.is_by_objection(closing) {
            let is_promised = match &promise {
                Some(promise) => store::insert_callback_unless_promised(conn, promise, now).await?,
                None => false,
            };
            if let (Some(promise), true) = (&promise, is_promised) {
                // Nobody rings them from the queue before the time that was promised.
                store::delay_entry(conn, user, promise.promised_at).await?;
            }
            return Ok(Settled::ByLaterCall { is_promised });
        }
        match (&promise, after.retry_at) {
            (Some(promise), _) => store::insert_callback(conn, promise, now).await?,
            (None, Some(at)) => {
                store::insert_retry(conn, user, at, now).await?;
            }
            (None, None) => {}
        }
        match (&after.next, &prospects.facts, &after.score) {
            // No entries are kept.
            _ if self.shared.direct.is_some() => {}
            (Some((queue, available_at)), Some(facts), Some(score)) => {
                let number = prospects.number.usable().map_or(prospects.dialled.as_str(), PhoneNumber::as_e164);
                let (lenders, solicitors) = claim_names(facts, &prospects.settings.settings);
                let entry = NewEntry {
                    lenders,
                    solicitors,
                    queue: *queue,
                    score: score.total,
                    raw_sum: score.raw_sum,
                    available_at: *available_at,
                    number,
                    // A range that discovery read before now does not know of this outcome.
                    facts_read_at: facts.read_at.max(now),
                };
                store::put_entry(conn, user, &entry, now).await?;
            }
            (Some((_, until)), _, _) => store::delay_entry(conn, user, *until).await?,
            (None, _, _) => store::delete_entry(conn, user).await?,
        }
        Ok(Settled::Now(after))
    }

    async fn new_callback(
        &self,
        conn: &mut PgConnection,
        agent: AgentId,
        prospects: &Prospects,
        promise: Promise,
    ) -> sqlx::Result<NewCallback> {
        let user = prospects.user;
        let reason = promise_reason(conn, prospects, &promise).await?;
        let names = prospects.facts.as_ref().map(|facts| claim_names(facts, &prospects.settings.settings));
        let (lenders, solicitors) = names.unwrap_or_default();
        Ok(NewCallback { user, reason, promised_at: promise.at, wall_time: promise.wall_time, agent, lenders, solicitors })
    }

    /// The instant of a promise for this wall time, as a form's field has it (`2026-11-24T14:30`), if it can be promised now.
    pub fn promise_at(&self, field: &str) -> Result<(DateTime<Utc>, NaiveDateTime), PromiseError> {
        let wall_time = read_wall_time(field.trim()).ok_or(PromiseError::Unreadable)?;
        let at = kernel::from_london(wall_time).ok_or(PromiseError::NoSuchTime)?;
        let now = self.shared.clock.now();
        if at <= now {
            return Err(PromiseError::Past);
        }
        if at > now + TimeDelta::days(PROMISED_AHEAD) {
            return Err(PromiseError::TooFar(PROMISED_AHEAD));
        }
        let (settings, holidays) = (self.settings(), self.holidays());
        let hours = &settings.settings.calling_hours;
        match hours::closed_on(wall_time.date(), hours, &holidays.holidays) {
            None if hours::is_open(Moment::new(at), hours, &holidays.holidays) => Ok((at, wall_time)),
            None | Some(ClosedDay::Weekday { .. }) => Err(PromiseError::Closed),
            Some(closed) => Err(PromiseError::ClosedDay { day: british_weekday(wall_time.date()), why: closed.words() }),
        }
    }

    /// From when a promise could be kept, where the caps forbid it at the promised time: the gate would refuse the call. What the user
    /// asked for regardless outweighs them, once a day (rules, Caps).
    pub async fn forbidden_until(
        &self,
        conn: &mut PgConnection,
        prospects: &Prospects,
        promise: &Promise,
    ) -> Result<Option<String>, QueueFailure> {
        let reason = promise_reason(conn, prospects, promise).await?;
        self.promise_forbidden_until(conn, (prospects.user, &prospects.own.facts), reason, promise.at, &prospects.settings.settings).await
    }

    /// The same of a promise to somebody of whom the dialler knows `own`.
    pub(super) async fn promise_forbidden_until(
        &self,
        conn: &mut PgConnection,
        (user, own): (UserId, &OwnFacts),
        reason: CallbackReason,
        at: DateTime<Utc>,
        settings: &crate::settings::Settings,
    ) -> Result<Option<String>, QueueFailure> {
        let until = self.promise_forbidden_from(conn, (user, own), reason, at, settings).await?;
        Ok(until.map(|until| display_time(until, self.shared.clock.now())))
    }

    /// The same as an instant.
    pub(super) async fn promise_forbidden_from(
        &self,
        conn: &mut PgConnection,
        (user, own): (UserId, &OwnFacts),
        reason: CallbackReason,
        at: DateTime<Utc>,
        settings: &crate::settings::Settings,
    ) -> Result<Option<DateTime<Utc>>, QueueFailure> {
        let day = Moment::new(at);
        if reason == CallbackReason::UserAsked && !store::is_promise_used(conn, user, day.midnight, day.next_midnight).await? {
            return Ok(None);
        }
        // The delay of the last outcome ends with the promise.
        let own = OwnFacts { last_outcome: None, ..own.clone() };
        Ok(attempt_limits(&own, settings, QueueKind::Callbacks, day).map(|until| {
            let opens = hours::next_opening(Moment::new(until), &settings.calling_hours, &self.holidays().holidays);
            opens.and_then(from_london).unwrap_or(until)
        }))
    }

    /// How long an agent has to say what came of a call (rules, Presence).
    pub fn wrap_up(&self) -> TimeDelta {
        TimeDelta::seconds(self.settings().settings.wrap_up_seconds.into())
    }

    /// How many months recordings are kept after the last end, and how far the replica may be behind, in milliseconds.
    pub async fn retention(&self) -> Result<(u32, i64), QueueFailure> {
        let holding = self.fresh_settings().await?;
        Ok((holding.settings.recording_months, holding.settings.max_lag_millis))
    }

    /// With which words a person is told that the call is recorded (compliance, C10).
    pub fn recording_notice(&self) -> String {
        self.settings().settings.recording_notice.trim().to_owned()
    }

    /// When a promise can be kept, in words.
    pub(super) fn promise_hours(&self) -> String {
        let week = hours::describe_week(&self.settings().settings.calling_hours);
        format!("{week}; within {PROMISED_AHEAD} days.")
    }

    /// The business clock, for the modules whose work is part of the queue's.
    pub fn now(&self) -> DateTime<Utc> {
        self.shared.clock.now()
    }
}

/// A wall time as a form's field has it, with or without seconds.
pub(super) fn read_wall_time(text: &str) -> Option<NaiveDateTime> {
    [FIELD, "%Y-%m-%dT%H:%M:%S"].iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
}

/// What a promise is about: what the call was about, unless they asked regardless.
async fn promise_reason(conn: &mut PgConnection, prospects: &Prospects, promise: &Promise) -> sqlx::Result<CallbackReason> {
    reason_of(conn, prospects.user, prospects.queue, promise.asked_regardless).await
}

/// The same of a call about this queue.
pub(super) async fn reason_of(
    conn: &mut PgConnection,
    user: UserId,
    queue: QueueKind,
    asked_regardless: bool,
) -> sqlx::Result<CallbackReason> {
    Ok(match (asked_regardless, queue) {
        (true, _) => CallbackReason::UserAsked,
        (false, QueueKind::UnsignedUsers) => CallbackReason::Signature,
        (false, QueueKind::OutstandingRequests) => CallbackReason::Requirements,
        (false, QueueKind::Callbacks) => store::find_last_callback_reason(conn, user).await?.unwrap_or(CallbackReason::UserAsked),
    })
}

/// What the dialler will know of the person once the outcome is written.
fn own_after(prospects: &Prospects, closing: &Closing) -> OwnRow {
    let mut own = prospects.own.clone();
    own.facts.due_callback = None;
    own.facts.last_outcome = Some(LastOutcome { delay_until: closing.delay_until, replaces_cooling_off: closing.replaces_cooling_off });
    own.last_disposition = Some(closing.disposition.to_owned());
    if closing.is_reached {
        own.failed_attempts = 0;
    } else if closing.is_failed {
        own.failed_attempts += 1;
    }
    match closing.suppress {
        Some(Suppress::DoNotContact) => own.facts.suppressions.push(Suppression { kind: SuppressionKind::DoNotContact }),
        // Only while the person has the number that was dialled.
        Some(Suppress::BadNumber) if prospects.number.usable().is_some_and(|number| number.as_e164() == prospects.dialled) => {
            own.facts.suppressions.push(Suppression { kind: SuppressionKind::BadNumber });
        }
        _ => {}
    }
    own
}

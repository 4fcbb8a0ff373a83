//! Call next: take one person, read the replica, judge, write the decision down, hand out or go on.

use std::time::{Duration, Instant};

use auth::CurrentAgent;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Moment, QueueKind, UserId};
use users::{Context, ReplicaError, ReplicaLag, Requirement, Unproved, UserCard};

use super::assessment::{Assessment, Question, parse_number, stored_score};
use super::{Queue, QueueFailure, VersionedSettings, announce, require_available};
use crate::decision::{Decision, Purpose};
use crate::error::QueueError;
use crate::hours;
use crate::rules::{Effect, Judgement, NumberFact, Reason, counted_requirements};
use crate::store::{self, BeforeRow, Disposal, OwnRow, PromiseRow, Source, Take, TakeTimes, Taken, Wish};
use crate::types::{HandOut, PassedOver};
use crate::words;

/// A lease lasts so long while its person is being checked; handing out makes it a full one.
const CHECK_LEASE: TimeDelta = TimeDelta::seconds(30);

/// So often may others be quicker in one request: more often than agents ask at once, and in direct mode than they are given people in a
/// minute.
const LOST_RACES: u32 = 100;

/// The time that a whole request has for the replica (rules, Eligibility). After so long no further person is tried either.
const WHOLE_REQUEST: Duration = Duration::from_millis(1_500);

/// Somebody of whom the replica holds something unreadable is not tried again for so long, or they would stop everybody
/// behind them.
const UNREADABLE_DELAY: TimeDelta = TimeDelta::minutes(15);

impl Queue {
    /// Hands the agent the first person of `queue` whose call is proved to be needed now, or whom they already hold.
    ///
    /// Usual case: two statements to PostgreSQL (the session's is the third) and one to the replica.
    pub async fn call_next(&self, agent: &CurrentAgent, queue: QueueKind) -> Result<HandOut, QueueFailure> {
        require_available(agent)?;
        if !agent.may_take(queue) {
            return Err(QueueError::NotYourQueue(queue.label()).into());
        }
        let moment = self.moment();
        let mut settings = self.settings();
        if self.shared.is_gate_off {
            return self.hand_out(agent, Some(queue), None).await;
        }
        if !hours::is_open(moment, &settings.settings.calling_hours, &self.holidays().holidays) {
            // The hours may have been widened meanwhile; nothing is taken, so nothing else would tell.
            settings = self.learn_now().await?;
        }
        let (calling_hours, holidays) = (&settings.settings.calling_hours, self.holidays());
        if !hours::is_open(moment, calling_hours, &holidays.holidays) {
            let note = words::closed_now(moment, calling_hours, &holidays.holidays);
            return Ok(HandOut { note: Some(note), ..HandOut::default() });
        }
        self.hand_out(agent, Some(queue), None).await
    }

    /// The person the agent already holds, checked again; nobody when none is held.
    pub async fn current(&self, agent: &CurrentAgent) -> Result<HandOut, QueueFailure> {
        self.hand_out(agent, None, None).await
    }

    /// Hands the agent this person, if the call is needed and may be made. The same lease and the same gate as Call next; only the turn
    /// is not waited for.
    pub async fn take(&self, agent: &CurrentAgent, user: UserId) -> Result<HandOut, QueueFailure> {
        require_available(agent)?;
        let settings = self.learn_now().await?;
        let now = self.shared.clock.now();
        let held = store::find_place_of(&self.shared.pool, user, now).await?.and_then(|place| place.held_by);
        if let Some(by) = held.filter(|by| *by != agent.id) {
            let name = self.shared.auth.names().await?.remove(&by);
            return Err(QueueError::HeldBySomebody(name.unwrap_or_else(|| "Somebody".to_owned())).into());
        }
        if held.is_none() && store::find_held(&self.shared.pool, agent.id, now).await?.is_some() {
            return Err(QueueError::HoldsSomebody.into());
        }
        // First which need stands: the lease says for which queue they are taken. The gate looks again, under the lease.
        let proved = self.shared.replica.within(settings.settings.max_lag_millis);
        let (facts, _) = proved.facts(user, settings.extras(), now).await?;
        let facts = facts.ok_or(QueueError::NoSuchUser)?;
        let number = parse_number(Some(&facts), &self.shared.numbers);
        let own = self.own_facts_of(user, &number).await?;
        let judgement = self.assess(&settings, Some(&facts), &number, &own).judgement;
        let Some(queue) = judgement.need else {
            let words: Vec<String> = judgement.reasons.iter().map(Reason::words).collect();
            return Err(QueueError::NothingToCallAbout(words.join("; ").to_lowercase()).into());
        };
        // Of promises as Call next offers them: their own always, others' by the queue that they are about.
        let is_theirs = agent.may_take(queue)
            || match own.facts.due_callback.as_ref().filter(|_| queue == QueueKind::Callbacks) {
                Some(due) => {
                    due.reason.queue().is_some_and(|about| agent.may_take(about))
                        || store::is_promised_by(&self.shared.pool, user, agent.id).await?
                }
                None => false,
            };
        if !is_theirs {
            return Err(QueueError::NotYourQueue(queue.label()).into());
        }
        self.hand_out(agent, Some(queue), Some(user)).await
    }

    async fn hand_out(&self, agent: &CurrentAgent, queue: Option<QueueKind>, person: Option<UserId>) -> Result<HandOut, QueueFailure> {
        let mut search = Search { patience: WHOLE_REQUEST, ..Search::default() };
        let found = self.search_for(agent, queue, person, &mut search).await;
        // Coming back to whoever is held already changes nothing, and neither does taking somebody who went back unchecked.
        // A hint would make every window of the agent look again.
        if (search.is_change && found.is_ok()) || !search.passed_over.is_empty() {
            announce(&self.shared.hints, &[agent.id]);
        }
        let mut answer = found?.map_or_else(HandOut::default, |hand_out| *hand_out);
        let passed_over = search.passed_over;
        if answer.user.is_none() && search.is_lost && queue.is_some() {
            answer.note = Some(words::LOST_WHILE_CHECKED.into());
        } else if answer.user.is_none() && !passed_over.is_empty() {
            answer.note = Some(words::nobody_handed_out(passed_over.len(), queue.is_some(), search.has_more));
        } else if let (None, Some(queue), None) = (&answer.user, queue, person) {
            let (is_paused, has_basis) =
                (self.pauses().pauses.queues.contains(&queue), self.settings().settings.contact_basis.of(queue).is_some());
            answer.note = words::nobody_taken(queue, is_paused, has_basis, search.has_more);
        }
        answer.saved_calls = passed_over.iter().map(|passed| u32::from(passed.is_saved_call)).sum();
        answer.passed_over = passed_over;
        Ok(answer)
    }

    /// Takes and checks one person after the other. Whatever came of it before a failure stands in `search`.
    async fn search_for(
        &self,
        agent: &CurrentAgent,
        queue: Option<QueueKind>,
        person: Option<UserId>,
        search: &mut Search,
    ) -> Result<Option<Box<HandOut>>, QueueFailure> {
        let started = Instant::now();
        let mut tried: Vec<i64> = Vec::new();
        let limited_to: Option<Vec<String>> =
            agent.queues.as_ref().map(|queues| queues.iter().map(|queue| queue.as_str().to_owned()).collect());
        let (mut has_returned, mut lost) = (false, 0);
        loop {
            let now = self.shared.clock.now();
            // A lease is lost when the agent goes offline, or to another of their windows: they are given nobody new.
            let wanted = queue.filter(|_| !search.is_lost);
            let source = match (person, &self.shared.direct, wanted) {
                (Some(person), _, _) => Source::Person(person),
                (None, Some(direct), Some(queue)) => {
                    direct.read_at().ok_or(QueueError::StillReading)?;
                    Source::Candidate(direct.next(queue, &tried, now))
                }
                (None, _, _) => Source::Queue,
            };
            let settings = self.settings();
            let without_basis = settings.settings.contact_basis.undecided();
            let wish = Wish {
                agent: agent.id,
                queue: wanted,
                source,
                limited_to: limited_to.as_deref(),
                without_basis: &without_basis,
                tried: &tried,
            };
            let times = TakeTimes {
                now,
                midnight: Moment::new(now).midnight,
                handed_over: now - TimeDelta::minutes(settings.settings.callback_handover_minutes.into()),
                checked_until: now + CHECK_LEASE,
            };
            let (versions, taken) = store::take_next(&self.shared.pool, wish, times).await?;
            let settings = self.learn(versions).await?;
            let is_lost = matches!(taken, Take::Lost);
            let Take::Taken(taken) = taken else {
                let Some(queue) = wanted else { return Ok(None) };
                // In direct mode somebody whom another server holds is lost too, unless nobody may be taken from the queue at all.
                let is_candidate_lost = match (source, &self.shared.direct) {
                    (Source::Candidate(Some(candidate)), Some(direct)) => {
                        let is_stopped =
                            self.pauses().pauses.queues.contains(&queue) || settings.settings.contact_basis.of(queue).is_none();
                        if is_stopped || !has_returned {
                            direct.put_back(candidate);
                        }
                        !is_stopped
                    }
                    _ => false,
                };
                if has_returned && !is_lost && !is_candidate_lost {
                    return Ok(None);
                }
                if lost == LOST_RACES {
                    search.has_more = true;
                    return Ok(None);
                }
                if !has_returned {
                    // What has run out is nobody's, and a lease of the agent's own would be in the way.
                    store::return_expired(&self.shared.pool, now).await?;
                    has_returned = true;
                }
                lost += 1;
                continue;
            };
            tried.push(taken.user.get());
            search.is_change |= taken.is_new;
            let user = taken.user;
            let checked = self.check(agent, *taken, &settings, search).await;
            if let (Source::Candidate(Some(candidate)), Some(direct)) = (source, &self.shared.direct)
                && (candidate != user || checked.is_err())
            {
                direct.put_back(candidate);
            }
            match checked? {
                Checked::HandedOut(hand_out) => return Ok(Some(hand_out)),
                Checked::PassedOver { person, had_effect } => {
                    search.is_lost |= !had_effect;
                    search.passed_over.push(person);
                }
                Checked::Lost => search.is_lost = true,
            }
            if person.is_some() {
                return Ok(None);
            }
            if tried.len() >= usize::try_from(settings.settings.tries).unwrap_or(usize::MAX) || started.elapsed() > WHOLE_REQUEST {
                search.has_more = true;
                return Ok(None);
            }
        }
    }

    /// Reads the replica about one person, judges, writes the decision down and says what came of it.
    async fn check(
        &self,
        agent: &CurrentAgent,
        taken: Taken,
        settings: &VersionedSettings,
        search: &mut Search,
    ) -> Result<Checked, QueueFailure> {
        let asked_at = self.shared.clock.now();
        let asked = Instant::now();
        let proved = self.shared.replica.within(settings.settings.max_lag_millis);
        let read = proved.context(taken.user, settings.extras(), asked_at, search.patience).await;
        search.patience = search.patience.saturating_sub(asked.elapsed());
        let (context, lag) = match read {
            Ok(read) => read,
            Err(failure) => return self.could_not_check(agent, &taken, settings, asked_at, failure).await,
        };
        let facts = context.as_ref().map(|context| &context.facts);
        let number = parse_number(facts, &self.shared.numbers);
        let mut own = self.own_facts(&taken, &number).await?;
        if let Some(call) = taken.call {
            let before = store::find_before_attempt(&self.shared.pool, call).await?;
            own = before_this_call(own, before);
        }
        let assessment = self.assess(settings, facts, &number, &own);
        let question = Question { agent: agent.id, taken: &taken, purpose: purpose_of(&taken), settings, asked_at, lag: Some(lag) };
        let decision = self.decide(&question, Some(&assessment), context.as_ref().map(Context::name))?;

        let promise = match (taken.queue, taken.call) {
            (QueueKind::Callbacks, None) => taken.promise.clone(),
            // By now the call has kept it.
            (QueueKind::Callbacks, Some(_)) => store::find_promise(&self.shared.pool, taken.user).await?,
            _ => None,
        };
        let shown = Shown { taken: &taken, settings, assessment: &assessment, promise: promise.as_ref(), lag };
        match (taken.call, &context) {
            // Gone from the claims platform in the middle of a call: the call goes on, and there is nothing to show.
            (Some(_), None) => return Ok(Checked::Lost),
            // The call goes on, whatever has changed meanwhile: the agent is told, and nobody is taken from them.
            // Not that a promise is kept by this very call, nor that another one would have to wait.
            (Some(_), Some(context)) => {
                let hand_out = self.show(&shown, context);
                let note = hand_out.user.as_ref().and_then(|card| changed(&shown, context, card));
                return Ok(Checked::HandedOut(Box::new(HandOut { note, ..hand_out })));
            }
            (None, _) => {}
        }
        let (Some(context), Some(_)) = (&context, assessment.callable_in(taken.queue)) else {
            return self.pass_over(&taken, &assessment, &decision, context.as_ref()).await;
        };

        let now = assessment.moment.at;
        let lease_end = now + TimeDelta::minutes(settings.settings.lease_minutes.into());
        let Some(expires_at) = store::record_callable(&self.shared.pool, &decision, lease_end).await? else {
            return Ok(Checked::Lost);
        };
        tracing::info!(
            agent.id = %agent.id, user.id = %taken.user, queue.kind = %taken.queue, decision.id = %decision.id,
            "a person was handed out"
        );
        let hand_out = HandOut {
            decision_id: Some(decision.id),
            lease_expires_at: Some(expires_at),
            lease_seconds_left: Some((expires_at - self.shared.clock.now()).num_seconds()),
            ..self.show(&shown, context)
        };
        Ok(Checked::HandedOut(Box::new(hand_out)))
    }

    /// The card of somebody who was read for display alone, in the words of this installation.
    pub fn card(&self, context: &Context) -> UserCard {
        let settings = self.settings();
        let counted: Vec<&Requirement> = counted_requirements(&context.facts, &settings.settings).collect();
        let number = parse_number(Some(&context.facts), &self.shared.numbers);
        context.card(number.read(), |requirement| counted.contains(&requirement), scoring::lender_name, self.shared.clock.now())
    }

    /// What the agent sees of the person.
    fn show(&self, shown: &Shown<'_>, context: &Context) -> HandOut {
        let Assessment { number, own, moment, counted, score, .. } = shown.assessment;
        let card = context.card(number.read(), |requirement| counted.contains(&requirement), scoring::lender_name, moment.at);
        let why = words::why(&words::Grounds {
            card: &card,
            facts: &context.facts,
            need: shown.taken.queue,
            counted_requirements: counted.len(),
            own,
            settings: &shown.settings.settings,
            holidays: &self.holidays().holidays,
            moment,
            lag: shown.lag,
            lag_source: self.shared.replica.lag_source(),
            answered_at: self.shared.clock.now(),
            extension: number.read().and_then(|read| read.extension.as_deref()),
            against: match shown.taken.call {
                None if self.shared.is_gate_off => &shown.assessment.judgement.reasons,
                _ => &[],
            },
            promise: shown.promise,
        });
        HandOut {
            lease_id: Some(shown.taken.lease),
            call_id: shown.taken.call,
            queue: Some(shown.taken.queue),
            user: Some(card),
            why: Some(why),
            score: score.clone().map(scoring::Score::without_values),
            stored_score: stored_score(shown.taken),
            ..HandOut::default()
        }
    }

    /// What the dialler knows came with the lease, for the number that discovery saw. When the number has changed
    /// since, what is known of the new one is asked for.
    pub(super) async fn own_facts(&self, taken: &Taken, number: &NumberFact) -> Result<OwnRow, QueueFailure> {
        match number.usable() {
            Some(number) if taken.entry.as_ref().is_none_or(|entry| entry.number != number.as_e164()) => {
                let mut own = store::find_own_facts(&self.shared.pool, taken.user, number.as_e164(), self.shared.clock.now()).await?;
                // A promise is to the person, whatever their number.
                own.facts.due_callback = taken.own.facts.due_callback;
                Ok(own)
            }
            _ => Ok(taken.own.clone()),
        }
    }

    async fn pass_over(
        &self,
        taken: &Taken,
        assessment: &Assessment<'_>,
        decision: &Decision,
        context: Option<&Context>,
    ) -> Result<Checked, QueueFailure> {
        let had_effect = store::record_passed_over(&self.shared.pool, decision, &assessment.disposal()).await?;
        let is_saved_call = decision.is_saved_call && had_effect;
        tracing::info!(
            agent.id = %decision.agent, user.id = %taken.user, queue.kind = %taken.queue, decision.id = %decision.id,
            decision.is_saved_call = is_saved_call, "a person was passed over"
        );
        let person = PassedOver {
            user_id: taken.user,
            name: context.map_or_else(|| format!("User {}", taken.user), Context::name),
            decision_id: decision.id,
            reasons: assessment.judgement.reasons.clone(),
            words: words::passed_over(taken.queue, &assessment.judgement),
            is_saved_call,
        };
        Ok(Checked::PassedOver { person, had_effect })
    }

    /// The decision is written down as unknown. When the replica did not answer, or is too far behind, the request ends:
    /// whoever was just taken goes back where they were, whoever was held already stays held. When only this person cannot
    /// be read, they wait a while, and the next one is tried.
    async fn could_not_check(
        &self,
        agent: &CurrentAgent,
        taken: &Taken,
        settings: &VersionedSettings,
        asked_at: DateTime<Utc>,
        failure: Unproved,
    ) -> Result<Checked, QueueFailure> {
        // The call goes on, whatever can be read: nothing is decided, however often it is looked at.
        if taken.call.is_some() {
            return Err(failure.error.map_or_else(|| QueueError::CannotCheck.into(), QueueFailure::from));
        }
        // Of the lag, that of the server that answered, or what was known when it was asked, also when it then gave no answer.
        let question = Question { agent: agent.id, taken, purpose: purpose_of(taken), settings, asked_at, lag: failure.lag };
        let decision = self.decide(&question, None, None)?;
        let is_this_person = failure.error.as_ref().is_some_and(ReplicaError::is_of_one_row);
        let disposal = match (is_this_person, taken.is_new) {
            (true, _) => Disposal::Delay(decision.made_at + UNREADABLE_DELAY),
            (false, true) => Disposal::Keep,
            (false, false) => Disposal::KeepLease,
        };
        let had_effect = store::record_passed_over(&self.shared.pool, &decision, &disposal).await?;
        match failure.error {
            Some(error) if is_this_person => {
                tracing::error!(user.id = %taken.user, replica.problem = %error, "a person cannot be read and waits a while");
                let person = PassedOver {
                    user_id: taken.user,
                    name: format!("User {}", taken.user),
                    decision_id: decision.id,
                    reasons: Vec::new(),
                    words: "Cannot be read on the claims platform".into(),
                    is_saved_call: false,
                };
                Ok(Checked::PassedOver { person, had_effect })
            }
            Some(error) => Err(error.into()),
            None => {
                tracing::error!(
                    replica.lag_millis = failure.lag.map(|lag| lag.millis),
                    "the replica's lag is unknown or over the limit: no call can be proved to be needed"
                );
                Err(QueueError::CannotCheck.into())
            }
        }
    }
}

/// What a card is made of, beside the person.
struct Shown<'a> {
    taken: &'a Taken,
    settings: &'a VersionedSettings,
    assessment: &'a Assessment<'a>,
    /// What they were promised, when that is the reason for the call.
    promise: Option<&'a PromiseRow>,
    lag: ReplicaLag,
}

/// What has changed about somebody on a call since they were handed out, in words.
fn changed(shown: &Shown<'_>, context: &Context, card: &UserCard) -> Option<String> {
    let Judgement { need, reasons, .. } = &shown.assessment.judgement;
    // What a promise was about; the promise itself is kept by the very call.
    let (from, need) = match (shown.taken.queue, shown.promise) {
        (QueueKind::Callbacks, promise) => {
            let open = (!context.facts.has_signed)
                .then_some(QueueKind::UnsignedUsers)
                .or_else(|| (!shown.assessment.counted.is_empty()).then_some(QueueKind::OutstandingRequests));
            (promise?.reason.queue()?, open)
        }
        (queue, _) => (queue, *need),
    };
    let lasting: Vec<Reason> = reasons.iter().filter(|reason| reason.effect() == Effect::Remove).cloned().collect();
    let counted = card.outstanding.iter().filter(|one| one.uncounted.is_none());
    let left: Vec<String> = counted.map(|one| words::lower_first(&one.title)).collect();
    (need != Some(from)).then(|| words::changed_in_call(&card.first_name, from, need, &lasting, &left))
}

/// What the dialler knew before this call: it is no reason against itself, and why it was made stays as it was.
fn before_this_call(mut own: OwnRow, before: BeforeRow) -> OwnRow {
    let Some(attempted_at) = before.attempted_at else { return own };
    own.facts.attempts.retain(|attempt| !(attempt.of_person && attempt.at == attempted_at));
    OwnRow {
        last_attempt_at: before.last_attempt_at,
        last_disposition: before.last_disposition,
        failed_attempts: u32::try_from(before.failed_attempts).unwrap_or(u32::MAX),
        ..own
    }
}

/// How far one request has come.
#[derive(Default)]
struct Search {
    passed_over: Vec<PassedOver>,
    /// Somebody was taken who was not held before.
    is_change: bool,
    /// A lease was lost while its person was being checked.
    is_lost: bool,
    /// Not everybody was tried.
    has_more: bool,
    /// What is left of the time that the request has for the replica.
    patience: Duration,
}

enum Checked {
    HandedOut(Box<HandOut>),
    /// Without effect when the lease was lost while checking.
    PassedOver {
        person: PassedOver,
        had_effect: bool,
    },
    /// The lease was lost while checking.
    Lost,
}

fn purpose_of(taken: &Taken) -> Purpose {
    if taken.is_new { Purpose::HandOut } else { Purpose::Return }
}

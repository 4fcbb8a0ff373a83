//! The gate, put together in one place for everybody who asks: Call next, the dial, whoever looks somebody up, and what follows from a
//! call.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, Moment, NumberPolicy, PhoneNumber, QueueKind, ReadNumber, trim_blank};
use users::{Facts, ReplicaLag, Requirement};

use super::{Queue, VersionedHolidays, VersionedPauses, VersionedSettings};
use crate::decision::{Decision, Grounds, Purpose};
use crate::rules::{Effect, Input, Judgement, NumberFact, Reason, claim_names, counted_requirements, judge};
use crate::settings::Settings;
use crate::store::{Disposal, OwnRow, Taken, Waiting};

/// A due promise that a pause is in the way of is looked at again after so long.
const PROMISE_RESTS: TimeDelta = TimeDelta::minutes(5);

/// One to a person whose number cannot be rung is looked at again after so long.
const PROMISE_CANNOT_BE_KEPT: TimeDelta = TimeDelta::hours(1);

/// What the rules make of one person at one moment.
pub(super) struct Assessment<'a> {
    /// None when the claims platform has no such user.
    pub(super) facts: Option<&'a Facts>,
    pub(super) own: &'a OwnRow,
    pub(super) number: &'a NumberFact,
    settings: &'a Settings,
    pauses: Arc<VersionedPauses>,
    holidays: Arc<VersionedHolidays>,
    pub(super) moment: Moment,
    pub(super) judgement: Judgement,
    /// The pending requirements that count.
    pub(super) counted: Vec<&'a Requirement>,
    pub(super) score: Option<scoring::Score>,
    /// Whatever is against a call refuses nobody.
    is_gate_off: bool,
}

impl Assessment<'_> {
    /// The number to ring, when they may be rung now for what `queue` is about.
    pub(super) fn callable_in(&self, queue: QueueKind) -> Option<&PhoneNumber> {
        self.number.usable().filter(|_| self.is_gate_off || self.judgement.callable() == Some(queue))
    }

    /// What becomes of the entry of somebody who is not handed out, or not rung.
    pub(super) fn disposal(&self) -> Disposal {
        if self.judgement.need == Some(QueueKind::Callbacks) {
            let reasons = &self.judgement.reasons;
            return match self.judgement.latest_wait() {
                None if reasons.iter().any(Reason::is_saved_call) => Disposal::Remove,
                // It is still needed: a number may be put right, or consent come. Meanwhile it turns late, and is seen to.
                None if reasons.iter().any(|reason| reason.effect() == Effect::Remove) => {
                    Disposal::PromiseWaits(self.moment.at + PROMISE_CANNOT_BE_KEPT)
                }
                // A promise to whoever was taken from a queue has fallen due, and is offered as that at once.
                None if reasons.is_empty() => Disposal::Keep,
                // Nothing says when that ends; until then they are not to be tried first by everybody who asks.
                None => Disposal::PromiseWaits(self.moment.at + PROMISE_RESTS),
                Some(until) => Disposal::PromiseWaits(until),
            };
        }
        match (self.judgement.entry(self.moment.at), &self.score, self.number.usable(), self.facts) {
            (Some((queue, available_at)), Some(score), Some(number), Some(facts)) => {
                let (lenders, solicitors) = claim_names(facts, self.settings);
                Disposal::Wait(Box::new(Waiting {
                    queue,
                    available_at,
                    score: score.total,
                    raw_sum: score.raw_sum,
                    number: number.as_e164().to_owned(),
                    facts_read_at: facts.read_at,
                    lenders,
                    solicitors,
                }))
            }
            _ => Disposal::Remove,
        }
    }
}

/// What the replica was asked about somebody who is held, and under which settings.
pub(super) struct Question<'a> {
    pub(super) agent: AgentId,
    pub(super) taken: &'a Taken,
    pub(super) purpose: Purpose,
    pub(super) settings: &'a VersionedSettings,
    pub(super) asked_at: DateTime<Utc>,
    /// As last sampled when it was asked, if that was known.
    pub(super) lag: Option<ReplicaLag>,
}

impl Queue {
    /// Judges a person by what the claims platform and the dialler know of them.
    pub(super) fn assess<'a>(
        &self,
        settings: &'a VersionedSettings,
        facts: Option<&'a Facts>,
        number: &'a NumberFact,
        own: &'a OwnRow,
    ) -> Assessment<'a> {
        let (moment, pauses, holidays) = (self.moment(), self.pauses(), self.holidays());
        let judgement = judge(&Input {
            facts,
            number,
            own: &own.facts,
            pauses: &pauses.pauses,
            settings: &settings.settings,
            holidays: &holidays.holidays,
            moment,
        });
        let counted = facts.map(|facts| counted_requirements(facts, &settings.settings).collect()).unwrap_or_default();
        let score = facts.map(|facts| scoring::score(&score_input(facts, own), &settings.rule_set, moment.london.date()));
        Assessment {
            facts,
            own,
            number,
            settings: &settings.settings,
            pauses,
            holidays,
            moment,
            judgement,
            counted,
            score,
            is_gate_off: self.shared.is_gate_off,
        }
    }

    /// The record of what was decided; without an assessment, that it could not be.
    pub(super) fn decide(
        &self,
        question: &Question<'_>,
        assessment: Option<&Assessment<'_>>,
        name: Option<String>,
    ) -> Result<Decision, serde_json::Error> {
        let taken = question.taken;
        Decision::new(
            &Grounds {
                agent: question.agent,
                user: taken.user,
                lease: taken.lease,
                purpose: question.purpose,
                queue: taken.queue,
                settings_version: question.settings.version,
                pauses_version: assessment.map_or_else(|| self.pauses().version, |assessment| assessment.pauses.version),
                holidays_version: assessment.map_or_else(|| self.holidays().version, |assessment| assessment.holidays.version),
                lag: question.lag,
                lag_source: self.shared.replica.lag_source(),
                asked_at: question.asked_at,
                own: assessment.map_or(&taken.own.facts, |assessment| &assessment.own.facts),
                facts: assessment.and_then(|assessment| assessment.facts),
                judgement: assessment.map(|assessment| &assessment.judgement),
                is_gate_off: self.shared.is_gate_off,
                counted: assessment.map_or(&[], |assessment| &assessment.counted),
                number: assessment.and_then(|assessment| assessment.number.usable()).map(PhoneNumber::as_e164),
                name,
                stored_score: stored_score(taken),
                score: assessment.and_then(|assessment| assessment.score.as_ref()),
            },
            assessment.map_or_else(|| self.shared.clock.now(), |assessment| assessment.moment.at),
        )
    }
}

/// The score that the entry was ordered by; none for whoever waits in no queue.
pub(super) fn stored_score(taken: &Taken) -> Option<f64> {
    taken.entry.as_ref().map(|entry| entry.score)
}

/// The person's number, parsed under the policy of this installation.
pub(crate) fn parse_number(facts: Option<&Facts>, policy: &NumberPolicy) -> NumberFact {
    match facts.and_then(|facts| facts.raw_number.as_deref()).map(str::trim) {
        None | Some("") => NumberFact::Missing,
        Some(raw) => match ReadNumber::parse(raw, policy) {
            Ok(read) => NumberFact::Usable(read),
            Err(why) => NumberFact::Unusable(why),
        },
    }
}

/// What scoring rests on, in London days.
pub(crate) fn score_input(facts: &Facts, own: &OwnRow) -> scoring::ScoreInput {
    let open = || facts.claims.iter().filter(|claim| claim.is_open());
    let plain = |word: &Option<String>| word.as_deref().map(|word| trim_blank(word).to_owned());
    scoring::ScoreInput {
        lenders: open().filter_map(|claim| plain(&claim.lender)).collect(),
        date_of_birth: facts.date_of_birth,
        newest_open_claim: open().filter_map(|claim| claim.created_at).max().map(|at| kernel::london(at.and_utc()).date()),
        last_attempt: own.last_attempt_at.map(|at| kernel::london(at).date()),
        last_disposition: own.last_disposition.clone(),
        failed_attempts: own.failed_attempts,
        post_code: facts.post_code.clone(),
        claim_types: open().filter_map(|claim| plain(&claim.kind)).collect(),
        monthly_payment_pence: open().filter_map(|claim| claim.monthly_payment_pence).max(),
    }
}

//! The judgement itself. Its numbers follow the rules of the business, “Eligibility”.

use std::collections::BTreeSet;

use kernel::{QueueKind, is_same_word, trim_blank};
use users::{Claim, Facts, Requirement};

use super::{CallbackReason, DueCallback, Input, Judgement, NumberFact, OwnFacts, Pauses, Reason, SuppressionKind, limits};
use crate::hours;
use crate::settings::{ContactBasis, Settings, UncountedRequirement};

/// Says whether the person may be rung now: the queue whose need stands, and every reason against a call that holds.
pub fn judge(input: &Input<'_>) -> Judgement {
    let Some(facts) = input.facts else {
        return Judgement { need: None, reasons: vec![Reason::NotFound] };
    };
    let need = need(input, facts);
    let mut reasons = Vec::new();
    about_the_account(facts, &mut reasons);
    about_the_number_and_objections(input, &mut reasons);
    if need.is_none() {
        reasons.push(Reason::NothingToCallAbout);
    }
    if !is_spacing_outweighed(need, input.own) {
        about_spacing(input, need, &mut reasons);
    }
    about_the_hour(input, &mut reasons);
    if let Some(need) = need {
        about_consent(input, need, &mut reasons);
        about_pauses(input, facts, need, &mut reasons);
    }
    Judgement { need, reasons }
}

/// What is pending on an open claim and can be done by the user, in the order of the facts.
pub fn counted_requirements<'a>(facts: &'a Facts, settings: &'a Settings) -> impl Iterator<Item = &'a Requirement> {
    facts.pending.iter().filter(|requirement| {
        facts.claims.iter().any(|claim| claim.id == requirement.claim_id && claim.is_open())
            && !settings.uncounted_requirements.iter().any(|uncounted| matches(uncounted, requirement))
    })
}

fn matches(uncounted: &UncountedRequirement, requirement: &Requirement) -> bool {
    // A requirement without a type or reason is not one of those that were named, so it counts.
    let same = |wanted: &str, found: &Option<String>| found.as_deref().is_some_and(|found| is_same_word(wanted, found));
    same(&uncounted.kind, &requirement.kind) && uncounted.reason.as_ref().is_none_or(|reason| same(reason, &requirement.reason))
}

/// The first queue that applies (2 to 5).
fn need(input: &Input<'_>, facts: &Facts) -> Option<QueueKind> {
    let is_unsigned = !facts.has_signed;
    let is_something_counted = counted_requirements(facts, input.settings).next().is_some();
    if input.own.due_callback.is_some_and(|callback| stands(callback, is_unsigned || is_something_counted)) {
        Some(QueueKind::Callbacks)
    } else if is_unsigned {
        Some(QueueKind::UnsignedUsers)
    } else if is_something_counted {
        Some(QueueKind::OutstandingRequests)
    } else {
        None
    }
}

/// A promise about a signature stands while anything is pending, also when by now that is a document, and the other
/// way round: it is the same conversation.
const fn stands(callback: DueCallback, is_anything_pending: bool) -> bool {
    match callback.reason {
        CallbackReason::UserAsked => true,
        CallbackReason::Signature | CallbackReason::Requirements => is_anything_pending,
    }
}

/// A user's own wish to be rung now outweighs what spaces our calls out, but only once a day.
pub fn is_spacing_outweighed(need: Option<QueueKind>, own: &OwnFacts) -> bool {
    need == Some(QueueKind::Callbacks) && own.due_callback.is_some_and(is_unused_promise)
}

fn is_unused_promise(callback: DueCallback) -> bool {
    callback.reason == CallbackReason::UserAsked && !callback.promise_used_today
}

fn about_the_account(facts: &Facts, reasons: &mut Vec<Reason>) {
    if !facts.is_enabled {
        reasons.push(Reason::NotEnabled);
    }
    if facts.status.as_deref().is_some_and(|status| is_same_word("inactive", status) || is_same_word("cancelled", status)) {
        reasons.push(Reason::Inactive);
    }
    if !facts.claims.iter().any(Claim::is_open) {
        reasons.push(Reason::NoOpenClaim);
    }
}

fn about_the_number_and_objections(input: &Input<'_>, reasons: &mut Vec<Reason>) {
    match input.number {
        NumberFact::Usable(_) | NumberFact::NotParsed => {}
        NumberFact::Missing => reasons.push(Reason::NoNumber),
        NumberFact::Unusable(why) => reasons.push(Reason::UnusableNumber { why: *why }),
    }
    // An objection of the person and one of the number can be of the same kind; it is one reason.
    let holds = |kind| input.own.suppressions.iter().any(|suppression| suppression.kind == kind);
    if holds(SuppressionKind::DoNotContact) {
        reasons.push(Reason::DoNotContact);
    }
    if holds(SuppressionKind::BadNumber) {
        reasons.push(Reason::BadNumber);
    }
    if holds(SuppressionKind::OptedOut) {
        reasons.push(Reason::OptedOut);
    }
}

fn about_spacing(input: &Input<'_>, need: Option<QueueKind>, reasons: &mut Vec<Reason>) {
    if let Some(until) = limits::attempt_cap(input.own, input.settings, need, input.moment) {
        reasons.push(Reason::AttemptCap { until });
    }
    let is_retry = need == Some(QueueKind::Callbacks) && input.own.due_callback.is_some_and(|callback| callback.is_retry);
    if !is_retry && let Some(until) = limits::cooling_off(input.own, input.settings, need, input.moment.at) {
        reasons.push(Reason::CoolingOff { until });
    }
    if let Some(until) = input.own.put_back_until.filter(|until| *until > input.moment.at) {
        reasons.push(Reason::PutBack { until });
    }
}

fn about_the_hour(input: &Input<'_>, reasons: &mut Vec<Reason>) {
    if !hours::is_within_hours(input.moment.london, &input.settings.calling_hours) {
        reasons.push(Reason::OutsideCallingHours);
    }
    if let Some(day) = hours::holiday_on(input.moment.london.date(), &input.settings.calling_hours, input.holidays) {
        reasons.push(Reason::BankHoliday { day: Some(day.words()) });
    }
}

/// What kind of contact the call would be, and whether it is allowed to us (PECR, regulations 21 and 21A).
fn about_consent(input: &Input<'_>, need: QueueKind, reasons: &mut Vec<Reason>) {
    match input.settings.contact_basis.of(need) {
        None => reasons.push(Reason::NoContactBasis),
        Some(ContactBasis::Service) => {}
        Some(ContactBasis::Marketing) if input.own.has_consent => {}
        Some(ContactBasis::Marketing) => {
            reasons.push(Reason::NoConsent);
            if input.own.is_tps_listed {
                reasons.push(Reason::OnTps);
            }
        }
    }
}

fn about_pauses(input: &Input<'_>, facts: &Facts, need: QueueKind, reasons: &mut Vec<Reason>) {
    if input.pauses.queues.contains(&need) {
        reasons.push(Reason::QueuePaused);
    }
    if input.pauses.lenders.is_empty() && input.pauses.solicitors.is_empty() {
        return;
    }
    let claims = claims_of_the_call(facts, input.settings);
    let paused: Vec<_> = claims.into_iter().map(|claim| paused_parts(claim, input.pauses)).collect();
    // One claim that nobody paused is reason enough to call.
    if paused.is_empty() || paused.contains(&(false, false)) {
        return;
    }
    let (by_lender, by_solicitor) = (paused.iter().all(|(lender, _)| *lender), paused.iter().all(|(_, solicitor)| *solicitor));
    // When neither covers all the claims alone, they do so together, and both stand in the way.
    if by_lender || !by_solicitor {
        reasons.push(Reason::LenderPaused);
    }
    if by_solicitor || !by_lender {
        reasons.push(Reason::SolicitorPaused);
    }
}

/// The open claims that the call would be about: all of them while the signature is missing, and when the user just
/// asked to be rung; else those with something counted.
fn claims_of_the_call<'a>(facts: &'a Facts, settings: &Settings) -> Vec<&'a Claim> {
    let waiting: BTreeSet<_> = if facts.has_signed {
        counted_requirements(facts, settings).map(|requirement| requirement.claim_id).collect()
    } else {
        BTreeSet::new()
    };
    facts.claims.iter().filter(|claim| claim.is_open() && (waiting.is_empty() || waiting.contains(&claim.id))).collect()
}

/// Stands where a claim has no lender or no solicitor; nothing of this name can be paused.
pub const NO_NAME: &str = "-";

/// The lenders and the solicitors of the claims that the call would be about, one place each, as pauses name them.
pub fn claim_names(facts: &Facts, settings: &Settings) -> (Vec<String>, Vec<String>) {
    let plain = |name: &Option<String>| match name.as_deref().map(trim_blank) {
        None | Some("") => NO_NAME.to_owned(),
        Some(name) => name.to_lowercase().replace(char::is_control, " "),
    };
    let mut names: Vec<_> =
        claims_of_the_call(facts, settings).into_iter().map(|claim| (plain(&claim.lender), plain(&claim.solicitor))).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().unzip()
}

/// Whether the claim's lender and its solicitor are paused.
fn paused_parts(claim: &Claim, pauses: &Pauses) -> (bool, bool) {
    let among = |paused: &BTreeSet<String>, name: &Option<String>| {
        name.as_deref().is_some_and(|name| paused.iter().any(|paused| is_same_word(paused, name)))
    };
    (among(&pauses.lenders, &claim.lender), among(&pauses.solicitors, &claim.solicitor))
}

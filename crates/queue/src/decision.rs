//! The record of one dial decision: canonical bytes, their hash, and the personal facts behind a salted commitment.
//!
//! The canonical bytes are the UTF-8 JSON of [`Record`] with its fields in the order below, no spaces, instants in
//! RFC 3339 with microseconds. They are stored as they were hashed, so that verifying never depends on writing them
//! again. A sealer puts the hashes into blocks afterwards ([`crate::Block`]).

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use kernel::{AgentId, DecisionId, LeaseId, QueueKind, UserId};
use rand::RngCore;
use serde::{Deserialize, Serialize, Serializer};
use sha2::{Digest, Sha256};
use users::{Facts, LagSource, ReplicaLag, Requirement};

use crate::block::{ChainFault, Seal};
use crate::rules::{Judgement, OwnFacts, RULES, Reason, SPACING, SuppressionKind, is_spacing_outweighed};
use crate::store::SealedRow;

/// What the agent was doing when the decision was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Handing a waiting person out.
    HandOut,
    /// Coming back to a person already held (asked again, or the page was loaded anew).
    Return,
    /// About to ring them: the agent is on the line.
    Dial,
}

/// How it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The call is needed and may be made.
    Callable,
    /// It may not, for the reasons given.
    Refused,
    /// It could not be checked.
    Unknown,
}

/// A decision with everything it rested on, ready to be stored.
#[derive(Debug)]
pub struct Decision {
    /// Its id, covered by the hash.
    pub id: DecisionId,
    /// When it was made.
    pub made_at: DateTime<Utc>,
    /// Who asked.
    pub agent: AgentId,
    /// About whom.
    pub user: UserId,
    /// Under which lease.
    pub lease: LeaseId,
    /// What for.
    pub purpose: Purpose,
    /// The queue the person came from.
    pub queue: QueueKind,
    /// How it was decided.
    pub outcome: Outcome,
    /// A call that was about to be made and is not needed any more.
    pub is_saved_call: bool,
    /// The canonical bytes.
    pub record: Vec<u8>,
    /// Their SHA-256.
    pub content_hash: [u8; 32],
    /// The salt of the commitment to the personal facts.
    pub salt: [u8; 32],
    /// The personal facts, UTF-8 JSON.
    pub personal: Vec<u8>,
}

/// What a decision rests on.
pub(crate) struct Grounds<'a> {
    pub(crate) agent: AgentId,
    pub(crate) user: UserId,
    pub(crate) lease: LeaseId,
    pub(crate) purpose: Purpose,
    pub(crate) queue: QueueKind,
    pub(crate) settings_version: i32,
    pub(crate) pauses_version: i64,
    pub(crate) holidays_version: i64,
    pub(crate) lag: Option<ReplicaLag>,
    pub(crate) lag_source: LagSource,
    pub(crate) asked_at: DateTime<Utc>,
    pub(crate) own: &'a OwnFacts,
    /// None when the replica did not answer or has no such user.
    pub(crate) facts: Option<&'a Facts>,
    /// None when it could not be checked.
    pub(crate) judgement: Option<&'a Judgement>,
    /// Nobody is refused.
    pub(crate) is_gate_off: bool,
    /// The pending requirements that count.
    pub(crate) counted: &'a [&'a Requirement],
    pub(crate) number: Option<&'a str>,
    pub(crate) name: Option<String>,
    /// None for whoever waits in no queue.
    pub(crate) stored_score: Option<f64>,
    pub(crate) score: Option<&'a scoring::Score>,
}

/// Version of the shape below. 2: with the rules that were applied, their versions and results, and the version of the pauses. 3: with the
/// version of the list of holidays, and with the day where one was a reason.
const RECORD_VERSION: u32 = 3;

#[derive(Serialize)]
struct Record<'a> {
    version: u32,
    decision_id: DecisionId,
    #[serde(serialize_with = "micros")]
    made_at: DateTime<Utc>,
    agent_id: AgentId,
    user_id: UserId,
    lease_id: LeaseId,
    purpose: Purpose,
    queue: QueueKind,
    outcome: Outcome,
    /// Nobody was refused, whatever the reasons: in development only, and left out where the gate is shut.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_gate_off: bool,
    need: Option<QueueKind>,
    reasons: &'a [Reason],
    rules: Vec<RuleRecord>,
    settings_version: i32,
    pauses_version: i64,
    holidays_version: i64,
    rule_set: Option<&'a str>,
    replica: ReplicaRecord,
    platform: Option<PlatformRecord<'a>>,
    own: OwnRecord,
    score: ScoreRecord<'a>,
    personal_commitment: String,
}

/// A rule of the gate as it was applied.
#[derive(Serialize)]
struct RuleRecord {
    name: &'static str,
    version: u32,
    result: RuleResult,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum RuleResult {
    Passed,
    Refused,
    /// Outweighed by a promise that the user asked for.
    Outweighed,
}

/// Every rule with what it said; nothing when the person could not be checked.
fn rule_records(judgement: Option<&Judgement>, own: &OwnFacts) -> Vec<RuleRecord> {
    let Some(judgement) = judgement else { return Vec::new() };
    let is_outweighed = is_spacing_outweighed(judgement.need, own);
    let is_retry = judgement.need == Some(QueueKind::Callbacks) && own.due_callback.is_some_and(|callback| callback.is_retry);
    RULES
        .iter()
        .map(|(name, version)| RuleRecord {
            name,
            version: *version,
            result: if judgement.reasons.iter().any(|reason| reason.rule() == *name) {
                RuleResult::Refused
            } else if (is_outweighed && SPACING.contains(name)) || (is_retry && *name == "cooling_off") {
                RuleResult::Outweighed
            } else {
                RuleResult::Passed
            },
        })
        .collect()
}

#[derive(Serialize)]
struct ReplicaRecord {
    /// When the replica was asked; what it answered was true then or later.
    asked_at: String,
    has_answered: bool,
    lag_source: String,
    lag_millis: Option<i64>,
    lag_sample_age_millis: Option<i64>,
}

#[derive(Serialize)]
struct PlatformRecord<'a> {
    is_enabled: bool,
    status: Option<&'a str>,
    has_signed: bool,
    claims: Vec<ClaimRecord<'a>>,
    pending: Vec<RequirementRecord<'a>>,
    has_usable_number: bool,
}

#[derive(Serialize)]
struct ClaimRecord<'a> {
    id: kernel::ClaimId,
    status: Option<&'a str>,
    is_open: bool,
    lender: Option<&'a str>,
    solicitor: Option<&'a str>,
    created_at: Option<NaiveDateTime>,
}

#[derive(Serialize)]
struct RequirementRecord<'a> {
    claim_id: kernel::ClaimId,
    kind: Option<&'a str>,
    reason: Option<&'a str>,
    is_counted: bool,
}

#[derive(Serialize)]
struct AttemptRecord {
    at: String,
    queue: Option<QueueKind>,
    of_person: bool,
    on_number: bool,
}

/// What a marketing call would rest on.
#[derive(Serialize)]
struct ConsentRecord {
    is_given: bool,
    is_tps_listed: bool,
}

#[derive(Serialize)]
struct OwnRecord {
    suppressions: Vec<SuppressionKind>,
    attempts: Vec<AttemptRecord>,
    has_due_callback: bool,
    consent: ConsentRecord,
    put_back_until: Option<String>,
    delay_until: Option<String>,
    replaces_cooling_off: bool,
}

#[derive(Serialize)]
struct ScoreRecord<'a> {
    stored: Option<f64>,
    recomputed: Option<f64>,
    factors: Vec<(&'a str, f64)>,
}

/// What may be erased: everything that says who it was.
#[derive(Serialize)]
struct Personal<'a> {
    name: Option<&'a str>,
    number_on_platform: Option<&'a str>,
    number: Option<&'a str>,
    date_of_birth: Option<NaiveDate>,
}

impl Decision {
    /// Writes down what was decided at `now` and why.
    pub(crate) fn new(grounds: &Grounds<'_>, now: DateTime<Utc>) -> Result<Self, serde_json::Error> {
        let id = DecisionId::generate();
        let reasons = grounds.judgement.map_or(&[][..], |judgement| &judgement.reasons);
        let outcome = match grounds.judgement {
            None => Outcome::Unknown,
            // The reasons stand in the record all the same.
            Some(_) if grounds.is_gate_off && grounds.number.is_some() => Outcome::Callable,
            Some(judgement) if judgement.callable() == Some(grounds.queue) => Outcome::Callable,
            Some(_) => Outcome::Refused,
        };
        let has_moved = grounds.judgement.is_some_and(|judgement| judgement.need != Some(grounds.queue));
        let is_saved_call = outcome == Outcome::Refused && (has_moved || reasons.iter().any(Reason::is_saved_call));

        let personal = serde_json::to_vec(&Personal {
            name: grounds.name.as_deref(),
            number_on_platform: grounds.facts.and_then(|facts| facts.raw_number.as_deref()),
            number: grounds.number,
            date_of_birth: grounds.facts.and_then(|facts| facts.date_of_birth),
        })?;
        let mut salt = [0; 32];
        rand::rng().fill_bytes(&mut salt);

        let record = serde_json::to_vec(&Record {
            version: RECORD_VERSION,
            decision_id: id,
            made_at: now,
            agent_id: grounds.agent,
            user_id: grounds.user,
            lease_id: grounds.lease,
            purpose: grounds.purpose,
            queue: grounds.queue,
            outcome,
            is_gate_off: grounds.is_gate_off,
            need: grounds.judgement.and_then(|judgement| judgement.need),
            reasons,
            rules: rule_records(grounds.judgement, grounds.own),
            settings_version: grounds.settings_version,
            pauses_version: grounds.pauses_version,
            holidays_version: grounds.holidays_version,
            rule_set: grounds.score.map(|score| score.rule_set.as_str()),
            replica: ReplicaRecord {
                asked_at: rfc3339(grounds.asked_at),
                has_answered: grounds.judgement.is_some(),
                lag_source: grounds.lag_source.to_string(),
                lag_millis: grounds.lag.map(|lag| lag.millis),
                lag_sample_age_millis: grounds.lag.map(|lag| lag.sample_age_millis),
            },
            platform: grounds.facts.map(|facts| PlatformRecord {
                is_enabled: facts.is_enabled,
                status: facts.status.as_deref(),
                has_signed: facts.has_signed,
                claims: facts
                    .claims
                    .iter()
                    .map(|claim| ClaimRecord {
                        id: claim.id,
                        status: claim.status.as_deref(),
                        is_open: claim.is_open(),
                        lender: claim.lender.as_deref(),
                        solicitor: claim.solicitor.as_deref(),
                        created_at: claim.created_at,
                    })
                    .collect(),
                pending: facts
                    .pending
                    .iter()
                    .map(|requirement| RequirementRecord {
                        claim_id: requirement.claim_id,
                        kind: requirement.kind.as_deref(),
                        reason: requirement.reason.as_deref(),
                        is_counted: grounds.counted.contains(&requirement),
                    })
                    .collect(),
                has_usable_number: grounds.number.is_some(),
            }),
            own: OwnRecord {
                suppressions: grounds.own.suppressions.iter().map(|suppression| suppression.kind).collect(),
                attempts: grounds
                    .own
                    .attempts
                    .iter()
                    .map(|attempt| AttemptRecord {
                        at: rfc3339(attempt.at),
                        queue: attempt.queue,
                        of_person: attempt.of_person,
                        on_number: attempt.on_number,
                    })
                    .collect(),
                has_due_callback: grounds.own.due_callback.is_some(),
                consent: ConsentRecord { is_given: grounds.own.has_consent, is_tps_listed: grounds.own.is_tps_listed },
                put_back_until: grounds.own.put_back_until.map(rfc3339),
                delay_until: grounds.own.last_outcome.and_then(|last| last.delay_until).map(rfc3339),
                replaces_cooling_off: grounds.own.last_outcome.is_some_and(|last| last.replaces_cooling_off),
            },
            score: ScoreRecord {
                stored: grounds.stored_score,
                recomputed: grounds.score.map(|score| score.total),
                factors: grounds
                    .score
                    .map(|score| score.factors.iter().map(|factor| (factor.name.as_str(), factor.points)).collect())
                    .unwrap_or_default(),
            },
            personal_commitment: hex(&commitment(&salt, &personal)),
        })?;
        let content_hash = Sha256::digest(&record).into();
        Ok(Self {
            id,
            made_at: now,
            agent: grounds.agent,
            user: grounds.user,
            lease: grounds.lease,
            purpose: grounds.purpose,
            queue: grounds.queue,
            outcome,
            is_saved_call,
            record,
            content_hash,
            salt,
            personal,
        })
    }
}

/// A stored decision, checked.
#[derive(Debug, Serialize)]
pub struct VerifiedDecision {
    /// Its id.
    pub id: DecisionId,
    /// Anything came of it. Stands beside the record, which is made before that is known.
    pub had_effect: bool,
    /// The record as it was written.
    pub record: serde_json::Value,
    /// SHA-256 of the record's bytes, in hexadecimal.
    pub content_hash: String,
    /// The stored hash is that of the stored bytes.
    pub is_content_intact: bool,
    /// The personal facts; none when they were erased.
    pub personal: Option<serde_json::Value>,
    /// The personal facts are those the record commits to; none when they were erased.
    pub is_personal_intact: Option<bool>,
    /// Where it is sealed; none while it is not.
    pub seal: Option<Seal>,
}

impl VerifiedDecision {
    /// Checks the hash and the commitment.
    pub(crate) fn check(
        id: DecisionId,
        had_effect: bool,
        record: &[u8],
        content_hash: &[u8],
        personal: Option<(&[u8], &[u8])>,
        seal: Option<Seal>,
    ) -> Result<Self, serde_json::Error> {
        let is_content_intact = Sha256::digest(record).as_slice() == content_hash;
        let record: serde_json::Value = serde_json::from_slice(record)?;
        let promised = record.get("personal_commitment").and_then(serde_json::Value::as_str).unwrap_or_default();
        let is_personal_intact = personal.map(|(salt, facts)| hex(&commitment(salt, facts)) == promised);
        let personal = personal.map(|(_, facts)| serde_json::from_slice(facts)).transpose()?;
        Ok(Self { id, had_effect, content_hash: hex(content_hash), is_content_intact, record, personal, is_personal_intact, seal })
    }
}

/// The part of a record that stands in columns beside it, too.
#[derive(Deserialize)]
struct Beside {
    decision_id: DecisionId,
    made_at: DateTime<Utc>,
    agent_id: AgentId,
    user_id: UserId,
    lease_id: LeaseId,
    purpose: Purpose,
    queue: QueueKind,
    outcome: Outcome,
    personal_commitment: String,
}

/// Checks a decision that was read from block `number`: its bytes, what stands beside them and the personal facts that are still there.
/// The hash of its bytes.
pub(crate) fn check_row(row: &SealedRow, number: i64) -> Result<[u8; 32], ChainFault> {
    let id = row.id;
    let (Some(record), Some(content_hash)) = (&row.record, &row.content_hash) else {
        return Err(ChainFault::RecordMissing { id, number });
    };
    let computed: [u8; 32] = Sha256::digest(record).into();
    if computed[..] != content_hash[..] {
        return Err(ChainFault::RecordChanged { id, number });
    }
    let Ok(beside) = serde_json::from_slice::<Beside>(record) else {
        return Err(ChainFault::RowChanged { id, number, column: "record" });
    };
    let columns = [
        ("id", beside.decision_id == id),
        // The database keeps microseconds, and so does the record.
        ("made_at", row.made_at.map(rfc3339) == Some(rfc3339(beside.made_at))),
        ("agent_id", row.agent == Some(beside.agent_id)),
        ("user_id", row.user == Some(beside.user_id)),
        ("lease_id", row.lease == Some(beside.lease_id)),
        ("purpose", row.purpose == Some(beside.purpose)),
        ("queue", row.queue == Some(beside.queue)),
        ("outcome", row.outcome == Some(beside.outcome)),
    ];
    if let Some((column, _)) = columns.into_iter().find(|(_, is_same)| !is_same) {
        return Err(ChainFault::RowChanged { id, number, column });
    }
    if let (Some(salt), Some(facts)) = (&row.salt, &row.facts)
        && hex(&commitment(salt, facts)) != beside.personal_commitment
    {
        return Err(ChainFault::PersonalChanged { id, number });
    }
    Ok(computed)
}

fn commitment(salt: &[u8], personal: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(personal).finalize().into()
}

pub(crate) fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn micros<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*at))
}

/// Two lower-case digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_record_and_changed_personal_facts_are_found() {
        let (salt, facts) = ([7; 32], br#"{"name":"Priya Raman"}"#);
        let record = format!(r#"{{"outcome":"callable","personal_commitment":"{}"}}"#, hex(&commitment(&salt, facts)));
        let hash = Sha256::digest(&record);
        let id = DecisionId::generate();
        let check = |record: &str, personal| {
            let checked = VerifiedDecision::check(id, true, record.as_bytes(), &hash, personal, None).unwrap();
            (checked.is_content_intact, checked.is_personal_intact)
        };

        assert_eq!(check(&record, Some((&salt[..], &facts[..]))), (true, Some(true)));
        assert_eq!(check(&record, None), (true, None), "erased");
        assert_eq!(check(&record.replace("callable", "refused"), Some((&salt, facts))), (false, Some(true)));
        assert_eq!(check(&record, Some((&salt, br#"{"name":"Priya Rahman"}"#))), (true, Some(false)));
        assert_eq!(check(&record, Some((&[8; 32], facts))), (true, Some(false)), "another salt");
        assert_eq!(check(r#"{"outcome":"callable"}"#, Some((&salt, facts))), (false, Some(false)), "no commitment at all");
    }
}

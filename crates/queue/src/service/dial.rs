//! The gate at the dial: the agent is on the line, the person is checked once more, and only then is there a number to ring.

use std::time::{Duration, Instant};

use auth::CurrentAgent;
use chrono::TimeDelta;
use kernel::{AgentId, CallId, DecisionId, LeaseId, Moment, PhoneNumber, QueueKind, UserId};
use sqlx::PgConnection;
use users::{ReplicaError, ReplicaLag, Unproved};

use super::assessment::Question;
use super::report::Named;
use super::{Queue, QueueFailure, announce, parse_number};
use crate::decision::Purpose;
use crate::store::{self, Disposal, HeldRow, Source, Take, TakeTimes, Wish};
use crate::words;

/// The promise of the product: nobody is rung on facts that were read longer ago.
const VOID_AFTER: Duration = Duration::from_secs(2);

/// The right to ring one person, once, for two seconds from when the replica was asked. Only the gate makes one, and only it can be
/// turned into a number.
#[derive(Debug)]
pub struct Authorised {
    number: PhoneNumber,
    extension: Option<String>,
    asked: Instant,
    user: UserId,
    queue: QueueKind,
    decision: DecisionId,
}

/// The facts are too old by now: check again, or ring nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the last check is more than two seconds ago")]
pub struct AuthorisationVoid;

impl Authorised {
    /// The number, if it may still be rung.
    pub fn number(&self) -> Result<&PhoneNumber, AuthorisationVoid> {
        if self.asked.elapsed() <= VOID_AFTER { Ok(&self.number) } else { Err(AuthorisationVoid) }
    }

    /// What a switchboard is asked for behind the number; it is not rung.
    pub fn extension(&self) -> Option<&str> {
        self.extension.as_deref()
    }

    /// The record of the decision.
    pub fn decision(&self) -> DecisionId {
        self.decision
    }
}

/// Who is held for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldForCall {
    /// The person.
    pub user: UserId,
    /// The queue they came from.
    pub queue: QueueKind,
    /// Their name, as when they were handed out.
    pub name: String,
}

/// What the last check says.
#[derive(Debug)]
pub enum Authorisation {
    /// The person may be rung now.
    Granted(Authorised),
    /// They may not, and are not the agent's any more.
    Refused {
        /// Why: “Signed in the meantime”.
        words: String,
        /// The call was not needed any more.
        is_saved_call: bool,
    },
    /// The claims platform could not be read. The person stays with the agent.
    CannotCheck,
    /// The agent does not hold the person any more.
    Lost,
}

impl Queue {
    /// Holds the person for a call, without limit; who it is and from which queue. None when the agent does not hold them. Part of the
    /// call's own transaction, as everything below that takes a connection.
    pub async fn hold_for_call(
        &self,
        conn: &mut PgConnection,
        agent: &CurrentAgent,
        lease: LeaseId,
        call: CallId,
    ) -> Result<Option<HeldForCall>, QueueFailure> {
        let held = store::hold_for_call(conn, agent.id, lease, call, self.shared.clock.now()).await?;
        held.map(|HeldRow { user, queue, personal }| {
            let name = personal.as_deref().map(serde_json::from_slice::<Named>).transpose()?.and_then(|named| named.name);
            Ok(HeldForCall { user, queue, name: name.unwrap_or_else(|| format!("User {user}")) })
        })
        .transpose()
    }

    /// Gives the person back to the agent after a call that rang nobody; they stay theirs for as long as after Call next.
    pub async fn give_back(&self, conn: &mut PgConnection, call: CallId) -> sqlx::Result<()> {
        let minutes = self.settings().settings.lease_minutes;
        store::give_back(conn, call, self.shared.clock.now() + TimeDelta::minutes(minutes.into())).await
    }

    /// The calls for which people are held.
    pub async fn calls_holding(&self) -> sqlx::Result<Vec<CallId>> {
        store::list_calls_holding(&self.shared.pool).await
    }

    /// Checks the person whom this call holds, now, and writes the decision down. Refused: they leave the agent and go where they
    /// belong, as after Call next.
    pub async fn authorise(&self, agent: AgentId, call: CallId) -> Result<Authorisation, QueueFailure> {
        let (asked, asked_at) = (Instant::now(), self.shared.clock.now());
        let midnight = Moment::new(asked_at).midnight;
        let wish = Wish { agent, queue: None, source: Source::Queue, limited_to: None, without_basis: &[], tried: &[] };
        let times = TakeTimes { now: asked_at, midnight, handed_over: asked_at, checked_until: asked_at };
        let (versions, taken) = store::take_next(&self.shared.pool, wish, times).await?;
        let Take::Taken(taken) = taken else { return Ok(Authorisation::Lost) };
        if taken.call != Some(call) {
            return Ok(Authorisation::Lost);
        }
        let settings = self.learn(versions).await?;

        let proved = self.shared.replica.within(settings.settings.max_lag_millis);
        let (read, lag) = match proved.facts(taken.user, settings.extras(), asked_at).await {
            Ok((facts, lag)) => (Some(facts), Some(lag)),
            Err(Unproved { lag, error }) => {
                log_unproved(lag, error.as_ref());
                (None, lag)
            }
        };
        let question = Question { agent, taken: &taken, purpose: Purpose::Dial, settings: &settings, asked_at, lag };
        let Some(facts) = read else {
            let decision = self.decide(&question, None, None)?;
            store::record_passed_over(&self.shared.pool, &decision, &Disposal::KeepLease).await?;
            return Ok(Authorisation::CannotCheck);
        };
        let number = parse_number(facts.as_ref(), &self.shared.numbers);
        let own = self.own_facts(&taken, &number).await?;
        let assessment = self.assess(&settings, facts.as_ref(), &number, &own);
        let decision = self.decide(&question, Some(&assessment), None)?;

        if let Some(number) = assessment.callable_in(taken.queue) {
            store::record_passed_over(&self.shared.pool, &decision, &Disposal::KeepLease).await?;
            return Ok(Authorisation::Granted(Authorised {
                number: number.clone(),
                extension: assessment.number.read().and_then(|read| read.extension.clone()),
                asked,
                user: taken.user,
                queue: taken.queue,
                decision: decision.id,
            }));
        }
        let had_effect = store::record_passed_over(&self.shared.pool, &decision, &assessment.disposal()).await?;
        let is_saved_call = decision.is_saved_call && had_effect;
        tracing::info!(
            agent.id = %agent, user.id = %taken.user, call.id = %call, decision.id = %decision.id,
            decision.is_saved_call = is_saved_call, "a call was refused at the dial"
        );
        announce(&self.shared.hints, &[agent]);
        Ok(Authorisation::Refused { words: words::passed_over(taken.queue, &assessment.judgement), is_saved_call })
    }

    /// Counts the attempt, before the carrier is asked to make it.
    pub async fn begin_attempt(&self, conn: &mut PgConnection, call: CallId, authorised: &Authorised) -> sqlx::Result<()> {
        let now = self.shared.clock.now();
        let number = authorised.number.as_e164();
        let window = TimeDelta::minutes(self.settings().settings.promise_window_minutes.into());
        store::insert_attempt(conn, call, authorised.user, number, authorised.queue, now, window).await
    }

    /// Takes back an attempt that the carrier surely never made.
    pub async fn cancel_attempt(&self, conn: &mut PgConnection, call: CallId) -> sqlx::Result<()> {
        store::delete_attempt(conn, call).await
    }
}

fn log_unproved(lag: Option<ReplicaLag>, error: Option<&ReplicaError>) {
    if let Some(error) = error {
        tracing::error!(replica.problem = %error, "the claims platform could not be read at the dial: nobody is rung");
    } else {
        tracing::error!(
            replica.lag_millis = lag.map(|lag| lag.millis),
            "the lag of the replica that answered is unknown or over the limit: nobody is rung"
        );
    }
}

#[cfg(test)]
mod tests {
    use kernel::NumberPolicy;

    use super::*;

    /// The promise: not a moment longer than two seconds.
    #[test]
    fn a_number_can_be_had_for_two_seconds() {
        let policy = NumberPolicy::default();
        let number = PhoneNumber::parse("020 7946 0123", &policy).unwrap();
        let authorised = |age: Duration| Authorised {
            number: number.clone(),
            extension: None,
            asked: Instant::now().checked_sub(age).unwrap(),
            user: UserId::new(1),
            queue: QueueKind::UnsignedUsers,
            decision: DecisionId::generate(),
        };

        assert_eq!(authorised(Duration::from_millis(1_900)).number(), Ok(&number));
        assert_eq!(authorised(Duration::from_millis(2_001)).number(), Err(AuthorisationVoid));
    }
}

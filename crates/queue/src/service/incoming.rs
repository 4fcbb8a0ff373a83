//! People who ring us: who they may be, and what follows for when they are rung.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, CallId, PhoneNumber, UserId, from_london};
use sqlx::PgConnection;
use users::Search;

use super::assessment::parse_number;
use super::{Queue, QueueFailure};
use crate::hours;
use crate::rules::{CallbackReason, DueCallback, Effect, SuppressionKind};
use crate::store::{self, NewSuppression};

/// Somebody whose number a call comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub user: UserId,
    /// Their name, or their id where none is known.
    pub name: String,
    /// It is proved that nothing stands against ringing them back that time alone would not mend.
    pub may_be_rung_back: bool,
}

/// What came of the wish to promise somebody a return call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnCall {
    /// This person is promised one.
    Promised(UserId),
    /// A promise that was made before stands.
    Stands,
    /// Nobody is: nothing can be proved now, or no time for it is known.
    NotPromised,
}

impl Queue {
    /// A number that a call comes from, in E.164, also one that we would not ring, in whatever shape the carrier passes it on; none when it is
    /// no number.
    pub fn callers_number(&self, from: &str) -> Option<String> {
        PhoneNumber::of_anybody(from).map(|number| number.as_e164().to_owned())
    }

    /// A caller's number or one of ours, in E.164, as people write it; none when it is no number.
    pub fn shown_number(&self, e164: &str) -> Option<String> {
        PhoneNumber::of_anybody(e164).map(|number| number.national())
    }

    /// Everybody who has this number (E.164) on the claims platform, the newest first, however it is written there, and whether they may be
    /// rung back: nobody may of whom that cannot be proved now.
    pub async fn callers(&self, number: &str) -> Result<Vec<Caller>, QueueFailure> {
        let Some(number) = PhoneNumber::of_anybody(number) else { return Ok(Vec::new()) };
        let found = self.shared.replica.search(&Search::holders_of(&number)).await?;
        let has_it = |raw: &str| PhoneNumber::of_anybody(raw).as_ref() == Some(&number);
        let mut callers = Vec::new();
        for user in found.into_iter().filter(|user| user.raw_number.as_deref().is_some_and(has_it)) {
            let may_be_rung_back = self.may_promise() && self.may_be_rung_back(user.id).await;
            let name = if user.name.is_empty() { format!("User {}", user.id) } else { user.name };
            callers.push(Caller { user: user.id, name, may_be_rung_back });
        }
        Ok(callers)
    }

    /// Whether a call can be promised to somebody who rings: only while the claims platform can be read and is not too far behind, since
    /// otherwise nobody knows whether the call may be made.
    fn may_promise(&self) -> bool {
        self.shared.is_gate_off || self.replica_lag().is_some_and(|lag| lag.millis <= self.max_lag_millis())
    }

    async fn may_be_rung_back(&self, user: UserId) -> bool {
        self.would_be_rung_back(user).await.unwrap_or_else(|error| {
            tracing::warn!(user.id = %user, error.message = %error, "nobody can say whether somebody who rings us may be rung back, so they are not promised it");
            false
        })
    }

    /// What the gate will say of a call that they have asked for themselves, but for the hour, the caps and whatever else passes.
    async fn would_be_rung_back(&self, user: UserId) -> Result<bool, QueueFailure> {
        let settings = self.settings();
        let (extras, now) = (settings.extras(), self.shared.clock.now());
        let facts = match self.shared.replica.within(settings.settings.max_lag_millis).facts(user, extras, now).await {
            Ok((facts, _)) => facts,
            // Nothing is refused then, also not for being unproved.
            Err(_) if self.shared.is_gate_off => self.shared.replica.facts(user, extras, now).await?,
            Err(unproved) => return Err(unproved.into()),
        };
        let number = parse_number(facts.as_ref(), &self.shared.numbers);
        let mut own = self.own_facts_of(user, &number).await?;
        own.facts.due_callback = Some(DueCallback { reason: CallbackReason::UserAsked, promise_used_today: false, is_retry: false });
        let judgement = self.assess(&settings, facts.as_ref(), &number, &own).judgement;
        Ok(self.shared.is_gate_off || !judgement.reasons.iter().any(|reason| reason.effect() == Effect::Remove))
    }

    /// When we may be rung, in words: the hours in which we ring.
    pub fn week_words(&self) -> String {
        hours::describe_week(&self.settings().settings.calling_hours)
    }

    /// When we can be rung again, in words: “tomorrow at 09:00”, “on Tuesday 29 December at 09:00”; none while we can be rung, and when no opening
    /// is in sight.
    pub fn opening_words(&self) -> Option<String> {
        let moment = self.moment();
        let opening = hours::next_opening(moment, &self.settings().settings.calling_hours, &self.holidays().holidays)?;
        hours::opening_words(moment.london, opening)
    }

    /// Lets go of whomever the agent is looking at: somebody rings. They wait again as before.
    pub async fn let_go(&self, conn: &mut PgConnection, agent: AgentId) -> sqlx::Result<()> {
        store::hand_back_of(conn, agent).await
    }

    /// Holds a person for a call that came in, as `hold_for_call` does for one that we make: nobody else rings them meanwhile. False when
    /// somebody else has the person; the call goes on all the same.
    pub async fn hold_caller(&self, conn: &mut PgConnection, agent: AgentId, user: UserId, call: CallId) -> sqlx::Result<bool> {
        store::hold_caller(conn, agent, user, call, self.shared.clock.now()).await
    }

    /// Puts a talk with somebody who rang us beside the attempts, before its outcome is written with `close_attempt`. They have been talked
    /// with: a promise whose window has begun, or that was made for an earlier call of theirs, is closed.
    pub async fn count_incoming(
        &self,
        conn: &mut PgConnection,
        call: CallId,
        user: UserId,
        number: Option<&str>,
        talked_at: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        store::insert_incoming(conn, call, user, number, talked_at).await?;
        let window = TimeDelta::minutes(self.settings().settings.promise_window_minutes.into());
        store::close_promise_met(conn, user, talked_at, (self.shared.clock.now(), window)).await
    }

    /// Promises to ring the first of these people back who rang us and reached nobody, as soon as calls may be made: one promise for a number,
    /// however often they ring (lessons, line 30). One that was made before stands, also for another time. Nobody is promised a call while the
    /// claims platform cannot be read: nobody knows then whether it may be made.
    pub async fn promise_return_call(
        &self,
        conn: &mut PgConnection,
        number: &str,
        users: &[UserId],
        preferred: Option<AgentId>,
    ) -> sqlx::Result<ReturnCall> {
        let Some(first) = users.first().filter(|_| self.may_promise()) else { return Ok(ReturnCall::NotPromised) };
        let moment = self.moment();
        let opens = hours::next_opening(moment, &self.settings().settings.calling_hours, &self.holidays().holidays);
        let Some(at) = opens.and_then(|opens| Some((from_london(opens)?, opens))) else { return Ok(ReturnCall::NotPromised) };
        store::lock_return_call(conn, number).await?;
        if store::has_return_call(&mut *conn, users, moment.at).await? {
            return Ok(ReturnCall::Stands);
        }
        let is_promised = store::insert_return_call(conn, *first, preferred, at, moment.at).await?;
        Ok(if is_promised { ReturnCall::Promised(*first) } else { ReturnCall::Stands })
    }

    /// Those of these people who are promised a call that is due, or for a call of theirs that reached nobody.
    pub async fn rung_back_among(&self, users: &[UserId]) -> Result<Vec<UserId>, QueueFailure> {
        Ok(store::list_rung_back(&self.shared.pool, users, self.shared.clock.now()).await?)
    }

    /// Whether one of these people is promised a call that is due, or for a call of theirs that reached nobody.
    pub async fn is_rung_back(&self, users: &[UserId]) -> Result<bool, QueueFailure> {
        Ok(store::has_return_call(&self.shared.pool, users, self.shared.clock.now()).await?)
    }

    /// Whether nobody may ring this number, or any of these people, any more.
    pub async fn is_objected(&self, conn: &mut PgConnection, number: &str, users: &[UserId]) -> sqlx::Result<bool> {
        store::is_objected(conn, number, users, self.shared.clock.now()).await
    }

    /// Puts an objection on record that somebody made themselves, by a key on their telephone or to an agent who does not know who they are:
    /// nobody rings this number again. Where it is one person's, nor that person on another number.
    pub async fn object_by_number(
        &self,
        conn: &mut PgConnection,
        number: &str,
        users: &[UserId],
        reason: &str,
        call: CallId,
        by: Option<AgentId>,
    ) -> sqlx::Result<()> {
        let user = if let [one] = users { Some(*one) } else { None };
        let source = format!("call {call}");
        let new =
            NewSuppression { kind: SuppressionKind::DoNotContact, user, number: Some(number), reason, source: &source, by, ends_at: None };
        store::insert_suppression(conn, &new, self.shared.clock.now()).await?;
        for user in users {
            store::close_promise(conn, *user).await?;
        }
        Ok(())
    }

    /// Whether we may be rung now: the hours in which we ring.
    pub fn is_open(&self) -> bool {
        hours::is_open(self.moment(), &self.settings().settings.calling_hours, &self.holidays().holidays)
    }
}

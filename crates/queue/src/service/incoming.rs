//! People who ring us: who they may be, and what follows for when they are rung.

use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId, Moment, PhoneNumber, UserId, from_london};
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
    /// Nothing stands against ringing them back that time alone would not mend.
    pub may_be_rung_back: bool,
}

impl Queue {
    /// A number that a call comes from, in E.164, also one that we would not ring; none when it is no number.
    pub fn callers_number(&self, from: &str) -> Option<String> {
        self.any_number(from).map(|number| number.as_e164().to_owned())
    }

    fn any_number(&self, text: &str) -> Option<PhoneNumber> {
        PhoneNumber::parse(text, &self.shared.numbers).or_else(|_| PhoneNumber::try_from(text.to_owned())).ok()
    }

    /// A caller's number or one of ours, in E.164, as people write it; none when it is no number.
    pub fn shown_number(&self, e164: &str) -> Option<String> {
        self.any_number(e164).map(|number| number.national())
    }

    /// Everybody who has this number (E.164) on the claims platform, the newest first, however it is written there, and whether they may be
    /// rung back.
    pub async fn callers(&self, number: &str) -> Result<Vec<Caller>, QueueFailure> {
        let Some(search) = Search::parse(number) else { return Ok(Vec::new()) };
        let found = self.shared.replica.search(&search).await?;
        let has_it = |raw: &str| PhoneNumber::parse(raw, &self.shared.numbers).is_ok_and(|theirs| theirs.as_e164() == number);
        let mut callers = Vec::new();
        for user in found.into_iter().filter(|user| user.raw_number.as_deref().is_some_and(has_it)) {
            let may_be_rung_back = self.may_be_rung_back(user.id).await?;
            let name = if user.name.is_empty() { format!("User {}", user.id) } else { user.name };
            callers.push(Caller { user: user.id, name, may_be_rung_back });
        }
        Ok(callers)
    }

    /// What the gate will say of a call that they have asked for themselves, but for the hour, the caps and whatever else passes.
    async fn may_be_rung_back(&self, user: UserId) -> Result<bool, QueueFailure> {
        let settings = self.settings();
        let facts = self.shared.replica.facts(user, settings.extras(), self.shared.clock.now()).await?;
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
    /// with: a promise that was due, or that was made for an earlier call of theirs, is closed.
    pub async fn count_incoming(
        &self,
        conn: &mut PgConnection,
        call: CallId,
        user: UserId,
        number: Option<&str>,
        talked_at: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        store::insert_incoming(conn, call, user, number, talked_at).await?;
        store::close_promise_met(conn, user, talked_at, self.shared.clock.now()).await
    }

    /// Promises to ring the first of these people back who rang us and reached nobody, as soon as calls may be made: one promise for a number,
    /// however often they ring (lessons, line 30). Who is rung; none when there is such a promise already, when nobody may be rung, and when the
    /// first is promised a call at another time: that stands.
    pub async fn promise_return_call(
        &self,
        conn: &mut PgConnection,
        number: &str,
        users: &[UserId],
        preferred: Option<AgentId>,
    ) -> sqlx::Result<Option<UserId>> {
        let moment = self.moment();
        let opens = hours::next_opening(moment, &self.settings().settings.calling_hours, &self.shared.bank_holidays);
        let Some(at) = opens.and_then(|opens| Some((from_london(opens)?, opens))) else { return Ok(None) };
        let Some(first) = users.first() else { return Ok(None) };
        store::lock_return_call(conn, number).await?;
        if store::has_return_call(&mut *conn, users, moment.at).await? {
            return Ok(None);
        }
        let is_promised = store::insert_return_call(conn, *first, preferred, at, moment.at).await?;
        Ok(is_promised.then_some(*first))
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
        hours::is_open(Moment::new(self.shared.clock.now()), &self.settings().settings.calling_hours, &self.shared.bank_holidays)
    }
}

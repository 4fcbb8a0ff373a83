//! Records of decisions, and what a decision does to the lease and the entry.

use chrono::{DateTime, Utc};
use kernel::{AgentId, DecisionId, LeaseId, QueueKind, UserId};
use sqlx::{PgConnection, PgExecutor, PgPool};

use crate::decision::Decision;

/// Stores a decision to hand out and makes the lease a full one. When the lease ends; none when it was lost meanwhile
/// (the decision is stored all the same, it was made).
pub(crate) async fn record_callable(pool: &PgPool, decision: &Decision, expires_at: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
    insert_decision(pool, decision, Some(expires_at), false).await
}

/// What becomes of the entry of somebody who was passed over, and of a promise to them that is due.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Disposal {
    /// It goes.
    Remove,
    /// It waits, in this queue (another than before when the need has changed), not before a time.
    Wait(Box<Waiting>),
    /// It waits until then and is otherwise as it was.
    Delay(DateTime<Utc>),
    /// It stays as it is; the promise that is due waits until then.
    PromiseWaits(DateTime<Utc>),
    /// It stays as it is.
    Keep,
    /// It and the lease stay as they are.
    KeepLease,
}

/// How an entry goes on waiting.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Waiting {
    pub(crate) queue: QueueKind,
    pub(crate) available_at: DateTime<Utc>,
    pub(crate) score: f64,
    pub(crate) raw_sum: f64,
    pub(crate) number: String,
    pub(crate) facts_read_at: DateTime<Utc>,
    /// Of the claims that the call is about now.
    pub(crate) lenders: Vec<String>,
    pub(crate) solicitors: Vec<String>,
}

/// Stores a decision not to hand out, ends the lease and disposes of the entry, in one transaction. False when the lease was lost
/// meanwhile: then the decision had no effect, and saved no call.
pub(crate) async fn record_passed_over(pool: &PgPool, decision: &Decision, disposal: &Disposal) -> sqlx::Result<bool> {
    let mut transaction = kernel::begin(pool).await?;
    let has_ended = *disposal != Disposal::KeepLease && end_lease(&mut transaction, decision.lease, decision.agent).await?.is_some();
    // Two windows may check the same person at once: only the one that ends the lease saves the call.
    insert_decision(&mut *transaction, decision, None, has_ended || *disposal == Disposal::KeepLease).await?;
    if has_ended {
        dispose_of_promise(&mut transaction, decision.user, disposal, decision.made_at).await?;
        match disposal {
            Disposal::Remove => {
                sqlx::query!("delete from queue.entry where user_id = $1", decision.user.get()).execute(&mut *transaction).await?;
            }
            Disposal::Wait(waiting) => {
                sqlx::query!(
                    r#"
                    update queue.entry
                    set leased_by = null,
                        queued_at = case when kind = $2 then queued_at else $8 end,
                        kind = $2, available_at = $3, score = $4, raw_sum = $5, number = $6, facts_read_at = $7,
                        lenders = $9, solicitors = $10, is_paused = queue.is_paused($9, $10)
                    where user_id = $1
                    "#,
                    decision.user.get(),
                    waiting.queue as QueueKind,
                    waiting.available_at,
                    waiting.score,
                    waiting.raw_sum,
                    waiting.number,
                    waiting.facts_read_at,
                    decision.made_at,
                    &waiting.lenders,
                    &waiting.solicitors,
                )
                .execute(&mut *transaction)
                .await?;
            }
            Disposal::Delay(until) => {
                sqlx::query!("update queue.entry set leased_by = null, available_at = $2 where user_id = $1", decision.user.get(), until,)
                    .execute(&mut *transaction)
                    .await?;
            }
            Disposal::PromiseWaits(_) | Disposal::Keep | Disposal::KeepLease => clear_entry(&mut transaction, decision.user).await?,
        }
    }
    transaction.commit().await?;
    Ok(has_ended)
}

/// A due promise whose reason has gone is closed; one that may not be kept yet waits.
async fn dispose_of_promise(connection: &mut PgConnection, user: UserId, disposal: &Disposal, now: DateTime<Utc>) -> sqlx::Result<()> {
    let waits_until = match disposal {
        Disposal::Remove => None,
        Disposal::PromiseWaits(until) | Disposal::Delay(until) => Some(*until),
        Disposal::Wait(_) | Disposal::Keep | Disposal::KeepLease => return Ok(()),
    };
    sqlx::query!(
        r#"
        update queue.callback
        set state = case when $2::timestamptz is null then 'no_longer_needed' else state end,
            closed_at = case when $2::timestamptz is null then $3 else closed_at end,
            available_at = greatest(available_at, $2)
        where user_id = $1 and state = 'scheduled' and promised_at <= $3
        "#,
        user.get(),
        waits_until,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores a decision. With `keep_until` the lease is made to last so long, if it is still the agent's: that is when it ends then, and
/// the decision had its effect. Without, `had_effect` says so.
async fn insert_decision(
    executor: impl PgExecutor<'_>,
    decision: &Decision,
    keep_until: Option<DateTime<Utc>>,
    had_effect: bool,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"
        with kept as (
            update queue.lease
            set expires_at = case when call_id is null then $14 else expires_at end, decision_id = $1
            -- With the person: a lease that PostgreSQL lost in a crash may have given its id to another.
            where id = $5 and agent_id = $3 and user_id = $4 and expires_at > $2 and $14::timestamptz is not null
            returning expires_at
        ),
        decided as (
            insert into queue.decision (
                id, made_at, agent_id, user_id, lease_id, purpose, queue, outcome, is_saved_call, record, content_hash, had_effect
            )
            select $1, $2, $3, $4, $5, $6, $7, $8, $9 and effect.had, $10, $11, effect.had
            from (select $15 or exists (select from kept) as had) effect
        ),
        personal as (
            insert into queue.decision_personal (decision_id, salt, facts) values ($1, $12, $13)
        )
        select (select expires_at from kept)
        "#,
        decision.id.get(),
        decision.made_at,
        decision.agent.get(),
        decision.user.get(),
        decision.lease.get(),
        decision.purpose as _,
        decision.queue as QueueKind,
        decision.outcome as _,
        decision.is_saved_call,
        &decision.record,
        &decision.content_hash[..],
        &decision.salt[..],
        &decision.personal,
        keep_until,
        had_effect,
    )
    .fetch_one(executor)
    .await
}

/// Whose lease it was; none when it is not there or not the agent's.
async fn end_lease(connection: &mut PgConnection, lease: LeaseId, agent: AgentId) -> sqlx::Result<Option<UserId>> {
    sqlx::query_scalar!(
        r#"delete from queue.lease where id = $1 and agent_id = $2 returning user_id as "user_id: UserId""#,
        lease.get(),
        agent.get(),
    )
    .fetch_optional(connection)
    .await
}

async fn clear_entry(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("update queue.entry set leased_by = null where user_id = $1", user.get()).execute(connection).await?;
    Ok(())
}

pub(crate) struct DecisionRow {
    pub(crate) had_effect: bool,
    pub(crate) record: Vec<u8>,
    pub(crate) content_hash: Vec<u8>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) facts: Option<Vec<u8>>,
}

pub(crate) async fn find_decision(pool: &PgPool, id: DecisionId) -> sqlx::Result<Option<DecisionRow>> {
    sqlx::query_as!(
        DecisionRow,
        r#"
        select d.had_effect, d.record, d.content_hash, p.salt as "salt?", p.facts as "facts?"
        from queue.decision d
        left join queue.decision_personal p on p.decision_id = d.id
        where d.id = $1
        "#,
        id.get(),
    )
    .fetch_optional(pool)
    .await
}

/// Decisions whose id ends with these eight digits, in lower case. Looks at all of them: for a command, not for a screen.
pub(crate) async fn list_decisions_ending(pool: &PgPool, digits: &str) -> sqlx::Result<Vec<DecisionId>> {
    sqlx::query_scalar!(
        r#"select id as "id: DecisionId" from queue.decision where right(id::text, 8) = $1 order by made_at desc limit 10"#,
        digits,
    )
    .fetch_all(pool)
    .await
}

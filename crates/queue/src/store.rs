//! All SQL of the queue. `now` is always an argument: the business clock's.

use chrono::{DateTime, Utc};
use kernel::{AgentId, DecisionId, LeaseId, QueueKind, UserId};
use sqlx::{PgConnection, PgPool};

use crate::decision::{Decision, Outcome};
use crate::rules::{Attempt, LastOutcome, OwnFacts, Suppression, SuppressionKind};
use crate::settings::Settings;
use crate::types::ReleaseReason;

/// What taking found: a lease, new or already held, with what the dialler knows of the person.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) lease: LeaseId,
    pub(crate) user: UserId,
    pub(crate) queue: QueueKind,
    pub(crate) is_new: bool,
    /// None when the person is held without waiting in a queue.
    pub(crate) entry: Option<TakenEntry>,
    pub(crate) own: OwnRow,
}

#[derive(Debug)]
pub(crate) struct TakenEntry {
    pub(crate) number: String,
    pub(crate) score: f64,
}

/// `queue.own_facts` with what scoring needs beside what eligibility needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnRow {
    pub(crate) facts: OwnFacts,
    pub(crate) last_attempt_at: Option<DateTime<Utc>>,
    pub(crate) last_disposition: Option<String>,
    pub(crate) failed_attempts: u32,
}

/// The columns of `queue.own_facts`, in one place for the three queries that select them.
#[expect(clippy::too_many_arguments, reason = "one argument a column")]
fn own_row(
    suppressions: Vec<SuppressionKind>,
    attempts: Vec<DateTime<Utc>>,
    attempts_queues: Vec<Option<QueueKind>>,
    attempts_of_person: Vec<bool>,
    attempts_on_number: Vec<bool>,
    last_attempt_at: Option<DateTime<Utc>>,
    last_disposition: Option<String>,
    delay_until: Option<DateTime<Utc>>,
    replaces_cooling_off: bool,
    failed_attempts: i64,
    put_back_until: Option<DateTime<Utc>>,
) -> OwnRow {
    OwnRow {
        facts: OwnFacts {
            // Nobody promises callbacks yet.
            due_callback: None,
            suppressions: suppressions.into_iter().map(|kind| Suppression { kind }).collect(),
            attempts: attempts
                .into_iter()
                .zip(attempts_queues)
                .zip(attempts_of_person)
                .zip(attempts_on_number)
                .map(|(((at, queue), of_person), on_number)| Attempt { at, queue, of_person, on_number })
                .collect(),
            last_outcome: last_attempt_at.map(|_| LastOutcome { delay_until, replaces_cooling_off }),
            put_back_until,
        },
        last_attempt_at,
        last_disposition,
        failed_attempts: u32::try_from(failed_attempts).unwrap_or(u32::MAX),
    }
}

/// Takes and leases the first waiting person of `queue` for `agent`, or returns whom the agent already holds; with no
/// queue, only the latter. One statement, one round trip. Also says which version of the settings holds.
///
/// Several agents at once: the row is locked and skipped by the others (`for update skip locked` checks `leased_by is
/// null` again after the lock), and the lease's two unique constraints make a second lease impossible whatever happens;
/// whoever loses that race gets nothing and asks again.
pub(crate) async fn take_next(
    pool: &PgPool,
    agent: AgentId,
    queue: Option<QueueKind>,
    tried: &[i64],
    now: DateTime<Utc>,
    checked_until: DateTime<Utc>,
) -> sqlx::Result<(i32, Option<Taken>)> {
    let row = sqlx::query!(
        r#"
        with mine as (
            select l.id, l.user_id, l.kind
            from queue.lease l
            where l.agent_id = $1
                and l.expires_at > $4
        ),
        next as (
            -- Walks entry_next in order; cooling-off entries are skipped inside the index.
            select e.user_id, e.kind
            from queue.entry e
            where e.kind = $2
                and e.leased_by is null
                and e.available_at <= $4
                and e.user_id <> all($3)
                and not exists (select from mine)
            order by e.score, e.raw_sum, e.queued_at, e.user_id
            limit 1
            for update skip locked
        ),
        taken as (
            insert into queue.lease (user_id, agent_id, kind, taken_at, expires_at)
            select n.user_id, $1, n.kind, $4, $5
            from next n
            on conflict do nothing
            returning id, user_id, kind
        ),
        marked as (
            update queue.entry e
            set leased_by = $1, leased_until = $5
            from taken t
            where e.user_id = t.user_id
        ),
        held as (
            select id, user_id, kind, false as is_new from mine
            union all
            select id, user_id, kind, true from taken
        )
        select
            (select max(version) from queue.settings) as "settings_version!",
            h.id as "lease?: LeaseId",
            h.user_id as "user?: UserId",
            h.kind as "queue?: QueueKind",
            h.is_new as "is_new?",
            e.number as "number?",
            e.score as "score?",
            f.suppressions as "suppressions?: Vec<SuppressionKind>",
            f.attempts as "attempts?",
            f.attempts_queues as "attempts_queues?: Vec<Option<QueueKind>>",
            f.attempts_of_person as "attempts_of_person?",
            f.attempts_on_number as "attempts_on_number?",
            f.last_attempt_at as "last_attempt_at?",
            f.last_disposition as "last_disposition?",
            f.delay_until as "delay_until?",
            f.replaces_cooling_off as "replaces_cooling_off?",
            f.failed_attempts as "failed_attempts?",
            f.put_back_until as "put_back_until?"
        from (select) always
        left join held h on true
        left join queue.entry e on e.user_id = h.user_id
        left join lateral queue.own_facts(h.user_id, e.number, $4) f on h.id is not null
        "#,
        agent.get(),
        queue as Option<QueueKind>,
        tried,
        now,
        checked_until,
    )
    .fetch_one(pool)
    .await?;
    let (Some(lease), Some(user), Some(queue)) = (row.lease, row.user, row.queue) else {
        return Ok((row.settings_version, None));
    };
    let taken = Taken {
        lease,
        user,
        queue,
        is_new: row.is_new.unwrap_or(false),
        entry: row.number.zip(row.score).map(|(number, score)| TakenEntry { number, score }),
        own: own_row(
            row.suppressions.unwrap_or_default(),
            row.attempts.unwrap_or_default(),
            row.attempts_queues.unwrap_or_default(),
            row.attempts_of_person.unwrap_or_default(),
            row.attempts_on_number.unwrap_or_default(),
            row.last_attempt_at,
            row.last_disposition,
            row.delay_until,
            row.replaces_cooling_off.unwrap_or(false),
            row.failed_attempts.unwrap_or(0),
            row.put_back_until,
        ),
    };
    Ok((row.settings_version, Some(taken)))
}

/// What the dialler knows of one person and one number: needed only when the number has changed since discovery.
pub(crate) async fn find_own_facts(pool: &PgPool, user: UserId, number: &str, now: DateTime<Utc>) -> sqlx::Result<OwnRow> {
    let row = sqlx::query!(
        r#"
        select suppressions as "suppressions!: Vec<SuppressionKind>", attempts as "attempts!",
            attempts_queues as "queues!: Vec<Option<QueueKind>>", attempts_of_person as "of_person!",
            attempts_on_number as "on_number!", last_attempt_at, last_disposition, delay_until,
            replaces_cooling_off as "replaces_cooling_off!", failed_attempts as "failed_attempts!", put_back_until
        from queue.own_facts($1, $2, $3)
        "#,
        user.get(),
        number,
        now,
    )
    .fetch_one(pool)
    .await?;
    Ok(own_row(
        row.suppressions,
        row.attempts,
        row.queues,
        row.of_person,
        row.on_number,
        row.last_attempt_at,
        row.last_disposition,
        row.delay_until,
        row.replaces_cooling_off,
        row.failed_attempts,
        row.put_back_until,
    ))
}

/// What the dialler knows of those among `users` (each with its number) of whom it knows anything.
pub(crate) async fn list_own_facts(
    pool: &PgPool,
    users: &[i64],
    numbers: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(UserId, OwnRow)>> {
    let rows = sqlx::query!(
        r#"
        with want as materialized (
            select * from unnest($1::bigint[], $2::text[]) as w (user_id, number)
        ),
        -- Most people have no row of ours at all: find those who have before asking in full.
        known as (
            select user_id from queue.attempt where user_id = any($1)
            union
            select w.user_id from want w join queue.attempt a on a.number = w.number
            union
            select user_id from queue.suppression where user_id = any($1)
            union
            select w.user_id from want w join queue.suppression s on s.number = w.number
            union
            select user_id from queue.entry where user_id = any($1) and put_back_until > $3
        )
        select w.user_id as "user_id!: UserId", f.suppressions as "suppressions!: Vec<SuppressionKind>", f.attempts as "attempts!",
            f.attempts_queues as "queues!: Vec<Option<QueueKind>>", f.attempts_of_person as "of_person!", f.attempts_on_number as "on_number!", f.last_attempt_at, f.last_disposition,
            f.delay_until, f.replaces_cooling_off as "replaces_cooling_off!", f.failed_attempts as "failed_attempts!", f.put_back_until
        from known k
        join want w on w.user_id = k.user_id
        cross join lateral queue.own_facts(w.user_id, w.number, $3) f
        "#,
        users,
        numbers,
        now,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let own = own_row(
                row.suppressions,
                row.attempts,
                row.queues,
                row.of_person,
                row.on_number,
                row.last_attempt_at,
                row.last_disposition,
                row.delay_until,
                row.replaces_cooling_off,
                row.failed_attempts,
                row.put_back_until,
            );
            (row.user_id, own)
        })
        .collect())
}

/// Returns leases that have run out to their queues; how many.
///
/// Not part of taking: a statement that both locks a waiting entry and clears other entries could deadlock with
/// discovery. The rows are skipped while somebody else returns or renews them.
pub(crate) async fn return_expired(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<u64> {
    let returned = sqlx::query_scalar!(
        r#"
        with expired as (
            select id from queue.lease where expires_at <= $1 order by id for update skip locked
        ),
        gone as (
            delete from queue.lease l using expired where l.id = expired.id returning l.user_id, l.agent_id
        ),
        cleared as (
            update queue.entry e
            set leased_by = null, leased_until = null
            from gone
            where e.user_id = gone.user_id and e.leased_by = gone.agent_id
        )
        select count(*) as "count!" from gone
        "#,
        now,
    )
    .fetch_one(pool)
    .await?;
    Ok(returned.unsigned_abs())
}

/// Clears the copy of a lease from entries that have none. Such a row can only come from a fault or from hands in the
/// database; it would wait for ever. How many were found.
pub(crate) async fn rescue_orphans(pool: &PgPool) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        update queue.entry e
        set leased_by = null, leased_until = null
        where e.leased_by is not null
            and not exists (select from queue.lease l where l.user_id = e.user_id and l.agent_id = e.leased_by)
        "#,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
}

/// Stores a decision to hand out and makes the lease a full one. When the lease ends; none when it was lost meanwhile
/// (the decision is stored all the same, it was made).
pub(crate) async fn record_callable(pool: &PgPool, decision: &Decision, expires_at: DateTime<Utc>) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        r#"
        with decided as (
            insert into queue.decision (id, made_at, agent_id, user_id, lease_id, purpose, queue, outcome, is_saved_call, record, content_hash)
            values ($1, $2, $3, $4, $5, $6, $7, $8, false, $9, $10)
        ),
        personal as (
            insert into queue.decision_personal (decision_id, salt, facts) values ($1, $11, $12)
        ),
        kept as (
            update queue.lease
            set expires_at = $13, decision_id = $1
            where id = $5 and agent_id = $3 and expires_at > $2
            returning user_id, expires_at
        ),
        copied as (
            update queue.entry e set leased_until = kept.expires_at from kept where e.user_id = kept.user_id
        )
        select expires_at from kept
        "#,
        decision.id.get(),
        decision.made_at,
        decision.agent.get(),
        decision.user.get(),
        decision.lease.get(),
        decision.purpose as _,
        decision.queue as QueueKind,
        decision.outcome as _,
        &decision.record,
        &decision.content_hash[..],
        &decision.salt[..],
        &decision.personal,
        expires_at,
    )
    .fetch_optional(pool)
    .await
}

/// What becomes of the entry of somebody who was passed over.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Disposal {
    /// It goes.
    Remove,
    /// It waits, in this queue (another than before when the need has changed), not before a time.
    Wait { queue: QueueKind, available_at: DateTime<Utc>, score: f64, raw_sum: f64, number: String, facts_read_at: DateTime<Utc> },
    /// It stays as it is.
    Keep,
    /// It and the lease stay as they are.
    KeepLease,
}

/// Stores a decision not to hand out, ends the lease and disposes of the entry, in one transaction.
pub(crate) async fn record_passed_over(pool: &PgPool, decision: &Decision, disposal: &Disposal) -> sqlx::Result<()> {
    let mut transaction = pool.begin().await?;
    insert_decision(&mut transaction, decision).await?;
    if *disposal != Disposal::KeepLease && end_lease(&mut transaction, decision.lease, decision.agent).await?.is_some() {
        match disposal {
            Disposal::Remove => {
                sqlx::query!("delete from queue.entry where user_id = $1", decision.user.get()).execute(&mut *transaction).await?;
            }
            Disposal::Wait { queue, available_at, score, raw_sum, number, facts_read_at } => {
                sqlx::query!(
                    r#"
                    update queue.entry
                    set leased_by = null, leased_until = null,
                        queued_at = case when kind = $2 then queued_at else $8 end,
                        kind = $2, available_at = $3, score = $4, raw_sum = $5, number = $6, facts_read_at = $7
                    where user_id = $1
                    "#,
                    decision.user.get(),
                    *queue as QueueKind,
                    available_at,
                    score,
                    raw_sum,
                    number,
                    facts_read_at,
                    decision.made_at,
                )
                .execute(&mut *transaction)
                .await?;
            }
            Disposal::Keep | Disposal::KeepLease => clear_entry(&mut transaction, decision.user).await?,
        }
    }
    transaction.commit().await
}

async fn insert_decision(connection: &mut PgConnection, decision: &Decision) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with decided as (
            insert into queue.decision (id, made_at, agent_id, user_id, lease_id, purpose, queue, outcome, is_saved_call, record, content_hash)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        )
        insert into queue.decision_personal (decision_id, salt, facts) values ($1, $12, $13)
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
    )
    .execute(connection)
    .await?;
    Ok(())
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
    sqlx::query!("update queue.entry set leased_by = null, leased_until = null where user_id = $1", user.get()).execute(connection).await?;
    Ok(())
}

/// Ends the lease and puts the person back until `available_at`, with the reason. False when the agent does not hold
/// this lease now; then nothing is changed.
pub(crate) async fn release(
    pool: &PgPool,
    agent: AgentId,
    lease: LeaseId,
    reason: ReleaseReason,
    note: Option<&str>,
    now: DateTime<Utc>,
    available_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let released = sqlx::query_scalar!(
        r#"
        with gone as (
            delete from queue.lease
            where id = $1 and agent_id = $2 and expires_at > $5
            returning id, user_id, kind
        ),
        noted as (
            insert into queue.release (lease_id, user_id, agent_id, queue, reason, note, released_at, available_at)
            select id, user_id, $2, kind, $3, $4, $5, $6 from gone
        ),
        back as (
            update queue.entry e
            set leased_by = null, leased_until = null, put_back_until = $6, available_at = greatest(e.available_at, $6)
            from gone
            where e.user_id = gone.user_id
        )
        select count(*) as "count!" from gone
        "#,
        lease.get(),
        agent.get(),
        reason as ReleaseReason,
        note,
        now,
        available_at,
    )
    .fetch_one(pool)
    .await?;
    Ok(released == 1)
}

/// Makes the leases of agents who are there last until `expires_at`, unless they last nearly so long already.
pub(crate) async fn renew(pool: &PgPool, agents: &[AgentId], now: DateTime<Utc>, expires_at: DateTime<Utc>) -> sqlx::Result<u64> {
    let ids: Vec<i64> = agents.iter().map(|agent| agent.get()).collect();
    let renewed = sqlx::query_scalar!(
        r#"
        with kept as (
            update queue.lease
            set expires_at = $3
            where agent_id = any($1)
                and decision_id is not null
                and expires_at > $2
                and expires_at < $3::timestamptz - interval '1 minute'
            returning user_id
        ),
        copied as (
            update queue.entry e set leased_until = $3 from kept where e.user_id = kept.user_id
        )
        select count(*) as "count!" from kept
        "#,
        &ids,
        now,
        expires_at,
    )
    .fetch_one(pool)
    .await?;
    Ok(renewed.unsigned_abs())
}

/// The settings that hold, with their version.
pub(crate) async fn find_settings(pool: &PgPool) -> sqlx::Result<(i32, Settings)> {
    let row =
        sqlx::query!(r#"select version, body as "body: sqlx::types::Json<Settings>" from queue.settings order by version desc limit 1"#)
            .fetch_one(pool)
            .await?;
    Ok((row.version, row.body.0))
}

#[derive(Debug)]
pub(crate) struct QueueCountRow {
    pub(crate) queue: QueueKind,
    pub(crate) callable: i64,
    pub(crate) waiting: i64,
    pub(crate) leased: i64,
    pub(crate) oldest: Option<DateTime<Utc>>,
}

/// How many wait in each queue that has anybody.
pub(crate) async fn count_queues(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<QueueCountRow>> {
    sqlx::query_as!(
        QueueCountRow,
        r#"
        select kind as "queue: QueueKind",
            count(*) filter (where leased_by is null and available_at <= $1) as "callable!",
            count(*) filter (where leased_by is null and available_at > $1) as "waiting!",
            count(*) filter (where leased_by is not null) as "leased!",
            min(queued_at) as oldest
        from queue.entry
        group by kind
        "#,
        now,
    )
    .fetch_all(pool)
    .await
}

pub(crate) struct Totals {
    pub(crate) saved: i64,
    pub(crate) saved_by_agent: i64,
    pub(crate) decisions_last_hour: i64,
    pub(crate) last_discovery: Option<DateTime<Utc>>,
}

/// Figures of the day that began at `midnight`.
pub(crate) async fn count_totals(pool: &PgPool, agent: AgentId, midnight: DateTime<Utc>, now: DateTime<Utc>) -> sqlx::Result<Totals> {
    sqlx::query_as!(
        Totals,
        r#"
        select
            (select count(*) from queue.decision where is_saved_call and made_at >= $2) as "saved!",
            (select count(*) from queue.decision where is_saved_call and made_at >= $2 and agent_id = $1) as "saved_by_agent!",
            (select count(*) from queue.decision where made_at > $3::timestamptz - interval '1 hour') as "decisions_last_hour!",
            (select max(ended_at) from queue.discovery_run where failure is null) as last_discovery
        "#,
        agent.get(),
        midnight,
        now,
    )
    .fetch_one(pool)
    .await
}

pub(crate) async fn find_last_discovery(pool: &PgPool) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!("select max(ended_at) from queue.discovery_run where failure is null").fetch_one(pool).await
}

pub(crate) struct SavedRow {
    pub(crate) id: DecisionId,
    pub(crate) user: UserId,
    pub(crate) agent: AgentId,
    pub(crate) made_at: DateTime<Utc>,
    pub(crate) record: Vec<u8>,
}

/// Saved calls since `since`, newest first, of one agent or of all.
pub(crate) async fn list_saved(pool: &PgPool, agent: Option<AgentId>, since: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<SavedRow>> {
    sqlx::query_as!(
        SavedRow,
        r#"
        select id as "id: DecisionId", user_id as "user: UserId", agent_id as "agent: AgentId", made_at, record
        from queue.decision
        where is_saved_call
            and made_at >= $2
            and ($1::bigint is null or agent_id = $1)
        order by made_at desc
        limit $3
        "#,
        agent.map(AgentId::get),
        since,
        limit,
    )
    .fetch_all(pool)
    .await
}

pub(crate) struct HoldingRow {
    pub(crate) agent: AgentId,
    pub(crate) user: UserId,
    pub(crate) queue: QueueKind,
    pub(crate) taken_at: DateTime<Utc>,
}

/// Leases that hold now.
pub(crate) async fn list_holdings(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<HoldingRow>> {
    sqlx::query_as!(
        HoldingRow,
        r#"
        select agent_id as "agent: AgentId", user_id as "user: UserId", kind as "queue: QueueKind", taken_at
        from queue.lease
        where expires_at > $1
        order by taken_at
        "#,
        now,
    )
    .fetch_all(pool)
    .await
}

pub(crate) struct HistoryRow {
    pub(crate) at: DateTime<Utc>,
    pub(crate) agent: AgentId,
    pub(crate) decision: Option<DecisionId>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) is_saved_call: bool,
    pub(crate) record: Option<Vec<u8>>,
    pub(crate) release_reason: Option<ReleaseReason>,
    pub(crate) note: Option<String>,
}

/// Decisions about a person and releases of them, newest first. Coming back to somebody already held is no event.
pub(crate) async fn list_history(pool: &PgPool, user: UserId, limit: i64) -> sqlx::Result<Vec<HistoryRow>> {
    sqlx::query_as!(
        HistoryRow,
        r#"
        select made_at as "at!", agent_id as "agent!: AgentId", id as "decision: DecisionId", outcome as "outcome: Outcome",
            is_saved_call as "is_saved_call!", record, null as "release_reason: ReleaseReason", null as note
        from queue.decision
        where user_id = $1
            and (purpose = 'hand_out' or outcome = 'refused')
        union all
        select released_at, agent_id, null, null, false, null, reason, note
        from queue.release
        where user_id = $1
        order by 1 desc
        limit $2
        "#,
        user.get(),
        limit,
    )
    .fetch_all(pool)
    .await
}

pub(crate) struct DecisionRow {
    pub(crate) record: Vec<u8>,
    pub(crate) content_hash: Vec<u8>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) facts: Option<Vec<u8>>,
}

pub(crate) async fn find_decision(pool: &PgPool, id: DecisionId) -> sqlx::Result<Option<DecisionRow>> {
    sqlx::query_as!(
        DecisionRow,
        r#"
        select d.record, d.content_hash, p.salt as "salt?", p.facts as "facts?"
        from queue.decision d
        left join queue.decision_personal p on p.decision_id = d.id
        where d.id = $1
        "#,
        id.get(),
    )
    .fetch_optional(pool)
    .await
}

/// Everybody who waits, by user id.
pub(crate) async fn list_entries(pool: &PgPool, after: i64, limit: i64) -> sqlx::Result<Vec<(UserId, QueueKind)>> {
    let rows = sqlx::query!(
        r#"
        select user_id as "user: UserId", kind as "queue: QueueKind"
        from queue.entry
        where user_id > $1
        order by user_id
        limit $2
        "#,
        after,
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user, row.queue)).collect())
}

/// The picture of one key range, as arrays of equal length.
#[derive(Debug, Default)]
pub(crate) struct RangePicture {
    pub(crate) users: Vec<i64>,
    pub(crate) kinds: Vec<String>,
    pub(crate) scores: Vec<f64>,
    pub(crate) raw_sums: Vec<f64>,
    pub(crate) available: Vec<DateTime<Utc>>,
    pub(crate) numbers: Vec<String>,
}

/// What one merge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) added: i64,
    pub(crate) moved: i64,
    pub(crate) changed: i64,
    pub(crate) removed: i64,
}

/// Makes the entries of the users in `(after, through]` (to the end when `through` is none) what the picture says, in
/// one statement. Writes only rows that differ; leaves everybody under a lease, and everything read later than
/// `read_at`, as it is.
pub(crate) async fn merge_range(
    pool: &PgPool,
    after: i64,
    through: Option<i64>,
    picture: &RangePicture,
    read_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Merged> {
    sqlx::query_as!(
        Merged,
        r#"
        with want as materialized (
            select *
            from unnest($3::bigint[], $4::text[], $5::float8[], $6::float8[], $7::timestamptz[], $8::text[])
                as w (user_id, kind, score, raw_sum, available_at, number)
        ),
        old as materialized (
            select e.user_id, e.kind, e.score, e.raw_sum, e.available_at, e.number
            from queue.entry e
            where e.user_id > $1 and e.user_id <= $2
        ),
        removed as (
            -- `<> all(array)`: with `not exists (select from want …)` stale statistics make a nested loop of it.
            delete from queue.entry e
            where e.user_id > $1
                and e.user_id <= $2
                and e.user_id <> all($3)
                and e.leased_by is null
                and e.facts_read_at <= $9
                and not exists (select from queue.lease l where l.user_id = e.user_id)
            returning e.user_id
        ),
        different as (
            -- Found before the insert: an insert that ends in a conflict locks its row even when it changes nothing.
            select w.*, o.kind as old_kind
            from want w
            left join old o on o.user_id = w.user_id
            where (
                    o.user_id is null
                    or (o.kind, o.score, o.raw_sum, o.number) is distinct from (w.kind, w.score, w.raw_sum, w.number)
                    or greatest(o.available_at, $10) <> greatest(w.available_at, $10)
                )
                and not exists (select from queue.lease l where l.user_id = w.user_id)
        ),
        merged as (
            insert into queue.entry as e (user_id, kind, score, raw_sum, queued_at, available_at, number, facts_read_at)
            select d.user_id, d.kind, d.score, d.raw_sum, $10, d.available_at, d.number, $9
            from different d
            order by d.user_id
            on conflict (user_id) do update
            set kind = excluded.kind,
                score = excluded.score,
                raw_sum = excluded.raw_sum,
                queued_at = case when e.kind = excluded.kind then e.queued_at else excluded.queued_at end,
                available_at = excluded.available_at,
                number = excluded.number,
                facts_read_at = excluded.facts_read_at
            where e.leased_by is null and e.facts_read_at <= excluded.facts_read_at
            returning e.user_id
        )
        select
            count(*) filter (where d.old_kind is null) as "added!",
            count(*) filter (where d.old_kind <> d.kind) as "moved!",
            count(*) filter (where d.old_kind = d.kind) as "changed!",
            (select count(*) from removed) as "removed!"
        from merged m
        join different d on d.user_id = m.user_id
        "#,
        after,
        through.unwrap_or(i64::MAX),
        &picture.users,
        &picture.kinds,
        &picture.scores,
        &picture.raw_sums,
        &picture.available,
        &picture.numbers,
        read_at,
        now,
    )
    .fetch_one(pool)
    .await
}

pub(crate) async fn start_run(connection: &mut PgConnection, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!("insert into queue.discovery_run (started_at) values ($1) returning id", now).fetch_one(connection).await
}

/// What a whole discovery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DiscoveryReport {
    /// Users read from the replica.
    pub users_read: i64,
    /// Came into a queue.
    pub added: i64,
    /// Went from one queue to the other.
    pub moved: i64,
    /// Stayed, with another score, time or number.
    pub changed: i64,
    /// Left.
    pub removed: i64,
    /// Stayed as they were.
    pub kept: i64,
}

pub(crate) async fn end_run(
    connection: &mut PgConnection,
    run: i64,
    report: &DiscoveryReport,
    failure: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update queue.discovery_run
        set ended_at = $2, failure = $3, users_read = $4, added = $5, moved = $6, changed = $7, removed = $8, kept = $9
        where id = $1
        "#,
        run,
        now,
        failure,
        report.users_read,
        report.added,
        report.moved,
        report.changed,
        report.removed,
        report.kept,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The advisory lock under which one discovery runs, on all servers together. Arbitrary, but ours alone.
const DISCOVERY_LOCK: i64 = 0x6469_616c_6c01;

/// True when this connection now holds the lock; it lasts until the connection ends or [`unlock_discovery`].
pub(crate) async fn try_lock_discovery(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "is_locked!""#, DISCOVERY_LOCK).fetch_one(connection).await
}

pub(crate) async fn unlock_discovery(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_unlock($1)", DISCOVERY_LOCK).fetch_one(connection).await?;
    Ok(())
}

/// Fresh statistics, after many rows came at once.
pub(crate) async fn analyse_entries(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query!("analyze queue.entry").execute(pool).await?;
    Ok(())
}

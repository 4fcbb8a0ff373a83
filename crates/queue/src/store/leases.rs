//! Leases and the entries they are of.

use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId, LeaseId, QueueKind, UserId};
use sqlx::PgPool;

use super::callbacks::PromiseRow;
use super::own_facts::{OwnRow, own_row};
use crate::rules::{CallbackReason, DueCallback, SuppressionKind};
use crate::types::ReleaseReason;

/// What taking found: a lease, new or already held, with what the dialler knows of the person.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) lease: LeaseId,
    pub(crate) user: UserId,
    pub(crate) queue: QueueKind,
    pub(crate) is_new: bool,
    /// The call that the person is held for.
    pub(crate) call: Option<CallId>,
    /// None when the person is held without waiting in a queue.
    pub(crate) entry: Option<TakenEntry>,
    /// The due promise that they are taken for.
    pub(crate) promise: Option<PromiseRow>,
    pub(crate) own: OwnRow,
}

#[derive(Debug)]
pub(crate) struct TakenEntry {
    pub(crate) number: String,
    pub(crate) score: f64,
}

/// What taking came to.
#[derive(Debug)]
pub(crate) enum Take {
    /// Somebody, new or already held.
    Taken(Box<Taken>),
    /// Somebody was there, and another request was quicker; or a lease of the agent's own that has run out is in the way.
    Lost,
    /// Nobody was there.
    Nobody,
}

/// Which settings, which pauses and which list of holidays count now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Versions {
    pub(crate) settings: i32,
    pub(crate) pauses: i64,
    pub(crate) holidays: i64,
}

/// The versions without taking anybody.
pub(crate) async fn find_versions(pool: &PgPool) -> sqlx::Result<Versions> {
    sqlx::query_as!(
        Versions,
        r#"
        select (select max(version) from queue.settings) as "settings!",
            (select count(*) + count(ended_at) from queue.pause) as "pauses!",
            (select coalesce(max(version), 0) from queue.holiday_change) as "holidays!"
        "#,
    )
    .fetch_one(pool)
    .await
}

/// What an agent asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) agent: AgentId,
    /// None: only whom they hold already.
    pub(crate) queue: Option<QueueKind>,
    /// Where somebody new comes from.
    pub(crate) source: Source,
    /// The queues they are limited to, by name; none: to none.
    pub(crate) limited_to: Option<&'a [String]>,
    /// The queues of which nobody has decided what kind of contact a call is, by name: nobody is called from them.
    pub(crate) without_basis: &'a [String],
    /// Users who were tried before.
    pub(crate) tried: &'a [i64],
}

/// Where somebody new comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A due promise, else the first who waits in the queue.
    Queue,
    /// A due promise, else this person, if nobody holds them; none: nobody else.
    Candidate(Option<UserId>),
    /// This person and nobody else, without waiting for their turn.
    Person(UserId),
}

/// The instants that taking goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TakeTimes {
    pub(crate) now: DateTime<Utc>,
    /// When the day began in London.
    pub(crate) midnight: DateTime<Utc>,
    /// Promises of before then are anyone's, also when they prefer an agent.
    pub(crate) handed_over: DateTime<Utc>,
    /// The end of the new lease.
    pub(crate) checked_until: DateTime<Utc>,
}

/// Takes and leases the first person for an agent: a due promise, else the first who waits in the queue; or returns whom the agent already
/// holds; with no queue, only the latter. One statement, one round trip. Also says which settings, pauses and holidays count.
///
/// Several agents at once: the row is locked and skipped by the others (`for update skip locked` checks `leased_by is
/// null` again after the lock), and the lease's two unique constraints make a second lease impossible whatever happens;
/// whoever loses that race is told so and asks again.
pub(crate) async fn take_next(pool: &PgPool, wish: Wish<'_>, times: TakeTimes) -> sqlx::Result<(Versions, Take)> {
    let (asked, source) = match wish.source {
        Source::Queue => (None, "queue"),
        Source::Candidate(user) => (user.map(UserId::get), "candidate"),
        Source::Person(user) => (Some(user.get()), "person"),
    };
    let row = sqlx::query!(
        r#"
        with mine as (
            select l.id, l.user_id, l.kind, l.call_id
            from queue.lease l
            where l.agent_id = $1
                and l.expires_at > $4
        ),
        promised as (
            -- Due promises come before any queue: those to this agent first, then anyone's, the oldest first.
            select c.user_id, 'callbacks' as kind
            from queue.callback c
            where $2::text is not null
                and $10 <> 'person'
                and c.state = 'scheduled'
                and c.promised_at <= $4
                and c.available_at <= $4
                and (
                    c.preferred_agent_id = $1
                    or (c.preferred_agent_id is null or c.promised_at <= $7)
                        -- Agents limited to some queues are not offered what others promised about another.
                        and (
                            $8::text[] is null
                            or 'callbacks' = any($8)
                            or case c.reason when 'signature' then 'unsigned_users' when 'requirements' then 'outstanding_requests' end = any($8)
                        )
                )
                and 'callbacks' <> all($11)
                and c.user_id <> all($3)
                and not exists (select from mine)
                -- “offset 0” keeps this a look-up for each row: leases come and go so quickly that the planner knows no better
                -- than to read all of them, those that are gone too.
                and not exists (select from queue.lease l where l.user_id = c.user_id offset 0)
                and not exists (select from queue.pause p where p.kind = 'queue' and p.name = 'callbacks' and p.ended_at is null)
                and not c.is_paused
            order by (c.preferred_agent_id = $1) is true desc, c.promised_at, c.id
            limit 1
            for update of c skip locked
        ),
        locked as materialized (
            select e.user_id from queue.entry e where e.user_id = $9 for update
        ),
        asked as (
            select a.user_id, $2 as kind
            from (select $9::bigint as user_id) a
            -- In the order of everybody else: first the entry, then the lease.
            left join locked on locked.user_id = a.user_id
            where a.user_id is not null
                and not exists (select from mine)
                and not exists (select from queue.lease l where l.user_id = a.user_id)
                and (
                    $10 = 'person'
                    or (
                        not exists (select from promised)
                        and not exists (select from queue.pause p where p.kind = 'queue' and p.name = $2 and p.ended_at is null)
                        and $2 <> all($11)
                        and not exists (
                            select from queue.callback c where c.user_id = a.user_id and c.state = 'scheduled' and c.promised_at <= $4
                        )
                    )
                )
        ),
        next as (
            -- Walks entry_next in order; cooling-off and paused entries are skipped inside the index.
            select e.user_id, e.kind
            from queue.entry e
            where e.kind = $2
                and $10 = 'queue'
                and e.leased_by is null
                and e.available_at <= $4
                and not e.is_paused
                and not exists (select from queue.pause p where p.kind = 'queue' and p.name = $2 and p.ended_at is null)
                and $2 <> all($11)
                and e.user_id <> all($3)
                and not exists (select from mine)
                and not exists (select from promised)
                -- Were an entry ever to lose its mark, it would stand before all others and be nobody's.
                and not exists (select from queue.lease l where l.user_id = e.user_id offset 0)
                -- Whoever was promised a call at a time that has come is offered as a callback alone.
                and not exists (
                    select from queue.callback c where c.user_id = e.user_id and c.state = 'scheduled' and c.promised_at <= $4 offset 0
                )
            order by e.score, e.raw_sum, e.queued_at, e.user_id
            limit 1
            for update of e skip locked
        ),
        chosen as (
            select user_id, kind from asked
            union all
            select user_id, kind from promised
            union all
            select user_id, kind from next
        ),
        taken as (
            insert into queue.lease (user_id, agent_id, kind, taken_at, expires_at)
            select c.user_id, $1, c.kind, $4, $5
            from chosen c
            on conflict do nothing
            returning id, user_id, kind
        ),
        marked as (
            update queue.entry e
            set leased_by = $1
            from taken t
            where e.user_id = t.user_id
        ),
        held as (
            select id, user_id, kind, call_id, false as is_new from mine
            union all
            select id, user_id, kind, null, true from taken
        )
        select
            (select max(version) from queue.settings) as "settings_version!",
            (select count(*) + count(ended_at) from queue.pause) as "pauses_version!",
            (select coalesce(max(version), 0) from queue.holiday_change) as "holidays_version!",
            (exists (select from chosen) and not exists (select from taken)) as "is_lost!",
            h.id as "lease?: LeaseId",
            h.user_id as "user?: UserId",
            h.kind as "queue?: QueueKind",
            h.is_new as "is_new?",
            h.call_id as "call?: CallId",
            due.reason as "callback_reason?: CallbackReason",
            due.promised_at as "promised_at?",
            due.promise_used_today as "promise_used_today?",
            due.is_retry as "is_retry?",
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
            f.put_back_until as "put_back_until?",
            f.has_consent as "has_consent?",
            f.is_tps_listed as "is_tps_listed?",
            -- Nobody is told of a lease before its decision is stored, and storing that flushes this too: one wait for the disk less.
            set_config('synchronous_commit', 'off', true) as "flushed_later!"
        from (select) always
        left join held h on true
        left join queue.entry e on e.user_id = h.user_id
        left join lateral queue.own_facts(h.user_id, e.number, $4) f on h.id is not null
        left join lateral (
            select c.reason, c.promised_at,
                exists (
                    select from queue.callback u where u.user_id = c.user_id and u.reason = 'user_asked' and u.attempted_at >= $6
                ) as promise_used_today,
                c.retry_of is not null as is_retry
            from queue.callback c
            where c.user_id = h.user_id and c.state = 'scheduled' and c.promised_at <= $4
        ) due on true
        "#,
        wish.agent.get(),
        wish.queue as Option<QueueKind>,
        wish.tried,
        times.now,
        times.checked_until,
        times.midnight,
        times.handed_over,
        wish.limited_to,
        asked,
        source,
        wish.without_basis,
    )
    .fetch_one(pool)
    .await?;
    let versions = Versions { settings: row.settings_version, pauses: row.pauses_version, holidays: row.holidays_version };
    let (Some(lease), Some(user), Some(queue)) = (row.lease, row.user, row.queue) else {
        return Ok((versions, if row.is_lost { Take::Lost } else { Take::Nobody }));
    };
    let taken = Taken {
        lease,
        user,
        queue,
        is_new: row.is_new.unwrap_or(false),
        call: row.call,
        promise: row.callback_reason.zip(row.promised_at).map(|(reason, promised_at)| PromiseRow {
            reason,
            promised_at,
            is_retry: row.is_retry.unwrap_or(false),
        }),
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
            row.has_consent.unwrap_or(false),
            row.is_tps_listed.unwrap_or(false),
            row.callback_reason.map(|reason| DueCallback {
                reason,
                promise_used_today: row.promise_used_today.unwrap_or(false),
                is_retry: row.is_retry.unwrap_or(false),
            }),
        ),
    };
    Ok((versions, Take::Taken(Box::new(taken))))
}

/// Returns leases that have run out to their queues; whose they were.
///
/// Not part of taking: a statement that both locks a waiting entry and clears other entries could deadlock with
/// discovery. The rows are skipped while somebody else returns or renews them.
pub(crate) async fn return_expired(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<AgentId>> {
    sqlx::query_scalar!(
        r#"
        with expired as (
            select id from queue.lease where expires_at <= $1 order by id for update skip locked
        ),
        gone as (
            delete from queue.lease l using expired where l.id = expired.id returning l.user_id, l.agent_id
        ),
        cleared as (
            update queue.entry e
            set leased_by = null
            from gone
            where e.user_id = gone.user_id and e.leased_by = gone.agent_id
        )
        select agent_id as "agent_id: AgentId" from gone
        "#,
        now,
    )
    .fetch_all(pool)
    .await
}

/// Ends the leases that these agents had at that time. Their people wait again as they did before, without a delay: nobody has dealt with
/// them. Whose leases they were.
/// A person on a call is not: the call ends first.
pub(crate) async fn hand_back(pool: &PgPool, agents: &[AgentId], at: DateTime<Utc>) -> sqlx::Result<Vec<AgentId>> {
    let ids: Vec<i64> = agents.iter().map(|agent| agent.get()).collect();
    sqlx::query_scalar!(
        r#"
        with theirs as (
            select id from queue.lease where agent_id = any($1) and taken_at <= $2 and call_id is null order by id for update
        ),
        gone as (
            delete from queue.lease l using theirs where l.id = theirs.id returning l.user_id, l.agent_id
        ),
        cleared as (
            update queue.entry e
            set leased_by = null
            from gone
            where e.user_id = gone.user_id and e.leased_by = gone.agent_id
        )
        select agent_id as "agent_id: AgentId" from gone
        "#,
        &ids,
        at,
    )
    .fetch_all(pool)
    .await
}

/// Whom anybody holds.
pub(crate) async fn list_leased(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<UserId>> {
    sqlx::query_scalar!(r#"select user_id as "user: UserId" from queue.lease where expires_at > $1"#, now).fetch_all(pool).await
}

/// The lease of the person whom the agent holds, once the check is through; of somebody who rang us there was none.
pub(crate) async fn find_held(pool: &PgPool, agent: AgentId, now: DateTime<Utc>) -> sqlx::Result<Option<LeaseId>> {
    sqlx::query_scalar!(
        r#"select id as "id: LeaseId" from queue.lease
        where agent_id = $1 and expires_at > $2 and (decision_id is not null or call_id is not null)"#,
        agent.get(),
        now,
    )
    .fetch_optional(pool)
    .await
}

/// The call for which the agent holds somebody.
pub(crate) async fn find_call_held(pool: &PgPool, agent: AgentId) -> sqlx::Result<Option<CallId>> {
    sqlx::query_scalar!(r#"select call_id as "call_id!: CallId" from queue.lease where agent_id = $1 and call_id is not null"#, agent.get())
        .fetch_optional(pool)
        .await
}

/// Clears the copy of a lease from entries that have none, and writes it where it is missing. The first can only come from a fault or from
/// hands in the database, and would wait for ever; the second also from somebody taken without an entry while discovery adds one. How many were
/// found.
pub(crate) async fn rescue_orphans(pool: &PgPool) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        with either as (
            select user_id from queue.entry where leased_by is not null
            union
            select user_id from queue.lease
        )
        update queue.entry e
        set leased_by = l.agent_id
        from either b
        left join queue.lease l on l.user_id = b.user_id
        where e.user_id = b.user_id and e.leased_by is distinct from l.agent_id
        "#,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected())
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
            where id = $1 and agent_id = $2 and expires_at > $5 and call_id is null
            returning id, user_id, kind
        ),
        noted as (
            insert into queue.release (lease_id, user_id, agent_id, queue, reason, note, released_at, available_at)
            select id, user_id, $2, kind, $3, $4, $5, $6 from gone
        ),
        back as (
            update queue.entry e
            set leased_by = null, put_back_until = $6, available_at = greatest(e.available_at, $6)
            from gone
            where e.user_id = gone.user_id
        ),
        promise_waits as (
            update queue.callback c
            set available_at = greatest(c.available_at, $6)
            from gone
            where c.user_id = gone.user_id and c.state = 'scheduled'
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
pub(crate) async fn renew(pool: &PgPool, agents: &[AgentId], now: DateTime<Utc>, expires_at: DateTime<Utc>) -> sqlx::Result<()> {
    let ids: Vec<i64> = agents.iter().map(|agent| agent.get()).collect();
    sqlx::query!(
        r#"
        update queue.lease
        set expires_at = $3
        where agent_id = any($1)
            and decision_id is not null
            and expires_at > $2
            and expires_at < $3::timestamptz - interval '1 minute'
        "#,
        &ids,
        now,
        expires_at,
    )
    .execute(pool)
    .await?;
    Ok(())
}

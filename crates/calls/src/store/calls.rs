use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, CallId, DecisionId, LeaseId, QueueKind, UserId};
use sqlx::{PgConnection, PgExecutor, PgPool};
use twilio::ConferenceSid;

use crate::rules::Course;
use crate::types::{CallEnd, CallState, Disposition};

/// One call as it is stored. Instants are the business clock's but for those that are said to be the machine's.
#[derive(Clone, Debug)]
pub(crate) struct CallRow {
    pub(crate) id: CallId,
    pub(crate) agent: AgentId,
    /// None: they rang us, and nobody has said yet who they are.
    pub(crate) user: Option<UserId>,
    /// None: they rang us.
    pub(crate) queue: Option<QueueKind>,
    /// The call that came in; its conference has its name.
    pub(crate) incoming: Option<CallId>,
    pub(crate) user_name: String,
    pub(crate) state: CallState,
    pub(crate) state_since: DateTime<Utc>,
    /// When Call was pressed, or the call answered that came in.
    pub(crate) created_at: DateTime<Utc>,
    /// The machine's.
    pub(crate) intent_expires_at: DateTime<Utc>,
    /// That was rung, or that the call came from; none: nobody was rung, or withheld.
    pub(crate) number: Option<String>,
    /// What a switchboard is asked for behind it.
    pub(crate) extension: Option<String>,
    pub(crate) answered_at: Option<DateTime<Utc>>,
    /// Where the parties hear each other, by the carrier's own id.
    pub(crate) conference_sid: Option<String>,
    /// Since when nobody of ours is on the line of the talk.
    pub(crate) agent_away_since: Option<DateTime<Utc>>,
    /// Since when the person is on hold.
    pub(crate) held_since: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) end_reason: Option<CallEnd>,
    pub(crate) end_words: Option<String>,
    pub(crate) is_saved_call: bool,
    /// The machine's.
    pub(crate) wrap_up_until: Option<DateTime<Utc>>,
    pub(crate) notes: String,
    pub(crate) closed_at: Option<DateTime<Utc>>,
    /// With which words the person is to be told that the call is recorded.
    pub(crate) notice_words: Option<String>,
    /// When the agent ticked that they were.
    pub(crate) notice_given_at: Option<DateTime<Utc>>,
}

impl CallRow {
    /// As far as it has come.
    pub(crate) const fn course(&self) -> Course {
        Course { state: self.state, is_agent_away: self.agent_away_since.is_some(), is_incoming: self.incoming.is_some() }
    }

    /// What the conference is named after: the call, or the one that came in and waited there.
    pub(crate) fn conference_id(&self) -> CallId {
        self.incoming.unwrap_or(self.id)
    }

    /// Where the parties hear each other, for a request to the carrier.
    pub(crate) fn conference(&self) -> Option<ConferenceSid> {
        self.conference_sid.as_deref()?.parse().ok()
    }
}

/// The columns of [`CallRow`], after which the condition follows.
macro_rules! select_call {
    ($executor:expr, $condition:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            CallRow,
            r#"
            select id as "id: CallId", agent_id as "agent: AgentId", user_id as "user: UserId", queue as "queue: QueueKind",
                incoming_id as "incoming: CallId", user_name,
                state as "state: CallState", state_since, created_at, intent_expires_at, answered_at,
                coalesce(number, (select i.number from calls.incoming i where i.id = incoming_id)) as number,
                extension, conference_sid, agent_away_since, held_since, ended_at,
                end_reason as "end_reason: CallEnd", end_words, is_saved_call, wrap_up_until, notes, closed_at,
                notice_words, notice_given_at
            from calls.call
            where "# + $condition,
            $($argument),*
        )
    };
}

/// A call that begins.
#[derive(Debug)]
pub(crate) struct NewCall<'a> {
    pub(crate) id: CallId,
    pub(crate) agent: AgentId,
    pub(crate) user: UserId,
    pub(crate) lease: LeaseId,
    pub(crate) queue: QueueKind,
    pub(crate) user_name: &'a str,
    pub(crate) notice_words: &'a str,
    /// The machine's.
    pub(crate) intent_expires_at: DateTime<Utc>,
}

/// False when the agent has another call that is not closed.
pub(crate) async fn insert(conn: &mut PgConnection, call: &NewCall<'_>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into calls.call (
            id, agent_id, user_id, lease_id, queue, user_name, state, state_since, created_at, intent_expires_at, notice_words
        )
        values ($1, $2, $3, $4, $5, $6, 'created', $7, $7, $8, $9)
        on conflict (agent_id) where closed_at is null do nothing
        "#,
        call.id.get(),
        call.agent.get(),
        call.user.get(),
        call.lease.get(),
        call.queue as QueueKind,
        call.user_name,
        now,
        call.intent_expires_at,
        call.notice_words,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn find(executor: impl PgExecutor<'_>, call: CallId) -> sqlx::Result<Option<CallRow>> {
    select_call!(executor, "id = $1", call.get()).fetch_optional(executor).await
}

/// Locks the call for the rest of the transaction: one event after the other.
pub(crate) async fn lock(conn: &mut PgConnection, call: CallId) -> sqlx::Result<Option<CallRow>> {
    select_call!(conn, "id = $1 for update", call.get()).fetch_optional(conn).await
}

/// Locks the call whose parties are in the conference of this name; of a call that came in, the newest that an agent took.
pub(crate) async fn lock_in_conference(conn: &mut PgConnection, conference: CallId) -> sqlx::Result<Option<CallRow>> {
    select_call!(
        conn,
        "id = coalesce(
            (select id from calls.call c where c.incoming_id = $1 order by c.created_at desc, c.id desc limit 1),
            $1
        )
        for update",
        conference.get()
    )
    .fetch_optional(conn)
    .await
}

/// Locks the call that this leg is of; a leg that is not known yet is of `call`, if that is known.
pub(crate) async fn lock_by_leg(conn: &mut PgConnection, sid: &str, call: Option<CallId>) -> sqlx::Result<Option<CallRow>> {
    let call = call.map(CallId::get);
    select_call!(conn, "id = coalesce((select l.call_id from calls.leg l where l.sid = $1), $2) for update", sid, call)
        .fetch_optional(conn)
        .await
}

/// The agent's call that is not closed.
pub(crate) async fn find_open(executor: impl PgExecutor<'_>, agent: AgentId) -> sqlx::Result<Option<CallRow>> {
    select_call!(executor, "agent_id = $1 and closed_at is null", agent.get()).fetch_optional(executor).await
}

/// Calls whose wrap-up has run out.
pub(crate) async fn list_overdue(pool: &PgPool, machine_now: DateTime<Utc>) -> sqlx::Result<Vec<CallRow>> {
    select_call!(pool, "closed_at is null and wrap_up_until <= $1 order by wrap_up_until limit 50", machine_now).fetch_all(pool).await
}

/// Calls that have got stuck before anybody was rung: the browser did not connect in time; the agent's leg never came, or whoever was to
/// ring the person did not come to an end of it, since `stuck`.
pub(crate) async fn list_abandoned(pool: &PgPool, machine_now: DateTime<Utc>, stuck: DateTime<Utc>) -> sqlx::Result<Vec<CallRow>> {
    select_call!(
        pool,
        "closed_at is null
            and (
                (state = 'created' and intent_expires_at <= $1)
                or (state in ('joining', 'checking') and state_since <= $2)
            )
        limit 50",
        machine_now,
        stuck
    )
    .fetch_all(pool)
    .await
}

/// Those of them that are not closed.
pub(crate) async fn list_open(pool: &PgPool, calls: &[CallId]) -> sqlx::Result<Vec<CallId>> {
    let ids: Vec<_> = calls.iter().map(|call| call.get()).collect();
    sqlx::query_scalar!(r#"select id as "id: CallId" from calls.call where id = any($1) and closed_at is null"#, &ids).fetch_all(pool).await
}

/// Calls that go on although their agent's leg was over at `before`.
pub(crate) async fn list_left(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<Vec<CallRow>> {
    select_call!(
        pool,
        "closed_at is null
            and state <> 'ended'
            and agent_away_since is null
            and exists (select from calls.leg l where l.call_id = calls.call.id and l.party = 'agent' and l.ended_at <= $1)
            and not exists (
                select from calls.leg l where l.call_id = calls.call.id and l.party = 'agent' and (l.ended_at is null or l.ended_at > $1)
            )
        limit 50",
        before
    )
    .fetch_all(pool)
    .await
}

/// Talks that have been without their agent since `before` or earlier.
pub(crate) async fn list_away(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<Vec<CallRow>> {
    select_call!(
        pool,
        "closed_at is null
            and state = 'connected'
            and agent_away_since <= $1
            -- They talk to a supervisor meanwhile.
            and not exists (
                select from calls.monitoring m
                where m.call_id = calls.call.id and m.mode = 'barge' and m.joined_at is not null and m.ended_at is null
            )
        limit 50",
        before
    )
    .fetch_all(pool)
    .await
}

/// Calls whose person talks, or is being rung as far as we have heard, that nothing was heard of since `since`.
pub(crate) async fn list_silent(pool: &PgPool, is_answered: bool, since: DateTime<Utc>, most: i64) -> sqlx::Result<Vec<CallRow>> {
    select_call!(
        pool,
        "closed_at is null
            and state in ('dialling', 'ringing', 'connected')
            and (state = 'connected') = $1
            and not exists (select from calls.event e where e.call_id = calls.call.id and e.received_at > $2)
        -- Whoever finds no place now has another chance in the next run.
        order by random()
        limit $3",
        is_answered,
        since,
        most
    )
    .fetch_all(pool)
    .await
}

/// Where it stands since when; that somebody talks is when they answered, as far as that was not known yet.
pub(crate) async fn set_state(conn: &mut PgConnection, call: CallId, state: CallState, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update calls.call
        set state = $2, state_since = $3, answered_at = case when $2 = 'connected' then coalesce(answered_at, $3) else answered_at end
        where id = $1
        "#,
        call.get(),
        state as CallState,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which conference of the carrier's it is.
pub(crate) async fn set_conference(conn: &mut PgConnection, call: CallId, sid: &str) -> sqlx::Result<()> {
    sqlx::query!("update calls.call set conference_sid = $2 where id = $1", call.get(), sid).execute(conn).await?;
    Ok(())
}

/// The next turn to ask the carrier for a call, by the machine's time, `between` after the last one. None when it is after `latest`: then
/// nothing is taken.
pub(crate) async fn take_turn(
    pool: &PgPool,
    between: TimeDelta,
    machine_now: DateTime<Utc>,
    latest: DateTime<Utc>,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    let between = between.as_seconds_f64();
    sqlx::query_scalar!(
        r#"
        update calls.carrier_pace
        set next_at = greatest(next_at, $2) + make_interval(secs => $1)
        where next_at <= $3
        returning next_at - make_interval(secs => $1) as "turn!"
        "#,
        between,
        machine_now,
        latest,
    )
    .fetch_optional(pool)
    .await
}

/// Whether somebody of ours is on the line of the talk: none, they are.
pub(crate) async fn set_agent_away(conn: &mut PgConnection, call: CallId, since: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!("update calls.call set agent_away_since = $2 where id = $1", call.get(), since).execute(conn).await?;
    Ok(())
}

/// Whether the person is on hold: since when, or none. Only in a talk.
pub(crate) async fn set_held(pool: &PgPool, call: CallId, since: Option<DateTime<Utc>>) -> sqlx::Result<()> {
    sqlx::query!(
        "update calls.call set held_since = case when $2::timestamptz is null then null else coalesce(held_since, $2) end
        where id = $1 and state = 'connected'",
        call.get(),
        since,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The agent's browser may connect before `until`, by the machine's time.
pub(crate) async fn set_intent(conn: &mut PgConnection, call: CallId, until: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update calls.call set intent_expires_at = $2 where id = $1", call.get(), until).execute(conn).await?;
    Ok(())
}

/// The carrier is about to be told to ring this number, behind which a switchboard may have to be asked for an extension. False when another
/// call has the number now.
pub(crate) async fn set_dialled(
    conn: &mut PgConnection,
    call: CallId,
    (number, extension): (&str, Option<&str>),
    decision: DecisionId,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update calls.call
        set state = 'dialling', state_since = $4, number = $2, decision_id = $3, extension = $5
        where id = $1
            -- The unique index settles a race; this tells of a call that is there already.
            and not exists (select from calls.call other where other.number = $2 and other.ended_at is null and other.id <> $1)
            -- Nor is anybody rung who is on the line with us already.
            and not exists (select from calls.incoming i where i.number = $2 and i.state <> 'ended')
        "#,
        call.get(),
        number,
        decision.get(),
        now,
        extension,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// When the person answered, as far as it was not known yet.
pub(crate) async fn set_answered(conn: &mut PgConnection, call: CallId, at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update calls.call set answered_at = coalesce(answered_at, $2) where id = $1", call.get(), at).execute(conn).await?;
    Ok(())
}

/// The end. With `wrap_up_until` the outcome is to be recorded before then; without, the call is closed.
pub(crate) async fn set_ended(
    conn: &mut PgConnection,
    call: CallId,
    end: CallEnd,
    words: Option<&str>,
    is_saved_call: bool,
    wrap_up_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update calls.call
        set state = 'ended', state_since = $6::timestamptz, ended_at = $6::timestamptz, end_reason = $2, end_words = $3, is_saved_call = $4, wrap_up_until = $5,
            agent_away_since = null, held_since = null,
            closed_at = case when $5::timestamptz is null then $6::timestamptz else null end
        where id = $1
        "#,
        call.get(),
        end as CallEnd,
        words,
        is_saved_call,
        wrap_up_until,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How it ended in truth.
pub(crate) async fn correct_end(conn: &mut PgConnection, call: CallId, end: CallEnd) -> sqlx::Result<()> {
    sqlx::query!("update calls.call set end_reason = $2 where id = $1", call.get(), end as CallEnd).execute(conn).await?;
    Ok(())
}

/// False when there is no such call of the agent's that still takes notes.
pub(crate) async fn save_notes(pool: &PgPool, agent: AgentId, call: CallId, notes: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update calls.call c
        set notes = $3
        where c.id = $1
            and c.agent_id = $2
            and (
                c.closed_at is null
                or exists (select from calls.outcome o where o.call_id = c.id and o.disposition = 'not_recorded' and o.recorded_by is null)
            )",
        call.get(),
        agent.get(),
        notes,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// False when there is no such call of the agent's in wrap-up. One that has run out and is not closed yet is given the whole time from `now`
/// on: otherwise it would be extended and closed all the same.
pub(crate) async fn extend_wrap_up(pool: &PgPool, agent: AgentId, call: CallId, by: TimeDelta, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update calls.call
        set wrap_up_until = greatest(wrap_up_until, $4) + make_interval(secs => $3)
        where id = $1 and agent_id = $2 and closed_at is null and wrap_up_until is not null
        "#,
        call.get(),
        agent.get(),
        by.as_seconds_f64(),
        now,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What came of a call.
#[derive(Debug)]
pub(crate) struct NewOutcome<'a> {
    pub(crate) disposition: Disposition,
    pub(crate) notes: &'a str,
    pub(crate) callback_at: Option<DateTime<Utc>>,
    /// None: by the system.
    pub(crate) recorded_by: Option<AgentId>,
}

pub(crate) async fn insert_outcome(conn: &mut PgConnection, call: CallId, new: &NewOutcome<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into calls.outcome (call_id, disposition, notes, callback_at, recorded_at, recorded_by)
        values ($1, $2, $3, $4, $5, $6)
        "#,
        call.get(),
        new.disposition as Disposition,
        new.notes,
        new.callback_at,
        now,
        new.recorded_by.map(AgentId::get),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts another outcome in the place of the one that stands, which is kept, with why where that was asked for.
pub(crate) async fn replace_outcome(
    conn: &mut PgConnection,
    call: CallId,
    new: &NewOutcome<'_>,
    because: Option<&str>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into calls.superseded_outcome (
            call_id, disposition, notes, callback_at, recorded_at, recorded_by, superseded_at, superseded_by, superseded_because
        )
        select call_id, disposition, notes, callback_at, recorded_at, recorded_by, $2, $3, $4 from calls.outcome where call_id = $1
        "#,
        call.get(),
        now,
        new.recorded_by.map(AgentId::get),
        because,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!("delete from calls.outcome where call_id = $1", call.get()).execute(&mut *conn).await?;
    insert_outcome(conn, call, new, now).await
}

/// What was recorded, and whether by the system.
#[derive(Debug)]
pub(crate) struct OutcomeRow {
    pub(crate) disposition: Disposition,
    pub(crate) is_by_system: bool,
}

pub(crate) async fn outcome_of(executor: impl PgExecutor<'_>, call: CallId) -> sqlx::Result<Option<OutcomeRow>> {
    sqlx::query_as!(
        OutcomeRow,
        r#"
        select disposition as "disposition: Disposition", recorded_by is null as "is_by_system!" from calls.outcome where call_id = $1
        "#,
        call.get(),
    )
    .fetch_optional(executor)
    .await
}

/// Only the system has said what came of this call: nothing.
pub(crate) async fn is_unrecorded(pool: &PgPool, call: CallId) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from calls.outcome o where o.call_id = $1 and o.disposition = 'not_recorded' and o.recorded_by is null
        ) as "is_unrecorded!"
        "#,
        call.get(),
    )
    .fetch_one(pool)
    .await
}

/// The newest calls of an agent of which only the system has said what came of them: with whom, and when they ended.
pub(crate) async fn list_unrecorded(pool: &PgPool, agent: AgentId) -> sqlx::Result<Vec<(CallId, String, DateTime<Utc>)>> {
    let rows = sqlx::query!(
        r#"
        select c.id as "id: CallId", c.user_name, c.ended_at as "ended_at!"
        from calls.outcome o
        join calls.call c on c.id = o.call_id
        where o.disposition = 'not_recorded' and o.recorded_by is null and c.agent_id = $1
        order by o.recorded_at desc
        limit 20
        "#,
        agent.get(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.user_name, row.ended_at)).collect())
}

/// Nothing is left to do.
pub(crate) async fn close(conn: &mut PgConnection, call: CallId, notes: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update calls.call set closed_at = $2, notes = $3, wrap_up_until = null where id = $1", call.get(), now, notes)
        .execute(conn)
        .await?;
    Ok(())
}

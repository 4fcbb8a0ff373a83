//! What a call does to the queue: the lease it holds, the attempt it counts as, and what follows from its outcome. All of it runs inside
//! the transaction of the call.

use chrono::{DateTime, NaiveDateTime, Utc};
use kernel::{AgentId, CallId, LeaseId, QueueKind, UserId};
use sqlx::{PgConnection, PgPool};

use crate::rules::{CallbackReason, SuppressionKind};

/// Beyond all time: the end of a lease that a call holds. (`infinity` cannot be read into an instant.)
pub(super) const BEYOND: &str = "9999-01-01T00:00:00Z";

/// Who is held for a call.
#[derive(Debug)]
pub(crate) struct HeldRow {
    pub(crate) user: UserId,
    pub(crate) queue: QueueKind,
    /// The personal facts of the decision that handed them out; none when they were erased.
    pub(crate) personal: Option<Vec<u8>>,
}

/// Holds the lease for a call, without limit. Who it is of and from which queue; none when the agent does not hold it now, or holds it
/// for another call.
pub(crate) async fn hold_for_call(
    conn: &mut PgConnection,
    agent: AgentId,
    lease: LeaseId,
    call: CallId,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<HeldRow>> {
    sqlx::query_as!(
        HeldRow,
        r#"
        with held as (
            update queue.lease
            set call_id = $3, expires_at = $5::text::timestamptz
            -- Only whoever was handed out after the check may be rung.
            where id = $1 and agent_id = $2 and expires_at > $4 and call_id is null and decision_id is not null
            returning user_id, kind, decision_id
        )
        select held.user_id as "user: UserId", held.kind as "queue: QueueKind", p.facts as "personal?"
        from held
        left join queue.decision_personal p on p.decision_id = held.decision_id
        "#,
        lease.get(),
        agent.get(),
        call.get(),
        now,
        BEYOND,
    )
    .fetch_optional(conn)
    .await
}

/// The calls that hold somebody.
pub(crate) async fn list_calls_holding(pool: &PgPool) -> sqlx::Result<Vec<CallId>> {
    sqlx::query_scalar!(r#"select call_id as "call!: CallId" from queue.lease where call_id is not null"#).fetch_all(pool).await
}

/// Gives the lease of a call that rang nobody back to its agent, until `expires_at`. Whoever was not handed out but rang us is let go.
pub(crate) async fn give_back(conn: &mut PgConnection, call: CallId, expires_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with gone as (
            delete from queue.lease where call_id = $1 and decision_id is null returning user_id, agent_id
        ),
        cleared as (
            update queue.entry e set leased_by = null from gone where e.user_id = gone.user_id and e.leased_by = gone.agent_id
        )
        update queue.lease set call_id = null, expires_at = $2 where call_id = $1 and decision_id is not null
        "#,
        call.get(),
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends the lease that this agent has without a call.
pub(crate) async fn hand_back_of(conn: &mut PgConnection, agent: AgentId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with gone as (
            delete from queue.lease where agent_id = $1 and call_id is null returning user_id, agent_id
        )
        update queue.entry e
        set leased_by = null
        from gone
        where e.user_id = gone.user_id and e.leased_by = gone.agent_id
        "#,
        agent.get(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The lease of a call is another agent's from now on.
pub(crate) async fn pass_lease(conn: &mut PgConnection, call: CallId, to: AgentId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with passed as (
            update queue.lease set agent_id = $2 where call_id = $1 returning user_id
        )
        update queue.entry e
        set leased_by = $2
        from passed
        where e.user_id = passed.user_id
        "#,
        call.get(),
        to.get(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts an attempt, before the carrier knows of it, and says of a promise to the person whether it was kept: a call was placed within the
/// window, `window` either side, from whatever queue. One whose window has not begun stands.
pub(crate) async fn insert_attempt(
    conn: &mut PgConnection,
    call: CallId,
    user: UserId,
    number: &str,
    queue: QueueKind,
    now: DateTime<Utc>,
    window: chrono::TimeDelta,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with promise as (
            update queue.callback
            set state = case when promised_at >= $6 then 'kept' else 'missed' end, attempted_at = $5
            where user_id = $2 and state = 'scheduled' and promised_at <= $7
        )
        insert into queue.attempt (user_id, number, queue, attempted_at, call_id) values ($2, $3, $4, $5, $1)
        "#,
        call.get(),
        user.get(),
        number,
        queue as QueueKind,
        now,
        now - window,
        now + window,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes back an attempt that the carrier surely never made, with what it did to a promise.
pub(crate) async fn delete_attempt(conn: &mut PgConnection, call: CallId) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with gone as (
            delete from queue.attempt where call_id = $1 returning user_id, attempted_at
        )
        update queue.callback c
        -- What was said late of an earlier call may have brought another promise meanwhile: that one stands.
        set state = case
                when exists (select from queue.callback o where o.user_id = c.user_id and o.state = 'scheduled') then 'rescheduled'
                else 'scheduled'
            end,
            attempted_at = null
        from gone
        where c.user_id = gone.user_id and c.attempted_at = gone.attempted_at
        "#,
        call.get(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What came of an attempt.
#[derive(Debug)]
pub(crate) struct AttemptOutcome<'a> {
    pub(crate) disposition: &'a str,
    pub(crate) is_reached: bool,
    pub(crate) is_failed: bool,
    pub(crate) delay_until: Option<DateTime<Utc>>,
    pub(crate) replaces_cooling_off: bool,
}

/// Writes what came of an attempt, and ends the lease of its call. Whether there was a later attempt to ring this person.
pub(crate) async fn close_attempt(conn: &mut PgConnection, call: CallId, outcome: &AttemptOutcome<'_>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        with closed as (
            update queue.attempt
            set disposition = $2, is_reached = $3, is_failed = $4, delay_until = $5, replaces_cooling_off = $6
            where call_id = $1
            returning user_id, attempted_at, id
        ),
        ended as (
            delete from queue.lease where call_id = $1
        )
        select exists (
            select
            from closed
            join queue.attempt later on later.user_id = closed.user_id
            where (later.attempted_at, later.id) > (closed.attempted_at, closed.id)
        ) as "has_later!"
        "#,
        call.get(),
        outcome.disposition,
        outcome.is_reached,
        outcome.is_failed,
        outcome.delay_until,
        outcome.replaces_cooling_off,
    )
    .fetch_one(conn)
    .await
}

/// What was known of a person before one attempt, and whether there was a later one.
#[derive(Debug, Default)]
pub(crate) struct BeforeRow {
    /// When this one was made; none when it was not.
    pub(crate) attempted_at: Option<DateTime<Utc>>,
    pub(crate) last_attempt_at: Option<DateTime<Utc>>,
    pub(crate) last_disposition: Option<String>,
    pub(crate) failed_attempts: i64,
    pub(crate) has_later: bool,
}

/// What was known of the person whom this call rang before it did.
pub(crate) async fn find_before_attempt(pool: &PgPool, call: CallId) -> sqlx::Result<BeforeRow> {
    let row = sqlx::query_as!(
        BeforeRow,
        r#"
        select this.attempted_at as "attempted_at?", earlier.attempted_at as "last_attempt_at?", earlier.disposition as last_disposition,
            (
                select count(*)
                from queue.attempt f
                where f.user_id = this.user_id
                    and f.is_failed
                    and (f.attempted_at, f.id) < (this.attempted_at, this.id)
                    and f.attempted_at > coalesce(
                        (
                            select max(r.attempted_at)
                            from queue.attempt r
                            where r.user_id = this.user_id and r.is_reached and (r.attempted_at, r.id) < (this.attempted_at, this.id)
                        ),
                        '-infinity'
                    )
            ) as "failed_attempts!",
            exists (
                select from queue.attempt l where l.user_id = this.user_id and (l.attempted_at, l.id) > (this.attempted_at, this.id)
            ) as "has_later!"
        from queue.attempt this
        left join lateral (
            select e.attempted_at, e.disposition
            from queue.attempt e
            where e.user_id = this.user_id and (e.attempted_at, e.id) < (this.attempted_at, this.id)
            order by e.attempted_at desc, e.id desc
            limit 1
        ) earlier on true
        where this.call_id = $1
        "#,
        call.get(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.unwrap_or_default())
}

/// The entry of somebody whose call is over.
#[derive(Debug)]
pub(crate) struct NewEntry<'a> {
    pub(crate) queue: QueueKind,
    pub(crate) score: f64,
    pub(crate) raw_sum: f64,
    pub(crate) available_at: DateTime<Utc>,
    pub(crate) number: &'a str,
    pub(crate) facts_read_at: DateTime<Utc>,
    /// Of the claims that the call would be about.
    pub(crate) lenders: Vec<String>,
    pub(crate) solicitors: Vec<String>,
}

/// Makes the entry what it should be now.
pub(crate) async fn put_entry(conn: &mut PgConnection, user: UserId, entry: &NewEntry<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into queue.entry as e
            (user_id, kind, score, raw_sum, queued_at, available_at, number, facts_read_at, lenders, solicitors, is_paused, leased_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, queue.is_paused($9, $10),
            -- The copy of the lease, if by now somebody else has one.
            (select l.agent_id from queue.lease l where l.user_id = $1)
        )
        on conflict (user_id) do update
        set kind = excluded.kind,
            score = excluded.score,
            raw_sum = excluded.raw_sum,
            queued_at = case when e.kind = excluded.kind then e.queued_at else excluded.queued_at end,
            available_at = excluded.available_at,
            number = excluded.number,
            facts_read_at = excluded.facts_read_at,
            lenders = excluded.lenders,
            solicitors = excluded.solicitors,
            is_paused = excluded.is_paused,
            leased_by = excluded.leased_by
        "#,
        user.get(),
        entry.queue as QueueKind,
        entry.score,
        entry.raw_sum,
        now,
        entry.available_at,
        entry.number,
        entry.facts_read_at,
        &entry.lenders,
        &entry.solicitors,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The entry waits until then and is otherwise as it was: the claims platform could not be asked for more.
pub(crate) async fn delay_entry(conn: &mut PgConnection, user: UserId, until: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update queue.entry
        set leased_by = (select l.agent_id from queue.lease l where l.user_id = $1),
            available_at = greatest(available_at, $2)
        where user_id = $1
        "#,
        user.get(),
        until,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn delete_entry(conn: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("delete from queue.entry where user_id = $1", user.get()).execute(conn).await?;
    Ok(())
}

/// An objection to be put on record.
#[derive(Debug)]
pub(crate) struct NewSuppression<'a> {
    pub(crate) kind: SuppressionKind,
    pub(crate) user: Option<UserId>,
    pub(crate) number: Option<&'a str>,
    pub(crate) reason: &'a str,
    /// Where it came from: “call …”, “page”.
    pub(crate) source: &'a str,
    /// None: the dialler itself, for what was said on a call.
    pub(crate) by: Option<AgentId>,
    /// None: for good.
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

/// Nobody rings this person or number again, from now on.
pub(crate) async fn insert_suppression(conn: &mut PgConnection, new: &NewSuppression<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into queue.suppression (kind, user_id, number, reason, source, created_at, created_by, ends_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        "#,
        new.kind as SuppressionKind,
        new.user.map(UserId::get),
        new.number,
        new.reason,
        new.source,
        now,
        new.by.map(AgentId::get),
        new.ends_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A promise to ring somebody.
#[derive(Clone, Debug)]
pub(crate) struct NewCallback {
    pub(crate) user: UserId,
    pub(crate) reason: CallbackReason,
    pub(crate) promised_at: DateTime<Utc>,
    pub(crate) wall_time: NaiveDateTime,
    pub(crate) agent: AgentId,
    /// Of the claims that the call would be about; none when they are not known.
    pub(crate) lenders: Vec<String>,
    pub(crate) solicitors: Vec<String>,
}

/// Stores a promise in place of an earlier one.
pub(crate) async fn insert_callback(conn: &mut PgConnection, new: &NewCallback, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update queue.callback set state = 'rescheduled' where user_id = $1 and state = 'scheduled'", new.user.get())
        .execute(&mut *conn)
        .await?;
    insert_callback_unless_promised(conn, new, now).await?;
    Ok(())
}

/// Stores a promise unless there is one. Whether it was stored.
pub(crate) async fn insert_callback_unless_promised(conn: &mut PgConnection, new: &NewCallback, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into queue.callback (
            user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by, lenders, solicitors,
            is_paused
        )
        values ($1, $2, $3, $4, $5, $3, $6, $5, $7, $8, queue.is_paused($7, $8))
        on conflict (user_id) where state = 'scheduled' do nothing
        "#,
        new.user.get(),
        new.reason as CallbackReason,
        new.promised_at,
        new.wall_time,
        new.agent.get(),
        now,
        &new.lenders,
        &new.solicitors,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Closes the promise to somebody whom nobody may ring again.
pub(crate) async fn close_promise(conn: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("update queue.callback set state = 'no_longer_needed' where user_id = $1 and state = 'scheduled'", user.get())
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a promise that the person asked for was rung in that time: its exemption holds once a day.
pub(crate) async fn is_promise_used(
    conn: &mut PgConnection,
    user: UserId,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from queue.callback
            where user_id = $1 and reason = 'user_asked' and attempted_at >= $2 and attempted_at < $3
        ) as "is!"
        "#,
        user.get(),
        from,
        until,
    )
    .fetch_one(conn)
    .await
}

/// Why the last promise to this person was made.
pub(crate) async fn find_last_callback_reason(conn: &mut PgConnection, user: UserId) -> sqlx::Result<Option<CallbackReason>> {
    sqlx::query_scalar!(
        r#"select reason as "reason: CallbackReason" from queue.callback where user_id = $1 order by id desc limit 1"#,
        user.get(),
    )
    .fetch_optional(conn)
    .await
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    /// A call is placed at noon; the window is a quarter of an hour.
    #[sqlx::test(migrations = "../../migrations")]
    async fn a_promise_is_kept_by_a_call_within_its_window_on_both_sides(pool: PgPool) {
        let noon: DateTime<Utc> = "2026-11-24T12:00:00Z".parse().unwrap();
        let mut conn = pool.acquire().await.unwrap();
        for (user, (seconds, state)) in (1..).zip([
            // The call comes before the time promised.
            (901, "scheduled"),
            (900, "kept"),
            (899, "kept"),
            (1, "kept"),
            (0, "kept"),
            // And after it.
            (-1, "kept"),
            (-899, "kept"),
            (-900, "kept"),
            (-901, "missed"),
            (-86_400, "missed"),
        ]) {
            for queue in QueueKind::ALL {
                sqlx::query("delete from queue.callback").execute(&mut *conn).await.unwrap();
                sqlx::query(
                    "insert into queue.callback (user_id, reason, promised_at, promised_wall_time, available_at, created_at, created_by)
                     values ($1, 'user_asked', $2, $2 at time zone 'Europe/London', $2, $2 - interval '1 day', 1)",
                )
                .bind(user)
                .bind(noon + TimeDelta::seconds(seconds))
                .execute(&mut *conn)
                .await
                .unwrap();
                let call = CallId::generate();
                insert_attempt(&mut conn, call, UserId::new(user), "+447700900142", queue, noon, TimeDelta::minutes(15)).await.unwrap();
                let is = "select state, attempted_at from queue.callback";
                let found: (String, Option<DateTime<Utc>>) = sqlx::query_as(is).fetch_one(&mut *conn).await.unwrap();
                let attempted_at = (state != "scheduled").then_some(noon);
                assert_eq!(found, (state.to_owned(), attempted_at), "{seconds} s from {queue}");

                delete_attempt(&mut conn, call).await.unwrap();
                let found: (String, Option<DateTime<Utc>>) = sqlx::query_as(is).fetch_one(&mut *conn).await.unwrap();
                assert_eq!(found, ("scheduled".to_owned(), None), "a call that was never made: {seconds} s from {queue}");
            }
        }
    }
}

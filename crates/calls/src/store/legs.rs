use chrono::{DateTime, Utc};
use kernel::CallId;
use sqlx::{PgConnection, PgExecutor, PgPool};

/// One leg.
#[derive(Clone, Debug)]
pub(crate) struct LegRow {
    pub(crate) sid: String,
    pub(crate) party: String,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// Stores a leg; an event may have come before the answer that named it, so it may be there already.
pub(crate) async fn insert_leg(
    executor: impl PgExecutor<'_>,
    call: CallId,
    sid: &str,
    party: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "insert into calls.leg (sid, call_id, party, created_at) values ($1, $2, $3, $4) on conflict do nothing",
        sid,
        call.get(),
        party,
        now,
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Those of these legs that are of no call that we know.
pub(crate) async fn list_unknown_legs(pool: &PgPool, sids: &[String]) -> sqlx::Result<Vec<String>> {
    sqlx::query_scalar!(
        r#"select s.sid as "sid!" from unnest($1::text[]) s (sid) where not exists (select from calls.leg l where l.sid = s.sid)"#,
        sids,
    )
    .fetch_all(pool)
    .await
}

/// The carrier said that the leg is over.
pub(crate) async fn end_leg(
    executor: impl PgExecutor<'_>,
    sid: &str,
    status: &str,
    duration_seconds: Option<i32>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update calls.leg
        set ended_at = coalesce(ended_at, $4), status = coalesce(status, $2), duration_seconds = coalesce(duration_seconds, $3)
        where sid = $1
        "#,
        sid,
        status,
        duration_seconds,
        now,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// The leg is out of the conference, after which it does nothing more. How it ended its own event says.
pub(crate) async fn set_leg_left(executor: impl PgExecutor<'_>, sid: &str, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update calls.leg set ended_at = coalesce(ended_at, $2) where sid = $1", sid, now).execute(executor).await?;
    Ok(())
}

pub(crate) async fn list_legs(executor: impl PgExecutor<'_>, call: CallId) -> sqlx::Result<Vec<LegRow>> {
    sqlx::query_as!(LegRow, "select sid, party, ended_at from calls.leg where call_id = $1 order by party, created_at", call.get())
        .fetch_all(executor)
        .await
}

/// Legs that nobody has seen end although their call, their listening or their agent's part in it did, `before` or earlier; the leg of somebody who hears a sentence first, `spoken` or
/// earlier.
pub(crate) async fn list_live_legs_of_ended(
    pool: &PgPool,
    before: DateTime<Utc>,
    spoken: DateTime<Utc>,
) -> sqlx::Result<Vec<(CallId, String)>> {
    let rows = sqlx::query!(
        r#"
        select l.call_id as "call: CallId", l.sid
        from calls.leg l
        join calls.call c on c.id = l.call_id
        where l.ended_at is null
            and (
                c.ended_at <= case when c.end_reason = 'agent_lost' and l.party = 'person' then $2::timestamptz else $1::timestamptz end
                -- Whoever is on record as listening no more does not listen.
                or (l.party = 'supervisor' and exists (select from calls.monitoring m where m.sid = l.sid and m.ended_at <= $1))
                or l.party = 'former_agent'
            )
        limit 50
        "#,
        before,
        spoken,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.call, row.sid)).collect())
}

/// Something that the carrier said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewEvent<'a> {
    pub(crate) source: &'a str,
    pub(crate) sid: &'a str,
    pub(crate) name: &'a str,
    pub(crate) sequence: i32,
}

/// False when it was said before.
pub(crate) async fn insert_event(
    executor: impl PgExecutor<'_>,
    call: CallId,
    event: NewEvent<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into calls.event (call_id, received_at, source, sid, name, sequence)
        values ($1, $2, $3, $4, $5, $6)
        on conflict do nothing
        "#,
        call.get(),
        now,
        event.source,
        event.sid,
        event.name,
        event.sequence,
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes what the carrier said, and lists the legs of the call, which is locked: every event wants both. False when it was said before.
pub(crate) async fn hear_event(
    conn: &mut PgConnection,
    call: CallId,
    event: NewEvent<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<(bool, Vec<LegRow>)> {
    let rows = sqlx::query!(
        r#"
        with said as (
            insert into calls.event (call_id, received_at, source, sid, name, sequence)
            values ($1, $2, $3, $4, $5, $6)
            on conflict do nothing
            returning call_id
        )
        select exists (select from said) as "is_new!", l.sid as "sid?", l.party as "party?", l.ended_at as "ended_at?"
        -- One row also where there are no legs.
        from (values (1)) one
        left join calls.leg l on l.call_id = $1
        order by l.party, l.created_at
        "#,
        call.get(),
        now,
        event.source,
        event.sid,
        event.name,
        event.sequence,
    )
    .fetch_all(conn)
    .await?;
    let is_new = rows.first().is_some_and(|row| row.is_new);
    let legs = rows.into_iter().filter_map(|row| Some(LegRow { sid: row.sid?, party: row.party?, ended_at: row.ended_at }));
    Ok((is_new, legs.collect()))
}

use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId};
use sqlx::{PgConnection, PgPool};

/// One recording.
#[derive(Clone, Debug)]
pub(crate) struct RecordingRow {
    pub(crate) sid: String,
    pub(crate) object_path: String,
    pub(crate) size_bytes: i64,
    /// In hexadecimal.
    pub(crate) sha256: String,
}

/// A recording that is to be fetched.
#[derive(Clone, Debug)]
pub(crate) struct DueRecording {
    pub(crate) sid: String,
    pub(crate) call: CallId,
    pub(crate) failures: i32,
    pub(crate) started_at: DateTime<Utc>,
}

/// What is known of a recording that we keep.
#[derive(Debug)]
pub(crate) struct Stored<'a> {
    pub(crate) path: &'a str,
    pub(crate) size_bytes: i64,
    pub(crate) sha256: &'a [u8],
}

/// What the carrier says of a recording. Only forward: what is over stays so, whatever arrives later.
pub(crate) async fn note_recording(
    conn: &mut PgConnection,
    call: CallId,
    sid: &str,
    status: &str,
    seconds: Option<i32>,
    now: DateTime<Utc>,
    machine_now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into calls.recording (sid, call_id, status, seconds, heard_at, next_try_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (sid) do update
        set status = excluded.status, seconds = coalesce(excluded.seconds, calls.recording.seconds)
        where calls.recording.status = 'in-progress' and calls.recording.call_id = excluded.call_id
        "#,
        sid,
        call.get(),
        status,
        seconds,
        now,
        machine_now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes some recordings to be fetched; other servers leave them alone until `again`. Counted as a failure until it is stored, since whoever
/// fetches may be killed. Instants are the machine's.
pub(crate) async fn claim_recordings(pool: &PgPool, machine_now: DateTime<Utc>, again: DateTime<Utc>) -> sqlx::Result<Vec<DueRecording>> {
    sqlx::query_as!(
        DueRecording,
        r#"
        update calls.recording r
        set next_try_at = $2, failures = failures + 1
        from calls.call c
        where c.id = r.call_id
            and r.sid in (
                select due.sid
                from calls.recording due
                where due.status = 'completed' and due.stored_at is null and due.next_try_at <= $1
                order by due.next_try_at
                limit 4
                for update skip locked
            )
        returning r.sid, r.call_id as "call: CallId", r.failures, c.created_at as started_at
        "#,
        machine_now,
        again,
    )
    .fetch_all(pool)
    .await
}

pub(crate) async fn set_recording_stored(pool: &PgPool, sid: &str, stored: &Stored<'_>, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update calls.recording set object_path = $2, size_bytes = $3, sha256 = $4, stored_at = $5 where sid = $1 and stored_at is null",
        sid,
        stored.path,
        stored.size_bytes,
        stored.sha256,
        now,
    )
    .execute(pool)
    .await?;
    Ok(())
}

pub(crate) async fn set_recording_failed(pool: &PgPool, sid: &str, next_try_at: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update calls.recording set next_try_at = $2 where sid = $1", sid, next_try_at).execute(pool).await?;
    Ok(())
}

/// The recording of a call that we keep; the longest, if there is more than one.
pub(crate) async fn find_stored_recording(pool: &PgPool, call: CallId) -> sqlx::Result<Option<RecordingRow>> {
    sqlx::query_as!(
        RecordingRow,
        r#"
        select sid, object_path as "object_path!", size_bytes as "size_bytes!", encode(sha256, 'hex') as "sha256!"
        from calls.recording
        where call_id = $1 and stored_at is not null and deleted_at is null
        order by size_bytes desc
        limit 1
        "#,
        call.get(),
    )
    .fetch_optional(pool)
    .await
}

/// How the recording of a call stands.
#[derive(Debug)]
pub(crate) struct FoundRecording {
    pub(crate) status: String,
    pub(crate) seconds: Option<i32>,
    pub(crate) is_stored: bool,
    pub(crate) deleted_at: Option<DateTime<Utc>>,
}

/// What is known of the recording of a call; that which we keep, if there is more than one.
pub(crate) async fn find_recording(pool: &PgPool, call: CallId) -> sqlx::Result<Option<FoundRecording>> {
    sqlx::query_as!(
        FoundRecording,
        r#"
        select status, seconds, stored_at is not null and deleted_at is null as "is_stored!", deleted_at
        from calls.recording
        where call_id = $1
        order by stored_at is not null and deleted_at is null desc, seconds desc nulls last
        limit 1
        "#,
        call.get(),
    )
    .fetch_optional(pool)
    .await
}

/// Who listens to what: once for all the parts that a player asks for, within ten minutes.
pub(crate) async fn insert_recording_access(pool: &PgPool, sid: &str, agent: AgentId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into calls.recording_access (sid, agent_id, at)
        select $1, $2, $3
        where not exists (
            select from calls.recording_access a where a.sid = $1 and a.agent_id = $2 and a.at > $3::timestamptz - interval '10 minutes'
        )
        "#,
        sid,
        agent.get(),
        now,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// The persons' legs of talks that ended between these instants and of whose recording nothing was heard.
pub(crate) async fn list_unheard_recordings(
    pool: &PgPool,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
) -> sqlx::Result<Vec<(CallId, String)>> {
    let rows = sqlx::query!(
        r#"
        select c.id as "call: CallId", l.sid
        from calls.call c
        join calls.leg l on l.call_id = c.id and l.party = 'person'
        where c.answered_at is not null
            and c.ended_at between $1 and $2
            and not exists (select from calls.recording r where r.call_id = c.id and r.status <> 'in-progress')
        -- Whoever finds no place now has another chance in the next run.
        order by random()
        limit 20
        "#,
        from,
        until,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.call, row.sid)).collect())
}

/// A talk without a recording that we keep.
#[derive(Debug)]
pub(crate) struct MissingRow {
    pub(crate) call: CallId,
    pub(crate) agent: String,
    pub(crate) user_name: String,
    pub(crate) answered_at: DateTime<Utc>,
    pub(crate) talked_seconds: i64,
    pub(crate) status: Option<String>,
    pub(crate) failures: i32,
}

/// Talks of at least a minute since `from` whose recording we do not have a minute after their end, or, while they go on, has not begun
/// (compliance, C9), the newest first.
pub(crate) async fn list_missing_recordings(pool: &PgPool, from: DateTime<Utc>, now: DateTime<Utc>) -> sqlx::Result<Vec<MissingRow>> {
    sqlx::query_as!(
        MissingRow,
        r#"
        select c.id as "call: CallId", a.name as "agent!", c.user_name, c.answered_at as "answered_at!",
            extract(epoch from coalesce(c.ended_at, $2::timestamptz) - c.answered_at)::bigint as "talked_seconds!", r.status as "status?",
            coalesce(r.failures, 0) as "failures!"
        from calls.call c
        join auth.published_agent a on a.id = c.agent_id
        left join lateral (
            select status, failures from calls.recording where call_id = c.id order by failures desc limit 1
        ) r on true
        where c.answered_at is not null
            and (
                c.ended_at between $1 and $2::timestamptz - interval '60 seconds'
                and c.ended_at - c.answered_at >= interval '60 seconds'
                and not exists (select from calls.recording kept where kept.call_id = c.id and kept.stored_at is not null)
                -- While they still talk the carrier has at least begun.
                or c.ended_at is null
                and c.closed_at is null
                and c.answered_at <= $2::timestamptz - interval '60 seconds'
                and not exists (select from calls.recording begun where begun.call_id = c.id)
            )
        order by c.answered_at desc
        limit 100
        "#,
        from,
        now,
    )
    .fetch_all(pool)
    .await
}

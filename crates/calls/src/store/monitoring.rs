use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId};
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use crate::types::MonitorMode;

/// A supervisor on a call.
#[derive(Clone, Debug)]
pub(crate) struct MonitoringRow {
    pub(crate) id: Uuid,
    pub(crate) call: CallId,
    pub(crate) supervisor: AgentId,
    pub(crate) mode: MonitorMode,
    /// The machine's.
    pub(crate) intent_expires_at: DateTime<Utc>,
    pub(crate) sid: Option<String>,
    pub(crate) joined_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// The columns of [`MonitoringRow`], after which the condition follows.
macro_rules! select_monitoring {
    ($condition:literal, $argument:expr) => {
        sqlx::query_as!(
            MonitoringRow,
            r#"
            select id, call_id as "call: CallId", supervisor_id as "supervisor: AgentId", mode as "mode: MonitorMode", intent_expires_at, sid,
                joined_at, ended_at
            from calls.monitoring
            where "# + $condition,
            $argument
        )
    };
}

/// False when the supervisor listens already.
pub(crate) async fn insert_monitoring(
    conn: &mut PgConnection,
    id: Uuid,
    call: CallId,
    supervisor: AgentId,
    mode: MonitorMode,
    intent_expires_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into calls.monitoring (id, call_id, supervisor_id, mode, started_at, intent_expires_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (supervisor_id) where ended_at is null do nothing
        "#,
        id,
        call.get(),
        supervisor.get(),
        mode as MonitorMode,
        now,
        intent_expires_at,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 1 {
        insert_monitoring_mode(conn, id, mode, now).await?;
    }
    Ok(done.rows_affected() == 1)
}

async fn insert_monitoring_mode(conn: &mut PgConnection, id: Uuid, mode: MonitorMode, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("insert into calls.monitoring_mode (monitoring_id, mode, since) values ($1, $2, $3)", id, mode as MonitorMode, now)
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn lock_monitoring(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<MonitoringRow>> {
    select_monitoring!("id = $1 for update", id).fetch_optional(conn).await
}

pub(crate) async fn find_monitoring(executor: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<MonitoringRow>> {
    select_monitoring!("id = $1", id).fetch_optional(executor).await
}

/// What the supervisor listens to now.
pub(crate) async fn find_monitoring_of(executor: impl PgExecutor<'_>, supervisor: AgentId) -> sqlx::Result<Option<MonitoringRow>> {
    select_monitoring!("supervisor_id = $1 and ended_at is null", supervisor.get()).fetch_optional(executor).await
}

/// The whispers to the agent of this call whose legs are in its conference, and whose they are.
pub(crate) async fn list_whispering(pool: &PgPool, call: CallId) -> sqlx::Result<Vec<(Uuid, AgentId)>> {
    let rows = sqlx::query!(
        r#"
        select id, supervisor_id as "supervisor: AgentId"
        from calls.monitoring
        where call_id = $1 and mode = 'whisper' and joined_at is not null and ended_at is null
        "#,
        call.get(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.supervisor)).collect())
}

/// Waits until nobody else changes how this supervisor takes part, and keeps others from it until the transaction ends. The row itself
/// stays free: what the carrier says of the leg does not wait.
pub(crate) async fn queue_for_mode(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1::text, 0))", id.to_string()).execute(conn).await?;
    Ok(())
}

/// The leg by which the supervisor takes part.
pub(crate) async fn set_monitoring_leg(conn: &mut PgConnection, id: Uuid, sid: &str) -> sqlx::Result<()> {
    sqlx::query!("update calls.monitoring set sid = $2 where id = $1", id, sid).execute(conn).await?;
    Ok(())
}

/// How the supervisor takes part now.
pub(crate) async fn set_monitoring_mode(conn: &mut PgConnection, id: Uuid, mode: MonitorMode, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update calls.monitoring set mode = $2 where id = $1", id, mode as MonitorMode).execute(&mut *conn).await?;
    insert_monitoring_mode(conn, id, mode, now).await
}

/// The supervisor's leg is in the conference. Whose it is.
pub(crate) async fn set_monitoring_joined(conn: &mut PgConnection, sid: &str, now: DateTime<Utc>) -> sqlx::Result<Option<AgentId>> {
    sqlx::query_scalar!(
        r#"
        update calls.monitoring
        set joined_at = coalesce(joined_at, $2)
        where sid = $1 and ended_at is null
        returning supervisor_id as "supervisor: AgentId"
        "#,
        sid,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// The supervisor's leg is out of it. Whose it was.
pub(crate) async fn end_monitoring_by_leg(conn: &mut PgConnection, sid: &str, now: DateTime<Utc>) -> sqlx::Result<Option<AgentId>> {
    sqlx::query_scalar!(
        r#"
        with ended as (
            update calls.monitoring set ended_at = $2 where sid = $1 and ended_at is null returning id, supervisor_id
        ),
        left_behind as (
            update calls.transfer t set state = 'left', ended_at = $2 from ended where t.monitoring_id = ended.id and t.state = 'accepted'
        )
        select supervisor_id as "supervisor: AgentId" from ended
        "#,
        sid,
        now,
    )
    .fetch_optional(conn)
    .await
}

pub(crate) async fn end_monitoring(conn: &mut PgConnection, id: Uuid, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with ended as (
            update calls.monitoring set ended_at = $2 where id = $1 and ended_at is null returning id
        )
        update calls.transfer t set state = 'left', ended_at = $2 from ended where t.monitoring_id = ended.id and t.state = 'accepted'
        "#,
        id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The call is over, and with it whoever listened to it. Who that was.
pub(crate) async fn end_monitorings_of(conn: &mut PgConnection, call: CallId, now: DateTime<Utc>) -> sqlx::Result<Vec<AgentId>> {
    sqlx::query_scalar!(
        r#"
        with ended as (
            update calls.monitoring set ended_at = $2 where call_id = $1 and ended_at is null returning id, supervisor_id
        ),
        over as (
            update calls.transfer t set state = 'over', ended_at = $2 from ended where t.monitoring_id = ended.id and t.state = 'accepted'
        )
        select supervisor_id as "supervisor: AgentId" from ended
        "#,
        call.get(),
        now,
    )
    .fetch_all(conn)
    .await
}

/// A listening that was given up.
#[derive(Debug)]
pub(crate) struct AbandonedRow {
    pub(crate) call: CallId,
    /// Whose call it is.
    pub(crate) agent: AgentId,
    pub(crate) supervisor: AgentId,
    pub(crate) sid: Option<String>,
}

/// Ends those whose browsers did not connect before `machine_now`, and those that did but are not in the conference although their time to
/// connect was over at `joining`, by the machine's time.
pub(crate) async fn end_abandoned_monitorings(
    pool: &PgPool,
    machine_now: DateTime<Utc>,
    joining: DateTime<Utc>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<AbandonedRow>> {
    sqlx::query_as!(
        AbandonedRow,
        r#"
        with ended as (
            update calls.monitoring
            set ended_at = $3
            where ended_at is null
                and joined_at is null
                and ((sid is null and intent_expires_at < $1) or intent_expires_at < $2)
            returning id, call_id, supervisor_id, sid
        ),
        left_behind as (
            update calls.transfer t set state = 'left', ended_at = $3 from ended where t.monitoring_id = ended.id and t.state = 'accepted'
        )
        select ended.call_id as "call: CallId", supervisor_id as "supervisor: AgentId", sid, c.agent_id as "agent: AgentId"
        from ended
        join calls.call c on c.id = ended.call_id
        "#,
        machine_now,
        joining,
        now,
    )
    .fetch_all(pool)
    .await
}

/// A call that goes on.
#[derive(Debug)]
pub(crate) struct GoingRow {
    pub(crate) call: CallId,
    pub(crate) agent: AgentId,
    pub(crate) is_talking: bool,
    pub(crate) listeners: Vec<String>,
    pub(crate) caller: Option<String>,
}

/// Who is on the line of this call and can be heard, by name, and how they take part; whoever comes to take it over is not among them.
pub(crate) async fn list_heard(pool: &PgPool, call: CallId) -> sqlx::Result<Vec<(String, MonitorMode)>> {
    let rows = sqlx::query!(
        r#"
        select a.name as "name!", m.mode as "mode: MonitorMode"
        from calls.monitoring m
        join auth.published_agent a on a.id = m.supervisor_id
        where m.call_id = $1 and m.ended_at is null and m.joined_at is not null and m.mode <> 'listen'
            and not exists (select from calls.transfer t where t.monitoring_id = m.id)
        order by a.name
        "#,
        call.get(),
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.mode)).collect())
}

/// The calls that go on, with the names of those who listen.
pub(crate) async fn list_going(pool: &PgPool) -> sqlx::Result<Vec<GoingRow>> {
    sqlx::query_as!(
        GoingRow,
        r#"
        select c.id as "call: CallId", c.agent_id as "agent: AgentId", c.state = 'connected' as "is_talking!",
            array(
                select a.name
                from calls.monitoring m
                join auth.published_agent a on a.id = m.supervisor_id
                where m.call_id = c.id and m.ended_at is null and m.joined_at is not null
                order by a.name
            ) as "listeners!",
            case when c.incoming_id is not null then c.user_name end as caller
        from calls.call c
        where c.closed_at is null and c.state <> 'ended'
        order by c.created_at
        "#
    )
    .fetch_all(pool)
    .await
}

/// Whoever listens, or is about to.
pub(crate) async fn list_listening(pool: &PgPool) -> sqlx::Result<Vec<AgentId>> {
    sqlx::query_scalar!(r#"select supervisor_id as "supervisor: AgentId" from calls.monitoring where ended_at is null"#)
        .fetch_all(pool)
        .await
}

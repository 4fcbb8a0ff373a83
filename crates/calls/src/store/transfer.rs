use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId};
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use crate::types::TransferState;

/// A handing-over of a call.
#[derive(Clone, Debug)]
pub(crate) struct TransferRow {
    pub(crate) id: Uuid,
    pub(crate) call: CallId,
    pub(crate) state: TransferState,
    pub(crate) from: AgentId,
    pub(crate) offered_to: Vec<AgentId>,
    pub(crate) declined_by: Vec<AgentId>,
    pub(crate) reason: Option<String>,
    pub(crate) asked_at: DateTime<Utc>,
    /// The machine's.
    pub(crate) lapses_at: DateTime<Utc>,
    pub(crate) accepted_by: Option<AgentId>,
    pub(crate) monitoring: Option<Uuid>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
}

/// The columns of [`TransferRow`], after which the condition follows.
macro_rules! select_transfer {
    ($condition:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            TransferRow,
            r#"
            select id, call_id as "call: CallId", state as "state: TransferState", from_agent_id as "from: AgentId",
                offered_to as "offered_to: Vec<AgentId>", declined_by as "declined_by: Vec<AgentId>", reason, asked_at, lapses_at,
                accepted_by as "accepted_by: AgentId", monitoring_id as monitoring, ended_at
            from calls.transfer
            where "# + $condition,
            $($argument),*
        )
    };
}

/// An agent asks for it.
#[derive(Debug)]
pub(crate) struct NewTransfer<'a> {
    pub(crate) call: CallId,
    pub(crate) from: AgentId,
    pub(crate) offered_to: &'a [AgentId],
    pub(crate) reason: Option<&'a str>,
    /// The machine's.
    pub(crate) lapses_at: DateTime<Utc>,
}

/// False when somebody is asked to take this call already.
pub(crate) async fn insert_transfer(conn: &mut PgConnection, id: Uuid, new: &NewTransfer<'_>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let offered_to: Vec<i64> = new.offered_to.iter().map(|agent| agent.get()).collect();
    let done = sqlx::query!(
        r#"
        insert into calls.transfer (id, call_id, state, from_agent_id, offered_to, reason, asked_at, lapses_at)
        values ($1, $2, 'asked', $3, $4, $5, $6, $7)
        on conflict (call_id) where ended_at is null do nothing
        "#,
        id,
        new.call.get(),
        new.from.get(),
        &offered_to,
        new.reason,
        now,
        new.lapses_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The newest handing-over of a call, also one that is over.
pub(crate) async fn find_transfer_of_call(executor: impl PgExecutor<'_>, call: CallId) -> sqlx::Result<Option<TransferRow>> {
    select_transfer!("call_id = $1 order by asked_at desc, id desc limit 1", call.get()).fetch_optional(executor).await
}

/// Every handing-over of a call, the first first.
pub(crate) async fn list_transfers(executor: impl PgExecutor<'_>, call: CallId) -> sqlx::Result<Vec<TransferRow>> {
    select_transfer!("call_id = $1 order by asked_at, id", call.get()).fetch_all(executor).await
}

pub(crate) async fn find_transfer(executor: impl PgExecutor<'_>, id: Uuid) -> sqlx::Result<Option<TransferRow>> {
    select_transfer!("id = $1", id).fetch_optional(executor).await
}

/// Locks it. The order is: the call, the listening, the transfer.
pub(crate) async fn lock_transfer(conn: &mut PgConnection, id: Uuid) -> sqlx::Result<Option<TransferRow>> {
    select_transfer!("id = $1 for update", id).fetch_optional(conn).await
}

/// What this supervisor has accepted, else what they can still accept, the oldest first.
pub(crate) async fn find_transfer_for(
    executor: impl PgExecutor<'_>,
    supervisor: AgentId,
    machine_now: DateTime<Utc>,
) -> sqlx::Result<Option<TransferRow>> {
    select_transfer!(
        "ended_at is null
            and (
                accepted_by = $1
                or (state = 'asked' and lapses_at > $2 and $1 = any (offered_to) and $1 <> all (declined_by))
            )
        order by accepted_by nulls last, asked_at, id
        limit 1",
        supervisor.get(),
        machine_now
    )
    .fetch_optional(executor)
    .await
}

/// This agent had the call and handed it over: to whom, and when.
pub(crate) async fn find_passed_by(
    executor: impl PgExecutor<'_>,
    call: CallId,
    from: AgentId,
) -> sqlx::Result<Option<(AgentId, DateTime<Utc>)>> {
    let row = sqlx::query!(
        r#"
        select accepted_by as "to!: AgentId", ended_at as "at!"
        from calls.transfer
        where call_id = $1 and from_agent_id = $2 and state = 'passed'
        order by ended_at desc
        limit 1
        "#,
        call.get(),
        from.get(),
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| (row.to, row.at)))
}

/// A supervisor accepts; `monitoring` is how they come to the line.
pub(crate) async fn accept_transfer(
    conn: &mut PgConnection,
    id: Uuid,
    supervisor: AgentId,
    monitoring: Uuid,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update calls.transfer set state = 'accepted', accepted_by = $2, accepted_at = $3, monitoring_id = $4 where id = $1",
        id,
        supervisor.get(),
        now,
        monitoring,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A supervisor cannot. When that was the last of those who were asked, nobody can.
pub(crate) async fn decline_transfer(conn: &mut PgConnection, id: Uuid, supervisor: AgentId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update calls.transfer
        set declined_by = array_append(declined_by, $2),
            state = case when offered_to <@ array_append(declined_by, $2) then 'declined' else state end,
            ended_at = case when offered_to <@ array_append(declined_by, $2) then $3::timestamptz end
        where id = $1 and $2 <> all (declined_by)
        "#,
        id,
        supervisor.get(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// It has come to this end.
pub(crate) async fn end_transfer(conn: &mut PgConnection, id: Uuid, state: TransferState, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update calls.transfer set state = $2, ended_at = $3 where id = $1", id, state as TransferState, now)
        .execute(conn)
        .await?;
    Ok(())
}

/// The call is over, and nobody is asked to take it any more. Who was.
pub(crate) async fn end_transfers_of(conn: &mut PgConnection, call: CallId, now: DateTime<Utc>) -> sqlx::Result<Vec<AgentId>> {
    let offered = sqlx::query_scalar!(
        r#"
        update calls.transfer set state = 'over', ended_at = $2 where call_id = $1 and ended_at is null
        returning offered_to as "offered_to: Vec<AgentId>"
        "#,
        call.get(),
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(offered.into_iter().flatten().collect())
}

/// Ends those that nobody has answered by `machine_now`.
pub(crate) async fn lapse_transfers(pool: &PgPool, machine_now: DateTime<Utc>, now: DateTime<Utc>) -> sqlx::Result<Vec<TransferRow>> {
    sqlx::query_as!(
        TransferRow,
        r#"
        update calls.transfer
        set state = 'lapsed', ended_at = $2
        where state = 'asked' and lapses_at <= $1
        returning id, call_id as "call: CallId", state as "state: TransferState", from_agent_id as "from: AgentId",
            offered_to as "offered_to: Vec<AgentId>", declined_by as "declined_by: Vec<AgentId>", reason, asked_at, lapses_at,
            accepted_by as "accepted_by: AgentId", monitoring_id as monitoring, ended_at
        "#,
        machine_now,
        now,
    )
    .fetch_all(pool)
    .await
}

/// Supervisors among these who have no call, and listen to none.
pub(crate) async fn list_free(pool: &PgPool, agents: &[AgentId]) -> sqlx::Result<Vec<AgentId>> {
    let ids: Vec<i64> = agents.iter().map(|agent| agent.get()).collect();
    sqlx::query_scalar!(
        r#"
        select a.id as "id!: AgentId"
        from unnest($1::bigint[]) a (id)
        where not exists (select from calls.call c where c.agent_id = a.id and c.closed_at is null)
            and not exists (select from calls.monitoring m where m.supervisor_id = a.id and m.ended_at is null)
        "#,
        &ids,
    )
    .fetch_all(pool)
    .await
}

/// The call is this agent's from now on. Their browser is on the line already, and no other may connect by what was allowed before.
/// Fails by `call_one_of_an_agent` when they have another.
pub(crate) async fn pass_call(conn: &mut PgConnection, call: CallId, to: AgentId, machine_now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!("update calls.call set agent_id = $2, intent_expires_at = $3 where id = $1", call.get(), to.get(), machine_now)
        .execute(conn)
        .await?;
    Ok(())
}

/// The leg `to` is the agent's from now on, and those that were are of whoever had the call before. Which of them are still there.
pub(crate) async fn pass_legs(conn: &mut PgConnection, call: CallId, to: &str) -> sqlx::Result<Vec<String>> {
    let former = sqlx::query!(
        r#"
        update calls.leg set party = 'former_agent' where call_id = $1 and party = 'agent' returning sid, ended_at is null as "is_live!"
        "#,
        call.get(),
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!("update calls.leg set party = 'agent' where call_id = $1 and sid = $2", call.get(), to).execute(conn).await?;
    Ok(former.into_iter().filter(|leg| leg.is_live).map(|leg| leg.sid).collect())
}

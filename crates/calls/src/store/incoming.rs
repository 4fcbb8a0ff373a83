use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId, UserId};
use sqlx::{PgConnection, PgExecutor, PgPool};

/// Where somebody who rings us stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum IncomingState {
    /// They hear who we are.
    Greeted,
    /// They hear music while agents are rung.
    Waiting,
    /// An agent has taken the call; the call's own row says the rest.
    Answered,
    /// They hear a last message.
    Told,
    /// Over.
    Ended,
}

/// How it ended for somebody who rang us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum IncomingEnd {
    /// An agent talked with them.
    Talked,
    /// They hung up before anybody talked with them.
    GaveUp,
    /// Nobody was free.
    NobodyFree,
    /// It was outside the hours.
    Closed,
    /// By a key they said that they want no calls.
    Objected,
}

/// Somebody who rings us.
#[derive(Clone, Debug)]
pub(crate) struct IncomingRow {
    pub(crate) id: CallId,
    /// Their leg, by the carrier's own id.
    pub(crate) sid: String,
    pub(crate) number: Option<String>,
    /// Whose number it is.
    pub(crate) users: Vec<i64>,
    /// Those of them who may be rung back, as it was when they rang.
    pub(crate) may_be_rung_back: Vec<i64>,
    /// The claims platform has said whose number it is; false: it did not answer.
    pub(crate) is_looked_up: bool,
    pub(crate) caller: String,
    pub(crate) arrived_at: DateTime<Utc>,
    pub(crate) state: IncomingState,
    pub(crate) state_since: DateTime<Utc>,
    pub(crate) ended_as: Option<IncomingEnd>,
}

impl IncomingRow {
    /// Whose number it is.
    pub(crate) fn people(&self) -> Vec<UserId> {
        self.users.iter().copied().map(UserId::new).collect()
    }
}

/// The columns of [`IncomingRow`], after which the condition follows.
macro_rules! select_incoming {
    ($condition:literal, $($argument:expr),*) => {
        sqlx::query_as!(
            IncomingRow,
            r#"
            select id as "id: CallId", sid, number, users, may_be_rung_back, is_looked_up, caller, arrived_at, state as "state: IncomingState", state_since,
                ended_as as "ended_as: IncomingEnd"
            from calls.incoming
            where "# + $condition,
            $($argument),*
        )
    };
}

/// Stores a call that comes in. False when it was there.
pub(crate) async fn insert_incoming(executor: impl PgExecutor<'_>, new: &IncomingRow, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into calls.incoming (id, sid, number, users, may_be_rung_back, caller, arrived_at, state, state_since, ended_as, is_looked_up)
        values ($1, $2, $3, $4, $9, $5, $6, $7, $6, $8, $10)
        on conflict (sid) do nothing
        "#,
        new.id.get(),
        new.sid,
        new.number,
        &new.users,
        new.caller,
        now,
        new.state as IncomingState,
        new.ended_as as Option<IncomingEnd>,
        &new.may_be_rung_back,
        new.is_looked_up,
    )
    .execute(executor)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(crate) async fn find_incoming(executor: impl PgExecutor<'_>, id: CallId) -> sqlx::Result<Option<IncomingRow>> {
    select_incoming!("id = $1", id.get()).fetch_optional(executor).await
}

pub(crate) async fn find_incoming_by_leg(executor: impl PgExecutor<'_>, sid: &str) -> sqlx::Result<Option<IncomingRow>> {
    select_incoming!("sid = $1", sid).fetch_optional(executor).await
}

/// Locks it for the rest of the transaction.
pub(crate) async fn lock_incoming(conn: &mut PgConnection, id: CallId) -> sqlx::Result<Option<IncomingRow>> {
    select_incoming!("id = $1 for update", id.get()).fetch_optional(conn).await
}

/// Those whose legs are with us and with no agent, since `before` or earlier.
pub(crate) async fn list_unanswered(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<Vec<IncomingRow>> {
    select_incoming!("state in ('greeted', 'waiting', 'told') and state_since <= $1 order by state_since limit 50", before)
        .fetch_all(pool)
        .await
}

/// Those who wait although no agent is rung for them, since `before` or earlier.
pub(crate) async fn list_forgotten(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<Vec<CallId>> {
    sqlx::query_scalar!(
        r#"
        select i.id as "id: CallId"
        from calls.incoming i
        where i.state = 'waiting'
            and i.state_since <= $1
            and not exists (select from calls.offer o where o.incoming_id = i.id and (o.answer is null or o.answered_at > $1))
        limit 50
        "#,
        before,
    )
    .fetch_all(pool)
    .await
}

/// Where it stands now; with `ended_as` what came of it.
pub(crate) async fn set_incoming(
    conn: &mut PgConnection,
    id: CallId,
    state: IncomingState,
    ended_as: Option<IncomingEnd>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update calls.incoming set state = $2, state_since = $4, ended_as = coalesce($3, ended_as) where id = $1",
        id.get(),
        state as IncomingState,
        ended_as as Option<IncomingEnd>,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whom we ring back for it.
pub(crate) async fn set_return_call(conn: &mut PgConnection, id: CallId, user: UserId) -> sqlx::Result<()> {
    sqlx::query!("update calls.incoming set return_call_to = $2 where id = $1", id.get(), user.get()).execute(conn).await?;
    Ok(())
}

/// Nobody is rung back for it.
pub(crate) async fn set_not_rung_back(conn: &mut PgConnection, id: CallId) -> sqlx::Result<()> {
    sqlx::query!("update calls.incoming set may_be_rung_back = '{}' where id = $1", id.get()).execute(conn).await?;
    Ok(())
}

/// Calls since `since` that are over, and whose number the claims platform was not able to look up; the oldest first.
pub(crate) async fn list_not_looked_up(pool: &PgPool, since: DateTime<Utc>, limit: i64) -> sqlx::Result<Vec<(CallId, String)>> {
    let rows = sqlx::query!(
        r#"
        select id as "id: CallId", number as "number!"
        from calls.incoming
        where not is_looked_up and state in ('told', 'ended') and number is not null and arrived_at >= $1
        order by arrived_at
        limit $2
        "#,
        since,
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.number)).collect())
}

/// Whose number it is, as the claims platform says now. Nothing was promised to them, and nothing is.
pub(crate) async fn set_looked_up(pool: &PgPool, id: CallId, users: &[i64], caller: &str) -> sqlx::Result<()> {
    sqlx::query!("update calls.incoming set is_looked_up = true, users = $2, caller = $3 where id = $1", id.get(), users, caller)
        .execute(pool)
        .await?;
    Ok(())
}

/// Whom we rang by this number, by name; the newest first.
pub(crate) async fn list_rung_by_number(pool: &PgPool, number: &str) -> sqlx::Result<Vec<(UserId, String)>> {
    let rows = sqlx::query!(
        r#"
        select user_id as "user!: UserId", (array_agg(user_name order by created_at desc))[1] as "name!"
        from calls.call
        where number = $1 and user_id is not null
        group by user_id
        order by max(created_at) desc
        limit 20
        "#,
        number,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.user, row.name)).collect())
}

/// Who of the staff talked last with one of these people or with somebody at this number, with whom, and when.
pub(crate) async fn find_last_talk(
    executor: impl PgExecutor<'_>,
    users: &[i64],
    number: Option<&str>,
) -> sqlx::Result<Option<(AgentId, Option<UserId>, DateTime<Utc>)>> {
    let row = sqlx::query!(
        r#"
        select t.agent_id as "agent!: AgentId", t.user_id as "user?: UserId", t.answered_at as "at!"
        from (
            select c.agent_id, c.user_id, c.answered_at
            from unnest($1::bigint[]) u (id)
            cross join lateral (
                select * from calls.call c where c.user_id = u.id and c.answered_at is not null order by c.created_at desc, c.id desc limit 1
            ) c
            union all
            (
                select agent_id, user_id, answered_at
                from calls.call
                where number = $2 and answered_at is not null
                order by created_at desc
                limit 1
            )
        ) t
        order by t.answered_at desc
        limit 1
        "#,
        users,
        number,
    )
    .fetch_optional(executor)
    .await?;
    Ok(row.map(|row| (row.agent, row.user, row.at)))
}

// ---- offers to agents ----------------------------------------------------------------------------------------------------

/// An offer that waits for its agent.
#[derive(Clone, Debug)]
pub(crate) struct OfferRow {
    pub(crate) incoming: CallId,
    pub(crate) agent: AgentId,
    /// The machine's.
    pub(crate) expires_at: DateTime<Utc>,
}

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(crate) enum OfferAnswer {
    Accepted,
    Declined,
    Missed,
    /// The caller is gone, or the agent is.
    Withdrawn,
}

/// Offers it to an agent, until `expires_at` by the machine's time. False when they are on a call or listen to one, are offered another, or
/// were offered this one before.
pub(crate) async fn insert_offer(
    conn: &mut PgConnection,
    incoming: CallId,
    agent: AgentId,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into calls.offer (incoming_id, agent_id, offered_at, expires_at)
        select $1, $2, $3, $4
        where not exists (select from calls.call c where c.agent_id = $2 and c.closed_at is null)
            and not exists (select from calls.monitoring m where m.supervisor_id = $2 and m.ended_at is null)
        on conflict do nothing
        "#,
        incoming.get(),
        agent.get(),
        now,
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The columns of [`OfferRow`], of offers that wait, after which the condition follows.
macro_rules! select_offer {
    ($condition:literal, $argument:expr) => {
        sqlx::query_as!(
            OfferRow,
            r#"
            select incoming_id as "incoming: CallId", agent_id as "agent: AgentId", expires_at
            from calls.offer
            where answer is null and "#
                + $condition,
            $argument
        )
    };
}

/// The offer that waits for an agent's answer to this call.
pub(crate) async fn find_live_offer(executor: impl PgExecutor<'_>, incoming: CallId) -> sqlx::Result<Option<OfferRow>> {
    select_offer!("incoming_id = $1", incoming.get()).fetch_optional(executor).await
}

/// What is offered to this agent.
pub(crate) async fn find_offer_to(executor: impl PgExecutor<'_>, agent: AgentId) -> sqlx::Result<Option<OfferRow>> {
    select_offer!("agent_id = $1", agent.get()).fetch_optional(executor).await
}

/// What became of the offer that waits. Whose it was; none when there is none.
pub(crate) async fn answer_offer(
    conn: &mut PgConnection,
    incoming: CallId,
    answer: OfferAnswer,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<AgentId>> {
    sqlx::query_scalar!(
        r#"
        update calls.offer
        set answer = $2, answered_at = $3
        where incoming_id = $1 and answer is null
        returning agent_id as "agent: AgentId"
        "#,
        incoming.get(),
        answer as OfferAnswer,
        now,
    )
    .fetch_optional(conn)
    .await
}

/// Offers that nobody took until `machine_now`.
pub(crate) async fn lapse_offers(pool: &PgPool, machine_now: DateTime<Utc>, now: DateTime<Utc>) -> sqlx::Result<Vec<OfferRow>> {
    sqlx::query_as!(
        OfferRow,
        r#"
        update calls.offer
        set answer = 'missed', answered_at = $2
        where answer is null and expires_at <= $1
        returning incoming_id as "incoming: CallId", agent_id as "agent: AgentId", expires_at
        "#,
        machine_now,
        now,
    )
    .fetch_all(pool)
    .await
}

// ---- the call that an agent makes of it ----------------------------------------------------------------------------------

/// A call with somebody who rang us, for the agent who takes it.
#[derive(Debug)]
pub(crate) struct NewIncomingCall<'a> {
    pub(crate) id: CallId,
    pub(crate) incoming: CallId,
    pub(crate) agent: AgentId,
    pub(crate) user: Option<UserId>,
    pub(crate) user_name: &'a str,
    /// The machine's.
    pub(crate) intent_expires_at: DateTime<Utc>,
}

/// False when the agent has another call that is not closed.
pub(crate) async fn insert_incoming_call(conn: &mut PgConnection, call: &NewIncomingCall<'_>, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into calls.call (
            id, incoming_id, agent_id, user_id, user_name, state, state_since, created_at, intent_expires_at
        )
        -- Its number stands in the call that came in; this one's is that of somebody whom we ring.
        values ($1, $2, $3, $4, $5, 'created', $6, $6, $7)
        on conflict (agent_id) where closed_at is null do nothing
        "#,
        call.id.get(),
        call.incoming.get(),
        call.agent.get(),
        call.user.map(UserId::get),
        call.user_name,
        now,
        call.intent_expires_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Whoever rang us is a party of the call from now on.
pub(crate) async fn insert_callers_leg(conn: &mut PgConnection, call: CallId, incoming: CallId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into calls.leg (sid, call_id, party, created_at)
        select sid, $1, 'person', $3 from calls.incoming where id = $2
        on conflict do nothing
        "#,
        call.get(),
        incoming.get(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Who it is, as the agent was told. False when that is known, or the call is closed.
pub(crate) async fn set_person(conn: &mut PgConnection, call: CallId, user: UserId, name: &str) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "update calls.call set user_id = $2, user_name = $3 where id = $1 and user_id is null and closed_at is null",
        call.get(),
        user.get(),
        name,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The newest call of each number that is nobody's and that reached nobody, since `since`, unless somebody has seen to it.
#[derive(Debug)]
pub(crate) struct MissedRow {
    pub(crate) id: CallId,
    pub(crate) number: Option<String>,
    /// Their name, if anybody is known who has this number.
    pub(crate) name: Option<String>,
    /// Whose number it is.
    pub(crate) users: Vec<i64>,
    pub(crate) arrived_at: DateTime<Utc>,
    pub(crate) times: i64,
    pub(crate) ended_as: IncomingEnd,
}

/// Those, the newest first. Whoever got through later is not among them.
pub(crate) async fn list_missed(pool: &PgPool, since: DateTime<Utc>) -> sqlx::Result<Vec<MissedRow>> {
    sqlx::query_as!(
        MissedRow,
        r#"
        select m.id as "id!: CallId", m.number, m.name, m.users as "users!", m.arrived_at as "arrived_at!", m.times as "times!", m.ended_as as "ended_as!: IncomingEnd"
        from (
            select distinct on (coalesce(i.number, i.id::text)) i.id, i.number, i.users, i.arrived_at, i.ended_as,
                case when i.users <> '{}' then i.caller end as name,
                count(*) over (partition by coalesce(i.number, i.id::text)) as times
            from calls.incoming i
            where i.arrived_at >= $1 and i.may_be_rung_back = '{}' and i.ended_as in ('gave_up', 'nobody_free', 'closed') and i.seen_to_at is null
            order by coalesce(i.number, i.id::text), i.arrived_at desc
        ) m
        where not exists (
            select from calls.incoming later
            where later.arrived_at > m.arrived_at and later.number = m.number and later.ended_as in ('talked', 'objected')
        )
        order by m.arrived_at desc
        limit 50
        "#,
        since,
    )
    .fetch_all(pool)
    .await
}

/// Whoever it was has seen to this caller, as of this call and those before it from the same number. False when somebody had, or there is
/// no such call.
pub(crate) async fn set_seen_to(pool: &PgPool, id: CallId, by: AgentId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update calls.incoming i
        set seen_to_by = $2, seen_to_at = $3
        from calls.incoming seen
        where seen.id = $1
            and seen.may_be_rung_back = '{}'
            and seen.ended_as in ('gave_up', 'nobody_free', 'closed')
            and (i.id = seen.id or (i.number = seen.number and i.may_be_rung_back = '{}' and i.arrived_at <= seen.arrived_at))
            and i.seen_to_at is null
        "#,
        id.get(),
        by.get(),
        now,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Talks with callers that go on and of which no recording is known, since `before` or earlier.
pub(crate) async fn list_unrecorded_callers(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<Vec<CallId>> {
    sqlx::query_scalar!(
        r#"
        select c.id as "id: CallId"
        from calls.call c
        where c.closed_at is null
            and c.state = 'connected'
            and c.incoming_id is not null
            and c.answered_at <= $1
            and not exists (select from calls.recording r where r.call_id = c.id)
        limit 50
        "#,
        before,
    )
    .fetch_all(pool)
    .await
}

/// What stands against something new of an agent's.
#[derive(Debug)]
pub(crate) struct StandingRow {
    /// A call that is not closed.
    pub(crate) has_call: bool,
    /// They are on the line of somebody else's.
    pub(crate) listens: bool,
    /// What was offered to them until now.
    pub(crate) withdrawn: Option<CallId>,
}

/// Takes back what is offered to an agent who begins something else, and says what stands against it.
pub(crate) async fn make_way(conn: &mut PgConnection, agent: AgentId, now: DateTime<Utc>) -> sqlx::Result<StandingRow> {
    sqlx::query_as!(
        StandingRow,
        r#"
        with withdrawn as (
            update calls.offer
            set answer = 'withdrawn', answered_at = $2
            where agent_id = $1 and answer is null
            returning incoming_id
        )
        select exists (select from calls.call where agent_id = $1 and closed_at is null) as "has_call!",
            exists (select from calls.monitoring where supervisor_id = $1 and ended_at is null) as "listens!",
            (select incoming_id from withdrawn) as "withdrawn: CallId"
        "#,
        agent.get(),
        now,
    )
    .fetch_one(conn)
    .await
}

//! All SQL of staff. Times are the machine's.

pub(crate) mod day;
pub(crate) mod event;
pub(crate) mod sign_in;
pub(crate) mod staff;

use chrono::{DateTime, Utc};
use kernel::{AgentId, QueueKind};
use sqlx::{PgConnection, PgPool};

use crate::client::Client;
use crate::presence::UNREACHABLE_AFTER;
use crate::service::StaffMember;
use crate::session::{CurrentAgent, IDLE_LIMIT, OUTER_LIMIT};
use crate::types::{Engagement, Intention, Role, SessionEnd};

pub(crate) struct Credentials {
    pub(crate) agent: CurrentAgent,
    pub(crate) password_hash: String,
}

/// The active agent with this e-mail.
pub(crate) async fn find_credentials(pool: &PgPool, email: &str) -> sqlx::Result<Option<Credentials>> {
    let row = sqlx::query!(
        r#"
        select id as "id: AgentId", name, email, role as "role: Role", intention as "intention: Intention", intention_since,
            engagement as "engagement: Engagement", engaged_since, state_since, queues as "queues: Vec<QueueKind>", password_hash
        from auth.agent
        where email = $1 and deactivated_at is null
        "#,
        email,
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| Credentials {
        agent: CurrentAgent {
            id: row.id,
            name: row.name,
            email: row.email,
            role: row.role,
            intention: row.intention,
            intention_since: row.intention_since,
            engagement: row.engagement,
            engaged_since: row.engaged_since,
            state_since: row.state_since,
            queues: row.queues,
        },
        password_hash: row.password_hash,
    }))
}

/// What an agent wants to be and since when, and since when they are what they are.
pub(crate) struct Wish {
    pub(crate) intention: Intention,
    pub(crate) intention_since: DateTime<Utc>,
    pub(crate) state_since: DateTime<Utc>,
}

/// Whoever signs in is offline until they say otherwise, unless they are signed in elsewhere too.
pub(crate) async fn begin_offline(pool: &PgPool, agent: AgentId, now: DateTime<Utc>) -> sqlx::Result<Wish> {
    sqlx::query_as!(
        Wish,
        r#"
        update auth.agent a
        set intention = case when elsewhere.is_signed_in then a.intention else 'offline' end,
            intention_since = case when elsewhere.is_signed_in or a.intention = 'offline' then a.intention_since else $2 end
        from (
            select exists (
                select from auth.session s where s.agent_id = $1 and s.ended_at is null and s.expires_at > $2
                    -- A browser that was only closed is nobody's: an open page is heard every minute.
                    and s.last_seen_at > $2::timestamptz - interval '3 minutes'
            ) as is_signed_in
        ) elsewhere
        where a.id = $1
        returning a.intention as "intention: Intention", a.intention_since, a.state_since
        "#,
        agent.get(),
        now,
    )
    .fetch_one(pool)
    .await
}

/// False when the id is taken already.
pub(crate) async fn insert_session(
    pool: &PgPool,
    id_hash: &[u8],
    agent: AgentId,
    client: &Client,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        with seen as (
            update auth.agent set seen_at = $3 where id = $2
        )
        insert into auth.session (id_hash, agent_id, created_at, last_seen_at, expires_at, address, browser)
        values ($1, $2, $3, $3, $4, $5::text::inet, $6)
        on conflict (id_hash) do nothing
        "#,
        id_hash,
        agent.get(),
        now,
        now + IDLE_LIMIT,
        client.address.map(|address| address.to_string()),
        client.browser.as_deref(),
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The agent of a live session and when the session ends unless something is heard. One round trip for every request
/// of the product: it also notes that the agent was heard, at most once in 10 s, and moves the end of the session, at
/// most once a minute.
pub(crate) async fn find_session_agent(
    pool: &PgPool,
    id_hash: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<Option<(CurrentAgent, DateTime<Utc>)>> {
    let row = sqlx::query!(
        r#"
        with live as materialized (
            select s.id_hash, s.agent_id, s.last_seen_at, s.created_at, s.expires_at
            from auth.session s
            where s.id_hash = $1
                and s.ended_at is null
                and s.expires_at > $2
        ),
        kept as (
            update auth.session s
            set last_seen_at = $2,
                expires_at = least($3, s.created_at + make_interval(secs => $4))
            from live
            where s.id_hash = live.id_hash
                and s.ended_at is null
                and live.last_seen_at < $2 - interval '1 minute'
        ),
        heard as (
            update auth.agent a
            set seen_at = $2
            from live
            where a.id = live.agent_id
                and (a.seen_at is null or a.seen_at < $2 - interval '10 seconds')
        )
        select a.id as "id: AgentId", a.name, a.email, a.role as "role: Role", a.intention as "intention: Intention",
            a.intention_since, a.engagement as "engagement: Engagement", a.engaged_since, a.state_since,
            a.queues as "queues: Vec<QueueKind>", live.expires_at
        from live
        join auth.agent a on a.id = live.agent_id
        where a.deactivated_at is null
        "#,
        id_hash,
        now,
        now + IDLE_LIMIT,
        OUTER_LIMIT.as_seconds_f64(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| {
        let agent = CurrentAgent {
            id: row.id,
            name: row.name,
            email: row.email,
            role: row.role,
            intention: row.intention,
            intention_since: row.intention_since,
            engagement: row.engagement,
            engaged_since: row.engaged_since,
            state_since: row.state_since,
            queues: row.queues,
        };
        (agent, row.expires_at)
    }))
}

/// Whether the session has not ended, of an agent who may sign in.
pub(crate) async fn is_session_live(pool: &PgPool, id_hash: &[u8], now: DateTime<Utc>) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select
            from auth.session s
            join auth.agent a on a.id = s.agent_id
            where s.id_hash = $1
                and s.ended_at is null
                and s.expires_at > $2
                and a.deactivated_at is null
        ) as "is_live!"
        "#,
        id_hash,
        now,
    )
    .fetch_one(pool)
    .await
}

pub(crate) async fn end_session(pool: &PgPool, id_hash: &[u8], end: SessionEnd, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update auth.session set ended_at = $3, ended_reason = $2 where id_hash = $1 and ended_at is null and expires_at > $3",
        id_hash,
        end as SessionEnd,
        now,
    )
    .execute(pool)
    .await?;
    Ok(())
}

/// Takes an agent who has no live session offline; false when there is one.
pub(crate) async fn set_offline_without_sessions(pool: &PgPool, agent: AgentId, now: DateTime<Utc>) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        update auth.agent a
        set intention = 'offline',
            intention_since = case when a.intention = 'offline' then a.intention_since else $2 end
        where a.id = $1
            and not exists (
                select from auth.session s
                where s.agent_id = a.id
                    and s.ended_at is null
                    and s.expires_at > $2
                    -- A browser that was only closed is nobody's: an open page is heard every minute.
                    and s.last_seen_at > $2::timestamptz - interval '3 minutes'
            )
        "#,
        agent.get(),
        now,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Setting what is already set does not start the time anew.
pub(crate) async fn set_intention(pool: &PgPool, agent: AgentId, intention: Intention, now: DateTime<Utc>) -> sqlx::Result<Wish> {
    sqlx::query_as!(
        Wish,
        r#"
        update auth.agent
        set intention = $2,
            intention_since = case when intention = $2 then intention_since else $3 end
        where id = $1
        returning intention as "intention: Intention", intention_since, state_since
        "#,
        agent.get(),
        intention as Intention,
        now,
    )
    .fetch_one(pool)
    .await
}

pub(crate) struct PresenceRow {
    pub(crate) id: AgentId,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) intention: Intention,
    pub(crate) engagement: Option<Engagement>,
    pub(crate) state_since: DateTime<Utc>,
    pub(crate) seen_at: Option<DateTime<Utc>>,
}

/// Says what the agent is doing beside what they want; none: nothing. Since when does not start anew when it is said again.
pub(crate) async fn set_engagement(
    conn: &mut PgConnection,
    agent: AgentId,
    engagement: Option<Engagement>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update auth.agent
        set engagement = $2,
            engaged_since = case when $2::text is null then null when engagement = $2 then engaged_since else $3 end,
            -- Whoever has finished is what they want to be from now on, however long they have wanted it.
            state_since = case when $2::text is null and engagement is not null then $3 else state_since end
        where id = $1
        "#,
        agent.get(),
        engagement as Option<Engagement>,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sends whoever is available on a break.
pub(crate) async fn set_break_if_available(conn: &mut PgConnection, agent: AgentId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        "update auth.agent set intention = 'break', intention_since = $2 where id = $1 and intention = 'available'",
        agent.get(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn list_presence(pool: &PgPool) -> sqlx::Result<Vec<PresenceRow>> {
    sqlx::query_as!(
        PresenceRow,
        r#"
        select id as "id: AgentId", name, role as "role: Role", intention as "intention: Intention",
            engagement as "engagement: Engagement", state_since, seen_at
        from auth.agent
        where deactivated_at is null
        order by name, id
        "#,
    )
    .fetch_all(pool)
    .await
}

/// Agents heard lately enough to count as there.
pub(crate) async fn list_reachable(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<AgentId>> {
    sqlx::query_scalar!(
        r#"select id as "id: AgentId" from auth.agent where seen_at > $1 and intention <> 'offline' and deactivated_at is null"#,
        now - UNREACHABLE_AFTER,
    )
    .fetch_all(pool)
    .await
}

/// Supervisors and administrators with a session.
pub(crate) async fn list_supervisors(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<AgentId>> {
    sqlx::query_scalar!(
        r#"
        select a.id as "id: AgentId"
        from auth.agent a
        where a.role in ('supervisor', 'admin')
            and a.deactivated_at is null
            and exists (select from auth.session s where s.agent_id = a.id and s.ended_at is null and s.expires_at > $1)
        "#,
        now,
    )
    .fetch_all(pool)
    .await
}

/// Supervisors and administrators with a session, heard lately enough to count as there, by name.
pub(crate) async fn list_supervisors_there(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<(AgentId, String)>> {
    let rows = sqlx::query!(
        r#"
        select a.id as "id: AgentId", a.name
        from auth.agent a
        where a.role in ('supervisor', 'admin')
            and a.deactivated_at is null
            and a.seen_at > $1
            and exists (select from auth.session s where s.agent_id = a.id and s.ended_at is null and s.expires_at > $2)
        order by a.name, a.id
        "#,
        now - UNREACHABLE_AFTER,
        now,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// Everybody who is offline, also those who may not sign in any more.
pub(crate) async fn list_offline(pool: &PgPool) -> sqlx::Result<Vec<AgentId>> {
    sqlx::query_scalar!(r#"select id as "id: AgentId" from auth.agent where intention = 'offline'"#).fetch_all(pool).await
}

/// Ends sessions that were not heard for too long, takes their agents offline, and forgets old failures and browsers that were not
/// used for a year. Returns who was taken offline.
pub(crate) async fn sweep(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<AgentId>> {
    let mut transaction = kernel::begin(pool).await?;
    sqlx::query!(
        r#"
        update auth.session
        set ended_at = expires_at,
            ended_reason = case when expires_at < created_at + make_interval(secs => $2) then 'lost_connection' else 'expired' end
        where ended_at is null
            and expires_at <= $1
        "#,
        now,
        OUTER_LIMIT.as_seconds_f64(),
    )
    .execute(&mut *transaction)
    .await?;
    let gone = sqlx::query_scalar!(
        r#"
        update auth.agent a
        set intention = 'offline', intention_since = $1
        where a.intention <> 'offline'
            and not exists (select from auth.session s where s.agent_id = a.id and s.ended_at is null)
        returning a.id as "id: AgentId"
        "#,
        now,
    )
    .fetch_all(&mut *transaction)
    .await?;
    sqlx::query!("delete from auth.sign_in_failure where failed_at < $1::timestamptz - interval '1 hour'", now)
        .execute(&mut *transaction)
        .await?;
    sqlx::query!("delete from auth.known_browser where expires_at < $1", now).execute(&mut *transaction).await?;
    transaction.commit().await?;
    Ok(gone)
}

/// The new agent's id; none when the e-mail is taken.
pub(crate) async fn insert_agent(
    conn: &mut PgConnection,
    email: &str,
    name: &str,
    role: Role,
    password_hash: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<Option<AgentId>> {
    sqlx::query_scalar!(
        r#"
        insert into auth.agent (email, name, role, password_hash, created_at, intention_since)
        values ($1, $2, $3, $4, $5, $5)
        on conflict on constraint agent_email_key do nothing
        returning id as "id: AgentId"
        "#,
        email,
        name,
        role as Role,
        password_hash,
        now,
    )
    .fetch_optional(conn)
    .await
}

pub(crate) async fn list_agents(pool: &PgPool) -> sqlx::Result<Vec<StaffMember>> {
    sqlx::query_as!(
        StaffMember,
        r#"
        select id as "id: AgentId", email, name, role as "role: Role", queues as "queues: Vec<QueueKind>", created_at, deactivated_at
        from auth.agent
        order by email
        "#,
    )
    .fetch_all(pool)
    .await
}

pub(crate) async fn list_names(pool: &PgPool) -> sqlx::Result<Vec<(AgentId, String)>> {
    let rows = sqlx::query!(r#"select id as "id: AgentId", name from auth.agent"#).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

//! Accounts of staff and their sessions, as administrators and their owners change them. Times are the machine's.

use chrono::{DateTime, Utc};
use kernel::{AgentId, QueueKind, SessionNumber};
use sqlx::{PgConnection, PgPool};

use crate::client::device_words;
use crate::types::{Role, SessionEnd, SessionLine, StaffAccount};

/// An account that nobody else changes until the transaction ends.
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) queues: Option<Vec<QueueKind>>,
    pub(crate) version: i64,
    pub(crate) deactivated_at: Option<DateTime<Utc>>,
    pub(crate) password_hash: String,
}

pub(crate) async fn lock(conn: &mut PgConnection, agent: AgentId) -> sqlx::Result<Option<Account>> {
    sqlx::query_as!(
        Account,
        r#"
        select name, role as "role: Role", queues as "queues: Vec<QueueKind>", version, deactivated_at, password_hash
        from auth.agent
        where id = $1
        for update
        "#,
        agent.get(),
    )
    .fetch_optional(conn)
    .await
}

/// The administrators who may sign in, whom nobody else changes until the transaction ends: two of them cannot take each other's role away.
pub(crate) async fn lock_admins(conn: &mut PgConnection) -> sqlx::Result<Vec<AgentId>> {
    sqlx::query_scalar!(
        r#"select id as "id: AgentId" from auth.agent where role = 'admin' and deactivated_at is null order by id for update"#
    )
    .fetch_all(conn)
    .await
}

/// The active agent with this e-mail.
pub(crate) async fn find_active(pool: &PgPool, email: &str) -> sqlx::Result<Option<AgentId>> {
    sqlx::query_scalar!(r#"select id as "id: AgentId" from auth.agent where email = $1 and deactivated_at is null"#, email)
        .fetch_optional(pool)
        .await
}

/// What an account is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) queues: Option<Vec<QueueKind>>,
}

pub(crate) async fn set_access(conn: &mut PgConnection, agent: AgentId, access: &Access) -> sqlx::Result<()> {
    let queues: Option<Vec<String>> = access.queues.as_ref().map(|queues| queues.iter().map(|queue| queue.as_str().to_owned()).collect());
    sqlx::query!(
        "update auth.agent set name = $2, role = $3, queues = $4, version = version + 1 where id = $1",
        agent.get(),
        access.name,
        access.role as Role,
        queues.as_deref(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn deactivate(conn: &mut PgConnection, agent: AgentId, now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        update auth.agent
        set deactivated_at = $2, intention = 'offline', intention_since = $2, version = version + 1
        where id = $1
        "#,
        agent.get(),
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn reactivate(conn: &mut PgConnection, agent: AgentId) -> sqlx::Result<()> {
    sqlx::query!("update auth.agent set deactivated_at = null, version = version + 1 where id = $1", agent.get()).execute(conn).await?;
    Ok(())
}

pub(crate) async fn set_password(conn: &mut PgConnection, agent: AgentId, password_hash: &str) -> sqlx::Result<()> {
    sqlx::query!("update auth.agent set password_hash = $2, version = version + 1 where id = $1", agent.get(), password_hash)
        .execute(conn)
        .await?;
    Ok(())
}

/// No browser is known for this account any more.
pub(crate) async fn forget_browsers(conn: &mut PgConnection, agent: AgentId) -> sqlx::Result<()> {
    sqlx::query!("delete from auth.known_browser where agent_id = $1", agent.get()).execute(conn).await?;
    Ok(())
}

/// Ends the agent's sessions: the one of this number, or all; but not `but`. How many.
pub(crate) async fn end_sessions(
    conn: &mut PgConnection,
    agent: AgentId,
    only: Option<SessionNumber>,
    but: Option<&[u8]>,
    end: SessionEnd,
    now: DateTime<Utc>,
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        r#"
        update auth.session
        set ended_at = $5, ended_reason = $4
        where agent_id = $1
            and ended_at is null
            and expires_at > $5
            and ($2::bigint is null or number = $2)
            and ($3::bytea is null or id_hash <> $3)
        "#,
        agent.get(),
        only.map(SessionNumber::get),
        but,
        end as SessionEnd,
        now,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// The live sessions of an agent, the one that was heard last first. `this` is the hash of the id of whoever asks.
pub(crate) async fn list_sessions(
    pool: &PgPool,
    agent: AgentId,
    this: Option<&[u8]>,
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<SessionLine>> {
    let rows = sqlx::query!(
        r#"
        select number as "number: SessionNumber", created_at, last_seen_at, host(address) as address, browser,
            coalesce(id_hash = $2, false) as "is_this!"
        from auth.session
        where agent_id = $1 and ended_at is null and expires_at > $3
        order by last_seen_at desc, number desc
        "#,
        agent.get(),
        this,
        now,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| SessionLine {
            session: row.number,
            device: device_words(row.browser.as_deref()),
            address: row.address,
            since: row.created_at,
            last_seen_at: row.last_seen_at,
            is_this: row.is_this,
        })
        .collect())
}

/// Every account, by name: those that may sign in first.
pub(crate) async fn list_accounts(pool: &PgPool, now: DateTime<Utc>) -> sqlx::Result<Vec<StaffAccount>> {
    sqlx::query_as!(
        StaffAccount,
        r#"
        select a.id as "id: AgentId", a.email, a.name, a.role as "role: Role", a.queues as "queues: Vec<QueueKind>", a.version,
            a.created_at, a.deactivated_at,
            (select max(s.created_at) from auth.session s where s.agent_id = a.id) as last_sign_in_at,
            (
                select count(*) from auth.session s where s.agent_id = a.id and s.ended_at is null and s.expires_at > $1
            ) as "sessions!"
        from auth.agent a
        order by a.deactivated_at is not null, a.name, a.id
        "#,
        now,
    )
    .fetch_all(pool)
    .await
}

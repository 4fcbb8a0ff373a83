//! The record of what happened to accounts. Rows are only added.

use chrono::{DateTime, Utc};
use kernel::{AgentId, StaffEventId, machine_now};
use sqlx::{PgExecutor, PgPool};

use crate::client::{Client, device_words};
use crate::service::By;
use crate::store::sign_in::Try;
use crate::types::{StaffEvent, StaffEventKind};

/// Something that has just happened.
#[derive(Clone, Copy)]
pub(crate) struct NewEvent<'a> {
    pub(crate) kind: StaffEventKind,
    /// Whose account.
    pub(crate) agent: Option<AgentId>,
    /// SHA-256 of what was typed as the email, of a failure.
    pub(crate) account_hash: Option<&'a [u8]>,
    pub(crate) by: &'a By,
    pub(crate) detail: Option<&'a str>,
}

impl<'a> NewEvent<'a> {
    pub(crate) const fn of(kind: StaffEventKind, agent: AgentId, by: &'a By) -> Self {
        Self { kind, agent: Some(agent), account_hash: None, by, detail: None }
    }
}

pub(crate) async fn insert(executor: impl PgExecutor<'_>, event: NewEvent<'_>) -> sqlx::Result<()> {
    let (by, client) = match event.by {
        By::Agent(id, client) => (Some(id.get()), Some(client)),
        By::Unknown(client) => (None, Some(client)),
        By::Command => (None, None),
    };
    sqlx::query!(
        r#"
        insert into auth.event (at, kind, agent_id, account_hash, by_agent_id, is_command, address, browser, detail)
        values ($1, $2, $3, $4, $5, $6, $7::text::inet, $8, $9)
        "#,
        machine_now(),
        event.kind as StaffEventKind,
        event.agent.map(AgentId::get),
        event.account_hash,
        by,
        matches!(event.by, By::Command),
        client.and_then(|client| client.address).map(|address| address.to_string()),
        client.and_then(|client| client.browser.as_deref()),
        event.detail,
    )
    .execute(executor)
    .await?;
    Ok(())
}

/// Notes that a limit was reached, unless the same was noted since `since`: of the account, of the address or of the whole server, as the
/// limit is. False when it was.
pub(crate) async fn insert_limit(
    pool: &PgPool,
    of: Try<'_>,
    client: &Client,
    limit: &str,
    now: DateTime<Utc>,
    since: DateTime<Utc>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        r#"
        insert into auth.event (at, kind, agent_id, account_hash, is_command, address, browser, detail)
        select $1, 'limit_reached', (select id from auth.agent where email = $2 and deactivated_at is null), $3, false, $4::text::inet, $5, $6
        where not exists (
            select from auth.event
            where kind = 'limit_reached' and at > $7 and detail = $6
                and case $6 when 'server' then true when 'address' then address = $4::text::inet else account_hash = $3 end
        )
        "#,
        now,
        of.email,
        of.account_hash,
        client.address.map(|address| address.to_string()),
        client.browser.as_deref(),
        limit,
        since,
    )
    .execute(pool)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// At most `limit` events older than `before`, newest first; of one account, or of all.
pub(crate) async fn list(pool: &PgPool, of: Option<AgentId>, before: Option<StaffEventId>, limit: i64) -> sqlx::Result<Vec<StaffEvent>> {
    let rows = sqlx::query!(
        r#"
        select e.id as "id: StaffEventId", e.at, e.kind as "kind: StaffEventKind", e.agent_id as "agent_id: AgentId", a.name as "name?",
            by.name as "by?", e.is_command, host(e.address) as address, e.browser, e.detail
        from auth.event e
        left join auth.agent a on a.id = e.agent_id
        left join auth.agent by on by.id = e.by_agent_id
        where ($1::bigint is null or e.agent_id = $1)
            and ($2::bigint is null or e.id < $2)
        order by e.id desc
        limit $3
        "#,
        of.map(AgentId::get),
        before.map(StaffEventId::get),
        limit,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| StaffEvent {
            id: row.id,
            at: row.at,
            kind: row.kind,
            agent: row.agent_id.zip(row.name),
            by: row.by.or_else(|| row.is_command.then(|| "command line".to_owned())),
            address: row.address,
            device: row.browser.map(|browser| device_words(Some(&browser))),
            detail: row.detail,
        })
        .collect())
}

//! What sign-in counts, and the browsers that it knows.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::AgentId;
use sqlx::PgPool;

use crate::rules::Tally;

/// Somebody tries to sign in.
#[derive(Clone, Copy)]
pub(crate) struct Try<'a> {
    /// As it is kept: trimmed, in small letters.
    pub(crate) email: &'a str,
    /// SHA-256 of it.
    pub(crate) account_hash: &'a [u8],
    /// What limits count an address by.
    pub(crate) network: Option<IpAddr>,
    /// SHA-256 of what the browser shows, if it shows anything.
    pub(crate) browser_hash: Option<&'a [u8]>,
}

/// What has failed since `since`; and whether this browser is known at all, be it by another account.
pub(crate) async fn tally(pool: &PgPool, of: Try<'_>, since: DateTime<Utc>, now: DateTime<Utc>) -> sqlx::Result<(Tally, bool)> {
    let row = sqlx::query!(
        r#"
        select
            exists (
                select
                from auth.known_browser k
                join auth.agent a on a.id = k.agent_id
                where k.token_hash = $1 and k.expires_at > $6 and a.email = $2 and a.deactivated_at is null
            ) as "is_known!",
            exists (select from auth.known_browser k where k.token_hash = $1 and k.expires_at > $6) as "is_kept!",
            (select count(*) from auth.sign_in_failure where account_hash = $3 and browser_hash = $1 and failed_at > $5) as "of_browser!",
            (select count(*) from auth.sign_in_failure where account_hash = $3 and browser_hash is null and failed_at > $5) as "of_account!",
            (
                select count(*) from auth.sign_in_failure
                where address = $4::text::inet and browser_hash is null and failed_at > $5
            ) as "of_address!"
        "#,
        of.browser_hash,
        of.email,
        of.account_hash,
        of.network.map(|address| address.to_string()),
        since,
        now,
    )
    .fetch_one(pool)
    .await?;
    let tally = Tally { is_known: row.is_known, of_browser: row.of_browser, of_account: row.of_account, of_address: row.of_address };
    Ok((tally, row.is_kept))
}

/// Notes a try as failed before it is checked, so that many at once cannot pass the limit together. Its id.
pub(crate) async fn insert_failure(pool: &PgPool, of: Try<'_>, is_known: bool, now: DateTime<Utc>) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        insert into auth.sign_in_failure (account_hash, address, browser_hash, failed_at)
        values ($1, $2::text::inet, $3, $4)
        returning id
        "#,
        of.account_hash,
        of.network.map(|address| address.to_string()),
        of.browser_hash.filter(|_| is_known),
        now,
    )
    .fetch_one(pool)
    .await
}

/// Forgets the note of a try that did not fail.
pub(crate) async fn delete_failure(pool: &PgPool, failure: i64) -> sqlx::Result<()> {
    sqlx::query!("delete from auth.sign_in_failure where id = $1", failure).execute(pool).await?;
    Ok(())
}

/// From now on the agent is known in this browser, for so long.
pub(crate) async fn remember_browser(
    pool: &PgPool,
    token_hash: &[u8],
    agent: AgentId,
    now: DateTime<Utc>,
    lasts: TimeDelta,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        insert into auth.known_browser (token_hash, agent_id, created_at, last_used_at, expires_at)
        values ($1, $2, $3, $3, $4)
        on conflict on constraint known_browser_pkey do update
        set last_used_at = excluded.last_used_at, expires_at = excluded.expires_at
        "#,
        token_hash,
        agent.get(),
        now,
        now + lasts,
    )
    .execute(pool)
    .await?;
    Ok(())
}

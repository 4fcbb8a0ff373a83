//! The business clock of this installation: the machine's or, in development, a moving one that is kept in the database,
//! so that every server and every command shows the same time.

use chrono::{DateTime, Utc};
use kernel::{Clock, machine_now};
use sqlx::PgPool;

/// The clock that starts at `start` the first time and goes on from there ever after; the machine's without a start.
pub async fn business_clock(pool: &PgPool, start: Option<DateTime<Utc>>) -> sqlx::Result<Clock> {
    let Some(start) = start else { return Ok(Clock::system()) };
    sqlx::query!(
        "insert into server.clock (machine_at, business_at) values ($1, $2) on conflict on constraint clock_pkey do nothing",
        machine_now(),
        start,
    )
    .execute(pool)
    .await?;
    let kept = sqlx::query!("select machine_at, business_at from server.clock").fetch_one(pool).await?;
    Ok(Clock::ahead_by(kept.business_at - kept.machine_at))
}

/// Moves the kept clock on to `business_at`; never back.
pub async fn move_on(pool: &PgPool, business_at: DateTime<Utc>) -> sqlx::Result<()> {
    let now = machine_now();
    sqlx::query!("update server.clock set machine_at = $1, business_at = $2 where business_at + ($1 - machine_at) < $2", now, business_at,)
        .execute(pool)
        .await?;
    Ok(())
}

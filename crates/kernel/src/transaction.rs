//! Transactions of our own database.

use sqlx::{PgPool, Postgres, Transaction};

/// Begins a transaction.
///
/// Not `PgPool::begin`: when whoever waits for that is gone while `BEGIN` is on its way (a browser that left, a time-out), sqlx 0.9.0 returns
/// the connection to the pool with the transaction open, and everything that is written through it from then on is lost in the end. Here
/// beginning comes to its end by itself, and a transaction that nobody waits for any more is rolled back.
#[expect(clippy::disallowed_methods, reason = "this is the one place that begins transactions")]
pub async fn begin(pool: &PgPool) -> sqlx::Result<Transaction<'static, Postgres>> {
    let pool = pool.clone();
    let begun = tokio::spawn(async move { pool.begin().await });
    begun.await.unwrap_or_else(|interrupted| Err(sqlx::Error::Io(std::io::Error::other(interrupted))))
}

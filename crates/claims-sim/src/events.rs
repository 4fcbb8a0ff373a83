//! What users do on the platform: each is one transaction, as the platform itself would write it.

use anyhow::ensure;
use chrono::{DateTime, NaiveDateTime, Utc};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sqlx::{Connection, MySqlConnection, MySqlTransaction};

use crate::person::uuid;

/// The user signs: a signature file is on record, and pending requirements for it are complete.
pub async fn sign(conn: &mut MySqlConnection, user_id: i64, at: DateTime<Utc>) -> anyhow::Result<()> {
    let at = at.naive_utc();
    let mut transaction = conn.begin().await?;
    let done = sqlx::query("update users set current_signature_file_id = ?, updated_at = ? where id = ?")
        .bind(id_for(user_id, at, 1))
        .bind(at)
        .bind(user_id)
        .execute(&mut *transaction)
        .await?;
    ensure!(done.rows_affected() == 1, "there is no user {user_id}");
    sqlx::query(
        "update claim_requirements r join claims c on c.id = r.claim_id
            set r.status = 'COMPLETE', r.updated_at = ?
          where c.user_id = ? and r.type = 'signature' and lower(r.status) = 'pending'",
    )
    .bind(at)
    .bind(user_id)
    .execute(&mut *transaction)
    .await?;
    note(&mut transaction, user_id, "signature_completed", "Signed in the portal.", at).await?;
    transaction.commit().await?;
    Ok(())
}

/// The user sends everything that was asked for: nothing is pending any more. Returns how many requirements that completed.
pub async fn complete_requirements(conn: &mut MySqlConnection, user_id: i64, at: DateTime<Utc>) -> anyhow::Result<u64> {
    let at = at.naive_utc();
    let mut transaction = conn.begin().await?;
    let done = sqlx::query(
        "update claim_requirements r join claims c on c.id = r.claim_id
            set r.status = 'COMPLETE', r.updated_at = ?
          where c.user_id = ? and lower(r.status) = 'pending'",
    )
    .bind(at)
    .bind(user_id)
    .execute(&mut *transaction)
    .await?;
    note(&mut transaction, user_id, "document_uploaded", "Everything that was asked for was uploaded.", at).await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}

/// The platform closes the user's account to calls.
pub async fn disable(conn: &mut MySqlConnection, user_id: i64, at: DateTime<Utc>) -> anyhow::Result<()> {
    let at = at.naive_utc();
    let mut transaction = conn.begin().await?;
    let done = sqlx::query("update users set is_enabled = 0, updated_at = ? where id = ?")
        .bind(at)
        .bind(user_id)
        .execute(&mut *transaction)
        .await?;
    ensure!(done.rows_affected() == 1, "there is no user {user_id}");
    note(&mut transaction, user_id, "account_disabled", "The account was disabled.", at).await?;
    transaction.commit().await?;
    Ok(())
}

/// All the user's open claims are completed. Returns how many that closed.
pub async fn close_claims(conn: &mut MySqlConnection, user_id: i64, at: DateTime<Utc>) -> anyhow::Result<u64> {
    let at = at.naive_utc();
    let mut transaction = conn.begin().await?;
    let done = sqlx::query(
        "update claims set status = 'complete', updated_at = ?
          where user_id = ? and lower(coalesce(status, '')) not in ('complete', 'completed', 'cancelled')",
    )
    .bind(at)
    .bind(user_id)
    .execute(&mut *transaction)
    .await?;
    note(&mut transaction, user_id, "claim_completed", "All claims were completed.", at).await?;
    transaction.commit().await?;
    Ok(done.rows_affected())
}

async fn note(transaction: &mut MySqlTransaction<'_>, user_id: i64, kind: &str, detail: &str, at: NaiveDateTime) -> sqlx::Result<()> {
    sqlx::query("insert into user_logs (id, user_id, type, detail, created_at, updated_at) values (uuid(), ?, ?, ?, ?, ?)")
        .bind(user_id)
        .bind(kind)
        .bind(detail)
        .bind(at)
        .bind(at)
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// The same event gives the same id, so that a demo can be repeated to the letter.
fn id_for(user_id: i64, at: NaiveDateTime, event: u64) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(user_id.unsigned_abs());
    rng.set_stream(at.and_utc().timestamp().unsigned_abs() << 8 | event);
    uuid(&mut rng)
}

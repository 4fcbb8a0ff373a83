//! The least that reading for discovery can cost: the columns that it reads, from the first row of each table to the last, through the
//! same driver, each row received and forgotten. Prints milliseconds. `scripts/bench` runs it.

use std::time::Instant;

use futures::TryStreamExt as _;
use secrecy::ExposeSecret as _;
use server::config::Config;
use sqlx::{Connection as _, MySqlConnection};

const SCANS: [&str; 3] = [
    "select id, is_enabled, status, current_signature_file_id, phone_number, date_of_birth from users",
    "select user_id, id, type, status, lender, solicitor, created_at from claims",
    "select claim_id, type, claim_requirement_reason, claim_requirement_rejection_reason, created_at
       from claim_requirements where lower(status) = 'pending'",
];

#[expect(clippy::print_stdout, reason = "its answer")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    let mut replica = MySqlConnection::connect(config.replica.url.expose_secret()).await?;
    let began = Instant::now();
    for scan in SCANS {
        let mut rows = sqlx::query(scan).fetch(&mut replica);
        while rows.try_next().await?.is_some() {}
    }
    println!("{}", began.elapsed().as_millis());
    Ok(())
}

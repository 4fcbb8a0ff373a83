//! What discovery costs without what it decides and writes: first the columns that it reads, from the first row of each table to the last,
//! through the same driver, each row received and forgotten, which is the least that reading can cost; then the product's own reader, range
//! by range, one at a time. Prints both in milliseconds. `scripts/bench` runs it.

use std::time::Instant;

use futures::TryStreamExt as _;
use secrecy::ExposeSecret as _;
use server::app::connect_replica;
use server::config::Config;
use sqlx::{Connection as _, MySqlConnection};
use users::Extras;

const SCANS: [&str; 3] = [
    "select id, is_enabled, status, current_signature_file_id, phone_number, date_of_birth from users",
    "select user_id, id, type, status, lender, solicitor, created_at from claims",
    "select claim_id, type, claim_requirement_reason, claim_requirement_rejection_reason, created_at
       from claim_requirements where lower(status) = 'pending'",
];
/// Users in a range, as discovery has them.
const RANGE: u32 = 2_000;

#[expect(clippy::print_stdout, reason = "its answer")]
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let config = Config::from_env()?;
    let mut conn = MySqlConnection::connect(config.replica.url.expose_secret()).await?;
    let began = Instant::now();
    for scan in SCANS {
        let mut rows = sqlx::query(scan).fetch(&mut conn);
        while rows.try_next().await?.is_some() {}
    }
    let scanned = began.elapsed().as_millis();

    let replica = connect_replica(&config.replica)?;
    replica.sample_lag(i64::MAX).await?;
    let watching = tokio::spawn(replica.clone().watch_lag(|| i64::MAX));
    let (began, now) = (Instant::now(), kernel::machine_now());
    let mut after = Some(0);
    while let Some(above) = after {
        after = replica.range_end(above, RANGE).await?;
        replica.within(i64::MAX).range(above, after, Extras::default(), now).await?;
    }
    println!("{scanned} {}", began.elapsed().as_millis());
    watching.abort();
    Ok(())
}

#![doc = include_str!("../README.md")]

mod platform;
mod proxy;
mod round_trips;

pub use platform::{TestPlatform, UserFixture, claim_id};
pub use proxy::TcpProxy;
pub use round_trips::RoundTrips;

/// The migrations, for `#[sqlx::test(migrator = "testkit::MIGRATOR")]`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

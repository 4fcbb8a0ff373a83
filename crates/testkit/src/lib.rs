#![doc = include_str!("../README.md")]

/// The migrations, for `#[sqlx::test(migrator = "testkit::MIGRATOR")]`.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

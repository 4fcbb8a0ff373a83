#![doc = include_str!("../README.md")]

pub mod app;
pub mod carrier;
pub mod cli;
pub mod clock;
mod commands;
pub mod config;
pub mod cron;
pub mod events;
mod health;
pub mod jobs;

mod modules;
mod monitoring;
pub mod router;
mod serve;
mod telemetry;

pub use commands::run;

/// Every migration, in order.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("../../migrations");

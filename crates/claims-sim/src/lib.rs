#![doc = include_str!("../README.md")]

#[rustfmt::skip] // a name a line would be fourteen hundred lines
mod names;
mod person;
mod schema;
mod seed;
mod sql;

pub mod events;

pub use schema::create_schema;
pub use seed::{Population, Report, seed};

#[cfg(test)]
mod tests;

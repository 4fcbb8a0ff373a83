//! The whole server over HTTP, against real databases.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on ends")]

mod architecture;
mod attempts;
mod begun;
mod call_failures;
mod call_next;
mod callbacks;
mod calls;
mod catalogue;
mod commands;
mod contention;
mod corrections;
mod decisions;
mod direct;
mod discovery;
mod guarded;
mod healed;
mod incoming;
mod inputs;
mod killed;
mod messages;
mod migrations;
mod monitoring;
mod notice;
mod on_the_line;
mod orders;
mod outages;
mod pauses;
mod people;
mod presence;
mod promises;
mod proxies;
mod retention;
mod returning;
mod rule_sets;
mod screens;
mod settings;
mod staff;
mod support;
mod transfer;
mod witness;

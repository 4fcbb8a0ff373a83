//! The client from outside: against a server that stands for the carrier, and against the carrier's own helper.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on ends")]

mod npm_helper;
mod rest;
mod support;

//! The emulator from outside: over HTTP and WebSocket, with a receiver of webhooks.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests stand outside test functions")]

mod admin;
mod calls;
mod hearing;
mod participants;
mod recordings;
mod rest;
mod signal;
mod support;
mod webhooks;

//! The emulator from outside: over HTTP and WebSocket, with a receiver of webhooks.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests stand outside test functions")]

mod admin;
mod calls;
mod clients;
mod dial;
mod hearing;
mod keys;
mod messages;
mod participants;
mod phone;
mod queue;
mod recordings;
mod rest;
mod signal;
mod support;
mod webhooks;

#![doc = include_str!("../README.md")]

mod admin;
mod auth;
mod cast;
mod clock;
mod config;
mod core;
mod emulator;
mod faults;
mod journal;
mod life;
mod media;
mod messages;
mod model;
mod page;
mod queues;
mod recordings;
mod rest;
mod scenario;
mod sid;
mod signal;
mod twiml;
mod webhook;

pub use auth::{TokenClaims, TokenFault, sign, verify_token};
pub use cast::Mix;
pub use config::{Application, Config, Inbound};
pub use emulator::Emulator;

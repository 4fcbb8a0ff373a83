#![doc = include_str!("../README.md")]

mod handset;
mod platform;
mod proxy;
mod redis;
mod replica;
mod round_trips;
mod seed;

pub use handset::Handset;
pub use platform::{TestPlatform, UserFixture, claim_id};
pub use proxy::TcpProxy;
pub use redis::TestRedis;
pub use replica::TestReplica;
pub use round_trips::RoundTrips;
pub use seed::{Seeded, seeded, times};

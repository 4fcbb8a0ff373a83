//! Signalling: the WebSocket that the voice SDK keeps open, and the messages on it (PStream 1.6).

mod frame;
mod lines;
mod socket;

pub use self::lines::Lines;
pub use self::socket::accept;

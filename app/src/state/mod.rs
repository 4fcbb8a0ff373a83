//! What the screens share: who is signed in, what the server said changed, the clock, what was asked and answered.

pub(crate) mod address;
pub(crate) mod announce;
pub(crate) mod calls;
pub(crate) mod clock;
pub(crate) mod console;
pub(crate) mod live;
pub(crate) mod press;
pub(crate) mod promise;
pub(crate) mod query;
pub(crate) mod ringing;
pub(crate) mod session;
pub(crate) mod slot;
pub(crate) mod transfer;

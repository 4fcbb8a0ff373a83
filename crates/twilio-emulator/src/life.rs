//! The lives of calls: one task each, from the first ring to the end.

mod caller;
mod client;
mod dial;
mod party;
mod ring;
mod script;
mod sound;

pub use self::caller::{Incoming, come_in};
pub use self::client::{Invited, invite};
pub use self::dial::{Detection, Dialled, Party, Then, dial};
pub use self::script::beeps;
pub use self::sound::{Hearers, announce, hold};
use crate::core::Core;
use crate::model::{CallStatus, Endpoint, Left};

/// What a call's task is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// The call is over.
    Hangup(Cause),
    /// The conference goes on without it, or is over.
    Dropped,
    /// The conference has started.
    Started,
    /// Leave everything and follow other TwiML.
    Redirect(Source),
    /// The browser that is rung takes the call.
    PickedUp,
    /// Whoever is rung does not want the call.
    Declined,
    /// The party pressed a key.
    Key(char),
    /// A call that this one dialled was answered.
    Answered(String),
    /// A call that this one dialled or talked to is over, and how.
    Ended(String, CallStatus),
    /// Somebody takes this call out of the queue that it waits in: their call.
    Connect(String),
    /// The sounds of a queue let the caller go on.
    Leave,
}

/// Who ends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The browser said so, and need not be told.
    Browser,
    /// The party put down the telephone.
    Party,
    /// REST.
    Api,
    /// The browser's socket was away for too long.
    Lost,
    /// The call has lasted as long as it may.
    TimeLimit,
    /// The emulator forgets all calls.
    Reset,
}

/// Where TwiML comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An application, which is asked.
    Url(Endpoint),
    /// It was given.
    Inline(String),
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// There is no more TwiML.
    Finished,
    /// It was never answered: as busy, or else.
    Rejected(bool),
    /// Somebody ended it.
    By(Cause),
}

/// Why a call leaves everything it does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Break {
    /// It is over.
    Over(Cause),
    /// It is to follow other TwiML.
    Elsewhere(Source),
}

/// The call is over: its last status, its place in a conference, its sound.
fn finish(core: &Core, call_sid: &str, status: CallStatus, why: Left) {
    core.change(|model, now| {
        let mut effects = model.advance(call_sid, status, now);
        effects.extend(model.leave(call_sid, why, now));
        effects
    });
    // Whoever took it out of a queue waits for it.
    if let Some(other) = core.queues().forget(call_sid) {
        core.order(&other, Order::Ended(call_sid.to_owned(), status));
    }
    core.media.remove(call_sid);
}

impl Cause {
    fn left(self) -> Left {
        match self {
            Self::Api | Self::Reset => Left::ByApi,
            _ => Left::HungUp,
        }
    }
}

use serde::{Deserialize, Serialize};

use crate::AgentId;

/// Says that something a screen shows has changed. It carries no data: the screen asks again for what it shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// Who waits in a queue, or how many.
    Queues,
    /// This agent's presence or account, or whom they hold. It names the agent so that a hundred consoles do not all ask
    /// again for what one of them did.
    Agent(AgentId),
    /// The note of this agent's call: kept many times in a call, and nothing else has changed.
    Note(AgentId),
    /// Hints may have been missed: ask again for everything.
    Everything,
}

#[cfg(feature = "ssr")]
pub use sender::Hints;

#[cfg(feature = "ssr")]
mod sender {
    use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

    use super::Hint;

    /// Where a service drops a hint after its commit. Sending never waits and never fails.
    #[derive(Clone, Debug)]
    pub struct Hints(UnboundedSender<Hint>);

    impl Hints {
        /// The sending and the receiving end. The server notifies the other servers of what it receives, in one
        /// coalesced statement, never inside a transaction: `notify` takes a lock of the whole instance through commit.
        pub fn channel() -> (Self, UnboundedReceiver<Hint>) {
            let (sender, receiver) = unbounded_channel();
            (Self(sender), receiver)
        }

        /// Says that something changed.
        pub fn send(&self, hint: Hint) {
            // No receiver means that the server is stopping: nobody is left to be told.
            let _ = self.0.send(hint);
        }
    }
}

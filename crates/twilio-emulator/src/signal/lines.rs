//! Which browser each call belongs to, and how to reach it: a line outlives the socket that it was made on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio::sync::mpsc;

use super::frame;
use crate::sid;

/// How long a call may be without its socket when the SDK asks for no other time.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a socket's task is told.
#[derive(Debug)]
pub enum Out {
    /// Send this text.
    Text(String),
    /// Close without a word.
    Drop,
}

#[derive(Debug)]
struct Socket {
    out: mpsc::UnboundedSender<Out>,
    identity: Option<String>,
    is_registered: bool,
}

#[derive(Debug)]
struct Line {
    identity: String,
    socket: Option<u64>,
    /// The SDK's own name for the call, until it has learnt the real one.
    alias: String,
    knows_sid: bool,
    /// Whoever knows it may go on with the call.
    token: Option<String>,
    patience: Duration,
    /// Grows whenever the line is lost or found, so that an old alarm is not taken for a new one.
    turn: u64,
}

/// A line that has lost its socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub call_sid: String,
    pub patience: Duration,
    pub turn: u64,
}

/// Who is connected, for the admin API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// Whom the token is for.
    pub identity: String,
    /// Incoming calls may come.
    pub is_registered: bool,
}

#[derive(Debug, Default)]
struct Exchange {
    next: u64,
    sockets: HashMap<u64, Socket>,
    lines: HashMap<String, Line>,
}

/// All sockets and lines.
#[derive(Debug, Default)]
pub struct Lines(Mutex<Exchange>);

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Exchange> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A socket is open.
    pub fn connect(&self, out: mpsc::UnboundedSender<Out>) -> u64 {
        let mut exchange = self.lock();
        exchange.next += 1;
        let id = exchange.next;
        exchange.sockets.insert(id, Socket { out, identity: None, is_registered: false });
        id
    }

    /// Whose socket it is, as a token said.
    pub fn identify(&self, socket: u64, identity: &str) {
        if let Some(socket) = self.lock().sockets.get_mut(&socket) {
            socket.identity = Some(identity.to_owned());
        }
    }

    /// Incoming calls may come to it, or no longer.
    pub fn register(&self, socket: u64, is_registered: bool) {
        if let Some(socket) = self.lock().sockets.get_mut(&socket) {
            socket.is_registered = is_registered;
        }
    }

    /// Everybody who has shown a token.
    pub fn presence(&self) -> Vec<Presence> {
        let exchange = self.lock();
        let sockets = exchange.sockets.values();
        let present = |socket: &Socket| socket.identity.clone().map(|identity| Presence { identity, is_registered: socket.is_registered });
        let mut present: Vec<_> = sockets.filter_map(present).collect();
        present.sort_by(|one, other| one.identity.cmp(&other.identity));
        present
    }

    /// A socket is gone; answers the calls that wait for another from now on.
    pub fn disconnect(&self, socket: u64) -> Vec<Lost> {
        let mut exchange = self.lock();
        exchange.sockets.remove(&socket);
        let mut lost = Vec::new();
        for (call_sid, line) in &mut exchange.lines {
            if line.socket == Some(socket) {
                line.socket = None;
                line.turn += 1;
                lost.push(Lost { call_sid: call_sid.clone(), patience: line.patience, turn: line.turn });
            }
        }
        lost
    }

    /// A call begins on a socket. `patience` of zero stands for the usual.
    pub fn open(&self, call_sid: &str, socket: u64, identity: &str, alias: &str, patience: Duration) {
        let patience = if patience.is_zero() { PATIENCE } else { patience };
        let line = Line {
            identity: identity.to_owned(),
            socket: Some(socket),
            alias: alias.to_owned(),
            knows_sid: false,
            token: None,
            patience,
            turn: 0,
        };
        self.lock().lines.insert(call_sid.to_owned(), line);
    }

    /// A call is over.
    pub fn close(&self, call_sid: &str) {
        self.lock().lines.remove(call_sid);
    }

    /// Sends a message to the browser of a call, if it is there. It learns the call's sid with the first ringing or answer; until then
    /// it only listens to its own name for the call.
    pub fn tell(&self, call_sid: &str, kind: &str, payload: &mut Value) {
        let mut exchange = self.lock();
        if let Some(line) = exchange.lines.get_mut(call_sid) {
            line.knows_sid |= matches!(kind, "ringing" | "answer");
            payload["callsid"] = if line.knows_sid { call_sid.into() } else { line.alias.clone().into() };
        }
        let socket = exchange.lines.get(call_sid).and_then(|line| line.socket).and_then(|id| exchange.sockets.get(&id));
        if let Some(socket) = socket {
            let _closing = socket.out.send(Out::Text(frame::write(kind, payload)));
        }
    }

    /// The call that a browser on this socket means by `name`: its sid, or the SDK's own name for it.
    pub fn find(&self, socket: u64, name: &str) -> Option<String> {
        let exchange = self.lock();
        let mut lines = exchange.lines.iter().filter(|(_, line)| line.socket == Some(socket));
        lines.find(|(call_sid, line)| *call_sid == name || line.alias == name).map(|(call_sid, _)| call_sid.clone())
    }

    /// A new token with which the call can be gone on with; the last one is void.
    pub fn reconnect_token(&self, call_sid: &str) -> Option<String> {
        let token = sid::new("");
        self.lock().lines.get_mut(call_sid).map(|line| line.token = Some(token.clone()))?;
        Some(token)
    }

    /// A browser goes on with a call on another socket, or again on the same. False when there is no such call, or the token is void, or
    /// it is somebody else's call.
    pub fn resume(&self, call_sid: &str, token: &str, identity: &str, socket: u64) -> bool {
        let mut exchange = self.lock();
        let line = exchange.lines.get_mut(call_sid);
        let Some(line) = line.filter(|line| line.identity == identity && line.token.as_deref() == Some(token)) else { return false };
        line.socket = Some(socket);
        line.turn += 1;
        true
    }

    /// Nobody has found the line since it was lost.
    pub fn is_still(&self, lost: &Lost) -> bool {
        self.lock().lines.get(&lost.call_sid).is_some_and(|line| line.turn == lost.turn)
    }

    /// Closes every socket without a word. Answers how many.
    pub fn drop_all(&self) -> usize {
        let exchange = self.lock();
        for socket in exchange.sockets.values() {
            let _closing = socket.out.send(Out::Drop);
        }
        exchange.sockets.len()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lines() -> (Lines, u64, mpsc::UnboundedReceiver<Out>) {
        let lines = Lines::default();
        let (out, said) = mpsc::unbounded_channel();
        let socket = lines.connect(out);
        lines.open("CA1", socket, "agent", "TJS1", Duration::from_secs(3));
        (lines, socket, said)
    }

    #[test]
    fn a_call_is_known_by_both_its_names_on_its_own_socket() {
        let (lines, socket, _said) = lines();
        assert_eq!(lines.find(socket, "TJS1"), Some("CA1".to_owned()));
        assert_eq!(lines.find(socket, "CA1"), Some("CA1".to_owned()));
        assert_eq!(lines.find(socket + 1, "CA1"), None);
        assert_eq!(lines.find(socket, "CA2"), None);
    }

    #[test]
    fn a_line_is_found_again_by_its_owner_with_the_latest_token() {
        let (lines, socket, _said) = lines();
        let old = lines.reconnect_token("CA1").unwrap();
        let token = lines.reconnect_token("CA1").unwrap();
        let [lost] = <[Lost; 1]>::try_from(lines.disconnect(socket)).unwrap();
        assert_eq!((lost.call_sid.as_str(), lost.patience), ("CA1", Duration::from_secs(3)));
        assert!(lines.is_still(&lost));

        let (out, mut said) = mpsc::unbounded_channel();
        let again = lines.connect(out);
        assert!(!lines.resume("CA1", &old, "agent", again), "an old token");
        assert!(!lines.resume("CA1", &token, "somebody else", again));
        assert!(!lines.resume("CA2", &token, "agent", again));
        assert!(lines.resume("CA1", &token, "agent", again));
        assert!(!lines.is_still(&lost));
        lines.tell("CA1", "hangup", &mut json!({}));
        assert!(matches!(said.try_recv(), Ok(Out::Text(text)) if text.contains("hangup")));
    }

    #[test]
    fn a_browser_is_told_by_the_name_that_it_knows() {
        let (lines, _socket, mut said) = lines();
        for kind in ["hangup", "answer", "hangup"] {
            lines.tell("CA1", kind, &mut json!({}));
        }
        let names = std::iter::from_fn(|| match said.try_recv() {
            Ok(Out::Text(text)) => Some(if text.contains("TJS1") { "TJS1" } else { "CA1" }),
            _ => None,
        });
        assert_eq!(names.collect::<Vec<_>>(), ["TJS1", "CA1", "CA1"]);
    }

    #[test]
    fn a_call_that_is_over_cannot_be_gone_on_with() {
        let (lines, socket, _said) = lines();
        let token = lines.reconnect_token("CA1").unwrap();
        lines.close("CA1");
        assert!(!lines.resume("CA1", &token, "agent", socket));
        assert_eq!(lines.reconnect_token("CA1"), None);
    }
}

//! Which browser each call belongs to, and how to reach it: a line outlives the socket that it was made on.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
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
    /// How long its calls may be without it.
    patience: Duration,
}

#[derive(Debug)]
struct Line {
    identity: String,
    socket: Option<u64>,
    /// The sockets on which the browser is rung; one of them may become the line's own.
    ringing: Vec<u64>,
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

impl Exchange {
    fn say(&self, sockets: &[u64], kind: &str, payload: &Value) {
        for socket in sockets.iter().filter_map(|id| self.sockets.get(id)) {
            let _closing = socket.out.send(Out::Text(frame::write(kind, payload)));
        }
    }
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
        exchange.sockets.insert(id, Socket { out, identity: None, is_registered: false, patience: PATIENCE });
        id
    }

    /// Whose socket it is, as a token said. `patience` of zero stands for the usual.
    pub fn identify(&self, socket: u64, identity: &str, patience: Duration) {
        if let Some(socket) = self.lock().sockets.get_mut(&socket) {
            socket.identity = Some(identity.to_owned());
            socket.patience = if patience.is_zero() { PATIENCE } else { patience };
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
            line.ringing.retain(|known| *known != socket);
            if line.socket == Some(socket) {
                line.socket = None;
                line.turn += 1;
                lost.push(Lost { call_sid: call_sid.clone(), patience: line.patience, turn: line.turn });
            }
        }
        lost
    }

    /// A call begins on a socket.
    pub fn open(&self, call_sid: &str, socket: u64, identity: &str, alias: &str) {
        let mut exchange = self.lock();
        let patience = exchange.sockets.get(&socket).map_or(PATIENCE, |socket| socket.patience);
        let line = Line {
            identity: identity.to_owned(),
            socket: Some(socket),
            ringing: Vec::new(),
            alias: alias.to_owned(),
            knows_sid: false,
            token: None,
            patience,
            turn: 0,
        };
        exchange.lines.insert(call_sid.to_owned(), line);
    }

    /// Everybody of that name who takes calls is rung from now on. False when there is nobody.
    pub fn ring(&self, call_sid: &str, identity: &str) -> bool {
        let mut exchange = self.lock();
        let takes_calls = |socket: &Socket| socket.is_registered && socket.identity.as_deref() == Some(identity);
        let ringing: Vec<u64> = exchange.sockets.iter().filter(|(_, socket)| takes_calls(socket)).map(|(id, _)| *id).collect();
        if ringing.is_empty() {
            return false;
        }
        let line = Line {
            identity: identity.to_owned(),
            socket: None,
            ringing,
            alias: call_sid.to_owned(),
            knows_sid: true,
            token: None,
            patience: PATIENCE,
            turn: 0,
        };
        exchange.lines.insert(call_sid.to_owned(), line);
        true
    }

    /// One of those who are rung takes the call; the others are told that it is gone. False when it was not theirs to take.
    pub fn pick_up(&self, call_sid: &str, socket: u64) -> bool {
        let mut exchange = self.lock();
        let patience = exchange.sockets.get(&socket).map_or(PATIENCE, |socket| socket.patience);
        let Some(line) = exchange.lines.get_mut(call_sid).filter(|line| line.ringing.contains(&socket)) else { return false };
        line.socket = Some(socket);
        line.patience = patience;
        let others: Vec<u64> = std::mem::take(&mut line.ringing).into_iter().filter(|other| *other != socket).collect();
        exchange.say(&others, "cancel", &json!({"callsid": call_sid}));
        true
    }

    /// One of those who are rung does not want the call. True when nobody is rung any more.
    pub fn decline(&self, call_sid: &str, socket: u64) -> bool {
        let mut exchange = self.lock();
        let Some(line) = exchange.lines.get_mut(call_sid).filter(|line| line.ringing.contains(&socket)) else { return false };
        line.ringing.retain(|known| *known != socket);
        line.ringing.is_empty()
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
        let Some(line) = exchange.lines.get(call_sid) else { return };
        let sockets = line.socket.map_or_else(|| line.ringing.clone(), |socket| vec![socket]);
        exchange.say(&sockets, kind, payload);
    }

    /// The call that a browser on this socket means by `name`: its sid, or the SDK's own name for it.
    pub fn find(&self, socket: u64, name: &str) -> Option<String> {
        let exchange = self.lock();
        let mut lines = exchange.lines.iter().filter(|(_, line)| line.socket == Some(socket) || line.ringing.contains(&socket));
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
    use super::*;

    fn lines() -> (Lines, u64, mpsc::UnboundedReceiver<Out>) {
        let lines = Lines::default();
        let (out, said) = mpsc::unbounded_channel();
        let socket = lines.connect(out);
        lines.identify(socket, "agent", Duration::from_secs(3));
        lines.open("CA1", socket, "agent", "TJS1");
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
    fn everybody_of_that_name_is_rung_and_one_takes_the_call() {
        let lines = Lines::default();
        let mut phones: Vec<_> = ["agent", "agent", "agent", "other"]
            .into_iter()
            .map(|identity| {
                let (out, said) = mpsc::unbounded_channel();
                let socket = lines.connect(out);
                lines.identify(socket, identity, Duration::ZERO);
                (socket, said)
            })
            .collect();
        assert!(!lines.ring("CA1", "agent"), "nobody takes calls yet");
        for at in [0, 1, 3] {
            lines.register(phones[at].0, true);
        }
        assert!(lines.ring("CA1", "agent"));
        lines.tell("CA1", "invite", &mut json!({}));
        assert!(!lines.pick_up("CA1", phones[3].0), "not theirs");
        assert_eq!(lines.find(phones[1].0, "CA1"), Some("CA1".to_owned()));
        assert!(lines.pick_up("CA1", phones[1].0));
        assert!(!lines.pick_up("CA1", phones[0].0), "it is taken");
        lines.tell("CA1", "hangup", &mut json!({}));

        let mut heard = |at: usize| {
            let texts = std::iter::from_fn(|| match phones[at].1.try_recv() {
                Ok(Out::Text(text)) => serde_json::from_str::<Value>(&text).ok(),
                _ => None,
            });
            texts.map(|frame| frame["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(heard(0), ["invite", "cancel"]);
        assert_eq!(heard(1), ["invite", "hangup"]);
        assert!(heard(2).is_empty() && heard(3).is_empty());
    }

    #[test]
    fn a_call_is_declined_when_everybody_who_is_rung_declines() {
        let lines = Lines::default();
        let sockets: Vec<u64> = (0..2).map(|_| lines.connect(mpsc::unbounded_channel().0)).collect();
        for socket in &sockets {
            lines.identify(*socket, "agent", Duration::ZERO);
            lines.register(*socket, true);
        }
        lines.ring("CA1", "agent");
        assert!(!lines.decline("CA1", sockets[0]));
        assert!(lines.decline("CA1", sockets[1]));
        assert!(!lines.decline("CA1", sockets[1]), "nobody declines twice");
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

//! The server's hints: one event stream for the whole application. A hint carries no data; whatever shows something
//! that may have changed asks for it again.

use std::time::Duration;

use kernel::{AgentId, Hint};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventSource, MessageEvent};

use super::clock::now_millis;
use super::session::Session;

/// At most one refetch of a kind in this many milliseconds; after a quiet time, at once. A hundred agents change the counts
/// many times a second, and nobody reads a figure faster than this. The last change is never lost: whatever comes too soon
/// is made up for when the time has passed.
const AT_MOST_EVERY: f64 = 2_000.0;
/// Hints about whoever is signed in here are few, and their calls are among them: ringing, answered, over.
const MINE_AT_MOST_EVERY: f64 = 150.0;
/// The server's stream beats every 10 s. When nothing has come for so long, a beat was missed and its successor is late: the server is lost, whatever
/// the browser thinks of the stream.
const LOST_AFTER: f64 = 18_000.0;
/// How often that is looked at. A hidden page is let look once a minute, and answers its beats all the same.
const LOOK: Duration = Duration::from_secs(2);
/// A stream that was refused is tried again after this time.
const AFTER_A_REFUSAL: Duration = Duration::from_secs(3);

/// How the event stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// Opening for the first time.
    Connecting,
    /// Open.
    Connected,
    /// Lost; the browser tries again by itself.
    Reconnecting,
}

impl Connection {
    /// The word on a screen.
    pub(crate) const fn label(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Connected => "connected",
            Self::Reconnecting => "no connection",
        }
    }
}

/// Counts up when something of its kind may have changed.
#[derive(Clone, Copy)]
pub(crate) struct Version {
    number: RwSignal<u64>,
    bumped_at: StoredValue<f64>,
    is_due: StoredValue<bool>,
    is_mine: bool,
}

impl Version {
    fn new(is_mine: bool) -> Self {
        Self { number: RwSignal::new(0), bumped_at: StoredValue::new(f64::NEG_INFINITY), is_due: StoredValue::new(false), is_mine }
    }

    /// Whoever calls this is called again when something of the kind may have changed.
    pub(crate) fn track(self) {
        self.number.track();
    }

    /// Something of the kind may have changed.
    pub(crate) fn bump(self) {
        // The timers of a hidden page run once a minute, and a call may ring.
        let is_at_once = self.is_mine && document().hidden();
        let at_most_every = if self.is_mine { MINE_AT_MOST_EVERY } else { AT_MOST_EVERY };
        match wait_millis(self.bumped_at.get_value(), now_millis(), at_most_every) {
            millis if millis == 0 || is_at_once => self.bump_now(),
            _ if self.is_due.get_value() => {}
            millis => {
                self.is_due.set_value(true);
                let bump = move || {
                    if self.is_due.try_get_value() == Some(true) {
                        self.bump_now();
                    }
                };
                set_timeout(bump, Duration::from_millis(millis));
            }
        }
    }

    fn bump_now(self) {
        self.is_due.set_value(false);
        self.bumped_at.set_value(now_millis());
        self.number.update(|number| *number += 1);
    }
}

/// How long to wait so that two bumps are not too close.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped between 0 and some seconds")]
fn wait_millis(last: f64, now: f64, at_most_every: f64) -> u64 {
    (last + at_most_every - now).clamp(0.0, at_most_every).ceil() as u64
}

/// What a hint may be about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Queues,
    Agents,
    Me,
    MyNote,
    Everything,
}

/// What this hint is about, where `me` is signed in.
fn about(hint: Hint, me: Option<AgentId>) -> &'static [Kind] {
    match hint {
        Hint::Queues => &[Kind::Queues],
        Hint::Agent(agent) if me == Some(agent) => &[Kind::Agents, Kind::Me],
        Hint::Agent(_) => &[Kind::Agents],
        Hint::Note(agent) if me == Some(agent) => &[Kind::MyNote],
        Hint::Note(_) => &[],
        Hint::Everything => &[Kind::Queues, Kind::Agents, Kind::Me, Kind::Everything],
    }
}

/// The event stream and what it has said.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    /// How the stream is.
    pub(crate) connection: RwSignal<Connection>,
    /// Who waits in a queue, or how many.
    pub(crate) queues: Version,
    /// Any agent's presence, or what any agent holds: for whoever sees the floor.
    pub(crate) agents: Version,
    /// The same of whoever is signed in here: another window of theirs may have changed it.
    pub(crate) me: Version,
    /// The note of their call.
    pub(crate) my_note: Version,
    /// Hints may have been missed.
    pub(crate) everything: Version,
    /// Until when the stream was open last; zero, when the page was opened, before it ever was.
    was_open_until: StoredValue<f64>,
    /// When something was heard last, or the stream was last begun.
    heard_at: StoredValue<f64>,
    session: Session,
    open: StoredValue<Option<Stream>, LocalStorage>,
}

/// What keeps the stream alive: the source and the functions that it calls.
struct Stream {
    source: EventSource,
    _on_open: Closure<dyn FnMut(Event)>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_beat: Closure<dyn FnMut(Event)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onmessage(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}

impl Live {
    /// Listens for as long as the screen that called this is there.
    pub(crate) fn start(session: Session) -> Self {
        let live = Self {
            connection: RwSignal::new(Connection::Connecting),
            queues: Version::new(false),
            agents: Version::new(false),
            me: Version::new(true),
            my_note: Version::new(true),
            everything: Version::new(false),
            was_open_until: StoredValue::new(0.0),
            heard_at: StoredValue::new(0.0),
            session,
            open: StoredValue::new_local(None),
        };
        live.listen();
        if let Ok(looking) = set_interval_with_handle(move || live.look(), LOOK) {
            on_cleanup(move || looking.clear());
        }
        on_cleanup(move || {
            let _ = live.open.try_update_value(Option::take);
        });
        live
    }

    /// Since when the server has not been heard; nothing while it is.
    pub(crate) fn silent_since(self) -> Option<f64> {
        self.connection
            .try_get()
            .filter(|connection| *connection != Connection::Connected)
            .and_then(|_| self.was_open_until.try_get_value())
    }

    /// Nothing was heard for too long: the stream is dead, though neither side has been told, and another is begun.
    fn look(self) {
        let heard_at = self.heard_at.get_value();
        if now_millis() - heard_at > LOST_AFTER {
            self.lost_at(heard_at);
            self.listen();
        }
    }

    fn listen(self) {
        self.heard_at.set_value(now_millis());
        let Ok(source) = EventSource::new("/api/events") else {
            self.connection.set(Connection::Reconnecting);
            return;
        };
        let on_open = Closure::<dyn FnMut(Event)>::new(move |_| self.opened());
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| self.heard(&message));
        let on_beat = Closure::<dyn FnMut(Event)>::new(move |_| self.beat());
        let failing = source.clone();
        let on_error = Closure::<dyn FnMut(Event)>::new(move |_| self.lost(failing.ready_state() == EventSource::CLOSED));
        source.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        source.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        source.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // It fails only for what is no function.
        let _ = source.add_event_listener_with_callback("beat", on_beat.as_ref().unchecked_ref());
        self.open.set_value(Some(Stream { source, _on_open: on_open, _on_message: on_message, _on_beat: on_beat, _on_error: on_error }));
    }

    /// Open: after a loss, hints may have been missed.
    fn opened(self) {
        self.heard_at.set_value(now_millis());
        if self.connection.get_untracked() == Connection::Reconnecting {
            self.bump(Hint::Everything);
        }
        self.connection.set(Connection::Connected);
    }

    /// Says that the page is there. Not by a timer of its own: a page that is hidden has few of them, and one that is frozen is to say nothing.
    fn beat(self) {
        self.heard_at.set_value(now_millis());
        spawn_local(async move {
            if let Err(error) = auth::here().await {
                self.session.noticed(&error);
            }
        });
    }

    fn heard(self, message: &MessageEvent) {
        self.heard_at.set_value(now_millis());
        // A hint of a newer server than this page: whatever it is about, asking for everything is right.
        let hint = message.data().as_string().and_then(|data| serde_json::from_str(&data).ok()).unwrap_or(Hint::Everything);
        self.bump(hint);
    }

    fn bump(self, hint: Hint) {
        for kind in about(hint, self.session.agent()) {
            match kind {
                Kind::Queues => self.queues.bump(),
                Kind::Agents => self.agents.bump(),
                Kind::Me => self.me.bump(),
                Kind::MyNote => self.my_note.bump(),
                Kind::Everything => self.everything.bump(),
            }
        }
    }

    fn lost_at(self, at: f64) {
        if self.connection.try_get_untracked() == Some(Connection::Connected) {
            self.was_open_until.set_value(at);
        }
        self.connection.set(Connection::Reconnecting);
    }

    /// Lost. The browser tries again by itself, unless the server refused: then either nobody is signed in any more, or
    /// the server was not ready.
    fn lost(self, is_refused: bool) {
        self.lost_at(now_millis());
        if is_refused {
            self.session.ask();
            set_timeout(
                move || {
                    if self.open.try_with_value(Option::is_some) == Some(true) {
                        self.listen();
                    }
                },
                AFTER_A_REFUSAL,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bumps_are_two_seconds_apart() {
        let wait_millis = |last, now| wait_millis(last, now, AT_MOST_EVERY);
        assert_eq!(wait_millis(f64::NEG_INFINITY, 10.0), 0);
        assert_eq!(wait_millis(1_000.0, 1_000.0), 2_000);
        assert_eq!(wait_millis(1_000.0, 1_120.5), 1_880);
        assert_eq!(wait_millis(1_000.0, 3_000.0), 0);
        assert_eq!(wait_millis(1_000.0, 9_000.0), 0);
    }

    #[test]
    fn a_console_looks_at_itself_only_when_it_is_meant() {
        let (hannah, marcus) = (AgentId::new(7), AgentId::new(8));

        assert_eq!(about(Hint::Queues, Some(hannah)), [Kind::Queues]);
        assert_eq!(about(Hint::Agent(hannah), Some(hannah)), [Kind::Agents, Kind::Me]);
        assert_eq!(about(Hint::Agent(marcus), Some(hannah)), [Kind::Agents]);
        assert_eq!(about(Hint::Agent(marcus), None), [Kind::Agents]);
        assert_eq!(about(Hint::Note(hannah), Some(hannah)), [Kind::MyNote]);
        assert_eq!(about(Hint::Note(marcus), Some(hannah)), []);
        assert_eq!(about(Hint::Everything, Some(hannah)), [Kind::Queues, Kind::Agents, Kind::Me, Kind::Everything]);
    }
}

//! Who is signed in.

use auth::{Engagement, Intention, Me, Role};
use kernel::{AgentId, ErrorCode, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::clock::Received;

/// What is known of it.
#[derive(Clone, Debug)]
pub(crate) enum Signed {
    /// Not asked yet, or the answer is on its way.
    Unknown,
    /// The question could not be answered.
    Unanswered(WireError),
    /// Somebody is.
    In(Received<Me>),
    /// Nobody is, and why.
    Out(Why),
}

/// Why nobody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// Nobody was when the page was opened.
    NotYet,
    /// By their own wish.
    SignedOut,
    /// The session ended.
    Ended,
}

impl Why {
    /// Where to go, so that the page there can say why.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::NotYet => "/sign-in",
            Self::SignedOut => "/sign-in?reason=signed_out",
            Self::Ended => "/sign-in?reason=ended",
        }
    }

    /// What the page there says about it.
    pub(crate) fn words(reason: &str) -> Option<&'static str> {
        match reason {
            "signed_out" => Some("You are signed out. Have a good rest of the day."),
            "ended" => Some("Your session has ended. Sign in again; whoever was with you is back in the queue."),
            _ => None,
        }
    }
}

/// Who is signed in, for every screen.
#[derive(Clone, Copy)]
pub(crate) struct Session {
    signed: RwSignal<Signed>,
    /// How often this browser has begun or ended a change of it: an answer to a question asked before is out of date.
    changes: StoredValue<u32>,
}

impl Session {
    /// Asks the server who is, unless nobody has signed in on this browser: then there is no need to be refused.
    pub(crate) fn start() -> Self {
        if !mark::is_set() {
            return Self::with(Signed::Out(Why::NotYet));
        }
        let session = Self::with(Signed::Unknown);
        session.ask();
        session
    }

    fn with(signed: Signed) -> Self {
        Self { signed: RwSignal::new(signed), changes: StoredValue::new(0) }
    }

    /// Asks the server again who is. Whoever has left is not asked about: the page of the sign-in is on its way.
    pub(crate) fn ask(self) {
        if self.signed.with_untracked(|signed| matches!(signed, Signed::Out(_))) {
            return;
        }
        let asked_at = self.changes.get_value();
        spawn_local(async move {
            let answer = auth::me().await;
            if self.changes.get_value() != asked_at {
                return;
            }
            match answer {
                Ok(me) => self.show(me),
                Err(error) if error.code == ErrorCode::Unauthenticated => self.noticed(&error),
                // Whoever was signed in stays so on the screen: the server refuses what is no longer allowed.
                Err(error) => self.signed.update(|signed| {
                    if !matches!(signed, Signed::In(_)) {
                        *signed = Signed::Unanswered(error);
                    }
                }),
            }
        });
    }

    /// A change of who is signed in, or of what they want to be, is on its way to the server.
    pub(crate) fn is_changing(self) {
        self.changes.update_value(|changes| *changes += 1);
    }

    /// The server confirmed a change.
    pub(crate) fn is(self, me: Me) {
        self.is_changing();
        self.show(me);
    }

    fn show(self, me: Me) {
        mark::set();
        self.signed.set(Signed::In(Received::now(me)));
    }

    /// An error came from anywhere: when it says that nobody is signed in, nobody is.
    pub(crate) fn noticed(self, error: &WireError) {
        if error.code == ErrorCode::Unauthenticated {
            // Signing out in another window has taken the mark away.
            let why = if mark::is_set() { Why::Ended } else { Why::SignedOut };
            mark::clear();
            self.leave(why);
        }
    }

    /// Once: a second time would abort the loading of the page that the first began.
    fn leave(self, why: Why) {
        if !self.signed.with_untracked(|signed| matches!(signed, Signed::Out(_))) {
            self.signed.set(Signed::Out(why));
        }
    }

    /// Signs out. The screen leaves at once when the server has confirmed it.
    pub(crate) fn sign_out(self, failed: impl FnOnce(WireError) + 'static) {
        self.is_changing();
        spawn_local(async move {
            match auth::sign_out().await {
                Ok(()) => {
                    self.is_changing();
                    mark::clear();
                    self.leave(Why::SignedOut);
                }
                Err(error) => {
                    self.noticed(&error);
                    if error.code != ErrorCode::Unauthenticated {
                        failed(error);
                    }
                }
            }
        });
    }

    /// What is known.
    pub(crate) fn signed(self) -> Signed {
        self.signed.get()
    }

    /// Something of whoever is signed in.
    pub(crate) fn map<U>(self, of: impl FnOnce(&Received<Me>) -> U) -> Option<U> {
        self.signed.with(|signed| if let Signed::In(me) = signed { Some(of(me)) } else { None })
    }

    /// What the agent wants to be; offline when nobody is signed in.
    pub(crate) fn intention(self) -> Intention {
        self.map(|me| me.value.intention).unwrap_or(Intention::Offline)
    }

    /// The same, for whatever happens once.
    pub(crate) fn intention_now(self) -> Intention {
        untrack(move || self.intention())
    }

    /// What the agent is doing beside it.
    pub(crate) fn engagement(self) -> Option<Engagement> {
        self.map(|me| me.value.engagement).flatten()
    }

    /// Who it is, for whatever happens outside of the screen's parts.
    pub(crate) fn agent(self) -> Option<AgentId> {
        self.signed.with_untracked(|signed| if let Signed::In(me) = signed { Some(me.value.id) } else { None })
    }

    /// Whether the floor may be seen.
    pub(crate) fn sees_the_floor(self) -> bool {
        self.map(|me| me.value.role >= Role::Supervisor).unwrap_or(false)
    }

    /// The queues they may take people from; none: all of them.
    pub(crate) fn queues(self) -> Option<Vec<kernel::QueueKind>> {
        self.map(|me| me.value.queues.clone()).flatten()
    }

    /// Whether they may change what holds for everybody.
    pub(crate) fn administers(self) -> bool {
        self.map(|me| me.value.role >= Role::Admin).unwrap_or(false)
    }

    /// Where this member of staff begins.
    pub(crate) fn home(self) -> &'static str {
        if self.sees_the_floor() { "/floor" } else { "/" }
    }
}

/// Remembers that somebody signed in on this browser. It proves nothing and opens nothing: the session's cookie, which no
/// script can read, does. A browser that keeps no such marks counts as marked, and the server is asked.
mod mark {
    use leptos::prelude::window;
    use web_sys::Storage;

    const KEY: &str = "dialler.signed_in";

    fn storage() -> Option<Storage> {
        window().local_storage().ok().flatten()
    }

    pub(super) fn is_set() -> bool {
        storage().is_none_or(|storage| storage.get_item(KEY).is_ok_and(|mark| mark.is_some()))
    }

    pub(super) fn set() {
        if let Some(storage) = storage() {
            // A full storage keeps no mark; then the next visit begins with signing in.
            let _ = storage.set_item(KEY, "yes");
        }
    }

    pub(super) fn clear() {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(KEY);
        }
    }
}

/// The word for a role on a screen.
pub(crate) const fn role_label(role: Role) -> &'static str {
    match role {
        Role::Agent => "Agent",
        Role::Supervisor => "Supervisor",
        Role::Admin => "Administrator",
    }
}

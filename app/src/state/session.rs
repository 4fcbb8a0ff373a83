//! Who is signed in.

use auth::{Intention, Me, Role};
use kernel::{ErrorCode, WireError};
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
            "ended" => Some("Your session has ended. Sign in again; what you were doing is kept."),
            _ => None,
        }
    }
}

/// Who is signed in, for every screen.
#[derive(Clone, Copy)]
pub(crate) struct Session(RwSignal<Signed>);

impl Session {
    /// Asks the server who is.
    pub(crate) fn start() -> Self {
        let session = Self(RwSignal::new(Signed::Unknown));
        session.ask();
        session
    }

    /// Asks the server again who is.
    pub(crate) fn ask(self) {
        spawn_local(async move {
            match auth::me().await {
                Ok(me) => self.is(me),
                Err(error) if error.code == ErrorCode::Unauthenticated => self.noticed(&error),
                // Whoever was signed in stays so on the screen: the server refuses what is no longer allowed.
                Err(error) => self.0.update(|signed| {
                    if !matches!(signed, Signed::In(_)) {
                        *signed = Signed::Unanswered(error);
                    }
                }),
            }
        });
    }

    /// The server said who is signed in.
    pub(crate) fn is(self, me: Me) {
        self.0.set(Signed::In(Received::now(me)));
    }

    /// An error came from anywhere: when it says that nobody is signed in, nobody is.
    pub(crate) fn noticed(self, error: &WireError) {
        if error.code == ErrorCode::Unauthenticated {
            self.0.update(|signed| {
                *signed = Signed::Out(match signed {
                    Signed::In(_) => Why::Ended,
                    Signed::Out(why) => *why,
                    Signed::Unknown | Signed::Unanswered(_) => Why::NotYet,
                });
            });
        }
    }

    /// Signs out. The screen leaves at once when the server has confirmed it.
    pub(crate) fn sign_out(self, failed: impl FnOnce(WireError) + 'static) {
        spawn_local(async move {
            match auth::sign_out().await {
                Ok(()) => self.0.set(Signed::Out(Why::SignedOut)),
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
        self.0.get()
    }

    /// Something of whoever is signed in.
    pub(crate) fn map<U>(self, of: impl FnOnce(&Received<Me>) -> U) -> Option<U> {
        self.0.with(|signed| if let Signed::In(me) = signed { Some(of(me)) } else { None })
    }

    /// What the agent wants to be; offline when nobody is signed in.
    pub(crate) fn intention(self) -> Intention {
        self.map(|me| me.value.intention).unwrap_or(Intention::Offline)
    }

    /// Whether the floor may be seen.
    pub(crate) fn sees_the_floor(self) -> bool {
        self.map(|me| me.value.role >= Role::Supervisor).unwrap_or(false)
    }

    /// Where this member of staff begins.
    pub(crate) fn home(self) -> &'static str {
        if self.sees_the_floor() { "/floor" } else { "/" }
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

//! A call that comes in and is offered here: it rings until it is answered, declined, or offered to somebody else.

use calls::RingingCall;
use kernel::{CallId, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::announce::Announcer;
use super::calls::Calls;
use super::clock::Clock;
use super::live::Version;
use super::press::Settling;
use super::query::Query;
use super::session::Session;

/// What rings, for all screens.
#[derive(Clone, Copy)]
pub(crate) struct Ringing {
    asked: Query<Option<RingingCall>>,
    /// Answered or declined here; the server has not said so yet.
    settled: RwSignal<Option<CallId>>,
    pub(crate) is_busy: RwSignal<bool>,
    /// Watches over both buttons, which come by themselves, and their keys.
    pub(crate) main: Settling,
    pub(crate) failure: RwSignal<Option<(&'static str, WireError)>>,
    calls: Calls,
    clock: Clock,
    session: Session,
}

impl Ringing {
    /// Asks what rings, at each hint about whoever is signed in here and whenever hints may have been missed.
    pub(crate) fn start(session: Session, me: Version, safety: Trigger, announcer: Announcer, calls: Calls, clock: Clock) -> Self {
        let watch = move || {
            me.track();
            safety.track();
        };
        let asked = Query::new(session, watch, calls::ringing);
        let settled = RwSignal::new(None);
        let meaning = Memo::new(move |_| {
            let id = asked.map(|call: &Option<RingingCall>| call.as_ref().map(|call| call.id)).flatten();
            id.filter(|id| settled.get() != Some(*id)).map(|id| id.to_string())
        });
        let ringing = Self {
            asked,
            settled,
            is_busy: RwSignal::new(false),
            main: Settling::start(meaning),
            failure: RwSignal::new(None),
            calls,
            clock,
            session,
        };
        let shown = Memo::new(move |_| ringing.shown().map(|(call, _)| (call.id, call.caller)));
        Effect::new(move |before: Option<Option<(CallId, String)>>| {
            let now = shown.get();
            let before = before.flatten();
            if now.as_ref().map(|(id, _)| *id) == before.as_ref().map(|(id, _)| *id) {
                return now;
            }
            calls.telephone.ring(now.is_some());
            match (&now, before) {
                (Some((_, caller)), _) => {
                    ringing.failure.set(None);
                    announcer.interrupt(format!("{caller} is ringing. Alt+A answers, Alt+X leaves it to somebody else."));
                }
                (None, Some((id, caller))) if ringing.settled.get_untracked() != Some(id) => {
                    announcer.show(format!("{caller} does not ring here any more."));
                }
                (None, _) => {}
            }
            now
        });
        on_cleanup(move || calls.telephone.ring(false));
        ringing
    }

    /// What rings, and for how many seconds more.
    pub(crate) fn shown(self) -> Option<(RingingCall, i64)> {
        let (call, ago) = self.asked.received(Clone::clone, self.clock.now())?;
        let call = call.filter(|call| self.settled.get() != Some(call.id))?;
        let left = call.seconds_left - ago;
        (left >= 0).then_some((call, left))
    }

    fn id_now(self) -> Option<CallId> {
        untrack(|| self.shown().map(|(call, _)| call.id)).filter(|_| !self.is_busy.get_untracked())
    }

    /// Takes it.
    pub(crate) fn answer(self) {
        let Some(id) = self.id_now() else { return };
        self.is_busy.set(true);
        self.calls.telephone.ring(false);
        spawn_local(async move {
            let answered = self.calls.answer(id).await;
            let _ = self.is_busy.try_set(false);
            match answered {
                Ok(()) => {
                    let _ = self.settled.try_set(Some(id));
                }
                // It rings on as long as the server says so: it can be tried again, or left to somebody else.
                Err(failure) => {
                    let _ = self.failure.try_set(Some(failure));
                }
            }
            self.asked.again();
        });
    }

    /// Leaves it to somebody else.
    pub(crate) fn decline(self) {
        let Some(id) = self.id_now() else { return };
        self.settled.set(Some(id));
        spawn_local(async move {
            if let Err(error) = calls::decline(id).await {
                self.session.noticed(&error);
                let _ = self.failure.try_set(Some(("The server did not hear that you declined: it goes on by itself", error)));
            }
            self.asked.again();
        });
    }
}

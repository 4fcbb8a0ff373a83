//! Handing a talk over: the agent asks, a supervisor comes to the line, and the call passes. Where it stands is what the server says.

use std::future::Future;
use std::pin::Pin;

use calls::{TransferState, TransferView};
use kernel::{AgentId, CallId, ErrorCode, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::announce::Announcer;
use super::calls::Calls;
use super::press::Settling;
use super::query::Query;
use super::session::Session;
use crate::telephone::error_words;

type Asking = Pin<Box<dyn Future<Output = Result<(), WireError>>>>;

/// What is being handed over here, or to whoever is signed in here.
#[derive(Clone, Copy)]
pub(crate) struct Transfer {
    pub(crate) view: Query<Option<TransferView>>,
    /// Whom to ask is being chosen.
    pub(crate) is_choosing: RwSignal<bool>,
    pub(crate) is_busy: RwSignal<bool>,
    /// Watches over its buttons, which come by themselves and change.
    pub(crate) main: Settling,
    /// What was not done, and why.
    pub(crate) failure: RwSignal<Option<(&'static str, WireError)>>,
    /// What came of this one has been read.
    read: RwSignal<Option<String>>,
    calls: Calls,
    session: Session,
}

/// Whether it is still to be seen: it is open, or its end is news for the agent.
const fn is_seen(view: &TransferView) -> bool {
    match view.state {
        TransferState::Asked | TransferState::Accepted => true,
        TransferState::Declined | TransferState::Lapsed | TransferState::Left => view.is_mine,
        TransferState::Passed | TransferState::Withdrawn | TransferState::Over => false,
    }
}

/// What is read out when it has come this far.
fn progress_words(view: &TransferView) -> Option<String> {
    let TransferView { from, to, user_name, .. } = view;
    Some(match (view.state, view.is_mine) {
        (TransferState::Asked, false) => format!("{from} asks you to take over the call with {user_name}."),
        (TransferState::Accepted, true) if view.is_joined => format!("{to} is on the line. You are three now."),
        (TransferState::Declined | TransferState::Lapsed, true) => format!("Nobody takes the call over. {user_name} stays with you."),
        (TransferState::Left, true) => format!("{to} is off the line again. {user_name} stays with you."),
        _ => return None,
    })
}

impl Transfer {
    /// Asks whenever something about whoever is signed in here may have changed, as `watch` says.
    pub(crate) fn start(session: Session, announcer: Announcer, calls: Calls, watch: impl Fn() + 'static) -> Self {
        let is_talking = Memo::new(move |_| calls.is_talking());
        let may_concern = move || is_talking.get_untracked() || session.sees_the_floor();
        let watch = move || {
            watch();
            is_talking.track();
        };
        // Whoever neither talks nor can be asked has nothing to hear of.
        let view = Query::new(session, watch, move || async move { if may_concern() { calls::transfer().await } else { Ok(None) } });
        let (is_choosing, is_busy, failure, read) =
            (RwSignal::new(false), RwSignal::new(false), RwSignal::new(None), RwSignal::new(None::<String>));
        let meaning = Memo::new(move |_| {
            view.map(|view| view.as_ref().map(|view| format!("{} {} {}", view.id, view.state as u8, view.is_joined))).flatten()
        });
        let transfer = Self { view, is_choosing, is_busy, main: Settling::start(meaning), failure, read, calls, session };
        let words = Memo::new(move |_| view.map(|view| view.as_ref().and_then(progress_words)).flatten());
        Effect::new(move |_| {
            if let Some(words) = words.get() {
                announcer.interrupt(words);
            }
        });
        transfer
    }

    /// What is to be seen of it.
    pub(crate) fn seen(self) -> Option<TransferView> {
        self.view.map(Clone::clone).flatten().filter(|view| is_seen(view) && self.read.with(|read| read.as_ref() != Some(&view.id)))
    }

    /// Something can still come of it.
    pub(crate) fn is_open(self) -> bool {
        self.view.map(|view| view.as_ref().is_some_and(|view| view.state.is_open())) == Some(true)
    }

    /// What came of it has been read.
    pub(crate) fn close(self) {
        self.read.set(self.view.map(|view| view.as_ref().map(|view| view.id.clone())).flatten());
    }

    pub(crate) fn ask(self, call: CallId, supervisor: Option<AgentId>, reason: String) {
        self.run("Nobody was asked", Box::pin(async move { calls::ask_transfer(call, supervisor, Some(reason)).await.map(drop) }));
        self.is_choosing.set(false);
    }

    pub(crate) fn withdraw(self, call: CallId) {
        self.run("The supervisor is still asked", Box::pin(calls::withdraw_transfer(call)));
    }

    pub(crate) fn decline(self, id: String) {
        self.run("The agent has not heard that you cannot", Box::pin(calls::decline_transfer(id)));
    }

    /// Comes to the line. The telephone is made ready first, so that the ten seconds to connect are enough.
    pub(crate) fn accept(self, id: String) {
        let telephone = self.calls.telephone;
        let failed = |words: String| WireError::new(ErrorCode::Unavailable, words);
        let asking = async move {
            telephone.be_ready().await.map_err(|not_ready| failed(not_ready.words()))?;
            let view = calls::accept_transfer(id).await?;
            let Some(monitoring) = view.monitoring_id else { return Ok(()) };
            let connected = telephone.connect_to_listen(&monitoring).await;
            match connected {
                // Theirs from the moment when it passes: a page that is loaded anew after that comes back to it.
                Ok(()) => self.calls.will_be_ours(view.call_id),
                Err(_) => calls::stop_monitoring().await?,
            }
            connected.map_err(|code| failed(error_words(code).to_owned()))
        };
        self.run("You are not on the line", Box::pin(asking));
    }

    /// Leaves the line; the agent keeps the call.
    pub(crate) fn leave(self) {
        self.calls.telephone.disconnect();
        self.run("The server did not hear that you left", Box::pin(calls::stop_monitoring()));
    }

    /// The call passes, whichever of the two has pressed. What the agent has typed goes along.
    pub(crate) fn hand_over(self, call: CallId) {
        let asking = async move {
            self.calls.keep_now(call).await?;
            calls::hand_over(call).await?;
            self.calls.ask();
            Ok(())
        };
        self.run("The call was not handed over", Box::pin(asking));
    }

    /// Asks for a change, and for how it is afterwards; `failed` says what did not happen.
    fn run(self, failed: &'static str, asking: Asking) {
        if self.is_busy.get_untracked() {
            return;
        }
        self.is_busy.set(true);
        self.failure.set(None);
        self.read.set(None);
        spawn_local(async move {
            let result = asking.await;
            let _ = self.is_busy.try_set(false);
            if let Err(error) = result {
                self.session.noticed(&error);
                let _ = self.failure.try_set(Some((failed, error)));
            }
            self.view.again();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: &str, is_mine: bool, is_joined: bool) -> TransferView {
        serde_json::from_value(serde_json::json!({
            "id": "01936b6e-0000-7000-8000-000000000002", "call_id": "01936b6e-0000-7000-8000-000000000001", "user_name": "Priya Raman",
            "is_mine": is_mine, "state": state, "from": "Hannah Whitfield", "to": "Gareth Penhaligon", "reason": null, "seconds_left": 30,
            "monitoring_id": null, "is_joined": is_joined, "is_agent_away": false
        }))
        .unwrap()
    }

    #[test]
    fn the_agent_is_told_what_came_of_it_and_nobody_sees_what_is_settled() {
        for (state, agent_sees, supervisor_sees) in [
            ("asked", true, true),
            ("accepted", true, true),
            ("declined", true, false),
            ("lapsed", true, false),
            ("left", true, false),
            ("withdrawn", false, false),
            ("passed", false, false),
            ("over", false, false),
        ] {
            assert_eq!((is_seen(&view(state, true, false)), is_seen(&view(state, false, false))), (agent_sees, supervisor_sees), "{state}");
        }
    }

    #[test]
    fn what_somebody_waits_for_is_read_out() {
        let words = |state, is_mine, is_joined| progress_words(&view(state, is_mine, is_joined));
        assert_eq!(words("asked", false, false).unwrap(), "Hannah Whitfield asks you to take over the call with Priya Raman.");
        assert_eq!(words("asked", true, false), None);
        assert_eq!(words("accepted", true, false), None);
        assert!(words("accepted", true, true).unwrap().starts_with("Gareth Penhaligon is on the line."));
        assert!(words("left", true, false).unwrap().ends_with("Priya Raman stays with you."));
    }
}

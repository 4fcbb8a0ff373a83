//! Somebody rings one of the account's numbers: the application is asked what to do, and the caller does what they came for.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use super::script::{Door, Script, answered};
use super::{Cause, End, Order, Source, finish, party};
use crate::cast::Step;
use crate::clock::now;
use crate::core::Core;
use crate::model::{Call, CallEvent, CallStatus, Direction, Endpoint, Left, Progress};
use crate::sid;

/// Who rings whom, and what for.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The caller's number.
    pub from: String,
    /// The account's number.
    pub to: String,
    /// Asked what to do.
    pub voice_url: String,
    /// Told when it is over.
    pub status_callback: Option<String>,
    /// What the caller does once somebody answers.
    pub steps: Vec<Step>,
}

/// Lets the call live. Answers its sid.
pub fn come_in(core: &Arc<Core>, incoming: Incoming) -> String {
    let call_sid = sid::new("CA");
    let (orders, received) = mpsc::unbounded_channel();
    let events = vec![CallEvent::Completed];
    let call = Call {
        from: incoming.from.clone(),
        to: incoming.to.clone(),
        direction: Direction::Inbound,
        status: CallStatus::Ringing,
        plan: Some("rings in".to_owned()),
        progress: incoming.status_callback.clone().map(|url| Progress { endpoint: Endpoint::post(url), events, sequence: 0 }),
        ..Call::new(call_sid.clone(), orders, now())
    };
    core.change(|model, _| model.add_call(call));
    core.media.simulate(&call_sid);
    core.spawn(live(Arc::clone(core), call_sid.clone(), incoming, received));
    call_sid
}

async fn live(core: Arc<Core>, call_sid: String, incoming: Incoming, mut orders: mpsc::UnboundedReceiver<Order>) {
    let picked_up = Notify::new();
    let mut is_answered = false;
    let end = {
        let door = Outside { core: &core, call_sid: &call_sid, picked_up: &picked_up, is_answered: &mut is_answered };
        let mut script = Script::new(&core, &call_sid, &mut orders, door);
        let acted = async {
            picked_up.notified().await;
            party::act(&core, &call_sid, incoming.steps.into_iter()).await;
            core.order(&call_sid, Order::Hangup(Cause::Party));
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            end = script.run(Source::Url(Endpoint::post(incoming.voice_url))) => end,
            () = acted => End::Finished,
        }
    };
    let (status, why) = match end {
        End::Rejected(true) => (CallStatus::Busy, Left::HungUp),
        End::Rejected(false) => (CallStatus::NoAnswer, Left::HungUp),
        End::By(cause) if is_answered => (CallStatus::Completed, cause.left()),
        // A caller who gives up is one whom nobody answered.
        End::By(cause) => (CallStatus::NoAnswer, cause.left()),
        End::Finished => (CallStatus::Completed, Left::HungUp),
    };
    finish(&core, &call_sid, status, why);
}

/// A caller who waits to be answered, and hears what there is to hear meanwhile.
struct Outside<'a> {
    core: &'a Arc<Core>,
    call_sid: &'a str,
    picked_up: &'a Notify,
    is_answered: &'a mut bool,
}

impl Door for Outside<'_> {
    async fn answer(&mut self) {
        if !std::mem::replace(self.is_answered, true) {
            self.core.media.answer(self.call_sid);
            answered(self.core, self.call_sid);
            self.picked_up.notify_one();
        }
    }

    async fn ring(&mut self) {}
}

//! A call that a browser makes: the application is asked what to do with it, and that is done.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::script::{Door, Script, answered};
use super::{Cause, End, Order, Source, finish};
use crate::clock::now;
use crate::core::Core;
use crate::journal::Kind;
use crate::model::{Call, CallEvent, CallStatus, Direction, Endpoint, Left, Progress};
use crate::sid;

/// What a browser asked for.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Who calls, without `client:`.
    pub identity: String,
    /// The application that the token names.
    pub application_sid: String,
    /// What the page passed to `connect`, and what the token adds.
    pub params: Vec<(String, String)>,
    /// The browser's offer.
    pub sdp: String,
}

/// Makes the call and lets it live. Answers its sid; the browser hears of everything else through its line, which `line` opens for that
/// sid before anything is sent.
pub fn invite(core: &Arc<Core>, invited: Invited, line: impl FnOnce(&str)) -> String {
    let call_sid = sid::new("CA");
    let (orders, received) = mpsc::unbounded_channel();
    let application = core.config.applications.get(&invited.application_sid);
    let progress = application.and_then(|application| application.status_callback.clone()).map(|url| Progress {
        endpoint: Endpoint::post(url),
        events: vec![CallEvent::Completed],
        sequence: 0,
    });
    let to = invited.params.iter().find(|(name, _)| name == "To").map(|(_, value)| value.clone()).unwrap_or_default();
    let call = Call {
        from: format!("client:{}", invited.identity),
        to,
        direction: Direction::Inbound,
        status: CallStatus::Ringing,
        application_sid: Some(invited.application_sid.clone()),
        progress,
        ..Call::new(call_sid.clone(), orders, now())
    };
    core.change(|model, _| model.add_call(call));
    line(&call_sid);
    core.spawn(live(Arc::clone(core), call_sid.clone(), invited, received));
    call_sid
}

async fn live(core: Arc<Core>, call_sid: String, invited: Invited, mut orders: mpsc::UnboundedReceiver<Order>) {
    let voice_url = core.config.applications.get(&invited.application_sid).map(|application| application.voice_url.clone());
    let mut is_answered = false;
    let end = if let Some(url) = voice_url {
        let door = Browser { core: &core, call_sid: &call_sid, sdp: invited.sdp, is_ringing: false, is_answered: &mut is_answered };
        let mut script = Script::new(&core, &call_sid, &mut orders, door);
        script.extra = invited.params;
        script.run(Source::Url(Endpoint::post(url))).await
    } else {
        core.problem(&call_sid, 21_218, "The token names an application that does not exist");
        End::Rejected(false)
    };
    let (status, why, error) = match end {
        End::Rejected(true) => (CallStatus::Busy, Left::HungUp, Some((31_486, "Busy here"))),
        End::Rejected(false) => (CallStatus::NoAnswer, Left::HungUp, Some((31_603, "Decline"))),
        End::By(cause) => (if is_answered { CallStatus::Completed } else { CallStatus::Canceled }, cause.left(), None),
        End::Finished => (CallStatus::Completed, Left::HungUp, None),
    };
    finish(&core, &call_sid, status, why);
    if end != End::By(Cause::Browser) {
        let mut payload = json!({});
        if let Some((code, message)) = error {
            payload["error"] = json!({"code": code, "message": message});
        }
        core.lines.tell(&call_sid, "hangup", &mut payload);
        core.note(Kind::Signal, &call_sid, json!({"sent": "hangup", "error": payload.get("error")}));
    }
    core.lines.close(&call_sid);
}

/// A browser that waits to be answered.
struct Browser<'a> {
    core: &'a Arc<Core>,
    call_sid: &'a str,
    sdp: String,
    is_ringing: bool,
    is_answered: &'a mut bool,
}

impl Browser<'_> {
    /// Our SDP, which is sent once: with the ringing, or with the answer.
    async fn media(&self) -> Result<Value, String> {
        let sdp = self.core.media.offer(self.call_sid, &self.sdp).await?;
        Ok(sdp.map_or(Value::Null, Value::String))
    }

    async fn send(&mut self, kind: &str, payload: &mut Value) {
        if !self.is_ringing {
            match self.media().await {
                Ok(sdp) => payload["sdp"] = sdp,
                Err(problem) => {
                    self.core.problem(self.call_sid, 31_000, &format!("The browser's offer cannot be accepted: {problem}"));
                    self.core.order(self.call_sid, Order::Hangup(Cause::Lost));
                    return;
                }
            }
        }
        self.core.lines.tell(self.call_sid, kind, payload);
        self.core.note(Kind::Signal, self.call_sid, json!({"sent": kind}));
    }
}

impl Door for Browser<'_> {
    async fn answer(&mut self) {
        if std::mem::replace(self.is_answered, true) {
            return;
        }
        answered(self.core, self.call_sid);
        let token = self.core.lines.reconnect_token(self.call_sid);
        self.send("answer", &mut json!({"reconnect": token})).await;
    }

    async fn ring(&mut self) {
        if *self.is_answered || self.is_ringing {
            return;
        }
        self.send("ringing", &mut json!({})).await;
        self.is_ringing = true;
    }
}

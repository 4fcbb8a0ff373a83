//! One socket: what the SDK says, and what it is answered.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::interval;

use super::frame::{self, Frame, HEARTBEAT, Payload};
use super::lines::{Lost, Out};
use crate::auth::{TokenClaims, TokenFault, verify_token};
use crate::clock::now;
use crate::core::Core;
use crate::journal::Kind;
use crate::life::{self, Cause, Invited, Order};
use crate::model::{CallStatus, Direction};

/// `GET /signal`.
pub async fn accept(State(core): State<Arc<Core>>, upgrade: WebSocketUpgrade) -> Response {
    if core.faults.refuses_sockets() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    upgrade.on_upgrade(move |socket| serve(core, socket))
}

async fn serve(core: Arc<Core>, mut socket: WebSocket) {
    let (out, mut outgoing) = mpsc::unbounded_channel();
    let id = core.lines.connect(out.clone());
    let mut session = Session { core: Arc::clone(&core), id, out, holder: None };
    let mut heartbeat = interval(Duration::from_secs(5));
    loop {
        let sent = tokio::select! {
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Text(text))) => {
                    session.hear(text.as_str()).await;
                    Ok(())
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => Ok(()),
            },
            Some(message) = outgoing.recv() => match message {
                Out::Text(text) => socket.send(Message::text(text)).await,
                Out::Drop => break,
            },
            _ = heartbeat.tick() => socket.send(Message::text(HEARTBEAT)).await,
        };
        if sent.is_err() {
            break;
        }
    }
    for lost in core.lines.disconnect(id) {
        core.note(Kind::Signal, &lost.call_sid, json!({"socket": "lost"}));
        core.spawn(await_return(Arc::clone(&core), lost));
    }
}

/// A call whose browser does not come back in time is over.
async fn await_return(core: Arc<Core>, lost: Lost) {
    core.clock.sleep(lost.patience).await;
    if core.lines.is_still(&lost) {
        core.order(&lost.call_sid, Order::Hangup(Cause::Lost));
    }
}

/// Whose socket it is.
struct Holder {
    claims: TokenClaims,
    expires: DateTime<Utc>,
}

struct Session {
    core: Arc<Core>,
    id: u64,
    out: mpsc::UnboundedSender<Out>,
    holder: Option<Holder>,
}

impl Session {
    fn say(&self, kind: &str, payload: &Value) {
        let _closing = self.out.send(Out::Text(frame::write(kind, payload)));
    }

    fn refuse(&self, code: u32, message: &str) {
        self.core.journal.write(Kind::Signal, None, None, json!({"sent": "error", "code": code, "message": message}));
        self.say("error", &json!({"error": {"code": code, "message": message}}));
    }

    async fn hear(&mut self, text: &str) {
        if text == HEARTBEAT {
            return;
        }
        let Ok(Frame { kind, payload }) = serde_json::from_str(text) else {
            return self.refuse(31_100, "Malformed request");
        };
        match kind.as_str() {
            "listen" => self.listen(&payload),
            "register" => self.register(&payload),
            "invite" => match &payload.reconnect {
                Some(token) => self.resume(&payload, token).await,
                None => self.invite(payload),
            },
            "reinvite" => self.restart(&payload).await,
            "answer" => self.pick_up(&payload).await,
            "hangup" | "reject" => self.hang_up(&payload),
            "dtmf" => self.press(&payload),
            "message" => self.acknowledge(&payload),
            other => tracing::debug!(kind = other, "a message that is not emulated"),
        }
    }

    fn listen(&mut self, payload: &Payload) {
        let config = &self.core.config;
        let claims = verify_token(&payload.token, &config.api_secret, now()).and_then(|claims| {
            let is_ours = claims.account_sid == config.account_sid && claims.api_key_sid == config.api_key_sid;
            if is_ours { Ok(claims) } else { Err(TokenFault::Invalid) }
        });
        match claims {
            Err(TokenFault::Invalid) => self.refuse(31_204, "Invalid access token"),
            Err(TokenFault::Expired) => self.refuse(31_205, "Access token expired"),
            Ok(claims) => {
                self.core.lines.identify(self.id, &claims.identity, Duration::from_secs(payload.reconnect_timeout));
                let ttl = claims.ttl_left.as_secs();
                let said = json!({
                    "edge": "dublin", "region": "ie1", "home": "us1", "gateway": "127.0.0.1",
                    "token": {"identity": claims.identity, "ttl": ttl, "accountsid": claims.account_sid, "client_name": claims.identity},
                });
                self.core.journal.write(Kind::Signal, None, None, json!({"heard": "listen", "identity": claims.identity}));
                let left = i64::try_from(ttl).map_or(TimeDelta::MAX, TimeDelta::seconds);
                self.holder = Some(Holder { expires: now() + left, claims });
                self.say("connected", &said);
            }
        }
    }

    /// Whose token it is, while it is good; else the SDK is told what is wrong.
    fn holder(&self) -> Option<&TokenClaims> {
        match &self.holder {
            None => self.refuse(31_204, "Invalid access token"),
            Some(holder) if holder.expires <= now() => self.refuse(31_205, "Access token expired"),
            Some(holder) => return Some(&holder.claims),
        }
        None
    }

    fn register(&self, payload: &Payload) {
        let Some(claims) = self.holder() else { return };
        let asks = payload.media.get("audio").and_then(Value::as_bool).unwrap_or_default();
        let wants = asks && claims.allows_incoming;
        self.core.lines.register(self.id, wants);
        self.say(if asks { "ready" } else { "offline" }, &json!({}));
    }

    fn invite(&self, payload: Payload) {
        let Some(claims) = self.holder() else { return };
        let Some(application_sid) = claims.application_sid.clone() else {
            let error = json!({"code": 31_002, "message": "The token allows no outgoing calls"});
            return self.say("hangup", &json!({"callsid": payload.callsid, "error": error}));
        };
        let mut params = claims.outgoing_params.clone();
        params.extend(payload.params());
        let invited = Invited { identity: claims.identity.clone(), application_sid, params, sdp: payload.sdp };
        let call_sid = life::invite(&self.core, invited, |call_sid| {
            self.core.lines.open(call_sid, self.id, &claims.identity, &payload.callsid);
        });
        self.core.note(Kind::Signal, &call_sid, json!({"heard": "invite", "identity": claims.identity}));
    }

    /// The browser goes on with a call: after its socket was lost, after a new token, or in a page that was loaded again.
    async fn resume(&self, payload: &Payload, token: &str) {
        let Some(claims) = self.holder() else { return };
        let call_sid = payload.callsid.as_str();
        if !self.core.lines.resume(call_sid, token, &claims.identity, self.id) {
            self.core.note(Kind::Signal, call_sid, json!({"heard": "resume", "refused": true}));
            return self.say("hangup", &json!({"callsid": call_sid}));
        }
        self.core.note(Kind::Signal, call_sid, json!({"heard": "resume", "identity": claims.identity}));
        self.answer(payload).await;
    }

    async fn restart(&self, payload: &Payload) {
        let Some(call_sid) = self.core.lines.find(self.id, &payload.callsid) else { return };
        self.core.note(Kind::Signal, &call_sid, json!({"heard": "reinvite"}));
        self.answer(payload).await;
    }

    async fn answer(&self, payload: &Payload) {
        let call_sid = payload.callsid.as_str();
        let mut said = json!({"callsid": call_sid});
        match self.core.media.offer(call_sid, &payload.sdp).await {
            Ok(Some(sdp)) => said["sdp"] = json!(sdp),
            Ok(None) => {}
            Err(problem) => return self.core.problem(call_sid, 31_000, &format!("The browser's offer cannot be accepted: {problem}")),
        }
        // A call that is not answered yet is answered by its own task, with a token of its own.
        let is_answered = self.core.model().call(call_sid).is_some_and(|call| call.status == CallStatus::InProgress);
        if is_answered {
            said["reconnect"] = json!(self.core.lines.reconnect_token(call_sid));
            self.say("answer", &said);
        } else {
            self.say("ringing", &said);
        }
    }

    /// The browser takes a call that it was rung for.
    async fn pick_up(&self, payload: &Payload) {
        let Some(call_sid) = self.core.lines.find(self.id, &payload.callsid) else { return };
        if !self.core.lines.pick_up(&call_sid, self.id) {
            return;
        }
        self.core.note(Kind::Signal, &call_sid, json!({"heard": "answer"}));
        let order = match self.core.media.pick_up(&call_sid, &payload.sdp).await {
            Ok(()) => Order::PickedUp,
            Err(problem) => {
                self.core.problem(&call_sid, 31_000, &format!("The browser's answer cannot be accepted: {problem}"));
                Order::Hangup(Cause::Lost)
            }
        };
        self.core.order(&call_sid, order);
    }

    fn hang_up(&self, payload: &Payload) {
        let Some(call_sid) = self.core.lines.find(self.id, &payload.callsid) else { return };
        self.core.note(Kind::Signal, &call_sid, json!({"heard": "hangup"}));
        let is_answered = self.core.model().call(&call_sid).is_some_and(|call| call.status == CallStatus::InProgress);
        let is_rung = self.core.model().call(&call_sid).is_some_and(|call| call.direction != Direction::Inbound) && !is_answered;
        if is_rung {
            if self.core.lines.decline(&call_sid, self.id) {
                self.core.order(&call_sid, Order::Declined);
            }
            return;
        }
        self.core.order(&call_sid, Order::Hangup(Cause::Browser));
    }

    /// Keys that could not be sent with the sound.
    fn press(&self, payload: &Payload) {
        let Some(call_sid) = self.core.lines.find(self.id, &payload.callsid) else { return };
        let meter = self.core.media.meter(&call_sid);
        for digit in payload.dtmf.chars() {
            meter.press(digit);
            self.core.order(&call_sid, Order::Key(digit));
        }
    }

    fn acknowledge(&self, payload: &Payload) {
        let Some(call_sid) = self.core.lines.find(self.id, &payload.callsid) else { return };
        let said = json!({"heard": "message", "type": payload.messagetype, "content": payload.content});
        self.core.note(Kind::Signal, &call_sid, said);
        self.say("ack", &json!({"acktype": "message", "callsid": call_sid, "voiceeventsid": payload.voiceeventsid}));
    }
}

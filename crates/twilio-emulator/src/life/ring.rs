//! A browser is rung: the SDK's `incoming`, until somebody accepts, declines or gives up.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::dial::{Dialled, SETUP, start_ringing};
use super::{Cause, End, Order};
use crate::core::Core;
use crate::journal::Kind;
use crate::model::CallStatus;

/// Rings everybody of that name who takes calls. Returns when one of them accepts; else how it ended, and by whom.
pub async fn client(
    core: &Arc<Core>,
    call_sid: &str,
    dialled: &Dialled,
    identity: &str,
    params: &[(String, String)],
    limit: Duration,
    orders: &mut mpsc::UnboundedReceiver<Order>,
) -> Result<(), (CallStatus, Option<Cause>)> {
    core.clock.sleep(core.paced(SETUP)).await;
    core.change(|model, now| model.initiate(call_sid, now));
    let offer = match core.media.call(call_sid).await {
        Ok(offer) => offer,
        Err(problem) => {
            core.problem(call_sid, 31_000, &format!("The browser cannot be called: {problem}"));
            return Err((CallStatus::Failed, None));
        }
    };
    if !core.lines.ring(call_sid, identity) {
        core.note(Kind::Signal, call_sid, json!({"nobody_is_registered": identity}));
        return Err((CallStatus::NoAnswer, None));
    }
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(params).finish();
    let mut parameters = json!({
        "CallSid": call_sid, "AccountSid": core.config.account_sid, "From": dialled.from, "To": dialled.to, "ApiVersion": "2010-04-01",
    });
    if !encoded.is_empty() {
        parameters["Params"] = json!(encoded);
    }
    let token = core.lines.reconnect_token(call_sid);
    core.lines.tell(call_sid, "invite", &mut json!({"sdp": offer, "reconnect": token, "parameters": parameters}));
    core.note(Kind::Signal, call_sid, json!({"sent": "invite", "identity": identity}));
    start_ringing(core, call_sid, dialled);
    let decided = core.clock.timeout(limit, decision(orders)).await.unwrap_or(Err((CallStatus::NoAnswer, None)));
    if decided.is_err() {
        core.lines.tell(call_sid, "cancel", &mut json!({}));
        core.note(Kind::Signal, call_sid, json!({"sent": "cancel"}));
    }
    decided
}

/// Until somebody takes the call, declines or gives up. TwiML for a call that nobody has answered is not followed.
pub async fn decision(orders: &mut mpsc::UnboundedReceiver<Order>) -> Result<(), (CallStatus, Option<Cause>)> {
    loop {
        match orders.recv().await {
            Some(Order::PickedUp) => return Ok(()),
            Some(Order::Declined) => return Err((CallStatus::Busy, None)),
            Some(Order::Hangup(cause)) => return Err((CallStatus::Canceled, Some(cause))),
            Some(Order::Dropped) => return Err((CallStatus::Canceled, Some(Cause::Api))),
            Some(_) => {}
            None => return Err((CallStatus::Canceled, Some(Cause::Reset))),
        }
    }
}

/// The call is over; a browser that talked is told, unless it said so itself.
pub fn over(core: &Core, call_sid: &str, end: Option<End>) {
    if end.is_some_and(|end| end != End::By(Cause::Browser)) {
        core.lines.tell(call_sid, "hangup", &mut json!({}));
        core.note(Kind::Signal, call_sid, json!({"sent": "hangup", "error": Value::Null}));
    }
    core.lines.close(call_sid);
}

//! Everything that the product asks of the carrier, built as for a call and sent nowhere: for whoever sets a real account up.

use kernel::{AgentId, CallId, machine_now};
use twilio::{CallSid, CallUpdate, ConferenceSid, ParticipantKey, RecordingSid, ShownRequest};

use super::course::{conference_name, goodbye};
use super::hold::hold_update;
use super::monitoring::monitor_update;
use super::offers::recording_of_caller;
use super::ring::{dialled_since, new_person};
use super::{Telephone, identity_of};
use crate::types::MonitorMode;

/// What goes out, and what has to be set up.
#[derive(Debug)]
pub struct ShownCarrier {
    /// What each request is for, and the request.
    pub requests: Vec<(&'static str, ShownRequest)>,
    /// What is set up at the carrier: where, and the address.
    pub addresses: Vec<(&'static str, String)>,
    /// Who a browser's token is for, as the carrier writes it in `From`.
    pub identity: String,
}

/// Builds each request with `telephone`, whose client only shows them ([`twilio::Client::that_only_shows`]). The person of the requests has
/// `number`; ids are made up.
pub async fn show_carrier(telephone: &Telephone, number: &str) -> Result<ShownCarrier, Box<dyn std::error::Error + Send + Sync>> {
    let call = CallId::generate();
    let leg: CallSid = "CA00000000000000000000000000000001".parse()?;
    let conference: ConferenceSid = "CF00000000000000000000000000000001".parse()?;
    let recording: RecordingSid = "RE00000000000000000000000000000001".parse()?;
    let client = &telephone.client;
    let key = ParticipantKey::Call(&leg);
    let mut requests = Vec::new();
    // Each is answered with “not sent”, and kept.
    let mut keep = |what| requests.extend(client.take_shown().into_iter().map(|request| (what, request)));

    let _ = client.add_participant(&conference_name(call), &new_person(telephone, call, number)).await;
    keep("Ring the person, once the agent is on the line and the gate has passed");
    let _ = client.conferences(&conference_name(call), None).await;
    keep("After silence: which conference is it?");
    let _ = client.participant(&conference, ParticipantKey::Label("person")).await;
    keep("After silence: is the person in it, or being rung?");
    let _ = client.calls(&dialled_since(number, machine_now())).await;
    keep("… and if not: which legs to that number are there since then? One that is over is no participant");
    for (what, is_held) in [("Hold", true), ("No longer on hold", false)] {
        let _ = client.update_participant(&conference, key, &hold_update(telephone, is_held)).await;
        keep(what);
    }
    for (what, mode) in
        [("A supervisor listens", MonitorMode::Listen), ("whispers to the agent", MonitorMode::Whisper), ("joins in", MonitorMode::Barge)]
    {
        let _ = client.update_participant(&conference, key, &monitor_update(mode, leg.clone())).await;
        keep(what);
    }
    let _ = client.participant(&conference, key).await;
    keep("The answer to one of these was lost: how is it now?");
    let _ = client.update_call(&leg, &CallUpdate::Completed).await;
    keep("Hang up");
    let _ = client.update_call(&leg, &CallUpdate::Twiml(goodbye(true))).await;
    keep("The agent is gone for good: a sentence for the person");
    let _ = client.update_call(&leg, &CallUpdate::Twiml(goodbye(false))).await;
    keep("… and for somebody who rang us and is not rung back");
    let _ = client.call(&leg).await;
    keep("Nothing was heard of a leg: how is it?");
    let _ = client.recordings(&leg).await;
    keep("Nothing was heard of a recording: is there one?");
    let _ = client.record_call(&leg, &recording_of_caller(telephone, call)).await;
    keep("Record whoever rang us, once an agent talks with them");
    let message = telephone.callback_url("incoming-message", call);
    let _ = client.update_call(&leg, &CallUpdate::Url(message)).await;
    keep("Nobody is free for whoever rang us: from the music to the message");
    let _ = client.recording_sound(&recording).await;
    keep("Fetch a recording");
    let _ = client.delete_recording(&recording).await;
    keep("Delete a recording, once its retention has passed");

    let base = &telephone.public_base_url;
    Ok(ShownCarrier {
        requests,
        addresses: vec![
            ("TwiML application, voice request URL (POST)", format!("{base}/webhooks/twilio/voice")),
            ("TwiML application, status callback URL (POST)", format!("{base}/webhooks/twilio/call-status")),
            ("Number, voice request URL (POST)", format!("{base}/webhooks/twilio/incoming")),
            ("Number, status callback URL (POST)", format!("{base}/webhooks/twilio/call-status")),
        ],
        identity: format!("client:{}", identity_of(AgentId::new(1))?.as_str()),
    })
}

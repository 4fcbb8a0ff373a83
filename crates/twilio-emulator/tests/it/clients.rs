use serde_json::json;

use crate::phone::Phone;
use crate::support::{ACCOUNT, Lab, OURS, until};

async fn call(lab: &Lab, to: &str, twiml: &str) -> String {
    let url = lab.url("/status");
    let events = "initiated ringing answered completed";
    let fields =
        [("To", to), ("From", OURS), ("Twiml", twiml), ("StatusCallback", &url), ("StatusCallbackEvent", events), ("Timeout", "30")];
    let (status, body) = lab.post("Calls.json", &fields).await;
    assert_eq!(status, 201, "{body}");
    body["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_browser_is_rung_accepts_and_follows_twiml() {
    let lab = Lab::new().await;
    let mut phone = Phone::registered(&lab).await;
    let call = call(&lab, "client:agent?lead=4%2042&team=red", "<Response><Pause length='1'/></Response>").await;
    let invite = phone.hears("invite").await;
    let parameters = &invite["parameters"];
    for (name, value) in
        [("CallSid", call.as_str()), ("AccountSid", ACCOUNT), ("From", OURS), ("To", "client:agent"), ("Params", "lead=4+42&team=red")]
    {
        assert_eq!(parameters[name], value, "{name}");
    }
    assert!(invite["sdp"].as_str().unwrap().contains("a=ice-lite") && invite["reconnect"].is_string());
    assert_eq!(lab.status(&call).await, "ringing");
    phone.accept(&invite).await;
    lab.reaches(&call, "in-progress").await;
    phone.hears("hangup").await;
    lab.reaches(&call, "completed").await;
    lab.hears("/status", 4).await;
    assert_eq!(lab.told("/status", "CallStatus"), ["initiated", "ringing", "in-progress", "completed"]);
    assert_eq!(lab.told("/status", "To")[0], "client:agent");
}

#[tokio::test]
async fn a_browser_declines_or_hangs_up_or_is_not_there() {
    let lab = Lab::new().await;
    let twiml = "<Response><Pause length='60'/></Response>";
    let nobody = call(&lab, "client:agent", twiml).await;
    lab.reaches(&nobody, "no-answer").await;

    let mut phone = Phone::registered(&lab).await;
    let declined = call(&lab, "client:agent", twiml).await;
    let invite = phone.hears("invite").await;
    phone.say("reject", json!({"callsid": invite["callsid"]})).await;
    lab.reaches(&declined, "busy").await;

    let ended = call(&lab, "client:agent", twiml).await;
    let invite = phone.hears("invite").await;
    phone.accept(&invite).await;
    lab.reaches(&ended, "in-progress").await;
    phone.say("hangup", json!({"callsid": ended})).await;
    lab.reaches(&ended, "completed").await;

    // Nobody accepts in time: 30 s at a fiftieth of life's.
    let missed = call(&lab, "client:agent", twiml).await;
    phone.hears("invite").await;
    phone.hears("cancel").await;
    lab.reaches(&missed, "no-answer").await;
}

#[tokio::test]
async fn a_call_that_is_taken_back_rings_no_more() {
    let lab = Lab::new().await;
    let mut phone = Phone::registered(&lab).await;
    let call = call(&lab, "client:agent", "<Response/>").await;
    let invite = phone.hears("invite").await;
    lab.post(&format!("Calls/{call}.json"), &[("Status", "canceled")]).await;
    assert_eq!(phone.hears("cancel").await["callsid"], invite["callsid"]);
    lab.reaches(&call, "canceled").await;
    // Too late.
    phone.accept(&invite).await;
    phone.say("hangup", json!({"callsid": invite["callsid"]})).await;
    assert_eq!(lab.status(&call).await, "canceled");
}

#[tokio::test]
async fn all_browsers_of_a_name_ring_and_one_takes_the_call() {
    let lab = Lab::new().await;
    let mut phones = [Phone::registered(&lab).await, Phone::registered(&lab).await];
    let call = call(&lab, "client:agent", "<Response><Pause length='60'/></Response>").await;
    let invite = phones[0].hears("invite").await;
    phones[1].hears("invite").await;
    phones[0].accept(&invite).await;
    phones[1].hears("cancel").await;
    lab.reaches(&call, "in-progress").await;
    lab.post(&format!("Calls/{call}.json"), &[("Status", "completed")]).await;
    phones[0].hears("hangup").await;
}

#[tokio::test]
async fn a_browser_is_called_into_a_conference() {
    let lab = Lab::new().await;
    let mut phone = Phone::registered(&lab).await;
    let call = lab.add("client:agent", &[("Label", "supervisor"), ("Record", "true")]).await;
    let invite = phone.hears("invite").await;
    phone.accept(&invite).await;
    let participant = async || lab.get("Conferences/call-7/Participants/supervisor.json").await.1;
    until(async || participant().await["status"] == "connected", "there").await;
    assert_eq!(participant().await["call_sid"], call);
    lab.tell(&format!("calls/{call}/hangup"), json!({})).await;
    phone.hears("hangup").await;
    lab.reaches(&call, "completed").await;
    until(async || lab.get("Recordings.json").await.1["recordings"][0]["status"] == "completed", "recorded").await;
}

#[tokio::test]
async fn a_client_calls_only_clients_by_its_name() {
    let lab = Lab::new().await;
    let fields = |to| [("To", to), ("From", "client:agent"), ("Twiml", "<Response/>")];
    assert_eq!(lab.post("Calls.json", &fields("client:other")).await.0, 201);
    assert_eq!(lab.post("Calls.json", &fields("+447700900001")).await.1["code"], 21_210);
}

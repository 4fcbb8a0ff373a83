use std::time::Duration;

use futures::SinkExt as _;
use serde_json::json;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::phone::{Phone, offer};
use crate::support::{ACCOUNT, ANSWERS, APPLICATION, Lab, SECRET, until};

#[tokio::test]
async fn tokens_are_checked() {
    let lab = Lab::new().await;
    let mut phone = Phone::new(&lab).await;
    assert_eq!(phone.listen("another secret", 60).await.1["error"]["code"], 31_204);
    phone.say("register", json!({"media": {"audio": true}})).await;
    assert_eq!(phone.hear().await.1["error"]["code"], 31_204, "nobody registers without a token");
    assert_eq!(phone.listen(SECRET, -5).await.1["error"]["code"], 31_205);

    let (kind, connected) = phone.listen(SECRET, 60).await;
    assert_eq!((kind.as_str(), &connected["token"]["identity"]), ("connected", &json!("agent")));
    assert!((55..=60).contains(&connected["token"]["ttl"].as_u64().unwrap()));
    phone.say("register", json!({"media": {"audio": true}})).await;
    assert_eq!(phone.hear().await.0, "ready");
    assert_eq!(lab.admin("presence").await, json!([{"identity": "agent", "is_registered": true}]));
}

#[tokio::test]
async fn a_token_that_expires_on_the_way_makes_no_calls() {
    let lab = Lab::new().await;
    let mut phone = Phone::new(&lab).await;
    phone.listen(SECRET, 1).await;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    phone.say("invite", json!({"callsid": "TJS1", "sdp": offer(), "twilio": {}})).await;
    assert_eq!(phone.hear().await.1["error"]["code"], 31_205);
    assert_eq!(lab.admin("calls").await, json!([]));
}

#[tokio::test]
async fn the_application_is_asked_and_a_page_cannot_pass_for_another() {
    let lab = Lab::new().await;
    let mut phone = Phone::new(&lab).await;
    let (call, _) = phone.call("To=&lead=4%2042&From=client%3Asomebody&CallSid=CA1").await;

    let asked = &lab.hooks("/voice")[0];
    for (name, value) in [
        ("From", "client:agent"),
        ("Caller", "client:agent"),
        ("To", ""),
        ("Direction", "inbound"),
        ("CallStatus", "ringing"),
        ("CallSid", call.as_str()),
        ("ApplicationSid", APPLICATION),
        ("AccountSid", ACCOUNT),
        ("lead", "4 42"),
        ("team", "red"),
    ] {
        assert_eq!(asked[name], value, "{name}");
    }
    assert_eq!(lab.hears("/conference", 1).await[0]["ParticipantLabel"], "agent");

    phone.say("hangup", json!({"callsid": call})).await;
    lab.reaches(&call, "completed").await;
    let ended = &lab.hears("/ended", 1).await[0];
    assert_eq!((ended["CallStatus"].as_str(), ended["CallSid"].as_str()), ("completed", call.as_str()));
    lab.hears("/conference", 3).await;
    assert_eq!(lab.told("/conference", "StatusCallbackEvent"), ["participant-join", "participant-leave", "conference-end"]);
}

#[tokio::test]
async fn a_call_that_is_given_up_at_once_is_canceled() {
    let lab = Lab::new().await;
    lab.application.lock().unwrap().slowness = vec![Duration::from_secs(2)];
    let mut phone = Phone::new(&lab).await;
    phone.listen(SECRET, 60).await;
    phone.say("invite", json!({"callsid": "TJS1", "sdp": offer(), "twilio": {}})).await;
    phone.say("hangup", json!({"callsid": "TJS1"})).await;
    until(async || lab.admin("calls").await[0]["status"] == "canceled", "canceled").await;
    assert_eq!(lab.hears("/ended", 1).await[0]["CallStatus"], "canceled");
}

#[tokio::test]
async fn who_comes_back_in_time_goes_on_and_who_does_not_is_cut_off() {
    let lab = Lab::new().await;
    let mut phone = Phone::new(&lab).await;
    let (call, reconnect) = phone.call("").await;
    drop(phone);
    let losses = async || lab.admin("journal?kind=signal").await.to_string().matches(r#""socket":"lost""#).count();
    until(async || losses().await == 1, "the socket is lost").await;
    assert_eq!(lab.status(&call).await, "in-progress");

    let mut phone = Phone::new(&lab).await;
    phone.listen(SECRET, 60).await;
    phone.say("invite", json!({"callsid": call, "sdp": offer(), "reconnect": reconnect, "twilio": {}})).await;
    let (kind, answer) = phone.hear().await;
    assert_eq!((kind.as_str(), answer["callsid"].as_str()), ("answer", Some(call.as_str())));
    assert!(answer["sdp"].is_string(), "another connection needs another answer");
    // Somebody is lost later and does not come back: when their time is up, so is that of the first loss.
    let mut other = Phone::new(&lab).await;
    let (lost, _) = other.call("").await;
    drop(other);
    lab.reaches(&lost, "completed").await;
    assert_eq!(lab.status(&call).await, "in-progress", "the alarm of the first loss is void");

    // The first token was used up.
    phone.say("invite", json!({"callsid": call, "sdp": offer(), "reconnect": reconnect, "twilio": {}})).await;
    assert_eq!(phone.hear().await.0, "hangup");
    drop(phone);
    lab.reaches(&call, "completed").await;
}

#[tokio::test]
async fn sockets_are_dropped_and_refused_on_purpose() {
    let lab = Lab::new().await;
    let mut phone = Phone::new(&lab).await;
    phone.listen(SECRET, 60).await;
    lab.tell("faults", json!({"drop_ws": true, "refuse_ws_ms": 400})).await;
    until(async || lab.admin("presence").await == json!([]), "nobody is there").await;
    assert!(connect_async(format!("ws://{}/twilio/signal", lab.address)).await.is_err());
    until(async || connect_async(format!("ws://{}/twilio/signal", lab.address)).await.is_ok(), "sockets are taken again").await;
    assert_eq!(Phone::new(&lab).await.listen(SECRET, 60).await.0, "connected");
}

#[tokio::test]
async fn a_rejected_call_and_a_broken_document_end_as_they_should() {
    let lab = Lab::new().await;
    lab.application.lock().unwrap().twiml = "<Response><Reject reason='busy'/></Response>".to_owned();
    let mut phone = Phone::new(&lab).await;
    phone.listen(SECRET, 60).await;
    phone.say("invite", json!({"callsid": "TJS1", "sdp": offer(), "twilio": {}})).await;
    let (kind, payload) = phone.hear().await;
    assert_eq!((kind.as_str(), &payload["error"]["code"]), ("hangup", &json!(31_486)));
    assert_eq!(payload["callsid"], "TJS1", "it has no other name for the call yet");
    assert_eq!(lab.hears("/ended", 1).await[0]["CallStatus"], "busy");

    lab.application.lock().unwrap().twiml = "no document".to_owned();
    phone.say("invite", json!({"callsid": "TJS2", "sdp": offer(), "twilio": {}})).await;
    assert_eq!(phone.hear().await.0, "answer", "an error is heard");
    assert_eq!(phone.hear().await.0, "hangup");
    assert_eq!(lab.admin("journal?kind=problem").await[0]["detail"]["code"], 12_100);
}

#[tokio::test]
async fn what_is_no_message_is_refused_and_the_rest_goes_on() {
    let lab = Lab::new().await;
    let mut phone = Phone::new(&lab).await;
    phone.0.send(Message::text("{")).await.unwrap();
    assert_eq!(phone.hear().await.1["error"]["code"], 31_100);
    phone.say("dance", json!({})).await;
    assert_eq!(phone.listen(SECRET, 60).await.0, "connected");
    phone.say("invite", json!({"callsid": "TJS1", "sdp": "no offer", "twilio": {}})).await;
    assert_eq!(phone.hear().await.0, "hangup");
    lab.add(ANSWERS, &[]).await;
}

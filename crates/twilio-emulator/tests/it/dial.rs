use std::time::Duration;

use serde_json::{Value, json};

use crate::phone::{Phone, offer};
use crate::support::{ANSWERS, BUSY, CALLER, Lab, NO_ANSWER, OURS, SECRET, until};

/// A party that never says anything.
const SILENT: &str = "+447700900101";

fn stays() -> Value {
    json!([{"repeat": "chat"}])
}

async fn silent(lab: &Lab) {
    lab.tell("scenarios", json!({"match": {"to": SILENT}, "steps": [{"ring_ms": 5_000}, {"answer": true}]})).await;
}

#[tokio::test]
async fn somebody_rings_in_is_put_through_and_both_are_heard() {
    let lab = Lab::new().await;
    lab.twiml("/ring-in", format_args!("<Dial action='/after?x=1' callerId='{OURS}'><Number>{ANSWERS}</Number></Dial>"));
    lab.twiml("/after", "<Hangup/>");
    let call = lab.ring_in(stays()).await;
    until(async || lab.children(&call).await.first().is_some_and(|child| child["status"] == "in-progress"), "put through").await;

    let asked = &lab.hooks("/ring-in")[0];
    for (name, value) in [("From", CALLER), ("To", OURS), ("Direction", "inbound"), ("CallStatus", "ringing"), ("CallSid", &call)] {
        assert_eq!(asked[name], value, "{name}");
    }
    let child = lab.children(&call).await.remove(0);
    let child_sid = child["sid"].as_str().unwrap();
    for (field, value) in [("direction", "outbound-dial"), ("from", OURS), ("to", ANSWERS), ("parent_call_sid", &call)] {
        assert_eq!(child[field], value, "{field}");
    }
    for sid in [&call, child_sid] {
        until(async || lab.loudness(sid).await > 500.0, "the other's voice").await;
    }
    lab.tell(&format!("calls/{child_sid}/hangup"), json!({})).await;
    lab.reaches(&call, "completed").await;
    let after = &lab.hears("/after", 1).await[0];
    for (name, value) in
        [("DialCallStatus", "completed"), ("DialCallSid", child_sid), ("DialBridged", "true"), ("CallStatus", "in-progress")]
    {
        assert_eq!(after[name], value, "{name}");
    }
    assert!(after.contains_key("DialCallDuration"));
    assert_eq!(lab.hears("/rung", 1).await[0]["CallStatus"], "completed");
}

#[tokio::test]
async fn how_the_dialling_went_is_told_and_the_next_verb_follows() {
    let lab = Lab::new().await;
    for (to, status) in [(BUSY, "busy"), (NO_ANSWER, "no-answer"), ("+447700900004", "failed"), ("+447700900005", "failed")] {
        lab.twiml("/ring-in", format_args!("<Dial action='/after' timeout='10'>{to}</Dial>"));
        lab.twiml("/after", "<Hangup/>");
        let call = lab.ring_in(stays()).await;
        lab.reaches(&call, "completed").await;
        let after = lab.hooks("/after").pop().unwrap();
        assert_eq!((after["DialCallStatus"].as_str(), after["DialBridged"].as_str()), (status, "false"), "{to}");
    }
    lab.twiml("/ring-in", format_args!("<Dial>{BUSY}</Dial><Redirect>/below</Redirect>"));
    lab.twiml("/below", "<Hangup/>");
    let call = lab.ring_in(stays()).await;
    lab.reaches(&call, "completed").await;
    assert_eq!(lab.hooks("/below")[0]["CallSid"], call);
}

#[tokio::test]
async fn when_the_caller_hangs_up_nobody_else_stays() {
    let lab = Lab::new().await;
    lab.twiml("/ring-in", format_args!("<Dial>{ANSWERS}</Dial>"));
    let call = lab.ring_in(json!([{"wait_ms": 50_000}, {"hangup_after_ms": 0}])).await;
    lab.reaches(&call, "completed").await;
    until(async || lab.children(&call).await[0]["status"] == "completed", "over").await;

    lab.twiml("/ring-in", format_args!("<Dial timeout='600'>{NO_ANSWER}</Dial>"));
    let call = lab.ring_in(json!([{"wait_ms": 30_000}, {"hangup_after_ms": 0}])).await;
    lab.reaches(&call, "completed").await;
    until(async || lab.children(&call).await[0]["status"] == "canceled", "taken back").await;
}

#[tokio::test]
async fn the_first_to_answer_is_talked_with_and_the_others_ring_no_more() {
    let lab = Lab::new().await;
    silent(&lab).await;
    let status = format!("statusCallback='{}' statusCallbackEvent='answered completed'", lab.url("/status"));
    let numbers = format!("<Number {status}>{NO_ANSWER}</Number><Number {status}>{SILENT}</Number><Number>{BUSY}</Number>");
    lab.twiml("/ring-in", format_args!("<Dial>{numbers}</Dial>"));
    let call = lab.ring_in(stays()).await;
    let statuses = async || lab.children(&call).await.iter().map(|child| child["status"].clone()).collect::<Vec<_>>();
    until(async || statuses().await == ["canceled", "in-progress", "busy"], "one of three").await;
    lab.hears("/status", 2).await;
    assert!(lab.told("/status", "ParentCallSid").iter().all(|parent| *parent == call));
    assert_eq!(lab.status(&call).await, "in-progress");
}

#[tokio::test]
async fn a_caller_hears_ringing_and_an_answer_on_bridge_comes_with_the_other_answer() {
    let lab = Lab::new().await;
    silent(&lab).await;
    lab.application.lock().unwrap().twiml = format!("<Response><Dial answerOnBridge='true' callerId='{OURS}'>{SILENT}</Dial></Response>");
    let mut phone = Phone::new(&lab).await;
    phone.listen(SECRET, 60).await;
    phone.say("invite", json!({"callsid": "TJS1", "sdp": offer(), "twilio": {}})).await;
    let call = phone.hears("ringing").await["callsid"].as_str().unwrap().to_owned();
    assert_eq!(lab.status(&call).await, "ringing");
    phone.hears("answer").await;
    assert_eq!(lab.children(&call).await[0]["status"], "in-progress");
    phone.say("hangup", json!({"callsid": call})).await;
    lab.reaches(&call, "completed").await;
}

#[tokio::test]
async fn a_client_needs_a_number_to_call_numbers() {
    let lab = Lab::new().await;
    lab.application.lock().unwrap().twiml = format!("<Response><Dial action='/after'>{ANSWERS}</Dial></Response>");
    lab.twiml("/after", "<Hangup/>");
    let mut phone = Phone::new(&lab).await;
    phone.call("").await;
    assert_eq!(lab.hears("/after", 1).await[0]["DialCallStatus"], "failed");
    assert_eq!(lab.admin("journal?kind=problem").await[0]["detail"]["code"], 13_214);
}

#[tokio::test]
async fn somebody_who_rings_in_is_put_through_to_a_browser() {
    let lab = Lab::new().await;
    let client = "<Client><Identity>agent</Identity><Parameter name='lead' value='4 42'/></Client>";
    lab.twiml("/ring-in", format_args!("<Dial action='/after' timeout='20'>{client}</Dial>"));
    lab.twiml("/after", "<Hangup/>");
    let mut phone = Phone::registered(&lab).await;
    let call = lab.ring_in(stays()).await;
    let invite = phone.hears("invite").await;
    assert_eq!((&invite["parameters"]["From"], &invite["parameters"]["Params"]), (&json!(CALLER), &json!("lead=4+42")));
    phone.accept(&invite).await;
    until(async || lab.children(&call).await[0]["status"] == "in-progress", "put through").await;
    lab.tell(&format!("calls/{call}/hangup"), json!({})).await;
    phone.hears("hangup").await;

    let call = lab.ring_in(stays()).await;
    let invite = phone.hears("invite").await;
    phone.say("reject", json!({"callsid": invite["callsid"]})).await;
    lab.reaches(&call, "completed").await;
    assert_eq!(lab.told("/after", "DialCallStatus"), ["busy"]);
}

#[tokio::test]
async fn whoever_answers_hears_keys_and_a_sentence_before_they_talk() {
    let lab = Lab::new().await;
    let steps = json!([{"answer": true}, {"expect_dtmf": "42#", "within_ms": 5_000}]);
    lab.tell("scenarios", json!({"match": {"to": SILENT}, "steps": steps})).await;
    lab.twiml("/ring-in", format_args!("<Dial><Number sendDigits='ww42#' url='/whisper'>{SILENT}</Number></Dial>"));
    lab.twiml("/whisper", "<Say>A caller for you.</Say>");
    let call = lab.ring_in(json!([])).await;
    let child = async || lab.children(&call).await.first().map(|child| child["sid"].as_str().unwrap().to_owned());
    until(async || child().await.is_some(), "dialled").await;
    let child = child().await.unwrap();
    let voiced = async || lab.media(&child).await["sent"]["voiced"].as_u64().unwrap();
    until(async || lab.hooks("/whisper").len() == 1 && voiced().await > 100, "a sentence").await;
    assert_eq!(lab.hooks("/whisper")[0]["CallSid"], child);
    assert!(lab.media(&child).await["digits"].as_str().unwrap().contains("42#"));
    assert_eq!(lab.status(&child).await, "in-progress", "the keys were the right ones");
}

#[tokio::test]
async fn a_call_of_rest_presses_keys_when_it_is_answered() {
    let lab = Lab::new().await;
    let steps = json!([{"answer": true}, {"expect_dtmf": "7", "within_ms": 5_000}, {"hangup_after_ms": 0}]);
    lab.tell("scenarios", json!({"match": {"to": SILENT}, "steps": steps})).await;
    let fields = [("To", SILENT), ("From", OURS), ("Twiml", "<Response><Pause length='60'/></Response>"), ("SendDigits", "7")];
    let call = lab.post("Calls.json", &fields).await.1["sid"].as_str().unwrap().to_owned();
    lab.reaches(&call, "completed").await;
    assert_eq!(lab.media(&call).await["digits"], "7");
}

#[tokio::test]
async fn a_conversation_is_recorded_with_the_caller_on_the_left() {
    let lab = Lab::new().await;
    silent(&lab).await;
    let record = format!("record='record-from-answer-dual' recordingStatusCallback='{}'", lab.url("/recorded"));
    lab.twiml("/ring-in", format_args!("<Dial {record} action='/after'>{SILENT}</Dial>"));
    lab.twiml("/after", "<Hangup/>");
    let call = lab.ring_in(stays()).await;
    until(async || lab.children(&call).await.first().is_some_and(|child| child["status"] == "in-progress"), "put through").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let child = lab.children(&call).await[0]["sid"].as_str().unwrap().to_owned();
    lab.tell(&format!("calls/{child}/hangup"), json!({})).await;
    let ready = &lab.hears("/recorded", 1).await[0];
    for (name, value) in
        [("CallSid", call.as_str()), ("RecordingSource", "DialVerb"), ("RecordingChannels", "2"), ("RecordingDuration", "1")]
    {
        assert_eq!(ready[name], value, "{name}");
    }
    assert_eq!(lab.hears("/after", 1).await[0]["RecordingUrl"], ready["RecordingUrl"]);
}

#[tokio::test]
async fn whoever_rings_in_may_be_rejected_or_unheard() {
    let lab = Lab::new().await;
    for (twiml, status) in [("<Reject reason='busy'/>", "busy"), ("<Reject/>", "no-answer"), ("<Pause length='1'/>", "completed")] {
        lab.twiml("/ring-in", twiml);
        let call = lab.ring_in(stays()).await;
        lab.reaches(&call, status).await;
        assert_eq!(lab.media(&call).await["received"]["packets"], 0, "nobody answered: {twiml}");
    }
    for (from, to, problem) in [
        ("client:agent_1", OURS, "whatever a network tells"),
        (CALLER, "0800", "a number like"),
        (CALLER, "+442079460999", "none of the account's"),
    ] {
        let (status, body) = lab.tell("calls/incoming", json!({"from": from, "to": to})).await;
        assert!(status == 422 && body["message"].as_str().unwrap().contains(problem), "{body}");
    }
}

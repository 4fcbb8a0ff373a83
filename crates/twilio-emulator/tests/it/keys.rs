use serde_json::json;

use crate::support::{Lab, OURS, until};

#[tokio::test]
async fn keys_are_gathered_until_there_are_enough() {
    let lab = Lab::new().await;
    for (gather, keys, digits) in [
        ("numDigits='3'", "1234", "123"),
        ("timeout='1'", "4w2", "42"),
        ("finishOnKey='*'", "7#8*9", "7#8"),
        ("", "55#6", "55"),
        ("timeout='1' actionOnEmptyResult='true'", "", ""),
    ] {
        lab.twiml(
            "/ring-in",
            format_args!("<Gather {gather} action='/keys'><Say>Press something.</Say></Gather><Redirect>/none</Redirect>"),
        );
        lab.twiml("/keys", "<Hangup/>");
        let call = lab.ring_in(json!([{"send_dtmf": keys}])).await;
        until(async || lab.status(&call).await == "completed", gather).await;
        assert_eq!(lab.hooks("/keys").pop().unwrap()["Digits"], digits, "{gather}");
    }
    assert!(lab.hooks("/none").is_empty());
}

#[tokio::test]
async fn a_key_cuts_off_what_is_said() {
    let lab = Lab::new().await;
    lab.twiml("/ring-in", "<Gather numDigits='1' action='/keys'><Say loop='20'>A long list.</Say></Gather>");
    lab.twiml("/keys", "<Pause length='1'/>");
    let call = lab.ring_in(json!([{"send_dtmf": "1"}])).await;
    lab.hears("/keys", 1).await;
    until(async || lab.loudness(&call).await < 50.0, "silence").await;
}

#[tokio::test]
async fn without_a_key_the_next_verb_follows() {
    let lab = Lab::new().await;
    lab.twiml("/ring-in", "<Gather timeout='1' action='/keys'/><Redirect>/none</Redirect>");
    lab.twiml("/none", "<Hangup/>");
    let call = lab.ring_in(json!([])).await;
    lab.reaches(&call, "completed").await;
    assert_eq!((lab.hooks("/none").len(), lab.hooks("/keys").len()), (1, 0));
}

#[tokio::test]
async fn keys_that_the_application_plays_are_understood() {
    let lab = Lab::new().await;
    let steps = json!([{"answer": true}, {"expect_dtmf": "12", "within_ms": 5_000}, {"send_dtmf": "9"}]);
    lab.tell("scenarios", json!({"match": {}, "steps": steps})).await;
    let twiml = format!("<Response><Play digits='12'/><Gather numDigits='1' action='{}'/></Response>", lab.url("/keys"));
    lab.twiml("/keys", "<Hangup/>");
    lab.post("Calls.json", &[("To", "+447700900123"), ("From", OURS), ("Twiml", &twiml)]).await;
    assert_eq!(lab.hears("/keys", 1).await[0]["Digits"], "9");
}

#[tokio::test]
async fn a_message_is_recorded_until_silence() {
    let lab = Lab::new().await;
    let told = lab.url("/recorded");
    lab.twiml(
        "/ring-in",
        format_args!("<Record timeout='1' action='/message' recordingStatusCallback='{told}'/><Redirect>/none</Redirect>"),
    );
    lab.twiml("/message", "<Hangup/>");
    let call = lab.ring_in(json!([{"wait_ms": 40_000}, {"play": "hello"}])).await;
    lab.reaches(&call, "completed").await;
    let message = &lab.hooks("/message")[0];
    let ready = &lab.hears("/recorded", 1).await[0];
    assert_eq!((&message["RecordingSid"], &message["RecordingUrl"]), (&ready["RecordingSid"], &ready["RecordingUrl"]));
    assert_eq!((message["Digits"].as_str(), ready["RecordingSource"].as_str()), ("", "RecordVerb"));
    let seconds: u64 = ready["RecordingDuration"].parse().unwrap();
    assert!((3..=6).contains(&seconds), "a sentence and a second of silence: {seconds}");
    assert!(lab.hooks("/none").is_empty());
}

#[tokio::test]
async fn a_message_ends_with_a_key_its_length_or_the_call() {
    let lab = Lab::new().await;
    lab.twiml("/message", "<Hangup/>");
    let speaks = json!({"repeat": "chat"});
    for (record, steps, digits) in [
        ("", json!([speaks, {"wait_ms": 60_000}, {"send_dtmf": "5"}]), "5"),
        ("maxLength='2'", json!([speaks]), ""),
        ("", json!([speaks, {"wait_ms": 90_000}, {"hangup_after_ms": 0}]), "hangup"),
    ] {
        lab.twiml("/ring-in", format_args!("<Record playBeep='false' action='/message' {record}/>"));
        let call = lab.ring_in(steps).await;
        lab.reaches(&call, "completed").await;
        let before = lab.hears("/message", 1).await;
        assert_eq!(before.last().unwrap()["Digits"], digits, "{record}");
        lab.application.lock().unwrap().hooks.clear();
    }
}

#[tokio::test]
async fn a_message_of_nothing_is_none() {
    let lab = Lab::new().await;
    lab.twiml("/ring-in", "<Record timeout='1' action='/message'/><Redirect>/none</Redirect>");
    lab.twiml("/none", "<Hangup/>");
    let call = lab.ring_in(json!([])).await;
    lab.reaches(&call, "completed").await;
    assert_eq!((lab.hooks("/none").len(), lab.hooks("/message").len()), (1, 0));
}

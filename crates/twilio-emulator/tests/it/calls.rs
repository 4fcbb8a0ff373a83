use serde_json::json;

use crate::support::{ANSWERS, Lab, NO_ANSWER, OURS, conference, until};

#[tokio::test]
async fn a_call_follows_the_twiml_that_it_is_given() {
    let lab = Lab::new().await;
    let twiml = conference(lab.address, "call-8");
    let mut calls = Vec::new();
    for twiml in [twiml.as_str(), "<Response><Say>Hello</Say><Hangup/></Response>"] {
        let (status, body) = lab.post("Calls.json", &[("To", ANSWERS), ("From", OURS), ("Twiml", twiml)]).await;
        assert_eq!((status, &body["status"]), (201, &json!("queued")));
        calls.push(body["sid"].as_str().unwrap().to_owned());
    }
    lab.reaches(&calls[1], "completed").await;
    let media = lab.admin(&format!("calls/{}", calls[1])).await["media"].clone();
    assert!(media["sent"]["voiced"].as_u64() > Some(100), "the party heard what was said: {media}");
    let said = lab.admin(&format!("journal?kind=media&call_sid={}", calls[1])).await;
    assert_eq!(said[0]["detail"], json!({"said": "Hello"}));
    assert_eq!(lab.status(&calls[0]).await, "in-progress");
    assert_eq!(lab.get("Conferences.json?FriendlyName=call-8").await.1["conferences"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_call_is_redirected_out_of_its_conference() {
    let lab = Lab::new().await;
    let call = lab.add(ANSWERS, &[]).await;
    lab.reaches(&call, "in-progress").await;
    lab.application.lock().unwrap().twiml = "<Response><Say>Goodbye</Say></Response>".to_owned();
    let url = lab.url("/next");
    assert_eq!(lab.post(&format!("Calls/{call}.json"), &[("Url", &url)]).await.0, 200);

    lab.reaches(&call, "completed").await;
    assert_eq!(lab.hooks("/next")[0]["CallStatus"], "in-progress");
    let left = lab.hears("/conference", 3).await;
    assert_eq!(left[1]["ReasonParticipantLeft"], "participant_updated_via_api");
}

#[tokio::test]
async fn a_call_is_ended_or_taken_back() {
    let lab = Lab::new().await;
    let (talking, ringing) = (lab.add(ANSWERS, &[]).await, lab.add(NO_ANSWER, &[("Timeout", "600")]).await);
    lab.reaches(&talking, "in-progress").await;
    lab.reaches(&ringing, "ringing").await;
    let update = async |call: &str, status: &str| lab.post(&format!("Calls/{call}.json"), &[("Status", status)]).await;

    assert_eq!(update(&talking, "canceled").await.0, 200);
    assert_eq!(update(&talking, "asleep").await.1["code"], 20_001);
    assert_eq!(update(&ringing, "canceled").await.0, 200);
    lab.reaches(&ringing, "canceled").await;
    assert_eq!(lab.status(&talking).await, "in-progress", "who talks cannot be taken back");
    update(&talking, "completed").await;
    lab.reaches(&talking, "completed").await;
    assert_eq!(update(&talking, "completed").await.1["code"], 21_220);
}

#[tokio::test]
async fn a_call_lasts_no_longer_than_it_may() {
    let lab = Lab::new().await;
    let call = lab.add(ANSWERS, &[("TimeLimit", "1")]).await;
    lab.reaches(&call, "completed").await;
    let shown = lab.get(&format!("Calls/{call}.json")).await.1;
    assert_eq!(shown["duration"], "1");
}

#[tokio::test]
async fn who_answers_is_told_when_it_is_asked() {
    let lab = Lab::new().await;
    let url = lab.url("/amd");
    let call = lab.add("+447700900006", &[("MachineDetection", "DetectMessageEnd"), ("AmdStatusCallback", &url)]).await;
    assert_eq!(lab.hears("/amd", 1).await[0]["AnsweredBy"], "machine_end_beep");
    assert_eq!(lab.get(&format!("Calls/{call}.json")).await.1["answered_by"], "machine_end_beep");
    let other = lab.add("+447700900006", &[]).await;
    lab.reaches(&other, "in-progress").await;
    assert_eq!(lab.get(&format!("Calls/{other}.json")).await.1["answered_by"], json!(null));
    until(async || lab.told("/status", "AnsweredBy").contains(&"machine_end_beep".to_owned()), "told with the answer").await;
}

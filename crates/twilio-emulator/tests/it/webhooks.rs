use std::time::Duration;

use serde_json::json;

use crate::support::{ANSWERS, BUSY, Lab, until};

#[tokio::test]
async fn a_webhook_is_tried_again_once_and_can_be_told_from_a_new_one() {
    let lab = Lab::new().await;
    lab.application.lock().unwrap().statuses = vec![500, 503];
    let call = lab.add(BUSY, &[]).await;
    lab.reaches(&call, "busy").await;
    lab.hears("/status", 4).await;

    // Twice in vain, and then the next.
    assert_eq!(lab.told("/status", "CallStatus"), ["initiated", "initiated", "ringing", "busy"]);
    let tokens: Vec<_> = lab.application.lock().unwrap().hooks.iter().map(|hook| hook.token.clone()).collect();
    assert!(tokens[0] == tokens[1] && tokens[1] != tokens[2]);
    // An attempt is written down after it, and so after the receiver has seen it.
    let path = format!("journal?kind=webhook&call_sid={call}");
    until(async || lab.admin(&path).await.as_array().unwrap().len() == 4, "four attempts").await;
    let journal = lab.admin(&path).await;
    let seen: Vec<_> =
        journal.as_array().unwrap().iter().map(|entry| (entry["detail"]["attempt"].clone(), entry["detail"]["status"].clone())).collect();
    let expected = [(1, 500), (2, 503), (1, 200), (1, 200)].map(|(attempt, status)| (json!(attempt), json!(status)));
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_refusal_is_not_tried_again() {
    let lab = Lab::new().await;
    lab.application.lock().unwrap().statuses = vec![403];
    let call = lab.add(BUSY, &[]).await;
    lab.reaches(&call, "busy").await;
    assert_eq!(lab.hears("/status", 3).await.len(), 3);
}

#[tokio::test]
async fn a_slow_receiver_changes_nothing_about_the_order() {
    let lab = Lab::new().await;
    lab.application.lock().unwrap().slowness = vec![Duration::from_millis(600)];
    let call = lab.add(BUSY, &[]).await;
    lab.reaches(&call, "busy").await;
    assert_eq!(lab.told("/status", "CallStatus"), ["initiated"], "the rest waits its turn");
    lab.hears("/status", 3).await;
    assert_eq!(lab.told("/status", "SequenceNumber"), ["0", "1", "2"]);
}

#[tokio::test]
async fn webhooks_can_be_lost_doubled_and_late() {
    let lab = Lab::new().await;
    lab.tell("faults", json!({"webhook_lost": 1, "webhook_twice": 1})).await;
    let call = lab.add(BUSY, &[]).await;
    lab.reaches(&call, "busy").await;
    lab.hears("/status", 3).await;
    assert_eq!(lab.told("/status", "CallStatus"), ["ringing", "ringing", "busy"]);
    let journal = lab.admin(&format!("journal?kind=webhook&call_sid={call}")).await;
    assert_eq!(journal[0]["detail"]["lost"], true);

    let (_, faults) = lab.tell("faults", json!({"webhook_delay_ms": 400})).await;
    assert_eq!((&faults["webhook_delay_ms"], &faults["webhook_lost"]), (&json!(400), &json!(0)));
    let call = lab.add(BUSY, &[]).await;
    lab.reaches(&call, "busy").await;
    assert_eq!(lab.hooks("/status").len(), 3);
    lab.hears("/status", 6).await;
}

#[tokio::test]
async fn webhooks_can_overtake_each_other() {
    let lab = Lab::new().await;
    lab.tell("faults", json!({"webhook_swapped": 1})).await;
    let call = lab.add(BUSY, &[]).await;
    lab.reaches(&call, "busy").await;
    lab.hears("/status", 3).await;
    assert_eq!(lab.told("/status", "SequenceNumber"), ["1", "0", "2"]);
    lab.tell("faults", json!({"webhook_swapped": 9})).await;
    let call = lab.add(BUSY, &[]).await;
    lab.reaches(&call, "busy").await;
    lab.hears("/status", 5).await;
    assert_eq!(lab.told("/status", "CallStatus")[3..], ["ringing", "initiated"], "the last has nobody to wait for");
}

#[tokio::test]
async fn nobody_there_is_written_down() {
    let lab = Lab::new().await;
    let fields = [("StatusCallback", "http://127.0.0.1:9/nobody")];
    let mut asked = lab.participant(ANSWERS, &[]);
    asked.retain(|(name, _)| *name != "StatusCallback");
    asked.extend(fields);
    let (_, body) = lab.post("Conferences/call-7/Participants.json", &asked).await;
    let path = format!("journal?kind=webhook&call_sid={}", body["call_sid"].as_str().unwrap());
    until(async || lab.admin(&path).await.as_array().unwrap().len() >= 2, "two attempts").await;
    let journal = lab.admin(&path).await;
    assert!(journal[0]["detail"]["problem"].as_str().unwrap().contains("refused"), "{journal}");
    assert_eq!(journal[0]["detail"]["status"], json!(null));
}

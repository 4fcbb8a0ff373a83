use serde_json::{Value, json};

use crate::support::{CALLER, Lab, OURS, until};

const AGENT: &str = "+447700900103";

fn stays() -> Value {
    json!([{"repeat": "chat"}])
}

async fn waiting(lab: &Lab) -> Vec<Value> {
    let sid = lab.get("Queues.json").await.1["queues"][0]["sid"].as_str().unwrap_or("none").to_owned();
    lab.get(&format!("Queues/{sid}/Members.json")).await.1["queue_members"].as_array().cloned().unwrap_or_default()
}

/// Somebody silent is called, and takes whoever waits.
async fn take(lab: &Lab) -> String {
    lab.tell("scenarios", json!({"match": {"to": AGENT}, "steps": [{"answer": true}]})).await;
    let twiml = format!("<Response><Dial action='{}' timeout='60'><Queue>sales</Queue></Dial></Response>", lab.url("/taken"));
    lab.post("Calls.json", &[("To", AGENT), ("From", OURS), ("Twiml", &twiml)]).await.1["sid"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn callers_wait_with_music_and_are_taken_in_their_order() {
    let lab = Lab::new().await;
    lab.twiml("/ring-in", "<Enqueue action='/waited'>sales</Enqueue>");
    lab.twiml("/waited", "<Hangup/>");
    lab.twiml("/taken", "<Hangup/>");
    let first = lab.ring_in(stays()).await;
    until(async || waiting(&lab).await.len() == 1, "one waits").await;
    let second = lab.ring_in(stays()).await;
    until(async || waiting(&lab).await.len() == 2, "two wait").await;
    until(async || lab.loudness(&first).await > 300.0, "music").await;
    let members = waiting(&lab).await;
    assert_eq!((&members[0]["call_sid"], &members[0]["position"]), (&json!(first), &json!(1)));
    assert_eq!((&members[1]["call_sid"], &members[1]["position"]), (&json!(second), &json!(2)));

    let agent = take(&lab).await;
    until(async || waiting(&lab).await.len() == 1, "one is taken").await;
    until(async || lab.loudness(&agent).await > 500.0, "the caller's voice").await;
    until(async || lab.loudness(&first).await < 50.0, "no music any more").await;
    lab.tell(&format!("calls/{agent}/hangup"), json!({})).await;
    let waited = &lab.hears("/waited", 1).await[0];
    assert_eq!((waited["QueueResult"].as_str(), waited["CallSid"].as_str()), ("bridged", first.as_str()));
    assert!(waited["QueueSid"].starts_with("QU") && waited.contains_key("QueueTime"));
    assert_eq!(lab.status(&second).await, "in-progress");
}

#[tokio::test]
async fn when_the_caller_who_was_taken_hangs_up_the_other_is_told() {
    let lab = Lab::new().await;
    lab.twiml("/ring-in", "<Enqueue>sales</Enqueue>");
    lab.twiml("/taken", "<Hangup/>");
    // The agent waits for somebody to come.
    let agent = take(&lab).await;
    lab.reaches(&agent, "in-progress").await;
    let caller = lab.ring_in(json!([{"wait_ms": 60_000}, {"hangup_after_ms": 0}])).await;
    lab.reaches(&caller, "completed").await;
    let taken = &lab.hears("/taken", 1).await[0];
    assert_eq!((taken["DialCallStatus"].as_str(), taken["DialCallSid"].as_str()), ("completed", caller.as_str()));
    assert!(waiting(&lab).await.is_empty());
}

#[tokio::test]
async fn whoever_gives_up_waits_no_more() {
    let lab = Lab::new().await;
    lab.twiml("/ring-in", "<Enqueue action='/waited'>sales</Enqueue>");
    let caller = lab.ring_in(json!([{"wait_ms": 40_000}, {"hangup_after_ms": 0}])).await;
    until(async || waiting(&lab).await.len() == 1, "waits").await;
    lab.reaches(&caller, "completed").await;
    assert!(waiting(&lab).await.is_empty());
}

#[tokio::test]
async fn what_is_heard_meanwhile_may_let_the_caller_go_on() {
    let lab = Lab::new().await;
    lab.twiml("/ring-in", "<Enqueue action='/waited' waitUrl='/wait'>sales</Enqueue>");
    lab.twiml("/wait", "<Say>You are first.</Say><Leave/>");
    lab.twiml("/waited", "<Hangup/>");
    let caller = lab.ring_in(stays()).await;
    lab.reaches(&caller, "completed").await;
    let asked = &lab.hooks("/wait")[0];
    assert_eq!((asked["QueuePosition"].as_str(), asked["CurrentQueueSize"].as_str(), asked["From"].as_str()), ("1", "1", CALLER));
    assert_eq!(lab.told("/waited", "QueueResult"), ["leave"]);
}

#[tokio::test]
async fn somebody_who_waits_is_sent_elsewhere_by_rest() {
    let lab = Lab::new().await;
    let (status, queue) = lab.post("Queues.json", &[("FriendlyName", "sales"), ("MaxSize", "1")]).await;
    assert_eq!((status, &queue["max_size"], &queue["current_size"]), (201, &json!(1), &json!(0)));
    assert_eq!(lab.post("Queues.json", &[("FriendlyName", "sales")]).await.1["code"], 22_003);
    let sid = queue["sid"].as_str().unwrap();
    lab.twiml("/ring-in", "<Enqueue action='/waited'>sales</Enqueue>");
    lab.twiml("/elsewhere", "<Hangup/>");
    lab.twiml("/waited", "<Hangup/>");
    let caller = lab.ring_in(stays()).await;
    until(async || waiting(&lab).await.len() == 1, "waits").await;
    let full = lab.ring_in(stays()).await;
    lab.reaches(&full, "completed").await;
    assert_eq!(lab.told("/waited", "QueueResult"), ["queue-full"]);
    assert_eq!(lab.delete(&format!("Queues/{sid}.json")).await.1["code"], 22_002);
    assert_eq!(lab.get(&format!("Queues/{sid}/Members/{caller}.json")).await.1["call_sid"], caller);

    let url = lab.url("/elsewhere");
    assert_eq!(lab.post(&format!("Queues/{sid}/Members/Front.json"), &[("Url", &url)]).await.0, 200);
    lab.reaches(&caller, "completed").await;
    assert_eq!((lab.hooks("/elsewhere").len(), lab.hooks("/waited").len()), (1, 1));
    assert_eq!(lab.post(&format!("Queues/{sid}/Members/Front.json"), &[("Url", &url)]).await.0, 404);
    assert_eq!(lab.post(&format!("Queues/{sid}.json"), &[("MaxSize", "9")]).await.1["max_size"], 9);
    assert_eq!(lab.delete(&format!("Queues/{sid}.json")).await.0, 204);
}

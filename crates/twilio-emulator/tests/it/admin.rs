use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::phone::offer;
use crate::support::{ANSWERS, BUSY, KEY, Lab, OURS, SECRET, until};

const ORDINARY: &str = "+447700900123";

#[tokio::test]
async fn a_scenario_is_played_as_often_as_it_says() {
    let lab = Lab::new().await;
    let steps = json!([{"ring_ms": 500}, {"answer": true}, {"play": "hello"}, {"send_dtmf": "42#"}, {"hangup_after_ms": 1000}]);
    let (status, _) = lab.tell("scenarios", json!({"match": {"to": ORDINARY}, "times": 1, "steps": steps})).await;
    assert_eq!(status, 201);
    lab.tell("mix", json!({"answer": 0, "no_answer": 0, "voicemail": 0, "busy": 100, "failed": 0})).await;

    let (first, second) = (lab.add(ORDINARY, &[]).await, lab.add(ORDINARY, &[]).await);
    lab.reaches(&first, "completed").await;
    lab.reaches(&second, "busy").await;
    let media = lab.admin(&format!("calls/{first}")).await["media"].clone();
    assert!(media["received"]["voiced"].as_u64() > Some(100), "{media}");
    assert_eq!(lab.admin(&format!("calls/{first}")).await["plan"], "scenario");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let lab = Lab::new().await;
    let (status, body) = lab.tell("scenarios", json!({"match": {}, "steps": [{"play": "opera"}]})).await;
    assert_eq!(status, 422);
    assert!(body["message"].as_str().unwrap().starts_with("step 1: the prompts are"));
    assert_eq!(lab.tell("mix", json!({"answer": 50, "no_answer": 0, "voicemail": 0, "busy": 0, "failed": 0})).await.0, 422);
    assert_eq!(lab.tell("faults", json!({"no_such_fault": 1})).await.0, 422);
    assert_eq!(lab.tell("faults", json!({"packet_loss": 7})).await.1["packet_loss"], 1.0);
}

#[tokio::test]
async fn requests_can_be_refused_or_never_answered() {
    let lab = Lab::new().await;
    lab.tell("faults", json!({"rest_503": 1})).await;
    let fields = lab.participant(ANSWERS, &[]);
    let (status, _) = lab.post("Conferences/call-7/Participants.json", &fields).await;
    assert_eq!(status, 503);
    assert_eq!(lab.admin("calls").await, json!([]), "not carried out");

    lab.tell("faults", json!({"rest_timeout": 1})).await;
    let url = lab.url("/twilio/2010-04-01/Accounts/AC00000000000000000000000000000009/Conferences/call-7/Participants.json");
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
    let request = lab.client.post(url).basic_auth(KEY, Some(SECRET)).timeout(Duration::from_millis(500));
    assert!(request.header("Content-Type", "application/x-www-form-urlencoded").body(body).send().await.unwrap_err().is_timeout());
    assert_eq!(lab.admin("calls").await.as_array().unwrap().len(), 1, "carried out");
    let journal = lab.admin("journal?kind=rest").await;
    assert_eq!((&journal[1]["detail"]["answered"], &journal[1]["detail"]["status"]), (&json!(false), &json!(201)));

    lab.tell("faults", json!({"rest_delay_ms": 300})).await;
    let began = Instant::now();
    lab.get("Calls.json").await;
    assert!(began.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn the_journal_tells_what_was_asked_about_a_number() {
    let lab = Lab::new().await;
    let call = lab.add(BUSY, &[]).await;
    lab.add(ANSWERS, &[]).await;
    lab.reaches(&call, "busy").await;
    lab.get(&format!("Calls/{call}.json")).await;
    let about = async || lab.admin(&format!("journal?to={}", BUSY.replace('+', "%2B"))).await;
    until(async || about().await.as_array().unwrap().iter().filter(|entry| entry["kind"] == "webhook").count() == 3, "three webhooks")
        .await;

    let entries = about().await;
    let entries = entries.as_array().unwrap();
    assert!(entries.iter().all(|entry| entry["to"] == BUSY));
    assert_eq!(entries[0]["detail"]["method"], "POST");
    assert_eq!(entries[0]["detail"]["params"]["To"], BUSY);
    let sequence: Vec<_> = entries.iter().map(|entry| entry["sequence"].as_u64().unwrap()).collect();
    assert!(sequence.is_sorted());
}

#[tokio::test]
async fn events_are_heard_as_they_are_written() {
    let lab = Lab::new().await;
    let mut stream = lab.client.get(lab.url("/twilio/admin/events")).send().await.unwrap();
    lab.add(BUSY, &[]).await;
    let mut text = String::new();
    while !text.contains("\"busy\"") {
        text.push_str(std::str::from_utf8(&stream.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(text.contains("data: {\"sequence\":"));
}

#[tokio::test]
async fn a_person_takes_a_call_that_rings_or_declines_it() {
    let lab = Lab::new().await;
    lab.tell("scenarios", json!({"match": {}, "steps": [{"no_answer": true}]})).await;
    let calls = [lab.add(ORDINARY, &[("Timeout", "600")]).await, lab.add(ORDINARY, &[("Timeout", "600")]).await];
    for call in &calls {
        lab.reaches(call, "ringing").await;
    }
    assert_eq!(lab.tell(&format!("calls/{}/decline", calls[0]), json!({})).await.0, 204);
    lab.reaches(&calls[0], "busy").await;
    let answer = format!("calls/{}/answer", calls[1]);
    assert_eq!(lab.tell(&answer, json!({"sdp": "no offer"})).await.0, 422);
    assert_eq!(lab.status(&calls[1]).await, "ringing");
    let (status, body) = lab.tell(&answer, json!({"sdp": offer()})).await;
    assert!(status == 200 && body["sdp"].as_str().unwrap().contains("a=ice-lite"), "{body}");
    lab.reaches(&calls[1], "in-progress").await;
    for path in [answer, format!("calls/{}/decline", calls[0]), "calls/CA0/decline".to_owned()] {
        let expected = if path.contains("CA0/") { 404 } else { 422 };
        assert_eq!(lab.tell(&path, json!({"sdp": offer()})).await.0, expected, "{path}");
    }

    lab.twiml("/ring-in", "<Pause length='60'/>");
    let (status, body) = lab.tell("calls/incoming", json!({"from": "+447700900199", "to": OURS, "sdp": offer()})).await;
    assert!(status == 201 && body["sdp"].as_str().unwrap().contains("a=ice-lite"), "{body}");
    assert_eq!(lab.admin("account").await["numbers"], json!([OURS]));
}

#[tokio::test]
async fn a_page_of_somebody_else_has_nothing_to_say() {
    let lab = Lab::new().await;
    let ours = format!("http://{}", lab.address);
    for (origin, expected) in [(ours.as_str(), 204), ("http://example.com", 403), ("null", 403)] {
        let answer = lab.client.post(lab.url("/twilio/admin/reset")).header("Origin", origin).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{origin}");
    }
}

#[tokio::test]
async fn the_page_is_served_with_what_it_loads() {
    let lab = Lab::new().await;
    for (path, kind) in [("emulator", "text/html"), ("emulator/page.css", "text/css"), ("emulator/page.js", "text/javascript")] {
        let answer = lab.client.get(lab.url(&format!("/twilio/{path}"))).send().await.unwrap();
        assert!(answer.status() == 200 && answer.headers()["content-type"].to_str().unwrap().starts_with(kind), "{path}");
    }
}

#[tokio::test]
async fn nobody_waits_for_time_that_is_skipped() {
    let lab = Lab::new().await;
    // Ten minutes are twelve seconds at this pace.
    let ringing = lab.add("+447700900003", &[("Timeout", "600")]).await;
    lab.reaches(&ringing, "ringing").await;
    assert_eq!(lab.tell("clock/advance", json!({"ms": 15_000})).await, (200, json!({"skipped_ms": 15_000})));
    lab.reaches(&ringing, "no-answer").await;

    lab.twiml("/ring-in", "<Gather timeout='300' action='/keys'/><Record timeout='300' action='/message'/><Pause length='300'/>");
    let caller = lab.ring_in(json!([])).await;
    lab.reaches(&caller, "in-progress").await;
    until(
        async || {
            lab.tell("clock/advance", json!({"ms": 300_000})).await;
            lab.status(&caller).await == "completed"
        },
        "over",
    )
    .await;
    assert_eq!(lab.tell("clock/advance", json!({"ms": -1})).await.0, 422);
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let lab = Lab::new().await;
    let call = lab.add(ANSWERS, &[]).await;
    lab.reaches(&call, "in-progress").await;
    let told = lab.hears("/status", 3).await.len();
    lab.tell("scenarios", json!({"match": {}, "steps": [{"busy": true}]})).await;
    lab.tell("faults", json!({"rest_delay_ms": 50})).await;
    assert_eq!(lab.tell("reset", json!({})).await.0, 204);

    for path in ["calls", "conferences", "journal", "scenarios"] {
        assert_eq!(lab.admin(path).await, json!([]), "{path}");
    }
    assert_eq!(lab.admin("faults").await["rest_delay_ms"], 0);
    // Whoever is called after it is told of.
    let later = lab.add(ANSWERS, &[]).await;
    lab.reaches(&later, "in-progress").await;
    until(async || lab.told("/status", "CallSid").contains(&later), "a later call is told of").await;
    let of_earlier = lab.told("/status", "CallSid").into_iter().filter(|of| *of == call).count();
    assert_eq!(of_earlier, told, "nobody is told");
    assert_eq!(lab.admin(&format!("calls/{call}")).await["message"], Value::from("there is no such call"));
}

use serde_json::json;

use crate::support::{ANSWERS, CALLER, FAILS, Lab, NO_ANSWER, OURS, REFUSED, until};

async fn send(lab: &Lab, to: &str, body: &str) -> (u16, serde_json::Value) {
    let url = lab.url("/sent");
    lab.post("Messages.json", &[("To", to), ("From", OURS), ("Body", body), ("StatusCallback", &url)]).await
}

async fn write(lab: &Lab, body: &str) {
    let (status, answer) = lab.tell("messages/incoming", json!({"from": CALLER, "to": OURS, "body": body})).await;
    assert_eq!(status, 201, "{answer}");
}

#[tokio::test]
async fn a_message_is_queued_sent_and_delivered() {
    let lab = Lab::new().await;
    let (status, body) = send(&lab, ANSWERS, "Hello £5").await;
    assert_eq!(status, 201);
    let sid = body["sid"].as_str().unwrap();
    for (field, value) in [
        ("status", json!("queued")),
        ("direction", json!("outbound-api")),
        ("body", json!("Hello £5")),
        ("num_segments", json!("1")),
        ("num_media", json!("0")),
        ("error_code", json!(null)),
        ("date_sent", json!(null)),
        ("messaging_service_sid", json!(null)),
    ] {
        assert_eq!(body[field], value, "{field}");
    }
    let told = lab.hears("/sent", 3).await;
    assert_eq!(lab.told("/sent", "MessageStatus"), ["queued", "sent", "delivered"]);
    for form in told {
        assert_eq!((form["MessageSid"].as_str(), form["SmsSid"].as_str(), form["To"].as_str()), (sid, sid, ANSWERS));
    }
    let shown = lab.get(&format!("Messages/{sid}.json")).await.1;
    assert!(shown["status"] == "delivered" && shown["date_sent"].is_string());
}

#[tokio::test]
async fn some_messages_do_not_arrive() {
    let lab = Lab::new().await;
    lab.tell("faults", json!({"message_failed": 1, "message_undelivered": 1})).await;
    for (to, states, error) in [
        (ANSWERS, &["queued", "failed"][..], "30008"),
        (ANSWERS, &["queued", "sent", "undelivered"], "30003"),
        (NO_ANSWER, &["queued", "sent", "undelivered"], "30003"),
        (FAILS, &["queued", "failed"], "30008"),
    ] {
        let (_, body) = send(&lab, to, "Hello").await;
        lab.hears("/sent", states.len()).await;
        assert_eq!(lab.told("/sent", "MessageStatus"), states, "{to}");
        assert_eq!(lab.told("/sent", "ErrorCode").last().unwrap(), error);
        let sid = body["sid"].as_str().unwrap();
        assert_eq!(lab.get(&format!("Messages/{sid}.json")).await.1["error_code"].to_string(), error);
        lab.application.lock().unwrap().hooks.clear();
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused() {
    let lab = Lab::new().await;
    let long = "a".repeat(1_601);
    for (fields, code) in [
        (vec![("From", OURS), ("Body", "x")], 21_604),
        (vec![("To", ANSWERS), ("From", OURS)], 21_602),
        (vec![("To", ANSWERS), ("Body", "x")], 21_603),
        (vec![("To", ANSWERS), ("From", "+442079460999"), ("Body", "x")], 21_606),
        (vec![("To", "0800"), ("From", OURS), ("Body", "x")], 21_211),
        (vec![("To", REFUSED), ("From", OURS), ("Body", "x")], 21_211),
        (vec![("To", ANSWERS), ("From", OURS), ("Body", &long)], 21_617),
    ] {
        let (status, body) = lab.post("Messages.json", &fields).await;
        assert_eq!((status, &body["code"]), (400, &json!(code)), "{code}");
    }
    assert_eq!(lab.admin("messages").await, json!([]));
}

#[tokio::test]
async fn somebody_who_writes_is_answered_by_the_application() {
    let lab = Lab::new().await;
    lab.twiml("/written", "<Message>Thank you.</Message>");
    write(&lab, "Where is my money?").await;
    let asked = lab.hears("/written", 1).await.remove(0);
    for (name, value) in
        [("From", CALLER), ("To", OURS), ("Body", "Where is my money?"), ("SmsStatus", "received"), ("NumMedia", "0"), ("NumSegments", "1")]
    {
        assert_eq!(asked[name], value, "{name}");
    }
    let listed = async || lab.get(&format!("Messages.json?To={}", CALLER.replace('+', "%2B"))).await.1["messages"].clone();
    until(async || listed().await[0]["status"] == "delivered", "answered").await;
    assert_eq!((&listed().await[0]["direction"], &listed().await[0]["body"]), (&json!("outbound-reply"), &json!("Thank you.")));
    assert_eq!(lab.get(&format!("Messages/{}.json", asked["MessageSid"])).await.1["direction"], "inbound");
}

#[tokio::test]
async fn who_wants_no_messages_gets_none_until_they_want_some() {
    let lab = Lab::new().await;
    lab.answers("/written", "text/plain", "");
    write(&lab, " Stop ").await;
    lab.hears("/written", 1).await;
    let (status, body) = send(&lab, CALLER, "Hello").await;
    assert_eq!((status, &body["code"]), (400, &json!(21_610)));
    assert_eq!(send(&lab, ANSWERS, "Hello").await.0, 201, "nobody else");
    write(&lab, "stop").await;
    write(&lab, "START").await;
    assert_eq!(send(&lab, CALLER, "Hello").await.0, 201);
    let replies = lab.admin("messages").await;
    let replies = replies.as_array().unwrap().iter().filter(|message| message["direction"] == "outbound-reply");
    assert_eq!(replies.count(), 2, "a confirmation of each change");
}

#[tokio::test]
async fn messages_are_listed_emptied_and_deleted() {
    let lab = Lab::new().await;
    let mut sids = Vec::new();
    for to in [ANSWERS, CALLER] {
        sids.push(send(&lab, to, "secret").await.1["sid"].as_str().unwrap().to_owned());
    }
    let listed = async |query: &str| lab.get(&format!("Messages.json?{query}")).await.1["messages"].as_array().unwrap().len();
    assert_eq!((listed("").await, listed("To=%2B447700900001").await, listed("From=%2B1").await), (2, 1, 0));
    assert_eq!((listed("DateSent>=2020-01-01").await, listed("DateSent<=2020-01-01").await), (2, 0));
    let path = format!("Messages/{}.json", sids[0]);
    assert_eq!(lab.post(&path, &[("Body", "")]).await.1["body"], "");
    until(async || lab.get(&path).await.1["status"] == "delivered", "delivered").await;
    assert_eq!(lab.delete(&path).await.0, 204);
    assert_eq!((lab.get(&path).await.0, listed("").await), (404, 1));
}

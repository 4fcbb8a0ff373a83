use serde_json::{Value, json};

use crate::support::{ANSWERS, BUSY, FAILS, Lab, NO_ANSWER, OURS, until};

#[tokio::test]
async fn a_participant_makes_the_conference_and_is_shaped_as_twilios() {
    let lab = Lab::new().await;
    let fields = lab.participant(ANSWERS, &[("Label", "customer"), ("EndConferenceOnExit", "true"), ("Unknown", "is ignored")]);
    let (status, body) = lab.post("Conferences/call-7/Participants.json", &fields).await;

    assert_eq!(status, 201);
    for (field, expected) in [
        ("label", json!("customer")),
        ("status", json!("queued")),
        ("call_sid_to_coach", Value::Null),
        ("end_conference_on_exit", json!(true)),
        ("start_conference_on_enter", json!(true)),
        ("muted", json!(false)),
        ("queue_time", json!("0")),
    ] {
        assert_eq!(body[field], expected, "{field}");
    }
    let (call, conference) = (body["call_sid"].as_str().unwrap(), body["conference_sid"].as_str().unwrap());
    assert_eq!(lab.get("Conferences.json?FriendlyName=call-7&Status=init").await.1["conferences"][0]["sid"], conference);
    for name in [call, "customer"] {
        let found = lab.get(&format!("Conferences/call-7/Participants/{name}.json")).await.1;
        assert_eq!(found["call_sid"], call, "by {name}");
    }
    let found = lab.get(&format!("Calls/{call}.json")).await.1;
    for (field, expected) in [("to", json!(ANSWERS)), ("from", json!(OURS)), ("price", Value::Null), ("phone_number_sid", Value::Null)] {
        assert_eq!(found[field], expected, "{field}");
    }
    lab.reaches(call, "in-progress").await;
    let listed = lab.get(&format!("Conferences/{conference}/Participants.json")).await.1;
    assert_eq!(listed["participants"][0]["status"], "connected");
}

#[tokio::test]
async fn a_label_is_given_once() {
    let lab = Lab::new().await;
    lab.add(ANSWERS, &[("Label", "customer")]).await;
    let (status, body) = lab.post("Conferences/call-7/Participants.json", &lab.participant(ANSWERS, &[("Label", "customer")])).await;
    assert_eq!((status, &body["code"]), (400, &16_025.into()));
    assert_eq!(lab.admin("calls").await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn every_step_is_told_in_order() {
    let lab = Lab::new().await;
    let call = lab.add(ANSWERS, &[]).await;
    lab.reaches(&call, "in-progress").await;
    assert_eq!(lab.tell(&format!("calls/{call}/hangup"), json!({})).await.0, 204);
    let told = lab.hears("/status", 4).await;

    assert_eq!(lab.told("/status", "CallStatus"), ["initiated", "ringing", "in-progress", "completed"]);
    assert_eq!(lab.told("/status", "SequenceNumber"), ["0", "1", "2", "3"]);
    for form in &told {
        assert_eq!((form["CallSid"].as_str(), form["To"].as_str(), form["From"].as_str()), (call.as_str(), ANSWERS, OURS));
        assert_eq!((form["CallbackSource"].as_str(), form["Direction"].as_str()), ("call-progress-events", "outbound-api"));
    }
    assert_eq!((told[3]["SipResponseCode"].as_str(), told[3]["CallDuration"].as_str()), ("200", "0"));
    assert_eq!(lab.tell(&format!("calls/{call}/hangup"), json!({})).await.0, 404, "nobody hangs up twice");
}

#[tokio::test]
async fn who_does_not_answer_is_told_so_and_has_never_been_there() {
    let lab = Lab::new().await;
    for (to, status, response) in [(BUSY, "busy", "486"), (NO_ANSWER, "no-answer", "487"), (FAILS, "failed", "404")] {
        let call = lab.add(to, &[("Timeout", "10")]).await;
        lab.reaches(&call, status).await;
        until(async || lab.told("/status", "CallStatus").contains(&status.to_owned()), status).await;
        let last = lab.hooks("/status").into_iter().find(|form| form["CallStatus"] == status).unwrap();
        assert_eq!((last["SipResponseCode"].as_str(), last["CallDuration"].as_str()), (response, "0"));
        let media = lab.admin(&format!("calls/{call}")).await["media"].clone();
        assert_eq!((&media["received"]["packets"], &media["sent"]["packets"]), (&0.into(), &0.into()));
        assert_eq!(lab.get("Conferences/call-7/Participants.json").await.0, 404, "nobody was ever in it");
    }
}

#[tokio::test]
async fn two_people_hear_each_other() {
    let lab = Lab::new().await;
    let calls = [lab.add(ANSWERS, &[]).await, lab.add(ANSWERS, &[]).await];
    for call in &calls {
        lab.reaches(call, "in-progress").await;
        let heard = async || lab.admin(&format!("calls/{call}")).await["media"].clone();
        until(async || heard().await["sent"]["voiced"].as_u64() > Some(25), "voice").await;
        assert!(heard().await["received"]["rms"].as_f64() > Some(500.0));
    }
    assert_eq!(lab.told("/conference", "StatusCallbackEvent"), ["participant-join", "participant-join", "conference-start"]);
}

#[tokio::test]
async fn a_participant_can_be_muted_held_and_removed() {
    let lab = Lab::new().await;
    let calls = [lab.add(ANSWERS, &[("Label", "one")]).await, lab.add(ANSWERS, &[("Label", "two")]).await];
    for call in &calls {
        lab.reaches(call, "in-progress").await;
    }
    let quiet = async |call: &str| lab.admin(&format!("calls/{call}")).await["media"]["sent"]["recent_rms"].as_f64() < Some(1.0);
    let (status, body) = lab.post("Conferences/call-7/Participants/one.json", &[("Muted", "true")]).await;
    assert_eq!((status, &body["muted"], &body["hold"]), (200, &json!(true), &json!(false)));
    until(async || quiet(&calls[1]).await, "silence instead of one").await;
    lab.post("Conferences/call-7/Participants/one.json", &[("Muted", "false"), ("Hold", "true")]).await;
    let music = async || lab.loudness(&calls[0]).await > 300.0;
    until(music, "music for one").await;

    assert_eq!(lab.delete("Conferences/call-7/Participants/one.json").await.0, 204);
    lab.reaches(&calls[0], "completed").await;
    assert_eq!(lab.status(&calls[1]).await, "in-progress");
    until(async || lab.told("/conference", "StatusCallbackEvent").len() == 7, "seven events").await;
    assert_eq!(
        lab.told("/conference", "StatusCallbackEvent")[3..],
        ["participant-mute", "participant-unmute", "participant-hold", "participant-leave",].map(str::to_owned)[..],
        "in order"
    );
    assert_eq!(lab.hooks("/conference")[6]["ReasonParticipantLeft"], "participant_updated_via_api");
}

#[tokio::test]
async fn a_conference_that_is_ended_ends_everybodys_call() {
    let lab = Lab::new().await;
    let calls = [lab.add(ANSWERS, &[]).await, lab.add(ANSWERS, &[]).await, lab.add(NO_ANSWER, &[("Timeout", "600")]).await];
    lab.reaches(&calls[0], "in-progress").await;
    lab.reaches(&calls[1], "in-progress").await;
    lab.reaches(&calls[2], "ringing").await;
    let sid = lab.get("Conferences.json?Status=in-progress").await.1["conferences"][0]["sid"].as_str().unwrap().to_owned();

    let (status, body) = lab.post(&format!("Conferences/{sid}.json"), &[("Status", "completed")]).await;
    assert_eq!((status, &body["status"]), (200, &json!("completed")));
    assert_eq!(body["reason_conference_ended"], "conference-ended-via-api");
    for (call, status) in calls.iter().zip(["completed", "completed", "canceled"]) {
        lab.reaches(call, status).await;
    }
    until(async || lab.told("/conference", "StatusCallbackEvent").last().is_some_and(|last| last == "conference-end"), "the end").await;
    let reasons: Vec<_> = lab.told("/conference", "ReasonParticipantLeft").into_iter().filter(|reason| !reason.is_empty()).collect();
    assert_eq!(reasons, ["conference_ended_via_api", "conference_ended_via_api", "participant_add_failed"]);
}

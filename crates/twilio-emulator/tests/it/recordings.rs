use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{ACCOUNT, ANSWERS, AUTH_TOKEN, BUSY, Lab, until};

/// A party that says one thing and hangs up after two seconds.
const SPEAKS: &str = "+447700900102";
const SILENT: &str = "+447700900101";

async fn cast(lab: &Lab) {
    let hangs_up = json!([{"answer": true}, {"repeat": "chat"}, {"wait_ms": 100_000}, {"hangup_after_ms": 0}]);
    lab.tell("scenarios", json!({"match": {"to": SPEAKS}, "steps": hangs_up})).await;
    lab.tell("scenarios", json!({"match": {"to": SILENT}, "steps": [{"answer": true}]})).await;
}

/// What a recorded participant asks for.
fn recorded(lab: &Lab) -> [(&'static str, String); 4] {
    [
        ("Record", "true".to_owned()),
        ("RecordingChannels", "dual".to_owned()),
        ("RecordingStatusCallback", lab.url("/recorded")),
        ("RecordingStatusCallbackEvent", "in-progress completed absent failed".to_owned()),
    ]
}

async fn add(lab: &Lab, to: &str, more: &[(&str, &str)]) -> String {
    let asked = recorded(lab);
    let mut fields: Vec<(&str, &str)> = asked.iter().map(|(name, value)| (*name, value.as_str())).collect();
    fields.retain(|(name, _)| more.iter().all(|(other, _)| other != name));
    fields.extend(more);
    lab.add(to, &fields).await
}

async fn wav(lab: &Lab, url: &str, range: Option<&str>) -> (u16, Vec<u8>) {
    let request = lab.client.get(url).basic_auth(ACCOUNT, Some(AUTH_TOKEN));
    let request = if let Some(range) = range { request.header("Range", range) } else { request };
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.bytes().await.unwrap().to_vec())
}

/// How loud each channel of a file of 16-bit samples is.
fn loudness(wav: &[u8]) -> Vec<f64> {
    let channels = usize::from(u16::from_le_bytes([wav[22], wav[23]]));
    let samples: Vec<f64> = wav[44..].chunks_exact(2).map(|bytes| f64::from(i16::from_le_bytes([bytes[0], bytes[1]]))).collect();
    let rms = |channel: usize| {
        let of_it: Vec<f64> = samples.iter().skip(channel).step_by(channels).map(|sample| sample.powi(2)).collect();
        #[expect(clippy::cast_precision_loss, reason = "seconds of sound")]
        let mean = of_it.iter().sum::<f64>() / of_it.len() as f64;
        mean.sqrt()
    };
    (0..channels).map(rms).collect()
}

#[tokio::test]
async fn a_participant_is_recorded_from_the_answer_on_and_each_side_has_its_channel() {
    let lab = Lab::new().await;
    cast(&lab).await;
    let other = lab.add(SILENT, &[]).await;
    lab.reaches(&other, "in-progress").await;
    let call = add(&lab, SPEAKS, &[("Beep", "false")]).await;
    lab.reaches(&call, "completed").await;
    let told = lab.hears("/recorded", 2).await;

    assert_eq!(lab.told("/recorded", "RecordingStatus"), ["in-progress", "completed"]);
    let ready = &told[1];
    let sid = ready["RecordingSid"].clone();
    for (name, value) in [
        ("AccountSid", ACCOUNT),
        ("CallSid", &call),
        ("RecordingUrl", &lab.url(&format!("/twilio/2010-04-01/Accounts/{ACCOUNT}/Recordings/{sid}"))),
        ("RecordingDuration", "2"),
        ("RecordingChannels", "2"),
        ("RecordingSource", "OutboundAPI"),
        ("RecordingTrack", "both"),
        ("ErrorCode", "0"),
    ] {
        assert_eq!(ready[name], value, "{name}");
    }
    for ending in ["", ".wav"] {
        let (status, file) = wav(&lab, &format!("{}{ending}", ready["RecordingUrl"]), None).await;
        assert_eq!((status, &file[..4]), (200, &b"RIFF"[..]));
        assert_eq!(file.len(), 44 + u32::from_le_bytes([file[40], file[41], file[42], file[43]]) as usize);
        let loudness = loudness(&file);
        assert!(loudness[0] > 500.0 && loudness[1] < 50.0, "who speaks is on the left: {loudness:?}");
        let (status, part) = wav(&lab, &format!("{}{ending}", ready["RecordingUrl"]), Some("bytes=44-1043")).await;
        assert_eq!((status, &part[..]), (206, &file[44..1_044]));
    }
    let url = format!("{}.wav", ready["RecordingUrl"]);
    assert_eq!(lab.client.get(&url).send().await.unwrap().status(), 401);
    assert_eq!(lab.client.get(&url).basic_auth("AC", Some("x")).send().await.unwrap().status(), 401);
    lab.post(&format!("Calls/{other}.json"), &[("Status", "completed")]).await;
}

#[tokio::test]
async fn what_the_party_hears_is_on_the_right() {
    let lab = Lab::new().await;
    cast(&lab).await;
    let call = add(&lab, SILENT, &[]).await;
    let other = lab.add(SPEAKS, &[]).await;
    lab.reaches(&other, "completed").await;
    lab.post(&format!("Calls/{call}.json"), &[("Status", "completed")]).await;
    let told = lab.hears("/recorded", 2).await;
    let loudness = loudness(&wav(&lab, &told[1]["RecordingUrl"], None).await.1);
    assert!(loudness[0] < 50.0 && loudness[1] > 300.0, "{loudness:?}");
}

#[tokio::test]
async fn one_channel_has_both_or_the_track_that_is_asked_for() {
    let lab = Lab::new().await;
    cast(&lab).await;
    lab.add(SPEAKS, &[]).await;
    let both = add(&lab, SILENT, &[("RecordingChannels", "mono")]).await;
    let inbound = add(&lab, SILENT, &[("RecordingChannels", "mono"), ("RecordingTrack", "inbound")]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    for call in [&both, &inbound] {
        lab.post(&format!("Calls/{call}.json"), &[("Status", "completed")]).await;
    }
    let told = lab.hears("/recorded", 4).await;
    for (call, is_loud) in [(both, true), (inbound, false)] {
        let ready = told.iter().find(|form| form["CallSid"] == call && form["RecordingStatus"] == "completed").unwrap();
        let loudness = loudness(&wav(&lab, &ready["RecordingUrl"], None).await.1);
        assert_eq!((loudness.len(), loudness[0] > 300.0), (1, is_loud), "{loudness:?}");
    }
}

#[tokio::test]
async fn recordings_are_listed_fetched_and_deleted() {
    let lab = Lab::new().await;
    cast(&lab).await;
    let call = add(&lab, SPEAKS, &[]).await;
    lab.reaches(&call, "in-progress").await;
    let sids = |body: &Value| body["recordings"].as_array().unwrap().iter().map(|one| one["sid"].clone()).collect::<Vec<_>>();
    let live = lab.get("Recordings.json").await.1["recordings"][0].clone();
    assert_eq!((&live["status"], &live["duration"], &live["call_sid"]), (&json!("in-progress"), &json!("-1"), &json!(call)));
    let sid = live["sid"].as_str().unwrap();
    assert_eq!(lab.delete(&format!("Recordings/{sid}.json")).await.0, 400, "not while it is made");
    assert_eq!(lab.get(&format!("Recordings/{sid}.wav")).await.0, 404, "not ready");
    lab.reaches(&call, "completed").await;
    lab.hears("/recorded", 2).await;

    let shown = lab.get(&format!("Recordings/{sid}.json")).await.1;
    for (field, value) in [
        ("status", json!("completed")),
        ("duration", json!("2")),
        ("channels", json!(2)),
        ("conference_sid", Value::Null),
        ("source", json!("OutboundAPI")),
        ("error_code", Value::Null),
        ("price", Value::Null),
        ("encryption_details", Value::Null),
        ("uri", json!(format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{sid}.json"))),
    ] {
        assert_eq!(shown[field], value, "{field}");
    }
    let today = chrono::DateTime::parse_from_rfc2822(shown["date_created"].as_str().unwrap()).unwrap().format("%Y-%m-%d").to_string();
    for (query, is_found) in [
        (format!("CallSid={call}"), true),
        ("CallSid=CA00000000000000000000000000000000".to_owned(), false),
        ("ConferenceSid=CF00000000000000000000000000000000".to_owned(), false),
        (format!("DateCreated={today}"), true),
        ("DateCreated=2020-01-01".to_owned(), false),
        ("DateCreated>=2020-01-01".to_owned(), true),
        ("DateCreated<=2020-01-01".to_owned(), false),
    ] {
        assert_eq!(sids(&lab.get(&format!("Recordings.json?{query}")).await.1).len() == 1, is_found, "{query}");
    }
    assert_eq!(sids(&lab.get(&format!("Calls/{call}/Recordings.json")).await.1), [sid]);
    assert_eq!(lab.get(&format!("Calls/{call}/Recordings/{sid}.json")).await.1["sid"], sid);
    assert_eq!(lab.delete(&format!("Recordings/{sid}.json")).await.0, 204);
    for path in [format!("Recordings/{sid}.json"), format!("Recordings/{sid}.wav"), format!("Calls/{call}/Recordings/{sid}.json")] {
        assert_eq!(lab.get(&path).await.0, 404, "{path}");
    }
    assert_eq!(lab.delete(&format!("Recordings/{sid}.json")).await.0, 404);
}

#[tokio::test]
async fn a_call_that_was_never_answered_has_no_sound() {
    let lab = Lab::new().await;
    let call = add(&lab, BUSY, &[]).await;
    lab.reaches(&call, "busy").await;
    let told = lab.hears("/recorded", 1).await;
    assert_eq!((told[0]["RecordingStatus"].as_str(), told[0]["RecordingDuration"].as_str()), ("absent", "0"));
    let sid = &told[0]["RecordingSid"];
    assert_eq!(lab.get(&format!("Recordings/{sid}.json")).await.1["status"], "absent");
    assert_eq!(lab.get(&format!("Recordings/{sid}.wav")).await.0, 404);
}

#[tokio::test]
async fn a_recording_can_fail_come_late_or_come_untold() {
    let lab = Lab::new().await;
    lab.tell("faults", json!({"recording_failed": 1})).await;
    let end = async |call: &str| {
        lab.reaches(call, "in-progress").await;
        lab.post(&format!("Calls/{call}.json"), &[("Status", "completed")]).await;
    };
    let status = async |call: &str| lab.get(&format!("Calls/{call}/Recordings.json")).await.1["recordings"][0]["status"].clone();
    let call = add(&lab, ANSWERS, &[]).await;
    end(&call).await;
    lab.hears("/recorded", 2).await;
    assert_eq!(lab.told("/recorded", "RecordingStatus"), ["in-progress", "failed"]);
    assert_eq!(status(&call).await, "absent");

    lab.tell("faults", json!({"recording_untold": 1})).await;
    let call = add(&lab, ANSWERS, &[("RecordingStatusCallbackEvent", "completed")]).await;
    end(&call).await;
    until(async || status(&call).await == "completed", "ready").await;

    lab.tell("faults", json!({"recording_delay_ms": 3_000})).await;
    let call = add(&lab, ANSWERS, &[("RecordingStatusCallbackEvent", "completed")]).await;
    end(&call).await;
    until(async || status(&call).await == "processing", "it is not ready yet").await;
    assert_eq!(lab.hooks("/recorded").len(), 2);
    let told = lab.hears("/recorded", 3).await;
    assert_eq!(told[2]["CallSid"], call, "of the one before, nobody was told");
}

#[tokio::test]
async fn a_conference_is_recorded_from_its_start() {
    let lab = Lab::new().await;
    cast(&lab).await;
    let url = lab.url("/recorded");
    let first = lab.add(SILENT, &[("ConferenceRecord", "true"), ("ConferenceRecordingStatusCallback", &url)]).await;
    lab.reaches(&first, "in-progress").await;
    assert_eq!(lab.get("Recordings.json").await.1["recordings"], json!([]), "not before it starts");
    let second = lab.add(SPEAKS, &[]).await;
    lab.reaches(&second, "completed").await;
    lab.post(&format!("Calls/{first}.json"), &[("Status", "completed")]).await;
    let told = lab.hears("/recorded", 1).await;

    let conference = lab.get("Conferences.json").await.1["conferences"][0]["sid"].as_str().unwrap().to_owned();
    let ready = &told[0];
    assert_eq!((ready["ConferenceSid"].as_str(), ready["RecordingSource"].as_str()), (conference.as_str(), "Conference"));
    assert!(!ready.contains_key("CallSid"));
    let loudness = loudness(&wav(&lab, &ready["RecordingUrl"], None).await.1);
    assert!(loudness.len() == 1 && loudness[0] > 300.0, "{loudness:?}");
    for path in [format!("Conferences/{conference}/Recordings.json"), format!("Recordings.json?ConferenceSid={conference}")] {
        assert_eq!(lab.get(&path).await.1["recordings"][0]["sid"], ready["RecordingSid"], "{path}");
    }
}

#[tokio::test]
async fn a_call_that_goes_on_is_recorded_paused_and_no_longer_recorded() {
    let lab = Lab::new().await;
    let call = lab.add(ANSWERS, &[]).await;
    let path = format!("Calls/{call}/Recordings.json");
    assert_eq!(lab.post(&path, &[]).await.1["code"], 21_220, "nobody has answered");
    lab.reaches(&call, "in-progress").await;
    let url = lab.url("/recorded");
    let (status, body) = lab.post(&path, &[("RecordingStatusCallback", &url)]).await;
    assert_eq!((status, &body["source"], &body["status"]), (201, &json!("StartCallRecordingAPI"), &json!("in-progress")));
    let sid = body["sid"].as_str().unwrap();
    let update = async |status: &str| lab.post(&format!("Calls/{call}/Recordings/{sid}.json"), &[("Status", status)]).await;
    assert_eq!(update("paused").await.1["status"], "paused");
    tokio::time::sleep(Duration::from_millis(1_600)).await;
    assert_eq!(update("in-progress").await.1["status"], "in-progress");
    tokio::time::sleep(Duration::from_millis(900)).await;
    update("stopped").await;
    let told = lab.hears("/recorded", 1).await;
    assert_eq!(told[0]["RecordingDuration"], "1", "the pause is not in it");
    assert_eq!(update("paused").await.1["code"], 21_220);
    assert_eq!(lab.status(&call).await, "in-progress");
}

#[tokio::test]
async fn a_reset_deletes_every_sound() {
    let lab = Lab::new().await;
    let call = add(&lab, ANSWERS, &[]).await;
    lab.reaches(&call, "in-progress").await;
    lab.tell("reset", json!({})).await;
    assert_eq!(lab.get("Recordings.json").await.1["recordings"], json!([]));
    assert_eq!(lab.told("/recorded", "RecordingStatus"), ["in-progress"]);
}

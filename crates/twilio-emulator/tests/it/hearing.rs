use serde_json::json;

use crate::support::{ANSWERS, Lab, OURS, tone, until};

/// A party that never says anything: all that anybody hears of them is the hiss of a line.
const SILENT: &str = "+447700900101";

/// So many calls to parties that are silent, in one conference and labelled `0`, `1`, …
async fn silent(lab: &Lab, count: usize) -> Vec<String> {
    lab.tell("scenarios", json!({"match": {"to": SILENT}, "steps": [{"answer": true}]})).await;
    let mut calls = Vec::new();
    for label in 0..count {
        let call = lab.add(SILENT, &[("Label", &label.to_string()), ("Beep", "false")]).await;
        lab.reaches(&call, "in-progress").await;
        calls.push(call);
    }
    calls
}

async fn update(lab: &Lab, label: &str, fields: &[(&str, &str)]) -> serde_json::Value {
    let (status, body) = lab.post(&format!("Conferences/call-7/Participants/{label}.json"), fields).await;
    assert_eq!(status, 200, "{body}");
    body
}

#[tokio::test]
async fn somebody_on_hold_hears_music_alone_and_nobody_hears_them() {
    let lab = Lab::new().await;
    let talks = lab.add(ANSWERS, &[("Label", "talks")]).await;
    lab.reaches(&talks, "in-progress").await;
    let calls = [talks, silent(&lab, 1).await.remove(0)];
    update(&lab, "0", &[("Hold", "true")]).await;
    until(async || lab.loudness(&calls[1]).await > 300.0, "music").await;
    until(async || lab.loudness(&calls[0]).await < 50.0, "nothing of it for the other").await;

    update(&lab, "talks", &[("Hold", "true")]).await;
    let body = update(&lab, "0", &[("Hold", "false")]).await;
    assert_eq!(body["hold"], false);
    until(async || lab.loudness(&calls[1]).await < 50.0, "no music, and nobody who is held").await;
    let events = lab.told("/conference", "StatusCallbackEvent");
    assert_eq!(events[3..], ["participant-hold", "participant-hold", "participant-unhold"].map(str::to_owned));
}

#[tokio::test]
async fn on_hold_the_application_is_asked_what_is_heard_and_asked_again_when_that_is_over() {
    let lab = Lab::new().await;
    let calls = silent(&lab, 2).await;
    lab.answers("/music", "text/xml", "<Response><Say>You are on hold.</Say><Redirect>/more</Redirect></Response>");
    lab.answers("/more", "text/xml", "<Response><Play>tones/one.wav</Play></Response>");
    lab.answers("/tones/one.wav", "audio/wav", tone(1));
    update(&lab, "0", &[("Hold", "true"), ("HoldUrl", &lab.url("/music?x=1"))]).await;

    until(async || lab.hooks("/music").len() >= 2, "asked again").await;
    let asked = &lab.hooks("/music")[0];
    assert_eq!((asked["CallSid"].as_str(), asked["x"].as_str()), (calls[0].as_str(), "1"), "by GET, which is usual here");
    assert!(asked["ConferenceSid"].starts_with("CF"));
    let heard = lab.media(&calls[0]).await["sent"]["voiced"].as_u64().unwrap();
    assert!(heard > 150, "a sentence and a second of tone: {heard}");
    assert_eq!(lab.media(&calls[1]).await["sent"]["voiced"], 0);

    update(&lab, "0", &[("Hold", "false")]).await;
    until(async || lab.loudness(&calls[0]).await < 50.0, "silence").await;
    let asked = lab.hooks("/music").len();
    // Somebody else hears it from its beginning to its end, and is asked for again: by then the other would have been, too.
    update(&lab, "1", &[("Hold", "true"), ("HoldUrl", &lab.url("/music?y=1"))]).await;
    let of_other = async || lab.hooks("/music").iter().filter(|form| form.contains_key("y")).count();
    until(async || of_other().await >= 2, "asked again for the other").await;
    assert_eq!(lab.hooks("/music").len() - of_other().await, asked, "nobody is asked for somebody who is back");
}

#[tokio::test]
async fn after_a_reset_nobody_is_asked_for_those_who_were_on_hold() {
    let lab = Lab::new().await;
    silent(&lab, 1).await;
    lab.answers("/music", "text/xml", "<Response/>");
    let asked = |of: &str| lab.hooks("/music").iter().filter(|form| form.contains_key(of)).count();
    update(&lab, "0", &[("Hold", "true"), ("HoldUrl", &lab.url("/music?before=1"))]).await;
    until(async || asked("before") > 0, "asked").await;
    lab.tell("reset", json!({})).await;

    silent(&lab, 1).await;
    update(&lab, "0", &[("Hold", "true"), ("HoldUrl", &lab.url("/music?after=1"))]).await;
    until(async || asked("after") > 0, "asked for the other").await;
    let before = asked("before");
    until(async || asked("after") > 2, "twice more for the other, each a second later").await;
    assert_eq!(asked("before"), before);
}

#[tokio::test]
async fn hold_music_that_cannot_be_had_is_a_problem_and_music_of_our_own() {
    let lab = Lab::new().await;
    let calls = silent(&lab, 2).await;
    update(&lab, "0", &[("Hold", "true"), ("HoldUrl", &lab.url("/voice")), ("HoldMethod", "POST")]).await;
    until(async || lab.loudness(&calls[0]).await > 300.0, "music").await;
    let problems = lab.admin("journal?kind=problem").await;
    assert_eq!((&problems[0]["detail"]["code"], &problems[0]["call_sid"]), (&json!(12_200), &json!(calls[0])));
}

#[tokio::test]
async fn whoever_comes_first_hears_what_the_application_says_until_it_starts() {
    let lab = Lab::new().await;
    lab.tell("scenarios", json!({"match": {"to": SILENT}, "steps": [{"answer": true}]})).await;
    lab.answers("/wait", "audio/wav", tone(1));
    let first = lab.add(SILENT, &[("WaitUrl", &lab.url("/wait"))]).await;
    until(async || lab.loudness(&first).await > 3_000.0 && lab.hooks("/wait").len() > 1, "tone").await;
    assert_eq!(lab.hooks("/wait")[0]["CallSid"], first);
    let second = lab.add(SILENT, &[("WaitUrl", &lab.url("/wait")), ("Beep", "false"), ("EarlyMedia", "false")]).await;
    lab.reaches(&second, "in-progress").await;
    until(async || lab.loudness(&first).await < 50.0, "silence").await;
    assert!(lab.hooks("/wait").iter().all(|asked| asked["CallSid"] == first), "the second never waited");
}

#[tokio::test]
async fn a_coach_is_heard_by_one_alone_and_hears_everybody() {
    let lab = Lab::new().await;
    let calls = silent(&lab, 2).await;
    let quietly = [("Beep", "false"), ("EarlyMedia", "false")];
    let coach = lab.add(ANSWERS, &[&[("Label", "coach"), ("CallSidToCoach", &calls[0])], &quietly[..]].concat()).await;
    lab.reaches(&coach, "in-progress").await;
    let shown = lab.get("Conferences/call-7/Participants/coach.json").await.1;
    assert_eq!((&shown["coaching"], &shown["call_sid_to_coach"]), (&json!(true), &json!(calls[0])));
    until(async || lab.loudness(&calls[0]).await > 500.0, "the coach").await;
    assert!(lab.loudness(&calls[1]).await < 50.0);

    let listed = async |query: &str| lab.get(&format!("Conferences/call-7/Participants.json?{query}")).await.1["participants"].clone();
    assert_eq!(listed("Coaching=true").await.as_array().unwrap().len(), 1);
    // The coach for the other instead, and then for everybody.
    update(&lab, "coach", &[("CallSidToCoach", &calls[1])]).await;
    until(async || lab.loudness(&calls[1]).await > 500.0 && lab.loudness(&calls[0]).await < 50.0, "the other").await;
    let body = update(&lab, "coach", &[("Coaching", "false")]).await;
    assert_eq!((&body["coaching"], &body["call_sid_to_coach"]), (&json!(false), &json!(null)));
    until(async || lab.loudness(&calls[1]).await > 500.0 && lab.loudness(&calls[0]).await > 500.0, "both").await;
    let events = lab.told("/conference", "StatusCallbackEvent");
    assert_eq!(events[4..], ["participant-modify", "participant-modify"].map(str::to_owned));
    assert_eq!(lab.told("/conference", "CallSidToCoach")[4..], [calls[1].clone(), String::new()]);
}

#[tokio::test]
async fn nobody_coaches_somebody_who_is_not_there() {
    let lab = Lab::new().await;
    silent(&lab, 1).await;
    for fields in [&[("Coaching", "true")][..], &[("CallSidToCoach", "CA00000000000000000000000000000000")]] {
        let (status, body) = lab.post("Conferences/call-7/Participants/0.json", fields).await;
        assert_eq!((status, &body["code"]), (400, &json!(20_001)), "{fields:?}");
    }
    let fields = lab.participant(ANSWERS, &[("CallSidToCoach", "CA00000000000000000000000000000000")]);
    assert_eq!(lab.post("Conferences/call-7/Participants.json", &fields).await.0, 400);
}

#[tokio::test]
async fn an_announcement_is_heard_by_whom_it_is_for() {
    let lab = Lab::new().await;
    let calls = silent(&lab, 2).await;
    let voiced = async |call: &str| lab.media(call).await["sent"]["voiced"].as_u64().unwrap();
    lab.answers("/announce", "audio/wav", tone(1));
    update(&lab, "0", &[("AnnounceUrl", &lab.url("/announce"))]).await;
    lab.hears("/conference", 4).await;
    assert_eq!((voiced(&calls[0]).await, voiced(&calls[1]).await), (50, 0));

    let sid = lab.get("Conferences.json").await.1["conferences"][0]["sid"].as_str().unwrap().to_owned();
    let url = lab.url("/announce");
    assert_eq!(lab.post(&format!("Conferences/{sid}.json"), &[("AnnounceUrl", &url), ("AnnounceMethod", "GET")]).await.0, 200);
    lab.hears("/conference", 5).await;
    assert_eq!((voiced(&calls[0]).await, voiced(&calls[1]).await), (100, 50));
    update(&lab, "0", &[("AnnounceUrl", &lab.url("/voice"))]).await;
    let told = lab.hears("/conference", 6).await;
    let events: Vec<_> = told[3..].iter().map(|form| form["StatusCallbackEvent"].as_str()).collect();
    assert_eq!(events, ["announcement-end", "announcement-end", "announcement-fail"]);
    assert_eq!((told[3]["CallSid"].as_str(), told[3]["AnnounceUrl"].as_str()), (calls[0].as_str(), url.as_str()));
    assert!(!told[4].contains_key("CallSid") && told[5].contains_key("ReasonAnnouncementFailed"));
}

#[tokio::test]
async fn at_the_door_a_coach_says_whom_they_coach() {
    let lab = Lab::new().await;
    let calls = silent(&lab, 2).await;
    let twiml = format!("<Response><Dial><Conference beep='false' muted='true' coach='{}'>call-7</Conference></Dial></Response>", calls[1]);
    let (_, body) = lab.post("Calls.json", &[("To", ANSWERS), ("From", OURS), ("Twiml", &twiml)]).await;
    let coach = body["sid"].as_str().unwrap().to_owned();
    let path = format!("Conferences/call-7/Participants/{coach}.json");
    until(async || lab.get(&path).await.1["status"] == "connected", "there").await;
    let shown = lab.get(&path).await.1;
    assert_eq!((&shown["muted"], &shown["call_sid_to_coach"]), (&json!(true), &json!(calls[1])));
    lab.post(&path, &[("Muted", "false")]).await;
    until(async || lab.loudness(&calls[1]).await > 500.0, "the coach").await;
    assert!(lab.loudness(&calls[0]).await < 50.0);
}

#[tokio::test]
async fn a_sound_is_played_as_often_as_it_says_and_what_is_none_is_a_problem() {
    let lab = Lab::new().await;
    lab.tell("scenarios", json!({"match": {"to": SILENT}, "steps": [{"answer": true}]})).await;
    lab.answers("/tone.wav", "audio/wav", tone(1));
    lab.answers("/no.wav", "audio/wav", "ID3");
    let play = |path: &str| format!("<Play loop='2'>{}</Play>", lab.url(path));
    let twiml = format!("<Response>{}{}<Play digits='12'/></Response>", play("/tone.wav"), play("/no.wav"));
    let (_, body) = lab.post("Calls.json", &[("To", SILENT), ("From", OURS), ("Twiml", &twiml)]).await;
    let call = body["sid"].as_str().unwrap().to_owned();
    lab.reaches(&call, "completed").await;

    let heard = lab.media(&call).await["sent"].clone();
    let voiced = heard["voiced"].as_u64().unwrap();
    assert!((108..=113).contains(&voiced), "two seconds of tone and two keys: {heard}");
    let problems = lab.admin("journal?kind=problem").await;
    assert_eq!((problems.as_array().unwrap().len(), &problems[0]["detail"]["code"]), (1, &json!(12_300)));
}

use std::collections::HashMap;

use super::*;
use crate::media::{Layout, Track};

const ACCOUNT: &str = "AC1";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_000_000 + second, 0).unwrap()
}

/// An agent (CA1) and a customer (CA2) who ask to be told of everything.
fn model() -> Model {
    let mut model = Model::new(ACCOUNT);
    for (sid, to) in [("CA1", ""), ("CA2", "+447700900001")] {
        let (orders, _) = tokio::sync::mpsc::unbounded_channel();
        let events = vec![CallEvent::Initiated, CallEvent::Ringing, CallEvent::Answered, CallEvent::Completed];
        model.add_call(Call {
            from: "client:agent".to_owned(),
            to: to.to_owned(),
            progress: Some(Progress { endpoint: Endpoint::post("http://localhost/status"), events, sequence: 0 }),
            ..Call::new(sid.to_owned(), orders, at(0))
        });
    }
    model
}

fn audience(url: &str) -> Audience {
    let events = ["start", "end", "join", "leave", "mute", "hold", "modify", "announcement"].map(str::to_owned).to_vec();
    Audience { endpoint: Endpoint::post(url), events }
}

fn terms(label: &str, ends: bool) -> Terms {
    Terms { label: Some(label.to_owned()), ends, beeps: (false, false), ..Terms::default() }
}

/// Effects in short: the event of a webhook, or the name of the effect.
fn short(effects: &[Effect]) -> Vec<String> {
    effects
        .iter()
        .map(|effect| match effect {
            Effect::Webhook { .. } => form(effect)["StatusCallbackEvent"].clone(),
            Effect::Order { call_sid, order } => format!("{order:?} {call_sid}"),
            Effect::Enter { call_sid, .. } => format!("Enter {call_sid}"),
            Effect::Exit { call_sid } => format!("Exit {call_sid}"),
            Effect::Restrain { .. } => "Restrain".to_owned(),
            Effect::Hold { .. } => "Hold".to_owned(),
            Effect::Unhold { .. } => "Unhold".to_owned(),
            Effect::Record { .. } => "Record".to_owned(),
            Effect::StopRecordings { .. } => "StopRecordings".to_owned(),
            Effect::Beep { .. } => "Beep".to_owned(),
            Effect::Forget { .. } => "Forget".to_owned(),
        })
        .collect()
}

fn form(effect: &Effect) -> HashMap<String, String> {
    let Effect::Webhook { params, .. } = effect else { panic!("no webhook: {effect:?}") };
    params.iter().cloned().collect()
}

fn forms(effects: &[Effect]) -> Vec<HashMap<String, String>> {
    effects.iter().filter(|effect| matches!(effect, Effect::Webhook { .. })).map(form).collect()
}

fn talking(customer_ends: bool) -> (Model, String) {
    let mut model = model();
    let sid = model.open_conference("call-7", at(0));
    model.join(&sid, "CA1", terms("agent", false), Some(audience("http://localhost/agent")), at(1)).unwrap();
    model.expect(&sid, "CA2", terms("customer", customer_ends), at(2)).unwrap();
    model.join(&sid, "CA2", Terms::default(), Some(audience("http://localhost/customer")), at(3)).unwrap();
    (model, sid)
}

#[test]
fn a_conference_starts_with_the_second_participant() {
    let mut model = model();
    let sid = model.open_conference("call-7", at(0));
    let first = model.join(&sid, "CA1", terms("agent", false), Some(audience("http://localhost/agent")), at(1)).unwrap();
    assert_eq!(short(&first), ["Enter CA1", "participant-join"]);
    assert_eq!(model.conference("call-7").unwrap().status, ConferenceStatus::Init);

    model.expect(&sid, "CA2", terms("customer", true), at(2)).unwrap();
    assert_eq!(model.conference("call-7").unwrap().status, ConferenceStatus::Init, "who is rung is not there yet");
    let second = model.join(&sid, "CA2", Terms::default(), None, at(3)).unwrap();
    assert_eq!(short(&second), ["Enter CA2", "participant-join", "conference-start", "Started CA1", "Started CA2"]);
    assert_eq!(model.conference("call-7").unwrap().status, ConferenceStatus::InProgress);
    let told = forms(&second);
    assert_eq!((told[0]["ParticipantLabel"].as_str(), told[0]["EndConferenceOnExit"].as_str()), ("customer", "true"));
    assert_eq!((told[0]["SequenceNumber"].as_str(), told[1]["SequenceNumber"].as_str()), ("2", "3"));
    assert_eq!((told[1]["FriendlyName"].as_str(), told[1]["ConferenceSid"].as_str()), ("call-7", sid.as_str()));
}

/// A browser that waits for the bridge is answered when it comes into a conference that has started.
#[test]
fn whoever_comes_later_is_told_that_it_has_started() {
    let (mut model, sid) = talking(false);
    let third = model.join(&sid, "CA3", Terms { beeps: (true, false), ..Terms::default() }, None, at(9)).unwrap();
    assert_eq!(short(&third), ["Enter CA3", "participant-join", "Started CA3", "Beep"]);
}

#[test]
fn who_is_given_up_while_they_are_rung_has_not_come() {
    let (mut model, sid) = talking(false);
    model.expect(&sid, "CA3", Terms::default(), at(8)).unwrap();
    assert_eq!(forms(&model.leave("CA3", Left::ByApi, at(9)))[0]["ReasonParticipantLeft"], "participant_add_failed");
}

#[test]
fn the_first_to_name_an_audience_decides_for_all() {
    let (mut model, _) = talking(false);
    let effects = model.leave("CA2", Left::HungUp, at(9));
    let Some(Effect::Webhook { endpoint, .. }) = effects.iter().find(|effect| matches!(effect, Effect::Webhook { .. })) else { panic!() };
    assert_eq!(endpoint.url, "http://localhost/agent");
}

#[test]
fn a_conference_ends_with_whom_it_is_to_end() {
    let (mut model, sid) = talking(true);
    let effects = model.leave("CA2", Left::HungUp, at(9));

    assert_eq!(short(&effects), ["Exit CA2", "participant-leave", "Exit CA1", "participant-leave", "Dropped CA1", "conference-end"]);
    let told = forms(&effects);
    assert_eq!(told[0]["ReasonParticipantLeft"], "participant_hung_up");
    assert_eq!(told[1]["ReasonParticipantLeft"], "moderator_ended_conference");
    assert_eq!(told[2]["ReasonConferenceEnded"], "participant-with-end-conference-on-exit-left");
    assert_eq!((told[2]["CallSidEndingConference"].as_str(), told[2]["ParticipantLabelEndingConference"].as_str()), ("CA2", "customer"));
    assert!(model.leave("CA1", Left::HungUp, at(10)).is_empty(), "nobody leaves twice");
    assert!(model.end_by_api(&sid, at(10)).is_empty(), "no conference ends twice");
}

#[test]
fn a_conference_ends_with_the_last_to_leave() {
    let (mut model, sid) = talking(false);
    assert_eq!(short(&model.leave("CA1", Left::HungUp, at(8))), ["Exit CA1", "participant-leave"]);
    assert_eq!(model.conference(&sid).unwrap().status, ConferenceStatus::InProgress);
    let effects = model.leave("CA2", Left::HungUp, at(9));
    assert_eq!(forms(&effects)[1]["ReasonConferenceEnded"], "last-participant-left");
    assert_ne!(model.open_conference("call-7", at(10)), sid, "the name is free again");
}

#[test]
fn somebody_who_is_still_rung_keeps_the_conference_open() {
    let mut model = model();
    let sid = model.open_conference("call-7", at(0));
    model.join(&sid, "CA1", terms("agent", false), Some(audience("http://localhost/agent")), at(1)).unwrap();
    model.expect(&sid, "CA2", terms("customer", true), at(2)).unwrap();
    model.leave("CA1", Left::HungUp, at(3));
    assert_ne!(model.conference(&sid).unwrap().status, ConferenceStatus::Completed);

    // They never came, so their going ends nothing but what nobody is in.
    model.advance("CA2", CallStatus::NoAnswer, at(4));
    let told = forms(&model.leave("CA2", Left::HungUp, at(4)));
    assert_eq!(
        (told[0]["ReasonParticipantLeft"].as_str(), told[0]["ParticipantCallStatus"].as_str()),
        ("participant_add_failed", "no-answer")
    );
    assert_eq!(told[1]["ReasonConferenceEnded"], "last-participant-left");
}

#[test]
fn the_application_ends_a_conference_for_everybody() {
    let (mut model, sid) = talking(false);
    let effects = model.end_by_api(&sid, at(9));

    let expected = ["Exit CA1", "participant-leave", "Dropped CA1", "Exit CA2", "participant-leave", "Dropped CA2", "conference-end"];
    assert_eq!(short(&effects), expected);
    let told = forms(&effects);
    assert_eq!(told[0]["ReasonParticipantLeft"], "conference_ended_via_api");
    assert_eq!(told[2]["ReasonConferenceEnded"], "conference-ended-via-api");
    assert!(!told[2].contains_key("CallSidEndingConference"));
}

#[test]
fn a_label_is_given_once() {
    let (mut model, sid) = talking(false);
    assert_eq!(model.expect(&sid, "CA3", terms("agent", false), at(9)), Err(JoinFault::LabelTaken));
    assert_eq!(model.expect(&sid, "CA3", Terms::default(), at(9)), Ok(()), "several may have none");
}

#[test]
fn mute_and_hold_are_told_when_they_change() {
    let (mut model, sid) = talking(false);
    let muted = |muted| Change { is_muted: Some(muted), ..Change::default() };
    let held = |held, url: Option<&str>| Change { is_held: Some(held), hold_music: url.map(Endpoint::post), ..Change::default() };
    assert_eq!(short(&model.modify(&sid, "CA1", muted(true), at(9))), ["Restrain", "participant-mute"]);
    assert_eq!(short(&model.modify(&sid, "CA1", muted(true), at(9))), ["Restrain"]);
    let effects = model.modify(&sid, "customer", held(true, None), at(9));
    assert_eq!(short(&effects), ["Restrain", "Hold", "participant-hold"]);
    assert_eq!(effects[0], Effect::Restrain { call_sid: "CA2".to_owned(), is_muted: false, is_held: true, coaches: None });
    let other = model.modify(&sid, "customer", held(true, Some("http://localhost/music")), at(9));
    assert_eq!(short(&other), ["Restrain", "Hold"], "other music is no other hold");
    assert_eq!(other[1], Effect::Hold { call_sid: "CA2".to_owned(), music: Some(Endpoint::post("http://localhost/music")) });
    assert_eq!(short(&model.modify(&sid, "customer", held(true, None), at(9))), ["Restrain"], "the music goes on");
    assert_eq!(short(&model.modify(&sid, "customer", held(false, None), at(9))), ["Restrain", "Unhold", "participant-unhold"]);
}

#[test]
fn whoever_coaches_or_ends_from_now_on_is_modified() {
    let (mut model, sid) = talking(false);
    let coaches = |coaching| Change { coaching: Some(coaching), ..Change::default() };
    let effects = model.modify(&sid, "CA1", coaches(Coaching::Of("CA2".to_owned())), at(9));
    assert_eq!(short(&effects), ["Restrain", "participant-modify"]);
    let told = &forms(&effects)[0];
    assert_eq!((told["Coaching"].as_str(), told["CallSidToCoach"].as_str()), ("true", "CA2"));
    let told = &forms(&model.modify(&sid, "CA1", coaches(Coaching::Nobody), at(9)))[0];
    assert!(told["Coaching"] == "false" && !told.contains_key("CallSidToCoach"));

    let more = Change { ends: Some(true), beeps_on_exit: Some(true), is_muted: Some(true), ..Change::default() };
    let effects = model.modify(&sid, "CA1", more.clone(), at(9));
    assert_eq!(short(&effects), ["Restrain", "participant-modify", "participant-mute"]);
    assert_eq!(short(&model.modify(&sid, "CA1", more, at(9))), ["Restrain"]);
    assert_eq!(short(&model.leave("CA1", Left::HungUp, at(10)))[..3], ["Exit CA1", "participant-leave", "Beep"].map(str::to_owned));
}

#[test]
fn a_conference_is_recorded_from_start_to_end() {
    let mut model = model();
    let sid = model.open_conference("call-7", at(0));
    let layout = Layout { is_dual: false, track: Track::Both };
    let asked = Asked { layout, source: "Conference", callback: None, events: Vec::new() };
    let recorded = Terms { conference_recording: Some(asked), ..terms("agent", false) };
    let first = model.join(&sid, "CA1", recorded, None, at(1)).unwrap();
    assert_eq!(short(&first), ["Enter CA1"]);
    let second = model.join(&sid, "CA2", terms("customer", true), None, at(2)).unwrap();
    assert_eq!(short(&second), ["Enter CA2", "Record", "Started CA1", "Started CA2"]);
    assert_eq!(short(&model.leave("CA2", Left::HungUp, at(9))).last().unwrap(), "StopRecordings");
}

#[test]
fn an_announcement_is_told_of_when_it_was_heard_or_not() {
    let (mut model, sid) = talking(false);
    let heard = forms(&model.tell_of_announcement(&sid, Some("CA2"), "http://localhost/a", None, at(9)));
    assert_eq!((heard[0]["StatusCallbackEvent"].as_str(), heard[0]["ParticipantLabel"].as_str()), ("announcement-end", "customer"));
    let failed = forms(&model.tell_of_announcement(&sid, None, "http://localhost/a", Some("no sound"), at(9)));
    assert_eq!(
        (failed[0]["StatusCallbackEvent"].as_str(), failed[0]["ReasonAnnouncementFailed"].as_str()),
        ("announcement-fail", "no sound")
    );
}

#[test]
fn a_call_is_told_of_step_by_step() {
    let mut model = model();
    let mut told = forms(&model.initiate("CA2", at(1)));
    told.extend(forms(&model.advance("CA2", CallStatus::Ringing, at(2))));
    told.extend(forms(&model.advance("CA2", CallStatus::InProgress, at(5))));
    told.extend(forms(&model.advance("CA2", CallStatus::Completed, at(70))));

    let words: Vec<_> = told.iter().map(|form| (form["CallStatus"].as_str(), form["SequenceNumber"].as_str())).collect();
    assert_eq!(words, [("initiated", "0"), ("ringing", "1"), ("in-progress", "2"), ("completed", "3")]);
    assert_eq!(told[0]["Timestamp"], "Mon, 12 Jan 1970 13:46:41 +0000");
    assert!(!told[2].contains_key("CallDuration"));
    let last = &told[3];
    assert_eq!((last["CallDuration"].as_str(), last["Duration"].as_str(), last["SipResponseCode"].as_str()), ("65", "2", "200"));
}

#[test]
fn a_call_never_moves_back() {
    let mut model = model();
    assert_eq!(forms(&model.advance("CA2", CallStatus::Busy, at(1)))[0]["SipResponseCode"], "486");
    for later in [CallStatus::Ringing, CallStatus::InProgress, CallStatus::Completed, CallStatus::Canceled, CallStatus::Busy] {
        assert!(model.advance("CA2", later, at(2)).is_empty(), "{later:?}");
    }
    assert_eq!(model.call("CA2").unwrap().status, CallStatus::Busy);
    assert_eq!(model.call("CA2").unwrap().seconds(at(9)), 0);
}

#[test]
fn only_what_was_asked_for_is_told() {
    let mut model = model();
    model.call_mut("CA2").unwrap().progress.as_mut().unwrap().events = vec![CallEvent::Completed];
    assert!(model.initiate("CA2", at(1)).is_empty());
    assert!(model.advance("CA2", CallStatus::Ringing, at(1)).is_empty());
    assert_eq!(forms(&model.advance("CA2", CallStatus::Failed, at(2)))[0]["SequenceNumber"], "0");
}

//! The client against a server of the test's own, which stands for the carrier.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::IntoResponse;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use twilio::{
    Address, CallFilter, CallStatus, CallUpdate, Client, ClientError, ClientOptions, ConferenceStatus, NewParticipant, Params,
    ParticipantKey, ParticipantStatus, RecordingSid, RestError,
};

use super::support::{ACCOUNT, CALL, CONFERENCE, RECORDING, call_sid, conference_sid, new_participant, options};

/// A request as the carrier gets it.
#[derive(Clone, Debug)]
struct Seen {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    form: Params,
}

/// A carrier that gives one answer to everything and remembers what it was asked.
#[derive(Clone)]
struct Carrier {
    base_url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    answer: (StatusCode, &'static str),
}

impl Carrier {
    async fn answering(status: u16, body: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let carrier = Self { base_url, seen: Arc::default(), answer: (StatusCode::from_u16(status).unwrap(), body) };
        let routes = Router::new().fallback(answer).with_state(carrier.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        carrier
    }

    fn client(&self) -> Client {
        client(&self.base_url)
    }

    /// The only request that came.
    fn sole(&self) -> Seen {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen[0].clone()
    }
}

async fn answer(State(carrier): State<Carrier>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    carrier.seen.lock().unwrap().push(Seen { method, uri, headers, form: Params::from_form(&body) });
    carrier.answer
}

fn client(base_url: &str) -> Client {
    Client::new(&options(base_url)).unwrap()
}

fn pairs(params: &Params) -> Vec<(&str, &str)> {
    params.iter().collect()
}

#[tokio::test]
async fn a_participant_is_asked_for_with_everything_that_was_said() {
    let carrier = Carrier::answering(201, r#"{"call_sid":"CA00000000000000000000000000000002","status":"queued","label":"call 7"}"#).await;
    let made = carrier.client().add_participant("call/7 é", &new_participant()).await.unwrap();
    assert_eq!(made.call_sid, Some(call_sid()));
    assert_eq!(made.status, Some(ParticipantStatus::Queued));

    let seen = carrier.sole();
    assert_eq!(seen.method, Method::POST);
    assert_eq!(seen.uri.path(), format!("/2010-04-01/Accounts/{ACCOUNT}/Conferences/call%2F7%20%C3%A9/Participants.json"));
    // AC00000000000000000000000000000001:s3cret:é
    let basic = "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpzM2NyZXQ6w6k=";
    assert_eq!(seen.headers[header::AUTHORIZATION], basic);
    assert_eq!(seen.headers[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
    assert_eq!(
        pairs(&seen.form),
        [
            ("From", "+442079460000"),
            ("To", "+447700900142"),
            ("Label", "call 7"),
            ("Timeout", "25"),
            ("StatusCallback", "https://a.example/leg?call=7&x=1"),
            ("StartConferenceOnEnter", "true"),
            ("EndConferenceOnExit", "true"),
            ("Beep", "false"),
            ("EarlyMedia", "true"),
            ("StatusCallbackEvent", "initiated"),
            ("StatusCallbackEvent", "ringing"),
            ("StatusCallbackEvent", "answered"),
            ("StatusCallbackEvent", "completed"),
            ("ConferenceStatusCallback", "https://a.example/conference"),
            ("ConferenceStatusCallbackEvent", "join"),
            ("ConferenceStatusCallbackEvent", "leave"),
            ("Record", "true"),
            ("RecordingChannels", "dual"),
            ("RecordingStatusCallback", "https://a.example/recording"),
            ("RecordingStatusCallbackEvent", "in-progress"),
            ("RecordingStatusCallbackEvent", "completed"),
            ("RecordingStatusCallbackEvent", "absent"),
            ("TimeLimit", "7200"),
        ]
    );
}

#[tokio::test]
async fn what_is_optional_is_not_said() {
    let carrier = Carrier::answering(201, "{}").await;
    let new = NewParticipant { conference_status_callback: None, recording: None, time_limit_seconds: None, ..new_participant() };
    carrier.client().add_participant("c", &new).await.unwrap();
    let form = carrier.sole().form;
    for name in ["ConferenceStatusCallback", "Record", "RecordingChannels", "TimeLimit"] {
        assert_eq!(form.get(name), None, "{name}");
    }
}

/// Otherwise a call that was placed would be reported as failed, and placed again.
#[tokio::test]
async fn an_answer_with_nulls_and_strange_kinds_is_read() {
    let body = r#"{"sid":"CA00000000000000000000000000000002","phone_number_sid":null,"parent_call_sid":null,"status":"parked","price":null,
        "duration":"17","start_time":"Tue, 24 Nov 2026 10:30:00 +0000","end_time":null,"answered_by":null,"direction":7,"to":{"x":1},
        "from":"+442079460000","date_created":"yesterday"}"#;
    let call = Carrier::answering(200, body).await.client().call(&call_sid()).await.unwrap().unwrap();
    assert_eq!(call.sid, Some(call_sid()));
    assert_eq!(call.status, Some(CallStatus::Other("parked".into())));
    assert_eq!(call.duration_seconds, Some(17));
    assert_eq!(call.start_time, Some("2026-11-24T10:30:00Z".parse().unwrap()));
    assert_eq!((call.direction, call.to, call.end_time, call.date_created), (None, None, None, None));

    let body = r#"{"call_sid":null,"label":null,"status":null,"muted":"perhaps","hold":null,"conference_sid":"CF1","queue_time":null}"#;
    let made = Carrier::answering(201, body).await.client().add_participant("c", &new_participant()).await.unwrap();
    assert_eq!(made, twilio::Participant::default());
}

#[tokio::test]
async fn a_create_that_was_answered_with_2xx_was_carried_out_whatever_else_was_said() {
    for body in ["", "<html>", "[]", "null", "7", r#"{"call_sid":"CA0"#] {
        let carrier = Carrier::answering(201, body).await;
        let made = carrier.client().add_participant("c", &new_participant()).await.unwrap();
        assert_eq!(made.call_sid, None, "{body}");
        carrier.sole();
    }
}

#[tokio::test]
async fn a_refusal_says_the_carriers_code_and_no_number() {
    let body =
        r#"{"code":21211,"message":"The 'To' number +447700900142 is not a valid phone number.","more_info":"https://x","status":400}"#;
    let carrier = Carrier::answering(400, body).await;
    let error = carrier.client().add_participant("c", &new_participant()).await.unwrap_err();
    assert!(!error.may_have_been_carried_out());
    assert_eq!(error.to_string(), "the carrier refused with status 400, code 21211");
    let RestError::Refused { status: 400, code: Some(21_211), message: Some(message) } = &error else { panic!("{error:?}") };
    assert_eq!(message, "The 'To' number +…142 is not a valid phone number.");
    assert!(!format!("{error:?}").contains("7700900142"));
    carrier.sole();
}

#[tokio::test]
async fn a_refusal_without_words_is_one_too() {
    for (status, may_have_been) in
        [(401, false), (404, false), (408, true), (429, false), (500, true), (502, true), (503, true), (504, true)]
    {
        let carrier = Carrier::answering(status, "<html>").await;
        let error = carrier.client().add_participant("c", &new_participant()).await.unwrap_err();
        assert!(matches!(error, RestError::Refused { code: None, message: None, .. }), "{error:?}");
        assert_eq!(error.may_have_been_carried_out(), may_have_been, "{status}");
        assert!(!error.is_not_found());
        carrier.sole();
    }
}

#[tokio::test]
async fn a_participant_is_removed_and_answered_with_204() {
    let carrier = Carrier::answering(204, "").await;
    carrier.client().remove_participant(&conference_sid(), ParticipantKey::Label("a/b")).await.unwrap();
    let seen = carrier.sole();
    assert_eq!(seen.method, Method::DELETE);
    assert_eq!(seen.uri.path(), format!("/2010-04-01/Accounts/{ACCOUNT}/Conferences/{CONFERENCE}/Participants/a%2Fb.json"));
}

#[tokio::test]
async fn what_the_carrier_does_not_have_is_none_and_what_is_merely_a_404_is_not() {
    let carrier = Carrier::answering(404, r#"{"code":20404,"message":"The requested resource was not found","status":404}"#).await;
    assert_eq!(carrier.client().participant(&conference_sid(), ParticipantKey::Call(&call_sid())).await.unwrap(), None);
    assert_eq!(carrier.client().call(&call_sid()).await.unwrap(), None);
    let error = carrier.client().update_call(&call_sid(), &CallUpdate::Completed).await.unwrap_err();
    assert!(error.is_not_found());

    let elsewhere = Carrier::answering(404, "no such page").await;
    let error = elsewhere.client().participant(&conference_sid(), ParticipantKey::Label("x")).await.unwrap_err();
    assert!(matches!(error, RestError::Refused { status: 404, .. }), "{error:?}");
}

#[tokio::test]
async fn lists_are_asked_for_and_read() {
    let carrier = Carrier::answering(200, r#"{"calls":[{"sid":"CA00000000000000000000000000000002"},{}],"next_page_uri":"/x"}"#).await;
    let filter = CallFilter {
        to: Some(Address::new("+447700900142")),
        status: Some(CallStatus::InProgress),
        start_time_after: Some("2026-11-24T10:30:00.5Z".parse().unwrap()),
    };
    let calls = carrier.client().calls(&filter).await.unwrap();
    assert_eq!(calls.items[0].sid, Some(call_sid()));
    assert!(calls.items.len() == 2 && calls.has_more);
    let seen = carrier.sole();
    assert_eq!(seen.method, Method::GET);
    assert_eq!(seen.uri.path(), format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json"));
    let query = Params::from_form(seen.uri.query().unwrap().as_bytes());
    let expected = [("To", "+447700900142"), ("Status", "in-progress"), ("StartTime>", "2026-11-24T10:30:00Z"), ("PageSize", "100")];
    assert_eq!(pairs(&query), expected);

    let carrier = Carrier::answering(200, r#"{"conferences":[{"sid":null,"status":"init"}],"next_page_uri":null}"#).await;
    let conferences = carrier.client().conferences("call & 7", Some(&ConferenceStatus::InProgress)).await.unwrap();
    assert_eq!(conferences.items[0].status, Some(ConferenceStatus::Init));
    assert!(!conferences.has_more);
    let query = Params::from_form(carrier.sole().uri.query().unwrap().as_bytes());
    assert_eq!(pairs(&query), [("FriendlyName", "call & 7"), ("Status", "in-progress"), ("PageSize", "100")]);

    let carrier = Carrier::answering(200, r#"{"participants":[]}"#).await;
    assert!(carrier.client().participants(&conference_sid()).await.unwrap().items.is_empty());
}

/// Otherwise somebody who was rung would be taken for not rung.
#[tokio::test]
async fn an_answer_without_the_list_is_not_an_empty_list() {
    for body in ["{}", "", "[]", r#"{"participants":null}"#, r#"{"participants":[7]}"#] {
        let error = Carrier::answering(200, body).await.client().participants(&conference_sid()).await.unwrap_err();
        assert!(matches!(error, RestError::Unreadable { status: 200, .. }), "{body}: {error:?}");
    }
}

#[tokio::test]
async fn legs_and_conferences_are_changed() {
    let twiml = twilio::twiml::Response::new([twilio::twiml::Verb::Hangup]);
    for (update, name, value) in [
        (CallUpdate::Completed, "Status", "completed"),
        (CallUpdate::Canceled, "Status", "canceled"),
        (CallUpdate::Url("https://a.example/next?x=1".into()), "Url", "https://a.example/next?x=1"),
        (CallUpdate::Twiml(twiml), "Twiml", "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response><Hangup/></Response>"),
    ] {
        let carrier = Carrier::answering(200, r#"{"status":"completed"}"#).await;
        let call = carrier.client().update_call(&call_sid(), &update).await.unwrap();
        assert_eq!(call.status, Some(CallStatus::Completed));
        let seen = carrier.sole();
        assert_eq!(seen.uri.path(), format!("/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}.json"));
        assert_eq!(pairs(&seen.form), [(name, value)]);
    }

    let carrier = Carrier::answering(200, r#"{"status":"completed","sid":"CF00000000000000000000000000000003"}"#).await;
    let conference = carrier.client().end_conference(&conference_sid()).await.unwrap();
    assert_eq!(conference.sid, Some(conference_sid()));
    let seen = carrier.sole();
    assert_eq!(seen.uri.path(), format!("/2010-04-01/Accounts/{ACCOUNT}/Conferences/{CONFERENCE}.json"));
    assert_eq!(pairs(&seen.form), [("Status", "completed")]);
}

#[tokio::test]
async fn a_recording_is_fetched_in_pieces_and_may_not_be_there_yet() {
    let carrier = Carrier::answering(200, "RIFF and sound").await;
    let sid: RecordingSid = RECORDING.parse().unwrap();
    let mut sound = carrier.client().recording_sound(&sid).await.unwrap().unwrap();
    assert_eq!(sound.length(), Some(14));
    let mut all = Vec::new();
    while let Some(bytes) = sound.next().await.unwrap() {
        all.extend(bytes);
    }
    assert_eq!(all, b"RIFF and sound");
    let seen = carrier.sole();
    assert_eq!(seen.uri.to_string(), format!("/2010-04-01/Accounts/{ACCOUNT}/Recordings/{RECORDING}.wav?RequestedChannels=2"));
    assert!(seen.headers[header::AUTHORIZATION].to_str().unwrap().starts_with("Basic "));

    let carrier = Carrier::answering(404, "not yet").await;
    assert!(carrier.client().recording_sound(&sid).await.unwrap().is_none());
    let carrier = Carrier::answering(500, "").await;
    assert!(carrier.client().recording_sound(&sid).await.is_err());
}

/// lessons, line 41: what is posted may lead anywhere. A redirect is not followed with the account's credentials either.
#[tokio::test]
async fn a_recording_that_the_carrier_has_moved_is_not_fetched_from_there() {
    let carrier = Carrier::answering(302, "").await;
    assert!(carrier.client().recording_sound(&RECORDING.parse().unwrap()).await.is_err());
}

#[tokio::test]
async fn requests_can_be_shown_without_being_sent() {
    let carrier = Carrier::answering(200, "{}").await;
    let client = Client::that_only_shows(&options(&carrier.base_url)).unwrap();

    let error = client.add_participant("call-7", &new_participant()).await.unwrap_err();

    assert!(matches!(error, RestError::NotSent(_)), "{error:?}");
    let shown = client.take_shown();
    assert_eq!((shown.len(), shown[0].method.as_str()), (1, "POST"));
    assert!(shown[0].url.ends_with("/Conferences/call-7/Participants.json"), "{}", shown[0].url);
    assert!(shown[0].form.contains(&("To".to_owned(), "+447700900142".to_owned())));
    assert!(!format!("{shown:?}").contains("s3cret"));
    assert!(client.take_shown().is_empty());
    assert!(carrier.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_path_in_the_base_is_kept() {
    let carrier = Carrier::answering(200, "{}").await;
    for base in ["/twilio", "/twilio/", "/a/b"] {
        client(&format!("{}{base}", carrier.base_url)).call(&call_sid()).await.unwrap();
        let path = carrier.seen.lock().unwrap().pop().unwrap().uri.path().to_owned();
        assert_eq!(path, format!("{}/2010-04-01/Accounts/{ACCOUNT}/Calls/{CALL}.json", base.trim_end_matches('/')));
    }
    for base in ["", "api.twilio.com", "ftp://a.example", "https://a.example/?x=1", "https://a.example/#x", "file:///etc"] {
        assert!(matches!(Client::new(&options(base)), Err(ClientError::BaseUrl)), "{base}");
    }
}

#[tokio::test]
async fn a_connection_that_is_refused_was_surely_not_used() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&base_url).add_participant("c", &new_participant()).await.unwrap_err();
    assert!(matches!(error, RestError::NotSent(_)), "{error:?}");
    assert!(!error.may_have_been_carried_out());
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_was_surely_not_used() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // Once as many as the listener keeps waiting are waiting, Linux leaves the next one without an answer.
    let mut waiting = Vec::new();
    while let Ok(stream) = tokio::time::timeout(Duration::from_millis(100), TcpStream::connect(address)).await {
        waiting.push(stream.unwrap());
    }

    let options = ClientOptions { connect_timeout: Duration::from_millis(100), ..options(&format!("http://{address}")) };
    let error = Client::new(&options).unwrap().add_participant("c", &new_participant()).await.unwrap_err();
    assert!(matches!(error, RestError::NotSent(_)), "{error:?}");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let (elsewhere, other) = (Carrier::answering(201, "{}").await, base_url.clone());
    let target = elsewhere.base_url.clone();
    let redirect = move || async move { (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, format!("{target}/x"))]) };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(redirect)).await.unwrap() });

    let error = client(&other).add_participant("c", &new_participant()).await.unwrap_err();
    assert!(matches!(error, RestError::Refused { status: 307, .. }), "{error:?}");
    assert!(elsewhere.seen.lock().unwrap().is_empty());
}

/// What a server does with a request that it has read.
#[derive(Clone, Copy, Debug)]
enum Then {
    Nothing,
    Close,
    AnswerInPart,
    HeadOnly,
}

/// A server that answers the first `good` requests of all and does something else with every later one. Counts them.
async fn faltering(good: usize, then: Then) -> (String, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(Mutex::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let counted = counted.clone();
            tokio::spawn(async move {
                while read_request(&mut stream).await {
                    let number = {
                        let mut counted = counted.lock().unwrap();
                        *counted += 1;
                        *counted
                    };
                    let answer = match then {
                        _ if number <= good => "HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}",
                        Then::Nothing => {
                            tokio::time::sleep(Duration::from_secs(30)).await;
                            ""
                        }
                        Then::Close => return,
                        Then::AnswerInPart => "HTTP/1.1 20",
                        Then::HeadOnly => "HTTP/1.1 201 Created\r\ncontent-length: 200\r\n\r\n{",
                    };
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    if number > good {
                        return;
                    }
                }
            });
        }
    });
    (base_url, count)
}

async fn read_request(stream: &mut TcpStream) -> bool {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ").map(|n| n.parse().unwrap()));
            if body.len() >= length.unwrap_or(0) {
                return true;
            }
        }
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return false,
            Ok(read) => request.extend_from_slice(&part[..read]),
        }
    }
}

#[tokio::test]
async fn silence_after_sending_may_mean_that_it_was_done_and_is_never_sent_again() {
    for then in [Then::Nothing, Then::Close, Then::AnswerInPart] {
        // The second time over a connection that was kept open, which is when a client is tempted to try again.
        for good in [0, 1] {
            let (base_url, count) = faltering(good, then).await;
            let client = client(&base_url);
            for _ in 0..good {
                client.add_participant("c", &new_participant()).await.unwrap();
            }
            let error = client.add_participant("c", &new_participant()).await.unwrap_err();
            assert!(matches!(error, RestError::Unanswered(_)), "{then:?}: {error:?}");
            assert!(error.may_have_been_carried_out());
            assert!(!format!("{error:?}").contains("Conferences"), "the address may name somebody: {error:?}");
            // Whatever sends it again waits for that answer before it says what came of it.
            assert_eq!(*count.lock().unwrap(), good + 1, "{then:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_after_its_status_means_done_for_a_change_and_nothing_for_a_read() {
    let (base_url, count) = faltering(0, Then::HeadOnly).await;
    let made = client(&base_url).add_participant("c", &new_participant()).await.unwrap();
    assert_eq!(made.call_sid, None);
    let error = client(&base_url).participants(&conference_sid()).await.unwrap_err();
    assert!(matches!(error, RestError::Unanswered(_)), "{error:?}");
    assert_eq!(*count.lock().unwrap(), 2);
}

#[tokio::test]
async fn credentials_are_not_shown() {
    let shown = format!("{:?} {:?}", client("https://api.twilio.com"), options("https://api.twilio.com"));
    assert!(!shown.contains("s3cret") && !shown.contains("QUMw"), "{shown}");
}

/// twilio-async sends to the real carrier. The stand-in for its connector lets nothing out.
#[tokio::test]
async fn twilio_async_cannot_send() {
    use twilio_async::TwilioRequest;
    let builder = twilio_async::Twilio::new(ACCOUNT, "token").unwrap();
    let error = builder.conferences().run().await.unwrap_err();
    assert!(format!("{error:?}").contains("twilio-async only builds requests here"), "{error:?}");
}

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::support::{ACCOUNT, ANSWERS, AUTH_TOKEN, KEY, Lab, OURS, REFUSED, SECRET};

#[tokio::test]
async fn nobody_without_the_password_is_served() {
    let lab = Lab::new().await;
    let url = lab.url(&format!("/twilio/2010-04-01/Accounts/{ACCOUNT}/Calls.json"));
    for (user, password, expected) in
        [(ACCOUNT, AUTH_TOKEN, 200), (KEY, SECRET, 200), (ACCOUNT, SECRET, 401), (KEY, AUTH_TOKEN, 401), ("", "", 401)]
    {
        let response = lab.client.get(&url).basic_auth(user, Some(password)).send().await.unwrap();
        assert_eq!(response.status(), expected, "{user}");
        if expected == 401 {
            let body: Value = response.json().await.unwrap();
            assert_eq!((&body["code"], &body["status"]), (&20_003.into(), &401.into()));
            assert_eq!(body["more_info"], "https://www.twilio.com/docs/errors/20003");
        }
    }
    let response = lab.client.get(&url).send().await.unwrap();
    assert_eq!(response.status(), 401);
}

#[tokio::test]
async fn what_cannot_be_called_is_refused_with_twilios_numbers() {
    let lab = Lab::new().await;
    let participants = "Conferences/call-7/Participants.json";
    for (fields, code) in [
        (vec![("From", OURS)], 21_201),
        (vec![("To", ANSWERS)], 21_213),
        (vec![("To", ANSWERS), ("From", "+442079460999")], 21_210),
        (vec![("To", "07700 900001"), ("From", OURS)], 21_211),
        (vec![("To", REFUSED), ("From", OURS)], 21_211),
        (vec![("To", ANSWERS), ("From", OURS), ("Timeout", "soon")], 20_001),
    ] {
        let (status, body) = lab.post(participants, &fields).await;
        assert_eq!((status, &body["code"]), (400, &code.into()), "{fields:?}");
    }
    assert_eq!(lab.admin("calls").await, Value::Array(Vec::new()));
    assert_eq!(lab.post("Calls.json", &[("To", ANSWERS), ("From", OURS)]).await.1["code"], 21_205);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let lab = Lab::new().await;
    for path in [
        "Calls/CA00000000000000000000000000000000.json",
        "Calls/nothing",
        "Conferences/CF00000000000000000000000000000000.json",
        "Conferences/nothing/Participants.json",
        "Conferences/nothing/Participants/agent.json",
        "Messages/SM00000000000000000000000000000000.json",
        "Applications.json",
    ] {
        let (status, body) = lab.get(path).await;
        assert_eq!((status, &body["code"]), (404, &20_404.into()), "{path}");
    }
    let unknown = "Conferences/CF00000000000000000000000000000000/Participants.json";
    assert_eq!(lab.post(unknown, &[("To", ANSWERS), ("From", OURS)]).await.0, 404);
    let other = lab.url("/twilio/2010-04-01/Accounts/AC00000000000000000000000000000000/Calls.json");
    assert_eq!(lab.client.get(other).basic_auth(KEY, Some(SECRET)).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn other_machines_are_refused() {
    let lab = Lab::new().await;
    for (peer, path, expected) in [
        ("192.0.2.7:5000", "/admin/calls".to_owned(), 403),
        ("192.0.2.7:5000", "/emulator".to_owned(), 403),
        ("192.0.2.7:5000", format!("/2010-04-01/Accounts/{ACCOUNT}/Calls.json"), 403),
        ("[::ffff:127.0.0.1]:5000", "/admin/calls".to_owned(), 200),
        ("127.0.0.1:5000", "/admin/calls".to_owned(), 200),
    ] {
        let peer: SocketAddr = peer.parse().unwrap();
        let request = Request::get(&path).extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
        assert_eq!(lab.emulator.router().oneshot(request).await.unwrap().status(), expected, "{peer} {path}");
    }
}

#[tokio::test]
async fn lists_come_in_pages_newest_first() {
    let lab = Lab::new().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(lab.add(ANSWERS, &[]).await);
    }
    made.reverse();
    let (_, first) = lab.get("Calls.json?PageSize=2").await;
    let sids = |page: &Value| page["calls"].as_array().unwrap().iter().map(|call| call["sid"].clone()).collect::<Vec<_>>();
    assert_eq!(sids(&first), made[..2]);
    let next = first["next_page_uri"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let (_, second) = lab.get(&next).await;
    assert_eq!((sids(&second), &second["next_page_uri"]), (made[2..].iter().map(|sid| sid.as_str().into()).collect(), &Value::Null));
    assert_eq!(sids(&lab.get("Calls.json?Status=busy").await.1), Vec::<Value>::new());
}

//! Messages through the carrier's client: no part of the product sends any yet, and whichever does finds them as the carrier keeps them.

use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twilio::{Address, MessageStatus, NewMessage, RestError};

use crate::begun::{ANSWERS, set_faults};
use crate::support::TestApp;

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_message_is_sent_and_one_whose_answer_was_lost_is_found_and_not_sent_again(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let telephone = &app.carrier.as_ref().unwrap().telephone;
    let client = &telephone.client;
    let new = NewMessage { from: telephone.number.clone(), to: Address::new(ANSWERS), body: "Hello £5".to_owned(), status_callback: None };
    let sent = client.send_message(&new).await.unwrap();
    let sid = sent.sid.unwrap();
    for _ in 0..600 {
        if client.message(&sid).await.unwrap().unwrap().status == Some(MessageStatus::Delivered) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let kept = client.message(&sid).await.unwrap().unwrap();
    assert_eq!((kept.status, kept.segments, kept.error_code), (Some(MessageStatus::Delivered), Some(1), None));
    assert!(kept.date_sent.is_some());

    set_faults(&app, json!({"rest_timeout": 1})).await;
    let lost = client.send_message(&new).await.unwrap_err();
    assert!(lost.may_have_been_carried_out(), "{lost}");
    assert_eq!(client.messages(&new.to).await.unwrap().items.len(), 2, "it was sent, and is not sent again");

    // Somebody who has written STOP is sent nothing more.
    let url = format!("{}/twilio/admin/messages/incoming", app.base);
    let stop = json!({"from": ANSWERS, "to": telephone.number.as_str(), "body": "STOP"});
    reqwest::Client::new().post(url).json(&stop).send().await.unwrap().error_for_status().unwrap();
    let refused = client.send_message(&new).await.unwrap_err();
    assert!(matches!(refused, RestError::Refused { code: Some(21_610), .. }), "{refused}");
    assert!(!format!("{new:?}").contains("Hello"));
    app.stop().await;
}

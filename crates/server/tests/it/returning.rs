//! The agent's telephone goes in a talk: the page was loaded anew, another window takes over, or it does not come back (lessons, line 22).

use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, Begun, begin, pass, people_rung, until_person_is};
use crate::support::{Client, TestApp};

/// The leg of a page that was loaded anew.
const SECOND: &str = "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

async fn talk(app: &TestApp) -> Begun {
    let begun = begin(app, ANSWERS).await;
    begun.join(app).await;
    begun.until("connected").await;
    begun
}

async fn rejoin(begun: &Begun) -> (u16, Value) {
    begun.agent.post("/api/calls/rejoin", json!({"call_id": begun.call})).await
}

async fn is_away(begun: &Begun) -> bool {
    let call = begun.find().await;
    assert_eq!(call["state"], "connected", "{call}");
    !call["away_seconds"].is_null()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_page_that_is_loaded_anew_in_a_talk_comes_back_to_it_and_the_person_stays(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    begun.leave(&app).await;
    assert!(is_away(&begun).await);

    let (status, answer) = rejoin(&begun).await;
    assert_eq!(status, 200, "{answer}");
    let (_, document) = begun.ask_voice(&app, SECOND).await;
    assert!(document.contains(&format!(">call-{}</Conference>", begun.call)), "{document}");
    assert!(is_away(&begun).await, "on the way is not there yet");
    let second = Begun { agent: begun.agent.clone(), call: begun.call.clone(), leg: SECOND };
    assert_eq!(second.conference(&app, "participant-join", "3", &[]).await, 204);

    assert!(!is_away(&begun).await);
    pass(&app, 60).await;
    app.app.calls.end_left().await.unwrap();
    assert!(!is_away(&begun).await);
    assert_eq!(people_rung(&app).await, 1, "nobody is rung anew");
    until_person_is(&app, "in-progress").await;
    second.hang_up(&app).await;
    assert_eq!(begun.until("ended").await["end"]["how"], "by_agent");
    until_person_is(&app, "completed").await;
    app.stop().await;
}

/// The carrier may tell of the new leg before it tells that the old one has gone.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn another_window_takes_the_talk_over_and_what_is_heard_late_of_the_first_changes_nothing(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    assert_eq!(rejoin(&begun).await.0, 200);
    begun.ask_voice(&app, SECOND).await;
    let second = Begun { agent: begun.agent.clone(), call: begun.call.clone(), leg: SECOND };
    second.conference(&app, "participant-join", "3", &[]).await;
    begun.leave(&app).await;

    assert!(!is_away(&begun).await, "they talk in the other window");
    assert_eq!(app.count("select count(*) from calls.leg where party = 'agent' and ended_at is null").await, 1);
    second.conference(&app, "participant-leave", "5", &[("ReasonParticipantLeft", "participant_hung_up")]).await;
    assert!(is_away(&begun).await);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_does_not_come_back_within_fifteen_seconds_has_lost_the_call_and_the_person_hears_why(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    begun.leave(&app).await;
    pass(&app, 13).await;
    app.app.calls.end_left().await.unwrap();
    assert!(is_away(&begun).await, "there is time left");

    pass(&app, 3).await;
    app.app.calls.end_left().await.unwrap();

    let call = begun.until("ended").await;
    assert_eq!(call["end"]["how"], "agent_lost");
    assert!(call["end"]["words"].as_str().unwrap().contains("was told that we will ring again"), "{call}");
    assert!(call["wrap_up"]["seconds_left"].as_i64().unwrap() > 100, "what came of it is to be recorded");
    let said = |entries: &Value| entries.to_string().contains("We will ring you again");
    let mut journal = Value::Null;
    for _ in 0..100 {
        journal = reqwest::get(format!("{}/twilio/admin/journal?kind=rest", app.base)).await.unwrap().json().await.unwrap();
        if said(&journal) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert!(said(&journal), "{journal}");
    app.app.calls.end_lingering_legs().await.unwrap();
    until_person_is(&app, "completed").await;
    app.stop().await;
}

/// As the server stored it that then stopped: another one finds it.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_agent_who_is_gone_is_found_by_whichever_server_is_there(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = talk(&app).await;
    app.app.calls.end_left().await.unwrap();
    assert!(!is_away(&begun).await, "the agent is there");
    let gone = "update calls.leg set ended_at = $1, status = 'completed' where party = 'agent'";
    sqlx::query(gone).bind(app.now()).execute(&app.pool).await.unwrap();
    app.app.calls.end_left().await.unwrap();
    assert!(!is_away(&begun).await, "who left first may be on its way");

    pass(&app, 2).await;
    app.app.calls.end_left().await.unwrap();

    assert!(is_away(&begun).await);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn nobody_comes_to_a_call_that_is_not_theirs_that_nobody_answered_or_that_is_over(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    let (status, refused) = rejoin(&begun).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("conflict")), "{refused}");
    begun.join(&app).await;
    begun.until("connected").await;

    let other: Client = app.signed_in(auth::Role::Agent).await;
    assert_eq!(other.post("/api/calls/rejoin", json!({"call_id": begun.call})).await.0, 404);
    // Without having been let in, and with a leave that is too old, or used.
    assert!(begun.ask_voice(&app, SECOND).await.1.contains("<Reject"));
    assert_eq!(rejoin(&begun).await.0, 200);
    sqlx::query("update calls.call set intent_expires_at = intent_expires_at - interval '11 seconds'").execute(&app.pool).await.unwrap();
    assert!(begun.ask_voice(&app, SECOND).await.1.contains("<Reject"));
    assert_eq!(rejoin(&begun).await.0, 200);
    assert!(begun.ask_voice(&app, SECOND).await.1.contains("</Conference>"));
    assert!(begun.ask_voice(&app, "CAcccccccccccccccccccccccccccccccc").await.1.contains("<Reject"), "once");

    begun.hang_up(&app).await;
    begun.until("ended").await;
    assert_eq!(rejoin(&begun).await.0, 409);
    assert!(begun.ask_voice(&app, SECOND).await.1.contains("<Reject"));
    app.stop().await;
}

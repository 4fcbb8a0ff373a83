//! Recordings are kept until their retention has passed, and not longer (compliance, C11; CMCOB 2.3.6R).

use calls::{Pruning, RetentionFailure, Verdict};
use chrono::{DateTime, Utc};
use kernel::{CallId, UserId};
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::begun::{ANSWERS, Begun, begin, set_faults};
use crate::commands::{dialler, text};
use crate::support::TestApp;

/// A talk with user 1 that the carrier has recorded, and whose outcome is said.
async fn recorded(app: &TestApp) -> Begun {
    let begun = begin(app, ANSWERS).await;
    begun.join(app).await;
    begun.until("connected").await;
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    begun.hang_up(app).await;
    begun.until("ended").await;
    begun.record("contacted").await;
    app.until_count("the carrier has told of it", "select count(*) from calls.recording where status = 'completed'", 1).await;
    begun
}

/// What is said of each recording, in words.
async fn prune(app: &TestApp, pruning: Pruning) -> Result<Vec<String>, RetentionFailure> {
    let mut told = Vec::new();
    let tell = |judged: &calls::Judged| {
        told.push(match &judged.verdict {
            Verdict::Kept(kept) => kept.words(),
            Verdict::WouldBeDeleted(_) => "would be deleted".to_owned(),
            Verdict::Deleted(_) => "deleted".to_owned(),
            Verdict::NotDeleted(error) => error.to_string(),
        });
        Ok(())
    };
    app.app.calls.prune_recordings(&app.app.replica, pruning, tell).await?;
    Ok(told)
}

async fn said(app: &TestApp) -> String {
    prune(app, Pruning::Delete).await.unwrap().remove(0)
}

/// The platform, from now on.
async fn platform(app: &TestApp, sql: &'static str) {
    sqlx::query(sql).execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
}

fn go_to(app: &TestApp, at: &str) {
    app.clock.advance(at.parse::<DateTime<Utc>>().unwrap() - app.now());
}

async fn is_at_carrier(app: &TestApp) -> bool {
    let sid: String = sqlx::query_scalar("select sid from calls.recording").fetch_one(&app.pool).await.unwrap();
    app.carrier.as_ref().unwrap().telephone.client.recording(&sid.parse().unwrap()).await.unwrap().is_some()
}

async fn play(begun: &Begun) -> u16 {
    let heard = begun.agent.http.get(format!("{}/api/calls/recording/{}", begun.agent.base, begun.call)).send().await.unwrap();
    heard.status().as_u16()
}

/// Settings that somebody wrote past the program.
async fn set_by_hand(app: &TestApp, setting: &str) {
    let insert = "insert into queue.settings (version, body, created_at, created_by, reason)
        select version + 1, body || $1::jsonb, created_at, created_by, reason from queue.settings order by version desc limit 1";
    sqlx::query(insert).bind(setting).execute(&app.pool).await.unwrap();
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_recording_is_kept_for_every_reason_there_is_and_deleted_when_none_is_left(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = recorded(&app).await;
    let call: CallId = begun.call.parse().unwrap();
    assert_eq!(said(&app).await, "it has not been fetched from the carrier yet");
    app.app.calls.fetch_recordings().await.unwrap();
    assert_eq!(said(&app).await, "a claim is still open");
    platform(&app, "update claims set status = 'Complete', updated_at = null where user_id = 1").await;
    assert_eq!(said(&app).await, "a claim is closed, but the claims platform does not say since when");
    // Closed a week after the call: the months run from then.
    platform(&app, "update claims set updated_at = '2026-12-01 09:00:00' where user_id = 1").await;
    assert_eq!(said(&app).await, "it is kept until 2 December 2027");

    // The floor: neither the form nor whoever writes past it goes below twelve months.
    let admin = app.signed_in(auth::Role::Admin).await;
    let view = admin.ask("/api/queue/settings", json!({})).await;
    let mut settings = view["settings"].clone();
    settings["recording_months"] = json!(11);
    let change = json!({"settings": settings, "version": view["version"], "reason": "Fewer"});
    assert_eq!(admin.post("/api/queue/change_settings", change).await.0, 422);
    set_by_hand(&app, r#"{"recording_months": 1}"#).await;
    go_to(&app, "2027-12-02T08:59:00Z");
    assert_eq!(said(&app).await, "it is kept until 2 December 2027");
    set_by_hand(&app, r#"{"recording_months": 24}"#).await;
    go_to(&app, "2027-12-02T09:01:00Z");
    assert_eq!(said(&app).await, "it is kept until 2 December 2028", "more months can be set");
    set_by_hand(&app, r#"{"recording_months": 12}"#).await;

    // Complaints, and the twelve months after one.
    app.app.calls.hold_recordings(UserId::new(1), "A complaint of 30 November").await.unwrap();
    assert!(app.app.calls.hold_recordings(UserId::new(1), "Again").await.is_err());
    assert_eq!(said(&app).await, "a complaint or proceedings are on record as going on");
    app.app.calls.release_recordings(UserId::new(1)).await.unwrap();
    assert_eq!(said(&app).await, "it is kept until 3 December 2028");
    go_to(&app, "2028-12-03T10:00:00Z");

    // It may be deleted now. Whatever takes the proof away keeps it.
    assert_eq!(prune(&app, Pruning::DryRun).await.unwrap(), ["would be deleted"]);
    platform(&app, "update claims set user_id = 77 where user_id = 1").await;
    assert_eq!(said(&app).await, "the person has no claim, so no end can be proved");
    platform(&app, "update claims set user_id = 1 where user_id = 77").await;
    platform(&app, "update users set id = 77 where id = 1").await;
    assert_eq!(said(&app).await, "nobody knows the person, the claims platform included, so no end can be proved");
    platform(&app, "update users set id = 1 where id = 77").await;
    set_by_hand(&app, r#"{"max_lag_millis": -1}"#).await;
    assert!(matches!(prune(&app, Pruning::Delete).await, Err(RetentionFailure::Behind)));
    set_by_hand(&app, r#"{"max_lag_millis": 5000}"#).await;
    app.replica_proxy.stop().await;
    assert!(matches!(prune(&app, Pruning::Delete).await, Err(RetentionFailure::Replica(_))));
    assert!(matches!(app.app.calls.delete_recording(&app.app.replica, call).await, Err(RetentionFailure::Replica(_))));
    app.replica_proxy.resume().await;
    assert_eq!(app.count("select count(*) from calls.recording_deletion").await, 0, "nothing was decided so far");
    assert_eq!((play(&begun).await, is_at_carrier(&app).await), (200, true));
    set_faults(&app, json!({"rest_503": 9})).await;
    assert_eq!(said(&app).await, "the carrier did not delete it");
    set_faults(&app, json!({"rest_503": 0})).await;
    assert_eq!(play(&begun).await, 200, "what could not be deleted everywhere is kept");

    assert_eq!(said(&app).await, "deleted");
    assert_eq!((play(&begun).await, is_at_carrier(&app).await), (404, false));
    let stays = "select count(*) from calls.recording where deleted_at is not null and sha256 is not null and size_bytes > 0";
    assert_eq!(app.count(stays).await, 1, "the row stays, with its hash");
    let ground = "select count(*) from calls.recording_deletion
        where months = 12 and last_end_at >= '2027-12-02 09:01Z' and claims->0->>'status' = 'Complete' and claims->0->>'changed_at' is not null";
    assert_eq!(app.count(ground).await, 1, "and on what ground");
    let told = begun.agent.ask("/api/calls/attempt", json!({"call_id": begun.call})).await;
    assert_eq!(told["recording"]["words"], "It was deleted on 3 December 2028, after its retention.", "{told}");
    assert_eq!(told["recording"]["may_listen"], false);
    assert_eq!(prune(&app, Pruning::Delete).await.unwrap(), Vec::<String>::new());
    assert!(matches!(app.app.calls.delete_recording(&app.app.replica, call).await, Err(RetentionFailure::NoRecording)));
    app.app.calls.fetch_recordings().await.unwrap();
    assert_eq!(play(&begun).await, 404, "nobody fetches it again");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_command_says_why_by_the_calls_id_and_ends_with_a_failure_when_nothing_can_be_proved(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::with_carrier(connect.clone()).await;
    let begun = recorded(&app).await;
    app.app.calls.fetch_recordings().await.unwrap();
    let replica = app.platform.replica_url().to_owned();
    let run = async |arguments: &[&str]| {
        let done = dialler(&connect, &replica, &[&["recordings"], arguments].concat()).await;
        (done.status.success(), text(&done.stdout), text(&done.stderr))
    };

    for arguments in [&["prune", "--dry-run"][..], &["prune"]] {
        let (is_well, told, errors) = run(arguments).await;
        assert!(is_well, "{errors}");
        assert!(told.contains(&format!("{}\tkept: a claim is still open\n", begun.call)), "{told}");
        assert!(told.contains("1 kept, 0 not deleted."), "{told}");
        for personal in ["Priya", "Raman", "77009"] {
            assert!(!told.contains(personal) && !errors.contains(personal), "{told}{errors}");
        }
    }
    let (is_well, _, refused) = run(&["delete", &begun.call]).await;
    assert!(!is_well && refused.contains("refused: a claim is still open"), "{refused}");
    let (is_well, told, errors) = run(&["hold", "1", "--reason", "A complaint"]).await;
    assert!(is_well && told.starts_with("On record for Priya Raman, user 1."), "{told}{errors}");
    let (is_well, _, refused) = run(&["hold", "99999999", "--reason", "A complaint"]).await;
    assert!(!is_well && refused.contains("nobody is known by that id"), "a mistyped id would protect nobody: {refused}");
    let (_, _, refused) = run(&["delete", &begun.call]).await;
    assert!(refused.contains("a complaint or proceedings"), "{refused}");
    assert!(run(&["release", "1"]).await.0);
    assert!(!run(&["release", "1"]).await.0, "it has ended already");

    let silent = dialler(&connect, "mysql://nobody:x@127.0.0.1:1/claims_platform", &["recordings", "prune"]).await;
    assert!(!silent.status.success());
    assert!(text(&silent.stderr).contains("REPLICA_DATABASE_URL"), "{}", text(&silent.stderr));
    assert_eq!(app.count("select count(*) from calls.recording where deleted_at is null").await, 1);
    app.stop().await;
}

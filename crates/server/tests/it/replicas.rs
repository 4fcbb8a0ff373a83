//! Several replicas behind one address, and one that hears nothing of its primary any more.

use std::time::Duration;

use auth::Role;
use kernel::UserId;
use queue::{Order, QueueError, QueueFailure};
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{TestPlatform, TestReplica};

use crate::begun::{ANSWERS, LEG, people_rung, start};
use crate::support::{Made, TestApp};

/// How often the primary gives a sign of life when it has nothing to say.
const HEARTBEAT: Duration = Duration::from_millis(200);

const OTHER_LEG: &str = "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

const SIGN: &str = "update users set current_signature_file_id = uuid()";

/// So many milliseconds may a replica be behind.
async fn limit(pool: &PgPool, millis: i64) {
    sqlx::query(
        "insert into queue.settings
         select version + 1, jsonb_set(body, '{max_lag_millis}', to_jsonb($1::bigint)), created_at, null from queue.settings
         order by version desc limit 1",
    )
    .bind(millis)
    .execute(pool)
    .await
    .unwrap();
}

/// lessons, line 60: the lag of one replica vouched for another's rows. → The answer names the server it came from.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn one_replica_does_not_vouch_for_what_another_says(_: PgPoolOptions, connect: PgConnectOptions) {
    let platform = TestPlatform::new().await.unwrap();
    let (current, stale) = (TestReplica::of(&platform, HEARTBEAT).await.unwrap(), TestReplica::of(&platform, HEARTBEAT).await.unwrap());
    let made = Made { replicas: vec![current.url().to_owned(), stale.url().to_owned()], ..Made::with_carrier() };
    let app = TestApp::made_over(connect, platform, made).await;
    for id in 1..=4 {
        app.platform.user(id).unsigned().phone(ANSWERS).claim("santander").insert().await.unwrap();
    }
    for replica in [&current, &stale] {
        replica.caught_up(&app.platform).await.unwrap();
    }
    app.discover().await;
    assert_eq!(app.count("select count(*) from queue.entry").await, 4, "both of them have everything");
    // Connections to both, and who is held is held on the word of either.
    app.warm_replica().await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let agent = app.signed_in(Role::Agent).await;
        let hand_out = agent.call_next_again("unsigned_users").await;
        assert!(hand_out["user"].is_object(), "{hand_out}");
        held.push((agent, hand_out));
    }

    stale.run("stop replica sql_thread").await.unwrap();
    sqlx::query(SIGN).execute(app.platform.primary()).await.unwrap();
    current.caught_up(&app.platform).await.unwrap();
    app.until("one of them says that it does not know", || app.app.queue.replica_lag().is_none()).await;

    // Whoever answers: at the hand-out nobody, from discovery nobody, at the dial nobody.
    let agent = app.signed_in(Role::Agent).await;
    let (mut refused, mut unknown) = (0, 0);
    for _ in 0..60 {
        let (status, answer) = agent.post("/api/queue/take", json!({"user_id": "4"})).await;
        assert!(answer["user"].is_null(), "{answer}");
        match status {
            // Found out at once, or under the lease.
            200 | 409 => refused += 1,
            503 => unknown += 1,
            _ => panic!("{status}: {answer}"),
        }
    }
    assert!(refused > 0 && unknown > 0, "both are asked: {refused} and {unknown} times");
    for _ in 0..6 {
        match app.app.queue.discover(Order::default()).await {
            Ok(_) => assert_eq!(app.count("select count(*) from queue.entry where leased_by is null").await, 0),
            Err(QueueFailure::Refused(QueueError::CannotCheck)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
    for ((agent, hand_out), leg) in held.into_iter().zip([LEG, OTHER_LEG]) {
        let begun = start(agent, &hand_out, leg).await;
        begun.join(&app).await;
        let call = begun.until("ended").await;
        assert!(["could_not_check", "refused"].contains(&call["end"]["how"].as_str().unwrap()), "{call}");
    }
    assert_eq!((people_rung(&app).await, app.count("select count(*) from queue.attempt").await), (0, 0));
    app.stop().await;
}

/// A replica that takes another's place is asked how far behind it is before its word counts.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_replica_that_takes_the_place_of_another_is_believed_when_it_is_known(_: PgPoolOptions, connect: PgConnectOptions) {
    let platform = TestPlatform::new().await.unwrap();
    let (first, second) = (TestReplica::of(&platform, HEARTBEAT).await.unwrap(), TestReplica::of(&platform, HEARTBEAT).await.unwrap());
    let app = TestApp::made_over(connect, platform, Made { replicas: vec![first.url().to_owned()], ..Made::default() }).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    for replica in [&first, &second] {
        replica.caught_up(&app.platform).await.unwrap();
    }
    second.run("stop replica sql_thread").await.unwrap();
    sqlx::query(SIGN).execute(app.platform.primary()).await.unwrap();
    app.replica_proxy.spread_over(&[second.url()]).unwrap();

    // Held open to the first one, the sampler's connection says that all is well there.
    let agent = app.signed_in(Role::Agent).await;
    let reads = (0..12).map(|_| agent.post("/api/queue/take", json!({"user_id": "1"})));
    for (status, answer) in futures::future::join_all(reads).await {
        assert!(answer["user"].is_null() && status != 500, "{status}: {answer}");
    }
    assert_eq!(app.count("select count(*) from queue.lease").await, 0);

    second.run("start replica sql_thread").await.unwrap();
    second.caught_up(&app.platform).await.unwrap();
    app.replica_proxy.stop().await;
    app.replica_proxy.resume().await;
    app.until("it is known how far behind it is", || app.app.queue.replica_lag().is_some()).await;
    let (status, answer) = agent.post_again("/api/queue/take", &json!({"user_id": "1"})).await;
    assert_eq!(status, 409, "signed: {answer}");
    app.stop().await;
}

/// Nothing comes, and nothing says so: the replica's own report goes on saying that it is not behind.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_replica_that_hears_nothing_of_its_primary_is_not_believed(_: PgPoolOptions, connect: PgConnectOptions) {
    let platform = TestPlatform::new().await.unwrap();
    let replica = TestReplica::of(&platform, HEARTBEAT).await.unwrap();
    let app = TestApp::made_over(connect, platform, Made { replicas: vec![replica.url().to_owned()], ..Made::default() }).await;
    limit(&app.pool, 1_000).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().claim("vw_finance").insert().await.unwrap();
    replica.caught_up(&app.platform).await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;

    // While nothing is written, signs of life are enough.
    let heard = replica.heartbeats().await.unwrap();
    while replica.heartbeats().await.unwrap() < heard + 12 {
        tokio::time::sleep(HEARTBEAT).await;
        assert!(app.app.queue.replica_lag().is_some());
    }

    replica.primary.stall().await;
    sqlx::query(SIGN).execute(app.platform.primary()).await.unwrap();
    app.until("it is noticed", || app.app.queue.replica_lag().is_none()).await;
    for path in ["/api/queue/call_next", "/api/queue/take"] {
        let (status, answer) = agent.post(path, json!({"queue": "unsigned_users", "user_id": "1"})).await;
        assert_eq!(status, 503, "{path}: {answer}");
        assert!(answer["message"].as_str().unwrap().contains("cannot be read"), "{answer}");
    }
    let discovered = app.app.queue.discover(Order::default()).await;
    assert!(matches!(discovered, Err(QueueFailure::Refused(QueueError::CannotCheck))), "{discovered:?}");
    assert_eq!(app.count("select count(*) from queue.lease").await, 0);
    let still = app.app.replica.facts(UserId::new(1), users::Extras::default(), app.now()).await.unwrap().unwrap();
    assert!(!still.has_signed, "what it has is old");

    replica.primary.resume().await;
    replica.caught_up(&app.platform).await.unwrap();
    app.until("it is heard again", || app.app.queue.replica_lag().is_some()).await;
    let answer = agent.call_next().await;
    assert_eq!((&answer["user"], &answer["saved_calls"]), (&json!(null), &json!(2)), "{answer}");
    app.stop().await;
}

//! Discovery: the queues are what the platform says, whatever was there before.

use std::time::Duration;

use auth::Role;
use chrono::TimeDelta;
use kernel::{Moment, QueueKind, ReadNumber, UserId};
use queue::rules::{Input, NumberFact, OwnFacts, Pauses, judge};
use queue::{DiscoveryReport, Order, QueueError, QueueFailure, Settings};
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::support::{CRON_SECRET, TestApp, development};

async fn entries(app: &TestApp) -> Vec<(i64, String)> {
    sqlx::query_as("select user_id, kind from queue.entry order by user_id").fetch_all(&app.pool).await.unwrap()
}

/// lessons, lines 4 and 5: queues deleted and refilled; users in the wrong queue.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn discovery_adds_moves_and_removes_and_running_again_changes_nothing(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).empty_signature().claim("lloyds").insert().await.unwrap();
    app.platform.user(3).claim("lloyds").requirement("proof_of_address").insert().await.unwrap();
    app.platform.user(4).claim("lloyds").requirement_as("id_document", "pending", "Base requirement for claim.").insert().await.unwrap();
    app.platform.user(5).unsigned().disabled().claim("lloyds").insert().await.unwrap();
    app.platform.user(6).unsigned().claim("lloyds").claim_status("CANCELLED").insert().await.unwrap();
    app.platform.user(7).unsigned().no_phone().claim("lloyds").insert().await.unwrap();
    app.platform.user(8).unsigned().insert().await.unwrap();
    app.platform.user(9).claim("lloyds").claim_status("completed").requirement("proof_of_address").insert().await.unwrap();
    app.platform.user(10).claim("lloyds").claim_status("").requirement_as("proof_of_income", "Pending", "").insert().await.unwrap();

    let first = app.discover().await;
    assert_eq!((first.users_read, first.added), (10, 4));
    let unsigned = |id| (id, "unsigned_users".to_owned());
    let outstanding = |id| (id, "outstanding_requests".to_owned());
    assert_eq!(entries(&app).await, [unsigned(1), unsigned(2), outstanding(3), outstanding(10)]);
    assert_eq!(app.discover().await, DiscoveryReport { users_read: 10, kept: 4, ..DiscoveryReport::default() });

    // Drift of every kind: a wrong queue, a wrong score, somebody who is gone, somebody beyond the last id.
    for statement in [
        "update queue.entry set kind = 'outstanding_requests' where user_id = 1",
        "update queue.entry set score = 999 where user_id = 2",
        "delete from queue.entry where user_id = 3",
        "insert into queue.entry (user_id, kind, score, raw_sum, queued_at, available_at, number, facts_read_at)
         select id, 'unsigned_users', 0, 0, '2026-01-01Z', '2026-01-01Z', '+447700900000', '2026-01-01Z' from (values (8), (60000)) as v (id)",
    ] {
        sqlx::query(statement).execute(&app.pool).await.unwrap();
    }
    let second = app.discover().await;
    assert_eq!(
        second,
        DiscoveryReport { users_read: 10, added: 1, moved: 1, changed: 1, removed: 2, kept: 1, ..DiscoveryReport::default() }
    );
    assert_eq!(entries(&app).await, [unsigned(1), unsigned(2), outstanding(3), outstanding(10)]);
    assert_eq!(app.discover().await.kept, 4, "drift is zero after a reconciliation");
    assert_eq!(app.count("select count(*) from queue.discovery_run where failure is null and ended_at is not null").await, 4);
    app.stop().await;
}

/// lessons, line 5: 1,607 of 12,000 users sat in a wrong queue.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn sixteen_hundred_people_put_into_wrong_queues_by_hand_are_reported_and_put_right_and_nobody_else_is_touched(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::start(connect).await;
    let person = |id| app.platform.user(id).claim("santander");
    let people = (1..=2_400).map(|id| if id % 2 == 0 { person(id).unsigned() } else { person(id).requirement("proof_of_address") });
    app.platform.insert_all(people).await.unwrap();
    assert_eq!(app.discover().await.added, 2_400);
    let rows = async || -> Vec<(i64, String)> {
        // The times are those of the move.
        let all = "select user_id, (to_jsonb(e) - array['queued_at', 'facts_read_at', 'available_at'])::text || (available_at <= $1)
            from queue.entry e order by user_id";
        sqlx::query_as(all).bind(app.now()).fetch_all(&app.pool).await.unwrap()
    };
    let untouched = async || -> Vec<String> {
        sqlx::query_scalar("select e::text from queue.entry e where user_id % 3 = 0 order by user_id").fetch_all(&app.pool).await.unwrap()
    };
    let (before, others) = (rows().await, untouched().await);
    let by_hand = "update queue.entry
        set kind = case kind when 'unsigned_users' then 'outstanding_requests' else 'unsigned_users' end
        where user_id % 3 <> 0";
    assert_eq!(sqlx::query(by_hand).execute(&app.pool).await.unwrap().rows_affected(), 1_600);

    let report = app.discover().await;

    assert_eq!(report, DiscoveryReport { users_read: 2_400, moved: 1_600, kept: 800, ..DiscoveryReport::default() });
    assert_eq!(rows().await, before);
    assert_eq!(untouched().await, others);
    let ledger: (i64, i64, i64, i64) =
        sqlx::query_as("select moved, added, removed, changed from queue.discovery_run order by id desc limit 1")
            .fetch_one(&app.pool)
            .await
            .unwrap();
    assert_eq!(ledger, (1_600, 0, 0, 0), "the ledger says so too");
    let wrong = "select count(*) from queue.drift where user_id % 3 <> 0 and was <> belongs";
    assert_eq!((app.count(wrong).await, app.count("select count(*) from queue.drift").await), (1_600, 1_600), "each by name");
    assert_eq!(app.discover().await, DiscoveryReport { users_read: 2_400, kept: 2_400, ..DiscoveryReport::default() });
    app.stop().await;
}

/// lessons, line 4: an entry under lease survives any job.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_is_held_is_left_alone(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let held = agent.call_next().await;
    sqlx::query("update users set is_enabled = 0").execute(app.platform.primary()).await.unwrap();

    let report = app.discover().await;

    assert_eq!(report.removed, 0);
    assert_eq!(app.count("select count(*) from queue.entry where leased_by is not null").await, 1);
    agent.ask("/api/queue/release", json!({"lease_id": held["lease_id"], "reason": "language"})).await;
    assert_eq!(app.discover().await.removed, 1);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_older_picture_never_overwrites_a_newer_one(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    sqlx::query("update queue.entry set kind = 'outstanding_requests', facts_read_at = $1")
        .bind(app.now() + TimeDelta::hours(1))
        .execute(&app.pool)
        .await
        .unwrap();

    app.discover().await;

    assert_eq!(entries(&app).await, [(1, "outstanding_requests".to_owned())]);
    app.stop().await;
}

/// A range that was read before Call next removed somebody is no reason to bring them back.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_was_removed_since_a_range_was_read_does_not_come_back(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let enable = |is_enabled: bool| sqlx::query("update users set is_enabled = ?").bind(is_enabled).execute(app.platform.primary());
    enable(false).await.unwrap();
    app.platform.caught_up().await.unwrap();
    let agent = app.signed_in(Role::Agent).await;
    assert_eq!(agent.call_next().await["saved_calls"], 1);

    // The range is read a minute before that, when the platform still said otherwise.
    enable(true).await.unwrap();
    app.clock.advance(TimeDelta::minutes(-1));
    assert_eq!(app.discover().await, DiscoveryReport { users_read: 1, kept: 1, ..DiscoveryReport::default() });
    assert_eq!(entries(&app).await, []);

    app.clock.advance(TimeDelta::minutes(2));
    assert_eq!(app.discover().await.added, 1, "what is read later holds");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn putting_back_outlives_a_discovery(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let held = agent.call_next().await;
    agent.ask("/api/queue/release", json!({"lease_id": held["lease_id"], "reason": "language"})).await;

    app.discover().await;

    assert_eq!(agent.call_next().await["user"], json!(null));
    app.stop().await;
}

/// People of every kind, with gaps between them, and some beyond what a floating-point number holds.
async fn a_mixed_crowd(app: &TestApp) -> Vec<i64> {
    let ids: Vec<i64> = (1..=23).map(|n| n * 7).chain([9_007_199_254_740_993, 9_007_199_254_740_995]).collect();
    for (kind, id) in ids.iter().enumerate() {
        let person = app.platform.user(*id).phone(&format!("+4477009{kind:05}"));
        // Claims' ids are made from their users', so the largest users have none.
        let person = match (kind % 8, *id < 1_000) {
            (_, false) => person.unsigned(),
            (0..=2, _) => person.unsigned().claim("santander"),
            (3 | 4, _) => person.claim("lloyds").requirement("proof_of_address"),
            (5, _) => person.unsigned().disabled().claim("lloyds"),
            (6, _) => person.unsigned().claim("hsbc").no_phone(),
            _ => person.claim("lloyds"),
        };
        person.insert().await.unwrap();
    }
    app.platform.caught_up().await.unwrap();
    ids
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn ranges_of_any_size_give_the_entries_that_judging_each_user_gives(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let ids = a_mixed_crowd(&app).await;
    let body: serde_json::Value =
        sqlx::query_scalar("select body from queue.settings order by version desc limit 1").fetch_one(&app.pool).await.unwrap();
    let settings: Settings = serde_json::from_value(body).unwrap();
    let policy = development().numbers();
    let holidays = queue::holidays_in(&app.pool).await.unwrap();
    let mut judged = Vec::new();
    for id in &ids {
        let facts = app.app.replica.facts(UserId::new(*id), users::Extras::default(), app.now()).await.unwrap().unwrap();
        let number = match facts.raw_number.as_deref().map(|raw| ReadNumber::parse(raw, &policy)) {
            None => NumberFact::Missing,
            Some(Ok(read)) => NumberFact::Usable(read),
            Some(Err(why)) => NumberFact::Unusable(why),
        };
        let judgement = judge(&Input {
            facts: Some(&facts),
            number: &number,
            own: &OwnFacts::default(),
            pauses: &Pauses::default(),
            settings: &settings,
            holidays: &holidays,
            moment: Moment::new(app.now()),
        });
        judged.extend(judgement.entry(app.now()).map(|(queue, _)| (*id, queue.as_str().to_owned())));
    }
    assert!(judged.len() > 10, "{judged:?}");

    for range in [1, 4, 5, 1_000] {
        sqlx::query("delete from queue.entry").execute(&app.pool).await.unwrap();
        let report = app.app.queue.discover_in_ranges(range).await.unwrap();
        assert_eq!((report.users_read, report.added), (25, i64::try_from(judged.len()).unwrap()), "ranges of {range}");
        assert_eq!(entries(&app).await, judged, "ranges of {range}");
    }
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_replica_that_stops_on_the_way_leaves_the_entries_as_they_are_and_the_ledger_says_so(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::start(connect).await;
    a_mixed_crowd(&app).await;
    app.app.queue.discover(Order::default()).await.unwrap();
    let before: Vec<String> = sqlx::query_scalar("select e::text from queue.entry e order by 1").fetch_all(&app.pool).await.unwrap();
    let (queue, read) = (app.app.queue.clone(), app.app.replica.reads());
    app.replica_proxy.slow(Duration::from_millis(30)).await;

    let walking = tokio::spawn(async move { queue.discover_in_ranges(1).await });
    // Some of the ranges are read by then, each with five statements.
    app.until("some ranges are read", || app.app.replica.reads() > read + 30).await;
    app.replica_proxy.stop().await;

    let failed = walking.await.unwrap();
    assert!(matches!(failed, Err(QueueFailure::Replica(_))), "{failed:?}");
    let after: Vec<String> = sqlx::query_scalar("select e::text from queue.entry e order by 1").fetch_all(&app.pool).await.unwrap();
    assert_eq!(after, before);
    let failure: Option<String> =
        sqlx::query_scalar("select failure from queue.discovery_run order by id desc limit 1").fetch_one(&app.pool).await.unwrap();
    assert_eq!(failure.as_deref(), Some("the replica failed"));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_a_replica_too_far_behind_says_moves_nobody(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    sqlx::query("update users set is_enabled = 0").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    sqlx::query(
        "insert into queue.settings select version + 1, jsonb_set(body, '{max_lag_millis}', '-1'), created_at, null from queue.settings",
    )
    .execute(&app.pool)
    .await
    .unwrap();

    let refused = app.app.queue.discover(Order::default()).await;

    assert!(matches!(refused, Err(QueueFailure::Refused(QueueError::CannotCheck))), "{refused:?}");
    assert_eq!(entries(&app).await, [(1, "unsigned_users".to_owned())]);
    assert_eq!(app.count("select count(*) from queue.discovery_run where failure is not null and ended_at is not null").await, 1);
    app.stop().await;
}

/// lessons, lines 2 and 12: overlapping jobs.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn only_one_discovery_runs_at_a_time(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    // As another server holds it while it runs one: DISCOVERY_LOCK of queue's store.
    let mut other = app.pool.acquire().await.unwrap().detach();
    let is_held: bool =
        sqlx::query_scalar("select pg_try_advisory_lock($1)").bind(0x6469_616c_6c01_i64).fetch_one(&mut other).await.unwrap();
    assert!(is_held);

    let refused = app.app.queue.discover(Order::default()).await;

    assert!(matches!(refused, Err(QueueFailure::Refused(QueueError::DiscoveryIsRunning))), "{refused:?}");
    assert_eq!(app.count("select count(*) from queue.discovery_run").await, 0);
    sqlx::Connection::close(other).await.unwrap();
    assert_eq!(app.app.queue.discover(Order::default()).await.unwrap().added, 1);
    app.stop().await;
}

/// lessons, line 8: leads died after the first call. Everybody who is eligible is handed out in finite time.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn everybody_who_waits_is_reached(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=25 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let mut seen = std::collections::BTreeSet::new();

    for _ in 0..25 {
        let held = agent.call_next().await;
        seen.insert(held["user"]["id"].as_str().unwrap().to_owned());
        agent.ask("/api/queue/release", json!({"lease_id": held["lease_id"], "reason": "not_a_good_time"})).await;
    }

    assert_eq!(seen.len(), 25);
    app.stop().await;
}

/// lessons, line 12: background jobs ran twice in the same hour.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_hour_is_discovered_once_however_many_servers_and_again_when_it_failed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    let runs = "select count(*) from queue.discovery_run where cause = 'schedule' and failure is null";

    app.replica_proxy.stop().await;
    assert!(app.app.queue.discover_on_schedule().await.is_err());
    app.replica_proxy.resume().await;
    app.until("the lag is known again", || app.app.queue.replica_lag().is_some()).await;
    let servers = [app.app.queue.clone(), app.app.queue.clone(), app.app.queue.clone()];
    futures::future::try_join_all(servers.iter().map(queue::Queue::discover_on_schedule)).await.unwrap();
    app.app.queue.discover_on_schedule().await.unwrap();
    assert_eq!(app.count(runs).await, 1);
    assert_eq!(app.count("select count(*) from queue.entry").await, 1);

    app.clock.advance(TimeDelta::hours(1));
    app.app.queue.discover_on_schedule().await.unwrap();
    app.app.queue.discover_on_schedule().await.unwrap();
    assert_eq!(app.count(runs).await, 2);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_discovery_that_a_crash_cut_short_is_said_to_be_so_by_the_next(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    sqlx::query("insert into queue.discovery_run (started_at, scheduled_for) values ($1, $1)")
        .bind(app.now())
        .execute(&app.pool)
        .await
        .unwrap();

    app.discover().await;

    let failures: Vec<Option<String>> =
        sqlx::query_scalar("select failure from queue.discovery_run order by id").fetch_all(&app.pool).await.unwrap();
    assert_eq!(failures, [Some("it was interrupted".to_owned()), None]);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn discovery_of_one_queue_leaves_the_other_alone(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).claim("lloyds").requirement("proof_of_address").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    let only = |only| Order { only: Some(only), ..Order::default() };

    let unsigned = app.app.queue.discover(only(QueueKind::UnsignedUsers)).await.unwrap();
    assert_eq!(unsigned, DiscoveryReport { users_read: 2, added: 1, ..DiscoveryReport::default() });
    assert_eq!(entries(&app).await, [(1, "unsigned_users".to_owned())]);
    // Somebody who waits in it wrongly, and somebody who does not belong anywhere.
    for statement in [
        "update queue.entry set kind = 'outstanding_requests' where user_id = 1",
        "insert into queue.entry (user_id, kind, score, raw_sum, queued_at, available_at, number, facts_read_at)
         select id, kind, 0, 0, '2026-01-01Z', '2026-01-01Z', '+447700900000', '2026-01-01Z'
         from (values (8, 'unsigned_users'), (9, 'outstanding_requests')) as v (id, kind)",
    ] {
        sqlx::query(statement).execute(&app.pool).await.unwrap();
    }
    let outstanding = app.app.queue.discover(only(QueueKind::OutstandingRequests)).await.unwrap();

    assert_eq!(outstanding, DiscoveryReport { users_read: 2, added: 1, moved: 1, removed: 1, ..DiscoveryReport::default() });
    let waiting: Vec<i64> = entries(&app).await.iter().map(|(user, _)| *user).collect();
    assert_eq!(waiting, [1, 2, 8], "8 waits in the queue that was not asked about");
    let refused = app.app.queue.discover(only(QueueKind::Callbacks)).await;
    assert!(matches!(refused, Err(QueueFailure::Refused(QueueError::CallbacksAreNotDiscovered))), "{refused:?}");
    app.stop().await;
}

/// Whoever signed after they were found is wrong in the queue, and the run says so, by name.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_supervisor_starts_a_discovery_and_sees_what_it_found(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().claim("lloyds").requirement("proof_of_address").insert().await.unwrap();
    app.platform.user(3).unsigned().disabled().claim("lloyds").insert().await.unwrap();
    app.platform.user(4).unsigned().no_phone().claim("lloyds").insert().await.unwrap();
    app.platform.user(5).claim("lloyds").requirement("proof_of_address").insert().await.unwrap();
    for (id, number) in [
        (6, "07797 000000"),
        (7, "01534 000000"),
        (8, "+33 1 99 00 12 34"),
        (9, "07700 900142 / 01632 960456"),
        (10, "07700 9OO142"),
        (11, "07700 900 Ann"),
        (12, "0770090014"),
    ] {
        app.platform.user(id).unsigned().phone(number).claim("lloyds").insert().await.unwrap();
    }
    app.discover().await;
    assert_eq!(app.count("select count(*) from queue.entry").await, 3, "whose number cannot be rung does not wait");
    sqlx::query(
        "insert into queue.suppression (kind, user_id, reason, source, created_at) values ('do_not_contact', 5, 'asked', 'test', $1)",
    )
    .bind(app.now())
    .execute(&app.pool)
    .await
    .unwrap();
    sqlx::query("update users set current_signature_file_id = '00000000-0000-4000-8000-000000000009' where id in (1, 2)")
        .execute(app.platform.primary())
        .await
        .unwrap();
    app.platform.caught_up().await.unwrap();
    let supervisor = app.signed_in(Role::Supervisor).await;

    supervisor.ask("/api/queue/discover", json!({})).await;
    let mut overview = json!(null);
    for _ in 0..400 {
        overview = supervisor.ask("/api/queue/overview", json!({})).await;
        if overview["runs"][0]["is_running"] == false {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }

    let run = &overview["runs"][0];
    assert_eq!((&run["moved"], &run["removed"], &run["failure"]), (&json!(1), &json!(2), &json!(null)), "{run}");
    assert_eq!(run["by"], supervisor.ask("/api/auth/me", json!({})).await["name"]);
    assert_eq!(overview["drift_count"], 3);
    let belongs: Vec<_> = overview["drift"].as_array().unwrap().iter().map(|drift| (&drift["user_id"], &drift["belongs"])).collect();
    assert_eq!(belongs, [(&json!("1"), &json!(null)), (&json!("2"), &json!("outstanding_requests")), (&json!("5"), &json!(null))]);
    let blocked = |rule: &str| {
        let blocked = overview["blocked"].as_array().unwrap();
        blocked.iter().filter(|blocked| blocked["rule"] == rule).map(|blocked| blocked["people"].as_i64().unwrap()).sum::<i64>()
    };
    assert_eq!((blocked("Calls switched off on the platform"), blocked("No number"), blocked("Do not contact")), (1, 1, 1), "{overview}");
    for (rule, people) in [
        ("Number: Jersey, Guernsey or Isle of Man", 2),
        ("Number: another country", 1),
        ("Number: two in one field", 1),
        ("Number: letters or other signs in it", 2),
        ("Number: digits are missing", 1),
    ] {
        assert_eq!(blocked(rule), people, "{rule}: {overview}");
    }
    assert_eq!((overview["expected_users"].as_i64(), overview["next_run"].as_str()), (Some(12), Some("11:00")));
    let explained = supervisor.ask("/api/queue/explain", json!({"user_id": "9"})).await;
    assert_eq!(explained["against"][0]["words"], "The number cannot be rung: there are two numbers in one field", "{explained}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_scheduler_outside_starts_a_discovery_with_the_secret_alone(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.caught_up().await.unwrap();
    let http = reqwest::Client::new();
    let ask = |secret: Option<&str>| {
        let request = http.post(format!("{}/api/cron/discover-new-leads", app.base));
        match secret {
            Some(secret) => request.header("authorization", secret),
            None => request,
        }
        .send()
    };

    for wrong in [None, Some("Bearer "), Some(CRON_SECRET), Some("Bearer wrong"), Some("Basic YTpi")] {
        assert_eq!(ask(wrong).await.unwrap().status(), 401, "{wrong:?}");
    }
    assert_eq!(app.count("select count(*) from queue.discovery_run").await, 0);
    let get = http.get(format!("{}/api/cron/discover-new-leads", app.base)).header("authorization", format!("Bearer {CRON_SECRET}"));
    assert_eq!(get.send().await.unwrap().status(), 405, "lessons, line 53: jobs are no GET addresses");
    let mut other = app.pool.acquire().await.unwrap().detach();
    sqlx::query("select pg_advisory_lock($1)").bind(0x6469_616c_6c01_i64).execute(&mut other).await.unwrap();
    assert_eq!(ask(Some(&format!("Bearer {CRON_SECRET}"))).await.unwrap().status(), 409);
    sqlx::Connection::close(other).await.unwrap();

    assert_eq!(ask(Some(&format!("Bearer {CRON_SECRET}"))).await.unwrap().status(), 202);
    for _ in 0..400 {
        if app.count("select count(*) from queue.discovery_run where ended_at is not null and cause = 'outside'").await == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert_eq!(entries(&app).await, [(1, "unsigned_users".to_owned())]);
    app.stop().await;
}

/// lessons, line 13: every job stopped silently. Whoever holds the lock and does not come to an end is nobody's success.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_discovery_of_an_hour_has_not_succeeded_while_somebody_who_has_stopped_holds_its_lock(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = TestApp::start(connect).await;
    app.discover().await;
    app.clock.advance(TimeDelta::hours(1));
    let mut other = app.pool.acquire().await.unwrap().detach();
    sqlx::query("select pg_advisory_lock($1)").bind(0x6469_616c_6c01_i64).execute(&mut other).await.unwrap();
    assert!(app.app.queue.discover_on_schedule().await.is_err());
    sqlx::query("select pg_advisory_unlock($1)").bind(0x6469_616c_6c01_i64).execute(&mut other).await.unwrap();
    app.app.queue.discover_on_schedule().await.unwrap();
    assert_eq!(app.count("select count(*) from queue.discovery_run where failure is null and ended_at is not null").await, 2);
    app.stop().await;
}

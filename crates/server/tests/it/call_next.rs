//! The right person, once, only when the call is still needed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use auth::{Leaving as _, Role};
use chrono::TimeDelta;
use futures::future::join_all;
use kernel::AgentId;
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{RoundTrips, TestPlatform};

use crate::begun::{ANSWERS, LEG, handed_out, start};
use crate::support::{Client, LONGEST_WAIT, TestApp};
use crate::witness::Witness;

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_agent_is_given_the_first_person_with_the_reason_in_words_and_skips_to_the_next(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform
        .user(7)
        .unsigned()
        .name("Priya", "Raman")
        .phone("07700 900142")
        .claim("santander")
        .claim("black_horse")
        .insert()
        .await
        .unwrap();
    app.platform.user(8).unsigned().name("Owen", "Pritchard").claim("vw_finance").insert().await.unwrap();
    app.platform.user(9).claim("lloyds").requirement("proof_of_address").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;

    let first = agent.call_next().await;

    assert_eq!(first["user"]["id"], "7", "the lender's boost puts this person first: {first}");
    assert_eq!(first["user"]["name"], "Priya Raman");
    assert_eq!(first["user"]["number"], "07700 900142");
    assert_eq!(first["why"]["sentence"], "Priya has not signed yet. Two open claims cannot be sent to the lenders until that is done.");
    let checks: Vec<&str> = first["why"]["checks"].as_array().unwrap().iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(checks, ["signature", "open_claims", "account", "number", "suppression", "attempts", "cooling_off", "hours", "lag"]);
    let points: f64 = first["score"]["factors"].as_array().unwrap().iter().map(|factor| factor["points"].as_f64().unwrap()).sum();
    assert_eq!(points.to_string(), first["score"]["total"].as_f64().unwrap().to_string());
    assert_eq!((first["saved_calls"].clone(), first["passed_over"].clone()), (json!(0), json!([])));

    let released = agent.ask("/api/queue/release", json!({"lease_id": first["lease_id"], "reason": "not_a_good_time", "note": null})).await;
    assert_eq!(released["available_again"], "today 11:00");
    let second = agent.call_next().await;
    assert_eq!(second["user"]["id"], "8");
    let history = agent.ask("/api/calls/history", json!({"user_id": "7"})).await;
    assert_eq!(history[0]["title"], "Skipped by Robin Tester: not a good time");
    assert_eq!(history[1]["title"], "Offered to Robin Tester");

    let other = app.signed_in(Role::Agent).await;
    assert_eq!(other.call_next().await["user"], json!(null), "one is held, one was put back");
    let outstanding = other.ask("/api/queue/call_next", json!({"queue": "outstanding_requests"})).await;
    assert_eq!(outstanding["user"]["id"], "9");
    assert_eq!(
        outstanding["why"]["sentence"],
        "Pat has signed, but the open claim waits for something that only Pat can send: proof of address."
    );
    app.clock.advance(TimeDelta::minutes(31));
    let third = app.signed_in(Role::Agent).await;
    assert_eq!(third.call_next().await["user"]["id"], "7", "30 minutes later they are offered again");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_signs_while_waiting_is_not_offered_and_counts_as_a_saved_call(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=3 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.platform.user(4).unsigned().claim("vw_finance").insert().await.unwrap();
    app.discover().await;
    // One signs and needs nothing more, one signs and still has something to send, one is disabled.
    for statement in [
        "update users set current_signature_file_id = '00000000-0000-4000-8000-000000000009' where id in (1, 2)",
        "insert into claim_requirements (id, claim_id, type, status) select uuid(), id, 'proof_of_address', 'pending' from claims where user_id = 2",
        "update users set is_enabled = 0 where id = 3",
    ] {
        sqlx::query(statement).execute(app.platform.primary()).await.unwrap();
    }
    app.platform.caught_up().await.unwrap();
    let agent = app.signed_in(Role::Agent).await;

    let answer = agent.call_next().await;

    assert_eq!(answer["user"]["id"], "4", "{answer}");
    assert_eq!(answer["saved_calls"], 3);
    let words: Vec<&str> = answer["passed_over"].as_array().unwrap().iter().map(|passed| passed["words"].as_str().unwrap()).collect();
    assert_eq!(words[..2], ["Signed in the meantime", "Signed in the meantime"]);
    let saved = agent.ask("/api/queue/saved_today", json!({})).await;
    assert_eq!(saved.as_array().unwrap().len(), 3);
    assert_eq!(saved[0]["name"], "Pat Tester");
    assert_eq!(agent.ask("/api/queue/summary", json!({})).await["saved_today_by_me"], 3);
    let left: Vec<(i64, String)> =
        sqlx::query_as("select user_id, kind from queue.entry order by user_id").fetch_all(&app.pool).await.unwrap();
    assert_eq!(left, [(2, "outstanding_requests".into()), (4, "unsigned_users".into())], "1 and 3 left, 2 moved");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_call_is_saved_once_however_many_windows_look_at_the_person_at_once(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=8 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let late = "select count(*) from queue.decision where not had_effect";

    // On a busy machine the windows may not come at the same time: then the next person is looked at.
    for round in 1..=8 {
        let person = agent.call_next().await["user"]["id"].as_str().unwrap().to_owned();
        sqlx::query("update users set current_signature_file_id = '00000000-0000-4000-8000-000000000009' where id = ?")
            .bind(&person)
            .execute(app.platform.primary())
            .await
            .unwrap();
        app.platform.caught_up().await.unwrap();
        app.warm_replica().await;
        // So slow that all of them read before any of them decides, and within the time that the replica has.
        app.replica_proxy.slow(Duration::from_millis(600)).await;
        let answers = join_all((0..4).map(|_| agent.ask("/api/queue/current", json!({})))).await;
        app.replica_proxy.resume().await;

        let saved: i64 = answers.iter().map(|answer| answer["saved_calls"].as_i64().unwrap()).sum();
        assert_eq!(saved, 1);
        assert_eq!(agent.ask("/api/queue/saved_today", json!({})).await.as_array().unwrap().len(), round);
        let history = agent.ask("/api/calls/history", json!({"user_id": person})).await;
        assert_eq!(history.as_array().unwrap().len(), 2, "one offer, one saved call, whoever came late: {history}");
        if app.count(late).await > 0 {
            break;
        }
    }
    assert!(app.count(late).await > 0, "the windows never looked at the same time");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn asking_twice_or_reloading_returns_the_same_lease(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=5 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;

    let first = agent.call_next().await;
    let second = agent.ask("/api/queue/call_next", json!({"queue": "outstanding_requests"})).await;
    let reloaded = agent.ask("/api/queue/current", json!({})).await;
    for answer in [&second, &reloaded] {
        assert_eq!((&answer["lease_id"], &answer["user"]["id"]), (&first["lease_id"], &first["user"]["id"]));
    }

    // Pressed many times at once, before any answer came.
    let hasty = app.signed_in(Role::Agent).await;
    let answers = join_all((0..10).map(|_| hasty.call_next())).await;
    let leases: HashSet<String> = answers.iter().map(|answer| answer["lease_id"].to_string()).collect();
    assert_eq!(leases.len(), 1, "{leases:?}");
    assert_eq!(app.count("select count(*) from queue.lease").await, 2);
    assert_eq!(app.signed_in(Role::Agent).await.ask("/api/queue/current", json!({})).await["user"], json!(null));
    app.stop().await;
}

/// lessons, line 1: two agents rang the same person.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn two_hundred_takers_of_a_hundred_people_never_share_one_also_while_leases_expire_and_are_killed(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let app = Arc::new(TestApp::for_a_crowd(connect).await);
    for id in 1..=100 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let mut agents: Vec<Client> = Vec::new();
    for _ in 0..200 {
        agents.push(app.signed_in(Role::Agent).await);
    }

    let witness = Witness::watching(&app.pool, Some(&app.clock)).await;
    for _ in 0..2 {
        let answers = join_all(agents.iter().map(|agent| agent.call_next_again("unsigned_users"))).await;
        let held: Vec<&str> = answers.iter().filter_map(|answer| answer["user"]["id"].as_str()).collect();
        assert_eq!(held.len(), 100, "200 agents, 100 people");
        assert_eq!(held.iter().collect::<HashSet<_>>().len(), 100);
        let holders = agents.iter().zip(&answers).filter(|(_, answer)| answer["user"]["id"].is_string());
        let skip = |lease: &serde_json::Value| json!({"lease_id": lease, "reason": "language"});
        join_all(holders.map(|(agent, answer)| async { agent.post_again("/api/queue/release", &skip(&answer["lease_id"])).await })).await;
        witness.advance(&app.clock, TimeDelta::minutes(31)).await;
    }
    // The same from the records: everybody twice, and the second time after the first was over.
    let handed_out = "select count(distinct (user_id, lease_id)) from queue.decision where outcome = 'callable' and had_effect";
    assert_eq!(app.count(handed_out).await, 200);
    witness.saw_nothing_wrong().await;

    // Half of the leases run out and some are deleted by hand while everybody asks again.
    join_all(agents.iter().map(|agent| agent.call_next_again("unsigned_users"))).await;
    sqlx::query("update queue.lease set expires_at = $1 where id % 2 = 0").bind(app.now()).execute(&app.pool).await.unwrap();
    let killer = {
        let app = Arc::clone(&app);
        tokio::spawn(async move {
            for _ in 0..5 {
                sqlx::query(
                    "delete from queue.lease where id in (select id from queue.lease order by random() limit 5 for update skip locked)",
                )
                .execute(&app.pool)
                .await
                .unwrap();
                app.app.queue.return_expired().await.unwrap();
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        })
    };
    join_all(agents.iter().map(|agent| agent.call_next_again("unsigned_users"))).await;
    killer.await.unwrap();
    app.app.queue.return_expired().await.unwrap();
    app.app.queue.rescue_orphans().await.unwrap();
    // Whoever lost somebody asks again: everybody is with somebody, once, and the copy agrees with the lease.
    let now = join_all(agents.iter().map(|agent| agent.call_next_again("unsigned_users"))).await;
    let people: Vec<&str> = now.iter().filter_map(|answer| answer["user"]["id"].as_str()).collect();
    assert_eq!(people.len(), 100);
    assert_eq!(people.iter().collect::<HashSet<_>>().len(), 100);
    let disagreeing = "select count(*) from queue.entry e full join queue.lease l on l.user_id = e.user_id and l.agent_id = e.leased_by
        where (e.leased_by is not null and l.id is null) or (l.id is not null and e.user_id is null)";
    assert_eq!(app.count(disagreeing).await, 0);
    Arc::try_unwrap(app).unwrap_or_else(|_| panic!("nobody else holds the app")).stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_lease_that_ran_out_cannot_be_used_and_its_person_waits_again(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (late, other) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    let held = late.call_next().await;

    app.clock.advance(TimeDelta::minutes(10));

    let answer = other.call_next().await;
    assert_eq!(answer["user"]["id"], "1", "the same request returns what ran out and hands it on: {answer}");
    let (status, _) = late.post("/api/queue/release", json!({"lease_id": held["lease_id"], "reason": "language"})).await;
    assert_eq!(status, 409);
    assert_eq!(late.ask("/api/queue/current", json!({})).await["user"], json!(null));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_lease_lasts_while_its_agent_is_there(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    agent.call_next().await;

    for _ in 0..3 {
        app.clock.advance(TimeDelta::minutes(9));
        app.app.queue.renew(&app.app.auth.list_reachable().await.unwrap()).await.unwrap();
    }
    assert_eq!(agent.ask("/api/queue/current", json!({})).await["user"]["id"], "1");

    sqlx::query("update auth.agent set seen_at = seen_at - interval '1 minute'").execute(&app.pool).await.unwrap();
    app.app.queue.renew(&app.app.auth.list_reachable().await.unwrap()).await.unwrap();
    app.clock.advance(TimeDelta::minutes(11));
    app.app.queue.return_expired().await.unwrap();
    assert_eq!(app.count("select count(*) from queue.entry where leased_by is null").await, 1);
    app.stop().await;
}

/// lessons, line 11: a reconciler filtered out exactly the stuck rows it was for.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_planted_orphan_is_found_and_waits_again(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    sqlx::query("update queue.entry set leased_by = 77").execute(&app.pool).await.unwrap();
    let agent = app.signed_in(Role::Agent).await;
    assert_eq!(agent.call_next().await["user"], json!(null));

    app.app.queue.rescue_orphans().await.unwrap();

    assert_eq!(agent.call_next().await["user"]["id"], "1");
    app.stop().await;
}

/// An entry that lacks the mark of its lease, as when discovery adds one for somebody who is being taken without, stops nobody: not the others'
/// Call next, not the renewal of everybody's leases, not the call.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn an_entry_without_the_mark_of_its_lease_stops_nobody_and_is_put_right(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let (agent, held) = handed_out(&app, ANSWERS).await;
    let unmark = "update queue.entry set leased_by = null where user_id = 1";
    sqlx::query(unmark).execute(&app.pool).await.unwrap();

    let other = app.signed_in(Role::Agent).await;
    assert_eq!(other.call_next().await["user"]["id"], "2", "the first is somebody's");
    app.clock.advance(TimeDelta::minutes(5));
    app.app.queue.renew(&[AgentId::new(agent.agent), AgentId::new(other.agent)]).await.unwrap();
    assert_eq!(app.count("select count(distinct expires_at) from queue.lease").await, 1, "both were renewed at once");
    let begun = start(agent, &held, LEG).await;
    begun.join(&app).await;
    begun.until("connected").await;

    app.app.queue.rescue_orphans().await.unwrap();
    let marked = "select count(*) from queue.entry e join queue.lease l using (user_id) where e.leased_by = l.agent_id";
    assert_eq!(app.count(marked).await, 2, "the rescuer puts it right");
    app.stop().await;
}

/// lessons, line 9: do-not-contact only raised the score. Line 3: nullable boundaries. Line 7: head-of-line blocking. Line 29: an objection to
/// a number is nobody's.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn objections_and_caps_hold_at_the_hand_out_and_nobody_blocks_the_head_of_the_queue(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=5 {
        app.platform.user(id).unsigned().phone(&format!("0770090000{id}")).claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    // After discovery: an objection of a person, one of a number, an attempt an hour ago, and a number that went bad.
    for statement in [
        "insert into queue.suppression (user_id, kind, reason, source, created_at) values (1, 'do_not_contact', 'asked', 'test', $1)",
        "insert into queue.suppression (number, kind, reason, source, created_at) values ('+447700900002', 'opted_out', 'asked', 'test', $1)",
        "insert into queue.suppression (number, kind, reason, source, created_at) values ('+447700900004', 'bad_number', 'wrong', 'test', $1)",
    ] {
        sqlx::query(statement).bind(app.now()).execute(&app.pool).await.unwrap();
    }
    sqlx::query("insert into queue.attempt (user_id, number, queue, attempted_at) values (3, '+447700900003', 'unsigned_users', $1)")
        .bind(app.now() - TimeDelta::hours(1))
        .execute(&app.pool)
        .await
        .unwrap();
    let agent = app.signed_in(Role::Agent).await;

    let answer = agent.call_next().await;

    assert_eq!(answer["user"]["id"], "5", "{answer}");
    let codes: Vec<&str> =
        answer["passed_over"].as_array().unwrap().iter().map(|passed| passed["reasons"][0]["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["do_not_contact", "opted_out", "cooling_off", "bad_number"]);
    assert_eq!(answer["saved_calls"], 2, "an objection saves a call; cooling off and a bad number do not");
    let waiting: Vec<(i64, bool)> = sqlx::query_as("select user_id, available_at > $1 from queue.entry where leased_by is null order by 1")
        .bind(app.now())
        .fetch_all(&app.pool)
        .await
        .unwrap();
    assert_eq!(waiting, [(3, true)], "who is cooling off waits; who objected has left");
    let before = app.count("select count(*) from queue.entry").await;
    app.discover().await;
    assert_eq!(app.count("select count(*) from queue.entry").await, before, "discovery knows of objections too");
    app.stop().await;
}

/// A number that has changed since discovery is judged by what is known of the new one.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_number_that_changed_meanwhile_is_judged_as_it_is_now(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().phone("07700900001").claim("santander").insert().await.unwrap();
    app.discover().await;
    sqlx::query("insert into queue.suppression (number, kind, reason, source, created_at) values ('+447700900009', 'do_not_contact', 'asked', 'test', $1)")
        .bind(app.now())
        .execute(&app.pool)
        .await
        .unwrap();
    sqlx::query("update users set phone_number = '07700 900009' where id = 1").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();

    let answer = app.signed_in(Role::Agent).await.call_next().await;

    assert_eq!(answer["user"], json!(null));
    assert_eq!(answer["passed_over"][0]["reasons"][0]["code"], "do_not_contact");
    app.stop().await;
}

/// lessons, lines 6 and 7: one person who cannot be read stops nobody else.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_person_who_cannot_be_read_waits_and_the_next_one_is_handed_out(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().claim("vw_finance").insert().await.unwrap();
    app.discover().await;
    // Bytes are no text.
    for statement in ["alter table users modify status varbinary(64) null", "update users set status = null where id = 2"] {
        sqlx::query(statement).execute(app.platform.primary()).await.unwrap();
    }
    app.platform.caught_up().await.unwrap();

    let answer = app.signed_in(Role::Agent).await.call_next().await;

    assert_eq!(answer["user"]["id"], "2", "{answer}");
    assert_eq!(answer["passed_over"][0]["words"], "Cannot be read on the claims platform");
    assert_eq!(app.count("select count(*) from queue.decision where outcome = 'unknown'").await, 1);
    let report = app.discover().await;
    assert_eq!((report.unreadable, report.removed), (1, 0), "discovery leaves them as they are and goes on");
    assert_eq!(app.count("select count(*) from queue.entry where leased_by is null").await, 1);
    app.stop().await;
}

/// What a request did before it failed is done, and shows.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_was_passed_over_before_a_failure_is_announced(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=2 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    sqlx::query("update users set is_enabled = 0 where id = 1").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    for statement in [
        "create function queue.fail() returns trigger language plpgsql as 'begin raise exception $$planted$$; end'",
        "create trigger planted before insert on queue.decision for each row when (new.user_id = 2) execute function queue.fail()",
    ] {
        sqlx::query(statement).execute(&app.pool).await.unwrap();
    }
    let agent = app.signed_in(Role::Agent).await;
    let mut hearing = app.hear().await;

    let (status, answer) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;

    assert_eq!(status, 500, "{answer}");
    assert_eq!(app.count("select count(*) from queue.decision where is_saved_call").await, 1);
    assert_eq!(hearing.next().await, kernel::Hint::Queues);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn at_most_25_people_are_tried_and_the_answer_says_so(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=30 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    sqlx::query("update users set is_enabled = 0").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    let agent = app.signed_in(Role::Agent).await;

    let answer = agent.call_next().await;
    assert_eq!((answer["user"].clone(), answer["passed_over"].as_array().unwrap().len()), (json!(null), 25));
    assert_eq!(answer["note"], "25 people were tried and passed over; press Call next to go on with those behind them.");
    let rest = agent.call_next().await;
    assert_eq!(rest["passed_over"].as_array().unwrap().len(), 5);
    assert_eq!(rest["note"], "Five people were tried and passed over; nobody else is waiting to be called from this queue now.");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn nobody_is_handed_out_to_whoever_is_away_or_outside_calling_hours(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;

    agent.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    let (status, answer) = agent.post("/api/queue/call_next", json!({"queue": "unsigned_users"})).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("conflict")));

    agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await;
    app.clock.advance(TimeDelta::hours(10));
    let closed = agent.call_next().await;
    assert_eq!((&closed["user"], closed["note"].as_str()), (&json!(null), Some("Calls may be made from tomorrow 09:00.")));
    assert_eq!(app.count("select count(*) from queue.decision").await, 0);
    assert_eq!(agent.ask("/api/queue/call_next", json!({"queue": "callbacks"})).await["user"], json!(null));
    app.stop().await;
}

/// lessons, line 48: count statements per operation. The session's included.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn call_next_costs_three_round_trips_to_postgresql_and_one_to_the_replica(_: PgPoolOptions, connect: PgConnectOptions) {
    let counted = RoundTrips::in_front_of(connect.get_host(), connect.get_port()).await.unwrap();
    let through = connect.clone().host("127.0.0.1").port(counted.port());
    let pool = server::app::pool_options().max_connections(2).connect_with(server::app::with_timeouts(through)).await.unwrap();
    let app = TestApp::over(pool, TestPlatform::new().await.unwrap()).await;
    for id in 1..=8 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    // Hints of a change follow within a tenth of a second, off the request's path: let them pass before counting. The
    // first request of a connection also prepares its statements, so the cheapest of a few is what one costs.
    for queue in ["unsigned_users", "callbacks"] {
        if queue == "callbacks" {
            // Promises that are due, to those who were not let go.
            sqlx::query(
                "insert into queue.callback (user_id, reason, promised_at, promised_wall_time, available_at, created_at, created_by)
                 select id, 'signature', $1::timestamptz - interval '10 minutes', '2026-11-24 10:20', $1, $1, 1 from generate_series(5, 8) id",
            )
            .bind(app.now())
            .execute(&app.pool)
            .await
            .unwrap();
        }
        let mut cheapest = (u64::MAX, u64::MAX);
        for _ in 0..4 {
            app.hints_have_passed().await;
            // Without samples of the lag: they are taken in the background, and on a busy machine one falls into each of the four.
            let (postgres, replica) = (counted.count(), app.app.replica.reads());
            let held = agent.call_next().await;
            cheapest.0 = cheapest.0.min(counted.count() - postgres);
            cheapest.1 = cheapest.1.min(app.app.replica.reads() - replica);
            assert_eq!(held["queue"], queue, "{held}");
            agent.ask("/api/queue/release", json!({"lease_id": held["lease_id"], "reason": "language"})).await;
        }
        assert_eq!(cheapest, (3, 1), "{queue}");
    }
    app.stop().await;
}

/// lessons, line 51: 64-bit ids broke in JSON.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn ids_above_2_to_the_53_go_through_whole(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(9_007_199_254_740_993 / 16 * 16 + 1).unsigned().insert().await.unwrap();
    sqlx::query("insert into claims (id, user_id, status, lender) select 9007199254740995, id, 'submitted', 'santander' from users")
        .execute(app.platform.primary())
        .await
        .unwrap();
    app.discover().await;

    let answer = app.signed_in(Role::Agent).await.call_next().await;

    assert_eq!(answer["user"]["id"], "9007199254740993");
    assert_eq!(answer["user"]["claims"][0]["id"], "9007199254740995");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn every_decision_is_recorded_verifies_and_stays_whole_when_its_person_is_erased(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().phone("07700 900142").claim("santander").insert().await.unwrap();
    app.discover().await;
    let answer = app.signed_in(Role::Agent).await.call_next().await;
    let id = answer["decision_id"].as_str().unwrap().parse().unwrap();

    let decision = app.app.queue.decision(id).await.unwrap();
    assert!(decision.is_content_intact && decision.is_personal_intact == Some(true));
    assert_eq!(decision.record["outcome"], "callable");
    assert_eq!(decision.record["platform"]["has_signed"], false);
    assert_eq!(decision.personal.as_ref().unwrap()["number"], "+447700900142");
    let record = decision.record.to_string();
    assert!(!record.contains("7700900142") && !record.contains("Tester"), "the record itself says nothing personal");

    for tampering in
        ["update queue.decision set outcome = 'refused'", "delete from queue.decision", "update queue.decision_personal set facts = ''"]
    {
        assert!(sqlx::query(tampering).execute(&app.pool).await.is_err(), "{tampering}");
    }
    sqlx::query("delete from queue.decision_personal").execute(&app.pool).await.unwrap();
    let erased = app.app.queue.decision(id).await.unwrap();
    assert!(erased.is_content_intact && erased.personal.is_none() && erased.is_personal_intact.is_none());
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_goes_offline_hands_back_at_once_and_whoever_takes_a_break_does_not(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (leaver, other) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    let held = leaver.call_next().await["lease_id"].clone();

    leaver.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    assert_eq!(leaver.ask("/api/queue/held", json!({})).await, held);
    assert_eq!(other.ask("/api/queue/held", json!({})).await, json!(null));
    assert_eq!(other.call_next().await["user"], json!(null));

    leaver.ask("/api/auth/set_presence", json!({"intention": "offline"})).await;
    assert_eq!(leaver.ask("/api/queue/held", json!({})).await, json!(null));
    assert_eq!(other.call_next().await["user"]["id"], "1", "without a delay: nobody has dealt with them");
    assert_eq!(app.count("select count(*) from queue.release").await, 0, "nobody has skipped");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_goes_offline_while_somebody_is_being_checked_is_given_nobody_else(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in 1..=3 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    app.warm_replica().await;

    // The person may still be rung, and then not any more.
    for has_signed in [false, true] {
        if has_signed {
            let statement = "update users set current_signature_file_id = '00000000-0000-4000-8000-000000000009' where id = 1";
            sqlx::query(statement).execute(app.platform.primary()).await.unwrap();
            app.platform.caught_up().await.unwrap();
        }
        let leaver = app.signed_in(Role::Agent).await;
        app.replica_proxy.stall().await;
        let asking = {
            let leaver = leaver.clone();
            tokio::spawn(async move { leaver.call_next().await })
        };
        while app.count("select count(*) from queue.lease").await == 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        leaver.ask("/api/auth/set_presence", json!({"intention": "offline"})).await;
        app.replica_proxy.resume().await;

        let answer = asking.await.unwrap();
        assert_eq!(answer["user"], json!(null), "{answer}");
        assert_eq!(answer["saved_calls"], 0, "a decision without effect saves nothing");
        assert!(answer["note"].as_str().unwrap().contains("was let go while they were checked"), "{answer}");
        assert_eq!(app.count("select count(*) from queue.lease").await, 0);
        assert_eq!(app.count("select count(*) from queue.entry where leased_by is null").await, 3);
    }
    assert_eq!(app.count("select count(*) from queue.decision where not had_effect").await, 2);
    app.stop().await;
}

/// The sweep reads who is offline first and ends their leases after that.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_came_back_after_they_were_listed_as_offline_keeps_their_person(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let back = app.signed_in(Role::Agent).await;
    let agents = [kernel::AgentId::new(back.agent)];
    let hand_back = queue::HandBack::new(app.pool.clone(), kernel::Hints::channel().0, app.clock.clone());

    let listed = Instant::now();
    back.call_next().await;
    hand_back.left(&agents, listed).await;
    assert_eq!(app.count("select count(*) from queue.lease").await, 1);

    hand_back.left(&agents, Instant::now()).await;
    assert_eq!(app.count("select count(*) from queue.lease").await, 0);
    app.stop().await;
}

/// A Call next that ends after its agent has left, and an account that a command has ended.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_sweep_finds_whoever_is_held_by_somebody_offline(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.platform.user(2).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (left, there) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    left.call_next().await;
    there.call_next().await;
    sqlx::query("update auth.agent set intention = 'offline', deactivated_at = now() where id = $1")
        .bind(left.agent)
        .execute(&app.pool)
        .await
        .unwrap();

    app.app.auth.sweep().await.unwrap();

    let holders: Vec<i64> = sqlx::query_scalar("select agent_id from queue.lease").fetch_all(&app.pool).await.unwrap();
    assert_eq!(holders, [there.agent]);
    assert_eq!(app.count("select count(*) from queue.entry where leased_by is not null").await, 1);
    app.stop().await;
}

/// lessons, line 49: screens polled. → Push.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_hand_out_reaches_every_open_screen_as_a_hint(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (agent, supervisor) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Supervisor).await);
    app.hints_have_passed().await;
    let mut stream = supervisor.http.get(format!("{}/api/events", app.base)).send().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut heard = String::new();
    let mut until = async |word: &str| {
        while !heard.contains(word) {
            let chunk = tokio::time::timeout(LONGEST_WAIT, stream.chunk()).await.unwrap().unwrap().unwrap();
            heard.push_str(&String::from_utf8_lossy(&chunk));
        }
    };
    until("\"everything\"").await;

    agent.call_next().await;

    until("\"queues\"").await;
    until(&format!("{{\"agent\":\"{}\"}}", agent.agent)).await;
    app.stop().await;
}

/// lessons, line 49. A screen asks again after a hint about its agent; if asking were a change, it would never end.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn looking_at_what_has_not_changed_says_nothing_to_anybody(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    agent.call_next().await;
    let mut hearing = app.hear().await;

    for path in ["/api/auth/me", "/api/queue/held", "/api/queue/current", "/api/queue/summary", "/api/queue/saved_today"] {
        agent.ask(path, json!({})).await;
    }
    agent.call_next().await;
    app.app.auth.sweep().await.unwrap();
    app.app.queue.return_expired().await.unwrap();
    assert_eq!(hearing.so_far().await, []);

    agent.ask("/api/auth/set_presence", json!({"intention": "break"})).await;
    assert_eq!(hearing.next().await, kernel::Hint::Agent(kernel::AgentId::new(agent.agent)));
    app.stop().await;
}

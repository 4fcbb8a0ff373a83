//! One person as screens show them.

use std::time::Duration;

use auth::Role;
use chrono::TimeDelta;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{RoundTrips, TestPlatform, claim_id};

use crate::begun::{ANSWERS, begin};
use crate::support::{Client, TestApp};

/// Titles and details, newest first.
async fn history(agent: &Client, user: i64) -> Vec<(String, String, String)> {
    let entries = agent.ask("/api/calls/history", json!({"user_id": user.to_string()})).await;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    entries.as_array().unwrap().iter().map(|entry| (text(&entry["kind"]), text(&entry["title"]), text(&entry["detail"]))).collect()
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_history_tells_calls_and_promises_beside_what_the_queue_did(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::with_carrier(connect).await;
    let begun = begin(&app, ANSWERS).await;
    begun.join(&app).await;
    begun.until("connected").await;
    let during = history(&begun.agent, 1).await;
    let facts = "All checks passed: not signed, one open claim, replica under 1 s behind.";
    let told: Vec<(&str, &str, &str)> = during.iter().map(|(kind, title, detail)| (&**kind, &**title, &**detail)).collect();
    assert_eq!(
        told,
        [
            ("offered", "Checked again before Robin Tester rang", facts),
            ("calling", "On the telephone now", "Robin Tester"),
            ("offered", "Offered to Robin Tester", facts)
        ]
    );
    begun.hang_up(&app).await;
    begun.until("ended").await;
    let after = history(&begun.agent, 1).await;
    assert!(after[1].1.starts_with("Outcome still to be recorded · "), "{after:?}");

    let outcome = json!({
        "call_id": begun.call, "disposition": "callback_requested", "notes": "After work, <please>.", "callback_at": "2026-11-25T15:30"
    });
    begun.agent.ask("/api/calls/record_outcome", outcome).await;

    let told = history(&begun.agent, 1).await;
    let kinds: Vec<&str> = told.iter().map(|(kind, ..)| &**kind).collect();
    assert_eq!(kinds, ["promised", "offered", "reached", "offered"], "{told:?}");
    assert_eq!((&*told[0].1, &*told[0].2), ("Callback promised by Robin Tester", "For tomorrow 15:30. Still to come."));
    assert!(told[2].1.starts_with("Call me back · ") && told[2].1.ends_with(" s"), "{told:?}");
    assert_eq!(told[2].2, "Robin Tester: “After work, <please>.”");

    // The next one signs before they are rung: told once, by the decision.
    let next = begun.agent.call_next().await;
    assert_eq!(next["user"]["id"], "2");
    let begun = crate::begun::start(begun.agent, &next, "CAbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb").await;
    sqlx::query("update users set current_signature_file_id = 'f' where id = 2").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    begun.join(&app).await;
    begun.until("ended").await;
    let told = history(&begun.agent, 2).await;
    let titles: Vec<&str> = told.iter().map(|(_, title, _)| &**title).collect();
    assert_eq!(titles, ["Call saved", "Offered to Robin Tester"]);
    assert_eq!(history(&begun.agent, 3).await, []);
    app.stop().await;
}

/// Every key of an answer, however deep.
fn keys(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                found.push(key.clone());
                keys(value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
        _ => {}
    }
}

/// The value of a claim is never shown to agents: nothing that they are sent carries it, under whatever name.
fn assert_without_values(answer: &Value) {
    let mut found = Vec::new();
    keys(answer, &mut found);
    assert!(found.iter().any(|key| key == "agreement"), "claims are in it: {answer}");
    for word in ["payment", "value", "amount", "worth", "price", "pound", "pence"] {
        assert!(!found.iter().any(|key| key.contains(word)), "{word} in {found:?}");
    }
    assert!(!answer.to_string().contains("54321"), "{answer}");
}

/// Somebody of whom the platform has everything.
async fn insert_ada(platform: &TestPlatform) {
    let born = chrono::NaiveDate::from_ymd_opt(1971, 3, 4).unwrap();
    platform
        .user(7)
        .unsigned()
        .name("Ada", "Byron")
        .phone("07700 900142")
        .born(born)
        .claim("black_horse")
        .solicitor("Brindlewood Law")
        .requirement_as("id_document", "PENDING", "base requirement for claim.")
        .requirement_as("proof_of_address", "pending", "the lender asked for it.")
        .claim("santander")
        .claim_status("completed")
        .requirement("bank_statement")
        .insert()
        .await
        .unwrap();
    for (id, make) in [(1, "Ford"), (2, "Volkswagen")] {
        sqlx::query(
            "insert into claim_vehicle_packages (id, claim_id, vehicle_make, vehicle_registration, monthly_payment) values (?, ?, ?, 'ZB19 KLM', 54321.09)",
        )
        .bind(make)
        .bind(claim_id(7, id))
        .bind(make)
        .execute(platform.primary())
        .await
        .unwrap();
    }
    for (id, is_previous, street) in [("a", 0, "Acacia Avenue"), ("b", 1, "Mill Lane")] {
        sqlx::query(
            "insert into user_addresses (id, user_id, is_linked_address, house_number, street, post_town, post_code, full_address)
             values (?, 7, ?, '12', ?, 'Leeds', 'LS11 5AB', 'LS11 5AB')",
        )
        .bind(id)
        .bind(is_previous)
        .bind(street)
        .execute(platform.primary())
        .await
        .unwrap();
    }
    platform.caught_up().await.unwrap();
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_persons_context_is_whole_and_says_nothing_of_what_a_claim_is_worth(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    insert_ada(&app.platform).await;
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let offered = agent.call_next().await;
    assert_without_values(&offered["user"]);

    let context = agent.ask("/api/calls/user", json!({"user_id": "7"})).await;

    assert_without_values(&context);
    let user = &context["user"];
    assert_eq!(user, &offered["user"], "the card is the same wherever it is shown");
    assert_eq!((&user["name"], &user["number"], &user["post_code"]), (&json!("Ada Byron"), &json!("07700 900142"), &json!("LS11 5AB")));
    assert_eq!((&user["date_of_birth"], &user["age"]), (&json!("4 March 1971"), &json!(55)));
    assert_eq!(user["address"], "12 Acacia Avenue, Leeds, LS11 5AB");
    assert_eq!(user["earlier_addresses"], json!(["12 Mill Lane, Leeds, LS11 5AB"]));
    let claims: Vec<_> =
        user["claims"].as_array().unwrap().iter().map(|claim| (&claim["lender"], &claim["status"], &claim["agreement"])).collect();
    assert_eq!(claims[0], (&json!("Black Horse"), &json!("Submitted"), &json!("Ford, ZB19 KLM")));
    assert_eq!(claims[1], (&json!("Santander"), &json!("Completed"), &json!("Volkswagen, ZB19 KLM")));
    let asked: Vec<_> = user["outstanding"].as_array().unwrap().iter().map(|item| (&item["title"], &item["uncounted"])).collect();
    assert_eq!(asked[0], (&json!("Signature"), &json!(null)));
    assert_eq!(asked[1], (&json!("Proof of address"), &json!(null)));
    let mut uncounted = [asked[2], asked[3]].map(|(title, why)| (title.as_str().unwrap(), why.as_str().unwrap()));
    uncounted.sort_unstable();
    assert_eq!(uncounted, [("Bank statement", "The claim is closed"), ("ID document", "Not for the person to send")]);
    assert_eq!(context["history"][0]["title"], "Offered to Robin Tester");
    assert!(context["read_age_millis"].as_i64().is_some_and(|age| (0..2_000).contains(&age)), "{context}");

    let (status, answer) = agent.post("/api/calls/user", json!({"user_id": "8"})).await;
    assert_eq!((status, &answer["message"]), (404, &json!("The claims platform has no such user.")));
    app.replica_proxy.stop().await;
    let (status, answer) = agent.post("/api/calls/user", json!({"user_id": "9"})).await;
    assert_eq!((status, answer["code"].as_str()), (503, Some("unavailable")), "{answer}");
    assert_eq!(history(&agent, 7).await.len(), 1, "what we did is still told");
    app.stop().await;
}

/// compliance, C19. A screen that shows somebody looks again at each change: that is not a hundred lookings.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whoever_looks_at_a_history_is_on_record_but_for_that_of_whom_they_hold(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    let (agent, other) = (app.signed_in(Role::Agent).await, app.signed_in(Role::Agent).await);
    let hand_out = agent.call_next().await;
    assert_eq!(hand_out["user"]["id"], "1", "{hand_out}");
    let lookings = async || {
        let all = sqlx::query_as::<_, (i64, i64)>("select agent_id, user_id from queue.viewing order by id");
        all.fetch_all(&app.pool).await.unwrap()
    };

    for client in [&agent, &other, &other] {
        assert_eq!(history(client, 1).await.len(), 1);
    }
    assert_eq!(lookings().await, [(other.agent, 1)], "once, and the agent's own is told by the decision");

    app.clock.advance(TimeDelta::minutes(6));
    history(&other, 1).await;
    agent.ask("/api/queue/release", json!({"lease_id": hand_out["lease_id"], "reason": "language"})).await;
    history(&agent, 1).await;
    assert_eq!(lookings().await, [(other.agent, 1), (other.agent, 1), (agent.agent, 1)]);
    app.stop().await;
}

/// A cached answer cannot prove that a call is needed. And lessons, line 50: caches showed signatures an hour old.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_is_kept_is_shown_with_its_age_and_never_believed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    for id in [1, 2] {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    let looked_at = agent.ask("/api/calls/user", json!({"user_id": "1"})).await;
    sqlx::query("update users set current_signature_file_id = 'f' where id = 1").execute(app.platform.primary()).await.unwrap();
    app.platform.caught_up().await.unwrap();
    // Its age is to grow.
    tokio::time::sleep(Duration::from_millis(200)).await;

    let again = agent.ask("/api/calls/user", json!({"user_id": "1"})).await;
    let age = |answer: &Value| answer["read_age_millis"].as_i64().unwrap();
    assert_eq!(again["user"], looked_at["user"], "a moment ago they had not signed");
    assert!(age(&again) >= age(&looked_at) + 200 && age(&again) < 15_000, "{again}");

    let offered = agent.call_next().await;
    assert_eq!((&offered["user"]["id"], &offered["saved_calls"]), (&json!("2"), &json!(1)), "the gate reads anew");
    let after = agent.ask("/api/calls/user", json!({"user_id": "1"})).await;
    assert_eq!((&after["history"][0]["title"], age(&after) >= age(&again)), (&json!("Call saved"), true), "what we did is never kept");
    app.stop().await;
}

/// lessons, line 48: count statements per operation. The session's included.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_persons_context_is_read_in_one_round_trip_to_each_database(_: PgPoolOptions, connect: PgConnectOptions) {
    let counted = RoundTrips::in_front_of(connect.get_host(), connect.get_port()).await.unwrap();
    let through = connect.clone().host("127.0.0.1").port(counted.port());
    let pool = server::app::pool_options().max_connections(2).connect_with(server::app::with_timeouts(through)).await.unwrap();
    let app = TestApp::over(pool, TestPlatform::new().await.unwrap()).await;
    for id in 1..=6 {
        app.platform.user(id).unsigned().claim("santander").insert().await.unwrap();
    }
    app.discover().await;
    let agent = app.signed_in(Role::Agent).await;
    agent.call_next().await;
    // The first request of a connection also prepares its statements, and hints follow a change: the cheapest of a few is what one costs.
    let mut cheapest = [u64::MAX; 3];
    for id in 1..=6 {
        app.hints_have_passed().await;
        let (postgres, replica) = (counted.count(), app.app.replica.reads());
        agent.ask("/api/calls/user", json!({"user_id": id.to_string()})).await;
        let (after, of_replica) = (counted.count(), app.app.replica.reads() - replica);
        agent.ask("/api/calls/history", json!({"user_id": "1"})).await;
        let costs = [after - postgres, of_replica, counted.count() - after];
        cheapest = std::array::from_fn(|of| cheapest[of].min(costs[of]));
    }
    // Samples of the lag, twice a second on the same connections, are not reads.
    assert_eq!(cheapest, [3, 1, 3], "a session, the note of who looked and a statement each, and the replica once");
    assert_eq!(app.count("select count(*) from queue.viewing").await, 6);
    app.stop().await;
}

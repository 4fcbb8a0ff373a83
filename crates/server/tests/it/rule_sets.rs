//! Rule sets of one's own: added from a file, chosen in the settings, and from then on the order of the queues.

use auth::Role;
use queue::QueueMode;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::TestPlatform;

use crate::commands::{dialler, text};
use crate::settings::change;
use crate::support::{Made, TestApp};

/// Four people alike, but for where they live and what their claims are worth: by the standard rules the order of their ids.
async fn four_alike(platform: &TestPlatform) {
    for (id, post_code, payment) in [(1, "M1 1AE", "4731.93"), (2, "M1 1AE", "100"), (3, "LS11 5AB", "100"), (4, "M1 1AE", "100")] {
        platform.user(id).unsigned().phone(&format!("+4477009{id:05}")).claim("black_horse").insert().await.unwrap();
        sqlx::query("insert into user_addresses (id, user_id, post_code) values (?, ?, ?)")
            .bind(format!("a{id}"))
            .bind(id)
            .bind(post_code)
            .execute(platform.primary())
            .await
            .unwrap();
        sqlx::query("insert into claim_vehicle_packages (id, claim_id, monthly_payment) select ?, id, ? from claims where user_id = ?")
            .bind(format!("v{id}"))
            .bind(payment)
            .bind(id)
            .execute(platform.primary())
            .await
            .unwrap();
    }
}

/// The north first, then whoever pays most.
fn mine() -> Value {
    let mut rules = serde_json::to_value(scoring::RuleSet::standard()).unwrap();
    rules["name"] = json!("mine");
    rules["location"] = json!({ "LS": -20 });
    rules["claim_value"] = json!([{ "from_pounds": 300, "points": -10 }]);
    rules["pairs"] = json!([{ "first": { "lender": "black_horse" }, "second": "never_called", "points": 40 }]);
    rules["seasons"] = json!([{ "name": "Always", "window": { "monthly": { "from_day": 1, "to_day": 31 } }, "points": 2.5 }]);
    rules
}

fn file(rules: &Value) -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("rule-set-{}.json", kernel::DecisionId::generate()));
    std::fs::write(&path, rules.to_string()).unwrap();
    path
}

/// Whom as many agents are given, with the score of each.
async fn order(app: &TestApp, is_direct: bool) -> Vec<(i64, f64)> {
    let mut given = Vec::new();
    for _ in 0..4 {
        let hand_out = app.signed_in(Role::Agent).await.call_next().await;
        let id = hand_out["user"]["id"].as_str().unwrap().parse().unwrap();
        let (stored, again) = (&hand_out["stored_score"], &hand_out["score"]["total"]);
        assert!(stored.is_null() == is_direct && (is_direct || stored == again), "the queue was ordered by the same score: {hand_out}");
        // Nothing that an agent is sent says what a claim is worth, or in which band that is.
        let shown = format!("{} {} {}", hand_out["user"], hand_out["why"], hand_out["score"]);
        assert!(!["4731", "payment", "value", "-10"].iter().any(|told| shown.contains(told)), "{shown}");
        given.push((id, hand_out["score"]["total"].as_f64().unwrap()));
    }
    given
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_rule_set_of_ones_own_orders_the_queue_once_it_is_chosen(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    four_alike(&app.platform).await;
    let path = file(&mine());
    let rules = async |arguments: &[&str]| dialler(&connect, app.platform.replica_url(), &[&["rules"], arguments].concat()).await;

    let added = rules(&["add", path.to_str().unwrap()]).await;
    assert!(added.status.success() && text(&added.stdout).starts_with("Added mine/1."), "{added:?}");
    assert_eq!(text(&rules(&["list"]).await.stdout), "standard\nguide-literal\nmine/1\n");
    let shown: scoring::RuleSet = serde_json::from_str(&text(&rules(&["show", "mine/1"]).await.stdout)).unwrap();
    assert_eq!(shown, serde_json::from_value(mine()).unwrap());
    let again = rules(&["add", path.to_str().unwrap()]).await;
    assert!(text(&again.stdout).starts_with("Added mine/2."), "{again:?}");

    let admin = app.signed_in(Role::Admin).await;
    let (status, answer) = change(&admin, |settings| settings["rule_set"] = json!("mine/1")).await;
    assert_eq!(status, 200, "{answer}");
    let view = admin.ask("/api/queue/settings", json!({})).await;
    assert_eq!(view["rule_sets"], json!(["standard", "guide-literal", "mine/2", "mine/1"]));
    assert_eq!(view["history"][0]["changes"], json!(["Rule set standard → mine/1"]));
    app.discover().await;
    // 40 for the pair and 2.5 for the season; 20 less in Leeds, 10 less for the dearest.
    assert_eq!(order(&app, false).await, [(3, 22.5), (1, 32.5), (2, 42.5), (4, 42.5)]);
    assert_eq!(app.count("select count(*) from queue.decision where convert_from(record, 'utf8') like '%mine/1%'").await, 4);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn without_queues_the_order_is_the_same(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::made(connect, Made { mode: QueueMode::Direct, ..Made::with_carrier() }).await;
    four_alike(&app.platform).await;
    app.platform.caught_up().await.unwrap();
    app.app.queue.add_rule_set(serde_json::from_value(mine()).unwrap()).await.unwrap();
    let admin = app.signed_in(Role::Admin).await;
    assert_eq!(change(&admin, |settings| settings["rule_set"] = json!("mine/1")).await.0, 200);
    app.app.queue.read_candidates().await.unwrap();
    assert_eq!(order(&app, true).await, [(3, 22.5), (1, 32.5), (2, 42.5), (4, 42.5)]);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_rule_set_that_cannot_be_meant_is_refused_in_words_and_nothing_is_added(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let mut cases = Vec::new();
    for (field, value, words) in [
        ("name", json!("standard"), "give yours another name"),
        ("name", json!("Mine!"), "small letters"),
        ("failed_attempt", json!(0.3), "points are halves"),
        ("weather", json!({}), "unknown field `weather`"),
        ("lender", json!(null), "is no rule set"),
    ] {
        let mut rules = mine();
        rules[field] = value;
        cases.push((rules, words));
    }
    for (rules, words) in cases {
        let refused = dialler(&connect, app.platform.replica_url(), &["rules", "add", file(&rules).to_str().unwrap()]).await;
        assert!(!refused.status.success() && text(&refused.stderr).contains(words), "{words}: {}", text(&refused.stderr));
    }
    let unknown = dialler(&connect, app.platform.replica_url(), &["rules", "show", "nobodys"]).await;
    assert!(!unknown.status.success() && text(&unknown.stderr).contains("there is no rule set"), "{}", text(&unknown.stderr));
    assert_eq!(app.count("select count(*) from queue.rule_set").await, 0);

    // Two at once get a version each.
    let add = || app.app.queue.add_rule_set(serde_json::from_value(mine()).unwrap());
    let (first, second) = futures::future::join(add(), add()).await;
    let mut labels = [first.unwrap(), second.unwrap()];
    labels.sort();
    assert_eq!(labels, ["mine/1", "mine/2"]);
    app.stop().await;
}

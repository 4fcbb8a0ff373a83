//! What agents are, from when to when, and their sessions.

use auth::{Engagement, NewAgent, Role};
use chrono::{DateTime, Days, TimeDelta, Utc};
use futures::future::join_all;
use kernel::{AgentId, london, machine_now};
use rand::seq::IndexedRandom as _;
use serde_json::{Value, json};
use server::app::{pool_options, with_timeouts};
use sqlx::postgres::types::PgInterval;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{RoundTrips, TestPlatform, seeded};

use crate::support::{Client, TestApp};

/// So much time passes, for staff alone, in which nothing is heard.
async fn pass(app: &TestApp, time: TimeDelta) {
    let time = PgInterval { months: 0, days: 0, microseconds: time.num_microseconds().unwrap() };
    for statement in [
        "update auth.agent set seen_at = seen_at - $1, intention_since = intention_since - $1, engaged_since = engaged_since - $1,
            state_since = state_since - $1, created_at = created_at - $1",
        "update auth.presence set since = since - $1",
        "update auth.session set created_at = created_at - $1, last_seen_at = last_seen_at - $1, expires_at = expires_at - $1,
            ended_at = ended_at - $1",
    ] {
        sqlx::query(statement).bind(time).execute(&app.pool).await.unwrap();
    }
}

async fn engage(app: &TestApp, agent: AgentId, engagement: Option<Engagement>) {
    let mut transaction = kernel::begin(&app.pool).await.unwrap();
    app.app.auth.engage(&mut transaction, agent, engagement).await.unwrap();
    transaction.commit().await.unwrap();
}

fn instant(value: &Value) -> DateTime<Utc> {
    value.as_str().unwrap().parse().unwrap()
}

/// A stretch: what, from when, until when.
type Stretch = (String, DateTime<Utc>, DateTime<Utc>);

fn stretches(day: &Value) -> Vec<Stretch> {
    let all = day["stretches"].as_array().unwrap().iter();
    all.map(|one| (one["presence"].as_str().unwrap().to_owned(), instant(&one["since"]), instant(&one["until"]))).collect()
}

/// All days from `first` on, one after the other, as a supervisor is told them; each adds up.
async fn all_days(supervisor: &Client, agent: i64, first: DateTime<Utc>) -> Vec<Stretch> {
    let (mut day, today) = (london(first).date(), london(machine_now()).date());
    let mut all = Vec::new();
    while day <= today {
        let answer = supervisor.ask("/api/auth/day", json!({"agent": agent.to_string(), "day": day})).await;
        let of_day = stretches(&answer);
        let whole: TimeDelta = of_day.iter().map(|(_, since, until)| *until - *since).sum();
        let sums: i64 = answer["sums"].as_array().unwrap().iter().map(|sum| sum["seconds"].as_i64().unwrap()).sum();
        assert!((0..6).contains(&(whole.num_seconds() - sums)), "each is rounded down by less than a second: {answer}");
        if day > london(first).date() {
            assert_eq!(of_day.first().unwrap().1, instant(&answer["begins_at"]), "a day begins with what went on at midnight");
        }
        assert_eq!(of_day.last().unwrap().2, instant(&answer["until"]));
        all.extend(of_day);
        day = day + Days::new(1);
    }
    all
}

/// lessons, line 54: live equals history. Whatever happens to an agent, what the floor showed at an instant is what the history says of it,
/// and the stretches have neither gaps nor overlaps.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_history_of_an_agent_has_no_gaps_and_says_what_the_floor_showed(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let supervisor = app.signed_in(Role::Supervisor).await;
    let mut agent = app.signed_in(Role::Agent).await;
    let id = AgentId::new(agent.agent);
    let mut chance = seeded();
    let first = machine_now();
    let mut shown: Vec<(DateTime<Utc>, String)> = Vec::new();
    let mut passed = TimeDelta::zero();

    for _ in 0..120 {
        let act = *["available", "break", "offline", "me", "call", "wrap-up", "free", "paused", "silence", "pass", "sweep"]
            .choose(&mut chance)
            .unwrap();
        match act {
            "available" | "break" | "offline" => {
                agent.post("/api/auth/set_presence", json!({"intention": act})).await;
            }
            "me" => {
                if agent.post("/api/auth/me", json!({})).await.0 == 401 {
                    agent = app.signed_in_again(&agent).await;
                }
            }
            "call" => engage(&app, id, Some(Engagement::OnCall)).await,
            "wrap-up" => engage(&app, id, Some(Engagement::WrapUp)).await,
            "free" => engage(&app, id, None).await,
            "paused" => {
                let mut transaction = kernel::begin(&app.pool).await.unwrap();
                app.app.auth.send_on_break(&mut transaction, id).await.unwrap();
                transaction.commit().await.unwrap();
            }
            "sweep" => app.app.auth.sweep().await.unwrap(),
            // Up to three hours: a session ends after two.
            _ => {
                let seconds = if act == "silence" { *[10, 40, 10_800].choose(&mut chance).unwrap() } else { 5 };
                let time = TimeDelta::seconds(seconds);
                pass(&app, time).await;
                passed += time;
                for (at, _) in &mut shown {
                    *at -= time;
                }
            }
        }
        let floor = app.app.auth.list_presence().await.unwrap();
        let presence = floor.iter().find(|row| row.id == id).unwrap().presence;
        shown.push((machine_now(), serde_json::to_value(presence).unwrap().as_str().unwrap().to_owned()));
    }
    // Whoever asks is there.
    let supervisor = app.signed_in_again(&supervisor).await;
    let all = all_days(&supervisor, agent.agent, first - passed).await;

    for (one, next) in all.iter().zip(&all[1..]) {
        assert_eq!(one.2, next.1, "{one:?} {next:?}");
    }
    assert!(all[0].1 <= shown[0].0);
    for (at, presence) in &shown {
        let of_then = all.iter().find(|(_, since, until)| since <= at && at < until).unwrap();
        assert_eq!(of_then.0, *presence, "at {at}: {all:?}");
    }
    app.stop().await;
}

/// Changes that meet wait for one another, and the history ends with what is.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn changes_at_the_same_moment_leave_one_history(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let id = AgentId::new(agent.agent);
    join_all((0..60).map(|turn| {
        let (app, agent) = (&app, &agent);
        async move {
            match turn % 4 {
                0 => engage(app, id, Some(Engagement::OnCall)).await,
                1 => engage(app, id, None).await,
                2 => drop(agent.ask("/api/auth/set_presence", json!({"intention": "break"})).await),
                _ => drop(agent.ask("/api/auth/set_presence", json!({"intention": "available"})).await),
            }
        }
    }))
    .await;

    let last = "select count(*) from auth.agent a join lateral (
            select * from auth.presence p where p.agent_id = a.id order by since desc limit 1
        ) p on p.since = a.state_since and p.state = coalesce(a.engagement, a.intention)";
    assert_eq!(app.count(last).await, 1, "what was written last is what is");
    assert_eq!(
        app.count("select count(*) from auth.presence where state not in ('available', 'break', 'on_call')").await,
        0,
        "none is made up"
    );
    app.stop().await;
}

/// rules, Presence: unreachable after 30 s; time in state is since then, not since before the call.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_day_says_what_somebody_was_and_for_how_long(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    let agent = app.signed_in(Role::Agent).await;
    let id = AgentId::new(agent.agent);
    agent.ask("/api/auth/me", json!({})).await;
    pass(&app, TimeDelta::seconds(20)).await;
    engage(&app, id, Some(Engagement::OnCall)).await;
    pass(&app, TimeDelta::minutes(3)).await;
    engage(&app, id, Some(Engagement::WrapUp)).await;
    pass(&app, TimeDelta::minutes(1)).await;
    agent.ask("/api/auth/me", json!({})).await;
    engage(&app, id, None).await;
    pass(&app, TimeDelta::seconds(50)).await;

    let live = app.app.auth.list_presence().await.unwrap();
    assert_eq!((live[0].presence, live[0].presence_seconds), (auth::Presence::Unreachable, 20), "since 30 s after they were heard last");
    agent.ask("/api/auth/me", json!({})).await;
    pass(&app, TimeDelta::seconds(7)).await;
    let live = app.app.auth.list_presence().await.unwrap();
    assert_eq!((live[0].presence, live[0].presence_seconds), (auth::Presence::Available, 7), "since they were heard again");

    let all = all_days(&agent, agent.agent, machine_now() - TimeDelta::minutes(6)).await;
    // Where midnight in London lies within, it cuts one in two.
    let mut told: Vec<(String, i64)> = Vec::new();
    for (presence, since, until) in all {
        match told.last_mut() {
            Some(last) if last.0 == presence => last.1 += (until - since).num_milliseconds(),
            _ => told.push((presence, (until - since).num_milliseconds())),
        }
    }
    let expected = [("available", 20), ("on_call", 180), ("wrap_up", 60), ("available", 30), ("unreachable", 20), ("available", 7)];
    assert_eq!(told.len(), expected.len(), "{told:?}");
    for ((presence, millis), (expected, seconds)) in told.iter().zip(expected) {
        // The test itself takes some time.
        assert!(presence == expected && (millis - seconds * 1000).abs() < 3_000, "{told:?}");
    }
    app.stop().await;
}

/// Also lessons, line 42: roles are asked, not believed.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn agents_see_their_own_day_and_supervisors_everybodys_with_how_each_session_ended(_: PgPoolOptions, connect: PgConnectOptions) {
    let counted = RoundTrips::in_front_of(connect.get_host(), connect.get_port()).await.unwrap();
    let through = connect.clone().host("127.0.0.1").port(counted.port());
    let pool = pool_options().max_connections(2).connect_with(with_timeouts(through)).await.unwrap();
    let app = TestApp::over(pool, TestPlatform::new().await.unwrap()).await;
    let (email, password) = ("hannah.whitfield@example.co.uk", "a long enough password");
    let hannah = NewAgent { email: email.into(), name: "Hannah Whitfield".into(), role: Role::Agent, password: password.into() };
    let id = app.app.auth.create(hannah).await.unwrap();
    let sign_in = json!({"email": email, "password": password});
    let browser = app.anonymous();
    let other = app.signed_in(Role::Agent).await;

    // Sixteen hours, whatever was heard; two hours of silence; then, in one browser: anew, and out.
    for so_ended in [
        "update auth.session set created_at = created_at - interval '16 hours', expires_at = created_at where expires_at > $1 and agent_id = $2",
        "update auth.session set created_at = created_at - interval '3 hours', last_seen_at = last_seen_at - interval '2 hours',
            expires_at = expires_at - interval '2 hours' where expires_at > $1 and agent_id = $2",
    ] {
        app.session_cookie(id.get()).await;
        sqlx::query(so_ended).bind(machine_now()).bind(id.get()).execute(&app.pool).await.unwrap();
    }
    browser.ask("/api/auth/sign_in", sign_in.clone()).await;
    browser.ask("/api/auth/sign_in", sign_in.clone()).await;
    browser.ask("/api/auth/sign_out", json!({})).await;
    browser.ask("/api/auth/sign_in", sign_in).await;

    let ends = async |client: &Client, agent: Value| {
        let mut ends = Vec::new();
        // Midnight may have been since.
        for day in [london(machine_now()).date() - Days::new(1), london(machine_now()).date()] {
            for session in client.ask("/api/auth/day", json!({"agent": agent, "day": day})).await["sessions"].as_array().unwrap() {
                ends.push((instant(&session["signed_in_at"]), session["ended"][1].as_str().map(ToOwned::to_owned)));
            }
        }
        ends.sort();
        ends.dedup();
        ends.into_iter().map(|(_, how)| how.unwrap_or_default()).collect::<Vec<_>>()
    };
    let expected = ["expired", "lost_connection", "replaced", "signed_out", ""];
    assert_eq!(ends(&browser, json!(null)).await, expected, "told before the sweep has come by");
    app.app.auth.sweep().await.unwrap();
    let supervisor = app.signed_in(Role::Supervisor).await;
    assert_eq!(ends(&supervisor, json!(id)).await, expected, "and after it");
    app.app.auth.reset_password(email, "another long password".into()).await.unwrap();
    assert_eq!(ends(&supervisor, json!(id)).await.last().unwrap(), "password_reset");

    let (status, answer) = other.post("/api/auth/day", json!({"agent": id})).await;
    assert_eq!((status, &answer["code"]), (403, &json!("forbidden")), "{answer}");
    assert_eq!(other.post("/api/auth/day", json!({"agent": other.agent.to_string()})).await.0, 200);
    assert_eq!(supervisor.post("/api/auth/day", json!({"agent": "999999"})).await.0, 404);
    for day in ["-262143-01-01", "+262142-12-31", "1066-10-14"] {
        assert_eq!(supervisor.post("/api/auth/day", json!({"day": day})).await.0, 422, "{day}");
    }
    assert_eq!(supervisor.ask("/api/auth/day", json!({"day": "1999-12-31"})).await["stretches"], json!([]), "nothing is made up");

    // lessons, line 48.
    let mut counts = Vec::new();
    for _ in 0..6 {
        let before = counted.count();
        supervisor.ask("/api/auth/day", json!({"agent": id})).await;
        counts.push(counted.count() - before);
    }
    // A connection that is new to a statement asks once more.
    assert_eq!(counts.iter().min(), Some(&(1 + 3)), "the session, whose day it is, what they were, their sessions");
    app.stop().await;
}

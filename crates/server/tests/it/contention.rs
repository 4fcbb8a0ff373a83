//! A thousand agents at once, and everything that can happen while they ask.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use auth::Role;
use chrono::TimeDelta;
use futures::future::{join_all, join4};
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{Seeded, seeded};
use tokio::time::sleep;

use crate::commands::dialler;
use crate::support::{Client, TestApp};
use crate::witness::Witness;

const PEOPLE: i64 = 1_000;
const AGENTS: usize = 1_000;
const PROMISED: i64 = 60;

/// Who has to be rung, in words of the test's own.
pub const ELIGIBLE: &str = "select cast(u.id as signed)
    from users u
    where u.is_enabled = 1
        and exists (select 1 from claims c where c.user_id = u.id and c.status = 'submitted')
        and (
            u.current_signature_file_id is null
            or exists (
                select 1
                from claims c
                join claim_requirements r on r.claim_id = c.id
                where c.user_id = u.id and c.status = 'submitted' and r.status = 'PENDING'
            )
        )";

/// lessons, lines 1, 6, 7, 8 and 11.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_thousand_takers_of_a_thousand_people_never_share_one_and_none_is_lost_whatever_happens_meanwhile(
    options: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let mut chance = seeded();
    // What the test itself looks at and does by hand waits for none of the agents.
    let by_hand = options.connect_with(connect.clone()).await.unwrap();
    let app = TestApp::for_a_crowd(connect.clone()).await;
    let person = |id| app.platform.user(id).claim("santander");
    let people = (1..=PEOPLE).map(|id| if id % 5 == 0 { person(id).requirement("proof_of_address") } else { person(id).unsigned() });
    app.platform.insert_all(people).await.unwrap();
    assert_eq!(app.discover().await.added, PEOPLE);
    let agents = join_all((0..AGENTS).map(|_| app.signed_in(Role::Agent))).await;
    // Some were promised a call by one of the agents, for a time that has come: before any queue, and to anyone.
    let promises = "insert into queue.callback
            (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by)
        select user_id, 'signature', $1, $1 at time zone 'Europe/London', agent_id, $1, $1, agent_id
        from unnest($2::bigint[], $3::bigint[]) p (user_id, agent_id)";
    let (promised, by): (Vec<i64>, Vec<i64>) = (1..=PROMISED).zip(&agents).map(|(number, agent)| (5 * number + 1, agent.agent)).unzip();
    sqlx::query(promises).bind(app.now() - TimeDelta::minutes(10)).bind(promised).bind(by).execute(&by_hand).await.unwrap();
    let witness = Witness::watching(&by_hand, Some(&app.clock)).await;

    let is_over = AtomicBool::new(false);
    let mut chances: Vec<Seeded> = agents.iter().map(|_| branch(&mut chance)).collect();
    let (mut of_leases, mut of_people) = (branch(&mut chance), branch(&mut chance));
    let takers = async {
        let told = join_all(agents.iter().zip(&mut chances).map(|(agent, chance)| work(agent, chance))).await;
        is_over.store(true, Ordering::Relaxed);
        told.into_iter().flatten().collect::<Vec<Told>>()
    };
    // The takers come last: a task may do only so much at a time, and a thousand of them would leave nothing to the others.
    let (changed, run_out, (), told) = join4(
        people_change(&app, &connect, &mut of_people, &is_over),
        leases_run_out(&app, &by_hand, &mut of_leases, &is_over),
        jobs(&app, &is_over),
        takers,
    )
    .await;

    // Whoever is taken by name while discovery adds their entry has no mark until the job comes round, which may have ended before.
    app.app.queue.rescue_orphans().await.unwrap();
    witness.saw_nothing_wrong().await;
    every_answer_has_its_decision(&app, &told).await;
    // Whoever was put back can be asked for by name all the same.
    let refused = "select distinct user_id from queue.decision
        where outcome = 'refused' and not convert_from(record, 'UTF8')::jsonb->'reasons' @> '[{\"code\": \"put_back\"}]'";
    let refused: Vec<i64> = sqlx::query_scalar(refused).fetch_all(&app.pool).await.unwrap();
    assert!(refused.iter().all(|user| changed.contains(user)), "who had not changed was refused: {refused:?}");
    // Each of these happened, and not once or twice.
    assert!(told.len() > AGENTS / 2 && refused.len() > 20 && run_out > 20, "{} {} {run_out}", told.len(), refused.len());
    for (what, sql) in [
        ("skipped", "select count(*) from queue.release"),
        ("promises handed out", "select count(*) from queue.decision where outcome = 'callable' and queue = 'callbacks'"),
        ("handed back", "select count(*) from witness.lease where intention_at_end = 'offline' and ended_at < expires_at"),
    ] {
        let count: i64 = sqlx::query_scalar(sql).fetch_one(&app.pool).await.unwrap();
        assert!(count > 20, "{what}: {count}");
    }
    assert!(app.count("select count(*) from queue.discovery_run where failure is null and ended_at is not null").await >= 2);

    // All is quiet, and every delay is over: everybody who still has to be rung is handed out, once, and nobody else.
    witness.advance(&app.clock, TimeDelta::minutes(31)).await;
    app.app.queue.return_expired().await.unwrap();
    app.discover().await;
    let last = join_all(agents.iter().map(|agent| async move {
        let answer = agent.call_next_again("unsigned_users").await;
        if answer["user"].is_null() { agent.call_next_again("outstanding_requests").await } else { answer }
    }))
    .await;
    let reached: Vec<i64> = last.iter().filter_map(|answer| answer["user"]["id"].as_str()?.parse().ok()).collect();
    let eligible: BTreeSet<i64> = sqlx::query_scalar(ELIGIBLE).fetch_all(app.platform.primary()).await.unwrap().into_iter().collect();
    assert_eq!(reached.iter().copied().collect::<BTreeSet<i64>>(), eligible);
    assert_eq!(reached.len(), eligible.len(), "somebody was handed out twice");
    witness.saw_nothing_wrong().await;
    app.stop().await;
}

pub fn branch(chance: &mut Seeded) -> Seeded {
    Seeded::seed_from_u64(chance.random())
}

/// Whom an agent was shown.
pub struct Told {
    agent: i64,
    pub user: i64,
    pub lease: i64,
    decision: String,
}

/// What one agent does: asks, and then skips, leaves for a moment, loads the page anew, vanishes or goes on with whom they hold.
async fn work(agent: &Client, chance: &mut Seeded) -> Vec<Told> {
    let mut told = Vec::new();
    sleep(Duration::from_millis(chance.random_range(0..1_500))).await;
    for _ in 0..2 {
        let queue = if chance.random_ratio(4, 5) { "unsigned_users" } else { "outstanding_requests" };
        let answer = agent.call_next_again(queue).await;
        told.extend(shown(agent, &answer));
        for passed in answer["passed_over"].as_array().unwrap() {
            assert!(!passed["words"].as_str().unwrap().is_empty(), "{answer}");
        }
        match chance.random_range(0..10) {
            0..3 if !answer["lease_id"].is_null() => {
                let skip = json!({"lease_id": answer["lease_id"], "reason": "language"});
                let (status, answer) = agent.post_again("/api/queue/release", &skip).await;
                // It may have run out since.
                assert!(status == 200 || status == 409, "{status}: {answer}");
            }
            3..5 => {
                for intention in ["offline", "available"] {
                    let (status, answer) = agent.post_again("/api/auth/set_presence", &json!({"intention": intention})).await;
                    assert_eq!(status, 200, "{answer}");
                    sleep(Duration::from_millis(chance.random_range(0..300))).await;
                }
            }
            5 => {
                let (status, answer) = agent.post_again("/api/queue/current", &json!({})).await;
                assert_eq!(status, 200, "{answer}");
                told.extend(shown(agent, &answer));
            }
            6 => return told,
            7 => {
                let wanted = json!({"user_id": chance.random_range(1..=PEOPLE).to_string()});
                let (status, answer) = agent.post_again("/api/queue/take", &wanted).await;
                // They hold somebody, somebody else does, or there is nothing to call about.
                assert!(status == 200 || status == 409, "{status}: {answer}");
                if status == 200 {
                    told.extend(shown(agent, &answer));
                }
            }
            _ => sleep(Duration::from_millis(chance.random_range(0..300))).await,
        }
    }
    told
}

pub fn shown(agent: &Client, answer: &Value) -> Option<Told> {
    let number = |value: &Value| value.as_str()?.parse().ok();
    Some(Told {
        agent: agent.agent,
        user: number(&answer["user"]["id"])?,
        lease: number(&answer["lease_id"])?,
        decision: answer["decision_id"].as_str()?.to_owned(),
    })
}

pub async fn every_answer_has_its_decision(app: &TestApp, told: &[Told]) {
    let column = |of: fn(&Told) -> i64| told.iter().map(of).collect::<Vec<i64>>();
    let without: i64 = sqlx::query_scalar(
        "select count(*)
         from unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) as t (decision_id, agent_id, user_id, lease_id)
         where not exists (
            select
            from queue.decision d
            where d.id = t.decision_id::uuid
                and (d.agent_id, d.user_id, d.lease_id, d.outcome, d.had_effect) = (t.agent_id, t.user_id, t.lease_id, 'callable', true)
         )",
    )
    .bind(told.iter().map(|told| told.decision.clone()).collect::<Vec<String>>())
    .bind(column(|told| told.agent))
    .bind(column(|told| told.user))
    .bind(column(|told| told.lease))
    .fetch_one(&app.pool)
    .await
    .unwrap();
    assert_eq!(without, 0, "agents were shown somebody without a decision");
}

/// The time of some leases is over, now and then; how many.
async fn leases_run_out(app: &TestApp, by_hand: &PgPool, chance: &mut Seeded, is_over: &AtomicBool) -> u64 {
    let mut run_out = 0;
    while !is_over.load(Ordering::Relaxed) {
        let some = "update queue.lease set expires_at = $1
            where id in (select id from queue.lease order by md5(id::text || $2) limit 5 for update skip locked)";
        let seed = chance.random::<u32>().to_string();
        run_out += sqlx::query(some).bind(app.now()).bind(seed).execute(by_hand).await.unwrap().rows_affected();
        sleep(Duration::from_millis(chance.random_range(50..200))).await;
    }
    run_out
}

/// On the claims platform people sign, sign and have something else to send, are disabled, or have their claims completed; in the middle of
/// that discovery runs, in a process of its own. Who changed.
async fn people_change(app: &TestApp, connect: &PgConnectOptions, chance: &mut Seeded, is_over: &AtomicBool) -> BTreeSet<i64> {
    let mut changed = BTreeSet::new();
    for turn in 0.. {
        if is_over.load(Ordering::Relaxed) {
            return changed;
        }
        for _ in 0..10 {
            let user = chance.random_range(1..=PEOPLE);
            let what: &[&str] = match chance.random_range(0..4) {
                0 => &["update users set current_signature_file_id = uuid() where id = ?"],
                1 => &[
                    "update users set current_signature_file_id = uuid() where id = ?",
                    "insert into claim_requirements (id, claim_id, type, status)
                     select uuid(), id, 'proof_of_address', 'PENDING' from claims where user_id = ?",
                ],
                2 => &["update users set is_enabled = 0 where id = ?"],
                _ => &["update claims set status = 'completed' where user_id = ?"],
            };
            for statement in what {
                sqlx::query(*statement).bind(user).execute(app.platform.primary()).await.unwrap();
            }
            changed.insert(user);
        }
        if turn % 8 == 2 {
            let done = dialler(connect, app.platform.replica_url(), &["discover"]).await;
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        sleep(Duration::from_millis(chance.random_range(100..400))).await;
    }
    changed
}

/// What every server does without being asked.
async fn jobs(app: &TestApp, is_over: &AtomicBool) {
    while !is_over.load(Ordering::Relaxed) {
        // One that fails is tried again, as there.
        let _ = app.app.queue.return_expired().await;
        let _ = app.app.auth.sweep().await;
        let _ = app.app.queue.rescue_orphans().await;
        sleep(Duration::from_millis(200)).await;
    }
}

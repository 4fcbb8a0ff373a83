//! What screens say of a day is what its records say (lessons, line 54). The statements here share nothing with the product: a saved call is
//! read from the decision that was written down, and whether a promise was kept from the calls that were made.

use std::collections::{BTreeMap, BTreeSet};

use auth::Role;
use chrono::{DateTime, Utc};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use rand::Rng as _;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::seeded;

use crate::promises::{Standing, Step, What, World, any_step};
use crate::support::Client;

/// Decisions that found a call not to be needed any more: the id, whose, and when. From the record alone, but for whether anything came of it,
/// which is known only when it is stored.
const SAVED: &str = "
    select d.id::text, (r->>'agent_id')::bigint
    from queue.decision d
    cross join lateral (select convert_from(d.record, 'UTF8')::jsonb as r) of_it
    where r->>'outcome' = 'refused'
        and d.had_effect
        and (
            r->>'need' is distinct from r->>'queue'
            or exists (
                select
                from jsonb_array_elements(r->'reasons') reason
                where coalesce(reason->>'code', reason#>>'{}') in (
                    'not_found', 'not_enabled', 'inactive', 'no_open_claim', 'do_not_contact', 'opted_out', 'nothing_to_call_about'
                )
            )
        )
        and ((r->>'made_at')::timestamptz at time zone 'Europe/London')::date = ($1 at time zone 'Europe/London')::date";

const DECIDED: &str = "
    select count(*)
    from queue.decision
    where (convert_from(record, 'UTF8')::jsonb->>'made_at')::timestamptz > $1 - interval '1 hour'";

/// Promises of the last seven days, one more try apart: by agent, how many were kept, and of how many. What counts for a promise is the first
/// call, from whatever queue, from a quarter of an hour before its time on; once a newer promise is there, a call is for that one.
const KEPT: &str = "
    with call as (
        select distinct on (c.id) c.id as callback_id, a.attempted_at
        from queue.callback c
        join queue.attempt a
            on a.user_id = c.user_id
            and not a.is_incoming
            and a.attempted_at >= greatest(c.created_at, c.promised_at - interval '15 minutes')
            and (c.closed_at is null or c.closed_at >= a.attempted_at)
        where not exists (
            select from queue.callback n where n.user_id = c.user_id and n.id > c.id and n.created_at <= a.attempted_at
        )
        order by c.id, a.attempted_at
    )
    select c.preferred_agent_id,
        count(*) filter (where call.attempted_at <= c.promised_at + interval '15 minutes'),
        count(*) filter (
            where call.callback_id is not null
                or c.state = 'scheduled' and c.promised_at + interval '15 minutes' < $1
                or c.state = 'rescheduled' and c.closed_at > c.promised_at + interval '15 minutes'
        )
    from queue.callback c
    left join call on call.callback_id = c.id
    where c.retry_of is null and c.promised_at >= $1 - interval '7 days'
    group by 1";

/// Promises that nobody has kept in the five minutes after which they are anyone's, as the journal of their changes has them.
const LATE: &str = "
    select count(*)
    from (select distinct on (callback_id) user_id, is_now, promised_at from journal.step order by callback_id, id desc) last
    where last.is_now = 'scheduled'
        and last.promised_at + interval '5 minutes' <= $1
        and last.user_id not in (select user_id from queue.lease)";

/// What screens say, or the records.
#[derive(Debug, Default, PartialEq)]
struct Figures {
    /// Saved calls of today, by their decisions: everybody's, and each agent's.
    saved: BTreeSet<String>,
    saved_by: BTreeMap<i64, i64>,
    decisions_last_hour: i64,
    late: i64,
    /// Promises kept, and of how many: everybody's (under 0), and each agent's.
    kept: BTreeMap<i64, (i64, i64)>,
    /// Who is held by whom, on the floor.
    held: BTreeSet<(i64, i64)>,
    /// How many are held, by queue.
    leased: BTreeMap<String, i64>,
}

impl Figures {
    /// As the records have them at `now`.
    async fn of_records(world: &World, now: DateTime<Utc>) -> Self {
        let pool = &world.app.pool;
        let saved: Vec<(String, i64)> = sqlx::query_as(SAVED).bind(now).fetch_all(pool).await.unwrap();
        let kept: Vec<(Option<i64>, i64, i64)> = sqlx::query_as(KEPT).bind(now).fetch_all(pool).await.unwrap();
        let leased: Vec<(String, i64)> = sqlx::query_as("select kind, count(*) from queue.lease group by 1").fetch_all(pool).await.unwrap();
        let mut figures = Self {
            decisions_last_hour: sqlx::query_scalar(DECIDED).bind(now).fetch_one(pool).await.unwrap(),
            late: sqlx::query_scalar(LATE).bind(now).fetch_one(pool).await.unwrap(),
            leased: leased.into_iter().collect(),
            // What each agent was told.
            held: world
                .holds
                .iter()
                .filter(|(_, hold)| hold.call.is_some() || hold.until > now)
                .map(|(agent, hold)| (world.agents[*agent].0.id.get(), hold.user.get()))
                .collect(),
            ..Self::default()
        };
        for (id, agent) in saved {
            figures.saved.insert(id);
            *figures.saved_by.entry(agent).or_default() += 1;
        }
        for (agent, _) in &world.agents {
            let of_agent = kept.iter().find(|(preferred, ..)| *preferred == Some(agent.id.get()));
            figures.kept.insert(agent.id.get(), of_agent.map_or((0, 0), |(_, kept, of)| (*kept, *of)));
        }
        figures.kept.insert(0, kept.iter().fold((0, 0), |sum, (_, kept, of)| (sum.0 + kept, sum.1 + of)));
        figures
    }

    /// As screens say them.
    async fn of_screens(world: &World, supervisor: &Client) -> Self {
        let number = |value: &Value| value.as_i64().unwrap();
        // What was counted a moment ago is not what is asked for.
        world.app.app.queue.forget_figures();
        let all = supervisor.ask("/api/queue/summary", json!({})).await;
        let ids = |list: Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|saved| saved["decision_id"].as_str().unwrap().to_owned()).collect()
        };
        let saved = ids(supervisor.ask("/api/queue/saved_today_by_all", json!({})).await);
        assert_eq!(number(&all["saved_today"]), i64::try_from(saved.len()).unwrap(), "a figure and its list");
        let mut figures = Self {
            saved: saved.into_iter().collect(),
            decisions_last_hour: number(&all["decisions_last_hour"]),
            late: number(&all["late_callbacks"]),
            ..Self::default()
        };
        for queue in all["queues"].as_array().unwrap() {
            if number(&queue["leased"]) > 0 {
                figures.leased.insert(queue["queue"].as_str().unwrap().to_owned(), number(&queue["leased"]));
            }
        }
        let kept = |list: &Value| (number(&list["kept"]), number(&list["of"]));
        figures.kept.insert(0, kept(&supervisor.ask("/api/queue/callbacks", json!({"is_all": true})).await));
        for (agent, client) in &world.agents {
            let mine = number(&client.ask("/api/queue/summary", json!({})).await["saved_today_by_me"]);
            let listed = ids(client.ask("/api/queue/saved_today", json!({})).await).len();
            assert_eq!(mine, i64::try_from(listed).unwrap(), "a figure and its list");
            if mine > 0 {
                figures.saved_by.insert(agent.id.get(), mine);
            }
            figures.kept.insert(agent.id.get(), kept(&client.ask("/api/queue/callbacks", json!({"is_all": false})).await));
        }
        let id = |value: &Value| value.as_str().unwrap().parse::<i64>().unwrap();
        let holdings = supervisor.ask("/api/queue/holdings", json!({})).await;
        figures.held = holdings.as_array().unwrap().iter().map(|held| (id(&held["agent_id"]), id(&held["user_id"]))).collect();
        figures
    }
}

/// lessons, line 54: report numbers did not agree with live ones. → One definition per figure, and a test that live equals history.
#[sqlx::test(migrator = "server::MIGRATOR")]
async fn what_screens_say_of_random_days_is_what_the_records_say(_: PgPoolOptions, connect: PgConnectOptions) {
    let mut world = World::new(connect).await;
    world.app.discover().await;
    let supervisor = world.app.signed_in(Role::Supervisor).await;
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &seeded().random::<[u8; 32]>()));
    let promise = |person, minutes| Step::Promise { person, by: Some(0), minutes, reason: "user_asked" };
    // Something of everything: a promise that is kept, one that nobody keeps, and somebody who signs before they are rung.
    let mut steps = vec![
        promise(0, -1),
        Step::Ring { agent: 0 },
        Step::Say { agent: 0, what: What::Contacted },
        promise(1, -40),
        Step::Change { person: 2, to: Standing::Done },
        Step::CallNext { agent: 1 },
    ];
    let (mut compared, mut most) = (0, Figures::default());
    for _ in 0..25 {
        for step in steps.drain(..) {
            world.take_step(&step).await.unwrap();
        }
        // Leases that have run out are returned by a job, every other second.
        world.app.app.queue.return_expired().await.unwrap();
        // The clock goes on while it is asked: where that alone changes a figure, nothing is compared.
        let before = Figures::of_records(&world, world.app.now()).await;
        let said = Figures::of_screens(&world, &supervisor).await;
        let after = Figures::of_records(&world, world.app.now()).await;
        if before == after {
            assert_eq!(said, after);
            compared += 1;
            most.saved_by.insert(0, most.saved_by.get(&0).copied().unwrap_or(0).max(i64::try_from(said.saved.len()).unwrap()));
            most.decisions_last_hour = most.decisions_last_hour.max(said.decisions_last_hour);
            most.late = most.late.max(said.late);
            let kept = most.kept.entry(0).or_default();
            *kept = (kept.0.max(said.kept[&0].0), kept.1.max(said.kept[&0].1));
            most.held.extend(said.held);
        }
        steps = (0..8).map(|_| any_step().new_tree(&mut runner).unwrap().current()).collect();
    }
    assert!(compared > 12, "{compared} of 25");
    let (kept, of) = most.kept[&0];
    let has_everything =
        most.saved_by[&0] > 0 && most.decisions_last_hour > 0 && most.late > 0 && kept > 0 && of > kept && !most.held.is_empty();
    assert!(has_everything, "a day on which nothing happens proves nothing: {most:?}");
    world.app.stop().await;
}

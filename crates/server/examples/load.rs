//! The load of `scripts/bench`: many signed-in sessions that ask for the next person, and the bare statements beside them.
//!
//! A process of its own, so that the server is measured from outside; where the databases and the server are it learns as
//! the server does. It wants a database that is its alone, filled by `dialler discover`.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::future::Future;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use kernel::{Clock, UserId, machine_now};
use reqwest::header;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use server::app::{connect_database, connect_replica};
use server::config::Config;
use sha2::{Digest as _, Sha256};
use sqlx::postgres::PgPool;
use sqlx::types::Uuid;
use sqlx::{AssertSqlSafe, Row as _};
use tokio::task::JoinSet;
use tower_sessions::session::Id;
use users::{PATIENCE, Replica, Search};

/// How many sessions work on an ordinary day, and have their screens open.
const SESSIONS: usize = 100;
/// How many are signed in: five times as many.
const MOST: usize = 500;
/// How many of them look at people.
const LOOKING: usize = 50;
/// How often somebody is looked at, over all of those sessions, where they come at an even pace: each session four times a second.
const LOOKS_A_SECOND: u32 = 200;
/// Each session looks at so many people before it is measured.
const WARMING: usize = 10;
/// People who are looked at again and again: each several times within the seconds for which they are kept.
const KNOWN: usize = 200;
/// The open loop: hand-outs a second over all sessions.
const OPEN_RATE: u32 = 50;
/// As many connections as the server's own pools have.
const CONNECTIONS: usize = 12;
/// A screen asks again after a hint at most so often.
const SCREEN_RESTS: Duration = Duration::from_secs(2);
/// The ticks of `/proc/<pid>/stat`: 100 a second for every program on Linux.
const TICK: Duration = Duration::from_millis(10);

/// Loads a running server and prints what it measured.
#[derive(Debug, Parser)]
struct Arguments {
    /// The server's process.
    #[arg(long)]
    server: u32,
    /// PostgreSQL's first process, if it runs on this machine.
    #[arg(long)]
    postgres: Option<u32>,
    /// The replica's process, if it runs on this machine.
    #[arg(long)]
    replica: Option<u32>,
    /// How long each closed loop lasts; the open ones last twice as long.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// How long each of the parts alone is measured.
    #[arg(long, default_value_t = 5)]
    bare_seconds: u64,
    /// How many people are looked at in the run of contexts, each for the first time.
    #[arg(long, default_value_t = 50_000)]
    contexts: usize,
    /// Measures contexts alone.
    #[arg(long)]
    contexts_only: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let config = Config::from_env()?;
    let pool = connect_database(&config.database)?;
    let bench = Arc::new(Bench {
        clock: server::clock::business_clock(&pool, config.environment.clock).await?,
        pool,
        replica: connect_replica(&config.replica)?,
        base: config.http.public_base_url.clone(),
        counters: sqlx::MySqlPool::connect_lazy(config.replica.url.expose_secret())?,
        processes: Processes { server: arguments.server, postgres: arguments.postgres, replica: arguments.replica },
        held: Mutex::default(),
    });
    let closed = Duration::from_secs(arguments.seconds);
    let mut memory = vec![("idle, nobody has asked anything yet", bench.processes.server_memory("VmRSS")?)];
    let sessions = bench.sign_in(MOST).await?;
    if arguments.contexts_only {
        return print(&bench.contexts(&sessions[..LOOKING], arguments.contexts, closed).await?);
    }

    // Pools fill and statements are prepared once in a server's life.
    bench.flat_out(&sessions[..SESSIONS], Duration::from_secs(2)).await?;
    bench.put_all_back().await?;

    let mut runs = Vec::new();
    for count in [1, 10, 50, SESSIONS, MOST] {
        let run = bench.flat_out(&sessions[..count], closed).await?;
        runs.push((format!("flat out, {count}"), run));
        bench.put_all_back().await?;
    }
    let sessions = &sessions[..SESSIONS];
    memory.push(("after flat out", bench.processes.server_memory("VmRSS")?));
    runs.push((format!("{OPEN_RATE}/s, {SESSIONS}"), bench.open_loop(sessions, 2 * closed).await?));
    bench.put_all_back().await?;

    let streams = bench.open_streams(sessions).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    memory.push(("with 100 open screens, at rest", bench.processes.server_memory("VmRSS")?));
    runs.push((format!("{OPEN_RATE}/s, {SESSIONS}, screens open"), bench.open_loop(sessions, 2 * closed).await?));
    memory.push(("with 100 open screens, after that load", bench.processes.server_memory("VmRSS")?));
    memory.push(("the most it ever had", bench.processes.server_memory("VmHWM")?));
    drop(streams);
    bench.put_all_back().await?;
    let overlaps = bench.overlaps().await?;

    let mut text =
        String::from("\nCall next over HTTP: latency of `call_next` alone; each person is released before the session asks again.\n\n");
    text += "| scenario, sessions | hand-outs/s | p50 | p95 | p99 | max | hand-outs | people | statements: PostgreSQL, replica | server MiB | CPU ms: server, PostgreSQL, replica, load | CPUs of others | load average |\n";
    text += "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n";
    for (name, run) in &runs {
        writeln!(text, "| {name} {}", run.row())?;
    }
    writeln!(text, "\nLeases of one person that overlapped in the records: {overlaps}.\n\n| server's memory | MiB |\n|---|--:|")?;
    for (name, kib) in memory {
        writeln!(text, "| {name} | {:.1} |", f64::from(kib) / 1024.0)?;
    }
    print(&text)?;
    print(&bench.contexts(&sessions[..LOOKING], arguments.contexts, closed).await?)?;
    print(&bench.bare(sessions, Duration::from_secs(arguments.bare_seconds)).await?)?;
    ensure!(overlaps == 0, "somebody was held by two sessions at once");
    Ok(())
}

fn print(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

struct Bench {
    pool: PgPool,
    replica: Replica,
    clock: Clock,
    base: String,
    /// The replica once more, for what it says of itself.
    counters: sqlx::MySqlPool,
    processes: Processes,
    /// Who is held by which agent, as far as the answers tell.
    held: Mutex<HashMap<String, i64>>,
}

/// One signed-in browser, with a connection of its own unless it is one of thousands.
#[derive(Clone)]
struct Session {
    http: reqwest::Client,
    cookie: header::HeaderValue,
    base: String,
    agent: i64,
    queue: &'static str,
}

impl Session {
    async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Vec<u8>> {
        let answer = self.http.post(format!("{}{path}", self.base)).header(header::COOKIE, &self.cookie).json(body).send().await?;
        let status = answer.status();
        let bytes = answer.bytes().await?;
        ensure!(status.is_success(), "{path} answered {status}: {}", String::from_utf8_lossy(&bytes));
        Ok(bytes.into())
    }
}

impl Session {
    async fn look_at(&self, user: UserId) -> anyhow::Result<Sample> {
        let asked = Instant::now();
        self.post("/api/calls/user", &json!({"user_id": user})).await?;
        Ok(Sample { latency: asked.elapsed(), user: user.to_string() })
    }
}

impl Bench {
    /// Sessions as signing in makes them, without the price of a hundred passwords: a password costs by design what dozens
    /// of hand-outs cost, at most two are hashed at a time, and a floor signs in once a day. `available` as if they had said so.
    async fn sign_in(&self, count: usize) -> anyhow::Result<Vec<Session>> {
        let mut sessions = Vec::new();
        for number in 0..count {
            let id = Id::default();
            // Both at once: an available agent without a session is taken offline as soon as anybody looks.
            let agent: i64 = sqlx::query_scalar(
                "with added as (
                    insert into auth.agent (email, name, role, password_hash, created_at, intention, intention_since)
                    values (gen_random_uuid() || '@example.co.uk', 'Robin Tester', 'agent', '', $1, 'available', $1)
                    returning id
                 )
                 insert into auth.session (id_hash, agent_id, created_at, last_seen_at, expires_at)
                 select $2, id, $1, $1, $1 + interval '2 hours'
                 from added
                 returning agent_id",
            )
            .bind(machine_now())
            .bind(Sha256::digest(id.0.to_le_bytes()).to_vec())
            .fetch_one(&self.pool)
            .await?;
            let headers = header::HeaderMap::from_iter([(header::ORIGIN, self.base.parse()?)]);
            sessions.push(Session {
                http: reqwest::Client::builder().default_headers(headers).build()?,
                cookie: format!("dialler_session={id}").parse()?,
                base: self.base.clone(),
                agent,
                // As the queues' lengths are.
                queue: if number % 3 == 0 { "unsigned_users" } else { "outstanding_requests" },
            });
        }
        // As they are on any day but the first: staff are not added by the hundred just before they all ask.
        sqlx::query("analyze auth.agent, auth.session").execute(&self.pool).await?;
        Ok(sessions)
    }

    /// One hand-out; the lease is let go by whoever called. `asked` is when it was due.
    async fn call_next(&self, session: &Session, asked: Instant) -> anyhow::Result<(Sample, Value)> {
        let bytes = session.post("/api/queue/call_next", &json!({"queue": session.queue})).await?;
        let latency = asked.elapsed();
        let answer: Value = serde_json::from_slice(&bytes)?;
        let (Some(user), Some(lease)) = (answer["user"]["id"].as_str(), answer.get("lease_id").filter(|lease| lease.is_string())) else {
            bail!("{} ran dry, so the figures would mean nothing: {answer}", session.queue);
        };
        let other = self.held().insert(user.to_owned(), session.agent);
        ensure!(other.is_none(), "user {user} was held by agent {} and handed to agent {}", other.unwrap_or_default(), session.agent);
        Ok((Sample { latency, user: user.to_owned() }, lease.clone()))
    }

    /// One hand-out and its release.
    async fn hand_out(&self, session: &Session, asked: Instant) -> anyhow::Result<Sample> {
        let (sample, lease) = self.call_next(session, asked).await?;
        // Not held any more from before the server knows it: a mistake can only be missed, never invented.
        self.held().remove(&sample.user);
        session.post("/api/queue/release", &json!({"lease_id": lease, "reason": "language"})).await?;
        Ok(sample)
    }

    fn held(&self) -> std::sync::MutexGuard<'_, HashMap<String, i64>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every session asks again as soon as it has let the last person go.
    async fn flat_out(self: &Arc<Self>, sessions: &[Session], length: Duration) -> anyhow::Result<Run> {
        self.run(sessions, |bench, session, _, begun| async move {
            let mut samples = Vec::new();
            while begun.elapsed() < length {
                samples.push(bench.hand_out(&session, Instant::now()).await?);
            }
            Ok(samples)
        })
        .await
    }

    /// Hand-outs become due at an even pace whether or not the server keeps up; latency counts from when each was due.
    async fn open_loop(self: &Arc<Self>, sessions: &[Session], length: Duration) -> anyhow::Result<Run> {
        let gap = Duration::from_secs(1) / OPEN_RATE;
        let count = u32::try_from(sessions.len())?;
        self.run(sessions, move |bench, session, number, begun| async move {
            let mut samples = Vec::new();
            let mut due = begun + gap * number;
            while due < begun + length {
                tokio::time::sleep_until(due.into()).await;
                samples.push(bench.hand_out(&session, due).await?);
                due += gap * count;
            }
            Ok(samples)
        })
        .await
    }

    async fn run<F>(self: &Arc<Self>, sessions: &[Session], work: impl Fn(Arc<Self>, Session, u32, Instant) -> F) -> anyhow::Result<Run>
    where
        F: Future<Output = anyhow::Result<Vec<Sample>>> + Send + 'static,
    {
        let (load, statements) = (load_average()?, self.statements().await?);
        let (before, begun) = (self.processes.used()?, Instant::now());
        let mut tasks = JoinSet::new();
        for (number, session) in (0..).zip(sessions) {
            tasks.spawn(work(Arc::clone(self), session.clone(), number, begun));
        }
        let mut samples = Vec::new();
        while let Some(task) = tasks.join_next().await {
            samples.extend(task??);
        }
        let elapsed = begun.elapsed();
        let used = self.processes.used()?.since(&before);
        let after = self.statements().await?;
        Ok(Run {
            statements: [after[0] - statements[0], after[1] - statements[1]],
            server_kib: self.processes.server_memory("VmRSS")?,
            people: samples.iter().map(|sample| &sample.user).collect::<HashSet<_>>().len(),
            latencies: Latencies::of(samples.iter().map(|sample| sample.latency)),
            elapsed,
            used,
            load,
        })
    }

    /// How many transactions PostgreSQL has ended in our database, and how many statements the replica was sent; of all clients, so with what
    /// the server does by itself. Outside a transaction each statement is one of its own.
    async fn statements(&self) -> anyhow::Result<[u32; 2]> {
        // PostgreSQL's processes tell of themselves after a second at the latest.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let postgres = "select (xact_commit + xact_rollback)::text from pg_stat_database where datname = current_database()";
        let postgres: String = sqlx::query_scalar(postgres).fetch_one(&self.pool).await?;
        let (_, replica): (String, String) = sqlx::query_as("show global status like 'Questions'").fetch_one(&self.counters).await?;
        Ok([postgres.parse()?, replica.parse()?])
    }

    /// Makes the queues what discovery made them, and clears the dead rows that this leaves: whoever was let go waits half an
    /// hour, which would run the queues dry.
    async fn put_all_back(&self) -> anyhow::Result<()> {
        // Being let go counts by its record too.
        sqlx::query("update queue.release set available_at = released_at where available_at > released_at").execute(&self.pool).await?;
        let leases: i64 = sqlx::query_scalar("select count(*) from queue.lease").fetch_one(&self.pool).await?;
        ensure!(leases == 0, "{leases} leases were left");
        sqlx::query("update queue.entry set put_back_until = null, available_at = facts_read_at where put_back_until is not null")
            .execute(&self.pool)
            .await?;
        sqlx::query("vacuum (analyze) queue.entry").execute(&self.pool).await?;
        Ok(())
    }

    /// Pairs of hand-outs of one person of which the second came before the first was let go, from the records.
    async fn overlaps(&self) -> anyhow::Result<i64> {
        let count = sqlx::query_scalar(
            "select count(*)
             from (
                select d.made_at, lag(r.released_at) over (partition by d.user_id order by d.lease_id) as let_go_at
                from queue.decision d
                join queue.release r on r.lease_id = d.lease_id
                where d.outcome = 'callable'
             ) held
             where made_at < let_go_at",
        )
        .fetch_one(&self.pool)
        .await?;
        Ok(count)
    }

    /// One open screen a session, for as long as the set lives: an event stream, and after a hint the figures of the queues again, at most
    /// every two seconds, as the console does.
    async fn open_streams(&self, sessions: &[Session]) -> anyhow::Result<JoinSet<()>> {
        let mut streams = JoinSet::new();
        for session in sessions {
            let mut answer = session
                .http
                .get(format!("{}/api/events", self.base))
                .header(header::COOKIE, &session.cookie)
                .send()
                .await?
                .error_for_status()?;
            ensure!(answer.chunk().await?.is_some(), "an event stream ended at once");
            let session = session.clone();
            streams.spawn(async move {
                let mut asked = Instant::now();
                let mut is_out_of_date = false;
                loop {
                    tokio::select! {
                        chunk = answer.chunk() => match chunk {
                            Ok(Some(_)) => is_out_of_date = true,
                            _ => return,
                        },
                        () = tokio::time::sleep_until((asked + SCREEN_RESTS).into()), if is_out_of_date => {
                            (asked, is_out_of_date) = (Instant::now(), false);
                            let _ = session.post("/api/queue/summary", &json!({})).await;
                        }
                    }
                }
            });
        }
        Ok(streams)
    }

    /// A person's context over HTTP: each person for the first time, until so many were read; then a few of them again and again.
    async fn contexts(self: &Arc<Self>, sessions: &[Session], count: usize, length: Duration) -> anyhow::Result<String> {
        let mut people: Vec<UserId> = Vec::with_capacity(count);
        while people.len() < count {
            let after = people.last().map_or(0, |user| user.get());
            let end = self.replica.range_end(after, 2_000).await?;
            self.replica.sample_lag(i64::MAX).await?;
            let range = self.replica.within(i64::MAX).range(after, end, users::Extras::default(), self.clock.now()).await?;
            people.extend(range.facts.iter().map(|facts| facts.id));
            if end.is_none() {
                break;
            }
        }
        people.truncate(count);
        // As with Call next: statements are prepared and planned once in a server's life.
        let first: Arc<[UserId]> = people.split_off(people.len().saturating_sub(WARMING * sessions.len())).into();
        self.run(sessions, move |_, session, number, _| {
            let first = Arc::clone(&first);
            async move {
                let mut samples = Vec::new();
                for user in first.iter().skip(number as usize * WARMING).take(WARMING) {
                    samples.push(session.look_at(*user).await?);
                }
                Ok(samples)
            }
        })
        .await?;
        let people: Arc<[UserId]> = people.into();
        let mut text = String::from(
            "\nA person's context over HTTP (`calls/user`): what the replica has and what the dialler did.\n\n\
             | scenario, sessions | contexts/s | p50 | p95 | p99 | max | contexts | people | statements: PostgreSQL, replica | server MiB | CPU ms: server, PostgreSQL, replica, load | CPUs of others | load average |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
        );
        let paced = Arc::clone(&people);
        let calm = self.run(sessions, move |_, session, number, begun| {
            let people = Arc::clone(&paced);
            async move {
                let (mut samples, between) = (Vec::new(), Duration::from_secs(1) / LOOKS_A_SECOND);
                let mut due = begun + between * number;
                // From the other end, and before the others: nobody is known yet.
                while let Some(user) = people.len().checked_sub(1 + number as usize + samples.len() * LOOKING).and_then(|at| people.get(at))
                {
                    if due > begun + length {
                        break;
                    }
                    tokio::time::sleep_until(due.into()).await;
                    session.look_at(*user).await?;
                    samples.push(Sample { latency: due.elapsed(), user: user.to_string() });
                    due += between * u32::try_from(LOOKING)?;
                }
                Ok(samples)
            }
        });
        writeln!(text, "| each for the first time, {} at {LOOKS_A_SECOND}/s {}", sessions.len(), calm.await?.row())?;
        let next = Arc::new(AtomicUsize::new(0));
        let all = Arc::clone(&people);
        let cold = self.run(sessions, move |_, session, _, _| {
            let (next, people) = (Arc::clone(&next), Arc::clone(&all));
            async move {
                let mut samples = Vec::new();
                while let Some(user) = people.get(next.fetch_add(1, Ordering::Relaxed)) {
                    samples.push(session.look_at(*user).await?);
                }
                Ok(samples)
            }
        });
        writeln!(text, "| each for the first time, {} {}", sessions.len(), cold.await?.row())?;
        let cached = self.run(sessions, move |_, session, number, begun| {
            let people = Arc::clone(&people);
            async move {
                let (mut samples, mut turn) = (Vec::new(), number as usize);
                while begun.elapsed() < length {
                    let Some(user) = people.get(turn % KNOWN.min(people.len()).max(1)) else { break };
                    samples.push(session.look_at(*user).await?);
                    turn += 7;
                }
                Ok(samples)
            }
        });
        writeln!(text, "| {KNOWN} again and again, {} {}", sessions.len(), cached.await?.row())?;
        Ok(text)
    }

    /// The same statements without the server: what is left when HTTP, sessions, judging and the replica cost nothing.
    async fn bare(self: &Arc<Self>, sessions: &[Session], length: Duration) -> anyhow::Result<String> {
        let statements = Arc::new(Statements::load(&self.pool).await?);
        let people: Vec<i64> =
            sqlx::query_scalar("select user_id from queue.entry order by random() limit 5000").fetch_all(&self.pool).await?;
        let people: Arc<[i64]> = people.into();
        let mut text = String::from(
            "The parts alone, each from 1 and from 12 tasks without pause.\n\n| | tasks | per second | p50 | p99 |\n|---|--:|--:|--:|--:|\n",
        );
        for count in [1, CONNECTIONS] {
            let sessions = &sessions[..count];
            let mut add = |name: &str, latencies: Latencies| {
                let rate = f64::from(latencies.count()) / length.as_secs_f64();
                writeln!(text, "| {name} | {count} | {rate:.0} | {} | {} |", latencies.at(50), latencies.at(99))
            };
            let run = repeat(sessions, length, |session, _| async move {
                session.http.get(format!("{}/health/live", session.base)).send().await?.bytes().await?;
                Ok(())
            });
            add("HTTP, nothing asked (`/health/live`)", run.await?)?;
            let run = repeat(sessions, length, |_, _| async {
                sqlx::query("select 1").execute(&self.pool).await?;
                Ok(())
            });
            add("PostgreSQL, `select 1`", run.await?)?;
            // It reads everybody, and nobody does it often.
            if count == 1 {
                let nobody = Search::Name("Nobody Ofthisname".to_owned());
                let run = repeat(sessions, length, |_, _| async {
                    ensure!(self.replica.search(&nobody).await?.is_empty(), "somebody has that name");
                    Ok(())
                });
                add("replica, a name that nobody has", run.await?)?;
            }
            let run = repeat(sessions, length, |_, turn| {
                let user = UserId::new(people[turn % people.len()]);
                async move {
                    self.replica.context(user, users::Extras::default(), self.clock.now(), PATIENCE).await?.context("nobody")?;
                    Ok(())
                }
            });
            add("replica, one person's context", run.await?)?;
            for (name, has_record) in
                [("PostgreSQL, take + record + release", true), ("PostgreSQL, the same without a record of the decision", false)]
            {
                let run = repeat(sessions, length, |session, _| {
                    statements.hand_out(&self.pool, session.agent, session.queue, self.clock.now(), has_record)
                });
                add(name, run.await?)?;
                self.put_all_back().await?;
            }
        }
        Ok(text)
    }
}

/// The same work without pause, from one task a session.
async fn repeat<F: Future<Output = anyhow::Result<()>>>(
    sessions: &[Session],
    length: Duration,
    work: impl Fn(Session, usize) -> F,
) -> anyhow::Result<Latencies> {
    let (begun, work) = (Instant::now(), &work);
    let tasks = sessions.iter().enumerate().map(|(number, session)| async move {
        let mut latencies = Vec::new();
        while begun.elapsed() < length {
            let asked = Instant::now();
            work(session.clone(), number + latencies.len() * sessions.len()).await?;
            latencies.push(asked.elapsed());
        }
        anyhow::Ok(latencies)
    });
    Ok(Latencies::of(futures::future::try_join_all(tasks).await?.into_iter().flatten()))
}

/// What the statement that records would do if there were no record.
const LEASE_ALONE: &str = "
    update queue.lease set expires_at = $2 where id = $1 returning expires_at";

/// The product's own statements, as they stand in `.sqlx`.
struct Statements {
    take: String,
    record: String,
    release: String,
    /// What a real decision had: record, hash, salt, personal facts.
    sample: (Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>),
}

impl Statements {
    async fn load(pool: &PgPool) -> anyhow::Result<Self> {
        let sample = sqlx::query_as(
            "select d.record, d.content_hash, p.salt, p.facts
             from queue.decision d
             join queue.decision_personal p on p.decision_id = d.id
             where d.outcome = 'callable'
             limit 1",
        );
        Ok(Self {
            take: statement(&["with mine as", "insert into queue.lease"])?,
            record: statement(&["insert into queue.decision ", "kept as"])?,
            release: statement(&["insert into queue.release"])?,
            sample: sample.fetch_one(pool).await?,
        })
    }

    async fn hand_out(&self, pool: &PgPool, agent: i64, queue: &str, now: DateTime<Utc>, has_record: bool) -> anyhow::Result<()> {
        let row = sqlx::query(AssertSqlSafe(self.take.as_str()))
            .bind(agent)
            .bind(queue)
            .bind(Vec::<i64>::new())
            .bind(now)
            .bind(now + TimeDelta::seconds(30))
            .bind(now - TimeDelta::hours(10))
            .bind(now - TimeDelta::minutes(5))
            .bind(None::<Vec<String>>)
            .bind(None::<i64>)
            .bind("queue")
            .bind(Vec::<String>::new())
            .fetch_one(pool)
            .await?;
        // After the versions of the settings and of the pauses, and whether somebody else was quicker.
        let lease: i64 = row.try_get(3).with_context(|| format!("{queue} ran dry"))?;
        let (record, hash, salt, personal) = &self.sample;
        let keep_until = now + TimeDelta::minutes(10);
        if has_record {
            sqlx::query(AssertSqlSafe(self.record.as_str()))
                .bind(Uuid::from_u128(rand::random()))
                .bind(now)
                .bind(agent)
                .bind(row.try_get::<i64, _>(4)?)
                .bind(lease)
                .bind("hand_out")
                .bind(queue)
                .bind("callable")
                .bind(false)
                .bind(record)
                .bind(hash)
                .bind(salt)
                .bind(personal)
                .bind(keep_until)
                .bind(false)
                .fetch_one(pool)
                .await?;
        } else {
            sqlx::query(LEASE_ALONE).bind(lease).bind(keep_until).fetch_one(pool).await?;
        }
        sqlx::query(AssertSqlSafe(self.release.as_str()))
            .bind(lease)
            .bind(agent)
            .bind("language")
            .bind(None::<String>)
            .bind(now)
            .bind(now + TimeDelta::minutes(30))
            .fetch_one(pool)
            .await?;
        Ok(())
    }
}

/// The one saved query that has all of these words.
fn statement(words: &[&str]) -> anyhow::Result<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.sqlx");
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let saved: Value = serde_json::from_slice(&std::fs::read(file?.path())?)?;
        found.extend(saved["query"].as_str().filter(|query| words.iter().all(|word| query.contains(word))).map(str::to_owned));
    }
    match <[String; 1]>::try_from(found) {
        Ok([one]) => Ok(one),
        Err(found) => bail!("{} saved queries have the words {words:?}", found.len()),
    }
}

struct Sample {
    latency: Duration,
    user: String,
}

/// Sorted.
struct Latencies(Vec<Duration>);

impl Latencies {
    fn of(latencies: impl Iterator<Item = Duration>) -> Self {
        let mut sorted: Vec<Duration> = latencies.collect();
        sorted.sort_unstable();
        Self(sorted)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// The latency that `percent` of all did not exceed, in words.
    fn at(&self, percent: usize) -> String {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).map_or_else(|| "–".into(), |latency| format!("{:.1} ms", latency.as_secs_f64() * 1_000.0))
    }
}

/// What one scenario came to.
struct Run {
    latencies: Latencies,
    people: usize,
    /// Of PostgreSQL and of the replica.
    statements: [u32; 2],
    /// The server's memory at the end.
    server_kib: u32,
    elapsed: Duration,
    used: Used,
    load: String,
}

impl Run {
    fn row(&self) -> String {
        let (latencies, count) = (&self.latencies, f64::from(self.latencies.count()));
        let each = |used: Option<Duration>| used.map_or_else(|| "–".into(), |used| format!("{:.2}", used.as_secs_f64() * 1_000.0 / count));
        let of_ours = [self.used.server, self.used.postgres, self.used.replica, self.used.load];
        let others = self.used.machine.saturating_sub(of_ours.iter().flatten().sum());
        format!(
            "| {:.0} | {} | {} | {} | {} | {} | {} | {} | {:.0} | {} | {:.2} | {} |",
            count / self.elapsed.as_secs_f64(),
            latencies.at(50),
            latencies.at(95),
            latencies.at(99),
            latencies.at(100),
            latencies.count(),
            self.people,
            self.statements.map(|statements| format!("{:.1}", f64::from(statements) / count)).join(", "),
            f64::from(self.server_kib) / 1_024.0,
            of_ours.map(each).join(", "),
            others.as_secs_f64() / self.elapsed.as_secs_f64(),
            self.load,
        )
    }
}

/// Whose processor time is counted.
struct Processes {
    server: u32,
    postgres: Option<u32>,
    replica: Option<u32>,
}

/// Processor time, of each with its children, and of everything on the machine.
struct Used {
    server: Option<Duration>,
    postgres: Option<Duration>,
    replica: Option<Duration>,
    load: Option<Duration>,
    machine: Duration,
}

impl Used {
    fn since(&self, before: &Self) -> Self {
        let between = |now: Option<Duration>, before: Option<Duration>| Some(now?.saturating_sub(before?));
        Self {
            server: between(self.server, before.server),
            postgres: between(self.postgres, before.postgres),
            replica: between(self.replica, before.replica),
            load: between(self.load, before.load),
            machine: self.machine.saturating_sub(before.machine),
        }
    }
}

impl Processes {
    fn used(&self) -> anyhow::Result<Used> {
        // user, nice, system, idle, waiting, interrupts of two kinds
        let stat = std::fs::read_to_string("/proc/stat")?;
        let machine = stat.lines().next().unwrap_or_default().split_ascii_whitespace().skip(1).take(7).enumerate();
        let busy = machine.filter(|(at, _)| ![3, 4].contains(at)).filter_map(|(_, ticks)| ticks.parse::<u32>().ok()).sum::<u32>();
        let all = processes()?;
        let of = |pid: u32| all.iter().filter(|process| process.pid == pid || process.parent == pid).map(|process| process.used).sum();
        Ok(Used {
            server: Some(of(self.server)),
            postgres: self.postgres.map(of),
            replica: self.replica.map(of),
            load: Some(of(std::process::id())),
            machine: TICK * busy,
        })
    }

    /// A line of the server's `/proc/<pid>/status`, in KiB.
    fn server_memory(&self, key: &str) -> anyhow::Result<u32> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server)).context("the server has ended")?;
        let line = status.lines().find(|line| line.starts_with(key)).context("no such line")?;
        Ok(line.split_ascii_whitespace().nth(1).context("no value")?.parse()?)
    }
}

struct Process {
    pid: u32,
    parent: u32,
    /// Its own time and that of its children that have ended.
    used: Duration,
}

fn processes() -> anyhow::Result<Vec<Process>> {
    let folders: Vec<PathBuf> = std::fs::read_dir("/proc")?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    Ok(folders.iter().filter_map(|folder| process(folder)).collect())
}

/// None when it is no process, or has ended meanwhile.
fn process(folder: &Path) -> Option<Process> {
    let pid = folder.file_name()?.to_str()?.parse().ok()?;
    let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
    // After the name, which may hold anything: state, parent, …
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    let ticks = fields.get(11..15)?.iter().filter_map(|ticks| ticks.parse::<u32>().ok()).sum::<u32>();
    Some(Process { pid, parent: fields.get(1)?.parse().ok()?, used: TICK * ticks })
}

fn load_average() -> anyhow::Result<String> {
    Ok(std::fs::read_to_string("/proc/loadavg")?.split(' ').next().unwrap_or_default().to_owned())
}

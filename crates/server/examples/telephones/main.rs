//! Two hundred calls at once, for `scripts/telephones`: agents of one server ring people at the emulated carrier, until every call has its
//! outcome. The server is a process of its own and is measured from outside; the carrier, and the agents' telephones, are here. Ten of the
//! telephones have real sound (WebRTC by `sound`, not a browser), the others none; the people who are rung are the carrier's.
//!
//! It wants a database that is its alone, filled by `dialler discover`.

mod sound;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use clap::Parser;
use kernel::machine_now;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use reqwest::header;
use serde_json::{Value, json};
use server::app::connect_database;
use server::config::Config;
use sha2::{Digest as _, Sha256};
use sound::Meter;
use sqlx::PgPool;
use testkit::Handset;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tower_sessions::session::Id;
use twilio_emulator::{Application, Emulator, Mix};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";
const KEY: &str = "SK0123456789abcdef0123456789abcdef";
const APPLICATION: &str = "AP0123456789abcdef0123456789abcdef";
const SECRET: &str = "a-secret-of-this-measurement-and-of-nobody";
const OURS: &str = "+442079460000";
/// A call or an answer that takes longer is stuck.
const STUCK: Duration = Duration::from_mins(3);
/// A page asks again after a hint; here each asks at its own pace, which comes to more.
const LOOKS: Duration = Duration::from_secs(2);
/// As many answer that most calls are there at once; the others as on any floor.
const MIX: Mix = Mix { answer: 70, no_answer: 10, voicemail: 10, busy: 5, failed: 5 };

/// Makes the calls and prints what was measured.
#[derive(Debug, Parser)]
struct Arguments {
    /// The program that serves.
    #[arg(long)]
    dialler: PathBuf,
    /// A folder with a front end.
    #[arg(long)]
    site: PathBuf,
    /// How many calls are there at once.
    #[arg(long, default_value_t = 200)]
    calls: u32,
    /// How many of their agents have sound.
    #[arg(long, default_value_t = 10)]
    sounds: u32,
    /// How often each agent rings somebody.
    #[arg(long, default_value_t = 3)]
    rounds: u32,
    /// Within so many seconds all agents begin.
    #[arg(long, default_value_t = 10)]
    begin: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let config = Config::from_env()?;
    let pool = connect_database(&config.database)?;
    str0m::crypto::from_feature_flags().install_process_default();
    let floor = Arc::new(Floor::open(&config, pool, &arguments).await?);
    let idle = floor.memory("VmRSS")?;
    let before = floor.webhook_buckets().await?;

    let begun = Instant::now();
    let mut agents = JoinSet::new();
    for number in 0..arguments.calls {
        let (floor, rounds, has_sound) = (Arc::clone(&floor), arguments.rounds, number < arguments.sounds);
        let start = Duration::from_secs(arguments.begin.into()) * number / arguments.calls;
        agents.spawn(async move {
            tokio::time::sleep(start).await;
            floor.work(number, rounds, has_sound).await.with_context(|| format!("agent {number}"))
        });
    }
    let watched = tokio::spawn(watch(Arc::clone(&floor)));
    let mut ends: BTreeMap<String, u32> = BTreeMap::new();
    while let Some(done) = agents.join_next().await {
        for end in done?? {
            *ends.entry(end).or_default() += 1;
        }
    }
    let took = begun.elapsed();
    // The last events of the last calls, and their recordings.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let (most_live, webhooks) = floor.stop_watching(watched).await?;
    let after = floor.webhook_buckets().await?;
    floor.is_over(arguments.calls * arguments.rounds).await?;

    let mut text = format!(
        "{} calls by {} agents in {:.0} s, at most {most_live} at once; {} telephones with sound (WebRTC, no browser): {} packets said, {} heard.\n\n",
        arguments.calls * arguments.rounds,
        arguments.calls,
        took.as_secs_f64(),
        arguments.sounds,
        floor.meter.sent.load(Ordering::Relaxed),
        floor.meter.received.load(Ordering::Relaxed),
    );
    text += "| how calls ended | |\n|---|--:|\n";
    for (how, count) in ends {
        writeln!(text, "| {how} | {count} |")?;
    }
    text += "\n| webhook, as the carrier saw it | count | p50 | p95 | p99 | max |\n|---|--:|--:|--:|--:|--:|\n";
    for (what, mut ms) in webhooks {
        ms.sort_unstable();
        let at = |share: usize| ms.get((ms.len() * share).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default();
        writeln!(text, "| {what} | {} | {} ms | {} ms | {} ms | {} ms |", ms.len(), at(50), at(95), at(99), at(100))?;
    }
    text += "\n| webhook, in the server (`dialler_http_request_seconds`) | count | within 10 ms | within 20 ms | within 25 ms | within 50 ms |\n|---|--:|--:|--:|--:|--:|\n";
    for (route, bounds) in &after {
        let of = |le: &str| {
            bounds.get(le).copied().unwrap_or_default() - before.get(route).and_then(|old| old.get(le)).copied().unwrap_or_default()
        };
        let all = of("+Inf");
        let share = |le: &str| 100.0 * of(le) / all;
        writeln!(
            text,
            "| {route} | {all} | {:.2} % | {:.2} % | {:.2} % | {:.2} % |",
            share("0.01"),
            share("0.02"),
            share("0.025"),
            share("0.05")
        )?;
    }
    writeln!(
        text,
        "\nThe server's memory, MiB: {} at rest, {} with the calls, {} the most it ever had.",
        idle / 1_024,
        floor.memory("VmRSS")? / 1_024,
        floor.memory("VmHWM")? / 1_024
    )?;
    writeln!(std::io::stdout(), "{text}")?;
    Ok(())
}

/// What is seen beside the calls.
struct Watched {
    most_live: usize,
    /// By what they say, in ms.
    webhooks: BTreeMap<String, Vec<u64>>,
}

struct Floor {
    pool: PgPool,
    base: String,
    carrier: String,
    http: reqwest::Client,
    emulator: Emulator,
    meter: Arc<Meter>,
    server: Process,
    _serving: JoinSet<()>,
}

/// Dropping kills it.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        if self.0.kill().is_ok() {
            let _over = self.0.wait();
        }
    }
}

impl Floor {
    async fn open(config: &Config, pool: PgPool, arguments: &Arguments) -> anyhow::Result<Self> {
        let base = config.http.public_base_url.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let carrier = format!("http://{}/twilio", listener.local_addr()?);
        let application = Application {
            voice_url: format!("{base}/webhooks/twilio/voice"),
            status_callback: Some(format!("{base}/webhooks/twilio/call-status")),
        };
        let emulator = Emulator::start(twilio_emulator::Config {
            applications: [(APPLICATION.to_owned(), application)].into(),
            numbers: vec![OURS.to_owned()],
            mix: MIX,
            // More than the product fetches while so many calls end at once.
            recordings_kept: 10_000,
            base_url: Some(carrier.clone()),
            ..twilio_emulator::Config::new(ACCOUNT, SECRET, KEY, SECRET)
        })
        .await?;
        let router = axum::Router::new().nest("/twilio", emulator.router());
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            if let Err(error) = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await {
                tracing::error!(error.message = %error, "the carrier ended");
            }
        });
        let server = Command::new(&arguments.dialler)
            .args(["serve", "--site"])
            .arg(&arguments.site)
            .envs([
                ("TWILIO_MODE", "live"),
                ("TWILIO_API_URL", &carrier),
                ("TWILIO_ACCOUNT_SID", ACCOUNT),
                ("TWILIO_AUTH_TOKEN", SECRET),
                ("TWILIO_API_KEY", KEY),
                ("TWILIO_API_SECRET", SECRET),
                ("TWILIO_TWIML_APP_SID", APPLICATION),
                ("TWILIO_PHONE_NUMBER", OURS),
                ("FIRM_NAME", "Example Claims"),
                ("TWILIO_CPS", "1000"),
                ("METRICS_TOKEN", SECRET),
            ])
            .stdin(Stdio::null())
            .spawn()?;
        let floor = Self {
            pool,
            base,
            carrier,
            http: reqwest::Client::new(),
            emulator,
            meter: Arc::default(),
            server: Process(server),
            _serving: serving,
        };
        let began = Instant::now();
        while !floor.http.get(format!("{}/health/ready", floor.base)).send().await.is_ok_and(|answer| answer.status().is_success()) {
            ensure!(began.elapsed() < STUCK, "the server did not become ready");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(floor)
    }

    /// In KiB.
    fn memory(&self, what: &str) -> anyhow::Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(what)).with_context(|| format!("no {what}"))?;
        Ok(line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?)
    }

    /// How each of the agent's calls ended.
    async fn work(&self, number: u32, rounds: u32, has_sound: bool) -> anyhow::Result<Vec<String>> {
        let mut chance = StdRng::seed_from_u64(number.into());
        let agent = Agent { http: sign_in(&self.pool, &self.base).await?, base: self.base.clone() };
        let mut ends = Vec::new();
        while ends.len() < rounds as usize {
            ends.push(self.ring(&agent, &mut chance, has_sound).await?);
        }
        Ok(ends)
    }

    async fn ring(&self, agent: &Agent, chance: &mut StdRng, has_sound: bool) -> anyhow::Result<String> {
        let queue = if chance.random_bool(0.4) { "unsigned_users" } else { "outstanding_requests" };
        let held = agent.ask("/api/queue/call_next", &json!({"queue": queue})).await?;
        let call = agent.ask("/api/calls/start", &json!({"lease_id": held["lease_id"]})).await?;
        let id = json!({"call_id": call["id"].as_str().context("nobody was handed out")?});
        let token = agent.ask("/api/calls/voice_token", &json!({})).await?;
        let signal = format!("ws://{}/signal", token["local_carrier"].as_str().context("no carrier")?);
        let mut handset = Handset::connect(&signal, token["token"].as_str().context("no token")?).await?;
        let params = format!("call_id={}", id["call_id"].as_str().unwrap_or_default());
        let mut sound = JoinSet::new();
        if has_sound {
            let offered = sound::offer()?;
            let (_, answer) = handset.call_with_sound(&params, &offered.sdp.clone()).await?;
            let meter = Arc::clone(&self.meter);
            sound.spawn(async move { Box::pin(sound::talk(offered, &answer, meter)).await });
        } else {
            handset.call(&params).await?;
        }

        // Half of the agents end their talks themselves.
        let patience = chance.random_bool(0.5).then(|| Duration::from_secs(chance.random_range(15..40)));
        let (began, mut has_hung_up) = (Instant::now(), false);
        let ended = loop {
            tokio::time::sleep(LOOKS).await;
            let call = agent.ask("/api/calls/find", &id).await?;
            if call["state"] == "ended" {
                break call;
            }
            ensure!(began.elapsed() < STUCK, "a call came no further: {call}");
            if call["state"] == "connected" && !has_hung_up && patience.is_some_and(|patience| began.elapsed() > patience) {
                has_hung_up = true;
                agent.ask("/api/calls/hang_up", &id).await?;
            }
        };
        // The sound is given up when the carrier has let the agent's leg go.
        tokio::time::timeout(STUCK, handset.ended()).await??;
        sound.abort_all();
        while let Some(over) = sound.join_next().await {
            if let Ok(failed) = over {
                failed?;
            }
        }
        let how = ended["end"]["how"].as_str().context("a call without an end")?;
        ensure!(!ended["wrap_up"].is_null(), "nobody was rung: {ended}");
        let outcome =
            json!({"call_id": id["call_id"], "disposition": if how.starts_with("by_") { "contacted" } else { "no_answer" }, "notes": ""});
        agent.ask("/api/calls/record_outcome", &outcome).await?;
        Ok(how.to_owned())
    }

    /// The server's own figures of the carrier's routes: how many answers within each bound, by route.
    async fn webhook_buckets(&self) -> anyhow::Result<BTreeMap<String, BTreeMap<String, f64>>> {
        let text = self.http.get(format!("{}/metrics", self.base)).bearer_auth(SECRET).send().await?.error_for_status()?.text().await?;
        let mut routes: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
        for line in text.lines().filter(|line| line.starts_with("dialler_http_request_seconds_bucket")) {
            let label = |name: &str| line.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
            let (Some(route), Some(le), Some(count)) = (label("route"), label("le"), line.rsplit(' ').next()) else { continue };
            if let Some(name) = route.strip_prefix("/webhooks/twilio/") {
                for name in [name, "all of them"] {
                    *routes.entry(name.to_owned()).or_default().entry(le.to_owned()).or_default() += count.parse::<f64>()?;
                }
            }
        }
        Ok(routes)
    }

    async fn admin(&self, path: &str) -> anyhow::Result<Vec<Value>> {
        Ok(self.http.get(format!("{}/admin/{path}", self.carrier)).send().await?.json().await?)
    }

    async fn stop_watching(
        &self,
        watched: tokio::task::JoinHandle<anyhow::Result<Watched>>,
    ) -> anyhow::Result<(usize, BTreeMap<String, Vec<u64>>)> {
        sqlx::query("select pg_notify('telephones', 'over')").execute(&self.pool).await?;
        let Watched { most_live, webhooks } = watched.await??;
        Ok((most_live, webhooks))
    }

    /// Every call has its outcome, nobody is on a line, nobody is held, and nobody was rung but by us.
    async fn is_over(&self, calls: u32) -> anyhow::Result<()> {
        for (what, sql, wanted) in [
            ("calls that are closed", "select count(*) from calls.call where closed_at is not null", calls),
            ("calls that are not", "select count(*) from calls.call where closed_at is null", 0),
            ("outcomes by agents", "select count(*) from calls.outcome where recorded_by is not null", calls),
            ("attempts", "select count(*) from queue.attempt", calls),
            ("leases", "select count(*) from queue.lease", 0),
        ] {
            let count: i64 = sqlx::query_scalar(sql).fetch_one(&self.pool).await?;
            ensure!(count == i64::from(wanted), "{what}: {count}, not {wanted}");
        }
        let live = ["queued", "ringing", "in-progress"];
        let legs = self.admin("calls").await?;
        let left = legs.iter().filter(|leg| live.contains(&leg["status"].as_str().unwrap_or_default())).count();
        ensure!(left == 0, "{left} legs are left at the carrier");
        self.emulator.stop();
        Ok(())
    }
}

/// Counts who talks, and reads the carrier's journal before it forgets.
async fn watch(floor: Arc<Floor>) -> anyhow::Result<Watched> {
    let mut over = sqlx::postgres::PgListener::connect_with(&floor.pool).await?;
    over.listen("telephones").await?;
    let (mut watched, mut after) = (Watched { most_live: 0, webhooks: BTreeMap::new() }, 0);
    loop {
        let is_over = tokio::time::timeout(Duration::from_secs(3), over.recv()).await.is_ok();
        let live: i64 = sqlx::query_scalar("select count(*) from calls.call where state <> 'ended'").fetch_one(&floor.pool).await?;
        watched.most_live = watched.most_live.max(usize::try_from(live)?);
        for entry in floor.admin(&format!("journal?kind=webhook&after={after}")).await? {
            after = entry["sequence"].as_u64().context("no sequence")?;
            let detail = &entry["detail"];
            let (Some(ms), Some(200..300)) = (detail["ms"].as_u64(), detail["status"].as_u64()) else { bail!("a webhook failed: {entry}") };
            let params = &detail["params"];
            let what =
                ["StatusCallbackEvent", "RecordingStatus", "CallStatus"].iter().find_map(|name| params[*name].as_str()).unwrap_or("?");
            let route =
                detail["url"].as_str().and_then(|url| url.rsplit('/').next()).and_then(|rest| rest.split('?').next()).unwrap_or("?");
            for name in ["all of them".to_owned(), format!("{route} {what}")] {
                watched.webhooks.entry(name).or_default().push(ms);
            }
        }
        if is_over {
            return Ok(watched);
        }
    }
}

struct Agent {
    http: reqwest::Client,
    base: String,
}

impl Agent {
    async fn ask(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let answer = self.http.post(format!("{}{path}", self.base)).json(body).send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "{path} answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }
}

/// An agent as signing in leaves them, without the price of a password; available.
async fn sign_in(pool: &PgPool, base: &str) -> anyhow::Result<reqwest::Client> {
    let id = Id::default();
    sqlx::query(
        "with added as (
            insert into auth.agent (email, name, role, password_hash, created_at, intention, intention_since)
            values (gen_random_uuid() || '@example.co.uk', 'Robin Tester', 'agent', '', $1, 'available', $1)
            returning id
         )
         insert into auth.session (id_hash, agent_id, created_at, last_seen_at, expires_at)
         select $2, id, $1, $1, $1 + interval '2 hours'
         from added",
    )
    .bind(machine_now())
    .bind(Sha256::digest(id.0.to_le_bytes()).to_vec())
    .execute(pool)
    .await?;
    let headers =
        header::HeaderMap::from_iter([(header::ORIGIN, base.parse()?), (header::COOKIE, format!("dialler_session={id}").parse()?)]);
    Ok(reqwest::Client::builder().default_headers(headers).build()?)
}

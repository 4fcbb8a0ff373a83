//! A day of work in minutes, for `scripts/day`: a hundred agents ring people at the emulated carrier from before opening to after closing, the
//! claims platform changes under them, and in the end the records are held against the rules by queries that share nothing with the product.
//!
//! The server runs in this process, with the carrier inside it, and is spoken to over HTTP alone: by the agents, and by the carrier for the
//! agents' telephones, which are not here. Time is the business clock's: it goes on by itself while calls are made, and is moved on between
//! them, so that no call sees it jump. It wants databases that are its alone, filled by `dialler seed`.

mod rules;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser;
use kernel::{Clock, machine_now};
use queue::QueueMode;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom as _, IteratorRandom as _};
use rand::{Rng as _, SeedableRng as _};
use reqwest::header;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use server::app::{App, AppParts, connect_database, connect_replica};
use server::carrier::{self, Carrier};
use server::config::Config;
use server::router::router;
use sha2::{Digest as _, Sha256};
use sqlx::{ConnectOptions as _, MySqlConnection, PgPool};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_sessions::session::Id;

/// The two queues.
const SIGNATURES: &str = "unsigned_users";
const PAPERS: &str = "outstanding_requests";
/// People at the carrier take so much less time than in life; calls are as short, and the clock makes up for it between them.
const PACE: f64 = 0.01;
/// The day goes on for so long after closing, to see that nobody is rung.
const AFTER_CLOSING: TimeDelta = TimeDelta::minutes(15);
/// A call or an answer that takes longer than this, by the machine's clock, is stuck.
const STUCK: Duration = Duration::from_mins(1);

/// Works a day and prints what its records say.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many agents.
    #[arg(long, default_value_t = 100)]
    agents: u32,
    /// How many people they ring in a day, about; the agents' pauses follow from it.
    #[arg(long, default_value_t = 15_000)]
    dials: u32,
    /// Which day: the same seed draws the same choices, though not the same moments.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The clock is moved on by so many seconds at a time.
    #[arg(long, default_value_t = 60)]
    step: u32,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let config = Config::from_env()?;
    let mut chance = StdRng::seed_from_u64(arguments.seed);
    let mut day = Day::begin(&config, arguments.agents).await?;
    day.remember_a_week(&mut chance).await?;

    let (begun, opened) = (Instant::now(), day.clock.now());
    let end = day.work(&arguments, &mut chance).await?;
    let (took, lasted) = (begun.elapsed(), end - opened);
    // Sealed a second later at the most, and then every decision is in the chain.
    day.app.queue.seal().await?;
    let report = rules::inspect(&day.app.pool, &day.legs, &day.settled, end).await?;
    let mut text = format!(
        "{} agents, {} to {} by the business clock, in {:.0} s; seed {}.\n\n",
        arguments.agents,
        kernel::london(opened).format("%A %H:%M"),
        kernel::london(end).format("%H:%M"),
        took.as_secs_f64(),
        arguments.seed,
    );
    write!(text, "{report}\n| what agents were told | |\n|---|--:|\n")?;
    for (what, count) in &day.seen {
        writeln!(text, "| {what} | {count} |")?;
    }
    writeln!(text, "\nThe most memory that this process had, server, carrier and agents together: {} MiB.", most_memory()? / 1_024)?;
    writeln!(std::io::stdout(), "{text}")?;
    ensure!(lasted >= TimeDelta::hours(11), "the day was too short to mean anything: {lasted}");
    ensure!(day.rung >= arguments.dials / 10 * 9, "{} dials are too few: there is nobody left to ring, or agents were held up", day.rung);
    Ok(())
}

struct Day {
    app: App,
    clock: Clock,
    base: String,
    carrier: Carrier,
    http: reqwest::Client,
    agents: Vec<Agent>,
    primary: MySqlConnection,
    replica: MySqlConnection,
    /// Who need not be rung any more, since when by the business clock, and from which queue; none: from any.
    settled: Vec<(i64, DateTime<Utc>, Option<&'static str>)>,
    /// Who waited in the morning, for which queue and with which number. In direct mode nobody waits in a table.
    waited: Vec<(i64, String, String)>,
    mode: QueueMode,
    /// How many calls were made.
    rung: u32,
    /// Whom the carrier says that it rang: the number of each leg.
    legs: BTreeMap<String, String>,
    /// What was answered, by how often.
    seen: BTreeMap<String, u32>,
    _background: JoinSet<()>,
}

/// One agent with their browser.
struct Agent {
    id: i64,
    http: reqwest::Client,
    chance: StdRng,
    /// When they ask for the next person.
    free_at: DateTime<Utc>,
    /// The lease of whom they read about, if they have not rung them yet.
    reads: Option<Value>,
}

/// Where agents work.
#[derive(Clone, Copy)]
struct Floor<'a> {
    base: &'a str,
    telephone: &'a calls::Telephone,
    clock: &'a Clock,
    pool: &'a PgPool,
}

/// What came of an agent's turn.
#[derive(Default)]
struct Turn {
    seen: Vec<String>,
    /// Somebody was rung.
    has_rung: bool,
    /// Somebody who did on the call what was asked of them: the user and the queue.
    completed: Option<(i64, String)>,
}

impl Day {
    async fn begin(config: &Config, agents: u32) -> anyhow::Result<Self> {
        let pool = connect_database(&config.database)?;
        let clock = server::clock::business_clock(&pool, config.environment.clock).await?;
        let replica = connect_replica(&config.replica)?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let base = format!("http://{address}");
        let carrier = carrier::emulated(address, &base, "+442079460000", PACE).await?;
        let (app, outgoing) = App::new(AppParts {
            pool: pool.clone(),
            replica: replica.clone(),
            cache: config.cache.clone(),
            clock: clock.clone(),
            numbers: config.environment.numbers(),
            is_practice: true,
            is_gate_off: false,
            mode: config.discovery.mode,
            telephone: Some(carrier.telephone.clone()),
            recordings: server::app::connect_recordings(&config.recordings)?,
            trusted_proxies: auth::TrustedProxies::default(),
            metrics_token: None,
        })
        .await?;
        let stopping = Arc::new(watch::Sender::new(false));
        let router = carrier.mount(router(&app, &base, Path::new("no-front-end-on-this-day"), stopping));
        let mut background = JoinSet::new();
        background.spawn(server::events::send_hints(pool.clone(), outgoing));
        background.spawn(server::events::hear_hints(app.clone()));
        let queue = app.queue.clone();
        background.spawn(async move { replica.watch_lag(move || queue.max_lag_millis()).await });
        background.spawn(work_beside(app.clone()));
        background.spawn(async move {
            let service = router.into_make_service_with_connect_info::<SocketAddr>();
            if let Err(error) = axum::serve(listener, service).await {
                tracing::error!(error.message = %error, "the server ended");
            }
        });
        let primary = config.claims_sim.url.as_ref().context("CLAIMS_SIM_DATABASE_URL is not set")?;
        let connect = async |url: &str| url.parse::<sqlx::mysql::MySqlConnectOptions>()?.connect().await.map_err(anyhow::Error::from);
        let mut day = Self {
            clock: clock.clone(),
            base: base.clone(),
            carrier,
            http: reqwest::Client::new(),
            agents: Vec::new(),
            primary: connect(primary.expose_secret()).await?,
            replica: connect(config.replica.url.expose_secret()).await?,
            settled: Vec::new(),
            waited: Vec::new(),
            mode: config.discovery.mode,
            rung: 0,
            legs: BTreeMap::new(),
            seen: BTreeMap::new(),
            _background: background,
            app,
        };
        for number in 0..agents {
            let (id, http) = sign_in(&pool, &base).await?;
            day.agents.push(Agent { id, http, chance: StdRng::seed_from_u64(u64::from(number)), free_at: clock.now(), reads: None });
        }
        for _ in 0..100 {
            if day.app.queue.replica_lag().is_some() {
                return Ok(day);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the replica's lag is not known")
    }

    /// What happened in the week before: one waiting person in seven was rung, some of them as often as seven days allow. Then the queues are
    /// made what that says. In direct mode `dialler discover` was run before, and the queues are emptied for the day.
    async fn remember_a_week(&mut self, chance: &mut StdRng) -> anyhow::Result<()> {
        if self.mode != QueueMode::Direct {
            self.app.queue.discover(queue::Order::default()).await?;
        }
        self.waited = sqlx::query_as("select user_id, kind, number from queue.entry order by user_id").fetch_all(&self.app.pool).await?;
        ensure!(!self.waited.is_empty(), "nobody waits in the queues");
        for (user, _, number) in self.waited.choose_multiple(chance, self.waited.len() / 7) {
            let attempts = chance.random_range(4..=10);
            // Within the last six days, and none so late that it still holds.
            let minutes: Vec<i32> = (0..attempts).map(|_| chance.random_range(24 * 60..6 * 24 * 60)).collect();
            sqlx::query(
                "insert into queue.attempt (user_id, number, queue, attempted_at, disposition, is_failed)
                 select $1, $2, 'unsigned_users', $3 - make_interval(mins => m), 'no_answer', true from unnest($4::int[]) m",
            )
            .bind(user)
            .bind(number)
            .bind(self.clock.now())
            .bind(minutes)
            .execute(&self.app.pool)
            .await?;
        }
        if self.mode == QueueMode::Direct {
            sqlx::query("delete from queue.entry").execute(&self.app.pool).await?;
            self.app.queue.read_candidates().await?;
        } else {
            self.app.queue.discover(queue::Order::default()).await?;
        }
        Ok(())
    }

    /// From now until after closing. When it was over.
    async fn work(&mut self, arguments: &Arguments, chance: &mut StdRng) -> anyhow::Result<DateTime<Utc>> {
        let start = self.clock.now();
        let closing =
            kernel::from_london(kernel::london(start).date().and_hms_opt(20, 0, 0).context("no such hour")?).context("no such hour")?;
        let (step, mut turns, mut listed) = (TimeDelta::seconds(i64::from(arguments.step)), 0, 0);
        while self.clock.now() < closing + AFTER_CLOSING {
            let now = self.clock.now();
            let rest = rest(closing - now, arguments, self.rung, turns);
            let mut completed = Vec::new();
            let floor = Floor { base: &self.base, telephone: &self.carrier.telephone, clock: &self.clock, pool: &self.app.pool };
            let working = self.agents.iter_mut().filter(|agent| agent.free_at <= now).map(|agent| async move {
                let turn = agent.turn(floor).await;
                // So much later than this turn began, half more or less; the calls themselves take next to no time here.
                let pause = agent.chance.random_range(rest * 9 / 20..=rest * 27 / 20).max(1);
                agent.free_at = now + TimeDelta::seconds(pause);
                turn.with_context(|| format!("agent {}", agent.id))
            });
            for turn in futures::future::try_join_all(working).await? {
                // Whoever asks before opening is none of those who could have rung.
                turns += u32::from(turn.seen.iter().all(|what| what != "closed"));
                self.rung += u32::from(turn.has_rung);
                completed.extend(turn.completed);
                for what in turn.seen {
                    *self.seen.entry(what).or_default() += 1;
                }
            }
            if self.rung > listed + 2_000 {
                self.list_legs().await?;
                listed = self.rung;
            }
            self.change(completed, chance).await?;
            // One of the two, by the mode; a minute goes by with each step.
            self.app.queue.discover_on_schedule().await?;
            self.app.queue.read_candidates().await?;
            // Nobody is on a call now: the clock may jump.
            self.clock.advance((now + step - self.clock.now()).max(TimeDelta::zero()));
        }
        // Whoever had nothing recorded in time has by now.
        for _ in 0..300 {
            let open: i64 = sqlx::query_scalar("select count(*) from calls.call where closed_at is null").fetch_one(&self.app.pool).await?;
            if open == 0 {
                self.list_legs().await?;
                return Ok(self.clock.now());
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        bail!("calls were left open")
    }

    /// Asks the carrier whom it rang, before it forgets: it keeps 5,000.
    async fn list_legs(&mut self) -> anyhow::Result<()> {
        let legs = self.http.get(format!("{}/twilio/admin/calls", self.base)).send().await?.error_for_status()?;
        for leg in legs.json::<Vec<Value>>().await? {
            if let (Some(sid), Some(to)) = (leg["sid"].as_str(), leg["to"].as_str())
                && to.starts_with('+')
            {
                self.legs.insert(sid.to_owned(), to.to_owned());
            }
        }
        Ok(())
    }

    /// What happens between the calls: people do what they were asked to, others sign by themselves, also while an agent reads about them,
    /// some are disabled, some object. The replica has all of it before the clock goes on.
    async fn change(&mut self, completed: Vec<(i64, String)>, chance: &mut StdRng) -> anyhow::Result<()> {
        let now = self.clock.now();
        for (user, queue) in completed {
            if queue == SIGNATURES {
                claims_sim::events::sign(&mut self.primary, user, now).await?;
                self.settled.push((user, now, Some(SIGNATURES)));
            } else {
                claims_sim::events::complete_requirements(&mut self.primary, user, now).await?;
                self.settled.push((user, now, Some(PAPERS)));
            }
        }
        let some: Vec<(i64, String, String)> = if self.mode == QueueMode::Direct {
            self.waited.choose_multiple(chance, 4).cloned().collect()
        } else {
            sqlx::query_as("select user_id, kind, number from queue.entry order by md5(user_id || $1) limit 4")
                .bind(chance.random::<u32>().to_string())
                .fetch_all(&self.app.pool)
                .await?
        };
        let read: Option<i64> =
            sqlx::query_scalar("select user_id from queue.lease order by id limit 1").fetch_optional(&self.app.pool).await?;
        for user in some.iter().filter(|(_, kind, _)| kind == SIGNATURES).map(|(user, ..)| *user).chain(read) {
            claims_sim::events::sign(&mut self.primary, user, now).await?;
            self.settled.push((user, now, Some(SIGNATURES)));
        }
        if let Some((user, _, number)) = some.iter().choose(chance).filter(|_| chance.random_ratio(1, 5)) {
            match chance.random_range(0..3) {
                0 => {
                    claims_sim::events::disable(&mut self.primary, *user, now).await?;
                    self.settled.push((*user, now, None));
                }
                1 => {
                    claims_sim::events::close_claims(&mut self.primary, *user, now).await?;
                    self.settled.push((*user, now, None));
                }
                _ => {
                    sqlx::query("insert into queue.suppression (number, kind, reason, source, created_at) values ($1, 'opted_out', 'asked', 'the day', $2)")
                        .bind(number)
                        .bind(now)
                        .execute(&self.app.pool)
                        .await?;
                }
            }
        }
        let position: String = sqlx::query_scalar("select @@global.gtid_binlog_pos").fetch_one(&mut self.primary).await?;
        let there: Option<i64> =
            sqlx::query_scalar("select cast(master_gtid_wait(?, 30) as signed)").bind(position).fetch_one(&mut self.replica).await?;
        ensure!(there == Some(0), "the replica does not follow");
        Ok(())
    }
}

impl Agent {
    /// Asks for somebody, or goes on with whom they read about; rings them, mostly, and says what came of it.
    async fn turn(&mut self, floor: Floor<'_>) -> anyhow::Result<Turn> {
        let mut turn = Turn::default();
        let lease = if let Some(lease) = self.reads.take() { Some(lease) } else { self.ask(floor, &mut turn).await? };
        if let Some(lease) = lease {
            self.ring(floor, &lease, &mut turn).await?;
        }
        Ok(turn)
    }

    /// The lease of somebody to ring now.
    async fn ask(&mut self, floor: Floor<'_>, turn: &mut Turn) -> anyhow::Result<Option<Value>> {
        let queue = match self.chance.random_range(0..20) {
            0 => "callbacks",
            1..8 => SIGNATURES,
            _ => PAPERS,
        };
        let (status, answer) = self.post(floor, "/api/queue/call_next", &json!({"queue": queue})).await?;
        if status == 409 {
            // Nothing was recorded in time, and the system has sent them on a break.
            turn.seen.push("nothing recorded: given nobody, or on a break".to_owned());
            self.post(floor, "/api/auth/set_presence", &json!({"intention": "available"})).await?;
            return Ok(None);
        }
        ensure!(status == 200, "call_next answered {status}: {answer}");
        if answer["user"].is_null() {
            let is_closed = answer["note"].as_str().is_some_and(|note| note.contains("may be made"));
            turn.seen.push(if is_closed { "closed" } else { "nobody waits" }.to_owned());
            return Ok(None);
        }
        let lease = answer["lease_id"].clone();
        if answer["queue"] == "callbacks" {
            turn.seen.push("somebody to whom it was promised".to_owned());
            return Ok(Some(lease));
        }
        match self.chance.random_range(0..20) {
            0 => {
                let skip = json!({"lease_id": lease, "reason": "not_a_good_time"});
                let (status, answer) = self.post(floor, "/api/queue/release", &skip).await?;
                ensure!(status == 200, "release answered {status}: {answer}");
                turn.seen.push("let go without dialling".to_owned());
                Ok(None)
            }
            1..6 => {
                turn.seen.push("read about before dialling".to_owned());
                self.reads = Some(lease);
                Ok(None)
            }
            _ => Ok(Some(lease)),
        }
    }

    async fn ring(&mut self, floor: Floor<'_>, lease: &Value, turn: &mut Turn) -> anyhow::Result<()> {
        let (status, call) = self.post(floor, "/api/calls/start", &json!({"lease_id": lease})).await?;
        if status == 409 {
            // They read for longer than a lease lasts, or the person was promised to somebody else.
            turn.seen.push("held no more when dialled".to_owned());
            return Ok(());
        }
        ensure!(status == 200, "start answered {status}: {call}");
        let id = call["id"].as_str().context("a call without an id")?.to_owned();
        // Some people are quicker to hang up than the agent.
        let is_patient = self.chance.random_bool(0.3);
        let (leg, conference) = (format!("CA{:032x}", self.chance.random::<u128>()), format!("CF{:032x}", self.chance.random::<u128>()));
        let from = format!("client:agent_{}", self.id);
        let webhook = async |path: &str, form: &[(&str, &str)]| self.webhook(floor, path, form).await;
        webhook("/webhooks/twilio/voice", &[("CallSid", &leg), ("From", &from), ("To", ""), ("call_id", &id)]).await?;
        let name = format!("call-{id}");
        let event = async |kind: &str, sequence: &str| {
            let form = [
                ("ConferenceSid", &*conference),
                ("FriendlyName", &*name),
                ("StatusCallbackEvent", kind),
                ("CallSid", &*leg),
                ("ParticipantLabel", "agent"),
                ("SequenceNumber", sequence),
                ("ReasonParticipantLeft", "participant_hung_up"),
            ];
            webhook(&format!("/webhooks/twilio/conference-status?call={id}"), &form).await
        };
        event("participant-join", "1").await?;

        let began = Instant::now();
        let mut is_talking = false;
        let ended = loop {
            let (status, call) = self.post(floor, "/api/calls/find", &json!({"call_id": id})).await?;
            ensure!(status == 200, "find answered {status}: {call}");
            ensure!(began.elapsed() < STUCK, "a call came no further: {call}");
            match call["state"].as_str() {
                Some("ended") => break call,
                Some("connected") if !is_talking => {
                    is_talking = true;
                    if is_patient {
                        self.hang_up_at_the_other_end(floor, &id).await?;
                    } else {
                        let (status, answer) = self.post(floor, "/api/calls/hang_up", &json!({"call_id": id})).await?;
                        ensure!(status == 200, "hang_up answered {status}: {answer}");
                        event("participant-leave", "2").await?;
                    }
                }
                _ => tokio::time::sleep(Duration::from_millis(40)).await,
            }
        };
        let how = ended["end"]["how"].as_str().context("a call without an end")?;
        turn.seen.push(format!("call ended: {how}"));
        if ended["wrap_up"].is_null() {
            return Ok(());
        }
        turn.has_rung = true;
        if how.starts_with("by_") && self.chance.random_ratio(1, 2_000) {
            turn.seen.push("nothing recorded in time".to_owned());
            return Ok(());
        }
        let disposition = match how {
            "busy" => "busy",
            "failed" => "failed",
            "no_answer" | "cancelled" => {
                *["no_answer", "no_answer", "no_answer", "left_voicemail"].choose(&mut self.chance).context("none")?
            }
            _ => answered(&mut self.chance),
        };
        let mut outcome = json!({"call_id": id, "disposition": disposition, "notes": "as agreed"});
        if disposition == "callback_requested" {
            let at = kernel::london(floor.clock.now()) + TimeDelta::minutes(self.chance.random_range(20..300));
            outcome["callback_at"] = at.format("%Y-%m-%dT%H:%M").to_string().into();
            outcome["asked_regardless"] = self.chance.random_bool(0.5).into();
        }
        let (mut status, mut answer) = self.post(floor, "/api/calls/record_outcome", &outcome).await?;
        if status == 422 && disposition == "callback_requested" {
            turn.seen.push("a promise refused: outside hours".to_owned());
            outcome = json!({"call_id": id, "disposition": "might_complete", "notes": "no time that we may ring at"});
            (status, answer) = self.post(floor, "/api/calls/record_outcome", &outcome).await?;
        }
        ensure!(status == 200, "record_outcome answered {status}: {answer}");
        if disposition == "completed" {
            let user = ended["user_id"].as_str().context("nobody")?.parse()?;
            turn.completed = Some((user, ended["queue"].as_str().unwrap_or_default().to_owned()));
        }
        Ok(())
    }

    /// The person puts the telephone down.
    async fn hang_up_at_the_other_end(&self, floor: Floor<'_>, call: &str) -> anyhow::Result<()> {
        let leg: String = sqlx::query_scalar("select sid from calls.leg where party = 'person' and call_id::text = $1")
            .bind(call)
            .fetch_one(floor.pool)
            .await?;
        self.http.post(format!("{}/twilio/admin/calls/{leg}/hangup", floor.base)).send().await?.error_for_status()?;
        Ok(())
    }

    /// Asks, and again while the answer is that the server cannot just now.
    async fn post(&self, floor: Floor<'_>, path: &str, body: &Value) -> anyhow::Result<(u16, Value)> {
        let began = Instant::now();
        loop {
            let answer = self.http.post(format!("{}{path}", floor.base)).json(body).send().await?;
            let status = answer.status().as_u16();
            let text = answer.text().await?;
            if status != 503 || began.elapsed() > STUCK {
                return Ok((status, serde_json::from_str(&text).unwrap_or(Value::String(text))));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// What the carrier would say of the agent's telephone, signed as it signs.
    async fn webhook(&self, floor: Floor<'_>, path: &str, form: &[(&str, &str)]) -> anyhow::Result<()> {
        let url = format!("{}{path}", floor.base);
        let params: twilio::Params = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let signature = twilio::signature::sign(&floor.telephone.auth_token, &url, &params);
        self.http.post(url).header("x-twilio-signature", signature).form(form).send().await?.error_for_status()?;
        Ok(())
    }
}

/// For how many seconds agents rest after a turn, so that the rest of the day is enough for the dials that are left: not every turn is one.
fn rest(left: TimeDelta, arguments: &Arguments, rung: u32, turns: u32) -> i64 {
    let dials = i64::from(arguments.dials.saturating_sub(rung)).max(1);
    let between_dials = left.num_seconds() * i64::from(arguments.agents) / dials;
    // Seven turns in ten, as long as little is known.
    (between_dials * i64::from(rung + 7) / i64::from(turns + 10)).clamp(30, 1_800)
}

/// What agents say came of a call that was answered.
fn answered(chance: &mut StdRng) -> &'static str {
    const SHARES: [(u32, &str); 13] = [
        (18, "completed"),
        (14, "going_to_complete"),
        (10, "might_complete"),
        (14, "callback_requested"),
        (8, "contacted"),
        (4, "not_interested"),
        (14, "left_voicemail"),
        (8, "hung_up"),
        (3, "wrong_number"),
        (2, "no_claim"),
        (2, "language_barrier"),
        (1, "vulnerable"),
        (2, "do_not_contact"),
    ];
    let mut left = chance.random_range(0..SHARES.iter().map(|(share, _)| share).sum::<u32>());
    for (share, disposition) in SHARES {
        if left < share {
            return disposition;
        }
        left -= share;
    }
    "contacted"
}

/// What a server does without being asked.
async fn work_beside(app: App) {
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        let (queue, calls) = (&app.queue, &app.calls);
        let done = async {
            queue.return_expired().await?;
            queue.rescue_orphans().await?;
            queue.seal().await?;
            calls.close_overdue().await?;
            calls.end_lingering_legs().await?;
            anyhow::Ok(())
        };
        if let Err(error) = done.await {
            tracing::error!(error.chain = %format_args!("{error:#}"), "a job failed");
        }
    }
}

/// In KiB.
fn most_memory() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// An agent as signing in leaves them, without the price of a password; available. Their id, and a browser.
async fn sign_in(pool: &PgPool, base: &str) -> anyhow::Result<(i64, reqwest::Client)> {
    let id = Id::default();
    let agent: i64 = sqlx::query_scalar(
        "with added as (
            insert into auth.agent (email, name, role, password_hash, created_at, intention, intention_since)
            values (gen_random_uuid() || '@example.co.uk', 'Robin Tester', 'agent', '', $1, 'available', $1)
            returning id
         )
         insert into auth.session (id_hash, agent_id, created_at, last_seen_at, expires_at)
         select $2, id, $1, $1, $1 + interval '12 hours'
         from added
         returning agent_id",
    )
    .bind(machine_now())
    .bind(Sha256::digest(id.0.to_le_bytes()).to_vec())
    .fetch_one(pool)
    .await?;
    let headers =
        header::HeaderMap::from_iter([(header::ORIGIN, base.parse()?), (header::COOKIE, format!("dialler_session={id}").parse()?)]);
    Ok((agent, reqwest::Client::builder().default_headers(headers).build()?))
}

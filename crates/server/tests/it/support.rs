//! A server on a port of its own, over databases of its own, and people who are signed in to it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use auth::{Role, TrustedProxies};
use chrono::{DateTime, Utc};
use kernel::{AgentId, Clock, Hint, UserId, machine_now};
use queue::QueueMode;
use reqwest::header;
use serde_json::Value;
use server::app::{App, AppParts, pool_options, with_timeouts};
use server::carrier::{self, Carrier};
use server::config::{Config, EnvironmentConfig};
use server::cron;
use server::router::router;
use sha2::{Digest as _, Sha256};
use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;
use testkit::{TcpProxy, TestPlatform};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::task::JoinSet;
use tower_sessions::session::Id;
use tracing::subscriber::DefaultGuard;
use users::{CacheOptions, PATIENCE, Replica, ReplicaOptions};

/// What a scheduler outside shows.
pub(crate) const CRON_SECRET: &str = "a-secret-of-the-tests-of-thirty-two";
/// A Tuesday at 10:30 in London.
pub const OPEN: &str = "2026-11-24T10:30:00Z";

/// What opens /metrics.
pub const METRICS_TOKEN: &str = "metrics-token-of-the-tests-and-of-nobody";
/// Who is rung takes a twentieth of the time that they would in life.
const PACE: f64 = 0.05;
/// So many requests that are tried again are on their way at once: no more than a busy machine answers in time.
static TURNS: Semaphore = Semaphore::const_new(200);

pub struct TestApp {
    pub app: App,
    pub pool: PgPool,
    pub clock: Clock,
    pub platform: TestPlatform,
    /// Between the server and the replica.
    pub replica_proxy: TcpProxy,
    pub base: String,
    pub carrier: Option<Carrier>,
    _background: JoinSet<()>,
}

/// How a server is made for a test.
#[derive(Default)]
pub struct Made {
    /// Of the carrier's people, as a part of how long they take in life; none: there is no carrier.
    pub pace: Option<f64>,
    pub replica: ReplicaOptions,
    pub is_gate_off: bool,
    pub mode: QueueMode,
    /// Whose word on where a request came from is believed.
    pub trusted_proxies: TrustedProxies,
    /// Where the carrier finds us, if somebody stands between.
    pub public: Option<String>,
    /// Replicas of the test's own that stand behind one address, as behind a balancer; none: the local one.
    pub replicas: Vec<String>,
}

impl Made {
    pub fn with_carrier() -> Self {
        Self { pace: Some(PACE), ..Self::default() }
    }
}

impl TestApp {
    /// A server over the test's own PostgreSQL database and a claims platform of its own, at [`OPEN`].
    pub async fn start(connect: PgConnectOptions) -> Self {
        let platform = TestPlatform::new().await.unwrap();
        Self::over(pool_options().connect_lazy_with(with_timeouts(connect)), platform).await
    }

    /// The same for so many at once that they have to wait for their turn: they wait longer before they are told to come again.
    pub async fn for_a_crowd(connect: PgConnectOptions) -> Self {
        Self::over(patient_pool(connect), TestPlatform::new().await.unwrap()).await
    }

    /// The same, with an emulated carrier.
    pub async fn with_carrier(connect: PgConnectOptions) -> Self {
        Self::made(connect, Made::with_carrier()).await
    }

    /// The same, where people take as long as in life: for what happens while a telephone rings.
    pub async fn with_carrier_as_in_life(connect: PgConnectOptions) -> Self {
        Self::made(connect, Made { pace: Some(1.0), ..Made::default() }).await
    }

    /// Made so, over a given platform.
    pub async fn made_over(connect: PgConnectOptions, platform: TestPlatform, made: Made) -> Self {
        Self::build(pool_options().connect_lazy_with(with_timeouts(connect)), platform, made).await
    }

    /// Made so, with a claims platform of its own.
    pub async fn made(connect: PgConnectOptions, made: Made) -> Self {
        let platform = TestPlatform::new().await.unwrap();
        Self::build(pool_options().connect_lazy_with(with_timeouts(connect)), platform, made).await
    }

    /// The same for many at once that wait for their turn.
    pub async fn made_for_a_crowd(connect: PgConnectOptions, made: Made) -> Self {
        Self::build(patient_pool(connect), TestPlatform::new().await.unwrap(), made).await
    }

    /// With an emulated carrier, over a given pool and platform.
    pub async fn with_carrier_over(pool: PgPool, platform: TestPlatform) -> Self {
        Self::build(pool, platform, Made::with_carrier()).await
    }

    /// Without a carrier, over a given pool and platform.
    pub async fn over(pool: PgPool, platform: TestPlatform) -> Self {
        Self::build(pool, platform, Made::default()).await
    }

    /// Without a carrier, with a replica that is read so.
    pub async fn reading(connect: PgConnectOptions, platform: TestPlatform, options: ReplicaOptions) -> Self {
        Self::build(pool_options().connect_lazy_with(with_timeouts(connect)), platform, Made { replica: options, ..Made::default() }).await
    }

    /// Another server, over the same databases.
    pub async fn again(self, made: Made) -> Self {
        let Self { pool, platform, .. } = self;
        Self::build(pool, platform, made).await
    }

    async fn build(pool: PgPool, platform: TestPlatform, made: Made) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let base = format!("http://{address}");
        let carrier = match made.pace {
            Some(pace) => {
                let public = made.public.as_ref().unwrap_or(&base);
                Some(carrier::emulated(address, public, "+442079460000", pace).await.unwrap())
            }
            None => None,
        };
        let replica_proxy = TcpProxy::in_front_of(platform.replica_url()).await.unwrap();
        let replicas: Vec<&str> = made.replicas.iter().map(String::as_str).collect();
        if !replicas.is_empty() {
            replica_proxy.spread_over(&replicas).unwrap();
        }
        let replica = Replica::connect(replica_proxy.url(), made.replica).unwrap();
        let clock = Clock::starting_at(OPEN.parse().unwrap());
        let parts = AppParts {
            pool: pool.clone(),
            replica: replica.clone(),
            cache: CacheOptions::default(),
            clock: clock.clone(),
            numbers: development().numbers(),
            is_practice: true,
            is_gate_off: made.is_gate_off,
            mode: made.mode,
            telephone: carrier.as_ref().map(|carrier| carrier.telephone.clone()),
            recordings: recording_store(),
            trusted_proxies: made.trusted_proxies,
            metrics_token: Some(METRICS_TOKEN.into()),
        };
        let (app, outgoing) = App::new(parts).await.unwrap();

        let router = router(&app, &base, Path::new("no-front-end-in-these-tests"), Arc::new(watch::Sender::new(false)));
        let router = cron::mount(router, &app.queue, &CRON_SECRET.into());
        let router = match &carrier {
            Some(carrier) => carrier.mount(router),
            None => router,
        };
        let mut background = JoinSet::new();
        background.spawn(server::events::send_hints(pool.clone(), outgoing));
        background.spawn(server::events::hear_hints(app.clone()));
        let watched = replica.clone();
        let queue = app.queue.clone();
        background.spawn(async move { watched.watch_lag(move || queue.max_lag_millis()).await });
        background.spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
        let started = Self { app, pool, clock, platform, replica_proxy, base, carrier, _background: background };
        started.until("the lag is known", || started.app.queue.replica_lag().is_some()).await;
        started
    }

    /// Waits, at most 10 s.
    pub async fn until(&self, what: &str, condition: impl Fn() -> bool) {
        for _ in 0..400 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("waited in vain until {what}");
    }

    /// Brings what was inserted into the platform to the replica, and the queues up to date.
    pub async fn discover(&self) -> queue::DiscoveryReport {
        self.platform.caught_up().await.unwrap();
        self.app.queue.discover(queue::Order::default()).await.unwrap()
    }

    /// Somebody who is signed in and available.
    pub async fn signed_in(&self, role: Role) -> Client {
        let agent: i64 = sqlx::query_scalar(
            "insert into auth.agent (email, name, role, password_hash, created_at, intention, intention_since)
             values (gen_random_uuid() || '@example.co.uk', 'Robin Tester', $1, '', $2, 'available', $2)
             returning id",
        )
        .bind(role.as_str())
        .bind(machine_now())
        .fetch_one(&self.pool)
        .await
        .unwrap();
        self.client(Some(self.session_cookie(agent).await), agent)
    }

    /// Nobody in particular, who keeps whatever cookie comes.
    pub fn anonymous(&self) -> Client {
        self.client(None, 0)
    }

    fn client(&self, cookie: Option<String>, agent: i64) -> Client {
        let mut headers = header::HeaderMap::new();
        headers.insert(header::ORIGIN, self.base.parse().unwrap());
        if let Some(cookie) = cookie {
            headers.insert(header::COOKIE, cookie.parse().unwrap());
        }
        let http = reqwest::Client::builder().cookie_store(true).default_headers(headers).build().unwrap();
        Client { http, base: self.base.clone(), agent }
    }

    /// Posts what the carrier would, signed as it signs; the status and the text of the answer.
    pub async fn webhook(&self, path_and_query: &str, form: &[(&str, &str)]) -> (u16, String) {
        let url = format!("{}{path_and_query}", self.base);
        let params: twilio::Params = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let token = &self.carrier.as_ref().unwrap().telephone.auth_token;
        let signature = twilio::signature::sign(token, &url, &params);
        let response = reqwest::Client::new().post(url).header("x-twilio-signature", signature).form(form).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    /// Waits, at most 30 s, until so many are counted.
    pub async fn until_count(&self, what: &str, sql: &'static str, wanted: i64) {
        for _ in 0..600 {
            if self.count(sql).await == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("waited in vain until {what}");
    }

    /// Another browser of the same agent.
    pub async fn signed_in_again(&self, agent: &Client) -> Client {
        self.client(Some(self.session_cookie(agent.agent).await), agent.agent)
    }

    /// A session as signing in makes it, without the price of a password; its cookie.
    pub async fn session_cookie(&self, agent: i64) -> String {
        let id = Id::default();
        sqlx::query(
            "insert into auth.session (id_hash, agent_id, created_at, last_seen_at, expires_at)
             values ($1, $2, $3, $3, $3 + interval '2 hours')",
        )
        .bind(Sha256::digest(id.0.to_le_bytes()).to_vec())
        .bind(agent)
        .bind(machine_now())
        .execute(&self.pool)
        .await
        .unwrap();
        format!("dialler_session={id}")
    }

    /// Makes every connection to the replica that may be needed, and prepares there what a slow replica would take long for.
    pub async fn warm_replica(&self) {
        for _ in 0..4 {
            let all = (0..12).map(|_| self.app.replica.context(UserId::new(1), users::Extras::default(), self.now(), PATIENCE));
            for read in futures::future::join_all(all).await {
                read.unwrap();
            }
        }
    }

    /// Every row of every module, without the times at which somebody was last heard.
    pub async fn everything_but_hearing(&self) -> Vec<String> {
        let tables: Vec<String> = sqlx::query_scalar(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('auth', 'queue', 'server') order by 1",
        )
        .fetch_all(&self.pool)
        .await
        .unwrap();
        let mut rows = Vec::new();
        for table in tables {
            let statement = format!(
                "select (to_jsonb(t) - array['seen_at', 'last_seen_at', 'expires_at'])::text || '{table}' from {table} t order by 1"
            );
            rows.extend(sqlx::query_scalar::<_, String>(sqlx::AssertSqlSafe(statement)).fetch_all(&self.pool).await.unwrap());
        }
        assert!(rows.iter().any(|row| row.ends_with("queue.entry")));
        rows
    }

    pub async fn count(&self, what: &'static str) -> i64 {
        sqlx::query_scalar(what).fetch_one(&self.pool).await.unwrap()
    }

    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// The end of a test that went well: its databases go too.
    pub async fn stop(self) {
        self.platform.drop().await.unwrap();
    }
}

/// One browser.
#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub base: String,
    pub agent: i64,
}

impl Client {
    /// Posts JSON from the product's own origin; the status and the JSON of the answer.
    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self.http.post(format!("{}{path}", self.base)).json(&body).send().await.unwrap();
        let status = response.status().as_u16();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Posts and expects success.
    pub async fn ask(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// Posts, and tries again while the server says that it cannot now, as the agent is told to: where so many ask at once that the machine
    /// is the limit. The status and the JSON of the answer.
    pub async fn post_again(&self, path: &str, body: &Value) -> (u16, Value) {
        let began = Instant::now();
        let mut pause = Duration::from_millis(100);
        loop {
            let turn = TURNS.acquire().await.unwrap();
            let (status, answer) = self.post(path, body.clone()).await;
            drop(turn);
            if status != 503 {
                return (status, answer);
            }
            assert!(began.elapsed() < Duration::from_mins(3), "{path}: {answer}");
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(2));
        }
    }

    /// Call next, tried again.
    pub async fn call_next_again(&self, queue: &str) -> Value {
        let (status, answer) = self.post_again("/api/queue/call_next", &serde_json::json!({"queue": queue})).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub async fn call_next(&self) -> Value {
        self.ask("/api/queue/call_next", serde_json::json!({"queue": "unsigned_users"})).await
    }
}

/// What is logged while its guard lives, by everything that the test runs.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    pub fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The lines with these words.
    pub fn lines(&self, words: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(words)).map(ToOwned::to_owned).collect()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Our own database as a server has it, but with more connections, and more time to wait for one than a request is given.
pub fn patient_pool(connect: PgConnectOptions) -> PgPool {
    pool_options().max_connections(24).acquire_timeout(Duration::from_mins(1)).connect_lazy_with(with_timeouts(connect))
}

/// The configuration of development, without anything set.
pub fn development() -> EnvironmentConfig {
    config(|_| None).environment
}

/// That configuration, with what else is said.
fn config(more: impl Fn(&str) -> Option<String>) -> Config {
    let variables = [
        ("ENVIRONMENT", "development"),
        ("DATABASE_URL", "postgres://nobody@nowhere/none"),
        ("REPLICA_DATABASE_URL", "mysql://nobody@nowhere/none"),
    ];
    let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Config::from_variables(|name| find(name).or_else(|| more(name))).unwrap()
}

/// Where recordings are kept: in memory, or in the S3-compatible store that RECORDINGS_URL names, as scripts/test-store has it.
#[expect(clippy::disallowed_methods, reason = "a test has no other way to be told of a store")]
fn recording_store() -> calls::RecordingStore {
    let given = |name: &str| std::env::var(name).ok().filter(|_| name == "RECORDINGS_URL" || name.starts_with("AWS_"));
    if given("RECORDINGS_URL").is_some_and(|url| url.starts_with("s3://")) {
        return server::app::connect_recordings(&config(given).recordings).unwrap();
    }
    calls::RecordingStore::open(&"memory:///".parse().unwrap(), []).unwrap()
}

/// How long a test waits for something that is to happen: more than a machine needs that is twice as busy.
pub const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Asks again until the answer is yes, for [`LONGEST_WAIT`] at most.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < LONGEST_WAIT, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Hints as an open screen of this server hears them.
pub struct Hearing<'a> {
    app: &'a TestApp,
    hints: broadcast::Receiver<Hint>,
    heard: Vec<Hint>,
    marks: Vec<Hint>,
}

impl TestApp {
    /// Hears what is said from now on; what was said before has passed.
    pub async fn hear(&self) -> Hearing<'_> {
        let mut hearing = Hearing { app: self, hints: self.app.hints().subscribe(), heard: Vec::new(), marks: Vec::new() };
        hearing.so_far().await;
        hearing
    }

    /// The hints of all that was done before have passed, and with them the statements by which they were sent.
    pub async fn hints_have_passed(&self) {
        self.hear().await;
    }
}

impl Hearing<'_> {
    /// What has been said since it was asked last. A mark is sent after it, and another one when the first is heard: hints of one moment are
    /// sent together and not in their order, but those of the next come behind them. So nothing is on its way any more.
    pub async fn so_far(&mut self) -> Vec<Hint> {
        self.mark().await;
        self.mark().await;
        let marks = &self.marks;
        self.heard.drain(..).filter(|hint| !marks.contains(hint)).collect()
    }

    /// The next thing that is said.
    pub async fn next(&mut self) -> Hint {
        loop {
            let hint = tokio::time::timeout(LONGEST_WAIT, self.hints.recv()).await.unwrap().unwrap();
            if !self.marks.contains(&hint) {
                return hint;
            }
        }
    }

    /// Has a hint said that nobody else causes, and hears everything up to it.
    async fn mark(&mut self) {
        let (mark, email): (i64, String) = sqlx::query_as(
            "insert into auth.agent (email, name, role, password_hash, created_at, intention, intention_since)
             values (gen_random_uuid() || '@example.co.uk', 'A mark', 'agent', '', $1, 'offline', $1)
             returning id, email",
        )
        .bind(machine_now())
        .fetch_one(&self.app.pool)
        .await
        .unwrap();
        let mark = Hint::Agent(AgentId::new(mark));
        self.marks.push(mark);
        let began = Instant::now();
        // Said again, of another change, where the server does not listen yet.
        for role in [Role::Supervisor, Role::Agent].into_iter().cycle() {
            self.app.app.auth.set_role(&email, role).await.unwrap();
            let heard = async {
                loop {
                    let hint = self.hints.recv().await.unwrap();
                    self.heard.push(hint);
                    if hint == mark {
                        return;
                    }
                }
            };
            if tokio::time::timeout(Duration::from_secs(2), heard).await.is_ok() {
                return;
            }
            assert!(began.elapsed() < LONGEST_WAIT, "no hint is heard");
        }
    }
}

//! The composition root: which implementation of anything is used, and who is given what.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use auth::{Auth, TrustedProxies};
use calls::{Calls, CallsParts, RecordingStore, Telephone};
use kernel::{Clock, Hint, Hints};
use queue::{HandBack, Queue, QueueMode, QueueParts};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::sync::broadcast;
use tokio::sync::mpsc::UnboundedReceiver;
use users::{CacheOptions, Contexts, Replica, ReplicaOptions};

use crate::clock;
use crate::config::{Config, DatabaseConfig, RecordingsConfig, ReplicaConfig};
use crate::events;
use crate::health::ReportLimit;
use crate::monitoring;

/// Connections to our own database. On few cores more only queue in the server instead of here.
const POOL_SIZE: u32 = 12;
/// One statement of ours may take so long; discovery's merges stay far below.
const STATEMENT_TIMEOUT: &str = "10s";
/// A request waits so long for a connection before it is told that the database does not answer.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Hints that a slow browser may be behind before it is told to ask for everything. More than are ever sent at once.
const HINTS_KEPT: usize = 2 * events::MOST_AT_ONCE;

/// Everything that serves, wired. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// Our own database.
    pub pool: PgPool,
    /// The claims platform.
    pub replica: Replica,
    /// Staff.
    pub auth: Auth,
    /// Who is next.
    pub queue: Queue,
    /// Calls.
    pub calls: Calls,
    /// The business clock.
    pub clock: Clock,
    /// The business clock is not the machine's.
    pub is_practice: bool,
    /// Nobody is refused, whatever the gate finds.
    pub is_gate_off: bool,
    /// People for display.
    pub contexts: Contexts,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) metrics_token: Option<Arc<SecretString>>,
    pub(crate) reports: ReportLimit,
    pub(crate) hints: broadcast::Sender<Hint>,
}

/// What an [`App`] is made of.
#[derive(Debug)]
pub struct AppParts {
    /// Our own database.
    pub pool: PgPool,
    /// The claims platform.
    pub replica: Replica,
    /// How people are kept for display.
    pub cache: CacheOptions,
    /// The business clock.
    pub clock: Clock,
    /// Which numbers may be rung.
    pub numbers: kernel::NumberPolicy,
    /// The business clock is not the machine's.
    pub is_practice: bool,
    /// Nobody is refused, whatever the gate finds: development only.
    pub is_gate_off: bool,
    /// How it is known who may be called.
    pub mode: QueueMode,
    /// The carrier; none: nobody can be rung.
    pub telephone: Option<Telephone>,
    /// Where recordings are kept.
    pub recordings: RecordingStore,
    /// Whose word on where a request came from is believed.
    pub trusted_proxies: TrustedProxies,
    /// What opens /metrics; none: nothing does.
    pub metrics_token: Option<SecretString>,
}

impl App {
    /// Wires the parts. Also gives the end of the hints that are to be told to the other servers.
    pub async fn new(parts: AppParts) -> anyhow::Result<(Self, UnboundedReceiver<Hint>)> {
        monitoring::collect()?;
        let (hints, outgoing) = Hints::channel();
        let auth = staff(&parts.pool, &hints, &parts.clock);
        let queue = Queue::new(QueueParts {
            pool: parts.pool.clone(),
            replica: parts.replica.clone(),
            auth: auth.clone(),
            clock: parts.clock.clone(),
            hints: hints.clone(),
            numbers: parts.numbers,
            is_practice: parts.is_practice,
            is_gate_off: parts.is_gate_off,
            mode: parts.mode,
        })
        .await?;
        let contexts = Contexts::new(parts.replica.clone(), &parts.cache)?;
        let calls = Calls::new(CallsParts {
            pool: parts.pool.clone(),
            auth: auth.clone(),
            queue: queue.clone(),
            contexts: contexts.clone(),
            hints,
            telephone: parts.telephone,
            recordings: parts.recordings,
        });
        let app = Self {
            pool: parts.pool,
            replica: parts.replica,
            auth,
            queue,
            calls,
            clock: parts.clock,
            is_practice: parts.is_practice,
            is_gate_off: parts.is_gate_off,
            contexts,
            trusted_proxies: parts.trusted_proxies,
            metrics_token: parts.metrics_token.map(Arc::new),
            reports: ReportLimit::default(),
            hints: broadcast::Sender::new(HINTS_KEPT),
        };
        Ok((app, outgoing))
    }

    /// Where the hints of all servers reach the event streams of this one.
    pub fn hints(&self) -> broadcast::Sender<Hint> {
        self.hints.clone()
    }

    /// Connects as configured. Needs our own database, migrated; the replica may be away.
    pub async fn connect(config: &Config, telephone: Option<Telephone>) -> anyhow::Result<(Self, UnboundedReceiver<Hint>)> {
        let pool = connect_database(&config.database)?;
        require_migrated(&pool).await?;
        Self::new(AppParts {
            clock: clock::business_clock(&pool, config.environment.clock).await?,
            pool,
            replica: connect_replica(&config.replica)?,
            cache: config.cache.clone(),
            numbers: config.environment.numbers(),
            is_practice: config.environment.clock.is_some(),
            is_gate_off: config.environment.is_gate_off,
            mode: config.discovery.mode,
            telephone,
            recordings: connect_recordings(&config.recordings)?,
            trusted_proxies: config.http.trusted_proxies.clone(),
            metrics_token: config.http.metrics_token.clone(),
        })
        .await
    }
}

/// Where recordings are kept, as configured; connects to nothing yet.
pub fn connect_recordings(config: &RecordingsConfig) -> anyhow::Result<RecordingStore> {
    let options = config.options.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
    RecordingStore::open(&config.url, options).context("RECORDINGS_URL cannot be used")
}

/// Staff, with whoever must know that somebody has left.
pub(crate) fn staff(pool: &PgPool, hints: &Hints, clock: &Clock) -> Auth {
    Auth::new(pool.clone(), hints.clone(), Arc::new(HandBack::new(pool.clone(), hints.clone(), clock.clone())))
}

/// The pool of our own database; connects when it is first used, and again whenever the database comes back.
pub fn connect_database(config: &DatabaseConfig) -> anyhow::Result<PgPool> {
    let options: PgConnectOptions = config.url.expose_secret().parse().context("DATABASE_URL cannot be read")?;
    Ok(pool_options().connect_lazy_with(with_timeouts(options)))
}

/// Time-outs on the server's side: one on the client's side alone would leave the statement running.
pub fn with_timeouts(options: PgConnectOptions) -> PgConnectOptions {
    options.application_name("dialler").options([
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("lock_timeout", "2s"),
        ("idle_in_transaction_session_timeout", "10s"),
        // Our statements take milliseconds; compiling one to machine code takes a second.
        ("jit", "off"),
    ])
}

/// How our own database is pooled.
pub fn pool_options() -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(POOL_SIZE)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A ping at every acquire would be one more round trip for every statement.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > Duration::from_secs(30) {
                    sqlx::Connection::ping(connection).await?;
                }
                Ok(true)
            })
        })
}

/// The claims platform's replica, read-only.
pub fn connect_replica(config: &ReplicaConfig) -> anyhow::Result<Replica> {
    let options = ReplicaOptions { lag_source: config.lag_source, heartbeat: config.heartbeat.clone(), ..ReplicaOptions::default() };
    Ok(Replica::connect(config.url.expose_secret(), options)?)
}

/// Refuses a database that is behind this program, with what to do. A later one is fine: the previous program runs on
/// the next schema.
async fn require_migrated(pool: &PgPool) -> anyhow::Result<()> {
    let applied: Vec<i64> = sqlx::query_scalar("select version from _sqlx_migrations where success")
        .fetch_all(pool)
        .await
        .or_else(|error| match &error {
            // 42P01: there is no such table, so nothing was ever migrated.
            sqlx::Error::Database(cause) if cause.code().as_deref() == Some("42P01") => Ok(Vec::new()),
            _ => Err(error),
        })
        .context("the database could not be asked for its migrations")?;
    let missing = crate::MIGRATOR.iter().filter(|migration| !applied.contains(&migration.version)).count();
    anyhow::ensure!(missing == 0, "the database lacks {missing} migrations: run `dialler migrate`");
    Ok(())
}

/// A name that a server function asks for, provided to each.
pub(crate) fn provide(app: &App) -> impl Fn() + Clone + Send + Sync + 'static {
    let (auth, queue, calls) = (app.auth.clone(), app.queue.clone(), app.calls.clone());
    move || {
        leptos::prelude::provide_context(auth.clone());
        leptos::prelude::provide_context(queue.clone());
        leptos::prelude::provide_context(calls.clone());
    }
}

/// Shared by everything that must end when the server stops.
pub(crate) type Stopping = Arc<tokio::sync::watch::Sender<bool>>;

//! The pool of connections to the replica, and the questions that are asked of it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use kernel::UserId;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Connection, Executor, MySql, MySqlConnection, MySqlPool};

use crate::account::beyond_reading;
use crate::context::Context;
use crate::error::ReplicaError;
use crate::lag::{Heartbeat, LagSource};
use crate::store;
use crate::types::{ClaimEnd, Extras, Facts, FoundUser, ReplicaLag, Search};

/// The server ends a statement after 1.5 s, as every session tells it when it is opened; we wait a little longer, for its answer to
/// arrive.
pub const PATIENCE: Duration = Duration::from_millis(1_600);

/// A range is three statements with a limit of their own each, and two that begin and end the snapshot.
const RANGE_PATIENCE: Duration = Duration::from_secs(6);

/// How long a free connection may take to be had, or made.
const ACQUIRE_PATIENCE: Duration = Duration::from_secs(1);

/// Connections that rested longer are tried before they are used.
const TRUSTED_IDLE: Duration = Duration::from_secs(30);

/// A search reads every user there is. So many at once, so that those who are looked for, and everybody who rings us, leave connections to Call
/// next.
const SEARCHES_AT_ONCE: usize = 3;

/// How often the lag is sampled, and how old a sample may grow before it says nothing any more.
const SAMPLE_EVERY: Duration = Duration::from_millis(500);
const SAMPLE_LIFE: Duration = Duration::from_secs(2);

/// How the replica is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicaOptions {
    /// Connections at most.
    pub max_connections: u32,
    /// Where its lag is learnt.
    pub lag_source: LagSource,
    /// Where the heartbeat is, if that tells.
    pub heartbeat: Heartbeat,
}

impl Default for ReplicaOptions {
    fn default() -> Self {
        Self { max_connections: 12, lag_source: LagSource::Status, heartbeat: Heartbeat::default() }
    }
}

/// The claims platform's replica. Clones share connections, samples and counters.
#[derive(Clone, Debug)]
pub struct Replica {
    pool: MySqlPool,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    source: String,
    lag_source: LagSource,
    heartbeat: Heartbeat,
    reads: AtomicU64,
    samples: AtomicU64,
    last_lag: Mutex<Option<(Duration, Instant)>>,
    searches: tokio::sync::Semaphore,
    /// When a connection was last found to be cut.
    last_cut: Arc<Mutex<Option<Instant>>>,
}

/// Everybody in a range of ids, read at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// In the order of their ids.
    pub facts: Vec<Facts>,
    /// Users of whom something could not be read; nothing is known of them now.
    pub unreadable: Vec<UserId>,
    /// The range begins above this id.
    pub after: i64,
    /// The last id of the range; none when it runs to the end, however far that is.
    pub through: Option<i64>,
}

type Answer<'c, T> = Pin<Box<dyn Future<Output = Result<T, ReplicaError>> + Send + 'c>>;

impl Replica {
    /// Connects when first asked: the replica may be away now.
    pub fn connect(url: &str, options: ReplicaOptions) -> Result<Self, ReplicaError> {
        let connect = MySqlConnectOptions::from_str(url).map_err(ReplicaError::Address)?.disable_statement_logging();
        let source = format!("{}:{}/{}", connect.get_host(), connect.get_port(), connect.get_database().unwrap_or_default());
        let last_cut = Arc::new(Mutex::new(None::<Instant>));
        let cut = Arc::clone(&last_cut);
        let pool = MySqlPoolOptions::new()
            .max_connections(options.max_connections)
            .acquire_timeout(ACQUIRE_PATIENCE)
            // A ping before every use is one more round trip; only connections that rested long need one, and those that rested while another
            // was cut: whatever cut it, a restart of the server, will have cut them, too.
            .test_before_acquire(false)
            .before_acquire(move |conn, meta| {
                let last_cut = *cut.lock().unwrap_or_else(PoisonError::into_inner);
                let is_doubted = meta.idle_for > TRUSTED_IDLE || last_cut.is_some_and(|at| meta.idle_for > at.elapsed());
                Box::pin(async move {
                    if is_doubted {
                        conn.ping().await?;
                    }
                    Ok(true)
                })
            })
            .after_connect(|conn, _| Box::pin(async move { conn.execute(store::OPEN_SESSION).await.map(|_| ()) }))
            .connect_lazy_with(connect);
        let shared = Shared {
            source,
            lag_source: options.lag_source,
            heartbeat: options.heartbeat,
            reads: AtomicU64::new(0),
            samples: AtomicU64::new(0),
            last_lag: Mutex::new(None),
            searches: tokio::sync::Semaphore::new(SEARCHES_AT_ONCE),
            last_cut,
        };
        Ok(Self { pool, shared: Arc::new(shared) })
    }

    /// The facts of one user in one round trip; none when there is no such user. `now` is noted as the time they were read.
    pub async fn facts(&self, user: UserId, extras: Extras, now: DateTime<Utc>) -> Result<Option<Facts>, ReplicaError> {
        self.ask(PATIENCE, 1, move |conn| Box::pin(store::facts(conn, user, extras, now))).await
    }

    /// Facts and everything that an agent sees of one user, in one round trip; none when there is no such user. Given up after
    /// `patience`, for whoever has spent some of their time already.
    pub async fn context(
        &self,
        user: UserId,
        extras: Extras,
        now: DateTime<Utc>,
        patience: Duration,
    ) -> Result<Option<Context>, ReplicaError> {
        self.ask(patience.min(PATIENCE), 1, move |conn| Box::pin(store::context(conn, user, extras, now))).await
    }

    /// Somebody's claims as far as they tell when they ended; none when there is no such user.
    pub async fn claim_ends(&self, user: UserId) -> Result<Option<Vec<ClaimEnd>>, ReplicaError> {
        self.ask(PATIENCE, 1, move |conn| Box::pin(store::claim_ends(conn, user))).await
    }

    /// The names of these users, those that are known, in one statement.
    pub async fn names(&self, users: &[UserId]) -> Result<HashMap<UserId, String>, ReplicaError> {
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let users = users.to_vec();
        self.ask(PATIENCE, 1, move |conn| Box::pin(async move { store::names(conn, &users).await })).await
    }

    /// Users who are looked for, the newest first, at most 21.
    pub async fn search(&self, search: &Search) -> Result<Vec<FoundUser>, ReplicaError> {
        let search = search.clone();
        let turn = tokio::time::timeout(PATIENCE, self.shared.searches.acquire()).await;
        let _turn = turn.map_err(|_| ReplicaError::too_slow(PATIENCE))?;
        self.ask(PATIENCE, 1, move |conn| Box::pin(async move { store::search(conn, &search).await })).await
    }

    /// The id of the last of `limit` users above the id `after`; none when there are fewer of them now.
    pub async fn range_end(&self, after: i64, limit: u32) -> Result<Option<i64>, ReplicaError> {
        self.ask(PATIENCE, 1, move |conn| Box::pin(store::range_end(conn, after, limit))).await
    }

    /// Everybody above the id `after`, through `through` or, without one, to the end of all ids; all as of one moment. `now` is
    /// noted as the time they were read.
    pub async fn range(&self, after: i64, through: Option<i64>, extras: Extras, now: DateTime<Utc>) -> Result<Range, ReplicaError> {
        let statements = 5 + u64::from(extras.post_codes) + u64::from(extras.payments);
        self.ask(RANGE_PATIENCE, statements, move |conn| {
            Box::pin(async move {
                store::begin_snapshot(conn).await?;
                let range = store::range(conn, after, through, extras, now).await?;
                store::end_snapshot(conn).await?;
                Ok(range)
            })
        })
        .await
    }

    /// Refuses an account that could write. The read-only session is a seat belt, since any client can take it off; this is the lock.
    pub async fn check_account(&self) -> Result<(), ReplicaError> {
        let grants = self.ask(PATIENCE, 1, |conn| Box::pin(store::grants(conn))).await?;
        let beyond = beyond_reading(&grants);
        if beyond.is_empty() { Ok(()) } else { Err(ReplicaError::AccountCanWrite { privileges: beyond.join(", ") }) }
    }

    /// Which claims platform it is: host, port and database.
    pub fn source(&self) -> &str {
        &self.shared.source
    }

    /// Statements sent so far, those that open a connection left out.
    pub fn statements(&self) -> u64 {
        self.reads() + self.shared.samples.load(Ordering::Relaxed)
    }

    /// Those among them that were not about the lag, which is sampled in the background.
    pub fn reads(&self) -> u64 {
        self.shared.reads.load(Ordering::Relaxed)
    }

    /// The lag as last sampled. None when the replication is stopped, when it was never sampled, or when what the last good sample tells
    /// of is older than 2 s: an unknown lag is no small lag.
    pub fn lag(&self) -> Option<ReplicaLag> {
        if self.shared.lag_source == LagSource::None {
            return Some(ReplicaLag { millis: 0, sample_age_millis: 0 });
        }
        let (lag, taken) = (*self.shared.last_lag.lock().unwrap_or_else(PoisonError::into_inner))?;
        let age = taken.elapsed();
        (age <= SAMPLE_LIFE).then(|| ReplicaLag { millis: millis(lag), sample_age_millis: millis(age) })
    }

    /// Where the lag is learnt.
    pub fn lag_source(&self) -> LagSource {
        self.shared.lag_source
    }

    /// Asks the replica for its lag and keeps the answer; none while the replication is stopped.
    pub async fn sample_lag(&self) -> Result<Option<ReplicaLag>, ReplicaError> {
        // The answer is true of the time it was asked for, not of the time it arrived.
        let asked = Instant::now();
        let source = self.shared.lag_source;
        if source == LagSource::None {
            return Ok(self.lag());
        }
        let heartbeat = self.shared.heartbeat.statement();
        let samples = &self.shared.samples;
        let behind = self
            .ask(PATIENCE, 0, move |conn| {
                samples.fetch_add(1, Ordering::Relaxed);
                Box::pin(async move {
                    match source {
                        LagSource::Heartbeat => store::by_heartbeat(conn, heartbeat).await,
                        LagSource::Aurora => store::by_aurora(conn).await,
                        LagSource::Status | LagSource::None => store::by_status(conn).await,
                    }
                })
            })
            .await?;
        let sample = behind.and_then(|behind| Some((behind.by, asked.checked_sub(behind.ago)?)));
        *self.shared.last_lag.lock().unwrap_or_else(PoisonError::into_inner) = sample;
        Ok(self.lag())
    }

    /// Samples the lag twice a second, for as long as it is polled.
    pub async fn watch_lag(self) {
        let mut ticks = tokio::time::interval(SAMPLE_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut was = String::new();
        loop {
            ticks.tick().await;
            let is = match self.sample_lag().await {
                Ok(Some(_)) => String::new(),
                Ok(None) => self.shared.lag_source.silence().to_owned(),
                Err(error @ ReplicaError::Unavailable(_)) => error.to_string(),
                Err(error) => format!("{error}: {}", std::error::Error::source(&error).map_or_else(String::new, ToString::to_string)),
            };
            // Said when it changes, not twice a second.
            match (was == is, is.is_empty()) {
                (true, _) => {}
                (false, true) => tracing::info!("the replica's lag is known again"),
                (false, false) => tracing::warn!(replica.problem = %is, "the replica's lag is unknown"),
            }
            was = is;
        }
    }

    /// Asks on a connection, for no longer than `patience` in all. A connection whose question was not answered to the end, because
    /// of a time-out or because nobody waits any more, is closed: given back, it would keep its next user waiting.
    async fn ask<T>(
        &self,
        patience: Duration,
        reads: u64,
        question: impl for<'c> FnOnce(&'c mut MySqlConnection) -> Answer<'c, T> + Send,
    ) -> Result<T, ReplicaError> {
        let asked = async {
            let conn = self.pool.acquire().await.map_err(ReplicaError::Unavailable)?;
            let mut borrowed = Borrowed(Some(conn));
            self.shared.reads.fetch_add(reads, Ordering::Relaxed);
            let Some(conn) = borrowed.0.as_mut() else { return Err(ReplicaError::Unavailable(sqlx::Error::PoolClosed)) };
            let answer = question(conn).await;
            match &answer {
                Ok(_) => borrowed.give_back(),
                Err(ReplicaError::Unavailable(sqlx::Error::Io(_))) => {
                    *self.shared.last_cut.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
                }
                Err(_) => {}
            }
            answer
        };
        tokio::time::timeout(patience, asked).await.unwrap_or_else(|_| Err(ReplicaError::too_slow(patience)))
    }
}

/// A connection that is closed unless it is given back.
struct Borrowed(Option<PoolConnection<MySql>>);

impl Borrowed {
    fn give_back(mut self) {
        drop(self.0.take());
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(conn.detach());
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use testkit::{TcpProxy, TestPlatform};

    use super::*;

    /// The account of the primary may write: what keeps it from writing here is the session.
    #[tokio::test]
    async fn no_session_of_the_pool_can_write() {
        let platform = TestPlatform::new().await.unwrap();
        platform.user(1).insert().await.unwrap();
        let replica = Replica::connect(platform.primary_url(), ReplicaOptions::default()).unwrap();

        for sql in [
            "insert into users (id, is_enabled) values (2, 1)",
            "update users set is_enabled = 0",
            "delete from users",
            "create table mine (id int)",
            "select id from users for update",
        ] {
            let error = sqlx::query(sql).execute(&replica.pool).await.unwrap_err();
            let number = error.as_database_error().unwrap().downcast_ref::<sqlx::mysql::MySqlDatabaseError>().number();
            assert_eq!(number, 1792, "{sql}: {error}");
        }
        replica.pool.close().await;
        platform.drop().await.unwrap();
    }

    #[tokio::test]
    async fn a_restart_of_the_server_costs_one_question_however_many_connections_rested() {
        let platform = TestPlatform::new().await.unwrap();
        platform.user(1).insert().await.unwrap();
        platform.caught_up().await.unwrap();
        let proxy = TcpProxy::in_front_of(platform.replica_url()).await.unwrap();
        let replica = Replica::connect(proxy.url(), ReplicaOptions::default()).unwrap();
        let read = || replica.facts(UserId::new(1), Extras::default(), kernel::machine_now());
        let mut used = Vec::new();
        for _ in 0..6 {
            used.push(replica.pool.acquire().await.unwrap());
        }
        drop(used);
        while replica.pool.num_idle() < 6 {
            tokio::task::yield_now().await;
        }

        proxy.stop().await;
        proxy.resume().await;
        assert!(read().await.unwrap_err().is_unavailable(), "nothing told us yet");
        for _ in 0..12 {
            assert!(read().await.unwrap().is_some());
        }
        replica.pool.close().await;
        platform.drop().await.unwrap();
    }

    #[tokio::test]
    async fn the_server_ends_a_slow_statement_and_the_pool_stays_usable() {
        let platform = TestPlatform::new().await.unwrap();
        platform.user(1).insert().await.unwrap();
        platform.caught_up().await.unwrap();
        let replica = Replica::connect(platform.replica_url(), ReplicaOptions { max_connections: 1, ..ReplicaOptions::default() }).unwrap();

        let asked = Instant::now();
        let slow: Result<(), ReplicaError> = replica
            .ask(PATIENCE, 1, |conn| {
                Box::pin(async move {
                    let slow = sqlx::query("select sleep(5) from users").fetch_one(conn).await;
                    slow.map(|_| ()).map_err(|error| ReplicaError::of(error, || "sleep".to_owned()))
                })
            })
            .await;

        let error = slow.unwrap_err();
        let ReplicaError::Unavailable(sqlx::Error::Database(answer)) = &error else { panic!("the server was to end it: {error:?}") };
        assert!(matches!(answer.downcast_ref::<sqlx::mysql::MySqlDatabaseError>().number(), 1969 | 3024), "{answer}");
        assert!(asked.elapsed() < Duration::from_secs(2));

        let asked = Instant::now();
        assert!(replica.facts(UserId::new(1), Extras::default(), kernel::machine_now()).await.unwrap().is_some());
        assert!(asked.elapsed() < Duration::from_millis(500), "the next one waits for nobody: {:?}", asked.elapsed());
        platform.drop().await.unwrap();
    }

    /// A client that gives up does not stop the server: its connection must not be used again.
    #[tokio::test]
    async fn a_question_that_nobody_waits_for_takes_its_connection_with_it() {
        let platform = TestPlatform::new().await.unwrap();
        platform.user(1).insert().await.unwrap();
        platform.caught_up().await.unwrap();
        let replica = Replica::connect(platform.replica_url(), ReplicaOptions { max_connections: 1, ..ReplicaOptions::default() }).unwrap();
        replica.facts(UserId::new(1), Extras::default(), kernel::machine_now()).await.unwrap();

        let dropped: Result<(), ReplicaError> = replica
            .ask(Duration::from_millis(100), 1, |conn| {
                Box::pin(async move {
                    let _ = sqlx::query("select sleep(1.2) from users").fetch_one(conn).await;
                    Ok(())
                })
            })
            .await;
        assert!(dropped.unwrap_err().is_unavailable());

        let asked = Instant::now();
        assert!(replica.facts(UserId::new(1), Extras::default(), kernel::machine_now()).await.unwrap().is_some());
        assert!(asked.elapsed() < Duration::from_millis(800), "{:?}", asked.elapsed());
        platform.drop().await.unwrap();
    }
}

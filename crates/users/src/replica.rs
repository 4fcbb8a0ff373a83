//! The pool of connections to the replica, and the questions that are asked of it.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use kernel::UserId;
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{ConnectOptions, Connection, Executor, MySql, MySqlConnection, MySqlPool};

use crate::account::beyond_reading;
use crate::context::Context;
use crate::error::{ReplicaError, Unproved};
use crate::lag::{Heartbeat, LagSource};
use crate::search::{FoundUser, Search};
use crate::servers::{Servers, Standing};
use crate::status::UnknownStatuses;
use crate::store::{self, Told};
use crate::types::{ClaimEnd, Extras, Facts, ReplicaLag};

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

/// How often the lag is sampled.
const SAMPLE_EVERY: Duration = Duration::from_millis(500);

/// Of a server that is no replica.
const NO_LAG: ReplicaLag = ReplicaLag { millis: 0, sample_age_millis: 0 };

/// Why the lag is unknown of a replica whose own report sees nothing wrong.
const UNHEARD: &str = "nothing has come from the primary for longer than it may be silent";

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
    servers: Mutex<Servers>,
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
    /// What stands where a status should, of all that was read, and is none that the rules know.
    pub unknown_statuses: UnknownStatuses,
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
            servers: Mutex::default(),
            searches: tokio::sync::Semaphore::new(SEARCHES_AT_ONCE),
            last_cut,
        };
        Ok(Self { pool, shared: Arc::new(shared) })
    }

    /// What may decide: read of a server that is known to be at most so many milliseconds behind.
    pub fn within(&self, limit_millis: i64) -> Proved<'_> {
        Proved { replica: self, limit_millis }
    }

    /// The facts of one user in one round trip, whichever server answers and however far behind it is: for what is shown and what can wait for
    /// the gate; none when there is no such user. `now` is noted as the time they were read.
    pub async fn facts(&self, user: UserId, extras: Extras, now: DateTime<Utc>) -> Result<Option<Facts>, ReplicaError> {
        self.ask(PATIENCE, 1, move |conn| Box::pin(async move { Ok(store::facts(conn, user, extras, now).await?.answer) })).await
    }

    /// Facts and everything that an agent sees of one user, in one round trip; else as [`Replica::facts`]. Given up after `patience`, for whoever
    /// has spent some of their time already.
    pub async fn context(
        &self,
        user: UserId,
        extras: Extras,
        now: DateTime<Utc>,
        patience: Duration,
    ) -> Result<Option<Context>, ReplicaError> {
        let patience = patience.min(PATIENCE);
        self.ask(patience, 1, move |conn| Box::pin(async move { Ok(store::context(conn, user, extras, now).await?.answer) })).await
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

    /// At most `limit` users above the id `after` in the order of their ids, each with the number as it stands there.
    pub async fn numbers(&self, after: i64, limit: u32) -> Result<Vec<(UserId, Option<String>)>, ReplicaError> {
        self.ask(PATIENCE, 1, move |conn| Box::pin(store::numbers(conn, after, limit))).await
    }

    /// The id of the last of `limit` users above the id `after`; none when there are fewer of them now.
    pub async fn range_end(&self, after: i64, limit: u32) -> Result<Option<i64>, ReplicaError> {
        self.ask(PATIENCE, 1, move |conn| Box::pin(store::range_end(conn, after, limit))).await
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

    /// The lag as last sampled, of all servers that were met lately the farthest behind. None when the replication of one is stopped, when one
    /// has not been heard of its primary for `limit_millis` longer than is usual there, when none was ever sampled, or when what the last good
    /// samples tell of is older than 2 s: an unknown lag is no small lag.
    pub fn lag(&self, limit_millis: i64) -> Option<ReplicaLag> {
        if self.shared.lag_source == LagSource::None {
            return Some(NO_LAG);
        }
        self.servers().farthest(limit_millis, Instant::now())
    }

    /// Whether it is worth asking: a server is known to be within the limit.
    fn is_any_within(&self, limit_millis: i64) -> bool {
        match self.shared.lag_source {
            LagSource::None => NO_LAG.millis <= limit_millis,
            _ => self.servers().is_any_within(limit_millis, Instant::now()),
        }
    }

    /// What the word of this server was worth when it was asked, by what was known before.
    fn standing(&self, before: &Servers, server: &str, limit_millis: i64, asked: Instant) -> Standing {
        match self.shared.lag_source {
            LagSource::None => Standing::Behind(NO_LAG),
            _ => before.standing(server, limit_millis, asked),
        }
    }

    /// Where the lag is learnt.
    pub fn lag_source(&self) -> LagSource {
        self.shared.lag_source
    }

    /// Asks for the lag of whichever server answers and keeps it; the lag as [`Replica::lag`] has it then.
    pub async fn sample_lag(&self, limit_millis: i64) -> Result<Option<ReplicaLag>, ReplicaError> {
        if self.shared.lag_source != LagSource::None {
            let this = self.clone();
            self.ask(PATIENCE, 0, move |conn| Box::pin(async move { this.sample_on(conn).await })).await?;
        }
        Ok(self.lag(limit_millis))
    }

    /// Samples the lag of the server at the other end.
    async fn sample_on(&self, conn: &mut MySqlConnection) -> Result<(), ReplicaError> {
        self.shared.samples.fetch_add(1, Ordering::Relaxed);
        // The answer is true of the time it was asked for, not of the time it arrived.
        let asked = Instant::now();
        let sample = match self.shared.lag_source {
            LagSource::Heartbeat => store::by_heartbeat(conn, &self.shared.heartbeat).await?,
            LagSource::Aurora => store::by_aurora(conn).await?,
            LagSource::Status | LagSource::None => store::by_status(conn).await?,
        };
        self.servers().keep(&sample, asked);
        Ok(())
    }

    fn servers(&self) -> MutexGuard<'_, Servers> {
        // Nothing that holds the lock can leave it half changed.
        self.shared.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Samples the lag twice a second, for as long as it is polled. `limit_millis` says how far behind a server may be.
    pub async fn watch_lag(self, limit_millis: impl Fn() -> i64 + Send) {
        let mut ticks = tokio::time::interval(SAMPLE_EVERY);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut was = String::new();
        loop {
            ticks.tick().await;
            let limit_millis = limit_millis();
            let is = match self.sample_lag(limit_millis).await {
                Ok(Some(_)) => String::new(),
                Ok(None) if self.servers().is_any_silent(limit_millis, Instant::now()) => UNHEARD.to_owned(),
                Ok(None) => self.shared.lag_source.silence().to_owned(),
                Err(error) if error.is_unavailable() => error.to_string(),
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
            let conn = self.pool.acquire().await.map_err(ReplicaError::of_connecting)?;
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

/// Reads that may decide. The answer names the server that gave it, and holds only if that server is known to be within the limit: of several behind
/// one address, one does not vouch for another's rows (lessons, line 60).
#[derive(Clone, Copy, Debug)]
pub struct Proved<'r> {
    replica: &'r Replica,
    limit_millis: i64,
}

impl Proved<'_> {
    /// As [`Replica::facts`], with the lag of the server that answered.
    pub async fn facts(&self, user: UserId, extras: Extras, now: DateTime<Utc>) -> Result<(Option<Facts>, ReplicaLag), Unproved> {
        self.ask(PATIENCE, 1, move |conn| Box::pin(store::facts(conn, user, extras, now))).await
    }

    /// As [`Replica::context`], with the lag of the server that answered.
    pub async fn context(
        &self,
        user: UserId,
        extras: Extras,
        now: DateTime<Utc>,
        patience: Duration,
    ) -> Result<(Option<Context>, ReplicaLag), Unproved> {
        self.ask(patience.min(PATIENCE), 1, move |conn| Box::pin(store::context(conn, user, extras, now))).await
    }

    /// Somebody's claims as far as they tell when they ended; none when there is no such user.
    pub async fn claim_ends(&self, user: UserId) -> Result<Option<Vec<ClaimEnd>>, Unproved> {
        let (ends, _) = self.ask(PATIENCE, 1, move |conn| Box::pin(store::claim_ends(conn, user))).await?;
        Ok(ends)
    }

    /// Everybody above the id `after`, through `through` or, without one, to the end of all ids; all as of one moment. `now` is
    /// noted as the time they were read.
    pub async fn range(&self, after: i64, through: Option<i64>, extras: Extras, now: DateTime<Utc>) -> Result<Range, Unproved> {
        let statements = 5 + u64::from(extras.post_codes) + u64::from(extras.payments);
        let (range, _) = self
            .ask(RANGE_PATIENCE, statements, move |conn| {
                Box::pin(async move {
                    let server = store::begin_snapshot(conn).await?;
                    let answer = store::range(conn, after, through, extras, now).await?;
                    store::end_snapshot(conn).await?;
                    Ok(Told { server, answer })
                })
            })
            .await?;
        Ok(range)
    }

    /// Asks once when the server that answers was sampled lately. One that was not is sampled on the spot and asked again: what a sample says holds
    /// for what is read after it, not for what was read before. Nothing is asked when no server is known to be within the limit.
    async fn ask<T: Send + 'static>(
        &self,
        patience: Duration,
        reads: u64,
        question: impl for<'c> Fn(&'c mut MySqlConnection) -> Answer<'c, Told<T>> + Send + Sync + 'static,
    ) -> Result<(T, ReplicaLag), Unproved> {
        let (replica, limit_millis) = (self.replica.clone(), self.limit_millis);
        let known = replica.lag(limit_millis);
        if !replica.is_any_within(limit_millis) {
            return Err(Unproved { lag: known, error: None });
        }
        let asking = replica.clone();
        let asked = replica.ask(patience, reads, move |conn| {
            Box::pin(async move {
                let (before, began) = (asking.servers().clone(), Instant::now());
                let told = question(conn).await?;
                let standing = asking.standing(&before, &told.server, limit_millis, began);
                if standing != Standing::NotSampled {
                    return Ok((told.answer, standing));
                }
                asking.sample_on(conn).await?;
                asking.shared.reads.fetch_add(reads, Ordering::Relaxed);
                let (before, began) = (asking.servers().clone(), Instant::now());
                let told = question(conn).await?;
                Ok((told.answer, asking.standing(&before, &told.server, limit_millis, began)))
            })
        });
        match asked.await {
            Ok((answer, Standing::Behind(lag))) if lag.millis <= limit_millis => Ok((answer, lag)),
            Ok((_, Standing::Behind(lag))) => Err(Unproved { lag: Some(lag), error: None }),
            Ok((_, Standing::Unknown | Standing::NotSampled)) => Err(Unproved { lag: None, error: None }),
            Err(error) => Err(Unproved { lag: known, error: Some(error) }),
        }
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
        // Behind the other statement it would have waited for longer than it has.
        assert!(replica.facts(UserId::new(1), Extras::default(), kernel::machine_now()).await.unwrap().is_some());
        platform.drop().await.unwrap();
    }

    /// A client that gives up does not stop the server: its connection must not be used again.
    #[tokio::test]
    async fn a_question_that_nobody_waits_for_takes_its_connection_with_it() {
        let platform = TestPlatform::new().await.unwrap();
        platform.user(1).insert().await.unwrap();
        platform.caught_up().await.unwrap();
        let replica = Replica::connect(platform.replica_url(), ReplicaOptions { max_connections: 1, ..ReplicaOptions::default() }).unwrap();
        let connection = async || -> Result<u64, ReplicaError> {
            let ask = replica.ask(PATIENCE, 1, |conn| {
                Box::pin(async move {
                    let id = sqlx::query_scalar("select connection_id()").fetch_one(conn).await;
                    id.map_err(|error| ReplicaError::of(error, || "its id".to_owned()))
                })
            });
            ask.await
        };
        let first = connection().await.unwrap();
        assert_eq!(connection().await.unwrap(), first, "it is kept");

        let dropped: Result<(), ReplicaError> = replica
            .ask(Duration::from_millis(100), 1, |conn| {
                Box::pin(async move {
                    let _ = sqlx::query("select sleep(1.2) from users").fetch_one(conn).await;
                    Ok(())
                })
            })
            .await;
        assert!(dropped.unwrap_err().is_unavailable());

        assert_ne!(connection().await.unwrap(), first);
        platform.drop().await.unwrap();
    }
}

//! Contexts for display, kept for a moment: in this process, and beside it in a Redis that all servers share, when there is one.
//!
//! Nothing that decides reads from here. The gate and Call next ask the replica themselves, every time.

mod shared;

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use kernel::UserId;
use moka::Expiry;
use moka::future::Cache;
use secrecy::SecretString;

use self::shared::SharedLevel;
use crate::context::Context;
use crate::error::ReplicaError;
use crate::replica::{PATIENCE, Replica};
use crate::types::Extras;

/// What is shown may be so old, wherever it was kept on its way.
pub const KEPT: Duration = Duration::from_secs(15);

/// People kept in this process: more than are looked at within that time by a thousand agents. About 4 KiB each.
const CAPACITY: u64 = 4_000;

/// How contexts are kept.
#[derive(Clone, Debug)]
pub struct CacheOptions {
    /// False: every context is read from the replica.
    pub is_on: bool,
    /// The Redis that servers share; none: each keeps its own.
    pub redis_url: Option<SecretString>,
    /// Redis answers within so long, or is left alone.
    pub redis_patience: Duration,
}

impl Default for CacheOptions {
    /// Without Redis. A context from the replica takes a fraction of the patience.
    fn default() -> Self {
        Self { is_on: true, redis_url: None, redis_patience: Duration::from_millis(50) }
    }
}

/// Why contexts cannot be kept as was asked.
#[derive(Debug, thiserror::Error)]
#[error("the address of Redis cannot be read")]
pub struct CacheError(#[source] redis::RedisError);

/// Contexts for display. Clones share what is kept.
#[derive(Clone, Debug)]
pub struct Contexts {
    replica: Replica,
    own: Option<Cache<UserId, Entry>>,
    shared: Option<SharedLevel>,
}

/// One context as it was read.
#[derive(Clone, Debug)]
struct Entry {
    context: Arc<Context>,
    read: Instant,
}

impl Contexts {
    /// Contexts of this replica. Connects to Redis when it is first needed, and does without it while it is away.
    pub fn new(replica: Replica, options: &CacheOptions) -> Result<Self, CacheError> {
        if !options.is_on {
            return Ok(Self { replica, own: None, shared: None });
        }
        let shared = options
            .redis_url
            .as_ref()
            .map(|url| SharedLevel::new(url, replica.source(), options.redis_patience))
            .transpose()
            .map_err(CacheError)?;
        let own = Cache::builder().max_capacity(CAPACITY).expire_after(Rest).build();
        Ok(Self { replica, own: Some(own), shared })
    }

    /// One person for display, with how long ago the replica was asked: at most [`KEPT`]. None when there is no such user, which is never
    /// kept. Whoever asks for the same person at the same time waits for one answer.
    pub async fn find(&self, user: UserId, now: DateTime<Utc>) -> Result<Option<(Arc<Context>, Duration)>, Arc<ReplicaError>> {
        let found = match &self.own {
            None => self.read(user, now).await.map_err(Arc::new),
            Some(own) => match own.entry(user).or_try_insert_with(self.load(user, now)).await {
                Ok(entry) => {
                    if !entry.is_fresh() {
                        count("memory");
                    }
                    Ok(entry.into_value())
                }
                Err(missing) => Err(missing),
            },
        };
        match found {
            Ok(entry) => Ok(Some((entry.context, entry.read.elapsed()))),
            Err(missing) => match &*missing {
                Missing::Nobody => Ok(None),
                Missing::Failed(error) => Err(Arc::clone(error)),
            },
        }
    }

    /// Redis is there and answers; false also without one.
    pub fn is_shared(&self) -> bool {
        self.shared.as_ref().is_some_and(SharedLevel::is_used)
    }

    /// From Redis if it is there, otherwise from the replica.
    async fn load(&self, user: UserId, now: DateTime<Utc>) -> Result<Entry, Missing> {
        let Some(shared) = &self.shared else { return self.read(user, now).await };
        if let Some((context, age)) = shared.find(user).await
            && let Some(read) = Instant::now().checked_sub(age)
        {
            count("redis");
            return Ok(Entry { context: Arc::new(context), read });
        }
        let entry = self.read(user, now).await?;
        shared.keep(user, Arc::clone(&entry.context), entry.read);
        Ok(entry)
    }

    async fn read(&self, user: UserId, now: DateTime<Utc>) -> Result<Entry, Missing> {
        // What is answered was true then or later.
        let read = Instant::now();
        let context =
            self.replica.context(user, Extras::default(), now, PATIENCE).await.map_err(|error| Missing::Failed(Arc::new(error)))?;
        count("replica");
        Ok(Entry { context: Arc::new(context.ok_or(Missing::Nobody)?), read })
    }
}

/// Why there is nothing to keep.
#[derive(Debug)]
enum Missing {
    Nobody,
    Failed(Arc<ReplicaError>),
}

/// What is left of [`KEPT`] when an entry is put in: it may come from another server.
struct Rest;

impl Expiry<UserId, Entry> for Rest {
    fn expire_after_create(&self, _: &UserId, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(KEPT.saturating_sub(entry.read.elapsed()))
    }
}

fn count(from: &'static str) {
    metrics::counter!("dialler_context_reads_total", "from" => from).increment(1);
}

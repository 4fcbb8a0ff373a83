//! The level that servers share: Redis, behind a circuit breaker. It is quicker than the replica or it is not used.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use kernel::UserId;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, RedisError};
use secrecy::{ExposeSecret as _, SecretString};

use super::KEPT;
use crate::context::Context;

/// Type and version of what is kept: the key begins with it, so that a program never reads another's shape. A test says when to raise it.
const SHAPE: &str = "dialler:users.Context.2";

/// While it is left alone, it is looked after so often, and given so long to come back.
const LOOK_AFTER: Duration = Duration::from_millis(500);
const COMING_BACK: Duration = Duration::from_secs(1);

/// Redis for contexts. Clones share the connection and the breaker.
#[derive(Clone, Debug)]
pub(super) struct SharedLevel(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    connection: ConnectionManager,
    patience: Duration,
    /// What every key begins with.
    prefix: String,
    /// Redis failed and has not answered since.
    is_left_alone: AtomicBool,
}

/// What went wrong with Redis.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("Redis does not answer within {0:?}")]
    Slow(Duration),
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("what Redis keeps cannot be read")]
    Unreadable(#[from] serde_json::Error),
}

impl SharedLevel {
    /// Nothing is connected yet. `source` names the replica: contexts of another claims platform are others.
    pub(super) fn new(url: &SecretString, source: &str, patience: Duration) -> Result<Self, RedisError> {
        let client = Client::open(url.expose_secret())?;
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_max_delay(patience)
            .set_connection_timeout(Some(COMING_BACK))
            .set_response_timeout(Some(COMING_BACK));
        let connection = ConnectionManager::new_lazy_with_config(client, config)?;
        Ok(Self(Arc::new(Inner { connection, patience, prefix: format!("{SHAPE}:{source}"), is_left_alone: AtomicBool::new(false) })))
    }

    pub(super) fn is_used(&self) -> bool {
        !self.0.is_left_alone.load(Ordering::Relaxed)
    }

    /// A person's context with its age, if it is kept and Redis answers at once.
    pub(super) async fn find(&self, user: UserId) -> Option<(Context, Duration)> {
        if !self.is_used() {
            return None;
        }
        match self.0.get(user).await {
            Ok(found) => found,
            Err(failure) => {
                self.leave_alone(&failure);
                None
            }
        }
    }

    /// Keeps a context for what is left of its time. Nobody waits for it.
    pub(super) fn keep(&self, user: UserId, context: Arc<Context>, read: Instant) {
        if !self.is_used() {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            if let Err(failure) = this.0.set(user, &context, read).await {
                this.leave_alone(&failure);
            }
        });
    }

    /// From now on nobody waits for Redis, until it answers somebody who has the time.
    fn leave_alone(&self, failure: &Failure) {
        metrics::counter!("dialler_redis_failures_total").increment(1);
        // One thing that cannot be read says nothing of Redis.
        if matches!(failure, Failure::Unreadable(_)) {
            tracing::warn!(redis.problem = %failure, "a kept context cannot be read; the replica is asked instead");
            return;
        }
        if self.0.is_left_alone.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(redis.problem = %failure, "Redis failed and is left alone; contexts are kept in this process only");
        tokio::spawn(look_after(Arc::downgrade(&self.0)));
    }
}

impl Inner {
    fn key(&self, user: UserId) -> String {
        format!("{}:{user}", self.prefix)
    }

    async fn get(&self, user: UserId) -> Result<Option<(Context, Duration)>, Failure> {
        let mut connection = self.connection.clone();
        let key = self.key(user);
        let mut both = redis::pipe();
        both.get(&key).pttl(&key);
        let (kept, millis_left): (Option<Vec<u8>>, i64) = within(self.patience, both.query_async(&mut connection)).await?;
        // Redis counts the time, so that servers need not agree about it. Without an end it is none of ours.
        let Some((kept, left)) = kept.zip(u64::try_from(millis_left).ok()) else { return Ok(None) };
        Ok(Some((serde_json::from_slice(&kept)?, KEPT.saturating_sub(Duration::from_millis(left)))))
    }

    async fn set(&self, user: UserId, context: &Context, read: Instant) -> Result<(), Failure> {
        let kept = serde_json::to_vec(context)?;
        let left = u64::try_from(KEPT.saturating_sub(read.elapsed()).as_millis()).unwrap_or(0);
        if left == 0 {
            return Ok(());
        }
        let mut connection = self.connection.clone();
        let mut set = redis::cmd("SET");
        set.arg(self.key(user)).arg(kept).arg("PX").arg(left);
        within(self.patience, set.query_async(&mut connection)).await
    }
}

/// Asks until there is an answer, for as long as anybody still uses this level.
async fn look_after(level: Weak<Inner>) {
    loop {
        tokio::time::sleep(LOOK_AFTER).await;
        let Some(level) = level.upgrade() else { return };
        let mut connection = level.connection.clone();
        let pong: Result<String, Failure> = within(COMING_BACK, redis::cmd("PING").query_async(&mut connection)).await;
        if pong.is_ok() {
            level.is_left_alone.store(false, Ordering::Relaxed);
            tracing::info!("Redis answers again and is used");
            return;
        }
    }
}

async fn within<T>(patience: Duration, asked: impl Future<Output = Result<T, RedisError>>) -> Result<T, Failure> {
    match tokio::time::timeout(patience, asked).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Failure::Slow(patience)),
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, NaiveDate, Utc};
    use kernel::ClaimId;
    use serde_json::Value;

    use super::*;
    use crate::context::{Address, Event, Vehicle};
    use crate::types::{Claim, Facts, Requirement};

    /// Somebody of whom everything is known.
    fn everything() -> Context {
        let at: DateTime<Utc> = "2026-11-24T10:30:00Z".parse().unwrap();
        let text = || Some("x".to_owned());
        let made = Some(at.naive_utc());
        Context {
            facts: Facts {
                id: UserId::new(9_007_199_254_740_993),
                is_enabled: true,
                status: text(),
                has_signed: true,
                raw_number: text(),
                date_of_birth: NaiveDate::from_ymd_opt(1971, 3, 4),
                post_code: text(),
                claims: vec![Claim {
                    id: ClaimId::new(1),
                    kind: text(),
                    status: text(),
                    lender: text(),
                    solicitor: text(),
                    created_at: made,
                    // Never kept.
                    monthly_payment_pence: None,
                }],
                pending: vec![Requirement {
                    claim_id: ClaimId::new(1),
                    kind: text(),
                    reason: text(),
                    rejection_reason: text(),
                    created_at: made,
                }],
                read_at: at,
            },
            first_name: text(),
            last_name: text(),
            previous_name: text(),
            current_address_id: text(),
            vehicles: vec![Vehicle { claim_id: ClaimId::new(1), make: text(), model: text(), registration: text() }],
            addresses: vec![Address {
                id: text(),
                is_previous: true,
                full: text(),
                line_1: text(),
                line_2: text(),
                house_number: text(),
                street: text(),
                building: text(),
                town: text(),
                post_code: text(),
                created_at: made,
            }],
            log: vec![Event { kind: text(), detail: text(), at: made }],
        }
    }

    fn shape(value: &Value) -> String {
        match value {
            Value::Object(fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}:{}", shape(value))).collect();
                format!("{{{}}}", fields.join(","))
            }
            Value::Array(items) => format!("[{}]", items.iter().map(shape).collect::<Vec<_>>().join(",")),
            Value::String(_) => "text".to_owned(),
            Value::Bool(_) => "flag".to_owned(),
            other => other.to_string(),
        }
    }

    /// lessons, line 50: two shapes under one key.
    #[test]
    fn another_shape_has_another_name() {
        let context = everything();
        let kept = serde_json::to_vec(&context).unwrap();
        assert_eq!(serde_json::from_slice::<Context>(&kept).unwrap(), context, "nothing is lost on the way");

        let claim = "{created_at:text,id:text,kind:text,lender:text,solicitor:text,status:text}";
        let pending = "{claim_id:text,created_at:text,kind:text,reason:text,rejection_reason:text}";
        let facts = format!(
            "{{claims:[{claim}],date_of_birth:text,has_signed:flag,id:text,is_enabled:flag,pending:[{pending}],post_code:text,raw_number:text,read_at:text,status:text}}"
        );
        let address = "{building:text,created_at:text,full:text,house_number:text,id:text,is_previous:flag,line_1:text,line_2:text,post_code:text,street:text,town:text}";
        let vehicle = "{claim_id:text,make:text,model:text,registration:text}";
        let of_version_2 = format!(
            "{{addresses:[{address}],current_address_id:text,facts:{facts},first_name:text,last_name:text,log:[{{at:text,detail:text,kind:text}}],previous_name:text,vehicles:[{vehicle}]}}"
        );
        assert_eq!(
            (SHAPE, shape(&serde_json::from_slice(&kept).unwrap())),
            ("dialler:users.Context.2", of_version_2),
            "a context has another shape: raise the number in SHAPE, and write both down here"
        );
    }
}

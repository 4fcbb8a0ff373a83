//! Contexts that are kept, against a real replica and a real Redis.
#![cfg(feature = "ssr")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use kernel::UserId;
use testkit::{TestPlatform, TestRedis};
use users::{CacheOptions, Contexts, KEPT, Replica, ReplicaOptions};

fn now() -> DateTime<Utc> {
    // 24 November 2026, 10:30.
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_516_200)
}

fn user(id: i64) -> UserId {
    UserId::new(id)
}

async fn platform(users: i64) -> TestPlatform {
    let platform = TestPlatform::new().await.unwrap();
    for id in 1..=users {
        platform.user(id).name("Ada", "Byron").claim("santander").insert().await.unwrap();
    }
    platform.caught_up().await.unwrap();
    platform
}

/// A server's own view: a replica that counts, and what is kept.
/// With patience: what is tested is what is kept, on a machine that may be busy.
fn server(platform: &TestPlatform, is_on: bool, redis: Option<&TestRedis>) -> (Replica, Contexts) {
    let replica = Replica::connect(platform.replica_url(), ReplicaOptions::default()).unwrap();
    let options = CacheOptions { is_on, redis_url: redis.map(|redis| redis.url().into()), redis_patience: Duration::from_secs(5) };
    (replica.clone(), Contexts::new(replica, &options).unwrap())
}

async fn until(what: &str, condition: impl Fn() -> bool) -> Duration {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    begun.elapsed()
}

#[tokio::test]
async fn whoever_is_looked_at_again_is_not_read_again_and_their_age_is_told() {
    let platform = platform(2).await;
    let (replica, contexts) = server(&platform, true, None);

    let (first, young) = contexts.find(user(1), now()).await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let (second, older) = contexts.find(user(1), now()).await.unwrap().unwrap();

    assert_eq!((first.name(), replica.statements()), ("Ada Byron".to_owned(), 1));
    assert!(Arc::ptr_eq(&first, &second) && older >= young + Duration::from_millis(50) && older < KEPT);
    // Many at once wait for one answer, and nobody is kept whom the platform does not know.
    let many = join_all((0..20).map(|_| contexts.find(user(2), now()))).await;
    assert!(many.iter().all(|found| found.as_ref().unwrap().is_some()));
    assert_eq!(replica.statements(), 2);
    for _ in 0..2 {
        assert!(contexts.find(user(3), now()).await.unwrap().is_none());
    }
    assert_eq!(replica.statements(), 4);
    assert!(!contexts.is_shared());

    let (replica, contexts) = server(&platform, false, None);
    for _ in 0..3 {
        assert!(contexts.find(user(1), now()).await.unwrap().is_some());
    }
    assert_eq!(replica.statements(), 3, "switched off");
    platform.drop().await.unwrap();
}

/// The keys in Redis, once there are any: nobody waits for what is kept there.
async fn kept_keys(redis: &mut redis::aio::MultiplexedConnection) -> Vec<String> {
    let began = Instant::now();
    loop {
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(redis).await.unwrap();
        if !keys.is_empty() {
            return keys;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "nothing was kept");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn servers_share_what_they_read_and_nothing_is_shown_for_longer_than_its_time() {
    let (platform, redis) = (platform(1).await, TestRedis::start().await.unwrap());
    let (one, contexts) = server(&platform, true, Some(&redis));
    contexts.find(user(1), now()).await.unwrap().unwrap();
    let mut raw = redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let keys = kept_keys(&mut raw).await;
    assert_eq!(keys, [format!("dialler:users.Context.2:{}:1", one.source())], "type, version, platform, person");
    let millis: i64 = redis::cmd("PTTL").arg(&keys[0]).query_async(&mut raw).await.unwrap();
    assert!((1..=15_000).contains(&millis), "{millis}");

    // As if it had been read 13 s ago.
    let _: () = redis::cmd("PEXPIRE").arg(&keys[0]).arg(2_000).query_async(&mut raw).await.unwrap();
    let (other, contexts) = server(&platform, true, Some(&redis));
    let (found, age) = contexts.find(user(1), now()).await.unwrap().unwrap();
    assert_eq!((found.name(), other.statements()), ("Ada Byron".to_owned(), 0), "read by the other server");
    assert!(age >= Duration::from_secs(13) && age <= KEPT, "{age:?}");
    contexts.find(user(1), now()).await.unwrap().unwrap();
    assert_eq!(other.statements(), 0);
    tokio::time::sleep(Duration::from_millis(2_100)).await;
    let (_, age) = contexts.find(user(1), now()).await.unwrap().unwrap();
    assert!(other.statements() == 1 && age < Duration::from_secs(2), "read anew: {age:?}");

    // Another shape, or nonsense, under the key is passed over.
    kept_keys(&mut raw).await;
    let _: () = redis::cmd("SET").arg(&keys[0]).arg("{\"facts\":7}").arg("PX").arg(9_000).query_async(&mut raw).await.unwrap();
    let (third, contexts) = server(&platform, true, Some(&redis));
    assert!(contexts.find(user(1), now()).await.unwrap().is_some());
    assert_eq!((third.statements(), contexts.is_shared()), (1, true));
    platform.drop().await.unwrap();
}

/// The circuit breaker: whatever becomes of Redis, nobody fails, and nobody waits for it for longer than a moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_redis_is_killed_or_hangs_under_load_it_is_left_alone_and_used_again_when_it_is_back() {
    // Within 100 ms of its failing: nobody waits for longer than this, and one who waited in vain is enough.
    assert!(CacheOptions::default().redis_patience < Duration::from_millis(100));
    let (platform, mut redis) = (platform(40).await, TestRedis::start().await.unwrap());
    // How long it takes with the product's 50 ms stands in docs/performance.md; here nothing rests on how busy the machine is.
    let options =
        CacheOptions { redis_url: Some(redis.url().into()), redis_patience: Duration::from_millis(500), ..CacheOptions::default() };
    let contexts = Contexts::new(Replica::connect(platform.replica_url(), ReplicaOptions::default()).unwrap(), &options).unwrap();
    // Somebody else's server, which keeps nothing itself of what it has not asked for: every look of its goes to Redis.
    let asked = Arc::new(AtomicI64::new(0));
    let load: Vec<_> = (0..8)
        .map(|_| {
            let (platform, asked) = (platform.replica_url().to_owned(), Arc::clone(&asked));
            let (contexts, redis) = (contexts.clone(), redis.url());
            tokio::spawn(async move {
                loop {
                    let next = asked.fetch_add(1, Ordering::Relaxed);
                    if next % 400 == 0 {
                        // One more server that knows nobody yet.
                        let replica = Replica::connect(&platform, ReplicaOptions::default()).unwrap();
                        let options = CacheOptions {
                            redis_url: Some(redis.clone().into()),
                            redis_patience: Duration::from_secs(5),
                            ..CacheOptions::default()
                        };
                        Contexts::new(replica, &options).unwrap().find(user(1), now()).await.unwrap().unwrap();
                    }
                    // Nobody is kept whom the platform does not know: Redis and the replica are asked every time.
                    let id = if next % 2 == 0 { next % 40 + 1 } else { 1_000_000 + next };
                    let found = contexts.find(user(id), now()).await.unwrap();
                    assert_eq!(found.is_some(), id <= 40);
                }
            })
        })
        .collect();
    until("Redis is used", || contexts.is_shared() && asked.load(Ordering::Relaxed) > 100).await;

    for hangs in [false, true] {
        if hangs {
            redis.freeze().unwrap();
        } else {
            redis.kill().unwrap();
        }
        let took = until("Redis is left alone", || !contexts.is_shared()).await;
        println!("Redis was left alone after {took:?} (hangs: {hangs})");
        let before = asked.load(Ordering::Relaxed);
        until("looking goes on without it", || asked.load(Ordering::Relaxed) > before + 50).await;
        if hangs {
            redis.thaw().unwrap();
        } else {
            redis.start_again().await.unwrap();
        }
        until("Redis is used again", || contexts.is_shared()).await;
    }
    let ended: Vec<bool> = load.iter().map(tokio::task::JoinHandle::is_finished).collect();
    assert_eq!(ended, [false; 8], "nobody failed");
    load.iter().for_each(tokio::task::JoinHandle::abort);
    join_all(load).await;
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn a_redis_that_is_away_at_the_start_is_used_when_it_comes() {
    let (platform, mut redis) = (platform(1).await, TestRedis::start().await.unwrap());
    redis.kill().unwrap();
    let (replica, contexts) = server(&platform, true, Some(&redis));

    assert!(contexts.find(user(1), now()).await.unwrap().is_some());
    assert!(replica.statements() == 1 && !contexts.is_shared());

    redis.start_again().await.unwrap();
    until("Redis is used", || contexts.is_shared()).await;
    platform.drop().await.unwrap();
}

//! The replica as it is read, against real servers.
#![cfg(feature = "ssr")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kernel::UserId;
use sqlx::{Connection, Executor, MySqlConnection};
use testkit::{TcpProxy, TestPlatform, claim_id};
use users::{Extras, Heartbeat, LagSource, PATIENCE, Replica, ReplicaError, ReplicaOptions};

/// Above 2^53, and odd: a floating-point number cannot hold it.
const LARGE: i64 = 9_007_199_254_740_993;

fn now() -> DateTime<Utc> {
    // 24 November 2026, 10:30.
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_516_200)
}

/// A platform whose lag nobody asks for: what is read holds, and every statement is one of reading.
fn unmeasured(platform: &TestPlatform) -> Replica {
    Replica::connect(platform.replica_url(), ReplicaOptions { lag_source: LagSource::None, ..ReplicaOptions::default() }).unwrap()
}

/// How far behind a replica may be, in milliseconds.
const LIMIT: i64 = 5_000;

const ALL: Extras = Extras { post_codes: true, payments: true };

#[tokio::test]
async fn facts_and_context_say_the_same_in_one_statement_each() {
    let platform = TestPlatform::new().await.unwrap();
    let born = NaiveDate::from_ymd_opt(1971, 3, 4).unwrap();
    let made = now().naive_utc() - TimeDelta::days(12);
    platform
        .user(48_213)
        .name(" Ada ", "O'Connor")
        .phone("07700 900 142")
        .born(born)
        .claim("santander")
        .claim_status("needs_signature")
        .solicitor("Brindlewood Law")
        .made(made)
        .requirement_as("id_document", "pending", "base requirement for claim.")
        .made(made)
        .requirement_as("bank_statement", "Pending", "")
        .requirement_as("selfie", "COMPLETE", "")
        .claim("black_horse")
        .claim_status("cancelled")
        .requirement("proof_of_address")
        .insert()
        .await
        .unwrap();
    platform.user(48_214).claim("hsbc").requirement("selfie").insert().await.unwrap();
    for sql in [
        "insert into claim_vehicle_packages (id, claim_id, vehicle_make, vehicle_model, vehicle_registration, monthly_payment)
           values ('v', 771409, 'Ford', 'Fiesta', 'ZB19 KLM', 312.505), ('w', 771409, null, null, null, null)",
        "insert into user_addresses (id, user_id, house_number, street, post_town, post_code)
           values ('a', 48213, '12', 'Acacia Avenue', 'Leeds', 'LS11 5AB')",
        "insert into user_addresses (id, user_id, is_linked_address, address_line_1, post_town, post_code, full_address)
           values ('b', 48213, 1, '3 Mill Lane', 'York', 'YO1 7AA', 'YO1 7AA')",
    ] {
        sqlx::query(sql).execute(platform.primary()).await.unwrap();
    }
    for line in 1..=25 {
        sqlx::query("insert into user_logs (id, user_id, type, detail, created_at) values (?, 48213, 'login', ?, ?)")
            .bind(format!("l{line}"))
            .bind(format!("line {line}"))
            .bind(now().naive_utc() - TimeDelta::minutes(150 - line))
            .execute(platform.primary())
            .await
            .unwrap();
    }
    platform.caught_up().await.unwrap();
    let replica = unmeasured(&platform);
    let proved = replica.within(0);

    let (facts, _) = proved.facts(UserId::new(48_213), ALL, now()).await.unwrap();
    assert_eq!(replica.statements(), 1);
    let (context, _) = proved.context(UserId::new(48_213), ALL, now(), PATIENCE).await.unwrap();
    assert_eq!(replica.statements(), 2);
    let (facts, context) = (facts.unwrap(), context.unwrap());
    let range = proved.range(0, None, ALL, now()).await.unwrap();
    assert_eq!(replica.statements(), 9);
    let plain = proved.range(0, None, Extras::default(), now()).await.unwrap();
    assert_eq!(replica.statements(), 14);

    assert_eq!(facts, context.facts);
    assert_eq!(facts, range.facts[0]);
    assert_eq!((facts.post_code.as_deref(), facts.claims[0].monthly_payment_pence), (Some("LS11 5AB"), Some(31_251)));
    assert_eq!((&plain.facts[0].post_code, plain.facts[0].claims[0].monthly_payment_pence), (&None, None));
    let of_one = replica.facts(UserId::new(48_213), Extras::default(), now()).await.unwrap().unwrap();
    assert_eq!(of_one, plain.facts[0]);
    assert_eq!(of_one, replica.context(UserId::new(48_213), Extras::default(), now(), PATIENCE).await.unwrap().unwrap().facts);
    // For the order alone: kept nowhere.
    assert!(!serde_json::to_string(&context).unwrap().contains("31251"));
    assert_eq!((facts.has_signed, facts.is_enabled, facts.date_of_birth, facts.read_at), (true, true, Some(born), now()));
    assert_eq!(facts.raw_number.as_deref(), Some("07700 900 142"));
    assert_eq!(facts.claims.iter().map(users::Claim::is_open).collect::<Vec<_>>(), [true, false]);
    assert_eq!(facts.claims[0].created_at, Some(made));
    let mut pending: Vec<_> = facts.pending.iter().map(|asked| (asked.claim_id.get(), asked.kind.as_deref().unwrap())).collect();
    pending.sort_unstable();
    let (first, second) = (claim_id(48_213, 1), claim_id(48_213, 2));
    assert_eq!(pending, [(first, "bank_statement"), (first, "id_document"), (second, "proof_of_address")]);

    let is_open = |asked: &users::Requirement| asked.claim_id.get() == first;
    let card = context.card(None, is_open, str::to_owned, now());
    assert_eq!((card.name.as_str(), card.age, card.town.as_deref()), ("Ada O'Connor", Some(55), Some("Leeds")));
    assert_eq!(card.address.as_deref(), Some("12 Acacia Avenue, Leeds, LS11 5AB"));
    assert_eq!(card.claims[0].agreement.as_deref(), Some("Ford Fiesta, ZB19 KLM"));
    assert_eq!((card.date_of_birth.as_deref(), card.post_code.as_deref()), (Some("4 March 1971"), Some("LS11 5AB")));
    assert_eq!(card.earlier_addresses, ["3 Mill Lane, York, YO1 7AA"]);
    let uncounted: Vec<_> = card.outstanding.iter().map(|item| item.uncounted.as_deref()).collect();
    assert_eq!(uncounted, [None, None, Some("The claim is closed")]);
    assert_eq!((card.log.len(), card.log[0].detail.as_str(), card.log[0].at.as_str()), (20, "line 25", "today 08:25"));

    assert_eq!(replica.facts(UserId::new(1), Extras::default(), now()).await.unwrap(), None);
    assert_eq!(replica.context(UserId::new(1), Extras::default(), now(), PATIENCE).await.unwrap(), None);
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn nulls_large_ids_extra_columns_and_other_types_are_borne() {
    let platform = TestPlatform::new().await.unwrap();
    // As other installations have them.
    platform
        .primary()
        .execute(
            "alter table users modify id bigint not null, modify is_enabled int unsigned not null, add extra json null first;
             alter table claims modify user_id bigint not null, modify type char(32) null, add extra int null first;
             alter table claim_requirements modify claim_id bigint null, modify created_at datetime(6) null;
             alter table user_addresses modify user_id bigint not null;
             alter table user_logs modify detail longtext collate utf8mb4_bin not null;",
        )
        .await
        .unwrap();
    for sql in [
        "insert into users (id, is_enabled) values (9007199254740993, 0)",
        "insert into claims (id, user_id) values (9007199254740995, 9007199254740993)",
        "insert into claim_requirements (id, claim_id, status) values ('r', 9007199254740995, 'pending')",
        "insert into claim_requirements (id, claim_id) values ('s', 9007199254740995)",
        "insert into claim_vehicle_packages (id, claim_id) values ('v', 9007199254740995)",
        "insert into user_addresses (id, user_id) values ('a', 9007199254740993)",
        "insert into user_logs (id, user_id, type, detail) values ('l', 9007199254740993, 'login', 'ünder')",
    ] {
        sqlx::query(sql).execute(platform.primary()).await.unwrap();
    }
    platform.user(7).empty_signature().no_phone().status("").name("", "").insert().await.unwrap();
    platform.user(8).unsigned().disabled().insert().await.unwrap();
    platform.caught_up().await.unwrap();
    let replica = Replica::connect(platform.replica_url(), ReplicaOptions::default()).unwrap();

    let facts = replica.facts(UserId::new(LARGE), Extras::default(), now()).await.unwrap().unwrap();
    let context = replica.context(UserId::new(LARGE), Extras::default(), now(), PATIENCE).await.unwrap().unwrap();
    assert_eq!(facts, context.facts);
    assert_eq!(facts.id.get(), LARGE);
    assert_eq!((facts.is_enabled, facts.has_signed, &facts.raw_number, &facts.status), (false, false, &None, &None));
    assert_eq!((facts.claims.len(), facts.claims[0].id.get(), facts.claims[0].is_open()), (1, LARGE + 2, true));
    assert_eq!((facts.pending.len(), facts.pending[0].claim_id.get(), &facts.pending[0].kind), (1, LARGE + 2, &None));
    let card = context.card(None, |_| true, str::to_owned, now());
    assert_eq!((card.name, card.outstanding.len(), card.log[0].detail.as_str()), (format!("User {LARGE}"), 2, "ünder"));

    for id in [7, 8] {
        let facts = replica.facts(UserId::new(id), Extras::default(), now()).await.unwrap().unwrap();
        assert!(!facts.has_signed, "user {id} has not signed");
        assert_eq!(facts, replica.context(UserId::new(id), Extras::default(), now(), PATIENCE).await.unwrap().unwrap().facts);
    }
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let platform = TestPlatform::new().await.unwrap();
    platform.user(5).insert().await.unwrap();
    platform.primary().execute("alter table users modify status varbinary(64) null").await.unwrap();
    platform.caught_up().await.unwrap();
    let replica = Replica::connect(platform.replica_url(), ReplicaOptions::default()).unwrap();

    let error = replica.facts(UserId::new(5), Extras::default(), now()).await.unwrap_err();
    let same = replica.context(UserId::new(5), Extras::default(), now(), PATIENCE).await.unwrap_err();

    for error in [error, same] {
        assert!(!error.is_unavailable() && error.is_of_one_row());
        assert_eq!(error.to_string(), "the replica's users.status of user 5 cannot be read");
    }
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn ranges_cover_everybody_once_and_the_last_has_no_end() {
    let platform = TestPlatform::new().await.unwrap();
    for id in [3, 4, 10, 11, 12, LARGE] {
        platform.user(id).claim("lloyds").requirement("selfie").insert().await.unwrap();
    }
    platform.caught_up().await.unwrap();
    let replica = unmeasured(&platform);

    let mut ends = Vec::new();
    while let Some(end) = replica.range_end(ends.last().copied().unwrap_or(0), 3).await.unwrap() {
        ends.push(end);
    }
    assert_eq!(ends, [10, LARGE]);
    // Somebody joins beyond the last id while the walk is on its way.
    platform.user(LARGE + 1).claim("hsbc").requirement("selfie").insert().await.unwrap();
    platform.caught_up().await.unwrap();

    let mut seen = Vec::new();
    for (after, through) in [(0, Some(10)), (10, Some(LARGE)), (LARGE, None)] {
        let range = replica.within(0).range(after, through, Extras::default(), now()).await.unwrap();
        assert_eq!((range.after, range.through), (after, through));
        assert!(range.facts.iter().all(|facts| facts.claims.len() == 1 && facts.pending.len() == 1));
        seen.extend(range.facts.iter().map(|facts| facts.id.get()));
    }
    assert_eq!(seen, [3, 4, 10, 11, 12, LARGE, LARGE + 1]);
    assert_eq!(replica.range_end(0, 10).await.unwrap(), None, "fewer than a range");
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn an_account_that_can_write_is_refused() {
    let platform = TestPlatform::new().await.unwrap();

    Replica::connect(platform.replica_url(), ReplicaOptions::default()).unwrap().check_account().await.unwrap();
    let writer = Replica::connect(platform.primary_url(), ReplicaOptions::default()).unwrap();
    let error = writer.check_account().await.unwrap_err();

    assert!(matches!(error, ReplicaError::AccountCanWrite { .. }), "{error}");
    assert!(!error.to_string().contains("PASSWORD"), "{error}");
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn the_account_alone_keeps_writes_out() {
    let platform = TestPlatform::new().await.unwrap();
    // The local replica refuses every write by itself, so the same account is tried on the primary, which does not.
    let (account, _) = platform.replica_url().split_once('@').unwrap();
    let (_, server) = platform.primary_url().split_once('@').unwrap();
    let mut conn = MySqlConnection::connect(&format!("{account}@{server}")).await.unwrap();

    for sql in ["insert into users (id, is_enabled) values (1, 1)", "create table mine (id int)", "delete from users"] {
        conn.execute("set session transaction read write").await.unwrap();
        let error = conn.execute(sql).await.unwrap_err();
        let number = error.as_database_error().unwrap().downcast_ref::<sqlx::mysql::MySqlDatabaseError>().number();
        assert_eq!(number, 1142, "{sql}: must be denied to the account: {error}");
    }
    conn.close().await.unwrap();
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn a_replica_that_stops_or_hangs_is_unavailable_within_2_s_and_comes_back() {
    let platform = TestPlatform::new().await.unwrap();
    platform.user(9).insert().await.unwrap();
    platform.caught_up().await.unwrap();
    let proxy = TcpProxy::in_front_of(platform.replica_url()).await.unwrap();
    let replica = Replica::connect(proxy.url(), ReplicaOptions { max_connections: 2, ..ReplicaOptions::default() }).unwrap();
    let user = UserId::new(9);
    assert!(replica.facts(user, Extras::default(), now()).await.unwrap().is_some());

    for hangs in [false, true] {
        if hangs {
            proxy.stall().await;
        } else {
            proxy.stop().await;
        }
        // The first finds the old connections, the later ones have to make new ones.
        for _ in 0..3 {
            let asked = Instant::now();
            let error = replica.facts(user, Extras::default(), now()).await.unwrap_err();
            assert!(error.is_unavailable(), "{error:?}");
            // Three times its patience: what is slower does not end by itself.
            assert!(asked.elapsed() < Duration::from_secs(5), "it took {:?}", asked.elapsed());
        }
        proxy.resume().await;
        let mut answer = replica.facts(user, Extras::default(), now()).await;
        for _ in 0..5 {
            if answer.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
            answer = replica.facts(user, Extras::default(), now()).await;
        }
        assert!(answer.unwrap().is_some());
    }
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn a_replica_that_is_away_at_the_start_is_found_later() {
    let platform = TestPlatform::new().await.unwrap();
    let proxy = TcpProxy::in_front_of(platform.replica_url()).await.unwrap();
    proxy.stop().await;

    let replica = Replica::connect(proxy.url(), ReplicaOptions::default()).unwrap();
    assert!(replica.check_account().await.unwrap_err().is_unavailable());
    assert_eq!(replica.lag(LIMIT), None, "never sampled");

    proxy.resume().await;
    replica.check_account().await.unwrap();
    platform.drop().await.unwrap();
}

/// Waits, at most half a minute.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn the_lag_is_known_while_it_is_sampled_and_unknown_later() {
    let platform = TestPlatform::new().await.unwrap();
    let proxy = TcpProxy::in_front_of(platform.replica_url()).await.unwrap();
    let replica = Replica::connect(proxy.url(), ReplicaOptions::default()).unwrap();
    let watch = tokio::spawn(replica.clone().watch_lag(|| LIMIT));
    until("it is known", || replica.lag(LIMIT).is_some()).await;
    let lag = replica.lag(LIMIT).unwrap();
    assert!(lag.millis < 60_000 && (0..=2_000).contains(&lag.sample_age_millis), "{lag:?}");

    proxy.stop().await;
    until("it is unknown", || replica.lag(LIMIT).is_none()).await;
    // Asking in vain makes nothing known.
    assert!(replica.sample_lag(LIMIT).await.is_err());
    assert_eq!(replica.lag(LIMIT), None);

    watch.abort();
    platform.drop().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_no_replica_says_what_to_set() {
    let platform = TestPlatform::new().await.unwrap();

    let status = Replica::connect(platform.primary_url(), ReplicaOptions::default()).unwrap();
    let error = status.sample_lag(LIMIT).await.unwrap_err();
    // An account that may not ask is told so by the server; one that may is told that there is nothing to see.
    assert!(error.to_string().contains("REPLICA_LAG_SOURCE=none") || error.to_string().contains("replication status"), "{error}");
    assert_eq!(status.lag(LIMIT), None);

    let none =
        Replica::connect(platform.primary_url(), ReplicaOptions { lag_source: LagSource::None, ..ReplicaOptions::default() }).unwrap();
    assert_eq!(none.sample_lag(LIMIT).await.unwrap().map(|lag| lag.millis), Some(0));
    platform.drop().await.unwrap();
}

/// As pt-heartbeat makes it, and as others may.
#[tokio::test]
async fn a_heartbeat_tells_the_lag_by_whatever_type_it_is_written() {
    let platform = TestPlatform::new().await.unwrap();
    for sql in [
        "create table heartbeat (ts varchar(26) not null, server_id int unsigned not null primary key, file varchar(255) null,
            position bigint unsigned null, relay_master_log_file varchar(255) null, exec_master_log_pos bigint unsigned null)",
        "create table beats (beat_at datetime(6) null)",
        "create table stamps (ts timestamp(3) not null)",
    ] {
        platform.primary().execute(sql).await.unwrap();
    }
    let connect = |table: &str, column: &str| {
        let heartbeat = Heartbeat::default().in_table(table).unwrap().in_column(column).unwrap();
        let options = ReplicaOptions { lag_source: LagSource::Heartbeat, heartbeat, ..ReplicaOptions::default() };
        Replica::connect(platform.replica_url(), options).unwrap()
    };
    let plain = ReplicaOptions { lag_source: LagSource::Heartbeat, ..ReplicaOptions::default() };
    let percona = Replica::connect(platform.replica_url(), plain).unwrap();
    let elsewhere = format!("{}.beats", platform.name());
    let others = [connect(&elsewhere, "beat_at"), connect("stamps", "ts")];
    platform.caught_up().await.unwrap();
    for replica in [&percona, &others[0], &others[1]] {
        assert_eq!(replica.sample_lag(LIMIT).await.unwrap(), None, "no heartbeat yet");
    }

    for sql in [
        // An old primary's row stays behind after a change of roles.
        "insert into heartbeat (ts, server_id) values ('2020-01-01T00:00:00.000500', 1)",
        "insert into heartbeat (ts, server_id) values (date_format(utc_timestamp(6) - interval 3 second, '%Y-%m-%dT%H:%i:%s.%f'), 2)",
        "insert into beats values (utc_timestamp(6) - interval 3 second), (null)",
        "insert into stamps values (utc_timestamp(3) - interval 3 second)",
    ] {
        platform.primary().execute(sql).await.unwrap();
    }
    platform.caught_up().await.unwrap();
    for replica in [&percona, &others[0], &others[1]] {
        let lag = replica.sample_lag(LIMIT).await.unwrap().unwrap();
        assert!((3_000..30_000).contains(&lag.millis) && lag.sample_age_millis < 2_000, "{lag:?}");
        let again = replica.sample_lag(LIMIT).await.unwrap().unwrap();
        assert!(again.millis >= lag.millis, "it grows while nobody writes: {lag:?}, {again:?}");
    }

    // Local time in summer: an hour ahead proves nothing.
    platform.primary().execute("update beats set beat_at = utc_timestamp(6) + interval 1 hour").await.unwrap();
    platform.primary().execute("update heartbeat set ts = 'soon'").await.unwrap();
    platform.primary().execute("drop table stamps").await.unwrap();
    platform.caught_up().await.unwrap();
    assert_eq!(others[0].sample_lag(LIMIT).await.unwrap(), None);
    assert_eq!(percona.sample_lag(LIMIT).await.unwrap(), None);
    assert!(matches!(others[1].sample_lag(LIMIT).await, Err(ReplicaError::Broken { .. })));
    platform.drop().await.unwrap();
}

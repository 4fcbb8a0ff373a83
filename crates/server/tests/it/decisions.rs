//! Decisions are sealed into a chain, and whatever is done to it afterwards is found.

use std::path::PathBuf;
use std::time::Duration;

use auth::Role;
use chrono::TimeDelta;
use kernel::UserId;
use queue::{ChainFault, VerifyFailure};
use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{AssertSqlSafe, PgPool};

use crate::commands::{dialler, text};
use crate::support::TestApp;

/// A decision as the product writes them, with a new id, about this person; and its personal facts.
pub(crate) const INSERT: &str = "
    with made as (select gen_random_uuid() as id, sha256(gen_random_uuid()::text::bytea) as salt),
    written as (
        select m.id, m.salt, convert_to('{\"name\":\"Priya Raman\"}', 'utf8') as facts
        from made m
    ),
    recorded as (
        select w.*, convert_to(json_build_object(
            'version', 1, 'decision_id', w.id, 'made_at', '2026-11-24T10:30:00.000000Z', 'agent_id', '7', 'user_id', $1::bigint::text,
            'lease_id', '1', 'purpose', 'hand_out', 'queue', 'unsigned_users', 'outcome', 'callable',
            'personal_commitment', encode(sha256(w.salt || w.facts), 'hex')
        )::text, 'utf8') as record
        from written w
    ),
    decided as (
        insert into queue.decision (
            id, made_at, agent_id, user_id, lease_id, purpose, queue, outcome, is_saved_call, record, content_hash, had_effect
        )
        select id, '2026-11-24T10:30:00Z', 7, $1, 1, 'hand_out', 'unsigned_users', 'callable', false, record, sha256(record), true
        from recorded
    )
    insert into queue.decision_personal (decision_id, salt, facts) select id, salt, facts from recorded";

async fn decide(pool: &PgPool, user: i64) {
    sqlx::query(INSERT).bind(user).execute(pool).await.unwrap();
}

/// Seals everything, in as few blocks as there can be: transactions of other tests run in the same cluster, and what is not older than all of
/// them has to wait.
pub async fn seal_all(app: &TestApp) {
    for _ in 0..1_200 {
        if app.count(NOT_YET).await == 0 {
            app.app.queue.seal_in_blocks(4).await.unwrap();
            if app.count(UNSEALED).await == 0 {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("sealed in vain");
}

/// Decisions that are not older than every transaction, those of transactions yet to come left out: they are of another cluster.
const NOT_YET: &str = "select count(*) from queue.decision
    where written_by >= pg_snapshot_xmin(pg_current_snapshot()) and written_by < pg_snapshot_xmax(pg_current_snapshot())";

const UNSEALED: &str = "select count(*) from queue.decision d where not exists (select from queue.sealed s where s.decision_id = d.id)";

async fn fault(app: &TestApp) -> Option<ChainFault> {
    match app.app.queue.verify(&[]).await {
        Ok(_) => None,
        Err(VerifyFailure::Fault(fault)) => Some(fault),
        Err(other) => panic!("{other}"),
    }
}

/// Does what a thief with the database's keys could do: no trigger and no foreign key holds.
async fn tamper(pool: &PgPool, statements: &str) {
    let mut connection = pool.acquire().await.unwrap().detach();
    let script = format!("set session_replication_role = replica; {statements}");
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut connection).await.unwrap();
}

/// Ten decisions in three blocks of four, four and two.
async fn sealed_decisions(connect: PgConnectOptions) -> TestApp {
    let app = TestApp::start(connect).await;
    for user in 1..=10 {
        decide(&app.pool, user).await;
    }
    seal_all(&app).await;
    assert_eq!(fault(&app).await, None);
    app
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_chain_of_decisions_is_whole_after_many_writers_at_once_and_two_sealers(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let pool = app.pool.clone();
            tokio::spawn(async move {
                for user in 0..40 {
                    // Some of them slow, some given up.
                    let mut transaction = kernel::begin(&pool).await.unwrap();
                    sqlx::query(INSERT).bind(1 + writer * 40 + user).execute(&mut *transaction).await.unwrap();
                    if user % 10 == 0 {
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    if user % 8 == 7 { transaction.rollback().await.unwrap() } else { transaction.commit().await.unwrap() }
                }
            })
        })
        .collect();
    let (first, second) = (app.app.queue.clone(), app.app.queue.clone());
    let sealers: Vec<_> = [first, second]
        .into_iter()
        .map(|queue| {
            tokio::spawn(async move {
                let mut sealed = 0;
                for _ in 0..100 {
                    sealed += queue.seal_in_blocks(7).await.unwrap();
                    tokio::time::sleep(Duration::from_millis(3)).await;
                }
                sealed
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    for sealer in sealers {
        sealer.await.unwrap();
    }
    seal_all(&app).await;

    let verified = app.app.queue.verify(&[]).await.unwrap();
    assert_eq!((verified.decisions, verified.waiting), (8 * 35, 0));
    assert_eq!(app.count("select count(*) from queue.block").await, verified.blocks);
    assert_eq!(app.count("select count(distinct decision_id) from queue.sealed").await, 8 * 35);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_slow_writers_decision_is_sealed_later_and_none_is_left_behind(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    decide(&app.pool, 1).await;
    seal_all(&app).await;

    let mut slow = kernel::begin(&app.pool).await.unwrap();
    sqlx::query(INSERT).bind(2_i64).execute(&mut *slow).await.unwrap();
    decide(&app.pool, 3).await;
    assert_eq!(app.app.queue.seal().await.unwrap(), 0, "the quick one's waits for the slow one's, the sealer for neither");
    assert_eq!(app.app.queue.verify(&[]).await.unwrap().waiting, 1, "and that is no fault");
    slow.commit().await.unwrap();
    seal_all(&app).await;

    let verified = app.app.queue.verify(&[]).await.unwrap();
    assert_eq!((verified.decisions, verified.waiting), (3, 0));
    let order: Vec<i64> = sqlx::query_scalar(
        "select d.user_id from queue.sealed s join queue.decision d on d.id = s.decision_id order by s.block_number, s.position",
    )
    .fetch_all(&app.pool)
    .await
    .unwrap();
    assert_eq!(order, [1, 2, 3], "in the order of the transactions");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn while_one_server_seals_decisions_another_leaves_it_to_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    let own = "from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";
    decide(&app.pool, 1).await;
    // The other one stands still after it has taken the lock: it waits for this table.
    let mut table = kernel::begin(&app.pool).await.unwrap();
    sqlx::query("lock table queue.block in access exclusive mode").execute(&mut *table).await.unwrap();
    let queue = app.app.queue.clone();
    let other = tokio::spawn(async move { queue.seal().await });
    let is_locked = format!("select count(*) {own}");
    for _ in 0..400 {
        if sqlx::query_scalar::<_, i64>(AssertSqlSafe(is_locked.clone())).fetch_one(&app.pool).await.unwrap() == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    assert_eq!(app.app.queue.seal().await.unwrap(), 0, "at once, without waiting for the table");
    decide(&app.pool, 2).await;
    table.rollback().await.unwrap();
    other.await.unwrap().unwrap();
    seal_all(&app).await;
    assert_eq!(app.app.queue.verify(&[]).await.unwrap().decisions, 2);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn every_way_to_tamper_with_sealed_decisions_is_found(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = sealed_decisions(connect.clone()).await;
    let before = "create schema kept; create table kept.decision as table queue.decision; create table kept.block as table queue.block;
        create table kept.sealed as table queue.sealed; create table kept.decision_personal as table queue.decision_personal";
    sqlx::raw_sql(before).execute(&app.pool).await.unwrap();
    let back = "truncate queue.decision, queue.block, queue.sealed, queue.decision_personal;
        insert into queue.decision select * from kept.decision; insert into queue.block select * from kept.block;
        insert into queue.sealed select * from kept.sealed; insert into queue.decision_personal select * from kept.decision_personal";
    let fifth = "(select decision_id from queue.sealed where block_number = 2 and position = 0)";
    // The database itself refuses some of it, until its rules are gone, too.
    let change = "alter table queue.decision drop constraint if exists decision_hash_is_of_the_record;
        update queue.decision set record = convert_to(replace(convert_from(record, 'utf8'), 'callable', 'refused'), 'utf8')";
    let whole_block = "delete from queue.sealed where block_number = 2; delete from queue.block where number = 2";
    let rewritten = "update queue.block set merkle_root = sha256('x') where number = 2;
        update queue.block b set hash = sha256(convert_to(format(E'dialler block 1\\nnumber %s\\nprevious %s\\nroot %s\\ndecisions %s\\nsealed_at %s\\n',
            b.number, encode(b.previous_hash, 'hex'), encode(b.merkle_root, 'hex'), b.decision_count,
            to_char(b.sealed_at at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')), 'utf8')) where number = 2";

    let cases: Vec<(&str, String, &str)> = vec![
        ("a record is changed", format!("{change} where id = {fifth}"), "was changed: its hash is not that of its bytes"),
        (
            "a record and its hash are changed",
            format!(
                "{change} where id = {fifth}; update queue.decision set content_hash = sha256(record), outcome = 'refused' where id = {fifth}"
            ),
            "block 2 has other decisions",
        ),
        (
            "a column beside a record is changed",
            format!("update queue.decision set agent_id = 8 where id = {fifth}"),
            "its record: agent_id",
        ),
        ("a record is removed", format!("delete from queue.decision where id = {fifth}"), "is gone"),
        (
            "a record is removed with its place",
            format!("delete from queue.decision where id = {fifth}; delete from queue.sealed where block_number = 2 and position = 0"),
            "block 2 has other decisions",
        ),
        (
            "a record is taken out of its block",
            "delete from queue.sealed where block_number = 3 and position = 1".to_owned(),
            "block 3 has other decisions",
        ),
        (
            "two records change places",
            "update queue.sealed set position = 9 - position where block_number = 2 and position between 1 and 2;
             update queue.sealed set position = position - 6 where block_number = 2 and position > 6"
                .to_owned(),
            "block 2 has other decisions, or in another order",
        ),
        (
            "a record is put in afterwards",
            "insert into queue.decision select (jsonb_populate_record(d, jsonb_build_object('id', gen_random_uuid()))).*
             from queue.decision d limit 1"
                .to_owned(),
            "is in no block, though later ones are",
        ),
        (
            "personal facts are changed",
            "update queue.decision_personal set facts = '{}'".to_owned(),
            "are not those that its record commits to",
        ),
        ("a block is removed", whole_block.to_owned(), "block 2 is missing"),
        ("the last block is removed, but not who was in it", "delete from queue.block where number = 3".to_owned(), "block 3 is missing"),
        ("the first block is removed", whole_block.replace('2', "1"), "block 1 is missing"),
        (
            "a block's hash is changed",
            "update queue.block set hash = sha256('x') where number = 2".to_owned(),
            "block 2 was changed: its hash is not that of its contents",
        ),
        (
            "a block's time is changed",
            "update queue.block set sealed_at = sealed_at - interval '1 hour' where number = 2".to_owned(),
            "block 2 was changed",
        ),
        ("a block is written anew with another hash", rewritten.to_owned(), "block 2 has other decisions"),
        (
            "a block is written anew, and what it has, too",
            format!(
                "delete from queue.sealed where block_number = 2 and position > 0; update queue.block set decision_count = 1,
                merkle_root = (select sha256('\\x00'::bytea || content_hash) from queue.decision where id = {fifth}) where number = 2; {}",
                rewritten.split_once(';').unwrap().1
            ),
            "block 3 does not follow the one before it",
        ),
        ("the last block is written anew", rewritten.replace("number = 2", "number = 3"), "block 3 has other decisions"),
    ];
    for (what, statements, words) in cases {
        tamper(&app.pool, &statements).await;
        let found = fault(&app).await.map(|fault| fault.to_string());
        assert!(found.as_deref().is_some_and(|found| found.contains(words)), "{what}: {found:?}");
        tamper(&app.pool, back).await;
        assert_eq!(fault(&app).await, None, "whole again after: {what}");
    }
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_chain_of_decisions_that_was_cut_short_is_found_by_a_head_kept_elsewhere(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = sealed_decisions(connect.clone()).await;
    let kept = app.app.queue.heads().await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!(app.app.queue.verify(&kept).await.unwrap().head.as_ref(), kept.last());

    tamper(&app.pool, "delete from queue.sealed where block_number = 3; delete from queue.block where number = 3").await;
    assert_eq!(fault(&app).await, None, "nothing within the chain says that there was more");
    let found = app.app.queue.verify(&kept).await.unwrap_err().to_string();
    assert!(found.contains("block 3 is not the one whose hash was kept"), "{found}");
    app.clock.advance(TimeDelta::days(1));
    seal_all(&app).await;
    assert_eq!(fault(&app).await, None);
    assert!(app.app.queue.verify(&kept).await.is_err(), "nor what was sealed in its place");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn blocks_of_decisions_refuse_every_change(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = sealed_decisions(connect.clone()).await;
    for statement in [
        "update queue.block set sealed_at = sealed_at + interval '1 second'",
        "delete from queue.block",
        "truncate queue.block cascade",
        "update queue.sealed set position = position + 100",
        "delete from queue.sealed",
        "truncate queue.sealed",
    ] {
        let refused = sqlx::query(statement).execute(&app.pool).await.unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{statement}: {refused}");
    }
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn decisions_go_on_being_sealed_in_a_cluster_whose_transactions_count_anew(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = sealed_decisions(connect.clone()).await;
    // As after a dump is restored: what came before is of transactions that are yet to come, one of it is not sealed, and a new one is.
    decide(&app.pool, 11).await;
    let far = "update queue.block set cluster = 1, searched_xid = '8000000000';
        update queue.decision set written_by = (8000000000 + user_id)::text::xid8";
    tamper(&app.pool, far).await;
    decide(&app.pool, 12).await;
    assert_eq!(fault(&app).await, None);

    seal_all(&app).await;
    decide(&app.pool, 13).await;
    seal_all(&app).await;

    let verified = app.app.queue.verify(&[]).await.unwrap();
    assert_eq!(verified.decisions, 13);
    let strangers = "select count(*) from queue.block where cluster = 1";
    assert_eq!(app.count(strangers).await, 3, "from then on it goes by its own transactions");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn decisions_of_the_previous_release_are_sealed_too(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    // It knows neither the column nor the tables; its own statement names its columns, as this one does.
    decide(&app.pool, 1).await;
    // Whatever was there before the migration has one transaction for all.
    decide(&app.pool, 2).await;
    decide(&app.pool, 3).await;
    let before = "update queue.decision set written_by = (select min(written_by::text::bigint) from queue.decision)::text::xid8";
    tamper(&app.pool, before).await;
    for _ in 0..400 {
        app.app.queue.seal_in_blocks(2).await.unwrap();
        if app.count(UNSEALED).await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let verified = app.app.queue.verify(&[]).await.unwrap();
    assert_eq!((verified.blocks, verified.decisions), (2, 3));
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_person_is_erased_from_decisions_and_the_chain_stays_whole(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = sealed_decisions(connect.clone()).await;
    decide(&app.pool, 3).await;
    let of_three = "select count(*) from queue.decision_personal p join queue.decision d on d.id = p.decision_id where d.user_id = 3";
    assert_eq!(app.count(of_three).await, 2);
    let replica = app.platform.replica_url();

    let erased = dialler(&connect, replica, &["decisions", "erase-person", "3"]).await;

    assert!(text(&erased.stdout).contains("of 2 decisions about user 3"), "{}{}", text(&erased.stdout), text(&erased.stderr));
    assert_eq!(app.count(of_three).await, 0);
    assert_eq!(app.count("select count(*) from queue.decision_personal").await, 9, "nobody else");
    seal_all(&app).await;
    assert_eq!(app.app.queue.verify(&[]).await.unwrap().decisions, 11);
    assert_eq!(app.app.queue.erase_person(UserId::new(3)).await.unwrap(), 0);
    let id: String =
        sqlx::query_scalar("select id::text from queue.decision where user_id = 3 limit 1").fetch_one(&app.pool).await.unwrap();
    let printed = dialler(&connect, replica, &["decision", &id]).await;
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    let lines = text(&printed.stdout);
    assert!(lines.contains("\npersonal      erased;") && lines.contains("(inclusion verified)") && !lines.contains("Priya"), "{lines}");
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn a_printed_decision_carries_a_proof_that_anybody_can_follow(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect.clone()).await;
    app.platform.user(1).unsigned().claim("santander").insert().await.unwrap();
    app.discover().await;
    decide(&app.pool, 8).await;
    let hand_out = app.signed_in(Role::Agent).await.call_next().await;
    let id = hand_out["decision_id"].as_str().unwrap();
    let replica = app.platform.replica_url();
    let before = text(&dialler(&connect, replica, &["decision", id]).await.stdout);
    assert!(before.contains("\nsealed        not yet\n"), "{before}");
    let waiting = text(&dialler(&connect, replica, &["decisions", "verify"]).await.stdout);
    assert!(waiting.contains("0 blocks with 0 decisions; 2 wait to be sealed"), "{waiting}");

    seal_all(&app).await;
    let printed = dialler(&connect, replica, &["decision", id]).await;
    let lines = text(&printed.stdout);
    assert!(printed.status.success(), "{lines}{}", text(&printed.stderr));
    for part in ["\npersonal      verified\n", "(inclusion verified)\n", " on Tuesday 24 November 2026, 10:30:", "\npersonal facts:\n"] {
        assert!(lines.contains(part), "{part}: {lines}");
    }
    // By hand: the leaf of the content hash, then the siblings upwards; here it is the right one of two, or alone.
    let field = |name: &str| {
        let line = lines.lines().find(|line| line.starts_with(name)).unwrap();
        line[14..78].to_owned()
    };
    let bytes = |hex: &str| -> Vec<u8> { (0..32).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect() };
    let mut hash = Sha256::digest([&[0][..], &bytes(&field("content hash"))].concat()).to_vec();
    if lines.contains("as decision 2 of 2") {
        hash = Sha256::digest([&[1][..], &bytes(&field("proof")), &hash].concat()).to_vec();
    }
    assert_eq!(bytes(&field("merkle root")), hash);
    assert_eq!(field("head"), app.app.queue.heads().await.unwrap()[0].hash);
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn the_commands_verify_decisions_and_fail_in_words(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = sealed_decisions(connect.clone()).await;
    let replica = app.platform.replica_url();
    app.clock.advance(TimeDelta::days(1));
    decide(&app.pool, 11).await;
    seal_all(&app).await;

    let heads = text(&dialler(&connect, replica, &["decisions", "heads"]).await.stdout);
    let days: Vec<(&str, &str)> = heads
        .lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            assert_eq!(fields[2].len(), 64, "{line}");
            (fields[0], fields[1])
        })
        .collect();
    assert_eq!(days, [("2026-11-24", "3"), ("2026-11-25", "4")], "the last block of each day");
    let file: PathBuf = std::env::temp_dir().join(format!("dialler-heads-{}", connect.get_database().unwrap()));
    std::fs::write(&file, &heads).unwrap();
    let with_heads = ["decisions", "verify", "--heads", file.to_str().unwrap()];
    let whole = dialler(&connect, replica, &with_heads).await;
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    assert!(text(&whole.stdout).contains("4 blocks with 11 decisions; 0 wait"), "{}", text(&whole.stdout));

    tamper(&app.pool, "delete from queue.decision where user_id = 4").await;
    let broken = dialler(&connect, replica, &with_heads).await;
    assert!(!broken.status.success());
    let words = text(&broken.stderr);
    assert!(words.contains("the chain of decisions is not whole: the record of decision") && words.contains("is gone"), "{words}");
    // The neighbours are as they were; their proof is not, since it needs the one that is gone.
    let id: String = sqlx::query_scalar("select id::text from queue.decision where user_id = 3").fetch_one(&app.pool).await.unwrap();
    let neighbour = dialler(&connect, replica, &["decision", &id]).await;
    assert!(!neighbour.status.success() && text(&neighbour.stdout).contains("(inclusion DOES NOT MATCH)"), "{}", text(&neighbour.stdout));

    std::fs::write(&file, "no head\n").unwrap();
    let refused = dialler(&connect, replica, &with_heads).await;
    assert!(text(&refused.stderr).contains("line 1 of"), "{}", text(&refused.stderr));
    std::fs::remove_file(&file).unwrap();
    app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn personal_facts_are_deleted_when_they_are_old_and_the_chain_stays_whole(_: PgPoolOptions, connect: PgConnectOptions) {
    let app = TestApp::start(connect).await;
    // Ids of 2022 and of now.
    for id in ["01800000-0000-7000-8000-000000000001".to_owned(), kernel::DecisionId::generate().to_string()] {
        let insert = INSERT.replace("gen_random_uuid() as id", &format!("'{id}'::uuid as id"));
        sqlx::query(AssertSqlSafe(insert)).bind(1_i64).execute(&app.pool).await.unwrap();
    }
    seal_all(&app).await;
    assert_eq!(app.app.queue.forget_old_personal_facts().await.unwrap(), 1);
    assert_eq!(app.app.queue.forget_old_personal_facts().await.unwrap(), 0);
    let kept: Vec<String> =
        sqlx::query_scalar("select left(decision_id::text, 4) from queue.decision_personal").fetch_all(&app.pool).await.unwrap();
    assert!(kept.len() == 1 && kept[0] != "0180", "{kept:?}");
    assert_eq!(app.app.queue.verify(&[]).await.unwrap().decisions, 2);
    app.stop().await;
}

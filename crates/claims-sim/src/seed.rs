//! Filling a local database with invented people.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use chrono::{DateTime, NaiveDateTime, Utc};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::person;
use crate::schema::create_schema;
use crate::sql::Inserts;

/// Connections that load side by side.
const CONNECTIONS: usize = 4;

/// Users in one transaction: few enough for one packet a table, many enough that commits do not count.
const USERS_A_TRANSACTION: u64 = 1_000;

/// Who is to be invented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// How many users.
    pub users: u64,
    /// The same seed gives the same people.
    pub seed: u64,
    /// The present of the platform: no date in it is later.
    pub as_of: DateTime<Utc>,
}

/// What was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Rows of `users`.
    pub users: u64,
    /// Rows of `claims`.
    pub claims: u64,
    /// Rows of `claim_requirements`.
    pub requirements: u64,
    /// Rows of `claim_vehicle_packages`.
    pub packages: u64,
    /// Rows of `user_addresses`.
    pub addresses: u64,
    /// Rows of `user_logs`.
    pub logs: u64,
    /// How long it took.
    pub took: Duration,
}

impl Report {
    fn add(&mut self, inserts: &Inserts) {
        self.users += inserts.users.rows;
        self.claims += inserts.claims.rows;
        self.requirements += inserts.requirements.rows;
        self.packages += inserts.packages.rows;
        self.addresses += inserts.addresses.rows;
        self.logs += inserts.logs.rows;
    }

    fn merge(&mut self, other: &Self) {
        self.users += other.users;
        self.claims += other.claims;
        self.requirements += other.requirements;
        self.packages += other.packages;
        self.addresses += other.addresses;
        self.logs += other.logs;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} users, {} claims, {} requirements, {} vehicles, {} addresses and {} log lines in {:.1} s",
            self.users,
            self.claims,
            self.requirements,
            self.packages,
            self.addresses,
            self.logs,
            self.took.as_secs_f64()
        )
    }
}

/// Fills the database that `url` names, creating it when it is missing. Refuses servers that are not on this machine, databases
/// that hold tables of somebody else, and databases that have been seeded before.
pub async fn seed(url: &str, population: &Population, mut progress: impl FnMut(&str)) -> anyhow::Result<Report> {
    let began = Instant::now();
    let options = MySqlConnectOptions::from_str(url)
        .context("the address of the claims platform's database cannot be read")?
        .disable_statement_logging();
    refuse_strangers(&options)?;
    let database = options.get_database().context("the address names no database")?.to_owned();

    prepare(&options, &database, population).await?;
    progress(&format!("inventing {} users in {database}", population.users));

    let next = Arc::new(AtomicU64::new(0));
    let (done, mut finished) = mpsc::unbounded_channel();
    let mut loaders = JoinSet::new();
    for _ in 0..CONNECTIONS {
        loaders.spawn(load(options.clone(), population.clone(), Arc::clone(&next), done.clone()));
    }
    drop(done);

    let mut report = Report::default();
    let step = (population.users / 10).max(1);
    while let Some(part) = finished.recv().await {
        let before = report.users / step;
        report.merge(&part);
        if report.users / step > before {
            progress(&format!("{} of {} users", report.users, population.users));
        }
    }
    while let Some(loader) = loaders.join_next().await {
        loader??;
    }

    let mut conn = options.connect().await?;
    conn.execute("update claims_sim_origin set is_complete = 1").await?;
    conn.execute("analyze table users, claims, claim_requirements, claim_vehicle_packages, user_addresses, user_logs").await?;
    conn.close().await?;
    report.took = began.elapsed();
    Ok(report)
}

/// Invented people must never land among real ones.
fn refuse_strangers(options: &MySqlConnectOptions) -> anyhow::Result<()> {
    let host = options.get_host();
    let is_local = options.get_socket().is_some() || ["127.0.0.1", "localhost", "::1", "[::1]"].contains(&host);
    if !is_local {
        bail!("{host} is not this machine: invented people are only ever loaded into a local database");
    }
    Ok(())
}

/// Leaves an empty platform, marked as ours.
async fn prepare(options: &MySqlConnectOptions, database: &str, population: &Population) -> anyhow::Result<()> {
    // `information_schema` is always there, the database perhaps not.
    let mut conn =
        options.clone().database("information_schema").connect().await.context("the claims platform's server does not answer")?;
    let exists: i64 = sqlx::query_scalar("select count(*) from information_schema.schemata where schema_name = ?")
        .bind(database)
        .fetch_one(&mut conn)
        .await?;
    if exists == 0 {
        let name = database.replace('`', "``");
        // A database's name cannot be a parameter.
        sqlx::raw_sql(AssertSqlSafe(format!("create database `{name}` character set utf8mb4"))).execute(&mut conn).await?;
    }
    let tables: Vec<String> = sqlx::query_scalar("select cast(table_name as char) from information_schema.tables where table_schema = ?")
        .bind(database)
        .fetch_all(&mut conn)
        .await?;
    conn.close().await?;

    let mut conn = options.connect().await?;
    let is_ours = tables.iter().any(|table| table == "claims_sim_origin");
    if is_ours {
        refuse_seeded(&mut conn, database, &tables).await?;
    } else if !tables.is_empty() {
        bail!("the database {database} holds tables that claims-sim did not create: name another, or an empty one");
    }

    // A schema that was left half-made, without a single user, is made again.
    sqlx::raw_sql(
        "drop table if exists users, claims, claim_requirements, claim_vehicle_packages, user_addresses, user_logs, claims_sim_origin;
         create table claims_sim_origin (
           seed bigint unsigned not null,
           users bigint unsigned not null,
           as_of datetime not null,
           is_complete tinyint(1) not null default 0
         );",
    )
    .execute(&mut conn)
    .await?;
    sqlx::query("insert into claims_sim_origin (seed, users, as_of) values (?, ?, ?)")
        .bind(population.seed)
        .bind(population.users)
        .bind(population.as_of.naive_utc())
        .execute(&mut conn)
        .await?;
    create_schema(&mut conn).await?;
    conn.close().await?;
    Ok(())
}

async fn refuse_seeded(conn: &mut MySqlConnection, database: &str, tables: &[String]) -> anyhow::Result<()> {
    if !tables.iter().any(|table| table == "users") {
        return Ok(());
    }
    let held: Option<u64> = sqlx::query_scalar("select id from users limit 1").fetch_optional(&mut *conn).await?;
    if held.is_none() {
        return Ok(());
    }
    let origin: Option<(u64, u64, NaiveDateTime, bool)> =
        sqlx::query_as("select seed, users, as_of, is_complete from claims_sim_origin").fetch_optional(conn).await?;
    match origin {
        Some((seed, users, as_of, true)) => {
            bail!("{database} is already seeded with {users} users of seed {seed} as of {as_of}; drop it to seed again")
        }
        _ => bail!("{database} holds an unfinished load; drop it to seed again"),
    }
}

/// Takes the next thousand users until there are none.
async fn load(
    options: MySqlConnectOptions,
    population: Population,
    next: Arc<AtomicU64>,
    done: mpsc::UnboundedSender<Report>,
) -> anyhow::Result<()> {
    let mut conn = options.connect().await?;
    loop {
        let first = next.fetch_add(USERS_A_TRANSACTION, Ordering::Relaxed);
        if first >= population.users {
            break;
        }
        let last = (first + USERS_A_TRANSACTION).min(population.users);
        let mut inserts = Inserts::new();
        for index in first..last {
            let id = person::id_at(index + 1, population.users);
            inserts.add(&person::draw(population.seed, id, population.as_of));
        }
        let mut part = Report::default();
        part.add(&inserts);

        let mut transaction = conn.begin().await?;
        let Inserts { users, addresses, claims, requirements, packages, logs } = inserts;
        for insert in [users, addresses, claims, requirements, packages, logs] {
            if let Some(sql) = insert.finish() {
                // Every value in it is our own and was written as an escaped literal.
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        // Nobody listens any more when another loader has failed.
        let _ = done.send(part);
    }
    conn.close().await?;
    Ok(())
}

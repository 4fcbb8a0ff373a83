//! A claims platform of a test's own: a database on the primary that the replica follows.

use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use chrono::{NaiveDate, NaiveDateTime};
use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, MySqlConnection, MySqlPool};

/// The platform's tables: an external contract that the synthetic platform keeps.
const CONTRACT: &str = include_str!("../../claims-sim/claims-platform.sql");

/// Databases of tests begin with this, then the second they were made at: what a failed test left is found by it.
const PREFIX: &str = "claims_test_";

/// How long the replica may take to follow.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A claims platform with a name of its own, on the primary and on its replica. [`TestPlatform::drop`] removes it; what a failed
/// test leaves is removed an hour later.
#[derive(Debug)]
pub struct TestPlatform {
    name: String,
    primary: MySqlPool,
    primary_url: String,
    replica_url: String,
    position_before: String,
}

impl TestPlatform {
    /// A platform with the contract's tables, already on the replica too.
    pub async fn new() -> anyhow::Result<Self> {
        let platform = Self::bare().await?;
        sqlx::raw_sql(CONTRACT).execute(&platform.primary).await?;
        platform.caught_up().await?;
        Ok(platform)
    }

    /// A platform without tables.
    pub async fn bare() -> anyhow::Result<Self> {
        let primary_url = from_environment("CLAIMS_SIM_DATABASE_URL")?;
        let replica_url = from_environment("REPLICA_DATABASE_URL")?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        let name = format!("{PREFIX}{now}_{:08x}", rand::random::<u32>());

        let mut conn = options(&primary_url, "information_schema")?.connect().await.context("the platform's primary does not answer")?;
        // MySQL has no such variable; nothing there needs it.
        let position_before = sqlx::query_scalar("select @@global.gtid_binlog_pos").fetch_one(&mut conn).await.unwrap_or_default();
        // The name is our own: a prefix, a number and hexadecimal digits.
        sqlx::raw_sql(AssertSqlSafe(format!("create database {name} character set utf8mb4"))).execute(&mut conn).await?;
        remove_old(&mut conn, now).await;
        conn.close().await?;

        let primary = MySqlPoolOptions::new().max_connections(4).connect_lazy_with(options(&primary_url, &name)?);
        let platform =
            Self { primary_url: named(&primary_url, &name), replica_url: named(&replica_url, &name), name, primary, position_before };
        platform.caught_up().await?;
        Ok(platform)
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection to the replica as its administrator, whom only the local services have: for holding it back.
    pub async fn replica_admin(&self) -> anyhow::Result<MySqlConnection> {
        let connected = options(&self.replica_url, "information_schema")?.username("admin").connect().await;
        connected.context("the replica has no administrator of the local services")
    }

    /// Connections to the primary, which may write.
    pub fn primary(&self) -> &MySqlPool {
        &self.primary
    }

    /// The primary's address, with an account that may write.
    pub fn primary_url(&self) -> &str {
        &self.primary_url
    }

    /// The replica's address, with an account that may only read.
    pub fn replica_url(&self) -> &str {
        &self.replica_url
    }

    /// Waits until the replica has everything that the primary has committed.
    pub async fn caught_up(&self) -> anyhow::Result<()> {
        let (primary, replica) = (MySqlConnectOptions::from_str(&self.primary_url)?, options(&self.replica_url, "information_schema")?);
        if (primary.get_host(), primary.get_port()) == (replica.get_host(), replica.get_port()) {
            return Ok(());
        }
        let position = self.position().await?;
        let mut to = replica.connect().await.context("the replica does not answer")?;
        let answer: Option<i64> = sqlx::query_scalar("select cast(master_gtid_wait(?, ?) as signed)")
            .bind(&position)
            .bind(PATIENCE.as_secs())
            .fetch_one(&mut to)
            .await?;
        to.close().await?;
        if answer != Some(0) {
            bail!("the replica is not at {position} after {} s", PATIENCE.as_secs());
        }
        Ok(())
    }

    /// What the primary has committed by now.
    pub(crate) async fn position(&self) -> anyhow::Result<String> {
        let mut conn = options(&self.primary_url, "information_schema")?.connect().await?;
        let position = sqlx::query_scalar("select @@global.gtid_binlog_pos").fetch_one(&mut conn).await?;
        conn.close().await?;
        Ok(position)
    }

    /// What it had before there was this platform.
    pub(crate) fn position_before(&self) -> &str {
        &self.position_before
    }

    /// A user to be inserted: enabled, active, signed, with a number, without claims.
    pub fn user(&self, id: i64) -> UserFixture<'_> {
        UserFixture {
            platform: self,
            id,
            is_enabled: true,
            status: Some("active".to_owned()),
            first_name: Some("Pat".to_owned()),
            last_name: Some("Tester".to_owned()),
            phone: Some(format!("+4477009{:05}", id.rem_euclid(100_000))),
            date_of_birth: None,
            signature: Some("00000000-0000-4000-8000-000000000001".to_owned()),
            created_at: None,
            claims: Vec::new(),
        }
    }

    /// Writes many users in one transaction. The replica has them after [`TestPlatform::caught_up`].
    #[expect(clippy::disallowed_methods, reason = "of MariaDB, in a test, which waits for it")]
    pub async fn insert_all<'a>(&'a self, users: impl IntoIterator<Item = UserFixture<'a>>) -> anyhow::Result<()> {
        let mut transaction = self.primary.begin().await?;
        for user in users {
            user.write(&mut transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Removes the database.
    pub async fn drop(self) -> anyhow::Result<()> {
        self.primary.close().await;
        let mut conn = options(&self.primary_url, "information_schema")?.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(format!("drop database if exists {}", self.name))).execute(&mut conn).await?;
        conn.close().await?;
        Ok(())
    }
}

/// A user that a test describes before it is inserted.
#[derive(Clone, Debug)]
#[must_use = "nothing is written before `insert`"]
pub struct UserFixture<'a> {
    platform: &'a TestPlatform,
    id: i64,
    is_enabled: bool,
    status: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    phone: Option<String>,
    date_of_birth: Option<NaiveDate>,
    signature: Option<String>,
    created_at: Option<NaiveDateTime>,
    claims: Vec<ClaimFixture>,
}

#[derive(Clone, Debug)]
struct ClaimFixture {
    lender: Option<String>,
    status: Option<String>,
    solicitor: Option<String>,
    created_at: Option<NaiveDateTime>,
    requirements: Vec<RequirementFixture>,
}

#[derive(Clone, Debug)]
struct RequirementFixture {
    kind: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    created_at: Option<NaiveDateTime>,
}

impl UserFixture<'_> {
    /// No signature file: NULL.
    pub fn unsigned(mut self) -> Self {
        self.signature = None;
        self
    }

    /// No signature file: an empty string.
    pub fn empty_signature(self) -> Self {
        self.signature_as("")
    }

    /// What stands where the signature file's id should.
    pub fn signature_as(mut self, text: &str) -> Self {
        self.signature = Some(text.to_owned());
        self
    }

    /// A signature file is on record.
    pub fn signed(mut self) -> Self {
        self.signature = Some("00000000-0000-4000-8000-000000000001".to_owned());
        self
    }

    /// Nobody may call this user.
    pub fn disabled(mut self) -> Self {
        self.is_enabled = false;
        self
    }

    /// The user's status; an empty word is NULL.
    pub fn status(mut self, status: &str) -> Self {
        self.status = filled(status);
        self
    }

    /// First and last name; an empty one is NULL.
    pub fn name(mut self, first: &str, last: &str) -> Self {
        (self.first_name, self.last_name) = (filled(first), filled(last));
        self
    }

    /// The number as the platform holds it.
    pub fn phone(mut self, raw: &str) -> Self {
        self.phone = Some(raw.to_owned());
        self
    }

    /// No number: NULL.
    pub fn no_phone(mut self) -> Self {
        self.phone = None;
        self
    }

    /// The date of birth.
    pub fn born(mut self, date: NaiveDate) -> Self {
        self.date_of_birth = Some(date);
        self
    }

    /// When the user, or the claim or requirement added last, was made, UTC.
    pub fn made(mut self, at: NaiveDateTime) -> Self {
        match self.claims.last_mut() {
            None => self.created_at = Some(at),
            Some(claim) => match claim.requirements.last_mut() {
                None => claim.created_at = Some(at),
                Some(requirement) => requirement.created_at = Some(at),
            },
        }
        self
    }

    /// One more claim, open; what follows is about it. Its id is [`claim_id`].
    pub fn claim(mut self, lender: &str) -> Self {
        self.claims.push(ClaimFixture {
            lender: filled(lender),
            status: Some("submitted".to_owned()),
            solicitor: None,
            created_at: None,
            requirements: Vec::new(),
        });
        self
    }

    /// The last claim's status; an empty word is NULL.
    pub fn claim_status(mut self, status: &str) -> Self {
        if let Some(claim) = self.claims.last_mut() {
            claim.status = filled(status);
        }
        self
    }

    /// The last claim's solicitor.
    pub fn solicitor(mut self, name: &str) -> Self {
        if let Some(claim) = self.claims.last_mut() {
            claim.solicitor = filled(name);
        }
        self
    }

    /// One more requirement of the last claim, PENDING, without a reason.
    pub fn requirement(self, kind: &str) -> Self {
        self.requirement_as(kind, "PENDING", "")
    }

    /// One more requirement of the last claim; empty words are NULL.
    pub fn requirement_as(mut self, kind: &str, status: &str, reason: &str) -> Self {
        if let Some(claim) = self.claims.last_mut() {
            claim.requirements.push(RequirementFixture {
                kind: filled(kind),
                status: filled(status),
                reason: filled(reason),
                created_at: None,
            });
        }
        self
    }

    /// Writes the user with claims and requirements, in one transaction. The replica has them after [`TestPlatform::caught_up`].
    pub async fn insert(self) -> anyhow::Result<()> {
        let platform = self.platform;
        platform.insert_all([self]).await
    }

    async fn write(self, conn: &mut MySqlConnection) -> anyhow::Result<()> {
        sqlx::query(
            "insert into users (id, is_enabled, status, first_name, last_name, phone_number, date_of_birth, current_signature_file_id, \
             created_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(self.id)
        .bind(self.is_enabled)
        .bind(self.status)
        .bind(self.first_name)
        .bind(self.last_name)
        .bind(self.phone)
        .bind(self.date_of_birth)
        .bind(self.signature)
        .bind(self.created_at)
        .execute(&mut *conn)
        .await?;
        for (claim, id) in self.claims.into_iter().zip(claim_id(self.id, 1)..) {
            sqlx::query(
                "insert into claims (id, user_id, type, status, lender, solicitor, created_at) values (?, ?, 'VEHICLE', ?, ?, ?, ?)",
            )
            .bind(id)
            .bind(self.id)
            .bind(claim.status)
            .bind(claim.lender)
            .bind(claim.solicitor)
            .bind(claim.created_at)
            .execute(&mut *conn)
            .await?;
            for requirement in claim.requirements {
                sqlx::query(
                    "insert into claim_requirements (id, claim_id, type, status, claim_requirement_reason, created_at) \
                     values (uuid(), ?, ?, ?, ?, ?)",
                )
                .bind(id)
                .bind(requirement.kind)
                .bind(requirement.status)
                .bind(requirement.reason)
                .bind(requirement.created_at)
                .execute(&mut *conn)
                .await?;
            }
        }
        Ok(())
    }
}

/// The id of the `n`th claim, from 1, of a user that a fixture inserted.
pub const fn claim_id(user_id: i64, n: i64) -> i64 {
    user_id * 16 + n
}

fn filled(word: &str) -> Option<String> {
    (!word.is_empty()).then(|| word.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "tests have no server whose configuration they could use")]
fn from_environment(name: &str) -> anyhow::Result<String> {
    std::env::var(name).with_context(|| format!("{name} is not set: the local services' addresses are in .dev/env"))
}

fn options(url: &str, database: &str) -> anyhow::Result<MySqlConnectOptions> {
    Ok(MySqlConnectOptions::from_str(url)?.database(database))
}

/// The address with another database's name.
fn named(url: &str, database: &str) -> String {
    let (address, parameters) = url.split_once('?').map_or((url, String::new()), |(address, rest)| (address, format!("?{rest}")));
    let authority = address.find("://").map_or(0, |at| at + 3);
    let end = address[authority..].find('/').map_or(address.len(), |at| authority + at);
    format!("{}/{database}{parameters}", &address[..end])
}

/// Removes what tests left more than an hour ago. Others may be removing the same: an error is nobody's concern.
async fn remove_old(conn: &mut MySqlConnection, now: u64) {
    let names: Vec<String> =
        sqlx::query_scalar(r"select cast(schema_name as char) from information_schema.schemata where schema_name like 'claims\_test\_%'")
            .fetch_all(&mut *conn)
            .await
            .unwrap_or_default();
    for name in names {
        let made = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next()).and_then(|second| second.parse::<u64>().ok());
        let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_plain && made.is_some_and(|made| made + 3_600 < now) {
            let _ = sqlx::raw_sql(AssertSqlSafe(format!("drop database if exists {name}"))).execute(&mut *conn).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn an_address_is_renamed_and_keeps_the_rest() {
        for (url, renamed) in [
            ("mysql://u:p@127.0.0.1:3306/claims_platform", "mysql://u:p@127.0.0.1:3306/x"),
            ("mysql://u:p@127.0.0.1:3306", "mysql://u:p@127.0.0.1:3306/x"),
            ("mysql://u:p@h/claims?ssl-mode=disabled", "mysql://u:p@h/x?ssl-mode=disabled"),
        ] {
            assert_eq!(named(url, "x"), renamed);
        }
    }
}

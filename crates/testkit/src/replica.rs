//! A replica of a test's own, which may be held back, stopped and cut off without any other test noticing.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use tokio::net::TcpListener;

use crate::platform::{PATIENCE, TestPlatform};
use crate::proxy::TcpProxy;

/// A MariaDB on a port of its own that follows one platform of the local primary, through a proxy. Ends with the value, and its files with it.
#[derive(Debug)]
pub struct TestReplica {
    url: String,
    admin: MySqlConnectOptions,
    folder: Folder,
    child: Child,
    /// Between the primary and this replica: stalled, nothing comes any more and nothing says so.
    pub primary: TcpProxy,
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl TestReplica {
    /// Starts one that has all of this platform, and asks the primary for a sign of life so often.
    pub async fn of(platform: &TestPlatform, heartbeat: Duration) -> anyhow::Result<Self> {
        let folder = Folder(std::env::temp_dir().join(format!("dialler-replica-{:08x}", rand::random::<u32>())));
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let (account, word) = account(platform.replica_url())?;
        let child = start(&folder.0, port, platform.name(), account, word)?;
        let local = MySqlConnectOptions::from_str(platform.replica_url())?;
        let admin = local.username("admin").port(port).database("information_schema").disable_statement_logging();
        let primary = TcpProxy::in_front_of(platform.primary_url()).await?;
        let url = format!("mysql://{account}:{word}@127.0.0.1:{port}/{}", platform.name());
        let replica = Self { url, admin, folder, child, primary };
        replica.until_it_answers().await?;

        // From before there was this platform, and of this platform alone.
        let source: MySqlConnectOptions = replica.primary.url().parse()?;
        replica
            .run(&format!(
                "set global gtid_slave_pos = '{}';
                 change master to master_host = '127.0.0.1', master_port = {}, master_user = 'replication', master_password = '{word}',
                     master_use_gtid = slave_pos, master_connect_retry = 1, master_heartbeat_period = {:.3};
                 start replica",
                platform.position_before(),
                source.get_port(),
                heartbeat.as_secs_f64(),
            ))
            .await?;
        replica.caught_up(platform).await?;
        Ok(replica)
    }

    /// Its address, with an account that may only read.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Says something as its administrator.
    pub async fn run(&self, sql: &str) -> anyhow::Result<()> {
        let mut conn = self.admin.connect().await?;
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await?;
        conn.close().await?;
        Ok(())
    }

    /// How many signs of life it has received from the primary.
    pub async fn heartbeats(&self) -> anyhow::Result<u64> {
        let mut conn = self.admin.connect().await?;
        let row = sqlx::raw_sql("show global status like 'Slave_received_heartbeats'").fetch_one(&mut conn).await?;
        let count: String = row.try_get_unchecked("Value")?;
        conn.close().await?;
        Ok(count.parse()?)
    }

    /// Waits until it has everything that the primary has committed.
    pub async fn caught_up(&self, platform: &TestPlatform) -> anyhow::Result<()> {
        let position = platform.position().await?;
        let mut conn: MySqlConnection = self.admin.connect().await?;
        let answer: Option<i64> = sqlx::query_scalar("select cast(master_gtid_wait(?, ?) as signed)")
            .bind(&position)
            .bind(PATIENCE.as_secs())
            .fetch_one(&mut conn)
            .await?;
        conn.close().await?;
        ensure!(answer == Some(0), "the test's own replica is not at {position}; its log is in {}", self.folder.0.display());
        Ok(())
    }

    async fn until_it_answers(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        while let Err(error) = self.run("do 1").await {
            if began.elapsed() > PATIENCE {
                bail!("the test's own replica does not answer: {error}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }
}

impl Drop for TestReplica {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User and password of an address.
fn account(url: &str) -> anyhow::Result<(&str, &str)> {
    let (_, rest) = url.split_once("://").context("the address has no scheme")?;
    let (account, _) = rest.rsplit_once('@').context("the address names no account")?;
    account.split_once(':').context("the account has no password")
}

/// Makes the server's files and starts it. Its accounts are those of the local services: an administrator, and the one that reads.
fn start(folder: &Path, port: u16, database: &str, reader: &str, word: &str) -> anyhow::Result<Child> {
    let data = folder.join("data");
    std::fs::create_dir_all(&data)?;
    let accounts = folder.join("accounts.sql");
    std::fs::write(
        &accounts,
        format!(
            "create user admin@'127.0.0.1' identified by '{word}';
             grant all on *.* to admin@'127.0.0.1' with grant option;
             create user '{reader}'@'127.0.0.1' identified by '{word}';
             grant select on `claims\\_%`.* to '{reader}'@'127.0.0.1';
             grant replica monitor on *.* to '{reader}'@'127.0.0.1';
"
        ),
    )?;
    let data = data.display();
    // MariaDB does not run as root unless it is told to. Of others it is no business.
    let is_root = std::fs::metadata("/proc/self").map(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)?;
    let as_root = if is_root { vec!["--user=root"] } else { Vec::new() };
    let made = Command::new("mariadb-install-db")
        .args(["--no-defaults", "--skip-test-db", "--skip-name-resolve", "--auth-root-authentication-method=normal"])
        .arg(format!("--datadir={data}"))
        .args(&as_root)
        .env("TMPDIR", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("MariaDB is not installed; install it with: just setup")?;
    ensure!(made.success(), "a database server could not be made in {}", folder.display());
    Command::new("mariadbd")
        .args(["--no-defaults", "--bind-address=127.0.0.1", "--socket=", "--skip-name-resolve=1", "--default-time-zone=+00:00"])
        .args(["--read-only=1", "--skip-slave-start=1", "--relay-log=relay", "--performance-schema=0", "--max-connections=100"])
        .args(["--innodb-buffer-pool-size=32M", "--innodb-flush-log-at-trx-commit=0"])
        .args(["--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_ci"])
        .arg(format!("--datadir={data}"))
        .arg(format!("--tmpdir={}", folder.display()))
        .arg(format!("--pid-file={}", folder.join("server.pid").display()))
        .arg(format!("--port={port}"))
        // No two replicas of a primary have the same; the local services have 1 and 2.
        .arg(format!("--server-id={}", rand::random_range(1_000..u32::MAX)))
        .arg(format!("--replicate-wild-do-table={database}.%"))
        .arg(format!("--init-file={}", accounts.display()))
        .args(&as_root)
        .current_dir(folder)
        .env("PATH", format!("{}:/usr/sbin", path()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(folder.join("log"))?)
        .spawn()
        .context("mariadbd cannot be started; install it with: just setup")
}

#[expect(clippy::disallowed_methods, reason = "Debian keeps servers off an ordinary user's path, and the rest of it has to stay")]
fn path() -> String {
    std::env::var("PATH").unwrap_or_default()
}

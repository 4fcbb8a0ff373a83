//! A Redis of a test's own, to be killed.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A Redis on a port of its own that keeps nothing on disk. Ends with the value.
#[derive(Debug)]
pub struct TestRedis {
    port: u16,
    child: Child,
}

impl TestRedis {
    /// Starts one; `redis-server` has to be installed.
    pub async fn start() -> anyhow::Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let redis = Self { port, child: spawn(port)? };
        redis.until_it_answers().await?;
        Ok(redis)
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Starts it again where it was, empty.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.child = spawn(self.port)?;
        self.until_it_answers().await
    }

    /// Keeps it from doing anything: connections stay open, and nothing is answered.
    pub fn freeze(&self) -> anyhow::Result<()> {
        self.signal("-STOP")
    }

    /// Lets it go on.
    pub fn thaw(&self) -> anyhow::Result<()> {
        self.signal("-CONT")
    }

    fn signal(&self, signal: &str) -> anyhow::Result<()> {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status()?;
        ensure!(status.success(), "the signal was not sent");
        Ok(())
    }

    async fn until_it_answers(&self) -> anyhow::Result<()> {
        for _ in 0..400 {
            if let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)).await
                && connection.write_all(b"PING\r\n").await.is_ok()
            {
                let mut answer = [0; 5];
                if connection.read_exact(&mut answer).await.is_ok() && &answer == b"+PONG" {
                    return Ok(());
                }
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        bail!("Redis does not answer")
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(port: u16) -> anyhow::Result<Child> {
    Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("redis-server cannot be started; install it with: just setup")
}

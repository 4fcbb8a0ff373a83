//! Counts round trips to PostgreSQL on the wire, where neither a driver nor a pool can hide one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// A proxy in front of PostgreSQL that counts how often a client asked something and waited. A Sync alone does not count: it is the
/// ping with which sqlx returns a connection to its pool, after the request has its answer.
#[derive(Debug)]
pub struct RoundTrips {
    port: u16,
    count: Arc<AtomicU64>,
    accepting: tokio::task::JoinHandle<()>,
}

impl RoundTrips {
    /// Listens on a port of its own and forwards to the server at `host` and `port`, without TLS.
    pub async fn in_front_of(host: &str, port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let own_port = listener.local_addr()?.port();
        let count = Arc::new(AtomicU64::new(0));
        let (counted, host) = (Arc::clone(&count), host.to_owned());
        let accepting = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect((host.as_str(), port)).await else { return };
                let _ = (client.set_nodelay(true), server.set_nodelay(true));
                let (from_client, mut to_client) = client.into_split();
                let (mut from_server, to_server) = server.into_split();
                let counted = Arc::clone(&counted);
                tokio::spawn(async move { forward_counting(from_client, to_server, &counted).await });
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
            }
        });
        Ok(Self { port: own_port, count, accepting })
    }

    /// Where clients connect, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Round trips so far, over all connections.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
}

impl Drop for RoundTrips {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Forwards whole messages of the protocol (a type, a length that counts itself, a body) until either side ends.
async fn forward_counting(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, count: &AtomicU64) -> std::io::Result<()> {
    // Before the start-up message, which alone has no type, a client may ask for TLS (code 80877103): the answer is no.
    loop {
        let length = from.read_u32().await?;
        let mut body = vec![0; (length as usize).saturating_sub(4)];
        from.read_exact(&mut body).await?;
        to.write_u32(length).await?;
        to.write_all(&body).await?;
        if body.get(..4) != Some(&80_877_103_u32.to_be_bytes()) {
            break;
        }
    }
    let mut has_question = false;
    loop {
        let kind = from.read_u8().await?;
        let length = from.read_u32().await?;
        let mut message = vec![0; (length as usize).saturating_sub(4)];
        from.read_exact(&mut message).await?;
        match kind {
            b'S' | b'H' if has_question => {
                count.fetch_add(1, Ordering::SeqCst);
                has_question = false;
            }
            b'S' | b'H' => {}
            b'Q' => {
                count.fetch_add(1, Ordering::SeqCst);
            }
            _ => has_question = true,
        }
        let mut whole = Vec::with_capacity(message.len() + 5);
        whole.push(kind);
        whole.extend_from_slice(&length.to_be_bytes());
        whole.extend_from_slice(&message);
        to.write_all(&whole).await?;
    }
}

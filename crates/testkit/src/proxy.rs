//! A proxy in front of a server that tests share: stopping it looks like stopping the server, to one test alone.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Forwarding,
    /// Every answer is held back for so long.
    Slow(Duration),
    Stalled,
    Stopped,
}

impl State {
    fn forwards(&self) -> bool {
        matches!(self, Self::Forwarding | Self::Slow(_))
    }
}

/// A TCP proxy that a test can stop, stall, slow down and resume. Ends with the value.
#[derive(Debug)]
pub struct TcpProxy {
    url: String,
    address: SocketAddr,
    state: watch::Sender<State>,
    upstreams: Arc<Mutex<Upstreams>>,
    listener: JoinHandle<()>,
}

/// Where connections are made to, in turn.
#[derive(Debug)]
struct Upstreams {
    all: Vec<String>,
    next: usize,
}

impl Upstreams {
    fn take_turn(upstreams: &Mutex<Self>) -> String {
        let mut upstreams = upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        upstreams.next = (upstreams.next + 1) % upstreams.all.len();
        upstreams.all[upstreams.next].clone()
    }
}

impl TcpProxy {
    /// A proxy on a port of its own, in front of the server that `url` names.
    pub async fn in_front_of(url: &str) -> anyhow::Result<Self> {
        let (scheme, account, upstream, path) = parts(url)?;
        let upstreams = Arc::new(Mutex::new(Upstreams { all: vec![upstream], next: 0 }));
        let socket = TcpListener::bind("127.0.0.1:0").await?;
        let address = socket.local_addr()?;
        let (state, changes) = watch::channel(State::Forwarding);
        Ok(Self {
            url: format!("{scheme}://{account}@{address}/{path}"),
            address,
            state,
            listener: tokio::spawn(listen(socket, address, Arc::clone(&upstreams), changes)),
            upstreams,
        })
    }

    /// From now on makes each new connection to the next of these servers, as a balancer does. What is connected stays where it is.
    pub fn spread_over(&self, urls: &[&str]) -> anyhow::Result<()> {
        let all = urls.iter().map(|url| parts(url).map(|(_, _, upstream, _)| upstream)).collect::<anyhow::Result<Vec<_>>>()?;
        anyhow::ensure!(!all.is_empty(), "a balancer has a server at least");
        *self.upstreams.lock().unwrap_or_else(PoisonError::into_inner) = Upstreams { all, next: 0 };
        Ok(())
    }

    /// The server's address with the proxy's host and port.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts every connection and refuses new ones.
    pub async fn stop(&self) {
        self.state.send_replace(State::Stopped);
        self.wait_until(false).await;
    }

    /// Accepts connections and forwards nothing, as a server that hangs.
    pub async fn stall(&self) {
        self.state.send_replace(State::Stalled);
        self.wait_until(true).await;
    }

    /// Forwards again, also what waited, but holds every answer back for so long.
    pub async fn slow(&self, delay: Duration) {
        self.state.send_replace(State::Slow(delay));
        self.wait_until(true).await;
    }

    /// Forwards again, also what waited.
    pub async fn resume(&self) {
        self.state.send_replace(State::Forwarding);
        self.wait_until(true).await;
    }

    /// Waits until connections are taken, or refused.
    async fn wait_until(&self, taken: bool) {
        for _ in 0..200 {
            if TcpStream::connect(self.address).await.is_ok() == taken {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl Drop for TcpProxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

/// Scheme, account, host with port, and the rest of an address.
fn parts(url: &str) -> anyhow::Result<(&str, &str, String, &str)> {
    let (scheme, rest) = url.split_once("://").context("the address has no scheme")?;
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let (account, upstream) = authority.rsplit_once('@').context("the address names no account")?;
    let upstream = if upstream.contains(':') { upstream.to_owned() } else { format!("{upstream}:3306") };
    Ok((scheme, account, upstream, path))
}

async fn listen(first: TcpListener, address: SocketAddr, upstreams: Arc<Mutex<Upstreams>>, mut changes: watch::Receiver<State>) {
    let mut socket = Some(first);
    let mut connections = JoinSet::new();
    loop {
        let state = *changes.borrow_and_update();
        if state == State::Stopped {
            // Closing the socket makes the system refuse; dropping the tasks cuts what is connected.
            socket = None;
            connections = JoinSet::new();
        } else if socket.is_none() {
            socket = TcpListener::bind(address).await.ok();
        }
        let accepted = async {
            match &socket {
                Some(socket) => socket.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            stopped = changes.changed() => if stopped.is_err() { return },
            client = accepted => if let Ok((client, _)) = client {
                connections.spawn(forward(client, Arc::clone(&upstreams), changes.clone()));
            },
        }
    }
}

async fn forward(client: TcpStream, upstreams: Arc<Mutex<Upstreams>>, mut changes: watch::Receiver<State>) {
    if changes.wait_for(State::forwards).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect(Upstreams::take_turn(&upstreams)).await else { return };
    // Small packets wait for nobody: the proxy must not be slower than the server.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(from_client, to_server, changes.clone(), false) => {}
        () = pump(from_server, to_client, changes, true) => {}
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    mut changes: watch::Receiver<State>,
    is_answer: bool,
) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(read) = from.read(&mut buffer).await else { return };
        let Ok(state) = changes.wait_for(State::forwards).await.map(|state| *state) else { return };
        if let State::Slow(delay) = state
            && is_answer
        {
            tokio::time::sleep(delay).await;
        }
        if read == 0 || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

//! The UDP sockets that media arrives on: one port, on every address of this machine.
//!
//! A browser never uses loopback as an address of its own, and some refuse it as the other side's too; so every interface that is up is
//! offered beside 127.0.0.1. Each address has a socket of its own, since only then it is known which address a packet was sent to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A free port on loopback may be taken on another address; so many others are tried.
const ATTEMPTS: usize = 8;

/// What arrived.
#[derive(Debug)]
pub struct Datagram {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub at: Instant,
    pub bytes: Vec<u8>,
}

/// All sockets, on one port.
#[derive(Debug)]
pub struct Ports {
    sockets: Vec<(SocketAddr, Arc<UdpSocket>)>,
    port: u16,
    incoming: mpsc::Sender<Datagram>,
    readers: JoinSet<()>,
}

impl Ports {
    /// Binds `port`, or any that is free everywhere when it is 0. What arrives goes to `incoming`.
    pub async fn open(port: u16, incoming: mpsc::Sender<Datagram>) -> io::Result<Self> {
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            match bind_all(port).await {
                Ok(bound) => {
                    let port = bound.first().map_or(port, |(address, _)| address.port());
                    let mut ports = Self { sockets: Vec::new(), port, incoming, readers: JoinSet::new() };
                    for (address, socket) in bound {
                        ports.listen(address, socket);
                    }
                    return Ok(ports);
                }
                Err(error) if port != 0 => return Err(error),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(|| io::Error::from(io::ErrorKind::AddrInUse)))
    }

    /// The port of all.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Every address that a browser may send to. Binds what came up since it was last asked: a laptop changes networks.
    pub async fn addresses(&mut self) -> Vec<SocketAddr> {
        let up = addresses_up();
        for ip in up.iter().copied() {
            let address = SocketAddr::new(ip, self.port);
            if self.sockets.iter().all(|(known, _)| *known != address)
                && let Ok(socket) = UdpSocket::bind(address).await
            {
                self.listen(address, socket);
            }
        }
        self.sockets.iter().map(|(address, _)| *address).filter(|address| up.contains(&address.ip())).collect()
    }

    /// Sends from one of our addresses. A packet that cannot be sent at once is lost, as packets are.
    pub fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        if let Some((_, socket)) = self.sockets.iter().find(|(address, _)| *address == from) {
            let _lost = socket.try_send_to(bytes, to);
        }
    }

    fn listen(&mut self, address: SocketAddr, socket: UdpSocket) {
        let socket = Arc::new(socket);
        self.readers.spawn(read(address, Arc::clone(&socket), self.incoming.clone()));
        self.sockets.push((address, socket));
    }
}

async fn read(destination: SocketAddr, socket: Arc<UdpSocket>, incoming: mpsc::Sender<Datagram>) {
    let mut buffer = vec![0; 2_000];
    loop {
        // An error here is about a packet that we sent (its receiver has gone), not about the socket.
        let Ok((length, source)) = socket.recv_from(&mut buffer).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let bytes = buffer.get(..length).unwrap_or_default().to_vec();
        if incoming.send(Datagram { source, destination, at: Instant::now(), bytes }).await.is_err() {
            return;
        }
    }
}

async fn bind_all(port: u16) -> io::Result<Vec<(SocketAddr, UdpSocket)>> {
    let mut bound = Vec::new();
    let mut port = port;
    for ip in addresses_up() {
        let socket = UdpSocket::bind((ip, port)).await?;
        let address = socket.local_addr()?;
        port = address.port();
        bound.push((address, socket));
    }
    Ok(bound)
}

/// Loopback first, then every IPv4 address of an interface that is up.
fn addresses_up() -> Vec<IpAddr> {
    let mut addresses = vec![IpAddr::V4(Ipv4Addr::LOCALHOST)];
    for interface in if_addrs::get_if_addrs().unwrap_or_default() {
        let ip = interface.ip();
        if ip.is_ipv4() && !interface.is_link_local() && !addresses.contains(&ip) {
            addresses.push(ip);
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn one_port_is_open_on_every_address() {
        let (incoming, mut arrived) = mpsc::channel(8);
        let mut ports = Ports::open(0, incoming).await.unwrap();
        let addresses = ports.addresses().await;

        assert!(addresses.iter().all(|address| address.port() == ports.port()));
        assert!(addresses.contains(&SocketAddr::from((Ipv4Addr::LOCALHOST, ports.port()))));
        let other = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        other.send_to(b"hello", addresses[0]).await.unwrap();
        let datagram = arrived.recv().await.unwrap();
        assert_eq!((datagram.bytes.as_slice(), datagram.destination), (&b"hello"[..], addresses[0]));
        ports.send(addresses[0], datagram.source, b"back");
        let mut buffer = [0; 16];
        let (length, from) = other.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..length], from), (&b"back"[..], addresses[0]));
    }
}

//! Stands in for `hyper-tls` 0.5, which only twilio-async asks for. That crate builds our requests and has a fixed host,
//! a second TLS stack (the system's OpenSSL) and answers that fail to decode after a call was placed. Here its connector
//! has no way out: whoever calls one of its `run`s by mistake gets an error before anything is sent.

use std::future::{Ready, ready};
use std::io;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper::client::HttpConnector;
use hyper::service::Service;
use tokio::net::TcpStream;

/// A connector that refuses to connect.
#[derive(Clone, Debug)]
pub struct HttpsConnector<T>(PhantomData<T>);

impl HttpsConnector<HttpConnector> {
    /// Makes the connector.
    #[expect(clippy::new_without_default, reason = "the crate that this stands in for is called so")]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T> Service<Uri> for HttpsConnector<T> {
    type Response = TcpStream;
    type Error = io::Error;
    type Future = Ready<Result<TcpStream, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(Err(io::Error::new(io::ErrorKind::Unsupported, "twilio-async only builds requests here; twilio::Client sends them")))
    }
}

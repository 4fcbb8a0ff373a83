//! A browser's telephone without its sound.

use anyhow::{Context as _, bail, ensure};
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// Sound that never comes: what a browser offers, with nobody behind it.
const OFFER: &str = "v=0\r\n\
    o=- 1 2 IN IP4 127.0.0.1\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=group:BUNDLE 0\r\n\
    a=msid-semantic: WMS\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=rtcp:9 IN IP4 0.0.0.0\r\n\
    a=ice-ufrag:nobo\r\n\
    a=ice-pwd:nobodyisbehindthisoffer0\r\n\
    a=fingerprint:sha-256 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n\
    a=setup:actpass\r\n\
    a=mid:0\r\n\
    a=sendrecv\r\n\
    a=rtcp-mux\r\n\
    a=rtpmap:0 PCMU/8000\r\n";

/// A browser's telephone at the emulated carrier, as far as signalling goes: it makes one call, and is there until it is dropped.
#[derive(Debug)]
pub struct Handset {
    says: mpsc::UnboundedSender<(&'static str, Value)>,
    hears: mpsc::UnboundedReceiver<(String, Value)>,
    call: String,
    _socket: JoinSet<()>,
}

impl Handset {
    /// Connects to `ws://…/signal` with a token that allows calls.
    pub async fn connect(signal: &str, token: &str) -> anyhow::Result<Self> {
        let (socket, _) = connect_async(signal).await?;
        let (mut sink, mut stream) = socket.split();
        let (says, mut said) = mpsc::unbounded_channel::<(&str, Value)>();
        let (ear, hears) = mpsc::unbounded_channel();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            while let Some((kind, payload)) = said.recv().await {
                let text = json!({"type": kind, "version": "1.6", "payload": payload}).to_string();
                if sink.send(Message::text(text)).await.is_err() {
                    return;
                }
            }
        });
        tasks.spawn(async move {
            while let Some(Ok(message)) = stream.next().await {
                // Heartbeats are no JSON.
                let frame: Value = message.to_text().ok().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
                if let Some(kind) = frame["type"].as_str() {
                    let _nobody_listens = ear.send((kind.to_owned(), frame["payload"].clone()));
                }
            }
        });
        let mut handset = Self { says, hears, call: "TJS1".to_owned(), _socket: tasks };
        handset.say("listen", json!({"token": token, "reconnectTimeout": 30}))?;
        handset.hears("connected").await?;
        Ok(handset)
    }

    /// Calls with what the page passes on, urlencoded, and waits until the application lets it in. The carrier's id of the leg.
    pub async fn call(&mut self, params: &str) -> anyhow::Result<String> {
        self.call_with_sound(params, OFFER).await.map(|(sid, _)| sid)
    }

    /// The same with an offer of sound by somebody who has some. The id, and the SDP that answers the offer.
    pub async fn call_with_sound(&mut self, params: &str, offer: &str) -> anyhow::Result<(String, String)> {
        self.say("invite", json!({"callsid": self.call, "sdp": offer, "twilio": {"params": params}}))?;
        let answer = self.hears("answer").await?;
        answer["callsid"].as_str().context("an answer without an id")?.clone_into(&mut self.call);
        Ok((self.call.clone(), answer["sdp"].as_str().unwrap_or_default().to_owned()))
    }

    /// Puts the telephone down.
    pub fn hang_up(&self) -> anyhow::Result<()> {
        self.say("hangup", json!({"callsid": self.call}))
    }

    /// Waits until the carrier has ended the call.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        self.hears("hangup").await.map(drop)
    }

    fn say(&self, kind: &'static str, payload: Value) -> anyhow::Result<()> {
        ensure!(self.says.send((kind, payload)).is_ok(), "the socket is closed");
        Ok(())
    }

    async fn hears(&mut self, kind: &str) -> anyhow::Result<Value> {
        loop {
            let (heard, payload) = self.hears.recv().await.context("the socket was closed")?;
            if heard == kind {
                return Ok(payload);
            }
            if heard == "hangup" || heard == "error" {
                bail!("waited for {kind}, and heard {heard}: {payload}");
            }
        }
    }
}

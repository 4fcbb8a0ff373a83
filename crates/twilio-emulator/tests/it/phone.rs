//! What a browser with the voice SDK says and hears on its socket.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::{SinkExt as _, StreamExt as _};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use str0m::media::{Direction, MediaKind};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{ACCOUNT, APPLICATION, KEY, Lab, SECRET};

/// A browser with the voice SDK, as far as its socket goes.
pub struct Phone(pub WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Phone {
    pub async fn new(lab: &Lab) -> Self {
        Self(connect_async(format!("ws://{}/twilio/signal", lab.address)).await.unwrap().0)
    }

    pub async fn say(&mut self, kind: &str, payload: Value) {
        let text = json!({"type": kind, "version": "1.6", "payload": payload}).to_string();
        self.0.send(Message::text(text)).await.unwrap();
    }

    /// The next message but for heartbeats: its type and payload.
    pub async fn hear(&mut self) -> (String, Value) {
        tokio::time::timeout(Duration::from_secs(8), self.next()).await.expect("something is said")
    }

    async fn next(&mut self) -> (String, Value) {
        loop {
            let text = self.0.next().await.unwrap().unwrap().into_text().unwrap();
            if text.as_str() != "\n" {
                let frame: Value = serde_json::from_str(&text).unwrap();
                return (frame["type"].as_str().unwrap().to_owned(), frame["payload"].clone());
            }
        }
    }

    pub async fn listen(&mut self, secret: &str, ttl: i64) -> (String, Value) {
        self.say("listen", json!({"token": token(secret, ttl), "reconnectTimeout": 1})).await;
        self.hear().await
    }

    /// A call that is answered: its sid, and the token to go on with it.
    pub async fn call(&mut self, params: &str) -> (String, String) {
        self.listen(SECRET, 60).await;
        self.say("invite", json!({"callsid": "TJS1", "sdp": offer(), "twilio": {"params": params}})).await;
        let (kind, answer) = self.hear().await;
        assert_eq!(kind, "answer", "{answer}");
        assert!(answer["sdp"].as_str().unwrap().contains("a=ice-lite"));
        (answer["callsid"].as_str().unwrap().to_owned(), answer["reconnect"].as_str().unwrap().to_owned())
    }

    /// One that takes calls.
    pub async fn registered(lab: &Lab) -> Self {
        let mut phone = Self::new(lab).await;
        phone.listen(SECRET, 60).await;
        phone.say("register", json!({"media": {"audio": true}})).await;
        assert_eq!(phone.hear().await.0, "ready");
        phone
    }

    /// The next message, which has to be of that kind.
    pub async fn hears(&mut self, kind: &str) -> Value {
        let (heard, payload) = self.hear().await;
        assert_eq!(heard, kind, "{payload}");
        payload
    }

    /// Accepts the call of an `invite`.
    pub async fn accept(&mut self, invite: &Value) {
        let sdp = answer_to(invite["sdp"].as_str().unwrap());
        self.say("answer", json!({"callsid": invite["callsid"], "sdp": sdp})).await;
    }
}

fn answer_to(offer: &str) -> String {
    str0m::crypto::from_feature_flags().install_process_default();
    let mut rtc = str0m::RtcConfig::new().clear_codecs().enable_pcmu(true, false).build(std::time::Instant::now());
    let offer = str0m::change::SdpOffer::from_sdp_string(offer).unwrap();
    rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string()
}

pub fn offer() -> String {
    str0m::crypto::from_feature_flags().install_process_default();
    let mut rtc = str0m::RtcConfig::new().clear_codecs().enable_pcmu(true, false).build(std::time::Instant::now());
    let mut changes = rtc.sdp_api();
    changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
    changes.apply().unwrap().0.to_sdp_string()
}

fn token(secret: &str, ttl: i64) -> String {
    let now = i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let claims = json!({
        "jti": "x", "iss": KEY, "sub": ACCOUNT, "iat": now, "exp": now + ttl,
        "grants": {"identity": "agent", "voice": {"incoming": {"allow": true}, "outgoing": {"application_sid": APPLICATION, "params": {"team": "red"}}}},
    });
    let header = json!({"alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1"});
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()));
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

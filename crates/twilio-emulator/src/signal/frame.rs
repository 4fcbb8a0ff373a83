//! Messages as they stand on the wire: JSON text `{"type", "version", "payload"}`.

use serde::Deserialize;
use serde_json::{Value, json};

/// The protocol's version, as the SDK says it.
const VERSION: &str = "1.6";

/// Keeps a connection alive, both ways. The SDK gives up after 15 s without any frame.
pub const HEARTBEAT: &str = "\n";

/// What the SDK sends. Fields that a message does not have are empty.
#[derive(Debug, Deserialize)]
pub struct Frame {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    #[serde(default)]
    pub payload: Payload,
}

/// Everything that any message may say.
#[derive(Debug, Default, Deserialize)]
pub struct Payload {
    /// `listen`: the access token.
    #[serde(default)]
    pub token: String,
    /// `listen`: how long a call may be without its socket, in seconds.
    #[serde(default, rename = "reconnectTimeout")]
    pub reconnect_timeout: u64,
    /// `register`: what calls may come in.
    #[serde(default)]
    pub media: Value,
    /// `CA…`, or `TJS…` while the SDK does not know the real one.
    #[serde(default)]
    pub callsid: String,
    /// `invite`, `answer`, `reinvite`.
    #[serde(default)]
    pub sdp: String,
    /// `invite`: with the token of an answer, to go on with that call.
    pub reconnect: Option<String>,
    /// `invite`: what the page passed to `connect`, in `params`, urlencoded.
    #[serde(default)]
    pub twilio: Value,
    /// `dtmf`.
    #[serde(default)]
    pub dtmf: String,
    /// `message`: its id.
    pub voiceeventsid: Option<String>,
    /// `message`: what it says.
    pub content: Option<Value>,
    /// `message`: what kind it is.
    pub messagetype: Option<String>,
}

impl Payload {
    /// What the page passed to `connect`.
    pub fn params(&self) -> Vec<(String, String)> {
        let text = self.twilio.get("params").and_then(Value::as_str).unwrap_or_default();
        form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }
}

/// A message to the SDK.
pub fn write(kind: &str, payload: &Value) -> String {
    json!({"type": kind, "version": VERSION, "payload": payload}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_carries_what_the_page_passed() {
        let text = r#"{"type":"invite","version":"1.6","payload":{"callsid":"TJS1","sdp":"v=0",
            "twilio":{"params":"To=%2B447700900001&lead=4%2042"}}}"#;
        let frame: Frame = serde_json::from_str(text).unwrap();

        assert_eq!((frame.kind.as_str(), frame.payload.callsid.as_str()), ("invite", "TJS1"));
        let params = [("To".to_owned(), "+447700900001".to_owned()), ("lead".to_owned(), "4 42".to_owned())];
        assert_eq!(frame.payload.params(), params);
        assert_eq!(frame.payload.reconnect, None);
    }

    #[test]
    fn a_resumption_has_no_parameters() {
        let frame: Frame =
            serde_json::from_str(r#"{"type":"invite","payload":{"callsid":"CA1","sdp":"","reconnect":"t","twilio":{}}}"#).unwrap();
        assert_eq!((frame.payload.reconnect.as_deref(), frame.payload.params()), (Some("t"), vec![]));
    }
}

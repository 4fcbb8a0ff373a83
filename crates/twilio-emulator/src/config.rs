//! What an emulator is told at its start.

use std::collections::BTreeMap;
use std::fmt;

use crate::cast::Mix;

/// An application: what `application_sid` in a token stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// Absolute; asked, by a signed form post, what to do with every call that a browser makes.
    pub voice_url: String,
    /// Absolute; told when such a call is over.
    pub status_callback: Option<String>,
}

/// Whom it concerns when somebody rings or writes to one of the account's numbers. Addresses are absolute.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inbound {
    /// Asked, by a signed form post, what to do with a call.
    pub voice_url: Option<String>,
    /// Told when such a call is over.
    pub status_callback: Option<String>,
    /// Asked what to answer to a message.
    pub sms_url: Option<String>,
}

/// One account with one API key.
#[derive(Clone)]
pub struct Config {
    /// `AC…`.
    pub account_sid: String,
    /// Signs webhooks, and is a password for REST.
    pub auth_token: String,
    /// `SK…`.
    pub api_key_sid: String,
    /// Signs access tokens, and is a password for REST with the key as user.
    pub api_secret: String,
    /// By sid, `AP…`.
    pub applications: BTreeMap<String, Application>,
    /// Numbers of the account, E.164, that calls may come from. When empty, any number may.
    pub numbers: Vec<String>,
    /// Who is asked about calls and messages to those numbers.
    pub inbound: Inbound,
    /// The UDP port of all media, on every address of this machine; 0 takes any that is free.
    pub media_port: u16,
    /// Draws the behaviour of parties at ordinary numbers.
    pub seed: u64,
    /// Shares of that draw.
    pub mix: Mix,
    /// Multiplies every wait of a simulated party, ringing time-outs included: 1 is as in life, 0.1 is ten times as fast.
    pub pace: f64,
    /// The address under which clients reach the router, without a slash at the end: what addresses of recordings begin with. When there is
    /// none, it is what the last REST client used.
    pub base_url: Option<String>,
    /// Recordings that are kept, each a file in the machine's temporary folder; beyond that the oldest goes.
    pub recordings_kept: usize,
}

impl Config {
    /// As in life, with no application yet, on any free port; the same draw of behaviours every time.
    pub fn new(
        account_sid: impl Into<String>,
        auth_token: impl Into<String>,
        api_key_sid: impl Into<String>,
        api_secret: impl Into<String>,
    ) -> Self {
        Self {
            account_sid: account_sid.into(),
            auth_token: auth_token.into(),
            api_key_sid: api_key_sid.into(),
            api_secret: api_secret.into(),
            applications: BTreeMap::new(),
            numbers: Vec::new(),
            inbound: Inbound::default(),
            media_port: 0,
            seed: 1,
            mix: Mix::default(),
            pace: 1.0,
            base_url: None,
            recordings_kept: 200,
        }
    }
}

impl fmt::Debug for Config {
    /// Without the secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("account_sid", &self.account_sid)
            .field("api_key_sid", &self.api_key_sid)
            .field("applications", &self.applications)
            .field("numbers", &self.numbers)
            .field("inbound", &self.inbound)
            .field("media_port", &self.media_port)
            .field("seed", &self.seed)
            .field("mix", &self.mix)
            .field("pace", &self.pace)
            .field("base_url", &self.base_url)
            .field("recordings_kept", &self.recordings_kept)
            .finish_non_exhaustive()
    }
}

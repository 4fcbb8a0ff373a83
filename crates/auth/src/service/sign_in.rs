//! Signing in, also while somebody guesses at passwords.

use chrono::TimeDelta;
use kernel::machine_now;
use rand::RngCore as _;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;

use super::{Auth, AuthFailure, By, unknown_hash, wished};
use crate::client::Client;
use crate::error::AuthError;
use crate::rules::{self, Lane, Limit, WINDOW};
use crate::session::CurrentAgent;
use crate::store;
use crate::store::event::NewEvent;
use crate::store::sign_in::{self as tries, Try};
use crate::types::StaffEventKind;

/// A browser is known for so long after somebody has last signed in there.
pub(crate) const KNOWN_FOR: TimeDelta = TimeDelta::days(365);

/// What a known browser shows, 64 hexadecimal digits. Only its hash is kept here.
#[derive(Clone)]
pub(crate) struct BrowserToken(String);

impl BrowserToken {
    /// None for what no browser was ever given.
    pub(crate) fn read(text: &str) -> Option<Self> {
        (text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())).then(|| Self(text.to_owned()))
    }

    fn generate() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(hex(&bytes))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

/// What somebody shows who wants to sign in.
pub(crate) struct Attempt<'a> {
    pub(crate) email: &'a str,
    pub(crate) password: String,
    pub(crate) client: Client,
    pub(crate) browser: Option<BrowserToken>,
}

impl Auth {
    /// Checks an e-mail and a password. Only failures count towards the limits, so a whole floor can sign in at nine. Also gives what the
    /// browser is known by from now on.
    pub(crate) async fn sign_in(&self, attempt: Attempt<'_>) -> Result<(CurrentAgent, BrowserToken), AuthFailure> {
        let Attempt { email, password, client, browser } = attempt;
        let now = machine_now();
        let email = email.trim().to_lowercase();
        let account_hash = Sha256::digest(email.as_bytes());
        let browser_hash = browser.as_ref().map(BrowserToken::hash);
        let of = Try {
            email: &email,
            account_hash: &account_hash,
            network: client.network(),
            browser_hash: browser_hash.as_ref().map(<[u8; 32]>::as_slice),
        };

        // A flood that is refused anyway writes nothing.
        let (lately, is_kept) = tries::tally(&self.pool, of, now - WINDOW, now).await?;
        if let Err(limit) = rules::admit(lately) {
            return Err(self.limited(of, &client, limit_words(limit), AuthError::TooManyFailures).await?);
        }
        let noted = tries::insert_failure(&self.pool, of, lately.is_known, now).await?;
        let (counted, _) = tries::tally(&self.pool, of, now - WINDOW, now).await?;
        // Whoever is told to wait is not noted, or trying again would never end the waiting.
        let lane = match rules::admit(rules::Tally { is_known: lately.is_known, ..counted }.without_this()) {
            Ok(lane) => lane,
            Err(limit) => {
                tries::delete_failure(&self.pool, noted).await?;
                return Err(self.limited(of, &client, limit_words(limit), AuthError::TooManyFailures).await?);
            }
        };
        let found = store::find_credentials(&self.pool, &email).await?;
        let Some(turn) = self.lanes.turn(lane).await else {
            tries::delete_failure(&self.pool, noted).await?;
            let words = if lane == Lane::Slow { "address" } else { "server" };
            return Err(self.limited(of, &client, words, AuthError::Busy).await?);
        };
        // Somebody unknown costs the same time as somebody known.
        let hash = found.as_ref().map_or_else(unknown_hash, |found| found.password_hash.clone());
        let is_right = self.verify(turn, password, hash).await?;
        match found {
            Some(found) if is_right => {
                tries::delete_failure(&self.pool, noted).await?;
                let id = found.agent.id;
                let wish = store::begin_offline(&self.pool, id, now).await?;
                // A browser that is shared keeps what it shows, and is known for each of its agents.
                let browser = browser.filter(|_| is_kept).unwrap_or_else(BrowserToken::generate);
                tries::remember_browser(&self.pool, &browser.hash(), id, now, KNOWN_FOR).await?;
                let by = By::Agent(id, client);
                self.note(NewEvent::of(StaffEventKind::SignedIn, id, &by)).await?;
                self.changed(id, wish.intention).await;
                Ok((wished(found.agent, &wish), browser))
            }
            found => {
                let agent = found.map(|found| found.agent.id);
                let by = By::Unknown(client);
                let event =
                    NewEvent { kind: StaffEventKind::SignInFailed, agent, account_hash: Some(&account_hash), by: &by, detail: None };
                self.note(event).await?;
                Err(AuthError::WrongCredentials.into())
            }
        }
    }

    /// The refusal of whoever has reached a limit. It is on record and in the log once a minute, or a flood would fill both.
    async fn limited(&self, of: Try<'_>, client: &Client, limit: &str, refusal: AuthError) -> Result<AuthFailure, AuthFailure> {
        let now = machine_now();
        if store::event::insert_limit(&self.pool, of, client, limit, now, now - WINDOW).await? {
            let account = hex(&of.account_hash[..8]);
            let address = client.address.map(|address| address.to_string());
            tracing::warn!(account.hash = account, client.address = address, limit, "a limit on sign-in was reached");
        }
        Ok(refusal.into())
    }
}

const fn limit_words(limit: Limit) -> &'static str {
    match limit {
        Limit::Browser => "known browser",
        Limit::Account => "account",
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

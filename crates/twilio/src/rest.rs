//! The carrier's REST API: what we ask of it, and what it answers.
//!
//! twilio-async builds the requests (path, credentials, form); we send them, because its own sending has a fixed host and
//! fails on answers with empty fields after the call was placed.

mod answer;
mod calls;
mod conferences;
mod messages;
mod participants;
mod recordings;

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http02::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;
use reqwest::redirect::Policy;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use twilio_async::{Execute, Twilio, TwilioErr};

use crate::AccountSid;
use crate::address::mask_numbers;

pub use calls::{Call, CallFilter, CallUpdate};
pub use conferences::Conference;
pub use messages::{Message, NewMessage};
pub use participants::{Coach, ConferenceCallback, NewParticipant, Participant, ParticipantKey, ParticipantUpdate, RecordingOptions};
pub use recordings::{Recording, Sound};

/// The carrier's code for a thing that it does not have.
const NOT_FOUND: u32 = 20_404;

/// How the carrier is reached.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// `https://api.twilio.com`, or whatever stands in for it; a path is kept, a query is refused.
    pub base_url: String,
    /// The account that pays.
    pub account_sid: AccountSid,
    /// The account's auth token.
    pub auth_token: SecretString,
    /// How long making a connection may take; 1 s is plenty.
    pub connect_timeout: Duration,
    /// How long a request may take, connecting included; 4 s leaves a person at a screen in patience.
    pub timeout: Duration,
}

/// Asks the carrier. Clones share its connections.
///
/// Nothing is ever sent twice: not after a time-out, not after a redirect, not after a broken connection. Whoever gets an
/// error that [`may_have_been_carried_out`](RestError::may_have_been_carried_out) from a create looks first whether it
/// was; for a participant, by its conference and label, and among the calls to that number, since a leg that is already
/// over is no longer a participant.
#[derive(Clone)]
pub struct Client {
    base_url: String,
    requests: Arc<Twilio>,
    http: reqwest::Client,
    /// Requests are written here instead of being sent.
    shown: Option<Arc<Mutex<Vec<ShownRequest>>>>,
}

/// A request as it would go out, without its credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownRequest {
    /// `POST`.
    pub method: String,
    /// Whole.
    pub url: String,
    /// Names and values of the form, in order.
    pub form: Vec<(String, String)>,
}

impl From<&reqwest::Request> for ShownRequest {
    fn from(request: &reqwest::Request) -> Self {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let form = form_urlencoded::parse(body).into_owned().collect();
        Self { method: request.method().to_string(), url: request.url().to_string(), form }
    }
}

/// A client cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is no base for requests.
    #[error("the carrier's address must begin with http:// or https:// and have no query")]
    BaseUrl,
    /// The account or its token cannot stand in a header.
    #[error("the carrier's credentials cannot be sent")]
    Credentials(#[source] TwilioErr),
    /// TLS could not be set up.
    #[error("the client for the carrier could not be made")]
    Http(#[source] reqwest::Error),
}

/// Why there is no answer to be used. Names no telephone number.
#[derive(Debug, thiserror::Error)]
pub enum RestError {
    /// The carrier answered that it does not do it.
    #[error("the carrier refused with status {status}, code {}", code.map_or_else(|| "none".to_owned(), |code| code.to_string()))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The carrier's own code, such as 21211 for a number that cannot be rung.
        code: Option<u32>,
        /// The carrier's words; numbers in them are masked.
        message: Option<String>,
    },
    /// No connection could be made, so it was surely not carried out.
    #[error("the carrier could not be reached")]
    NotSent(#[source] Box<dyn Error + Send + Sync>),
    /// Sent, perhaps in part, and no whole answer came in time. It may have been carried out.
    #[error("the carrier did not answer")]
    Unanswered(#[source] reqwest::Error),
    /// What was asked was answered with something that cannot be read.
    #[error("the carrier's answer with status {status} cannot be read")]
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl RestError {
    /// Must one look before asking again? Yes after silence, and after an answer from a gateway that may itself have
    /// waited in vain.
    pub fn may_have_been_carried_out(&self) -> bool {
        match self {
            Self::Refused { status, .. } => *status >= 500 || *status == 408,
            Self::NotSent(_) => false,
            Self::Unanswered(_) | Self::Unreadable { .. } => true,
        }
    }

    /// The carrier has no such thing, or no longer. Not merely a 404, which a wrong address gives as well.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { status: 404, code: Some(NOT_FOUND), .. })
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The page, at most 100, newest first.
    pub items: Vec<T>,
    /// The carrier has more that were not fetched.
    pub has_more: bool,
}

impl Client {
    /// Makes a client; connects to nothing yet. Proxies that the environment names are not used.
    pub fn new(options: &ClientOptions) -> Result<Self, ClientError> {
        let url = Url::parse(&options.base_url).map_err(|_| ClientError::BaseUrl)?;
        if !["http", "https"].contains(&url.scheme()) || url.query().is_some() || url.fragment().is_some() {
            return Err(ClientError::BaseUrl);
        }
        let requests = Twilio::new(options.account_sid.as_str(), options.auth_token.expose_secret()).map_err(ClientError::Credentials)?;
        let http = reqwest::Client::builder()
            .connect_timeout(options.connect_timeout)
            .timeout(options.timeout)
            // A connection that was idle for long may be closed at the other end, and a request sent into it is one of
            // which nobody knows whether it arrived.
            .pool_idle_timeout(Duration::from_secs(20))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .build()
            .map_err(ClientError::Http)?;
        Ok(Self { base_url: url.as_str().trim_end_matches('/').to_owned(), requests: Arc::new(requests), http, shown: None })
    }

    /// Whether an address is at the host that requests go to, or at another one of the carrier's regions.
    pub fn is_of_the_carrier(&self, url: &Url) -> bool {
        let Ok(base) = Url::parse(&self.base_url) else { return false };
        let is_twilio = |url: &Url| url.scheme() == "https" && url.host_str().is_some_and(|host| host.ends_with(".twilio.com"));
        url.origin() == base.origin() || (is_twilio(url) && is_twilio(&base))
    }

    /// A client that sends nothing: each request is answered with [`RestError::NotSent`], and kept to be looked at.
    pub fn that_only_shows(options: &ClientOptions) -> Result<Self, ClientError> {
        Ok(Self { shown: Some(Arc::default()), ..Self::new(options)? })
    }

    /// What [`Self::that_only_shows`] has kept since it was last asked.
    pub fn take_shown(&self) -> Vec<ShownRequest> {
        let shown = self.shown.as_ref().map(|shown| std::mem::take(&mut *shown.lock().unwrap_or_else(PoisonError::into_inner)));
        shown.unwrap_or_default()
    }

    /// Asks for something. The answer must be readable.
    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T, RestError> {
        let (status, body) = self.send(Method::GET, path, None).await?;
        let body = body.map_err(|error| RestError::Unanswered(error.without_url()))?;
        serde_json::from_slice(&body).map_err(|source| RestError::Unreadable { status, source })
    }

    /// Asks for something that may not be there.
    async fn find<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, RestError> {
        match self.read(path).await {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    /// Has something made or changed. A 2xx answer says that it was; if the rest of it cannot be read, all fields are
    /// absent.
    async fn change<T: DeserializeOwned + Default>(&self, path: &str, form: String) -> Result<T, RestError> {
        let (_, body) = self.send(Method::POST, path, Some(form)).await?;
        Ok(body.ok().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default())
    }

    async fn delete(&self, path: &str) -> Result<(), RestError> {
        self.send(Method::DELETE, path, None).await.map(drop)
    }

    /// Sends one request, once, and has its whole answer.
    async fn send(&self, method: Method, path: &str, form: Option<String>) -> Result<(u16, Body), RestError> {
        let answer = self.open(method, path, form, None).await?;
        Ok((answer.status().as_u16(), answer.bytes().await.map(Vec::from)))
    }

    /// Sends one request, once. `path` is below the account. An answer other than 2xx is an error; of one with 2xx the body is still to
    /// come. It may take as long as any request, or `timeout`.
    async fn open(
        &self,
        method: Method,
        path: &str,
        form: Option<String>,
        timeout: Option<Duration>,
    ) -> Result<reqwest::Response, RestError> {
        // Any of twilio-async's resources builds any request.
        let built = self.requests.conferences().request(method, path, form.clone()).map_err(|error| RestError::NotSent(error.into()))?;
        let path_and_query = built.uri().path_and_query().map_or("/", |both| both.as_str());
        let method = reqwest::Method::from_bytes(built.method().as_str().as_bytes()).map_err(|error| RestError::NotSent(error.into()))?;
        let mut request = self.http.request(method, format!("{}{path_and_query}", self.base_url)).body(form.unwrap_or_default());
        for (name, value) in built.headers() {
            request = request.header(name.as_str(), value.as_bytes());
        }
        if let Some(timeout) = timeout {
            request = request.timeout(timeout);
        }
        if let Some(shown) = &self.shown {
            let request = request.build().map_err(|error| RestError::NotSent(error.without_url().into()))?;
            shown.lock().unwrap_or_else(PoisonError::into_inner).push(ShownRequest::from(&request));
            return Err(RestError::NotSent("requests are only shown".into()));
        }

        let answer = request.send().await.map_err(|error| {
            let error = error.without_url();
            let is_not_sent = error.is_connect() || error.is_builder();
            if is_not_sent { RestError::NotSent(error.into()) } else { RestError::Unanswered(error) }
        })?;
        let status = answer.status();
        if status.is_success() { Ok(answer) } else { Err(refusal(status.as_u16(), answer.bytes().await.map(Vec::from))) }
    }
}

type Body = Result<Vec<u8>, reqwest::Error>;

impl fmt::Debug for Client {
    /// twilio-async would show the credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

fn refusal(status: u16, body: Body) -> RestError {
    #[derive(Default, Deserialize)]
    struct Refusal {
        #[serde(default, deserialize_with = "answer::lenient")]
        code: Option<u32>,
        #[serde(default, deserialize_with = "answer::lenient")]
        message: Option<String>,
    }
    let Refusal { code, message } = body.ok().and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or_default();
    RestError::Refused { status, code, message: message.as_deref().map(mask_numbers) }
}

/// `text` as one part of a path.
fn segment(text: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');
    utf8_percent_encode(text, KEPT).to_string()
}

/// A form or a query.
fn encode<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    twilio_async::encode_pairs(pairs).unwrap_or_default()
}

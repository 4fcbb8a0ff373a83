//! Sessions behind tower-sessions: the cookie holds a random id, the table its hash, and nothing is trusted that the
//! table does not say on this very request. A session holds the agent and nothing else.

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, ErrorCode, QueueKind, WireError, machine_now};
use leptos::prelude::{expect_context, use_context};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use tower_cookies::Cookies;
use tower_sessions::cookie::{Cookie, SameSite};
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::{self, Error as StoreError};
use tower_sessions::{Expiry, Session, SessionManagerLayer};

use crate::client::{Client, Entrance};
use crate::error::AuthError;
use crate::presence;
use crate::service::{BrowserToken, By, KNOWN_FOR};
use crate::store;
use crate::types::{Engagement, Intention, Me, Role, SessionEnd};

/// A session ends when nothing was heard from the browser for so long (rules, Presence).
pub(crate) const IDLE_LIMIT: TimeDelta = TimeDelta::hours(2);
/// And in any case after so long: a working day and a half.
pub(crate) const OUTER_LIMIT: TimeDelta = TimeDelta::hours(16);

const KEY: &str = "agent";
/// Where somebody signs in, of a session that is being made.
const CLIENT: &str = "client";

/// Whoever is signed in, as the table says on this request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CurrentAgent {
    /// The agent's id.
    pub id: AgentId,
    /// The whole name.
    pub name: String,
    /// The work e-mail.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// What they want to be.
    pub intention: Intention,
    /// Since when, machine time.
    pub intention_since: DateTime<Utc>,
    /// What they are doing beside it.
    pub engagement: Option<Engagement>,
    /// Since when, machine time.
    pub engaged_since: Option<DateTime<Utc>>,
    /// Since when they are what they are, silence apart, machine time.
    pub state_since: DateTime<Utc>,
    /// The queues they may take people from; none: all of them.
    #[serde(default)]
    pub queues: Option<Vec<QueueKind>>,
}

impl CurrentAgent {
    /// As the browser sees it.
    pub fn me(&self) -> Me {
        Me {
            id: self.id,
            name: self.name.clone(),
            email: self.email.clone(),
            role: self.role,
            intention: self.intention,
            intention_seconds: presence::seconds_since(self.intention_since, machine_now()),
            engagement: self.engagement,
            engagement_seconds: self.engaged_since.map(|since| presence::seconds_since(since, machine_now())),
            state_seconds: presence::seconds_since(self.state_since, machine_now()),
            queues: self.queues.clone(),
        }
    }

    /// Whether they may take people from this queue.
    pub fn may_take(&self, queue: QueueKind) -> bool {
        self.queues.as_ref().is_none_or(|queues| queues.contains(&queue))
    }
}

/// The layer that finds the session of each request. Over TLS its cookie has the flag Secure.
pub fn session_layer(store: SessionStore, entrance: &Entrance) -> SessionManagerLayer<SessionStore> {
    SessionManagerLayer::new(store)
        .with_name(entrance.session_cookie())
        .with_http_only(true)
        .with_same_site(SameSite::Strict)
        .with_secure(entrance.is_https())
        // The cookie may live as long as any session; the table decides when one ends.
        .with_expiry(Expiry::OnInactivity(time::Duration::seconds(OUTER_LIMIT.num_seconds())))
}

/// The agent of a session, or the refusal of a request that has none.
pub async fn agent_of(session: &Session) -> Result<CurrentAgent, WireError> {
    match session.get::<CurrentAgent>(KEY).await {
        Ok(Some(agent)) => Ok(agent),
        Ok(None) => Err(AuthError::SignedOut.into()),
        Err(error) => Err(WireError::unavailable("The server cannot tell who you are just now. Please try again in a moment.", &error)),
    }
}

/// The agent who sent the request that a server function answers.
pub async fn current_agent() -> Result<CurrentAgent, WireError> {
    agent_of(&session()?).await
}

/// As [`current_agent`], refusing smaller roles than `role`.
pub async fn require(role: Role) -> Result<CurrentAgent, WireError> {
    let agent = current_agent().await?;
    if agent.role < role { Err(AuthError::NotAllowed.into()) } else { Ok(agent) }
}

/// As [`require`] an administrator; as whoever does something to an account.
pub(crate) async fn admin() -> Result<By, WireError> {
    Ok(by(&require(Role::Admin).await?))
}

/// This agent, from where they ask.
pub(crate) fn by(agent: &CurrentAgent) -> By {
    By::Agent(agent.id, client())
}

/// The id that this browser shows, whether or not it opens anything.
pub(crate) fn shown_id() -> Result<Option<Id>, WireError> {
    Ok(session()?.id())
}

/// Signs the agent in on this browser, under a new id (no fixation).
pub(crate) async fn begin(agent: CurrentAgent) -> Result<(), WireError> {
    let session = session()?;
    session.cycle_id().await.map_err(|error| WireError::internal(&error))?;
    session.insert(CLIENT, client()).await.map_err(|error| WireError::internal(&error))?;
    session.insert(KEY, agent).await.map_err(|error| WireError::internal(&error))
}

/// Ends the session of this browser.
pub(crate) async fn end() -> Result<(), WireError> {
    session()?.flush().await.map_err(|error| WireError::internal(&error))
}

/// Where the request came from.
pub(crate) fn client() -> Client {
    let parts = use_context::<axum::http::request::Parts>();
    parts.and_then(|parts| parts.extensions.get::<Client>().cloned()).unwrap_or_default()
}

/// What this browser shows to be known by.
pub(crate) fn shown_browser() -> Option<BrowserToken> {
    let (cookies, entrance) = cookies()?;
    cookies.get(entrance.browser_cookie()).and_then(|cookie| BrowserToken::read(cookie.value()))
}

/// What this browser is to show from now on. No script can read it, and no other site makes a browser send it.
pub(crate) fn keep_browser(token: &BrowserToken) {
    let Some((cookies, entrance)) = cookies() else { return };
    let cookie = Cookie::build((entrance.browser_cookie(), token.as_str().to_owned()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Strict)
        .secure(entrance.is_https())
        .max_age(time::Duration::seconds(KNOWN_FOR.num_seconds()));
    cookies.add(cookie.build());
}

/// The cookies of the request and of its answer: the session's layer keeps them.
fn cookies() -> Option<(Cookies, Entrance)> {
    let parts = use_context::<axum::http::request::Parts>()?;
    Some((parts.extensions.get::<Cookies>()?.clone(), parts.extensions.get::<Entrance>()?.clone()))
}

fn session() -> Result<Session, WireError> {
    let parts = expect_context::<axum::http::request::Parts>();
    parts.extensions.get::<Session>().cloned().ok_or_else(|| WireError::new(ErrorCode::Internal, "This path has no session."))
}

/// The table `auth.session` as tower-sessions needs it.
#[derive(Clone, Debug)]
pub struct SessionStore {
    pool: PgPool,
}

impl SessionStore {
    /// Sessions kept in this database.
    pub const fn new(pool: PgPool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl session_store::SessionStore for SessionStore {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        let agent = agent_in(record)?;
        let client = record.data.get(CLIENT).cloned().and_then(|client| serde_json::from_value(client).ok()).unwrap_or_default();
        while !store::insert_session(&self.pool, &hash(record.id), agent, &client, machine_now()).await.map_err(backend)? {
            record.id = Id::default();
        }
        Ok(())
    }

    /// Nothing to do: a session holds nothing but its agent, which never changes. In particular a request that is in
    /// flight while its session is revoked does not bring the session back.
    async fn save(&self, _record: &Record) -> session_store::Result<()> {
        Ok(())
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        let Some((agent, expires_at)) = store::find_session_agent(&self.pool, &hash(*id), machine_now()).await.map_err(backend)? else {
            return Ok(None);
        };
        let agent = serde_json::to_value(agent).map_err(|error| StoreError::Encode(error.to_string()))?;
        let expiry_date =
            time::OffsetDateTime::from_unix_timestamp(expires_at.timestamp()).map_err(|error| StoreError::Decode(error.to_string()))?;
        Ok(Some(Record { id: *id, data: [(KEY.to_owned(), agent)].into(), expiry_date }))
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        store::end_session(&self.pool, &hash(*id), SessionEnd::SignedOut, machine_now()).await.map_err(backend)
    }
}

fn agent_in(record: &Record) -> session_store::Result<AgentId> {
    let value = record.data.get(KEY).cloned().ok_or_else(|| StoreError::Encode("a session belongs to an agent".into()))?;
    let agent: CurrentAgent = serde_json::from_value(value).map_err(|error| StoreError::Encode(error.to_string()))?;
    Ok(agent.id)
}

pub(crate) fn hash(id: Id) -> [u8; 32] {
    Sha256::digest(id.0.to_le_bytes()).into()
}

fn backend(error: sqlx::Error) -> StoreError {
    StoreError::Backend(error.to_string())
}

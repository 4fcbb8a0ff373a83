//! What can be done with staff.

mod day;
mod lanes;
mod sign_in;
mod staff;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Argon2, Params};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use kernel::{AgentId, Hint, Hints, QueueKind, StaffEventId, WireError, machine_now};
use rand::RngCore as _;
use sqlx::{PgConnection, PgPool};
use tokio::sync::OwnedSemaphorePermit;
use tower_sessions::session::Id;

use crate::client::Client;
use crate::error::AuthError;
use crate::presence;
use crate::rules::Lane;
use crate::session::{self, CurrentAgent};
use crate::store;
use crate::store::event::NewEvent;
use crate::types::{AgentPresence, Engagement, Intention, Me, Presence, Role, SessionEnd, StaffEventKind, StaffEventPage};

pub(crate) use sign_in::{Attempt, BrowserToken, KNOWN_FOR};

use lanes::Lanes;

/// Lines of the record that are shown at once.
const EVENTS_A_PAGE: u8 = 50;

/// Told whenever agents are offline, however they came to be. Whoever is offline holds nobody, but what an agent may hold
/// is not known here; the composition gives whoever knows. It answers for its own failures: nobody stays signed in for them.
#[async_trait]
pub trait Leaving: fmt::Debug + Send + Sync {
    /// These agents were offline at that instant. They may be back by now, with somebody new.
    async fn left(&self, agents: &[AgentId], at: Instant);
}

/// Staff: sign-in, presence and administration. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Auth {
    pool: PgPool,
    hints: Hints,
    leaving: Arc<dyn Leaving>,
    lanes: Lanes,
}

/// Somebody to be added to the staff. Not to be printed: it holds a password.
#[derive(Clone)]
pub struct NewAgent {
    /// The work e-mail.
    pub email: String,
    /// The whole name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// 12 to 200 characters.
    pub password: String,
}

/// Who does something to an account, and from where.
#[derive(Clone, Debug)]
pub(crate) enum By {
    /// Somebody who is signed in.
    Agent(AgentId, Client),
    /// Nobody who is signed in.
    Unknown(Client),
    /// A command of whoever runs the server.
    Command,
}

/// One row of the list of staff.
#[derive(Clone, Debug)]
pub struct StaffMember {
    /// The agent's id.
    pub id: AgentId,
    /// The work e-mail.
    pub email: String,
    /// The whole name.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The queues they may take people from; none: all of them.
    pub queues: Option<Vec<QueueKind>>,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// Since when they may not sign in.
    pub deactivated_at: Option<DateTime<Utc>>,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum AuthFailure {
    /// An expected refusal.
    #[error(transparent)]
    Refused(#[from] AuthError),
    /// The database.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// A password could not be hashed.
    #[error("hashing failed: {0}")]
    Hashing(String),
}

impl From<AuthFailure> for WireError {
    fn from(failure: AuthFailure) -> Self {
        match failure {
            AuthFailure::Refused(refusal) => refusal.into(),
            AuthFailure::Database(error) => Self::database(&error),
            AuthFailure::Hashing(_) => Self::internal(&failure),
        }
    }
}

impl Auth {
    /// Staff kept in this database.
    pub fn new(pool: PgPool, hints: Hints, leaving: Arc<dyn Leaving>) -> Self {
        Self { pool, hints, leaving, lanes: Lanes::new() }
    }

    /// Ends the session that a browser shows in which somebody has just signed in anew: it gets another one.
    pub(crate) async fn replace_session(&self, shown: Option<Id>) -> Result<(), AuthFailure> {
        if let Some(id) = shown {
            store::end_session(&self.pool, &session::hash(id), SessionEnd::Replaced, machine_now()).await?;
        }
        Ok(())
    }

    /// Whoever signed out is offline unless they are signed in elsewhere too.
    pub(crate) async fn signed_out(&self, agent: AgentId, client: Client) -> Result<(), AuthFailure> {
        self.note(NewEvent::of(StaffEventKind::SignedOut, agent, &By::Agent(agent, client))).await?;
        self.without_session(agent).await
    }

    /// What follows when a session of the agent has ended.
    async fn without_session(&self, agent: AgentId) -> Result<(), AuthFailure> {
        if store::set_offline_without_sessions(&self.pool, agent, machine_now()).await? {
            self.leaving.left(&[agent], Instant::now()).await;
        }
        // Also when another browser keeps the agent there: the windows of this one are to leave.
        self.hints.send(Hint::Agent(agent));
        Ok(())
    }

    /// Sets what the agent wants to be. The order matters: after the intention is offline, nobody new is handed out.
    pub(crate) async fn set_intention(&self, agent: &CurrentAgent, intention: Intention) -> Result<Me, AuthFailure> {
        let wish = store::set_intention(&self.pool, agent.id, intention, machine_now()).await?;
        self.changed(agent.id, intention).await;
        Ok(wished(agent.clone(), &wish).me())
    }

    /// Every active agent with their presence now.
    pub async fn list_presence(&self) -> Result<Vec<AgentPresence>, AuthFailure> {
        let now = machine_now();
        let rows = store::list_presence(&self.pool).await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let (presence, since) = presence::derive(row.intention, row.engagement, row.state_since, row.seen_at, now);
                let presence_seconds = presence::seconds_since(since, now);
                AgentPresence { id: row.id, name: row.name, role: row.role, presence, presence_seconds }
            })
            .collect())
    }

    /// Says what the agent is doing beside what they want, in the transaction of whatever they are doing; none: nothing any more.
    /// The caller tells the screens after its commit.
    pub async fn engage(&self, conn: &mut PgConnection, agent: AgentId, engagement: Option<Engagement>) -> sqlx::Result<()> {
        store::set_engagement(conn, agent, engagement, machine_now()).await
    }

    /// Sends whoever is available on a break, likewise.
    pub async fn send_on_break(&self, conn: &mut PgConnection, agent: AgentId) -> sqlx::Result<()> {
        store::set_break_if_available(conn, agent, machine_now()).await
    }

    /// Supervisors and administrators who are signed in.
    pub async fn list_supervisors(&self) -> Result<Vec<AgentId>, AuthFailure> {
        Ok(store::list_supervisors(&self.pool, machine_now()).await?)
    }

    /// Whether this session is alive. Looking keeps it no longer.
    pub async fn is_signed_in(&self, session: Option<Id>) -> Result<bool, AuthFailure> {
        let Some(id) = session else { return Ok(false) };
        Ok(store::is_session_live(&self.pool, &session::hash(id), machine_now()).await?)
    }

    /// The name of everybody who is or was on the staff.
    pub async fn names(&self) -> Result<HashMap<AgentId, String>, AuthFailure> {
        Ok(store::list_names(&self.pool).await?.into_iter().collect())
    }

    /// Agents who are there: heard in the last 30 s and not offline.
    pub async fn list_reachable(&self) -> Result<Vec<AgentId>, AuthFailure> {
        Ok(store::list_reachable(&self.pool, machine_now()).await?)
    }

    /// Supervisors and administrators who are signed in and were heard in the last 30 s, whatever they want to be, by name.
    pub async fn list_supervisors_there(&self) -> Result<Vec<(AgentId, String)>, AuthFailure> {
        Ok(store::list_supervisors_there(&self.pool, machine_now()).await?)
    }

    /// Agents who want to work but are not heard.
    pub async fn list_unreachable(&self) -> Result<Vec<AgentId>, AuthFailure> {
        let all = self.list_presence().await?;
        Ok(all.into_iter().filter(|agent| agent.presence == Presence::Unreachable).map(|agent| agent.id).collect())
    }

    /// Ends sessions that were not heard for 2 h and takes their agents offline. Then says once more who is offline: a Call
    /// next on its way may have come to its end after its agent had left, and a command of another process may have ended
    /// somebody's access.
    pub async fn sweep(&self) -> Result<(), AuthFailure> {
        for agent in store::sweep(&self.pool, machine_now()).await? {
            self.hints.send(Hint::Agent(agent));
        }
        let asked = Instant::now();
        let offline = store::list_offline(&self.pool).await?;
        self.leaving.left(&offline, asked).await;
        Ok(())
    }

    /// Everybody who is or was on the staff.
    pub async fn list(&self) -> Result<Vec<StaffMember>, AuthFailure> {
        Ok(store::list_agents(&self.pool).await?)
    }

    /// What follows from a new intention, after its commit.
    async fn changed(&self, agent: AgentId, intention: Intention) {
        if intention == Intention::Offline {
            self.leaving.left(&[agent], Instant::now()).await;
        }
        self.hints.send(Hint::Agent(agent));
    }

    async fn hash(&self, password: String) -> Result<String, AuthFailure> {
        if !(12..=200).contains(&password.chars().count()) {
            return Err(AuthError::InvalidPassword.into());
        }
        let turn = self.lanes.turn(Lane::Known).await.ok_or(AuthError::Busy)?;
        blocking(turn, move || {
            let mut salt = [0; 16];
            rand::rng().fill_bytes(&mut salt);
            let salt = SaltString::encode_b64(&salt)?;
            Ok(argon2id().hash_password(password.as_bytes(), &salt)?.to_string())
        })
        .await
    }

    async fn verify(&self, turn: OwnedSemaphorePermit, password: String, hash: String) -> Result<bool, AuthFailure> {
        blocking(turn, move || match argon2id().verify_password(password.as_bytes(), &PasswordHash::new(&hash)?) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::Password) => Ok(false),
            Err(error) => Err(error),
        })
        .await
    }

    async fn note(&self, event: NewEvent<'_>) -> Result<(), AuthFailure> {
        Ok(store::event::insert(&self.pool, event).await?)
    }

    /// A page of the record of what happened to accounts, newest first: of one, or of all.
    pub(crate) async fn events(&self, of: Option<AgentId>, before: Option<StaffEventId>) -> Result<StaffEventPage, AuthFailure> {
        let mut events = store::event::list(&self.pool, of, before, i64::from(EVENTS_A_PAGE) + 1).await?;
        let has_more = events.len() > usize::from(EVENTS_A_PAGE);
        events.truncate(usize::from(EVENTS_A_PAGE));
        let next = events.last().filter(|_| has_more).map(|event| event.id);
        Ok(StaffEventPage { events, next })
    }
}

/// The turn is given back when the work is done, also when nobody waits for it any more.
async fn blocking<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T, argon2::password_hash::Error> + Send + 'static,
) -> Result<T, AuthFailure> {
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    let done = done.await.map_err(|error| AuthFailure::Hashing(error.to_string()))?;
    done.map_err(|error| AuthFailure::Hashing(error.to_string()))
}

/// The agent with what they want to be from now on.
fn wished(agent: CurrentAgent, wish: &store::Wish) -> CurrentAgent {
    CurrentAgent { intention: wish.intention, intention_since: wish.intention_since, state_since: wish.state_since, ..agent }
}

/// Argon2id with OWASP's first choice of parameters (19 MiB, 2 passes, 1 lane), which are this crate's defaults.
fn argon2id() -> Argon2<'static> {
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, Params::default())
}

/// A hash that no password has, of the same cost as a real one.
fn unknown_hash() -> String {
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGlzIGhlcmU$bm9ib2R5IGlzIGhlcmUgYW5kIG5vYm9keSB3aWxsIGJlIQ".to_owned()
}

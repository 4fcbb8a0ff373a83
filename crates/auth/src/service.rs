//! What can be done with staff.

mod day;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Argon2, Params};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use kernel::{AgentId, Hint, Hints, QueueKind, WireError, machine_now};
use rand::RngCore as _;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use tokio::sync::Semaphore;
use tower_sessions::session::Id;

use crate::error::AuthError;
use crate::presence;
use crate::session::{self, CurrentAgent};
use crate::store;
use crate::types::{AgentPresence, Engagement, Intention, Me, Presence, Role, SessionEnd, StaffView};

/// Failures a minute after which an account waits; many agents share one address, so that limit is far higher.
const FAILURES_PER_ACCOUNT: i64 = 5;
const FAILURES_PER_ADDRESS: i64 = 300;
const FAILURE_WINDOW: TimeDelta = TimeDelta::minutes(1);

/// One hash takes 19 MiB and a core: more at once would only make each slower and the server larger.
const HASHES_AT_ONCE: usize = 2;

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
    hashing: Arc<Semaphore>,
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
        Self { pool, hints, leaving, hashing: Arc::new(Semaphore::new(HASHES_AT_ONCE)) }
    }

    /// Checks an e-mail and a password. Only failures count towards the limits, so a whole floor can sign in at nine.
    pub(crate) async fn sign_in(&self, email: &str, password: String, address: Option<IpAddr>) -> Result<CurrentAgent, AuthFailure> {
        let now = machine_now();
        let email = email.trim().to_lowercase();
        let account = Sha256::digest(email.as_bytes());
        let noted = store::insert_failure(&self.pool, &account, address, now).await?;
        let (of_account, of_address) = store::count_failures(&self.pool, &account, address, now - FAILURE_WINDOW).await?;
        // The one just noted counts too. Whoever is told to wait is not noted, or trying again would never end the waiting.
        if of_account > FAILURES_PER_ACCOUNT || of_address > FAILURES_PER_ADDRESS {
            store::delete_failure(&self.pool, noted).await?;
            return Err(AuthError::TooManyFailures.into());
        }
        let found = store::find_credentials(&self.pool, &email).await?;
        // Somebody unknown costs the same time as somebody known.
        let hash = found.as_ref().map_or_else(unknown_hash, |found| found.password_hash.clone());
        let is_right = self.verify(password, hash).await?;
        match found {
            Some(found) if is_right => {
                store::delete_failure(&self.pool, noted).await?;
                let wish = store::begin_offline(&self.pool, found.agent.id, now).await?;
                self.changed(found.agent.id, wish.intention).await;
                Ok(wished(found.agent, &wish))
            }
            _ => Err(AuthError::WrongCredentials.into()),
        }
    }

    /// Ends the session that a browser shows in which somebody has just signed in anew: it gets another one.
    pub(crate) async fn replace_session(&self, shown: Option<Id>) -> Result<(), AuthFailure> {
        if let Some(id) = shown {
            store::end_session(&self.pool, &session::hash(id), SessionEnd::Replaced, machine_now()).await?;
        }
        Ok(())
    }

    /// Takes the agent offline unless they are signed in elsewhere too.
    pub(crate) async fn signed_out(&self, agent: AgentId) -> Result<(), AuthFailure> {
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

    /// Notes that these agents' event streams are open.
    pub async fn heard(&self, agents: &[AgentId]) -> Result<(), AuthFailure> {
        Ok(store::mark_heard(&self.pool, agents, machine_now()).await?)
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

    /// Adds somebody to the staff.
    pub async fn create(&self, new: NewAgent) -> Result<AgentId, AuthFailure> {
        let email = new.email.trim().to_lowercase();
        let is_email = email.len() <= 254
            && !email.contains(char::is_whitespace)
            && email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
        if !is_email {
            return Err(AuthError::InvalidEmail.into());
        }
        let name = new.name.trim();
        if name.is_empty() || name.chars().count() > 100 {
            return Err(AuthError::InvalidName.into());
        }
        let hash = self.hash(new.password).await?;
        let created = store::insert_agent(&self.pool, &email, name, new.role, &hash, machine_now()).await?;
        let created = created.ok_or(AuthError::EmailTaken)?;
        self.hints.send(Hint::Agent(created));
        Ok(created)
    }

    /// Everybody who is or was on the staff.
    pub async fn list(&self) -> Result<Vec<StaffMember>, AuthFailure> {
        Ok(store::list_agents(&self.pool).await?)
    }

    /// Ends somebody's access at once. Their records stay.
    pub async fn deactivate(&self, email: &str) -> Result<(), AuthFailure> {
        let agent = store::deactivate(&self.pool, &email.trim().to_lowercase(), machine_now()).await?.ok_or(AuthError::NoSuchAgent)?;
        self.changed(agent, Intention::Offline).await;
        Ok(())
    }

    /// Sets a new password and signs them out everywhere.
    pub async fn reset_password(&self, email: &str, password: String) -> Result<(), AuthFailure> {
        let hash = self.hash(password).await?;
        let agent = store::reset_password(&self.pool, &email.trim().to_lowercase(), &hash, machine_now()).await?;
        self.hints.send(Hint::Agent(agent.ok_or(AuthError::NoSuchAgent)?));
        Ok(())
    }

    /// Sets what somebody may do, from their next request on.
    pub async fn set_role(&self, email: &str, role: Role) -> Result<(), AuthFailure> {
        let agent = store::set_role(&self.pool, &email.trim().to_lowercase(), role).await?;
        self.hints.send(Hint::Agent(agent.ok_or(AuthError::NoSuchAgent)?));
        Ok(())
    }

    /// Limits somebody to these queues, from their next request on; none: to none in particular. Whoever they hold stays with them.
    /// `by` is who did it; none: a command.
    pub async fn limit(&self, email: &str, queues: Option<Vec<QueueKind>>, by: Option<AgentId>) -> Result<(), AuthFailure> {
        let queues = queues.map(|queues| queues.into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>());
        if queues.as_ref().is_some_and(Vec::is_empty) {
            return Err(AuthError::NoQueues.into());
        }
        let agent = store::set_queues(&self.pool, &email.trim().to_lowercase(), queues.as_deref()).await?;
        let agent = agent.ok_or(AuthError::NoSuchAgent)?;
        tracing::info!(agent.id = %agent, agent.queues = ?queues, admin.id = by.map(AgentId::get), "an agent's queues were changed");
        self.hints.send(Hint::Agent(agent));
        Ok(())
    }

    /// Active staff, for administrators.
    pub(crate) async fn list_staff(&self) -> Result<Vec<StaffView>, AuthFailure> {
        let staff = self.list().await?.into_iter().filter(|member| member.deactivated_at.is_none());
        let view = |member: StaffMember| StaffView {
            id: member.id,
            email: member.email,
            name: member.name,
            role: member.role,
            queues: member.queues,
        };
        Ok(staff.map(view).collect())
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
        self.blocking(move || {
            let mut salt = [0; 16];
            rand::rng().fill_bytes(&mut salt);
            let salt = SaltString::encode_b64(&salt)?;
            Ok(argon2id().hash_password(password.as_bytes(), &salt)?.to_string())
        })
        .await
    }

    async fn verify(&self, password: String, hash: String) -> Result<bool, AuthFailure> {
        self.blocking(move || match argon2id().verify_password(password.as_bytes(), &PasswordHash::new(&hash)?) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::Password) => Ok(false),
            Err(error) => Err(error),
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, argon2::password_hash::Error> + Send + 'static,
    ) -> Result<T, AuthFailure> {
        let _permit = self.hashing.acquire().await.map_err(|error| AuthFailure::Hashing(error.to_string()))?;
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| AuthFailure::Hashing(error.to_string()))?;
        done.map_err(|error| AuthFailure::Hashing(error.to_string()))
    }
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

//! The use cases of calls.

mod attempts;
mod catalogue;
mod correct;
mod course;
mod hold;
mod incoming;
mod legs;
mod monitoring;
mod notice;
mod offers;
mod outcome;
mod person;
mod recordings;
mod retention;
mod ring;
mod show;
mod transfer;
mod view;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use auth::{Auth, AuthFailure, CurrentAgent, Engagement, Intention};
use chrono::TimeDelta;
use kernel::{AgentId, CallId, Hint, Hints, LeaseId, WireError, display_time, machine_now};
use queue::{Queue, QueueFailure};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::PgPool;
use twilio::{AccountSid, Address, ApiKeySid, ApplicationSid, Identity, TokenTtl};
use users::{Contexts, ReplicaError};

pub use recordings::RecordingStore;
pub use retention::{DeletionError, Judged, Pruning, RetentionFailure, Verdict};
pub use ring::LONGEST_CALL_SECONDS;
pub use show::{ShownCarrier, show_carrier};

use crate::error::CallsError;
use crate::store::{self, CallRow, NewCall};
use crate::types::{CallState, CallView, LONGEST_NOTE, Unrecorded, VoiceToken};

/// The browser connects within so long after Call was pressed, or not at all (lessons, line 20).
const INTENT: TimeDelta = TimeDelta::seconds(10);
/// What one press of “+30 s” adds.
const EXTENSION: TimeDelta = TimeDelta::seconds(30);

/// Calls. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Calls {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    pool: PgPool,
    auth: Auth,
    queue: Queue,
    contexts: Contexts,
    hints: Hints,
    telephone: Option<Telephone>,
    recordings: RecordingStore,
}

/// What calls need from outside.
#[derive(Debug)]
pub struct CallsParts {
    /// Our own database.
    pub pool: PgPool,
    /// Staff.
    pub auth: Auth,
    /// Who is next.
    pub queue: Queue,
    /// People for display.
    pub contexts: Contexts,
    /// Where changes are announced.
    pub hints: Hints,
    /// The carrier; none: no call can be made on this server.
    pub telephone: Option<Telephone>,
    /// Where recordings are kept.
    pub recordings: RecordingStore,
}

/// The carrier, and what we are to it.
#[derive(Clone)]
pub struct Telephone {
    /// Its REST API.
    pub client: twilio::Client,
    /// The account that pays.
    pub account_sid: AccountSid,
    /// Signs the carrier's webhooks.
    pub auth_token: SecretString,
    /// Signs the browsers' tokens.
    pub api_key: ApiKeySid,
    /// That key's secret.
    pub api_secret: SecretString,
    /// Where browsers' calls lead.
    pub application_sid: ApplicationSid,
    /// The number that is shown.
    pub number: Address,
    /// Where the carrier reaches us.
    pub public_base_url: String,
    /// Who we are, as people who ring us hear it.
    pub firm_name: String,
    /// Where browsers reach a local carrier, such as `localhost:3000/twilio`; none with the real one.
    pub local_carrier: Option<String>,
    /// How many calls a second the carrier takes; all servers take their turns together.
    pub calls_per_second: NonZeroU32,
    /// How long a browser's token is good for; between calls it is replaced when half of that has passed (lessons, line 21).
    pub token_life: Duration,
}

impl Telephone {
    /// Where the carrier tells of this call. It signs the whole address, and so the call's id.
    fn callback_url(&self, name: &str, call: CallId) -> String {
        format!("{}/webhooks/twilio/{name}?call={call}", self.public_base_url)
    }
}

impl std::fmt::Debug for Telephone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telephone").field("public_base_url", &self.public_base_url).finish_non_exhaustive()
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum CallsFailure {
    /// An expected refusal.
    #[error(transparent)]
    Refused(#[from] CallsError),
    /// Our own database.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// Who is on the staff could not be read.
    #[error("the staff could not be read")]
    Staff(#[from] AuthFailure),
    /// The queue's part of it.
    #[error("the queue's part failed")]
    Queue(#[from] QueueFailure),
    /// The claims platform's replica.
    #[error("the replica failed")]
    Replica(#[source] Arc<ReplicaError>),
    /// A token could not be made.
    #[error("the voice token could not be made")]
    Token(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The catalogue lacks a disposition.
    #[error("the catalogue has no disposition {0:?}")]
    NoDisposition(&'static str),
    /// What the carrier was asked was not done, as far as is known.
    #[error("the carrier did not do it")]
    Carrier(#[source] twilio::RestError),
    /// Where recordings are kept does not give this one.
    #[error("the store of the recordings failed")]
    Store(#[source] object_store::Error),
}

impl From<CallsFailure> for WireError {
    fn from(failure: CallsFailure) -> Self {
        match failure {
            CallsFailure::Refused(refusal) => refusal.into(),
            CallsFailure::Database(error) => Self::database(&error),
            CallsFailure::Staff(failure) => failure.into(),
            CallsFailure::Queue(failure) => failure.into(),
            CallsFailure::Replica(error) if error.is_unavailable() => {
                Self::unavailable("The claims platform cannot be read just now. Please try again in a moment.", &error)
            }
            CallsFailure::Carrier(error) => Self::unavailable("The carrier did not do it. Nothing was changed; please try again.", &error),
            CallsFailure::Store(error) => Self::unavailable("The recording cannot be read just now. Please try again in a moment.", &error),
            other => Self::internal(&other),
        }
    }
}

impl Calls {
    /// Calls over their database, staff, queue and carrier.
    pub fn new(parts: CallsParts) -> Self {
        let CallsParts { pool, auth, queue, contexts, hints, telephone, recordings } = parts;
        Self { shared: Arc::new(Shared { pool, auth, queue, contexts, hints, telephone, recordings }) }
    }

    /// Begins a call to the person held: nobody is rung yet, and not before the agent is on the line.
    pub(crate) async fn start(&self, agent: &CurrentAgent, lease: LeaseId) -> Result<CallView, CallsFailure> {
        self.telephone()?;
        if agent.intention != Intention::Available {
            return Err(CallsError::NotAvailable.into());
        }
        let call = CallId::generate();
        let now = self.shared.queue.now();
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let standing = store::make_way(&mut transaction, agent.id, now).await?;
        if standing.has_call {
            return Err(CallsError::Engaged.into());
        }
        // Whoever is on the line of somebody else's talk may be about to have it.
        if standing.listens {
            return Err(CallsError::ListensAlready.into());
        }
        let held = self.shared.queue.hold_for_call(&mut transaction, agent, lease, call).await?.ok_or(CallsError::NoSuchLease)?;
        let notice = self.shared.queue.recording_notice();
        let new = NewCall {
            id: call,
            agent: agent.id,
            user: held.user,
            lease,
            queue: held.queue,
            user_name: &held.name,
            notice_words: &notice,
            intent_expires_at: machine_now() + INTENT,
        };
        // Two windows at once: the first wins, and this one's hold on the person is rolled back.
        if !store::insert(&mut transaction, &new, now).await? {
            return Err(CallsError::Engaged.into());
        }
        self.shared.auth.engage(&mut transaction, agent.id, Some(Engagement::OnCall)).await?;
        transaction.commit().await?;
        tracing::info!(agent.id = %agent.id, user.id = %held.user, call.id = %call, "a call was begun");
        self.pass_on_withdrawn(standing.withdrawn);
        self.tell(agent.id);
        self.find(agent, call).await
    }

    /// Lets a browser of the agent's connect to their talk: the page was loaded anew, or this window takes it over from another. The leg that
    /// they had, if it is still there, is hung up once the new one is heard. Nobody is rung.
    pub(crate) async fn rejoin(&self, agent: &CurrentAgent, call: CallId) -> Result<CallView, CallsFailure> {
        self.telephone()?;
        let mut transaction = kernel::begin(&self.shared.pool).await?;
        let row = store::lock(&mut transaction, call).await?.filter(|row| row.agent == agent.id).ok_or(CallsError::NoSuchCall)?;
        if row.state != CallState::Connected {
            return Err(CallsError::NotTalking.into());
        }
        store::set_intent(&mut transaction, call, machine_now() + INTENT).await?;
        transaction.commit().await?;
        self.find(agent, call).await
    }

    /// The agent's call that is not closed.
    pub(crate) async fn current(&self, agent: &CurrentAgent) -> Result<Option<CallView>, CallsFailure> {
        match store::find_open(&self.shared.pool, agent.id).await? {
            Some(row) => Ok(Some(self.view(row).await?)),
            None => Ok(None),
        }
    }

    /// One call of the agent's own, or one that they have handed over.
    pub(crate) async fn find(&self, agent: &CurrentAgent, call: CallId) -> Result<CallView, CallsFailure> {
        match self.own(agent, call).await {
            Ok(row) => self.view(row).await,
            Err(failure) => self.handed_over(agent, call).await?.ok_or(failure),
        }
    }

    /// The agent's calls of which only the system has said what came of them, the newest first.
    pub(crate) async fn unrecorded(&self, agent: &CurrentAgent) -> Result<Vec<Unrecorded>, CallsFailure> {
        let now = self.shared.queue.now();
        let rows = store::list_unrecorded(&self.shared.pool, agent.id).await?;
        let shown = |(call_id, user_name, at)| Unrecorded { call_id, user_name, at: display_time(at, now) };
        Ok(rows.into_iter().map(shown).collect())
    }

    /// What the browser's telephone needs to connect. The number to ring is no part of it.
    pub(crate) fn voice_token(&self, agent: &CurrentAgent) -> Result<VoiceToken, CallsFailure> {
        let telephone = self.telephone()?;
        let broken = |error: Box<dyn std::error::Error + Send + Sync>| CallsFailure::Token(error);
        let token = twilio::VoiceToken {
            account_sid: telephone.account_sid.clone(),
            api_key: telephone.api_key.clone(),
            api_secret: telephone.api_secret.clone(),
            identity: identity_of(agent.id).map_err(|error| broken(error.into()))?,
            ttl: TokenTtl::try_from(telephone.token_life).map_err(|error| broken(error.into()))?,
            voice: twilio::VoiceGrant {
                incoming: None,
                outgoing: Some(twilio::Outgoing { application_sid: telephone.application_sid.clone(), params: None }),
            },
        };
        let token = token.sign(machine_now()).map_err(|error| broken(error.into()))?;
        Ok(VoiceToken {
            token: token.expose_secret().to_owned(),
            seconds: i64::try_from(telephone.token_life.as_secs()).unwrap_or(i64::MAX),
            local_carrier: telephone.local_carrier.clone(),
        })
    }

    /// The note of the agent's own call.
    pub(crate) async fn note(&self, agent: &CurrentAgent, call: CallId) -> Result<String, CallsFailure> {
        Ok(self.own(agent, call).await?.notes)
    }

    /// Keeps the agent's note.
    pub(crate) async fn save_notes(&self, agent: &CurrentAgent, call: CallId, notes: &str) -> Result<(), CallsFailure> {
        if notes.chars().count() > LONGEST_NOTE {
            return Err(CallsError::NoteTooLong(LONGEST_NOTE).into());
        }
        if !store::save_notes(&self.shared.pool, agent.id, call, notes).await? {
            return Err(CallsError::NoSuchCall.into());
        }
        // Another window of theirs shows it too; nothing else is to be asked for, however fast they type.
        self.shared.hints.send(Hint::Note(agent.id));
        Ok(())
    }

    /// Gives the agent more time to record what came of the call.
    pub(crate) async fn extend_wrap_up(&self, agent: &CurrentAgent, call: CallId) -> Result<CallView, CallsFailure> {
        if !store::extend_wrap_up(&self.shared.pool, agent.id, call, EXTENSION, machine_now()).await? {
            self.own(agent, call).await?;
            return Err(CallsError::NothingToRecord.into());
        }
        self.tell(agent.id);
        self.find(agent, call).await
    }

    async fn own(&self, agent: &CurrentAgent, call: CallId) -> Result<CallRow, CallsFailure> {
        let row = store::find(&self.shared.pool, call).await?.filter(|row| row.agent == agent.id);
        Ok(row.ok_or(CallsError::NoSuchCall)?)
    }

    pub(crate) fn telephone(&self) -> Result<&Telephone, CallsError> {
        self.shared.telephone.as_ref().ok_or(CallsError::NoTelephone)
    }

    /// Tells the screens that this agent's call has changed.
    fn tell(&self, agent: AgentId) {
        self.shared.hints.send(Hint::Agent(agent));
    }
}

/// What an agent's browser is called by the carrier.
pub(crate) fn identity_of(agent: AgentId) -> Result<Identity, twilio::InvalidIdentity> {
    Identity::try_from(format!("agent_{agent}"))
}

/// Whose browser it is.
pub(crate) fn agent_of_identity(identity: &str) -> Option<AgentId> {
    identity.strip_prefix("agent_")?.parse().ok()
}

//! The use cases of the queue.

mod assessment;
mod call_next;
mod callbacks;
mod contact;
mod dial;
mod holidays;
mod incoming;
mod numbers;
mod outcome;
mod overview;
mod pass;
mod pauses;
mod person;
mod promise;
mod report;
mod rule_sets;
mod seal;
mod settings;
mod suppressions;
mod talk;

pub(crate) use assessment::{parse_number, score_input};
pub use contact::{Import, ImportFailure};
pub use dial::{Authorisation, AuthorisationVoid, Authorised, HeldForCall};
pub use holidays::holidays_in;
pub use incoming::{Caller, ReturnCall};
pub use numbers::NumberRecord;
pub use outcome::{After, Before, Closing, Promise, Prospects, Settled, Suppress};
pub(crate) use pauses::VersionedPauses;
pub use report::ExportFailure;
pub(crate) use report::words_of_record;
pub use seal::{Head, Verified, VerifyFailure};

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use auth::{Auth, AuthFailure, CurrentAgent, Intention, Leaving};
use chrono::TimeDelta;
use kernel::{AgentId, Clock, Hint, Hints, LeaseId, Moment, NumberPolicy, WireError, display_time};
use sqlx::PgPool;
use users::{Extras, Replica, ReplicaError, Unproved};

use crate::direct::Candidates;
use crate::error::QueueError;
use crate::holidays::Holidays;
use crate::settings::Settings;
use crate::store::{self, Figures, Versions};
use crate::types::{PauseKind, ReleaseReason, Released};

/// Characters a note may have.
const NOTE_LIMIT: usize = 500;

/// Figures of whole queues are shared by all screens for so long, or until something changes: a hundred screens that are told of one
/// change ask once.
const FIGURES_LIFE: Duration = Duration::from_secs(1);

/// The names of lenders and solicitors, with how many people each has, are shared by all screens for so long: counting them looks at everybody.
const PAUSABLE_LIFE: Duration = Duration::from_secs(30);

/// Lenders and solicitors, with how many people have to do with each.
type Names = Vec<(PauseKind, String, i64)>;

/// Who is next. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Queue {
    pub(crate) shared: Arc<Shared>,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) pool: PgPool,
    pub(crate) replica: Replica,
    pub(crate) auth: Auth,
    pub(crate) clock: Clock,
    pub(crate) hints: Hints,
    pub(crate) numbers: NumberPolicy,
    holidays: RwLock<Arc<VersionedHolidays>>,
    pauses: RwLock<Arc<VersionedPauses>>,
    /// The version of the pauses by which this server last looked at every entry; -1: none.
    marked_pauses: AtomicI64,
    is_practice: bool,
    pub(crate) is_gate_off: bool,
    pub(crate) is_refreshed_hourly: bool,
    /// Who may be called, in direct mode; none: queues are kept.
    pub(crate) direct: Option<Candidates>,
    settings: RwLock<Arc<VersionedSettings>>,
    /// By how often something had changed when they were asked for.
    figures: moka::future::Cache<u64, Arc<Figures>>,
    changes: AtomicU64,
    /// Lenders and solicitors of everybody who waits.
    pub(crate) pausable: moka::future::Cache<(), Arc<Names>>,
    talks: moka::future::Cache<AgentId, talk::TalkRead>,
}

/// The days without calls, and since which change of the list.
#[derive(Debug)]
pub(crate) struct VersionedHolidays {
    pub(crate) version: i64,
    pub(crate) holidays: Holidays,
}

#[derive(Debug)]
pub(crate) struct VersionedSettings {
    pub(crate) version: i32,
    pub(crate) settings: Settings,
    pub(crate) rule_set: scoring::RuleSet,
}

impl VersionedSettings {
    /// What the rule set asks for beside what is always read.
    pub(crate) fn extras(&self) -> Extras {
        Extras { post_codes: self.rule_set.asks_for_post_codes(), payments: self.rule_set.asks_for_values() }
    }
}

/// How it is known who may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueMode {
    /// Discovery keeps queues, and runs by itself once an hour.
    #[default]
    Hourly,
    /// Discovery keeps queues, and runs when it is asked for.
    OnDemand,
    /// No queues are kept: each server reads every minute who may be called.
    Direct,
}

/// What the queue needs from outside.
#[derive(Debug)]
pub struct QueueParts {
    /// Our own database.
    pub pool: PgPool,
    /// The claims platform.
    pub replica: Replica,
    /// Staff, for names.
    pub auth: Auth,
    /// The business clock.
    pub clock: Clock,
    /// Where changes are announced.
    pub hints: Hints,
    /// Which numbers may be rung.
    pub numbers: NumberPolicy,
    /// The business clock is not the machine's.
    pub is_practice: bool,
    /// Nobody is refused, whatever the gate finds; every record says so. In development only.
    pub is_gate_off: bool,
    /// How it is known who may be called.
    pub mode: QueueMode,
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum QueueFailure {
    /// An expected refusal.
    #[error(transparent)]
    Refused(#[from] QueueError),
    /// Our own database.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The same, of a count that several had asked for.
    #[error("the database failed")]
    SharedDatabase(#[source] Arc<sqlx::Error>),
    /// The claims platform's replica.
    #[error("the replica failed")]
    Replica(#[from] ReplicaError),
    /// Staff could not be read.
    #[error("staff could not be read")]
    Auth(#[from] AuthFailure),
    /// A stored document is not what it should be.
    #[error("a stored document could not be read or written")]
    Document(#[from] serde_json::Error),
    /// The settings name a rule set that does not exist.
    #[error("the settings name the rule set {0:?}, which does not exist")]
    UnknownRuleSet(String),
    /// A task ended early, by a panic or because the program is stopping.
    #[error("the work was interrupted")]
    Interrupted(#[source] tokio::task::JoinError),
}

impl From<Unproved> for QueueFailure {
    fn from(unproved: Unproved) -> Self {
        unproved.error.map_or_else(|| QueueError::CannotCheck.into(), Self::Replica)
    }
}

impl From<QueueFailure> for WireError {
    fn from(failure: QueueFailure) -> Self {
        match failure {
            QueueFailure::Refused(refusal) => refusal.into(),
            QueueFailure::Database(error) => Self::database(&error),
            QueueFailure::SharedDatabase(error) => Self::database(&error),
            QueueFailure::Auth(failure) => failure.into(),
            QueueFailure::Replica(error) => Self::unavailable(QueueError::CannotCheck.to_string(), &error),
            other => Self::internal(&other),
        }
    }
}

impl Queue {
    /// The queue over its databases; reads the settings, the pauses and the holidays once.
    pub async fn new(parts: QueueParts) -> Result<Self, QueueFailure> {
        let settings = load_settings(&parts.pool).await?;
        let (version, pauses) = store::find_pauses(&parts.pool).await?;
        let pauses = VersionedPauses { version, pauses };
        let (version, holidays) = store::find_holidays(&parts.pool).await?;
        let holidays = VersionedHolidays { version, holidays };
        let shared = Shared {
            pool: parts.pool,
            replica: parts.replica,
            auth: parts.auth,
            clock: parts.clock,
            hints: parts.hints,
            numbers: parts.numbers,
            holidays: RwLock::new(Arc::new(holidays)),
            pauses: RwLock::new(Arc::new(pauses)),
            marked_pauses: AtomicI64::new(-1),
            is_practice: parts.is_practice,
            is_gate_off: parts.is_gate_off,
            is_refreshed_hourly: parts.mode == QueueMode::Hourly,
            direct: (parts.mode == QueueMode::Direct).then(Candidates::default),
            settings: RwLock::new(Arc::new(settings)),
            figures: moka::future::Cache::builder().max_capacity(8).time_to_live(FIGURES_LIFE).build(),
            changes: AtomicU64::new(0),
            pausable: moka::future::Cache::builder().max_capacity(1).time_to_live(PAUSABLE_LIFE).build(),
            talks: moka::future::Cache::builder().max_capacity(10_000).time_to_idle(talk::FORGOTTEN_AFTER).build(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Learns settings, pauses and holidays that were changed elsewhere. Handing somebody out learns them anyway, with each person; this is for
    /// what asks without one: a promise, somebody who rings us, a screen.
    pub async fn learn_changes(&self) -> Result<(), QueueFailure> {
        self.learn_now().await?;
        Ok(())
    }

    /// The same, and the settings that hold now. One statement while nothing has changed.
    pub(crate) async fn learn_now(&self) -> Result<Arc<VersionedSettings>, QueueFailure> {
        let versions = store::find_versions(&self.shared.pool).await?;
        self.learn(versions).await
    }

    /// Something that screens show has changed, here or on another server: what was counted before is not shown any more.
    pub fn forget_figures(&self) {
        self.shared.changes.fetch_add(1, Ordering::Relaxed);
    }

    /// Lets the held person go without dialling: they are not offered again for a while.
    pub async fn release(
        &self,
        agent: &CurrentAgent,
        lease: LeaseId,
        reason: ReleaseReason,
        note: Option<String>,
    ) -> Result<Released, QueueFailure> {
        let note = note.map(|note| note.trim().to_owned()).filter(|note| !note.is_empty());
        if note.is_none() && reason == ReleaseReason::Other {
            return Err(QueueError::NoteNeeded.into());
        }
        if note.as_ref().is_some_and(|note| note.chars().count() > NOTE_LIMIT) {
            return Err(QueueError::NoteTooLong(NOTE_LIMIT).into());
        }
        let now = self.shared.clock.now();
        let delay = TimeDelta::minutes(self.settings().settings.put_back_minutes.into());
        let available_at = now + delay;
        let is_released = store::release(&self.shared.pool, agent.id, lease, reason, note.as_deref(), now, available_at).await?;
        if !is_released {
            return Err(QueueError::NoSuchLease.into());
        }
        tracing::info!(agent.id = %agent.id, lease.id = %lease, release.reason = ?reason, "a person was let go without dialling");
        announce(&self.shared.hints, &[agent.id]);
        Ok(Released { available_again: display_time(available_at, now) })
    }

    /// The lease of the person whom the agent holds; none while somebody is still being checked. Costs one look at an
    /// index and changes nothing, so that a screen can ask after every hint whether it still shows the right person.
    pub async fn held(&self, agent: &CurrentAgent) -> Result<Option<LeaseId>, QueueFailure> {
        Ok(store::find_held(&self.shared.pool, agent.id, self.shared.clock.now()).await?)
    }

    /// Keeps the leases of agents who are there: called every few seconds with those whose browser was heard.
    pub async fn renew(&self, agents: &[AgentId]) -> Result<(), QueueFailure> {
        if agents.is_empty() {
            return Ok(());
        }
        let now = self.shared.clock.now();
        let expires_at = now + TimeDelta::minutes(self.settings().settings.lease_minutes.into());
        store::renew(&self.shared.pool, agents, now, expires_at).await?;
        Ok(())
    }

    /// Returns leases that have run out to their queues.
    pub async fn return_expired(&self) -> Result<(), QueueFailure> {
        let agents = store::return_expired(&self.shared.pool, self.shared.clock.now()).await?;
        if !agents.is_empty() {
            announce(&self.shared.hints, &agents);
        }
        Ok(())
    }

    /// Lets entries wait again that are marked as leased without a lease, and puts right who waits behind a pause.
    pub async fn rescue_orphans(&self) -> Result<(), QueueFailure> {
        let orphans = store::rescue_orphans(&self.shared.pool).await?;
        if orphans > 0 {
            tracing::warn!(queue.orphans = orphans, "entries were marked as leased without a lease; they wait again");
        }
        if orphans + self.mark_missed().await? > 0 {
            announce(&self.shared.hints, &[]);
        }
        Ok(())
    }

    pub(crate) fn settings(&self) -> Arc<VersionedSettings> {
        // A poisoned lock still holds whole settings: they are only ever replaced.
        Arc::clone(&self.shared.settings.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The settings of this version, read anew when another version is at hand. Call next learns the version with the
    /// person it takes, so that a change holds everywhere from the next request on and costs nothing until then.
    pub(crate) async fn settings_of(&self, version: i32) -> Result<Arc<VersionedSettings>, QueueFailure> {
        let known = self.settings();
        if known.version == version {
            return Ok(known);
        }
        self.fresh_settings().await
    }

    /// Learns what holds now, and answers with the settings.
    pub(crate) async fn learn(&self, versions: Versions) -> Result<Arc<VersionedSettings>, QueueFailure> {
        self.learn_pauses(versions.pauses).await?;
        self.learn_holidays(versions.holidays).await?;
        self.settings_of(versions.settings).await
    }

    /// The settings as they are now, kept for the next requests.
    pub(crate) async fn fresh_settings(&self) -> Result<Arc<VersionedSettings>, QueueFailure> {
        let fresh = Arc::new(load_settings(&self.shared.pool).await?);
        *self.shared.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }

    pub(crate) fn moment(&self) -> Moment {
        Moment::new(self.shared.clock.now())
    }
}

/// Says that a queue has changed, and whom these agents hold.
pub(crate) fn announce(hints: &Hints, agents: &[AgentId]) {
    hints.send(Hint::Queues);
    for agent in agents {
        hints.send(Hint::Agent(*agent));
    }
}

/// Hands back whoever is held by agents who have left. Staff is told of it when it is made, which is before the queue is.
#[derive(Clone, Debug)]
pub struct HandBack {
    pool: PgPool,
    hints: Hints,
    clock: Clock,
}

impl HandBack {
    /// Of the leases in this database.
    pub const fn new(pool: PgPool, hints: Hints, clock: Clock) -> Self {
        Self { pool, hints, clock }
    }
}

#[async_trait]
impl Leaving for HandBack {
    async fn left(&self, agents: &[AgentId], at: Instant) {
        let at = self.clock.now() - TimeDelta::from_std(at.elapsed()).unwrap_or_default();
        match store::hand_back(&self.pool, agents, at).await {
            Ok(held) if held.is_empty() => {}
            Ok(held) => {
                tracing::info!(queue.handed_back = held.len(), "people went back to the queue, because their agents are offline");
                announce(&self.hints, &held);
            }
            // Tried again within a minute by the sweep; and nobody renews the lease of an agent who is offline.
            Err(error) => tracing::error!(error.message = %error, "whoever an agent held could not be handed back yet"),
        }
    }
}

async fn load_settings(pool: &PgPool) -> Result<VersionedSettings, QueueFailure> {
    let (version, settings) = store::find_settings(pool).await?;
    let found = rule_sets::find(pool, &settings.rule_set).await?;
    let mut rule_set = found.ok_or_else(|| QueueFailure::UnknownRuleSet(settings.rule_set.clone()))?;
    rule_set.age.is_on &= settings.age_counts;
    Ok(VersionedSettings { version, settings, rule_set })
}

/// Refuses whoever does not want to be given anybody now.
pub(crate) fn require_available(agent: &CurrentAgent) -> Result<(), QueueError> {
    match (agent.engagement, agent.intention) {
        (Some(_), _) => Err(QueueError::OnCall),
        (None, Intention::Available) => Ok(()),
        (None, _) => Err(QueueError::NotAvailable),
    }
}

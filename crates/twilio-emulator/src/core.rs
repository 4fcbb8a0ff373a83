//! What all parts share, and the one way to change the model: under its lock, with the effects carried out in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::json;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use crate::cast::{self, Mix, Plan, Refused};
use crate::clock::{Clock, now};
use crate::config::Config;
use crate::faults;
use crate::journal::{Journal, Kind};
use crate::life::{self, Order};
use crate::media::{Media, Stage};
use crate::messages::Messages;
use crate::model::{Effect, Endpoint, Model};
use crate::queues::Queues;
use crate::recordings::Recordings;
use crate::scenario::Scenario;
use crate::signal::Lines;
use crate::webhook::{Delivery, Reply, Unanswered, Webhooks};

/// Who is behind the numbers.
#[derive(Debug)]
pub struct Company {
    /// Shares of the draw.
    pub mix: Mix,
    /// Newest last; the newest that matches is taken.
    pub scenarios: Vec<Scenario>,
    /// Draws so far.
    pub drawn: u64,
}

/// Everything.
#[derive(Debug)]
pub struct Core {
    pub config: Config,
    pub media: Media,
    pub journal: Journal,
    pub faults: Arc<faults::Set>,
    pub webhooks: Webhooks,
    pub lines: Lines,
    /// What waits are measured by.
    pub clock: Clock,
    pub recordings: Recordings,
    /// Somebody came into a queue.
    pub queue_changed: Notify,
    queues: Mutex<Queues>,
    messages: Mutex<Messages>,
    /// Where the last REST client found us.
    seen_at: Mutex<Option<String>>,
    model: Mutex<Model>,
    company: Mutex<Company>,
    tasks: Mutex<JoinSet<()>>,
    /// What lets calls on hold hear something.
    holds: Mutex<HashMap<String, AbortHandle>>,
    /// For tasks that a change begins.
    this: Weak<Self>,
}

impl Core {
    pub fn new(config: Config, media: Media, journal: Journal, faults: Arc<faults::Set>, webhooks: Webhooks) -> Arc<Self> {
        let model = Mutex::new(Model::new(&config.account_sid));
        let company = Mutex::new(Company { mix: config.mix, scenarios: Vec::new(), drawn: 0 });
        Arc::new_cyclic(|this| Self {
            config,
            media,
            journal,
            faults,
            webhooks,
            lines: Lines::default(),
            clock: Clock::default(),
            recordings: Recordings::default(),
            queue_changed: Notify::new(),
            queues: Mutex::default(),
            messages: Mutex::default(),
            seen_at: Mutex::default(),
            model,
            company,
            tasks: Mutex::default(),
            holds: Mutex::default(),
            this: Weak::clone(this),
        })
    }

    /// The model, to be read.
    pub fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who waits for whom.
    pub fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was written.
    pub fn messages(&self) -> MutexGuard<'_, Messages> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who is behind the numbers.
    pub fn company(&self) -> MutexGuard<'_, Company> {
        self.company.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the model and carries out what follows. Nothing in that waits, so effects keep the order of changes.
    pub fn change(&self, change: impl FnOnce(&mut Model, DateTime<Utc>) -> Vec<Effect>) {
        let mut model = self.model();
        let effects = change(&mut model, now());
        for effect in effects {
            self.carry_out(&model, effect);
        }
    }

    /// The same for a change that can be refused.
    pub fn try_change<E>(&self, change: impl FnOnce(&mut Model, DateTime<Utc>) -> Result<Vec<Effect>, E>) -> Result<(), E> {
        let mut fault = None;
        self.change(|model, now| change(model, now).map_err(|error| fault = Some(error)).unwrap_or_default());
        fault.map_or(Ok(()), Err)
    }

    fn carry_out(&self, model: &Model, effect: Effect) {
        match effect {
            Effect::Webhook { queue, endpoint, params } => self.webhooks.send(&queue, delivery(model, endpoint, params)),
            Effect::Order { call_sid, order } => {
                if let Some(call) = model.call(&call_sid) {
                    let _over = call.orders.send(order);
                }
            }
            Effect::Enter { call_sid, conference_sid } => self.media.enter(&call_sid, &conference_sid),
            Effect::Exit { call_sid } => {
                self.unhold(&call_sid);
                self.media.exit(&call_sid);
            }
            Effect::Restrain { call_sid, is_muted, is_held, coaches } => self.media.restrain(&call_sid, is_muted, is_held, coaches),
            Effect::Hold { call_sid, music } => self.hold(call_sid, music),
            Effect::Unhold { call_sid } => self.unhold(&call_sid),
            Effect::Record { conference_sid, asked } => {
                if let Some(core) = self.this.upgrade() {
                    core.record_conference(&conference_sid, asked);
                }
            }
            Effect::StopRecordings { conference_sid } => self.stop_recordings_of(&conference_sid),
            Effect::Beep { conference_sid } => self.media.announce(&conference_sid),
            Effect::Forget { call_sid } => self.media.forget(&call_sid),
        }
    }

    fn holds(&self) -> MutexGuard<'_, HashMap<String, AbortHandle>> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hold(&self, call_sid: String, music: Option<Endpoint>) {
        self.unhold(&call_sid);
        let Some(core) = self.this.upgrade() else { return };
        let task = self.spawn(life::hold(core, call_sid.clone(), music));
        self.holds().insert(call_sid, task);
    }

    fn unhold(&self, call_sid: &str) {
        if let Some(task) = self.holds().remove(call_sid) {
            task.abort();
            self.media.hush(Stage::Music(call_sid.to_owned()));
        }
    }

    /// A REST client found us at this address.
    pub fn seen_at(&self, base_url: String) {
        *self.seen_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(base_url);
    }

    /// Where clients find us.
    pub fn base_url(&self) -> String {
        let seen = || self.seen_at.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.config.base_url.clone().or_else(seen).unwrap_or_else(|| "http://127.0.0.1".to_owned())
    }

    /// Tells a call's task what to do.
    pub fn order(&self, call_sid: &str, order: Order) {
        if let Some(call) = self.model().call(call_sid) {
            let _over = call.orders.send(order);
        }
    }

    /// Asks an application, in turn with everything else in `queue`; waits for what it answers.
    pub async fn ask(&self, queue: &str, endpoint: Endpoint, params: Vec<(String, String)>) -> Result<Reply, Unanswered> {
        let delivery = delivery(&self.model(), endpoint, params);
        self.webhooks.ask(queue, delivery).await
    }

    /// Tells an application about a call, in turn; what it answers is said to nobody.
    pub fn tell(&self, call_sid: &str, endpoint: Endpoint, params: Vec<(String, String)>) {
        self.change(|_, _| vec![Effect::Webhook { queue: call_sid.to_owned(), endpoint, params }]);
    }

    /// What Twilio's debugger would show.
    pub fn problem(&self, call_sid: &str, code: u32, message: &str) {
        tracing::info!(call.sid = call_sid, code, message, "a call has a problem");
        let to = self.model().call(call_sid).map(|call| call.to.clone());
        self.journal.write(Kind::Problem, Some(call_sid), to.as_deref(), json!({"code": code, "message": message}));
    }

    /// What was said on a signalling socket, or heard of media.
    pub fn note(&self, kind: Kind, call_sid: &str, detail: serde_json::Value) {
        let to = self.model().call(call_sid).map(|call| call.to.clone());
        self.journal.write(kind, Some(call_sid), to.as_deref(), detail);
    }

    /// Who answers at `to`, by number, scenario or draw. Scenarios come first, so that a test can say otherwise.
    pub fn cast(&self, to: &str) -> Result<Plan, Refused> {
        let mut company = self.company();
        if let Some(plan) = company.scenarios.iter_mut().rev().find_map(|scenario| scenario.take(to)) {
            return Ok(plan);
        }
        if let Some(known) = cast::by_number(to) {
            return known;
        }
        company.drawn += 1;
        Ok(cast::draw(company.mix, self.config.seed, company.drawn - 1))
    }

    /// A wait of a simulated party, at this emulator's pace.
    pub fn paced(&self, wait: Duration) -> Duration {
        Duration::try_from_secs_f64(wait.as_secs_f64() * self.config.pace).unwrap_or(wait)
    }

    /// Runs beside everything else until the emulator stops.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> AbortHandle {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task)
    }

    /// Everything that was set, made or written is forgotten. Calls end by losing whoever could order them; nobody is told.
    pub fn reset(&self) {
        self.faults.clear();
        *self.company() = Company { mix: self.config.mix, scenarios: Vec::new(), drawn: 0 };
        self.model().clear();
        for (_, music) in self.holds().drain() {
            music.abort();
        }
        self.webhooks.clear();
        self.media.forget_all();
        self.media.lose(0.0);
        self.recordings.clear();
        *self.queues() = Queues::default();
        *self.messages() = Messages::default();
        self.journal.clear();
    }

    /// Ends every task.
    pub fn abort(&self) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

fn delivery(model: &Model, endpoint: Endpoint, params: Vec<(String, String)>) -> Delivery {
    let value = |name: &str| params.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let call_sid = value("CallSid");
    let to = value("To").or_else(|| call_sid.as_deref().and_then(|sid| model.call(sid)).map(|call| call.to.clone()));
    Delivery { endpoint, params, call_sid, to, reply: None }
}

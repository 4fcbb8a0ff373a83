//! Discovery: who belongs in a queue, by walking the whole replica in key ranges. One function decides, one statement a
//! range writes, nothing is deleted and refilled. Short enough to be run again rather than resumed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use futures::{Stream, TryStreamExt as _};
use kernel::{AgentId, Hint, Moment, QueueKind, UserId};
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinHandle;
use users::{Facts, Range, UnknownStatuses, Unproved};

use crate::error::QueueError;
use crate::rules::{Effect, Input, Judgement, NumberFact, OwnFacts, Reason, claim_names, judge, number_code};
use crate::service::{Queue, QueueFailure, VersionedSettings, announce, parse_number, score_input};
use crate::store::{self, DiscoveryReport, Merged, OwnRow, PromisePicture, RangePicture, SEPARATOR};

/// Users read at a time. At a tenth of the claims table MariaDB turns to scanning it whole for every range, so this is
/// safe from 20,000 users on, and cheap below.
pub(crate) const RANGE: u32 = 2_000;

/// One that began longer ago, and has not ended, has stopped.
const LONGEST_RUN: TimeDelta = TimeDelta::minutes(10);

/// Ranges in hand at once: two are read while one is judged and merged. The replica's work is nearly all of discovery, and one
/// connection keeps one of its processors busy.
const AT_ONCE: usize = 3;

/// So many rows at once make the planner's statistics stale.
const MANY: i64 = 1_000;

/// How often a run says how far it is.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// How many people with a need may not be rung, by queue and by the code of the rule. Whoever is held back by two rules counts for each.
pub(crate) type BlockedBy = BTreeMap<QueueKind, BTreeMap<String, i64>>;

/// Why a discovery runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub enum Cause {
    /// Somebody typed the command.
    #[default]
    Command,
    /// A supervisor pressed the button.
    Button,
    /// The hour has come.
    Schedule,
    /// A scheduler outside asked for it.
    Outside,
}

/// What a discovery is to do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Order {
    /// Why.
    pub cause: Cause,
    /// For whom.
    pub by: Option<AgentId>,
    /// Only this queue: who neither waits nor belongs in it is left alone. None: all of them.
    pub only: Option<QueueKind>,
    /// The hour it is due for; it runs once for each.
    pub scheduled_for: Option<DateTime<Utc>>,
}

/// A discovery that has begun. It holds the lock.
#[derive(Debug)]
pub(crate) struct Run {
    leader: PgConnection,
    id: i64,
    order: Order,
}

impl Queue {
    /// Walks the whole replica once and makes the queues what it says. Refused while another one runs anywhere.
    pub async fn discover(&self, order: Order) -> Result<DiscoveryReport, QueueFailure> {
        let run = self.begin_discovery(order).await?;
        self.finish_discovery(run, RANGE).await
    }

    /// The same with another number of users read at a time: tests cannot insert thousands.
    pub async fn discover_in_ranges(&self, range: u32) -> Result<DiscoveryReport, QueueFailure> {
        let run = self.begin_discovery(Order::default()).await?;
        self.finish_discovery(run, range).await
    }

    /// Begins one and goes on with it after this has returned; the ledger says how far it is and what came of it.
    pub async fn start_discovery(&self, order: Order) -> Result<(), QueueFailure> {
        let run = self.begin_discovery(order).await?;
        let queue = self.clone();
        tokio::spawn(async move {
            if let Err(failure) = queue.finish_discovery(run, RANGE).await {
                tracing::error!(error.message = %failure, "discovery failed; the ledger says so, and the next one puts it right");
            }
        });
        Ok(())
    }

    /// The discovery of this hour, unless it has run, here or on another server. One that failed is tried again.
    pub async fn discover_on_schedule(&self) -> Result<(), QueueFailure> {
        if !self.shared.is_refreshed_hourly {
            return Ok(());
        }
        let now = self.shared.clock.now();
        let hour = now.duration_trunc(TimeDelta::hours(1)).unwrap_or(now);
        if store::is_hour_done(&self.shared.pool, hour).await? {
            return Ok(());
        }
        match self.discover(Order { cause: Cause::Schedule, scheduled_for: Some(hour), ..Order::default() }).await {
            Ok(_) => Ok(()),
            // Whoever holds the lock may have stopped: then this hour's has failed here too, and is not said to have succeeded.
            Err(QueueFailure::Refused(QueueError::DiscoveryIsRunning)) if self.is_under_way(now).await? => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Whether the ledger has a run that is not too old to go on. Whoever holds the lock writes it down in the next moment.
    async fn is_under_way(&self, now: DateTime<Utc>) -> Result<bool, QueueFailure> {
        for _ in 0..5 {
            if store::has_begun_since(&self.shared.pool, now - LONGEST_RUN).await? {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        Ok(false)
    }

    async fn begin_discovery(&self, order: Order) -> Result<Run, QueueFailure> {
        if self.shared.direct.is_some() {
            return Err(QueueError::NoQueuesAreKept.into());
        }
        if order.only == Some(QueueKind::Callbacks) {
            return Err(QueueError::CallbacksAreNotDiscovered.into());
        }
        let mut leader = self.shared.pool.acquire().await?.detach();
        if !store::try_lock_discovery(&mut leader).await? {
            return Err(QueueError::DiscoveryIsRunning.into());
        }
        let Some(id) = store::start_run(&mut leader, &order, self.shared.clock.now()).await? else {
            // Another server was quicker, and is through with it.
            leader.close().await?;
            return Err(QueueError::DiscoveryIsRunning.into());
        };
        self.shared.hints.send(Hint::Queues);
        Ok(Run { leader, id, order })
    }

    async fn finish_discovery(&self, mut run: Run, range: u32) -> Result<DiscoveryReport, QueueFailure> {
        let (mut report, mut found) = (DiscoveryReport::default(), Found::default());
        let walked = self.walk(&run, range, &mut report, &mut found).await;
        let failure = walked.as_ref().err().map(ToString::to_string);
        store::note_progress(&mut run.leader, run.id, &report).await?;
        store::end_run(&mut run.leader, run.id, &found, failure.as_deref(), self.shared.clock.now()).await?;
        store::unlock_discovery(&mut run.leader).await?;
        run.leader.close().await?;
        announce(&self.shared.hints, &[]);
        walked?;
        tracing::info!(
            discovery.cause = ?run.order.cause,
            discovery.users_read = report.users_read,
            discovery.added = report.added,
            discovery.moved = report.moved,
            discovery.changed = report.changed,
            discovery.removed = report.removed,
            discovery.kept = report.kept,
            "discovery ended"
        );
        Ok(report)
    }

    /// The settings to go by on the way through the replica, if it can be believed.
    pub(crate) async fn ready_to_walk(&self) -> Result<Arc<VersionedSettings>, QueueFailure> {
        let settings = self.learn_now().await?;
        // What a replica far behind says is no reason to move anybody.
        let limit = settings.settings.max_lag_millis;
        match self.shared.replica.sample_lag(limit).await? {
            Some(lag) if lag.millis <= limit => Ok(settings),
            _ => Err(QueueError::CannotCheck.into()),
        }
    }

    /// Who was promised a call.
    pub(crate) async fn list_promised(&self) -> sqlx::Result<HashSet<UserId>> {
        Ok(store::list_promised(&self.shared.pool).await?.into_iter().collect())
    }

    /// Closes the promises to those of a range who need no call any more, and keeps with the others what a pause is held against.
    pub(crate) async fn tend_promises(
        &self,
        promised: &HashSet<UserId>,
        facts: &[Facts],
        needless: &[i64],
        settings: &VersionedSettings,
        read_at: DateTime<Utc>,
    ) -> sqlx::Result<()> {
        let mut picture = PromisePicture::default();
        for facts in facts.iter().filter(|facts| promised.contains(&facts.id)) {
            let (lenders, solicitors) = claim_names(facts, &settings.settings);
            picture.users.push(facts.id.get());
            picture.lenders.push(lenders.join(SEPARATOR));
            picture.solicitors.push(solicitors.join(SEPARATOR));
        }
        if picture.users.is_empty() {
            return Ok(());
        }
        store::close_needless(&self.shared.pool, needless, read_at).await?;
        store::name_promises(&self.shared.pool, &picture).await
    }

    async fn walk(&self, run: &Run, range: u32, report: &mut DiscoveryReport, found: &mut Found) -> Result<(), QueueFailure> {
        let settings = self.ready_to_walk().await?;
        let mut ranges = pin!(self.clone().ranges(range, Arc::clone(&settings)));

        let promised = self.list_promised().await?;
        let mut told = Instant::now();
        while let Some((range, read_at)) = ranges.try_next().await? {
            let picture = self.picture(&range.facts, &settings, read_at, run.order.only, &mut found.blocked).await?;
            found.unknown_statuses.extend(&range.unknown_statuses);
            let merged = store::merge_range(&self.shared.pool, run.id, &range, &picture, read_at, run.order.only).await?;
            add(report, &range, &picture, merged);
            if run.order.only.is_none() {
                self.tend_promises(&promised, &range.facts, &picture.needless, &settings, read_at).await?;
            }
            if told.elapsed() >= TOLD_EVERY {
                told = Instant::now();
                store::note_progress(&self.shared.pool, run.id, report).await?;
                self.shared.hints.send(Hint::Queues);
            }
        }
        // Somebody may have paused or resumed something meanwhile.
        self.mark_paused().await?;
        if report.added + report.removed > MANY {
            store::analyse_entries(&self.shared.pool).await?;
        }
        Ok(())
    }

    /// Every range with the instant it was read at, in order. Where one ends has to be known before the next begins; what is in them
    /// is read at the same time.
    pub(crate) fn ranges(
        self,
        users: u32,
        settings: Arc<VersionedSettings>,
    ) -> impl Stream<Item = Result<(Range, DateTime<Utc>), QueueFailure>> {
        futures::stream::try_unfold(Some(0), move |after| {
            let (queue, settings) = (self.clone(), Arc::clone(&settings));
            async move {
                let Some(after) = after else { return Ok(None) };
                let through = queue.shared.replica.range_end(after, users).await?;
                Ok(Some((queue.read(after, through, &settings), through)))
            }
        })
        .map_ok(|reading| async { Ok(reading.await.map_err(QueueFailure::Interrupted)??) })
        .try_buffered(AT_ONCE)
    }

    /// Begins to read a range, also while nobody waits for it; the instant is from before the first row was read.
    fn read(&self, after: i64, through: Option<i64>, settings: &VersionedSettings) -> JoinHandle<Result<(Range, DateTime<Utc>), Unproved>> {
        let (replica, read_at) = (self.shared.replica.clone(), self.shared.clock.now());
        let (limit, extras) = (settings.settings.max_lag_millis, settings.extras());
        tokio::spawn(async move { Ok((replica.within(limit).range(after, through, extras, read_at).await?, read_at)) })
    }

    /// What the entries of these users should be. Who has a need and may not be rung is counted.
    pub(crate) async fn picture(
        &self,
        facts: &[Facts],
        settings: &VersionedSettings,
        now: DateTime<Utc>,
        only: Option<QueueKind>,
        blocked: &mut Counts,
    ) -> Result<RangePicture, QueueFailure> {
        let moment = Moment::new(now);
        let nothing = OwnFacts::default();
        // Numbers are dear to parse, and our own facts to read: first see of whom it matters.
        let mut candidates: Vec<(&Facts, String)> = Vec::new();
        let mut needless = Vec::new();
        for facts in facts {
            let judgement = self.judge_entry(facts, &nothing, settings, moment);
            if judgement.need.is_none() {
                needless.push(facts.id.get());
            }
            if judgement.entry(now).is_none() {
                blocked.count(&judgement);
                continue;
            }
            match parse_number(Some(facts), &self.shared.numbers) {
                NumberFact::Usable(read) => candidates.push((facts, read.number.as_e164().to_owned())),
                NumberFact::Unusable(why) => blocked.add(judgement.need, number_code(why)),
                NumberFact::Missing | NumberFact::NotParsed => blocked.add(judgement.need, Reason::NoNumber.code()),
            }
        }
        let ids: Vec<i64> = candidates.iter().map(|(facts, _)| facts.id.get()).collect();
        let numbers: Vec<String> = candidates.iter().map(|(_, number)| number.clone()).collect();
        let own: HashMap<UserId, OwnRow> = store::list_own_facts(&self.shared.pool, &ids, &numbers, now).await?.into_iter().collect();

        let unknown = OwnRow::default();
        let mut picture = RangePicture { needless, ..RangePicture::default() };
        for (facts, number) in candidates {
            let own = own.get(&facts.id).unwrap_or(&unknown);
            let judgement = self.judge_entry(facts, &own.facts, settings, moment);
            blocked.count(&judgement);
            let Some((queue, available_at)) = judgement.entry(now) else {
                continue;
            };
            let (lenders, solicitors) = claim_names(facts, &settings.settings);
            let score = scoring::score(&score_input(facts, own), &settings.rule_set, moment.london.date());
            picture.kept += i64::from(only.is_none_or(|only| only == queue));
            picture.users.push(facts.id.get());
            picture.kinds.push(queue);
            picture.scores.push(score.total);
            picture.raw_sums.push(score.raw_sum);
            picture.available.push(available_at);
            picture.numbers.push(number);
            picture.paused.push(judgement.reasons.iter().any(|reason| matches!(reason, Reason::LenderPaused | Reason::SolicitorPaused)));
            picture.lenders.push(lenders.join(SEPARATOR));
            picture.solicitors.push(solicitors.join(SEPARATOR));
        }
        Ok(picture)
    }

    /// What these facts call for, whatever the number: whoever has none that may be rung is sorted out before.
    fn judge_entry(&self, facts: &Facts, own: &OwnFacts, settings: &VersionedSettings, moment: Moment) -> Judgement {
        judge(&Input {
            facts: Some(facts),
            number: &NumberFact::NotParsed,
            own,
            pauses: &self.pauses().pauses,
            settings: &settings.settings,
            holidays: &self.holidays().holidays,
            moment,
        })
    }
}

/// What a walk found beside who belongs where.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Who has a need and may not be rung.
    pub(crate) blocked: Counts,
    /// Statuses that the rules do not know.
    pub(crate) unknown_statuses: UnknownStatuses,
}

/// Who is held back, by queue and rule.
#[derive(Debug, Default)]
pub(crate) struct Counts(BTreeMap<(QueueKind, &'static str), i64>);

impl Counts {
    /// Counts each rule that holds somebody back; not the hour, nor a pause of the queue, which hold back everybody.
    fn count(&mut self, judgement: &Judgement) {
        for reason in &judgement.reasons {
            let is_of_the_person = matches!(reason.effect(), Effect::Remove | Effect::Wait(_)) && *reason != Reason::NothingToCallAbout;
            if is_of_the_person || matches!(reason, Reason::LenderPaused | Reason::SolicitorPaused) {
                self.add(judgement.need, reason.code());
            }
        }
    }

    fn add(&mut self, need: Option<QueueKind>, rule: &'static str) {
        if let Some(queue) = need {
            *self.0.entry((queue, rule)).or_default() += 1;
        }
    }

    pub(crate) fn by_queue(&self) -> BlockedBy {
        let mut blocked = BlockedBy::new();
        for ((queue, rule), count) in &self.0 {
            blocked.entry(*queue).or_default().insert((*rule).to_owned(), *count);
        }
        blocked
    }
}

fn add(report: &mut DiscoveryReport, range: &Range, picture: &RangePicture, merged: Merged) {
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    report.users_read += count(range.facts.len());
    report.unreadable += count(range.unreadable.len());
    report.added += merged.added;
    report.moved += merged.moved;
    report.changed += merged.changed;
    report.removed += merged.removed;
    report.kept += picture.kept - merged.added - (merged.moved - merged.moved_away) - merged.changed;
}

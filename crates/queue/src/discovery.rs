//! Discovery: who belongs in a queue, by walking the whole replica in key ranges. One function decides, one statement a
//! range writes, nothing is deleted and refilled. Short enough to be run again rather than resumed.

use std::collections::HashMap;
use std::pin::pin;

use chrono::{DateTime, Utc};
use futures::{Stream, TryStreamExt as _};
use kernel::{Moment, UserId};
use sqlx::Connection;
use tokio::task::JoinHandle;
use users::{Facts, Range, ReplicaError};

use crate::error::QueueError;
use crate::rules::{Input, NumberFact, OwnFacts, claim_names, judge};
use crate::service::{Queue, QueueFailure, VersionedSettings, announce, parse_number, score_input};
use crate::store::{self, DiscoveryReport, Merged, OwnRow, RangePicture, SEPARATOR};

/// Users read at a time. At a tenth of the claims table MariaDB turns to scanning it whole for every range, so this is
/// safe from 20,000 users on, and cheap below.
const RANGE: u32 = 2_000;

/// Ranges in hand at once: two are read while one is judged and merged. The replica's work is nearly all of discovery, and one
/// connection keeps one of its processors busy.
const AT_ONCE: usize = 3;

/// So many rows at once make the planner's statistics stale.
const MANY: i64 = 1_000;

impl Queue {
    /// Walks the whole replica once and makes the queues what it says. Refused while another one runs anywhere.
    pub async fn discover(&self) -> Result<DiscoveryReport, QueueFailure> {
        self.discover_in_ranges(RANGE).await
    }

    /// The same with another number of users read at a time: tests cannot insert thousands.
    pub async fn discover_in_ranges(&self, range: u32) -> Result<DiscoveryReport, QueueFailure> {
        let mut leader = self.shared.pool.acquire().await?.detach();
        if !store::try_lock_discovery(&mut leader).await? {
            return Err(QueueFailure::DiscoveryIsRunning);
        }
        let run = store::start_run(&mut leader, self.shared.clock.now()).await?;
        let walked = self.walk(range).await;
        let (report, failure) = match &walked {
            Ok(report) => (*report, None),
            Err(failure) => (DiscoveryReport::default(), Some(failure.to_string())),
        };
        store::end_run(&mut leader, run, &report, failure.as_deref(), self.shared.clock.now()).await?;
        store::unlock_discovery(&mut leader).await?;
        leader.close().await?;
        announce(&self.shared.hints, &[]);
        if walked.is_ok() {
            tracing::info!(
                discovery.users_read = report.users_read,
                discovery.added = report.added,
                discovery.moved = report.moved,
                discovery.changed = report.changed,
                discovery.removed = report.removed,
                discovery.kept = report.kept,
                "discovery ended"
            );
        }
        walked
    }

    async fn walk(&self, range: u32) -> Result<DiscoveryReport, QueueFailure> {
        let (version, _) = store::find_settings(&self.shared.pool).await?;
        let settings = self.settings_of(version).await?;
        self.fresh_pauses().await?;
        // What a replica far behind says is no reason to move anybody.
        match self.shared.replica.sample_lag().await? {
            Some(lag) if lag.millis <= settings.settings.max_lag_millis => {}
            _ => return Err(QueueError::CannotCheck.into()),
        }
        let mut ranges = pin!(self.clone().ranges(range));

        let mut report = DiscoveryReport::default();
        while let Some((range, read_at)) = ranges.try_next().await? {
            let picture = self.picture(&range.facts, &settings, read_at).await?;
            let merged = store::merge_range(&self.shared.pool, &range, &picture, read_at).await?;
            add(&mut report, &range, &picture, merged);
        }
        // Somebody may have paused or resumed something meanwhile.
        self.mark_paused().await?;
        if report.added + report.removed > MANY {
            store::analyse_entries(&self.shared.pool).await?;
        }
        Ok(report)
    }

    /// Every range with the instant it was read at, in order. Where one ends has to be known before the next begins; what is in them
    /// is read at the same time.
    fn ranges(self, users: u32) -> impl Stream<Item = Result<(Range, DateTime<Utc>), QueueFailure>> {
        futures::stream::try_unfold(Some(0), move |after| {
            let queue = self.clone();
            async move {
                let Some(after) = after else { return Ok(None) };
                let through = queue.shared.replica.range_end(after, users).await?;
                Ok(Some((queue.read(after, through), through)))
            }
        })
        .map_ok(|reading| async { Ok(reading.await.map_err(QueueFailure::Interrupted)??) })
        .try_buffered(AT_ONCE)
    }

    /// Begins to read a range, also while nobody waits for it; the instant is from before the first row was read.
    fn read(&self, after: i64, through: Option<i64>) -> JoinHandle<Result<(Range, DateTime<Utc>), ReplicaError>> {
        let (replica, read_at) = (self.shared.replica.clone(), self.shared.clock.now());
        tokio::spawn(async move { Ok((replica.range(after, through, read_at).await?, read_at)) })
    }

    /// What the entries of these users should be.
    async fn picture(&self, facts: &[Facts], settings: &VersionedSettings, now: DateTime<Utc>) -> Result<RangePicture, QueueFailure> {
        let moment = Moment::new(now);
        let nothing = OwnFacts::default();
        // Numbers are dear to parse, and our own facts to read: first see of whom it matters.
        let candidates: Vec<(&Facts, String)> = facts
            .iter()
            .filter(|facts| self.entry(facts, &nothing, settings, moment).is_some())
            .filter_map(|facts| match parse_number(Some(facts), &self.shared.numbers) {
                NumberFact::Usable(number) => Some((facts, number.as_e164().to_owned())),
                _ => None,
            })
            .collect();
        let ids: Vec<i64> = candidates.iter().map(|(facts, _)| facts.id.get()).collect();
        let numbers: Vec<String> = candidates.iter().map(|(_, number)| number.clone()).collect();
        let own: HashMap<UserId, OwnRow> = store::list_own_facts(&self.shared.pool, &ids, &numbers, now).await?.into_iter().collect();

        let unknown = OwnRow::default();
        let mut picture = RangePicture::default();
        for (facts, number) in candidates {
            let own = own.get(&facts.id).unwrap_or(&unknown);
            let Some((queue, available_at)) = self.entry(facts, &own.facts, settings, moment) else {
                continue;
            };
            let (lenders, solicitors) = claim_names(facts, &settings.settings);
            let score = scoring::score(&score_input(facts, own), &settings.rule_set, moment.london.date());
            picture.users.push(facts.id.get());
            picture.kinds.push(queue.as_str().to_owned());
            picture.scores.push(score.total);
            picture.raw_sums.push(score.raw_sum);
            picture.available.push(available_at);
            picture.numbers.push(number);
            picture.lenders.push(lenders.join(SEPARATOR));
            picture.solicitors.push(solicitors.join(SEPARATOR));
        }
        Ok(picture)
    }

    /// The entry that these facts call for, whatever the number: whoever has none that may be rung is sorted out before.
    fn entry(
        &self,
        facts: &Facts,
        own: &OwnFacts,
        settings: &VersionedSettings,
        moment: Moment,
    ) -> Option<(kernel::QueueKind, DateTime<Utc>)> {
        judge(&Input {
            facts: Some(facts),
            number: &NumberFact::NotParsed,
            own,
            pauses: &self.pauses().pauses,
            settings: &settings.settings,
            bank_holidays: &self.shared.bank_holidays,
            moment,
        })
        .entry(moment.at)
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
    report.kept += count(picture.users.len()) - merged.added - merged.moved - merged.changed;
}

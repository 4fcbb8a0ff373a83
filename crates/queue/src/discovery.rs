//! Discovery: who belongs in a queue, by walking the whole replica in key ranges. One function decides, one statement a
//! range writes, nothing is deleted and refilled. Short enough to be run again rather than resumed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use futures::StreamExt as _;
use kernel::{Moment, UserId};
use sqlx::Connection;
use tokio::task::JoinHandle;
use users::{Facts, Range, ReplicaError};

use crate::error::QueueError;
use crate::rules::{Input, NumberFact, OwnFacts, judge};
use crate::service::{Queue, QueueFailure, VersionedSettings, announce, parse_number, score_input};
use crate::store::{self, DiscoveryReport, Merged, OwnRow, RangePicture};

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
        let mut leader = self.shared.pool.acquire().await?.detach();
        if !store::try_lock_discovery(&mut leader).await? {
            return Err(QueueFailure::DiscoveryIsRunning);
        }
        let run = store::start_run(&mut leader, self.shared.clock.now()).await?;
        let walked = self.walk().await;
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

    async fn walk(&self) -> Result<DiscoveryReport, QueueFailure> {
        let (version, _) = store::find_settings(&self.shared.pool).await?;
        let settings = self.settings_of(version).await?;
        // What a replica far behind says is no reason to move anybody.
        match self.shared.replica.sample_lag().await? {
            Some(lag) if lag.millis <= settings.settings.max_lag_millis => {}
            _ => return Err(QueueError::CannotCheck.into()),
        }
        let ends = self.shared.replica.range_ends(RANGE).await?;
        let begins = std::iter::once(0).chain(ends.iter().copied());
        let throughs = ends.iter().copied().map(Some).chain(std::iter::once(None));
        let mut ranges = futures::stream::iter(begins.zip(throughs)).map(|(after, through)| self.read(after, through)).buffered(AT_ONCE);

        let mut report = DiscoveryReport::default();
        while let Some(read) = ranges.next().await {
            let (range, read_at) = read.map_err(QueueFailure::Interrupted)??;
            let picture = self.picture(&range.facts, &settings, read_at).await?;
            let merged = store::merge_range(&self.shared.pool, &range, &picture, read_at, read_at).await?;
            add(&mut report, &range, &picture, merged);
        }
        if report.added + report.removed > MANY {
            store::analyse_entries(&self.shared.pool).await?;
        }
        Ok(report)
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
            .filter(|facts| self.entry(facts, &NumberFact::NotParsed, &nothing, settings, moment).is_some())
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
            let Some((queue, available_at)) = self.entry(facts, &NumberFact::NotParsed, &own.facts, settings, moment) else {
                continue;
            };
            let score = scoring::score(&score_input(facts, own), &settings.rule_set, moment.london.date());
            picture.users.push(facts.id.get());
            picture.kinds.push(queue.as_str().to_owned());
            picture.scores.push(score.total);
            picture.raw_sums.push(score.raw_sum);
            picture.available.push(available_at);
            picture.numbers.push(number);
        }
        Ok(picture)
    }

    fn entry(
        &self,
        facts: &Facts,
        number: &NumberFact,
        own: &OwnFacts,
        settings: &VersionedSettings,
        moment: Moment,
    ) -> Option<(kernel::QueueKind, DateTime<Utc>)> {
        judge(&Input {
            facts: Some(facts),
            number,
            own,
            pauses: &self.shared.pauses,
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

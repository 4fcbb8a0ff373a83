//! Direct mode: no queues are kept. Each server finds out every minute, by the same walk and the same functions as discovery, who may be
//! called, and keeps them in memory in the order of the queues. Leases, gate and records are those of the queues.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use kernel::{QueueKind, UserId};
use users::UnknownStatuses;

use crate::discovery::{BlockedBy, Found, RANGE};
use crate::rules::NO_NAME;
use crate::service::{Queue, QueueFailure, announce};
use crate::store::{self, RangePicture, SEPARATOR};
use crate::types::PauseKind;

/// Who may be called, as last read.
#[derive(Debug, Default)]
pub(crate) struct Candidates(Mutex<Lists>);

#[derive(Debug, Default)]
struct Lists {
    /// None: nothing was read yet.
    read_at: Option<DateTime<Utc>>,
    /// In the order of the queue.
    queues: BTreeMap<QueueKind, Vec<Candidate>>,
    /// Who is being checked, was handed out or was passed over, and since when: not offered before a reading that began later.
    away: HashMap<UserId, DateTime<Utc>>,
    blocked: BlockedBy,
    unknown_statuses: UnknownStatuses,
    /// Lenders and solicitors, with how many people have claims with them alone.
    names: BTreeMap<(PauseKind, String), i64>,
}

#[derive(Clone, Copy, Debug)]
struct Candidate {
    user: UserId,
    score: f64,
    raw_sum: f64,
    queued_at: DateTime<Utc>,
    available_at: DateTime<Utc>,
    is_paused: bool,
}

impl Candidate {
    /// The order of `queue.entry`.
    fn order(&self, other: &Self) -> Ordering {
        self.score
            .total_cmp(&other.score)
            .then(self.raw_sum.total_cmp(&other.raw_sum))
            .then(self.queued_at.cmp(&other.queued_at))
            .then(self.user.cmp(&other.user))
    }

    fn is_callable(&self, now: DateTime<Utc>) -> bool {
        self.available_at <= now && !self.is_paused
    }
}

/// How many there are of one queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) callable: i64,
    pub(crate) waiting: i64,
    pub(crate) paused: i64,
    pub(crate) oldest: Option<DateTime<Utc>>,
}

impl Lists {
    /// Adds one range. Whoever was in the same queue before has been there since.
    fn add(&mut self, picture: &RangePicture, read_at: DateTime<Utc>, since: &HashMap<UserId, (QueueKind, DateTime<Utc>)>) {
        for (at, user) in picture.users.iter().enumerate() {
            let (user, queue) = (UserId::new(*user), picture.kinds[at]);
            let queued_at = since.get(&user).filter(|(before, _)| *before == queue).map_or(read_at, |(_, since)| *since);
            self.queues.entry(queue).or_default().push(Candidate {
                user,
                score: picture.scores[at],
                raw_sum: picture.raw_sums[at],
                queued_at,
                available_at: picture.available[at],
                is_paused: picture.paused[at],
            });
            for (kind, names) in [(PauseKind::Lender, &picture.lenders[at]), (PauseKind::Solicitor, &picture.solicitors[at])] {
                let names: BTreeSet<&str> = names.split(SEPARATOR).collect();
                let is_alone = i64::from(names.len() == 1);
                for name in names.into_iter().filter(|name| !name.is_empty() && *name != NO_NAME) {
                    *self.names.entry((kind, name.to_owned())).or_default() += is_alone;
                }
            }
        }
    }
}

impl Candidates {
    fn lists(&self) -> MutexGuard<'_, Lists> {
        // Nothing that holds the lock can leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When they were read; none before the first time.
    pub(crate) fn read_at(&self) -> Option<DateTime<Utc>> {
        self.lists().read_at
    }

    /// The first of a queue whom nobody here is busy with; from now on the caller is.
    pub(crate) fn next(&self, queue: QueueKind, tried: &[i64], now: DateTime<Utc>) -> Option<UserId> {
        let mut lists = self.lists();
        let lists = &mut *lists;
        let free = |candidate: &&Candidate| {
            candidate.is_callable(now) && !lists.away.contains_key(&candidate.user) && !tried.contains(&candidate.user.get())
        };
        let next = lists.queues.get(&queue)?.iter().find(free)?.user;
        lists.away.insert(next, now);
        Some(next)
    }

    /// Offers somebody again who was not taken, or could not be checked.
    pub(crate) fn put_back(&self, user: UserId) {
        self.lists().away.remove(&user);
    }

    fn replace(&self, mut read: Lists, began: DateTime<Utc>) {
        for of_queue in read.queues.values_mut() {
            of_queue.sort_unstable_by(Candidate::order);
        }
        let mut lists = self.lists();
        read.away.extend(lists.away.drain().filter(|(_, since)| *since >= began));
        *lists = read;
    }

    fn since(&self) -> HashMap<UserId, (QueueKind, DateTime<Utc>)> {
        let lists = self.lists();
        let of = |(queue, of_queue): (&QueueKind, &Vec<Candidate>)| {
            let queue = *queue;
            of_queue.iter().map(move |candidate| (candidate.user, (queue, candidate.queued_at))).collect::<Vec<_>>()
        };
        lists.queues.iter().flat_map(of).collect()
    }

    /// How many there are in a queue, whoever is busy with whom left out.
    pub(crate) fn count(&self, queue: QueueKind, now: DateTime<Utc>) -> Count {
        let lists = self.lists();
        let mut count = Count { callable: 0, waiting: 0, paused: 0, oldest: None };
        for candidate in lists.queues.get(&queue).into_iter().flatten().filter(|candidate| !lists.away.contains_key(&candidate.user)) {
            match (candidate.is_paused, candidate.available_at <= now) {
                (true, _) => count.paused += 1,
                (false, true) => count.callable += 1,
                (false, false) => count.waiting += 1,
            }
            count.oldest = Some(count.oldest.map_or(candidate.queued_at, |oldest| oldest.min(candidate.queued_at)));
        }
        count
    }

    /// In which queue somebody is, and how many can be called before them.
    pub(crate) fn place_of(&self, user: UserId, now: DateTime<Utc>) -> Option<(QueueKind, i64)> {
        let lists = self.lists();
        lists.queues.iter().find_map(|(queue, of_queue)| {
            let at = of_queue.iter().position(|candidate| candidate.user == user)?;
            let before = of_queue[..at].iter().filter(|candidate| candidate.is_callable(now)).count();
            Some((*queue, i64::try_from(before).unwrap_or(i64::MAX)))
        })
    }

    /// Who is held back, by queue and rule.
    pub(crate) fn blocked(&self) -> BlockedBy {
        self.lists().blocked.clone()
    }

    /// Statuses that the rules do not know.
    pub(crate) fn unknown_statuses(&self) -> UnknownStatuses {
        self.lists().unknown_statuses.clone()
    }

    /// Lenders and solicitors with their people, the most first.
    pub(crate) fn pausable(&self) -> Vec<(PauseKind, String, i64)> {
        let mut names: Vec<_> = self.lists().names.iter().map(|((kind, name), people)| (*kind, name.clone(), *people)).collect();
        names.sort_by_key(|(_, _, people)| -people);
        names
    }
}

impl Queue {
    /// Finds out who may be called; nothing in queue mode. A failure leaves what was read before.
    pub async fn read_candidates(&self) -> Result<(), QueueFailure> {
        let Some(candidates) = &self.shared.direct else { return Ok(()) };
        let (began, since) = (self.shared.clock.now(), candidates.since());
        let settings = self.ready_to_walk().await?;
        let promised = self.list_promised().await?;
        let (mut read, mut found) = (Lists { read_at: Some(began), ..Lists::default() }, Found::default());
        let mut ranges = pin!(self.clone().ranges(RANGE, Arc::clone(&settings)));
        while let Some((range, read_at)) = ranges.try_next().await? {
            let picture = self.picture(&range.facts, &settings, read_at, None, &mut found.blocked).await?;
            found.unknown_statuses.extend(&range.unknown_statuses);
            self.tend_promises(&promised, &range.facts, &picture.needless, &settings, read_at).await?;
            read.add(&picture, read_at, &since);
        }
        (read.blocked, read.unknown_statuses) = (found.blocked.by_queue(), found.unknown_statuses);
        // Whoever is held, on any server, is not looked at again and again.
        let held = store::list_leased(&self.shared.pool, self.shared.clock.now()).await?;
        read.away = held.into_iter().map(|user| (user, began)).collect();
        candidates.replace(read, began);
        announce(&self.shared.hints, &[]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: u32) -> DateTime<Utc> {
        format!("2026-11-24T10:30:{second:02}Z").parse().unwrap()
    }

    fn read(users: &[(i64, f64, f64)], read_at: DateTime<Utc>, since: &HashMap<UserId, (QueueKind, DateTime<Utc>)>) -> Lists {
        let mut picture = RangePicture::default();
        for (user, score, raw_sum) in users {
            picture.users.push(*user);
            picture.kinds.push(QueueKind::UnsignedUsers);
            picture.scores.push(*score);
            picture.raw_sums.push(*raw_sum);
            picture.available.push(read_at);
            picture.paused.push(false);
            picture.lenders.push("santander".into());
            picture.solicitors.push(String::new());
        }
        let mut lists = Lists { read_at: Some(read_at), ..Lists::default() };
        lists.add(&picture, read_at, since);
        lists
    }

    fn candidates(users: &[(i64, f64, f64)]) -> Candidates {
        let candidates = Candidates::default();
        candidates.replace(read(users, at(0), &HashMap::new()), at(0));
        candidates
    }

    /// Everybody in order, until nobody is left.
    fn all(candidates: &Candidates, tried: &[i64], now: DateTime<Utc>) -> Vec<i64> {
        std::iter::from_fn(|| candidates.next(QueueKind::UnsignedUsers, tried, now)).map(UserId::get).collect()
    }

    #[test]
    fn the_lowest_score_comes_first_then_the_raw_sum_then_who_has_waited_longest() {
        let candidates = candidates(&[(4, 10.0, 1.0), (3, 5.0, 9.0), (2, 10.0, 0.5), (1, 10.0, 1.0)]);
        let since = candidates.since();
        assert_eq!(all(&candidates, &[], at(1)), [3, 2, 1, 4]);

        candidates.replace(read(&[(4, 10.0, 1.0), (1, 10.0, 1.0)], at(5), &since), at(5));
        candidates.replace(read(&[(4, 10.0, 1.0), (1, 10.0, 1.0), (0, 10.0, 1.0)], at(9), &candidates.since()), at(9));
        assert_eq!(all(&candidates, &[], at(10)), [1, 4, 0], "whoever is new comes last");
    }

    #[test]
    fn two_requests_never_try_the_same_person_and_whoever_was_not_taken_is_next_again() {
        let candidates = candidates(&[(0, 1.0, 1.0), (1, 1.0, 1.0), (2, 1.0, 1.0)]);
        let next = |tried: &[i64]| candidates.next(QueueKind::UnsignedUsers, tried, at(1)).map(UserId::get);
        assert_eq!((next(&[]), next(&[])), (Some(0), Some(1)));
        assert_eq!(candidates.count(QueueKind::UnsignedUsers, at(1)).callable, 1);
        candidates.put_back(UserId::new(0));
        assert_eq!((next(&[0]), next(&[]), next(&[])), (Some(2), Some(0), None));
    }

    #[test]
    fn whoever_was_taken_comes_back_with_a_reading_that_began_later() {
        let candidates = candidates(&[(1, 1.0, 1.0)]);
        assert_eq!(all(&candidates, &[], at(10)), [1]);
        candidates.replace(read(&[(1, 1.0, 1.0)], at(5), &HashMap::new()), at(5));
        assert_eq!(all(&candidates, &[], at(11)), [0; 0]);
        candidates.replace(read(&[(1, 1.0, 1.0)], at(12), &HashMap::new()), at(12));
        assert_eq!(all(&candidates, &[], at(13)), [1]);
    }
}

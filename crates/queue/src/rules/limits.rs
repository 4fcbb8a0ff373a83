//! Caps on attempts and cooling-off. Both say until when they hold, never that somebody is out for good.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::{Moment, QueueKind};

use super::{Attempt, OwnFacts};
use crate::settings::Settings;

const WINDOW: TimeDelta = TimeDelta::days(7);

/// Calls of today against the limit that is the nearer: that of the queue, or that of all queues together; and that limit.
pub fn calls_today(own: &OwnFacts, settings: &Settings, queue: QueueKind, moment: Moment) -> (usize, u32) {
    let today = || own.attempts.iter().filter(|attempt| attempt.of_person && attempt.at >= moment.midnight);
    // The number's own, where others have it too, are counted by themselves.
    let on_number = own.attempts.iter().filter(|attempt| attempt.on_number && attempt.at >= moment.midnight).count();
    let of_all = (today().count().max(on_number), settings.attempts_a_day);
    let of_queue = (today().filter(|attempt| attempt.queue == Some(queue)).count(), settings.cap(queue).calls_a_day);
    let left = |(used, limit): (usize, u32)| i64::from(limit) - i64::try_from(used).unwrap_or(i64::MAX);
    if left(of_queue) < left(of_all) { of_queue } else { of_all }
}

/// When caps, cooling-off and delay all allow a call from `queue` again; none when they do now. For when nothing else is known.
pub fn attempt_limits(own: &OwnFacts, settings: &Settings, queue: QueueKind, moment: Moment) -> Option<DateTime<Utc>> {
    attempt_cap(own, settings, Some(queue), moment).max(cooling_off(own, settings, Some(queue), moment.at))
}

/// When the last of the caps that are reached lets go. Attempts count whether answered or not. Without a need there
/// is no queue whose own cap could hold; those across queues do.
pub(super) fn attempt_cap(own: &OwnFacts, settings: &Settings, need: Option<QueueKind>, moment: Moment) -> Option<DateTime<Utc>> {
    let is_today = |attempt: &&Attempt| attempt.at >= moment.midnight && attempt.at < moment.next_midnight;
    let today = |counts: &dyn Fn(&Attempt) -> bool, cap: u32| {
        let made = own.attempts.iter().filter(is_today).filter(|attempt| counts(attempt)).count();
        (made >= as_count(cap)).then_some(moment.next_midnight)
    };
    let in_window = |counts: fn(&Attempt) -> bool| {
        let attempts = own.attempts.iter().filter(|attempt| counts(attempt)).map(|attempt| attempt.at);
        window_cap(attempts.collect(), settings.attempts_in_7_days, moment.at)
    };
    let of_queue =
        need.and_then(|queue| today(&|attempt| attempt.of_person && attempt.queue == Some(queue), settings.cap(queue).calls_a_day));
    [
        of_queue,
        today(&|attempt| attempt.of_person, settings.attempts_a_day),
        today(&|attempt| attempt.on_number, settings.attempts_a_day),
        in_window(|attempt| attempt.of_person),
        in_window(|attempt| attempt.on_number),
    ]
    .into_iter()
    .flatten()
    .max()
}

/// When so many of the attempts have left the 7 days that one more may be made.
fn window_cap(mut attempts: Vec<DateTime<Utc>>, cap: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    attempts.retain(|at| later(*at, WINDOW) > now);
    let surplus = attempts.len().checked_sub(as_count(cap))?;
    attempts.sort_unstable();
    // With a cap of 0 there is no attempt to wait for; it is looked at again when a window has passed.
    Some(later(attempts.get(surplus).copied().unwrap_or(now), WINDOW))
}

/// When cooling-off and the disposition's delay are over, if they are not yet: the longer of the two, or the delay
/// alone after an outcome that replaces cooling-off.
pub(super) fn cooling_off(own: &OwnFacts, settings: &Settings, need: Option<QueueKind>, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let delay = own.last_outcome.and_then(|outcome| outcome.delay_until);
    let until = if own.last_outcome.is_some_and(|outcome| outcome.replaces_cooling_off) {
        delay
    } else {
        let last = own.attempts.iter().filter(|attempt| attempt.of_person).map(|attempt| attempt.at).max();
        let hours = need.and_then(|queue| settings.cap(queue).hours_between);
        let cooled = last.zip(hours).map(|(last, hours)| later(last, TimeDelta::hours(hours.into())));
        cooled.max(delay)
    };
    until.filter(|until| *until > now)
}

fn later(at: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    at.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn as_count(cap: u32) -> usize {
    usize::try_from(cap).unwrap_or(usize::MAX)
}

//! What an agent is, derived from what they want to be and from when they were last heard.

use chrono::{DateTime, TimeDelta, Utc};

use crate::types::{Engagement, Intention, Presence};

/// Nothing heard for so long: unreachable (rules, Presence).
pub(crate) const UNREACHABLE_AFTER: TimeDelta = TimeDelta::seconds(30);

/// The presence at `now` and the instant since which it holds. `state_since` is when they began to be what they want or do, or when they were
/// heard again after a silence. All times are the machine's.
pub(crate) fn derive(
    intention: Intention,
    engagement: Option<Engagement>,
    state_since: DateTime<Utc>,
    seen_at: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> (Presence, DateTime<Utc>) {
    // Whoever was silent through a whole call is unreachable since its end: until then they were on a call.
    let lost_at = (seen_at.unwrap_or(state_since) + UNREACHABLE_AFTER).max(state_since);
    match (intention, engagement) {
        // A call goes on when the page is gone, and whatever was wanted meanwhile.
        (_, Some(Engagement::OnCall)) => (Presence::OnCall, state_since),
        (_, Some(Engagement::WrapUp)) => (Presence::WrapUp, state_since),
        (Intention::Offline, None) => (Presence::Offline, state_since),
        _ if lost_at <= now => (Presence::Unreachable, lost_at),
        (Intention::Available, None) => (Presence::Available, state_since),
        (Intention::Break, None) => (Presence::Break, state_since),
    }
}

/// Whole seconds from `then` to `now`, never negative.
pub(crate) fn seconds_since(then: DateTime<Utc>, now: DateTime<Utc>) -> i64 {
    (now - then).num_seconds().max(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_who_is_not_heard_for_30_seconds_is_unreachable_but_keeps_the_intention() {
        let start: DateTime<Utc> = "2026-11-24T10:30:00Z".parse().unwrap();
        let after = |seconds| start + TimeDelta::seconds(seconds);

        for (intention, seen, now, expected) in [
            (Intention::Available, Some(after(0)), after(29), (Presence::Available, start)),
            (Intention::Available, Some(after(0)), after(30), (Presence::Unreachable, after(30))),
            (Intention::Break, Some(after(100)), after(120), (Presence::Break, start)),
            (Intention::Break, Some(after(0)), after(120), (Presence::Unreachable, after(30))),
            (Intention::Offline, Some(after(0)), after(120), (Presence::Offline, start)),
            (Intention::Available, None, after(31), (Presence::Unreachable, after(30))),
        ] {
            assert_eq!(derive(intention, None, start, seen, now), expected, "{intention:?} {seen:?} {now}");
        }
    }

    /// lessons, line 25: a failed dial turned break into available.
    #[test]
    fn a_call_shows_over_any_intention_and_leaves_it_alone() {
        let start: DateTime<Utc> = "2026-11-24T10:30:00Z".parse().unwrap();
        let (later, now) = (start + TimeDelta::seconds(60), start + TimeDelta::seconds(400));
        for intention in [Intention::Available, Intention::Break, Intention::Offline] {
            let with = |engagement| derive(intention, Some(engagement), later, Some(start), now);
            assert_eq!(with(Engagement::OnCall), (Presence::OnCall, later));
            assert_eq!(with(Engagement::WrapUp), (Presence::WrapUp, later));
        }
        assert_eq!(derive(Intention::Break, None, start, Some(now), now), (Presence::Break, start));
        assert_eq!(
            derive(Intention::Break, None, later, Some(start), now),
            (Presence::Unreachable, later),
            "silent since before the call ended"
        );
    }
}

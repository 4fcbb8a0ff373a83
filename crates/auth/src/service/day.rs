//! What an agent was on a day.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use kernel::{AgentId, Moment, from_london, london, machine_now};

use super::{Auth, AuthFailure};
use crate::error::AuthError;
use crate::presence;
use crate::session::CurrentAgent;
use crate::store::day::{self as store, Whose, Written};
use crate::types::{AgentDay, Presence, Role, StateTime, Stretch};

impl Auth {
    /// A day in London of an agent; none: today. Others' are for supervisors.
    pub(crate) async fn day(&self, me: &CurrentAgent, agent: AgentId, day: Option<NaiveDate>) -> Result<AgentDay, AuthFailure> {
        if agent != me.id && me.role < Role::Supervisor {
            return Err(AuthError::NotAllowed.into());
        }
        let today = london(machine_now()).date();
        let day = day.unwrap_or(today);
        let bounds = begin_of(day).zip(day.checked_add_days(Days::new(1)).and_then(begin_of));
        let (begins_at, ends_at) = bounds.ok_or(AuthError::UnknownDay)?;
        let whose = store::find_agent(&self.pool, agent).await?.ok_or(AuthError::UnknownAgent)?;
        // Not before the agent was read: what they are is shown until then.
        let now = machine_now();
        let until = ends_at.min(now).max(begins_at);
        let written = store::list_stretches(&self.pool, agent, begins_at, until).await?;
        let sessions = store::list_sessions(&self.pool, agent, (begins_at, until), now).await?;
        let stretches = clip(shown(&whose, written, now), begins_at, until);
        let sums = sums(&stretches);
        Ok(AgentDay { agent_id: whose.id, name: whose.name, role: whose.role, day, today, begins_at, until, stretches, sums, sessions })
    }
}

/// The midnight in London with which a day of these centuries begins.
fn begin_of(day: NaiveDate) -> Option<DateTime<Utc>> {
    from_london(day.and_time(NaiveTime::MIN))
        .filter(|at| (1900..2200).contains(&chrono::Datelike::year(at)))
        .map(|at| Moment::new(at).midnight)
}

/// What was written down, with what follows for the one that goes on: whoever was not heard since is unreachable.
fn shown(whose: &Whose, written: Vec<Written>, now: DateTime<Utc>) -> Vec<Stretch> {
    let mut stretches = Vec::new();
    for Written { presence, since, until } in written {
        let (is_now, begun) = presence::derive(whose.intention, whose.engagement, whose.state_since, whose.seen_at, now);
        match until {
            Some(until) => stretches.push(Stretch { presence, since, until }),
            None if is_now == Presence::Unreachable && since == whose.state_since => {
                stretches.push(Stretch { presence, since, until: begun });
                stretches.push(Stretch { presence: is_now, since: begun, until: now });
            }
            // Also one that has begun since the agent was read.
            None => stretches.push(Stretch { presence, since, until: now }),
        }
    }
    stretches
}

/// What of them lies between `from` and `until`.
fn clip(stretches: Vec<Stretch>, from: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Stretch> {
    stretches
        .into_iter()
        .map(|stretch| Stretch { since: stretch.since.max(from), until: stretch.until.min(until), ..stretch })
        .filter(|stretch| stretch.since < stretch.until)
        .collect()
}

fn sums(stretches: &[Stretch]) -> Vec<StateTime> {
    let mut by_state: BTreeMap<Presence, TimeDelta> = BTreeMap::new();
    for stretch in stretches {
        *by_state.entry(stretch.presence).or_default() += stretch.until - stretch.since;
    }
    let mut sums: Vec<_> = by_state.into_iter().map(|(presence, time)| StateTime { presence, seconds: time.num_seconds() }).collect();
    sums.sort_by_key(|sum| std::cmp::Reverse(sum.seconds));
    sums
}

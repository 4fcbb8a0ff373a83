//! One person, looked for by name: why they may or may not be rung, and taking them without waiting for their turn.

use std::collections::HashMap;

use auth::CurrentAgent;
use chrono::TimeDelta;
use kernel::{PhoneNumber, QueueKind, ReadNumber, UserId, display_time};
use users::Search;

use super::{Queue, QueueFailure, parse_number};
use crate::error::QueueError;
use crate::rules::{Effect, NumberFact};
use crate::store::{self, OwnRow};
use crate::types::{AgainstCall, Explanation, FoundPeople, FoundPerson};

/// People shown for one search.
const FOUND: usize = 20;

/// Whoever goes on looking at a person is noted again after so long.
const NOTED_AGAIN: TimeDelta = TimeDelta::minutes(5);

impl Queue {
    /// Users by id, name or number, as it is typed; the newest first.
    pub async fn search(&self, text: &str) -> Result<FoundPeople, QueueFailure> {
        let search = Search::parse(text).ok_or(QueueError::SearchTooShort)?;
        let mut found = self.shared.replica.search(&search).await?;
        let has_more = found.len() > FOUND;
        found.truncate(FOUND);
        let waiting: Vec<(UserId, QueueKind)> = if let Some(candidates) = &self.shared.direct {
            let now = self.shared.clock.now();
            found.iter().filter_map(|user| Some((user.id, candidates.place_of(user.id, now)?.0))).collect()
        } else {
            let ids: Vec<i64> = found.iter().map(|user| user.id.get()).collect();
            store::list_waiting(&self.shared.pool, &ids).await?
        };
        let people = found
            .into_iter()
            .map(|user| {
                let number = user.raw_number.as_deref().and_then(|raw| ReadNumber::parse(raw, &self.shared.numbers).ok());
                FoundPerson {
                    user_id: user.id,
                    name: if user.name.is_empty() { format!("User {}", user.id) } else { user.name },
                    number: number.map(|number| number.national()),
                    queue: waiting.iter().find(|(waits, _)| *waits == user.id).map(|(_, queue)| *queue),
                }
            })
            .collect();
        Ok(FoundPeople { people, has_more })
    }

    /// Why a person may or may not be rung now; nothing is taken and nothing is decided. Who looked is noted.
    pub async fn explain(&self, agent: &CurrentAgent, user: UserId) -> Result<Explanation, QueueFailure> {
        let moment = self.moment();
        let now = moment.at;
        let settings = self.learn_now().await?;
        let facts = &self.shared.replica.facts(user, settings.extras(), now).await?.ok_or(QueueError::NoSuchUser)?;
        self.note_viewing(agent, user).await?;
        let number = parse_number(Some(facts), &self.shared.numbers);
        let own = self.own_facts_of(user, &number).await?;
        let assessment = self.assess(&settings, Some(facts), &number, &own);
        let place = store::find_place_of(&self.shared.pool, user, now).await?;
        let (waits_in, before) = match &self.shared.direct {
            Some(candidates) => candidates.place_of(user, now).unzip(),
            None => (place.as_ref().and_then(|place| place.queue), place.as_ref().and_then(|place| place.before)),
        };
        let names = self.shared.auth.names().await?;
        let against = assessment
            .judgement
            .reasons
            .iter()
            .map(|reason| AgainstCall {
                words: reason.words(),
                until: match reason.effect() {
                    Effect::Wait(until) => Some(display_time(until, now)),
                    Effect::Remove | Effect::Keep => None,
                },
            })
            .collect();
        Ok(Explanation {
            need: assessment.judgement.need,
            against,
            score: assessment.score.map(scoring::Score::without_values),
            waits_in,
            before,
            held_by: place
                .as_ref()
                .and_then(|place| place.held_by)
                .map(|by| names.get(&by).cloned().unwrap_or_else(|| "somebody".to_owned())),
            is_held_by_me: place.as_ref().and_then(|place| place.held_by) == Some(agent.id),
            promise: place.as_ref().and_then(|place| place.promised_at).map(|at| display_time(at, now)),
            read_age_millis: (self.shared.clock.now() - facts.read_at).num_milliseconds().max(0),
        })
    }

    /// The names of those who have one; a list of people is there without names, too.
    pub async fn names_of(&self, users: &[UserId]) -> HashMap<UserId, String> {
        if users.is_empty() {
            return HashMap::new();
        }
        self.shared.replica.names(users).await.unwrap_or_else(|error| {
            tracing::warn!(replica.problem = %error, "the names of a list of people could not be read");
            HashMap::new()
        })
    }

    /// Notes that this agent looks at a person outside Call next.
    pub async fn note_viewing(&self, agent: &CurrentAgent, user: UserId) -> Result<(), QueueFailure> {
        Ok(store::note_viewing(&self.shared.pool, agent.id, user, self.shared.clock.now()).await?)
    }

    /// Notes that this agent follows a person on a screen that looks again at each change; once in a while, and not of whom they hold.
    pub async fn note_following(&self, agent: &CurrentAgent, users: &[UserId]) -> Result<(), QueueFailure> {
        let now = self.shared.clock.now();
        let users: Vec<i64> = users.iter().map(|user| user.get()).collect();
        Ok(store::note_following(&self.shared.pool, agent.id, &users, now, now - NOTED_AGAIN).await?)
    }

    /// What the dialler knows of a person, with a promise that is due.
    pub(super) async fn own_facts_of(&self, user: UserId, number: &NumberFact) -> Result<OwnRow, QueueFailure> {
        let now = self.shared.clock.now();
        let known = number.usable().map_or("", PhoneNumber::as_e164);
        let mut own = store::find_own_facts(&self.shared.pool, user, known, now).await?;
        own.facts.due_callback = store::find_due_callback(&self.shared.pool, user, now, self.moment().midnight).await?;
        Ok(own)
    }
}

//! The life of promises, whatever happens in whatever order (lessons, line 31): random sequences of what people, agents and time can do, each
//! step followed by a look at what was stored. A sequence that goes wrong is cut down to the shortest that still does, and printed.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{Debug, Write as _};
use std::time::{Duration, Instant};

use auth::{CurrentAgent, Intention, Role};
use chrono::{DateTime, TimeDelta, Timelike as _, Utc};
use kernel::{AgentId, CallId, LeaseId, Moment, QueueKind, UserId, london};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use queue::{Authorisation, Closing, HandOut, Promise, QueueError, QueueFailure, ReleaseReason, Suppress};
use rand::Rng as _;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::{seeded, times};
use tokio::runtime::Handle;

use crate::support::{Client, OPEN, TestApp};

/// Three have not signed, the last one has something to send.
const PEOPLE: usize = 4;
/// The last one works only what is outstanding.
const AGENTS: usize = 3;
/// A promise that prefers an agent passes to anyone after so long.
const HAND_OVER: TimeDelta = TimeDelta::minutes(5);
/// One that nobody answered is tried once more after so long.
const RETRY: TimeDelta = TimeDelta::minutes(15);

/// What can happen. People and agents by their places in the world.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Somebody was promised a call, by this agent or by nobody in particular, in so many minutes.
    Promise {
        person: usize,
        by: Option<usize>,
        minutes: i64,
        reason: &'static str,
    },
    CallNext {
        agent: usize,
    },
    TakeByName {
        agent: usize,
        person: usize,
    },
    PutBack {
        agent: usize,
    },
    /// The person whom the agent holds, or is given now, is checked and rung.
    Ring {
        agent: usize,
    },
    /// The carrier never made the call.
    CarrierRefuses {
        agent: usize,
    },
    /// The agent says what came of the call.
    Say {
        agent: usize,
        what: What,
    },
    /// Nobody says it in time.
    SayNothing {
        agent: usize,
        was_answered: bool,
    },
    /// The agent says it after all, of the last call of which nobody had.
    SayLate {
        what: What,
    },
    Withdraw {
        person: usize,
    },
    GiveTo {
        person: usize,
        agent: Option<usize>,
    },
    /// The agent goes offline, and comes back.
    Leave {
        agent: usize,
    },
    /// On the claims platform.
    Change {
        person: usize,
        to: Standing,
    },
    Discover,
    /// What servers do every second.
    Jobs,
    /// Time moves on.
    Wait {
        minutes: i64,
    },
    WaitForOpening,
}

#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Contacted,
    NoAnswer,
    Busy,
    Voicemail,
    WrongNumber,
    DoNotContact,
    CallBack { minutes: i64, regardless: bool },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// There is something to call about.
    Needed,
    /// Nothing is pending any more.
    Done,
    Disabled,
    WithoutNumber,
}

fn any_what() -> impl Strategy<Value = What> {
    prop_oneof![
        3 => Just(What::NoAnswer),
        1 => Just(What::Contacted),
        1 => Just(What::Busy),
        1 => Just(What::Voicemail),
        1 => Just(What::WrongNumber),
        1 => Just(What::DoNotContact),
        3 => (select(vec![6, 20, 45, 120]), any::<bool>()).prop_map(|(minutes, regardless)| What::CallBack { minutes, regardless }),
    ]
}

pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    let person = || 0..PEOPLE;
    let agent = || 0..AGENTS;
    let by = || prop::option::weighted(0.8, 0..AGENTS);
    let minutes = select(vec![-40, -6, -1, 0, 2, 8, 14, 60]);
    let reason = select(vec!["signature", "requirements", "user_asked"]);
    let standing = select(vec![Standing::Needed, Standing::Needed, Standing::Done, Standing::Disabled, Standing::WithoutNumber]);
    prop_oneof![
        12 => (person(), by(), minutes, reason).prop_map(|(person, by, minutes, reason)| Step::Promise { person, by, minutes, reason }),
        8 => agent().prop_map(|agent| Step::CallNext { agent }),
        4 => (agent(), person()).prop_map(|(agent, person)| Step::TakeByName { agent, person }),
        3 => agent().prop_map(|agent| Step::PutBack { agent }),
        14 => agent().prop_map(|agent| Step::Ring { agent }),
        4 => agent().prop_map(|agent| Step::CarrierRefuses { agent }),
        10 => (agent(), any_what()).prop_map(|(agent, what)| Step::Say { agent, what }),
        9 => (agent(), any::<bool>()).prop_map(|(agent, was_answered)| Step::SayNothing { agent, was_answered }),
        8 => any_what().prop_map(|what| Step::SayLate { what }),
        2 => person().prop_map(|person| Step::Withdraw { person }),
        2 => (person(), by()).prop_map(|(person, agent)| Step::GiveTo { person, agent }),
        2 => agent().prop_map(|agent| Step::Leave { agent }),
        4 => (person(), standing).prop_map(|(person, to)| Step::Change { person, to }),
        2 => Just(Step::Discover),
        2 => Just(Step::Jobs),
        12 => select(vec![1, 4, 6, 11, 16, 31, 65, 250]).prop_map(|minutes| Step::Wait { minutes }),
        2 => Just(Step::WaitForOpening),
    ]
}

/// Triggers that write down each change of a promise: what is there at the end tells nothing of the way.
const JOURNAL: [&str; 4] = [
    "create schema journal",
    "create table journal.step (
        id bigint generated always as identity, callback_id bigint not null, user_id bigint not null, reason text not null, retry_of bigint,
        was text, is_now text, was_promised_at timestamptz, promised_at timestamptz, was_attempted_at timestamptz,
        was_available_at timestamptz, available_at timestamptz
    )",
    "create function journal.note() returns trigger language plpgsql as $$
    begin
        if tg_op = 'DELETE' then
            insert into journal.step (callback_id, user_id, reason, was) values (old.id, old.user_id, old.reason, old.state);
        elsif tg_op = 'INSERT' then
            insert into journal.step (callback_id, user_id, reason, retry_of, is_now, promised_at, available_at)
            values (new.id, new.user_id, new.reason, new.retry_of, new.state, new.promised_at, new.available_at);
        else
            insert into journal.step (
                callback_id, user_id, reason, retry_of, was, is_now, was_promised_at, promised_at, was_attempted_at, was_available_at, available_at
            )
            values (
                new.id, new.user_id, new.reason, new.retry_of, old.state, new.state, old.promised_at, new.promised_at, old.attempted_at,
                old.available_at, new.available_at
            );
        end if;
        return null;
    end $$",
    "create trigger journal after insert or update or delete on queue.callback for each row execute function journal.note()",
];

/// What must never be found after a step, each with a statement that says where it is so. `$1`: the last line of the journal that was looked at
/// before; `$2`: who has something to be called about, is enabled and has not objected; `$3`: whoever is enabled and has not objected.
const NEVER: [(&str, &str); 10] = [
    (
        "one person has two promises to be kept",
        "select format('user %s', user_id) from queue.callback where state = 'scheduled' group by user_id having count(*) > 1",
    ),
    (
        "a promise took a step that there is none of",
        "select format('callback %s: %s to %s', callback_id, was, is_now)
         from journal.step
         where id > $1
            and not coalesce(
                was is null and is_now = 'scheduled'
                    or was = 'scheduled'
                    -- A call that the carrier never made is taken back; by then another promise may stand.
                    or was in ('kept', 'missed') and is_now in ('scheduled', 'rescheduled'),
                false
            )",
    ),
    (
        "a promise was moved to another time, or became available sooner",
        "select format('callback %s', callback_id)
         from journal.step
         where id > $1 and (was_promised_at <> promised_at or available_at < was_available_at or available_at < promised_at)",
    ),
    (
        "a call was taken back from a promise, and is still counted",
        "select format('callback %s', s.callback_id)
         from journal.step s
         join queue.attempt a on a.user_id = s.user_id and a.attempted_at = s.was_attempted_at
         where s.id > $1 and s.was in ('kept', 'missed')",
    ),
    (
        "a promise is said to be kept or missed without its call, or wrongly",
        "select format('callback %s: %s', c.id, c.state)
         from queue.callback c
         left join queue.attempt a on a.user_id = c.user_id and a.attempted_at = c.attempted_at
         where c.state in ('kept', 'missed')
            and (
                a.call_id is null
                -- A call keeps a promise from a quarter of an hour before it, from whatever queue; from its time on only as the promise.
                or c.attempted_at < c.promised_at - interval '15 minutes'
                or (c.attempted_at >= c.promised_at and a.queue <> 'callbacks')
                or (c.state = 'kept') is distinct from (c.attempted_at <= c.promised_at + interval '15 minutes')
            )",
    ),
    (
        "a call for a promise belongs to none",
        "select format('attempt %s of user %s', a.id, a.user_id)
         from queue.attempt a
         where a.queue = 'callbacks' and (
            select count(*) from queue.callback c where c.user_id = a.user_id and c.attempted_at = a.attempted_at
         ) <> 1",
    ),
    (
        "somebody was rung within the quarter of an hour before a promise, and the promise still stands",
        "select format('callback %s, attempt %s', c.id, a.id)
         from queue.callback c
         join queue.attempt a on a.user_id = c.user_id and a.attempted_at > c.created_at
         where c.state = 'scheduled' and a.attempted_at >= c.promised_at - interval '15 minutes'",
    ),
    (
        "somebody is to be tried once more who was reached, who is another, or a second time",
        "select format('callback %s, after %s', c.id, b.id)
         from queue.callback c
         left join queue.callback b on b.id = c.retry_of
         left join queue.attempt a on a.user_id = b.user_id and a.attempted_at = b.attempted_at
         where c.retry_of is not null
            and (
                b.user_id <> c.user_id
                or b.retry_of is not null
                or b.state not in ('kept', 'missed')
                or (c.state = 'scheduled' and a.is_reached)
            )",
    ),
    (
        "a promise that stood was closed as no longer needed",
        "select format('callback %s: %s', s.callback_id, s.reason)
         from journal.step s
         where s.id > $1
            and s.is_now = 'no_longer_needed'
            and s.was = 'scheduled'
            and (s.user_id = any($2) or (s.reason = 'user_asked' and s.user_id = any($3)))
            -- One more try is not needed any more when it turns out that somebody was reached.
            and not exists (
                select
                from queue.callback b
                join queue.attempt a on a.user_id = b.user_id and a.attempted_at = b.attempted_at
                where b.id = s.retry_of and a.is_reached
            )",
    ),
    (
        "a promise was put off, and nobody did so nor stood anything against it",
        "select format('callback %s, until %s', s.callback_id, s.available_at)
         from journal.step s
         left join lateral (
            select d.outcome, convert_from(d.record, 'UTF8')::jsonb as r
            from queue.decision d
            where d.user_id = s.user_id
            -- In the order in which they were made: the clock is set back between sequences.
            order by d.id desc
            limit 1
         ) said on true
         where s.id > $1
            and s.available_at > s.was_available_at
            and not exists (select from queue.release r where r.user_id = s.user_id and r.available_at = s.available_at)
            and not coalesce(said.outcome = 'unknown' or (said.outcome = 'refused' and jsonb_array_length(said.r->'reasons') > 0), false)",
    ),
];

/// Promises that this agent may be offered now, in order; whether a lease that has run out is still in the way.
const OFFERABLE: &str = "
    select c.user_id, exists (select from queue.lease l where l.user_id = c.user_id)
    from queue.callback c
    where c.state = 'scheduled'
        and c.promised_at <= $2
        and c.available_at <= $2
        and not exists (select from queue.lease l where l.user_id = c.user_id and l.expires_at > $2)
        and (
            c.preferred_agent_id = $1
            or (c.preferred_agent_id is null or c.promised_at <= $3) and ($4 or c.reason = 'requirements')
        )
    order by (c.preferred_agent_id is not distinct from $1) desc, c.promised_at, c.id";

/// Whom an agent holds, as the agent was told.
#[derive(Clone, Debug)]
pub(crate) struct Hold {
    pub(crate) user: UserId,
    lease: LeaseId,
    pub(crate) until: DateTime<Utc>,
    pub(crate) call: Option<Call>,
}

#[derive(Clone, Debug)]
pub(crate) struct Call {
    id: CallId,
    agent: usize,
    user: UserId,
    queue: QueueKind,
    number: String,
}

pub(crate) struct World {
    pub(crate) app: TestApp,
    /// All of [`NEVER`] in one statement.
    never: &'static str,
    pub(crate) agents: Vec<(CurrentAgent, Client)>,
    supervisor: CurrentAgent,
    standing: [Standing; PEOPLE],
    has_objected: [bool; PEOPLE],
    pub(crate) holds: BTreeMap<usize, Hold>,
    /// Calls of which nobody has said what came.
    unrecorded: Vec<Call>,
    /// The last line of the journal that was looked at.
    looked_at: i64,
    /// What happened so far.
    story: String,
}

fn wrong(error: impl Debug) -> String {
    format!("{error:?}")
}

fn person_of(user: UserId) -> usize {
    usize::try_from(user.get() - 1).unwrap()
}

fn user_of(person: usize) -> UserId {
    UserId::new(i64::try_from(person + 1).unwrap())
}

impl World {
    pub(crate) async fn new(connect: PgConnectOptions) -> Self {
        let app = TestApp::start(connect).await;
        for person in 0..PEOPLE {
            let user = app.platform.user(user_of(person).get()).claim("santander");
            if person + 1 == PEOPLE { user.requirement("proof_of_address") } else { user.unsigned() }.insert().await.unwrap();
        }
        for statement in JOURNAL {
            sqlx::query(statement).execute(&app.pool).await.unwrap();
        }
        let current = |client: &Client, role, queues| CurrentAgent {
            id: AgentId::new(client.agent),
            name: "Robin Tester".to_owned(),
            email: "robin@example.co.uk".to_owned(),
            role,
            intention: Intention::Available,
            intention_since: app.now(),
            engagement: None,
            engaged_since: None,
            state_since: app.now(),
            queues,
        };
        let mut agents = Vec::new();
        for agent in 0..AGENTS {
            let client = app.signed_in(Role::Agent).await;
            let queues = (agent + 1 == AGENTS).then(|| vec![QueueKind::OutstandingRequests]);
            agents.push((current(&client, Role::Agent, queues), client));
        }
        let supervisor = current(&app.signed_in(Role::Supervisor).await, Role::Supervisor, None);
        let each = NEVER.map(|(what, where_so)| format!("select '{what}', found.place from ({where_so}) found (place)"));
        // The last line of the journal comes with it. All three parameters are in it, whatever each of them uses.
        let never = format!(
            "select '', coalesce(max(id), 0)::text from journal.step where ($1::bigint, $2::bigint[], $3::bigint[]) is not null
             union all {}",
            each.join(" union all ")
        );
        Self {
            app,
            never: Box::leak(never.into_boxed_str()),
            agents,
            supervisor,
            standing: [Standing::Needed; PEOPLE],
            has_objected: [false; PEOPLE],
            holds: BTreeMap::new(),
            unrecorded: Vec::new(),
            looked_at: 0,
            story: String::new(),
        }
    }

    /// Goes through it from a new beginning, so many days after the first: nobody was promised anything, and everybody may be rung.
    async fn play(&mut self, day: i64, steps: &[Step]) -> Result<(), String> {
        let forget =
            "delete from queue.lease; delete from queue.entry; update queue.callback set retry_of = null; delete from queue.callback;
            delete from queue.attempt; delete from queue.release; delete from queue.suppression; truncate journal.step";
        sqlx::raw_sql(forget).execute(&self.app.pool).await.map_err(wrong)?;
        self.holds.clear();
        self.unrecorded.clear();
        self.story.clear();
        self.looked_at = 0;
        self.everybody_may_be_rung().await?;
        let eve = OPEN.parse::<DateTime<Utc>>().map_err(wrong)? + TimeDelta::days(day);
        self.app.clock.advance(eve - self.app.now());
        self.wait_for_another_day();
        self.app.app.queue.discover(queue::Order::default()).await.map_err(wrong)?;

        for (number, step) in steps.iter().enumerate() {
            let now = london(self.app.now());
            writeln!(self.story, "{number}. {now}: {step:?}").map_err(wrong)?;
            self.take_step(step).await?;
            self.look().await?;
        }
        self.keep_what_is_left().await
    }

    pub(crate) async fn take_step(&mut self, step: &Step) -> Result<(), String> {
        let now = self.app.now();
        self.holds.retain(|_, hold| hold.call.is_some() || hold.until > now);
        match *step {
            Step::Promise { person, by, minutes, reason } if !self.is_on_a_call(user_of(person)) => {
                sqlx::query(
                    "insert into queue.callback
                        (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, created_at, created_by)
                     values ($1, $2, $3, $3 at time zone 'Europe/London', $4, $3, $5, $6)
                     on conflict (user_id) where state = 'scheduled' do nothing",
                )
                .bind(user_of(person).get())
                .bind(reason)
                .bind(now + TimeDelta::minutes(minutes))
                .bind(by.map(|by| self.agents[by].0.id.get()))
                .bind(now)
                .bind(self.agents[0].0.id.get())
                .execute(&self.app.pool)
                .await
                .map_err(wrong)?;
            }
            Step::CallNext { agent } if self.is_free_to_ask(agent) => self.call_next(agent).await?,
            Step::TakeByName { agent, person } if self.is_free_to_ask(agent) => {
                match self.app.app.queue.take(&self.agents[agent].0, user_of(person)).await {
                    Ok(answer) => self.note(agent, &answer, now).await?,
                    Err(QueueFailure::Refused(why)) => writeln!(self.story, "    refused: {why}").map_err(wrong)?,
                    Err(failure) => return Err(wrong(failure)),
                }
            }
            Step::PutBack { agent } => {
                if let Some(hold) = self.holds.get(&agent).filter(|hold| hold.call.is_none()).cloned() {
                    let by = &self.agents[agent].0;
                    match self.app.app.queue.release(by, hold.lease, ReleaseReason::Language, None).await {
                        Ok(_) | Err(QueueFailure::Refused(QueueError::NoSuchLease)) => self.holds.remove(&agent),
                        Err(failure) => return Err(wrong(failure)),
                    };
                }
            }
            Step::Ring { agent } => self.ring(agent).await?,
            Step::CarrierRefuses { agent } => {
                if let Some(hold) = self.holds.get_mut(&agent)
                    && let Some(call) = hold.call.take()
                {
                    hold.until = now + TimeDelta::minutes(10);
                    self.give_back(call.id).await?;
                }
            }
            Step::Say { agent, what } => {
                if let Some(call) = self.hang_up(agent) {
                    self.close(&call, what).await?;
                    self.follows_from(&call, what).await?;
                }
            }
            Step::SayNothing { agent, was_answered } => {
                if let Some(call) = self.hang_up(agent) {
                    let closing =
                        Closing { is_reached: was_answered, delay_until: Some(now + TimeDelta::hours(4)), ..closing("not_recorded") };
                    self.store(&call, &closing).await?;
                    self.unrecorded.push(call);
                }
            }
            Step::SayLate { what } => {
                if let Some(call) = self.unrecorded.pop() {
                    self.close(&call, what).await?;
                }
            }
            Step::Withdraw { person } => {
                if let Some(id) = self.promise_to(user_of(person)).await? {
                    self.app.app.queue.cancel_callback(&self.supervisor, id, "They rang us").await.map_err(wrong)?;
                }
            }
            Step::GiveTo { person, agent } => {
                if let Some(id) = self.promise_to(user_of(person)).await? {
                    let to = agent.map(|agent| self.agents[agent].0.id);
                    self.app.app.queue.reassign_callback(&self.supervisor, id, to).await.map_err(wrong)?;
                }
            }
            Step::Leave { agent } => {
                for intention in ["offline", "available"] {
                    self.agents[agent].1.ask("/api/auth/set_presence", serde_json::json!({"intention": intention})).await;
                }
                // Whoever is on a call stays on it.
                self.holds.retain(|of, hold| *of != agent || hold.call.is_some());
            }
            Step::Change { person, to } => self.change(&[person], to).await?,
            Step::Discover => {
                self.app.discover().await;
            }
            Step::Jobs => {
                self.app.app.queue.return_expired().await.map_err(wrong)?;
                self.app.app.queue.rescue_orphans().await.map_err(wrong)?;
            }
            Step::Wait { minutes } => self.app.clock.advance(TimeDelta::minutes(minutes)),
            Step::WaitForOpening => self.wait_for_opening(),
            // They are on a call.
            Step::Promise { .. } | Step::CallNext { .. } | Step::TakeByName { .. } => {}
        }
        Ok(())
    }

    fn is_free_to_ask(&self, agent: usize) -> bool {
        self.holds.get(&agent).is_none_or(|hold| hold.call.is_none())
    }

    fn is_on_a_call(&self, user: UserId) -> bool {
        self.holds.values().any(|hold| hold.user == user && hold.call.is_some())
    }

    async fn call_next(&mut self, agent: usize) -> Result<(), String> {
        let (now, begun) = (self.app.now(), Instant::now());
        let is_limited = self.agents[agent].0.queues.is_some();
        let offerable: Vec<(i64, bool)> = sqlx::query_as(OFFERABLE)
            .bind(self.agents[agent].0.id.get())
            .bind(now)
            .bind(now - HAND_OVER)
            .bind(!is_limited)
            .fetch_all(&self.app.pool)
            .await
            .map_err(wrong)?;
        let queue = if is_limited { QueueKind::OutstandingRequests } else { QueueKind::UnsignedUsers };
        let answer = self.app.app.queue.call_next(&self.agents[agent].0, queue).await.map_err(wrong)?;
        let held = self.holds.get(&agent).map(|hold| hold.user);
        self.note(agent, &answer, now).await?;
        // A machine that is too slow for a request ends it early; and nobody is offered outside calling hours.
        if begun.elapsed() > Duration::from_secs(1) || self.app.app.queue.next_opening().is_some() {
            return Ok(());
        }
        let given = answer.user.as_ref().map(|user| user.id);
        if given.is_some() && given == held {
            return Ok(());
        }
        let promised = given.filter(|_| answer.queue == Some(QueueKind::Callbacks)).map(UserId::get);
        for (user, is_in_the_way) in &offerable {
            if promised == Some(*user) {
                return Ok(());
            }
            if !is_in_the_way && !answer.passed_over.iter().any(|passed| passed.user_id.get() == *user) {
                return Err(format!("user {user} was to be offered first, of {offerable:?}"));
            }
        }
        if promised.is_some() { Err(format!("only these were to be offered: {offerable:?}")) } else { Ok(()) }
    }

    /// What the agent is told: nobody holds two people or shares one, and whoever was promised a call by now is offered as that alone.
    async fn note(&mut self, agent: usize, answer: &HandOut, asked_at: DateTime<Utc>) -> Result<(), String> {
        self.holds.remove(&agent);
        let passed: Vec<_> = answer.passed_over.iter().map(|passed| (passed.user_id, &*passed.words)).collect();
        writeln!(self.story, "    {:?} from {:?}, passed over {passed:?}", answer.user.as_ref().map(|user| user.id), answer.queue)
            .map_err(wrong)?;
        let (Some(user), Some(lease), Some(queue)) = (answer.user.as_ref().map(|user| user.id), answer.lease_id, answer.queue) else {
            return Ok(());
        };
        if let Some((other, _)) = self.holds.iter().find(|(_, hold)| hold.user == user && (hold.call.is_some() || hold.until > asked_at)) {
            return Err(format!("agent {other} holds user {user}"));
        }
        if self.is_due(user, asked_at).await? != (queue == QueueKind::Callbacks) {
            return Err(format!("user {user} was offered from {queue}"));
        }
        let until = answer.lease_expires_at.ok_or("a lease without an end")?;
        self.holds.insert(agent, Hold { user, lease, until, call: None });
        Ok(())
    }

    /// As a call does: the person is held for it, checked, and counted before the carrier is asked.
    async fn ring(&mut self, agent: usize) -> Result<(), String> {
        if !self.holds.contains_key(&agent) {
            self.call_next(agent).await?;
        }
        let Some(hold) = self.holds.get(&agent).filter(|hold| hold.call.is_none()).cloned() else { return Ok(()) };
        let (queue, by, id) = (self.app.app.queue.clone(), self.agents[agent].0.clone(), CallId::generate());
        let mut transaction = kernel::begin(&self.app.pool).await.map_err(wrong)?;
        let of_call = queue.hold_for_call(&mut transaction, &by, hold.lease, id).await.map_err(wrong)?;
        transaction.commit().await.map_err(wrong)?;
        let Some(of_call) = of_call else {
            self.holds.remove(&agent);
            return Ok(());
        };
        let asked_at = self.app.now();
        match queue.authorise(by.id, id).await.map_err(wrong)? {
            Authorisation::Granted(authorised) => {
                if self.is_due(hold.user, asked_at).await? != (of_call.queue == QueueKind::Callbacks) {
                    return Err(format!("user {} is rung from {}", hold.user, of_call.queue));
                }
                let number = authorised.number().map_err(wrong)?.as_e164().to_owned();
                let mut transaction = kernel::begin(&self.app.pool).await.map_err(wrong)?;
                queue.begin_attempt(&mut transaction, id, &authorised).await.map_err(wrong)?;
                transaction.commit().await.map_err(wrong)?;
                let call = Call { id, agent, user: hold.user, queue: of_call.queue, number };
                self.holds.insert(agent, Hold { call: Some(call), ..hold });
            }
            refused => {
                writeln!(self.story, "    {refused:?}").map_err(wrong)?;
                self.give_back(id).await?;
                self.holds.remove(&agent);
            }
        }
        Ok(())
    }

    /// As a call that rang nobody does.
    async fn give_back(&self, call: CallId) -> Result<(), String> {
        let mut transaction = kernel::begin(&self.app.pool).await.map_err(wrong)?;
        self.app.app.queue.cancel_attempt(&mut transaction, call).await.map_err(wrong)?;
        self.app.app.queue.give_back(&mut transaction, call).await.map_err(wrong)?;
        transaction.commit().await.map_err(wrong)
    }

    fn hang_up(&mut self, agent: usize) -> Option<Call> {
        let call = self.holds.get(&agent)?.call.clone()?;
        self.holds.remove(&agent);
        Some(call)
    }

    async fn close(&mut self, call: &Call, what: What) -> Result<(), String> {
        let now = self.app.now();
        let in_hours = |hours| Some(now + TimeDelta::hours(hours));
        let closing = match what {
            What::CallBack { minutes, regardless } => match self.promise_in(minutes) {
                Some(promise) => Closing {
                    is_reached: true,
                    delay_until: Some(promise.at),
                    promise: Some(Promise { asked_regardless: regardless, ..promise }),
                    ..closing("callback_requested")
                },
                None => Closing { is_reached: true, delay_until: in_hours(24), ..closing("contacted") },
            },
            What::Contacted => Closing { is_reached: true, delay_until: in_hours(24), ..closing("contacted") },
            What::NoAnswer => Closing { is_failed: true, delay_until: in_hours(4), ..closing("no_answer") },
            What::Busy => Closing { is_failed: true, delay_until: in_hours(2), replaces_cooling_off: true, ..closing("busy") },
            What::Voicemail => Closing { delay_until: in_hours(8), ..closing("left_voicemail") },
            What::WrongNumber => {
                Closing { is_reached: true, delay_until: in_hours(48), suppress: Some(Suppress::BadNumber), ..closing("wrong_number") }
            }
            What::DoNotContact => {
                self.has_objected[person_of(call.user)] = true;
                Closing { is_reached: true, suppress: Some(Suppress::DoNotContact), ..closing("do_not_contact") }
            }
        };
        self.store(call, &closing).await
    }

    async fn store(&self, call: &Call, closing: &Closing) -> Result<(), String> {
        let queue = &self.app.app.queue;
        let prospects = queue.prospects(call.id, call.user, call.queue, &call.number).await.map_err(wrong)?;
        let mut transaction = kernel::begin(&self.app.pool).await.map_err(wrong)?;
        queue.close_attempt(&mut transaction, call.id, self.agents[call.agent].0.id, &prospects, closing).await.map_err(wrong)?;
        transaction.commit().await.map_err(wrong)
    }

    /// A promise for then, if calls may be made then.
    fn promise_in(&self, minutes: i64) -> Option<Promise> {
        let wall_time = london(self.app.now() + TimeDelta::minutes(minutes)).with_second(0)?.with_nanosecond(0)?;
        let (at, wall_time) = self.app.app.queue.promise_at(&wall_time.format("%Y-%m-%dT%H:%M").to_string()).ok()?;
        Some(Promise { at, wall_time, asked_regardless: false })
    }

    /// What was promised on a call is there; and a promise that nobody answered is tried once more, while the call is needed.
    async fn follows_from(&self, call: &Call, what: What) -> Result<(), String> {
        let wanted = match what {
            What::CallBack { minutes, .. } => self.promise_in(minutes).map(|promise| promise.at),
            What::NoAnswer | What::Busy | What::Voicemail if self.standing[person_of(call.user)] == Standing::Needed => {
                // Whatever queue the call was from: one that was made a little early has kept the promise too.
                let was_first = "select c.retry_of is null
                    from queue.attempt a
                    join queue.callback c on c.user_id = a.user_id and c.attempted_at = a.attempted_at
                    where a.call_id = $1 and c.state in ('kept', 'missed')";
                let was_first: Option<bool> =
                    sqlx::query_scalar(was_first).bind(call.id.get()).fetch_optional(&self.app.pool).await.map_err(wrong)?;
                let is_possible = self.promise_in(RETRY.num_minutes()).is_some();
                (was_first == Some(true) && is_possible).then(|| self.app.now() + RETRY)
            }
            _ => None,
        };
        let Some(wanted) = wanted else { return Ok(()) };
        let found: Option<(DateTime<Utc>, bool)> =
            sqlx::query_as("select promised_at, retry_of is not null from queue.callback where user_id = $1 and state = 'scheduled'")
                .bind(call.user.get())
                .fetch_optional(&self.app.pool)
                .await
                .map_err(wrong)?;
        // What was said late of another call may have brought a promise meanwhile, which makes another try needless.
        let is_another = |is_retry: bool| !is_retry && !matches!(what, What::CallBack { .. });
        match found {
            Some((at, is_retry)) if is_another(is_retry) || (at - wanted).abs() < TimeDelta::minutes(1) => Ok(()),
            _ => Err(format!("user {} was to be rung at {wanted}, not at {found:?}", call.user)),
        }
    }

    async fn promise_to(&self, user: UserId) -> Result<Option<i64>, String> {
        let find = sqlx::query_scalar("select id from queue.callback where user_id = $1 and state = 'scheduled'");
        find.bind(user.get()).fetch_optional(&self.app.pool).await.map_err(wrong)
    }

    async fn is_due(&self, user: UserId, at: DateTime<Utc>) -> Result<bool, String> {
        let find = sqlx::query_scalar(
            "select exists (select from queue.callback where user_id = $1 and state = 'scheduled' and promised_at <= $2)",
        );
        find.bind(user.get()).bind(at).fetch_one(&self.app.pool).await.map_err(wrong)
    }

    async fn change(&mut self, people: &[usize], to: Standing) -> Result<(), String> {
        let changing: Vec<usize> = people.iter().copied().filter(|person| self.standing[*person] != to).collect();
        if changing.is_empty() {
            return Ok(());
        }
        for person in &changing {
            let user = user_of(*person).get();
            let is_done = to == Standing::Done;
            let signature = (is_done || person + 1 == PEOPLE).then_some("00000000-0000-4000-8000-000000000001");
            let number = (to != Standing::WithoutNumber).then(|| format!("+4477009{user:05}"));
            sqlx::query("update users set is_enabled = ?, phone_number = ?, current_signature_file_id = ? where id = ?")
                .bind(to != Standing::Disabled)
                .bind(number)
                .bind(signature)
                .bind(user)
                .execute(self.app.platform.primary())
                .await
                .map_err(wrong)?;
            sqlx::query("update claim_requirements r join claims c on c.id = r.claim_id set r.status = ? where c.user_id = ?")
                .bind(if is_done { "COMPLETED" } else { "PENDING" })
                .bind(user)
                .execute(self.app.platform.primary())
                .await
                .map_err(wrong)?;
            self.standing[*person] = to;
        }
        self.app.platform.caught_up().await.map_err(wrong)
    }

    pub(crate) async fn everybody_may_be_rung(&mut self) -> Result<(), String> {
        sqlx::query("delete from queue.suppression").execute(&self.app.pool).await.map_err(wrong)?;
        self.has_objected = [false; PEOPLE];
        self.change(&[0, 1, 2, 3], Standing::Needed).await
    }

    fn wait_for_opening(&self) {
        if let Some(opening) = self.app.app.queue.next_opening() {
            self.app.clock.advance(opening - self.app.now());
        }
    }

    /// Until the next day on which calls may be made, a little after its beginning.
    fn wait_for_another_day(&self) {
        let now = self.app.now();
        self.app.clock.advance(Moment::new(now).next_midnight - now);
        self.wait_for_opening();
        self.app.clock.advance(TimeDelta::minutes(1));
    }

    async fn look(&mut self) -> Result<(), String> {
        let may_be_rung = |person: &usize| self.standing[*person] != Standing::Disabled && !self.has_objected[*person];
        let willing: Vec<usize> = (0..PEOPLE).filter(may_be_rung).collect();
        let needed: Vec<i64> =
            willing.iter().filter(|person| self.standing[**person] != Standing::Done).map(|person| user_of(*person).get()).collect();
        let willing: Vec<i64> = willing.iter().map(|person| user_of(*person).get()).collect();
        let found: Vec<(String, String)> =
            sqlx::query_as(self.never).bind(self.looked_at).bind(needed).bind(willing).fetch_all(&self.app.pool).await.map_err(wrong)?;
        for (what, place) in found {
            if !what.is_empty() {
                return Err(format!("{what}: {place}"));
            }
            self.looked_at = place.parse().map_err(wrong)?;
        }
        Ok(())
    }

    /// Days later nothing stands in anybody's way any more: every promise that was not settled is kept or missed, each once, and none is left.
    async fn keep_what_is_left(&mut self) -> Result<(), String> {
        writeln!(self.story, "and in the end").map_err(wrong)?;
        for agent in 0..AGENTS {
            self.take_step(&Step::Say { agent, what: What::Contacted }).await?;
        }
        self.everybody_may_be_rung().await?;
        self.app.clock.advance(TimeDelta::days(8));
        self.wait_for_another_day();
        self.app.app.queue.return_expired().await.map_err(wrong)?;
        self.holds.clear();
        for _ in 0..=PEOPLE {
            self.call_next(0).await?;
            self.take_step(&Step::Ring { agent: 0 }).await?;
            let Some(call) = self.hang_up(0) else { break };
            self.close(&call, What::Contacted).await?;
            self.look().await?;
            if call.queue != QueueKind::Callbacks {
                break;
            }
        }
        let left: Vec<i64> = sqlx::query_scalar("select user_id from queue.callback where state = 'scheduled'")
            .fetch_all(&self.app.pool)
            .await
            .map_err(wrong)?;
        if left.is_empty() { Ok(()) } else { Err(format!("promises to {left:?} were never kept")) }
    }
}

/// What is said of a call, apart from what follows.
fn closing(disposition: &'static str) -> Closing {
    Closing {
        disposition,
        is_reached: false,
        is_failed: false,
        delay_until: None,
        replaces_cooling_off: false,
        suppress: None,
        promise: None,
        note: String::new(),
    }
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn sequences_that_went_wrong_once_do_so_no_more(_: PgPoolOptions, connect: PgConnectOptions) {
    let mut world = World::new(connect).await;
    let promise = |minutes| Step::Promise { person: 0, by: None, minutes, reason: "signature" };
    let sequences = [
        // A promise to whoever is held from a queue fell due, and was put off for five minutes.
        vec![promise(2), Step::CallNext { agent: 0 }, Step::Wait { minutes: 4 }, Step::CallNext { agent: 0 }, Step::CallNext { agent: 1 }],
        // Somebody was to be tried once more although the agent said that they had been reached.
        vec![
            promise(-1),
            Step::Ring { agent: 0 },
            Step::SayNothing { agent: 0, was_answered: false },
            Step::SayLate { what: What::Contacted },
        ],
        // A call that the carrier never made could not be taken back, for another promise had been made meanwhile.
        vec![
            promise(-1),
            Step::Ring { agent: 0 },
            Step::SayNothing { agent: 0, was_answered: false },
            Step::Wait { minutes: 16 },
            Step::Ring { agent: 1 },
            Step::SayLate { what: What::CallBack { minutes: 45, regardless: false } },
            Step::CarrierRefuses { agent: 1 },
        ],
    ];
    let mut wrong = Vec::new();
    for steps in sequences {
        if let Err(what) = world.play(0, &steps).await {
            wrong.push(format!("{what}\n{}", world.story));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    world.app.stop().await;
}

/// Days on which a sequence may begin: a year of them, with both nights of the clock change and every holiday.
const DAYS: i64 = 365;

/// So many sequences are gone through in all, a quarter in each of four databases at the same time.
fn sequences() -> u32 {
    times("PROMISES", 200).div_ceil(4)
}

async fn goes_through_a_quarter_of_them(connect: PgConnectOptions) {
    let world = World::new(connect).await;
    let config = Config { cases: sequences(), failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seeded().random::<[u8; 32]>()));
    let runtime = Handle::current();
    // Sequences are cut down by a loop that knows nothing of the runtime.
    let (world, wrong) = tokio::task::spawn_blocking(move || {
        let world = RefCell::new(world);
        let result = runner.run(&(0..DAYS, prop::collection::vec(any_step(), 1..45)), |(day, steps)| {
            let mut world = world.borrow_mut();
            runtime.block_on(world.play(day, &steps)).map_err(|what| TestCaseError::fail(format!("{what}\n{}", world.story)))
        });
        let wrong = result.err().map(|error| match error {
            TestError::Fail(what, _) => what.message().to_owned(),
            aborted @ TestError::Abort(_) => aborted.to_string(),
        });
        (world.into_inner(), wrong)
    })
    .await
    .unwrap();
    assert!(wrong.is_none(), "{}", wrong.unwrap_or_default());
    world.app.stop().await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whatever_happens_in_whatever_order_promises_are_kept_or_settled_and_never_lost_1(_: PgPoolOptions, connect: PgConnectOptions) {
    goes_through_a_quarter_of_them(connect).await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whatever_happens_in_whatever_order_promises_are_kept_or_settled_and_never_lost_2(_: PgPoolOptions, connect: PgConnectOptions) {
    goes_through_a_quarter_of_them(connect).await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whatever_happens_in_whatever_order_promises_are_kept_or_settled_and_never_lost_3(_: PgPoolOptions, connect: PgConnectOptions) {
    goes_through_a_quarter_of_them(connect).await;
}

#[sqlx::test(migrator = "server::MIGRATOR")]
async fn whatever_happens_in_whatever_order_promises_are_kept_or_settled_and_never_lost_4(_: PgPoolOptions, connect: PgConnectOptions) {
    goes_through_a_quarter_of_them(connect).await;
}

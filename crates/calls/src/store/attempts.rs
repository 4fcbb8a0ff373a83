//! The history: attempts with whatever came of them.

use chrono::{DateTime, Utc};
use kernel::{AgentId, CallId, DecisionId, QueueKind, UserId};
use serde::Deserialize;
use sqlx::types::Json;
use sqlx::{PgExecutor, PgPool};

use crate::types::{AttemptMark, CallEnd, CallState, Disposition};

/// One attempt as it is stored.
#[derive(Debug)]
pub(crate) struct AttemptRow {
    pub(crate) id: CallId,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) user: Option<UserId>,
    pub(crate) user_name: String,
    pub(crate) number: Option<String>,
    pub(crate) agent: AgentId,
    /// Whoever had the call, one after the other.
    pub(crate) agent_name: String,
    pub(crate) queue: Option<QueueKind>,
    pub(crate) is_incoming: bool,
    pub(crate) state: CallState,
    pub(crate) end: Option<CallEnd>,
    pub(crate) end_words: Option<String>,
    pub(crate) is_saved_call: bool,
    /// When the carrier took the call to the person.
    pub(crate) rung_at: Option<DateTime<Utc>>,
    pub(crate) answered_at: Option<DateTime<Utc>>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) disposition: Option<Disposition>,
    pub(crate) label: Option<String>,
    /// By the disposition; none: by whether the person's leg was answered.
    pub(crate) is_reached: Option<bool>,
    pub(crate) recorded_at: Option<DateTime<Utc>>,
    /// A name; none: by the system.
    pub(crate) recorded_by: Option<String>,
    pub(crate) callback_at: Option<DateTime<Utc>>,
    pub(crate) notes: String,
    pub(crate) decision_id: Option<DecisionId>,
    pub(crate) superseded: Json<Vec<SupersededRow>>,
}

/// What was recorded of it before.
#[derive(Debug, Deserialize)]
pub(crate) struct SupersededRow {
    pub(crate) label: String,
    pub(crate) notes: String,
    pub(crate) recorded_at: DateTime<Utc>,
    /// A name; none: by the system.
    pub(crate) recorded_by: Option<String>,
    pub(crate) superseded_at: DateTime<Utc>,
    pub(crate) superseded_by: Option<String>,
    pub(crate) because: Option<String>,
}

/// Which attempts are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WantedAttempts {
    pub(crate) user: Option<UserId>,
    pub(crate) agent: Option<AgentId>,
    pub(crate) queue: Option<QueueKind>,
    pub(crate) disposition: Option<Disposition>,
    pub(crate) end: Option<CallEnd>,
    pub(crate) with_unrung: bool,
    /// Only of people who rang us.
    pub(crate) is_incoming: bool,
    /// Begun then or later.
    pub(crate) from: DateTime<Utc>,
    /// Begun before.
    pub(crate) until: DateTime<Utc>,
}

/// Which way a page lies from its mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Older,
    Newer,
}

/// The columns of [`AttemptRow`]: whether one can be null is said for each, since what the joins tell of it depends on their order. After them the
/// condition and the order follow.
macro_rules! select_attempts {
    ($executor:expr, [$from:literal, $($condition:literal),+], $($argument:expr),* $(,)?) => {
        sqlx::query_as!(
            AttemptRow,
            r#"
            select c.id as "id!: CallId", c.created_at as "created_at!", c.user_id as "user?: UserId", c.user_name as "user_name!",
                coalesce(c.number, (select i.number from calls.incoming i where i.id = c.incoming_id)) as "number?", c.agent_id as "agent!: AgentId",
                concat_ws(
                    ', then ',
                    (
                        select string_agg(p.name, ', then ' order by t.ended_at)
                        from calls.transfer t
                        join auth.published_agent p on p.id = t.from_agent_id
                        where t.call_id = c.id and t.state = 'passed'
                    ),
                    a.name
                ) as "agent_name!", c.queue as "queue?: QueueKind", c.incoming_id is not null as "is_incoming!",
                c.state as "state!: CallState", c.end_reason as "end?: CallEnd", c.end_words as "end_words?",
                c.is_saved_call as "is_saved_call!", l.created_at as "rung_at?", c.answered_at as "answered_at?",
                c.ended_at as "ended_at?", o.disposition as "disposition?: Disposition", d.label as "label?",
                d.is_reached as "is_reached?", o.recorded_at as "recorded_at?", r.name as "recorded_by?",
                o.callback_at as "callback_at?", coalesce(o.notes, c.notes) as "notes!", c.decision_id as "decision_id?: DecisionId",
                coalesce(
                    (
                        select jsonb_agg(
                            jsonb_build_object(
                                'label', sd.label, 'notes', s.notes, 'recorded_at', s.recorded_at, 'recorded_by', sr.name,
                                'superseded_at', s.superseded_at, 'superseded_by', sb.name, 'because', s.superseded_because
                            )
                            order by s.id
                        )
                        from calls.superseded_outcome s
                        join calls.disposition sd on sd.code = s.disposition
                        left join auth.published_agent sr on sr.id = s.recorded_by
                        left join auth.published_agent sb on sb.id = s.superseded_by
                        where s.call_id = c.id
                    ),
                    '[]'
                ) as "superseded!: Json<Vec<SupersededRow>>"
            from "# + $from + r#" c
            left join calls.leg l on l.call_id = c.id and l.party = 'person'
            left join calls.outcome o on o.call_id = c.id
            left join calls.disposition d on d.code = o.disposition
            left join auth.published_agent a on a.id = c.agent_id
            left join auth.published_agent r on r.id = o.recorded_by
            where "# $(+ $condition)+,
            $($argument),*
        )
    };
}

/// The attempts that lie next to the mark on that way, the nearest first.
pub(crate) async fn list_attempts(
    pool: &PgPool,
    wanted: &WantedAttempts,
    way: Way,
    mark: AttemptMark,
    limit: i64,
) -> sqlx::Result<Vec<AttemptRow>> {
    // Of a person, of an agent, of everybody, each in either order: statements of their own, since a plan that is kept for all of them would
    // walk along everybody's calls to find those of one. Each walks along its index (`call_history…`) from the mark on, and ends with the page.
    macro_rules! page {
        ($from:literal, $of:literal, $beyond:literal, $order:literal) => {
            select_attempts!(
                pool,
                [
                    $from,
                    $of,
                    "
                and ($3::text is null or c.queue = $3)
                and ($4::text is null or o.disposition = $4)
                and ($5::text is null or c.end_reason = $5)
                -- Whoever was rung has a number, unless the carrier did not take the call; whoever rang us was talked with.
                and (
                    $6
                    or (c.number is not null and c.end_reason is distinct from 'not_placed')
                    or (c.incoming_id is not null and c.answered_at is not null)
                )
                and (not $12 or c.incoming_id is not null)
                and c.created_at >= $7
                and c.created_at < $8
                and (c.created_at, c.id) ",
                    $beyond,
                    " ($9, $10)
            order by c.created_at ",
                    $order,
                    ", c.id ",
                    $order,
                    "
            limit $11"
                ],
                wanted.user.map(UserId::get),
                wanted.agent.map(AgentId::get),
                wanted.queue as Option<QueueKind>,
                wanted.disposition as Option<Disposition>,
                wanted.end as Option<CallEnd>,
                wanted.with_unrung,
                wanted.from,
                wanted.until,
                mark.at,
                mark.call.get(),
                limit,
                wanted.is_incoming,
            )
            .fetch_all(pool)
            .await
        };
    }
    // An agent's are also those that they have handed over.
    macro_rules! page_of_person {
        ($beyond:literal, $order:literal) => {
            page!(
                "calls.call",
                "
                c.user_id = $1
                and (
                    $2::bigint is null
                    or c.agent_id = $2
                    or exists (select from calls.transfer t where t.call_id = c.id and t.from_agent_id = $2 and t.state = 'passed')
                )",
                $beyond,
                $order
            )
        };
    }
    macro_rules! page_of_agent {
        ($beyond:literal, $order:literal) => {{
            let mut rows = page!("calls.call", "$1::bigint is null and c.agent_id = $2", $beyond, $order)?;
            // By themselves, since one statement for both would read all the calls of the agent. They are few.
            rows.extend(page!(
                "(
                    select *
                    from calls.call
                    where agent_id <> $2
                        and id in (select t.call_id from calls.transfer t where t.from_agent_id = $2 and t.state = 'passed')
                )",
                "$1::bigint is null and $2::bigint is not null",
                $beyond,
                $order
            )?);
            rows.sort_unstable_by_key(|row| (row.created_at, row.id));
            if way == Way::Older {
                rows.reverse();
            }
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            Ok(rows)
        }};
    }
    match (wanted.user, wanted.agent, way) {
        (Some(_), _, Way::Older) => page_of_person!("<", "desc"),
        (Some(_), _, Way::Newer) => page_of_person!(">", "asc"),
        (None, Some(_), Way::Older) => page_of_agent!("<", "desc"),
        (None, Some(_), Way::Newer) => page_of_agent!(">", "asc"),
        (None, None, Way::Older) => page!("calls.call", "$1::bigint is null and $2::bigint is null", "<", "desc"),
        (None, None, Way::Newer) => page!("calls.call", "$1::bigint is null and $2::bigint is null", ">", "asc"),
    }
}

/// One of them.
pub(crate) async fn find_attempt(pool: &PgPool, call: CallId) -> sqlx::Result<Option<AttemptRow>> {
    select_attempts!(pool, ["calls.call", "c.id = $1"], call.get()).fetch_optional(pool).await
}

/// Everybody who ever had an account, by name.
pub(crate) async fn list_agents(pool: &PgPool) -> sqlx::Result<Vec<(AgentId, String)>> {
    let rows =
        sqlx::query!(r#"select id as "id!: AgentId", name as "name!" from auth.published_agent order by name, id"#).fetch_all(pool).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// What stands of a call until it is put right.
#[derive(Debug)]
pub(crate) struct StandingOutcomeRow {
    pub(crate) disposition: Disposition,
    pub(crate) notes: String,
    pub(crate) callback_at: Option<DateTime<Utc>>,
}

/// What was recorded of a call last.
pub(crate) async fn find_standing_outcome(executor: impl PgExecutor<'_>, call: CallId) -> sqlx::Result<Option<StandingOutcomeRow>> {
    sqlx::query_as!(
        StandingOutcomeRow,
        r#"select disposition as "disposition: Disposition", notes, callback_at from calls.outcome where call_id = $1"#,
        call.get(),
    )
    .fetch_optional(executor)
    .await
}

/// A leg with everything that is known of it.
#[derive(Debug)]
pub(crate) struct WholeLegRow {
    pub(crate) party: String,
    pub(crate) sid: String,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) status: Option<String>,
    pub(crate) duration_seconds: Option<i32>,
}

/// The legs of a call, the first first.
pub(crate) async fn list_whole_legs(pool: &PgPool, call: CallId) -> sqlx::Result<Vec<WholeLegRow>> {
    sqlx::query_as!(
        WholeLegRow,
        "
        select party, sid, created_at, ended_at, status, duration_seconds
        from calls.leg
        where call_id = $1
        order by created_at, party
        ",
        call.get(),
    )
    .fetch_all(pool)
    .await
}

/// Something that the carrier said of a call.
#[derive(Debug)]
pub(crate) struct EventRow {
    pub(crate) received_at: DateTime<Utc>,
    pub(crate) source: String,
    /// Whose leg it was about.
    pub(crate) party: Option<String>,
    pub(crate) name: String,
    pub(crate) sequence: i32,
}

/// What the carrier said of a call, in the order in which it came.
pub(crate) async fn list_events(pool: &PgPool, call: CallId) -> sqlx::Result<Vec<EventRow>> {
    sqlx::query_as!(
        EventRow,
        r#"
        select e.received_at as "received_at!", e.source as "source!", l.party as "party?", e.name as "name!", e.sequence as "sequence!"
        from calls.event e
        left join calls.leg l on l.sid = e.sid and l.call_id = e.call_id
        where e.call_id = $1
        order by e.id
        "#,
        call.get(),
    )
    .fetch_all(pool)
    .await
}

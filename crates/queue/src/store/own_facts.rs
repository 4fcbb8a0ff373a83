//! What the dialler itself knows of people and numbers.

use chrono::{DateTime, Utc};
use kernel::{CallId, QueueKind, UserId};
use sqlx::PgPool;

use crate::rules::{Attempt, DueCallback, LastOutcome, OwnFacts, Suppression, SuppressionKind};

/// `queue.own_facts` with what scoring needs beside what eligibility needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct OwnRow {
    pub(crate) facts: OwnFacts,
    pub(crate) last_attempt_at: Option<DateTime<Utc>>,
    pub(crate) last_disposition: Option<String>,
    pub(crate) failed_attempts: u32,
}

/// The columns of `queue.own_facts`, in one place for the two queries that select them.
#[expect(clippy::too_many_arguments, reason = "one argument a column")]
pub(super) fn own_row(
    suppressions: Vec<SuppressionKind>,
    attempts: Vec<DateTime<Utc>>,
    attempts_queues: Vec<Option<QueueKind>>,
    attempts_of_person: Vec<bool>,
    attempts_on_number: Vec<bool>,
    last_attempt_at: Option<DateTime<Utc>>,
    last_disposition: Option<String>,
    delay_until: Option<DateTime<Utc>>,
    replaces_cooling_off: bool,
    failed_attempts: i64,
    put_back_until: Option<DateTime<Utc>>,
    has_consent: bool,
    is_tps_listed: bool,
    due_callback: Option<DueCallback>,
) -> OwnRow {
    OwnRow {
        facts: OwnFacts {
            due_callback,
            suppressions: suppressions.into_iter().map(|kind| Suppression { kind }).collect(),
            attempts: attempts
                .into_iter()
                .zip(attempts_queues)
                .zip(attempts_of_person)
                .zip(attempts_on_number)
                .map(|(((at, queue), of_person), on_number)| Attempt { at, queue, of_person, on_number })
                .collect(),
            last_outcome: last_attempt_at.map(|_| LastOutcome { delay_until, replaces_cooling_off }),
            put_back_until,
            has_consent,
            is_tps_listed,
        },
        last_attempt_at,
        last_disposition,
        failed_attempts: u32::try_from(failed_attempts).unwrap_or(u32::MAX),
    }
}

/// What the dialler knows of one person and one number, promises apart: needed when the number has changed since discovery, and for
/// whoever waits in no queue.
pub(crate) async fn find_own_facts(pool: &PgPool, user: UserId, number: &str, now: DateTime<Utc>) -> sqlx::Result<OwnRow> {
    let mut known = list_own_facts(pool, &[user.get()], &[number.to_owned()], now).await?;
    Ok(known.pop().map_or_else(OwnRow::default, |(_, own)| own))
}

/// The same of somebody whom this call rang, and whether it is tried once more when nobody answered: it was the call for the last promise to
/// them, and no second try itself.
pub(crate) async fn find_own_facts_after(
    pool: &PgPool,
    call: CallId,
    user: UserId,
    number: &str,
    now: DateTime<Utc>,
) -> sqlx::Result<(OwnRow, bool)> {
    let row = sqlx::query!(
        r#"
        select f.suppressions as "suppressions!: Vec<SuppressionKind>", f.attempts as "attempts!",
            f.attempts_queues as "queues!: Vec<Option<QueueKind>>", f.attempts_of_person as "of_person!", f.attempts_on_number as "on_number!",
            f.last_attempt_at, f.last_disposition, f.delay_until, f.replaces_cooling_off as "replaces_cooling_off!",
            f.failed_attempts as "failed_attempts!", f.put_back_until, f.has_consent as "has_consent!", f.is_tps_listed as "is_tps_listed!",
            coalesce(
                (
                    select c.retry_of is null and c.attempted_at = a.attempted_at
                    from queue.attempt a
                    join queue.callback c on c.user_id = a.user_id
                    where a.call_id = $4
                    order by c.id desc
                    limit 1
                ),
                false
            ) as "may_be_tried_again!"
        from queue.own_facts($1, $2, $3) f
        "#,
        user.get(),
        number,
        now,
        call.get(),
    )
    .fetch_one(pool)
    .await?;
    let own = own_row(
        row.suppressions,
        row.attempts,
        row.queues,
        row.of_person,
        row.on_number,
        row.last_attempt_at,
        row.last_disposition,
        row.delay_until,
        row.replaces_cooling_off,
        row.failed_attempts,
        row.put_back_until,
        row.has_consent,
        row.is_tps_listed,
        // A promise that is due does not decide what follows from a call.
        None,
    );
    Ok((own, row.may_be_tried_again))
}

/// What the dialler knows of those among `users` (each with its number) of whom it knows anything.
pub(crate) async fn list_own_facts(
    pool: &PgPool,
    users: &[i64],
    numbers: &[String],
    now: DateTime<Utc>,
) -> sqlx::Result<Vec<(UserId, OwnRow)>> {
    let rows = sqlx::query!(
        r#"
        with want as materialized (
            select * from unnest($1::bigint[], $2::text[]) as w (user_id, number)
        ),
        -- Most people have no row of ours at all: find those who have before asking in full.
        known as (
            select user_id from queue.attempt where user_id = any($1)
            union
            select w.user_id from want w join queue.attempt a on a.number = w.number
            union
            select user_id from queue.suppression where user_id = any($1)
            union
            select w.user_id from want w join queue.suppression s on s.number = w.number
            union
            select user_id from queue.entry where user_id = any($1) and put_back_until > $3
            union
            select user_id from queue.release where user_id = any($1) and available_at > $3
            union
            select w.user_id from want w join queue.consent c on c.number = w.number
            union
            select w.user_id from want w join queue.tps_screening t on t.number = w.number
        )
        select w.user_id as "user_id!: UserId", f.suppressions as "suppressions!: Vec<SuppressionKind>", f.attempts as "attempts!",
            f.attempts_queues as "queues!: Vec<Option<QueueKind>>", f.attempts_of_person as "of_person!", f.attempts_on_number as "on_number!", f.last_attempt_at, f.last_disposition,
            f.delay_until, f.replaces_cooling_off as "replaces_cooling_off!", f.failed_attempts as "failed_attempts!", f.put_back_until,
            f.has_consent as "has_consent!", f.is_tps_listed as "is_tps_listed!"
        from known k
        join want w on w.user_id = k.user_id
        cross join lateral queue.own_facts(w.user_id, w.number, $3) f
        "#,
        users,
        numbers,
        now,
    )
    .fetch_all(pool)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let own = own_row(
                row.suppressions,
                row.attempts,
                row.queues,
                row.of_person,
                row.on_number,
                row.last_attempt_at,
                row.last_disposition,
                row.delay_until,
                row.replaces_cooling_off,
                row.failed_attempts,
                row.put_back_until,
                row.has_consent,
                row.is_tps_listed,
                // Where somebody waits does not depend on a promise; taking leaves out whoever has one that is due.
                None,
            );
            (row.user_id, own)
        })
        .collect())
}

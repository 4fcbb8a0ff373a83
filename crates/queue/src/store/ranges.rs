//! Discovery's merges.

use chrono::{DateTime, Utc};
use kernel::QueueKind;
use sqlx::{PgConnection, PgPool};
use users::Range;

/// The picture of one key range, as arrays of equal length.
#[derive(Debug, Default)]
pub(crate) struct RangePicture {
    pub(crate) users: Vec<i64>,
    pub(crate) kinds: Vec<QueueKind>,
    pub(crate) scores: Vec<f64>,
    pub(crate) raw_sums: Vec<f64>,
    pub(crate) available: Vec<DateTime<Utc>>,
    pub(crate) numbers: Vec<String>,
    /// Of each person's claims, joined by [`SEPARATOR`]: `unnest` would flatten arrays of arrays.
    pub(crate) lenders: Vec<String>,
    /// As above.
    pub(crate) solicitors: Vec<String>,
    /// They wait behind the pause of a lender or a solicitor. Only direct mode goes by it: a merge asks what is paused by then.
    pub(crate) paused: Vec<bool>,
    /// How many of them belong in a queue that this discovery is about.
    pub(crate) kept: i64,
    /// Users with nothing to be called about.
    pub(crate) needless: Vec<i64>,
}

/// Stands in no name: the unit separator.
pub(crate) const SEPARATOR: &str = "\u{1f}";

/// What one merge did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Merged {
    pub(crate) added: i64,
    pub(crate) moved: i64,
    pub(crate) changed: i64,
    pub(crate) removed: i64,
    /// Those among the moved who went to a queue that the discovery is not about.
    pub(crate) moved_away: i64,
}

/// Makes the entries of the users of a range (to the end of all ids when it has no end) what the picture says, in
/// one statement. Writes only rows that differ; leaves everybody under a lease, and everything read later than
/// `read_at`, as it is. With `only`, who neither waits nor belongs in that queue is left alone. Whom the run found in a wrong queue, it notes.
pub(crate) async fn merge_range(
    pool: &PgPool,
    run: i64,
    range: &Range,
    picture: &RangePicture,
    read_at: DateTime<Utc>,
    only: Option<QueueKind>,
) -> sqlx::Result<Merged> {
    sqlx::query_as!(
        Merged,
        r#"
        with want as materialized (
            select w.user_id, w.kind, w.score, w.raw_sum, w.available_at, w.number, string_to_array(w.lenders, $13) as lenders,
                string_to_array(w.solicitors, $13) as solicitors
            from unnest($3::bigint[], $4::text[], $5::float8[], $6::float8[], $7::timestamptz[], $8::text[], $11::text[], $12::text[])
                as w (user_id, kind, score, raw_sum, available_at, number, lenders, solicitors)
        ),
        old as materialized (
            select e.user_id, e.kind, e.score, e.raw_sum, e.available_at, e.number, e.lenders, e.solicitors
            from queue.entry e
            where e.user_id > $1 and e.user_id <= $2
        ),
        removed as (
            -- `<> all(array)`: with `not exists (select from want …)` stale statistics make a nested loop of it.
            delete from queue.entry e
            where e.user_id > $1
                and e.user_id <= $2
                and e.user_id <> all($3)
                and e.user_id <> all($10)
                and e.leased_by is null
                and e.facts_read_at <= $9
                and ($14::text is null or e.kind = $14)
                and not exists (select from queue.lease l where l.user_id = e.user_id)
            returning e.user_id, e.kind
        ),
        different as (
            -- Found before the insert: an insert that ends in a conflict locks its row even when it changes nothing.
            select w.*, o.kind as old_kind
            from want w
            left join old o on o.user_id = w.user_id
            where (
                    o.user_id is null
                    or (o.kind, o.score, o.raw_sum, o.number, o.lenders, o.solicitors)
                        is distinct from (w.kind, w.score, w.raw_sum, w.number, w.lenders, w.solicitors)
                    or greatest(o.available_at, $9) <> greatest(w.available_at, $9)
                )
                and ($14::text is null or $14 in (w.kind, o.kind))
                and not exists (select from queue.lease l where l.user_id = w.user_id)
                -- Nor whoever has objected since the range was read. These few are found once, not looked for at each of thousands.
                and w.user_id <> all(array(
                    select s.user_id from queue.suppression s where s.created_at >= $9 and s.ends_at is null and s.user_id is not null
                ))
                and w.number <> all(array(
                    select s.number from queue.suppression s where s.created_at >= $9 and s.ends_at is null and s.number is not null
                ))
                -- Call next may have removed them since the range was read, and there is no entry left to say how old its facts were.
                and (
                    o.user_id is not null
                    or w.user_id <> all(array(
                        select d.user_id from queue.decision d where d.made_at >= $9 and d.outcome = 'refused' and d.had_effect
                    ))
                )
        ),
        merged as (
            insert into queue.entry as e
                (user_id, kind, score, raw_sum, queued_at, available_at, number, facts_read_at, lenders, solicitors, is_paused)
            select d.user_id, d.kind, d.score, d.raw_sum, $9, d.available_at, d.number, $9, d.lenders, d.solicitors,
                -- Asked of each only while anything is paused at all.
                (select exists (select from queue.pause p where p.ended_at is null)) and queue.is_paused(d.lenders, d.solicitors)
            from different d
            order by d.user_id
            on conflict (user_id) do update
            set kind = excluded.kind,
                score = excluded.score,
                raw_sum = excluded.raw_sum,
                queued_at = case when e.kind = excluded.kind then e.queued_at else excluded.queued_at end,
                -- An agent may have put the person back since their own facts were read.
                available_at = greatest(excluded.available_at, e.put_back_until),
                number = excluded.number,
                lenders = excluded.lenders,
                solicitors = excluded.solicitors,
                is_paused = excluded.is_paused,
                facts_read_at = excluded.facts_read_at
            where e.leased_by is null and e.facts_read_at <= excluded.facts_read_at
            returning e.user_id
        ),
        written as materialized (
            -- Looked up in a hash. As a join, of which the planner expects a row or two, each was compared with each: four fifths of a first fill.
            select d.user_id, d.kind, d.old_kind, d.user_id in (select m.user_id from merged m) as is_written
            from different d
        ),
        noted as (
            insert into queue.drift (run_id, user_id, was, belongs)
            select $15::bigint, r.user_id, r.kind, null from removed r
            union all
            select $15::bigint, w.user_id, w.old_kind, w.kind
            from written w
            where w.is_written and w.old_kind <> w.kind
        )
        select
            count(*) filter (where w.old_kind is null) as "added!",
            count(*) filter (where w.old_kind <> w.kind) as "moved!",
            count(*) filter (where w.old_kind = w.kind) as "changed!",
            (select count(*) from removed) as "removed!",
            count(*) filter (where w.old_kind <> w.kind and w.kind <> $14) as "moved_away!"
        from written w
        where w.is_written
        "#,
        range.after,
        range.through.unwrap_or(i64::MAX),
        &picture.users,
        &picture.kinds.iter().map(|queue| queue.as_str().to_owned()).collect::<Vec<_>>(),
        &picture.scores,
        &picture.raw_sums,
        &picture.available,
        &picture.numbers,
        read_at,
        &range.unreadable.iter().map(|user| user.get()).collect::<Vec<_>>(),
        &picture.lenders,
        &picture.solicitors,
        SEPARATOR,
        only as Option<QueueKind>,
        run,
    )
    .fetch_one(pool)
    .await
}

/// The advisory lock under which one discovery runs, on all servers together. Arbitrary, but ours alone.
const DISCOVERY_LOCK: i64 = 0x6469_616c_6c01;

/// True when this connection now holds the lock; it lasts until the connection ends or [`unlock_discovery`].
pub(crate) async fn try_lock_discovery(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select pg_try_advisory_lock($1) as "is_locked!""#, DISCOVERY_LOCK).fetch_one(connection).await
}

pub(crate) async fn unlock_discovery(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!("select pg_advisory_unlock($1)", DISCOVERY_LOCK).fetch_one(connection).await?;
    Ok(())
}

/// Fresh statistics, after many rows came at once.
pub(crate) async fn analyse_entries(pool: &PgPool) -> sqlx::Result<()> {
    sqlx::query!("analyze queue.entry").execute(pool).await?;
    Ok(())
}

//! Blocks of sealed decisions: sealing, and reading the chain again in pages.

use chrono::{DateTime, Utc};
use kernel::{AgentId, DecisionId, LeaseId, QueueKind, UserId};
use sqlx::{PgConnection, PgExecutor, PgPool};
use uuid::Uuid;

use crate::block::Block;
use crate::decision::{Outcome, Purpose};

/// The advisory lock of whoever seals.
const SEALER_LOCK: i64 = 0x6469_616c_5365_616c;

/// How far the sealer had looked: every record with a lesser (transaction, id) is sealed. Numbers of transactions mean something in
/// their own cluster alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Searched {
    /// An xid8, as text.
    pub(crate) xid: String,
    pub(crate) id: Uuid,
    pub(crate) is_of_this_cluster: bool,
}

/// A record that may be sealed.
pub(crate) struct Sealable {
    pub(crate) id: Uuid,
    pub(crate) content_hash: Vec<u8>,
    /// An xid8, as text.
    pub(crate) written_by: String,
    /// The eldest transaction that was running when this was read; an xid8, as text.
    pub(crate) eldest_running: String,
}

/// True when nobody else seals; until the transaction ends.
pub(crate) async fn try_lock_sealing(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "is_locked!""#, SEALER_LOCK).fetch_one(connection).await
}

/// The newest block.
pub(crate) async fn find_last_block(executor: impl PgExecutor<'_>) -> sqlx::Result<Option<Block>> {
    sqlx::query_as!(
        Block,
        r#"
        select number, previous_hash, merkle_root, decision_count, sealed_at, hash
        from queue.block
        order by number desc
        limit 1
        "#,
    )
    .fetch_optional(executor)
    .await
}

/// How far the sealing of this block had looked.
pub(crate) async fn find_searched(executor: impl PgExecutor<'_>, number: i64) -> sqlx::Result<Searched> {
    sqlx::query_as!(
        Searched,
        r#"
        select searched_xid::text as "xid!", searched_id as id,
            cluster = (select system_identifier from pg_control_system()) as "is_of_this_cluster!"
        from queue.block
        where number = $1
        "#,
        number,
    )
    .fetch_one(executor)
    .await
}

/// Records to be sealed next, in the order in which they are sealed. Only those whose transaction is older than every one that was still
/// running: nothing can come before them any more.
pub(crate) async fn list_sealable(connection: &mut PgConnection, searched: &Searched, limit: i64) -> sqlx::Result<Vec<Sealable>> {
    sqlx::query_as!(
        Sealable,
        r#"
        select d.id, d.content_hash, d.written_by::text as "written_by!",
            pg_snapshot_xmin(pg_current_snapshot())::text as "eldest_running!"
        from queue.decision d
        where d.written_by < pg_snapshot_xmin(pg_current_snapshot())
            and (d.written_by, d.id) > ($1::text::xid8, $2::uuid)
            and not exists (select from queue.sealed s where s.decision_id = d.id)
        order by d.written_by, d.id
        limit $3
        "#,
        searched.xid,
        searched.id,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// The same in a database that was moved to another cluster since the last block (restored from a dump), where transactions count anew:
/// looks at every record. Those of transactions which this cluster has yet to begin come from the other one, and are first.
pub(crate) async fn list_sealable_after_a_move(connection: &mut PgConnection, limit: i64) -> sqlx::Result<Vec<Sealable>> {
    // Rare, and slow when there are many.
    sqlx::query!("set local statement_timeout = 0").execute(&mut *connection).await?;
    sqlx::query_as!(
        Sealable,
        r#"
        select d.id, d.content_hash, d.written_by::text as "written_by!",
            pg_snapshot_xmin(pg_current_snapshot())::text as "eldest_running!"
        from queue.decision d
        where (
                d.written_by < pg_snapshot_xmin(pg_current_snapshot())
                or d.written_by >= pg_snapshot_xmax(pg_current_snapshot())
            )
            and not exists (select from queue.sealed s where s.decision_id = d.id)
        order by d.written_by >= pg_snapshot_xmax(pg_current_snapshot()) desc, d.written_by, d.id
        limit $1
        "#,
        limit,
    )
    .fetch_all(connection)
    .await
}

/// Stores a block of these decisions, in this order. What was `searched` in another cluster stays said to be of that one.
pub(crate) async fn insert_block(
    connection: &mut PgConnection,
    block: &Block,
    decisions: &[Uuid],
    searched: &Searched,
) -> sqlx::Result<()> {
    sqlx::query!(
        r#"
        with made as (
            insert into queue.block (
                number, previous_hash, merkle_root, decision_count, sealed_at, hash, searched_xid, searched_id, cluster
            )
            select $1::bigint, $2::bytea, $3::bytea, $4::integer, $5::timestamptz, $6::bytea, $7::text::xid8, $8::uuid,
                case
                    when $9::boolean then (select system_identifier from pg_control_system())
                    else coalesce((select b.cluster from queue.block b where b.number = $1::bigint - 1), 0)
                end
        )
        insert into queue.sealed (decision_id, block_number, position)
        select d.id, $1::bigint, d.place - 1
        from unnest($10::uuid[]) with ordinality as d (id, place)
        "#,
        block.number,
        &block.previous_hash,
        &block.merkle_root,
        block.decision_count,
        block.sealed_at,
        &block.hash,
        searched.xid,
        searched.id,
        searched.is_of_this_cluster,
        decisions,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Blocks after this number up to that one, in order.
pub(crate) async fn list_blocks(pool: &PgPool, after: i64, through: i64, limit: i64) -> sqlx::Result<Vec<Block>> {
    sqlx::query_as!(
        Block,
        r#"
        select number, previous_hash, merkle_root, decision_count, sealed_at, hash
        from queue.block
        where number > $1 and number <= $2
        order by number
        limit $3
        "#,
        after,
        through,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// The newest block that was sealed before this instant.
pub(crate) async fn find_block_before(pool: &PgPool, before: DateTime<Utc>) -> sqlx::Result<Option<Block>> {
    sqlx::query_as!(
        Block,
        r#"
        select number, previous_hash, merkle_root, decision_count, sealed_at, hash
        from queue.block
        where sealed_at < $1
        order by sealed_at desc, number desc
        limit 1
        "#,
        before,
    )
    .fetch_optional(pool)
    .await
}

/// The hash of a block.
pub(crate) async fn find_block_hash(pool: &PgPool, number: i64) -> sqlx::Result<Option<Vec<u8>>> {
    sqlx::query_scalar!("select hash from queue.block where number = $1", number).fetch_optional(pool).await
}

/// Where a decision is sealed: its block and its position there, from 0.
pub(crate) async fn find_place(pool: &PgPool, id: DecisionId) -> sqlx::Result<Option<(Block, i32)>> {
    let row = sqlx::query!(
        r#"
        select s.position, b.number, b.previous_hash, b.merkle_root, b.decision_count, b.sealed_at, b.hash
        from queue.sealed s
        join queue.block b on b.number = s.block_number
        where s.decision_id = $1
        "#,
        id.get(),
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| {
        let block = Block {
            number: row.number,
            previous_hash: row.previous_hash,
            merkle_root: row.merkle_root,
            decision_count: row.decision_count,
            sealed_at: row.sealed_at,
            hash: row.hash,
        };
        (block, row.position)
    }))
}

/// The content hashes of a block's decisions, in order; nothing where a record is gone.
pub(crate) async fn list_contents(pool: &PgPool, number: i64) -> sqlx::Result<Vec<Vec<u8>>> {
    sqlx::query_scalar!(
        r#"
        select coalesce(d.content_hash, '') as "content_hash!"
        from queue.sealed s
        left join queue.decision d on d.id = s.decision_id
        where s.block_number = $1
        order by s.position
        "#,
        number,
    )
    .fetch_all(pool)
    .await
}

/// A decision as a block has it; what is beside the record and the personal facts too, all of it nothing when the row is gone.
pub(crate) struct SealedRow {
    pub(crate) id: DecisionId,
    pub(crate) position: i32,
    pub(crate) record: Option<Vec<u8>>,
    pub(crate) content_hash: Option<Vec<u8>>,
    pub(crate) made_at: Option<DateTime<Utc>>,
    pub(crate) agent: Option<AgentId>,
    pub(crate) user: Option<UserId>,
    pub(crate) lease: Option<LeaseId>,
    pub(crate) purpose: Option<Purpose>,
    pub(crate) queue: Option<QueueKind>,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) salt: Option<Vec<u8>>,
    pub(crate) facts: Option<Vec<u8>>,
}

/// Decisions of a block after this position, in order.
pub(crate) async fn list_sealed(pool: &PgPool, number: i64, after: i32, limit: i64) -> sqlx::Result<Vec<SealedRow>> {
    sqlx::query_as!(
        SealedRow,
        r#"
        select s.decision_id as "id: DecisionId", s.position, d.record as "record?", d.content_hash as "content_hash?",
            d.made_at as "made_at?", d.agent_id as "agent?: AgentId", d.user_id as "user?: UserId", d.lease_id as "lease?: LeaseId",
            d.purpose as "purpose?: Purpose", d.queue as "queue?: QueueKind", d.outcome as "outcome?: Outcome",
            p.salt as "salt?", p.facts as "facts?"
        from queue.sealed s
        left join queue.decision d on d.id = s.decision_id
        left join queue.decision_personal p on p.decision_id = s.decision_id
        where s.block_number = $1 and s.position > $2
        order by s.position
        limit $3
        "#,
        number,
        after,
        limit,
    )
    .fetch_all(pool)
    .await
}

/// The first block after this one that decisions name and that is not there.
pub(crate) async fn find_named_block_that_is_gone(pool: &PgPool, after: i64) -> sqlx::Result<Option<i64>> {
    sqlx::query_scalar!(
        r#"
        select s.block_number
        from queue.sealed s
        where s.block_number > $1 and not exists (select from queue.block b where b.number = s.block_number)
        order by s.block_number
        limit 1
        "#,
        after,
    )
    .fetch_optional(pool)
    .await
}

/// One page of all records by (transaction, id).
pub(crate) struct Page {
    /// The last of the page; nothing when it is empty.
    pub(crate) last_xid: Option<String>,
    pub(crate) last_id: Option<Uuid>,
    /// The first of the page that is in no block.
    pub(crate) unsealed: Option<DecisionId>,
}

/// The page of records after `after` up to what the sealer `searched`.
pub(crate) async fn find_page(pool: &PgPool, after: (&str, Uuid), searched: &Searched, limit: i64) -> sqlx::Result<Page> {
    sqlx::query_as!(
        Page,
        r#"
        with page as materialized (
            select d.id, d.written_by
            from queue.decision d
            where (d.written_by, d.id) > ($1::text::xid8, $2::uuid) and (d.written_by, d.id) <= ($3::text::xid8, $4::uuid)
            order by d.written_by, d.id
            limit $5
        ),
        last as (select p.id, p.written_by from page p order by p.written_by desc, p.id desc limit 1)
        select (select l.written_by::text from last l) as last_xid, (select l.id from last l) as last_id,
            (
                select p.id
                from page p
                where not exists (select from queue.sealed s where s.decision_id = p.id)
                order by p.written_by, p.id
                limit 1
            ) as "unsealed: DecisionId"
        "#,
        after.0,
        after.1,
        searched.xid,
        searched.id,
        limit,
    )
    .fetch_one(pool)
    .await
}

/// How many records after what the sealer `searched` are in no block yet.
pub(crate) async fn count_unsealed(pool: &PgPool, searched: &Searched) -> sqlx::Result<i64> {
    sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from queue.decision d
        where (d.written_by, d.id) > ($1::text::xid8, $2::uuid)
            and not exists (select from queue.sealed s where s.decision_id = d.id)
        "#,
        searched.xid,
        searched.id,
    )
    .fetch_one(pool)
    .await
}

/// Deletes the personal facts of decisions whose ids are before this one, `limit` at most; how many there were.
pub(crate) async fn delete_personal_before(pool: &PgPool, id: Uuid, limit: i64) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        r#"
        delete from queue.decision_personal
        where decision_id in (select decision_id from queue.decision_personal where decision_id < $1 order by decision_id limit $2)
        "#,
        id,
        limit,
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}

/// Deletes the personal facts of every decision about somebody; how many there were.
pub(crate) async fn delete_personal(pool: &PgPool, user: UserId) -> sqlx::Result<u64> {
    let deleted = sqlx::query!(
        r#"
        delete from queue.decision_personal p
        using queue.decision d
        where d.id = p.decision_id and d.user_id = $1
        "#,
        user.get(),
    )
    .execute(pool)
    .await?;
    Ok(deleted.rows_affected())
}

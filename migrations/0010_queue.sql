-- Records of decisions are sealed into blocks, each of which names the one before it by its hash.

-- The transaction that wrote the record. The sealer passes over whatever is not older than every transaction still running, so that a
-- slow writer's record is neither skipped nor waited for. The default does it alone: the previous program, which does not know the
-- column, writes on this schema too. Records from before have this migration's transaction.
alter table queue.decision add column written_by xid8 not null default pg_current_xact_id();
create index decision_written on queue.decision (written_by, id);

create table queue.block (
    -- 1, 2, 3 … without gaps.
    number bigint not null,
    -- The hash of the block before; 32 zero bytes in the first.
    previous_hash bytea not null,
    -- The root of the Merkle tree over the content hashes of its decisions, in the order of queue.sealed.position.
    merkle_root bytea not null,
    decision_count integer not null,
    sealed_at timestamptz not null,
    -- SHA-256 of number, previous hash, root, count and time in canonical bytes (queue::Block).
    hash bytea not null,
    -- How far this block's sealing had looked, where the next one goes on: every record with a lesser (written_by, id) is sealed. Says
    -- nothing of what was sealed, and so is not part of the hash. Numbers of transactions mean something in their own cluster alone.
    searched_xid xid8 not null,
    searched_id uuid not null,
    cluster bigint not null,
    constraint block_pkey primary key (number),
    constraint block_has_one_successor unique (previous_hash),
    constraint block_number_is_positive check (number > 0),
    constraint block_is_not_empty check (decision_count > 0),
    constraint block_hashes_are_whole check (length(previous_hash) = 32 and length(merkle_root) = 32 and length(hash) = 32)
);
create index block_sealed on queue.block (sealed_at, number);

-- Which decision is where. No foreign key to the decision: checking it would lock, and so write, every record once more.
create table queue.sealed (
    decision_id uuid not null,
    block_number bigint not null,
    position integer not null,
    constraint sealed_pkey primary key (decision_id),
    constraint sealed_block_fkey foreign key (block_number) references queue.block (number),
    constraint sealed_place_is_taken_once unique (block_number, position),
    constraint sealed_position_is_not_negative check (position >= 0)
);

create trigger block_is_append_only before update or delete on queue.block
    for each row execute function queue.refuse_change();
create trigger block_is_never_truncated before truncate on queue.block
    execute function queue.refuse_change();
create trigger sealed_is_append_only before update or delete on queue.sealed
    for each row execute function queue.refuse_change();
create trigger sealed_is_never_truncated before truncate on queue.sealed
    execute function queue.refuse_change();

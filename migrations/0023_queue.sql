-- Servers say which queues have no basis, and the end of a lease stands in the lease alone. The function queue.is_without_basis and the column
-- queue.entry.leased_until stay for the previous program, which runs on this schema too; they go with a later release.
alter table queue.entry drop constraint entry_lease_is_whole;

-- There are as many leases as agents: finding those that have run out reads them all sooner than an index is kept, and without it a new end
-- of a lease is a heap-only update, for which there is room.
drop index queue.lease_expiry;
alter table queue.lease set (fillfactor = 50);

-- Discovery asks who has objected since it read a range.
create index suppression_made on queue.suppression (created_at);

-- As before, with the decision that let somebody be rung.
create or replace view queue.published_event as
select user_id, made_at as at, agent_id, id as decision_id, outcome, is_saved_call, record,
    null::text as release_reason, null::text as note,
    null::text as callback_state, null::timestamptz as promised_at, null::timestamptz as attempted_at
from queue.decision
where (purpose <> 'return' or outcome = 'refused')
    and had_effect
union all
select user_id, released_at, agent_id, null, null, false, null, reason, note, null, null, null
from queue.release
union all
select user_id, created_at, created_by, null, null, false, null, null, null, state, promised_at, attempted_at
from queue.callback;

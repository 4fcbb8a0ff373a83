-- As before, with the one more try of a promise told from a promise.
create or replace view queue.published_event as
select user_id, made_at as at, agent_id, id as decision_id, outcome, is_saved_call, record,
    null::text as release_reason, null::text as note,
    null::text as callback_state, null::timestamptz as promised_at, null::timestamptz as attempted_at, false as is_retry
from queue.decision
where (purpose <> 'return' or outcome = 'refused')
    and had_effect
union all
select user_id, released_at, agent_id, null, null, false, null, reason, note, null, null, null, false
from queue.release
union all
select user_id, created_at, created_by, null, null, false, null, null, null, state, promised_at, attempted_at, retry_of is not null
from queue.callback;

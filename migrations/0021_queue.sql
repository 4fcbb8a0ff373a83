-- What the queue did about a person, one row an event, for the modules that show a person's history.
-- Coming back to somebody already held is no event, nor is a decision that came too late to have any effect.
create view queue.published_event as
select user_id, made_at as at, agent_id, id as decision_id, outcome, is_saved_call, record,
    null::text as release_reason, null::text as note,
    null::text as callback_state, null::timestamptz as promised_at, null::timestamptz as attempted_at
from queue.decision
where (purpose = 'hand_out' or outcome = 'refused')
    and had_effect
union all
select user_id, released_at, agent_id, null, null, false, null, reason, note, null, null, null
from queue.release
union all
select user_id, created_at, created_by, null, null, false, null, null, null, state, promised_at, attempted_at
from queue.callback;

create index callback_user on queue.callback (user_id, created_at);

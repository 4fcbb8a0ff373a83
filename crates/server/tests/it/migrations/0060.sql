-- A supervisor was asked to take a talk over, and declined, in the table that migration 60 made.
insert into calls.transfer (id, call_id, state, from_agent_id, offered_to, declined_by, reason, asked_at, lapses_at, ended_at)
select
    '01936b6e-0000-7000-8000-0000000000c1', call_id, 'declined', 1, '{2}', '{2}', 'They want a manager', '2026-11-20T10:00:00Z',
    '2026-11-20T10:00:30Z', '2026-11-20T10:00:12Z'
from calls.monitoring
limit 1;

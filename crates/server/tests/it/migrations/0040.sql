insert into calls.incoming (id, sid, number, users, caller, arrived_at, state, state_since, ended_as)
values (
    '01936b6e-0000-7000-8000-0000000000b1', 'CA000000000000000000000000000000b1', '+447700900123', '{48213}', 'Priya Raman',
    '2026-11-20T10:00:00Z', 'ended', '2026-11-20T10:01:00Z', 'nobody_free'
);
insert into calls.offer (incoming_id, agent_id, offered_at, expires_at, answer, answered_at)
select '01936b6e-0000-7000-8000-0000000000b1', id, '2026-11-20T10:00:10Z', '2026-11-20T10:00:30Z', 'missed', '2026-11-20T10:00:30Z'
from auth.agent
limit 1;

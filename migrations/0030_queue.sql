-- What a pause is held against, of promises as of entries: somebody who was promised a call may wait in no queue.
-- The defaults stay: the previous program runs on this schema too.
alter table queue.callback
    add column lenders text[] not null default '{}',
    add column solicitors text[] not null default '{}',
    add column is_paused boolean not null default false,
    add constraint callback_claims_are_whole check (cardinality(lenders) = cardinality(solicitors));

-- The others are named by the next discovery.
update queue.callback c
set lenders = e.lenders, solicitors = e.solicitors, is_paused = e.is_paused
from queue.entry e
where e.user_id = c.user_id and c.state = 'scheduled';

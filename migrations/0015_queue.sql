-- The rest of a promise's life: tried once more, withdrawn, given to somebody else.
alter table queue.callback
    -- The promise that this one tries again, when nobody answered.
    add column retry_of bigint,
    -- Who withdrew it and why.
    add column closed_at timestamptz,
    add column closed_by bigint,
    add column closed_reason text,
    drop constraint callback_state_is_known,
    add constraint callback_state_is_known check (
        state in ('scheduled', 'kept', 'missed', 'rescheduled', 'no_longer_needed', 'cancelled')
    ),
    add constraint callback_cancelled_with_a_reason check (
        state <> 'cancelled' or (closed_at is not null and closed_by is not null and btrim(closed_reason) <> '')
    ),
    add constraint callback_retry_fkey foreign key (retry_of) references queue.callback (id);
create unique index callback_retried_once on queue.callback (retry_of);
create index callback_preferred on queue.callback (preferred_agent_id, promised_at) where state = 'scheduled';
create index callback_promised on queue.callback (promised_at);

-- Promises to ring at a time. Due is not stored: it is a scheduled promise whose time has come.
create table queue.callback (
    id bigint generated always as identity,
    user_id bigint not null,
    reason text not null,
    -- The instant, and what was said: London's wall time stays what it was when the rules of summer time change.
    promised_at timestamptz not null,
    promised_wall_time timestamp not null,
    promised_zone text not null default 'Europe/London',
    -- Offered to this agent first; none: to anyone.
    preferred_agent_id bigint,
    -- Not offered before then: an agent put it back, or a cap holds.
    available_at timestamptz not null,
    state text not null default 'scheduled',
    -- When a call was placed for it.
    attempted_at timestamptz,
    created_at timestamptz not null,
    created_by bigint not null,
    constraint callback_pkey primary key (id),
    constraint callback_reason_is_known check (reason in ('signature', 'requirements', 'user_asked')),
    constraint callback_state_is_known check (state in ('scheduled', 'kept', 'missed', 'rescheduled', 'no_longer_needed')),
    constraint callback_attempted_when_kept_or_missed check ((attempted_at is not null) = (state in ('kept', 'missed')))
);
-- One promise at a time for a person.
create unique index callback_of_one_person on queue.callback (user_id) where state = 'scheduled';
create index callback_due on queue.callback (promised_at) where state = 'scheduled';
create index callback_attempted on queue.callback (user_id, attempted_at) where attempted_at is not null;

alter table queue.decision drop constraint decision_purpose_is_known;
alter table queue.decision
    add constraint decision_purpose_is_known check (purpose in ('hand_out', 'return', 'dial'));

-- The call that the person is held for. While it is there the lease has no limit (its end lies beyond all time), and nobody but the call
-- ends it.
alter table queue.lease add column call_id uuid;

-- Counted when the carrier is asked, before it knows of the call.
alter table queue.attempt add column call_id uuid;
create unique index attempt_call on queue.attempt (call_id);

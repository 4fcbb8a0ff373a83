-- A supervisor on somebody's call: who, how, from when until when. Never deleted: every listening is on record.
create table calls.monitoring (
    id uuid not null,
    call_id uuid not null,
    supervisor_id bigint not null,
    -- How they take part now: nobody hears them, the agent alone does, or everybody.
    mode text not null,
    started_at timestamptz not null,
    -- Their browser connects before then, by the machine's time, or not at all.
    intent_expires_at timestamptz not null,
    sid text,
    joined_at timestamptz,
    ended_at timestamptz,
    constraint monitoring_pkey primary key (id),
    constraint monitoring_call_fkey foreign key (call_id) references calls.call (id),
    constraint monitoring_mode_is_known check (mode in ('listen', 'whisper', 'barge'))
);
create unique index monitoring_one_of_a_supervisor on calls.monitoring (supervisor_id) where ended_at is null;
create index monitoring_call on calls.monitoring (call_id);

-- Each way in which they took part, as the carrier confirmed it.
create table calls.monitoring_mode (
    id bigint generated always as identity,
    monitoring_id uuid not null,
    mode text not null,
    since timestamptz not null,
    constraint monitoring_mode_pkey primary key (id),
    constraint monitoring_mode_monitoring_fkey foreign key (monitoring_id) references calls.monitoring (id),
    constraint monitoring_mode_mode_is_known check (mode in ('listen', 'whisper', 'barge'))
);
create index monitoring_mode_monitoring on calls.monitoring_mode (monitoring_id);

alter table calls.leg drop constraint leg_party_is_known;
alter table calls.leg add constraint leg_party_is_known check (party in ('agent', 'person', 'supervisor'));

-- Handing a talk over to a supervisor, who joins before the agent leaves: who asked whom, when and why, and what came of it. Never deleted.
create table calls.transfer (
    id uuid not null,
    call_id uuid not null,
    state text not null,
    -- Whose call it was then.
    from_agent_id bigint not null,
    -- Whoever of them is the first to accept; those who cannot are noted beside.
    offered_to bigint[] not null,
    declined_by bigint[] not null default '{}',
    reason text,
    asked_at timestamptz not null,
    -- Without an answer it is over then, by the machine's time.
    lapses_at timestamptz not null,
    accepted_by bigint,
    accepted_at timestamptz,
    -- How they are on the line until the call is theirs.
    monitoring_id uuid,
    ended_at timestamptz,
    constraint transfer_pkey primary key (id),
    constraint transfer_call_fkey foreign key (call_id) references calls.call (id),
    constraint transfer_monitoring_fkey foreign key (monitoring_id) references calls.monitoring (id),
    constraint transfer_monitoring_key unique (monitoring_id),
    constraint transfer_state_is_known check (
        state in ('asked', 'accepted', 'passed', 'declined', 'withdrawn', 'lapsed', 'left', 'over')
    ),
    constraint transfer_is_offered_to_somebody_else check (cardinality(offered_to) > 0 and from_agent_id <> all (offered_to)),
    constraint transfer_is_declined_by_those_asked check (declined_by <@ offered_to),
    constraint transfer_reason_says_something check (btrim(reason) <> '' and char_length(reason) <= 200),
    constraint transfer_is_accepted_whole check (
        (accepted_by is null) = (accepted_at is null) and (accepted_by is null) = (monitoring_id is null)
    ),
    constraint transfer_is_accepted_by_somebody_asked check (accepted_by = any (offered_to) and accepted_by <> all (declined_by)),
    constraint transfer_state_goes_with_acceptance check (
        case
            when state in ('accepted', 'passed', 'left') then accepted_by is not null
            when state = 'over' then true
            else accepted_by is null
        end
    ),
    constraint transfer_end_is_whole check ((state in ('asked', 'accepted')) = (ended_at is null))
);
-- One at a time for a call, and a supervisor accepts one at a time.
create unique index transfer_one_of_a_call on calls.transfer (call_id) where ended_at is null;
create unique index transfer_one_of_a_supervisor on calls.transfer (accepted_by) where ended_at is null;
create index transfer_call on calls.transfer (call_id, asked_at);

-- A leg of whoever had the call before it was handed over: what is heard of it late says nothing of the call any more.
alter table calls.leg drop constraint leg_party_is_known;
alter table calls.leg add constraint leg_party_is_known check (party in ('agent', 'person', 'supervisor', 'former_agent'));

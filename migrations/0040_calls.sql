-- Somebody rings us: from the first ring until an agent talks with them, they have heard a message, or they give up. Never deleted.
create table calls.incoming (
    id uuid not null,
    -- Their leg, by the carrier's own id.
    sid text not null,
    -- None: withheld, or none that anybody could ring.
    number text,
    -- Whose it is, by the claims platform: several people may share one number.
    users bigint[] not null,
    -- For the screens: a name, or how many it may be.
    caller text not null,
    arrived_at timestamptz not null,
    state text not null,
    state_since timestamptz not null,
    -- How it ended for them; known as soon as they hear the last message.
    ended_as text,
    -- Whom we ring back for it.
    return_call_to bigint,
    constraint incoming_pkey primary key (id),
    constraint incoming_sid_key unique (sid),
    constraint incoming_state_is_known check (state in ('greeted', 'waiting', 'answered', 'told', 'ended')),
    constraint incoming_end_is_known check (ended_as in ('talked', 'gave_up', 'nobody_free', 'closed', 'objected')),
    constraint incoming_end_is_whole check ((ended_as is not null) = (state in ('told', 'ended')))
);
create index incoming_live on calls.incoming (state_since) where state <> 'ended';
create index incoming_arrival on calls.incoming (arrived_at);

-- Which agent was asked to take the call, until when (by the machine's time), and what they did. Each once.
create table calls.offer (
    id bigint generated always as identity,
    incoming_id uuid not null,
    agent_id bigint not null,
    offered_at timestamptz not null,
    expires_at timestamptz not null,
    answer text,
    answered_at timestamptz,
    constraint offer_pkey primary key (id),
    constraint offer_incoming_fkey foreign key (incoming_id) references calls.incoming (id),
    constraint offer_once_to_each unique (incoming_id, agent_id),
    constraint offer_answer_is_known check (answer in ('accepted', 'declined', 'missed', 'withdrawn')),
    constraint offer_answer_is_whole check ((answer is null) = (answered_at is null))
);
-- One at a time, on both sides.
create unique index offer_one_of_a_caller on calls.offer (incoming_id) where answer is null;
create unique index offer_one_of_an_agent on calls.offer (agent_id) where answer is null;

-- A call that came in has no lease, no queue and no decision; who it is may have to be asked.
alter table calls.call
    add column incoming_id uuid,
    alter column user_id drop not null,
    alter column lease_id drop not null,
    alter column queue drop not null,
    add constraint call_incoming_fkey foreign key (incoming_id) references calls.incoming (id),
    add constraint call_outgoing_is_whole check (
        incoming_id is not null or (user_id is not null and lease_id is not null and queue is not null)
    ),
    drop constraint call_is_rung_on_a_decision,
    add constraint call_is_rung_on_a_decision check (
        incoming_id is not null
        or state not in ('dialling', 'ringing', 'connected')
        or (number is not null and decision_id is not null)
    ),
    drop constraint call_end_is_known,
    add constraint call_end_is_known check (
        end_reason in (
            'refused', 'could_not_check', 'not_connected', 'not_placed', 'busy', 'no_answer', 'failed', 'cancelled', 'by_agent', 'by_person',
            'agent_lost', 'caller_gone'
        )
    );
create index call_incoming on calls.call (incoming_id) where incoming_id is not null;
-- One agent talks with them.
create unique index call_one_of_a_caller on calls.call (incoming_id) where incoming_id is not null and ended_at is null;
create index call_number on calls.call (number, created_at) where number is not null;
create index incoming_of_person on calls.incoming using gin (users);

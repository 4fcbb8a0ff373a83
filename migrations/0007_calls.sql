create schema calls;

-- What an agent can say came of a call (rules, Dispositions). Points for scoring stand in the rule sets.
create table calls.disposition (
    code text not null,
    label text not null,
    -- The order on the screen.
    position smallint not null,
    -- The key 1 to 9; none for the less common.
    key smallint,
    -- A human answered; none: if the person's leg was answered.
    is_reached boolean,
    -- Hours until the next call may be made.
    delay_hours integer,
    -- Counts as a failed attempt.
    is_failed boolean not null default false,
    -- The delay holds alone, without cooling-off.
    replaces_cooling_off boolean not null default false,
    needs_note boolean not null default false,
    needs_time boolean not null default false,
    -- Who is never rung again.
    suppresses text,
    -- What else happens, in words for the agent.
    also text,
    -- Set by the system alone.
    is_system boolean not null default false,
    constraint disposition_pkey primary key (code),
    constraint disposition_position_key unique (position),
    constraint disposition_key_key unique (key),
    constraint disposition_key_is_a_digit check (key between 1 and 9),
    constraint disposition_suppresses_is_known check (suppresses in ('do_not_contact', 'bad_number')),
    constraint disposition_delay_is_positive check (delay_hours > 0),
    constraint disposition_failed_is_not_reached check (not (is_failed and is_reached is true))
);
insert into calls.disposition
    (position, key, code, label, is_reached, delay_hours, is_failed, replaces_cooling_off, needs_note, needs_time, suppresses, also, is_system)
values
    (1, 1, 'completed', 'Signed or sent it', true, 24, false, false, false, false, null, 'Counts as done once the claims platform shows it.', false),
    (2, 2, 'going_to_complete', 'Will do it', true, 72, false, false, false, false, null, null, false),
    (3, 3, 'might_complete', 'Might do it', true, 24, false, false, false, false, null, null, false),
    (4, 4, 'callback_requested', 'Call me back', true, null, false, false, false, true, null, 'Offered to you first at that time.', false),
    (5, 5, 'contacted', 'Nothing agreed', true, 24, false, false, false, false, null, null, false),
    (6, 6, 'not_interested', 'Not interested', true, 672, false, false, false, false, null, null, false),
    (7, 7, 'no_answer', 'No answer', false, 4, true, false, false, false, null, null, false),
    (8, 8, 'left_voicemail', 'Left voicemail', false, 8, false, false, false, false, null, null, false),
    (9, 9, 'busy', 'Engaged', false, 2, true, true, false, false, null, null, false),
    (10, null, 'wrong_number', 'Wrong number', true, 48, false, false, false, false, 'bad_number', 'The number is not rung again until it changes.', false),
    (11, null, 'hung_up', 'Hung up', true, 4, false, false, false, false, null, null, false),
    (12, null, 'no_claim', 'No claim', true, 672, false, false, false, false, null, null, false),
    (13, null, 'language_barrier', 'Language', true, 24, false, false, false, false, null, null, false),
    (14, null, 'vulnerable', 'Vulnerable', true, 72, false, false, false, false, null, null, false),
    (15, null, 'do_not_contact', 'Do not contact', true, null, false, false, true, false, 'do_not_contact', 'Nobody rings this person or this number again.', false),
    (16, null, 'failed', 'Failed', false, 1, true, true, false, false, null, null, false),
    (17, null, 'not_recorded', 'Not recorded', null, 4, false, false, false, false, null, null, true);

-- One call: from the moment an agent presses Call until its outcome is recorded. Never deleted.
create table calls.call (
    id uuid not null,
    agent_id bigint not null,
    user_id bigint not null,
    lease_id bigint not null,
    queue text not null,
    -- For the agent's screen.
    user_name text not null,
    state text not null,
    state_since timestamptz not null,
    created_at timestamptz not null,
    -- The browser connects before then, by the machine's time, or not at all.
    intent_expires_at timestamptz not null,
    -- From the gate at the dial; nobody is rung without both.
    number text,
    decision_id uuid,
    answered_at timestamptz,
    ended_at timestamptz,
    end_reason text,
    -- Why it was refused, for the agent.
    end_words text,
    is_saved_call boolean not null default false,
    -- The outcome is to be recorded before then, by the machine's time.
    wrap_up_until timestamptz,
    notes text not null default '',
    -- Nothing is left to do.
    closed_at timestamptz,
    constraint call_pkey primary key (id),
    constraint call_queue_is_known check (queue in ('callbacks', 'unsigned_users', 'outstanding_requests')),
    constraint call_state_is_known check (
        state in ('created', 'joining', 'checking', 'dialling', 'ringing', 'connected', 'ended')
    ),
    constraint call_end_is_known check (
        end_reason in (
            'refused', 'could_not_check', 'not_connected', 'not_placed', 'busy', 'no_answer', 'failed', 'cancelled', 'by_agent', 'by_person'
        )
    ),
    constraint call_end_is_whole check ((state = 'ended') = (ended_at is not null) and (ended_at is null) = (end_reason is null)),
    constraint call_is_rung_on_a_decision check (
        state not in ('dialling', 'ringing', 'connected') or (number is not null and decision_id is not null)
    ),
    constraint call_closes_after_its_end check (closed_at is null or ended_at is not null)
);
-- An agent finishes one call before the next; a number is on one call at a time.
create unique index call_one_of_an_agent on calls.call (agent_id) where closed_at is null;
create unique index call_one_of_a_number on calls.call (number) where number is not null and ended_at is null;
create index call_open on calls.call (state_since) where closed_at is null;
create index call_user on calls.call (user_id, created_at);

-- Every leg by the carrier's own id: nothing is ever attributed by guessing.
create table calls.leg (
    sid text not null,
    call_id uuid not null,
    party text not null,
    created_at timestamptz not null,
    ended_at timestamptz,
    -- The carrier's last word.
    status text,
    duration_seconds integer,
    constraint leg_pkey primary key (sid),
    constraint leg_call_fkey foreign key (call_id) references calls.call (id),
    constraint leg_party_is_known check (party in ('agent', 'person')),
    constraint leg_one_of_each unique (call_id, party)
);
create index leg_live on calls.leg (created_at) where ended_at is null;

-- What the carrier said, once each: a repetition has no effect. Without numbers.
create table calls.event (
    id bigint generated always as identity,
    call_id uuid not null,
    received_at timestamptz not null,
    source text not null,
    sid text not null,
    name text not null,
    sequence integer not null,
    constraint event_pkey primary key (id),
    constraint event_call_fkey foreign key (call_id) references calls.call (id),
    constraint event_source_is_known check (source in ('voice', 'conference', 'leg')),
    constraint event_once unique (call_id, source, sid, name, sequence)
);

-- Outcomes that another took the place of: what the system recorded until the agent said what is true.
create table calls.superseded_outcome (
    id bigint generated always as identity,
    call_id uuid not null,
    disposition text not null,
    notes text not null,
    callback_at timestamptz,
    recorded_at timestamptz not null,
    recorded_by bigint,
    superseded_at timestamptz not null,
    constraint superseded_outcome_pkey primary key (id),
    constraint superseded_outcome_call_fkey foreign key (call_id) references calls.call (id)
);

-- What came of a call. Once for each call.
create table calls.outcome (
    call_id uuid not null,
    disposition text not null,
    notes text not null,
    callback_at timestamptz,
    recorded_at timestamptz not null,
    -- None: by the system.
    recorded_by bigint,
    constraint outcome_pkey primary key (call_id),
    constraint outcome_call_fkey foreign key (call_id) references calls.call (id),
    constraint outcome_disposition_fkey foreign key (disposition) references calls.disposition (code)
);

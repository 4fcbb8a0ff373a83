-- Where the parties hear each other, by the carrier's own id; known from the conference's first event.
alter table calls.call add column conference_sid text;
-- Since when nobody of ours has been on the line of a talk; none: the agent is. After fifteen seconds the call ends.
alter table calls.call add column agent_away_since timestamptz;
-- Since when the person has been on hold, as the carrier confirmed it.
alter table calls.call add column held_since timestamptz;
alter table calls.call add constraint call_away_is_in_a_talk check (agent_away_since is null or state = 'connected');
alter table calls.call add constraint call_held_is_in_a_talk check (held_since is null or state = 'connected');
create index call_away on calls.call (agent_away_since) where agent_away_since is not null;

alter table calls.call drop constraint call_end_is_known;
alter table calls.call add constraint call_end_is_known check (
    end_reason in (
        'refused', 'could_not_check', 'not_connected', 'not_placed', 'busy', 'no_answer', 'failed', 'cancelled', 'by_agent', 'by_person',
        'agent_lost'
    )
);

-- The person has one leg. An agent whose page was loaded anew in a talk has another.
alter table calls.leg drop constraint leg_one_of_each;
create unique index leg_one_of_the_person on calls.leg (call_id) where party = 'person';
create index leg_call on calls.leg (call_id);

-- When the carrier may be asked for the next call, by the machine's time: one row for all servers (TWILIO_CPS).
create table calls.carrier_pace (
    is_only boolean not null default true,
    next_at timestamptz not null,
    constraint carrier_pace_pkey primary key (is_only),
    constraint carrier_pace_is_one_row check (is_only)
);
insert into calls.carrier_pace (next_at) values ('-infinity');

-- Outcomes that somebody put right: who did, and why. Where only the system had spoken, the agent's word needs no reason.
alter table calls.superseded_outcome
    add column superseded_by bigint,
    add column superseded_because text,
    add constraint superseded_outcome_reason_is_somebodys check (
        superseded_because is null or (superseded_by is not null and btrim(superseded_because) <> '')
    );
create index superseded_outcome_call on calls.superseded_outcome (call_id, id);

-- The history, newest first: everybody's, one agent's, one person's. A page begins where another ends.
create index call_history on calls.call (created_at, id);
create index call_history_of_agent on calls.call (agent_id, created_at, id);
create index call_history_of_person on calls.call (user_id, created_at, id);
drop index calls.call_user;

-- Administrators edit the catalogue. What the program relies on stays: which codes there are, who counts as reached, what fails, what suppresses.
alter table calls.disposition
    -- Whether agents can choose it.
    add column is_offered boolean not null default true,
    -- Of this row: whoever changes it says which one they saw.
    add column version integer not null default 1,
    -- Looked at when a statement ends, so that one can move a row and make room for it.
    drop constraint disposition_position_key,
    add constraint disposition_position_key unique (position) deferrable initially immediate,
    add constraint disposition_label_fits_its_button check (char_length(label) between 1 and 40),
    add constraint disposition_delay_is_at_most_a_year check (delay_hours <= 8760),
    add constraint disposition_callback_has_its_time check (code <> 'callback_requested' or needs_time),
    -- Without a delay nobody would ever ring again, unless they are to at a time, or nobody is to.
    add constraint disposition_delay_or_another_end check (
        delay_hours is not null or needs_time or suppresses is not distinct from 'do_not_contact'
    ),
    -- An objection is put on record at once, whatever the catalogue looks like.
    add constraint disposition_objection_is_offered check (is_offered or suppresses is distinct from 'do_not_contact'),
    add constraint disposition_of_the_system_asks_nothing check (
        not is_system or (key is null and is_offered and not needs_note and not needs_time)
    );

-- Who changed what of a disposition, and when. Never deleted.
create table calls.disposition_change (
    id bigint generated always as identity,
    disposition text not null,
    changed_at timestamptz not null,
    changed_by bigint not null,
    -- What can be edited, as it was and as it is.
    before jsonb not null,
    after jsonb not null,
    constraint disposition_change_pkey primary key (id),
    constraint disposition_change_disposition_fkey foreign key (disposition) references calls.disposition (code),
    constraint disposition_change_changes_something check (before <> after)
);

-- Recordings are deleted once their retention has passed, and not before (compliance, C11). The row stays, with its hash.
alter table calls.recording
    add column deleted_at timestamptz,
    add constraint recording_deleted_was_stored check (deleted_at is null or stored_at is not null);
create index recording_kept on calls.recording (sid) where deleted_at is null;

-- On what ground a recording was deleted. Written before anything is; a recording without its deleted_at was begun and not finished.
create table calls.recording_deletion (
    sid text not null,
    decided_at timestamptz not null,
    -- The latest of what has to be over: claims, complaints, proceedings, the call itself.
    last_end_at timestamptz not null,
    months integer not null,
    kept_until timestamptz not null,
    -- Each claim with its status and when it was last changed, as the claims platform told.
    claims jsonb not null,
    constraint recording_deletion_pkey primary key (sid),
    constraint recording_deletion_sid_fkey foreign key (sid) references calls.recording (sid),
    -- The floor that no setting goes below, once more.
    constraint recording_deletion_is_not_before_its_time check (
        months >= 12 and kept_until - last_end_at >= interval '365 days' and decided_at >= kept_until
    )
);

-- Complaints and proceedings, which the claims platform does not know: while one goes on, nothing of the person's is deleted, and its end is an end
-- like that of a claim. Never deleted.
create table calls.recording_hold (
    id bigint generated always as identity,
    user_id bigint not null,
    reason text not null,
    placed_at timestamptz not null,
    ended_at timestamptz,
    constraint recording_hold_pkey primary key (id),
    constraint recording_hold_says_why check (btrim(reason) <> ''),
    constraint recording_hold_ends_after_it_began check (ended_at >= placed_at)
);
create index recording_hold_user on calls.recording_hold (user_id);
create unique index recording_hold_one_at_a_time on calls.recording_hold (user_id) where ended_at is null;

-- What was said, as the carrier recorded it and as we keep it (compliance: every call is recorded).
create table calls.recording (
    sid text not null,
    call_id uuid not null,
    -- The carrier's word: in-progress, completed, absent, failed.
    status text not null,
    seconds integer,
    heard_at timestamptz not null,
    -- When it is fetched, or fetched again, by the machine's time.
    next_try_at timestamptz not null,
    failures integer not null default 0,
    -- Where it is in our store, how large, and what proves that it is still the same.
    object_path text,
    size_bytes bigint,
    sha256 bytea,
    stored_at timestamptz,
    constraint recording_pkey primary key (sid),
    constraint recording_call_fkey foreign key (call_id) references calls.call (id),
    constraint recording_status_is_known check (status in ('in-progress', 'completed', 'absent', 'failed')),
    constraint recording_is_stored_whole check (
        (stored_at is null) = (object_path is null)
        and (stored_at is null) = (size_bytes is null)
        and (stored_at is null) = (sha256 is null)
    ),
    constraint recording_hash_is_sha256 check (octet_length(sha256) = 32)
);
create index recording_call on calls.recording (call_id);
create index recording_due on calls.recording (next_try_at) where status = 'completed' and stored_at is null;

-- Who listened to what. Never changed.
create table calls.recording_access (
    id bigint generated always as identity,
    sid text not null,
    agent_id bigint not null,
    at timestamptz not null,
    constraint recording_access_pkey primary key (id),
    constraint recording_access_sid_fkey foreign key (sid) references calls.recording (sid)
);
create index recording_access_sid on calls.recording_access (sid, at);

-- Talks that may lack a recording.
create index call_answered on calls.call (ended_at) where answered_at is not null;

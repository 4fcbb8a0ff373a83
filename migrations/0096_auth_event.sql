-- What happened to the accounts of staff: who, from where, when, by whom. Rows are only added. Nothing of the people we ring stands here.
create table auth.event (
    id bigint generated always as identity,
    at timestamptz not null,
    kind text not null,
    -- Whose account; none: an email that nobody here has.
    agent_id bigint,
    -- SHA-256 of what was typed as the email, of a try that failed: people type passwords there.
    account_hash bytea,
    -- Who did it; none: a command, or nobody who was signed in.
    by_agent_id bigint,
    is_command boolean not null,
    address inet,
    -- What the browser says of itself, shortened.
    browser text,
    detail text,
    constraint event_pkey primary key (id),
    constraint event_agent_fkey foreign key (agent_id) references auth.agent (id),
    constraint event_by_fkey foreign key (by_agent_id) references auth.agent (id),
    constraint event_account_hash_is_sha256 check (length(account_hash) = 32),
    constraint event_is_of_somebody check (agent_id is not null or account_hash is not null),
    constraint event_command_is_nobody check (not is_command or by_agent_id is null)
);
create index event_of_agent on auth.event (agent_id, id);
create index event_limit on auth.event (at) where kind = 'limit_reached';

create function auth.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the record of what happened to accounts is append-only';
end
$$;
create trigger event_is_append_only before update or delete on auth.event
    for each row execute function auth.refuse_change();
create trigger event_is_never_truncated before truncate on auth.event
    execute function auth.refuse_change();

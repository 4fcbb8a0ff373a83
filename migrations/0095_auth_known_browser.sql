-- Browsers in which somebody has signed in rightly: there they are never kept waiting for those who guess at their account. A browser that
-- is shared is known for each of its agents. All times are the machine's.
create table auth.known_browser (
    -- SHA-256 of what is in the cookie: a leaked table makes no browser known.
    token_hash bytea not null,
    agent_id bigint not null,
    created_at timestamptz not null,
    last_used_at timestamptz not null,
    expires_at timestamptz not null,
    constraint known_browser_pkey primary key (token_hash, agent_id),
    constraint known_browser_agent_fkey foreign key (agent_id) references auth.agent (id),
    constraint known_browser_token_hash_is_sha256 check (length(token_hash) = 32)
);
create index known_browser_of_agent on auth.known_browser (agent_id);
create index known_browser_expiry on auth.known_browser (expires_at);

-- Of a known browser, which has an allowance of its own; none: of an unknown one.
alter table auth.sign_in_failure add column browser_hash bytea;

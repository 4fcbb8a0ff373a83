create schema auth;

create table auth.agent (
    id bigint generated always as identity,
    email text not null,
    name text not null,
    role text not null,
    password_hash text not null,
    created_at timestamptz not null,
    deactivated_at timestamptz,
    -- What the agent wants to be; only the agent or the end of the last session changes it.
    intention text not null default 'offline',
    intention_since timestamptz not null,
    -- When anything was last heard from the agent's browser: a request or an open event stream. Machine time.
    seen_at timestamptz,
    constraint agent_pkey primary key (id),
    constraint agent_role_is_known check (role in ('agent', 'supervisor', 'admin')),
    constraint agent_intention_is_known check (intention in ('available', 'break', 'offline')),
    constraint agent_email_is_trimmed_lower_case check (email = lower(btrim(email)) and email like '%_@_%'),
    constraint agent_email_key unique (email)
);

-- Signed-in browsers. Rows stay after the end as records of sign-in and sign-out. All times are the machine's.
create table auth.session (
    -- SHA-256 of the id in the cookie: a leaked table opens no session.
    id_hash bytea not null,
    agent_id bigint not null,
    created_at timestamptz not null,
    last_seen_at timestamptz not null,
    expires_at timestamptz not null,
    ended_at timestamptz,
    ended_reason text,
    constraint session_pkey primary key (id_hash),
    constraint session_agent_fkey foreign key (agent_id) references auth.agent (id),
    constraint session_id_hash_is_sha256 check (length(id_hash) = 32),
    constraint session_end_has_a_reason check ((ended_at is null) = (ended_reason is null)),
    constraint session_ended_reason_is_known check (ended_reason in ('signed_out', 'lost_connection', 'deactivated', 'password_reset'))
);
create index session_live on auth.session (agent_id) where ended_at is null;
create index session_expiry on auth.session (expires_at) where ended_at is null;

-- Failed sign-ins of the last minutes; successes never count towards a limit.
create table auth.sign_in_failure (
    id bigint generated always as identity,
    -- SHA-256 of what was typed as the e-mail: people type passwords there.
    account_hash bytea not null,
    address inet,
    failed_at timestamptz not null,
    constraint sign_in_failure_pkey primary key (id)
);
create index sign_in_failure_account on auth.sign_in_failure (account_hash, failed_at);
create index sign_in_failure_address on auth.sign_in_failure (address, failed_at);

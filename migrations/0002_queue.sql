create schema queue;

-- The numbers of the rules, versioned; the highest version holds. The body is queue::Settings.
create table queue.settings (
    version integer not null,
    body jsonb not null,
    created_at timestamptz not null,
    created_by bigint,
    constraint settings_pkey primary key (version),
    constraint settings_version_is_positive check (version > 0)
);
insert into queue.settings (version, created_at, body) values (1, '2026-01-01T00:00:00Z', '{
    "unsigned_users": {"calls_a_day": 3, "hours_between": 4},
    "outstanding_requests": {"calls_a_day": 2, "hours_between": 6},
    "callbacks": {"calls_a_day": 2, "hours_between": null},
    "attempts_a_day": 3,
    "attempts_in_7_days": 10,
    "calling_hours": {
        "weekdays": {"from_minute": 540, "until_minute": 1200},
        "saturday": {"from_minute": 600, "until_minute": 1020},
        "sunday": null,
        "on_bank_holidays": false
    },
    "lease_minutes": 10,
    "put_back_minutes": 30,
    "tries": 25,
    "max_lag_millis": 5000,
    "uncounted_requirements": [
        {"kind": "signature", "reason": null},
        {"kind": "vehicle_registration", "reason": null},
        {"kind": "cfa", "reason": null},
        {"kind": "solicitor_letter_of_authority", "reason": null},
        {"kind": "letter_of_authority", "reason": null},
        {"kind": "id_document", "reason": "base requirement for claim."}
    ],
    "rule_set": "standard"
}');

-- Who waits, each in exactly one queue. Callbacks are not here: they are due rows of their own table.
create table queue.entry (
    user_id bigint not null,
    kind text not null,
    -- Lower is called sooner; ties by the sum before the floor, then by time queued, then by user.
    score double precision not null,
    raw_sum double precision not null,
    queued_at timestamptz not null,
    -- Not before then, because of caps, cooling-off, a delay or because an agent put the person back.
    available_at timestamptz not null,
    put_back_until timestamptz,
    -- E.164, as parsed when the facts were read; the gate parses the number anew.
    number text not null,
    -- When the replica was read; an older picture never overwrites a newer one.
    facts_read_at timestamptz not null,
    -- A copy of queue.lease, set and cleared by the same statements.
    leased_by bigint,
    leased_until timestamptz,
    constraint entry_pkey primary key (user_id),
    constraint entry_kind_is_a_waiting_queue check (kind in ('unsigned_users', 'outstanding_requests')),
    constraint entry_lease_is_whole check ((leased_by is null) = (leased_until is null))
) with (
    -- No update of this table can be heap-only (leased_by is in the predicate of entry_next), so dead rows come fast.
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 500
);
-- available_at is the last key column, not included: `available_at <= now` is then tested inside the index, in order,
-- without visiting the rows that are cooling off.
create index entry_leased on queue.entry (user_id) where leased_by is not null;
create index entry_next on queue.entry (kind, score, raw_sum, queued_at, user_id, available_at) where leased_by is null;

-- The right of one agent to deal with one person until a time: the truth, unique both ways.
create table queue.lease (
    id bigint generated always as identity,
    user_id bigint not null,
    agent_id bigint not null,
    kind text not null,
    taken_at timestamptz not null,
    expires_at timestamptz not null,
    -- The decision that handed the person out; none while the check is still running.
    decision_id uuid,
    constraint lease_pkey primary key (id),
    constraint lease_of_one_person unique (user_id),
    constraint lease_of_one_agent unique (agent_id),
    constraint lease_kind_is_known check (kind in ('callbacks', 'unsigned_users', 'outstanding_requests'))
);
create index lease_expiry on queue.lease (expires_at);

-- Objections, of a person or of a number.
create table queue.suppression (
    id bigint generated always as identity,
    user_id bigint,
    number text,
    kind text not null,
    reason text not null,
    source text not null,
    created_at timestamptz not null,
    ends_at timestamptz,
    constraint suppression_pkey primary key (id),
    constraint suppression_is_of_somebody check (user_id is not null or number is not null),
    constraint suppression_kind_is_known check (kind in ('do_not_contact', 'bad_number', 'opted_out')),
    -- A bad number is bad until it changes, so it is kept by number alone.
    constraint suppression_bad_number_is_of_a_number check (kind <> 'bad_number' or (number is not null and user_id is null))
);
create index suppression_user on queue.suppression (user_id) where user_id is not null;
create index suppression_number on queue.suppression (number) where number is not null;

-- What the queue needs to know of calls: one row an attempt, answered or not.
create table queue.attempt (
    id bigint generated always as identity,
    user_id bigint not null,
    number text not null,
    -- The queue the person was handed out from; none for manual dialling, which counts towards no queue's own cap.
    queue text,
    attempted_at timestamptz not null,
    disposition text,
    is_reached boolean not null default false,
    is_failed boolean not null default false,
    -- No call before then because of the disposition; it alone holds, without cooling-off, after busy and failed.
    delay_until timestamptz,
    replaces_cooling_off boolean not null default false,
    constraint attempt_pkey primary key (id),
    constraint attempt_queue_is_known check (queue in ('callbacks', 'unsigned_users', 'outstanding_requests')),
    constraint attempt_failed_is_not_reached check (not (is_reached and is_failed))
);
create index attempt_user on queue.attempt (user_id, attempted_at);
create index attempt_number on queue.attempt (number, attempted_at);

-- Every dial decision, placed, refused or impossible to make. Rows are never changed.
create table queue.decision (
    id uuid not null,
    made_at timestamptz not null,
    agent_id bigint not null,
    user_id bigint not null,
    lease_id bigint not null,
    purpose text not null,
    queue text not null,
    outcome text not null,
    is_saved_call boolean not null,
    -- The canonical bytes (UTF-8 JSON) and their SHA-256: what is printed, proved and sealed.
    record bytea not null,
    content_hash bytea not null,
    constraint decision_pkey primary key (id),
    constraint decision_purpose_is_known check (purpose in ('hand_out', 'return')),
    constraint decision_queue_is_known check (queue in ('callbacks', 'unsigned_users', 'outstanding_requests')),
    constraint decision_outcome_is_known check (outcome in ('callable', 'refused', 'unknown')),
    constraint decision_saved_call_was_refused check (not is_saved_call or outcome = 'refused'),
    constraint decision_hash_is_of_the_record check (content_hash = sha256(record))
);
create index decision_made on queue.decision (made_at);
create index decision_user on queue.decision (user_id, made_at);
create index decision_saved on queue.decision (made_at, agent_id) where is_saved_call;

-- The personal facts of a decision. The record holds only their salted commitment, so that erasing this row leaves the
-- record and its proof whole.
create table queue.decision_personal (
    decision_id uuid not null,
    salt bytea not null,
    facts bytea not null,
    constraint decision_personal_pkey primary key (decision_id),
    constraint decision_personal_decision_fkey foreign key (decision_id) references queue.decision (id),
    constraint decision_personal_salt_is_long check (length(salt) = 32)
);

create function queue.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'records of decisions are append-only';
end
$$;
create trigger decision_is_append_only before update or delete on queue.decision
    for each row execute function queue.refuse_change();
create trigger decision_is_never_truncated before truncate on queue.decision
    execute function queue.refuse_change();
create trigger decision_personal_is_never_edited before update on queue.decision_personal
    for each row execute function queue.refuse_change();

-- People let go without dialling.
create table queue.release (
    id bigint generated always as identity,
    lease_id bigint not null,
    user_id bigint not null,
    agent_id bigint not null,
    queue text not null,
    reason text not null,
    note text,
    released_at timestamptz not null,
    available_at timestamptz not null,
    constraint release_pkey primary key (id),
    constraint release_once_a_lease unique (lease_id),
    constraint release_reason_is_known check (
        reason in ('not_a_good_time', 'wrong_details', 'needs_supervisor', 'language', 'knows_this_person', 'other')
    ),
    constraint release_other_has_a_note check (reason <> 'other' or note is not null)
);
create index release_user on queue.release (user_id, released_at);

-- The ledger of discovery.
create table queue.discovery_run (
    id bigint generated always as identity,
    started_at timestamptz not null,
    ended_at timestamptz,
    failure text,
    users_read bigint not null default 0,
    unreadable bigint not null default 0,
    added bigint not null default 0,
    moved bigint not null default 0,
    changed bigint not null default 0,
    removed bigint not null default 0,
    kept bigint not null default 0,
    constraint discovery_run_pkey primary key (id),
    constraint discovery_run_failed_runs_have_ended check (failure is null or ended_at is not null)
);

-- What the dialler itself knows of one person and one number at an instant: the one definition, used by Call next for
-- one person and by discovery for those of a range who have any.
create function queue.own_facts(of_user bigint, of_number text, at timestamptz)
returns table (
    suppressions text[],
    attempts timestamptz[],
    attempts_queues text[],
    attempts_of_person boolean[],
    attempts_on_number boolean[],
    last_attempt_at timestamptz,
    last_disposition text,
    delay_until timestamptz,
    replaces_cooling_off boolean,
    failed_attempts bigint,
    put_back_until timestamptz
)
language sql stable
as $$
    select
        array(
            select s.kind
            from queue.suppression s
            where (s.user_id = of_user or s.number = of_number) and (s.ends_at is null or s.ends_at > at)
            order by s.id
        ),
        recent.ats,
        recent.queues,
        recent.of_person,
        recent.on_number,
        last.attempted_at,
        last.disposition,
        last.delay_until,
        coalesce(last.replaces_cooling_off, false),
        (
            select count(*)
            from queue.attempt f
            where f.user_id = of_user
                and f.is_failed
                and f.attempted_at > coalesce((select max(r.attempted_at) from queue.attempt r where r.user_id = of_user and r.is_reached), '-infinity')
        ),
        (select e.put_back_until from queue.entry e where e.user_id = of_user and e.put_back_until > at)
    from (
        select
            coalesce(array_agg(a.attempted_at order by a.id), '{}') as ats,
            coalesce(array_agg(a.queue order by a.id), '{}') as queues,
            coalesce(array_agg(a.user_id = of_user order by a.id), '{}') as of_person,
            coalesce(array_agg(a.number is not distinct from of_number order by a.id), '{}') as on_number
        from queue.attempt a
        where (a.user_id = of_user or a.number = of_number) and a.attempted_at > at - interval '8 days'
    ) recent
    left join lateral (
        select a.attempted_at, a.disposition, a.delay_until, a.replaces_cooling_off
        from queue.attempt a
        where a.user_id = of_user
        order by a.attempted_at desc, a.id desc
        limit 1
    ) last on true
$$;

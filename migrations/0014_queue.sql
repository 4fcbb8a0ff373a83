-- Consent to marketing calls about claims, on a number (PECR regulation 21A), with where it came from. Withdrawn, it stays on record.
create table queue.consent (
    id bigint generated always as identity,
    -- E.164.
    number text not null,
    given_at timestamptz not null,
    source text not null,
    withdrawn_at timestamptz,
    constraint consent_pkey primary key (id),
    constraint consent_has_a_source check (btrim(source) <> '')
);
create unique index consent_once on queue.consent (number) where withdrawn_at is null;

-- What the Telephone Preference Service said of a number, and when. A result older than 28 days counts as none.
create table queue.tps_screening (
    number text not null,
    screened_at timestamptz not null,
    is_listed boolean not null,
    constraint tps_screening_pkey primary key (number)
);

-- Who set an objection and who lifted it, and why. The dialler itself is nobody.
alter table queue.suppression
    add column created_by bigint,
    add column ended_by bigint,
    add column ended_reason text,
    add constraint suppression_end_is_whole check ((ended_by is null) = (ended_reason is null));

-- What has changed in the settings and why; none for those that came with the program.
alter table queue.settings add column reason text;

-- The columns are new at the end: the previous program names those it reads.
drop function queue.own_facts(bigint, text, timestamptz);
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
    put_back_until timestamptz,
    has_consent boolean,
    is_tps_listed boolean
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
        (select e.put_back_until from queue.entry e where e.user_id = of_user and e.put_back_until > at),
        exists (select from queue.consent c where c.number = of_number and c.given_at <= at and c.withdrawn_at is null),
        exists (
            select from queue.tps_screening t
            where t.number = of_number and t.is_listed and t.screened_at > at - interval '28 days'
        )
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

-- Whether nobody has decided what kind of contact a call from this queue is: then nobody is called from it.
create function queue.is_without_basis(of_queue text) returns boolean
language sql stable
as $$
    select coalesce(
        (
            select s.body #> array['contact_basis', of_queue] = 'null'::jsonb
            from queue.settings s
            order by s.version desc
            limit 1
        ),
        false
    )
$$;

-- Who looked at whom outside Call next (compliance, C19).
create table queue.viewing (
    id bigint generated always as identity,
    agent_id bigint not null,
    user_id bigint not null,
    viewed_at timestamptz not null,
    constraint viewing_pkey primary key (id)
);
create index viewing_user on queue.viewing (user_id, viewed_at);

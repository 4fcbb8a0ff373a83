-- A talk with somebody who rang us settles when they are rung next, as any other does; it is no attempt of ours, and no cap counts it.
alter table queue.attempt
    add column is_incoming boolean not null default false,
    -- None: withheld.
    alter column number drop not null,
    add constraint attempt_of_ours_has_its_number check (is_incoming or number is not null);

-- A promise that nobody of ours made by word: they rang, and nobody was free.
alter table queue.callback
    alter column created_by drop not null,
    add column is_return_call boolean not null default false,
    add constraint callback_is_made_by_somebody check (is_return_call or created_by is not null);

create or replace function queue.own_facts(of_user bigint, of_number text, at timestamptz)
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
        greatest(
            (select e.put_back_until from queue.entry e where e.user_id = of_user and e.put_back_until > at),
            (select r.available_at from queue.release r where r.user_id = of_user and r.available_at > at order by r.released_at desc limit 1)
        ),
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
        where (a.user_id = of_user or a.number = of_number) and a.attempted_at > at - interval '8 days' and not a.is_incoming
    ) recent
    left join lateral (
        select a.attempted_at, a.disposition, a.delay_until, a.replaces_cooling_off
        from queue.attempt a
        where a.user_id = of_user
        order by a.attempted_at desc, a.id desc
        limit 1
    ) last on true
$$;

create or replace view queue.published_event as
select user_id, made_at as at, agent_id, id as decision_id, outcome, is_saved_call, record,
    null::text as release_reason, null::text as note,
    null::text as callback_state, null::timestamptz as promised_at, null::timestamptz as attempted_at, false as is_retry,
    false as is_return_call
from queue.decision
where (purpose <> 'return' or outcome = 'refused')
    and had_effect
union all
select user_id, released_at, agent_id, null, null, false, null, reason, note, null, null, null, false, false
from queue.release
union all
select user_id, created_at, created_by, null, null, false, null, null, null, state, promised_at, attempted_at, retry_of is not null, is_return_call
from queue.callback;

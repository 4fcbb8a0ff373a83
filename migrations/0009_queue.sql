-- What supervisors paused: a queue, a lender or a solicitor, from the next request on, on every server.
create table queue.pause (
    id bigint generated always as identity,
    kind text not null,
    -- A queue's or a lender's code, a solicitor's name; in small letters, without outer spaces.
    name text not null,
    reason text not null,
    began_at timestamptz not null,
    began_by bigint not null,
    ended_at timestamptz,
    ended_by bigint,
    constraint pause_pkey primary key (id),
    constraint pause_kind_is_known check (kind in ('queue', 'lender', 'solicitor')),
    constraint pause_queue_is_known check (
        kind <> 'queue' or name in ('callbacks', 'unsigned_users', 'outstanding_requests')
    ),
    constraint pause_name_is_plain check (name not in ('', '-') and name = btrim(name)),
    constraint pause_has_a_reason check (btrim(reason) <> ''),
    constraint pause_end_is_whole check ((ended_at is null) = (ended_by is null))
);
create unique index pause_once on queue.pause (kind, name) where ended_at is null;

-- Of the claims that the call would be about, one place each in both arrays, '-' where there is none: what a pause is held against.
-- Their marks are kept, so that taking skips paused people inside the index, however many they are.
-- The defaults stay: the previous program runs on this schema too.
alter table queue.entry
    add column lenders text[] not null default '{}',
    add column solicitors text[] not null default '{}',
    add column is_paused boolean not null default false,
    add constraint entry_claims_are_whole check (cardinality(lenders) = cardinality(solicitors));
drop index queue.entry_next;
create index entry_next on queue.entry (kind, score, raw_sum, queued_at, user_id, available_at, is_paused) where leased_by is null;

-- Whether every claim that the call would be about is with a paused lender or a paused solicitor.
create function queue.is_paused(of_lenders text[], of_solicitors text[]) returns boolean
language sql stable
as $$
    select cardinality(of_lenders) > 0
        and not exists (
            select
            from unnest(of_lenders, of_solicitors) c (lender, solicitor)
            where not exists (
                select
                from queue.pause p
                where p.ended_at is null
                    and ((p.kind = 'lender' and p.name = c.lender) or (p.kind = 'solicitor' and p.name = c.solicitor))
            )
        )
$$;

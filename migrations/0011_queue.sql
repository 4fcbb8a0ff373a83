-- What a discovery ran for, how far it is, and what it found.
alter table queue.discovery_run
    -- Why it ran: somebody's button or command, the schedule, or a scheduler outside.
    add column cause text not null default 'command',
    add column started_by bigint,
    -- The hour it was due for; once each.
    add column scheduled_for timestamptz,
    -- It was about this queue alone.
    add column only_queue text,
    -- How many people with a need may not be rung, by queue and rule: {"unsigned_users": {"do_not_contact": 12}}.
    add column blocked jsonb not null default '{}',
    add constraint discovery_run_cause_is_known check (cause in ('command', 'button', 'schedule', 'outside')),
    add constraint discovery_run_queue_is_known check (only_queue in ('unsigned_users', 'outstanding_requests'));
-- A run that failed may be tried again in its hour.
create unique index discovery_run_once_an_hour on queue.discovery_run (scheduled_for) where failure is null;
create index discovery_run_started on queue.discovery_run (started_at);

-- Entries that a discovery found wrong and put right: whoever waited in the wrong queue, or in one at all.
create table queue.drift (
    run_id bigint not null,
    user_id bigint not null,
    was text not null,
    -- None: in no queue.
    belongs text,
    constraint drift_pkey primary key (run_id, user_id),
    constraint drift_run_fkey foreign key (run_id) references queue.discovery_run (id) on delete cascade,
    constraint drift_was_is_known check (was in ('unsigned_users', 'outstanding_requests')),
    constraint drift_belongs_is_known check (belongs in ('unsigned_users', 'outstanding_requests'))
);

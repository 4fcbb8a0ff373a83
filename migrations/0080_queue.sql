-- What stands where a status should on the claims platform and is none that the rules know, as each run of discovery found it: a list of
-- {of, status, count}.
alter table queue.discovery_run
    add column unknown_statuses jsonb not null default '[]';

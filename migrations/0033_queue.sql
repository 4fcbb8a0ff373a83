-- A pause may end by itself.
alter table queue.pause
    -- None: somebody resumes it.
    add column ends_at timestamptz,
    add constraint pause_ends_after_it_began check (ends_at > began_at);

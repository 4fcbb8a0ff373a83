-- Who of the staff has seen to a missed caller whom nobody knows, and when. None: nobody yet, or nobody had to.
alter table calls.incoming
    add column seen_to_by bigint,
    add column seen_to_at timestamptz,
    add constraint incoming_seen_to_is_whole check ((seen_to_by is null) = (seen_to_at is null));

-- A pause that has come to its end was ended by nobody.
alter table queue.pause
    drop constraint pause_end_is_whole,
    add constraint pause_is_ended_once_somebody_ended_it check (ended_by is null or ended_at is not null);

-- What a switchboard is to be asked for behind the number that was rung. Shown beside it, and never dialled.
alter table calls.call
    add column extension text,
    add constraint call_extension_is_digits check (extension ~ '^[0-9]{1,6}$');

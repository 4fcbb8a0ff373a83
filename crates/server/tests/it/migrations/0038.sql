-- A row as the program of migration 38 wrote it, in the table that it made.
insert into calls.disposition_change (disposition, changed_at, changed_by, before, after)
values ('contacted', '2026-11-24T09:20:00Z', 1, '{"label": "Nothing agreed"}', '{"label": "Spoke, nothing agreed"}');

-- The list of bank holidays, which came with the program until now, is data: each change is a version, and every server learns the newest
-- one. The program before this one does not know the tables and goes on by its own list.
create table queue.holiday_change (
    version bigint not null,
    kind text not null,
    changed_at timestamptz not null,
    -- None: it came with the program, or by a command.
    changed_by bigint,
    -- Of a list that was loaded: the file.
    source text,
    reason text,
    constraint holiday_change_pkey primary key (version),
    constraint holiday_change_version_is_positive check (version > 0),
    constraint holiday_change_kind_is_known check (kind in ('loaded', 'added', 'removed')),
    constraint holiday_change_loaded_has_a_source check (kind <> 'loaded' or source is not null)
);

-- Days without calls. A day that was removed stays, so that what the list said at any version can be told.
create table queue.holiday (
    id bigint generated always as identity,
    day date not null,
    name text not null,
    -- official: of the government's list; own: added by an administrator.
    source text not null,
    added_in bigint not null,
    removed_in bigint,
    constraint holiday_pkey primary key (id),
    constraint holiday_source_is_known check (source in ('official', 'own')),
    constraint holiday_added_in_fkey foreign key (added_in) references queue.holiday_change (version),
    constraint holiday_removed_in_fkey foreign key (removed_in) references queue.holiday_change (version),
    constraint holiday_is_removed_later check (removed_in > added_in)
);
create unique index holiday_once_a_day on queue.holiday (day) where removed_in is null;
create index holiday_added on queue.holiday (added_in);
create index holiday_removed on queue.holiday (removed_in) where removed_in is not null;

insert into queue.holiday_change (version, kind, changed_at, source)
values (1, 'loaded', '2026-11-21T00:00:00Z', 'bank-holidays.json of gov.uk, shipped with the dialler');
insert into queue.holiday (day, name, source, added_in)
select day::date, name, 'official', 1
from (values
    ('2025-01-01', 'New Year’s Day'),
    ('2025-04-18', 'Good Friday'),
    ('2025-04-21', 'Easter Monday'),
    ('2025-05-05', 'Early May bank holiday'),
    ('2025-05-26', 'Spring bank holiday'),
    ('2025-08-25', 'Summer bank holiday'),
    ('2025-12-25', 'Christmas Day'),
    ('2025-12-26', 'Boxing Day'),
    ('2026-01-01', 'New Year’s Day'),
    ('2026-04-03', 'Good Friday'),
    ('2026-04-06', 'Easter Monday'),
    ('2026-05-04', 'Early May bank holiday'),
    ('2026-05-25', 'Spring bank holiday'),
    ('2026-08-31', 'Summer bank holiday'),
    ('2026-12-25', 'Christmas Day'),
    ('2026-12-28', 'Boxing Day'),
    ('2027-01-01', 'New Year’s Day'),
    ('2027-03-26', 'Good Friday'),
    ('2027-03-29', 'Easter Monday'),
    ('2027-05-03', 'Early May bank holiday'),
    ('2027-05-31', 'Spring bank holiday'),
    ('2027-08-30', 'Summer bank holiday'),
    ('2027-12-27', 'Christmas Day'),
    ('2027-12-28', 'Boxing Day'),
    ('2028-01-03', 'New Year’s Day'),
    ('2028-04-14', 'Good Friday'),
    ('2028-04-17', 'Easter Monday'),
    ('2028-05-01', 'Early May bank holiday'),
    ('2028-05-29', 'Spring bank holiday'),
    ('2028-08-28', 'Summer bank holiday'),
    ('2028-12-25', 'Christmas Day'),
    ('2028-12-26', 'Boxing Day')
) shipped (day, name);

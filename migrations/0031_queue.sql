-- Leases come and go faster than autovacuum looks. Were the table given back to the file system whenever it is empty, statements would be planned
-- for an empty table, and read all of what has gone since: it keeps its pages, and has so many that an index is always the cheaper way.
alter table queue.lease set (fillfactor = 10, vacuum_truncate = off, autovacuum_vacuum_threshold = 500, autovacuum_analyze_threshold = 500);

-- Rows as the program of migration 32 wrote them, for the tables that it made.
insert into queue.rule_set (name, version, body, created_at) values ('mine', 1, '{"name": "mine", "version": 1}', '2026-11-24T09:00:00Z');

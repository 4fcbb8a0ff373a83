-- A supervisor who listened to a call, in the tables that migration 39 made.
insert into calls.monitoring (id, call_id, supervisor_id, mode, started_at, intent_expires_at, sid, joined_at, ended_at) values (
    '00000000-0000-7000-8000-0000000000a1', '00000000-0000-7000-8000-000000000002', 2, 'listen', '2026-11-23T16:01:00Z', '2026-11-23T16:01:10Z',
    'CA00000000000000000000000000000099', '2026-11-23T16:01:02Z', '2026-11-23T16:03:00Z'
);
insert into calls.monitoring_mode (monitoring_id, mode, since) values
    ('00000000-0000-7000-8000-0000000000a1', 'listen', '2026-11-23T16:01:02Z');

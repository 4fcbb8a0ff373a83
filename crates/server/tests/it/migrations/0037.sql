-- Rows as the program of migration 37 wrote them, in the tables that it made.
insert into calls.recording (
    sid, call_id, status, seconds, heard_at, next_try_at, failures, object_path, size_bytes, sha256, stored_at
) values (
    'RE00000000000000000000000000000001', '00000000-0000-7000-8000-000000000002', 'completed', 230, '2026-11-23T16:04:05Z', '2026-11-23T16:10:00Z',
    0, '2026/11/23/00000000-0000-7000-8000-000000000002-RE00000000000000000000000000000001.wav', 7360044,
    decode(repeat('ab', 32), 'hex'), '2026-11-23T16:04:07Z'
);
insert into calls.recording_access (sid, agent_id, at) values ('RE00000000000000000000000000000001', 2, '2026-11-24T09:10:00Z');

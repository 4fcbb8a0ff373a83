-- Why a recording was deleted, and a complaint that kept others, in the tables that migration 52 made.
insert into calls.recording_deletion (sid, decided_at, last_end_at, months, kept_until, claims) values (
    'RE00000000000000000000000000000001', '2028-01-10T09:00:00Z', '2026-11-24T09:00:00Z', 13, '2027-12-25T09:00:00Z', '[]'
);
insert into calls.recording_hold (user_id, reason, placed_at, ended_at) values (4, 'A complaint', '2026-11-24T09:00:00Z', '2026-11-24T10:00:00Z');

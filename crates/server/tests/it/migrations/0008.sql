-- What there is in a database that was migrated up to 0008 and worked with: something in every table.
insert into auth.agent (email, name, role, password_hash, created_at, intention, intention_since, seen_at, engagement, engaged_since) values
    ('robin@example.co.uk', 'Robin Tester', 'agent', '', '2026-11-02T09:00:00Z', 'available', '2026-11-24T09:00:00Z', null, null, null),
    ('sam@example.co.uk', 'Sam Tester', 'agent', '', '2026-11-02T09:00:00Z', 'available', '2026-11-24T09:00:00Z', null, null, null),
    ('alex@example.co.uk', 'Alex Tester', 'supervisor', '', '2026-11-02T09:00:00Z', 'available', '2026-11-24T09:00:00Z', null, null, null);
insert into auth.session (id_hash, agent_id, created_at, last_seen_at, expires_at, ended_at, ended_reason)
values (sha256('a session'), 1, '2026-11-23T09:00:00Z', '2026-11-23T17:00:00Z', '2026-11-23T19:00:00Z', '2026-11-23T17:00:00Z', 'signed_out');
insert into auth.sign_in_failure (account_hash, address, failed_at) values (sha256('somebody'), '192.0.2.7', '2026-11-23T08:59:00Z');
insert into server.clock (machine_at, business_at) values ('2026-11-23T09:00:00Z', '2026-11-23T09:00:00Z');

-- 1 waits. 2 is held by Sam. 3 was promised a call by Robin, and waits too. 4 was rung the day before. 5 objected.
insert into queue.entry (user_id, kind, score, raw_sum, queued_at, available_at, put_back_until, number, facts_read_at, leased_by, leased_until) values
    (1, 'unsigned_users', 10, 10, '2026-11-23T09:00:00Z', '2026-11-23T09:00:00Z', null, '+447700900101', '2026-11-24T09:00:00Z', null, null),
    (2, 'unsigned_users', 20, 20, '2026-11-23T09:00:00Z', '2026-11-23T09:00:00Z', null, '+447700900102', '2026-11-24T09:00:00Z', 2, '2026-11-24T10:38:00Z'),
    (3, 'outstanding_requests', 0, -5, '2026-11-23T09:00:00Z', '2026-11-24T10:25:00Z', null, '+447700900103', '2026-11-24T09:00:00Z', null, null),
    (4, 'unsigned_users', 30, 30, '2026-11-20T09:00:00Z', '2026-11-25T10:00:00Z', '2026-11-23T15:30:00Z', '+447700900104', '2026-11-24T09:00:00Z', null, null);
insert into queue.suppression (user_id, number, kind, reason, source, created_at, ends_at) values
    (5, '+447700900105', 'do_not_contact', 'do_not_contact', 'call 00000000-0000-7000-8000-000000000001', '2026-11-20T10:00:00Z', null),
    (null, '+447700900199', 'bad_number', 'wrong_number', 'call 00000000-0000-7000-8000-000000000001', '2026-11-20T10:00:00Z', null);
insert into queue.attempt (user_id, number, queue, attempted_at, disposition, is_reached, is_failed, delay_until, replaces_cooling_off, call_id) values
    (4, '+447700900104', 'unsigned_users', '2026-11-23T16:00:00Z', 'going_to_complete', true, false, '2026-11-25T10:00:00Z', false, '00000000-0000-7000-8000-000000000002'),
    (3, '+447700900103', null, '2026-11-10T16:00:00Z', 'no_answer', false, true, null, false, null);
insert into queue.release (lease_id, user_id, agent_id, queue, reason, note, released_at, available_at)
values (90, 4, 1, 'unsigned_users', 'other', 'At work until three', '2026-11-23T15:00:00Z', '2026-11-23T15:30:00Z');
insert into queue.discovery_run (started_at, ended_at, failure, users_read, added) values
    ('2026-11-23T09:00:00Z', '2026-11-23T09:00:02Z', null, 5, 4),
    ('2026-11-23T10:00:00Z', '2026-11-23T10:00:01Z', 'the replica failed', 0, 0);
insert into queue.callback (user_id, reason, promised_at, promised_wall_time, preferred_agent_id, available_at, state, attempted_at, created_at, created_by) values
    (3, 'requirements', '2026-11-24T10:25:00Z', '2026-11-24T10:25:00', 1, '2026-11-24T10:25:00Z', 'scheduled', null, '2026-11-23T16:30:00Z', 1),
    (4, 'user_asked', '2026-11-23T16:00:00Z', '2026-11-23T16:00:00', 1, '2026-11-23T16:00:00Z', 'kept', '2026-11-23T16:00:00Z', '2026-11-20T16:00:00Z', 1);

with said (id, made_at, agent_id, user_id, lease_id, purpose, outcome, is_saved_call, reasons, facts) as (
    values
        ('00000000-0000-7000-8000-00000000000a'::uuid, '2026-11-24T10:28:00Z'::timestamptz, 2, 2, 1, 'hand_out', 'callable', false,
            '[]', '{"name":"Ada Byron","number":"+447700900102"}'),
        ('00000000-0000-7000-8000-00000000000b', '2026-11-23T15:10:00Z', 1, 1, 91, 'hand_out', 'refused', true,
            '[{"code":"nothing_to_call_about"}]', '{"name":"Priya Raman","number":"+447700900101"}')
),
written as (
    select said.*, decode(repeat('5a', 32), 'hex') as salt,
        convert_to(
            format(
                '{"decision_id":"%s","made_at":"%s","agent_id":"%s","user_id":"%s","lease_id":"%s","purpose":"%s","queue":"unsigned_users",'
                    '"need":%s,"outcome":"%s","reasons":%s,"personal_commitment":"%s"}',
                id, to_char(made_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), agent_id, user_id, lease_id, purpose,
                case when is_saved_call then 'null' else '"unsigned_users"' end, outcome, reasons,
                encode(sha256(decode(repeat('5a', 32), 'hex') || convert_to(facts, 'UTF8')), 'hex')
            ),
            'UTF8'
        ) as record
    from said
),
decided as (
    insert into queue.decision (id, made_at, agent_id, user_id, lease_id, purpose, queue, outcome, is_saved_call, record, content_hash)
    select id, made_at, agent_id, user_id, lease_id, purpose, 'unsigned_users', outcome, is_saved_call, record, sha256(record) from written
)
insert into queue.decision_personal (decision_id, salt, facts) select id, salt, convert_to(facts, 'UTF8') from written;
insert into queue.lease (user_id, agent_id, kind, taken_at, expires_at, decision_id)
values (2, 2, 'unsigned_users', '2026-11-24T10:28:00Z', '2026-11-24T10:38:00Z', '00000000-0000-7000-8000-00000000000a');

insert into calls.call (
    id, agent_id, user_id, lease_id, queue, user_name, state, state_since, created_at, intent_expires_at, number, decision_id, answered_at, ended_at,
    end_reason, notes, closed_at
) values (
    '00000000-0000-7000-8000-000000000002', 1, 4, 92, 'unsigned_users', 'Owen Pritchard', 'ended', '2026-11-23T16:04:00Z', '2026-11-23T15:59:50Z',
    '2026-11-23T16:00:00Z', '+447700900104', '00000000-0000-7000-8000-00000000000c', '2026-11-23T16:00:10Z', '2026-11-23T16:04:00Z', 'by_person',
    'Will sign tonight', '2026-11-23T16:05:00Z'
);
insert into calls.leg (sid, call_id, party, created_at, ended_at, status, duration_seconds) values
    ('CA00000000000000000000000000000001', '00000000-0000-7000-8000-000000000002', 'agent', '2026-11-23T15:59:55Z', '2026-11-23T16:04:00Z', 'completed', 245),
    ('CA00000000000000000000000000000002', '00000000-0000-7000-8000-000000000002', 'person', '2026-11-23T16:00:00Z', '2026-11-23T16:04:00Z', 'completed', 230);
insert into calls.event (call_id, received_at, source, sid, name, sequence)
values ('00000000-0000-7000-8000-000000000002', '2026-11-23T16:00:10Z', 'leg', 'CA00000000000000000000000000000002', 'in-progress', 2);
insert into calls.superseded_outcome (call_id, disposition, notes, recorded_at, recorded_by, superseded_at)
values ('00000000-0000-7000-8000-000000000002', 'not_recorded', '', '2026-11-23T16:06:00Z', null, '2026-11-23T16:10:00Z');
insert into calls.outcome (call_id, disposition, notes, recorded_at, recorded_by)
values ('00000000-0000-7000-8000-000000000002', 'going_to_complete', 'Will sign tonight', '2026-11-23T16:10:00Z', 1);

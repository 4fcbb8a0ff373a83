-- Sam signed in and was made a supervisor by a command, and somebody guessed, in the words of migration 96.
insert into auth.event (at, kind, agent_id, account_hash, by_agent_id, is_command, address, browser, detail) values
    ('2026-11-24T08:57:00Z', 'signed_in', 2, null, 2, false, '192.0.2.7', 'Mozilla/5.0', null),
    ('2026-11-24T08:58:00Z', 'role_changed', 2, null, null, true, null, null, 'agent → supervisor'),
    ('2026-11-24T08:59:00Z', 'sign_in_failed', null, sha256('nobody'), null, false, '192.0.2.8', null, null);

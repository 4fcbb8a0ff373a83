-- A day of an agent in the words of migration 50: signed in again in the same browser, and away from a silent page.
insert into auth.presence (agent_id, since, state) values
    (2, '2026-11-24T08:58:00Z', 'available'), (2, '2026-11-24T09:20:30Z', 'unreachable'), (2, '2026-11-24T09:25:00Z', 'break');
insert into auth.session (id_hash, agent_id, created_at, last_seen_at, expires_at, ended_at, ended_reason) values (
    decode(repeat('cd', 32), 'hex'), 2, '2026-11-24T08:57:00Z', '2026-11-24T08:58:00Z', '2026-11-24T10:58:00Z', '2026-11-24T08:58:00Z', 'replaced'
);

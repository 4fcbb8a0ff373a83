-- Sam is known in a browser, where a password was wrong, in the words of migration 95.
insert into auth.known_browser (token_hash, agent_id, created_at, last_used_at, expires_at) values (
    decode(repeat('ef', 32), 'hex'), 2, '2026-11-24T08:57:00Z', '2026-11-24T08:57:00Z', '2027-11-24T08:57:00Z'
);
insert into auth.sign_in_failure (account_hash, address, browser_hash, failed_at) values (
    sha256('somebody'), '192.0.2.7', decode(repeat('ef', 32), 'hex'), '2026-11-24T08:56:00Z'
);

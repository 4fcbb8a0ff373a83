-- What there is besides in one that was migrated up to 0015: something in every table that is new since 0008.
insert into queue.pause (kind, name, reason, began_at, began_by, ended_at, ended_by) values
    ('lender', 'lloyds', 'Asked by the lender', '2026-11-23T09:00:00Z', 3, '2026-11-23T12:00:00Z', 3),
    ('solicitor', 'hill & co', 'Audit', '2026-11-23T09:00:00Z', 3, null, null);
insert into queue.drift (run_id, user_id, was, belongs) values (1, 4, 'outstanding_requests', 'unsigned_users');
insert into queue.consent (number, given_at, source) values ('+447700900101', '2026-11-01T09:00:00Z', 'web form');
insert into queue.tps_screening (number, screened_at, is_listed) values ('+447700900102', '2026-11-20T09:00:00Z', true);
insert into queue.viewing (agent_id, user_id, viewed_at) values (3, 4, '2026-11-23T17:00:00Z');
update queue.entry set lenders = '{santander}', solicitors = '{hill & co}' where user_id in (3, 4);

-- Both decisions are sealed, in the order of their ids.
with leaves as (
    select sha256('\x00' || content_hash) as leaf from queue.decision order by id
),
root as (
    select sha256('\x01' || (array_agg(leaf))[1] || (array_agg(leaf))[2]) as root from leaves
)
insert into queue.block (number, previous_hash, merkle_root, decision_count, sealed_at, hash, searched_xid, searched_id, cluster)
select 1, decode(repeat('00', 32), 'hex'), root, 2, '2026-11-24T10:29:00Z',
    sha256(
        convert_to(
            format(
                E'dialler block 1\nnumber 1\nprevious %s\nroot %s\ndecisions 2\nsealed_at 2026-11-24T10:29:00.000000Z\n',
                repeat('00', 32), encode(root, 'hex')
            ),
            'UTF8'
        )
    ),
    pg_current_xact_id(), '00000000-0000-0000-0000-000000000000', (select system_identifier from pg_control_system())
from root;
insert into queue.sealed (decision_id, block_number, position) select id, 1, row_number() over (order by id) - 1 from queue.decision;

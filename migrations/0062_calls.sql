-- The history of whoever handed a call over.
create index transfer_passed_by on calls.transfer (from_agent_id) where state = 'passed';

-- Of those who have a caller's number, those who may be rung back, as it was when they rang: what the caller is told rests on it.
alter table calls.incoming add column may_be_rung_back bigint[] not null default '{}';
update calls.incoming set may_be_rung_back = users;
alter table calls.incoming alter column may_be_rung_back drop default;

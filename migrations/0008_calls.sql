-- A supervisor looks at what was said (rules, Dispositions).
alter table calls.disposition add column wants_review boolean not null default false;
update calls.disposition set wants_review = true where code in ('no_claim', 'vulnerable');

-- What an agent has still to say.
create index outcome_not_recorded on calls.outcome (recorded_at) where disposition = 'not_recorded' and recorded_by is null;

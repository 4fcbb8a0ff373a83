-- Whether the claims platform has said whose number it is that rang: while it did not answer, nobody was promised a call, and who it was is
-- looked up later. The program before this one does not ask.
alter table calls.incoming add column is_looked_up boolean not null default true;
create index incoming_not_looked_up on calls.incoming (arrived_at) where not is_looked_up;

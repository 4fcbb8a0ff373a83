-- Whether anything came of a decision. False when the lease was lost while the facts were read: another window of the same agent was
-- quicker, or the time ran out.
-- The default stays: the previous program runs on this schema too, and writes decisions without the column.
alter table queue.decision add column had_effect boolean not null default true;
alter table queue.decision drop constraint decision_saved_call_was_refused;
alter table queue.decision
    add constraint decision_saved_call_was_refused check (not is_saved_call or (outcome = 'refused' and had_effect));

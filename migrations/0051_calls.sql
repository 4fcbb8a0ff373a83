-- The words that tell a person that the call is recorded, as they were when the call began, and when its agent ticked that they were said
-- (compliance, C10). Of earlier calls nobody was asked.
alter table calls.call
    add column notice_words text,
    add column notice_given_at timestamptz,
    add constraint call_notice_given_was_asked_for check (notice_given_at is null or notice_words is not null);

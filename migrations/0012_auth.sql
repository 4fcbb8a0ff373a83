-- The queues that an agent may take people from; none: all of them.
alter table auth.agent
    add column queues text[],
    add constraint agent_queues_are_known check (
        queues <@ array['callbacks', 'unsigned_users', 'outstanding_requests'] and cardinality(queues) > 0
    );

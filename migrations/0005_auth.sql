-- What an agent is doing beside what they want: on a call, or recording what came of one. Written with the call, in its transaction.
-- Kept apart from the intention, so that a failed call never changes what the agent wanted.
alter table auth.agent
    add column engagement text,
    add column engaged_since timestamptz,
    add constraint agent_engagement_is_known check (engagement in ('on_call', 'wrap_up')),
    add constraint agent_engagement_is_whole check ((engagement is null) = (engaged_since is null));

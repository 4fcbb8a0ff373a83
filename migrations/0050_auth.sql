-- What agents were, from when to when. A stretch lasts until the next one of the same agent begins: so there is neither a gap nor an
-- overlap. Only written by the triggers below, with whatever changes the agent. All times are the machine's.
create table auth.presence (
    agent_id bigint not null,
    since timestamptz not null,
    state text not null,
    constraint presence_pkey primary key (agent_id, since),
    constraint presence_agent_fkey foreign key (agent_id) references auth.agent (id),
    constraint presence_state_is_known check (state in ('available', 'break', 'offline', 'on_call', 'wrap_up', 'unreachable'))
);

-- Since when the agent is what they are, silence apart: not since when they want it, which is intention_since.
alter table auth.agent add column state_since timestamptz;
update auth.agent set state_since = coalesce(engaged_since, intention_since);
alter table auth.agent alter column state_since set not null;
insert into auth.presence (agent_id, since, state)
select id, state_since, coalesce(engagement, intention)
from auth.agent;

create function auth.begin_presence() returns trigger language plpgsql as $$
begin
    new.state_since := coalesce(new.engaged_since, new.intention_since);
    return new;
end
$$;
create trigger agent_begins before insert on auth.agent
for each row execute function auth.begin_presence();

create function auth.note_first_presence() returns trigger language plpgsql as $$
begin
    insert into auth.presence (agent_id, since, state)
    values (new.id, new.state_since, coalesce(new.engagement, new.intention));
    return null;
end
$$;
create trigger agent_has_begun after insert on auth.agent
for each row execute function auth.note_first_presence();

-- A trigger, because it reads what others have just written to the row that it waited for; a part of the statement would not.
create function auth.note_presence() returns trigger language plpgsql as $$
declare
    was constant text := coalesce(old.engagement, old.intention);
    is_now constant text := coalesce(new.engagement, new.intention);
    begun timestamptz := case
        -- Heard again after a silence.
        when is_now = was then new.seen_at
        when new.engagement is not null then new.engaged_since
        else greatest(new.intention_since, new.state_since)
    end;
    -- As presence::UNREACHABLE_AFTER says.
    lost constant timestamptz := greatest(coalesce(old.seen_at, old.state_since) + interval '30 seconds', old.state_since);
begin
    -- The clocks of two servers may differ; what was is not written anew.
    begun := greatest(begun, old.state_since);
    if was in ('available', 'break') and lost < begun then
        insert into auth.presence (agent_id, since, state)
        values (new.id, lost, 'unreachable')
        on conflict on constraint presence_pkey do update set state = excluded.state;
    elsif is_now = was then
        -- Silent while on a call or offline: nothing has changed.
        return new;
    end if;
    -- What did not last is not kept.
    insert into auth.presence (agent_id, since, state)
    values (new.id, begun, is_now)
    on conflict on constraint presence_pkey do update set state = excluded.state;
    new.state_since := begun;
    return new;
end
$$;
create trigger agent_changes before update on auth.agent
for each row when (
    new.engagement is distinct from old.engagement
    or new.intention <> old.intention
    or new.seen_at > coalesce(old.seen_at, old.state_since) + interval '30 seconds'
)
execute function auth.note_presence();

-- Sessions say how they ended: also by signing in anew in the same browser, and by the end of a working day and a half.
alter table auth.session drop constraint session_ended_reason_is_known;
alter table auth.session add constraint session_ended_reason_is_known check (
    ended_reason in ('signed_out', 'replaced', 'lost_connection', 'expired', 'deactivated', 'password_reset')
);
create index session_of_agent on auth.session (agent_id, created_at);

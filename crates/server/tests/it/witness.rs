//! A witness: triggers in PostgreSQL that write down when every lease began, how long it was to last, and when and how it ended, whichever
//! statement of whichever program did it. The product deletes leases; what it says of them itself proves nothing about it.

use chrono::TimeDelta;
use kernel::{Clock, machine_now};
use sqlx::PgPool;

const TESTIMONY: [&str; 5] = [
    "create schema witness",
    // By the business clock, as PostgreSQL shows it while it writes.
    "create table witness.lease (
        id bigint primary key, user_id bigint not null, agent_id bigint not null,
        began_at timestamptz not null, expires_at timestamptz not null, ended_at timestamptz, intention_at_end text
    )",
    "create function witness.business_now() returns timestamptz language sql volatile as $$
        select clock_timestamp() + coalesce((select business_at - machine_at from server.clock), interval '0')
    $$",
    "create function witness.note() returns trigger language plpgsql as $$
    begin
        if tg_op = 'INSERT' then
            insert into witness.lease values (new.id, new.user_id, new.agent_id, witness.business_now(), new.expires_at);
        elsif tg_op = 'UPDATE' then
            update witness.lease set expires_at = new.expires_at where id = new.id;
        else
            update witness.lease
            set ended_at = witness.business_now(), intention_at_end = (select intention from auth.agent where id = old.agent_id)
            where id = old.id;
        end if;
        return null;
    end $$",
    "create trigger witness after insert or update or delete on queue.lease for each row execute function witness.note()",
];

/// What must never be found, each with a statement that says of whom it is true.
const NEVER: [(&str, &str); 6] = [
    (
        "one person was held by two agents at an instant",
        "select format('user %s: lease %s of agent %s, lease %s of agent %s', a.user_id, a.id, a.agent_id, b.id, b.agent_id)
         from witness.lease a
         join witness.lease b on b.user_id = a.user_id
            and b.id > a.id
            and tstzrange(b.began_at, b.ended_at) && tstzrange(a.began_at, a.ended_at)",
    ),
    (
        "one agent held two people at an instant",
        "select format('agent %s: lease %s of user %s, lease %s of user %s', a.agent_id, a.id, a.user_id, b.id, b.user_id)
         from witness.lease a
         join witness.lease b on b.agent_id = a.agent_id
            and b.id > a.id
            and tstzrange(b.began_at, b.ended_at) && tstzrange(a.began_at, a.ended_at)",
    ),
    (
        "an agent was given somebody whom they did not hold at that instant",
        // The tests' clock is moved by a few microseconds more or less than PostgreSQL is told.
        "select format('decision %s of agent %s about user %s under lease %s', d.id, d.agent_id, d.user_id, d.lease_id)
         from queue.decision d
         where d.outcome = 'callable'
            and d.had_effect
            and not exists (
                select
                from witness.lease l
                where l.id = d.lease_id
                    and l.user_id = d.user_id
                    and l.agent_id = d.agent_id
                    and d.made_at >= l.began_at - interval '10 milliseconds'
                    and d.made_at <= coalesce(l.ended_at, 'infinity')
            )",
    ),
    (
        "somebody was taken from an agent who was there, before their time was over",
        "select format('lease %s of agent %s, of user %s', l.id, l.agent_id, l.user_id)
         from witness.lease l
         where l.ended_at < l.expires_at
            and l.intention_at_end is distinct from 'offline'
            and not exists (select from queue.release r where r.lease_id = l.id)
            and not exists (select from queue.decision d where d.lease_id = l.id and d.outcome <> 'callable' and d.had_effect)",
    ),
    (
        "somebody was passed over without a reason",
        "select format('decision %s about user %s', d.id, d.user_id)
         from queue.decision d
         cross join lateral (select convert_from(d.record, 'UTF8')::jsonb as r) said
         where d.outcome = 'refused'
            and jsonb_array_length(said.r->'reasons') = 0
            -- Another queue is a reason too, and so is none.
            and said.r->>'need' is not distinct from d.queue",
    ),
    (
        "an entry's mark and the leases did not agree",
        // A lease needs no entry: somebody can be taken by name while another's check takes them out of the queue.
        "select format('user %s', e.user_id)
         from queue.entry e
         left join queue.lease l on l.user_id = e.user_id
         where e.leased_by is distinct from l.agent_id",
    ),
];

pub struct Witness {
    pool: PgPool,
}

impl Witness {
    /// Watches the leases of this database from now on. `clock` is the business clock of a server inside the test; a server outside of it
    /// keeps its own in the database.
    pub async fn watching(pool: &PgPool, clock: Option<&Clock>) -> Self {
        for statement in TESTIMONY {
            sqlx::query(statement).execute(pool).await.unwrap();
        }
        let witness = Self { pool: pool.clone() };
        if let Some(clock) = clock {
            witness.advance(clock, TimeDelta::zero()).await;
        }
        witness
    }

    /// Moves the clock on while nothing happens.
    pub async fn advance(&self, clock: &Clock, distance: TimeDelta) {
        clock.advance(distance);
        sqlx::query(
            "insert into server.clock (machine_at, business_at) values ($1, $2)
             on conflict on constraint clock_pkey do update set machine_at = excluded.machine_at, business_at = excluded.business_at",
        )
        .bind(machine_now())
        .bind(clock.now())
        .execute(&self.pool)
        .await
        .unwrap();
    }

    /// Fails when anything was seen that must never be.
    pub async fn saw_nothing_wrong(&self) {
        let mut wrong = Vec::new();
        for (what, of_whom) in NEVER {
            let found: Vec<String> = sqlx::query_scalar(of_whom).fetch_all(&self.pool).await.unwrap();
            if !found.is_empty() {
                wrong.push(format!("{what}, {} times: {:?}", found.len(), &found[..found.len().min(3)]));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

//! What the records of a day must never show. These statements share nothing with the product: the rules are written down here once more,
//! as docs/rules.md has them, and held against what was stored.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::ensure;
use chrono::{DateTime, Utc};
use sqlx::PgPool;

/// The day's attempts with what the rules are about, in a schema of their own.
const PREPARE: [&str; 9] = [
    "create schema inspection",
    "create table inspection.settled (user_id bigint, at timestamptz, queue text)",
    "create table inspection.rung (sid text, number text)",
    "create table inspection.delay (disposition text, hours integer)",
    "insert into inspection.delay values
        ('completed', 24), ('going_to_complete', 72), ('might_complete', 24), ('contacted', 24), ('not_interested', 672), ('no_answer', 4),
        ('left_voicemail', 8), ('busy', 2), ('wrong_number', 48), ('hung_up', 4), ('no_claim', 672), ('language_barrier', 24),
        ('vulnerable', 72), ('failed', 1), ('not_recorded', 4)",
    "create table inspection.attempt as
        select said.*,
            -- A promise that the person asked for is free of caps and cooling-off, once a day.
            is_promise and row_number() over (partition by user_id, day, is_promise order by attempted_at) = 1 as is_exempt
        from (
            select a.id, a.user_id, a.number, a.queue, a.attempted_at, a.call_id,
                (a.attempted_at at time zone 'Europe/London')::date as day,
                (a.attempted_at at time zone 'Europe/London')::time as wall,
                a.queue = 'callbacks' and exists (
                    select
                    from queue.callback c
                    where c.user_id = a.user_id and c.reason = 'user_asked' and c.attempted_at = a.attempted_at
                ) as is_promise,
                -- One more try when nobody answered a promise is free of cooling-off.
                a.queue = 'callbacks' and exists (
                    select
                    from queue.callback c
                    where c.user_id = a.user_id and c.retry_of is not null and c.attempted_at = a.attempted_at
                ) as is_retry,
                coalesce(o.disposition, a.disposition) as disposition,
                coalesce(o.recorded_at, a.attempted_at) as recorded_at,
                o.callback_at
            from queue.attempt a
            left join calls.outcome o on o.call_id = a.call_id
        ) said",
    "create index on inspection.attempt (user_id, attempted_at)",
    "create index on inspection.attempt (number, attempted_at)",
    "analyze inspection.attempt",
];

/// Each with a statement that says where it was so, and with one that makes it so: a rule that would not see its own breach proves nothing.
const NEVER: [(&str, &str, &str); 14] = [
    (
        "somebody was rung more often than a day or seven days allow, as a person, on a number or from a queue",
        "select format('attempt %s of user %s', a.id, a.user_id)
         from inspection.attempt a
         cross join lateral (
            select count(*) filter (where b.day = a.day) as today,
                count(*) filter (where b.day = a.day and b.queue = a.queue) as from_queue,
                count(*) filter (where b.attempted_at > a.attempted_at - interval '7 days' + interval '2 seconds') as in_7_days
            from inspection.attempt b
            where b.user_id = a.user_id and b.attempted_at < a.attempted_at
         ) person
         cross join lateral (
            select count(*) filter (where b.day = a.day) as today,
                count(*) filter (where b.attempted_at > a.attempted_at - interval '7 days' + interval '2 seconds') as in_7_days
            from inspection.attempt b
            where b.number = a.number and b.attempted_at < a.attempted_at
         ) number
         where a.call_id is not null
            and not a.is_exempt
            and (
                greatest(person.today, number.today) >= 3
                or greatest(person.in_7_days, number.in_7_days) >= 10
                or person.from_queue >= case a.queue when 'unsigned_users' then 3 else 2 end
            )",
        "insert into inspection.attempt
         select id, user_id, number, queue, attempted_at - make_interval(secs => n), null, day, wall, false, false, disposition, recorded_at, null, false
         from (select * from inspection.attempt where call_id is not null and not is_exempt limit 1) rung
         cross join generate_series(1, 3) n",
    ),
    (
        "somebody was rung too soon after the call before",
        "select format('attempt %s of user %s from %s: %s after %s', a.id, a.user_id, a.queue, a.attempted_at, before)
         from inspection.attempt a
         cross join lateral (
            select b.attempted_at, b.recorded_at, b.disposition, b.callback_at
            from inspection.attempt b
            where b.user_id = a.user_id and b.attempted_at < a.attempted_at
            order by b.attempted_at desc
            limit 1
         ) before
         left join inspection.delay d on d.disposition = before.disposition
         where a.call_id is not null
            and not a.is_exempt
            and not a.is_retry
            and a.attempted_at < greatest(
                case
                    when before.disposition in ('busy', 'failed') then null
                    when a.queue = 'unsigned_users' then before.attempted_at + interval '4 hours'
                    when a.queue = 'outstanding_requests' then before.attempted_at + interval '6 hours'
                end,
                case before.disposition
                    when 'callback_requested' then before.callback_at
                    else before.recorded_at + make_interval(hours => d.hours)
                end
            )",
        "insert into inspection.attempt
         select id, user_id, number, queue, attempted_at - interval '1 minute', null, day, wall, false, false, 'no_answer', recorded_at, null, false
         from inspection.attempt
         where call_id is not null and not is_exempt and not is_retry
         limit 1",
    ),
    (
        "somebody was rung outside calling hours",
        "select format('attempt %s at %s on %s', id, wall, day)
         from inspection.attempt
         where call_id is not null
            and not (
                wall >= case extract(isodow from day) when 6 then '10:00'::time else '09:00' end
                and wall < case extract(isodow from day) when 7 then '00:00'::time when 6 then '17:00' else '20:00' end
            )",
        "update inspection.attempt set wall = '21:00' where id = (select max(id) from inspection.attempt where call_id is not null)",
    ),
    (
        "somebody was rung after an objection of the person or on the number",
        "select format('attempt %s of user %s, suppression %s', a.id, a.user_id, s.id)
         from inspection.attempt a
         join queue.suppression s on (s.user_id = a.user_id or s.number = a.number) and s.created_at <= a.attempted_at
         where a.call_id is not null and (s.ends_at is null or s.ends_at > a.attempted_at)",
        "insert into queue.suppression (number, kind, reason, source, created_at)
         select number, 'opted_out', 'asked', 'planted', attempted_at from inspection.attempt where call_id is not null limit 1",
    ),
    (
        "somebody was rung who had said never again, or a number that was said to be wrong",
        "select format('attempt %s of user %s, attempt %s: %s', a.id, a.user_id, b.id, b.disposition)
         from inspection.attempt a
         join inspection.attempt b on b.attempted_at < a.attempted_at
            and (
                b.disposition = 'do_not_contact' and (b.user_id = a.user_id or b.number = a.number)
                or b.disposition = 'wrong_number' and b.number = a.number
            )
         where a.call_id is not null",
        "update inspection.attempt set disposition = 'do_not_contact'
         where id = (
            select a.id
            from inspection.attempt a
            join inspection.attempt b on b.user_id = a.user_id and b.attempted_at > a.attempted_at
            where b.call_id is not null
            limit 1
         )",
    ),
    (
        "somebody was rung for what they had done, or at all after they were disabled or their claims closed",
        "select format('attempt %s of user %s, settled at %s', a.id, a.user_id, s.at)
         from inspection.attempt a
         join inspection.settled s on s.user_id = a.user_id and s.at < a.attempted_at and coalesce(s.queue, a.queue) = a.queue
         where a.call_id is not null",
        "insert into inspection.settled
         select user_id, attempted_at - interval '1 second', queue from inspection.attempt where call_id is not null limit 1",
    ),
    (
        "somebody was rung without a decision on them, this agent and this number, with facts read at most two seconds before",
        "select format('call %s', c.id)
         from calls.call c
         join queue.attempt a on a.call_id = c.id
         left join queue.decision d on d.id = c.decision_id
         left join queue.decision_personal p on p.decision_id = d.id
         left join lateral (select convert_from(d.record, 'UTF8')::jsonb as r, convert_from(p.facts, 'UTF8')::jsonb as personal) said on true
         where not coalesce(
            (d.purpose, d.outcome, d.had_effect) = ('dial', 'callable', true)
                and (d.user_id, d.agent_id, d.lease_id) = (c.user_id, c.agent_id, c.lease_id)
                and (a.user_id, a.number, a.queue) = (c.user_id, c.number, c.queue)
                and (said.r->'replica'->>'asked_at')::timestamptz between a.attempted_at - interval '2 seconds' and a.attempted_at
                and (said.r->'replica'->>'lag_millis')::bigint <= 5000
                and (said.r->'platform'->>'is_enabled')::bool
                and said.personal->>'number' = a.number,
            false
         )",
        "update queue.attempt set attempted_at = attempted_at + interval '3 seconds'
         where id = (select max(id) from queue.attempt where call_id is not null)",
    ),
    (
        "the carrier rang a number that no attempt stands for, or an attempt rang nobody",
        "select format('leg %s, attempt %s', r.sid, a.id)
         from inspection.rung r
         left join calls.leg l on l.sid = r.sid and l.party = 'person'
         full join inspection.attempt a on a.call_id = l.call_id and a.number = r.number
         where (r.sid is null and a.call_id is not null) or (r.sid is not null and a.id is null)",
        "update inspection.rung set number = '+447700900000' where sid = (select max(sid) from inspection.rung)",
    ),
    (
        "two calls to one number or with one person at an instant",
        "select format('call %s', call_id)
         from (
            select a.call_id, a.attempted_at,
                lag(c.ended_at) over (partition by a.number order by a.attempted_at) as number_free,
                lag(c.ended_at) over (partition by a.user_id order by a.attempted_at) as person_free
            from queue.attempt a
            join calls.call c on c.id = a.call_id
         ) rung
         where greatest(number_free, person_free) > attempted_at",
        "update calls.call set ended_at = ended_at + interval '1 day'",
    ),
    (
        "a promise was said to be kept or missed and was not",
        "select format('callback %s', id)
         from queue.callback
         where state in ('kept', 'missed')
            and (state = 'kept') is distinct from (attempted_at between promised_at - interval '15 minutes' and promised_at + interval '15 minutes')",
        "update queue.callback set state = case state when 'kept' then 'missed' else 'kept' end where state in ('kept', 'missed')",
    ),
    (
        "a promise was made for a time at which nobody may be rung",
        "select format('callback %s', id)
         from queue.callback
         where promised_wall_time <> promised_at at time zone 'Europe/London'
            or extract(isodow from promised_wall_time) = 7
            or promised_wall_time::time not between '09:00' and '20:00'",
        "update queue.callback set promised_wall_time = promised_wall_time + interval '1 hour'",
    ),
    (
        "a call was left without an end, an outcome or its agent's release",
        "select format('call %s', c.id)
         from calls.call c
         left join calls.outcome o on o.call_id = c.id
         left join queue.lease l on l.call_id = c.id
         where c.closed_at is null or o.call_id is null or l.id is not null",
        "update calls.call set closed_at = null where id = (select call_id from queue.attempt where call_id is not null limit 1)",
    ),
    (
        "a record of a decision, or the personal facts beside it, are not what was hashed",
        "select format('decision %s', d.id)
         from queue.decision d
         left join queue.decision_personal p on p.decision_id = d.id
         where d.content_hash <> sha256(d.record)
            or encode(sha256(p.salt || p.facts), 'hex') is distinct from convert_from(d.record, 'UTF8')::jsonb->>'personal_commitment'",
        "alter table queue.decision disable trigger user;
         alter table queue.decision drop constraint decision_hash_is_of_the_record;
         update queue.decision set record = record || convert_to(' ', 'UTF8') where id = (select id from queue.decision limit 1)",
    ),
    (
        "somebody was passed over without a reason",
        "select format('decision %s', d.id)
         from queue.decision d
         cross join lateral (select convert_from(d.record, 'UTF8')::jsonb as r) said
         where d.outcome = 'refused' and jsonb_array_length(said.r->'reasons') = 0 and said.r->>'need' is not distinct from d.queue",
        "alter table queue.decision disable trigger user;
         alter table queue.decision drop constraint decision_hash_is_of_the_record;
         update queue.decision
         set record = convert_to((convert_from(record, 'UTF8')::jsonb || jsonb_build_object('reasons', '[]'::jsonb, 'need', queue))::text, 'UTF8')
         where id = (select id from queue.decision where outcome = 'refused' limit 1)",
    ),
];

/// What the day came to, in figures.
const FIGURES: [(&str, &str); 12] = [
    ("people rung", "select count(*)::text from inspection.rung"),
    (
        "by disposition",
        "select string_agg(disposition || ' ' || n, ', ' order by n desc) from (
        select disposition, count(*) as n from inspection.attempt where call_id is not null group by 1) c",
    ),
    ("answered", "select count(*)::text from calls.call where answered_at is not null"),
    (
        "attempts a person",
        "select string_agg(format('%s× %s', made, people), ', ' order by made) from (
        select made, count(*) as people from (
            select count(*) as made from inspection.attempt where call_id is not null group by user_id) c group by 1) d",
    ),
    ("hand-outs", "select count(*)::text from queue.decision where purpose = 'hand_out' and outcome = 'callable' and had_effect"),
    (
        "refused at the hand-out, at the dial",
        "select string_agg(purpose || ' ' || n, ', ') from (
        select purpose, count(*) as n from queue.decision where outcome = 'refused' group by 1 order by 1) c",
    ),
    (
        "reasons",
        "select string_agg(code || ' ' || n, ', ' order by n desc) from (
        select coalesce(reason->>'code', 'has moved') as code, count(*) as n
        from queue.decision d
        left join lateral jsonb_array_elements(convert_from(d.record, 'UTF8')::jsonb->'reasons') reason on true
        where d.outcome = 'refused' group by 1) c",
    ),
    ("decisions, each held against its hash", "select count(*)::text from queue.decision"),
    ("saved calls", "select count(*)::text from queue.decision where is_saved_call"),
    ("could not be checked", "select count(*)::text from queue.decision where outcome = 'unknown'"),
    (
        "promises",
        "select string_agg(state || ' ' || n, ', ' order by state) from (
        select state, count(*) as n from queue.callback group by 1) c",
    ),
    (
        "discoveries",
        "select format('%s, %s added, %s moved, %s removed', count(*), sum(added), sum(moved), sum(removed))
        from queue.discovery_run",
    ),
];

/// How many promises were kept within a quarter of an hour, and of how many: those whose time came, and whose reason had not gone.
const KEPT: &str = "select count(*) filter (where state = 'kept'), count(*)
    from queue.callback
    where retry_of is null and (state in ('kept', 'missed') or state = 'scheduled' and promised_at < $1 - interval '15 minutes')";

/// Holds the records against the rules. `legs` is the carrier's own list, the number of each; `settled` says who need not be rung any more, since when and from which
/// queue, if not from any; the day ended at `end`. A report, or what is wrong.
pub async fn inspect(
    pool: &PgPool,
    legs: &BTreeMap<String, String>,
    settled: &[(i64, DateTime<Utc>, Option<&str>)],
    end: DateTime<Utc>,
) -> anyhow::Result<String> {
    for statement in PREPARE {
        sqlx::query(statement).execute(pool).await?;
    }
    for (user, at, queue) in settled {
        sqlx::query("insert into inspection.settled values ($1, $2, $3)").bind(user).bind(at).bind(queue).execute(pool).await?;
    }
    let (sids, numbers): (Vec<&str>, Vec<&str>) = legs.iter().map(|(sid, number)| (sid.as_str(), number.as_str())).unzip();
    sqlx::query("insert into inspection.rung select * from unnest($1::text[], $2::text[])").bind(sids).bind(numbers).execute(pool).await?;

    let mut report = String::from("| the records say | |\n|---|---|\n");
    for (name, sql) in FIGURES {
        let figure = sqlx::query_scalar::<_, Option<String>>(sql).fetch_one(pool).await?.unwrap_or_else(|| "none".to_owned());
        writeln!(report, "| {name} | {figure} |")?;
    }
    let (kept, due): (i64, i64) = sqlx::query_as(KEPT).bind(end).fetch_one(pool).await?;
    writeln!(report, "| promises kept within 15 minutes | {kept} of {due} |")?;
    report += "\n| never | found | planted, found |\n|---|--:|--:|\n";
    let mut wrong = Vec::new();
    for (what, where_so, make_so) in NEVER {
        let found: Vec<String> = sqlx::query_scalar(where_so).fetch_all(pool).await?;
        let mut planting = kernel::begin(pool).await?;
        let planted = sqlx::raw_sql(make_so).execute(&mut *planting).await?.rows_affected();
        let seen = sqlx::query_scalar::<_, String>(where_so).fetch_all(&mut *planting).await?.len();
        planting.rollback().await?;
        writeln!(report, "| {what} | {} | {planted}, {seen} |", found.len())?;
        if !found.is_empty() {
            wrong.push(format!("{what}, {} times: {}", found.len(), found[..found.len().min(5)].join("; ")));
        } else if seen == 0 {
            // Also where there was nothing to plant it in: then the day has not tried the rule.
            wrong.push(format!("{what}: planted in {planted} places, and not found"));
        }
    }
    if due == 0 || kept * 10 < due * 9 {
        wrong.push(format!("promises: {kept} of {due} kept"));
    }
    ensure!(wrong.is_empty(), "{report}\na rule was broken:\n{}", wrong.join("\n"));
    Ok(report)
}

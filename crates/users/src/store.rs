//! Everything that is ever sent to the replica, but for the lag, which stands apart. Columns by name, because it may hold more than we know; ids as
//! `cast(… as signed)`, because installations differ in signed and unsigned; dates as text, because servers keep some that are none; what decides
//! as it is, because collations compare text in ways of their own; never a password, a token or the large `checkboard_*` columns; a payment only
//! for the order of calling. Whatever decides is read with the name of the server that answers.

/// Names the server that answers: among the replicas of one primary no two have the same `server_id`. MariaDB and MySQL know all three.
macro_rules! server {
    () => {
        "cast(concat_ws(':', @@hostname, @@port, @@server_id) as char)"
    };
}

mod ends;
mod lag;

/// A moment by which rows are ordered; none where it is none, as a month or a day of zero is.
macro_rules! moment {
    ($column:literal) => {
        concat!(
            "if(month(",
            $column,
            ") > 0 and dayofmonth(",
            $column,
            ") > 0 and year(",
            $column,
            ") between 1900 and 2199, ",
            $column,
            ", null)"
        )
    };
}

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use kernel::{ClaimId, UserId, trim_blank};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{MySql, Row};

use crate::card::filled;
use crate::context::{Address, Context, Event, Vehicle};
use crate::error::ReplicaError;
use crate::replica::Range;
use crate::search::{FoundUser, Search, ending_with};
use crate::status::{StatusOf, UnknownStatuses, is_pending};
use crate::types::{Claim, Extras, Facts, Requirement};

pub(crate) use self::ends::claim_ends;
#[cfg(test)]
pub(crate) use self::lag::{Behind, Stream};
pub(crate) use self::lag::{Sample, by_aurora, by_heartbeat, by_status};

/// Said once by every connection. The first comment is read by MariaDB alone (seconds), the second by MySQL alone (milliseconds).
pub(crate) const OPEN_SESSION: &str = "set session transaction read only; \
     set session /*M!100100 max_statement_time = 1.5 */ /*!50708 max_execution_time = 1500 */";

/// One statement, one round trip: users with their claims and what may be pending on them; one row at least, so that the server is named also when
/// there is no such user. Where somebody lives and what agreements cost are read only
/// for rule sets that score by them.
macro_rules! facts_with {
    ($post_code:expr, $payment:literal) => {
        concat!(
            "
    select s.server as server,
           cast(u.id as signed) as id,
           cast(u.is_enabled as signed) as is_enabled,
           u.status as status,
           length(u.current_signature_file_id) > 0 as has_signature,
           cast(u.current_signature_file_id as char) as signature,
           u.phone_number as phone_number,
           cast(u.date_of_birth as char) as date_of_birth,
           ",
            $post_code,
            " as post_code,
           cast(c.id as signed) as claim_id,
           ",
            $payment,
            " as payment,
           c.type as claim_type,
           c.status as claim_status,
           c.lender as lender,
           c.solicitor as solicitor,
           cast(c.created_at as char) as claim_created_at,
           r.status as requirement_status,
           r.type as requirement_type,
           r.claim_requirement_reason as reason,
           r.claim_requirement_rejection_reason as rejection_reason,
           cast(r.created_at as char) as requirement_created_at
      from (select ",
            server!(),
            " as server) s
      left join users u on u.id = ?
      left join claims c on c.user_id = u.id
      left join claim_requirements r on r.claim_id = c.id and lower(r.status) like '%pending%'
     order by c.id, r.id"
        )
    };
}
const FACTS: &str = facts_with!("null", "null");
const FACTS_WITH_EXTRAS: &str = facts_with!(
    concat!(
        "(select coalesce(nullif(trim(cast(a.post_code as char)), ''), cast(a.full_address as char))
              from user_addresses a
             where a.user_id = u.id
             order by cast(a.id as char) = cast(u.current_user_address_id as char) desc, a.is_linked_address, ",
        moment!("a.created_at"),
        " desc, a.id desc
             limit 1)"
    ),
    "(select cast(round(max(v.monthly_payment) * 100) as signed) from claim_vehicle_packages v where v.claim_id = c.id)"
);

/// One statement, one round trip: rows of seven kinds, one of which is always there. Text is cast so that columns of different collations stand in one
/// column; the status has its own.
macro_rules! context_with {
    ($payment:literal) => {
        concat!(
            "
    select 0 as kind,
           cast(id as signed) as id,
           cast(is_enabled as signed) as flag,
           length(current_signature_file_id) > 0 as second_flag,
           null as a,
           cast(first_name as char) as b,
           cast(last_name as char) as c,
           cast(previous_name as char) as d,
           cast(phone_number as char) as e,
           cast(current_user_address_id as char) as f,
           cast(current_signature_file_id as char) as g,
           null as h,
           null as i,
           status as status,
           cast(date_of_birth as char) as at
      from users where id = ?
    union all
    select 1, cast(id as signed), 0, 0,
           cast(type as char), cast(status as char), cast(lender as char), cast(solicitor as char), null, null, null, null, null, null,
           cast(created_at as char)
      from claims where user_id = ?
    union all
    select 2, cast(v.claim_id as signed), ",
            $payment,
            ", 0,
           cast(v.vehicle_make as char), cast(v.vehicle_model as char), cast(v.vehicle_registration as char),
           null, null, null, null, null, null, null, cast(v.created_at as char)
      from claims c join claim_vehicle_packages v on v.claim_id = c.id where c.user_id = ?
    union all
    select 3, cast(r.claim_id as signed), 0, 0,
           cast(r.type as char), cast(r.claim_requirement_reason as char), cast(r.claim_requirement_rejection_reason as char),
           cast(r.status as char), null, null, null, null, null, null, cast(r.created_at as char)
      from claims c join claim_requirements r on r.claim_id = c.id where c.user_id = ? and lower(r.status) like '%pending%'
    union all
    select 4, 0, cast(is_linked_address as signed), 0,
           cast(id as char), cast(full_address as char), cast(address_line_1 as char), cast(address_line_2 as char),
           cast(house_number as char), cast(street as char), cast(building_name as char), cast(post_town as char),
           cast(post_code as char), null, cast(created_at as char)
      from user_addresses where user_id = ?
    union all
    (select 5, 0, 0, 0, cast(type as char), cast(detail as char), null, null, null, null, null, null, null, null, cast(created_at as char)
      from user_logs where user_id = ? order by user_logs.created_at desc, id limit 20)
    union all
    select 6, 0, 0, 0, ",
            server!(),
            ", null, null, null, null, null, null, null, null, null, null"
        )
    };
}
const CONTEXT: &str = context_with!("null");
const CONTEXT_WITH_EXTRAS: &str = context_with!("cast(round(v.monthly_payment * 100) as signed)");

/// Whose first and last name, one after the other, has this in it. No index helps: the whole table is read, which takes half a second for half
/// a million people, and nobody does it often.
const SEARCH_NAME: &str = "
    select cast(id as signed) as id, first_name as first_name, last_name as last_name, phone_number as phone_number
      from users
     where concat(coalesce(first_name, ''), ' ', coalesce(last_name, '')) like ?
        or concat(coalesce(last_name, ''), ' ', coalesce(first_name, '')) like ?
     order by users.id desc
     limit 21";

/// Whose number ends with these digits, however it is written: as quick as comparing the text would be.
const SEARCH_NUMBER: &str = "
    select cast(id as signed) as id, first_name as first_name, last_name as last_name, phone_number as phone_number
      from users
     where phone_number regexp ?
     order by users.id desc
     limit 21";

const SEARCH_ID: &str = "
    select cast(id as signed) as id, first_name as first_name, last_name as last_name, phone_number as phone_number
      from users
     where id = ?";

const NUMBERS: &str = "
    select cast(id as signed) as id, phone_number as phone_number
      from users
     where id > ?
     order by users.id
     limit ?";

/// The last id of the next so many users. One end at a time: a statement for all of them would grow with the table.
const RANGE_END: &str = "select cast(id as signed) from users where id > ? order by users.id limit 1 offset ?";

// In the statements of a range, `order by` names the column with its table: a bare `id` would mean the cast of the same name,
// which no index has, and sort every time.
const RANGE_USERS: &str = "
    select cast(id as signed) as id,
           cast(is_enabled as signed) as is_enabled,
           status as status,
           length(current_signature_file_id) > 0 as has_signature,
           cast(current_signature_file_id as char) as signature,
           phone_number as phone_number,
           cast(date_of_birth as char) as date_of_birth
      from users
     where id > ? and id <= ?
     order by users.id";

const RANGE_CLAIMS: &str = "
    select cast(user_id as signed) as id,
           cast(id as signed) as claim_id,
           type as claim_type,
           status as claim_status,
           lender as lender,
           solicitor as solicitor,
           cast(created_at as char) as claim_created_at
      from claims
     where user_id > ? and user_id <= ?
     order by claims.user_id, claims.id";

/// What is pending, and what says something that the rules do not know, which is counted.
const RANGE_REQUIREMENTS: &str = "
    select cast(c.user_id as signed) as id,
           cast(c.id as signed) as claim_id,
           r.status as requirement_status,
           r.type as requirement_type,
           r.claim_requirement_reason as reason,
           r.claim_requirement_rejection_reason as rejection_reason,
           cast(r.created_at as char) as requirement_created_at
      from claims c
      join claim_requirements r on r.claim_id = c.id
     where c.user_id > ? and c.user_id <= ? and lower(r.status) not in ('complete', 'completed', 'accepted', 'cancelled')";

/// Everybody's addresses, the one that holds first.
const RANGE_ADDRESSES: &str = concat!(
    "
    select cast(a.user_id as signed) as id,
           coalesce(nullif(trim(cast(a.post_code as char)), ''), cast(a.full_address as char)) as post_code
      from user_addresses a
      join users u on u.id = a.user_id
     where a.user_id > ? and a.user_id <= ?
     order by a.user_id, cast(a.id as char) = cast(u.current_user_address_id as char) desc, a.is_linked_address, ",
    moment!("a.created_at"),
    " desc, a.id desc"
);

const RANGE_PAYMENTS: &str = "
    select cast(c.user_id as signed) as id,
           cast(c.id as signed) as claim_id,
           cast(round(max(v.monthly_payment) * 100) as signed) as payment
      from claims c
      join claim_vehicle_packages v on v.claim_id = c.id
     where c.user_id > ? and c.user_id <= ?
     group by c.user_id, c.id";

/// First and last names of these users, those that are known.
pub(crate) async fn names(conn: &mut MySqlConnection, users: &[UserId]) -> Result<HashMap<UserId, String>, ReplicaError> {
    let mut query = sqlx::QueryBuilder::<MySql>::new(
        "select cast(id as signed) as id, first_name as first_name, last_name as last_name from users where id in (",
    );
    let mut ids = query.separated(", ");
    for user in users {
        ids.push_bind(user.get());
    }
    query.push(")");
    let unreadable = |error| ReplicaError::of(error, || "names of users".to_owned());
    let rows = query.build().fetch_all(conn).await.map_err(unreadable)?;
    let mut names = HashMap::new();
    for row in &rows {
        let read = |column: &str| row.try_get::<Option<String>, _>(column).map_err(unreadable);
        let name = [read("first_name")?, read("last_name")?].into_iter().flatten().collect::<Vec<_>>().join(" ").trim().to_owned();
        if !name.is_empty() {
            names.insert(UserId::new(row.try_get("id").map_err(unreadable)?), name);
        }
    }
    Ok(names)
}

/// Users who are looked for, the newest first; at most one more than are shown.
pub(crate) async fn search(conn: &mut MySqlConnection, search: &Search) -> Result<Vec<FoundUser>, ReplicaError> {
    let unreadable = |error| ReplicaError::of(error, || "users that are looked for".to_owned());
    // What is typed is text, not a pattern.
    let plain = |text: &str| text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let rows = match search {
        Search::Id(id) => sqlx::query(SEARCH_ID).bind(id.get()).fetch_all(conn).await,
        Search::Name(name) => {
            let part = format!("%{}%", plain(name));
            sqlx::query(SEARCH_NAME).bind(&part).bind(&part).fetch_all(conn).await
        }
        Search::Number(digits) => sqlx::query(SEARCH_NUMBER).bind(ending_with(digits)).fetch_all(conn).await,
        // Numbers are looked through only when nobody has that id: it reads everybody.
        Search::IdOrNumber(id, digits) => match sqlx::query(SEARCH_ID).bind(id.get()).fetch_all(&mut *conn).await {
            Ok(nobody) if nobody.is_empty() => sqlx::query(SEARCH_NUMBER).bind(ending_with(digits)).fetch_all(conn).await,
            found => found,
        },
    }
    .map_err(unreadable)?;
    rows.iter()
        .map(|row| {
            let read = |column: &str| row.try_get::<Option<String>, _>(column).map_err(unreadable);
            let id = UserId::new(row.try_get("id").map_err(unreadable)?);
            let name = [read("first_name")?, read("last_name")?].into_iter().flatten().collect::<Vec<_>>().join(" ");
            Ok(FoundUser { id, name: name.trim().to_owned(), raw_number: read("phone_number")? })
        })
        .collect()
}

/// What a server answered, and which one it was.
pub(crate) struct Told<T> {
    pub(crate) server: String,
    pub(crate) answer: T,
}

pub(crate) async fn facts(
    conn: &mut MySqlConnection,
    user: UserId,
    extras: Extras,
    now: DateTime<Utc>,
) -> Result<Told<Option<Facts>>, ReplicaError> {
    let rows = sqlx::query(if extras.is_any() { FACTS_WITH_EXTRAS } else { FACTS })
        .bind(user.get())
        .fetch_all(conn)
        .await
        .map_err(|error| of_user(error, user))?;
    let mut facts: Option<Facts> = None;
    let mut server = String::new();
    for row in &rows {
        let row = Reader { row, table: "users", id: user.get() };
        server = row.get("server")?;
        if row.get::<Option<i64>>("id")?.is_none() {
            break;
        }
        let facts = match &mut facts {
            Some(facts) => facts,
            none => none.insert(Facts { post_code: row.get("post_code")?, ..row.facts(now)? }),
        };
        let Some(claim) = row.in_table("claims").claim()? else { continue };
        let claim = Claim { monthly_payment_pence: row.in_table("claim_vehicle_packages").payment("payment")?, ..claim };
        let claim_id = claim.id;
        if facts.claims.last().is_none_or(|last| last.id != claim_id) {
            facts.claims.push(claim);
        }
        let row = row.in_table("claim_requirements");
        if is_pending(row.get("requirement_status")?) {
            facts.pending.push(row.requirement(claim_id)?);
        }
    }
    if let Some(facts) = &mut facts {
        facts.in_order();
    }
    Ok(Told { server, answer: facts })
}

pub(crate) async fn context(
    conn: &mut MySqlConnection,
    user: UserId,
    extras: Extras,
    now: DateTime<Utc>,
) -> Result<Told<Option<Context>>, ReplicaError> {
    let mut query = sqlx::query(if extras.is_any() { CONTEXT_WITH_EXTRAS } else { CONTEXT });
    for _ in 0..6 {
        query = query.bind(user.get());
    }
    let rows = query.fetch_all(conn).await.map_err(|error| of_user(error, user))?;

    // The server need not keep the order of the parts.
    let reader = |row, table| Reader { row, table, id: user.get() };
    let kind = |row| reader(row, "context").get::<i64>("kind");
    let mut context: Option<Context> = None;
    let mut server = String::new();
    for row in &rows {
        match kind(row)? {
            0 => context = Some(reader(row, "users").person(user, now)?),
            6 => server = reader(row, "context").get("a")?,
            _ => {}
        }
    }
    let Some(mut context) = context else { return Ok(Told { server, answer: None }) };
    let mut payments = Vec::new();
    for row in &rows {
        match kind(row)? {
            1 => {
                let row = reader(row, "claims");
                context.facts.claims.push(Claim {
                    id: ClaimId::new(row.get("id")?),
                    kind: row.get("a")?,
                    status: row.get("b")?,
                    lender: row.get("c")?,
                    solicitor: row.get("d")?,
                    created_at: row.time("at")?,
                    monthly_payment_pence: None,
                });
            }
            2 => {
                let row = reader(row, "claim_vehicle_packages");
                context.vehicles.push(Vehicle {
                    claim_id: ClaimId::new(row.get("id")?),
                    make: row.get("a")?,
                    model: row.get("b")?,
                    registration: row.get("c")?,
                });
                payments.push((ClaimId::new(row.get("id")?), row.payment("flag")?));
            }
            3 => {
                let row = reader(row, "claim_requirements");
                if !is_pending(row.get("d")?) {
                    continue;
                }
                context.facts.pending.push(Requirement {
                    claim_id: ClaimId::new(row.get("id")?),
                    kind: row.get("a")?,
                    reason: row.get("b")?,
                    rejection_reason: row.get("c")?,
                    created_at: row.time("at")?,
                });
            }
            4 => context.addresses.push(reader(row, "user_addresses").address()?),
            5 => {
                let row = reader(row, "user_logs");
                context.log.push(Event { kind: row.get("a")?, detail: row.get("b")?, at: row.time("at")? });
            }
            _ => {}
        }
    }
    // The same facts in the same order as when they are read alone.
    if extras.is_any() {
        let address = context.current_address();
        context.facts.post_code = address.and_then(|address| filled(address.post_code.as_deref()).or_else(|| address.full.clone()));
    }
    for claim in &mut context.facts.claims {
        claim.monthly_payment_pence = payments.iter().filter(|(id, _)| *id == claim.id).filter_map(|(_, pence)| *pence).max();
    }
    context.facts.in_order();
    context.log.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok(Told { server, answer: Some(context) })
}

/// The id of the last of `limit` users above `after`; none when there are fewer.
pub(crate) async fn range_end(conn: &mut MySqlConnection, after: i64, limit: u32) -> Result<Option<i64>, ReplicaError> {
    sqlx::query_scalar(RANGE_END)
        .bind(after)
        .bind(limit.saturating_sub(1))
        .fetch_optional(conn)
        .await
        .map_err(|error| ReplicaError::of(error, || "end of a range".to_owned()))
}

/// Users above `after` with their numbers as they stand there, in the order of their ids.
pub(crate) async fn numbers(conn: &mut MySqlConnection, after: i64, limit: u32) -> Result<Vec<(UserId, Option<String>)>, ReplicaError> {
    let unreadable = |error| ReplicaError::of(error, || "numbers of users".to_owned());
    let rows = sqlx::query(NUMBERS).bind(after).bind(limit).fetch_all(conn).await.map_err(unreadable)?;
    rows.iter()
        .map(|row| {
            let row = Reader::of(row, "users")?;
            Ok((UserId::new(row.id), row.get("phone_number")?))
        })
        .collect()
}

/// Everybody above `after`, through `through` or to the end of all ids. The connection is inside a snapshot. Rows that cannot be read
/// make their user unreadable, not the range.
pub(crate) async fn range(
    conn: &mut MySqlConnection,
    after: i64,
    through: Option<i64>,
    extras: Extras,
    now: DateTime<Utc>,
) -> Result<Range, ReplicaError> {
    let broken = |error| ReplicaError::of(error, || format!("users after {after}"));
    let last = through.unwrap_or(i64::MAX);

    let rows = sqlx::query(RANGE_USERS).bind(after).bind(last).fetch_all(&mut *conn).await.map_err(broken)?;
    let mut users = Vec::with_capacity(rows.len());
    let mut place = HashMap::with_capacity(rows.len());
    let mut unreadable = BTreeMap::new();
    let mut unknown_statuses = UnknownStatuses::default();
    for row in &rows {
        let row = Reader::of(row, "users")?;
        match row.facts(now) {
            Ok(facts) => {
                unknown_statuses.note(StatusOf::Account, facts.status.as_deref());
                place.insert(row.id, users.len());
                users.push(facts);
            }
            Err(error) => {
                unreadable.insert(row.id, error);
            }
        }
    }
    let rows = sqlx::query(RANGE_CLAIMS).bind(after).bind(last).fetch_all(&mut *conn).await.map_err(broken)?;
    for row in &rows {
        let row = Reader::of(row, "claims")?;
        let Some(&at) = place.get(&row.id) else { continue };
        match row.claim() {
            Ok(claim) => {
                unknown_statuses.note(StatusOf::Claim, claim.as_ref().and_then(|claim| claim.status.as_deref()));
                users[at].claims.extend(claim);
            }
            Err(error) => {
                unreadable.insert(row.id, error);
            }
        }
    }
    let rows = sqlx::query(RANGE_REQUIREMENTS).bind(after).bind(last).fetch_all(&mut *conn).await.map_err(broken)?;
    for row in &rows {
        let row = Reader::of(row, "claim_requirements")?;
        let Some(&at) = place.get(&row.id) else { continue };
        let read = || Ok((row.get::<Option<String>>("requirement_status")?, row.requirement(ClaimId::new(row.get("claim_id")?))?));
        match read() {
            Ok((status, requirement)) if is_pending(status.as_deref()) => users[at].pending.push(requirement),
            Ok((status, _)) => unknown_statuses.note(StatusOf::Requirement, status.as_deref()),
            Err(error) => {
                unreadable.insert(row.id, error);
            }
        }
    }
    if extras.post_codes {
        let rows = sqlx::query(RANGE_ADDRESSES).bind(after).bind(last).fetch_all(&mut *conn).await.map_err(broken)?;
        let mut before = None;
        for row in &rows {
            let row = Reader::of(row, "user_addresses")?;
            // The first of each person's is the one that holds, whether it has a post code or not.
            if before.replace(row.id) == Some(row.id) {
                continue;
            }
            let Some(&at) = place.get(&row.id) else { continue };
            match row.get("post_code") {
                Ok(post_code) => users[at].post_code = post_code,
                Err(error) => {
                    unreadable.insert(row.id, error);
                }
            }
        }
    }
    if extras.payments {
        let rows = sqlx::query(RANGE_PAYMENTS).bind(after).bind(last).fetch_all(&mut *conn).await.map_err(broken)?;
        for row in &rows {
            let row = Reader::of(row, "claim_vehicle_packages")?;
            let Some(&at) = place.get(&row.id) else { continue };
            match row.get("claim_id").and_then(|claim| Ok((ClaimId::new(claim), row.payment("payment")?))) {
                Ok((id, pence)) => {
                    for claim in users[at].claims.iter_mut().filter(|claim| claim.id == id) {
                        claim.monthly_payment_pence = pence;
                    }
                }
                Err(error) => {
                    unreadable.insert(row.id, error);
                }
            }
        }
    }
    users.retain(|facts| !unreadable.contains_key(&facts.id.get()));
    users.iter_mut().for_each(Facts::in_order);
    for error in unreadable.values() {
        tracing::error!(replica.problem = %error, "a user cannot be read and is left as they are");
    }
    let unreadable = unreadable.into_keys().map(UserId::new).collect();
    Ok(Range { facts: users, unreadable, unknown_statuses, after, through })
}

/// Begins a read of several statements that all see the same moment, and says on which server.
pub(crate) async fn begin_snapshot(conn: &mut MySqlConnection) -> Result<String, ReplicaError> {
    let begin = concat!("start transaction with consistent snapshot, read only; select ", server!());
    let row = sqlx::raw_sql(begin).fetch_one(conn).await.map_err(|error| ReplicaError::of(error, snapshot))?;
    row.try_get_unchecked(0).map_err(|error| ReplicaError::of(error, snapshot))
}

/// Ends it.
pub(crate) async fn end_snapshot(conn: &mut MySqlConnection) -> Result<(), ReplicaError> {
    sqlx::raw_sql("commit").execute(conn).await.map(|_| ()).map_err(|error| ReplicaError::of(error, snapshot))
}

fn snapshot() -> String {
    "snapshot".to_owned()
}

/// What the account holds, as the server prints it.
pub(crate) async fn grants(conn: &mut MySqlConnection) -> Result<Vec<String>, ReplicaError> {
    let place = || "grants".to_owned();
    let rows = sqlx::raw_sql("show grants").fetch_all(conn).await.map_err(|error| ReplicaError::of(error, place))?;
    rows.iter().map(|row| row.try_get_unchecked(0).map_err(|error| ReplicaError::of(error, place))).collect()
}

fn of_user(error: sqlx::Error, user: UserId) -> ReplicaError {
    ReplicaError::of(error, || format!("rows of user {user}"))
}

/// Reads columns of one row and says, when one cannot be read, which.
#[derive(Clone, Copy)]
struct Reader<'r> {
    row: &'r MySqlRow,
    table: &'static str,
    id: i64,
}

impl<'r> Reader<'r> {
    /// A row that carries its user's id.
    fn of(row: &'r MySqlRow, table: &'static str) -> Result<Self, ReplicaError> {
        let id = Reader { row, table, id: 0 }.get("id")?;
        Ok(Self { row, table, id })
    }

    fn in_table(self, table: &'static str) -> Self {
        Self { table, ..self }
    }

    fn get<T: sqlx::Decode<'r, MySql> + sqlx::Type<MySql>>(self, column: &'static str) -> Result<T, ReplicaError> {
        self.row
            .try_get(column)
            .map_err(|source| ReplicaError::Broken { place: format!("{}.{column} of user {}", self.table, self.id), source })
    }

    /// Not where the platform says neither.
    fn flag(self, column: &'static str) -> Result<bool, ReplicaError> {
        Ok(self.get::<Option<i64>>(column)?.is_some_and(|flag| flag != 0))
    }

    /// Somebody who may be called: anything but a plain yes is a no.
    fn is_enabled(self, column: &'static str) -> Result<bool, ReplicaError> {
        Ok(self.get::<Option<i64>>(column)? == Some(1))
    }

    /// Whether there is a signature: not where nothing of it can be seen. Bytes that are no text are one all the same.
    fn has_signed(self, is_there: &'static str, text: &'static str) -> Result<bool, ReplicaError> {
        let text = self.get::<Option<String>>(text)?;
        Ok(self.flag(is_there)? && text.is_none_or(|text| !trim_blank(&text).is_empty()))
    }

    fn date(self, column: &'static str) -> Result<Option<NaiveDate>, ReplicaError> {
        Ok(self.get::<Option<String>>(column)?.as_deref().and_then(read_date))
    }

    fn time(self, column: &'static str) -> Result<Option<NaiveDateTime>, ReplicaError> {
        Ok(self.get::<Option<String>>(column)?.as_deref().and_then(read_time))
    }

    fn facts(self, now: DateTime<Utc>) -> Result<Facts, ReplicaError> {
        Ok(Facts {
            id: UserId::new(self.get("id")?),
            is_enabled: self.is_enabled("is_enabled")?,
            status: self.get("status")?,
            has_signed: self.has_signed("has_signature", "signature")?,
            raw_number: self.get("phone_number")?,
            date_of_birth: self.date("date_of_birth")?,
            post_code: None,
            claims: Vec::new(),
            pending: Vec::new(),
            read_at: now,
        })
    }

    fn claim(self) -> Result<Option<Claim>, ReplicaError> {
        let Some(id) = self.get::<Option<i64>>("claim_id")? else { return Ok(None) };
        Ok(Some(Claim {
            id: ClaimId::new(id),
            kind: self.get("claim_type")?,
            status: self.get("claim_status")?,
            lender: self.get("lender")?,
            solicitor: self.get("solicitor")?,
            created_at: self.time("claim_created_at")?,
            monthly_payment_pence: None,
        }))
    }

    /// Pence; none when it is not known, or below 0.
    fn payment(self, column: &'static str) -> Result<Option<u64>, ReplicaError> {
        Ok(self.get::<Option<i64>>(column)?.and_then(|pence| u64::try_from(pence).ok()))
    }

    fn requirement(self, claim_id: ClaimId) -> Result<Requirement, ReplicaError> {
        Ok(Requirement {
            claim_id,
            kind: self.get("requirement_type")?,
            reason: self.get("reason")?,
            rejection_reason: self.get("rejection_reason")?,
            created_at: self.time("requirement_created_at")?,
        })
    }

    fn person(self, user: UserId, now: DateTime<Utc>) -> Result<Context, ReplicaError> {
        Ok(Context {
            facts: Facts {
                id: user,
                is_enabled: self.is_enabled("flag")?,
                status: self.get("status")?,
                has_signed: self.has_signed("second_flag", "g")?,
                raw_number: self.get("e")?,
                date_of_birth: self.date("at")?,
                post_code: None,
                claims: Vec::new(),
                pending: Vec::new(),
                read_at: now,
            },
            first_name: self.get("b")?,
            last_name: self.get("c")?,
            previous_name: self.get("d")?,
            current_address_id: self.get("f")?,
            vehicles: Vec::new(),
            addresses: Vec::new(),
            log: Vec::new(),
        })
    }

    fn address(self) -> Result<Address, ReplicaError> {
        Ok(Address {
            id: self.get("a")?,
            is_previous: self.flag("flag")?,
            full: self.get("b")?,
            line_1: self.get("c")?,
            line_2: self.get("d")?,
            house_number: self.get("e")?,
            street: self.get("f")?,
            building: self.get("g")?,
            town: self.get("h")?,
            post_code: self.get("i")?,
            created_at: self.time("at")?,
        })
    }
}

/// Years in which something may have happened; what stands outside is a mistake or a placeholder.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

/// The day in a date or a time as servers write it; none in one that is none, such as 1985-00-00.
fn read_date(text: &str) -> Option<NaiveDate> {
    let day = text.split([' ', 'T']).next().unwrap_or_default();
    NaiveDate::parse_from_str(day, "%Y-%m-%d").ok().filter(|date| YEARS.contains(&date.year()))
}

/// The moment, of a date alone its beginning; none as above.
fn read_time(text: &str) -> Option<NaiveDateTime> {
    let date = read_date(text)?;
    match text.split_once([' ', 'T']) {
        None => date.and_hms_opt(0, 0, 0),
        Some((_, time)) => NaiveTime::parse_from_str(time, "%H:%M:%S%.f").ok().map(|time| date.and_time(time)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::DEALT_WITH;

    #[test]
    fn a_date_that_is_none_is_not_known() {
        for (text, day) in [
            ("1971-03-04", Some((1971, 3, 4))),
            ("1971-03-04 00:00:00", Some((1971, 3, 4))),
            ("1985-00-00", None),
            ("1985-07-00", None),
            ("1985-00-12", None),
            ("0000-00-00", None),
            ("0000-03-04", None),
            ("1899-12-31", None),
            ("9999-12-31", None),
            ("2025-02-30", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(read_date(text), day.and_then(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day)), "{text}");
        }
        for (text, time) in [
            ("2025-01-15 09:30:00", Some("2025-01-15T09:30:00")),
            ("2025-01-15 09:30:00.250000", Some("2025-01-15T09:30:00.250")),
            ("2025-01-15", Some("2025-01-15T00:00:00")),
            ("2025-00-15 00:00:00", None),
            ("2025-01-00 00:00:00", None),
            ("0000-00-00 00:00:00", None),
            ("0000-00-00 00:00:00.000000", None),
            ("2025-01-15 25:00:00", None),
            ("2200-01-01 00:00:00", None),
        ] {
            assert_eq!(read_time(text), time.map(|time| time.parse().unwrap()), "{text}");
        }
    }

    /// What a range leaves out is what is known to be dealt with.
    #[test]
    fn the_range_leaves_out_no_status_that_is_counted_or_unknown() {
        let words = DEALT_WITH.map(|word| format!("'{word}'")).join(", ");
        assert!(RANGE_REQUIREMENTS.ends_with(&format!("lower(r.status) not in ({words})")), "{RANGE_REQUIREMENTS}");
    }
}

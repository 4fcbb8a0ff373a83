//! Everything that is ever sent to the replica, but for the lag, which stands apart. Columns by name, because it may hold more than we know; ids as
//! `cast(… as signed)`, because installations differ in signed and unsigned; never a password, a token or the large
//! `checkboard_*` columns; a payment only for the order of calling.

mod ends;
mod lag;

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use kernel::{ClaimId, UserId};
use sqlx::mysql::{MySqlConnection, MySqlRow};
use sqlx::{MySql, Row};

use crate::card::filled;
use crate::context::{Address, Context, Event, Vehicle};
use crate::error::ReplicaError;
use crate::replica::Range;
use crate::types::{Claim, Extras, Facts, FoundUser, Requirement, Search};

pub(crate) use self::ends::claim_ends;
pub(crate) use self::lag::{by_aurora, by_heartbeat, by_status};

/// Said once by every connection. The first comment is read by MariaDB alone (seconds), the second by MySQL alone (milliseconds).
pub(crate) const OPEN_SESSION: &str = "set session transaction read only; \
     set session /*M!100100 max_statement_time = 1.5 */ /*!50708 max_execution_time = 1500 */";

/// One statement, one round trip: users with their claims and what is pending on them. Where somebody lives and what agreements cost are read only
/// for rule sets that score by them.
macro_rules! facts_with {
    ($post_code:literal, $payment:literal) => {
        concat!(
            "
    select cast(u.id as signed) as id,
           cast(u.is_enabled as signed) as is_enabled,
           u.status as status,
           coalesce(trim(u.current_signature_file_id), '') <> '' as has_signed,
           u.phone_number as phone_number,
           u.date_of_birth as date_of_birth,
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
           c.created_at as claim_created_at,
           r.id is not null as has_requirement,
           r.type as requirement_type,
           r.claim_requirement_reason as reason,
           r.claim_requirement_rejection_reason as rejection_reason,
           r.created_at as requirement_created_at
      from users u
      left join claims c on c.user_id = u.id
      left join claim_requirements r on r.claim_id = c.id and lower(r.status) = 'pending'
     where u.id = ?
     order by c.id, r.created_at, r.id"
        )
    };
}
const FACTS: &str = facts_with!("null", "null");
const FACTS_WITH_EXTRAS: &str = facts_with!(
    "(select coalesce(nullif(trim(cast(a.post_code as char)), ''), cast(a.full_address as char))
              from user_addresses a
             where a.user_id = u.id
             order by cast(a.id as char) = cast(u.current_user_address_id as char) desc, a.is_linked_address, a.created_at desc, a.id desc
             limit 1)",
    "(select cast(round(max(v.monthly_payment) * 100) as signed) from claim_vehicle_packages v where v.claim_id = c.id)"
);

/// One statement, one round trip: rows of six kinds. Text is cast so that columns of different collations stand in one column.
macro_rules! context_with {
    ($payment:literal) => {
        concat!(
            "
    select 0 as kind,
           cast(id as signed) as id,
           cast(is_enabled as signed) as flag,
           coalesce(trim(current_signature_file_id), '') <> '' as second_flag,
           cast(status as char) as a,
           cast(first_name as char) as b,
           cast(last_name as char) as c,
           cast(previous_name as char) as d,
           cast(phone_number as char) as e,
           cast(current_user_address_id as char) as f,
           null as g,
           null as h,
           null as i,
           cast(date_of_birth as datetime) as at
      from users where id = ?
    union all
    select 1, cast(id as signed), 0, 0,
           cast(type as char), cast(status as char), cast(lender as char), cast(solicitor as char), null, null, null, null, null, created_at
      from claims where user_id = ?
    union all
    select 2, cast(v.claim_id as signed), ",
            $payment,
            ", 0,
           cast(v.vehicle_make as char), cast(v.vehicle_model as char), cast(v.vehicle_registration as char),
           null, null, null, null, null, null, v.created_at
      from claims c join claim_vehicle_packages v on v.claim_id = c.id where c.user_id = ?
    union all
    select 3, cast(r.claim_id as signed), 0, 0,
           cast(r.type as char), cast(r.claim_requirement_reason as char), cast(r.claim_requirement_rejection_reason as char),
           null, null, null, null, null, null, r.created_at
      from claims c join claim_requirements r on r.claim_id = c.id where c.user_id = ? and lower(r.status) = 'pending'
    union all
    select 4, 0, cast(is_linked_address as signed), 0,
           cast(id as char), cast(full_address as char), cast(address_line_1 as char), cast(address_line_2 as char),
           cast(house_number as char), cast(street as char), cast(building_name as char), cast(post_town as char),
           cast(post_code as char), created_at
      from user_addresses where user_id = ?
    union all
    (select 5, 0, 0, 0, cast(type as char), cast(detail as char), null, null, null, null, null, null, null, created_at
      from user_logs where user_id = ? order by created_at desc, id limit 20)"
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

/// Whose number ends with these digits, however it is written.
const SEARCH_NUMBER: &str = "
    select cast(id as signed) as id, first_name as first_name, last_name as last_name, phone_number as phone_number
      from users
     where replace(replace(replace(replace(phone_number, ' ', ''), '-', ''), '(', ''), ')', '') like ?
     order by users.id desc
     limit 21";

const SEARCH_ID: &str = "
    select cast(id as signed) as id, first_name as first_name, last_name as last_name, phone_number as phone_number
      from users
     where id = ?";

/// The last id of the next so many users. One end at a time: a statement for all of them would grow with the table.
const RANGE_END: &str = "select cast(id as signed) from users where id > ? order by users.id limit 1 offset ?";

// In the statements of a range, `order by` names the column with its table: a bare `id` would mean the cast of the same name,
// which no index has, and sort every time.
const RANGE_USERS: &str = "
    select cast(id as signed) as id,
           cast(is_enabled as signed) as is_enabled,
           status as status,
           coalesce(trim(current_signature_file_id), '') <> '' as has_signed,
           phone_number as phone_number,
           date_of_birth as date_of_birth
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
           created_at as claim_created_at
      from claims
     where user_id > ? and user_id <= ?
     order by claims.user_id, claims.id";

const RANGE_REQUIREMENTS: &str = "
    select cast(c.user_id as signed) as id,
           cast(c.id as signed) as claim_id,
           r.type as requirement_type,
           r.claim_requirement_reason as reason,
           r.claim_requirement_rejection_reason as rejection_reason,
           r.created_at as requirement_created_at
      from claims c
      join claim_requirements r on r.claim_id = c.id
     where c.user_id > ? and c.user_id <= ? and lower(r.status) = 'pending'";

/// Everybody's addresses, the one that holds first.
const RANGE_ADDRESSES: &str = "
    select cast(a.user_id as signed) as id,
           coalesce(nullif(trim(cast(a.post_code as char)), ''), cast(a.full_address as char)) as post_code
      from user_addresses a
      join users u on u.id = a.user_id
     where a.user_id > ? and a.user_id <= ?
     order by a.user_id, cast(a.id as char) = cast(u.current_user_address_id as char) desc, a.is_linked_address, a.created_at desc, a.id desc";

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
        Search::Number(digits) => sqlx::query(SEARCH_NUMBER).bind(format!("%{}", plain(digits))).fetch_all(conn).await,
        // Numbers are looked through only when nobody has that id: it reads everybody.
        Search::IdOrNumber(id, digits) => match sqlx::query(SEARCH_ID).bind(id.get()).fetch_all(&mut *conn).await {
            Ok(nobody) if nobody.is_empty() => sqlx::query(SEARCH_NUMBER).bind(format!("%{}", plain(digits))).fetch_all(conn).await,
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

pub(crate) async fn facts(
    conn: &mut MySqlConnection,
    user: UserId,
    extras: Extras,
    now: DateTime<Utc>,
) -> Result<Option<Facts>, ReplicaError> {
    let rows = sqlx::query(if extras.is_any() { FACTS_WITH_EXTRAS } else { FACTS })
        .bind(user.get())
        .fetch_all(conn)
        .await
        .map_err(|error| of_user(error, user))?;
    let mut facts: Option<Facts> = None;
    for row in &rows {
        let row = Reader { row, table: "users", id: user.get() };
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
        if row.flag("has_requirement")? {
            facts.pending.push(row.in_table("claim_requirements").requirement(claim_id)?);
        }
    }
    Ok(facts)
}

pub(crate) async fn context(
    conn: &mut MySqlConnection,
    user: UserId,
    extras: Extras,
    now: DateTime<Utc>,
) -> Result<Option<Context>, ReplicaError> {
    let mut query = sqlx::query(if extras.is_any() { CONTEXT_WITH_EXTRAS } else { CONTEXT });
    for _ in 0..6 {
        query = query.bind(user.get());
    }
    let rows = query.fetch_all(conn).await.map_err(|error| of_user(error, user))?;

    // The server need not keep the order of the parts.
    let reader = |row, table| Reader { row, table, id: user.get() };
    let kind = |row| reader(row, "context").get::<i64>("kind");
    let mut context: Option<Context> = None;
    for row in &rows {
        if kind(row)? == 0 {
            context = Some(reader(row, "users").person(user, now)?);
        }
    }
    let Some(mut context) = context else { return Ok(None) };
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
                    created_at: row.get("at")?,
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
                context.facts.pending.push(Requirement {
                    claim_id: ClaimId::new(row.get("id")?),
                    kind: row.get("a")?,
                    reason: row.get("b")?,
                    rejection_reason: row.get("c")?,
                    created_at: row.get("at")?,
                });
            }
            4 => context.addresses.push(reader(row, "user_addresses").address()?),
            5 => {
                let row = reader(row, "user_logs");
                context.log.push(Event { kind: row.get("a")?, detail: row.get("b")?, at: row.get("at")? });
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
    context.facts.claims.sort_by_key(|claim| claim.id);
    context.facts.pending.sort_by_key(|requirement| (requirement.claim_id, requirement.created_at));
    context.log.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok(Some(context))
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
    for row in &rows {
        let row = Reader::of(row, "users")?;
        match row.facts(now) {
            Ok(facts) => {
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
            Ok(claim) => users[at].claims.extend(claim),
            Err(error) => {
                unreadable.insert(row.id, error);
            }
        }
    }
    let rows = sqlx::query(RANGE_REQUIREMENTS).bind(after).bind(last).fetch_all(&mut *conn).await.map_err(broken)?;
    for row in &rows {
        let row = Reader::of(row, "claim_requirements")?;
        let Some(&at) = place.get(&row.id) else { continue };
        match row.get("claim_id").and_then(|claim| row.requirement(ClaimId::new(claim))) {
            Ok(requirement) => users[at].pending.push(requirement),
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
    for facts in &mut users {
        facts.pending.sort_by_key(|requirement| (requirement.claim_id, requirement.created_at));
    }
    for error in unreadable.values() {
        tracing::error!(replica.problem = %error, "a user cannot be read and is left as they are");
    }
    Ok(Range { facts: users, unreadable: unreadable.into_keys().map(UserId::new).collect(), after, through })
}

/// Begins a read of several statements that all see the same moment.
pub(crate) async fn begin_snapshot(conn: &mut MySqlConnection) -> Result<(), ReplicaError> {
    run(conn, "start transaction with consistent snapshot, read only").await
}

/// Ends it.
pub(crate) async fn end_snapshot(conn: &mut MySqlConnection) -> Result<(), ReplicaError> {
    run(conn, "commit").await
}

/// What the account holds, as the server prints it.
pub(crate) async fn grants(conn: &mut MySqlConnection) -> Result<Vec<String>, ReplicaError> {
    let place = || "grants".to_owned();
    let rows = sqlx::raw_sql("show grants").fetch_all(conn).await.map_err(|error| ReplicaError::of(error, place))?;
    rows.iter().map(|row| row.try_get_unchecked(0).map_err(|error| ReplicaError::of(error, place))).collect()
}

async fn run(conn: &mut MySqlConnection, sql: &'static str) -> Result<(), ReplicaError> {
    sqlx::raw_sql(sql).execute(conn).await.map(|_| ()).map_err(|error| ReplicaError::of(error, || "snapshot".to_owned()))
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

    fn flag(self, column: &'static str) -> Result<bool, ReplicaError> {
        Ok(self.get::<i64>(column)? != 0)
    }

    fn facts(self, now: DateTime<Utc>) -> Result<Facts, ReplicaError> {
        Ok(Facts {
            id: UserId::new(self.get("id")?),
            is_enabled: self.flag("is_enabled")?,
            status: self.get("status")?,
            has_signed: self.flag("has_signed")?,
            raw_number: self.get("phone_number")?,
            date_of_birth: self.get::<Option<NaiveDate>>("date_of_birth")?,
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
            created_at: self.get("claim_created_at")?,
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
            created_at: self.get("requirement_created_at")?,
        })
    }

    fn person(self, user: UserId, now: DateTime<Utc>) -> Result<Context, ReplicaError> {
        Ok(Context {
            facts: Facts {
                id: user,
                is_enabled: self.flag("flag")?,
                status: self.get("a")?,
                has_signed: self.flag("second_flag")?,
                raw_number: self.get("e")?,
                date_of_birth: self.get::<Option<NaiveDateTime>>("at")?.map(|at| at.date()),
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
            created_at: self.get("at")?,
        })
    }
}

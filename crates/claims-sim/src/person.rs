//! One invented person with everything the platform would hold of them: a pure function of seed, id and `as_of`.

use std::fmt::Write as _;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use rand::Rng;
use rand::seq::IndexedRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::names;

/// A row of `users`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Person {
    pub(crate) id: u64,
    pub(crate) email: Option<String>,
    pub(crate) is_enabled: bool,
    pub(crate) status: Option<&'static str>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) phone_number: Option<String>,
    pub(crate) date_of_birth: Option<NaiveDate>,
    pub(crate) previous_name: Option<String>,
    /// None and an empty string both mean that the person has not signed.
    pub(crate) signature_file_id: Option<String>,
    pub(crate) has_large_json: bool,
    pub(crate) introducer: &'static str,
    pub(crate) solicitor: Option<&'static str>,
    pub(crate) marketing_source: Option<&'static str>,
    pub(crate) last_login: Option<NaiveDateTime>,
    pub(crate) created_at: Option<NaiveDateTime>,
    pub(crate) updated_at: Option<NaiveDateTime>,
    pub(crate) addresses: Vec<Address>,
    pub(crate) claims: Vec<Claim>,
    pub(crate) logs: Vec<Log>,
}

/// A row of `user_addresses`. The first of a person is the current one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Address {
    pub(crate) id: String,
    pub(crate) is_linked: bool,
    pub(crate) full: Option<String>,
    pub(crate) line_1: Option<String>,
    pub(crate) house_number: Option<String>,
    pub(crate) street: &'static str,
    pub(crate) building: Option<&'static str>,
    pub(crate) county: Option<&'static str>,
    pub(crate) post_code: String,
    pub(crate) post_town: &'static str,
    pub(crate) created_at: Option<NaiveDateTime>,
}

/// A row of `claims`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Claim {
    pub(crate) id: u64,
    pub(crate) status: Option<&'static str>,
    pub(crate) is_open: bool,
    pub(crate) lender: Option<&'static str>,
    pub(crate) solicitor: Option<&'static str>,
    pub(crate) created_at: Option<NaiveDateTime>,
    pub(crate) updated_at: Option<NaiveDateTime>,
    pub(crate) requirements: Vec<Requirement>,
    pub(crate) packages: Vec<Package>,
}

/// A row of `claim_requirements`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Requirement {
    pub(crate) id: String,
    pub(crate) kind: Option<&'static str>,
    pub(crate) status: Option<&'static str>,
    pub(crate) reason: Option<&'static str>,
    pub(crate) rejection: Option<&'static str>,
    pub(crate) created_at: Option<NaiveDateTime>,
    pub(crate) updated_at: Option<NaiveDateTime>,
}

/// A row of `claim_vehicle_packages`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) registration: Option<String>,
    pub(crate) make: &'static str,
    pub(crate) model: Option<&'static str>,
    pub(crate) dealership: Option<&'static str>,
    pub(crate) monthly_pence: u32,
    pub(crate) contract_start: Option<NaiveDateTime>,
    pub(crate) created_at: Option<NaiveDateTime>,
}

/// A row of `user_logs`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Log {
    pub(crate) id: String,
    pub(crate) kind: &'static str,
    pub(crate) detail: &'static str,
    pub(crate) created_at: Option<NaiveDateTime>,
}

/// The highest number of users that may stand at the end of the range with ids that a JSON number cannot hold.
const LARGE_IDS: u64 = 5;

/// The first of those ids: above 2^53, and its last five digits give telephone numbers that smaller populations leave free.
const FIRST_LARGE_ID: u64 = 9_007_199_254_799_990;

/// Claims of a user have the ids `user × 16 + n`.
const CLAIM_IDS_PER_USER: u64 = 16;

/// The id of the user at `index` (from 1) of `users`. All but the last few are their own index.
pub(crate) fn id_at(index: u64, users: u64) -> u64 {
    let large = LARGE_IDS.min(users / 20);
    let ordinary = users - large;
    if index <= ordinary { index } else { FIRST_LARGE_ID + (index - ordinary - 1) }
}

/// What is drawn once for a person and decides most of the rest.
#[derive(Clone, Copy)]
struct Lot {
    joined: NaiveDateTime,
    signed: bool,
    outstanding: bool,
}

/// Draws the person with this id.
pub(crate) fn draw(seed: u64, id: u64, as_of: DateTime<Utc>) -> Person {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // A stream of its own for every person: user 17 is the same in a population of 20 and of 500,000.
    rng.set_stream(id);
    let rng = &mut rng;
    let as_of = as_of.naive_utc();

    let (first_name, last_name) = name(rng);
    let joined = as_of - TimeDelta::seconds(if chance(rng, 400) { within(rng, 60) } else { within(rng, 940) + 60 * DAY });
    let signed = !chance(rng, 120);
    // Signed and something counted pending: a quarter of everybody, so 30.2 % of the 82.7 % who have signed and can have it.
    let outstanding = signed && chance(rng, 302);
    let lot = Lot { joined, signed, outstanding };

    let phone_number = phone(rng, id);
    let is_enabled = !chance(rng, 20);
    let status = match rng.random_range(0..1000) {
        0..20 => Some("inactive"),
        20..40 => Some("cancelled"),
        40..50 => None,
        50..60 => Some("Active"),
        60..500 => Some("active"),
        500..760 => Some("lead"),
        _ => Some("customer"),
    };
    let signature_file_id = match (signed, chance(rng, 300)) {
        (true, _) => Some(uuid(rng)),
        (false, true) => Some(String::new()),
        (false, false) => None,
    };
    let date_of_birth =
        (!chance(rng, 30)).then(|| as_of.date().checked_sub_days(Days::new(rng.random_range(18 * 365 + 5..88 * 365)))).flatten();
    let solicitor = chance(rng, 850).then(|| pick(rng, names::SOLICITORS));
    let addresses = addresses(rng, lot, as_of);
    let claims = claims(rng, id, lot, solicitor, as_of);
    let mut logs: Vec<Log> = (0..rng.random_range(1..=4)).map(|_| log(rng, joined, as_of)).collect();
    logs.sort_by_key(|log| log.created_at);

    Person {
        id,
        email: (!chance(rng, 10)).then(|| email(rng, first_name.as_deref(), last_name.as_deref(), id)),
        is_enabled,
        status,
        previous_name: chance(rng, 60).then(|| former_name(rng, first_name.as_deref())),
        first_name,
        last_name,
        phone_number,
        date_of_birth,
        signature_file_id,
        has_large_json: chance(rng, 30),
        introducer: weighted(rng, names::INTRODUCERS),
        solicitor,
        marketing_source: chance(rng, 700).then(|| pick(rng, names::MARKETING_SOURCES)),
        last_login: chance(rng, 800).then(|| between(rng, joined, as_of)),
        created_at: (!chance(rng, 5)).then_some(joined),
        updated_at: (!chance(rng, 5)).then(|| between(rng, joined, as_of)),
        addresses,
        claims,
        logs,
    }
}

/// First and last name; a few have only one, neither, or very long ones.
fn name(rng: &mut ChaCha8Rng) -> (Option<String>, Option<String>) {
    let mut draw = rng.random_range(0..1000_u32);
    let community = names::COMMUNITIES.iter().find(|community| {
        let here = draw < community.weight;
        draw = draw.saturating_sub(community.weight);
        here
    });
    let community = community.unwrap_or(&names::COMMUNITIES[0]);
    let first = pick(rng, community.first);
    // One in twelve has married into, or was named from, another community.
    let family = if chance(rng, 80) { names::COMMUNITIES.choose(rng).unwrap_or(community) } else { community };
    let last = pick(rng, family.last);
    let last = if chance(rng, 30) { format!("{last}-{}", pick(rng, community.last)) } else { last.to_owned() };
    match rng.random_range(0..1000) {
        0..3 => (None, None),
        3..8 => (None, Some(last)),
        8..13 => (Some(first.to_owned()), None),
        13..16 => {
            let (first, last) = pick(rng, names::LONG_NAMES);
            (Some(first.to_owned()), Some(last.to_owned()))
        }
        16..20 => (Some(format!(" {first} ")), Some(last.to_uppercase())),
        _ => (Some(first.to_owned()), Some(last)),
    }
}

fn former_name(rng: &mut ChaCha8Rng, first: Option<&str>) -> String {
    let last = pick(rng, names::COMMUNITIES[0].last);
    first.map_or_else(|| last.to_owned(), |first| format!("{} {last}", first.trim()))
}

/// Unique by the id; only domains that are reserved for examples or stand under one.
fn email(rng: &mut ChaCha8Rng, first: Option<&str>, last: Option<&str>, id: u64) -> String {
    let part = |name: Option<&str>| -> String { name.unwrap_or("user").chars().filter(char::is_ascii_alphabetic).take(20).collect() };
    let domain = if chance(rng, 700) { "example.co.uk" } else { "example.com" };
    format!("{}.{}{id}@{domain}", part(first), part(last)).to_lowercase()
}

/// A number of the drama ranges for ids below 1,000, of the unassigned bulk range above, written in every way that people write
/// numbers; a few people have none, nonsense, or the number of the person before them.
fn phone(rng: &mut ChaCha8Rng, id: u64) -> Option<String> {
    let owner = if id > 1 && chance(rng, 10) { id - 1 } else { id };
    let landline = owner < 1000 && chance(rng, 100);
    let shape = rng.random_range(0..1000);
    match rng.random_range(0..1000) {
        0..20 => return None,
        20..25 => return Some(String::new()),
        25..35 => return Some(pick(rng, &["n/a", "unknown", "none", "-", "0770090", "ask the office", "00000"]).to_owned()),
        _ => {}
    }
    if landline {
        let (area, exchange) = if chance(rng, 500) { ("20", "79460") } else { ("1632", "960") };
        return Some(match shape {
            0..400 => format!("+44{area}{exchange}{owner:03}"),
            400..700 => format!("0{area}{exchange}{owner:03}"),
            _ => format!("0{area} {exchange}{owner:03}"),
        });
    }
    // 07700 900xxx, Ofcom's drama range, for the first 999.
    let national = format!("77009{:05}", owner % 100_000);
    Some(match shape {
        0..400 => format!("+44{national}"),
        400..550 => format!("44{national}"),
        550..800 => format!("0{national}"),
        800..880 => national,
        880..940 => format!("0{} {} {}", &national[..4], &national[4..7], &national[7..]),
        _ => format!("+44 {} {}", &national[..4], &national[4..]),
    })
}

fn addresses(rng: &mut ChaCha8Rng, lot: Lot, as_of: NaiveDateTime) -> Vec<Address> {
    let count = match rng.random_range(0..1000) {
        0..20 => 0,
        20..750 => 1,
        750..930 => 2,
        _ => 3,
    };
    (0..count).map(|at| address(rng, at > 0, lot, as_of)).collect()
}

fn address(rng: &mut ChaCha8Rng, is_linked: bool, lot: Lot, as_of: NaiveDateTime) -> Address {
    let (post_town, county, district) = pick(rng, names::TOWNS);
    let street = pick(rng, names::STREETS);
    let number = rng.random_range(1..180).to_string();
    // The letters that inward codes never use are left out.
    let inward = b"ABDEFGHJLNPQRSTUWXYZ";
    let letter = |rng: &mut ChaCha8Rng| char::from(inward.choose(rng).copied().unwrap_or(b'A'));
    let post_code = format!("{district} {}{}{}", rng.random_range(1..10), letter(rng), letter(rng));
    let full = match rng.random_range(0..100) {
        0..25 => None,
        25..50 => Some(String::new()),
        50..80 => Some(post_code.clone()),
        _ => Some(format!("{number} {street}, {post_town}, {post_code}")),
    };
    Address {
        id: uuid(rng),
        is_linked,
        full,
        line_1: chance(rng, 300).then(|| format!("{number} {street}")),
        house_number: (!chance(rng, 50)).then_some(number),
        street,
        building: chance(rng, 80).then(|| pick(rng, names::BUILDINGS)),
        county: chance(rng, 600).then_some(county),
        post_code,
        post_town,
        created_at: (!chance(rng, 5)).then(|| between(rng, lot.joined, as_of)),
    }
}

fn claims(rng: &mut ChaCha8Rng, user: u64, lot: Lot, solicitor: Option<&'static str>, as_of: NaiveDateTime) -> Vec<Claim> {
    let situation = rng.random_range(0..1000);
    if situation < 20 {
        return Vec::new();
    }
    let all_closed = situation < 60;
    let count: u64 = match rng.random_range(0..100) {
        0..18 => 1,
        18..41 => 2,
        41..66 => 3,
        66..83 => 4,
        83..93 => 5,
        93..98 => 6,
        _ => rng.random_range(7..=9),
    };
    // The first is open in all but those whose claims are all closed; of the others one in four is closed.
    (1..=count)
        .map(|n| {
            let is_open = !all_closed && (n == 1 || !chance(rng, 250));
            claim(rng, user * CLAIM_IDS_PER_USER + n, is_open, is_open && n == 1, lot, solicitor, as_of)
        })
        .collect()
}

fn claim(
    rng: &mut ChaCha8Rng,
    id: u64,
    is_open: bool,
    is_first_open: bool,
    lot: Lot,
    solicitor: Option<&'static str>,
    as_of: NaiveDateTime,
) -> Claim {
    let made = between(rng, lot.joined, as_of);
    let status = if is_open { open_status(rng, lot) } else { Some(closed_status(rng)) };
    let count = match rng.random_range(0..1000) {
        0..275 => 0,
        275..610 => 1,
        610..845 => 2,
        845..965 => 3,
        _ => 4,
    };
    let is_asked = is_first_open && lot.outstanding;
    let mut requirements: Vec<Requirement> =
        (0..count.max(i32::from(is_asked))).map(|n| requirement(rng, is_open, is_asked && n == 0, lot, made, as_of)).collect();
    requirements.sort_by_key(|requirement| requirement.created_at);
    let packages = match rng.random_range(0..100) {
        0..10 => 0,
        10..95 => 1,
        _ => 2,
    };
    Claim {
        id,
        status,
        is_open,
        lender: (!chance(rng, 10)).then(|| weighted(rng, names::LENDERS)),
        solicitor,
        created_at: (!chance(rng, 5)).then_some(made),
        updated_at: Some(between(rng, made, as_of)),
        requirements,
        packages: (0..packages).map(|_| package(rng, made)).collect(),
    }
}

fn open_status(rng: &mut ChaCha8Rng, lot: Lot) -> Option<&'static str> {
    let waiting = if lot.signed { "documents_requested" } else { "needs_signature" };
    match rng.random_range(0..1000) {
        0..15 => None,
        15..30 => Some("PENDING"),
        30..200 => Some("pending"),
        200..600 => Some(waiting),
        600..750 => Some("submitted"),
        750..900 => Some("awaiting_lender"),
        _ => Some("in_review"),
    }
}

fn closed_status(rng: &mut ChaCha8Rng) -> &'static str {
    match rng.random_range(0..1000) {
        0..20 => "Complete",
        20..40 => "CANCELLED",
        40..340 => "complete",
        340..640 => "completed",
        _ => "cancelled",
    }
}

fn requirement(rng: &mut ChaCha8Rng, on_open: bool, asked: bool, lot: Lot, made: NaiveDateTime, as_of: NaiveDateTime) -> Requirement {
    let counted = asked || chance(rng, 600);
    let kind = if counted { weighted(rng, names::COUNTED_KINDS) } else { weighted(rng, names::UNCOUNTED_KINDS) };
    // What is counted and pending on an open claim decides the queue, so only those who are meant to have it do.
    let pending = match (counted, on_open, lot.signed) {
        (true, true, true) => asked || (lot.outstanding && chance(rng, 350)),
        (true, false, _) => chance(rng, 100),
        (true, true, false) => chance(rng, 400),
        (false, _, signed) => chance(rng, if signed { 300 } else { 700 }),
    };
    let status = match (pending, rng.random_range(0..1000)) {
        (true, 0..700) => Some("PENDING"),
        (true, 700..950) => Some("pending"),
        (true, _) => Some("Pending"),
        (false, 0..10) => None,
        (false, 10..600) => Some("COMPLETE"),
        (false, 600..700) => Some("complete"),
        (false, 700..900) => Some("ACCEPTED"),
        (false, _) => Some("CANCELLED"),
    };
    let reason = match (counted, kind) {
        (false, "id_document") => Some(names::BASE_REASON),
        _ => chance(rng, 600).then(|| pick(rng, names::REASONS)),
    };
    let since = between(rng, made, as_of);
    Requirement {
        id: uuid(rng),
        // A type that is NULL is counted, so it must not stand where nothing counted may be pending.
        kind: if (counted || !pending) && chance(rng, 3) { None } else { Some(kind) },
        status,
        reason,
        rejection: (pending && chance(rng, 150)).then(|| pick(rng, names::REJECTIONS)),
        created_at: (!chance(rng, 5)).then_some(since),
        updated_at: Some(between(rng, since, as_of)),
    }
}

fn package(rng: &mut ChaCha8Rng, made: NaiveDateTime) -> Package {
    let (maker, models) = pick(rng, names::VEHICLES);
    Package {
        id: uuid(rng),
        registration: (!chance(rng, 50)).then(|| registration(rng)),
        make: maker,
        model: (!chance(rng, 30)).then(|| pick(rng, models)),
        dealership: chance(rng, 700).then(|| pick(rng, names::DEALERSHIPS)),
        monthly_pence: rng.random_range(9_000..62_000),
        contract_start: (!chance(rng, 50)).then(|| made - TimeDelta::days(rng.random_range(400..4_500))),
        created_at: Some(made),
    }
}

/// Of today's shape, with a first letter that was never allotted to an office.
fn registration(rng: &mut ChaCha8Rng) -> String {
    let letters = b"ABCDEFGHJKLMNOPRSTUVWXYZ";
    let mut mark = String::with_capacity(8);
    mark.push(char::from(b"JTZ".choose(rng).copied().unwrap_or(b'Z')));
    mark.push(char::from(letters.choose(rng).copied().unwrap_or(b'A')));
    let half: u32 = if chance(rng, 500) { 50 } else { 0 };
    // Writing to a String cannot fail.
    let _ = write!(mark, "{:02} ", rng.random_range(7..21) + half);
    for _ in 0..3 {
        mark.push(char::from(letters.choose(rng).copied().unwrap_or(b'A')));
    }
    mark
}

fn log(rng: &mut ChaCha8Rng, joined: NaiveDateTime, as_of: NaiveDateTime) -> Log {
    let (kind, detail) = pick(rng, names::LOG_LINES);
    Log { id: uuid(rng), kind, detail, created_at: (!chance(rng, 5)).then(|| between(rng, joined, as_of)) }
}

const DAY: i64 = 86_400;

/// Any number of seconds within so many days.
fn within(rng: &mut ChaCha8Rng, days: i64) -> i64 {
    rng.random_range(0..days * DAY)
}

/// A second from `from` on and before `to`, or `from` when that is not before.
fn between(rng: &mut ChaCha8Rng, from: NaiveDateTime, to: NaiveDateTime) -> NaiveDateTime {
    from + TimeDelta::seconds(rng.random_range(0..(to - from).num_seconds().max(1)))
}

/// True so often in a thousand.
fn chance(rng: &mut ChaCha8Rng, in_a_thousand: u32) -> bool {
    rng.random_range(0..1000) < in_a_thousand
}

fn pick<T: Copy>(rng: &mut ChaCha8Rng, from: &[T]) -> T {
    from[rng.random_range(0..from.len())]
}

fn weighted(rng: &mut ChaCha8Rng, from: &[(&'static str, u32)]) -> &'static str {
    let mut draw = rng.random_range(0..from.iter().map(|(_, weight)| weight).sum());
    for (value, weight) in from {
        if draw < *weight {
            return value;
        }
        draw -= weight;
    }
    from[0].0
}

/// Where the times in ids begin.
const FIRST_ID_MILLIS: u128 = 0x0190_0000_0000;

/// A UUID (version 7) in text. Ids of one person stand together and people stand in the order of their own ids, as they would had
/// the platform made them one after the other; rows then fill the end of their table.
pub(crate) fn uuid(rng: &mut ChaCha8Rng) -> String {
    let millis = (FIRST_ID_MILLIS + u128::from(rng.get_stream()) * 1_000) & 0xffff_ffff_ffff;
    let random = rng.random::<u128>() & 0x0fff_3fff_ffff_ffff_ffff;
    let hex = format!("{:032x}", millis << 80 | 0x7 << 76 | 0x2 << 62 | random);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

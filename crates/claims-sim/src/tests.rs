use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use kernel::PhoneNumber;

use crate::names::{BASE_REASON, UNCOUNTED_KINDS};
use crate::person::{Person, Requirement, draw, id_at};
use crate::sql::Inserts;

const USERS: u64 = 5_000;
const SEED: u64 = 7;

fn as_of() -> DateTime<Utc> {
    "2026-11-24T10:30:00Z".parse().unwrap()
}

fn people() -> Vec<Person> {
    (1..=USERS).map(|index| draw(SEED, id_at(index, USERS), as_of())).collect()
}

fn percent(part: usize, whole: usize) -> f64 {
    100.0 * f64::from(u32::try_from(part).unwrap()) / f64::from(u32::try_from(whole).unwrap())
}

fn is_pending(requirement: &Requirement) -> bool {
    requirement.status.is_some_and(|status| status.eq_ignore_ascii_case("pending"))
}

fn is_counted(requirement: &Requirement) -> bool {
    match requirement.kind {
        Some("id_document") => requirement.reason != Some(BASE_REASON),
        Some(kind) => !UNCOUNTED_KINDS.iter().any(|(uncounted, _)| *uncounted == kind),
        None => true,
    }
}

fn has_signed(person: &Person) -> bool {
    person.signature_file_id.as_ref().is_some_and(|id| !id.is_empty())
}

fn is_outstanding(person: &Person) -> bool {
    let mut asked = person.claims.iter().filter(|claim| claim.is_open).flat_map(|claim| &claim.requirements);
    has_signed(person) && asked.any(|requirement| is_pending(requirement) && is_counted(requirement))
}

/// FNV-1a: stable across machines and releases, unlike the standard library's hasher.
fn fingerprint(people: &[Person]) -> u64 {
    let mut inserts = Inserts::new();
    for person in people {
        inserts.add(person);
    }
    let Inserts { users, addresses, claims, requirements, packages, logs } = inserts;
    let sql: Vec<String> =
        [users, addresses, claims, requirements, packages, logs].into_iter().filter_map(crate::sql::Insert::finish).collect();
    assert_eq!(sql.len(), 6, "every table has rows");
    sql.concat().bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn the_same_seed_gives_the_same_rows() {
    let people = people();

    assert_eq!(fingerprint(&people), fingerprint(&self::people()));
    assert_eq!(fingerprint(&people), GOLDEN, "the invented people have changed: say so in the changelog");
    assert_ne!(draw(SEED, 17, as_of()), draw(SEED + 1, 17, as_of()));
}

const GOLDEN: u64 = 10_617_047_782_000_292_018;

#[test]
fn a_user_is_the_same_in_every_population() {
    for users in [100, 5_000, 500_000] {
        assert_eq!(id_at(17, users), 17);
        assert_eq!((1..=users).map(|index| id_at(index, users)).collect::<std::collections::HashSet<_>>().len() as u64, users);
    }
    assert_eq!((1..=3).map(|index| id_at(index, 3)).collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn another_present_moves_the_dates_and_nothing_else() {
    let (now, later) = (draw(SEED, 42, as_of()), draw(SEED, 42, as_of() + TimeDelta::days(30)));

    assert_eq!((&now.first_name, &now.phone_number, now.claims.len()), (&later.first_name, &later.phone_number, later.claims.len()));
    assert_eq!(now.created_at.unwrap() + TimeDelta::days(30), later.created_at.unwrap());
}

#[test]
fn nothing_lies_in_the_future() {
    let now = as_of().naive_utc();
    for person in people() {
        assert!(person.created_at.is_none_or(|at| at <= now));
        assert!(person.logs.iter().all(|log| log.created_at.is_none_or(|at| at <= now)));
        for claim in &person.claims {
            assert!(claim.created_at.is_none_or(|at| at <= now));
            assert!(claim.requirements.iter().all(|requirement| requirement.updated_at.is_none_or(|at| at <= now)));
        }
    }
}

#[test]
fn shares_are_what_the_readme_says() {
    let people = people();
    let of_users = |is: fn(&Person) -> bool| percent(people.iter().filter(|person| is(person)).count(), people.len());
    let claims: usize = people.iter().map(|person| person.claims.len()).sum();
    let requirements: usize = people.iter().flat_map(|person| &person.claims).map(|claim| claim.requirements.len()).sum();
    let packages: usize = people.iter().flat_map(|person| &person.claims).map(|claim| claim.packages.len()).sum();

    for (what, share, from, to) in [
        ("claims per 100 users", percent(claims, people.len()), 290.0, 310.0),
        ("requirements per 100 claims", percent(requirements, claims), 128.0, 138.0),
        ("vehicles per 100 claims", percent(packages, claims), 90.0, 100.0),
        ("not signed", of_users(|person| !has_signed(person)), 10.5, 13.5),
        ("outstanding", of_users(is_outstanding), 23.5, 26.5),
        ("empty signature", of_users(|person| person.signature_file_id.as_deref() == Some("")), 2.6, 4.6),
        ("disabled", of_users(|person| !person.is_enabled), 1.3, 2.7),
        ("inactive", of_users(|person| person.status == Some("inactive")), 1.3, 2.7),
        ("cancelled", of_users(|person| person.status == Some("cancelled")), 1.3, 2.7),
        ("no status", of_users(|person| person.status.is_none()), 0.5, 1.5),
        ("no claims", of_users(|person| person.claims.is_empty()), 1.3, 2.7),
        ("all closed", of_users(|p| !p.claims.is_empty() && p.claims.iter().all(|claim| !claim.is_open)), 3.0, 5.0),
        ("no number", of_users(|person| person.phone_number.is_none()), 1.3, 2.7),
        ("no date of birth", of_users(|person| person.date_of_birth.is_none()), 2.2, 3.8),
        ("two-part surnames", of_users(|person| person.last_name.as_ref().is_some_and(|name| name.contains('-'))), 1.5, 5.0),
    ] {
        assert!((from..to).contains(&share), "{what}: {share:.1}, not between {from} and {to}");
    }
}

#[test]
fn every_awkward_case_occurs() {
    let people = people();
    let any = |what: &str, is: &dyn Fn(&Person) -> bool| assert!(people.iter().any(is), "nobody has {what}");
    let any_requirement = |what: &str, is: &dyn Fn(&Requirement) -> bool| {
        assert!(people.iter().flat_map(|p| &p.claims).flat_map(|c| &c.requirements).any(is), "no requirement {what}");
    };

    for status in ["PENDING", "pending", "Pending"] {
        any_requirement(status, &|requirement| requirement.status == Some(status));
    }
    for (kind, _) in UNCOUNTED_KINDS {
        any_requirement(kind, &|requirement| requirement.kind == Some(kind) && is_pending(requirement));
    }
    any_requirement("for everybody", &|r| r.kind == Some("id_document") && r.reason == Some(BASE_REASON) && is_pending(r));
    any_requirement("without type", &|requirement| requirement.kind.is_none());
    any_requirement("without status", &|requirement| requirement.status.is_none());
    any_requirement("without date", &|requirement| requirement.created_at.is_none());
    any_requirement("sent back", &|requirement| requirement.rejection.is_some());
    any("no first name", &|person| person.first_name.is_none() && person.last_name.is_some());
    any("no last name", &|person| person.last_name.is_none() && person.first_name.is_some());
    any("no name", &|person| person.first_name.is_none() && person.last_name.is_none());
    any("a very long name", &|person| person.last_name.as_ref().is_some_and(|name| name.len() > 40));
    any("an apostrophe", &|person| person.last_name.as_ref().is_some_and(|name| name.contains('\'')));
    any("an accent", &|person| person.first_name.as_ref().is_some_and(|name| !name.is_ascii()));
    any("an empty number", &|person| person.phone_number.as_deref() == Some(""));
    any("no date of creation", &|person| person.created_at.is_none());
    any("an id above 2^53", &|person| person.id > 1 << 53);
    any("no address", &|person| person.addresses.is_empty());
    any("a claim without status", &|person| person.claims.iter().any(|claim| claim.status.is_none()));
    any("a claim without date", &|person| person.claims.iter().any(|claim| claim.created_at.is_none()));
    any("a claim without lender", &|person| person.claims.iter().any(|claim| claim.lender.is_none()));
    any("a cancelled claim in capitals", &|person| person.claims.iter().any(|claim| claim.status == Some("CANCELLED")));
    any("an alias of a lender", &|person| person.claims.iter().any(|claim| claim.lender == Some("santander_consumer")));

    for (shape, is) in [
        ("+447…", (|n: &str| n.starts_with("+447") && !n.contains(' ')) as fn(&str) -> bool),
        ("+44 7…", |n| n.starts_with("+44 7")),
        ("447…", |n| n.starts_with("447")),
        ("07…", |n| n.starts_with("07") && !n.contains(' ') && n.len() == 11),
        ("07… … …", |n| n.starts_with("07") && n.contains(' ')),
        ("7…", |n| n.starts_with('7')),
        ("020…", |n| n.contains("2079460") || n.contains("20 79460")),
        ("01632…", |n| n.contains("1632")),
        ("words", |n| n == "n/a"),
    ] {
        assert!(people.iter().filter_map(|person| person.phone_number.as_deref()).any(is), "nobody has a number like {shape}");
    }
}

/// lessons, line 46: real names, numbers and secrets in the repository.
#[test]
fn no_number_belongs_to_anybody() {
    let mut holders: HashMap<String, u32> = HashMap::new();
    for person in people() {
        let Some(raw) = person.phone_number else { continue };
        let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
        if digits.len() < 8 {
            continue; // nothing that a network would take for a number
        }
        let national = digits.strip_prefix("44").or(digits.strip_prefix('0')).unwrap_or(&digits);
        let is_drama = |prefix: &str, length: usize| national.starts_with(prefix) && national.len() == length;
        let is_allowed = match person.id {
            ..1000 => is_drama("7700900", 10) || is_drama("2079460", 10) || is_drama("1632960", 10),
            _ => is_drama("77009", 10),
        };
        assert!(is_allowed, "{raw} of user {} is outside the ranges", person.id);
        *holders.entry(national.to_owned()).or_default() += 1;
    }
    assert!(holders.values().any(|&held| held == 2), "nobody shares a number");
}

#[test]
fn numbers_are_read_by_the_dialler() {
    let policy =
        kernel::NumberPolicy { test_prefixes: vec!["+4477009".into(), "+44207946".into(), "+441632960".into()], other_countries: vec![] };
    let raw: Vec<String> = people().into_iter().filter_map(|person| person.phone_number).collect();
    let usable = raw.iter().filter(|raw| PhoneNumber::parse(raw, &policy).is_ok()).count();
    let share = percent(usable, raw.len());

    assert!((97.5..99.2).contains(&share), "{share:.1} % of the numbers are usable");
}

#[test]
fn addresses_of_mail_and_vehicles_belong_to_nobody() {
    for person in people() {
        assert!(person.email.is_none_or(|email| email.ends_with("@example.co.uk") || email.ends_with("@example.com")));
        for package in person.claims.iter().flat_map(|claim| &claim.packages) {
            assert!(package.registration.as_ref().is_none_or(|mark| mark.starts_with(['J', 'T', 'Z'])));
        }
    }
}

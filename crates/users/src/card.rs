//! What was read of a person, in the words that an agent reads. Pure.

use std::cmp::Reverse;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Utc};
use kernel::{ReadNumber, display_time, london, trim_blank};

use crate::context::{Address, Context, Vehicle};
use crate::types::{Claim, ClaimCard, LogEntry, OutstandingCard, Requirement, UserCard};

impl Context {
    /// First and last name as far as known; “User 48213” when neither is.
    pub fn name(&self) -> String {
        let parts: Vec<String> = [self.first_name.as_deref(), self.last_name.as_deref()].into_iter().filter_map(filled).collect();
        if parts.is_empty() { format!("User {}", self.facts.id) } else { parts.join(" ") }
    }

    /// The agent's card. `is_counted` says which pending requirements are worth a call, `lender_name` how a lender's code reads.
    pub fn card(
        &self,
        number: Option<&ReadNumber>,
        is_counted: impl Fn(&Requirement) -> bool,
        lender_name: impl Fn(&str) -> String,
        now: DateTime<Utc>,
    ) -> UserCard {
        let facts = &self.facts;
        let name = self.name();
        let address = self.current_address();
        let current = address.and_then(one_line);

        let mut claims: Vec<&Claim> = facts.claims.iter().collect();
        claims.sort_by_key(|claim| (!claim.is_open(), Reverse(claim.created_at), Reverse(claim.id)));

        UserCard {
            id: facts.id,
            first_name: filled(self.first_name.as_deref()).unwrap_or_else(|| name.clone()),
            name,
            previous_name: filled(self.previous_name.as_deref()),
            number: number.map(ReadNumber::national),
            date_of_birth: facts.date_of_birth.map(|born| born.format("%-d %B %Y").to_string()),
            age: facts.date_of_birth.and_then(|born| age(born, london(now).date())),
            town: address.and_then(|address| filled(address.town.as_deref())),
            post_code: address.and_then(post_code),
            earlier_addresses: self.earlier_addresses(address, current.as_ref()),
            address: current,
            claims: claims.into_iter().map(|claim| self.claim_card(claim, &lender_name)).collect(),
            outstanding: self.outstanding(is_counted, &lender_name),
            log: self
                .log
                .iter()
                .map(|event| LogEntry {
                    title: event.kind.as_deref().map(words).unwrap_or_default(),
                    detail: filled(event.detail.as_deref()).unwrap_or_default(),
                    at: event.at.map(|at| display_time(at.and_utc(), now)).unwrap_or_default(),
                })
                .collect(),
        }
    }

    fn claim_card(&self, claim: &Claim, lender_name: impl Fn(&str) -> String) -> ClaimCard {
        let vehicles: Vec<String> = self.vehicles.iter().filter(|vehicle| vehicle.claim_id == claim.id).filter_map(agreement).collect();
        ClaimCard {
            id: claim.id,
            lender: lender(claim, lender_name).unwrap_or_else(|| "Lender not known".to_owned()),
            agreement: (!vehicles.is_empty()).then(|| vehicles.join("; ")),
            status: filled(claim.status.as_deref()).map_or_else(|| "No status".to_owned(), |status| words(&status)),
            is_open: claim.is_open(),
            opened: claim.created_at.map(day),
            solicitor: filled(claim.solicitor.as_deref()),
        }
    }

    fn outstanding(&self, is_counted: impl Fn(&Requirement) -> bool, lender_name: impl Fn(&str) -> String) -> Vec<OutstandingCard> {
        let signature = (!self.facts.has_signed).then(|| OutstandingCard {
            title: "Signature".to_owned(),
            detail: None,
            since: None,
            lender: None,
            is_signature: true,
            uncounted: None,
        });
        let mut asked: Vec<(bool, &Requirement)> =
            self.facts.pending.iter().map(|requirement| (is_counted(requirement), requirement)).collect();
        asked.sort_by_key(|(is_counted, requirement)| Reverse((*is_counted, requirement.created_at)));
        let asked = asked.into_iter().map(|(is_counted, requirement)| {
            let claim = self.facts.claims.iter().find(|claim| claim.id == requirement.claim_id);
            let uncounted = if claim.is_some_and(Claim::is_open) { "Not for the person to send" } else { "The claim is closed" };
            OutstandingCard {
                title: filled(requirement.kind.as_deref()).map_or_else(|| "Something else".to_owned(), |kind| words(&kind)),
                detail: match filled(requirement.rejection_reason.as_deref()) {
                    Some(why) => Some(format!("Sent back: {}", plain(&why))),
                    None => filled(requirement.reason.as_deref()).map(|why| plain(&why)),
                },
                since: requirement.created_at.map(day),
                lender: claim.and_then(|claim| lender(claim, &lender_name)),
                is_signature: false,
                uncounted: (!is_counted).then(|| uncounted.to_owned()),
            }
        });
        signature.into_iter().chain(asked).collect()
    }

    /// The one that the person's row names, or else the newest that is not a previous one, or else the newest.
    pub(crate) fn current_address(&self) -> Option<&Address> {
        let named = self.addresses.iter().find(|address| address.id.is_some() && address.id == self.current_address_id);
        named.or_else(|| self.addresses.iter().max_by_key(|address| (!address.is_previous, address.created_at, &address.id)))
    }

    /// All but the current one, each once.
    fn earlier_addresses(&self, current: Option<&Address>, current_line: Option<&String>) -> Vec<String> {
        let mut others: Vec<&Address> =
            self.addresses.iter().filter(|address| !current.is_some_and(|current| std::ptr::eq(current, *address))).collect();
        others.sort_by_key(|address| Reverse(address.created_at));
        let mut lines: Vec<String> = Vec::new();
        for line in others.into_iter().filter_map(one_line) {
            if Some(&line) != current_line && !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines
    }
}

fn lender(claim: &Claim, lender_name: impl Fn(&str) -> String) -> Option<String> {
    filled(claim.lender.as_deref()).map(|code| lender_name(&code))
}

/// `Ford Fiesta, ZB19 KLM`.
fn agreement(vehicle: &Vehicle) -> Option<String> {
    let model: Vec<String> = [vehicle.make.as_deref(), vehicle.model.as_deref()].into_iter().filter_map(filled).collect();
    let model = Some(model.join(" ")).filter(|model| !model.is_empty());
    let parts: Vec<String> = [model, filled(vehicle.registration.as_deref())].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// From its parts, since the full address is often empty or a post code alone.
fn one_line(address: &Address) -> Option<String> {
    let street = filled(address.street.as_deref()).map(|street| match filled(address.house_number.as_deref()) {
        Some(number) if !street.starts_with(&number) => format!("{number} {street}"),
        _ => street,
    });
    let mut parts: Vec<String> = Vec::new();
    let first = street.or_else(|| filled(address.line_1.as_deref()));
    for part in [
        filled(address.building.as_deref()),
        first,
        filled(address.line_2.as_deref()),
        filled(address.town.as_deref()),
        filled(address.post_code.as_deref()),
    ] {
        if let Some(part) = part
            && !parts.contains(&part)
        {
            parts.push(part);
        }
    }
    // A post code by itself says less than what somebody wrote.
    let composed = (!parts.is_empty()).then(|| parts.join(", "));
    if parts.len() < 2 { filled(address.full.as_deref()).or(composed) } else { composed }
}

/// Its own, or what the full address is when it is nothing else.
fn post_code(address: &Address) -> Option<String> {
    filled(address.post_code.as_deref()).or_else(|| filled(address.full.as_deref()).filter(|full| is_post_code(full)))
}

/// `LS11 5AB`: a letter first, and a figure and two letters last.
fn is_post_code(text: &str) -> bool {
    let compact: Vec<char> = text.chars().filter(|c| *c != ' ').collect();
    (5..=7).contains(&compact.len())
        && compact[0].is_ascii_alphabetic()
        && matches!(&compact[compact.len() - 3..], [figure, a, b] if figure.is_ascii_digit() && a.is_ascii_alphabetic() && b.is_ascii_alphabetic())
}

/// In whole years; none for a date that cannot be somebody's birth.
fn age(born: NaiveDate, today: NaiveDate) -> Option<u16> {
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    let years = today.year() - born.year() - i32::from(!had_birthday);
    u16::try_from(years).ok().filter(|years| *years <= 130)
}

/// `12 Nov 2026`, in London.
fn day(at: NaiveDateTime) -> String {
    london(at.and_utc()).format("%-d %b %Y").to_string()
}

/// A code in words: `needs_signature` is “Needs signature”, `id_document` “ID document”, `CFA` itself.
fn words(code: &str) -> String {
    let spaced = trim_blank(code).to_lowercase().replace(['_', '-'], " ");
    let known: Vec<String> = spaced
        .split_whitespace()
        .map(|word| if matches!(word, "id" | "cfa" | "sms" | "dob" | "gp" | "pcp") { word.to_uppercase() } else { word.to_owned() })
        .collect();
    capital(&known.join(" "))
}

/// A sentence as people wrote it, with a capital and without a full stop.
fn plain(sentence: &str) -> String {
    capital(trim_blank(sentence).trim_end_matches('.'))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Trimmed; none when nothing is left.
pub(crate) fn filled(text: Option<&str>) -> Option<String> {
    text.map(trim_blank).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use kernel::{ClaimId, UserId};

    use super::*;
    use crate::context::Event;
    use crate::types::Facts;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[expect(clippy::unnecessary_wraps, reason = "every column it stands for may be NULL")]
    fn at(text: &str) -> Option<NaiveDateTime> {
        Some(utc(text).naive_utc())
    }

    #[expect(clippy::unnecessary_wraps, reason = "every column it stands for may be NULL")]
    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn claim(id: i64, status: Option<&str>, made: &str) -> Claim {
        Claim {
            id: ClaimId::new(id),
            kind: some("VEHICLE"),
            status: status.map(str::to_owned),
            lender: some("black_horse"),
            solicitor: some(" Brindlewood Law "),
            created_at: at(made),
            monthly_payment_pence: None,
        }
    }

    fn requirement(kind: &str, made: Option<&str>) -> Requirement {
        Requirement {
            claim_id: ClaimId::new(1),
            kind: some(kind),
            reason: some("the lender asked for it."),
            rejection_reason: None,
            created_at: made.and_then(at),
        }
    }

    fn nobody() -> Context {
        Context {
            facts: Facts {
                id: UserId::new(48_213),
                is_enabled: true,
                status: None,
                has_signed: true,
                raw_number: None,
                date_of_birth: None,
                post_code: None,
                claims: vec![],
                pending: vec![],
                read_at: utc("2026-11-24T10:30:00Z"),
            },
            first_name: None,
            last_name: None,
            previous_name: None,
            current_address_id: None,
            vehicles: vec![],
            addresses: vec![],
            log: vec![],
        }
    }

    fn card_of(context: &Context) -> UserCard {
        context.card(None, |_| true, str::to_uppercase, utc("2026-11-24T10:30:00Z"))
    }

    #[test]
    fn somebody_of_whom_nothing_is_known_has_a_card_too() {
        let card = card_of(&nobody());

        assert_eq!((card.name.as_str(), card.first_name.as_str()), ("User 48213", "User 48213"));
        assert_eq!((card.number, card.date_of_birth, card.age), (None, None, None));
        assert_eq!((card.town, card.address, card.post_code), (None, None, None));
        assert!(card.claims.is_empty() && card.outstanding.is_empty() && card.log.is_empty() && card.earlier_addresses.is_empty());
    }

    #[test]
    fn names_are_trimmed_and_one_is_enough() {
        for (first, last, name, called) in [
            (some(" Ada "), some(" Byron"), "Ada Byron", "Ada"),
            (some("Ada"), None, "Ada", "Ada"),
            (None, some("Byron"), "Byron", "Byron"),
            (some("  "), some(""), "User 48213", "User 48213"),
        ] {
            let card = card_of(&Context { first_name: first, last_name: last, ..nobody() });
            assert_eq!((card.name.as_str(), card.first_name.as_str()), (name, called));
        }
    }

    #[test]
    fn age_is_counted_on_londons_day() {
        let born = NaiveDate::from_ymd_opt(1980, 7, 2);
        let mut context = nobody();
        context.facts.date_of_birth = born;
        // Summer: 23:30 UTC on 1 July is half past midnight on 2 July in London.
        for (now, years) in [("2026-07-01T22:30:00Z", 45), ("2026-07-01T23:30:00Z", 46)] {
            assert_eq!(context.card(None, |_| true, str::to_owned, utc(now)).age, Some(years), "{now}");
        }
        context.facts.date_of_birth = NaiveDate::from_ymd_opt(2030, 1, 1);
        assert_eq!(card_of(&context).age, None, "not born yet");
        context.facts.date_of_birth = NaiveDate::from_ymd_opt(1, 1, 1);
        assert_eq!(card_of(&context).age, None, "nobody is that old");
        assert_eq!(age(NaiveDate::from_ymd_opt(2000, 2, 29).unwrap(), NaiveDate::from_ymd_opt(2026, 2, 28).unwrap()), Some(25));
    }

    #[test]
    fn addresses_are_composed_from_their_parts() {
        let parts = Address {
            house_number: some("12"),
            street: some("Acacia Avenue"),
            town: some("Leeds"),
            post_code: some("LS11 5AB"),
            full: some("LS11 5AB"),
            ..Address::default()
        };
        let whole = Address { full: some("1 The Green, Bath, BA2 3CD"), post_code: some("BA2 3CD"), ..Address::default() };
        let line = Address { line_1: some("Flat 2"), town: some("Hull"), ..Address::default() };
        for (address, shown) in [
            (parts.clone(), some("12 Acacia Avenue, Leeds, LS11 5AB")),
            (Address { building: some("Nelson House"), ..parts }, some("Nelson House, 12 Acacia Avenue, Leeds, LS11 5AB")),
            (whole, some("1 The Green, Bath, BA2 3CD")),
            (line, some("Flat 2, Hull")),
            (Address { post_code: some("BA2 3CD"), ..Address::default() }, some("BA2 3CD")),
            (Address { full: some(" "), ..Address::default() }, None),
        ] {
            assert_eq!(one_line(&address), shown);
        }
    }

    #[test]
    fn the_current_address_is_the_one_that_is_named_or_the_newest_that_is_not_previous() {
        let address = |id: &str, is_previous, made: &str, town: &str| Address {
            id: some(id),
            is_previous,
            created_at: at(made),
            town: some(town),
            ..Address::default()
        };
        let addresses = vec![
            address("a", false, "2024-01-01T00:00:00Z", "Leeds"),
            address("b", true, "2026-01-01T00:00:00Z", "Bath"),
            address("c", false, "2025-01-01T00:00:00Z", "Hull"),
        ];
        for (named, town) in [(some("a"), "Leeds"), (some("b"), "Bath"), (None, "Hull"), (some("gone"), "Hull")] {
            let context = Context { addresses: addresses.clone(), current_address_id: named, ..nobody() };
            assert_eq!(card_of(&context).town.as_deref(), Some(town));
        }
    }

    #[test]
    fn earlier_addresses_are_told_once_each_the_newest_first() {
        let address = |made: &str, town: &str, is_previous| Address {
            street: some("High Street"),
            town: some(town),
            is_previous,
            created_at: at(made),
            ..Address::default()
        };
        let addresses = vec![
            address("2020-01-01T00:00:00Z", "Leeds", true),
            address("2026-01-01T00:00:00Z", "Bath", false),
            address("2022-01-01T00:00:00Z", "Hull", true),
            address("2019-01-01T00:00:00Z", "Hull", true),
            // The current one once more, under another id, and one of which nothing is known.
            address("2018-01-01T00:00:00Z", "Bath", true),
            Address::default(),
        ];

        let card = card_of(&Context { addresses, ..nobody() });

        assert_eq!(card.address.as_deref(), Some("High Street, Bath"));
        assert_eq!(card.earlier_addresses, ["High Street, Hull", "High Street, Leeds"]);
    }

    #[test]
    fn the_post_code_is_found_where_installations_write_it() {
        let address = |post_code: Option<&str>, full: Option<&str>| Address {
            post_code: post_code.map(str::to_owned),
            full: full.map(str::to_owned),
            ..Address::default()
        };
        for (address, found) in [
            (address(Some(" LS11 5AB "), None), some("LS11 5AB")),
            (address(Some(""), Some("BA2 3CD")), some("BA2 3CD")),
            (address(None, Some("m11ae")), some("m11ae")),
            (address(None, Some("1 The Green, Bath")), None),
            (address(None, Some("Bath")), None),
            (address(None, Some("12345")), None),
            (address(None, None), None),
        ] {
            assert_eq!(card_of(&Context { addresses: vec![address.clone()], ..nobody() }).post_code, found, "{address:?}");
        }
    }

    #[test]
    fn claims_are_shown_open_first_and_newest_first() {
        let mut context = nobody();
        context.facts.claims = vec![
            claim(1, Some("needs_signature"), "2024-10-31T23:30:00Z"),
            claim(2, Some("COMPLETE"), "2026-02-01T12:00:00Z"),
            claim(3, None, "2025-02-01T12:00:00Z"),
        ];
        let vehicle = |make, model, registration| Vehicle { claim_id: ClaimId::new(1), make, model, registration };
        context.vehicles = vec![vehicle(some("Ford"), some("Fiesta"), some("ZB19 KLM")), vehicle(None, None, some("JA68 XYZ"))];

        let card = card_of(&context);

        let shown: Vec<_> = card.claims.iter().map(|claim| (claim.id.get(), claim.status.as_str(), claim.is_open)).collect();
        assert_eq!(shown, [(3, "No status", true), (1, "Needs signature", true), (2, "Complete", false)]);
        let oldest = &card.claims[1];
        assert_eq!(oldest.agreement.as_deref(), Some("Ford Fiesta, ZB19 KLM; JA68 XYZ"));
        assert_eq!(oldest.opened.as_deref(), Some("31 Oct 2024"));
        assert_eq!((oldest.lender.as_str(), oldest.solicitor.as_deref()), ("BLACK_HORSE", Some("Brindlewood Law")));
    }

    #[test]
    fn a_missing_signature_comes_first_then_the_newest() {
        let mut context = nobody();
        context.facts.has_signed = false;
        context.facts.claims = vec![claim(1, None, "2026-01-01T00:00:00Z")];
        context.facts.pending = vec![
            requirement("proof_of_address", Some("2026-11-12T09:00:00Z")),
            requirement("signature", Some("2026-11-20T09:00:00Z")),
            Requirement { rejection_reason: some("the picture is blurred."), ..requirement("id_document", Some("2026-11-14T09:00:00Z")) },
            requirement("bank_statement", None),
        ];

        let is_counted = |requirement: &Requirement| requirement.kind.as_deref() != Some("signature");
        let card = context.card(None, is_counted, str::to_uppercase, utc("2026-11-24T10:30:00Z"));

        let titles: Vec<&str> = card.outstanding.iter().map(|item| item.title.as_str()).collect();
        assert_eq!(titles, ["Signature", "ID document", "Proof of address", "Bank statement", "Signature"]);
        let uncounted: Vec<_> = card.outstanding.iter().map(|item| item.uncounted.as_deref()).collect();
        assert_eq!(uncounted, [None, None, None, None, Some("Not for the person to send")], "what no call is about comes last");
        assert!(card.outstanding[0].is_signature && !card.outstanding[1].is_signature);
        assert_eq!(card.outstanding[1].detail.as_deref(), Some("Sent back: The picture is blurred"));
        assert_eq!(card.outstanding[2].detail.as_deref(), Some("The lender asked for it"));
        assert_eq!(card.outstanding[2].since.as_deref(), Some("12 Nov 2026"));
        assert_eq!(card.outstanding[2].lender.as_deref(), Some("BLACK_HORSE"));
    }

    #[test]
    fn the_log_reads_as_people_say_it() {
        let event = Event { kind: some("sms_sent"), detail: some("A reminder."), at: at("2026-11-24T08:05:00Z") };
        let unknown = Event { kind: None, detail: None, at: None };
        let card = card_of(&Context { log: vec![event, unknown], ..nobody() });

        assert_eq!(card.log[0], LogEntry { title: "SMS sent".into(), detail: "A reminder.".into(), at: "today 08:05".into() });
        assert_eq!(card.log[1].title, "");
    }
}

use leptos::prelude::*;
use users::{ClaimCard, OutstandingCard, UserCard};

use super::card::{CARD, card_header};
use super::icon::{Icon, icon};
use crate::format::counted;
use crate::state::console::Console;

/// How many are open and how many closed: `2 open, 1 closed`.
fn claim_counts(claims: &[ClaimCard]) -> String {
    let open = claims.iter().filter(|claim| claim.is_open).count();
    match claims.len() - open {
        0 => format!("{open} open"),
        closed => format!("{open} open, {closed} closed"),
    }
}

/// How many a call is about, and how many more are listed: `2, and 1 that no call is about`.
pub(crate) fn outstanding_counts(items: &[OutstandingCard]) -> String {
    let counted = items.iter().filter(|item| item.uncounted.is_none()).count();
    match items.len() - counted {
        0 => counted.to_string(),
        more if counted == 0 => format!("{more} that no call is about"),
        more => format!("{counted}, and {more} that no call is about"),
    }
}

/// Date of birth, addresses and earlier name, which the person's answers are compared with.
pub(crate) fn compared(user: &UserCard) -> AnyView {
    let rows = to_compare(user).into_iter();
    view! {
        <dl class="flex flex-wrap gap-x-8 gap-y-1.5" data-testid="compare">
            {rows.map(|(name, value)| view! {
                <div class="min-w-0">
                    <dt class="text-xs text-muted">{name}</dt>
                    <dd class="font-medium break-words">{value}</dd>
                </div>
            }).collect_view()}
        </dl>
    }
    .into_any()
}

fn to_compare(user: &UserCard) -> Vec<(&'static str, String)> {
    let age = user.age.map(|age| counted(i64::from(age), "year old", "years old"));
    let born = [user.date_of_birth.clone(), age].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let mut known = vec![
        ("Date of birth", if born.is_empty() { "not known".to_owned() } else { born }),
        ("Post code", user.post_code.clone().unwrap_or_else(|| "not known".to_owned())),
    ];
    known.extend(user.address.clone().map(|address| ("Address", address)));
    known.extend(user.earlier_addresses.iter().map(|address| ("Before", address.clone())));
    known.extend(user.previous_name.clone().map(|name| ("Earlier name", name)));
    known
}

/// Identity first; what the claims are about only after it.
#[component]
pub(crate) fn ClaimsOf(user: UserCard) -> impl IntoView {
    let console = expect_context::<Console>();
    let is_checked = console.is_identity_checked;
    let compare = compared(&user);
    let claim_count = claim_counts(&user.claims);
    let outstanding_count = outstanding_counts(&user.outstanding);
    let outstanding_title = format!("Outstanding from {}", user.first_name);
    let (claims, outstanding) = (StoredValue::new(user.claims), StoredValue::new(user.outstanding));
    view! {
        <section class=CARD aria-label="Identity">
            <label class="flex cursor-pointer items-start gap-3 px-4 py-3">
                <input type="checkbox" class="checkbox checkbox-sm checkbox-primary mt-0.5" bind:checked=is_checked aria-describedby="identity-words" />
                <span class="min-w-0 flex-1">
                    <span class="flex items-center gap-2 font-semibold">"Identity checked"</span>
                    <span class="block text-dense text-muted" id="identity-words">"Ask for date of birth and post code before anything about the claims."</span>
                </span>
                <span class="text-muted">{icon(Icon::Fingerprint, "size-4")}</span>
            </label>
            <div class="px-4 pb-3 pl-12">{compare}</div>
        </section>
        <section class=CARD aria-labelledby="outstanding">
            {card_header(Icon::ListChecks, "outstanding", outstanding_title, outstanding_count, ())}
            {move || if is_checked.get() { outstanding.with_value(|items| outstanding_list(items)).into_any() } else { folded().into_any() }}
        </section>
        <section class=CARD aria-labelledby="claims">
            {card_header(Icon::Briefcase, "claims", "Claims".into(), claim_count, ())}
            {move || if is_checked.get() { claims.with_value(|claims| claims_table(claims)).into_any() } else { folded().into_any() }}
        </section>
    }
}

fn folded() -> impl IntoView {
    view! {
        <p class="flex items-center gap-2 px-4 py-2.5 text-dense text-muted">
            {icon(Icon::Lock, "size-4")} "Folded until you have checked who you are speaking to."
        </p>
    }
}

pub(crate) fn outstanding_list(items: &[OutstandingCard]) -> AnyView {
    if items.is_empty() {
        return view! { <p class="px-4 py-2.5 text-dense text-muted">"Nothing is outstanding."</p> }.into_any();
    }
    let rows = items.iter().cloned().map(|item| {
        let (class, glyph) =
            if item.is_signature { ("mt-0.5 text-warning", Icon::Signature) } else { ("mt-0.5 text-muted", Icon::FileWarning) };
        let title = if item.uncounted.is_some() { "text-muted" } else { "font-medium" };
        let uncounted = item.uncounted.map(|why| format!("{why}: no call is about it."));
        let lender = item.lender.map(|lender| format!("For {lender}."));
        let detail =
            [item.detail.map(|detail| format!("{detail}.")), lender, uncounted].into_iter().flatten().collect::<Vec<_>>().join(" ");
        view! {
            <li class="flex items-start gap-3 px-4 py-2.5">
                <span class=class>{icon(glyph, "size-4")}</span>
                <div class="min-w-0 flex-1">
                    <p class=title>{item.title}</p>
                    <p class="text-dense break-words text-muted">{detail}</p>
                </div>
                {item.since.map(|since| view! { <span class="text-xs whitespace-nowrap text-muted">"since "{since}</span> })}
            </li>
        }
    });
    view! { <ul class="divide-y divide-base-300">{rows.collect_view()}</ul> }.into_any()
}

pub(crate) fn claims_table(claims: &[ClaimCard]) -> AnyView {
    let rows = claims.iter().cloned().map(|claim| {
        let dash = || "–".to_owned();
        view! {
            <tr class=if claim.is_open { "" } else { "text-muted" }>
                <th scope="row" class="font-semibold">{claim.lender}</th>
                <td>{claim.agreement.unwrap_or_else(dash)}</td>
                <td>
                    <span class=if claim.is_open { "badge badge-sm badge-soft badge-info whitespace-nowrap" } else { "badge badge-sm badge-soft badge-neutral whitespace-nowrap" }>
                        {icon(if claim.is_open { Icon::Briefcase } else { Icon::Check }, "size-3.5")} {claim.status}
                    </span>
                </td>
                <td class="whitespace-nowrap">{claim.opened.unwrap_or_else(dash)}</td>
                <td>{claim.solicitor.unwrap_or_else(dash)}</td>
            </tr>
        }
    });
    view! {
        <div class="overflow-x-auto" tabindex="0" role="region" aria-label="Claims, scrolls sideways">
            <table class="table table-sm [&_:is(td,th)]:px-2 [&_tr>:first-child]:pl-4 [&_tr>:last-child]:pr-4">
                <thead>
                    <tr>
                        <th scope="col">"Lender"</th>
                        <th scope="col">"Agreement"</th>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Opened"</th>
                        <th scope="col">"Solicitor"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(is_open: bool) -> ClaimCard {
        let json = format!(
            r#"{{"id":"1","lender":"Santander","agreement":null,"status":"Open","is_open":{is_open},"opened":null,"solicitor":null}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    /// What is asked on the telephone has a line each, also when it is not known.
    #[test]
    fn date_of_birth_and_post_code_are_always_there_to_compare() {
        let user = |more: &str| {
            let json = format!(
                r#"{{"id":"1","name":"Ada","first_name":"Ada","previous_name":null,"number":null,"town":null,"claims":[],"outstanding":[],"log":[],{more}}}"#
            );
            to_compare(&serde_json::from_str(&json).unwrap())
        };
        let all = user(
            r#""date_of_birth":"4 March 1971","age":55,"address":"12 Acacia Avenue, Leeds","post_code":"LS11 5AB","earlier_addresses":["Hull"]"#,
        );
        let expected = [
            ("Date of birth", "4 March 1971, 55 years old"),
            ("Post code", "LS11 5AB"),
            ("Address", "12 Acacia Avenue, Leeds"),
            ("Before", "Hull"),
        ];
        assert_eq!(all, expected.map(|(name, value)| (name, value.to_owned())));
        let none = user(r#""date_of_birth":null,"age":null,"address":null,"post_code":null,"earlier_addresses":[]"#);
        assert_eq!(none, [("Date of birth", "not known".to_owned()), ("Post code", "not known".to_owned())]);
    }

    #[test]
    fn the_count_of_what_is_outstanding_and_the_rows_below_it_match() {
        let item = |uncounted: Option<&str>| OutstandingCard {
            uncounted: uncounted.map(str::to_owned),
            ..serde_json::from_str(
                r#"{"id":"1","title":"Payslip","is_signature":false,"lender":null,"detail":null,"since":null,"uncounted":null}"#,
            )
            .unwrap()
        };
        let closed = Some("The claim is closed");
        assert_eq!(outstanding_counts(&[]), "0");
        assert_eq!(outstanding_counts(&[item(None), item(None)]), "2");
        assert_eq!(outstanding_counts(&[item(None), item(closed)]), "1, and 1 that no call is about");
        assert_eq!(outstanding_counts(&[item(closed), item(closed)]), "2 that no call is about");
    }

    #[test]
    fn closed_claims_are_counted_only_when_there_are_some() {
        assert_eq!(claim_counts(&[claim(true), claim(true)]), "2 open");
        assert_eq!(claim_counts(&[claim(true), claim(false)]), "1 open, 1 closed");
        assert_eq!(claim_counts(&[]), "0 open");
    }
}

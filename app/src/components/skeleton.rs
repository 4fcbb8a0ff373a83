use leptos::prelude::*;

use super::card::CARD;
use super::icon::{Icon, icon};

/// What is looked at before somebody is offered.
const CHECKS: [&str; 8] = ["Signature", "Open claims", "Account", "Number", "Objections", "Calls used", "Calling hours", "Replica"];

/// The whole page, while it is not known who is signed in.
pub(crate) fn page_skeleton() -> impl IntoView {
    view! {
        <div class="animate-appear p-4" role="status">
            <span class="sr-only">"Loading"</span>
            <div class="skeleton h-13 w-full" aria-hidden="true"></div>
            <div class="skeleton mt-4 h-40 w-full" aria-hidden="true"></div>
        </div>
    }
}

/// A person who is being looked for, with the names of the checks.
pub(crate) fn checking_skeleton() -> impl IntoView {
    view! {
        <section class=format!("{CARD} animate-appear") aria-labelledby="coming">
            <header class="flex min-h-12 items-center gap-3 border-b border-base-300 px-4">
                <span class="text-primary">{icon(Icon::ShieldCheck, "size-4")}</span>
                <h1 class="font-semibold" id="coming">"The next person is being checked"</h1>
            </header>
            <div class="grid gap-4 p-4 sm:grid-cols-2">
                {person_skeleton()}
                <ul class="grid gap-x-4 gap-y-1 text-dense sm:grid-cols-2" aria-label="Checks">
                    {CHECKS.map(|name| view! {
                        <li class="flex items-start gap-2">
                            <span class="mt-px text-muted">{icon(Icon::CircleDashed, "size-4")}</span>
                            <span class="min-w-0 leading-5"><span class="sr-only">"Not yet: "</span>{name}</span>
                        </li>
                    })}
                </ul>
            </div>
        </section>
    }
}

/// Whether somebody is held is being asked.
pub(crate) fn restoring_skeleton() -> impl IntoView {
    view! {
        <section class=format!("{CARD} animate-appear p-4") role="status">
            <span class="sr-only">"Loading"</span>
            {person_skeleton()}
        </section>
    }
}

fn person_skeleton() -> impl IntoView {
    view! {
        <div aria-hidden="true" class="flex gap-4">
            <div class="skeleton size-11 rounded-full"></div>
            <div class="flex-1 space-y-2 pt-1">
                <div class="skeleton h-4 w-40 max-w-full"></div>
                <div class="skeleton h-3 w-56 max-w-full"></div>
                <div class="skeleton h-3 w-48 max-w-full"></div>
            </div>
        </div>
    }
}

/// Rows of a list.
pub(crate) fn list_skeleton(rows: usize) -> impl IntoView {
    view! {
        <div class="animate-appear flex flex-col gap-4 p-4" role="status">
            <span class="sr-only">"Loading"</span>
            {(0..rows)
                .map(|_| view! {
                    <div class="flex items-center gap-3" aria-hidden="true">
                        <div class="skeleton size-7 rounded-full"></div>
                        <div class="flex-1 space-y-1.5">
                            <div class="skeleton h-3.5 w-3/5"></div>
                            <div class="skeleton h-3 w-4/5"></div>
                        </div>
                    </div>
                })
                .collect_view()}
        </div>
    }
}

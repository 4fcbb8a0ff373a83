use leptos::prelude::*;

use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use crate::state::calls::Calls;
use crate::state::console::Console;

/// Over a page other than the console: what is wrong with the call that goes on meanwhile, or new about whoever is on the line.
#[component]
pub(crate) fn CallNotices() -> impl IntoView {
    let notices = call_notices(expect_context::<Console>(), expect_context::<Calls>());
    view! { <div class="mx-auto flex w-full max-w-6xl flex-col gap-3 px-4 pt-3 empty:hidden">{notices}</div> }
}

/// What went wrong in the call, and what has changed about whoever is on the line.
pub(crate) fn call_notices(console: Console, calls: Calls) -> impl IntoView {
    let failure = move || calls.failure.get().map(|(title, error)| error_strip(title, &error, None));
    let leg_failure = move || calls.leg_failure.get().map(|error| error_strip("Your telephone did not stay connected", &error, None));
    let trouble = move || {
        calls.telephone.trouble.get().filter(|_| calls.is_talking()).map(|trouble| {
            view! {
                <p class="flex gap-3 rounded-field border border-error/40 bg-error/8 p-3 text-dense" role="alert" data-testid="trouble">
                    <span class="mt-px text-error">{icon(Icon::TriangleAlert, "size-4")}</span>
                    <span>{trouble.words()}</span>
                </p>
            }
        })
    };
    let joined = move || {
        calls.map(|view| view.joined_by.clone()).flatten().map(|words| {
            view! {
                <p class="flex gap-3 rounded-field border border-info/40 bg-info/8 p-3 text-dense" role="status" data-testid="joined">
                    <span class="mt-px text-info">{icon(Icon::Headphones, "size-4")}</span>
                    <span>{words}</span>
                </p>
            }
        })
    };
    let changed = move || {
        let is_in_call = calls.phase().is_some();
        console.held().filter(|_| is_in_call).and_then(|held| held.value.note.clone()).map(|note| {
            view! {
                <p class="flex gap-3 rounded-field border border-accent/40 bg-accent/8 p-3 text-dense" data-testid="changed">
                    <span class="mt-px text-accent">{icon(Icon::ShieldCheck, "size-4")}</span>
                    <span>{note}</span>
                </p>
            }
        })
    };
    view! { {failure} {leg_failure} {trouble} {joined} {changed} }
}

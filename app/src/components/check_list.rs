use std::sync::Arc;

use leptos::prelude::*;
use queue::{Check, HandOut};

use super::icon::{Icon, icon};
use crate::format::age;
use crate::state::clock::{Clock, Received};

/// What was checked; each check ticks in after the one before it.
pub(crate) fn check_list(checks: Vec<Check>, held: &Arc<Received<HandOut>>, clock: Clock) -> impl IntoView + use<> {
    let held = Arc::clone(held);
    view! {
        <ul class="mt-3 grid gap-x-5 gap-y-1 text-dense sm:grid-cols-2" aria-label="Checks">
            {checks
                .into_iter()
                .enumerate()
                .map(|(index, check)| {
                    let held = Arc::clone(&held);
                    let (mark, class, spoken) = if check.has_passed {
                        (Icon::CircleCheck, "mt-px text-success", "Passed: ")
                    } else {
                        (Icon::ShieldAlert, "mt-px text-warning", "Speaks against it: ")
                    };
                    view! {
                        <li class="flex items-start gap-2 animate-tick" style:animation-delay=format!("{}ms", index * 70)>
                            <span class=class>{icon(mark, "size-4")}</span>
                            <span class="min-w-0 leading-5">
                                <span class="sr-only">{spoken}</span>
                                {check.words}
                                " "
                                {check.note.map(|note| view! { <span class="text-xs text-muted">{note}" "</span> })}
                                {check.age_millis.map(|old| view! {
                                    <span class="text-xs whitespace-nowrap text-muted">{move || age(old + held.millis_ago(clock.now()))}</span>
                                })}
                            </span>
                        </li>
                    }
                })
                .collect_view()}
        </ul>
    }
}

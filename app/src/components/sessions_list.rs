use auth::SessionLine;
use leptos::prelude::*;

use super::error_strip::query_strip;
use super::icon::{Icon, icon};
use super::moment::moment;
use super::skeleton::list_skeleton;
use crate::state::query::Query;

/// The browsers in which somebody is signed in, each with a button that ends it: but for the one that is looked at.
#[component]
pub(crate) fn SessionsList(sessions: Query<Vec<SessionLine>>, end: Callback<SessionLine>) -> impl IntoView {
    move || match (sessions.answer(), sessions.error()) {
        (Some(answer), error) => {
            let strip = error.map(|error| view! { <div class="p-3">{query_strip(sessions, "This may be out of date", &error)}</div> });
            let list = if answer.value.is_empty() {
                view! { <p class="px-3 py-2.5 text-dense text-muted">"Not signed in anywhere."</p> }.into_any()
            } else {
                let rows = answer.value.iter().cloned().map(|line| row(line, end)).collect_view();
                view! { <ul class="divide-y divide-base-300 text-dense" aria-label="Signed in on">{rows}</ul> }.into_any()
            };
            view! { {strip} {list} }.into_any()
        }
        (None, Some(error)) => {
            view! { <div class="p-3">{query_strip(sessions, "The browsers could not be read", &error)}</div> }.into_any()
        }
        (None, None) => list_skeleton(2).into_any(),
    }
}

fn row(line: SessionLine, end: Callback<SessionLine>) -> impl IntoView {
    let place = line.address.clone();
    let name = [Some(line.device.clone()), place.clone()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let right = if line.is_this {
        view! { <span class="badge badge-sm badge-soft badge-success whitespace-nowrap">{icon(Icon::Check, "size-3.5")} "this one"</span> }
            .into_any()
    } else {
        let ended = line.clone();
        view! {
            <button type="button" class="btn btn-sm" aria-label=format!("End: {name}") on:click=move |_| end.run(ended.clone())>"End"</button>
        }
        .into_any()
    };
    view! {
        <li class="flex items-center gap-3 px-3 py-2" data-testid="signed-in-on">
            <span class="text-muted">{icon(Icon::Monitor, "size-4")}</span>
            <span class="min-w-0 flex-1">
                <span class="block font-medium [overflow-wrap:anywhere]">{line.device}{place.map(|place| format!(", {place}"))}</span>
                <span class="block text-muted">{moment(line.since)}", last seen "{moment(line.last_seen_at)}</span>
            </span>
            {right}
        </li>
    }
}

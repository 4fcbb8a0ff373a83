use kernel::AgentId;
use leptos::prelude::*;
use queue::SavedCall;

use super::empty::empty;
use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use super::skeleton::list_skeleton;
use crate::state::query::Query;

/// Calls that turned out not to be needed, newest first; `agent_name` says whose, where it matters.
pub(crate) fn saved_list(saved: Query<Vec<SavedCall>>, agent_name: impl Fn(AgentId) -> Option<String>) -> AnyView {
    match (saved.answer(), saved.error()) {
        (Some(answer), _) if answer.value.is_empty() => empty(
            Icon::ShieldCheck,
            "None yet today",
            "A call appears here when it turns out not to be needed just before it would be made.",
        )
        .into_any(),
        (Some(answer), _) => {
            let rows = answer.value.iter().map(|call| row(call, agent_name(call.agent_id))).collect_view();
            view! { <ul class="divide-y divide-base-300" data-testid="saved-list">{rows}</ul> }.into_any()
        }
        (None, Some(error)) => {
            let again = Callback::new(move |()| saved.again());
            view! { <div class="p-4">{error_strip("The list could not be read", &error, Some(again))}</div> }.into_any()
        }
        (None, None) => list_skeleton(4).into_any(),
    }
}

fn row(call: &SavedCall, agent: Option<String>) -> impl IntoView + use<> {
    let name = call.name.clone().unwrap_or_else(|| format!("User {}", call.user_id));
    view! {
        <li class="flex gap-3 px-4 py-2.5">
            <span class="grid size-8 shrink-0 place-items-center rounded-full bg-accent/12 text-accent">{icon(Icon::ShieldCheck, "size-4")}</span>
            <div class="min-w-0 flex-1">
                <p class="flex items-baseline justify-between gap-2">
                    <span class="min-w-0 font-medium break-words" title=format!("User {}", call.user_id)>{name}</span>
                    <span class="text-xs whitespace-nowrap text-muted">{call.at.clone()}</span>
                </p>
                <p class="text-dense break-words text-muted">{call.words.clone()}</p>
                <p class="flex flex-wrap justify-between gap-x-2 text-xs text-muted">
                    {agent.map(|agent| view! { <span class="min-w-0 break-words" title=agent.clone()>{agent.clone()}</span> })}
                    <span class="whitespace-nowrap">"Decision " {call.decision_id.short()}</span>
                </p>
            </div>
        </li>
    }
}

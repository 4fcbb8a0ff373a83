use leptos::prelude::*;
use queue::{HandOut, PassedOver};

use super::icon::{Icon, icon};
use crate::format::{counted, lower_first};
use crate::state::console::split_passed_over;

/// The calls that turned out not to be needed, and whoever else was passed over on the way.
pub(crate) fn passed_over(hand_out: &HandOut) -> impl IntoView + use<> {
    let (saved, others) = split_passed_over(&hand_out.passed_over);
    view! {
        {saved.into_iter().map(saved_strip).collect_view()}
        {(!others.is_empty()).then(|| others_list(others))}
    }
}

fn saved_strip(saved: PassedOver) -> impl IntoView {
    view! {
        <section class="animate-arrive flex items-start gap-4 rounded-box border border-accent/40 bg-accent/8 px-4 py-3" aria-label="Saved call" data-testid="saved-call">
            <span class="grid size-11 shrink-0 place-items-center rounded-full bg-accent text-accent-content">{icon(Icon::ShieldCheck, "size-6")}</span>
            <div class="min-w-0 flex-1">
                <p class="text-base leading-6 font-semibold">"No call needed: "{lower_first(&saved.words)}</p>
                <p class="text-dense">{saved.name}" was next, so nobody was rung."</p>
            </div>
            <p class="shrink-0 text-right text-xs text-muted">"Decision"<span class="block text-dense font-semibold text-base-content">{saved.decision_id.short()}</span></p>
        </section>
    }
}

fn others_list(others: Vec<PassedOver>) -> impl IntoView {
    let count = counted(i64::try_from(others.len()).unwrap_or(i64::MAX), "person", "people");
    view! {
        <details class="rounded-box border border-base-300 bg-base-100 text-dense">
            <summary class="flex cursor-pointer items-center gap-2 px-4 py-2.5 text-muted">
                {icon(Icon::ShieldAlert, "size-4")}
                <span class="flex-1"><b class="font-semibold text-base-content">"Also passed over"</b>", "{count}</span>
                {icon(Icon::ChevronDown, "size-4")}
            </summary>
            <ul class="divide-y divide-base-300 border-t border-base-300">
                {others.into_iter().map(|passed| view! {
                    <li class="flex items-baseline gap-3 px-4 py-2">
                        <span class="min-w-0 flex-1"><span class="font-medium">{passed.name}</span>" "<span class="text-muted">{passed.words}</span></span>
                        <span class="text-xs whitespace-nowrap text-muted">"Decision "{passed.decision_id.short()}</span>
                    </li>
                }).collect_view()}
            </ul>
        </details>
    }
}

use kernel::QueueKind;
use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::format::count;
use crate::routes::Summary;
use crate::state::console::{Console, Stage};

/// Which queue the next call comes from, and how many calls were not needed.
#[component]
pub(crate) fn QueueChoice() -> impl IntoView {
    let console = expect_context::<Console>();
    let summary = expect_context::<Summary>();
    // While somebody is held, the queues step aside on a narrow screen.
    let class = move || {
        if matches!(console.stage(), Stage::Offered | Stage::OnCall | Stage::WrapUp) {
            "flex min-h-0 flex-col gap-5 overflow-y-auto border-base-300 p-4 max-lg:hidden lg:border-r"
        } else {
            "flex min-h-0 flex-col gap-5 overflow-y-auto border-base-300 p-4 max-lg:border-b lg:border-r"
        }
    };
    view! {
        <aside class=class aria-label="Queues">
            <fieldset class="flex flex-col gap-2">
                <legend class="mb-2 flex w-full items-center justify-between text-xs font-semibold text-muted">"Take the next call from"</legend>
                {move || console.choices().into_iter().map(|queue| choice(console, summary, queue)).collect_view()}
            </fieldset>
            // On a narrow screen the bar at the top says it, and a passing message would cover it.
            <div class="mt-auto rounded-field max-lg:hidden bg-base-300/50 p-3 text-xs">
                <p class="flex items-center gap-1.5 font-semibold">
                    <span class="text-accent">{icon(Icon::ShieldCheck, "size-4")}</span>
                    "Saved calls today: "
                    {move || summary.map(|summary| count(summary.saved_today_by_me)).unwrap_or_else(|| "–".into())}
                </p>
                <p class="mt-1 text-muted">"Calls that turned out not to be needed, found before dialling."</p>
            </div>
        </aside>
    }
}

fn choice(console: Console, summary: Summary, queue: QueueKind) -> impl IntoView {
    let numbers =
        Memo::new(move |_| {
            summary
                .map(|summary| {
                    summary.queues.iter().find(|count| count.queue == queue).map(|count| {
                        (count.callable, count.waiting, count.is_paused, summary.is_being_read && queue != QueueKind::Callbacks)
                    })
                })
                .flatten()
        });
    let is_chosen = move || console.choice() == queue;
    view! {
        <label class=move || {
            if is_chosen() {
                "flex cursor-pointer items-start gap-3 rounded-field border p-3 border-primary bg-primary/8"
            } else {
                "flex cursor-pointer items-start gap-3 rounded-field border p-3 border-base-300 bg-base-100 hover:bg-base-200"
            }
        }>
            <input
                type="radio"
                name="queue"
                class="radio radio-sm radio-primary mt-0.5"
                aria-describedby=format!("counts-{queue}")
                prop:checked=is_chosen
                on:change=move |_| console.choose(queue)
            />
            <span class="min-w-0 flex-1">
                <span class="flex items-baseline justify-between gap-2">
                    <span class="font-semibold">{queue.label()}</span>
                    <span class="font-semibold" aria-hidden="true">{move || numbers.get().map_or_else(|| "–".into(), |(callable, ..)| count(callable))}</span>
                </span>
                <span class="mt-0.5 block text-xs text-muted" id=format!("counts-{queue}")>
                    {move || numbers.get().map(|(callable, waiting, is_paused, is_being_read)| view! {
                        <span class="sr-only">{count(callable)}" "</span>
                        {if is_being_read { "being read…" } else if is_paused { "paused by a supervisor" } else { "callable now" }}
                        {(waiting > 0).then(|| view! { <span class="block">{count(waiting)}" waiting for a time"</span> })}
                    })}
                </span>
            </span>
        </label>
    }
}

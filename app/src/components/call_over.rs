use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::calls::{Calls, Over};

/// How a call ended that has nothing to record: good news in teal, what goes on with somebody else in blue, anything else in amber; and what to do next.
pub(crate) fn call_over(calls: Calls, over: Over) -> impl IntoView {
    let (class, round, glyph) = if over.is_saved_call {
        ("border-accent/40 bg-accent/8", "bg-accent text-accent-content", Icon::ShieldCheck)
    } else if over.has_passed {
        ("border-info/40 bg-info/8", "bg-info/12 text-info", Icon::Users)
    } else {
        ("border-warning/40 bg-warning/8", "bg-warning/12 text-warning", Icon::PhoneOff)
    };
    view! {
        // No live region of its own: the same words have been read out.
        <section class=format!("animate-arrive flex items-start gap-4 rounded-box border px-4 py-3 {class}") aria-label="How the call ended" data-testid="call-over">
            <span class=format!("grid size-11 shrink-0 place-items-center rounded-full {round}")>{icon(glyph, "size-6")}</span>
            <div class="min-w-0 flex-1">
                <p class="text-base leading-6 font-semibold">{over.words}</p>
                <p class="text-dense">{over.next}</p>
            </div>
            <button
                type="button"
                class="grid size-6 shrink-0 cursor-pointer place-items-center rounded-field"
                aria-label="Close this message"
                on:click=move |_| calls.over.set(None)
            >
                {icon(Icon::X, "size-4")}
            </button>
        </section>
    }
}

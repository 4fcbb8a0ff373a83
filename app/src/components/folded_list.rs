use leptos::prelude::*;

use super::icon::{Icon, icon};

/// What somebody should look at, folded to its headline; each row has three columns.
pub(crate) fn folded_list(name: &'static str, look: FoldedLook, headline: String, rows: impl IntoView) -> impl IntoView {
    let (border, colour, mark) = match look {
        FoldedLook::Warning => ("border-warning/50 bg-warning/8", "text-warning", Icon::TriangleAlert),
        FoldedLook::Caller => ("border-info/50 bg-info/8", "text-info", Icon::PhoneIncoming),
    };
    view! {
        <details class=format!("rounded-field border px-4 py-2 text-dense {border}") data-testid=name>
            <summary class="cursor-pointer font-semibold">
                <span class=format!("mr-2 inline-flex align-[-2px] {colour}")>{icon(mark, "size-4")}</span>
                {headline}
            </summary>
            <ul class="mt-1.5 max-h-48 divide-y divide-base-300 overflow-y-auto">{rows}</ul>
        </details>
    }
}

/// Whether something is wrong, or somebody waits.
#[derive(Clone, Copy)]
pub(crate) enum FoldedLook {
    Warning,
    Caller,
}

use leptos::prelude::*;

use super::icon::{Icon, icon};

/// The border and surface of a card.
pub(crate) const CARD: &str = "rounded-box border border-base-300 bg-base-100";

/// A card's header: icon, title, count; at the right an age or one action.
pub(crate) fn card_header(glyph: Icon, id: &'static str, title: String, count: String, right: impl IntoView + 'static) -> impl IntoView {
    view! {
        <header class="flex min-h-10 items-center gap-2 border-b border-base-300 px-4 py-1.5">
            <span class="text-muted">{icon(glyph, "size-4")}</span>
            <h2 class="min-w-0 font-semibold" id=id>{title}</h2>
            <span class="whitespace-nowrap text-muted">{count}</span>
            <div class="ml-auto flex items-center gap-2">{right}</div>
        </header>
    }
}

/// A card with its head; `right` stands at its end.
pub(crate) fn card(id: &'static str, glyph: Icon, title: &'static str, right: impl IntoView, body: impl IntoView) -> impl IntoView {
    view! {
        <section class=CARD aria-labelledby=id>
            <header class="flex min-h-10 items-center gap-2 border-b border-base-300 px-4 py-1.5">
                <span class="text-muted">{icon(glyph, "size-4")}</span>
                <h2 class="font-semibold" id=id>{title}</h2>
                <div class="ml-auto flex items-center gap-2 text-xs text-muted">{right}</div>
            </header>
            {body}
        </section>
    }
}

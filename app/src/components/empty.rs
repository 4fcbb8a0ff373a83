use leptos::prelude::*;

use super::icon::{Icon, icon};

/// What is not there, and what makes it appear.
pub(crate) fn empty(glyph: Icon, headline: &'static str, words: &'static str) -> impl IntoView {
    view! {
        <div class="m-4 grid place-items-center rounded-field border border-dashed border-base-content/25 px-6 py-8 text-center">
            <span class="text-muted">{icon(glyph, "size-7")}</span>
            <p class="mt-2 font-semibold">{headline}</p>
            <p class="mt-1 max-w-sm text-dense text-muted">{words}</p>
        </div>
    }
}

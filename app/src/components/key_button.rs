use leptos::prelude::*;

use super::icon::{Icon, icon};

/// The one next thing to press, with its key.
pub(crate) fn key_button(
    class: &'static str,
    glyph: Icon,
    words: &'static str,
    key: &'static str,
    shown: impl Fn() -> &'static str + Send + Sync + 'static,
    is_disabled: impl Fn() -> bool + Send + Sync + 'static,
    press: impl Fn() + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class=format!("btn h-13 min-w-40 justify-between gap-3 text-base {class}")
            aria-keyshortcuts=key
            disabled=is_disabled
            on:click=move |_| press()
        >
            <span class="inline-flex items-center gap-2">{icon(glyph, "size-5")} {words}</span>
            <span class="text-xs font-normal opacity-90">{shown}</span>
        </button>
    }
}

/// Call next, with its key.
pub(crate) fn call_next_button(class: &'static str, is_busy: bool, press: Callback<()>) -> impl IntoView {
    view! {
        <button
            type="button"
            class=format!("btn btn-primary h-13 text-base {class}")
            aria-keyshortcuts="Alt+N"
            disabled=is_busy
            on:click=move |_| press.run(())
        >
            <span class="inline-flex items-center gap-2">
                {icon(Icon::SkipForward, "size-5")} {if is_busy { "Checking…" } else { "Call next" }}
            </span>
            <span class="text-xs font-normal opacity-90">"Alt+N"</span>
        </button>
    }
}

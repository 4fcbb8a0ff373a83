use leptos::prelude::*;

/// The product's sign.
pub(crate) fn logo() -> impl IntoView {
    view! {
        <span class="grid size-9 place-items-center rounded-field bg-primary text-primary-content" aria-hidden="true">
            <svg class="size-5" viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round">
                <path d="M4.5 10a5.5 5.5 0 0 1 5.5-5.5M4.5 10a5.5 5.5 0 0 0 11 0"></path>
                <circle cx="14.6" cy="5.4" r="1.6" fill="currentColor" stroke="none"></circle>
            </svg>
        </span>
    }
}

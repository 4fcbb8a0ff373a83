use leptos::prelude::*;

use super::set_title;

/// There is no such page.
#[component]
pub(crate) fn NotFound() -> impl IntoView {
    set_title("Not found");
    view! {
        <main id="main" tabindex="-1" class="grid min-h-dvh place-items-center p-8 text-center">
            <div>
                <h1 class="text-2xl leading-8 font-semibold tracking-tight">"There is no such page"</h1>
                <p class="mt-2 text-base leading-6 text-muted">"The address may be old or mistyped. Nothing was lost."</p>
                <a class="btn btn-primary mt-6" href="/">"Go to the console"</a>
            </div>
        </main>
    }
}

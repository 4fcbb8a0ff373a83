use leptos::prelude::*;

use super::server_light::ServerLight;
use super::theme_button::theme_button;
use super::top_bar::AccountMenu;
use crate::state::console::Console;

/// The bar over a page other than the console: its name, what it is about, its lights. Whoever takes calls has the server's light and
/// the account in the bar above it.
#[component]
pub(crate) fn PageHeader(
    /// The page's name.
    title: &'static str,
    /// A line below it.
    #[prop(into)]
    words: Signal<Option<String>>,
    /// Lights and badges beside the server's.
    #[prop(optional)]
    children: Option<Children>,
    /// What is looked for on the page, and the one thing to press.
    #[prop(optional, into)]
    tools: Option<ViewFn>,
) -> impl IntoView {
    let console = expect_context::<Console>();
    let is_top = Memo::new(move |_| !console.is_in_use());
    view! {
        <header class="flex shrink-0 flex-wrap items-center gap-x-5 gap-y-1 border-b border-base-300 bg-base-100 px-4 max-lg:py-1.5 lg:min-h-13">
            <div class="min-w-0 max-lg:flex max-lg:items-baseline max-lg:gap-3">
                <h1 class="truncate text-base leading-5 font-semibold">{title}</h1>
                <p class="min-h-4 truncate text-xs text-muted">{move || words.get()}</p>
            </div>
            <div class="flex flex-wrap items-center gap-x-4 gap-y-1 max-lg:order-last max-lg:w-full" role="group" aria-label="Health">
                {move || is_top.get().then(|| view! { <ServerLight /> })} {children.map(|children| children())}
            </div>
            {tools.map(|tools| tools.run())}
            {move || is_top.get().then(|| view! { <div class="ml-auto flex items-center gap-1">{theme_button()} <AccountMenu /></div> })}
        </header>
    }
}

/// What somebody sees who may not see the page, and who may.
pub(crate) fn not_for_you(title: &'static str, who: &'static str) -> impl IntoView {
    view! {
        <main id="main" tabindex="-1" class="p-8">
            <h1 class="text-xl font-semibold">{title}</h1>
            <p class="mt-1 text-muted">{who} " can open it. " <a class="link text-primary" href="/">"Go to the console"</a></p>
        </main>
    }
}

/// The same of a page for supervisors.
pub(crate) fn not_for_agents(title: &'static str) -> impl IntoView {
    not_for_you(title, "A supervisor or an administrator")
}

use auth::Intention;
use kernel::{UserId, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use crate::state::console::Console;
use crate::state::session::Session;

/// Takes a person, through the same checks as Call next, and shows them in the console. When that cannot be now, why.
#[component]
pub(crate) fn TakeButton(
    user: UserId,
    /// What the button says.
    words: &'static str,
    /// How it looks while it can be pressed.
    class: &'static str,
    /// Whom it is about, for whoever does not see where it stands.
    #[prop(into)]
    name: String,
    /// They were not taken: what is known of them may be old.
    on_refused: Callback<()>,
) -> impl IntoView {
    let console = expect_context::<Console>();
    let session = expect_context::<Session>();
    let is_busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<WireError>);
    let take = move |_| {
        if is_busy.get_untracked() || untrack(|| console.cannot_pick()).is_some() {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let taken = console.pick(user).await;
            // Whoever was taken is in the console, and this is gone.
            let _ = is_busy.try_set(false);
            if let Err(error) = taken
                && failed.try_set(Some(error)).is_none()
            {
                on_refused.run(());
            }
        });
    };
    let is_held_here = Memo::new(move |_| console.holds(user));
    let cannot = Memo::new(move |_| console.cannot_pick());
    let is_away = move || session.intention() != Intention::Available;
    move || {
        if is_held_here.get() {
            return view! {
                <button type="button" class=class on:click=move |_| console.show()>{icon(Icon::Headphones, "size-4")} "Back to the console"</button>
            }
            .into_any();
        }
        let name = name.clone();
        view! {
            <div class="flex max-w-80 flex-col items-end gap-1">
                <button
                    type="button"
                    class=move || if cannot.get().is_some() { format!("{class} btn-disabled") } else { class.to_owned() }
                    aria-disabled=move || if is_busy.get() || cannot.get().is_some() { "true" } else { "false" }
                    on:click=take
                >
                    {icon(Icon::Phone, "size-4")} {move || if is_busy.get() { "Checking…" } else { words }} <span class="sr-only">{format!(": {name}")}</span>
                </button>
                <p class="flex max-w-32 flex-wrap items-center justify-end gap-x-2 text-right text-xs text-muted empty:hidden">
                    {cannot}
                    {move || (is_away() && cannot.get().is_some()).then(|| view! {
                        <button type="button" class="btn btn-ghost btn-xs text-primary" on:click=move |_| console.become_available()>"Become available"</button>
                    })}
                </p>
                {move || failed.get().map(|error| error_strip("The person was not taken", &error, None))}
            </div>
        }
        .into_any()
    }
}

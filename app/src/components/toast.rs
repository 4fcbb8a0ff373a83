use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::announce::Announcer;

/// The live region, and the message that passes: above the bar at the bottom, beside the queues and their figures, not over them.
#[component]
pub(crate) fn Announcements() -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    view! {
        <div class="sr-only" aria-live="polite" id="live-polite">{move || announcer.polite.get()}</div>
        <div class="sr-only" aria-live="assertive" id="live-assertive">{move || announcer.assertive.get()}</div>
        {move || {
            announcer.toast.get().map(|toast| view! {
                <section aria-label="Message" class="animate-arrive fixed bottom-22 left-4 z-40 flex max-w-md items-center gap-3 rounded-field bg-neutral px-4 py-3 text-dense text-neutral-content lg:left-[20.25rem] 2xl:left-[23.75rem]">
                    {icon(if toast.is_refusal { Icon::TriangleAlert } else { Icon::CircleCheck }, "size-4")} <span data-testid="toast">{toast.words}</span>
                    <button
                        type="button"
                        class="grid size-6 cursor-pointer place-items-center rounded-field"
                        aria-label="Close this message"
                        on:click=move |_| announcer.toast.set(None)
                    >
                        {icon(Icon::X, "size-4")}
                    </button>
                </section>
            })
        }}
    }
}

use leptos::prelude::*;

use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use super::watched_button::WatchedButton;
use crate::state::ringing::Ringing;

/// Somebody rings: who, and two keys. Over every page, beside whatever is being done; nothing is blocked by it.
#[component]
pub(crate) fn RingingCall() -> impl IntoView {
    let ringing = expect_context::<Ringing>();
    let call = Memo::new(move |_| ringing.shown().map(|(call, _)| call));
    let left = move || ringing.shown().map(|(_, left)| format!("{left} s"));
    let panel = move || {
        call.get().map(|call| {
            let number = call.number.unwrap_or_else(|| "number withheld".to_owned());
            let talked = call.last_talk.map_or_else(|| "Nobody has talked with them yet".to_owned(), |last| format!("Last talked with {last}"));
            let is_busy = move || ringing.is_busy.get();
            let answer = WatchedButton::new(ringing.main, "btn-success h-11", Some(Icon::Phone), "")
                .says(move || if is_busy() { "Connecting…" } else { "Answer" }.to_owned())
                .key("Alt+A")
                .disabled(is_busy)
                .view(move || ringing.answer());
            let decline = WatchedButton::new(ringing.main, "h-11", Some(Icon::PhoneOff), "Decline")
                .key("Alt+X")
                .disabled(is_busy)
                .view(move || ringing.decline());
            view! {
                <section
                    class="animate-arrive flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-info bg-base-100 bg-linear-to-r from-info/12 to-info/12 px-4 py-2.5"
                    aria-label="Somebody rings"
                    data-testid="ringing"
                >
                    <span class="grid size-11 shrink-0 animate-ring place-items-center rounded-full bg-info text-info-content">{icon(Icon::PhoneIncoming, "size-6")}</span>
                    <div class="min-w-48 flex-1">
                        <p class="truncate text-base leading-6 font-semibold" title=call.caller.clone()>{call.caller.clone()} " rings"</p>
                        <p class="text-dense text-muted">{number} " · " {talked} " · " {left}</p>
                    </div>
                    {answer} {decline}
                </section>
            }
        })
    };
    let failure =
        move || ringing.failure.get().map(|(failed, error)| view! { <div class="px-4 pt-2">{error_strip(failed, &error, None)}</div> });
    view! { {panel} {failure} }
}

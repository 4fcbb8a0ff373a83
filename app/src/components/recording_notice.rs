use calls::CallState;
use leptos::prelude::*;

use super::card::card;
use super::icon::{Icon, icon};
use crate::state::calls::Calls;

/// The first line of the script while somebody is on the line: that the call is recorded, to be ticked when it was said.
#[component]
pub(crate) fn RecordingNotice() -> impl IntoView {
    let calls = expect_context::<Calls>();
    let notice = Memo::new(move |_| calls.map(|view| view.notice.clone().filter(|_| view.state == CallState::Connected)).flatten());
    // Apart, so that ticking draws nothing anew and leaves the focus where it is.
    let words = Memo::new(move |_| notice.with(|notice| notice.as_ref().map(|notice| notice.words.clone())));
    let is_given = Memo::new(move |_| notice.with(|notice| notice.as_ref().is_some_and(|notice| notice.is_given)));
    move || {
        words.get().map(|words| {
            let body = view! {
                <label class="flex cursor-pointer items-start gap-3 px-4 py-3" data-testid="recording-notice">
                    <input
                        type="checkbox"
                        class="checkbox checkbox-sm checkbox-success mt-0.5"
                        prop:checked=move || is_given.get()
                        on:change:target=move |event| {
                            let wanted = event.target().checked();
                            // What is shown is what the server has kept.
                            event.target().set_checked(!wanted);
                            calls.give_notice(wanted);
                        }
                    />
                    <span class=move || if is_given.get() { "min-w-0 flex-1 leading-5 text-muted" } else { "min-w-0 flex-1 leading-5 font-medium" }>
                        "“"{words}"”"
                    </span>
                </label>
            };
            let right = move || if is_given.get() { "said" } else { "tick it when you have said it" };
            card("script", Icon::PhoneCall, "Say first", right, body)
        })
    }
}

/// After a talk: that it was not ticked. It holds nobody up.
pub(crate) fn notice_missing(calls: Calls) -> impl IntoView {
    move || {
        calls.map(|view| view.notice.as_ref().is_some_and(|notice| !notice.is_given)).filter(|is_missing| *is_missing).map(|_| {
            view! {
                <p class="flex w-full items-center gap-1.5 text-dense text-warning" data-testid="notice-missing">
                    {icon(Icon::TriangleAlert, "size-4")} "The recording notice was not ticked."
                </p>
            }
        })
    }
}

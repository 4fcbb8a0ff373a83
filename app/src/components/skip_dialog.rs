use kernel::{LeaseId, WireError};
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::ReleaseReason;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::error_strip::error_strip;
use crate::state::console::{Console, LONGEST_NOTE, skip_problem};

/// Why the held person is let go without a call. The browser's own dialogue keeps the focus and gives it back.
#[component]
pub(crate) fn SkipDialog(lease: LeaseId, name: String) -> impl IntoView {
    let console = expect_context::<Console>();
    let dialog = NodeRef::<Dialog>::new();
    let reason = RwSignal::new(None::<ReleaseReason>);
    let note = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<&'static str>);
    let failed = RwSignal::new(None::<WireError>);
    let is_busy = RwSignal::new(false);

    dialog.on_load(|dialog| {
        request_animation_frame(move || {
            // It fails only when it is open already.
            let _ = dialog.show_modal();
        });
    });
    let close = move || {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let wrong = skip_problem(reason.get_untracked(), &note.get_untracked());
        problem.set(wrong);
        let (None, Some(reason), false) = (wrong, reason.get_untracked(), is_busy.get_untracked()) else { return };
        is_busy.set(true);
        failed.set(None);
        spawn_local(async move {
            let result = console.release(lease, reason, note.get_untracked()).await;
            let _ = is_busy.try_set(false);
            if let Err(error) = result {
                let _ = failed.try_set(Some(error));
            }
        });
    };
    let length = move || note.with(|note| note.chars().count());
    let is_too_long = move || length() > LONGEST_NOTE;

    view! {
        <dialog
            node_ref=dialog
            class="m-auto w-full max-w-lg rounded-box border border-base-300 bg-base-100 p-0 text-base-content shadow-xl backdrop:bg-black/40 max-sm:max-w-[calc(100vw-2rem)]"
            aria-labelledby="skip-title"
            on:close=move |_| console.is_skipping.set(false)
            on:keydown=keep_focus
        >
            <form class="flex max-h-[80vh] flex-col" on:submit=submit novalidate>
                <header class="border-b border-base-300 px-5 py-4">
                    <h2 class="text-lg leading-6 font-semibold" id="skip-title">"Skip "{name}</h2>
                    <p class="mt-0.5 text-dense text-muted">"Nobody is rung. The person goes back and is offered again later."</p>
                </header>
                <div class="min-h-0 overflow-y-auto px-5 py-4">
                    <fieldset>
                        <legend class="mb-2 text-dense font-medium">"Why?"</legend>
                        <div class="grid gap-2 sm:grid-cols-2">
                            {ReleaseReason::ALL.map(|choice| view! {
                                <label class=move || {
                                    if reason.get() == Some(choice) {
                                        "flex min-h-10 cursor-pointer items-center gap-3 rounded-field border px-3 py-2 border-primary bg-primary/8"
                                    } else {
                                        "flex min-h-10 cursor-pointer items-center gap-3 rounded-field border px-3 py-2 border-base-300 hover:bg-base-200"
                                    }
                                }>
                                    <input
                                        type="radio"
                                        name="reason"
                                        class="radio radio-sm radio-primary"
                                        prop:checked=move || reason.get() == Some(choice)
                                        on:change=move |_| {
                                            reason.set(Some(choice));
                                            problem.set(None);
                                        }
                                    />
                                    <span class="text-dense font-medium">{choice.label()}</span>
                                </label>
                            })}
                        </div>
                    </fieldset>
                    <label class="mt-4 mb-1.5 flex justify-between text-dense" for="skip-note">
                        <span class="font-medium">
                            "Note"
                            <span class="font-normal text-muted">
                                {move || if reason.get() == Some(ReleaseReason::Other) { ", needed" } else { ", if it helps" }}
                            </span>
                        </span>
                        <span class=move || if is_too_long() { "text-xs text-error" } else { "text-xs text-muted" }>
                            {length}" of "{LONGEST_NOTE}
                        </span>
                    </label>
                    <textarea
                        id="skip-note"
                        class="textarea w-full resize-none leading-5"
                        rows="3"
                        aria-describedby="skip-problem"
                        aria-invalid=move || if problem.get().is_some() && reason.get().is_some() { "true" } else { "false" }
                        bind:value=note
                    ></textarea>
                    <p class="min-h-5 pt-1 text-dense text-error" id="skip-problem" role="alert">{move || problem.get()}</p>
                    {move || failed.get().map(|error| error_strip("The person was not skipped", &error, None))}
                </div>
                <footer class="flex justify-end gap-2 border-t border-base-300 px-5 py-3">
                    <button type="button" class="btn btn-ghost" on:click=move |_| close()>"Keep"</button>
                    <button type="submit" class="btn btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                        {move || if is_busy.get() { "Skipping…" } else { "Skip" }}
                    </button>
                </footer>
            </form>
        </dialog>
    }
}

/// Tab at the last field goes to the first and back, instead of leaving the page.
fn keep_focus(event: KeyboardEvent) {
    if event.key() != "Tab" {
        return;
    }
    let Some(dialog) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else { return };
    let Ok(fields) = dialog.query_selector_all("input, textarea, button") else { return };
    let field = |index| fields.get(index).and_then(|field| field.dyn_into::<HtmlElement>().ok());
    let (first, last) = (field(0), field(fields.length().saturating_sub(1)));
    let active = document().active_element();
    let is_at = |edge: &Option<HtmlElement>| edge.as_ref().map(AsRef::<web_sys::Element>::as_ref) == active.as_ref();
    // All radios are one stop, whichever of them is chosen.
    let is_at_first = is_at(&first) || active.as_ref().is_some_and(|active| active.get_attribute("name").as_deref() == Some("reason"));
    let target = if event.shift_key() && is_at_first {
        last
    } else if !event.shift_key() && is_at(&last) {
        dialog.query_selector("input:checked").ok().flatten().and_then(|chosen| chosen.dyn_into().ok()).or(first)
    } else {
        None
    };
    if let Some(target) = target {
        event.prevent_default();
        let _ = target.focus();
    }
}

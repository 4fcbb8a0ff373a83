use kernel::WireError;
use leptos::ev::{KeyboardEvent, SubmitEvent};
use leptos::html::{Button, Dialog, Input, Textarea};
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::ReleaseReason;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement};

use super::dialog::{DIALOG, close, keep_focus, open_when_drawn};
use super::error_strip::error_strip;
use crate::state::console::{Console, LONGEST_NOTE, SkipPart, is_worth_keeping, skip_problem};

/// Why the held person is let go without a call.
#[component]
pub(crate) fn SkipDialog() -> impl IntoView {
    let console = expect_context::<Console>();
    let (lease, name) = (console.lease_now(), console.name_now());
    let dialog = NodeRef::<Dialog>::new();
    let reason = RwSignal::new(None::<ReleaseReason>);
    let note = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<(SkipPart, &'static str)>);
    let failed = RwSignal::new(None::<WireError>);
    let is_busy = RwSignal::new(false);
    // Asking whether a long note may be thrown away.
    let is_leaving = RwSignal::new(false);
    let (first_reason, note_field, write_on) = (NodeRef::<Input>::new(), NodeRef::<Textarea>::new(), NodeRef::<Button>::new());

    open_when_drawn(dialog);
    // What was wrong is being put right, and nobody leaves.
    let changed = move || {
        problem.set(None);
        is_leaving.set(false);
    };
    let dismiss = move || {
        if note.with_untracked(|note| is_worth_keeping(note)) {
            is_leaving.set(true);
            focus_later(write_on);
        } else {
            close(dialog);
        }
    };
    let stay = move || {
        is_leaving.set(false);
        focus_later(note_field);
    };
    // Not the browser's own Escape: it can be refused once only, and a second press would throw the note away unasked.
    let on_key = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            if is_leaving.get_untracked() { stay() } else { dismiss() }
        } else {
            keep_focus(event);
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let wrong = skip_problem(reason.get_untracked(), &note.get_untracked());
        problem.set(wrong);
        match wrong {
            Some((SkipPart::Reason, _)) => focus_later(first_reason),
            Some((SkipPart::Note, _)) => focus_later(note_field),
            None => {}
        }
        let (None, Some(reason), Some(lease), false) = (wrong, reason.get_untracked(), lease, is_busy.get_untracked()) else { return };
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
    let problem_of = move |part| problem.get().filter(|(at, _)| *at == part).map(|(_, words)| words);
    let is_invalid = move |part| if problem_of(part).is_some() { "true" } else { "false" };

    view! {
        <dialog
            node_ref=dialog
            class=format!("{DIALOG} max-w-lg")
            aria-labelledby="skip-title"
            on:close=move |_| console.is_skipping.set(false)
            on:cancel=move |event: Event| {
                event.prevent_default();
                dismiss();
            }
            on:keydown=on_key
        >
            <form class="flex max-h-[80vh] flex-col short:block short:max-h-[calc(100dvh-1rem)] short:overflow-y-auto" on:submit=submit novalidate>
                <header class="border-b border-base-300 px-5 py-4 short:py-2">
                    <h2 class="text-lg leading-6 font-semibold short:truncate" id="skip-title">"Skip "{name}</h2>
                    <p class="mt-0.5 text-dense text-muted short:sr-only">"Nobody is rung. The person goes back and is offered again later."</p>
                </header>
                <div class="min-h-0 overflow-y-auto px-5 py-4 short:py-2">
                    <fieldset
                        role="radiogroup"
                        aria-required="true"
                        aria-invalid=move || is_invalid(SkipPart::Reason)
                        aria-describedby="skip-reason-problem"
                    >
                        <legend class="mb-2 text-dense font-medium">"Why?"</legend>
                        <div class="grid gap-2 sm:grid-cols-2 short:sm:grid-cols-3">
                            {ReleaseReason::ALL.map(|choice| {
                                let input = if choice == ReleaseReason::ALL[0] { first_reason } else { NodeRef::new() };
                                view! {
                                <label class=move || {
                                    if reason.get() == Some(choice) {
                                        "flex min-h-10 cursor-pointer items-center gap-3 rounded-field border px-3 py-2 short:py-1 border-primary bg-primary/8"
                                    } else {
                                        "flex min-h-10 cursor-pointer items-center gap-3 rounded-field border px-3 py-2 short:py-1 border-base-300 hover:bg-base-200"
                                    }
                                }>
                                    <input
                                        type="radio"
                                        name="reason"
                                        node_ref=input
                                        class="radio radio-sm radio-primary"
                                        prop:checked=move || reason.get() == Some(choice)
                                        on:change=move |_| {
                                            reason.set(Some(choice));
                                            changed();
                                        }
                                    />
                                    <span class="text-dense font-medium">{choice.label()}</span>
                                </label>
                                }
                            })}
                        </div>
                        <p class="pt-1 text-dense text-error empty:hidden" id="skip-reason-problem" role="alert">{move || problem_of(SkipPart::Reason)}</p>
                    </fieldset>
                    <label class="mt-4 mb-1.5 flex justify-between text-dense short:mt-2" for="skip-note">
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
                        class="textarea w-full scroll-mb-8 resize-none leading-5 short:h-15 short:min-h-15"
                        rows="3"
                        aria-describedby="skip-problem"
                        aria-invalid=move || is_invalid(SkipPart::Note)
                        node_ref=note_field
                        bind:value=note
                        on:input=move |_| changed()
                    ></textarea>
                    <p class="min-h-5 pt-1 text-dense text-error" id="skip-problem" role="alert">{move || problem_of(SkipPart::Note)}</p>
                    {move || failed.get().map(|error| error_strip("The person was not skipped", &error, None))}
                </div>
                <footer class="flex flex-wrap items-center justify-end gap-2 border-t border-base-300 px-5 py-3">
                    // Two slots, not two sides of one: there the pressed button itself would turn into another while it is still
                    // being pressed, and “Write on” would skip.
                    {move || is_leaving.get().then(|| {
                        view! {
                            <p class="mr-auto text-dense font-medium" id="skip-leaving">"Throw the note away?"</p>
                            <button type="button" class="btn" node_ref=write_on aria-describedby="skip-leaving" on:click=move |_| stay()>"Write on"</button>
                            <button type="button" class="btn btn-error" on:click=move |_| close(dialog)>"Throw it away"</button>
                        }
                    })}
                    {move || (!is_leaving.get()).then(|| {
                        view! {
                            <button type="button" class="btn btn-ghost" on:click=move |_| dismiss()>"Keep"</button>
                            <button type="submit" class="btn btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                                {move || if is_busy.get() { "Skipping…" } else { "Skip" }}
                            </button>
                        }
                    })}
                </footer>
            </form>
        </dialog>
    }
}

/// Gives a part the focus when what changed with it is drawn, unless the dialogue is gone by then.
fn focus_later<E>(part: NodeRef<E>)
where
    E: leptos::html::ElementType,
    E::Output: JsCast + Clone + 'static,
{
    request_animation_frame(move || {
        if let Some(part) = part.try_get_untracked().flatten().and_then(|part| part.dyn_into::<HtmlElement>().ok()) {
            let _ = part.focus();
        }
    });
}

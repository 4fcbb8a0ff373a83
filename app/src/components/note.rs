use calls::LONGEST_NOTE;
use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::calls::{Calls, Keeping, Part};

/// From here on what is left is said.
const NEARLY_FULL: usize = LONGEST_NOTE - 500;

/// The note about whoever is on the line: kept as it is typed.
#[component]
pub(crate) fn Note() -> impl IntoView {
    let calls = expect_context::<Calls>();
    let is_needed = move || calls.choice().is_some_and(|choice| choice.needs_note);
    let keeping = move || {
        match calls.keeping.get() {
        Keeping::Untouched => view! { <span>"keeps itself as you type"</span> }.into_any(),
        Keeping::UnderWay => view! { <span>"keeping…"</span> }.into_any(),
        Keeping::Kept(at) => view! { <span class="inline-flex items-center gap-1">{icon(Icon::Check, "size-3.5")} "kept "{at}</span> }.into_any(),
        Keeping::Failed(_) => {
            view! { <span class="inline-flex items-center gap-1 font-semibold text-warning">{icon(Icon::TriangleAlert, "size-3.5")} "not kept yet"</span> }
                .into_any()
        }
    }
    };
    let wrong = move || match (calls.problem.get(), calls.keeping.get()) {
        (Some((Part::Note, words)), _) => words,
        (_, Keeping::Failed(words)) => format!("{words} It is tried again by itself."),
        _ => String::new(),
    };
    let length = move || {
        let length = calls.notes.with(|notes| notes.encode_utf16().count());
        match length {
            _ if length >= LONGEST_NOTE => Some(format!("The note is full: {LONGEST_NOTE} of {LONGEST_NOTE} characters.")),
            _ if length > NEARLY_FULL => Some(format!("{length} of {LONGEST_NOTE} characters")),
            _ => None,
        }
    };
    view! {
        <div class="shrink-0 border-t border-base-300 p-3">
            <label class="mb-1.5 flex items-center justify-between gap-2 text-xs" for="note">
                <span class="font-semibold">
                    "Note for this person" <span class="font-normal text-muted">{move || is_needed().then_some(", needed")}</span>
                </span>
                <span class="text-muted" data-testid="kept">{keeping}</span>
            </label>
            <textarea
                id="note"
                class="textarea textarea-sm w-full resize-none leading-5"
                rows="3"
                maxlength=LONGEST_NOTE
                placeholder="What would help the next person who rings?"
                aria-describedby="note-problem"
                aria-invalid=move || if matches!(calls.problem.get(), Some((Part::Note, _))) { "true" } else { "false" }
                prop:value=move || calls.notes.get()
                on:input:target=move |event| calls.typed(event.target().value())
            ></textarea>
            <p class="pt-1 text-xs text-muted empty:hidden" data-testid="note-length">{length}</p>
            <p class="pt-1 text-dense text-error empty:hidden" id="note-problem" role="alert">{wrong}</p>
        </div>
    }
}

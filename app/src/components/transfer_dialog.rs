use calls::LONGEST_TRANSFER_REASON;
use kernel::AgentId;
use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::dialog::{DIALOG, close, keep_focus, open_when_drawn};
use super::error_strip::query_strip;
use crate::parts::{FetchedPiece, TRANSFER};
use crate::state::calls::Calls;
use crate::state::query::Query;
use crate::state::session::Session;
use crate::state::transfer::Transfer;

/// Which supervisor is asked to take the call over.
#[component]
pub(crate) fn TransferDialog() -> impl IntoView {
    let transfer = expect_context::<Transfer>();
    let dialog = NodeRef::<Dialog>::new();
    open_when_drawn(dialog);
    view! {
        <dialog
            node_ref=dialog
            class=format!("{DIALOG} max-w-md")
            aria-labelledby="transfer-title"
            on:close=move |_| transfer.is_choosing.set(false)
            on:keydown=keep_focus
        >
            <header class="border-b border-base-300 px-5 py-4">
                <h2 class="text-lg leading-6 font-semibold" id="transfer-title">"Hand this call over"</h2>
                <p class="mt-0.5 text-dense text-muted">"The supervisor joins you first. The call stays yours until you hand it over."</p>
            </header>
            <FetchedPiece piece=&TRANSFER />
            <footer class="flex justify-end gap-2 border-t border-base-300 px-5 py-3">
                <button type="button" class="btn btn-ghost" on:click=move |_| close(dialog)>"Not now"</button>
                <button type="submit" form="transfer-form" class="btn btn-primary" disabled=move || transfer.is_busy.get()>"Ask"</button>
            </footer>
        </dialog>
    }
}

/// Whom, and why.
#[component]
pub(crate) fn TransferForm() -> impl IntoView {
    let (transfer, calls, session) = (expect_context::<Transfer>(), expect_context::<Calls>(), expect_context::<Session>());
    let choices = Query::new(session, || {}, calls::transfer_choices);
    let chosen = RwSignal::new(None::<AgentId>);
    let reason = RwSignal::new(String::new());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if let Some(call) = calls.map(|view| view.id) {
            transfer.ask(call, chosen.get_untracked(), reason.get_untracked());
        }
    };
    let whom = move || match (choices.answer(), choices.error()) {
        (Some(answer), _) if answer.value.is_empty() => view! {
            <p class="text-dense" role="status">"No supervisor who could take the call is signed in and free just now."</p>
        }
        .into_any(),
        (Some(answer), _) => {
            let options = answer.value.iter().map(|choice| view! { <option value=choice.id.to_string()>{choice.name.clone()}</option> });
            view! {
                <label class="mb-1.5 block text-dense font-medium" for="transfer-whom">"Whom"</label>
                <select
                    id="transfer-whom"
                    class="select w-full"
                    on:change=move |event| chosen.set(event_target_value(&event).parse().ok())
                >
                    <option value="">"Any supervisor"</option>
                    {options.collect_view()}
                </select>
            }
            .into_any()
        }
        (None, Some(error)) => query_strip(choices, "Who is there could not be read", &error).into_any(),
        (None, None) => view! { <p class="text-dense text-muted">"Looking who is there…"</p> }.into_any(),
    };
    view! {
        <form id="transfer-form" class="px-5 py-4" on:submit=submit>
            <div class="min-h-16">{whom}</div>
            <label class="mt-3 mb-1.5 block text-dense font-medium" for="transfer-reason">
                "Why" <span class="font-normal text-muted">", if it helps"</span>
            </label>
            <input
                id="transfer-reason"
                class="input w-full"
                type="text"
                autocomplete="off"
                maxlength=LONGEST_TRANSFER_REASON
                bind:value=reason
            />
        </form>
    }
}

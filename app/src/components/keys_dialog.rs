use leptos::html::Dialog;
use leptos::prelude::*;

use super::dialog::{DIALOG, close, keep_focus, open_when_drawn};

/// Whether the list is on the screen.
#[derive(Clone, Copy)]
pub(crate) struct AreKeysOpen(pub(crate) RwSignal<bool>);

/// What each key does, in the order of a call.
const KEYS: [(&str, &str); 11] = [
    ("Alt+N", "Call next: the next person, checked just before"),
    ("Alt+C", "Call whoever is on the screen"),
    ("Alt+A", "Answer whoever rings"),
    ("Alt+X", "Leave whoever rings to somebody else"),
    ("Alt+M", "Mute yourself, and speak again"),
    ("Alt+O", "Put the person on hold, and take them off"),
    ("Alt+H twice", "Hang up"),
    ("1 to 9", "After a call: choose how it ended"),
    ("Enter", "After a call: save and go on"),
    ("Shift+Enter", "After a call: save, then a break"),
    ("Alt+/", "This list"),
];

/// The keys that there are.
#[component]
pub(crate) fn KeysDialog() -> impl IntoView {
    let is_open = expect_context::<AreKeysOpen>().0;
    let dialog = NodeRef::<Dialog>::new();
    open_when_drawn(dialog);
    let rows = KEYS.map(|(key, words)| {
        view! {
            <div class="grid grid-cols-[8rem_minmax(0,1fr)] items-baseline gap-3 py-1.5">
                <dt><kbd class="kbd kbd-sm whitespace-nowrap">{key}</kbd></dt>
                <dd>{words}</dd>
            </div>
        }
    });
    view! {
        <dialog node_ref=dialog class=format!("{DIALOG} max-w-md") aria-labelledby="keys-title" on:close=move |_| is_open.set(false) on:keydown=keep_focus>
            <div class="px-5 pt-4 pb-5 text-dense">
                <h2 class="text-lg leading-6 font-semibold" id="keys-title">"Keys"</h2>
                <dl class="mt-3 divide-y divide-base-300">{rows.collect_view()}</dl>
                <button type="button" class="btn mt-4 w-full" on:click=move |_| close(dialog)>"Close"</button>
            </div>
        </dialog>
    }
}

use leptos::ev::KeyboardEvent;
use leptos::html::Dialog;
use leptos::prelude::*;

use super::dialog::{DIALOG, close, keep_focus, open_when_drawn};
use crate::state::calls::Calls;
use crate::telephone::Telephone;

const KEYS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"];

/// Whether the keypad is open.
#[derive(Clone, Copy)]
pub(crate) struct IsPressing(pub(crate) RwSignal<bool>);

/// The keys of a telephone, on the screen and on the keyboard, and what was sent. Behind a switchboard the extension goes with one press.
#[component]
pub(crate) fn Keypad() -> impl IntoView {
    let telephone = expect_context::<Telephone>();
    let calls = expect_context::<Calls>();
    let IsPressing(is_open) = expect_context();
    let dialog = NodeRef::<Dialog>::new();
    let sent = RwSignal::new(String::new());
    open_when_drawn(dialog);
    let press = move |key: &str| {
        telephone.send_digits(key);
        sent.update(|sent| sent.push_str(key));
    };
    let on_key = move |event: KeyboardEvent| {
        let key = event.key();
        if KEYS.contains(&key.as_str()) && !event.alt_key() && !event.ctrl_key() && !event.meta_key() {
            event.prevent_default();
            press(&key);
        } else {
            keep_focus(event);
        }
    };
    let extension = Memo::new(move |_| calls.map(|view| view.extension.clone()).flatten());
    let send_extension = move || {
        extension.get().map(|extension| {
            let words = format!("Send extension {extension}");
            view! {
                <p class="mt-3 text-dense">{format!("A switchboard answers: ask for extension {extension}, or send it when you are asked for it.")}</p>
                <button type="button" class="btn btn-primary mt-2 w-full" on:click=move |_| press(&extension)>{words}</button>
            }
        })
    };
    view! {
        <dialog
            node_ref=dialog
            class=format!("{DIALOG} max-w-72")
            aria-labelledby="keypad-title"
            on:close=move |_| is_open.set(false)
            on:keydown=on_key
        >
            <div class="px-5 pt-4 pb-5">
                <h2 class="text-lg leading-6 font-semibold" id="keypad-title">"Keypad"</h2>
                <p class="mt-0.5 text-dense text-muted">"Press the keys here or on your keyboard."</p>
                {send_extension}
                <p class="mt-3 flex min-h-10 items-center rounded-field bg-base-200 px-3 py-2 font-mono text-base break-all" role="status" aria-label="Sent" data-testid="sent">
                    {move || sent.get()}
                </p>
                <div class="mt-3 grid grid-cols-3 gap-2">
                    {KEYS.map(|key| view! { <button type="button" class="btn h-12 text-lg" on:click=move |_| press(key)>{key}</button> })}
                </div>
                <button type="button" class="btn btn-ghost mt-3 w-full" on:click=move |_| close(dialog)>"Close"</button>
            </div>
        </dialog>
    }
}

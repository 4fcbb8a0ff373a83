use leptos::html::Dialog;
use leptos::prelude::*;

use super::dialog::{DIALOG, close, keep_focus, open_when_drawn};
use crate::parts::{FetchedPiece, SOUND};
use crate::telephone::Telephone;

/// What the agent speaks into and hears with, at any time.
#[component]
pub(crate) fn SoundDialog() -> impl IntoView {
    let telephone = expect_context::<Telephone>();
    let dialog = NodeRef::<Dialog>::new();
    open_when_drawn(dialog);
    view! {
        <dialog
            node_ref=dialog
            class=format!("{DIALOG} max-w-md")
            aria-labelledby="sound-title"
            on:close=move |_| telephone.is_sound_open.set(false)
            on:keydown=keep_focus
        >
            <div class="px-5 pt-4 pb-5">
                <h2 class="text-lg leading-6 font-semibold" id="sound-title">"Sound"</h2>
                <FetchedPiece piece=&SOUND />
                <button type="button" class="btn mt-4 w-full" on:click=move |_| close(dialog)>"Close"</button>
            </div>
        </dialog>
    }
}

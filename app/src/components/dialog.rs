use leptos::ev::KeyboardEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// The classes of every dialogue. The browser's own keeps the focus and gives it back.
pub(crate) const DIALOG: &str = "m-auto w-full rounded-box border border-base-300 bg-base-100 p-0 text-base-content shadow-xl backdrop:bg-black/40 max-sm:max-w-[calc(100vw-2rem)]";

/// Opens the dialogue as soon as it is drawn.
pub(crate) fn open_when_drawn(dialog: NodeRef<Dialog>) {
    dialog.on_load(|dialog| {
        request_animation_frame(move || {
            // It fails only when it is open already.
            let _ = dialog.show_modal();
        });
    });
}

/// Closes it, which gives the focus back. The page with it may be gone when an answer comes.
pub(crate) fn close(dialog: NodeRef<Dialog>) {
    if let Some(dialog) = dialog.try_get_untracked().flatten() {
        dialog.close();
    }
}

/// Something to be answered before it is done. The quiet answer has the focus, and Escape gives it.
#[component]
pub(crate) fn ConfirmDialog(
    /// The question.
    title: &'static str,
    /// What follows from yes.
    words: String,
    /// The button that does it.
    act: &'static str,
    /// The button that does not.
    keep: &'static str,
    /// What to do.
    on_act: Callback<()>,
    /// It is closed, either way.
    on_close: Callback<()>,
) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    open_when_drawn(dialog);
    view! {
        <dialog
            node_ref=dialog
            role="alertdialog"
            class=format!("{DIALOG} max-w-md")
            aria-labelledby="confirm-title"
            aria-describedby="confirm-words"
            on:close=move |_| on_close.run(())
            on:keydown=keep_focus
        >
            <div class="px-5 py-4">
                <h2 class="text-lg leading-6 font-semibold" id="confirm-title">{title}</h2>
                <p class="mt-1 text-dense text-muted" id="confirm-words">{words}</p>
            </div>
            <footer class="flex flex-wrap justify-end gap-2 border-t border-base-300 px-5 py-3">
                <button type="button" class="btn" autofocus on:click=move |_| close(dialog)>{keep}</button>
                <button
                    type="button"
                    class="btn btn-primary"
                    on:click=move |_| {
                        close(dialog);
                        on_act.run(());
                    }
                >
                    {act}
                </button>
            </footer>
        </dialog>
    }
}

/// Tab at the last field goes to the first and back, instead of leaving the page.
pub(crate) fn keep_focus(event: KeyboardEvent) {
    if event.key() != "Tab" {
        return;
    }
    let Some(dialog) = event.current_target().and_then(|target| target.dyn_into::<HtmlElement>().ok()) else { return };
    let Ok(fields) = dialog.query_selector_all("input, select, textarea, button") else { return };
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

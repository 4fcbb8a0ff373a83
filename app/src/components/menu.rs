use leptos::ev::{FocusEvent, KeyboardEvent, MouseEvent};
use leptos::html::{Button, Div};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, Node};

/// A button that opens a list of commands. Arrows, Home and End move, Escape closes, and so does leaving it.
#[component]
pub(crate) fn Menu(
    /// The button's name; what is on it is for the eye, or goes on from it.
    #[prop(into)]
    label: Signal<String>,
    /// The button's classes.
    class: &'static str,
    /// What is on the button.
    face: ViewFn,
    /// At the right edge of the button instead of the left.
    #[prop(optional)]
    is_at_right: bool,
    /// The commands, each with `role="menuitem"` or `role="menuitemradio"` and `tabindex="-1"`.
    children: ChildrenFn,
) -> impl IntoView {
    let is_open = RwSignal::new(false);
    let button = NodeRef::<Button>::new();
    let list = NodeRef::<Div>::new();

    let close = move || {
        is_open.set(false);
        if let Some(button) = button.get_untracked() {
            let _ = button.focus();
        }
    };
    // The list is there only after the signal has been rendered.
    let open = move || {
        is_open.set(true);
        request_animation_frame(move || focus_item(list, |_, _| 0));
    };
    let on_key = move |event: KeyboardEvent| {
        match event.key().as_str() {
            "ArrowDown" if !is_open.get_untracked() => open(),
            "Escape" if is_open.get_untracked() => close(),
            "ArrowDown" => focus_item(list, |now, count| now.map_or(0, |now| (now + 1) % count)),
            "ArrowUp" if is_open.get_untracked() => focus_item(list, |now, count| now.map_or(0, |now| (now + count - 1) % count)),
            "Home" if is_open.get_untracked() => focus_item(list, |_, _| 0),
            "End" if is_open.get_untracked() => focus_item(list, |_, count| count - 1),
            _ => return,
        }
        event.prevent_default();
    };
    let on_leave = move |event: FocusEvent| {
        let root = event.current_target().and_then(|root| root.dyn_into::<Node>().ok());
        let goes_to = event.related_target().and_then(|target| target.dyn_into::<Node>().ok());
        // No target: the press on a command itself, or the window lost the focus. Neither closes the list.
        if let (Some(root), Some(goes_to)) = (root, goes_to)
            && !root.contains(Some(&goes_to))
        {
            is_open.set(false);
        }
    };
    let outside = window_event_listener(leptos::ev::pointerdown, move |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Node>().ok());
        let root = button.get_untracked().and_then(|button| button.parent_element());
        if is_open.get_untracked() && !root.is_some_and(|root| root.contains(target.as_ref())) {
            is_open.set(false);
        }
    });
    on_cleanup(move || outside.remove());

    view! {
        <div class="relative" on:keydown=on_key on:focusout=on_leave>
            <button
                type="button"
                node_ref=button
                class=class
                aria-haspopup="menu"
                aria-expanded=move || if is_open.get() { "true" } else { "false" }
                on:click=move |_| if is_open.get_untracked() { close() } else { open() }
            >
                <span class="sr-only">{move || label.get()}</span>
                {move || face.run()}
            </button>
            <Show when=move || is_open.get()>
                <div
                    node_ref=list
                    role="menu"
                    aria-label=move || label.get()
                    class=if is_at_right { "absolute top-full right-0 z-30 mt-1 w-60 rounded-box border border-base-300 bg-base-100 p-1.5 shadow-lg" } else { "absolute top-full left-0 z-30 mt-1 w-60 rounded-box border border-base-300 bg-base-100 p-1.5 shadow-lg" }
                    on:click=move |event: MouseEvent| if is_command(&event) { close() }
                >
                    {children()}
                </div>
            </Show>
        </div>
    }
}

fn is_command(event: &MouseEvent) -> bool {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    target.is_some_and(|target| target.closest("[role^=menuitem]").ok().flatten().is_some())
}

/// Moves the focus to the command that `next` names, from where it is now and how many there are.
fn focus_item(list: NodeRef<Div>, next: impl Fn(Option<u32>, u32) -> u32) {
    let Some(items) = list.get_untracked().and_then(|list| list.query_selector_all("[role^=menuitem]").ok()) else { return };
    if items.length() == 0 {
        return;
    }
    let active = document().active_element();
    let now = (0..items.length()).find(|&index| items.get(index).as_ref() == active.as_ref().map(AsRef::<Node>::as_ref));
    if let Some(item) = items.get(next(now, items.length())).and_then(|item| item.dyn_into::<HtmlElement>().ok()) {
        let _ = item.focus();
    }
}

use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::console::Console;
use crate::state::press::Settling;

/// A button whose press counts only once it has meant the same for a while: it comes by itself, or another one was at its place. All of them are
/// one kind of button to the compiler, which makes a copy of the code for each kind.
pub(crate) struct WatchedButton {
    watch: Settling,
    class: String,
    glyph: Option<Icon>,
    words: Box<dyn Fn() -> String + Send + Sync>,
    key: Option<&'static str>,
    /// Small, beside or below the words; without a key nothing.
    hint: Box<dyn Fn() -> &'static str + Send + Sync>,
    popup: Option<&'static str>,
    is_disabled: Box<dyn Fn() -> bool + Send + Sync>,
}

impl WatchedButton {
    /// One that says this.
    pub(crate) fn new(watch: Settling, class: &str, glyph: Option<Icon>, words: &'static str) -> Self {
        Self {
            watch,
            class: format!("btn {class}"),
            glyph,
            words: Box::new(|| words.to_owned()),
            key: None,
            hint: Box::new(|| ""),
            popup: None,
            is_disabled: Box::new(|| false),
        }
    }

    /// It says this instead, which changes.
    pub(crate) fn says(self, words: impl Fn() -> String + Send + Sync + 'static) -> Self {
        Self { words: Box::new(words), ..self }
    }

    /// A key does the same.
    pub(crate) fn key(self, key: &'static str) -> Self {
        Self { key: Some(key), hint: Box::new(move || key), ..self }
    }

    /// What is said in small beside it.
    pub(crate) fn hint(self, hint: impl Fn() -> &'static str + Send + Sync + 'static) -> Self {
        Self { hint: Box::new(hint), ..self }
    }

    /// It opens a dialogue.
    pub(crate) const fn opens_dialog(mut self) -> Self {
        self.popup = Some("dialog");
        self
    }

    /// It cannot be pressed at all while this is so.
    pub(crate) fn disabled(self, is_disabled: impl Fn() -> bool + Send + Sync + 'static) -> Self {
        Self { is_disabled: Box::new(is_disabled), ..self }
    }

    /// The button, and what it does.
    pub(crate) fn view(self, press: impl Fn() + 'static) -> AnyView {
        self.draw(Box::new(press))
    }

    fn draw(self, press: Box<dyn Fn()>) -> AnyView {
        let Self { watch, class, glyph, words, key, hint, popup, is_disabled } = self;
        let size = if class.contains("btn-sm") { "size-4" } else { "size-5" };
        view! {
            <button
                type="button"
                class=class
                aria-keyshortcuts=key
                aria-haspopup=popup
                disabled=is_disabled
                // Not `disabled`, which would take the focus away from it.
                aria-disabled=move || watch.is_waiting().then_some("true")
                on:click=move |_| if watch.press() { press() }
            >
                <span class="inline-flex min-w-0 items-center gap-2">{glyph.map(|glyph| icon(glyph, size))} <span class="truncate">{words}</span></span>
                <span class="text-xs font-normal opacity-90 empty:hidden">{hint}</span>
            </button>
        }
        .into_any()
    }
}

/// The one next thing to press, with its key.
pub(crate) fn main_button(console: Console, class: &'static str, glyph: Icon, words: &'static str, key: &'static str) -> WatchedButton {
    let class = format!("h-13 min-w-40 justify-between gap-3 text-base {class}");
    WatchedButton::new(console.main, &class, Some(glyph), words).key(key)
}

/// Call next, with its key.
pub(crate) fn call_next_button(class: &'static str, is_busy: bool, console: Console) -> AnyView {
    let words = if is_busy { "Checking…" } else { "Call next" };
    main_button(console, class, Icon::SkipForward, words, "Alt+N").disabled(move || is_busy).view(move || console.call_next())
}

/// Becomes available.
pub(crate) fn become_available_button(class: &'static str, console: Console) -> AnyView {
    let class = format!("btn-primary h-13 text-base {class}");
    WatchedButton::new(console.main, &class, Some(Icon::CircleCheck), "Become available").view(move || console.become_available())
}

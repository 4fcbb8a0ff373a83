//! Which page is shown: the browser's address. Links of our own change it without loading anything anew. There are four pages, so that a
//! router would be the larger part of them.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlAnchorElement, MouseEvent};

/// The address, for all screens.
#[derive(Clone, Copy)]
pub(crate) struct Address {
    path: RwSignal<String>,
    query: RwSignal<String>,
    /// Something is typed on this page that is not stored: whoever leaves is asked first.
    pub(crate) has_unsaved: RwSignal<bool>,
}

/// What the query says of `name`. Our own names and values need no decoding.
fn parameter<'query>(query: &'query str, name: &str) -> Option<&'query str> {
    query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// What stands in the address, as it was typed.
pub(crate) fn decoded(text: &str) -> String {
    let text = text.replace('+', " ");
    js_sys::decode_uri_component(&text).map_or(text, String::from)
}

/// What was typed, as it can stand in the address.
pub(crate) fn encoded(text: &str) -> String {
    String::from(js_sys::encode_uri_component(text))
}

impl Address {
    /// Follows it for as long as the page is there.
    pub(crate) fn start() -> Self {
        let address = Self { path: RwSignal::new(String::new()), query: RwSignal::new(String::new()), has_unsaved: RwSignal::new(false) };
        address.read();
        // Back and forward.
        let _ = window_event_listener(ev::popstate, move |_| {
            if address.may_leave() {
                address.read();
            } else if let Ok(history) = window().history() {
                // The browser has gone already: this page's address stands on top again.
                let here = untrack(|| address.path.get() + &address.query.get());
                let _ = history.push_state_with_url(&JsValue::NULL, "", Some(&here));
            }
        });
        let _ = window_event_listener(ev::beforeunload, move |event| {
            if address.has_unsaved.get_untracked() {
                event.prevent_default();
                event.set_return_value("yes");
            }
        });
        let _ = window_event_listener(ev::click, move |event| {
            if let Some(to) = link(&event) {
                event.prevent_default();
                if address.may_leave() {
                    address.change(&to, false);
                    window().scroll_to_with_x_and_y(0.0, 0.0);
                }
            }
        });
        address
    }

    /// Asks when something would be lost.
    fn may_leave(self) -> bool {
        !self.has_unsaved.get_untracked()
            || window().confirm_with_message("What you typed here is not stored. Leave all the same?").unwrap_or(true)
    }

    fn read(self) {
        let location = window().location();
        let (path, query) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
        // Whoever shows one of them is not disturbed by the other.
        if self.path.with_untracked(|shown| *shown != path) {
            self.path.set(path);
        }
        if self.query.with_untracked(|shown| *shown != query) {
            self.query.set(query);
        }
    }

    fn change(self, to: &str, is_replaced: bool) {
        if let Ok(history) = window().history() {
            // It fails only for another origin.
            let _ = if is_replaced {
                history.replace_state_with_url(&JsValue::NULL, "", Some(to))
            } else {
                history.push_state_with_url(&JsValue::NULL, "", Some(to))
            };
        }
        self.read();
    }

    /// Shows another page, from which Back comes back to this one.
    pub(crate) fn show(self, path: &str) {
        if self.may_leave() {
            self.change(path, false);
        }
    }

    /// Shows another page in the place of this one, which Back does not come back to.
    pub(crate) fn replace(self, to: &str) {
        self.change(to, true);
    }

    /// Where this is, to come back to.
    pub(crate) fn whole(self) -> String {
        self.path.get() + &self.query.get()
    }

    /// Whether it is this page.
    pub(crate) fn is(self, path: &str) -> bool {
        self.path.with(|shown| shown == path)
    }

    /// Something of what the query says of `name`.
    pub(crate) fn parameter<T>(self, name: &str, of: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.query.with(|query| parameter(query, name).and_then(of))
    }
}

/// Where a plain click on a link of our own leads.
fn link(event: &MouseEvent) -> Option<String> {
    let is_plain = event.button() == 0 && !event.alt_key() && !event.ctrl_key() && !event.meta_key() && !event.shift_key();
    let target = event.target().filter(|_| is_plain && !event.default_prevented())?.dyn_into::<Element>().ok()?;
    let anchor = target.closest("a[href]").ok()??.dyn_into::<HtmlAnchorElement>().ok()?;
    let is_ours = window().location().origin().is_ok_and(|origin| origin == anchor.origin());
    let is_within = is_ours && anchor.rel() != "external" && anchor.target().is_empty() && !anchor.has_attribute("download");
    is_within.then(|| anchor.pathname() + &anchor.search())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_by_its_whole_name() {
        assert_eq!(parameter("?state=break", "state"), Some("break"));
        assert_eq!(parameter("?other=1&state=on-call", "state"), Some("on-call"));
        assert_eq!(parameter("?states=break", "state"), None);
        assert_eq!(parameter("", "state"), None);
    }
}

//! What the browser knows of whoever uses it.

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// Where the browser keeps the day of the last check that was passed.
const KEY: &str = "dialler.telephone_checked";

/// Ends when the page has been clicked or typed at. Before that browsers let it make no sound, and say so for each sound it prepares.
pub(crate) async fn touched() {
    let of = |object: &JsValue, name: &str| js_sys::Reflect::get(object, &name.into());
    let is_touched = of(&window(), "navigator").and_then(|navigator| of(&of(&navigator, "userActivation")?, "hasBeenActive"));
    // A browser that does not know may say so.
    if is_touched.is_ok_and(|is_touched| is_touched.is_falsy()) {
        const TOUCHES: [&str; 2] = ["pointerup", "keydown"];
        let mut listener = None;
        let touched = js_sys::Promise::new(&mut |resolve, _| {
            for event in TOUCHES {
                // It fails only for an option, and there is none.
                let _ = window().add_event_listener_with_callback(event, &resolve);
            }
            listener = Some(resolve);
        });
        // It is never rejected.
        let _ = JsFuture::from(touched).await;
        if let Some(listener) = listener {
            for event in TOUCHES {
                let _ = window().remove_event_listener_with_callback(event, &listener);
            }
        }
    }
}

/// That the check was passed on this day, in this browser.
pub(crate) mod checked {
    use leptos::prelude::window;

    fn today() -> String {
        String::from(js_sys::Date::new_0().to_date_string())
    }

    /// Passed today.
    pub(crate) fn is_set() -> bool {
        let kept = window().local_storage().ok().flatten().and_then(|storage| storage.get_item(super::KEY).ok().flatten());
        kept == Some(today())
    }

    /// Remembers it.
    pub(crate) fn set() {
        if let Ok(Some(storage)) = window().local_storage() {
            // A full or closed storage only means that it is checked again.
            let _ = storage.set_item(super::KEY, &today());
        }
    }
}

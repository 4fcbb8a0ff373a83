//! The front end: one page that talks to the server's functions. See `routes` for what it is made of.

#![recursion_limit = "256"]
#![expect(unreachable_pub, reason = "the component macro makes public items, and the modules are private")]

mod components;
mod format;
mod pages;
mod parts;
mod routes;
mod state;
mod telephone;

use wasm_bindgen::prelude::*;

/// Takes the place of the skeleton in `index.html`. The browser calls it as soon as the module is there.
#[wasm_bindgen(start)]
pub fn start() {
    std::panic::set_hook(Box::new(|panic| {
        console_error_panic_hook::hook(panic);
        report(&panic.to_string());
    }));
    let document = leptos::prelude::document();
    if let Some(skeleton) = document.get_element_by_id("skeleton") {
        skeleton.remove();
    }
    leptos::mount::mount_to_body(routes::App);
    if let Some(body) = document.body() {
        // Only for whoever waits for it from outside; nothing in here depends on it.
        let _ = body.set_attribute("data-mounted", "");
    }
}

/// Hands a failure to `boot.js`, which works also when nothing in here does any more.
pub(crate) fn report(message: &str) {
    let init = web_sys::CustomEventInit::new();
    init.set_detail(&JsValue::from_str(message));
    if let Ok(event) = web_sys::CustomEvent::new_with_event_init_dict("dialler:failed", &init) {
        let _ = leptos::prelude::window().dispatch_event(&event);
    }
}

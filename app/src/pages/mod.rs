//! One file for each screen.

pub(crate) mod account;
pub(crate) mod callbacks;
pub(crate) mod console;
pub(crate) mod day;
pub(crate) mod floor;
pub(crate) mod history;
pub(crate) mod not_found;
pub(crate) mod outcomes;
pub(crate) mod queues;
pub(crate) mod settings;
pub(crate) mod sign_in;
pub(crate) mod staff;
pub(crate) mod suppressions;
pub(crate) mod users;

/// A part of the application that a page needs and did not find. Only a mistake in `routes` can cause it; the error
/// boundary there shows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Missing(&'static str);

impl std::fmt::Display for Missing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the page found no {}", self.0)
    }
}

impl std::error::Error for Missing {}

/// What the frame provides.
pub(crate) fn provided<T: Clone + 'static>(name: &'static str) -> Result<T, Missing> {
    leptos::prelude::use_context().ok_or(Missing(name))
}

/// Names the page for the browser's tab and for screen readers.
pub(crate) fn set_title(title: &str) {
    leptos::prelude::document().set_title(&format!("{title} · Dialler"));
}

//! What is said to everybody, whether they look or listen: the live region and the message that passes.

use std::time::Duration;

use leptos::prelude::*;

/// How long a message stays.
const STAYS: Duration = Duration::from_secs(6);

/// One message at a time.
#[derive(Clone, Copy)]
pub(crate) struct Announcer {
    /// Read out politely.
    pub(crate) polite: RwSignal<String>,
    /// Read out at once: somebody has answered.
    pub(crate) assertive: RwSignal<String>,
    /// Shown at the bottom left for six seconds, with its number.
    pub(crate) toast: RwSignal<Option<(u32, String)>>,
    number: StoredValue<u32>,
}

impl Announcer {
    pub(crate) fn new() -> Self {
        Self {
            polite: RwSignal::new(String::new()),
            assertive: RwSignal::new(String::new()),
            toast: RwSignal::new(None),
            number: StoredValue::new(0),
        }
    }

    /// Only read out.
    pub(crate) fn say(self, words: impl Into<String>) {
        self.polite.set(words.into());
    }

    /// Read out at once, whatever is being read.
    pub(crate) fn interrupt(self, words: impl Into<String>) {
        self.assertive.set(words.into());
    }

    /// Read out and shown for a while.
    pub(crate) fn show(self, words: impl Into<String>) {
        let words = words.into();
        self.say(words.clone());
        let number = self.number.get_value().wrapping_add(1);
        self.number.set_value(number);
        self.toast.set(Some((number, words)));
        set_timeout(
            move || {
                self.toast.update(|toast| {
                    if toast.as_ref().is_some_and(|(shown, _)| *shown == number) {
                        *toast = None;
                    }
                });
            },
            STAYS,
        );
    }
}

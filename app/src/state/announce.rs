//! What is said to everybody, whether they look or listen: the live region and the message that passes.

use std::time::Duration;

use leptos::prelude::*;

/// How long a message stays.
const STAYS: Duration = Duration::from_secs(6);

/// A message that passes.
#[derive(Clone, Debug)]
pub(crate) struct Toast {
    number: u32,
    pub(crate) words: String,
    /// Something was not done.
    pub(crate) is_refusal: bool,
}

/// One message at a time.
#[derive(Clone, Copy)]
pub(crate) struct Announcer {
    /// Read out politely.
    pub(crate) polite: RwSignal<String>,
    /// Read out at once: somebody has answered.
    pub(crate) assertive: RwSignal<String>,
    /// Shown at the bottom left for six seconds.
    pub(crate) toast: RwSignal<Option<Toast>>,
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

    /// Read out and shown for a while: something was done.
    pub(crate) fn show(self, words: impl Into<String>) {
        self.pass(words.into(), false);
    }

    /// The same of something that was not done.
    pub(crate) fn refuse(self, words: impl Into<String>) {
        self.pass(words.into(), true);
    }

    /// Takes away what was shown: something else is under way.
    pub(crate) fn clear(self) {
        self.toast.set(None);
    }

    fn pass(self, words: String, is_refusal: bool) {
        self.say(words.clone());
        let number = self.number.get_value().wrapping_add(1);
        self.number.set_value(number);
        self.toast.set(Some(Toast { number, words, is_refusal }));
        set_timeout(
            move || {
                self.toast.update(|toast| {
                    if toast.as_ref().is_some_and(|shown| shown.number == number) {
                        *toast = None;
                    }
                });
            },
            STAYS,
        );
    }
}

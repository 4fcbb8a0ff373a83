//! The note about whoever is on the line: verbatim, and kept as it is typed (lessons, line 27).

use std::time::Duration;

use kernel::{CallId, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Calls, Part};

/// What is typed is kept when the keys have been still for so long.
pub(super) const STILL: Duration = Duration::from_millis(600);
/// What could not be kept is tried again after this time.
const KEEP_RETRY: Duration = Duration::from_secs(3);

/// Whether what was typed is safe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Keeping {
    /// Nothing was typed here.
    Untouched,
    /// Not yet.
    UnderWay,
    /// Kept by the server, at this time of day.
    Kept(String),
    /// Not, and why; it is tried again.
    Failed(String),
}

impl Calls {
    /// Something was typed. It is kept when the keys have been still for a moment (lessons, line 27).
    pub(crate) fn typed(self, notes: String) {
        self.notes.set(notes);
        self.keeping.set(Keeping::UnderWay);
        if self.problem.with_untracked(|problem| matches!(problem, Some((Part::Note, _)))) {
            self.problem.set(None);
        }
        self.typed.set(self.typed.get_untracked() + 1);
        self.keep_after(STILL);
    }

    pub(super) fn keep_after(self, wait: Duration) {
        let typed = self.typed.get_untracked();
        set_timeout(
            move || {
                // The outcome is saved with its note. The server refuses a note that arrives after the outcome.
                if self.is_still(typed) && !self.is_saving.get_untracked() {
                    self.keep();
                }
            },
            wait,
        );
    }

    /// Has the server keep the note. While one text is on its way the next one waits: of two that are on their way the older one may
    /// arrive last, and would stay.
    fn keep(self) {
        if self.is_keeping.get_untracked() {
            self.is_keep_wanted.set(true);
            return;
        }
        self.is_keeping.set(true);
        spawn_local(async move {
            while let Some(id) = self.id_now() {
                self.is_keep_wanted.set(false);
                let typed = self.typed.get_untracked();
                let result = calls::save_notes(id, self.notes.get_untracked()).await;
                if self.is_still(typed) {
                    match result {
                        Ok(()) => self.keeping.set(Keeping::Kept(time_of_day())),
                        Err(error) => {
                            self.session.noticed(&error);
                            self.keeping.set(Keeping::Failed(error.message));
                            self.keep_after(KEEP_RETRY);
                        }
                    }
                }
                if !self.is_keep_wanted.get_untracked() {
                    break;
                }
            }
            self.is_keeping.set(false);
        });
    }

    /// Has the server keep what was typed about this call, now: it is about to be somebody else's.
    pub(crate) async fn keep_now(self, call: CallId) -> Result<(), WireError> {
        if self.id_now() == Some(call) && self.is_unkept() {
            calls::save_notes(call, self.notes.get_untracked()).await?;
        }
        Ok(())
    }

    /// Asks for the note: another window may have written it.
    pub(crate) fn ask_note(self) {
        let Some(id) = self.id_now() else { return };
        let typed = self.typed_if_kept();
        spawn_local(async move {
            match calls::note(id).await {
                Ok(note) if self.id_now() == Some(id) => self.take_note(&note, typed),
                Ok(_) => {}
                Err(error) => self.session.noticed(&error),
            }
        });
    }

    /// How often something was typed, if all of it is kept.
    pub(super) fn typed_if_kept(self) -> Option<u32> {
        (!self.is_unkept()).then(|| self.typed.get_untracked())
    }

    /// Takes what the server has, unless something was typed here since that it does not have: that is newer. `typed` is how often
    /// something had been typed when the question was asked, if all of it was kept by then.
    pub(super) fn take_note(self, note: &str, typed: Option<u32>) {
        let is_untouched = self.keeping.get_untracked() == Keeping::Untouched;
        if (is_untouched || typed == Some(self.typed.get_untracked())) && self.notes.with_untracked(|notes| notes != note) {
            self.notes.set(note.to_owned());
        }
    }

    /// Something was typed that the server does not have yet.
    pub(super) fn is_unkept(self) -> bool {
        matches!(self.keeping.get_untracked(), Keeping::UnderWay | Keeping::Failed(_))
    }

    /// Nothing was typed since, and it is still about the same call.
    fn is_still(self, typed: u32) -> bool {
        self.typed.get_untracked() == typed
    }
}

/// What the clock of this machine shows.
fn time_of_day() -> String {
    String::from(js_sys::Date::new_0().to_time_string()).chars().take(8).collect()
}

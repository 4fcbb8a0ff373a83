//! What came of a call, until it is recorded.

use calls::{Choice, Disposition, Recorded, WrapUp};
use kernel::WireError;
use leptos::prelude::*;

use super::note::STILL;
use super::{Calls, Keeping};

/// A part of the wrap-up that can be at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The choices.
    Choice,
    /// The time of the callback.
    Time,
    /// The note.
    Note,
}

/// What is wrong with what would be recorded: where, and in words. The server's own rules are the server's.
fn problem(choice: Option<&Choice>, notes: &str, callback_at: &str) -> Option<(Part, &'static str)> {
    match choice {
        None => Some((Part::Choice, "Choose what came of the call.")),
        Some(choice) if choice.needs_time && callback_at.is_empty() => Some((Part::Time, "Choose when to call back.")),
        Some(choice) if choice.needs_note && notes.trim().is_empty() => Some((Part::Note, "Write in the note what the person said.")),
        Some(_) => None,
    }
}

/// Where the server's refusal of an outcome belongs; elsewhere it is shown as a failure.
fn part_at_fault(error: &WireError) -> Option<Part> {
    match error.field.as_deref() {
        Some("notes") => Some(Part::Note),
        Some("callback_at") => Some(Part::Time),
        Some("disposition") => Some(Part::Choice),
        _ => None,
    }
}

impl Calls {
    /// What has to be recorded.
    pub(crate) fn wrap_up<U>(self, of: impl FnOnce(&WrapUp) -> U) -> Option<U> {
        self.map(|view| view.wrap_up.as_ref().map(of)).flatten()
    }

    /// What follows from what is chosen.
    pub(crate) fn choice(self) -> Option<Choice> {
        let chosen = self.chosen.get()?;
        self.wrap_up(|wrap_up| wrap_up.choices.iter().find(|choice| choice.disposition == chosen).cloned()).flatten()
    }

    /// Chooses what came of the call.
    pub(crate) fn choose(self, disposition: Disposition) {
        self.problem.set(None);
        self.chosen.set(Some(disposition));
    }

    /// Chooses by its key. Answers whether there is such a key.
    pub(crate) fn choose_by_key(self, key: u8) -> bool {
        let choice = untrack(move || {
            self.wrap_up(|wrap_up| wrap_up.choices.iter().find(|choice| choice.key == Some(key)).map(|choice| choice.disposition)).flatten()
        });
        if let Some(choice) = choice {
            self.choose(choice);
        }
        choice.is_some()
    }

    /// Half a minute more.
    pub(crate) fn extend(self) {
        if let Some(id) = self.id_now() {
            self.change(id, Box::pin(calls::extend_wrap_up(id)), "There are no 30 seconds more");
        }
    }

    /// What is being recorded could have been recorded in time, and still can.
    pub(crate) fn is_late(self) -> bool {
        self.wrap_up(|wrap_up| wrap_up.seconds_left.is_none()) == Some(true)
    }

    pub(super) fn clear_outcome(self) {
        self.chosen.set(None);
        self.notes.set(String::new());
        self.keeping.set(Keeping::Untouched);
        self.callback_at.set(String::new());
        self.is_asked_regardless.set(false);
        self.problem.set(None);
        self.typed.set(self.typed.get_untracked() + 1);
    }

    /// Records what came of the call. Nothing when it could not be: why is shown where it belongs, and nothing is lost.
    pub(crate) async fn record(self) -> Option<Recorded> {
        let id = self.id_now()?;
        let choice = untrack(move || self.choice());
        let (notes, callback_at) = (self.notes.get_untracked(), self.callback_at.get_untracked());
        // What is kept is the server's: another window may have written since.
        let unkept = self.is_unkept().then(|| notes.clone());
        let wrong = problem(choice.as_ref(), &notes, &callback_at);
        self.problem.set(wrong.map(|(part, words)| (part, words.to_owned())));
        let choice = choice.filter(|_| wrong.is_none())?;
        self.failure.set(None);
        self.is_saving.set(true);
        // What needs no time takes none.
        let callback_at = choice.needs_time.then_some(callback_at);
        let is_regardless = choice.needs_time && self.is_asked_regardless.get_untracked();
        let result = calls::record_outcome(id, choice.disposition, unkept, callback_at, is_regardless).await;
        self.is_saving.set(false);
        match result {
            Ok(recorded) => {
                self.clear_outcome();
                self.forget_end();
                self.view.set(None);
                self.session.ask();
                self.ask_unrecorded();
                Some(recorded)
            }
            Err(error) => {
                self.session.noticed(&error);
                if self.is_unkept() {
                    self.keep_after(STILL);
                }
                if let Some(part) = part_at_fault(&error) {
                    self.problem.set(Some((part, error.message)));
                } else {
                    self.failure.set(Some(("What came of the call is not recorded yet", error)));
                    // It may have been closed meanwhile.
                    self.ask();
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(disposition: Disposition) -> Choice {
        Choice {
            disposition,
            label: String::new(),
            is_reached: true,
            key: None,
            hint: String::new(),
            next_attempt: String::new(),
            attempts: String::new(),
            order: None,
            needs_note: disposition == Disposition::DoNotContact,
            needs_time: disposition == Disposition::CallbackRequested,
            also: None,
            doubt: None,
        }
    }

    #[test]
    fn what_is_missing_is_said_where_it_is_missing() {
        let part = |choice: Option<Disposition>, notes, at| problem(choice.map(self::choice).as_ref(), notes, at).map(|(part, _)| part);

        assert_eq!(part(None, "", ""), Some(Part::Choice));
        assert_eq!(part(Some(Disposition::NoAnswer), "", ""), None);
        assert_eq!(part(Some(Disposition::CallbackRequested), "", ""), Some(Part::Time));
        assert_eq!(part(Some(Disposition::CallbackRequested), "", "2026-11-24T14:30"), None);
        assert_eq!(part(Some(Disposition::DoNotContact), " \n", ""), Some(Part::Note));
        assert_eq!(part(Some(Disposition::DoNotContact), "Never again", ""), None);
    }

    #[test]
    fn what_the_server_refuses_is_said_at_the_field_at_fault() {
        let part = |error: calls::CallsError| part_at_fault(&error.into());

        assert_eq!(part(calls::CallsError::NoteNeeded), Some(Part::Note));
        assert_eq!(part(calls::CallsError::NoteTooLong(4000)), Some(Part::Note));
        for error in [
            calls::CallsError::TimeNeeded,
            queue::PromiseError::Past.into(),
            queue::PromiseError::Closed.into(),
            queue::PromiseError::NoSuchTime.into(),
        ] {
            assert_eq!(part(error), Some(Part::Time));
        }
        assert_eq!(part(calls::CallsError::NotForAgents), Some(Part::Choice));
        assert_eq!(part(calls::CallsError::NothingToRecord), None);
    }
}

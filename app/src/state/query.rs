//! Something asked of the server that stays on the screen and is asked again when it may have changed.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use kernel::WireError;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::clock::Received;
use super::session::Session;

type Asking<T> = Pin<Box<dyn Future<Output = Result<T, WireError>>>>;

/// The last good answer, and what went wrong since. A failure never takes the answer away.
pub(crate) struct Query<T: Send + Sync + 'static> {
    answer: RwSignal<Option<Arc<Received<T>>>>,
    error: RwSignal<Option<WireError>>,
    again: Trigger,
}

impl<T: Send + Sync + 'static> Clone for Query<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Send + Sync + 'static> Copy for Query<T> {}

impl<T: Send + Sync + 'static> Query<T> {
    /// Asks now, and whenever something that `watch` reads changes. While one question is on its way, all further
    /// ones become a single one after it.
    pub(crate) fn new<F>(session: Session, watch: impl Fn() + 'static, ask: impl Fn() -> F + 'static) -> Self
    where
        F: Future<Output = Result<T, WireError>> + 'static,
    {
        let query = Self { answer: RwSignal::new(None), error: RwSignal::new(None), again: Trigger::new() };
        let line = Line::default();
        let ask: Rc<dyn Fn() -> Asking<T>> = Rc::new(move || Box::pin(ask()));
        Effect::new(move |_| {
            query.again.track();
            watch();
            if line.join() {
                let (line, ask) = (line.clone(), Rc::clone(&ask));
                spawn_local(async move {
                    loop {
                        query.take(session, ask().await);
                        // A screen that is gone asks nothing more: what its question is made of is gone too.
                        if !line.leave() || query.answer.is_disposed() {
                            break;
                        }
                    }
                });
            }
        });
        query
    }

    /// Keeps what came. A screen that is gone by now takes nothing.
    fn take(self, session: Session, result: Result<T, WireError>) {
        match result {
            Ok(value) => {
                let _ = self.answer.try_set(Some(Arc::new(Received::now(value))));
                let _ = self.error.try_set(None);
            }
            Err(error) => {
                session.noticed(&error);
                let _ = self.error.try_set(Some(error));
            }
        }
    }

    /// Something of the last good answer, with how many seconds ago it came.
    pub(crate) fn received<U>(self, of: impl FnOnce(&T) -> U, now: f64) -> Option<(U, i64)> {
        self.answer.try_with(|answer| answer.as_ref().map(|answer| (of(&answer.value), answer.seconds_ago(now)))).flatten()
    }

    /// Asks again.
    pub(crate) fn again(self) {
        self.again.notify();
    }

    /// The last good answer.
    pub(crate) fn answer(self) -> Option<Arc<Received<T>>> {
        self.answer.try_get().flatten()
    }

    /// Something of the last good answer.
    pub(crate) fn map<U>(self, of: impl FnOnce(&T) -> U) -> Option<U> {
        // A memo of a page may still look when the frame around it, which asked, is gone.
        self.answer.try_with(|answer| answer.as_ref().map(|answer| of(&answer.value))).flatten()
    }

    /// What went wrong since the last good answer.
    pub(crate) fn error(self) -> Option<WireError> {
        self.error.try_get().flatten()
    }
}

/// At most one question on its way and one waiting.
#[derive(Clone, Default)]
struct Line(Rc<Cell<Asked>>);

#[derive(Clone, Copy, Default, PartialEq)]
enum Asked {
    #[default]
    Nothing,
    Once,
    Again,
}

impl Line {
    /// True: ask now. False: whoever asks now will ask again.
    fn join(&self) -> bool {
        let is_free = self.0.get() == Asked::Nothing;
        self.0.set(if is_free { Asked::Once } else { Asked::Again });
        is_free
    }

    /// True: somebody waits, ask again.
    fn leave(&self) -> bool {
        let is_wanted = self.0.get() == Asked::Again;
        self.0.set(if is_wanted { Asked::Once } else { Asked::Nothing });
        is_wanted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_questions_in_flight_become_one_more() {
        let line = Line::default();

        assert!(line.join());
        assert!(!line.join());
        assert!(!line.join());
        assert!(line.leave());
        assert!(!line.leave());
        assert!(line.join());
    }
}

//! A signal that costs little to load. Of the usual one the compiler makes a whole copy for every type of value, of this one only the
//! few lines that look at the value. For what there is one of on a page; switches and texts, of which there are many, use the usual one.

use std::sync::{PoisonError, RwLock};

use leptos::prelude::*;

/// A value, and whoever looks at it.
pub(crate) struct Slot<T> {
    value: RwLock<T>,
    changed: Trigger,
}

impl<T> Slot<T> {
    /// Holds `value`.
    pub(crate) fn new(value: T) -> Self {
        Self { value: RwLock::new(value), changed: Trigger::new() }
    }

    /// Something of the value; whoever calls this is called again when it changes.
    pub(crate) fn with<U>(&self, of: impl FnOnce(&T) -> U) -> U {
        self.changed.track();
        self.with_untracked(of)
    }

    /// Something of the value, once.
    pub(crate) fn with_untracked<U>(&self, of: impl FnOnce(&T) -> U) -> U {
        of(&self.value.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Holds another value.
    pub(crate) fn set(&self, value: T) {
        *self.value.write().unwrap_or_else(PoisonError::into_inner) = value;
        self.changed.notify();
    }
}

impl<T: Clone> Slot<T> {
    /// The value; see [`Self::with`].
    pub(crate) fn get(&self) -> T {
        self.with(T::clone)
    }

    /// The value, once.
    pub(crate) fn get_untracked(&self) -> T {
        self.with_untracked(T::clone)
    }
}

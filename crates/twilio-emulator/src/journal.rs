//! Everything that happened, in order: for tests, and for whoever watches a demo.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast;

use crate::clock::now;

/// Entries that are kept; the oldest go first.
const KEPT: usize = 10_000;
/// Entries that a slow listener may be behind.
const BEHIND: usize = 1_024;

/// What an entry is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A REST request and how it was answered.
    Rest,
    /// A webhook, one entry an attempt.
    Webhook,
    /// What a browser and we said to each other.
    Signal,
    /// Media began or was lost, a key was pressed, or an application let something be heard.
    Media,
    /// A message began, or stands otherwise.
    Message,
    /// A document that cannot be followed, or something else that Twilio's debugger would show.
    Problem,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// Grows by one.
    pub sequence: u64,
    /// When.
    pub at: DateTime<Utc>,
    /// What about.
    pub kind: Kind,
    /// The call, when it is about one.
    pub call_sid: Option<String>,
    /// The number or client that is called.
    pub to: Option<String>,
    /// Depends on the kind; README.md shows each.
    pub detail: Value,
}

/// Which entries are asked for.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Wanted {
    /// About calls to this number.
    pub to: Option<String>,
    /// About this call.
    pub call_sid: Option<String>,
    /// Of this kind.
    pub kind: Option<Kind>,
    /// After this one.
    pub after: Option<u64>,
}

impl Wanted {
    fn matches(&self, entry: &Entry) -> bool {
        let is = |wanted: &Option<String>, value: &Option<String>| wanted.is_none() || wanted == value;
        is(&self.to, &entry.to)
            && is(&self.call_sid, &entry.call_sid)
            && self.kind.is_none_or(|kind| kind == entry.kind)
            && self.after.is_none_or(|after| entry.sequence > after)
    }
}

/// The entries. Clones are the same journal.
#[derive(Clone, Debug)]
pub struct Journal {
    entries: Arc<Mutex<(u64, VecDeque<Arc<Entry>>)>>,
    listeners: broadcast::Sender<Arc<Entry>>,
}

impl Default for Journal {
    fn default() -> Self {
        Self { entries: Arc::default(), listeners: broadcast::Sender::new(BEHIND) }
    }
}

impl Journal {
    fn lock(&self) -> MutexGuard<'_, (u64, VecDeque<Arc<Entry>>)> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes one entry.
    pub fn write(&self, kind: Kind, call_sid: Option<&str>, to: Option<&str>, detail: Value) {
        let mut entries = self.lock();
        entries.0 += 1;
        let entry = Arc::new(Entry {
            sequence: entries.0,
            at: now(),
            kind,
            call_sid: call_sid.map(str::to_owned),
            to: to.map(str::to_owned),
            detail,
        });
        entries.1.push_back(Arc::clone(&entry));
        if entries.1.len() > KEPT {
            entries.1.pop_front();
        }
        // Told under the lock, so that listeners see the order of the journal.
        let _nobody_listens = self.listeners.send(entry);
    }

    /// The entries that are wanted, oldest first.
    pub fn read(&self, wanted: &Wanted) -> Vec<Entry> {
        self.lock().1.iter().filter(|entry| wanted.matches(entry)).map(|entry| Entry::clone(entry)).collect()
    }

    /// Everything from now on.
    pub fn listen(&self) -> broadcast::Receiver<Arc<Entry>> {
        self.listeners.subscribe()
    }

    /// Forgets; numbers go on.
    pub fn clear(&self) {
        self.lock().1.clear();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn entries_are_found_by_what_they_are_about() {
        let journal = Journal::default();
        journal.write(Kind::Rest, None, Some("+447700900001"), json!(1));
        journal.write(Kind::Webhook, Some("CA1"), Some("+447700900001"), json!(2));
        journal.write(Kind::Webhook, Some("CA2"), Some("+447700900002"), json!(3));
        let found = |wanted: Wanted| journal.read(&wanted).iter().map(|entry| entry.sequence).collect::<Vec<_>>();

        assert_eq!(found(Wanted::default()), [1, 2, 3]);
        assert_eq!(found(Wanted { to: Some("+447700900001".to_owned()), ..Wanted::default() }), [1, 2]);
        assert_eq!(found(Wanted { call_sid: Some("CA2".to_owned()), ..Wanted::default() }), [3]);
        assert_eq!(found(Wanted { kind: Some(Kind::Webhook), after: Some(2), ..Wanted::default() }), [3]);
        journal.clear();
        journal.write(Kind::Rest, None, None, json!(4));
        assert_eq!(found(Wanted::default()), [4]);
    }
}

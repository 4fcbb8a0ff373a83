//! Queues: who waits for whom, in the order in which they came.

use chrono::{DateTime, Utc};

use crate::sid;

/// Who may wait in a queue when nothing else is said, as Twilio has it.
const MOST: usize = 1_000;

/// Somebody who waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub call_sid: String,
    pub since: DateTime<Utc>,
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// `QU…`.
    pub sid: String,
    /// The name that the application gave it.
    pub name: String,
    /// How many may wait.
    pub most: usize,
    /// Who waits, longest first.
    pub members: Vec<Member>,
    pub created: DateTime<Utc>,
}

/// Where somebody waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub queue_sid: String,
    pub since: DateTime<Utc>,
}

/// Nobody else may wait there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

/// All queues, and who has taken whom.
#[derive(Debug, Default)]
pub struct Queues {
    queues: Vec<Queue>,
    /// A call that waited, and the call that took it.
    taken: Vec<(String, String)>,
}

impl Queues {
    /// Every queue, oldest first.
    pub fn all(&self) -> &[Queue] {
        &self.queues
    }

    /// By sid or name.
    pub fn get(&self, sid_or_name: &str) -> Option<&Queue> {
        self.queues.iter().find(|queue| queue.sid == sid_or_name || queue.name == sid_or_name)
    }

    fn get_mut(&mut self, sid_or_name: &str) -> Option<&mut Queue> {
        self.queues.iter_mut().find(|queue| queue.sid == sid_or_name || queue.name == sid_or_name)
    }

    /// The queue of that name; made when there is none. `most` is how many may wait.
    pub fn open(&mut self, name: &str, most: Option<usize>, now: DateTime<Utc>) -> &mut Queue {
        let at = self.queues.iter().position(|queue| queue.name == name).unwrap_or_else(|| {
            let most = most.unwrap_or(MOST);
            self.queues.push(Queue { sid: sid::new("QU"), name: name.to_owned(), most, members: Vec::new(), created: now });
            self.queues.len() - 1
        });
        &mut self.queues[at]
    }

    /// Another name, or another number of those who may wait. False when there is no such queue.
    pub fn change(&mut self, sid: &str, name: Option<&str>, most: Option<usize>) -> bool {
        let Some(queue) = self.get_mut(sid) else { return false };
        queue.name = name.map_or_else(|| queue.name.clone(), str::to_owned);
        queue.most = most.unwrap_or(queue.most);
        true
    }

    /// The queue is gone. False while somebody waits there, or when there is none.
    pub fn remove(&mut self, sid: &str) -> bool {
        let before = self.queues.len();
        self.queues.retain(|queue| queue.sid != sid || !queue.members.is_empty());
        self.queues.len() < before
    }

    /// A call waits, behind everybody else.
    pub fn enter(&mut self, name: &str, call_sid: &str, now: DateTime<Utc>) -> Result<Place, Full> {
        let queue = self.open(name, None, now);
        if queue.members.len() >= queue.most {
            return Err(Full);
        }
        queue.members.push(Member { call_sid: call_sid.to_owned(), since: now });
        Ok(Place { queue_sid: queue.sid.clone(), since: now })
    }

    /// A call waits no more. False when it did not wait there.
    pub fn leave(&mut self, queue: &str, call_sid: &str) -> bool {
        let Some(queue) = self.get_mut(queue) else { return false };
        let before = queue.members.len();
        queue.members.retain(|member| member.call_sid != call_sid);
        queue.members.len() < before
    }

    /// `by` takes whoever waits longest; their call.
    pub fn take(&mut self, name: &str, by: &str) -> Option<String> {
        let queue = self.get_mut(name).filter(|queue| !queue.members.is_empty())?;
        let member = queue.members.remove(0).call_sid;
        self.taken.push((member.clone(), by.to_owned()));
        Some(member)
    }

    /// A call that was taken is over, or was let go; answers who took it.
    pub fn forget(&mut self, call_sid: &str) -> Option<String> {
        let at = self.taken.iter().position(|(member, _)| member == call_sid)?;
        Some(self.taken.swap_remove(at).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn whoever_waits_longest_is_taken_first_and_once() {
        let mut queues = Queues::default();
        let place = queues.enter("sales", "CA1", at(1)).unwrap();
        queues.enter("sales", "CA2", at(2)).unwrap();
        queues.enter("sales", "CA3", at(3)).unwrap();
        assert!(queues.leave(&place.queue_sid, "CA2") && !queues.leave(&place.queue_sid, "CA2"));

        assert_eq!(queues.take("sales", "CA9"), Some("CA1".to_owned()));
        assert_eq!(queues.take("sales", "CA9"), Some("CA3".to_owned()));
        assert_eq!((queues.take("sales", "CA9"), queues.take("nothing", "CA9")), (None, None));
        assert_eq!((queues.forget("CA1"), queues.forget("CA1")), (Some("CA9".to_owned()), None));
    }

    #[test]
    fn a_queue_that_is_full_takes_nobody_and_one_that_is_not_empty_stays() {
        let mut queues = Queues::default();
        let sid = queues.open("small", Some(1), at(0)).sid.clone();
        assert_eq!(queues.open("small", Some(9), at(0)).sid, sid);
        queues.enter("small", "CA1", at(1)).unwrap();
        assert_eq!(queues.enter("small", "CA2", at(2)), Err(Full));
        assert!(queues.change(&sid, None, Some(2)) && queues.enter("small", "CA2", at(2)).is_ok());
        assert!(!queues.remove(&sid), "two wait");
        queues.leave("small", "CA1");
        queues.leave("small", "CA2");
        assert!(queues.remove(&sid) && queues.get("small").is_none());
    }
}

//! The agent's next promise, when it comes near: everywhere that it is told of says the same.

use leptos::prelude::*;
use queue::{Callback, CallbackList, NextCallback};

use super::announce::Announcer;
use super::clock::Clock;
use super::query::Query;
use super::session::Session;

/// So long before it a promise is “in a minute”, in seconds.
const A_MINUTE: i64 = 60;

/// How near a promise is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nearness {
    /// In so many minutes.
    Soon(i64),
    /// Its time has come.
    Due,
    /// It has passed to anyone; so many minutes late.
    Late(i64),
}

/// How near a promise is with so many seconds left, that is late so many seconds after its time.
pub(crate) const fn nearness(left: i64, handover: i64) -> Nearness {
    if left > 0 {
        Nearness::Soon((left + A_MINUTE - 1) / A_MINUTE)
    } else if left > -handover {
        Nearness::Due
    } else {
        Nearness::Late(-left / A_MINUTE)
    }
}

impl Nearness {
    /// In words.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Soon(1) => "in a minute".to_owned(),
            Self::Soon(minutes) => format!("in {minutes} min"),
            Self::Due => "due now".to_owned(),
            Self::Late(minutes) => format!("{minutes} min late"),
        }
    }
}

/// The next promise, for all screens.
#[derive(Clone, Copy)]
pub(crate) struct Promise {
    near: Memo<Option<(Nearness, NextCallback)>>,
    /// Whom and what it is about, asked for when it comes near.
    list: Query<CallbackList>,
}

impl Promise {
    /// Follows it, and says once when it comes near and once when it is due.
    pub(crate) fn start(session: Session, announcer: Announcer, clock: Clock, summary: Query<queue::Summary>) -> Self {
        let near = Memo::new(move |_| {
            let (next, ago) = summary.received(|summary| summary.next_callback.clone(), clock.now())?;
            let next = next.filter(|next| next.seconds_left - ago <= next.notice_seconds)?;
            Some((nearness(next.seconds_left - ago, next.handover_seconds), NextCallback { seconds_left: 0, ..next }))
        });
        let user = Memo::new(move |_| near.with(|near| near.as_ref().map(|(_, next)| (next.user_id, next.at.clone()))));
        let list = Query::new(
            session,
            move || user.track(),
            move || async move { if user.get_untracked().is_some() { queue::callbacks(false).await } else { Ok(CallbackList::default()) } },
        );
        let told = Memo::new(move |_| {
            near.with(|near| near.as_ref().map(|(nearness, next)| (next.at.clone(), !matches!(nearness, Nearness::Soon(_)))))
        });
        Effect::new(move |_| match told.get() {
            Some((at, false)) => announcer.say(format!("Your callback at {at} comes near.")),
            Some((at, true)) => announcer.say(format!("Your callback at {at} is due. Call next offers it first.")),
            None => {}
        });
        Self { near, list }
    }

    /// How near it is, and what is known of it at once.
    pub(crate) fn near(self) -> Option<(Nearness, NextCallback)> {
        self.near.get()
    }

    /// More about it: whom, and until when it is kept.
    pub(crate) fn detail(self) -> Option<Callback> {
        let (_, next) = self.near.get()?;
        self.list.map(|list| list.callbacks.iter().find(|of| of.user_id == next.user_id && of.standing.is_open()).cloned()).flatten()
    }

    /// The headline and the line below it, once its time has come: “Callback due: Derek Ashworth”, “promised for 14:30, yours until
    /// 14:35”.
    pub(crate) fn due_words(self) -> Option<(String, String)> {
        let (nearness, next) = self.near.get().filter(|(nearness, _)| !matches!(nearness, Nearness::Soon(_)))?;
        let detail = self.detail();
        let headline = match (&detail, nearness) {
            (Some(detail), Nearness::Late(_)) => format!("Callback late: {}", detail.name),
            (Some(detail), _) => format!("Callback due: {}", detail.name),
            (None, _) => "A callback is due".to_owned(),
        };
        let kept = match detail.and_then(|detail| detail.kept_until).filter(|_| nearness == Nearness::Due) {
            Some(until) => format!("yours until {until}"),
            None => "anyone’s by now".to_owned(),
        };
        Some((headline, format!("promised for {}, {kept}", next.at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_promise_is_soon_then_due_and_late_when_it_passes_to_anyone() {
        let words = |left| nearness(left, 300).words();
        assert_eq!([480, 421, 60, 1].map(words), ["in 8 min", "in 8 min", "in a minute", "in a minute"]);
        assert_eq!([0, -299].map(words), ["due now", "due now"]);
        assert_eq!([-300, -779].map(words), ["5 min late", "12 min late"]);
    }
}

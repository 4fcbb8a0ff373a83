//! The course of a call: which event leads where. Pure; states only move forward, so events may arrive twice, late and in any order.

use crate::types::{CallEnd, CallState};

/// As far as a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// The state.
    pub state: CallState,
    /// A talk that nobody of ours is on the line of: the agent's page was loaded anew, or their telephone is gone.
    pub is_agent_away: bool,
}

/// Something that happened to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The carrier asked what to do with the agent's leg.
    AgentAsked,
    /// The agent is in the conference, for the first time or again.
    AgentJoined,
    /// The carrier is told to ring the person.
    Dialled,
    /// The person's telephone rings.
    PersonRings,
    /// The person answered.
    PersonAnswered,
    /// The person's leg is over.
    PersonEnded(LegEnd),
    /// The agent's leg is over, and they have no other.
    AgentLeft {
        /// Only because the person had left, which ends the conference for both.
        after_person: bool,
    },
    /// The agent said so: the key was pressed.
    AgentHungUp,
    /// The agent has been away for so long that nobody is kept waiting any longer.
    AgentLost,
    /// We ended it ourselves before anybody was rung.
    Stopped(CallEnd),
}

/// How the person's leg ended, in the carrier's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegEnd {
    /// Was answered and is over. A leg that lasted has been answered, also when the event that said so is lost.
    Completed {
        /// It lasted for more than nothing.
        has_lasted: bool,
    },
    /// Engaged.
    Busy,
    /// Nobody answered in time.
    NoAnswer,
    /// Could not be put through.
    Failed,
    /// Ended by us before it was answered.
    Cancelled,
}

/// What an event changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// The next state.
    To(CallState),
    /// The person waits for the agent, who may come back.
    Away,
    /// The agent is back.
    Back,
    /// The end.
    End(CallEnd),
}

/// What `event` changes about a call that has come so far.
pub const fn step(course: Course, event: Event) -> Step {
    use CallState::{Checking, Connected, Created, Dialling, Ended, Joining, Ringing};
    let Course { state, is_agent_away } = course;
    match (state, event) {
        (Created, Event::AgentAsked) => Step::To(Joining),
        (Joining, Event::AgentJoined) => Step::To(Checking),
        (Checking, Event::Dialled) => Step::To(Dialling),
        (Dialling, Event::PersonRings) => Step::To(Ringing),
        (Dialling | Ringing, Event::PersonAnswered) => Step::To(Connected),
        (Dialling | Ringing | Connected, Event::PersonEnded(how)) => Step::End(ended(state, how)),
        (Created | Joining | Checking, Event::Stopped(how)) => Step::End(how),
        (Dialling, Event::Stopped(CallEnd::NotPlaced)) => Step::End(CallEnd::NotPlaced),
        (Created | Joining | Checking, Event::AgentLeft { .. } | Event::AgentHungUp) => Step::End(CallEnd::NotConnected),
        // After the person: their own event says how that was, engaged, no answer or failed.
        (Dialling | Ringing, Event::AgentLeft { after_person: false } | Event::AgentHungUp) => Step::End(CallEnd::Cancelled),
        (Connected, Event::AgentLeft { after_person: true }) => Step::End(CallEnd::ByPerson),
        (Connected, Event::AgentHungUp) => Step::End(CallEnd::ByAgent),
        // Whoever talks with somebody is not cut off because a page was loaded anew (lessons, line 22).
        (Connected, Event::AgentLeft { after_person: false }) if !is_agent_away => Step::Away,
        (Connected, Event::AgentJoined) if is_agent_away => Step::Back,
        (Connected, Event::AgentLost) if is_agent_away => Step::End(CallEnd::AgentLost),
        (Created | Joining | Checking | Dialling | Ringing | Connected | Ended, _) => Step::Stay,
    }
}

const fn ended(state: CallState, how: LegEnd) -> CallEnd {
    match (state, how) {
        (CallState::Connected, _) | (_, LegEnd::Completed { has_lasted: true }) => CallEnd::ByPerson,
        (_, LegEnd::Busy) => CallEnd::Busy,
        (_, LegEnd::Failed) => CallEnd::Failed,
        (_, LegEnd::NoAnswer | LegEnd::Cancelled | LegEnd::Completed { has_lasted: false }) => CallEnd::NoAnswer,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEG_ENDS: [LegEnd; 6] = [
        LegEnd::Completed { has_lasted: true },
        LegEnd::Completed { has_lasted: false },
        LegEnd::Busy,
        LegEnd::NoAnswer,
        LegEnd::Failed,
        LegEnd::Cancelled,
    ];

    fn events() -> Vec<Event> {
        let mut events = vec![
            Event::AgentAsked,
            Event::AgentJoined,
            Event::Dialled,
            Event::PersonRings,
            Event::PersonAnswered,
            Event::AgentLeft { after_person: true },
            Event::AgentLeft { after_person: false },
            Event::AgentHungUp,
            Event::AgentLost,
        ];
        events.extend(LEG_ENDS.map(Event::PersonEnded));
        let stops = [CallEnd::Refused, CallEnd::CouldNotCheck, CallEnd::NotConnected, CallEnd::NotPlaced];
        events.extend(stops.map(Event::Stopped));
        events
    }

    /// Where a call is after these events, and how it ended.
    fn run(events: &[Event]) -> (CallState, Option<CallEnd>) {
        let (mut course, mut end) = (Course { state: CallState::Created, is_agent_away: false }, None);
        for event in events {
            match step(course, *event) {
                Step::Stay => {}
                Step::To(next) => {
                    assert!(next > course.state, "{course:?} went back to {next:?} by {event:?}");
                    course.state = next;
                }
                Step::Away => course.is_agent_away = true,
                Step::Back => course.is_agent_away = false,
                Step::End(how) => {
                    assert_ne!(course.state, CallState::Ended);
                    (course, end) = (Course { state: CallState::Ended, is_agent_away: false }, Some(how));
                }
            }
        }
        (course.state, end)
    }

    const BEGINNING: [Event; 3] = [Event::AgentAsked, Event::AgentJoined, Event::Dialled];

    #[test]
    fn calls_end_as_the_carrier_says() {
        use Event::{AgentHungUp, AgentJoined, AgentLeft, AgentLost, PersonAnswered, PersonEnded, PersonRings};
        let over = PersonEnded(LegEnd::Completed { has_lasted: true });
        let (left, followed) = (AgentLeft { after_person: false }, AgentLeft { after_person: true });
        for (events, end) in [
            (&[PersonRings, PersonAnswered, over, followed][..], CallEnd::ByPerson),
            (&[PersonRings, PersonAnswered, followed, over], CallEnd::ByPerson),
            (&[PersonRings, PersonAnswered, AgentHungUp, left, over], CallEnd::ByAgent),
            (&[PersonRings, PersonAnswered, left, AgentHungUp, over], CallEnd::ByAgent),
            (&[PersonRings, left, PersonEnded(LegEnd::Cancelled)], CallEnd::Cancelled),
            (&[PersonRings, AgentHungUp, left, PersonEnded(LegEnd::Cancelled)], CallEnd::Cancelled),
            // lessons, line 22: a page that was loaded anew.
            (&[PersonRings, PersonAnswered, left, AgentJoined, AgentHungUp], CallEnd::ByAgent),
            (&[PersonRings, PersonAnswered, left, AgentLost, over], CallEnd::AgentLost),
            (&[PersonRings, PersonAnswered, left, over], CallEnd::ByPerson),
            (&[PersonRings, PersonAnswered, left, AgentJoined, AgentLost, over], CallEnd::ByPerson),
            (&[PersonRings, PersonEnded(LegEnd::Busy)], CallEnd::Busy),
            (&[PersonRings, PersonEnded(LegEnd::NoAnswer)], CallEnd::NoAnswer),
            (&[PersonEnded(LegEnd::Failed)], CallEnd::Failed),
            // The events of ringing and answering are lost.
            (&[over], CallEnd::ByPerson),
        ] {
            assert_eq!(run(&[&BEGINNING, events].concat()), (CallState::Ended, Some(end)), "{events:?}");
        }
    }

    #[test]
    fn whoever_leaves_before_the_person_is_rung_ends_a_call_that_never_was() {
        for length in 0..=2 {
            let events = [&BEGINNING[..length], &[Event::AgentLeft { after_person: false }]].concat();
            assert_eq!(run(&events), (CallState::Ended, Some(CallEnd::NotConnected)));
        }
    }

    /// The person is rung only once the agent is on the line and the last check is through.
    #[test]
    fn nobody_is_dialled_before_the_agent_has_joined() {
        for state in CallState::ALL {
            for event in events() {
                let course = Course { state, is_agent_away: false };
                if step(course, event) == Step::To(CallState::Dialling) {
                    assert_eq!((state, event), (CallState::Checking, Event::Dialled));
                }
                if step(course, event) == Step::To(CallState::Checking) {
                    assert_eq!((state, event), (CallState::Joining, Event::AgentJoined));
                }
            }
        }
    }

    proptest! {
        /// lessons, line 17: late `ringing` overwrote `completed`; and line 14: calls that never end.
        #[test]
        fn states_only_move_forward_whatever_arrives(events in prop::collection::vec(prop::sample::select(events()), 0..40)) {
            let (state, end) = run(&events);
            prop_assert_eq!(state == CallState::Ended, end.is_some());
            // Once both legs are over, so is the call.
            let left = Event::AgentLeft { after_person: false };
            let gone = [&events[..], &[Event::PersonEnded(LegEnd::NoAnswer), left]].concat();
            prop_assert_eq!(run(&gone).0, CallState::Ended);
            // Whatever is lost of the person's leg: nobody talks to a line that no agent comes back to.
            let gone = [&events[..], &[left, Event::AgentLost]].concat();
            prop_assert_eq!(run(&gone).0, CallState::Ended);
        }

        /// Doubled events change nothing.
        #[test]
        fn an_event_that_arrives_twice_changes_nothing_the_second_time(events in prop::collection::vec(prop::sample::select(events()), 0..20)) {
            let doubled: Vec<Event> = events.iter().flat_map(|event| [*event, *event]).collect();
            prop_assert_eq!(run(&doubled), run(&events));
        }
    }
}

//! The course of a call: which event leads where. Pure; states only move forward, so events may arrive twice, late and in any order.

pub mod retention;

use chrono::TimeDelta;

use crate::types::{CallEnd, CallState, Disposition};

/// A call that we ended so soon after it began was hardly meant: nobody can answer in that time, so that they did not is no outcome.
const HARDLY_BEGUN: TimeDelta = TimeDelta::seconds(3);

/// As far as a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// The state.
    pub state: CallState,
    /// A talk that nobody of ours is on the line of: the agent's page was loaded anew, or their telephone is gone.
    pub is_agent_away: bool,
    /// The person rang us, and waits on the line until the agent is there.
    pub is_incoming: bool,
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
    /// The same, once the carrier was asked about the person: what it said was heard before this.
    AgentAbandoned,
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

/// A leg of the agent's, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AgentLeg<'a> {
    /// The carrier's id.
    pub sid: &'a str,
    /// It is over, or has left the conference.
    pub is_over: bool,
}

/// What it means that this leg of the agent's is over. Nothing, as long as they go on with another one: their page was loaded anew, or another
/// window has taken over, and the carrier may tell of the new leg before it tells of the old one.
pub fn agent_left<'a>(mut legs: impl Iterator<Item = AgentLeg<'a>>, sid: &str, after_person: bool) -> Option<Event> {
    let has_another = legs.any(|leg| leg.sid != sid && !leg.is_over);
    (!has_another).then_some(Event::AgentLeft { after_person })
}

/// The agent's legs that are to go now that this one is there: those that were made before it. A leg that is over brings nobody, and one that
/// was made later is the one that counts. `legs` are in the order in which they were made.
pub fn former_legs<'a>(legs: impl Iterator<Item = AgentLeg<'a>>, sid: &str) -> Vec<&'a str> {
    let mut former = Vec::new();
    for leg in legs {
        match (leg.sid == sid, leg.is_over) {
            (true, false) => return former,
            (true, true) => return Vec::new(),
            (false, false) => former.push(leg.sid),
            (false, true) => {}
        }
    }
    Vec::new()
}

/// What an event changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Stay,
    /// The next state.
    To(CallState),
    /// Nothing yet: the carrier is asked whether the person has answered meanwhile.
    Ask,
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
    let Course { state, is_agent_away, is_incoming } = course;
    match (state, event) {
        (Created, Event::AgentAsked) => Step::To(Joining),
        (Joining, Event::AgentJoined) => Step::To(if is_incoming { Connected } else { Checking }),
        // Whoever rang us has not waited for the agent.
        (Created | Joining, Event::PersonEnded(_)) if is_incoming => Step::End(CallEnd::CallerGone),
        (Checking, Event::Dialled) => Step::To(Dialling),
        (Dialling, Event::PersonRings) => Step::To(Ringing),
        (Dialling | Ringing, Event::PersonAnswered) => Step::To(Connected),
        (Dialling | Ringing | Connected, Event::PersonEnded(how)) => Step::End(ended(state, how)),
        (Created | Joining | Checking, Event::Stopped(how)) => Step::End(how),
        (Dialling, Event::Stopped(CallEnd::NotPlaced)) => Step::End(CallEnd::NotPlaced),
        (Created | Joining | Checking, Event::AgentLeft { .. } | Event::AgentAbandoned | Event::AgentHungUp) => {
            Step::End(CallEnd::NotConnected)
        }
        // After the person: their own event says how that was, engaged, no answer or failed. Otherwise they may have answered, and only the word
        // of it is lost: whoever talks is not hung up on.
        (Dialling | Ringing, Event::AgentLeft { after_person: false }) => Step::Ask,
        (Dialling | Ringing, Event::AgentAbandoned | Event::AgentHungUp) => Step::End(CallEnd::Cancelled),
        (Connected, Event::AgentLeft { after_person: true }) => Step::End(CallEnd::ByPerson),
        (Connected, Event::AgentHungUp) => Step::End(CallEnd::ByAgent),
        // Whoever talks with somebody is not cut off because a page was loaded anew (lessons, line 22).
        (Connected, Event::AgentLeft { after_person: false } | Event::AgentAbandoned) if !is_agent_away => Step::Away,
        (Connected, Event::AgentJoined) if is_agent_away => Step::Back,
        (Connected, Event::AgentLost) if is_agent_away => Step::End(CallEnd::AgentLost),
        (Created | Joining | Checking | Dialling | Ringing | Connected | Ended, _) => Step::Stay,
    }
}

/// How a call that is over ended in truth, where `event`, heard late, says otherwise: the agent hung up while it rang, as far as was known, and
/// the person had answered.
pub const fn corrected(end: CallEnd, event: Event) -> Option<CallEnd> {
    match (end, event) {
        (CallEnd::Cancelled, Event::PersonAnswered | Event::PersonEnded(LegEnd::Completed { has_lasted: true })) => Some(CallEnd::ByAgent),
        _ => None,
    }
}

/// The disposition that the end of a call suggests; the agent's screen has it chosen beforehand, so that Enter saves it. `lasted` is from
/// pressing Call to the end. None: the agent has to choose.
pub fn suggested(end: CallEnd, lasted: TimeDelta) -> Option<Disposition> {
    match end {
        CallEnd::Busy => Some(Disposition::Busy),
        CallEnd::NoAnswer => Some(Disposition::NoAnswer),
        CallEnd::Cancelled if lasted > HARDLY_BEGUN => Some(Disposition::NoAnswer),
        CallEnd::Failed => Some(Disposition::Failed),
        _ => None,
    }
}

/// Whether what the carrier says when it is asked is news.
pub fn is_news(course: Course, event: Event) -> bool {
    step(course, event) != Step::Stay
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
            Event::AgentAbandoned,
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
        run_from(BEGUN, events)
    }

    const BEGUN: Course = Course { state: CallState::Created, is_agent_away: false, is_incoming: false };

    fn run_from(mut course: Course, events: &[Event]) -> (CallState, Option<CallEnd>) {
        let mut end = None;
        for event in events {
            match step(course, *event) {
                Step::Stay | Step::Ask => {}
                Step::To(next) => {
                    assert!(next > course.state, "{course:?} went back to {next:?} by {event:?}");
                    course.state = next;
                }
                Step::Away => course.is_agent_away = true,
                Step::Back => course.is_agent_away = false,
                Step::End(how) => {
                    assert_ne!(course.state, CallState::Ended);
                    (course, end) = (Course { state: CallState::Ended, is_agent_away: false, ..course }, Some(how));
                }
            }
        }
        (course.state, end)
    }

    const BEGINNING: [Event; 3] = [Event::AgentAsked, Event::AgentJoined, Event::Dialled];

    #[test]
    fn calls_end_as_the_carrier_says() {
        use Event::{AgentAbandoned, AgentHungUp, AgentJoined, AgentLeft, AgentLost, PersonAnswered, PersonEnded, PersonRings};
        let over = PersonEnded(LegEnd::Completed { has_lasted: true });
        let (left, followed) = (AgentLeft { after_person: false }, AgentLeft { after_person: true });
        for (events, end) in [
            (&[PersonRings, PersonAnswered, over, followed][..], CallEnd::ByPerson),
            (&[PersonRings, PersonAnswered, followed, over], CallEnd::ByPerson),
            (&[PersonRings, PersonAnswered, AgentHungUp, left, over], CallEnd::ByAgent),
            (&[PersonRings, PersonAnswered, left, AgentHungUp, over], CallEnd::ByAgent),
            (&[PersonRings, left, AgentAbandoned, PersonEnded(LegEnd::Cancelled)], CallEnd::Cancelled),
            // The word that they have answered was lost, and is had by asking.
            (&[PersonRings, left, PersonAnswered, AgentAbandoned, AgentJoined, AgentHungUp], CallEnd::ByAgent),
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

    /// lessons, line 58: the second click of a double click hung up, and a false outcome was chosen already. A call that we ended within three
    /// seconds suggests nothing; what the carrier says of its end is true however soon it comes.
    #[test]
    fn a_call_that_was_hardly_begun_suggests_nothing() {
        let millis = TimeDelta::milliseconds;
        for (end, lasted, suggestion) in [
            (CallEnd::Cancelled, millis(0), None),
            (CallEnd::Cancelled, millis(300), None),
            (CallEnd::Cancelled, millis(2_999), None),
            (CallEnd::Cancelled, millis(3_000), None),
            (CallEnd::Cancelled, millis(3_001), Some(Disposition::NoAnswer)),
            (CallEnd::Cancelled, millis(25_000), Some(Disposition::NoAnswer)),
            // A clock that was put back.
            (CallEnd::Cancelled, millis(-1), None),
            (CallEnd::NoAnswer, millis(900), Some(Disposition::NoAnswer)),
            (CallEnd::Busy, millis(900), Some(Disposition::Busy)),
            (CallEnd::Failed, millis(900), Some(Disposition::Failed)),
            (CallEnd::ByAgent, millis(900), None),
            (CallEnd::ByAgent, millis(90_000), None),
            (CallEnd::ByPerson, millis(90_000), None),
        ] {
            assert_eq!(suggested(end, lasted), suggestion, "{end:?} after {lasted}");
        }
        for end in CallEnd::ALL.into_iter().filter(|end| end.is_before_ringing()) {
            assert_eq!(suggested(end, millis(25_000)), None, "nobody was rung: {end:?}");
        }
    }

    #[test]
    fn whoever_leaves_before_the_person_is_rung_ends_a_call_that_never_was() {
        for length in 0..=2 {
            let events = [&BEGINNING[..length], &[Event::AgentLeft { after_person: false }]].concat();
            assert_eq!(run(&events), (CallState::Ended, Some(CallEnd::NotConnected)));
        }
    }

    /// Whoever rings us waits on the line: the agent's coming makes the talk, and nobody is checked or rung.
    #[test]
    fn a_call_that_came_in_is_a_talk_once_the_agent_is_there() {
        let over = Event::PersonEnded(LegEnd::Completed { has_lasted: true });
        let left = Event::AgentLeft { after_person: false };
        for (events, state, end) in [
            (&[Event::AgentAsked, Event::AgentJoined][..], CallState::Connected, None),
            (&[Event::AgentAsked, Event::AgentJoined, over], CallState::Ended, Some(CallEnd::ByPerson)),
            (&[Event::AgentAsked, Event::AgentJoined, left, Event::AgentLost], CallState::Ended, Some(CallEnd::AgentLost)),
            (&[over], CallState::Ended, Some(CallEnd::CallerGone)),
            (&[Event::AgentAsked, over, Event::AgentJoined], CallState::Ended, Some(CallEnd::CallerGone)),
            (&[Event::AgentAsked, left], CallState::Ended, Some(CallEnd::NotConnected)),
            (&[Event::AgentHungUp], CallState::Ended, Some(CallEnd::NotConnected)),
        ] {
            assert_eq!(run_from(Course { is_incoming: true, ..BEGUN }, events), (state, end), "{events:?}");
        }
    }

    /// Two pages that were loaded anew at once, in whichever order the carrier tells of them: one of them stays.
    #[test]
    fn of_the_agents_legs_the_newest_stays() {
        let leg = |sid, is_over| AgentLeg { sid, is_over };
        let legs = [leg("CA0", true), leg("CA1", false), leg("CA2", false)];
        assert_eq!(former_legs(legs.into_iter(), "CA2"), ["CA1"]);
        assert!(former_legs(legs.into_iter(), "CA1").is_empty());
        // Late word of one that is over.
        assert!(former_legs(legs.into_iter(), "CA0").is_empty());
        assert!(former_legs([leg("CA0", false), leg("CA1", true)].into_iter(), "CA1").is_empty());
        assert!(former_legs(legs.into_iter(), "CA9").is_empty());
    }

    /// The person is rung only once the agent is on the line and the last check is through.
    #[test]
    fn nobody_is_dialled_before_the_agent_has_joined() {
        for state in CallState::ALL {
            for event in events() {
                let course = Course { state, is_agent_away: false, is_incoming: false };
                if step(course, event) == Step::To(CallState::Dialling) {
                    assert_eq!((state, event), (CallState::Checking, Event::Dialled));
                }
                if step(course, event) == Step::To(CallState::Checking) {
                    assert_eq!((state, event), (CallState::Joining, Event::AgentJoined));
                }
            }
        }
    }

    /// What the carrier tells of a call after the person is dialled: which leg, and what of it. An agent's leg is told of twice, by the
    /// conference and by itself, and only the conference knows who left first.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Said {
        Rings,
        Answered,
        Ended(LegEnd),
        Joined(usize),
        Left(usize, bool),
        LegOver(usize),
    }

    /// What we do ourselves, at once and surely.
    #[derive(Clone, Copy, Debug)]
    enum Moment {
        Said(Said),
        /// The agent's page comes back: the carrier asks us what to do with its leg.
        Returns,
        /// The call is passed to a supervisor, whose leg is on the line: it is the agent's from now on, and those that were are not.
        Passes,
        HangsUp,
    }

    const LEGS: [&str; 9] = ["CA0", "CA1", "CA2", "CA3", "CA4", "CA5", "CA6", "CA7", "CA8"];

    /// A call as the product knows it: its course, and the legs of the agent.
    struct Known {
        course: Course,
        end: Option<CallEnd>,
        legs: Vec<AgentLeg<'static>>,
        /// So many of them, from the first on, are of whoever had the call before it was passed.
        former: usize,
        heard: Vec<Said>,
        /// How the person's leg stands in truth, which is what the carrier says when it is asked.
        person: Option<Event>,
        /// The agent is on the line, in truth.
        is_agent_there: bool,
    }

    impl Known {
        fn dialling() -> Self {
            let course = Course { state: CallState::Dialling, is_agent_away: false, is_incoming: false };
            Self {
                course,
                end: None,
                legs: vec![AgentLeg { sid: LEGS[0], is_over: false }],
                former: 0,
                heard: Vec::new(),
                person: None,
                is_agent_there: true,
            }
        }

        fn apply(&mut self, event: Event) {
            match step(self.course, event) {
                Step::Stay => self.end = self.end.map(|end| corrected(end, event).unwrap_or(end)),
                Step::To(state) => self.course.state = state,
                Step::Ask => {
                    self.ask_about_person();
                    self.apply(Event::AgentAbandoned);
                }
                Step::Away => self.course.is_agent_away = true,
                Step::Back => self.course.is_agent_away = false,
                Step::End(how) => {
                    (self.course, self.end) = (Course { state: CallState::Ended, is_agent_away: false, ..self.course }, Some(how));
                }
            }
        }

        /// Each thing counts once: the database keeps what was heard.
        fn hear(&mut self, said: Said) {
            if self.heard.contains(&said) {
                return;
            }
            self.heard.push(said);
            match said {
                // A leg of whoever had the call before: its end is noted, and that is all.
                Said::Joined(leg) | Said::Left(leg, _) | Said::LegOver(leg) if leg < self.former => {}
                Said::Rings => self.apply(Event::PersonRings),
                Said::Answered => self.apply(Event::PersonAnswered),
                Said::Ended(how) => self.apply(Event::PersonEnded(how)),
                Said::Joined(leg) => {
                    if !self.legs[leg].is_over {
                        self.apply(Event::AgentJoined);
                    }
                }
                Said::Left(leg, after_person) => self.leave(leg, after_person),
                Said::LegOver(leg) => self.leave(leg, false),
            }
        }

        fn leave(&mut self, leg: usize, after_person: bool) {
            self.legs[leg].is_over = true;
            if let Some(event) = agent_left(self.legs[self.former..].iter().copied(), LEGS[leg], after_person) {
                self.apply(event);
            }
        }

        fn pass(&mut self) {
            self.former = self.legs.len();
            self.legs.push(AgentLeg { sid: LEGS[self.former], is_over: false });
            self.apply(Event::AgentJoined);
        }

        fn ask_about_person(&mut self) {
            if let Some(event) = self.person {
                self.apply(event);
            }
        }

        /// Fifteen seconds pass. Before anybody who is away is given up the carrier is asked, also whether they are there after all.
        fn wait(&mut self) {
            if self.course.is_agent_away {
                self.ask_about_person();
                if self.is_agent_there {
                    self.apply(Event::AgentJoined);
                }
                self.apply(Event::AgentLost);
            }
        }

        /// The carrier is asked about all legs; that one of the agent's is over is believed a second later, when the person's word is there. Before
        /// anybody is given up it is asked once more.
        fn reconcile(&mut self, legs_over: usize) {
            self.ask_about_person();
            for leg in self.former..legs_over.min(self.legs.len()) {
                if !self.legs[leg].is_over {
                    self.leave(leg, false);
                }
            }
            self.ask_about_person();
            self.apply(Event::AgentLost);
        }
    }

    /// A call from the dial to its end, as it happened: what the carrier said in order, what we did, and how many of the agent's legs are over
    /// in the end.
    fn story(returns: usize, passed: Option<usize>, ending: usize, how: LegEnd) -> (Vec<Moment>, usize) {
        use Moment::{HangsUp, Passes, Returns, Said as Tells};
        let is_answered = ending < 3;
        let mut moments = vec![Tells(Said::Rings)];
        if !is_answered {
            moments.extend([Tells(Said::Ended(how)), Tells(Said::Left(0, true)), Tells(Said::LegOver(0))]);
            return (moments, 1);
        }
        moments.push(Tells(Said::Answered));
        for leg in 0..returns {
            if passed == Some(leg) {
                // The supervisor is on the line already, and the former agent's leg is hung up then.
                moments.extend([Passes, Tells(Said::Left(leg, false)), Tells(Said::LegOver(leg))]);
            } else {
                moments.extend([Tells(Said::Left(leg, false)), Tells(Said::LegOver(leg)), Returns, Tells(Said::Joined(leg + 1))]);
            }
        }
        let over = LegEnd::Completed { has_lasted: true };
        match ending {
            0 => moments.extend([Tells(Said::Ended(over)), Tells(Said::Left(returns, true)), Tells(Said::LegOver(returns))]),
            1 => moments.extend([HangsUp, Tells(Said::Left(returns, false)), Tells(Said::LegOver(returns)), Tells(Said::Ended(over))]),
            // The agent does not come back; the person waits until we end it.
            _ => moments.extend([Tells(Said::Left(returns, false)), Tells(Said::LegOver(returns))]),
        }
        (moments, returns + 1)
    }

    /// What happens is true, whether or not it is heard of.
    fn happen(known: &mut Known, moment: Moment) {
        match moment {
            Moment::Said(Said::Rings) => known.person = Some(Event::PersonRings),
            Moment::Said(Said::Answered) => known.person = Some(Event::PersonAnswered),
            Moment::Said(Said::Ended(how)) => known.person = Some(Event::PersonEnded(how)),
            Moment::Said(Said::Joined(_)) | Moment::Passes => known.is_agent_there = true,
            // Of a former agent's leg it says nothing.
            Moment::Said(Said::Left(leg, _)) if leg >= known.former => known.is_agent_there = false,
            _ => {}
        }
    }

    fn tell(known: &mut Known, moment: Moment) {
        match moment {
            Moment::Said(said) => known.hear(said),
            Moment::Passes => known.pass(),
            Moment::Returns => known.legs.push(AgentLeg { sid: LEGS[known.legs.len()], is_over: false }),
            Moment::HangsUp => known.apply(Event::AgentHungUp),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// lessons, lines 14 and 17: what the carrier says arrives twice, late, out of order or never. Once it has been asked, the call has ended
        /// as if all of it had arrived in order. Also when the call was passed to a supervisor meanwhile.
        #[test]
        fn however_the_carriers_events_arrive_the_call_ends_in_the_same_way(
            returns in 0..4_usize,
            passed in prop::option::of(0..4_usize),
            ending in 0..6_usize,
            how in prop::sample::select(vec![LegEnd::Busy, LegEnd::NoAnswer, LegEnd::Failed]),
            fates in prop::collection::vec((0..4_usize, 0..8_usize, any::<bool>()), 40),
        ) {
            let (moments, legs_over) = story(returns, passed, ending, how);
            let mut in_order = Known::dialling();
            for moment in &moments {
                happen(&mut in_order, *moment);
                tell(&mut in_order, *moment);
            }
            in_order.reconcile(legs_over);

            let mut known = Known::dialling();
            // What is late, with how many moments it still waits.
            let mut late: Vec<(usize, Said)> = Vec::new();
            for (moment, (fate, delay, has_pause)) in moments.iter().zip(&fates) {
                happen(&mut known, *moment);
                for (wait, _) in &mut late {
                    *wait = wait.saturating_sub(1);
                }
                let due: Vec<Said> = late.extract_if(.., |(wait, _)| *wait == 0).map(|(_, said)| said).collect();
                for said in due {
                    known.hear(said);
                }
                match (moment, fate) {
                    // Lost.
                    (Moment::Said(_), 0) => {}
                    // Late, and so out of order.
                    (Moment::Said(said), 1) => late.push((*delay + 1, *said)),
                    // Twice, the second time late.
                    (Moment::Said(said), 2) => {
                        known.hear(*said);
                        late.push((*delay + 1, *said));
                    }
                    (moment, _) => tell(&mut known, *moment),
                }
                // They talk on for a while.
                if *has_pause && known.is_agent_there {
                    known.wait();
                }
            }
            known.reconcile(legs_over);
            for (_, said) in late {
                known.hear(said);
            }

            prop_assert_eq!(known.course.state, CallState::Ended);
            prop_assert_eq!(known.end, in_order.end, "{:?}", moments);
        }
    }

    proptest! {
        /// lessons, line 17: late `ringing` overwrote `completed`; and line 14: calls that never end.
        #[test]
        fn states_only_move_forward_whatever_arrives(
            is_incoming in any::<bool>(),
            events in prop::collection::vec(prop::sample::select(events()), 0..40),
        ) {
            let run = |events: &[Event]| run_from(Course { is_incoming, ..BEGUN }, events);
            let (state, end) = run(&events);
            prop_assert_eq!(state == CallState::Ended, end.is_some());
            // Once both legs are over, so is the call.
            let left = Event::AgentLeft { after_person: false };
            let gone = [&events[..], &[Event::PersonEnded(LegEnd::NoAnswer), left]].concat();
            prop_assert_eq!(run(&gone).0, CallState::Ended);
            // Whatever is lost of the person's leg: nobody talks to a line that no agent comes back to.
            let gone = [&events[..], &[left, Event::AgentAbandoned, Event::AgentLost]].concat();
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

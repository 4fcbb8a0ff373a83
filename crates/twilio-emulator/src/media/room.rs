//! The legs, and one tick of 20 ms: who says what, and who hears it.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use super::link::Link;
use super::meter::Meter;
use super::mixer::{Frame, Mix, SILENCE, both};
use super::player::Player;
use super::recorder::Recorder;
use super::tone::Hiss;

/// Frames between what an echoing party hears and what it says: 200 ms, as on a long line.
const ECHO_DELAY: usize = 10;

/// One party.
pub struct Leg {
    /// The browser; none when the party is simulated.
    pub link: Option<Link>,
    /// What the party says, beside what its browser sends.
    pub mouth: Player,
    /// What this party alone hears.
    pub ears: Player,
    /// What this party alone hears while it waits.
    pub music: Player,
    /// Where it hears others and is heard.
    pub room: Option<String>,
    /// Who has not answered hears nothing, and what is heard of them is the network's ringing.
    pub is_answered: bool,
    pub is_muted: bool,
    pub is_held: bool,
    /// The one leg that hears this party, when it is not everybody.
    pub coaches: Option<String>,
    pub meter: Arc<Meter>,
    pub recorders: Vec<Recorder>,
    said: Frame,
    hiss: Hiss,
    echo: Option<VecDeque<Frame>>,
}

impl Leg {
    /// A party that says nothing and is nowhere. A simulated one has not answered yet.
    pub fn new(meter: Arc<Meter>) -> Self {
        Self {
            link: None,
            mouth: Player::default(),
            ears: Player::default(),
            music: Player::default(),
            room: None,
            is_answered: false,
            is_muted: false,
            is_held: false,
            coaches: None,
            meter,
            recorders: Vec::new(),
            said: SILENCE,
            hiss: Hiss::default(),
            echo: None,
        }
    }

    /// Is nowhere any more, and nothing of how it took part stays.
    pub fn exit(&mut self) {
        self.room = None;
        self.is_muted = false;
        self.is_held = false;
        self.coaches = None;
        self.music.stop();
    }

    /// From now on this party says what it hears.
    pub fn start_echo(&mut self) {
        self.echo = Some(VecDeque::from([SILENCE; ECHO_DELAY]));
    }

    /// What the party says now.
    fn say(&mut self) -> Frame {
        self.said = self.speak();
        self.said
    }

    fn speak(&mut self) -> Frame {
        let own = self.mouth.next();
        let Some(link) = &mut self.link else {
            if !self.is_answered {
                return own;
            }
            let line = std::array::from_fn(|_| self.hiss.next());
            let echoed = self.echo.as_mut().and_then(VecDeque::pop_front).unwrap_or(SILENCE);
            let said = both(&both(&own, &echoed), &line);
            self.meter.received(&said);
            return said;
        };
        both(&own, &link.read())
    }

    fn hear(&mut self, frame: &Frame, now: Instant) {
        let heard = both(&both(frame, &self.ears.next()), &self.music.next());
        // Also what nobody else hears: who is muted or on hold is still recorded themselves.
        self.recorders.iter_mut().for_each(|recorder| recorder.take(&self.said, &heard));
        if let Some(link) = &mut self.link {
            link.write(&heard, now);
            self.meter.sent(&heard, link.is_connected());
            return;
        }
        // Before the answer there is nobody to hear.
        self.meter.sent(&heard, self.is_answered);
        if let Some(echo) = &mut self.echo {
            echo.push_back(heard);
        }
    }
}

/// What belongs to a room, beside who is in it.
#[derive(Default)]
pub struct Hall {
    /// Heard by all.
    pub announcement: Player,
    pub recorders: Vec<Recorder>,
}

/// 20 ms pass for everybody. A room is among `halls` while something is announced or recorded there.
pub fn tick(legs: &mut HashMap<String, Leg>, halls: &mut HashMap<String, Hall>, now: Instant) {
    let mut mixes: HashMap<String, Mix> = HashMap::new();
    let mut said: HashMap<String, Frame> = HashMap::new();
    // What is said into one ear: the room, whose it is, and the sound.
    let mut whispers: Vec<(String, String, Frame)> = Vec::new();
    for (name, leg) in legs.iter_mut() {
        let frame = leg.say();
        let is_heard = !leg.is_muted && !leg.is_held;
        let Some(room) = leg.room.as_ref().filter(|_| is_heard) else { continue };
        if let Some(coached) = &leg.coaches {
            whispers.push((room.clone(), coached.clone(), frame));
        } else {
            mixes.entry(room.clone()).or_default().add(&frame);
            said.insert(name.clone(), frame);
        }
    }
    for (room, hall) in halls.iter_mut() {
        let mix = mixes.entry(room.clone()).or_default();
        mix.add(&hall.announcement.next());
        let all = mix.without(&SILENCE);
        hall.recorders.iter_mut().for_each(|recorder| recorder.take(&all, &SILENCE));
    }
    halls.retain(|_, hall| hall.announcement.is_playing() || !hall.recorders.is_empty());
    for (name, leg) in legs.iter_mut() {
        let room = leg.room.as_ref().filter(|_| !leg.is_held && leg.is_answered);
        let mix = room.and_then(|room| mixes.get(room));
        let mut frame = mix.map_or(SILENCE, |mix| mix.without(said.get(name).unwrap_or(&SILENCE)));
        for (_, _, whisper) in whispers.iter().filter(|(there, ear, _)| ear == name && Some(there) == room) {
            frame = both(&frame, whisper);
        }
        leg.hear(&frame, now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::mixer::FRAME;
    use super::super::player::Clip;
    use super::*;

    fn legs(names: &[&str]) -> HashMap<String, Leg> {
        let leg = || Leg { room: Some("CF1".to_owned()), is_answered: true, ..Leg::new(Arc::new(Meter::default())) };
        names.iter().map(|name| ((*name).to_owned(), leg())).collect()
    }

    fn speak(legs: &mut HashMap<String, Leg>, name: &str) {
        legs.get_mut(name).unwrap().mouth.play(Clip::once(vec![5_000; FRAME * 10].into()));
    }

    fn pass(legs: &mut HashMap<String, Leg>, frames: usize) {
        let mut halls = HashMap::new();
        (0..frames).for_each(|_| tick(legs, &mut halls, Instant::now()));
    }

    fn voiced(legs: &HashMap<String, Leg>, name: &str) -> (u64, u64) {
        let reading = legs[name].meter.read();
        (reading.received.voiced, reading.sent.voiced)
    }

    #[test]
    fn who_speaks_is_heard_by_the_others_alone() {
        let mut legs = legs(&["a", "b", "c"]);
        legs.get_mut("c").unwrap().room = Some("CF2".to_owned());
        speak(&mut legs, "a");
        pass(&mut legs, 20);

        assert_eq!(voiced(&legs, "a"), (10, 0));
        assert_eq!(voiced(&legs, "b"), (0, 10));
        assert_eq!(voiced(&legs, "c"), (0, 0));
    }

    #[test]
    fn who_is_muted_hears_and_who_is_held_does_not() {
        let mut legs = legs(&["a", "b", "c"]);
        legs.get_mut("a").unwrap().is_muted = true;
        legs.get_mut("b").unwrap().is_held = true;
        for name in ["a", "b", "c"] {
            speak(&mut legs, name);
        }
        pass(&mut legs, 10);

        assert_eq!(voiced(&legs, "a"), (10, 10));
        assert_eq!(voiced(&legs, "b"), (10, 0));
        assert_eq!(voiced(&legs, "c"), (10, 0), "nobody who may be heard speaks");
    }

    #[test]
    fn a_coach_is_heard_by_one_and_hears_everybody() {
        let mut legs = legs(&["agent", "customer", "coach"]);
        legs.get_mut("coach").unwrap().coaches = Some("agent".to_owned());
        speak(&mut legs, "coach");
        pass(&mut legs, 10);
        assert_eq!((voiced(&legs, "agent").1, voiced(&legs, "customer").1), (10, 0));

        speak(&mut legs, "customer");
        pass(&mut legs, 10);
        assert_eq!((voiced(&legs, "agent").1, voiced(&legs, "coach").1), (20, 10));
        legs.get_mut("coach").unwrap().is_muted = true;
        speak(&mut legs, "coach");
        pass(&mut legs, 10);
        assert_eq!(voiced(&legs, "agent").1, 20, "a muted coach only listens");
    }

    #[test]
    fn somebody_on_hold_hears_music_that_nobody_else_hears() {
        let mut legs = legs(&["a", "b"]);
        let held = legs.get_mut("a").unwrap();
        held.is_held = true;
        held.music.play(Clip::repeated(vec![5_000; FRAME].into(), Duration::ZERO));
        speak(&mut legs, "b");
        pass(&mut legs, 20);

        assert_eq!((voiced(&legs, "a").1, voiced(&legs, "b").1), (20, 0));
        assert!((legs["a"].meter.read().sent.rms - 5_000.0).abs() < 1.0, "the music alone");
    }

    #[test]
    fn ringing_is_heard_before_the_answer_and_is_nobodys_voice() {
        let mut legs = legs(&["agent", "callee"]);
        legs.get_mut("callee").unwrap().is_answered = false;
        speak(&mut legs, "callee");
        speak(&mut legs, "agent");
        pass(&mut legs, 10);

        assert_eq!(voiced(&legs, "agent").1, 10);
        let reading = legs["callee"].meter.read();
        assert_eq!((reading.received.packets, reading.sent.packets), (0, 0));
    }

    #[test]
    fn an_echo_comes_back_200_ms_later() {
        let mut legs = legs(&["a", "b"]);
        legs.get_mut("b").unwrap().start_echo();
        speak(&mut legs, "a");
        pass(&mut legs, 10);
        assert_eq!(voiced(&legs, "a").1, 0);
        pass(&mut legs, 15);
        assert_eq!(voiced(&legs, "a").1, 10);
    }

    #[test]
    fn everybody_in_the_room_hears_an_announcement() {
        let mut legs = legs(&["a", "b"]);
        let mut halls = HashMap::from([("CF1".to_owned(), Hall::default())]);
        halls.get_mut("CF1").unwrap().announcement.play(Clip::once(vec![5_000; FRAME * 3].into()));
        (0..5).for_each(|_| tick(&mut legs, &mut halls, Instant::now()));

        assert_eq!((voiced(&legs, "a"), voiced(&legs, "b")), ((0, 3), (0, 3)));
        assert!(halls.is_empty());
    }
}

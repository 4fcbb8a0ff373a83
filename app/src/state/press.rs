//! A press counts for what could be seen before it (lessons, line 58). A button that means something else than a moment ago does nothing for a
//! while, and whatever takes a button's place is not pressed by the second click of a double click. The decisions are pure.

use std::cell::RefCell;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, Event, KeyboardEvent, PointerEvent};

use super::clock::now_millis;
use super::slot::Slot;

/// In milliseconds, longer than any double click: Windows lets the second click come half a second after the first.
const SETTLE: f64 = 700.0;
/// Two clicks are at the same place when they are no further apart than this along either axis, in CSS pixels.
const NEAR: f64 = 16.0;
/// The click follows the letting go at once.
const CLICK_LAG: f64 = 100.0;
/// What can be pressed. Text is not: a double click there chooses a word.
const PRESSABLE: &str = "button, a, label, summary, [type=checkbox], [type=radio]";

/// A button that means now this, now that, with its key. Times are the page's, in milliseconds.
#[derive(Clone, Debug, Default)]
struct Guard {
    /// What a press does, and to whom; none: nothing.
    meaning: Option<String>,
    /// Since when, or since the last press that came too soon.
    since: f64,
}

impl Guard {
    /// What a press does from now on.
    fn means(&mut self, now: f64, meaning: Option<String>) {
        if self.meaning != meaning {
            *self = Self { meaning, since: now };
        }
    }

    /// For how long a press still does nothing.
    fn left(&self, now: f64) -> f64 {
        if self.meaning.is_none() { f64::INFINITY } else { (self.since + SETTLE - now).max(0.0) }
    }

    /// Whether a press that began at `began` does it. One that came too soon has the wait begin anew: of a run of clicks none gets through.
    fn press(&mut self, began: f64, now: f64) -> bool {
        let is_meant = self.left(began) <= 0.0;
        if !is_meant {
            self.since = now;
        }
        is_meant
    }
}

/// Where a press is: on the screen, or on the keyboard.
type Place = Option<(f64, f64)>;

/// Presses one after the other at the same place.
#[derive(Debug)]
struct Run<T> {
    /// What the first one pressed; none: nothing.
    thing: Option<T>,
    place: Place,
    /// When the last one began.
    last: f64,
}

/// What the agent's hands do. `T` is what lies under them.
#[derive(Debug)]
struct Hands<T> {
    run: Option<Run<T>>,
    /// When the last press began, unless it has acted.
    began: Option<f64>,
    /// Its click does not count.
    is_refused: bool,
    /// A key or the pointer is down.
    is_down: bool,
    /// When one was let go last.
    up_at: f64,
}

impl<T: PartialEq> Hands<T> {
    const fn new() -> Self {
        Self { run: None, began: None, is_refused: false, is_down: false, up_at: 0.0 }
    }

    /// The pointer or a key that presses goes down on this, if that can be pressed.
    fn press(&mut self, now: f64, place: Place, thing: Option<T>) {
        let run = self.run.take().filter(|run| now - run.last < SETTLE && is_near(run.place, place));
        let is_other = run.as_ref().is_some_and(|run| thing.is_some() && run.thing != thing);
        self.run = Some(Run { thing: run.map_or(thing, |run| run.thing), place, last: now });
        (self.began, self.is_refused, self.is_down) = (Some(now), is_other, true);
    }

    /// Another key goes down. Whoever has moved on, by Tab or by writing, presses on purpose what comes next.
    fn type_key(&mut self, now: f64) {
        (self.run, self.began, self.is_refused, self.is_down) = (None, Some(now), false, true);
    }

    /// A key that is held presses once.
    const fn repeat(&mut self) {
        self.is_refused = true;
    }

    /// What was down is let go.
    const fn let_go(&mut self, now: f64) {
        (self.is_down, self.up_at) = (false, now);
    }

    /// Whether the click that comes now counts.
    const fn clicks(&mut self) -> bool {
        !std::mem::replace(&mut self.is_refused, false)
    }

    /// When the press began that acts now. One that is made by no key and no pointer, as a screen reader's, begins now.
    fn begun(&mut self, now: f64) -> f64 {
        let is_ours = self.is_down || now - self.up_at < CLICK_LAG;
        self.began.take().filter(|_| is_ours).unwrap_or(now)
    }
}

fn is_near(place: Place, other: Place) -> bool {
    match (place, other) {
        (Some((x, y)), Some((left, top))) => (x - left).abs() <= NEAR && (y - top).abs() <= NEAR,
        (place, other) => place == other,
    }
}

/// A part of the screen, with its name. In a list that is drawn anew the next row's button is the same part with another name.
type Thing = (Element, Option<String>);

thread_local! {
    static HANDS: RefCell<Hands<Thing>> = const { RefCell::new(Hands::new()) };
}

/// Tells that a key or the pointer was let go, or that the page was hidden or shown.
#[derive(Clone, Copy)]
pub(crate) struct Presses(RwSignal<f64>);

impl Presses {
    /// Looks at every press before anything else does, for as long as the page is there.
    pub(crate) fn start() -> Self {
        let presses = Self(RwSignal::new(0.0));
        let hear = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            if HANDS.with_borrow_mut(|hands| hear(hands, &event)) {
                presses.0.set(if event.type_() == "visibilitychange" { now_millis() } else { presses.0.get_untracked() });
            }
        });
        for name in ["pointerdown", "pointerup", "pointercancel", "keydown", "keyup", "blur", "click", "visibilitychange"] {
            // It fails only for an event that is none.
            let _ = window().add_event_listener_with_callback_and_bool(name, hear.as_ref().unchecked_ref(), true);
        }
        hear.forget();
        presses
    }
}

/// Whether whoever waits has to look again.
fn hear(hands: &mut Hands<Thing>, event: &Event) -> bool {
    // When it happened. A page that has been busy hears of it later, perhaps of both clicks of a double click at once.
    let now = event.time_stamp();
    let thing = || {
        let thing = thing_of(event)?.closest(PRESSABLE).ok().flatten()?;
        // Whoever mutes and speaks again at once means it.
        let words = (!thing.has_attribute("aria-pressed")).then(|| thing.get_attribute("aria-label").or_else(|| thing.text_content()));
        Some((thing, words.flatten()))
    };
    match event.type_().as_str() {
        "pointerdown" => {
            let event: &PointerEvent = event.unchecked_ref();
            if event.button() == 0 {
                hands.press(now, Some((event.client_x().into(), event.client_y().into())), thing());
            }
        }
        "keydown" => {
            let event: &KeyboardEvent = event.unchecked_ref();
            match (event.key().as_str(), event.repeat()) {
                ("Enter", true) => hands.repeat(),
                ("Alt" | "Shift" | "Control" | "Meta", _) | (_, true) => {}
                ("Enter" | " ", false) => hands.press(now, None, thing()),
                _ => hands.type_key(now),
            }
        }
        "click" => {
            if !hands.clicks() {
                event.prevent_default();
                event.stop_propagation();
            }
        }
        // Of the window, not of something in it.
        "blur" if thing_of(event).is_some() => {}
        _ => {
            hands.let_go(now_millis());
            return true;
        }
    }
    false
}

fn thing_of(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Watches over a button whose meaning changes, or that comes by itself.
#[derive(Clone, Copy)]
pub(crate) struct Settling {
    guard: &'static Slot<Guard>,
    meaning: Memo<Option<String>>,
    is_waiting: RwSignal<bool>,
}

impl Settling {
    /// Of a button that means this: what a press does, and to whom. There is one for as long as the page is there.
    pub(crate) fn start(meaning: Memo<Option<String>>) -> Self {
        let presses = expect_context::<Presses>();
        let settling = Self { guard: Box::leak(Box::new(Slot::new(Guard::default()))), meaning, is_waiting: RwSignal::new(true) };
        Effect::new(move |_| {
            meaning.track();
            settling.look(presses.0.get());
        });
        settling
    }

    /// A press does nothing yet; it goes together with `aria-disabled`.
    pub(crate) fn is_waiting(self) -> bool {
        self.is_waiting.get()
    }

    /// Whether the press that acts now is meant.
    pub(crate) fn press(self) -> bool {
        let now = now_millis();
        let began = HANDS.with_borrow_mut(|hands| hands.begun(now));
        // What is shown as doing nothing does nothing: in a page that is hidden, too, however long it has stood there.
        let is_shown = !self.is_waiting.get_untracked();
        let is_meant = self.change(now, |guard| guard.press(if is_shown { began } else { f64::NEG_INFINITY }, now));
        if !is_meant {
            self.look(0.0);
        }
        is_meant
    }

    fn change<U>(self, now: f64, change: impl FnOnce(&mut Guard) -> U) -> U {
        let mut guard = self.guard.get_untracked();
        guard.means(now, self.meaning.get_untracked());
        let changed = change(&mut guard);
        self.guard.set(guard);
        changed
    }

    /// Looks how it stands. The time in which nobody saw the page, which was shown or hidden last at `shown_at`, does not count.
    fn look(self, shown_at: f64) {
        // The page around it may be gone.
        let Some(was_waiting) = self.is_waiting.try_get_untracked() else { return };
        let now = now_millis();
        let left = self.change(now, |guard| {
            if was_waiting {
                guard.since = guard.since.max(shown_at);
            }
            guard.left(now)
        });
        let is_away = HANDS.with_borrow(|hands| hands.is_down) || document().hidden();
        let is_waiting = left > 0.0 || (was_waiting && is_away);
        if is_waiting != was_waiting {
            self.is_waiting.set(is_waiting);
        }
        if left > 0.0 && left.is_finite() {
            set_timeout(move || self.look(shown_at), std::time::Duration::from_secs_f64(left.ceil() / 1000.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn guard(meaning: &str, since: f64) -> Guard {
        Guard { meaning: Some(meaning.to_owned()), since }
    }

    /// lessons, line 58: a button took another's place, and the second click rang somebody unread.
    #[test]
    fn a_press_does_nothing_until_the_meaning_has_stood_for_so_long() {
        for (began, is_meant) in [(999.0, false), (1_000.0, false), (1_500.0, false), (1_699.9, false), (1_700.0, true), (60_000.0, true)] {
            assert_eq!(guard("call 1", 1_000.0).press(began, began + 5.0), is_meant, "{began}");
        }
    }

    #[test]
    fn a_press_counts_from_when_it_began() {
        let mut guard = guard("call next", 0.0);
        guard.means(2_000.0, Some("call 1".into()));
        // The key was down before the meaning changed, or before it had settled, and is let go long after.
        assert!(!guard.press(1_999.0, 9_000.0));
        guard.since = 2_000.0;
        assert!(!guard.press(2_650.0, 2_710.0));
    }

    #[test]
    fn the_same_for_another_person_is_another_meaning_and_the_same_again_is_none() {
        let mut guard = guard("call 1", 0.0);
        guard.means(5_000.0, Some("call 1".into()));
        assert!(guard.press(5_000.0, 5_000.0));
        guard.means(5_000.0, Some("call 2".into()));
        assert!(!guard.press(5_100.0, 5_100.0));
    }

    /// Whoever is not on the screen yet is not rung, however long that takes.
    #[test]
    fn what_means_nothing_is_never_pressed() {
        let mut guard = guard("call next", 0.0);
        guard.means(1_000.0, None);
        assert!(!guard.press(90_000.0, 90_000.0));
        assert!(guard.left(90_000.0).is_infinite());
        guard.means(100_000.0, Some("call 1".into()));
        assert!(!guard.press(100_699.0, 100_699.0));
    }

    /// Four clicks: Call next, Call, Hang up, Save and next.
    #[test]
    fn of_a_run_of_clicks_only_the_first_gets_through() {
        for apart in [50.0, 150.0, 300.0, 350.0, 500.0, 699.0] {
            let mut guard = guard("call next", 0.0);
            assert!(guard.press(10_000.0, 10_000.0));
            guard.means(10_040.0, None);
            guard.means(10_080.0, Some("call 1".into()));
            for click in 1..20 {
                let at = f64::from(click).mul_add(apart, 10_000.0);
                assert!(!guard.press(at, at), "click {click}, {apart} ms apart");
            }
        }
    }

    fn clicks(hands: &mut Hands<u8>, now: f64, place: Place, thing: Option<u8>) -> bool {
        hands.press(now, place, thing);
        hands.let_go(now + 50.0);
        hands.clicks()
    }

    /// lessons, line 58: no other pair of buttons shares a place within a double click.
    #[test]
    fn the_second_click_of_a_double_click_presses_nothing_but_what_the_first_did() {
        let here = Some((800.0, 600.0));
        for (apart, second, place, counts) in [
            (150.0, Some(1), here, true),
            (150.0, Some(2), here, false),
            (350.0, Some(2), here, false),
            (500.0, Some(2), here, false),
            (699.0, Some(2), here, false),
            (700.0, Some(2), here, true),
            (150.0, Some(2), Some((816.0, 584.0)), false),
            (150.0, Some(2), Some((817.0, 600.0)), true),
            (150.0, Some(2), Some((800.0, 617.0)), true),
            // By the keyboard, where the focus was moved to something else.
            (150.0, Some(2), None, true),
            (150.0, None, here, true),
        ] {
            let mut hands = Hands::new();
            assert!(clicks(&mut hands, 1_000.0, here, Some(1)));
            assert_eq!(clicks(&mut hands, 1_000.0 + apart, place, second), counts, "{second:?} after {apart} ms at {place:?}");
        }
    }

    #[test]
    fn a_click_beside_everything_is_the_first_of_a_run_too() {
        let (mut hands, here) = (Hands::new(), Some((10.0, 10.0)));
        assert!(clicks(&mut hands, 0.0, here, None));
        assert!(!clicks(&mut hands, 300.0, here, Some(1)));
        assert!(!clicks(&mut hands, 900.0, here, Some(1)), "the run goes on");
        assert!(clicks(&mut hands, 1_600.0, here, Some(1)));
    }

    #[test]
    fn enter_twice_presses_nothing_else_unless_the_focus_was_moved_meanwhile() {
        let mut hands = Hands::new();
        assert!(clicks(&mut hands, 0.0, None, Some(1)));
        assert!(!clicks(&mut hands, 300.0, None, Some(2)));
        hands.type_key(400.0);
        assert!(clicks(&mut hands, 500.0, None, Some(2)));
    }

    #[test]
    fn a_key_that_is_held_presses_once() {
        let mut hands = Hands::new();
        hands.press(0.0, None, Some(1));
        assert!(hands.clicks());
        for _ in 0..3 {
            hands.repeat();
            assert!(!hands.clicks());
        }
        hands.let_go(2_000.0);
        assert!(clicks(&mut hands, 3_000.0, None, Some(2)));
    }

    #[test]
    fn a_press_begins_when_the_key_or_the_pointer_went_down_and_a_screen_readers_when_it_comes() {
        let mut hands = Hands::<u8>::new();
        hands.press(1_000.0, Some((0.0, 0.0)), None);
        hands.let_go(1_900.0);
        assert_eq!(hands.begun(1_901.0), 1_000.0);
        // Another one without a key or the pointer.
        assert_eq!(hands.begun(1_902.0), 1_902.0);
        hands.type_key(5_000.0);
        assert_eq!(hands.begun(5_000.0), 5_000.0);
        hands.type_key(6_000.0);
        hands.let_go(6_050.0);
        assert_eq!(hands.begun(9_000.0), 9_000.0);
    }

    /// What happens to the main button: it means something else, or is pressed, so many milliseconds after what came before.
    #[derive(Clone, Debug)]
    enum Happens {
        Means(Option<u8>),
        Press,
    }

    proptest! {
        /// lessons, line 58: whatever happens in whichever order, a press acts only on what has been there for 700 ms, with no press in between
        /// that came too soon; and whoever waits for so long is never ignored.
        #[test]
        fn nothing_acts_that_has_not_stood_still(
            story in prop::collection::vec(
                (0..1_500_u32, prop_oneof![prop::option::of(0..3_u8).prop_map(Happens::Means), Just(Happens::Press), Just(Happens::Press)]),
                0..40,
            ),
        ) {
            let mut guard = Guard::default();
            let (mut now, mut meaning, mut still_since) = (0.0, None, 0.0);
            for (wait, happens) in story {
                now += f64::from(wait);
                match happens {
                    Happens::Means(means) => {
                        guard.means(now, means.map(|means| means.to_string()));
                        if means != meaning {
                            (meaning, still_since) = (means, now);
                        }
                    }
                    Happens::Press => {
                        let is_meant = meaning.is_some() && now - still_since >= SETTLE;
                        prop_assert_eq!(guard.left(now) <= 0.0, is_meant);
                        prop_assert_eq!(guard.press(now, now), is_meant);
                        if !is_meant {
                            still_since = now;
                        }
                    }
                }
            }
        }

        /// Of clicks at one place, each within 700 ms of the last, all act on one thing.
        #[test]
        fn a_run_of_clicks_acts_on_one_thing(
            run in prop::collection::vec((0..700_u32, prop::option::of(0..4_u8), -8..8_i32), 1..30),
        ) {
            let mut hands = Hands::new();
            let mut now = 0.0;
            let mut pressed = Vec::new();
            for (wait, thing, off) in run {
                now += f64::from(wait);
                let place = Some((100.0 + f64::from(off), 100.0));
                if clicks(&mut hands, now, place, thing) {
                    pressed.extend(thing);
                }
            }
            pressed.dedup();
            prop_assert!(pressed.len() <= 1, "{pressed:?}");
        }
    }
}

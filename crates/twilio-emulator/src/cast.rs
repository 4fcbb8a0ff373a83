//! Who answers the telephone: by number, by a scenario that was set, or by a seeded draw like a call floor's.

use std::time::Duration;

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use serde::{Deserialize, Serialize};

/// Shares of what happens to calls to ordinary numbers, in percent; together 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// Somebody answers, speaks, stays a while, hangs up.
    pub answer: u8,
    /// It rings until the caller gives up.
    pub no_answer: u8,
    /// A machine answers: greeting, tone, silence.
    pub voicemail: u8,
    /// The line is engaged.
    pub busy: u8,
    /// The network cannot reach the number.
    pub failed: u8,
}

impl Default for Mix {
    fn default() -> Self {
        Self { answer: 35, no_answer: 40, voicemail: 10, busy: 10, failed: 5 }
    }
}

impl Mix {
    /// The shares are a whole.
    pub fn is_whole(&self) -> bool {
        [self.answer, self.no_answer, self.voicemail, self.busy, self.failed].into_iter().map(u32::from).sum::<u32>() == 100
    }
}

/// One thing that a party does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The telephone rings.
    Ring(Duration),
    /// The party picks up; whether that is a person or a machine, in Twilio's words.
    Answer(&'static str),
    /// The line is engaged.
    Busy,
    /// Nobody picks up until the caller gives up.
    NoAnswer,
    /// The number cannot be reached.
    Fail,
    /// The party says a prompt.
    Play(String),
    /// The party says a prompt again and again from now on, two seconds apart.
    Repeat(String),
    /// A voicemail's tone.
    Beep,
    /// The party waits for keys, and hangs up when they do not come in time.
    Expect(String, Duration),
    /// The party presses keys.
    Send(String),
    /// The party says back what it hears from now on.
    Echo,
    /// Time passes.
    Wait(Duration),
    /// The party puts the telephone down.
    HangUp,
}

/// What a party does from the first ring on. When nothing is left to do it stays on the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// In words, for the admin API.
    pub name: String,
    /// In order.
    pub steps: Vec<Step>,
}

/// The carrier does not take the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Whether `number` is E.164: a plus sign and 8 to 15 digits, of which the first is not 0.
pub fn is_e164(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        (8..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0')
    })
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn talk() -> [Step; 2] {
    [Step::Play("hello".to_owned()), Step::Repeat("chat".to_owned())]
}

fn voicemail(ring: Duration) -> Vec<Step> {
    vec![
        Step::Ring(ring),
        Step::Answer("machine_end_beep"),
        Step::Play("voicemail".to_owned()),
        Step::Beep,
        Step::Wait(seconds(30)),
        Step::HangUp,
    ]
}

/// The party at a number that always behaves the same, +447700900001 to 0009; none for any other number.
pub fn by_number(number: &str) -> Option<Result<Plan, Refused>> {
    let last = number.strip_prefix("+44770090000")?;
    let answer = |then: &[Step]| [&[Step::Ring(seconds(2)), Step::Answer("human")], then].concat();
    let repeat = Step::Repeat("chat".to_owned());
    let (name, steps) = match last {
        "1" => ("answers and stays", answer(&talk())),
        "2" => ("busy", vec![Step::Ring(seconds(1)), Step::Busy]),
        "3" => ("no answer", vec![Step::NoAnswer]),
        "4" => ("failed", vec![Step::Fail]),
        "5" => return Some(Err(Refused)),
        "6" => ("voicemail", voicemail(seconds(3))),
        "7" => ("hangs up after 5 s", answer(&[Step::Repeat("hello".to_owned()), Step::Wait(seconds(5)), Step::HangUp])),
        "8" => ("presses 1", answer(&[Step::Play("hello".to_owned()), Step::Send("1".to_owned()), repeat])),
        "9" => ("echoes", answer(&[Step::Echo])),
        _ => return None,
    };
    Some(Ok(Plan { name: name.to_owned(), steps }))
}

/// The party at any other number: a pure function of the seed and of how many were drawn before.
pub fn draw(mix: Mix, seed: u64, count: u64) -> Plan {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(count);
    let share: u8 = rng.random_range(0..100);
    let before = Duration::from_millis(rng.random_range(2_000..=6_000));
    let stay = Duration::from_millis(rng.random_range(20_000..=90_000));
    let mut below = 0;
    let mut is = |part: u8| {
        below += part;
        share < below
    };
    let (name, steps) = if is(mix.answer) {
        let [hello, chat] = talk();
        ("drawn: answers", vec![Step::Ring(before), Step::Answer("human"), hello, chat, Step::Wait(stay), Step::HangUp])
    } else if is(mix.no_answer) {
        ("drawn: no answer", vec![Step::NoAnswer])
    } else if is(mix.voicemail) {
        ("drawn: voicemail", voicemail(before))
    } else if is(mix.busy) {
        ("drawn: busy", vec![Step::Ring(before / 3), Step::Busy])
    } else {
        ("drawn: failed", vec![Step::Fail])
    };
    Plan { name: name.to_owned(), steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_and_count_alone() {
        let mix = Mix::default();
        for count in 0..50 {
            assert_eq!(draw(mix, 7, count), draw(mix, 7, count));
        }
        let names = |seed| (0..50).map(|count| draw(mix, seed, count).name).collect::<Vec<_>>();
        assert_ne!(names(7), names(8));
    }

    #[test]
    fn shares_are_those_of_the_mix() {
        let mix = Mix::default();
        let plans: Vec<Plan> = (0..10_000).map(|count| draw(mix, 7, count)).collect();
        for (name, share) in [("answers", 35), ("no answer", 40), ("voicemail", 10), ("busy", 10), ("failed", 5)] {
            let drawn = plans.iter().filter(|plan| plan.name == format!("drawn: {name}")).count();
            assert!(drawn.abs_diff(share * 100) < 150, "{name}: {drawn} of 10,000");
        }
        for plan in &plans {
            let Some(Step::Ring(ring)) = plan.steps.first() else { continue };
            assert!((Duration::from_millis(600)..=seconds(6)).contains(ring), "{plan:?}");
        }
    }

    #[test]
    fn a_mix_of_one_thing_gives_that_thing() {
        let mix = Mix { answer: 0, no_answer: 0, voicemail: 0, busy: 100, failed: 0 };
        assert!(mix.is_whole() && !Mix { busy: 99, ..mix }.is_whole());
        assert!((0..100).all(|count| draw(mix, 3, count).name == "drawn: busy"));
    }

    #[test]
    fn some_numbers_always_behave_the_same() {
        let name = |number: &str| by_number(number).map(|plan| plan.map(|plan| plan.name));
        assert_eq!(name("+447700900001"), Some(Ok("answers and stays".to_owned())));
        assert_eq!(name("+447700900005"), Some(Err(Refused)));
        assert_eq!(name("+447700900010"), None);
        assert_eq!(name("+447700900011"), None);
        assert_eq!(name("+442079460001"), None);
    }

    #[test]
    fn only_international_numbers_are_numbers() {
        for good in ["+447700900001", "+442079460000", "+15005550006"] {
            assert!(is_e164(good), "{good}");
        }
        for bad in
            ["", "+", "07700900001", "447700900001", "+0447700900", "+44 7700 900001", "+4477009", "client:agent", "+44770090000100000"]
        {
            assert!(!is_e164(bad), "{bad}");
        }
    }
}

//! Scenarios: what a party is to do, told from outside as JSON.

use std::time::Duration;

use serde::Deserialize;

use crate::cast::{Plan, Step};
use crate::media;

/// As it is posted: `{"match":{"to":"+44…"},"times":1,"steps":[…]}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posted {
    /// Whom it is about.
    #[serde(rename = "match")]
    pub matches: Match,
    /// For how many calls; all when absent.
    pub times: Option<u32>,
    /// What they do, in order.
    pub steps: Vec<PostedStep>,
}

/// Whom a scenario is about.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match {
    /// The number, E.164; every number when absent.
    pub to: Option<String>,
}

/// One of these at a time; `amd` beside `answer`, `within_ms` beside `expect_dtmf`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PostedStep {
    ring_ms: Option<u64>,
    answer: Option<bool>,
    amd: Option<String>,
    busy: Option<bool>,
    no_answer: Option<bool>,
    failed: Option<bool>,
    play: Option<String>,
    repeat: Option<String>,
    beep: Option<bool>,
    expect_dtmf: Option<String>,
    within_ms: Option<u64>,
    send_dtmf: Option<String>,
    echo: Option<bool>,
    wait_ms: Option<u64>,
    hangup_after_ms: Option<u64>,
}

/// A scenario that is set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Whom it is about; everybody when none.
    pub to: Option<String>,
    /// For how many calls still; all when none.
    pub left: Option<u32>,
    /// What they do.
    pub steps: Vec<Step>,
}

impl Scenario {
    /// Reads what was posted; the error says in words what is wrong.
    pub fn read(posted: Posted) -> Result<Self, String> {
        Ok(Self { to: posted.matches.to, left: posted.times, steps: read_steps(posted.steps)? })
    }

    /// The plan for a call to `to`, when this is about it and not used up. Counts it.
    pub fn take(&mut self, to: &str) -> Option<Plan> {
        let is_about = self.to.as_deref().is_none_or(|known| known == to);
        if !is_about || self.left == Some(0) {
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        Some(Plan { name: "scenario".to_owned(), steps: self.steps.clone() })
    }
}

/// Reads what somebody is to do; the error says in words what is wrong.
pub fn read_steps(posted: Vec<PostedStep>) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for (at, step) in posted.into_iter().enumerate() {
        steps.extend(step.read().map_err(|problem| format!("step {}: {problem}", at + 1))?);
    }
    Ok(steps)
}

impl PostedStep {
    fn read(self) -> Result<Vec<Step>, String> {
        let time = Duration::from_millis;
        let on = |flag: Option<bool>| flag == Some(true);
        let mut steps = Vec::new();
        steps.extend(self.ring_ms.map(|ms| vec![Step::Ring(time(ms))]));
        if on(self.answer) {
            steps.push(vec![Step::Answer(who(self.amd.as_deref())?)]);
        }
        steps.extend(on(self.busy).then(|| vec![Step::Busy]));
        steps.extend(on(self.no_answer).then(|| vec![Step::NoAnswer]));
        steps.extend(on(self.failed).then(|| vec![Step::Fail]));
        if let Some(name) = self.play {
            steps.push(vec![Step::Play(prompt(name)?)]);
        }
        if let Some(name) = self.repeat {
            steps.push(vec![Step::Repeat(prompt(name)?)]);
        }
        steps.extend(on(self.beep).then(|| vec![Step::Beep]));
        steps.extend(self.expect_dtmf.map(|keys| vec![Step::Expect(keys, time(self.within_ms.unwrap_or(10_000)))]));
        steps.extend(self.send_dtmf.map(|keys| vec![Step::Send(keys)]));
        steps.extend(on(self.echo).then(|| vec![Step::Echo]));
        steps.extend(self.wait_ms.map(|ms| vec![Step::Wait(time(ms))]));
        steps.extend(self.hangup_after_ms.map(|ms| vec![Step::Wait(time(ms)), Step::HangUp]));
        match <[Vec<Step>; 1]>::try_from(steps) {
            Ok([step]) => Ok(step),
            Err(steps) => Err(format!("it says {} things; say one", steps.len())),
        }
    }
}

/// Twilio's words for who answers.
fn who(amd: Option<&str>) -> Result<&'static str, String> {
    const WORDS: [&str; 6] = ["human", "machine_start", "machine_end_beep", "machine_end_silence", "machine_end_other", "fax"];
    let word = amd.unwrap_or("human");
    WORDS.into_iter().find(|known| *known == word).ok_or_else(|| format!("amd is one of {}", WORDS.join(", ")))
}

fn prompt(name: String) -> Result<String, String> {
    if media::prompt_names().any(|known| known == name) {
        return Ok(name);
    }
    Err(format!("the prompts are {}", media::prompt_names().collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(steps: &str) -> Result<Scenario, String> {
        let text = format!(r#"{{"match":{{"to":"+447700900123"}},"times":1,"steps":{steps}}}"#);
        serde_json::from_str(&text).map_err(|error| error.to_string()).and_then(Scenario::read)
    }

    #[test]
    fn a_scenario_is_told_step_by_step() {
        let scenario = read(
            r#"[{"ring_ms":1500},{"answer":true,"amd":"human"},{"play":"hello"},
                {"expect_dtmf":"1","within_ms":5000},{"send_dtmf":"42#"},{"hangup_after_ms":8000}]"#,
        );
        let time = Duration::from_millis;
        let expected = [
            Step::Ring(time(1_500)),
            Step::Answer("human"),
            Step::Play("hello".to_owned()),
            Step::Expect("1".to_owned(), time(5_000)),
            Step::Send("42#".to_owned()),
            Step::Wait(time(8_000)),
            Step::HangUp,
        ];
        assert_eq!(scenario.unwrap().steps, expected);
    }

    #[test]
    fn what_makes_no_sense_is_refused_in_words() {
        assert_eq!(read(r#"[{"answer":true},{}]"#), Err("step 2: it says 0 things; say one".to_owned()));
        assert_eq!(read(r#"[{"busy":true,"failed":true}]"#), Err("step 1: it says 2 things; say one".to_owned()));
        assert!(read(r#"[{"play":"opera"}]"#).unwrap_err().contains("the prompts are hello"));
        assert!(read(r#"[{"answer":true,"amd":"alien"}]"#).unwrap_err().contains("human"));
        assert!(read(r#"[{"dance":true}]"#).unwrap_err().contains("unknown field"));
    }

    #[test]
    fn a_scenario_is_used_as_often_as_it_says() {
        let mut scenario = read(r#"[{"busy":true}]"#).unwrap();
        assert_eq!(scenario.take("+447700900999"), None);
        assert!(scenario.take("+447700900123").is_some());
        assert_eq!(scenario.take("+447700900123"), None);
    }
}

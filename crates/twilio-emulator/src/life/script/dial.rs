//! `<Dial>` with numbers and clients: all are rung at once, and the first to answer talks with the leg.

use super::{Break, Cause, Door, Order, Script, resolve};
use crate::cast::is_e164;
use crate::clock::now;
use crate::life::dial::{self, Dialled, Party, Then};
use crate::life::sound;
use crate::model::{CallStatus, Endpoint};
use crate::twiml::{Callee, Dial};

/// How the dialling went: the last that ended, or the one that talked.
#[derive(Default)]
struct Outcome {
    call_sid: Option<String>,
    status: Option<CallStatus>,
}

impl<D: Door> Script<'_, D> {
    pub(super) async fn dial_parties(&mut self, dial: &Dial, callees: Vec<Callee>) -> Result<Vec<(String, String)>, Break> {
        let core = self.core;
        if dial.answers_on_bridge {
            self.door.ring().await;
        } else {
            self.door.answer().await;
        }
        let Some(caller) = self.caller(dial, &callees) else {
            core.problem(self.call_sid, 13_214, "Dial: Invalid callerId value");
            return Ok(vec![("DialCallStatus".to_owned(), "failed".to_owned())]);
        };
        let mut rung: Vec<String> = callees.into_iter().filter_map(|callee| self.ring(dial, &caller, callee)).collect();
        let mut outcome = Outcome::default();
        if rung.is_empty() {
            outcome.status = Some(CallStatus::Failed);
        }
        // Their ringing is heard here.
        core.media.enter(self.call_sid, self.call_sid);
        let talked = self.talk(dial, &mut rung, &mut outcome).await;
        core.media.exit(self.call_sid);
        // Whoever is left is not needed any more.
        let cause = if talked.is_ok() { Cause::Api } else { Cause::Party };
        for call_sid in &rung {
            core.order(call_sid, Order::Hangup(cause));
        }
        talked?;
        Ok(outcome_params(self, &outcome))
    }

    /// Until nobody is rung and nobody talks.
    async fn talk(&mut self, dial: &Dial, rung: &mut Vec<String>, outcome: &mut Outcome) -> Result<(), Break> {
        let core = self.core;
        let mut recording = None;
        while !rung.is_empty() {
            match self.order().await? {
                Order::Answered(call_sid) if outcome.call_sid.is_none() => {
                    for other in rung.iter().filter(|other| **other != call_sid) {
                        core.order(other, Order::Hangup(Cause::Api));
                    }
                    rung.retain(|other| *other == call_sid);
                    outcome.call_sid = Some(call_sid);
                    self.door.answer().await;
                    recording = dial.recording.clone().map(|asked| core.record(self.call_sid, asked));
                }
                Order::Ended(call_sid, status) if rung.contains(&call_sid) => {
                    rung.retain(|other| *other != call_sid);
                    outcome.status = Some(status);
                }
                _ => {}
            }
        }
        if let Some(recording) = recording {
            core.stop_recording(&recording);
            self.extra.push(("RecordingUrl".to_owned(), core.recording_url(&recording)));
        }
        Ok(())
    }

    /// The other side: a call that was dialled talks with the one that dialled it.
    pub async fn bridge(&mut self, room: &str, whisper: Option<Endpoint>, parent: Option<&str>) -> Result<(), Break> {
        let (core, call_sid) = (self.core, self.call_sid);
        if let Some(endpoint) = whisper {
            // The caller goes on hearing ringing, and the party hears nothing of the caller yet.
            core.media.exit(call_sid);
            self.wait(sound::whisper(core, call_sid, endpoint)).await?;
        }
        core.media.enter(call_sid, room);
        if let Some(parent) = parent {
            core.order(parent, Order::Answered(call_sid.to_owned()));
        }
        self.until_dropped().await
    }

    /// Who is shown as the caller. A client has to be given a number before it may call numbers.
    fn caller(&self, dial: &Dial, callees: &[Callee]) -> Option<String> {
        let from = self.core.model().call(self.call_sid).map(|call| call.from.clone()).unwrap_or_default();
        let caller = dial.caller_id.clone().unwrap_or(from);
        let is_to_numbers = callees.iter().any(|callee| matches!(callee, Callee::Number { .. }));
        (!is_to_numbers || is_e164(&caller)).then_some(caller)
    }

    /// Rings one; none when the number cannot be called.
    fn ring(&self, dial: &Dial, from: &str, callee: Callee) -> Option<String> {
        let core = self.core;
        let mut keys = None;
        let (to, party, progress, url) = match callee {
            Callee::Number { number, progress, url, digits } => {
                keys = digits;
                let plan = if is_e164(&number) { core.cast(&number).ok() } else { None };
                let Some(plan) = plan else {
                    core.problem(self.call_sid, 13_224, &format!("Dial: {number} cannot be called"));
                    return None;
                };
                (number, Party::Simulated(plan), progress, url)
            }
            Callee::Client { identity, params, progress, url } => {
                (format!("client:{identity}"), Party::Client { identity, params }, progress, url)
            }
        };
        let whisper = url.map(|to| Endpoint { url: resolve(&self.base, &to.url), ..to });
        let dialled = Dialled {
            from: from.to_owned(),
            to,
            party,
            parent: Some(self.call_sid.to_owned()),
            ring_limit: dial.timeout,
            time_limit: dial.time_limit,
            progress,
            then: Then::Bridge { room: self.call_sid.to_owned(), whisper },
            keys,
            detection: None,
            recording: None,
        };
        dial::dial(core, dialled).ok()
    }
}

fn outcome_params<D>(script: &mut Script<'_, D>, outcome: &Outcome) -> Vec<(String, String)> {
    let mut params = std::mem::take(&mut script.extra);
    let status = outcome.status.unwrap_or(CallStatus::Failed);
    params.push(("DialCallStatus".to_owned(), status.word().to_owned()));
    params.push(("DialBridged".to_owned(), outcome.call_sid.is_some().to_string()));
    if let Some(call_sid) = &outcome.call_sid {
        let seconds = script.core.model().call(call_sid).map_or(0, |call| call.seconds(now()));
        params.push(("DialCallSid".to_owned(), call_sid.clone()));
        params.push(("DialCallDuration".to_owned(), seconds.to_string()));
    }
    params
}

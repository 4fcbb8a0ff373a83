//! `<Record>`: a message that the party speaks.

use std::time::{Duration, Instant};

use super::{Break, Cause, Door, Next, Script, parameters, resolve};
use crate::media::{Layout, Track};
use crate::model::Endpoint;
use crate::recordings::Asked;
use crate::twiml::Record;

/// How often it is looked whether the party still speaks.
const LOOK: Duration = Duration::from_millis(100);

impl<D: Door> Script<'_, D> {
    pub(super) async fn record(&mut self, record: Record) -> Result<Next, Break> {
        let core = self.core;
        self.door.answer().await;
        if record.beeps {
            let ears = self.ears();
            self.wait(core.media.tell_beep(&ears)).await?;
        }
        let asked = Asked { layout: Layout { is_dual: false, track: Track::Inbound }, ..record.asked.clone() };
        let recording = core.record(self.call_sid, asked);
        let began = Instant::now();
        let ended = self.message(&record).await;
        core.stop_recording(&recording);
        let seconds = (began.elapsed().as_millis() + 500) / 1_000;
        let digits = match &ended {
            Ok(key) => key.map(String::from).unwrap_or_default(),
            Err(_) => "hangup".to_owned(),
        };
        let has_spoken = core.media.meter(self.call_sid).voiced_within(began.elapsed());
        let outcome = vec![
            ("RecordingUrl".to_owned(), core.recording_url(&recording)),
            ("RecordingSid".to_owned(), recording),
            ("RecordingDuration".to_owned(), seconds.to_string()),
            ("Digits".to_owned(), digits),
        ];
        if let Err(end) = ended {
            // The application hears of the message, and what it answers is said to nobody.
            if let (Some(action), Break::Over(Cause::Party | Cause::Browser)) = (record.action, &end) {
                let endpoint = Endpoint { url: resolve(&self.base, &action.url), ..action };
                let mut params = parameters(core, self.call_sid);
                params.extend(outcome);
                core.tell(self.call_sid, endpoint, params);
            }
            return Err(end);
        }
        // A message of nothing is none.
        if !has_spoken && outcome[3].1.is_empty() {
            return Ok(Next::Below);
        }
        Ok(self.after_or_again(record.action, outcome))
    }

    /// Until a key, silence, or the end of what may be said. Answers the key.
    async fn message(&mut self, record: &Record) -> Result<Option<char>, Break> {
        let meter = self.core.media.meter(self.call_sid);
        let clock = &self.core.clock;
        let began = clock.mark();
        let mut silent_since = began;
        loop {
            if let Some(key) = self.key(LOOK).await?.filter(|key| record.finishes_on.contains(*key)) {
                return Ok(Some(key));
            }
            if meter.voiced_within(LOOK * 2) {
                silent_since = clock.mark();
            }
            if clock.since(silent_since) >= record.timeout || clock.since(began) >= record.longest {
                return Ok(None);
            }
        }
    }

    /// As after any verb; without an address of its own, the document's is asked again.
    pub(super) fn after_or_again(&mut self, action: Option<Endpoint>, outcome: Vec<(String, String)>) -> Next {
        let own = || (!self.base.is_empty()).then(|| Endpoint::post(self.base.clone()));
        let action = action.or_else(own);
        self.after(action, outcome)
    }
}

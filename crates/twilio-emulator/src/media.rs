//! Sound: legs, rooms in which legs hear each other, and what is measured. Knows nothing of calls.

mod engine;
mod link;
mod meter;
mod mixer;
mod mulaw;
mod player;
mod ports;
mod prompts;
mod recorder;
mod room;
mod tone;
mod wav;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use self::engine::Engine;
pub use self::meter::Meter;
use self::player::Clip;
use self::ports::Ports;
pub use self::prompts::names as prompt_names;
pub use self::recorder::{Layout, Recorder, Track};
pub use self::tone::{RATE, Samples};
pub use self::wav::{header as wav_header, read as read_wav};

/// Packets that may wait to be looked at; more would be late anyway.
const PACKETS: usize = 1_024;

/// What the engine is told. A `leg` is a call's sid, a `room` a conference's.
#[derive(Debug)]
enum Command {
    /// A browser's offer; answered with the SDP to send back, or none when nothing changed.
    Offer {
        leg: String,
        sdp: String,
        reply: oneshot::Sender<Result<Option<String>, String>>,
    },
    /// A browser is called; answered with the offer to send to it.
    Call {
        leg: String,
        reply: oneshot::Sender<Result<String, String>>,
    },
    /// The browser that was called answers.
    PickUp {
        leg: String,
        sdp: String,
        reply: oneshot::Sender<Result<(), String>>,
    },
    /// A leg without a browser.
    Simulate {
        leg: String,
    },
    Say {
        leg: String,
        clip: Clip,
    },
    Answer {
        leg: String,
    },
    Perform {
        stage: Stage,
        clip: Clip,
    },
    Hush {
        stage: Stage,
    },
    Echo {
        leg: String,
    },
    Enter {
        leg: String,
        room: String,
    },
    Exit {
        leg: String,
    },
    Restrain {
        leg: String,
        is_muted: bool,
        is_held: bool,
        coaches: Option<String>,
    },
    /// From now on, of a leg, or of all in a room.
    Record {
        leg: Option<String>,
        room: Option<String>,
        recorder: Recorder,
    },
    StopRecording {
        sid: String,
    },
    /// From now on this share of packets is lost.
    Lose {
        share: f64,
    },
    Remove {
        leg: String,
    },
}

/// Where something is played, beside what parties say themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// To one leg alone.
    Ears(String),
    /// To one leg alone, in the background: what is heard while somebody waits.
    Music(String),
    /// To all in a room.
    Room(String),
}

/// What the engine tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MediaEvent {
    /// Media flows to and from the browser of this leg.
    Connected(String),
    /// Nothing comes from the browser of this leg any more.
    Lost(String),
    /// The browser of this leg pressed a key.
    Digit(String, char),
}

type Meters = Arc<Mutex<HashMap<String, Arc<Meter>>>>;

/// The engine, to be told what to do. Clones tell the same one; nothing fails when it has stopped.
#[derive(Clone, Debug)]
pub struct Media {
    commands: mpsc::UnboundedSender<Command>,
    meters: Meters,
    port: u16,
    task: AbortHandle,
}

impl Media {
    /// Binds UDP `port` (0: any that is free) on every address of this machine and starts the clock of 20 ms.
    pub async fn start(port: u16, events: mpsc::UnboundedSender<MediaEvent>) -> io::Result<Self> {
        str0m::crypto::from_feature_flags().install_process_default();
        let (incoming, arrived) = mpsc::channel(PACKETS);
        let ports = Ports::open(port, incoming).await?;
        let port = ports.port();
        let (commands, orders) = mpsc::unbounded_channel();
        let meters = Meters::default();
        let task = tokio::spawn(Engine::new(ports, events).run(orders, arrived, Arc::clone(&meters))).abort_handle();
        Ok(Self { commands, meters, port, task })
    }

    /// Where media arrives.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends all sound and closes the sockets.
    pub fn stop(&self) {
        self.task.abort();
    }

    /// A browser's offer, first or later. Answers the SDP to send back; none when the offer is of the session that stands.
    pub async fn offer(&self, leg: &str, sdp: &str) -> Result<Option<String>, String> {
        let (reply, answer) = oneshot::channel();
        self.meter(leg);
        self.order(Command::Offer { leg: leg.to_owned(), sdp: sdp.to_owned(), reply });
        answer.await.unwrap_or_else(|_| Err("the emulator is stopping".to_owned()))
    }

    /// A browser is called. Answers the offer to send to it.
    pub async fn call(&self, leg: &str) -> Result<String, String> {
        let (reply, offer) = oneshot::channel();
        self.meter(leg);
        self.order(Command::Call { leg: leg.to_owned(), reply });
        offer.await.unwrap_or_else(|_| Err("the emulator is stopping".to_owned()))
    }

    /// The browser that was called sends its answer.
    pub async fn pick_up(&self, leg: &str, sdp: &str) -> Result<(), String> {
        let (reply, done) = oneshot::channel();
        self.order(Command::PickUp { leg: leg.to_owned(), sdp: sdp.to_owned(), reply });
        done.await.unwrap_or_else(|_| Err("the emulator is stopping".to_owned()))
    }

    /// A leg whose party is simulated here.
    pub fn simulate(&self, leg: &str) {
        self.meter(leg);
        self.order(Command::Simulate { leg: leg.to_owned() });
    }

    /// The simulated party says a prompt; returns when it is said to its end, or something else was said instead.
    pub async fn say(&self, leg: &str, prompt: &str) {
        let (done, is_done) = oneshot::channel();
        self.order(Command::Say { leg: leg.to_owned(), clip: Clip::once(prompts::get(prompt)).tell(done) });
        let _cut_off = is_done.await;
    }

    /// The simulated party says a prompt again and again, with `gap` between.
    pub fn repeat(&self, leg: &str, prompt: &str, gap: Duration) {
        self.order(Command::Say { leg: leg.to_owned(), clip: Clip::repeated(prompts::get(prompt), gap) });
    }

    /// The simulated party presses keys, which are heard.
    pub async fn press(&self, leg: &str, digits: &str) {
        let (done, is_done) = oneshot::channel();
        self.order(Command::Say { leg: leg.to_owned(), clip: Clip::once(tone::keys(digits)).tell(done) });
        let _cut_off = is_done.await;
    }

    /// The tone of a voicemail, half a second.
    pub async fn beep(&self, leg: &str) {
        let (done, is_done) = oneshot::channel();
        let clip = Clip::once(tone::beep(Duration::from_millis(500))).tell(done);
        self.order(Command::Say { leg: leg.to_owned(), clip });
        let _cut_off = is_done.await;
    }

    /// The network's ringing is heard where the party will be.
    pub fn ring(&self, leg: &str) {
        self.order(Command::Say { leg: leg.to_owned(), clip: Clip::repeated(tone::ringing(), Duration::ZERO) });
    }

    /// The simulated party picks up: the ringing ends, and from now on it hears and speaks.
    pub fn answer(&self, leg: &str) {
        self.order(Command::Answer { leg: leg.to_owned() });
    }

    /// The simulated party says back what it hears.
    pub fn echo(&self, leg: &str) {
        self.order(Command::Echo { leg: leg.to_owned() });
    }

    /// Plays a sound; returns when it was heard to its end or cut off.
    pub async fn perform(&self, stage: &Stage, samples: Samples) {
        let (done, is_done) = oneshot::channel();
        self.order(Command::Perform { stage: stage.clone(), clip: Clip::once(samples).tell(done) });
        let _cut_off = is_done.await;
    }

    /// Plays a prompt; returns when it was heard to its end or cut off.
    pub async fn tell(&self, stage: &Stage, prompt: &str) {
        self.perform(stage, prompts::get(prompt)).await;
    }

    /// Plays keys as they sound; returns when they were heard.
    pub async fn tell_keys(&self, stage: &Stage, digits: &str) {
        self.perform(stage, tone::keys(digits)).await;
    }

    /// A tone to speak after.
    pub async fn tell_beep(&self, stage: &Stage) {
        self.perform(stage, tone::beep(Duration::from_millis(500))).await;
    }

    /// Music without an end, for somebody who waits.
    pub fn play_music(&self, leg: &str) {
        self.order(Command::Perform { stage: Stage::Music(leg.to_owned()), clip: Clip::repeated(tone::music(), Duration::ZERO) });
    }

    /// What is played there ends now.
    pub fn hush(&self, stage: Stage) {
        self.order(Command::Hush { stage });
    }

    /// From now on the leg hears and is heard in `room`.
    pub fn enter(&self, leg: &str, room: &str) {
        self.order(Command::Enter { leg: leg.to_owned(), room: room.to_owned() });
    }

    /// The leg is in no room, and neither muted nor held.
    pub fn exit(&self, leg: &str) {
        self.order(Command::Exit { leg: leg.to_owned() });
    }

    /// Muted: not heard. Held: not heard and hears nobody. Whoever coaches a leg is heard by that leg alone.
    pub fn restrain(&self, leg: &str, is_muted: bool, is_held: bool, coaches: Option<String>) {
        self.order(Command::Restrain { leg: leg.to_owned(), is_muted, is_held, coaches });
    }

    /// A short tone for everybody in `room`: somebody came or went.
    pub fn announce(&self, room: &str) {
        let clip = Clip::once(tone::beep(Duration::from_millis(200)));
        self.order(Command::Perform { stage: Stage::Room(room.to_owned()), clip });
    }

    /// What the leg says and hears is recorded from now on, until it is over.
    pub fn record(&self, leg: &str, recorder: Recorder) {
        self.order(Command::Record { leg: Some(leg.to_owned()), room: None, recorder });
    }

    /// What is said in the room is recorded from now on, until that is stopped.
    pub fn record_room(&self, room: &str, recorder: Recorder) {
        self.order(Command::Record { leg: None, room: Some(room.to_owned()), recorder });
    }

    /// This share of the packets of sound is lost from now on, both ways.
    pub fn lose(&self, share: f64) {
        self.order(Command::Lose { share });
    }

    /// A recording is over.
    pub fn stop_recording(&self, sid: &str) {
        self.order(Command::StopRecording { sid: sid.to_owned() });
    }

    /// The leg is over, and what was recorded of it; what was measured stays.
    pub fn remove(&self, leg: &str) {
        self.order(Command::Remove { leg: leg.to_owned() });
    }

    /// What was measured of a leg.
    pub fn meter(&self, leg: &str) -> Arc<Meter> {
        let mut meters = self.meters.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(meters.entry(leg.to_owned()).or_default())
    }

    /// Forgets what was measured of a leg.
    pub fn forget(&self, leg: &str) {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner).remove(leg);
    }

    /// Forgets what was measured.
    pub fn forget_all(&self) {
        self.meters.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn order(&self, command: Command) {
        let _stopped = self.commands.send(command);
    }
}

//! The one task that all sound runs on: commands, packets, and a clock of 20 ms.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use str0m::Input;
use str0m::net::{Protocol, Receive, Transmit};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::link::{Heard, Link, Meaning};
use super::meter::Meter;
use super::player::Clip;
use super::ports::{Datagram, Ports};
use super::room::{Hall, Leg, tick};
use super::{Command, MediaEvent, Meters, Stage, tone};

/// All legs and rooms.
pub struct Engine {
    ports: Ports,
    events: mpsc::UnboundedSender<MediaEvent>,
    legs: HashMap<String, Leg>,
    halls: HashMap<String, Hall>,
    /// The share of packets that is lost on purpose.
    loss: f64,
}

impl Engine {
    pub fn new(ports: Ports, events: mpsc::UnboundedSender<MediaEvent>) -> Self {
        Self { ports, events, legs: HashMap::new(), halls: HashMap::new(), loss: 0.0 }
    }

    /// Runs until nobody can command any more.
    pub async fn run(mut self, mut commands: mpsc::UnboundedReceiver<Command>, mut packets: mpsc::Receiver<Datagram>, meters: Meters) {
        let mut clock = tokio::time::interval(Duration::from_millis(20));
        // After a pause what was missed is sent at once: the receiver counts samples, not time.
        clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
        loop {
            tokio::select! {
                command = commands.recv() => {
                    let Some(command) = command else { return };
                    self.obey(command, &meters).await;
                }
                Some(packet) = packets.recv() => self.receive(&packet),
                _ = clock.tick() => self.pass(Instant::now()),
            }
        }
    }

    async fn obey(&mut self, command: Command, meters: &Meters) {
        match command {
            Command::Offer { leg, sdp, reply } => {
                let answer = self.offer(&leg, &sdp, meters).await;
                let _gone = reply.send(answer);
            }
            Command::Call { leg, reply } => {
                let offer = self.call(&leg, meters).await;
                let _gone = reply.send(offer);
            }
            Command::PickUp { leg, sdp, reply } => {
                let link = self.legs.get_mut(&leg).and_then(|leg| leg.link.as_mut());
                let _gone = reply.send(link.map_or_else(|| Err("the call is over".to_owned()), |link| link.picked_up(&sdp)));
            }
            Command::Simulate { leg } => {
                let meter = meter(meters, &leg);
                self.legs.insert(leg, Leg::new(meter));
            }
            Command::Say { leg, clip } => self.with(&leg, |leg| leg.mouth.play(clip)),
            Command::Answer { leg } => self.with(&leg, |leg| {
                leg.mouth.stop();
                leg.is_answered = true;
                // A browser's connection stands when its packets come.
                if leg.link.is_none() {
                    leg.meter.connect(true);
                }
            }),
            Command::Perform { stage, clip } => match stage {
                Stage::Ears(leg) => self.with(&leg, |leg| leg.ears.play(clip)),
                Stage::Music(leg) => self.with(&leg, |leg| leg.music.play(clip)),
                Stage::Room(room) => self.halls.entry(room).or_default().announcement.play(clip),
            },
            Command::Hush { stage } => match stage {
                Stage::Ears(leg) => self.with(&leg, |leg| leg.ears.stop()),
                Stage::Music(leg) => self.with(&leg, |leg| leg.music.stop()),
                Stage::Room(room) => self.halls.entry(room).or_default().announcement.stop(),
            },
            Command::Echo { leg } => self.with(&leg, Leg::start_echo),
            Command::Enter { leg, room } => self.with(&leg, |leg| leg.room = Some(room)),
            Command::Exit { leg } => self.with(&leg, Leg::exit),
            Command::Restrain { leg, is_muted, is_held, coaches } => self.with(&leg, |leg| {
                leg.is_muted = is_muted;
                leg.is_held = is_held;
                leg.coaches = coaches;
            }),
            Command::Record { leg: Some(leg), recorder, .. } => self.with(&leg, |leg| leg.recorders.push(recorder)),
            Command::Record { leg: None, room, recorder } => {
                self.halls.entry(room.unwrap_or_default()).or_default().recorders.push(recorder);
            }
            Command::StopRecording { sid } => {
                self.legs.values_mut().for_each(|leg| leg.recorders.retain(|recorder| recorder.sid != sid));
                self.halls.values_mut().for_each(|hall| hall.recorders.retain(|recorder| recorder.sid != sid));
            }
            Command::Lose { share } => self.loss = share,
            Command::Remove { leg } => {
                if let Some(leg) = self.legs.remove(&leg) {
                    leg.meter.connect(false);
                }
            }
        }
    }

    fn with(&mut self, leg: &str, change: impl FnOnce(&mut Leg)) {
        if let Some(leg) = self.legs.get_mut(leg) {
            change(leg);
        }
    }

    async fn offer(&mut self, name: &str, sdp: &str, meters: &Meters) -> Result<Option<String>, String> {
        let now = Instant::now();
        let addresses = self.ports.addresses().await;
        let existing = self.legs.get_mut(name).and_then(|leg| leg.link.as_mut());
        let meaning = existing.as_ref().map_or(Meaning::Another, |link| link.meaning(sdp));
        let answer = match (meaning, existing) {
            (Meaning::Same, _) => None,
            (Meaning::Restart, Some(link)) => Some(link.negotiate(sdp)?),
            // The first, or the page was loaded again: then the old connection is gone, and the leg stays where it is.
            _ => {
                let (link, answer) = Link::accept(sdp, &addresses, now)?;
                let leg = self.legs.entry(name.to_owned()).or_insert_with(|| Leg::new(meter(meters, name)));
                leg.link = Some(link);
                leg.is_answered = true;
                Some(answer)
            }
        };
        self.drain(now);
        Ok(answer)
    }

    async fn call(&mut self, name: &str, meters: &Meters) -> Result<String, String> {
        let addresses = self.ports.addresses().await;
        let (link, offer) = Link::call(&addresses, Instant::now())?;
        let mut leg = Leg::new(meter(meters, name));
        leg.link = Some(link);
        self.legs.insert(name.to_owned(), leg);
        Ok(offer)
    }

    fn receive(&mut self, packet: &Datagram) {
        if is_lost(self.loss, &packet.bytes) {
            return;
        }
        // What is neither STUN nor DTLS nor RTP is nobody's.
        let Ok(received) = Receive::new(Protocol::Udp, packet.source, packet.destination, &packet.bytes) else { return };
        let input = Input::Receive(packet.at, received);
        let mut links = self.legs.values_mut().filter_map(|leg| leg.link.as_mut());
        if let Some(link) = links.find(|link| link.accepts(&input)) {
            link.take(input);
            self.drain(packet.at);
        }
    }

    fn pass(&mut self, now: Instant) {
        for link in self.legs.values_mut().filter_map(|leg| leg.link.as_mut()) {
            link.take(Input::Timeout(now));
        }
        tick(&mut self.legs, &mut self.halls, now);
        self.drain(now);
    }

    /// Sends what waits, and looks at what was heard.
    fn drain(&mut self, now: Instant) {
        let Self { ports, events, legs, loss, .. } = self;
        let mut keys = Vec::new();
        for (name, leg) in legs {
            let Some(link) = &mut leg.link else { continue };
            let send = |packet: &Transmit| {
                if !is_lost(*loss, &packet.contents) {
                    ports.send(packet.source, packet.destination, &packet.contents);
                }
            };
            for heard in link.drain(now, send) {
                let event = match heard {
                    Heard::Sound(samples) => {
                        leg.meter.received(&samples);
                        continue;
                    }
                    Heard::Digit(digit) => {
                        leg.meter.press(digit);
                        keys.push((name.clone(), leg.room.clone(), digit));
                        MediaEvent::Digit(name.clone(), digit)
                    }
                    Heard::Connected => {
                        leg.meter.connect(true);
                        MediaEvent::Connected(name.clone())
                    }
                    Heard::Lost => {
                        leg.meter.connect(false);
                        MediaEvent::Lost(name.clone())
                    }
                };
                let _stopped = events.send(event);
            }
        }
        for (name, room, digit) in keys {
            self.pass_on(&name, room.as_deref(), digit);
        }
    }

    /// A key that one party presses is heard by the others, and the simulated ones understand it.
    fn pass_on(&mut self, name: &str, room: Option<&str>, digit: char) {
        self.with(name, |leg| leg.mouth.play(Clip::once(tone::keys(&digit.to_string()))));
        for (other, leg) in &self.legs {
            let is_there = room.is_some() && leg.room.as_deref() == room && leg.is_answered;
            if other != name && is_there && leg.link.is_none() {
                leg.meter.press(digit);
            }
        }
    }
}

/// Whether a packet is lost on purpose. Only sound is, which begins with two bits of RTP's version: without the rest there would soon be
/// no connection.
fn is_lost(share: f64, packet: &[u8]) -> bool {
    let is_sound = packet.first().is_some_and(|byte| (128..192).contains(byte));
    is_sound && share > 0.0 && rand::random::<f64>() < share
}

fn meter(meters: &Meters, leg: &str) -> Arc<Meter> {
    let mut meters = meters.lock().unwrap_or_else(PoisonError::into_inner);
    Arc::clone(meters.entry(leg.to_owned()).or_default())
}

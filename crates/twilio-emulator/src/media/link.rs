//! The media connection to one browser: WebRTC by str0m, PCMU and telephone events alone.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Instant;

use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::{Codec, CodecExtra, FormatParams, PayloadParams};
use str0m::media::{Direction, Frequency, MediaData, MediaKind, MediaTime, Mid, Pt};
use str0m::net::Transmit;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig, RtcError};

use super::mixer::{FRAME, Frame, SILENCE};
use super::mulaw;

/// Sound that may wait: a browser's clock is not ours. Older samples are dropped.
const LONGEST_WAIT: usize = FRAME * 10;
/// Sound that has to be there before it is heard, after a gap.
const PRIMED: usize = FRAME * 2;

/// Why an offer cannot be accepted, in words for the journal.
pub type LinkError = String;

/// What a browser's packets brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// ICE and DTLS stand.
    Connected,
    /// Nothing comes any more. May heal.
    Lost,
    /// Samples of one packet.
    Sound(Vec<i16>),
    /// A key was pressed.
    Digit(char),
}

/// One browser.
pub struct Link {
    rtc: Rtc,
    identity: Identity,
    mid: Option<Mid>,
    pcmu: Option<Pt>,
    /// RTP time of the next frame that we send.
    clock: u64,
    waiting: VecDeque<i16>,
    is_primed: bool,
    state: State,
    /// What we offered and the browser has not answered.
    offered: Option<SdpPendingOffer>,
    /// When the last key began; all packets of one key carry that time.
    last_key: Option<MediaTime>,
}

/// Where a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The browser has not come yet.
    Awaited,
    /// Media flows.
    Flows,
    /// Nothing comes any more; it may heal.
    Lost,
    /// It failed for good.
    Broken,
}

/// What tells one peer connection of a browser from another, and one ICE session from the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    fingerprint: String,
    fragment: String,
}

impl Identity {
    /// Of an offer.
    pub fn of(sdp: &str) -> Self {
        let value = |name: &str| sdp.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
        Self { fingerprint: value("a=fingerprint:"), fragment: value("a=ice-ufrag:") }
    }
}

/// What an offer means to a link that stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The same session: nothing to do.
    Same,
    /// The same peer connection looks for another way: an ICE restart.
    Restart,
    /// Another peer connection, such as after the page was loaded again.
    Another,
}

impl Link {
    /// Accepts an offer; answers the SDP to send back. The browser sends no candidates, so we are ICE-lite and offer `addresses`.
    pub fn accept(sdp: &str, addresses: &[SocketAddr], now: Instant) -> Result<(Self, String), LinkError> {
        let mut link = Self::new(addresses, now)?;
        let answer = link.negotiate(sdp)?;
        Ok((link, answer))
    }

    /// Calls a browser; answers the offer to send to it.
    pub fn call(addresses: &[SocketAddr], now: Instant) -> Result<(Self, String), LinkError> {
        let mut link = Self::new(addresses, now)?;
        let mut changes = link.rtc.sdp_api();
        link.mid = Some(changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None));
        let (offer, pending) = changes.apply().ok_or("nothing to offer")?;
        link.offered = Some(pending);
        Ok((link, offer.to_sdp_string()))
    }

    /// The browser that was called answers.
    pub fn picked_up(&mut self, sdp: &str) -> Result<(), LinkError> {
        let answer = SdpAnswer::from_sdp_string(sdp).map_err(|error| error.to_string())?;
        let pending = self.offered.take().ok_or("nothing was offered")?;
        self.identity = Identity::of(sdp);
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(|error| error.to_string())
    }

    fn new(addresses: &[SocketAddr], now: Instant) -> Result<Self, LinkError> {
        // Keys and sound share one numbering, and each is put in order by itself: whoever waits for the numbers between waits for the other's.
        let mut config = RtcConfig::new().set_ice_lite(true).clear_codecs().enable_pcmu(true, false).set_reordering_size_audio(0);
        let format = FormatParams::parse_line("0-16");
        config.codec_config().add_config(101.into(), None, Codec::Tele, Frequency::EIGHT_KHZ, None, format);
        let mut rtc = config.build(now);
        for address in addresses {
            rtc.add_local_candidate(Candidate::host(*address, "udp").map_err(|error| error.to_string())?);
        }
        Ok(Self {
            rtc,
            identity: Identity::of(""),
            mid: None,
            pcmu: None,
            clock: 0,
            waiting: VecDeque::new(),
            is_primed: false,
            state: State::Awaited,
            offered: None,
            last_key: None,
        })
    }

    /// What `sdp` means to this link.
    pub fn meaning(&self, sdp: &str) -> Meaning {
        let other = Identity::of(sdp);
        if other.fingerprint != self.identity.fingerprint {
            Meaning::Another
        } else if other.fragment != self.identity.fragment {
            Meaning::Restart
        } else {
            Meaning::Same
        }
    }

    /// Accepts a further offer of the same peer connection; answers the SDP to send back.
    pub fn negotiate(&mut self, sdp: &str) -> Result<String, LinkError> {
        let offer = SdpOffer::from_sdp_string(sdp).map_err(|error| error.to_string())?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|error| error.to_string())?;
        self.identity = Identity::of(sdp);
        Ok(answer.to_sdp_string())
    }

    /// A packet is for this browser.
    pub fn accepts(&self, input: &Input<'_>) -> bool {
        self.rtc.accepts(input)
    }

    /// Takes a packet, or the passing of time. A packet that cannot be read is dropped, as on any network.
    pub fn take(&mut self, input: Input<'_>) {
        if let Err(error) = self.rtc.handle_input(input) {
            tracing::debug!(%error, "a media packet was dropped");
        }
    }

    /// Media can be sent.
    pub fn is_connected(&self) -> bool {
        matches!(self.state, State::Flows | State::Lost)
    }

    /// Sends 20 ms of sound, when there is a connection.
    pub fn write(&mut self, frame: &Frame, now: Instant) {
        let time = MediaTime::new(self.clock, Frequency::EIGHT_KHZ);
        self.clock += FRAME as u64;
        let Some(writer) = self.mid.filter(|_| self.is_connected()).and_then(|mid| self.rtc.writer(mid)) else { return };
        if self.pcmu.is_none() {
            self.pcmu = writer.payload_params().find(|params| params.spec().codec == Codec::PCMU).map(PayloadParams::pt);
        }
        let Some(pt) = self.pcmu else { return };
        let bytes: Vec<u8> = frame.iter().copied().map(mulaw::encode).collect();
        if let Err(error) = writer.write(pt, now, time, bytes) {
            tracing::debug!(%error, "sound could not be sent");
        }
    }

    /// The next 20 ms of what the browser says. Silence until enough waits to bridge an uneven network.
    pub fn read(&mut self) -> Frame {
        if self.waiting.len() < FRAME {
            self.is_primed = false;
        } else if self.waiting.len() >= PRIMED {
            self.is_primed = true;
        }
        if !self.is_primed {
            return SILENCE;
        }
        let mut frame = SILENCE;
        for (to, from) in frame.iter_mut().zip(self.waiting.drain(..FRAME)) {
            *to = from;
        }
        frame
    }

    /// Sends what waits to be sent, by `send`, and tells what was heard.
    pub fn drain(&mut self, now: Instant, mut send: impl FnMut(&Transmit)) -> Vec<Heard> {
        let mut heard = Vec::new();
        let mut is_late = false;
        while self.state != State::Broken {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(packet)) => send(&packet),
                Ok(Output::Event(event)) => self.hear(event, &mut heard),
                // What was written is only made into packets when time passes, which may be now.
                Ok(Output::Timeout(at)) if at <= now && !is_late => {
                    is_late = true;
                    self.take(Input::Timeout(now));
                }
                Ok(Output::Timeout(_)) => break,
                // It is dropped, and what follows is not: Chromium fills its packets up with the kind that it sent last, also a key that is
                // none.
                Err(error @ RtcError::Packet(..)) => tracing::debug!(%error, "a media packet was dropped"),
                Err(error) => {
                    tracing::debug!(%error, "the media connection failed");
                    self.state = State::Broken;
                    heard.push(Heard::Lost);
                }
            }
        }
        heard
    }

    fn hear(&mut self, event: Event, heard: &mut Vec<Heard>) {
        match event {
            Event::Connected => {
                self.state = State::Flows;
                heard.push(Heard::Connected);
            }
            Event::IceConnectionStateChange(ice) if self.state == State::Flows && ice.is_disconnected() => {
                self.state = State::Lost;
                heard.push(Heard::Lost);
            }
            Event::IceConnectionStateChange(ice) if self.state == State::Lost && ice.is_connected() => {
                self.state = State::Flows;
                heard.push(Heard::Connected);
            }
            Event::MediaAdded(media) if media.kind == MediaKind::Audio => self.mid = Some(media.mid),
            Event::MediaData(data) => self.hear_media(&data, heard),
            _ => {}
        }
    }

    fn hear_media(&mut self, data: &MediaData, heard: &mut Vec<Heard>) {
        if let CodecExtra::Tele(event) = data.codec_extra {
            // A key is reported many times, and its end three times; all carry the time of its beginning.
            if self.last_key != Some(data.time)
                && let Some(digit) = "0123456789*#ABCD".chars().nth(usize::from(event.event))
            {
                heard.push(Heard::Digit(digit));
            }
            self.last_key = Some(data.time);
        } else if data.params.spec().codec == Codec::PCMU {
            let samples: Vec<i16> = data.data.iter().copied().map(mulaw::decode).collect();
            self.waiting.extend(&samples);
            let excess = self.waiting.len().saturating_sub(LONGEST_WAIT);
            self.waiting.drain(..excess);
            heard.push(Heard::Sound(samples));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_is_known_by_its_certificate_and_its_ice_session() {
        let sdp = |fingerprint: &str, fragment: &str| format!("v=0\r\na=ice-ufrag:{fragment}\r\na=fingerprint:sha-256 {fingerprint}\r\n");
        let first = Identity::of(&sdp("AA:BB", "abcd"));

        assert_eq!(first, Identity { fingerprint: "sha-256 AA:BB".to_owned(), fragment: "abcd".to_owned() });
        assert_ne!(first, Identity::of(&sdp("AA:BB", "efgh")));
        assert_ne!(first, Identity::of(&sdp("CC:DD", "abcd")));
    }

    #[test]
    fn what_is_no_offer_is_refused() {
        str0m::crypto::from_feature_flags().install_process_default();
        assert!(Link::accept("not an offer", &[], Instant::now()).is_err());
    }
}

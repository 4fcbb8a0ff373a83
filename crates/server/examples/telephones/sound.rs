//! An agent's sound: a WebRTC connection of its own, with a packet every 20 ms both ways. No browser.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::format::Codec;
use str0m::media::{Direction, Frequency, MediaKind, MediaTime, Mid};
use str0m::net::{Protocol, Receive};
use str0m::{Candidate, Event, Input, Output, Rtc, RtcConfig};
use tokio::net::UdpSocket;
use tokio::time::{MissedTickBehavior, interval};

/// 20 ms at 8 kHz.
const FRAME: usize = 160;
/// A mu-law tone of 500 Hz: 16 samples a wave.
const WAVE: [u8; 16] = [0xff, 0xa9, 0x9c, 0x97, 0x96, 0x97, 0x9c, 0xa9, 0x7f, 0x29, 0x1c, 0x17, 0x16, 0x17, 0x1c, 0x29];

/// Packets that an agent has sent and heard.
#[derive(Debug, Default)]
pub struct Meter {
    /// Said.
    pub sent: AtomicU64,
    /// Heard.
    pub received: AtomicU64,
}

/// A connection that is offered and not answered yet.
pub struct Offered {
    rtc: Rtc,
    pending: SdpPendingOffer,
    mid: Mid,
    /// To be sent to the carrier.
    pub sdp: String,
}

/// Offers sound.
pub fn offer() -> anyhow::Result<Offered> {
    let mut rtc = RtcConfig::new().clear_codecs().enable_pcmu(true, false).build(Instant::now());
    let mut changes = rtc.sdp_api();
    let mid = changes.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
    let (offer, pending) = changes.apply().context("nothing is offered")?;
    Ok(Offered { rtc, pending, mid, sdp: offer.to_sdp_string() })
}

/// Talks and listens until it is dropped.
pub async fn talk(offered: Offered, answer: &str, meter: Arc<Meter>) -> anyhow::Result<()> {
    let Offered { mut rtc, pending, mid, .. } = offered;
    // a=candidate:<foundation> 1 udp <priority> <address> <port> typ host
    let there = answer.lines().find_map(|line| line.strip_prefix("a=candidate:")).context("no candidate")?;
    let there = there.split(' ').nth(4).context("no address")?;
    let socket = UdpSocket::bind((there, 0)).await?;
    let here = socket.local_addr()?;
    rtc.add_local_candidate(Candidate::host(here, "udp")?);
    rtc.sdp_api().accept_answer(pending, SdpAnswer::from_sdp_string(answer)?)?;

    let mut sound = interval(Duration::from_millis(20));
    sound.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut bytes, mut clock, mut is_connected) = (vec![0; 2_000], 0_u64, false);
    loop {
        let wait = loop {
            match rtc.poll_output()? {
                Output::Transmit(packet) => {
                    socket.send_to(&packet.contents, packet.destination).await?;
                }
                Output::Event(Event::Connected) => is_connected = true,
                Output::Event(Event::MediaData(_)) => {
                    meter.received.fetch_add(1, Ordering::Relaxed);
                }
                Output::Event(_) => {}
                Output::Timeout(at) => break at,
            }
        };
        tokio::select! {
            received = socket.recv_from(&mut bytes) => {
                let (length, source): (usize, SocketAddr) = received?;
                if let Ok(received) = Receive::new(Protocol::Udp, source, here, &bytes[..length]) {
                    rtc.handle_input(Input::Receive(Instant::now(), received))?;
                }
            }
            _ = sound.tick(), if is_connected => {
                let writer = rtc.writer(mid).context("no sound was agreed on")?;
                let pt = writer.payload_params().find(|params| params.spec().codec == Codec::PCMU).context("no PCMU")?.pt();
                let frame: Vec<u8> = WAVE.iter().copied().cycle().take(FRAME).collect();
                writer.write(pt, Instant::now(), MediaTime::new(clock, Frequency::EIGHT_KHZ), frame)?;
                clock += FRAME as u64;
                meter.sent.fetch_add(1, Ordering::Relaxed);
                rtc.handle_input(Input::Timeout(Instant::now()))?;
            }
            () = tokio::time::sleep_until(wait.into()) => rtc.handle_input(Input::Timeout(Instant::now()))?,
        }
    }
}

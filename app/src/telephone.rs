//! The telephone of this browser: the carrier's Voice SDK, behind `public/telephone.js`. It carries sound and nothing else: where a
//! call stands is what the server says.

mod browser;
mod devices;
mod echo;
mod line;
mod quality;
mod silence;
mod sound;

use std::ops::Deref;
use std::time::Duration;

use calls::VoiceToken;
use kernel::{CallId, WireError};
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

pub(crate) use browser::{checked, touched};
pub(crate) use devices::{Devices, Use};
pub(crate) use echo::Echo;
pub(crate) use line::{Line, Microphone, NotReady, error_words};
pub(crate) use quality::{Link, Way};
pub(crate) use silence::{Counters, Trouble};

use crate::parts::SOUND;
use crate::state::clock::now_millis;
use crate::state::session::Session;
use crate::state::slot::Slot;
use quality::Quality;
use silence::Silence;

const SCRIPT: &str = "/telephone.js";
/// After a failed attempt to get a new token, the next one.
const TOKEN_RETRY: Duration = Duration::from_secs(10);

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn listen(tell: &Closure<dyn FnMut(String, f64, f64, f64, f64)>);
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn start(token: &str, local_carrier: Option<String>) -> js_sys::Promise;
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn refresh(token: &str);
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn connect(name: &str, id: &str) -> js_sys::Promise;
    #[wasm_bindgen(js_namespace = dialler_telephone, js_name = willBe)]
    fn will_be(id: &str);
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn disconnect();
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn mute(is_muted: bool);
    #[wasm_bindgen(js_namespace = dialler_telephone, js_name = sendDigits)]
    fn send_digits(digits: &str);
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn look();
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn devices() -> js_sys::Array;
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn choose(microphone: &str, speaker: &str, ringtone: &str);
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn allow() -> js_sys::Promise;
    #[wasm_bindgen(js_namespace = dialler_telephone, js_name = meterOn)]
    fn meter_on() -> js_sys::Promise;
    #[wasm_bindgen(js_namespace = dialler_telephone, js_name = meterOff)]
    fn meter_off();
    #[wasm_bindgen(js_namespace = dialler_telephone, js_name = playSound)]
    fn play_sound() -> js_sys::Promise;
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn echo() -> js_sys::Promise;
    #[wasm_bindgen(js_namespace = dialler_telephone, js_name = echoOff)]
    fn echo_off();
    #[wasm_bindgen(js_namespace = dialler_telephone, js_name = ring)]
    fn ring(is_on: bool);
    #[wasm_bindgen(js_namespace = dialler_telephone)]
    fn notifications() -> String;
    #[wasm_bindgen(js_namespace = dialler_telephone, js_name = askToNotify)]
    fn ask_to_notify() -> js_sys::Promise;
}

/// The line that this supervisor listens by is their own call's from now on.
pub(crate) fn line_will_be_of(call: CallId) {
    will_be(&call.to_string());
}

/// The telephone, for all screens. There is one for as long as the page is there, so that it is small to hand around.
#[derive(Clone, Copy)]
pub(crate) struct Telephone(&'static Parts);

impl Deref for Telephone {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        self.0
    }
}

/// What it is made of.
pub(crate) struct Parts {
    /// The connection to the carrier.
    pub(crate) line: Slot<Line>,
    /// What is known of the microphone.
    pub(crate) microphone: Slot<Microphone>,
    /// How loud it is, of 100.
    pub(crate) level: Slot<u32>,
    /// The same of the person in a call, as it comes in here.
    pub(crate) person_level: Slot<u32>,
    /// Which microphone and outputs there are.
    pub(crate) devices: Slot<Devices>,
    /// The names of those that were chosen, in the order of [`Use::ALL`]; nothing is whatever the system uses.
    chosen: Slot<[String; 3]>,
    /// Their ids, as the script was told.
    ids: Slot<[String; 3]>,
    /// Which of them the browser did not use when it was asked to.
    refused: Slot<[bool; 3]>,
    /// How far the echo is.
    pub(crate) echo: Slot<Echo>,
    /// Where they are chosen is on the screen.
    pub(crate) is_sound_open: RwSignal<bool>,
    /// This browser is on the line of a call.
    pub(crate) is_on_line: RwSignal<bool>,
    /// When its leg was over last.
    pub(crate) left_at: Slot<f64>,
    /// As the SDK confirmed it; what was asked for is not shown (lessons, line 24).
    pub(crate) is_muted: RwSignal<bool>,
    /// The check is in the place of everything else.
    pub(crate) is_being_checked: RwSignal<bool>,
    /// The browser has no network.
    pub(crate) is_offline: RwSignal<bool>,
    /// The connection of the call was lost and is being made again.
    pub(crate) is_reconnecting: RwSignal<bool>,
    /// What has gone through.
    pub(crate) counters: Slot<Counters>,
    /// Connected, but no sound.
    pub(crate) trouble: Slot<Option<Trouble>>,
    /// What the SDK finds wrong with the connection of the call.
    quality: Slot<Quality>,
    /// Counts up when this browser's leg is over.
    pub(crate) leg_ended: Slot<u32>,
    /// The newest error of a call: its code, and how many there were before.
    pub(crate) call_error: Slot<Option<(u32, u32)>>,
    silence: Slot<Silence>,
    /// The token has run for half its life. It is replaced between calls.
    is_token_old: Slot<bool>,
    tokens: Slot<u32>,
    is_loaded: Slot<bool>,
    is_to_ring: Slot<bool>,
    session: Session,
}

impl Telephone {
    /// What it is made of, for whoever looks at one thing of it.
    pub(crate) const fn parts(self) -> &'static Parts {
        self.0
    }

    /// A telephone that nobody has needed yet.
    pub(crate) fn new(session: Session) -> Self {
        let telephone = Self(Box::leak(Box::new(Parts {
            line: Slot::new(Line::Off),
            microphone: Slot::new(Microphone::Unknown),
            level: Slot::new(0),
            person_level: Slot::new(0),
            devices: Slot::new(Devices::default()),
            chosen: Slot::new(Use::ALL.map(devices::kept)),
            ids: Slot::new(Default::default()),
            refused: Slot::new([false; 3]),
            echo: Slot::new(Echo::Idle),
            is_sound_open: RwSignal::new(false),
            is_on_line: RwSignal::new(false),
            left_at: Slot::new(f64::NEG_INFINITY),
            is_muted: RwSignal::new(false),
            is_being_checked: RwSignal::new(false),
            is_offline: RwSignal::new(false),
            is_reconnecting: RwSignal::new(false),
            counters: Slot::new(Counters::default()),
            trouble: Slot::new(None),
            quality: Slot::new(Quality::default()),
            leg_ended: Slot::new(0),
            call_error: Slot::new(None),
            silence: Slot::new(Silence::default()),
            is_token_old: Slot::new(false),
            tokens: Slot::new(0),
            is_loaded: Slot::new(false),
            is_to_ring: Slot::new(false),
            session,
        })));
        telephone.watch_network();
        telephone
    }

    /// A call that was lost with the network is taken up by the SDK. A line that carries none is made anew at once.
    fn watch_network(self) {
        let lost = window_event_listener(ev::offline, move |_| self.is_offline.set(true));
        let found = window_event_listener(ev::online, move |_| {
            self.is_offline.set(false);
            if matches!(self.line.get_untracked(), Line::Offline(_)) && !self.is_on_line.get_untracked() {
                spawn_local(async move {
                    // The light says when it fails, and Call tries again.
                    let _ = self.start().await;
                });
            }
        });
        on_cleanup(move || {
            lost.remove();
            found.remove();
        });
    }

    /// Connects to the carrier anew. Answers how many milliseconds that took.
    pub(crate) async fn start(self) -> Result<u32, NotReady> {
        self.line.set(Line::Connecting);
        let started = self.try_start().await;
        if let Err(error) = &started {
            let code = if let NotReady::Carrier(code) = error { *code } else { 0 };
            self.line.set(Line::Offline(code));
        }
        started
    }

    async fn try_start(self) -> Result<u32, NotReady> {
        self.load().await?;
        let token = self.ask_token().await.map_err(NotReady::Server)?;
        let millis = JsFuture::from(start(&token.token, token.local_carrier)).await.map_err(|code| NotReady::Carrier(number(&code)))?;
        self.line.set(Line::Ready);
        Ok(number(&millis))
    }

    /// Adds the script when it is first needed; it is no part of the first load.
    async fn load(self) -> Result<(), NotReady> {
        if self.is_loaded.get_untracked() {
            return Ok(());
        }
        let loaded = js_sys::Promise::new(&mut |resolve, reject| {
            let script = document().create_element("script").ok().and_then(|script| script.dyn_into::<web_sys::HtmlScriptElement>().ok());
            if let (Some(script), Some(head)) = (script, document().head()) {
                script.set_src(SCRIPT);
                script.set_onload(Some(&resolve));
                script.set_onerror(Some(&reject));
                // It fails only when the document is gone.
                let _ = head.append_child(&script);
            }
        });
        JsFuture::from(loaded).await.map_err(|_| NotReady::Carrier(0))?;
        if !self.is_loaded.get_untracked() {
            self.is_loaded.set(true);
            let tell = Closure::new(move |what: String, a, b, c, d| self.told(&what, a, b, c, d));
            listen(&tell);
            // For as long as the page is there.
            tell.forget();
            look();
            SOUND.fetch_ahead();
        }
        Ok(())
    }

    async fn ask_token(self) -> Result<VoiceToken, WireError> {
        let token = calls::voice_token().await.inspect_err(|error| self.session.noticed(error))?;
        self.is_token_old.set(false);
        let number = self.tokens.get_untracked() + 1;
        self.tokens.set(number);
        let half = Duration::from_secs(u64::try_from(token.seconds / 2).unwrap_or(0));
        set_timeout(
            move || {
                if self.tokens.get_untracked() == number {
                    self.is_token_old.set(true);
                    self.refresh_if_due();
                }
            },
            half,
        );
        Ok(token)
    }

    /// lessons, line 21: the token died after an hour. Replaced well before, and never during a call.
    fn refresh_if_due(self) {
        if !self.is_token_old.get_untracked() || self.is_on_line.get_untracked() || self.line.get_untracked() == Line::Off {
            return;
        }
        spawn_local(async move {
            match self.ask_token().await {
                Ok(token) if self.line.get_untracked() == Line::Ready => refresh(&token.token),
                // The line is made anew with a token of its own.
                Ok(_) => {}
                Err(_) => set_timeout(move || self.refresh_if_due(), TOKEN_RETRY),
            }
        });
    }

    /// Makes sure that a call can be made now: connected, and the microphone may be used.
    pub(crate) async fn be_ready(self) -> Result<(), NotReady> {
        if self.line.get_untracked() != Line::Ready {
            self.start().await?;
        }
        JsFuture::from(allow()).await.map_err(|why| NotReady::Microphone(microphone(&why)))?;
        Ok(())
    }

    /// Connects this browser's leg of a call, once (lessons, line 20).
    pub(crate) async fn connect(self, call: CallId) -> Result<(), u32> {
        self.connect_as("call_id", &call.to_string()).await
    }

    /// The same of a supervisor who listens to somebody's call.
    pub(crate) async fn connect_to_listen(self, monitoring: &str) -> Result<(), u32> {
        self.connect_as("monitoring_id", monitoring).await
    }

    async fn connect_as(self, name: &str, id: &str) -> Result<(), u32> {
        self.is_muted.set(false);
        self.is_reconnecting.set(false);
        self.counters.set(Counters::default());
        self.trouble.set(None);
        self.quality.set(Quality::default());
        self.is_on_line.set(true);
        let result = JsFuture::from(connect(name, id)).await;
        result.map(|_| ()).map_err(|code| {
            self.is_on_line.set(false);
            number(&code)
        })
    }

    /// The person has answered: from now on silence means something.
    pub(crate) fn is_connected(self) {
        let last = self.counters.get_untracked();
        self.silence.set(Silence::since(last));
        self.trouble.set(None);
    }

    /// Rings until it is told to stop.
    pub(crate) fn ring(self, is_on: bool) {
        self.is_to_ring.set(is_on);
        if !is_on && !self.is_loaded.get_untracked() {
            return;
        }
        spawn_local(async move {
            // What cannot be loaded makes no sound; the screen says it all the same.
            if self.load().await.is_ok() {
                ring(self.is_to_ring.get_untracked());
            }
        });
    }

    /// May a notification say that somebody rings: the browser's word for it. None while the script cannot be loaded.
    pub(crate) async fn notifications(self) -> Option<String> {
        self.load().await.ok().map(|()| notifications())
    }

    /// Asks whether it may, in a press. What was answered is what [`Self::notifications`] says next.
    pub(crate) async fn ask_to_notify(self) {
        if self.load().await.is_ok() {
            // Closing the question without an answer is an answer, too.
            let _ = JsFuture::from(ask_to_notify()).await;
        }
    }

    /// Leaves the call.
    pub(crate) fn disconnect(self) {
        if self.is_on_line.get_untracked() {
            disconnect();
        }
    }

    /// Asks the SDK to mute, or not to.
    pub(crate) fn mute(self, is_muted: bool) {
        if self.is_on_line.get_untracked() {
            mute(is_muted);
        }
    }

    /// Presses keys.
    pub(crate) fn send_digits(self, digits: &str) {
        if self.is_on_line.get_untracked() {
            send_digits(digits);
        }
    }

    fn told(self, what: &str, a: f64, b: f64, c: f64, d: f64) {
        match what {
            "connecting" => self.line.set(Line::Connecting),
            "ready" => self.line.set(Line::Ready),
            "offline" => self.line.set(Line::Offline(0)),
            "microphone" => self.microphone.set(Microphone::from_number(a)),
            "level" => self.levels_are(whole(a), whole(b)),
            "devices" => self.devices_are(&devices(), a > 0.0),
            "echoing" => self.echo.set(Echo::Playing),
            "used" => self.was_used(whole(a), b > 0.0),
            "muted" => self.is_muted.set(a > 0.0),
            "reconnecting" => self.is_reconnecting.set(true),
            "reconnected" => self.is_reconnecting.set(false),
            "sample" => self.sampled(Counters { packets_in: a, packets_out: b, energy_in: c, energy_out: d }),
            "call_error" => {
                let before = self.call_error.get_untracked().map_or(0, |(_, before)| before + 1);
                self.call_error.set(Some((whole(a), before)));
            }
            "ended" => {
                // First, so that nobody sees a line that is gone without knowing since when.
                self.left_at.set(now_millis());
                self.is_on_line.set(false);
                self.is_muted.set(false);
                self.is_reconnecting.set(false);
                self.trouble.set(None);
                self.levels_are(0, 0);
                self.leg_ended.set(self.leg_ended.get_untracked() + 1);
                self.refresh_if_due();
            }
            // “accepted” proves nothing (lessons, line 23); an error of the line shows in what becomes of it.
            _ => {
                if let Some(quality) = self.quality.get_untracked().told(what, a > 0.0) {
                    self.quality.set(quality);
                }
            }
        }
    }

    /// What is known about the way to the carrier.
    pub(crate) fn way(self) -> Way {
        Way {
            link: match (self.is_offline.get(), self.is_reconnecting.get()) {
                (true, _) => Link::NoNetwork,
                (false, true) => Link::Reconnecting,
                (false, false) => Link::Holds,
            },
            is_on_line: self.is_on_line.get(),
            is_muted: self.is_muted.get(),
            trouble: self.trouble.get(),
            quality: self.quality.get(),
        }
    }

    fn levels_are(self, mine: u32, theirs: u32) {
        self.level.set(mine);
        self.person_level.set(theirs);
    }

    fn sampled(self, now: Counters) {
        let silence = self.silence.get_untracked().hear(now, self.is_muted.get_untracked());
        self.silence.set(silence);
        self.counters.set(now);
        self.trouble.set(silence.trouble());
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers from our own script; the cast clamps")]
const fn whole(number: f64) -> u32 {
    number as u32
}

fn number(value: &JsValue) -> u32 {
    whole(value.as_f64().unwrap_or(0.0))
}

fn microphone(value: &JsValue) -> Microphone {
    match value.as_f64().map(Microphone::from_number) {
        Some(why @ (Microphone::Refused | Microphone::Missing)) => why,
        _ => Microphone::Failed,
    }
}

use leptos::html::H1;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::card::{CARD, card_header};
use super::device_choice::device_choice;
use super::icon::{Icon, icon};
use super::level::Level;
use crate::state::slot::Slot;
use crate::telephone::{Telephone, Use};

/// As loud as this, of 100, somebody speaks; so many times in a row, ten a second.
const SPEAKING: u32 = 35;
const ENOUGH: u32 = 3;
/// Above this many milliseconds the connection is slow.
const SLOW: u32 = 2_000;

/// How far one of the three is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Not known yet, and what is waited for.
    Waiting(&'static str),
    /// It works: for the badge, and more about it.
    Works(&'static str, String),
    /// It does not, and what to do.
    Fails(String),
}

impl Found {
    const fn works(&self) -> bool {
        matches!(self, Self::Works(..))
    }
}

/// What the check has found so far.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    microphone: &'static Slot<Found>,
    speaker: &'static Slot<Found>,
    network: &'static Slot<Found>,
}

impl Check {
    /// Nothing is known yet. There is one for as long as the page is there.
    pub(crate) fn new() -> Self {
        let waiting = || -> &'static Slot<Found> { Box::leak(Box::new(Slot::new(Found::Waiting("")))) };
        Self { microphone: waiting(), speaker: waiting(), network: waiting() }
    }

    fn begin(self) {
        self.microphone.set(Found::Waiting("Say something"));
        self.speaker.set(Found::Waiting("Not played yet"));
        self.network.set(Found::Waiting("Connecting"));
    }

    /// What has not been found to work yet.
    pub(crate) fn missing(self) -> Option<&'static str> {
        let parts = [("First the microphone", self.microphone), ("First the speaker", self.speaker), ("First the network", self.network)];
        parts.into_iter().find(|(_, found)| !found.with(Found::works)).map(|(words, _)| words)
    }
}

/// How many times in a row somebody was heard.
const fn heard(before: u32, level: u32) -> u32 {
    if level >= SPEAKING { before + 1 } else { 0 }
}

/// How loud that is, in words.
const fn loudness(level: u32) -> &'static str {
    match level {
        0..=5 => "nothing yet",
        6..SPEAKING => "quiet",
        SPEAKING..=90 => "clear, not too loud",
        _ => "very loud",
    }
}

/// How good the connection is, in words.
fn network_words(millis: u32) -> String {
    let verdict = if millis > SLOW { "Slow, but the carrier answers" } else { "The carrier answers" };
    format!("{verdict}: connected and signed in after {millis} ms.")
}

/// Microphone, speaker and network, before the first call of a day.
#[component]
pub(crate) fn TelephoneCheck() -> impl IntoView {
    let telephone = expect_context::<Telephone>();
    let check = expect_context::<Check>();
    check.begin();
    let spoken = StoredValue::new(0);
    // Also of another microphone, which nobody has been heard in yet.
    let listen = move || {
        spoken.set_value(0);
        check.microphone.set(Found::Waiting("Say something"));
        spawn_local(async move {
            if let Err(why) = telephone.listen().await {
                let words = why.advice().unwrap_or("The telephone could not be loaded. Look at the network, then try again.");
                check.microphone.set(Found::Fails(words.to_owned()));
            }
        });
    };
    let connect = move || {
        check.network.set(Found::Waiting("Connecting"));
        spawn_local(async move {
            let found = match telephone.start().await {
                Ok(millis) => Found::Works("Good", network_words(millis)),
                Err(error) => Found::Fails(error.words()),
            };
            check.network.set(found);
        });
    };
    listen();
    connect();
    Effect::new(move |_| {
        let level = telephone.level.get();
        spoken.update_value(|spoken| *spoken = heard(*spoken, level));
        if spoken.get_value() >= ENOUGH && matches!(check.microphone.get_untracked(), Found::Waiting(_)) {
            check.microphone.set(Found::Works("We can hear you", String::new()));
        }
    });
    on_cleanup(move || telephone.stop_listening());
    let heading = NodeRef::<H1>::new();
    heading.on_load(|heading| {
        // The heading is not in the document yet.
        request_animation_frame(move || {
            let _ = heading.focus();
        });
    });
    let step = move |word: &'static str, found: &'static Slot<Found>| {
        view! {
            <li class="flex items-center gap-2.5">
                {move || {
                    let (class, glyph, state) = found.with(|found| match found {
                        Found::Works(..) => ("text-success", Icon::CircleCheck, "works"),
                        Found::Fails(_) => ("text-error", Icon::TriangleAlert, "does not work"),
                        Found::Waiting(_) => ("text-primary", Icon::CircleDot, "not yet"),
                    });
                    view! { <span class=class>{icon(glyph, "size-5")}</span> {word} <span class="sr-only">{format!(": {state}")}</span> }
                }}
            </li>
        }
    };
    view! {
        <div class="h-full overflow-y-auto">
            <div class="mx-auto grid max-w-5xl gap-6 p-6 lg:grid-cols-[13rem_minmax(0,1fr)]">
                <div>
                    <h1 class="text-xl leading-7 font-semibold tracking-tight" tabindex="-1" node_ref=heading>"Check your telephone"</h1>
                    <p class="mt-1 text-dense text-muted">"About ten seconds, once a day."</p>
                    <ol class="mt-5 flex flex-col gap-3">
                        {step("Microphone", check.microphone)} {step("Speaker", check.speaker)} {step("Network", check.network)}
                    </ol>
                </div>
                <div class="flex flex-col gap-3">
                    <section class=CARD aria-labelledby="microphone">
                        {card_header(Icon::Mic, "microphone", "Microphone".into(), String::new(), verdict(check.microphone))}
                        <div class="p-4">
                            <div class="grid gap-4 sm:grid-cols-[16rem_minmax(0,1fr)]">
                                {device_choice(telephone, Use::Microphone, Some(Callback::new(move |()| listen())))}
                                <div>
                                    <p class="mb-1.5 flex justify-between text-dense">
                                        <span class="font-medium">"Say “one, two, three”"</span> <span class="text-muted">{move || loudness(telephone.level.get())}</span>
                                    </p>
                                    <Level telephone />
                                </div>
                            </div>
                            {advice(check.microphone, Callback::new(move |()| listen()))}
                            {echo(telephone)}
                        </div>
                    </section>
                    <Speaker telephone check />
                    <section class=CARD aria-labelledby="network">
                        {card_header(Icon::Wifi, "network", "Network".into(), String::new(), verdict(check.network))}
                        <div class="p-4">
                            <p class="text-dense">{move || check.network.with(|found| if let Found::Works(_, words) = found { words.clone() } else { String::new() })}</p>
                            {advice(check.network, Callback::new(move |()| connect()))}
                        </div>
                    </section>
                    <p class="text-dense text-muted">"The light “Telephone” at the top opens this again; “Microphone” shows the devices, also in a call."</p>
                </div>
            </div>
        </div>
    }
}

/// The agent's own voice, for whoever wants to know how they sound.
fn echo(telephone: Telephone) -> impl IntoView {
    on_cleanup(move || telephone.stop_echo());
    view! {
        <div class="mt-4 flex flex-wrap items-center gap-x-3 gap-y-2 border-t border-base-300 pt-4">
            <button
                type="button"
                class="btn"
                aria-disabled=move || if telephone.echo.get().is_busy() { "true" } else { "false" }
                on:click=move |_| spawn_local(telephone.hear_echo())
            >
                {icon(Icon::Headphones, "size-4")} "Hear yourself"
            </button>
            <p class="min-w-0 flex-1 text-dense text-muted" role="status" data-testid="echo">{move || telephone.echo.get().words()}</p>
        </div>
    }
}

/// A sound, and whether it was heard.
#[component]
fn Speaker(telephone: Telephone, check: Check) -> impl IntoView {
    let is_playing = RwSignal::new(false);
    let was_played = RwSignal::new(false);
    let play = move || {
        if is_playing.get_untracked() {
            return;
        }
        is_playing.set(true);
        check.speaker.set(Found::Waiting("Waiting for your answer"));
        spawn_local(async move {
            let is_played = telephone.play_sound().await;
            let _ = is_playing.try_set(false);
            let _ = was_played.try_set(true);
            if !is_played {
                check.speaker.set(Found::Fails("The sound could not be played. Load the page again.".to_owned()));
            }
        });
    };
    // What was heard in another one says nothing of this one.
    let chosen_anew = Callback::new(move |()| check.speaker.set(Found::Waiting("Not played yet")));
    let no = "Look that the headset is plugged in and is this computer's sound output, and turn the volume up. Then play the sound again.";
    view! {
        <section class=CARD aria-labelledby="speaker">
            {card_header(Icon::Volume, "speaker", "Speaker".into(), String::new(), verdict(check.speaker))}
            <div class="p-4">
                <div class="grid gap-4 sm:grid-cols-2">
                    {device_choice(telephone, Use::Speaker, Some(chosen_anew))} {device_choice(telephone, Use::Ringtone, None)}
                </div>
                <div class="mt-4 flex flex-wrap items-center gap-2 border-t border-base-300 pt-4">
                    <button type="button" class="btn" aria-disabled=move || if is_playing.get() { "true" } else { "false" } on:click=move |_| play()>
                        {icon(Icon::Volume, "size-4")}
                        {move || match (is_playing.get(), was_played.get()) {
                            (true, _) => "Playing…",
                            (false, true) => "Play the sound again",
                            (false, false) => "Play a sound",
                        }}
                    </button>
                    {move || was_played.get().then(|| view! {
                        <div class="ml-auto flex flex-wrap items-center gap-2" role="group" aria-labelledby="did-you-hear">
                            <span class="mr-1 font-semibold" id="did-you-hear">"Did you hear it?"</span>
                            <button type="button" class="btn min-w-16" on:click=move |_| check.speaker.set(Found::Works("You can hear us", String::new()))>"Yes"</button>
                            <button type="button" class="btn min-w-16" on:click=move |_| check.speaker.set(Found::Fails(no.to_owned()))>"No"</button>
                        </div>
                    })}
                </div>
                {move || check.speaker.with(|found| if let Found::Fails(words) = found { Some(fault(words)) } else { None })}
            </div>
        </section>
    }
}

/// The badge of a card.
fn verdict(found: &'static Slot<Found>) -> impl IntoView {
    move || {
        let (class, glyph, words) = found.with(|found| match found {
            Found::Waiting(words) => ("badge badge-sm badge-soft badge-primary whitespace-nowrap", Icon::CircleDot, *words),
            Found::Works(words, _) => ("badge badge-sm badge-soft badge-success whitespace-nowrap", Icon::CircleCheck, *words),
            Found::Fails(_) => ("badge badge-sm badge-soft badge-error whitespace-nowrap", Icon::TriangleAlert, "Does not work"),
        });
        view! { <span class=class role="status">{icon(glyph, "size-3.5")} {words}</span> }
    }
}

fn fault(words: &str) -> impl IntoView + use<> {
    view! {
        <p class="mt-3 flex gap-2 text-dense text-error" role="alert">
            <span class="mt-px">{icon(Icon::TriangleAlert, "size-4")}</span>
            <span>{words.to_owned()}</span>
        </p>
    }
}

/// What to do about it, and trying again.
fn advice(found: &'static Slot<Found>, again: Callback<()>) -> impl IntoView {
    move || {
        found.with(|found| {
            let Found::Fails(words) = found else { return None };
            Some(view! {
                {fault(words)}
                <button type="button" class="btn btn-sm mt-3" on:click=move |_| again.run(())>{icon(Icon::RefreshCw, "size-4")} "Try again"</button>
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_click_is_not_a_voice() {
        let run = |levels: &[u32]| levels.iter().fold(0, |before, level| heard(before, *level));

        assert!(run(&[0, 90, 0]) < ENOUGH);
        assert!(run(&[10, 60, 62, 58]) >= ENOUGH);
    }

    #[test]
    fn loudness_and_the_network_are_said_in_words() {
        assert_eq!([0, 20, 60, 99].map(loudness), ["nothing yet", "quiet", "clear, not too loud", "very loud"]);
        assert_eq!(network_words(48), "The carrier answers: connected and signed in after 48 ms.");
        assert!(network_words(2_500).starts_with("Slow"));
    }
}

use auth::Intention;
use calls::{CallState, CallView};
use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::icon::{Icon, icon};
use super::keypad::IsPressing;
use super::telephone_check::Check;
use super::watched_button::{WatchedButton, become_available_button, call_next_button, main_button};
use crate::format::{duration, stopwatch};
use crate::parts::{FetchedPiece, KEYPAD};
use crate::state::calls::Calls;
use crate::state::clock::Clock;
use crate::state::console::{Console, Stage, Then};
use crate::state::promise::Promise;
use crate::state::session::Session;
use crate::state::slot::Slot;
use crate::state::transfer::Transfer;
use crate::telephone::{Counters, Telephone, Use};

const CONTROL: &str = "btn h-9 gap-1 px-2 text-xs font-medium lg:h-13 lg:min-w-17 lg:flex-col lg:gap-0.5";

/// Icon, its colours, headline, second line.
type Look = (Icon, &'static str, String, String);

const QUIET: &str = "bg-base-200 text-muted";
const BUSY: &str = "bg-info/12 text-info";

/// How the bar looks in each stage without a call.
fn look(stage: Stage, name: Option<String>, is_on_break: bool, is_against: bool) -> Look {
    let (glyph, class, headline, words) = match stage {
        Stage::Restoring | Stage::OnCall | Stage::WrapUp => {
            (Icon::CircleDashed, QUIET, "One moment".into(), "Asking whether somebody is with you")
        }
        Stage::Checking => (Icon::ShieldCheck, BUSY, "Checking".into(), "Nobody is shown before every check has passed"),
        Stage::Offered => {
            let words = match (is_on_break, is_against) {
                (true, _) => "You are on a break; they stay with you until you skip",
                (false, true) => "Checks are off: something speaks against the call",
                (false, false) => "All checks passed",
            };
            (Icon::Headphones, "bg-primary/12 text-primary", format!("With you: {}", name.unwrap_or_default()), words)
        }
        Stage::NobodyLeft => (Icon::CircleCheck, QUIET, "Nobody is with you".into(), "Call next looks for somebody again"),
        Stage::Ready => (Icon::CircleCheck, "bg-success/12 text-success", "Ready".into(), "Call next offers you the next person"),
        Stage::OnBreak => (Icon::Coffee, "bg-warning/12 text-warning", "On a break".into(), "Nobody is offered to you"),
        Stage::Offline => (Icon::CircleDashed, QUIET, "Offline".into(), "Nobody is offered to you"),
    };
    (glyph, class, headline, words.to_owned())
}

/// How it looks in a call, so many seconds after the server's answer.
fn call_look(view: &CallView, seconds_ago: i64) -> Look {
    let number = || view.number.clone().unwrap_or_else(|| view.user_name.clone());
    let since = stopwatch(view.state_seconds + seconds_ago);
    let talking = || stopwatch(view.talk_seconds.unwrap_or(view.state_seconds) + seconds_ago);
    match view.state {
        CallState::Created | CallState::Joining if view.is_incoming => {
            (Icon::PhoneIncoming, BUSY, "Connecting you".into(), format!("{} waits on the line", view.user_name))
        }
        CallState::Created | CallState::Joining => {
            (Icon::PhoneOutgoing, BUSY, "Connecting you".into(), format!("{} is not rung before you are on the line", view.user_name))
        }
        CallState::Checking => (Icon::ShieldCheck, BUSY, "Checking once more".into(), "Is the call still needed?".into()),
        CallState::Dialling => (Icon::PhoneOutgoing, BUSY, format!("Dialling · {since}"), number()),
        CallState::Ringing => (Icon::PhoneOutgoing, "bg-info/12 text-info animate-ring", format!("Ringing · {since}"), number()),
        CallState::Connected if view.held_seconds.is_some() => {
            let held = stopwatch(view.held_seconds.unwrap_or_default() + seconds_ago);
            (
                Icon::CirclePause,
                "bg-warning/12 text-warning",
                format!("On hold · {held}"),
                format!("They hear music · talking {}", talking()),
            )
        }
        CallState::Connected => (Icon::PhoneCall, "bg-success/12 text-success", format!("Talking · {}", talking()), number()),
        CallState::Ended => {
            let class = "bg-secondary/12 text-secondary";
            let Some(left) = view.wrap_up.as_ref().and_then(|wrap_up| wrap_up.seconds_left) else {
                return (Icon::PenLine, class, "Not recorded yet".into(), "The time is up: say it now, or leave it for later".into());
            };
            let left = left - seconds_ago;
            let words = if left > 0 { format!("Wrap-up · {} left", duration(left)) } else { "Wrap-up · time is up".to_owned() };
            (Icon::PenLine, class, words, "Your note is kept as you type".into())
        }
    }
}

/// The telephone: the state in words at the left, its keys in the middle, the next thing to press at the right; on a page other than
/// the console, where nobody is seen, that is the way back to the person. Its `data-` attributes say what has gone through, for whoever
/// looks from outside.
#[component]
pub(crate) fn BottomBar() -> impl IntoView {
    // The keypad is open.
    let is_pressing = RwSignal::new(false);
    provide_context(IsPressing(is_pressing));
    let console = expect_context::<Console>();
    let calls = expect_context::<Calls>();
    let telephone = calls.telephone;
    let check = expect_context::<Check>();
    let session = expect_context::<Session>();
    let promise = expect_context::<Promise>();
    let clock = expect_context::<Clock>();
    // This call's own line: what a supervisor listens by beside an outcome that is still to be said has no keys and is not muted here.
    let has_line = Memo::new(move |_| {
        telephone.is_on_line.get() && calls.map(|view| view.state != CallState::Ended).unwrap_or_else(|| calls.is_beginning.get())
    });
    let state_part = NodeRef::<Div>::new();
    let shown = move || {
        if telephone.is_being_checked.get() {
            let words = check.missing().unwrap_or("Everything works");
            return (Icon::Headphones, QUIET, "Telephone check".to_owned(), words.to_owned());
        }
        match calls.view() {
            Some(view) => {
                let now = clock.now();
                let (glyph, class, headline, words) = call_look(&view.value, view.seconds_ago(now));
                let words = match view.value.state {
                    CallState::Ended => words,
                    _ if calls.is_hanging_up.get() => "Hanging up".to_owned(),
                    CallState::Connected if calls.is_rejoining.get() => "Bringing you back on the line".to_owned(),
                    _ if !calls.is_off_line(now) => words,
                    CallState::Connected if view.value.away_seconds.is_some() => {
                        format!("You are not on the line, and {} waits", view.value.user_name)
                    }
                    CallState::Dialling | CallState::Ringing | CallState::Connected => "You are on the line in another window".to_owned(),
                    _ => words,
                };
                (glyph, class, headline, words)
            }
            None if calls.is_beginning.get() => {
                (Icon::PhoneOutgoing, BUSY, "Calling".to_owned(), "Getting your telephone ready".to_owned())
            }
            None => {
                let stage = console.stage();
                let is_free = matches!(stage, Stage::Ready | Stage::NobodyLeft | Stage::OnBreak | Stage::Offline);
                match promise.due_words().filter(|_| is_free) {
                    Some((headline, words)) => (Icon::CalendarClock, "bg-warning/12 text-warning", headline, words),
                    None => look(stage, console.held_name(), session.intention() == Intention::Break, console.is_against()),
                }
            }
        }
    };
    let border = move || match (console.stage(), calls.is_talking()) {
        (_, true) => "border-success",
        (Stage::OnCall, _) => "border-info",
        (Stage::WrapUp, _) => "border-secondary",
        _ => "border-base-300",
    };
    // How the connection is comes before anything else that could stand there.
    let connection = Memo::new(move |_| {
        if calls.is_hanging_up.get() {
            return None;
        }
        let is_talking = calls.map(|view| view.state == CallState::Connected && view.held_seconds.is_none()) == Some(true);
        let words = telephone.way().words(is_talking).map(str::to_owned);
        words.or_else(|| telephone.instead(Use::Microphone).filter(|_| telephone.is_on_line.get()))
    });
    let words = view! {
        {move || {
            let (glyph, class, headline, words) = shown();
            let connection = connection.get();
            let words_class = if connection.is_some() { "hidden" } else { "truncate text-xs text-muted" };
            view! {
                <span class=format!("grid size-11 shrink-0 place-items-center rounded-full {class}")>{icon(glyph, "size-5")}</span>
                <div class="min-w-0">
                    <p class="truncate font-semibold" title=headline.clone()>{headline.clone()}</p>
                    <p class=words_class title=words.clone()>{words.clone()}</p>
                    // Always there, so that it is read out when it gets words.
                    <p class="line-clamp-2 text-xs text-warning" role="status" title=connection.clone() data-testid="connection">{connection.clone()}</p>
                </div>
            }
        }}
        {move || has_line.get().then(|| levels(telephone))}
        {move || (console.stage() == Stage::WrapUp && !calls.is_late()).then(|| view! {
            <button type="button" class="btn btn-sm ml-1" aria-label="+30 s, extend the wrap-up" on:click=move |_| calls.extend()>"+30 s"</button>
        })}
    };
    // A key that follows the press of a button does not press what stands in its place now.
    let stage = move || (console.stage(), telephone.is_being_checked.get(), console.is_shown());
    let is_focus_here = || document().active_element().is_some_and(|active| active.closest("[data-next]").ok().flatten().is_some());
    Effect::new(move |was: Option<()>| {
        stage();
        if was.is_some() && is_focus_here() {
            request_animation_frame(move || {
                let is_lost = is_focus_here() || document().active_element().is_none_or(|active| active.tag_name() == "BODY");
                if let Some(part) =
                    state_part.try_get_untracked().flatten().filter(|_| is_lost).and_then(|part| part.dyn_into::<HtmlElement>().ok())
                {
                    let _ = part.focus();
                }
            });
        }
    });
    let is_talk_here = Memo::new(move |_| calls.is_talking() && calls.is_off_line(clock.now()));
    let quiet = move |glyph, words| WatchedButton::new(console.main, "btn-ghost h-13 flex-col gap-0.5", glyph, words);
    let next = move || -> Vec<AnyView> {
        let (stage, is_checking, is_shown) = stage();
        if is_checking {
            return check_buttons(console, telephone, check, session);
        }
        match stage {
            Stage::Offered | Stage::WrapUp if !is_shown => vec![back_button("btn-primary", console, calls)],
            Stage::Ready | Stage::NobodyLeft | Stage::Checking => vec![call_next_button("btn-primary", stage == Stage::Checking, console)],
            Stage::Offered => {
                let is_beginning = move || calls.is_beginning.get();
                vec![
                    WatchedButton::new(console.main, "h-13", Some(Icon::SkipForward), "Skip…")
                        .opens_dialog()
                        .disabled(is_beginning)
                        .view(move || console.is_skipping.set(true)),
                    main_button(console, "btn-success", Icon::Phone, "Call", "Alt+C").disabled(is_beginning).view(move || console.call()),
                ]
            }
            Stage::OnCall => {
                let back = (!is_shown).then(|| back_button("", console, calls));
                let talk_here = is_talk_here.get().then(|| {
                    WatchedButton::new(console.main, "btn-success h-13", Some(Icon::PhoneCall), "Talk here")
                        .disabled(move || calls.is_rejoining.get())
                        .view(move || calls.rejoin())
                });
                let hang_up = main_button(console, "btn-error", Icon::PhoneOff, "Hang up", "Alt+H")
                    .hint(move || calls.hang_up_hint())
                    .disabled(move || calls.is_hanging_up.get())
                    .view(move || calls.hang_up());
                back.into_iter().chain(talk_here).chain([hang_up]).collect()
            }
            Stage::WrapUp => {
                let is_saving = move || calls.is_saving.get();
                let save = move |words, then| {
                    main_button(console, "btn-primary", Icon::Check, words, "Enter").disabled(is_saving).view(move || console.save(then))
                };
                if calls.is_late() {
                    vec![quiet(None, "Not now").disabled(is_saving).view(move || console.leave_for_later()), save("Save", Then::Stay)]
                } else {
                    let pause = quiet(None, "Save and pause").key("Shift+Enter").disabled(is_saving);
                    vec![pause.view(move || console.save(Then::Pause)), save("Save and next", Then::Next)]
                }
            }
            Stage::OnBreak | Stage::Offline => vec![become_available_button("min-w-40", console)],
            Stage::Restoring => Vec::new(),
        }
    };
    let counter = move |of: fn(&Counters) -> f64| move || telephone.counters.with(of).to_string();
    view! {
        <footer
            class=move || {
                format!("sticky bottom-0 z-20 grid min-h-18 grid-cols-[minmax(0,1fr)_auto] items-center gap-x-3 gap-y-1 border-t-2 bg-base-100 px-4 py-1.5 lg:col-start-2 lg:grid-cols-[minmax(0,1fr)_auto_minmax(0,1fr)] lg:py-2.5 {}", border())
            }
            aria-label="Telephone"
            data-call=move || calls.map(|view| view.id.to_string())
            data-packets-in=counter(|counters| counters.packets_in)
            data-packets-out=counter(|counters| counters.packets_out)
            data-energy-in=counter(|counters| counters.energy_in)
            data-energy-out=counter(|counters| counters.energy_out)
        >
            <div
                class=move || {
                    if console.stage() == Stage::WrapUp {
                        "flex min-w-0 items-center gap-3 rounded-field max-lg:col-span-2"
                    } else {
                        "flex min-w-0 items-center gap-3 rounded-field"
                    }
                }
                tabindex="-1"
                node_ref=state_part
                data-testid="state">{words}</div>
            {move || has_line.get().then(|| controls(calls, is_pressing))}
            <div
                class=move || {
                    // On a narrow screen the countdown needs a line of its own.
                    if console.stage() == Stage::WrapUp {
                        "flex items-center justify-end gap-2 max-lg:col-span-2 lg:col-start-3"
                    } else {
                        "flex items-center justify-end gap-2 lg:col-start-3"
                    }
                }
                data-next=""
            >
                {next}
            </div>
        </footer>
        {move || (is_pressing.get() && has_line.get()).then(|| view! { <FetchedPiece piece=&KEYPAD /> })}
    }
}

/// From another page to whoever is held or on the line.
fn back_button(class: &'static str, console: Console, calls: Calls) -> AnyView {
    let name = move || calls.map(|view| view.user_name.clone()).or_else(|| console.held_name()).unwrap_or_default();
    WatchedButton::new(console.main, &format!("h-13 max-w-56 {class}"), Some(Icon::Headphones), "")
        .says(move || format!("Back to {}", name()))
        .view(move || console.show())
}

/// The keys of a call that this window is on the line of: the same all the time, so that none moves under the pointer. Mute shows what the SDK has confirmed (lessons, line 24).
fn controls(calls: Calls, is_pressing: RwSignal<bool>) -> impl IntoView {
    let telephone = calls.telephone;
    let is_muted = move || telephone.is_muted.get();
    view! {
        <div class="flex items-center justify-center gap-1 max-lg:order-last max-lg:col-span-2 max-lg:justify-start lg:col-start-2" role="group" aria-label="Call controls">
            <button
                type="button"
                class=move || format!("{CONTROL} {}", if is_muted() { "btn-soft btn-warning" } else { "btn-ghost" })
                aria-pressed=move || if is_muted() { "true" } else { "false" }
                aria-keyshortcuts="Alt+M"
                title="Mute (Alt+M)"
                on:click=move |_| telephone.mute(!telephone.is_muted.get_untracked())
            >
                {move || icon(if is_muted() { Icon::MicOff } else { Icon::Mic }, "size-5")}
                <span>{move || if is_muted() { "Muted" } else { "Mute" }}</span>
            </button>
            {hold_button(calls)}
            <button type="button" class=format!("{CONTROL} btn-ghost") aria-haspopup="dialog" on:click=move |_| is_pressing.set(true)>
                {icon(Icon::Grid, "size-5")} <span>"Keypad"</span>
            </button>
            {transfer_button(calls, expect_context::<Transfer>())}
        </div>
    }
}

/// Asks a supervisor to take the call over.
fn transfer_button(calls: Calls, transfer: Transfer) -> impl IntoView {
    view! {
        <button
            type="button"
            class=format!("{CONTROL} btn-ghost")
            aria-haspopup="dialog"
            disabled=move || transfer.is_open() || !calls.is_talking()
            on:click=move |_| transfer.is_choosing.set(true)
        >
            {icon(Icon::Users, "size-5")} <span>"Transfer…"</span>
        </button>
    }
}

/// Hold, as the carrier has confirmed it.
fn hold_button(calls: Calls) -> impl IntoView {
    let is_held = move || calls.map(|view| view.held_seconds.is_some()) == Some(true);
    view! {
        <button
            type="button"
            class=move || format!("{CONTROL} {}", if is_held() { "btn-soft btn-warning" } else { "btn-ghost" })
            aria-pressed=move || if is_held() { "true" } else { "false" }
            aria-keyshortcuts="Alt+O"
            title="Hold (Alt+O)"
            disabled=move || calls.is_changing_hold.get() || !calls.is_talking()
            on:click=move |_| calls.hold()
        >
            {icon(Icon::CirclePause, "size-5")} <span>{move || if is_held() { "On hold" } else { "Hold" }}</span>
        </button>
    }
}

/// How loud the microphone is, and the person.
fn levels(telephone: Telephone) -> impl IntoView {
    let bars = |name: &'static str, glyph: Icon, level: &'static Slot<u32>| {
        view! {
            <span class="flex items-end gap-0.5" role="img" aria-label=name>
                <span class="mr-0.5 text-muted">{icon(glyph, "size-3")}</span>
                {(0..9u32).map(|bar| view! {
                    <span
                        class=move || { if level.get() > bar * 11 { "w-1 rounded-full bg-success" } else { "w-1 rounded-full bg-base-300" } }
                        style:height=format!("{}px", 8 + bar)
                    ></span>
                }).collect_view()}
            </span>
        }
    };
    let parts = telephone.parts();
    view! {
        <span class="flex shrink-0 flex-col gap-1 max-sm:hidden">
            {bars("Microphone level", Icon::Mic, &parts.level)} {bars("The person's level", Icon::Volume, &parts.person_level)}
        </span>
    }
}

/// The way out of the check of the telephone, and back without it.
fn check_buttons(console: Console, telephone: Telephone, check: Check, session: Session) -> Vec<AnyView> {
    let words = move || if session.intention() == Intention::Available { "Done" } else { "Become available" };
    vec![
        WatchedButton::new(console.main, "btn-ghost h-13", None, "Not now").view(move || telephone.is_being_checked.set(false)),
        WatchedButton::new(console.main, "btn-primary h-13 min-w-40 flex-col gap-0.5 text-base", None, "")
            .says(move || words().to_owned())
            .hint(move || check.missing().unwrap_or_default())
            .disabled(move || check.missing().is_some())
            .view(move || console.telephone_is_checked()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: &str, number: &str) -> CallView {
        serde_json::from_str(&format!(
            r#"{{"id":"01936b6e-0000-7000-8000-000000000001","user_id":"48213","user_name":"Priya Raman","number":{number},"queue":"unsigned_users","is_incoming":false,"candidates":[],
                "state":"{state}","state_seconds":9,"talk_seconds":60,"end":null,"notes":"",
                "wrap_up":{{"seconds_left":90,"suggested":null,"choices":[]}}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn the_bar_says_where_the_call_stands_and_its_time_runs() {
        let words = |state, ago| {
            let (_, _, headline, words) = call_look(&view(state, r#""07700 900142""#), ago);
            (headline, words)
        };
        assert_eq!(words("dialling", 0), ("Dialling · 00:09".into(), "07700 900142".into()));
        assert_eq!(words("ringing", 2).0, "Ringing · 00:11");
        assert_eq!(words("connected", 5).0, "Talking · 01:05");
        assert_eq!(words("ended", 20).0, "Wrap-up · 1 min 10 s left");
        assert_eq!(words("ended", 95).0, "Wrap-up · time is up");
        assert!(words("joining", 0).1.contains("not rung before you are on the line"));
    }

    #[test]
    fn without_a_number_the_name_is_shown() {
        assert_eq!(call_look(&view("dialling", "null"), 0).3, "Priya Raman");
    }
}

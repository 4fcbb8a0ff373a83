use auth::Intention;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::badge::{badge, intention_look, my_look};
use super::dialog::ConfirmDialog;
use super::icon::{Icon, icon};
use super::menu::Menu;
use super::server_light::ServerLight;
use super::telephone_lights::TelephoneLights;
use super::theme_button::theme_button;
use crate::format::{count, initials, stopwatch};
use crate::routes::Summary;
use crate::state::announce::Announcer;
use crate::state::calls::Calls;
use crate::state::clock::Clock;
use crate::state::console::{Console, leaving_words};
use crate::state::promise::{Nearness, Promise};
use crate::state::session::{Session, role_label};

/// The bar of whoever takes calls: status, lights, figures, account.
#[component]
pub(crate) fn TopBar(
    /// Whether the list of keys is open.
    keys: RwSignal<bool>,
) -> impl IntoView {
    let summary = expect_context::<Summary>();
    let saved = move || summary.map(|summary| count(summary.saved_today_by_me)).unwrap_or_else(|| "–".into());
    view! {
        <header class="flex flex-wrap items-center gap-x-5 gap-y-2 border-b border-base-300 bg-base-100 px-4 max-lg:py-2 lg:min-h-13">
            <StatusMenu />
            <div class="flex flex-wrap items-center gap-x-4 gap-y-1" role="group" aria-label="Connections"><ServerLight /> <TelephoneLights /></div>
            <PromisedCall />
            <dl class="ml-auto flex items-center gap-5 text-xs" aria-label="My figures today">
                <div class="flex items-baseline gap-1.5">
                    <dt class="text-muted">"Saved today"</dt>
                    <dd class="text-sm font-semibold" data-testid="saved-today">{saved}</dd>
                </div>
            </dl>
            <div class="flex items-center gap-1">
                <button type="button" class="btn btn-ghost btn-sm btn-square" aria-label="Keys" title="Keys (Alt+/)" aria-keyshortcuts="Alt+/" on:click=move |_| keys.set(true)>
                    {icon(Icon::Keyboard, "size-4")}
                </button>
                {theme_button()} <AccountMenu />
            </div>
        </header>
    }
}

/// The agent's next promise, when it comes near: how long until then, or that it is late.
#[component]
fn PromisedCall() -> impl IntoView {
    let promise = expect_context::<Promise>();
    move || {
        promise.near().map(|(nearness, next)| {
            let class = match nearness {
                Nearness::Soon(_) => "badge badge-soft badge-primary whitespace-nowrap",
                Nearness::Due => "badge badge-soft badge-warning whitespace-nowrap",
                Nearness::Late(_) => "badge badge-soft badge-error whitespace-nowrap",
            };
            view! {
                <a href="/callbacks" class=class title=move || promise.detail().map(|detail| detail.name) data-testid="promised-call">
                    {icon(Icon::CalendarClock, "size-3.5")} "Callback "{next.at}", "<b class="font-semibold">{nearness.words()}</b>
                </a>
            }
        })
    }
}

/// My status, how long I have been in it, and the other ones.
#[component]
fn StatusMenu() -> impl IntoView {
    let session = expect_context::<Session>();
    let console = expect_context::<Console>();
    let calls = expect_context::<Calls>();
    let clock = expect_context::<Clock>();
    let intention = Memo::new(move |_| session.intention());
    let engagement = move || session.engagement();
    let time = move || {
        let seconds = session.map(|me| me.value.state_seconds + me.seconds_ago(clock.now()));
        seconds.map(stopwatch).unwrap_or_default()
    };
    let label = Signal::stored("My status:".to_owned());
    let face = move || {
        let look = my_look(engagement(), intention.get());
        view! {
            <span class=look.text>{icon(look.icon, "size-4.5")}</span>
            <span class="font-semibold">{look.word}</span>
            // Not in the name: it would be read out each second.
            <span class="font-normal text-muted" aria-hidden="true">{time}</span>
            {icon(Icon::ChevronDown, "size-3.5")}
        }
    };
    // Whoever would go back to the queue, while the agent is asked.
    let asked = RwSignal::new(None::<String>);
    // Whoever a call was about, and whose call waits for its outcome, is held no longer.
    let held = move || console.held_name().filter(|_| calls.phase().is_none());
    let choose = move |wanted| match untrack(held).filter(|_| wanted == Intention::Offline) {
        Some(name) => asked.set(Some(name)),
        None if wanted == Intention::Available => console.become_available(),
        None => console.set_intention(wanted),
    };
    let words = move |wanted| match (wanted, held()) {
        (Intention::Available, _) if engagement().is_some() => "Go on with the next person after this one".to_owned(),
        (Intention::Break, _) if engagement().is_some() => "After this one: nobody else is offered".to_owned(),
        (Intention::Available, _) => "Call next offers you people".to_owned(),
        (Intention::Break, None) => "Back in a while".to_owned(),
        (Intention::Break, Some(name)) => format!("{name} stays with you until you skip"),
        (Intention::Offline, None) => "Not working now".to_owned(),
        (Intention::Offline, Some(name)) => format!("{name} goes back to the queue"),
    };
    let choice = move |wanted: Intention| {
        view! {
            <button
                type="button"
                role="menuitemradio"
                tabindex="-1"
                aria-checked=move || if intention.get() == wanted { "true" } else { "false" }
                class="flex w-full cursor-pointer items-start gap-2.5 rounded-field px-2.5 py-2 text-left hover:bg-base-200 focus-visible:outline-offset-0"
                on:click=move |_| choose(wanted)
            >
                <span class=format!("mt-0.5 {}", intention_look(wanted).text)>{icon(intention_look(wanted).icon, "size-4")}</span>
                <span class="min-w-0 flex-1">
                    <span class="block font-medium">{intention_look(wanted).word}</span>
                    <span class="block text-xs text-muted">{move || words(wanted)}</span>
                </span>
                {move || (intention.get() == wanted).then(|| view! { <span class="mt-0.5 text-primary">{icon(Icon::Check, "size-4")}</span> })}
            </button>
        }
    };
    view! {
        <Menu label class="btn btn-sm h-9 gap-2 border-base-300 bg-base-100 px-2.5" face=face.into()>
            {choice(Intention::Available)}
            {choice(Intention::Break)}
            // Nobody goes home in the middle of a call.
            {move || engagement().is_none().then(|| choice(Intention::Offline))}
        </Menu>
        {move || asked.get().map(|name| view! {
            <ConfirmDialog
                title="Go offline?"
                words=leaving_words(&name)
                act="Go offline"
                keep="Stay"
                on_act=Callback::new(move |()| console.set_intention(Intention::Offline))
                on_close=Callback::new(move |()| asked.set(None))
            />
        })}
    }
}

/// Who I am, and the way out.
#[component]
pub(crate) fn AccountMenu() -> impl IntoView {
    let session = expect_context::<Session>();
    let announcer = expect_context::<Announcer>();
    let name = Memo::new(move |_| session.map(|me| me.value.name.clone()).unwrap_or_default());
    let label = Signal::derive(move || name.with(|name| format!("{}, {name}: my account", initials(name))));
    let face = move || {
        view! {
            <span class="grid size-8 shrink-0 place-items-center rounded-full bg-neutral text-xs font-semibold text-neutral-content" aria-hidden="true">
                {name.with(|name| initials(name))}
            </span>
        }
    };
    let who = move || {
        session.map(|me| {
            view! {
                <p class="truncate font-semibold" title=me.value.name.clone()>{me.value.name.clone()}</p>
                <p class="truncate text-xs text-muted" title=me.value.email.clone()>{me.value.email.clone()}</p>
                <p class="mt-1.5 flex items-center gap-2 text-xs text-muted">{role_label(me.value.role)} {badge(my_look(me.value.engagement, me.value.intention))}</p>
            }
        })
    };
    let console = expect_context::<Console>();
    let asked = RwSignal::new(None::<String>);
    let sign_out = move || session.sign_out(move |error| announcer.refuse(format!("You are still signed in. {}", error.message)));
    let leave = move || match console.name_now() {
        _ if untrack(|| session.engagement()).is_some() => {
            announcer.refuse("You are still in a call. Hang up and say what came of it, then sign out.");
        }
        Some(name) => asked.set(Some(name)),
        // Another window may hold somebody, or this one not know yet.
        None => spawn_local(async move {
            match queue::held().await {
                Ok(Some(_)) => {
                    let _ = asked.try_set(Some("Whoever is with you".to_owned()));
                }
                _ => sign_out(),
            }
        }),
    };
    view! {
        <Menu label class="ml-1 grid size-8 cursor-pointer place-items-center rounded-full" face=face.into() is_at_right=true>
            <div class="border-b border-base-300 px-2.5 pt-1 pb-2.5" role="presentation">{who}</div>
            <a
                role="menuitem"
                tabindex="-1"
                href="/day"
                class="mt-1.5 flex w-full items-center gap-2.5 rounded-field px-2.5 py-2 hover:bg-base-200 focus-visible:outline-offset-0"
            >
                {icon(Icon::Clock, "size-4")} "My day"
            </a>
            <a
                role="menuitem"
                tabindex="-1"
                href="/account"
                class="flex w-full items-center gap-2.5 rounded-field px-2.5 py-2 hover:bg-base-200 focus-visible:outline-offset-0"
            >
                {icon(Icon::KeyRound, "size-4")} "My account"
            </a>
            <button
                type="button"
                role="menuitem"
                tabindex="-1"
                class="flex w-full cursor-pointer items-center gap-2.5 rounded-field px-2.5 py-2 text-left hover:bg-base-200 focus-visible:outline-offset-0"
                on:click=move |_| leave()
            >
                {icon(Icon::LogOut, "size-4")} "Sign out"
            </button>
        </Menu>
        {move || asked.get().map(|name| view! {
            <ConfirmDialog
                title="Sign out?"
                words=leaving_words(&name)
                act="Sign out"
                keep="Stay signed in"
                on_act=Callback::new(move |()| sign_out())
                on_close=Callback::new(move |()| asked.set(None))
            />
        })}
    }
}

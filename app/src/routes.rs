//! The pages and who may see them. The guard is a courtesy: the server refuses by itself.

use leptos::ev;
use leptos::prelude::*;

use crate::components::bottom_bar::BottomBar;
use crate::components::call_notices::CallNotices;
use crate::components::error_strip::error_strip;
use crate::components::keys_dialog::AreKeysOpen;
use crate::components::rail::Rail;
use crate::components::ringing_call::RingingCall;
use crate::components::skeleton::page_skeleton;
use crate::components::sound_dialog::SoundDialog;
use crate::components::telephone_check::Check;
use crate::components::toast::Announcements;
use crate::components::top_bar::TopBar;
use crate::components::transfer_bar::transfer_bar;
use crate::components::transfer_dialog::TransferDialog;
use crate::pages::console::Console;
use crate::pages::not_found::NotFound;
use crate::pages::sign_in::SignIn;
use crate::parts::{Fetched, FetchedPiece, KEYS, Page, fetch_ahead, fetched_pages};
use crate::state::address::Address;
use crate::state::announce::Announcer;
use crate::state::calls::{Calls, Phase};
use crate::state::clock::Clock;
use crate::state::console::Console as State;
use crate::state::live::Live;
use crate::state::press::Presses;
use crate::state::promise::Promise;
use crate::state::query::Query;
use crate::state::ringing::Ringing;
use crate::state::session::{Session, Signed, Why};
use crate::state::transfer::Transfer;
use crate::telephone::Telephone;

/// The summary is asked for again after this time, in case a hint was lost.
const SAFETY: std::time::Duration = std::time::Duration::from_mins(1);

/// The counts that several screens show.
pub(crate) type Summary = Query<queue::Summary>;

fetched_pages! {
    /// The pages beside the console, which are fetched when they are first opened. A further one is one line here: its address, its
    /// component in a file of `pages`, and the part that it is fetched with. Pages for the same people share a part: whatever two parts
    /// have in common becomes a file of its own, and so does whatever three have, so that many parts would be a hail of small files.
    FETCHED:
    "/account" => account::Account in everybody,
    "/callbacks" => callbacks::Callbacks in everybody,
    "/day" => day::Day in everybody,
    "/floor" => floor::Floor in supervision,
    "/history" => history::HistoryPage in everybody,
    "/outcomes" => outcomes::OutcomesPage in administration,
    "/queues" => queues::Queues in supervision,
    "/settings" => settings::SettingsPage in administration,
    "/staff" => staff::Staff in administration,
    "/suppressions" => suppressions::Suppressions in supervision,
    "/users" => users::Users in everybody,
}

/// The one of them that is the page of this address.
fn fetched(address: Address) -> Option<&'static Page> {
    FETCHED.iter().find(|page| address.is(page.path))
}

/// Everything.
#[component]
pub(crate) fn App() -> impl IntoView {
    let address = Address::start();
    provide_context(address);
    provide_context(Clock::start());
    provide_context(Announcer::new());
    provide_context(Presses::start());
    let session = Session::start();
    provide_context(session);
    guard(session, address);
    let is_signing_in = Memo::new(move |_| address.is("/sign-in"));
    let is_inside = Memo::new(move |_| address.is("/") || fetched(address).is_some());
    move || match (is_signing_in.get(), is_inside.get()) {
        (true, _) => view! { <SignIn /> }.into_any(),
        (_, true) => view! { <Inside /> }.into_any(),
        _ => view! { <NotFound /> }.into_any(),
    }
}

/// Leaves for the sign-in page when nobody is signed in, and from there when somebody is.
fn guard(session: Session, address: Address) {
    // Where somebody wanted to go who had to sign in first.
    let wanted = StoredValue::new(None::<String>);
    Effect::new(move |_| {
        let is_signing_in = address.is("/sign-in");
        match session.signed() {
            Signed::Out(Why::NotYet) if !is_signing_in => {
                wanted.set_value(Some(untrack(|| address.whole())).filter(|whole| whole != "/"));
                address.replace(Why::NotYet.path());
            }
            // A page loaded anew: nothing of whoever was signed in stays in this one's memory, and no part of a screen
            // looks at what another part has taken away.
            Signed::Out(why) if !is_signing_in => {
                // Whatever was typed: nobody is asked who is signed out.
                address.has_unsaved.set(false);
                let _ = window().location().replace(why.path());
            }
            Signed::In(_) if is_signing_in => {
                let home = || session.home().to_owned();
                address.replace(&wanted.try_update_value(Option::take).flatten().unwrap_or_else(home));
            }
            _ => {}
        }
    });
}

/// What is known of the session, as far as it changes which screen there is.
#[derive(Clone, PartialEq)]
enum Entry {
    Waiting,
    Failed(kernel::WireError),
    Granted,
    Refused,
}

/// The frame of all pages for people who are signed in.
#[component]
fn Inside() -> impl IntoView {
    let session = expect_context::<Session>();
    let address = expect_context::<Address>();
    let entry = Memo::new(move |was: Option<&Entry>| match session.signed() {
        Signed::Unknown => Entry::Waiting,
        Signed::Unanswered(error) => Entry::Failed(error),
        Signed::In(_) => Entry::Granted,
        // The screen stays as it is until the sign-in page has taken its place.
        Signed::Out(_) if was == Some(&Entry::Granted) => Entry::Granted,
        Signed::Out(_) => Entry::Refused,
    });
    // While the server is asked who this is.
    if entry.get_untracked() == Entry::Waiting
        && let Some(page) = untrack(|| fetched(address))
    {
        fetch_ahead(page);
    }
    move || match entry.get() {
        Entry::Waiting => page_skeleton().into_any(),
        Entry::Failed(error) => view! {
            <main class="mx-auto max-w-xl p-8">
                {error_strip("Nobody could be asked who you are", &error, Some(Callback::new(move |()| session.ask())))}
            </main>
        }
        .into_any(),
        Entry::Granted => view! { <Frame /> }.into_any(),
        Entry::Refused => ().into_any(),
    }
}

/// Rail, banners, page, and whatever has to do with calls, with what they share.
#[component]
fn Frame() -> impl IntoView {
    let session = expect_context::<Session>();
    let address = expect_context::<Address>();
    let shown = Memo::new(move |_| fetched(address));
    let live = Live::start(session);
    let safety = Trigger::new();
    if let Ok(interval) = set_interval_with_handle(move || safety.notify(), SAFETY) {
        on_cleanup(move || interval.clear());
    }
    let summary: Summary = Query::new(
        session,
        move || {
            live.queues.track();
            safety.track();
        },
        queue::summary,
    );
    // Here, not in the console: a call goes on while a supervisor looks at the floor.
    let telephone = Telephone::new(session);
    let announcer = expect_context::<Announcer>();
    let calls = Calls::start(session, announcer, telephone, expect_context::<Clock>());
    let console = State::start(session, address, announcer, summary, calls);
    // The call has got somewhere; or another window has changed what this agent is, or signed them out.
    Effect::new(move |was: Option<()>| {
        live.me.track();
        if was.is_some() {
            session.ask();
            calls.hang_up_again();
            calls.ask();
            console.follow();
        }
    });
    let ringing = Ringing::start(session, live.me, safety, announcer, calls, expect_context::<Clock>());
    provide_context(ringing);
    let keys = RwSignal::new(false);
    provide_context(AreKeysOpen(keys));
    listen_to_keys(console, calls, ringing, keys);
    // Leaving the dialler takes the agent's leg with it, and the call ends unless the page is soon back.
    let leaving = window_event_listener(ev::beforeunload, move |event| {
        if calls.phase_now() == Some(Phase::Going) && telephone.is_on_line.get_untracked() {
            event.prevent_default();
            event.set_return_value("yes");
        }
    });
    on_cleanup(move || leaving.remove());
    // Another window has written.
    Effect::new(move |was: Option<()>| {
        live.my_note.track();
        if was.is_some() {
            calls.ask_note();
        }
    });
    let transfer = Transfer::start(session, announcer, calls, move || {
        live.me.track();
        safety.track();
    });
    provide_context(transfer);
    provide_context(telephone);
    provide_context(calls);
    provide_context(console);
    provide_context(Promise::start(session, announcer, expect_context::<Clock>(), summary));
    let is_in_use = Memo::new(move |_| console.is_in_use());
    provide_context(Check::new());
    provide_context(live);
    provide_context(summary);
    view! {
        <a
            href="#main"
            rel="external"
            class="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-field focus:bg-base-100 focus:px-3 focus:py-2"
        >
            "Skip to the main part"
        </a>
        <div class="grid min-h-dvh grid-cols-1 grid-rows-[auto_auto_1fr_auto] lg:h-dvh lg:grid-cols-[4.75rem_minmax(0,1fr)] lg:grid-rows-[auto_minmax(0,1fr)_auto]">
            <Rail />
            <div>
                {move || practice_banner(summary)} {move || gate_banner(summary)} {move || is_in_use.get().then(|| view! { <TopBar keys /> })}
                <RingingCall />
                {transfer_bar(transfer, telephone, expect_context::<Clock>())}
            </div>
            <div class="flex min-h-0 min-w-0 flex-col [&>main]:grow">
                <ErrorBoundary fallback=page_failed>
                    // Each in a part of its own, which goes with what it has provided.
                    {move || match shown.get() {
                        Some(page) => (move || view! { <CallNotices /> <Fetched page /> }).into_any(),
                        None => (|| view! { <Console /> }).into_any(),
                    }}
                </ErrorBoundary>
            </div>
            {move || is_in_use.get().then(|| view! { <BottomBar /> })}
        </div>
        {move || keys.get().then(|| view! { <FetchedPiece piece=&KEYS /> })}
        {move || transfer.is_choosing.get().then(|| view! { <TransferDialog /> })}
        {move || telephone.is_sound_open.get().then(|| view! { <SoundDialog /> })}
        <Announcements />
    }
}

/// The keys that mean something on every page. What they have no use for now they do nothing about.
fn listen_to_keys(console: State, calls: Calls, ringing: Ringing, keys: RwSignal<bool>) {
    let telephone = calls.telephone;
    let listener = window_event_listener(ev::keydown, move |event| {
        if !event.alt_key() || event.ctrl_key() || event.meta_key() || event.shift_key() {
            return;
        }
        let act: &dyn Fn() = match event.code().as_str() {
            "KeyA" | "KeyX" => &|| {
                if ringing.main.press() {
                    if event.code() == "KeyA" { ringing.answer() } else { ringing.decline() }
                }
            },
            "KeyN" | "KeyC" | "KeyH" => &|| {
                // Each has a use only where the main button does the same.
                if console.main.press() {
                    match event.code().as_str() {
                        "KeyN" => console.call_next(),
                        "KeyC" => console.call(),
                        _ => calls.hang_up_by_key(),
                    }
                }
            },
            "Slash" => &|| keys.set(true),
            "KeyO" => &|| calls.hold(),
            "KeyM" if calls.phase_now() == Some(Phase::Going) => &|| telephone.mute(!telephone.is_muted.get_untracked()),
            _ => return,
        };
        event.prevent_default();
        if !event.repeat() {
            act();
        }
    });
    on_cleanup(move || listener.remove());
}

/// A page that could not be shown. `boot.js` tells the server and says the reference.
fn page_failed(errors: ArcRwSignal<Errors>) -> impl IntoView {
    let words = errors.with_untracked(|errors| errors.iter().map(|(_, error)| error.to_string()).collect::<Vec<_>>().join("; "));
    crate::report(&words);
    view! { <main id="main" tabindex="-1" class="p-8 text-muted">"This page could not be shown. The others are in the rail."</main> }
}

/// In development the gate can be off; nobody is to take that for the product.
fn gate_banner(summary: Summary) -> Option<impl IntoView> {
    summary.map(|summary| summary.is_gate_off).filter(|is_off| *is_off)?;
    Some(view! {
        <section aria-label="Checks are off" class="border-b border-error/40 bg-base-100 bg-linear-to-r from-error/12 to-error/12 px-4 py-1 text-center text-xs text-error">
            <b class="font-semibold">"Checks are off"</b>
            ": nobody is refused, whatever is against the call (ENABLE_PRE_CALL_VALIDATION=false)"
        </section>
    })
}

fn practice_banner(summary: Summary) -> Option<impl IntoView> {
    let time = summary.map(|summary| summary.is_practice.then(|| summary.business_time.clone())).flatten()?;
    Some(view! {
        <section aria-label="Practice" class="border-b border-base-300 bg-base-100 bg-linear-to-r from-warning/12 to-warning/12 px-4 py-1 text-center text-xs text-warning">
            <b class="font-semibold">"Practice"</b>
            ": the clock says "
            {time}
        </section>
    })
}

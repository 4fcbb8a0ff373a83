use std::sync::Arc;

use calls::Unrecorded;
use kernel::{ErrorCode, QueueKind};
use leptos::prelude::*;
use queue::HandOut;

use super::{Missing, provided, set_title};
use crate::components::call_notices::call_notices;
use crate::components::call_over::call_over;
use crate::components::card::CARD;
use crate::components::claims::ClaimsOf;
use crate::components::error_strip::error_strip;
use crate::components::icon::{Icon, icon};
use crate::components::note::Note;
use crate::components::passed_over::passed_over;
use crate::components::person::PersonHeader;
use crate::components::queue_choice::QueueChoice;
use crate::components::saved_list::saved_list;
use crate::components::skeleton::{checking_skeleton, restoring_skeleton};
use crate::components::timeline::Timeline;
use crate::components::watched_button::{become_available_button, call_next_button};
use crate::components::why::WhyThisCall;
use crate::format::{count, user_words};
use crate::parts::{FetchedPiece, RECORDING_NOTICE, SKIP, TELEPHONE_CHECK, WHO_RINGS, WRAP_UP};
use crate::routes::Summary;
use crate::state::calls::Calls;
use crate::state::clock::Received;
use crate::state::console::{Console as State, Failure, Stage, Task, nobody_words};
use crate::state::live::Live;
use crate::state::promise::Promise;
use crate::state::query::Query;
use crate::state::session::Session;

/// Calls of which nothing was said yet, at most so many at once.
const SHOWN_UNRECORDED: usize = 3;

/// The agent's one screen.
#[component]
pub(crate) fn Console() -> impl IntoView {
    console()
}

fn console() -> Result<impl IntoView, Missing> {
    set_title("Console");
    let console = provided::<State>("console")?;
    let telephone = provided::<Calls>("calls")?.telephone;
    // The same person checked again is no other dialogue: what was written in it stays.
    let skipping = Memo::new(move |_| {
        let lease = console.held().filter(|_| console.is_skipping.get())?.value.lease_id?;
        Some(lease.to_string())
    });
    console.has_come();
    // Going elsewhere ends what cannot be seen from there.
    on_cleanup(move || {
        let _ = console.is_skipping.try_set(false);
        telephone.is_being_checked.set(false);
    });

    Ok(view! {
        <main id="main" tabindex="-1" class="min-h-0 min-w-0">
            {move || if telephone.is_being_checked.get() { view! { <FetchedPiece piece=&TELEPHONE_CHECK /> }.into_any() } else { view! { <Columns /> }.into_any() }}
        </main>
        {move || skipping.get().map(|_| view! { <FetchedPiece piece=&SKIP /> })}
    })
}

/// Queues, the person, what happened.
#[component]
fn Columns() -> impl IntoView {
    let calls = expect_context::<Calls>();
    let is_talking = Memo::new(move |_| calls.is_talking());
    view! {
        <div class="grid h-full min-h-0 grid-cols-1 lg:grid-cols-[14.5rem_minmax(0,1fr)_20.5rem] 2xl:grid-cols-[18rem_minmax(0,1fr)_26rem]">
            <QueueChoice />
            <div class="min-h-0 min-w-0 overflow-y-auto p-4" tabindex="0" role="region" aria-label="This call" data-centre="">
                <div class="mx-auto flex max-w-4xl flex-col gap-3"><Notices /> {move || is_talking.get().then(|| view! { <FetchedPiece piece=&RECORDING_NOTICE /> })} <Centre /></div>
            </div>
            <Side />
        </div>
    }
}

/// What went wrong, how a call ended, and who is not held any more.
#[component]
fn Notices() -> impl IntoView {
    let console = expect_context::<State>();
    let calls = expect_context::<Calls>();
    let failure = move || console.failure().map(|failure| failure_strip(console, &failure));
    let notice = move || {
        console.notice.get().map(|words| {
            view! {
                // No live region of its own: the same words have been read out.
                <div class="flex gap-3 rounded-field border border-warning/40 bg-warning/10 p-3 text-dense text-warning" data-testid="notice">
                    <span class="mt-px">{icon(Icon::TriangleAlert, "size-4")}</span>
                    <span class="min-w-0 flex-1">{words}</span>
                    <button
                        type="button"
                        class="grid size-6 shrink-0 cursor-pointer place-items-center rounded-field"
                        aria-label="Close this message"
                        on:click=move |_| console.notice.set(None)
                    >
                        {icon(Icon::X, "size-4")}
                    </button>
                </div>
            }
        })
    };
    let unrecorded = move || {
        let is_free = matches!(console.stage(), Stage::Ready | Stage::NobodyLeft | Stage::OnBreak | Stage::Offline);
        calls
            .unrecorded
            .get()
            .into_iter()
            .filter(move |_| is_free)
            .take(SHOWN_UNRECORDED)
            .map(|call| still_to_say(calls, &call))
            .collect_view()
    };
    view! { {unrecorded} {failure} {call_notices(console, calls)} {move || calls.over.get().map(|over| call_over(calls, over))} {notice} }
}

/// A call of which the agent has not said what came of it.
fn still_to_say(calls: Calls, call: &Unrecorded) -> impl IntoView + use<> {
    let id = call.call_id;
    view! {
        <section class="flex flex-wrap items-center gap-3 rounded-box border border-warning/40 bg-warning/8 px-4 py-3" aria-label="Still to say" data-testid="still-to-say">
            <span class="text-warning">{icon(Icon::PenLine, "size-4")}</span>
            <p class="min-w-48 flex-1 text-dense">
                <span class="font-semibold">{format!("What came of the call with {}?", call.user_name)}</span> {format!(" It ended {} and counts as not recorded.", call.at)}
            </p>
            <button type="button" class="btn btn-sm" on:click=move |_| calls.take_up(id)>"Say it now"</button>
        </section>
    }
}

/// What was tried, in words.
fn failure_title(failure: &Failure) -> &'static str {
    match (failure.task, failure.error.code) {
        (_, ErrorCode::Offline) => "No connection to the server",
        (Task::CallingNext, ErrorCode::Conflict) => "Nobody was offered",
        (Task::CallingNext, ErrorCode::Unavailable) => "Nobody can be checked now",
        (Task::CallingNext, _) => "The next person could not be found",
        (Task::Restoring | Task::Following, _) => "It is not known whether somebody is with you",
        (Task::CheckingAgain, _) => "The person could not be checked again",
    }
}

fn failure_strip(console: State, failure: &Failure) -> impl IntoView + use<> {
    let again = match failure.task {
        Task::Restoring => Callback::new(move |()| console.restore()),
        Task::CallingNext => Callback::new(move |()| console.call_next()),
        Task::CheckingAgain => Callback::new(move |()| console.check_again()),
        Task::Following => Callback::new(move |()| console.follow()),
    };
    error_strip(failure_title(failure), &failure.error, Some(again))
}

/// The middle of the screen, by stage.
#[component]
fn Centre() -> impl IntoView {
    let console = expect_context::<State>();
    // The card stays as it is when the person is called.
    let stage = Memo::new(move |_| match console.stage() {
        Stage::OnCall => Stage::Offered,
        stage => stage,
    });
    move || match stage.get() {
        Stage::Restoring => restoring_skeleton().into_any(),
        Stage::Checking => checking_skeleton().into_any(),
        Stage::Offered | Stage::OnCall => (move || match console.held() {
            Some(held) => view! { <Offered held /> }.into_any(),
            None => view! { <Unseen /> }.into_any(),
        })
        .into_any(),
        Stage::WrapUp => view! { <FetchedPiece piece=&WRAP_UP /> }.into_any(),
        Stage::NobodyLeft => (move || console.held().map(|held| view! { <NobodyLeft held /> })).into_any(),
        Stage::Ready => view! { <Ready /> }.into_any(),
        Stage::OnBreak => {
            away(Icon::Coffee, "You are on a break", "Nobody is offered to you. Become available when you are back.").into_any()
        }
        Stage::Offline => away(Icon::CircleDashed, "You are offline", "Nobody is offered to you. Become available to begin.").into_any(),
    }
}

/// The person, why this call, identity and claims.
#[component]
fn Offered(held: Arc<Received<HandOut>>) -> impl IntoView {
    let user = held.value.user.clone();
    let why = held.value.why.clone();
    let calls = expect_context::<Calls>();
    // In a call they are in the way of what is needed.
    let is_in_call = Memo::new(move |_| calls.phase().is_some());
    let strips = {
        let held = Arc::clone(&held);
        move || (!is_in_call.get()).then(|| passed_over(&held.value))
    };
    expect_context::<State>().is_drawn(held.value.lease_id);
    let name = user.as_ref().map(|user| user.name.clone()).unwrap_or_default();
    let rang = move || {
        (calls.map(|view| view.is_incoming) == Some(true)).then(|| view! {
            <p class="flex gap-3 rounded-field border border-info/40 bg-info/8 p-3 text-dense" data-testid="rang-us">
                <span class="mt-px text-info">{icon(Icon::PhoneIncoming, "size-4")}</span>
                <span><b class="font-semibold">{name.clone()} " rang us."</b> " Ask what it is about. Below is what we would have rung about."</span>
            </p>
        })
    };
    view! {
        {strips}
        {rang}
        {user.map(|user| view! {
            <PersonHeader user=user.clone() held=Arc::clone(&held) />
            {why.map(|why| view! { <WhyThisCall why held=Arc::clone(&held) /> })}
            <ClaimsOf user />
        })}
    }
}

/// Somebody is on the line, and the claims platform does not say who they are.
#[component]
fn Unseen() -> impl IntoView {
    let console = expect_context::<State>();
    let calls = expect_context::<Calls>();
    let is_known = Memo::new(move |_| calls.map(|view| view.user_id.is_some()) != Some(false));
    let is_known = move || is_known.get();
    let heading = NodeRef::new();
    console.focus_when_wanted(heading);
    view! {
        <section class=format!("{CARD} px-4 py-3") aria-label="The person">
            <h1 class="text-lg leading-6 font-semibold" tabindex="-1" node_ref=heading data-testid="person">
                {move || calls.map(|view| view.user_name.clone())}
            </h1>
            <p class="mt-0.5 text-dense text-muted">{move || calls.map(|view| user_words(view.user_id))}</p>
            {move || is_known().then(|| view! {
                // Where somebody else holds them, the card is theirs.
                {calls.map(|view| view.user_id).flatten().map(|user| view! {
                    <a class="btn btn-sm mt-3 mr-2" href=format!("/users?id={user}")>"Open their page"</a>
                })}
                <button type="button" class="btn btn-sm mt-3" on:click=move |_| console.check_again()>{icon(Icon::RefreshCw, "size-4")} "Read who this is"</button>
            })}
        </section>
        {move || (!is_known()).then(|| view! { <FetchedPiece piece=&WHO_RINGS /> })}
    }
}

/// How many can be called from a queue and how many wait.
fn numbers(summary: Summary, queue: QueueKind) -> Option<(i64, i64)> {
    summary.map(|summary| summary.queues.iter().find(|count| count.queue == queue).map(|count| (count.callable, count.waiting))).flatten()
}

#[component]
fn Ready() -> impl IntoView {
    let console = expect_context::<State>();
    let summary = expect_context::<Summary>();
    let counts = move || {
        let (callable, waiting) = numbers(summary, console.choice())?;
        Some(format!(": {} callable now, {} waiting for a time.", count(callable), count(waiting)))
    };
    let promise = expect_context::<Promise>();
    let heading = NodeRef::new();
    console.focus_when_wanted(heading);
    let hours = move || summary.map(|summary| (!summary.hours.is_open).then(|| summary.hours.words.clone())).flatten();
    view! {
        {move || hours().map(|words| view! {
            <p class="flex gap-3 rounded-field border border-warning/40 bg-warning/10 p-3 text-dense text-warning" role="status">
                <span class="mt-px">{icon(Icon::Clock, "size-4")}</span>
                <span><b class="font-semibold">"Outside calling hours."</b>" Calls can be made "{words}"."</span>
            </p>
        })}
        <section class=format!("{CARD} px-8 py-9") aria-labelledby="ready">
            <div class="mx-auto max-w-xl text-center">
                <h1 tabindex="-1" node_ref=heading class="text-2xl leading-8 font-semibold tracking-tight" id="ready">"Ready for the next call"</h1>
                <p class="mt-2 text-base leading-6 text-muted">
                    "The dialler takes the person who should be rung first and proves, just before you see them, that the call is still needed."
                </p>
                <div class="mt-6">{call_next_button("btn-primary min-w-56", false, console)}</div>
                <p class="mt-3 min-h-4.5 text-dense text-balance text-muted">
                    {move || match promise.due_words() {
                        Some((headline, words)) => due(headline, words).into_any(),
                        None => counts().map(|counts| view! {
                            "From "
                            <b class="font-semibold text-base-content">{console.choice().label()}</b>
                            {counts}
                        })
                        .into_any(),
                    }}
                </p>
            </div>
        </section>
        <HowItGoes />
    }
}

/// For the first call, without training.
#[component]
fn HowItGoes() -> impl IntoView {
    let steps = [
        ("Call next", "Checks tick off, then you see who it is and why."),
        ("Call", "They are checked once more, then rung. Not now? Skip."),
        ("Identity", "Check who it is. Only then the claims unfold."),
        ("Wrap-up", "Say what came of it with one key, 1 to 9."),
    ];
    view! {
        <section class=CARD aria-labelledby="how">
            <header class="flex min-h-10 items-center gap-2 border-b border-base-300 px-4 py-1.5">
                <h2 class="font-semibold" id="how">"How it goes"</h2>
            </header>
            <ol class="grid gap-4 p-4 text-dense sm:grid-cols-2 xl:grid-cols-4">
                {steps.into_iter().enumerate().map(|(index, (title, words))| view! {
                    <li class="flex gap-2.5">
                        <span class="grid size-6 shrink-0 place-items-center rounded-full bg-base-200 text-xs font-semibold" aria-hidden="true">{index + 1}</span>
                        <span><span class="block font-semibold">{title}</span><span class="text-muted">{words}</span></span>
                    </li>
                }).collect_view()}
            </ol>
        </section>
    }
}

/// A promise whose time has come is offered before anybody else.
fn due(headline: String, words: String) -> impl IntoView {
    view! { <b class="font-semibold text-warning">{headline}</b> ", "{words}". Call next offers it first." }
}

/// Offline or on a break.
fn away(glyph: Icon, headline: &'static str, words: &'static str) -> impl IntoView {
    let console = expect_context::<State>();
    let promise = expect_context::<Promise>();
    let heading = NodeRef::new();
    console.focus_when_wanted(heading);
    view! {
        <section class=format!("{CARD} px-8 py-9") aria-labelledby="away">
            <div class="mx-auto max-w-xl text-center">
                <span class="inline-block text-muted">{icon(glyph, "size-8")}</span>
                <h1 tabindex="-1" node_ref=heading class="mt-2 text-2xl leading-8 font-semibold tracking-tight" id="away">{headline}</h1>
                <p class="mt-2 text-base leading-6 text-muted">{words}</p>
                {become_available_button("mt-6 min-w-56", console)}
                <p class="mt-3 text-dense text-balance text-muted empty:hidden">
                    {move || promise.due_words().map(|(headline, words)| due(headline, words))}
                </p>
            </div>
        </section>
    }
}

#[component]
fn NobodyLeft(held: Arc<Received<HandOut>>) -> impl IntoView {
    let console = expect_context::<State>();
    let summary = expect_context::<Summary>();
    let heading = NodeRef::new();
    console.focus_when_wanted(heading);
    let queue = console.choice();
    let nobody = Arc::clone(&held);
    // The figures may come after the answer.
    let words = Memo::new(move |_| nobody_words(queue, &nobody.value, console.waiting(queue)));
    let other = move || {
        let other = console.choices().into_iter().find(|queue| *queue != console.choice())?;
        numbers(summary, other).filter(|(callable, _)| *callable > 0).map(|(callable, _)| (other, callable))
    };
    view! {
        {passed_over(&held.value)}
        <section class=format!("{CARD} px-8 py-9") aria-labelledby="nobody">
            <div class="mx-auto max-w-xl text-center">
                <span class="inline-block text-success">{icon(Icon::CircleCheck, "size-8")}</span>
                <h1 tabindex="-1" node_ref=heading class="mt-2 text-2xl leading-8 font-semibold tracking-tight" id="nobody">{move || words.get().0}</h1>
                <p class="mt-2 text-base leading-6 text-muted">{move || words.get().1}</p>
                {move || match other() {
                    Some((queue, callable)) => view! {
                        <p class="mt-4 text-dense text-muted">{queue.label()}" has "{count(callable)}" callable now."</p>
                        <button type="button" class="btn btn-sm mt-2" on:click=move |_| console.choose(queue)>
                            {icon(Icon::RefreshCw, "size-4")} "Choose "{queue.label()}
                        </button>
                    }
                    .into_any(),
                    None => view! { <p class="mt-4 text-dense text-muted">"New people appear by themselves. Try again in a few minutes, or take a break."</p> }.into_any(),
                }}
            </div>
        </section>
    }
}

/// The right side: the person's timeline, or what was not needed today.
#[component]
fn Side() -> impl IntoView {
    let console = expect_context::<State>();
    let live = expect_context::<Live>();
    let summary = expect_context::<Summary>();
    // Most hints are about other agents; the list is read again when it has another length.
    let saved_count = Memo::new(move |_| summary.map(|summary| summary.saved_today_by_me));
    let saved = Query::new(
        expect_context::<Session>(),
        move || {
            live.everything.track();
            // Read, not only tracked: a memo that nobody reads never looks at what it is made of.
            saved_count.get();
        },
        queue::saved_today,
    );
    let calls = expect_context::<Calls>();
    let is_in_call = Memo::new(move |_| calls.phase().is_some());
    let is_held = Memo::new(move |_| matches!(console.stage(), Stage::Offered | Stage::OnCall | Stage::WrapUp));
    let user = Memo::new(move |_| console.held().filter(|_| is_held.get()).and_then(|held| held.value.user.clone()));
    view! {
        <aside class="flex min-h-0 flex-col border-base-300 bg-base-100 max-lg:border-t lg:border-l" aria-label="Timeline">
            {move || match user.get() {
                Some(user) => view! { <Timeline user /> }.into_any(),
                None => view! {
                    <div class="flex h-11 shrink-0 items-center gap-2 border-b border-base-300 px-4">
                        <span class="text-muted">{icon(Icon::ShieldCheck, "size-4")}</span>
                        <h2 class="font-semibold">"Not needed today"</h2>
                        <span class="text-muted">{move || saved.map(Vec::len)}</span>
                    </div>
                    <div class="min-h-0 flex-1 overflow-y-auto" tabindex="0" role="region" aria-label="Not needed today, newest first">
                        {move || saved_list(saved, |_| None)}
                    </div>
                }
                .into_any(),
            }}
            {move || is_in_call.get().then(|| view! { <Note /> })}
        </aside>
    }
}

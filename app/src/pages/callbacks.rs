use auth::AgentPresence;
use calls::PromiseNote;
use kernel::{AgentId, ErrorCode, WireError};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::{Callback as Promised, CallbackList, CallbackStanding, PromiseFor};

use super::{Missing, provided, set_title};
use crate::components::callback_time::CallbackTime;
use crate::components::card::{CARD, card};
use crate::components::empty::empty;
use crate::components::error_strip::{error_strip, query_strip};
use crate::components::icon::{Icon, icon};
use crate::components::page_header::PageHeader;
use crate::components::skeleton::list_skeleton;
use crate::components::take_button::TakeButton;
use crate::format::{count, time_until};
use crate::state::address::Address;
use crate::state::announce::Announcer;
use crate::state::clock::{Clock, Received};
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

const LONGEST_REASON: usize = 300;

/// How far ahead is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Span {
    Today,
    Week,
    All,
}

impl Span {
    const ALL: [Self; 3] = [Self::Today, Self::Week, Self::All];

    /// Its name in the page's address; the usual one has none.
    const fn key(self) -> Option<&'static str> {
        match self {
            Self::Today => Some("today"),
            Self::Week => Some("week"),
            Self::All => None,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Week => "Week",
            Self::All => "All",
        }
    }

    /// Whether a promise of so many days ahead is shown. What is overdue always is.
    const fn has(self, days: i64) -> bool {
        match self {
            Self::Today => days <= 0,
            Self::Week => days < 7,
            Self::All => true,
        }
    }
}

/// Where a choice of both leads. Agents have only their own, and supervisors begin with everybody's.
fn link(is_mine: bool, sees_all: bool, span: Span) -> String {
    let of = (is_mine && sees_all).then_some("of=mine".to_owned());
    let when = span.key().map(|key| format!("when={key}"));
    let query = of.into_iter().chain(when).collect::<Vec<_>>().join("&");
    if query.is_empty() { "/callbacks".to_owned() } else { format!("/callbacks?{query}") }
}

const CHOSEN: &str = "btn btn-sm join-item border-primary/50 bg-primary/12 text-primary";

/// Promises to ring: one's own, or everybody's.
#[component]
pub(crate) fn Callbacks() -> impl IntoView {
    callbacks()
}

fn callbacks() -> Result<impl IntoView, Missing> {
    set_title("Callbacks");
    let session = provided::<Session>("session")?;
    let live = provided::<Live>("event stream")?;
    let address = provided::<Address>("address")?;
    let sees_all = Memo::new(move |_| session.sees_the_floor());
    let is_all = Memo::new(move |_| sees_all.get() && address.parameter("of", |of| (of == "mine").then_some(())).is_none());
    let span = Memo::new(move |_| {
        address.parameter("when", |when| Span::ALL.into_iter().find(|span| span.key() == Some(when))).unwrap_or(Span::All)
    });
    let list = Query::new(
        session,
        move || {
            live.queues.track();
            live.me.track();
            is_all.track();
        },
        move || queue::callbacks(is_all.get_untracked()),
    );
    let open =
        move |span: Span| list.map(|list| list.callbacks.iter().filter(|of| of.standing.is_open() && span.has(of.days_until)).count());
    let words = Signal::derive(move || {
        let whose = if is_all.get() { "Everybody’s" } else { "Yours" };
        Some(open(Span::All).map_or_else(|| whose.to_owned(), |count| format!("{whose}: {count} to make")))
    });
    let whose = move || {
        sees_all.get().then(|| {
            let part = move |of_all: bool, words: &'static str| {
                let is_chosen = move || is_all.get() == of_all;
                view! {
                    <a
                        class=move || if is_chosen() { CHOSEN } else { "btn btn-sm join-item" }
                        href=move || link(!of_all, true, span.get())
                        aria-current=move || is_chosen().then_some("true")
                    >
                        {words}
                    </a>
                }
            };
            view! { <nav class="join" aria-label="Whose callbacks">{part(false, "Mine")} {part(true, "Everybody’s")}</nav> }
        })
    };
    let spans = Span::ALL.map(|part| {
        let is_chosen = move || span.get() == part;
        view! {
            <a
                class=move || if is_chosen() { CHOSEN } else { "btn btn-sm join-item" }
                href=move || link(!is_all.get(), sees_all.get(), part)
                aria-current=move || is_chosen().then_some("true")
            >
                {part.word()} <span class="font-normal text-muted">{move || open(part)}</span>
            </a>
        }
    });
    Ok(view! {
        <PageHeader title="Callbacks" words>
            {whose} <nav class="join" aria-label="How far ahead">{spans.collect_view()}</nav>
        </PageHeader>
        <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto">
            <div class="mx-auto flex max-w-6xl flex-col gap-3 p-4"><Promises list is_all span /></div>
        </main>
    })
}

/// What the rows of a list share.
#[derive(Clone, Copy)]
struct Shared {
    list: Query<CallbackList>,
    agents: Query<Vec<AgentPresence>>,
    /// What was written down with each promise.
    notes: Query<Vec<PromiseNote>>,
    failed: RwSignal<Option<WireError>>,
    is_all: bool,
    window: u32,
    handover: u32,
    notice: u32,
}

#[component]
fn Promises(list: Query<CallbackList>, is_all: Memo<bool>, span: Memo<Span>) -> impl IntoView {
    let session = expect_context::<Session>();
    let live = expect_context::<Live>();
    let failed = RwSignal::new(None::<WireError>);
    // To whom a supervisor can give one.
    let agents: Query<Vec<AgentPresence>> = Query::new(
        session,
        move || {
            live.everything.track();
            is_all.track();
        },
        move || async move { if is_all.get_untracked() { auth::agents().await } else { Ok(Vec::new()) } },
    );
    let people = Memo::new(move |_| {
        let open = |list: &CallbackList| list.callbacks.iter().filter(|of| of.standing.is_open()).map(|of| of.user_id).collect::<Vec<_>>();
        list.map(open).unwrap_or_default()
    });
    let notes: Query<Vec<PromiseNote>> = Query::new(
        session,
        move || people.track(),
        move || async move {
            let people = people.get_untracked();
            if people.is_empty() { Ok(Vec::new()) } else { calls::promise_notes(people).await }
        },
    );
    move || match (list.answer(), list.error()) {
        (Some(answer), error) => {
            let strip = error.map(|error| query_strip(list, "The list is not fresh", &error));
            let (open, settled): (Vec<Promised>, Vec<Promised>) =
                answer.value.callbacks.iter().cloned().partition(|of| of.standing.is_open());
            let today = answer.value.today;
            let is_any = !open.is_empty();
            let open: Vec<Promised> = open.into_iter().filter(|of| span.get().has(of.days_until)).collect();
            let shared = Shared {
                list,
                agents,
                notes,
                failed,
                is_all: is_all.get(),
                window: answer.value.window_minutes,
                handover: answer.value.handover_minutes,
                notice: answer.value.notice_minutes,
            };
            let rows = match (open.is_empty(), is_any) {
                (true, true) => empty(Icon::CalendarClock, "Nothing is promised for then", "There are later ones under All.").into_any(),
                (true, false) => empty(
                    Icon::CalendarClock,
                    if shared.is_all { "Nothing is promised" } else { "You have promised nothing" },
                    "When somebody asks to be rung at a time, choose “Call me back” after the call.",
                )
                .into_any(),
                (false, _) => {
                    let answer = answer.clone();
                    view! { <ul>{open.into_iter().map(move |callback| open_row(shared, &answer, callback)).collect_view()}</ul> }.into_any()
                }
            };
            let settled_rows = view! { <ul>{settled.iter().cloned().map(settled_row).collect_view()}</ul> };
            let kept = (answer.value.of > 0).then(|| format!("{} of {} kept", count(answer.value.kept), count(answer.value.of)));
            view! {
                {strip}
                {(span.get() == Span::Today).then(|| today.map(|hours| day_line(&answer.value.callbacks, hours)))}
                {move || failed.get().map(|error| error_strip("Nothing was changed", &error, None))}
                {card("to-keep", Icon::CalendarClock, "To keep", (), rows)}
                {(!settled.is_empty()).then(|| card("settled", Icon::History, "Settled in seven days", kept, settled_rows))}
            }
            .into_any()
        }
        (None, Some(error)) => query_strip(list, "The callbacks could not be read", &error).into_any(),
        (None, None) => view! { <section class=CARD>{list_skeleton(4)}</section> }.into_any(),
    }
}

/// What stands below the time: the day, or of today how exact the promise is.
fn below_the_time(at: &str, clock: &str, window: u32) -> String {
    match at.strip_suffix(clock).map(str::trim) {
        Some("today") | None => format!("± {window} min"),
        Some(day) => day.to_owned(),
    }
}

/// Who is offered it, and until when it is kept for them.
fn whose(callback: &Promised, is_due: bool) -> String {
    let who = match (&callback.with, callback.is_mine) {
        (_, true) => "You".to_owned(),
        (Some(with), false) => with.clone(),
        (None, false) => return "Anyone".to_owned(),
    };
    match (&callback.kept_until, is_due) {
        (Some(until), true) => format!("{who}, until {until} then anyone"),
        (Some(_), false) => who,
        (None, _) => format!("Anyone; it was kept for {}", if callback.is_mine { "you" } else { who.as_str() }),
    }
}

fn open_row(shared: Shared, answer: &Received<CallbackList>, callback: Promised) -> impl IntoView + use<> {
    let clock = expect_context::<Clock>();
    let Shared { list, agents, notes, failed, is_all, window, handover, notice } = shared;
    let (id, user, until, since) = (callback.id, callback.user_id, callback.seconds_until, answer.clone_moment());
    let left = Memo::new(move |_| until - since.seconds_ago(clock.now()));
    let is_near = move || left.get() <= i64::from(notice) * 60;
    let is_due = Memo::new(move |_| left.get() <= 0);
    let standing = move || match left.get() {
        left if left <= -i64::from(handover) * 60 => {
            ("badge badge-sm badge-soft badge-error whitespace-nowrap", format!("Late by {}", time_until(-left)))
        }
        left if left <= 0 => ("badge badge-sm badge-soft badge-warning whitespace-nowrap", "Due now".to_owned()),
        left => ("text-xs text-muted", format!("in {}", time_until(left))),
    };
    let below = below_the_time(&callback.at, &callback.clock, window);
    let reason = if callback.is_retry { format!("{}, second try", callback.reason) } else { callback.reason.clone() };
    // With somebody, kept for somebody, or put back: then it is not for whoever looks.
    let is_free = callback.held_by.is_none() && callback.waits_until.is_none() && (callback.is_mine || callback.kept_until.is_none());
    let note = move || notes.map(|notes| notes.iter().find(|of| of.user_id == user).map(|of| of.note.clone())).flatten();
    let (name, number, held_by) = (callback.name.clone(), callback.number.clone(), callback.held_by.clone());
    let (with, waits_until, is_mine) = (callback.with.clone(), callback.waits_until.clone(), callback.is_mine);
    let (taken, given) = (name.clone(), name.clone());
    view! {
        <li
            class=move || {
                format!(
                    "grid gap-x-4 gap-y-2 border-b border-base-300 px-4 py-3 text-dense last:border-0 sm:grid-cols-[5rem_minmax(0,1fr)] {} {}",
                    // The same for every row, so that the columns stand below each other.
                    if is_all { "lg:grid-cols-[5rem_minmax(0,1fr)_minmax(0,1fr)_29.5rem]" } else { "lg:grid-cols-[5rem_minmax(0,1fr)_minmax(0,1.2fr)_19.5rem]" },
                    if is_near() { "bg-warning/8" } else { "" },
                )
            }
            data-testid="callback"
        >
            <div title=callback.at.clone()>
                <p class=move || if is_near() { "text-lg leading-6 font-semibold text-warning" } else { "text-lg leading-6 font-semibold" }>{callback.clock.clone()}</p>
                <p class="text-xs text-muted">{below}</p>
            </div>
            <div class="min-w-0">
                <p class="flex flex-wrap items-center gap-x-2">
                    <a class="link link-hover font-semibold break-words" href=format!("/users?id={user}")>{name}</a>
                    {move || { let (class, words) = standing(); view! { <span class=class>{words}</span> } }}
                </p>
                <p class="text-muted">
                    {number.map(|number| format!("{number} · "))}
                    {move || match &held_by {
                        Some(held_by) => format!("with {held_by} now"),
                        None => whose(&callback, is_due.get()),
                    }}
                </p>
            </div>
            <div class="min-w-0 sm:col-start-2 lg:col-start-auto">
                <p class="font-medium">{reason}</p>
                <p class="break-words text-muted empty:hidden">{note}</p>
                {waits_until.map(|until| view! { <p class="text-muted">"Waits until "{until}</p> })}
            </div>
            <div class="flex flex-wrap items-start justify-end gap-2 sm:col-start-2 lg:col-start-auto">
                {move || (is_due.get() && is_free).then(|| {
                    view! { <TakeButton user words="Call now" class="btn btn-sm btn-success" name=taken.clone() on_refused=Callback::new(move |()| list.again()) /> }
                })}
                {is_all.then(|| view! { <Give list agents failed id with name=given.clone() /> })}
                {(is_all || is_mine).then(|| view! { <Changes list failed id name=given /> })}
            </div>
        </li>
    }
}

fn settled_row(callback: Promised) -> impl IntoView {
    let (class, words) = match callback.standing {
        CallbackStanding::Kept if callback.is_retry => ("badge badge-sm badge-soft badge-neutral", "Tried again"),
        CallbackStanding::Kept => ("badge badge-sm badge-soft badge-success", "Kept"),
        CallbackStanding::Missed => ("badge badge-sm badge-soft badge-error", "Too late"),
        CallbackStanding::Moved => ("badge badge-sm badge-soft badge-neutral", "Moved"),
        CallbackStanding::NoLongerNeeded => ("badge badge-sm badge-soft badge-info", "No longer needed"),
        CallbackStanding::Cancelled => ("badge badge-sm badge-soft badge-neutral", "Withdrawn"),
        CallbackStanding::Upcoming | CallbackStanding::Due | CallbackStanding::Late => ("badge badge-sm", "Open"),
    };
    let moved = callback.moved_to.map(|at| format!("to {at}"));
    let what = callback.rang.map(|at| format!("rang {at}")).or(callback.withdrawn).or(moved);
    view! {
        <li class="grid items-center gap-x-4 gap-y-1 border-b border-base-300 px-4 py-2 text-dense last:border-0 sm:grid-cols-[7.5rem_minmax(0,1fr)_8.5rem] lg:grid-cols-[7.5rem_minmax(0,1fr)_8.5rem_minmax(0,1.5fr)]">
            <span class="text-muted">{callback.at}</span>
            <a class="link link-hover break-words" href=format!("/users?id={}", callback.user_id)>{callback.name}</a>
            <span><span class=class>{words}</span></span>
            <span class="break-words text-muted sm:col-start-2 lg:col-start-auto">{what}</span>
        </li>
    }
}

/// Another agent is offered it first.
#[component]
fn Give(
    list: Query<CallbackList>,
    agents: Query<Vec<AgentPresence>>,
    failed: RwSignal<Option<WireError>>,
    id: i64,
    with: Option<String>,
    name: String,
) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let give = move |event| {
        let to = event_target_value(&event).parse::<AgentId>().ok();
        spawn_local(async move {
            let done = queue::reassign(id, to).await;
            let _ = failed.try_set(done.as_ref().err().cloned());
            if done.is_ok() {
                let name = agents.map(|agents| agents.iter().find(|agent| Some(agent.id) == to).map(|agent| agent.name.clone())).flatten();
                announcer.show(name.map_or_else(
                    || "The callback is offered to anyone.".to_owned(),
                    |name| format!("The callback is offered to {name} first."),
                ));
            }
            list.again();
        });
    };
    let choices = move || {
        let with = with.clone();
        agents.map(|agents| {
            agents
                .iter()
                .map(|agent| {
                    let is_theirs = with.as_ref() == Some(&agent.name);
                    view! { <option value=agent.id.to_string() selected=is_theirs>{agent.name.clone()}</option> }
                })
                .collect_view()
        })
    };
    view! {
        <label>
            <span class="sr-only">"Offer first to, for "{name}</span>
            <select class="select select-sm w-40" on:change=give><option value="">"Anyone"</option>{choices}</select>
        </label>
    }
}

/// What is asked before a promise is changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Move,
    Withdraw,
}

/// Another time, or the end of it with a reason: each asked for first.
#[component]
fn Changes(list: Query<CallbackList>, failed: RwSignal<Option<WireError>>, id: i64, name: String) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let change = RwSignal::new(None::<Change>);
    let (at, reason) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(chosen) = change.get_untracked() else { return };
        let (at, reason) = (at.get_untracked(), reason.get_untracked());
        problem.set(match chosen {
            Change::Move if at.is_empty() => Some("Please choose a day and a time.".to_owned()),
            Change::Withdraw if reason.trim().is_empty() => Some("Please say why.".to_owned()),
            Change::Move | Change::Withdraw => None,
        });
        if problem.with_untracked(Option::is_some) {
            return;
        }
        spawn_local(async move {
            let (done, words) = match chosen {
                Change::Move => (queue::move_callback(id, at).await, "The callback is moved."),
                Change::Withdraw => (queue::withdraw(id, reason).await, "The callback is withdrawn."),
            };
            match done {
                Ok(()) => {
                    let _ = failed.try_set(None);
                    announcer.show(words);
                }
                // Said where the time is written, so that it can be put right there.
                Err(error) if chosen == Change::Move && error.code == ErrorCode::Unprocessable => {
                    let _ = problem.try_set(Some(error.message));
                    return;
                }
                Err(error) => {
                    let _ = failed.try_set(Some(error));
                }
            }
            list.again();
        });
    };
    let open = move |chosen| {
        problem.set(None);
        change.set(Some(chosen));
    };
    let move_label = format!("Move the callback to {name}");
    let withdraw_label = format!("Withdraw the callback to {name}");
    let field = move |chosen| match chosen {
        Change::Move => {
            let to = Signal::stored(PromiseFor::Callback { id });
            view! { <CallbackTime label="When instead?" to value=at problem on_choice=Callback::new(move |()| problem.set(None)) /> }
                .into_any()
        }
        Change::Withdraw => view! {
            <label class="flex flex-col gap-1 text-dense">
                <span class="font-medium">"Why is it withdrawn?"</span>
                <input class="input input-sm" maxlength=LONGEST_REASON bind:value=reason autofocus />
            </label>
        }
        .into_any(),
    };
    move || match change.get() {
        Some(chosen) => {
            let (class, act) = match chosen {
                Change::Move => ("btn btn-sm btn-primary", "Move it"),
                Change::Withdraw => ("btn btn-sm btn-warning", "Withdraw it"),
            };
            view! {
                <form class="flex flex-col gap-2" on:submit=submit novalidate>
                    <div>
                        {field(chosen)}
                        // Of a time it is said beside the time.
                        <p class="max-w-64 text-dense text-error empty:hidden" role="alert">{move || problem.get().filter(|_| chosen == Change::Withdraw)}</p>
                    </div>
                    <div class="flex gap-2">
                        <button type="submit" class=class>{act}</button>
                        <button type="button" class="btn btn-sm btn-ghost" on:click=move |_| change.set(None)>"Keep it"</button>
                    </div>
                </form>
            }
            .into_any()
        }
        None => view! {
            <button type="button" class="btn btn-sm" aria-label=move_label.clone() on:click=move |_| open(Change::Move)>"Move…"</button>
            <button type="button" class="btn btn-sm btn-ghost" aria-label=withdraw_label.clone() on:click=move |_| open(Change::Withdraw)>
                {icon(Icon::X, "size-4")} "Withdraw…"
            </button>
        }
        .into_any(),
    }
}

/// Today's promises along the hours in which calls are made.
fn day_line(callbacks: &[Promised], (from, until): (u16, u16)) -> impl IntoView + use<> {
    // The ends stand in from the edge by half a mark.
    let place = move |minute: u16| {
        let along = f64::from(minute.clamp(from, until) - from) / f64::from((until - from).max(1));
        format!("left: calc(1.75rem + {along:.4} * (100% - 3.5rem))")
    };
    let marks = callbacks
        .iter()
        .filter(|callback| callback.days_until == 0)
        .filter_map(|callback| Some((minute_of(&callback.clock)?, callback)))
        .map(|(minute, callback)| {
            let (what, class, shape) = mark(callback.standing);
            view! {
                <li class="absolute top-3 -translate-x-1/2 focus-within:z-10 hover:z-10" style=place(minute)>
                    <a
                        class=format!("grid size-7 place-items-center rounded-full border ring-2 ring-base-100 {class}")
                        href=format!("/users?id={}", callback.user_id)
                        title=format!("{} {}: {what}", callback.clock, callback.name)
                    >
                        {icon(shape, "size-4")}
                        <span class="sr-only">{format!("{} {}: {what}", callback.clock, callback.name)}</span>
                    </a>
                </li>
            }
        })
        .collect_view();
    let hours = (from.div_ceil(60)..=until / 60)
        .map(|hour| view! { <span class="absolute bottom-2 -translate-x-1/2" style=place(hour * 60)>{format!("{hour:02}:00")}</span> });
    view! {
        <section class=format!("{CARD} relative h-20") aria-label="Today’s callbacks" data-testid="day">
            <div class="absolute inset-x-7 top-6.5 border-t border-base-300"></div>
            <ul>{marks}</ul>
            <div class="text-xs text-muted" aria-hidden="true">{hours.collect_view()}</div>
        </section>
    }
}

/// What became of a promise, as its mark on the day has it.
const fn mark(standing: CallbackStanding) -> (&'static str, &'static str, Icon) {
    match standing {
        CallbackStanding::Upcoming => ("to come", "border-base-300 bg-base-100", Icon::Clock),
        CallbackStanding::Due => ("due now", "border-warning bg-warning text-warning-content", Icon::Bell),
        CallbackStanding::Late => ("late", "border-error bg-error text-error-content", Icon::Bell),
        CallbackStanding::Kept => ("kept", "border-success bg-success text-success-content", Icon::Check),
        CallbackStanding::Missed => ("too late", "border-error bg-base-100 text-error", Icon::X),
        CallbackStanding::Moved => ("moved", "border-base-300 bg-base-100", Icon::CalendarClock),
        CallbackStanding::NoLongerNeeded => ("no longer needed", "border-info bg-info text-info-content", Icon::ShieldCheck),
        CallbackStanding::Cancelled => ("withdrawn", "border-base-300 bg-base-100 text-muted", Icon::X),
    }
}

/// Minutes from midnight of `14:30`.
fn minute_of(clock: &str) -> Option<u16> {
    let (hour, minute) = clock.split_once(':')?;
    Some(hour.parse::<u16>().ok()? * 60 + minute.parse::<u16>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_so_many_minutes_after_midnight() {
        assert_eq!(["00:00", "14:30", "x", "14"].map(minute_of), [Some(0), Some(870), None, None]);
    }

    #[test]
    fn no_time_is_said_twice() {
        assert_eq!(below_the_time("today 10:42", "10:42", 15), "± 15 min");
        assert_eq!(below_the_time("23 Dec 12:00", "12:00", 15), "23 Dec");
    }

    #[test]
    fn it_is_said_for_whom_a_promise_is_kept_and_until_when() {
        let callback = |with: Option<&str>, is_mine, kept_until: Option<&str>| {
            Promised {
            with: with.map(str::to_owned),
            kept_until: kept_until.map(str::to_owned),
            is_mine,
            ..serde_json::from_str(
                r#"{"id":1,"user_id":"1","name":"Priya Raman","at":"today 14:30","clock":"14:30","days_until":0,"seconds_until":0,"standing":"due",
                    "reason":"Not signed yet","number":null,"is_mine":false,"with":null,"kept_until":null,"is_retry":false,"held_by":null,
                    "waits_until":null,"rang":null,"moved_to":null,"withdrawn":null}"#,
            )
            .unwrap()
        }
        };
        let mine = callback(Some("Hannah Whitfield"), true, Some("14:35"));
        assert_eq!(whose(&mine, true), "You, until 14:35 then anyone");
        assert_eq!(whose(&mine, false), "You");
        assert_eq!(whose(&callback(Some("Hannah Whitfield"), false, Some("14:35")), true), "Hannah Whitfield, until 14:35 then anyone");
        assert_eq!(whose(&callback(Some("Hannah Whitfield"), true, None), true), "Anyone; it was kept for you");
        assert_eq!(whose(&callback(None, false, None), true), "Anyone");
    }

    #[test]
    fn whoever_sees_everybodys_begins_with_them_and_what_is_overdue_is_always_there() {
        assert_eq!(link(true, false, Span::All), "/callbacks");
        assert_eq!(link(true, true, Span::Week), "/callbacks?of=mine&when=week");
        assert_eq!(link(false, true, Span::All), "/callbacks");
        assert!(Span::ALL.iter().all(|span| span.has(-3)) && !Span::Today.has(1) && Span::Week.has(6) && !Span::Week.has(7));
    }
}

use auth::AgentPresence;
use kernel::{AgentId, WireError};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::{Callback, CallbackList, CallbackStanding};

use super::{Missing, provided, set_title};
use crate::components::card::{CARD, card};
use crate::components::empty::empty;
use crate::components::error_strip::{error_strip, query_strip};
use crate::components::icon::{Icon, icon};
use crate::components::page_header::PageHeader;
use crate::components::skeleton::list_skeleton;
use crate::format::{count, time_until};
use crate::state::address::Address;
use crate::state::announce::Announcer;
use crate::state::clock::{Clock, Received};
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

const LONGEST_REASON: usize = 300;

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
    let is_all = Memo::new(move |_| sees_all.get() && address.parameter("of", |of| (of == "all").then_some(())).is_some());
    let list = Query::new(
        session,
        move || {
            live.queues.track();
            live.me.track();
            is_all.track();
        },
        move || queue::callbacks(is_all.get_untracked()),
    );
    let kept =
        move || list.map(|list| (list.of > 0).then(|| format!("{} of {} kept in seven days", count(list.kept), count(list.of)))).flatten();
    let words = Signal::derive(move || Some(kept().unwrap_or_else(|| "What was promised, to the minute".to_owned())));
    let whose = move || {
        sees_all.get().then(|| {
            let link = move |of_all: bool, href: &'static str, words: &'static str| {
                let class = move || if is_all.get() == of_all { "btn btn-sm join-item btn-active" } else { "btn btn-sm join-item" };
                view! { <a class=class href=href aria-current=move || (is_all.get() == of_all).then_some("true")>{words}</a> }
            };
            view! { <nav class="join" aria-label="Whose callbacks">{link(false, "/callbacks", "Mine")} {link(true, "/callbacks?of=all", "Everybody's")}</nav> }
        })
    };
    Ok(view! {
        <PageHeader title="Callbacks" words>{whose}</PageHeader>
        <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto">
            <div class="mx-auto flex max-w-6xl flex-col gap-3 p-4"><Promises list is_all /></div>
        </main>
    })
}

#[component]
fn Promises(list: Query<CallbackList>, is_all: Memo<bool>) -> impl IntoView {
    let session = expect_context::<Session>();
    let live = expect_context::<Live>();
    let failed = RwSignal::new(None::<WireError>);
    // To whom a supervisor can give one.
    let agents: Query<Vec<AgentPresence>> = Query::new(
        session,
        move || live.everything.track(),
        move || async move { if is_all.get_untracked() { auth::agents().await } else { Ok(Vec::new()) } },
    );
    Effect::new(move |_| {
        if is_all.get() {
            agents.again();
        }
    });
    move || match (list.answer(), list.error()) {
        (Some(answer), error) => {
            let strip = error.map(|error| query_strip(list, "The list is not fresh", &error));
            let open: Vec<Callback> = answer.value.callbacks.iter().filter(|callback| callback.standing.is_open()).cloned().collect();
            let settled: Vec<Callback> = answer.value.callbacks.iter().filter(|callback| !callback.standing.is_open()).cloned().collect();
            let (window, notice) = (answer.value.window_minutes, answer.value.notice_minutes);
            let rows = if open.is_empty() {
                empty(
                    Icon::CalendarClock,
                    "Nothing is promised",
                    "When somebody asks to be rung at a time, choose “Call me back” after the call.",
                )
                .into_any()
            } else {
                let answer = answer.clone();
                let row = move |callback| open_row(list, agents, failed, is_all.get(), &answer, callback, window, notice);
                view! { <ul>{open.into_iter().map(row).collect_view()}</ul> }.into_any()
            };
            let settled_rows = view! { <ul>{settled.iter().cloned().map(settled_row).collect_view()}</ul> };
            view! {
                {strip}
                {move || failed.get().map(|error| error_strip("Nothing was changed", &error, None))}
                {card("to-keep", Icon::CalendarClock, "To keep", (), rows)}
                {(!settled.is_empty()).then(|| card("settled", Icon::History, "Settled in seven days", (), settled_rows))}
            }
            .into_any()
        }
        (None, Some(error)) => query_strip(list, "The callbacks could not be read", &error).into_any(),
        (None, None) => view! { <section class=CARD>{list_skeleton(4)}</section> }.into_any(),
    }
}

#[expect(clippy::too_many_arguments, reason = "one row of one list")]
fn open_row(
    list: Query<CallbackList>,
    agents: Query<Vec<AgentPresence>>,
    failed: RwSignal<Option<WireError>>,
    is_all: bool,
    answer: &Received<CallbackList>,
    callback: Callback,
    window: u32,
    notice: u32,
) -> impl IntoView + use<> {
    let clock = expect_context::<Clock>();
    let (id, until, since) = (callback.id, callback.seconds_until, answer.clone_moment());
    let left = Memo::new(move |_| until - since.seconds_ago(clock.now()));
    let is_near = move || left.get() <= i64::from(notice) * 60;
    let standing = move || match left.get() {
        left if left < -i64::from(window) * 60 => ("badge badge-sm badge-soft badge-error whitespace-nowrap", "Late".to_owned()),
        left if left <= 0 => ("badge badge-sm badge-soft badge-warning whitespace-nowrap", "Due now".to_owned()),
        left => ("text-xs text-muted", format!("in {}", time_until(left))),
    };
    let whose = match (&callback.held_by, callback.is_mine, &callback.with, callback.is_anyones) {
        (Some(held_by), ..) => format!("with {held_by} now"),
        (None, true, _, false) => "you, then anyone".to_owned(),
        (None, false, Some(with), false) => format!("{with}, then anyone"),
        _ => "anyone".to_owned(),
    };
    let retry = callback.is_retry.then_some(" · second try");
    view! {
        <li
            class=move || if is_near() { "flex flex-wrap items-start gap-x-4 gap-y-2 border-b border-base-300 bg-warning/8 px-4 py-3 last:border-0" } else { "flex flex-wrap items-start gap-x-4 gap-y-2 border-b border-base-300 px-4 py-3 last:border-0" }
            data-testid="callback"
        >
            <div class="w-24">
                <p class=move || if is_near() { "text-lg leading-6 font-semibold text-warning" } else { "text-lg leading-6 font-semibold" }>{callback.clock.clone()}</p>
                <p class="text-xs text-muted">{callback.at.clone()}</p>
            </div>
            <div class="min-w-48 flex-1 text-dense">
                <p class="flex flex-wrap items-center gap-2">
                    <a class="link link-hover font-semibold break-words" href=format!("/users?id={}", callback.user_id)>{callback.name.clone()}</a>
                    {move || { let (class, words) = standing(); view! { <span class=class>{words}</span> } }}
                </p>
                <p class="text-muted">{callback.reason.clone()}" · "{whose}{retry}</p>
                {callback.waits_until.clone().map(|until| view! { <p class="text-muted">"Waits until "{until}</p> })}
            </div>
            {is_all.then(|| view! { <Give list agents failed id with=callback.with.clone() name=callback.name.clone() /> })}
            {(is_all || callback.is_mine).then(|| view! { <Withdraw list failed id name=callback.name /> })}
        </li>
    }
}

fn settled_row(callback: Callback) -> impl IntoView {
    let (class, words) = match callback.standing {
        CallbackStanding::Kept => ("badge badge-sm badge-soft badge-success", "Kept"),
        CallbackStanding::Missed => ("badge badge-sm badge-soft badge-error", "Too late"),
        CallbackStanding::Moved => ("badge badge-sm badge-soft badge-neutral", "Moved"),
        CallbackStanding::NoLongerNeeded => ("badge badge-sm badge-soft badge-info", "No longer needed"),
        CallbackStanding::Cancelled => ("badge badge-sm badge-soft badge-neutral", "Withdrawn"),
        CallbackStanding::Upcoming | CallbackStanding::Due | CallbackStanding::Late => ("badge badge-sm", "Open"),
    };
    let what = callback.rang.map(|at| format!("rang {at}")).or(callback.withdrawn);
    view! {
        <li class="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-base-300 px-4 py-2 text-dense last:border-0">
            <span class="w-24 text-muted">{callback.at}</span>
            <a class="link link-hover min-w-40 flex-1 break-words" href=format!("/users?id={}", callback.user_id)>{callback.name}</a>
            <span class=class>{words}</span>
            <span class="min-w-40 flex-1 break-words text-muted">{what}</span>
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
                announcer.show("The callback is given to somebody else.");
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
            <select class="select select-sm w-44" on:change=give><option value="">"Anyone"</option>{choices}</select>
        </label>
    }
}

/// A reason first, then the end of it.
#[component]
fn Withdraw(list: Query<CallbackList>, failed: RwSignal<Option<WireError>>, id: i64, name: String) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let is_open = RwSignal::new(false);
    let reason = RwSignal::new(String::new());
    let is_empty = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        is_empty.set(reason.with_untracked(|reason| reason.trim().is_empty()));
        if is_empty.get_untracked() {
            return;
        }
        spawn_local(async move {
            let done = queue::withdraw(id, reason.get_untracked()).await;
            let _ = failed.try_set(done.as_ref().err().cloned());
            if done.is_ok() {
                announcer.show("The callback is withdrawn.");
            }
            list.again();
        });
    };
    let label = format!("Withdraw the callback to {name}");
    move || {
        if is_open.get() {
            view! {
                <form class="flex flex-wrap items-end gap-2" on:submit=submit novalidate>
                    <label class="flex flex-col gap-1 text-dense">
                        <span class="font-medium">"Why is it withdrawn?"</span>
                        <input class="input input-sm" maxlength=LONGEST_REASON bind:value=reason autofocus />
                        <span class="text-error empty:hidden" role="alert">{move || is_empty.get().then_some("Please say why.")}</span>
                    </label>
                    <button type="submit" class="btn btn-sm btn-warning">"Withdraw it"</button>
                    <button type="button" class="btn btn-sm btn-ghost" on:click=move |_| is_open.set(false)>"Keep it"</button>
                </form>
            }
            .into_any()
        } else {
            view! { <button type="button" class="btn btn-sm btn-ghost" aria-label=label.clone() on:click=move |_| is_open.set(true)>{icon(Icon::X, "size-4")} "Withdraw…"</button> }.into_any()
        }
    }
}

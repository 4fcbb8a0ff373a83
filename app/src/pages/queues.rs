use kernel::{QueueKind, WireError};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::{Blocked, Drift, Overview, Pause, PauseKind, Run};

use super::{Missing, provided, set_title};
use crate::components::card::{CARD, card};
use crate::components::empty::empty;
use crate::components::error_strip::{error_strip, query_strip};
use crate::components::holidays_notice::holidays_notice;
use crate::components::icon::{Icon, icon};
use crate::components::page_header::{PageHeader, not_for_agents};
use crate::components::skeleton::list_skeleton;
use crate::components::tile::{queue_tile, tile_skeleton};
use crate::components::typed_time::{DayField, read_day_and_time, time_field};
use crate::format::{count, counted, lag};
use crate::routes::Summary;
use crate::state::announce::Announcer;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

/// What a reason may be long.
const LONGEST_REASON: usize = 300;

/// What supervisors do with the queues as a whole.
#[component]
pub(crate) fn Queues() -> impl IntoView {
    queues()
}

fn queues() -> Result<impl IntoView, Missing> {
    set_title("Queues");
    let session = provided::<Session>("session")?;
    let live = provided::<Live>("event stream")?;
    let summary = provided::<Summary>("summary")?;
    let may_see = Memo::new(move |_| session.sees_the_floor());
    Ok(move || {
        if may_see.get() {
            let overview = Query::new(session, move || live.queues.track(), queue::overview);
            view! { <Header overview /> <Main summary overview /> }.into_any()
        } else {
            not_for_agents("The queues are for supervisors").into_any()
        }
    })
}

#[component]
fn Header(overview: Query<Overview>) -> impl IntoView {
    let pauses = move || {
        overview.map(|overview| overview.pauses.len()).filter(|pauses| *pauses > 0).map(|pauses| {
            let words = counted(i64::try_from(pauses).unwrap_or(i64::MAX), "pause in force", "pauses in force");
            view! { <span class="badge badge-sm badge-soft badge-warning whitespace-nowrap">{icon(Icon::CirclePause, "size-3.5")} {words}</span> }
        })
    };
    let words = Signal::stored(Some("A change counts from the next decision, at once".to_owned()));
    view! { <PageHeader title="Queues and pauses" words>{pauses}</PageHeader> }
}

#[component]
fn Main(summary: Summary, overview: Query<Overview>) -> impl IntoView {
    let tiles = move || match (summary.answer(), summary.error()) {
        (Some(answer), _) => {
            answer.value.queues.iter().map(|queue| queue_tile(queue, answer.value.late_callbacks)).collect_view().into_any()
        }
        (None, Some(error)) => query_strip(summary, "The figures could not be read", &error).into_any(),
        (None, None) => view! { {tile_skeleton()} {tile_skeleton()} }.into_any(),
    };
    let stale =
        move || overview.answer().and_then(|_| overview.error()).map(|error| query_strip(overview, "What you see is not fresh", &error));
    let unread = move || match (overview.answer(), overview.error()) {
        (None, Some(error)) => Some(query_strip(overview, "The queues could not be read", &error).into_any()),
        (None, None) => Some(view! { <section class=CARD>{list_skeleton(4)}</section> }.into_any()),
        (Some(_), _) => None,
    };
    let is_read = Memo::new(move |_| overview.answer().is_some());
    let is_direct = Memo::new(move |_| overview.map(|overview| overview.direct.is_some()).unwrap_or(false));
    view! {
        <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto lg:row-span-2">
            <div class="mx-auto flex max-w-7xl flex-col gap-3 p-4">
                {move || holidays_notice(summary)}
                <div class="grid grid-cols-1 gap-3 lg:grid-cols-3">{tiles}</div>
                {stale} {unread}
                {move || is_read.get().then(|| view! {
                    <div class="grid grid-cols-1 gap-3 lg:grid-cols-[minmax(0,1.45fr)_minmax(0,1fr)]">
                        <div class="flex min-w-0 flex-col gap-3">
                            <Pauses overview /> <PauseSomething overview /> <HeldBack overview /> <UnknownStatuses overview />
                        </div>
                        <div class="flex min-w-0 flex-col gap-3">
                            <Discovery overview />
                            // Where no queues are kept, nothing can be found in the wrong one.
                            {move || (!is_direct.get()).then(|| view! { <DriftFound overview /> })}
                            <Week overview />
                        </div>
                    </div>
                })}
            </div>
        </main>
    }
}

/// What holds now, each with its end.
#[component]
fn Pauses(overview: Query<Overview>) -> impl IntoView {
    let failed = RwSignal::new(None::<WireError>);
    let pauses = Memo::new(move |_| overview.map(|overview| overview.pauses.clone()).unwrap_or_default());
    let body = move || {
        if pauses.with(Vec::is_empty) {
            return empty(
                Icon::CirclePause,
                "Nothing is paused",
                "Whatever you pause below is offered to nobody, and rung by nobody, until it is resumed.",
            )
            .into_any();
        }
        view! {
            <div class="overflow-x-auto" tabindex="0" role="region" aria-label="Pauses that hold">
                <table class="table table-sm">
                    <thead>
                        <tr>
                            <th scope="col">"What"</th>
                            <th scope="col">"Why"</th>
                            <th scope="col">"Until"</th>
                            <th scope="col"><span class="sr-only">"Act"</span></th>
                        </tr>
                    </thead>
                    <tbody>{pauses.get().into_iter().map(|pause| pause_row(overview, failed, pause)).collect_view()}</tbody>
                </table>
            </div>
        }
        .into_any()
    };
    let body = view! {
        {move || failed.get().map(|error| view! { <div class="p-4">{error_strip("It was not resumed", &error, None)}</div> })}
        {body}
    };
    card("pauses", Icon::CirclePause, "Pauses", (), body)
}

fn pause_row(overview: Query<Overview>, failed: RwSignal<Option<WireError>>, pause: Pause) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let is_busy = RwSignal::new(false);
    let (id, name) = (pause.id, pause.label.clone());
    let resume = move |_| {
        if is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        let name = name.clone();
        spawn_local(async move {
            match queue::resume(id).await {
                Ok(people) => {
                    let _ = failed.try_set(None);
                    announcer.show(if people == 0 {
                        format!("{name} goes on.")
                    } else {
                        format!("{name} goes on; {} offered again.", are(people))
                    });
                }
                Err(error) => {
                    let _ = failed.try_set(Some(error));
                }
            }
            let _ = is_busy.try_set(false);
            overview.again();
        });
    };
    view! {
        <tr>
            <th scope="row" class="font-normal">
                <span class="flex items-center gap-2">
                    <span class="text-warning">{icon(Icon::CirclePause, "size-4")}</span>
                    <span class="min-w-0 font-semibold break-words">{pause.label.clone()}</span>
                    <span class="text-xs text-muted">{kind_word(pause.kind).to_lowercase()}</span>
                </span>
            </th>
            <td class="[overflow-wrap:anywhere]">{pause.reason}<span class="block text-xs text-muted">{pause.by}", "{pause.since}</span></td>
            <td>{pause.until.unwrap_or_else(|| "someone resumes it".to_owned())}</td>
            <td class="text-right">
                <button type="button" class="btn btn-sm" aria-disabled=move || if is_busy.get() { "true" } else { "false" } on:click=resume>
                    {icon(Icon::Play, "size-4")} "Resume" <span class="sr-only">{pause.label}</span>
                </button>
            </td>
        </tr>
    }
}

const fn kind_word(kind: PauseKind) -> &'static str {
    match kind {
        PauseKind::Queue => "Queue",
        PauseKind::Lender => "Lender",
        PauseKind::Solicitor => "Solicitor",
    }
}

/// “1 person is”, “402 people are”.
fn are(people: u64) -> String {
    let people = i64::try_from(people).unwrap_or(i64::MAX);
    if people == 1 { "1 person is".to_owned() } else { format!("{} people are", count(people)) }
}

const KINDS: [PauseKind; 3] = [PauseKind::Lender, PauseKind::Solicitor, PauseKind::Queue];

#[component]
fn PauseSomething(overview: Query<Overview>) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let kind = RwSignal::new(KINDS[0]);
    let name = RwSignal::new(String::new());
    let reason = RwSignal::new(String::new());
    let (day, time) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let is_busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let typed = Callback::new(move |()| problem.set(None));
    let failed = RwSignal::new(None::<WireError>);
    // What is paused already cannot be paused again.
    let choices = Memo::new(move |_| {
        let kind = kind.get();
        overview
            .map(|overview| {
                let is_paused = |name: &str| overview.pauses.iter().any(|pause| pause.kind == kind && pause.name == name);
                overview.pausable.iter().filter(|choice| choice.kind == kind && !is_paused(&choice.name)).cloned().collect::<Vec<_>>()
            })
            .unwrap_or_default()
    });
    let chosen = Memo::new(move |_| choices.with(|choices| name.with(|name| choices.iter().find(|choice| choice.name == *name).cloned())));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let words = reason.with_untracked(|reason| reason.trim().to_owned());
        let until = day.with_untracked(|day| time.with_untracked(|time| read_day_and_time(day, time, None)));
        problem.set(match (chosen.get_untracked(), words.is_empty(), &until) {
            (None, ..) => Some("Choose what is to be paused.".to_owned()),
            (Some(_), true, _) => Some("Please say why, for whoever asks later.".to_owned()),
            (Some(_), false, Err(words)) => Some(words.clone()),
            (Some(_), false, Ok(_)) => None,
        });
        let until = until.unwrap_or_default();
        let (None, Some(choice), false) = (problem.get_untracked(), chosen.get_untracked(), is_busy.get_untracked()) else { return };
        is_busy.set(true);
        spawn_local(async move {
            match queue::pause(choice.kind, choice.name, words, until).await {
                Ok(people) => {
                    announcer.show(match choice.kind {
                        PauseKind::Queue => format!("{} is paused: nobody is offered from it.", choice.label),
                        _ => format!("{} is paused; {} held by it.", choice.label, are(people)),
                    });
                    let _ = failed.try_set(None);
                    let _ = reason.try_set(String::new());
                    let _ = day.try_set(String::new());
                    let _ = time.try_set(String::new());
                    let _ = name.try_set(String::new());
                }
                Err(error) => {
                    let _ = failed.try_set(Some(error));
                }
            }
            let _ = is_busy.try_set(false);
            overview.again();
        });
    };
    let effect = move || {
        match chosen.get() {
        None => view! { <span class="text-muted">"Nothing is chosen yet."</span> }.into_any(),
        Some(choice) => match choice.people {
            Some(people) => view! {
                <span><b class="font-semibold">{counted(people, "person", "people")}</b>" would wait for its end; whoever has other claims too is still called about those. Calls under way go on."</span>
            }
            .into_any(),
            None => view! { <span>"Nobody is offered from this queue. Calls under way go on."</span> }.into_any(),
        },
    }
    };
    let button = move || {
        let what = chosen.get().map(|choice| choice.label);
        if is_busy.get() { "Pausing…".to_owned() } else { format!("Pause {}", what.as_deref().unwrap_or("it")) }
    };
    let body = view! {
        <form class="px-4 py-3" on:submit=submit novalidate>
            <div class="grid items-end gap-3 text-dense sm:grid-cols-[7.5rem_minmax(0,10rem)_minmax(0,1fr)]">
                <label class="flex flex-col gap-1">
                    <span class="font-medium">"Kind"</span>
                    <select
                        class="select select-sm w-full"
                        on:change=move |event| {
                            let value = event_target_value(&event);
                            kind.set(KINDS.into_iter().find(|kind| kind_word(*kind) == value).unwrap_or(KINDS[0]));
                            name.set(String::new());
                            problem.set(None);
                        }
                    >
                        {KINDS.map(|kind| view! { <option>{kind_word(kind)}</option> })}
                    </select>
                </label>
                <label class="flex flex-col gap-1">
                    <span class="font-medium">"Which"</span>
                    <select
                        class="select select-sm w-full"
                        prop:value=move || name.get()
                        on:change=move |event| {
                            name.set(event_target_value(&event));
                            problem.set(None);
                        }
                    >
                        <option value="">{move || if choices.with(Vec::is_empty) { "None to choose" } else { "Choose" }}</option>
                        {move || choices.get().into_iter().map(|choice| view! { <option value=choice.name>{choice.label}</option> }).collect_view()}
                    </select>
                </label>
                <label class="flex flex-col gap-1">
                    <span class="font-medium">"Reason"</span>
                    <input
                        class="input input-sm w-full"
                        maxlength=LONGEST_REASON
                        bind:value=reason
                        aria-describedby="pause-problem"
                        on:input=move |_| problem.set(None)
                    />
                </label>
                <div class="flex flex-wrap items-start gap-2 sm:col-span-3">
                    <div class="w-52 max-w-full"><DayField label="Until" id="pause-day" text=day on_typed=typed /></div>
                    <div class="flex w-24 flex-col gap-1">
                        <span class="font-medium" aria-hidden="true">"Time"</span>
                        {time_field("Until, time".to_owned(), None, time, typed)}
                    </div>
                    <span class="self-center text-muted">"Empty: until somebody resumes it."</span>
                </div>
            </div>
            <p class="pt-1 text-dense text-error empty:hidden" id="pause-problem" role="alert">{move || problem.get()}</p>
            {move || failed.get().map(|error| view! { <div class="pt-3">{error_strip("Nothing was paused", &error, None)}</div> })}
            <div class="mt-3 flex flex-wrap items-center gap-3 border-t border-base-300 pt-3">
                <p class="flex min-w-0 items-center gap-2 text-dense"><span class="text-muted">{icon(Icon::Users, "size-4")}</span>{effect}</p>
                <button type="submit" class="btn btn-sm btn-warning ml-auto" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                    {icon(Icon::CirclePause, "size-4")} {button}
                </button>
            </div>
        </form>
    };
    card("pause-something", Icon::PenLine, "Pause something", (), body)
}

/// Who has a need and may not be rung, by rule.
#[component]
fn HeldBack(overview: Query<Overview>) -> impl IntoView {
    let blocked = Memo::new(move |_| overview.map(|overview| overview.blocked.clone()).unwrap_or_default());
    let body = move || {
        let rows = by_rule(&blocked.get());
        if rows.is_empty() {
            return empty(
                Icon::ShieldCheck,
                "Nobody is held back",
                "Discovery counts who has something to be called about and may not be rung.",
            )
            .into_any();
        }
        view! {
            <table class="table table-sm">
                <thead>
                    <tr>
                        <th scope="col">"Rule"</th>
                        {COLUMNS.map(|queue| view! { <th scope="col" class="text-right">{queue.label()}</th> })}
                    </tr>
                </thead>
                <tbody>
                    {rows.into_iter().map(|(rule, people)| view! {
                        <tr>
                            <th scope="row" class="font-normal">{rule}</th>
                            {people.map(|people| view! { <td class="text-right">{if people == 0 { "–".to_owned() } else { count(people) }}</td> })}
                        </tr>
                    }).collect_view()}
                </tbody>
            </table>
        }
        .into_any()
    };
    card("held-back", Icon::ShieldAlert, "Held back, by rule", move || as_of(overview), body)
}

fn as_of(overview: Query<Overview>) -> &'static str {
    if overview.map(|overview| overview.direct.is_some()).unwrap_or(false) { "as of the last reading" } else { "as of the last discovery" }
}

/// Words of the claims platform that are in no rule; nothing when there are none.
#[component]
fn UnknownStatuses(overview: Query<Overview>) -> impl IntoView {
    let unknown = Memo::new(move |_| overview.map(|overview| overview.unknown_statuses.clone()).unwrap_or_default());
    let lines = move || {
        unknown
            .get()
            .into_iter()
            .map(|unknown| {
                view! {
                    <tr>
                        <th scope="row" class="font-normal break-words"><bdi>"“"{unknown.status.clone()}"”"</bdi></th>
                        <td>{unknown.of_words()}</td>
                        <td class="text-right">{count(unknown.count)}</td>
                        <td>{unknown.treated_words()}</td>
                    </tr>
                }
            })
            .collect_view()
    };
    let body = move || {
        view! {
            <p class="px-4 pt-3 text-dense text-muted">
                "The claims platform uses these words and no rule names them. If one of them should stop calls, tell the people who look after the dialler."
            </p>
            <table class="table table-sm">
                <thead>
                    <tr>
                        <th scope="col">"Status"</th>
                        <th scope="col">"Of"</th>
                        <th scope="col" class="text-right">"How many"</th>
                        <th scope="col">"What the dialler does"</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        }
    };
    move || {
        let is_any = unknown.with(|unknown| !unknown.is_empty());
        is_any.then(|| card("unknown-statuses", Icon::TriangleAlert, "Statuses that no rule knows", move || as_of(overview), body))
    }
}

const COLUMNS: [QueueKind; 2] = [QueueKind::UnsignedUsers, QueueKind::OutstandingRequests];

/// A line a rule, with its people in each column; the rule that holds back most comes first.
fn by_rule(blocked: &[Blocked]) -> Vec<(String, [i64; 2])> {
    let mut rows: Vec<(String, [i64; 2])> = Vec::new();
    for held in blocked {
        let at = rows.iter().position(|(rule, _)| *rule == held.rule).unwrap_or_else(|| {
            rows.push((held.rule.clone(), [0; 2]));
            rows.len() - 1
        });
        for (people, queue) in rows[at].1.iter_mut().zip(COLUMNS) {
            *people += if queue == held.queue { held.people } else { 0 };
        }
    }
    rows.sort_by_key(|(_, people)| -people.iter().sum::<i64>());
    rows
}

#[component]
fn Discovery(overview: Query<Overview>) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let failed = RwSignal::new(None::<WireError>);
    let only = RwSignal::new(None::<QueueKind>);
    let latest = Memo::new(move |_| overview.map(|overview| overview.runs.first().cloned()).flatten());
    let is_running = Memo::new(move |_| latest.with(|latest| latest.as_ref().is_some_and(|run| run.is_running)));
    let expected = Memo::new(move |_| overview.map(|overview| overview.expected_users).flatten());
    let next = move || overview.map(|overview| overview.next_run.clone()).flatten();
    let start = move |_| {
        if is_running.get_untracked() {
            return;
        }
        spawn_local(async move {
            match queue::discover(only.get_untracked()).await {
                Ok(()) => {
                    let _ = failed.try_set(None);
                    announcer.say("Discovery has begun.");
                }
                Err(error) => {
                    let _ = failed.try_set(Some(error));
                }
            }
            overview.again();
        });
    };
    let badge = move || {
        is_running.get().then(|| view! { <span class="badge badge-sm badge-soft badge-primary whitespace-nowrap">{icon(Icon::Activity, "size-3.5")} "running"</span> })
    };
    let direct = Memo::new(move |_| overview.map(|overview| overview.direct.clone()).flatten());
    let kept = move || {
        view! {
            <div class="p-4">
                {move || match latest.get() {
                    Some(run) => run_view(&run, expected.get()).into_any(),
                    None => view! { <p class="text-dense text-muted">"The replica was never read as a whole. Run discovery to fill the queues."</p> }.into_any(),
                }}
                {move || failed.get().map(|error| view! { <div class="pt-3">{error_strip("Discovery was not started", &error, None)}</div> })}
                <div class="mt-3 flex flex-wrap items-center gap-2">
                    <span class="text-dense text-muted">
                        {move || next().map_or_else(|| "Does not run by itself".to_owned(), |next| format!("Runs every hour, next {next}"))}
                    </span>
                    <label class="ml-auto">
                        <span class="sr-only">"Which queues"</span>
                        <select
                            class="select select-sm"
                            on:change=move |event| only.set(event_target_value(&event).parse().ok())
                        >
                            <option value="">"All queues"</option>
                            {COLUMNS.map(|queue| view! { <option value=queue.as_str()>{queue.label()}</option> })}
                        </select>
                    </label>
                    <button type="button" class="btn btn-sm" aria-disabled=move || if is_running.get() { "true" } else { "false" } on:click=start>
                        {icon(Icon::RefreshCw, "size-4")} "Run now"
                    </button>
                </div>
                {move || earlier(overview)}
            </div>
        }
    };
    let body = move || match direct.get() {
        Some(read) => view! {
            <p class="p-4 text-dense" data-testid="direct">
                "No queues are kept: this server reads every minute who may be called. Last read: " <b class="font-semibold">{read}</b>
            </p>
        }
        .into_any(),
        None => kept().into_any(),
    };
    card("discovery", Icon::RefreshCw, "Discovery", badge, body)
}

fn run_view(run: &Run, expected: Option<i64>) -> impl IntoView + use<> {
    let about = run.only.map_or("Reading the whole replica".to_owned(), |queue| format!("Reading for {}", queue.label()));
    let head = if run.is_running {
        about
    } else if run.failure.is_some() {
        "The last run came to nothing".to_owned()
    } else {
        "The last run".to_owned()
    };
    let progress = run.is_running.then(|| {
        let whole = expected.unwrap_or(0).max(run.users_read).max(1);
        let words = if expected.is_some() { format!(" of about {} users", count(whole)) } else { " users".to_owned() };
        view! {
            <progress class="progress progress-primary mt-2 h-2 w-full" value=run.users_read.to_string() max=whole.to_string() aria-label="Discovery"></progress>
            <p class="mt-1 text-dense"><b class="font-semibold">{count(run.users_read)}</b>{words}</p>
        }
    });
    let ended = (!run.is_running).then(|| {
        let unreadable = if run.unreadable > 0 { format!(", {} unreadable", count(run.unreadable)) } else { String::new() };
        format!("{} users in {}{unreadable}", count(run.users_read), lag(run.millis))
    });
    let figures = [("Added", run.added), ("Moved", run.moved), ("Removed", run.removed), ("Changed", run.changed), ("Kept", run.kept)];
    view! {
        <p class="flex flex-wrap items-baseline justify-between gap-x-3">
            <span class="font-medium">{head}</span>
            <span class="text-dense text-muted">{run.started.clone()}" by "{run.by.clone()}</span>
        </p>
        {progress}
        <p class="text-dense text-muted empty:hidden" data-testid="last-run">{ended}</p>
        {run.failure.clone().map(|failure| view! { <p class="mt-1 text-dense text-error">{failure}": nobody was moved by what could not be read."</p> })}
        <dl class="mt-3 grid grid-cols-5 gap-px overflow-hidden rounded-field border border-base-300 bg-base-300">
            {figures.map(|(title, value)| view! {
                <div class="min-w-0 bg-base-100 px-2 py-2"><dt class="text-xs text-muted">{title}</dt><dd class="truncate font-semibold">{count(value)}</dd></div>
            })}
        </dl>
    }
}

/// The runs before the latest.
fn earlier(overview: Query<Overview>) -> Option<impl IntoView> {
    let runs: Vec<Run> = overview.map(|overview| overview.runs.iter().skip(1).cloned().collect())?;
    (!runs.is_empty()).then(|| {
        view! {
            <details class="mt-3 border-t border-base-300 pt-2 text-dense">
                <summary class="cursor-pointer text-muted">"Earlier runs"</summary>
                <ul class="mt-1 flex flex-col gap-1">
                    {runs.into_iter().map(|run| {
                        let words = match &run.failure {
                            Some(failure) => format!("came to nothing: {failure}"),
                            None => format!("{} added, {} moved, {} removed", count(run.added), count(run.moved), count(run.removed)),
                        };
                        view! { <li><span class="text-muted">{run.started}" by "{run.by}": "</span>{words}</li> }
                    }).collect_view()}
                </ul>
            </details>
        }
    })
}

#[component]
fn DriftFound(overview: Query<Overview>) -> impl IntoView {
    let drift = Memo::new(move |_| overview.map(|overview| overview.drift.clone()).unwrap_or_default());
    let found = move || overview.map(|overview| format!("last 24 h: {}", count(overview.drift_count)));
    let body = move || {
        if drift.with(Vec::is_empty) {
            return empty(Icon::CircleCheck, "No drift", "Everybody who waited was where they belong, whenever discovery looked.")
                .into_any();
        }
        view! {
            <ul class="max-h-80 overflow-y-auto" tabindex="0" role="region" aria-label="Entries found wrong, newest first">
                {drift.get().into_iter().map(drift_line).collect_view()}
            </ul>
        }
        .into_any()
    };
    card("drift", Icon::TriangleAlert, "Drift found", found, body)
}

fn drift_line(drift: Drift) -> impl IntoView {
    let was = drift.was.label();
    let (words, done) = match drift.belongs {
        Some(belongs) => (format!("User {} waited in {was}, belongs in {}", drift.user_id, belongs.label()), "moved"),
        None => (format!("User {} waited in {was}, belongs in no queue", drift.user_id), "removed"),
    };
    view! {
        <li class="flex gap-3 border-b border-base-300 px-4 py-2 text-dense last:border-0">
            <span class="mt-0.5 text-warning">{icon(Icon::TriangleAlert, "size-4")}</span>
            <span class="min-w-0 flex-1"><span class="font-medium">{words}</span><span class="block text-muted">{done}</span></span>
            <span class="text-xs whitespace-nowrap text-muted">{drift.at}</span>
        </li>
    }
}

#[component]
fn Week(overview: Query<Overview>) -> impl IntoView {
    let lines = move || {
        let week = overview.map(|overview| overview.week.clone()).unwrap_or_default();
        week.into_iter().map(|(day, hours)| view! { <dt class="text-muted">{day}</dt><dd class="font-medium">{hours}</dd> }).collect_view()
    };
    let body = view! {
        <div class="px-4 py-3">
            <dl class="grid grid-cols-[9rem_1fr] gap-y-1.5 text-dense">{lines}</dl>
            <p class="mt-3 text-xs text-muted">"Never before 08:00, 09:00 at weekends, nor after 21:00. No setting widens that."</p>
        </div>
    };
    card("calling-hours", Icon::Clock, "Calling hours", (), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_one_line_for_both_queues_and_the_strictest_comes_first() {
        let held = |queue, rule: &str, people| Blocked { queue, rule: rule.to_owned(), people };
        let rows = by_rule(&[
            held(QueueKind::UnsignedUsers, "No number", 3),
            held(QueueKind::UnsignedUsers, "Do not contact", 2),
            held(QueueKind::OutstandingRequests, "Do not contact", 5),
        ]);
        assert_eq!(rows, [("Do not contact".to_owned(), [2, 5]), ("No number".to_owned(), [3, 0])]);
    }
}

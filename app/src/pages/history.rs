use calls::{
    Attempt, AttemptChoices, AttemptDetail, AttemptFilter, AttemptPage, CallEnd, CallState, Disposition, Place, SupersededOutcome, Told,
};
use chrono::{Datelike as _, NaiveDate};
use kernel::{CallId, ErrorCode, QueueKind};
use leptos::prelude::*;
use queue::{british_day, read_day};

use super::{Missing, provided, set_title};
use crate::components::card::CARD;
use crate::components::correct_dialog::CorrectDialog;
use crate::components::empty::empty;
use crate::components::error_strip::query_strip;
use crate::components::icon::{Icon, icon};
use crate::components::page_header::PageHeader;
use crate::components::skeleton::list_skeleton;
use crate::components::typed_time::DayField;
use crate::format::{capitalised, duration};
use crate::state::address::Address;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

/// Characters of a note that are shown before it is unfolded.
const FOLDED: usize = 240;

/// In the place of a queue: those who rang us.
const RANG_US: &str = "rang_us";

/// What the page's address says: which attempts, from where on, and the one that is opened.
#[derive(Clone, Debug, Default, PartialEq)]
struct Wanted {
    filter: AttemptFilter,
    place: Place,
    open: Option<CallId>,
}

impl Wanted {
    /// From the parameters of an address. What cannot be read was never asked for: see [`is_misread`](Self::is_misread).
    fn read(parameter: impl Fn(&str) -> Option<String>) -> Self {
        // A year that is being typed passes through 0002 and 0020.
        let is_day = |day: &str| day.parse::<NaiveDate>().is_ok_and(|day| (1970..=9998).contains(&day.year()));
        let day = |name| parameter(name).filter(|day| is_day(day));
        let filter = AttemptFilter {
            from: day("from"),
            until: day("until"),
            agent_id: parameter("agent").and_then(|id| id.parse().ok()),
            queue: parameter("queue").and_then(|queue| QueueKind::ALL.into_iter().find(|kind| kind.as_str() == queue)),
            disposition: parameter("outcome").and_then(|code| Disposition::ALL.into_iter().find(|of| of.as_str() == code)),
            end: parameter("end").and_then(|code| CallEnd::ALL.into_iter().find(|end| end.as_str() == code)),
            user_id: parameter("user").and_then(|id| id.parse().ok()),
            with_unrung: parameter("unrung").is_some(),
            is_incoming: parameter("queue").is_some_and(|queue| queue == RANG_US),
        };
        let mark = |name: &str| parameter(name).and_then(|mark| mark.parse().ok());
        let place = mark("older").map(Place::OlderThan).or_else(|| mark("newer").map(Place::NewerThan)).unwrap_or_default();
        Self { filter, place, open: parameter("open").and_then(|id| id.parse().ok()) }
    }

    /// The address that says so.
    fn link(&self) -> String {
        let Self { filter, place, open } = self;
        let (older, newer) = match place {
            Place::Newest => (None, None),
            Place::OlderThan(mark) => (Some(mark.to_string()), None),
            Place::NewerThan(mark) => (None, Some(mark.to_string())),
        };
        let query: Vec<String> = [
            ("from", filter.from.clone()),
            ("until", filter.until.clone()),
            ("agent", filter.agent_id.map(|id| id.to_string())),
            ("queue", filter.queue.map(QueueKind::as_str).or(filter.is_incoming.then_some(RANG_US)).map(str::to_owned)),
            ("outcome", filter.disposition.map(|of| of.as_str().to_owned())),
            ("end", filter.end.map(|end| end.as_str().to_owned())),
            ("user", filter.user_id.map(|id| id.to_string())),
            ("unrung", filter.with_unrung.then(|| "yes".to_owned())),
            ("older", older),
            ("newer", newer),
            ("open", open.map(|id| id.to_string())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value?)))
        .collect();
        if query.is_empty() { "/history".to_owned() } else { format!("/history?{}", query.join("&")) }
    }

    /// Whether something of the address could not be read: a link that was cut short shows more than was meant.
    fn is_misread(&self, parameter: impl Fn(&str) -> Option<String>) -> bool {
        let link = self.link();
        let names = ["from", "until", "agent", "queue", "outcome", "end", "user", "older", "newer", "open"];
        names.iter().any(|name| parameter(name).is_some_and(|value| !value.is_empty()) && !link.contains(&format!("{name}=")))
    }

    /// The same list with this one opened.
    fn opened(&self, open: Option<CallId>) -> String {
        Self { open, ..self.clone() }.link()
    }

    /// Another page of the same list.
    fn at(&self, place: Place) -> String {
        Self { place, open: None, ..self.clone() }.link()
    }

    /// Another list, from its beginning.
    fn with(&self, change: impl FnOnce(&mut AttemptFilter)) -> String {
        let mut filter = self.filter.clone();
        change(&mut filter);
        Self { filter, ..Self::default() }.link()
    }
}

/// Every attempt to ring somebody, whoever made it.
#[component]
pub(crate) fn HistoryPage() -> impl IntoView {
    history_page()
}

fn history_page() -> Result<impl IntoView, Missing> {
    set_title("History");
    let session = provided::<Session>("session")?;
    let live = provided::<Live>("event stream")?;
    let address = provided::<Address>("address")?;
    let parameter = move |name: &str| address.parameter(name, |value| Some(value.to_owned()));
    let wanted = Memo::new(move |_| Wanted::read(parameter));
    // Opening one asks for that one alone.
    let list = Memo::new(move |_| wanted.with(|wanted| (wanted.filter.clone(), wanted.place)));
    let page = Query::new(
        session,
        move || {
            list.track();
            // One's own calls, and whatever may have been missed. Those of others come when they are asked for: nobody reads a list that moves.
            live.me.track();
            live.everything.track();
        },
        move || {
            let (filter, place) = list.get_untracked();
            calls::attempts(filter, place)
        },
    );
    let choices = Query::new(session, move || live.everything.track(), calls::attempt_choices);
    let open = Memo::new(move |_| wanted.with(|wanted| wanted.open));
    let words = Signal::derive(move || {
        let is_misread = wanted.with(|wanted| wanted.is_misread(parameter));
        let words = if is_misread {
            "A part of this page’s address makes no sense and is left out"
        } else {
            "Every call, whoever made it, newest first"
        };
        Some(words.to_owned())
    });
    Ok(view! {
        <PageHeader title="History" words />
        <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto">
            <div class=move || {
                format!(
                    "grid min-h-0 grid-cols-1 lg:h-full lg:grid-rows-[auto_minmax(0,1fr)] {}",
                    if open.get().is_some() { "lg:grid-cols-[minmax(0,1fr)_24rem] 2xl:grid-cols-[minmax(0,1fr)_30rem]" } else { "" },
                )
            }>
                <Filters wanted page choices />
                <List wanted page />
                {move || open.get().map(|id| view! { <Opened id wanted page /> })}
            </div>
        </main>
    })
}

/// A day that narrows the list, once it is one.
fn day_filter(
    label: &'static str,
    id: &'static str,
    wanted: Memo<Wanted>,
    of: fn(&mut AttemptFilter) -> &mut Option<String>,
) -> impl IntoView {
    let address = expect_context::<Address>();
    let day = Memo::new(move |_| {
        let mut filter = wanted.with(|wanted| wanted.filter.clone());
        of(&mut filter).clone()
    });
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    // As it stands in the address, also when that changes.
    Effect::new(move |_| {
        let shown = day.get().and_then(|day| day.parse().ok()).map(british_day).unwrap_or_default();
        text.set(shown);
        problem.set(None);
    });
    let done = Callback::new(move |()| {
        let typed = text.with_untracked(|text| (!text.trim().is_empty()).then(|| read_day(text))).transpose();
        problem.set(typed.as_ref().err().cloned());
        if let Ok(typed) = typed {
            address.replace(&wanted.with_untracked(|wanted| wanted.with(|filter| *of(filter) = typed.map(|day| day.to_string()))));
        }
    });
    view! { <div class="w-44 text-xs"><DayField label id text problem on_typed=Callback::new(move |()| problem.set(None)) on_done=done /></div> }
}

/// What narrows the list.
#[component]
fn Filters(wanted: Memo<Wanted>, page: Query<AttemptPage>, choices: Query<AttemptChoices>) -> impl IntoView {
    let address = expect_context::<Address>();
    let narrow = move |change: &dyn Fn(&mut AttemptFilter)| address.replace(&wanted.with_untracked(|wanted| wanted.with(change)));
    let agents = move || {
        choices.map(|choices| {
            let option = |(id, name): &(kernel::AgentId, String)| {
                let id = *id;
                let is_chosen = move || wanted.with(|wanted| wanted.filter.agent_id == Some(id));
                view! { <option value=id.to_string() prop:selected=is_chosen>{name.clone()}</option> }
            };
            choices.agents.iter().map(option).collect_view()
        })
    };
    let outcomes = move || {
        choices.map(|choices| {
            let option = |(of, label): &(Disposition, String)| {
                let of = *of;
                let is_chosen = move || wanted.with(|wanted| wanted.filter.disposition == Some(of));
                view! { <option value=of.as_str() prop:selected=is_chosen>{label.clone()}</option> }
            };
            choices.outcomes.iter().map(option).collect_view()
        })
    };
    let queues = QueueKind::ALL.map(|queue| {
        let is_chosen = move || wanted.with(|wanted| wanted.filter.queue == Some(queue));
        view! { <option value=queue.as_str() prop:selected=is_chosen>{queue.label()}</option> }
    });
    let ends = CallEnd::ALL.map(|end| {
        let is_chosen = move || wanted.with(|wanted| wanted.filter.end == Some(end));
        view! { <option value=end.as_str() prop:selected=is_chosen>{end.label()}</option> }
    });
    let is_narrowed = Memo::new(move |_| wanted.with(|wanted| wanted.filter != AttemptFilter::default()));
    view! {
        <form
            class="flex flex-wrap items-end gap-2 border-b border-base-300 px-4 py-2.5 lg:col-span-full"
            role="search"
            aria-label="Which calls"
            on:submit=move |event| event.prevent_default()
        >
            {day_filter("From", "history-from", wanted, |filter| &mut filter.from)}
            {day_filter("Until", "history-until", wanted, |filter| &mut filter.until)}
            <label class="flex flex-col gap-1 text-xs font-medium">
                "Agent"
                <select
                    class="select select-sm w-40"
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        narrow(&|filter| filter.agent_id = value.parse().ok());
                    }
                >
                    <option value="" prop:selected=move || wanted.with(|wanted| wanted.filter.agent_id.is_none())>"Everybody"</option>
                    {agents}
                </select>
            </label>
            <label class="flex flex-col gap-1 text-xs font-medium">
                "Queue"
                <select
                    class="select select-sm w-36"
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        narrow(&|filter| {
                            filter.queue = QueueKind::ALL.into_iter().find(|queue| queue.as_str() == value);
                            filter.is_incoming = value == RANG_US;
                        });
                    }
                >
                    <option value="" prop:selected=move || wanted.with(|wanted| wanted.filter.queue.is_none() && !wanted.filter.is_incoming)>"All queues"</option>
                    {queues}
                    <option value=RANG_US prop:selected=move || wanted.with(|wanted| wanted.filter.is_incoming)>"Rang us"</option>
                </select>
            </label>
            <label class="flex flex-col gap-1 text-xs font-medium">
                "Outcome"
                <select
                    class="select select-sm w-40"
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        narrow(&|filter| filter.disposition = Disposition::ALL.into_iter().find(|of| of.as_str() == value));
                    }
                >
                    <option value="" prop:selected=move || wanted.with(|wanted| wanted.filter.disposition.is_none())>"All outcomes"</option>
                    {outcomes}
                </select>
            </label>
            <label class="flex flex-col gap-1 text-xs font-medium">
                "Ended"
                <select
                    class="select select-sm w-44"
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        narrow(&|filter| filter.end = CallEnd::ALL.into_iter().find(|end| end.as_str() == value));
                    }
                >
                    <option value="" prop:selected=move || wanted.with(|wanted| wanted.filter.end.is_none())>"However"</option>
                    {ends}
                </select>
            </label>
            <label class="flex flex-col gap-1 text-xs font-medium">
                "User's id"
                <input
                    class="input input-sm w-28"
                    inputmode="numeric"
                    prop:value=move || wanted.with(|wanted| wanted.filter.user_id.map(|id| id.to_string()).unwrap_or_default())
                    on:change:target=move |event| {
                        let field = event.target();
                        let value = field.value();
                        let user = value.trim().parse().ok();
                        let is_wrong = user.is_none() && !value.trim().is_empty();
                        field.set_custom_validity(if is_wrong { "A user’s id is a number." } else { "" });
                        if !is_wrong {
                            narrow(&|filter| filter.user_id = user);
                        }
                        field.report_validity();
                    }
                />
            </label>
            <label class="flex h-8 items-center gap-2 text-dense">
                <input
                    type="checkbox"
                    class="toggle toggle-sm toggle-primary"
                    prop:checked=move || wanted.with(|wanted| wanted.filter.with_unrung)
                    on:change=move |event| {
                        let is_checked = event_target_checked(&event);
                        narrow(&|filter| filter.with_unrung = is_checked);
                    }
                />
                "Calls that rang nobody too"
            </label>
            <span class="ml-auto flex items-center gap-1">
                {move || is_narrowed.get().then(|| view! { <a class="btn btn-ghost btn-sm" href="/history">{icon(Icon::X, "size-4")} "Show all"</a> })}
                <button type="button" class="btn btn-ghost btn-sm" on:click=move |_| page.again()>{icon(Icon::RefreshCw, "size-4")} "Look again"</button>
            </span>
        </form>
    }
}

#[component]
fn List(wanted: Memo<Wanted>, page: Query<AttemptPage>) -> impl IntoView {
    // Drawn anew only when something is different: whoever is in it with the keyboard stays there.
    let (shown, error) = (Memo::new(move |_| page.map(Clone::clone)), Memo::new(move |_| page.error()));
    let rows = move || match (shown.get(), error.get()) {
        (Some(shown), error) => {
            let strip =
                error.map(|error| view! { <div class="p-4">{query_strip(page, "The list is not what you asked for", &error)}</div> });
            if shown.attempts.is_empty() {
                let is_narrowed = wanted.with(|wanted| wanted.filter != AttemptFilter::default() || wanted.place != Place::Newest);
                let (headline, words) = if is_narrowed {
                    ("No such calls", "Take one of the conditions above away, or show all.")
                } else {
                    ("Nobody was rung yet", "Each call appears here as soon as somebody is rung.")
                };
                return view! { {strip} {empty(Icon::History, headline, words)} }.into_any();
            }
            let rows = shown.attempts.iter().map(|attempt| row(wanted, attempt)).collect_view();
            view! {
                {strip}
                <table class="table table-sm table-pin-rows">
                    <thead>
                        <tr>
                            <th scope="col">"Time"</th>
                            <th scope="col">"Person"</th>
                            <th scope="col">"Agent"</th>
                            <th scope="col">"Queue"</th>
                            <th scope="col">"Outcome"</th>
                            // Beside what is opened there is no room for it; it stands there.
                            <th scope="col" class="hidden @5xl:table-cell">"Ended"</th>
                            <th scope="col" class="text-right">"Talk"</th>
                        </tr>
                    </thead>
                    <tbody data-testid="attempts">{rows}</tbody>
                </table>
            }
            .into_any()
        }
        (None, Some(error)) => view! { <div class="p-4">{query_strip(page, "The history could not be read", &error)}</div> }.into_any(),
        (None, None) => list_skeleton(8).into_any(),
    };
    let pages = move || {
        let (newer, older) = page.map(|page| (page.newer, page.older))?;
        let step = |words: &'static str, place: Option<Place>| {
            place.map(|place| {
                let href = wanted.with(|wanted| wanted.at(place));
                view! { <a class="btn btn-sm" href=href>{words}</a> }
            })
        };
        let is_first = wanted.with(|wanted| wanted.place == Place::Newest);
        (newer.is_some() || older.is_some() || !is_first).then(|| {
            view! {
                <nav class="flex shrink-0 flex-wrap items-center justify-end gap-2 border-t border-base-300 px-4 py-2.5" aria-label="Pages">
                    {step("Newest", (!is_first).then_some(Place::Newest))}
                    {step("Newer", newer.map(Place::NewerThan))}
                    {step("Older", older.map(Place::OlderThan))}
                </nav>
            }
        })
    };
    view! {
        <section class="flex min-h-0 min-w-0 flex-col bg-base-100" aria-label="Calls">
            <div class="@container min-h-0 flex-1 overflow-auto" tabindex="0" role="region" aria-label="Calls, newest first">{rows}</div>
            {pages}
        </section>
    }
}

/// A moment, in full on hover.
fn time(at: &Told) -> impl IntoView + use<> {
    view! { <time title=at.full.clone()>{at.short.clone()}</time> }
}

/// What came of it, as colour, icon and words.
fn look(attempt: &Attempt) -> (&'static str, Icon, String) {
    let is_unrung = attempt.end.is_some_and(CallEnd::is_before_ringing);
    let (class, glyph, words) = match &attempt.outcome {
        _ if attempt.state != CallState::Ended => ("badge-primary", Icon::PhoneCall, "On the telephone"),
        _ if attempt.is_saved_call => ("badge-accent", Icon::ShieldCheck, "No call needed"),
        _ if is_unrung => ("badge-warning", Icon::ShieldAlert, "Nobody was rung"),
        None => ("badge-secondary", Icon::PenLine, "Still to be recorded"),
        Some(outcome) => {
            let (class, glyph) = match outcome.disposition {
                Disposition::NotRecorded => ("badge-warning", Icon::TriangleAlert),
                Disposition::DoNotContact => ("badge-neutral", Icon::Ban),
                Disposition::CallbackRequested => ("badge-info", Icon::CalendarClock),
                _ if outcome.is_reached => ("badge-success", Icon::CircleCheck),
                _ => ("badge-neutral", Icon::PhoneOff),
            };
            (class, glyph, outcome.label.as_str())
        }
    };
    (class, glyph, words.to_owned())
}

fn badge(attempt: &Attempt) -> impl IntoView + use<> {
    let (class, glyph, words) = look(attempt);
    view! { <span class=format!("badge badge-sm badge-soft whitespace-nowrap {class}")>{icon(glyph, "size-3.5")} {words}</span> }
}

/// How long they talked, or how long it rang; nothing while it goes on.
fn length(attempt: &Attempt) -> String {
    if attempt.state != CallState::Ended {
        return String::new();
    }
    match (attempt.talk_seconds, attempt.ring_seconds) {
        (Some(talked), _) => duration(talked),
        (None, Some(rang)) => format!("rang {}", duration(rang)),
        (None, None) => String::new(),
    }
}

/// How it ended.
fn end(attempt: &Attempt) -> String {
    match (attempt.end, &attempt.end_words) {
        (Some(CallEnd::Refused), Some(words)) => capitalised(words),
        (Some(end), _) => end.label().to_owned(),
        (None, _) => String::new(),
    }
}

/// The queue that the person came from, or that they rang us.
fn queue_words(attempt: &Attempt) -> &'static str {
    attempt.queue.map_or("Rang us", kernel::QueueKind::label)
}

fn row(wanted: Memo<Wanted>, attempt: &Attempt) -> impl IntoView + use<> {
    let id = attempt.id;
    let is_open = Memo::new(move |_| wanted.with(|wanted| wanted.open == Some(id)));
    let href = move || wanted.with(|wanted| wanted.opened(if is_open.get() { None } else { Some(id) }));
    let corrected = (!attempt.superseded.is_empty()).then(|| view! { <span class="ml-1.5 text-xs text-muted">"put right"</span> });
    let notes = attempt.notes.trim().to_owned();
    view! {
        <tr class=move || if is_open.get() { "bg-primary/8" } else { "hover:bg-base-200" } data-testid="attempt">
            <td class="whitespace-nowrap">{time(&attempt.at)}</td>
            <th scope="row" class="max-w-56 truncate" title=attempt.user_name.clone()>
                <a
                    href=href
                    aria-current=move || is_open.get().then_some("true")
                    class=move || if is_open.get() { "link link-hover font-medium text-primary" } else { "link link-hover font-medium" }
                >
                    {attempt.user_name.clone()}
                </a>
                <span class="block text-xs font-normal text-muted">{attempt.number.clone()}</span>
            </th>
            <td class="whitespace-nowrap">{attempt.agent.clone()}</td>
            <td class="whitespace-nowrap text-muted">{queue_words(attempt)}</td>
            <td class="max-w-64">
                {badge(attempt)} {corrected}
                {(!notes.is_empty()).then(|| view! { <span class="block truncate text-xs text-muted" title=notes.clone()>{notes.clone()}</span> })}
            </td>
            <td class="hidden min-w-36 text-muted @5xl:table-cell">{end(attempt)}</td>
            <td class="text-right whitespace-nowrap">{length(attempt)}</td>
        </tr>
    }
}

/// One of them with all that is known of it.
#[component]
fn Opened(id: CallId, wanted: Memo<Wanted>, page: Query<AttemptPage>) -> impl IntoView {
    let live = expect_context::<Live>();
    let detail: Query<AttemptDetail> = Query::new(
        expect_context::<Session>(),
        move || {
            live.me.track();
            live.everything.track();
        },
        move || calls::attempt(id),
    );
    // Outside of what is drawn anew with each answer: nothing that is typed there is lost.
    let is_correcting = RwSignal::new(false);
    let done = Callback::new(move |()| {
        detail.again();
        page.again();
    });
    let correcting = move || {
        is_correcting.get().then(|| {
            let name = untrack(|| detail.map(|detail| detail.attempt.user_name.clone())).unwrap_or_default();
            view! { <CorrectDialog id name on_done=done on_close=Callback::new(move |()| is_correcting.set(false)) /> }
        })
    };
    // Drawn anew only when something is different: what is listened to goes on, and what is unfolded stays so.
    let (shown, error) = (Memo::new(move |_| detail.map(Clone::clone)), Memo::new(move |_| detail.error()));
    let body = move || match (shown.get(), error.get()) {
        (Some(shown), error) => {
            let strip = error.map(|error| query_strip(detail, "This is not fresh", &error));
            view! { {strip} {whole(is_correcting, &shown)} }.into_any()
        }
        (None, Some(error)) if error.code == ErrorCode::NotFound => {
            empty(Icon::Search, "There is no such call", "The address names a call that the dialler does not know.").into_any()
        }
        (None, Some(error)) => query_strip(detail, "The call could not be read", &error).into_any(),
        (None, None) => list_skeleton(4).into_any(),
    };
    view! {
        <aside
            class="flex min-w-0 flex-col gap-3 border-base-300 p-4 max-lg:row-start-2 max-lg:border-b lg:min-h-0 lg:overflow-y-auto lg:border-l"
            aria-label="The call"
            data-testid="opened"
        >
            <a class="btn btn-ghost btn-xs self-end" href=move || wanted.with(|wanted| wanted.opened(None))>{icon(Icon::X, "size-3.5")} "Close"</a>
            {body} {correcting}
        </aside>
    }
}

fn whole(is_correcting: RwSignal<bool>, whole: &AttemptDetail) -> impl IntoView + use<> {
    let attempt = &whole.attempt;
    let line =
        |term: &'static str, words: AnyView| view! { <dt class="text-muted">{term}</dt><dd class="min-w-0 break-words">{words}</dd> };
    let plain = |term: &'static str, words: String| (!words.is_empty()).then(|| line(term, words.into_any()));
    let outcome = attempt.outcome.as_ref().map(|outcome| {
        let by = outcome.by.clone().unwrap_or_else(|| "the system".to_owned());
        line("Recorded", view! { "by " {by} ", " {time(&outcome.at)} }.into_any())
    });
    let promised = attempt.outcome.as_ref().and_then(|outcome| outcome.callback_at.as_ref());
    let promised = promised.map(|at| line("Promised", view! { "a call " {time(at)} }.into_any()));
    let notice = whole.notice.as_ref().map(|notice| {
        let said = match &notice.given_at {
            Some(at) => view! { "ticked, " {time(at)} }.into_any(),
            None => view! { <span class="text-warning">"not ticked"</span> }.into_any(),
        };
        line("Recording notice", view! { {said} <span class="block text-muted">"“"{notice.words.clone()}"”"</span> }.into_any())
    });
    // The timeline of the person tells what it rested on.
    let person = attempt.user_id.map(|user| format!("/users?id={user}"));
    let decision = attempt.decision_id.map(|decision| {
        let href = person.clone();
        line("Decision", view! { <a class="link text-primary" href=href>{decision.short()}</a> }.into_any())
    });
    view! {
        <header>
            <p class="flex flex-wrap items-center gap-x-3 gap-y-1">
                // Without an address it is no link.
                <a class="link-hover min-w-0 text-base leading-6 font-semibold break-words" class:link=person.is_some() href=person.clone()>{attempt.user_name.clone()}</a>
                <span class="ml-auto">{badge(attempt)}</span>
            </p>
            <p class="text-dense text-muted">{time(&attempt.at)} {attempt.number.clone().map(|number| format!(" · {number}"))}</p>
        </header>
        <dl class="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-dense">
            {plain("Agent", attempt.agent.clone())}
            {plain("Queue", queue_words(attempt).to_owned())}
            {plain("Ended", end(attempt))}
            {plain("Rang", attempt.ring_seconds.map(duration).unwrap_or_default())}
            {plain("Talked", attempt.talk_seconds.map(duration).unwrap_or_default())}
            {notice} {outcome} {promised} {decision}
        </dl>
        {note(&attempt.notes)}
        {(!attempt.superseded.is_empty()).then(|| view! {
            <section class=CARD aria-labelledby="superseded">
                <h2 class="border-b border-base-300 px-4 py-2 font-semibold" id="superseded">"Recorded before"</h2>
                <ol>{attempt.superseded.iter().rev().map(superseded).collect_view()}</ol>
            </section>
        })}
        {whole.may_correct.then(|| view! {
            <button type="button" class="btn btn-sm self-start" on:click=move |_| is_correcting.set(true)>{icon(Icon::PenLine, "size-4")} "Correct…"</button>
        })}
        {transfers(whole)} {recording(whole)} {legs(whole)}
        {events(whole)}
    }
}

/// The note, verbatim; folded when it is long.
fn note(notes: &str) -> Option<AnyView> {
    let notes = notes.trim_end().to_owned();
    if notes.trim().is_empty() {
        return None;
    }
    let body = match notes.char_indices().nth(FOLDED) {
        None => view! { <p class="px-4 py-3 break-words whitespace-pre-wrap">{notes}</p> }.into_any(),
        Some((end, _)) => {
            let begins = format!("{}…", &notes[..end]);
            view! {
                <details class="group px-4 py-3">
                    <summary class="cursor-pointer break-words">
                        <span class="whitespace-pre-wrap group-open:hidden">{begins}</span>
                        <span class="hidden text-muted group-open:inline">"Fold"</span>
                    </summary>
                    <p class="mt-1 break-words whitespace-pre-wrap">{notes}</p>
                </details>
            }
            .into_any()
        }
    };
    Some(
        view! {
            <section class=format!("text-dense {CARD}") aria-labelledby="call-note">
                <h2 class="border-b border-base-300 px-4 py-2 font-semibold" id="call-note">"Note"</h2>
                {body}
            </section>
        }
        .into_any(),
    )
}

/// What was recorded until somebody put it right.
fn superseded(of: &SupersededOutcome) -> impl IntoView + use<> {
    let by = of.by.clone().unwrap_or_else(|| "the system".to_owned());
    let who = of.superseded_by.clone().unwrap_or_else(|| "somebody".to_owned());
    let notes = of.notes.trim().to_owned();
    view! {
        <li class="border-b border-base-300 px-4 py-2 text-dense last:border-0" data-testid="superseded">
            <p><b class="font-semibold">{of.label.clone()}</b>", by "{by}", "{time(&of.at)}</p>
            {(!notes.is_empty()).then(|| view! { <p class="break-words whitespace-pre-wrap">{notes.clone()}</p> })}
            <p class="text-muted">
                "Put right by "{who}", "{time(&of.superseded_at)}
                {of.because.clone().map(|because| format!(": {because}"))}
            </p>
        </li>
    }
}

/// Its sound, to be listened to: played through us, and who listens is on record.
fn recording(whole: &AttemptDetail) -> Option<impl IntoView + use<>> {
    let found = whole.recording.clone()?;
    let sound = found.may_listen.then(|| {
        view! {
            <audio
                class="w-full"
                controls
                preload="none"
                src=format!("/api/calls/recording/{}", whole.attempt.id)
                aria-label=format!("Recording of the call with {}", whole.attempt.user_name)
                data-testid="recording"
            ></audio>
            <p class="mt-1 text-xs text-muted">"The person is heard on the left, the agent on the right. Who listens is on record."</p>
        }
    });
    Some(view! {
        <section class=CARD aria-labelledby="recording">
            <h2 class="border-b border-base-300 px-4 py-2 font-semibold" id="recording">
                "Recording" {found.seconds.map(|seconds| view! { <span class="ml-2 font-normal text-muted">{duration(seconds.into())}</span> })}
            </h2>
            <div class="px-4 py-3">{sound} {(!found.words.is_empty()).then(|| view! { <p class="text-muted">{found.words.clone()}</p> })}</div>
        </section>
    })
}

/// To whom it was handed over, or was to be.
fn transfers(whole: &AttemptDetail) -> Option<impl IntoView + use<>> {
    let rows = whole.transfers.iter().map(|of| {
        let ended = of.ended.as_ref().map(|at| view! { ", " {time(at)} });
        view! {
            <li class="border-b border-base-300 px-4 py-2 text-dense last:border-0">
                <p><b class="font-semibold">{of.from.clone()}" to "{of.to.clone()}</b>", "{time(&of.at)}</p>
                {of.reason.clone().map(|reason| view! { <p class="break-words">{reason}</p> })}
                <p class="text-muted">{capitalised(of.state.label())} {ended}</p>
            </li>
        }
    });
    (!whole.transfers.is_empty()).then(|| {
        view! {
            <section class=CARD aria-labelledby="transfers">
                <h2 class="border-b border-base-300 px-4 py-2 font-semibold" id="transfers">"Handing over"</h2>
                <ul data-testid="transfers">{rows.collect_view()}</ul>
            </section>
        }
    })
}

fn legs(whole: &AttemptDetail) -> Option<impl IntoView + use<>> {
    let rows = whole.legs.iter().map(|leg| {
        let until = leg.ended.clone().map_or_else(|| "goes on".to_owned(), |ended| format!("to {ended}"));
        let more =
            [leg.status.clone(), leg.seconds.map(|seconds| duration(seconds.into()))].into_iter().flatten().collect::<Vec<_>>().join(", ");
        view! {
            <li class="border-b border-base-300 px-4 py-2 text-dense last:border-0">
                <p class="flex flex-wrap justify-between gap-x-3">
                    <b class="font-semibold">{capitalised(&leg.party.replace('_', " "))}</b><span>{leg.created.clone()}" "{until}</span>
                </p>
                <p class="text-muted">{more}</p>
                <p class="font-mono text-xs break-all text-muted">{leg.sid.clone()}</p>
            </li>
        }
    });
    (!whole.legs.is_empty()).then(|| {
        view! {
            <section class=CARD aria-labelledby="legs">
                <h2 class="border-b border-base-300 px-4 py-2 font-semibold" id="legs">"Legs"</h2>
                <ul data-testid="legs">{rows.collect_view()}</ul>
            </section>
        }
    })
}

fn events(whole: &AttemptDetail) -> Option<impl IntoView + use<>> {
    let rows = whole.events.iter().map(|event| {
        let of = event.party.clone().unwrap_or_else(|| "another leg".to_owned());
        view! {
            <li class="flex gap-3">
                <span class="w-16 shrink-0 text-muted">{event.at.clone()}</span>
                <span class="min-w-0 flex-1 break-words">{event.name.clone()}</span>
                <span class="text-muted">{format!("{}, {of}", event.source)}</span>
            </li>
        }
    });
    (!whole.events.is_empty()).then(|| {
        view! {
            <section class=CARD aria-labelledby="events">
                <h2 class="border-b border-base-300 px-4 py-2 font-semibold" id="events">"What the carrier said"</h2>
                <ol class="flex flex-col gap-1 px-4 py-2.5 text-dense" data-testid="events">{rows.collect_view()}</ol>
            </section>
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(query: &str) -> impl Fn(&str) -> Option<String> {
        move |name: &str| {
            query.split('&').filter_map(|pair| pair.split_once('=')).find(|(of, _)| *of == name).map(|(_, value)| value.to_owned())
        }
    }

    fn read(query: &str) -> Wanted {
        Wanted::read(parameters(query))
    }

    const CALL: &str = "019abcde-0123-7abc-8def-0123456789ab";

    #[test]
    fn everything_that_is_asked_for_stands_in_the_address() {
        let query = format!(
            "from=2026-11-01&until=2026-11-24&agent=7&queue=unsigned_users&outcome=no_answer&end=by_person&user=9007199254740993&unrung=yes\
             &older=1795516200123456.{CALL}&open={CALL}"
        );
        let wanted = read(&query);
        assert_eq!(wanted.link(), format!("/history?{query}"));
        assert_eq!(wanted.filter.user_id, Some(kernel::UserId::new(9_007_199_254_740_993)));
        assert!(matches!(wanted.place, Place::OlderThan(mark) if mark.call.to_string() == CALL));
        assert_eq!(read("").link(), "/history");
    }

    #[test]
    fn what_cannot_be_read_was_never_asked_for() {
        for nonsense in [
            "from=yesterday&until=2026-02-30",
            "from=0020-11-24&until=12026-11-24",
            "agent=x&queue=everybody&outcome=fine&end=well&user=-1&older=7&newer=x&open=x",
        ] {
            assert_eq!(read(nonsense), Wanted::default());
            assert!(read(nonsense).is_misread(parameters(nonsense)), "and it is said");
        }
        for sense in ["", "from=&agent=7", "elsewhere=1", &format!("open={CALL}")] {
            assert!(!read(sense).is_misread(parameters(sense)), "{sense}");
        }
    }

    #[test]
    fn another_condition_begins_anew_and_another_page_keeps_the_conditions() {
        let wanted = read(&format!("agent=7&newer=1795516200123456.{CALL}&open={CALL}"));
        assert_eq!(wanted.with(|filter| filter.queue = Some(QueueKind::Callbacks)), "/history?agent=7&queue=callbacks");
        assert_eq!(read("queue=rang_us").link(), "/history?queue=rang_us");
        assert_eq!(wanted.at(Place::Newest), "/history?agent=7");
        assert_eq!(wanted.opened(None), format!("/history?agent=7&newer=1795516200123456.{CALL}"));
    }
}

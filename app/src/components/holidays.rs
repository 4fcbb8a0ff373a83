#![expect(clippy::large_types_passed_by_value, reason = "a component owns its arguments")]

use chrono::{Datelike, NaiveDate};
use kernel::WireError;
use leptos::ev::SubmitEvent;
use leptos::html::{Dialog, Input};
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::{
    HolidayChange, HolidaySource, HolidayView, LONGEST_HOLIDAY_FILE, LONGEST_HOLIDAY_NAME, ListedDay, british_day, british_weekday,
    in_words, read_day,
};
use wasm_bindgen_futures::JsFuture;

use super::card::{CARD, card};
use super::dialog::{DIALOG, close, keep_focus, open_when_drawn};
use super::error_strip::query_strip;
use super::icon::{Icon, icon};
use super::skeleton::list_skeleton;
use super::typed_time::DayField;
use crate::state::announce::Announcer;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

const LONGEST_REASON: usize = 300;

/// How long it is until a day is said for days as near as this.
const NEAR_DAYS: i64 = 60;

/// What is being changed.
#[derive(Clone, Debug, PartialEq)]
enum Change {
    Add,
    Load,
    Remove(ListedDay),
}

/// The section of the settings with the days on which no calls are made.
#[component]
pub(crate) fn Holidays(session: Session, live: Live) -> impl IntoView {
    let list = Query::new(session, move || live.queues.track(), queue::holiday_list);
    let change = RwSignal::new(None::<Change>);
    let body = move || match (list.answer(), list.error()) {
        (Some(answer), error) => view! {
            {error.map(|error| query_strip(list, "What you see is not fresh", &error))}
            {notice(&answer.value)}
            {table(&answer.value, change)}
        }
        .into_any(),
        (None, Some(error)) => query_strip(list, "The list could not be read", &error).into_any(),
        (None, None) => view! { <section class=CARD>{list_skeleton(6)}</section> }.into_any(),
    };
    let side = move || {
        list.answer().map(|answer| {
            let view = &answer.value;
            view! { {origin(view)} {changes(&view.history)} }
        })
    };
    view! {
        <div
            class="grid min-h-0 grid-cols-1 items-start gap-3 overflow-y-auto p-4 lg:row-span-2 lg:grid-cols-[minmax(0,1fr)_18rem]"
            tabindex="0"
            role="region"
            aria-labelledby="holidays"
        >
            <div class="flex min-w-0 flex-col gap-3">
                <div class="flex flex-wrap items-center gap-2">
                    <h2 class="text-xl leading-7 font-semibold" id="holidays">"Bank holidays"</h2>
                    <span class="text-muted">"England and Wales"</span>
                    <span class="ml-auto flex gap-2">
                        <button type="button" class="btn btn-sm" on:click=move |_| change.set(Some(Change::Load))>"Load a file…"</button>
                        <button type="button" class="btn btn-sm" on:click=move |_| change.set(Some(Change::Add))>"Add a day…"</button>
                    </span>
                </div>
                {body}
            </div>
            <div class="flex min-w-0 flex-col gap-3">{side}</div>
        </div>
        {move || change.get().map(|what| view! { <ChangeDialog list what on_close=Callback::new(move |()| change.set(None)) /> })}
    }
}

/// That the list ends soon, or has ended: the fact first, then what follows from it.
fn notice(view: &HolidayView) -> Option<impl IntoView + use<>> {
    let words = view.notice.clone()?;
    let (fact, rest) = words.split_once(". ").map(|(fact, rest)| (format!("{fact}."), rest.to_owned())).unwrap_or((words, String::new()));
    Some(view! {
        <div class="flex flex-wrap items-center gap-3 rounded-box border border-warning/50 bg-warning/8 px-4 py-3" role="status" data-testid="holidays-end">
            <span class="text-warning">{icon(Icon::TriangleAlert, "size-5")}</span>
            <p class="min-w-0 flex-1"><b class="font-semibold">{fact}</b><span class="block text-dense text-muted">{rest}</span></p>
        </div>
    })
}

/// Every day by year.
fn table(view: &HolidayView, change: RwSignal<Option<Change>>) -> impl IntoView + use<> {
    let last = view.days.iter().rev().find(|listed| listed.source == Some(HolidaySource::Official)).map(|listed| listed.day);
    let last = last.filter(|_| view.notice.is_some());
    let today = view.today;
    let years: Vec<(i32, Vec<ListedDay>)> = by_year(&view.days);
    let body = years.into_iter().map(|(year, days)| {
        let rows = days.into_iter().map(|listed| row(listed, today, last, change)).collect_view();
        view! {
            <tbody>
                <tr><th scope="rowgroup" colspan="4" class="bg-base-200 text-xs text-muted">{year}</th></tr>
                {rows}
            </tbody>
        }
    });
    view! {
        <section class=CARD aria-label="Days without calls">
            <table class="table table-sm">
                <thead>
                    <tr>
                        <th scope="col">"Day"</th>
                        <th scope="col">"Name"</th>
                        <th scope="col" class="max-sm:hidden">"Source"</th>
                        <th scope="col"><span class="sr-only">"Change"</span></th>
                    </tr>
                </thead>
                {body.collect_view()}
            </table>
        </section>
    }
}

fn by_year(days: &[ListedDay]) -> Vec<(i32, Vec<ListedDay>)> {
    let mut years: Vec<(i32, Vec<ListedDay>)> = Vec::new();
    for listed in days {
        let year = listed.day.year();
        match years.last_mut() {
            Some((known, days)) if *known == year => days.push(listed.clone()),
            _ => years.push((year, vec![listed.clone()])),
        }
    }
    years
}

fn row(listed: ListedDay, today: NaiveDate, last: Option<NaiveDate>, change: RwSignal<Option<Change>>) -> impl IntoView {
    let day = british_weekday(listed.day);
    let is_past = listed.day < today;
    let near = (!is_past && (listed.day - today).num_days() <= NEAR_DAYS).then(|| in_words(today, listed.day));
    let source = match listed.source {
        Some(HolidaySource::Official) => "official list",
        Some(HolidaySource::Own) => "our own",
        None => "always closed",
    };
    let can_be_removed = listed.source == Some(HolidaySource::Own) && !is_past;
    let (name, remove_words, ends_list) = (listed.name.clone(), format!("Remove {day}"), last == Some(listed.day));
    view! {
        <tr class=if is_past { "text-muted" } else { "" }>
            <th scope="row" class="font-medium whitespace-nowrap">
                {day}
                {near.map(|near| view! { <span class="ml-2 text-xs font-normal text-muted">{near}</span> })}
                {ends_list.then(|| view! { <span class="ml-2 text-xs font-normal text-warning">"last in the list"</span> })}
            </th>
            <td class="[overflow-wrap:anywhere]">{name}</td>
            <td class="text-muted max-sm:hidden">{source}</td>
            <td class="text-right">
                {can_be_removed.then(|| view! {
                    <button type="button" class="btn btn-ghost btn-xs" aria-label=remove_words on:click=move |_| change.set(Some(Change::Remove(listed.clone())))>
                        "Remove"
                    </button>
                })}
            </td>
        </tr>
    }
}

/// Where the list comes from, and how far it reaches.
fn origin(view: &HolidayView) -> impl IntoView + use<> {
    let end_class = if view.notice.is_some() { "font-semibold text-warning" } else { "" };
    let lines = view! {
        <dl class="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-2 px-4 py-3 text-dense">
            <dt class="text-muted">"Source"</dt>
            <dd>
                "Official list of England and Wales"
                {view.source.clone().map(|source| view! { <span class="block text-xs text-muted [overflow-wrap:anywhere]">{source}</span> })}
            </dd>
            <dt class="text-muted">"Read on"</dt>
            <dd>{view.read_on.map_or_else(|| "never".to_owned(), british_day)}</dd>
            <dt class="text-muted">"Ends"</dt>
            <dd class=end_class>{view.end.map_or_else(|| "there is no list".to_owned(), british_day)}</dd>
            <dt class="text-muted">"Always closed"</dt>
            <dd>"25 and 26 December, 1 January, and every day after the end of the list"</dd>
        </dl>
    };
    card("holidays-origin", Icon::Info, "Where it comes from", (), lines)
}

fn changes(history: &[HolidayChange]) -> impl IntoView + use<> {
    let lines = history.iter().cloned().map(|change| {
        view! {
            <li class="border-b border-base-300 px-4 py-2 text-dense last:border-0">
                <p class="flex justify-between gap-3"><b class="font-semibold">{change.by}</b><span class="text-xs whitespace-nowrap text-muted">{change.at}</span></p>
                <p class="text-muted [overflow-wrap:anywhere]">{change.words} {change.reason.map(|reason| format!(" “{reason}”"))}</p>
            </li>
        }
    });
    card("holidays-changes", Icon::History, "Last changes", (), view! { <ul>{lines.collect_view()}</ul> })
}

/// Adds a day, loads a file or removes a day, with a reason.
#[component]
fn ChangeDialog(list: Query<HolidayView>, what: Change, on_close: Callback<()>) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let dialog = NodeRef::<Dialog>::new();
    let file = NodeRef::<Input>::new();
    let (day, name, reason) = (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<String>);
    let is_busy = RwSignal::new(false);
    open_when_drawn(dialog);
    let touched = move |_| problem.set(None);
    let (title, act, doing) = match &what {
        Change::Add => ("Add a day without calls".to_owned(), "Add the day", "Adding…"),
        Change::Load => ("Load the official list".to_owned(), "Load the list", "Loading…"),
        Change::Remove(listed) => (format!("Remove {}", british_weekday(listed.day)), "Remove the day", "Removing…"),
    };
    let asked = what.clone();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        let chosen = file.get_untracked().and_then(|input| input.files()).and_then(|files| files.get(0));
        let wrong = match &asked {
            Change::Add => day.with_untracked(|day| read_day(day)).err().or_else(|| {
                let has_no_name = name.with_untracked(|name| name.trim().is_empty());
                has_no_name.then(|| "Give the day a name, such as “Office closed”.".to_owned())
            }),
            Change::Load => match &chosen {
                None => Some("Choose a file first.".to_owned()),
                #[expect(clippy::cast_precision_loss, reason = "some hundred thousand")]
                Some(file) if file.size() > LONGEST_HOLIDAY_FILE as f64 => {
                    Some(format!("The file is larger than {} KB. The list of gov.uk has about 25 KB.", LONGEST_HOLIDAY_FILE / 1024))
                }
                Some(_) => None,
            },
            Change::Remove(_) => None,
        };
        let has_no_reason = reason.with_untracked(|reason| reason.trim().is_empty());
        problem.set(wrong.or_else(|| has_no_reason.then(|| "Please give a reason.".to_owned())));
        if problem.with_untracked(Option::is_some) {
            return;
        }
        is_busy.set(true);
        let asked = asked.clone();
        spawn_local(async move {
            let (day, name, reason) = (day.get_untracked(), name.get_untracked(), reason.get_untracked());
            let done = match asked {
                Change::Add => queue::add_holiday(day, name, reason).await.map_err(words),
                Change::Remove(listed) => queue::remove_holiday(listed.day, reason).await.map_err(words),
                Change::Load => match chosen {
                    Some(file) => {
                        // What is no text is no list either, and the server says so.
                        let text = JsFuture::from(file.text()).await.ok().and_then(|text| text.as_string()).unwrap_or_default();
                        queue::load_holidays(text, file.name(), reason).await.map_err(words)
                    }
                    None => Err("Choose a file first.".to_owned()),
                },
            };
            let _ = is_busy.try_set(false);
            match done {
                Ok(said) => {
                    announcer.show(said);
                    list.again();
                    close(dialog);
                }
                Err(said) => {
                    let _ = problem.try_set(Some(said));
                }
            }
        });
    };
    let fields = match what {
        Change::Add => view! {
            <DayField label="Day" id="holiday-day" text=day on_typed=Callback::new(move |()| problem.set(None)) />
            <label class="flex flex-col gap-1">
                <span class="font-medium">"Name"</span>
                <input class="input input-sm w-full" maxlength=LONGEST_HOLIDAY_NAME autocomplete="off" bind:value=name on:input=touched />
            </label>
        }
        .into_any(),
        Change::Load => view! {
            <label class="flex flex-col gap-1">
                <span class="font-medium">"File"</span>
                <input type="file" node_ref=file class="w-full py-1" accept=".json,application/json" on:change=touched />
                <span class="text-xs text-muted">"Save https://www.gov.uk/bank-holidays.json and choose that file. Your own days stay."</span>
            </label>
        }
        .into_any(),
        Change::Remove(listed) => view! { <p>{listed.name}". Calls will be made on that day again, in the usual hours."</p> }.into_any(),
    };
    view! {
        <dialog
            node_ref=dialog
            class=format!("{DIALOG} max-w-lg")
            aria-labelledby="holiday-title"
            on:close=move |_| on_close.run(())
            on:keydown=keep_focus
        >
            <form on:submit=submit novalidate>
                <header class="border-b border-base-300 px-5 py-4 short:py-2">
                    <h2 class="text-lg leading-6 font-semibold" id="holiday-title">{title}</h2>
                    <p class="mt-0.5 text-dense text-muted">"It takes effect straight away. Calls in progress are not cut off."</p>
                </header>
                <div class="flex flex-col gap-3 px-5 py-4 text-dense short:py-2">
                    {fields}
                    <label class="flex flex-col gap-1">
                        <span class="font-medium">"Reason"</span>
                        <input class="input input-sm w-full" maxlength=LONGEST_REASON bind:value=reason on:input=touched />
                    </label>
                    <p class="text-error empty:hidden" role="alert">{move || problem.get()}</p>
                </div>
                <footer class="flex flex-wrap justify-end gap-2 border-t border-base-300 px-5 py-3">
                    <button type="button" class="btn" on:click=move |_| close(dialog)>"Cancel"</button>
                    <button type="submit" class="btn btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                        {move || if is_busy.get() { doing } else { act }}
                    </button>
                </footer>
            </form>
        </dialog>
    }
}

/// What happened, and how it is found in the log.
fn words(error: WireError) -> String {
    match error.reference {
        Some(reference) => format!("{} Reference {reference}.", error.message),
        None => error.message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(day: &str) -> ListedDay {
        ListedDay { day: day.parse().unwrap(), name: "A day".to_owned(), source: None }
    }

    #[test]
    fn days_stand_under_their_years() {
        let days = ["2026-12-25", "2026-12-26", "2027-01-01", "2029-05-07"].map(listed);
        let years: Vec<_> = by_year(&days).into_iter().map(|(year, days)| (year, days.len())).collect();
        assert_eq!(years, [(2026, 2), (2027, 1), (2029, 1)]);
        assert!(by_year(&[]).is_empty());
    }
}

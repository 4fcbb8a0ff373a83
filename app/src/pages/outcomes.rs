use calls::{Catalogue, CatalogueChange, CatalogueEntry, CatalogueProblem, Disposition, DispositionEdit, LONGEST_ALSO};
use kernel::WireError;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::{Missing, provided, set_title};
use crate::components::card::card;
use crate::components::empty::empty;
use crate::components::error_strip::{error_strip, query_strip};
use crate::components::icon::{Icon, icon};
use crate::components::page_header::{PageHeader, not_for_you};
use crate::components::skeleton::list_skeleton;
use crate::state::address::Address;
use crate::state::announce::Announcer;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

const PAGE: &str = "/outcomes";

/// What agents can say came of a call.
#[component]
pub(crate) fn OutcomesPage() -> impl IntoView {
    outcomes_page()
}

fn outcomes_page() -> Result<impl IntoView, Missing> {
    set_title("Outcomes");
    let session = provided::<Session>("session")?;
    let live = provided::<Live>("event stream")?;
    let address = provided::<Address>("address")?;
    let may_see = Memo::new(move |_| session.administers());
    let editing = Memo::new(move |_| address.parameter("edit", |code| Disposition::ALL.into_iter().find(|of| of.as_str() == code)));
    Ok(move || {
        if !may_see.get() {
            return not_for_you("Outcomes are for administrators", "An administrator").into_any();
        }
        let catalogue = Query::new(session, move || live.queues.track(), calls::catalogue);
        // Typing is not disturbed when somebody else's change arrives: the form is made once, and says when it is outdated.
        let is_read = Memo::new(move |was: Option<&bool>| was == Some(&true) || catalogue.map(|_| ()).is_some());
        let words = Signal::stored(Some("What agents can say came of a call; a change holds from the next wrap-up on".to_owned()));
        view! {
            <PageHeader title="Outcomes" words />
            <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto lg:row-span-2">
                <div class="mx-auto grid max-w-7xl grid-cols-1 items-start gap-3 p-4 lg:grid-cols-[minmax(0,1.3fr)_minmax(0,1fr)]">
                    <List catalogue editing />
                    <div class="flex min-w-0 flex-col gap-3 max-lg:row-start-1">
                        {move || match (editing.get(), is_read.get()) {
                            (Some(disposition), true) => view! { <Form catalogue disposition /> }.into_any(),
                            (None, true) => empty(Icon::PenLine, "Nothing is being edited", "Choose an outcome from the list.").into_any(),
                            (_, false) => ().into_any(),
                        }}
                        <History catalogue />
                    </div>
                </div>
            </main>
        }
        .into_any()
    })
}

fn link(edit: Option<Disposition>) -> String {
    edit.map_or_else(|| PAGE.to_owned(), |edit| format!("{PAGE}?edit={}", edit.as_str()))
}

#[component]
fn List(catalogue: Query<Catalogue>, editing: Memo<Option<Disposition>>) -> impl IntoView {
    let rows = move || match (catalogue.answer(), catalogue.error()) {
        (Some(answer), error) => {
            let strip = error.map(|error| view! { <div class="p-4">{query_strip(catalogue, "The outcomes are not fresh", &error)}</div> });
            let rows = answer.value.entries.iter().map(|entry| row(entry, editing)).collect_view();
            view! {
                {strip}
                <div class="overflow-x-auto" tabindex="0" role="region" aria-label="Outcomes in the order of the screen">
                    <table class="table table-sm">
                        <thead>
                            <tr>
                                <th scope="col" class="text-right">"Place"</th>
                                <th scope="col">"Key"</th>
                                <th scope="col">"Label"</th>
                                <th scope="col">"Next call after"</th>
                                <th scope="col">"Asks for"</th>
                                <th scope="col"><span class="sr-only">"Edit"</span></th>
                            </tr>
                        </thead>
                        <tbody data-testid="outcomes">{rows}</tbody>
                    </table>
                </div>
            }
            .into_any()
        }
        (None, Some(error)) => {
            view! { <div class="p-4">{query_strip(catalogue, "The outcomes could not be read", &error)}</div> }.into_any()
        }
        (None, None) => list_skeleton(8).into_any(),
    };
    let body = view! {
        {rows}
        <p class="border-t border-base-300 px-4 py-2.5 text-dense text-muted">
            "How far an outcome moves somebody in the order of calling stands in the rule sets, which have versions of their own: "
            <span class="font-mono">"dialler rules"</span> "."
        </p>
    };
    card("outcomes", Icon::ListChecks, "Outcomes", (), body)
}

/// How long nobody rings: `3 days`, `4 h`; a time, or never.
fn delay(edit: &DispositionEdit) -> String {
    match edit.delay_hours {
        _ if edit.needs_time => "the promised time".to_owned(),
        Some(hours) if hours >= 48 && hours % 24 == 0 => format!("{} days", hours / 24),
        Some(hours) => format!("{hours} h"),
        None => "never again".to_owned(),
    }
}

fn row(entry: &CatalogueEntry, editing: Memo<Option<Disposition>>) -> impl IntoView + use<> {
    let (disposition, edit) = (entry.disposition, entry.edit.clone());
    let is_here = move || editing.get() == Some(disposition);
    let asks = [(edit.needs_time, "a time"), (edit.needs_note, "a note")];
    let asks = asks.into_iter().filter_map(|(is_so, what)| is_so.then_some(what)).collect::<Vec<_>>().join(", ");
    let key = edit.key.map(|key| view! { <kbd class="kbd kbd-sm">{key}</kbd> });
    let label = format!("Edit {}", edit.label);
    view! {
        <tr class=move || if is_here() { "bg-primary/8" } else { "" }>
            <td class="text-right">{edit.position}</td>
            <td>{key}</td>
            <th scope="row" class="font-normal">
                <span class="font-medium">{edit.label.clone()}</span>
                {(!edit.is_offered).then(|| view! { <span class="badge badge-sm badge-soft badge-warning ml-2 whitespace-nowrap">"not offered"</span> })}
                {entry.is_system.then(|| view! { <span class="badge badge-sm badge-soft badge-neutral ml-2 whitespace-nowrap">"by the system"</span> })}
            </th>
            <td class="whitespace-nowrap">{delay(&edit)}</td>
            <td class="text-muted">{asks}</td>
            <td class="text-right">
                <a class="btn btn-xs" href=link(Some(disposition)) aria-label=label aria-current=move || is_here().then_some("true")>"Edit"</a>
            </td>
        </tr>
    }
}

/// What is typed, as text, until it is stored.
#[derive(Clone, Copy)]
struct Draft {
    /// What was seen when it was begun.
    seen: RwSignal<(i32, DispositionEdit)>,
    label: RwSignal<String>,
    position: RwSignal<String>,
    key: RwSignal<Option<u8>>,
    delay_hours: RwSignal<String>,
    needs_note: RwSignal<bool>,
    needs_time: RwSignal<bool>,
    replaces_cooling_off: RwSignal<bool>,
    wants_review: RwSignal<bool>,
    also: RwSignal<String>,
    is_offered: RwSignal<bool>,
}

impl Draft {
    fn of(entry: &CatalogueEntry) -> Self {
        let draft = Self {
            seen: RwSignal::new((entry.version, entry.edit.clone())),
            label: RwSignal::new(String::new()),
            position: RwSignal::new(String::new()),
            key: RwSignal::new(None),
            delay_hours: RwSignal::new(String::new()),
            needs_note: RwSignal::new(false),
            needs_time: RwSignal::new(false),
            replaces_cooling_off: RwSignal::new(false),
            wants_review: RwSignal::new(false),
            also: RwSignal::new(String::new()),
            is_offered: RwSignal::new(false),
        };
        draft.fill(entry);
        draft
    }

    fn fill(self, entry: &CatalogueEntry) {
        let edit = &entry.edit;
        self.seen.set((entry.version, edit.clone()));
        self.label.set(edit.label.clone());
        self.position.set(edit.position.to_string());
        self.key.set(edit.key);
        self.delay_hours.set(edit.delay_hours.map_or_else(String::new, |hours| hours.to_string()));
        self.needs_note.set(edit.needs_note);
        self.needs_time.set(edit.needs_time);
        self.replaces_cooling_off.set(edit.replaces_cooling_off);
        self.wants_review.set(edit.wants_review);
        self.also.set(edit.also.clone().unwrap_or_default());
        self.is_offered.set(edit.is_offered);
    }

    /// What it says; what of it cannot be read. Tracks all of it.
    fn read(self, places: usize) -> Result<DispositionEdit, CatalogueProblem> {
        Ok(DispositionEdit {
            label: self.label.get(),
            position: self.position.with(|text| read_place(text, places))?,
            key: self.key.get(),
            delay_hours: self.delay_hours.with(|text| read_delay(text))?,
            needs_note: self.needs_note.get(),
            needs_time: self.needs_time.get(),
            replaces_cooling_off: self.replaces_cooling_off.get(),
            wants_review: self.wants_review.get(),
            also: Some(self.also.get()),
            is_offered: self.is_offered.get(),
        }
        .tidied())
    }
}

fn read_place(text: &str, places: usize) -> Result<i16, CatalogueProblem> {
    text.trim().parse().map_err(|_| CatalogueProblem::NoSuchPlace(places))
}

/// Hours, or nothing.
fn read_delay(text: &str) -> Result<Option<i32>, CatalogueProblem> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| CatalogueProblem::NoSuchDelay),
    }
}

#[component]
fn Form(catalogue: Query<Catalogue>, disposition: Disposition) -> impl IntoView {
    let entry = untrack(|| find(catalogue, disposition));
    entry.map(|entry| view! { <Fields catalogue draft=Draft::of(&entry) entry /> })
}

/// How it is now.
fn find(catalogue: Query<Catalogue>, disposition: Disposition) -> Option<CatalogueEntry> {
    catalogue.map(|catalogue| catalogue.entries.iter().find(|entry| entry.disposition == disposition).cloned()).flatten()
}

#[component]
fn Fields(catalogue: Query<Catalogue>, draft: Draft, entry: CatalogueEntry) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let address = expect_context::<Address>();
    let disposition = entry.disposition;
    // Each with the part at fault.
    let problems = RwSignal::new(Vec::<(&'static str, String)>::new());
    let failed = RwSignal::new(None::<WireError>);
    let is_busy = RwSignal::new(false);
    let places = move || catalogue.map(|catalogue| catalogue.entries.len()).unwrap_or_default();
    let is_changed = Memo::new(move |_| draft.seen.with(|(_, seen)| draft.read(places()).as_ref() != Ok(seen)));
    Effect::new(move |_| address.has_unsaved.set(is_changed.get()));
    on_cleanup(move || address.has_unsaved.set(false));
    // What somebody else has made of it since.
    let theirs = Memo::new(move |_| {
        let now = find(catalogue, disposition)?;
        draft.seen.with(|(version, seen)| (now.version > *version).then(|| (now.edit.changes(seen), now.edit.in_words())))
    });
    let again = move |_| {
        if let Some(now) = untrack(|| find(catalogue, disposition)) {
            draft.fill(&now);
            problems.set(Vec::new());
            failed.set(None);
        }
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        failed.set(None);
        announcer.clear();
        let read = untrack(|| {
            let holding = find(catalogue, disposition);
            let edit = draft.read(places())?;
            let wrong = catalogue.map(|all| holding.map(|holding| edit.problems(&holding, &all.entries))).flatten().unwrap_or_default();
            Ok((edit, wrong))
        });
        let (edit, wrong) = match read {
            Ok((edit, wrong)) => (Some(edit), wrong),
            Err(problem) => (None, vec![problem]),
        };
        problems.set(wrong.iter().map(|problem: &CatalogueProblem| (problem.field(), problem.to_string())).collect());
        let Some(edit) = edit.filter(|_| wrong.is_empty()) else { return };
        is_busy.set(true);
        let (version, label) = (draft.seen.with_untracked(|(version, _)| *version), edit.label.clone());
        spawn_local(async move {
            let done = calls::change_disposition(disposition, edit, version).await;
            let _ = is_busy.try_set(false);
            match done {
                Ok(now) => {
                    announcer.show(format!("“{label}” is changed, from the next wrap-up on."));
                    if let Some(now) = now.entries.iter().find(|entry| entry.disposition == disposition) {
                        draft.fill(now);
                    }
                }
                Err(error) => {
                    let field = FIELDS.into_iter().find(|field| error.field.as_deref() == Some(*field));
                    if let Some(field) = field {
                        let _ = problems.try_set(vec![(field, error.message)]);
                    } else {
                        let _ = failed.try_set(Some(error));
                    }
                }
            }
            catalogue.again();
        });
    };
    let touched = move |_| problems.set(Vec::new());
    let problem = move |field: &'static str| {
        let words = move || {
            problems.with(|problems| {
                problems.iter().filter(|(of, _)| *of == field).map(|(_, words)| words.clone()).collect::<Vec<_>>().join(" ")
            })
        };
        view! { <p class="text-error empty:hidden" role="alert">{words}</p> }
    };
    let is_invalid = move |field: &'static str| if problems.with(|all| all.iter().any(|(of, _)| *of == field)) { "true" } else { "false" };
    let keys = (1..=9).map(|key: u8| {
        let is_chosen = move || draft.key.get() == Some(key);
        view! { <option value=key.to_string() prop:selected=is_chosen>{key}</option> }
    });
    let switch = move |field: &'static str, words: &'static str, about: &'static str, is_on: RwSignal<bool>| {
        view! {
            <div>
                <label class="flex items-start gap-2">
                    <input
                        type="checkbox"
                        class="checkbox checkbox-sm"
                        aria-invalid=move || is_invalid(field)
                        prop:checked=move || is_on.get()
                        on:change=move |event| {
                            is_on.set(event_target_checked(&event));
                            problems.set(Vec::new());
                        }
                    />
                    <span>{words} <span class="block text-xs text-muted">{about}</span></span>
                </label>
                {problem(field)}
            </div>
        }
    };
    let body = view! {
        <form class="flex flex-col gap-3 px-4 py-3 text-dense" on:submit=submit novalidate>
            {move || theirs.get().map(|(changes, in_words)| view! {
                <div class="flex flex-col gap-2 rounded-field border border-warning/40 bg-warning/10 p-3" role="status" data-testid="theirs">
                    <p class="text-warning">"Somebody else has changed it meanwhile. What you typed is still here, and cannot be stored over theirs."</p>
                    <ul class="list-disc pl-5">{changes.into_iter().map(|line| view! { <li class="break-words">{line}</li> }).collect_view()}</ul>
                    <p class="text-xs break-words text-muted">"It is now: "{in_words}</p>
                    <button type="button" class="btn btn-sm self-start" on:click=again>"Show what holds now"</button>
                </div>
            })}
            <label class="flex flex-col gap-1">
                <span class="font-medium">"Label"</span>
                <input class="input input-sm w-full" aria-invalid=move || is_invalid("label") bind:value=draft.label on:input=touched />
                {problem("label")}
            </label>
            <div class="grid gap-3 sm:grid-cols-3">
                <label class="flex flex-col gap-1">
                    <span class="font-medium">"Place"</span>
                    <input class="input input-sm w-full" inputmode="numeric" aria-invalid=move || is_invalid("position") bind:value=draft.position on:input=touched />
                    {problem("position")}
                </label>
                <label class="flex flex-col gap-1">
                    <span class="font-medium">"Key"</span>
                    <select
                        class="select select-sm w-full"
                        aria-invalid=move || is_invalid("key")
                        on:change=move |event| {
                            draft.key.set(event_target_value(&event).parse().ok());
                            problems.set(Vec::new());
                        }
                    >
                        <option value="" prop:selected=move || draft.key.get().is_none()>"None"</option>
                        {keys.collect_view()}
                    </select>
                    {problem("key")}
                </label>
                <label class="flex flex-col gap-1">
                    <span class="font-medium">"Delay in hours"</span>
                    <input class="input input-sm w-full" inputmode="numeric" aria-invalid=move || is_invalid("delay_hours") bind:value=draft.delay_hours on:input=touched />
                    {problem("delay_hours")}
                </label>
            </div>
            <label class="flex flex-col gap-1">
                <span class="font-medium">"What else happens, in words for the agent"</span>
                <textarea class="textarea w-full" rows="2" maxlength=LONGEST_ALSO aria-invalid=move || is_invalid("also") bind:value=draft.also on:input=touched></textarea>
                {problem("also")}
            </label>
            {switch("needs_note", "Needs a note", "Nothing is saved before something is written.", draft.needs_note)}
            {switch("needs_time", "Needs a time", "A call is promised for then, to the same agent first.", draft.needs_time)}
            {switch(
                "replaces_cooling_off",
                "Delay instead of cooling-off",
                "Off: the longer of both holds. How many calls a day are allowed holds in any case.",
                draft.replaces_cooling_off,
            )}
            {switch("wants_review", "A supervisor looks at it", "The agent is told so.", draft.wants_review)}
            {switch("is_offered", "Offered to agents", "Off: it stays in the history and is chosen no more.", draft.is_offered)}
            {fixed(&entry)}
            {move || failed.get().map(|error| error_strip("Nothing was changed", &error, None))}
            <div class="flex flex-wrap items-center gap-2">
                <button type="submit" class="btn btn-sm btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                    {move || if is_busy.get() { "Storing…" } else { "Store it" }}
                </button>
                <button type="button" class="btn btn-sm btn-ghost" on:click=again>"Undo what I typed"</button>
                {move || is_changed.get().then(|| view! {
                    <span class="badge badge-sm badge-soft badge-warning whitespace-nowrap" data-testid="unstored">"Not stored yet"</span>
                })}
            </div>
        </form>
    };
    let close = view! { <a class="btn btn-ghost btn-xs" href=link(None)>{icon(Icon::X, "size-3.5")} "Close"</a> };
    card("edit", Icon::PenLine, "Edit", close, body)
}

/// The parts that the server may find at fault.
const FIELDS: [&str; 7] = ["label", "position", "key", "delay_hours", "needs_time", "also", "is_offered"];

/// What the program relies on.
fn fixed(entry: &CatalogueEntry) -> impl IntoView + use<> {
    let line = |term: &'static str, words: String| view! { <dt class="text-muted">{term}</dt><dd>{words}</dd> };
    let yes = |is_so: bool| if is_so { "yes" } else { "no" }.to_owned();
    let reached = entry.is_reached.map_or_else(|| "if the person’s telephone was answered".to_owned(), yes);
    let suppresses = match entry.suppresses.as_deref() {
        Some("do_not_contact") => "the person and the number, for good",
        Some("bad_number") => "the number, until the person has another",
        _ => "nobody",
    };
    view! {
        <section class="rounded-field border border-base-300 px-3 py-2.5" aria-labelledby="fixed">
            <h3 class="flex items-center gap-1.5 font-medium" id="fixed">{icon(Icon::Lock, "size-3.5")} "Not edited here"</h3>
            <dl class="mt-1.5 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1">
                {line("Code", entry.disposition.as_str().to_owned())}
                {line("Somebody was reached", reached)}
                {line("Counts as a failed attempt", yes(entry.is_failed))}
                {line("Never rung again", suppresses.to_owned())}
            </dl>
            <p class="mt-1.5 text-xs text-muted">"The order of calling, the limits and the last check before a call rely on these, and figures of different weeks compare by them."</p>
        </section>
    }
}

#[component]
fn History(catalogue: Query<Catalogue>) -> impl IntoView {
    let changes = Memo::new(move |_| catalogue.map(|catalogue| catalogue.changes.clone()));
    let rows = move || match changes.get() {
        None => ().into_any(),
        Some(changes) if changes.is_empty() => {
            view! { <p class="px-4 py-3 text-dense text-muted">"Nothing was changed yet: the outcomes are as delivered."</p> }.into_any()
        }
        Some(changes) => view! {
            <ul class="max-h-[36rem] overflow-y-auto" tabindex="0" role="region" aria-label="Changes, newest first" data-testid="changes">
                {changes.into_iter().map(change).collect_view()}
            </ul>
        }
        .into_any(),
    };
    card("history", Icon::History, "History", (), rows)
}

fn change(change: CatalogueChange) -> impl IntoView {
    view! {
        <li class="border-b border-base-300 px-4 py-2 text-dense last:border-0">
            <p class="flex flex-wrap justify-between gap-x-3">
                <b class="font-semibold">{change.label}</b>
                <span class="text-xs text-muted">{change.by}", "<time title=change.at.full>{change.at.short}</time></span>
            </p>
            {change.changes.into_iter().map(|line| view! { <p class="break-words text-muted">{line}</p> }).collect_view()}
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_is_hours_or_nothing() {
        assert_eq!(read_delay(" 48 "), Ok(Some(48)));
        assert_eq!(read_delay(" "), Ok(None));
        for wrong in ["x", "1.5", "2 days", "99999999999"] {
            assert_eq!(read_delay(wrong), Err(CatalogueProblem::NoSuchDelay), "{wrong}");
        }
        assert_eq!(read_place("3", 17), Ok(3));
        assert_eq!(read_place("", 17), Err(CatalogueProblem::NoSuchPlace(17)));
    }

    /// Every problem that the server can name has its field on the page.
    #[test]
    fn every_problem_is_said_at_a_field_of_the_form() {
        use CatalogueProblem as P;
        for problem in [
            P::NoLabel,
            P::LabelTooLong,
            P::NoSuchPlace(17),
            P::NoSuchKey,
            P::KeyTaken(1, String::new()),
            P::NoSuchDelay,
            P::DelayNeeded,
            P::CallbackWithoutTime,
            P::NobodyToPromise,
            P::AlsoTooLong,
            P::ObjectionNotOffered,
            P::OfTheSystem,
        ] {
            assert!(FIELDS.contains(&problem.field()), "{problem:?}");
        }
    }

    #[test]
    fn delays_are_said_in_days_where_they_are_some() {
        let edit = |delay_hours, needs_time| DispositionEdit {
            label: String::new(),
            position: 1,
            key: None,
            delay_hours,
            needs_note: false,
            needs_time,
            replaces_cooling_off: false,
            wants_review: false,
            also: None,
            is_offered: true,
        };
        let said = [(Some(4), false), (Some(24), false), (Some(672), false), (Some(50), false), (None, false), (None, true)];
        let words = said.map(|(hours, needs_time)| delay(&edit(hours, needs_time)));
        assert_eq!(words, ["4 h", "24 h", "28 days", "50 h", "never again", "the promised time"]);
    }
}

use chrono::Timelike;
use kernel::{QueueKind, WireError};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::{
    ContactBasis, DAYS, FIELDS, Field, NOTICE_LENGTH, Settings, SettingsChange, SettingsView, Span, UncountedRequirement, basis_words,
    clock, read_time,
};

use super::{Missing, provided, set_title};
use crate::components::card::card;
use crate::components::error_strip::{error_strip, query_strip};
use crate::components::holidays::Holidays;
use crate::components::icon::{Icon, icon};
use crate::components::page_header::{PageHeader, not_for_you};
use crate::components::skeleton::list_skeleton;
use crate::components::typed_time::time_field;
use crate::routes::Summary;
use crate::state::address::Address;
use crate::state::announce::Announcer;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

const LONGEST_REASON: usize = 300;
const BASES: [Option<ContactBasis>; 3] = [Some(ContactBasis::Service), Some(ContactBasis::Marketing), None];

/// What holds for everybody.
#[component]
pub(crate) fn SettingsPage() -> impl IntoView {
    settings_page()
}

fn settings_page() -> Result<impl IntoView, Missing> {
    set_title("Settings");
    let session = provided::<Session>("session")?;
    let live = provided::<Live>("event stream")?;
    let summary = provided::<Summary>("summary")?;
    let address = provided::<Address>("address")?;
    let may_see = Memo::new(move |_| session.administers());
    let shows_holidays = Memo::new(move |_| address.parameter("section", |section| (section == HOLIDAYS).then_some(())).is_some());
    Ok(move || {
        if !may_see.get() {
            return not_for_you("Settings are for administrators", "An administrator").into_any();
        }
        let section = move || {
            if shows_holidays.get() {
                return view! { <Holidays session live /> }.into_any();
            }
            view! { <General session live /> }.into_any()
        };
        let words = Signal::stored(Some("Changes take effect straight away".to_owned()));
        view! {
            <PageHeader title="Settings" words />
            <main id="main" tabindex="-1" class="min-h-0 min-w-0 lg:row-span-2 lg:overflow-hidden">
                <div class="grid h-full min-h-0 grid-cols-1 lg:grid-cols-[11rem_minmax(0,1fr)] lg:grid-rows-[minmax(0,1fr)_auto]">
                    {sections(shows_holidays, summary)} {section}
                </div>
            </main>
        }
        .into_any()
    })
}

/// The section of the bank holidays in the page's address.
const HOLIDAYS: &str = "holidays";

/// The sections of the settings.
fn sections(shows_holidays: Memo<bool>, summary: Summary) -> impl IntoView {
    let entry = |href: &'static str, glyph: Icon, word: &'static str, is_here: Signal<bool>, sign: AnyView| {
        view! {
            <a
                href=href
                aria-current=move || is_here.get().then_some("page")
                class=move || {
                    let colours = if is_here.get() { "bg-primary/12 text-primary" } else { "hover:bg-base-200" };
                    format!("flex min-h-9 shrink-0 items-center gap-2.5 rounded-field px-2.5 text-dense font-medium {colours}")
                }
            >
                {icon(glyph, "size-4")} <span class="whitespace-nowrap">{word}</span> {sign}
            </a>
        }
    };
    let sign = move || {
        summary.map(|summary| summary.holidays_notice.is_some()).filter(|is_near| *is_near).map(|_| {
            view! { <span class="ml-auto text-warning">{icon(Icon::TriangleAlert, "size-4")}<span class="sr-only">"needs attention"</span></span> }
        })
    };
    view! {
        <nav
            class="border-base-300 bg-base-100 p-2 max-lg:flex max-lg:gap-1 max-lg:overflow-x-auto max-lg:border-b lg:row-span-2 lg:border-r"
            aria-label="Sections of the settings"
        >
            {entry("/settings", Icon::Settings, "General", Signal::derive(move || !shows_holidays.get()), ().into_any())}
            {entry("/settings?section=holidays", Icon::Calendar, "Bank holidays", shows_holidays.into(), sign.into_any())}
        </nav>
    }
}

/// Everything but the bank holidays.
#[component]
fn General(session: Session, live: Live) -> impl IntoView {
    let view = Query::new(session, move || live.queues.track(), queue::settings);
    // Typing is not disturbed when somebody else's change arrives: the form is made once, and says when it is outdated.
    let is_read = Memo::new(move |was: Option<&bool>| was == Some(&true) || view.map(|_| ()).is_some());
    move || {
        if is_read.get() {
            return view! { <Form view /> }.into_any();
        }
        let waiting = move || match view.error() {
            Some(error) => query_strip(view, "The settings could not be read", &error).into_any(),
            None => list_skeleton(6).into_any(),
        };
        view! { <div class="p-4">{waiting}</div> }.into_any()
    }
}

/// What is typed, as text, until it is stored.
#[derive(Clone, Copy)]
struct Draft {
    version: RwSignal<i32>,
    numbers: [RwSignal<String>; FIELDS.len()],
    hours: [(RwSignal<String>, RwSignal<String>); 3],
    on_bank_holidays: RwSignal<bool>,
    bases: [RwSignal<Option<ContactBasis>>; 3],
    uncounted: RwSignal<String>,
    notice: RwSignal<String>,
    rule_set: RwSignal<String>,
    age_counts: RwSignal<bool>,
    reason: RwSignal<String>,
}

impl Draft {
    fn of(view: &SettingsView) -> Self {
        let draft = Self {
            version: RwSignal::new(0),
            numbers: FIELDS.map(|_| RwSignal::new(String::new())),
            hours: DAYS.map(|_| (RwSignal::new(String::new()), RwSignal::new(String::new()))),
            on_bank_holidays: RwSignal::new(false),
            bases: [RwSignal::new(None), RwSignal::new(None), RwSignal::new(None)],
            uncounted: RwSignal::new(String::new()),
            notice: RwSignal::new(String::new()),
            rule_set: RwSignal::new(String::new()),
            age_counts: RwSignal::new(false),
            reason: RwSignal::new(String::new()),
        };
        draft.fill(view);
        draft
    }

    fn fill(self, view: &SettingsView) {
        let settings = &view.settings;
        self.version.set(view.version);
        for (field, text) in FIELDS.iter().zip(self.numbers) {
            text.set(field.get(settings).map_or_else(String::new, |value| value.to_string()));
        }
        for (span, (from, until)) in settings.calling_hours.days().into_iter().zip(self.hours) {
            from.set(span.map_or_else(String::new, |span| clock(span.from_minute)));
            until.set(span.map_or_else(String::new, |span| clock(span.until_minute)));
        }
        self.on_bank_holidays.set(settings.calling_hours.on_bank_holidays);
        for (queue, basis) in QueueKind::ALL.into_iter().zip(self.bases) {
            basis.set(settings.contact_basis.of(queue));
        }
        self.uncounted.set(uncounted_text(&settings.uncounted_requirements));
        self.notice.set(settings.recording_notice.clone());
        self.rule_set.set(settings.rule_set.clone());
        self.age_counts.set(settings.age_counts);
        self.reason.set(String::new());
    }

    /// The settings that it says; what is wrong with it, in words. Tracks all of it.
    fn read(self, holding: &Settings) -> Result<Settings, String> {
        let mut settings = holding.clone();
        for (field, text) in FIELDS.iter().zip(self.numbers) {
            text.with(|text| field.set(&mut settings, text))?;
        }
        let mut spans = [None; 3];
        for ((span, (day, _)), (from, until)) in spans.iter_mut().zip(DAYS).zip(self.hours) {
            *span = read_span(&from.get(), &until.get()).map_err(|words| format!("{day}: {words}"))?;
        }
        [settings.calling_hours.weekdays, settings.calling_hours.saturday, settings.calling_hours.sunday] = spans;
        settings.calling_hours.on_bank_holidays = self.on_bank_holidays.get();
        let [first, second, third] = self.bases.map(|basis| basis.get());
        for (queue, basis) in QueueKind::ALL.into_iter().zip([first, second, third]) {
            match queue {
                QueueKind::Callbacks => settings.contact_basis.callbacks = basis,
                QueueKind::UnsignedUsers => settings.contact_basis.unsigned_users = basis,
                QueueKind::OutstandingRequests => settings.contact_basis.outstanding_requests = basis,
            }
        }
        settings.uncounted_requirements = self.uncounted.with(|text| read_uncounted(text));
        settings.recording_notice = self.notice.with(|text| text.trim().to_owned());
        settings.rule_set = self.rule_set.get();
        settings.age_counts = self.age_counts.get();
        Ok(settings)
    }
}

/// Two times of day; both empty: no calls on such a day.
fn read_span(from: &str, until: &str) -> Result<Option<Span>, &'static str> {
    match (from.trim(), until.trim()) {
        ("", "") => Ok(None),
        (from, until) => {
            let minute = |text: &str| read_time(text).ok().and_then(|time| u16::try_from(time.hour() * 60 + time.minute()).ok());
            match (minute(from), minute(until)) {
                (Some(from_minute), Some(until_minute)) => Ok(Some(Span { from_minute, until_minute })),
                _ => Err("write both times, such as 09:00 and 20:00, or neither."),
            }
        }
    }
}

/// A line each, the reason after a colon.
fn uncounted_text(entries: &[UncountedRequirement]) -> String {
    let line = |entry: &UncountedRequirement| match &entry.reason {
        Some(reason) => format!("{}: {reason}", entry.kind),
        None => entry.kind.clone(),
    };
    entries.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn read_uncounted(text: &str) -> Vec<UncountedRequirement> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .map(|line| match line.split_once(':') {
            Some((kind, reason)) => UncountedRequirement { kind: kind.trim().to_owned(), reason: Some(reason.trim().to_owned()) },
            None => UncountedRequirement { kind: line.to_owned(), reason: None },
        })
        .collect()
}

#[component]
fn Form(view: Query<SettingsView>) -> impl IntoView {
    view.answer().map(|answer| {
        let draft = Draft::of(&answer.value);
        view! { <Fields view draft /> }
    })
}

/// The form's id: what stores it stands below, outside of it.
const FORM: &str = "settings-form";

#[component]
fn Fields(view: Query<SettingsView>, draft: Draft) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let is_busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let failed = RwSignal::new(None::<WireError>);
    let is_outdated = move || view.map(|view| view.version).is_some_and(|version| version != draft.version.get());
    // Also when it cannot be read.
    let is_changed = Memo::new(move |_| view.map(|view| draft.read(&view.settings).as_ref() != Ok(&view.settings)).unwrap_or_default());
    let again = move |_| {
        if let Some(answer) = view.answer() {
            draft.fill(&answer.value);
            problem.set(None);
            failed.set(None);
        }
    };
    // What was refused before is no longer what is wrong.
    let refuse = move |words| {
        failed.set(None);
        problem.set(Some(words));
    };
    // Whoever leaves is asked first.
    let address = expect_context::<Address>();
    Effect::new(move |_| address.has_unsaved.set(is_changed.get()));
    on_cleanup(move || address.has_unsaved.set(false));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        let Some(holding) = view.map(|view| view.settings.clone()) else { return };
        let settings = match untrack(|| draft.read(&holding)) {
            Ok(settings) => settings,
            Err(words) => return refuse(words),
        };
        if draft.reason.with_untracked(|reason| reason.trim().is_empty()) {
            return refuse("Please say why, for whoever asks later.".to_owned());
        }
        problem.set(None);
        announcer.clear();
        is_busy.set(true);
        spawn_local(async move {
            let done = queue::change_settings(settings, draft.version.get_untracked(), draft.reason.get_untracked()).await;
            let _ = is_busy.try_set(false);
            let _ = failed.try_set(done.as_ref().err().cloned());
            if let Ok(version) = done {
                announcer.show("The settings are changed, and hold from now on.");
                let _ = draft.version.try_set(version);
                let _ = draft.reason.try_set(String::new());
                view.again();
            }
        });
    };
    let numbers = |group: &'static str| {
        FIELDS
            .iter()
            .zip(draft.numbers)
            .filter(move |(field, _)| field.group == group)
            .map(|(field, text)| number_field(field, text, problem))
            .collect_view()
    };
    let typed = Callback::new(move |()| problem.set(None));
    let hours = DAYS.into_iter().zip(draft.hours).map(|((day, _), (from, until))| {
        view! {
            <div class="grid grid-cols-[9rem_1fr_auto_1fr] items-center gap-2">
                <span>{day}</span>
                {time_field(format!("{day} from"), None, from, typed)}
                <span class="text-muted">"to"</span>
                {time_field(format!("{day} until"), None, until, typed)}
            </div>
        }
    });
    let bases = QueueKind::ALL.into_iter().zip(draft.bases).map(|(queue, basis)| {
        view! {
            <label class="grid grid-cols-[9rem_1fr] items-center gap-2">
                <span>{queue.label()}</span>
                <select
                    class="select select-sm w-full"
                    prop:value=move || basis_words(basis.get())
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        basis.set(BASES.into_iter().find(|basis| basis_words(*basis) == value).flatten());
                    }
                >
                    {BASES.map(|choice| view! { <option selected=move || basis.get() == choice>{basis_words(choice)}</option> })}
                </select>
            </label>
        }
    });
    let rule_sets = view.map(|view| view.rule_sets.clone()).unwrap_or_default();
    view! {
        <div
            class="grid min-h-0 grid-cols-1 items-start gap-3 overflow-y-auto p-4 lg:grid-cols-[minmax(0,1.2fr)_minmax(0,1fr)]"
            tabindex="0"
            role="region"
            aria-label="General settings"
        >
        <form class="flex min-w-0 flex-col gap-3" id=FORM on:submit=submit novalidate>
            {card("limits", Icon::Clock, "Limits", (), view! { <div class="grid gap-3 px-4 py-3 text-dense sm:grid-cols-2">{numbers("Limits")}</div> })}
            {card("hours", Icon::Calendar, "Calling hours", "no time: never on such a day", view! {
                <div class="flex flex-col gap-2 px-4 py-3 text-dense">
                    {hours.collect_view()}
                    <label class="mt-1 flex items-center gap-2">
                        <input type="checkbox" class="checkbox checkbox-sm" prop:checked=move || draft.on_bank_holidays.get() on:change=move |event| draft.on_bank_holidays.set(event_target_checked(&event)) />
                        "Calls on bank holidays too"
                    </label>
                </div>
            })}
            {card("callbacks", Icon::CalendarClock, "Callbacks", (), view! { <div class="grid gap-3 px-4 py-3 text-dense sm:grid-cols-2">{numbers("Callbacks")}</div> })}
            {card("contact", Icon::ShieldCheck, "Kind of contact", "marketing needs consent on record", view! {
                <div class="flex flex-col gap-2 px-4 py-3 text-dense">
                    {bases.collect_view()}
                    <p class="text-xs text-muted">"While it is not decided, nobody is offered from that queue."</p>
                </div>
            })}
            {card("work", Icon::Headphones, "Work", (), view! { <div class="grid gap-3 px-4 py-3 text-dense sm:grid-cols-2">{numbers("Work")}</div> })}
            {card("script", Icon::PhoneCall, "Script", (), view! {
                <label class="flex flex-col gap-1 px-4 py-3 text-dense">
                    <span class="font-medium">"The recording notice, said first in every talk"</span>
                    <textarea class="textarea w-full" rows="2" maxlength=*NOTICE_LENGTH.end() bind:value=draft.notice></textarea>
                    <span class="text-xs text-muted">"The person has to be told at the start that the call is recorded. Calls that go on keep the words they began with."</span>
                </label>
            })}
            {card("order", Icon::ListOrdered, "What counts, and in which order", (), view! {
                <div class="flex flex-col gap-3 px-4 py-3 text-dense">
                    <label class="flex flex-col gap-1">
                        <span class="font-medium">"Requirements that do not count"</span>
                        <textarea class="textarea w-full font-mono text-xs" rows="6" bind:value=draft.uncounted></textarea>
                        <span class="text-xs text-muted">"A line each; only with one reason: type, a colon, the reason."</span>
                    </label>
                    <label class="flex flex-col gap-1">
                        <span class="font-medium">"Rule set"</span>
                        <select class="select select-sm w-full" prop:value=move || draft.rule_set.get() on:change=move |event| draft.rule_set.set(event_target_value(&event))>
                            {rule_sets.into_iter().map(|name| {
                                let value = name.clone();
                                view! { <option selected=move || draft.rule_set.with(|chosen| *chosen == value)>{name}</option> }
                            }).collect_view()}
                        </select>
                    </label>
                    <label class="flex items-start gap-2">
                        <input type="checkbox" class="checkbox checkbox-sm" prop:checked=move || draft.age_counts.get() on:change=move |event| draft.age_counts.set(event_target_checked(&event)) />
                        <span>
                            "Age counts in the order"
                            <span class="block text-xs text-muted">"Age is a protected characteristic: off, nobody is rung sooner or later for it."</span>
                        </span>
                    </label>
                </div>
            })}
        </form>
        <History view />
        </div>
        // A row of its own below what scrolls: in sight wherever the page stands, and never over it.
        <div
            class="z-10 flex flex-col gap-2 border-t border-base-300 bg-base-100 px-4 py-2.5 text-dense max-lg:sticky max-lg:bottom-0"
            role="region"
            aria-label="Changes"
        >
            {move || is_outdated().then(|| view! {
                <p class="flex flex-wrap items-center gap-3 rounded-field border border-warning/40 bg-warning/10 p-3 text-warning">
                    <span class="min-w-48 flex-1">"Somebody else has changed the settings meanwhile. What you typed is still here, and cannot be stored over theirs."</span>
                    <button type="button" class="btn btn-sm" on:click=again>"Show what holds now"</button>
                </p>
            })}
            {move || failed.get().map(|error| error_strip("Nothing was changed", &error, None))}
            <p class="text-error empty:hidden" role="alert">{move || problem.get()}</p>
            <div class="flex flex-wrap items-center gap-x-3 gap-y-2">
                <label class="flex min-w-0 flex-1 items-center gap-2">
                    <span class="font-medium">"Why"</span>
                    <input form=FORM class="input input-sm w-full" maxlength=LONGEST_REASON bind:value=draft.reason on:input=move |_| problem.set(None) />
                </label>
                {move || is_changed.get().then(|| view! {
                    <span class="badge badge-sm badge-soft badge-warning whitespace-nowrap" data-testid="unstored">"Not stored yet"</span>
                })}
                <button type="button" class="btn btn-sm btn-ghost" on:click=again>"Undo what I typed"</button>
                <button type="submit" form=FORM class="btn btn-sm btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                    {move || if is_busy.get() { "Storing…" } else { "Store the settings" }}
                </button>
            </div>
        </div>
    }
}

fn number_field(field: &'static Field, text: RwSignal<String>, problem: RwSignal<Option<String>>) -> impl IntoView {
    let (least, most) = field.bounds;
    view! {
        <label class="flex flex-col gap-1">
            <span class="font-medium">{field.label}</span>
            <span class="flex items-center gap-2">
                <input class="input input-sm w-20" inputmode="numeric" bind:value=text on:input=move |_| problem.set(None) />
                <span class="text-muted">{field.unit}</span>
                <span class="ml-auto text-xs text-muted">{least}" to "{most}{field.may_be_empty.then_some(", or none")}</span>
            </span>
        </label>
    }
}

#[component]
fn History(view: Query<SettingsView>) -> impl IntoView {
    let history = Memo::new(move |_| view.map(|view| view.history.clone()).unwrap_or_default());
    let body = view! {
        <div class="max-h-[36rem] overflow-y-auto" tabindex="0" role="region" aria-label="Changes, newest first">
            <ul>{move || history.get().into_iter().map(change).collect_view()}</ul>
        </div>
    };
    card("history", Icon::History, "History", (), body)
}

fn change(change: SettingsChange) -> impl IntoView {
    let by = change.by.map_or_else(|| "as delivered".to_owned(), |by| format!("{by}, {}", change.at));
    view! {
        <li class="border-b border-base-300 px-4 py-2 text-dense last:border-0">
            <p class="flex justify-between gap-3"><b class="font-semibold">"Version "{change.version}</b><span class="text-xs text-muted">{by}</span></p>
            {change.reason.map(|reason| view! { <p class="break-words">{reason}</p> })}
            {change.changes.into_iter().map(|line| view! { <p class="text-muted">{line}</p> }).collect_view()}
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_two_times_or_none() {
        assert_eq!(read_span("", " "), Ok(None));
        assert_eq!(read_span("9.30", "5pm"), Ok(Some(Span { from_minute: 570, until_minute: 1020 })));
        assert_eq!(read_span("09:30", "17:00"), Ok(Some(Span { from_minute: 570, until_minute: 1020 })));
        for (from, until) in [("09:00", ""), ("nine", "17:00"), ("25:00", "26:00"), ("09:60", "10:00")] {
            assert!(read_span(from, until).is_err(), "{from}–{until}");
        }
    }

    #[test]
    fn what_does_not_count_reads_as_it_was_written() {
        let defaults = Settings::default().uncounted_requirements;
        assert_eq!(read_uncounted(&uncounted_text(&defaults)), defaults);
        assert_eq!(read_uncounted("\n cfa \n\n"), [UncountedRequirement { kind: "cfa".into(), reason: None }]);
    }
}

use kernel::WireError;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::rules::SuppressionKind;
use queue::{NewObjection, Objection, ObjectionPage, read_day};

use super::{Missing, provided, set_title};
use crate::components::card::card;
use crate::components::empty::empty;
use crate::components::error_strip::{error_strip, query_strip};
use crate::components::icon::{Icon, icon};
use crate::components::page_header::{PageHeader, not_for_agents};
use crate::components::skeleton::list_skeleton;
use crate::components::typed_time::DayField;
use crate::format::count;
use crate::state::address::Address;
use crate::state::announce::Announcer;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

const KINDS: [SuppressionKind; 3] = [SuppressionKind::DoNotContact, SuppressionKind::OptedOut, SuppressionKind::BadNumber];

/// Who must not be rung, and why.
#[component]
pub(crate) fn Suppressions() -> impl IntoView {
    suppressions()
}

fn suppressions() -> Result<impl IntoView, Missing> {
    set_title("Do not call");
    let session = provided::<Session>("session")?;
    let live = provided::<Live>("event stream")?;
    let address = provided::<Address>("address")?;
    let may_see = Memo::new(move |_| session.sees_the_floor());
    Ok(move || {
        if !may_see.get() {
            return not_for_agents("This page is for supervisors").into_any();
        }
        // What is looked for stands in the address, so that it survives a reload.
        let search =
            Memo::new(move |_| address.parameter("search", |text| Some(text.replace('+', " ").replace("%2B", "+"))).unwrap_or_default());
        let is_all = Memo::new(move |_| address.parameter("show", |show| (show == "all").then_some(())).is_some());
        let before = Memo::new(move |_| address.parameter("before", |id| id.parse::<i64>().ok()));
        let page = Query::new(
            session,
            move || {
                live.queues.track();
                search.track();
                is_all.track();
                before.track();
            },
            move || queue::objections(search.get_untracked(), !is_all.get_untracked(), before.get_untracked()),
        );
        let words = Signal::stored(Some("An objection holds from the next decision, at once, on every server".to_owned()));
        view! {
            <PageHeader title="Do not call" words />
            <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto lg:row-span-2">
                <div class="mx-auto grid max-w-7xl grid-cols-1 items-start gap-3 p-4 lg:grid-cols-[minmax(0,1fr)_20rem]">
                    <List page search is_all />
                    <Add page />
                </div>
            </main>
        }
        .into_any()
    })
}

/// The page's own address with another search, filter or page.
fn link(search: &str, is_all: bool, before: Option<i64>) -> String {
    let search = (!search.is_empty()).then(|| format!("search={}", search.replace('+', "%2B").replace(' ', "+")));
    let show = is_all.then(|| "show=all".to_owned());
    let before = before.map(|before| format!("before={before}"));
    let query: Vec<String> = [search, show, before].into_iter().flatten().collect();
    if query.is_empty() { "/suppressions".to_owned() } else { format!("/suppressions?{}", query.join("&")) }
}

pub(crate) const fn kind_words(kind: SuppressionKind) -> &'static str {
    match kind {
        SuppressionKind::DoNotContact => "Do not contact",
        SuppressionKind::OptedOut => "Opted out of calls",
        SuppressionKind::BadNumber => "Wrong number",
    }
}

#[component]
fn List(page: Query<ObjectionPage>, search: Memo<String>, is_all: Memo<bool>) -> impl IntoView {
    let address = expect_context::<Address>();
    let text = RwSignal::new(search.get_untracked());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        address.replace(&link(text.get_untracked().trim(), is_all.get_untracked(), None));
    };
    let failed = RwSignal::new(None::<WireError>);
    let session = expect_context::<Session>();
    // A wish not to be contacted was meant for good.
    let may_lift = move |kind: SuppressionKind| kind != SuppressionKind::DoNotContact || session.administers();
    let rows = move || match (page.answer(), page.error()) {
        (Some(answer), error) => {
            let strip =
                error.map(|error| view! { <div class="p-4">{query_strip(page, "The list is not what you asked for", &error)}</div> });
            let list = if answer.value.objections.is_empty() {
                let words = if search.with(String::is_empty) {
                    "Whoever objects on a call appears here by itself."
                } else {
                    "Nobody objects for this person or number."
                };
                empty(Icon::Ban, "No objections", words).into_any()
            } else {
                view! { <ul>{answer.value.objections.iter().cloned().map(|objection| row(page, failed, may_lift(objection.kind), objection)).collect_view()}</ul> }
                    .into_any()
            };
            let next = answer.value.next.map(|next| {
                view! { <p class="px-4 py-3"><a class="btn btn-sm" href=link(&search.get(), is_all.get(), Some(next))>"Older"</a></p> }
            });
            view! { {strip} {list} {next} }.into_any()
        }
        (None, Some(error)) => view! { <div class="p-4">{query_strip(page, "The objections could not be read", &error)}</div> }.into_any(),
        (None, None) => list_skeleton(5).into_any(),
    };
    let filter = move || {
        let words = if is_all.get() { "Show those that hold" } else { "Show ended ones too" };
        view! { <a class="link link-hover text-primary" href=link(&search.get(), !is_all.get(), None)>{words}</a> }
    };
    let body = view! {
        <form class="flex flex-wrap items-end gap-2 border-b border-base-300 px-4 py-3" on:submit=submit role="search">
            <label class="flex min-w-0 flex-1 flex-col gap-1 text-dense">
                <span class="font-medium">"User's id or number"</span>
                <input class="input input-sm w-full" type="search" bind:value=text />
            </label>
            <button type="submit" class="btn btn-sm">{icon(Icon::Search, "size-4")} "Find"</button>
            {move || (!search.with(String::is_empty)).then(|| view! {
                <a class="btn btn-sm btn-ghost" href=link("", is_all.get(), None) on:click=move |_| text.set(String::new())>"Show everybody's"</a>
            })}
        </form>
        {move || failed.get().map(|error| view! { <div class="p-4">{error_strip("It was not lifted", &error, None)}</div> })}
        {rows}
    };
    card("objections", Icon::Ban, "Objections", filter, body)
}

fn row(page: Query<ObjectionPage>, failed: RwSignal<Option<WireError>>, may_lift: bool, objection: Objection) -> impl IntoView {
    let whom = objection.name.iter().chain(&objection.number).cloned().collect::<Vec<_>>().join(", ");
    let person = objection.user_id.zip(objection.name.clone()).map(|(user, name)| {
        view! { <a class="link link-hover text-primary" href=format!("/users?id={user}")>{name}</a> }
    });
    let comma = (objection.user_id.is_some() && objection.number.is_some()).then_some(", ");
    let holds = objection.ended.is_none();
    let until = match (&objection.ended, &objection.until) {
        (Some(ended), _) => ended.clone(),
        (None, Some(until)) => format!("until {until}"),
        (None, None) => "for good".to_owned(),
    };
    view! {
        <li class="flex flex-wrap items-start gap-x-4 gap-y-2 border-b border-base-300 px-4 py-3 last:border-0" data-testid="objection">
            <span class=if holds { "mt-0.5 text-error" } else { "mt-0.5 text-muted" }>{icon(Icon::Ban, "size-4")}</span>
            <div class="min-w-0 flex-1 text-dense">
                <p><b class="font-semibold">{kind_words(objection.kind)}</b>" · "<span class="break-words">{person}{comma}{objection.number}</span></p>
                <p class="break-words">{objection.reason}</p>
                <p class="text-xs text-muted">{objection.since}", "{objection.from}"; "{until}</p>
            </div>
            {(holds && may_lift).then(|| view! { <Lift page failed id=objection.id whom /> })}
            {(holds && !may_lift).then(|| view! { <p class="text-xs text-muted">"Only an administrator can lift this."</p> })}
        </li>
    }
}

/// A reason first, then the end of it.
#[component]
fn Lift(page: Query<ObjectionPage>, failed: RwSignal<Option<WireError>>, id: i64, whom: String) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let is_open = RwSignal::new(false);
    let reason = RwSignal::new(String::new());
    let is_busy = RwSignal::new(false);
    let is_empty = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        is_empty.set(reason.with_untracked(|reason| reason.trim().is_empty()));
        failed.set(None);
        if is_empty.get_untracked() || is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let lifted = queue::lift(id, reason.get_untracked()).await;
            let _ = is_busy.try_set(false);
            let _ = failed.try_set(lifted.as_ref().err().cloned());
            if let Ok(others) = lifted {
                announcer.show(match others {
                    0 => "It is lifted. Discovery brings the person back if a call is needed.".to_owned(),
                    1 => "It is lifted. One other to the same person or number still holds.".to_owned(),
                    others => format!("It is lifted. {} others to the same person or number still hold.", count(others)),
                });
                page.again();
            }
        });
    };
    let label = format!("Lift for {whom}");
    move || {
        if is_open.get() {
            view! {
                <form class="flex flex-wrap items-end gap-2" on:submit=submit novalidate>
                    <label class="flex flex-col gap-1 text-dense">
                        <span class="font-medium">"Why is it lifted?"</span>
                        <input class="input input-sm" bind:value=reason autofocus />
                        <span class="text-error empty:hidden" role="alert">{move || is_empty.get().then_some("Please say why.")}</span>
                    </label>
                    <button type="submit" class="btn btn-sm btn-warning" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>"Lift it"</button>
                    <button type="button" class="btn btn-sm btn-ghost" on:click=move |_| is_open.set(false)>"Keep"</button>
                </form>
            }
            .into_any()
        } else {
            view! { <button type="button" class="btn btn-sm" aria-label=label.clone() on:click=move |_| is_open.set(true)>"Lift…"</button> }
                .into_any()
        }
    }
}

#[component]
fn Add(page: Query<ObjectionPage>) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let (kind, whom, reason, until) =
        (RwSignal::new(KINDS[0]), RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let is_busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<String>);
    let failed = RwSignal::new(None::<WireError>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let is_blank = |text: RwSignal<String>| text.with_untracked(|text| text.trim().is_empty());
        let day = until.with_untracked(|until| (!until.trim().is_empty()).then(|| read_day(until))).transpose();
        problem.set(match (is_blank(whom), is_blank(reason), &day) {
            (true, ..) => Some("Write a user's id or a number.".to_owned()),
            (false, true, _) => Some("Please say why, for whoever asks later.".to_owned()),
            (false, false, Err(words)) => Some(words.clone()),
            (false, false, Ok(_)) => None,
        });
        failed.set(None);
        announcer.clear();
        if problem.with_untracked(Option::is_some) || is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        let objection = NewObjection {
            kind: kind.get_untracked(),
            whom: whom.get_untracked(),
            reason: reason.get_untracked(),
            until: day.ok().flatten().map(|day| day.to_string()),
        };
        spawn_local(async move {
            let done = queue::object(objection).await;
            let _ = is_busy.try_set(false);
            let _ = failed.try_set(done.as_ref().err().cloned());
            if done.is_ok() {
                announcer.show("It is on record, and nobody rings them from now on.");
                for field in [whom, reason, until] {
                    let _ = field.try_set(String::new());
                }
                page.again();
            }
        });
    };
    let body = view! {
        <form class="flex flex-col gap-3 px-4 py-3 text-dense" on:submit=submit novalidate>
            <label class="flex flex-col gap-1">
                <span class="font-medium">"What"</span>
                <select
                    class="select select-sm w-full"
                    on:change=move |event| {
                        let value = event_target_value(&event);
                        kind.set(KINDS.into_iter().find(|kind| kind_words(*kind) == value).unwrap_or(KINDS[0]));
                    }
                >
                    {KINDS.map(|kind| view! { <option>{kind_words(kind)}</option> })}
                </select>
            </label>
            <label class="flex flex-col gap-1">
                <span class="font-medium">"Whom: a user's id or a number"</span>
                <input class="input input-sm w-full" bind:value=whom on:input=move |_| problem.set(None) />
            </label>
            <label class="flex flex-col gap-1">
                <span class="font-medium">"Why"</span>
                <input class="input input-sm w-full" bind:value=reason on:input=move |_| problem.set(None) />
            </label>
            <DayField label="Until and including (empty: for good)" id="objection-until" text=until on_typed=Callback::new(move |()| problem.set(None)) />
            <p class="text-error empty:hidden" role="alert">{move || problem.get()}</p>
            {move || failed.get().map(|error| error_strip("Nothing was put on record", &error, None))}
            <button type="submit" class="btn btn-sm btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                {move || if is_busy.get() { "Putting on record…" } else { "Put on record" }}
            </button>
        </form>
    };
    card("add-objection", Icon::PenLine, "Put an objection on record", (), body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_stands_in_the_address() {
        assert_eq!(link("", false, None), "/suppressions");
        assert_eq!(link("+44 7700 900123", true, Some(7)), "/suppressions?search=%2B44+7700+900123&show=all&before=7");
    }
}

use calls::UserContext;
use kernel::{ErrorCode, UserId};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use queue::{Explanation, FoundPeople};
use users::UserCard;

use super::{Missing, provided, set_title};
use crate::components::card::{CARD, card};
use crate::components::claims::{claims_table, compared, outstanding_counts, outstanding_list};
use crate::components::empty::empty;
use crate::components::error_strip::query_strip;
use crate::components::icon::{Icon, icon};
use crate::components::page_header::PageHeader;
use crate::components::skeleton::list_skeleton;
use crate::components::take_button::TakeButton;
use crate::components::timeline::{our_entries, timeline};
use crate::components::why::score_details;
use crate::format::{age, counted, initials};
use crate::state::address::{Address, decoded, encoded};
use crate::state::clock::Clock;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

/// Looking somebody up, and why they may or may not be rung.
#[component]
pub(crate) fn Users() -> impl IntoView {
    users()
}

fn users() -> Result<impl IntoView, Missing> {
    set_title("Users");
    let address = provided::<Address>("address")?;
    provided::<Session>("session")?;
    provided::<Live>("event stream")?;
    let user = Memo::new(move |_| address.parameter("id", |id| id.parse::<UserId>().ok()));
    let search = Memo::new(move |_| address.parameter("search", |text| Some(decoded(text))).unwrap_or_default());
    let words = Signal::stored(Some("By name, number or id; why somebody may or may not be rung".to_owned()));
    Ok(view! {
        <PageHeader title="Users" words />
        <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto">
            <div class="mx-auto flex max-w-7xl flex-col gap-3 p-4">
                <Look search />
                {move || match user.get() {
                    Some(user) => view! { {move || back(search)} <Person user /> }.into_any(),
                    None if search.with(String::is_empty) => {
                        empty(Icon::Search, "Whom do you look for?", "Write a part of the name, the number or the user's id above.").into_any()
                    }
                    None => view! { <Found search /> }.into_any(),
                }}
            </div>
        </main>
    })
}

/// From a person to the list that they were found in.
fn back(search: Memo<String>) -> Option<impl IntoView> {
    let text = search.get();
    (!text.is_empty()).then(|| {
        view! {
            <a class="link link-hover w-fit text-dense text-primary" href=format!("/users?search={}", encoded(&text))>"Back to those found for “"{text.clone()}"”"</a>
        }
    })
}

#[component]
fn Look(search: Memo<String>) -> impl IntoView {
    let address = expect_context::<Address>();
    let text = RwSignal::new(search.get_untracked());
    // What is shown and what was looked for stay the same, also by the browser's own way back.
    Effect::new(move |_| text.set(search.get()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = text.with_untracked(|text| text.trim().to_owned());
        if !typed.is_empty() {
            address.replace(&format!("/users?search={}", encoded(&typed)));
        }
    };
    view! {
        <form class=format!("flex flex-wrap items-end gap-2 px-4 py-3 {CARD}") on:submit=submit role="search">
            <label class="flex min-w-0 flex-1 flex-col gap-1 text-dense">
                <span class="font-medium">"Name, number or user's id"</span>
                <input class="input input-sm w-full" type="search" bind:value=text />
            </label>
            <button type="submit" class="btn btn-sm btn-primary">{icon(Icon::Search, "size-4")} "Find"</button>
        </form>
    }
}

#[component]
fn Found(search: Memo<String>) -> impl IntoView {
    let found: Query<FoundPeople> =
        Query::new(expect_context::<Session>(), move || search.track(), move || queue::search(search.get_untracked()));
    let body = move || match (found.answer(), found.error()) {
        (_, Some(error)) => view! { <div class="p-4">{query_strip(found, "Nobody was looked up", &error)}</div> }.into_any(),
        (Some(answer), None) if answer.value.people.is_empty() => {
            empty(Icon::Search, "Nobody was found", "Try a part of the last name, or the whole number.").into_any()
        }
        (Some(answer), None) => {
            let rows = answer.value.people.iter().cloned().map(|person| {
                view! {
                    <li>
                        <a class="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5 hover:bg-base-200" href=format!("/users?id={}&search={}", person.user_id, encoded(&search.get_untracked()))>
                            <span class="min-w-40 flex-1 font-medium break-words">{person.name}</span>
                            <span class="text-dense text-muted">{person.number.unwrap_or_else(|| "no usable number".into())}</span>
                            <span class="w-24 text-dense text-muted">"User "{person.user_id.to_string()}</span>
                            <span class="w-28 text-dense">{person.queue.map(|queue| view! { <span class="badge badge-sm badge-soft badge-info">{queue.label()}</span> })}</span>
                        </a>
                    </li>
                }
            });
            let more = answer.value.has_more.then(
                || view! { <p class="px-4 py-2.5 text-dense text-muted">"There are more. Write more of the name or of the number."</p> },
            );
            view! { <ul class="divide-y divide-base-300">{rows.collect_view()}</ul> {more} }.into_any()
        }
        (None, None) => list_skeleton(4).into_any(),
    };
    card("found", Icon::Users, "Found", (), body)
}

#[component]
fn Person(user: UserId) -> impl IntoView {
    let live = expect_context::<Live>();
    let session = expect_context::<Session>();
    let person: Query<UserContext> = Query::new(session, move || live.everything.track(), move || calls::user(user));
    let explained: Query<Explanation> = Query::new(session, move || live.everything.track(), move || queue::explain(user));
    move || match (person.answer(), person.error()) {
        (Some(answer), _) => view! {
            <div class="grid grid-cols-1 items-start gap-3 lg:grid-cols-[minmax(0,1fr)_22rem]">
                <div class="flex min-w-0 flex-col gap-3">
                    <PersonCards person card=answer.value.user.clone() explained />
                </div>
                <section class=format!("flex max-h-[48rem] min-h-0 flex-col {CARD}")>
                    {timeline(answer.value.user.clone(), our_entries(&answer.value.history))}
                </section>
            </div>
        }
        .into_any(),
        (None, Some(error)) if error.code == ErrorCode::NotFound => {
            empty(Icon::Search, "There is no such user", "The claims platform has nobody with the id in the address.").into_any()
        }
        (None, Some(error)) => query_strip(person, "The person could not be looked up", &error).into_any(),
        (None, None) => view! { <section class=CARD>{list_skeleton(4)}</section> }.into_any(),
    }
}

/// How long ago something was read that is on the screen; `old` by then.
fn read_ago<T: Send + Sync + 'static>(query: Query<T>, old: fn(&T) -> i64) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let millis = Memo::new(move |_| {
        let (old, seconds) = query.received(old, clock.now())?;
        Some(old + seconds * 1_000)
    });
    move || millis.get().map(|millis| format!("read {}", age(millis)))
}

#[component]
fn PersonCards(person: Query<UserContext>, card: UserCard, explained: Query<Explanation>) -> impl IntoView {
    let (id, name, compare) = (card.id, card.name.clone(), compared(&card));
    let may_call = Memo::new(move |_| explained.map(may_call).unwrap_or(false));
    let look_again = move |_| {
        person.again();
        explained.again();
    };
    view! {
        <section class=format!("flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 {CARD}") aria-label="The person">
            <span class="grid size-11 shrink-0 place-items-center rounded-full bg-base-300 text-sm font-semibold" aria-hidden="true">{initials(&card.name)}</span>
            <div class="min-w-48 flex-1">
                <h2 class="text-lg leading-6 font-semibold break-words" data-testid="looked-up">{card.name.clone()}</h2>
                <p class="mt-0.5 flex flex-wrap items-center gap-x-3 text-dense text-muted">
                    <span>{card.number.clone().unwrap_or_else(|| "no usable number".into())}</span>
                    {card.town.clone().map(|town| view! { <span>{town}</span> })}
                    <span>"User "{card.id.to_string()}</span>
                </p>
            </div>
            <span class="ml-auto flex items-center gap-2 text-xs text-muted">
                {read_ago(person, |context| context.read_age_millis)}
                <a class="btn btn-ghost btn-xs" href=format!("/history?user={id}")>{icon(Icon::History, "size-3.5")} "All calls"</a>
                <button type="button" class="btn btn-ghost btn-xs" on:click=look_again>{icon(Icon::RefreshCw, "size-3.5")} "Look again"</button>
            </span>
            {move || may_call.get().then(|| {
                let name = name.clone();
                view! { <TakeButton user=id words="Take to the console" class="btn btn-primary" name on_refused=Callback::new(move |()| explained.again()) /> }
            })}
            <div class="w-full">{compare}</div>
        </section>
        {move || match (explained.answer(), explained.error()) {
            (Some(answer), _) => verdict(explained, answer.value.clone()).into_any(),
            (None, Some(error)) => query_strip(explained, "It could not be checked whether they may be rung", &error).into_any(),
            (None, None) => view! { <section class=CARD>{list_skeleton(3)}</section> }.into_any(),
        }}
        <details class=CARD>
            <summary class="cursor-pointer px-4 py-2.5 font-semibold">{format!("Outstanding: {}", outstanding_counts(&card.outstanding))}</summary>
            {outstanding_list(&card.outstanding)}
        </details>
        <details class=CARD>
            <summary class="cursor-pointer px-4 py-2.5 font-semibold">{counted(i64::try_from(card.claims.len()).unwrap_or(i64::MAX), "claim", "claims")}</summary>
            {claims_table(&card.claims)}
        </details>
    }
}

fn may_call(explanation: &Explanation) -> bool {
    explanation.need.is_some() && explanation.against.is_empty() && (explanation.held_by.is_none() || explanation.is_held_by_me)
}

/// Whether they may be rung now, and all that is against it.
fn verdict(explained: Query<Explanation>, explanation: Explanation) -> impl IntoView {
    let place = place_words(&explanation);
    let head = match (&explanation.held_by, &explanation.need, explanation.against.is_empty()) {
        (Some(_), ..) if explanation.is_held_by_me => "With you now".to_owned(),
        (Some(name), ..) => format!("With {name} now"),
        (None, Some(_), true) => "May be rung now".to_owned(),
        (None, Some(_), false) => "May not be rung now".to_owned(),
        (None, None, _) => "Nothing to call about".to_owned(),
    };
    let (mark, class) = if may_call(&explanation) { (Icon::CircleCheck, "text-success") } else { (Icon::ShieldAlert, "text-warning") };
    view! {
        <section class=CARD aria-labelledby="explained">
            <header class="flex min-h-10 items-center gap-2 border-b border-base-300 px-4 py-1.5">
                <span class=class>{icon(mark, "size-4")}</span>
                <h2 class="font-semibold" id="explained">{head}</h2>
                <span class="ml-auto text-xs text-muted">{read_ago(explained, |explanation| explanation.read_age_millis)}</span>
            </header>
            <ul class="divide-y divide-base-300" data-testid="against">
                {explanation.against.into_iter().map(|against| view! {
                    <li class="flex items-start gap-3 px-4 py-2.5 text-dense">
                        <span class="mt-0.5 text-warning">{icon(Icon::ShieldAlert, "size-4")}</span>
                        <span class="min-w-0 flex-1">{against.words}</span>
                        {against.until.map(|until| view! { <span class="text-muted">"until "{until}</span> })}
                    </li>
                }).collect_view()}
            </ul>
            <p class="px-4 py-2.5 text-dense text-muted">{place}</p>
            {explanation.score.map(|score| score_details(score, None))}
        </section>
    }
}

/// Where the person is: “Waits in Unsigned; 12 people come before. Promised a call today 14:00.”
fn place_words(explanation: &Explanation) -> String {
    let mut sentences = Vec::new();
    match (&explanation.held_by, explanation.is_held_by_me) {
        (Some(_), true) => sentences.push("Is with you now.".to_owned()),
        (Some(name), false) => sentences.push(format!("Is with {name} now.")),
        (None, _) => {}
    }
    sentences.push(match (explanation.waits_in, explanation.before) {
        (Some(queue), Some(0)) => format!("Waits in {}; nobody who can be rung now comes before.", queue.label()),
        (Some(queue), Some(before)) => {
            format!("Waits in {}; {} who can be rung now come before.", queue.label(), counted(before, "person", "people"))
        }
        _ => "Waits in no queue.".to_owned(),
    });
    if let Some(promise) = &explanation.promise {
        sentences.push(format!("Was promised a call {promise}."));
    }
    sentences.join(" ")
}

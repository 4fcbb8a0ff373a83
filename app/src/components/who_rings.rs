use calls::Candidate;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::FoundPeople;

use super::card::CARD;
use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use crate::state::calls::Calls;
use crate::state::session::Session;

/// Somebody rang us, and it is not known who: of several people at one number it is said, or somebody is looked up. It can be left open.
#[component]
pub(crate) fn WhoRings() -> impl IntoView {
    let calls = expect_context::<Calls>();
    let session = expect_context::<Session>();
    let text = RwSignal::new(String::new());
    let found = RwSignal::new(None::<Result<FoundPeople, kernel::WireError>>);
    let is_busy = RwSignal::new(false);
    let search = move |event: SubmitEvent| {
        event.prevent_default();
        let typed = text.with_untracked(|text| text.trim().to_owned());
        if typed.is_empty() || is_busy.get_untracked() {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let answer = queue::search(typed).await.inspect_err(|error| session.noticed(error));
            let _ = is_busy.try_set(false);
            let _ = found.try_set(Some(answer));
        });
    };
    let candidates = Memo::new(move |_| calls.map(|view| view.candidates.clone()).unwrap_or_default());
    let person = move |user: Candidate, more: Option<String>| {
        let id = user.user_id;
        view! {
            <li class="flex items-center gap-3 py-1.5">
                <span class="min-w-0 flex-1 truncate"><b class="font-semibold">{user.name}</b> <span class="ml-2 text-muted">{format!("User {id}")} {more}</span></span>
                <button type="button" class="btn btn-sm" on:click=move |_| calls.identify(id)>{icon(Icon::CircleCheck, "size-4")} "This is who rings"</button>
            </li>
        }
    };
    let known = move || {
        let candidates = candidates.get();
        (!candidates.is_empty()).then(|| {
            view! {
                <p class="mt-1 text-dense text-muted">"Several people have this number. Ask who it is, without saying any of their names."</p>
                <ul class="mt-2 divide-y divide-base-300" data-testid="candidates">
                    {candidates.into_iter().map(|candidate| person(candidate, None)).collect_view()}
                </ul>
            }
        })
    };
    let results = move || {
        found.get().map(|answer| match answer {
            Err(error) => error_strip("Nobody was looked up", &error, None).into_any(),
            Ok(found) if found.people.is_empty() => {
                view! { <p class="py-2 text-dense text-muted" role="status">"Nobody was found. Try a part of the last name, or the whole number."</p> }.into_any()
            }
            Ok(found) => {
                let more = found.has_more.then_some("There are more: write more of the name.");
                let people = found.people.into_iter().map(|of| {
                    let number = of.number.clone().map(|number| format!(" · {number}"));
                    person(Candidate { user_id: of.user_id, name: of.name }, number)
                });
                view! {
                    <ul class="divide-y divide-base-300">{people.collect_view()}</ul>
                    <p class="text-xs text-muted">{more}</p>
                }
                .into_any()
            }
        })
    };
    view! {
        <section class=format!("{CARD} px-4 py-3") aria-labelledby="who-rings" data-testid="who-rings">
            <h2 class="font-semibold" id="who-rings">"Who is it?"</h2>
            {known}
            <form class="mt-2 flex flex-wrap items-end gap-2" role="search" on:submit=search>
                <label class="flex min-w-0 flex-1 flex-col gap-1 text-dense">
                    <span class="font-medium">"Somebody else: name, number or user's id"</span>
                    <input class="input input-sm w-full" type="search" bind:value=text />
                </label>
                <button type="submit" class="btn btn-sm">{icon(Icon::Search, "size-4")} {move || if is_busy.get() { "Looking…" } else { "Find" }}</button>
            </form>
            {results}
            <p class="mt-2 text-xs text-muted">"If you do not find out, the call is kept without a name."</p>
        </section>
    }
}

use std::sync::Arc;

use chrono::TimeDelta;
use leptos::html::H1;
use leptos::prelude::*;
use queue::HandOut;
use users::UserCard;

use super::icon::{Icon, icon};
use crate::format::{duration, initials, london_time};
use crate::state::clock::{Clock, Received};
use crate::state::console::{Console, renewed_seconds};
use crate::state::live::Live;

/// With less than this many seconds left, the time turns amber.
const SOON: i64 = 60;

/// Who it is, how to reach them, and for how long they are ours. Takes the focus when it appears.
#[component]
pub(crate) fn PersonHeader(user: UserCard, held: Arc<Received<HandOut>>) -> impl IntoView {
    let heading = NodeRef::<H1>::new();
    expect_context::<Console>().focus_when_wanted(heading);
    view! {
        <section
            class="animate-arrive flex flex-wrap items-center gap-x-4 gap-y-2 rounded-box border border-base-300 bg-base-100 px-4 py-3"
            aria-label="The person"
        >
            <span class="grid size-11 shrink-0 place-items-center rounded-full bg-base-300 text-sm font-semibold text-base-content" aria-hidden="true">
                {initials(&user.name)}
            </span>
            <div class="min-w-48 flex-1">
                <h1 class="w-fit max-w-full text-lg leading-6 font-semibold break-words" tabindex="-1" node_ref=heading data-testid="person">{user.name}</h1>
                <p class="mt-0.5 flex flex-wrap items-center gap-x-3 gap-y-0.5 text-dense text-muted">
                    <span class="inline-flex items-center gap-1">
                        {icon(Icon::Phone, "size-3.5")} {user.number.unwrap_or_else(|| "no usable number".into())}
                    </span>
                    {user.town.map(|town| view! { <span class="inline-flex items-center gap-1">{icon(Icon::MapPin, "size-3.5")} {town}</span> })}
                    <span>"User "{user.id.to_string()}</span>
                </p>
            </div>
            <Lease held />
        </section>
    }
}

/// For how long the person is ours: while the server hears us, without an end. Otherwise the time runs, and when it has
/// run out, the server is asked.
#[component]
fn Lease(held: Arc<Received<HandOut>>) -> impl IntoView {
    let console = expect_context::<Console>();
    let clock = expect_context::<Clock>();
    let live = expect_context::<Live>();
    let (expires_at, seconds_left) = (held.value.lease_expires_at, held.value.lease_seconds_left);
    let answered_at = held.at();
    // What the server added since it answered, when it adds nothing any more.
    let renewed = Memo::new(move |_| live.silent_since().map(|stopped_at| renewed_seconds(answered_at, stopped_at)));
    let left = Memo::new(move |_| Some((seconds_left? + renewed.get()? - held.seconds_ago(clock.now())).max(0)));
    let until = move || match renewed.get() {
        None => Some("Yours while you are here".to_owned()),
        Some(renewed) => expires_at.map(|at| format!("Yours until {}", london_time(at + TimeDelta::seconds(renewed)))),
    };
    Effect::new(move |_| {
        if left.get() == Some(0) {
            console.check_again();
        }
    });
    let words = move || match left.get() {
        Some(0) => "time is up".to_owned(),
        Some(left) => duration(left),
        None => String::new(),
    };
    let is_soon = move || left.get().is_some_and(|left| left <= SOON);
    view! {
        <div class="text-right">
            <p class="text-xs text-muted">{until}</p>
            <p class=move || if is_soon() { "text-dense font-semibold text-warning" } else { "text-dense font-semibold" }>
                {move || is_soon().then(|| view! { <span class="mr-1 inline-block align-text-bottom">{icon(Icon::TriangleAlert, "size-3.5")}</span> })}
                {words}
            </p>
        </div>
    }
}

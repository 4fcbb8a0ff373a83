use leptos::prelude::*;

use super::icon::{Icon, icon};
use super::logo::logo;
use crate::routes::Summary;
use crate::state::address::Address;
use crate::state::session::Session;

/// Where one can go.
#[component]
pub(crate) fn Rail() -> impl IntoView {
    let session = expect_context::<Session>();
    let summary = expect_context::<Summary>();
    view! {
        <nav
            class="flex gap-1 overflow-x-auto border-base-300 bg-base-100 p-1.5 max-lg:border-b lg:row-span-3 lg:flex-col lg:overflow-visible lg:border-r"
            aria-label="Main"
        >
            <a href=move || session.home() class="grid shrink-0 place-items-center p-1 lg:mb-2" aria-label="Dialler, home">{logo()}</a>
            {entry("/", Icon::Headphones, "Console")}
            <div class="relative shrink-0">{entry("/callbacks", Icon::CalendarClock, "Callbacks")} {move || late_callbacks(session, summary)}</div>
            {entry("/history", Icon::History, "History")}
            {entry("/users", Icon::Users, "Users")}
            {move || session.sees_the_floor().then(|| view! {
                {entry("/floor", Icon::LayoutDashboard, "Floor")} {entry("/queues", Icon::ListOrdered, "Queues")}
                {entry("/suppressions", Icon::Ban, "Do not call")}
            })}
            {move || session.administers().then(|| view! {
                {entry("/staff", Icon::IdCard, "Staff")} {entry("/outcomes", Icon::ListChecks, "Outcomes")} {entry("/settings", Icon::Settings, "Settings")}
            })}
        </nav>
    }
}

/// To supervisors: how many promises have passed to anyone and wait.
fn late_callbacks(session: Session, summary: Summary) -> Option<impl IntoView> {
    let late = summary.map(|summary| summary.late_callbacks).filter(|late| *late > 0 && session.sees_the_floor())?;
    Some(view! {
        <span class="badge badge-xs badge-error pointer-events-none absolute top-0.5 right-1" data-testid="late-callbacks">
            {late} <span class="sr-only">" late"</span>
        </span>
    })
}

fn entry(href: &'static str, glyph: Icon, word: &'static str) -> impl IntoView {
    let address = expect_context::<Address>();
    let is_here = move || address.is(href);
    view! {
        <a
            href=href
            aria-current=move || is_here().then_some("page")
            class=move || {
                if is_here() {
                    "flex min-w-16 items-center gap-1.5 rounded-field px-2.5 py-1.5 text-xs font-medium lg:flex-col lg:gap-1 lg:px-1 lg:py-2 bg-primary/12 text-primary"
                } else {
                    "flex min-w-16 items-center gap-1.5 rounded-field px-2.5 py-1.5 text-xs font-medium lg:flex-col lg:gap-1 lg:px-1 lg:py-2 text-muted hover:bg-base-200 hover:text-base-content"
                }
            }
        >
            {icon(glyph, "size-5")} <span class="text-center">{word}</span>
        </a>
    }
}

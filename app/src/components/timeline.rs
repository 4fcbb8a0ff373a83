use calls::{HistoryEntry, HistoryKind};
use kernel::UserId;
use leptos::prelude::*;
use users::{LogEntry, UserCard};

use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use super::skeleton::list_skeleton;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

/// What happened with one person: what we did, and what the claims platform logged.
#[component]
pub(crate) fn Timeline(user: UserCard) -> impl IntoView {
    let id: UserId = user.id;
    let live = expect_context::<Live>();
    let history = Query::new(
        expect_context::<Session>(),
        move || {
            // A call that gets on is told to its agent.
            live.me.track();
            live.everything.track();
        },
        move || calls::history(id),
    );
    let ours = move || {
        match (history.answer(), history.error()) {
        (Some(entries), _) => our_entries(&entries.value).into_any(),
        (None, Some(error)) => {
            view! { <div class="py-2">{error_strip("What we did could not be read", &error, Some(Callback::new(move |()| history.again())))}</div> }.into_any()
        }
        (None, None) => list_skeleton(3).into_any(),
    }
    };
    timeline(user, ours)
}

/// The same with what we did at hand.
pub(crate) fn timeline(user: UserCard, ours: impl IntoView) -> impl IntoView {
    view! {
        <div class="flex h-11 shrink-0 items-center gap-2 border-b border-base-300 px-4">
            <span class="text-muted">{icon(Icon::History, "size-4")}</span>
            <h2 class="min-w-0 truncate font-semibold" title=user.name.clone()>"Timeline"</h2>
        </div>
        <div class="min-h-0 flex-1 overflow-y-auto px-4 pt-3 pb-2" tabindex="0" role="region" aria-label="Events, newest first">
            <h3 class="py-1 text-xs font-semibold text-muted">"What we did"</h3>
            {ours}
            <h3 class="mt-2 py-1 text-xs font-semibold text-muted">"On the platform"</h3>
            {platform_entries(user.log)}
        </div>
    }
}

const fn look(kind: HistoryKind) -> (&'static str, Icon) {
    match kind {
        HistoryKind::Offered => ("bg-base-200 text-muted", Icon::Eye),
        HistoryKind::Skipped => ("bg-warning/12 text-warning", Icon::SkipForward),
        HistoryKind::Saved => ("bg-accent/12 text-accent", Icon::ShieldCheck),
        HistoryKind::PassedOver => ("bg-base-200 text-muted", Icon::ShieldAlert),
        HistoryKind::Calling => ("bg-primary/12 text-primary", Icon::PhoneOutgoing),
        HistoryKind::Reached => ("bg-success/12 text-success", Icon::PhoneCall),
        HistoryKind::NotReached => ("bg-base-200 text-muted", Icon::PhoneOff),
        HistoryKind::Promised => ("bg-primary/12 text-primary", Icon::CalendarClock),
    }
}

pub(crate) fn our_entries(entries: &[HistoryEntry]) -> AnyView {
    if entries.is_empty() {
        return view! { <p class="pb-2 text-dense text-muted">"Nothing yet. What you and your colleagues do appears here."</p> }.into_any();
    }
    let rows = entries.iter().cloned().map(|entry| {
        let (class, glyph) = look(entry.kind);
        let decision = entry.decision_id.map(|id| format!("Decision {}", id.short()));
        event(class, glyph, entry.title, entry.at, entry.detail.unwrap_or_default(), decision)
    });
    view! { <ol data-testid="history">{rows.collect_view()}</ol> }.into_any()
}

fn platform_entries(entries: Vec<LogEntry>) -> AnyView {
    if entries.is_empty() {
        return view! { <p class="pb-2 text-dense text-muted">"Nothing is logged there."</p> }.into_any();
    }
    let rows = entries.into_iter().map(|entry| event("bg-base-200 text-muted", Icon::Database, entry.title, entry.at, entry.detail, None));
    view! { <ol>{rows.collect_view()}</ol> }.into_any()
}

fn event(class: &'static str, glyph: Icon, title: String, at: String, detail: String, decision: Option<String>) -> impl IntoView {
    view! {
        <li class="relative flex gap-3 pb-3.5 last:pb-1">
            <span class=format!("relative z-10 grid size-7 shrink-0 place-items-center rounded-full {class}")>{icon(glyph, "size-3.5")}</span>
            <div class="min-w-0 flex-1 pt-0.5">
                <p class="flex items-baseline justify-between gap-2">
                    <span class="min-w-0 text-dense font-medium break-words">{title}</span>
                    <span class="text-xs whitespace-nowrap text-muted">{at}</span>
                </p>
                {(!detail.is_empty()).then(|| view! { <p class="mt-0.5 text-dense break-words text-muted">{detail}</p> })}
                {decision.map(|decision| view! { <p class="mt-0.5 text-xs text-muted">{decision}</p> })}
            </div>
        </li>
    }
}

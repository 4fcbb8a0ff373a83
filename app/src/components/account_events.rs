use std::cmp::Reverse;
use std::collections::BTreeMap;

use auth::{StaffEvent, StaffEventKind, StaffEventPage};
use kernel::{AgentId, StaffEventId, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::error_strip::{error_strip, query_strip};
use super::icon::{Icon, icon};
use super::moment::moment;
use super::skeleton::list_skeleton;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

/// A page of the record of this account; none: of one's own.
async fn page(agent: Option<AgentId>, before: Option<StaffEventId>) -> Result<StaffEventPage, WireError> {
    match agent {
        Some(agent) => auth::events(Some(agent), before).await,
        None => auth::my_events(before).await,
    }
}

/// What happened to an account, newest first; none: to one's own.
#[component]
pub(crate) fn AccountEvents(agent: Option<AgentId>) -> impl IntoView {
    let live = expect_context::<Live>();
    let newest = Query::new(
        expect_context::<Session>(),
        move || {
            live.agents.track();
            live.me.track();
        },
        move || page(agent, None),
    );
    // Whatever has been shown stays, so that what is new moves nothing out of a gap between two pages.
    let shown = RwSignal::new(BTreeMap::<Reverse<StaffEventId>, StaffEvent>::new());
    // Where the older ones begin, once it is known whether there are any.
    let next = RwSignal::new(None::<Option<StaffEventId>>);
    let (is_busy, failed) = (RwSignal::new(false), RwSignal::new(None::<WireError>));
    let add = move |page: &StaffEventPage, is_first: bool| {
        shown.update(|shown| shown.extend(page.events.iter().map(|event| (Reverse(event.id), event.clone()))));
        if !is_first || next.with_untracked(Option::is_none) {
            next.set(Some(page.next));
        }
    };
    Effect::new(move |_| {
        if let Some(answer) = newest.answer() {
            add(&answer.value, true);
        }
    });
    let older = move |_| {
        let Some(before) = next.get_untracked().flatten().filter(|_| !is_busy.get_untracked()) else { return };
        is_busy.set(true);
        failed.set(None);
        spawn_local(async move {
            let done = page(agent, Some(before)).await;
            // The page may be gone by now.
            let _ = is_busy.try_set(false);
            match done {
                Ok(page) if !shown.is_disposed() => add(&page, false),
                Ok(_) => {}
                Err(error) => {
                    let _ = failed.try_set(Some(error));
                }
            }
        });
    };
    let list = move || match (next.get(), newest.error()) {
        (None, Some(error)) => view! { <div class="p-3">{query_strip(newest, "The record could not be read", &error)}</div> }.into_any(),
        (None, None) => list_skeleton(3).into_any(),
        (Some(_), _) => view! {
            <ul class="divide-y divide-base-300 text-dense" aria-label="What happened">
                {move || shown.with(|shown| shown.values().cloned().map(row).collect_view())}
            </ul>
        }
        .into_any(),
    };
    let more = move || {
        next.get().flatten().map(|_| {
            view! {
                <p class="border-t border-base-300 px-3 py-2">
                    <button type="button" class="btn btn-sm" aria-disabled=move || if is_busy.get() { "true" } else { "false" } on:click=older>
                        {move || if is_busy.get() { "Reading…" } else { "Show older" }}
                    </button>
                </p>
            }
        })
    };
    view! {
        {list}
        {move || failed.get().map(|error| view! { <div class="p-3">{error_strip("Older ones could not be read", &error, None)}</div> })}
        {more}
    }
}

/// The sign of an event and its colour.
const fn look(kind: StaffEventKind) -> (Icon, &'static str) {
    match kind {
        StaffEventKind::SignedIn => (Icon::CircleCheck, "text-success"),
        StaffEventKind::SignInFailed | StaffEventKind::LimitReached => (Icon::OctagonAlert, "text-error"),
        StaffEventKind::SignedOut | StaffEventKind::SessionEnded => (Icon::LogOut, "text-muted"),
        StaffEventKind::PasswordChanged | StaffEventKind::PasswordReset => (Icon::KeyRound, "text-muted"),
        StaffEventKind::Deactivated => (Icon::Lock, "text-error"),
        StaffEventKind::RoleChanged
        | StaffEventKind::QueuesChanged
        | StaffEventKind::NameChanged
        | StaffEventKind::Created
        | StaffEventKind::Reactivated => (Icon::PenLine, "text-muted"),
    }
}

/// Who did it, and where: what the eye looks for second.
fn second_line(event: &StaffEvent) -> String {
    let is_own = event.agent.as_ref().is_some_and(|(_, name)| event.by.as_ref() == Some(name));
    let by = event.by.as_ref().filter(|_| !is_own).map(|by| format!("by {by}"));
    [event.detail.clone(), by, event.device.clone(), event.address.clone()].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn row(event: StaffEvent) -> impl IntoView {
    let (glyph, colour) = look(event.kind);
    let second = second_line(&event);
    view! {
        <li class="flex items-start gap-3 px-3 py-2" data-testid="account-event">
            <span class=format!("mt-0.5 {colour}")>{icon(glyph, "size-4")}</span>
            <span class="min-w-0 flex-1">
                <span class="block">{event.kind.label()}</span>
                <span class="block text-xs text-muted [overflow-wrap:anywhere] empty:hidden">{second}</span>
            </span>
            <span class="text-xs whitespace-nowrap text-muted">{moment(event.at)}</span>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_names_who_did_it_unless_it_was_the_owner() {
        let event = |by: Option<&str>, detail: Option<&str>| StaffEvent {
            id: StaffEventId::new(1),
            at: "2026-11-24T10:30:00Z".parse().unwrap(),
            kind: StaffEventKind::RoleChanged,
            agent: Some((AgentId::new(7), "Zara Hussain".to_owned())),
            by: by.map(str::to_owned),
            address: Some("203.0.113.7".to_owned()),
            device: Some("Firefox on Windows".to_owned()),
            detail: detail.map(str::to_owned),
        };
        assert_eq!(
            second_line(&event(Some("Alys Morgan"), Some("agent → supervisor"))),
            "agent → supervisor · by Alys Morgan · Firefox on Windows · 203.0.113.7"
        );
        assert_eq!(second_line(&event(Some("Zara Hussain"), None)), "Firefox on Windows · 203.0.113.7");
        assert_eq!(second_line(&event(None, None)), "Firefox on Windows · 203.0.113.7");
    }
}

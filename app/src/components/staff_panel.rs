use auth::{Role, SessionLine, StaffAccount};
use kernel::{AgentId, ErrorCode, QueueKind, WireError};
use leptos::ev::SubmitEvent;
use leptos::html::H2;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::account_events::AccountEvents;
use super::badge::{Look, badge};
use super::dialog::ConfirmDialog;
use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use super::sessions_list::SessionsList;
use super::staff_dialogs::{ResetDialog, role_choice};
use crate::format::{counted, initials};
use crate::state::address::Address;
use crate::state::announce::Announcer;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

/// What can be changed of an account. All queues: also those that are added one day.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Access {
    name: String,
    role: Role,
    queues: [bool; QueueKind::ALL.len()],
}

impl Access {
    fn of(account: &StaffAccount) -> Self {
        let queues = QueueKind::ALL.map(|queue| account.queues.as_ref().is_none_or(|queues| queues.contains(&queue)));
        Self { name: account.name.clone(), role: account.role, queues }
    }

    /// The queues as the server has them; none: all of them.
    fn limit(&self) -> Option<Vec<QueueKind>> {
        let chosen = QueueKind::ALL.into_iter().zip(self.queues).filter(|(_, is_chosen)| *is_chosen).map(|(queue, _)| queue);
        Some(chosen.collect::<Vec<_>>()).filter(|chosen| chosen.len() < QueueKind::ALL.len())
    }

    /// In how many things it differs.
    fn differs_in(&self, other: &Self) -> i64 {
        [self.name.trim() != other.name.trim(), self.role != other.role, self.queues != other.queues].into_iter().map(i64::from).sum()
    }

    /// What is wrong with it, before it is sent.
    fn problem(&self) -> Option<(Part, &'static str)> {
        if self.name.trim().is_empty() {
            Some((Part::Name, "Enter a name."))
        } else if !self.queues.contains(&true) {
            Some((Part::Queues, "Choose at least one queue."))
        } else {
            None
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Name,
    Queues,
}

/// What is typed, and what it was made of.
#[derive(Clone, Copy)]
struct Draft {
    seen: RwSignal<StaffAccount>,
    name: RwSignal<String>,
    role: RwSignal<Role>,
    queues: [RwSignal<bool>; QueueKind::ALL.len()],
}

impl Draft {
    fn of(account: &StaffAccount) -> Self {
        let access = Access::of(account);
        Self {
            seen: RwSignal::new(account.clone()),
            name: RwSignal::new(access.name),
            role: RwSignal::new(access.role),
            queues: access.queues.map(RwSignal::new),
        }
    }

    fn fill(self, account: StaffAccount) {
        let access = Access::of(&account);
        self.name.set(access.name);
        self.role.set(access.role);
        for (chosen, is_chosen) in self.queues.into_iter().zip(access.queues) {
            chosen.set(is_chosen);
        }
        self.seen.set(account);
    }

    fn access(self) -> Access {
        Access { name: self.name.get(), role: self.role.get(), queues: self.queues.map(|chosen| chosen.get()) }
    }

    fn changes(self) -> i64 {
        self.access().differs_in(&self.seen.with(Access::of))
    }
}

/// What has to be confirmed.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    Deactivate,
    Reactivate,
    Reset,
    End(SessionLine),
    EndAll,
    LeaveAdministration,
}

/// The account of one member of staff.
#[component]
pub(crate) fn StaffPanel(accounts: Query<Vec<StaffAccount>>, agent: AgentId, look: Signal<Option<Look>>) -> impl IntoView {
    let account = Memo::new(move |_| accounts.map(|all| all.iter().find(|account| account.id == agent).cloned()).flatten());
    let first = account.get_untracked()?;
    Some(view! { <Known accounts account first look /> })
}

#[component]
fn Known(
    accounts: Query<Vec<StaffAccount>>,
    account: Memo<Option<StaffAccount>>,
    first: StaffAccount,
    look: Signal<Option<Look>>,
) -> impl IntoView {
    let session = expect_context::<Session>();
    let live = expect_context::<Live>();
    let announcer = expect_context::<Announcer>();
    let address = expect_context::<Address>();
    let agent = first.id;
    let is_me = session.agent() == Some(agent);
    let draft = Draft::of(&first);
    let problem = RwSignal::new(None::<(Part, String)>);
    let failed = RwSignal::new(None::<(&'static str, WireError)>);
    let is_busy = RwSignal::new(false);
    let asked = RwSignal::new(None::<Asked>);
    let is_changed = Memo::new(move |_| draft.changes() > 0);
    let is_outdated =
        Memo::new(move |_| account.with(|now| now.as_ref().is_some_and(|now| now.version != draft.seen.with(|seen| seen.version))));
    // What somebody else has changed is shown, unless something is typed here.
    Effect::new(move |_| {
        if let Some(now) = account.get()
            && !is_changed.get()
        {
            draft.fill(now);
        }
    });
    Effect::new(move |_| address.has_unsaved.set(is_changed.get()));
    on_cleanup(move || address.has_unsaved.set(false));
    let is_deactivated = Memo::new(move |_| draft.seen.with(|seen| seen.deactivated_at.is_some()));
    let sessions = Query::new(session, move || live.agents.track(), move || auth::sessions_of(agent));
    let name_now = move || draft.seen.with(|seen| seen.name.clone());
    let version = move || draft.seen.with_untracked(|seen| seen.version);
    // Whoever chooses somebody in the list is here at once, also where the list stands above. A page that is loaded takes no focus.
    let heading = NodeRef::<H2>::new();

    let discard = move || {
        problem.set(None);
        failed.set(None);
        if let Some(now) = account.get_untracked() {
            draft.fill(now);
        }
    };
    let store = move || {
        let access = untrack(|| draft.access());
        is_busy.set(true);
        failed.set(None);
        announcer.clear();
        spawn_local(async move {
            let (name, limit) = (access.name.trim().to_owned(), access.limit());
            let done = auth::change_staff(agent, version(), name.clone(), access.role, limit.clone()).await;
            if is_busy.try_set(false).is_some() {
                return;
            }
            match done {
                Ok(()) => {
                    // What was sent is what holds; the version comes with the next answer.
                    draft.seen.update(|seen| {
                        seen.name.clone_from(&name);
                        seen.role = access.role;
                        seen.queues = limit;
                    });
                    draft.name.set(name.clone());
                    announcer.show(format!("Saved. {name} has this from their next click on."));
                    if is_me {
                        session.ask();
                    }
                }
                Err(error) => failed.set(Some(("Nothing was changed", error))),
            }
            accounts.again();
        });
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() || !is_changed.get_untracked() {
            return;
        }
        let access = untrack(|| draft.access());
        problem.set(access.problem().map(|(part, words)| (part, words.to_owned())));
        if problem.with_untracked(Option::is_some) {
            return;
        }
        if is_me && access.role != Role::Admin {
            asked.set(Some(Asked::LeaveAdministration));
        } else {
            store();
        }
    };
    // What is done at once: asked first, done, said.
    let act = move |what: Asked| {
        let name = untrack(name_now);
        failed.set(None);
        announcer.clear();
        spawn_local(async move {
            let (title, done, said) = match what {
                Asked::LeaveAdministration => return store(),
                Asked::Deactivate => {
                    let done = auth::deactivate_staff(agent, version()).await;
                    ("The account is still active", done, format!("{name} is deactivated and signed out."))
                }
                Asked::Reactivate => {
                    let done = auth::reactivate_staff(agent, version()).await;
                    ("The account is still deactivated", done, format!("{name} can sign in again, with the password they had."))
                }
                Asked::End(line) => {
                    let done = auth::end_sessions_of(agent, Some(line.session)).await;
                    ("The session was not ended", done, format!("{name} is signed out on {}.", line.device))
                }
                Asked::EndAll => {
                    let done = auth::end_sessions_of(agent, None).await;
                    ("The sessions were not ended", done, format!("{name} is signed out everywhere."))
                }
                Asked::Reset => return,
            };
            accounts.again();
            sessions.again();
            match done {
                Ok(()) => announcer.show(said),
                Err(error) => {
                    let _ = failed.try_set(Some((title, error)));
                }
            }
        });
    };
    let dialog = move || {
        let what = asked.get()?;
        let name = untrack(name_now);
        let (title, words, yes) = match &what {
            Asked::Reset => {
                let account = draft.seen.get_untracked();
                let on_close = Callback::new(move |()| {
                    asked.set(None);
                    accounts.again();
                    sessions.again();
                });
                return Some(view! { <ResetDialog account on_close /> }.into_any());
            }
            Asked::Deactivate => (
                "Deactivate this account?",
                format!("{name} is signed out everywhere at once and cannot sign in any more. What they did stays in the history."),
                "Deactivate",
            ),
            Asked::Reactivate => (
                "Reactivate this account?",
                format!("{name} can sign in again with the password they had. If they do not know it any more, reset it afterwards."),
                "Reactivate",
            ),
            Asked::End(line) => (
                "End this session?",
                format!("{name} is signed out on {} at once. If they are in a call, let them finish it first.", line.device),
                "End it",
            ),
            Asked::EndAll => (
                "End all sessions?",
                format!("{name} is signed out everywhere at once. If they are in a call, let them finish it first."),
                "End all",
            ),
            Asked::LeaveAdministration => (
                "Give up your own role?",
                "You will not be able to open this page any more. Another administrator can give the role back to you.".to_owned(),
                "Give it up",
            ),
        };
        let on_act = Callback::new(move |()| act(what.clone()));
        Some(
            view! { <ConfirmDialog title words act=yes keep="Cancel" on_act on_close=Callback::new(move |()| asked.set(None)) /> }
                .into_any(),
        )
    };
    let problem_at = move |part| problem.get().filter(|(at, _)| *at == part).map(|(_, words)| words);
    let boxes = QueueKind::ALL.into_iter().zip(draft.queues).map(|(queue, chosen)| {
        view! {
            <label class="flex items-center gap-2 text-dense">
                <input
                    type="checkbox"
                    class="checkbox checkbox-sm checkbox-primary"
                    prop:checked=chosen
                    prop:disabled=is_deactivated
                    aria-describedby="staff-queues-problem"
                    on:change=move |event| {
                        chosen.set(event_target_checked(&event));
                        problem.set(None);
                    }
                />
                {queue.label()}
            </label>
        }
    });
    let account_part = move || {
        if is_me {
            return view! {
                <p class="text-dense text-muted">
                    "This is you. Your password and your browsers are in "<a class="link text-primary" href="/account">"My account"</a>". Another administrator can deactivate you."
                </p>
            }
            .into_any();
        }
        if is_deactivated.get() {
            return view! {
                <button type="button" class="btn btn-sm" on:click=move |_| asked.set(Some(Asked::Reactivate))>{icon(Icon::RefreshCw, "size-4")} "Reactivate…"</button>
                <p class="mt-2 text-xs text-muted">"To change the account, reactivate it first."</p>
            }
            .into_any();
        }
        view! {
            <div class="flex flex-wrap gap-2">
                <button type="button" class="btn btn-sm" on:click=move |_| asked.set(Some(Asked::Reset))>{icon(Icon::KeyRound, "size-4")} "Reset password…"</button>
                <button type="button" class="btn btn-sm border-error/50 text-error" on:click=move |_| asked.set(Some(Asked::Deactivate))>
                    {icon(Icon::Lock, "size-4")} "Deactivate…"
                </button>
            </div>
            <p class="mt-2 text-xs text-muted">"Deactivating signs them out at once. Their history stays."</p>
        }
        .into_any()
    };
    let end_all = move || {
        let can = !is_me && sessions.map(|lines| !lines.is_empty()).unwrap_or_default();
        can.then(|| view! { <button type="button" class="btn btn-sm btn-ghost" on:click=move |_| asked.set(Some(Asked::EndAll))>"End all"</button> })
    };
    let conflict =
        move || {
            let is_conflict = failed.with(|failed| failed.as_ref().is_some_and(|(_, error)| error.code == ErrorCode::Conflict));
            (is_changed.get() && is_outdated.get() && !is_conflict).then(|| view! {
            <p class="text-dense text-warning" role="status">"Somebody else has changed this account. What you typed is still here."</p>
        })
        };
    let bar = move || {
        let changes = draft.changes();
        let is_disabled = changes == 0;
        view! {
            <span class="text-dense text-muted">{if is_disabled { "No changes yet".to_owned() } else { counted(changes, "change", "changes") }}</span>
            {(is_outdated.get() && !is_disabled).then(|| view! { <button type="button" class="btn btn-sm" on:click=move |_| discard()>"Show theirs"</button> })}
            <button type="button" class="btn btn-sm ml-auto" disabled=is_disabled on:click=move |_| discard()>"Discard"</button>
            <button type="submit" class="btn btn-sm btn-primary" disabled=is_disabled aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                {move || if is_busy.get() { "Saving…" } else { "Save" }}
            </button>
        }
    };
    let has_come_by_choice = document().active_element().is_some_and(|active| active.tag_name() != "BODY");
    request_animation_frame(move || {
        if let Some(heading) = heading.get_untracked().filter(|_| has_come_by_choice) {
            let _ = heading.focus();
        }
    });
    view! {
        <form class="flex min-h-0 flex-1 flex-col" aria-labelledby="staff-member" on:submit=submit novalidate>
            <div class="flex min-h-0 flex-1 flex-col gap-4 overflow-y-auto p-4" tabindex="0" role="region" aria-labelledby="staff-member">
                <div class="flex items-center gap-3">
                    <span class="grid size-11 shrink-0 place-items-center rounded-full bg-base-300 text-sm font-semibold" aria-hidden="true">{move || initials(&name_now())}</span>
                    <div class="min-w-0 flex-1">
                        <h2 class="text-lg leading-6 font-semibold [overflow-wrap:anywhere]" id="staff-member" tabindex="-1" node_ref=heading>{name_now}</h2>
                        <p class="truncate text-dense text-muted" title=first.email.clone()>{first.email.clone()}</p>
                    </div>
                    {move || look.get().map(badge)}
                </div>
                {move || failed.get().map(|(title, error)| error_strip(title, &error, None))}
                <div class="flex flex-col gap-1.5 text-dense">
                    <label class="font-medium" for="staff-member-name">"Name"</label>
                    <input
                        id="staff-member-name"
                        class="input input-sm w-full"
                        maxlength="100"
                        autocomplete="off"
                        aria-describedby="staff-name-problem"
                        aria-invalid=move || if problem_at(Part::Name).is_some() { "true" } else { "false" }
                        prop:disabled=is_deactivated
                        bind:value=draft.name
                        on:input=move |_| problem.set(None)
                    />
                    <span class="text-error empty:hidden" id="staff-name-problem" role="alert">{move || problem_at(Part::Name)}</span>
                </div>
                {role_choice(draft.role, "role", is_deactivated.into())}
                <fieldset>
                    <legend class="mb-1.5 text-dense font-medium">"May take calls from"</legend>
                    <div class="flex flex-wrap gap-x-5 gap-y-2">{boxes.collect_view()}</div>
                    <p class="mt-1 text-dense text-error empty:hidden" id="staff-queues-problem" role="alert">{move || problem_at(Part::Queues)}</p>
                </fieldset>
                <div>
                    <div class="mb-1.5 flex min-h-8 items-center justify-between">
                        <h3 class="text-dense font-semibold">"Signed in on"</h3>
                        {end_all}
                    </div>
                    <div class="rounded-box border border-base-300 bg-base-100">
                        <SessionsList sessions end=Callback::new(move |line| asked.set(Some(Asked::End(line)))) />
                    </div>
                </div>
                <div>
                    <h3 class="mb-1.5 text-dense font-semibold">"Account"</h3>
                    {account_part}
                </div>
                <div>
                    <h3 class="mb-1.5 text-dense font-semibold">"What happened"</h3>
                    <div class="rounded-box border border-base-300 bg-base-100"><AccountEvents agent=Some(agent) /></div>
                </div>
            </div>
            <div class="border-t border-base-300 bg-base-100 px-4 py-3 max-lg:sticky max-lg:bottom-0" role="region" aria-label="Changes">
                {conflict}
                <div class="flex flex-wrap items-center gap-2">{bar}</div>
            </div>
        </form>
        {dialog}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(name: &str, queues: [bool; 3]) -> Access {
        Access { name: name.to_owned(), role: Role::Agent, queues }
    }

    #[test]
    fn all_queues_are_no_limit() {
        assert_eq!(access("Zara", [true; 3]).limit(), None);
        let one = access("Zara", [true, false, false]).limit();
        assert_eq!(one, Some(vec![QueueKind::ALL[0]]));
    }

    #[test]
    fn changes_are_counted_by_what_they_are_about() {
        let was = access("Zara Hussain", [true; 3]);
        assert_eq!(access(" Zara Hussain ", [true; 3]).differs_in(&was), 0);
        assert_eq!(access("Zara Khan", [true, false, false]).differs_in(&was), 2);
        assert_eq!(Access { role: Role::Admin, ..was.clone() }.differs_in(&was), 1);
    }

    #[test]
    fn nobody_is_without_a_name_or_without_a_queue() {
        assert_eq!(access(" ", [true; 3]).problem().map(|(part, _)| part), Some(Part::Name));
        assert_eq!(access("Zara", [false; 3]).problem().map(|(part, _)| part), Some(Part::Queues));
        assert_eq!(access("Zara", [true, false, false]).problem(), None);
    }
}

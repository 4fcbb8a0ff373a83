use std::collections::HashMap;

use auth::{AgentPresence, Presence, Role, StaffAccount};
use kernel::{AgentId, QueueKind};
use leptos::prelude::*;

use super::{Missing, provided, set_title};
use crate::components::badge::{Look, badge, presence_look};
use crate::components::empty::empty;
use crate::components::error_strip::query_strip;
use crate::components::icon::{Icon, icon};
use crate::components::moment::moment;
use crate::components::page_header::{PageHeader, not_for_you};
use crate::components::skeleton::list_skeleton;
use crate::components::staff_dialogs::{AddDialog, ROLES};
use crate::components::staff_panel::StaffPanel;
use crate::format::{counted, initials};
use crate::state::address::{Address, decoded, encoded};
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::{Session, role_label};

/// The accounts of colleagues: who may sign in, as what, and what happened to each.
#[component]
pub(crate) fn Staff() -> impl IntoView {
    staff()
}

/// What the list shows, as it stands in the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct View {
    chosen: Option<AgentId>,
    search: String,
    role: Option<Role>,
    is_all: bool,
}

impl View {
    fn of(address: Address) -> Self {
        Self {
            chosen: address.parameter("id", |id| id.parse().ok()),
            search: address.parameter("search", |text| Some(decoded(text))).unwrap_or_default(),
            role: address.parameter("role", |role| role.parse().ok()),
            is_all: address.parameter("show", |show| (show == "all").then_some(())).is_some(),
        }
    }

    fn link(&self) -> String {
        let id = self.chosen.map(|id| format!("id={id}"));
        let search = (!self.search.is_empty()).then(|| format!("search={}", encoded(&self.search)));
        let role = self.role.map(|role| format!("role={role}"));
        let show = self.is_all.then(|| "show=all".to_owned());
        let query: Vec<String> = [id, search, role, show].into_iter().flatten().collect();
        if query.is_empty() { "/staff".to_owned() } else { format!("/staff?{}", query.join("&")) }
    }

    /// Whether somebody is in the list. The chosen account always is.
    fn shows(&self, account: &StaffAccount) -> bool {
        let wanted = self.search.trim().to_lowercase();
        let is_found = account.name.to_lowercase().contains(&wanted) || account.email.contains(&wanted);
        self.chosen == Some(account.id)
            || (self.is_all || account.deactivated_at.is_none()) && self.role.is_none_or(|role| role == account.role) && is_found
    }
}

fn staff() -> Result<impl IntoView, Missing> {
    set_title("Staff");
    let session = provided::<Session>("session")?;
    let address = provided::<Address>("address")?;
    provided::<Live>("event stream")?;
    let may_see = Memo::new(move |_| session.administers());
    Ok(move || {
        if !may_see.get() {
            return not_for_you("Staff accounts are for administrators", "An administrator").into_any();
        }
        page(session, address).into_any()
    })
}

fn page(session: Session, address: Address) -> impl IntoView {
    let live = expect_context::<Live>();
    let view = Memo::new(move |_| View::of(address));
    let accounts = Query::new(session, move || live.agents.track(), auth::accounts);
    let presences = Query::new(session, move || live.agents.track(), auth::agents);
    let is_adding = RwSignal::new(false);
    let words = Signal::derive(move || {
        accounts.map(|all| {
            let active = all.iter().filter(|account| account.deactivated_at.is_none());
            let signed_in = active.clone().filter(|account| account.sessions > 0).count();
            format!("{}, {signed_in} signed in", counted(i64::try_from(active.count()).unwrap_or_default(), "person", "people"))
        })
    });
    let look_of = move |agent: AgentId| -> Option<Look> {
        accounts.map(|all| {
            let account = all.iter().find(|account| account.id == agent)?;
            let presence = presences.map(|all| all.iter().find(|known| known.id == agent).map(|known| known.presence)).flatten();
            Some(state_look(account, presence))
        })?
    };
    let chosen = Memo::new(move |_| {
        let chosen = view.with(|view| view.chosen)?;
        accounts.map(|all| all.iter().any(|account| account.id == chosen)).unwrap_or_default().then_some(chosen)
    });
    let side = move || match chosen.get() {
        Some(agent) => view! { <StaffPanel accounts agent look=Signal::derive(move || look_of(agent)) /> }.into_any(),
        None => {
            empty(Icon::IdCard, "Choose somebody from the list", "You see their role, queues, browsers and what happened to the account.")
                .into_any()
        }
    };
    let added = Callback::new(move |agent: Option<AgentId>| {
        is_adding.set(false);
        if agent.is_some() {
            accounts.again();
            address.show(&View { chosen: agent, ..View::default() }.link());
        }
    });
    view! {
        <PageHeader title="Staff" words tools=move || tools(view, address, is_adding) />
        <main id="main" tabindex="-1" class="min-h-0 min-w-0 lg:row-span-2 lg:overflow-hidden">
            <div class="grid h-full min-h-0 grid-cols-1 lg:grid-cols-[minmax(0,1fr)_25rem] 2xl:grid-cols-[minmax(0,1fr)_32rem]">
                <div class="min-h-0 overflow-auto bg-base-100" tabindex="0" role="region" aria-label="Staff">
                    {move || match (accounts.answer(), accounts.error()) {
                        (Some(answer), error) => view! {
                            {error.map(|error| view! { <div class="p-4">{query_strip(accounts, "This may be out of date", &error)}</div> })}
                            {table(&answer.value, presences.map(|all| presences_of(all)).unwrap_or_default(), &view.get())}
                        }
                        .into_any(),
                        (None, Some(error)) => view! { <div class="p-4">{query_strip(accounts, "The staff could not be read", &error)}</div> }.into_any(),
                        (None, None) => list_skeleton(8).into_any(),
                    }}
                </div>
                <aside class="flex min-h-0 flex-col border-base-300 bg-base-200 max-lg:border-t lg:border-l" aria-label="Account">
                    {side}
                </aside>
            </div>
        </main>
        {move || is_adding.get().then(|| view! { <AddDialog on_close=added /> })}
    }
}

/// Search, filters and the one thing to press.
fn tools(view: Memo<View>, address: Address, is_adding: RwSignal<bool>) -> impl IntoView {
    let change = move |change: &dyn Fn(&mut View)| {
        let mut wanted = view.get_untracked();
        change(&mut wanted);
        address.replace(&wanted.link());
    };
    let roles = ROLES.map(
        |role| view! { <option value=role.as_str() selected=move || view.with(|view| view.role == Some(role))>{role_label(role)}</option> },
    );
    view! {
        <div class="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-1.5 max-lg:order-last max-lg:w-full max-lg:flex-none">
            <label class="input input-sm w-44">
                <span class="text-muted">{icon(Icon::Search, "size-4")}</span>
                <input
                    type="search"
                    aria-label="Name or email"
                    placeholder="Name or email"
                    prop:value=move || view.with(|view| view.search.clone())
                    on:input=move |event| change(&|view: &mut View| view.search = event_target_value(&event))
                />
            </label>
            <select
                class="select select-sm w-36"
                aria-label="Role"
                on:change=move |event| change(&|view: &mut View| view.role = event_target_value(&event).parse().ok())
            >
                <option value="" selected=move || view.with(|view| view.role.is_none())>"All roles"</option>
                {roles}
            </select>
            <label class="flex items-center gap-2 text-dense">
                <input
                    type="checkbox"
                    class="checkbox checkbox-sm checkbox-primary"
                    prop:checked=move || view.with(|view| view.is_all)
                    on:change=move |event| change(&|view: &mut View| view.is_all = event_target_checked(&event))
                />
                "Deactivated too"
            </label>
            <button type="button" class="btn btn-sm btn-primary lg:ml-auto" on:click=move |_| is_adding.set(true)>"Add someone…"</button>
        </div>
    }
}

fn presences_of(all: &[AgentPresence]) -> HashMap<AgentId, Presence> {
    all.iter().map(|known| (known.id, known.presence)).collect()
}

fn state_look(account: &StaffAccount, presence: Option<Presence>) -> Look {
    if account.deactivated_at.is_some() {
        let badge = "badge badge-sm badge-soft badge-neutral whitespace-nowrap";
        return Look { badge, text: "text-muted", icon: Icon::Lock, word: "Deactivated" };
    }
    presence_look(presence.unwrap_or(Presence::Offline))
}

fn queue_words(queues: Option<&[QueueKind]>) -> String {
    queues.map_or_else(|| "All".to_owned(), |queues| queues.iter().map(|queue| queue.label()).collect::<Vec<_>>().join(", "))
}

fn table(accounts: &[StaffAccount], presences: HashMap<AgentId, Presence>, view: &View) -> AnyView {
    let shown: Vec<&StaffAccount> = accounts.iter().filter(|account| view.shows(account)).collect();
    if shown.is_empty() {
        return view! {
            {empty(Icon::Search, "Nobody matches", "Look for a part of the name or of the email, or show deactivated accounts too.")}
            <p class="pb-4 text-center"><a class="btn btn-sm" href="/staff">"Show everybody"</a></p>
        }
        .into_any();
    }
    let rows = shown.into_iter().map(|account| row(account, state_look(account, presences.get(&account.id).copied()), view));
    view! {
        <table class="table table-sm table-pin-rows whitespace-nowrap">
            <thead>
                <tr>
                    <th scope="col">"Name"</th>
                    <th scope="col">"Role"</th>
                    <th scope="col">"State"</th>
                    <th scope="col">"Queues"</th>
                    <th scope="col">"Last sign-in"</th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}

fn row(account: &StaffAccount, look: Look, view: &View) -> impl IntoView + use<> {
    let is_chosen = view.chosen == Some(account.id);
    let is_active = account.deactivated_at.is_none();
    let link = View { chosen: Some(account.id), ..view.clone() }.link();
    let queues = if is_active { queue_words(account.queues.as_deref()) } else { "–".to_owned() };
    let last = account.last_sign_in_at.map_or_else(|| "never".into_any(), |at| moment(at).into_any());
    view! {
        <tr class=if is_chosen { "bg-primary/8" } else { "hover:bg-base-200" }>
            <th scope="row" class="max-w-72 font-normal">
                <a href=link aria-current=is_chosen.then_some("true") class="flex items-center gap-2.5" title=account.name.clone()>
                    <span class="grid size-7 shrink-0 place-items-center rounded-full bg-base-300 text-xs font-semibold text-base-content" aria-hidden="true">{initials(&account.name)}</span>
                    <span class="min-w-0">
                        <span class=if is_active { "block truncate font-medium" } else { "block truncate font-medium text-muted" }>{account.name.clone()}</span>
                        <span class="block truncate text-xs text-muted">{account.email.clone()}</span>
                    </span>
                </a>
            </th>
            <td class="text-muted">{role_label(account.role)}</td>
            <td>{badge(look)}</td>
            <td class="text-muted">{queues}</td>
            <td class="text-muted">{last}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(id: i64, name: &str, role: Role, is_active: bool) -> StaffAccount {
        StaffAccount {
            id: AgentId::new(id),
            email: format!("{}@example.co.uk", name.to_lowercase().replace(' ', ".")),
            name: name.to_owned(),
            role,
            queues: None,
            version: 1,
            created_at: "2026-11-01T09:00:00Z".parse().unwrap(),
            deactivated_at: (!is_active).then(|| "2026-11-02T09:00:00Z".parse().unwrap()),
            last_sign_in_at: None,
            sessions: 0,
        }
    }

    #[test]
    fn the_list_is_filtered_and_whoever_is_chosen_stays_in_it() {
        let all = [
            account(1, "Aisha Rahman", Role::Agent, true),
            account(2, "Leo Hartley", Role::Agent, false),
            account(3, "Gareth Penhaligon", Role::Supervisor, true),
        ];
        let shown = |view: &View| all.iter().filter(|account| view.shows(account)).map(|account| account.id.get()).collect::<Vec<_>>();
        let view = View::default();
        assert_eq!(shown(&view), [1, 3]);
        assert_eq!(shown(&View { is_all: true, ..view.clone() }), [1, 2, 3]);
        assert_eq!(shown(&View { search: " RAHM".to_owned(), ..view.clone() }), [1]);
        assert_eq!(shown(&View { search: "penhaligon@".to_owned(), ..view.clone() }), [3]);
        assert_eq!(shown(&View { role: Some(Role::Supervisor), ..view.clone() }), [3]);
        assert_eq!(shown(&View { role: Some(Role::Admin), chosen: Some(AgentId::new(2)), ..view }), [2]);
    }

    #[test]
    fn what_is_chosen_stands_in_the_address() {
        assert_eq!(View::default().link(), "/staff");
        let view = View { chosen: Some(AgentId::new(7)), role: Some(Role::Admin), is_all: true, ..View::default() };
        assert_eq!(view.link(), "/staff?id=7&role=admin&show=all");
    }

    #[test]
    fn queues_are_told_by_their_names() {
        assert_eq!(queue_words(None), "All");
        assert_eq!(queue_words(Some(&[QueueKind::UnsignedUsers, QueueKind::Callbacks])), "Unsigned, Callbacks");
    }
}

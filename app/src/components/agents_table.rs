use std::collections::HashMap;

use auth::{AgentPresence, Presence};
use kernel::AgentId;
use leptos::prelude::*;
use queue::Holding;

use super::badge::{badge, presence_look};
use super::empty::empty;
use super::icon::{Icon, icon};
use super::monitor::Monitor;
use crate::format::{duration, time_in_state};
use crate::state::clock::{Clock, Received};
use crate::state::session::role_label;

/// The states in the order in which a supervisor wants to see them.
pub(crate) const STATES: [Presence; 6] =
    [Presence::Unreachable, Presence::WrapUp, Presence::OnCall, Presence::Available, Presence::Break, Presence::Offline];

/// The name of a state in the page's address.
pub(crate) const fn state_key(presence: Presence) -> &'static str {
    match presence {
        Presence::Unreachable => "unreachable",
        Presence::WrapUp => "wrap-up",
        Presence::OnCall => "on-call",
        Presence::Available => "available",
        Presence::Break => "break",
        Presence::Offline => "offline",
    }
}

/// The state that the page's address asks for.
pub(crate) fn state_from_key(key: &str) -> Option<Presence> {
    STATES.into_iter().find(|state| state_key(*state) == key)
}

/// How worrying a time in a state is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Concern {
    None,
    Soon,
    Now,
}

fn concern(presence: Presence, seconds: i64) -> Concern {
    let (soon, now) = match presence {
        Presence::Unreachable => (30, 5 * 60),
        Presence::OnCall => (10 * 60, 20 * 60),
        Presence::WrapUp => (2 * 60, 4 * 60),
        Presence::Break => (15 * 60, 30 * 60),
        Presence::Available | Presence::Offline => return Concern::None,
    };
    if seconds >= now {
        Concern::Now
    } else if seconds >= soon {
        Concern::Soon
    } else {
        Concern::None
    }
}

/// Unreachable first, then by state and name; only those in the wanted state.
fn in_order(agents: &[AgentPresence], wanted: Option<Presence>) -> Vec<&AgentPresence> {
    let mut rows: Vec<_> = agents.iter().filter(|agent| wanted.is_none_or(|wanted| agent.presence == wanted)).collect();
    rows.sort_by_cached_key(|agent| (STATES.iter().position(|state| *state == agent.presence), agent.name.to_lowercase()));
    rows
}

/// Who is there, in which state and for how long, and whom they hold.
pub(crate) fn agents_table(
    agents: &Received<Vec<AgentPresence>>,
    holdings: Option<&Received<Vec<Holding>>>,
    wanted: Option<Presence>,
    monitor: Monitor,
    clock: Clock,
) -> AnyView {
    let rows = in_order(&agents.value, wanted);
    if rows.is_empty() {
        let headline = if wanted.is_some() { "Nobody is in this state" } else { "No agents yet" };
        return empty(Icon::Users, headline, "Agents appear here when an administrator has made their accounts.").into_any();
    }
    let held: HashMap<AgentId, &Holding> =
        holdings.map(|holdings| holdings.value.iter().map(|holding| (holding.agent_id, holding)).collect()).unwrap_or_default();
    let agents_ago = Received::clone_moment(agents);
    let holdings_ago = holdings.map(Received::clone_moment);
    let rows = rows.into_iter().map(|agent| {
        let holding = held.get(&agent.id).map(|holding| (*holding).clone()).zip(holdings_ago.clone());
        row(agent, agents_ago.clone(), holding, monitor, clock)
    });
    view! {
        <table class="table table-sm table-pin-rows whitespace-nowrap [&_td]:px-2.5 [&_td]:py-1.5 [&_th]:px-2.5 [&_th]:py-1.5 [&_tr>:first-child]:pl-4 [&_tr>:last-child]:pr-4">
            <thead>
                <tr>
                    <th scope="col">"Agent"</th>
                    <th scope="col">"Role"</th>
                    <th scope="col">"State"</th>
                    <th scope="col" class="text-right">"For"</th>
                    <th scope="col">"Now"</th>
                    <th scope="col" class="text-right">"Held for"</th>
                    <th scope="col"><span class="sr-only">"Listen"</span></th>
                </tr>
            </thead>
            <tbody>{rows.collect_view()}</tbody>
        </table>
    }
    .into_any()
}

fn row(
    agent: &AgentPresence,
    received: Received<()>,
    holding: Option<(Holding, Received<()>)>,
    monitor: Monitor,
    clock: Clock,
) -> impl IntoView + use<> {
    let (presence, seconds) = (agent.presence, agent.presence_seconds);
    let now = Memo::new(move |_| seconds + received.seconds_ago(clock.now()));
    let concern = Memo::new(move |_| concern(presence, now.get()));
    let class = move || match concern.get() {
        Concern::Now => "bg-error/6 hover:bg-base-200",
        Concern::Soon | Concern::None => "hover:bg-base-200",
    };
    let for_class = move || match concern.get() {
        Concern::Now => "inline-flex items-center gap-1 font-semibold text-error",
        Concern::Soon => "inline-flex items-center gap-1 font-semibold text-warning",
        Concern::None => "inline-flex items-center gap-1",
    };
    let mark = move || match concern.get() {
        Concern::Now => Some(icon(Icon::OctagonAlert, "size-3.5")),
        Concern::Soon => Some(icon(Icon::TriangleAlert, "size-3.5")),
        Concern::None => None,
    };
    let held_class = if holding.is_some() { "" } else { "text-muted" };
    let (held, held_for) = match holding {
        Some((holding, received)) => {
            let words = format!("{}, user {}", holding.queue.label(), holding.user_id);
            let seconds = holding.seconds;
            (words, (move || duration(seconds + received.seconds_ago(clock.now()))).into_any())
        }
        None => ("–".to_owned(), "–".into_any()),
    };
    let (id, name) = (agent.id, agent.name.clone());
    let listen = move || match (monitor.call_of(id), monitor.listeners_of(id)) {
        (_, listeners) if !listeners.is_empty() => {
            let words = format!("{} listens", listeners.join(", "));
            Some(view! { <span class="inline-flex text-info" title=words.clone()>{icon(Icon::Headphones, "size-4")} <span class="sr-only">{words.clone()}</span></span> }.into_any())
        }
        (Some(call), _) => Some(
            view! {
                <button type="button" class="btn btn-xs" aria-label=format!("Listen to {name}") on:click=move |_| monitor.listen(call)>
                    {icon(Icon::Headphones, "size-3.5")} "Listen"
                </button>
            }
            .into_any(),
        ),
        (None, _) => None,
    };
    view! {
        <tr class=class>
            <th scope="row" class="min-w-36 font-medium break-words whitespace-normal" title=agent.name.clone()>
                <a class="link link-hover" href=format!("/day?agent={id}")>{agent.name.clone()}</a>
            </th>
            <td class="text-muted">{role_label(agent.role)}</td>
            <td>{badge(presence_look(presence))}</td>
            <td class="text-right"><span class=for_class>{mark} {move || time_in_state(now.get())}</span></td>
            <td class=held_class>{move || monitor.caller_of(id).map_or_else(|| held.clone(), |caller| format!("Rang us: {caller}"))}</td>
            <td class=format!("text-right {held_class}")>{held_for}</td>
            <td class="text-right">{listen}</td>
        </tr>
    }
}

#[cfg(test)]
mod tests {
    use auth::Role;

    use super::*;

    fn agent(id: i64, name: &str, presence: Presence) -> AgentPresence {
        AgentPresence { id: AgentId::new(id), name: name.into(), role: Role::Agent, presence, presence_seconds: 0 }
    }

    #[test]
    fn those_who_need_somebody_come_first() {
        let agents = [
            agent(1, "Zara", Presence::Available),
            agent(2, "Tom", Presence::Offline),
            agent(3, "aisha", Presence::Available),
            agent(4, "Niamh", Presence::Unreachable),
        ];
        let names = |wanted| in_order(&agents, wanted).iter().map(|agent| agent.name.as_str()).collect::<Vec<_>>();

        assert_eq!(names(None), ["Niamh", "aisha", "Zara", "Tom"]);
        assert_eq!(names(Some(Presence::Offline)), ["Tom"]);
        assert!(names(Some(Presence::Break)).is_empty());
    }

    #[test]
    fn states_survive_the_address() {
        for state in STATES {
            assert_eq!(state_from_key(state_key(state)), Some(state));
        }
        assert_eq!(state_from_key("asleep"), None);
    }

    #[test]
    fn the_longer_the_more_worrying() {
        assert_eq!([29, 30, 300].map(|seconds| concern(Presence::Unreachable, seconds)), [Concern::None, Concern::Soon, Concern::Now]);
        assert_eq!([899, 900, 1800].map(|seconds| concern(Presence::Break, seconds)), [Concern::None, Concern::Soon, Concern::Now]);
        assert_eq!([119, 120, 240].map(|seconds| concern(Presence::WrapUp, seconds)), [Concern::None, Concern::Soon, Concern::Now]);
        assert_eq!([599, 600, 1200].map(|seconds| concern(Presence::OnCall, seconds)), [Concern::None, Concern::Soon, Concern::Now]);
        assert_eq!(concern(Presence::Available, 100_000), Concern::None);
    }
}

use auth::{AgentPresence, Presence};
use kernel::AgentId;
use leptos::prelude::*;

use super::{Missing, provided, set_title};
use crate::components::agents_table::{STATES, agents_table, state_from_key, state_key};
use crate::components::badge::presence_look;
use crate::components::card::CARD;
use crate::components::error_strip::query_strip;
use crate::components::holidays_notice::holidays_notice;
use crate::components::icon::{Icon, icon};
use crate::components::missed_callers::missed_callers;
use crate::components::missing_recordings::missing_recordings;
use crate::components::monitor::{Monitor, monitor_panel};
use crate::components::page_header::{PageHeader, not_for_agents};
use crate::components::saved_list::saved_list;
use crate::components::skeleton::list_skeleton;
use crate::components::tile::{decisions_tile, queue_tile, tile_skeleton};
use crate::format::lag;
use crate::routes::Summary;
use crate::state::address::Address;
use crate::state::announce::Announcer;
use crate::state::clock::Clock;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;
use crate::telephone::Telephone;

/// What a supervisor sees of everybody.
#[component]
pub(crate) fn Floor() -> impl IntoView {
    floor()
}

fn floor() -> Result<impl IntoView, Missing> {
    set_title("Floor");
    let session = provided::<Session>("session")?;
    let live = provided::<Live>("event stream")?;
    let summary = provided::<Summary>("summary")?;
    let may_see = Memo::new(move |_| session.sees_the_floor());
    Ok(move || {
        if may_see.get() {
            view! { <FloorHeader summary /> <FloorMain session live summary /> }.into_any()
        } else {
            not_for_agents("The floor is for supervisors").into_any()
        }
    })
}

#[component]
fn FloorHeader(summary: Summary) -> impl IntoView {
    let health = move || {
        summary.map(|summary| {
            let lag_is_well = summary.replica_lag_millis.is_some_and(|millis| millis <= summary.max_lag_millis);
            let lag_words = summary.replica_lag_millis.map_or_else(|| "no answer".to_owned(), lag);
            let discovery = summary.last_discovery.clone();
            view! {
                {light(lag_is_well, "Replica", lag_words)}
                {light(discovery.is_some(), "Discovery ended", discovery.unwrap_or_else(|| "none yet".into()))}
                {light(summary.hours.is_open, "Calls", hours_words(&summary.hours))}
            }
        })
    };
    let time = move || summary.map(|summary| summary.business_time.clone());
    view! { <PageHeader title="Floor" words=Signal::derive(time)>{health}</PageHeader> }
}

fn hours_words(hours: &queue::Hours) -> String {
    format!("{} {}", if hours.is_open { "open" } else { "closed," }, hours.words)
}

fn light(is_well: bool, title: &'static str, words: String) -> impl IntoView {
    let (class, mark) = if is_well { ("text-success", Icon::Check) } else { ("text-warning", Icon::TriangleAlert) };
    view! {
        <span class="inline-flex items-center gap-1 text-xs">
            <span class=class>{icon(mark, "size-3.5")}</span>
            <span class="text-muted">{title}</span>
            <b class="font-semibold">{words}</b>
        </span>
    }
}

#[component]
fn FloorMain(session: Session, live: Live, summary: Summary) -> impl IntoView {
    let agents = Query::new(session, move || live.agents.track(), auth::agents);
    let saved = Query::new(session, move || live.queues.track(), queue::saved_today_by_all);
    let announcer = expect_context::<Announcer>();
    let missed = Query::new(session, move || live.queues.track(), calls::missed_callers);
    let missing = Query::new(session, move || live.queues.track(), calls::missing_recordings);
    let name = move |id: AgentId| {
        let name = agents.map(|agents| agents.iter().find(|agent| agent.id == id).map(|agent| agent.name.clone())).flatten();
        Some(name.unwrap_or_else(|| format!("agent {id}")))
    };
    let tiles = move || match (summary.answer(), summary.error()) {
        (Some(answer), error) => {
            let tiles = answer.value.queues.iter().map(|queue| queue_tile(queue, answer.value.late_callbacks)).collect_view();
            let strip = error.map(|error| query_strip(summary, "The figures are not fresh", &error));
            view! { {strip} {tiles} {decisions_tile(&answer.value)} }.into_any()
        }
        (None, Some(error)) => query_strip(summary, "The figures could not be read", &error).into_any(),
        (None, None) => view! { {tile_skeleton()} {tile_skeleton()} {tile_skeleton()} }.into_any(),
    };
    view! {
        <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto lg:overflow-hidden">
            <div class="flex h-full min-h-0 flex-col gap-3 p-4">
                {move || holidays_notice(summary)}
                {move || missing_recordings(missing)}
                {move || missed_callers(missed, announcer)}
                <div class="grid grid-cols-1 gap-3 lg:grid-cols-[repeat(auto-fit,minmax(15rem,1fr))]">{tiles}</div>
                <div class="grid min-h-0 flex-1 grid-cols-1 gap-3 lg:grid-cols-[minmax(0,1fr)_17.5rem] lg:grid-rows-[minmax(0,1fr)] 2xl:grid-cols-[minmax(0,1fr)_24rem]">
                    <Agents session live agents />
                    <section class=format!("flex min-h-0 flex-col {CARD}") aria-labelledby="not-needed">
                        <header class="flex min-h-10 items-center gap-2 border-b border-base-300 px-4 py-1.5">
                            <span class="text-muted">{icon(Icon::ShieldCheck, "size-4")}</span>
                            <h2 class="font-semibold" id="not-needed">"Not needed today"</h2>
                            <span class="text-muted">{move || saved.map(Vec::len)}</span>
                        </header>
                        <div class="min-h-0 flex-1 overflow-y-auto" tabindex="0" role="region" aria-label="Not needed today, newest first">
                            {move || saved_list(saved, name)}
                        </div>
                    </section>
                </div>
            </div>
        </main>
    }
}

/// The agents, by state; which state is in the page's address.
#[component]
fn Agents(session: Session, live: Live, agents: Query<Vec<AgentPresence>>) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let holdings = Query::new(session, move || live.agents.track(), queue::holdings);
    let monitor = Monitor::new(session, &live, expect_context::<Telephone>(), expect_context::<Announcer>());
    let address = expect_context::<Address>();
    let wanted = Memo::new(move |_| address.parameter("state", state_from_key));
    let table = move || match (agents.answer(), agents.error()) {
        (Some(answer), _) => agents_table(&answer, holdings.answer().as_deref(), wanted.get(), monitor, clock),
        (None, Some(error)) => view! { <div class="p-4">{query_strip(agents, "The agents could not be read", &error)}</div> }.into_any(),
        (None, None) => list_skeleton(6).into_any(),
    };
    let badges = move || {
        agents.map(|agents| {
            let count = |state| agents.iter().filter(|agent| agent.presence == state).count();
            STATES
                .into_iter()
                .map(|state| (state, count(state)))
                .filter(|(_, count)| *count > 0)
                .map(|(state, count)| state_filter(wanted, state, count))
                .collect_view()
        })
    };
    view! {
        <section class=format!("flex min-h-0 flex-col {CARD}") aria-labelledby="agents">
            <header class="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-base-300 px-4 py-1.5">
                <h2 class="font-semibold" id="agents">"Agents"</h2>
                <nav class="flex min-h-6 flex-wrap gap-1.5" aria-label="Only agents who are">
                    {badges}
                    {move || wanted.get().map(|_| view! { <a class="link link-hover inline-flex h-6 items-center px-1 text-xs text-primary" href="/floor">"Show all"</a> })}
                </nav>
            </header>
            <div class="flex flex-col gap-2 px-4 py-2 empty:hidden">{monitor_panel(monitor, agents, clock)}</div>
            {move || agents.answer().and_then(|_| agents.error()).map(|error| view! { <div class="p-4">{query_strip(agents, "The list is not fresh", &error)}</div> })}
            <div class="min-h-0 flex-1 overflow-auto" tabindex="0" role="region" aria-label="Agents, those who need you first">{table}</div>
        </section>
    }
}

/// How many are in a state; pressed, only they are shown, and pressed again, everybody.
fn state_filter(wanted: Memo<Option<Presence>>, state: Presence, count: usize) -> impl IntoView {
    let look = presence_look(state);
    let is_on = move || wanted.get() == Some(state);
    view! {
        <a
            href=move || if is_on() { "/floor".to_owned() } else { format!("/floor?state={}", state_key(state)) }
            aria-current=move || is_on().then_some("true")
            class=move || format!("{} h-6 {}", look.badge, if is_on() { "ring-2 ring-primary" } else { "" })
        >
            {icon(look.icon, "size-3.5")} {count} " " {look.word.to_lowercase()}
        </a>
    }
}

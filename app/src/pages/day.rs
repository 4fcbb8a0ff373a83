use auth::{AgentDay, Presence, SessionView, StateTime, Stretch};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc};
use kernel::AgentId;
use leptos::prelude::*;

use super::{Missing, provided, set_title};
use crate::components::badge::{badge, presence_look};
use crate::components::card::card;
use crate::components::empty::empty;
use crate::components::error_strip::query_strip;
use crate::components::icon::{Icon, icon};
use crate::components::page_header::PageHeader;
use crate::components::skeleton::list_skeleton;
use crate::format::{duration, london_time};
use crate::routes::Summary;
use crate::state::address::Address;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::Session;

/// What somebody was on a day, from when to when, and their sessions. One's own for everybody, others' for supervisors.
#[component]
pub(crate) fn Day() -> impl IntoView {
    day_page()
}

fn day_page() -> Result<impl IntoView, Missing> {
    let session = provided::<Session>("session")?;
    let live = provided::<Live>("event stream")?;
    let address = provided::<Address>("address")?;
    let summary = provided::<Summary>("summary")?;
    let agent = Memo::new(move |_| address.parameter("agent", |id| id.parse::<AgentId>().ok()));
    let day = Memo::new(move |_| address.parameter("day", |day| day.parse::<NaiveDate>().ok()));
    let asked = Query::new(
        session,
        move || {
            live.agents.track();
            live.me.track();
            agent.track();
            day.track();
        },
        move || auth::day(agent.get_untracked(), day.get_untracked()),
    );
    Effect::new(move |_| set_title(if agent.get().is_some() { "Agent’s day" } else { "My day" }));
    let words = move || asked.map(|day| format!("{}, {}", day.name, day_words(day.day)));
    let practice = move || {
        summary.map(|summary| summary.is_practice).unwrap_or_default().then(
            || view! { <p class="text-xs text-muted">"Signing in and being there go by the machine’s clock, not by the practice clock."</p> },
        )
    };
    let main = move || match (asked.answer(), asked.error()) {
        (Some(answer), error) => {
            let strip = error.map(|error| query_strip(asked, "This is not what you asked for, or not fresh", &error));
            view! { {strip} {whole(&answer.value, agent.get())} }.into_any()
        }
        (None, Some(error)) => query_strip(asked, "The day could not be read", &error).into_any(),
        (None, None) => list_skeleton(6).into_any(),
    };
    Ok(view! {
        {move || view! { <PageHeader title=if agent.get().is_some() { "Agent’s day" } else { "My day" } words=Signal::derive(words) /> }}
        <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto lg:row-span-2">
            <div class="mx-auto flex max-w-5xl flex-col gap-3 p-4">{main} {practice}</div>
        </main>
    })
}

/// `Tue 24 Nov 2026`.
fn day_words(day: NaiveDate) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = MONTHS.get(day.month0() as usize).copied().unwrap_or_default();
    format!("{} {} {month} {}", day.weekday(), day.day(), day.year())
}

/// The page's own address for a day of somebody.
fn link(agent: Option<AgentId>, day: Option<NaiveDate>) -> String {
    let agent = agent.map(|agent| format!("agent={agent}"));
    let day = day.map(|day| format!("day={day}"));
    let query: Vec<String> = [agent, day].into_iter().flatten().collect();
    if query.is_empty() { "/day".to_owned() } else { format!("/day?{}", query.join("&")) }
}

fn whole(day: &AgentDay, agent: Option<AgentId>) -> impl IntoView + use<> {
    let before = day.day.checked_sub_days(Days::new(1));
    let after = day.day.checked_add_days(Days::new(1)).filter(|after| *after <= day.today);
    let to = |day: Option<NaiveDate>, words: &'static str| {
        day.map(|day| view! { <a class="btn btn-sm" href=link(agent, Some(day))>{words}</a> })
    };
    let today = (day.day != day.today).then(|| view! { <a class="btn btn-sm btn-ghost" href=link(agent, None)>"Today"</a> });
    let stretches = if day.stretches.is_empty() {
        empty(Icon::Clock, "Nothing is known of this day", "What somebody is, is written down since their account was made.").into_any()
    } else {
        view! { {bar(&day.stretches)} {sums(&day.sums)} {stretches_table(&day.stretches)} }.into_any()
    };
    let sessions = if day.sessions.is_empty() {
        empty(Icon::LogOut, "No sessions", "Nobody was signed in with this account on this day.").into_any()
    } else {
        sessions_table(day).into_any()
    };
    view! {
        <nav class="flex flex-wrap gap-2" aria-label="Other days">{to(before, "Day before")} {to(after, "Day after")} {today}</nav>
        {card("states", Icon::Activity, "States", (), stretches)}
        {card("sessions", Icon::Users, "Sessions", (), sessions)}
    }
}

const fn colour(presence: Presence) -> &'static str {
    match presence {
        Presence::Available => "bg-success",
        Presence::Break => "bg-warning",
        Presence::Offline => "bg-base-300",
        Presence::OnCall => "bg-primary",
        Presence::WrapUp => "bg-secondary",
        Presence::Unreachable => "bg-error",
    }
}

/// The day as a line; the table below it says the same.
fn bar(stretches: &[Stretch]) -> impl IntoView + use<> {
    let (Some(first), Some(last)) = (stretches.first(), stretches.last()) else { return ().into_any() };
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
    let along = |at: DateTime<Utc>| {
        (at - first.since).num_milliseconds() as f64 * 100.0 / ((last.until - first.since).num_milliseconds().max(1) as f64)
    };
    let parts = stretches.iter().map(|stretch| {
        let (from, until) = (along(stretch.since), along(stretch.until));
        let place = format!("left: {from:.3}%; width: {:.3}%", until - from);
        view! { <span class=format!("absolute inset-y-0 {}", colour(stretch.presence)) style=place></span> }
    });
    view! {
        <div class="px-4 pt-3" aria-hidden="true">
            <div class="relative h-5 overflow-hidden rounded-field">{parts.collect_view()}</div>
            <div class="flex justify-between text-xs text-muted"><span>{london_time(first.since)}</span> <span>{london_time(last.until)}</span></div>
        </div>
    }
    .into_any()
}

fn sums(sums: &[StateTime]) -> impl IntoView + use<> {
    let sums = sums.iter().map(|sum| {
        view! {
            <div class="flex items-center gap-2" data-testid="sum">
                <dt>{badge(presence_look(sum.presence))}</dt>
                <dd class="font-semibold">{duration(sum.seconds)}</dd>
            </div>
        }
    });
    view! { <dl class="flex flex-wrap gap-x-5 gap-y-2 border-b border-base-300 px-4 py-3 text-dense" aria-label="Time in each state">{sums.collect_view()}</dl> }
}

const TABLE: &str = "table table-sm whitespace-nowrap [&_td]:px-2.5 [&_td]:py-1.5 [&_th]:px-2.5 [&_th]:py-1.5 [&_tr>:first-child]:pl-4";

fn stretches_table(stretches: &[Stretch]) -> impl IntoView + use<> {
    let rows = stretches.iter().rev().map(|stretch| {
        view! {
            <tr data-testid="stretch">
                <td>{badge(presence_look(stretch.presence))}</td>
                <td>{london_time(stretch.since)}</td>
                <td>{london_time(stretch.until)}</td>
                <td class="text-right">{duration((stretch.until - stretch.since).num_seconds())}</td>
            </tr>
        }
    });
    view! {
        <div class="max-h-96 overflow-auto" tabindex="0" role="region" aria-label="States, newest first">
            <table class=TABLE>
                <thead>
                    <tr>
                        <th scope="col">"State"</th>
                        <th scope="col">"From"</th>
                        <th scope="col">"Until"</th>
                        <th scope="col" class="text-right">"For"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
    }
}

fn sessions_table(day: &AgentDay) -> impl IntoView + use<> {
    let (begins_at, until) = (day.begins_at, day.until);
    // A session may have begun the day before, and end the day after.
    let time = move |at: DateTime<Utc>| {
        let which = if at < begins_at {
            " the day before"
        } else if at > until {
            " later"
        } else {
            ""
        };
        format!("{}{which}", london_time(at))
    };
    let rows = day.sessions.iter().map(|SessionView { signed_in_at, last_heard_at, ended }| {
        let how = ended.map_or("still signed in", |(_, how)| how.label());
        view! {
            <tr data-testid="session">
                <td>{time(*signed_in_at)}</td>
                <td>{ended.map_or_else(|| "–".to_owned(), |(at, _)| time(at))}</td>
                <td>{how}</td>
                <td>{time(*last_heard_at)}</td>
            </tr>
        }
    });
    view! {
        <div class="overflow-x-auto" tabindex="0" role="region" aria-label="Sessions, oldest first">
            <table class=TABLE>
                <thead>
                    <tr>
                        <th scope="col">"Signed in"</th>
                        <th scope="col">"Ended"</th>
                        <th scope="col">"How"</th>
                        <th scope="col">"Last heard"</th>
                    </tr>
                </thead>
                <tbody>{rows.collect_view()}</tbody>
            </table>
        </div>
        <p class="flex items-center gap-1.5 px-4 py-2 text-xs text-muted">
            {icon(Icon::Info, "size-3.5")} "A session is a browser that is signed in. It ends by signing out, after 2 hours of silence, and after 16 hours in any case."
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_stands_in_the_address_and_in_words() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 24);
        assert_eq!(link(None, None), "/day");
        assert_eq!(link(Some(AgentId::new(7)), day), "/day?agent=7&day=2026-11-24");
        assert_eq!(day.map(day_words).as_deref(), Some("Tue 24 Nov 2026"));
    }
}

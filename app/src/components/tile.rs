use leptos::prelude::*;
use queue::{QueueCount, Summary};

use super::icon::{Icon, icon};
use crate::format::{count, counted};

const TILE: &str = "min-w-0 rounded-box border border-base-300 bg-base-100 px-4 py-3";

/// Who can be called in one queue, who waits for a time, who is with an agent; of promises, how many are late.
pub(crate) fn queue_tile(queue: &QueueCount, late: i64) -> impl IntoView + use<> {
    let (callable, waiting, leased) = (queue.callable, queue.waiting, queue.leased);
    let glyph = match queue.queue {
        kernel::QueueKind::UnsignedUsers => Icon::Signature,
        kernel::QueueKind::OutstandingRequests => Icon::FileWarning,
        kernel::QueueKind::Callbacks => Icon::Phone,
    };
    let oldest = match queue.oldest_days {
        None if queue.queue == kernel::QueueKind::Callbacks && late > 0 => view! {
            <a class="link link-hover inline-flex items-center gap-1 font-semibold text-warning" href="/callbacks">
                {icon(Icon::TriangleAlert, "size-3.5")} {counted(late, "is late", "are late")}
            </a>
        }
        .into_any(),
        None if queue.queue == kernel::QueueKind::Callbacks => "Due ones come before any queue".into_any(),
        None => "Nobody waits".into_any(),
        Some(0) => "Oldest since today".into_any(),
        Some(days) => format!("Oldest {}", counted(days, "day", "days")).into_any(),
    };
    // Whoever is behind a pause is neither callable nor waiting for a time.
    let paused = (queue.paused > 0).then(|| legend("size-2 rounded-xs bg-warning/55", "behind a pause", queue.paused));
    let is_paused = queue.is_paused.then_some("paused");
    view! {
        <section class=TILE aria-label=queue.queue.label()>
            {head(glyph, queue.queue.label(), is_paused)}
            {figure(callable, "callable now", ())}
            <div class="flex h-2 overflow-hidden rounded-full bg-base-300" aria-hidden="true">
                {segments(callable, waiting, leased).map(|(class, flex)| view! { <span class=class style:flex=flex></span> }).collect_view()}
            </div>
            <dl class="mt-2 grid grid-cols-1 gap-x-4 gap-y-0.5 text-xs whitespace-nowrap 2xl:grid-cols-2">
                {legend("size-2 rounded-xs bg-primary/55", "waiting for a time", waiting)}
                {legend("size-2 rounded-xs bg-secondary/55", "with an agent", leased)}
                {paused}
            </dl>
            <p class="mt-2 border-t border-base-300 pt-2 text-xs text-muted">{oldest}</p>
        </section>
    }
}

/// How much is decided, and what of it was not needed.
pub(crate) fn decisions_tile(summary: &Summary) -> impl IntoView + use<> {
    view! {
        <section class=TILE aria-label="Decisions">
            {head(Icon::ShieldCheck, "Decisions", Some("last hour"))}
            {figure(summary.decisions_last_hour, "in the last hour", ())}
            <p class="mt-3 flex items-baseline gap-1.5 text-dense">
                <span class="self-center text-accent">{icon(Icon::ShieldCheck, "size-4")}</span>
                <b class="font-semibold text-accent" data-testid="saved-by-all">{count(summary.saved_today)}</b>
                <span class="text-muted">{if summary.saved_today == 1 { "call saved today" } else { "calls saved today" }}</span>
            </p>
            <p class="mt-2.5 border-t border-base-300 pt-2 text-xs text-muted">"Each Call next decides whether the call is still needed."</p>
        </section>
    }
}

/// A tile while its figures are on their way.
pub(crate) fn tile_skeleton() -> impl IntoView {
    view! {
        <div class=format!("{TILE} animate-appear") aria-hidden="true">
            <div class="skeleton h-4 w-28"></div>
            <div class="skeleton mt-3 h-8 w-24"></div>
            <div class="skeleton mt-3 h-2 w-full"></div>
            <div class="skeleton mt-3 h-4 w-full"></div>
            <div class="skeleton mt-4 h-3 w-20"></div>
        </div>
    }
}

fn head(glyph: Icon, title: &'static str, right: Option<&'static str>) -> impl IntoView {
    view! {
        <div class="flex items-center gap-2">
            <span class="text-muted">{icon(glyph, "size-4")}</span>
            <h2 class="font-semibold">{title}</h2>
            <span class="ml-auto text-xs text-muted">{right}</span>
        </div>
    }
}

fn figure(value: i64, words: &'static str, right: impl IntoView) -> impl IntoView {
    view! {
        <p class="mt-1 mb-2 flex items-baseline gap-2">
            <span class="text-3xl leading-9 font-semibold tracking-tight">{count(value)}</span>
            <span class="text-dense text-muted">{words}</span>
            {right}
        </p>
    }
}

fn legend(class: &'static str, words: &'static str, value: i64) -> impl IntoView {
    view! {
        <div class="flex items-center gap-1.5">
            <span class=class aria-hidden="true"></span>
            <dt class="min-w-0 flex-1 text-muted">{words}</dt>
            <dd class="font-semibold">{count(value)}</dd>
        </div>
    }
}

/// The parts of the bar that are there, each with its colour and its share. The browser divides the width among them, so
/// that nothing is left over; one person among thousands is still seen.
fn segments(callable: i64, waiting: i64, leased: i64) -> impl Iterator<Item = (&'static str, String)> {
    [("min-w-0.5 bg-primary", callable), ("min-w-0.5 bg-primary/55", waiting), ("min-w-0.5 bg-secondary/55", leased)]
        .into_iter()
        .filter(|(_, part)| *part > 0)
        .map(|(class, part)| (class, format!("{part} 1 0%")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_has_a_segment_for_everybody_and_none_for_nobody() {
        let shares = |callable, waiting, leased| segments(callable, waiting, leased).map(|(_, flex)| flex).collect::<Vec<_>>();

        assert_eq!(shares(1, 0, 3), ["1 1 0%", "3 1 0%"]);
        assert!(shares(0, 0, 0).is_empty());
    }
}

use auth::Intention;
use leptos::prelude::*;

use super::icon::{Icon, icon};
use super::key_button::call_next_button;
use crate::state::console::{Console, Stage};
use crate::state::session::Session;

/// How the bar looks in each stage: icon, its colours, headline, second line.
fn look(stage: Stage, name: Option<String>, is_on_break: bool) -> (Icon, &'static str, String, &'static str) {
    const QUIET: &str = "bg-base-200 text-muted";
    match stage {
        Stage::Restoring => (Icon::CircleDashed, QUIET, "One moment".into(), "Asking whether somebody is with you"),
        Stage::Checking => (Icon::ShieldCheck, "bg-info/12 text-info", "Checking".into(), "Nobody is shown before every check has passed"),
        Stage::Offered => {
            let words = if is_on_break { "You are on a break; they stay with you until you skip" } else { "All checks passed" };
            (Icon::Headphones, "bg-primary/12 text-primary", format!("With you: {}", name.unwrap_or_default()), words)
        }
        Stage::NobodyLeft => (Icon::CircleCheck, QUIET, "Nobody is with you".into(), "Call next looks for somebody again"),
        Stage::Ready => (Icon::CircleCheck, "bg-success/12 text-success", "Ready".into(), "Call next offers you the next person"),
        Stage::OnBreak => (Icon::Coffee, "bg-warning/12 text-warning", "On a break".into(), "Nobody is offered to you"),
        Stage::Offline => (Icon::CircleDashed, QUIET, "Offline".into(), "Nobody is offered to you"),
    }
}

/// The state in words at the left, the next thing to press at the right.
#[component]
pub(crate) fn BottomBar() -> impl IntoView {
    let console = expect_context::<Console>();
    let session = expect_context::<Session>();
    let state = move || {
        let is_on_break = session.intention() == Intention::Break;
        let (glyph, class, headline, words) = look(console.stage(), console.held_name(), is_on_break);
        view! {
            <span class=format!("grid size-11 shrink-0 place-items-center rounded-full {class}")>{icon(glyph, "size-5")}</span>
            <div class="min-w-0">
                <p class="truncate font-semibold" title=headline.clone()>{headline.clone()}</p>
                <p class="truncate text-xs text-muted">{words}</p>
            </div>
        }
    };
    let call_next = Callback::new(move |()| console.call_next());
    let next = move || {
        match console.stage() {
        Stage::Ready | Stage::NobodyLeft => call_next_button("min-w-40 justify-between gap-3", false, call_next).into_any(),
        Stage::Checking => call_next_button("min-w-40 justify-between gap-3", true, call_next).into_any(),
        Stage::Offered => view! {
            <button type="button" class="btn h-13 min-w-40" aria-haspopup="dialog" on:click=move |_| console.is_skipping.set(true)>
                {icon(Icon::SkipForward, "size-4")} "Skip…"
            </button>
        }
        .into_any(),
        Stage::OnBreak | Stage::Offline => view! {
            <button type="button" class="btn btn-primary h-13 min-w-40 text-base" on:click=move |_| console.set_intention(Intention::Available)>
                {icon(Icon::CircleCheck, "size-5")} "Become available"
            </button>
        }
        .into_any(),
        Stage::Restoring => ().into_any(),
    }
    };
    view! {
        <footer
            class="sticky bottom-0 z-20 grid min-h-18 grid-cols-[minmax(0,1fr)_auto] items-center gap-3 border-t-2 border-base-300 bg-base-100 px-4 py-1.5 lg:col-start-2 lg:py-2.5"
            aria-label="What is next"
        >
            <div class="flex min-w-0 items-center gap-3" data-testid="state">{state}</div>
            <div class="flex items-center justify-end gap-2">{next}</div>
        </footer>
    }
}

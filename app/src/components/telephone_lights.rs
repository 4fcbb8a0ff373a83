use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::calls::Calls;
use crate::state::console::Console;
use crate::telephone::{Line, Microphone, Trouble};

/// Whether the telephone and the microphone work: icon, word and mark. Pressed, the check is made again.
#[component]
pub(crate) fn TelephoneLights() -> impl IntoView {
    let (calls, console) = (expect_context::<Calls>(), expect_context::<Console>());
    let telephone = calls.telephone;
    let line = move || {
        let line = telephone.line.get();
        let (class, mark) = match line {
            Line::Ready => ("text-success", Icon::Check),
            Line::Connecting => ("text-info", Icon::CircleDashed),
            Line::Off => ("text-muted", Icon::CircleDashed),
            Line::Offline(_) => ("text-warning", Icon::TriangleAlert),
        };
        if telephone.is_reconnecting.get() {
            light((calls, console), Icon::Phone, "Telephone", "reconnecting", "text-warning", Icon::Activity, false)
        } else {
            light((calls, console), Icon::Phone, "Telephone", line.label(), class, mark, line == Line::Ready)
        }
    };
    let microphone = move || {
        let microphone = telephone.microphone.get();
        let (class, mark) = match microphone {
            Microphone::Ready => ("text-success", Icon::Check),
            Microphone::Unknown => ("text-muted", Icon::CircleDashed),
            _ => ("text-error", Icon::TriangleAlert),
        };
        if telephone.is_muted.get() {
            light((calls, console), Icon::MicOff, "Microphone", "muted", "text-warning", Icon::MicOff, false)
        } else if telephone.trouble.get() == Some(Trouble::FlatMicrophone) {
            light((calls, console), Icon::Mic, "Microphone", "silent", "text-error", Icon::TriangleAlert, false)
        } else {
            light((calls, console), Icon::Mic, "Microphone", microphone.label(), class, mark, microphone == Microphone::Ready)
        }
    };
    view! { {line} {microphone} }
}

fn light(
    (calls, console): (Calls, Console),
    glyph: Icon,
    title: &'static str,
    word: &'static str,
    class: &'static str,
    mark: Icon,
    is_well: bool,
) -> AnyView {
    let face = view! {
        <span class=class>{icon(glyph, "size-4")}</span>
        <span class="text-muted">{title}</span>
        <span class=if is_well { "sr-only" } else { "font-semibold" }>{if is_well { format!(": {word}") } else { word.to_owned() }}</span>
        <span class=class>{icon(mark, "size-3.5")}</span>
    };
    let test_id = if title == "Telephone" { "telephone-light" } else { "microphone-light" };
    // During a call the microphone is not to be tried out.
    if calls.phase().is_some() {
        view! { <span class="inline-flex items-center gap-1.5 text-xs" data-testid=test_id>{face}</span> }.into_any()
    } else {
        view! {
            <button
                type="button"
                class="inline-flex min-h-6 cursor-pointer items-center gap-1.5 rounded-field text-xs hover:underline"
                title="Check the telephone"
                data-testid=test_id
                on:click=move |_| console.check_telephone()
            >
                {face}
            </button>
        }
        .into_any()
    }
}

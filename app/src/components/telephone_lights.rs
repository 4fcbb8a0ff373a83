use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::calls::Calls;
use crate::state::console::Console;
use crate::telephone::{Line, Link, Microphone, Trouble, Use};

/// How a light looks: icon, colour, word and mark, and more about it in a sentence.
struct Look {
    glyph: Icon,
    class: &'static str,
    word: &'static str,
    mark: Icon,
    more: Option<String>,
}

/// Whether the telephone and the microphone work: icon, word and mark. Pressed, the one makes the check again, and the other shows the
/// devices.
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
        let way = telephone.way();
        let glyph = Icon::Phone;
        let look = if let Some(lost) = way.lost() {
            let (word, mark) =
                if way.link == Link::NoNetwork { ("no network", Icon::TriangleAlert) } else { ("reconnecting", Icon::Activity) };
            Look { glyph, class: "text-warning", word, mark, more: Some(lost.to_owned()) }
        } else {
            Look { glyph, class, word: line.label(), mark, more: line.advice().map(str::to_owned) }
        };
        // During a call the line is not to be tried out.
        let press = calls.phase().is_none().then_some(("Check the telephone", move || console.check_telephone()));
        light("Telephone", "telephone-light", look, press)
    };
    let microphone = move || {
        let microphone = telephone.microphone.get();
        let (class, mark) = match microphone {
            Microphone::Ready => ("text-success", Icon::Check),
            Microphone::Unknown => ("text-muted", Icon::CircleDashed),
            _ => ("text-error", Icon::TriangleAlert),
        };
        let instead = telephone.instead(Use::Microphone);
        let look = if telephone.is_muted.get() {
            Look { glyph: Icon::MicOff, class: "text-warning", word: "muted", mark: Icon::MicOff, more: None }
        } else if telephone.trouble.get() == Some(Trouble::FlatMicrophone) {
            Look { glyph: Icon::Mic, class: "text-error", word: "silent", mark: Icon::TriangleAlert, more: None }
        } else if microphone == Microphone::Ready && instead.is_some() {
            Look { glyph: Icon::Mic, class: "text-warning", word: "not the chosen one", mark: Icon::TriangleAlert, more: instead }
        } else {
            Look { glyph: Icon::Mic, class, word: microphone.label(), mark, more: microphone.advice().map(str::to_owned) }
        };
        // The check has the same fields.
        let press =
            (!telephone.is_being_checked.get()).then_some(("Choose microphone and speaker", move || telephone.is_sound_open.set(true)));
        light("Microphone", "microphone-light", look, press)
    };
    view! { {line} {microphone} }
}

fn light(title: &'static str, test_id: &'static str, look: Look, press: Option<(&'static str, impl Fn() + 'static)>) -> AnyView {
    let Look { glyph, class, word, mark, more } = look;
    let is_well = mark == Icon::Check;
    let face = view! {
        <span class=class>{icon(glyph, "size-4")}</span>
        <span class="text-muted">{title}</span>
        <span class=if is_well { "sr-only" } else { "font-semibold" }>{if is_well { format!(": {word}") } else { word.to_owned() }}</span>
        <span class=class>{icon(mark, "size-3.5")}</span>
    };
    match press {
        None => view! { <span class="inline-flex items-center gap-1.5 text-xs" title=more data-testid=test_id>{face}</span> }.into_any(),
        Some((what, press)) => view! {
            <button
                type="button"
                class="inline-flex min-h-6 cursor-pointer items-center gap-1.5 rounded-field text-xs hover:underline"
                title=more.unwrap_or_else(|| what.to_owned())
                data-testid=test_id
                on:click=move |_| press()
            >
                {face}
            </button>
        }
        .into_any(),
    }
}

use leptos::prelude::*;

use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use crate::state::calls::Calls;
use crate::state::console::Console;

/// Over a page other than the console: what is wrong with the call that goes on meanwhile, or new about whoever is on the line.
#[component]
pub(crate) fn CallNotices() -> impl IntoView {
    let notices = call_notices(expect_context::<Console>(), expect_context::<Calls>());
    view! { <div class="mx-auto flex w-full max-w-6xl flex-col gap-3 px-4 pt-3 empty:hidden">{notices}</div> }
}

/// What went wrong in the call, and what has changed about whoever is on the line.
pub(crate) fn call_notices(console: Console, calls: Calls) -> impl IntoView {
    let failure = move || calls.failure.get().map(|(title, error)| error_strip(title, &error, None));
    let leg_failure = move || calls.leg_failure.get().map(|error| error_strip("Your telephone did not stay connected", &error, None));
    let trouble =
        move || calls.telephone.trouble.get().filter(|_| calls.is_talking()).map(|trouble| notice(&TROUBLE, trouble.words().into()));
    let joined = move || calls.map(|view| view.joined_by.clone()).flatten().map(|words| notice(&JOINED, words));
    let changed = move || {
        let is_in_call = calls.phase().is_some();
        console.held().filter(|_| is_in_call).and_then(|held| held.value.note.clone()).map(|note| notice(&CHANGED, note))
    };
    view! { {failure} {leg_failure} {trouble} {joined} {changed} }
}

/// What a notice looks like, and how it is announced; what has changed about the person is announced by the console.
struct Look {
    name: &'static str,
    role: Option<&'static str>,
    class: &'static str,
    glyph: Icon,
    glyph_class: &'static str,
}

const TROUBLE: Look = Look {
    name: "trouble",
    role: Some("alert"),
    class: "flex gap-3 rounded-field border border-error/40 bg-error/8 p-3 text-dense",
    glyph: Icon::TriangleAlert,
    glyph_class: "mt-px text-error",
};
const JOINED: Look = Look {
    name: "joined",
    role: Some("status"),
    class: "flex gap-3 rounded-field border border-info/40 bg-info/8 p-3 text-dense",
    glyph: Icon::Headphones,
    glyph_class: "mt-px text-info",
};
const CHANGED: Look = Look {
    name: "changed",
    role: None,
    class: "flex gap-3 rounded-field border border-success/50 bg-success/10 p-3 text-base font-medium",
    glyph: Icon::CircleCheck,
    glyph_class: "mt-0.5 text-success",
};

fn notice(look: &'static Look, words: String) -> impl IntoView {
    view! {
        <p class=look.class role=look.role data-testid=look.name>
            <span class=look.glyph_class>{icon(look.glyph, "size-4")}</span>
            <span>{words}</span>
        </p>
    }
}

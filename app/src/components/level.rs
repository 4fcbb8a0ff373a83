use leptos::prelude::*;

use crate::telephone::Telephone;

const SEGMENTS: u32 = 40;

/// How loud the microphone is.
#[component]
pub(crate) fn Level(telephone: Telephone) -> impl IntoView {
    view! {
        <div class="flex h-10 items-stretch gap-0.5" role="img" aria-label="Microphone level">
            {(0..SEGMENTS).map(|segment| view! {
                <span class=move || {
                    if telephone.level.get() * SEGMENTS > segment * 100 { "h-full flex-1 rounded-sm bg-success" } else { "h-full flex-1 rounded-sm bg-base-300" }
                }></span>
            }).collect_view()}
        </div>
    }
}

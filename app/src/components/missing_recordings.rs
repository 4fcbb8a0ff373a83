use calls::MissingRecording;
use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::format::duration;
use crate::state::query::Query;

/// How many talks have no recording, in words.
fn headline(count: usize) -> String {
    match count {
        1 => "A talk of the last week has no recording".to_owned(),
        _ => format!("{count} talks of the last week have no recording"),
    }
}

/// Talks without a recording, folded; nothing when each has its own, as it should be.
pub(crate) fn missing_recordings(query: Query<Vec<MissingRecording>>) -> Option<impl IntoView> {
    let answer = query.answer().filter(|answer| !answer.value.is_empty())?;
    let rows = answer.value.iter().map(|talk| {
        view! {
            <li class="grid grid-cols-[8rem_minmax(0,12rem)_minmax(0,1fr)] gap-3 py-1">
                <a class="link link-hover" href=format!("/history?open={}", talk.call_id)>{talk.at.clone()}</a>
                <span class="truncate">{talk.agent.clone()} " with " {talk.user_name.clone()}</span>
                <span class="text-muted">{duration(talk.talked_seconds)} ". " {talk.why.clone()}</span>
            </li>
        }
    });
    Some(view! {
        <details class="rounded-field border border-warning/50 bg-warning/8 px-4 py-2 text-dense" data-testid="missing-recordings">
            <summary class="cursor-pointer font-semibold">
                <span class="mr-2 inline-flex align-[-2px] text-warning">{icon(Icon::TriangleAlert, "size-4")}</span>
                {headline(answer.value.len())}
            </summary>
            <ul class="mt-1.5 max-h-48 divide-y divide-base-300 overflow-y-auto">{rows.collect_view()}</ul>
        </details>
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_talk_is_not_many() {
        assert_eq!(headline(1), "A talk of the last week has no recording");
        assert!(headline(2).starts_with("2 talks"));
    }
}

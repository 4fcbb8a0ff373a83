use calls::MissingRecording;
use leptos::prelude::*;

use super::folded_list::{FoldedLook, folded_list};
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
    Some(folded_list("missing-recordings", FoldedLook::Warning, headline(answer.value.len()), rows.collect_view()))
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

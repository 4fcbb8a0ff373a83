use calls::MissedCaller;
use kernel::CallId;
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::folded_list::{FoldedLook, folded_list};
use crate::state::announce::Announcer;
use crate::state::query::Query;

/// How many, in words.
fn headline(count: usize) -> String {
    match count {
        1 => "Somebody rang us, reached nobody and is not rung back".to_owned(),
        _ => format!("{count} people rang us, reached nobody and are not rung back"),
    }
}

/// People who rang in the last week and whom nobody rings back, since nobody knows them or they may not be rung; folded, and nothing when there
/// is none.
pub(crate) fn missed_callers(query: Query<Vec<MissedCaller>>, announcer: Announcer) -> Option<impl IntoView> {
    let answer = query.answer().filter(|answer| !answer.value.is_empty())?;
    let rows = answer.value.iter().map(|caller| {
        let times = if caller.times > 1 { format!(" · {} times", caller.times) } else { String::new() };
        let (id, who) = (caller.id, caller.who.clone());
        let label = format!("Seen to: {who}, {}", caller.at);
        view! {
            <li class="grid grid-cols-[8rem_minmax(0,20rem)_minmax(0,1fr)_auto] items-center gap-3 py-1">
                <span>{caller.at.clone()}</span>
                <span class="truncate">{who} {times}</span>
                <span class="text-muted">{caller.words.clone()}</span>
                <button class="btn btn-xs" type="button" aria-label=label on:click=move |_| see_to(query, announcer, id)>
                    "Seen to"
                </button>
            </li>
        }
    });
    Some(folded_list("missed-callers", FoldedLook::Caller, headline(answer.value.len()), rows.collect_view()))
}

/// Takes somebody off the list.
fn see_to(query: Query<Vec<MissedCaller>>, announcer: Announcer, caller: CallId) {
    spawn_local(async move {
        match calls::see_to_caller(caller).await {
            Ok(()) => query.again(),
            Err(error) => announcer.refuse(format!("They are still on the list: {}", error.message)),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_caller_is_not_many() {
        assert!(headline(1).starts_with("Somebody"));
        assert!(headline(2).starts_with("2 people"));
    }
}

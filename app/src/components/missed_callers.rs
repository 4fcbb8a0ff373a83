use calls::MissedCaller;
use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::query::Query;

/// How many, in words.
fn headline(count: usize) -> String {
    match count {
        1 => "Somebody whom we do not know rang us and reached nobody".to_owned(),
        _ => format!("{count} people whom we do not know rang us and reached nobody"),
    }
}

/// People who rang in the last week and whom nobody rings back, since nobody knows them; folded, and nothing when there is none.
pub(crate) fn missed_callers(query: Query<Vec<MissedCaller>>) -> Option<impl IntoView> {
    let answer = query.answer().filter(|answer| !answer.value.is_empty())?;
    let rows = answer.value.iter().map(|caller| {
        let times = if caller.times > 1 { format!(" · {} times", caller.times) } else { String::new() };
        view! {
            <li class="grid grid-cols-[8rem_minmax(0,12rem)_minmax(0,1fr)] gap-3 py-1">
                <span>{caller.at.clone()}</span>
                <span class="truncate">{caller.number.clone().unwrap_or_else(|| "number withheld".to_owned())} {times}</span>
                <span class="text-muted">{caller.words.clone()}</span>
            </li>
        }
    });
    Some(view! {
        <details class="rounded-field border border-info/50 bg-info/8 px-4 py-2 text-dense" data-testid="missed-callers">
            <summary class="cursor-pointer font-semibold">
                <span class="mr-2 inline-flex align-[-2px] text-info">{icon(Icon::PhoneIncoming, "size-4")}</span>
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
    fn one_caller_is_not_many() {
        assert!(headline(1).starts_with("Somebody"));
        assert!(headline(2).starts_with("2 people"));
    }
}

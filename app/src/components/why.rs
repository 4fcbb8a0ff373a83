use std::sync::Arc;

use leptos::prelude::*;
use queue::{HandOut, Why};
use scoring::Score;

use super::card::{CARD, card_header};
use super::check_list::check_list;
use super::icon::{Icon, icon};
use crate::format::{age, factor, factors_in_a_line, first_sentence, points, score};
use crate::state::calls::Calls;
use crate::state::clock::{Clock, Received};
use crate::state::console::{Console, Task};

/// A fact older than this many milliseconds is amber and can be checked again.
const STALE: i64 = 60_000;

/// Why this call: a sentence, the checks that prove it, the score last. In a call it is what was so before, and folded: what is needed now comes first.
#[component]
pub(crate) fn WhyThisCall(why: Why, held: Arc<Received<HandOut>>) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let calls = expect_context::<Calls>();
    let is_in_call = Memo::new(move |_| calls.phase().is_some());
    let (first, rest) = first_sentence(&why.sentence);
    let (first, rest) = (first.to_owned(), rest.to_owned());
    let have_passed = why.checks.iter().all(|check| check.has_passed);
    let number = why.checks.len();
    move || {
        let (first, rest) = (first.clone(), rest.clone());
        let list = check_list(why.checks.clone(), &held, clock);
        let score_line = held.value.score.clone().map(|score| score_details(score, held.value.stored_score));
        if is_in_call.get() {
            view! {
                <details class=CARD data-testid="why-then">
                    <summary class="flex cursor-pointer items-center gap-2 px-4 py-2 text-dense">
                        <span class=if have_passed { "text-success" } else { "text-warning" }>{icon(Icon::ShieldCheck, "size-4")}</span>
                        <span class="min-w-0 flex-1">
                            <b class="font-semibold">"Why you called: "</b>
                            {first}
                            {have_passed.then(|| format!(" All {number} checks had passed."))}
                        </span>
                        {icon(Icon::ChevronDown, "size-4")}
                    </summary>
                    <div class="border-t border-base-300 px-4 py-3"><p>{rest}</p> {list}</div>
                    {score_line}
                </details>
            }
            .into_any()
        } else {
            view! {
                <section class=CARD aria-labelledby="why">
                    {card_header(Icon::CircleHelp, "why", "Why this call".into(), String::new(), view! { <ReadAge old=why.read_age_millis held=Arc::clone(&held) /> })}
                    <div class="px-4 pt-3 pb-3">
                        <p class="text-base leading-6"><b class="font-semibold">{first}</b>{rest}</p>
                        {list}
                    </div>
                    {score_line}
                </section>
            }
            .into_any()
        }
    }
}

/// How old what is shown is; when it is too old, the way to have it read again.
#[component]
fn ReadAge(old: i64, held: Arc<Received<HandOut>>) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let console = expect_context::<Console>();
    let millis = Memo::new(move |_| old + held.millis_ago(clock.now()));
    let is_stale = Memo::new(move |_| millis.get() > STALE);
    let is_busy = move || console.task() == Some(Task::CheckingAgain);
    view! {
        <span class=move || {
            if is_stale.get() {
                "inline-flex items-center gap-1 whitespace-nowrap text-xs text-warning"
            } else {
                "inline-flex items-center gap-1 whitespace-nowrap text-xs text-muted"
            }
        }>{icon(Icon::Clock, "size-3.5")} "read " {move || age(millis.get())}</span>
        <button type="button" class="btn btn-ghost btn-sm -mr-3" aria-disabled=move || if is_busy() { "true" } else { "false" } on:click=move |_| console.check_again()>
            {icon(Icon::RefreshCw, "size-4")} {move || if is_busy() { "Checking…" } else { "Check again" }}
        </button>
    }
}

/// The score with its factors, folded; beside it the one that the queue was ordered by.
pub(crate) fn score_details(answer: Score, stored: Option<f64>) -> impl IntoView {
    let recommendation = answer.recommendation();
    let line = factors_in_a_line(&answer.factors);
    let total = score(answer.total);
    let stored = stored.map(score);
    let sentence = match &stored {
        Some(stored) if *stored == total => "The queue was ordered by the same score.".to_owned(),
        Some(stored) => format!("The queue was ordered by {stored}; computed again just now it is {total}."),
        None => String::new(),
    };
    view! {
        <details class="border-t border-base-300 text-dense">
            <summary class="flex cursor-pointer items-center gap-2 px-4 py-2 text-muted">
                {icon(Icon::ListOrdered, "size-4")}
                <span class="min-w-0 flex-1"><b class="font-semibold text-base-content">"Score "{total.clone()}</b>{line}</span>
                {icon(Icon::ChevronDown, "size-4")}
            </summary>
            <div class="overflow-x-auto">
                <table class="table table-sm border-t border-base-300">
                    <caption class="sr-only">"What the score is made of"</caption>
                    <thead>
                        <tr>
                            <th scope="col">"Factor"</th>
                            <th scope="col">"Because"</th>
                            <th scope="col" class="text-right">"Points"</th>
                        </tr>
                    </thead>
                    <tbody>
                        {answer.factors.into_iter().map(|item| view! {
                            <tr>
                                <th scope="row" class="font-medium">{factor(&item.name)}</th>
                                <td class="text-muted">{item.detail}</td>
                                <td class="text-right">{points(item.points)}</td>
                            </tr>
                        }).collect_view()}
                    </tbody>
                    <tfoot>
                        <tr>
                            <th scope="row" colspan="2">"Score; lower is called sooner"</th>
                            <td class="text-right font-semibold text-base-content">{total}</td>
                        </tr>
                    </tfoot>
                </table>
            </div>
            <p class="border-t border-base-300 px-4 pt-2 text-base-content">{recommendation}</p>
            <p class="px-4 py-2 text-xs text-muted">{sentence}" Rules: "{answer.rule_set}"."</p>
        </details>
    }
}

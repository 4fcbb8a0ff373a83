use calls::Choice;
use kernel::QueueKind;
use leptos::ev::KeyboardEvent;
use leptos::html::H1;
use leptos::prelude::*;
use queue::PromiseFor;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use super::callback_time::CallbackTime;
use super::card::{CARD, card_header};
use super::icon::{Icon, icon};
use super::recording_notice::notice_missing;
use crate::format::{duration, initials, user_words};
use crate::parts::{FetchedPiece, WHO_RINGS};
use crate::state::calls::{Calls, Part};
use crate::state::console::{Console, Then};

/// What a key means in wrap-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Press {
    Choose(u8),
    Save(Then),
}

/// What this key means where it was pressed: digits mean themselves in a text field, and Enter presses a button.
fn press(key: &str, is_shift: bool, is_in_text: bool, is_on_button: bool) -> Option<Press> {
    match key {
        "Enter" if is_on_button => None,
        "Enter" => Some(Press::Save(if is_shift { Then::Pause } else { Then::Next })),
        _ if is_in_text => None,
        _ => key.parse().ok().filter(|key| (1..=9).contains(key)).map(Press::Choose),
    }
}

/// The choices in their groups: those with keys by whether somebody was reached, then the less common.
fn groups(choices: &[Choice]) -> [(&'static str, bool, Vec<Choice>); 4] {
    let of = |has_key: bool, is_reached: bool| {
        choices.iter().filter(|choice| choice.key.is_some() == has_key && choice.is_reached == is_reached).cloned().collect()
    };
    [
        ("Reached", true, of(true, true)),
        ("Not reached", true, of(true, false)),
        ("Less common, reached", false, of(false, true)),
        ("Not reached", false, of(false, false)),
    ]
}

/// What came of the call, and what will happen.
#[component]
pub(crate) fn WrapUpForm() -> impl IntoView {
    let calls = expect_context::<Calls>();
    let console = expect_context::<Console>();
    // Wherever the focus is, but for dialogues and menus: a click beside the outcomes takes it to nothing.
    let on_key = move |event: KeyboardEvent| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let is = |selector: &str| target.as_ref().is_some_and(|target| target.matches(selector).unwrap_or(false));
        let is_elsewhere = target.as_ref().is_some_and(|target| target.closest("dialog, [role=menu]").ok().flatten().is_some());
        if event.default_prevented() || event.alt_key() || event.ctrl_key() || event.meta_key() || is_elsewhere {
            return;
        }
        match press(
            &event.key(),
            event.shift_key(),
            is("textarea, input:not([type=radio], [type=checkbox])"),
            is("button, textarea, a, select, summary"),
        ) {
            Some(Press::Choose(key)) if calls.choose_by_key(key) => event.prevent_default(),
            Some(Press::Save(then)) => {
                event.prevent_default();
                if !event.repeat() && console.main.press() {
                    console.save(if calls.is_late() { Then::Stay } else { then });
                }
            }
            _ => {}
        }
    };
    let listener = window_event_listener(leptos::ev::keydown, on_key);
    on_cleanup(move || listener.remove());
    // What follows from a choice, and what it needs, is seen. The focus stays: another key chooses something else.
    let chosen = Memo::new(move |_| calls.choice().map(|choice| (choice.disposition, choice.needs_time)));
    Effect::new(move |_| {
        if let Some((_, needs_time)) = chosen.get() {
            request_animation_frame(move || {
                if let Some(part) = document().get_element_by_id(if needs_time { "callback-problem" } else { "what-follows" }) {
                    part.scroll_into_view_with_bool(false);
                }
            });
        }
    });
    let is_nobody = Memo::new(move |_| calls.map(|view| view.is_incoming && view.user_id.is_none()) == Some(true));
    let is_nobody = move || is_nobody.get();
    // What is at fault takes the focus.
    Effect::new(move |_| {
        let part = calls.problem.get().map(|(part, _)| part);
        let (id, words) = match part {
            Some(Part::Choice) => ("outcome-choices", "outcome-problem"),
            Some(Part::Time) => ("callback-at", "callback-problem"),
            Some(Part::Note) => ("note", "note-problem"),
            None => return,
        };
        request_animation_frame(move || {
            if let Some(field) = document().get_element_by_id(id).and_then(|field| field.dyn_into::<HtmlElement>().ok()) {
                let _ = field.focus();
            }
            // Why stands below the field, where the part that scrolls may end.
            if let Some(words) = document().get_element_by_id(words) {
                words.scroll_into_view_with_bool(false);
            }
        });
    });
    view! {
        <div class="flex flex-col gap-3">
            <Who />
            // Whoever rang may have said their name just before the end.
            {move || is_nobody().then(|| view! { <FetchedPiece piece=&WHO_RINGS /> })}
            <section class=CARD aria-labelledby="outcome">
                {card_header(
                    Icon::PenLine,
                    "outcome",
                    "What came of the call?".into(),
                    String::new(),
                    view! { <span class="text-xs text-muted">"press " <kbd class="kbd kbd-sm">"1"</kbd> " to " <kbd class="kbd kbd-sm">"9"</kbd></span> },
                )}
                <div
                    class="flex flex-wrap gap-x-3 gap-y-2 px-4 pt-2.5 pb-3"
                    role="radiogroup"
                    id="outcome-choices"
                    tabindex="-1"
                    aria-labelledby="outcome"
                    aria-describedby="outcome-problem"
                    aria-invalid=move || if matches!(calls.problem.get(), Some((Part::Choice, _))) { "true" } else { "false" }
                >
                    {move || {
                        let choices = calls.wrap_up(|wrap_up| wrap_up.choices.clone()).unwrap_or_default();
                        let groups = groups(&choices).into_iter().filter(|(_, _, choices)| !choices.is_empty());
                        groups.map(|group| choice_group(calls, group)).collect_view()
                    }}
                    <p class="w-full text-dense text-error empty:hidden" id="outcome-problem" role="alert">{move || problem_of(calls, Part::Choice)}</p>
                </div>
            </section>
            <Consequences />
        </div>
    }
}

fn problem_of(calls: Calls, part: Part) -> Option<String> {
    calls.problem.get().filter(|(at, _)| *at == part).map(|(_, words)| words)
}

/// Whom the call was with, and how it ended. Takes the focus when the call is over.
#[component]
fn Who() -> impl IntoView {
    let calls = expect_context::<Calls>();
    let heading = NodeRef::<H1>::new();
    expect_context::<Console>().focus_when_wanted(heading);
    let name = Memo::new(move |_| calls.map(|view| view.user_name.clone()).unwrap_or_default());
    let talked = move || {
        calls.map(|view| view.talk_seconds).flatten().map_or_else(|| "Ended".to_owned(), |seconds| format!("Ended · {}", duration(seconds)))
    };
    let end = move || calls.end_words();
    let number = move || {
        calls
            .map(|view| view.number.clone())
            .flatten()
            .map(|number| view! { <span class="inline-flex items-center gap-1">{icon(Icon::Phone, "size-3.5")} {number}</span> })
    };
    view! {
        <section class="flex flex-wrap items-center gap-x-4 gap-y-2 rounded-box border border-base-300 bg-base-100 px-4 py-3" aria-label="The person">
            <span class="grid size-11 shrink-0 place-items-center rounded-full bg-base-300 text-sm font-semibold" aria-hidden="true">{move || initials(&name.get())}</span>
            <div class="min-w-48 flex-1">
                <div class="flex flex-wrap items-center gap-x-3 gap-y-1">
                    <h1 class="text-lg leading-6 font-semibold break-words" tabindex="-1" node_ref=heading data-testid="person">{name}</h1>
                    <span class="badge badge-sm badge-soft badge-secondary whitespace-nowrap">{icon(Icon::PenLine, "size-3.5")} {talked}</span>
                </div>
                <p class="mt-0.5 flex flex-wrap items-center gap-x-3 gap-y-0.5 text-dense text-muted">
                    <span class="font-medium text-base-content" data-testid="end-words">{end}</span>
                    {number}
                    <span>{move || calls.map(|view| user_words(view.user_id))}</span>
                </p>
            </div>
            {notice_missing(calls)}
        </section>
    }
}

fn choice_group(calls: Calls, (legend, is_large, choices): (&'static str, bool, Vec<Choice>)) -> impl IntoView {
    let class = if is_large { "grid gap-2 sm:grid-cols-3" } else { "flex flex-wrap gap-1" };
    view! {
        <fieldset class=if is_large { "w-full" } else { "min-w-0" }>
            <legend class="mb-1 text-xs font-semibold text-muted">{legend}</legend>
            <div class=class>{choices.into_iter().map(|choice| choice_view(calls, choice)).collect_view()}</div>
        </fieldset>
    }
}

fn choice_view(calls: Calls, choice: Choice) -> impl IntoView {
    let disposition = choice.disposition;
    let is_chosen = move || calls.chosen.get() == Some(disposition);
    let input = view! {
        <input type="radio" name="disposition" class="sr-only" prop:checked=is_chosen on:change=move |_| calls.choose(disposition) />
    };
    let chosen = move |chosen: &'static str, other: &'static str| if is_chosen() { chosen } else { other };
    match choice.key {
        Some(key) => view! {
            <label class=move || {
                format!(
                    "relative flex cursor-pointer items-center gap-3 rounded-field border px-3 py-1.5 has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-primary {}",
                    chosen("border-primary bg-primary/8 ring-1 ring-primary", "border-base-300 hover:bg-base-200"),
                )
            }>
                {input}
                <kbd class=move || {
                    format!(
                        "grid size-8 shrink-0 place-items-center rounded-field font-sans text-base font-semibold {}",
                        chosen("bg-primary text-primary-content", "bg-base-200"),
                    )
                }>{key}</kbd>
                <span class="min-w-0 flex-1">
                    <span class="block leading-5 font-medium">{choice.label}</span>
                    <span class="block text-xs text-muted">{choice.hint}</span>
                </span>
                {move || is_chosen().then(|| view! { <span class="absolute right-1.5 bottom-1.5 text-primary">{icon(Icon::CircleCheck, "size-4")}</span> })}
            </label>
        }
        .into_any(),
        None => view! {
            <label class=move || {
                format!(
                    "inline-flex h-7 cursor-pointer items-center rounded-field border px-1.5 text-xs has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-primary {}",
                    chosen("border-primary bg-primary/8 font-semibold ring-1 ring-primary", "border-base-300 hover:bg-base-200"),
                )
            }>
                {input} {choice.label}
            </label>
        }
        .into_any(),
    }
}

/// What will happen if this is saved, and the fields that it needs.
#[component]
fn Consequences() -> impl IntoView {
    let calls = expect_context::<Calls>();
    let line =
        |term: &'static str, words: String, class: &'static str| view! { <dt class="text-muted">{term}</dt><dd class=class>{words}</dd> };
    let choice = Memo::new(move |_| calls.choice());
    // The time stays as it is being chosen while the screen hears anew of what would follow.
    let needs_time = Memo::new(move |_| choice.with(|choice| choice.as_ref().map(|choice| choice.needs_time)));
    let about = move || choice.get().map(|choice| view! { <span class="text-xs text-muted">"if you save “"{choice.label}"”"</span> });
    let lines = move || {
        choice.get().map(|choice| {
            view! {
                {line("Next attempt", choice.next_attempt, "font-semibold")}
                {line("Attempts", choice.attempts, "")}
                {choice.order.map(|order| line("Order", order, ""))}
                {choice.also.map(|also| line("Also", also, "font-semibold"))}
                {choice.doubt.map(|doubt| line("But", doubt, "font-semibold text-warning"))}
                {choice.needs_note.then(|| line("Needed", "a note: what did the person say?".to_owned(), ""))}
            }
        })
    };
    move || {
        let needs_time = needs_time.get()?;
        Some(view! {
            <section class=CARD id="what-follows" aria-labelledby="next">
                {card_header(Icon::CalendarClock, "next", "What will happen".into(), String::new(), about)}
                {needs_time.then(|| view! { <div class="border-b border-base-300 px-4 py-3"><Promised /></div> })}
                <dl class="grid grid-cols-[auto_1fr] content-start gap-x-4 gap-y-1.5 px-4 py-2.5 text-dense">{lines}</dl>
            </section>
        })
    }
}

/// When to call back.
#[component]
fn Promised() -> impl IntoView {
    let calls = expect_context::<Calls>();
    let to = Memo::new(move |_| {
        let asked_regardless = calls.is_asked_regardless.get();
        let of = |user, queue: Option<QueueKind>, is_incoming| PromiseFor::Call {
            user,
            queue: queue.unwrap_or(QueueKind::Callbacks),
            // A caller who asks to be rung has asked for themselves.
            asked_regardless: asked_regardless || is_incoming,
        };
        calls.map(|view| view.user_id.map(|user| of(user, view.queue, view.is_incoming))).flatten().unwrap_or(PromiseFor::Anybody)
    });
    let problem = Signal::derive(move || problem_of(calls, Part::Time));
    view! {
        <CallbackTime to value=calls.callback_at problem on_choice=Callback::new(move |()| calls.problem.set(None)) />
        <label class="mt-2 flex cursor-pointer items-start gap-2.5 text-dense">
            <input type="checkbox" class="checkbox checkbox-sm checkbox-primary mt-px" bind:checked=calls.is_asked_regardless />
            <span>"They asked to be rung then in any case, whether or not anything is still needed"</span>
        </label>
    }
}

#[cfg(test)]
mod tests {
    use calls::Disposition;

    use super::*;

    #[test]
    fn keys_choose_and_save_but_never_in_a_text_field() {
        assert_eq!(press("7", false, false, false), Some(Press::Choose(7)));
        assert_eq!(press("7", false, true, false), None);
        for key in ["0", "10", "x", "Tab", " "] {
            assert_eq!(press(key, false, false, false), None);
        }
        assert_eq!(press("Enter", false, false, false), Some(Press::Save(Then::Next)));
        assert_eq!(press("Enter", true, true, false), Some(Press::Save(Then::Pause)));
        assert_eq!(press("Enter", false, false, true), None);
    }

    #[test]
    fn choices_are_grouped_by_key_and_by_whether_somebody_was_reached() {
        let choice = |disposition, key, is_reached| Choice {
            disposition,
            label: String::new(),
            is_reached,
            key,
            hint: String::new(),
            next_attempt: String::new(),
            attempts: String::new(),
            order: None,
            needs_note: false,
            needs_time: false,
            also: None,
            doubt: None,
        };
        let choices = [
            choice(Disposition::Completed, Some(1), true),
            choice(Disposition::NoAnswer, Some(7), false),
            choice(Disposition::HungUp, None, true),
            choice(Disposition::Failed, None, false),
        ];
        let found =
            groups(&choices).map(|(_, is_large, choices)| (is_large, choices.iter().map(|choice| choice.disposition).collect::<Vec<_>>()));

        assert_eq!(found[0], (true, vec![Disposition::Completed]));
        assert_eq!(found[1], (true, vec![Disposition::NoAnswer]));
        assert_eq!(found[2], (false, vec![Disposition::HungUp]));
        assert_eq!(found[3], (false, vec![Disposition::Failed]));
    }
}

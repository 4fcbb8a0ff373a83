use chrono::{NaiveDate, NaiveDateTime};
use leptos::prelude::*;
use queue::{AskedTime, PromiseFor, PromiseTime, PromiseTimes};

use super::error_strip::query_strip;
use super::icon::{Icon, icon};
use super::typed_time::{DayField, read_day_and_time, time_field};
use crate::state::query::Query;
use crate::state::session::Session;

/// What is chosen.
#[derive(Clone, Debug, PartialEq)]
enum Choice {
    Nothing,
    Quick(PromiseTime),
    Other,
}

/// When to call back: quick choices, or a day and a time that are typed. It is said back in words, and what cannot be promised is refused
/// while it is being chosen: then `value` stays empty.
#[component]
pub(crate) fn CallbackTime(
    /// The question.
    #[prop(default = "When?")]
    label: &'static str,
    /// Whom it is promised to.
    #[prop(into)]
    to: Signal<PromiseFor>,
    /// The time as the server's field has it.
    value: RwSignal<String>,
    /// What was wrong when it was saved.
    #[prop(into)]
    problem: Signal<Option<String>>,
    /// Something else was chosen.
    on_choice: Callback<()>,
) -> impl IntoView {
    let (day, time) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let choice = RwSignal::new(Choice::Nothing);
    // What was chosen before the form was drawn anew.
    if let Some((typed_day, typed_time)) = typed(&value.get_untracked()) {
        day.set(typed_day);
        time.set(typed_time);
        choice.set(Choice::Other);
    }
    let asked = RwSignal::new(None::<String>);
    let times: Query<PromiseTimes> = Query::new(
        expect_context::<Session>(),
        move || {
            to.track();
            asked.track();
        },
        move || queue::promise_times(to.get_untracked(), asked.get_untracked()),
    );
    let today = Memo::new(move |_| times.map(|times| times.today));
    // What is typed, as it can be asked for.
    let read = Memo::new(move |_| {
        let today = today.get()?;
        (choice.get() == Choice::Other).then(|| day.with(|day| time.with(|time| read_day_and_time(day, time, Some(today)))))
    });
    Effect::new(move |_| {
        let wanted = read.get().and_then(Result::ok).flatten();
        if asked.with_untracked(|asked| *asked != wanted) {
            asked.set(wanted);
        }
    });
    // The answer about what is typed now, not about what was typed before.
    let answer = Memo::new(move |_| {
        let wanted = asked.get()?;
        times.map(|times| times.asked.clone().filter(|answer| answer.at == wanted)).flatten()
    });
    Effect::new(move |_| {
        let wanted = match choice.get() {
            Choice::Nothing => String::new(),
            Choice::Quick(time) => time.at,
            Choice::Other => answer.get().filter(|answer| answer.refused.is_none()).map(|answer| answer.at).unwrap_or_default(),
        };
        if value.with_untracked(|value| *value != wanted) {
            value.set(wanted);
        }
    });
    let choose = move |chosen: Choice| {
        on_choice.run(());
        choice.set(chosen);
    };
    let chip = move |time: PromiseTime| {
        let at = time.at.clone();
        let is_chosen = Memo::new(move |_| choice.with(|choice| matches!(choice, Choice::Quick(chosen) if chosen.at == at)));
        let (label, hint) = (time.label.clone(), time.hint.clone());
        chip_button(label, hint, is_chosen.into(), Callback::new(move |()| choose(Choice::Quick(time.clone()))))
    };
    // A chip that is there keeps the focus when the same choices come again.
    let offered = Memo::new(move |_| times.map(|times| times.choices.clone()));
    let chips = move || match (offered.get(), times.error().filter(|_| offered.with(Option::is_none))) {
        (Some(choices), _) => choices.into_iter().map(chip).collect_view().into_any(),
        (None, Some(error)) => query_strip(times, "The times could not be read", &error).into_any(),
        (None, None) => view! { <span class="skeleton h-11 w-40"></span> }.into_any(),
    };
    let is_other = Memo::new(move |_| choice.get() == Choice::Other);
    let use_instead = move |instead: PromiseTime| {
        if let Some((typed_day, typed_time)) = typed(&instead.at) {
            on_choice.run(());
            day.set(typed_day);
            time.set(typed_time);
        }
    };
    let other = move || {
        let today: Option<NaiveDate> = today.get();
        is_other.get().then(|| {
            view! {
                <div class="flex flex-wrap items-start gap-2">
                    <div class="w-60 max-w-full">
                        <DayField label="Day" id="callback-day" text=day today example="Thursday or 26 November" on_typed=on_choice />
                    </div>
                    <div class="flex w-28 flex-col gap-1">
                        <label class="font-medium" for="callback-clock">"Time"</label>
                        {time_field("Time".to_owned(), Some("callback-clock".to_owned()), time, on_choice)}
                    </div>
                </div>
            }
        })
    };
    let outcome = Memo::new(move |_| match choice.get() {
        Choice::Nothing => Said::Nothing,
        Choice::Quick(time) => Said::Promised(time.said),
        Choice::Other => match (read.get(), answer.get()) {
            (Some(Err(words)), _) => Said::Unfinished(words),
            (_, Some(AskedTime { refused: Some(words), instead, .. })) => Said::Refused(words, instead),
            (_, Some(AskedTime { said, .. })) => Said::Promised(said),
            _ => Said::Nothing,
        },
    });
    let words = move || {
        match outcome.get() {
        Said::Nothing => ().into_any(),
        // Somebody is still writing.
        Said::Unfinished(words) => view! { <p class="text-muted">{words}</p> }.into_any(),
        Said::Promised(said) => view! {
            <p class="flex items-start gap-2" data-testid="promised">
                <span class="mt-0.5 text-success">{icon(Icon::CircleCheck, "size-4")}</span>
                <span>"Call back on "<b class="font-semibold">{said}</b>"."</span>
            </p>
        }
        .into_any(),
        Said::Refused(words, instead) => view! {
            <div class="flex flex-wrap items-center justify-between gap-2">
                <p class="flex items-start gap-2 text-error" data-testid="refused">
                    <span class="mt-0.5">{icon(Icon::OctagonAlert, "size-4")}</span>
                    <span>{words}</span>
                </p>
                {instead.map(|instead| {
                    let label = format!("Use {}", instead.said);
                    view! {
                        <button type="button" class="btn btn-sm btn-outline btn-primary" on:click=move |_| use_instead(instead.clone())>{label}</button>
                    }
                })}
            </div>
        }
        .into_any(),
    }
    };
    view! {
        <fieldset class="flex min-w-0 flex-col gap-2 text-dense">
            <legend class="mb-1.5 font-medium">{label}</legend>
            <div
                class="flex flex-wrap gap-1.5"
                id="callback-at"
                tabindex="-1"
                role="group"
                aria-label="Times"
                aria-describedby="callback-hours callback-problem"
            >
                {chips}
                {chip_button("Other…".to_owned(), "day and time".to_owned(), is_other.into(), Callback::new(move |()| {
                    choose(Choice::Other);
                    request_animation_frame(|| focus("callback-day"));
                }))}
            </div>
            {other}
            <div aria-live="polite" id="callback-said">{words}</div>
            <p class="text-xs text-muted" id="callback-hours">{move || times.map(|times| times.hours.clone())}</p>
            <p class="text-error empty:hidden" id="callback-problem" role="alert">{move || problem.get()}</p>
        </fieldset>
    }
}

/// What is said below the choices.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    Nothing,
    Unfinished(String),
    Promised(String),
    Refused(String, Option<PromiseTime>),
}

fn chip_button(label: String, hint: String, is_chosen: Signal<bool>, choose: Callback<()>) -> impl IntoView {
    view! {
        <button
            type="button"
            class=move || {
                let colours = if is_chosen.get() { "border-primary bg-primary/8 text-primary ring-1 ring-primary" } else { "" };
                format!("btn h-11 min-h-0 flex-col gap-0 px-3 text-dense leading-4 {colours}")
            }
            aria-pressed=move || if is_chosen.get() { "true" } else { "false" }
            on:click=move |_| choose.run(())
        >
            <span>{label}</span>
            <span class="text-xs font-normal text-muted">{hint}</span>
        </button>
    }
}

fn focus(id: &str) {
    use wasm_bindgen::JsCast;
    if let Some(field) = document().get_element_by_id(id).and_then(|field| field.dyn_into::<web_sys::HtmlElement>().ok()) {
        let _ = field.focus();
    }
}

/// A time of the server's as it is typed: `26 November 2026`, `14:05`.
fn typed(field: &str) -> Option<(String, String)> {
    let at = NaiveDateTime::parse_from_str(field, "%Y-%m-%dT%H:%M").ok()?;
    Some((at.format("%-d %B %Y").to_string(), at.format("%H:%M").to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_the_server_is_shown_as_it_is_typed() {
        assert_eq!(typed("2026-11-26T09:05"), Some(("26 November 2026".to_owned(), "09:05".to_owned())));
        assert_eq!(typed(""), None);
    }
}

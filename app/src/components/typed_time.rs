//! Days and times that are typed, and said back. The browser's own pickers show them as its country does, so none is used.

use chrono::NaiveDate;
use leptos::prelude::*;
use queue::{british_weekday, read_coming_day, read_day, read_time};

/// How a field's text reads, or an example.
fn said_back(text: &str, today: Option<NaiveDate>) -> String {
    let read = today.map_or_else(|| read_day(text), |today| read_coming_day(text, today));
    match read {
        Ok(day) => british_weekday(day),
        Err(_) if text.trim().is_empty() => String::new(),
        Err(_) => "For example 25 December 2027 or 25/12/2027".to_owned(),
    }
}

/// A field for a day, which is said back below it in words. What reads `text` says what is wrong with it.
#[component]
pub(crate) fn DayField(
    /// Its name.
    label: &'static str,
    /// Its id, which is that of the page's field.
    id: &'static str,
    /// What is typed.
    text: RwSignal<String>,
    /// Today, where the day is still to come: then it needs no year.
    #[prop(optional_no_strip)]
    today: Option<NaiveDate>,
    /// What stands in the empty field.
    #[prop(default = "25 December 2026")]
    example: &'static str,
    /// What is wrong with it, in words.
    #[prop(into, default = Signal::stored(None))]
    problem: Signal<Option<String>>,
    /// Something was typed.
    #[prop(optional)]
    on_typed: Option<Callback<()>>,
    /// It is left, or Enter was pressed.
    #[prop(optional)]
    on_done: Option<Callback<()>>,
) -> impl IntoView {
    let (said_id, problem_id) = (format!("{id}-said"), format!("{id}-problem"));
    view! {
        <div class="flex min-w-0 flex-col gap-1">
            <label class="font-medium" for=id>{label}</label>
            <input
                id=id
                class="input input-sm w-full"
                autocomplete="off"
                spellcheck="false"
                maxlength="60"
                placeholder=example
                aria-describedby=format!("{said_id} {problem_id}")
                aria-invalid=move || if problem.with(Option::is_some) { "true" } else { "false" }
                bind:value=text
                on:input=move |_| if let Some(typed) = on_typed { typed.run(()) }
                on:change=move |_| if let Some(done) = on_done { done.run(()) }
            />
            <span class="text-xs text-muted empty:hidden" id=said_id aria-live="polite">{move || text.with(|text| said_back(text, today))}</span>
            <span class="text-error empty:hidden" id=problem_id role="alert">{move || problem.get()}</span>
        </div>
    }
}

/// A field for a time of day. What is typed otherwise becomes `14:05` when the field is left.
pub(crate) fn time_field(label: String, id: Option<String>, text: RwSignal<String>, on_typed: Callback<()>) -> impl IntoView {
    let tidy = move |_| {
        if let Ok(time) = text.with_untracked(|text| read_time(text)) {
            text.set(time.format("%H:%M").to_string());
        }
    };
    view! {
        <input
            class="input input-sm w-full"
            id=id
            autocomplete="off"
            spellcheck="false"
            maxlength="12"
            placeholder="14:05"
            aria-label=label
            bind:value=text
            on:input=move |_| on_typed.run(())
            on:change=tidy
        />
    }
}

/// A day and a time as the server's fields have them, `2026-11-24T14:30`; what is wrong with them, in words. Nothing typed is nothing.
pub(crate) fn read_day_and_time(day: &str, time: &str, today: Option<NaiveDate>) -> Result<Option<String>, String> {
    let read = |day: &str| today.map_or_else(|| read_day(day), |today| read_coming_day(day, today));
    match (day.trim().is_empty(), time.trim().is_empty()) {
        (true, true) => Ok(None),
        (true, false) => Err("Write the day too, for example 26 November 2026.".to_owned()),
        (false, true) => read(day).and(Err("Write the time too, for example 14:05.".to_owned())),
        (false, false) => {
            let (day, time) = (read(day)?, read_time(time)?);
            Ok(Some(format!("{day}T{}", time.format("%H:%M"))))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_day_is_said_back_as_soon_as_it_is_one() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 24);
        assert_eq!(said_back("25/12/2027", None), "Saturday 25 December 2027");
        assert_eq!(said_back("28 may 2027", None), "Friday 28 May 2027");
        assert_eq!(said_back("thursday", today), "Thursday 26 November 2026");
        assert_eq!(said_back("", None), "");
        for unfinished in ["25", "25/12", "31 April 2027", "thursday"] {
            assert!(said_back(unfinished, None).starts_with("For example"), "{unfinished}");
        }
    }

    #[test]
    fn a_day_and_a_time_are_read_together() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 24);
        let read = |day, time| read_day_and_time(day, time, today);
        assert_eq!(read(" ", ""), Ok(None));
        assert_eq!(read("Thursday", "2pm"), Ok(Some("2026-11-26T14:00".to_owned())));
        assert_eq!(read("26 November 2026", "14:05"), Ok(Some("2026-11-26T14:05".to_owned())));
        assert_eq!(read("Thursday", ""), Err("Write the time too, for example 14:05.".to_owned()));
        assert!(read("", "14:05").is_err() && read("31 April", "").unwrap_err() != "Write the time too, for example 14:05.");
        assert_eq!(read("Thursday", "25:00"), Err("There is no such time. Write it as 14:05.".to_owned()));
    }

    /// A browser shows its own pickers in the form of its own country: 11/26/2026 and 2:05 PM in many a British office.
    #[test]
    fn no_page_uses_a_date_picker_of_the_browser() {
        let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
        let mut files = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                for kind in ["date", "datetime-local", "time", "month", "week"] {
                    let picker = format!("type={kind:?}");
                    assert!(!text.contains(&picker), "{}: {picker}", path.display());
                }
            }
        }
        assert!(files > 50, "only {files} files were looked at");
    }
}

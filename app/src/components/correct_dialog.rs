use calls::{Choice, Correctable, Correction, Disposition, LONGEST_REASON};
use kernel::{CallId, WireError};
use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use queue::PromiseFor;
use web_sys::Event;

use super::callback_time::CallbackTime;
use super::dialog::{DIALOG, close, keep_focus, open_when_drawn};
use super::error_strip::{error_strip, query_strip};
use super::skeleton::list_skeleton;
use crate::state::address::Address;
use crate::state::announce::Announcer;
use crate::state::query::Query;
use crate::state::session::Session;

/// A part of the dialogue that can be at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Outcome,
    Time,
    Note,
    Reason,
}

/// What is wrong with what would be sent: where, and in words. The server's own rules are the server's.
fn problem(choice: Option<&Choice>, notes: &str, callback_at: &str, reason: &str) -> Option<(Part, &'static str)> {
    match choice {
        None => Some((Part::Outcome, "Choose what came of the call.")),
        Some(choice) if choice.needs_time && callback_at.is_empty() => Some((Part::Time, "Choose when to call back.")),
        Some(choice) if choice.needs_note && notes.trim().is_empty() => Some((Part::Note, "Write in the note what the person said.")),
        Some(_) if reason.trim().is_empty() => Some((Part::Reason, "Please say why, for whoever asks later.")),
        Some(_) => None,
    }
}

/// Where the server's refusal belongs; elsewhere it is shown as a failure.
fn part_at_fault(error: &WireError) -> Option<Part> {
    match error.field.as_deref()? {
        "disposition" => Some(Part::Outcome),
        "callback_at" => Some(Part::Time),
        "notes" => Some(Part::Note),
        "reason" => Some(Part::Reason),
        _ => None,
    }
}

/// What is typed until it is sent.
#[derive(Clone, Copy)]
struct Draft {
    chosen: RwSignal<Option<Disposition>>,
    callback_at: RwSignal<String>,
    is_asked_regardless: RwSignal<bool>,
    /// None: as it stands.
    notes: RwSignal<Option<String>>,
    reason: RwSignal<String>,
}

/// Puts right what was recorded of a call.
#[component]
pub(crate) fn CorrectDialog(id: CallId, name: String, on_done: Callback<()>, on_close: Callback<()>) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let address = expect_context::<Address>();
    let form: Query<Correctable> = Query::new(expect_context::<Session>(), || (), move || calls::correctable(id));
    let draft = Draft {
        chosen: RwSignal::new(None),
        callback_at: RwSignal::new(String::new()),
        is_asked_regardless: RwSignal::new(false),
        notes: RwSignal::new(None),
        reason: RwSignal::new(String::new()),
    };
    let is_typed = Memo::new(move |_| draft.notes.with(Option::is_some) || draft.reason.with(|reason| !reason.trim().is_empty()));
    Effect::new(move |_| address.has_unsaved.set(is_typed.get()));
    on_cleanup(move || address.has_unsaved.set(false));
    open_when_drawn(dialog);
    let dismiss = move || {
        let words = "What you typed here is not stored. Close it all the same?";
        if !is_typed.get_untracked() || window().confirm_with_message(words).unwrap_or(true) {
            close(dialog);
        }
    };
    // Made once: typing is not disturbed when it is asked for again.
    let is_read = Memo::new(move |was: Option<&bool>| was == Some(&true) || form.map(|_| ()).is_some());
    let body = move || {
        if is_read.get() {
            return view! { <Fields id form draft dialog on_done dismiss=Callback::new(move |()| dismiss()) /> }.into_any();
        }
        let waiting = move || match form.error() {
            Some(error) => view! { <div class="p-5">{query_strip(form, "The outcome cannot be corrected", &error)}</div> }.into_any(),
            None => list_skeleton(3).into_any(),
        };
        view! {
            {waiting}
            <footer class="flex justify-end border-t border-base-300 px-5 py-3">
                <button type="button" class="btn" on:click=move |_| dismiss()>"Close"</button>
            </footer>
        }
        .into_any()
    };
    view! {
        <dialog
            node_ref=dialog
            class=format!("{DIALOG} max-w-xl")
            aria-labelledby="correct-title"
            on:close=move |_| on_close.run(())
            on:cancel=move |event: Event| {
                event.prevent_default();
                dismiss();
            }
            on:keydown=keep_focus
        >
            <header class="border-b border-base-300 px-5 py-4 short:py-2">
                <h2 class="text-lg leading-6 font-semibold" id="correct-title">"Correct what came of the call with "{name}</h2>
                <p class="mt-0.5 text-dense text-muted">"What stands now is kept, with your name and why."</p>
            </header>
            {body}
        </dialog>
    }
}

#[component]
fn Fields(
    id: CallId,
    form: Query<Correctable>,
    draft: Draft,
    dialog: NodeRef<Dialog>,
    on_done: Callback<()>,
    dismiss: Callback<()>,
) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let problem_at = RwSignal::new(None::<(Part, String)>);
    let failed = RwSignal::new(None::<WireError>);
    let is_busy = RwSignal::new(false);
    let choice = Memo::new(move |_| {
        let chosen = draft.chosen.get()?;
        form.map(|form| form.choices.iter().find(|choice| choice.disposition == chosen).cloned()).flatten()
    });
    let standing_notes = move || form.map(|form| form.notes.clone()).unwrap_or_default();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let Some(instead_of) = form.map(|form| form.standing) else { return };
        let choice = choice.get_untracked();
        let notes = draft.notes.get_untracked();
        let (callback_at, reason) = (draft.callback_at.get_untracked(), draft.reason.get_untracked());
        let shown = notes.clone().unwrap_or_else(|| untrack(standing_notes));
        let wrong = problem(choice.as_ref(), &shown, &callback_at, &reason);
        problem_at.set(wrong.map(|(part, words)| (part, words.to_owned())));
        let Some(choice) = choice.filter(|_| wrong.is_none() && !is_busy.get_untracked()) else { return };
        is_busy.set(true);
        failed.set(None);
        let correction = Correction {
            instead_of,
            disposition: choice.disposition,
            notes,
            // What needs no time takes none.
            callback_at: choice.needs_time.then_some(callback_at),
            asked_regardless: choice.needs_time && draft.is_asked_regardless.get_untracked(),
            reason,
        };
        spawn_local(async move {
            let result = calls::correct(id, correction).await;
            let _ = is_busy.try_set(false);
            match result {
                Ok(recorded) => {
                    announcer.show(recorded.words);
                    on_done.run(());
                    close(dialog);
                }
                Err(error) => {
                    if let Some(part) = part_at_fault(&error) {
                        let _ = problem_at.try_set(Some((part, error.message)));
                    } else {
                        let _ = failed.try_set(Some(error));
                        // Something else may stand by now.
                        form.again();
                        on_done.run(());
                    }
                }
            }
        });
    };
    let problem_of = move |part| problem_at.get().filter(|(at, _)| *at == part).map(|(_, words)| words);
    let is_invalid = move |part| if problem_of(part).is_some() { "true" } else { "false" };
    let options = move || {
        let option = |choice: &Choice| {
            let disposition = choice.disposition;
            let is_chosen = move || draft.chosen.get() == Some(disposition);
            view! { <option value=disposition.as_str() prop:selected=is_chosen>{choice.label.clone()}</option> }
        };
        form.map(|form| form.choices.iter().map(option).collect_view())
    };
    let follows = move || {
        choice.get().map(|choice| {
            view! {
                <dl class="mt-2 grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1">
                    <dt class="text-muted">"Next attempt"</dt><dd class="font-semibold">{choice.next_attempt}</dd>
                    {choice.also.map(|also| view! { <dt class="text-muted">"Also"</dt><dd>{also}</dd> })}
                </dl>
            }
        })
    };
    let needs_time = Memo::new(move |_| choice.get().is_some_and(|choice| choice.needs_time));
    let time = move || {
        needs_time.get().then(|| {
            let problem = Signal::derive(move || problem_of(Part::Time));
            view! {
                <div>
                    <CallbackTime to=Signal::stored(PromiseFor::Anybody) value=draft.callback_at problem on_choice=Callback::new(move |()| problem_at.set(None)) />
                    <label class="mt-2 flex cursor-pointer items-start gap-2.5">
                        <input type="checkbox" class="checkbox checkbox-sm checkbox-primary mt-px" bind:checked=draft.is_asked_regardless />
                        <span>"They asked to be rung then in any case, whether or not anything is still needed"</span>
                    </label>
                </div>
            }
        })
    };
    view! {
        <form on:submit=submit novalidate>
            <div class="flex max-h-[60vh] flex-col gap-4 overflow-y-auto px-5 py-4 text-dense">
                <div>
                    <label class="mb-1 block font-medium" for="correct-outcome">"What came of it in truth?"</label>
                    <select
                        id="correct-outcome"
                        class="select select-sm w-full"
                        aria-describedby="correct-outcome-problem"
                        aria-invalid=move || is_invalid(Part::Outcome)
                        on:change=move |event| {
                            let value = event_target_value(&event);
                            draft.chosen.set(Disposition::ALL.into_iter().find(|of| of.as_str() == value));
                            problem_at.set(None);
                        }
                    >
                        <option value="" prop:selected=move || draft.chosen.get().is_none()>"Choose…"</option>
                        {options}
                    </select>
                    <p class="pt-1 text-error empty:hidden" id="correct-outcome-problem" role="alert">{move || problem_of(Part::Outcome)}</p>
                    {follows}
                </div>
                {time}
                <div>
                    <label class="mb-1 block font-medium" for="correct-note">"Note"</label>
                    <textarea
                        id="correct-note"
                        class="textarea w-full leading-5"
                        rows="4"
                        aria-describedby="correct-note-problem"
                        aria-invalid=move || is_invalid(Part::Note)
                        prop:value=move || draft.notes.get().unwrap_or_else(standing_notes)
                        on:input:target=move |event| {
                            draft.notes.set(Some(event.target().value()));
                            problem_at.set(None);
                        }
                    ></textarea>
                    <p class="pt-1 text-error empty:hidden" id="correct-note-problem" role="alert">{move || problem_of(Part::Note)}</p>
                </div>
                <div>
                    <label class="mb-1 block font-medium" for="correct-reason">"Why is it corrected?"</label>
                    <input
                        id="correct-reason"
                        class="input input-sm w-full"
                        maxlength=LONGEST_REASON
                        aria-describedby="correct-reason-problem"
                        aria-invalid=move || is_invalid(Part::Reason)
                        bind:value=draft.reason
                        on:input=move |_| problem_at.set(None)
                    />
                    <p class="pt-1 text-error empty:hidden" id="correct-reason-problem" role="alert">{move || problem_of(Part::Reason)}</p>
                </div>
                {move || failed.get().map(|error| error_strip("The outcome was not corrected", &error, None))}
            </div>
            <footer class="flex flex-wrap justify-end gap-2 border-t border-base-300 px-5 py-3">
                <button type="button" class="btn" on:click=move |_| dismiss.run(())>"Leave it"</button>
                <button type="submit" class="btn btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                    {move || if is_busy.get() { "Correcting…" } else { "Correct it" }}
                </button>
            </footer>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(disposition: Disposition) -> Choice {
        Choice {
            disposition,
            label: String::new(),
            is_reached: true,
            key: None,
            hint: String::new(),
            next_attempt: String::new(),
            attempts: String::new(),
            order: None,
            needs_note: disposition == Disposition::DoNotContact,
            needs_time: disposition == Disposition::CallbackRequested,
            also: None,
            doubt: None,
        }
    }

    #[test]
    fn what_is_missing_is_said_where_it_is_missing() {
        let part = |disposition: Option<Disposition>, notes, at, reason| {
            problem(disposition.map(choice).as_ref(), notes, at, reason).map(|(part, _)| part)
        };
        assert_eq!(part(None, "", "", ""), Some(Part::Outcome));
        assert_eq!(part(Some(Disposition::NoAnswer), "", "", " "), Some(Part::Reason));
        assert_eq!(part(Some(Disposition::NoAnswer), "", "", "Wrong key"), None);
        assert_eq!(part(Some(Disposition::CallbackRequested), "", "", "Wrong key"), Some(Part::Time));
        assert_eq!(part(Some(Disposition::DoNotContact), " ", "", "Wrong key"), Some(Part::Note));
    }

    #[test]
    fn what_the_server_refuses_is_said_at_the_field_at_fault() {
        let part = |error: calls::CallsError| part_at_fault(&error.into());
        assert_eq!(part(calls::CallsError::SameOutcome), Some(Part::Outcome));
        assert_eq!(part(calls::CallsError::TimeNeeded), Some(Part::Time));
        assert_eq!(part(calls::CallsError::NoteNeeded), Some(Part::Note));
        assert_eq!(part(calls::CallsError::ReasonNeeded), Some(Part::Reason));
        assert_eq!(part(calls::CallsError::DayIsOver), None);
    }
}

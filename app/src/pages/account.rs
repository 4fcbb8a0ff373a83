use auth::SessionLine;
use kernel::{ErrorCode, WireError};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::{Missing, provided, set_title};
use crate::components::account_events::AccountEvents;
use crate::components::card::card;
use crate::components::dialog::ConfirmDialog;
use crate::components::error_strip::error_strip;
use crate::components::icon::Icon;
use crate::components::page_header::PageHeader;
use crate::components::sessions_list::SessionsList;
use crate::components::staff_dialogs::password_problem;
use crate::format::{counted, initials};
use crate::state::announce::Announcer;
use crate::state::live::Live;
use crate::state::query::Query;
use crate::state::session::{Session, role_label};

/// One's own password, browsers, and what happened to one's account.
#[component]
pub(crate) fn Account() -> impl IntoView {
    account()
}

fn account() -> Result<impl IntoView, Missing> {
    set_title("My account");
    let session = provided::<Session>("session")?;
    let live = provided::<Live>("event stream")?;
    let sessions = Query::new(session, move || live.me.track(), auth::sessions);
    let name = Memo::new(move |_| session.map(|me| me.value.name.clone()).unwrap_or_default());
    let second = Memo::new(move |_| {
        session.map(|me| {
            let queues = me
                .value
                .queues
                .as_ref()
                .map_or_else(|| "all queues".to_owned(), |queues| queues.iter().map(|queue| queue.label()).collect::<Vec<_>>().join(", "));
            format!("{} · {} · {queues}", me.value.email, role_label(me.value.role))
        })
    });
    Ok(view! {
        <PageHeader title="My account" words=Signal::stored(Some("Your password, your browsers, and what happened".to_owned())) />
        <main id="main" tabindex="-1" class="min-h-0 min-w-0 overflow-y-auto lg:row-span-2">
            <div class="mx-auto flex max-w-5xl flex-col gap-3 p-4 max-lg:p-2">
                <div class="flex items-center gap-3 pb-1">
                    <span class="grid size-11 shrink-0 place-items-center rounded-full bg-neutral text-sm font-semibold text-neutral-content" aria-hidden="true">{move || initials(&name.get())}</span>
                    <div class="min-w-0">
                        <h2 class="text-xl leading-7 font-semibold [overflow-wrap:anywhere]">{name}</h2>
                        <p class="text-dense text-muted [overflow-wrap:anywhere]">{second}</p>
                    </div>
                </div>
                <div class="grid grid-cols-1 items-start gap-3 lg:grid-cols-2">
                    <PasswordCard sessions />
                    <div class="flex min-w-0 flex-col gap-3">
                        <Browsers session sessions />
                        {card("account-events", Icon::History, "What happened to your account", (), view! {
                            <AccountEvents agent=None />
                            <p class="border-t border-base-300 px-4 py-2 text-xs text-muted">"Is there something that you did not do? Tell your administrator, and change your password."</p>
                        })}
                    </div>
                </div>
            </div>
        </main>
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Old,
    New,
}

/// The first thing that is wrong, before it is sent.
fn problem_of(old: &str, new: &str) -> Option<(Field, String)> {
    if old.is_empty() {
        return Some((Field::Old, "Enter your current password.".to_owned()));
    }
    if new.is_empty() {
        return Some((Field::New, "Enter a new password.".to_owned()));
    }
    if old == new {
        return Some((Field::New, "This is your current password. Choose another one.".to_owned()));
    }
    password_problem(new).map(|words| (Field::New, words.to_owned()))
}

#[component]
fn PasswordCard(sessions: Query<Vec<SessionLine>>) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let session = expect_context::<Session>();
    let (old, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<(Field, String)>);
    let failed = RwSignal::new(None::<WireError>);
    let is_busy = RwSignal::new(false);
    let refuse = move |(field, words): (Field, String)| {
        let id = match field {
            Field::Old => "old-password",
            Field::New => "new-password",
        };
        if let Some(input) = document().get_element_by_id(id).and_then(|input| input.dyn_into::<HtmlElement>().ok()) {
            let _ = input.focus();
        }
        problem.set(Some((field, words)));
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        problem.set(None);
        failed.set(None);
        let typed = (old.get_untracked(), new.get_untracked());
        if let Some(problem) = problem_of(&typed.0, &typed.1) {
            return refuse(problem);
        }
        is_busy.set(true);
        announcer.clear();
        spawn_local(async move {
            let done = auth::change_password(typed.0, typed.1).await;
            if is_busy.try_set(false).is_some() {
                return;
            }
            match done {
                Ok(()) => {
                    old.set(String::new());
                    new.set(String::new());
                    sessions.again();
                    announcer.show("Your password is changed. Other browsers are signed out.");
                }
                Err(error) if error.code == ErrorCode::Unprocessable => refuse((Field::Old, error.message)),
                Err(error) => {
                    session.noticed(&error);
                    failed.set(Some(error));
                }
            }
        });
    };
    let field = move |label: &'static str,
                      id: &'static str,
                      what: Field,
                      complete: &'static str,
                      value: RwSignal<String>,
                      hint: Option<&'static str>| {
        let words = move || problem.get().filter(|(at, _)| *at == what).map(|(_, words)| words);
        let (problem_id, hint_id) = (format!("{id}-problem"), format!("{id}-hint"));
        view! {
            <div class="flex flex-col gap-1">
                <label class="text-dense font-medium" for=id>{label}</label>
                <input
                    id=id
                    class="input w-full"
                    type="password"
                    autocomplete=complete
                    aria-describedby=format!("{problem_id} {hint_id}")
                    aria-invalid=move || if words().is_some() { "true" } else { "false" }
                    bind:value=value
                    on:input=move |_| problem.set(None)
                />
                <span class="text-dense text-error empty:hidden" id=problem_id role="alert">{words}</span>
                <span class="text-xs text-muted empty:hidden" id=hint_id>{hint}</span>
            </div>
        }
    };
    let body = view! {
        <form class="flex flex-col gap-3 px-4 py-3" aria-label="Change the password" on:submit=submit novalidate>
            {field("Current password", "old-password", Field::Old, "current-password", old, None)}
            {field("New password", "new-password", Field::New, "new-password", new, Some("At least 12 characters. Three words you can remember are better than one odd one."))}
            {move || failed.get().map(|error| error_strip("Your password is as it was", &error, None))}
            <div class="flex flex-wrap items-center gap-3">
                <button type="submit" class="btn btn-sm btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                    {move || if is_busy.get() { "Changing…" } else { "Change password" }}
                </button>
                <span class="min-w-40 flex-1 text-xs text-muted">"You stay signed in here. Other browsers are signed out."</span>
            </div>
        </form>
    };
    card("password", Icon::KeyRound, "Password", (), body)
}

/// What is asked before a session is ended.
#[derive(Clone, Debug, PartialEq)]
enum Asked {
    One(SessionLine),
    Others,
}

#[component]
fn Browsers(session: Session, sessions: Query<Vec<SessionLine>>) -> impl IntoView {
    let announcer = expect_context::<Announcer>();
    let asked = RwSignal::new(None::<Asked>);
    let failed = RwSignal::new(None::<WireError>);
    let act = move |what: Asked| {
        failed.set(None);
        announcer.clear();
        spawn_local(async move {
            let (done, said) = match what {
                Asked::One(line) => (auth::end_session(line.session).await, format!("You are signed out on {}.", line.device)),
                Asked::Others => (auth::end_other_sessions().await, "You are signed out in all other browsers.".to_owned()),
            };
            sessions.again();
            match done {
                Ok(()) => announcer.show(said),
                Err(error) => {
                    session.noticed(&error);
                    let _ = failed.try_set(Some(error));
                }
            }
        });
    };
    let others = move || sessions.map(|lines| lines.iter().filter(|line| !line.is_this).count()).unwrap_or_default();
    let count = move || sessions.map(|lines| counted(i64::try_from(lines.len()).unwrap_or_default(), "browser", "browsers"));
    let right = view! {
        {count}
        {move || (others() > 0).then(|| view! {
            <button type="button" class="btn btn-ghost btn-sm -mr-3" on:click=move |_| asked.set(Some(Asked::Others))>"End all others"</button>
        })}
    };
    let body = view! {
        {move || failed.get().map(|error| view! { <div class="p-3">{error_strip("Nothing was ended", &error, None)}</div> })}
        <SessionsList sessions end=Callback::new(move |line| asked.set(Some(Asked::One(line)))) />
    };
    let dialog = move || {
        let what = asked.get()?;
        let (title, words, yes) = match &what {
            Asked::One(line) => (
                "End this session?",
                format!("{} is signed out at once. What is typed there and not saved is lost.", line.device),
                "End it",
            ),
            Asked::Others => (
                "End all other sessions?",
                "Every browser but this one is signed out at once. What is typed there and not saved is lost.".to_owned(),
                "End all others",
            ),
        };
        let on_act = Callback::new(move |()| act(what.clone()));
        Some(view! { <ConfirmDialog title words act=yes keep="Cancel" on_act on_close=Callback::new(move |()| asked.set(None)) /> })
    };
    view! {
        {card("browsers", Icon::Monitor, "Signed in on", right, body)}
        {dialog}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_new_password_is_said_at_its_field() {
        let field = |old, new| problem_of(old, new).map(|(field, _)| field);
        assert_eq!(field("", ""), Some(Field::Old));
        assert_eq!(field("old", ""), Some(Field::New));
        assert_eq!(field("old", "eleven char"), Some(Field::New));
        assert_eq!(field("the same words", "the same words"), Some(Field::New));
        assert_eq!(field("old", "three plain words"), None);
    }
}

use auth::{Role, StaffAccount};
use kernel::{AgentId, ErrorCode, WireError};
use leptos::ev::SubmitEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::prelude::*;

use super::dialog::{DIALOG, close, keep_focus, open_when_drawn};
use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use crate::state::session::role_label;

/// How short a password may be.
pub(crate) const SHORTEST_PASSWORD: usize = 12;
/// How long a password or an address may be.
const LONGEST: usize = 200;
const LONGEST_NAME: usize = 100;

pub(crate) const ROLES: [Role; 3] = [Role::Agent, Role::Supervisor, Role::Admin];

#[wasm_bindgen]
extern "C" {
    /// The browser's own source of chance. It fails only for more than 65,536 bytes.
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn fill_by_chance(bytes: &mut [u8]);
}

/// A password that is easily read out: four groups of four letters, none of which looks like another. About 72 bits.
fn spelled(chance: [u8; 16]) -> String {
    const LETTERS: [char; 23] =
        ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm', 'n', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z'];
    let groups = chance.chunks(4).map(|group| group.iter().map(|byte| LETTERS[usize::from(*byte) % LETTERS.len()]).collect::<String>());
    groups.collect::<Vec<_>>().join("-")
}

/// What is wrong with a password before it is sent.
pub(crate) fn password_problem(password: &str) -> Option<&'static str> {
    match password.chars().count() {
        0 => Some("Enter a password."),
        length if length < SHORTEST_PASSWORD => Some("Use at least 12 characters."),
        length if length > LONGEST => Some("Use at most 200 characters."),
        _ => None,
    }
}

/// One of the roles.
pub(crate) fn role_choice(role: RwSignal<Role>, name: &'static str, is_disabled: Signal<bool>) -> impl IntoView {
    let choices = ROLES.map(|choice| {
        view! {
            <input
                type="radio"
                name=name
                class="btn btn-sm join-item flex-1 font-normal checked:font-semibold"
                aria-label=role_label(choice)
                prop:checked=move || role.get() == choice
                prop:disabled=is_disabled
                on:change=move |_| role.set(choice)
            />
        }
    });
    view! {
        <fieldset>
            <legend class="mb-1.5 text-dense font-medium">"Role"</legend>
            <div class="join w-full">{choices}</div>
        </fieldset>
    }
}

/// A field with its name above and what is wrong with it below.
fn text_field(
    label: &'static str,
    id: &'static str,
    kind: &'static str,
    value: RwSignal<String>,
    problem: Signal<Option<String>>,
    on_input: impl Fn() + 'static,
) -> impl IntoView {
    let problem_id = format!("{id}-problem");
    view! {
        <div class="flex flex-col gap-1">
            <label class="font-medium" for=id>{label}</label>
            <input
                id=id
                class="input input-sm w-full"
                type=kind
                maxlength=LONGEST
                autocomplete="off"
                spellcheck="false"
                aria-describedby=problem_id.clone()
                aria-invalid=move || if problem.with(Option::is_some) { "true" } else { "false" }
                bind:value=value
                on:input=move |_| on_input()
            />
            <span class="text-error empty:hidden" id=problem_id role="alert">{move || problem.get()}</span>
        </div>
    }
}

/// The password that somebody is given, in plain letters: the administrator has to hand it over.
fn password_field(
    label: &'static str,
    value: RwSignal<String>,
    problem: Signal<Option<String>>,
    touched: impl Fn() + Copy + 'static,
) -> impl IntoView {
    let suggest = move |_| {
        let mut chance = [0; 16];
        fill_by_chance(&mut chance);
        value.set(spelled(chance));
        touched();
    };
    view! {
        <div class="flex flex-col gap-1">
            <div class="flex items-end gap-2">
                <div class="min-w-0 flex-1">{text_field(label, "staff-password", "text", value, Signal::stored(None), touched)}</div>
                <button type="button" class="btn btn-sm" on:click=suggest>"Suggest one"</button>
            </div>
            <span class="text-error empty:hidden" role="alert">{move || problem.get()}</span>
            <span class="text-xs text-muted">"At least 12 characters. You give it to them: it is not sent to anyone."</span>
        </div>
    }
}

/// What was set, shown once.
fn handed_over(title: String, email: String, password: String, dialog: NodeRef<Dialog>) -> impl IntoView {
    view! {
        <header class="flex items-start gap-3 border-b border-base-300 px-5 py-4">
            <span class="mt-0.5 text-success">{icon(Icon::CircleCheck, "size-5")}</span>
            <div class="min-w-0">
                <h2 class="text-lg leading-6 font-semibold [overflow-wrap:anywhere]" id="staff-dialog-title" tabindex="-1" autofocus>{title}</h2>
                <p class="mt-0.5 text-dense text-muted">"Give them this password in person or by phone. It is not shown again."</p>
            </div>
        </header>
        <dl class="grid grid-cols-[auto_minmax(0,1fr)] items-baseline gap-x-4 gap-y-2 px-5 py-4 text-dense">
            <dt class="text-muted">"Work email"</dt>
            <dd class="[overflow-wrap:anywhere]">{email}</dd>
            <dt class="text-muted">"Password"</dt>
            <dd class="font-mono text-base select-all [overflow-wrap:anywhere]" data-testid="password">{password}</dd>
        </dl>
        <p class="px-5 pb-4 text-dense text-muted">"They can change it under “My account”."</p>
        <footer class="flex justify-end border-t border-base-300 px-5 py-3">
            <button type="button" class="btn btn-primary" on:click=move |_| close(dialog)>"Done"</button>
        </footer>
    }
}

/// A field of the dialogue for a new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Name,
    Email,
    Password,
}

/// The first thing that is wrong, before it is sent.
fn problem_of(name: &str, email: &str, password: &str) -> Option<(Field, String)> {
    let (name, email) = (name.trim(), email.trim());
    let is_email = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'));
    if name.is_empty() {
        Some((Field::Name, "Enter their name.".to_owned()))
    } else if name.chars().count() > LONGEST_NAME {
        Some((Field::Name, "Use at most 100 characters.".to_owned()))
    } else if email.is_empty() {
        Some((Field::Email, "Enter their work email.".to_owned()))
    } else if !is_email || email.contains(char::is_whitespace) {
        Some((Field::Email, "This is not an email address.".to_owned()))
    } else {
        password_problem(password).map(|words| (Field::Password, words.to_owned()))
    }
}

/// Adds somebody to the staff. `on_close` is told who it was, if anybody.
#[component]
pub(crate) fn AddDialog(on_close: Callback<Option<AgentId>>) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    open_when_drawn(dialog);
    let (name, email, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()), RwSignal::new(String::new()));
    let role = RwSignal::new(Role::Agent);
    let problem = RwSignal::new(None::<(Field, String)>);
    let failed = RwSignal::new(None::<WireError>);
    let is_busy = RwSignal::new(false);
    let added = RwSignal::new(None::<AgentId>);
    let problem_at = move |field| Signal::derive(move || problem.get().filter(|(at, _)| *at == field).map(|(_, words)| words));
    let touched = move || {
        problem.set(None);
        failed.set(None);
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        failed.set(None);
        let typed = untrack(|| (name.get(), email.get(), password.get()));
        problem.set(problem_of(&typed.0, &typed.1, &typed.2));
        if problem.with_untracked(Option::is_some) {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let done = auth::create_staff(typed.1, typed.0, role.get_untracked(), typed.2).await;
            let _ = is_busy.try_set(false);
            match done {
                Ok(agent) => {
                    let _ = added.try_set(Some(agent));
                }
                Err(error) if error.code == ErrorCode::Conflict => {
                    let _ = problem.try_set(Some((Field::Email, error.message)));
                }
                Err(error) => {
                    let _ = failed.try_set(Some(error));
                }
            }
        });
    };
    let form = move || {
        view! {
            <form on:submit=submit novalidate>
                <header class="border-b border-base-300 px-5 py-4 short:py-2">
                    <h2 class="text-lg leading-6 font-semibold" id="staff-dialog-title">"Add someone"</h2>
                    <p class="mt-0.5 text-dense text-muted">"They can sign in straight away. You choose their queues afterwards."</p>
                </header>
                <div class="flex flex-col gap-3 px-5 py-4 text-dense short:py-2">
                    {text_field("Name", "staff-name", "text", name, problem_at(Field::Name), touched)}
                    {text_field("Work email", "staff-email", "email", email, problem_at(Field::Email), touched)}
                    {role_choice(role, "new-role", Signal::stored(false))}
                    {password_field("First password", password, problem_at(Field::Password), touched)}
                    {move || failed.get().map(|error| error_strip("Nobody was added", &error, None))}
                </div>
                <footer class="flex flex-wrap justify-end gap-2 border-t border-base-300 px-5 py-3">
                    <button type="button" class="btn" on:click=move |_| close(dialog)>"Cancel"</button>
                    <button type="submit" class="btn btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                        {move || if is_busy.get() { "Adding…" } else { "Add" }}
                    </button>
                </footer>
            </form>
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class=format!("{DIALOG} max-w-lg")
            aria-labelledby="staff-dialog-title"
            on:close=move |_| on_close.run(added.get_untracked())
            on:keydown=keep_focus
        >
            {move || match added.get() {
                Some(_) => {
                    let (name, email, password) = untrack(|| (name.get(), email.get(), password.get()));
                    handed_over(format!("{} is added", name.trim()), email.trim().to_lowercase(), password, dialog).into_any()
                }
                None => form().into_any(),
            }}
        </dialog>
    }
}

/// Gives somebody a new password.
#[component]
pub(crate) fn ResetDialog(account: StaffAccount, on_close: Callback<()>) -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    open_when_drawn(dialog);
    let password = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let failed = RwSignal::new(None::<WireError>);
    let (is_busy, is_done) = (RwSignal::new(false), RwSignal::new(false));
    let (agent, version) = (account.id, account.version);
    let account = StoredValue::new(account);
    let touched = move || {
        problem.set(None);
        failed.set(None);
    };
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        failed.set(None);
        problem.set(password.with_untracked(|password| password_problem(password)).map(str::to_owned));
        if problem.with_untracked(Option::is_some) {
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let done = auth::reset_password(agent, version, password.get_untracked()).await;
            let _ = is_busy.try_set(false);
            let _ = failed.try_set(done.as_ref().err().cloned());
            if done.is_ok() {
                let _ = is_done.try_set(true);
            }
        });
    };
    let form = move || {
        let name = account.with_value(|account| account.name.clone());
        view! {
            <form on:submit=submit novalidate>
                <header class="border-b border-base-300 px-5 py-4 short:py-2">
                    <h2 class="text-lg leading-6 font-semibold [overflow-wrap:anywhere]" id="staff-dialog-title">"New password for "{name}</h2>
                    <p class="mt-0.5 text-dense text-muted">"They are signed out everywhere at once, and sign in with the new password."</p>
                </header>
                <div class="flex flex-col gap-3 px-5 py-4 text-dense short:py-2">
                    {password_field("New password", password, problem.into(), touched)}
                    {move || failed.get().map(|error| error_strip("The password is as it was", &error, None))}
                </div>
                <footer class="flex flex-wrap justify-end gap-2 border-t border-base-300 px-5 py-3">
                    <button type="button" class="btn" on:click=move |_| close(dialog)>"Cancel"</button>
                    <button type="submit" class="btn btn-primary" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                        {move || if is_busy.get() { "Setting…" } else { "Set the password" }}
                    </button>
                </footer>
            </form>
        }
    };
    view! {
        <dialog
            node_ref=dialog
            class=format!("{DIALOG} max-w-lg")
            aria-labelledby="staff-dialog-title"
            on:close=move |_| on_close.run(())
            on:keydown=keep_focus
        >
            {move || if is_done.get() {
                let (name, email) = account.with_value(|account| (account.name.clone(), account.email.clone()));
                handed_over(format!("{name} has a new password"), email, password.get_untracked(), dialog).into_any()
            } else {
                form().into_any()
            }}
        </dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggested_password_is_long_enough_and_easily_read_out() {
        let low = spelled([0; 16]);
        assert_eq!(low, "aaaa-aaaa-aaaa-aaaa");
        let spread = spelled(std::array::from_fn(|index| u8::try_from(index * 16 + 5).unwrap_or_default()));
        assert_eq!(password_problem(&spread), None);
        assert!(!spread.contains(['i', 'l', 'o', '0', '1']), "{spread}");
        assert_ne!(spread, low);
    }

    #[test]
    fn the_first_field_that_is_wrong_is_named() {
        let field = |name, email, password| problem_of(name, email, password).map(|(field, _)| field);
        assert_eq!(field(" ", "", ""), Some(Field::Name));
        assert_eq!(field("Owen Price", "owen", ""), Some(Field::Email));
        assert_eq!(field("Owen Price", "owen@example", ""), Some(Field::Email));
        assert_eq!(field("Owen Price", "owen price@example.co.uk", ""), Some(Field::Email));
        assert_eq!(field("Owen Price", " owen.price@example.co.uk ", "eleven char"), Some(Field::Password));
        assert_eq!(field("Owen Price", "owen.price@example.co.uk", "twelve chars"), None);
        assert_eq!(password_problem(&"é".repeat(200)), None);
        assert!(password_problem(&"é".repeat(201)).is_some());
    }
}

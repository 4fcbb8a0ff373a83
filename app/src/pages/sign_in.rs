use gloo_net::http::Request;
use kernel::{ErrorCode, Health, HealthCheck, WireError};
use leptos::prelude::*;
use leptos::task::spawn_local;

use super::set_title;
use crate::components::icon::{Icon, icon};
use crate::components::logo::logo;
use crate::components::theme_button::theme_button;
use crate::state::address::Address;
use crate::state::session::{Session, Why};

/// E-mail and password, and how the service is.
#[component]
pub(crate) fn SignIn() -> impl IntoView {
    set_title("Sign in");
    let health = RwSignal::new(None::<Result<Health, ()>>);
    spawn_local(async move {
        let answer = health_now().await;
        let _ = health.try_set(Some(answer.ok_or(())));
    });
    view! {
        <main class="grid min-h-dvh lg:grid-cols-[1fr_1.1fr]">
            <section class="flex flex-col bg-base-100 px-8 py-8 sm:px-14" aria-label="Sign in">
                <div class="flex items-center gap-3">
                    {logo()} <span class="text-base font-semibold">"Dialler"</span> <span class="ml-auto">{theme_button()}</span>
                </div>
                <SignInForm />
                <p class="min-h-4 text-xs text-muted">{move || health.with(|health| footer(health.as_ref()))}</p>
            </section>
            <section class="hidden flex-col justify-center border-l border-base-300 px-14 py-12 lg:flex" aria-label="The service now">
                <div class="mx-auto w-full max-w-md">
                    <h2 class="text-lg font-semibold">"Every call is one that is still needed"</h2>
                    <p class="mt-1 text-muted">"Checked against the claims platform just before you see who it is."</p>
                    {move || health.with(|health| checks(health.as_ref()))}
                </div>
            </section>
        </main>
    }
}

/// The health of the service; none when it cannot be reached. A service that is not ready says so in the same shape.
async fn health_now() -> Option<Health> {
    let response = Request::get("/api/health").send().await.ok()?;
    response.json().await.ok()
}

fn footer(health: Option<&Result<Health, ()>>) -> Option<String> {
    let health = health?.as_ref().ok()?;
    let practice = if health.is_practice { " · practice data, no real people" } else { "" };
    Some(format!("Version {}{practice}", health.version))
}

fn checks(health: Option<&Result<Health, ()>>) -> AnyView {
    const LIST: &str = "mt-6 divide-y divide-base-300 rounded-box border border-base-300 bg-base-100";
    match health {
        None => view! {
            <div class=format!("{LIST} animate-appear") aria-hidden="true">
                {(0..4)
                    .map(|_| {
                        view! {
                            <div class="flex items-center gap-3 px-4 py-3">
                                <div class="skeleton size-4"></div>
                                <div class="flex-1 space-y-2">
                                    <div class="skeleton h-3.5 w-32"></div>
                                    <div class="skeleton h-3 w-44"></div>
                                </div>
                            </div>
                        }
                    })
                    .collect_view()}
            </div>
        }
        .into_any(),
        Some(Err(())) => view! {
            <p class="mt-6 flex gap-3 rounded-field border border-warning/40 bg-warning/10 p-3 text-dense text-warning" role="status">
                {icon(Icon::TriangleAlert, "size-4")}
                "The server did not say how it is. You can still try to sign in."
            </p>
        }
        .into_any(),
        Some(Ok(health)) => view! { <ul class=LIST>{health.checks.iter().map(check).collect_view()}</ul> }.into_any(),
    }
}

fn check(check: &HealthCheck) -> impl IntoView + use<> {
    let glyph = match check.name.as_str() {
        "database" => Icon::Database,
        "replica" => Icon::Server,
        "hours" => Icon::Calendar,
        "queues" => Icon::RefreshCw,
        _ => Icon::Activity,
    };
    let (class, mark, word) = if check.is_ok {
        ("badge badge-sm badge-soft badge-success whitespace-nowrap", Icon::Check, "ok")
    } else {
        ("badge badge-sm badge-soft badge-warning whitespace-nowrap", Icon::TriangleAlert, "not now")
    };
    view! {
        <li class="flex items-center gap-3 px-4 py-3">
            <span class="text-muted">{icon(glyph, "size-4")}</span>
            <span class="min-w-0 flex-1">
                <span class="block font-medium">{check.title.clone()}</span>
                <span class="block text-dense text-muted">{check.words.clone()}</span>
            </span>
            <span class=class>{icon(mark, "size-3.5")} {word}</span>
        </li>
    }
}

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Email,
    Password,
}

/// The first field that is empty, and what to do about it.
fn problem(email: &str, password: &str) -> Option<(Field, &'static str)> {
    match (email.trim().is_empty(), password.is_empty()) {
        (true, _) => Some((Field::Email, "Write your work e-mail.")),
        (false, true) => Some((Field::Password, "Write your password.")),
        (false, false) => None,
    }
}

fn error_title(error: &WireError) -> &'static str {
    match error.code {
        ErrorCode::Unauthenticated => "You are not signed in",
        ErrorCode::TooManyRequests => "Too many attempts",
        ErrorCode::Offline => "No connection to the server",
        _ => "That did not work",
    }
}

#[component]
fn SignInForm() -> impl IntoView {
    let session = expect_context::<Session>();
    let address = expect_context::<Address>();
    let email = RwSignal::new(String::new());
    let password = RwSignal::new(String::new());
    let is_shown = RwSignal::new(false);
    let is_busy = RwSignal::new(false);
    let error = RwSignal::new(None::<WireError>);
    let (email_field, password_field) = (NodeRef::<leptos::html::Input>::new(), NodeRef::<leptos::html::Input>::new());
    // The field that the error is about.
    let wrong = RwSignal::new(None::<Field>);
    let is_wrong = move |field| if wrong.get() == Some(field) { "true" } else { "false" };
    let focus = move |field| {
        let field = match field {
            Field::Email => email_field,
            Field::Password => password_field,
        };
        if let Some(field) = field.get_untracked() {
            let _ = field.focus();
        }
    };
    let typed = move |_| {
        if wrong.get_untracked().is_some() {
            wrong.set(None);
            error.set(None);
        }
    };

    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        if is_busy.get_untracked() {
            return;
        }
        let empty = problem(&email.get_untracked(), &password.get_untracked());
        wrong.set(empty.map(|(field, _)| field));
        if let Some((field, words)) = empty {
            error.set(Some(WireError::new(ErrorCode::Unprocessable, words)));
            focus(field);
            return;
        }
        is_busy.set(true);
        spawn_local(async move {
            let result = auth::sign_in(email.get_untracked().trim().to_owned(), password.get_untracked()).await;
            let _ = is_busy.try_set(false);
            match result {
                Ok(me) => session.is(me),
                Err(failed) => {
                    error.set(Some(failed));
                    password.set(String::new());
                    focus(Field::Password);
                }
            }
        });
    };
    let note = move || address.parameter("reason", Why::words);

    view! {
        <form class="m-auto flex w-full max-w-sm flex-col gap-4 py-10" aria-labelledby="sign-in" on:submit=submit novalidate>
            <div>
                <h1 class="text-2xl leading-8 font-semibold tracking-tight" id="sign-in">"Sign in"</h1>
                <p class="mt-1 text-muted">"With the work account that your administrator gave you."</p>
            </div>
            {move || {
                note().filter(|_| error.with(Option::is_none)).map(|words| view! {
                    <div class="alert alert-soft alert-warning py-2.5 text-dense" role="status">
                        {icon(Icon::Info, "size-4")} <span>{words}</span>
                    </div>
                })
            }}
            <div role="alert">
                {move || {
                    error.get().map(|error| {
                        let title = error_title(&error);
                        let is_about_the_form = error.code == ErrorCode::Unprocessable;
                        view! {
                            <div class="flex gap-3 rounded-field border border-error/40 bg-error/8 p-3 text-dense">
                                <span class="mt-px text-error">{icon(Icon::OctagonAlert, "size-4")}</span>
                                <div>
                                    {(!is_about_the_form).then(|| view! { <p class="font-semibold">{title}</p> })}
                                    <p id="sign-in-error">{error.message}</p>
                                    {error.reference.map(|reference| view! {
                                        <p class="mt-1 text-xs text-muted">"Reference "<span class="font-mono">{reference}</span></p>
                                    })}
                                </div>
                            </div>
                        }
                    })
                }}
            </div>
            <label class="flex flex-col gap-1.5">
                <span class="text-dense font-medium">"Work e-mail"</span>
                <input
                    class="input w-full"
                    type="email"
                    name="email"
                    autocomplete="username"
                    autofocus
                    required
                    aria-describedby="sign-in-error"
                    aria-invalid=move || is_wrong(Field::Email)
                    node_ref=email_field
                    bind:value=email
                    on:input=typed
                />
            </label>
            <div class="flex flex-col gap-1.5">
                <label class="text-dense font-medium" for="password">"Password"</label>
                <span class="input w-full pr-1">
                    <input
                        id="password"
                        type=move || if is_shown.get() { "text" } else { "password" }
                        name="password"
                        autocomplete="current-password"
                        required
                        aria-describedby="sign-in-error"
                        aria-invalid=move || is_wrong(Field::Password)
                        node_ref=password_field
                        bind:value=password
                        on:input=typed
                    />
                    <button
                        type="button"
                        class="btn btn-ghost btn-sm btn-square"
                        aria-label="Show the password"
                        aria-pressed=move || if is_shown.get() { "true" } else { "false" }
                        on:click=move |_| is_shown.update(|is_shown| *is_shown = !*is_shown)
                    >
                        {move || icon(if is_shown.get() { Icon::EyeOff } else { Icon::Eye }, "size-4")}
                    </button>
                </span>
            </div>
            <button type="submit" class="btn btn-primary mt-1 h-11 w-full text-base" aria-disabled=move || if is_busy.get() { "true" } else { "false" }>
                {move || if is_busy.get() { "Signing in…" } else { "Sign in" }}
            </button>
            <p class="text-dense text-muted">"You are not available until you say so."</p>
            <details class="text-dense text-muted">
                <summary class="w-fit cursor-pointer text-primary">"Cannot sign in?"</summary>
                <p class="mt-1.5">"Ask an administrator of the dialler in your firm. They can set a new password for you."</p>
            </details>
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_empty_field_is_at_fault() {
        let field = |email, password| problem(email, password).map(|(field, _)| field);

        assert_eq!(field(" ", ""), Some(Field::Email));
        assert_eq!(field("a@example.co.uk", ""), Some(Field::Password));
        assert_eq!(field("a@example.co.uk", "secret"), None);
    }
}

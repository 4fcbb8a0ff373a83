use leptos::prelude::*;
use leptos::task::spawn_local;

use super::device_choice::device_choice;
use super::icon::{Icon, icon};
use super::level::Level;
use crate::state::calls::Calls;
use crate::state::console::Console;
use crate::telephone::{Telephone, Use};

/// The devices, and whether the microphone hears. In a call the call's own microphone is shown; nothing else listens to it.
#[component]
pub(crate) fn Sound() -> impl IntoView {
    let (calls, console) = (expect_context::<Calls>(), expect_context::<Console>());
    let telephone: Telephone = calls.telephone;
    let problem = RwSignal::new(None::<&'static str>);
    let listen = move || {
        if telephone.is_on_line.get_untracked() {
            return;
        }
        problem.set(None);
        spawn_local(async move {
            if let Err(why) = telephone.listen().await {
                let _ = problem
                    .try_set(Some(why.advice().unwrap_or("The telephone could not be loaded. Look at the network, then open this again.")));
            }
        });
    };
    listen();
    on_cleanup(move || telephone.stop_listening());
    let notified = RwSignal::new(None::<String>);
    let look = move || async move {
        let word = telephone.notifications().await;
        let _ = notified.try_set(word);
    };
    spawn_local(look());
    let ask = move |_| {
        spawn_local(async move {
            telephone.ask_to_notify().await;
            look().await;
        });
    };
    view! {
        <div class="mt-3 flex flex-col gap-4">
            <div>
                {device_choice(telephone, Use::Microphone, Some(Callback::new(move |()| listen())))}
                <p class="mt-3 mb-1.5 text-dense text-muted">"Say “one, two, three”: the bar follows your voice."</p>
                <Level telephone />
                <p class="mt-1.5 text-dense text-error empty:hidden" role="alert">{move || problem.get()}</p>
            </div>
            {device_choice(telephone, Use::Speaker, None)}
            {device_choice(telephone, Use::Ringtone, None)}
            <p class="text-xs text-muted">"This browser remembers them by name. In a call a change is heard at once."</p>
            {move || notified.get().map(|word| match word.as_str() {
                "default" => view! {
                    <button type="button" class="btn w-full" on:click=ask>{icon(Icon::Bell, "size-4")} "Notify me when a customer rings"</button>
                }
                .into_any(),
                "granted" => view! { <p class="text-xs text-muted">"When you look at something else, a notification says that a customer is ringing."</p> }.into_any(),
                _ => view! { <p class="text-xs text-muted">"This browser shows no notifications of the dialler. To get them, allow them for this address in the browser."</p> }.into_any(),
            })}
            {move || calls.phase().is_none().then(|| view! {
                <button
                    type="button"
                    class="btn w-full"
                    on:click=move |_| {
                        telephone.is_sound_open.set(false);
                        console.check_telephone();
                    }
                >
                    {icon(Icon::Headphones, "size-4")} "Check the telephone"
                </button>
            })}
        </div>
    }
}

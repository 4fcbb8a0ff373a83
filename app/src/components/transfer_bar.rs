//! What is being handed over, on every page: to whoever talks, and to whoever is asked.

use calls::{TransferState, TransferView};
use leptos::prelude::*;

use super::error_strip::error_strip;
use super::icon::{Icon, icon};
use super::watched_button::WatchedButton;
use crate::state::clock::Clock;
use crate::state::transfer::Transfer;
use crate::telephone::{Counters, Telephone};

/// The headline and what it means.
fn words(view: &TransferView, seconds_left: i64) -> (String, String) {
    let TransferView { from, to, user_name, .. } = view;
    let stays = || format!("{user_name} stays with you. Ask somebody else, or go on.");
    let nobody = to.starts_with("any ");
    match (view.state, view.is_mine) {
        (TransferState::Asked, true) => {
            (format!("Asking {to} to take over"), format!("{seconds_left} s left to answer · {user_name} stays with you until then"))
        }
        (TransferState::Accepted, true) if view.is_joined => {
            (format!("{to} is on the line"), "All three of you are on it. Hand over when you are ready.".to_owned())
        }
        (TransferState::Accepted, true) => {
            (format!("{to} is coming to the line"), format!("{user_name} stays with you until you hand over."))
        }
        (TransferState::Lapsed, _) if nobody => ("No supervisor answered".to_owned(), stays()),
        (TransferState::Lapsed, _) => (format!("{to} did not answer"), stays()),
        (TransferState::Declined, _) if nobody => ("No supervisor can take the call now".to_owned(), stays()),
        (TransferState::Left, _) => (format!("{to} is off the line again"), stays()),
        (TransferState::Asked, false) => {
            (format!("{from} asks you to take over the call with {user_name}"), format!("{seconds_left} s left to answer"))
        }
        (TransferState::Accepted, false) if view.is_joined && view.is_agent_away => {
            (format!("{from}’s telephone is gone"), format!("{user_name} talks to you alone. Take the call, and it is yours."))
        }
        (TransferState::Accepted, false) if view.is_joined => {
            (format!("You are on the line with {from} and {user_name}"), "Both hear you. The call is still the agent’s.".to_owned())
        }
        (TransferState::Accepted, false) => (format!("Connecting you to {from} and {user_name}…"), "Both will hear you.".to_owned()),
        (TransferState::Declined | TransferState::Passed | TransferState::Withdrawn | TransferState::Over, _) => {
            (format!("{to} cannot take the call now"), stays())
        }
    }
}

/// Where a handing-over stands, and what to press. Nothing while there is none.
pub(crate) fn transfer_bar(transfer: Transfer, telephone: Telephone, clock: Clock) -> impl IntoView {
    let seen = Memo::new(move |_| transfer.seen());
    let left = Memo::new(move |_| {
        let received = transfer.view.received(|view| view.as_ref().map(|view| view.seconds_left), clock.now());
        received.and_then(|(left, ago)| Some((left? - ago).max(0))).unwrap_or_default()
    });
    let counter = move |of: fn(&Counters) -> f64| move || telephone.counters.with(of).to_string();
    let bar = move || {
        let view = seen.get()?;
        let is_bad = matches!(view.state, TransferState::Declined | TransferState::Lapsed | TransferState::Left);
        let (border, glyph) = if is_bad { ("border-warning bg-warning/8", "text-warning") } else { ("border-info bg-info/8", "text-info") };
        let shown = view.clone();
        let words = move || words(&shown, left.get());
        let reason =
            view.reason.clone().filter(|_| !is_bad).map(|reason| view! { <p class="mt-0.5 text-dense break-words">"“"{reason}"”"</p> });
        Some(view! {
            <section
                class=format!("flex flex-wrap items-center gap-x-4 gap-y-2 border-b px-4 py-2 {border}")
                aria-label="Handing over"
                data-testid="transfer"
                data-packets-in=counter(|counters| counters.packets_in)
                data-packets-out=counter(|counters| counters.packets_out)
                data-energy-in=counter(|counters| counters.energy_in)
                data-energy-out=counter(|counters| counters.energy_out)
            >
                <span class=glyph>{icon(if is_bad { Icon::Info } else { Icon::Users }, "size-5")}</span>
                <div class="min-w-0 flex-1">
                    <p class="font-semibold break-words">{let words = words.clone(); move || words().0}</p>
                    <p class="text-xs text-muted">{move || words().1}</p>
                    {reason}
                </div>
                <div class="flex items-center gap-2">{buttons(transfer, &view)}</div>
            </section>
        })
    };
    let failure =
        move || transfer.failure.get().map(|(failed, error)| view! { <div class="px-4 py-2">{error_strip(failed, &error, None)}</div> });
    view! { {failure} {bar} }
}

/// What can be done about it now.
fn buttons(transfer: Transfer, view: &TransferView) -> Vec<AnyView> {
    let button = move |class: &str, glyph: Icon, label: &'static str, act: Box<dyn Fn()>| {
        WatchedButton::new(transfer.main, &format!("btn-sm {class}"), Some(glyph), label).disabled(move || transfer.is_busy.get()).view(act)
    };
    let (call, id) = (view.call_id, view.id.clone());
    let pass = move |label| button("btn-success", Icon::PhoneCall, label, Box::new(move || transfer.hand_over(call)));
    let leave = move || button("", Icon::X, "Leave", Box::new(move || transfer.leave()));
    match (view.state, view.is_mine) {
        (TransferState::Asked, true) => vec![button("", Icon::X, "Do not ask any more", Box::new(move || transfer.withdraw(call)))],
        (TransferState::Accepted, true) if view.is_joined => vec![pass("Hand over")],
        (TransferState::Accepted, true) => Vec::new(),
        (TransferState::Asked, false) => {
            let declined = id.clone();
            vec![
                button("btn-success", Icon::PhoneCall, "Accept", Box::new(move || transfer.accept(id.clone()))),
                button("", Icon::X, "Decline", Box::new(move || transfer.decline(declined.clone()))),
            ]
        }
        (TransferState::Accepted, false) if view.is_joined => vec![pass("Take the call"), leave()],
        (TransferState::Accepted, false) => vec![leave()],
        _ => vec![button("", Icon::X, "Close", Box::new(move || transfer.close()))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: TransferState, is_mine: bool, to: &str) -> TransferView {
        TransferView {
            id: "01936b6e-0000-7000-8000-000000000002".into(),
            call_id: "01936b6e-0000-7000-8000-000000000001".parse().unwrap(),
            user_name: "Priya Raman".into(),
            is_mine,
            state,
            from: "Hannah Whitfield".into(),
            to: to.into(),
            reason: None,
            seconds_left: 30,
            monitoring_id: None,
            is_joined: true,
            is_agent_away: false,
        }
    }

    #[test]
    fn the_bar_says_who_is_on_the_line_and_who_has_the_call() {
        let gareth = "Gareth Penhaligon";
        assert_eq!(words(&view(TransferState::Asked, true, gareth), 12).0, "Asking Gareth Penhaligon to take over");
        assert!(words(&view(TransferState::Asked, true, gareth), 12).1.starts_with("12 s left"));
        assert_eq!(words(&view(TransferState::Lapsed, true, "any supervisor"), 0).0, "No supervisor answered");
        assert_eq!(words(&view(TransferState::Declined, true, gareth), 0).0, "Gareth Penhaligon cannot take the call now");
        assert!(words(&view(TransferState::Left, true, gareth), 0).1.starts_with("Priya Raman stays with you."));
        assert!(words(&view(TransferState::Accepted, false, gareth), 0).1.contains("still the agent’s"));
        let alone = TransferView { is_agent_away: true, ..view(TransferState::Accepted, false, gareth) };
        assert!(words(&alone, 0).1.contains("Take the call"));
    }
}

use auth::{Engagement, Intention, Presence};
use leptos::prelude::*;

use super::icon::{Icon, icon};

/// Colour, icon and word of a state: always the three together.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// The badge's classes.
    pub(crate) badge: &'static str,
    /// The class of text in this colour.
    pub(crate) text: &'static str,
    /// The icon.
    pub(crate) icon: Icon,
    /// The word.
    pub(crate) word: &'static str,
}

/// How an agent's presence looks.
pub(crate) const fn presence_look(presence: Presence) -> Look {
    let word = presence.label();
    match presence {
        Presence::Available => {
            Look { badge: "badge badge-sm badge-soft badge-success whitespace-nowrap", text: "text-success", icon: Icon::CircleCheck, word }
        }
        Presence::Break => {
            Look { badge: "badge badge-sm badge-soft badge-warning whitespace-nowrap", text: "text-warning", icon: Icon::Coffee, word }
        }
        Presence::Offline => {
            Look { badge: "badge badge-sm badge-soft badge-neutral whitespace-nowrap", text: "text-muted", icon: Icon::CircleDashed, word }
        }
        Presence::OnCall => {
            Look { badge: "badge badge-sm badge-soft badge-primary whitespace-nowrap", text: "text-primary", icon: Icon::PhoneCall, word }
        }
        Presence::WrapUp => {
            Look { badge: "badge badge-sm badge-soft badge-secondary whitespace-nowrap", text: "text-secondary", icon: Icon::PenLine, word }
        }
        Presence::Unreachable => {
            Look { badge: "badge badge-sm badge-soft badge-error whitespace-nowrap", text: "text-error", icon: Icon::Unplug, word }
        }
    }
}

/// How an agent's own wish looks.
pub(crate) const fn intention_look(intention: Intention) -> Look {
    presence_look(match intention {
        Intention::Available => Presence::Available,
        Intention::Break => Presence::Break,
        Intention::Offline => Presence::Offline,
    })
}

/// How an agent looks to themselves: what they are doing, or else what they want to be.
pub(crate) const fn my_look(engagement: Option<Engagement>, intention: Intention) -> Look {
    match engagement {
        Some(Engagement::OnCall) => presence_look(Presence::OnCall),
        Some(Engagement::WrapUp) => presence_look(Presence::WrapUp),
        None => intention_look(intention),
    }
}

/// A state as a badge.
pub(crate) fn badge(look: Look) -> impl IntoView {
    view! { <span class=look.badge>{icon(look.icon, "size-3.5")} {look.word}</span> }
}

use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::live::{Connection, Live};

/// Whether the server is heard: icon, word and mark.
#[component]
pub(crate) fn ServerLight() -> impl IntoView {
    let live = expect_context::<Live>();
    move || {
        let connection = live.connection.get();
        let (class, mark) = match connection {
            Connection::Connected => ("text-success", Icon::Check),
            Connection::Connecting => ("text-muted", Icon::CircleDashed),
            Connection::Reconnecting => ("text-warning", Icon::Activity),
        };
        let word = connection.label();
        let is_well = connection == Connection::Connected;
        view! {
            <span class="inline-flex items-center gap-1.5 text-xs" title=format!("Server: {word}") role="status" data-testid="server-light">
                <span class=class>{icon(Icon::Server, "size-4")}</span>
                <span class="text-muted">"Server"</span>
                <span class=if is_well { "sr-only" } else { "font-semibold" }>{format!("{}{word}", if is_well { ": " } else { "" })}</span>
                <span class=class>{icon(mark, "size-3.5")}</span>
            </span>
        }
    }
}

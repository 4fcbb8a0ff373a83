use leptos::prelude::*;

use super::icon::{Icon, icon};

/// Light or dark; `theme.js` does it, before anything is painted and here.
pub(crate) fn theme_button() -> impl IntoView {
    view! {
        <button type="button" class="btn btn-ghost btn-sm btn-square" data-theme-toggle="" aria-label="Change between light and dark">
            {icon(Icon::Moon, "size-4 dark:hidden")} {icon(Icon::Sun, "size-4 hidden dark:block")}
        </button>
    }
}

use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::routes::Summary;

/// To supervisors and administrators: that the list of bank holidays ends soon, or has ended; nothing while it does not.
pub(crate) fn holidays_notice(summary: Summary) -> Option<impl IntoView> {
    let words = summary.map(|summary| summary.holidays_notice.clone()).flatten()?;
    Some(view! {
        <p class="flex items-start gap-3 rounded-field border border-warning/50 bg-warning/8 px-4 py-2 text-dense" role="status" data-testid="holidays-notice">
            <span class="text-warning">{icon(Icon::TriangleAlert, "size-4")}</span>
            <span class="min-w-0 flex-1">{words}</span>
        </p>
    })
}

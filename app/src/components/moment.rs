use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::format::{in_full, when};
use crate::state::clock::today;

/// A moment that has passed, in words; the tooltip has it in full.
pub(crate) fn moment(at: DateTime<Utc>) -> impl IntoView {
    view! { <time datetime=at.to_rfc3339() title=in_full(at)>{when(at, today())}</time> }
}

use chrono::{DateTime, Utc};
use leptos::prelude::*;

use crate::format::{in_full, when};
use crate::state::clock::today;

/// A moment that has passed, in words, and in full for whoever points at it.
pub(crate) fn moment(at: DateTime<Utc>) -> impl IntoView {
    view! { <time datetime=at.to_rfc3339() title=in_full(at)>{when(at, today())}</time> }
}

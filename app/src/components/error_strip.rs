use kernel::WireError;
use leptos::prelude::*;

use super::icon::{Icon, icon};
use crate::state::query::Query;

/// What happened, what was kept, what to do, and the reference; where it happened.
pub(crate) fn error_strip(title: &'static str, error: &WireError, try_again: Option<Callback<()>>) -> impl IntoView + use<> {
    let reference = error.reference.clone();
    let has_foot = try_again.is_some() || reference.is_some();
    view! {
        <div class="flex gap-3 rounded-field border border-error/40 bg-error/8 p-4" role="alert">
            <span class="text-error">{icon(Icon::OctagonAlert, "size-5")}</span>
            <div class="min-w-0 flex-1">
                <p class="font-semibold">{title}</p>
                <p class="mt-0.5 text-dense">{error.message.clone()}</p>
                {has_foot.then(|| view! {
                    <div class="mt-3 flex flex-wrap items-center gap-2">
                        {try_again.map(|try_again| view! {
                            <button type="button" class="btn btn-sm" on:click=move |_| try_again.run(())>
                                {icon(Icon::RefreshCw, "size-4")} "Try again"
                            </button>
                        })}
                        {reference.map(|reference| view! {
                            <span class="text-xs text-muted">"Reference "<span class="font-mono">{reference}</span></span>
                        })}
                    </div>
                })}
            </div>
        </div>
    }
}

/// The same for an answer that did not come, over the whole width of a grid; asks again.
pub(crate) fn query_strip<T: Send + Sync>(query: Query<T>, title: &'static str, error: &WireError) -> impl IntoView + use<T> {
    let strip = error_strip(title, error, Some(Callback::new(move |()| query.again())));
    view! { <div class="col-span-full">{strip}</div> }
}

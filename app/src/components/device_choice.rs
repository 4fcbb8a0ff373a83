use leptos::prelude::*;

use crate::telephone::{Telephone, Use};

/// Chooses a device by its name, and says what is used in its place while it cannot be.
pub(crate) fn device_choice(telephone: Telephone, of: Use, on_choose: Option<Callback<()>>) -> impl IntoView {
    // The chosen one stands there also while it is not plugged in.
    let options = move || {
        let chosen = telephone.chosen(of);
        let mut options: Vec<(String, String)> =
            telephone.devices.with(|devices| devices.labels(of)).into_iter().map(|label| (label.clone(), label)).collect();
        if !chosen.is_empty() && !options.iter().any(|(label, _)| *label == chosen) {
            options.push((chosen.clone(), format!("{chosen} (not plugged in)")));
        }
        let option = move |(label, words): (String, String)| {
            let is_chosen = label == chosen;
            view! { <option value=label prop:selected=is_chosen>{words}</option> }
        };
        options.into_iter().map(option).collect_view()
    };
    let field = move || {
        view! {
            <label class="flex flex-col gap-1.5">
                <span class="text-dense font-medium">{of.label()}</span>
                <select
                    class="select w-full"
                    on:change=move |event| {
                        telephone.choose(of, event_target_value(&event));
                        if let Some(on_choose) = on_choose {
                            on_choose.run(());
                        }
                    }
                >
                    <option value="" prop:selected=move || telephone.chosen(of).is_empty()>"System default"</option>
                    {options}
                </select>
            </label>
        }
    };
    let is_fixed = Memo::new(move |_| telephone.devices.with(|devices| devices.is_fixed(of)));
    view! {
        <div>
            {move || match (is_fixed.get(), of) {
                (false, _) => field().into_any(),
                (true, Use::Ringtone) => ().into_any(),
                (true, _) => view! {
                    <p class="text-dense text-muted">"This browser plays everything in the system's speaker. Choose which that is in the system's settings."</p>
                }
                .into_any(),
            }}
            <p class="mt-1.5 text-xs text-warning empty:hidden" role="status">{move || telephone.instead(of)}</p>
        </div>
    }
}

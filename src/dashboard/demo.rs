//! The data of the demonstration, and the button that takes it away.

use super::{
    model::DemoData,
    rpc::{RemoveDemoData, count_demo_data},
};
use crate::{
    i18n::{t, t_count, t_with, words as w},
    kit::*,
};
use leptos::prelude::*;

/// Says how much is there; nothing when there is none.
#[component]
pub fn DemoNote(
    /// Reads the page again.
    again: Callback<()>,
) -> impl IntoView {
    let remove = ServerAction::<RemoveDemoData>::new();
    let left = Resource::new(move || remove.version().get(), |_| count_demo_data());
    let open = RwSignal::new(false);
    let toasts = use_toasts();
    Effect::new(move || match remove.value().get() {
        Some(Ok(removed)) => {
            open.set(false);
            toasts.say(t_count(w::HOME_DEMO_REMOVED, removed.calls));
            again.run(());
        }
        Some(Err(error)) => toasts.fail(&error),
        None => {}
    });
    let none = || ().into_any();
    view! {
        <Loaded resource=left skeleton=ViewFn::from(none) let:left>
            {(!left.is_empty()).then(|| view! { <Note left open remove/> })}
        </Loaded>
    }
    .into_any()
}

fn amount(left: DemoData) -> String {
    t_with(
        w::HOME_DEMO_AMOUNT,
        &[("calls", &t_count(w::HOME_DEMO_CALLS, left.calls)), ("assistants", &t_count(w::HOME_DEMO_ASSISTANTS, left.assistants))],
    )
}

#[component]
fn Note(left: DemoData, open: RwSignal<bool>, remove: ServerAction<RemoveDemoData>) -> impl IntoView {
    let words = amount(left);
    let asked = words.clone();
    view! {
        <Callout tone=Tone::Info title=t(w::HOME_DEMO_TITLE)>
            <p>{words}</p>
            <div class="row">
                <Button size=ButtonSize::Small icon=icondata::LuTrash2 on:click=move |_| open.set(true)>{t(w::HOME_DEMO_REMOVE)}</Button>
            </div>
        </Callout>
        <Dialog open title=t(w::HOME_DEMO_REMOVE)>
            <div class="body stack">
                <p>{asked.clone()}</p>
                <p>{t(w::HOME_DEMO_FOREVER)}</p>
            </div>
            <footer>
                <Button on:click=move |_| open.set(false)>{t(w::KIT_CANCEL)}</Button>
                <Button kind=ButtonKind::DangerSolid pending=remove.pending() on:click=move |_| { remove.dispatch(RemoveDemoData {}); }>
                    {t(w::HOME_DEMO_CONFIRM)}
                </Button>
            </footer>
        </Dialog>
    }
    .into_any()
}

//! Limiting somebody to some assistants, and the calls of these.

use super::{page::TeamRead, parts::Desk, rpc::SetLimit};
use crate::{
    assistants::LimitFields,
    i18n::{t, t_with, words as w},
    kit::*,
};
use leptos::{form::ActionForm, prelude::*};

/// All assistants, or those that are ticked.
#[component]
pub fn LimitDialog(team: TeamRead, desk: Desk) -> impl IntoView {
    let toasts = use_toasts();
    let save = ServerAction::<SetLimit>::new();
    Effect::new(move || {
        if save.version().get() > 0
            && let Some(Ok(())) = save.value().get_untracked()
        {
            save.clear();
            desk.is_limiting.set(false);
            desk.changed();
            toasts.say(t(w::TEAM_LIMIT_SAID).to_owned());
        }
    });
    Effect::new(move || {
        if desk.is_limiting.get() {
            save.clear();
        }
    });
    let title = Signal::derive(move || {
        let name = desk.limited.with(|member| member.as_ref().map(|member| member.name.clone())).unwrap_or_default();
        t_with(w::TEAM_LIMIT_TITLE, &[("name", &name)])
    });
    let errors = action_fields(save);
    let wrong = move || errors.with(|errors| errors.get("assistants").or(errors.get("reach")).map(field_message));
    view! {
        <Dialog open=desk.is_limiting title shape=DialogShape::Drawer>
            <ActionForm action=save attr:class="answer-form">
                <div class="body stack g4">
                    <FormErrors error=action_error(save)/>
                    <p class="muted">{t(w::TEAM_LIMIT_TEXT)}</p>
                    <p class="small t bad" role="alert">{wrong}</p>
                    <Fields team desk/>
                </div>
                <footer>
                    <Button on:click=move |_| desk.is_limiting.set(false)>{t(w::TEAM_CANCEL)}</Button>
                    <Button kind=ButtonKind::Primary submit=true pending=save.pending()>{t(w::TEAM_LIMIT_SAVE)}</Button>
                </footer>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

#[component]
fn Fields(team: TeamRead, desk: Desk) -> impl IntoView {
    let Some(member) = desk.limited.get_untracked() else { return ().into_any() };
    let limit = member.assistants;
    view! {
        <input type="hidden" name="account" value=member.account.to_string()/>
        <Loaded resource=team let:team><LimitFields assistants=team.assistants limit=limit.clone()/></Loaded>
    }
    .into_any()
}

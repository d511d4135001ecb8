//! Limiting somebody to some assistants, and the calls of these.

use super::{page::TeamRead, parts::Desk, rpc::SetLimit};
use crate::{
    i18n::{t, t_with, words as w},
    kit::*,
    shared::ids::AssistantId,
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
                    <LimitFields team desk/>
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
fn LimitFields(team: TeamRead, desk: Desk) -> impl IntoView {
    let Some(member) = desk.limited.get_untracked() else { return ().into_any() };
    let is_some = RwSignal::new(member.assistants.is_some());
    let ticked = member.assistants.unwrap_or_default();
    let reach = move |value: &'static str, word, is_on: bool| {
        view! {
            <label class="check">
                <input type="radio" name="form[reach]" value=value checked=is_on on:change=move |_| is_some.set(value == "some")/>
                <span>{t(word)}</span>
            </label>
        }
    };
    let was_some = is_some.get_untracked();
    view! {
        <input type="hidden" name="account" value=member.account.to_string()/>
        <fieldset class="stack g2">
            <legend class="label">{t(w::TEAM_LIMIT_REACH)}</legend>
            {reach("all", w::TEAM_LIMIT_ALL, !was_some)}
            {reach("some", w::TEAM_LIMIT_SOME, was_some)}
        </fieldset>
        <fieldset class="stack g2" disabled=move || !is_some.get()>
            <legend class="label">{t(w::TEAM_LIMIT_ASSISTANTS)}</legend>
            <Loaded resource=team let:team>
                {team.assistants.iter().map(|(id, name)| view! { <Tick id=*id name=name.clone() is_on=ticked.contains(id)/> }).collect_view()}
                {team.assistants.is_empty().then(|| view! { <p class="small muted">{t(w::TEAM_LIMIT_NONE)}</p> })}
            </Loaded>
        </fieldset>
    }
    .into_any()
}

#[component]
fn Tick(id: AssistantId, name: String, is_on: bool) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name="form[assistants][]" value=id.to_string() checked=is_on/>
            <span>{name}</span>
        </label>
    }
    .into_any()
}

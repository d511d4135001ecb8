//! The dialogs that make a key, limit one and roll one.

use super::{
    model::Keys,
    parts::{Desk, scope_word},
    rpc::{CreateKey, LimitKey, RollKey},
};
use crate::{
    assistants::LimitFields,
    i18n::{t, t_with, words as w},
    kit::*,
    shared::{error::AppError, permission::Permission},
};
use leptos::{form::ActionForm, prelude::*};

pub(super) type KeysRead = Resource<Result<Keys, AppError>>;

/// The form of a new key.
#[component]
pub fn MakeDialog(desk: Desk, keys: KeysRead) -> impl IntoView {
    let create = ServerAction::<CreateKey>::new();
    Effect::new(move || {
        if create.version().get() > 0
            && let Some(Ok(fresh)) = create.value().get_untracked()
        {
            create.clear();
            desk.show(fresh);
        }
    });
    Effect::new(move || {
        if desk.is_making.get() {
            create.clear();
        }
    });
    let errors = action_fields(create);
    let wrong_scopes = move || errors.with(|errors| errors.get("scopes").map(field_message));
    let wrong_limit = move || errors.with(|errors| errors.get("assistants").or(errors.get("reach")).map(field_message));
    view! {
        <Dialog open=desk.is_making title=t(w::API_KEYS_NEW_TITLE).to_owned() shape=DialogShape::Drawer>
            <ActionForm action=create attr:class="answer-form">
                <div class="body stack g4">
                    <FormErrors error=action_error(create)/>
                    <TextInput name="form[name]" label=t(w::API_KEYS_NAME) hint=t(w::API_KEYS_NAME_HINT) required=true maxlength=80_u32 errors/>
                    <fieldset class="stack g2">
                        <legend class="label">{t(w::API_KEYS_SCOPES)}</legend>
                        <p class="small t bad" role="alert">{wrong_scopes}</p>
                        <Loaded resource=keys let:keys>
                            {keys.may_give.into_iter().map(|scope| view! { <ScopeTick scope/> }).collect_view()}
                        </Loaded>
                    </fieldset>
                    <p class="small t bad" role="alert">{wrong_limit}</p>
                    <Loaded resource=keys let:keys><LimitFields assistants=keys.assistants limit=None/></Loaded>
                    <p class="small muted">{t(w::API_KEYS_LIMIT_HINT)}</p>
                    <Select name="form[expires_days]" label=t(w::API_KEYS_EXPIRES) options=lives() value="90".to_owned() errors/>
                    <TextArea name="form[networks]" label=t(w::API_KEYS_NETWORKS) hint=t(w::API_KEYS_NETWORKS_HINT) value=String::new() rows=2_u32 optional=true errors/>
                </div>
                <footer>
                    <Button on:click=move |_| desk.is_making.set(false)>{t(w::API_KEYS_CANCEL)}</Button>
                    <Button kind=ButtonKind::Primary submit=true pending=create.pending()>{t(w::API_KEYS_MAKE)}</Button>
                </footer>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

#[component]
fn ScopeTick(scope: Permission) -> impl IntoView {
    view! {
        <label class="check">
            <input type="checkbox" name="form[scopes][]" value=scope.name()/>
            <span>{t(scope_word(scope))} " " <code class="small muted ltr">{scope.name()}</code></span>
        </label>
    }
    .into_any()
}

fn lives() -> Vec<(String, String)> {
    let lives = [("30", w::API_KEYS_LIFE_30), ("90", w::API_KEYS_LIFE_90), ("365", w::API_KEYS_LIFE_365), ("", w::API_KEYS_LIFE_NEVER)];
    lives.map(|(days, words)| (days.to_owned(), t(words).to_owned())).into()
}

/// Limits a key to some assistants, or no more.
#[component]
pub fn LimitDialog(desk: Desk, keys: KeysRead) -> impl IntoView {
    let toasts = use_toasts();
    let save = ServerAction::<LimitKey>::new();
    Effect::new(move || {
        if save.version().get() > 0
            && let Some(Ok(())) = save.value().get_untracked()
        {
            save.clear();
            desk.is_limiting.set(false);
            desk.changed();
            toasts.say(t(w::API_KEYS_LIMIT_SAID).to_owned());
        }
    });
    Effect::new(move || {
        if desk.is_limiting.get() {
            save.clear();
        }
    });
    let title = Signal::derive(move || {
        let name = desk.limited.with(|key| key.as_ref().map(|key| key.name.clone())).unwrap_or_default();
        t_with(w::API_KEYS_LIMIT_TITLE, &[("name", &name)])
    });
    let errors = action_fields(save);
    let wrong = move || errors.with(|errors| errors.get("assistants").or(errors.get("reach")).map(field_message));
    view! {
        <Dialog open=desk.is_limiting title shape=DialogShape::Drawer>
            <ActionForm action=save attr:class="answer-form">
                <div class="body stack g4">
                    <FormErrors error=action_error(save)/>
                    <p class="muted">{t(w::API_KEYS_LIMIT_HINT)}</p>
                    <p class="small t bad" role="alert">{wrong}</p>
                    <Fields desk keys/>
                </div>
                <footer>
                    <Button on:click=move |_| desk.is_limiting.set(false)>{t(w::API_KEYS_CANCEL)}</Button>
                    <Button kind=ButtonKind::Primary submit=true pending=save.pending()>{t(w::API_KEYS_LIMIT_SAVE)}</Button>
                </footer>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

#[component]
fn Fields(desk: Desk, keys: KeysRead) -> impl IntoView {
    let Some(key) = desk.limited.get_untracked() else { return ().into_any() };
    let limit = key.assistants;
    view! {
        <input type="hidden" name="id" value=key.id.to_string()/>
        <Loaded resource=keys let:keys><LimitFields assistants=keys.assistants limit=limit.clone()/></Loaded>
    }
    .into_any()
}

/// Asks how long the former secret is to stay good, and rolls.
#[component]
pub fn RollDialog(desk: Desk) -> impl IntoView {
    let roll = ServerAction::<RollKey>::new();
    Effect::new(move || {
        if roll.version().get() > 0
            && let Some(Ok(fresh)) = roll.value().get_untracked()
        {
            roll.clear();
            desk.show(fresh);
        }
    });
    let title = Signal::derive(move || {
        let name = desk.rolled.with(|key| key.as_ref().map(|key| key.name.clone())).unwrap_or_default();
        t_with(w::API_KEYS_ROLL_TITLE, &[("name", &name)])
    });
    view! {
        <Dialog open=desk.is_rolling title>
            <ActionForm action=roll>
                <div class="body stack g4">
                    <FormErrors error=action_error(roll)/>
                    <p>{t(w::API_KEYS_ROLL_TEXT)}</p>
                    {desk.rolled.with_untracked(|key| key.as_ref().map(|key| view! { <input type="hidden" name="id" value=key.id.to_string()/> }))}
                    <Select name="grace_s" label=t(w::API_KEYS_GRACE) options=graces() value="86400".to_owned()/>
                </div>
                <footer>
                    <Button on:click=move |_| desk.is_rolling.set(false)>{t(w::API_KEYS_CANCEL)}</Button>
                    <Button kind=ButtonKind::Primary submit=true pending=roll.pending()>{t(w::API_KEYS_ROLL)}</Button>
                </footer>
            </ActionForm>
        </Dialog>
    }
    .into_any()
}

fn graces() -> Vec<(String, String)> {
    let graces = [
        ("0", w::API_KEYS_GRACE_NONE),
        ("3600", w::API_KEYS_GRACE_HOUR),
        ("86400", w::API_KEYS_GRACE_DAY),
        ("604800", w::API_KEYS_GRACE_WEEK),
    ];
    graces.map(|(seconds, words)| (seconds.to_owned(), t(words).to_owned())).into()
}

//! How long the organisation keeps recordings and words: a card of its settings. Works before wasm: a form.

use crate::{
    error_glue::Json,
    i18n::{t, words as w},
    kit::*,
    shared::error::AppError,
};
use leptos::{form::ActionForm, prelude::*};
use serde::{Deserialize, Serialize};

/// Days, or for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retention {
    pub recordings_days: Option<i32>,
    pub words_days: Option<i32>,
}

/// The organisation's rules.
#[server(output = Json)]
pub async fn read_retention() -> Result<Retention, AppError> {
    use {super::server::erase, crate::platform::OrgScope};
    erase::read_retention(&OrgScope::of_request().await?).await
}

/// Keeps them, and has them applied at once; empty is for ever. Errors: `Invalid(recordings_days)`, `Invalid(words_days)`.
#[server(output = Json)]
pub async fn save_retention(#[server(default)] recordings_days: String, #[server(default)] words_days: String) -> Result<(), AppError> {
    use {super::server::erase, crate::platform::OrgScope};
    erase::save_retention(&OrgScope::of_request().await?, &recordings_days, &words_days).await
}

/// The form of both.
#[component]
pub fn RetentionCard() -> impl IntoView {
    let save = ServerAction::<SaveRetention>::new();
    let toasts = use_toasts();
    let rules = Resource::new_blocking(move || save.version().get(), |_| read_retention());
    Effect::new(move || {
        if save.version().get() > 0 && save.value().with_untracked(|value| matches!(value, Some(Ok(())))) {
            toasts.say(t(w::RECORDING_RETENTION_SAVED));
        }
    });
    let days = |days: Option<i32>| days.map(|days| days.to_string()).unwrap_or_default();
    view! {
        <section class="card" aria-labelledby="h-retention">
            <header><h2 id="h-retention">{t(w::RECORDING_RETENTION)}</h2></header>
            <Loaded resource=rules let:rules>
                <ActionForm action=save attr:class="body stack g4">
                    <p class="muted">{t(w::RECORDING_RETENTION_TEXT)}</p>
                    <FormErrors error=action_error(save)/>
                    <div class="cols">
                        <TextInput
                            name="recordings_days"
                            label=t(w::RECORDING_RETENTION_RECORDINGS)
                            hint=t(w::RECORDING_RETENTION_HINT)
                            inputmode="numeric"
                            value=days(rules.recordings_days)
                            optional=true
                            errors=action_fields(save)
                        />
                        <TextInput
                            name="words_days"
                            label=t(w::RECORDING_RETENTION_WORDS)
                            hint=t(w::RECORDING_RETENTION_HINT)
                            inputmode="numeric"
                            value=days(rules.words_days)
                            optional=true
                            errors=action_fields(save)
                        />
                    </div>
                    <div class="row"><Button submit=true pending=save.pending()>{t(w::ACCOUNT_SAVE)}</Button></div>
                </ActionForm>
            </Loaded>
        </section>
    }
    .into_any()
}

//! Failures in the reader's words: what happened, and the way out. A cause never reaches the browser, so none is shown.

use super::{
    button::{Button, ButtonSize, LinkButton},
    icon::Icon,
};
use crate::{
    error_glue::answer_not_found,
    i18n::{Key, format, key_by_name, t, t_with, use_locale, words as w},
    shared::{
        error::{AppError, FieldErrors},
        trouble::Trouble,
    },
};
use leptos::{prelude::*, server::ServerAction, server_fn::ServerFn};

/// The sentence for a field's message key (`phone.not_e164`).
pub fn field_message(code: &str) -> String {
    t(key_by_name(code).unwrap_or(w::ERRORS_FIELD_UNKNOWN)).to_owned()
}

/// The sentence for a word of ours among the provider's (`zencall:no_answer`); nothing for the provider's own.
pub fn trouble(told: &str) -> Option<&'static str> {
    Some(t(match told.parse::<Trouble>().ok()? {
        Trouble::Unreachable => w::ERRORS_TROUBLE_UNREACHABLE,
        Trouble::NoAnswer => w::ERRORS_TROUBLE_NO_ANSWER,
        Trouble::Paused => w::ERRORS_TROUBLE_PAUSED,
        Trouble::Garbled => w::ERRORS_TROUBLE_GARBLED,
        Trouble::ForeignAddress => w::ERRORS_TROUBLE_FOREIGN_ADDRESS,
        Trouble::Unconfirmed => w::ERRORS_TROUBLE_UNCONFIRMED,
        Trouble::NoLineFree => w::ERRORS_TROUBLE_NO_LINE_FREE,
        Trouble::NoNumber => w::ERRORS_TROUBLE_NO_NUMBER,
        Trouble::OtherNumber => w::ERRORS_TROUBLE_OTHER_NUMBER,
        Trouble::UnknownNumber => w::ERRORS_TROUBLE_UNKNOWN_NUMBER,
    }))
}

/// The sentence for a word of ours, else the provider's words as they came.
pub fn trouble_words(told: &str) -> String {
    trouble(told).map_or_else(|| told.to_owned(), str::to_owned)
}

/// What was told of a trouble: our sentence plainly, the provider's words as a quotation.
#[component]
pub fn Told(#[prop(into)] words: String) -> impl IntoView {
    match trouble(&words) {
        Some(sentence) => sentence.into_any(),
        None => view! { <q class="ltr">{words}</q> }.into_any(),
    }
}

/// What happened, in a few words.
pub fn error_title(error: &AppError) -> String {
    let key = match error {
        AppError::Invalid { .. } => w::ERRORS_INVALID_TITLE,
        AppError::Unauthenticated => w::ERRORS_UNAUTHENTICATED_TITLE,
        AppError::Forbidden { .. } => w::ERRORS_FORBIDDEN_TITLE,
        AppError::NotFound { .. } => w::ERRORS_NOT_FOUND_TITLE,
        AppError::Conflict { code } => key_by_name(code).unwrap_or(w::ERRORS_CONFLICT_TITLE),
        AppError::RateLimited { .. } => w::ERRORS_RATE_LIMITED_TITLE,
        AppError::Upstream { provider, .. } => return t_with(w::ERRORS_UPSTREAM_TITLE, &[("provider", provider)]),
        AppError::Internal { .. } => w::ERRORS_INTERNAL_TITLE,
        AppError::Offline => w::ERRORS_OFFLINE_TITLE,
    };
    t(key).to_owned()
}

/// What to do about it. Nothing when the title says it all.
pub fn error_text(error: &AppError) -> Option<String> {
    let plain = |key: Key| Some(t(key).to_owned());
    match error {
        AppError::Invalid { .. } => plain(w::ERRORS_INVALID_TEXT),
        AppError::Unauthenticated => plain(w::ERRORS_UNAUTHENTICATED_TEXT),
        AppError::Forbidden { .. } => plain(w::ERRORS_FORBIDDEN_TEXT),
        AppError::NotFound { .. } => plain(w::ERRORS_NOT_FOUND_TEXT),
        AppError::Conflict { code } => key_by_name(code).is_none().then(|| t(w::ERRORS_CONFLICT_TEXT).to_owned()),
        AppError::RateLimited { retry_after_s } => {
            let wait = format::duration(use_locale(), i64::from(*retry_after_s));
            Some(t_with(w::ERRORS_RATE_LIMITED_TEXT, &[("wait", &wait)]))
        }
        AppError::Upstream { .. } => plain(w::ERRORS_UPSTREAM_TEXT),
        AppError::Internal { .. } => plain(w::ERRORS_INTERNAL_TEXT),
        AppError::Offline => plain(w::ERRORS_OFFLINE_TEXT),
    }
}

/// The reference a person may quote to support.
pub fn incident(error: &AppError) -> Option<String> {
    match error {
        AppError::Upstream { incident, .. } | AppError::Internal { incident } => Some(incident.to_string()),
        _ => None,
    }
}

/// A failure inside a block; the frame around it stays.
#[component]
pub fn ErrorBlock(
    error: AppError,
    /// Tries again; offered where trying again can help.
    #[prop(optional, into)]
    retry: Option<Callback<()>>,
) -> impl IntoView {
    if matches!(error, AppError::NotFound { .. }) {
        answer_not_found();
    }
    let icon = if error == AppError::Offline { icondata::LuCloudOff } else { icondata::LuCircleAlert };
    let can_help = matches!(
        error,
        AppError::Upstream { .. }
            | AppError::Internal { .. }
            | AppError::Offline
            | AppError::RateLimited { .. }
            | AppError::Conflict { .. }
    );
    let action = match (&error, retry) {
        (AppError::Unauthenticated, _) => {
            Some(view! { <LinkButton href="/sign-in" size=ButtonSize::Small>{t(w::ERRORS_SIGN_IN)}</LinkButton> }.into_any())
        }
        (_, Some(retry)) if can_help => Some(
            view! {
                <Button size=ButtonSize::Small icon=icondata::LuRotateCw on:click=move |_| retry.run(())>
                    {t(w::ERRORS_RETRY)}
                </Button>
            }
            .into_any(),
        ),
        _ => None,
    };
    view! {
        <div class="callout bad" role="alert">
            <Icon icon/>
            <b>{error_title(&error)}</b>
            {error_text(&error).map(|text| view! { <p>{text}</p> })}
            {incident(&error).map(|id| view! { <p class="small">{t(w::ERRORS_REFERENCE)}" "<code>{id}</code></p> })}
            {action.map(|action| view! { <div class="row">{action}</div> })}
        </div>
    }
    .into_any()
}

/// What a form's last try came to, above its fields. Wrong fields are told beside them, so for those it only points there.
#[component]
pub fn FormErrors(#[prop(into)] error: Signal<Option<AppError>>) -> impl IntoView {
    view! { <div class="form-errors">{move || error.get().map(|error| view! { <ErrorBlock error/> })}</div> }.into_any()
}

/// Why the last try of an action failed. Also set when a form came back without wasm.
pub fn action_error<S>(action: ServerAction<S>) -> Signal<Option<AppError>>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    Signal::derive(move || action.value().with(|value| value.as_ref().and_then(|v| v.as_ref().err().cloned())))
}

/// The wrong fields of an action's last try.
pub fn action_fields<S>(action: ServerAction<S>) -> Signal<FieldErrors>
where
    S: ServerFn<Error = AppError> + Clone + Send + Sync + 'static,
    S::Output: Clone + Send + Sync + 'static,
{
    let error = action_error(action);
    Signal::derive(move || error.with(|e| e.as_ref().map(AppError::fields).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_words_become_sentences_and_the_provider_s_stay() {
        let mut told: Vec<String> = Trouble::ALL.iter().map(|trouble| trouble_words(trouble.name())).collect();
        assert!(told.iter().all(|sentence| sentence.ends_with('.') && !sentence.contains("zencall:")));
        told.sort_unstable();
        told.dedup();
        assert_eq!(told.len(), Trouble::ALL.len());
        assert_eq!(trouble_words("voice.voiceId is not available"), "voice.voiceId is not available");
    }
}

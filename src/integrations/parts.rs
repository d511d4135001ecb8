//! What the integrations page shows of settings and deliveries, in words.

use super::model::*;
use crate::{
    i18n::{Key, t, words as w},
    kit::*,
};
use leptos::prelude::*;

/// The mode's name.
pub fn mode_name(mode: AuthMode) -> Key {
    match mode {
        AuthMode::Bearer => w::INTEGRATIONS_MODE_BEARER,
        AuthMode::Header => w::INTEGRATIONS_MODE_HEADER,
        AuthMode::Hmac => w::INTEGRATIONS_MODE_HMAC,
        AuthMode::Oauth2 => w::INTEGRATIONS_MODE_OAUTH2,
        AuthMode::None => w::INTEGRATIONS_MODE_NONE,
    }
}

/// The preset's name.
pub fn preset_name(preset: Preset) -> Key {
    match preset {
        Preset::VapiDefault => w::INTEGRATIONS_PRESET_VAPI_DEFAULT,
        Preset::XVapiSecret => w::INTEGRATIONS_PRESET_X_VAPI_SECRET,
        Preset::SignatureRawBody => w::INTEGRATIONS_PRESET_SIGNATURE_RAW_BODY,
        Preset::Svix => w::INTEGRATIONS_PRESET_SVIX,
        Preset::Bearer => w::INTEGRATIONS_PRESET_BEARER,
        Preset::Oauth2 => w::INTEGRATIONS_PRESET_OAUTH2,
    }
}

/// What came of a delivery, as ring and word.
#[component]
pub fn OutcomeRing(outcome: String) -> impl IntoView {
    let (state, word) = match outcome.as_str() {
        "accepted" => (RingState::Done, w::INTEGRATIONS_OUTCOME_ACCEPTED),
        "duplicate" => (RingState::Queued, w::INTEGRATIONS_OUTCOME_DUPLICATE),
        "rejected" => (RingState::Failed, w::INTEGRATIONS_OUTCOME_REJECTED),
        _ => (RingState::Missed, w::INTEGRATIONS_OUTCOME_DEAD),
    };
    view! { <Ring state=state word=t(word)/> }.into_any()
}

/// Why a delivery was turned away or set aside, and what is particular about it; from the journal's stable word.
pub fn delivery_reason(reason: &str) -> &'static str {
    t(match reason {
        "unknown_address" => w::INTEGRATIONS_REASON_UNKNOWN_ADDRESS,
        "missing_header" => w::INTEGRATIONS_REASON_MISSING_HEADER,
        "bad_signature" => w::INTEGRATIONS_REASON_BAD_SIGNATURE,
        "stale_timestamp" => w::INTEGRATIONS_REASON_STALE_TIMESTAMP,
        "secret_not_set" => w::INTEGRATIONS_REASON_SECRET_NOT_SET,
        "not_understood" => w::INTEGRATIONS_REASON_NOT_UNDERSTOOD,
        "not_applied" => w::INTEGRATIONS_REASON_NOT_APPLIED,
        "too_large" => w::INTEGRATIONS_REASON_TOO_LARGE,
        "too_slow" => w::INTEGRATIONS_REASON_TOO_SLOW,
        "unknown_type" => w::INTEGRATIONS_REASON_UNKNOWN_TYPE,
        "reapplied" => w::INTEGRATIONS_REASON_REAPPLIED,
        "erased" => w::INTEGRATIONS_REASON_ERASED,
        "asked" => w::INTEGRATIONS_REASON_ASKED,
        _ => w::INTEGRATIONS_REASON_OTHER,
    })
}

/// A value people copy: monospaced, cut at the end, with its button.
#[component]
pub fn CopyLine(#[prop(into)] label: String, value: String) -> impl IntoView {
    view! {
        <div class="copy-line">
            <span class="label">{label}</span>
            <span class="row g2">
                <code class="grow clip ltr" tabindex="0">{value.clone()}</code>
                <CopyButton text=value size=ButtonSize::Small/>
            </span>
        </div>
    }
    .into_any()
}

/// A secret: folded away until it is asked for, without script.
#[component]
pub fn SecretLine(#[prop(into)] label: String, value: String) -> impl IntoView {
    view! {
        <div class="copy-line">
            <span class="label">{label}</span>
            <span class="row g2">
                <details class="secret grow">
                    <summary class="btn sm"><Icon icon=icondata::LuEye small=true/>{t(w::INTEGRATIONS_SHOW)}</summary>
                    <code class="ltr" tabindex="0">{value.clone()}</code>
                </details>
                <CopyButton text=value size=ButtonSize::Small/>
            </span>
        </div>
    }
    .into_any()
}

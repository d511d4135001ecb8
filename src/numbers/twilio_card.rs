//! The organisation's account at Twilio: connect it, change its token, let it go.

use super::{model::*, page::Doing, rpc::DisconnectTwilio};
use crate::{
    i18n::{t, t_with, words as w},
    kit::*,
};
use leptos::{form::ActionForm, prelude::*};

#[component]
pub(super) fn TwilioCard(twilio: Option<TwilioLink>, sandbox: Option<(String, String)>, doing: Doing, may_manage: bool) -> impl IntoView {
    let (tone, word) = match &twilio {
        None => (Tone::Neutral, w::NUMBERS_TWILIO_NONE),
        Some(link) if link.refused.is_some() => (Tone::Bad, w::NUMBERS_TWILIO_REFUSED),
        Some(_) => (Tone::Ok, w::NUMBERS_TWILIO_CONNECTED),
    };
    let refused = twilio.as_ref().and_then(|link| link.refused.clone());
    let is_connected = twilio.is_some();
    view! {
        <section class="card" aria-labelledby="h-twilio">
            <header class="wrap">
                <span class="avatar ai org-logo" aria-hidden="true">"Tw"</span>
                <h2 id="h-twilio">"Twilio"</h2>
                <span class="end"><Badge tone=tone>{t(word)}</Badge></span>
            </header>
            <div class="body stack g4">
                {match twilio {
                    Some(link) => {
                        view! { <p><b>{link.name}</b>" "<span class="num small muted ltr">{link.account_sid}</span></p> }.into_any()
                    }
                    None => view! { <p class="muted">{t(w::NUMBERS_TWILIO_TEXT)}</p> }.into_any(),
                }}
                {refused.map(|words| view! {
                    <Callout tone=Tone::Bad title=t(w::NUMBERS_TWILIO_REFUSED_TITLE)><p><Told words/></p><p>{t(w::NUMBERS_TWILIO_REFUSED_TEXT)}</p></Callout>
                })}
                <FormErrors error=action_error(doing.unlink)/>
                {may_manage.then(|| view! { <Keys sandbox doing is_connected/> })}
            </div>
        </section>
    }
    .into_any()
}

#[component]
fn Keys(sandbox: Option<(String, String)>, doing: Doing, is_connected: bool) -> impl IntoView {
    let errors = action_fields(doing.link);
    let form = move || {
        view! {
            <ActionForm action=doing.link>
                <div class="stack g4">
                    <FormErrors error=action_error(doing.link)/>
                    <div class="cols">
                        <TextInput name="form[account_sid]" label=t(w::NUMBERS_ACCOUNT_SID) placeholder="AC…" autocomplete="off" required=true errors/>
                        <PasswordInput name="form[auth_token]" label=t(w::NUMBERS_AUTH_TOKEN) autocomplete="off" errors/>
                    </div>
                    <div class="row">
                        <Button kind=ButtonKind::Dark submit=true pending=doing.link.pending()>{t(w::NUMBERS_CONNECT_TWILIO)}</Button>
                    </div>
                </div>
            </ActionForm>
        }
        .into_any()
    };
    view! {
        {sandbox.map(|(sid, token)| {
            let words = t_with(w::NUMBERS_SANDBOX_TEXT, &[("sid", &sid), ("token", &token)]);
            view! { <Callout tone=Tone::Info title=t(w::NUMBERS_SANDBOX_TITLE)><p>{words}</p></Callout> }
        })}
        {if is_connected {
            view! {
                <details class="fold">
                    <summary><Icon icon=icondata::LuKeyRound small=true/>{t(w::NUMBERS_TWILIO_NEW_KEYS)}</summary>
                    <div class="body">{form()}</div>
                </details>
                <div class="row">
                    <ConfirmButton
                        icon=icondata::LuUnplug
                        size=ButtonSize::Small
                        pending=doing.unlink.pending()
                        on_confirm=Callback::new(move |()| { doing.unlink.dispatch(DisconnectTwilio {}); })
                    >
                        {t(w::NUMBERS_DISCONNECT)}
                    </ConfirmButton>
                </div>
            }
                .into_any()
        } else {
            form()
        }}
    }
    .into_any()
}

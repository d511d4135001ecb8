//! Terms and privacy notice, with the version an acceptance records.

use super::document::{SiteFoot, SiteHead};
use crate::{
    i18n::{Key, t, t_with, words as w},
    shared::legal::{PRIVACY_VERSION, TERMS_VERSION},
};
use leptos::prelude::*;

/// `/terms`.
pub fn terms() -> AnyView {
    let parts = [
        (w::LEGAL_TERMS_1, w::LEGAL_TERMS_1_TEXT),
        (w::LEGAL_TERMS_2, w::LEGAL_TERMS_2_TEXT),
        (w::LEGAL_TERMS_3, w::LEGAL_TERMS_3_TEXT),
        (w::LEGAL_TERMS_4, w::LEGAL_TERMS_4_TEXT),
        (w::LEGAL_TERMS_5, w::LEGAL_TERMS_5_TEXT),
        (w::LEGAL_TERMS_6, w::LEGAL_TERMS_6_TEXT),
    ];
    article(w::LEGAL_TERMS_TITLE, TERMS_VERSION, &parts)
}

/// `/privacy`.
pub fn privacy() -> AnyView {
    let parts = [
        (w::LEGAL_PRIVACY_1, w::LEGAL_PRIVACY_1_TEXT),
        (w::LEGAL_PRIVACY_2, w::LEGAL_PRIVACY_2_TEXT),
        (w::LEGAL_PRIVACY_3, w::LEGAL_PRIVACY_3_TEXT),
        (w::LEGAL_PRIVACY_4, w::LEGAL_PRIVACY_4_TEXT),
        (w::LEGAL_PRIVACY_5, w::LEGAL_PRIVACY_5_TEXT),
        (w::LEGAL_PRIVACY_6, w::LEGAL_PRIVACY_6_TEXT),
    ];
    article(w::LEGAL_PRIVACY_TITLE, PRIVACY_VERSION, &parts)
}

fn article(title: Key, version: &str, parts: &[(Key, Key)]) -> AnyView {
    let parts = parts
        .iter()
        .enumerate()
        .map(|(i, (head, text))| view! { <section class="stack g2"><h2>{format!("{}. {}", i + 1, t(*head))}</h2><p>{t(*text)}</p></section> })
        .collect_view();
    view! {
        <SiteHead/>
        <main class="section legal" id="main">
            <article class="stack g5">
                <div>
                    <h1>{t(title)}</h1>
                    <p class="muted">{t_with(w::SITE_VERSION, &[("version", version)])}</p>
                </div>
                {parts}
                <p><a href="/">{t(w::SITE_BACK_HOME)}</a></p>
            </article>
        </main>
        <SiteFoot/>
    }
    .into_any()
}

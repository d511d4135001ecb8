//! Whether what is shown is true now: the connection pill, and the banner when it may not be.

use super::{
    browser,
    live::{Link, Live},
};
use crate::{
    i18n::{format, t, t_count, t_with, use_locale, words as w},
    kit::{Banner, ButtonSize, Icon, LinkButton, Tone, ticking},
};
use leptos::prelude::*;

/// Live, reconnecting, or catching up: always an icon and a word.
#[component]
pub fn ConnectionPill(live: Live) -> impl IntoView {
    let look = Memo::new(move |_| match live.link.get() {
        Link::Live => (Tone::Ok, icondata::LuRadio, t(w::LIVE_LINK_LIVE).to_owned()),
        Link::Connecting => (Tone::Neutral, icondata::LuRadio, t(w::LIVE_LINK_CONNECTING).to_owned()),
        Link::CatchingUp(n) => (Tone::Info, icondata::LuRefreshCw, t_count(w::LIVE_LINK_CATCHING_UP, i64::from(n))),
        Link::Reconnecting => (Tone::Warn, icondata::LuCloudOff, t(w::LIVE_LINK_RECONNECTING).to_owned()),
        Link::SignedOut => (Tone::Bad, icondata::LuLogOut, t(w::LIVE_LINK_SIGNED_OUT).to_owned()),
    });
    view! {
        <span class=move || format!("badge link-pill {}", look.with(|look| look.0.class())) role="status">
            {move || look.with(|look| view! { <Icon icon=look.1 small=true/> })}
            <span>{move || look.with(|look| look.2.clone())}</span>
        </span>
    }
    .into_any()
}

/// What is shown may be old: since when, in words; or the session is over.
#[component]
pub fn StaleBanner(live: Live) -> impl IntoView {
    // The clock only makes the sentence move on; the time it says is the browser's own.
    let tick = ticking(chrono::DateTime::UNIX_EPOCH);
    let locale = use_locale();
    let age = move || {
        tick.track();
        live.stale_since.get().map(|since| ((browser::now_ms() - since) / 1000.0).max(0.0) as i64)
    };
    // A hiccup of a second is not worth a banner.
    let is_stale = Memo::new(move |_| live.link.get() != Link::SignedOut && age().is_some_and(|seconds| seconds >= 2));
    view! {
        <Show when=move || is_stale.get()>
            <Banner tone=Tone::Warn icon=icondata::LuCloudOff>
                {move || t_with(w::LIVE_STALE, &[("age", &format::duration(locale, age().unwrap_or(0)))])}
            </Banner>
        </Show>
        <Show when=move || live.link.get() == Link::SignedOut>
            <Banner tone=Tone::Bad icon=icondata::LuLogOut>
                {t(w::LIVE_SIGNED_OUT)}" "
                <LinkButton href="/sign-in" size=ButtonSize::Small>{t(w::ERRORS_SIGN_IN)}</LinkButton>
            </Banner>
        </Show>
    }
    .into_any()
}

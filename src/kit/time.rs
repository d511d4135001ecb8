//! Clocks on the page. The first paint shows the server's `now`, which came with the data, so that browser and server agree;
//! from then on the browser's clock drives them, and how far it is off does not matter.

use crate::i18n::{
    format::{self, use_clock},
    use_locale,
};
use chrono::{DateTime, Duration, Utc};
use leptos::prelude::*;

/// Seconds since this page came alive; one ticker for all clocks.
#[derive(Clone, Copy)]
struct Ticker(RwSignal<i64>);

/// Starts the page's ticker; once, by the shell.
pub fn provide_ticker() {
    let seconds = RwSignal::new(0);
    provide_context(Ticker(seconds));
    Effect::new(move || {
        let start = Utc::now();
        let tick = move || {
            seconds.try_set((Utc::now() - start).num_seconds());
        };
        if let Ok(handle) = set_interval_with_handle(tick, std::time::Duration::from_secs(1)) {
            on_cleanup(move || handle.clear());
        }
    });
}

/// `now` of the server, moved on by the time this page has been alive since the caller was made.
pub fn ticking(now: DateTime<Utc>) -> Signal<DateTime<Utc>> {
    let Some(Ticker(seconds)) = use_context::<Ticker>() else { return Signal::stored(now) };
    let born = seconds.get_untracked();
    Signal::derive(move || now + Duration::seconds(seconds.get() - born))
}

/// How long something has been going on: `03:42`, one second a second.
#[component]
pub fn Timer(
    since: DateTime<Utc>,
    /// The server's time when the data was read.
    now: DateTime<Utc>,
) -> impl IntoView {
    let now = ticking(now);
    view! { <span class="timer">{move || format::timer((now.get() - since).num_seconds())}</span> }.into_any()
}

/// How long ago something was, in words; the full date on hover.
#[component]
pub fn RelativeTime(
    at: DateTime<Utc>,
    /// The server's time when the data was read.
    now: DateTime<Utc>,
) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let full = format::date_time(locale, &clock, at);
    let now = ticking(now);
    let said = Memo::new(move |_| format::relative(locale, &clock, at, now.get()));
    view! { <time datetime=at.to_rfc3339() title=full>{move || said.get()}</time> }.into_any()
}

/// An instant in the organisation's zone, as lists show it: the time today, the date before.
#[component]
pub fn When(at: DateTime<Utc>, now: DateTime<Utc>) -> impl IntoView {
    let (locale, clock) = (use_locale(), use_clock());
    let full = format::date_time(locale, &clock, at);
    let short = format::date_time_short(locale, &clock, at, now);
    view! { <time datetime=at.to_rfc3339() title=full>{short}</time> }.into_any()
}

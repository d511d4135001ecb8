//! Zencall: AI phone assistants for a business, and the place where a team runs them.
//! This file is the list of rooms; README.md draws the map.
#![recursion_limit = "512"]

#[macro_use]
pub mod shared;
#[cfg(feature = "split")]
#[macro_use]
mod split;
#[cfg(not(feature = "split"))]
#[macro_use]
#[path = "not_split.rs"]
mod split;

pub mod account;
pub mod answers;
pub mod api_keys;
pub mod app;
pub mod assistants;
pub mod audit;
pub mod calls;
pub mod dashboard;
pub mod i18n;
pub mod inbox;
pub mod integrations;
pub mod kit;
pub mod nav;
pub mod numbers;
pub mod reception;
pub mod rehearsals;
pub mod site;
pub mod team;
pub mod webhooks;
pub mod work;

mod error_glue;

#[cfg(feature = "ssr")]
pub mod platform;
#[cfg(feature = "ssr")]
pub mod providers;
#[cfg(feature = "ssr")]
pub mod server;

/// Wakes the page the server sent: called by the one script of every page of the product, with the words of the page's language. The
/// page's own file comes first, so that nothing is missing while it is taken over; without it the page stays what the server sent.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate(words: String) {
    console_error_panic_hook::set_once();
    i18n::learn(words);
    let path = leptos::prelude::location().pathname().unwrap_or_default();
    if app::load_page(&path).await {
        leptos::mount::hydrate_body(app::App);
    }
}

/// The schema, applied at start and by `zencall migrate`.
#[cfg(feature = "ssr")]
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

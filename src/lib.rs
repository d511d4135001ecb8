//! Zencall: AI phone assistants for a business, and the place where a team runs them.
//! This file is the list of rooms; README.md draws the map.
#![recursion_limit = "512"]

#[macro_use]
pub mod shared;
pub mod account;
pub mod app;
pub mod assistants;
pub mod calls;
pub mod dashboard;
pub mod i18n;
pub mod integrations;
pub mod kit;
pub mod nav;
pub mod site;

mod error_glue;

#[cfg(feature = "ssr")]
pub mod platform;
#[cfg(feature = "ssr")]
pub mod providers;
#[cfg(feature = "ssr")]
pub mod server;

/// Wakes the page the server sent: called by the one script of every page of the product.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(app::App);
}

/// The schema, applied at start and by `zencall migrate`.
#[cfg(feature = "ssr")]
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

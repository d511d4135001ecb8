//! Zencall: AI phone assistants for a business, and the place where a team runs them.
//! This file is the list of rooms; README.md draws the map.
#![recursion_limit = "512"]

pub mod i18n;
pub mod kit;
pub mod shared;
pub mod site;

#[cfg(feature = "ssr")]
pub mod platform;
#[cfg(feature = "ssr")]
pub mod providers;
#[cfg(feature = "ssr")]
pub mod server;

/// The schema, as it is brought up to date by `zencall migrate` and in every test database.
#[cfg(feature = "ssr")]
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

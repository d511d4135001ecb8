//! Plain data both targets know: ids, phone numbers, money, time, pages, errors, permissions.
//! Imports nothing of ours, does no IO, knows neither Leptos nor SQL statements.

#[macro_use]
mod macros;
pub mod audit;
pub mod error;
pub mod event;
pub mod ids;
pub mod legal;
pub mod money;
pub mod page;
pub mod permission;
pub mod phone;
pub mod session;
pub mod trouble;

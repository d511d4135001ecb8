//! Reception: what decides who answers a call, and what an assistant can do for a caller besides talking. Owns `receptions` (opening hours,
//! days off, rules), `reception_people` (whom callers are put through to), `known_callers`, `callbacks`, `http_tools` and `tool_runs`.
//! Publishes `DeskChanged` when assistants are to be told of other tools. Knows nothing of calls: what it must know of one comes in as words.
//! The one invariant: a decision is made by `rules::decide` alone, for a call that rings and for one that is tried in the page.

pub mod directory;
pub mod forms;
pub mod holidays;
pub mod hours;
pub mod http_tool;
pub mod model;
pub mod rpc;
pub mod rules;

mod callbacks_page;
mod callers_page;
mod day_list;
mod hours_page;
mod page;
mod people_page;
mod rule_form;
mod rules_page;
mod tools_page;
mod try_box;
mod words;

#[cfg(feature = "ssr")]
pub mod server;

pub use {hours_page::WeekFields, page::ReceptionPage, words::tool_words};

//! Numbers: the lines of the house, where they come from, and the text messages that come and go on them. Owns `twilio_accounts`,
//! `sms_messages`, `sms_reports`, `sms_opt_outs`; the rows of `phone_numbers` are kept by `assistants`, which tells the provider of them.
//! Publishes `MessageMoved`, which calls write into their timelines. Uses `assistants::server::actions` and
//! `reception::server::tools` (a tool acts once for its id); reads the view `number_health` of calls.
//! The one invariant: nothing is sent to a number that told us to stop, and that word counts from the moment it is kept.

pub mod model;
pub mod rpc;
pub mod stop_words;

mod add_forms;
mod messages_card;
mod page;
mod twilio_card;

#[cfg(feature = "ssr")]
pub mod server;

pub use page::NumbersPage;

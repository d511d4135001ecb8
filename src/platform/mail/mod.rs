//! Outgoing mail: one job, one layout with an HTML and a text twin, and the words of every letter in one file a language.
//!
//! Slices enqueue a [`Mail`] in the transaction that causes it; the [`Mailer`] sends it. Nothing a stranger typed becomes a
//! header, a link or markup: names are cleaned, everything is escaped, addresses with line breaks are refused.

mod letter;
mod mailer;
mod words_en;
mod words_fr;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::queue::{Job, lane};

pub use letter::{Language, Letter, Rendered, render};
pub use mailer::Mailer;

/// A mail on its way: who reads it, in which language, and what it says. The payload holds plain data, never markup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mail {
    /// An address alone, without a name.
    pub to: String,
    /// The reader's locale; anything but French is answered in English.
    pub locale: String,
    /// What it says.
    pub letter: Letter,
}

impl Job for Mail {
    const KIND: &'static str = "mail.send";
    const QUEUE: &'static str = lane::MAIL;
    const TIMEOUT: Duration = Duration::from_secs(30);
    const MAX_ATTEMPTS: i32 = 12;
    const BACKOFF_S: &'static [i32] = &[5, 30, 120, 600, 1800, 3600];
}

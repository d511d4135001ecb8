//! The mailbox of the sandbox: letters that our own mailer sent, kept in memory for people and tests to read.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::sync::watch;

use super::mime;
use super::world::{lock, new_id};

/// How many letters are kept.
const KEPT: usize = 500;

/// A letter as it was received.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Letter {
    /// Made by the mailbox; time-ordered.
    pub id: String,
    /// When the last line arrived.
    pub received_at: DateTime<Utc>,
    /// The sender of the envelope.
    pub from: String,
    /// The recipients of the envelope.
    pub to: Vec<String>,
    /// Decoded.
    pub subject: String,
    /// All headers, unfolded and decoded, in their order.
    pub headers: Vec<(String, String)>,
    /// The plain text part, decoded.
    pub text: Option<String>,
    /// The HTML part, decoded.
    pub html: Option<String>,
    /// Bytes on the wire.
    pub size: usize,
}

impl Letter {
    /// The first header of this name, whatever its case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// The letters; a clone is a handle on the same box.
#[derive(Clone)]
pub struct Mailbox {
    letters: Arc<Mutex<VecDeque<Letter>>>,
    arrivals: watch::Sender<u64>,
}

impl Default for Mailbox {
    fn default() -> Self {
        Mailbox { letters: Arc::default(), arrivals: watch::channel(0).0 }
    }
}

impl Mailbox {
    /// All letters, newest first.
    pub fn list(&self) -> Vec<Letter> {
        lock(&self.letters).iter().rev().cloned().collect()
    }

    /// The letters to this address, newest first.
    pub fn find(&self, to: &str) -> Vec<Letter> {
        let is_to = |letter: &&Letter| letter.to.iter().any(|address| address.eq_ignore_ascii_case(to));
        lock(&self.letters).iter().rev().filter(is_to).cloned().collect()
    }

    /// The newest letter to this address.
    pub fn latest(&self, to: &str) -> Option<Letter> {
        self.find(to).into_iter().next()
    }

    /// One letter.
    pub fn get(&self, id: &str) -> Option<Letter> {
        lock(&self.letters).iter().find(|letter| letter.id == id).cloned()
    }

    /// The newest letter to this address as soon as there is one, or nothing within this time.
    pub async fn wait_for(&self, to: &str, within: Duration) -> Option<Letter> {
        let mut arrivals = self.arrivals.subscribe();
        let arrived = async {
            loop {
                arrivals.borrow_and_update();
                if let Some(letter) = self.latest(to) {
                    return Some(letter);
                }
                if arrivals.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(within, arrived).await.ok().flatten()
    }

    /// Throws all letters away.
    pub fn clear(&self) {
        lock(&self.letters).clear();
    }

    /// Keeps a letter; the oldest makes room.
    pub(super) fn receive(&self, from: String, to: Vec<String>, raw: &[u8]) -> String {
        let parsed = mime::parse(raw);
        let id = new_id();
        let letter = Letter {
            id: id.clone(),
            received_at: Utc::now(),
            from,
            to,
            subject: parsed.header("subject").unwrap_or_default().to_owned(),
            headers: parsed.headers,
            text: parsed.text,
            html: parsed.html,
            size: raw.len(),
        };
        let mut letters = lock(&self.letters);
        if letters.len() >= KEPT {
            letters.pop_front();
        }
        letters.push_back(letter);
        drop(letters);
        self.arrivals.send_modify(|count| *count += 1);
        id
    }
}

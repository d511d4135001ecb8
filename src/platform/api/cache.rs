//! Keys that were looked up lately. One second is their whole life here, so that a revocation that goes unheard counts within a second
//! all the same; the news makes it count at once.

use crate::{
    platform::{
        bus::{Bus, Note},
        keys::Found,
    },
    shared::ids::ApiKeyId,
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

const LIFE: Duration = Duration::from_millis(900);
/// More keys in a second than any process serves; what is beyond asks the database.
const MOST: usize = 20_000;

/// By the hash of what was shown; nothing is kept in clear.
#[derive(Default)]
pub struct Keys(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    known: HashMap<[u8; 32], (Instant, Option<Arc<Found>>)>,
    news: Option<Receiver<Note>>,
    /// Grows with each piece of news: what was read before it is not kept.
    turn: u64,
}

/// What is known of a key.
pub enum Seen {
    /// Found or not, less than a second ago.
    Lately(Option<Arc<Found>>),
    /// To be looked up; [`Keys::keep`] takes the ticket.
    NotYet(Ticket),
}

/// When a look-up began.
#[derive(Clone, Copy)]
pub struct Ticket(u64);

impl Keys {
    /// What is known of the key with this hash, after the news were heard.
    pub fn look(&self, bus: &Bus, print: &[u8; 32]) -> Seen {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.hear(bus);
        match inner.known.get(print) {
            Some((at, found)) if at.elapsed() < LIFE => Seen::Lately(found.clone()),
            _ => Seen::NotYet(Ticket(inner.turn)),
        }
    }

    /// Keeps what was found, unless there was news meanwhile.
    pub fn keep(&self, print: [u8; 32], found: Option<Arc<Found>>, ticket: Ticket) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.turn != ticket.0 {
            return;
        }
        if inner.known.len() >= MOST {
            inner.known.retain(|_, (at, _)| at.elapsed() < LIFE);
        }
        if inner.known.len() < MOST {
            inner.known.insert(print, (Instant::now(), found));
        }
    }
}

impl Inner {
    fn hear(&mut self, bus: &Bus) {
        loop {
            let news = self.news.get_or_insert_with(|| bus.subscribe());
            match news.try_recv() {
                Ok(Note::Key { key }) => self.forget(Some(key)),
                Ok(Note::Resync) | Err(TryRecvError::Lagged(_)) => self.forget(None),
                Ok(_) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn forget(&mut self, key: Option<ApiKeyId>) {
        self.turn += 1;
        match key {
            Some(key) => self.known.retain(|_, (_, found)| found.as_ref().is_some_and(|found| found.key.id != key)),
            None => self.known.clear(),
        }
    }
}

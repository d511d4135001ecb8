//! The one clock. Actions and jobs ask it; tests move it by hand.

use chrono::{DateTime, Duration, SubsecRound, Utc};
use std::sync::{Arc, Mutex};

/// Where the time comes from: the system, or a test's hand.
#[derive(Clone, Default)]
pub struct Clock(Option<Arc<Mutex<DateTime<Utc>>>>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is moved.
    pub fn fixed(at: DateTime<Utc>) -> Self {
        Self(Some(Arc::new(Mutex::new(at))))
    }

    /// Now, to the millisecond: what ids and rows carry.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.0 {
            None => Utc::now(),
            Some(hand) => *hand.lock().unwrap_or_else(std::sync::PoisonError::into_inner),
        };
        now.trunc_subsecs(3)
    }

    /// Moves a fixed clock; the system's does not move.
    pub fn advance(&self, by: Duration) {
        if let Some(hand) = &self.0 {
            *hand.lock().unwrap_or_else(std::sync::PoisonError::into_inner) += by;
        }
    }
}

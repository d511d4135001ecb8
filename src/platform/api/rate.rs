//! How many requests a key may send in a minute, counted by each process for itself: a limit against runaway programs, not a price.

use crate::{platform::keys::KnownKey, shared::ids::ApiKeyId};
use http::{HeaderName, HeaderValue, Response};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

const WINDOW: Duration = Duration::from_secs(60);
/// From how many windows on those that are over are looked for.
const MANY: usize = 10_000;

/// Windows by key.
#[derive(Default)]
pub struct Rates(Mutex<Windows>);

#[derive(Default)]
struct Windows {
    by_key: HashMap<ApiKeyId, (Instant, u32)>,
    /// When those that were over were last taken away.
    swept: Option<Instant>,
}

impl Windows {
    /// Once a window at most, however many keys there are: no request pays for a look at all of them.
    fn sweep(&mut self, now: Instant) {
        if self.by_key.len() < MANY || self.swept.is_some_and(|swept| now.duration_since(swept) < WINDOW) {
            return;
        }
        self.by_key.retain(|_, (began, _)| now.duration_since(*began) < WINDOW);
        self.swept = Some(now);
    }
}

/// Where a key stands in its minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub limit: u32,
    pub remaining: u32,
    /// Seconds until the minute is over.
    pub reset_s: u32,
    pub is_over: bool,
}

impl Rates {
    /// Counts one request.
    pub fn take(&self, key: &KnownKey) -> Standing {
        self.take_at(key, Instant::now())
    }

    fn take_at(&self, key: &KnownKey, now: Instant) -> Standing {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        windows.sweep(now);
        let window = windows.by_key.entry(key.id).or_insert((now, 0));
        if now.duration_since(window.0) >= WINDOW {
            *window = (now, 0);
        }
        let is_over = window.1 >= key.per_minute;
        if !is_over {
            window.1 += 1;
        }
        let left = WINDOW.saturating_sub(now.duration_since(window.0));
        let reset_s = u32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(60).max(1);
        Standing { limit: key.per_minute, remaining: key.per_minute.saturating_sub(window.1), reset_s, is_over }
    }
}

impl Standing {
    /// Puts it on an answer.
    pub fn tell<B>(self, response: &mut Response<B>) {
        let told = [("ratelimit-limit", self.limit), ("ratelimit-remaining", self.remaining), ("ratelimit-reset", self.reset_s)];
        for (name, value) in told {
            response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from(value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::{ids::OrgId, permission::Permissions};

    #[test]
    fn windows_that_are_over_are_taken_away_and_no_others() {
        let key = |n: usize| KnownKey {
            id: ApiKeyId(uuid::Uuid::from_u128(n as u128)),
            org: OrgId(uuid::Uuid::nil()),
            scopes: Permissions::default(),
            limit: None,
            per_minute: 2,
        };
        let (rates, start) = (Rates::default(), Instant::now());
        let kept = || rates.0.lock().map(|windows| windows.by_key.len()).unwrap_or_default();
        for n in 0..MANY {
            rates.take_at(&key(n), start);
        }
        let late = start + Duration::from_secs(59);
        rates.take_at(&key(MANY), late);
        assert_eq!(kept(), MANY + 1, "none is over");
        rates.take_at(&key(0), start + Duration::from_secs(90));
        assert_eq!(kept(), MANY + 1, "looked for a moment ago");
        rates.take_at(&key(1), start + Duration::from_secs(119));
        assert_eq!(kept(), 2, "that of 90 s and the newest one");
    }

    #[test]
    fn a_minute_holds_so_many_requests_and_the_next_one_as_many_again() {
        let key = KnownKey {
            id: ApiKeyId(uuid::Uuid::nil()),
            org: OrgId(uuid::Uuid::nil()),
            scopes: Permissions::default(),
            limit: None,
            per_minute: 2,
        };
        let (rates, start) = (Rates::default(), Instant::now());
        let at = |ms| rates.take_at(&key, start + Duration::from_millis(ms));
        assert_eq!(at(0), Standing { limit: 2, remaining: 1, reset_s: 60, is_over: false });
        assert_eq!(at(1_500), Standing { limit: 2, remaining: 0, reset_s: 59, is_over: false });
        assert_eq!(at(59_500), Standing { limit: 2, remaining: 0, reset_s: 1, is_over: true });
        assert_eq!(at(60_000), Standing { limit: 2, remaining: 1, reset_s: 60, is_over: false });
    }
}

//! Stops asking a provider that does not answer, and finds out by single probes when it does again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Account;

/// When a breaker opens and for how long.
#[derive(Clone, Copy, Debug)]
pub struct BreakerRules {
    /// Consecutive failures that open it at once.
    pub failures: u32,
    /// Fewer, when the run of failures has lasted this long: a quiet account is protected too.
    pub lasting: Duration,
    /// The first time it stays open; doubles with every failed probe, ±20 %.
    pub first_open: Duration,
    /// It never stays open longer than this.
    pub longest_open: Duration,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self {
            failures: 5,
            lasting: Duration::from_millis(1500),
            first_open: Duration::from_secs(1),
            longest_open: Duration::from_secs(60),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed {
        failures: u32,
        since: Option<Instant>,
    },
    Open {
        until: Instant,
        times: u32,
    },
    /// One probe is under way.
    HalfOpen {
        times: u32,
    },
}

/// One provider as one account sees it.
pub struct Breaker {
    provider: &'static str,
    account: String,
    rules: BreakerRules,
    state: Mutex<State>,
}

impl Breaker {
    /// Closed, for one provider as one account sees it.
    pub fn new(provider: &'static str, account: &Account, rules: BreakerRules) -> Self {
        Self { provider, account: account.0.clone(), rules, state: Mutex::new(State::Closed { failures: 0, since: None }) }
    }

    /// Leave to ask. Errors: how long to wait, because it is open or a probe is under way.
    pub fn enter(self: &Arc<Self>) -> Result<Pass, Duration> {
        let mut state = self.lock();
        let is_probe = match *state {
            State::Closed { .. } => false,
            State::Open { until, times } => {
                let wait = until.saturating_duration_since(Instant::now());
                if !wait.is_zero() {
                    return Err(wait);
                }
                self.change(&mut state, State::HalfOpen { times });
                true
            }
            State::HalfOpen { .. } => return Err(self.rules.first_open),
        };
        Ok(Pass { breaker: Arc::clone(self), is_probe, is_judged: false })
    }

    /// `closed`, `open` or `half_open`.
    pub fn word(&self) -> &'static str {
        match *self.lock() {
            State::Closed { .. } => "closed",
            State::Open { .. } => "open",
            State::HalfOpen { .. } => "half_open",
        }
    }

    fn succeeded(&self, is_probe: bool) {
        let mut state = self.lock();
        // An answer to a question from before it opened says nothing about now.
        if is_probe || matches!(*state, State::Closed { .. }) {
            self.change(&mut state, State::Closed { failures: 0, since: None });
        }
    }

    fn failed(&self, is_probe: bool) {
        let mut state = self.lock();
        match *state {
            State::HalfOpen { times } if is_probe => self.open(&mut state, times + 1),
            State::Closed { failures, since } => {
                let (failures, since) = (failures + 1, since.unwrap_or_else(Instant::now));
                if failures >= self.rules.failures || (failures >= 3 && since.elapsed() >= self.rules.lasting) {
                    self.open(&mut state, 0);
                } else {
                    *state = State::Closed { failures, since: Some(since) };
                }
            }
            State::Open { .. } | State::HalfOpen { .. } => {}
        }
    }

    /// The probe was dropped without a verdict: the next one may go at once.
    fn abandoned(&self) {
        let mut state = self.lock();
        if let State::HalfOpen { times } = *state {
            self.change(&mut state, State::Open { until: Instant::now(), times });
        }
    }

    fn open(&self, state: &mut State, times: u32) {
        let whole = self.rules.first_open.saturating_mul(2_u32.saturating_pow(times)).min(self.rules.longest_open);
        let until = Instant::now() + whole.mul_f64(0.8 + 0.4 * rand::random::<f64>());
        tracing::warn!(provider = self.provider, account = self.account, times, "breaker opened");
        self.change(state, State::Open { until, times });
    }

    fn change(&self, state: &mut State, to: State) {
        let level = match to {
            State::Closed { .. } => 0.0,
            State::HalfOpen { .. } => 1.0,
            State::Open { .. } => 2.0,
        };
        *state = to;
        metrics::gauge!("zencall_breaker_state", "provider" => self.provider, "account" => self.account.clone()).set(level);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Leave to ask once; says how it went.
pub struct Pass {
    breaker: Arc<Breaker>,
    is_probe: bool,
    is_judged: bool,
}

impl Pass {
    /// The provider lives, whatever it answered.
    pub fn succeeded(mut self) {
        self.is_judged = true;
        self.breaker.succeeded(self.is_probe);
    }

    /// No answer, or one that says it is broken.
    pub fn failed(mut self) {
        self.is_judged = true;
        self.breaker.failed(self.is_probe);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if self.is_probe && !self.is_judged {
            self.breaker.abandoned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Arc<Breaker> {
        let rules =
            BreakerRules { first_open: Duration::from_millis(60), longest_open: Duration::from_millis(200), ..BreakerRules::default() };
        Arc::new(Breaker::new("test", &Account::of(&["a"]), rules))
    }

    fn fail(breaker: &Arc<Breaker>, times: u32) {
        for _ in 0..times {
            breaker.enter().unwrap_or_else(|_| panic!("closed")).failed();
        }
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_one_success_between_does_not() {
        let breaker = breaker();
        fail(&breaker, 4);
        breaker.enter().ok().unwrap().succeeded();
        fail(&breaker, 4);
        assert_eq!(breaker.word(), "closed");
        fail(&breaker, 1);
        assert_eq!(breaker.word(), "open");
        assert!(breaker.enter().is_err());
    }

    #[test]
    fn a_single_probe_decides() {
        let breaker = breaker();
        fail(&breaker, 5);
        std::thread::sleep(Duration::from_millis(80));
        let probe = breaker.enter().ok().unwrap();
        assert!(breaker.enter().is_err(), "one probe at a time");
        probe.failed();
        assert!(breaker.enter().is_err(), "open again");
        std::thread::sleep(Duration::from_millis(160));
        drop(breaker.enter().ok().unwrap());
        let probe = breaker.enter().expect("an abandoned probe blocks nobody");
        probe.succeeded();
        assert_eq!(breaker.word(), "closed");
    }

    #[test]
    fn a_late_answer_from_before_it_opened_changes_nothing() {
        let breaker = breaker();
        let early = breaker.enter().ok().unwrap();
        fail(&breaker, 5);
        early.succeeded();
        assert_eq!(breaker.word(), "open");
    }

    #[test]
    fn a_quiet_account_needs_fewer_failures() {
        let rules = BreakerRules { lasting: Duration::from_millis(20), ..BreakerRules::default() };
        let breaker = Arc::new(Breaker::new("test", &Account::of(&["b"]), rules));
        fail(&breaker, 2);
        std::thread::sleep(Duration::from_millis(30));
        fail(&breaker, 1);
        assert_eq!(breaker.word(), "open");
    }
}

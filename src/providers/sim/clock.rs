//! The clock of a call: call seconds since it was answered. The driver moves it forward by waiting; listeners only read it,
//! and never see a moment the driver has not promised yet, so that what they hear is what the record will say.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::world::lock;

/// Readable from anywhere, moved by the driver of the call alone.
#[derive(Debug)]
pub(super) struct CallClock(Mutex<Hands>);

#[derive(Clone, Copy, Debug)]
struct Hands {
    /// The moment on the wall at which the call stood at `seconds`.
    wall: Instant,
    seconds: f64,
    /// The driver will not go past this before it moves the hands again.
    until: f64,
    speed: f64,
}

impl Default for CallClock {
    fn default() -> Self {
        CallClock(Mutex::new(Hands { wall: Instant::now(), seconds: 0.0, until: 0.0, speed: 1.0 }))
    }
}

impl CallClock {
    /// Call seconds now.
    pub(super) fn seconds(&self) -> f64 {
        let hands = *lock(&self.0);
        let passed = hands.wall.elapsed().as_secs_f64() * hands.speed;
        (hands.seconds + passed).min(hands.until).max(hands.seconds)
    }

    /// Sets the clock to stand still at this second from now on.
    pub(super) fn stand_at(&self, seconds: f64) {
        *lock(&self.0) = Hands { wall: Instant::now(), seconds, until: seconds, speed: 1.0 };
    }

    /// Lets it run until a later second; returns when that is on the wall. Time lost by a late wake-up is made good,
    /// so a fast call does not grow longer by the grain of the timer.
    pub(super) fn run_until(&self, until: f64, speed: f64) -> Instant {
        let mut hands = lock(&self.0);
        let standing = hands.until <= hands.seconds;
        if !standing && hands.speed == speed {
            // The goal of the last run was reached, or is moved while it runs: the hands stay where they were anchored.
        } else {
            let passed = hands.wall.elapsed().as_secs_f64() * hands.speed;
            let now = if standing { hands.seconds } else { (hands.seconds + passed).min(hands.until) };
            *hands = Hands { wall: Instant::now(), seconds: now, until: now, speed };
        }
        hands.until = until;
        hands.wall + Duration::from_secs_f64(((until - hands.seconds) / speed).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::CallClock;

    #[test]
    fn it_never_passes_what_was_promised() {
        let clock = CallClock::default();
        let due = clock.run_until(0.5, 1_000_000.0);
        std::thread::sleep(Duration::from_millis(1));
        assert!(due <= Instant::now());
        assert!((clock.seconds() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_run_that_follows_a_run_is_measured_from_the_first() {
        let clock = CallClock::default();
        let first = clock.run_until(1.0, 10.0);
        let second = clock.run_until(3.0, 10.0);
        assert_eq!(second - first, Duration::from_millis(200));
    }

    #[test]
    fn standing_time_does_not_count() {
        let clock = CallClock::default();
        clock.stand_at(4.0);
        std::thread::sleep(Duration::from_millis(2));
        assert!((clock.seconds() - 4.0).abs() < 1e-9);
    }
}

//! Named places where a test may pause, delay or kill the process; nothing at all in releases.
//! With the cargo feature `failpoints`: `FAILPOINTS='queue::done=panic' zencall serve`. Names are `<room>::<place>`.

/// Does here what the environment or a test asked for under this name.
#[cfg(feature = "failpoints")]
pub fn reach(name: &str) {
    fail::fail_point!(name);
}

/// Does nothing.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach(_name: &str) {}

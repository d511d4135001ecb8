//! Named places where a test may pause, delay or kill the process; nothing at all in releases.
//! With the cargo feature `failpoints`: `FAILPOINTS='queue::done=panic' zencall serve`. Names are `<room>::<place>`.

/// Does here what the environment or a test asked for under this name.
#[cfg(feature = "failpoints")]
pub fn reach(name: &str) {
    fail::fail_point!(name);
}

/// Reads `FAILPOINTS`, once, before anything else.
#[cfg(feature = "failpoints")]
pub fn set_up() {
    std::mem::forget(fail::FailScenario::setup());
}

/// There are none.
#[cfg(not(feature = "failpoints"))]
pub fn set_up() {}

/// Does nothing.
#[cfg(not(feature = "failpoints"))]
#[inline(always)]
pub fn reach(_name: &str) {}

//! Named places where a test may pause, delay or kill the process; nothing at all in releases.
//! With the cargo feature `failpoints`: `FAILPOINTS='queue::done=panic' zencall serve`. Names are `<room>::<place>`. The action `return` is
//! death on the spot, as by `kill -9`: `FAILPOINTS='calls::committed=20*off->return'` the 21st time.

/// Does here what the environment or a test asked for under this name.
#[cfg(feature = "failpoints")]
pub fn reach(name: &str) {
    fail::fail_point!(name, |_| die());
}

#[cfg(feature = "failpoints")]
fn die() {
    // SAFETY: a signal to ourselves that leaves nothing of the process.
    unsafe { libc::raise(libc::SIGKILL) };
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

//! One integration-test binary, mirrored by slice.

mod queue;

//! Mounts every door, starts workers, shuts down in order.

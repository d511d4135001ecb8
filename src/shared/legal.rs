//! Which version of the legal texts is in force: what an acceptance records. A new text gets a new date here.

/// The terms of use (`/terms`).
pub const TERMS_VERSION: &str = "2026-11-22";
/// The privacy notice (`/privacy`).
pub const PRIVACY_VERSION: &str = "2026-11-22";

//! Vapi client.

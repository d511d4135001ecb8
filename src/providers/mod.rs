//! The outside services: for each the real client, and the simulator that speaks its wire format.
pub mod dns;
pub mod google;
pub mod model;
pub mod sim;
pub mod twilio;
pub mod vapi;

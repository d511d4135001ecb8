//! Assistants: who answers, in which voice, with which words. Each save is pushed to the provider by a job.
//! Owns `assistants`, `phone_numbers`.

pub mod model;

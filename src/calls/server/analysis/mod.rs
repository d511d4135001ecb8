//! Analyses: made by a job once a call is over and reported, shown on its page. Owns `call_analyses` and `model_spend`.
//! `rules` is the deterministic analyser and always works; `asked` puts the same questions to a model and keeps of its answer what the
//! transcript bears out. The caller writes part of what a model reads: nothing of it is an instruction, and nothing of the answer is
//! believed without its quote.

pub mod actions;
pub mod asked;
mod feelings;
pub mod job;
mod lexicon;
mod prompt;
pub mod rules;
mod store;
mod text;

pub use job::{Analyse, analyse, once_reported};

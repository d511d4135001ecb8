//! Calls on the server: the doors and the actions behind them.

pub mod actions;
mod demo;
pub mod fold;

//! Calls on the server: the doors and the actions behind them.

pub mod actions;
pub mod fold;

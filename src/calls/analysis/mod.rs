//! After a call: what it amounts to, each claim with the words and the second it rests on. Here: what both targets know of it, and its
//! place on the call's page. Who makes it is `server::analysis`.

mod card;
pub mod model;
pub mod rpc;
pub mod words;

pub use card::AnalysisCard;

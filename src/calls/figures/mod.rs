//! Figures of finished calls: a period beside the one before, by assistant and by number. Each figure is a link to the calls it counts.
//! Owns `call_counted`, `call_quarters`, `calls_to_count`, `months_to_count` (see `server::figures`).

pub mod model;
mod page;
mod parts;
pub mod rpc;

pub use page::FiguresPage;

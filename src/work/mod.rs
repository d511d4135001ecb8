//! Working together on calls: teams, what people speak and know, who looks after a call, by which rule, and who is meant by a note.
//! Owns `teams`, `team_members`, `work_rules`, `call_assignments`, `note_mentions`, and of `members` the languages, skills and the wish for mail.
//! Knows of a call only that it exists. The one invariant: every giving of a call goes through `server::give`, under the team's lock, so nobody
//! of a team is passed over or given one call twice.

pub mod deal;
pub mod model;
pub mod rpc;

mod card;
pub mod forms;
mod pick;
mod teams_page;

#[cfg(feature = "ssr")]
pub mod server;

pub use card::{WorkCard, why};
pub use pick::{AssignDialog, WorkBadge, assignee_words, filter_options, status_key};
pub use teams_page::TeamsPage;

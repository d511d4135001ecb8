//! What the pages of reception show.

pub use super::forms::*;

use super::{
    directory::Person,
    hours::{Opening, SpecialDay, Week},
    rules::{Rule, Way},
};
use crate::shared::{
    ids::{AssistantId, CallId, CallbackId},
    phone::PhoneNumber,
};
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use serde::{Deserialize, Serialize};

/// Languages a caller, or somebody of the directory, may have.
pub const LANGUAGES: &[&str] = &["fr", "en"];

/// Tools that come with Zencall, by the name the model knows them by, in the order of the editor.
pub const BUILT_IN: [&str; 6] = ["search_answers", "take_message", "request_callback", "transfer_to", "look_up_caller", "send_sms"];

/// The tools of an assistant for which nobody has chosen any.
pub const USUAL: [&str; 2] = ["take_message", "search_answers"];

/// Hours, rules and people of an organisation, with what the forms choose from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReceptionSheet {
    pub week: Week,
    pub days: Vec<SpecialDay>,
    pub rules: Vec<Rule>,
    pub people: Vec<Person>,
    pub assistants: Vec<Choice>,
    /// Numbers that can be called, in E.164, with their label.
    pub numbers: Vec<(String, String)>,
    /// IANA name.
    pub timezone: String,
    pub opening: Opening,
    /// When the house opens next, if it is closed.
    pub opens_at: Option<DateTime<Utc>>,
    /// The organisation's own day.
    pub today: NaiveDate,
    pub now: DateTime<Utc>,
}

/// An assistant a rule can name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    pub id: AssistantId,
    pub name: String,
    /// It answers, and the provider holds it.
    pub is_ready: bool,
}

/// Somebody whose number is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KnownCaller {
    pub number: PhoneNumber,
    pub name: String,
    pub language: Option<String>,
    pub is_vip: bool,
    pub is_blocked: bool,
}

/// Known callers, and how many there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallerList {
    pub items: Vec<KnownCaller>,
    pub found: i64,
    pub all: i64,
}

/// A call somebody asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Callback {
    pub id: CallbackId,
    /// The call in which it was asked for.
    pub call: Option<CallId>,
    pub number: String,
    pub caller_name: String,
    /// When, in the caller's words.
    pub wanted: String,
    pub why: String,
    pub asked_at: DateTime<Utc>,
    pub done_at: Option<DateTime<Utc>>,
    pub done_by: Option<String>,
}

/// Calls to make, oldest first, and those made last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallbackList {
    pub open: Vec<Callback>,
    pub all_open: i64,
    pub done: Vec<Callback>,
    pub now: DateTime<Utc>,
}

/// What would become of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// The rule that decides, from 1; absent: the number's own assistant.
    pub rule: Option<u32>,
    /// Rules that apply and cannot be carried out.
    pub passed_over: Vec<u32>,
    /// Absent: nobody answers.
    pub way: Option<Way>,
    /// The assistant's or person's name.
    pub name: String,
    pub number: Option<String>,
    /// What is said before the line is closed.
    pub words: String,
    pub opening: Opening,
    pub caller_name: String,
    /// The local moment it was tried for.
    pub local: NaiveDateTime,
    pub calls: i64,
}

//! Assistants as both targets see them.

use crate::shared::{
    error::{AppError, FieldErrors},
    ids::AssistantId,
    phone::PhoneNumber,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

text_enum! {
    /// The trade an assistant starts from.
    Template {
        Reception = "reception",
        Appointments = "appointments",
        OnCall = "on_call",
        Information = "information",
        Outbound = "outbound",
    }
}

text_enum! {
    /// Whether it answers.
    AssistantState { Draft = "draft", Active = "active" }
}

text_enum! {
    /// How the provider's copy stands to ours.
    SyncState {
        /// A push is on its way.
        Pending = "pending",
        /// The provider holds what was saved last.
        InStep = "in_step",
        /// The provider refused; its words are kept.
        Refused = "refused",
    }
}

/// One assistant, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assistant {
    pub id: AssistantId,
    pub name: String,
    pub template: Template,
    /// `fr`, `en`, …
    pub language: String,
    /// The provider's voice id, one of [`VOICES`].
    pub voice: String,
    pub first_message: String,
    pub prompt: String,
    pub end_phrases: Vec<String>,
    /// 10 to 43200 seconds.
    pub max_duration_s: i32,
    pub transfer_numbers: Vec<TransferEntry>,
    pub state: AssistantState,
    pub sync: SyncState,
    /// The provider's words when it refused.
    pub sync_error: Option<String>,
    pub updated_at: DateTime<Utc>,
    /// Grows with each save: an update names the one it was made from.
    pub revision: i64,
    pub is_demo: bool,
}

/// Somebody this assistant may hand a caller to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TransferEntry {
    pub label: String,
    pub number: PhoneNumber,
}

/// A voice people can choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voice {
    /// Azure's voice id, as Vapi passes it on.
    pub id: &'static str,
    pub name: &'static str,
    pub language: &'static str,
}

/// The voices on offer. A table of the database takes over when voices get prices and end-of-life dates.
pub const VOICES: &[Voice] = &[
    Voice { id: "fr-FR-DeniseNeural", name: "Denise", language: "fr" },
    Voice { id: "fr-FR-HenriNeural", name: "Henri", language: "fr" },
    Voice { id: "fr-FR-EloiseNeural", name: "Éloïse", language: "fr" },
    Voice { id: "en-GB-SoniaNeural", name: "Sonia", language: "en" },
    Voice { id: "en-GB-RyanNeural", name: "Ryan", language: "en" },
    Voice { id: "en-US-JennyNeural", name: "Jenny", language: "en" },
];

/// What the editor sends, as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantForm {
    pub name: String,
    pub language: String,
    pub voice: String,
    pub first_message: String,
    pub prompt: String,
    /// One a line.
    #[serde(default)]
    pub end_phrases: String,
    pub max_duration_min: String,
    /// One a line: `Accueil: +33 1 …`.
    #[serde(default)]
    pub transfer_numbers: String,
}

/// A form that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct AssistantDraft {
    pub name: String,
    pub language: String,
    pub voice: String,
    pub first_message: String,
    pub prompt: String,
    pub end_phrases: Vec<String>,
    pub max_duration_s: i32,
    pub transfer_numbers: Vec<TransferEntry>,
}

impl AssistantForm {
    /// Reads the form. Runs on blur in the browser and again in every door.
    pub fn parse(&self) -> Result<AssistantDraft, AppError> {
        let mut wrong = FieldErrors::default();
        let name = self.name.trim();
        if !(2..=80).contains(&name.chars().count()) {
            wrong.add("name", "assistant.name_length");
        }
        if !["fr", "en"].contains(&self.language.as_str()) {
            wrong.add("language", "assistant.language_unknown");
        }
        if !VOICES.iter().any(|voice| voice.id == self.voice) {
            wrong.add("voice", "assistant.voice_unknown");
        } else if !VOICES.iter().any(|voice| voice.id == self.voice && voice.language == self.language) {
            wrong.add("voice", "assistant.voice_language");
        }
        if !(1..=1000).contains(&self.first_message.trim().chars().count()) {
            wrong.add("first_message", "assistant.first_message_length");
        }
        if !(1..=20_000).contains(&self.prompt.trim().chars().count()) {
            wrong.add("prompt", "assistant.prompt_length");
        }
        let minutes = self.max_duration_min.trim().parse::<i32>().unwrap_or(0);
        if !(1..=720).contains(&minutes) {
            wrong.add("max_duration_min", "assistant.max_duration_range");
        }
        let end_phrases: Vec<String> = lines(&self.end_phrases).map(str::to_owned).collect();
        if end_phrases.len() > 20 || end_phrases.iter().any(|phrase| phrase.chars().count() > 140) {
            wrong.add("end_phrases", "assistant.end_phrases_limit");
        }
        let mut transfer_numbers = Vec::new();
        for line in lines(&self.transfer_numbers) {
            let (label, number) = line.rsplit_once(':').unwrap_or(("", line));
            match number.trim().parse() {
                Ok(number) => transfer_numbers.push(TransferEntry { label: label.trim().chars().take(60).collect(), number }),
                Err(_) => wrong.add("transfer_numbers", "phone.not_e164"),
            }
        }
        if transfer_numbers.len() > 20 {
            wrong.add("transfer_numbers", "assistant.transfer_limit");
        }
        wrong.into_result()?;
        Ok(AssistantDraft {
            name: name.to_owned(),
            language: self.language.clone(),
            voice: self.voice.clone(),
            first_message: self.first_message.trim().to_owned(),
            prompt: self.prompt.trim().to_owned(),
            end_phrases,
            max_duration_s: minutes * 60,
            transfer_numbers,
        })
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

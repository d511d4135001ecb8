//! The shapes of assistants and versions on the wire.

use crate::{assistants::model::*, shared::ids::AssistantId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Every assistant.
#[derive(Serialize, ToSchema)]
pub struct AssistantList {
    pub items: Vec<AssistantLine>,
}

/// An assistant in the list.
#[derive(Serialize, ToSchema)]
pub struct AssistantLine {
    id: AssistantId,
    name: String,
    template: Template,
    language: String,
    voice: String,
    state: AssistantState,
    sync: SyncState,
    sync_error: Option<String>,
    /// Numbers it answers, in E.164.
    numbers: Vec<String>,
    live_calls: i64,
    has_draft: bool,
    /// The provider's copy was changed over there.
    has_drifted: bool,
    updated_at: DateTime<Utc>,
    is_demo: bool,
}

impl From<AssistantCard> for AssistantLine {
    fn from(card: AssistantCard) -> Self {
        Self {
            id: card.id,
            name: card.name,
            template: card.template,
            language: card.language,
            voice: card.voice,
            state: card.state,
            sync: card.sync,
            sync_error: card.sync_error,
            numbers: card.numbers,
            live_calls: card.live_calls,
            has_draft: card.has_draft,
            has_drifted: card.has_drifted,
            updated_at: card.updated_at,
            is_demo: card.is_demo,
        }
    }
}

/// What an assistant says and how.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsBody {
    /// 2 to 80 characters.
    name: String,
    /// `fr`, `en`.
    language: String,
    /// One of the voices on offer for the language.
    voice: String,
    /// One of the language models on offer; absent: as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// 1 to 1,000 characters.
    first_message: String,
    /// 1 to 20,000 characters.
    prompt: String,
    /// At most 20.
    end_phrases: Vec<String>,
    /// 60 to 43,200.
    max_duration_s: i32,
    /// At most 20.
    transfer_numbers: Vec<TransferNumberBody>,
    /// The names of its tools, at most 40; absent: as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tools: Option<Vec<String>>,
    /// Whether its calls are recorded; absent: as it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    recording: Option<Recording>,
}

impl SettingsBody {
    /// With what it does not speak of as it is in `now`.
    pub fn or(mut self, now: &Settings) -> Self {
        self.model.get_or_insert_with(|| now.model().to_owned());
        self.tools.get_or_insert_with(|| now.tools());
        self.recording.get_or_insert(now.recording);
        self
    }
}

/// Somebody a caller may be handed over to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferNumberBody {
    label: String,
    /// E.164.
    number: String,
}

impl From<Settings> for SettingsBody {
    fn from(settings: Settings) -> Self {
        let (model, tools) = (settings.model().to_owned(), settings.tools());
        let transfer = |entry: TransferEntry| TransferNumberBody { label: entry.label, number: entry.number.to_string() };
        Self {
            name: settings.name,
            language: settings.language,
            voice: settings.voice,
            model: Some(model),
            tools: Some(tools),
            recording: Some(settings.recording),
            first_message: settings.first_message,
            prompt: settings.prompt,
            end_phrases: settings.end_phrases,
            max_duration_s: settings.max_duration_s,
            transfer_numbers: settings.transfer_numbers.into_iter().map(transfer).collect(),
        }
    }
}

/// One assistant.
#[derive(Serialize, ToSchema)]
pub struct AssistantBody {
    id: AssistantId,
    template: Template,
    state: AssistantState,
    sync: SyncState,
    sync_error: Option<String>,
    /// Calls go by it.
    published: SettingsBody,
    version: VersionBody,
    /// What is being prepared, if anything.
    draft: Option<DraftBody>,
    /// How the provider's copy differs, as far as it was looked at.
    drift: Option<DriftBody>,
    checked_at: Option<DateTime<Utc>>,
    numbers: Vec<String>,
    live_calls: i64,
    /// The `ETag`.
    revision: i64,
    updated_at: DateTime<Utc>,
    is_demo: bool,
}

/// A draft.
#[derive(Serialize, ToSchema)]
pub struct DraftBody {
    settings: SettingsBody,
    saved_at: DateTime<Utc>,
    saved_by: Option<String>,
    /// The version that was published when it was begun.
    based_on: i32,
}

/// How the provider's copy differs from what was published.
#[derive(Serialize, ToSchema)]
pub struct DriftBody {
    found_at: DateTime<Utc>,
    is_gone: bool,
    is_ignored: bool,
    theirs: Option<SettingsBody>,
    /// Fields of the provider's that we do not have.
    other_fields: Vec<String>,
}

impl From<AssistantSheet> for AssistantBody {
    fn from(sheet: AssistantSheet) -> Self {
        let draft = |draft: Draft| DraftBody {
            settings: draft.settings.into(),
            saved_at: draft.saved_at,
            saved_by: draft.saved_by,
            based_on: draft.based_on,
        };
        let drift = |drift: Drift| DriftBody {
            found_at: drift.found_at,
            is_gone: drift.is_gone,
            is_ignored: drift.is_ignored,
            theirs: drift.theirs.map(SettingsBody::from),
            other_fields: drift.others.into_iter().map(|other| other.field).collect(),
        };
        let assistant = sheet.assistant;
        Self {
            id: assistant.id,
            template: assistant.template,
            state: assistant.state,
            sync: assistant.sync,
            sync_error: assistant.sync_error,
            published: assistant.settings.into(),
            version: sheet.version.into(),
            draft: sheet.draft.map(draft),
            drift: sheet.drift.map(drift),
            checked_at: sheet.checked_at,
            numbers: sheet.numbers,
            live_calls: sheet.live_calls,
            revision: assistant.revision,
            updated_at: assistant.updated_at,
            is_demo: assistant.is_demo,
        }
    }
}

/// An assistant to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssistantBody {
    /// The trade it starts from, such as `reception`, `dentist`, `blank`.
    pub template: String,
    /// 2 to 80 characters.
    pub name: String,
    /// `fr`, `en`.
    pub language: String,
    /// The name callers hear, 2 to 80 characters.
    pub business: String,
    /// As the assistant says them; those of the trade unless set.
    #[serde(default)]
    pub hours: String,
    /// Whether the answers of the trade go into the answer book.
    #[serde(default)]
    pub with_answers: bool,
}

/// An assistant that was made.
#[derive(Serialize, ToSchema)]
pub struct MadeAssistant {
    pub id: AssistantId,
}

/// Whether it answers.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StateBody {
    pub state: AssistantState,
}

text_enum! {
    /// What to do about the provider's copy.
    CopyStep { Look = "look", Pull = "pull", Ignore = "ignore" }
}

/// What to do about the provider's copy.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyBody {
    pub step: CopyStep,
}

/// A draft that was saved.
#[derive(Serialize, ToSchema)]
pub struct SavedBody {
    pub revision: i64,
    /// How many fields now differ from what is published.
    pub changes: i64,
}

/// Why it is published.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PublishBody {
    /// At most 500 characters.
    pub why: Option<String>,
}

/// A version that was published.
#[derive(Serialize, ToSchema)]
pub struct PublishedBody {
    pub version: i32,
    pub revision: i64,
}

/// Which page of versions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct VersionsQuery {
    /// `next` of the page before.
    pub after: Option<String>,
}

/// A page of versions.
#[derive(Serialize, ToSchema)]
pub struct VersionList {
    pub items: Vec<VersionBody>,
    /// The cursor of the next page; null on the last one.
    pub next: Option<String>,
}

/// A version in the list.
#[derive(Serialize, ToSchema)]
pub struct VersionBody {
    n: i32,
    published_at: DateTime<Utc>,
    /// Absent when a program did it.
    published_by: Option<String>,
    why: String,
    restored_from: Option<i32>,
    sync: SyncState,
    sync_error: Option<String>,
    /// When the provider first held it.
    live_from: Option<DateTime<Utc>>,
}

impl From<VersionLine> for VersionBody {
    fn from(line: VersionLine) -> Self {
        Self {
            n: line.n,
            published_at: line.published_at,
            published_by: line.published_by,
            why: line.why,
            restored_from: line.restored_from,
            sync: line.answer,
            sync_error: line.answer_words,
            live_from: line.live_from,
        }
    }
}

/// A version, whole.
#[derive(Serialize, ToSchema)]
pub struct VersionDetail {
    version: VersionBody,
    settings: SettingsBody,
    is_current: bool,
    /// Its calls; absent when it was never live.
    calls: Option<VersionCalls>,
}

/// How the calls of a version went.
#[derive(Serialize, ToSchema)]
pub struct VersionCalls {
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    calls: i64,
    answered: i64,
    average_s: Option<i32>,
    transferred: i64,
}

impl From<VersionSheet> for VersionDetail {
    fn from(sheet: VersionSheet) -> Self {
        let calls = sheet.after.map(|figures| VersionCalls {
            from: figures.from,
            to: figures.to,
            calls: figures.calls,
            answered: figures.answered,
            average_s: figures.average_s,
            transferred: figures.transferred,
        });
        Self { version: sheet.version.into(), settings: sheet.settings.into(), is_current: sheet.is_current, calls }
    }
}

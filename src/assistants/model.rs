//! Assistants as both targets see them.

pub use super::{catalogue::*, versions::*};
use crate::{
    reception::model::{BUILT_IN, USUAL},
    shared::{
        error::{AppError, FieldErrors},
        ids::{AssistantId, NumberId},
        phone::PhoneNumber,
    },
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
        Dentist = "dentist",
        Vet = "vet",
        Garage = "garage",
        EstateAgent = "estate_agent",
        LawFirm = "law_firm",
        Restaurant = "restaurant",
        Plumber = "plumber",
        ItSupport = "it_support",
        Agency = "agency",
        Blank = "blank",
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

text_enum! {
    /// Whether its calls are recorded.
    Recording {
        Off = "off",
        On = "on",
        /// And callers are told with the first words.
        Notice = "notice",
    }
}

impl Recording {
    /// As it always was before there was a choice: what says nothing means this.
    pub fn is_on(&self) -> bool {
        *self == Self::On
    }
}

#[expect(clippy::derivable_impls, reason = "the macro writes the enum; a derive would stand in it for all of them")]
impl Default for Recording {
    fn default() -> Self {
        Self::On
    }
}

/// What an assistant says and how: what is published, and what a draft proposes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    pub name: String,
    /// `fr`, `en`, …
    pub language: String,
    /// One of the catalogue's voices.
    pub voice: String,
    /// One of the catalogue's models; absent: the usual one. Versions written before there was a choice have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    pub first_message: String,
    pub prompt: String,
    pub end_phrases: Vec<String>,
    /// 10 to 43200 seconds.
    pub max_duration_s: i32,
    pub transfer_numbers: Vec<TransferEntry>,
    /// The names of its tools; absent: the usual ones. Versions written before there was a choice have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tools: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Recording::is_on")]
    pub recording: Recording,
}

impl Settings {
    /// The language model it thinks with.
    pub fn model(&self) -> &str {
        self.model.as_deref().unwrap_or(USUAL_MODEL)
    }

    /// The names of its tools.
    pub fn tools(&self) -> Vec<String> {
        self.tools.clone().unwrap_or_else(|| USUAL.iter().map(|name| (*name).to_owned()).collect())
    }
}

/// One assistant, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assistant {
    pub id: AssistantId,
    pub template: Template,
    /// What is published: calls go by it.
    pub settings: Settings,
    pub state: AssistantState,
    pub sync: SyncState,
    /// The provider's words when it refused, or a `Trouble` of ours.
    pub sync_error: Option<String>,
    pub updated_at: DateTime<Utc>,
    /// Grows with each save of a draft and with each version: a change names the one it was made from.
    pub revision: i64,
    pub is_demo: bool,
}

/// One assistant in the list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssistantCard {
    pub id: AssistantId,
    pub name: String,
    pub template: Template,
    pub language: String,
    pub voice: String,
    pub state: AssistantState,
    pub sync: SyncState,
    /// The provider's words when it refused, or why it could not be reached yet.
    pub sync_error: Option<String>,
    /// Numbers it answers, in E.164.
    pub numbers: Vec<String>,
    /// Calls it is having now.
    pub live_calls: i64,
    /// Something is being prepared that is not published.
    pub has_draft: bool,
    /// The provider's copy was changed over there, and nobody has said that it may be.
    pub has_drifted: bool,
    pub updated_at: DateTime<Utc>,
    pub is_demo: bool,
}

/// What the editor shows besides the assistant itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AssistantSheet {
    pub assistant: Assistant,
    /// What is published: the newest version.
    pub version: VersionLine,
    /// What is being prepared, if anything.
    pub draft: Option<Draft>,
    /// Why the draft may not be published yet: the code of the conflict it would meet.
    pub held_back: Option<String>,
    /// How the provider's copy differs from what was published, as far as it was looked at.
    pub drift: Option<Drift>,
    /// When the provider's copy was last looked at.
    pub checked_at: Option<DateTime<Utc>>,
    /// Somebody asked for another look, and it has not come to an end.
    pub is_checking: bool,
    /// Numbers it answers, in E.164.
    pub numbers: Vec<String>,
    /// Calls it is having now.
    pub live_calls: i64,
    /// What it can be made of.
    pub catalogue: Catalogue,
    /// The server's time, for “saved 4 min ago”.
    pub now: DateTime<Utc>,
}

text_enum! {
    /// How a number came to the provider.
    NumberSource {
        /// The provider had it: connected by its id there, or given by the sandbox.
        Vapi = "vapi",
        /// Brought from the organisation's own account at Twilio.
        Twilio = "twilio",
        /// On the organisation's own SIP trunk.
        Sip = "sip",
    }
}

/// A phone number of the organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NumberLine {
    pub id: NumberId,
    /// E.164.
    pub number: String,
    pub label: String,
    /// Who answers it.
    pub assistant_id: Option<AssistantId>,
    pub assistant_name: Option<String>,
    pub sync: SyncState,
    /// The provider's words when it refused, or a `Trouble` of ours.
    pub sync_error: Option<String>,
    pub source: NumberSource,
    /// Sends and receives text messages.
    pub sends_sms: bool,
    /// Where the provider puts callers through when we do not answer it.
    pub fallback: Option<String>,
    pub is_demo: bool,
}

/// What the form of a new number sends, as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct NumberForm {
    pub number: String,
    pub label: String,
    /// The number's id at the provider.
    pub provider_id: String,
    /// Who answers it; empty for nobody yet.
    pub assistant: String,
}

/// A new number's form that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct NewNumber {
    pub number: PhoneNumber,
    pub label: String,
    pub provider_id: String,
    pub assistant: Option<AssistantId>,
}

impl NumberForm {
    /// Reads the form.
    pub fn parse(&self) -> Result<NewNumber, AppError> {
        let mut wrong = FieldErrors::default();
        let number = self.number.parse::<PhoneNumber>();
        if number.is_err() {
            wrong.add("number", "phone.not_e164");
        }
        let provider_id = self.provider_id.trim();
        if !(8..=80).contains(&provider_id.len()) || !provider_id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)) {
            wrong.add("provider_id", "number.provider_id_shape");
        }
        let assistant = Some(self.assistant.trim()).filter(|id| !id.is_empty()).map(str::parse).transpose();
        if assistant.is_err() {
            wrong.add("assistant", "number.assistant_unknown");
        }
        match (number, assistant) {
            (Ok(number), Ok(assistant)) if wrong.is_empty() => {
                let label = self.label.trim().chars().take(60).collect();
                Ok(NewNumber { number, label, provider_id: provider_id.to_owned(), assistant })
            }
            _ => Err(wrong.into()),
        }
    }
}

/// Somebody this assistant may hand a caller to.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TransferEntry {
    pub label: String,
    pub number: PhoneNumber,
}

/// What the first step of a new assistant sends, as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct NewAssistantForm {
    pub template: String,
    pub name: String,
    pub language: String,
    /// The name callers hear.
    pub business: String,
    /// As the assistant says them; empty for those of the trade.
    #[serde(default)]
    pub hours: String,
    /// The answers of the trade go into the answer book.
    #[serde(default)]
    pub with_answers: Option<String>,
}

/// What the gallery shows of a trade, filled for a business.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TradePreview {
    pub first_message: String,
    pub prompt: String,
    /// Pairs of question and answer.
    pub answers: Vec<(String, String)>,
    /// Names of the rehearsals that come with it.
    pub rehearsals: Vec<String>,
}

/// A new assistant's form that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAssistant {
    pub template: Template,
    pub name: String,
    pub language: String,
    pub business: String,
}

impl NewAssistantForm {
    /// The opening hours, when some were given. Errors: `Invalid`.
    pub fn hours(&self) -> Result<Option<String>, AppError> {
        let hours = self.hours.split_whitespace().collect::<Vec<_>>().join(" ");
        if hours.chars().count() > 300 {
            return Err(AppError::invalid("hours", "assistant.hours_length"));
        }
        Ok(Some(hours).filter(|hours| !hours.is_empty()))
    }

    /// Reads the form.
    pub fn parse(&self) -> Result<NewAssistant, AppError> {
        let mut wrong = FieldErrors::default();
        let template = self.template.parse::<Template>();
        if template.is_err() {
            wrong.add("template", "assistant.template_unknown");
        }
        let (name, business) = (self.name.trim(), self.business.trim());
        if !(2..=80).contains(&name.chars().count()) {
            wrong.add("name", "assistant.name_length");
        }
        if !LANGUAGES.contains(&self.language.as_str()) {
            wrong.add("language", "assistant.language_unknown");
        }
        if !(2..=80).contains(&business.chars().count()) {
            wrong.add("business", "assistant.business_length");
        }
        match template {
            Ok(template) if wrong.is_empty() => {
                Ok(NewAssistant { template, name: name.to_owned(), language: self.language.clone(), business: business.to_owned() })
            }
            _ => Err(wrong.into()),
        }
    }
}

/// Languages an assistant can speak.
pub const LANGUAGES: &[&str] = &["fr", "en"];

/// Whether the first words say that a machine speaks, as the law asks (EU 2024/1689, article 50). Only a hint: words differ.
pub fn announces_itself(first_message: &str) -> bool {
    const SIGNS: &[&str] = &[
        "assistant virtuel",
        "assistante virtuelle",
        "assistant vocal",
        "assistante vocale",
        "assistant automatique",
        "assistante automatique",
        "intelligence artificielle",
        "robot",
        "virtual assistant",
        "voice assistant",
        "ai assistant",
        "automated assistant",
        "artificial intelligence",
    ];
    let text = first_message.to_lowercase();
    SIGNS.iter().any(|sign| text.contains(sign))
}

/// How long a text takes to say, in seconds: about 14 characters a second.
pub fn spoken_s(text: &str) -> u32 {
    u32::try_from(text.trim().chars().count().div_ceil(14)).unwrap_or(u32::MAX)
}

/// About how many tokens of a language model a text of so many characters is: four characters each, as a rule of thumb.
pub fn estimated_tokens(characters: usize) -> i64 {
    i64::try_from(characters.div_ceil(4)).unwrap_or(i64::MAX)
}

/// What the editor sends, as typed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct AssistantForm {
    pub name: String,
    pub language: String,
    pub voice: String,
    /// Empty is the usual one.
    #[serde(default)]
    pub model: String,
    pub first_message: String,
    pub prompt: String,
    /// One a line.
    #[serde(default)]
    pub end_phrases: String,
    pub max_duration_min: String,
    /// One a line: `Accueil: +33 1 …`.
    #[serde(default)]
    pub transfer_numbers: String,
    /// Names; an empty one stands first, which tells a form without ticks from one that does not know them.
    #[serde(default)]
    pub tools: Vec<String>,
    /// One of [`Recording`]; empty is on.
    #[serde(default)]
    pub recording: String,
}

impl AssistantForm {
    /// The form that says this.
    pub fn of(settings: &Settings) -> Self {
        let transfer_line = |entry: &TransferEntry| match entry.label.as_str() {
            "" => entry.number.to_string(),
            label => format!("{label}: {}", entry.number),
        };
        Self {
            name: settings.name.clone(),
            language: settings.language.clone(),
            voice: settings.voice.clone(),
            model: settings.model().to_owned(),
            first_message: settings.first_message.clone(),
            prompt: settings.prompt.clone(),
            end_phrases: settings.end_phrases.join("\n"),
            max_duration_min: (settings.max_duration_s / 60).max(1).to_string(),
            transfer_numbers: settings.transfer_numbers.iter().map(transfer_line).collect::<Vec<_>>().join("\n"),
            tools: std::iter::once(String::new()).chain(settings.tools()).collect(),
            recording: settings.recording.to_string(),
        }
    }

    /// Reads the form; whether its voice and model are on offer is [`Catalogue::check`]'s to say.
    pub fn parse(&self) -> Result<Settings, AppError> {
        let mut wrong = FieldErrors::default();
        let name = self.name.trim();
        if !(2..=80).contains(&name.chars().count()) {
            wrong.add("name", "assistant.name_length");
        }
        if !LANGUAGES.contains(&self.language.as_str()) {
            wrong.add("language", "assistant.language_unknown");
        }
        if !is_id(&self.voice) {
            wrong.add("voice", "assistant.voice_unknown");
        }
        let model = if self.model.is_empty() { USUAL_MODEL } else { &self.model };
        if !is_id(model) {
            wrong.add("model", "assistant.model_unknown");
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
        let tools = chosen_tools(&self.tools);
        if tools.as_ref().is_some_and(|tools| tools.len() > 40 || !tools.iter().all(|name| is_tool_name(name))) {
            wrong.add("tools", "assistant.tools_unknown");
        }
        let recording = if self.recording.is_empty() { Ok(Recording::On) } else { self.recording.parse() };
        if recording.is_err() {
            wrong.add("recording", "assistant.recording_unknown");
        }
        wrong.into_result()?;
        Ok(Settings {
            tools,
            recording: recording.unwrap_or_default(),
            name: name.to_owned(),
            language: self.language.clone(),
            voice: self.voice.clone(),
            model: (model != USUAL_MODEL).then(|| model.to_owned()),
            first_message: self.first_message.trim().to_owned(),
            prompt: self.prompt.trim().to_owned(),
            end_phrases,
            max_duration_s: minutes * 60,
            transfer_numbers,
        })
    }
}

/// The tools that were ticked, in one order; absent when they are the usual ones, or the form knows no ticks.
fn chosen_tools(ticked: &[String]) -> Option<Vec<String>> {
    let mut names: Vec<String> = ticked.iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    names.sort_by_key(|name| (BUILT_IN.iter().position(|known| known == name).unwrap_or(BUILT_IN.len()), name.clone()));
    names.dedup();
    let is_usual = names.len() == USUAL.len() && USUAL.iter().all(|usual| names.iter().any(|name| name == usual));
    (!ticked.is_empty() && !is_usual).then_some(names)
}

/// The shape of an id of the catalogue.
fn is_id(text: &str) -> bool {
    (2..=80).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:/-".contains(&byte))
}

fn is_tool_name(name: &str) -> bool {
    (2..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> AssistantForm {
        AssistantForm {
            name: " Léa, accueil ".into(),
            language: "fr".into(),
            voice: "fr-FR-DeniseNeural".into(),
            model: String::new(),
            first_message: "Bonjour, je suis l'assistante virtuelle.".into(),
            prompt: "Tu réponds au téléphone.".into(),
            end_phrases: "Au revoir\n\n Bonne journée ".into(),
            max_duration_min: "10".into(),
            transfer_numbers: "Accueil : +33 1 99 00 24 10\n+33199002411".into(),
            tools: vec![],
            recording: "notice".into(),
        }
    }

    fn refused(change: impl FnOnce(&mut AssistantForm)) -> Vec<(String, String)> {
        let mut form = form();
        change(&mut form);
        form.parse().expect_err("refused").fields().0.into_iter().collect()
    }

    #[test]
    fn what_was_typed_is_understood() {
        let draft = form().parse().expect("a good form");
        assert_eq!((draft.name.as_str(), draft.max_duration_s, draft.recording), ("Léa, accueil", 600, Recording::Notice));
        let silent = AssistantForm { recording: String::new(), ..form() }.parse().expect("a form of before");
        assert!(silent.recording.is_on() && !serde_json::to_string(&silent).expect("a text").contains("recording"));
        assert_eq!(draft.end_phrases, ["Au revoir", "Bonne journée"]);
        let entries: Vec<_> = draft.transfer_numbers.iter().map(|entry| (entry.label.as_str(), entry.number.as_str())).collect();
        assert_eq!(entries, [("Accueil", "+33199002410"), ("", "+33199002411")]);
    }

    #[test]
    fn each_wrong_field_is_named_with_its_reason() {
        let one = |field: &str, code: &str| vec![(field.to_owned(), code.to_owned())];
        assert_eq!(refused(|f| f.name = "L".into()), one("name", "assistant.name_length"));
        assert_eq!(refused(|f| f.language = "de".into())[0].0, "language");
        assert_eq!(refused(|f| f.voice = String::new()), one("voice", "assistant.voice_unknown"));
        assert_eq!(refused(|f| f.model = "gpt 4".into()), one("model", "assistant.model_unknown"));
        assert_eq!(refused(|f| f.recording = "perhaps".into()), one("recording", "assistant.recording_unknown"));
        assert_eq!(refused(|f| f.first_message = " ".into()), one("first_message", "assistant.first_message_length"));
        assert_eq!(refused(|f| f.prompt = "x".repeat(20_001)), one("prompt", "assistant.prompt_length"));
        assert_eq!(refused(|f| f.max_duration_min = "0".into()), one("max_duration_min", "assistant.max_duration_range"));
        assert_eq!(refused(|f| f.max_duration_min = "721".into()), one("max_duration_min", "assistant.max_duration_range"));
        assert_eq!(refused(|f| f.transfer_numbers = "Garde: 06 12".into()), one("transfer_numbers", "phone.not_e164"));
    }

    #[test]
    fn ticks_are_kept_in_one_order_and_the_usual_ones_are_no_choice() {
        let tools = |ticked: &[&str]| {
            AssistantForm { tools: ticked.iter().map(|name| (*name).to_owned()).collect(), ..form() }.parse().map(|s| s.tools)
        };
        assert_eq!([tools(&[]), tools(&["", "take_message", "search_answers"])], [Ok(None), Ok(None)]);
        assert_eq!(tools(&[""]), Ok(Some(vec![])), "none at all");
        let chosen = vec!["take_message".to_owned(), "transfer_to".into(), "order_status".into()];
        assert_eq!(tools(&["", "order_status", "transfer_to", "take_message", "transfer_to"]), Ok(Some(chosen.clone())));
        let settings = Settings { tools: Some(chosen), ..form().parse().expect("good") };
        assert_eq!(AssistantForm::of(&settings).parse(), Ok(settings));
        assert_eq!(refused(|f| f.tools = vec!["Drop Table".into()]), [("tools".to_owned(), "assistant.tools_unknown".to_owned())]);
    }

    #[test]
    fn settings_of_before_there_was_a_choice_are_read_and_written_as_they_were() {
        let old = serde_json::json!({ "name": "Léa", "language": "fr", "voice": "fr-FR-DeniseNeural", "first_message": "Bonjour", "prompt": "Tu réponds.",
            "end_phrases": [], "max_duration_s": 600, "transfer_numbers": [] });
        let settings: Settings = serde_json::from_value(old.clone()).expect("settings");
        assert_eq!(
            (settings.tools(), serde_json::to_value(&settings).expect("JSON")),
            (vec!["take_message".to_owned(), "search_answers".into()], old)
        );
    }

    #[test]
    fn the_law_s_announcement_is_recognised() {
        assert!(announces_itself("Bonjour, vous parlez à notre assistant virtuel."));
        assert!(announces_itself("Hello, I am the Virtual Assistant of the clinic."));
        assert!(!announces_itself("Bonjour, je suis Léa."));
    }

    #[test]
    fn a_new_assistant_needs_a_trade_a_language_and_names() {
        let form = NewAssistantForm {
            template: "on_call".into(),
            name: "Astreinte".into(),
            language: "fr".into(),
            business: "Plomberie Moreau".into(),
            ..NewAssistantForm::default()
        };
        assert_eq!(form.parse().expect("good").template, Template::OnCall);
        let empty = NewAssistantForm::default().parse().expect_err("refused").fields();
        assert_eq!(empty.0.keys().map(String::as_str).collect::<Vec<_>>(), ["business", "language", "name", "template"]);
    }
}

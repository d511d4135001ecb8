//! What an assistant can be made of: voices and language models, as the tables of the operator have them. Pure.

use super::model::Settings;
use crate::shared::{
    error::{AppError, FieldErrors},
    money::MicroUsd,
};
use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

/// So many days before it ends a voice or a model is spoken of.
const SOON_DAYS: u64 = 90;
/// The model of an assistant for which nobody has chosen any.
pub const USUAL_MODEL: &str = "gpt-4.1";

text_enum! {
    /// What it costs beside the others.
    PriceClass { Low = "low", Standard = "standard", High = "high" }
}

/// A voice people can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voice {
    /// The maker's id, as the provider passes it on.
    pub id: String,
    /// Who makes it, as the provider names them: `azure`.
    pub provider: String,
    pub name: String,
    pub language: String,
    pub price_class: PriceClass,
    /// The first day on which it is gone.
    pub ends_on: Option<NaiveDate>,
}

/// A language model people can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    pub id: String,
    /// Who runs it, as the provider names them: `openai`.
    pub provider: String,
    pub name: String,
    pub price_class: PriceClass,
    /// For a million tokens that it reads.
    pub price_in: MicroUsd,
    /// For a million tokens that it writes.
    pub price_out: MicroUsd,
    pub ends_on: Option<NaiveDate>,
}

impl Model {
    /// What it costs to read so many tokens once. Every answer of a call reads the prompt anew.
    pub fn reads(&self, tokens: i64) -> MicroUsd {
        MicroUsd(tokens.saturating_mul(self.price_in.0) / 1_000_000)
    }
}

/// Everything on offer, in the order of the editor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    pub voices: Vec<Voice>,
    pub models: Vec<Model>,
    /// The server's day.
    pub today: NaiveDate,
}

impl Catalogue {
    /// The voice of this id.
    pub fn voice(&self, id: &str) -> Option<&Voice> {
        self.voices.iter().find(|voice| voice.id == id)
    }

    /// The model of this id.
    pub fn model(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    /// The first voice of a language that is not gone.
    pub fn first_voice(&self, language: &str) -> Option<&Voice> {
        self.voices.iter().find(|voice| voice.language == language && !self.is_gone(voice.ends_on))
    }

    /// Whether what ends on this day has ended.
    pub fn is_gone(&self, ends_on: Option<NaiveDate>) -> bool {
        ends_on.is_some_and(|day| day <= self.today)
    }

    /// The day, when it is near enough to be spoken of.
    pub fn ends_soon(&self, ends_on: Option<NaiveDate>) -> Option<NaiveDate> {
        ends_on.filter(|day| self.today.checked_add_days(Days::new(SOON_DAYS)).is_none_or(|far| *day <= far))
    }

    /// Whether an assistant can be made so. Errors: `Invalid`, by field.
    pub fn check(&self, settings: &Settings) -> Result<(), AppError> {
        let mut wrong = FieldErrors::default();
        match self.voice(&settings.voice) {
            None => wrong.add("voice", "assistant.voice_unknown"),
            Some(voice) if voice.language != settings.language => wrong.add("voice", "assistant.voice_language"),
            Some(voice) if self.is_gone(voice.ends_on) => wrong.add("voice", "assistant.voice_gone"),
            Some(_) => {}
        }
        match self.model(settings.model()) {
            None => wrong.add("model", "assistant.model_unknown"),
            Some(model) if self.is_gone(model.ends_on) => wrong.add("model", "assistant.model_gone"),
            Some(_) => {}
        }
        wrong.into_result()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().expect("a day")
    }

    fn catalogue(today: &str) -> Catalogue {
        let voice = |id: &str, language: &str, ends_on: Option<&str>| Voice {
            id: id.into(),
            provider: "azure".into(),
            name: id.into(),
            language: language.into(),
            price_class: PriceClass::Standard,
            ends_on: ends_on.map(day),
        };
        let model = |id: &str, ends_on: Option<&str>| Model {
            id: id.into(),
            provider: "openai".into(),
            name: id.into(),
            price_class: PriceClass::High,
            price_in: MicroUsd(2_000_000),
            price_out: MicroUsd(8_000_000),
            ends_on: ends_on.map(day),
        };
        Catalogue {
            voices: vec![voice("old", "fr", Some("2027-03-01")), voice("new", "fr", None), voice("ryan", "en", None)],
            models: vec![model(USUAL_MODEL, None), model("gone", Some("2026-01-01"))],
            today: day(today),
        }
    }

    fn refused(voice: &str, model: Option<&str>, today: &str) -> Vec<(String, String)> {
        let settings = Settings {
            name: "Léa".into(),
            language: "fr".into(),
            voice: voice.into(),
            model: model.map(str::to_owned),
            first_message: "Bonjour".into(),
            prompt: "Tu réponds.".into(),
            end_phrases: vec![],
            max_duration_s: 600,
            transfer_numbers: vec![],
            tools: None,
            recording: crate::assistants::model::Recording::On,
        };
        catalogue(today).check(&settings).err().map(|error| error.fields().0.into_iter().collect()).unwrap_or_default()
    }

    #[test]
    fn what_is_not_on_offer_is_refused_with_its_reason() {
        let one = |field: &str, code: &str| vec![(field.to_owned(), code.to_owned())];
        assert!(refused("old", None, "2027-02-28").is_empty(), "its last day");
        assert_eq!(refused("old", None, "2027-03-01"), one("voice", "assistant.voice_gone"));
        assert_eq!(refused("ryan", None, "2026-11-23"), one("voice", "assistant.voice_language"));
        assert_eq!(refused("nobody", None, "2026-11-23"), one("voice", "assistant.voice_unknown"));
        assert_eq!(refused("new", Some("gone"), "2026-11-23"), one("model", "assistant.model_gone"));
        assert_eq!(refused("new", Some("gpt-9"), "2026-11-23"), one("model", "assistant.model_unknown"));
    }

    #[test]
    fn an_end_is_spoken_of_in_time_and_what_has_ended_is_offered_to_nobody() {
        let catalogue = |today| catalogue(today);
        let ends = Some(day("2027-03-01"));
        assert_eq!(catalogue("2026-11-30").ends_soon(ends), None);
        assert_eq!(catalogue("2026-12-01").ends_soon(ends), ends);
        assert_eq!(catalogue("2027-03-02").ends_soon(ends), ends, "and after it");
        let first = |today| catalogue(today).first_voice("fr").map(|voice| voice.id.clone());
        assert_eq!((first("2027-02-28").as_deref(), first("2027-03-01").as_deref()), (Some("old"), Some("new")));
    }

    #[test]
    fn a_prompt_costs_what_its_tokens_cost() {
        assert_eq!(catalogue("2026-11-23").model(USUAL_MODEL).expect("a model").reads(1_500), MicroUsd(3_000));
    }
}

//! The texts an assistant starts from, one file per language and trade.

use crate::{
    answers::model::NewAnswer,
    assistants::model::{NewAssistant, Recording, Settings, Template},
    rehearsals::model::Script,
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Text {
    first_message: String,
    prompt: String,
    end_phrases: Vec<String>,
    max_duration_min: i32,
    /// When such a business is open, until it says otherwise.
    #[serde(default)]
    hours: String,
    #[serde(default)]
    answers: Vec<Entry>,
    rehearsals: Vec<Script>,
}

#[derive(Deserialize)]
struct Entry {
    question: String,
    variants: Vec<String>,
    answer: String,
}

/// All that a trade brings.
pub struct Trade {
    pub settings: Settings,
    pub answers: Vec<NewAnswer>,
    pub rehearsals: Vec<Script>,
}

/// A complete draft for this trade and business.
pub fn draft(new: &NewAssistant) -> serde_json::Result<Settings> {
    Ok(trade(new, None)?.settings)
}

/// All that this trade brings to this business, open at these hours.
pub fn trade(new: &NewAssistant, hours: Option<&str>) -> serde_json::Result<Trade> {
    let text: Text = serde_json::from_str(source(new.template, &new.language))?;
    // The provider reads `{{…}}` as its own variables: ours are filled here, and none may come with what somebody typed.
    let plain = |text: &str| text.replace(['{', '}'], "");
    let (business, hours) = (plain(&new.business), plain(hours.unwrap_or(&text.hours)));
    let hours = hours.trim_end_matches('.');
    let filled = |text: &str| {
        let stop = if text.ends_with("{{hours}}") { "." } else { "" };
        format!("{}{stop}", text.replace("{{business}}", &business).replace("{{hours}}", hours))
    };
    let settings = Settings {
        name: new.name.clone(),
        language: new.language.clone(),
        voice: String::new(), // of the catalogue, when it is made
        model: None,
        first_message: filled(&text.first_message),
        prompt: filled(&text.prompt),
        end_phrases: text.end_phrases,
        max_duration_s: text.max_duration_min * 60,
        transfer_numbers: vec![],
        tools: None,
        recording: Recording::On, // as the provider does unasked; the editor says what the law wants
    };
    let entry = |entry: Entry| NewAnswer {
        language: new.language.clone(),
        question: entry.question,
        variants: entry.variants,
        answer: filled(&entry.answer),
        valid_from: None,
        valid_until: None,
        assistant: None,
        is_active: true,
    };
    Ok(Trade { settings, answers: text.answers.into_iter().map(entry).collect(), rehearsals: text.rehearsals })
}

fn source(template: Template, language: &str) -> &'static str {
    match (language, template) {
        ("en", Template::Reception) => include_str!("../templates/en/reception.json"),
        ("en", Template::Appointments) => include_str!("../templates/en/appointments.json"),
        ("en", Template::OnCall) => include_str!("../templates/en/on_call.json"),
        ("en", Template::Information) => include_str!("../templates/en/information.json"),
        ("en", Template::Outbound) => include_str!("../templates/en/outbound.json"),
        ("en", Template::Dentist) => include_str!("../templates/en/dentist.json"),
        ("en", Template::Vet) => include_str!("../templates/en/vet.json"),
        ("en", Template::Garage) => include_str!("../templates/en/garage.json"),
        ("en", Template::EstateAgent) => include_str!("../templates/en/estate_agent.json"),
        ("en", Template::LawFirm) => include_str!("../templates/en/law_firm.json"),
        ("en", Template::Restaurant) => include_str!("../templates/en/restaurant.json"),
        ("en", Template::Plumber) => include_str!("../templates/en/plumber.json"),
        ("en", Template::ItSupport) => include_str!("../templates/en/it_support.json"),
        ("en", Template::Agency) => include_str!("../templates/en/agency.json"),
        ("en", Template::Blank) => include_str!("../templates/en/blank.json"),
        (_, Template::Reception) => include_str!("../templates/fr/reception.json"),
        (_, Template::Appointments) => include_str!("../templates/fr/appointments.json"),
        (_, Template::OnCall) => include_str!("../templates/fr/on_call.json"),
        (_, Template::Information) => include_str!("../templates/fr/information.json"),
        (_, Template::Outbound) => include_str!("../templates/fr/outbound.json"),
        (_, Template::Dentist) => include_str!("../templates/fr/dentist.json"),
        (_, Template::Vet) => include_str!("../templates/fr/vet.json"),
        (_, Template::Garage) => include_str!("../templates/fr/garage.json"),
        (_, Template::EstateAgent) => include_str!("../templates/fr/estate_agent.json"),
        (_, Template::LawFirm) => include_str!("../templates/fr/law_firm.json"),
        (_, Template::Restaurant) => include_str!("../templates/fr/restaurant.json"),
        (_, Template::Plumber) => include_str!("../templates/fr/plumber.json"),
        (_, Template::ItSupport) => include_str!("../templates/fr/it_support.json"),
        (_, Template::Agency) => include_str!("../templates/fr/agency.json"),
        (_, Template::Blank) => include_str!("../templates/fr/blank.json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        answers::model::AnswerForm,
        assistants::model::{AssistantForm, LANGUAGES, announces_itself},
        rehearsals::model::RehearsalForm,
    };

    #[test]
    fn every_template_is_a_form_we_would_accept_and_says_first_that_a_machine_speaks() {
        for language in LANGUAGES {
            for template in Template::ALL {
                let new = NewAssistant {
                    template: *template,
                    name: "Léa".into(),
                    language: (*language).into(),
                    business: "Garage {{du}} Port".into(),
                };
                let draft = draft(&new).expect("a file that can be read");
                let text = format!("{} {}", draft.first_message, draft.prompt);
                assert!(!text.contains("{{") && text.contains("Garage du Port"), "{language} {template}: {text}");
                let first_sentence = draft.first_message.split_inclusive(['.', '!', '?']).next().unwrap_or_default();
                assert!(announces_itself(first_sentence), "{language} {template}: {first_sentence}");
                let draft = Settings { voice: "fr-FR-DeniseNeural".into(), ..draft };
                let form = AssistantForm::of(&draft);
                assert_eq!(form.parse(), Ok(draft));
                let trade = trade(&new, Some("le matin {{toujours}}")).expect("a file that can be read");
                for answer in &trade.answers {
                    let form = AnswerForm {
                        language: (*language).into(),
                        question: answer.question.clone(),
                        answer: answer.answer.clone(),
                        ..AnswerForm::default()
                    };
                    assert!(form.parse().is_ok() && !answer.answer.contains("{{"), "{language} {template}: {}", answer.answer);
                }
                assert!((2..=3).contains(&trade.rehearsals.len()), "{language} {template}");
                for script in trade.rehearsals {
                    assert_eq!(RehearsalForm::of(&script).parse(), Ok(script), "{language} {template}");
                }
            }
        }
    }
}

//! The texts an assistant starts from, one file per language and trade.

use crate::assistants::model::{NewAssistant, Recording, Settings, Template, first_voice};
use serde::Deserialize;

#[derive(Deserialize)]
struct Text {
    first_message: String,
    prompt: String,
    end_phrases: Vec<String>,
    max_duration_min: i32,
}

/// A complete draft for this trade and business.
pub fn draft(new: &NewAssistant) -> serde_json::Result<Settings> {
    let text: Text = serde_json::from_str(source(new.template, &new.language))?;
    // The provider reads `{{…}}` as its own variables: ours are filled here, and none may come with the business' name.
    let business = new.business.replace(['{', '}'], "");
    let filled = |text: &str| text.replace("{{business}}", &business);
    Ok(Settings {
        name: new.name.clone(),
        language: new.language.clone(),
        voice: first_voice(&new.language).id.to_owned(),
        first_message: filled(&text.first_message),
        prompt: filled(&text.prompt),
        end_phrases: text.end_phrases,
        max_duration_s: text.max_duration_min * 60,
        transfer_numbers: vec![],
        tools: None,
        recording: Recording::On, // as the provider does unasked; the editor says what the law wants
    })
}

fn source(template: Template, language: &str) -> &'static str {
    match (language, template) {
        ("en", Template::Reception) => include_str!("../templates/en/reception.json"),
        ("en", Template::Appointments) => include_str!("../templates/en/appointments.json"),
        ("en", Template::OnCall) => include_str!("../templates/en/on_call.json"),
        ("en", Template::Information) => include_str!("../templates/en/information.json"),
        ("en", Template::Outbound) => include_str!("../templates/en/outbound.json"),
        (_, Template::Reception) => include_str!("../templates/fr/reception.json"),
        (_, Template::Appointments) => include_str!("../templates/fr/appointments.json"),
        (_, Template::OnCall) => include_str!("../templates/fr/on_call.json"),
        (_, Template::Information) => include_str!("../templates/fr/information.json"),
        (_, Template::Outbound) => include_str!("../templates/fr/outbound.json"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assistants::model::{AssistantForm, LANGUAGES, announces_itself};

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
                let form = AssistantForm::of(&draft);
                assert_eq!(form.parse(), Ok(draft));
            }
        }
    }
}

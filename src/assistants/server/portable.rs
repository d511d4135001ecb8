//! An assistant as a file: made here, read in another organisation or another Zencall. It holds no id and no secret.
//! Reading it names every problem by its field, since people edit such files.

use crate::{
    assistants::model::*,
    rehearsals::model::{RehearsalForm, Script},
    shared::error::{AppError, FieldErrors},
};
use serde_json::{Map, Value, json};

/// What the file says it is.
const FORMAT: &str = "zencall.assistant";
/// The version of the format that is written, and the newest that is read.
const VERSION: u64 = 1;
const FIELDS: [&str; 11] = [
    "tools",
    "model",
    "name",
    "language",
    "voice",
    "first_message",
    "prompt",
    "end_phrases",
    "max_duration_s",
    "transfer_numbers",
    "recording",
];

/// The most rehearsals an assistant has.
const MOST_REHEARSALS: usize = 40;

/// What a file holds.
#[derive(Debug, PartialEq)]
pub struct Portable {
    pub template: Template,
    pub settings: Settings,
    pub rehearsals: Vec<Script>,
}

/// The file.
pub fn write(template: Template, settings: &Settings, rehearsals: &[Script]) -> serde_json::Result<String> {
    let mut file = json!({ "format": FORMAT, "version": VERSION, "trade": template.name(), "settings": settings });
    if !rehearsals.is_empty() {
        file["rehearsals"] = serde_json::to_value(rehearsals)?;
    }
    Ok(serde_json::to_string_pretty(&file)? + "\n")
}

/// The assistant a file describes. Errors: `Invalid`, with a field's path, or the line and column where the file breaks off, and a reason each.
pub fn read(file: &str) -> Result<Portable, AppError> {
    if file.trim().is_empty() {
        return Err(AppError::invalid("file", "import.empty"));
    }
    let file: Value = serde_json::from_str(file.trim_start_matches('\u{feff}'))
        .map_err(|error| AppError::invalid(&format!("{}:{}", error.line(), error.column()), "import.not_json"))?;
    if file["format"] != FORMAT {
        return Err(AppError::invalid("format", "import.format"));
    }
    if file["version"] != VERSION {
        return Err(AppError::invalid("version", "import.version"));
    }
    let mut wrong = FieldErrors::default();
    let template = file["trade"].as_str().and_then(|trade| trade.parse().ok());
    if template.is_none() {
        wrong.add("trade", "import.trade");
    }
    for field in file.as_object().into_iter().flat_map(Map::keys) {
        if !["format", "version", "trade", "settings", "rehearsals"].contains(&field.as_str()) {
            wrong.add(field, "import.unknown");
        }
    }
    let settings = match file["settings"].as_object() {
        Some(fields) => settings(fields, &mut wrong),
        None => {
            wrong.add("settings", "import.missing");
            None
        }
    };
    let rehearsals = rehearsals(&file["rehearsals"], &mut wrong);
    match (template, settings) {
        (Some(template), Some(settings)) if wrong.is_empty() => Ok(Portable { template, settings, rehearsals }),
        _ => Err(wrong.into()),
    }
}

/// The settings alone, by the same rules. Errors: `Invalid`, by field.
pub fn check(fields: &Value) -> Result<Settings, AppError> {
    let mut wrong = FieldErrors::default();
    let read = fields.as_object().and_then(|fields| settings(fields, &mut wrong));
    match read {
        Some(settings) if wrong.is_empty() => Ok(settings),
        _ => {
            let bare = |(field, code): (String, String)| (field.trim_start_matches("settings.").to_owned(), code);
            Err(FieldErrors(wrong.0.into_iter().map(bare).collect()).into())
        }
    }
}

/// None in files of earlier days. Each is held to the rules of its form.
fn rehearsals(list: &Value, wrong: &mut FieldErrors) -> Vec<Script> {
    let items = match list {
        Value::Null => return vec![],
        Value::Array(items) if items.len() <= MOST_REHEARSALS => items,
        _ => {
            wrong.add("rehearsals", "import.not_rehearsals");
            return vec![];
        }
    };
    let mut scripts = Vec::new();
    for (at, item) in items.iter().enumerate() {
        let Ok(script) = serde_json::from_value::<Script>(item.clone()) else {
            wrong.add(&format!("rehearsals[{at}]"), "import.not_rehearsal");
            continue;
        };
        match RehearsalForm::of(&script).parse() {
            Ok(script) => scripts.push(script),
            Err(error) => error.fields().0.iter().for_each(|(field, code)| wrong.add(&format!("rehearsals[{at}].{field}"), code)),
        }
    }
    scripts
}

/// Types first, then the rules of the form: both name each field they do not like.
fn settings(fields: &Map<String, Value>, wrong: &mut FieldErrors) -> Option<Settings> {
    for field in fields.keys().filter(|field| !FIELDS.contains(&field.as_str())) {
        wrong.add(&path(field), "import.unknown");
    }
    let mut form = AssistantForm {
        name: text(fields, "name", wrong),
        language: text(fields, "language", wrong),
        voice: text(fields, "voice", wrong),
        first_message: text(fields, "first_message", wrong),
        prompt: text(fields, "prompt", wrong),
        ..AssistantForm::default()
    };
    // A file of before there was a choice says nothing of it.
    if fields.contains_key("recording") {
        form.recording = text(fields, "recording", wrong);
    }
    if fields.contains_key("model") {
        form.model = text(fields, "model", wrong);
    }
    form.end_phrases = phrases(fields, wrong).join("\n");
    let max_duration_s = seconds(fields, wrong);
    form.max_duration_min = (max_duration_s / 60).max(1).to_string();
    form.transfer_numbers = transfers(fields, wrong).join("\n");
    form.tools = tools(fields, wrong);
    match form.parse() {
        Ok(settings) => Some(Settings { max_duration_s, ..settings }),
        Err(error) => {
            for (field, code) in error.fields().0 {
                let field = if field == "max_duration_min" { "max_duration_s" } else { &field };
                wrong.add(&path(field), &code);
            }
            None
        }
    }
}

fn path(field: &str) -> String {
    format!("settings.{field}")
}

fn present<'a>(fields: &'a Map<String, Value>, field: &str, wrong: &mut FieldErrors) -> Option<&'a Value> {
    let found = fields.get(field);
    if found.is_none() {
        wrong.add(&path(field), "import.missing");
    }
    found
}

fn text(fields: &Map<String, Value>, field: &str, wrong: &mut FieldErrors) -> String {
    match present(fields, field, wrong) {
        Some(Value::String(text)) => text.clone(),
        Some(_) => {
            wrong.add(&path(field), "import.not_text");
            String::new()
        }
        None => String::new(),
    }
}

fn phrases(fields: &Map<String, Value>, wrong: &mut FieldErrors) -> Vec<String> {
    let Some(value) = present(fields, "end_phrases", wrong) else { return vec![] };
    let phrases = value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
    let whole = phrases.filter(|phrases| phrases.iter().all(|phrase| !phrase.contains(['\n', '\r'])));
    whole.unwrap_or_else(|| {
        wrong.add(&path("end_phrases"), "import.not_phrases");
        vec![]
    })
}

fn seconds(fields: &Map<String, Value>, wrong: &mut FieldErrors) -> i32 {
    let Some(value) = present(fields, "max_duration_s", wrong) else { return 60 };
    let seconds = value.as_i64().filter(|seconds| (60..=43_200).contains(seconds)).and_then(|seconds| i32::try_from(seconds).ok());
    seconds.unwrap_or_else(|| {
        wrong.add(&path("max_duration_s"), "import.seconds");
        60
    })
}

/// As the form has them. Files of before there was a choice name none.
fn tools(fields: &Map<String, Value>, wrong: &mut FieldErrors) -> Vec<String> {
    let Some(value) = fields.get("tools") else { return vec![] };
    let names = value.as_array().and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>());
    let Some(names) = names else {
        wrong.add(&path("tools"), "import.not_phrases");
        return vec![];
    };
    std::iter::once(String::new()).chain(names).collect()
}

/// As the form has them, a line each.
fn transfers(fields: &Map<String, Value>, wrong: &mut FieldErrors) -> Vec<String> {
    let Some(value) = present(fields, "transfer_numbers", wrong) else { return vec![] };
    let Some(items) = value.as_array() else {
        wrong.add(&path("transfer_numbers"), "import.not_numbers");
        return vec![];
    };
    let mut lines = Vec::new();
    for (at, item) in items.iter().enumerate() {
        match (item["label"].as_str(), item["number"].as_str()) {
            (Some(label), Some(number)) if !label.contains(['\n', '\r']) => {
                if number.parse::<crate::shared::phone::PhoneNumber>().is_err() {
                    wrong.add(&format!("settings.transfer_numbers[{at}].number"), "phone.not_e164");
                }
                lines.push(format!("{label}: {number}"));
            }
            _ => wrong.add(&format!("settings.transfer_numbers[{at}]"), "import.not_numbers"),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            name: "Léa, accueil".into(),
            language: "fr".into(),
            voice: "fr-FR-DeniseNeural".into(),
            model: None,
            first_message: "Bonjour, assistante virtuelle.".into(),
            prompt: "Tu réponds.\nTu transfères.".into(),
            end_phrases: vec!["Au revoir".into(), "Bonne journée".into()],
            max_duration_s: 630,
            transfer_numbers: vec![
                TransferEntry { label: "Garde : nuit".into(), number: "+33639981247".parse().expect("a number") },
                TransferEntry { label: String::new(), number: "+33199002410".parse().expect("a number") },
            ],
            tools: Some(vec!["take_message".into(), "transfer_to".into()]),
            recording: Recording::Off,
        }
    }

    fn scripts() -> Vec<Script> {
        vec![Script { name: "Accueil".into(), turns: vec!["Bonjour".into()], must_say: vec!["virtuelle".into()], ..Script::default() }]
    }

    fn whole() -> Portable {
        Portable { template: Template::OnCall, settings: settings(), rehearsals: scripts() }
    }

    fn problems(change: impl FnOnce(&mut Value)) -> Vec<(String, String)> {
        let mut file: Value = serde_json::from_str(&write(Template::OnCall, &settings(), &scripts()).expect("a file")).expect("JSON");
        change(&mut file);
        read(&file.to_string()).expect_err("problems").fields().0.into_iter().collect()
    }

    fn one(field: &str, code: &str) -> Vec<(String, String)> {
        vec![(field.to_owned(), code.to_owned())]
    }

    #[test]
    fn what_was_written_is_read_again_whole() {
        let file = write(Template::OnCall, &settings(), &scripts()).expect("a file");
        assert_eq!(read(&file), Ok(whole()));
        assert_eq!(read(&format!("\u{feff}{file}")), Ok(whole()), "as an editor of Windows saves it");
    }

    #[test]
    fn rehearsals_are_held_to_the_rules_of_their_form() {
        assert_eq!(problems(|file| file["rehearsals"] = json!({})), one("rehearsals", "import.not_rehearsals"));
        assert_eq!(problems(|file| file["rehearsals"][0]["mood"] = json!("good")), one("rehearsals[0]", "import.not_rehearsal"));
        assert_eq!(problems(|file| file["rehearsals"][0]["turns"] = json!([])), one("rehearsals[0].turns", "rehearsal.turns"));
        let mut plain: Value = serde_json::from_str(&write(Template::OnCall, &settings(), &[]).expect("a file")).expect("JSON");
        assert_eq!(plain.as_object_mut().expect("fields").remove("rehearsals"), None, "a file of earlier days is as it was");
        assert_eq!(read(&plain.to_string()).map(|file| file.rehearsals), Ok(vec![]));
    }

    #[test]
    fn a_file_that_breaks_off_says_where() {
        let file = write(Template::OnCall, &settings(), &scripts()).expect("a file");
        let fields = read(&file[..file.len() / 2]).expect_err("damaged").fields().0;
        let (place, code) = fields.into_iter().next().expect("a problem");
        assert_eq!(code, "import.not_json");
        let line: usize = place.split(':').next().and_then(|line| line.parse().ok()).expect("a line");
        assert!(line > 3, "{place}");
        assert_eq!(read(" \n").expect_err("empty").fields().get("file"), Some("import.empty"));
    }

    #[test]
    fn another_file_is_told_from_an_assistant() {
        assert_eq!(problems(|file| file["format"] = json!("something")), one("format", "import.format"));
        assert_eq!(problems(|file| file["version"] = json!(2)), one("version", "import.version"));
        assert_eq!(read("[]").expect_err("no object").fields().get("format"), Some("import.format"));
    }

    #[test]
    fn every_problem_is_named_by_its_field_at_once() {
        let found = problems(|file| {
            file["settings"]["voice"] = json!("Ryan l'Anglais");
            file["settings"]["prompt"] = json!(12);
            file["settings"]["promt"] = json!("Tu réponds.");
            file["settings"]["max_duration_s"] = json!(5);
            file["settings"]["transfer_numbers"][1]["number"] = json!("06 12");
            file["settings"].as_object_mut().expect("fields").remove("name");
            file["trade"] = json!("astronaut");
        });
        let found: Vec<(&str, &str)> = found.iter().map(|(field, code)| (field.as_str(), code.as_str())).collect();
        let expected = [
            ("settings.max_duration_s", "import.seconds"),
            ("settings.name", "import.missing"),
            ("settings.prompt", "import.not_text"),
            ("settings.promt", "import.unknown"),
            ("settings.transfer_numbers", "phone.not_e164"),
            ("settings.transfer_numbers[1].number", "phone.not_e164"),
            ("settings.voice", "assistant.voice_unknown"),
            ("trade", "import.trade"),
        ];
        assert_eq!(found, expected);
    }
}

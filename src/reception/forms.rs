//! What the pages of reception send, as typed, and how it is read.

use super::{
    directory::{Duty, Person},
    hours::{SpecialDay, Week, read_spans, write_spans},
    model::{KnownCaller, LANGUAGES},
    rules::{CallerIs, OpeningIs, Rule, Then, Way, When},
};
use crate::shared::{
    error::{AppError, FieldErrors},
    ids::PersonId,
    phone::PhoneNumber,
};
use serde::{Deserialize, Serialize};

/// What the hours' form sends: a text for each day, Monday first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WeekForm {
    pub week: Vec<String>,
}

impl WeekForm {
    /// The form that says this.
    pub fn of(week: &Week) -> Self {
        Self { week: week.0.iter().map(|spans| write_spans(spans)).collect() }
    }

    /// Reads the form; each wrong day is named by its place.
    pub fn parse(&self) -> Result<Week, FieldErrors> {
        let (mut week, mut wrong) = (Week::default(), FieldErrors::default());
        for (at, text) in self.week.iter().take(7).enumerate() {
            match read_spans(text) {
                Some(spans) => week.0[at] = spans,
                None => wrong.add(&format!("form[week][{at}]"), "reception.hours"),
            }
        }
        if wrong.is_empty() { Ok(week) } else { Err(wrong) }
    }
}

/// What the form of a special day sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DayForm {
    pub day: String,
    pub label: String,
    /// Empty: closed.
    pub hours: String,
}

impl DayForm {
    /// Reads the form.
    pub fn parse(&self) -> Result<SpecialDay, AppError> {
        let mut wrong = FieldErrors::default();
        let (day, spans) = (self.day.trim().parse().ok(), read_spans(&self.hours));
        if day.is_none() {
            wrong.add("day", "reception.day");
        }
        if spans.is_none() {
            wrong.add("hours", "reception.hours");
        }
        match (day, spans) {
            (Some(day), Some(spans)) => Ok(SpecialDay { day, label: cut(&self.label, 60), spans }),
            _ => Err(wrong.into()),
        }
    }
}

/// What the form of a rule sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RuleForm {
    pub number: String,
    pub opening: String,
    pub caller: String,
    pub language: String,
    pub prefix: String,
    pub calls_from: String,
    pub way: String,
    pub assistant: String,
    pub person: String,
    pub to_number: String,
    pub words: String,
    pub words_language: String,
}

impl RuleForm {
    /// The form that says this.
    pub fn of(rule: &Rule) -> Self {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let (when, then) = (&rule.when, &rule.then);
        Self {
            number: text(&when.number),
            opening: when.opening.map(|is| is.to_string()).unwrap_or_default(),
            caller: when.caller.map(|is| is.to_string()).unwrap_or_default(),
            language: text(&when.language),
            prefix: text(&when.prefix),
            calls_from: when.calls_from.map(|least| least.to_string()).unwrap_or_default(),
            way: then.way.to_string(),
            assistant: then.assistant.map(|id| id.to_string()).unwrap_or_default(),
            person: then.person.map(|id| id.to_string()).unwrap_or_default(),
            to_number: then.number.as_ref().map(|number| number.to_string()).unwrap_or_default(),
            words: then.words.clone(),
            words_language: then.language.clone(),
        }
    }

    /// Reads the form.
    pub fn parse(&self) -> Result<(When, Then), AppError> {
        let mut wrong = FieldErrors::default();
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let number = given(&self.number);
        if number.as_ref().is_some_and(|number| number.parse::<PhoneNumber>().is_err()) {
            wrong.add("number", "phone.not_e164");
        }
        let prefix = given(&self.prefix.replace(' ', ""));
        let is_prefix = |text: &String| {
            text.len() <= 12 && text.strip_prefix('+').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
        };
        if prefix.as_ref().is_some_and(|prefix| !is_prefix(prefix)) {
            wrong.add("prefix", "reception.prefix");
        }
        let calls_from = given(&self.calls_from).map(|text| text.parse::<i64>().ok().filter(|least| (1..=10_000).contains(least)));
        if calls_from == Some(None) {
            wrong.add("calls_from", "reception.calls_from");
        }
        let when = When {
            number,
            opening: known::<OpeningIs>(&self.opening, "opening", &mut wrong),
            caller: known::<CallerIs>(&self.caller, "caller", &mut wrong),
            language: language(&self.language, "language", &mut wrong),
            prefix,
            calls_from: calls_from.flatten(),
        };
        let then = self.then(&mut wrong);
        match then {
            Some(then) if wrong.is_empty() => Ok((when, then)),
            _ => Err(wrong.into()),
        }
    }

    fn then(&self, wrong: &mut FieldErrors) -> Option<Then> {
        let Ok(way) = self.way.parse::<Way>() else {
            wrong.add("way", "reception.choose");
            return None;
        };
        let mut then = Then { way, assistant: None, person: None, number: None, words: String::new(), language: String::new() };
        let missing = match way {
            Way::Assistant => {
                then.assistant = self.assistant.trim().parse().ok();
                then.assistant.is_none().then_some(("assistant", "reception.choose"))
            }
            Way::Person => {
                then.person = self.person.trim().parse().ok();
                then.person.is_none().then_some(("person", "reception.choose"))
            }
            Way::Number => {
                then.number = self.to_number.trim().parse().ok();
                then.number.is_none().then_some(("to_number", "phone.not_e164"))
            }
            Way::Refuse => {
                then.words = cut(&self.words, 500);
                then.language = language(&self.words_language, "words_language", wrong).unwrap_or_else(|| "fr".into());
                then.words.is_empty().then_some(("words", "reception.words"))
            }
        };
        if let Some((field, code)) = missing {
            wrong.add(field, code);
        }
        Some(then)
    }
}

/// What the form of somebody in the directory sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PersonForm {
    pub name: String,
    pub number: String,
    /// Comma-separated.
    pub languages: String,
    /// Comma-separated.
    pub skills: String,
    pub duty: String,
    pub week: Vec<String>,
    pub urgent_only: Option<String>,
    pub priority: String,
}

impl PersonForm {
    /// The form that says this.
    pub fn of(person: &Person) -> Self {
        Self {
            name: person.name.clone(),
            number: person.number.to_string(),
            languages: person.languages.join(","),
            skills: person.skills.join(", "),
            duty: person.duty.to_string(),
            week: WeekForm::of(&person.week).week,
            urgent_only: person.urgent_only.then(|| "on".into()),
            priority: person.priority.to_string(),
        }
    }

    /// Reads the form.
    pub fn parse(&self, id: PersonId) -> Result<Person, AppError> {
        let mut wrong = FieldErrors::default();
        let name = cut(&self.name, 80);
        if name.chars().count() < 2 {
            wrong.add("name", "reception.name");
        }
        let number = self.number.parse::<PhoneNumber>();
        if number.is_err() {
            wrong.add("number", "phone.not_e164");
        }
        let duty = known::<Duty>(&self.duty, "duty", &mut wrong).unwrap_or(Duty::Opening);
        let week = if duty == Duty::Own { WeekForm { week: self.week.clone() }.parse() } else { Ok(Week::default()) };
        let week = week.unwrap_or_else(|found| {
            found.0.into_iter().for_each(|(field, code)| wrong.add(&field, &code));
            Week::default()
        });
        if duty == Duty::Own && wrong.is_empty() && week.is_unset() {
            wrong.add("duty", "reception.own_hours");
        }
        let priority = self.priority.trim().parse().ok().filter(|priority| (1..=99).contains(priority));
        if priority.is_none() {
            wrong.add("priority", "reception.priority");
        }
        let languages = list(&self.languages);
        if languages.iter().any(|tag| !LANGUAGES.contains(&tag.as_str())) {
            wrong.add("languages", "reception.choose");
        }
        match (number, priority) {
            (Ok(number), Some(priority)) if wrong.is_empty() => Ok(Person {
                id,
                name,
                number,
                languages,
                skills: list(&self.skills).into_iter().take(12).map(|skill| cut(&skill, 40)).collect(),
                duty,
                week,
                urgent_only: self.urgent_only.is_some(),
                priority,
            }),
            _ => Err(wrong.into()),
        }
    }
}

/// What the form of a known caller sends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallerForm {
    pub number: String,
    pub name: String,
    pub language: String,
    pub is_vip: Option<String>,
    pub is_blocked: Option<String>,
}

impl CallerForm {
    /// The form that says this.
    pub fn of(caller: &KnownCaller) -> Self {
        let on = |is: bool| is.then(|| "on".to_owned());
        Self {
            number: caller.number.to_string(),
            name: caller.name.clone(),
            language: caller.language.clone().unwrap_or_default(),
            is_vip: on(caller.is_vip),
            is_blocked: on(caller.is_blocked),
        }
    }

    /// Reads the form.
    pub fn parse(&self) -> Result<KnownCaller, AppError> {
        let mut wrong = FieldErrors::default();
        let number = self.number.parse::<PhoneNumber>();
        if number.is_err() {
            wrong.add("number", "phone.not_e164");
        }
        let language = language(&self.language, "language", &mut wrong);
        match number {
            Ok(number) if wrong.is_empty() => {
                let (is_vip, is_blocked) = (self.is_vip.is_some(), self.is_blocked.is_some());
                Ok(KnownCaller { number, name: cut(&self.name, 80), language, is_vip, is_blocked })
            }
            _ => Err(wrong.into()),
        }
    }
}

/// What the test box asks, as typed. Everything may be left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct TryForm {
    /// The number called.
    pub number: String,
    pub caller: String,
    /// A local moment; empty: now.
    pub at: String,
    /// Calls in progress; empty: as many as there are.
    pub calls: String,
}

fn cut(text: &str, longest: usize) -> String {
    text.trim().chars().take(longest).collect()
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn known<T: std::str::FromStr>(text: &str, field: &str, wrong: &mut FieldErrors) -> Option<T> {
    let text = text.trim();
    let found = text.parse().ok();
    if found.is_none() && !text.is_empty() {
        wrong.add(field, "reception.choose");
    }
    found
}

fn language(text: &str, field: &str, wrong: &mut FieldErrors) -> Option<String> {
    let text = text.trim();
    if !text.is_empty() && !LANGUAGES.contains(&text) {
        wrong.add(field, "reception.choose");
    }
    Some(text.to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(error: AppError) -> Vec<(String, String)> {
        error.fields().0.into_iter().collect()
    }

    #[test]
    fn a_rule_wants_a_way_that_leads_somewhere() {
        let refuse = RuleForm {
            way: "refuse".into(),
            words: " Fermé. ".into(),
            opening: "closed".into(),
            prefix: "+33 6".into(),
            ..RuleForm::default()
        };
        let (when, then) = refuse.parse().expect("a rule");
        assert_eq!(
            (when.opening, when.prefix.as_deref(), then.words.as_str(), then.language.as_str()),
            (Some(OpeningIs::Closed), Some("+336"), "Fermé.", "fr")
        );
        let rule = Rule { id: crate::shared::ids::RuleId(uuid::Uuid::nil()), is_on: true, when: when.clone(), then: then.clone() };
        assert_eq!(RuleForm::of(&rule).parse(), Ok((when, then)), "what is shown is what was meant");
        let one = |field: &str, code: &str| vec![(field.to_owned(), code.to_owned())];
        assert_eq!(codes(RuleForm::default().parse().expect_err("no way")), one("way", "reception.choose"));
        assert_eq!(
            codes(RuleForm { way: "person".into(), ..RuleForm::default() }.parse().expect_err("nobody")),
            one("person", "reception.choose")
        );
        assert_eq!(
            codes(RuleForm { way: "number".into(), to_number: "06".into(), ..RuleForm::default() }.parse().expect_err("no number")),
            one("to_number", "phone.not_e164")
        );
        assert_eq!(
            codes(RuleForm { words: String::new(), ..refuse.clone() }.parse().expect_err("silent")),
            one("words", "reception.words")
        );
        assert_eq!(codes(RuleForm { calls_from: "0".into(), prefix: "33".into(), ..refuse }.parse().expect_err("both")).len(), 2);
    }

    #[test]
    fn somebody_of_the_directory_is_read_whole_or_every_problem_is_named() {
        let form = PersonForm {
            name: "Nadia".into(),
            number: "+33 1 99 00 24 10".into(),
            languages: "fr,en".into(),
            skills: "factures, devis,".into(),
            duty: "own".into(),
            week: vec!["9-12".into()],
            urgent_only: None,
            priority: "1".into(),
        };
        let id = PersonId(uuid::Uuid::nil());
        let person = form.parse(id).expect("somebody");
        assert_eq!((person.skills.len(), person.languages.len(), person.week.0[0].len()), (2, 2, 1));
        assert_eq!(PersonForm::of(&person).parse(id), Ok(person));
        let bad = PersonForm { name: "N".into(), number: "12".into(), priority: "0".into(), week: vec!["9".into()], ..form.clone() };
        let fields: Vec<String> = codes(bad.parse(id).expect_err("wrong")).into_iter().map(|(field, _)| field).collect();
        assert_eq!(fields, ["form[week][0]", "name", "number", "priority"]);
        assert_eq!(
            codes(PersonForm { week: vec![], ..form }.parse(id).expect_err("no hours")),
            [("duty".to_owned(), "reception.own_hours".to_owned())]
        );
    }
}
